//! The golden transcripts: what the host sends, to the letter, and what it makes of the answers.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use purlin_model::{Digest, Hasher};
use purlin_plugin::Point;
use purlin_plugin::contract::{
    Argument, Builder, Cache, Dependency, Environment, Hook, Host, LogLevel, OpenCache,
    OutputStream, QuietHost, Repository, Subcommand,
};
use purlin_plugin::manifest::Stage;
use purlin_plugin::message::{
    ArgumentContext, BuildContext, BuildPlan, CacheItem, CacheItemKind, EnvironmentContext,
    EnvironmentDescription, ErrorCode, ExecRequest, ExecResult, ExpandContext, FeatureSummary,
    PackageKey, PackageVariant, PackageVersion, PluginError, RepositoryContext, SubcommandContext,
};
use purlin_plugin::transform::{Importer, Name, Payload};
use purlin_process::{NEWEST_PROTOCOL, OLDEST_PROTOCOL, Process};
use serde_json::{Value as Json, json};

use crate::support::{Plugin, python, soon};

/// The digest of all transcripts, by the newest version of the protocol that they show. Whoever
/// changes a transcript of a version that was published makes a new version.
const DIGESTS: [(u32, &str); 1] =
    [(1, "136cc4f7ab75107c6501a7057091df94ac81eadb47c60b6ea0d61599acd398fd")];

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/protocol").canonicalize().unwrap()
}

fn transcripts() -> Vec<PathBuf> {
    let mut paths: Vec<_> =
        std::fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.retain(|path| path.extension().is_some_and(|ending| ending == "jsonl"));
    paths.sort();
    paths
}

#[test]
fn a_changed_transcript_is_a_new_version() {
    let mut hasher = Hasher::new("protocol-transcripts");
    for path in transcripts() {
        hasher.field(path.file_name().unwrap().as_encoded_bytes());
        hasher.field(&std::fs::read(&path).unwrap());
    }
    let (version, digest) = DIGESTS.last().unwrap();
    assert_eq!(*version, NEWEST_PROTOCOL, "each version has a digest");
    assert_eq!(
        *digest,
        hasher.finish().to_hex(),
        "the transcripts have changed: the protocol needs a new version, and its digest a line here"
    );
    assert_eq!(OLDEST_PROTOCOL, DIGESTS[0].0);
}

/// Every transcript is played, and none is left out by mistake.
#[test]
fn every_transcript_has_a_test() {
    let source = include_str!("protocol.rs");
    for path in transcripts() {
        let name = path.file_stem().unwrap().to_str().unwrap();
        assert!(source.contains(&format!("play(\"{name}\"")), "{name}");
    }
}

/// What the host calls, as its code has it.
fn called() -> BTreeSet<String> {
    let code = include_str!("../../src/features.rs");
    let calls = code.split("typed(\"").skip(1).filter_map(|rest| rest.split('"').next());
    calls.map(str::to_owned).collect()
}

/// The page that authors read, the transcripts, and what the host calls: no method is in one alone.
#[test]
fn every_method_has_a_transcript() {
    let page = folder().join("../../docs/reference/protocol.md");
    let page = std::fs::read_to_string(page).unwrap();
    let cells = page.lines().filter_map(|line| line.strip_prefix("| `")?.split('`').next());
    let mut told: BTreeSet<String> =
        cells.filter(|cell| cell.contains('/')).map(str::to_owned).collect();
    let unknown: Vec<String> = called().difference(&told).cloned().collect();
    assert!(called().len() > 10 && unknown.is_empty(), "the page lacks {unknown:?}");
    told.extend(["initialize".to_owned(), "$/cancel".to_owned()]);
    let mut shown = BTreeSet::new();
    for path in transcripts() {
        for line in std::fs::read_to_string(path).unwrap().lines() {
            let line: Json = serde_json::from_str(line).unwrap();
            for side in ["host", "plugin"] {
                shown.extend(line[side]["method"].as_str().map(str::to_owned));
            }
        }
    }
    // What the host refuses, because there is no such method.
    shown.remove("host/teleport");
    assert_eq!(told, shown);
}

