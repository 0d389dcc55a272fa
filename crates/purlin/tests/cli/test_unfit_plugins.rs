//! Plugins whose manifest can be read and that cannot be used all the same, or are another's.

use insta::assert_snapshot;

use crate::test_bad_manifest::{in_need, listed, the_rest_works, with_plugin};

const WORDS: &str = r#"[plugin]
name = "own"
version = "1.0.0"
api = "1"
description = "Words of a language"

[runtime]
kind = "process"
entry = { module = "own" }

[provides.dependency.words]
about = "Words"
key = "language"
schema = "words.json"

[provides.subcommand.say]
about = "Says words"

[[provides.argument]]
on = ["run"]
name = "loud"
type = "bool"
about = "Say it loudly"
edits = ["/args"]
"#;

#[test]
fn a_schema_outside_the_subset_breaks_its_plugin() {
    let workspace = in_need(WORDS);
    workspace.write(
        "own/words.json",
        r#"{
  "type": "object",
  "properties": {
    "language": { "type": "strng" },
    "count": { "allOf": [] }
  }
}"#,
    );
    the_rest_works(&workspace);
    assert_snapshot!(listed(&workspace, "own"), @"own       1.0.0  process   workspace  broken: unknown type `strng` (words.json:4) and 1 more: see `purlin plugin info own` ([TEST]/workspace/own)");
    assert_snapshot!(workspace.fail(2, &["check"]).stable_stderr(), @r#"
    error: `own` cannot be used: the plugin `own` is broken
     --> [TEST]/workspace/own/words.json:4:27
      |
    4 |     "language": { "type": "strng" },
      |                           ^^^^^^^ unknown type `strng`
    5 |     "count": { "allOf": [] }
      |                ------- the keyword `allOf` cannot be used here
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
      ::: [TEST]/workspace/own/words.json:4:27
       |
     4 |     "language": { "type": "strng" },
       |                           ------- unknown type `strng`
     5 |     "count": { "allOf": [] }
       |                ------- the keyword `allOf` cannot be used here
       |
       = help: `purlin plugin info own` shows everything that is wrong with it
    "#);
    std::fs::remove_file(workspace.path("own/words.json")).unwrap();
    the_rest_works(&workspace);
    assert_snapshot!(workspace.fail(2, &["check"]).stable_stderr(), @r#"
    error: `own` cannot be used: the plugin `own` is broken
      --> [TEST]/workspace/own/plugin.toml:14:10
       |
    14 | schema = "words.json"
       |          ^^^^^^^^^^^^ the schema `words.json` cannot be read
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
      ::: [TEST]/workspace/own/plugin.toml:14:10
       |
    14 | schema = "words.json"
       |          ------------ the schema `words.json` cannot be read
       |
       = help: `purlin plugin info own` shows everything that is wrong with it
    "#);
}

#[test]
fn a_plugin_for_another_contract_is_incompatible() {
    let workspace = in_need(
        "[plugin]\nname = \"own\"\nversion = \"1.0.0\"\napi = \"2\"\n[unheard]\nof = true\n",
    );
    the_rest_works(&workspace);
    assert_snapshot!(listed(&workspace, "own"), @"own       -      -         workspace  incompatible: the plugin is written for version 2 of the contract (plugin.toml:4) ([TEST]/workspace/own)");
    assert_snapshot!(workspace.succeed(&["plugin", "info", "own"]).stable_stderr(), @r#"
    error: the plugin is written for version 2 of the contract
     --> [TEST]/workspace/own/plugin.toml:4:7
      |
    4 | api = "2"
      |       ^^^ this Purlin speaks version 1
      |
      = help: use a version of the plugin or of Purlin that fits the other
    "#);
    assert_snapshot!(workspace.fail(2, &["check"]).stable_stderr(), @r#"
    error: `own` cannot be used: the plugin `own` is incompatible with this Purlin
     --> [TEST]/workspace/own/plugin.toml:4:7
      |
    4 | api = "2"
      |       ^^^ the plugin is written for version 2 of the contract
      |
     ::: purlin.toml:4:16
      |
    4 | own = { path = "own" }
      |                ----- the plugin is taken from here
      |
      = help: `purlin plugin info own` shows everything that is wrong with it

    error: there is no dependency type `words`
      --> purlin.toml:13:28
       |
    13 | deps = ["in.txt", { type = "words" }]
       |                            ^^^^^^^ named here
       |
       = What the broken plugin `own` provides is not known: the plugin is written for version 2 of the contract (plugin.toml:4).
       = help: dependency types: `command`, `const`, `glob`, `load`, `package`, `pydist`, `variable`
    "#);
    assert_snapshot!(workspace.fail(2, &["run", "needy"]).stable_stderr(), @r#"
    error: there is no dependency type `words`
      --> purlin.toml:13:28
       |
    13 | deps = ["in.txt", { type = "words" }]
       |                            ^^^^^^^ named here
       |
       = What the broken plugin `own` provides is not known: the plugin is written for version 2 of the contract (plugin.toml:4).
       = help: dependency types: `command`, `const`, `glob`, `load`, `package`, `pydist`, `variable`
    "#);
}

#[test]
fn a_plugin_for_another_purlin_is_incompatible() {
    let workspace = with_plugin(
        "[plugin]\nname = \"own\"\nversion = \"1.0.0\"\napi = \"1\"\n[requires]\npurlin = \">=7\"\n",
    );
    the_rest_works(&workspace);
    assert_snapshot!(listed(&workspace, "own"), @"own       1.0.0  -         workspace  incompatible: it needs Purlin >=7, and this is 0.1.0 (plugin.toml:2) ([TEST]/workspace/own)");
    assert_snapshot!(workspace.fail(2, &["check"]).stable_stderr(), @r#"
    error: `own` cannot be used: the plugin `own` is incompatible with this Purlin
     --> [TEST]/workspace/own/plugin.toml:2:8
      |
    2 | name = "own"
      |        ^^^^^ it needs Purlin >=7, and this is 0.1.0
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
fn a_process_plugin_without_its_module_is_listed_and_its_use_says_what_is_missing() {
    let workspace = in_need(WORDS);
    workspace.write("own/words.json", r#"{ "type": "object" }"#);
    the_rest_works(&workspace);
    assert_snapshot!(listed(&workspace, "own"), @"own       1.0.0  process   workspace  dependency/words, subcommand/say, argument/loud");
    assert_snapshot!(workspace.succeed(&["plugin", "info", "own"]).stable_stdout(), @"
    own 1.0.0
    Words of a language
    status       ok
    source       workspace
    path         [TEST]/workspace/own
    runtime      process
    permissions  none
    enforced [SYSTEM]
      dependency/words  Words
      subcommand/say  Says words
      argument/loud  Say it loudly
    ");
    assert!(workspace.succeed(&["--help"]).stdout.contains("say            Says words [own]"));
    assert_snapshot!(begun(&workspace.fail(3, &["say"]).stable_stderr()), @r#"
    error: `purlin say` failed
      --> [TEST]/workspace/own/plugin.toml:16:22
       |
    16 | [provides.subcommand.say]
       |                      ^^^ provided here
       |
       = it cannot begin: the module `own` cannot be imported: ModuleNotFoundError: No module named 'own'
         plugin `own` 1.0.0, call `initialize`
    "#);
    assert_snapshot!(begun(&workspace.fail(3, &["run", "--loud"]).stable_stderr()), @r#"
    error: the flag `--loud` could not be applied
      --> [TEST]/workspace/own/plugin.toml:21:8
       |
    21 | name = "loud"
       |        ^^^^^^ this flag
       |
       = it cannot begin: the module `own` cannot be imported: ModuleNotFoundError: No module named 'own'
         plugin `own` 1.0.0, call `initialize`
    "#);
    assert_snapshot!(begun(&workspace.fail(3, &["run", "needy"]).stable_stderr()), @r#"
    error: the dependency type `words` has no answer
      --> purlin.toml:13:19
       |
    13 | deps = ["in.txt", { type = "words" }]
       |                   ^^^^^^^^^^^^^^^^^^ it cannot begin: the module `own` cannot be imported: ModuleNotFoundError: No module named 'own'
       |
       = plugin `own` 1.0.0, call `initialize`
    "#);
}

/// A message without the traceback at its end, which shows the insides of the SDK.
fn begun(message: &str) -> String {
    message.split("The last that it wrote").next().unwrap_or_default().trim_end().to_owned()
}

#[test]
fn a_bundled_name_is_shadowed_by_the_workspace_only() {
    let glob = "[plugin]\nname = \"glob\"\nversion = \"7.0.0\"\napi = \"1\"\n";
    let mut workspace = with_plugin(WORDS);
    workspace.write("own/words.json", r#"{ "type": "object" }"#);
    workspace.write("../path/glob/plugin.toml", glob);
    workspace = workspace.variable("PURLIN_PLUGIN_PATH", "../path");
    the_rest_works(&workspace);
    assert_snapshot!(listed(&workspace, "glob"), @"
    glob      7.0.0  -         path       shadowed: `glob` is a bundled plugin, and only `path` in `[plugins]` can put another in its place ([TEST]/workspace/../path/glob)
    glob      0.1.0  native    bundled    dependency/glob
    ");

    workspace.write("purlin.toml", "[workspace]\n[plugins]\nglob = { path = \"../path/glob\" }\n[commands.fine]\nexec = \"true\"\ndeps = [\"in.txt\"]\n");
    assert_snapshot!(listed(&workspace, "glob"), @"
    glob      7.0.0  -         workspace  it contributes nothing
    glob      7.0.0  -         path       shadowed: `[TEST]/path/glob` comes first on the search path ([TEST]/workspace/../path/glob)
    glob      0.1.0  native    bundled    shadowed: `[TEST]/path/glob` comes first on the search path
    ");
    assert_snapshot!(workspace.fail(2, &["run"]).stable_stderr(), @r#"
    error: no plugin provides the default dependency type
     --> purlin.toml:6:9
      |
    6 | deps = ["in.txt"]
      |         ^^^^^^^^ this text
      |
      = A plain value needs the one feature that its plugin marks with `default = true`.
      = help: name the type
    "#);
}

#[test]
fn the_first_plugin_of_a_name_wins_and_the_others_are_listed() {
    let mut workspace = with_plugin(WORDS);
    workspace.write("own/words.json", r#"{ "type": "object" }"#);
    for (place, version) in [("../path", "2.0.0"), ("../data/plugins", "3.0.0")] {
        let manifest = format!("[plugin]\nname = \"own\"\nversion = \"{version}\"\napi = \"1\"\n");
        workspace.write(format!("{place}/own/plugin.toml"), manifest);
    }
    workspace = workspace.variable("PURLIN_PLUGIN_PATH", "../path");
    the_rest_works(&workspace);
    assert_snapshot!(listed(&workspace, "own"), @"
    own       1.0.0  process   workspace  dependency/words, subcommand/say, argument/loud
    own       2.0.0  -         path       shadowed: `[TEST]/workspace/own` comes first on the search path ([TEST]/workspace/../path/own)
    own       3.0.0  -         user       shadowed: `[TEST]/workspace/own` comes first on the search path ([TEST]/data/plugins/own)
    ");
    assert!(workspace.succeed(&["plugin", "info", "own"]).stdout.starts_with("own 1.0.0\n"));
}
