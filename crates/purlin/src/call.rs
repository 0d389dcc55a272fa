//! What users are told of a call that a plugin did not answer.

use purlin_host::FeatureRef;
use purlin_model::Diagnostic;
use purlin_plugin::message::PluginError;

/// The diagnostic for a failed call: names plugin, version and call.
pub(crate) fn failed(
    summary: String,
    feature: &FeatureRef,
    function: &str,
    error: &PluginError,
) -> Diagnostic {
    let own = || format!("{}/{function}", feature.point());
    let call = error.call.clone().unwrap_or_else(own);
    let mut detail = format!("{}\n{}", error.message, of(feature, &call));
    if !error.detail.is_empty() {
        detail = format!("{detail}\n{}", error.detail);
    }
    Diagnostic::error("plugin-call", summary).detail(detail)
}

/// A call by plugin, version and function.
pub(crate) fn named(feature: &FeatureRef, function: &str) -> String {
    of(feature, &format!("{}/{function}", feature.point()))
}

fn of(feature: &FeatureRef, call: &str) -> String {
    format!("plugin `{}` {}, call `{call}`", feature.plugin, feature.version)
}
