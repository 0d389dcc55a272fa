//! What the host does for plugins during a call, and what plugins mean for the workspace's file.

use std::collections::BTreeSet;

use purlin_plugin::contract::{Host, LogLevel};
use purlin_plugin::manifest::Detail;
use purlin_plugin::message::FeatureSummary;

use super::Plugins;

impl Host for Plugins {
    fn log(&self, level: LogLevel, message: &str) {
        self.log.add(level, message.to_owned());
    }

    fn features(&self) -> Vec<FeatureSummary> {
        Self::features(self)
    }
}

impl Plugins {
    /// Takes what plugins have logged since the last time, in order.
    pub fn take_log(&self) -> Vec<(LogLevel, String)> {
        self.log.take()
    }

    /// The top-level tables of a workspace's file that enabled plugins read or extend, by name.
    pub fn sections(&self) -> Vec<String> {
        self.refresh();
        self.with(|state| {
            let mut found = BTreeSet::new();
            for one in self.enabled(state)? {
                match &one.record.feature.detail {
                    Detail::Leaf { sections, .. } => found.extend(sections.iter().cloned()),
                    // Which section a template means is only known where its options are.
                    Detail::Importer { into, .. } => {
                        let into = into.split([' ', ',']).filter(|one| !one.is_empty());
                        found.extend(into.filter(|one| !one.contains('{')).map(str::to_owned));
                    }
                    Detail::Dependency { section: Some(section), .. } => {
                        found.extend([section.name.clone()]);
                    }
                    Detail::Resource { .. } => found.extend(["resources".to_owned()]),
                    Detail::Transform { reads, extends, .. } => {
                        found.extend(reads.iter().chain(extends).cloned());
                    }
                    _ => {}
                }
            }
            Ok(found.into_iter().collect())
        })
    }
}
