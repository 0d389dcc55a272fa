//! Files with process variables, in the dialect that `.env` files have in most tools.
//!
//! The parsers that there are for it read the process environment on the way, so that variables
//! which nobody declared would reach commands.

use indexmap::IndexMap;

/// What is wrong with a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct DotenvError {
    /// Offset of the place in bytes.
    pub(crate) place: usize,
    /// Why, in a whole sentence.
    pub(crate) message: String,
}

/// Adds the variables of a file to `variables`; what is set again wins.
///
/// A line is `NAME=value`, with `export` in front if one likes; `#` begins a comment at the beginning
/// of a line and behind white space. `'…'` is literal, `"…"` knows `\n`, `\r`, `\t`, `\"`, `\\` and
/// `\$`; both may go over several lines. `${NAME}`, but for single quotes, stands for a variable that
/// was set further up, in this file or one before.
///
/// # Errors
/// The first line that is none of these.
pub(crate) fn read(
    text: &str,
    variables: &mut IndexMap<String, String>,
) -> Result<(), DotenvError> {
    let text_begin = text.len() - text.trim_start_matches('\u{feff}').len();
    let mut reader = Reader { text, at: text_begin, variables };
    while reader.at < text.len() {
        reader.line()?;
    }
    Ok(())
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
    variables: &'a mut IndexMap<String, String>,
}

impl Reader<'_> {
    fn rest(&self) -> &str {
        &self.text[self.at..]
    }

    fn next(&mut self) -> Option<char> {
        let character = self.rest().chars().next()?;
        self.at += character.len_utf8();
        Some(character)
    }

    fn skip(&mut self, skipped: impl Fn(char) -> bool) {
        self.at = self.text.len() - self.rest().trim_start_matches(skipped).len();
    }

    fn wrong<T>(&self, place: usize, message: impl Into<String>) -> Result<T, DotenvError> {
        Err(DotenvError { place, message: message.into() })
    }

    /// One assignment, or a line without one.
    fn line(&mut self) -> Result<(), DotenvError> {
        self.skip(char::is_whitespace);
        if self.rest().starts_with('#') || self.rest().is_empty() {
            self.skip(|c| c != '\n');
            return Ok(());
        }
        let mut name = self.name()?;
        if name == "export" && self.rest().starts_with([' ', '\t']) {
            self.skip(is_blank);
            if !self.rest().starts_with('=') {
                name = self.name()?;
            }
        }
        self.skip(is_blank);
        if self.next() != Some('=') {
            return self.wrong(self.at.min(self.text.len()), "There is no `=`.");
        }
        self.skip(is_blank);
        let value = self.value()?;
        self.variables.shift_remove(&name);
        self.variables.insert(name, value);
        Ok(())
    }

    fn name(&mut self) -> Result<String, DotenvError> {
        let begin = self.at;
        self.skip(|c| c.is_ascii_alphanumeric() || "_.-".contains(c));
        let name = &self.text[begin..self.at];
        if name.is_empty() || name.starts_with(|c: char| c.is_ascii_digit()) {
            return self.wrong(begin, "A line is `NAME=value`.");
        }
        Ok(name.to_owned())
    }

    fn value(&mut self) -> Result<String, DotenvError> {
        let mut value = String::new();
        if let Some(quote @ ('"' | '\'')) = self.rest().chars().next() {
            let begin = self.at;
            self.next();
            loop {
                match self.next() {
                    None => return self.wrong(begin, "This quote is never closed."),
                    Some(end) if end == quote => break,
                    Some('\\') if quote == '"' => match self.next() {
                        Some('n') => value.push('\n'),
                        Some('r') => value.push('\r'),
                        Some('t') => value.push('\t'),
                        Some(other @ ('"' | '\\' | '$')) => value.push(other),
                        other => {
                            value.push('\\');
                            value.extend(other);
                        }
                    },
                    Some('$') if quote == '"' => self.dollar(&mut value)?,
                    Some(other) => value.push(other),
                }
            }
            self.skip(is_blank);
            if !self.rest().is_empty() && !self.rest().starts_with(['#', '\n', '\r']) {
                return self.wrong(self.at, "Something stands behind the closing quote.");
            }
            self.skip(|c| c != '\n');
            return Ok(value);
        }
        while let Some(character) = self.rest().chars().next().filter(|c| *c != '\n') {
            if character == '#' && (value.is_empty() || value.ends_with(is_blank)) {
                self.skip(|c| c != '\n');
                break;
            }
            self.next();
            match character {
                '$' => self.dollar(&mut value)?,
                other => value.push(other),
            }
        }
        Ok(value.trim_end().to_owned())
    }

    /// What stands for a `$` and what follows.
    fn dollar(&mut self, value: &mut String) -> Result<(), DotenvError> {
        let Some(rest) = self.rest().strip_prefix('{') else {
            value.push('$');
            return Ok(());
        };
        let begin = self.at - 1;
        let Some(close) = rest.find(['}', '\n']).filter(|at| rest[*at..].starts_with('}')) else {
            return self.wrong(begin, "This `${` is never closed.");
        };
        let name = rest[..close].to_owned();
        let Some(known) = self.variables.get(&name) else {
            return self.wrong(begin, format!("`{name}` is not set further up. Of a process variable of yours, `env` of a command knows."));
        };
        value.push_str(known);
        self.at += close + 2;
        Ok(())
    }
}

fn is_blank(character: char) -> bool {
    matches!(character, ' ' | '\t' | '\r')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_all(texts: &[&str]) -> Result<Vec<(String, String)>, DotenvError> {
        let mut variables = IndexMap::new();
        for text in texts {
            read(text, &mut variables)?;
        }
        Ok(variables.into_iter().collect())
    }

    fn one(text: &str) -> String {
        let all = read_all(&[text]).expect("it is right");
        assert_eq!(all.len(), 1, "{all:?}");
        all[0].1.clone()
    }

    #[test]
    fn values_are_quoted_as_everywhere() {
        for (text, value) in [
            ("A=b", "b"),
            ("A = b c  \r\n", "b c"),
            ("export A=b # comment", "b"),
            ("A=b#c", "b#c"),
            ("A=", ""),
            ("A=  # nothing", ""),
            ("\u{feff}# first\n\n  A='b \"c\" \\n ${D} #'  # more\n", "b \"c\" \\n ${D} #"),
            ("A=\"b\\n\\\"c\\\" \\$ \\x\"", "b\n\"c\" $ \\x"),
            ("A=\"one\ntwo\"", "one\ntwo"),
            ("A=pa$$word$1", "pa$$word$1"),
            ("export=1", "1"),
            ("A=é=ü", "é=ü"),
        ] {
            assert_eq!(one(text), value, "{text}");
        }
    }

    #[test]
    fn the_last_one_wins_and_may_refer_to_those_before() {
        let all = read_all(&["A=1\nB=\"${A}/b\"", "A=${B}2\nC='${A}'"]).expect("it is right");
        let all: Vec<_> = all.iter().map(|(name, value)| format!("{name}={value}")).collect();
        assert_eq!(all, ["B=1/b", "A=1/b2", "C=${A}"]);
    }

    #[test]
    fn what_is_no_assignment_is_told_with_its_place() {
        for (text, place) in [
            ("A=1\nB 2\n", 7),
            ("A=1\n=2\n", 4),
            ("A='b", 2),
            ("A='b' c", 6),
            ("A=${B}", 2),
            ("A=x\nB=${A", 6),
            ("1A=2", 0),
            ("A", 1),
        ] {
            let error = read_all(&[text]).expect_err(text);
            assert_eq!(error.place, place, "{text}: {}", error.message);
        }
    }
}
