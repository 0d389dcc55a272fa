//! Everything that is known of an open workspace, shared by whoever evaluates in it.

use std::collections::{HashMap, HashSet};
use std::path::Path;
use std::sync::atomic::AtomicUsize;
use std::sync::{Arc, Mutex, OnceLock, Weak};

use purlin_model::{Diagnostic, Value};
use purlin_plugin::language::{Language, Namespace};

use crate::Name;
use crate::board::{Board, lock};
use crate::catalogue::Catalogue;
use crate::file::SourceFiles;
use crate::inputs::Inputs;
use crate::merge::{Rules, Tree};
use crate::project::Project;
use crate::shipped::Shipped;

/// Asked for `inputs.self` when a definition needs it: `{path, revision, last_modified, dirty}` of the
/// workspace or project in this folder; with its commit and the time of that, if it was fetched.
pub type Revision =
    Box<dyn Fn(&Path, Option<(&str, Option<i64>)>) -> Result<Value, Diagnostic> + Send + Sync>;

/// The role of leaves whose sections are where names are looked up.
pub(crate) const PACKAGE_ROLE: &str = "build";

pub(crate) struct Engine {
    pub(crate) me: Weak<Engine>,
    pub(crate) language: Arc<dyn Language>,
    pub(crate) files: Arc<SourceFiles>,
    pub(crate) catalogue: Catalogue,
    pub(crate) base: Option<Arc<dyn Namespace>>,
    pub(crate) revision: Option<Revision>,
    pub(crate) inputs: Option<Arc<dyn Inputs>>,
    pub(crate) systems: Vec<Name>,
    /// Whether only these systems count, even for what is defined for another one.
    pub(crate) is_restricted: bool,
    pub(crate) projects: Vec<Project>,
    /// The sections where names are looked up.
    pub(crate) packages: Vec<Name>,
    /// The names that plugins ship, once somebody looks for one.
    pub(crate) shipped: OnceLock<Shipped>,
    /// The sections without a system that every definition may use, as `lib`.
    pub(crate) shared: Vec<Name>,
    pub(crate) board: Board,
    pub(crate) points: Mutex<Points>,
    /// How values of sections become one, where a schema says it.
    pub(crate) rules: Mutex<HashMap<Name, Arc<Rules>>>,
    /// Outputs by project and root.
    pub(crate) outputs: Mutex<HashMap<(usize, Name), Arc<Tree>>>,
    /// For outputs that are not whole, why.
    pub(crate) failed: Mutex<HashMap<(usize, Name), Arc<Diagnostic>>>,
    /// Which combinations of axes the workspace's sections were enumerated for.
    pub(crate) composed: Mutex<HashMap<Name, HashSet<Axes>>>,
    /// How many outputs were asked for by themselves.
    pub(crate) questions: AtomicUsize,
    /// How many missing names were told with suggestions.
    pub(crate) suggested: AtomicUsize,
    /// What was found to be wrong on the way.
    pub(crate) problems: Mutex<Vec<Diagnostic>>,
}

/// What a definition is evaluated for.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub(crate) struct Point {
    pub(crate) system: Option<Name>,
    pub(crate) axes: Axes,
}

/// Further axes with one value each, in the order in which they were asked for.
pub(crate) type Axes = Vec<(Name, Name)>;

/// Points, numbered.
#[derive(Debug, Default)]
pub(crate) struct Points {
    all: Vec<Arc<Point>>,
    numbers: HashMap<Point, usize>,
}

impl Engine {
    pub(crate) fn report(&self, diagnostics: impl IntoIterator<Item = Diagnostic>) {
        lock(&self.problems).extend(diagnostics);
    }

    pub(crate) fn point_number(&self, point: &Point) -> usize {
        let mut points = lock(&self.points);
        if let Some(number) = points.numbers.get(point) {
            return *number;
        }
        let number = points.all.len();
        points.all.push(Arc::new(point.clone()));
        points.numbers.insert(point.clone(), number);
        number
    }

    pub(crate) fn point(&self, number: usize) -> Arc<Point> {
        lock(&self.points).all[number].clone()
    }

    /// The point of a system without further axes.
    pub(crate) fn point_of(&self, system: Option<&Name>) -> usize {
        self.point_number(&Point { system: system.cloned(), axes: Vec::new() })
    }
}
