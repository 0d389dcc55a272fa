//! `cache list`, `verify`, `prune` and `clear`

use purlin_test::Workspace;
use serde_json::json;

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

/// Makes the results and contents in the user's cache look as if they were last used that many days
/// ago.
fn age(workspace: &Workspace, instance: &str, days: u64) {
    let listed = workspace.succeed(&["cache", "list", "--json"]).json();
    let results = listed["results"].as_array().expect("it is a list");
    let time = std::time::SystemTime::now() - std::time::Duration::from_secs(days * 86_400);
    for result in results.iter().filter(|one| one["instance"] == instance) {
        let key = result["key"].as_str().expect("it is a digest");
        let path = workspace.cache().join("store/v1/actions").join(&key[..2]).join(key);
        let file = std::fs::File::open(path).expect("it is there");
        file.set_modified(time).expect("it can be changed");
    }
}

const TWO: &str = "[commands.one]\nexec = 'echo run >> runs; echo one > one.txt'\ndeps = ['const:1']\nartifacts = ['one.txt']\n\
    [commands.two]\nexec = 'echo run >> runs; echo two > two.txt; head -c 100000 /dev/zero >> two.txt'\ndeps = ['const:2']\nartifacts = ['two.txt']\n";

#[test]
fn what_was_not_used_for_long_is_dropped() {
    let workspace = workspace(TWO);
    workspace.succeed(&["run"]);
    age(&workspace, "one", 31);
    age(&workspace, "two", 29);
    let pruned = workspace.succeed(&["cache", "prune"]).stdout;
    assert!(
        pruned.starts_with("dropped 1 result and 1 content, ")
            && pruned.contains(" B; 1 result left, "),
        "{pruned}"
    );
    assert_eq!(workspace.lines("runs"), 2);
    let listed = workspace.succeed(&["cache", "list"]).stdout;
    assert!(listed.contains("used 29 d ago  two\n") && listed.lines().count() == 1, "{listed}");
    // It was used, so it stays.
    workspace.succeed(&["run"]);
    assert_eq!(workspace.lines("runs"), 3);
    let pruned = workspace.succeed(&["cache", "prune", "--older-than", "2d", "--json"]).json();
    assert_eq!(
        (&pruned["results"], &pruned["left"]["results"]),
        (&json!(0), &json!(2)),
        "{pruned}"
    );
    let again = workspace.succeed(&["run"]);
    assert!(again.stderr.contains("2 cached"), "{again}");
}

#[test]
fn what_is_too_much_is_dropped_and_what_was_used_last_stays() {
    let workspace = workspace(TWO);
    workspace.succeed(&["run"]);
    age(&workspace, "two", 1);
    let pruned = workspace.succeed(&["cache", "prune", "--max-size", "50kB", "--json"]).json();
    assert_eq!((&pruned["results"], &pruned["contents"]), (&json!(1), &json!(1)), "{pruned}");
    assert!(pruned["bytes"].as_u64() > Some(100_000), "{pruned}");
    assert!(pruned["left"]["bytes"].as_u64() < Some(2_000), "{pruned}");
    let again = workspace.succeed(&["run"]);
    assert!(again.stderr.contains("1 done · 1 cached"), "{again}");
    let pruned = workspace.succeed(&["cache", "prune", "--max-size", "0"]).stdout;
    assert!(pruned.ends_with("; 0 results left, 0 B\n"), "{pruned}");
    assert_eq!(workspace.succeed(&["cache", "list"]).stdout, "nothing is kept\n");
    for bad in [["--max-size", "lots"], ["--older-than", "30"]] {
        let told = workspace.fail(2, &[&["cache", "prune"], &bad[..]].concat());
        assert!(told.stderr.contains("a number and a unit, one of "), "{told}");
    }
}

#[test]
fn what_nothing_needs_is_dropped() {
    let workspace = workspace(TWO);
    workspace.succeed(&["run"]);
    let blob = workspace.cache().join("store/v1/blobs/00");
    std::fs::create_dir_all(&blob).expect("it can be made");
    std::fs::write(blob.join("0".repeat(64)), "left by somebody who was killed")
        .expect("it can be written");
    let pruned = workspace.succeed(&["cache", "prune", "--json"]).json();
    assert_eq!((&pruned["results"], &pruned["contents"]), (&json!(0), &json!(1)), "{pruned}");
    assert!(!blob.exists());
    assert!(workspace.succeed(&["run"]).stderr.contains("2 cached"));
}

