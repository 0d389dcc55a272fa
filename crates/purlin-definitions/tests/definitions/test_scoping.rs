//! What parameters are filled with.

use std::sync::Arc;

use purlin_model::{Diagnostic, Origin, Source, Value};
use purlin_plugin::language::{Argument, Namespace};
use serde_json::Value as Json;

use crate::world::{World, catalogue, open, told, world, world_with, write};

/// A base of texts by path, as recorded cases have it.
struct Base {
    path: String,
    all: Vec<String>,
}

impl Base {
    fn of(all: &[&str]) -> Option<Arc<dyn Namespace>> {
        let all = all.iter().map(|one| (*one).to_owned()).collect();
        Some(Arc::new(Self { path: String::new(), all }))
    }
}

impl Namespace for Base {
    fn described(&self) -> String {
        format!("base {}", self.path)
    }

    fn names(&self) -> Vec<String> {
        let below = self.all.iter().filter_map(|one| one.strip_prefix(&self.path));
        below.map(|rest| rest.split('/').next().unwrap().to_owned()).collect()
    }

    fn get(&self, name: &str) -> Option<Result<Argument, Diagnostic>> {
        let fold = |text: &str| text.replace('_', "-");
        let wanted = fold(&format!("{}{name}", self.path));
        if self.all.iter().any(|one| fold(one).starts_with(&format!("{wanted}/"))) {
            let below = Self { path: format!("{}{name}/", self.path), all: self.all.clone() };
            return Some(Ok(Argument::Namespace(Arc::new(below))));
        }
        let found = self.all.iter().find(|one| fold(one) == wanted)?;
        let origin = Origin::whole(&Source::unread("<base>"));
        Some(Ok(Argument::Data(Value::string(format!("base:{found}"), origin))))
    }
}

#[test]
fn recorded_scopes_are_searched_alike() {
    let text = include_str!("../../../../tests/cases/capacitor/neutral.json");
    let cases: Vec<Json> = serde_json::from_str(text).unwrap();
    let cases: Vec<&Json> = cases.iter().filter(|case| case["kind"] == "scoping").collect();
    assert_eq!(cases.len(), 4);
    for case in cases {
        let folder = tempfile::tempdir().unwrap();
        let texts = |json: &Json| -> Vec<String> {
            json.as_array().unwrap().iter().map(|one| one.as_str().unwrap().to_owned()).collect()
        };
        let injected = texts(&case["injected"]);
        let injected =
            injected.iter().map(|name| format!("{name} = \"injected\"")).collect::<Vec<_>>();
        let document = format!(
            "[workspace]\nsystems = [\"x86_64-linux\"]\n[[use]]\nname = \"folder\"\ntype = \"pkg\"\n\
             dir = \"pkgs\"\ninject = {{ {} }}\n",
            injected.join(", ")
        );
        write(folder.path(), "purlin.toml", &document);
        let expected = case["expect"].as_object().unwrap();
        for definition in case["definitions"].as_array().unwrap() {
            let path = texts(definition).join("/");
            let asks = expected.get(&path).and_then(Json::as_object);
            let asks = asks.into_iter().flat_map(|asks| asks.keys());
            let asks = asks.map(|name| name.replace('-', "_")).collect::<Vec<_>>();
            write(
                folder.path(),
                &format!("pkgs/{path}.star"),
                &format!("def default({}):", asks.join(", ")),
            );
        }
        let base = texts(&case["base"]);
        let base = Base::of(&base.iter().map(String::as_str).collect::<Vec<_>>());
        let world = open(folder, catalogue(), base);
        for (path, names) in expected {
            let value = world.value(&format!("pkg.x86_64-linux.{path}"));
            for (name, from) in names.as_object().unwrap() {
                let from = from.as_str().unwrap();
                let shown = match from.split_once(':') {
                    Some(("own", path)) => format!("{}(", path.rsplit('/').next().unwrap()),
                    Some(("set", path)) => format!("<pkg.{path}>"),
                    _ => from.to_owned(),
                };
                assert!(value.contains(&shown), "{path} {name}: {shown} is not in {value}");
            }
        }
    }
}

#[test]
fn reserved_names_come_before_definitions_and_injected_ones_before_those() {
    let document = "[workspace]\nsystems = [\"x86_64-linux\"]\n[[use]]\nname = \"folder\"\ntype = \"pkg\"\n\
                    inject = { lib = \"own\", gcc = \"{pkg.tools.gcc-12}\" }\n";
    let world = world(&[
        ("purlin.toml", document),
        ("pkg/system.star", "def default():"),
        ("pkg/tools/gcc-12.star", "def default():"),
        ("pkg/gcc.star", "def default():"),
        ("pkg/user.star", "def default(system, lib, gcc, mk_thing):"),
    ]);
    assert_eq!(
        world.value("pkg.x86_64-linux.user"),
        "user(x86_64-linux, own, gcc-12(), <mk_thing>)"
    );
}

