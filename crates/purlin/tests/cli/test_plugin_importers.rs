//! Importers that are processes, through the verbs for authors.

use purlin_test::Workspace;

use crate::workspace;

const MANIFEST: &str = r#"[plugin]
name = "recipes"
version = "1.0.0"
api = "1"
description = "Packages of another tool"
license = "MIT"

[runtime]
kind = "process"
entry = { module = "recipes_plugin" }

[provides.importer.recipe]
about = "Recipes"
schema = "recipe.json"
inputs = ["**/recipe.txt"]
into = "packages"

[permissions]
read = ["{workspace}"]
"#;

const SCHEMA: &str = r#"{ "type": "object", "additionalProperties": false,
  "properties": { "system": { "type": "string" } } }"#;

const CODE: &str = r#"
from __future__ import annotations

from collections.abc import Sequence

from purlin import plugin


class Recipe(plugin.Config):
    system: str | None = None


@plugin.importer("recipe", inputs=["**/recipe.txt"], into="packages")
def recipe(
    options: Recipe, sources: Sequence[plugin.Imported], context: plugin.Context
) -> Sequence[plugin.Fragment]:
    return [
        plugin.Fragment(
            path=["packages", source.path.split("/")[0]],
            data={"version": source.text.strip()},
            system=options.system,
        )
        for source in sources
    ]
"#;

const CASES: &str = r#"
[[importer.recipe]]
options = { system = "x86_64-linux" }
files = { "six/recipe.txt" = "1.16\n" }
sources = ["six/recipe.txt"]
fragments = [
  { path = ["packages", "six"], system = "x86_64-linux", data = { version = "1.16" } },
]
"#;

fn recipes() -> Workspace {
    let workspace = workspace("");
    workspace.write("recipes/plugin.toml", MANIFEST);
    workspace.write("recipes/recipe.json", SCHEMA);
    workspace.write("recipes/recipes_plugin.py", CODE);
    workspace.write("recipes/tests/cases.toml", CASES);
    workspace
}

#[test]
fn one_in_python_passes_the_kit() {
    let tested = recipes().succeed(&["plugin", "test", "recipes"]);
    for check in ["answers", "into", "same-answer"] {
        let line = format!("ok    importer.{check}  importer/recipe");
        assert!(tested.stdout.contains(&line), "{tested}");
    }
    assert!(tested.stdout.ends_with("0 failed, 0 skipped\n"), "{tested}");
}

#[test]
fn one_in_python_can_be_called() {
    let workspace = recipes();
    workspace.write("zlib/recipe.txt", "1.3");
    let params = r#"{"options": {}, "sources": ["zlib/recipe.txt"]}"#;
    let called = workspace.succeed(&["plugin", "call", "recipes", "importer/load", params]);
    let told: serde_json::Value = serde_json::from_str(&called.stdout).unwrap_or_default();
    assert_eq!(
        told,
        serde_json::json!({
            "fragments": [{ "path": ["packages", "zlib"], "data": { "version": "1.3" } }]
        }),
        "{called}"
    );
}
