//! `[provides]`: every extension point, each with what only its features say.

use std::collections::BTreeMap;

use purlin_model::{Diagnostic, Entry, Kind, Origin, fold, suggestion, to_snake};

use super::fields::{Fields, Report, Text};
use super::parameter::{read_parameters, read_value_kind};
use super::parse::{file, required_file};
use super::runtime::{expected_entry, read_entry, read_kind};
use super::text::{declared_name, is_identifier, is_json_pointer};
use super::{Detail, Feature, FileRef, HOOK_EVENTS, Hot, Place, SectionSchema, Stage, StateSchema};
use crate::{Point, RuntimeKind};

/// The runtime that features have unless they say otherwise.
#[derive(Clone, Copy)]
pub(super) enum PluginRuntime {
    /// There is no `[runtime]`.
    None,
    /// There is one, and its mistakes have been reported.
    Unreadable,
    /// There is one.
    Known(RuntimeKind),
}

/// Reads all features, in the order in which they are written.
pub(super) fn read_features(provides: &Fields<'_>, runtime: PluginRuntime) -> Vec<Feature> {
    let report = provides.report();
    let mut features = Vec::new();
    for (written, entry) in provides.entries() {
        let Ok(point) = fold(written).parse::<Point>() else {
            report.error(
                "unknown-point",
                format!("unknown extension point `{written}`"),
                (&entry.key, "nothing can be provided here"),
                suggestion(written, "extension points", Point::ALL.map(Point::as_str)),
            );
            continue;
        };
        let reader = Reader { report, point, runtime };
        match point {
            Point::Argument | Point::Hook => reader.read_list(entry, &mut features),
            _ => reader.read_named(entry, &mut features),
        }
    }
    features.sort_by_key(|feature| feature.place.start);
    report_duplicates(report, &features, provides.origin);
    features
}

/// Two features that claim one name at one point.
fn report_duplicates(report: &Report, features: &[Feature], anywhere: &Origin) {
    let mut claimed: BTreeMap<(Point, String), &Feature> = BTreeMap::new();
    for feature in features {
        let mut claims = feature.claims();
        if feature.point == Point::Hook {
            claims.push(feature.name.clone());
        }
        for claim in claims {
            let Some(first) = claimed.get(&(feature.point, claim.clone())) else {
                claimed.insert((feature.point, claim), feature);
                continue;
            };
            let source = &anywhere.source;
            let what = format!("the {} `{claim}` is provided twice", feature.point);
            report.add(
                Diagnostic::error("duplicate-feature", what)
                    .label(feature.place.origin(source), "again here")
                    .label(first.place.origin(source), "first here")
                    .help("remove or rename one of the two; `_` counts as `-`".to_owned()),
            );
        }
    }
}

/// Reads the features of one point.
#[derive(Clone, Copy)]
struct Reader<'a> {
    report: &'a Report,
    point: Point,
    runtime: PluginRuntime,
}

impl<'a> Reader<'a> {
    /// `[provides.POINT.NAME]`
    fn read_named(self, entry: &'a Entry, features: &mut Vec<Feature>) {
        let Kind::Table(table) = &entry.value.kind else {
            return self.wrong_shape(entry, format!("write [provides.{}.NAME]", self.point));
        };
        for (written, entry) in table.iter() {
            let title = format!("[provides.{}.{written}]", self.point);
            let Some(fields) = Fields::new(self.report, title, &entry.key, &entry.value) else {
                continue;
            };
            let name = Text { text: written, origin: &entry.key };
            let name = read_name(self.report, name, "a feature", self.point == Point::Resource);
            features.extend(self.read_feature(fields, name, Place::of(&entry.key)));
        }
    }

    /// `[[provides.POINT]]`
    fn read_list(self, entry: &'a Entry, features: &mut Vec<Feature>) {
        let Kind::List(items) = &entry.value.kind else {
            return self.wrong_shape(entry, format!("write [[provides.{}]]", self.point));
        };
        for item in items {
            let title = format!("[[provides.{}]]", self.point);
            let Some(mut fields) = Fields::new(self.report, title, &item.origin, item) else {
                continue;
            };
            let written = match self.point {
                Point::Hook => fields.required_text("on"),
                _ => fields.required_text("name"),
            };
            let name = written.and_then(|text| match self.point {
                Point::Hook => read_event(self.report, text),
                _ => read_name(self.report, text, "a flag", false),
            });
            let place = Place::of(written.map_or(&item.origin, |text| text.origin));
            features.extend(self.read_feature(fields, name, place));
        }
    }

    fn wrong_shape(self, entry: &Entry, help: String) {
        self.report.error(
            "wrong-type",
            format!("`provides.{}` has the wrong shape", self.point),
            (&entry.key, format!("this is {}", entry.value.described())),
            help,
        );
    }

