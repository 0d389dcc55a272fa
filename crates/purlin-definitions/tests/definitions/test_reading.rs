//! What is written as data.

use serde_json::json;

use crate::world::{told, world};

const HEAD: &str = "[workspace]\nsystems = [\"x86_64-linux\", \"aarch64-linux\"]\n";

fn document(text: &str) -> crate::world::World {
    world(&[("purlin.toml", &format!("{HEAD}{text}"))])
}

#[test]
fn marks_make_a_table_a_leaf_and_a_package_may_be_called_like_one() {
    let world = document(
        "[pkg.hello]\nversion = \"2.12\"\n[pkg.version]\nversion = \"1\"\n[pkg.n.a]\nversion = \"3\"\n",
    );
    assert_eq!(
        world.show("tree.x86_64-linux"),
        json!({
            "hello": {"$type": "thing"},
            "version": {"$type": "thing"},
            "n": {"a": {"$type": "thing"}},
        })
    );
    assert_eq!(
        world.show("tree.x86_64-linux.hello"),
        json!({"$type": "thing", "version": "2.12", "needs": []})
    );
    assert_eq!(world.workspace.check(), []);
}

#[test]
fn mistakes_in_leaves_are_told_all_at_once_and_hinder_nobody_else() {
    let world =
        document("[pkg.a]\nversion = \"1\"\nneeds = [1]\nnmae = \"x\"\n[pkg.b]\nversion = \"1\"\n");
    assert!(world.show("pkg.x86_64-linux.b").is_object());
    let told: Vec<String> = world.workspace.check().iter().map(ToString::to_string).collect();
    assert_eq!(
        told,
        [
            "`/needs/0` must be a string (purlin.toml:5:10)",
            "unknown field `/nmae` (purlin.toml:6:1)",
        ]
    );
}

