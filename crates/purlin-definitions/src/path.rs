//! Paths of definitions and outputs as texts: `packages.x86_64-linux."games/antsimulator"`.

use purlin_model::Diagnostic;

/// A path as a text; names that are more than letters, digits, `-` and `_` are quoted.
///
/// ```
/// assert_eq!(purlin_definitions::path_text(&["packages", "a/b", "c"]), "packages.\"a/b\".c");
/// ```
#[must_use]
pub fn path_text(path: &[impl AsRef<str>]) -> String {
    let mut text = String::new();
    for (position, name) in path.iter().enumerate() {
        if position > 0 {
            text.push('.');
        }
        let name = name.as_ref();
        if !name.is_empty() && name.bytes().all(is_bare) {
            text.push_str(name);
        } else {
            text.push('"');
            for character in name.chars() {
                if matches!(character, '"' | '\\') {
                    text.push('\\');
                }
                text.push(character);
            }
            text.push('"');
        }
    }
    text
}

/// Reads a path. Only names with a dot, a quote or a backslash in them need quotes, since a shell
/// takes quotes away.
///
/// # Errors
/// A name is empty, or a quote is not closed.
pub fn parse_path(text: &str) -> Result<Vec<String>, Diagnostic> {
    let wrong = |why: &str| {
        Diagnostic::error("bad-path", format!("`{text}` is not a path"))
            .detail(why.to_owned())
            .help("names are separated by dots, as in `packages.x86_64-linux.hello`".to_owned())
    };
    let mut path = Vec::new();
    if text.is_empty() {
        return Ok(path);
    }
    let mut rest = text;
    loop {
        let name;
        (name, rest) = match rest.strip_prefix('"') {
            Some(quoted) => quoted_name(quoted).ok_or_else(|| wrong("A quote is not closed."))?,
            None => {
                let end = rest.find('.').unwrap_or(rest.len());
                (rest[..end].to_owned(), &rest[end..])
            }
        };
        if name.is_empty() {
            return Err(wrong("A name in it is empty."));
        }
        path.push(name);
        match rest.strip_prefix('.') {
            Some(more) => rest = more,
            None if rest.is_empty() => return Ok(path),
            None => return Err(wrong("There is a dot missing behind a quote.")),
        }
    }
}

/// The name up to the closing quote, and what comes behind that.
fn quoted_name(text: &str) -> Option<(String, &str)> {
    let mut name = String::new();
    let mut characters = text.char_indices();
    while let Some((place, character)) = characters.next() {
        match character {
            '"' => return Some((name, &text[place + 1..])),
            '\\' => name.push(characters.next()?.1),
            other => name.push(other),
        }
    }
    None
}

fn is_bare(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_comes_back_from_its_text() {
        for path in [&["a"][..], &["packages", "x86_64-linux", "a/b.c"], &["q\"\\", "é", " "]] {
            assert_eq!(parse_path(&path_text(path)).unwrap(), path);
        }
        assert_eq!(parse_path("packages.a/b").unwrap(), ["packages", "a/b"]);
        assert!(parse_path("").unwrap().is_empty());
    }

    #[test]
    fn what_is_no_path_is_told() {
        for text in ["a..b", ".a", "a.", "\"a", "\"a\"b", "\"\""] {
            assert_eq!(parse_path(text).unwrap_err().code, "bad-path", "{text}");
        }
    }
}
