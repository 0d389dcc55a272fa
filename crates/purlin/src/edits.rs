//! Applying flags of plugins: each sees the same request, and what they want to change is checked
//! before anything follows from it.

use purlin_commands::Refusal;
use purlin_host::FeatureRef;
use purlin_model::{Diagnostic, Origin, Source, Value};
use purlin_plugin::Schema;
use purlin_plugin::manifest::{Detail, Stage};
use purlin_plugin::message::{ArgumentContext, Edit};
use serde_json::Value as Json;

use crate::call;
use crate::context::Context;
use crate::failure::Failure;
use crate::grammar;

/// The published schema of the request of `run` at the stage `parsed`.
const RUN_PARSED: &str = include_str!("../../../docs/reference/requests/run.parsed.json");
/// The published schema of the request of `run` at the stage `resolved`.
const RUN_RESOLVED: &str = include_str!("../../../docs/reference/requests/run.resolved.json");

/// The code of what a plugin may not change, or cannot change so.
const CODE: &str = "plugin-edit";

/// A flag of a plugin that was given.
pub(crate) struct Given {
    pub(crate) feature: FeatureRef,
    pub(crate) value: Json,
}

/// A request after all flags of a stage were applied.
pub(crate) struct Edited<'g> {
    pub(crate) request: Json,
    edits: Vec<(&'g FeatureRef, Edit)>,
}

/// Applies the flags of a stage. `None` when none of those that were given has it.
///
/// # Errors
/// A plugin failed, or wants to change what it may not, or two flags want to change the same.
pub(crate) fn apply<'g>(
    context: &Context,
    given: &'g [Given],
    command: &str,
    stage: Stage,
    schema: impl FnOnce() -> Schema,
    request: impl FnOnce() -> Json,
) -> Result<Option<Edited<'g>>, Failure> {
    let given: Vec<&Given> =
        given.iter().filter(|one| grammar::stage(&one.feature) == stage).collect();
    if given.is_empty() {
        return Ok(None);
    }
    let (schema, request) = (schema(), request());
    let told = ArgumentContext { command: command.to_owned(), stage };
    let mut edited = Edited { request: request.clone(), edits: Vec::new() };
    for one in given {
        let edits = ask(context, one, &told, &request)?;
        check(&one.feature, &edits, &schema, &request)?;
        for edit in edits {
            let rival = edited.edits.iter().find(|(feature, other)| {
                feature.origin != one.feature.origin && other.overlaps(&edit)
            });
            if let Some((feature, other)) = rival {
                return Err(overlap((feature, other), (&one.feature, &edit)).into());
            }
            edit.apply(&mut edited.request).map_err(|error| {
                refused(&one.feature, &edit.path, &error.to_string(), String::new())
            })?;
            edited.edits.push((&one.feature, edit));
        }
    }
    Ok(Some(edited))
}

fn ask(
    context: &Context,
    given: &Given,
    told: &ArgumentContext,
    request: &Json,
) -> Result<Vec<Edit>, Failure> {
    let feature = &given.feature;
    let argument = context.plugins.argument(feature)?;
    let name = &feature.feature.name;
    Ok(argument.apply(name, &given.value, request, told, &*context.plugins).map_err(|error| {
        let summary = format!("the flag `--{}` could not be applied", feature.name);
        call::failed(summary, feature, "apply", &error).label(feature.origin.clone(), "this flag")
    })?)
}

/// Whether one flag's edits are permitted, possible, and leave a request that is right.
fn check(
    feature: &FeatureRef,
    edits: &[Edit],
    schema: &Schema,
    request: &Json,
) -> Result<(), Diagnostic> {
    let permitted = match feature.detail() {
        Detail::Argument { edits, .. } => edits.as_slice(),
        _ => &[],
    };
    let mut alone = request.clone();
    for edit in edits {
        if !permitted.iter().any(|pointer| edit.is_within(pointer)) {
            return Err(forbidden(feature, &edit.path, permitted));
        }
        edit.apply(&mut alone)
            .map_err(|error| refused(feature, &edit.path, &error.to_string(), String::new()))?;
    }
    let validated = schema.validate(&Value::from_json(&alone, &feature.origin));
    let Some(wrong) =
        validated.diagnostics.into_iter().next().filter(|_| validated.value.is_none())
    else {
        return Ok(());
    };
    Err(Diagnostic::error(CODE, format!("the flag `--{}` leaves a wrong request", feature.name))
        .label(feature.origin.clone(), "this flag")
        .detail(format!("{}\n{}", told(&wrong), call::named(feature, "apply"))))
}

