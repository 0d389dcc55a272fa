//! What commands run in.

use insta::assert_snapshot;
use purlin_test::Workspace;

use crate::test_narrow::{commit, git, listed};
use crate::workspace;

const MANIFEST: &str = r#"[plugin]
name = "tools"
version = "1.0.0"
api = "1"

[runtime]
kind = "process"
entry = ["python3", "-S", "tools.py"]

[provides.environment.tools]
about = "A folder of tools"
schema = "tools.json"

[permissions]
read = ["{workspace}"]
write = ["{workspace}/starts"]
"#;

const SCHEMA: &str = r#"{ "type": "object", "properties": {
    "set": { "type": "string", "default": "" },
    "after": { "type": "array", "items": { "type": "string" }, "default": [] },
    "installed": { "type": "array", "items": { "type": "string" }, "default": [] },
    "globs": { "type": "array", "items": { "type": "string" }, "default": [] },
    "from-file": { "type": "string" }
} }"#;

/// Describes what its options say; it leaves a file for each start.
const CODE: &str = r#"
import json, os, sys

for line in sys.stdin:
    message = json.loads(line)
    params = message["params"]
    if message["method"] == "initialize":
        root = params["root"]
        with open(f"{root}/starts/{os.getpid()}", "w"):
            pass
        result = {"protocol": 1, "provides": [{"point": "environment", "name": "tools"}]}
    else:
        config = params["config"]
        expansion = {"globs": config["globs"]}
        value = config["set"]
        if "from-file" in config:
            expansion["inputs"] = [config["from-file"]]
            try:
                with open(f"{root}/{config['from-file']}") as file:
                    value = file.read().strip()
            except OSError:
                value = "nothing yet"
        if value == "die":
            sys.exit("no tools today")
        result = {
            "expansion": expansion,
            "changes": [
                {"operation": "set", "name": "TOOLS", "value": value},
                {"operation": "set", "name": "OF", "value": params["name"]},
                {"operation": "prepend", "name": "PATH", "value": "{root}/tools/bin"},
            ],
            "root": "tools",
            "installed_when": config["installed"],
            "after": [{"name": name} for name in config["after"]],
        }
    print(json.dumps({"jsonrpc": "2.0", "id": message["id"], "result": result}), flush=True)
"#;

fn with_tools(document: &str) -> Workspace {
    let document = format!("{document}\n[plugins.tools]\npath = 'plugin'\n");
    let workspace = workspace(&document).variable("PURLIN_TRUST", "workspace");
    workspace.write("plugin/plugin.toml", MANIFEST);
    workspace.write("plugin/tools.py", CODE);
    workspace.write("plugin/tools.json", SCHEMA);
    workspace.write("starts/.gitignore", "*");
    workspace
}

fn starts(workspace: &Workspace) -> usize {
    std::fs::read_dir(workspace.path("starts")).map_or(0, |found| found.count() - 1)
}

/// How an instance was settled by a run of everything.
fn settled(workspace: &Workspace, id: &str) -> String {
    workspace.succeed(&["run", "--json"]).settled(id).expect("it is settled")
}

const SAY: &str =
    "exec = 'echo $OF: $TOOLS ${PATH%%:*} > out.txt'\ndeps = ['in.txt']\nartifacts = ['out.txt']\n";

#[test]
fn the_changes_of_an_environment_come_between_the_base_and_the_commands_own_variables() {
    let workspace = with_tools(&format!(
        "[commands.say]\n{SAY}environment = {{ type = 'tools', set = 'hammer' }}\nenv = {{ OF = 'mine' }}\n"
    ));
    workspace.write("in.txt", "");
    workspace.succeed(&["run"]);
    let bin = workspace.path("tools/bin").canonicalize().unwrap_or(workspace.path("tools/bin"));
    assert_eq!(workspace.read("out.txt"), format!("mine: hammer {}\n", bin.display()));
}

