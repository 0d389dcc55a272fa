//! Plugins in Starlark: the same functions and payloads as in every other runtime, without a process.
//!
//! A file may have the code of several features. The function for one of them is called
//! `FEATURE_FUNCTION`, such as `package_tree_expand`; where there is none, `FUNCTION` is called. What
//! a feature is configured with and its context are structures, whose fields are in snake_case; what
//! is in them is data. What comes back is data, or what `fragment` makes.

mod answer;
mod context;
mod feature;
mod fragment;
mod functions;
mod services;

use std::sync::Arc;

use purlin_model::{Diagnostics, Source, to_snake};
use purlin_plugin::Point;
use purlin_plugin::language::{FileIndex, Language as _, Sources};

pub use feature::Feature;
pub(crate) use functions::globals;

use crate::language::{Inner, Starlark};
use crate::limits::Limits;

/// The code of a plugin.
#[derive(Clone)]
pub struct Plugin {
    inner: Arc<Inner>,
    source: Arc<Source>,
}

impl Plugin {
    /// A plugin whose entry is a file with its text, and which loads others from `sources`. Nothing
    /// is parsed before it is used.
    #[must_use]
    pub fn new(entry: Arc<Source>, sources: Arc<dyn Sources>) -> Self {
        let inner = Inner::new(sources, Limits::default(), globals);
        Self { inner: Arc::new(inner), source: entry }
    }

    /// A feature of the manifest, by its name there.
    #[must_use]
    pub fn feature(&self, name: &str) -> Feature {
        Feature::new(self.clone(), name)
    }

    /// What its entry defines.
    ///
    /// # Errors
    /// All syntax errors.
    pub fn index(&self) -> Result<Arc<FileIndex>, Diagnostics> {
        Starlark::of(self.inner.clone()).index(&self.source)
    }

    /// The functions that a feature may be called through, of which it needs one; none for points
    /// that this runtime does not provide.
    ///
    /// # Errors
    /// All syntax errors.
    pub fn functions(&self, point: Point, feature: &str) -> Result<Vec<String>, Diagnostics> {
        let index = self.index()?;
        let has = |name: &str| index.functions.iter().any(|function| function.name == name);
        let names = functions_of(point).iter().map(|function| {
            let own = own_name(feature, function);
            if has(&own) { own } else { plain_name(function).to_owned() }
        });
        Ok(names.filter(|name| has(name)).collect())
    }
}

/// The functions of a point that a feature is called through.
#[must_use]
pub fn functions_of(point: Point) -> &'static [&'static str] {
    match point {
        Point::Dependency => &["expand"],
        Point::Environment => &["describe"],
        Point::Builder => &["plan"],
        Point::Argument => &["apply"],
        Point::Transform => &["extend", "outputs"],
        Point::Importer => &["load"],
        _ => &[],
    }
}

/// The name of a function that a plugin with one feature has: `load` is a word of the language.
#[must_use]
pub fn plain_name(function: &str) -> &str {
    if function == "load" { "import_" } else { function }
}

/// The name of a function that only one feature has.
fn own_name(feature: &str, function: &str) -> String {
    format!("{}_{function}", to_snake(feature))
}
