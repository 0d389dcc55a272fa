use insta::assert_snapshot;
use purlin_host::{Need, PluginStatus};
use purlin_plugin::Point;

use crate::support::{HELLO, Place};

const NOTHING: &str = "";

fn lines(place: &Place) -> String {
    let listed = place.open().list();
    let lines: Vec<String> = listed
        .iter()
        .map(|one| {
            let path =
                one.path.as_ref().map_or_else(String::new, |path| path.display().to_string());
            format!("{} {} {} {path}: {}", one.name, one.source, one.status.as_str(), one.reason)
        })
        .collect();
    place.plain(&lines.join("\n"))
}

#[test]
fn the_first_of_a_name_wins_and_the_others_are_listed() {
    let mut place = Place::new();
    place.folders =
        vec![place.path("one"), place.path("two"), place.path("lone"), place.path("no")];
    place.named("one/tools-a", "tools", HELLO);
    place.named("one/tools-b", "tools", HELLO);
    place.plugin("two/tools", HELLO);
    place.plugin("lone", NOTHING);
    place.plugin("user/tools", HELLO);
    place.plugin("one/files", HELLO);
    assert_snapshot!(lines(&place), @r"
    files path shadowed [dir]/one/files: `files` is a bundled plugin, and only `path` in `[plugins]` can put another in its place
    files bundled ok : 
    lone path ok [dir]/lone: it contributes nothing
    tools path ok [dir]/one/tools-a: 
    tools path shadowed [dir]/one/tools-b: `[dir]/one/tools-a` comes first on the search path
    tools path shadowed [dir]/two/tools: `[dir]/one/tools-a` comes first on the search path
    tools user shadowed [dir]/user/tools: `[dir]/one/tools-a` comes first on the search path
    ");
    assert_eq!(
        place.open().find(Point::Subcommand, "hello", Need::Any).unwrap().folder.unwrap(),
        place.path("one/tools-a")
    );

    // Naming the bundled one is not enough to replace it, a path is.
    "[plugins]\nfiles = \"*\"\n".clone_into(&mut place.table);
    assert!(lines(&place).contains("files path shadowed"));
    "[plugins]\nfiles = { path = \"own/../own/files\" }\ntools = { path = \"own/tools\" }\n"
        .clone_into(&mut place.table);
    place.plugin("own/files", NOTHING);
    place.plugin("own/tools", HELLO);
    assert_snapshot!(lines(&place), @r"
    files workspace ok [dir]/own/files: it contributes nothing
    files path shadowed [dir]/one/files: `[dir]/own/files` comes first on the search path
    files bundled shadowed : `[dir]/own/files` comes first on the search path
    lone path ok [dir]/lone: it contributes nothing
    tools workspace ok [dir]/own/tools: 
    tools path shadowed [dir]/one/tools-a: `[dir]/own/tools` comes first on the search path
    tools path shadowed [dir]/one/tools-b: `[dir]/own/tools` comes first on the search path
    tools path shadowed [dir]/two/tools: `[dir]/own/tools` comes first on the search path
    tools user shadowed [dir]/user/tools: `[dir]/own/tools` comes first on the search path
    ");
}

#[test]
fn a_plugin_that_comes_first_and_is_broken_is_not_passed_over() {
    let mut place = Place::new();
    place.folders = vec![place.path("one")];
    place.write(
        "one/hello/plugin.toml",
        "[plugin]\nname = \"hello\"\n[provides.subcommand.hello]\n",
    );
    place.plugin("user/hello", HELLO);
    let plugins = place.open();
    let error = plugins.find(Point::Subcommand, "hello", Need::Any).unwrap_err();
    assert_eq!(error.code, "broken-plugin");
}

#[test]
fn the_list_has_the_documented_shape() {
    let mut place = Place::new();
    place.plugin("user/alpha", HELLO);
    place.named("user/folder-of-beta", "beta", HELLO);
    place.write(
        "user/gamma/plugin.toml",
        "[plugin]\nname = \"gamma\"\napi = \"1\"\nversion = \"x\"\n",
    );
    "[plugins]\nalpha = \"1\"\n".clone_into(&mut place.table);
    let listed: Vec<_> = place.open().list().iter().map(|one| one.to_json()).collect();
    let text = serde_json::to_string_pretty(&listed).unwrap();
    assert_snapshot!(place.plain(&text), @r#"
    [
      {
        "description": "About alpha",
        "diagnostics": [],
        "enabled": true,
        "features": [
          {
            "name": "hello",
            "point": "subcommand",
            "reason": "the subcommand `hello` is provided by `alpha` and `beta`",
            "status": "contested"
          }
        ],
        "name": "alpha",
        "path": "[dir]/user/alpha",
        "reason": "",
        "runtime": "process",
        "source": "user",
        "status": "ok",
        "version": "1.2.0"
      },
      {
        "description": "About beta",
        "diagnostics": [
          {
            "code": "folder-name",
            "detail": "",
            "help": "",
            "labels": [
              {
                "column": 8,
                "file": "[dir]/user/folder-of-beta/plugin.toml",
                "line": 2,
                "text": "its name"
              }
            ],
            "severity": "note",
            "summary": "the folder of the plugin `beta` is called `folder-of-beta`"
          }
        ],
        "enabled": false,
        "features": [
          {
            "name": "hello",
            "point": "subcommand",
            "reason": "the subcommand `hello` is provided by `alpha` and `beta`",
            "status": "contested"
          }
        ],
        "name": "beta",
        "path": "[dir]/user/folder-of-beta",
        "reason": "",
        "runtime": "process",
        "source": "user",
        "status": "ok",
        "version": "1.2.0"
      },
      {
        "description": "Files",
        "diagnostics": [],
        "enabled": true,
        "features": [
          {
            "name": "glob",
            "point": "dependency",
            "reason": "",
            "status": "ok"
          },
          {
            "name": "local",
            "point": "cache",
            "reason": "",
            "status": "ok"
          }
        ],
        "name": "files",
        "path": null,
        "reason": "",
        "runtime": "native",
        "source": "bundled",
        "status": "ok",
        "version": "0.1.0"
      },
      {
        "description": "",
        "diagnostics": [
          {
            "code": "bad-version",
            "detail": "",
            "help": "versions are SemVer, such as `1.2.0`",
            "labels": [
              {
                "column": 11,
                "file": "[dir]/user/gamma/plugin.toml",
                "line": 4,
                "text": "unexpected character 'x' while parsing major version number"
              }
            ],
            "severity": "error",
            "summary": "`x` is not a version"
          }
        ],
        "enabled": false,
        "features": [],
        "name": "gamma",
        "path": "[dir]/user/gamma",
        "reason": "`x` is not a version (plugin.toml:4)",
        "runtime": null,
        "source": "user",
        "status": "broken",
        "version": null
      }
    ]
    "#);
}

#[test]
fn info_has_the_manifest() {
    let place = Place::new();
    place.plugin("user/alpha", HELLO);
    let info = place.open().info("alpha").unwrap();
    assert_eq!(info.entry.status, PluginStatus::Ok);
    assert_eq!(info.manifest.unwrap().features[0].name, "hello");
}

#[test]
fn odd_folders_are_listed_and_harm_nobody() {
    let mut place = Place::new();
    place.plugin("user/good", HELLO);
    place.plugin("user/.hidden", HELLO);
    place.write("user/notes.txt", "no plugin");
    place.write("user/empty/readme", "no plugin");
    place.write("user/latin/plugin.toml", "");
    std::fs::write(place.path("user/latin/plugin.toml"), b"[plugin]\nname = \"\xe9\"\n").unwrap();
    std::fs::create_dir_all(place.path("user/folder/plugin.toml")).unwrap();
    std::os::unix::fs::symlink("loop", place.path("user/loop")).unwrap();
    std::fs::create_dir(place.path("user/dangling")).unwrap();
    std::os::unix::fs::symlink("none", place.path("user/dangling/plugin.toml")).unwrap();
    let huge = format!("# {}\n", "x".repeat(2 << 20));
    place.write("user/huge/plugin.toml", &huge);
    "[plugins]\nabsent = { path = \"absent\" }\nother = { path = \"user/good\" }\n"
        .clone_into(&mut place.table);
    assert_snapshot!(lines(&place), @r"
    absent workspace broken [dir]/absent: there is no `plugin.toml` in `[dir]/absent`
    dangling user broken [dir]/user/dangling: there is no `plugin.toml` in `[dir]/user/dangling`
    files bundled ok : 
    folder user broken [dir]/user/folder: `[dir]/user/folder/plugin.toml` cannot be read: Is a directory (os error 21)
    good user ok [dir]/user/good: 
    huge user broken [dir]/user/huge: `[dir]/user/huge/plugin.toml` cannot be read: the file is larger than 1 MiB
    latin user broken [dir]/user/latin: `[dir]/user/latin/plugin.toml` cannot be read: it is not UTF-8
    other workspace broken [dir]/user/good: the folder of `other` holds the plugin `good` (plugin.toml:2)
    ");
    assert_snapshot!(place.all_told(&place.open().problems()), @r"
    error[broken-plugin]: `absent` cannot be used: the plugin `absent` is broken
      at [dir]/purlin.toml:2:19: the plugin is taken from here
      why: there is no `plugin.toml` in `[dir]/absent`.
      help: `purlin plugin info absent` shows everything that is wrong with it
    error[broken-plugin]: `other` cannot be used: the plugin `other` is broken
      at [dir]/user/good/plugin.toml:2:8 (other): the folder of `other` holds the plugin `good`
      at [dir]/purlin.toml:3:18: the plugin is taken from here
      help: `purlin plugin info other` shows everything that is wrong with it
    ");
}

#[test]
fn a_search_folder_that_cannot_be_listed_is_a_warning() {
    let mut place = Place::new();
    place.write("file", "");
    place.folders = vec![place.path("file"), place.path("absent")];
    let problems = place.open().problems();
    assert_snapshot!(place.all_told(&problems), @r"
    warning[plugin-folder]: the plugin folder `[dir]/file` cannot be listed
      why: Not a directory (os error 20).
    ");
}

#[test]
fn names_that_are_not_utf8_are_fine_for_folders() {
    use std::os::unix::ffi::OsStrExt;
    let place = Place::new();
    let folder = place.path("user").join(std::ffi::OsStr::from_bytes(b"caf\xe9"));
    place.plugin("elsewhere/tools", HELLO);
    std::fs::rename(place.path("elsewhere/tools"), &folder).unwrap();
    place.rest();
    drop(place.open());
    let plugins = place.open();
    let found = plugins.find(Point::Subcommand, "hello", Need::Any).unwrap();
    assert_eq!(plugins.files_read(), 0);
    assert_eq!(found.folder.unwrap(), folder);
}
