//! Values that several plugins contribute to, joined as the schema of their section says.

use purlin_test::Workspace;
use serde_json::json;

use crate::workspace;

fn plugin(workspace: &Workspace, name: &str, provides: &str, code: &str) {
    let manifest = format!(
        "[plugin]\nname = '{name}'\nversion = '1.0.0'\napi = '1'\ndescription = 'A test'\n\
         license = 'MIT'\n[runtime]\nkind = 'starlark'\nentry = 'plugin.star'\n\
         [provides.transform.{name}]\n{provides}"
    );
    workspace.write(format!("plugins/{name}/plugin.toml"), manifest);
    workspace.write(format!("plugins/{name}/plugin.star"), code);
}

/// A section of data that two plugins extend, and a third one puts out and has the schema of.
fn board(rule: &str) -> Workspace {
    let workspace = workspace(
        "[workspace]\nsystems = ['x86_64-linux']\n\
         [plugins]\nboard = { path = 'plugins/board' }\ncrew = { path = 'plugins/crew' }\n\
         weather = { path = 'plugins/weather' }\n\
         [[use]]\nname = 'crew'\n[[use]]\nname = 'weather'\n\
         [motd]\nlines = ['Mind the cables']\nnote = 'Ours'\n[motd.tags]\nall = ['sea', 'salt']\n",
    );
    plugin(
        &workspace,
        "board",
        "reads = ['motd']\noutputs = ['motd']\nsection = { name = 'motd', schema = 'motd.json' }\n",
        "def outputs(ctx, options):\n    \
         return [fragment(['motd'] + one.namespace, one.value, priority = one.priority, origin = one.origin) \
         for one in ctx.compose('motd', systems = []).self]\n",
    );
    let schema = json!({
        "type": "object",
        "properties": {
            "lines": { "type": "array", "x-purlin-merge": rule },
            "note": { "type": "string", "x-purlin-merge": rule },
            "tags": {
                "type": "object",
                "additionalProperties": { "type": "array", "x-purlin-merge": "union" },
            },
        },
    });
    workspace.write("plugins/board/motd.json", schema.to_string());
    for (name, line) in [("crew", "Lunch is at noon"), ("weather", "Wind from the west")] {
        let code = format!(
            "def extend(ctx, options):\n    \
             return [fragment(['motd', 'lines'], ['{line}']), fragment(['motd', 'note'], 'Of the {name}'), \
             fragment(['motd', 'tags', 'all'], ['salt', '{name}'])]\n"
        );
        plugin(&workspace, name, "extends = ['motd']\n", &code);
    }
    workspace
}

#[test]
fn what_several_plugins_contribute_is_joined_as_a_schema_says() {
    let board = board("append");
    let show = |path: &str| board.succeed(&["show", path, "--json"]).json();
    assert_eq!(
        show("motd.lines"),
        json!(["Mind the cables", "Lunch is at noon", "Wind from the west"]),
        "the smallest priority first, then by place"
    );
    assert_eq!(show("motd.note"), "Ours\nOf the crew\nOf the weather");
    assert_eq!(show("motd.tags.all"), json!(["sea", "salt", "crew", "weather"]));
    let told = board.succeed(&["explain", "motd.lines", "--json"]).json();
    assert_eq!(told["winner"]["file"], "purlin.toml");
    assert_eq!(told["shadowed"], json!([]));
    let agreeing: Vec<_> = told["agreeing"].as_array().expect("a list").iter().collect();
    let plugins: Vec<_> = agreeing.iter().map(|one| one["plugin"].as_str()).collect();
    assert_eq!(plugins, [None, Some("crew"), Some("weather")]);
    assert_eq!(board.succeed(&["check", "--json"]).json()["diagnostics"], json!([]));
}

#[test]
fn what_is_unique_is_decided_by_priority_and_is_a_conflict_among_equals() {
    let board = board("unique");
    assert_eq!(board.succeed(&["show", "motd.note", "--json"]).json(), "Ours");
    board.write(
        "purlin.toml",
        board.read("purlin.toml").replace("note = 'Ours'\n", "").replace("lines = ", "other = "),
    );
    let failed = board.fail(2, &["show", "motd.note"]);
    assert!(failed.stderr.contains("there are 2 of `motd.note`"), "{failed}");
}

#[test]
fn a_way_that_there_is_not_breaks_the_plugin() {
    let board = board("last");
    let failed = board.fail(2, &["check"]);
    assert!(failed.stderr.contains("`x-purlin-merge` must be \"unique\""), "{failed}");
    assert!(failed.stderr.contains("plugins/board/motd.json:1:"), "{failed}");
}

#[test]
fn what_is_joined_may_be_put_out_twice() {
    for rule in ["append", "union"] {
        let board = board(rule);
        let once = board.succeed(&["show", "motd", "--json"]).json();
        let code = board.read("plugins/board/plugin.star").replace(".self]", ".self] * 2");
        board.write("plugins/board/plugin.star", code);
        assert_eq!(board.succeed(&["show", "motd", "--json"]).json(), once, "{rule}");
        assert_eq!(board.succeed(&["check", "--json"]).json()["diagnostics"], json!([]), "{rule}");
    }
}

#[test]
fn what_holds_for_any_name_does_not_hold_for_declared_ones() {
    let board = board("append");
    let schema = json!({
        "type": "object",
        "properties": {
            "note": { "type": "string" },
            "tags": { "type": "object", "properties": { "all": { "type": "array" } } },
        },
        "additionalProperties": {
            "x-purlin-merge": "append",
            "oneOf": [
                { "type": "array" },
                { "type": "string" },
                { "type": "object", "additionalProperties": {
                    "type": "array", "x-purlin-merge": "append",
                } },
            ],
        },
    });
    board.write("plugins/board/motd.json", schema.to_string());
    let show = |path: &str| board.succeed(&["show", path, "--json"]).json();
    assert_eq!(
        show("motd.lines"),
        json!(["Mind the cables", "Lunch is at noon", "Wind from the west"])
    );
    assert_eq!(show("motd.note"), "Ours");
    assert_eq!(show("motd.tags.all"), json!(["sea", "salt"]));
}
