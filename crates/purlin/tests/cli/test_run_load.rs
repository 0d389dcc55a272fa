//! Dependencies that are read from files which another command writes.

use purlin_test::Workspace;

use crate::workspace;

fn scanned() -> Workspace {
    workspace(
        r#"
[commands.scan]
exec = "mkdir -p gen; cp list.json gen/deps.json; echo run >> scan-runs"
deps = ["list.json"]
artifacts = ["gen/deps.json"]
[commands.use]
exec = "cat src/* > out.txt; echo run >> use-runs"
deps = [{ type = "load", path = "gen/deps.json" }, { type = "command", name = "scan" }]
artifacts = ["out.txt"]
"#,
    )
}

#[test]
fn what_a_file_names_is_known_only_after_its_producer() {
    let workspace = scanned();
    let runs = || (workspace.lines("scan-runs"), workspace.lines("use-runs"));
    workspace.write("list.json", r#"["src/a.txt"]"#);
    workspace.write("src/a.txt", "a");
    workspace.write("src/b.txt", "b");
    workspace.succeed(&["check"]);
    workspace.succeed(&["run"]);
    workspace.succeed(&["run"]);
    assert_eq!(runs(), (1, 1));
    workspace.write("src/b.txt", "c");
    workspace.succeed(&["run"]);
    assert_eq!(runs(), (1, 1), "it is not named");
    workspace.write("src/a.txt", "d");
    workspace.succeed(&["run"]);
    assert_eq!(runs(), (1, 2), "it is named");
    workspace.write("list.json", r#"{ "globs": ["src/*.txt"], "values": [1] }"#);
    workspace.succeed(&["run"]);
    assert_eq!(runs(), (2, 3));
    workspace.write("src/b.txt", "e");
    workspace.succeed(&["run"]);
    assert_eq!((runs(), workspace.read("out.txt").as_str()), ((2, 4), "de"));
}

#[test]
fn values_of_a_file_are_in_the_key() {
    let workspace = workspace(
        r#"
[commands.scan]
exec = "sed s/note.*// list.txt > deps.json"
deps = ["list.txt"]
artifacts = ["deps.json"]
[commands.use]
exec = "echo run >> runs"
deps = [{ type = "load", path = "deps.json" }, { type = "command", name = "scan" }]
"#,
    );
    for (list, runs) in
        [("{\"values\": [1]}", 1), ("{\"values\": [2]}", 2), ("{\"values\": [1]}", 2)]
    {
        workspace.write("list.txt", list);
        workspace.succeed(&["run"]);
        assert_eq!(workspace.lines("runs"), runs, "{list}");
    }
    // The producer ran again and wrote the same.
    workspace.write("list.txt", "{\"values\": [1]}note");
    workspace.succeed(&["run"]);
    assert_eq!(workspace.lines("runs"), 2);
}

#[test]
fn depfiles_name_what_a_compiler_has_read() {
    let workspace = workspace(
        r#"
[commands.depend]
exec = "printf 'main.o: src/main.c \\\\\n  {root}/src/a.h /usr/include/stdio.h\n' > main.d"
deps = ["src/main.c"]
artifacts = ["main.d"]
[commands.compile]
exec = "cat src/main.c src/a.h > main.o; echo run >> runs"
deps = [{ type = "load", path = "main.d", format = "depfile" }, { type = "command", name = "depend" }]
artifacts = ["main.o"]
"#,
    );
    workspace.write("src/main.c", "main");
    workspace.write("src/a.h", "one");
    workspace.write("src/b.h", "one");
    workspace.succeed(&["run"]);
    workspace.write("src/b.h", "two");
    workspace.succeed(&["run"]);
    assert_eq!(workspace.lines("runs"), 1);
    workspace.write("src/a.h", "two");
    workspace.succeed(&["run"]);
    assert_eq!((workspace.lines("runs"), workspace.read("main.o").as_str()), (2, "maintwo"));
}

#[test]
fn a_file_that_another_command_writes_needs_that_command() {
    let workspace = scanned();
    let document =
        workspace.read("purlin.toml").replace(r#", { type = "command", name = "scan" }"#, "");
    workspace.write("purlin.toml", document);
    workspace.write("list.json", "[]");
    for arguments in [&["check"][..], &["run"]] {
        let finished = workspace.fail(2, arguments);
        assert!(
            finished.stderr.contains("`use` reads what `scan` writes, and does not depend on it"),
            "{finished}"
        );
    }
    assert_eq!(workspace.lines("scan-runs"), 0);
}

#[test]
fn a_file_that_nobody_writes_is_told() {
    let workspace = workspace(
        "[commands.use]\nexec = 'true'\ndeps = [{ type = 'load', path = 'gen/deps.json' }]",
    );
    let finished = workspace.run(&["run"]);
    assert!(finished.stderr.contains("`gen/deps.json` does not exist"), "{finished}");
    assert_ne!(finished.code, Some(0));
}

#[test]
fn what_is_wrong_in_a_file_fails_the_command_that_reads_it() {
    let workspace = scanned();
    workspace.write("list.json", "[1]");
    let finished = workspace.fail(1, &["run", "--json"]);
    assert_eq!(finished.settled("scan").as_deref(), Some("finished"));
    assert_eq!(finished.settled("use").as_deref(), Some("failed"));
    assert!(finished.stderr.contains("`1` among the globs is not a string"), "{finished}");
}

#[test]
fn a_path_may_begin_at_the_folder_that_it_is_in() {
    let workspace = workspace(
        r#"
[commands.scan]
exec = "mkdir -p gen; cp list.json gen/deps.json"
deps = ["list.json"]
artifacts = ["gen/deps.json"]
[commands.use]
exec = "cat src/*"
deps = ["load:./gen//deps.json", "command:scan"]
"#,
    );
    workspace.write("list.json", r#"["src/a.txt"]"#);
    workspace.write("src/a.txt", "a");
    workspace.succeed(&["run"]);
    let finished = workspace.succeed(&["run", "--json"]);
    assert_eq!(finished.settled("use").as_deref(), Some("cached"));
}
