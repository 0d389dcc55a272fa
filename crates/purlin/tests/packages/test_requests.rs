//! Requests that meet in one build: a version that is in all of their ranges, or who asks for what.

use std::fs;

use super::bench::Bench;

/// Packages that are described in a folder, each with what it needs.
const SHELF: [(&str, &str, &str); 8] = [
    ("a", "1", ""),
    ("a", "2", ""),
    ("a", "5", ""),
    ("low", "1", "'a<3'"),
    ("high", "1", "'a-1+'"),
    ("top", "2", "'a-5+'"),
    ("top", "1", "'a-1+'"),
    ("five", "1", "'a-5'"),
];

/// A workspace whose packages ask for those of the shelf.
fn bench(text: &str, names: &[&str]) -> Bench {
    let bench = Bench::empty("[repositories]\nshelf = { type = \"folder\", path = \"shelf\" }\n");
    for (name, version, requires) in SHELF {
        let folder = format!("shelf/{name}/{version}");
        bench.workspace.write(
            format!("{folder}/package.toml"),
            format!("root = 'root'\nrequires = [{requires}]\n"),
        );
        bench
            .workspace
            .write(format!("{folder}/root/bin/{name}-is"), format!("#!/bin/sh\necho {version}\n"));
        let program = bench.workspace.path(format!("{folder}/root/bin/{name}-is"));
        let mode = <fs::Permissions as std::os::unix::fs::PermissionsExt>::from_mode(0o755);
        fs::set_permissions(program, mode).unwrap();
    }
    let entries: Vec<String> = names.iter().map(|name| format!("\"{name}\": {name}")).collect();
    let shells = if text.contains("def work") { "\"default\": work" } else { "" };
    let text = format!(
        "{text}definitions = {{\"packages\": {{{}}}, \"devShells\": {{{shells}}}}}\n",
        entries.join(", ")
    );
    bench.workspace.write("purlin.star", text);
    bench
}

/// A package that tells which `a` and `top` it was built with.
fn package(name: &str, fields: &str) -> String {
    format!(
        "def {name}(mk_package{}):\n    return mk_package(version = \"1\", {fields}, install = \
         \"(a-is; top-is 2>/dev/null) > $out/told || true\")\n",
        if fields.contains("[q]") || fields.contains("[q,") { ", q" } else { "" }
    )
}

fn told(bench: &Bench, name: &str) -> String {
    fs::read_to_string(bench.root_of(name).join("told")).unwrap().replace('\n', " ")
}

fn pins(bench: &Bench) -> String {
    let text = bench.workspace.read("purlin.lock");
    let lines: Vec<&str> = text.lines().filter(|line| line.starts_with("[packages")).collect();
    lines.join(" ")
}

#[test]
fn what_one_package_asks_for_is_asked_together() {
    let text = package("p", "requires = [\"a-1+\"], build_requires = [\"a<3\"]")
        + &package("older", "requires = [\"top\", \"a<3\"]")
        + &package("without", "requires = [\"a\", \"!a-5\"]");
    let bench = bench(&text, &["p", "older", "without"]);
    assert_eq!(told(&bench, "p"), "2 ");
    // The newest `top` does not go with an old `a`.
    assert_eq!(told(&bench, "older"), "2 1 ");
    assert_eq!(told(&bench, "without"), "2 ");
    let pinned = pins(&bench);
    assert!(pinned.contains("[packages.\"a-1+<3\"]"), "{pinned}");
    assert!(pinned.contains("[packages.\"top<2|>2\"]"), "{pinned}");
    assert_eq!(bench.built_by(&["--locked", "build"]), [""; 0]);
}

#[test]
fn requests_that_meet_are_one_and_hold_nobody_else_back() {
    let text = package("q", "requires = [\"a-1+\"]")
        + &package("p", "requires = [q, \"a<3\"]")
        + &package("r", "requires = [\"high\", \"low\"]")
        + "def work(mk_shell, q):\n    return mk_shell(packages = [q, \"low\"])\n";
    let bench = bench(&text, &["q", "p", "r"]);
    assert_eq!(told(&bench, "p"), "2 ");
    assert_eq!(pins(&bench), "[packages.\"a-1+<3\"]", "what was tried before is not pinned");
    assert_eq!(told(&bench, "r"), "2 ");
    // By itself it has the newest, whatever else is built in the same run.
    assert_eq!(told(&bench, "q"), "5 ");
    let alone = bench.root_of("q");
    let all = bench.workspace.succeed(&["build"]).stdout;
    assert!(all.lines().any(|line| std::path::Path::new(line) == alone), "{all}");
    assert_eq!(bench.built_by(&["--locked", "build"]), [""; 0]);
    // The same in a shell.
    let shown = bench.workspace.succeed(&["shell", "--", "a-is"]);
    assert_eq!(shown.stdout, "2\n");
}

#[test]
fn what_may_not_be_there_is_told_with_who_says_so() {
    let text = package("z", "requires = []")
        + &package("direct", "requires = [\"z\", \"!z-1\"]")
        + &package("q", "requires = [\"z\"]")
        + &package("weak", "requires = [q, \"~z-2\"]");
    let bench = bench(&text, &["z", "direct", "q", "weak"]);
    for (name, said) in [("direct", "!z-1"), ("weak", "~z-2")] {
        let failed = bench.workspace.fail(2, &["build", name]);
        for told in [
            format!("`{name}-1` does not go with z-1"),
            format!("it says `{said}`"),
            "The workspace's `z` has the version 1".to_owned(),
        ] {
            assert!(failed.stderr.contains(&told), "{told} is not in {failed}");
        }
    }
}

