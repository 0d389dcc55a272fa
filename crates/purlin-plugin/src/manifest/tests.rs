use std::fmt::Write as _;

use super::*;
use crate::Point;

/// The manifest of the documentation, with every key.
const WHOLE: &str = r#"
[plugin]
name        = "localz"
version     = "1.2.0"
api         = "1"
description = "Localise packages onto fast disks"
license     = "MIT"
docs        = "docs"

[runtime]
kind  = "process"
entry = { module = "localz" }
python = { requires = ["boto3>=1.34"], overrides = ["zipp==3.20"] }
memory = "512MiB"
max-concurrency = 4
startup-timeout = "10s"
call_timeout = "500ms"

[requires]
purlin  = ">=0.1, <2"
plugins = { s3 = "^1" }

[config]
schema = "schemas/config.json"

[provides.cache.mirror]
about  = "A cache that mirrors another one onto a local disk"
schema = "schemas/mirror.json"
hot    = "user"

[provides.dependency.package-tree]
schema = "schemas/package-tree.json"
key    = "package"

[provides.environment.localized]
schema = "schemas/localized.json"

[provides.resource."nfs.export"]
schema = "schemas/export.json"
state  = { version = 2, schema = "schemas/export.state.json" }

[provides.state.nfs]
[provides.lease.nfs]
[provides.repository.shotgun]
[provides.importer.package-py]
schema = "schemas/package-py.json"
inputs = ["**/package.py"]
into   = "packages"

[provides.leaf.package]
schema = "schemas/package.json"
constructor = "mk_package"
sections = ["packages"]
role  = "build"
marks = ["version", "source"]

[provides.builder.cmake]

[provides.subcommand.localise]
about = "Copy packages and what they need to a local disk"
args  = [
  { name = "packages", kind = "positional", type = "package", many = true, about = "Packages to copy" },
  { name = "target", kind = "option", type = "path", about = "Where to copy to" },
]

[[provides.argument]]
on    = ["env", "shell"]
name  = "localised"
type  = "bool"
stage = "resolved"
about = "Use local copies where there are any"
edits = ["/resolve/packages"]

[provides.transform.localized]
runtime = "starlark"
entry   = "localized.star"
schema  = "schemas/localized-options.json"
reads   = ["packages"]
extends = ["packages"]
outputs = ["localized"]

[[provides.hook]]
on = "env.activated"

[ships]
commands    = "commands.toml"
definitions = ["definitions.toml", "machines.star"]

[permissions]
network     = ["*.example.com:443"]
run         = ["rsync"]
environment = ["LOCALZ_*"]
read        = ["{workspace}"]
write       = ["{cache}/localz"]
secrets     = ["localz-token"]
"#;

fn parsed(text: &str) -> ParsedManifest {
    parse_manifest(&Source::new("plugin.toml", text))
}

/// A manifest that parses without a word.
fn good(text: &str) -> Manifest {
    let parsed = parsed(text);
    assert_eq!(parsed.diagnostics, [], "{text}");
    parsed.manifest.expect("there are no mistakes")
}

/// All diagnostics as `line code summary`.
fn mistakes(text: &str) -> String {
    let parsed = parsed(text);
    assert_eq!(parsed.manifest.is_none(), !parsed.diagnostics.is_empty());
    let mut lines = String::new();
    for diagnostic in &parsed.diagnostics {
        let label = diagnostic.labels.first().expect("every mistake has a place");
        writeln!(lines, "{} {}: {}", label.origin.line, diagnostic.code, diagnostic.summary)
            .expect("writing to a string works");
    }
    lines
}

/// `text` behind a `[plugin]` of three keys on one line, so that its lines count from 2.
fn with_head(text: &str) -> String {
    format!("plugin = {{ name = \"own\", version = \"1.0.0\", api = \"1\" }}\n{text}")
}

