//! Asking whoever sits in front of the terminal.

use std::io::{BufRead as _, IsTerminal as _};

use crate::arguments::Global;
use crate::draw;

/// Whether there is somebody to ask.
pub(crate) fn may_ask(global: &Global) -> bool {
    !global.no_input
        && !global.json
        && std::io::stdin().is_terminal()
        && std::io::stderr().is_terminal()
}

/// Whether the answer is yes; anything else is no.
pub(crate) fn confirmed(question: &str) -> bool {
    draw::err(format_args!("{question} [y/N] "));
    let mut answer = String::new();
    // A terminal that went away has not said yes.
    let _ = std::io::stdin().lock().read_line(&mut answer);
    matches!(answer.trim().to_ascii_lowercase().as_str(), "y" | "yes")
}
