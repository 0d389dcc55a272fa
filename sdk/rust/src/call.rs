//! From a method and its parameters to the code of a feature, and back to a result.

use std::collections::BTreeMap;
use std::path::PathBuf;

use purlin_plugin::contract::{Host, OpenCache};
use purlin_plugin::message::{
    ArgumentContext, BuildContext, CacheItem, EnvironmentContext, ExpandContext, FragmentMessage,
    PackageKey, PackageVariant, PluginError, RepositoryContext, SubcommandContext,
};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value as Json, json};

use crate::handles::Handles;
use crate::plugin::Plugin;
use crate::wire;

#[derive(Deserialize)]
struct Expand {
    name: String,
    config: Json,
    context: ExpandContext,
}

#[derive(Deserialize)]
struct Describe {
    feature: String,
    name: String,
    config: Json,
    context: EnvironmentContext,
}

#[derive(Deserialize)]
struct Plan {
    name: String,
    leaf: Json,
    context: BuildContext,
}

#[derive(Deserialize)]
struct Open {
    feature: String,
    name: String,
    config: Json,
}

#[derive(Deserialize)]
struct Items {
    handle: String,
    items: Vec<CacheItem>,
    #[serde(default)]
    dir: PathBuf,
}

#[derive(Deserialize)]
struct Ask {
    feature: String,
    config: Json,
    context: RepositoryContext,
    #[serde(default)]
    names: Vec<String>,
    #[serde(default)]
    versions: Vec<PackageKey>,
    #[serde(default)]
    variant: PackageVariant,
    #[serde(default)]
    dir: PathBuf,
}

#[derive(Deserialize)]
struct Run {
    name: String,
    args: Json,
    context: SubcommandContext,
}

#[derive(Deserialize)]
struct Complete {
    name: String,
    #[serde(default)]
    argument: String,
    prefix: String,
}

#[derive(Deserialize)]
struct Apply {
    name: String,
    value: Json,
    request: Json,
    #[serde(flatten)]
    context: ArgumentContext,
}

#[derive(Deserialize)]
struct Load {
    name: String,
    options: Json,
    sources: Vec<String>,
}

#[derive(Deserialize)]
struct Event {
    name: String,
    payload: Json,
}

