//! The spellings of one piece of a range.

use crate::bound::{Bound, Lower, Upper};
use crate::version::is_of_token;
use crate::{Error, Version};

/// What stands in a piece.
#[derive(Debug, Clone, PartialEq)]
enum Word {
    Version(Version),
    Sign(&'static str),
}

/// The longer of two that begin alike stands first.
const SIGNS: [&str; 8] = ["==", "..", ">=", "<=", ">", "<", "+", ","];

/// A piece between two `|`. It is not empty.
pub(super) fn piece(text: &str) -> Result<Bound, Error> {
    let unknown = || Error::Range { range: text.to_owned() };
    let words = words(text).ok_or_else(unknown)?;
    let (lower, upper) = match words.as_slice() {
        [Word::Version(version)] => return Ok(Bound::family(version.clone())),
        [Word::Sign("=="), rest @ ..] => {
            let version = optional(rest).ok_or_else(unknown)?;
            (Lower::new(version.clone(), true), Upper::new(version, true))
        }
        _ => {
            let both = inclusive(&words).or_else(|| ascending(&words));
            both.or_else(|| descending(&words)).ok_or_else(unknown)?
        }
    };
    Bound::new(lower, upper).ok_or_else(|| Error::EmptyRange { range: text.to_owned() })
}

/// `1..5`; either end may be missing, and is the empty version then.
fn inclusive(words: &[Word]) -> Option<(Lower, Upper)> {
    let at = words.iter().position(|word| *word == Word::Sign(".."))?;
    let lower = Lower::new(optional(&words[..at])?, true);
    Some((lower, Upper::new(optional(&words[at + 1..])?, true)))
}

/// `1+`, `>=1`, `>1`, `<5`, `<=5`, and both with or without a comma between.
fn ascending(words: &[Word]) -> Option<(Lower, Upper)> {
    let (lower, rest) = match words {
        [Word::Sign(sign @ (">" | ">=")), rest @ ..] => {
            let (version, rest) = leading(rest);
            (Lower::new(version, *sign == ">="), rest)
        }
        _ => {
            let (version, rest) = leading(words);
            (Lower::new(version, true), rest.strip_prefix(&[Word::Sign("+")]).unwrap_or(rest))
        }
    };
    match rest {
        // A version alone is no lower bound, and was taken for its family before.
        [] => Some((lower, Upper::none())),
        [Word::Sign(","), rest @ ..] if !lower.version.is_empty() => Some((lower, upper(rest)?)),
        _ => Some((lower, upper(rest)?)),
    }
}

/// `<5,>=1`. The comma tells it from a slip of the fingers.
fn descending(words: &[Word]) -> Option<(Lower, Upper)> {
    let at = words.iter().position(|word| *word == Word::Sign(","))?;
    let upper = upper(&words[..at])?;
    match &words[at + 1..] {
        [Word::Sign(sign @ (">" | ">=")), rest @ ..] => {
            Some((Lower::new(optional(rest)?, *sign == ">="), upper))
        }
        _ => None,
    }
}

/// `<5` or `<=5`.
fn upper(words: &[Word]) -> Option<Upper> {
    match words {
        [Word::Sign("<"), Word::Version(version)] => Some(Upper::new(version.clone(), false)),
        [Word::Sign("<="), rest @ ..] => Some(Upper::new(optional(rest)?, true)),
        _ => None,
    }
}

/// A version, or nothing, which is the empty version.
fn optional(words: &[Word]) -> Option<Version> {
    let (version, rest) = leading(words);
    rest.is_empty().then_some(version)
}

fn leading(words: &[Word]) -> (Version, &[Word]) {
    match words {
        [Word::Version(version), rest @ ..] => (version.clone(), rest),
        _ => (Version::default(), words),
    }
}

fn words(text: &str) -> Option<Vec<Word>> {
    let mut words = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        if rest.starts_with(is_of_token) {
            let (version, behind) = rest.split_at(version_length(rest));
            words.push(Word::Version(version.parse().ok()?));
            rest = behind;
        } else {
            let sign = SIGNS.into_iter().find(|sign| rest.starts_with(sign))?;
            words.push(Word::Sign(sign));
            rest = &rest[sign.len()..];
        }
    }
    Some(words)
}

/// Tokens with one `.` or `-` between two; a separator that no token follows belongs to what is next.
fn version_length(text: &str) -> usize {
    let bytes = text.as_bytes();
    let token = |at: usize| bytes.get(at).is_some_and(|byte| is_of_token(char::from(*byte)));
    let mut length = 0;
    loop {
        while token(length) {
            length += 1;
        }
        if !matches!(bytes.get(length), Some(b'.' | b'-')) || !token(length + 1) {
            return length;
        }
        length += 1;
    }
}
