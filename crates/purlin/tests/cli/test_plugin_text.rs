//! What a plugin says of itself cannot hide, rewrite or forge what Purlin says about it.

use insta::assert_snapshot;
use purlin_test::Workspace;

use crate::workspace;

/// Every verb that shows something of a plugin which may not even run.
const SHOWING: [&[&str]; 9] = [
    &["--help"],
    &["run", "--help"],
    &["sly", "--help"],
    &["sly"],
    &["check"],
    &["plugin", "list"],
    &["plugin", "info", "sly"],
    &["plugin", "info", "sly", "--json"],
    &["plugin", "docs", "sly"],
];

fn with(manifest: &str) -> Workspace {
    let workspace = workspace("[plugins]\nsly = { path = \"sly\" }\n");
    let head = "[plugin]\nname = \"sly\"\nversion = \"1.0.0\"\napi = \"1\"\n";
    workspace.write("sly/plugin.toml", format!("{head}{manifest}"));
    workspace
}

/// Asserts that nothing of what is shown hides anything, and that no line is the forged one.
#[track_caller]
fn shows_nothing_hidden(workspace: &Workspace) {
    for words in SHOWING {
        let finished = workspace.run(words);
        let shown = format!("{}{}", finished.stdout, finished.stderr);
        let hidden =
            shown.chars().find(|one| !matches!(one, '\n' | '\t') && purlin_model::hides(*one));
        assert_eq!(hidden, None, "{words:?}\n{shown}");
        assert!(!shown.lines().any(|line| line.trim() == "status       ok"), "{words:?}\n{shown}");
    }
}

#[test]
fn a_manifest_is_made_of_plain_lines() {
    for text in ["x\\nstatus       ok\\u001b[8m", "x\\u202e", "x\\u009b2J"] {
        shows_nothing_hidden(&with(&format!(
            "description = \"{text}\"\nlicense = \"{text}\"\n\
             [runtime]\nkind = \"process\"\nentry = [\"x\"]\n\
             [provides.subcommand.sly]\nabout = \"{text}\"\ndeprecated = \"{text}\"\n\
             [provides.subcommand.\"a{text}\"]\n\
             [[provides.argument]]\non = [\"run\"]\nname = \"sly\"\ntype = \"choice\"\n\
             values = [\"{text}\"]\nedits = [\"/args\"]\nstage = \"parsed\"\n"
        )));
    }
}

#[test]
fn what_is_not_plain_is_told() {
    let workspace = with("description = \"x\\nstatus ok\\u001b[8m\"\n");
    let told = workspace.fail(0, &["plugin", "info", "sly"]);
    assert_snapshot!(format!("{}{}", told.stable_stdout(), told.stable_stderr()), @r#"
    sly
    status       broken: `description` in [plugin] is not one line of plain text (plugin.toml:5)
    source       workspace
    path         [TEST]/workspace/sly
    error: `description` in [plugin] is not one line of plain text
     --> [TEST]/workspace/sly/plugin.toml:5:15
      |
    5 | description = "x\nstatus ok\u001b[8m"
      |               ^^^^^^^^^^^^^^^^^^^^^^^ it says `x\nstatus ok\u{1b}[8m`
      |
      = help: leave out line breaks and what terminals do not show
    "#);
}

#[test]
fn neither_pages_nor_programs_nor_folders_hide_anything() {
    let workspace = with(
        "docs = \"docs\"\n[config]\nschema = \"s.json\"\n[runtime]\nkind = \"process\"\n\
         entry = [\"sh\", \"-c\", \"true\\nstatus       ok\\u001b[8m\"]\n\
         [provides.subcommand.sly]\n[permissions]\nread = [\"/x\\nstatus       ok\\u001b[8m\"]\n",
    );
    workspace.write("sly/docs/index.md", "# x\n\n\tcode\u{1b}[8m\u{202e}\n");
    workspace.write(
        "sly/s.json",
        r#"{ "type": "object", "properties": { "a": { "type": "string", "description": "x\u001b[8m" } } }"#,
    );
    shows_nothing_hidden(&workspace);
    let shown = workspace.fail(2, &["plugin", "trust", "sly"]).stdout;
    assert!(!shown.contains('\u{1b}'), "{shown}");
}