/// What the schema says, without a place: the request stands in no file.
fn told(wrong: &Diagnostic) -> String {
    let why = wrong.labels.first().map(|label| label.text.as_str()).unwrap_or_default();
    let parts = [wrong.summary.as_str(), why, wrong.detail.as_str()];
    let parts: Vec<&str> = parts.into_iter().filter(|part| !part.is_empty()).collect();
    parts.join(": ")
}

fn forbidden(feature: &FeatureRef, pointer: &str, permitted: &[String]) -> Diagnostic {
    let listed = match permitted {
        [] => "its `edits` permit nothing".to_owned(),
        some => format!("its `edits` permit {}", quoted(some)),
    };
    Diagnostic::error(CODE, format!("the flag `--{}` may not change `{pointer}`", feature.name))
        .label(feature.origin.clone(), listed)
        .detail(call::named(feature, "apply"))
        .help(format!(
            "if it should, the plugin's author adds `{pointer}` to `edits` in its manifest"
        ))
}

fn refused(feature: &FeatureRef, pointer: &str, reason: &str, help: String) -> Diagnostic {
    Diagnostic::error(CODE, format!("the flag `--{}` cannot change `{pointer}`", feature.name))
        .label(feature.origin.clone(), "this flag")
        .detail(format!("{reason}\n{}", call::named(feature, "apply")))
        .help(help)
}

fn overlap(first: (&FeatureRef, &Edit), second: (&FeatureRef, &Edit)) -> Diagnostic {
    let changes = |(feature, edit): (&FeatureRef, &Edit)| {
        format!("`{}` {} changes `{}`", feature.plugin, feature.version, edit.path)
    };
    Diagnostic::error(
        "overlapping-edits",
        format!("`--{}` and `--{}` change the same", first.0.name, second.0.name),
    )
    .label(second.0.origin.clone(), changes(second))
    .label(first.0.origin.clone(), changes(first))
    .help("give only one of the two".to_owned())
}

fn quoted(pointers: &[String]) -> String {
    let quoted: Vec<String> = pointers.iter().map(|pointer| format!("`{pointer}`")).collect();
    quoted.join(", ")
}

impl Edited<'_> {
    /// The flag that has changed something, the last one if several have.
    pub(crate) fn changed(&self, pointer: &str) -> Option<&FeatureRef> {
        let place = Edit { path: pointer.to_owned(), value: Json::Null };
        let by = self.edits.iter().rev().find(|(_, edit)| edit.overlaps(&place));
        by.map(|(feature, _)| *feature)
    }

    /// The failure for an edit that fits the schema and that the verb still cannot follow.
    pub(crate) fn blame(&self, refusals: Vec<Refusal>) -> Failure {
        let one = |refusal: Refusal| {
            let to_blame = self.edits.iter().find(|(_, edit)| {
                let place = Edit { path: refusal.pointer.clone(), value: Json::Null };
                edit.overlaps(&place)
            });
            match to_blame.or_else(|| self.edits.first()) {
                Some((feature, _)) => {
                    refused(feature, &refusal.pointer, &refusal.reason, refusal.help)
                }
                None => Diagnostic::error(CODE, refusal.reason),
            }
        };
        refusals.into_iter().map(one).collect::<Vec<_>>().into()
    }
}

/// The schema of the request of `run` at a stage.
pub(crate) fn run_schema(stage: Stage) -> Schema {
    let text = match stage {
        Stage::Parsed => RUN_PARSED,
        Stage::Resolved => RUN_RESOLVED,
    };
    Schema::parse(&Source::new("<request>", text)).expect("a test parses what is embedded")
}

/// The schema of the request of a plugin's verb.
pub(crate) fn verb_schema(feature: &FeatureRef) -> Schema {
    let origin = Origin::whole(&Source::new("<request>", ""));
    let schema = purlin_plugin::request_schema(grammar::parameters(feature));
    Schema::from_value(&Value::from_json(&schema, &origin))
        .expect("what is made of arguments is inside the subset")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_published_schemas_are_inside_the_subset() {
        for stage in [Stage::Parsed, Stage::Resolved] {
            assert!(run_schema(stage).description().is_some());
        }
        let text = include_str!("../../../docs/reference/requests/subcommand.parsed.json");
        Schema::parse(&Source::new("subcommand.parsed.json", text)).expect("it is");
    }
}
