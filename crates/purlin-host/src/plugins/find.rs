//! Finding the one feature that a name means, or saying why there is none.

use std::sync::atomic::Ordering;

use purlin_model::{Diagnostic, fold};
use purlin_plugin::Point;
use purlin_plugin::manifest::{Detail, Parameter};

use super::candidate::{Asked, Candidate};
use super::{Interrupt, Plugins, State, message};
use crate::index::{default_key, point_prefix};
use crate::{FeatureRef, Need, PluginStatus};

/// Why a name gives no feature.
#[derive(Debug)]
pub(super) struct Problem {
    pub(super) kind: ProblemKind,
    pub(super) diagnostic: Diagnostic,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ProblemKind {
    Unknown,
    Contested,
    /// Broken, disabled, not enabled, or the workspace's entry has a mistake.
    Unusable,
}

type Settled<T> = Result<Result<T, Problem>, Interrupt>;

impl Plugins {
    /// Finds a feature by its name, or by `plugin:feature`.
    ///
    /// # Errors
    /// A diagnostic without a place of use (the caller adds it): the name is unknown, contested,
    /// disabled, not enabled, or its plugin cannot be used.
    pub fn find(&self, point: Point, name: &str, need: Need) -> Result<FeatureRef, Diagnostic> {
        self.find_or(point, name, need, &[])
    }

    /// The same where a name might have been one of `others`, which are suggested, too.
    ///
    /// # Errors
    /// Those of [`Plugins::find`].
    pub fn find_or(
        &self,
        point: Point,
        name: &str,
        need: Need,
        others: &[&str],
    ) -> Result<FeatureRef, Diagnostic> {
        let name = fold(name);
        let (plugin, name) = match name.split_once(':') {
            Some((plugin, name)) => (Some(plugin), name),
            None => (None, name.as_str()),
        };
        let asked = Asked { point, verb: None, name, plugin, need, others };
        let is_known = self.with(|state| Ok(!self.candidates(state, &asked)?.is_empty()));
        if !is_known {
            // Before anybody is told so, and before what there is instead is looked for.
            self.refresh_manifests();
        }
        self.with(|state| self.settle(state, &asked)).map_err(|problem| problem.diagnostic)
    }

    /// The feature of a point that counts when none is named: the dependency type of a plain
    /// string, the cache of a command that names none.
    ///
    /// # Errors
    /// No enabled plugin has one, or several have.
    pub fn default_for(&self, point: Point) -> Result<FeatureRef, Diagnostic> {
        self.settle_fresh(|state| {
            let mut live = Vec::new();
            for row in state.index.features(&default_key(point))? {
                let candidate = self.candidate(state, &row)?;
                live.extend(candidate.filter(|one| one.live(Need::Enabled)));
            }
            if live.is_empty() {
                let diagnostic = message::no_default(point);
                return Ok(Err(Problem { kind: ProblemKind::Unknown, diagnostic }));
            }
            self.only(live, &format!("the default {}", message::noun(point)))
        })
    }

    /// The hooks of enabled plugins for an event, in the order of the plugins' names.
    pub fn hooks(&self, event: &str) -> Vec<FeatureRef> {
        self.with(|state| {
            let asked = Asked {
                point: Point::Hook,
                verb: None,
                name: event,
                plugin: None,
                need: Need::Enabled,
                others: &[],
            };
            let live = self.candidates(state, &asked)?.into_iter();
            live.filter(|one| one.live(Need::Enabled)).map(|one| self.feature_ref(one)).collect()
        })
    }

    /// The names that a feature of a point can be asked for by, sorted: for suggestions.
    pub fn names(&self, point: Point) -> Vec<String> {
        self.with(|state| self.live_names(state, point))
    }

