//! Plans of builders: asked for by authors, and right when a shell runs them.

#![expect(clippy::print_stderr, reason = "a test that is skipped says so")]
#![expect(clippy::unwrap_used, reason = "a test that cannot run its tools has failed")]

use std::fs;
use std::process::Command;

use purlin_plugin::contract::QuietHost;
use purlin_plugin::message::{BuildContext, BuildPlan};
use purlin_plugin::{NativeFeature, Point};
use purlin_test::Workspace;
use serde_json::{Value as Json, json};

use crate::workspace;

/// Where the source is: a folder whose name needs care in a shell.
const SOURCE: &str = "it's here";

/// The plan of the bundled builder of this name.
fn plan(name: &str, leaf: &Json) -> BuildPlan {
    let bundled = purlin::bundled();
    let plugin = bundled.iter().find(|plugin| plugin.folder == name).unwrap();
    let code = plugin.features.iter().find(|(_, code)| code.point() == Point::Builder);
    let Some((_, NativeFeature::Builder(builder))) = code else { panic!("it is a builder") };
    let context = BuildContext { name: "tool".into(), system: "x86_64-linux".into() };
    builder.plan(leaf, &context, &QuietHost).unwrap()
}

/// Runs a plan as a host would, with the tools of this machine.
fn build(workspace: &Workspace, plan: &BuildPlan) {
    let (build, out) = (workspace.path("build here"), workspace.path("out"));
    fs::create_dir(&build).unwrap();
    for text in [&plan.build, &plan.install].into_iter().flatten() {
        let done = Command::new("sh")
            .args(["-e", "-c", text])
            .current_dir(workspace.path(SOURCE))
            .env("src", workspace.path(SOURCE))
            .env("build", &build)
            .env("out", &out)
            .env("PURLIN_JOBS", "2")
            .output()
            .unwrap();
        assert!(done.status.success(), "{text}{}", String::from_utf8_lossy(&done.stderr));
    }
}

fn says(workspace: &Workspace) -> String {
    let said = Command::new(workspace.path("out/bin/tool")).output().unwrap();
    String::from_utf8(said.stdout).unwrap()
}

/// Whether a tool is there; a test that lacks one says so.
fn has(tool: &str) -> bool {
    let has = Command::new(tool).arg("--version").output().is_ok();
    if !has {
        eprintln!("skipped: there is no {tool}");
    }
    has
}

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
    let params = r#"{"leaf": {"version": "1"}}"#;
    let called =
        workspace.succeed(&["plugin", "call", "plugins/meson", "builder/plan", "--json", params]);
    let plan: Json = serde_json::from_str(&called.stdout).unwrap();
    assert_eq!(
        plan,
        json!({
            "build": "meson setup --buildtype release $build $src # call",
            "packages": ["meson", "ninja-1.10+"],
        })
    );
}

#[test]
fn what_the_builder_cargo_plans_builds_a_program_without_network() {
    if !has("cargo") {
        return;
    }
    let workspace = workspace("");
    let write = |path: &str, text: &str| workspace.write(format!("{SOURCE}/{path}"), text);
    write(
        "Cargo.toml",
        "[package]\nname = 'tool'\nversion = '1.0.0'\nedition = '2021'\n\
         [features]\nloud = []\n[dependencies]\nwords = '1.0.0'\n",
    );
    write(
        "src/main.rs",
        "fn main() { println!(\"{}{}\", words::HELLO, if cfg!(feature = \"loud\") { \"!\" } else { \"\" }); }\n",
    );
    write(
        "Cargo.lock",
        "version = 3\n\n[[package]]\nname = \"tool\"\nversion = \"1.0.0\"\ndependencies = [\n \"words\",\n]\n\n\
         [[package]]\nname = \"words\"\nversion = \"1.0.0\"\n\
         source = \"registry+https://github.com/rust-lang/crates.io-index\"\n",
    );
    write(
        "vendor/words/Cargo.toml",
        "[package]\nname = 'words'\nversion = '1.0.0'\nedition = '2021'\n",
    );
    write("vendor/words/src/lib.rs", "pub const HELLO: &str = \"hello\";\n");
    write("vendor/words/.cargo-checksum.json", r#"{"files": {}, "package": null}"#);
    let leaf = json!({ "builder": { "vendor": "vendor", "features": ["loud"] } });
    build(&workspace, &plan("cargo", &leaf));
    assert_eq!(says(&workspace), "hello!\n");
    let there = fs::read_dir(workspace.path("out")).unwrap();
    let there: Vec<_> = there.map(|one| one.unwrap().file_name()).collect();
    assert_eq!(there, ["bin"], "nothing but programs is installed");
}

#[test]
fn what_the_builder_cmake_plans_builds_programs_and_libraries() {
    if !has("cmake") || !has("make") || !has("cc") {
        return;
    }
    let workspace = workspace("");
    let write = |path: &str, text: &str| workspace.write(format!("{SOURCE}/native/{path}"), text);
    write(
        "CMakeLists.txt",
        "cmake_minimum_required(VERSION 3.15)\nproject(tool C)\nset(MOTTO \"\" CACHE STRING \"\")\n\
         add_executable(tool tool.c)\nconfigure_file(motto.h.in motto.h)\n\
         target_include_directories(tool PRIVATE ${CMAKE_BINARY_DIR})\n\
         add_library(words words.c)\ninstall(TARGETS tool words)\n",
    );
    write("motto.h.in", "#define MOTTO \"${MOTTO}\"\n");
    write("tool.c", "#include <stdio.h>\n#include \"motto.h\"\nint main(void) { puts(MOTTO); }\n");
    write("words.c", "int words(void) { return 1; }\n");
    let leaf = json!({ "builder": {
        "folder": "native", "languages": ["c"],
        "options": { "MOTTO": "it's $HOME", "BUILD_SHARED_LIBS": false },
    } });
    build(&workspace, &plan("cmake", &leaf));
    assert_eq!(says(&workspace), "it's $HOME\n");
    assert!(workspace.path("out/lib/libwords.a").is_file());
}
