//! What `build --install` may touch.

use std::fs;

use super::bench::Bench;

/// One package with this name and version.
fn bench(name: &str, version: &str) -> Bench {
    let bench = Bench::empty("");
    bench.workspace.write(
        "purlin.star",
        format!(
            "def it(mk_package):\n    return mk_package(name = \"{name}\", version = \"{version}\", install = \"echo new > $out/x\")\n\n\
             definitions = {{\"packages\": {{\"it\": it}}}}\n"
        ),
    );
    bench
}

#[test]
fn a_version_that_leads_elsewhere_is_none() {
    for (version, told) in [
        ("..", "this leads elsewhere"),
        ("../../victim", "this leads elsewhere"),
        ("/victim", "this leads elsewhere"),
        (".hidden", "this leads elsewhere"),
        ("1..2", "is not a version"),
    ] {
        let bench = bench("it", version);
        bench.workspace.write("repo/other/1/package.toml", "name = \"other\"\n");
        bench.workspace.write("victim/file", "kept\n");
        let refused = bench.workspace.fail(2, &["build", "it", "--install", "repo"]);
        let summary = format!("`{version}` is not a version");
        for told in [summary.as_str(), told, "purlin.star:2"] {
            assert!(refused.stderr.contains(told), "{told} is not in {refused}");
        }
        assert_eq!(bench.workspace.read("victim/file"), "kept\n");
        assert!(bench.workspace.path("repo/other/1/package.toml").is_file());
        assert!(!bench.workspace.path("repo/it").exists());
    }
}

#[test]
fn what_somebody_else_wrote_stays() {
    let bench = bench("it", "1");
    let install = ["build", "it", "--install", "repo"];
    let refused = |told: &str| {
        let refused = bench.workspace.fail(1, &install);
        assert!(refused.stderr.contains("`it-1` cannot be installed"), "{refused}");
        assert!(refused.stderr.contains(told), "{told} is not in {refused}");
    };
    // Written by hand, and by nobody knows whom.
    bench.workspace.write("repo/it/1/package.toml", "name = \"it\"\nversion = \"1\"\n");
    refused("repo/it/1/package.toml is there, and was not written by `purlin build --install`");
    assert!(bench.workspace.read("repo/it/1/package.toml").starts_with("name"));
    fs::remove_file(bench.workspace.path("repo/it/1/package.toml")).unwrap();
    // What is written here is replaced, unless something was put beside it.
    bench.workspace.succeed(&install);
    bench.workspace.succeed(&install);
    assert_eq!(bench.workspace.read("repo/it/1/root/x"), "new\n");
    let names: Vec<_> = fs::read_dir(bench.workspace.path("repo/it"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    assert_eq!(names, ["1"]);
    bench.workspace.write("repo/it/1/notes.txt", "mine\n");
    refused("repo/it/1/notes.txt is there");
    assert_eq!(bench.workspace.read("repo/it/1/notes.txt"), "mine\n");
}

#[test]
fn what_killed_ones_have_left_is_removed_by_the_next() {
    let bench = bench("it", "1");
    // One of the dead, one that was killed before it had a lock, and one that runs.
    for lock in ["dead", "alive"] {
        bench.workspace.write(format!("repo/it/.installing-{lock}/lock"), "");
        bench.workspace.write(format!("repo/it/.installing-{lock}/made/root/x"), "half\n");
    }
    fs::create_dir(bench.workspace.path("repo/it/.installing-early")).unwrap();
    let lock = bench.workspace.path("repo/it/.installing-alive/lock");
    let lock = fs::File::options().write(true).open(lock).unwrap();
    lock.lock().unwrap();
    let names = || {
        bench.workspace.succeed(&["build", "it", "--install", "repo"]);
        let entries = fs::read_dir(bench.workspace.path("repo/it")).unwrap();
        let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name()).collect();
        names.sort();
        names
    };
    assert_eq!(names(), [".installing-alive", "1"]);
    assert!(bench.workspace.path("repo/it/.installing-alive/made/root/x").is_file());
    drop(lock);
    assert_eq!(names(), ["1"]);
}

#[test]
fn a_link_in_the_folder_leads_nowhere() {
    for link in ["it", "it/1"] {
        let bench = bench("it", "1");
        bench.workspace.write("elsewhere/1/file", "kept\n");
        let place = bench.workspace.path("repo").join(link);
        fs::create_dir_all(place.parent().unwrap()).unwrap();
        std::os::unix::fs::symlink(bench.workspace.path("elsewhere"), &place).unwrap();
        let refused = bench.workspace.fail(1, &["build", "it", "--install", "repo"]);
        assert!(refused.stderr.contains("is a link, which leads elsewhere"), "{refused}");
        assert_eq!(bench.workspace.read("elsewhere/1/file"), "kept\n");
        assert!(place.is_symlink());
    }
}
