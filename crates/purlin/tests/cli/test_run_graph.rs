//! Commands that depend on commands.

use crate::workspace;

#[test]
fn a_dependant_is_not_run_again_for_the_same_artifact() {
    let workspace = workspace(
        r#"
[commands.generate]
exec = "wc -c < src/a.txt > size.txt; echo run >> generate-runs"
deps = ["src/**"]
artifacts = ["size.txt"]
[commands.use]
exec = "cat size.txt > used.txt; echo run >> use-runs"
deps = [{ type = "command", name = "generate" }]
artifacts = ["used.txt"]
"#,
    );
    let runs = || (workspace.lines("generate-runs"), workspace.lines("use-runs"));
    workspace.write("src/a.txt", "one");
    workspace.succeed(&["run"]);
    workspace.succeed(&["run"]);
    assert_eq!(runs(), (1, 1));
    workspace.write("src/a.txt", "two");
    let finished = workspace.succeed(&["run", "--json"]);
    assert_eq!(finished.settled("use").as_deref(), Some("cached"));
    assert_eq!(runs(), (2, 1));
    workspace.write("src/a.txt", "three");
    workspace.succeed(&["run"]);
    assert_eq!(runs(), (3, 2));
    assert_eq!(workspace.read("used.txt").trim(), "5");
}

#[test]
fn without_artifacts_a_dependency_stands_for_its_key() {
    let workspace = workspace(
        r#"
[commands.lint]
exec = "true"
deps = ["src/**"]
[commands.test]
exec = "echo run >> runs"
deps = [{ type = "command", name = "lint" }]
"#,
    );
    workspace.write("src/a.txt", "one");
    workspace.succeed(&["run"]);
    workspace.succeed(&["run"]);
    assert_eq!(workspace.lines("runs"), 1);
    workspace.write("src/a.txt", "two");
    workspace.succeed(&["run"]);
    assert_eq!(workspace.lines("runs"), 2);
    workspace.write("src/a.txt", "one");
    workspace.succeed(&["run"]);
    assert_eq!(workspace.lines("runs"), 2);
}

#[test]
fn an_uncached_dependency_is_only_the_order() {
    for uncached in ["", "deps = ['src/**']\ncache = 'none'"] {
        let workspace = workspace(&format!(
            r#"
[commands.second]
exec = "echo second >> order"
deps = ["const.txt", {{ type = "command", name = "first" }}]
[commands.first]
exec = "echo first >> order"
{uncached}
"#
        ));
        workspace.write("const.txt", "");
        workspace.write("src/a.txt", "one");
        workspace.succeed(&["run", "second"]);
        assert_eq!(workspace.read("order"), "first\nsecond\n");
        workspace.write("src/a.txt", "two");
        workspace.succeed(&["run", "second"]);
        assert_eq!(workspace.read("order"), "first\nsecond\nfirst\n", "{uncached}");
    }
}

#[test]
fn renaming_a_producer_changes_nothing_for_its_dependants() {
    let document = |name: &str| {
        format!(
            "[workspace]\n[commands.{name}]\nexec = 'true'\ndeps = ['src/**']\n[commands.use]\nexec = 'echo run >> runs'\ndeps = ['command:{name}']"
        )
    };
    let workspace = workspace(&document("before"));
    workspace.write("src/a.txt", "");
    workspace.succeed(&["run"]);
    workspace.write("purlin.toml", document("after"));
    workspace.succeed(&["run"]);
    assert_eq!(workspace.lines("runs"), 1);
}

#[test]
fn a_chain_through_ignored_outputs_is_never_stale() {
    let workspace = workspace(
        r#"
[commands.first]
exec = "mkdir -p build; cp src/a.txt build/first"
deps = ["src/**"]
artifacts = ["build/first"]
[commands.second]
exec = "cp build/first build/second"
deps = ["build/**", "!build/second", "!build/third", { type = "command", name = "first" }]
artifacts = ["build/second"]
[commands.third]
exec = "cp build/second build/third"
deps = [{ type = "command", name = "second" }]
artifacts = ["build/third"]
"#,
    );
    workspace.write(".git/HEAD", "ref: refs/heads/main\n");
    workspace.write(".gitignore", "build/\n");
    for content in ["one", "two", "one", "three", "two"] {
        workspace.write("src/a.txt", content);
        workspace.succeed(&["run", "third"]);
        assert_eq!(workspace.read("build/third"), content);
    }
    // A part of the chain that was lost or changed by hand comes back, and all the rest with it.
    workspace.write("build/first", "by hand");
    std::fs::remove_file(workspace.path("build/third")).unwrap();
    let finished = workspace.succeed(&["run", "third", "--json"]);
    for id in ["first", "second", "third"] {
        assert_eq!(finished.settled(id).as_deref(), Some("cached"), "{id}");
    }
    assert_eq!(workspace.read("build/first"), "two");
    assert_eq!(workspace.read("build/third"), "two");
}

