//! Names that plugins ship for definitions: `scenarios/sources.toml`, played.

#![expect(clippy::unwrap_used, reason = "a case that cannot be read has failed")]

use purlin_model::{Source, parse_toml};
use serde_json::Value as Json;

use crate::workspace;

const CASES: &str = include_str!("scenarios/sources.toml");

fn play(case: &Json) {
    let id = &case["id"];
    let plugins = case["plugins"].as_array().into_iter().flatten();
    let plugins: String =
        plugins.map(|name| format!("{} = {{ path = {name} }}\n", name.as_str().unwrap())).collect();
    let mut workspace = workspace(&format!(
        "[workspace]\nsystems = ['x86_64-linux']\n[plugins]\n{plugins}\
         [[use]]\nname = 'all-local-resources'\n"
    ));
    if case["path"] == true {
        let root = workspace.root().to_string_lossy().into_owned();
        workspace = workspace.variable("PURLIN_PLUGIN_PATH", root);
    }
    for (path, text) in case["files"].as_object().unwrap() {
        workspace.write(path, text.as_str().unwrap());
    }
    let words = ["show", case["show"].as_str().unwrap(), "--json"];
    let Some(told) = case["told"].as_array() else {
        let mut value = workspace.succeed(&words).json();
        value.as_object_mut().unwrap().remove("$type");
        assert_eq!(value, case["value"], "{id}");
        return;
    };
    let words = &words[..2];
    let failed = workspace.fail(2, words);
    for part in told {
        let part = part.as_str().unwrap();
        assert!(failed.stderr.contains(part), "{id}: no {part:?} in\n{failed}");
    }
}

#[test]
fn sources_and_programs_of_definitions() {
    let (document, mistakes) = parse_toml(&Source::new("sources.toml", CASES));
    assert_eq!(mistakes, []);
    let document = document.to_json();
    let cases = document["case"].as_array().unwrap();
    assert!(cases.len() > 20);
    std::thread::scope(|scope| {
        for case in cases {
            scope.spawn(|| play(case));
        }
    });
}

#[test]
fn what_plugins_ship_in_other_files_is_refused() {
    let workspace = workspace("[plugins]\nteam = { path = 'team' }\n");
    workspace.write(
        "team/plugin.toml",
        "plugin = { name = 'team', version = '1.0.0', api = '1' }\nships = { definitions = ['a.toml'] }\n",
    );
    workspace.write("team/a.toml", "");
    let failed = workspace.fail(2, &["check"]);
    assert!(failed.stderr.contains("the plugin `team` ships definitions in `a.toml`"), "{failed}");
    assert!(failed.stderr.contains("team/plugin.toml:2:"), "{failed}");
}
