//! Manifests that cannot be read or say what cannot be: each breaks its own plugin alone.

use insta::assert_snapshot;
use purlin_test::Workspace;

use crate::workspace;

/// A workspace with the plugin `own` in its folder `own`, and a command that does not need it.
pub(crate) fn with_plugin(manifest: &str) -> Workspace {
    let workspace = workspace(
        r#"
[plugins]
own = { path = "own" }

[commands.fine]
exec = "echo fine > out.txt"
deps = ["in.txt"]
artifacts = ["out.txt"]
"#,
    )
    .variable("PURLIN_TRUST", "workspace");
    workspace.write("in.txt", "in");
    workspace.write("own/plugin.toml", manifest);
    workspace
}

/// A workspace that uses the dependency type `words` of the plugin `own`.
pub(crate) fn in_need(manifest: &str) -> Workspace {
    let workspace = with_plugin(manifest);
    let document = workspace.read("purlin.toml");
    workspace.write(
        "purlin.toml",
        format!("{document}\n[commands.needy]\nexec = \"true\"\ndeps = [\"in.txt\", {{ type = \"words\" }}]\nhidden = true\n"),
    );
    workspace
}

/// Whatever is wrong with the plugin, what does not need it works.
#[track_caller]
pub(crate) fn the_rest_works(workspace: &Workspace) {
    let run = workspace.succeed(&["run"]);
    assert!(run.stderr.starts_with("fine  "), "nothing else is said: {run}");
    assert_eq!(workspace.read("out.txt"), "fine\n");
    let again = workspace.succeed(&["run", "fine"]);
    assert!(again.stderr.contains("1 cached"), "{again}");
    workspace.succeed(&["plugin", "info", "glob"]);
}

/// The line of `plugin list` about a plugin.
#[track_caller]
pub(crate) fn listed(workspace: &Workspace, plugin: &str) -> String {
    let list = workspace.succeed(&["plugin", "list"]);
    let text = list.stable_stdout();
    let is_about = |line: &&str| line.split_whitespace().next() == Some(plugin);
    let lines: Vec<&str> = text.lines().filter(is_about).collect();
    assert!(!lines.is_empty(), "{list}");
    lines.join("\n")
}

const EVERYTHING_WRONG: &str = r#"
[plugin]
nmae = "own"
name = "own"
version = "1.2"
api = "1"
docs = "/usr/share/doc"

[runtime]
kind = "procces"
memory = "512"

[requires]
purlin = "about 1"

[provides.cach.x]

[provides.dependency.words]
about = "Words"

[provides.transform.t]
runtime = "process"
entry = ["t"]

[provides.subcommand.s]
args = [{ name = "all", kind = "flag" }]

[[provides.argument]]
on = ["run"]
name = "pick"
type = "choice"
edits = ["args"]

[[provides.hook]]
on = "env.activate"

[permissions]
network = ["*:443"]
"#;

