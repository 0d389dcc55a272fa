//! The example as a process of its own.

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;

use purlin_model::Source;
use purlin_process::{Launch, Limits, Programs, Sandbox};
use purlin_sdk::{Json, Point, json, serde_json};
use purlin_test::kit::{Code, Outcome, Running, Subject, test};

/// The program of `examples/dotenv`.
fn dotenv() -> PathBuf {
    let test = std::env::current_exe().expect("a test is a program");
    let folder = test.ancestors().nth(2).expect("tests are in `deps`");
    folder.join("examples/dotenv")
}

#[test]
fn a_process_answers_and_ends_with_its_stdin() {
    let folder = std::env::temp_dir().join(format!("purlin-sdk-dotenv-{}", std::process::id()));
    fs::create_dir_all(&folder).expect("there is a place for temporary files");
    let text = "# comment=1\nexport NAME = x\nOTHER=y=z\nTHIRD=3\n";
    fs::write(folder.join(".env"), text).expect("the folder is new");
    let mut child = Command::new(dotenv())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the example is built with the tests");
    let mut input = child.stdin.take().expect("it is piped");
    let mut output = BufReader::new(child.stdout.take().expect("it is piped"));
    let mut call = |id: u64, method: &str, params: &Json| -> Json {
        let message = json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params });
        writeln!(input, "{message}").expect("it listens");
        loop {
            let mut line = String::new();
            output.read_line(&mut line).expect("it answers");
            let heard: Json = serde_json::from_str(&line).expect("it answers with JSON");
            if heard.get("method").is_none() {
                return heard;
            }
        }
    };
    let started = call(
        1,
        "initialize",
        &json!({ "protocol": { "min": 1, "max": 1 }, "purlin": "0.1.0", "root": folder,
            "plugin": { "name": "dotenv", "version": "1.0.0", "folder": folder, "config": null } }),
    );
    let provides = json!([{ "point": "dependency", "name": "dotenv" }]);
    assert_eq!(started["result"], json!({ "protocol": 1, "provides": provides }));
    let context = json!({ "root": folder, "space": null, "module": null, "context": {} });
    let config = json!({ "path": ".env", "keys": ["NAME", "OTHER"] });
    let params = json!({ "name": "dotenv", "config": config, "context": context });
    let answer = call(2, "dependency/expand", &params);
    assert_eq!(answer["result"]["values"], json!([["NAME", "x"], ["OTHER", "y=z"]]));
    assert_eq!(answer["result"]["inputs"], json!([".env"]));
    let config = json!({ "path": "none", "keys": [] });
    let params = json!({ "name": "dotenv", "config": config, "context": context });
    let answer = call(3, "dependency/expand", &params);
    let data = json!({ "code": "INVALID_CONFIG", "path": "/path" });
    assert_eq!(answer["error"]["data"], data);
    drop(input);
    let mut rest = String::new();
    output.read_to_string(&mut rest).expect("it ends");
    assert_eq!(rest, "");
    assert!(child.wait().expect("it ends").success());
    fs::remove_dir_all(folder).expect("it is still there");
}

#[test]
fn the_example_holds_to_the_conformance_kit() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/dotenv");
    let launch = Launch {
        plugin: "dotenv".to_owned(),
        version: semver::Version::new(1, 0, 0),
        purlin: semver::Version::new(0, 1, 0),
        folder: folder.clone(),
        argv: vec![dotenv().into()],
        environment: Vec::new(),
        config: Json::Null,
        root: None,
        provides: vec![(Point::Dependency, "dotenv".to_owned())],
        programs: Programs::default(),
        limits: Limits::default(),
        exchange: None,
        sandbox: Sandbox { read: vec!["/".into()], ..Sandbox::default() },
    };
    let manifest = fs::read_to_string(folder.join("plugin.toml")).expect("it is there");
    let report = test(&Subject {
        manifest: Source::new(folder.join("plugin.toml"), manifest),
        text_of: Box::new(|path| fs::read_to_string(folder.join(path)).ok()),
        folder: Some(folder.clone()),
        places: None,
        code: Some(Code::Process(Arc::new(move |_, _| Running::new(launch.clone(), &[])))),
        variables: BTreeMap::new(),
    });
    assert!(report.len() > 10, "{report:?}");
    for verdict in report {
        assert_eq!(verdict.outcome, Outcome::Passed, "{}", verdict.check.id);
    }
}
