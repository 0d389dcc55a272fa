//! The core tables that are about definitions, and the sections beside them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;

use purlin_model::{
    Diagnostic, Entry, Kind, Origin, Severity, Source, Table, Value, suggestion, to_kebab,
};
use purlin_plugin::Schema;
use serde_json::{Map, Value as Json};

use crate::catalogue::{Catalogue, ImporterFeature, TransformFeature};
use crate::{Name, parse_path};

/// The core tables of other readers.
const OTHERS: [&str; 11] = [
    "workspace",
    "plugins",
    "ctx",
    "base",
    "defaults",
    "spaces",
    "caches",
    "commands",
    "repositories",
    "providers",
    "deployments",
];

/// The core tables that are read here.
const TABLES: [&str; 8] =
    ["use", "projects", "inputs", "build", "fetch", "passthru", "choose", "include"];

/// What a workspace's file says about definitions.
#[derive(Debug, Default)]
pub(crate) struct Document {
    pub(crate) name: Option<String>,
    pub(crate) systems: Option<Vec<Name>>,
    pub(crate) uses: Vec<Use>,
    pub(crate) projects: Vec<ProjectEntry>,
    pub(crate) inputs: Option<Value>,
    pub(crate) passthru: Option<Value>,
    pub(crate) choices: Vec<Choice>,
    pub(crate) sections: Vec<(Name, Origin, Value)>,
}

/// One `[[use]]`.
#[derive(Debug)]
pub(crate) struct Use {
    pub(crate) what: Used,
    /// Validated, with their defaults.
    pub(crate) options: Json,
    /// The same as they are written.
    pub(crate) written: Value,
    pub(crate) origin: Origin,
    /// The sections that it extends.
    pub(crate) extends: BTreeSet<Name>,
    /// The sections that it reads.
    pub(crate) reads: BTreeSet<Name>,
}

impl Use {
    /// Where arguments that a plugin makes of the options are written: below an option, under the same
    /// name and with the same value.
    pub(crate) fn places_of(&self, arguments: &Map<String, Json>) -> BTreeMap<String, Origin> {
        let options = self.written.as_table().into_iter().flat_map(Table::iter);
        let below = options.filter_map(|(_, entry)| entry.value.as_table()).flat_map(Table::iter);
        let given = below.filter(|(name, entry)| {
            arguments.get(*name).is_some_and(|argument| *argument == entry.value.to_json())
        });
        given.map(|(name, entry)| (name.to_owned(), entry.key.clone())).collect()
    }
}

/// What a `[[use]]` names, by its position in the catalogue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Used {
    Transform(usize),
    Importer(usize),
}

/// One entry of `[projects]`.
#[derive(Debug)]
pub(crate) struct ProjectEntry {
    pub(crate) name: Name,
    pub(crate) place: Place,
    pub(crate) export: bool,
    pub(crate) adopt: bool,
    pub(crate) accept_override: Vec<(String, Origin)>,
}

/// Where a project is.
#[derive(Debug)]
pub(crate) enum Place {
    /// A folder.
    Path(String, Origin),
    /// A repository, and its branch, tag or commit.
    Git { url: String, origin: Origin, rev: Option<(String, Origin)> },
}

/// One entry of `[choose]`.
#[derive(Debug)]
pub(crate) struct Choice {
    /// The path of a definition, its section first.
    pub(crate) path: Vec<Name>,
    /// The names that lead to the project.
    pub(crate) project: Vec<Name>,
    pub(crate) origin: Origin,
}

