//! The same with the language that Purlin has.

use std::fs;
use std::path::PathBuf;

use purlin_definitions::{Setup, SourceFiles, Workspace, parse_path};
use purlin_model::{Diagnostic, Origin, Source, Value, parse_toml};
use purlin_starlark::Starlark;
use serde_json::{Value as Json, json};
use tempfile::TempDir;

use crate::world::{catalogue, told, write};

pub(crate) struct Opened {
    _folder: TempDir,
    pub(crate) workspace: Workspace,
}

pub(crate) fn open(files: &[(&str, &str)]) -> Opened {
    open_with(files, |_| {})
}

pub(crate) fn open_with(
    files: &[(&str, &str)],
    change: impl FnOnce(&mut purlin_definitions::Catalogue),
) -> Opened {
    open_fetching(files, change, None, |_| {})
}

pub(crate) fn open_fetching(
    files: &[(&str, &str)],
    change: impl FnOnce(&mut purlin_definitions::Catalogue),
    fetch: Option<purlin_definitions::Fetch>,
    prepare: impl FnOnce(&std::path::Path),
) -> Opened {
    let folder = tempfile::tempdir().unwrap();
    let document = "[workspace]\nsystems = [\"x86_64-linux\"]\n[[use]]\nname = \"folder\"\ntype = \"pkg\"\n\
                    [[use]]\nname = \"folder\"\ntype = \"lib\"\n";
    write(folder.path(), "purlin.toml", document);
    for (path, text) in files {
        write(folder.path(), path, text);
    }
    prepare(folder.path());
    let text = fs::read_to_string(folder.path().join("purlin.toml")).unwrap();
    let (document, _) = parse_toml(&Source::new("purlin.toml", text));
    let files = SourceFiles::new();
    let mut catalogue = catalogue();
    change(&mut catalogue);
    let workspace = Workspace::open(Setup {
        root: folder.path().to_owned(),
        shown: PathBuf::new(),
        document,
        systems: None,
        catalogue,
        language: std::sync::Arc::new(Starlark::new(files.clone())),
        files,
        base: None,
        fetch,
        revision: Some(Box::new(|folder, fetched| {
            let name = folder.file_name().unwrap().to_string_lossy();
            let (commit, modified) = fetched.unzip();
            let told = json!({
                "path": name,
                "revision": commit,
                "last_modified": modified.flatten(),
            });
            Ok(Value::from_json(&told, &Origin::whole(&Source::unread("self"))))
        })),
        inputs: None,
    });
    Opened { _folder: folder, workspace }
}

impl Opened {
    pub(crate) fn show(&self, path: &str) -> Json {
        match self.workspace.show(&parse_path(path).unwrap()) {
            Ok(shown) => serde_json::to_value(shown).unwrap(),
            Err(diagnostic) => panic!("{}", told(&diagnostic)),
        }
    }

    pub(crate) fn error(&self, path: &str) -> Diagnostic {
        self.workspace.show(&parse_path(path).unwrap()).expect_err("it fails")
    }
}

/// All that is wrong, with its places.
pub(crate) fn mistakes(opened: &Opened) -> String {
    opened.workspace.check().iter().map(told).collect()
}

#[test]
fn leaves_functions_and_namespaces_come_through() {
    let opened = open(&[
        ("helpers.star", "def suffixed(text):\n    return text + \"-1\"\n"),
        ("lib/twice.star", "def default():\n    return lambda x: x * 2\n"),
        (
            "pkg/zlib.star",
            "load(\"helpers.star\", \"suffixed\")\n\
             def default(mk_thing):\n    return mk_thing(name = \"zlib\", version = suffixed(\"1\"))\n",
        ),
        (
            "pkg/games/ants.star",
            "def default(mk_thing, zlib, lib, pkgs, system, missing = None):\n    \
             same = \"%s-%s-%d\" % (pkgs.zlib.version, system, lib.twice(21))\n    \
             return mk_thing(name = \"ants\", version = same, needs = [zlib.name])\n",
        ),
    ]);
    assert_eq!(
        opened.show("pkg.x86_64-linux.games/ants"),
        json!({
            "$type": "thing", "name": "ants", "version": "1-1-x86_64-linux-42", "needs": ["zlib"],
        })
    );
    assert_eq!(opened.show("lib.twice"), json!({"$type": "function"}));
    let all = opened.workspace.check();
    assert_eq!(all, [], "{}", all.iter().map(told).collect::<String>());
}

