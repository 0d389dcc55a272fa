//! The entries of `[repositories]`, each with the code of its type.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use purlin_host::{FeatureRef, Loaded, Need, Plugins};
use purlin_model::{Diagnostic, Diagnostics, Kind, Origin, Table, Value, suggestion};
use purlin_plugin::Point;
use purlin_plugin::contract::{Host, Repository};
use purlin_plugin::message::{
    ErrorCode, PackageKey, PackageVersion, PluginError, RepositoryContext,
};
use serde_json::Value as Json;

use super::{Repositories, message};

/// The field that names an entry's type.
const TYPE: &str = "type";

/// One repository, ready to be asked.
pub(super) struct Opened {
    /// What the workspace calls it.
    pub(super) name: String,
    feature: FeatureRef,
    config: Json,
    context: RepositoryContext,
    code: Loaded<dyn Repository>,
    services: Arc<dyn Host>,
    families: OnceLock<Result<Vec<String>, Diagnostic>>,
    /// Where it is written.
    origin: Origin,
    /// What it said when it was not there.
    absent: OnceLock<Diagnostic>,
    is_told: AtomicBool,
}

/// One entry: its name, its type, and what the type's schema has made of it.
struct Entry {
    name: String,
    feature: FeatureRef,
    config: Value,
}

/// What is wrong with `[repositories]`. Nothing is asked.
pub(crate) fn check(plugins: &Plugins, table: Option<&Value>) -> Diagnostics {
    entries(plugins, table).err().unwrap_or_default()
}

pub(super) fn open(all: &Repositories) -> Result<Vec<Opened>, Diagnostics> {
    let entries = entries(&all.plugins, all.table.as_ref())?;
    let mut opened = Vec::new();
    let mut mistakes = Vec::new();
    for entry in entries {
        match ready(all, entry) {
            Ok(one) => opened.push(one),
            Err(mistake) => mistakes.push(mistake),
        }
    }
    if mistakes.is_empty() { Ok(opened) } else { Err(mistakes) }
}

fn ready(all: &Repositories, entry: Entry) -> Result<Opened, Diagnostic> {
    let Entry { name, feature, config } = entry;
    let origin = config.origin.clone();
    let at = |diagnostic: Diagnostic| diagnostic.at(origin.clone(), "this repository");
    let variables = all.plugins.granted_variables(&feature).map_err(at)?;
    let root = all.root.to_str().map(str::to_owned);
    Ok(Opened {
        context: RepositoryContext { name: name.clone(), root, variables },
        code: all.plugins.repository(&feature).map_err(at)?,
        services: all.plugins.services(&feature).map_err(at)?,
        config: config.to_json(),
        families: OnceLock::new(),
        origin: origin.clone(),
        absent: OnceLock::new(),
        is_told: AtomicBool::new(false),
        name,
        feature,
    })
}

/// The entries in the order in which they are written; the default repository where there is no table.
fn entries(plugins: &Plugins, table: Option<&Value>) -> Result<Vec<Entry>, Diagnostics> {
    let Some(table) = table else {
        let feature = match plugins.default_for(Point::Repository) {
            Ok(feature) => feature,
            Err(trouble) => return Err(vec![trouble]),
        };
        let config = Value::new(Kind::Table(Table::default()), feature.origin.clone());
        let config = configured(plugins, &feature, &config)?;
        return Ok(vec![Entry { name: feature.name.clone(), feature, config }]);
    };
    let mut found = Vec::new();
    let mut mistakes = Vec::new();
    // That the table is one of tables with a `type` was checked when the file was read.
    for (name, entry) in table.as_table().into_iter().flat_map(Table::iter) {
        let Some(kind) = entry.value.get(TYPE) else { continue };
        let Some(text) = kind.as_str() else { continue };
        let feature = plugins.find(Point::Repository, text, Need::Enabled);
        let feature = feature.map_err(|mut trouble| {
            if trouble.help.is_empty() {
                let types = plugins.names(Point::Repository);
                let types = types.iter().map(String::as_str);
                trouble.help = suggestion(text, "repository types", types).unwrap_or_default();
            }
            vec![trouble.at(kind.origin.clone(), "named here")]
        });
        let entry = feature.and_then(|feature| {
            let config = configured(plugins, &feature, &without_type(&entry.value))?;
            Ok(Entry { name: name.to_owned(), feature, config })
        });
        match entry {
            Ok(entry) => found.push(entry),
            Err(wrong) => mistakes.extend(wrong),
        }
    }
    if mistakes.is_empty() { Ok(found) } else { Err(mistakes) }
}

fn without_type(entry: &Value) -> Value {
    let mut entry = entry.clone();
    if let Kind::Table(table) = &mut entry.kind {
        *table = table.iter().filter(|(key, _)| *key != TYPE).fold(
            Table::default(),
            |mut rest, (key, entry)| {
                rest.insert(key, entry.key.clone(), entry.value.clone());
                rest
            },
        );
    }
    entry
}

fn configured(
    plugins: &Plugins,
    feature: &FeatureRef,
    config: &Value,
) -> Result<Value, Diagnostics> {
    match plugins.schema(feature)? {
        Some(schema) => {
            let checked = schema.validate(config);
            checked.value.ok_or(checked.diagnostics)
        }
        None => Ok(config.clone()),
    }
}

impl Opened {
    pub(super) fn families(&self) -> Result<Vec<String>, Diagnostic> {
        let ask = || {
            let families = self.code.families(&self.config, &self.context, &*self.services);
            self.unless_absent("families", families)
        };
        self.families.get_or_init(ask).clone()
    }

    /// Versions of the name that was asked for, whatever else the plugin answers.
    pub(super) fn versions(&self, name: &str) -> Result<Vec<PackageVersion>, Diagnostic> {
        let names = [name.to_owned()];
        let versions = self.code.versions(&names, &self.config, &self.context, &*self.services);
        let mut versions = self.unless_absent("versions", versions)?;
        versions.retain(|one| one.name == name);
        Ok(versions)
    }

    /// `None` for a version that is not there.
    pub(super) fn document(&self, key: &PackageKey) -> Result<Option<Json>, Diagnostic> {
        let keys = std::slice::from_ref(key);
        match self.code.packages(keys, &self.config, &self.context, &*self.services) {
            Ok(documents) => Ok(documents.into_iter().next()),
            Err(error) if error.code == ErrorCode::NotFound => Ok(None),
            Err(error) => Err(self.failed("packages", &error)),
        }
    }

    /// What is told of it where it was asked and is not there.
    pub(super) fn absent(&self) -> Option<Diagnostic> {
        self.absent.get().cloned()
    }

    /// True the first time.
    pub(super) fn is_news(&self) -> bool {
        !self.is_told.swap(true, Ordering::Relaxed)
    }

    /// An answer, and nothing where the repository is not there.
    fn unless_absent<T>(
        &self,
        call: &str,
        answer: Result<Vec<T>, PluginError>,
    ) -> Result<Vec<T>, Diagnostic> {
        answer.or_else(|error| {
            let trouble = self.failed(call, &error);
            if error.code != ErrorCode::NotFound {
                return Err(trouble);
            }
            self.absent.get_or_init(|| trouble.label(self.origin.clone(), "this repository"));
            Ok(Vec::new())
        })
    }

    fn failed(&self, call: &str, error: &PluginError) -> Diagnostic {
        message::no_answer(&self.name, &self.feature, call, error)
    }
}