#[test]
fn own_names_mean_what_a_definition_stands_above() {
    let world = world_with(
        &[
            ("pkgs/hello.star", "def default(hello):"),
            ("pkgs/games/hello.star", "def default(hello):"),
            ("pkgs/deep/user.star", "def default(hello):"),
            ("pkgs/deep/mk_thing.star", "def default(mk_thing):"),
            ("pkgs/deep/thing.star", "def default(mk_thing):"),
        ],
        |_| {},
        Base::of(&["hello"]),
    );
    assert_eq!(world.value("pkg.x86_64-linux.hello"), "hello(base:hello)");
    assert_eq!(world.value("pkg.x86_64-linux.games/hello"), "hello(hello(base:hello))");
    assert_eq!(world.value("pkg.x86_64-linux.deep/user"), "user(hello(base:hello))");
    assert_eq!(world.value("pkg.x86_64-linux.deep/thing"), "thing(mk_thing(<mk_thing>))");
}

/// Recorded cases 28 and 29: one of the two generations ran in circles.
#[test]
fn the_base_is_found_through_pkgs_by_who_has_its_name() {
    let world = world_with(
        &[
            ("pkgs/hello.star", "def default(pkgs):\n    use pkgs.hello\n"),
            ("pkgs/user.star", "def default(pkgs):\n    use pkgs.hello\n"),
            ("pkgs/lonely.star", "def default(pkgs):\n    use pkgs.lonely\n"),
        ],
        |_| {},
        Base::of(&["hello"]),
    );
    assert_eq!(world.value("pkg.x86_64-linux.hello"), "hello(<pkgs>, base:hello)");
    assert_eq!(world.value("pkg.x86_64-linux.user"), "user(<pkgs>, hello(<pkgs>, base:hello))");
    assert_eq!(
        world.value("pkg.x86_64-linux.lonely"),
        "[cycle: lonely (pkgs/lonely.star:1:13) -> lonely]"
    );
}

/// Recorded case 79: a definition may ask for the folder that it is in.
#[test]
fn parameters_may_name_folders_of_the_workspace_and_of_the_base() {
    let world = world_with(
        &[
            (
                "pkgs/set/own.star",
                "def default(set, member):\n    use set.peer\n    use set.member\n",
            ),
            ("pkgs/set/peer.star", "def default():"),
            ("pkgs/user.star", "def default(set):\n    use set.peer\n    use set.member\n"),
        ],
        |_| {},
        Base::of(&["set/member"]),
    );
    let user = world.value("pkg.x86_64-linux.user");
    assert_eq!(user, "user(<pkg.set>, peer(), base:set/member)");
    let own = world.value("pkg.x86_64-linux.set/own");
    assert_eq!(own, "own(<pkg.set>, base:set/member, peer(), base:set/member)");
}

fn missing() -> World {
    world(&[
        ("pkgs/games/ants.star", "def default(cmaek, fast=, *rest):"),
        ("pkgs/cmake.star", "def default():"),
        ("pkgs/optional.star", "def default(fast=, cmake=, *rest):"),
    ])
}