#[test]
fn errors_of_what_is_looked_up_come_back_as_they_were() {
    let opened = open(&[
        ("pkg/a.star", "def default(pkgs):\n    return pkgs.b\n"),
        ("pkg/b.star", "def default(c):\n    return c\n"),
        ("pkg/c.star", "def default(pkgs):\n    return pkgs.a\n"),
        ("pkg/bad.star", "def default(mk_thing):\n    return mk_thing(version = 1)\n"),
        ("pkg/user.star", "def default(pkgs):\n    return pkgs.bad\n"),
    ]);
    let cycle = "cycle: a (pkg/a.star:1:13) -> b (pkg/b.star:1:13) -> c (pkg/c.star:1:13) -> a";
    assert_eq!(opened.error("pkg.x86_64-linux.a").summary, cycle);
    assert_eq!(opened.error("pkg.x86_64-linux.c").summary, cycle);
    let user = opened.error("pkg.x86_64-linux.user");
    assert_eq!(user.summary, opened.error("pkg.x86_64-linux.bad").summary);
    assert_eq!(user.labels[0].origin.to_string(), "pkg/bad.star:2:12");
}

#[test]
fn the_literal_is_read_and_chains_may_be_long() {
    let mut star = "def p0():\n    return 0\n".to_owned();
    let mut names = "\"p0\": p0".to_owned();
    for number in 1..5_000 {
        star.push_str(&format!("def p{number}(p{0}):\n    return p{0} + 1\n", number - 1));
        names.push_str(&format!(", \"p{number}\": p{number}"));
    }
    star.push_str(&format!("definitions = {{\"app\": {{{names}}}, \"foo\": {{\"x\": [1, 2]}}}}\n"));
    let opened = open(&[("purlin.star", &star)]);
    assert_eq!(opened.show("app.x86_64-linux.p4999"), json!(4999));
    assert_eq!(opened.show("foo.x"), json!([1, 2]));
}

/// `p0 <- p1 <- …`, each of which looks the next one up while it runs; `last` is what the last one
/// returns.
fn looked_up(count: usize, last: &str) -> Opened {
    let mut star = format!("def p{count}(mk_thing, pkgs):\n    return {last}\n");
    let mut names = format!("\"p{count}\": p{count}");
    for number in 0..count {
        star.push_str(&format!("def p{number}(pkgs):\n    return pkgs.p{}\n", number + 1));
        names.push_str(&format!(", \"p{number}\": p{number}"));
    }
    star.push_str(&format!("definitions = {{\"pkg\": {{{names}}}}}\n"));
    open(&[("purlin.star", &star)])
}

#[test]
fn what_is_looked_up_may_lie_thousands_deep() {
    let opened = looked_up(4_000, "mk_thing(version = \"1\")");
    assert_eq!(opened.show("pkg.x86_64-linux.p0")["version"], "1");
    // Only what is in the circle is told.
    let error = looked_up(2_000, "pkgs.p2").error("pkg.x86_64-linux.p0");
    assert_eq!(error.code, "cycle", "{error}");
    assert!(error.summary.starts_with("cycle: p10 (purlin.star:"), "{error}");
    assert!(error.summary.contains(" -> … 1987 more … -> p"), "{error}");
}

#[test]
fn what_is_looked_up_too_deep_is_an_error_and_not_the_end() {
    let opened = looked_up(6_000, "mk_thing(version = \"1\")");
    let error = opened.error("pkg.x86_64-linux.p0");
    assert_eq!(error.code, "too-deep", "{error}");
    assert!(error.detail.contains("5000 lie in each other"), "{}", error.detail);
    assert_eq!(opened.show("pkg.x86_64-linux.p5999")["version"], "1");
}

/// Where a file is large, no more of it is evaluated than is asked for.
#[test]
fn a_mistake_at_the_top_level_of_a_large_file_is_told_whatever_is_asked_for() {
    let many: String = (0..400)
        .map(|number| format!("def p{number}(mk_thing):\n    return mk_thing(version = \"1\")\n"))
        .collect();
    let names: String = (0..400).map(|number| format!("\"p{number}\": p{number}, ")).collect();
    for (mistake, told) in [
        ("x = 1 + \"a\"\n", "purlin.star:1:5"),
        ("def f(x = 1 + \"a\"):\n    pass\n", "purlin.star:1:11"),
        ("def f():\n    return nowhere\n", "purlin.star:2:12"),
    ] {
        let star = format!("{mistake}{many}definitions = {{\"pkg\": {{{names}}}}}\n");
        let error = open(&[("purlin.star", &star)]).error("pkg.x86_64-linux.p7");
        assert!(error.to_string().contains(told), "{mistake}: {error}");
    }
    let star = format!(
        "def f(x = [None]):\n    return [y for y in x]\n{many}definitions = {{\"pkg\": {{{names}}}}}\n"
    );
    assert_eq!(open(&[("purlin.star", &star)]).show("pkg.x86_64-linux.p7")["version"], "1");
}

