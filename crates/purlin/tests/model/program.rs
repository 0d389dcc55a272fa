//! What commands do: each deed as the shell does it, and as a function of the files.

use super::files::{Node, Pattern, Tree, matching};

/// One deed of a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Deed {
    /// Writes names, executable bits and contents of files into one.
    Collect(&'static [Pattern], &'static str),
    /// Fills a folder with a copy of each file, and nothing else.
    CopyEach(Pattern, &'static str),
    /// Makes a link.
    Link(&'static str, &'static str),
    /// Takes blanks off the ends of lines, in place: twice is the same as once.
    Trim(Pattern),
    /// Adds a line, in place: twice is not the same as once.
    Grow(Pattern),
    /// Says something.
    Say(&'static str),
    /// Says what is in a file.
    Show(&'static str),
    /// Writes the process variable `REGION`.
    Region(&'static str),
    /// Writes the process variable `WORD`, which a file sets.
    Word(&'static str, &'static str),
    /// Writes a word that is found with braces and dollars which Purlin must not touch.
    Braces(&'static str),
    /// Ends with a status if a file says so.
    FailIf(&'static str, &'static str, i32),
    /// Is killed if a file says so.
    DieIf(&'static str, &'static str),
}

/// How a command ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    Success,
    Failure,
}

impl Deed {
    pub(crate) fn shell(self) -> String {
        match self {
            Self::Collect(patterns, to) => {
                let words: Vec<String> = patterns.iter().map(|one| one.words()).collect();
                let words = words.join(" ");
                format!(
                    r#"{make}; rm -f "{to}"; for f in {words}; do [ -f "$f" ] && {{ [ -x "$f" ] && echo "$f x" || echo "$f"; cat "$f"; }}; done > "{to}""#,
                    make = to
                        .rsplit_once('/')
                        .map_or(":".to_owned(), |(folder, _)| format!("mkdir -p \"{folder}\"")),
                )
            }
            Self::CopyEach(from, to) => {
                let words = from.words();
                format!(
                    r#"rm -rf "{to}"; mkdir "{to}"; for f in {words}; do [ -f "$f" ] && cp "$f" "{to}/${{f##*/}}.out"; done"#
                )
            }
            Self::Link(target, to) => format!("ln -sfn {target} {to}"),
            Self::Trim(files) => {
                format!(
                    r#"for f in {}; do [ -f "$f" ] && sed -i 's/ *$//' "$f"; done"#,
                    files.words()
                )
            }
            Self::Grow(files) => {
                format!(r#"for f in {}; do [ -f "$f" ] && echo + >> "$f"; done"#, files.words())
            }
            Self::Say(text) => format!("echo {text}"),
            Self::Show(path) => format!("cat {path} 2>/dev/null"),
            Self::Region(to) => format!(r#"rm -f {to}; echo "$REGION" > {to}"#),
            Self::Word(_, to) => format!(r#"rm -f "{to}"; echo "$WORD" > "{to}""#),
            Self::Braces(to) => {
                format!(
                    r#"rm -f {to}; echo "${{HOME##*/}} x" | awk "{{print \$1}}" > {to}; for f in src/{{a,b}}; do :; done"#
                )
            }
            Self::FailIf(path, text, status) => {
                format!("if grep -qx {text} {path} 2>/dev/null; then exit {status}; fi")
            }
            Self::DieIf(path, text) => {
                format!("if grep -qx {text} {path} 2>/dev/null; then kill -9 $$; fi")
            }
        }
    }

    /// Does it to the files; says what it says, and how it ends when that ends the command.
    fn apply(self, files: &mut Tree, region: &str, said: &mut String) -> Option<End> {
        match self {
            Self::Collect(patterns, to) => {
                files.remove(to);
                let mut text = String::new();
                for pattern in patterns {
                    for (path, node) in matching(files, &[*pattern]) {
                        let Some(node) = resolved(files, &path, &node) else { continue };
                        let mark = if node.is_executable() { " x" } else { "" };
                        text.push_str(&format!("{path}{mark}\n{}", node.text()));
                    }
                }
                files.insert(to.to_owned(), Node::file(text));
            }
            Self::CopyEach(from, to) => {
                files.retain(|path, _| !Pattern::Below(to).matches(path));
                for (path, node) in matching(files, &[from]) {
                    let Some(node) = resolved(files, &path, &node) else { continue };
                    let name = path.rsplit('/').next().expect("there is a last part");
                    files.insert(format!("{to}/{name}.out"), node);
                }
            }
            Self::Link(target, to) => {
                files.insert(to.to_owned(), Node::Link(target.to_owned()));
            }
            Self::Trim(pattern) => change(files, pattern, |text| {
                text.lines().map(|line| format!("{}\n", line.trim_end_matches(' '))).collect()
            }),
            Self::Grow(pattern) => change(files, pattern, |text| format!("{text}+\n")),
            Self::Say(text) => said.push_str(&format!("{text}\n")),
            Self::Show(path) => said.push_str(files.get(path).map_or("", Node::text)),
            Self::Region(to) => {
                files.insert(to.to_owned(), Node::file(format!("{region}\n")));
            }
            Self::Word(from, to) => {
                let word = word(files, from).unwrap_or_default();
                files.insert(to.to_owned(), Node::file(format!("{word}\n")));
            }
            Self::Braces(to) => {
                files.insert(to.to_owned(), Node::file("home\n"));
            }
            Self::FailIf(path, wanted, _) | Self::DieIf(path, wanted) => {
                let text = files.get(path).map_or("", Node::text);
                if text.lines().any(|line| line == wanted) {
                    return Some(End::Failure);
                }
            }
        }
        None
    }
}

/// Does all deeds, up to one that ends the command.
pub(crate) fn perform(deeds: &[Deed], files: &mut Tree, region: &str, said: &mut String) -> End {
    let mut deeds = deeds.iter();
    deeds.find_map(|deed| deed.apply(files, region, said)).unwrap_or(End::Success)
}

/// The value of `WORD` that a file sets, if it is there.
pub(crate) fn word(files: &Tree, path: &str) -> Option<String> {
    let line = files.get(path)?.text().lines().next()?;
    line.strip_prefix("WORD=").map(str::to_owned)
}

/// What a program sees behind a link.
fn resolved(files: &Tree, path: &str, node: &Node) -> Option<Node> {
    let Node::Link(target) = node else { return Some(node.clone()) };
    let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
    let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    for part in target.split('/') {
        if part == ".." {
            parts.pop();
        } else {
            parts.push(part);
        }
    }
    files.get(&parts.join("/")).cloned()
}

fn change(files: &mut Tree, pattern: Pattern, edit: impl Fn(&str) -> String) {
    for (path, node) in files.iter_mut().filter(|(path, _)| pattern.matches(path)) {
        let Node::File { text, .. } = node else { panic!("{path} is a source, and a file") };
        *text = edit(text);
    }
}
