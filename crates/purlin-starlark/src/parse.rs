//! From a text to its syntax tree.

use std::sync::Arc;

use purlin_model::{Diagnostic, Source};
use starlark::syntax::{AstModule, Dialect, DialectTypes};

use crate::error;

/// The standard, with what makes definitions easier to write: arguments by keyword alone, types that
/// are checked, and f-strings. What a file loads is not passed on.
pub(crate) fn dialect() -> Dialect {
    Dialect {
        enable_keyword_only_arguments: true,
        enable_types: DialectTypes::Enable,
        enable_f_strings: true,
        enable_load_reexport: false,
        ..Dialect::Standard
    }
}

/// Parses a file that is not too deep. The parser stops at the first mistake, so that there is never
/// more than one.
pub(crate) fn parse(source: &Arc<Source>) -> Result<AstModule, Diagnostic> {
    let text = source.text.clone().unwrap_or_default();
    AstModule::parse(&source.path.to_string_lossy(), text, &dialect())
        .map_err(|error| error::syntax(&error, source))
}
