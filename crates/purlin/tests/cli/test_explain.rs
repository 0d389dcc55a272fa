//! `explain`

use purlin_test::Workspace;
use serde_json::json;

use crate::workspace;

/// A workspace in which a definition has rivals, and asks for others.
fn harbour() -> Workspace {
    let workspace = workspace(
        r#"
[workspace]
name    = "harbour"
systems = ["x86_64-linux"]
[projects]
fleet = { path = "fleet" }
[[use]]
name   = "all-local-resources"
inject = { flag = "red" }
[packages.lantern]
version = "2.12"
[packages.x86_64-linux.lantern]
version = "3"
"#,
    );
    workspace.write("fleet/purlin.toml", "[workspace]\n[packages.rope]\nversion = '7'\n");
    workspace.write(
        "pkgs/signals/buoy.star",
        "def default(mk_package, lantern, rope, flag, system, bell = None):\n    \
         return mk_package(version = flag, requires = [lantern, rope])\n",
    );
    workspace
}

#[test]
fn who_wrote_a_value_and_what_lost_against_it() {
    let harbour = harbour();
    let told = harbour.succeed(&["explain", "packages.x86_64-linux.lantern"]);
    insta::assert_snapshot!(told.stable_stdout(), @"
    packages.x86_64-linux.lantern  package
      written by  purlin.toml:12:24 (author, priority 100)
      through     `packages` of `packages` (outputs)
      shadowed    purlin.toml:10:11 (author, priority 100)
      for system  x86_64-linux
      key         [HASH]
      evaluated   in [SECONDS]
    ");
}

#[test]
fn where_each_argument_came_from() {
    let harbour = harbour();
    let path = "packages.x86_64-linux.signals/buoy";
    insta::assert_snapshot!(harbour.succeed(&["explain", path]).stable_stdout(), @r#"
    packages.x86_64-linux."signals/buoy"  package
      written by  pkgs/signals/buoy.star:1:5 (extension, priority 200)
      through     `all-local-resources` of `folders` (extend)
      through     `packages` of `packages` (outputs)
      for system  x86_64-linux
      asks for    mk_package  mk_package of the plugin `packages`
                  lantern     packages.lantern, purlin.toml:12:24 (author, priority 100)
                  rope        packages.rope, fleet/purlin.toml:2:11 (child `fleet`, priority 300)
                  flag        injected by purlin.toml:9:12
                  system      reserved
      key         [HASH]
      evaluated   in [SECONDS]
    "#);
    let told = harbour.succeed(&["explain", path, "--json"]).json();
    assert_eq!(told["type"], "package");
    assert_eq!(told["winner"]["layer"], "extension");
    assert_eq!(told["winner"]["plugin"], "folders");
    assert_eq!(told["winner"]["via"].as_array().map(Vec::len), Some(2));
    assert_eq!(told["injected"]["rope"]["file"], "fleet/purlin.toml");
    assert_eq!(told["injected"]["rope"]["layer"], "child");
    assert!(told["seconds"].as_f64().is_some_and(|seconds| seconds > 0.0), "{told}");
    assert_eq!((&told["no_key"], &told["no_value"]), (&json!(null), &json!(null)));
    let built = harbour.succeed(&["build", "signals/buoy", "--system", "x86_64-linux", "--json"]);
    let built = built.json_lines();
    let packages = built.iter().find(|event| event["event"] == "packages");
    assert_eq!(told["keys"], json!([packages.map(|event| &event["packages"][0]["key"])]));
}

/// What cannot be known is no failure: the rest is told all the same.
#[test]
fn why_there_is_no_key_and_no_value() {
    let workspace = workspace(
        "[workspace]\nsystems = ['x86_64-linux']\n[inputs]\nz = { url = 'https://example.invalid/z.tar' }\n",
    );
    workspace.write(
        "purlin.star",
        "def pinned(mk_package, inputs):\n    return mk_package(version = '1', build = inputs.z.path)\n\
         def unsourced(mk_package):\n    return mk_package(version = '1', source = 'nowhere', build = 'true')\n\
         def wrong(mk_package):\n    return mk_package(version = 1)\n\
         def size():\n    return 3\n\
         definitions = {'packages': {'pinned': pinned, 'unsourced': unsourced, 'wrong': wrong}, 'lib': {'size': size}}\n",
    );
    let told = |path: &str| workspace.succeed(&["explain", path, "--json"]).json();
    let of = |name: &str| told(&format!("packages.x86_64-linux.{name}"));
    let pinned = of("pinned");
    assert_eq!(pinned["winner"]["line"], 1);
    assert_eq!((&pinned["keys"], &pinned["seconds"]), (&json!(null), &json!(null)));
    assert_eq!(pinned["no_value"], "the input `z` is not pinned yet (purlin.toml:4:1)");
    let unsourced = of("unsourced");
    assert!(unsourced["seconds"].is_f64(), "{unsourced}");
    assert_eq!(unsourced["keys"], json!(null));
    assert!(unsourced["no_key"].as_str().is_some_and(|why| why.contains("nowhere")), "{unsourced}");
    let wrong = of("wrong");
    assert!(wrong["no_value"].is_string() && wrong["seconds"].is_null(), "{wrong}");
    // What is no package has no key, and nothing is wrong with that.
    let size = told("lib.size");
    assert_eq!((&size["keys"], &size["no_key"]), (&json!(null), &json!(null)));
    assert!(size["seconds"].is_f64(), "{size}");
    assert!(!workspace.path("purlin.lock").exists(), "nothing is pinned");
}

#[test]
fn a_conflict_is_explained_and_not_an_error() {
    let workspace = workspace("systems = ['x86_64-linux']\n[packages.a]\nversion = '1'\n");
    workspace.write("purlin.star", "def a(mk_package):\n    return mk_package(version = '2')\ndefinitions = {'packages': {'a': a}}\n");
    insta::assert_snapshot!(workspace.succeed(&["explain", "packages.x86_64-linux.a"]).stdout, @"
    packages.x86_64-linux.a  package
      in conflict purlin.star:1:5 (author, priority 100)
      in conflict purlin.toml:3:11 (author, priority 100)
      for system  x86_64-linux
      asks for    mk_package  mk_package of the plugin `packages`
    ");
    let told = workspace.succeed(&["explain", "packages.x86_64-linux.a", "--json"]).json();
    assert_eq!(told["winner"], json!(null));
    assert_eq!(told["conflicts"].as_array().map(Vec::len), Some(2));
}

#[test]
fn what_is_not_there_is_explained_by_name() {
    let harbour = harbour();
    harbour.write(
        "pkgs/signals/whistle.star",
        "def default(mk_package, lantrn):\n    return mk_package(version = '1')\n",
    );
    insta::assert_snapshot!(harbour.succeed(&["explain", "--missing", "lantrn"]).stdout, @"
    `lantrn` is not there
    No section has a definition of that name.
    did you mean `lantern`?
    ");
    insta::assert_snapshot!(harbour.succeed(&["explain", "--missing", "lantern"]).stdout, @"
    `lantern` is not there
    `packages.lantern` is defined, for x86_64-linux.
    ");
    // What nobody has to define.
    for (name, told) in [
        ("mk_package", "`mk_package` makes a package: a parameter of that name gets it."),
        ("self", "`self` is a reserved name: a parameter of that name gets it."),
        (
            "system",
            "`system` is a reserved name: a parameter of that name gets it, where something is made for a system.",
        ),
        (
            "cc",
            "`cc` is in a repository: a parameter of that name gets it, where something is made for a system.",
        ),
        ("fetch", "`fetch` comes with a plugin: a parameter of that name gets it."),
    ] {
        let expected = format!("`{name}` is not there\n{told}\n");
        assert_eq!(harbour.succeed(&["explain", "--missing", name]).stdout, expected);
    }
    insta::assert_snapshot!(harbour.fail(2, &["explain", "packages.x86_64-linux.lantrn"]).stderr, @"
    error: `packages.x86_64-linux` has no `lantrn`
     |
     = help: did you mean `lantern`?
    ");
}
