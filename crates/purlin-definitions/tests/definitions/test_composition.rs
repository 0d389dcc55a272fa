//! Workspaces that are made of others.

use serde_json::json;

use crate::world::{told, world};

const HEAD: &str = "[workspace]\nsystems = [\"x86_64-linux\"]\n";
const USE: &str = "[[use]]\nname = \"folder\"\ntype = \"pkg\"\n";

pub(crate) fn document(projects: &str) -> String {
    format!("{HEAD}{USE}{projects}")
}

#[test]
fn projects_join_under_their_names_and_without_them_in_scopes() {
    let world = world(&[
        ("purlin.toml", &document("[projects]\nkid = { path = \"kid\" }\n")),
        ("pkg/user.star", "def default(curl):"),
        ("kid/purlin.toml", &document("")),
        ("kid/pkg/curl.star", "def default(openssl):"),
        ("kid/pkg/openssl.star", "def default():"),
    ]);
    assert_eq!(
        world.show("pkg.x86_64-linux"),
        json!({
            "user": {"$type": "thing"},
            "kid/curl": {"$type": "thing"},
            "kid/openssl": {"$type": "thing"},
        })
    );
    assert_eq!(world.value("pkg.x86_64-linux.user"), "user(curl(openssl()))");
    assert_eq!(world.workspace.check(), []);
}