/// One transcript on its way.
struct Play {
    plugin: Plugin,
    process: Process,
    host: Arc<Recorder>,
    name: &'static str,
}

/// Starts the scripted peer with a transcript.
fn play(name: &'static str) -> Play {
    let transcript = folder().join(format!("{name}.jsonl"));
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/process/peer.py");
    let mut plugin = Plugin::program(Vec::new());
    let record = plugin.dir.path().join("record");
    let launch = &mut plugin.launch;
    launch.argv = vec![python().into(), "-I".into(), "-S".into(), "-B".into()];
    launch.argv.extend([script.clone().into(), transcript.clone().into(), record.into()]);
    launch.sandbox.read.extend([script, folder()]);
    launch.sandbox.write.push(plugin.dir.path().to_owned());
    launch.plugin = "demo".to_owned();
    launch.config = json!({ "greeting": "hello" });
    launch.root = Some("/workspace".into());
    launch.limits.grace = Duration::from_secs(2);
    let text = std::fs::read_to_string(transcript).unwrap();
    let answer: Json = serde_json::from_str(text.lines().nth(1).unwrap()).unwrap();
    let provides = answer["plugin"]["result"]["provides"].as_array();
    launch.provides = provides
        .into_iter()
        .flatten()
        .map(|one| {
            let point: Point = serde_json::from_value(one["point"].clone()).unwrap();
            (point, one["name"].as_str().unwrap().to_owned())
        })
        .collect();
    let host = Arc::new(Recorder::default());
    let process = Process::new(launch.clone(), host.clone());
    Play { plugin, process, host, name }
}

impl Play {
    /// Compares what the host has said with the transcript.
    #[track_caller]
    fn ends(self) -> Vec<String> {
        self.process.shut_down();
        let lines = |text: &str| -> Vec<Json> {
            text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
        };
        let heard = std::fs::read_to_string(self.plugin.dir.path().join("record")).unwrap();
        let heard = heard.replace(self.plugin.dir.path().to_str().unwrap(), "[folder]");
        let golden =
            std::fs::read_to_string(folder().join(format!("{}.jsonl", self.name))).unwrap();
        let golden =
            lines(&golden).into_iter().filter_map(|mut line| line.get_mut("host").map(Json::take));
        assert_eq!(lines(&heard), golden.collect::<Vec<_>>());
        std::mem::take(&mut self.host.lines.lock().unwrap())
    }

    fn expand(&self) -> Result<Json, PluginError> {
        let context = ExpandContext {
            space: Some("linux".to_owned()),
            module: Some("app".to_owned()),
            context: [("debug".to_owned(), json!(true))].into_iter().collect(),
            ..ExpandContext::new("/workspace")
        };
        let config = json!({ "path": "src" });
        let answer = self.process.feature("tree").expand(&config, &context, &QuietHost);
        answer.map(|expansion| serde_json::to_value(expansion).unwrap())
    }

    fn event(self) -> Vec<String> {
        let hook = self.process.feature("run.finished");
        hook.event("run.finished", &json!({ "failed": 0 }), &QuietHost).unwrap();
        self.ends()
    }
}

/// A host that writes down what it is asked for.
#[derive(Default)]
struct Recorder {
    lines: Mutex<Vec<String>>,
    memo: Mutex<Option<Json>>,
}

impl Recorder {
    fn add(&self, line: String) {
        self.lines.lock().unwrap().push(line);
    }
}

impl Host for Recorder {
    fn log(&self, level: LogLevel, message: &str) {
        self.add(format!("{level:?} {message}"));
    }

    fn features(&self) -> Vec<FeatureSummary> {
        let name = "glob".to_owned();
        vec![FeatureSummary { plugin: name.clone(), point: Point::Dependency, name }]
    }

    fn progress(&self, message: &str, done: Option<u64>, total: Option<u64>) {
        self.add(format!("{message} {done:?} {total:?}"));
    }

    fn output(&self, stream: OutputStream, bytes: &[u8]) -> Result<(), PluginError> {
        self.add(format!("{stream:?} {bytes:?}"));
        Ok(())
    }