#[test]
fn a_file_of_another_command_that_is_not_depended_on_is_an_error() {
    let workspace = workspace(
        r#"
[commands.write]
exec = "echo one > gen.txt"
deps = ["src/**"]
artifacts = ["gen.txt"]
[commands.read]
exec = "cat gen.txt"
deps = ["gen.txt"]
"#,
    );
    workspace.write("src/a.txt", "");
    let check = workspace.fail(2, &["check", "--json"]).json();
    assert_eq!(check["diagnostics"][0]["code"], "undeclared-producer");
    assert_eq!(check["diagnostics"].as_array().map(Vec::len), Some(1));
    let run = workspace.fail(2, &["run"]);
    insta::assert_snapshot!(run.stable_stderr(), @r#"
    error: `read` reads what `write` writes, and does not depend on it
     --> purlin.toml:9:9
      |
    6 | artifacts = ["gen.txt"]
      |              --------- written by `write`
    ...
    9 | deps = ["gen.txt"]
      |         ^^^^^^^^^ read by `read`
      |
      = Whether the one sees the other's files would depend on which runs first.
      = help: add `{ type = "command", name = "write" }` to the deps of `read`
    "#);
    assert!(!workspace.path("gen.txt").exists());
}

#[test]
fn a_pattern_that_two_commands_share_needs_an_order() {
    let document = |order: &str| {
        format!(
            "[workspace]\n[commands.format]\nexec = 'true'\ndeps = ['src/**']\nartifacts = ['src/**']\n[commands.lint]\nexec = 'true'\ndeps = ['src/**'{order}]"
        )
    };
    let workspace = workspace(&document(""));
    workspace.write("src/a.txt", "");
    let check = workspace.fail(2, &["check", "--json"]).json();
    assert_eq!(check["diagnostics"][0]["code"], "undeclared-producer");
    workspace.write("purlin.toml", document(", { type = 'command', name = 'format' }"));
    workspace.succeed(&["check"]);
    workspace.succeed(&["run"]);
}

#[test]
fn a_circle_is_named_with_all_its_edges() {
    let workspace = workspace(
        r#"
[commands.a]
exec = "echo run >> runs"
deps = [{ type = "command", name = "b" }]
[commands.b]
exec = "echo run >> runs"
deps = ["command:c"]
[commands.c]
exec = "echo run >> runs"
deps = ["src/**", { type = "command", name = "a" }]
[commands.outside]
exec = "echo run >> runs"
deps = ["command:a"]
"#,
    );
    let run = workspace.fail(2, &["run", "outside"]);
    insta::assert_snapshot!(run.stable_stderr(), @r#"
    error: commands depend on each other in a circle: a -> b -> c -> a
      --> purlin.toml:5:9
       |
     5 | deps = [{ type = "command", name = "b" }]
       |         ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ `a` depends on `b`
    ...
     8 | deps = ["command:c"]
       |         ----------- `b` depends on `c`
    ...
    11 | deps = ["src/**", { type = "command", name = "a" }]
       |                   -------------------------------- `c` depends on `a`
       |
       = help: take one of these dependencies out
    "#);
    let check = workspace.fail(2, &["check", "--json"]).json();
    let labels = check["diagnostics"][0]["labels"].as_array().expect("it is a list").len();
    assert_eq!((check["diagnostics"][0]["code"].as_str(), labels), (Some("command-cycle"), 3));
    assert_eq!(workspace.lines("runs"), 0);
}

#[test]
fn a_command_that_depends_on_itself_is_a_circle() {
    let workspace = workspace("[commands.a]\nexec = 'true'\ndeps = ['command:a']");
    let run = workspace.fail(2, &["run"]);
    assert!(run.stderr.contains("in a circle: a -> a"), "{run}");
}

#[test]
fn a_failure_skips_those_who_depend_on_it_and_no_others() {
    let workspace = workspace(
        r#"
[commands.bad]
exec = "exit 3"
deps = ["src/**"]
[commands.after]
exec = "echo run >> runs"
deps = ["command:bad"]
[commands.last]
exec = "echo run >> runs"
deps = ["command:after", "command:good"]
[commands.good]
exec = "echo good >> good-runs"
deps = ["src/**"]
[commands.later]
exec = "echo good >> good-runs"
deps = ["command:good"]
"#,
    );
    workspace.write("src/a.txt", "");
    for jobs in ["1", "4"] {
        let finished = workspace.fail(1, &["run", "--force", "--json", "-n", jobs]);
        let settled = ["bad", "after", "last", "good", "later"].map(|id| finished.settled(id));
        let settled: Vec<_> = settled.iter().map(|one| one.as_deref().unwrap_or("-")).collect();
        assert_eq!(settled, ["failed", "skipped", "skipped", "finished", "finished"]);
        let summary = finished.json_lines().pop().expect("there is a last line");
        let counts = ["done", "cached", "failed", "skipped"].map(|word| summary[word].as_u64());
        assert_eq!(counts, [Some(2), Some(0), Some(1), Some(2)]);
    }
    assert_eq!((workspace.lines("runs"), workspace.lines("good-runs")), (0, 4));
}

#[test]
fn exit_codes_tell_failures_from_mistakes() {
    let workspace =
        workspace("[commands]\ngood = 'true'\nbad = 'exit 7'\nmissing = 'no-such-program'");
    workspace.succeed(&["run", "good"]);
    workspace.fail(1, &["run", "bad"]);
    workspace.fail(1, &["run"]);
    workspace.fail(1, &["run", "missing"]);
    workspace.fail(2, &["run", "goood"]);
    workspace.fail(2, &["run", "--no-such-flag"]);
    workspace.fail(2, &["run", "-n", "0"]);
    workspace.fail(2, &["run", "-C", "no-such-folder"]);
    workspace.write("purlin.toml", "[workspace]\n[commands]\ngood = 3\n");
    workspace.fail(2, &["run", "good"]);
    workspace.write("purlin.toml", "[workspace\n");
    workspace.fail(2, &["run", "good"]);
    std::fs::remove_file(workspace.path("purlin.toml")).unwrap();
    workspace.fail(2, &["run", "good"]);
}

#[test]
fn a_command_that_a_signal_ended_has_failed() {
    let workspace = workspace(
        "[commands]\nfine = 'true'\n[commands.killed]\nargv = ['sh', '-c', 'kill -KILL $$']\ndeps = []\n[base]\ndeps = ['purlin.toml']",
    );
    for _ in 0..2 {
        let finished = workspace.fail(1, &["run"]);
        assert!(finished.stderr.contains("was killed by SIGKILL (signal 9)"), "{finished}");
    }
    let finished = workspace.fail(1, &["run", "killed", "--json"]);
    let events = finished.json_lines();
    let failed = events.iter().find(|event| event["event"] == "failed").expect("it failed");
    assert_eq!((failed["signal"].as_i64(), failed["exit_code"].as_i64()), (Some(9), None));
}

#[test]
fn names_fold_on_the_command_line_and_in_deps() {
    let workspace = workspace(
        "[commands.make_it]\nexec = 'echo made >> order'\n[commands.use-it]\nexec = 'echo used >> order'\ndeps = ['command:make-it']",
    );
    workspace.succeed(&["run", "use_it"]);
    assert_eq!(workspace.read("order"), "made\nused\n");
    workspace.succeed(&["run", "make-it", "make_it"]);
    assert_eq!(workspace.read("order"), "made\nused\nmade\n");
}

#[test]
fn hidden_commands_run_when_named_or_depended_on() {
    let workspace = workspace(
        "[commands.quiet]\nexec = 'echo quiet >> order'\nhidden = true\n[commands.other]\nexec = 'echo other >> order'",
    );
    workspace.succeed(&["run"]);
    assert_eq!(workspace.read("order"), "other\n");
    workspace.succeed(&["run", "quiet"]);
    assert_eq!(workspace.read("order"), "other\nquiet\n");
    workspace.write(
        "purlin.toml",
        "[workspace]\n[commands.quiet]\nexec = 'echo quiet >> order'\nhidden = true\n[commands.other]\nexec = 'echo other >> order'\ndeps = ['command:quiet']",
    );
    workspace.succeed(&["run"]);
    assert_eq!(workspace.read("order"), "other\nquiet\nquiet\nother\n");
}
