//! Workspaces for tests, with plugins that are made up here.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use purlin_definitions::{
    Catalogue, FeatureHead, ImporterFeature, LeafFeature, Setup, SourceFiles, TransformFeature,
    Workspace, parse_path,
};
use purlin_model::{Diagnostic, Origin, Source, parse_toml};
use purlin_plugin::Schema;
use purlin_plugin::contract::{Host, QuietHost};
use purlin_plugin::language::{LeafType, Namespace};
use purlin_plugin::message::PluginError;
use purlin_plugin::transform::{
    Compose, Fragment, Importer, Name, Payload, Transform, TransformContext,
};
use serde_json::{Value as Json, json};
use tempfile::TempDir;

use crate::tiny::{Tiny, shown};

pub(crate) struct World {
    pub(crate) folder: TempDir,
    pub(crate) language: Arc<Tiny>,
    pub(crate) workspace: Workspace,
}

/// A workspace with these files, the plugins of this file, and one system.
pub(crate) fn world(files: &[(&str, &str)]) -> World {
    world_with(files, |_| {}, None)
}

pub(crate) fn world_with(
    files: &[(&str, &str)],
    change: impl FnOnce(&mut Catalogue),
    base: Option<Arc<dyn Namespace>>,
) -> World {
    let folder = tempfile::tempdir().unwrap();
    let has_document = files.iter().any(|(path, _)| *path == "purlin.toml");
    let head = "[workspace]\nsystems = [\"x86_64-linux\"]\n";
    let uses = "[[use]]\nname = \"folder\"\ntype = \"pkg\"\ndir = \"pkgs\"\n";
    if !has_document {
        write(folder.path(), "purlin.toml", &format!("{head}{uses}"));
    }
    for (path, text) in files {
        write(folder.path(), path, text);
    }
    let mut catalogue = catalogue();
    change(&mut catalogue);
    open(folder, catalogue, base)
}

