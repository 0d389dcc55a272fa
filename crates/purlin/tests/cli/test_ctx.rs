//! `[ctx]` and `{ctx.…}`

use insta::assert_snapshot;

use crate::workspace;

const SHOW: &str = r#"
[ctx]
bundle_cache = { default = "local", description = "where bundles are" }
level = { default = 3 }
debug = { type = "bool" }
token = { required = true }
[commands.show]
exec = "echo {ctx.bundle-cache} {ctx.level}"
[commands.debug]
argv = ["sh", "-c", "echo ${DEBUG-unset}"]
env = { DEBUG = "{ctx.debug}" }
[commands.secret]
exec = "echo {ctx.token}"
hidden = true
"#;

#[test]
fn values_come_from_the_command_line_else_process_variables_else_defaults() {
    let workspace = workspace(SHOW);
    assert_eq!(workspace.succeed(&["run", "show"]).stdout, "local 3\n");
    let set = workspace.variable("BUNDLE_CACHE", "team").variable("LEVEL", "");
    assert_eq!(set.succeed(&["run", "show"]).stdout, "team 3\n");
    let given = ["run", "show", "--ctx", "bundle-cache=a=b", "--ctx", "level=7"];
    assert_eq!(set.succeed(&given).stdout, "a=b 7\n");
    let folded = ["run", "show", "--ctx", "bundle_cache=x", "--ctx", "bundle-cache=y"];
    assert_eq!(set.succeed(&folded).stdout, "y 3\n");
}

#[test]
fn a_whole_reference_without_a_value_sets_no_process_variable() {
    let workspace = workspace(SHOW);
    assert_eq!(workspace.succeed(&["run", "debug"]).stdout, "unset\n");
    assert_eq!(workspace.succeed(&["run", "debug", "--ctx", "debug=yes"]).stdout, "true\n");
    assert_eq!(workspace.succeed(&["run", "debug", "--ctx", "debug=0"]).stdout, "false\n");
}

