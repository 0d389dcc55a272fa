//! `purlin.toml`: the core tables, and what bundled plugins make of `deps` and `[caches]`.

use purlin_model::Value;
use purlin_plugin::Point;
use purlin_plugin::manifest::Detail;

use super::bundled::{Bundled, features, schema, text_of};
use crate::schema_text::SchemaText;

const CORE: &str = include_str!("../../../purlin-commands/schemas/workspace.json");

const DEFINITIONS: &str = include_str!("../../../purlin-definitions/schemas/definitions.json");

const OPENING: &str = r#"# purlin.toml

A folder with a `purlin.toml` that has `[workspace]` is a workspace. Paths and patterns are relative to it.
Keys are written with `-`; `_` means the same. A table, a field or a name that nothing reads is an error, and
so is one that only a later version reads.

`{root}` is the absolute path of the workspace, `{ctx.NAME}` a variable of `[ctx]`, `{ctx.purlin.arch}` the system (such as
`x86_64-linux`), `{ctx.purlin.OPTION}` an option of the run (`jobs`, `force`, `since`, `isolated` …), `{env.NAME}` a process variable of the
user, `{args.NAME}` an argument of the command. `{module.name}`, `{module.path}`, `{module.dir}` (its folder) and
`{module.pyimport}` (the name that Python imports it by) make a command run once for each module of its space; of all
spaces, where it names none. Braces are a reference only where the field may hold it and the name in front of `.` or `}` is one of these; `${HOME}`,
`awk '{print $1}'` and `{a,b}` stay as they are. `{{root}` is the text `{root}`. A text that is one whole reference
has the value's type, so that `env = { DEBUG = "{ctx.debug}" }` sets nothing where `debug` has no value.
"#;

const PLUGINS: &str = "
## `[plugins]`

Plugins by name; naming one enables it. The value is a version requirement such as `\"^1\"`, or a table:

| field | type | default | meaning |
|---|---|---|---|
| `version` | string | | The versions that will do. |
| `path` | string | | The plugin's folder, from the workspace's root. |
| `config` | table | | Values for the plugin's `[config]` schema. |
| `disable` | list of: string | | Features to switch off, as `point/name`. |
| `rename` | table of: string | | Features by `point/name`, and the names that they answer to instead. |

How plugins are found, and what to do when two claim one name: [plugins](../concepts/plugins.md).
";

pub(super) fn page() -> String {
    let core = SchemaText::parse(CORE).expect("it is tested elsewhere");
    let mut text = OPENING.to_owned();
    let tables = core.document().get("properties").and_then(Value::as_table);
    for (name, entry) in tables.into_iter().flat_map(|tables| tables.iter()) {
        text.push_str(&table(&core, name, &entry.value));
    }
    text.push_str(PLUGINS);
    let core = SchemaText::parse(DEFINITIONS).expect("it is tested elsewhere");
    let tables = core.document().get("properties").and_then(Value::as_table);
    for (name, entry) in tables.into_iter().flat_map(|tables| tables.iter()) {
        text.push_str(&table(&core, name, &entry.value));
    }
    text.push_str(
        "\n## Sections\n\nAny other table is a section: definitions that plugins read. A table in it is a leaf if one \
         of the type's marks is in it with a value that fits, else a branch. `priority` in a leaf says what counts more: \
         of several for one path the smallest one wins, and 100 is what a leaf has that does not say it.\n",
    );
    for feature in features(Point::Leaf) {
        text.push_str(&leaf(&feature));
    }
    text.push_str("\n## Importers\n\nWhat `[[use]]` may name; others come from plugins.\n");
    for feature in features(Point::Importer) {
        text.push_str(&described(&feature, ""));
    }
    text.push_str(
        "\n## Dependencies\n\nAn element of `deps` is a table with a `type` and the fields of that type, a text \
         `TYPE:VALUE`, or a plain text. Other types come from plugins.\n",
    );
    for feature in features(Point::Dependency) {
        let Detail::Dependency { key, default, section, .. } = &feature.feature.detail else {
            continue;
        };
        text.push_str(&format!("\n### `{}`\n\n{}.", feature.feature.name, feature.feature.about));
        if let Some(key) = key {
            text.push_str(&format!(" `{}:VALUE` fills `{key}`.", feature.feature.name));
        }
        if *default {
            text.push_str(" A plain text means this type.");
        }
        let schema = schema(&feature);
        text.push_str(&format!("\n\n{}", schema.fields(schema.document())));
        if let Some(section) = section {
            let schema = text_of(&feature, &section.schema);
            let fields = schema.fields(schema.document());
            text.push_str(&format!("\nIt reads the table `[{}]`:\n\n{fields}", section.name));
        }
    }
    text.push_str(
        "\n## Builders\n\nWhat `builder = { type = \"NAME\", … }` of a package may name; others come from plugins.\n",
    );
    for feature in features(Point::Builder) {
        text.push_str(&described(&feature, ""));
    }
    text.push_str("\n## Repository types\n\nOther types come from plugins.\n");
    for feature in features(Point::Repository) {
        let Detail::Repository { default } = feature.feature.detail else { continue };
        let more = if default { " The one of workspaces without `[repositories]`." } else { "" };
        text.push_str(&described(&feature, more));
    }
    text.push_str("\n## Environment types\n\nOther types come from plugins.\n");
    for feature in features(Point::Environment) {
        text.push_str(&described(&feature, ""));
    }
    text.push_str("\n## Cache types\n\nOther types come from plugins.\n");
    for feature in features(Point::Cache) {
        let Detail::Cache { default, .. } = feature.feature.detail else { continue };
        let more = if default { " The cache of commands that name none." } else { "" };
        text.push_str(&described(&feature, more));
    }
    text
}

