//! A folder of packages that is not there, beside others that are.

use std::fs;

use purlin_test::{Finished, Workspace};

use super::bench::Bench;

/// Two repositories, of which only the second is there, with `a-5` in it.
fn bench(asks: &str) -> Bench {
    let bench = Bench::empty(
        "[repositories]\naway  = { type = \"folder\", path = \"../away/packages\" }\n\
         shelf = { type = \"folder\", path = \"shelf\" }\n",
    );
    described(&bench.workspace, "shelf/a/5");
    bench.workspace.write(
        "purlin.star",
        format!(
            "def p({asks}, install = \"echo x > $out/x\")\n\n\
             def a_too(mk_package, a):\n    return mk_package(version = \"1\", requires = [a], install = \"echo x > $out/x\")\n\n\
             definitions = {{\"packages\": {{\"p\": p, \"a_too\": a_too}}}}\n"
        ),
    );
    bench
}

/// A package that asks for this request.
fn asking(request: &str) -> Bench {
    bench(&format!(
        "mk_package):\n    return mk_package(version = \"1\", requires = [\"{request}\"]"
    ))
}

fn described(workspace: &Workspace, folder: &str) {
    workspace.write(format!("{folder}/package.toml"), "root = 'root'\n");
    fs::create_dir_all(workspace.path(format!("{folder}/root"))).unwrap();
}

const WARNING: &str = "warning: the repository `away` cannot answer: ";

fn warned(finished: &Finished) -> usize {
    finished.stderr.matches(WARNING).count()
}

#[test]
fn others_answer_in_its_place_aloud() {
    let bench = asking("a-1+");
    let built = bench.workspace.succeed(&["build"]);
    assert_eq!(warned(&built), 1, "{built}");
    let folder = bench.workspace.base().join("away/packages");
    assert!(built.stderr.contains(&format!("{} cannot be read", folder.display())), "{built}");
    assert!(built.stderr.contains("purlin.toml:3:9"), "{built}");
    assert_eq!(warned(&bench.workspace.succeed(&["--locked", "build"])), 1);
    // It may be what is to be made.
    bench.workspace.succeed(&["build", "p", "--install", "../away/packages"]);
    assert!(folder.join("p/1/root/x").is_file());
    assert_eq!(warned(&bench.workspace.succeed(&["build"])), 0);
}

#[test]
fn what_nobody_else_has_cannot_be_had() {
    for (bench, name) in [
        (asking("rope"), "p"),
        (bench("mk_package, rope):\n    return mk_package(version = \"1\""), "p"),
        (asking("a-6+"), "p"),
    ] {
        let failed = bench.workspace.fail(2, &["build", name]);
        let told = "he repository `away` cannot answer: ";
        assert!(failed.stderr.contains(told), "{failed}");
        assert!(failed.stderr.contains("error: "), "{failed}");
    }
}

#[test]
fn what_is_pinned_to_it_is_not_taken_elsewhere() {
    let bench = asking("a-1+");
    described(&bench.workspace, "../away/packages/a/5");
    bench.workspace.succeed(&["build"]);
    let pinned = bench.workspace.read("purlin.lock");
    assert!(pinned.contains("repository = \"away\""), "{pinned}");
    let away = bench.workspace.base().join("away");
    fs::rename(&away, bench.workspace.base().join("gone")).unwrap();
    for name in ["p", "a_too"] {
        let failed = bench.workspace.fail(2, &["build", name]);
        for told in [
            "`a` is pinned to the repository `away`, which is not there",
            "pinned here",
            "purlin build --update a",
        ] {
            assert!(failed.stderr.contains(told), "{told} is not in {failed}");
        }
    }
    assert_eq!(bench.workspace.read("purlin.lock"), pinned);
    let moved = bench.workspace.succeed(&["build", "--update", "a"]);
    assert_eq!(warned(&moved), 1, "{moved}");
    assert!(moved.stderr.contains("repository away → shelf"), "{moved}");
}
