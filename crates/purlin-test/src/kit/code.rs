//! One way to the code of a feature, whatever runs it.

use std::io;
use std::ops::Deref;
use std::sync::Arc;

use purlin_plugin::contract::{Argument, Cache, Dependency, Hook, Subcommand};
use purlin_plugin::manifest::{Feature, Manifest};
use purlin_plugin::{NativeFeature, NativePlugin, RuntimeKind};
use purlin_process::{Launch, Process, ProcessFeature};

use super::Subject;
use super::host::KitHost;

/// What runs a plugin.
#[derive(Clone)]
pub enum Code {
    /// It is compiled in.
    Native(NativePlugin),
    /// It is a process of its own.
    Process(Box<Launch>),
}

/// True when a feature has code that the kit can call.
pub(super) fn runs(subject: &Subject<'_>, manifest: &Manifest, feature: &Feature) -> bool {
    match (&subject.code, manifest.runtime_of(feature)) {
        (Some(Code::Native(plugin)), Some(RuntimeKind::Native)) => {
            native(plugin, feature).is_some()
        }
        (Some(Code::Process(launch)), Some(RuntimeKind::Process)) => launch
            .provides
            .iter()
            .any(|(point, name)| (*point, name.as_str()) == (feature.point, feature.name.as_str())),
        _ => false,
    }
}

/// A plugin that was started.
pub(super) struct Started {
    running: Running,
    /// What the host did for it.
    pub(super) host: Arc<KitHost>,
}

enum Running {
    Native(NativePlugin),
    Process(Process),
}

impl Started {
    pub(super) fn new(code: &Code, manifest: &Manifest) -> io::Result<Self> {
        let host = Arc::new(KitHost::new(&manifest.permissions.run)?);
        let running = match code {
            Code::Native(plugin) => Running::Native(*plugin),
            Code::Process(launch) => {
                Running::Process(Process::new((**launch).clone(), host.clone()))
            }
        };
        Ok(Self { running, host })
    }

    /// The process, where it is one.
    pub(super) fn process(&self) -> Option<&Process> {
        match &self.running {
            Running::Native(_) => None,
            Running::Process(process) => Some(process),
        }
    }

    pub(super) fn dependency(&self, feature: &Feature) -> Held<dyn Dependency> {
        self.of(
            feature,
            |code| match code {
                NativeFeature::Dependency(code) => Some(code),
                _ => None,
            },
            |code| Box::new(code),
        )
    }

    pub(super) fn cache(&self, feature: &Feature) -> Held<dyn Cache> {
        self.of(
            feature,
            |code| match code {
                NativeFeature::Cache(code) => Some(code),
                _ => None,
            },
            |code| Box::new(code),
        )
    }

    pub(super) fn subcommand(&self, feature: &Feature) -> Held<dyn Subcommand> {
        self.of(
            feature,
            |code| match code {
                NativeFeature::Subcommand(code) => Some(code),
                _ => None,
            },
            |code| Box::new(code),
        )
    }

    pub(super) fn argument(&self, feature: &Feature) -> Held<dyn Argument> {
        self.of(
            feature,
            |code| match code {
                NativeFeature::Argument(code) => Some(code),
                _ => None,
            },
            |code| Box::new(code),
        )
    }

    pub(super) fn hook(&self, feature: &Feature) -> Held<dyn Hook> {
        self.of(
            feature,
            |code| match code {
                NativeFeature::Hook(code) => Some(code),
                _ => None,
            },
            |code| Box::new(code),
        )
    }

    fn of<T: ?Sized + 'static>(
        &self,
        feature: &Feature,
        pick: impl Fn(NativeFeature) -> Option<&'static T>,
        hold: impl Fn(ProcessFeature) -> Box<T>,
    ) -> Held<T> {
        match &self.running {
            Running::Native(plugin) => {
                let code = native(plugin, feature).and_then(pick);
                Held::Static(code.expect("features without code are not asked"))
            }
            Running::Process(process) => Held::Owned(hold(process.feature(&feature.name))),
        }
    }
}

fn native(plugin: &NativePlugin, feature: &Feature) -> Option<NativeFeature> {
    let mut all = plugin.features.iter();
    all.find(|(name, code)| *name == feature.name && code.point() == feature.point)
        .map(|(_, code)| *code)
}

/// The code of a feature.
pub(super) enum Held<T: ?Sized + 'static> {
    Static(&'static T),
    Owned(Box<T>),
}

impl<T: ?Sized> Deref for Held<T> {
    type Target = T;

    fn deref(&self) -> &T {
        match self {
            Self::Static(code) => code,
            Self::Owned(code) => code,
        }
    }
}
