//! What the host does for a plugin during a call, on the thread that made the call.

use purlin_plugin::contract::{Host, LogLevel};
use purlin_plugin::message::{ErrorCode, FeatureSummary, PluginError};
use purlin_plugin::transform::{Compose, Composition, TransformContext};

use crate::worker::Services;

/// Who has called.
pub(super) struct Caller<'c> {
    pub(super) host: &'c dyn Host,
    pub(super) context: Option<&'c dyn TransformContext>,
}

impl Services for Caller<'_> {
    fn compose(&self, section: &str, how: &Compose) -> Result<Composition, PluginError> {
        match self.context {
            Some(context) => context.compose(section, how),
            None => {
                let message = "only transforms may compose definitions";
                Err(PluginError::new(ErrorCode::Unsupported, message))
            }
        }
    }

    fn log(&self, level: LogLevel, message: &str) {
        self.host.log(level, message);
    }

    fn features(&self) -> Vec<FeatureSummary> {
        self.host.features()
    }
}
