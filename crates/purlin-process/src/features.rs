//! The features of a process as the contract's traits.

use std::path::Path;

use purlin_plugin::contract::{
    Argument, Builder, Cache, Dependency, Environment, Hook, Host, OpenCache, Repository,
    Subcommand,
};
use purlin_plugin::message::{
    ArgumentContext, BuildContext, BuildPlan, CacheItem, Edit, EnvironmentContext,
    EnvironmentDescription, ExpandContext, Expansion, FragmentMessage, PackageKey, PackageVariant,
    PackageVersion, PluginError, RepositoryContext, SubcommandContext,
};
use purlin_plugin::transform::{Fragment, Importer};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json, json};

use crate::error::{CallError, Cause};
use crate::exchange::Exchange;
use crate::process::Process;

/// One feature of a process. The `host` of its calls is not used: a process has one for all of its
/// calls, since it may ask at any time. Nor is their `name`, which the workspace may have changed:
/// the plugin is told the name in its manifest.
#[derive(Clone)]
pub struct ProcessFeature {
    process: Process,
    name: String,
}

impl Process {
    /// A feature of the manifest, which the caller knows to be one of this process.
    #[must_use]
    pub fn feature(&self, name: &str) -> ProcessFeature {
        ProcessFeature { process: self.clone(), name: name.to_owned() }
    }
}

impl Process {
    /// Calls `cache/put` or `cache/fetch` as a run does, for tools that speak the protocol
    /// themselves: the plugin is told a `dir` that it may use, and the files of `items` are copied
    /// into that from `folder`, or out of it.
    ///
    /// # Errors
    /// Those of [`Process::call`]; and files that cannot be copied, or are not there.
    pub fn call_with_files(
        &self,
        method: &str,
        mut params: Map<String, Json>,
        items: &[CacheItem],
        folder: &Path,
    ) -> Result<Json, CallError> {
        let failed = |error| self.error(method, Cause::Reported(error), Vec::new());
        let exchange = Exchange::new(self.exchange(), folder).map_err(failed)?;
        if method == "cache/put" {
            items.iter().try_for_each(|item| exchange.give(item)).map_err(failed)?;
        }
        params.insert("dir".to_owned(), exchange.dir().to_string_lossy().into());
        let result = self.call(method, &Json::Object(params))?;
        if method == "cache/fetch" {
            let Fetched { fetched } = Fetched::deserialize(&result)
                .map_err(|error| self.bad_result(method, error.to_string()))?;
            self.as_many(method, &fetched, items)?;
            for (item, _) in items.iter().zip(&fetched).filter(|(_, fetched)| **fetched) {
                if !exchange.take(item).map_err(failed)? {
                    return Err(self.not_fetched(item));
                }
            }
        }
        Ok(result)
    }

    /// Calls `repository/fetch` as a run does, for tools that speak the protocol themselves: the plugin
    /// is told a `dir` that it may use, and what it puts there is copied to `dir` of `params`.
    ///
    /// # Errors
    /// Those of [`Process::call`]; and files that cannot be copied.
    pub fn call_with_folder(
        &self,
        method: &str,
        mut params: Map<String, Json>,
    ) -> Result<Json, CallError> {
        let failed = |error| self.error(method, Cause::Reported(error), Vec::new());
        let ours = params.get("dir").and_then(Json::as_str).unwrap_or_default().to_owned();
        let exchange = Exchange::new(self.exchange(), Path::new(&ours)).map_err(failed)?;
        params.insert("dir".to_owned(), exchange.dir().to_string_lossy().into());
        let result = self.call(method, &Json::Object(params))?;
        exchange.take_all().map_err(failed)?;
        Ok(result)
    }

    fn as_many(
        &self,
        method: &str,
        answers: &[bool],
        items: &[CacheItem],
    ) -> Result<(), CallError> {
        if answers.len() == items.len() {
            return Ok(());
        }
        let reason = format!("{} answers for {} items", answers.len(), items.len());
        Err(self.bad_result(method, reason))
    }

    fn not_fetched(&self, item: &CacheItem) -> CallError {
        let name = item.file_name();
        let reason = format!("there is no file `{name}`, which it says to have fetched");
        self.bad_result("cache/fetch", reason)
    }
}

