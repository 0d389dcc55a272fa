//! What became of plugins that other tools fell over: `scenarios/plugins.toml`, played.

#![expect(clippy::unwrap_used, reason = "a scenario that cannot be read has failed")]

use std::collections::{BTreeMap, BTreeSet};
use std::os::unix::fs::PermissionsExt;

use purlin_model::{Source, parse_toml};
use purlin_test::Workspace;
use serde_json::Value as Json;

use crate::workspace;

const SCENARIOS: &str = include_str!("scenarios/plugins.toml");

/// The scenario's workspace: one command, and its plugins.
fn made(scenario: &Json) -> Workspace {
    let mut entries = String::new();
    let mut plugins: BTreeMap<String, &Json> = BTreeMap::new();
    let many = scenario["many"].as_u64().unwrap_or(1);
    for number in 1..=many {
        for (name, plugin) in scenario["plugins"].as_object().unwrap() {
            let name = name.replace("{n}", &number.to_string());
            entries.push_str(&format!("{name} = {{ path = '{name}' }}\n"));
            plugins.insert(name, plugin);
        }
    }
    let defaults = scenario["defaults"].as_str().unwrap_or_default();
    let defaults = format!("[defaults]\n{defaults}\n");
    let text = format!(
        "[plugins]\n{entries}{defaults}[commands.hello]\nexec = 'true'\ndeps = ['purlin.toml']\n"
    );
    let workspace = workspace(&text).variable("PURLIN_TRUST", "workspace");
    let root = workspace.root();
    let root = root.display();
    for (name, plugin) in plugins {
        let number = name.rsplit('-').next().unwrap_or_default();
        let text = |key: &str| plugin[key].as_str().map(|text| text.replace("{n}", number));
        let api = text("api").unwrap_or_else(|| "1".to_owned());
        let head = format!("plugin = {{ name = '{name}', version = '1.0.0', api = '{api}' }}\n");
        workspace.write(format!("{name}/plugin.toml"), head + &text("manifest").unwrap());
        if let Some(main) = text("main") {
            let main = format!(
                "#!/bin/sh\nROOT='{root}'\necho {name} >> \"$ROOT/started\" 2>/dev/null\n{main}\n"
            );
            workspace.write(format!("{name}/main"), main);
            let mode = std::fs::Permissions::from_mode(0o755);
            std::fs::set_permissions(workspace.path(format!("{name}/main")), mode).unwrap();
        }
    }
    workspace
}

fn play(scenario: &Json) {
    let told = format!("{}: {}", scenario["id"], scenario["about"]);
    let workspace = made(scenario);
    for step in scenario["steps"].as_array().unwrap() {
        let words: Vec<&str> =
            step["run"].as_array().unwrap().iter().map(|word| word.as_str().unwrap()).collect();
        let finished = workspace.run(&words);
        let code = step["code"].as_i64().unwrap_or(0);
        assert_eq!(finished.code.map(i64::from), Some(code), "{told}, {words:?}\n{finished}");
        for (stream, text) in [("stdout", &finished.stdout), ("stderr", &finished.stderr)] {
            for part in step[stream].as_array().into_iter().flatten() {
                let part = part.as_str().unwrap();
                assert!(text.contains(part), "{told}, {words:?}: no {part:?} in\n{finished}");
            }
        }
        for (file, count) in step["lines"].as_object().into_iter().flatten() {
            assert_eq!(
                workspace.lines(file) as u64,
                count.as_u64().unwrap(),
                "{told}, {file}\n{finished}"
            );
        }
        let started = workspace.path("started");
        match &step["started"] {
            Json::Bool(expected) => assert_eq!(started.exists(), *expected, "{told}, {words:?}"),
            Json::String(only) => {
                assert_eq!(workspace.read("started").trim(), only, "{told}, {words:?}");
            }
            _ => {}
        }
    }
}

#[test]
fn plugins_that_others_fell_over() {
    let (document, mistakes) = parse_toml(&Source::new("plugins.toml", SCENARIOS));
    assert_eq!(mistakes, []);
    let document = document.to_json();
    let scenarios = document["scenario"].as_array().unwrap();
    let ids: BTreeSet<&str> = scenarios.iter().map(|one| one["id"].as_str().unwrap()).collect();
    assert_eq!((ids.len(), scenarios.len()), (12, 12), "each is there once");
    std::thread::scope(|scope| {
        for scenario in scenarios {
            scope.spawn(|| play(scenario));
        }
    });
}
