//! Environments: what commands run in, as plugins describe it.

mod change;
mod read;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use purlin_host::FeatureRef;
use purlin_model::{Diagnostic, Origin, Value};
use purlin_plugin::message::{
    CommandReference, EnvironmentContext, EnvironmentDescription, Expansion,
};
use serde_json::json;

use crate::action::below;
use crate::dependency::{Expander, answers_globs, call, identified};

pub use change::Change;
pub(crate) use change::parts;
pub(crate) use read::{Known, Written};

/// The call that describes one.
const DESCRIBE: &str = "environment/describe";

/// One environment of a run.
#[derive(Debug)]
pub struct Environment {
    /// The type that it is of.
    pub feature: Arc<FeatureRef>,
    /// What tells it from others: its space, its command, or `default`.
    pub name: String,
    /// Its validated configuration.
    pub config: Value,
    /// Where it is written.
    pub origin: Origin,
    /// What it was when the graph was made.
    pub description: Arc<Description>,
    context: EnvironmentContext,
}

/// What an environment is, with everything filled in.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Description {
    /// What results in it depend on.
    pub expansion: Arc<Expansion>,
    /// What it does to process variables, in order.
    pub changes: Vec<Change>,
    /// Its folder, absolute.
    pub root: Option<PathBuf>,
    /// Its folder of Python distributions, absolute.
    pub site_packages: Option<String>,
    /// Paths that are there when it is installed, absolute.
    pub installed_when: Vec<PathBuf>,
    /// Commands that must have run.
    pub after: Vec<CommandReference>,
    /// True while nothing is known of it: only a process could tell.
    pub open: bool,
}

impl Environment {
    /// What it is now: a description that was made from files is asked for again.
    ///
    /// # Errors
    /// What the plugin reports, at the environment's place.
    pub(crate) fn now(&self, expander: &Expander<'_>) -> Result<Arc<Description>, Vec<Diagnostic>> {
        if self.description.expansion.inputs.is_empty() {
            return Ok(self.description.clone());
        }
        describe(expander, self).map(Arc::new)
    }

    /// The commands that it needs: those that install it, and those that its expansion names.
    pub(crate) fn commands(&self) -> impl Iterator<Item = &CommandReference> {
        self.description.after.iter().chain(&self.description.expansion.commands)
    }
}

impl Description {
    /// A path that is there when it is installed, and is not there now.
    #[must_use]
    pub fn missing(&self) -> Option<&Path> {
        missing(&self.installed_when)
    }

    /// Why nothing can run in it, if that is so. `ran` tells whether what makes it has run.
    pub(crate) fn not_installed(
        &self,
        environment: &Environment,
        root: &str,
        ran: bool,
    ) -> Option<Diagnostic> {
        let path = self.missing()?;
        let path = path.strip_prefix(root).unwrap_or(path).display();
        let names: Vec<String> = self.after.iter().map(|one| format!("`{}`", one.name)).collect();
        let why = match names.as_slice() {
            [] => format!("There is no {path}, and no command makes it."),
            _ if !ran => {
                format!("There is no {path}, which {} makes; that is left out.", names.join(", "))
            }
            _ => format!("There is no {path}, though {} has run.", names.join(", ")),
        };
        let summary = format!("the environment `{}` is not installed", environment.name);
        Some(
            Diagnostic::error("not-installed", summary)
                .label(environment.origin.clone(), "this environment")
                .detail(why),
        )
    }
}

/// The first of some paths that is not there.
pub(crate) fn missing(paths: &[PathBuf]) -> Option<&Path> {
    paths.iter().map(PathBuf::as_path).find(|path| path.metadata().is_err())
}

/// Asks the plugin, or the memo.
fn describe(
    expander: &Expander<'_>,
    environment: &Environment,
) -> Result<Description, Vec<Diagnostic>> {
    let Environment { feature, name, config, origin, context, .. } = environment;
    let config_json = config.to_json();
    let at = |diagnostic: Diagnostic| vec![diagnostic.at(origin.clone(), "needed here")];
    let ask = || -> Result<EnvironmentDescription, Vec<Diagnostic>> {
        let plugin = expander.plugins.environment(feature).map_err(at)?;
        plugin.describe(name, &config_json, context, expander.plugins).map_err(|error| {
            let place = error.path.as_deref().and_then(|pointer| config.pointer(pointer));
            let summary = format!("the environment type `{}` has no answer", feature.name);
            vec![
                Diagnostic::error("plugin-call", summary)
                    .label(
                        place.map_or(origin, |value| &value.origin).clone(),
                        error.message.clone(),
                    )
                    .detail(call(
                        feature,
                        error.call.as_deref().unwrap_or(DESCRIBE),
                        &error.detail,
                    )),
            ]
        })
    };
    let text = json!({
        "feature": feature.feature.name, "name": name, "config": config_json, "context": context,
    });
    let question = expander.memos.question(expander.plugins, feature, text).map_err(at)?;
    let answer = match question {
        Some(question) if expander.starts_processes => expander.memos.answer(&question, ask)?,
        Some(question) => match expander.memos.remembered(&question) {
            Some(known) => known,
            None => return Ok(Description { open: true, ..Description::default() }),
        },
        None => ask()?,
    };
    fill_in(expander, feature, origin, answer)
}

/// A description as the rest of this crate wants it.
fn fill_in(
    expander: &Expander<'_>,
    feature: &FeatureRef,
    origin: &Origin,
    answer: EnvironmentDescription,
) -> Result<Description, Vec<Diagnostic>> {
    let mut expansion = answer.expansion;
    identified(expander, &mut expansion, origin)?;
    let root = expander.root;
    for glob in expansion.globs.iter_mut().chain(&mut expansion.inputs) {
        *glob = below(root, std::mem::take(glob));
    }
    answers_globs(&expansion, feature, DESCRIBE, origin)?;
    let absolute = |path: &String| Path::new(root).join(path);
    Ok(Description {
        expansion: Arc::new(expansion),
        changes: answer.changes.iter().map(|change| Change::new(change, root)).collect(),
        root: answer.root.as_ref().map(absolute),
        site_packages: answer
            .site_packages
            .as_ref()
            .map(|path| absolute(path).to_string_lossy().into_owned()),
        installed_when: answer.installed_when.iter().map(absolute).collect(),
        after: answer.after,
        open: false,
    })
}
