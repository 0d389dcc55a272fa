//! One contiguous piece of a range.

use std::cmp::Ordering;
use std::fmt;

use crate::Version;

/// Where a piece begins. The empty version, included, is no bound.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Lower {
    pub(crate) version: Version,
    pub(crate) inclusive: bool,
}

/// Where a piece ends; without a version it does not.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Upper {
    pub(crate) version: Option<Version>,
    pub(crate) inclusive: bool,
}

/// All versions between two bounds. It holds at least one.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Bound {
    pub(crate) lower: Lower,
    pub(crate) upper: Upper,
}

impl Lower {
    pub(crate) fn new(version: Version, inclusive: bool) -> Self {
        Self { version, inclusive }
    }

    pub(crate) fn none() -> Self {
        Self::new(Version::default(), true)
    }

    pub(crate) fn is_none(&self) -> bool {
        self.version.is_empty() && self.inclusive
    }
}

impl Upper {
    pub(crate) fn new(version: Version, inclusive: bool) -> Self {
        Self { version: Some(version), inclusive }
    }

    pub(crate) fn none() -> Self {
        Self { version: None, inclusive: true }
    }
}

impl Bound {
    /// `None` where nothing lies between the two.
    pub(crate) fn new(lower: Lower, upper: Upper) -> Option<Self> {
        let order =
            upper.version.as_ref().map_or(Ordering::Less, |version| lower.version.cmp(version));
        let holds = match order {
            Ordering::Less => true,
            Ordering::Equal => lower.inclusive && upper.inclusive,
            Ordering::Greater => false,
        };
        holds.then_some(Self { lower, upper })
    }

    pub(crate) fn any() -> Self {
        Self { lower: Lower::none(), upper: Upper::none() }
    }

    /// The version itself and all that begin with it.
    pub(crate) fn family(version: Version) -> Self {
        let upper = version.next().map_or(Upper::none(), |next| Upper::new(next, false));
        Self { lower: Lower::new(version, true), upper }
    }

    pub(crate) fn contains(&self, version: &Version) -> bool {
        let above = match version.cmp(&self.lower.version) {
            Ordering::Greater => true,
            Ordering::Equal => self.lower.inclusive,
            Ordering::Less => false,
        };
        above
            && match self.upper.version.as_ref().map(|upper| version.cmp(upper)) {
                None | Some(Ordering::Less) => true,
                Some(Ordering::Equal) => self.upper.inclusive,
                Some(Ordering::Greater) => false,
            }
    }

    pub(crate) fn intersection(&self, other: &Self) -> Option<Self> {
        let lower = (&self.lower).max(&other.lower).clone();
        Self::new(lower, (&self.upper).min(&other.upper).clone())
    }

    pub(crate) fn is_superset(&self, other: &Self) -> bool {
        self.lower <= other.lower && self.upper >= other.upper
    }

    /// True where something that begins at `lower` belongs to the same piece as what ends at `upper`.
    pub(crate) fn touch(upper: &Upper, lower: &Lower) -> bool {
        let Some(end) = &upper.version else { return true };
        match lower.version.cmp(end) {
            Ordering::Less => true,
            Ordering::Equal => lower.inclusive || upper.inclusive,
            Ordering::Greater => false,
        }
    }
}

impl Ord for Lower {
    fn cmp(&self, other: &Self) -> Ordering {
        let inclusive = other.inclusive.cmp(&self.inclusive);
        self.version.cmp(&other.version).then(inclusive)
    }
}

impl PartialOrd for Lower {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Upper {
    fn cmp(&self, other: &Self) -> Ordering {
        match (&self.version, &other.version) {
            (None, None) => Ordering::Equal,
            (None, Some(_)) => Ordering::Greater,
            (Some(_), None) => Ordering::Less,
            (Some(one), Some(two)) => one.cmp(two).then(self.inclusive.cmp(&other.inclusive)),
        }
    }
}

impl PartialOrd for Upper {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl fmt::Display for Bound {
    /// The shortest spelling.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Lower { version: low, inclusive } = &self.lower;
        let Some(high) = &self.upper.version else {
            return match (inclusive, low.is_empty()) {
                (true, true) => Ok(()),
                (true, false) => write!(formatter, "{low}+"),
                (false, _) => write!(formatter, ">{low}"),
            };
        };
        match (inclusive, self.upper.inclusive) {
            _ if low == high => write!(formatter, "=={low}"),
            (true, true) if low.is_empty() => write!(formatter, "<={high}"),
            (true, true) => write!(formatter, "{low}..{high}"),
            (true, false) if low.next().as_ref() == Some(high) => write!(formatter, "{low}"),
            (true, false) if low.is_empty() => write!(formatter, "<{high}"),
            (true, false) => write!(formatter, "{low}+<{high}"),
            (false, true) => write!(formatter, ">{low}<={high}"),
            (false, false) => write!(formatter, ">{low}<{high}"),
        }
    }
}