#[test]
fn a_request_means_packages_whatever_their_definitions_are_called() {
    let text = package("z", "requires = []").replace("version = \"1\"", "version = \"1.0\"")
        + &package("z_next", "name = \"z\"").replace("version = \"1\"", "version = \"2.0\"")
        + &package("p", "requires = [\"z-2+\", \".abi-1\"]")
        + &package("q", "requires = [\".abi-2\"]")
        + &package("r", "requires = [p, q]");
    let text = text.replace("def r(mk_package)", "def r(mk_package, p, q)");
    let bench = bench(&text, &["z", "z_next", "p", "q", "r"]);
    let closure = bench.workspace.succeed(&["build", "p", "--closure"]).stdout;
    assert!(closure.contains("-z-2.0") && !closure.contains("-z-1.0"), "{closure}");
    // Agreements have no package behind them, and hold all the same.
    let failed = bench.workspace.fail(2, &["build", "r"]);
    for told in ["`r-1` needs what does not agree", "p-1 says `.abi-1`", "q-1 says `.abi-2`"] {
        assert!(failed.stderr.contains(told), "{told} is not in {failed}");
    }
}

#[test]
fn what_a_repository_cannot_give_is_told_with_the_reason() {
    let bench = bench(&package("p", "requires = [\"bad\"]"), &["p"]);
    bench.workspace.write("shelf/bad/1/package.toml", "name = \n");
    let failed = bench.workspace.fail(2, &["build", "p"]);
    assert!(failed.stderr.contains("`bad-1` in `shelf` cannot be used: "), "{failed}");
    assert!(!failed.stderr.contains("did you mean `bad`"), "{failed}");
    fs::rename(bench.workspace.path("shelf"), bench.workspace.path("away")).unwrap();
    let failed = bench.workspace.fail(2, &["build", "p"]);
    assert!(failed.stderr.contains("/shelf cannot be read: No such file"), "{failed}");
}

#[test]
fn a_newer_version_is_taken_when_somebody_says_so() {
    let bench = bench(&package("q", "requires = [\"a-1+\"]"), &["q"]);
    assert_eq!(told(&bench, "q"), "5 ");
    let newer = bench.workspace.path("shelf/a/6");
    fs::create_dir_all(newer.join("root/bin")).unwrap();
    for file in ["package.toml", "root/bin/a-is"] {
        fs::copy(bench.workspace.path("shelf/a/5").join(file), newer.join(file)).unwrap();
    }
    fs::write(newer.join("root/bin/a-is"), "#!/bin/sh\necho 6\n").unwrap();
    assert_eq!(told(&bench, "q"), "5 ", "what is pinned stays");
    let run = bench.workspace.succeed(&["build", "q", "--update", "a"]);
    assert!(run.stderr.contains("package `a-1+`: 5 → 6"), "{run}");
    assert_eq!(told(&bench, "q"), "6 ");
}

#[test]
fn a_newer_version_of_what_nothing_here_uses_is_not_promised() {
    let text = package("q", "requires = [\"high\"]") + &package("z", "requires = []");
    let bench = bench(&text, &["q", "z"]);
    bench.workspace.succeed(&["build"]);
    let pinned = bench.workspace.read("purlin.lock");
    // What it needs itself is used, too.
    for used in ["high", "a", "a-1+"] {
        bench.workspace.succeed(&["build", "q", "--update", used]);
    }
    let refused = |arguments: &[&str]| {
        let refused = bench.workspace.fail(2, arguments);
        let told = "nothing that is built here asks repositories for `a`";
        assert!(refused.stderr.contains(told), "{refused}");
        assert!(refused.stderr.contains("purlin.lock:"), "{refused}");
    };
    refused(&["build", "z", "--update", "a"]);
    bench
        .workspace
        .write("purlin.star", bench.workspace.read("purlin.star").replace("\"high\"", ""));
    refused(&["build", "--update", "a"]);
    assert_eq!(bench.workspace.read("purlin.lock"), pinned);
}

#[test]
fn ranges_without_a_common_version_are_told_with_who_asks() {
    let text = package("p", "requires = [\"five\", \"low\"]")
        + &package("both", "requires = [\"a-5\", \"a<3\"]");
    let bench = bench(&text, &["p", "both"]);
    let failed = bench.workspace.fail(2, &["build", "p"]);
    for told in [
        "the packages that are asked for cannot be had",
        "`a-5` is asked for by `five-1`",
        "`a<3` is asked for by `low-1`",
    ] {
        assert!(failed.stderr.contains(told), "{told} is not in {failed}");
    }
    let failed = bench.workspace.fail(2, &["build", "both"]);
    assert!(failed.stderr.contains("`a-5` is asked for by the package `both-1`"), "{failed}");
    assert!(failed.stderr.contains("`a<3` is asked for by the package `both-1`"), "{failed}");
    let text = package("q", "requires = [\"a-5+\"]") + &package("p", "requires = [q, \"a<3\"]");
    let bench = self::bench(&text, &["q", "p"]);
    let failed = bench.workspace.fail(2, &["build", "p"]);
    for told in [
        "`p-1` cannot have `a` as everybody asks",
        "`a-5+` is asked for by the package `q-1`",
        "`a<3` is asked for by the package `p-1`",
    ] {
        assert!(failed.stderr.contains(told), "{told} is not in {failed}");
    }
}
