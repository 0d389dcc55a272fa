//! `run --why`

use crate::workspace;

#[test]
fn why_names_what_changed_since_which_run() {
    let workspace = workspace(
        "[commands.build]\nexec = 'echo run >> runs'\ndeps = ['src/**', { type = 'variable', name = 'LEVEL' }]",
    );
    let why = || workspace.succeed(&["run", "--why", "build"]).stable_stdout();
    workspace.write("src/a.txt", "one");
    workspace.write("src/b.txt", "one");
    insta::assert_snapshot!(why(), @"
    build would run: it has not run here before
    last time: never in this workspace
    ");
    workspace.succeed(&["run"]);
    insta::assert_snapshot!(why(), @"
    build would not run: its result is in the cache
    last time: [TIME], in run [RUN]: it was the first time
    ");
    workspace.write("src/a.txt", "two");
    std::fs::remove_file(workspace.path("src/b.txt")).unwrap();
    workspace.write("src/c.txt", "two");
    insta::assert_snapshot!(why(), @"
    build would run: src/a.txt changed, src/b.txt removed, src/c.txt added
      changed src/a.txt
      removed src/b.txt
      added src/c.txt
    last time: [TIME], in run [RUN]: it was the first time
    ");
    let mut command = workspace.command(&["run", "--why", "build"]);
    let finished = workspace.finish(command.env("LEVEL", "high"));
    assert!(finished.stdout.contains("changed process variable LEVEL\n"), "{finished}");
    // Asking changes nothing.
    assert_eq!(workspace.lines("runs"), 1);
    workspace.succeed(&["run"]);
    insta::assert_snapshot!(why(), @"
    build would not run: its result is in the cache
    last time: [TIME], in run [RUN]: src/a.txt changed, src/b.txt removed, src/c.txt added
    ");
}

#[test]
fn why_tells_the_run_that_it_compares_with() {
    let workspace = workspace("[commands.build]\nexec = 'true'\ndeps = ['src/**']");
    workspace.write("src/a.txt", "one");
    workspace.succeed(&["run"]);
    let run = std::fs::read_link(workspace.path(".purlin/log/latest")).expect("there is a run");
    let run = run.to_string_lossy();
    workspace.write("src/a.txt", "two");
    let told = workspace.succeed(&["run", "--why", "build"]).stdout;
    assert!(told.contains(&format!("in run {run}")), "{told}");
    let document = workspace.succeed(&["run", "--why", "build", "--json"]).json();
    let why = &document["why"][0];
    assert_eq!((why["id"].as_str(), why["cache_status"].as_str()), (Some("build"), Some("cold")));
    assert_eq!(why["changes"], serde_json::json!([{ "what": "src/a.txt", "how": "changed" }]));
    assert_eq!(why["last"]["run"].as_str(), Some(&*run));
}

#[test]
fn why_tells_of_definitions_and_producers() {
    let document = |exec: &str, size: &str| {
        format!(
            "[workspace]\n[commands.make]\nexec = 'printf {size} > gen.txt'\ndeps = ['purlin.toml']\nartifacts = ['gen.txt']\n[commands.build]\nexec = '{exec}'\ndeps = ['command:make']"
        )
    };
    let workspace = workspace(&document("true", "1"));
    workspace.succeed(&["run"]);
    workspace.write("purlin.toml", document("true ", "1"));
    workspace.succeed(&["run", "make"]);
    let told = workspace.succeed(&["run", "--why", "build"]).stdout;
    assert!(told.contains("  changed the program\n"), "{told}");
    workspace.write("purlin.toml", document("true", "2"));
    workspace.succeed(&["run", "make"]);
    let told = workspace.succeed(&["run", "--why", "build"]).stdout;
    assert!(told.contains("  changed command make\n"), "{told}");
}

#[test]
fn why_of_what_is_never_kept_or_failed() {
    let workspace = workspace(
        "[commands]\nplain = 'true'\n[commands.bad]\nexec = 'exit 1'\ndeps = ['purlin.toml']",
    );
    let plain = workspace.succeed(&["run", "--why", "plain"]).stdout;
    assert!(
        plain.starts_with("plain would run: it has no deps, so it is never cached\n"),
        "{plain}"
    );
    workspace.fail(1, &["run", "bad"]);
    let bad = workspace.succeed(&["run", "--why", "bad"]).stdout;
    assert!(bad.starts_with("bad would run: it failed the last time\n"), "{bad}");
    workspace.fail(2, &["run", "--why", "bda"]);
}