#[test]
fn every_mistake_of_a_manifest_is_reported_at_once() {
    let workspace = in_need(EVERYTHING_WRONG);
    the_rest_works(&workspace);
    assert_snapshot!(listed(&workspace, "own"), @"own       -      -         workspace  broken: unknown key `nmae` in [plugin] (plugin.toml:3) and 12 more: see `purlin plugin info own` ([TEST]/workspace/own)");
    let info = workspace.succeed(&["plugin", "info", "own"]);
    assert_snapshot!(info.stable_stdout(), @"
    own
    status       broken: 13 mistakes
    source       workspace
    path         [TEST]/workspace/own
    ");
    assert_snapshot!(info.stable_stderr(), @r#"
    error: unknown key `nmae` in [plugin]
     --> [TEST]/workspace/own/plugin.toml:3:1
      |
    3 | nmae = "own"
      | ^^^^ not a key of this table
      |
      = help: did you mean `name`?

    error: `1.2` is not a version
     --> [TEST]/workspace/own/plugin.toml:5:11
      |
    5 | version = "1.2"
      |           ^^^^^ unexpected end of input while parsing minor version number
      |
      = help: versions are SemVer, such as `1.2.0`

    error: `/usr/share/doc` is not a file of the plugin
     --> [TEST]/workspace/own/plugin.toml:7:8
      |
    7 | docs = "/usr/share/doc"
      |        ^^^^^^^^^^^^^^^^ this is not relative to the plugin's folder
      |
      = help: name a file inside the plugin's folder, relative to it

    error: `kind` in [runtime] cannot be `procces`
      --> [TEST]/workspace/own/plugin.toml:10:8
       |
    10 | kind = "procces"
       |        ^^^^^^^^^ this version of Purlin does not know it
       |
       = help: did you mean `process`?

    error: `memory` in [runtime] cannot be `512`
      --> [TEST]/workspace/own/plugin.toml:11:10
       |
    11 | memory = "512"
       |          ^^^^^ a size such as `512MiB` is expected

    error: `about 1` is not a version requirement
      --> [TEST]/workspace/own/plugin.toml:14:10
       |
    14 | purlin = "about 1"
       |          ^^^^^^^^^ unexpected character 'a' while parsing major version number
       |
       = help: requirements look like `^1`, `>=0.1, <2` or `=1.2.3`

    error: unknown extension point `cach`
      --> [TEST]/workspace/own/plugin.toml:16:11
       |
    16 | [provides.cach.x]
       |           ^^^^ nothing can be provided here
       |
       = help: did you mean `cache`?

    error: [provides.transform.t] cannot run in the runtime `process`
      --> [TEST]/workspace/own/plugin.toml:22:11
       |
    22 | runtime = "process"
       |           ^^^^^^^^^ `process` may not provide the point `transform`
       |
       = help: runtimes that may: `native`, `starlark`

    error: `kind` in an argument of [provides.subcommand.s] cannot be `flag`
      --> [TEST]/workspace/own/plugin.toml:26:32
       |
    26 | args = [{ name = "all", kind = "flag" }]
       |                                ^^^^^^ this version of Purlin does not know it
       |
       = help: values: `option`, `positional`

    error: `values` is missing in [[provides.argument]]
      --> [TEST]/workspace/own/plugin.toml:28:1
       |
    28 | [[provides.argument]]
       | ^^^^^^^^^^^^^^^^^^^^^ this table needs `values`: the list to choose from

    error: `args` is not a JSON Pointer
      --> [TEST]/workspace/own/plugin.toml:32:10
       |
    32 | edits = ["args"]
       |          ^^^^^^ a pointer is `/` and a key, again and again
       |
       = help: for instance `/args`

    error: unknown event `env.activate`
      --> [TEST]/workspace/own/plugin.toml:35:6
       |
    35 | on = "env.activate"
       |      ^^^^^^^^^^^^^^ no hook is told of this
       |
       = help: did you mean `env.activated`?

    error: `*:443` cannot be granted as `network`
      --> [TEST]/workspace/own/plugin.toml:38:12
       |
    38 | network = ["*:443"]
       |            ^^^^^^^ `host:port` (the host may begin with `*.`) is expected
    "#);
    assert_snapshot!(workspace.fail(2, &["check"]).stable_stderr(), @r#"
    error: `own` cannot be used: the plugin `own` is broken
      --> [TEST]/workspace/own/plugin.toml:3:1
       |
     3 | nmae = "own"
       | ^^^^ unknown key `nmae` in [plugin]
     4 | name = "own"
     5 | version = "1.2"
       |           ----- `1.2` is not a version
     6 | api = "1"
     7 | docs = "/usr/share/doc"
       |        ---------------- `/usr/share/doc` is not a file of the plugin
    ...
    10 | kind = "procces"
       |        --------- `kind` in [runtime] cannot be `procces`
    11 | memory = "512"
       |          ----- `memory` in [runtime] cannot be `512`
    ...
    14 | purlin = "about 1"
       |          --------- `about 1` is not a version requirement
    15 |
    16 | [provides.cach.x]
       |           ---- unknown extension point `cach`
    ...
    22 | runtime = "process"
       |           --------- [provides.transform.t] cannot run in the runtime `process`
    ...
    26 | args = [{ name = "all", kind = "flag" }]
       |                                ------ `kind` in an argument of [provides.subcommand.s] cannot be `flag`
    27 |
    28 | [[provides.argument]]
       | --------------------- `values` is missing in [[provides.argument]]
    ...
    32 | edits = ["args"]
       |          ------ `args` is not a JSON Pointer
    ...
    35 | on = "env.activate"
       |      -------------- unknown event `env.activate`
    ...
    38 | network = ["*:443"]
       |            ------- `*:443` cannot be granted as `network`
       |
      ::: purlin.toml:4:16
       |
     4 | own = { path = "own" }
       |                ----- the plugin is taken from here
       |
       = help: `purlin plugin info own` shows everything that is wrong with it

    error: the dependency type `words` cannot be used: the plugin `own` is broken
      --> purlin.toml:13:28
       |
     4 | own = { path = "own" }
       |                ----- the plugin is taken from here
    ...
    13 | deps = ["in.txt", { type = "words" }]
       |                            ^^^^^^^ named here
       |
      ::: [TEST]/workspace/own/plugin.toml:3:1
       |
     3 | nmae = "own"
       | ---- unknown key `nmae` in [plugin]
     4 | name = "own"
     5 | version = "1.2"
       |           ----- `1.2` is not a version
     6 | api = "1"
     7 | docs = "/usr/share/doc"
       |        ---------------- `/usr/share/doc` is not a file of the plugin
    ...
    10 | kind = "procces"
       |        --------- `kind` in [runtime] cannot be `procces`
    11 | memory = "512"
       |          ----- `memory` in [runtime] cannot be `512`
    ...
    14 | purlin = "about 1"
       |          --------- `about 1` is not a version requirement
    15 |
    16 | [provides.cach.x]
       |           ---- unknown extension point `cach`
    ...
    22 | runtime = "process"
       |           --------- [provides.transform.t] cannot run in the runtime `process`
    ...
    26 | args = [{ name = "all", kind = "flag" }]
       |                                ------ `kind` in an argument of [provides.subcommand.s] cannot be `flag`
    27 |
    28 | [[provides.argument]]
       | --------------------- `values` is missing in [[provides.argument]]
    ...
    32 | edits = ["args"]
       |          ------ `args` is not a JSON Pointer
    ...
    35 | on = "env.activate"
       |      -------------- unknown event `env.activate`
    ...
    38 | network = ["*:443"]
       |            ------- `*:443` cannot be granted as `network`
       |
       = help: `purlin plugin info own` shows everything that is wrong with it
    "#);
    assert_snapshot!(workspace.fail(3, &["run", "needy"]).stable_stderr(), @r#"
    error: the dependency type `words` cannot be used: the plugin `own` is broken
      --> purlin.toml:13:28
       |
     4 | own = { path = "own" }
       |                ----- the plugin is taken from here
    ...
    13 | deps = ["in.txt", { type = "words" }]
       |                            ^^^^^^^ named here
       |
      ::: [TEST]/workspace/own/plugin.toml:3:1
       |
     3 | nmae = "own"
       | ---- unknown key `nmae` in [plugin]
     4 | name = "own"
     5 | version = "1.2"
       |           ----- `1.2` is not a version
     6 | api = "1"
     7 | docs = "/usr/share/doc"
       |        ---------------- `/usr/share/doc` is not a file of the plugin
    ...
    10 | kind = "procces"
       |        --------- `kind` in [runtime] cannot be `procces`
    11 | memory = "512"
       |          ----- `memory` in [runtime] cannot be `512`
    ...
    14 | purlin = "about 1"
       |          --------- `about 1` is not a version requirement
    15 |
    16 | [provides.cach.x]
       |           ---- unknown extension point `cach`
    ...
    22 | runtime = "process"
       |           --------- [provides.transform.t] cannot run in the runtime `process`
    ...
    26 | args = [{ name = "all", kind = "flag" }]
       |                                ------ `kind` in an argument of [provides.subcommand.s] cannot be `flag`
    27 |
    28 | [[provides.argument]]
       | --------------------- `values` is missing in [[provides.argument]]
    ...
    32 | edits = ["args"]
       |          ------ `args` is not a JSON Pointer
    ...
    35 | on = "env.activate"
       |      -------------- unknown event `env.activate`
    ...
    38 | network = ["*:443"]
       |            ------- `*:443` cannot be granted as `network`
       |
       = help: `purlin plugin info own` shows everything that is wrong with it
    "#);
}

#[test]
fn all_syntax_errors_of_a_manifest_are_reported_at_once() {
    let workspace = with_plugin("[plugin]\nname = own\nversion = \"1.0.0\napi = \"1\"\n[runtime\n");
    the_rest_works(&workspace);
    assert_snapshot!(listed(&workspace, "own"), @"own       -      -         workspace  broken: the file is not valid TOML (plugin.toml:2) and 2 more: see `purlin plugin info own` ([TEST]/workspace/own)");
    assert_snapshot!(workspace.fail(2, &["check"]).stable_stderr(), @r#"
    error: `own` cannot be used: the plugin `own` is broken
     --> [TEST]/workspace/own/plugin.toml:2:8
      |
    2 | name = own
      |        ^^^ the file is not valid TOML
    3 | version = "1.0.0
      |                 - the file is not valid TOML
    4 | api = "1"
    5 | [runtime
      |         - the file is not valid TOML
      |
     ::: purlin.toml:4:16
      |
    4 | own = { path = "own" }
      |                ----- the plugin is taken from here
      |
      = help: `purlin plugin info own` shows everything that is wrong with it
    "#);
}

#[test]
fn a_manifest_that_is_not_text() {
    let workspace = with_plugin("");
    workspace.write("own/plugin.toml", b"[plugin]\nname = \"own\"\ndescription = \"caf\xe9\"\n");
    the_rest_works(&workspace);
    assert_snapshot!(listed(&workspace, "own"), @"own       -      -         workspace  broken: `[TEST]/workspace/own/plugin.toml` cannot be read: it is not UTF-8 ([TEST]/workspace/own)");
    assert_snapshot!(workspace.fail(2, &["check"]).stable_stderr(), @r#"
    error: `own` cannot be used: the plugin `own` is broken
     --> purlin.toml:4:16
      |
    4 | own = { path = "own" }
      |                ^^^^^ the plugin is taken from here
      |
      = `[TEST]/workspace/own/plugin.toml` cannot be read: it is not UTF-8.
      = help: `purlin plugin info own` shows everything that is wrong with it
    "#);
}

#[test]
fn a_folder_without_a_manifest_and_no_folder_at_all() {
    let workspace = with_plugin("");
    std::fs::remove_file(workspace.path("own/plugin.toml")).unwrap();
    the_rest_works(&workspace);
    assert_snapshot!(listed(&workspace, "own"), @"own       -      -         workspace  broken: there is no `plugin.toml` in `[TEST]/workspace/own` ([TEST]/workspace/own)");
    assert_snapshot!(workspace.fail(2, &["check"]).stable_stderr(), @r#"
    error: `own` cannot be used: the plugin `own` is broken
     --> purlin.toml:4:16
      |
    4 | own = { path = "own" }
      |                ^^^^^ the plugin is taken from here
      |
      = there is no `plugin.toml` in `[TEST]/workspace/own`.
      = help: `purlin plugin info own` shows everything that is wrong with it
    "#);

    std::fs::remove_dir(workspace.path("own")).unwrap();
    the_rest_works(&workspace);
    assert_snapshot!(workspace.fail(2, &["check"]).stable_stderr(), @r#"
    error: `own` cannot be used: the plugin `own` is broken
     --> purlin.toml:4:16
      |
    4 | own = { path = "own" }
      |                ^^^^^ the plugin is taken from here
      |
      = there is no `plugin.toml` in `[TEST]/workspace/own`.
      = help: `purlin plugin info own` shows everything that is wrong with it
    "#);
}

#[test]
fn a_manifest_of_another_name() {
    let workspace = with_plugin("[plugin]\nname = \"other\"\nversion = \"1.0.0\"\napi = \"1\"\n");
    the_rest_works(&workspace);
    assert_snapshot!(workspace.fail(2, &["check"]).stable_stderr(), @r#"
    error: `own` cannot be used: the plugin `own` is broken
     --> [TEST]/workspace/own/plugin.toml:2:8
      |
    2 | name = "other"
      |        ^^^^^^^ the folder of `own` holds the plugin `other`
      |
     ::: purlin.toml:4:16
      |
    4 | own = { path = "own" }
      |                ----- the plugin is taken from here
      |
      = help: `purlin plugin info own` shows everything that is wrong with it
    "#);
}
