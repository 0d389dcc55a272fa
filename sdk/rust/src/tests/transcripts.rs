//! The golden transcripts of the protocol, played with a plugin that is written with this crate.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};

use purlin_plugin::transform::{Fragment, Importer, Payload};

use super::*;

/// Not played: the SDK speaks the version that this host speaks, and its types keep authors from
/// asking the host for what is not there.
const ELSEWHERE: [&str; 2] = ["initialize_no_common_version", "errors_of_the_host"];

/// Requests that authors cannot send, by transcript and id as JSON.
const UNSENT: [(&str, &str); 1] = [("host_output", "\"c\"")];

/// Errors in other words: the SDK knows the method, and tells what has happened in it.
const SAME_AS: [(&str, u64, &str); 2] =
    [("errors_of_plugins", 4, "UNSUPPORTED"), ("errors_of_plugins", 5, "INTERNAL")];

/// The plugin of the transcripts. What it does depends on the one that is played.
struct Demo {
    transcript: String,
    asked: AtomicUsize,
}

impl Dependency for Demo {
    fn expand(
        &self,
        _config: &Json,
        _context: &ExpandContext,
        host: &dyn Host,
    ) -> Result<Expansion, PluginError> {
        let number = self.asked.fetch_add(1, Ordering::Relaxed);
        let answer = |json| Ok(serde_json::from_value(json).unwrap());
        let failed = |code, message| Err(PluginError::new(code, message));
        match (self.transcript.as_str(), number) {
            ("cancel" | "cancel_too_late", _) => {
                while !host.cancelled() {
                    std::thread::yield_now();
                }
                if self.transcript == "cancel" {
                    return failed(ErrorCode::Cancelled, "cancelled");
                }
                answer(json!({ "globs": ["src/**"] }))
            }
            ("errors_of_plugins", 0) => {
                Err(PluginError::new(ErrorCode::InvalidConfig, "there is no such folder")
                    .at("/path"))
            }
            ("errors_of_plugins", 1) => failed(ErrorCode::Transient, "the server is busy"),
            ("errors_of_plugins", 2) => failed(ErrorCode::Unsupported, "unknown method"),
            ("errors_of_plugins", _) => failed(ErrorCode::Internal, "division by zero"),
            (_, 0) => answer(json!({
                "inputs": ["src/list"],
                "globs": ["src/**", "!src/**/*.tmp"],
                "values": [1, { "a": null }],
                "variables": ["CC"],
                "commands": [
                    { "name": "build", "space": "linux", "module": "lib", "args": { "level": 2 },
                        "strict": true },
                    { "name": "lint" },
                ],
                "packages": ["six>=1"],
            })),
            _ => Ok(Expansion::default()),
        }
    }
}

impl Environment for Demo {
    fn describe(
        &self,
        _name: &str,
        config: &Json,
        context: &EnvironmentContext,
        _host: &dyn Host,
    ) -> Result<EnvironmentDescription, PluginError> {
        if self.asked.fetch_add(1, Ordering::Relaxed) > 0 {
            return Ok(EnvironmentDescription::default());
        }
        assert_eq!(context.variables["VIRTUAL_ENV"], "/home/ada/venv");
        Ok(serde_json::from_value(json!({
            "expansion": { "globs": [config["requirements"]], "values": ["3.12"] },
            "changes": [
                { "operation": "set", "name": "VIRTUAL_ENV", "value": "{root}/.venv" },
                { "operation": "prepend", "name": "PATH", "value": "{root}/.venv/bin" },
                { "operation": "append", "name": "MANPATH", "value": "/usr/share/man" },
                { "operation": "unset", "name": "PYTHONHOME" },
            ],
            "root": ".venv",
            "site_packages": ".venv/lib/python3.12/site-packages",
            "installed_when": [".venv/bin/python"],
            "after": [{ "name": "venv.install", "args": { "into": ".venv" } }],
        }))
        .unwrap())
    }
}

impl Builder for Demo {
    fn plan(
        &self,
        leaf: &Json,
        context: &BuildContext,
        _: &dyn Host,
    ) -> Result<BuildPlan, PluginError> {
        assert_eq!((context.name.as_str(), context.system.as_str()), ("zlib", "x86_64-linux"));
        let install = Some("make install PREFIX=$out".to_owned());
        if self.asked.fetch_add(1, Ordering::Relaxed) > 0 {
            return Ok(BuildPlan { install, ..BuildPlan::default() });
        }
        let with = leaf["builder"]["with"].as_str().unwrap();
        Ok(BuildPlan {
            build: Some("make -j$PURLIN_JOBS all".to_owned()),
            install,
            env: [("CPPFLAGS".to_owned(), format!("-I{with}"))].into(),
            packages: vec!["make-4+".to_owned(), "cc".to_owned()],
        })
    }
}

impl Cache for Demo {
    fn open(&self, _: &str, _: &Json, _: &dyn Host) -> Result<Box<dyn OpenCache>, PluginError> {
        Ok(Box::new(Dav))
    }
}

/// Has every action, and brings none.
struct Dav;

