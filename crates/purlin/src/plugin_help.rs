//! The flags that plugins add to a verb, as they stand below its help. They are told from the index as
//! lines: a parser that knows a thousand flags takes its time to tell of them.

use std::collections::BTreeMap;

use purlin_host::WordLine;

use crate::draw;

/// The text, by the names of the plugins.
pub(crate) fn flags(lines: &[WordLine]) -> String {
    let mut plugins: BTreeMap<&str, Vec<&WordLine>> = BTreeMap::new();
    for line in lines {
        plugins.entry(&line.plugin).or_default().push(line);
    }
    let sections = plugins.into_iter().map(|(plugin, lines)| section(plugin, &lines));
    sections.collect::<Vec<_>>().join("\n")
}

fn section(plugin: &str, lines: &[&WordLine]) -> String {
    let flags: Vec<String> = lines.iter().map(|line| flag(line)).collect();
    let width = flags.iter().map(String::len).max().unwrap_or(0);
    let mut text = format!("From the plugin `{plugin}`:\n");
    for (flag, line) in flags.iter().zip(lines) {
        let row = format!("      {flag:width$}  {}", about(line));
        text.push_str(&draw::harmless_line(row.trim_end()));
        text.push('\n');
    }
    text
}

/// `--name <NAME>`, as the parser would show it.
fn flag(line: &WordLine) -> String {
    let name = &line.name;
    match &line.values {
        Some(_) => format!("--{name} <{}>", name.to_uppercase().replace('-', "_")),
        None => format!("--{name}"),
    }
}

fn about(line: &WordLine) -> String {
    let mut about = line.about.clone();
    if let Some(instead) = &line.deprecated {
        about.push_str(&format!(" (deprecated: {instead})"));
    }
    if line.trouble.is_some() {
        about.push_str(" (cannot be used)");
    } else if let Some(values) = line.values.as_ref().filter(|values| !values.is_empty()) {
        about.push_str(&format!(" [possible values: {}]", values.join(", ")));
    }
    about.trim_start().to_owned()
}
