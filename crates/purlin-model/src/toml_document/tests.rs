use super::*;

/// Whether the document is plain; then both parsers say the same, places too.
fn is_plain(text: &str) -> bool {
    let source = Source::new("p.toml", text);
    let Some(table) = plain::parse(&source) else { return false };
    let (expected, diagnostics) = parse_any(&source);
    assert_eq!(diagnostics, [], "{text}");
    let value = Value::new(Kind::Table(table), Origin::whole(&source));
    assert_eq!(spelt(&value), spelt(&expected), "{text}");
    assert!(value == expected, "{text}");
    true
}

/// All that is in a value, in its order, with the places.
fn spelt(value: &Value) -> String {
    let place = |origin: &Origin| format!("{origin} {}..{}", origin.start, origin.end);
    let inner = match &value.kind {
        Kind::List(items) => items.iter().map(spelt).collect::<Vec<_>>().join(", "),
        Kind::Table(table) => {
            let key = |(key, entry): (&str, &crate::Entry)| {
                format!("{key:?} ({}) = {}", place(&entry.key), spelt(&entry.value))
            };
            table.iter().map(key).collect::<Vec<_>>().join(", ")
        }
        _ => value.to_json().to_string(),
    };
    format!("{} {inner} ({})", value.described(), place(&value.origin))
}

#[test]
fn what_is_plain_is_read_as_the_full_parser_reads_it() {
    for text in [
        "",
        "\n# only a comment",
        "a = 1\n\"b c\" = 'x' # why\n'd' = \"\"\n[e]\n",
        "[workspace]\nname = \"é \\\"x\\\" \\\\ \\n\\t\"\n\n[commands.a]\ndeps = [\"ü\", { type = 'b', n = -3 }, [true, false], ]\n\
         [commands.b-2]\nexec = 'x'\n  [ spaces . main ]  # here\n",
        "a = [\n  # first\n  1,\n  'é', 2 # last\n  ,\n]\nb = {}\nc = [ ]\n[[use]]\nx = 1\n[[use]]\n[z]\n",
        "a = \"\"\"\nfirst\n\"quoted\" \\\\ end\"\"\"\nb = '''x\n'y' \\'''\nc = ''''''\nd = 2\n",
        "[a]\n[a.b]\nc = 1\n[a.d.e]\nf = {g = 0}\n",
    ] {
        assert!(is_plain(text), "{text}");
    }
}

#[test]
fn what_is_not_plain_is_left_to_the_full_parser() {
    for text in [
        "a.b = 1",
        "a = 1\na = 2",
        "a = { b = 1 }\n[a.c]",
        "a = { b = 1, b = 2 }",
        "[a.b]\n[a]",
        "[a]\n[a]",
        "a = 1\n[a]",
        "a = [1]\n[[a]]",
        "[[a]]\n[a.b]",
        "[[a.b]]",
        "[a]\n[[a]]",
        "a = 1.5",
        "a = 01",
        "a = 0x1",
        "a = 1_000",
        "a = +1",
        "a = 99999999999999999999",
        "a = 2026-01-01",
        "a = truely",
        "a = \"\\u00e9\"",
        "a = \"\"\"x\\\n  y\"\"\"",
        "a = \"\"\"x\"\"\"\"",
        "a = 'x",
        "a = \"x\ny\"",
        "a = 1 b = 2",
        "a = \"\u{1}\"",
        "a = 1\r\n",
        "# \u{7f}",
        "a = [1,,]",
        "a = { b = 1, }",
        "[a",
        "[a]]",
        "[]",
        "a",
        "a = ",
        "= 1",
        "\"\"\"a\"\"\" = 1",
    ] {
        assert!(!is_plain(text), "{text}");
    }
    assert!(!is_plain(&format!("a = {}{}", "[".repeat(40), "]".repeat(40))));
}

