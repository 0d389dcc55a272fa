//! A plugin with everything, and a host that is a test.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::sync::{Arc, Barrier};
use std::thread::JoinHandle;

use purlin_plugin::contract::{
    Argument, Builder, Cache, Dependency, Environment, Hook, Host, LogLevel, OpenCache,
    OutputStream, Repository, Subcommand,
};
use purlin_plugin::message::{
    ArgumentContext, BuildContext, BuildPlan, CacheItem, Edit, EnvironmentContext,
    EnvironmentDescription, ErrorCode, ExecRequest, ExpandContext, Expansion, PackageKey,
    PackageVariant, PackageVersion, PluginError, RepositoryContext, SubcommandContext,
    VariableChange,
};

use crate::{Json, Plugin, json};

mod transcripts;

/// The plugin's other side.
struct Peer {
    input: UnixStream,
    output: BufReader<UnixStream>,
    thread: JoinHandle<std::process::ExitCode>,
}

impl Peer {
    fn of(plugin: Plugin) -> Self {
        let (input, theirs) = UnixStream::pair().unwrap();
        let (output, their_output) = UnixStream::pair().unwrap();
        let thread = std::thread::spawn(move || plugin.serve(theirs, their_output));
        Self { input, output: BufReader::new(output), thread }
    }

    fn started(plugin: Plugin) -> (Self, Json) {
        let mut peer = Self::of(plugin);
        peer.send(&initialize(1, 1));
        let answer = peer.hear();
        (peer, answer)
    }

    fn line(&mut self, line: &str) {
        self.input.write_all(format!("{line}\n").as_bytes()).unwrap();
    }

    fn send(&mut self, message: &Json) {
        self.line(&message.to_string());
    }

    fn hear(&mut self) -> Json {
        let mut line = String::new();
        self.output.read_line(&mut line).unwrap();
        serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line:?}"))
    }

    fn request(&mut self, id: u64, method: &str, params: &Json) {
        self.send(&json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params }));
    }

    fn call(&mut self, method: &str, params: &Json) -> Json {
        self.request(7, method, params);
        let answer = self.hear();
        assert_eq!(answer["id"], 7, "{answer}");
        answer
    }

    fn close(self) {
        drop(self.input);
        self.thread.join().unwrap();
    }
}

fn initialize(min: u32, max: u32) -> Json {
    json!({ "jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {
        "protocol": { "min": min, "max": max },
        "purlin": "0.1.0",
        "plugin": { "name": "all", "version": "1.0.0", "folder": "/p", "config": { "level": 3 } },
        "root": "/w",
        "newer": true,
    }})
}

struct All(Arc<Barrier>);

impl Dependency for All {
    fn expand(
        &self,
        config: &Json,
        context: &ExpandContext,
        host: &dyn Host,
    ) -> Result<Expansion, PluginError> {
        match config["do"].as_str() {
            Some("fail") => {
                Err(PluginError::new(ErrorCode::InvalidConfig, "it is wrong").at("/do"))
            }
            Some("panic") => panic!("on purpose"),
            Some("meet") => {
                self.0.wait();
                Ok(Expansion::default())
            }
            Some("wait") => {
                while !host.cancelled() {
                    std::thread::yield_now();
                }
                Err(PluginError::new(ErrorCode::Cancelled, "stopped"))
            }
            _ => Ok(Expansion { globs: vec![context.root.clone()], ..Expansion::default() }),
        }
    }
}

impl Environment for All {
    fn describe(
        &self,
        name: &str,
        config: &Json,
        context: &EnvironmentContext,
        _host: &dyn Host,
    ) -> Result<EnvironmentDescription, PluginError> {
        let value = format!("{config} {} {:?}", context.root, context.variables);
        let changes = vec![VariableChange::Set { name: name.to_owned(), value }];
        Ok(EnvironmentDescription { changes, ..EnvironmentDescription::default() })
    }
}

impl Cache for All {
    fn open(
        &self,
        name: &str,
        _config: &Json,
        _host: &dyn Host,
    ) -> Result<Box<dyn OpenCache>, PluginError> {
        Ok(Box::new(OnlyActions(name.to_owned())))
    }
}

struct OnlyActions(String);

impl OpenCache for OnlyActions {
    fn contains(&self, items: &[CacheItem]) -> Result<Vec<bool>, PluginError> {
        Ok(items.iter().map(|item| item.file_name().starts_with("action")).collect())
    }

