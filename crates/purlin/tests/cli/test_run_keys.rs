//! What is in the key of a command, and what is not.

use std::collections::BTreeMap;

use purlin_test::{Finished, Workspace};

use crate::workspace;

/// The key that `run --json` tells for a command.
#[track_caller]
fn key_in(finished: &Finished, id: &str) -> String {
    assert_eq!(finished.code, Some(0), "{finished}");
    let events = finished.json_lines();
    let settled = events.iter().find(|event| event["id"] == id && event["key"].is_string());
    settled.unwrap_or_else(|| panic!("no key of {id}\n{finished}"))["key"]
        .as_str()
        .expect("it is a string")
        .to_owned()
}

/// Writes `purlin.toml` anew and tells the key of a command.
#[track_caller]
fn key(workspace: &Workspace, document: &str, id: &str) -> String {
    workspace.write("purlin.toml", format!("[workspace]\n{document}"));
    key_in(&workspace.run(&["run", id, "--json"]), id)
}

/// A workspace with files that the documents of these tests name.
fn with_files() -> Workspace {
    let workspace = workspace("");
    workspace.write("src/a.txt", "one");
    workspace.write("sub/keep", "");
    workspace.write("other/b.txt", "two");
    workspace
}

#[test]
fn names_places_and_limits_change_no_key() {
    let workspace = with_files();
    let body = r#"
exec = "true"
deps = ["src/**", { type = "const", value = 1 }]
artifacts = ["out", "log"]
"#;
    let expected = key(&workspace, &format!("[commands.build]{body}"), "build");
    let same = |id: &str, document: &str| {
        let document = document.replace("BODY", body);
        assert_eq!(key(&workspace, &document, id), expected, "{document}");
    };
    same("renamed", "[commands.renamed]BODY");
    same(
        "build",
        "[commands]\nfirst = 'true'\n[commands.build]BODY[commands.last]\nexec = 'false'",
    );
    for more in ["hidden = true", "timeout = '5m'", "cwd = '.'", "cache-when = 'success'"] {
        same("build", &format!("[commands.build]BODY{more}"));
    }
    for cache in ["local", "mine"] {
        let caches = "[caches.mine]\ntype = 'local'";
        same("build", &format!("[commands.build]BODYcache = '{cache}'\n{caches}"));
        same("build", &format!("[defaults]\ncache = '{cache}'\n[commands.build]BODY{caches}"));
    }
    // The order in which fields, dependencies and artifacts are written, and where.
    same(
        "build",
        r#"
[commands.build]
artifacts = ["log", "out"]
deps = [{ value = 1, type = "const" }, "src/**"]
exec = "true"
"#,
    );
    same(
        "build",
        r#"
[commands.build]
exec = "true"
artifacts = ["out", "log"]
deps = [{ type = "const", value = 1 }]
[base]
deps = ["src/**"]
"#,
    );
    // Other patterns for the same files.
    let body = body.replace("src/**", "src/a.txt");
    same("build", &format!("[commands.build]{body}"));
}

