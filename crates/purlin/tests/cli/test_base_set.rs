//! Names that no definition supplies: looked for in repositories, pinned, and shown as packages.

#![expect(clippy::unwrap_used, reason = "a test that cannot make its machine has failed")]

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use purlin_test::Workspace;
use serde_json::{Value as Json, json};

use crate::workspace;

const DOCUMENT: &str = "
[workspace]
name    = 'yard'
systems = ['x86_64-linux']
[[use]]
name = 'all-local-resources'
";

/// A program that tells a version, and notes that it was started.
fn program(folder: &Path, name: &str, told: &str) {
    fs::create_dir_all(folder).unwrap();
    let path = folder.join(name);
    // It must not be open for writing when it is started.
    let log = folder.join("started");
    fs::write(&path, format!("#!/bin/sh\necho {name} >> {}\necho '{told}'\n", log.display()))
        .unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
}

/// A machine with a cmake and a pkg-config, and a package that asks for both.
fn yard(more: &str) -> Workspace {
    let workspace = workspace(&format!("{DOCUMENT}{more}"));
    let bin = workspace.base().join("machine/bin");
    program(&bin, "cmake", "cmake version 3.27.1");
    program(&bin, "pkg-config", "1.8.1");
    workspace.write(
        "pkgs/boat.star",
        "def default(mk_package, cmake, pkg_config):\n    \
         return mk_package(version = '1', build_requires = [cmake, pkg_config], \
         build = 'cmake -S . -B %s' % cmake)\n",
    );
    for name in ["cmake", "pkg_config"] {
        let text = format!("def default({name}):\n    return {name}\n");
        workspace.write(format!("pkgs/its_{name}.star"), text);
    }
    let path = format!("{}:/usr/bin:/bin", bin.display());
    workspace.variable("PATH", path)
}

fn started(workspace: &Workspace) -> usize {
    let log = workspace.base().join("machine/bin/started");
    fs::read_to_string(log).map_or(0, |text| text.lines().count())
}

fn shown(workspace: &Workspace, name: &str) -> Json {
    let path = format!("packages.x86_64-linux.{name}");
    let shown = workspace.succeed(&["show", &path, "--json"]);
    serde_json::from_str(&shown.stdout).unwrap()
}

/// What the package is built with.
fn boat(workspace: &Workspace) -> Json {
    shown(workspace, "boat")["build_requires"].clone()
}

#[test]
fn what_the_machine_has_is_a_package_that_is_pinned() {
    let yard = yard("");
    let boat = shown(&yard, "boat");
    assert_eq!(boat["build"], "cmake -S . -B <package cmake 3.27.1>");
    assert_eq!(boat["build_requires"][1]["version"], "1.8.1");
    let cmake = shown(&yard, "its_cmake");
    assert_eq!((&cmake["version"], &cmake["impure"]), (&json!("3.27.1"), &json!(true)));
    let root = yard.base().join("machine");
    assert_eq!(cmake["root"], root.to_str().unwrap());
    assert_eq!(cmake["programs"]["cmake"], root.join("bin/cmake").to_str().unwrap());
    let lock = yard.read("purlin.lock");
    let digest = cmake["digest"].as_str().unwrap();
    assert!(digest.len() == 64 && lock.contains(&format!(
        "[packages.cmake]\ndigest = \"{digest}\"\nname = \"cmake\"\nrepository = \"host\"\nversion = \"3.27.1\"\n"
    )), "{lock}");
    assert!(lock.contains("[packages.pkg_config]"), "{lock}");
}

#[test]
fn a_program_is_started_once_and_a_listing_starts_none() {
    let yard = yard("");
    yard.succeed(&["show"]);
    yard.succeed(&["show", "packages"]);
    assert_eq!(started(&yard), 0);
    assert!(!yard.path("purlin.lock").exists());
    let first = boat(&yard);
    assert_eq!(started(&yard), 2);
    assert_eq!(boat(&yard), first);
    assert_eq!(started(&yard), 2, "they have not changed");
}

#[test]
fn verbs_that_only_look_start_nothing_and_pin_nothing() {
    let yard = yard("");
    for words in [
        &["check"][..],
        &["graph"],
        &["explain", "packages.x86_64-linux.boat"],
        &["explain", "--missing", "boot"],
    ] {
        let looked = yard.succeed(words);
        assert_eq!(looked.stderr, "", "{words:?}");
    }
    assert_eq!(started(&yard), 0);
    assert!(!yard.path("purlin.lock").exists());
    let told = yard.succeed(&["explain", "packages.x86_64-linux.boat", "--json"]).json();
    assert_eq!(told["no_key"], "`cmake` comes from a repository and is not pinned");
    assert_eq!(told["keys"], json!(null));
    yard.write(
        "pkgs/raft.star",
        "def default(mk_package, cmkae):\n    return mk_package(version = '1')\n",
    );
    let failed = yard.fail(2, &["check"]);
    assert!(failed.stderr.contains("`packages.raft` asks for `cmkae`"), "{failed}");
}

