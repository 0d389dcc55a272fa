//! What somebody asks of one package.

use std::fmt;
use std::str::FromStr;

use crate::{Error, Range};

/// How a request asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Strength {
    /// `foo-1`: the package is wanted, in a version of the range.
    Wanted,
    /// `!foo-1`: no version of the range may be there.
    Conflict,
    /// `~foo-1`: if the package is there, then in a version of the range.
    Weak,
}

/// A request for one package: `foo`, `foo-1+`, `foo>=1,<2`, `foo==1.2`, `!foo-5`, `~foo-1`. A name that
/// begins with `.` is ephemeral: a mere agreement, which no package stands behind.
///
/// `@` and `#` may stand for the `-`, and are printed again. A name may hold any character but
/// `- @ # = < >`, as rez has it; whether a package may be called so is for repositories to say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// The package's name, with the dot of an ephemeral.
    pub name: String,
    /// How it asks.
    pub strength: Strength,
    /// For [`Strength::Wanted`] and [`Strength::Weak`] the versions that may be there; for
    /// [`Strength::Conflict`] those that may not.
    pub range: Range,
    separator: char,
}

impl Request {
    /// Wants the package in a version of the range.
    #[must_use]
    pub fn wanted(name: impl Into<String>, range: Range) -> Self {
        Self { name: name.into(), strength: Strength::Wanted, range, separator: '-' }
    }

    /// True where no package stands behind the name.
    #[must_use]
    pub fn is_ephemeral(&self) -> bool {
        self.name.starts_with('.')
    }

    /// True where the package is to be there.
    #[must_use]
    pub fn is_wanted(&self) -> bool {
        self.strength == Strength::Wanted
    }

    /// The versions that may not be there; `None` where all may.
    #[must_use]
    pub fn excluded(&self) -> Option<Range> {
        match self.strength {
            Strength::Wanted => None,
            Strength::Conflict => Some(self.range.clone()),
            Strength::Weak => self.range.inverse(),
        }
    }

    /// One request that asks for both; `None` where both cannot be had.
    #[must_use]
    pub fn merged(&self, other: &Self) -> Option<Self> {
        debug_assert_eq!(self.name, other.name, "requests of one package are merged");
        let (one, two) = (self, other);
        match (one.is_wanted(), two.is_wanted()) {
            (true, true) => {
                let range = one.range.intersection(&two.range)?;
                Some(Self { range, ..one.clone() })
            }
            (true, false) => one.without(two),
            (false, true) => two.without(one),
            (false, false) => {
                let (Some(first), Some(second)) = (one.excluded(), two.excluded()) else {
                    let free = if one.excluded().is_none() { two } else { one };
                    return Some(free.clone());
                };
                let excluded = first.union(&second);
                let weak = one.strength == Strength::Weak && two.strength == Strength::Weak;
                Some(match excluded.inverse().filter(|_| weak) {
                    Some(range) => Self { range, ..one.clone() },
                    None => Self { strength: Strength::Conflict, range: excluded, ..one.clone() },
                })
            }
        }
    }

    /// True where both cannot be had.
    #[must_use]
    pub fn conflicts_with(&self, other: &Self) -> bool {
        self.name == other.name && self.merged(other).is_none()
    }

    fn without(&self, other: &Self) -> Option<Self> {
        let Some(excluded) = other.excluded() else { return Some(self.clone()) };
        let range = self.range.difference(&excluded)?;
        Some(Self { range, ..self.clone() })
    }
}

impl FromStr for Request {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let (strength, rest) = match text.split_at_checked(1) {
            Some(("!", rest)) => (Strength::Conflict, rest),
            Some(("~", rest)) => (Strength::Weak, rest),
            _ => (Strength::Wanted, text),
        };
        let at = rest.find(['-', '@', '#', '=', '<', '>']).unwrap_or(rest.len());
        let (name, range) = rest.split_at(at);
        if name.is_empty() || name == "." {
            return Err(Error::Nameless(text.to_owned()));
        }
        let (separator, range) = match range.split_at_checked(1) {
            Some(("-", range)) => ('-', range),
            Some(("@", range)) => ('@', range),
            Some(("#", range)) => ('#', range),
            _ => ('-', range),
        };
        let range = range
            .parse()
            .map_err(|error| Error::Request { request: text.to_owned(), why: Box::new(error) })?;
        Ok(Self { name: name.to_owned(), strength, range, separator })
    }
}

impl fmt::Display for Request {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mark = match self.strength {
            Strength::Wanted => "",
            Strength::Conflict => "!",
            Strength::Weak => "~",
        };
        write!(formatter, "{mark}{}", self.name)?;
        if self.range.is_any() {
            return Ok(());
        }
        let range = self.range.to_string();
        if !range.starts_with(['=', '<', '>']) {
            write!(formatter, "{}", self.separator)?;
        }
        formatter.write_str(&range)
    }
}
