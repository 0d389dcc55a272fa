//! Plugins that come as distributions of the active Python environment.

use purlin_host::{Need, PluginSource, PluginStatus, Surroundings, Trust};
use purlin_plugin::Point;

use crate::support::Place;

const SITE: &str = "venv/lib/python3.12/site-packages";

/// A place with an environment, and in it a distribution whose package holds the plugin `tree`.
fn place() -> Place {
    let mut place = Place::new();
    place.python = Some(place.path("venv"));
    place.write(
        &format!("{SITE}/purlin_tree-1.2.0.dist-info/entry_points.txt"),
        "[purlin.plugins]\ntree = purlin_tree\n",
    );
    tree(&place, &format!("{SITE}/purlin_tree"));
    place
}

fn tree(place: &Place, folder: &str) {
    place.named(
        folder,
        "tree",
        "[runtime]\nkind = \"process\"\nentry = { module = \"tree\" }\n\
         [provides.subcommand.grow]\n",
    );
}

#[test]
fn a_distribution_brings_a_plugin() {
    let place = place();
    let plugins = place.open();
    let list = plugins.list();
    let tree = list.iter().find(|one| one.name == "tree").unwrap();
    assert_eq!((tree.source, tree.status), (PluginSource::Python, PluginStatus::Ok));
    assert!(plugins.find(Point::Subcommand, "grow", Need::Any).is_ok());
    assert_eq!(plugins.problems(), []);
    assert_eq!(tree.diagnostics, [], "that the package is called otherwise is no matter");
}

#[test]
fn it_comes_before_bundled_plugins_and_after_all_others() {
    let place = place();
    place.plugin("user/tree", "[ships]\ncommands = \"c.toml\"\n");
    place.write("user/tree/c.toml", "");
    let list = place.open().list();
    let sources: Vec<(PluginSource, PluginStatus)> =
        list.iter().filter(|one| one.name == "tree").map(|one| (one.source, one.status)).collect();
    assert_eq!(
        sources,
        [(PluginSource::User, PluginStatus::Ok), (PluginSource::Python, PluginStatus::Shadowed)]
    );
}

#[test]
fn what_pip_installs_and_removes_is_seen_by_the_next_run() {
    let mut place = place();
    place.rest();
    assert!(place.open().find(Point::Subcommand, "grow", Need::Any).is_ok());
    let read = place.open().files_read();
    assert_eq!(read, 0, "the index is kept");

    std::fs::remove_dir_all(place.path(&format!("{SITE}/purlin_tree-1.2.0.dist-info"))).unwrap();
    assert!(place.open().find(Point::Subcommand, "grow", Need::Any).is_err());

    place.write(
        &format!("{SITE}/again-1.dist-info/entry_points.txt"),
        "[purlin.plugins]\ntree = purlin_tree\n",
    );
    assert!(place.open().find(Point::Subcommand, "grow", Need::Any).is_ok());

    place.python = None;
    assert!(place.open().find(Point::Subcommand, "grow", Need::Any).is_err());
}

#[test]
fn an_editable_distribution_is_followed_and_its_edits_are_seen() {
    let place = place();
    std::fs::remove_dir_all(place.path(&format!("{SITE}/purlin_tree"))).unwrap();
    let source = place.path("project/src");
    place.write(&format!("{SITE}/__editable__.tree.pth"), &source.display().to_string());
    tree(&place, "project/src/purlin_tree");
    place.rest();
    assert!(place.open().find(Point::Subcommand, "grow", Need::Any).is_ok());
    place.named(
        "project/src/purlin_tree",
        "tree",
        "[runtime]\nkind = \"process\"\nentry = { module = \"tree\" }\n\
         [provides.subcommand.shrink]\n",
    );
    assert!(place.open().find(Point::Subcommand, "shrink", Need::Any).is_ok());
}

