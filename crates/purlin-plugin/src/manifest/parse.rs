//! From the text of a `plugin.toml` to a [`Manifest`], or to all of its mistakes at once.

use std::collections::BTreeMap;
use std::sync::Arc;

use purlin_model::{Diagnostic, Origin, Severity, Source, Value, parse_toml};
use semver::{Version, VersionReq};

use super::feature::{PluginRuntime, read_features};
use super::fields::{Fields, Report, Text};
use super::runtime::read_runtime;
use super::text::{
    is_host_and_port, is_plugin_name, is_program, is_rooted_folder, is_variable_pattern,
    path_mistake,
};
use super::{API_VERSION, FileRef, Manifest, Permissions, Place, Requires, Ships};

/// The code of the diagnostic for a manifest that was written for another version of the contract:
/// the plugin is incompatible with this Purlin, not broken.
pub const INCOMPATIBLE_API: &str = "incompatible-api";

/// What became of one `plugin.toml`.
#[derive(Debug, Clone, PartialEq)]
pub struct ParsedManifest {
    /// The plugin's name as far as it could be read; it need not be a good one.
    pub name: Option<String>,
    /// The manifest; `Some` exactly when no diagnostic is an error.
    pub manifest: Option<Manifest>,
    /// All mistakes, in the order of the file.
    pub diagnostics: Vec<Diagnostic>,
}

impl ParsedManifest {
    /// True when it was written for a version of the contract that this Purlin does not speak.
    /// Nothing else is reported about such a manifest, for its other keys mean what that version
    /// says.
    #[must_use]
    pub fn is_incompatible(&self) -> bool {
        self.diagnostics.iter().any(|diagnostic| diagnostic.code == INCOMPATIBLE_API)
    }
}

/// Parses a manifest. No file is looked at but the given text.
///
/// Keys are kebab-case; snake_case is accepted. Every mistake has the code of its kind
/// (`toml-syntax`, `unknown-key`, `wrong-type`, `missing-key`, `bad-name`, …) and the line.
#[must_use]
pub fn parse_manifest(source: &Arc<Source>) -> ParsedManifest {
    let (document, syntax) = parse_toml(source);
    let report = Report::default();
    let (name, manifest) = read_manifest(&report, &Origin::whole(source), &document);
    let mut diagnostics = report.into_diagnostics();
    if let Some(incompatible) =
        diagnostics.iter().position(|diagnostic| diagnostic.code == INCOMPATIBLE_API)
    {
        diagnostics = vec![diagnostics.swap_remove(incompatible)];
    }
    if !syntax.is_empty() {
        drop_consequences(&mut diagnostics, &syntax);
        diagnostics.extend(syntax);
    }
    diagnostics.sort_by_key(|diagnostic| diagnostic.labels.first().map(|label| label.origin.start));
    let broken = diagnostics.iter().any(|diagnostic| diagnostic.severity == Severity::Error);
    ParsedManifest { name, manifest: manifest.filter(|_| !broken), diagnostics }
}

/// Where the text could not be read, what is missing may have been written, and what stands on such
/// a line is not what was meant.
fn drop_consequences(diagnostics: &mut Vec<Diagnostic>, syntax: &[Diagnostic]) {
    let line = |diagnostic: &Diagnostic| diagnostic.labels.first().map(|label| label.origin.line);
    diagnostics.retain(|diagnostic| {
        diagnostic.code != "missing-key"
            && !syntax.iter().any(|slip| line(slip) == line(diagnostic))
    });
}

/// Reads the whole document. The manifest is `None` only where something is missing that has been
/// reported.
fn read_manifest(
    report: &Report,
    start: &Origin,
    document: &Value,
) -> (Option<String>, Option<Manifest>) {
    let Some(mut fields) = Fields::new(report, "the manifest", start, document) else {
        return (None, None);
    };
    let identity = match fields.table("plugin") {
        Some(plugin) => read_identity(plugin),
        None => {
            if fields.value("plugin").is_none() {
                fields.missing("plugin", "a table with `name`, `version` and `api`");
            }
            Identity::default()
        }
    };
    let runtime = fields.table("runtime").map(read_runtime);
    let requires = fields.table("requires").map(|table| read_requires(table, &identity));
    let config = fields.table("config").and_then(|mut config| {
        let schema = required_file(&mut config, "schema");
        config.finish();
        schema
    });
    let features = fields.table("provides").map(|table| {
        let default = runtime.as_ref().map_or(PluginRuntime::None, |runtime| match runtime {
            Some(runtime) => PluginRuntime::Known(runtime.kind),
            None => PluginRuntime::Unreadable,
        });
        read_features(&table, default)
    });
    let ships = fields.table("ships").map(read_ships);
    let permissions = fields.table("permissions").map(read_permissions);
    fields.finish();

    let name = identity.name.map(|name| name.text.to_owned());
    let manifest =
        identity.name.zip(identity.version).zip(identity.api).map(|((name, version), api)| {
            Manifest {
                name: name.text.to_owned(),
                place: Place::of(name.origin),
                version,
                api,
                description: identity.description.unwrap_or_default(),
                license: identity.license,
                docs: identity.docs,
                runtime: runtime.flatten(),
                requires: requires.unwrap_or_default(),
                config,
                features: features.unwrap_or_default(),
                ships: ships.unwrap_or_default(),
                permissions: permissions.unwrap_or_default(),
            }
        });
    (name, manifest)
}

/// `[plugin]`, as far as it could be read.
#[derive(Default)]
struct Identity<'a> {
    name: Option<Text<'a>>,
    version: Option<Version>,
    api: Option<String>,
    description: Option<String>,
    license: Option<String>,
    docs: Option<String>,
}