#[test]
fn the_key_of_what_is_pinned_is_told() {
    let yard = yard("");
    boat(&yard);
    let lock = yard.read("purlin.lock");
    let told = || yard.succeed(&["explain", "packages.x86_64-linux.boat", "--json"]).json();
    let known = told();
    let built = yard.succeed(&["build", "boat", "--system", "x86_64-linux", "--explain", "--json"]);
    assert_eq!(known["keys"], json!([built.json()["explain"][0]["key"]]));
    assert_eq!(started(&yard), 2, "they have not changed");
    program(&yard.base().join("machine/bin"), "cmake", "cmake version 3.28.0");
    let moved = told();
    assert_eq!(moved["keys"], json!(null));
    assert_eq!(
        moved["no_key"],
        "`cmake` comes from a repository and is not the one that is pinned"
    );
    assert_eq!(yard.read("purlin.lock"), lock);
}

#[test]
fn another_version_changes_the_lock_aloud_and_not_when_it_is_locked() {
    let yard = yard("");
    let locked = yard.fail(2, &["show", "packages.x86_64-linux.boat", "--locked"]);
    insta::assert_snapshot!(locked.stable_stderr(), @"
    error: purlin.lock would have to change, which `--locked` forbids
     --> pkgs/boat.star:1:25
      |
    1 | def default(mk_package, cmake, pkg_config):
      |                         ^^^^^ asked for here
      |
      = The request `cmake` has no pin.
      = help: run the verb without `--locked`, and commit the file
    ");
    boat(&yard);
    yard.succeed(&["show", "packages.x86_64-linux.boat", "--locked"]);
    program(&yard.base().join("machine/bin"), "cmake", "cmake version 3.28.0");
    let locked = yard.fail(2, &["show", "packages.x86_64-linux.boat", "--locked"]);
    assert!(locked.stderr.contains("package `cmake`: 3.27.1 → 3.28.0, digest"), "{locked}");
    let shown = yard.succeed(&["show", "packages.x86_64-linux.boat"]);
    assert!(shown.stderr.contains("note: purlin.lock was changed"), "{shown}");
    assert!(shown.stderr.contains("package `cmake`: 3.27.1 → 3.28.0"), "{shown}");
    let quiet = yard.succeed(&["show", "packages.x86_64-linux.boat", "--locked"]);
    assert_eq!(quiet.stderr, "");
}

#[test]
fn definitions_come_before_repositories_and_what_nobody_has_is_missing() {
    let yard = yard("[packages.cmake]\nversion = '99'\n");
    assert_eq!(boat(&yard)[0]["version"], "99");
    yard.write(
        "pkgs/raft.star",
        "def default(mk_package, cmkae):\n    return mk_package(version = '1')\n",
    );
    let failed = yard.fail(2, &["show", "packages.x86_64-linux.raft"]);
    assert!(
        failed.stderr.contains("`packages.raft` asks for `cmkae`, which nothing defines"),
        "{failed}"
    );
    assert!(failed.stderr.contains("did you mean `cmake`?"), "{failed}");
}

#[test]
fn repositories_are_asked_in_the_order_in_which_they_are_written() {
    let yard = yard(
        "[repositories]\nstudio = { type = 'folder', path = 'studio' }\nhost = { type = 'host' }\n",
    );
    yard.write(
        "studio/cmake/3.30/package.toml",
        "description = 'The one of the studio'\nroot = 'files'\n",
    );
    // The same version is that of the first repository that has it.
    yard.write("studio/pkg_config/1.8.1/package.toml", "requires = ['glib-2+']\n");
    yard.write("studio/glib/2.70/package.toml", "");
    let [cmake, pkg_config] = [shown(&yard, "its_cmake"), shown(&yard, "its_pkg_config")];
    assert_eq!((&cmake["version"], cmake.get("impure")), (&json!("3.30"), None));
    assert_eq!(cmake["root"], yard.path("studio/cmake/3.30/files").to_str().unwrap());
    assert_eq!(pkg_config["requires"], json!(["glib-2+"]));
    let lock = yard.read("purlin.lock");
    assert!(lock.contains("[packages.\"glib-2+\"]\n"), "what packages need is pinned, too: {lock}");
    yard.write("studio/glib/2.70/package.toml", "version = '2.71'\n");
    let failed = yard.fail(2, &["show", "packages.x86_64-linux.boat"]);
    assert!(
        failed.stderr.contains("No version of `glib` meets what is asked")
            || failed.stderr.contains("No repository has a package `glib`"),
        "{failed}"
    );
}

#[test]
fn mistakes_in_the_table_are_told_with_their_places() {
    let yard = yard(
        "[repositories.studio]\ntype = 'foldre'\n[repositories.other]\ntype = 'folder'\npaht = 'x'\n",
    );
    let failed = yard.fail(2, &["check"]);
    assert!(failed.stderr.contains("purlin.toml:8:8"), "{failed}");
    assert!(failed.stderr.contains("did you mean `folder`?"), "{failed}");
    assert!(failed.stderr.contains("not a field of this table"), "{failed}");
    yard.write("purlin.toml", format!("{DOCUMENT}[repositories]\nx = 1\n"));
    let failed = yard.fail(2, &["run"]);
    assert!(failed.stderr.contains("purlin.toml:8:5"), "{failed}");
}

#[test]
fn a_folder_may_have_the_name_of_a_package_and_costs_nothing() {
    let yard = yard("");
    yard.write(
        "pkgs/cmake/rope.star",
        "def default(mk_package):\n    return mk_package(version = '1')\n",
    );
    yard.succeed(&["show", "packages.x86_64-linux.cmake/rope"]);
    assert_eq!(started(&yard), 0);
}

#[test]
fn a_repository_of_a_process_is_asked_through_the_protocol() {
    let yard = yard(
        "[plugins]\nindex = { path = 'plugins/index' }\n[repositories]\nteam = { type = 'index', letter = 'c' }\n",
    );
    yard.write(
        "plugins/index/plugin.toml",
        "plugin = { name = 'index', version = '1.0.0', api = '1' }\n\
         runtime = { kind = 'process', entry = { module = 'index' } }\n\
         [provides.repository.index]\nschema = 'schema.json'\n",
    );
    yard.write(
        "plugins/index/schema.json",
        r#"{"type": "object", "required": ["letter"], "properties": {"letter": {"type": "string"}}, "additionalProperties": false}"#,
    );
    yard.write(
        "plugins/index/index.py",
        r#"
from purlin import plugin


class Letter(plugin.Config):
    letter: str


@plugin.repository("index")
class Index(plugin.Repository[Letter]):
    """Two packages."""

    def families(self, context):
        return [self.config.letter + "make", "pkg_config"]

    def versions(self, names, context):
        return [
            plugin.PackageVersion(name=name, version=version, digest=name + version)
            for name in names if name in self.families(context)
            for version in ("1", "10", "9")
        ]

    def packages(self, versions, context):
        return [{"name": name, "version": version, "root": "/" + context.name} for name, version in versions]

    def fetch(self, variant, folder, context):
        import os
        os.mkdir(folder + "/bin")
        with open(folder + "/bin/" + variant.name, "w") as file:
            file.write(variant.version)
"#,
    );
    let yard = yard.variable("PURLIN_TRUST", "workspace");
    let cmake = shown(&yard, "its_cmake");
    assert_eq!((&cmake["version"], &cmake["root"]), (&json!("10"), &json!("/team")));
    assert_eq!(started(&yard), 0, "the machine is not asked");
    let call = |function: &str, params: Json| {
        let params = params.to_string();
        let called =
            yard.succeed(&["plugin", "call", "plugins/index", function, "--json", &params]);
        serde_json::from_str::<Json>(&called.stdout).unwrap()
    };
    let config = json!({ "letter": "c" });
    assert_eq!(
        call("repository/families", json!({ "config": config })),
        json!({ "families": ["cmake", "pkg_config"] })
    );
    let target = yard.path("fetched");
    fs::create_dir(&target).unwrap();
    let variant = json!({ "name": "cmake", "version": "10", "variant": null });
    call("repository/fetch", json!({ "config": config, "variant": variant, "dir": target }));
    assert_eq!(yard.read("fetched/bin/cmake"), "10");
    yard.write(
        "plugins/index/tests/cases.toml",
        "[[repository.index]]\nconfig = { letter = 'c' }\nfamilies = ['cmake', 'pkg_config']\n",
    );
    let tested = yard.run(&["plugin", "test", "plugins/index"]);
    assert!(tested.stdout.contains("repository.answers"), "{tested}");
    // It has a document for whatever it is asked.
    assert!(tested.stdout.contains("repository.unknown"), "{tested}");
    assert_eq!(tested.code, Some(1), "{tested}");
}
