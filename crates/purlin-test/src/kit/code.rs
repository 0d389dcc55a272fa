//! One way to the code of a feature, whatever runs it.

use std::any::Any;
use std::ops::Deref;
use std::sync::Arc;
use std::time::Duration;

use purlin_plugin::contract::{
    Argument, Builder, Cache, Dependency, Environment, Hook, Repository, Subcommand,
};
use purlin_plugin::manifest::{Feature, Manifest};
use purlin_plugin::transform::{Importer, Transform};
use purlin_plugin::{NativeFeature, NativePlugin, RuntimeKind};
use purlin_process::{Launch, Process, ProcessFeature};
use purlin_starlark::plugin::{Feature as StarlarkFeature, Plugin};
use serde_json::Value as Json;

use super::Subject;
use super::host::KitHost;

/// What runs a plugin.
#[derive(Clone)]
pub enum Code {
    /// It is compiled in.
    Native(NativePlugin),
    /// It is a process of its own, and this makes a new one. The error is a sentence.
    Process(Arc<Start>),
    /// It is evaluated, and this makes it anew. Features that are processes have none.
    Starlark(Arc<Evaluate>),
    /// Some of its features are processes, others are evaluated.
    Both(Arc<Start>, Arc<Evaluate>),
}

/// Makes the plugin that a feature is evaluated from. The error is a sentence.
pub type Evaluate = dyn Fn(&Feature) -> Result<Plugin, String> + Send + Sync;

/// Makes the process that runs a feature, with the plugin's own configuration or null.
pub type Start = dyn Fn(&Feature, &Json) -> Result<Running, String> + Send + Sync;

/// A process that nobody else uses.
pub struct Running {
    /// The process.
    pub process: Process,
    /// How long it has to end by itself.
    pub grace: Duration,
    /// Whatever must live as long as the process.
    pub keep: Box<dyn Any + Send + Sync>,
}

impl Running {
    /// A process with a host that remembers nothing afterwards.
    ///
    /// # Errors
    /// There is no place for temporary files.
    pub fn new(launch: Launch, programs: &[String]) -> Result<Self, String> {
        let host = KitHost::new(programs).map_err(|error| error.to_string())?;
        let grace = launch.limits.grace;
        let process = Process::new(launch, Arc::new(host));
        Ok(Self { process, grace, keep: Box::new(()) })
    }
}

/// True when a feature has code that the kit can call.
pub(super) fn runs(subject: &Subject<'_>, manifest: &Manifest, feature: &Feature) -> bool {
    match (&subject.code, manifest.runtime_of(feature)) {
        (Some(Code::Native(plugin)), Some(RuntimeKind::Native)) => {
            native(plugin, feature).is_some()
        }
        (Some(Code::Process(_) | Code::Both(..)), Some(RuntimeKind::Process)) => true,
        (Some(Code::Starlark(_) | Code::Both(..)), Some(RuntimeKind::Starlark)) => {
            feature.point.allows(RuntimeKind::Starlark) && !feature.point.may_be_static()
        }
        _ => false,
    }
}

/// A plugin that was started.
pub(super) struct Started {
    code: Kind,
    /// The host of calls that bring one.
    pub(super) host: KitHost,
}

enum Kind {
    Native(NativePlugin),
    Process(Running),
    Starlark(Plugin),
}

impl Started {
    /// Starts what runs a feature. The error is a sentence.
    pub(super) fn new(
        code: &Code,
        manifest: &Manifest,
        feature: &Feature,
        config: &Json,
    ) -> Result<Self, String> {
        let host = KitHost::new(&manifest.permissions.run)
            .map_err(|error| format!("there is no place for temporary files: {error}"))?;
        let code = match code {
            Code::Native(plugin) => Kind::Native(*plugin),
            Code::Starlark(evaluate) => Kind::Starlark(evaluate(feature)?),
            Code::Both(_, evaluate)
                if manifest.runtime_of(feature) == Some(RuntimeKind::Starlark) =>
            {
                Kind::Starlark(evaluate(feature)?)
            }
            Code::Process(start) | Code::Both(start, _) => Kind::Process(start(feature, config)?),
        };
        Ok(Self { code, host })
    }

