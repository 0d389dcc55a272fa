//! `show`

use serde_json::json;

use crate::workspace;

const HARBOUR: &str = r#"
[workspace]
name    = "harbour"
systems = ["x86_64-linux", "aarch64-linux"]
[packages.lantern]
version = "2.12"
[packages.tools.flags]
version = "1"
[packages.aarch64-linux.buoy]
version = "3"
[apps.signal]
program = "signal"
"#;

#[test]
fn names_are_listed_by_output_and_system() {
    let workspace = workspace(HARBOUR);
    insta::assert_snapshot!(workspace.succeed(&["show"]).stdout, @"
    apps
      aarch64-linux
        signal
      x86_64-linux
        signal
    legacyPackages
      aarch64-linux
        buoy
        lantern
        tools
          flags
      x86_64-linux
        lantern
        tools
          flags
    packages
      aarch64-linux
        buoy
        lantern
        tools/flags
      x86_64-linux
        lantern
        tools/flags
    ");
    insta::assert_snapshot!(workspace.succeed(&["show", "packages.x86_64-linux"]).stdout, @"
    lantern
    tools/flags
    ");
    insta::assert_snapshot!(workspace.succeed(&["show", "legacyPackages", "--system", "x86_64-linux"]).stdout, @"
    x86_64-linux
      lantern
      tools
        flags
    ");
}

#[test]
fn each_name_may_be_shown_with_who_wrote_it() {
    let workspace = workspace(HARBOUR);
    insta::assert_snapshot!(workspace.succeed(&["show", "packages", "--origin"]).stdout, @"
    aarch64-linux
      buoy         purlin.toml:9:25
      lantern      purlin.toml:5:11
      tools/flags  purlin.toml:7:17
    x86_64-linux
      lantern      purlin.toml:5:11
      tools/flags  purlin.toml:7:17
    ");
    let told = workspace.succeed(&["show", "apps", "--origin", "--json"]).json();
    let signal = &told["x86_64-linux"]["signal"];
    assert_eq!(signal["$type"], "app");
    assert_eq!(
        (&signal["origin"]["file"], &signal["origin"]["line"]),
        (&json!("purlin.toml"), &json!(11))
    );
}

#[test]
fn nothing_is_evaluated_for_a_name() {
    let workspace = workspace("systems = ['x86_64-linux']\n[[use]]\nname = 'all-local-resources'");
    workspace.write(
        "purlin.star",
        "def bad(nothing):\n    fail('evaluated')\ndefinitions = {'packages': {'bad': bad}}\n",
    );
    workspace.write("pkgs/broken.star", "def default(:\n");
    workspace.write(
        "pkgs/endless.star",
        "def default():\n    for a in range(1000000000):\n        pass\n",
    );
    let told = workspace.succeed(&["show", "packages", "--json"]).json();
    let all = json!({ "$type": "package" });
    assert_eq!(told["x86_64-linux"], json!({ "bad": all, "broken": all, "endless": all }));
}

#[test]
fn one_output_is_evaluated_when_it_is_named() {
    let workspace = workspace(HARBOUR);
    workspace.write(
        "purlin.star",
        "def chart(mk_package, lantern, lib):\n    return mk_package(\n        version = lib.rule(3),\n        \
         requires = [lantern],\n        build = 'echo %s' % lantern,\n    )\n\
         def rule():\n    return lambda number: '%d.0' % number\n\
         definitions = {'packages': {'chart': chart}, 'lib': {'rule': rule}}\n",
    );
    insta::assert_snapshot!(workspace.succeed(&["show", "packages.x86_64-linux.chart"]).stdout, @r#"
    package
      build    = "echo <package lantern 2.12>"
      name     = "chart"
      requires = [<package lantern 2.12>]
      version  = "3.0"
    "#);
    insta::assert_snapshot!(workspace.succeed(&["show", "apps.x86_64-linux.signal"]).stdout, @r#"
    app
      program = "signal"
    "#);
    insta::assert_snapshot!(workspace.succeed(&["show", "lib.rule"]).stdout, @"
    function
    ");
    let json = workspace.succeed(&["show", "packages.x86_64-linux.chart", "--json"]).json();
    assert_eq!(
        json,
        json!({
            "$type": "package",
            "name": "chart",
            "version": "3.0",
            "requires": [{ "$type": "package", "name": "lantern", "version": "2.12" }],
            "build": "echo <package lantern 2.12>",
        })
    );
}

#[test]
fn a_path_that_leads_nowhere_gets_a_suggestion() {
    let workspace = workspace(HARBOUR);
    insta::assert_snapshot!(workspace.fail(2, &["show", "package"]).stderr, @"
    error: there is no output `package`
     |
     = help: did you mean `packages`?
    ");
    insta::assert_snapshot!(workspace.fail(2, &["show", "packages.x86_64-linux.lantrn"]).stderr, @"
    error: `packages.x86_64-linux` has no `lantrn`
     |
     = help: did you mean `lantern`?
    ");
    insta::assert_snapshot!(workspace.fail(2, &["show", "packages..x"]).stderr, @"
    error: `packages..x` is not a path
     |
     = A name in it is empty.
     = help: names are separated by dots, as in `packages.x86_64-linux.hello`
    ");
    insta::assert_snapshot!(workspace.fail(2, &["show", "--system", "vax-vms"]).stderr, @"
    error: `vax-vms` is not a system
     |
     = help: systems: `aarch64-darwin`, `aarch64-linux`, `x86_64-darwin`, `x86_64-linux`
    ");
}

#[test]
fn a_mistake_in_a_definition_is_told_with_its_place() {
    let workspace = workspace("systems = ['x86_64-linux']");
    workspace.write(
        "purlin.star",
        "def one(mk_package):\n    return mk_package(version = 1, licence = 'MIT')\n\
         def two(mk_package, on):\n    return mk_package(version = '2')\n\
         definitions = {'packages': {'one': one, 'two': two}}\n",
    );
    insta::assert_snapshot!(workspace.fail(2, &["show", "packages.x86_64-linux.one"]).stderr, @"
    error: `mk_package` does not make a package
     --> purlin.star:2:12
      |
    2 |     return mk_package(version = 1, licence = 'MIT')
      |            ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ this call
      |
      = `/version` must be a string
        unknown field `/licence`: did you mean `license`?
    ");
    insta::assert_snapshot!(workspace.fail(2, &["show", "packages.x86_64-linux.two"]).stderr, @"
    error: `packages.two` asks for `on`, which nothing defines
     --> purlin.star:3:21
      |
    3 | def two(mk_package, on):
      |                     ^^ this parameter
      |
      = It was looked for in `packages` and the base. The definition is evaluated for x86_64-linux.
      = help: did you mean `one`? A default would make it optional
    ");
}

#[test]
fn a_workspace_without_definitions_has_no_outputs() {
    let workspace = workspace("[commands]\na = 'true'");
    assert_eq!(workspace.succeed(&["show"]).stdout, "");
    assert_eq!(workspace.succeed(&["show", "--json"]).json(), json!({}));
}

#[test]
fn a_plugin_that_fails_is_told_once_beside_what_does_not_need_it() {
    let workspace = workspace(
        "[workspace]\nname = 'w'\nsystems = ['x86_64-linux']\n[plugins]\nnotes = { path = 'notes' }\n\
         [[use]]\nname = 'notes'\n[packages.ok]\nversion = '1'\n",
    );
    workspace.write(
        "notes/plugin.toml",
        "[plugin]\nname = 'notes'\nversion = '1.0.0'\napi = '1'\ndescription = 'x'\nlicense = 'MIT'\n\
         [runtime]\nkind = 'starlark'\nentry = 'plugin.star'\n\
         [provides.importer.notes]\nabout = 'x'\ninputs = ['*.txt']\ninto = 'packages'\n",
    );
    workspace
        .write("notes/plugin.star", "def import_(options, sources):\n    fail(\"no notes\")\n");
    let listed = workspace.fail(2, &["show", "packages"]);
    assert_eq!(listed.stdout, "x86_64-linux\n  ok\n");
    assert_eq!(listed.stderr.matches("error: ").count(), 1, "{}", listed.stderr);
    let one = workspace.succeed(&["show", "packages.x86_64-linux.ok"]);
    assert!(one.stderr.contains("no notes"), "{}", one.stderr);
    assert!(one.stderr.contains("`importer/load` was called for this"), "{}", one.stderr);
    let missing = workspace.fail(2, &["show", "packages.x86_64-linux.note"]);
    assert!(missing.stderr.contains("no notes") && missing.stderr.contains("has no `note`"));
    workspace.write("notes/plugin.star", "def import_(options, sources):\n    return []\n");
    assert_eq!(workspace.succeed(&["show", "packages"]).stderr, "");
}

#[test]
fn no_line_is_shown_of_a_file_outside_of_the_workspace() {
    let workspace = workspace("[workspace]\nname = 'w'\n[[use]]\nname = 'all-local-resources'\n");
    std::fs::write(workspace.base().join("secret"), "a line of it\n").expect("it can be written");
    std::fs::create_dir(workspace.path("pkgs")).expect("it can be made");
    for link in ["purlin.star", "pkgs/a.star"] {
        let target = workspace.base().join("secret");
        std::os::unix::fs::symlink(target, workspace.path(link)).expect("it can be made");
        let refused = workspace.fail(2, &["check"]).stderr;
        assert!(refused.contains(&format!("{link} leads out of the workspace")), "{refused}");
        assert!(!refused.contains("a line of it"), "{refused}");
        std::fs::remove_file(workspace.path(link)).expect("it can be removed");
    }
}
