//! The words that plugins add to the command line.

use std::collections::{BTreeMap, BTreeSet};

use purlin_plugin::Point;

use super::candidate::{Asked, Candidate};
use super::{Interrupt, Plugins, State};
use crate::index::{flag_prefix, point_prefix};
use crate::{Need, WordRef};

impl Plugins {
    /// The flags that plugins add to a verb, by name; those that are switched off or that the verb
    /// has itself are left out.
    ///
    /// Only the stamps of the plugins that have such flags are checked. Call
    /// [`Plugins::refresh`] first for help and completion, and when a flag is unknown.
    pub fn flags(&self, verb: &str) -> Vec<WordRef> {
        self.with(|state| {
            let found = self.words(state, &flag_prefix(verb), Point::Argument)?;
            let found = found.into_iter().filter(|(name, _)| !self.reserved.has_flag(verb, name));
            found
                .filter_map(|(name, candidates)| {
                    self.word(state, &flag(verb, &name), candidates).transpose()
                })
                .collect()
        })
    }

    /// Those of [`Plugins::flags`] that have one of these names.
    pub fn flags_named(&self, verb: &str, names: &BTreeSet<String>) -> Vec<WordRef> {
        self.with(|state| {
            let names = names.iter().filter(|name| !self.reserved.has_flag(verb, name));
            let mut found = Vec::new();
            for name in names {
                let asked = flag(verb, name);
                found.extend(self.word(state, &asked, self.candidates(state, &asked)?)?);
            }
            Ok(found)
        })
    }

    /// The verbs that plugins add, by name; those that are switched off or that Purlin has itself
    /// are left out.
    ///
    /// Only their plugins' stamps are checked. Call [`Plugins::refresh`] first for help and
    /// completion; [`Plugins::find`] does it for a word that is unknown.
    pub fn subcommands(&self) -> Vec<WordRef> {
        self.with(|state| {
            let found = self.words(state, &point_prefix(Point::Subcommand), Point::Subcommand)?;
            let found = found.into_iter().filter(|(name, _)| !self.reserved.has_verb(name));
            found
                .filter_map(|(name, candidates)| {
                    let asked = Asked {
                        point: Point::Subcommand,
                        verb: None,
                        name: &name,
                        plugin: None,
                        need: Need::Any,
                        others: &[],
                    };
                    self.word(state, &asked, candidates).transpose()
                })
                .collect()
        })
    }

    /// The features of a point whose keys begin with `prefix`, by the names that they answer to.
    fn words<'a>(
        &'a self,
        state: &'a State,
        prefix: &str,
        point: Point,
    ) -> Result<BTreeMap<String, Vec<Candidate<'a>>>, Interrupt> {
        let mut found: BTreeMap<String, Vec<Candidate<'a>>> = BTreeMap::new();
        for row in state.index.features_from(prefix)? {
            if let Some(one) = self.candidate(state, &row)?
                && one.record.feature.point == point
            {
                found.entry(one.name.clone()).or_default().push(one);
            }
        }
        Ok(found)
    }

    /// What a word means; `None` when it is switched off. `candidates` are all that answer to it.
    pub(super) fn word(
        &self,
        state: &State,
        asked: &Asked<'_>,
        candidates: Vec<Candidate<'_>>,
    ) -> Result<Option<WordRef>, Interrupt> {
        let Some(first) = candidates.iter().find(|one| one.disabled.is_none()) else {
            return Ok(None);
        };
        let (plugin, feature) = (first.plugin.name.to_owned(), first.record.feature.clone());
        let usable = self.settle_among(state, asked, candidates)?;
        let name = asked.name.to_owned();
        Ok(Some(match usable {
            Ok(found) => WordRef {
                name,
                plugin: found.plugin.clone(),
                feature: found.feature.clone(),
                usable: Ok(found),
            },
            Err(problem) => WordRef { name, plugin, feature, usable: Err(problem.diagnostic) },
        }))
    }
}

fn flag<'a>(verb: &'a str, name: &'a str) -> Asked<'a> {
    Asked {
        point: Point::Argument,
        verb: Some(verb),
        name,
        plugin: None,
        need: Need::Any,
        others: &[],
    }
}
