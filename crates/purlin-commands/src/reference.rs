//! How instances are named: `command@space#module?arg=value&other=value`.
//!
//! An id has all the parts that the instance has, in this order; whoever names one may leave parts
//! out. Names of commands, spaces and modules hold none of the separators, and values are encoded, so
//! that two instances never share an id.

use std::fmt::Write as _;

use purlin_model::Diagnostic;

use crate::definition::Named;

/// A command as somebody names it, taken apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Reference {
    /// The command.
    pub(crate) command: String,
    /// The space.
    pub(crate) space: Option<String>,
    /// The module.
    pub(crate) module: Option<String>,
    /// Arguments with their values, as given.
    pub(crate) args: Vec<(String, String)>,
}

impl Reference {
    /// Takes a name apart.
    ///
    /// # Errors
    /// What stands behind `?` is no list of arguments.
    pub(crate) fn parse(named: &Named) -> Result<Self, Diagnostic> {
        let (head, given) = match named.name.split_once('?') {
            Some((head, given)) => (head, Some(given)),
            None => (named.name.as_str(), None),
        };
        let (head, module) = match head.split_once('#') {
            Some((head, module)) => (head, Some(module.to_owned())),
            None => (head, None),
        };
        let (command, space) = match head.split_once('@') {
            Some((command, space)) => (command, Some(space.to_owned())),
            None => (head, None),
        };
        let mut args = Vec::new();
        for pair in given.into_iter().flat_map(|given| given.split('&')) {
            let parts =
                pair.split_once('=').and_then(|(name, value)| Some((name, decoded(value)?)));
            let Some((name, value)) = parts else {
                return Err(Diagnostic::error(
                    "argument",
                    format!("`{pair}` in `{}` gives no argument", named.name),
                )
                .label(named.origin.clone(), "named here")
                .help(
                    "arguments are given as `NAME?ARG=VALUE&OTHER=VALUE`, with `%26` for `&` and `%25` for `%` in values".to_owned(),
                ));
            };
            args.push((name.to_owned(), value));
        }
        Ok(Self { command: command.to_owned(), space, module, args })
    }
}

/// The id of an instance. `args` are those that have a value, by name.
pub(crate) fn id<'a>(
    command: &str,
    space: Option<&str>,
    module: Option<&str>,
    args: impl Iterator<Item = (&'a str, &'a str)>,
) -> String {
    let mut id = command.to_owned();
    for (separator, part) in [('@', space), ('#', module)] {
        if let Some(part) = part {
            id.push(separator);
            id.push_str(part);
        }
    }
    for (place, (name, value)) in args.enumerate() {
        id.push(if place == 0 { '?' } else { '&' });
        id.push_str(name);
        id.push('=');
        encode(value, &mut id);
    }
    id
}

/// Writes a value so that it cannot be taken for anything else.
fn encode(value: &str, text: &mut String) {
    for character in value.chars() {
        let plain = !character.is_whitespace()
            && !character.is_control()
            && !matches!(character, '%' | '&' | '?' | '#' | '@');
        if plain {
            text.push(character);
            continue;
        }
        let mut bytes = [0; 4];
        for byte in character.encode_utf8(&mut bytes).bytes() {
            // Writing to a string cannot fail.
            let _ = write!(text, "%{byte:02x}");
        }
    }
}

/// The value that was encoded so; what is no encoding stands for itself only without a `%`.
fn decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, others @ ..] = rest {
        rest = others;
        if *first != b'%' {
            bytes.push(*first);
            continue;
        }
        let digits = std::str::from_utf8(others.get(..2)?).ok()?;
        bytes.push(u8::from_str_radix(digits, 16).ok()?);
        rest = &others[2..];
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::definition::from_command_line;

    fn parsed(text: &str) -> Reference {
        Reference::parse(&from_command_line(text)).expect("it is right")
    }

    #[test]
    fn an_id_leads_back_to_its_parts() {
        let values = ["", "3.11", "a b", "a&b=c", "50%", "é\n", "x?y#z@w", "%26"];
        for value in values {
            let args = [("first", value), ("second", "x")];
            let id = id("py/test", Some("docs"), Some("src/a_b"), args.into_iter());
            let reference = parsed(&id);
            assert_eq!(reference.command, "py/test");
            assert_eq!(reference.space.as_deref(), Some("docs"));
            assert_eq!(reference.module.as_deref(), Some("src/a_b"));
            let args = args.map(|(name, value)| (name.to_owned(), value.to_owned()));
            assert_eq!(reference.args, args, "{id}");
        }
    }

    #[test]
    fn parts_may_be_left_out() {
        let bare = |command: &str| Reference {
            command: command.to_owned(),
            space: None,
            module: None,
            args: Vec::new(),
        };
        assert_eq!(parsed("lint"), bare("lint"));
        assert_eq!(parsed("lint#a/b"), Reference { module: Some("a/b".into()), ..bare("lint") });
        assert_eq!(parsed("lint@s"), Reference { space: Some("s".into()), ..bare("lint") });
        let args = vec![("x".into(), "a=b".into())];
        assert_eq!(parsed("p.lint?x=a=b"), Reference { args, ..bare("p.lint") });
        for wrong in ["a?", "a?b", "a?b=1&", "a?b=%2", "a?b=%zz", "a?b=%ff"] {
            assert!(Reference::parse(&from_command_line(wrong)).is_err(), "{wrong}");
        }
    }
}
