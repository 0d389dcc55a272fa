//! Names that are looked up when they are used.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use purlin_model::{Diagnostic, Kind, Origin, Source, Value};
use purlin_plugin::language::{Argument, FunctionRef, Language as _};

use crate::support::{names, shown, told, world};

fn number(value: i64) -> Argument {
    let origin = Origin::whole(&Source::new("n", ""));
    Argument::Data(Value::new(Kind::Int(value), origin))
}

#[test]
fn names_are_looked_up_when_they_are_used() {
    let asked = Arc::new(AtomicUsize::new(0));
    let counted = asked.clone();
    let pkgs = names(vec!["zlib", "acme-missiles"], move |name| {
        counted.fetch_add(1, Ordering::Relaxed);
        match name {
            "zlib" => Some(Ok(number(1))),
            "acme_missiles" => Some(Ok(number(2))),
            _ => None,
        }
    });
    let world = world(&[(
        "a.star",
        "def default(pkgs):\n    return [pkgs.zlib, pkgs.acme_missiles, pkgs['zlib'], 'zlib' in pkgs, \
         len(pkgs), [n for n in pkgs], hasattr(pkgs, 'acme_missiles'), getattr(pkgs, 'gone', 'd')]\n",
    )]);
    let value = world.call("a.star", &[("pkgs", pkgs)]).unwrap();
    assert_eq!(shown(&value), r#"[1, 2, 1, true, 2, ["zlib", "acme-missiles"], true, "d"]"#);
    assert_eq!(asked.load(Ordering::Relaxed), 4);
}

#[test]
fn an_error_of_a_namespace_comes_back_as_it_was() {
    let error = Diagnostic::error("cycle", "a -> b -> a").help("break it".to_owned());
    for text in [
        "def default(pkgs):\n    return pkgs.a\n",
        "def default(pkgs):\n    return pkgs['a']\n",
        "def default(pkgs):\n    return getattr(pkgs, 'a', 1)\n",
        "def f(x):\n    return [x.a]\ndef default(pkgs):\n    return [f(pkgs) for _ in range(3)]\n",
    ] {
        let given = error.clone();
        let pkgs = names(vec!["a"], move |_| Some(Err(given.clone())));
        let got = world(&[("a.star", text)]).call("a.star", &[("pkgs", pkgs)]).unwrap_err();
        assert_eq!(got, error, "{text}");
    }
}

#[test]
fn names_that_are_not_there_are_told() {
    let pkgs = || names(vec!["zlib"], |_| None);
    let of = |text: &str| {
        told(&world(&[("a.star", text)]).call("a.star", &[("pkgs", pkgs())]).unwrap_err())
    };
    insta::assert_snapshot!(of("def default(pkgs):\n    return pkgs.zlibb\n"), @r"
    evaluation: Object of type `namespace` has no attribute `zlibb`, did you mean `zlib`?
      a.star:2:12 here
    ");
    insta::assert_snapshot!(of("def default(pkgs):\n    return pkgs['zlibb']\n"), @r"
    evaluation: `pkgs` has no `zlibb`
      a.star:2:12 here
      | did you mean `zlib`?
    ");
}

/// Definitions that reach each other through namespaces are evaluated inside of each other, as deep
/// as they go.
#[test]
fn evaluations_lie_in_each_other() {
    fn below(world: &Arc<crate::support::World>, depth: i64) -> Argument {
        let world = world.clone();
        names(vec!["next", "depth"], move |name| {
            Some(match name {
                "depth" => Ok(number(depth)),
                _ => {
                    let function = FunctionRef {
                        source: world.files.source("a.star").unwrap(),
                        name: "default".to_owned(),
                    };
                    let arguments = [("pkgs".to_owned(), below(&world, depth - 1))];
                    world.language.call(&function, &arguments).map(Argument::Value)
                }
            })
        })
    }
    let world = Arc::new(world(&[(
        "a.star",
        "def default(pkgs):\n    return 0 if pkgs.depth == 0 else pkgs.next + 1\n",
    )]));
    let value = world.call("a.star", &[("pkgs", below(&world, 3_000))]).unwrap();
    assert_eq!(shown(&value), "3000");
}