impl OpenCache for Dav {
    fn contains(&self, items: &[CacheItem]) -> Result<Vec<bool>, PluginError> {
        Ok(items.iter().map(|item| item.file_name().starts_with("action")).collect())
    }

    fn fetch(&self, _: &[CacheItem], _: &Path) -> Result<(), PluginError> {
        Ok(())
    }

    fn put(&self, _: &[CacheItem], _: &Path) -> Result<(), PluginError> {
        Ok(())
    }
}

impl Repository for Demo {
    fn families(
        &self,
        config: &Json,
        context: &RepositoryContext,
        _: &dyn Host,
    ) -> Result<Vec<String>, PluginError> {
        assert_eq!(config["url"], "https://packages.example.com");
        assert_eq!(context.variables["PATH"], "/usr/bin");
        Ok(vec!["six".to_owned(), "zlib".to_owned()])
    }

    fn versions(
        &self,
        names: &[String],
        _: &Json,
        _: &RepositoryContext,
        _: &dyn Host,
    ) -> Result<Vec<PackageVersion>, PluginError> {
        let version = |version: &str| PackageVersion {
            name: names[0].clone(),
            version: version.to_owned(),
            digest: format!("d{version}"),
            ..PackageVersion::default()
        };
        let ignored = Some("withdrawn".to_owned());
        Ok(vec![
            PackageVersion { timestamp: Some(1_700_000_000), ..version("1.17") },
            PackageVersion { ignored, ..version("1.16") },
        ])
    }

    fn packages(
        &self,
        versions: &[PackageKey],
        _: &Json,
        _: &RepositoryContext,
        _: &dyn Host,
    ) -> Result<Vec<Json>, PluginError> {
        let document = |key: &PackageKey| json!({ "name": key.name, "version": key.version, "requires": ["python-2.7+"] });
        Ok(versions.iter().map(document).collect())
    }

    fn fetch(
        &self,
        variant: &PackageVariant,
        dir: &Path,
        _: &Json,
        _: &RepositoryContext,
        _: &dyn Host,
    ) -> Result<(), PluginError> {
        assert_eq!((variant.variant, dir), (Some(0), Path::new("/exchange")));
        Ok(())
    }
}

impl Subcommand for Demo {
    fn run(
        &self,
        _: &str,
        args: &Json,
        _: &SubcommandContext,
        _: &dyn Host,
    ) -> Result<i32, PluginError> {
        assert_eq!(args["packages"], json!(["six"]));
        Ok(3)
    }

    fn complete(
        &self,
        _: &str,
        _: &str,
        _: &str,
        _: &dyn Host,
    ) -> Result<Vec<String>, PluginError> {
        Ok(vec!["six".to_owned(), "simplejson".to_owned()])
    }
}

impl Argument for Demo {
    fn apply(
        &self,
        _: &str,
        _: &Json,
        _: &Json,
        _: &ArgumentContext,
        _: &dyn Host,
    ) -> Result<Vec<Edit>, PluginError> {
        Ok(vec![Edit { path: "/commands/0".to_owned(), value: json!("lint") }])
    }

    fn complete(&self, _: &str, _: &str, _: &dyn Host) -> Result<Vec<String>, PluginError> {
        Ok(vec!["fast".to_owned()])
    }
}

impl Importer for Demo {
    fn load(
        &self,
        options: &Json,
        sources: &[String],
        _: &dyn Host,
    ) -> Result<Vec<Fragment>, PluginError> {
        if self.asked.fetch_add(1, Ordering::Relaxed) > 0 {
            return Ok(Vec::new());
        }
        assert_eq!(sources, ["six/package.py"]);
        let path = |name| [options["section"].as_str().unwrap(), name];
        let shell = Payload::File("six/shell.star".to_owned());
        Ok(vec![
            Fragment::new(path("six"), Payload::Data(json!({ "version": "1.17.0" }))),
            Fragment {
                system: Some("x86_64-linux".into()),
                priority: Some(50),
                ..Fragment::new(path("shell"), shell)
            },
        ])
    }
}

impl Hook for Demo {
    fn event(&self, _: &str, _: &Json, host: &dyn Host) -> Result<(), PluginError> {
        let key = json!({ "url": "x" });
        let program = |argv: &[&str]| ExecRequest {
            argv: argv.iter().map(|&word| word.to_owned()).collect(),
            ..ExecRequest::default()
        };
        match self.transcript.as_str() {
            "host_exec" => {
                let version = ExecRequest {
                    cwd: Some("sub".to_owned()),
                    env: [("A".to_owned(), "1".to_owned())].into(),
                    stdin: Some("in".to_owned()),
                    ..program(&["rsync", "--version"])
                };
                assert_eq!(host.exec(&version)?.stdout, "rsync 3\n");
                let refused = host.exec(&program(&["rm"])).expect_err("it is not granted");
                assert_eq!(refused.code, ErrorCode::Refused);
                host.exec(&program(&[])).expect_err("it names no program");
            }
            "host_features" => assert_eq!(host.features()[0].name, "glob"),
            "host_memo" => {
                assert_eq!(host.recall(&key)?, None);
                host.remember(&key, &json!([1]))?;
                assert_eq!(host.recall(&key)?, Some(json!([1])));
            }
            "host_output" => {
                host.output(OutputStream::Stdout, "ready ✓\n".as_bytes())?;
                host.output(OutputStream::Stderr, b"\xff\0")?;
            }
            "host_scratch" => assert_eq!(host.scratch()?, Path::new("/scratch/run-1")),
            "log" => {
                host.log(LogLevel::Debug, "looking");
                host.log(LogLevel::Info, "found 3");
                host.log(LogLevel::Warning, "one is old");
            }
            "progress" => {
                host.progress("copying", Some(3), Some(10));
                host.progress("waiting", None, None);
            }
            _ => {}
        }
        Ok(())
    }
}

