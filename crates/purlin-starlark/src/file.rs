//! One file: its tree, what it defines, what it loads, and its module once it was evaluated.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, OnceLock, PoisonError};

use purlin_model::{Diagnostic, Diagnostics, Origin, Source};
use purlin_plugin::language::FileIndex;
use starlark::environment::FrozenModule;
use starlark::syntax::AstModule;

use crate::allocator::Budget;
use crate::index::{Load, index};
use crate::{parse, part};

/// Who asks for more parts of a file than this is given all of it.
const MOST_PARTS: usize = 8;

/// A text of at most so many bytes is quickly evaluated again.
const SMALL: usize = 16 << 10;

/// A file that was parsed.
pub(crate) struct File {
    pub(crate) source: Arc<Source>,
    pub(crate) index: Arc<FileIndex>,
    pub(crate) loads: Vec<Load>,
    /// The functions of the index by number, and its constants behind them, sorted by name: a file may
    /// have fifty thousand.
    by_name: Vec<u32>,
    /// What the loads mean, once somebody asked.
    pub(crate) loaded: OnceLock<Result<Vec<Arc<Self>>, Diagnostic>>,
    /// Taken by the evaluation. Of a deep text the tree is not kept, because dropping it would need
    /// as much stack as making it. Boxed, since most files have none any more.
    tree: Mutex<Option<Box<AstModule>>>,
    module: Mutex<Module>,
    /// What single functions needed, by their names.
    parts: Mutex<HashMap<String, FrozenModule>>,
    evaluated: Condvar,
    /// Whether another file loads it, and counts on its module.
    is_loaded: AtomicBool,
    /// Whether it is among those whose modules may be let go of.
    is_spent: AtomicBool,
    /// Whether values of its module are in somebody's hands, who could compare them with those of another
    /// evaluation.
    has_given: AtomicBool,
    /// How many are about to use its module.
    users: AtomicUsize,
}

enum Module {
    Untouched,
    /// Somebody evaluates it.
    Begun,
    Done(Result<FrozenModule, Box<Diagnostic>>),
}

impl File {
    /// Parses a file that is not too deep, as [`nesting`](crate::nesting) has told.
    ///
    /// # Errors
    /// Syntax errors, and parts of `definitions` that are not literal.
    pub(crate) fn parse(source: &Arc<Source>, is_deep: bool) -> Result<Self, Diagnostics> {
        let tree = parse::parse(source).map_err(|diagnostic| vec![diagnostic])?;
        let (index, loads) = index(&tree, source)?;
        let tree = Some(Box::new(tree)).filter(|_| !is_deep);
        let names = index.functions.len() + index.constants.len();
        let mut by_name: Vec<u32> = (0..).take(names).collect();
        // The first of a name stays in front.
        by_name.sort_by(|one, other| bound(&index, *one).0.cmp(bound(&index, *other).0));
        Ok(Self {
            by_name,
            source: source.clone(),
            index: Arc::new(index),
            loads,
            loaded: OnceLock::new(),
            tree: Mutex::new(tree),
            module: Mutex::new(Module::Untouched),
            parts: Mutex::default(),
            evaluated: Condvar::new(),
            is_loaded: AtomicBool::new(false),
            is_spent: AtomicBool::new(false),
            has_given: AtomicBool::new(false),
            users: AtomicUsize::new(0),
        })
    }

    /// Where a name is bound at the top level, functions first.
    pub(crate) fn origin_of(&self, name: &str) -> Option<Origin> {
        let place = self.by_name.partition_point(|number| bound(&self.index, *number).0 < name);
        let (found, origin) = bound(&self.index, *self.by_name.get(place)?);
        (found == name).then(|| origin.clone())
    }

    /// The tree, for the one evaluation.
    pub(crate) fn take_tree(&self) -> Result<AstModule, Diagnostic> {
        let kept = self.tree.lock().unwrap_or_else(PoisonError::into_inner).take();
        match kept {
            Some(tree) => Ok(*tree),
            None => parse::parse(&self.source),
        }
    }

    /// The text of what one function needs, where the file is large and not evaluated.
    pub(crate) fn part(
        &self,
        function: &str,
        is_global: impl Fn(&str) -> bool,
    ) -> Option<Arc<Source>> {
        if self.parts.lock().unwrap_or_else(PoisonError::into_inner).len() >= MOST_PARTS {
            return None;
        }
        let tree = self.tree.lock().unwrap_or_else(PoisonError::into_inner);
        let text = self.source.text.as_ref()?;
        let part = part::part(tree.as_deref()?, text, function, is_global)?;
        Some(Source::new(self.source.path.clone(), part))
    }