    pub(super) fn live_names(&self, state: &State, point: Point) -> Result<Vec<String>, Interrupt> {
        let mut names = Vec::new();
        for row in state.index.features_from(&point_prefix(point))? {
            let plugin = state.index.plugin(row.plugin)?;
            if self.table.get(plugin.name).is_some() {
                let candidate = self.candidate(state, &row)?;
                names.extend(candidate.filter(|one| one.live(need_of(point))).map(|one| one.name));
            } else if plugin.sound && (plugin.bundled || need_of(point) == Need::Any) {
                // The workspace says nothing of most plugins, and then the row alone tells the name.
                // Its stamps are not looked at: before anybody is told that a name is unknown, all
                // stamps are, and it is asked for again.
                names.push(row.name().to_owned());
            }
        }
        names.sort();
        names.dedup();
        Ok(names)
    }

    /// Asks; when the answer is that nothing is known, asks again with all stamps checked.
    fn settle_fresh<T>(&self, ask: impl Fn(&State) -> Settled<T>) -> Result<T, Diagnostic> {
        let (answer, checked) =
            self.with(|state| Ok((ask(state)?, state.checked.load(Ordering::Acquire))));
        match answer {
            Err(problem) if problem.kind == ProblemKind::Unknown && !checked => {
                self.refresh();
                self.with(ask).map_err(|problem| problem.diagnostic)
            }
            answer => answer.map_err(|problem| problem.diagnostic),
        }
    }

    /// The one feature that is meant.
    pub(super) fn settle(&self, state: &State, asked: &Asked<'_>) -> Settled<FeatureRef> {
        let candidates = self.candidates(state, asked)?;
        self.settle_among(state, asked, candidates)
    }

    /// The one of the candidates that is meant; they are all that there are.
    pub(super) fn settle_among(
        &self,
        state: &State,
        asked: &Asked<'_>,
        candidates: Vec<Candidate<'_>>,
    ) -> Settled<FeatureRef> {
        if let Some(taken) = self.taken(state, asked, &candidates)? {
            return Ok(Err(Problem { kind: ProblemKind::Contested, diagnostic: taken }));
        }
        let (live, dead): (Vec<_>, Vec<_>) =
            candidates.into_iter().partition(|one| one.live(asked.need));
        if live.is_empty() {
            return self.explain(state, asked, &dead).map(Err);
        }
        self.only(live, &message::thing(asked))
    }

    /// The only one of some candidates that can be used; there is at least one.
    fn only(&self, mut live: Vec<Candidate<'_>>, thing: &str) -> Settled<FeatureRef> {
        if live.len() > 1 {
            let mut claims = Vec::new();
            for one in &live {
                claims.push((one, self.origin(&one.plugin, &one.head, &one.record.feature)?));
            }
            let diagnostic = message::contested(thing, &claims);
            return Ok(Err(Problem { kind: ProblemKind::Contested, diagnostic }));
        }
        let one = live.pop().ok_or(Interrupt::Damaged)?;
        if let Some(entry) = one.entry
            && let Some(diagnostic) =
                self.entry_mistakes(one.plugin.name, entry, &one.plugin)?.into_iter().next()
        {
            return Ok(Err(Problem { kind: ProblemKind::Unusable, diagnostic }));
        }
        self.feature_ref(one).map(Ok)
    }