    fn fetch(&self, items: &[CacheItem], dir: &Path) -> Result<(), PluginError> {
        for item in items.iter().filter(|item| item.file_name().starts_with("action")) {
            fs::write(dir.join(item.file_name()), &self.0).unwrap();
        }
        Ok(())
    }

    fn put(&self, _items: &[CacheItem], _dir: &Path) -> Result<(), PluginError> {
        Err(PluginError::new(ErrorCode::Transient, "it is full"))
    }
}

/// Uses all services of the host.
struct Busy;

impl Subcommand for Busy {
    fn run(
        &self,
        name: &str,
        args: &Json,
        context: &SubcommandContext,
        host: &dyn Host,
    ) -> Result<i32, PluginError> {
        host.log(LogLevel::Warning, name);
        host.progress("half", Some(1), None);
        host.output(OutputStream::Stdout, context.directory.as_bytes())?;
        host.output(OutputStream::Stderr, b"\xff")?;
        let scratch = host.scratch()?;
        assert_eq!(scratch, Path::new("/s"));
        assert_eq!(host.features().len(), 1);
        assert_eq!(host.recall(args)?, None);
        host.remember(args, &json!(5))?;
        let request = ExecRequest { argv: vec!["true".to_owned()], ..ExecRequest::default() };
        let refused = host.exec(&request).expect_err("the test refuses it");
        assert_eq!(refused.code, ErrorCode::Refused);
        Ok(host.exec(&request)?.status.unwrap_or(99))
    }

    fn complete(
        &self,
        name: &str,
        argument: &str,
        prefix: &str,
        _host: &dyn Host,
    ) -> Result<Vec<String>, PluginError> {
        Ok(vec![format!("{name}:{argument}:{prefix}")])
    }
}

impl Argument for Busy {
    fn apply(
        &self,
        name: &str,
        value: &Json,
        request: &Json,
        context: &ArgumentContext,
        _host: &dyn Host,
    ) -> Result<Vec<Edit>, PluginError> {
        let value = json!([name, value, context.command, context.stage, request]);
        Ok(vec![Edit { path: "/jobs".to_owned(), value }])
    }
}

impl Hook for Busy {
    fn event(&self, name: &str, payload: &Json, host: &dyn Host) -> Result<(), PluginError> {
        host.log(LogLevel::Info, &format!("{name}: {payload}"));
        Ok(())
    }
}

fn all() -> Plugin {
    Plugin::new("all", "1.0.0")
        .dependency("all", All(Arc::new(Barrier::new(2))))
        .environment("place", All(Arc::new(Barrier::new(1))))
        .cache("some", All(Arc::new(Barrier::new(1))))
        .subcommand("busy", Busy)
        .argument("flag", Busy)
        .hook("run.finished", Busy)
}

fn expand(what: &str) -> Json {
    json!({ "name": "all", "config": { "do": what }, "newer": 1, "context": {
        "root": "/w", "space": null, "module": null, "context": {}, "newer": 2,
    }})
}

#[test]
fn what_is_provided_is_told_first() {
    let (mut peer, answer) = Peer::started(all());
    assert_eq!(
        answer["result"],
        json!({ "protocol": 1, "provides": [
            { "point": "cache", "name": "some" },
            { "point": "dependency", "name": "all" },
            { "point": "environment", "name": "place" },
            { "point": "subcommand", "name": "busy" },
            { "point": "argument", "name": "flag" },
            { "point": "hook", "name": "run.finished" },
        ]})
    );
    let answer = peer.call("dependency/expand", &expand("nothing"));
    assert_eq!(answer["result"]["globs"], json!(["/w"]));
    peer.close();
}

#[test]
fn nothing_is_answered_before_the_versions_are_known() {
    let mut peer = Peer::of(all());
    let answer = peer.call("dependency/expand", &expand("nothing"));
    assert_eq!(answer["error"]["code"], -32600);
    peer.send(&initialize(2, 9));
    let error = peer.hear()["error"].clone();
    assert_eq!(error["code"], -32001);
    assert_eq!(error["message"], "all 1.0.0 speaks version 1 of the protocol, the host 2 to 9");
    peer.send(&initialize(0, 9));
    assert_eq!(peer.hear()["result"]["protocol"], 1);
    peer.close();
}

#[test]
fn a_plugin_can_refuse_its_own_configuration() {
    let plugin = all().on_start(|start| {
        assert_eq!(start.root.as_deref(), Some(Path::new("/w")));
        assert_eq!(start.config, json!({ "level": 3 }));
        Err(PluginError::new(ErrorCode::InvalidConfig, "too high").at("/level"))
    });
    let (peer, answer) = Peer::started(plugin);
    let data = json!({ "code": "INVALID_CONFIG", "path": "/level" });
    assert_eq!(answer["error"], json!({ "code": -32000, "message": "too high", "data": data }));
    peer.close();
}