#[test]
fn everything_that_can_change_the_result_changes_the_key() {
    let workspace = with_files()
        .variable("PASSED", "by the user")
        .variable("EMPTY", "")
        .variable("NAMED", "value");
    let mut keys: BTreeMap<String, String> = BTreeMap::new();
    for fields in [
        "exec = 'true'\ndeps = ['src/**']",
        "exec = 'true '\ndeps = ['src/**']",
        "argv = ['true']\ndeps = ['src/**']",
        "argv = ['true', '']\ndeps = ['src/**']",
        "argv = ['true', 'a', 'b']\ndeps = ['src/**']",
        "argv = ['true', 'a b']\ndeps = ['src/**']",
        "exec = 'true'\ndeps = ['src/**']\ncwd = 'sub'",
        "exec = 'true'\ndeps = ['src/**']\nenv = { A = 'one' }",
        "exec = 'true'\ndeps = ['src/**']\nenv = { A = 'two' }",
        "exec = 'true'\ndeps = ['src/**']\nenv = { B = 'one' }",
        "exec = 'true'\ndeps = ['src/**']\nenv = { A = '' }",
        "exec = 'true'\ndeps = ['src/**']\nenv = { A = '{env.PASSED}' }",
        "exec = 'true'\ndeps = ['src/**']\nenv = { A = '{env.HOME}' }",
        "exec = 'true'\ndeps = ['src/**']\nenv = { PASSED = true }",
        "exec = 'true'\ndeps = ['src/**']\nenv = { EMPTY = true }",
        "exec = 'true'\ndeps = ['src/**']\nenv = { ABSENT = true }",
        "exec = 'true'\ndeps = ['src/**']\nartifacts = ['out']",
        "exec = 'true'\ndeps = ['src/**']\nartifacts = ['out*']",
        "exec = 'true'\ndeps = ['src/**']\nartifacts = ['out', 'log']",
        "exec = 'true'\ndeps = ['src/**']\ncache-when = 'failed'",
        "exec = 'true'\ndeps = ['src/**']\ncache-when = 'finished'",
        "exec = 'true'\ndeps = ['other/**']",
        "exec = 'true'\ndeps = ['src/**', 'other/**']",
        "exec = 'true'\ndeps = ['src/**', { type = 'const', value = 3 }]",
        "exec = 'true'\ndeps = ['src/**', { type = 'const', value = '3' }]",
        "exec = 'true'\ndeps = ['src/**', { type = 'const', value = [3] }]",
        "exec = 'true'\ndeps = ['src/**', { type = 'const', value = { a = 3 } }]",
        "exec = 'true'\ndeps = ['src/**', { type = 'variable', name = 'NAMED' }]",
        "exec = 'true'\ndeps = ['src/**', { type = 'variable', name = 'EMPTY' }]",
        "exec = 'true'\ndeps = ['src/**', { type = 'variable', name = 'ABSENT' }]",
    ] {
        let key = key(&workspace, &format!("[commands.build]\n{fields}"), "build");
        if let Some(other) = keys.insert(key, fields.to_owned()) {
            panic!("one key for two commands:\n{other}\n\n{fields}");
        }
    }
}

#[test]
fn always_is_another_word_for_finished() {
    let workspace = with_files();
    let of = |when: &str| {
        let document = format!(
            "[commands.build]\nexec = 'true'\ndeps = []\ncache-when = '{when}'\n[base]\ndeps = ['src/**']"
        );
        key(&workspace, &document, "build")
    };
    assert_eq!(of("always"), of("finished"));
}

#[test]
fn the_users_variables_count_only_where_they_are_named() {
    let workspace = workspace(
        "[commands.build]\nexec = 'true'\ndeps = [{ type = 'variable', name = 'NAMED' }]\nenv = { PASSED = true, SET = '{env.USED}' }",
    );
    let key = |variables: &[(&str, &str)]| {
        let mut command = workspace.command(&["run", "--json"]);
        command.env("USED", "u").envs(variables.iter().copied());
        key_in(&workspace.finish(&mut command), "build")
    };
    let plain = key(&[]);
    for other in [
        ("OTHER", "x"),
        ("HOME", "/elsewhere"),
        ("TERM", "x"),
        ("http_proxy", "x"),
        ("LANG", "de_DE.UTF-8"),
    ] {
        assert_eq!(key(&[other]), plain, "{other:?}");
    }
    for named in [("NAMED", "x"), ("NAMED", ""), ("PASSED", "x"), ("PASSED", ""), ("USED", "x")] {
        assert_ne!(key(&[named]), plain, "{named:?}");
    }
    assert_ne!(key(&[("NAMED", "x")]), key(&[("NAMED", "y")]));
}

#[test]
fn text_that_looks_like_a_reference_is_not_taken_for_one() {
    let workspace = with_files().variable("LOOKS", "{root}");
    let key = |value: &str| {
        let document = format!(
            "[commands.build]\nexec = 'true'\ndeps = ['src/**']\nenv = {{ A = '{value}' }}"
        );
        key(&workspace, &document, "build")
    };
    let keys =
        [key("{root}"), key("{{root}"), key("{env.LOOKS}"), key("{env.HOME}"), key("{{env.HOME}")];
    let different: std::collections::BTreeSet<_> = keys.iter().collect();
    // The second and the third are the same text.
    assert_eq!(keys[1], keys[2]);
    assert_eq!(different.len(), 4, "{keys:?}");
}

