//! The invariants of docs/ARCHITECTURE.md that can be read off the manifests and the sources.

#![expect(clippy::unwrap_used, reason = "a test that cannot read the sources has failed")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// What each crate may use of ours. Arrows point downwards only.
const ALLOWED: [(&str, &[&str]); 13] = [
    ("purlin-model", &[]),
    ("purlin-plugin", &["purlin-model"]),
    ("purlin-store", &["purlin-model"]),
    ("purlin-fetch", &["purlin-model", "purlin-store"]),
    ("purlin-process", &["purlin-model", "purlin-plugin"]),
    ("purlin-starlark", &["purlin-model", "purlin-plugin"]),
    (
        "purlin-host",
        &["purlin-model", "purlin-plugin", "purlin-process", "purlin-starlark", "purlin-store"],
    ),
    ("purlin-commands", &["purlin-host", "purlin-model", "purlin-plugin", "purlin-store"]),
    (
        "purlin-packages",
        &[
            "purlin-commands",
            "purlin-environments",
            "purlin-model",
            "purlin-plugin",
            "purlin-store",
        ],
    ),
    ("purlin-definitions", &["purlin-host", "purlin-model", "purlin-plugin", "purlin-store"]),
    ("purlin-environments", &["purlin-model"]),
    ("purlin-sdk", &["purlin-plugin"]),
    (
        "purlin-test",
        &[
            "purlin-environments",
            "purlin-model",
            "purlin-plugin",
            "purlin-process",
            "purlin-starlark",
            "purlin-store",
        ],
    ),
];

#[test]
fn dependencies_point_downwards_only() {
    for (name, dependencies) in packages() {
        let ours = dependencies.iter().filter(|one| one.starts_with("purlin"));
        let ours: BTreeSet<&str> = ours.map(String::as_str).collect();
        if name == "purlin" {
            continue;
        }
        if name.starts_with("purlin-plugin-") {
            assert_eq!(ours, BTreeSet::from(["purlin-plugin"]), "{name} is a plugin");
            continue;
        }
        let allowed = ALLOWED.iter().find(|(one, _)| *one == name).map(|(_, allowed)| allowed);
        let allowed = allowed.unwrap_or_else(|| panic!("{name} has no place in the graph yet"));
        for one in ours {
            assert!(allowed.contains(&one), "{name} must not use {one}");
        }
    }
}

#[test]
fn libraries_neither_print_nor_read_process_variables() {
    let outside = ["env::var", "env::vars", "env::home_dir", "println!(", "eprintln!(", "print!("];
    for (path, text) in sources(|name| name != "purlin" && name != "purlin-test") {
        for word in outside {
            for (number, line) in code(&text) {
                assert!(!line.contains(word), "{}:{number}: {line}", path.display());
            }
        }
    }
}

#[test]
fn commands_and_definitions_know_no_runtime_and_some_crates_do_no_io() {
    let knows_none = |name: &str| name == "purlin-commands" || name == "purlin-definitions";
    for (path, text) in sources(knows_none) {
        for (number, line) in code(&text) {
            for word in ["RuntimeKind", "purlin_process", "purlin_starlark"] {
                assert!(!line.contains(word), "{}:{number}: {line}", path.display());
            }
        }
    }
    let no_io = ["purlin-model", "purlin-plugin", "purlin-environments"];
    for (path, text) in sources(|name| no_io.contains(&name)) {
        for (number, line) in code(&text) {
            for word in ["std::fs", "TcpStream", "std::process", "File::"] {
                assert!(!line.contains(word), "{}:{number}: {line}", path.display());
            }
        }
    }
}

#[test]
fn the_core_knows_no_bundled_plugin_by_name() {
    // `command` and `none` are words of the core's own, too.
    let plugins = ["glob", "const", "variable", "load", "local", "active", "pydist", "repo"];
    let sections = ["apps", "devShells", "checks", "templates", "legacyPackages"];
    let names: Vec<String> =
        plugins.iter().chain(&sections).map(|name| format!("\"{name}\"")).collect();
    let core = ["purlin-commands", "purlin-definitions", "purlin-host"];
    for (path, text) in sources(|name| core.contains(&name)) {
        for (number, line) in code(&text) {
            for name in &names {
                assert!(!line.contains(name), "{}:{number}: {line}", path.display());
            }
        }
    }
}

