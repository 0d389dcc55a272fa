use std::fmt::Write as _;

use purlin_model::parse_toml;
use serde_json::json;

use super::*;

fn schema(text: &str) -> Schema {
    Schema::parse(&Source::new("s.json", text)).unwrap_or_else(|mistakes| {
        panic!("{text} is refused: {}", told(&mistakes));
    })
}

/// Diagnostics as `line:column summary | label | help`.
fn told(diagnostics: &[Diagnostic]) -> String {
    let mut lines = String::new();
    for one in diagnostics {
        let label = one.labels.first().expect("every diagnostic has a place");
        let place = format!("{}:{}", label.origin.line, label.origin.column);
        write!(lines, "{place} {} | {}", one.summary, label.text).expect("it is a string");
        for more in [&one.detail, &one.help].into_iter().filter(|more| !more.is_empty()) {
            write!(lines, " | {more}").expect("it is a string");
        }
        lines.push('\n');
    }
    lines
}

fn refused(text: &str) -> String {
    match Schema::parse(&Source::new("s.json", text)) {
        Ok(_) => panic!("{text} is taken"),
        Err(mistakes) => {
            assert!(mistakes.iter().all(|one| one.severity == Severity::Error));
            told(&mistakes)
        }
    }
}

fn validated(schema_text: &str, toml: &str) -> Validated {
    let (value, syntax) = parse_toml(&Source::new("c.toml", toml));
    assert_eq!(syntax, [], "{toml}");
    schema(schema_text).validate(&value)
}

fn mistakes(schema_text: &str, toml: &str) -> String {
    let checked = validated(schema_text, toml);
    assert!(checked.value.is_none(), "{toml} is taken");
    told(&checked.diagnostics)
}

/// The value with its defaults.
fn taken(schema_text: &str, toml: &str) -> serde_json::Value {
    let checked = validated(schema_text, toml);
    assert_eq!(checked.diagnostics, [], "{toml}");
    checked.value.expect("there are no mistakes").to_json()
}

