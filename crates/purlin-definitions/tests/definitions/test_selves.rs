//! What is a project's own, and what comes from the folder that something is in.

use std::os::unix::fs::symlink;

use purlin_definitions::{Fetched, GitProject};
use serde_json::json;

use crate::test_starlark::{mistakes, open, open_fetching};
use crate::world::write;

const HEAD: &str = "[workspace]\nname = \"top\"\nsystems = [\"x86_64-linux\"]\n";

#[test]
fn a_project_stays_a_workspace_of_its_own() {
    let star = "def k(mk_thing):\n    return mk_thing(version = \"a\")\n\
                def own(mk_thing, self):\n    return mk_thing(version = self.pkg.k.version)\n\
                def path(mk_thing, inputs):\n    return mk_thing(version = inputs.self.path)\n\
                def name(mk_thing, context):\n    return mk_thing(version = context.name)\n\
                def input(mk_thing, inputs):\n    return mk_thing(version = inputs.x.url)\n\
                def given(mk_thing, k):\n    return mk_thing(version = k.version)\n\
                definitions = {\"pkg\": {\"k\": k, \"own\": own, \"path\": path, \"name\": name, \
                \"input\": input, \"given\": given}}\n";
    let document =
        "[workspace]\nname = \"child\"\nsystems = [\"x86_64-linux\"]\n[inputs.x]\nurl = \"in\"\n";
    let opened = open(&[
        (
            "purlin.toml",
            &format!(
                "{HEAD}[projects]\na = {{path = \"a\", adopt = true}}\n[pkg.k]\nversion = \"top\"\n"
            ),
        ),
        ("a/purlin.toml", document),
        ("a/purlin.star", star),
    ]);
    let shown = |name: &str| {
        let shown = opened.show(&format!("pkg.x86_64-linux.a/{name}"));
        shown["version"].as_str().unwrap().to_owned()
    };
    let all = ["own", "path", "name", "input", "given"].map(shown);
    assert_eq!(all, ["a", "a", "child", "in", "top"]);
}

#[test]
fn what_was_fetched_knows_its_commit_and_reads_nothing_outside() {
    let fetched = tempfile::tempdir().unwrap();
    let there = fetched.path().to_owned();
    write(&there, "good/purlin.toml", HEAD);
    let star = "def r(mk_thing, inputs):\n    return mk_thing(version = inputs.self.revision + \" of %d\" % inputs.self.last_modified)\n\
                definitions = {\"pkg\": {\"r\": r}}\n";
    write(&there, "good/purlin.star", star);
    write(&there, "secret", "secret = 1\n");
    std::fs::create_dir(there.join("bad")).unwrap();
    symlink("../secret", there.join("bad/purlin.toml")).unwrap();
    let fetch = move |project: &GitProject<'_>| {
        let (folder, url) = (there.join(project.url), project.url.to_owned());
        Ok(Fetched { folder, url, commit: "c0ffee".to_owned(), modified: Some(1_795_176_000) })
    };
    let document = format!("{HEAD}[projects]\na = {{ git = \"good\" }}\nb = {{ git = \"bad\" }}\n");
    let files = [("purlin.toml", document.as_str())];
    let opened = open_fetching(&files, |_| {}, Some(Box::new(fetch)), |_| {});
    assert_eq!(opened.show("pkg.x86_64-linux.a/r")["version"], "c0ffee of 1795176000");
    let told: Vec<String> =
        opened.workspace.problems().iter().map(|one| one.summary.clone()).collect();
    assert_eq!(told, ["there is no project in the repository bad"]);
}

#[test]
fn nothing_is_included_from_outside() {
    let outside = tempfile::tempdir().unwrap();
    write(outside.path(), "more.toml", "secret = 1\n");
    let document = format!("{HEAD}[include]\nfiles = [\"more/*.toml\"]\n");
    let files = [("purlin.toml", document.as_str()), ("more/a.toml", "[pkg.a]\nversion = \"1\"\n")];
    let link = outside.path().join("more.toml");
    let opened = open_fetching(
        &files,
        |_| {},
        None,
        |root| {
            symlink(link, root.join("more/b.toml")).unwrap();
        },
    );
    assert_eq!(opened.show("pkg.x86_64-linux.a")["version"], "1");
    assert_eq!(
        mistakes(&opened),
        "error: more/b.toml leads out of the workspace\n  purlin.toml:4:2 included here\n  \
         = symbolic links are followed inside the workspace only\n"
    );
}

#[test]
fn the_innermost_folder_comes_first_in_every_section() {
    let star = |text: &str| {
        format!("def default(mk_thing = None, helper = None, zz = None):\n    return {text}\n")
    };
    let use_app =
        "[[use]]\nname = \"folder\"\ntype = \"app\"\n[[use]]\nname = \"folder\"\ntype = \"pkg\"\n";
    let opened = open(&[
        (
            "purlin.toml",
            &format!(
                "{HEAD}{use_app}[pkg.helper]\nversion = \"pkg\"\n[pkg.zz]\nversion = \"pkg\"\n"
            ),
        ),
        ("app/n/helper.star", "def default():\n    return \"peer\"\n"),
        ("app/n/mk_thing.star", "def default():\n    return \"own constructor\"\n"),
        ("app/n/a.star", &star("[mk_thing, helper, zz.version]")),
        ("app/zz.star", &star("[zz.version, helper.version]")),
        ("app/b.star", &star("[zz.version]")),
    ]);
    assert_eq!(opened.show("app.x86_64-linux.n/a"), json!(["own constructor", "peer", "pkg"]));
    assert_eq!(opened.show("app.x86_64-linux.zz"), json!(["pkg", "pkg"]));
    assert_eq!(opened.show("app.x86_64-linux.b"), json!(["pkg"]));
    assert_eq!(mistakes(&opened), "");
}
