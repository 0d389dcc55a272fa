//! A definition that a transform has in its hands: evaluated once somebody asks.

use std::any::Any;
use std::sync::{Arc, Weak};

use purlin_model::Diagnostic;
use purlin_plugin::language::Argument;
use purlin_plugin::transform::Lazy;

use crate::board::{Frame, Key};
use crate::engine::Engine;
use crate::{Content, path_text};

/// What `compose` hands out.
pub(crate) struct Entry {
    pub(crate) engine: Weak<Engine>,
    pub(crate) target: Target,
    /// The priority that an output made of it has.
    pub(crate) priority: i64,
    /// The task that asked for it.
    pub(crate) frame: Option<Arc<Frame>>,
}

pub(crate) enum Target {
    Definition(Key),
    /// Definitions that exclude each other, the first of them to stand for all.
    Conflict(Key, Arc<Diagnostic>),
}

impl Entry {
    pub(crate) fn key(&self) -> &Key {
        match &self.target {
            Target::Definition(key) | Target::Conflict(key, _) => key,
        }
    }

    /// The same definition in the same workspace for the same system is the same. Data is told by what it
    /// says: what was joined is made anew each time that it is asked for.
    pub(crate) fn identity(&self) -> String {
        let key = self.key();
        if let Content::Data(_) = &key.definition.content {
            let definition = &key.definition;
            return format!("{} {}", path_text(&definition.path), definition.identity());
        }
        let address = Arc::as_ptr(&key.definition);
        format!("definition {} {} {address:p}", key.world, key.point)
    }
}

impl Lazy for Entry {
    fn force(&self) -> Result<Argument, Diagnostic> {
        let engine = self.engine.upgrade().ok_or_else(gone)?;
        match &self.target {
            Target::Definition(key) => {
                engine.force(key, self.frame.as_ref(), None).map_err(Arc::unwrap_or_clone)
            }
            Target::Conflict(_, diagnostic) => Err((**diagnostic).clone()),
        }
    }

    fn described(&self) -> String {
        path_text(&self.key().definition.path)
    }

    fn as_any(&self) -> Option<&dyn Any> {
        Some(self)
    }
}

/// The workspace is not there any more.
pub(crate) fn gone() -> Diagnostic {
    Diagnostic::error("internal", "a value was used after its workspace was closed")
}
