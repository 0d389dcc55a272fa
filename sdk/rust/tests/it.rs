//! The example as a process of its own.

use std::io::{BufRead, BufReader, Read, Write};
use std::path::PathBuf;
use std::process::{Command, Stdio};

use purlin_sdk::{Json, json, serde_json};

/// The program of `examples/dotenv`.
fn dotenv() -> PathBuf {
    let test = std::env::current_exe().expect("a test is a program");
    let folder = test.ancestors().nth(2).expect("tests are in `deps`");
    folder.join("examples/dotenv")
}

#[test]
fn a_process_answers_and_ends_with_its_stdin() {
    let folder = std::env::temp_dir().join(format!("purlin-sdk-dotenv-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("there is a place for temporary files");
    let text = "# comment=1\nexport NAME = x\nOTHER=y=z\nTHIRD=3\n";
    std::fs::write(folder.join(".env"), text).expect("the folder is new");
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
    std::fs::remove_dir_all(folder).expect("it is still there");
}
