//! What users are told.

use purlin_model::Source;
use purlin_plugin::language::Language as _;

use crate::support::{evaluate, told, world};

fn error(text: &str) -> String {
    told(&evaluate(text).unwrap_err())
}

#[test]
fn mistakes_in_the_syntax() {
    let world = world(&[]);
    let told = |text: &str| {
        let mistakes = world.language.index(&Source::new("a.star", text)).unwrap_err();
        mistakes.iter().map(told).collect::<Vec<_>>().join("\n")
    };
    insta::assert_snapshot!(told("def default(:\n    pass\n"), @r"
    syntax: unexpected symbol ':', expected identifier
      a.star:1:13 here
    ");
    insta::assert_snapshot!(told("def default():\n    x = 'open\n"), @r"
    syntax: unfinished string literal
      a.star:2:9 here
    ");
    insta::assert_snapshot!(told("import os\n"), @r"
    syntax: cannot use reserved keyword `import`
      a.star:1:1 here
    ");
    insta::assert_snapshot!(told("for x in [1]:\n    pass\n"), @r"
    syntax: `for` cannot be used outside `def` in this dialect
      a.star:1:1 here
    ");
}

#[test]
fn errors_tell_the_calls_that_led_there() {
    let text = "def inner(x):\n    return x.missing\n\
                def outer(x):\n    y = inner(x)\n    return y\n\
                def default():\n    return outer('t')\n";
    insta::assert_snapshot!(error(text), @r"
    evaluation: Object of type `string` has no attribute `missing`
      a.star:4:9 here
      | `outer` was called at a.star:7:12
    ");
}

#[test]
fn what_a_definition_fails_with() {
    insta::assert_snapshot!(error("def default():\n    fail('no licence for', 'x')\n"), @r"
    failed: no licence for x
      a.star:2:5 here
    ");
}

#[test]
fn names_that_are_not_there() {
    insta::assert_snapshot!(error("def default():\n    return lenght([])\n"), @r"
    evaluation: Variable `lenght` not found
      a.star:2:12 here
    ");
}

#[test]
fn arguments_that_do_not_fit() {
    insta::assert_snapshot!(error("def default(zlib):\n    return zlib\n"), @r"
    evaluation: Missing parameter `zlib` for call to `a.star.default`
      a.star:1:1 in this file
    ");
}

#[test]
fn what_is_no_value_of_a_definition() {
    insta::assert_snapshot!(error("def default():\n    return [json]\n"), @r"
    value: `default` in `a.star` does not return a definition's value
      a.star:1:5 this one
      | It holds a value of the type `namespace`, which is no data.
    ");
    insta::assert_snapshot!(error("def default():\n    x = []\n    x.append(x)\n    return x\n"), @r"
    value: `default` in `a.star` does not return a definition's value
      a.star:1:5 this one
      | It lies in itself, or more than 100 values deep.
    ");
    insta::assert_snapshot!(error("def default():\n    return 1 << 64\n"), @r"
    value: `default` in `a.star` does not return a definition's value
      a.star:1:5 this one
      | It has a whole number that does not fit into 64 bits.
    ");
    let doubled =
        "def default():\n    x = 1\n    for _ in range(30):\n        x = [x, x]\n    return x\n";
    insta::assert_snapshot!(error(doubled), @r"
    value: `default` in `a.star` does not return a definition's value
      a.star:1:5 this one
      | It stands for more than 1000000 values.
    ");
}