#[test]
fn whatever_a_function_is_bound_to_its_parameters_are_injected() {
    let opened = open(&[
        ("pkg/zlib.star", "def default(mk_thing):\n    return mk_thing(version = \"1\")\n"),
        ("pkg/lambda.star", "default = lambda mk_thing, zlib: mk_thing(version = zlib.version)\n"),
        ("pkg/loaded.star", "load(\"./parts/n.star\", default = \"made\")\n"),
        (
            "pkg/parts/n.star",
            "def made(mk_thing, zlib):\n    return mk_thing(version = zlib.version)\n\
             def default(mk_thing):\n    return mk_thing(version = \"2\")\n",
        ),
        (
            "more.star",
            "x = 3\ndef f(mk_thing, zlib):\n    return mk_thing(version = zlib.version)\n",
        ),
        (
            "purlin.star",
            "load(\"./more.star\", \"x\", g = \"f\")\n\
             definitions = {\"pkg\": {\"f\": g}, \"foo\": {\"x\": x}}\n",
        ),
    ]);
    for name in ["lambda", "loaded", "f"] {
        assert_eq!(opened.show(&format!("pkg.x86_64-linux.{name}"))["version"], "1", "{name}");
    }
    assert_eq!(opened.show("foo.x"), json!(3));
    assert_eq!(mistakes(&opened), "");
}

#[test]
fn a_function_whose_parameters_cannot_be_known_is_an_error() {
    let opened = open(&[(
        "purlin.star",
        "def _make(version):\n    \
         def made(mk_thing):\n        return mk_thing(version = version)\n    \
         return made\n\
         a = _make(\"1\")\n\
         definitions = {\"pkg\": {\"a\": a}}\n",
    )]);
    assert_eq!(
        told(&opened.error("pkg.x86_64-linux.a")),
        "error: `pkg.a` is a function that is not written as a `def`\n  \
         purlin.star:5:1 it is made here\n  \
         = What a function asks for is read from the syntax, and this one has none.\n  \
         = write `def a(…):`, which may call or return it\n"
    );
}

#[test]
fn what_would_silently_take_the_place_of_something_else_is_told() {
    let opened = open(&[
        ("pkg/b.star", "def default(): pass\n\ndef default(): pass\n"),
        ("purlin.star", "def f(): pass\ndefinitions = {}\ndefinitions[\"pkg\"] = {\"f\": f}\n"),
    ]);
    let told = mistakes(&opened);
    assert!(told.contains("`default` is written twice\n  pkg/b.star:1:5 here\n  pkg/b.star:3:5"));
    assert!(told.contains("`definitions` is changed after it is written\n  purlin.star:3:1"));
}

#[test]
fn a_priority_where_none_counts_and_keys_that_become_one_are_errors() {
    let opened = open(&[
        ("lib/a.star", "def default():\n    return prioritised({}, 50)\n"),
        ("lib/b.star", "def default():\n    return {1: \"a\", \"1\": \"b\"}\n"),
        (
            "purlin.star",
            "def f():\n    return 1\ndefinitions = {\"lib\": {\"f\": prioritised(f, 50)}}\n",
        ),
    ]);
    let error = opened.error("lib.a");
    assert!(error.to_string().contains("counts in the literal `definitions` alone"), "{error}");
    assert!(told(&opened.error("lib.b")).contains("two keys that become the text `1`"));
    assert_eq!(opened.show("lib.f"), json!(1));
}

#[test]
fn what_stops_for_good_keeps_nobody_waiting() {
    // Each looks it up while it runs, and it is one of those that are checked itself.
    let mut texts: Vec<(String, String)> = (0..100)
        .map(|number| {
            let text = format!("def default(pkgs):\n    return [{number}, pkgs.hog]\n");
            (format!("pkg/user{number}.star"), text)
        })
        .collect();
    let hog = "def default(count = 1 << 30):\n    return 'x' * count\n";
    texts.push(("pkg/hog.star".to_owned(), hog.to_owned()));
    texts.push((
        "pkg/fine.star".to_owned(),
        "def default(mk_thing):\n    return mk_thing(version = \"1\")\n".to_owned(),
    ));
    let files: Vec<(&str, &str)> =
        texts.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
    let opened = open(&files);
    let told = opened.workspace.check();
    assert_eq!(told.len(), 1, "{}", told.iter().map(crate::world::told).collect::<String>());
    assert_eq!(
        told[0].summary,
        "`default` in `pkg/hog.star` takes more memory than a definition may hold"
    );
    assert_eq!(opened.show("pkg.x86_64-linux.fine")["version"], "1");
}
