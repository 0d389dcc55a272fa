//! Reading one plugin: its manifest, its schemas, and whether the files that it names are there.

use std::collections::BTreeSet;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::SystemTime;

use purlin_model::{Diagnostic, Hasher, Origin, Source, is_kebab};
use purlin_plugin::manifest::{
    Detail, Feature, FileRef, INCOMPATIBLE_API, MANIFEST_FILE, Manifest, Place, RuntimeEntry,
};
use purlin_plugin::{NativePlugin, Point, RuntimeKind, Schema, parse_manifest};
use semver::Version;

use super::claims::claimed;
use super::folder::{Files, Folder};
use crate::index::{Head, PluginRecord, StoredDiagnostic};
use crate::native::code_for;
use crate::stamp::Stamp;
use crate::{PluginSource, PluginStatus};

/// The code of the diagnostic for a plugin that wants another version of Purlin.
const INCOMPATIBLE_VERSION: &str = "incompatible-version";

/// Reads a plugin. `declared` is the name that the workspace's `[plugins]` gives it, and `moment`
/// when the scan began.
pub(super) fn read(
    folder: &Folder<'_>,
    source: PluginSource,
    declared: Option<&str>,
    files: &Files,
    moment: SystemTime,
    version: &Version,
) -> PluginRecord {
    let mut reader = Reader {
        folder,
        files,
        moment,
        hasher: Hasher::new("plugin"),
        stamps: Vec::new(),
        seen: BTreeSet::new(),
        diagnostics: Vec::new(),
    };
    let mut name = declared.map_or_else(|| folder.name(), str::to_owned);
    let mut features = Vec::new();
    let manifest = match reader.read(MANIFEST_FILE) {
        Ok(text) => {
            let text = Source::new(folder.shown().join(MANIFEST_FILE), text);
            let parsed = parse_manifest(&text);
            reader.diagnostics.extend(parsed.diagnostics);
            if let Some(written) = &parsed.name {
                // A package can hardly be called as the plugin in it is.
                if source != PluginSource::Python {
                    reader.compare_names(&text, written, parsed.manifest.as_ref(), declared);
                }
                if declared.is_none() && !written.is_empty() {
                    name.clone_from(written);
                }
            }
            match &parsed.manifest {
                Some(manifest) => {
                    features.clone_from(&manifest.features);
                    reader.check(manifest, &text, version);
                }
                None => features = claimed(&text),
            }
            parsed.manifest
        }
        Err(error) => {
            let manifest = folder.shown().join(MANIFEST_FILE);
            let diagnostic = if error.kind() == io::ErrorKind::NotFound {
                Diagnostic::error(
                    "no-manifest",
                    format!("there is no `{MANIFEST_FILE}` in `{}`", folder.shown().display()),
                )
                .help("a plugin is a folder with that file".to_owned())
            } else {
                Diagnostic::error(
                    "unreadable-file",
                    format!("`{}` cannot be read: {}", manifest.display(), reason(&error)),
                )
            };
            reader.diagnostics.push(diagnostic);
            None
        }
    };
    finish(reader, folder, source, name, manifest, features)
}

fn finish(
    reader: Reader<'_>,
    folder: &Folder<'_>,
    source: PluginSource,
    name: String,
    manifest: Option<Manifest>,
    features: Vec<Feature>,
) -> PluginRecord {
    let shown = folder.shown();
    let diagnostics: Vec<StoredDiagnostic> =
        reader.diagnostics.iter().map(|one| StoredDiagnostic::new(one, &shown)).collect();
    let errors = || diagnostics.iter().filter(|one| one.is_error());
    let incompatible =
        errors().any(|one| [INCOMPATIBLE_API, INCOMPATIBLE_VERSION].contains(&one.code()));
    let status = match errors().next() {
        Some(_) if incompatible => PluginStatus::Incompatible,
        Some(_) => PluginStatus::Broken,
        None => PluginStatus::Ok,
    };
    let mut reason = errors().map(StoredDiagnostic::line).collect::<Vec<_>>().join("; ");
    let idle = manifest.as_ref().is_some_and(contributes_nothing);
    if idle && reason.is_empty() {
        "it contributes nothing".clone_into(&mut reason);
    }
    let head = Head {
        version: manifest.as_ref().map(|manifest| manifest.version.clone()),
        runtime: manifest.as_ref().and_then(|one| Some(one.runtime.as_ref()?.kind)),
        source,
        status,
        reason,
        description: manifest.as_ref().map_or_else(String::new, |one| one.description.clone()),
        requires: manifest
            .as_ref()
            .map_or_else(Vec::new, |one| one.requires.plugins.keys().cloned().collect()),
        digest: reader.hasher.finish(),
        place: manifest
            .as_ref()
            .map_or(Place { line: 1, column: 1, ..Place::default() }, |one| one.place),
        bundled: match folder {
            Folder::Bundled(position, _) => Some(*position),
            Folder::Disk(_) => None,
        },
    };
    let folder = match folder {
        Folder::Disk(path) => path.to_path_buf(),
        Folder::Bundled(..) => Path::new("").to_path_buf(),
    };
    PluginRecord { name, folder, head, manifest, features, diagnostics, stamps: reader.stamps }
}

fn contributes_nothing(manifest: &Manifest) -> bool {
    manifest.features.is_empty()
        && manifest.ships.commands.is_none()
        && manifest.ships.definitions.is_empty()
}

struct Reader<'a> {
    folder: &'a Folder<'a>,
    files: &'a Files,
    moment: SystemTime,
    hasher: Hasher,
    stamps: Vec<(String, Stamp)>,
    seen: BTreeSet<String>,
    diagnostics: Vec<Diagnostic>,
}

