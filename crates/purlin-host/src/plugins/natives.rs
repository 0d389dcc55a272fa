//! What is done for code that is compiled in and needs more than a log: programs, and answers that are
//! kept. It is granted what its manifest asks for, as a process is, and nothing else.

use std::path::PathBuf;
use std::sync::Arc;

use purlin_model::{Diagnostic, Hasher};
use purlin_plugin::RuntimeKind;
use purlin_plugin::contract::{Host, QuietHost};
use purlin_process::Programs;

use super::{Plugins, lock};
use crate::FeatureRef;
use crate::process::{Given, MemoFolder, Services, variables};

impl Plugins {
    /// The services for calls of a feature. A process has its own, and is given none here.
    ///
    /// # Errors
    /// Those of [`Plugins::consent`].
    pub fn services(&self, feature: &FeatureRef) -> Result<Arc<dyn Host>, Diagnostic> {
        let (Some(RuntimeKind::Native), Some(surroundings)) =
            (feature.runtime, self.surroundings.as_ref())
        else {
            return Ok(Arc::new(QuietHost));
        };
        let permissions = self.consent(feature)?.permissions;
        if let Some(before) = &surroundings.before_plugins {
            before();
        }
        let variables = variables(&permissions, surroundings);
        let mut owner = Hasher::new("native-plugin-identity");
        owner.field(feature.plugin.as_bytes()).field(feature.digest.to_hex().as_bytes());
        owner.field(self.path.version.to_string().as_bytes());
        for (name, value) in &variables {
            owner.field(name.as_encoded_bytes()).field(value.as_encoded_bytes());
        }
        let services = Arc::new(Services::without_scratch(Given {
            plugin: feature.plugin.clone(),
            // Programs tell of themselves, and not of a folder that somebody stands in.
            folder: PathBuf::from("/"),
            permissions,
            programs: Programs::default(),
            variables,
            surroundings: surroundings.clone(),
            memo: MemoFolder::new(&surroundings.cache, "own", owner.finish()),
            features: self.feature_list(),
            log: self.log.clone(),
        }));
        self.processes.look_after(&services);
        Ok(services)
    }
}

impl super::processes::Processes {
    /// Ends what runs for a plugin when everything else ends.
    fn look_after(&self, services: &Arc<Services>) {
        let mut used = lock(&self.0);
        if used.cancelled {
            services.end();
        }
        used.natives.push(services.clone());
    }
}
