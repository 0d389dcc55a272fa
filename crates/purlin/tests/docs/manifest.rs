//! The examples of `docs/reference/manifest.md` are manifests.

use purlin_model::Source;
use purlin_plugin::manifest::{HOOK_EVENTS, parse_manifest};
use purlin_plugin::{Point, RuntimeKind};

use super::markdown::blocks;
use super::{page, read};

/// What an example that leaves it out begins with.
const PLUGIN: &str = "[plugin]\nname = 'example'\nversion = '1.0.0'\napi = '1'\n";
const RUNTIME: &str = "[runtime]\nkind = 'process'\nentry = { module = 'example' }\n";

#[test]
fn each_example_is_a_manifest() {
    let text = read(&page("reference/manifest.md"));
    let mut seen = Vec::new();
    for block in blocks(&text).iter().filter(|block| block.language == "toml") {
        let mut document = String::new();
        if !block.text.contains("[plugin]") {
            document.push_str(PLUGIN);
            if !block.text.contains("[runtime]") && !block.has("static") {
                document.push_str(RUNTIME);
            }
        }
        document.push_str(&block.text);
        let parsed = parse_manifest(&Source::new("manifest.md", document));
        assert!(parsed.diagnostics.is_empty(), "line {}: {:#?}", block.line, parsed.diagnostics);
        seen.extend(parsed.manifest.unwrap().features.iter().map(|feature| feature.point));
    }
    for point in Point::ALL {
        assert!(seen.contains(&point), "no example of {point}");
        assert!(text.contains(&format!("\n### `{point}`\n")), "no heading for {point}");
    }
}

#[test]
fn the_closed_lists_are_whole() {
    let text = read(&page("reference/manifest.md"));
    for event in HOOK_EVENTS {
        assert!(text.contains(&format!("`{event}`")), "{event} is missing");
    }
    for point in Point::ALL {
        let mark = |kind| if point.allows(kind) { "yes" } else { "no" };
        let runtimes = [RuntimeKind::Native, RuntimeKind::Process, RuntimeKind::Starlark].map(mark);
        let files = if point.may_be_static() { "yes" } else { "no" };
        let row = format!("| `{point}` | {} | {files} |", runtimes.join(" | "));
        assert!(text.contains(&row), "this row is missing: {row}");
    }
}