#[test]
fn processes_are_started_for_actions_in_the_foreground_for_plugins_and_to_ask_git_only() {
    let starts = [
        "purlin-commands/src/execute.rs",
        "purlin-commands/src/foreground.rs",
        "purlin-commands/src/platform.rs",
        "purlin-commands/src/terminal.rs",
        "purlin-host/src/process/",
        "purlin/src/git.rs",
        "purlin/src/git/",
        "purlin-process/src/",
    ];
    for (path, text) in sources(|name| name != "purlin-test") {
        if starts.iter().any(|known| path.to_string_lossy().contains(known)) {
            continue;
        }
        for (number, line) in code(&text) {
            let is_start = line.contains("process::") && line.contains("Command");
            assert!(!is_start, "{}:{number}: {line}", path.display());
        }
    }
}

#[test]
fn connections_are_opened_to_fetch_only() {
    for (path, text) in sources(|name| name != "purlin-fetch") {
        for (number, line) in code(&text) {
            for word in ["TcpStream", "UdpSocket", "ureq"] {
                assert!(!line.contains(word), "{}:{number}: {line}", path.display());
            }
        }
    }
}

#[test]
fn what_tests_inject_is_in_no_binary_of_users() {
    let mut declared = 0;
    for folder in fs::read_dir(repository().join("crates")).unwrap() {
        let manifest = fs::read_to_string(folder.unwrap().path().join("Cargo.toml")).unwrap();
        // Tests may ask for it, and one crate may pass it on to another.
        let shipped = manifest.split("[dev-dependencies]").next().unwrap();
        declared += usize::from(shipped.contains("\nfault-injection = ["));
        for line in shipped.lines().filter(|line| line.contains("fault-injection")) {
            let passes_on = line.starts_with("fault-injection = [");
            assert!(passes_on || line.starts_with("required-features"), "{line}");
        }
        assert!(!shipped.contains("\ndefault = ["), "features are asked for by name");
    }
    assert_eq!(declared, 3);
}

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The packages of the workspace with the names of their dependencies, those for tests left out.
fn packages() -> BTreeMap<String, Vec<String>> {
    let output = std::process::Command::new(env!("CARGO"))
        .args(["metadata", "--format-version=1", "--no-deps", "--offline"])
        .current_dir(repository())
        .output()
        .unwrap();
    let document: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let packages = document["packages"].as_array().unwrap().iter().map(|package| {
        let dependencies = package["dependencies"].as_array().unwrap().iter();
        let dependencies = dependencies
            .filter(|one| one["kind"].is_null())
            .map(|one| one["name"].as_str().unwrap().to_owned())
            .collect();
        (package["name"].as_str().unwrap().to_owned(), dependencies)
    });
    let packages: BTreeMap<_, _> = packages.collect();
    assert!(packages.len() > 10, "{packages:?}");
    packages
}

/// The Rust files below `src` of the chosen crates.
fn sources(choose: impl Fn(&str) -> bool) -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    for folder in fs::read_dir(repository().join("crates")).unwrap() {
        let folder = folder.unwrap();
        if choose(&folder.file_name().to_string_lossy()) {
            collect(&folder.path().join("src"), &mut found);
        }
    }
    assert!(!found.is_empty());
    found
}

fn collect(folder: &Path, found: &mut Vec<(PathBuf, String)>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, found);
        } else if path.extension().is_some_and(|ending| ending == "rs")
            && !path.ends_with("tests.rs")
        {
            found.push((path.clone(), fs::read_to_string(&path).unwrap()));
        }
    }
}

/// The numbered lines that are neither comments nor in the tests at the end of a file.
fn code(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let lines = text.lines().take_while(|line| *line != "#[cfg(test)]");
    let numbered = lines.enumerate().map(|(number, line)| (number + 1, line));
    numbered.filter(|(_, line)| !line.trim_start().starts_with("//"))
}