    /// What that came to.
    pub(crate) fn known_part(&self, function: &str) -> Option<FrozenModule> {
        self.parts.lock().unwrap_or_else(PoisonError::into_inner).get(function).cloned()
    }

    pub(crate) fn keep_part(&self, function: &str, module: &FrozenModule) {
        let mut parts = self.parts.lock().unwrap_or_else(PoisonError::into_inner);
        parts.insert(function.to_owned(), module.clone());
    }

    /// What became of the evaluation; `None` for the one who is to do it and then tells it with
    /// [`File::done`]. Everybody else waits.
    pub(crate) fn claim(&self) -> Option<Result<FrozenModule, Diagnostic>> {
        let mut module = self.module.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            match &*module {
                Module::Done(result) => return Some(unboxed(result)),
                Module::Untouched => {
                    *module = Module::Begun;
                    return None;
                }
                Module::Begun => {
                    module = self.evaluated.wait(module).unwrap_or_else(PoisonError::into_inner);
                }
            }
        }
    }

    /// The module, if it was evaluated.
    pub(crate) fn module(&self) -> Option<Result<FrozenModule, Diagnostic>> {
        match &*self.module.lock().unwrap_or_else(PoisonError::into_inner) {
            Module::Done(result) => Some(unboxed(result)),
            Module::Untouched | Module::Begun => None,
        }
    }

    /// Tells how the evaluation ended. What is told first stays.
    pub(crate) fn done(&self, result: Result<FrozenModule, Diagnostic>) {
        let mut module = self.module.lock().unwrap_or_else(PoisonError::into_inner);
        if !matches!(*module, Module::Done(_)) {
            *module = Module::Done(result.map_err(Box::new));
            self.evaluated.notify_all();
        }
    }

    /// Notes that another file loads it: its module stays from now on.
    pub(crate) fn note_loaded(&self) {
        self.is_loaded.store(true, Ordering::SeqCst);
    }

    /// Somebody uses the module as long as this lives: it is not let go of meanwhile.
    pub(crate) fn in_use(self: &Arc<Self>) -> InUse {
        self.users.fetch_add(1, Ordering::SeqCst);
        InUse(self.clone())
    }

    /// Notes that a value of the module was given away: it stays from now on.
    pub(crate) fn note_given(&self) {
        self.has_given.store(true, Ordering::SeqCst);
    }

    /// Whether its module may be let go of once a function in it has returned data: it is small, and is
    /// not waiting for that already.
    pub(crate) fn becomes_spent(&self) -> bool {
        self.by_name.len() <= MOST_PARTS
            && self.source.text.as_ref().is_some_and(|text| text.len() <= SMALL)
            && !self.is_loaded.load(Ordering::SeqCst)
            && !self.has_given.load(Ordering::SeqCst)
            && !self.is_spent.swap(true, Ordering::SeqCst)
    }

    /// Lets go of the module. Should it be asked for again, the file is evaluated again.
    pub(crate) fn let_go(&self) {
        let mut module = self.module.lock().unwrap_or_else(PoisonError::into_inner);
        self.is_spent.store(false, Ordering::SeqCst);
        let is_needed = self.is_loaded.load(Ordering::SeqCst)
            || self.has_given.load(Ordering::SeqCst)
            || self.users.load(Ordering::SeqCst) > 0;
        if is_needed || !matches!(*module, Module::Done(Ok(_))) {
            return;
        }
        let gone = std::mem::replace(&mut *module, Module::Untouched);
        drop(module);
        // What it held is given back to nobody's evaluation.
        let _nobody = Budget::unlimited();
        drop(gone);
    }
}

/// A user of a file's module.
pub(crate) struct InUse(Arc<File>);

impl InUse {
    pub(crate) fn file(&self) -> &Arc<File> {
        &self.0
    }
}

impl Drop for InUse {
    fn drop(&mut self) {
        self.0.users.fetch_sub(1, Ordering::SeqCst);
    }
}

fn unboxed(result: &Result<FrozenModule, Box<Diagnostic>>) -> Result<FrozenModule, Diagnostic> {
    result.clone().map_err(|mistake| *mistake)
}

/// A name that a file binds, by its number.
fn bound(index: &FileIndex, number: u32) -> (&str, &Origin) {
    let number = number as usize;
    match number.checked_sub(index.functions.len()) {
        None => (&index.functions[number].name, &index.functions[number].origin),
        Some(number) => (&index.constants[number].0, &index.constants[number].1),
    }
}
