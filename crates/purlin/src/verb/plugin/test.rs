//! `purlin plugin test`

use std::fs;
use std::io;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use purlin_host::{Console, Evaluated, starlark_plugin};
use purlin_model::Diagnostic;
use purlin_plugin::contract::OutputStream;
use purlin_plugin::manifest::{Feature, RuntimeEntry};
use purlin_plugin::{PluginSet, RuntimeKind};
use purlin_test::kit::{
    CASES_FILE, Code, Outcome as Came, Running, Step, Subject, Verdict, test_telling,
};
use serde_json::{Value as Json, json};

use super::author::{Author, Place};
use super::waiting::Waiting;
use crate::arguments::Global;
use crate::failure::{FAILED, Failure, Outcome};
use crate::verb::plugin::folder;
use crate::{draw, environment};

/// Puts a plugin through the conformance kit.
pub(crate) fn perform(global: &Global, bundled: &PluginSet, given: Option<&Path>) -> Outcome {
    let author = Author::find(&folder(global, given)?)?;
    let base = temporary()?;
    let place = Place {
        root: base.path().join("workspace"),
        cache: base.path().join("cache"),
        console: Arc::new(Nobody),
    };
    for folder in [&place.root, &place.cache] {
        fs::create_dir_all(folder).map_err(|error| unwritable(&error))?;
    }
    let hides =
        |verdict: &Verdict| global.json || (global.quiet && verdict.outcome == Came::Passed);
    let waiting = Waiting::new(global);
    let report = test_telling(&subject(&author, &place, bundled), &mut |step| match step {
        Step::Begins(check, feature) => waiting.begin(&named(check.id, feature)),
        Step::Ended(verdict) => {
            waiting.end();
            if !hides(verdict) {
                waiting.above(|| draw::out(format_args!("{}", line(verdict))));
            }
        }
    });
    drop(waiting);
    let count = |is: fn(&Came) -> bool| report.iter().filter(|one| is(&one.outcome)).count();
    let passed = count(|one| matches!(one, Came::Passed));
    let failed = count(|one| matches!(one, Came::Failed(_)));
    let skipped = count(|one| matches!(one, Came::Skipped(_)));
    if global.json {
        let checks: Vec<_> = report.iter().map(document).collect();
        draw::json(&json!({
            "plugin": author.manifest.name,
            "version": author.manifest.version.to_string(),
            "checks": checks,
        }));
    } else {
        draw::out(format_args!(
            "{} {}: {passed} passed, {failed} failed, {skipped} skipped\n",
            author.manifest.name, author.manifest.version
        ));
    }
    Ok(if failed > 0 { ExitCode::from(FAILED) } else { ExitCode::SUCCESS })
}

/// What a subcommand says while it is tested is of no interest.
struct Nobody;

impl Console for Nobody {
    fn output(&self, _stream: OutputStream, _bytes: &[u8]) -> io::Result<()> {
        Ok(())
    }
}

fn subject<'a>(author: &'a Author, place: &Place, bundled: &PluginSet) -> Subject<'a> {
    let runs = |kind: RuntimeKind| {
        let mut all = author.manifest.features.iter();
        all.any(|feature| author.manifest.runtime_of(feature) == Some(kind))
    };
    let start = {
        let (author, place, bundled) = (author.clone(), place.clone(), bundled.clone());
        move |feature: &Feature, config: &Json| {
            start(&author.clone().with(config), &place, &bundled, feature)
        }
    };
    let evaluate = {
        let author = author.clone();
        move |feature: &Feature| evaluated(&author, feature)
    };
    let code = match (runs(RuntimeKind::Process), runs(RuntimeKind::Starlark)) {
        (true, true) => Some(Code::Both(Arc::new(start), Arc::new(evaluate))),
        (true, false) => Some(Code::Process(Arc::new(start))),
        (false, true) => Some(Code::Starlark(Arc::new(evaluate))),
        (false, false) => None,
    };
    Subject {
        manifest: author.source.clone(),
        text_of: Box::new(|path| purlin_store::read_regular_text(&author.folder.join(path)).ok()),
        folder: Some(author.folder.clone()),
        places: Some(place.root.clone()),
        code,
        variables: environment::all()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
            .collect(),
    }
}

/// The plugin that a feature is evaluated from, as if it had never been used.
fn evaluated(author: &Author, feature: &Feature) -> Result<Evaluated, String> {
    let manifest = &author.manifest;
    let own = feature.entry.as_ref();
    let entry = own.or_else(|| manifest.runtime.as_ref()?.entry.as_ref());
    let Some(RuntimeEntry::File(entry)) = entry else {
        return Err(format!("{} has no file", feature.id()));
    };
    starlark_plugin(&manifest.name, &author.folder, entry)
        .map_err(|error| format!("`{entry}` cannot be read: {error}"))
}

/// The process that runs a feature, and nobody else's.
fn start(
    author: &Author,
    place: &Place,
    bundled: &PluginSet,
    feature: &Feature,
) -> Result<Running, String> {
    let told = |failure: Failure| {
        let lines: Vec<String> = failure.diagnostics.iter().map(one_line).collect();
        lines.join("\n")
    };
    let plugins = author.plugins(place, bundled).map_err(told)?;
    let features = author.features(&plugins).map_err(told)?;
    let found = features
        .iter()
        .find(|one| one.feature.point == feature.point && one.feature.name == feature.name)
        .ok_or_else(|| format!("{} is not provided", feature.id()))?;
    plugins.config(&author.manifest.name).map_err(|mistakes| {
        let told: Vec<String> = mistakes.iter().map(one_line).collect();
        format!("the `[config]` of `{CASES_FILE}`: {}", told.join("; "))
    })?;
    let process = plugins.process(found).map_err(|one| one_line(&one))?;
    Ok(Running { process, grace: Duration::from_secs(2), keep: Box::new(plugins) })
}

fn one_line(diagnostic: &Diagnostic) -> String {
    match diagnostic.detail.as_str() {
        "" => diagnostic.summary.clone(),
        detail => format!("{}: {detail}", diagnostic.summary),
    }
}

/// A check, and the feature that it is about.
fn named(check: &str, feature: Option<&str>) -> String {
    feature.map_or_else(|| check.to_owned(), |feature| format!("{check}  {feature}"))
}

fn line(verdict: &Verdict) -> String {
    let name = named(verdict.check.id, verdict.feature.as_deref());
    match &verdict.outcome {
        Came::Passed => format!("ok    {name}\n"),
        Came::Skipped(why) => format!("skip  {name}: {why}\n"),
        Came::Failed(how) => {
            let how = how.replace('\n', "\n      ");
            format!("FAIL  {name}\n      {}\n      {how}\n", verdict.check.sentence)
        }
    }
}

fn document(verdict: &Verdict) -> serde_json::Value {
    let (status, detail) = match &verdict.outcome {
        Came::Passed => ("passed", ""),
        Came::Skipped(why) => ("skipped", why.as_str()),
        Came::Failed(how) => ("failed", how.as_str()),
    };
    json!({
        "check": verdict.check.id,
        "sentence": verdict.check.sentence,
        "feature": verdict.feature,
        "status": status,
        "detail": detail,
    })
}

/// A folder for everything that a plugin under test leaves behind.
fn temporary() -> Result<tempfile::TempDir, Failure> {
    let folder = tempfile::Builder::new().prefix("purlin-plugin-").tempdir();
    folder.map_err(|error| unwritable(&error))
}

fn unwritable(error: &io::Error) -> Failure {
    let summary = "there is no place for temporary files";
    Failure::failed(Diagnostic::error("no-temporary", summary).detail(error.to_string()))
}
