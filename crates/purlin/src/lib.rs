//! The command line: verbs and rendering. The only crate that prints, and that reads process
//! variables.
//!
//! A binary with other plugins compiled in hands its own set to [`main`]:
//!
//! ```no_run
//! fn main() -> std::process::ExitCode {
//!     purlin::main(&purlin::bundled())
//! }
//! ```

mod arguments;
mod asked;
mod bundled;
mod call;
mod console;
mod context;
mod definitions;
mod draw;
mod edits;
mod environment;
mod extended;
mod failure;
mod fetching;
mod foreground;
mod git;
mod grammar;
mod hooks;
mod inputs;
mod kept;
mod machine;
mod markdown;
mod offer;
mod packages;
mod plugin_help;
mod plugin_page;
mod projects;
mod quantity;
mod question;
#[cfg(test)]
mod reference;
mod repositories;
mod run_options;
mod run_view;
mod schema_text;
mod selection;
mod signals;
mod tame;
mod user_shell;
mod value_view;
mod verb;
mod watching;
mod words;
mod workspace;

use std::ffi::OsString;
use std::panic::AssertUnwindSafe;
use std::process::ExitCode;

use purlin_plugin::PluginSet;

pub use bundled::bundled;

/// The grammar of the command line without what plugins add to it: for those who document it, or
/// try all of it.
#[must_use]
pub fn command_line() -> clap::Command {
    <arguments::Arguments as clap::CommandFactory>::command()
}

/// Runs the command line with a set of compiled-in plugins.
#[must_use]
pub fn main(plugins: &PluginSet) -> ExitCode {
    let arguments: Vec<OsString> = std::env::args_os().collect();
    // The commonest question of scripts is answered before anything is set up.
    if let [_, only] = arguments.as_slice()
        && (only == "--version" || only == "-V")
    {
        draw::out(format_args!("purlin {}\n", env!("CARGO_PKG_VERSION")));
        return written(&arguments, ExitCode::SUCCESS);
    }
    environment::no_backtraces_of_errors();
    #[cfg(feature = "fault-injection")]
    environment::arm_faults();
    let dispatch = || watching::dispatch(&arguments, plugins);
    match std::panic::catch_unwind(AssertUnwindSafe(dispatch)) {
        Ok(code) => written(&arguments, code),
        Err(_) => {
            draw::err(format_args!(
                "error: this is a bug in Purlin; please report it with the message above\n"
            ));
            ExitCode::from(failure::BUG)
        }
    }
}

/// The exit code of a verb that came to `code`: lost output is a failure.
fn written(arguments: &[OsString], code: ExitCode) -> ExitCode {
    let Some(lost) = draw::unwritten() else { return code };
    draw::diagnostics(&words::global_of(arguments), &[lost]);
    if code == ExitCode::SUCCESS { ExitCode::from(failure::FAILED) } else { code }
}
