use std::fs;
use std::os::unix::fs::PermissionsExt;

use tempfile::TempDir;

use super::*;

const MANIFEST: &str = r#"
[plugin]
name = "tree"
version = "1.0.0"
api = "1"
description = "Trees"
license = "MIT"
docs = "docs"
[runtime]
kind = "process"
entry = { module = "tree" }
[provides.dependency.tree]
about = "A folder"
schema = "schemas/tree.json"
key = "path"
"#;

const PROJECT: &str = r#"
[build-system]
build-backend = "setuptools.build_meta"
[project]
name = "purlin-tree"
[project.entry-points."purlin.plugins"]
tree = "tree"
[tool.setuptools.package-data]
tree = ["plugin.toml", "schemas/*.json"]
"#;

/// A project in which nothing is wrong.
fn project() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let files = [
        ("purlin-tree/pyproject.toml", PROJECT),
        ("purlin-tree/src/tree/plugin.toml", MANIFEST),
        ("purlin-tree/src/tree/__init__.py", ""),
        ("purlin-tree/src/tree/tree.py", ""),
        ("purlin-tree/src/tree/docs/index.md", "# Trees\n"),
        (
            "purlin-tree/src/tree/schemas/tree.json",
            r#"{"type": "object", "properties": {"path": {"type": "string"}}}"#,
        ),
    ];
    for (path, text) in files {
        write(&folder, path, text);
    }
    folder
}

fn write(folder: &TempDir, path: &str, text: &str) {
    let path = folder.path().join(path);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

/// What is said of the project, once of its folder and once of the plugin's: it must be the same.
fn told(folder: &TempDir) -> Vec<String> {
    let told = |path: &str| -> Vec<String> {
        let linted = lint(&folder.path().join(path));
        let base = folder.path().display().to_string();
        let plain = |one: &Diagnostic| one.to_string().replace(&base, "");
        linted.diagnostics.iter().map(plain).collect()
    };
    let of_project = told("purlin-tree");
    assert_eq!(of_project, told("purlin-tree/src/tree"));
    of_project
}

/// A project with one change.
fn with(path: &str, change: impl Fn(String) -> String) -> TempDir {
    let folder = project();
    let text = fs::read_to_string(folder.path().join(path)).unwrap_or_default();
    write(&folder, path, &change(text));
    folder
}

#[test]
fn a_project_that_is_right_is_left_alone() {
    assert_eq!(told(&project()), Vec::<String>::new());
}

#[test]
fn the_mistakes_of_packaging_are_told() {
    let pyproject = "purlin-tree/pyproject.toml";
    let with_project =
        |from: &'static str, to: &'static str| with(pyproject, |text| text.replace(from, to));
    assert_eq!(
        told(&with_project("name = \"purlin-tree\"", "name = \"forest\"")),
        ["the plugin is `tree` and its distribution is `forest` (/purlin-tree/pyproject.toml:5:8)"]
    );
    assert_eq!(
        told(&with_project("name = \"purlin-tree\"", "name = \"tree_purlin\"")),
        ["the folder is `purlin-tree` and the distribution is `tree_purlin` \
          (/purlin-tree/pyproject.toml:5:8)"]
    );
    assert_eq!(
        told(&with("purlin-tree/setup.py", |_| "import setuptools\n".to_owned())),
        ["there is a `setup.py` beside `pyproject.toml` (/purlin-tree/pyproject.toml:1:1)"]
    );
    assert_eq!(
        told(&with_project("tree = \"tree\"\n", "wood = \"tree\"\n")),
        ["the entry point is `wood` and the plugin is `tree` (/purlin-tree/pyproject.toml:7:8)"]
    );
    let removed = "[tool.setuptools.package-data]\ntree = [\"plugin.toml\", \"schemas/*.json\"]\n";
    assert_eq!(
        told(&with_project(removed, "")),
        ["the distribution leaves `plugin.toml` out (/purlin-tree/pyproject.toml:3:17)"]
    );
}

#[test]
fn an_entry_point_that_names_nothing_is_told() {
    let folder = with("purlin-tree/pyproject.toml", |text| {
        text.replace("tree = \"tree\"\n", "tree = \"treee\"\n")
    });
    let linted = lint(&folder.path().join("purlin-tree/src/tree"));
    let [one] = linted.diagnostics.as_slice() else { panic!("{:?}", linted.diagnostics) };
    assert_eq!(one.summary, "the entry point names `treee`, and there is no such module");
    assert_eq!(one.help, "did you mean `tree`?");
    // The project itself then leads nowhere.
    let linted = lint(&folder.path().join("purlin-tree"));
    assert_eq!(linted.diagnostics[0].code, "no-plugin");
    let folder = with("purlin-tree/pyproject.toml", |text| {
        text.replace("[project.entry-points.\"purlin.plugins\"]\ntree = \"tree\"\n", "")
    });
    write(&folder, "purlin-tree/plugin.toml", MANIFEST);
    write(&folder, "purlin-tree/tree.py", "");
    let told: Vec<_> = lint(&folder.path().join("purlin-tree")).diagnostics;
    let codes: Vec<&str> = told.iter().map(|one| one.code.as_str()).collect();
    assert!(codes.contains(&"no-entry-point"), "{told:?}");
}

#[test]
fn data_outside_the_package_is_told() {
    let folder = project();
    write(&folder, "purlin-tree/plugin.toml", MANIFEST);
    write(&folder, "purlin-tree/tree.py", "");
    write(&folder, "purlin-tree/docs/index.md", "");
    write(
        &folder,
        "purlin-tree/schemas/tree.json",
        r#"{"type": "object", "properties": {"path": {"type": "string"}}}"#,
    );
    let told = lint(&folder.path().join("purlin-tree")).diagnostics;
    let [one] = told.as_slice() else { panic!("{told:?}") };
    assert_eq!(one.summary, "`plugin.toml` is not in the package `tree`");
}

#[test]
fn what_people_and_the_host_need_is_told() {
    let manifest = "purlin-tree/src/tree/plugin.toml";
    let changed = |change: &dyn Fn(String) -> String| {
        let told = told(&with(manifest, change));
        told.iter().map(|one| one.split(" (").next().unwrap_or_default().to_owned()).collect()
    };
    let expect = |change: &dyn Fn(String) -> String, expected: &[&str]| {
        let told: Vec<String> = changed(change);
        assert_eq!(told, expected);
    };
    expect(
        &|text| text.replace("license = \"MIT\"\n", ""),
        &["`tree` does not say under which licence it may be used"],
    );
    expect(&|text| text.replace("description = \"Trees\"\n", ""), &["`tree` has no description"]);
    expect(
        &|text| text.replace("\"docs\"", "\"pages\""),
        &["`docs` names `pages`, and there is no page in it"],
    );
    expect(
        &|text| text.replace("about = \"A folder\"\n", ""),
        &["dependency/tree does not say what it is"],
    );
    expect(
        &|text| text.replace("{ module = \"tree\" }", "{ module = \"wood\" }"),
        &["dependency/tree cannot be started"],
    );
    expect(
        &|text| text.replace("{ module = \"tree\" }", "[\"./wood\"]"),
        &["dependency/tree cannot be started"],
    );
    // The manifest's own mistakes, and the files'.
    expect(
        &|text| text.replace("schemas/tree.json", "schemas/wood.json"),
        &["there is no file `schemas/wood.json`"],
    );
    expect(
        &|text| text.replace("api = \"1\"", "apii = \"1\""),
        &["`api` is missing in [plugin]", "unknown key `apii` in [plugin]"],
    );
}

#[test]
fn a_program_must_be_executable() {
    let folder = with("purlin-tree/src/tree/plugin.toml", |text| {
        text.replace("{ module = \"tree\" }", "[\"./run\"]")
    });
    write(&folder, "purlin-tree/src/tree/run", "#!/bin/sh\n");
    let path = folder.path().join("purlin-tree/src/tree/run");
    let detail = |folder: &TempDir| {
        let linted = lint(&folder.path().join("purlin-tree"));
        linted.diagnostics.iter().map(|one| one.detail.clone()).collect::<Vec<_>>()
    };
    assert_eq!(detail(&folder), ["`./run` is not executable."]);
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
    assert_eq!(detail(&folder), Vec::<String>::new());
}

#[test]
fn attributes_that_the_schema_does_not_type_are_told() {
    let folder = with("purlin-tree/src/tree/schemas/tree.json", |_| {
        r#"{"type": "object", "properties": {
            "path": {"type": "string"},
            "options": {"type": "object", "properties": {"depth": {}, "how": {"enum": ["a"]}}}
        }}"#
        .to_owned()
    });
    let plugin = "/purlin-tree/src/tree/plugin.toml";
    let expected =
        format!("`/options/depth` in `schemas/tree.json` may be anything ({plugin}:14:10)");
    assert_eq!(told(&folder), [expected]);
}