#[test]
fn two_checkouts_and_two_users_share_their_results() {
    let document = r#"
[commands.build]
exec = "cat {root}/src/a.txt > {root}/out.txt; echo run >> runs"
deps = ["src/**"]
artifacts = ["out.txt"]
env = { PATH = "{root}/tools:{env.PATH}", PLACE = "{root}", OWN = "{env.HOME}" }
[commands.placed]
exec = "echo run >> placed-runs"
deps = [{ type = "const", value = "{root}" }]
"#;
    let first = workspace(document);
    let second = workspace(document)
        .variable("PURLIN_CACHE_DIR", first.cache())
        .variable("PATH", "/usr/sbin:/usr/bin:/bin")
        .variable("USER", "somebody")
        .variable("TMPDIR", "/var/tmp");
    for workspace in [&first, &second] {
        workspace.write("src/a.txt", "shared");
    }
    first.succeed(&["run"]);
    let finished = second.succeed(&["run", "--json"]);
    assert_eq!(finished.settled("build").as_deref(), Some("cached"), "{finished}");
    assert_eq!((second.read("out.txt").as_str(), second.lines("runs")), ("shared", 0));
    // A constant is what it says, and this one says where the workspace is.
    assert_eq!(finished.settled("placed").as_deref(), Some("finished"), "{finished}");
    assert_eq!(second.lines("placed-runs"), 1);
}

#[test]
fn a_command_without_deps_always_runs() {
    let workspace = workspace(
        "[commands]\nplain = 'echo run >> plain'\n[commands.table]\nexec = 'echo run >> table'\nartifacts = ['x']\n[commands.empty]\nexec = 'echo run >> empty'\ndeps = []",
    );
    workspace.succeed(&["run"]);
    workspace.succeed(&["run"]);
    assert_eq!(["plain", "table"].map(|file| workspace.lines(file)), [2, 2]);
    // Nothing that it depends on can ever change, and nothing says that it depends on nothing.
    assert_eq!(workspace.lines("empty"), 2);
}

#[test]
fn the_base_is_enough_for_a_command_with_empty_deps() {
    let workspace = workspace(
        "[base]\ndeps = ['base.txt']\n[commands]\nplain = 'echo run >> plain'\n[commands.empty]\nexec = 'echo run >> empty'\ndeps = []",
    );
    workspace.write("base.txt", "one");
    workspace.succeed(&["run"]);
    workspace.succeed(&["run"]);
    assert_eq!((workspace.lines("empty"), workspace.lines("plain")), (1, 2));
    workspace.write("base.txt", "two");
    workspace.succeed(&["run"]);
    assert_eq!(workspace.lines("empty"), 2);
}

#[test]
fn the_order_of_artifacts_matters_only_past_an_exception() {
    let document = |artifacts: &str| {
        format!(
            "[workspace]\n[commands.a]\nexec = 'mkdir -p out; touch out/x out/y out/z'\ndeps = ['in']\nartifacts = [{artifacts}]\n"
        )
    };
    let workspace = workspace("");
    workspace.write("in", "");
    let settled = |artifacts: &str| {
        workspace.write("purlin.toml", document(artifacts));
        workspace.succeed(&["run", "--json"]).settled("a").unwrap()
    };
    assert_eq!(settled("'out/x', 'out/y'"), "finished");
    assert_eq!(settled("'out/y', 'out/x'"), "cached", "plain ones have no order");
    assert_eq!(settled("'out/*', '!out/x', '!out/y'"), "finished");
    assert_eq!(settled("'out/*', '!out/y', '!out/x'"), "cached");
    assert_eq!(settled("'!out/x', '!out/y', 'out/*'"), "finished", "they take nothing out");
    std::fs::remove_dir_all(workspace.path("out")).unwrap();
    assert_eq!(settled("'!out/x', '!out/y', 'out/*'"), "cached");
    assert!(workspace.path("out/x").exists(), "it is an artifact here");
}
