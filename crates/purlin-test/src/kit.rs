//! The conformance kit: what every plugin must hold to, whatever runs it.
//!
//! [`CHECKS`] is the list; each check is one sentence. [`test()`] puts a plugin through those that are
//! about it. What the kit asks a plugin comes from `tests/cases.toml` in the plugin's folder; a
//! feature without cases there is asked with what its schema gives as examples.
//!
//! ```
//! use purlin_test::kit::{Code, Outcome, Subject, test};
//! # use purlin_plugin::contract::{Hook, Host};
//! # use purlin_plugin::message::PluginError;
//! # use purlin_plugin::{NativeFeature, NativePlugin, serde_json::Value as Json};
//! # struct Told;
//! # impl Hook for Told {
//! #     fn event(&self, _: &str, _: &Json, _: &dyn Host) -> Result<(), PluginError> { Ok(()) }
//! # }
//! const PLUGIN: NativePlugin = NativePlugin {
//!     folder: "told",
//!     files: &[("plugin.toml", "\
//!         plugin = { name = 'told', version = '1.0.0', api = '1' }\n\
//!         runtime = { kind = 'native' }\n\
//!         [[provides.hook]]\non = 'run.finished'\n")],
//!     features: &[("run.finished", NativeFeature::Hook(&Told))],
//! };
//!
//! let report = test(&Subject::native(&PLUGIN));
//! assert!(report.iter().all(|verdict| verdict.outcome == Outcome::Passed), "{report:?}");
//! ```

mod argument;
mod builder;
mod cache;
mod cases;
mod check;
mod code;
mod completion;
mod definitions;
mod dependency;
mod environment;
mod hook;
mod host;
mod importer;
mod place;
mod plugin;
mod process;
mod question;
mod repository;
mod sample;
mod subcommand;
#[cfg(test)]
mod tests;
mod transform;
mod trial;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use purlin_model::Source;
use purlin_plugin::NativePlugin;
use purlin_plugin::manifest::{Feature, MANIFEST_FILE, Manifest, check_files, parse_manifest};

pub use check::{About, CHECKS, Check};
pub use code::{Code, Evaluate, Running, Start};
pub use transform::make_fragments;

use cases::Cases;
use trial::{Finding, Problem, Trial};

/// The file with the cases, below the plugin's folder.
pub const CASES_FILE: &str = "tests/cases.toml";

/// The text of a file by its path, `None` where there is none.
pub type TextOf<'a> = dyn Fn(&str) -> Option<String> + Sync + 'a;

/// A plugin to be tested.
pub struct Subject<'a> {
    /// `plugin.toml`, with its text.
    pub manifest: Arc<Source>,
    /// The text of one of its files, by the path below its folder.
    pub text_of: Box<TextOf<'a>>,
    /// Its folder, for cases that name one; `None` when it is not on disk.
    pub folder: Option<PathBuf>,
    /// Where the workspaces of cases are made; `None` for where temporary files are.
    pub places: Option<PathBuf>,
    /// What runs it. `None` for a plugin that is only files.
    pub code: Option<Code>,
    /// What `{env.NAME}` in cases stands for.
    pub variables: BTreeMap<String, String>,
}

impl<'a> Subject<'a> {
    /// A plugin that is compiled in.
    #[must_use]
    pub fn native(plugin: &'a NativePlugin) -> Self {
        let text = plugin.file(MANIFEST_FILE).map(str::to_owned);
        let path = format!("{}/{MANIFEST_FILE}", plugin.folder);
        Self {
            manifest: Source::of_plugin(plugin.folder, path, text),
            text_of: Box::new(|path| plugin.file(path).map(str::to_owned)),
            folder: None,
            places: None,
            code: Some(Code::Native(*plugin)),
            variables: BTreeMap::new(),
        }
    }
}

