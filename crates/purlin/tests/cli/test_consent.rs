//! `plugin trust`, and what may run without it: nothing.

#![expect(clippy::unwrap_used, reason = "a helper of a test fails as the test does")]

use std::fs;
use std::path::PathBuf;
use std::process::Stdio;

use purlin_test::{Finished, Workspace};
use serde_json::{Value as Json, json};

use crate::{folder, workspace};

const NAMED: &str = "[plugins]\ntools = { path = \"plugins/tools\" }\n[commands.plain]\nexec = \"true\"\ndeps = [\"in.txt\"]\n";

/// A manifest of a process plugin with a subcommand of its name.
pub(crate) fn manifest(name: &str, more: &str) -> String {
    format!(
        "[plugin]\nname = \"{name}\"\nversion = \"1.0.0\"\napi = \"1\"\n\n[runtime]\nkind = \"process\"\n\
         entry = [\"./{name}\"]\n\n[provides.subcommand.{name}]\nabout = \"Runs\"\n\n{more}"
    )
}

/// A workspace that takes the plugin `tools` from a folder of its own.
fn with_tools(more: &str) -> Workspace {
    let workspace = workspace(NAMED);
    workspace.write("in.txt", "in");
    workspace.write("plugins/tools/plugin.toml", manifest("tools", more));
    workspace.write("plugins/tools/tools", "#!/bin/sh\n");
    workspace
}

/// How a plugin is, as `plugin list` says.
#[track_caller]
pub(crate) fn status(workspace: &Workspace, name: &str) -> String {
    let document = workspace.succeed(&["plugin", "list", "--json"]).json();
    let plugins = document["plugins"].as_array().unwrap();
    let found = plugins.iter().find(|one| one["name"] == name).unwrap();
    found["status"].as_str().unwrap().to_owned()
}

/// Why a plugin is not `ok`.
#[track_caller]
fn reason(workspace: &Workspace, name: &str) -> String {
    let document = workspace.succeed(&["plugin", "info", name, "--json"]).json();
    document["reason"].as_str().unwrap().to_owned()
}

fn refused(finished: &Finished) -> bool {
    finished.code == Some(3) && finished.stderr.contains("may not run without your consent")
}

/// All records of consent.
fn records(workspace: &Workspace) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut open = vec![workspace.base().join("data/consent")];
    while let Some(next) = open.pop() {
        for entry in fs::read_dir(&next).into_iter().flatten() {
            let path = entry.unwrap().path();
            match path.is_dir() {
                true => open.push(path),
                false => found.push(path),
            }
        }
    }
    found.sort();
    found
}

