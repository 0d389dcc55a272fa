//! Calling functions, and what comes of it.

use std::sync::Arc;
use std::thread;

use purlin_model::{Source, parse_toml};
use purlin_plugin::language::{Argument, FunctionRef, Language};
use purlin_starlark::{NoSources, Starlark};

use crate::support::{evaluate, shown, world};

#[test]
fn all_kinds_of_data_come_back() {
    let value = evaluate(
        "def default():\n    return {'a': [1, -2.5, True, None], 'b': ('x', struct(y = set([1]))), \
         3: range(2), 'big': 1 << 40, 'f': lambda: 1}\n",
    )
    .unwrap();
    assert_eq!(
        shown(&value),
        "{a: [1, -2.5, true, null], b: [\"x\", {y: [1]}], 3: [0, 1], big: 1099511627776, f: <function>}"
    );
}

#[test]
fn what_was_made_is_handed_on() {
    let world = world(&[
        ("a.star", "def default():\n    return {'n': [1, 2], 'f': lambda x: x + 1}\n"),
        ("b.star", "def default(a, name = 'b'):\n    return [name, a['f'](a['n'][1])]\n"),
    ]);
    let a = world.call("a.star", &[]).unwrap();
    let b = world.call("b.star", &[("a", Argument::Value(a))]).unwrap();
    assert_eq!(shown(&b), "[\"b\", 3]");
}

#[test]
fn what_was_made_cannot_be_changed() {
    let world = world(&[
        ("a.star", "def default():\n    return [1]\n"),
        ("b.star", "def default(a):\n    a.append(2)\n    return a\n"),
    ]);
    let a = world.call("a.star", &[]).unwrap();
    let error = world.call("b.star", &[("a", Argument::Value(a.clone()))]).unwrap_err();
    assert!(error.summary.contains("Immutable"), "{error}");
    assert_eq!(shown(&a), "[1]");
}

#[test]
fn data_and_simple_values_are_arguments() {
    let world = world(&[("a.star", "def default(t, n):\n    return [t['k'][0]['x'], n]\n")]);
    let (data, _) = parse_toml(&Source::new("p.toml", "k = [{ x = 'y' }]\n"));
    let number = evaluate("def default():\n    return 7\n").unwrap();
    let value =
        world.call("a.star", &[("t", Argument::Data(data)), ("n", Argument::Value(number))]);
    assert_eq!(shown(&value.unwrap()), "[\"y\", 7]");
}

#[test]
fn constants_are_values_too() {
    let world = world(&[("a.star", "x = {'k': 1}\n_y = 2\ndef f(): return x\n")]);
    let source = world.files.source("a.star").unwrap();
    let of = |name: &str| world.language.constant(&source, name).map(|value| shown(&value));
    assert_eq!(of("x").unwrap(), "{k: 1}");
    assert_eq!(of("_y").unwrap(), "2");
    assert_eq!(of("f").unwrap(), "<function>");
    let missing = of("g").unwrap_err();
    assert_eq!(missing.to_string(), "there is no `g` here (a.star:1:1)");
}

/// The top level is evaluated once, whoever comes first.
#[test]
fn threads_share_modules_and_values() {
    let text = "table = {str(n): n for n in range(1000)}\n\
                def default(base, n):\n    return table[str(n)] + base[0]\n";
    let world =
        Arc::new(world(&[("a.star", text), ("base.star", "def default():\n    return [1]\n")]));
    let base = world.call("base.star", &[]).unwrap();
    let threads: Vec<_> = (0..8)
        .map(|thread| {
            let (world, base) = (world.clone(), base.clone());
            thread::spawn(move || {
                (0..50)
                    .map(|n| {
                        let number = evaluate(&format!("def default(): return {}\n", thread + n));
                        let arguments = [
                            ("base", Argument::Value(base.clone())),
                            ("n", Argument::Value(number.unwrap())),
                        ];
                        shown(&world.call("a.star", &arguments).unwrap())
                    })
                    .collect::<Vec<_>>()
            })
        })
        .collect();
    for (thread, handle) in threads.into_iter().enumerate() {
        let expected: Vec<String> = (0..50).map(|n| (thread + n + 1).to_string()).collect();
        assert_eq!(handle.join().unwrap(), expected);
    }
}

#[test]
fn the_language_has_types_keywords_and_formats() {
    let value = evaluate(
        "def greet(*, name: str) -> str:\n    return f'Hello {name}'\n\
         def default():\n    return greet(name = 'you')\n",
    );
    assert_eq!(shown(&value.unwrap()), "\"Hello you\"");
    let error = evaluate("def f(x: int): pass\ndef default():\n    f('y')\n").unwrap_err();
    assert_eq!(error.labels[0].origin.line, 3, "{error}");
}

