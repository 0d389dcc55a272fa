//! What would be lost without a word is told.

use purlin_definitions::parse_path;
use purlin_model::Diagnostic;
use serde_json::json;

use crate::test_starlark::{Opened, mistakes, open};
use crate::world::told;

const HEAD: &str = "[workspace]\nsystems = [\"x86_64-linux\"]\n";

fn codes(opened: &Opened) -> Vec<String> {
    opened.workspace.check().into_iter().map(|one: Diagnostic| one.code).collect()
}

#[test]
fn what_is_written_and_has_no_effect_is_told() {
    let two = "[projects]\na = { path = \"a\" }\nb = { path = \"b\" }\n";
    let accepting =
        "[projects]\na = { path = \"a\", accept-override = [\"z\"] }\nb = { path = \"b\" }\n";
    for (document, child, expected) in [
        // A section that nobody reads.
        (
            "[[use]]\nname = \"folder\"\ntype = \"pkgg\"\n".to_owned(),
            "",
            "error: nothing reads the section `pkgg`\n  purlin.toml:5:8 named here\n  \
             = No enabled plugin makes anything of definitions there.\n  = did you mean `pkg`?\n",
        ),
        // A choice of a folder, and one that the workspace itself has made.
        (
            format!("{two}[choose]\n\"pkg.n\" = \"b\"\n"),
            "[pkg.m.x]\nversion = \"1\"\n",
            "error: no `pkg.n` comes from `b`\n  purlin.toml:7:1 chosen here\n  \
             = A choice names a project that defines the path.\n  \
             = choose a definition by its path, or a folder of them\n",
        ),
        (
            format!("{two}[choose]\n\"app.x\" = \"b\"\n[app]\nx = 1\n"),
            "[app]\nx = 2\n",
            "warning: the choice of `app.x` has no effect\n  purlin.toml:7:1 chosen here\n  \
             purlin.toml:9:5 defined by the workspace itself, which counts more\n  \
             = take one of them out\n",
        ),
        // Two projects are overridden, one of them says that it may be.
        (
            format!("{accepting}[pkg.z]\nversion = \"top\"\n"),
            "[pkg.z]\nversion = \"1\"\n",
            "warning: `z` of the project `b` is defined anew\n  purlin.toml:6:6 it is defined here\n  \
             b/purlin.toml:3:6 and here by the project `b`\n  \
             = Whatever asks for it by name gets the new one. What the project puts out keeps its own, unless it is adopted.\n  \
             = where that is meant, say `accept-override = [\"z\"]` of the project\n",
        ),
        (
            accepting.to_owned(),
            "[app]\nz = 2\n",
            "warning: no `z` of the project `a` is defined anew\n  purlin.toml:4:38 accepted here\n  \
             = A name is that of a package or of something in `lib`, without the section.\n  \
             = take it out, or correct it\n",
        ),
    ] {
        let child = format!("{HEAD}{child}");
        let opened = open(&[
            ("purlin.toml", &format!("{HEAD}{document}")),
            ("a/purlin.toml", &child),
            ("b/purlin.toml", &child),
        ]);
        let found = opened.workspace.check();
        let found: Vec<String> =
            found.iter().filter(|one| one.code != "conflict").map(told).collect();
        assert_eq!(found, [expected], "{document}");
    }
}

#[test]
fn whatever_a_workspace_is_for_is_a_system() {
    let opened = open(&[(
        "purlin.toml",
        "[workspace]\nsystems = [\"x86_64-linux\", \"aarch64-android\"]\n\
         [pkg.a]\nversion = \"general\"\n[pkg.aarch64-android.a]\nversion = \"narrow\"\n",
    )]);
    assert_eq!(opened.show("pkg.aarch64-android.a")["version"], "narrow");
    assert_eq!(opened.show("pkg.x86_64-linux"), json!({"a": {"$type": "thing"}}));
    assert_eq!(mistakes(&opened), "");
}

#[test]
fn what_a_value_hides_is_told_and_cannot_be_addressed() {
    let opened = open(&[
        (
            "purlin.toml",
            &format!("{HEAD}[projects]\nz = {{ path = \"a\" }}\n[pkg.z]\nversion = \"top\"\n"),
        ),
        ("a/purlin.toml", &format!("{HEAD}[pkg.q]\nversion = \"1\"\n")),
    ]);
    let path = "tree.x86_64-linux.z.q";
    assert_eq!(
        told(&opened.error(path)),
        "error: `tree.x86_64-linux.z` is a value and has nothing below it\n  \
         purlin.toml:5:6 written here\n  \
         = `purlin explain tree.x86_64-linux.z` says what it hides\n"
    );
    assert!(opened.workspace.explain(&parse_path(path).unwrap()).is_err());
    let why = opened.workspace.explain_missing(path);
    assert!(why.detail.contains("`tree.x86_64-linux.z` is a value"), "{}", why.detail);
    let found = mistakes(&opened);
    assert_eq!(
        found,
        "warning: `tree.x86_64-linux.z.q` is hidden by `tree.x86_64-linux.z`\n  \
         a/purlin.toml:3:6 this does not count\n  purlin.toml:5:6 because of this\n  \
         = A name is a value or has names below it. The smaller priority counts: 100 and 300.\n  \
         = rename one of them\n"
    );
}

