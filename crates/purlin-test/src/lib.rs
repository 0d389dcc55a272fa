//! For the tests of Purlin and of its plugins: the conformance kit ([`kit`]), what can be said of a
//! plugin without running it ([`lint`](mod@lint)), and with the feature `workspace` workspaces in
//! temporary folders with the binary at work in them.
//!
//! Nothing of the user's is touched: each `Workspace` has its own home, cache and data folder.
//!
//! ```no_run
//! # #[cfg(feature = "workspace")] {
//! use purlin_test::Workspace;
//!
//! let workspace = Workspace::new("target/debug/purlin");
//! workspace.write("purlin.toml", "[workspace]\n[commands]\nhello = \"echo hello\"\n");
//! let done = workspace.run(&["run"]);
//! assert_eq!(done.stdout, "hello\n");
//! assert_eq!(done.code, Some(0));
//! # }
//! ```

pub mod kit;
pub mod lint;
#[cfg(feature = "workspace")]
mod output;
#[cfg(feature = "workspace")]
mod workspace;

#[cfg(feature = "workspace")]
pub use output::{Finished, stable};
#[cfg(feature = "workspace")]
pub use workspace::Workspace;
