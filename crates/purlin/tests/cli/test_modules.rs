//! Commands that run for modules, and command files of modules

use insta::assert_snapshot;
use purlin_test::Workspace;

use crate::workspace;

fn ids(workspace: &Workspace, words: &[&str]) -> Vec<String> {
    let listed = workspace.succeed(&[&["run", "--ls", "--json"], words].concat()).json();
    let instances = listed["instances"].as_array().expect("it is a list");
    instances.iter().map(|one| one["id"].as_str().unwrap_or("-").to_owned()).collect()
}

fn with_folders(document: &str, folders: &[&str]) -> Workspace {
    let workspace = workspace(document);
    for folder in folders {
        workspace.write(format!("{folder}/src.txt"), folder);
    }
    workspace
}

const SPACES: &str = r#"
[spaces.docs]
modules = ["docs", { name = "api", path = "src/api" }]
[spaces.py]
modules = ["lib/my_util"]
[spaces.all]
modules = [{ type = "space", name = "docs" }, { type = "space", name = "py" }]
"#;

const FOLDERS: [&str; 3] = ["docs", "src/api", "lib/my_util"];

#[test]
fn one_instance_for_each_module_of_the_space() {
    let commands = r#"
[commands.lint]
exec = "echo {module.name} {module.path} {module.dir} {module.pyimport} >>out"
deps = ["{module.dir}/*.txt"]
[commands.own]
argv = ["true", "{module.name}"]
space = "docs"
[commands.whole]
exec = "true"
space = "all"
[commands.every]
exec = "true"
env = { MODULE = "{module.name}" }
space = "all"
[commands.none]
exec = "true"
deps = [{ type = "const", value = "{{module.name}" }]
"#;
    let workspace = with_folders(&format!("{SPACES}{commands}"), &FOLDERS);
    assert_eq!(
        ids(&workspace, &[]),
        [
            "lint@docs#docs",
            "lint@docs#api",
            "lint@py#lib/my_util",
            "own@docs#docs",
            "own@docs#api",
            "whole@all",
            "every@all#docs",
            "every@all#api",
            "every@all#lib/my_util",
            "none",
        ]
    );
    workspace.succeed(&["run", "lint", "-n", "1"]);
    assert_eq!(
        workspace.read("out"),
        "docs docs docs docs\napi src/api src/api src.api\nlib/my_util lib/my_util lib/my_util lib.my_util\n"
    );
    workspace.write("src/api/src.txt", "new");
    workspace.succeed(&["run", "lint"]);
    assert_eq!(workspace.lines("out"), 4, "only the module that has changed runs again");
    let listed = workspace.succeed(&["run", "--ls", "--json", "lint#api"]).json();
    let one = &listed["instances"][0];
    assert_eq!((one["space"].as_str(), one["module"].as_str()), (Some("docs"), Some("api")));
}

#[test]
fn a_module_may_be_a_file_and_python_may_import_from_elsewhere() {
    let workspace = with_folders(
        r#"
[defaults]
python-path = ["src", "src/vendor/"]
[spaces.main]
modules = ["src/app/tool.py", "src/vendor/six", "other"]
[commands.show]
exec = "echo {module.path} {module.dir} {module.pyimport}"
"#,
        &["src/vendor/six", "other"],
    );
    workspace.write("src/app/tool.py", "");
    assert_eq!(
        workspace.succeed(&["run", "-n", "1"]).stdout,
        "src/app/tool.py src/app app.tool\nsrc/vendor/six src/vendor/six six\nother other other\n"
    );
}

