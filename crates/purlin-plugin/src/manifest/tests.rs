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
    println!("{manifest:#?}");
}
