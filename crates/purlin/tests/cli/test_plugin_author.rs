//! `purlin plugin check` and `docs`: for those who write plugins. Nothing of the plugin is run.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;

use insta::assert_snapshot;
use purlin_test::Workspace;

use crate::test_review::make_fifo;
use crate::workspace as plain;

const MANIFEST: &str = r#"[plugin]
name = "tree"
version = "1.2.0"
api = "1"
description = "Trees of files"
license = "MIT"
docs = "docs"

[runtime]
kind = "process"
entry = ["./tree"]

[config]
schema = "schemas/config.json"

[provides.dependency.tree]
about = "Everything below a folder"
schema = "schemas/tree.json"
key = "path"

[provides.subcommand.trees]
about = "List trees"
args = [
  { name = "paths", kind = "positional", type = "path", many = true, about = "Folders" },
  { name = "deep", kind = "option", type = "choice", values = ["yes", "no"], default = "yes", about = "How deep" },
]

[[provides.argument]]
on = ["run"]
name = "no-trees"
type = "bool"
stage = "parsed"
about = "Leave trees out"
edits = ["/names"]

[permissions]
read = ["{workspace}"]
run = ["git"]
"#;

/// A plugin whose program leaves a mark when it is run.
fn workspace() -> Workspace {
    let workspace = plain("");
    workspace.write("tree/plugin.toml", MANIFEST);
    workspace.write("tree/docs/index.md", "# Using trees\n\n```sh\n# a comment\n```\n");
    workspace.write(
        "tree/schemas/tree.json",
        r#"{"type": "object", "required": ["path"], "properties": {
            "path": {"type": "string", "description": "The folder."}
        }}"#,
    );
    workspace.write(
        "tree/schemas/config.json",
        r#"{"type": "object", "properties": {"ignore": {"type": "array", "items": {"type": "string"}}}}"#,
    );
    workspace.write("tree/tree", "#!/bin/sh\ntouch ../ran\n");
    let program = workspace.path("tree/tree");
    std::fs::set_permissions(program, Permissions::from_mode(0o755)).expect("it was just made");
    workspace
}

#[test]
fn a_plugin_without_mistakes_passes_and_is_not_run() {
    let workspace = workspace();
    let done = workspace.succeed(&["plugin", "check", "tree"]);
    assert_eq!(done.stdout, "tree 1.2.0: no mistakes, 0 warnings\n");
    assert_eq!(workspace.succeed(&["-C", "tree", "plugin", "check"]).stdout, done.stdout);
    let document = workspace.succeed(&["plugin", "check", "tree", "--json"]).json();
    let expected = serde_json::json!({ "plugin": "tree", "version": "1.2.0", "diagnostics": [] });
    assert_eq!(document, expected);
    workspace.succeed(&["plugin", "docs", "tree"]);
    assert!(!workspace.path("ran").exists());
}

#[test]
fn mistakes_are_told_with_their_places_and_warnings_do_not_fail() {
    let workspace = workspace();
    let wrong = MANIFEST.replace("[\"./tree\"]", "[\"./wood\"]").replace("license = \"MIT\"\n", "");
    workspace.write("tree/plugin.toml", wrong);
    let done = workspace.fail(1, &["plugin", "check", "tree"]);
    assert_snapshot!(done.stable_stderr(), @r#"
    warning: `tree` does not say under which licence it may be used
     --> [TEST]/workspace/tree/plugin.toml:2:8
      |
    2 | name = "tree"
      |        ^^^^^^ here
      |
      = help: `license` takes an SPDX expression, such as "MIT OR Apache-2.0"

    error: dependency/tree cannot be started
      --> [TEST]/workspace/tree/plugin.toml:15:22
       |
    15 | [provides.dependency.tree]
       |                      ^^^^ here
       |
       = `./wood`: No such file or directory (os error 2).
    "#);
    assert_eq!(done.stdout, "");
    workspace.write("tree/plugin.toml", MANIFEST.replace("license = \"MIT\"\n", ""));
    let done = workspace.succeed(&["plugin", "check", "tree"]);
    assert_eq!(done.stdout, "tree 1.2.0: no mistakes, 1 warning\n");
}

#[test]
fn a_folder_without_a_plugin_is_told() {
    let workspace = workspace();
    for verb in ["check", "docs"] {
        let code = if verb == "check" { 1 } else { 2 };
        let done = workspace.fail(code, &["plugin", verb, "./nothing"]);
        assert!(done.stderr.starts_with("error: there is no plugin in "), "{done}");
    }
}

#[test]
fn a_page_is_made_of_manifest_schemas_and_pages() {
    let workspace = workspace();
    assert_snapshot!(workspace.succeed(&["plugin", "docs", "tree"]).stdout, @"
    # tree 1.2.0

    Trees of files.

    Licence: MIT. Runtime: process.

    ## `[plugins.tree.config]`

    | field | type | default | meaning |
    |---|---|---|---|
    | `ignore` | list of: string |  |  |

    ## dependency `tree`

    Everything below a folder.

    `tree:TEXT` in `deps` fills `path`.

    | field | type | default | meaning |
    |---|---|---|---|
    | `path` | string | required | The folder. |

    ## `purlin trees`

    List trees.

    | argument | type | default | meaning |
    |---|---|---|---|
    | `PATHS…` | path | required | Folders |
    | `--deep` | `yes` or `no` | `yes` | How deep |

    ## `purlin run --no-trees`

    Leave trees out.

    It takes no value. Of the request it may change `/names`.

    ## Permissions

    | permission | what it asks for |
    |---|---|
    | `run` | `git` |
    | `read` | `{workspace}` |

    ## Using trees

    ```sh
    # a comment
    ```
    ");
}

#[test]
fn plugins_that_are_installed_have_a_page_by_their_name() {
    let workspace = workspace();
    let page = workspace.succeed(&["plugin", "docs", "load"]).stdout;
    assert!(page.starts_with("# load "), "{page}");
    assert!(page.contains("| `format` | "), "{page}");
    let document = workspace.succeed(&["plugin", "docs", "load", "--json"]).json();
    assert_eq!(document["markdown"], page);
    // A name that is written as a path is a path.
    workspace.write("load/plugin.toml", MANIFEST);
    let page = workspace.succeed(&["plugin", "docs", "./load"]).stdout;
    assert!(page.starts_with("# tree "), "{page}");
    let done = workspace.fail(2, &["plugin", "docs", "laod"]);
    assert!(done.stderr.contains("did you mean `load`?"), "{done}");
}

#[test]
fn a_page_has_only_what_lies_in_the_plugin() {
    let workspace = workspace();
    workspace.write("secret.md", "# Nobody's business\n");
    std::os::unix::fs::symlink("../../secret.md", workspace.path("tree/docs/link.md")).unwrap();
    std::os::unix::fs::symlink("index.md", workspace.path("tree/docs/same.md")).unwrap();
    make_fifo(&workspace.path("tree/docs/pipe.md"));
    let page = workspace.succeed(&["plugin", "docs", "tree"]).stdout;
    assert_eq!(page.matches("Using trees").count(), 2, "{page}");
    assert!(!page.contains("Nobody"), "{page}");
}

#[test]
fn a_manifest_that_is_a_pipe_does_not_keep_its_author_waiting() {
    let workspace = plain("");
    std::fs::create_dir_all(workspace.path("tree")).unwrap();
    make_fifo(&workspace.path("tree/plugin.toml"));
    for verb in ["check", "test", "docs"] {
        let told = workspace.run(&["plugin", verb, "./tree"]);
        assert!(told.stderr.contains("It is a pipe, not a file"), "{told}");
    }
}