/// Whether `{"v": SCHEMA}` takes `v = VALUE`.
fn takes(schema_of_v: &str, value: &str) -> bool {
    let text = format!(r#"{{"properties": {{"v": {schema_of_v}}}}}"#);
    validated(&text, &format!("v = {value}")).value.is_some()
}

#[test]
fn each_keyword_takes_and_refuses() {
    let cases: &[(&str, &[&str], &[&str])] = &[
        ("{}", &["1", "'a'", "[]", "{a = {b = 1}}", "1.5", "true"], &["nan", "[inf]", "{a = nan}"]),
        (r#"{"type": "string"}"#, &["''", "'é'"], &["1", "true", "[]", "{}"]),
        (r#"{"type": "integer"}"#, &["1", "-1", "2.0"], &["1.5", "'1'", "inf"]),
        (r#"{"type": "number"}"#, &["1", "1.5"], &["'1'", "nan", "inf"]),
        (r#"{"type": "boolean"}"#, &["true", "false"], &["1", "'true'"]),
        (r#"{"type": "array"}"#, &["[]", "[1, 'a']"], &["{}", "'a'"]),
        (r#"{"type": "object"}"#, &["{}"], &["[]", "{a = 1}"]),
        (r#"{"type": ["string", "integer"]}"#, &["'a'", "1"], &["1.5", "true"]),
        (r#"{"type": "null"}"#, &[], &["''", "0", "false"]),
        (r#"{"enum": ["a", 1]}"#, &["'a'", "1", "1.0"], &["'b'", "2", "true", "'1'"]),
        (r#"{"const": {"a": [1]}}"#, &["{a = [1]}", "{a = [1.0]}"], &["{a = []}", "{}", "1"]),
        (r#"{"minimum": 1, "maximum": 3}"#, &["1", "3", "2.5", "'a'"], &["0", "4", "0.99"]),
        (r#"{"minLength": 2, "maxLength": 3}"#, &["'éé'", "'abc'", "1"], &["'é'", "'abcd'", "''"]),
        (r#"{"pattern": "b+"}"#, &["'abc'", "1"], &["'ac'"]),
        (r#"{"pattern": "^b+$"}"#, &["'bb'"], &["'abc'", "\"b\\n\""]),
        (r#"{"items": {"type": "string"}}"#, &["[]", "['a']", "1"], &["[1]", "['a', 1]"]),
        (r#"{"uniqueItems": true}"#, &["[1, 2]", "[[1], [2]]"], &["[1, 1.0]", "[{a=1}, {a=1}]"]),
        (
            r#"{"required": ["a"], "properties": {"a": {}}}"#,
            &["{a = 1}", "1"],
            &["{}", "{a = 1, b = 2}"],
        ),
        (r#"{"additionalProperties": true, "properties": {}}"#, &["{b = 2}"], &[]),
        (r#"{"additionalProperties": {"type": "string"}}"#, &["{b = 'a'}"], &["{b = 2}"]),
        (r#"{"additionalProperties": false}"#, &["{}", "1"], &["{b = 2}"]),
        (r#"{"oneOf": [{"type": "string"}, {"type": "integer"}]}"#, &["'a'", "1"], &["true"]),
    ];
    for (schema, good, bad) in cases {
        for value in *good {
            assert!(takes(schema, value), "{schema} should take {value}");
        }
        for value in *bad {
            assert!(!takes(schema, value), "{schema} should refuse {value}");
        }
    }
}

const SERVICE: &str = r##"{
  "type": "object",
  "required": ["name", "kind"],
  "properties": {
    "name": {"type": "string", "minLength": 1, "description": "How it is called."},
    "kind": {"enum": ["web", "worker"]},
    "port": {"type": "integer", "minimum": 1, "maximum": 65535, "default": 80},
    "start-after": {"type": "array", "items": {"type": "string"}, "uniqueItems": true},
    "token": {"type": "string", "pattern": "^t-", "x-purlin-secret": true},
    "old": {"deprecated": true, "description": "Use `name`."},
    "limits": {"$ref": "#/$defs/limits", "default": {}},
    "env": {"type": "object", "additionalProperties": {"type": "string"}}
  },
  "$defs": {"limits": {"type": "object", "properties": {
    "memory": {"type": "integer", "default": 512}, "cpu": {"type": "number"}
  }}}
}"##;

#[test]
fn all_mistakes_are_told_at_once_each_at_its_place() {
    let text = r#"
nmae = "x"
kind = "webb"
port = 0
start-after = ["a", 1, "a"]
token = "secret-1"
limits = { memory = "1", cpus = 2 }
[env]
"a/b~c" = 1
"#;
    insta::assert_snapshot!(mistakes(SERVICE, text), @"
    2:1 unknown field `/nmae` | not a field of this table | did you mean `name`?
    3:8 `/kind` must be `web` or `worker` | this is `webb` | did you mean `web`?
    4:8 `/port` must be at least 1 | this is `0`
    5:24 `/start-after/2` is there already | again here | every element must be different; remove one
    5:21 `/start-after/1` must be a string | this is an integer
    6:9 `/token` must match `^t-` | this is a string
    7:21 `/limits/memory` must be an integer | this is a string
    7:26 unknown field `/limits/cpus` | not a field of this table | did you mean `cpu`?
    9:11 `/env/a~1b~0c` must be a string | this is an integer
    1:1 `/name` is missing | this table needs `name`, a string | How it is called.
    ");
}

#[test]
fn defaults_are_filled_in_with_the_origin_of_their_table() {
    let checked = validated(SERVICE, "\nname = 'a'\nkind = 'web'\n");
    assert_eq!(checked.diagnostics, []);
    let value = checked.value.expect("it is right");
    assert_eq!(
        value.to_json(),
        json!({"name": "a", "kind": "web", "port": 80, "limits": {"memory": 512}})
    );
    let port = value.get("port").expect("it was filled in");
    assert_eq!(port.origin, value.origin);
}

#[test]
fn a_large_document_may_have_many_defaults() {
    let schema = r#"{"type": "array", "items": {"type": "object", "properties": {"a": {"default": []}, "b": {"default": 1}}}}"#;
    let schema = self::schema(schema);
    let items = (0..8000).map(|_| json!({})).collect();
    let origin = Origin::whole(&Source::new("v", ""));
    let checked = schema.validate(&Value::from_json(&serde_json::Value::Array(items), &origin));
    assert_eq!(checked.diagnostics, []);
}

#[test]
fn declared_names_fold_and_data_does_not() {
    let text = "name = 'a'\nkind = 'web'\nstart_after = []\n[env]\na-b = '1'\na_b = '2'\n";
    let value = taken(SERVICE, text);
    assert_eq!(value["start-after"], json!([]));
    assert_eq!(value["env"], json!({"a-b": "1", "a_b": "2"}));
    let text = "name = 'a'\nkind = 'web'\nstart_after = []\nstart-after = []\n";
    insta::assert_snapshot!(mistakes(SERVICE, text), @"4:1 `/start-after` is written twice | again here | `-` and `_` are one character in names; remove one of the two");
}

#[test]
fn deprecated_fields_are_warned_of_and_taken() {
    let checked = validated(SERVICE, "name = 'a'\nkind = 'web'\nold = 1\n");
    assert!(checked.value.is_some());
    assert_eq!(checked.diagnostics[0].severity, Severity::Warning);
    insta::assert_snapshot!(told(&checked.diagnostics), @"3:7 `/old` is deprecated | still works, but should not be used | Use `name`.");
}

#[test]
fn secrets_are_not_shown() {
    let told = mistakes(SERVICE, "name = 'a'\nkind = 'web'\ntoken = 'hunter2'\n");
    assert!(!told.contains("hunter2"), "{told}");
}

const SHAPES: &str = r##"{
  "properties": {"shape": {"oneOf": [
    {"type": "string"},
    {"$ref": "#/$defs/circle"},
    {"type": "object", "required": ["type", "side"], "properties": {
      "type": {"enum": ["square"]}, "side": {"type": "number"}
    }}
  ]}},
  "$defs": {"circle": {"type": "object", "required": ["type", "radius"], "properties": {
    "radius": {"type": "number"}, "type": {"const": "circle"}
  }}}
}"##;

#[test]
fn a_choice_speaks_of_the_branch_that_is_meant() {
    assert_eq!(taken(SHAPES, "shape = 'none'"), json!({"shape": "none"}));
    assert_eq!(
        taken(SHAPES, "shape = {type = 'circle', radius = 1}"),
        json!({"shape": {"type": "circle", "radius": 1}})
    );
    insta::assert_snapshot!(mistakes(SHAPES, "shape = {type = 'circle', side = 1}"), @"
    1:27 unknown field `/shape/side` | not a field of this table | fields: `radius`, `type`
    1:9 `/shape/radius` is missing | this table needs `radius`, a number
    ");
    insta::assert_snapshot!(mistakes(SHAPES, "shape = {type = 'circel'}"), @"1:17 `/shape/type` must be `circle` or `square` | this is `circel` | did you mean `circle`?");
    insta::assert_snapshot!(mistakes(SHAPES, "shape = {side = 1}"), @"1:9 `/shape/type` is missing | this table needs `type`: `circle` or `square`");
    insta::assert_snapshot!(mistakes(SHAPES, "shape = 3"), @"1:9 `/shape` must be a string or a table | this is an integer");
}

#[test]
fn references_may_recur() {
    let tree = r##"{
      "properties": {"name": {"type": "string", "default": "x"}, "children": {"items": {"$ref": "#"}}}
    }"##;
    assert_eq!(
        taken(tree, "children = [{children = [{name = 'leaf'}]}]"),
        json!({"name": "x", "children": [{"name": "x", "children": [{"name": "leaf"}]}]})
    );
    insta::assert_snapshot!(mistakes(tree, "children = [{children = [{name = 1}]}]"), @"1:34 `/children/0/children/0/name` must be a string | this is an integer");
}

#[test]
fn depth_has_an_end() {
    let tree = schema(r##"{"properties": {"child": {"$ref": "#"}}}"##);
    let nested = |depth: usize| {
        let mut json = json!({});
        for _ in 0..depth {
            json = json!({ "child": json });
        }
        Value::from_json(&json, &Origin::whole(&Source::new("c.json", "")))
    };
    assert!(tree.validate(&nested(100)).value.is_some());
    assert!(tree.validate(&nested(101)).value.is_none());
}

#[test]
fn everything_outside_the_subset_is_refused_at_once() {
    let text = r##"{
  "$schema": "http://json-schema.org/draft-07/schema#",
  "type": "objekt",
  "minItems": 1,
  "properties": {
    "a": {"typ": "string", "$defs": {}},
    "b-c": true,
    "b_c": {"minimum": 2, "maximum": 1},
    "d": {"pattern": "(?=x)"},
    "e": {"$ref": "other.json#/x"},
    "f": {"$ref": "#/$defs/limit", "type": "string"},
    "g": {"oneOf": [], "enum": []},
    "h": {"const": 1, "enum": [1]},
    "i": {"minLength": -1, "maxLength": 1.5, "minimum": "1"},
    "j": {"x-purlin-path": "output", "x-purlin-secret": 1, "x-purlin-template": "root"},
    "k": {"title": 1, "deprecated": "yes", "examples": {}, "additionalProperties": 1}
  },
  "required": ["l", 3],
  "$defs": {"limits": {}}
}"##;
    insta::assert_snapshot!(refused(text), @r#"
    2:14 `$schema` names another dialect | not 2020-12
    3:11 unknown type `objekt` | not a type of JSON Schema | did you mean `object`?
    4:3 the keyword `minItems` cannot be used here | not a keyword of the subset | did you mean `items`?
    6:11 the keyword `typ` cannot be used here | not a keyword of the subset | did you mean `type`?
    6:28 the keyword `$defs` cannot be used here | only the outermost object may have it
    7:12 a schema must be an object | this is a boolean
    8:5 the property `b_c` is declared twice | `-` and `_` are one character in names
    8:12 no value can be right | the least is above the most
    9:22 the pattern cannot be used | look-around is not supported
    10:19 the reference `other.json#/x` is not local | only `#` and `#/$defs/NAME` can be named
    11:19 the reference `#/$defs/limit` names nothing | there is no such definition | did you mean `limits`?
    11:36 `type` cannot stand beside `$ref` | this one | move it into what `$ref` names
    12:20 `oneOf` must be a list with at least one schema | this is a list
    12:24 `enum` cannot stand beside `oneOf` | this one | move it into what `oneOf` names
    12:32 `enum` is empty | no value can be right
    13:11 `const` cannot stand beside `enum` | say one of the two
    14:24 `minLength` must be an integer from 0 | this is an integer
    14:41 `maxLength` must be an integer from 0 | this is a number
    14:57 `minimum` must be a number | this is a string
    15:28 `x-purlin-path` must be true, "input" or "glob" | this is a string
    15:57 `x-purlin-secret` must be a boolean | this is an integer
    15:81 `x-purlin-template` must be a list of strings | this is a string
    16:20 `title` must be a string | this is an integer
    16:37 `deprecated` must be a boolean | this is a string
    16:56 `examples` must be a list | this is a table
    16:84 a schema must be an object | this is an integer
    18:16 `l` is required but not declared | there is no such property | did you mean `a`?
    18:21 `required` must be a list of strings | this is an integer
    "#);
    insta::assert_snapshot!(refused("[]"), @"1:1 a schema must be an object | this is a list");
    insta::assert_snapshot!(refused("{\"type\":\n}"), @"2:1 the file is not valid JSON | Unexpected close brace");
}

#[test]
fn choices_that_cannot_be_told_apart_are_refused() {
    for branches in [
        r#"{"type": "string"}, {"type": "string", "minLength": 2}"#,
        r#"{"type": "integer"}, {"type": "number"}"#,
        r#"{"type": "string"}, {}"#,
        r#"{"type": "object"}, {"type": "object", "properties": {"type": {"const": 1}}}"#,
        r#"{"type": "object", "properties": {"t": {"const": 1}}},
           {"type": "object", "properties": {"t": {"const": 1.0}}}"#,
        r#"{"oneOf": [{"type": "string"}]}, {"type": "null"}"#,
    ] {
        let told = refused(&format!(r#"{{"oneOf": [{branches}]}}"#));
        assert!(told.contains("`oneOf`"), "{branches}: {told}");
    }
}

#[test]
fn circles_are_refused_and_never_followed() {
    for text in [
        r##"{"$ref": "#"}"##,
        r##"{"$ref": "#/$defs/a", "$defs": {"a": {"$ref": "#/$defs/b"}, "b": {"$ref": "#/$defs/a"}}}"##,
        r##"{"oneOf": [{"type": "string"}, {"$ref": "#"}]}"##,
    ] {
        let told = refused(text);
        assert!(told.contains("leads back to itself"), "{text}: {told}");
    }
    let endless = r##"{"properties": {"a": {"$ref": "#", "default": {}}, "b": {"$ref": "#", "default": {}}}}"##;
    assert!(refused(endless).contains("not right itself"));
}

#[test]
fn defaults_and_examples_must_be_right() {
    let text = r#"{"properties": {
  "a": {"type": "string", "default": 1},
  "b": {"type": "object", "properties": {"c": {"type": "integer"}}, "default": {"c": "x"}},
  "d": {"enum": ["x"], "examples": ["x", "y"]}
}}"#;
    insta::assert_snapshot!(refused(text), @"
    2:38 the default is not right itself | this is an integer | the value must be a string
    3:86 the default is not right itself | this is a string | `/c` must be an integer
    4:42 the example is not right itself | this is `y` | the value must be `x`
    ");
}

#[test]
fn input_paths_are_found_wherever_they_stand() {
    let text = r##"{"properties": {
      "path": {"type": "string", "x-purlin-path": "input"},
      "other": {"type": "string", "x-purlin-path": true},
      "many": {"type": "array", "items": {"$ref": "#/$defs/file"}},
      "either": {"x-purlin-path": "input", "oneOf": [{"type": "string"}, {"type": "boolean"}]},
      "inner": {"additionalProperties": {"properties": {"file": {"$ref": "#/$defs/file"}}}}
    }, "$defs": {"file": {"type": "string", "x-purlin-path": "input"}}}"##;
    let schema = schema(text);
    let toml = "path = 'a'\nother = 'b'\nmany = ['c', 'd']\neither = 'e'\n[inner.x]\nfile = 'f'\n";
    let (value, _) = parse_toml(&Source::new("c.toml", toml));
    let value = schema.validate(&value).value.expect("it is right");
    let found: Vec<&str> =
        schema.input_paths(&value).iter().filter_map(|one| one.as_str()).collect();
    assert_eq!(found, ["a", "c", "d", "e", "f"]);
    assert_eq!(schema.input_paths(&value)[1].origin.line, 3);
}

#[test]
fn templates_are_found_with_their_roots() {
    let text = r#"{"properties": {
      "exec": {"type": "string", "x-purlin-template": ["root", "env"], "x-purlin-path": "glob"},
      "plain": {"type": "string"},
      "any": {"x-purlin-template": ["root"]},
      "list": {"type": "array", "items": {"type": "string", "x-purlin-template": ["ctx"]}}
    }}"#;
    let schema = schema(text);
    let toml = "exec = 'a'\nplain = 'b'\nlist = ['c']\n[any]\n'x/y' = ['d', 1]\n";
    let (value, _) = parse_toml(&Source::new("c.toml", toml));
    let value = schema.validate(&value).value.expect("it is right");
    let found: Vec<(String, String, bool)> = schema
        .templates(&value)
        .into_iter()
        .map(|one| (one.pointer, one.roots.join(" "), one.is_glob))
        .collect();
    let expected =
        [("/exec", "root env", true), ("/list/0", "ctx", false), ("/any/x~1y/0", "root", false)];
    let expected = expected.map(|(pointer, roots, glob)| (pointer.into(), roots.into(), glob));
    assert_eq!(found, expected);
}

#[test]
fn help_can_be_made_from_it() {
    let text = SERVICE.replacen('{', r#"{"description": "A service.","#, 1);
    let schema = schema(&text);
    assert_eq!(schema.description(), Some("A service."));
    let properties = schema.properties();
    let names: Vec<_> = properties.iter().map(|one| (one.name, one.required)).collect();
    assert_eq!(names[..3], [("name", true), ("kind", true), ("port", false)]);
    assert_eq!(properties[0].description(), Some("How it is called."));
    assert_eq!(properties[0].types(), [JsonType::String]);
    assert_eq!(properties[1].values().map(<[_]>::len), Some(2));
    assert_eq!(properties[2].default().and_then(Value::as_int), Some(80));
    assert!(properties[4].is_secret());
    assert!(properties[5].is_deprecated());
    let limits: Vec<_> = properties[6].properties().iter().map(|one| one.name).collect();
    assert_eq!(limits, ["memory", "cpu"]);
}

#[test]
fn what_it_filled_in_and_spelled_is_right_again() {
    let text = "name = 'a'\nkind = 'web'\nstart_after = ['b']\nport = 8e1\nold = 1\n";
    let once = validated(SERVICE, text).value.expect("it is right");
    let again = schema(SERVICE).validate(&once).value.expect("it still is");
    assert_eq!(once, again);
    assert_eq!(once.get("port").and_then(Value::as_int), Some(80));
}

#[test]
fn the_reference_has_every_keyword_and_its_examples_are_right() {
    use super::parse::{ASSERTIONS, NOTES, ROOT};

    let page = include_str!("../../../../docs/reference/schemas.md");
    for keyword in ASSERTIONS.iter().chain(&NOTES).chain(&ROOT) {
        assert!(page.contains(&format!("\n| `{keyword}` | ")), "{keyword} is missing");
    }
    let rows = page.lines().filter(|line| line.starts_with("| `")).count();
    assert_eq!(rows, ASSERTIONS.len() + NOTES.len() + ROOT.len());
    let mut examples = page.split("\n```json").skip(1);
    let mut parse = || {
        let (options, text) = examples.next().and_then(|one| one.split_once('\n')).unwrap();
        let text = text.split("\n```").next().unwrap();
        (options.trim() == "refused", Schema::parse(&Source::new("schemas.md", text)))
    };
    let (is_refused, parsed) = parse();
    assert!(!is_refused && parsed.is_ok(), "{parsed:?}");
    let (is_refused, parsed) = parse();
    assert!(is_refused && parsed.is_err());
    assert!(examples.next().is_none());
}