#[test]
fn of_a_large_file_one_function_needs_a_part_alone() {
    let mut text = "def twice(x): return x * 2\nlimit = twice(4)\n".to_owned();
    for number in 0..300 {
        text.push_str(&format!("def p{number}(): return [{number}, limit]\n"));
    }
    // Who reads the literal tells this; it is in no part.
    text.push_str("definitions = {'packages': {'p7': nowhere}}\n");
    let source = Source::new("large.star", text);
    let starlark = Starlark::new(Arc::new(NoSources));
    let alone = |name: &str| {
        let function = FunctionRef { source: source.clone(), name: name.to_owned() };
        starlark.call_alone(&function, &[])
    };
    // More often than parts are made of one file: then it is whole.
    let called: Vec<_> = (0..10).map(|number| alone(&format!("p{number}"))).collect();
    for (number, value) in called.iter().take(8).enumerate() {
        let value = value.as_ref().expect("its part is right");
        assert_eq!(shown(value), format!("[{number}, 8]"));
    }
    let error = called[9].as_ref().expect_err("the file is not right");
    assert_eq!(error.labels[0].origin.line, 303);
}

/// What is evaluated of a file is its functions with their defaults, and what else is at its top level.
#[test]
fn a_mistake_in_a_large_file_is_told_whichever_function_is_called() {
    let many: String = (0..300).map(|number| format!("def p{number}(): return 1\n")).collect();
    for (mistake, place) in [
        ("x = 1 // 0\n", "large.star:301:5"),
        ("def wrong(x = 1 // 0): return x\n", "large.star:301:15"),
        ("def wrong(): return nowhere\n", "large.star:301:21"),
        ("def wrong(): return [[x for x in []], x]\n", "large.star:301:39"),
        ("def wrong(): return [lambda y: y, y]\n", "large.star:301:35"),
        ("def wrong():\n    def f(z): return z\n    return z\n", "large.star:303:12"),
    ] {
        let source = Source::new("large.star", format!("{many}{mistake}"));
        let function = FunctionRef { source, name: "p7".to_owned() };
        let starlark = Starlark::new(Arc::new(NoSources));
        let error = starlark.call_alone(&function, &[]).expect_err("the file is not right");
        assert_eq!(error.labels[0].origin.to_string(), place);
    }
}

/// The modules of files that have returned data are let go of, and made again where they are asked for.
#[test]
fn of_thousands_of_files_each_can_be_asked_again() {
    let mut files = vec![
        // One loads it, and counts on it.
        (
            "loaded.star".to_owned(),
            "def f(n):\n    return n + 1\ndef default():\n    return 0\n".to_owned(),
        ),
        (
            "function.star".to_owned(),
            "def f():\n    pass\ndef default():\n    return [f]\n".to_owned(),
        ),
    ];
    let compare = "def default(f, g):\n    return f[0] == g[0]\n";
    files.push(("compare.star".to_owned(), compare.to_owned()));
    for number in 0..600 {
        let text = match number % 3 {
            0 => format!("load('loaded.star', 'f')\ndef default():\n    return f({number})\n"),
            1 => format!("def default():\n    return 'a{number}'\n"),
            _ => format!("def default():\n    fail('no {number}')\n"),
        };
        files.push((format!("f{number}.star"), text));
    }
    let files: Vec<(&str, &str)> = files.iter().map(|(name, text)| (&**name, &**text)).collect();
    let world = world(&files);
    let first = world.call("function.star", &[]).unwrap();
    for _ in 0..2 {
        assert_eq!(shown(&world.call("loaded.star", &[]).unwrap()), "0");
        for number in 0..600 {
            let result = world.call(&format!("f{number}.star"), &[]);
            match number % 3 {
                0 => assert_eq!(shown(&result.unwrap()), (number + 1).to_string()),
                1 => assert_eq!(shown(&result.unwrap()), format!("\"a{number}\"")),
                _ => assert!(result.unwrap_err().to_string().contains(&format!("no {number}"))),
            }
        }
    }
    // A function that is in somebody's hands stays the same.
    let second = world.call("function.star", &[]).unwrap();
    let arguments = [("f", Argument::Value(first)), ("g", Argument::Value(second))];
    assert_eq!(shown(&world.call("compare.star", &arguments).unwrap()), "true");
}

/// What a file gave away once stays what it is, whatever else it returns and however many others come.
#[test]
fn functions_of_a_file_stay_the_same_beside_its_data() {
    let mut files = vec![
        (
            "both.star".to_owned(),
            "def _h():\n    pass\nh = _h\ndef f():\n    return [_h]\ndef g():\n    return 1\n"
                .to_owned(),
        ),
        ("compare.star".to_owned(), "def default(f, g):\n    return f[0] == g[0]\n".to_owned()),
    ];
    files.extend(
        (0..600).map(|n| (format!("f{n}.star"), format!("def default():\n    return {n}\n"))),
    );
    let files: Vec<(&str, &str)> = files.iter().map(|(name, text)| (&**name, &**text)).collect();
    let world = world(&files);
    let call = |name: &str| world.language.call(&world.function("both.star", name), &[]).unwrap();
    let first = call("f");
    assert_eq!(shown(&call("g")), "1");
    for number in 0..600 {
        world.call(&format!("f{number}.star"), &[]).unwrap();
    }
    let arguments = [("f", Argument::Value(first)), ("g", Argument::Value(call("f")))];
    assert_eq!(shown(&world.call("compare.star", &arguments).unwrap()), "true");
}
