//! Writing TOML, sorted: one document has one spelling, so that merges rarely conflict.

use std::fmt::Write as _;

use serde_json::{Map, Value as Json};

/// The text of a document. Keys are sorted at each level, plain values come before tables, and
/// lists stand on one line. `null` has no spelling in TOML and is left out.
pub(crate) fn toml_text(document: &Map<String, Json>) -> String {
    let mut text = String::new();
    table(&mut text, &mut Vec::new(), document);
    text
}

fn table(text: &mut String, path: &mut Vec<String>, content: &Map<String, Json>) {
    let mut keys: Vec<&String> = content.keys().collect();
    keys.sort();
    let (tables, plain): (Vec<_>, Vec<_>) = keys
        .into_iter()
        .filter(|key| !content[*key].is_null())
        .partition(|key| content[*key].is_object());
    if !path.is_empty() && (!plain.is_empty() || tables.is_empty()) {
        let gap = if text.is_empty() { "" } else { "\n" };
        let name: Vec<String> = path.iter().map(|key| spelt(key)).collect();
        let _ = writeln!(text, "{gap}[{}]", name.join("."));
    }
    for key in plain {
        let _ = writeln!(text, "{} = {}", spelt(key), inline(&content[key]));
    }
    for key in tables {
        if let Json::Object(content) = &content[key] {
            path.push(key.clone());
            table(text, path, content);
            path.pop();
        }
    }
}

fn inline(value: &Json) -> String {
    match value {
        Json::String(string) => quoted(string),
        Json::Array(items) => {
            let items: Vec<String> = items.iter().map(inline).collect();
            format!("[{}]", items.join(", "))
        }
        Json::Object(content) => {
            let mut items: Vec<String> = content
                .iter()
                .filter(|(_, value)| !value.is_null())
                .map(|(key, value)| format!("{} = {}", spelt(key), inline(value)))
                .collect();
            items.sort();
            if items.is_empty() { "{}".to_owned() } else { format!("{{ {} }}", items.join(", ")) }
        }
        plain => plain.to_string(),
    }
}

fn spelt(key: &str) -> String {
    let bare = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    if !key.is_empty() && key.bytes().all(bare) { key.to_owned() } else { quoted(key) }
}

/// JSON's spelling of a text is TOML's too, but for DEL.
fn quoted(text: &str) -> String {
    Json::from(text).to_string().replace('\u{7f}', "\\u007f")
}

#[cfg(test)]
mod tests {
    use purlin_model::{Source, parse_toml};
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_written_reads_back() {
        let document = json!({
            "version": 1,
            "z": {"list": ["b", "a\"\u{7f}\u{1}\n"], "in the middle": {"deep": {"x": true}}},
            "a": {"table-only": {"y": 1.5}, "none": {}},
            "rows": [{"b": 2, "a": {"c": []}}],
        });
        let text = toml_text(document.as_object().unwrap());
        insta::assert_snapshot!(text, @r#"
        rows = [{ a = { c = [] }, b = 2 }]
        version = 1

        [a.none]

        [a.table-only]
        y = 1.5

        [z]
        list = ["b", "a\"\u007f\u0001\n"]

        [z."in the middle".deep]
        x = true
        "#);
        let (read, mistakes) = parse_toml(&Source::new("x.toml", text));
        assert_eq!(mistakes, []);
        assert_eq!(read.to_json(), document);
    }
}