proptest::proptest! {
    /// Made of what documents are made of, in any order: both say the same wherever it is plain.
    #[test]
    fn both_parsers_say_the_same(pieces in proptest::collection::vec(0_usize..PIECES.len(), 0..40)) {
        let text: String = pieces.into_iter().map(|piece| PIECES[piece]).collect();
        is_plain(&text);
    }

    /// Documents that are mostly right.
    #[test]
    fn both_parsers_say_the_same_of_lines(lines in proptest::collection::vec((0_usize..LINES.len(), 0_u8..4), 0..12)) {
        let line = |(line, number): (usize, u8)| LINES[line].replace('#', &number.to_string());
        let text: Vec<String> = lines.into_iter().map(line).collect();
        is_plain(&text.join("\n"));
    }
}

const PIECES: [&str; 32] = [
    "a",
    "b",
    "é",
    "-",
    "1",
    "0",
    ".",
    "=",
    " ",
    "\n",
    "\t",
    "[",
    "]",
    "[[",
    "]]",
    "{",
    "}",
    ",",
    "\"",
    "'",
    "\"\"\"",
    "'''",
    "\\",
    "\\n",
    "#",
    "true",
    "\r",
    "a = 1\n",
    "[a]\n",
    "= 'x'\n",
    "\n[b.c]\n",
    "b = \"x\"\n",
];

const LINES: [&str; 14] = [
    "k# = 'é'",
    "\"k#\" = -#",
    "k# = [#, \"x\", { a = true }]",
    "k# = { a = '#', b# = [] }",
    "[t#]",
    "[t#.u]",
    "[t.u#]",
    "[[l#]]",
    " [ \"t#\" . 'v' ] # why",
    "k# = [",
    "  #,",
    "]",
    "",
    "k# = \"\"\"\nx\n\"\"\"",
];

#[test]
fn every_value_and_key_has_its_place() {
    let source = Source::new("p.toml", "[a]\nb = [1, \"é\", true]\n[a.c]\nd = 1.5\n");
    let (value, diagnostics) = parse_toml(&source);
    assert_eq!(diagnostics, []);
    assert_eq!(value.to_json(), serde_json::json!({"a": {"b": [1, "é", true], "c": {"d": 1.5}}}));
    let list = value.get("a").and_then(|a| a.get("b")).and_then(Value::as_list).expect("b");
    assert_eq!((list[2].origin.line, list[2].origin.column), (2, 14));
    let entry = value.get("a").and_then(Value::as_table).and_then(|a| a.entry("c"));
    assert_eq!(entry.map(|entry| entry.key.line), Some(3));
}

#[test]
fn all_syntax_errors_are_reported_and_the_rest_is_read() {
    let source = Source::new("p.toml", "a = \nb = 2\nc = [1,,]\nd = 4\n");
    let (value, diagnostics) = parse_toml(&source);
    let lines: Vec<u32> =
        diagnostics.iter().map(|diagnostic| diagnostic.labels[0].origin.line).collect();
    assert_eq!(lines, [1, 3]);
    assert_eq!(value.get("d").and_then(Value::as_int), Some(4));
}

#[test]
fn what_is_too_deep_is_told_once() {
    let source = Source::new("p.toml", format!("a = {}\nb = \n", "[".repeat(1000)));
    let (_, diagnostics) = parse_toml(&source);
    let lines: Vec<u32> =
        diagnostics.iter().map(|diagnostic| diagnostic.labels[0].origin.line).collect();
    assert!(lines.iter().filter(|line| **line == 1).count() <= 2, "{diagnostics:?}");
    assert!(lines.len() <= 3, "{diagnostics:?}");
}

#[test]
fn numbers_too_large_are_errors() {
    let source = Source::new("p.toml", "a = 99999999999999999999\nb = 0xff\n");
    let (value, diagnostics) = parse_toml(&source);
    assert_eq!(diagnostics.len(), 1);
    assert_eq!(value.get("b").and_then(Value::as_int), Some(255));
}
