//! The binary as its users meet it: one module for each verb or theme.

#[path = "cli/test_init.rs"]
mod test_init;
#[path = "cli/test_run.rs"]
mod test_run;

use purlin_test::Workspace;

/// A workspace with this `purlin.toml` and the binary under test.
fn workspace(document: &str) -> Workspace {
    Workspace::with(env!("CARGO_BIN_EXE_purlin"), document)
}

/// An empty folder and the binary under test.
fn folder() -> Workspace {
    Workspace::new(env!("CARGO_BIN_EXE_purlin"))
}