#[test]
fn every_key_of_the_documentation_is_understood() {
    let manifest = good(WHOLE);
    let ids: Vec<String> = manifest.features.iter().map(Feature::id).collect();
    assert_eq!(
        ids,
        [
            "cache/mirror",
            "dependency/package-tree",
            "environment/localized",
            "resource/nfs.export",
            "state/nfs",
            "lease/nfs",
            "repository/shotgun",
            "importer/package-py",
            "leaf/package",
            "builder/cmake",
            "subcommand/localise",
            "argument/localised",
            "transform/localized",
            "hook/env.activated",
        ]
    );
    assert_eq!(Point::ALL.len(), ids.len(), "the example shows every point once");
    let runtime = manifest.runtime.as_ref().expect("it has one");
    assert_eq!(runtime.kind, RuntimeKind::Process);
    assert_eq!(runtime.entry, Some(RuntimeEntry::Module("localz".to_owned())));
    assert_eq!(runtime.memory, Some(512 << 20));
    assert_eq!(runtime.max_concurrency, Some(4));
    assert_eq!((runtime.startup_timeout_ms, runtime.call_timeout_ms), (Some(10_000), Some(500)));
    assert_eq!(manifest.requires.plugins["s3"].to_string(), "^1");
    let transform = &manifest.features[12];
    assert_eq!(manifest.runtime_of(transform), Some(RuntimeKind::Starlark));
    assert_eq!(transform.entry, Some(RuntimeEntry::File("localized.star".to_owned())));
    assert_eq!(transform.place.line, 74);
    assert_eq!(manifest.permissions.write, ["{cache}/localz"]);
    let Detail::Subcommand { args } = &manifest.features[10].detail else { panic!("it has args") };
    assert_eq!((args[0].many, args[0].required, args[1].required), (true, true, false));
}

