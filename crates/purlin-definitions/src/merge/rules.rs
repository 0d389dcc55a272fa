//! Where values of one path are joined instead of competing.

use purlin_plugin::Merge;

use crate::Name;

/// How several values of one path become one.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Rule {
    /// The one with the smallest priority counts.
    #[default]
    Unique,
    /// Lists one behind the other, ordered by priority, then by origin; texts likewise, each on its line.
    Append,
    /// The same, each element once.
    Union,
}

/// The rules of one tree, by path below its root.
#[derive(Debug, Clone, Default)]
pub struct Rules(Vec<(Vec<Option<Name>>, Rule)>);

impl Rules {
    /// Adds a rule; `None` in a path stands for any name.
    pub fn add(&mut self, path: Vec<Option<Name>>, rule: Rule) {
        self.0.push((path, rule));
    }

    /// True where nothing is joined.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The rule of a path below the root.
    #[must_use]
    pub fn of(&self, path: &[Name]) -> Rule {
        let fits = |pattern: &[Option<Name>]| {
            pattern.len() == path.len()
                && pattern
                    .iter()
                    .zip(path)
                    .all(|(one, name)| one.as_ref().is_none_or(|o| o == name))
        };
        self.0.iter().find(|(pattern, _)| fits(pattern)).map_or(Rule::Unique, |(_, rule)| *rule)
    }
}

impl Rule {
    /// What a schema's `x-purlin-merge` means.
    #[must_use]
    pub fn of(merge: Merge) -> Self {
        match merge {
            Merge::Unique => Self::Unique,
            Merge::Append => Self::Append,
            Merge::Union => Self::Union,
        }
    }
}
