//! Definitions without bound end with an error that names them, and others go on.

use std::time::{Duration, Instant};

use purlin_starlark::Limits;

use crate::support::{shown, told, world_with};

fn limits() -> Limits {
    Limits { memory: 48 << 20, ticks: 10_000_000, ..Limits::default() }
}

/// Evaluates a definition that exceeds a limit, and one beside it that does not.
fn ended(text: &str) -> String {
    let good = "def default():\n    return [n for n in range(1000)][-1]\n";
    let world = world_with(&[("bad.star", text), ("good.star", good)], limits());
    let error = world.call("bad.star", &[]).map(|value| shown(&value)).unwrap_err();
    assert_eq!(shown(&world.call("good.star", &[]).unwrap()), "999");
    told(&error)
}

#[test]
fn endless_loops() {
    let text = "def default():\n    for a in range(1000000000):\n        pass\n";
    insta::assert_snapshot!(ended(text), @r"
    limit: `default` in `bad.star` takes longer than a definition may
      bad.star:1:1 in this file
      > look for a loop without end
    ");
}

#[test]
fn memory_without_bound() {
    for body in [
        "[0] * 1000000000",
        "'x' * 2000000000",
        "(1, 2) * 1000000000",
        "list(range(2000000000))",
        "[x for x in range(2000000000)]",
        "{x: str(x) for x in range(2000000000)}",
        "sorted(range(2000000000))",
        "['x' * 100000 for _ in range(1000000)]",
        "'-'.join(['x' * 1000] * 1000000)",
        "('x' * 1000000).replace('x', 'y' * 1000000)",
        "'%s' % ([1] * 100000000)",
    ] {
        let told = ended(&format!("def default():\n    return {body}\n"));
        // What is constant is made as the file is compiled.
        let is_told = told.starts_with("limit: ")
            && told.contains("`bad.star` takes more memory than a definition may hold");
        assert!(is_told, "{body}: {told}");
    }
    let grown =
        "def default():\n    s = 'x'\n    for _ in range(60):\n        s = s + s\n    return s\n";
    insta::assert_snapshot!(ended(grown), @r"
    limit: `default` in `bad.star` takes more memory than a definition may hold
      bad.star:1:1 in this file
      > look for a list or text that grows without end
    ");
    let numbers =
        "def default():\n    n = 3\n    for _ in range(60):\n        n = n * n\n    return n\n";
    // Multiplying what is large takes long.
    let small = Limits { memory: 2 << 20, ..limits() };
    let error = world_with(&[("bad.star", numbers)], small).call("bad.star", &[]).unwrap_err();
    assert_eq!(error.code, "limit", "{}", told(&error));
}

#[test]
fn the_top_level_of_a_file_is_limited_too() {
    let text = "x = [0] * 1000000000\ndef default():\n    return 1\n";
    insta::assert_snapshot!(ended(text), @r"
    limit: `bad.star` takes more memory than a definition may hold
      bad.star:1:1 in this file
      > look for a list or text that grows without end
    ");
}

#[test]
fn functions_that_call_themselves() {
    let text = "def f(x):\n    return f(x + 1)\ndef default():\n    return f(0)\n";
    insta::assert_snapshot!(ended(text), @r"
    limit: `default` in `bad.star` calls too deep
      bad.star:2:12 here
      | and 287 calls before
      > a function may not call itself without end
    ");
}

#[test]
fn values_that_lie_too_deep() {
    let list =
        "def default():\n    x = []\n    for _ in range(100000):\n        x = [x]\n    return x\n";
    assert!(ended(list).starts_with("value: "), "{}", ended(list));
    let top = "def f():\n    x = []\n    for _ in range(500000):\n        x = [x]\n    return x\n\
               _x = f()\ndef default():\n    return 1\n";
    let functions = "def wrap(f):\n    return lambda: f\n\
                     def default():\n    f = 1\n    for _ in range(400000):\n        f = wrap(f)\n    return f\n";
    // How much stack each needs is the interpreter's business: they work or end with a limit.
    for text in [top, functions] {
        let world = world_with(&[("a.star", text)], limits());
        let told = world.call("a.star", &[]).err().map(|error| told(&error)).unwrap_or_default();
        assert!(told.is_empty() || told.starts_with("limit: "), "{told}");
    }
    let shown = "def default():\n    x = []\n    for _ in range(100000):\n        x = [x]\n    return len(str(x))\n";
    let value = world_with(&[("a.star", shown)], limits()).call("a.star", &[]).unwrap();
    assert_eq!(crate::support::shown(&value), "200002");
}

#[test]
fn texts_that_lie_too_deep() {
    for text in [
        format!("def default():\n    return {}1{}\n", "[".repeat(100_000), "]".repeat(100_000)),
        format!("def default():\n    return {}1\n", "1 + ".repeat(100_000)),
        format!("def default():\n    return {}1\n", "not ".repeat(100_000)),
    ] {
        assert!(ended(&text).starts_with("too-deep: "), "{}", ended(&text));
    }
}

/// The deepest that is taken works, on whatever stack it is asked for.
#[test]
fn texts_that_lie_deep_work() {
    let texts = [
        format!("def default():\n    return len({}{})\n", "[".repeat(140), "]".repeat(140)),
        format!("def default():\n    return {}1\n", "0 + ".repeat(1_400)),
        format!("def default():\n    return 1 if {}1 else 0\n", "not ".repeat(2_800)),
        format!("def default():\n    return {}1\n", "1 if 1 else ".repeat(700)),
    ];
    for text in texts {
        let world = world_with(&[("a.star", &text)], limits());
        assert_eq!(shown(&world.call("a.star", &[]).unwrap()), "1");
    }
}

/// What counts no ticks ends by the clock.
#[test]
fn time_without_bound() {
    let begun = Instant::now();
    let text =
        "def default():\n    x = [1] * 1000000\n    return [all(x) for _ in range(1000000)][0]\n";
    let short = Limits { time: Duration::from_millis(500), ..limits() };
    let error = world_with(&[("bad.star", text)], short).call("bad.star", &[]).unwrap_err();
    assert_eq!(error.summary, "`default` in `bad.star` takes longer than a definition may");
    assert!(begun.elapsed() < Duration::from_secs(10));
}
