//! The base set: names that no definition supplies are requests against the repositories.

use std::sync::Arc;

use purlin_environments::{Asked, Range, Request};
use purlin_model::{Diagnostic, folds_alike};
use purlin_plugin::language::{Argument, Namespace};

use super::{Package, Repositories};

/// The packages of repositories as names that definitions may ask for.
pub(crate) struct Base {
    pub(crate) repositories: Arc<Repositories>,
    pub(crate) depth: Depth,
}

/// How much of a package is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Depth {
    /// All: it is resolved and pinned.
    Packages,
    /// Whether there is one, for verbs that start no process and write nothing: a package that is called so
    /// stands for it, in the version that is pinned.
    Names,
    /// What is pinned: it is resolved, and nothing is written. What is not, or is another by now, is
    /// stood in for as with `Names`, and [`Repositories::lacking`] tells it.
    Pinned,
}

impl Namespace for Base {
    fn described(&self) -> String {
        "the repositories".to_owned()
    }

    fn names(&self) -> Vec<String> {
        self.repositories.families().unwrap_or_default()
    }

    fn get(&self, name: &str) -> Option<Result<Argument, Diagnostic>> {
        let families = match self.repositories.families() {
            Ok(families) => families,
            Err(trouble) => return Some(Err(trouble)),
        };
        let exact = families.iter().find(|family| *family == name);
        let family = exact.or_else(|| families.iter().find(|family| folds_alike(family, name)));
        let Some(family) = family else { return self.repositories.absent().map(Err) };
        let request = Request::wanted(family, Range::any());
        if self.depth == Depth::Names {
            return Some(self.repositories.stand_in(&request));
        }
        let by = format!("a definition that asks for `{name}`");
        let asked = Asked { request: request.clone(), by };
        let found = self.repositories.resolve(&[asked], self.depth).and_then(|found| {
            let package = found.packages.iter().find(|package| package.name == *family);
            package.map(Package::argument).ok_or_else(|| {
                Diagnostic::error("unresolved", format!("no repository has given `{family}`"))
                    .detail("What was chosen has another name.".to_owned())
            })
        });
        Some(match found {
            Err(why) if self.depth == Depth::Pinned => {
                self.repositories.note_lacking(why);
                self.repositories.stand_in(&request)
            }
            found => found,
        })
    }

    /// Repositories have no branches, and a folder of definitions may have the name of a package.
    fn below(&self, _name: &str) -> Option<Arc<dyn Namespace>> {
        None
    }
}