#[test]
fn a_command_has_its_own_environment_else_its_spaces_else_the_default_one() {
    let workspace = with_tools(
        r#"
[defaults]
environment = { type = "tools", set = "default" }
[spaces.docs]
environment = { type = "tools", set = "docs" }
[spaces.more]
environment = { type = "space", name = "docs" }
[spaces.bare]
[commands]
plain = "echo $OF $TOOLS"
[commands.own]
exec = "echo $OF $TOOLS"
space = "docs"
environment = { type = "tools", set = "own" }
[commands.docs]
exec = "echo $OF $TOOLS"
space = "docs"
[commands.shared]
exec = "echo $OF $TOOLS"
space = "more"
[commands.borrowed]
exec = "echo $OF $TOOLS"
environment = { type = "space", name = "more" }
[commands.bare]
exec = "echo $OF $TOOLS"
space = "bare"
[commands.nothing]
exec = "echo $OF $TOOLS"
environment = "base"
"#,
    );
    let said = |name: &str| workspace.succeed(&["run", name, "-q"]).stdout;
    for (name, expected) in [
        ("plain", "default default\n"),
        ("own", "own own\n"),
        ("docs", "docs docs\n"),
        ("shared", "docs docs\n"),
        ("borrowed", "docs docs\n"),
        ("bare", "default default\n"),
        ("nothing", "\n"),
    ] {
        assert_eq!(said(name), expected, "{name}");
    }
}