fn read_identity(mut table: Fields<'_>) -> Identity<'_> {
    let report = table.report();
    let name = table.required_text("name");
    if let Some(name) = name.filter(|name| !is_plugin_name(name.text)) {
        bad_plugin_name(report, name);
    }
    let version = table.required_text("version").and_then(|text| {
        Version::parse(text.text)
            .map_err(|error| {
                report.error(
                    "bad-version",
                    format!("`{}` is not a version", text.text),
                    (text.origin, error.to_string()),
                    "versions are SemVer, such as `1.2.0`".to_owned(),
                );
            })
            .ok()
    });
    let api = table.required_text("api").and_then(|text| read_api(report, text));
    let identity = Identity {
        name,
        version,
        api,
        description: table.owned_text("description"),
        license: table.owned_text("license"),
        docs: file(&mut table, "docs").map(|file| file.path),
    };
    table.finish();
    identity
}

fn read_api(report: &Report, text: Text<'_>) -> Option<String> {
    if text.text == API_VERSION {
        return Some(text.text.to_owned());
    }
    if !text.text.is_empty() && text.text.bytes().all(|byte| byte.is_ascii_digit()) {
        report.error(
            INCOMPATIBLE_API,
            format!("the plugin is written for version {} of the contract", text.text),
            (text.origin, format!("this Purlin speaks version {API_VERSION}")),
            "use a version of the plugin or of Purlin that fits the other".to_owned(),
        );
    } else {
        report.error(
            "bad-version",
            format!("`{}` is not a version of the contract", text.text),
            (text.origin, "a whole number is expected"),
            format!("write api = \"{API_VERSION}\""),
        );
    }
    None
}

fn bad_plugin_name(report: &Report, name: Text<'_>) {
    report.error(
        "bad-name",
        format!("`{}` is not a plugin name", name.text),
        (name.origin, "not a name"),
        "2 to 40 of `a-z`, `0-9` and `-`; a letter first, no `-` at the end".to_owned(),
    );
}

fn read_requires(mut table: Fields<'_>, identity: &Identity<'_>) -> Requires {
    let report = table.report();
    let purlin = table.text("purlin").and_then(|text| read_requirement(report, text));
    let mut plugins = BTreeMap::new();
    if let Some(wanted) = table.table("plugins") {
        for (name, entry) in wanted.entries() {
            let written = Text { text: name, origin: &entry.key };
            if !is_plugin_name(name) {
                bad_plugin_name(report, written);
            } else if identity.name.is_some_and(|own| own.text == name) {
                report.error(
                    "bad-value",
                    "the plugin requires itself",
                    (&entry.key, "this is the plugin's own name"),
                    None,
                );
            }
            match entry.value.as_str() {
                None => wanted.wrong_type(name, "a string", &entry.value),
                Some(text) => {
                    let requirement = Text { text, origin: &entry.value.origin };
                    if let Some(requirement) = read_requirement(report, requirement) {
                        plugins.insert(name.to_owned(), requirement);
                    }
                }
            }
        }
    }
    table.finish();
    Requires { purlin, plugins }
}

fn read_requirement(report: &Report, text: Text<'_>) -> Option<VersionReq> {
    VersionReq::parse(text.text)
        .map_err(|error| {
            report.error(
                "bad-version",
                format!("`{}` is not a version requirement", text.text),
                (text.origin, error.to_string()),
                "requirements look like `^1`, `>=0.1, <2` or `=1.2.3`".to_owned(),
            );
        })
        .ok()
}

fn read_ships(mut table: Fields<'_>) -> Ships {
    let commands = file(&mut table, "commands");
    let definitions = table
        .texts("definitions")
        .into_iter()
        .filter_map(|text| checked_file(table.report(), text))
        .collect();
    table.finish();
    Ships { commands, definitions }
}

fn read_permissions(mut table: Fields<'_>) -> Permissions {
    let mut checked = |key, is_good: fn(&str) -> bool, expected: &str| -> Vec<String> {
        let texts = table.texts(key);
        for text in texts.iter().filter(|text| !is_good(text.text)) {
            table.report().error(
                "bad-value",
                format!("`{}` cannot be granted as `{key}`", text.text),
                (text.origin, format!("{expected} is expected")),
                None,
            );
        }
        texts.iter().map(|text| text.text.to_owned()).collect()
    };
    let permissions = Permissions {
        network: checked("network", is_host_and_port, "`host:port` (the host may begin with `*.`)"),
        run: checked("run", is_program, "one program (patterns are none)"),
        environment: checked(
            "environment",
            is_variable_pattern,
            "the name of a process variable (`*` may end it)",
        ),
        read: checked("read", is_rooted_folder, "an absolute folder or one such as `{workspace}`"),
        write: checked("write", is_rooted_folder, "an absolute folder or one such as `{cache}`"),
        secrets: checked("secrets", |name| !name.contains('\0'), "the name of a secret"),
    };
    table.finish();
    permissions
}

/// A file of the plugin that a key names.
pub(super) fn file(table: &mut Fields<'_>, key: &'static str) -> Option<FileRef> {
    let text = table.text(key)?;
    checked_file(table.report(), text)
}

/// A file of the plugin that must be named.
pub(super) fn required_file(table: &mut Fields<'_>, key: &'static str) -> Option<FileRef> {
    let text = table.required_text(key)?;
    checked_file(table.report(), text)
}

pub(super) fn checked_file(report: &Report, text: Text<'_>) -> Option<FileRef> {
    if let Some(mistake) = path_mistake(text.text) {
        report.error(
            "bad-path",
            format!("`{}` is not a file of the plugin", text.text),
            (text.origin, mistake),
            "name a file inside the plugin's folder, relative to it".to_owned(),
        );
        return None;
    }
    Some(FileRef { path: text.text.to_owned(), place: Place::of(text.origin) })
}
