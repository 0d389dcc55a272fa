//! What can be asked: names, values, who wrote them, and why something is not there.

use purlin_definitions::{Names, parse_path};
use serde_json::json;

use crate::world::{told, world, world_with};

fn example() -> crate::world::World {
    world(&[
        (
            "purlin.toml",
            "[workspace]\nname = \"example\"\nsystems = [\"x86_64-linux\"]\n[[use]]\nname = \"folder\"\n\
             type = \"pkg\"\ninject = { flavour = \"sweet\" }\n[pkg.hello]\nversion = \"1\"\n",
        ),
        ("pkg/hello.star", "def default():"),
        ("pkg/n/user.star", "def default(hello, system, mk_thing, flavour, n, absent=):"),
    ])
}

#[test]
fn who_wrote_a_value_is_told_with_what_lost_and_what_was_injected() {
    let world = example();
    let explain = |path: &str| {
        let path = parse_path(path).unwrap();
        world.workspace.explain(&path).unwrap().to_json()
    };
    assert_eq!(
        explain("pkg.x86_64-linux.hello"),
        json!({
            "path": "pkg.x86_64-linux.hello",
            "type": "thing",
            "winner": {
                "layer": "author", "priority": 100, "file": "purlin.toml", "line": 8, "column": 6,
                "path": "pkg.x86_64-linux.hello", "project": [], "plugin": null,
                "via": [{"phase": "outputs", "plugin": "made-up", "feature": "pkg"}],
            },
            "agreeing": [],
            "shadowed": [{
                "layer": "extension", "priority": 200, "file": "pkg/hello.star", "line": 1, "column": 5,
                "path": "pkg.hello", "project": [], "plugin": "made-up",
                "via": [{"phase": "extend", "plugin": "made-up", "feature": "folder"}],
            }],
            "conflicts": [],
            "injected": {},
            "axes": {"system": "x86_64-linux"},
        })
    );
    let user = explain("pkg.x86_64-linux.n/user");
    let injected = user["injected"].as_object().unwrap();
    let told: Vec<String> = injected
        .iter()
        .map(|(name, told)| {
            let text = |key: &str| told[key].as_str().unwrap_or("-").to_owned();
            format!("{name}: {} {} {}:{}", text("layer"), text("path"), text("file"), told["line"])
        })
        .collect();
    assert_eq!(
        told,
        [
            "flavour: injected flavour purlin.toml:7",
            "hello: author pkg.hello purlin.toml:8",
            "mk_thing: base mk_thing plugin.toml:1",
            "n: extension pkg.n pkg/n/user.star:1",
            "system: reserved system pkg/n/user.star:1",
        ]
    );
    let winner = &user["winner"];
    assert_eq!((&winner["line"], &winner["column"]), (&json!(1), &json!(5)), "the function itself");
    assert_eq!(
        explain("pkg.n.user")["winner"]["layer"],
        "extension",
        "paths of definitions will do"
    );
}

#[test]
fn names_are_there_without_evaluating_anything() {
    let world = example();
    let Names::Branch(roots) = world.workspace.names(&[]).unwrap() else { panic!() };
    let roots: Vec<&str> = roots.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(roots, ["pkg", "tree"]);
    assert!(world.language.calls.lock().unwrap().is_empty());
    let wrong = parse_path("pkg.x86_64-linux.helo").unwrap();
    insta::assert_snapshot!(told(&world.workspace.names(&wrong).unwrap_err()), @r#"
    error: `pkg.x86_64-linux` has no `helo`
      = did you mean `hello`?
    "#);
}

#[test]
fn why_something_is_not_there_is_told() {
    let world = world_with(
        &[(
            "purlin.toml",
            "[workspace]\nsystems = [\"x86_64-linux\"]\n[pkg.aarch64-linux.far]\nversion = \"1\"\n\
             [pkg.n.near]\nversion = \"1\"\n",
        )],
        |_| {},
        None,
    );
    insta::assert_snapshot!(told(&world.workspace.explain_missing("far")), @r#"
    note: `far` is not there
      <command line>:1:1 asked for here
      = `pkg.far` is defined for aarch64-linux only.
    "#);
    insta::assert_snapshot!(told(&world.workspace.explain_missing("pkg.x86_64-linux.neer")), @r#"
    note: `pkg.x86_64-linux.neer` is not there
      <command line>:1:1 asked for here
      = Among the outputs: `pkg.x86_64-linux` has no `neer`.
    names: `n/near`
      = did you mean `near`?
    "#);
}

#[test]
fn the_graph_says_who_asks_for_whom() {
    let graph = example().workspace.graph("x86_64-linux");
    let edges: Vec<String> =
        graph.edges.iter().map(|edge| format!("{} -> {}", edge.from, edge.to)).collect();
    assert_eq!(edges, ["pkg.n.user -> pkg.hello", "pkg.n.user -> pkg.n"]);
    assert_eq!(graph.nodes.len(), 2);
    assert!(graph.to_dot().contains("  \"pkg.n.user\" -> \"pkg.hello\";\n"));
}

#[test]
fn everything_that_is_wrong_is_told_at_once() {
    let world = world(&[
        ("pkgs/a.star", "def default(nothing):"),
        ("pkgs/b.star", "wrong"),
        ("pkgs/c.star", "def default(d):"),
        ("pkgs/d.star", "def default(c):"),
        ("pkgs/e.star", "def other():"),
        ("pkgs/lib.star", "def default():"),
        ("pkgs/f.toml", "version = 1\n"),
        ("pkgs/g.star", "def default(f):"),
    ]);
    assert_eq!(
        world.codes(),
        ["cycle", "missing-argument", "no-prototype", "reserved-name", "schema", "syntax"]
    );
}

/// What an adopted project puts out counts there, whatever has its name in the workspace.
#[test]
fn outputs_of_adopted_projects_are_told_as_they_are_there() {
    let head =
        "[workspace]\nsystems = [\"x86_64-linux\"]\n[[use]]\nname = \"folder\"\ntype = \"pkg\"\n";
    let projects = "[projects]\na = { path = \"a\", adopt = true }\nb = { path = \"b\" }\n";
    for own in [false, true] {
        let mut files = vec![
            ("purlin.toml".to_owned(), format!("{head}{projects}")),
            ("a/purlin.toml".to_owned(), head.to_owned()),
            ("a/pkg/rope.star".to_owned(), "def default():".to_owned()),
            ("b/purlin.toml".to_owned(), head.to_owned()),
            ("b/pkg/rope.star".to_owned(), "def default():".to_owned()),
        ];
        if own {
            files.push(("pkg/rope.star".to_owned(), "def default():".to_owned()));
        }
        let files: Vec<(&str, &str)> =
            files.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
        let world = world(&files);
        for (path, place) in [("a/rope", "a/pkg/rope.star:1:5"), ("b/rope", "b/pkg/rope.star:1:5")]
        {
            let path = ["pkg", "x86_64-linux", path].map(str::to_owned);
            let told = world.workspace.explain(&path).unwrap();
            assert_eq!(told.winner.unwrap().origin.to_string(), place);
            assert_eq!((told.conflicts.len(), told.shadowed.len()), (0, 0), "{path:?}");
        }
    }
}