#[test]
fn what_nothing_defines_is_told_with_the_scopes_that_were_searched() {
    insta::assert_snapshot!(told(&missing().error("pkg.x86_64-linux.games/ants")), @r#"
    error: `pkg.games.ants` asks for `cmaek`, which nothing defines
      pkgs/games/ants.star:1:13 this parameter
      = It was looked for in `pkg.games`, `pkg` and the base. The definition is evaluated for x86_64-linux.
      = did you mean `cmake`? A default would make it optional
    "#);
    assert_eq!(missing().value("pkg.x86_64-linux.optional"), "optional(cmake())");
}

#[test]
fn names_that_fold_alike_exclude_each_other_where_they_are_asked_for() {
    let world = world(&[
        ("pkgs/acme-missiles.star", "def default():"),
        ("pkgs/user.star", "def default(acme_missiles):"),
    ]);
    assert_eq!(world.value("pkg.x86_64-linux.user"), "user(acme-missiles())");
    let world = self::world(&[
        ("pkgs/acme-missiles.star", "def default():"),
        ("pkgs/acme_missiles.star", "def default():"),
        ("pkgs/user.star", "def default(acme_missiles):"),
    ]);
    insta::assert_snapshot!(told(&world.error("pkg.x86_64-linux.user")), @r#"
    error: `acme_missiles` may mean `acme-missiles` or `acme_missiles`
      pkgs/user.star:1:13 asked for here
      pkgs/acme-missiles.star:1:1 `acme-missiles`
      pkgs/acme_missiles.star:1:1 `acme_missiles`
      = `-` and `_` are the same in the names of parameters.
      = rename one of the two
    "#);
    assert_eq!(world.codes(), ["names-fold-alike", "names-fold-alike"]);
}

/// Recorded case 8: entries of `lib` use each other, without a system.
#[test]
fn lib_is_for_everybody_and_its_entries_use_each_other() {
    let star = concat!(
        "flags = -O2\n",
        "def both(flags):\ndef user(lib, both):\n    use lib.flags\n",
        "def alone(lib):\n    use lib.alone\n",
        "definitions = {\"lib\": {\"flags\": \"@flags\", \"both\": \"@both\", \"alone\": \"@alone\"}, ",
        "\"pkg\": {\"user\": \"@user\"}, \"app\": {\"user\": \"@user\"}}\n",
    );
    let world = world(&[
        ("purlin.toml", "[workspace]\nsystems = [\"x86_64-linux\"]\n"),
        ("purlin.star", star),
    ]);
    assert_eq!(world.value("lib.both"), "both(-O2)");
    assert_eq!(
        world.value("pkg.x86_64-linux.user"),
        "[`pkg.user` asks for `both`, which nothing defines]"
    );
    assert_eq!(world.value("lib.alone"), "[cycle: alone (purlin.star:5:11) -> alone]");
}

#[test]
fn what_is_no_package_finds_packages_first_and_then_its_own_section() {
    let star = "def user(tool, peer):\ndef tool():\ndef peer():\ndefinitions = {\"app\": {\"user\": \"@user\", \
                \"tool\": \"@peer\", \"peer\": \"@peer\"}, \"pkg\": {\"tool\": \"@tool\"}}\n";
    let world = world(&[
        ("purlin.toml", "[workspace]\nsystems = [\"x86_64-linux\"]\n"),
        ("purlin.star", star),
    ]);
    assert_eq!(world.value("app.x86_64-linux.user"), "user(tool(), peer())");
}

/// What is written so is meant; where nothing is, two names that fold alike exclude each other.
#[test]
fn of_names_that_fold_alike_none_is_taken_silently() {
    let document = "[workspace]\nsystems = [\"x86_64-linux\"]\n[[use]]\nname = \"folder\"\ntype = \"pkg\"\n\
                    inject = { \"t-o\" = 1, t_o = 2 }\n\
                    [inputs]\nz-lib = { url = \"first\" }\nz_lib = { url = \"second\" }\n\
                    a-b_c = { url = \"third\" }\na_b-c = { url = \"fourth\" }\n";
    let make = |parameter: &str, value: &str| {
        format!("def default(mk_thing, {parameter}):\n    return mk_thing(version = {value})\n")
    };
    let opened = crate::test_starlark::open(&[
        ("purlin.toml", document),
        ("pkg/exact.star", &make("inputs", "inputs.z_lib.url")),
        ("pkg/both.star", &make("inputs", "inputs.a_b_c.url")),
        ("pkg/injected.star", &make("t_o", "str(t_o)")),
        ("pkg/a-b_c.star", &make("system", "system")),
        ("pkg/a_b-c.star", &make("system", "system")),
        ("pkg/own.star", &make("self", "self.pkg.a_b_c.version")),
    ]);
    assert_eq!(opened.show("pkg.x86_64-linux.exact")["version"], "second");
    let error = |name: &str| opened.error(&format!("pkg.x86_64-linux.{name}")).summary;
    assert_eq!(error("both"), "`a_b_c` may mean `a-b_c` or `a_b-c`");
    assert_eq!(error("injected"), "`t_o` may mean `t-o` or `t_o`");
    assert_eq!(error("own"), "`a_b_c` may mean `a-b_c` or `a_b-c`");
}

/// What is for all systems has no packages: those are made for one.
#[test]
fn without_a_system_there_are_no_packages() {
    let world = world(&[
        (
            "purlin.toml",
            "[workspace]\nsystems = [\"x86_64-linux\"]\n[[use]]\nname = \"folder\"\ntype = \"lib\"\n",
        ),
        ("lib/asks.star", "def default(pkgs):"),
        ("lib/system.star", "def default(system):"),
    ]);
    for (name, asked) in [("asks", "pkgs"), ("system", "system")] {
        let error = world.error(&format!("lib.{name}"));
        assert_eq!(
            error.summary,
            format!("`lib.{name}` asks for `{asked}`, which nothing defines")
        );
        assert!(error.detail.contains("evaluated without a system"), "{}", error.detail);
        assert!(!error.help.contains("did you mean"), "{}", error.help);
    }
}
