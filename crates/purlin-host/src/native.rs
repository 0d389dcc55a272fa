//! The native runtime: code that is compiled in, and code of any runtime as the contract's traits.

use std::ops::Deref;

use purlin_plugin::contract::{
    Argument, Builder, Cache, Dependency, Environment, Hook, Repository, Subcommand,
};
use purlin_plugin::manifest::Feature;
use purlin_plugin::transform::{Importer, Transform};
use purlin_plugin::{NativeFeature, NativePlugin};
use purlin_process::ProcessFeature;
use purlin_starlark::plugin::Feature as StarlarkFeature;

/// The code of a feature. Two features of one plugin may have one name at different points.
pub(crate) fn code_for(plugin: &NativePlugin, feature: &Feature) -> Option<NativeFeature> {
    plugin
        .features
        .iter()
        .find(|(name, code)| *name == feature.name && code.point() == feature.point)
        .map(|(_, code)| *code)
}

/// The code of a feature, ready to be called. A process is started by the first call.
pub enum Loaded<T: ?Sized + 'static> {
    /// Compiled in.
    Native(&'static T),
    /// Called through a process.
    Process(Box<T>),
    /// Evaluated.
    Starlark(Box<T>),
}

impl<T: ?Sized> Deref for Loaded<T> {
    type Target = T;

    fn deref(&self) -> &T {
        match self {
            Self::Native(code) => code,
            Self::Process(code) | Self::Starlark(code) => code,
        }
    }
}

/// Picks the trait object of one point.
pub(crate) trait Code {
    /// `None` when the code is for another point.
    fn of(code: NativeFeature) -> Option<&'static Self>;

    /// A feature of a process as that trait object. `None` for points that no process provides.
    fn process(feature: ProcessFeature) -> Option<Box<Self>>;

    /// A feature in Starlark as that trait object. `None` for points that it does not provide.
    fn starlark(feature: StarlarkFeature) -> Option<Box<Self>>;
}

macro_rules! code {
    ($($point:ident: $process:ident $starlark:ident,)*) => {$(
        impl Code for dyn $point {
            fn of(code: NativeFeature) -> Option<&'static Self> {
                match code {
                    NativeFeature::$point(code) => Some(code),
                    _ => None,
                }
            }

            fn process(feature: ProcessFeature) -> Option<Box<Self>> {
                code!(@$process feature)
            }

            fn starlark(feature: StarlarkFeature) -> Option<Box<Self>> {
                code!(@$starlark feature)
            }
        }
    )*};
    (@yes $feature:ident) => { Some(Box::new($feature)) };
    (@no $feature:ident) => {{
        drop($feature);
        None
    }};
}

// Whether it may be a process, and whether it may be Starlark.
code! {
    Dependency: yes yes,
    Environment: yes yes,
    Builder: yes yes,
    Cache: yes no,
    Repository: yes no,
    Subcommand: yes no,
    Argument: yes yes,
    Hook: yes no,
    Transform: no yes,
    Importer: yes yes,
}