#[test]
fn data_where_a_leaf_belongs_is_a_warning() {
    let world = document("[pkg.hello]\nverison = \"2.12\"\n");
    insta::assert_snapshot!(told(&world.workspace.check()[0]), @r#"
    warning: `pkg.hello` is data where a thing was expected
      purlin.toml:4:1 this is a value, and not a definition
      = A table is a thing if it has one of these, with a value that fits: `version`.
      = did you mean `version`?
    "#);
}

/// Recorded cases 4 and 5.
#[test]
fn a_system_in_front_means_that_system_and_the_narrower_one_counts() {
    let world = document(
        "[pkg.a]\nversion = \"general\"\n[pkg.aarch64-linux.a]\nversion = \"narrow\"\n\
         [pkg.x86_64-linux.only]\nversion = \"1\"\n[pkg.riscv99-plan9.thing]\nversion = \"1\"\n\
         [pkg.riscv64-linux.far]\nversion = \"1\"\n",
    );
    let version = |path: &str| world.show(path)["version"].clone();
    assert_eq!(version("pkg.x86_64-linux.a"), "general");
    assert_eq!(version("pkg.aarch64-linux.a"), "narrow");
    assert_eq!(version("pkg.x86_64-linux.only"), "1");
    assert_eq!(world.value("pkg.aarch64-linux.only"), "[`pkg.aarch64-linux` has no `only`]");
    assert_eq!(version("pkg.aarch64-linux.riscv99-plan9/thing"), "1");
    assert_eq!(version("pkg.riscv64-linux.far"), "1");
    assert_eq!(world.codes(), ["other-system"]);
}

/// Recorded case 3 and the bare definition: an empty namespace is `default`.
#[test]
fn defaults_have_no_name_in_flat_outputs() {
    let world = document("[pkg.tool.default]\nversion = \"1\"\n");
    assert!(world.show("pkg.x86_64-linux.tool").is_object());
    let world = document("[pkg]\nversion = \"1\"\n");
    assert!(world.show("pkg.x86_64-linux.default").is_object());
}

#[test]
fn flat_names_that_collide_exclude_each_other() {
    let world = document("[pkg.a.b]\nversion = \"1\"\n[pkg.\"a/b\"]\nversion = \"2\"\n");
    insta::assert_snapshot!(told(&world.error("pkg.x86_64-linux.a/b")), @r#"
    error: there are 2 of `pkg.x86_64-linux."a/b"`
      purlin.toml:3:8 a leaf of the workspace, through `pkg`
      purlin.toml:5:6 a leaf of the workspace, through `pkg`
      = They have the same priority, 100, so that none counts more.
      = rename one of them, or give one a smaller `priority`
    "#);
}

#[test]
fn priorities_are_written_in_data_and_in_the_literal() {
    let star = "def low():\ndef high():\ndefinitions = {\"pkg\": {\"a\": \"@high!50\", \"b\": \"@low\"}}\n";
    let text = format!("{HEAD}[pkg.a]\nversion = \"1\"\n[pkg.b]\npriority = 60\nversion = \"2\"\n");
    let world = world(&[("purlin.toml", &text), ("purlin.star", star)]);
    assert_eq!(world.value("pkg.x86_64-linux.a"), "high()");
    assert_eq!(world.show("pkg.x86_64-linux.b")["version"], "2");
}

#[test]
fn tables_and_the_literal_exclude_each_other_without_priorities() {
    let star = "def a():\ndefinitions = {\"pkg\": {\"a\": \"@a\", \"c\": \"@nothing\"}, \"pgk\": {\"b\": \"@a\"}}\n";
    let text = format!("{HEAD}[pkg.a]\nversion = \"1\"\n");
    let world = world(&[("purlin.toml", &text), ("purlin.star", star)]);
    assert_eq!(world.value("pkg.x86_64-linux.a"), "[there are 2 of `pkg.a`]");
    let names = world.show("tree.x86_64-linux");
    assert_eq!(names["a"]["$type"], "thing", "names still list");
    assert_eq!(world.codes(), ["conflict", "no-prototype", "unknown-name", "unknown-section"]);
}

#[test]
fn files_of_data_are_leaves() {
    let world = world(&[("pkgs/a.toml", "version = \"1\"\n"), ("pkgs/b.star", "def default(a):")]);
    assert_eq!(world.value("pkg.x86_64-linux.b"), "b(thing {\"needs\":[],\"version\":\"1\"})");
}

#[test]
fn passthru_is_there_untouched_until_a_plugin_says_something_else() {
    let world =
        document("[passthru.extra]\nx = [1, 2]\n[passthru.foo]\na = 1\nb = 2\n[foo]\na = 5\n");
    assert_eq!(world.show("extra"), json!({"x": [1, 2]}));
    assert_eq!(world.show("foo"), json!({"a": {"$type": "value"}, "b": 2}));
    assert_eq!(world.value("foo.a"), "5");
    assert_eq!(world.codes(), ["shadowed-passthru"]);
}

#[test]
fn included_files_count_as_if_they_stood_there() {
    let text = "[include]\nfiles = [\"more/*.toml\"]\n[pkg.a]\nversion = \"1\"\n";
    let world = world(&[
        ("purlin.toml", &format!("{HEAD}{text}")),
        ("more/one.toml", "[pkg.b]\nversion = \"2\"\n"),
        ("more/two.toml", "[pkg.a]\nversion = \"3\"\n[pkg.c]\nversion = \"4\"\n"),
        ("elsewhere/three.toml", "[pkg.d]\nversion = \"5\"\n"),
    ]);
    let names = world.show("pkg.x86_64-linux");
    let names: Vec<&str> = names.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(names, ["a", "b", "c"]);
    let problems = world.workspace.problems();
    insta::assert_snapshot!(told(&problems[0]), @r#"
    error: `version` is written in two files
      more/two.toml:2:1 again here
      purlin.toml:6:1 first here
      = take one of the two out
    "#);
}

#[test]
fn uses_that_mean_nothing_are_told() {
    let world = document(
        "[[use]]\nname = \"foldre\"\n[[use]]\nname = \"folder\"\n[[use]]\nname = \"pkg\"\nx = 1\n",
    );
    let told: Vec<String> = world.workspace.problems().iter().map(ToString::to_string).collect();
    assert_eq!(
        told,
        [
            "there is no importer or transform `foldre` (purlin.toml:4:8)",
            "`/type` is missing (purlin.toml:5:1)",
            "there is no option `x` (purlin.toml:9:1)",
        ]
    );
}

#[test]
fn a_file_of_data_may_say_its_priority() {
    let world = world(&[
        (
            "purlin.toml",
            "[workspace]\nsystems = [\"x86_64-linux\"]\n[[use]]\nname = \"folder\"\ntype = \"pkg\"\n\
             [pkg.a]\nversion = \"1\"\n[pkg.b]\nversion = \"1\"\n",
        ),
        ("pkg/a.toml", "priority = 50\nversion = \"2\"\n"),
        ("pkg/b.toml", "# Its priority is that of files.\nversion = \"2\"\n"),
        ("pkg/c/default.toml", "version = \"3\"\npriority = 700\n"),
    ]);
    let version = |name: &str| world.show(&format!("pkg.x86_64-linux.{name}"))["version"].clone();
    assert_eq!(["a", "b", "c"].map(version), ["2", "1", "3"]);
    let priority = |name: &str| {
        let path = ["pkg", "x86_64-linux", name].map(str::to_owned);
        world.workspace.explain(&path).unwrap().winner.unwrap().priority
    };
    assert_eq!(["a", "b", "c"].map(priority), [Some(50), Some(100), Some(700)]);
    assert_eq!(world.workspace.check(), []);
}

/// Whoever writes `version` means a thing, even if a number does not fit there.
#[test]
fn a_mark_with_a_value_that_does_not_fit_is_told_at_its_key() {
    let world = world(&[(
        "purlin.toml",
        "[workspace]\nsystems = [\"x86_64-linux\"]\n[pkg.ffmpeg]\nversion = 2.6\nneeds = []\n\
         [pkg.version]\nversion = \"1\"\n",
    )]);
    let found = world.workspace.check();
    insta::assert_snapshot!(found.iter().map(told).collect::<String>(), @r"
    error: `/version` must be a string
      purlin.toml:4:11 this is a number
    ");
    assert_eq!(world.show("pkg.x86_64-linux")["version"]["$type"], "thing");
    // A folder with something else in it stays a folder.
    let world = document("[pkg.tools]\nversion = 3\n[pkg.tools.hammer]\nversion = \"1\"\n");
    assert_eq!(world.codes(), ["data-definition"]);
    assert_eq!(world.show("tree.x86_64-linux.tools")["hammer"]["$type"], "thing");
}