fn demo(transcript: &str, provides: &Json) -> Plugin {
    let code = || Demo { transcript: transcript.to_owned(), asked: AtomicUsize::new(0) };
    let plugin = Plugin::new("demo", "1.2.0");
    if transcript == "initialize_refused" {
        let refused = || PluginError::new(ErrorCode::NotFound, "no licence was found");
        return plugin.on_start(move |_| Err(refused()));
    }
    provides.as_array().unwrap().iter().fold(plugin, |plugin, feature| {
        let name = feature["name"].as_str().unwrap();
        match feature["point"].as_str().unwrap() {
            "dependency" => plugin.dependency(name, code()),
            "environment" => plugin.environment(name, code()),
            "builder" => plugin.builder(name, code()),
            "cache" => plugin.cache(name, code()),
            "repository" => plugin.repository(name, code()),
            "subcommand" => plugin.subcommand(name, code()),
            "argument" => plugin.argument(name, code()),
            "importer" => plugin.importer(name, code()),
            "hook" => plugin.hook(name, code()),
            point => panic!("{point} is not played"),
        }
    })
}

/// An answer with everything that may be left out.
fn whole<T: serde::Serialize + serde::de::DeserializeOwned>(result: &Json) -> Json {
    json!(serde_json::from_value::<T>(result.clone()).unwrap())
}

fn play(name: &str, entries: &[Json]) {
    let (mut peer, mut ids, mut handles) = (
        Peer::of(demo(name, &entries[1]["plugin"]["result"]["provides"])),
        HashMap::new(),
        HashMap::new(),
    );
    let mut methods = HashMap::new();
    for entry in entries {
        if let Some(message) = entry.get("host") {
            let mut message = message.clone();
            let id = message["id"].to_string();
            if UNSENT.iter().any(|(one, unsent)| *one == name && *unsent == id) {
                continue;
            }
            if let Some(method) = message.get("method").cloned() {
                methods.insert(id, method);
            } else {
                message["id"] = Json::clone(&ids[&id]);
            }
            if let Some(handle) = message["params"].get("handle").map(ToString::to_string) {
                message["params"]["handle"] = Json::clone(&handles[&handle]);
            }
            peer.send(&message);
            continue;
        }
        let mut expected = entry["plugin"].clone();
        let id = expected["id"].to_string();
        if UNSENT.iter().any(|(one, unsent)| *one == name && *unsent == id) {
            continue;
        }
        let mut heard = peer.hear();
        if expected.get("method").is_some() {
            // The plugin chooses its own ids.
            ids.insert(id.clone(), heard["id"].take());
            expected["id"].take();
            heard["id"].take();
        } else if let Some(result) = expected.get("result").cloned() {
            if let Some(handle) = result.get("handle") {
                handles.insert(handle.to_string(), heard["result"]["handle"].take());
                heard["result"]["handle"] = handle.clone();
            }
            let whole = match methods[&id].as_str() {
                Some("dependency/expand") => whole::<Expansion>,
                Some("environment/describe") => whole::<EnvironmentDescription>,
                _ => Json::clone,
            };
            expected["result"] = whole(&result);
            heard["result"] = whole(&heard["result"]);
            if let (Some(expected), Some(heard)) = (
                expected["result"]["provides"].as_array_mut(),
                heard["result"]["provides"].as_array_mut(),
            ) {
                expected.sort_by_key(ToString::to_string);
                heard.sort_by_key(ToString::to_string);
            }
        }
        for (_, _, code) in
            SAME_AS.iter().filter(|(one, same, _)| *one == name && same.to_string() == id)
        {
            expected["error"] = json!({ "code": -32000, "data": { "code": code } });
            heard["error"].as_object_mut().unwrap().remove("message");
        }
        assert_eq!(heard, expected, "{name}");
    }
    peer.close();
}

#[test]
fn each_transcript_is_answered_as_it_says() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/protocol");
    let mut played = 0;
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_str().unwrap();
        if path.extension().is_none_or(|ending| ending != "jsonl") || ELSEWHERE.contains(&name) {
            continue;
        }
        let text = fs::read_to_string(&path).unwrap();
        let entries: Vec<Json> =
            text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        play(name, &entries);
        played += 1;
    }
    assert!(played > 20, "{played}");
}
