//! `tests/cases.toml`: what a plugin's author wants it to be asked.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use purlin_model::{Origin, Severity, Source, Value, parse_toml};
use purlin_plugin::manifest::{Feature, Manifest};
use purlin_plugin::message::{ErrorCode, Fence};
use purlin_plugin::{Point, Schema};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value as Json};

use super::sample::sample;
use super::trial::Problem;
use super::{CASES_FILE, Subject};

/// All cases, by the names of their features.
#[derive(Default)]
pub(super) struct Cases {
    /// The workspace's `[plugins.NAME.config]`, or null.
    pub(super) config: Json,
    /// Why there is none here.
    pub(super) unset: Option<String>,
    pub(super) dependency: Told<QuestionCase>,
    pub(super) environment: Told<QuestionCase>,
    pub(super) builder: Told<BuilderCase>,
    pub(super) cache: Told<CacheCase>,
    pub(super) repository: Told<RepositoryCase>,
    pub(super) subcommand: Told<SubcommandCase>,
    pub(super) argument: Told<ArgumentCase>,
    pub(super) hook: Told<HookCase>,
    pub(super) transform: Told<TransformCase>,
    pub(super) importer: Told<ImporterCase>,
}

/// The cases of one point.
pub(super) struct Told<T> {
    cases: BTreeMap<String, Vec<T>>,
    /// Why cases of a feature cannot be used here.
    unusable: BTreeMap<String, String>,
}

impl<T> Default for Told<T> {
    fn default() -> Self {
        Self { cases: BTreeMap::new(), unusable: BTreeMap::new() }
    }
}

/// `[[dependency.NAME]]` and `[[environment.NAME]]`
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct QuestionCase {
    pub(super) config: Json,
    /// A folder of the plugin that is the workspace.
    pub(super) folder: Option<String>,
    /// Files of the workspace, by path.
    pub(super) files: BTreeMap<String, String>,
    pub(super) space: Option<String>,
    pub(super) module: Option<String>,
    pub(super) context: Map<String, Json>,
    /// For a dependency: the environment's folder of distributions, from the root.
    pub(super) site_packages: Option<String>,
    /// For a dependency: the table of the workspace's file.
    pub(super) section: Json,
    /// For a dependency: the boundary around the modules of the space.
    pub(super) fence: Option<Fence>,
    /// For an environment: what it is called; `default` when it is left out.
    pub(super) name: Option<String>,
    /// For an environment: the user's process variables that it is told.
    pub(super) variables: BTreeMap<String, String>,
    /// Parts of the answer.
    pub(super) expect: Option<Map<String, Json>>,
    /// How it is refused.
    pub(super) error: Option<ErrorCase>,
    /// True when nobody has written it.
    #[serde(skip)]
    pub(super) is_sample: bool,
}

/// How a configuration is refused.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ErrorCase {
    pub(super) code: ErrorCode,
    #[serde(default)]
    pub(super) path: Option<String>,
}

/// `[[builder.NAME]]`
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct BuilderCase {
    /// The package's fields, `builder` with what the feature is configured with.
    pub(super) leaf: Map<String, Json>,
    /// What it is called; `example` when it is left out.
    pub(super) name: Option<String>,
    /// The system; `x86_64-linux` when it is left out.
    pub(super) system: Option<String>,
    /// Parts of the plan.
    pub(super) expect: Option<Map<String, Json>>,
    /// How it is refused.
    pub(super) error: Option<ErrorCase>,
    /// True when nobody has written it.
    #[serde(skip)]
    pub(super) is_sample: bool,
}

/// `[[cache.NAME]]`
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct CacheCase {
    pub(super) config: Json,
}

/// `[[repository.NAME]]`
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct RepositoryCase {
    pub(super) config: Json,
    /// A folder of the plugin that is the workspace.
    pub(super) folder: Option<String>,
    /// Files of the workspace, by path.
    pub(super) files: BTreeMap<String, String>,
    /// The user's process variables that it is told.
    pub(super) variables: BTreeMap<String, String>,
    /// The names of all its packages, in any order.
    pub(super) families: Option<Vec<String>>,
    /// Parts of the documents of all its versions, in the order of names and versions.
    pub(super) packages: Option<Vec<Map<String, Json>>>,
}

/// `[[subcommand.NAME]]`
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct SubcommandCase {
    pub(super) args: Map<String, Json>,
    pub(super) folder: Option<String>,
    pub(super) files: BTreeMap<String, String>,
    pub(super) status: Option<i32>,
}

/// `[[argument.NAME]]`
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct ArgumentCase {
    /// The verb; the first one of the manifest when it is left out.
    pub(super) command: Option<String>,
    pub(super) value: Json,
    pub(super) request: Json,
    /// Files of the workspace, by path.
    pub(super) files: BTreeMap<String, String>,
    pub(super) edits: Option<Json>,
}

/// `[[hook."EVENT"]]`
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct HookCase {
    pub(super) payload: Json,
}

