//! `cache list` and `cache clear`

use crate::{folder, workspace};

#[test]
fn results_are_listed_and_dropped() {
    let workspace = workspace(
        "[commands.good]\nexec = 'printf 12345 > out.txt; echo run >> runs'\ndeps = ['src/**']\nartifacts = ['out.txt']\n[commands.bad]\nexec = 'exit 2'\ndeps = ['src/**']\ncache-when = 'failed'",
    );
    workspace.write("src/a.txt", "");
    assert_eq!(workspace.succeed(&["cache", "list"]).stdout, "nothing is kept\n");
    workspace.fail(1, &["run"]);
    let document = workspace.succeed(&["cache", "list", "--json"]).json();
    let results = document["results"].as_array().expect("it is a list");
    let find = |id: &str| results.iter().find(|one| one["instance"] == id).expect("it is listed");
    assert_eq!(results.len(), 2);
    let good = find("good");
    assert_eq!((good["exit_code"].as_i64(), good["artifacts"].as_u64()), (Some(0), Some(1)));
    assert_eq!(good["key"].as_str().map(str::len), Some(64));
    assert_eq!(find("bad")["exit_code"], 2);
    let listed = workspace.succeed(&["cache", "list"]).stdout;
    assert_eq!(listed.lines().count(), 2);
    assert!(listed.lines().any(|line| line.ends_with("bad  (failed)")), "{listed}");

    let cleared = workspace.succeed(&["cache", "clear"]).stdout;
    assert!(cleared.starts_with("dropped 2 results of all workspaces, "), "{cleared}");
    assert_eq!(workspace.succeed(&["cache", "list"]).stdout, "nothing is kept\n");
    workspace.fail(1, &["run"]);
    assert_eq!(workspace.lines("runs"), 2);
    let cleared = workspace.succeed(&["cache", "clear", "--json"]).json();
    assert_eq!(cleared["results"], 2);
}

#[test]
fn outputs_stay_when_the_cache_is_dropped() {
    let workspace = workspace(
        "[commands.make]\nexec = 'echo x > out.txt'\ndeps = ['src/**']\nartifacts = ['out.txt']",
    );
    workspace.write("src/a.txt", "");
    workspace.succeed(&["run"]);
    workspace.succeed(&["cache", "clear"]);
    assert_eq!(workspace.read("out.txt"), "x\n");
}

#[test]
fn the_users_cache_needs_no_workspace() {
    let folder = folder();
    assert_eq!(folder.succeed(&["cache", "list"]).stdout, "nothing is kept\n");
    folder.succeed(&["cache", "clear"]);
    folder.fail(2, &["cache"]);
}

#[test]
fn a_command_without_a_cache_keeps_nothing() {
    let workspace =
        workspace("[commands.make]\nexec = 'echo run >> runs'\ndeps = ['src/**']\ncache = 'none'");
    workspace.write("src/a.txt", "");
    workspace.succeed(&["run"]);
    workspace.succeed(&["run"]);
    assert_eq!(workspace.lines("runs"), 2);
    assert_eq!(workspace.succeed(&["cache", "list"]).stdout, "nothing is kept\n");
}

#[test]
fn the_default_cache_can_be_said_and_overridden() {
    let workspace = workspace(
        "[defaults]\ncache = 'none'\n[commands.one]\nexec = 'echo run >> one'\ndeps = ['src/**']\n[commands.two]\nexec = 'echo run >> two'\ndeps = ['src/**']\ncache = 'local'",
    );
    workspace.write("src/a.txt", "");
    workspace.succeed(&["run"]);
    workspace.succeed(&["run"]);
    assert_eq!((workspace.lines("one"), workspace.lines("two")), (2, 1));
}