    /// The process, where it is one.
    pub(super) fn process(&self) -> Option<&Running> {
        match &self.code {
            Kind::Native(_) | Kind::Starlark(_) => None,
            Kind::Process(running) => Some(running),
        }
    }

    pub(super) fn dependency(&self, feature: &Feature) -> Held<dyn Dependency> {
        self.of(
            feature,
            |code| match code {
                NativeFeature::Dependency(code) => Some(code),
                _ => None,
            },
            |code| Some(Box::new(code)),
            |code| Some(Box::new(code)),
        )
    }

    pub(super) fn environment(&self, feature: &Feature) -> Held<dyn Environment> {
        self.of(
            feature,
            |code| match code {
                NativeFeature::Environment(code) => Some(code),
                _ => None,
            },
            |code| Some(Box::new(code)),
            |code| Some(Box::new(code)),
        )
    }

    pub(super) fn builder(&self, feature: &Feature) -> Held<dyn Builder> {
        self.of(
            feature,
            |code| match code {
                NativeFeature::Builder(code) => Some(code),
                _ => None,
            },
            |code| Some(Box::new(code)),
            |code| Some(Box::new(code)),
        )
    }

    pub(super) fn cache(&self, feature: &Feature) -> Held<dyn Cache> {
        self.of(
            feature,
            |code| match code {
                NativeFeature::Cache(code) => Some(code),
                _ => None,
            },
            |code| Some(Box::new(code)),
            |_| None,
        )
    }

    pub(super) fn repository(&self, feature: &Feature) -> Held<dyn Repository> {
        self.of(
            feature,
            |code| match code {
                NativeFeature::Repository(code) => Some(code),
                _ => None,
            },
            |code| Some(Box::new(code)),
            |_| None,
        )
    }

    pub(super) fn subcommand(&self, feature: &Feature) -> Held<dyn Subcommand> {
        self.of(
            feature,
            |code| match code {
                NativeFeature::Subcommand(code) => Some(code),
                _ => None,
            },
            |code| Some(Box::new(code)),
            |_| None,
        )
    }

    pub(super) fn argument(&self, feature: &Feature) -> Held<dyn Argument> {
        self.of(
            feature,
            |code| match code {
                NativeFeature::Argument(code) => Some(code),
                _ => None,
            },
            |code| Some(Box::new(code)),
            |code| Some(Box::new(code)),
        )
    }

    pub(super) fn hook(&self, feature: &Feature) -> Held<dyn Hook> {
        self.of(
            feature,
            |code| match code {
                NativeFeature::Hook(code) => Some(code),
                _ => None,
            },
            |code| Some(Box::new(code)),
            |_| None,
        )
    }

    pub(super) fn transform(&self, feature: &Feature) -> Held<dyn Transform> {
        self.of(
            feature,
            |code| match code {
                NativeFeature::Transform(code) => Some(code),
                _ => None,
            },
            |_| None,
            |code| Some(Box::new(code)),
        )
    }

    pub(super) fn importer(&self, feature: &Feature) -> Held<dyn Importer> {
        self.of(
            feature,
            |code| match code {
                NativeFeature::Importer(code) => Some(code),
                _ => None,
            },
            |code| Some(Box::new(code)),
            |code| Some(Box::new(code)),
        )
    }

    fn of<T: ?Sized + 'static>(
        &self,
        feature: &Feature,
        pick: impl Fn(NativeFeature) -> Option<&'static T>,
        hold: impl Fn(ProcessFeature) -> Option<Box<T>>,
        evaluate: impl Fn(StarlarkFeature) -> Option<Box<T>>,
    ) -> Held<T> {
        // Manifests with features at points that their runtime does not provide are refused.
        let fits = "features without code are not asked";
        match &self.code {
            Kind::Native(plugin) => {
                let code = native(plugin, feature).and_then(pick);
                Held::Static(code.expect(fits))
            }
            Kind::Process(running) => {
                Held::Owned(hold(running.process.feature(&feature.name)).expect(fits))
            }
            Kind::Starlark(plugin) => {
                Held::Owned(evaluate(plugin.feature(&feature.name)).expect(fits))
            }
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