    fn exec(&self, request: &ExecRequest) -> Result<ExecResult, PluginError> {
        self.add(format!("{request:?}"));
        if request.argv[0] == "rm" {
            return Err(PluginError::new(ErrorCode::Refused, "`rm` is not granted"));
        }
        let stdout = "rsync 3\n".to_owned();
        Ok(ExecResult { status: Some(0), stdout, ..ExecResult::default() })
    }

    fn scratch(&self) -> Result<PathBuf, PluginError> {
        Ok("/scratch/run-1".into())
    }

    fn recall(&self, _: &Json) -> Result<Option<Json>, PluginError> {
        Ok(self.memo.lock().unwrap().clone())
    }

    fn remember(&self, _: &Json, value: &Json) -> Result<(), PluginError> {
        *self.memo.lock().unwrap() = Some(value.clone());
        Ok(())
    }
}

#[test]
fn initialize() {
    let playing = play("initialize");
    playing.process.start().unwrap();
    playing.process.start().unwrap();
    assert_eq!(playing.process.starts(), 1);
    playing.ends();
}

#[test]
fn refusals_to_begin() {
    let told = |playing: Play| {
        let error = playing.process.call("hook/event", &json!({})).unwrap_err();
        playing.ends();
        error.cause.to_string()
    };
    assert_eq!(
        told(play("initialize_no_common_version")),
        "it speaks no version of the protocol that this Purlin speaks (1): versions 3 to 5 are spoken here"
    );
    assert_eq!(told(play("initialize_refused")), "it cannot begin: no licence was found");
}

#[test]
fn dependency_expand() {
    let playing = play("dependency_expand");
    assert_eq!(
        playing.expand().unwrap(),
        json!({
            "inputs": ["src/list"], "globs": ["src/**", "!src/**/*.tmp"],
            "values": [1, { "a": null }], "variables": ["CC"],
            "commands": [
                { "name": "build", "space": "linux", "module": "lib", "args": { "level": 2 }, "strict": true, "isolated": false },
                { "name": "lint", "space": null, "module": null, "args": {}, "strict": false, "isolated": false },
            ],
            "packages": ["six>=1"],
        })
    );
    assert_eq!(playing.expand().unwrap()["globs"], json!([]));
    playing.ends();
}

#[test]
fn environment_describe() {
    let playing = play("environment_describe");
    let context = EnvironmentContext {
        space: Some("docs".to_owned()),
        context: [("debug".to_owned(), json!(true))].into_iter().collect(),
        variables: [("VIRTUAL_ENV".to_owned(), "/home/ada/venv".to_owned())].into(),
        ..EnvironmentContext::new("/workspace")
    };
    let config = json!({ "requirements": "docs.txt" });
    let feature = playing.process.feature("venv");
    let describe = || feature.describe("docs", &config, &context, &QuietHost).unwrap();
    let described = describe();
    assert_eq!(described.after[0].args["into"], ".venv");
    assert_eq!(
        described.changes.iter().map(|change| (change.name(), change.value())).collect::<Vec<_>>(),
        [
            ("VIRTUAL_ENV", Some("{root}/.venv")),
            ("PATH", Some("{root}/.venv/bin")),
            ("MANPATH", Some("/usr/share/man")),
            ("PYTHONHOME", None),
        ]
    );
    assert_eq!(described.expansion.globs, ["docs.txt"]);
    assert_eq!(described.installed_when, [".venv/bin/python"]);
    assert_eq!(
        (described.root.as_deref(), described.site_packages.as_deref()),
        (Some(".venv"), Some(".venv/lib/python3.12/site-packages"))
    );
    assert_eq!(describe(), EnvironmentDescription::default());
    playing.ends();
}

#[test]
fn errors_of_plugins() {
    let playing = play("errors_of_plugins");
    let told: Vec<_> = (0..4)
        .map(|_| playing.expand().unwrap_err())
        .map(|error| format!("{:?} {:?} {}", error.code, error.path, error.message))
        .collect();
    assert_eq!(
        told,
        [
            "InvalidConfig Some(\"/path\") there is no such folder",
            "Transient None the server is busy",
            "Unsupported None it does not know `dependency/expand`: unknown method",
            "Internal None error -32603: division by zero",
        ]
    );
    playing.ends();
}