pub(crate) fn write(root: &Path, path: &str, text: &str) {
    let path = root.join(path);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

pub(crate) fn open(
    folder: TempDir,
    catalogue: Catalogue,
    base: Option<Arc<dyn Namespace>>,
) -> World {
    let text = fs::read_to_string(folder.path().join("purlin.toml")).unwrap();
    let (document, mistakes) = parse_toml(&Source::new("purlin.toml", text));
    assert_eq!(mistakes, []);
    let language = Arc::new(Tiny::default());
    let workspace = Workspace::open(Setup {
        root: folder.path().to_owned(),
        shown: "".into(),
        document,
        systems: None,
        catalogue,
        language: language.clone(),
        files: SourceFiles::new(),
        base,
        revision: None,
        inputs: None,
        fetch: None,
    });
    World { folder, language, workspace }
}

impl World {
    /// The value at an output path, as a text; an error's summary in brackets.
    pub(crate) fn value(&self, path: &str) -> String {
        match self.workspace.value(&parse_path(path).unwrap()) {
            Ok(value) => shown(&value),
            Err(diagnostic) => format!("[{}]", diagnostic.summary),
        }
    }

    pub(crate) fn error(&self, path: &str) -> Diagnostic {
        self.workspace.value(&parse_path(path).unwrap()).expect_err("it fails")
    }

    pub(crate) fn show(&self, path: &str) -> Json {
        serde_json::to_value(self.workspace.show(&parse_path(path).unwrap()).unwrap()).unwrap()
    }

    pub(crate) fn codes(&self) -> Vec<String> {
        let mut codes: Vec<String> =
            self.workspace.check().into_iter().map(|one| one.code).collect();
        codes.sort_unstable();
        codes
    }
}

/// A diagnostic as tests compare it: what, where, why and what to do.
pub(crate) fn told(diagnostic: &Diagnostic) -> String {
    let mut text = format!("{}: {}\n", diagnostic.severity.as_str(), diagnostic.summary);
    for label in &diagnostic.labels {
        text.push_str(&format!("  {} {}\n", label.origin, label.text));
    }
    for line in [&diagnostic.detail, &diagnostic.help] {
        if !line.is_empty() {
            text.push_str(&format!("  = {line}\n"));
        }
    }
    text
}

pub(crate) fn head(name: &str) -> FeatureHead {
    let origin = Origin::whole(&Source::of_plugin("made-up", "plugin.toml", None));
    FeatureHead { name: name.to_owned(), plugin: "made-up".to_owned(), origin }
}

fn names(all: &[&str]) -> Vec<String> {
    all.iter().map(|one| (*one).to_owned()).collect()
}

pub(crate) fn transform(
    name: &str,
    reads: &[&str],
    extends: &[&str],
    outputs: &[&str],
    code: impl Fn() -> Arc<dyn Transform> + Send + Sync + 'static,
) -> TransformFeature {
    TransformFeature {
        head: head(name),
        reads: names(reads),
        extends: names(extends),
        outputs: names(outputs),
        section: None,
        is_shared: name == "lib",
        schema: Box::new(|| Ok(Arc::new(None))),
        load: Box::new(move || Ok(code())),
    }
}

fn schema(json: &Json) -> Arc<Schema> {
    Arc::new(Schema::parse(&Source::new("schema.json", json.to_string())).unwrap())
}

/// Sections `pkg` (of things), `app`, `lib` and `foo`, outputs `pkg` (flat), `tree` (nested), `app`,
/// `lib` and `foo`, and the importer `folder`.
pub(crate) fn catalogue() -> Catalogue {
    let mut catalogue = Catalogue::empty(Arc::new(QuietHost));
    catalogue.sections = names(&["pkg", "app", "lib", "foo"]);
    catalogue.leaves.push(LeafFeature::new(
        head("thing"),
        "mk_thing".to_owned(),
        names(&["pkg"]),
        names(&["version"]),
        Some("build".to_owned()),
        Box::new(|| {
            Ok(Arc::new(LeafType {
                name: "thing".to_owned(),
                plugin: "made-up".to_owned(),
                constructor: "mk_thing".to_owned(),
                has_name: false,
                schema: schema(&json!({
                    "type": "object",
                    "required": ["version"],
                    "properties": {
                        "name": {"type": "string"},
                        "version": {"type": "string"},
                        "needs": {"type": "array", "items": {"type": "string"}, "default": []},
                    },
                })),
                role: Some("build".to_owned()),
            }))
        }),
    ));
    let flat =
        || Arc::new(Sections { section: "pkg", root: "pkg", is_flat: true, is_for_systems: true });
    let tree = || {
        Arc::new(Sections { section: "pkg", root: "tree", is_flat: false, is_for_systems: true })
    };
    let app =
        || Arc::new(Sections { section: "app", root: "app", is_flat: true, is_for_systems: true });
    let lib = || {
        Arc::new(Sections { section: "lib", root: "lib", is_flat: false, is_for_systems: false })
    };
    let data = || {
        Arc::new(Sections { section: "foo", root: "foo", is_flat: false, is_for_systems: false })
    };
    catalogue.transforms = vec![
        transform("pkg", &["pkg"], &[], &["pkg"], move || flat() as _),
        transform("tree", &["pkg"], &[], &["tree"], move || tree() as _),
        transform("app", &["app"], &[], &["app"], move || app() as _),
        transform("lib", &["lib"], &[], &["lib"], move || lib() as _),
        transform("foo", &["foo"], &[], &["foo"], move || data() as _),
    ];
    catalogue.importers.push(ImporterFeature {
        head: head("folder"),
        inputs: Vec::new(),
        into: "{options.type}".to_owned(),
        schema: Box::new(|| {
            Ok(Arc::new(Some(schema(&json!({
                "type": "object",
                "required": ["type"],
                "properties": {
                    "type": {"type": "string"},
                    "dir": {"type": "string"},
                    "path": {"type": "array", "items": {"type": "string"}},
                    "inject": {"type": "object", "additionalProperties": true, "default": {}},
                },
            })))))
        }),
        load: Box::new(|| Ok(Arc::new(Folder))),
    });
    catalogue
}

/// Definitions of a section as outputs, with those of projects under their names.
struct Sections {
    section: &'static str,
    root: &'static str,
    is_flat: bool,
    is_for_systems: bool,
}

impl Transform for Sections {
    fn outputs(
        &self,
        context: &dyn TransformContext,
        _options: &Json,
        _host: &dyn Host,
    ) -> Result<Vec<Fragment>, PluginError> {
        let systems = (!self.is_for_systems).then(Vec::new);
        let how = Compose { systems, ..Compose::default() };
        let found = context.compose(self.section, &how)?;
        let fragments = found.placed().map(|(system, names, entry)| {
            let mut path: Vec<Name> = vec![self.root.into()];
            path.extend(system);
            let mut names = names.to_vec();
            if self.is_flat {
                if names.len() > 1 && names.last().is_some_and(|name| **name == *"default") {
                    names.pop();
                }
                path.push(names.join("/").into());
            } else {
                path.extend(names);
            }
            Fragment::new(path, Payload::Lazy(entry.value))
        });
        Ok(fragments.collect())
    }
}

/// A folder of files as definitions of a section.
struct Folder;

impl Importer for Folder {
    fn load(
        &self,
        options: &Json,
        _sources: &[String],
        _host: &dyn Host,
    ) -> Result<Vec<Fragment>, PluginError> {
        let text = |key: &str| options[key].as_str().map(str::to_owned);
        let section = text("type").unwrap_or_default();
        let dir = text("dir");
        let path = match options["path"].as_array() {
            Some(path) => path.iter().map(|name| Name::from(name.as_str().unwrap())).collect(),
            None => vec![section.as_str().into()],
        };
        let named = dir.is_some();
        let payload = Payload::Folder { path: dir.unwrap_or(section), named };
        let mut fragment = Fragment::new(path, payload);
        fragment.inject = options["inject"].as_object().unwrap().clone();
        Ok(vec![fragment])
    }
}