#[test]
fn a_plugin_that_nobody_has_consented_to_is_refused_with_the_way_out() {
    let workspace =
        with_tools("[permissions]\nnetwork = [\"*.example.com:443\"]\nread = [\"{workspace}\"]\n");
    insta::assert_snapshot!(workspace.fail(3, &["tools"]).stable_stderr(), @r#"
    error: the plugin `tools` may not run without your consent
     --> [TEST]/workspace/plugins/tools/plugin.toml:2:8
      |
    2 | name = "tools"
      |        ^^^^^^^ this plugin
      |
     ::: purlin.toml:3:1
      |
    3 | tools = { path = "plugins/tools" }
      | ----- the workspace names it here
      |
      = It runs code with your rights, and you have not consented to it.
        It asks for: network `*.example.com:443`; read `{workspace}`.
      = help: look at it, then run `purlin plugin trust tools`
    "#);
    assert_eq!(status(&workspace, "tools"), "ungranted");
    insta::assert_snapshot!(reason(&workspace, "tools"), @"
    you have not consented to it (`purlin plugin trust tools`)
    ");
    let check = workspace.succeed(&["check"]);
    insta::assert_snapshot!(check.stable_stderr(), @r#"
    warning: the plugin `tools` may not run without your consent
     --> [TEST]/workspace/plugins/tools/plugin.toml:2:8
      |
    2 | name = "tools"
      |        ^^^^^^^ this plugin
      |
     ::: purlin.toml:3:1
      |
    3 | tools = { path = "plugins/tools" }
      | ----- the workspace names it here
      |
      = It runs code with your rights, and you have not consented to it.
        It asks for: network `*.example.com:443`; read `{workspace}`.
      = help: look at it, then run `purlin plugin trust tools`
    "#);
    // What does not need it works.
    workspace.succeed(&["run"]);
}

#[test]
fn trust_shows_what_is_asked_for_and_records_it_only_when_told_to() {
    let workspace = with_tools(
        "[ships]\ncommands = \"commands.toml\"\n[permissions]\nrun = [\"rsync\"]\nread = [\"{workspace}\", \"/srv\"]\n",
    );
    workspace.write("plugins/tools/commands.toml", "");
    for arguments in [
        &["plugin", "trust"][..],
        &["plugin", "trust", "tools"],
        &["plugin", "trust", "tools", "--no-input"],
    ] {
        let shown = workspace.fail(2, arguments);
        assert!(shown.stdout.contains("rsync"), "{shown}");
        assert_eq!(records(&workspace), [] as [PathBuf; 0]);
    }
    let shown = workspace.fail(2, &["plugin", "trust"]);
    insta::assert_snapshot!(shown.stable_stdout(), @"
    tools 1.0.0
      folder       [TEST]/workspace/plugins/tools
      runs         the program `./tools`, the commands of `commands.toml`
      read         /srv, {workspace} ([SYSTEM])
      run          rsync (Purlin starts no others for it; these run with all your rights)
      enforced [SYSTEM]
      commands     run with all your rights, as the workspace's own do
      covers       the plugin in the workspace [TEST]/workspace, also when it is edited, until it asks for more
    ");
    insta::assert_snapshot!(shown.stable_stderr(), @"
    error: consent to `tools` was not recorded
     |
     = There is nobody to ask: this is not a terminal, or `--no-input` or `--json` is set.
     = help: look at what it asks for, then say `--yes`
    ");

    let document = workspace.succeed(&["plugin", "trust", "tools", "--yes", "--json"]).json();
    let one = &document["plugins"][0];
    assert_eq!(
        (&one["name"], &one["recorded"], &one["permissions"]["run"], &one["granted"]),
        (&json!("tools"), &json!(true), &json!(["rsync"]), &Json::Null)
    );
    assert!(one["covers"]["workspace"].is_string(), "{one}");
    assert_eq!(records(&workspace).len(), 1);
    assert_eq!(status(&workspace, "tools"), "ok");
    assert!(!refused(&workspace.run(&["tools"])));
    // Once is enough, and there is nothing left to ask.
    workspace.succeed(&["plugin", "trust", "tools"]);
    let nothing = workspace.succeed(&["plugin", "trust"]);
    assert_eq!(nothing.stdout, "no plugin of this workspace waits for your consent\n");
    // Bundled plugins and those without code need none.
    assert!(workspace.succeed(&["plugin", "trust", "glob"]).stdout.contains("none is needed"));
    workspace.fail(2, &["plugin", "trust", "glbo"]);
}

#[test]
fn edits_of_a_path_plugin_run_and_a_wider_request_asks_again() {
    let workspace = with_tools("[permissions]\nread = [\"/a\", \"/b\"]\n");
    workspace.succeed(&["plugin", "trust", "tools", "--yes"]);
    workspace.write("plugins/tools/tools", "#!/bin/sh\n# edited\n");
    workspace.write("plugins/tools/more.py", "");
    assert_eq!(status(&workspace, "tools"), "ok");

    let asks = |more: &str| {
        workspace.write("plugins/tools/plugin.toml", manifest("tools", more));
        workspace.run(&["tools"])
    };
    assert!(!refused(&asks("[permissions]\nread = [\"/b\"]\n")), "narrower");
    let wider = asks("[permissions]\nread = [\"/a\", \"/b\", \"/c\"]\n");
    assert!(refused(&wider), "{wider}");
    assert!(
        wider.stderr.contains("asks for more than you have consented to (read `/c`)"),
        "{wider}"
    );
    let shown = workspace.fail(2, &["plugin", "trust", "tools"]);
    assert!(shown.stdout.contains("  new          read /c\n"), "{shown}");
    assert!(refused(&asks("[permissions]\nwrite = [\"/a\"]\n")), "of another kind");
    assert!(!refused(&asks("[permissions]\nread = [\"/a\", \"/b\"]\n")), "as before");
}

#[test]
fn consent_does_not_move_to_another_workspace() {
    let workspace = with_tools("");
    workspace.succeed(&["plugin", "trust", "tools", "--yes"]);
    // The same files, and even the same id: another clone.
    let copied = std::process::Command::new("cp")
        .args(["-r", "."])
        .arg(workspace.base().join("clone"))
        .current_dir(workspace.root())
        .status();
    assert!(copied.unwrap().success());
    let mut elsewhere = workspace.command(&["tools"]);
    elsewhere.current_dir(workspace.base().join("clone"));
    let elsewhere = workspace.finish(&mut elsewhere);
    assert!(refused(&elsewhere), "{elsewhere}");
    assert!(!refused(&workspace.run(&["tools"])));

    // The workspace by another name is the same workspace.
    std::os::unix::fs::symlink(workspace.root(), workspace.base().join("link")).unwrap();
    let link = workspace.base().join("link");
    assert!(!refused(&workspace.run(&["-C", link.to_str().unwrap(), "tools"])));
    // Another plugin of the workspace is another plugin.
    workspace.write("plugins/others/plugin.toml", manifest("others", ""));
    let document = workspace.read("purlin.toml");
    let document =
        document.replace("[plugins]", "[plugins]\nothers = { path = \"plugins/others\" }");
    workspace.write("purlin.toml", document);
    assert!(refused(&workspace.run(&["others"])));
}

#[test]
fn an_installed_plugin_is_granted_by_its_content() {
    let workspace = workspace("");
    workspace.write("../data/plugins/tools/plugin.toml", manifest("tools", ""));
    workspace.write("../data/plugins/tools/tools", "#!/bin/sh\n");
    assert!(refused(&workspace.run(&["tools"])));
    workspace.succeed(&["plugin", "trust", "tools", "--yes"]);
    assert!(!refused(&workspace.run(&["tools"])));
    // In whichever workspace, or in none.
    let mut nowhere = workspace.command(&["tools"]);
    nowhere.current_dir(workspace.base().join("home"));
    assert!(!refused(&workspace.finish(&mut nowhere)));

    workspace.write("../data/plugins/tools/tools", "#!/bin/sh\n# edited\n");
    let edited = workspace.run(&["tools"]);
    assert!(refused(&edited), "{edited}");
    assert!(edited.stderr.contains("it is not the one that you have consented to"), "{edited}");
    workspace.write("../data/plugins/tools/tools", "#!/bin/sh\n");
    assert!(!refused(&workspace.run(&["tools"])));
}

#[test]
fn a_folder_of_the_plugin_path_is_consented_to_as_a_folder() {
    let workspace = workspace("").variable("PURLIN_PLUGIN_PATH", "../own");
    workspace.write("../own/tools/plugin.toml", manifest("tools", ""));
    // That the variable is set is no consent: tools that come with a clone can set it.
    let first = workspace.run(&["tools"]);
    assert!(refused(&first) && first.stderr.contains("covers all plugins of"), "{first}");
    let shown = workspace.succeed(&["plugin", "trust", "tools", "--yes"]);
    assert!(shown.stdout.contains("every plugin in "), "{shown}");
    assert!(!refused(&workspace.run(&["tools"])));

    workspace
        .write("../own/tools/plugin.toml", manifest("tools", "[permissions]\nread = [\"/\"]\n"));
    workspace.write("../own/others/plugin.toml", manifest("others", ""));
    assert!(!refused(&workspace.run(&["tools"])));
    assert!(!refused(&workspace.run(&["others"])));
    // Another folder in the variable is another folder, and so is the same one of a workspace.
    workspace.write("more/third/plugin.toml", manifest("third", ""));
    let mut other = workspace.command(&["third"]);
    other.env("PURLIN_PLUGIN_PATH", "../own:more");
    assert!(refused(&workspace.finish(&mut other)));
    workspace.write("purlin.toml", "[workspace]\n[plugins]\ntools = { path = \"../own/tools\" }\n");
    assert!(refused(&workspace.run(&["tools"])));
}

#[test]
fn a_process_can_be_told_to_trust_the_workspace() {
    let workspace = with_tools("");
    let trusting = |arguments: &[&str], value: &str| {
        let mut command = workspace.command(arguments);
        command.env("PURLIN_TRUST", value);
        workspace.finish(&mut command)
    };
    assert!(!refused(&trusting(&["tools"], "workspace")));
    assert_eq!(records(&workspace), [] as [PathBuf; 0]);
    assert!(refused(&workspace.run(&["tools"])));
    // What the workspace does not bring is not the workspace's.
    workspace.write("../data/plugins/theirs/plugin.toml", manifest("theirs", ""));
    assert!(refused(&trusting(&["theirs"], "workspace")));
    for value in ["all", "1"] {
        let wrong = trusting(&["tools"], value);
        assert_eq!(wrong.code, Some(2), "{wrong}");
        assert!(wrong.stderr.contains("set it to `workspace`, or remove it"), "{wrong}");
    }
}

#[test]
fn two_processes_that_record_at_once_lose_nothing() {
    let names: Vec<String> = (0..8).map(|number| format!("tools-{number}")).collect();
    let entries: String =
        names.iter().map(|name| format!("{name} = {{ path = \"plugins/{name}\" }}\n")).collect();
    let workspace = workspace(&format!("[plugins]\n{entries}"));
    for name in &names {
        workspace.write(format!("plugins/{name}/plugin.toml"), manifest(name, ""));
    }
    let start = |name: &String| {
        let mut command = workspace.command(&["plugin", "trust", name, "--yes"]);
        command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap()
    };
    let processes: Vec<_> = names.iter().map(start).collect();
    for process in processes {
        let finished = workspace.finished(process);
        assert_eq!(finished.code, Some(0), "{finished}");
    }
    for name in &names {
        assert_eq!(status(&workspace, name), "ok");
    }
    assert_eq!(records(&workspace).len(), names.len());
}

#[test]
fn a_sudden_death_leaves_a_whole_record_or_none() {
    let (mut granted, mut ungranted) = (0, 0);
    for point in 1.. {
        let workspace = with_tools("[permissions]\nread = [\"/a\"]\n");
        workspace.succeed(&["plugin", "list"]);
        let mut command = workspace.command(&["plugin", "trust", "tools", "--yes"]);
        command.env("PURLIN_FAULT", point.to_string());
        let finished = workspace.finish(&mut command);
        if finished.signal.is_none() {
            assert_eq!(finished.code, Some(0), "{finished}");
            break;
        }
        match status(&workspace, "tools").as_str() {
            "ok" => granted += 1,
            "ungranted" => ungranted += 1,
            other => panic!("{other}"),
        }
        workspace.succeed(&["plugin", "trust", "tools", "--yes"]);
        assert_eq!(status(&workspace, "tools"), "ok");
    }
    assert!(granted > 0 && ungranted > 3, "{granted}, {ungranted}");
}

#[test]
fn a_damaged_record_is_no_consent() {
    let workspace = with_tools("");
    workspace.succeed(&["plugin", "trust", "tools", "--yes"]);
    let record = records(&workspace).remove(0);
    let text = fs::read_to_string(&record).unwrap();
    for damaged in ["", &text[..text.len() / 2], "[", &text.replace("tools", "others")] {
        fs::write(&record, damaged).unwrap();
        assert_eq!(status(&workspace, "tools"), "ungranted", "{damaged}");
    }
    fs::remove_dir_all(workspace.base().join("data/consent")).unwrap();
    fs::write(workspace.base().join("data/consent"), "").unwrap();
    let failed = workspace.fail(1, &["plugin", "trust", "tools", "--yes"]);
    assert!(failed.stderr.contains("cannot be recorded"), "{failed}");
    assert_eq!(status(&workspace, "tools"), "ungranted");
}

#[test]
fn files_alone_need_no_consent() {
    let workspace = folder();
    workspace.write("purlin.toml", "[workspace]\n[plugins]\nlook = { path = \"look\" }\n");
    workspace.write(
        "look/plugin.toml",
        "[plugin]\nname = \"look\"\nversion = \"1.0.0\"\napi = \"1\"\n[provides.cache.look]\nabout = \"L\"\nhot = \"user\"\nschema = \"s.json\"\n",
    );
    workspace.write("look/s.json", "{\"type\": \"object\"}");
    assert_eq!(status(&workspace, "look"), "ok");
    // Commands make code run as much as a process does.
    let text = workspace.read("look/plugin.toml");
    workspace.write("look/plugin.toml", format!("{text}[ships]\ncommands = \"c.toml\"\n"));
    workspace.write("look/c.toml", "");
    assert_eq!(status(&workspace, "look"), "ungranted");
}
