//! `purlin build`, from archives to programs.

use std::fs;

use super::bench::Bench;

#[test]
fn packages_of_every_kind_are_built_and_run() {
    let bench = Bench::new("");
    let built = bench.built_by(&["build"]);
    assert_eq!(
        built,
        [
            "antsimulator-3.1",
            "codec-1.0#0",
            "codec-1.0#1",
            "crunch-0.2",
            "drawing-0.3",
            "greeter-1.1",
            "packbits-1.0",
            "packbits-2.0",
            "report-1.0",
            "sfml-2.6",
            "shapes-2.1",
            "suite-1.0",
            "tally-0.4.0",
        ]
    );
    let workspace = &bench.workspace;
    let app = |arguments: &[&str]| workspace.succeed(&[&["app"], arguments].concat()).stdout;
    assert_eq!(app(&["crunch"]), "6 -> 4 -> 6 with 1.0\n");
    assert_eq!(app(&["drawing"]), "SQUARE OF 3: 9, PACKED WITH 1.0\n");
    assert_eq!(app(&["report", "--", "you"]), "hello, you\n");
    assert_eq!(app(&["tally", "--", "1234000", "567"]), "1.234.567\n");
    assert_eq!(app(&["antsimulator"]), "512 ants\n");

    let codecs = workspace.succeed(&["build", "codec"]).stdout;
    let said: Vec<String> = codecs
        .lines()
        .map(|root| {
            let output = std::process::Command::new(format!("{root}/bin/codec")).output().unwrap();
            String::from_utf8(output.stdout).unwrap()
        })
        .collect();
    assert_eq!(said, ["codec over 1.0\n", "codec over 2.0\n"]);

    // Nothing is built again, and nothing is fetched again.
    let asked = bench.server.requests().len();
    assert_eq!(bench.built_by(&["build"]), [""; 0]);
    assert_eq!(bench.server.requests().len(), asked);
    // Links to programs are references: the suite needs what it links to.
    let closure = workspace.succeed(&["build", "suite", "--closure"]).stdout;
    for name in ["suite-1.0", "crunch-0.2", "packbits-1.0", "report-1.0", "greeter-1.1"] {
        assert!(closure.contains(&format!("-{name}\n")), "{name} is not in {closure}");
    }
}

#[test]
fn a_change_builds_what_it_concerns() {
    let bench = Bench::new("");
    let some = ["build", "crunch", "report", "packbits"];
    assert_eq!(bench.built_by(&some), ["crunch-0.2", "greeter-1.1", "packbits-1.0", "report-1.0"]);

    // A comment, a description and an order of definitions are nothing to it.
    let text = bench.workspace.read("purlin.star");
    let edited = text
        .replace("def crunch(", "# They say it is fast.\n\ndef crunch(")
        .replace("description = \"Runs of bytes\"", "description = \"Runs of the same byte\"");
    assert_ne!(edited, text);
    bench.workspace.write("purlin.star", edited);
    assert_eq!(bench.built_by(&some), [""; 0]);

    let source = bench.source("packbits/packbits.c");
    let text = fs::read_to_string(&source).unwrap();
    fs::write(&source, text.replace("run < 255", "run < 200")).unwrap();
    bench.publish();
    let explained = bench.workspace.succeed(&["build", "--explain", "packbits"]).stdout;
    assert!(
        explained.starts_with("packbits-1.0 would be built: the source changed"),
        "{explained}"
    );
    assert_eq!(bench.built_by(&some), ["crunch-0.2", "packbits-1.0"]);

    // Going back needs nothing.
    fs::write(&source, fs::read_to_string(&source).unwrap().replace("run < 200", "run < 255"))
        .unwrap();
    bench.publish();
    assert_eq!(bench.built_by(&some), [""; 0]);
}

#[test]
fn what_fails_is_kept_and_told() {
    let bench = Bench::empty("");
    bench.workspace.write("src/a.txt", "content\n");
    bench.workspace.write(
        "purlin.star",
        r#"
def broken(mk_package):
    return mk_package(version = "1", source = "src", build = "echo so far; cp a.txt b.txt; exit 3", install = "true")

def user(mk_package, broken):
    return mk_package(version = "1", requires = [broken], install = "true")

def empty(mk_package):
    return mk_package(version = "1", source = "src", install = "true")

def tested(mk_package):
    return mk_package(version = "1", source = "src", install = "install -D a.txt $out/a.txt", tests = {"right": "false"})

definitions = {"packages": {"broken": broken, "user": user, "empty": empty, "tested": tested}}
"#,
    );
    let finished = bench.workspace.fail(1, &["build", "user"]);
    assert!(finished.stderr.contains("`broken-1` could not be built"), "{finished:?}");
    assert!(finished.stderr.contains("so far"), "{finished:?}");
    let kept = finished.stderr.split("Its folder is kept: ").nth(1).unwrap();
    let kept = std::path::Path::new(kept.lines().next().unwrap().trim());
    assert_eq!(fs::read_to_string(kept.join("src/b.txt")).unwrap(), "content\n");

    let finished = bench.workspace.fail(1, &["build", "empty"]);
    assert!(finished.stderr.contains("has put nothing into `$out`"), "{finished:?}");

    let finished = bench.workspace.fail(1, &["build", "tested"]);
    assert!(finished.stderr.contains("the test `right` of `tested-1` failed"), "{finished:?}");
    // What was not tested well is not there.
    assert_eq!(bench.built_by(&["check"]), [""; 0]);
    let finished = bench.workspace.fail(1, &["build", "tested"]);
    assert!(finished.stderr.contains("the test `right` of `tested-1` failed"), "{finished:?}");
    bench.workspace.write(
        "purlin.star",
        bench
            .workspace
            .read("purlin.star")
            .replace("\"right\": \"false\"", "\"right\": \"test -f $out/a.txt\""),
    );
    bench.workspace.succeed(&["build", "tested"]);
}

#[test]
fn why_something_is_built_is_told_by_what_this_workspace_has_built() {
    let text = |word: &str| {
        format!(
            "def a(mk_package):\n    return mk_package(version = \"1\", install = \"echo {word} > $out/a\")\n\
             definitions = {{\"packages\": {{\"a\": a}}}}\n"
        )
    };
    let bench = Bench::empty("");
    bench.workspace.write("purlin.star", text("one"));
    bench.workspace.succeed(&["build"]);
    // Another workspace of the same user builds another package that is called so.
    bench.workspace.write("other/purlin.toml", "[workspace]\n");
    let other = text("two").replace("version = ", "env = {\"A\": \"1\"}, version = ");
    bench.workspace.write("other/purlin.star", other);
    bench.workspace.succeed(&["-C", "other", "build"]);
    bench.workspace.write("purlin.star", text("three"));
    let explained = bench.workspace.succeed(&["build", "--explain"]).stdout;
    assert!(explained.starts_with("a-1 would be built: the script changed\n"), "{explained}");
    let built = bench.workspace.succeed(&["build"]).stderr;
    assert!(built.contains("started   the script changed"), "{built}");
}