#[test]
fn mistakes_in_everything_but_features() {
    insta::assert_snapshot!(mistakes(r#"
[plugin]
nmae = "x"
name = "Bad_Name"
version = "1.2"
api = "one"
license = 3
docs = "/usr/share/doc"
max = 1

[runtime]
kind = "procces"
entry = "a.star"
memory = "512"
max-concurrency = 0
call-timeout = "soon"
python = { require = [] }

[requires]
purlin = "about 1"
plugins = { S3 = "^1", s4 = 1, Bad_Name = "1" }

[config]

[ships]
commands = "../commands.toml"
definitions = "definitions.toml"

[permissions]
network = ["example.com", "*:443"]
environment = ["A*B"]
read = ["data", "{workspace}x"]
run = ["*"]
secrets = ["", 3]
ports = [1]

[provide]
"#), @"
    3 unknown-key: unknown key `nmae` in [plugin]
    4 bad-name: `Bad_Name` is not a plugin name
    5 bad-version: `1.2` is not a version
    6 bad-version: `one` is not a version of the contract
    7 wrong-type: `license` in [plugin] must be a string
    8 bad-path: `/usr/share/doc` is not a file of the plugin
    9 unknown-key: unknown key `max` in [plugin]
    12 unknown-runtime: `kind` in [runtime] cannot be `procces`
    14 bad-value: `memory` in [runtime] cannot be `512`
    15 bad-value: `max-concurrency` in [runtime] is out of range
    16 bad-value: `call-timeout` in [runtime] cannot be `soon`
    17 unknown-key: unknown key `require` in [runtime.python]
    20 bad-version: `about 1` is not a version requirement
    21 bad-name: `S3` is not a plugin name
    21 wrong-type: `s4` in [requires.plugins] must be a string
    21 bad-name: `Bad_Name` is not a plugin name
    23 missing-key: `schema` is missing in [config]
    26 bad-path: `../commands.toml` is not a file of the plugin
    27 wrong-type: `definitions` in [ships] must be a list of strings
    30 bad-value: `example.com` cannot be granted as `network`
    30 bad-value: `*:443` cannot be granted as `network`
    31 bad-value: `A*B` cannot be granted as `environment`
    32 bad-value: `data` cannot be granted as `read`
    32 bad-value: `{workspace}x` cannot be granted as `read`
    33 bad-value: `*` cannot be granted as `run`
    34 bad-value: `secrets` in [permissions] has an empty string
    34 wrong-type: `secrets` in [permissions] must be a list of strings
    35 unknown-key: unknown key `ports` in [permissions]
    37 unknown-key: unknown key `provide` in the manifest
    ");
}

#[test]
fn mistakes_in_features() {
    insta::assert_snapshot!(mistakes(&with_head(r#"
[provides.cach.x]
[provides.cache.Mirror]
hot = "warm"
[provides.cache]
plain = 1
static = { }
[provides.dependency.d]
default = true
entry = "d.star"
[provides.transform.t]
[provides.transform.u]
runtime = "process"
[provides.transform.v]
runtime = "starlark"
[provides.hook]
on = "env.activated"
[provides.importer.i]
runtime = "wasm"
[provides.subcommand.s]
runtime = "starlark"
entry = "../s.star"
[provides.environment.e]
runtime = "native"
entry = ["a"]
[provides.leaf.l]
runtime = "native"
constructor = "mk-l"
marks = []
"#)), @"
    3 unknown-point: unknown extension point `cach`
    4 bad-name: `Mirror` cannot name a feature
    5 bad-value: `hot` in [provides.cache.Mirror] cannot be `warm`
    7 wrong-type: [provides.cache.plain] must be a table
    8 missing-key: `hot` is missing in [provides.cache.static]
    9 no-runtime: [provides.dependency.d] needs code, but the plugin has no runtime
    9 missing-key: `key` is missing in [provides.dependency.d]
    12 no-runtime: [provides.transform.t] needs code, but the plugin has no runtime
    13 missing-key: `entry` is missing in [provides.transform.u]
    14 point-not-allowed: [provides.transform.u] cannot run in the runtime `process`
    15 missing-key: `entry` is missing in [provides.transform.v]
    17 wrong-type: `provides.hook` has the wrong shape
    19 missing-key: `inputs` is missing in [provides.importer.i]
    19 missing-key: `into` is missing in [provides.importer.i]
    20 unknown-runtime: the runtime `wasm` is reserved for later
    22 point-not-allowed: [provides.subcommand.s] cannot run in the runtime `starlark`
    23 bad-path: `../s.star` is not a file of the plugin
    26 bad-entry: `entry` in [provides.environment.e] does not fit the runtime `native`
    27 missing-key: `schema` is missing in [provides.leaf.l]
    27 missing-key: `sections` is missing in [provides.leaf.l]
    28 unknown-key: unknown key `runtime` in [provides.leaf.l]
    29 bad-name: `mk-l` is not the name of a constructor
    30 bad-value: `marks` in [provides.leaf.l] is empty
    ");
}

#[test]
fn mistakes_in_arguments_states_and_hooks() {
    insta::assert_snapshot!(mistakes(&with_head(r#"
[runtime]
kind = "process"
entry = []
[provides.resource.a]
state = { version = 0 }
[provides.resource.b]
state = { schema = "s.json", versoin = 1 }
[[provides.argument]]
name = "--loud"
on = ["Run!", "deploy plan"]
type = "chioce"
stage = "later"
edits = ["resolve.packages", "/a~b"]
[[provides.argument]]
name = "pick"
on = []
type = "choice"
[[provides.argument]]
name = "pick"
on = ["run"]
type = "choice"
values = []
[[provides.argument]]
name = "pick"
on = ["run", "env"]
type = "int"
values = ["1"]
[[provides.hook]]
on = "env.activate"
[[provides.hook]]
on = "env.activated"
[[provides.hook]]
on = "env.activated"
[provides.dependency]
package-tree = {}
package_tree = {}
[provides.cache.m]
default = "yes"
hot = "user"
Hot = "user"
[provides.importer.x]
[provides.subcommand.s]
args = [
 { name = "a", kind = "positional", many = true },
 { name = "a", kind = "positional", type = "bool" },
 { name = "b", kind = "flag", required = true, default = "x" },
 { name = "c", kind = "option", type = "choice", values = ["x"], default = "y" },
 { name = "c-c", kind = "option", type = "int", default = "y" },
 { name = "c_c", kind = "option", tpye = "int", default = [] },
 { kind = "option" },
 3, { name = "d", kind = "option", type = "bool", many = true },
]
[provides.subcommand.t]
args = 3
"#)), @"
    5 bad-value: `entry` in [runtime] is empty
    7 missing-key: `schema` is missing in [provides.resource.a.state]
    7 bad-value: `version` in [provides.resource.a.state] is out of range
    9 missing-key: `version` is missing in [provides.resource.b.state]
    9 unknown-key: unknown key `versoin` in [provides.resource.b.state]
    11 bad-name: `--loud` cannot name a flag
    12 bad-name: `Run!` is not a verb
    13 bad-value: `type` in [[provides.argument]] cannot be `chioce`
    14 bad-value: `stage` in [[provides.argument]] cannot be `later`
    15 bad-pointer: `resolve.packages` is not a JSON Pointer
    15 bad-pointer: `/a~b` is not a JSON Pointer
    16 missing-key: `values` is missing in [[provides.argument]]
    18 bad-value: `on` in [[provides.argument]] is empty
    24 bad-value: `values` in [[provides.argument]] leaves nothing to choose
    26 duplicate-feature: the argument `run --pick` is provided twice
    29 bad-value: `values` in [[provides.argument]] has no effect
    31 unknown-event: unknown event `env.activate`
    35 duplicate-feature: the hook `env.activated` is provided twice
    38 duplicate-feature: the dependency `package-tree` is provided twice
    40 wrong-type: `default` in [provides.cache.m] must be a boolean
    42 unknown-key: unknown key `Hot` in [provides.cache.m]
    43 missing-key: `inputs` is missing in [provides.importer.x]
    43 missing-key: `into` is missing in [provides.importer.x]
    47 duplicate-feature: [provides.subcommand.s] has the argument `a` twice
    47 bad-value: the argument `a` can never be told apart
    47 bad-value: `type` in an argument of [provides.subcommand.s] cannot be `bool`
    48 bad-value: `kind` in an argument of [provides.subcommand.s] cannot be `flag`
    48 bad-value: `required` in an argument of [provides.subcommand.s] contradicts `default`
    49 bad-value: `default` in an argument of [provides.subcommand.s] does not fit its type
    50 bad-value: `default` in an argument of [provides.subcommand.s] does not fit its type
    51 duplicate-feature: [provides.subcommand.s] has the argument `c-c` twice
    51 unknown-key: unknown key `tpye` in an argument of [provides.subcommand.s]
    51 wrong-type: `default` in an argument of [provides.subcommand.s] must be a string, an integer or a boolean
    52 missing-key: `name` is missing in an argument of [provides.subcommand.s]
    53 wrong-type: an argument of [provides.subcommand.s] must be a table
    53 bad-value: `many` in an argument of [provides.subcommand.s] has no effect on a `bool`
    56 wrong-type: `args` in [provides.subcommand.t] must be a list of tables
    ");
}

#[test]
fn syntax_errors_hide_nothing_but_their_consequences() {
    let text = "[plugin]\nname = \"own\"\nversion = \napi = \"1\"\n[plugin]\nlicence = \"x\"\n";
    insta::assert_snapshot!(mistakes(text), @"
    3 toml-syntax: the file is not valid TOML
    5 toml-syntax: the file is not valid TOML
    6 unknown-key: unknown key `licence` in [plugin]
    ");
    assert_eq!(parsed(text).name.as_deref(), Some("own"));
}

#[test]
fn the_parts_themselves_may_be_wrong() {
    insta::assert_snapshot!(mistakes("plugin = 3\nruntime = []"), @"
    1 wrong-type: [plugin] must be a table
    2 wrong-type: [runtime] must be a table
    ");
    insta::assert_snapshot!(mistakes(""), @"1 missing-key: `plugin` is missing in the manifest");
}

#[test]
fn another_contract_is_the_only_thing_said() {
    let text = "[plugin]\nname = \"own\"\nversion = \"1.0.0\"\napi = \"2\"\nother = 1";
    insta::assert_snapshot!(mistakes(text), @"4 incompatible-api: the plugin is written for version 2 of the contract");
    assert!(parsed(text).is_incompatible());
    assert_eq!(parsed(text).name.as_deref(), Some("own"));
    assert!(!parsed(WHOLE).is_incompatible());
}

#[test]
fn a_message_says_where_why_and_what_to_do() {
    let parsed = parsed(&with_head("[provides.cach.x]\n[provides.hook]\non = \"x\"\n"));
    let told: Vec<_> = parsed
        .diagnostics
        .iter()
        .map(|one| (one.labels[0].text.as_str(), one.help.as_str()))
        .collect();
    assert_eq!(
        told,
        [
            ("nothing can be provided here", "did you mean `cache`?"),
            ("this is a table", "write [[provides.hook]]"),
        ]
    );
}

#[test]
fn what_may_be_left_out() {
    let manifest = good(&with_head(
        r#"
        [provides.cache.plain]
        hot = "workspace"
        default = true
        [provides.leaf.big_thing]
        schema = "s.json"
        sections = ["things"]
        marks = ["size"]
        [provides.subcommand.go]
        runtime = "process"
        entry = ["bin/go", "--serve"]
        [[provides.subcommand.go.args]]
        name = "dry_run"
        kind = "option"
        default = false
        type = "bool"
        [[provides.argument]]
        runtime = "starlark"
        entry = "loud.star"
        on = ["run"]
        name = "loud"
        "#,
    ));
    let [cache, leaf, subcommand, argument] = &manifest.features[..] else { panic!("four") };
    assert_eq!(cache.detail, Detail::Cache { hot: Hot::Workspace, default: true });
    assert_eq!(manifest.runtime_of(cache), None);
    assert_eq!(leaf.name, "big-thing");
    assert!(
        matches!(&leaf.detail, Detail::Leaf { constructor, .. } if constructor == "mk_big_thing")
    );
    assert_eq!(
        subcommand.entry,
        Some(RuntimeEntry::Command(vec!["bin/go".to_owned(), "--serve".to_owned()]))
    );
    let Detail::Subcommand { args } = &subcommand.detail else { panic!("it has args") };
    assert_eq!((args[0].name.as_str(), args[0].default.as_deref()), ("dry-run", Some("false")));
    assert!(matches!(
        argument.detail,
        Detail::Argument { kind: ValueKind::String, stage: Stage::Parsed, .. }
    ));
}

#[test]
fn a_manifest_survives_an_index() {
    let manifest = good(WHOLE);
    let stored = serde_json::to_string(&manifest).expect("it is data");
    assert_eq!(serde_json::from_str::<Manifest>(&stored).expect("it was written so"), manifest);
}
