//! The top level of files: evaluated once, frozen, and shared by all threads.

use std::sync::Arc;

use purlin_model::Diagnostic;
use starlark::environment::{FrozenModule, Module};
use starlark::eval::{Evaluator, FileLoader};
use starlark::syntax::AstModule;

use crate::file::File;
use crate::language::Inner;
use crate::worker::Subject;
use crate::{allocator, error, loads, parse, session};

/// The module of a file, once it and what it loads have been evaluated.
pub(crate) fn module(inner: &Arc<Inner>, file: &Arc<File>) -> Result<FrozenModule, Diagnostic> {
    if let Some(known) = file.module() {
        return known;
    }
    let mut own = None;
    for needed in loads::in_order(inner, file)? {
        let claimed = needed.claim();
        if claimed.is_none() {
            let claim = Claim { file: &needed };
            let watch = allocator::watch_of_thread();
            if let Some(watch) = watch {
                watch.begin_file(&needed);
            }
            let result = needed.take_tree().and_then(|tree| evaluate(inner, &needed, tree));
            if let Some(watch) = watch {
                watch.end_file();
            }
            claim.file.done(result.clone());
            own = Some(result);
        } else {
            own = claimed;
        }
    }
    // It is the last of them.
    own.unwrap_or_else(|| Err(Diagnostic::error("internal", "a file was not evaluated")))
}

/// A module in which one function of a file is, and what that needs: all of it, unless the file is
/// large.
///
/// What is evaluated again for another function of the file makes the same values, since nothing can
/// tell one time from another.
pub(crate) fn module_for(
    inner: &Arc<Inner>,
    file: &Arc<File>,
    function: &str,
) -> Result<FrozenModule, Diagnostic> {
    if let Some(known) = file.known_part(function).filter(|_| file.module().is_none()) {
        return Ok(known);
    }
    let is_global = |name: &str| inner.is_global(name);
    let part = if file.module().is_none() { file.part(function, is_global) } else { None };
    let Some(part) = part else { return module(inner, file) };
    for needed in loads::loaded(inner, file)? {
        module(inner, needed)?;
    }
    let evaluated = evaluate(inner, file, parse::parse(&part)?)?;
    file.keep_part(function, &evaluated);
    Ok(evaluated)
}

/// Others may wait for the file: should this thread be stopped or panic, they are told.
struct Claim<'f> {
    file: &'f Arc<File>,
}

impl Drop for Claim<'_> {
    fn drop(&mut self) {
        // Where the evaluation has ended, this comes too late and changes nothing.
        self.file.done(Err(Diagnostic::error("internal", "the evaluation of a file has failed")));
    }
}

/// Bytes that the top level of a file may hold for each byte of its text, besides its limit: a file of
/// fifty thousand functions is large, and nothing in it grows without end.
const MEMORY_FOR_TEXT: usize = 64;

fn evaluate(
    inner: &Arc<Inner>,
    file: &Arc<File>,
    tree: AstModule,
) -> Result<FrozenModule, Diagnostic> {
    let source = &file.source;
    let loader = Loader { inner, file };
    let described: Arc<str> = format!("`{}`", source.path.display()).into();
    let subject = Subject { described: described.clone(), source: source.clone() };
    // They are everybody's: who comes first does not pay for them.
    let globals = inner.globals(&tree);
    let more = source.text.as_ref().map_or(0, String::len).saturating_mul(MEMORY_FOR_TEXT);
    session::evaluate(inner, &subject, more, None, || {
        Module::with_temp_heap(|module| {
            {
                let mut evaluator = Evaluator::new(&module);
                limit(&mut evaluator, inner);
                evaluator.set_loader(&loader);
                evaluator
                    .eval_module(tree, globals)
                    .map_err(|error| error::evaluation(&error, source, &described))?;
            }
            module.freeze().map_err(|error| {
                error::evaluation(&starlark::Error::from(error), source, &described)
            })
        })
    })
}

/// What holds for every evaluation.
pub(crate) fn limit<'v, 'a>(evaluator: &mut Evaluator<'v, 'a, '_>, inner: &Arc<Inner>) {
    let limits = inner.limits;
    evaluator.set_check_cancelled(Box::new(move || session::is_over(&limits)));
    // It refuses only what is set twice, or zero.
    let _ = evaluator.set_max_callstack_size(limits.calls.max(1));
}

struct Loader<'f> {
    inner: &'f Arc<Inner>,
    file: &'f Arc<File>,
}

impl FileLoader for Loader<'_> {
    /// What is loaded has been evaluated before.
    fn load(&self, label: &str) -> starlark::Result<FrozenModule> {
        let place = self.file.loads.iter().position(|load| load.label == label);
        let files = loads::loaded(self.inner, self.file);
        let module = match (place, files) {
            (Some(place), Ok(files)) => files.get(place).and_then(|file| file.module()),
            (_, Err(diagnostic)) => Some(Err(diagnostic)),
            (None, Ok(_)) => None,
        };
        match module {
            Some(Ok(module)) => Ok(module),
            Some(Err(diagnostic)) => {
                let summary = diagnostic.summary.clone();
                session::fail(diagnostic);
                Err(failed(summary))
            }
            None => Err(failed(format!("`{label}` was not evaluated"))),
        }
    }
}

/// An error for the interpreter, which ends the evaluation. What is told is in the session.
pub(crate) fn failed(message: String) -> starlark::Error {
    starlark::Error::new_other(std::io::Error::other(message))
}