/// A leaf type: where it stands, what marks it, and its fields.
fn leaf(feature: &Bundled) -> String {
    let Detail::Leaf { constructor, sections, marks, .. } = &feature.feature.detail else {
        return String::new();
    };
    let listed = |names: &[String]| {
        names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
    };
    let sections: Vec<String> = sections.iter().map(|name| format!("[{name}]")).collect();
    let more = format!(
        " In {}, or made by `{constructor}` in Starlark. Marks: {}.",
        listed(&sections),
        listed(marks)
    );
    described(feature, &more)
}

/// A feature with the fields that it takes.
fn described(feature: &Bundled, more: &str) -> String {
    let about = &feature.feature.about;
    let mut text = format!("\n### `{}`\n\n{about}.{more}\n", feature.feature.name);
    let schema = schema(feature);
    let fields = schema.fields(schema.document());
    match fields.as_str() {
        "" => text.push_str(&format!("\n{}\n", schema.description(schema.document()))),
        fields => text.push_str(&format!("\n{fields}")),
    }
    text
}

/// A core table: its fields, or what each entry in it is.
fn table(core: &SchemaText, name: &str, node: &Value) -> String {
    let entries = node.get("additionalProperties").filter(|one| one.as_table().is_some());
    let title = match (entries, node.get("items")) {
        (Some(_), _) => format!("[{name}.NAME]"),
        (None, Some(_)) => format!("[[{name}]]"),
        (None, None) => format!("[{name}]"),
    };
    let mut text = format!("\n## `{title}`\n\n{}\n", core.description(node));
    if let Some(items) = node.get("items") {
        text.push_str(&format!(
            "\n{}\nThe other fields are those of what is used.\n",
            core.fields(items)
        ));
        return text;
    }
    let Some(entries) = entries.map(|entries| core.resolved(entries)) else {
        text.push_str(&format!("\n{}", core.fields(node)));
        return text;
    };
    let branches = entries.get("oneOf").and_then(Value::as_list);
    for branch in branches.unwrap_or(std::slice::from_ref(entries)) {
        let fields = core.fields(branch);
        if fields.is_empty() {
            text.push_str(&format!("\n`NAME = \"…\"`: {}\n", core.description(branch)));
        } else {
            text.push_str(&format!("\n{fields}"));
        }
        if core.resolved(branch).get("additionalProperties").and_then(Value::as_bool) == Some(true)
        {
            text.push_str("\nThe other fields are those of the type.\n");
        }
    }
    text
}
