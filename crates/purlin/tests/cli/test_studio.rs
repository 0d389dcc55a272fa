//! `examples/studio`: what a real workspace defines, each definition evaluated, and for each the
//! answer to "who wrote this?".

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use purlin_test::Workspace;
use serde_json::Value as Json;

use crate::folder;

/// The workspace with its plugins, which its user trusts.
fn studio() -> Workspace {
    let workspace = folder().variable("PURLIN_TRUST", "workspace");
    let studio = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/studio");
    let mut waiting = vec![studio.clone()];
    while let Some(next) = waiting.pop() {
        for entry in std::fs::read_dir(&next).expect("it is a folder") {
            let path = entry.expect("it can be listed").path();
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            if path.is_dir() && name != ".purlin" && name != "__pycache__" {
                waiting.push(path);
            } else if path.is_file() {
                let below = path.strip_prefix(&studio).expect("it was found there");
                workspace.write(below, std::fs::read(&path).expect("it is a file"));
            }
        }
    }
    workspace
}

/// The outputs of one system by path, each with its place and its type.
fn outputs(workspace: &Workspace, system: &str) -> BTreeMap<String, Json> {
    let words = ["show", "--system", system, "--origin", "--json"];
    let mut found = BTreeMap::new();
    collect(&workspace.succeed(&words).json(), &mut Vec::new(), &mut found);
    found
}

fn collect(json: &Json, path: &mut Vec<String>, found: &mut BTreeMap<String, Json>) {
    let entries = json.as_object().expect("a branch, or what is not evaluated");
    if entries.contains_key("$type") {
        found.insert(path.join("."), json["origin"].clone());
        return;
    }
    for (name, value) in entries {
        let quoted = name.contains(['.', '/']).then(|| format!("\"{name}\""));
        path.push(quoted.unwrap_or_else(|| name.clone()));
        collect(value, path, found);
        path.pop();
    }
}

/// The file and line of each definition that somebody wrote.
fn place(origin: &Json) -> (String, u64) {
    let file = origin["file"].as_str().expect("who wrote it is known");
    (file.to_owned(), origin["line"].as_u64().expect("where it stands is known"))
}

#[test]
fn it_has_no_mistakes() {
    let studio = studio();
    let told = studio.succeed(&["check", "--json"]).json();
    assert_eq!(told["diagnostics"], serde_json::json!([]));
}

#[test]
fn each_output_is_explained() {
    let studio = studio();
    let mut all = BTreeMap::new();
    for system in ["x86_64-linux", "aarch64-linux"] {
        all.extend(outputs(&studio, system));
    }
    assert!(all.len() >= 200, "{} outputs", all.len());
    for (path, origin) in all {
        let place = place(&origin);
        let file = studio.path(&place.0);
        assert!(file.is_file(), "{path}: there is no {}", file.display());
        let text = std::fs::read_to_string(file).expect("it is a text");
        assert!(place.1 <= text.lines().count() as u64, "{path}: {place:?}");
        let told = studio.succeed(&["explain", &path, "--json"]).json();
        assert_eq!(told["path"].as_str(), Some(path.as_str()));
        assert_eq!(told["conflicts"], serde_json::json!([]), "{path}");
        assert_eq!(self::place(&told["winner"]), place, "{path}");
    }
}

#[test]
fn each_definition_is_evaluated_and_unlike_the_others() {
    let studio = studio();
    // One output of each definition: many are put out in several views.
    let mut by_place: BTreeMap<(String, u64), String> = BTreeMap::new();
    for (path, origin) in outputs(&studio, "x86_64-linux") {
        by_place.entry(place(&origin)).or_insert(path);
    }
    assert!(by_place.len() >= 40, "{} definitions", by_place.len());
    let mut values: Vec<String> = Vec::new();
    for path in by_place.values() {
        let value = studio.succeed(&["show", path, "--json"]).json();
        // Of functions nothing can be told apart.
        if value["$type"] != "function" {
            values.push(value.to_string());
        }
    }
    values.sort();
    let count = values.len();
    values.dedup();
    // `latest` is another name for `everything`.
    assert!(count - values.len() <= 1, "definitions that are alike");
}

#[test]
fn every_runtime_has_a_part_in_it() {
    let studio = studio();
    let listed = studio.succeed(&["plugin", "list", "--json"]).json();
    let plugins = listed["plugins"].as_array().expect("a list");
    for runtime in ["native", "process", "starlark"] {
        let ok = |plugin: &&Json| plugin["runtime"] == runtime && plugin["enabled"] == true;
        let count = plugins.iter().filter(ok).filter(|plugin| plugin["status"] == "ok").count();
        assert!(count > 0, "{runtime}");
    }
    // What came through a process, and what came through Starlark.
    let keyer = studio.succeed(&["explain", "packages.x86_64-linux.vendor/keyer", "--json"]).json();
    assert_eq!(keyer["winner"]["plugin"], "vendored");
    let labels = studio.succeed(&["show", "packages.x86_64-linux.labels", "--json"]).json();
    assert_eq!(labels["description"], "Labels for the shelves: bin=programs, lib=libraries");
    let filed = studio.succeed(&["show", "catalogue.x86_64-linux.s.slate", "--json"]).json();
    assert_eq!(filed["version"], "1.4.0");
}

#[test]
fn an_override_reaches_the_packages_of_a_project() {
    let studio = studio();
    let show = |words: &[&str]| studio.succeed(&[&["show"], words, &["--json"]].concat()).json();
    let swatch = show(&["legacyPackages.x86_64-linux.look.swatch"]);
    assert_eq!(swatch["description"], "Swatches, written with tiff 4.6.0");
    let lookbook = show(&["legacyPackages.x86_64-linux.look.lookbook"]);
    assert_eq!(lookbook["env"]["LOOKBOOK_TIFF"], "4.6.0");
    // At home the project has its own.
    let alone =
        studio.succeed(&["-C", "projects/look", "show", "packages.x86_64-linux.swatch", "--json"]);
    assert_eq!(alone.json()["description"], "Swatches, written with tiff 4.5.1");
}

#[test]
fn a_project_that_is_not_adopted_is_put_out_as_it_is_at_home() {
    let studio = studio();
    let show = |path: &str| studio.succeed(&["show", path, "--json"]).json();
    let build = &show("legacyPackages.x86_64-linux.sim.solver")["build"];
    assert_eq!(build, "<package cc 13>/bin/cc -O3 solver.c");
    assert_eq!(
        show("legacyPackages.x86_64-linux.look.lookbook")["requires"][2]["version"],
        "5.0",
        "inside of the adopted one, what the studio has chosen is meant"
    );
}

#[test]
fn a_system_may_have_a_definition_of_its_own() {
    let studio = studio();
    let build = |system: &str| {
        let path = format!("packages.{system}.capture");
        studio.succeed(&["show", &path, "--json"]).json()["build"].clone()
    };
    assert_eq!(build("x86_64-linux"), "make");
    assert_eq!(build("aarch64-linux"), "make stream");
}

#[test]
fn a_show_begins_with_its_template() {
    let studio = studio();
    let new: PathBuf = studio.path("shows/lighthouse");
    std::fs::create_dir_all(&new).expect("it can be made");
    studio.succeed(&["-C", "shows/lighthouse", "init", "--template", "show"]);
    let card = studio.succeed(&["-C", "shows/lighthouse", "run", "card", "--quiet"]);
    assert_eq!(card.stdout, "sh010\n");
}
