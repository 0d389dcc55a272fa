//! `[runtime]`, and the `entry` that a feature may have for itself.

use purlin_model::Kind;

use super::fields::{Fields, Report, Text};
use super::parse::checked_file;
use super::text::{climbs, is_outside_content, parse_size, parse_time};
use super::{Place, PythonEnvironment, Runtime, RuntimeEntry};
use crate::RuntimeKind;

const KINDS: [(&str, RuntimeKind); 4] = [
    ("native", RuntimeKind::Native),
    ("starlark", RuntimeKind::Starlark),
    ("process", RuntimeKind::Process),
    ("wasm", RuntimeKind::Wasm),
];

/// `None` when it does not say a kind that exists.
pub(super) fn read_runtime(mut table: Fields<'_>) -> Option<Runtime> {
    let report = table.report();
    let written = table.value("kind").is_some();
    if !written {
        table.missing("kind", "`native`, `starlark` or `process`");
    }
    let kind = read_kind(&mut table, "kind");
    let entry = read_entry(&mut table, kind);
    if let Some(kind @ (RuntimeKind::Starlark | RuntimeKind::Process)) = kind
        && table.value("entry").is_none()
    {
        table.missing("entry", expected_entry(kind));
    }
    let python = table.table("python").map(|mut python| {
        if kind.is_some_and(|kind| kind != RuntimeKind::Process) {
            report.error(
                "bad-value",
                "only a process has a Python environment",
                (python.origin, "this has no effect"),
                "set kind = \"process\" or remove it".to_owned(),
            );
        }
        let environment = PythonEnvironment {
            requires: python.owned_texts("requires"),
            overrides: python.owned_texts("overrides"),
        };
        python.finish();
        environment
    });
    let memory = measured(&mut table, "memory", parse_size, "a size such as `512MiB`");
    let max_concurrency = table.count("max-concurrency");
    let time = "a time such as `10s` or `500ms`";
    let startup_timeout_ms = measured(&mut table, "startup-timeout", parse_time, time);
    let call_timeout_ms = measured(&mut table, "call-timeout", parse_time, time);
    let place = Place::of(table.origin);
    table.finish();
    Some(Runtime {
        kind: kind?,
        entry,
        python,
        memory,
        max_concurrency,
        startup_timeout_ms,
        call_timeout_ms,
        place,
    })
}

/// The runtime that a key names; one that does not exist or is reserved is reported.
pub(super) fn read_kind(table: &mut Fields<'_>, key: &'static str) -> Option<RuntimeKind> {
    let kind = table.choice(key, "unknown-runtime", &KINDS)?;
    if kind == RuntimeKind::Wasm
        && let Some(value) = table.value(key)
    {
        table.report().error(
            "unknown-runtime",
            "the runtime `wasm` is reserved for later",
            (&value.origin, "this version of Purlin cannot run it"),
            "use `starlark` or `process`".to_owned(),
        );
        return None;
    }
    Some(kind)
}

/// Reads `entry` and checks that it fits the runtime; `kind` is `None` where that is unknown.
pub(super) fn read_entry(
    table: &mut Fields<'_>,
    kind: Option<RuntimeKind>,
) -> Option<RuntimeEntry> {
    let value = table.value("entry")?;
    let report = table.report();
    let entry = match &value.kind {
        Kind::String(text) => {
            let fits = kind.is_none_or(|kind| kind == RuntimeKind::Starlark);
            let text = Text { text, origin: &value.origin };
            let file = fits.then(|| checked_file(report, text));
            file.map(|file| file.map(|file| RuntimeEntry::File(file.path)))
        }
        Kind::Table(_) => {
            let fits = kind.is_none_or(|kind| kind == RuntimeKind::Process);
            let module = table.table("entry").map(|table| read_module(report, table));
            fits.then(|| module.flatten())
        }
        Kind::List(items) => {
            let fits = kind.is_none_or(|kind| kind == RuntimeKind::Process);
            if items.is_empty() {
                report.error(
                    "bad-value",
                    format!("`entry` in {} is empty", table.title),
                    (&value.origin, "a program is needed"),
                    None,
                );
            }
            let words = table.texts("entry");
            check_command(report, &words);
            let words = words.iter().map(|word| word.text.to_owned()).collect();
            fits.then_some(Some(RuntimeEntry::Command(words)))
        }
        _ => {
            table.wrong_type("entry", "a file, a list of arguments or { module = \"…\" }", value);
            return None;
        }
    };
    if let (None, Some(kind)) = (&entry, kind) {
        report.error(
            "bad-entry",
            format!("`entry` in {} does not fit the runtime `{kind}`", table.title),
            (&value.origin, format!("this is {}", value.described())),
            match kind {
                RuntimeKind::Native | RuntimeKind::Wasm => {
                    "remove it: the code is compiled in".to_owned()
                }
                _ => format!("write {}", expected_entry(kind)),
            },
        );
    }
    entry.flatten()
}

/// What `entry` looks like for a runtime, as messages say it.
pub(super) fn expected_entry(kind: RuntimeKind) -> &'static str {
    match kind {
        RuntimeKind::Starlark => "a Starlark file such as \"plugin.star\"",
        _ => "{ module = \"NAME\" } for Python, or a list: a program and its arguments",
    }
}

/// Where a program lies decides what it may read, so its path must be what it seems; and what
/// consent does not cover is not run.
fn check_command(report: &Report, words: &[Text<'_>]) {
    if let Some(program) = words.first().filter(|program| climbs(program.text)) {
        report.error(
            "bad-entry",
            format!("the path of the program `{}` has `..` in it", program.text),
            (program.origin, "this may lead anywhere"),
            "write the path without `..`".to_owned(),
        );
    }
    // A word is a file of the plugin, an option, or a text that means something to the program.
    let is_path = |word: &&Text<'_>| word.text.contains('/') && !word.text.starts_with('-');
    for word in words.iter().filter(is_path).filter(|word| is_outside_content(word.text)) {
        refuse_outside(report, word);
    }
}

fn refuse_outside(report: &Report, named: &Text<'_>) {
    report.error(
        "bad-entry",
        format!("`{}` lies in a folder that consent leaves out", named.text),
        (named.origin, "this is not compared with what was consented to"),
        "put it into another folder".to_owned(),
    );
}

fn read_module(report: &Report, mut table: Fields<'_>) -> Option<RuntimeEntry> {
    let module = table.required_text("module");
    table.finish();
    let module = module?;
    if !module.text.split('.').all(super::text::is_identifier) {
        report.error(
            "bad-name",
            format!("`{}` is not the name of a Python module", module.text),
            (module.origin, "names joined by dots are expected"),
            None,
        );
    }
    if is_outside_content(&module.text.replace('.', "/")) {
        refuse_outside(report, &module);
    }
    Some(RuntimeEntry::Module(module.text.to_owned()))
}

fn measured(
    table: &mut Fields<'_>,
    key: &'static str,
    parse: fn(&str) -> Option<u64>,
    expected: &str,
) -> Option<u64> {
    let text = table.text(key)?;
    let amount = parse(text.text);
    if amount.is_none() {
        table.report().error(
            "bad-value",
            format!("`{key}` in {} cannot be `{}`", table.title, text.text),
            (text.origin, format!("{expected} is expected")),
            None,
        );
    }
    amount
}