/// What one check says about a plugin or about one of its features.
#[derive(Debug, Clone)]
pub struct Verdict {
    /// The check.
    pub check: &'static Check,
    /// The feature, as `point/name`; `None` when it is about the plugin as a whole.
    pub feature: Option<String>,
    /// What came of it.
    pub outcome: Outcome,
}

/// What came of a check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The plugin holds to it.
    Passed,
    /// Nothing can be said, and why.
    Skipped(String),
    /// The plugin does not hold to it, and how that shows.
    Failed(String),
}

/// How far a test has come.
#[derive(Debug, Clone, Copy)]
pub enum Step<'a> {
    /// A check begins, about the plugin or about one of its features (`point/name`). It ends when the
    /// plugin answers, or when the time is over that it has for that.
    Begins(&'static Check, Option<&'a str>),
    /// A check has ended.
    Ended(&'a Verdict),
}

/// Puts a plugin through all checks that are about it.
#[must_use]
pub fn test(subject: &Subject<'_>) -> Vec<Verdict> {
    test_telling(subject, &mut |_| {})
}

/// The same for somebody who waits: `tell` hears of each check as it begins and as it ends.
pub fn test_telling(subject: &Subject<'_>, tell: &mut dyn FnMut(Step<'_>)) -> Vec<Verdict> {
    let parsed = parse_manifest(&subject.manifest);
    let Some(manifest) = &parsed.manifest else {
        let check = CHECKS.iter().find(|check| check.id == "manifest");
        let told: Vec<String> = parsed.diagnostics.iter().map(ToString::to_string).collect();
        let outcome = Outcome::Failed(told.join("\n"));
        let verdict = check.map(|check| Verdict { check, feature: None, outcome });
        return verdict.inspect(|verdict| tell(Step::Ended(verdict))).into_iter().collect();
    };
    let (cases, mistakes) = Cases::read(subject, manifest);
    let mut report = Vec::new();
    let mut is_callable = true;
    for check in CHECKS {
        let mut about = |feature: Option<&Feature>| {
            let id = feature.map(Feature::id);
            tell(Step::Begins(check, id.as_deref()));
            let trial = Trial { subject, manifest, cases: &cases, mistakes: &mistakes, feature };
            let outcome = match (feature, is_callable) {
                (Some(_), false) => Outcome::Skipped("the process itself is not right".to_owned()),
                _ => (check.run)(&trial).into(),
            };
            let verdict = Verdict { check, feature: id, outcome };
            tell(Step::Ended(&verdict));
            verdict
        };
        match check.about {
            About::Plugin => report.push(about(None)),
            About::Process if matches!(subject.code, Some(Code::Process(_) | Code::Both(..))) => {
                let verdict = about(None);
                let is_passed = !matches!(verdict.outcome, Outcome::Failed(_));
                is_callable &= is_passed || !process::NEEDED.contains(&check.id);
                report.push(verdict);
            }
            About::Process => {}
            About::Point(point) => {
                let has_code = |feature: &&Feature| code::runs(subject, manifest, feature);
                let features = manifest.features.iter().filter(|one| one.point == point);
                let verdicts = features.filter(has_code).map(|feature| about(Some(feature)));
                report.extend(verdicts.collect::<Vec<_>>());
            }
        }
    }
    report
}

impl From<Finding> for Outcome {
    fn from(finding: Finding) -> Self {
        match finding {
            Ok(()) => Self::Passed,
            Err(Problem::Skipped(why)) => Self::Skipped(why),
            Err(Problem::Failed(how)) => Self::Failed(how),
        }
    }
}

/// What is checked of a manifest without its code.
pub(crate) fn manifest_mistakes(subject: &Subject<'_>, manifest: &Manifest) -> Vec<String> {
    let mut diagnostics = parse_manifest(&subject.manifest).diagnostics;
    let files = check_files(manifest, &subject.manifest, &*subject.text_of);
    diagnostics.extend(files);
    diagnostics.iter().map(ToString::to_string).collect()
}