#[test]
fn nothing_is_dropped_while_it_is_used() {
    let workspace = workspace(TWO);
    workspace.succeed(&["run"]);
    age(&workspace, "one", 99);
    let store = purlin_store::Store::open(workspace.cache().join("store"));
    let held = store.hold();
    let mut command = workspace.command(&["cache", "prune"]);
    let child = command.stdout(std::process::Stdio::piped()).spawn().expect("it can be started");
    std::thread::sleep(std::time::Duration::from_millis(300));
    let listed = workspace.succeed(&["cache", "list"]).stdout;
    assert_eq!(listed.lines().count(), 2, "{listed}");
    drop(held);
    let pruned = workspace.finished(child);
    assert!(pruned.stdout.starts_with("dropped 1 result and 1 content"), "{pruned}");
}

#[test]
fn damage_is_found_told_and_dropped() {
    let workspace = workspace(TWO);
    workspace.succeed(&["run"]);
    let sound = workspace.succeed(&["cache", "verify"]).stdout;
    assert!(sound.starts_with("read 2 results and 3 contents, "), "{sound}");
    assert!(sound.ends_with(": no damage\n"), "{sound}");
    let store = workspace.cache().join("store/v1");
    let digest = purlin_model::Digest::of(b"one\n").to_hex();
    std::fs::write(store.join("blobs").join(&digest[..2]).join(&digest), "onE\n")
        .expect("it can be written");
    let kept = workspace.fail(1, &["cache", "verify", "--keep"]).stdout;
    let lines: Vec<_> = kept.lines().map(|line| line.split_once(' ').expect("words").1).collect();
    assert!(
        lines[0].ends_with(" (user): it does not have the digest that is its name; kept"),
        "{kept}"
    );
    assert!(
        lines[1].contains(" of one (user): its content ")
            && lines[1].ends_with(" is missing or damaged; kept"),
        "{kept}"
    );
    assert!(kept.ends_with(": 2 damaged\n"), "{kept}");
    let told = workspace.fail(1, &["cache", "verify", "--json"]).json();
    assert_eq!(told["damaged"].as_array().map(Vec::len), Some(2), "{told}");
    assert_eq!(told["damaged"][0]["dropped"], true);
    workspace.succeed(&["cache", "verify"]);
    let run = workspace.succeed(&["run"]);
    assert!(run.stderr.contains("1 done · 1 cached") && !run.stderr.contains("warning"), "{run}");
    workspace.succeed(&["cache", "verify"]);
}

#[test]
fn outputs_are_links_to_what_is_kept_where_that_is_asked_for() {
    use std::os::unix::fs::MetadataExt as _;
    let document = |restore: &str| {
        format!(
            "[workspace]\n[caches.own]\ntype = 'local'\n{restore}\n[commands.a]\nexec = 'cp in out; cp in tool; chmod +x tool'\n\
             deps = ['in']\nartifacts = ['out', 'tool']\ncache = 'own'\n"
        )
    };
    let workspace = workspace("");
    workspace.write("in", "one");
    for (restore, links) in [("", false), ("restore = 'hardlink'", true)] {
        workspace.write("purlin.toml", document(restore));
        workspace.succeed(&["run"]);
        for path in ["out", "tool"] {
            let _ = std::fs::remove_file(workspace.path(path));
        }
        let finished = workspace.succeed(&["run", "--json"]);
        assert_eq!(finished.settled("a").as_deref(), Some("cached"), "{finished}");
        let count = |path: &str| workspace.path(path).metadata().map_or(0, |file| file.nlink());
        assert_eq!((count("out") > 1, count("tool")), (links, 1), "what may be executed is copied");
        assert_eq!(workspace.read("out"), "one");
    }
    // What was damaged through a link is found out before it is used.
    let _ = std::fs::remove_file(workspace.path("tool"));
    std::fs::write(workspace.path("out"), "two").expect("it is the test's own");
    let finished = workspace.succeed(&["run", "--json"]);
    assert_eq!(finished.settled("a").as_deref(), Some("finished"), "{finished}");
    assert_eq!(workspace.read("out"), "one");
}
