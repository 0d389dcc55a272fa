//! What every file can use without asking for it.

use starlark::environment::{Globals, GlobalsBuilder, LibraryExtension};
use starlark::eval::Evaluator;
use starlark::starlark_module;
use starlark::values::Value;

use crate::module::failed;
use crate::{error, session};

/// The standard functions, with structures, sets, JSON, and what Purlin adds.
pub(crate) fn globals() -> Globals {
    builder().with(ours).build()
}

/// What definitions and plugins have in common.
pub(crate) fn builder() -> GlobalsBuilder {
    let extensions = [
        LibraryExtension::StructType,
        LibraryExtension::SetType,
        LibraryExtension::Json,
        LibraryExtension::Map,
        LibraryExtension::Filter,
        LibraryExtension::Typing,
    ];
    GlobalsBuilder::extended_by(&extensions)
}

// What documents these functions is read anew in each process: these have nothing that is.
#[starlark_module]
pub(crate) fn ours(builder: &mut GlobalsBuilder) {
    // Marks a definition in the literal `definitions = {…}`, where it is read from the syntax. When
    // it is evaluated, it is the definition itself.
    fn prioritised<'v>(
        #[starlark(require = pos)] definition: Value<'v>,
        priority: i32,
        eval: &mut Evaluator<'v, '_, '_>,
    ) -> starlark::Result<Value<'v>> {
        let _ = priority;
        // The file and this call are on the stack themselves.
        if eval.call_stack_count() > 2 {
            let what = "`prioritised` counts in the literal `definitions` alone; a function says no \
                        priority of what it returns";
            return Err(failed(what.to_owned()));
        }
        Ok(definition)
    }

    // The path from the workspace's root that a path means in the file that is evaluated. In a
    // function that a plugin ships, that is the file that calls it.
    fn workspace_path<'v>(
        #[starlark(require = pos)] path: &str,
        evaluator: &mut Evaluator<'v, '_, '_>,
    ) -> starlark::Result<String> {
        let lost = || failed("`workspace_path` is called outside of a workspace".to_owned());
        let stack = evaluator.call_stack();
        let place = error::users_place(&stack).ok_or_else(lost)?;
        let from = session::source_named(place.filename()).ok_or_else(lost)?;
        session::resolve(path, &from).ok_or_else(lost)?.map_err(|diagnostic| {
            let summary = diagnostic.summary.clone();
            session::fail(diagnostic.at(error::origin_of(place, &from), "this call"));
            failed(summary)
        })
    }
}