/// `[[transform.NAME]]`
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct TransformCase {
    pub(super) options: Json,
    pub(super) systems: Vec<String>,
    /// By section.
    pub(super) definitions: BTreeMap<String, Vec<EntryCase>>,
    /// The fragments that `extend` makes.
    pub(super) extend: Option<Json>,
    /// The fragments that `outputs` makes.
    pub(super) outputs: Option<Json>,
}

/// A definition of a case.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct EntryCase {
    /// Where it stands in its section.
    pub(super) path: Vec<String>,
    /// The one system that it is for.
    pub(super) system: Option<String>,
    pub(super) value: Json,
}

/// `[[importer.NAME]]`
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct ImporterCase {
    pub(super) options: Json,
    /// Files of the workspace, by path.
    pub(super) files: BTreeMap<String, String>,
    /// The files that it is told.
    pub(super) sources: Vec<String>,
    /// What it makes of them.
    pub(super) fragments: Option<Json>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Document {
    config: Json,
    dependency: BTreeMap<String, Vec<Json>>,
    environment: BTreeMap<String, Vec<Json>>,
    builder: BTreeMap<String, Vec<Json>>,
    cache: BTreeMap<String, Vec<Json>>,
    repository: BTreeMap<String, Vec<Json>>,
    subcommand: BTreeMap<String, Vec<Json>>,
    argument: BTreeMap<String, Vec<Json>>,
    hook: BTreeMap<String, Vec<Json>>,
    transform: BTreeMap<String, Vec<Json>>,
    importer: BTreeMap<String, Vec<Json>>,
}

impl Cases {
    /// Reads the cases of a plugin. What is wrong with them comes back as sentences.
    pub(super) fn read(subject: &Subject<'_>, manifest: &Manifest) -> (Self, Vec<String>) {
        let mut reader = Reader { subject, manifest, mistakes: Vec::new() };
        let mut document = reader.document();
        let mut unset = BTreeSet::new();
        substitute(&mut document.config, &subject.variables, &mut unset);
        let cases = Self {
            unset: unset.first().map(|name| is_unset(name)),
            config: document.config,
            dependency: reader.read(Point::Dependency, document.dependency),
            environment: reader.read(Point::Environment, document.environment),
            builder: reader.read(Point::Builder, document.builder),
            cache: reader.read(Point::Cache, document.cache),
            repository: reader.read(Point::Repository, document.repository),
            subcommand: reader.read(Point::Subcommand, document.subcommand),
            argument: reader.read(Point::Argument, document.argument),
            hook: reader.read(Point::Hook, document.hook),
            transform: reader.read(Point::Transform, document.transform),
            importer: reader.read(Point::Importer, document.importer),
        };
        (cases, reader.mistakes)
    }
}

impl<T> Told<T> {
    /// The cases of a feature.
    pub(super) fn of(&self, feature: &Feature) -> Result<&[T], Problem> {
        match (self.cases.get(&feature.name), self.unusable.get(&feature.name)) {
            (Some(cases), _) if !cases.is_empty() => Ok(cases),
            (_, Some(why)) => Err(Problem::Skipped(why.clone())),
            _ => Err(Problem::Skipped(format!("`{CASES_FILE}` has no case for it"))),
        }
    }
}

/// A kind of case.
trait Case: DeserializeOwned {
    /// The configuration, where the point has one.
    fn config(&mut self) -> Option<&mut Json> {
        None
    }

    /// A case for a feature that has none.
    fn sample(config: Json) -> Option<Self> {
        let _ = config;
        None
    }
}

impl Case for QuestionCase {
    fn config(&mut self) -> Option<&mut Json> {
        Some(&mut self.config)
    }

    fn sample(config: Json) -> Option<Self> {
        Some(Self { config, is_sample: true, ..Self::default() })
    }
}

impl Case for BuilderCase {
    fn config(&mut self) -> Option<&mut Json> {
        Some(self.leaf.entry("builder").or_insert(Json::Null))
    }

    fn sample(config: Json) -> Option<Self> {
        let leaf = Map::from_iter([("builder".to_owned(), config)]);
        Some(Self { leaf, is_sample: true, ..Self::default() })
    }
}

impl Case for CacheCase {
    fn config(&mut self) -> Option<&mut Json> {
        Some(&mut self.config)
    }
}

impl Case for RepositoryCase {
    fn config(&mut self) -> Option<&mut Json> {
        Some(&mut self.config)
    }
}

impl Case for SubcommandCase {}

impl Case for ArgumentCase {}

impl Case for HookCase {
    fn sample(_config: Json) -> Option<Self> {
        Some(Self::default())
    }
}

impl Case for TransformCase {
    fn config(&mut self) -> Option<&mut Json> {
        Some(&mut self.options)
    }

    fn sample(options: Json) -> Option<Self> {
        Some(Self { options, ..Self::default() })
    }
}

impl Case for ImporterCase {
    fn config(&mut self) -> Option<&mut Json> {
        Some(&mut self.options)
    }
}

struct Reader<'a> {
    subject: &'a Subject<'a>,
    manifest: &'a Manifest,
    mistakes: Vec<String>,
}