/// The parameters of the one call that a run makes by the thousand.
#[derive(Serialize)]
struct Expand<'a> {
    name: &'a str,
    config: &'a Json,
    context: &'a ExpandContext,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Opened {
    handle: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Found {
    found: Vec<bool>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Fetched {
    fetched: Vec<bool>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Nothing {}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Status {
    status: i16,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Values {
    values: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Edits {
    edits: Vec<Edit>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Fragments {
    fragments: Vec<FragmentMessage>,
}

impl Dependency for ProcessFeature {
    fn expand(
        &self,
        config: &Json,
        context: &ExpandContext,
        _host: &dyn Host,
    ) -> Result<Expansion, PluginError> {
        let params = Expand { name: &self.name, config, context };
        Ok(self.process.typed("dependency/expand", &params)?)
    }
}

impl Environment for ProcessFeature {
    fn describe(
        &self,
        name: &str,
        config: &Json,
        context: &EnvironmentContext,
        _host: &dyn Host,
    ) -> Result<EnvironmentDescription, PluginError> {
        let params =
            json!({ "feature": self.name, "name": name, "config": config, "context": context });
        Ok(self.process.typed("environment/describe", &params)?)
    }
}

impl Builder for ProcessFeature {
    fn plan(
        &self,
        leaf: &Json,
        context: &BuildContext,
        _host: &dyn Host,
    ) -> Result<BuildPlan, PluginError> {
        let params = json!({ "name": self.name, "leaf": leaf, "context": context });
        Ok(self.process.typed("builder/plan", &params)?)
    }
}

impl Cache for ProcessFeature {
    fn open(
        &self,
        name: &str,
        config: &Json,
        _host: &dyn Host,
    ) -> Result<Box<dyn OpenCache>, PluginError> {
        let params = json!({ "feature": self.name, "name": name, "config": config });
        let Opened { handle } = self.process.typed("cache/open", &params)?;
        Ok(Box::new(ProcessCache { process: self.process.clone(), handle }))
    }
}

/// An open cache. Its handle means nothing to the plugin after a crash, which is a failure like any
/// other of a cache.
struct ProcessCache {
    process: Process,
    handle: String,
}

impl ProcessCache {
    fn params(&self, items: &[CacheItem], dir: Option<&Path>) -> Json {
        let mut params = json!({ "handle": self.handle, "items": items });
        if let Some(dir) = dir {
            params["dir"] = dir.to_string_lossy().into();
        }
        params
    }
}

impl OpenCache for ProcessCache {
    fn contains(&self, items: &[CacheItem]) -> Result<Vec<bool>, PluginError> {
        let Found { found } = self.process.typed("cache/contains", &self.params(items, None))?;
        self.process.as_many("cache/contains", &found, items)?;
        Ok(found)
    }

    fn fetch(&self, items: &[CacheItem], dir: &Path) -> Result<(), PluginError> {
        let exchange = Exchange::new(self.process.exchange(), dir)?;
        let params = self.params(items, Some(exchange.dir()));
        let Fetched { fetched } = self.process.typed("cache/fetch", &params)?;
        self.process.as_many("cache/fetch", &fetched, items)?;
        for (item, _) in items.iter().zip(&fetched).filter(|(_, fetched)| **fetched) {
            if !exchange.take(item)? {
                return Err(self.process.not_fetched(item).into());
            }
        }
        Ok(())
    }

    fn put(&self, items: &[CacheItem], dir: &Path) -> Result<(), PluginError> {
        let exchange = Exchange::new(self.process.exchange(), dir)?;
        items.iter().try_for_each(|item| exchange.give(item))?;
        let params = self.params(items, Some(exchange.dir()));
        let Nothing {} = self.process.typed("cache/put", &params)?;
        Ok(())
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Families {
    families: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Versions {
    versions: Vec<PackageVersion>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Packages {
    packages: Vec<Json>,
}

impl ProcessFeature {
    fn repository(&self, config: &Json, context: &RepositoryContext) -> Json {
        json!({ "feature": self.name, "config": config, "context": context })
    }
}

impl Repository for ProcessFeature {
    fn families(
        &self,
        config: &Json,
        context: &RepositoryContext,
        _host: &dyn Host,
    ) -> Result<Vec<String>, PluginError> {
        let params = self.repository(config, context);
        let Families { families } = self.process.typed("repository/families", &params)?;
        Ok(families)
    }

    fn versions(
        &self,
        names: &[String],
        config: &Json,
        context: &RepositoryContext,
        _host: &dyn Host,
    ) -> Result<Vec<PackageVersion>, PluginError> {
        let mut params = self.repository(config, context);
        params["names"] = json!(names);
        let Versions { versions } = self.process.typed("repository/versions", &params)?;
        Ok(versions)
    }

    fn packages(
        &self,
        versions: &[PackageKey],
        config: &Json,
        context: &RepositoryContext,
        _host: &dyn Host,
    ) -> Result<Vec<Json>, PluginError> {
        let mut params = self.repository(config, context);
        params["versions"] = json!(versions);
        let Packages { packages } = self.process.typed("repository/packages", &params)?;
        if packages.len() != versions.len() {
            let reason = format!("{} documents for {} versions", packages.len(), versions.len());
            return Err(self.process.bad_result("repository/packages", reason).into());
        }
        Ok(packages)
    }

    fn fetch(
        &self,
        variant: &PackageVariant,
        dir: &Path,
        config: &Json,
        context: &RepositoryContext,
        _host: &dyn Host,
    ) -> Result<(), PluginError> {
        let exchange = Exchange::new(self.process.exchange(), dir)?;
        let mut params = self.repository(config, context);
        params["variant"] = json!(variant);
        params["dir"] = exchange.dir().to_string_lossy().into();
        let Nothing {} = self.process.typed("repository/fetch", &params)?;
        exchange.take_all()
    }
}

impl Subcommand for ProcessFeature {
    fn run(
        &self,
        _name: &str,
        args: &Json,
        context: &SubcommandContext,
        _host: &dyn Host,
    ) -> Result<i32, PluginError> {
        let params = json!({ "name": self.name, "args": args, "context": context });
        let Status { status } = self.process.typed("subcommand/run", &params)?;
        if !(-64..=255).contains(&status) {
            let reason = format!("the status {status} is none: 0 to 255 are");
            return Err(self.process.bad_result("subcommand/run", reason).into());
        }
        Ok(status.into())
    }

    fn complete(
        &self,
        _name: &str,
        argument: &str,
        prefix: &str,
        _host: &dyn Host,
    ) -> Result<Vec<String>, PluginError> {
        let params = json!({ "name": self.name, "argument": argument, "prefix": prefix });
        let Values { values } = self.process.typed("subcommand/complete", &params)?;
        Ok(values)
    }
}

impl Argument for ProcessFeature {
    fn apply(
        &self,
        _name: &str,
        value: &Json,
        request: &Json,
        context: &ArgumentContext,
        _host: &dyn Host,
    ) -> Result<Vec<Edit>, PluginError> {
        let params = json!({
            "name": self.name, "value": value, "command": context.command,
            "stage": context.stage, "request": request,
        });
        let Edits { edits } = self.process.typed("argument/apply", &params)?;
        Ok(edits)
    }

    fn complete(
        &self,
        _name: &str,
        prefix: &str,
        _host: &dyn Host,
    ) -> Result<Vec<String>, PluginError> {
        let params = json!({ "name": self.name, "prefix": prefix });
        let Values { values } = self.process.typed("argument/complete", &params)?;
        Ok(values)
    }
}

impl Importer for ProcessFeature {
    fn load(
        &self,
        options: &Json,
        sources: &[String],
        _host: &dyn Host,
    ) -> Result<Vec<Fragment>, PluginError> {
        let params = json!({ "name": self.name, "options": options, "sources": sources });
        let Fragments { fragments } = self.process.typed("importer/load", &params)?;
        Ok(fragments.into_iter().map(Fragment::from).collect())
    }
}

impl Hook for ProcessFeature {
    fn event(&self, _name: &str, payload: &Json, _host: &dyn Host) -> Result<(), PluginError> {
        let params = json!({ "name": self.name, "payload": payload });
        let Nothing {} = self.process.typed("hook/event", &params)?;
        Ok(())
    }
}