/// Recorded cases 58, 61 and 71: an override failed, or was not told.
#[test]
fn one_override_reaches_everybody_and_is_told_unless_it_was_meant() {
    let files = |accept: &str| {
        let projects = format!("[projects]\nkid = {{ path = \"kid\", adopt = true{accept} }}\n");
        world(&[
            ("purlin.toml", &document(&projects)),
            ("pkg/openssl.star", "def default(openssl):"),
            ("kid/purlin.toml", &document("")),
            ("kid/pkg/curl.star", "def default(openssl):"),
            ("kid/pkg/openssl.star", "def default():"),
        ])
    };
    let world = files("");
    let value = world.value("pkg.x86_64-linux.kid/curl");
    assert_eq!(value, "curl(openssl(openssl()))");
    insta::assert_snapshot!(told(&world.workspace.check()[0]), @r#"
    warning: `openssl` of the project `kid` is defined anew
      pkg/openssl.star:1:5 it is defined here
      kid/pkg/openssl.star:1:5 and here by the project `kid`
      = Whatever asks for it by name gets the new one. What the project puts out keeps its own, unless it is adopted.
      = where that is meant, say `accept-override = ["openssl"]` of the project
    "#);
    let meant = files(", accept-override = [\"openssl\"]");
    assert_eq!(meant.workspace.check(), []);
}

/// Recorded case 56: what was promised there.
#[test]
fn two_projects_that_define_one_package_exclude_each_other_until_somebody_chooses() {
    let files = |more: &str| {
        let projects =
            format!("[projects]\na = {{ path = \"a\" }}\nb = {{ path = \"b\" }}\n{more}");
        world(&[
            ("purlin.toml", &document(&projects)),
            ("pkg/user.star", "def default(openssl):"),
            ("a/purlin.toml", &document("")),
            ("a/pkg/openssl.star", "def default():"),
            ("b/purlin.toml", &document("")),
            ("b/pkg/openssl.star", "def default(user=):"),
        ])
    };
    let both = files("");
    insta::assert_snapshot!(told(&both.error("pkg.x86_64-linux.user")), @r#"
    error: there are 2 of `pkg.openssl`
      a/pkg/openssl.star:1:1 a definition of the project `a`, through `folder`
      b/pkg/openssl.star:1:1 a definition of the project `b`, through `folder`
      pkg/user.star:1:13 asked for here
      = They have the same priority, 300, so that none counts more.
      = define it in the workspace, rename one of them, or choose a project:
    [choose]
    "pkg.openssl" = "a"
    "#);
    assert_eq!(both.show("pkg.x86_64-linux.a/openssl"), json!("openssl()"), "it is there itself");
    let chosen = files("[choose]\n\"pkg.openssl\" = \"a\"\n");
    assert_eq!(chosen.value("pkg.x86_64-linux.user"), "user(openssl())");
    let wrong = files("[choose]\n\"pkg.openssl\" = \"c\"\n");
    assert!(wrong.codes().contains(&"no-choice".to_owned()));
}

/// Recorded case 59.
#[test]
fn a_project_that_is_reached_twice_is_one() {
    let world = world(&[
        ("purlin.toml", &document("[projects]\na = { path = \"a\" }\nb = { path = \"b\" }\n")),
        ("pkg/user.star", "def default(openssl, a, b):"),
        ("a/purlin.toml", &document("[projects]\nbase = { path = \"../base\" }\n")),
        ("a/pkg/a.star", "def default(openssl):"),
        ("b/purlin.toml", &document("[projects]\nother = { path = \"../base\" }\n")),
        ("b/pkg/b.star", "def default(openssl):"),
        ("base/purlin.toml", &document("")),
        ("base/pkg/openssl.star", "def default():"),
    ]);
    let value = world.value("pkg.x86_64-linux.user");
    assert_eq!(value, "user(openssl(), a(openssl()), b(openssl()))");
    assert_eq!(world.language.calls.lock().unwrap()["openssl"], 1);
    assert_eq!(world.workspace.check(), []);
}

#[test]
fn one_project_under_two_names_is_told() {
    let projects = "[projects]\nb = { path = \"kid\", adopt = true }\na = { path = \"./kid\" }\n";
    let world = world(&[
        ("purlin.toml", &document(projects)),
        ("kid/purlin.toml", &document("")),
        ("kid/pkg/curl.star", "def default():"),
    ]);
    assert_eq!(world.show("pkg.x86_64-linux"), json!({"a/curl": {"$type": "thing"}}));
    insta::assert_snapshot!(told(&world.workspace.check()[0]), @"
    warning: the project `b` is the same as `a`
      purlin.toml:7:14 it is found here again
      = What it puts out is there as `a`, as that entry says.
      = take one of the two out
    ");
}

#[test]
fn what_one_project_overrides_is_overridden_for_the_others() {
    let world = world(&[
        (
            "purlin.toml",
            &document("[projects]\na = { path = \"a\" }\nb = { path = \"b\", adopt = true }\n"),
        ),
        (
            "a/purlin.toml",
            &document(
                "[projects]\nbase = { path = \"../base\", accept-override = [\"openssl\"] }\n",
            ),
        ),
        ("a/pkg/openssl.star", "def default(openssl):"),
        ("b/purlin.toml", &document("[projects]\nbase = { path = \"../base\" }\n")),
        ("b/pkg/b.star", "def default(openssl):"),
        ("base/purlin.toml", &document("")),
        ("base/pkg/openssl.star", "def default():"),
    ]);
    assert_eq!(world.value("pkg.x86_64-linux.b/b"), "b(openssl(openssl()))");
    assert_eq!(world.workspace.check(), []);
}

/// Recorded case 50: what is adopted is not among the children.
#[test]
fn what_is_adopted_gets_the_packages_of_who_uses_it_and_the_rest_stays_as_it_is_at_home() {
    let files = |kid: &str, grandkid: &str| {
        let kid = format!("[projects]\nkid = {{ path = \"kid\"{kid} }}\n");
        let grandkid = format!("[projects]\ntot = {{ path = \"../tot\"{grandkid} }}\n");
        world(&[
            ("purlin.toml", &document(&kid)),
            ("pkg/openssl.star", "def default(openssl):"),
            ("pkg/user.star", "def default(curl, toy):"),
            ("kid/purlin.toml", &document(&grandkid)),
            ("kid/pkg/curl.star", "def default(openssl):"),
            ("kid/pkg/openssl.star", "def default(extra):"),
            ("kid/pkg/extra.star", "def default():"),
            ("tot/purlin.toml", &document("")),
            ("tot/pkg/toy.star", "def default(openssl=):"),
        ])
    };
    let (curl, toy) = ("pkg.x86_64-linux.kid/curl", "pkg.x86_64-linux.kid/tot/toy");
    let (home, here) = ("curl(openssl(extra()))", "curl(openssl(openssl(extra())))");
    let adopt = ", adopt = true";
    for (kid, grandkid, curl_is, toy_is) in [
        ("", "", home, "toy()"),
        (adopt, "", here, "toy()"),
        // The project's own set, where that adopts and nobody adopts it.
        ("", adopt, home, "toy(openssl(extra()))"),
        (adopt, adopt, here, "toy(openssl(openssl(extra())))"),
    ] {
        let world = files(kid, grandkid);
        assert_eq!((&*world.value(curl), &*world.value(toy)), (curl_is, toy_is));
        // By name, everybody gets one thing.
        let user = world.value("pkg.x86_64-linux.user");
        assert_eq!(user, "user(curl(openssl(openssl(extra()))), toy(openssl(openssl(extra()))))");
        let told = world.workspace.explain(&purlin_definitions::parse_path(curl).unwrap()).unwrap();
        assert_eq!(told.winner.map(|winner| winner.layer), Some("child"));
    }
}

#[test]
fn what_is_missing_at_home_alone_is_told_with_the_way_out() {
    let files = |adopt: &str| {
        world(&[
            ("purlin.toml", &document(&format!("[projects]\nkid = {{ path = \"kid\"{adopt} }}\n"))),
            ("pkg/zlib.star", "def default():"),
            ("kid/purlin.toml", &document("")),
            ("kid/pkg/curl.star", "def default(zlib):"),
        ])
    };
    let home = files("");
    insta::assert_snapshot!(told(&home.workspace.check()[0]), @"
    error: `pkg.curl` asks for `zlib`, which nothing defines
      kid/pkg/curl.star:1:13 this parameter
      = It was looked for in `pkg` and the base. The definition is evaluated for x86_64-linux.
      = the project `kid` gets it from who uses it if that says `adopt = true` of it
    ");
    assert_eq!(files(", adopt = true").workspace.check(), []);
}

/// Recorded case 62.
#[test]
fn what_is_not_exported_can_be_asked_for_all_the_same() {
    let world = world(&[
        ("purlin.toml", &document("[projects]\nkid = { path = \"kid\", export = false }\n")),
        ("pkg/user.star", "def default(curl):"),
        ("kid/purlin.toml", &document("")),
        ("kid/pkg/curl.star", "def default():"),
    ]);
    assert_eq!(world.show("pkg.x86_64-linux"), json!({"user": {"$type": "thing"}}));
    assert_eq!(world.value("pkg.x86_64-linux.user"), "user(curl())");
}

/// Recorded case 53: the child won without a word.
#[test]
fn the_workspaces_own_names_count_above_those_of_projects() {
    let world = world(&[
        ("purlin.toml", &document("[projects]\nkid = { path = \"kid\" }\n")),
        ("pkg/kid/curl.star", "def default():\n    fail never\n"),
        ("kid/purlin.toml", &document("")),
        ("kid/pkg/curl.star", "def default():"),
    ]);
    assert_eq!(world.value("pkg.x86_64-linux.kid/curl"), "[never]");
    let path = purlin_definitions::parse_path("pkg.x86_64-linux.kid/curl").unwrap();
    let explanation = world.workspace.explain(&path).unwrap();
    assert_eq!(explanation.winner.unwrap().layer, "extension");
    assert_eq!(explanation.shadowed.len(), 1);
    assert_eq!(explanation.shadowed[0].project, ["kid"]);
}

#[test]
fn projects_that_are_missing_or_made_of_themselves_are_told() {
    let world = world(&[
        (
            "purlin.toml",
            &document("[projects]\na = { path = \"a\" }\ngone = { path = \"gone\" }\nnone = {}\n"),
        ),
        ("pkg/user.star", "def default(x):"),
        (
            "a/purlin.toml",
            &document("[projects]\nback = { path = \"..\" }\n[pgk.x]\nversion = \"1\"\n"),
        ),
        ("a/pkg/x.star", "def default():"),
    ]);
    assert_eq!(world.value("pkg.x86_64-linux.user"), "user(x())");
    let told: Vec<String> = world.workspace.problems().iter().map(ToString::to_string).collect();
    assert_eq!(
        told,
        [
            "the project `none` has no place: nothing says where it is (purlin.toml:9:1)",
            "nothing reads the table `[pgk]` (a/purlin.toml:8:2)",
            "there is no project in gone (purlin.toml:8:17)",
            "the project `back` is made of itself (a/purlin.toml:1:1)",
        ]
    );
}