#[test]
fn an_environment_is_in_the_key_and_why_names_it() {
    let document = |set: &str| {
        format!(
            "[workspace]\n[commands.say]\n{SAY}environment = {{ type = 'tools', set = '{set}', globs = ['tools.lock'] }}\n\
             [plugins.tools]\npath = 'plugin'\n"
        )
    };
    let workspace = with_tools("");
    workspace.write("purlin.toml", document("hammer"));
    workspace.write("in.txt", "");
    workspace.write("tools.lock", "1");
    let settled = || settled(&workspace, "say");
    assert_eq!((settled(), settled()), ("finished".to_owned(), "cached".to_owned()));
    workspace.write("purlin.toml", document("saw"));
    let why = workspace.succeed(&["run", "--why", "say"]).stable_stdout();
    assert_snapshot!(why, @"
    say would run: the environment's TOOLS changed
      changed the environment's TOOLS
    last time: [TIME], in run [RUN]: it was the first time
    ");
    assert_eq!(settled(), "finished");
    workspace.write("tools.lock", "2");
    assert_eq!(settled(), "finished", "what the environment depends on has changed");
    workspace.write("tools.lock", "1");
    workspace.write("purlin.toml", document("hammer"));
    assert_eq!(settled(), "cached", "all is as it was first");
}

#[test]
fn two_checkouts_share_results_made_in_an_environment() {
    let document = format!("[commands.say]\n{SAY}environment = 'tools'\n");
    let first = with_tools(&document);
    let second = with_tools(&document);
    for workspace in [&first, &second] {
        workspace.write("in.txt", "");
    }
    assert_eq!(settled(&first, "say"), "finished");
    let mut run = second.command(&["run", "--json"]);
    let finished = second.finish(run.env("PURLIN_CACHE_DIR", first.cache()));
    assert_eq!(finished.settled("say").as_deref(), Some("cached"), "{finished}");
}

#[test]
fn a_run_in_which_nothing_has_changed_asks_no_process() {
    let workspace = with_tools(&format!("[commands.say]\n{SAY}environment = 'tools'\n"));
    workspace.write("in.txt", "");
    for (file, settles, started) in
        [("", "finished", 1), ("", "cached", 1), ("more", "finished", 1), ("more", "cached", 1)]
    {
        workspace.write("in.txt", file);
        assert_eq!((settled(&workspace, "say").as_str(), starts(&workspace)), (settles, started));
    }
    workspace.succeed(&["check"]);
    assert_eq!(starts(&workspace), 1);
}

const INSTALL: &str = r#"
[commands.install]
exec = "mkdir -p tools/bin && cp tools.txt tools/bin/list && echo run >> installs"
deps = ["tools.txt"]
hidden = true
[commands.use]
exec = "cat tools/bin/list in.txt; echo run >> uses"
deps = ["in.txt"]
environment = { type = "tools", after = ["install"], installed = ["tools/bin/list"] }
"#;

fn installed() -> Workspace {
    let workspace = with_tools(INSTALL);
    workspace.write(".gitignore", "/tools/\n");
    workspace.write("tools.txt", "hammer\n");
    workspace.write("in.txt", "one\n");
    workspace
}

fn counts(workspace: &Workspace) -> (usize, usize) {
    (workspace.lines("installs"), workspace.lines("uses"))
}

#[test]
fn what_an_environment_needs_runs_first_and_once() {
    let workspace = installed();
    let done = workspace.succeed(&["run", "--json"]);
    assert_eq!(done.settled("install").as_deref(), Some("finished"), "{done}");
    assert_eq!(done.settled("use").as_deref(), Some("finished"), "{done}");
    workspace.succeed(&["run"]);
    assert_eq!(counts(&workspace), (1, 1));
    workspace.write("in.txt", "two\n");
    workspace.succeed(&["run"]);
    assert_eq!(counts(&workspace), (1, 2));
    workspace.write("tools.txt", "saw\n");
    workspace.succeed(&["run"]);
    assert_eq!(counts(&workspace), (2, 3), "what is installed is in the key of what runs in it");
}

#[test]
fn an_environment_that_was_deleted_is_made_again() {
    let workspace = installed();
    workspace.succeed(&["run"]);
    std::fs::remove_dir_all(workspace.path("tools")).unwrap();
    let why = workspace.succeed(&["run", "--why", "install"]).stable_stdout();
    assert_snapshot!(why, @"
    install would run: tools/bin/list is gone
    last time: [TIME], in run [RUN]: it was the first time
    ");
    workspace.write("in.txt", "two\n");
    let done = workspace.succeed(&["run", "use", "--json"]);
    assert_eq!(done.settled("install").as_deref(), Some("finished"), "{done}");
    assert_eq!(
        (counts(&workspace), workspace.read("tools/bin/list").as_str()),
        ((2, 2), "hammer\n")
    );
    workspace.succeed(&["run"]);
    assert_eq!(counts(&workspace), (2, 2));
    // Nothing that runs in it has changed, so only the environment itself is made again.
    std::fs::remove_file(workspace.path("tools/bin/list")).unwrap();
    workspace.succeed(&["run"]);
    workspace.succeed(&["run", "install"]);
    assert_eq!(counts(&workspace), (3, 2), "also where nothing that needs it is run");
    std::fs::remove_file(workspace.path("tools/bin/list")).unwrap();
    let listed = workspace.succeed(&["run", "--ls", "use", "--json"]).json();
    let status = |place: usize| listed["instances"][place]["cache_status"].clone();
    assert_eq!((status(0), status(1)), ("cold".into(), "warm".into()), "{listed}");
    workspace.succeed(&["run"]);
    assert_eq!(counts(&workspace), (4, 2));
}

#[test]
fn an_edit_that_is_taken_back_installs_again() {
    let workspace = installed();
    for (tools, counted) in [("hammer\n", (1, 1)), ("saw\n", (2, 2)), ("hammer\n", (3, 2))] {
        workspace.write("tools.txt", tools);
        workspace.succeed(&["run"]);
        assert_eq!(counts(&workspace), counted, "{tools}");
        assert_eq!(workspace.read("tools/bin/list"), tools);
    }
}

#[test]
fn a_result_that_was_put_back_is_no_installation() {
    let workspace = installed();
    workspace.write("tools.txt", "one\n");
    workspace.succeed(&["run"]);
    workspace.write("tools.txt", "two\n");
    workspace.succeed(&["run"]);
    // Nobody knows any more that it installs something, and nobody asks: its result is put back.
    std::fs::remove_dir_all(workspace.path(".purlin")).unwrap();
    workspace.write("tools.txt", "one\n");
    let alone = workspace.succeed(&["run", "--json", "install"]);
    assert_eq!(alone.settled("install").as_deref(), Some("cached"), "{alone}");
    let needed = workspace.succeed(&["run", "--json"]);
    assert_eq!(needed.settled("install").as_deref(), Some("finished"), "{needed}");
    assert_eq!(workspace.read("tools/bin/list"), "one\n");
}

#[test]
fn what_another_checkout_has_installed_is_not_installed_here() {
    let (first, second) = (installed(), installed());
    first.succeed(&["run"]);
    let mut run = second.command(&["run", "--json"]);
    let finished = second.finish(run.env("PURLIN_CACHE_DIR", first.cache()));
    assert_eq!(finished.settled("install").as_deref(), Some("finished"), "{finished}");
    assert_eq!(finished.settled("use").as_deref(), Some("cached"), "{finished}");
}

#[test]
fn an_environment_that_its_commands_do_not_make_is_told() {
    let workspace = with_tools(&INSTALL.replace("cp tools.txt tools/bin/list", "true"));
    workspace.write("tools.txt", "");
    workspace.write("in.txt", "");
    let failed = workspace.fail(1, &["run"]);
    assert_snapshot!(failed.stable_stderr(), @r#"
    install  started   it has not run here before
    install  done      [SECONDS]
    use      FAILED    could not run
    error: the environment `use` is not installed
      --> purlin.toml:10:24
       |
    10 | environment = { type = "tools", after = ["install"], installed = ["tools/bin/list"] }
       |                        ^^^^^^^ this environment
       |
       = There is no tools/bin/list, though `install` has run.

    1 done · 1 failed · [SECONDS]
    "#);
}

#[test]
fn what_an_environment_needs_does_not_run_in_it_where_that_is_only_the_default() {
    let workspace = with_tools(
        r#"
[defaults]
environment = { type = "tools", set = "hammer", after = ["install"] }
[commands]
install = "echo install: $TOOLS"
use = "echo use: $TOOLS"
"#,
    );
    let done = workspace.succeed(&["run", "use", "-n", "1", "-q"]);
    assert_eq!(done.stdout, "install:\nuse: hammer\n");
    let circle = with_tools(
        "[commands.a]\nexec = 'true'\nenvironment = { type = 'tools', after = ['b'] }\n\
         [commands.b]\nexec = 'true'\ndeps = ['command:a']\n",
    );
    assert_snapshot!(circle.fail(2, &["run"]).stable_stderr(), @"
    error: commands depend on each other in a circle: a -> b -> a
     --> purlin.toml:4:24
      |
    4 | environment = { type = 'tools', after = ['b'] }
      |                        ^^^^^^^ `a` depends on `b`
    ...
    7 | deps = ['command:a']
      |         ----------- `b` depends on `a`
      |
      = help: take one of these dependencies out
    ");
}

#[test]
fn a_description_that_is_made_from_what_was_installed_is_made_again() {
    let workspace = with_tools(
        r#"
[commands.install]
exec = "cp tools.txt version.txt"
deps = ["tools.txt"]
artifacts = ["version.txt"]
hidden = true
[commands.use]
exec = "echo $TOOLS >> uses"
deps = ["in.txt"]
environment = { type = "tools", after = ["install"], from-file = "version.txt" }
"#,
    );
    workspace.write("in.txt", "");
    for (version, uses) in [("1", "1\n"), ("1", "1\n"), ("2", "1\n2\n"), ("1", "1\n2\n")] {
        workspace.write("tools.txt", version);
        workspace.succeed(&["run"]);
        assert_eq!(workspace.read("uses"), uses, "{version}");
    }
}

#[test]
fn mistakes_in_environments_are_told_where_they_stand() {
    let unknown = with_tools("[commands.say]\nexec = 'true'\nenvironment = 'tolls'\n");
    assert_snapshot!(unknown.fail(2, &["check"]).stable_stderr(), @"
    error: there is no environment type `tolls`
     --> purlin.toml:4:15
      |
    4 | environment = 'tolls'
      |               ^^^^^^^ named here
      |
      = help: did you mean `tools`?
    ");
    let unused = with_tools("[spaces.docs]\nenvironment = 'tolls'\n[commands]\nsay = 'true'\n");
    let told = unused.fail(2, &["check"]).stderr;
    assert_eq!(told.matches("there is no environment type `tolls`").count(), 1, "{told}");
    unused.succeed(&["run", "say"]);
    let option =
        with_tools("[commands.say]\nexec = 'true'\nenvironment = { type = 'tools', sett = 'x' }\n");
    assert_snapshot!(option.fail(2, &["check"]).stable_stderr(), @"
    error: unknown field `/sett`
     --> purlin.toml:4:33
      |
    4 | environment = { type = 'tools', sett = 'x' }
      |                                 ^^^^ not a field of this table
      |
      = help: did you mean `set`?
    ");
    let after = with_tools(
        "[commands.say]\nexec = 'true'\nenvironment = { type = 'tools', after = ['instal'] }\n\
         [commands]\ninstall = 'true'\n",
    );
    assert_snapshot!(after.fail(2, &["run"]).stable_stderr(), @"
    error: there is no command `instal`
     --> purlin.toml:4:24
      |
    4 | environment = { type = 'tools', after = ['instal'] }
      |                        ^^^^^^^ named here
      |
      = The plugin `tools` 1.0.0 names it.
      = help: did you mean `install`?
    ");
    let dies = with_tools(
        "[commands.say]\nexec = 'true'\nenvironment = { type = 'tools', set = 'die' }\n",
    );
    assert_snapshot!(dies.fail(3, &["run"]).stable_stderr(), @"
    error: the environment type `tools` has no answer
     --> purlin.toml:4:24
      |
    4 | environment = { type = 'tools', set = 'die' }
      |                        ^^^^^^^ it ended with status 1
      |
      = plugin `tools` 1.0.0, call `environment/describe`
        The last that it wrote to stderr:
          no tools today
    ");
}

#[test]
fn what_the_shell_has_is_passed_by_active_and_is_in_the_key() {
    let workspace = workspace(
        "[commands.say]\nexec = 'echo \"$VIRTUAL_ENV|$PYTHONPATH|$OTHER\" > out.txt'\ndeps = ['in.txt']\n\
         artifacts = ['out.txt']\nenvironment = 'active'\n",
    );
    workspace.write("in.txt", "");
    let run = |variables: &[(&str, &str)]| {
        let mut command = workspace.command(&["run", "--json"]);
        let finished = workspace.finish(command.envs(variables.iter().copied()).env("OTHER", "x"));
        let settled = finished.settled("say");
        assert_eq!(finished.code, Some(0), "{finished}");
        (settled.unwrap_or_default(), workspace.read("out.txt"))
    };
    let told = |settled: &str, said: &str| (settled.to_owned(), format!("{said}\n"));
    assert_eq!(run(&[]), told("finished", "||"));
    assert_eq!(run(&[("VIRTUAL_ENV", "/opt/venv")]), told("finished", "/opt/venv||"));
    assert_eq!(
        run(&[("VIRTUAL_ENV", "/opt/venv"), ("PYTHONPATH", "lib")]),
        told("finished", "/opt/venv|lib|")
    );
    assert_eq!(run(&[("VIRTUAL_ENV", "/opt/venv")]), told("cached", "/opt/venv||"));
}

#[test]
fn what_an_environment_is_made_from_concerns_all_that_run_in_it() {
    let workspace = installed();
    workspace.write("starts/.gitignore", "*");
    git(&workspace, &["init", "-q"]);
    commit(&workspace);
    git(&workspace, &["branch", "base"]);
    assert!(listed(&workspace, &["--since", "base"]).is_empty());
    workspace.write("tools.txt", "saw\n");
    assert_eq!(listed(&workspace, &["--since", "base"]), ["install", "use"]);
}

#[test]
fn an_environment_that_nobody_makes_in_this_run_is_told_so() {
    let workspace = installed();
    let told = workspace.fail(1, &["run", "--force", "--isolated", "use"]).stderr;
    let expected = "There is no tools/bin/list, which `install` makes; that is left out.";
    assert!(told.contains(expected), "{told}");
}