/// Reads a document. `is_root` for the workspace's own, whose unknown tables whoever reads commands
/// reports.
pub(crate) fn read_document(
    catalogue: &Catalogue,
    document: &Value,
    is_root: bool,
) -> (Document, Vec<Diagnostic>) {
    let mut read = Document::default();
    let mut diagnostics = Vec::new();
    let has_plugins = document.get("plugins").is_some();
    let mut core = Table::default();
    for (key, entry) in document.as_table().into_iter().flat_map(Table::iter) {
        let name = to_kebab(key);
        if TABLES.contains(&name.as_str()) {
            core.insert(name, entry.key.clone(), entry.value.clone());
        } else if OTHERS.contains(&name.as_str()) {
            // Somebody else reads it.
        } else if catalogue.sections.iter().any(|section| section == key) {
            read.sections.push((key.into(), entry.key.clone(), entry.value.clone()));
        } else if !is_root {
            let mut unknown = unknown_section(catalogue, key, &entry.key);
            if has_plugins {
                // It is of no account here, and may be right at home.
                unknown.severity = Severity::Warning;
                not_enabled(&mut unknown);
            }
            diagnostics.push(unknown);
        }
    }
    let workspace = document.get("workspace");
    let text = |value: &Value| value.as_str().map(str::to_owned);
    read.name = workspace.and_then(|table| table.get("name")).and_then(text);
    let systems = workspace.and_then(|table| table.get("systems")).and_then(Value::as_list);
    read.systems =
        systems.map(|all| all.iter().filter_map(Value::as_str).map(Name::from).collect());
    let core = Value::new(Kind::Table(core), document.origin.clone());
    for (name, entry) in core.as_table().into_iter().flat_map(Table::iter) {
        let (value, mistakes) = checked(name, entry);
        diagnostics.extend(mistakes);
        let Some(value) = &value else { continue };
        match name {
            "use" => {
                for one in value.as_list().unwrap_or_default() {
                    match read_use(catalogue, one) {
                        Ok(one) => read.uses.push(one),
                        Err(mut mistakes) => {
                            for one in mistakes.iter_mut().filter(|one| one.code == UNKNOWN_USE) {
                                if !is_root && has_plugins {
                                    not_enabled(one);
                                }
                            }
                            diagnostics.extend(mistakes);
                        }
                    }
                }
            }
            "projects" => read_projects(value, &mut read, &mut diagnostics),
            "inputs" => read.inputs = Some(value.clone()),
            "passthru" => read.passthru = Some(value.clone()),
            "choose" => read_choices(value, &mut read, &mut diagnostics),
            _ => {}
        }
    }
    (read, diagnostics)
}

/// The code of a `[[use]]` of something that there is not.
const UNKNOWN_USE: &str = "unknown-use";

/// Adds to what is not known in a project that its plugins may know it.
fn not_enabled(diagnostic: &mut Diagnostic) {
    diagnostic.detail.push_str(
        " The project has plugins of its own, which are not enabled for the workspace that uses it.",
    );
    let help = "name the plugin in `[plugins]` of the workspace, too";
    help.clone_into(&mut diagnostic.help);
}