impl Reader<'_> {
    fn document(&mut self) -> Document {
        let Some(text) = (self.subject.text_of)(CASES_FILE) else { return Document::default() };
        let source = Source::new(CASES_FILE, text);
        let (value, diagnostics) = parse_toml(&source);
        self.mistakes.extend(diagnostics.iter().map(ToString::to_string));
        serde_json::from_value(value.to_json()).unwrap_or_else(|error| {
            self.mistakes.push(format!("`{CASES_FILE}`: {error}"));
            Document::default()
        })
    }

    fn read<T: Case>(&mut self, point: Point, written: BTreeMap<String, Vec<Json>>) -> Told<T> {
        let mut told = Told::default();
        for (name, list) in written {
            let feature =
                self.manifest.features.iter().find(|one| one.point == point && one.name == name);
            let Some(feature) = feature else {
                self.mistakes.push(format!("the manifest has no {point}/{name}"));
                continue;
            };
            let schema = schema(self.subject, feature);
            for (number, json) in (1..).zip(list) {
                let place = format!("case {number} of {point}/{name}");
                match self.case(json, schema.as_ref(), &place) {
                    Ok(case) => told.cases.entry(name.clone()).or_default().push(case),
                    Err(Unusable::Mistake(mistake)) => self.mistakes.push(mistake),
                    Err(Unusable::Here(why)) => {
                        told.unusable.insert(name.clone(), why);
                    }
                }
            }
        }
        for feature in self.manifest.features.iter().filter(|one| one.point == point) {
            if told.cases.contains_key(&feature.name) || told.unusable.contains_key(&feature.name) {
                continue;
            }
            let schema = schema(self.subject, feature);
            let config = sample(schema.as_ref());
            if let Some(case) = config.and_then(T::sample) {
                told.cases.insert(feature.name.clone(), vec![case]);
            }
        }
        told
    }

    fn case<T: Case>(
        &self,
        json: Json,
        schema: Option<&Schema>,
        place: &str,
    ) -> Result<T, Unusable> {
        let mut json = json;
        let mut unset = BTreeSet::new();
        substitute(&mut json, &self.subject.variables, &mut unset);
        if let Some(name) = unset.first() {
            return Err(Unusable::Here(is_unset(name)));
        }
        let mut case: T = serde_json::from_value(json)
            .map_err(|error| Unusable::Mistake(format!("{place}: {error}")))?;
        if let Some(config) = case.config() {
            if config.is_null() {
                *config = Json::Object(Map::new());
            }
            if let Some(schema) = schema {
                *config = checked(schema, config, place)?;
            }
        }
        Ok(case)
    }
}

fn is_unset(name: &str) -> String {
    format!("the process variable {name} is not set")
}

/// The schema of a feature; what is wrong with it is told by the check of the manifest.
pub(super) fn schema(subject: &Subject<'_>, feature: &Feature) -> Option<Schema> {
    let path = &feature.schema.as_ref()?.path;
    let text = (subject.text_of)(path)?;
    Schema::parse(&Source::new(Path::new(path), text)).ok()
}

/// Why a case is not used.
enum Unusable {
    Mistake(String),
    Here(String),
}

/// The configuration as the host would hand it over: with defaults.
fn checked(schema: &Schema, config: &Json, place: &str) -> Result<Json, Unusable> {
    let checked = schema.validate(&Value::from_json(config, &nowhere()));
    let errors = checked.diagnostics.iter().filter(|one| one.severity == Severity::Error);
    let told: Vec<&str> = errors.map(|one| one.summary.as_str()).collect();
    checked
        .value
        .map(|value| value.to_json())
        .ok_or_else(|| Unusable::Mistake(format!("{place}: {}", told.join("; "))))
}

/// Puts process variables where `{env.NAME}` stands.
fn substitute(json: &mut Json, variables: &BTreeMap<String, String>, unset: &mut BTreeSet<String>) {
    match json {
        Json::String(text) => {
            while let Some(start) = text.find("{env.") {
                let Some(length) = text[start..].find('}') else { return };
                let name = text[start + "{env.".len()..start + length].to_owned();
                let Some(value) = variables.get(&name) else {
                    unset.insert(name);
                    return;
                };
                text.replace_range(start..=start + length, value);
            }
        }
        Json::Array(items) => {
            items.iter_mut().for_each(|item| substitute(item, variables, unset));
        }
        Json::Object(fields) => {
            fields.values_mut().for_each(|field| substitute(field, variables, unset));
        }
        _ => {}
    }
}

/// The origin of values whose place is not known any more.
pub(super) fn nowhere() -> Origin {
    Origin::whole(&Source::new(CASES_FILE, String::new()))
}
