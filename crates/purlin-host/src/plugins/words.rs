//! The words that plugins add to the command line.

use std::collections::BTreeSet;

use purlin_plugin::Point;
use purlin_plugin::manifest::Feature;

use super::candidate::Asked;
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
            let prefix = flag_prefix(verb);
            let names = self.words(state, &prefix, Point::Argument)?;
            let flags = names.iter().filter(|flag| !self.reserved.has_flag(verb, flag));
            flags
                .filter_map(|flag| self.word(state, Point::Argument, Some(verb), flag).transpose())
                .collect()
        })
    }

    /// The verbs that plugins add, by name; those that are switched off or that Purlin has itself
    /// are left out.
    ///
    /// Only their plugins' stamps are checked. Call [`Plugins::refresh`] first for help and
    /// completion; [`Plugins::find`] does it for a word that is unknown.
    pub fn subcommands(&self) -> Vec<WordRef> {
        self.with(|state| {
            let names = self.words(state, &point_prefix(Point::Subcommand), Point::Subcommand)?;
            let verbs = names.iter().filter(|verb| !self.reserved.has_verb(verb));
            verbs
                .filter_map(|verb| self.word(state, Point::Subcommand, None, verb).transpose())
                .collect()
        })
    }

    fn words(
        &self,
        state: &State,
        prefix: &str,
        point: Point,
    ) -> Result<BTreeSet<String>, Interrupt> {
        let mut names = BTreeSet::new();
        for row in state.index.features_from(prefix)? {
            if let Some(one) = self.candidate(state, &row)?
                && one.disabled.is_none()
                && one.record.feature.point == point
            {
                names.insert(one.name);
            }
        }
        Ok(names)
    }

    fn word(
        &self,
        state: &State,
        point: Point,
        verb: Option<&str>,
        name: &str,
    ) -> Result<Option<WordRef>, Interrupt> {
        let asked = Asked { point, verb, name, plugin: None, need: Need::Any };
        let usable = self.settle(state, &asked)?.map_err(|problem| problem.diagnostic);
        let (plugin, feature): (String, Feature) = match &usable {
            Ok(found) => (found.plugin.clone(), found.feature.clone()),
            Err(_) => {
                let candidates = self.candidates(state, &asked)?;
                match candidates.into_iter().find(|one| one.disabled.is_none()) {
                    Some(one) => (one.plugin.name.to_owned(), one.record.feature),
                    None => return Ok(None),
                }
            }
        };
        Ok(Some(WordRef { name: name.to_owned(), plugin, feature, usable }))
    }
}