fn read_use(catalogue: &Catalogue, value: &Value) -> Result<Use, Vec<Diagnostic>> {
    let name = value.get("name").cloned().expect("the schema demands it");
    let written = name.as_str().unwrap_or_default();
    let mut options = value.as_table().cloned().unwrap_or_default();
    options.remove("name");
    let options = Value::new(Kind::Table(options), value.origin.clone());
    let is_meant = |feature: &crate::catalogue::FeatureHead| {
        let (plugin, feature_name) = match written.split_once(':') {
            Some((plugin, name)) => (Some(plugin), name),
            None => (None, written),
        };
        purlin_model::fold(&feature.name) == purlin_model::fold(feature_name)
            && plugin.is_none_or(|plugin| plugin == feature.plugin)
    };
    let importer = catalogue.importers.iter().position(|one| is_meant(&one.head));
    if let Some(position) = importer {
        let ImporterFeature { schema, into, .. } = &catalogue.importers[position];
        let written_options = options;
        let options = validated(schema().as_deref(), &written_options)?;
        let extends = into_sections(into, &options);
        let mut unknown = extends.iter().filter(|one| {
            into.contains("{options.") && !catalogue.sections.iter().any(|known| **known == ***one)
        });
        if let Some(section) = unknown.next() {
            return Err(vec![no_section(catalogue, section, &written_options)]);
        }
        let (what, reads) = (Used::Importer(position), BTreeSet::new());
        return Ok(Use {
            what,
            options,
            written: written_options,
            origin: name.origin,
            extends,
            reads,
        });
    }
    let transform = catalogue.transforms.iter().position(|one| is_meant(&one.head));
    if let Some(position) = transform {
        let TransformFeature { schema, reads, extends, .. } = &catalogue.transforms[position];
        let written_options = options;
        let options = validated(schema().as_deref(), &written_options)?;
        let names = |all: &[String]| all.iter().map(|one| Name::from(one.as_str())).collect();
        let (reads, extends) = (names(reads), names(extends));
        let what = Used::Transform(position);
        return Ok(Use {
            what,
            options,
            written: written_options,
            origin: name.origin,
            extends,
            reads,
        });
    }
    let importers = catalogue.importers.iter().map(|one| one.head.name.as_str());
    let transforms = catalogue.transforms.iter().map(|one| one.head.name.as_str());
    Err(vec![
        Diagnostic::error(UNKNOWN_USE, format!("there is no importer or transform `{written}`"))
            .label(name.origin.clone(), "named here")
            .detail("`[[use]]` names importers and transforms of enabled plugins.")
            .help(suggestion(written, "importers and transforms", importers.chain(transforms))),
    ])
}

/// An option of an importer names a section that nobody reads.
fn no_section(catalogue: &Catalogue, section: &str, options: &Value) -> Diagnostic {
    let is_it = |value: &Value| value.as_str() == Some(section);
    let entries =
        options.as_table().into_iter().flat_map(Table::iter).map(|(_, entry)| &entry.value);
    let named =
        entries.flat_map(|value| std::iter::once(value).chain(value.as_list().unwrap_or_default()));
    let origin = named.filter(|value| is_it(value)).map(|value| &value.origin).next();
    let sections = catalogue.sections.iter().map(String::as_str);
    Diagnostic::error("unknown-section", format!("nothing reads the section `{section}`"))
        .label(origin.unwrap_or(&options.origin).clone(), "named here")
        .detail("No enabled plugin makes anything of definitions there.")
        .help(suggestion(section, "sections", sections))
}

/// Options as the feature's schema wants them. A feature without a schema has none.
fn validated(
    schema: Result<&Option<std::sync::Arc<Schema>>, &Vec<Diagnostic>>,
    options: &Value,
) -> Result<Json, Vec<Diagnostic>> {
    match schema.map_err(Clone::clone)? {
        Some(schema) => {
            let checked = schema.validate(options);
            checked.value.map(|value| value.to_json()).ok_or(checked.diagnostics)
        }
        None => match options.as_table().and_then(|table| table.iter().next()) {
            Some((key, entry)) => Err(vec![
                Diagnostic::error("unknown-field", format!("there is no option `{key}`"))
                    .label(entry.key.clone(), "this option")
                    .help("it has no options".to_owned()),
            ]),
            None => Ok(options.to_json()),
        },
    }
}

/// The sections that an importer extends, with its options in place.
fn into_sections(into: &str, options: &Json) -> BTreeSet<Name> {
    let mut sections = BTreeSet::new();
    for one in into.split([' ', ',']).filter(|one| !one.is_empty()) {
        let option = one.strip_prefix("{options.").and_then(|rest| rest.strip_suffix('}'));
        let Some(option) = option else {
            sections.insert(Name::from(one));
            continue;
        };
        match options.get(option).or_else(|| options.get(option.replace('_', "-"))) {
            Some(Json::String(section)) => {
                sections.insert(Name::from(section.as_str()));
            }
            Some(Json::Array(path)) => {
                sections.extend(path.first().and_then(Json::as_str).map(Name::from));
            }
            _ => {}
        }
    }
    sections
}

