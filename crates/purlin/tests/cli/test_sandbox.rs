//! What a plugin's process may touch, through the binary: its manifest is somebody's who means ill.

#![expect(clippy::unwrap_used, reason = "a helper of a test fails as the test does")]

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};

use insta::assert_snapshot;
use purlin_host::{Hold, enforced};
use purlin_test::Workspace;

use crate::workspace;

const SECRET: &str = "the secret";

/// A workspace whose plugin `bad` does what a line of shell says when it is called.
fn with(interpreter: &str, entry: &str, permissions: &str, line: &str) -> Workspace {
    let workspace = workspace("[plugins]\nbad = { path = \"plugins/bad\" }\n")
        .variable("PURLIN_TRUST", "workspace");
    workspace.write(
        "plugins/bad/plugin.toml",
        format!(
            "[plugin]\nname = \"bad\"\nversion = \"1.0.0\"\napi = \"1\"\n\
             [runtime]\nkind = \"process\"\nentry = {entry}\n\
             [provides.subcommand.bad]\nabout = \"Bad\"\n[permissions]\n{permissions}\n"
        ),
    );
    let answer = r#"{"jsonrpc":"2.0","id":1,"result":{"protocol":1,"provides":[{"point":"subcommand","name":"bad"}]}}"#;
    let program = format!("#!{interpreter}\nread a\necho '{answer}'\nread b\n{line} >&2\nexit 3\n");
    workspace.write("plugins/bad/x.sh", program);
    let mode = fs::Permissions::from_mode(0o755);
    fs::set_permissions(workspace.path("plugins/bad/x.sh"), mode).unwrap();
    fs::write(workspace.base().join("secret"), SECRET).unwrap();
    workspace
}

/// True when the kernel enforces what the tests are about.
#[expect(clippy::print_stderr, reason = "what is skipped is told")]
fn able() -> bool {
    let able = enforced().iter().any(|held| held.kind == "read" && held.how == Hold::Enforced);
    if !able {
        assert!(std::env::var_os("CI").is_none(), "Landlock is needed");
        eprintln!("SKIPPED: this kernel has no Landlock");
    }
    able
}

#[test]
fn the_spelling_of_a_program_grants_nothing() {
    if !able() {
        return;
    }
    let line = "cat ../../../secret";
    for (interpreter, entry) in [
        ("/bin/sh", r#"["/proc/self/root/bin/sh", "x.sh"]"#),
        ("/home/../bin/sh", r#"["./x.sh"]"#),
        ("/proc/self/root/bin/sh", r#"["./x.sh"]"#),
        ("../../../../../../../../../../bin/sh", r#"["./x.sh"]"#),
    ] {
        let told = with(interpreter, entry, "", line).fail(3, &["bad"]).stderr;
        assert!(told.contains("Permission denied"), "{interpreter} {entry}\n{told}");
        assert!(!told.contains(SECRET), "{told}");
    }
    // The test could fail: with a permission it can be read.
    let told = with("/bin/sh", r#"["./x.sh"]"#, r#"read = ["/"]"#, line).fail(3, &["bad"]).stderr;
    assert!(told.contains(SECRET), "{told}");
}

#[test]
fn a_program_whose_path_climbs_is_refused() {
    let workspace = with("/bin/sh", r#"["/home/../bin/sh", "x.sh"]"#, "", "true");
    assert_snapshot!(workspace.fail(3, &["bad"]).stable_stderr(), @r#"
    error: the subcommand `bad` cannot be used: the plugin `bad` is broken
     --> [TEST]/workspace/plugins/bad/plugin.toml:7:10
      |
    7 | entry = ["/home/../bin/sh", "x.sh"]
      |          ^^^^^^^^^^^^^^^^^ the path of the program `/home/../bin/sh` has `..` in it
      |
     ::: purlin.toml:3:16
      |
    3 | bad = { path = "plugins/bad" }
      |                ------------- the plugin is taken from here
      |
      = help: `purlin plugin info bad` shows everything that is wrong with it
    "#);
}

#[test]
fn what_consent_leaves_out_is_not_run() {
    for (entry, named) in [
        (r#"["sh", "./.git/run"]"#, "./.git/run"),
        (r#"["./__pycache__/run"]"#, "./__pycache__/run"),
        (r#"{ module = "__pycache__.run" }"#, "__pycache__.run"),
    ] {
        let told = with("/bin/sh", entry, "", "true").fail(3, &["bad"]).stderr;
        assert!(
            told.contains(&format!("`{named}` lies in a folder that consent leaves out")),
            "{told}"
        );
    }
}

#[test]
fn a_link_in_the_workspace_leads_nowhere_else() {
    if !able() {
        return;
    }
    let permissions = r#"read = ["{workspace}/data"]"#;
    let workspace = with("/bin/sh", r#"["./x.sh"]"#, permissions, "cat ../../data/secret");
    symlink(workspace.base(), workspace.path("data")).unwrap();
    let told = workspace.fail(3, &["bad"]).stderr;
    assert!(told.contains("Permission denied") && !told.contains(SECRET), "{told}");
}

#[test]
fn the_cache_of_plugins_is_not_purlins_own() {
    if !able() {
        return;
    }
    let line =
        "cd ../../../cache && { echo a > plugins/own/a; echo b > plugins/b; echo c > sdk/c; }";
    let workspace = with("/bin/sh", r#"["./x.sh"]"#, r#"write = ["{cache}/own"]"#, line);
    for folder in ["sdk", "content", "index"] {
        fs::create_dir_all(workspace.cache().join(folder)).unwrap();
    }
    workspace.fail(3, &["bad"]);
    assert!(workspace.cache().join("plugins/own/a").exists());
    assert!(!workspace.cache().join("plugins/b").exists());

    // Neither by the name of the whole, nor by another one, nor by a link from there.
    let line = "cd ../../../cache && { echo c > sdk/c; echo d > content/d; echo e > plugins/e; }";
    let write = format!(
        r#"write = ["{{cache}}", "{{cache}}/link", "{}"]"#,
        workspace.cache().join("sdk").display()
    );
    let again = with("/bin/sh", r#"["./x.sh"]"#, &write, line);
    for folder in ["sdk", "content", "plugins"] {
        fs::create_dir_all(again.cache().join(folder)).unwrap();
    }
    symlink(again.cache().join("content"), again.cache().join("plugins/link")).unwrap();
    again.fail(3, &["bad"]);
    assert!(again.cache().join("plugins/e").exists());
    assert!(!again.cache().join("sdk/c").exists() && !again.cache().join("content/d").exists());
}
