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
        self.0.iter().all(|(_, rule)| *rule == Rule::Unique)
    }

    /// The rule of a path below the root. Where a rule names one of its names, those for any name do
    /// not count.
    #[must_use]
    pub fn of(&self, path: &[Name]) -> Rule {
        let mut left: Vec<&(Vec<Option<Name>>, Rule)> = self.0.iter().collect();
        for (depth, name) in path.iter().enumerate() {
            let names = |one: &&&(Vec<Option<Name>>, Rule)| {
                one.0.get(depth).is_some_and(|own| own.as_ref() == Some(name))
            };
            let is_named = left.iter().any(|one| names(&one));
            left.retain(|one| match is_named {
                true => names(&one),
                false => one.0.get(depth).is_some_and(Option::is_none),
            });
        }
        let found = left.iter().find(|(pattern, _)| pattern.len() == path.len());
        found.map_or(Rule::Unique, |(_, rule)| *rule)
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
