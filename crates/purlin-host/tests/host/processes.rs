//! Process plugins: what they are started with, and what the host does for them.

use std::ffi::OsString;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use insta::assert_snapshot;
use purlin_host::{Console, Need, Plugins, Surroundings};
use purlin_plugin::Point;
use purlin_plugin::contract::{LogLevel, OutputStream};
use purlin_plugin::message::SubcommandContext;
use serde_json::{Value as Json, json};

use crate::support::Place;

/// A plugin whose subcommand sends the requests that it is given, and answers with what comes back.
const CODE: &str = r#"
import json, os, sys, time

def send(**message):
    print(json.dumps({"jsonrpc": "2.0", **message}), flush=True)

def answer():
    while True:
        message = json.loads(sys.stdin.readline())
        if "method" not in message:
            return message.get("result", message.get("error"))

for line in sys.stdin:
    message = json.loads(line)
    if message["method"] == "$/cancel":
        continue
    if message["method"] == "initialize":
        provides = [{"point": "subcommand", "name": "ask"}]
        send(id=message["id"], result={"protocol": 1, "provides": provides})
        continue
    send(method="$/log", params={"level": "warning", "message": "asked"})
    send(method="$/progress", params={"message": "asking", "done": 1})
    answers = []
    for method, params in message["params"]["args"]["requests"]:
        if method == "leave":
            send(id="x", method="host/exec", params=params)
            time.sleep(0.5)
            os._exit(1)
        if method == "environment":
            answers.append(dict(os.environ))
            continue
        send(id="x", method=method, params=params)
        answers.append(answer())
    output = {"stream": "stdout", "text": json.dumps(answers)}
    send(id="y", method="host/output", params=output)
    answer()
    send(id=message["id"], result={"status": len(answers)})
"#;

const MANIFEST: &str = r#"
[runtime]
kind = "process"
entry = ["python3", "-S", "ask.py"]

[provides.subcommand.ask]
about = "Asks"

[permissions]
run = ["echo", "sleep"]
environment = ["ASK_*"]
"#;

#[derive(Default)]
struct Seen(Mutex<Vec<String>>);

impl Console for Seen {
    fn output(&self, stream: OutputStream, bytes: &[u8]) -> std::io::Result<()> {
        self.0.lock().unwrap().push(format!("{stream:?} {}", String::from_utf8_lossy(bytes)));
        Ok(())
    }

    fn progress(&self, plugin: &str, message: &str, done: Option<u64>, total: Option<u64>) {
        self.0.lock().unwrap().push(format!("{plugin} {message} {done:?} {total:?}"));
    }
}

/// The real interpreter first on `PATH`, since the tests' own may be a shim.
fn path() -> OsString {
    let output = std::process::Command::new("python3")
        .args([
            "-I",
            "-c",
            "import os, sys; print(os.path.dirname(os.path.realpath(sys.executable)))",
        ])
        .output()
        .unwrap();
    format!("{}:/usr/bin:/bin", String::from_utf8(output.stdout).unwrap().trim()).into()
}

fn place() -> (Place, Arc<Seen>) {
    let mut place = Place::new();
    place.plugin("user/ask", MANIFEST);
    place.write("user/ask/ask.py", CODE);
    let seen = Arc::new(Seen::default());
    place.surroundings = Some(Surroundings {
        before_plugins: None,
        variables: vec![
            ("PATH".into(), path()),
            ("HOME".into(), "/home/me".into()),
            ("ASK_ME".into(), "yes".into()),
            ("SECRET".into(), "no".into()),
        ],
        cache: place.path("cache"),
        console: Some(seen.clone()),
    });
    (place, seen)
}

/// Sends requests through the plugin, which writes the answers to its stdout.
fn ask(plugins: &Plugins, seen: &Seen, requests: &Json) -> Json {
    let feature = plugins.find(Point::Subcommand, "ask", Need::Any).unwrap();
    let subcommand = plugins.subcommand(&feature).unwrap();
    let context = SubcommandContext { root: None, directory: "/".to_owned(), json: false };
    subcommand.run("ask", &json!({ "requests": requests }), &context, plugins).unwrap();
    let lines = seen.0.lock().unwrap();
    let answers = lines.last().unwrap().strip_prefix("Stdout ").unwrap();
    serde_json::from_str(answers).unwrap()
}

