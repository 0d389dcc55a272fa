//! The language as others see it.

use std::cell::RefCell;
use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use purlin_model::{Diagnostic, Diagnostics, Origin, Source};
use purlin_plugin::language::{Argument, FileIndex, FunctionRef, Handle, Language, Sources};
use starlark::environment::Globals;
use starlark::syntax::AstModule;

use crate::file::File;
use crate::limits::Limits;
use crate::worker::Workers;
use crate::{call, few, nesting};

/// So many modules are kept of files that may have done all that they are for.
const MOST_SPENT: usize = 256;

/// Bytes of a text whose tree takes more memory than may lie idle. The thread that evaluates it parses
/// it, too: only that can use the tree's memory again, once the evaluation has used it up.
const LARGE_TEXT: usize = 256 << 10;

thread_local! {
    /// Files whose functions have returned data in this thread, the last one behind. Memory is given
    /// back soonest by the thread that has taken it, which is nearly always this one.
    static SPENT: RefCell<VecDeque<Arc<File>>> = const { RefCell::new(VecDeque::new()) };
}

/// Starlark. Files are parsed and evaluated once, as long as it lives; a file that has changed is
/// another [`Source`].
pub struct Starlark {
    inner: Arc<Inner>,
}

/// What evaluations share.
pub(crate) struct Inner {
    /// What files can use, made once something is evaluated that needs it: names are known without it.
    globals: OnceLock<Globals>,
    make_globals: fn() -> Globals,
    /// What suffices for most definitions; a plugin is made for all that it can do.
    few: Option<OnceLock<Globals>>,
    /// The names of all, once a file of a plugin is taken apart.
    global_names: OnceLock<HashSet<String>>,
    pub(crate) sources: Arc<dyn Sources>,
    pub(crate) limits: Limits,
    pub(crate) workers: Workers,
    files: Mutex<Files>,
    mentioned: Mutex<HashMap<String, Handle>>,
}

#[derive(Default)]
struct Files {
    /// By the address of their source, which lives as long as the file.
    parsed: HashMap<usize, Parsed>,
    named: HashMap<String, Arc<Source>>,
}

enum Parsed {
    File(Arc<File>),
    /// Its mistakes. The source is kept, so that no other gets its address.
    Broken(Diagnostics, #[expect(dead_code, reason = "it is kept for its address")] Arc<Source>),
}

impl Starlark {
    /// A language whose files load others from `sources`.
    #[must_use]
    pub fn new(sources: Arc<dyn Sources>) -> Self {
        Self::with_limits(sources, Limits::default())
    }

    /// The same with limits of its own.
    #[must_use]
    pub fn with_limits(sources: Arc<dyn Sources>, limits: Limits) -> Self {
        let inner = Inner::new(sources, limits, crate::globals::globals);
        Self::of(Arc::new(Inner { few: Some(OnceLock::new()), ..inner }))
    }

    pub(crate) fn of(inner: Arc<Inner>) -> Self {
        Self { inner }
    }

    /// Calls a function, in this thread if it is a worker's.
    fn call_in(
        &self,
        function: &FunctionRef,
        arguments: &[(String, Argument)],
        is_alone: bool,
    ) -> Result<Handle, Diagnostic> {
        if Workers::is_here() {
            return call::call(&self.inner, function, arguments, is_alone);
        }
        let (inner, function, arguments) =
            (self.inner.clone(), function.clone(), arguments.to_vec());
        self.inner.workers.run(move || call::call(&inner, &function, &arguments, is_alone))
    }
}

impl Language for Starlark {
    fn index(&self, source: &Arc<Source>) -> Result<Arc<FileIndex>, Diagnostics> {
        self.inner.file(source).map(|file| file.index.clone())
    }

    fn call(
        &self,
        function: &FunctionRef,
        arguments: &[(String, Argument)],
    ) -> Result<Handle, Diagnostic> {
        self.call_in(function, arguments, false)
    }

    fn call_alone(
        &self,
        function: &FunctionRef,
        arguments: &[(String, Argument)],
    ) -> Result<Handle, Diagnostic> {
        self.call_in(function, arguments, true)
    }

    fn constant(&self, source: &Arc<Source>, name: &str) -> Result<Handle, Diagnostic> {
        let (inner, source, name) = (self.inner.clone(), source.clone(), name.to_owned());
        self.inner.workers.run(move || call::constant(&inner, &source, &name))
    }

