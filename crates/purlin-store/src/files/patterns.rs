//! An ordered list of patterns.

use super::pattern::{NEVER, Pattern, Shape, below};
use crate::RelativePath;

/// An ordered list of patterns in gitignore's dialect, relative to the workspace's root.
///
/// - A pattern without wildcards names one path from the root: a file, or a folder and
///   everything below it. A leading `/` or `./` and a `/` at the end change nothing.
/// - `*` and `?` stay within a component, `**` crosses them; `[a-z]`, `[!a-z]` and `{a,b}` work,
///   and `\` takes the meaning of the character after it away.
/// - A pattern with wildcards and no slash (`*.py`) matches at any depth; with a slash anywhere
///   before its end it starts at the root. A `/` at its end means folders only.
/// - A pattern that matches a folder takes everything below it.
/// - `!pattern` takes files out again; the last pattern that matches decides.
/// - `?` and classes see bytes, as git's do, so that names need not be UTF-8.
#[derive(Debug, Clone, Default)]
pub struct Patterns {
    pub(super) list: Vec<Pattern>,
    /// The place of the last negated pattern.
    pub(super) last_negated: Option<usize>,
}

/// A pattern that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct PatternError {
    /// The place of the pattern in the list, from 0.
    pub index: usize,
    /// Why, in a whole sentence.
    pub message: String,
}

impl Patterns {
    /// Parses a list of patterns.
    ///
    /// # Errors
    /// The first pattern that is empty or malformed, or that leads out of the workspace or into
    /// `.git`, `.purlin` or `.purlin-cache`, which are never looked into.
    pub fn new<S: AsRef<str>>(patterns: &[S]) -> Result<Self, PatternError> {
        let mut list = Vec::with_capacity(patterns.len());
        for (index, text) in patterns.iter().enumerate() {
            let pattern = Pattern::parse(text.as_ref());
            list.push(pattern.map_err(|message| PatternError { index, message })?);
        }
        let last_negated = list.iter().rposition(|pattern| pattern.negated);
        Ok(Self { list, last_negated })
    }

    /// The set of these very paths, and of what is below them.
    #[must_use]
    pub fn of_paths<'p>(paths: impl IntoIterator<Item = &'p RelativePath>) -> Self {
        let literal =
            |path: &RelativePath| Pattern { negated: false, shape: Shape::Literal(path.clone()) };
        Self { list: paths.into_iter().map(literal).collect(), last_negated: None }
    }

    /// Whether a file of this path is in the set. This looks at the path alone: what git ignores
    /// is known to [`super::Files`] only.
    #[must_use]
    pub fn matches(&self, path: &RelativePath) -> bool {
        let path = path.as_bytes();
        let decisive = self.list.iter().rfind(|pattern| pattern.takes(path, false));
        decisive.is_some_and(|pattern| !pattern.negated)
    }

    /// Whether something of this path could be an artifact, as [`super::Files::outputs`] lists them.
    #[must_use]
    pub fn could_be_output(&self, path: &RelativePath, is_folder: bool) -> bool {
        let path = path.as_bytes();
        let first = path.split(|byte| *byte == b'/').next().unwrap_or_default();
        let mut components = path.split(|byte| *byte == b'/').skip(1);
        // A repository inside an artifact is content like any other.
        if NEVER.contains(&first) || components.any(|name| name != b".git" && NEVER.contains(&name))
        {
            return false;
        }
        let decisive = self.list.iter().rfind(|pattern| pattern.takes(path, is_folder));
        decisive.is_some_and(|pattern| !pattern.negated)
    }

    /// Whether one file could be in both sets, as far as the literal beginnings of the patterns
    /// tell: `false` is certain, `true` is not.
    #[must_use]
    pub fn may_overlap(&self, other: &Self) -> bool {
        self.positive().any(|(mine, place)| {
            other.positive().any(|(theirs, their_place)| {
                let deeper = if below(mine.base(), theirs.base()).is_some() {
                    mine
                } else if below(theirs.base(), mine.base()).is_some() {
                    theirs
                } else {
                    return false;
                };
                let is_folder = matches!(deeper.shape, Shape::Wild { .. });
                let gone = |set: &Self, place| set.takes_out(place, deeper.base(), is_folder);
                !gone(self, place) && !gone(other, their_place)
            })
        })
    }

    /// Whether there is no pattern that could match anything.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.positive().next().is_none()
    }

    /// The paths that are named without wildcards, in the order of the list, without those
    /// behind a `!`.
    pub fn literals(&self) -> impl Iterator<Item = &RelativePath> {
        self.positive().filter_map(|(pattern, _)| match &pattern.shape {
            Shape::Literal(path) => Some(path),
            Shape::Wild { .. } => None,
        })
    }

    /// The path of each pattern that is not negated, as far as it has no wildcard: all that it matches
    /// is there or below; empty for the root.
    pub fn bases(&self) -> impl Iterator<Item = &[u8]> {
        self.positive().map(|(pattern, _)| pattern.base())
    }

    /// Of these, those of the patterns that have wildcards.
    pub fn wild_bases(&self) -> impl Iterator<Item = &[u8]> {
        let wild = self.positive().map(|(pattern, _)| pattern);
        wild.filter(|pattern| matches!(pattern.shape, Shape::Wild { .. })).map(Pattern::base)
    }

    fn positive(&self) -> impl Iterator<Item = (&Pattern, usize)> {
        let places = self.list.iter().zip(0..);
        places.filter(|(pattern, _)| !pattern.negated)
    }

    /// Whether a negated pattern behind `place` takes the path out; a folder with everything
    /// below it.
    pub(super) fn takes_out(&self, place: usize, path: &[u8], is_folder: bool) -> bool {
        self.last_negated.is_some_and(|last| last > place)
            && self.list[place + 1..]
                .iter()
                .any(|pattern| pattern.negated && pattern.takes(path, is_folder))
    }
}

#[cfg(test)]
mod tests;
