//! The version of an installed Python distribution as a dependency.

use insta::assert_snapshot;
use purlin_test::Workspace;

use crate::workspace;

const COMMAND: &str =
    "[commands.use]\nexec = 'echo run >> runs'\ndeps = ['pydist:Typing.Extensions']\n";

/// A virtual environment as far as anybody looks at it without Python.
fn with_venv(document: &str) -> Workspace {
    let workspace = workspace(document);
    let venv = workspace.path("venv");
    let workspace = workspace.variable("VIRTUAL_ENV", &venv);
    install(&workspace, "typing_extensions", "4.12.2");
    workspace
}

fn install(workspace: &Workspace, name: &str, version: &str) {
    let folder = "venv/lib/python3.12/site-packages";
    let installed = std::fs::read_dir(workspace.path(folder)).into_iter().flatten();
    for entry in installed.map(|entry| entry.expect("it can be listed")) {
        if entry.file_name().to_string_lossy().starts_with(&format!("{name}-")) {
            std::fs::remove_dir_all(entry.path()).expect("it is the test's own");
        }
    }
    workspace.write(format!("{folder}/{name}-{version}.dist-info/METADATA"), "Name: x\n");
}

fn runs(workspace: &Workspace) -> usize {
    workspace.succeed(&["run"]);
    workspace.lines("runs")
}

#[test]
fn a_command_runs_again_when_the_version_changes_and_not_for_another_distribution() {
    let workspace = with_venv(&format!("{COMMAND}environment = 'active'\n"));
    assert_eq!((runs(&workspace), runs(&workspace)), (1, 1));
    install(&workspace, "six", "1.17");
    assert_eq!(runs(&workspace), 1);
    install(&workspace, "typing_extensions", "4.13.0");
    let why = workspace.succeed(&["run", "--why", "use"]).stable_stdout();
    assert_snapshot!(why, @r#"
    use would run: value ["typing-extensions","4.12.2"] removed, value ["typing-extensions","4.13.0"] added
      removed value ["typing-extensions","4.12.2"]
      added value ["typing-extensions","4.13.0"]
    last time: [TIME], in run [RUN]: it was the first time
    "#);
    assert_eq!(runs(&workspace), 2);
    install(&workspace, "typing_extensions", "4.12.2");
    assert_eq!(runs(&workspace), 2, "that version is known");
}

#[test]
fn what_no_environment_holds_has_the_version_that_the_workspace_names() {
    let document = |version: &str| {
        format!("[workspace]\n{COMMAND}[pydist.versions]\ntyping_extensions = '{version}'\n")
    };
    let workspace = workspace(&document("1"));
    assert_eq!((runs(&workspace), runs(&workspace)), (1, 1));
    workspace.write("purlin.toml", document("2"));
    assert_eq!(runs(&workspace), 2);
    workspace.write("purlin.toml", document("1"));
    assert_eq!(runs(&workspace), 2);
}

#[test]
fn a_distribution_that_nobody_knows_is_told() {
    let workspace = with_venv("[commands.use]\nexec = 'true'\ndeps = ['pydist:numpy']\n");
    assert_snapshot!(workspace.fail(3, &["run"]).stable_stderr(), @"
    error: the dependency type `pydist` has no answer
     --> purlin.toml:4:9
      |
    4 | deps = ['pydist:numpy']
      |         ^^^^^^^^^^^^^^ this command runs in no environment that could hold `numpy`, and `[pydist] versions` does not name it
      |
      = plugin `pydist` 0.1.0, call `dependency/expand`
    ");
    let document = "[workspace]\n[commands.use]\nexec = 'true'\ndeps = ['pydist:numpy']\nenvironment = 'active'\n\
                    [pydist]\nversion = { numpy = '1' }\n";
    workspace.write("purlin.toml", document);
    assert_snapshot!(workspace.fail(2, &["check"]).stable_stderr(), @"
    error: unknown field `/version`
     --> purlin.toml:7:1
      |
    7 | version = { numpy = '1' }
      | ^^^^^^^ not a field of this table
      |
      = help: did you mean `versions`?
    ");
    workspace.write("purlin.toml", document.split("[pydist]").next().expect("it is split"));
    assert_snapshot!(workspace.fail(3, &["run"]).stable_stderr(), @"
    error: the dependency type `pydist` has no answer
     --> purlin.toml:4:9
      |
    4 | deps = ['pydist:numpy']
      |         ^^^^^^^^^^^^^^ the environment of this command does not hold `numpy`, and `[pydist] versions` does not name it
      |
      = plugin `pydist` 0.1.0, call `dependency/expand`
    ");
}

/// The version is looked for once the environment is installed, not before.
#[test]
fn a_version_is_that_of_the_environment_that_a_command_has_just_installed() {
    const MANIFEST: &str = "plugin = { name = 'place', version = '1.0.0', api = '1' }\n\
        runtime = { kind = 'process', entry = ['python3', '-S', 'place.py'] }\n\
        [provides.environment.place]\n";
    const CODE: &str = r#"
import json, sys

for line in sys.stdin:
    message = json.loads(line)
    result = {"protocol": 1, "provides": [{"point": "environment", "name": "place"}]}
    if message["method"] != "initialize":
        result = {
            "site_packages": "place/site",
            "installed_when": ["place/site"],
            "after": [{"name": "install"}],
        }
    print(json.dumps({"jsonrpc": "2.0", "id": message["id"], "result": result}), flush=True)
"#;
    let workspace = workspace(
        "[commands.install]\n\
         exec = 'rm -rf place && mkdir -p place/site/six-$(cat version.txt).dist-info'\n\
         deps = ['version.txt']\nhidden = true\n\
         [commands.use]\nexec = 'echo run >> runs'\ndeps = ['pydist:six']\nenvironment = 'place'\n\
         [plugins.place]\npath = 'plugin'\n",
    );
    let workspace = workspace.variable("PURLIN_TRUST", "workspace");
    workspace.write("plugin/plugin.toml", MANIFEST);
    workspace.write("plugin/place.py", CODE);
    workspace.write("version.txt", "1.16");
    workspace.succeed(&["check"]);
    assert_eq!((runs(&workspace), runs(&workspace)), (1, 1));
    workspace.write("version.txt", "1.17");
    assert_eq!((runs(&workspace), runs(&workspace)), (2, 2));
    std::fs::remove_dir_all(workspace.path("place")).expect("it was installed");
    assert_eq!(runs(&workspace), 2, "the same is installed again");
}
