//! The rules that compilers write for Make: `target: prerequisite prerequisite`.
//!
//! Lines continue behind a `\` at their end; a space, a tab, a `#` or a `:` is part of a name
//! behind a `\`, and `$$` is one `$`. Targets are left out, so the empty rules that some compilers
//! add for each header say nothing.
//!
//! Relative names are relative to the workspace's root. Absolute ones inside it are made relative.
//! Names outside it are left out: they are the system's headers and libraries, which are outside
//! the key as all tools of the system are.

use std::collections::BTreeSet;
use std::path::{Component, Path, PathBuf};

use purlin_plugin::literal_glob;

/// The prerequisites of all rules as globs that match nothing else, each once and sorted.
///
/// # Errors
/// A sentence with the number of a line that is no rule.
pub fn globs(content: &str, root: &Path) -> Result<Vec<String>, String> {
    // Compilers name files by the real path of the folder that they run in.
    let real = std::fs::canonicalize(root).unwrap_or_else(|_| root.to_owned());
    let mut found = BTreeSet::new();
    for prerequisite in prerequisites(content)? {
        if let Some(path) = inside(Path::new(&prerequisite), &[root, &real]) {
            found.insert(literal_glob(&path));
        }
    }
    Ok(found.into_iter().collect())
}

/// The path from the root, if it leads to something inside.
fn inside(path: &Path, roots: &[&Path]) -> Option<String> {
    let mut plain = PathBuf::new();
    for component in path.components() {
        match component {
            Component::CurDir => {}
            // Above the file system's root is that root; above the workspace's is outside.
            Component::ParentDir if plain.pop() || path.is_absolute() => {}
            Component::ParentDir => return None,
            other => plain.push(other),
        }
    }
    let relative = if plain.is_absolute() {
        roots.iter().find_map(|root| plain.strip_prefix(root).ok())?
    } else {
        &plain
    };
    relative.to_str().filter(|path| !path.is_empty()).map(str::to_owned)
}

fn prerequisites(content: &str) -> Result<Vec<String>, String> {
    let mut names = Vec::new();
    let mut lines = content.lines().enumerate();
    while let Some((number, line)) = lines.next() {
        let mut rule = line.to_owned();
        while continues(&rule) {
            rule.pop();
            rule.push(' ');
            rule.push_str(lines.next().map_or("", |(_, line)| line));
        }
        names.extend(prerequisites_of(&rule).ok_or_else(|| {
            format!("line {} is not a rule such as `target: prerequisite`", number + 1)
        })?);
    }
    Ok(names)
}

/// True when an odd number of `\` ends the line.
fn continues(line: &str) -> bool {
    line.bytes().rev().take_while(|byte| *byte == b'\\').count() % 2 == 1
}

/// The names behind the colon of one rule; `None` when there is no colon. An empty line and a
/// comment have none and need none.
fn prerequisites_of(rule: &str) -> Option<Vec<String>> {
    let mut names: Vec<String> = Vec::new();
    let mut name = String::new();
    let mut is_target = true;
    let mut characters = rule.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '\\' => {
                let mut run = 1;
                while characters.next_if_eq(&'\\').is_some() {
                    run += 1;
                }
                // Only in front of these does Make take a `\` for more than itself.
                match characters.next_if(|next| run % 2 == 1 && is_escapable(*next)) {
                    Some(escaped) => {
                        name.extend(std::iter::repeat_n('\\', run / 2));
                        name.push(escaped);
                    }
                    None if characters.peek().is_some_and(|next| is_escapable(*next)) => {
                        name.extend(std::iter::repeat_n('\\', run / 2));
                    }
                    None => name.extend(std::iter::repeat_n('\\', run)),
                }
            }
            '$' => {
                characters.next_if_eq(&'$');
                name.push('$');
            }
            '#' if name.is_empty() => break,
            ':' if is_target && characters.peek().is_none_or(|next| next.is_whitespace()) => {
                is_target = false;
                name.clear();
                names.clear();
            }
            ' ' | '\t' => {
                if !name.is_empty() {
                    names.push(std::mem::take(&mut name));
                }
            }
            other => name.push(other),
        }
    }
    if !name.is_empty() {
        names.push(name);
    }
    (!is_target || names.is_empty()).then_some(names)
}

fn is_escapable(character: char) -> bool {
    matches!(character, ' ' | '\t' | '#' | ':')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(content: &str) -> Vec<String> {
        globs(content, Path::new("/w")).expect("it is right")
    }

    #[test]
    fn rules_of_compilers() {
        let gcc = "build/main.o: src/main.c src/../include/a.h \\\n  ./include/b.h \\\r\n /w/gen/c.h\n\n\
                   include/b.h:\n\n/usr/include/stdio.h:\n";
        assert_eq!(found(gcc), ["gen/c.h", "include/a.h", "include/b.h", "src/main.c"]);
        let rustc = "/w/target/a: src/a.rs src/b.rs\n\nsrc/a.rs:\nsrc/b.rs:\n\n# env-dep:HOME=/x\n";
        assert_eq!(found(rustc), ["src/a.rs", "src/b.rs"]);
    }

    #[test]
    fn names_with_odd_characters() {
        assert_eq!(
            found(r"a.o: with\ space.c b$$c.h x\#y.h p\:q.h C:/z.h"),
            ["C:/z.h", "b$c.h", "p:q.h", "with space.c", "x#y.h"]
        );
        assert_eq!(found(r"t: a\b.h c\\\ d.h e\\ f.h"), [r"a\\b.h", r"c\\ d.h", r"e\\", "f.h"]);
        assert_eq!(
            found("t: app/[id]/{x}*?.js !a #comment b"),
            [r"\!a", r"app/\[id\]/\{x\}\*\?.js"]
        );
        assert_eq!(found("with\\ space.o: a.c\nt:: b.c\nx y: c.c"), ["a.c", "b.c", "c.c"]);
    }

    #[test]
    fn what_is_outside_is_left_out() {
        assert_eq!(
            found("t: /usr/include/a.h ../b.h x/../../c.h /w/../d.h /wide/e.h /w /w/x/../f.h ."),
            ["f.h"]
        );
    }

    #[test]
    fn what_is_no_rule_is_told_with_its_line() {
        for (content, line) in [("a.c b.c\n", 1), ("t: a \\\n b\n\nX = y\n", 4), ("{}", 1)] {
            let error = globs(content, Path::new("/w")).expect_err(content);
            assert!(error.starts_with(&format!("line {line} ")), "{content}: {error}");
        }
        assert_eq!(found(""), Vec::<String>::new());
        assert_eq!(found("t: a \\"), ["a"]);
    }
}