    fn attend(&self, work: Box<dyn FnOnce() + Send>) -> Result<(), Diagnostic> {
        self.inner.workers.run(move || {
            work();
            Ok(())
        })
    }
}

impl Inner {
    pub(crate) fn new(
        sources: Arc<dyn Sources>,
        limits: Limits,
        make_globals: fn() -> Globals,
    ) -> Self {
        Self {
            globals: OnceLock::new(),
            few: None,
            global_names: OnceLock::new(),
            make_globals,
            sources,
            limits,
            workers: Workers::default(),
            files: Mutex::default(),
            mentioned: Mutex::default(),
        }
    }

    fn all_globals(&self) -> &Globals {
        self.globals.get_or_init(self.make_globals)
    }

    /// What a file can use: all, or what is enough for it.
    pub(crate) fn globals(&self, tree: &AstModule) -> &Globals {
        match &self.few {
            Some(known) if self.globals.get().is_none() && few::suffice(tree) => {
                known.get_or_init(few::globals)
            }
            _ => self.all_globals(),
        }
    }

    /// Whether files have a name without binding it.
    pub(crate) fn is_global(&self, name: &str) -> bool {
        if self.few.is_some() {
            return few::is_global(name);
        }
        let names = || self.all_globals().names().map(|name| name.as_str().to_owned()).collect();
        self.global_names.get_or_init(names).contains(name)
    }

    /// A file, parsed when it is first asked for.
    pub(crate) fn file(self: &Arc<Self>, source: &Arc<Source>) -> Result<Arc<File>, Diagnostics> {
        let key = Arc::as_ptr(source).addr();
        match self.files().parsed.get(&key) {
            Some(Parsed::File(file)) => return Ok(file.clone()),
            Some(Parsed::Broken(mistakes, _)) => return Err(mistakes.clone()),
            None => {}
        }
        let parsed = self.parse(source);
        let mut files = self.files();
        files.named.insert(source.path.to_string_lossy().into_owned(), source.clone());
        // Another thread may have been quicker. What it has made may be in use.
        let kept = files.parsed.entry(key).or_insert_with(|| match parsed {
            Ok(file) => Parsed::File(Arc::new(file)),
            Err(mistakes) => Parsed::Broken(mistakes, source.clone()),
        });
        match kept {
            Parsed::File(file) => Ok(file.clone()),
            Parsed::Broken(mistakes, _) => Err(mistakes.clone()),
        }
    }

    fn parse(&self, source: &Arc<Source>) -> Result<File, Diagnostics> {
        let is_deep = nesting::check(source).map_err(|diagnostic| vec![diagnostic])?;
        let is_large = source.text.as_ref().is_some_and(|text| text.len() >= LARGE_TEXT);
        if !is_deep && (!is_large || Workers::is_here()) {
            return File::parse(source, false);
        }
        let source = source.clone();
        self.workers
            .run(move || Ok(File::parse(&source, is_deep)))
            .map_err(|diagnostic| vec![diagnostic])?
    }

    /// The newest file of a name.
    pub(crate) fn named(&self, name: &str) -> Option<Arc<Source>> {
        self.files().named.get(name).cloned()
    }

    pub(crate) fn mention(&self, placeholder: &str, leaf: &Handle) {
        let mut all = self.mentioned.lock().unwrap_or_else(PoisonError::into_inner);
        if !all.contains_key(placeholder) {
            all.insert(placeholder.to_owned(), leaf.clone());
        }
    }

    pub(crate) fn mentioned(&self, placeholder: &str) -> Option<Handle> {
        let all = self.mentioned.lock().unwrap_or_else(PoisonError::into_inner);
        all.get(placeholder).cloned()
    }

    fn files(&self) -> std::sync::MutexGuard<'_, Files> {
        self.files.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A function of the file has returned nothing but data. Most files hold one definition, and are never
/// asked again: of these the modules of the last ones alone are kept.
///
/// What is evaluated again is the same, since nothing can tell one time from another; and of a module that
/// is let go of nothing was given away that somebody could compare.
pub(crate) fn spend(file: &Arc<File>) {
    if !file.becomes_spent() {
        return;
    }
    let oldest = SPENT.with(|spent| {
        let mut spent = spent.borrow_mut();
        spent.push_back(file.clone());
        if spent.len() > MOST_SPENT { spent.pop_front() } else { None }
    });
    if let Some(file) = oldest {
        file.let_go();
    }
}

/// A language whose files load no others.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoSources;

impl Sources for NoSources {
    fn load(&self, label: &str, from: &Arc<Source>) -> Result<Arc<Source>, Diagnostic> {
        Err(Diagnostic::error("load", format!("`{label}` cannot be loaded"))
            .label(Origin::whole(from), "files here load no others"))
    }
}
