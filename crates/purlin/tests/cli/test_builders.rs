//! Plans of builders: asked for by authors, and right when a shell runs them.

use std::fs;
use std::process::Command;

use serde_json::{Value as Json, json};

use crate::workspace;

#[test]
fn a_builder_in_starlark_plans_when_it_is_called() {
    let workspace = workspace("");
    workspace.write(
        "plugins/meson/plugin.toml",
        "plugin = { name = 'meson', version = '1.0.0', api = '1' }\n\
         runtime = { kind = 'starlark', entry = 'plugin.star' }\n\
         [provides.builder.meson]\nschema = 'schema.json'\n",
    );
    workspace.write(
        "plugins/meson/schema.json",
        r#"{"type": "object", "properties": {"type": {"type": "string", "default": "release"}}, "additionalProperties": false}"#,
    );
    workspace.write(
        "plugins/meson/plugin.star",
        "def plan(leaf, ctx):\n    \
         setup = 'meson setup --buildtype %s $build $src # %s' % (leaf.builder['type'], ctx.name)\n    \
         return {'build': setup, 'packages': ['meson', 'ninja-1.10+']}\n",
    );
    let called = workspace.succeed(&[
        "plugin",
        "call",
        "plugins/meson",
        "builder/plan",
        "--json",
        r#"{"leaf": {"version": "1"}}"#,
    ]);
    let plan: Json = serde_json::from_str(&called.stdout).unwrap();
    assert_eq!(
        plan,
        json!({
            "build": "meson setup --buildtype release $build $src # call",
            "packages": ["meson", "ninja-1.10+"],
        })
    );
}

/// The plan of the bundled builder is run as a host would run it, with the tools of this machine.
#[test]
fn what_the_builder_cargo_plans_builds_a_program_without_network() {
    use purlin_plugin::contract::QuietHost;
    use purlin_plugin::message::BuildContext;
    use purlin_plugin::{NativeFeature, Point};

    if Command::new("cargo").arg("--version").output().is_err() {
        eprintln!("skipped: there is no cargo");
        return;
    }
    let workspace = workspace("");
    workspace.write(
        "it's/Cargo.toml",
        "[package]\nname = 'tool'\nversion = '1.0.0'\nedition = '2021'\n\
         [features]\nloud = []\n[dependencies]\nwords = '1.0.0'\n",
    );
    workspace.write(
        "it's/src/main.rs",
        "fn main() { println!(\"{}{}\", words::HELLO, if cfg!(feature = \"loud\") { \"!\" } else { \"\" }); }\n",
    );
    workspace.write(
        "it's/Cargo.lock",
        "version = 3\n\n[[package]]\nname = \"tool\"\nversion = \"1.0.0\"\ndependencies = [\n \"words\",\n]\n\n\
         [[package]]\nname = \"words\"\nversion = \"1.0.0\"\n\
         source = \"registry+https://github.com/rust-lang/crates.io-index\"\n",
    );
    workspace.write(
        "it's/vendor/words/Cargo.toml",
        "[package]\nname = 'words'\nversion = '1.0.0'\nedition = '2021'\n",
    );
    workspace.write("it's/vendor/words/src/lib.rs", "pub const HELLO: &str = \"hello\";\n");
    workspace.write("it's/vendor/words/.cargo-checksum.json", r#"{"files": {}, "package": null}"#);
    let bundled = purlin::bundled();
    let plugin = bundled.iter().find(|plugin| plugin.folder == "cargo").unwrap();
    let code = plugin.features.iter().find(|(_, code)| code.point() == Point::Builder);
    let Some((_, NativeFeature::Builder(builder))) = code else { panic!("it is a builder") };
    let leaf = json!({ "builder": { "vendor": "vendor", "features": ["loud"] } });
    let context = BuildContext { name: "tool".into(), system: "x86_64-linux".into() };
    let plan = builder.plan(&leaf, &context, &QuietHost).unwrap();
    let (build, out) = (workspace.path("build here"), workspace.path("out"));
    fs::create_dir(&build).unwrap();
    for text in [plan.build.unwrap(), plan.install.unwrap()] {
        let done = Command::new("sh")
            .args(["-e", "-c", &text])
            .current_dir(workspace.path("it's"))
            .env("src", workspace.path("it's"))
            .env("build", &build)
            .env("out", &out)
            .env("PURLIN_JOBS", "1")
            .output()
            .unwrap();
        assert!(done.status.success(), "{text}{}", String::from_utf8_lossy(&done.stderr));
    }
    let said = Command::new(out.join("bin/tool")).output().unwrap();
    assert_eq!(String::from_utf8_lossy(&said.stdout), "hello!\n");
    let there: Vec<_> = fs::read_dir(&out).unwrap().map(|one| one.unwrap().file_name()).collect();
    assert_eq!(there, ["bin"], "nothing but programs is installed");
}