fn open(playing: &Play) -> Box<dyn OpenCache> {
    let config = json!({ "url": "https://cache.example.com" });
    playing.process.feature("dav").open("team", &config, &QuietHost).unwrap()
}

fn items() -> [CacheItem; 2] {
    let digest = |text: &str| serde_json::from_value::<Digest>(json!(text.repeat(32))).unwrap();
    [
        CacheItem { kind: CacheItemKind::Action, digest: digest("ab"), size: 120 },
        CacheItem { kind: CacheItemKind::Blob, digest: digest("cd"), size: 5 },
    ]
}

#[test]
fn caches() {
    let playing = play("cache_open");
    open(&playing);
    playing.ends();
    let playing = play("cache_contains");
    assert_eq!(open(&playing).contains(&items()).unwrap(), [true, false]);
    playing.ends();
    let playing = play("cache_fetch");
    open(&playing).fetch(&items(), Path::new("/exchange")).unwrap();
    playing.ends();
    let playing = play("cache_put");
    open(&playing).put(&items()[1..], Path::new("/exchange")).unwrap();
    playing.ends();
}

#[test]
fn repositories() {
    let context = RepositoryContext {
        name: "studio".to_owned(),
        root: Some("/workspace".to_owned()),
        variables: [("PATH".to_owned(), "/usr/bin".to_owned())].into(),
    };
    let config = json!({ "url": "https://packages.example.com" });
    let playing = play("repository_families");
    let feature = playing.process.feature("index");
    assert_eq!(feature.families(&config, &context, &QuietHost).unwrap(), ["six", "zlib"]);
    playing.ends();
    let playing = play("repository_versions");
    let feature = playing.process.feature("index");
    let names = ["six".to_owned(), "gone".to_owned()];
    let versions = feature.versions(&names, &config, &context, &QuietHost).unwrap();
    let six = |version: &str| PackageVersion {
        name: "six".to_owned(),
        version: version.to_owned(),
        digest: format!("d{version}"),
        ..PackageVersion::default()
    };
    let ignored = Some("withdrawn".to_owned());
    let expected = [
        PackageVersion { timestamp: Some(1_700_000_000), ..six("1.17") },
        PackageVersion { ignored, ..six("1.16") },
    ];
    assert_eq!(versions, expected);
    playing.ends();
    let playing = play("repository_packages");
    let feature = playing.process.feature("index");
    let key = PackageKey { name: "six".to_owned(), version: "1.17".to_owned() };
    let documents = feature.packages(&[key], &config, &context, &QuietHost).unwrap();
    assert_eq!(documents[0]["requires"], json!(["python-2.7+"]));
    playing.ends();
    let playing = play("repository_fetch");
    let feature = playing.process.feature("index");
    let variant =
        PackageVariant { name: "six".to_owned(), version: "1.17".to_owned(), variant: Some(0) };
    let dir = Path::new("/exchange");
    Repository::fetch(&feature, &variant, dir, &config, &context, &QuietHost).unwrap();
    playing.ends();
}

#[test]
fn subcommands() {
    let context = SubcommandContext {
        root: Some("/workspace".to_owned()),
        directory: "/workspace/src".to_owned(),
        json: false,
    };
    let args = json!({ "packages": ["six"], "target": null });
    let playing = play("subcommand_run");
    let feature = playing.process.feature("localise");
    assert_eq!(feature.run("renamed", &args, &context, &QuietHost).unwrap(), 3);
    playing.ends();
    let playing = play("subcommand_complete");
    let feature = playing.process.feature("localise");
    let values = Subcommand::complete(&feature, "renamed", "packages", "si", &QuietHost);
    assert_eq!(values.unwrap(), ["six", "simplejson"]);
    playing.ends();
}