fn read_projects(value: &Value, read: &mut Document, diagnostics: &mut Vec<Diagnostic>) {
    for (name, entry) in value.as_table().into_iter().flat_map(Table::iter) {
        let project = &entry.value;
        let text = |key: &str| {
            let value = project.get(key)?;
            Some((value.as_str()?.to_owned(), value.origin.clone()))
        };
        let (path, git, rev) = (text("path"), text("git"), text("rev"));
        let wrong = match (&path, &git, &rev) {
            (Some(_), Some(_), _) => Some("is in two places"),
            (Some(_), None, Some(_)) => Some("has a revision, and no repository"),
            (None, None, _) => Some("has no place: nothing says where it is"),
            _ => None,
        };
        if let Some(wrong) = wrong {
            diagnostics.push(
                Diagnostic::error("project", format!("the project `{name}` {wrong}"))
                    .label(entry.key.clone(), "this project")
                    .help("write `path = \"…\"`, or `git = \"…\"` and `rev = \"…\"`".to_owned()),
            );
            continue;
        }
        let place = match (path, git) {
            (Some((path, origin)), _) => Place::Path(path, origin),
            (None, Some((url, origin))) => Place::Git { url, origin, rev },
            (None, None) => continue,
        };
        let accepted = project.get("accept-override").and_then(Value::as_list).unwrap_or_default();
        let accepted =
            accepted.iter().filter_map(|one| Some((one.as_str()?.to_owned(), one.origin.clone())));
        read.projects.push(ProjectEntry {
            name: name.into(),
            place,
            export: project.get("export").and_then(Value::as_bool).unwrap_or(true),
            adopt: project.get("adopt").and_then(Value::as_bool).unwrap_or(false),
            accept_override: accepted.collect(),
        });
    }
}

fn read_choices(value: &Value, read: &mut Document, diagnostics: &mut Vec<Diagnostic>) {
    for (path, entry) in value.as_table().into_iter().flat_map(Table::iter) {
        let parsed = parse_path(path).and_then(|names| {
            let project = parse_path(entry.value.as_str().unwrap_or_default())?;
            Ok((names, project))
        });
        match parsed {
            Ok((names, project)) => read.choices.push(Choice {
                path: names.into_iter().map(Name::from).collect(),
                project: project.into_iter().map(Name::from).collect(),
                origin: entry.key.clone(),
            }),
            Err(diagnostic) => diagnostics.push(diagnostic.at(entry.key.clone(), "written here")),
        }
    }
}

pub(crate) fn unknown_section(catalogue: &Catalogue, section: &str, origin: &Origin) -> Diagnostic {
    let known = TABLES.into_iter().chain(OTHERS);
    let all = known.chain(catalogue.sections.iter().map(String::as_str));
    Diagnostic::error("unknown-section", format!("nothing reads the table `[{section}]`"))
        .label(origin.clone(), "this table")
        .detail("It is neither a core table nor a section that an enabled plugin reads.")
        .help(suggestion(section, "tables", all))
}

/// A core table as its schema wants it, if it fits.
pub(super) fn checked(name: &str, entry: &Entry) -> (Option<Value>, Vec<Diagnostic>) {
    let mut alone = Table::default();
    alone.insert(name, entry.key.clone(), entry.value.clone());
    let alone = Value::new(Kind::Table(alone), entry.value.origin.clone());
    let checked = schema().validate(&alone);
    let value = checked.value.as_ref().and_then(|table| table.get(name)).cloned();
    (value, checked.diagnostics)
}

/// The schema of the core tables. Made once: it is part of the program.
fn schema() -> &'static Schema {
    static SCHEMA: OnceLock<Schema> = OnceLock::new();
    SCHEMA.get_or_init(|| {
        let text = include_str!("../../schemas/definitions.json");
        let source = Source::new("<schema of purlin.toml>", text);
        Schema::parse(&source).expect("the schema is part of the program and tested")
    })
}