#[test]
fn shorter_names_mean_what_they_must_or_are_refused() {
    let commands = r#"
[spaces.more]
root = "lib"
modules = [{ name = "api", path = "lib" }]
[commands.lint]
exec = "true {module.dir}"
[commands.build]
exec = "true"
space = "docs"
"#;
    let workspace = with_folders(&format!("{SPACES}{commands}"), &FOLDERS);
    for (name, meant) in [
        ("lint#docs", &["lint@docs#docs"][..]),
        ("lint@py", &["lint@py#lib/my_util"]),
        ("lint#lib/my-util", &["lint@py#lib/my_util"]),
        ("lint@docs", &["lint@docs#docs", "lint@docs#api"]),
        ("lint@more#api", &["lint@more#api"]),
        ("build", &["build@docs"]),
        ("build@docs", &["build@docs"]),
    ] {
        assert_eq!(ids(&workspace, &[name]), meant, "{name}");
    }
    assert_snapshot!(workspace.fail(2, &["run", "lint#api", "lint#dosc", "lint@nowhere", "build#api", "lint?x=1", "build?x"]).stable_stderr(), @"
    error: `lint#api` may mean `lint@docs#api` or `lint@more#api`
     |
     = help: name the space, too

    error: there is no instance `lint#dosc`
     |
     = help: did you mean `lint#docs`?

    error: there is no instance `lint@nowhere`
     |
     = help: instances: `lint@docs#api`, `lint@docs#docs`, `lint@more#api`, `lint@py#lib/my_util`

    error: there is no instance `build#api`
     |
     = help: instances: `build@docs`

    error: `lint` has no argument `x`
     |
     = help: it has none

    error: `x` in `build?x` gives no argument
     |
     = help: arguments are given as `NAME?ARG=VALUE&OTHER=VALUE`, with `%26` for `&` and `%25` for `%` in values
    ");
    let in_lib = workspace.succeed(&["-C", "lib", "run", "--ls", "lint#api"]).stdout;
    assert!(in_lib.starts_with("lint@more#api"), "{in_lib}");
    assert!(workspace.succeed(&["run", "--why", "lint#docs"]).stdout.starts_with("lint@docs#docs"));
}

#[test]
fn dependencies_lead_to_the_same_module_where_there_is_one() {
    let commands = r#"
[commands.generate]
exec = "true {module.name}"
[commands.schema]
exec = "true {module.name}"
space = "py"
[commands.build]
exec = "true {module.name}"
space = "docs"
deps = ["command:generate", { type = "command", name = "schema" }]
[commands.one]
exec = "true"
deps = [{ type = "command", name = "build", module = "api" }, { type = "command", name = "generate", space = "py" }]
[commands.all]
exec = "true"
deps = ["command:generate", "command:build#docs"]
"#;
    let workspace = with_folders(&format!("{SPACES}{commands}"), &FOLDERS);
    let of = |name: &str| {
        let mut ids = ids(&workspace, &[name]);
        ids.pop();
        ids.sort_unstable();
        ids
    };
    assert_eq!(of("build#api"), ["generate@docs#api", "schema@py#lib/my_util"]);
    assert_eq!(
        of("one"),
        ["build@docs#api", "generate@docs#api", "generate@py#lib/my_util", "schema@py#lib/my_util"]
    );
    assert_eq!(
        of("all"),
        [
            "build@docs#docs",
            "generate@docs#api",
            "generate@docs#docs",
            "generate@py#lib/my_util",
            "schema@py#lib/my_util"
        ]
    );
}

#[test]
fn what_references_cannot_mean_is_told() {
    let workspace = with_folders(
        r#"
[spaces.main]
modules = ["src/my-api"]
[commands.a]
exec = "true {module}"
[commands.b]
exec = "true {module.nam}"
[commands.c]
exec = "true {module.pyimport}"
[commands.d]
exec = "true {modul.dir}"
[base]
deps = ["{module.dir}/x"]
"#,
        &["src/my-api"],
    );
    assert_snapshot!(workspace.fail(2, &["check"]).stable_stderr(), @r#"
    error: `{module}` is not a reference
     --> purlin.toml:6:8
      |
    6 | exec = "true {module}"
      |        ^^^^^^^^^^^^^^^ in this text
      |
      = help: parts: `dir`, `name`, `path`, `pyimport`

    error: `{module.nam}` is not a reference
     --> purlin.toml:8:8
      |
    8 | exec = "true {module.nam}"
      |        ^^^^^^^^^^^^^^^^^^^ in this text
      |
      = help: did you mean `name`?

    error: the module `src/my-api` cannot be imported
      --> purlin.toml:10:8
       |
    10 | exec = "true {module.pyimport}"
       |        ^^^^^^^^^^^^^^^^^^^^^^^^ in this text
       |
       = Its path is src/my-api, and `my-api` is no name in Python.

    error: `{module.dir}` is used where there is no module
      --> purlin.toml:14:9
       |
    14 | deps = ["{module.dir}/x"]
       |         ^^^^^^^^^^^^^^^^ in this text
       |
       = help: commands run for the modules of `[spaces]` when one of their own fields refers to them

    warning: `{modul.dir}` is no reference and stays as it is
      --> purlin.toml:12:8
       |
    12 | exec = "true {modul.dir}"
       |        ^^^^^^^^^^^^^^^^^^ in this text
       |
       = help: did you mean `{module…}`?
    "#);
}

#[test]
fn commands_without_modules_to_run_for_are_told() {
    let workspace = workspace("[commands]\na = 'true {module.name}'\nb = 'true'\n");
    assert_eq!(ids(&workspace, &[]), ["b"]);
    assert_snapshot!(workspace.succeed(&["check"]).stable_stderr(), @"
    warning: `a` runs for modules, and there are none
     --> purlin.toml:3:1
      |
    3 | a = 'true {module.name}'
      | ^ this command
      |
      = help: add `modules` to a space in `[spaces]`
    ");
    assert_snapshot!(workspace.fail(2, &["run", "a"]).stable_stderr(), @"
    error: `a` runs for modules, and there are none
     --> purlin.toml:3:1
      |
    3 | a = 'true {module.name}'
      | ^ this command
      |
      = help: add `modules` to a space in `[spaces]`
    ");
}

#[test]
fn a_module_has_commands_of_its_own() {
    let workspace = with_folders(
        &format!(
            "{SPACES}[commands.all]\nexec = 'true'\ndeps = ['command:api/build', 'command:docs/lint']\n"
        ),
        &FOLDERS,
    );
    workspace.write(
        "src/api/purlin.toml",
        "[commands]\nshow = 'echo {module.name} {module.dir}'\n[commands.build]\nexec = 'cat {module.dir}/src.txt'\ndeps = ['{module.dir}/src.txt']\nspace = 'py'\n",
    );
    workspace.write("docs/purlin.toml", "[commands]\nlint_it = 'true'\nlint = 'true'\n");
    workspace.write("lib/purlin.toml", "this is not even TOML, and nobody reads it");
    assert_eq!(
        ids(&workspace, &[]),
        ["api/build@py", "docs/lint@docs", "all", "docs/lint-it@docs", "api/show@docs"]
    );
    assert_eq!(workspace.succeed(&["run", "api/show"]).stdout, "api src/api\n");
    assert_eq!(workspace.succeed(&["run", "api/build"]).stdout, "src/api");
    assert_eq!(ids(&workspace, &["-m", "api"]), ["api/show@docs", "api/build@py"]);
    // Standing in a module is standing in the workspace.
    let shown = workspace.succeed(&["-C", "src/api", "run", "api/show"]);
    assert_eq!(shown.stdout, "api src/api\n");
}

#[test]
fn what_is_wrong_in_a_file_of_a_module_is_told_there() {
    let workspace = with_folders(SPACES, &FOLDERS);
    workspace.write(
        "src/api/purlin.toml",
        "[defaults]\ncache = 'none'\n[commands.build]\nexec = 'true'\nspace = 'dosc'\ndeps = ['command:gone']\n[commands.test]\nexce = 'x'\n",
    );
    workspace.write("docs/purlin.toml", "[commands\n");
    workspace.write("lib/purlin.toml", "");
    assert_snapshot!(workspace.fail(2, &["check"]).stable_stderr(), @r"
    error: the file is not valid TOML
     --> docs/purlin.toml:1:10
      |
    1 | [commands
      |          ^ unclosed table, expected `]`

    error: a module's file has no table `[defaults]`
     --> src/api/purlin.toml:1:2
      |
    1 | [defaults]
      |  ^^^^^^^^ this table
      |
      = The `purlin.toml` of a module holds its commands and nothing else.
      = help: move it to the purlin.toml of the workspace

    error: unknown field `/commands/test/exce`
     --> src/api/purlin.toml:8:1
      |
    8 | exce = 'x'
      | ^^^^ not a field of this table
      |
      = help: did you mean `exec`?

    error: there is no space `dosc`
     --> src/api/purlin.toml:5:9
      |
    5 | space = 'dosc'
      |         ^^^^^^ named here
      |
      = help: did you mean `docs`?
    ");
    assert_snapshot!(workspace.fail(2, &["-C", "lib", "check"]).stable_stderr().lines().filter(|line| line.contains("-->")).collect::<Vec<_>>().join("\n"), @"
    --> ../docs/purlin.toml:1:10
    --> ../src/api/purlin.toml:1:2
    --> ../src/api/purlin.toml:8:1
    --> ../src/api/purlin.toml:5:9
    ");
}

#[test]
fn a_workspace_inside_is_no_module_and_a_missing_module_is_a_warning() {
    let workspace =
        workspace("[spaces.main]\nmodules = ['inner', 'gone']\n[commands]\na = 'true'\n");
    workspace.write("inner/purlin.toml", "[workspace]\n[commands]\nx = 'true'\n");
    assert_snapshot!(workspace.succeed(&["check"]).stable_stderr(), @"
    warning: there is no file or folder gone
     --> purlin.toml:3:21
      |
    3 | modules = ['inner', 'gone']
      |                     ^^^^^^ this module
      |
      = help: paths of modules are relative to the workspace's root
    ");
    assert_eq!(ids(&workspace, &[]), ["a"]);
}