#[test]
fn the_services_of_the_host() {
    let (mut place, seen) = place();
    let plugins = place.open();
    let answers = ask(
        &plugins,
        &seen,
        &json!([
            ["host/exec", { "argv": ["echo", "hello"], "env": { "A": "1" } }],
            ["host/exec", { "argv": ["rm", "-rf", "/"] }],
            ["host/exec", { "argv": ["/bin/echo"] }],
            ["host/memo", { "key": { "a": 1 } }],
            ["host/memo", { "key": { "a": 1 }, "value": [1] }],
            ["host/features", {}],
            ["host/scratch", {}],
        ]),
    );
    assert_eq!(
        answers[0],
        json!({ "status": 0, "signal": null, "stdout": "hello\n", "stderr": "" })
    );
    assert_snapshot!(answers[1]["message"].as_str().unwrap(), @"`rm` is none of the programs that its manifest asks for (`run`)");
    assert_eq!((&answers[1]["code"], &answers[2]["code"]), (&json!(-32002), &json!(-32002)));
    assert_eq!(answers[3], json!({ "value": null }));
    assert_eq!(answers[5]["features"][0]["plugin"], "files");
    let scratch = PathBuf::from(answers[6]["dir"].as_str().unwrap());
    assert!(scratch.starts_with(place.path("cache/scratch")) && scratch.is_dir());
    assert_eq!(seen.0.lock().unwrap()[0], "ask asking Some(1) None");
    assert_eq!(plugins.take_log(), [(LogLevel::Warning, "ask: asked".to_owned())]);
    assert_eq!(plugins.processes_started(), 1);
    drop(plugins);
    assert!(!scratch.exists());

    // What was remembered is known in the next run, until the plugin changes or what it sees does.
    let known = json!([["host/memo", { "key": { "a": 1 } }]]);
    assert_eq!(ask(&place.open(), &seen, &known)[0], json!({ "value": [1] }));
    let mut other = place.surroundings.clone().unwrap();
    other.variables.retain(|(name, _)| name != "ASK_ME");
    other.variables.push(("ASK_ME".into(), "something else".into()));
    let usual = place.surroundings.replace(other);
    assert_eq!(ask(&place.open(), &seen, &known)[0], json!({ "value": null }));
    place.surroundings = usual;
    assert_eq!(ask(&place.open(), &seen, &known)[0], json!({ "value": [1] }));
    place.write("user/ask/more.py", "");
    assert_eq!(ask(&place.open(), &seen, &known)[0], json!({ "value": null }));
}

#[test]
fn only_granted_variables_are_seen() {
    let (place, seen) = place();
    let answers = ask(&place.open(), &seen, &json!([["environment", {}]]));
    let seen: Vec<&str> = answers[0].as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(
        seen,
        ["ASK_ME", "HOME", "LANG", "LC_ALL", "PATH", "PURLIN_PLUGIN_PROTOCOL", "TMPDIR"]
    );
}

#[test]
fn a_program_that_runs_for_a_plugin_ends_with_its_calls() {
    let (place, seen) = place();
    let plugins = place.open();
    let canceller = plugins.canceller();
    let begin = std::time::Instant::now();
    let stop = std::thread::spawn(move || {
        std::thread::sleep(std::time::Duration::from_millis(700));
        canceller.cancel();
    });
    let answers = ask(&plugins, &seen, &json!([["host/exec", { "argv": ["sleep", "60"] }]]));
    assert_eq!(answers[0]["signal"], 9);
    stop.join().unwrap();
    assert!(begin.elapsed() < std::time::Duration::from_secs(20));
}

/// A plugin that is a Python module.
fn word(place: &Place) {
    place.plugin(
        "user/word",
        "[runtime]\nkind = \"process\"\nentry = { module = \"word\" }\n\
         [provides.subcommand.word]\nabout = \"A word\"\n",
    );
    place.write(
        "user/word/word.py",
        "from purlin import plugin\n\n\n@plugin.subcommand(\"word\")\n\
         def word(args: plugin.Data, context: plugin.SubcommandContext) -> int:\n    return 4\n",
    );
}