#[test]
fn an_option_of_the_run_has_a_value_where_it_is_given() {
    let workspace = workspace(
        "[spaces.s]\nmodules = ['m1']\n[commands]\na = 'echo {ctx.purlin.module} {module.name}'\n",
    );
    workspace.write("m1/x", "");
    assert_snapshot!(workspace.fail(2, &["run"]).stable_stderr(), @"
    error: `{ctx.purlin.module}` has no value
     --> purlin.toml:5:5
      |
    5 | a = 'echo {ctx.purlin.module} {module.name}'
      |     ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ in this text
      |
      = It stands for the option `--module` of the run, which is not given.
      = help: give `--module`, or set PURLIN__MODULE; a process variable in `env` of which it is all may do without
    ");
    assert_eq!(workspace.succeed(&["run", "-m", "m1"]).stdout, "m1 m1\n");
}

#[test]
fn what_nobody_uses_hinders_nobody() {
    let workspace = workspace(SHOW).variable("DEBUG", "perhaps");
    workspace.succeed(&["run", "show"]);
    assert_snapshot!(workspace.fail(2, &["run", "debug", "secret"]).stable_stderr(), @r#"
    error: `debug` must be `true` or `false`
      --> purlin.toml:12:17
       |
     6 | debug = { type = "bool" }
       | ----- declared here
    ...
    12 | env = { DEBUG = "{ctx.debug}" }
       |                 ^^^^^^^^^^^^^ used here
       |
       = The process variable DEBUG is `perhaps`.
       = help: set DEBUG to another value, or give `--ctx debug=VALUE`

    error: the context variable `token` has no value
      --> purlin.toml:14:8
       |
     7 | token = { required = true }
       | ----- required here
    ...
    14 | exec = "echo {ctx.token}"
       |        ^^^^^^^^^^^^^^^^^^ used here
       |
       = help: give `--ctx token=VALUE`, or set the process variable TOKEN
    "#);
    assert_eq!(workspace.succeed(&["run", "secret", "--ctx", "token=t"]).stdout, "t\n");
}

#[test]
fn what_is_given_is_checked_all_at_once() {
    let workspace = workspace(SHOW);
    let words = ["run", "show", "--ctx", "levle=1", "--ctx", "level=x", "--ctx", "debug"];
    assert_snapshot!(workspace.fail(2, &words).stable_stderr(), @"
    error: there is no context variable `levle`
     |
     = help: did you mean `level`?

    error: `level` must be a whole number, and `--ctx level=x` gives another value
     --> purlin.toml:5:1
      |
    5 | level = { default = 3 }
      | ^^^^^ declared here
      |
      = help: write `--ctx level=VALUE`

    error: `--ctx debug` gives no value
     |
     = help: write `--ctx debug=VALUE`
    ");
}

#[test]
fn unknown_references_and_wrong_declarations() {
    let workspace = workspace(
        r#"
[ctx]
level = { type = "int", default = "high" }
fine = { default = 1, required = true }
purlin = {}
[commands]
a = "echo {ctx.levle} {ctx.purlin.arhc}"
b = "echo {ctx}"
"#,
    );
    assert_snapshot!(workspace.fail(2, &["check"]).stable_stderr(), @r#"
    error: the default of `level` must be a whole number
     --> purlin.toml:4:35
      |
    4 | level = { type = "int", default = "high" }
      |                                   ^^^^^^ this is a string

    error: `fine` is required and has a default
     --> purlin.toml:5:20
      |
    5 | fine = { default = 1, required = true }
      |                    ^ this is never used
      |
      = help: take out `required` or `default`

    error: `purlin` names the built-in values
     --> purlin.toml:6:1
      |
    6 | purlin = {}
      | ^^^^^^ this name
      |
      = help: choose another name

    error: there is no context variable `levle`
     --> purlin.toml:8:5
      |
    8 | a = "echo {ctx.levle} {ctx.purlin.arhc}"
      |     ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ this text refers to it
      |
      = help: did you mean `level`?

    error: `{ctx}` is not a reference
     --> purlin.toml:9:5
      |
    9 | b = "echo {ctx}"
      |     ^^^^^^^^^^^^ in this text
      |
      = help: write `{ctx.NAME}`
    "#);
}

#[test]
fn the_value_is_in_the_key() {
    let workspace = workspace(
        "[ctx]\nsize = { default = 1 }\nother = {}\n[commands.a]\nexec = 'echo {ctx.size} >>ran'\ndeps = [{ type = 'const', value = 1 }]\n",
    );
    workspace.succeed(&["run"]);
    workspace.succeed(&["run", "--ctx", "other=x"]);
    assert_eq!(workspace.lines("ran"), 1);
    workspace.succeed(&["run", "--ctx", "size=2"]);
    workspace.succeed(&["run"]);
    assert_eq!(workspace.lines("ran"), 2);
}

#[test]
fn the_system_and_the_options_of_the_run_are_built_in() {
    let workspace = workspace(
        "[commands]\nshow = 'echo {ctx.purlin.arch} {ctx.purlin.jobs} {ctx.purlin.force}'\n",
    );
    let system = format!("{}-{}", std::env::consts::ARCH, std::env::consts::OS);
    let system = system.replace("macos", "darwin");
    assert_eq!(workspace.succeed(&["run", "-n", "7"]).stdout, format!("{system} 7 false\n"));
    let set = workspace.variable("PURLIN__JOBS", "3").variable("PURLIN__FORCE", "true");
    assert_eq!(set.succeed(&["run"]).stdout, format!("{system} 3 true\n"));
    assert_eq!(set.succeed(&["run", "-n", "2"]).stdout, format!("{system} 2 true\n"));
    let wrong = set.variable("PURLIN__JOBS", "many").variable("PURLIN__FORCE", "");
    assert_snapshot!(wrong.fail(2, &["run"]).stable_stderr(), @"
    error: PURLIN__JOBS has no meaning with the value `many`
     |
     = help: set it to a number from 1 to 65535, or remove it
    ");
}

#[test]
fn configurations_of_dependencies_take_them_too() {
    let workspace = workspace(
        "[ctx]\nfolder = { default = 'a' }\n[commands.build]\nexec = 'echo >>ran'\n\
         deps = ['{ctx.folder}/*.txt', { type = 'const', value = '{ctx.folder}' }]\n",
    );
    workspace.write("a/x.txt", "1");
    workspace.write("b/x.txt", "1");
    workspace.succeed(&["run"]);
    workspace.write("b/x.txt", "2");
    workspace.succeed(&["run"]);
    assert_eq!(workspace.lines("ran"), 1);
    workspace.write("a/x.txt", "2");
    workspace.succeed(&["run"]);
    workspace.succeed(&["run", "--ctx", "folder=b"]);
    assert_eq!(workspace.lines("ran"), 3);
}

#[test]
fn configurations_of_caches_take_them_where_the_schema_says_so() {
    let workspace = workspace(
        "[plugins]\nshelf = { path = 'shelf' }\n[ctx]\nhost = { required = true }\n\
         [caches.team]\ntype = 'shelf'\nurl = 'https://{ctx.host}/x'\nretries = '{ctx.host}'\n\
         [commands.a]\nexec = 'true'\ndeps = [{ type = 'const', value = 1 }]\ncache = 'team'\n",
    );
    workspace.write(
        "shelf/plugin.toml",
        "[plugin]\nname = 'shelf'\nversion = '1.0.0'\napi = '1'\ndescription = 'x'\nlicense = 'MIT'\n\
         [runtime]\nkind = 'process'\nentry = ['./shelf']\n\
         [provides.cache.shelf]\nabout = 'x'\nschema = 'shelf.json'\nhot = 'user'\n",
    );
    workspace.write("shelf/shelf", "#!/bin/sh\n");
    workspace.write(
        "shelf/shelf.json",
        r#"{"type": "object", "properties": {
            "url": {"type": "string", "x-purlin-template": ["ctx"], "pattern": "^https://"},
            "retries": {"type": ["string", "integer"], "x-purlin-template": ["ctx"]}}}"#,
    );
    let told = workspace.fail(2, &["check"]).stderr;
    assert!(told.contains("the context variable `host` has no value"), "{told}");
    assert!(told.contains("purlin.toml:8:7"), "{told}");
    let set = workspace.variable("HOST", "cache.example.com");
    let told = set.run(&["check"]).stderr;
    assert!(!told.contains("host"), "{told}");
}
