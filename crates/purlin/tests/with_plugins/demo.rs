//! The plugin `demo`: verbs that tell what they were told, and flags that change requests in every
//! way, right and wrong.

use std::io::Write;
use std::time::Duration;

use purlin_plugin::contract::{Argument, Host, LogLevel, OutputStream, Subcommand};
use purlin_plugin::message::{ArgumentContext, Edit, ErrorCode, PluginError, SubcommandContext};
use purlin_plugin::serde_json::{Value as Json, json};
use purlin_plugin::{NativeFeature, NativePlugin};

pub(crate) const PLUGIN: NativePlugin = NativePlugin {
    folder: "demo",
    files: &[("plugin.toml", include_str!("demo.toml"))],
    features: &[
        ("demo-hello", NativeFeature::Subcommand(&Verbs)),
        ("demo-broken", NativeFeature::Subcommand(&Verbs)),
        ("demo-slow", NativeFeature::Subcommand(&Verbs)),
        ("always", NativeFeature::Argument(&Flags)),
        ("only", NativeFeature::Argument(&Flags)),
        ("tint", NativeFeature::Argument(&Flags)),
        ("within", NativeFeature::Argument(&Flags)),
        ("keep", NativeFeature::Argument(&Flags)),
        ("just", NativeFeature::Argument(&Flags)),
        ("seen", NativeFeature::Argument(&Flags)),
        ("seen-late", NativeFeature::Argument(&Flags)),
        ("rogue", NativeFeature::Argument(&Flags)),
        ("wrong", NativeFeature::Argument(&Flags)),
        ("nowhere", NativeFeature::Argument(&Flags)),
        ("rewrite", NativeFeature::Argument(&Flags)),
        ("failing", NativeFeature::Argument(&Flags)),
        ("twice", NativeFeature::Argument(&Flags)),
        ("late", NativeFeature::Argument(&Flags)),
        ("deep", NativeFeature::Argument(&Flags)),
    ],
};

struct Verbs;

impl Subcommand for Verbs {
    fn run(
        &self,
        name: &str,
        args: &Json,
        context: &SubcommandContext,
        _host: &dyn Host,
    ) -> Result<i32, PluginError> {
        if name == "demo-broken" {
            return Err(PluginError::new(ErrorCode::NotFound, "the sky is gone"));
        }
        let told = json!({ "name": name, "args": args, "context": context });
        writeln!(std::io::stdout(), "{told}").map_err(failed)?;
        let status = args["status"].as_i64().unwrap_or_default();
        Ok(i32::try_from(status).unwrap_or(i32::MAX))
    }

    fn complete(
        &self,
        name: &str,
        argument: &str,
        prefix: &str,
        host: &dyn Host,
    ) -> Result<Vec<String>, PluginError> {
        // Nothing of this may get into the line that the user is typing.
        host.log(LogLevel::Warning, "noise");
        let _ = host.output(OutputStream::Stdout, b"noise\n");
        let _ = host.output(OutputStream::Stderr, b"noise\n");
        if name == "demo-slow" {
            // Long enough for the time limit, short enough for a test that would wait for it.
            std::thread::sleep(Duration::from_secs(20));
        }
        if argument == "tag" {
            return Err(PluginError::new(ErrorCode::Transient, "not now"));
        }
        let all = ["six", "seven", "bad\nname"].map(|value| format!("{prefix}{argument}-{value}"));
        Ok(all.into_iter().chain(["elsewhere".to_owned()]).collect())
    }
}

struct Flags;

impl Argument for Flags {
    fn apply(
        &self,
        name: &str,
        value: &Json,
        request: &Json,
        context: &ArgumentContext,
        _host: &dyn Host,
    ) -> Result<Vec<Edit>, PluginError> {
        let one = |path: &str, value: Json| Ok(vec![edit(path, value)]);
        match name {
            "always" => one("/force", json!(true)),
            "only" => one("/names", json!([value])),
            "tint" => {
                Ok(for_each_instance(request, |id| (format!("/env/{id}/TINT"), value.clone())))
            }
            "within" => {
                Ok(for_each_instance(request, |id| (format!("/timeout/{id}"), value.clone())))
            }
            "keep" => Ok(for_each_instance(request, |id| (format!("/cache/{id}"), value.clone()))),
            "just" => one("/selected", json!([value])),
            "seen" | "seen-late" => {
                let told = json!({ "value": value, "context": context, "request": request });
                let path = value.as_str().unwrap_or_default();
                std::fs::write(path, told.to_string()).map_err(failed)?;
                Ok(Vec::new())
            }
            "rogue" => one("/jobs", json!(1)),
            "wrong" => one("/jobs", json!("many")),
            "nowhere" => one("/env/nobody", json!({ "A": "1" })),
            "rewrite" => one("/instances", json!({})),
            "failing" => Err(PluginError::new(ErrorCode::Internal, "it is broken")),
            "twice" => one("/args/times", json!(request["args"]["times"].as_i64().map(|n| n * 2))),
            _ => Ok(Vec::new()),
        }
    }

    fn complete(
        &self,
        name: &str,
        prefix: &str,
        _host: &dyn Host,
    ) -> Result<Vec<String>, PluginError> {
        Ok(vec![format!("{prefix}{name}-value")])
    }
}

fn edit(path: &str, value: Json) -> Edit {
    Edit { path: path.to_owned(), value }
}

/// One edit for each instance of the request.
pub(crate) fn for_each_instance(
    request: &Json,
    edits: impl Fn(&str) -> (String, Json),
) -> Vec<Edit> {
    let instances = request["instances"].as_object();
    let ids = instances.into_iter().flat_map(|instances| instances.keys());
    ids.map(|id| edits(id)).map(|(path, value)| edit(&path, value)).collect()
}

fn failed(error: impl std::error::Error) -> PluginError {
    PluginError::new(ErrorCode::Internal, error.to_string())
}