impl Reader<'_> {
    /// Reads a file and takes it into the digest, its stamp first.
    fn read(&mut self, file: &str) -> io::Result<String> {
        self.stamp(file);
        let text = self.folder.read(file, self.files)?;
        self.hasher.field(file.as_bytes()).field(text.as_bytes());
        Ok(text.into_owned())
    }

    fn stamp(&mut self, file: &str) {
        if let Folder::Disk(folder) = self.folder {
            self.stamps.push((file.to_owned(), Stamp::take(&folder.join(file), self.moment)));
        }
    }

    fn compare_names(
        &mut self,
        source: &Arc<Source>,
        written: &str,
        manifest: Option<&Manifest>,
        declared: Option<&str>,
    ) {
        let origin = manifest
            .map_or_else(|| Origin::whole(source), |manifest| manifest.place.origin(source));
        let folder = self.folder.name();
        match declared {
            Some(declared) if declared != written => self.diagnostics.push(
                Diagnostic::error(
                    "plugin-name",
                    format!("the folder of `{declared}` holds the plugin `{written}`"),
                )
                .help(is_kebab(written).then(|| format!("call it `{written}` in `[plugins]`")))
                .label(origin, "its name"),
            ),
            _ if folder != written && manifest.is_some() => self.diagnostics.push(
                Diagnostic::note(
                    "folder-name",
                    format!("the folder of the plugin `{written}` is called `{folder}`"),
                )
                .label(origin, "its name"),
            ),
            _ => {}
        }
    }

    /// Everything that the manifest's own text cannot tell.
    fn check(&mut self, manifest: &Manifest, source: &Arc<Source>, version: &Version) {
        if let Some(wanted) = &manifest.requires.purlin
            && !wanted.matches(version)
        {
            self.diagnostics.push(
                Diagnostic::error(
                    INCOMPATIBLE_VERSION,
                    format!("it needs Purlin {wanted}, and this is {version}"),
                )
                .label(manifest.place.origin(source), "this plugin"),
            );
        }
        self.check_runtime(manifest, source);
        for file in manifest.config.iter().chain(manifest.features.iter().flat_map(schemas)) {
            self.check_schema(file, &file.place.origin(source));
        }
        for file in manifest.ships.commands.iter().chain(&manifest.ships.definitions) {
            self.check_file(&file.path, &file.place.origin(source));
        }
        let own = manifest.runtime.iter().map(|runtime| (&runtime.entry, runtime.place));
        let features = manifest.features.iter().map(|feature| (&feature.entry, feature.place));
        for (entry, place) in own.chain(features) {
            if let Some(RuntimeEntry::File(file)) = entry {
                self.check_file(file, &place.origin(source));
            }
        }
    }

    fn check_runtime(&mut self, manifest: &Manifest, source: &Arc<Source>) {
        for feature in &manifest.features {
            if manifest.runtime_of(feature) != Some(RuntimeKind::Native) {
                continue;
            }
            match self.folder {
                Folder::Bundled(_, plugin) => {
                    self.diagnostics.extend(without_code(plugin, feature, source));
                }
                Folder::Disk(_) => {
                    self.diagnostics.push(
                        Diagnostic::error("native-plugin", "only bundled plugins can be native")
                            .detail("A native plugin is compiled into the binary.")
                            .help("set kind = \"process\" or kind = \"starlark\"".to_owned())
                            .label(feature.place.origin(source), "this feature has no code"),
                    );
                }
            }
        }
    }

    fn check_schema(&mut self, file: &FileRef, origin: &Origin) {
        if !self.seen.insert(file.path.clone()) {
            return;
        }
        match self.read(&file.path) {
            Ok(text) => {
                let source = Source::new(self.folder.shown().join(&file.path), text);
                if let Err(mistakes) = Schema::parse(&source) {
                    self.diagnostics.extend(mistakes);
                }
            }
            Err(error) => self.diagnostics.push(
                Diagnostic::error(
                    "missing-file",
                    format!("the schema `{}` cannot be read", file.path),
                )
                .label(origin.clone(), reason(&error)),
            ),
        }
    }

    fn check_file(&mut self, file: &str, origin: &Origin) {
        if !self.seen.insert(file.to_owned()) {
            return;
        }
        self.stamp(file);
        if !self.folder.has(file) {
            self.diagnostics.push(
                Diagnostic::error("missing-file", format!("the file `{file}` is missing"))
                    .label(origin.clone(), "it is named here"),
            );
        }
    }
}

fn without_code(
    plugin: &NativePlugin,
    feature: &Feature,
    source: &Arc<Source>,
) -> Option<Diagnostic> {
    let callable = matches!(
        feature.point,
        Point::Dependency | Point::Cache | Point::Subcommand | Point::Argument | Point::Hook
    );
    if !callable || feature.point.may_be_static() || code_for(plugin, feature).is_some() {
        return None;
    }
    Some(
        Diagnostic::error(
            "native-plugin",
            format!("the binary has no code for `{}`", feature.id()),
        )
        .label(feature.place.origin(source), "it is declared here"),
    )
}

fn schemas(feature: &Feature) -> impl Iterator<Item = &FileRef> {
    let state = match &feature.detail {
        Detail::Resource { state: Some(state) } => Some(&state.schema),
        detail => detail.section().map(|section| &section.schema),
    };
    feature.schema.iter().chain(state)
}

fn reason(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => "there is no such file".to_owned(),
        io::ErrorKind::PermissionDenied => "it may not be read".to_owned(),
        io::ErrorKind::InvalidData => "it is not UTF-8".to_owned(),
        _ => error.to_string(),
    }
}
