//! `plugin list`, `list-plugins` and `plugin info`

use serde_json::{Value as Json, json};

use crate::{folder, workspace};

fn plugin<'a>(document: &'a Json, name: &str) -> &'a Json {
    let plugins = document["plugins"].as_array().expect("it is a list");
    plugins.iter().find(|one| one["name"] == name).expect("it is listed")
}

#[test]
fn the_bundled_plugins_are_listed_anywhere() {
    let listed = folder().succeed(&["plugin", "list"]);
    insta::assert_snapshot!(listed.stable_stdout(), @r"
    active    0.1.0  native    bundled    environment/active, environment/base
    cargo     0.1.0  native    bundled    builder/cargo
    cmake     0.1.0  native    bundled    builder/cmake
    command   0.1.0  native    bundled    dependency/command
    const     0.1.0  native    bundled    dependency/const
    folder    0.1.0  native    bundled    repository/folder
    folders   0.1.0  native    bundled    importer/local-resources, importer/all-local-resources
    glob      0.1.0  native    bundled    dependency/glob
    host      0.1.0  native    bundled    repository/host
    load      0.1.0  native    bundled    dependency/load
    local     0.1.0  -         bundled    cache/local
    none      0.1.0  -         bundled    cache/none
    packages  0.1.0  native    bundled    leaf/package, dependency/package, transform/packages, transform/legacy-packages
    pydist    0.1.0  native    bundled    dependency/pydist
    repo      0.1.0  -         bundled    cache/repo
    sections  0.1.0  native    bundled    leaf/app, leaf/shell, leaf/check, leaf/template, transform/apps, transform/dev-shells, transform/checks, transform/lib, transform/templates
    variable  0.1.0  native    bundled    dependency/variable
    ");
    assert_eq!(listed.stderr, "");
}

#[test]
fn the_list_has_the_documented_shape() {
    let workspace = workspace("");
    let document = workspace.succeed(&["plugin", "list", "--json"]).json();
    let names: Vec<_> = document["plugins"]
        .as_array()
        .expect("it is a list")
        .iter()
        .filter_map(|one| one["name"].as_str())
        .collect();
    assert_eq!(
        names,
        [
            "active", "cargo", "cmake", "command", "const", "folder", "folders", "glob", "host",
            "load", "local", "none", "packages", "pydist", "repo", "sections", "variable"
        ]
    );
    let glob = plugin(&document, "glob");
    for (field, value) in [
        ("version", json!("0.1.0")),
        ("runtime", json!("native")),
        ("source", json!("bundled")),
        ("path", json!(null)),
        ("status", json!("ok")),
        ("reason", json!("")),
    ] {
        assert_eq!(glob[field], value, "{field}");
    }
    let feature = &glob["features"][0];
    assert_eq!(
        (&feature["point"], &feature["name"], &feature["status"]),
        (&json!("dependency"), &json!("glob"), &json!("ok"))
    );
    assert_eq!(plugin(&document, "local")["runtime"], json!(null), "it is only files");
}

#[test]
fn list_plugins_is_the_same() {
    let workspace = workspace("");
    for json in [&[][..], &["--json"]] {
        let list = workspace.succeed(&[&["plugin", "list"], json].concat());
        let alias = workspace.succeed(&[&["list-plugins"], json].concat());
        assert_eq!(list.stdout, alias.stdout);
    }
}

#[test]
fn a_workspaces_own_plugins_are_listed_with_their_state() {
    let workspace = workspace(
        r#"
[plugins]
mine = { path = "plugins/mine", disable = ["subcommand/shout"] }
broken = { path = "plugins/broken" }
"#,
    );
    workspace.write(
        "plugins/mine/plugin.toml",
        "[plugin]\nname = 'mine'\nversion = '1.2.3'\napi = '1'\ndescription = 'My own'\nlicense = 'MIT'\n[runtime]\nkind = 'process'\nentry = ['./run']\n[provides.subcommand.shout]\nabout = 'Shouts'\n[provides.subcommand.whisper]\nabout = 'Whispers'\n",
    );
    workspace.write("plugins/broken/plugin.toml", "[plugin]\nname = 'broken'\n");
    let document = workspace.succeed(&["plugin", "list", "--json"]).json();
    let mine = plugin(&document, "mine");
    assert_eq!((&mine["version"], &mine["runtime"]), (&json!("1.2.3"), &json!("process")));
    assert!(mine["path"].as_str().is_some_and(|path| path.ends_with("plugins/mine")), "{mine}");
    let features = mine["features"].as_array().expect("it is a list");
    let status =
        |name: &str| features.iter().find(|one| one["name"] == name).map(|one| &one["status"]);
    assert_eq!(status("shout"), Some(&json!("disabled")));
    assert_ne!(status("whisper"), Some(&json!("disabled")));
    let broken = plugin(&document, "broken");
    assert_eq!(broken["status"], "broken");
    assert_ne!(broken["reason"], "");
}

#[test]
fn info_tells_everything_about_one() {
    let workspace = workspace("");
    insta::assert_snapshot!(workspace.succeed(&["plugin", "info", "load"]).stable_stdout(), @"
    load 0.1.0
    Dependencies that a command has written down
    status       ok
    source       bundled
    runtime      native
    licence      MIT OR Apache-2.0
    read         {workspace}
      dependency/load  The globs and values in a file that another command writes
    ");
    let document = workspace.succeed(&["plugin", "info", "load", "--json"]).json();
    assert_eq!(
        (&document["name"], &document["license"]),
        (&json!("load"), &json!("MIT OR Apache-2.0"))
    );
    assert_eq!(document["permissions"]["read"], json!(["{workspace}"]));
    assert_eq!(document["features"][0]["point"], "dependency");
    let unknown = workspace.fail(2, &["plugin", "info", "laod"]);
    assert!(unknown.stderr.contains("did you mean `load`?"), "{unknown}");
}