    /// Built-in verbs and flags, and the options of a plugin's own subcommand, cannot be claimed.
    fn taken(
        &self,
        state: &State,
        asked: &Asked<'_>,
        candidates: &[Candidate<'_>],
    ) -> Result<Option<Diagnostic>, Interrupt> {
        let Some(first) = candidates.iter().find(|one| one.live(asked.need)) else {
            return Ok(None);
        };
        let (reason, why) = match (asked.point, asked.verb) {
            (Point::Subcommand, _) if self.reserved.has_verb(asked.name) => {
                (format!("`{}` is a verb of Purlin itself", asked.name), message::BUILT_IN)
            }
            (Point::Subcommand, _) => {
                let taken = |option: &&Parameter| self.reserved.everywhere.contains(&option.name);
                let Some(option) = options(first).find(taken) else { return Ok(None) };
                (format!("its option `--{}` is a flag of every verb", option.name), message::OWN)
            }
            (Point::Argument, Some(verb)) if self.reserved.has_flag(verb, asked.name) => {
                (format!("`{verb}` has a flag `--{}` itself", asked.name), message::BUILT_IN)
            }
            (Point::Argument, Some(verb)) => {
                let Some(reason) = self.option_of(state, verb, asked.name)? else {
                    return Ok(None);
                };
                (reason, message::OPTION)
            }
            _ => return Ok(None),
        };
        let origin = self.origin(&first.plugin, &first.head, &first.record.feature)?;
        Ok(Some(message::taken(&message::thing(asked), &reason, why, first, origin)))
    }

    fn option_of(
        &self,
        state: &State,
        verb: &str,
        flag: &str,
    ) -> Result<Option<String>, Interrupt> {
        let asked = Asked {
            point: Point::Subcommand,
            verb: None,
            name: verb,
            plugin: None,
            need: Need::Any,
            others: &[],
        };
        let subcommands = self.candidates(state, &asked)?;
        let owner = subcommands
            .iter()
            .filter(|one| one.live(Need::Any))
            .find(|one| options(one).any(|option| option.name == flag));
        Ok(owner.map(|one| {
            format!("the subcommand `{verb}` of `{}` has a flag `--{flag}` itself", one.plugin.name)
        }))
    }

    /// Why none of the candidates can be used, the nearest to being usable first.
    fn explain(
        &self,
        state: &State,
        asked: &Asked<'_>,
        dead: &[Candidate<'_>],
    ) -> Result<Problem, Interrupt> {
        let unusable = |diagnostic| Problem { kind: ProblemKind::Unusable, diagnostic };
        let failed = |one: &&Candidate<'_>| one.head.status != PluginStatus::Ok;
        let thing = message::thing(asked);
        if let Some(one) = dead.iter().filter(failed).find(|one| one.counts(asked.need)) {
            return Ok(unusable(self.failed(&thing, one)?));
        }
        if let Some((one, origin)) = dead.iter().find_map(|one| Some((one, one.disabled?))) {
            return Ok(unusable(message::disabled(&thing, one, origin.clone())));
        }
        if let Some(one) = dead.iter().find(|one| one.head.status == PluginStatus::Ok) {
            let origin = self.origin(&one.plugin, &one.head, &one.record.feature)?;
            return Ok(unusable(message::not_enabled(&thing, one.plugin.name, &one.head, origin)));
        }
        if let Some(one) = dead.first() {
            return Ok(unusable(self.failed(&thing, one)?));
        }
        if let Some(plugin) = asked.plugin
            && state.index.plugins_named(plugin)?.is_empty()
        {
            let diagnostic = message::unknown_plugin(plugin, &self.plugin_names(state)?);
            return Ok(Problem { kind: ProblemKind::Unknown, diagnostic });
        }
        let mut names = self.live_names(state, asked.point)?;
        names.extend(asked.others.iter().map(|&name| name.to_owned()));
        let mut missing = Vec::new();
        for (name, entry) in self.table.iter() {
            if state.index.plugins_named(name)?.is_empty() {
                missing.push((name, entry));
            }
        }
        let mut unread = Vec::new();
        for position in 0..state.index.plugin_count() {
            let plugin = state.index.plugin(position)?;
            if plugin.unread {
                unread.push((plugin.name, plugin.head()?.reason));
            }
        }
        let diagnostic = message::unknown(asked, &names, &missing, &unread);
        Ok(Problem { kind: ProblemKind::Unknown, diagnostic })
    }

    fn failed(&self, thing: &str, one: &Candidate<'_>) -> Result<Diagnostic, Interrupt> {
        let diagnostics = self.restored(&one.plugin, &one.head)?;
        Ok(message::failed(thing, one.plugin.name, &one.head, &diagnostics, one.entry))
    }
}

/// Whether features of a point count without their plugin being enabled.
pub(super) fn need_of(point: Point) -> Need {
    match point {
        Point::Subcommand | Point::Argument => Need::Any,
        _ => Need::Enabled,
    }
}

fn options<'a>(one: &'a Candidate<'_>) -> impl Iterator<Item = &'a Parameter> {
    let args = match &one.record.feature.detail {
        Detail::Subcommand { args } => args.as_slice(),
        _ => &[],
    };
    args.iter().filter(|parameter| !parameter.positional)
}