#[test]
fn names_that_the_host_keeps_for_itself_are_told() {
    let schema = r#"{"type": "object", "properties": {
        "path": {"type": "string"}, "type": {"type": "string"}, "required": {"type": "boolean"}
    }}"#;
    let folder = with("purlin-tree/src/tree/schemas/tree.json", |_| schema.to_owned());
    let plugin = "/purlin-tree/src/tree/plugin.toml";
    let of_type = format!("`type` in `schemas/tree.json` is never filled ({plugin}:14:10)");
    assert_eq!(told(&folder), std::slice::from_ref(&of_type));
    let manifest = MANIFEST
        .replace("[provides.dependency.tree]", "[provides.cache.tree]")
        .replace("key = \"path\"\n", "");
    write(&folder, "purlin-tree/src/tree/plugin.toml", &manifest);
    let required = of_type.replace("`type`", "`required`");
    assert_eq!(told(&folder), [of_type, required]);
}

#[test]
fn a_folder_without_a_manifest_is_no_plugin() {
    let folder = tempfile::tempdir().unwrap();
    let linted = lint(folder.path());
    assert_eq!(linted.manifest, None);
    assert_eq!(linted.diagnostics.len(), 1);
    assert_eq!(linted.diagnostics[0].code, "no-plugin");
}

#[test]
fn definitions_that_are_shipped_are_in_starlark() {
    let folder = tempfile::tempdir().unwrap();
    let manifest = "plugin = { name = 'tree', version = '1.0.0', api = '1', description = 'x', license = 'MIT' }\n\
                    ships = { definitions = ['good.star', 'bad.star', 'data.toml'] }\n";
    for (path, text) in [
        ("plugin.toml", manifest),
        ("good.star", "def name():\n    return 1\n"),
        ("bad.star", "def name(:\n"),
        ("data.toml", ""),
    ] {
        fs::write(folder.path().join(path), text).unwrap();
    }
    let linted = lint(folder.path());
    let told: Vec<&str> = linted.diagnostics.iter().map(|one| one.code.as_str()).collect();
    assert_eq!(told, ["syntax", "shipped-definitions"], "{:?}", linted.diagnostics);
}
