//! The plugin `rival`: sets what `demo` sets, and writes down what hooks are told.

use std::io::Write;

use purlin_plugin::contract::{Argument, Hook, Host};
use purlin_plugin::message::{ArgumentContext, Edit, ErrorCode, PluginError};
use purlin_plugin::serde_json::{Value as Json, json};
use purlin_plugin::{NativeFeature, NativePlugin};

use crate::demo::for_each_instance;

pub(crate) const PLUGIN: NativePlugin = NativePlugin {
    folder: "rival",
    files: &[("plugin.toml", include_str!("rival.toml"))],
    features: &[
        ("shade", NativeFeature::Argument(&Sets("TINT"))),
        ("mood", NativeFeature::Argument(&Sets("MOOD"))),
        ("command.finished", NativeFeature::Hook(&Scribe)),
        ("run.finished", NativeFeature::Hook(&Scribe)),
        ("build.finished", NativeFeature::Hook(&Scribe)),
    ],
};

struct Sets(&'static str);

impl Argument for Sets {
    fn apply(
        &self,
        _name: &str,
        value: &Json,
        request: &Json,
        _context: &ArgumentContext,
        _host: &dyn Host,
    ) -> Result<Vec<Edit>, PluginError> {
        Ok(for_each_instance(request, |id| (format!("/env/{id}/{}", self.0), value.clone())))
    }
}

/// Writes what it is told to the file of `HOOKS`.
struct Scribe;

impl Hook for Scribe {
    fn event(&self, name: &str, payload: &Json, _host: &dyn Host) -> Result<(), PluginError> {
        let Some(path) = std::env::var_os("HOOKS") else { return Ok(()) };
        let failed =
            |error: std::io::Error| PluginError::new(ErrorCode::Internal, error.to_string());
        let mut file =
            std::fs::File::options().create(true).append(true).open(path).map_err(failed)?;
        writeln!(file, "{}", json!({ "event": name, "payload": payload })).map_err(failed)
    }
}
