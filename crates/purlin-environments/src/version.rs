//! Versions and their order.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::str::FromStr;
use std::sync::Arc;

use crate::Error;

/// A version: tokens of letters, digits and `_`, with one character between two of them that means
/// nothing (`1.2-3` and `1.2.3` are equal).
///
/// A token is compared run by run. A run that is no number comes before a number; two that are none
/// compare as ASCII does (upper case, `_`, lower case); numbers compare by value, and then as texts. What
/// another version begins with is smaller than that: `1.0` < `1.0.0`, and so is `1.0` < `1.0.alpha`.
/// The empty version is the smallest.
#[derive(Clone, Default)]
pub struct Version(Arc<str>);

/// What versions are compared by, in this order.
#[derive(PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Piece<'a> {
    /// A token ends here.
    End,
    /// A run without digits.
    Word(&'a str),
    /// A run of digits: how many count, those, and the whole text.
    Number(usize, &'a str, &'a str),
}

impl Version {
    /// As it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// True for the version that is smaller than all others.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Where the versions that begin with this one end: `1_` for `1`, behind `1.9` and `1A` and before `1a`.
    /// `None` for the empty version, with which all begin.
    #[must_use]
    pub fn next(&self) -> Option<Self> {
        (!self.is_empty()).then(|| Self(format!("{}_", self.0).into()))
    }

    fn pieces(&self) -> impl Iterator<Item = Piece<'_>> {
        let mut rest: &str = &self.0;
        let mut inside = false;
        std::iter::from_fn(move || {
            let Some(first) = rest.chars().next() else {
                return std::mem::take(&mut inside).then_some(Piece::End);
            };
            if !is_of_token(first) {
                rest = &rest[first.len_utf8()..];
                inside = false;
                return Some(Piece::End);
            }
            inside = true;
            let digits = first.is_ascii_digit();
            let alike = |c: char| is_of_token(c) && c.is_ascii_digit() == digits;
            let (run, behind) = rest.split_at(rest.find(|c| !alike(c)).unwrap_or(rest.len()));
            rest = behind;
            if !digits {
                return Some(Piece::Word(run));
            }
            let value = run.trim_start_matches('0');
            Some(Piece::Number(value.len(), value, run))
        })
    }
}

/// True for the characters that tokens are made of.
pub(crate) fn is_of_token(character: char) -> bool {
    character.is_ascii_alphanumeric() || character == '_'
}

impl FromStr for Version {
    type Err = Error;

    /// Any single character may stand between two tokens; ranges know `.` and `-` alone.
    fn from_str(text: &str) -> Result<Self, Error> {
        let mut separated = true;
        for character in text.chars() {
            let separator = !is_of_token(character);
            if separator && separated {
                return Err(Error::Version(text.to_owned()));
            }
            separated = separator;
        }
        if separated && !text.is_empty() {
            return Err(Error::Version(text.to_owned()));
        }
        Ok(Self(text.into()))
    }
}

impl fmt::Display for Version {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl fmt::Debug for Version {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, formatter)
    }
}

impl Ord for Version {
    fn cmp(&self, other: &Self) -> Ordering {
        self.pieces().cmp(other.pieces())
    }
}

impl PartialOrd for Version {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Version {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Version {}

impl Hash for Version {
    fn hash<H: Hasher>(&self, state: &mut H) {
        for piece in self.pieces() {
            piece.hash(state);
        }
    }
}
