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
    let mut detail = format!("{}\n{}", error.message, named(feature, function));
    if !error.detail.is_empty() {
        detail = format!("{detail}\n{}", error.detail);
    }
    Diagnostic::error("plugin-call", summary).detail(detail)
}

/// A call by plugin, version and function.
pub(crate) fn named(feature: &FeatureRef, function: &str) -> String {
    format!(
        "plugin `{}` {}, call `{}/{function}`",
        feature.plugin,
        feature.version,
        feature.point()
    )
}
