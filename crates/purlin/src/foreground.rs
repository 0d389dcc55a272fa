//! A program that has the terminal, and whose end is the end of this process.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io::ErrorKind;
use std::process::ExitCode;
use std::sync::Arc;

use purlin_commands::{Exit, Foreground};
use purlin_model::Diagnostic;

use crate::context::Context;
use crate::failure::{FAILED, Failure, Outcome};
use crate::{draw, signals};

/// The program is not found, as shells tell it.
const NOT_FOUND: u8 = 127;
/// The program cannot be executed.
const NOT_EXECUTABLE: u8 = 126;

/// Runs a program where the user stands, with these process variables and no others. It gets the
/// signals meanwhile, and its status is that of the verb.
pub(crate) fn run(
    context: &Context,
    argv: &[OsString],
    variables: &BTreeMap<OsString, OsString>,
) -> Outcome {
    match Foreground::start(argv, &context.directory, variables) {
        Ok(program) => attend(&Arc::new(program)),
        Err(error) => Ok(not_started(context, argv, &error)),
    }
}

fn attend(program: &Arc<Foreground>) -> Outcome {
    signals::hand_over(program);
    let Exit { code, signal, .. } = program.wait().map_err(|error| {
        Failure::failed(
            Diagnostic::error("exec", "the program cannot be waited for").detail(error.to_string()),
        )
    })?;
    let status = code.or(signal.map(|signal| 128 + signal)).unwrap_or(i32::from(FAILED));
    Ok(ExitCode::from(u8::try_from(status).unwrap_or(u8::MAX)))
}

fn not_started(context: &Context, argv: &[OsString], error: &std::io::Error) -> ExitCode {
    let program = argv.first().map(|one| one.to_string_lossy()).unwrap_or_default();
    let (status, help) = match error.kind() {
        ErrorKind::NotFound => {
            (NOT_FOUND, format!("is `{program}` installed in this environment?"))
        }
        _ => (NOT_EXECUTABLE, format!("may `{program}` be executed?")),
    };
    let diagnostic = Diagnostic::error("not-started", format!("`{program}` could not be started"))
        .detail(format!("{error}."))
        .help(help);
    draw::diagnostics(&context.global, &[diagnostic]);
    ExitCode::from(status)
}