#[test]
fn failures_carry_their_code_and_panics_are_failures() {
    let (mut peer, _) = Peer::started(all());
    let failed = peer.call("dependency/expand", &expand("fail"))["error"].clone();
    let data = json!({ "code": "INVALID_CONFIG", "path": "/do" });
    assert_eq!(failed, json!({ "code": -32000, "message": "it is wrong", "data": data }));
    let panicked = peer.call("dependency/expand", &expand("panic"))["error"].clone();
    assert_eq!(panicked["data"]["code"], "INTERNAL");
    assert_eq!(peer.call("resource/plan", &json!({}))["error"]["code"], -32601);
    assert_eq!(peer.call("dependency/expand", &json!({}))["error"]["code"], -32602);
    let unknown = json!({ "name": "none", "payload": {} });
    assert_eq!(peer.call("hook/event", &unknown)["error"]["code"], -32602);
    peer.close();
}

#[test]
fn what_is_no_message_is_answered_and_does_not_end_the_plugin() {
    let (mut peer, _) = Peer::started(all());
    for (line, code) in [("{", -32700), ("[]", -32600), ("{\"jsonrpc\":\"2.0\"}", -32600)] {
        peer.line(line);
        let answer = peer.hear();
        assert_eq!((&answer["id"], &answer["error"]["code"]), (&Json::Null, &json!(code)));
    }
    // Answers that nobody waits for and notifications of newer hosts change nothing.
    peer.line(r#"{"jsonrpc":"2.0","id":77,"result":{}}"#);
    peer.line(r#"{"jsonrpc":"2.0","method":"$/newer","params":{}}"#);
    assert!(peer.call("dependency/expand", &expand("nothing"))["result"].is_object());
    peer.close();
}

#[test]
fn an_environment_is_described_by_its_feature_under_its_name() {
    let (mut peer, _) = Peer::started(all());
    let context = json!({ "root": "/w", "space": null, "context": {}, "variables": { "A": "b" }, "newer": 1 });
    let params = json!({ "feature": "place", "name": "docs", "config": 1, "context": context });
    let answer = peer.call("environment/describe", &params);
    let change = json!({ "operation": "set", "name": "docs", "value": "1 /w {\"A\": \"b\"}" });
    assert_eq!(answer["result"]["changes"], json!([change]));
    peer.close();
}

#[test]
fn calls_run_at_the_same_time() {
    let (mut peer, _) = Peer::started(all());
    peer.request(20, "dependency/expand", &expand("meet"));
    peer.request(21, "dependency/expand", &expand("meet"));
    let mut ids = [peer.hear()["id"].as_u64(), peer.hear()["id"].as_u64()];
    ids.sort_unstable();
    assert_eq!(ids, [Some(20), Some(21)]);
    peer.close();
}

#[test]
fn a_call_learns_that_nobody_wants_its_answer() {
    let (mut peer, _) = Peer::started(all());
    peer.request(3, "dependency/expand", &expand("wait"));
    peer.line(r#"{"jsonrpc":"2.0","method":"$/cancel","params":{"id":3}}"#);
    let answer = peer.hear();
    assert_eq!((&answer["id"], &answer["error"]["code"]), (&json!(3), &json!(-32800)));
    // The end of stdin is the end of all calls.
    peer.request(4, "dependency/expand", &expand("wait"));
    peer.close();
}

#[test]
fn caches_are_kept_by_their_handles() {
    let folder = std::env::temp_dir().join(format!("purlin-sdk-{}", std::process::id()));
    fs::create_dir_all(&folder).unwrap();
    let (mut peer, _) = Peer::started(all());
    let mut open = |name: &str| {
        let params = json!({ "feature": "some", "name": name, "config": {} });
        peer.call("cache/open", &params)["result"]["handle"].clone()
    };
    let handles = [open("first"), open("second")];
    assert_ne!(handles[0], handles[1]);
    let digest = "0".repeat(64);
    let items = json!([
        { "kind": "action", "digest": digest, "size": 1 },
        { "kind": "blob", "digest": digest, "size": 1 },
    ]);
    let params = json!({ "handle": handles[1], "items": items, "dir": folder });
    let answer = peer.call("cache/contains", &params.clone());
    assert_eq!(answer["result"]["found"], json!([true, false]));
    let answer = peer.call("cache/fetch", &params.clone());
    assert_eq!(answer["result"]["fetched"], json!([true, false]));
    let text = fs::read_to_string(folder.join(format!("action-{digest}"))).unwrap();
    assert_eq!(text, "second");
    let failed = peer.call("cache/put", &params);
    assert_eq!(failed["error"]["data"]["code"], "TRANSIENT");
    let unknown = json!({ "handle": "9", "items": [] });
    assert_eq!(peer.call("cache/contains", &unknown)["error"]["code"], -32602);
    peer.close();
    fs::remove_dir_all(folder).unwrap();
}

#[test]
fn subcommands_use_the_services_of_the_host() {
    let (mut peer, _) = Peer::started(all());
    let context = json!({ "root": null, "directory": "/d" });
    let params = json!({ "name": "busy", "args": { "x": 1 }, "context": context });
    peer.request(30, "subcommand/run", &params);
    let ended = json!({ "status": 4, "signal": null, "stdout": "", "stderr": "" });
    let refusal = json!({ "code": -32002, "message": "not granted" });
    let script = [
        ("$/log", json!({ "level": "warning", "message": "busy" }), None),
        ("$/progress", json!({ "message": "half", "done": 1 }), None),
        ("host/output", json!({ "stream": "stdout", "text": "/d" }), Some(Ok(json!({})))),
        ("host/output", json!({ "stream": "stderr", "base64": "/w==" }), Some(Ok(json!({})))),
        ("host/scratch", json!({}), Some(Ok(json!({ "dir": "/s" })))),
        (
            "host/features",
            json!({}),
            Some(Ok(json!({ "features": [{ "plugin": "p", "point": "hook", "name": "n" }] }))),
        ),
        ("host/memo", json!({ "key": { "x": 1 } }), Some(Ok(json!({ "value": null })))),
        ("host/memo", json!({ "key": { "x": 1 }, "value": 5 }), Some(Ok(json!({ "value": 5 })))),
        ("host/exec", json!({ "argv": ["true"] }), Some(Err(refusal))),
        ("host/exec", json!({ "argv": ["true"] }), Some(Ok(ended))),
    ];
    for (method, params, answer) in script {
        let heard = peer.hear();
        assert_eq!((&heard["method"], &heard["params"]), (&json!(method), &params));
        match answer {
            None => assert_eq!(heard["id"], Json::Null),
            Some(Ok(result)) => {
                peer.send(&json!({ "jsonrpc": "2.0", "id": heard["id"], "result": result }));
            }
            Some(Err(error)) => {
                peer.send(&json!({ "jsonrpc": "2.0", "id": heard["id"], "error": error }));
            }
        }
    }
    assert_eq!(peer.hear(), json!({ "jsonrpc": "2.0", "id": 30, "result": { "status": 4 } }));
    let params = json!({ "name": "busy", "argument": "target", "prefix": "a" });
    let answer = peer.call("subcommand/complete", &params);
    assert_eq!(answer["result"]["values"], json!(["busy:target:a"]));
    peer.close();
}

#[test]
fn flags_and_hooks_are_called_with_what_the_host_says() {
    let (mut peer, _) = Peer::started(all());
    let params = json!({ "name": "flag", "value": true, "command": "run", "stage": "parsed",
        "request": { "jobs": 1 } });
    let answer = peer.call("argument/apply", &params);
    let value = json!(["flag", true, "run", "parsed", { "jobs": 1 }]);
    assert_eq!(answer["result"], json!({ "edits": [{ "path": "/jobs", "value": value }] }));
    let answer = peer.call("argument/complete", &json!({ "name": "flag", "prefix": "x" }));
    assert_eq!(answer["result"], json!({ "values": [] }));
    peer.request(8, "hook/event", &json!({ "name": "run.finished", "payload": { "n": 1 } }));
    assert_eq!(peer.hear()["params"]["message"], "run.finished: {\"n\":1}");
    assert_eq!(peer.hear()["result"], json!({}));
    peer.close();
}

#[test]
fn those_who_wait_for_the_host_stop_when_it_goes() {
    let (mut peer, _) = Peer::started(all());
    let context = json!({ "root": null, "directory": "/d" });
    peer.request(5, "subcommand/run", &json!({ "name": "busy", "args": {}, "context": context }));
    while peer.hear()["method"] != "host/output" {}
    // `close` would wait for ever if the subcommand did.
    peer.close();
}
