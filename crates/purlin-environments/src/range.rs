//! Sets of versions.

use std::fmt;
use std::str::FromStr;

use crate::bound::{Bound, Lower, Upper};
use crate::{Error, Version};

mod parse;

/// A set of versions that is never empty: `3` (and all that begin with it), `3+` or `>=3`, `>3`, `<5`,
/// `<=5`, `1+<5` or `>=1,<5` or `<5,>=1`, `1..5` (both included), `==3` (alone), `a|b`, and the empty text
/// for all. However it was written, it is kept and printed in one form.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Range {
    /// In ascending order; no two touch.
    bounds: Vec<Bound>,
}

impl Range {
    /// All versions.
    #[must_use]
    pub fn any() -> Self {
        Self { bounds: vec![Bound::any()] }
    }

    /// One version, and none that begins with it.
    #[must_use]
    pub fn exactly(version: Version) -> Self {
        let upper = Upper::new(version.clone(), true);
        Self { bounds: vec![Bound { lower: Lower::new(version, true), upper }] }
    }

    /// True when all versions are in it.
    #[must_use]
    pub fn is_any(&self) -> bool {
        self.bounds == [Bound::any()]
    }

    /// True when the version is in it.
    #[must_use]
    pub fn contains(&self, version: &Version) -> bool {
        self.bounds.iter().any(|bound| bound.contains(version))
    }

    /// What is in either.
    #[must_use]
    pub fn union(&self, other: &Self) -> Self {
        Self::of(self.bounds.iter().chain(&other.bounds).cloned().collect())
    }

    /// What is in both; `None` where nothing is.
    #[must_use]
    pub fn intersection(&self, other: &Self) -> Option<Self> {
        let bounds: Vec<Bound> = self
            .bounds
            .iter()
            .flat_map(|one| other.bounds.iter().filter_map(|two| one.intersection(two)))
            .collect();
        (!bounds.is_empty()).then_some(Self { bounds })
    }

    /// What is not in it; `None` where all is.
    #[must_use]
    pub fn inverse(&self) -> Option<Self> {
        let mut bounds = Vec::new();
        let mut lower = Some(Lower::none());
        for bound in &self.bounds {
            if let Some(lower) = lower.filter(|_| !bound.lower.is_none()) {
                let Lower { version, inclusive } = bound.lower.clone();
                bounds.extend(Bound::new(lower, Upper::new(version, !inclusive)));
            }
            let Upper { version, inclusive } = bound.upper.clone();
            lower = version.map(|version| Lower::new(version, !inclusive));
        }
        bounds.extend(lower.map(|lower| Bound { lower, upper: Upper::none() }));
        (!bounds.is_empty()).then_some(Self { bounds })
    }

    /// What is in this one and not in the other; `None` where nothing is.
    #[must_use]
    pub fn difference(&self, other: &Self) -> Option<Self> {
        self.intersection(&other.inverse()?)
    }

    /// True when something is in both.
    #[must_use]
    pub fn intersects(&self, other: &Self) -> bool {
        self.bounds.iter().any(|one| other.bounds.iter().any(|two| one.intersection(two).is_some()))
    }

    /// True when all of the other is in this one.
    #[must_use]
    pub fn is_superset(&self, other: &Self) -> bool {
        other.bounds.iter().all(|two| self.bounds.iter().any(|one| one.is_superset(two)))
    }

    /// Sorts the pieces, and joins those that touch.
    fn of(mut pieces: Vec<Bound>) -> Self {
        pieces.sort();
        let mut bounds: Vec<Bound> = Vec::new();
        for piece in pieces {
            match bounds.last_mut().filter(|last| Bound::touch(&last.upper, &piece.lower)) {
                Some(last) if piece.upper > last.upper => last.upper = piece.upper,
                Some(_) => {}
                None => bounds.push(piece),
            }
        }
        Self { bounds }
    }
}

impl FromStr for Range {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let mut pieces = Vec::new();
        for part in text.split('|') {
            // An empty part is all versions, and what is beside it must be right nevertheless.
            pieces.push(if part.is_empty() { Bound::any() } else { parse::piece(part)? });
        }
        Ok(Self::of(pieces))
    }
}

impl fmt::Display for Range {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, bound) in self.bounds.iter().enumerate() {
            let between = if index == 0 { "" } else { "|" };
            write!(formatter, "{between}{bound}")?;
        }
        Ok(())
    }
}
