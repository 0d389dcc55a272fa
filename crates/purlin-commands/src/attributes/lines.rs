//! The lines of a file of attributes, and the patterns in front of them: gitignore's dialect, but that a
//! folder does not stand for what is in it.

use std::collections::HashMap;

/// Words that stand for several.
pub(super) type Macros = HashMap<String, Vec<String>>;

/// The lines of a file.
pub(super) struct Lines(Vec<Line>);

struct Line {
    pattern: String,
    words: Vec<String>,
}

/// How lines begin that give a name to several words.
const NAMING: &str = "[attr]";

impl Lines {
    /// Reads a file.
    pub(super) fn parse(text: &str) -> Self {
        let lines = text.lines().map(str::trim).filter(|line| !line.starts_with('#'));
        let line = |line: &str| {
            let (pattern, rest) = match line.strip_prefix('"') {
                Some(quoted) => quoted.split_once('"')?,
                None => line.split_once([' ', '\t'])?,
            };
            let words = rest.split_whitespace().map(str::to_owned).collect();
            Some(Line { pattern: pattern.to_owned(), words })
        };
        Self(lines.filter_map(line).collect())
    }

    /// What words stand for in all these files; what comes first counts.
    pub(super) fn macros<'l>(files: impl Iterator<Item = &'l Self>) -> Macros {
        let mut macros = Macros::new();
        for line in files.flat_map(|file| &file.0) {
            if let Some(name) = line.pattern.strip_prefix(NAMING) {
                macros.entry(name.to_owned()).or_insert_with(|| line.words.clone());
            }
        }
        let binary = ["-diff", "-merge", "-text"].map(str::to_owned);
        macros.entry("binary".to_owned()).or_insert_with(|| binary.to_vec());
        macros
    }

    /// What is said of a file, whose path is from the folder of these lines: what counts more comes first.
    pub(super) fn of<'l>(
        &'l self,
        path: &'l str,
        macros: &'l Macros,
    ) -> impl Iterator<Item = &'l str> {
        let lines = self.0.iter().rev().filter(|line| takes(&line.pattern, path));
        let words = lines.flat_map(|line| line.words.iter().rev());
        words.flat_map(|word| {
            let meant = macros.get(word).into_iter().flatten().rev();
            std::iter::once(word.as_str()).chain(meant.map(String::as_str))
        })
    }
}

/// Whether a pattern is one of a file.
fn takes(pattern: &str, path: &str) -> bool {
    if pattern.starts_with('!') || pattern.starts_with(NAMING) {
        return false;
    }
    if !pattern.contains('/') {
        let name = path.rsplit('/').next().unwrap_or_default();
        return is_like(pattern.as_bytes(), name.as_bytes());
    }
    let pattern: Vec<&str> = pattern.strip_prefix('/').unwrap_or(pattern).split('/').collect();
    let path: Vec<&str> = path.split('/').collect();
    is_at(&pattern, &path)
}

fn is_at(pattern: &[&str], path: &[&str]) -> bool {
    match (pattern, path) {
        ([], _) => path.is_empty(),
        (["**"], _) => !path.is_empty(),
        (["**", rest @ ..], _) => (0..=path.len()).any(|skipped| is_at(rest, &path[skipped..])),
        ([one, rest @ ..], [name, below @ ..]) => {
            is_like(one.as_bytes(), name.as_bytes()) && is_at(rest, below)
        }
        _ => false,
    }
}

/// Whether a name is like a pattern with `*`, `?`, `[…]` and `\`.
fn is_like(pattern: &[u8], name: &[u8]) -> bool {
    match (pattern, name) {
        ([], _) => name.is_empty(),
        ([b'*', rest @ ..], _) => (0..=name.len()).any(|skipped| is_like(rest, &name[skipped..])),
        ([b'?', rest @ ..], [_, name @ ..]) => is_like(rest, name),
        ([b'[', rest @ ..], [first, name @ ..]) => {
            // A `]` right after the opening, or its `!`, belongs to the class.
            let negated = matches!(rest, [b'!' | b'^', ..]);
            let class = &rest[usize::from(negated)..];
            let end = class.iter().skip(1).position(|byte| *byte == b']').map(|end| end + 1);
            let Some(end) = end else { return false };
            is_among(&class[..end], *first) != negated && is_like(&class[end + 1..], name)
        }
        ([b'\\', letter, rest @ ..] | [letter, rest @ ..], [first, name @ ..]) => {
            letter == first && is_like(rest, name)
        }
        _ => false,
    }
}

fn is_among(class: &[u8], byte: u8) -> bool {
    match class {
        [low, b'-', high, rest @ ..] => (*low..=*high).contains(&byte) || is_among(rest, byte),
        [one, rest @ ..] => *one == byte || is_among(rest, byte),
        [] => false,
    }
}