#[test]
fn a_program_ends_with_the_plugin_that_dies() {
    let (place, seen) = place();
    let plugins = place.open();
    let time = "61.1875";
    let feature = plugins.find(Point::Subcommand, "ask", Need::Any).unwrap();
    let subcommand = plugins.subcommand(&feature).unwrap();
    let context = SubcommandContext { root: None, directory: "/".to_owned(), json: false };
    let requests = json!({ "requests": [["leave", { "argv": ["sleep", time] }]] });
    subcommand.run("ask", &requests, &context, &plugins).unwrap_err();
    let runs = || {
        let all = std::fs::read_dir("/proc").unwrap().filter_map(Result::ok);
        let mut words = all.filter_map(|one| std::fs::read(one.path().join("cmdline")).ok());
        words.any(|words| words == format!("sleep\0{time}\0").as_bytes())
    };
    let begin = std::time::Instant::now();
    while runs() {
        assert!(begin.elapsed() < std::time::Duration::from_secs(10), "it still runs");
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    // The plugin may be started once more, and its programs run then.
    assert_eq!(ask(&plugins, &seen, &json!([["host/exec", { "argv": ["echo"] }]]))[0]["status"], 0);
}

#[test]
fn a_granted_program_runs_its_own_code() {
    let (place, seen) = place();
    let run = |name: &str, value: String| json!(["host/exec", { "argv": ["echo", "hello"], "env": { name: value } }]);
    let own = path().into_string().unwrap();
    let requests = json!([
        run("LD_PRELOAD", "/tmp/other.so".to_owned()),
        run("PATH", "/tmp".to_owned()),
        run("DYLD_INSERT_LIBRARIES", "/tmp/other.dylib".to_owned()),
        run("PATH", own),
        run("ASK_ME", "no".to_owned()),
    ]);
    let answers = ask(&place.open(), &seen, &requests);
    for refused in 0..3 {
        assert_eq!(answers[refused]["code"], -32002, "{answers}");
    }
    assert_snapshot!(answers[0]["message"].as_str().unwrap(), @"`LD_PRELOAD` decides which code `echo` runs, and its manifest does not ask for it (`environment`)");
    assert_eq!((&answers[3]["status"], &answers[4]["status"]), (&json!(0), &json!(0)));
}

#[test]
fn a_shim_is_asked_once_which_python_it_starts() {
    let (mut place, _) = place();
    let real = path().into_string().unwrap();
    let real = real.split(':').next().unwrap();
    let count = place.path("count");
    let shim = place.path("shims/python3");
    place.write(
        "shims/python3",
        &format!("#!/bin/sh\necho x >> {}\nexec {real}/python3 \"$@\"\n", count.display()),
    );
    std::fs::set_permissions(&shim, std::fs::Permissions::from_mode(0o755)).unwrap();
    word(&place);
    let home = place.path("").into();
    let surroundings = place.surroundings.as_mut().unwrap();
    // A shim in the home folder is the user's, though this be a workspace.
    surroundings.variables[1].1 = home;
    surroundings.variables[0].1 =
        format!("{}:{}", shim.parent().unwrap().display(), path().display()).into();
    for _ in 0..2 {
        let plugins = place.open();
        let feature = plugins.find(Point::Subcommand, "word", Need::Any).unwrap();
        let context = SubcommandContext { root: None, directory: "/".to_owned(), json: false };
        let word = plugins.subcommand(&feature).unwrap();
        assert_eq!(word.run("word", &json!({}), &context, &plugins).unwrap(), 4);
    }
    assert_eq!(std::fs::read_to_string(count).unwrap(), "x\n");
}

#[test]
fn another_content_of_a_plugin_loads_nothing_that_this_one_compiled() {
    let (place, _) = place();
    word(&place);
    for content in 1..=2 {
        place.write("user/word/content", &content.to_string());
        let plugins = place.open();
        let feature = plugins.find(Point::Subcommand, "word", Need::Any).unwrap();
        let context = SubcommandContext { root: None, directory: "/".to_owned(), json: false };
        plugins.subcommand(&feature).unwrap().run("word", &json!({}), &context, &plugins).unwrap();
        drop(plugins);
        let compiled = std::fs::read_dir(place.path("cache/python")).unwrap();
        assert_eq!(compiled.count(), content);
    }
}

#[test]
fn what_cannot_be_started_is_told_with_the_reason() {
    let (mut place, _) = place();
    place.surroundings.as_mut().unwrap().variables[0].1 = "/nowhere".into();
    let plugins = place.open();
    let feature = plugins.find(Point::Subcommand, "ask", Need::Any).unwrap();
    assert_snapshot!(place.told(&plugins.subcommand(&feature).err().unwrap()), @r"
    error[plugin-start]: the plugin `ask` 1.2.0 cannot be started
      at [dir]/user/ask/plugin.toml:11:22 (ask): this needs it
      why: It cannot run, because there is no program `python3` on PATH.
    ");
}
