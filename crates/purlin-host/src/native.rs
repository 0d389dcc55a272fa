//! The native runtime: code that is compiled in.

use purlin_plugin::contract::{Argument, Cache, Dependency, Hook, Subcommand};
use purlin_plugin::manifest::Feature;
use purlin_plugin::{NativeFeature, NativePlugin, Point};

/// The code of a feature. Two features of one plugin may have one name at different points.
pub(crate) fn code_for(plugin: &NativePlugin, feature: &Feature) -> Option<NativeFeature> {
    plugin
        .features
        .iter()
        .find(|(name, code)| *name == feature.name && point_of(code) == feature.point)
        .map(|(_, code)| *code)
}

fn point_of(code: &NativeFeature) -> Point {
    match code {
        NativeFeature::Dependency(_) => Point::Dependency,
        NativeFeature::Cache(_) => Point::Cache,
        NativeFeature::Subcommand(_) => Point::Subcommand,
        NativeFeature::Argument(_) => Point::Argument,
        NativeFeature::Hook(_) => Point::Hook,
    }
}

/// Picks the trait object of one point.
pub(crate) trait Code {
    /// `None` when the code is for another point.
    fn of(code: NativeFeature) -> Option<&'static Self>;
}

macro_rules! code {
    ($($point:ident),*) => {$(
        impl Code for dyn $point {
            fn of(code: NativeFeature) -> Option<&'static Self> {
                match code {
                    NativeFeature::$point(code) => Some(code),
                    _ => None,
                }
            }
        }
    )*};
}

code!(Dependency, Cache, Subcommand, Argument, Hook);
