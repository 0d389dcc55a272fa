//! `purlin plugin call` of a plugin that is evaluated: the parameters become what the contract's
//! functions take.

use purlin_host::{FeatureRef, Plugins};
use purlin_model::Diagnostic;
use purlin_plugin::message::{
    ArgumentContext, BuildContext, EnvironmentContext, ExpandContext, FragmentMessage, PluginError,
};
use purlin_plugin::transform::{Fragment, Payload};
use purlin_test::kit::make_fragments;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value as Json, json};

#[derive(Deserialize)]
struct Expand {
    config: Json,
    context: ExpandContext,
}

#[derive(Deserialize)]
struct Describe {
    name: String,
    config: Json,
    context: EnvironmentContext,
}

#[derive(Deserialize)]
struct Plan {
    leaf: Json,
    context: BuildContext,
}

#[derive(Deserialize)]
struct Apply {
    value: Json,
    request: Json,
    #[serde(flatten)]
    context: ArgumentContext,
}

#[derive(Deserialize)]
struct Complete {
    prefix: String,
}

#[derive(Deserialize)]
struct Load {
    options: Json,
    sources: Vec<String>,
}

/// What the plugin answers, in the shape that it has in the protocol.
///
/// # Errors
/// The parameters are not those of the function, or it cannot be called so.
pub(super) fn call(
    plugins: &Plugins,
    feature: &FeatureRef,
    method: &str,
    params: Map<String, Json>,
) -> Result<Result<Json, Diagnostic>, Diagnostic> {
    let params = Json::Object(params);
    let name = feature.name.as_str();
    let answer = match method {
        "dependency/expand" => {
            let Expand { config, context } = read(params)?;
            let answer = plugins.dependency(feature)?.expand(&config, &context, plugins);
            answer.map(|answer| json!(answer))
        }
        "environment/describe" => {
            let Describe { name, config, context } = read(params)?;
            let answer = plugins.environment(feature)?.describe(&name, &config, &context, plugins);
            answer.map(|answer| json!(answer))
        }
        "builder/plan" => {
            let Plan { leaf, context } = read(params)?;
            let plan = plugins.builder(feature)?.plan(&leaf, &context, plugins);
            plan.map(|plan| json!(plan))
        }
        "argument/apply" => {
            let Apply { value, request, context } = read(params)?;
            let code = plugins.argument(feature)?;
            let edits = code.apply(name, &value, &request, &context, plugins);
            edits.map(|edits| json!({ "edits": edits }))
        }
        "argument/complete" => {
            let Complete { prefix } = read(params)?;
            let values = plugins.argument(feature)?.complete(name, &prefix, plugins);
            values.map(|values| json!({ "values": values }))
        }
        "importer/load" => {
            let Load { options, sources } = read(params)?;
            let fragments = plugins.importer(feature)?.load(&options, &sources, plugins);
            fragments.map(|all| {
                let all: Vec<_> = all.into_iter().map(message).collect();
                json!({ "fragments": all })
            })
        }
        "transform/extend" | "transform/outputs" => {
            let function = method.trim_start_matches("transform/");
            let code = plugins.transform(feature)?;
            let mut given = params;
            given.as_object_mut().and_then(|fields| fields.remove("name"));
            let made = make_fragments(&*code, feature.detail(), function, given, plugins);
            let made = made.map_err(|why| unfit(&why))?;
            made.map(|fragments| json!({ "fragments": fragments }))
        }
        _ => {
            let summary = format!("`{method}` is no function of a plugin in Starlark");
            return Err(Diagnostic::error("unknown-function", summary));
        }
    };
    Ok(answer.map_err(|error| failure(feature, method, &error)))
}

fn read<T: DeserializeOwned>(params: Json) -> Result<T, Diagnostic> {
    serde_json::from_value(params).map_err(|error| unfit(&error.to_string()))
}

fn unfit(why: &str) -> Diagnostic {
    Diagnostic::error("bad-parameters", "the parameters are not those of the function")
        .detail(format!("{why}."))
}

/// A fragment as messages have it; what only evaluation can use is told by its name.
fn message(fragment: Fragment) -> FragmentMessage {
    let data = match fragment.payload {
        Payload::Data(data) => data,
        Payload::File(path) => json!({ "$file": path }),
        Payload::Folder { path, named } => json!({ "$folder": path, "named": named }),
        Payload::Lazy(lazy) => json!(lazy.described()),
        Payload::Value(value) => json!(format!("{value:?}")),
    };
    FragmentMessage {
        path: fragment.path.iter().map(ToString::to_string).collect(),
        system: fragment.system.map(|one| one.to_string()),
        priority: fragment.priority,
        inject: fragment.inject,
        data,
    }
}

fn failure(feature: &FeatureRef, method: &str, error: &PluginError) -> Diagnostic {
    let code = json!(error.code);
    let code = code.as_str().unwrap_or_default();
    let path = error.path.as_deref().map(|path| format!(" at `{path}`")).unwrap_or_default();
    let detail = format!("{code}{path}: {}\n{}", error.message, error.detail);
    let summary = format!("`{method}` of the plugin `{}` failed", feature.plugin);
    Diagnostic::error("plugin-failed", summary).detail(detail.trim())
}