    fn read_feature(
        self,
        mut fields: Fields<'a>,
        name: Option<String>,
        place: Place,
    ) -> Option<Feature> {
        let about = fields.owned_text("about").unwrap_or_default();
        let deprecated = fields.owned_text("deprecated");
        let schema = match self.point {
            Point::Leaf => required_file(&mut fields, "schema"),
            Point::Subcommand | Point::Argument | Point::Hook => None,
            _ => file(&mut fields, "schema"),
        };
        let (runtime, entry) = match self.point {
            Point::Leaf => (None, None),
            _ => self.read_code(&mut fields),
        };
        let detail = self.read_detail(&mut fields, name.as_deref());
        fields.finish();
        Some(Feature {
            point: self.point,
            name: name?,
            place,
            about,
            deprecated,
            schema,
            runtime,
            entry,
            detail: detail?,
        })
    }

    /// `runtime` and `entry`, and whether that runtime may provide this point.
    fn read_code(
        self,
        fields: &mut Fields<'a>,
    ) -> (Option<RuntimeKind>, Option<super::RuntimeEntry>) {
        let own = read_kind(fields, "runtime");
        let own_unreadable = own.is_none() && fields.value("runtime").is_some();
        let inherited = match self.runtime {
            PluginRuntime::Known(kind) => Some(kind),
            _ => None,
        };
        let kind = own.or(inherited).filter(|_| !own_unreadable);
        let entry = read_entry(fields, kind);
        let Some(kind) = kind else {
            let has_entry = fields.value("entry").is_some();
            let must_run = !self.point.may_be_static() || has_entry;
            if must_run && !own_unreadable && matches!(self.runtime, PluginRuntime::None) {
                self.report.error(
                    "no-runtime",
                    format!("{} needs code, but the plugin has no runtime", fields.title),
                    (fields.origin, format!("features of the point `{}` are code", self.point)),
                    "add [runtime], or a `runtime` and an `entry` here".to_owned(),
                );
            }
            return (own, entry);
        };
        if !self.point.allows(kind) {
            let origin = fields.value("runtime").map_or(fields.origin, |value| &value.origin);
            self.report.error(
                "point-not-allowed",
                format!("{} cannot run in the runtime `{kind}`", fields.title),
                (origin, format!("`{kind}` may not provide the point `{}`", self.point)),
                self.allowed_runtimes(),
            );
        }
        let needs_entry = matches!(kind, RuntimeKind::Starlark | RuntimeKind::Process);
        if needs_entry && Some(kind) != inherited && fields.value("entry").is_none() {
            fields.missing("entry", expected_entry(kind));
        }
        (own, entry)
    }

    fn allowed_runtimes(self) -> String {
        let kinds = [RuntimeKind::Native, RuntimeKind::Process, RuntimeKind::Starlark];
        let allowed: Vec<String> = kinds
            .into_iter()
            .filter(|kind| self.point.allows(*kind))
            .map(|kind| format!("`{kind}`"))
            .collect();
        format!("runtimes that may: {}", allowed.join(", "))
    }

    /// `None` when something that must be said is not.
    fn read_detail(self, fields: &mut Fields<'a>, name: Option<&str>) -> Option<Detail> {
        Some(match self.point {
            Point::Transform => Detail::Transform {
                reads: fields.owned_texts("reads"),
                extends: fields.owned_texts("extends"),
                outputs: fields.owned_texts("outputs"),
                shared: fields.bool("shared").unwrap_or(false),
                section: read_section(fields),
            },
            Point::Importer => {
                if fields.value("inputs").is_none() {
                    fields.missing("inputs", "a list of strings");
                }
                let inputs = fields.owned_texts("inputs");
                Detail::Importer { inputs, into: fields.required_text("into")?.text.to_owned() }
            }
            Point::Leaf => self.read_leaf(fields, name),
            Point::Cache => self.read_cache(fields),
            Point::Dependency => read_dependency(fields),
            Point::Resource => Detail::Resource { state: read_state(fields) },
            Point::Subcommand => Detail::Subcommand { args: read_parameters(fields) },
            Point::Argument => self.read_argument(fields),
            Point::Repository => {
                Detail::Repository { default: fields.bool("default").unwrap_or(false) }
            }
            Point::Builder | Point::Environment | Point::State | Point::Lease | Point::Hook => {
                Detail::None
            }
        })
    }

