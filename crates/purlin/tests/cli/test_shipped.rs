//! Commands that plugins ship

use insta::assert_snapshot;
use purlin_test::Workspace;

use crate::workspace;

fn with_tools(document: &str, commands: &str) -> Workspace {
    let workspace = workspace(document).variable("PURLIN_TRUST", "workspace");
    workspace.write(
        "tools/plugin.toml",
        "[plugin]\nname = \"tools\"\nversion = \"1.0.0\"\napi = \"1\"\ndescription = \"x\"\nlicense = \"MIT\"\n\
         [config]\nschema = \"config.json\"\n[ships]\ncommands = \"commands.toml\"\n",
    );
    workspace.write(
        "tools/config.json",
        r#"{"type": "object", "properties": {"line-length": {"type": "integer", "default": 80}, "files": {"type": "array", "items": {"type": "string"}, "default": ["*.txt"]}}}"#,
    );
    workspace.write("tools/commands.toml", commands);
    for folder in ["a", "b"] {
        workspace.write(format!("{folder}/x"), "");
    }
    workspace
}

const DOCUMENT: &str = "[plugins]\ntools = { path = 'tools', config = { line_length = 100 } }\n\
    [spaces.main]\nmodules = ['a', 'b']\n\
    [commands.check]\nexec = 'true'\ndeps = ['command:tools.lint']\nhidden = true\n\
    [commands.own]\nexec = 'true'\n";

const COMMANDS: &str = r#"
[lint]
exec = "echo lint {config.line-length} {module.name} {args.level} >>out"
deps = [{ type = "const", value = "{config.files}" }]
args = { level = { default = "1" } }
[setup]
exec = "echo {config.line_length}"
"#;

#[test]
fn they_run_when_named_or_depended_on() {
    let workspace = with_tools(DOCUMENT, COMMANDS);
    let listed = workspace.succeed(&["run", "--ls"]).stdout;
    assert!(!listed.contains("tools."), "{listed}");
    assert_eq!(workspace.succeed(&["run", "tools.setup"]).stdout, "100\n");
    workspace.succeed(&["run", "check", "-n", "1"]);
    assert_eq!(workspace.read("out"), "lint 100 a 1\nlint 100 b 1\n");
    workspace.succeed(&["run", "tools.lint#a?level=2"]);
    assert!(workspace.read("out").ends_with("lint 100 a 2\n"));
    workspace.succeed(&["check"]);
}

#[test]
fn what_is_wrong_with_them_is_told_in_their_file() {
    let workspace = with_tools(
        DOCUMENT,
        "[lint]\nexec = 'true {config.linelength} {config.files}'\n[lost]\nexec = 'true'\nspace = 'py'\n[other]\nexec = 'true {config.files}'\n[third]\nexec = 'true {config}'\n",
    );
    assert_snapshot!(workspace.fail(2, &["run", "check", "tools.other", "tools.third", "own"]).stable_stderr(), @"
    error: `{config.linelength}` is not in the plugin's configuration
     --> [TEST]/workspace/tools/commands.toml:2:8
      |
    2 | exec = 'true {config.linelength} {config.files}'
      |        ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ in this text
      |
      = help: did you mean `line-length`?

    error: `{config.files}` is no text
     --> [TEST]/workspace/tools/commands.toml:7:8
      |
    7 | exec = 'true {config.files}'
      |        ^^^^^^^^^^^^^^^^^^^^^ in this text

    error: `{config}` is not in the plugin's configuration
     --> [TEST]/workspace/tools/commands.toml:9:8
      |
    9 | exec = 'true {config}'
      |        ^^^^^^^^^^^^^^^ in this text
      |
      = help: fields: `files`, `line-length`
    ");
    assert_snapshot!(workspace.fail(2, &["run", "tools.lnt", "tools.lost", "tool.x", "glob.x"]).stable_stderr(), @"
    error: there is no command `tools.lnt`
     |
     = help: did you mean `tools.lint`?

    error: there is no space `py`
     --> [TEST]/workspace/tools/commands.toml:5:9
      |
    5 | space = 'py'
      |         ^^^^ named here
      |
      = help: spaces: `main`

    error: there is no plugin `tool`
     |
     = help: did you mean `tools`?

    error: there is no command `glob.x`
     |
     = help: the plugin `glob` ships no commands
    ");
    workspace.succeed(&["run", "own"]);
    workspace.write("tools/commands.toml", "[lint]\nexce = 'true'\n");
    assert_snapshot!(workspace.fail(2, &["run", "check"]).stable_stderr(), @"
    error: unknown field `/commands/lint/exce`
     --> [TEST]/workspace/tools/commands.toml:2:1
      |
    2 | exce = 'true'
      | ^^^^ not a field of this table
      |
      = help: did you mean `exec`?
    ");
}

#[test]
fn nothing_of_them_runs_without_consent() {
    let workspace = with_tools(DOCUMENT, COMMANDS).variable("PURLIN_TRUST", "");
    workspace.succeed(&["run", "own"]);
    let failed = workspace.fail(3, &["run", "check"]);
    assert!(failed.stderr.contains("purlin plugin trust"), "{failed}");
    let failed = workspace.fail(3, &["run", "tools.setup"]);
    assert!(failed.stderr.contains("purlin plugin trust"), "{failed}");
}

#[test]
fn only_enabled_plugins_give_commands() {
    let workspace = with_tools("[commands]\nown = 'true'\n", COMMANDS);
    let folder = workspace.root().to_string_lossy().into_owned();
    let found = workspace.variable("PURLIN_PLUGIN_PATH", folder);
    assert_snapshot!(found.fail(2, &["run", "tools.setup"]).stable_stderr(), @r#"
    error: the commands of `tools` cannot be used: the plugin `tools` is not enabled
     --> [TEST]/workspace/tools/plugin.toml:2:8
      |
    2 | name = "tools"
      |        ------- it is declared here
      |
      = A plugin that is only on the search path adds subcommands and flags, nothing else.
      = help: write `tools = "1.0.0"` under `[plugins]`
    "#);
}
