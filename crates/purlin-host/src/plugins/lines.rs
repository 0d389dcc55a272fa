//! The words that plugins add as help shows them. A thousand plugins add a thousand lines, so most are
//! told by their rows in the index, and only those that something is odd about are looked at closely.

use std::collections::BTreeSet;

use purlin_plugin::Point;
use purlin_plugin::manifest::{Detail, ValueKind};

use super::candidate::Asked;
use super::{Interrupt, Plugins, State};
use crate::index::{FeatureRow, feature_key, flag_prefix, point_prefix};
use crate::{Need, WordLine, WordRef};

impl Plugins {
    /// What [`Plugins::subcommands`] has, as far as help needs it. Call
    /// [`Plugins::refresh_manifests`] first.
    pub fn subcommand_lines(&self) -> Vec<WordLine> {
        self.with(|state| self.lines(state, Point::Subcommand, None))
    }

    /// What [`Plugins::flags`] has, as far as help needs it. Call [`Plugins::refresh_manifests`]
    /// first.
    pub fn flag_lines(&self, verb: &str) -> Vec<WordLine> {
        self.with(|state| self.lines(state, Point::Argument, Some(verb)))
    }

    fn lines(
        &self,
        state: &State,
        point: Point,
        verb: Option<&str>,
    ) -> Result<Vec<WordLine>, Interrupt> {
        let prefix = verb.map_or_else(|| point_prefix(point), flag_prefix);
        let rows = state.index.features_from(&prefix)?;
        let mut odd = self.renamed_to(point);
        let mut found = Vec::new();
        // A flag may clash with an option of its verb, when that is a plugin's.
        let is_open = match verb {
            Some(verb) => {
                state.index.features(&feature_key(Point::Subcommand, verb))?.is_empty()
                    && !self.is_renamed_to(Point::Subcommand, verb)
            }
            None => true,
        };
        for group in rows.chunk_by(|one, other| one.key == other.key) {
            let name = group[0].name();
            let plain = match group {
                [row] if is_open && !odd.contains(name) => self.plain(state, row)?,
                _ => None,
            };
            match plain {
                Some(line) => found.push(line),
                None => {
                    for row in group {
                        odd.extend(self.candidate(state, row)?.map(|one| one.name));
                    }
                }
            }
        }
        found.retain(|line| !self.has_itself(verb, &line.name) && !odd.contains(&line.name));
        for name in odd.iter().filter(|name| !self.has_itself(verb, name)) {
            let asked = Asked { point, verb, name, plugin: None, need: Need::Any, others: &[] };
            let candidates = self.candidates(state, &asked)?;
            found.extend(self.word(state, &asked, candidates)?.map(WordLine::from));
        }
        found.sort_by(|one, other| one.name.cmp(&other.name));
        Ok(found)
    }

    /// The line of a feature that nothing is odd about and that only one plugin claims.
    fn plain(&self, state: &State, row: &FeatureRow<'_>) -> Result<Option<WordLine>, Interrupt> {
        let plugin = state.index.plugin(row.plugin)?;
        let is_odd = plugin.shadowed
            || !plugin.sound
            || row.deprecated
            || self.table.get(plugin.name).is_some();
        if is_odd {
            return Ok(None);
        }
        let is_flag = row.key.contains(" --");
        let mut words = row.words()?;
        let values = if is_flag {
            words.next().map(|_| words.map(str::to_owned).collect())
        } else {
            if words.any(|option| self.reserved.everywhere.iter().any(|one| one == option)) {
                return Ok(None);
            }
            None
        };
        Ok(Some(WordLine {
            name: row.name().to_owned(),
            plugin: plugin.name.to_owned(),
            about: row.about()?.to_owned(),
            values,
            deprecated: None,
            trouble: None,
        }))
    }

    /// True for a verb, or a flag of a verb, that Purlin has itself.
    fn has_itself(&self, verb: Option<&str>, name: &str) -> bool {
        match verb {
            Some(verb) => self.reserved.has_flag(verb, name),
            None => self.reserved.has_verb(name),
        }
    }

    /// The names that the workspace gives to features of a point.
    fn renamed_to(&self, point: Point) -> BTreeSet<String> {
        let renames = self.table.iter().flat_map(|(_, entry)| &entry.rename);
        let of_point = renames.filter(|rename| {
            rename.id.split_once('/').is_some_and(|(found, _)| found == point.as_str())
        });
        of_point.map(|rename| rename.to.clone()).collect()
    }

    fn is_renamed_to(&self, point: Point, name: &str) -> bool {
        self.renamed_to(point).contains(name)
    }
}

impl From<WordRef> for WordLine {
    fn from(word: WordRef) -> Self {
        let values = match &word.feature.detail {
            Detail::Argument { kind: ValueKind::Bool, .. } => None,
            Detail::Argument { values, .. } => Some(values.clone()),
            _ => None,
        };
        Self {
            name: word.name,
            plugin: word.plugin,
            about: word.feature.about,
            values,
            deprecated: word.feature.deprecated,
            trouble: word.usable.err().map(|diagnostic| diagnostic.code),
        }
    }
}