#[test]
fn a_section_with_leaves_holds_nothing_else() {
    let star = |text: &str| format!("def default(mk_thing):\n    {text}\n");
    let opened = open(&[
        ("pkg/none.star", &star("pass")),
        ("pkg/list.star", &star("return [1]")),
        ("pkg/table.star", &star("return {\"version\": \"1\"}")),
        ("pkg/number.star", "default = 3\n"),
        ("pkg/helper.star", &star("return lambda version: mk_thing(version = version)")),
        ("pkg/fine.star", "def default(helper):\n    return helper(\"1\")\n"),
        ("lib/free.star", "def default():\n    return [1]\n"),
    ]);
    let told: Vec<String> = opened.workspace.check().iter().map(ToString::to_string).collect();
    assert_eq!(
        told,
        [
            "`pkg.list` is no thing: it is a list (pkg/list.star:1:5)",
            "`pkg.none` is no thing: it is `None` (pkg/none.star:1:5)",
            "`pkg.number` is no thing: it is an integer (pkg/number.star:1:1)",
            "`pkg.table` is no thing: it is a dictionary (pkg/table.star:1:5)",
        ]
    );
    assert_eq!(opened.show("pkg.x86_64-linux.fine")["version"], "1");
}

#[test]
fn whatever_fills_a_parameter_is_explained() {
    let opened = open(&[
        (
            "purlin.toml",
            &format!(
                "{HEAD}[[use]]\nname = \"folder\"\ntype = \"pkg\"\n\n[use.inject]\npat = \"{{a,b}}\"\n\
                 [pkg.k]\nversion = \"1\"\n[pkg.n.x]\nversion = \"1\"\n[pkg.f]\nversion = \"1\"\n\
                 [pkg.x86_64-linux.f.sub]\nversion = \"2\"\n"
            ),
        ),
        (
            "pkg/g.star",
            "def default(mk_thing, k, n, nosuch, pat, opt = None):\n    return mk_thing(version = pat)\n",
        ),
        (
            "purlin.star",
            "def k(mk_thing):\n    return mk_thing(version = \"2\")\ndefinitions = {\"pkg\": {\"k\": k}}\n",
        ),
    ]);
    let explain = |path: &str| opened.workspace.explain(&parse_path(path).unwrap()).unwrap();
    let injected = explain("pkg.x86_64-linux.g").injected;
    let told: Vec<String> = injected
        .iter()
        .map(|(name, one)| format!("{name}: {} {} {}", one.layer, one.path, one.origin))
        .collect();
    assert_eq!(
        told,
        [
            "mk_thing: base mk_thing plugin.toml:1:1",
            "k: conflict k purlin.star:1:5",
            "n: author pkg.n purlin.toml:11:8",
            "nosuch: missing nosuch pkg/g.star:1:29",
            "pat: injected pat purlin.toml:8:1",
        ]
    );
    for path in ["pkg.x86_64-linux.f", "pkg.x86_64-linux.f/sub"] {
        let explanation = explain(path);
        assert!(explanation.winner.is_none(), "{path}");
        assert_eq!(explanation.conflicts.len(), 2, "{path}");
    }
    assert!(codes(&opened).contains(&"missing-argument".to_owned()));
}

#[test]
fn a_definition_above_a_folder_of_its_name_finds_that() {
    let opened = open(&[
        ("purlin.toml", &format!("{HEAD}[pkg.z.sub]\nversion = \"s\"\npriority = 500\n")),
        (
            "purlin.star",
            "def z(mk_thing, z):\n    return mk_thing(version = z.sub.version + \"n\")\n\
             definitions = {\"pkg\": {\"z\": z}}\n",
        ),
    ]);
    assert_eq!(opened.show("pkg.x86_64-linux.z")["version"], "sn");
    let path = parse_path("pkg.x86_64-linux.z").unwrap();
    let injected = opened.workspace.explain(&path).unwrap().injected;
    assert_eq!(injected[1].1.origin.to_string(), "purlin.toml:3:8");
}

#[test]
fn output_names_do_not_follow_the_order_of_projects() {
    let child = |name: &str| {
        format!("{HEAD}[projects]\nc = {{ path = \"../c\" }}\n[pkg.{name}]\nversion = \"1\"\n")
    };
    for projects in [
        "a = { path = \"a\" }\nb = { path = \"b\" }\n",
        "b = { path = \"b\" }\na = { path = \"a\" }\n",
    ] {
        let opened = open(&[
            ("purlin.toml", &format!("{HEAD}[projects]\n{projects}")),
            ("a/purlin.toml", &child("ap")),
            ("b/purlin.toml", &child("bp")),
            ("c/purlin.toml", &format!("{HEAD}[pkg.cp]\nversion = \"1\"\n")),
        ]);
        let shown = opened.show("pkg.x86_64-linux");
        let names: Vec<&String> = shown.as_object().unwrap().keys().collect();
        assert_eq!(names, ["a/ap", "a/c/cp", "b/bp"]);
    }
}
