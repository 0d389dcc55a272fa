//! What is known of an output once it was evaluated: how long that took, and the keys of a package.
//! Nothing is built, fetched or written for it, and that something is not known is an answer.

use std::time::{Duration, Instant};

use purlin_definitions::Explanation;
use purlin_model::{Diagnostic, Digest};
use purlin_packages::{Maker, ROLE};
use purlin_plugin::language::{Argument, LeafType};
use serde_json::{Map, Value as Json, json};

use crate::packages::Packages;

/// What came of the evaluation.
pub(super) struct Evaluated {
    /// How long it took with all that it needed, or why it has no value.
    took: Result<Duration, Diagnostic>,
    /// Of a package, the keys of what is built of it, one for each of its variants; or why they are not
    /// known.
    keys: Option<Result<Vec<Digest>, Diagnostic>>,
}

impl Evaluated {
    /// Evaluates what an explanation tells of; `None` where there is no one value.
    pub(super) fn of(
        packages: &mut Packages<'_>,
        path: &[String],
        explanation: &Explanation,
    ) -> Option<Self> {
        explanation.winner.as_ref()?;
        let system = explanation.axes.iter().find(|(axis, _)| axis == "system");
        if let Some((_, system)) = system {
            packages.system.clone_from(system);
        }
        let start = Instant::now();
        let value = packages.opened.explained(path);
        let took = start.elapsed();
        Some(match value {
            Ok(value) => {
                let keys = is_package(&value).then(|| keys(packages, &value));
                Self { took: Ok(took), keys }
            }
            Err(why) => Self { took: Err(why), keys: None },
        })
    }

    /// Lines for the text.
    pub(super) fn lines(&self) -> Vec<String> {
        let mut lines = Vec::new();
        match &self.keys {
            None => {}
            Some(Ok(keys)) => {
                lines.extend(keys.iter().map(|key| format!("key         {}", key.to_hex())));
            }
            Some(Err(why)) => lines.push(format!("no key      {why}")),
        }
        lines.push(match &self.took {
            Ok(took) => format!("evaluated   in {:.4} s", took.as_secs_f64()),
            Err(why) => format!("no value    {why}"),
        });
        lines
    }

    /// Adds to the document.
    pub(super) fn add(this: Option<&Self>, document: &mut Map<String, Json>) {
        let keys = this.and_then(|this| this.keys.as_ref());
        let took = this.map(|this| &this.took);
        let known = keys.and_then(|keys| keys.as_ref().ok());
        let known = known.map(|keys| keys.iter().map(|key| key.to_hex()).collect::<Vec<_>>());
        let why = |why: Option<&Diagnostic>| why.map(ToString::to_string);
        document.insert("keys".to_owned(), json!(known));
        document.insert("no_key".to_owned(), json!(why(keys.and_then(|keys| keys.as_ref().err()))));
        let seconds = took.and_then(|took| took.as_ref().ok()).map(Duration::as_secs_f64);
        document.insert("seconds".to_owned(), json!(seconds));
        document
            .insert("no_value".to_owned(), json!(why(took.and_then(|took| took.as_ref().err()))));
    }
}

fn is_package(value: &Argument) -> bool {
    let is = |leaf: &LeafType| leaf.role.as_deref() == Some(ROLE);
    match value {
        Argument::Value(handle) => handle.leaf().is_some_and(|leaf| is(&leaf)),
        Argument::Leaf(written) => is(&written.leaf),
        _ => false,
    }
}

/// The keys that a build would have.
fn keys(packages: &Packages<'_>, value: &Argument) -> Result<Vec<Digest>, Diagnostic> {
    // What stands in for a package has another key.
    let mut lacking = packages.lacking();
    if !lacking.is_empty() {
        return Err(lacking.remove(0));
    }
    let mut maker = Maker::new(&packages.system, &packages.store, packages);
    let made = maker.add(value)?;
    let graph = maker.finish()?;
    let mut lacking = packages.lacking();
    if !lacking.is_empty() {
        return Err(lacking.remove(0));
    }
    Ok(made.iter().map(|index| graph.nodes[*index].key).collect())
}