#[test]
fn an_entry_point_that_leads_nowhere_is_told_until_it_leads_somewhere() {
    let place = place();
    std::fs::remove_dir_all(place.path(&format!("{SITE}/purlin_tree"))).unwrap();
    place.rest();
    let told: Vec<String> = place.open().problems().iter().map(|one| place.told(one)).collect();
    insta::assert_snapshot!(told.join(""), @r"
    warning[python-entry-point]: the Python distribution `purlin_tree-1.2.0` names a plugin that is not there
      why: Its entry point `tree` says that the package `purlin_tree` holds a `plugin.toml`. Looked for in `[dir]/venv/lib/python3.12/site-packages/purlin_tree`.
    ");
    tree(&place, &format!("{SITE}/purlin_tree"));
    let plugins = place.open();
    plugins.refresh();
    assert_eq!(plugins.problems(), []);
    assert!(plugins.find(Point::Subcommand, "grow", Need::Any).is_ok());
}

#[test]
fn several_distributions_may_name_one_package() {
    let place = place();
    place.write(
        &format!("{SITE}/other-1.0.dist-info/entry_points.txt"),
        "[purlin.plugins]\nother = purlin_tree\n",
    );
    let list = place.open().list();
    let found: Vec<PluginStatus> =
        list.iter().filter(|one| one.name == "tree").map(|one| one.status).collect();
    assert_eq!(found, [PluginStatus::Ok]);
}

#[test]
fn entry_points_that_cannot_be_read_are_told() {
    let place = place();
    place.write(
        &format!("{SITE}/broken-1.0.dist-info/entry_points.txt"),
        "[purlin.plugins]\nbroken = ../up\n",
    );
    insta::assert_snapshot!(place.all_told(&place.open().problems()), @"
    warning[python-entry-point]: the Python distribution `broken-1.0` names a plugin unreadably
      why: Its `entry_points.txt` says `broken = ../up`, where `NAME = PACKAGE` is expected.
    ");
}

#[test]
fn consent_does_not_go_from_one_environment_to_another() {
    let mut place = place();
    place.trust = Some(Trust { folder: Some(place.path("data")), ..Trust::default() });
    let plugins = place.open();
    plugins.trust(&plugins.asking("tree").unwrap()).unwrap();
    assert!(plugins.refused("tree").is_none());
    // A clone brings the same distribution, byte for byte, in an environment of its own.
    let clone = SITE.replace("venv", "clone/.venv");
    place.write(
        &format!("{clone}/purlin_tree-1.2.0.dist-info/entry_points.txt"),
        "[purlin.plugins]\ntree = purlin_tree\n",
    );
    tree(&place, &format!("{clone}/purlin_tree"));
    place.python = Some(place.path("clone/.venv"));
    let plugins = place.open();
    assert!(plugins.refused("tree").is_some());
    plugins.trust(&plugins.asking("tree").unwrap()).unwrap();
    assert!(plugins.refused("tree").is_none());
}

#[test]
fn a_script_in_an_environment_is_not_run() {
    let mut place = place();
    let mark = place.path("mark");
    place.write("venv/bin/python", &format!("#!/bin/sh\ntouch {}\n", mark.display()));
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    std::fs::set_permissions(place.path("venv/bin/python"), mode).unwrap();
    place.surroundings = Some(Surroundings {
        variables: vec![("PATH".into(), "/usr/bin:/bin".into())],
        cache: place.path("cache"),
        console: None,
        before_plugins: None,
    });
    let plugins = place.open();
    let grow = plugins.find(Point::Subcommand, "grow", Need::Any).unwrap();
    insta::assert_snapshot!(place.told(&plugins.subcommand(&grow).err().unwrap()), @"
    error[plugin-start]: the plugin `tree` 1.2.0 cannot be started
      at [dir]/venv/lib/python3.12/site-packages/purlin_tree/plugin.toml:9:22 (tree): this needs it
      why: It cannot run, because `[dir]/venv/bin/python` is a script in a Python environment or in the workspace, and such a one is not run to learn which Python it starts.
    ");
    assert!(!mark.exists());
    // Nor the first `python3` on `PATH`, when that came with the workspace.
    place.plugin(
        "user/word",
        "[runtime]\nkind = \"process\"\nentry = { module = \"word\" }\n\
         [provides.subcommand.word]\n",
    );
    std::fs::rename(place.path("venv/bin/python"), place.path("venv/bin/python3")).unwrap();
    place.surroundings.as_mut().unwrap().variables[0].1 = place.path("venv/bin").into();
    let plugins = place.open();
    let word = plugins.find(Point::Subcommand, "word", Need::Any).unwrap();
    assert!(plugins.subcommand(&word).is_err());
    assert!(!mark.exists());
}