/// Does what one call of the host says. The error is what stands on the wire.
pub(crate) fn perform(
    plugin: &Plugin,
    handles: &Handles,
    method: &str,
    params: Json,
    host: &dyn Host,
) -> Result<Json, Json> {
    let failed = |error: PluginError| wire::failure(&error);
    match method {
        "dependency/expand" => {
            let Expand { name, config, context } = read(params)?;
            let code = feature(&plugin.dependencies, "dependency", &name)?;
            code.expand(&config, &context, host).map(|answer| json!(answer)).map_err(failed)
        }
        "environment/describe" => {
            let Describe { feature: kind, name, config, context } = read(params)?;
            let code = feature(&plugin.environments, "environment", &kind)?;
            let answer = code.describe(&name, &config, &context, host).map_err(failed)?;
            Ok(json!(answer))
        }
        "builder/plan" => {
            let Plan { name, leaf, context } = read(params)?;
            let code = feature(&plugin.builders, "builder", &name)?;
            code.plan(&leaf, &context, host).map(|plan| json!(plan)).map_err(failed)
        }
        "cache/open" => {
            let Open { feature: kind, name, config } = read(params)?;
            let code = feature(&plugin.caches, "cache", &kind)?;
            let cache = code.open(&name, &config, host).map_err(failed)?;
            Ok(json!({ "handle": handles.keep(cache) }))
        }
        "cache/contains" => {
            let told: Items = read(params)?;
            let found = open(handles, &told)?.contains(&told.items).map_err(failed)?;
            Ok(json!({ "found": found }))
        }
        "cache/fetch" => {
            let told: Items = read(params)?;
            open(handles, &told)?.fetch(&told.items, &told.dir).map_err(failed)?;
            let is_there = |item: &CacheItem| told.dir.join(item.file_name()).is_file();
            let fetched: Vec<bool> = told.items.iter().map(is_there).collect();
            Ok(json!({ "fetched": fetched }))
        }
        "cache/put" => {
            let told: Items = read(params)?;
            open(handles, &told)?.put(&told.items, &told.dir).map_err(failed)?;
            Ok(json!({}))
        }
        "repository/families"
        | "repository/versions"
        | "repository/packages"
        | "repository/fetch" => {
            let Ask { feature: kind, config, context, names, versions, variant, dir } =
                read(params)?;
            let code = feature(&plugin.repositories, "repository", &kind)?;
            let answer = match method {
                "repository/families" => code
                    .families(&config, &context, host)
                    .map(|families| json!({ "families": families })),
                "repository/versions" => code
                    .versions(&names, &config, &context, host)
                    .map(|versions| json!({ "versions": versions })),
                "repository/packages" => code
                    .packages(&versions, &config, &context, host)
                    .map(|packages| json!({ "packages": packages })),
                _ => code.fetch(&variant, &dir, &config, &context, host).map(|()| json!({})),
            };
            answer.map_err(failed)
        }
        "subcommand/run" => {
            let Run { name, args, context } = read(params)?;
            let code = feature(&plugin.subcommands, "subcommand", &name)?;
            let status = code.run(&name, &args, &context, host).map_err(failed)?;
            Ok(json!({ "status": status }))
        }
        "subcommand/complete" => {
            let Complete { name, argument, prefix } = read(params)?;
            let code = feature(&plugin.subcommands, "subcommand", &name)?;
            let values = code.complete(&name, &argument, &prefix, host).map_err(failed)?;
            Ok(json!({ "values": values }))
        }
        "argument/apply" => {
            let Apply { name, value, request, context } = read(params)?;
            let code = feature(&plugin.arguments, "argument", &name)?;
            let edits = code.apply(&name, &value, &request, &context, host).map_err(failed)?;
            Ok(json!({ "edits": edits }))
        }
        "argument/complete" => {
            let Complete { name, prefix, .. } = read(params)?;
            let code = feature(&plugin.arguments, "argument", &name)?;
            let values = code.complete(&name, &prefix, host).map_err(failed)?;
            Ok(json!({ "values": values }))
        }
        "importer/load" => {
            let Load { name, options, sources } = read(params)?;
            let code = feature(&plugin.importers, "importer", &name)?;
            let fragments = code.load(&options, &sources, host).map_err(failed)?;
            let messages = fragments.into_iter().map(FragmentMessage::try_from);
            let messages = messages.collect::<Result<Vec<_>, _>>().map_err(failed)?;
            Ok(json!({ "fragments": messages }))
        }
        "hook/event" => {
            let Event { name, payload } = read(params)?;
            let code = feature(&plugin.hooks, "hook", &name)?;
            code.event(&name, &payload, host).map_err(failed)?;
            Ok(json!({}))
        }
        other => Err(wire::error(wire::UNKNOWN_METHOD, format!("there is no method `{other}`"))),
    }
}

pub(crate) fn read<T: DeserializeOwned>(params: Json) -> Result<T, Json> {
    serde_json::from_value(params)
        .map_err(|error| wire::error(wire::WRONG_PARAMS, error.to_string()))
}

fn feature<'a, T: ?Sized>(
    features: &'a BTreeMap<String, Box<T>>,
    point: &str,
    name: &str,
) -> Result<&'a T, Json> {
    features.get(name).map(|code| &**code).ok_or_else(|| {
        wire::error(wire::WRONG_PARAMS, format!("{point}/{name} is not provided here"))
    })
}

fn open(handles: &Handles, told: &Items) -> Result<std::sync::Arc<dyn OpenCache>, Json> {
    handles.get(&told.handle).ok_or_else(|| {
        wire::error(wire::WRONG_PARAMS, format!("there is no open cache `{}`", told.handle))
    })
}