    fn read_leaf(self, fields: &mut Fields<'a>, name: Option<&str>) -> Detail {
        let constructor = fields.text("constructor");
        if let Some(text) = constructor.filter(|text| !is_identifier(text.text)) {
            self.report.error(
                "bad-name",
                format!("`{}` is not the name of a constructor", text.text),
                (text.origin, "Starlark cannot bind this"),
                "letters, digits and `_`, no digit first".to_owned(),
            );
        }
        let constructor = constructor.map_or_else(
            || format!("mk_{}", to_snake(name.unwrap_or_default())),
            |text| text.text.to_owned(),
        );
        Detail::Leaf {
            constructor,
            sections: owned(&fields.required_texts("sections")),
            role: fields.owned_text("role"),
            marks: owned(&fields.required_texts("marks")),
        }
    }

    fn read_cache(self, fields: &mut Fields<'a>) -> Detail {
        const HOT: [(&str, Hot); 3] =
            [("user", Hot::User), ("workspace", Hot::Workspace), ("none", Hot::None)];
        let hot = fields.choice("hot", "bad-value", &HOT);
        let is_static =
            matches!(self.runtime, PluginRuntime::None) && fields.value("runtime").is_none();
        if is_static && fields.value("hot").is_none() {
            fields.missing(
                "hot",
                "`user`, `workspace` or `none`: a cache without code is that alone",
            );
        }
        Detail::Cache {
            hot: hot.unwrap_or(Hot::User),
            default: fields.bool("default").unwrap_or(false),
        }
    }

    fn read_argument(self, fields: &mut Fields<'a>) -> Detail {
        const STAGES: [(&str, Stage); 2] =
            [("parsed", Stage::Parsed), ("resolved", Stage::Resolved)];
        let on = fields.required_texts("on");
        for verb in &on {
            if !verb.text.split(' ').all(|word| declared_name(word, false).is_some()) {
                self.report.error(
                    "bad-name",
                    format!("`{}` is not a verb", verb.text),
                    (verb.origin, "a verb such as `run` or `deploy plan` is expected"),
                    None,
                );
            }
        }
        let (kind, values) = read_value_kind(fields);
        let stage = fields.choice("stage", "bad-value", &STAGES).unwrap_or(Stage::Parsed);
        let edits = fields.texts("edits");
        for edit in edits.iter().filter(|edit| !is_json_pointer(edit.text)) {
            self.report.error(
                "bad-pointer",
                format!("`{}` is not a JSON Pointer", edit.text),
                (edit.origin, "a pointer is `/` and a key, again and again"),
                format!("for instance `/{}`", edit.text.trim_matches('/').replace('.', "/")),
            );
        }
        Detail::Argument { on: owned(&on), kind, values, stage, edits: owned(&edits) }
    }
}

fn read_dependency(fields: &mut Fields<'_>) -> Detail {
    let key = fields.owned_text("key");
    let default = fields.bool("default").unwrap_or(false);
    if default && fields.value("key").is_none() {
        fields.missing("key", "the field that a plain string fills, as it is the default type");
    }
    let in_environment = fields.bool("in-environment").unwrap_or(false);
    Detail::Dependency { key, default, in_environment, section: read_section(fields) }
}

fn read_section(fields: &mut Fields<'_>) -> Option<SectionSchema> {
    let mut table = fields.table("section")?;
    let name = table.required_text("name");
    let schema: Option<FileRef> = required_file(&mut table, "schema");
    table.finish();
    let name = name?;
    let name = read_name(fields.report(), name, "a table", false)?;
    Some(SectionSchema { name, schema: schema? })
}

fn read_state(fields: &mut Fields<'_>) -> Option<StateSchema> {
    let mut table = fields.table("state")?;
    if table.value("version").is_none() {
        table.missing("version", "a number that counts up when the shape changes");
    }
    let version = table.count("version");
    let schema: Option<FileRef> = required_file(&mut table, "schema");
    table.finish();
    Some(StateSchema { version: version?, schema: schema? })
}

fn read_event(report: &Report, text: Text<'_>) -> Option<String> {
    if HOOK_EVENTS.contains(&text.text) {
        return Some(text.text.to_owned());
    }
    report.error(
        "unknown-event",
        format!("unknown event `{}`", text.text),
        (text.origin, "no hook is told of this"),
        suggestion(text.text, "events", HOOK_EVENTS),
    );
    None
}

/// A name in its kebab spelling; one that is none is reported.
pub(super) fn read_name(report: &Report, text: Text<'_>, what: &str, dots: bool) -> Option<String> {
    let name = declared_name(text.text, dots);
    if name.is_none() {
        report.error(
            "bad-name",
            format!("`{}` cannot name {what}", text.text),
            (text.origin, "not a name"),
            "`a-z`, `0-9` and `-`; a letter first, no `-` at the end".to_owned(),
        );
    }
    name
}

fn owned(texts: &[Text<'_>]) -> Vec<String> {
    texts.iter().map(|text| text.text.to_owned()).collect()
}