#[test]
fn arguments() {
    let context = ArgumentContext { command: "run".to_owned(), stage: Stage::Resolved };
    let playing = play("argument_apply");
    let feature = playing.process.feature("localised");
    let request = json!({ "commands": ["test"] });
    let edits = feature.apply("renamed", &json!(true), &request, &context, &QuietHost).unwrap();
    assert_eq!(json!(edits), json!([{ "path": "/commands/0", "value": "lint" }]));
    playing.ends();
    let playing = play("argument_complete");
    let feature = playing.process.feature("localised");
    let values = Argument::complete(&feature, "renamed", "f", &QuietHost).unwrap();
    assert_eq!(values, ["fast"]);
    playing.ends();
}

#[test]
fn builder_plan() {
    let playing = play("builder_plan");
    let feature = playing.process.feature("make");
    let leaf = json!({
        "version": "1.3", "requires": ["@purlin:package:ab@"],
        "builder": { "targets": ["all"], "with": "@purlin:package:ab@/include" },
    });
    let context = BuildContext { name: "zlib".to_owned(), system: "x86_64-linux".to_owned() };
    let plan = || feature.plan(&leaf, &context, &QuietHost).unwrap();
    let expected = BuildPlan {
        build: Some("make -j$PURLIN_JOBS all".to_owned()),
        install: Some("make install PREFIX=$out".to_owned()),
        env: [("CPPFLAGS".to_owned(), "-I@purlin:package:ab@/include".to_owned())].into(),
        packages: vec!["make-4+".to_owned(), "cc".to_owned()],
    };
    assert_eq!(plan(), expected);
    assert_eq!(plan(), BuildPlan { install: expected.install, ..BuildPlan::default() });
    playing.ends();
}

#[test]
fn importer_load() {
    let playing = play("importer_load");
    let feature = playing.process.feature("package-py");
    let (options, sources) = (json!({ "section": "packages" }), ["six/package.py".to_owned()]);
    let load = || feature.load(&options, &sources, &QuietHost).unwrap();
    let fragments = load();
    assert_eq!(fragments[0].path, ["packages", "six"].map(Name::from));
    assert!(matches!(&fragments[0].payload, Payload::Data(data) if data["version"] == "1.17.0"));
    assert_eq!(
        (fragments[1].system.as_deref(), fragments[1].priority),
        (Some("x86_64-linux"), Some(50))
    );
    assert!(matches!(&fragments[1].payload, Payload::File(path) if path == "six/shell.star"));
    assert!(load().is_empty());
    playing.ends();
}

#[test]
fn notifications() {
    assert_eq!(play("hook_event").event(), [""; 0]);
    assert_eq!(play("log").event(), ["Debug looking", "Info found 3", "Warning one is old"]);
    assert_eq!(play("progress").event(), ["copying Some(3) Some(10)", "waiting None None"]);
}

#[test]
fn services() {
    assert_eq!(
        play("host_output").event(),
        [format!("Stdout {:?}", "ready ✓\n".as_bytes()), "Stderr [255, 0]".to_owned()]
    );
    let asked = play("host_exec").event();
    assert_eq!(
        asked[0],
        "ExecRequest { argv: [\"rsync\", \"--version\"], cwd: Some(\"sub\"), env: {\"A\": \"1\"}, stdin: Some(\"in\") }"
    );
    play("host_scratch").event();
    play("host_features").event();
    play("host_memo").event();
    play("errors_of_the_host").event();
}

#[test]
fn cancelling() {
    for (playing, fails) in [(play("cancel"), true), (play("cancel_too_late"), false)] {
        let result = std::thread::scope(|scope| {
            let caller = scope.spawn(|| playing.expand());
            let record = playing.plugin.dir.path().join("record");
            soon("it is not asked", || {
                std::fs::read_to_string(&record).is_ok_and(|text| text.lines().count() == 2)
            });
            playing.process.cancel_all();
            caller.join().unwrap()
        });
        assert_eq!(
            result.as_ref().err().map(|error| error.code),
            fails.then_some(ErrorCode::Cancelled)
        );
        playing.ends();
    }
}
