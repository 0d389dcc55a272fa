//! Plugins for Purlin as processes: the plugin's side of the protocol.
//!
//! The traits are those of [`purlin_plugin::contract`], the same that the bundled plugins implement;
//! this crate answers the host's calls with them. It is not an async runtime: each call has a thread.
//!
//! ```no_run
//! use std::process::ExitCode;
//!
//! use purlin_sdk::contract::{Dependency, Host};
//! use purlin_sdk::message::{ExpandContext, Expansion, PluginError};
//! use purlin_sdk::{Json, Plugin, text_field};
//!
//! struct Tree;
//!
//! impl Dependency for Tree {
//!     fn expand(
//!         &self,
//!         config: &Json,
//!         _context: &ExpandContext,
//!         _host: &dyn Host,
//!     ) -> Result<Expansion, PluginError> {
//!         let path = text_field(config, "path")?;
//!         Ok(Expansion { globs: vec![format!("{path}/**")], ..Expansion::default() })
//!     }
//! }
//!
//! fn main() -> ExitCode {
//!     Plugin::new("tree", env!("CARGO_PKG_VERSION")).dependency("tree", Tree).run()
//! }
//! ```
//!
//! Beside the program stands `plugin.toml` with `[runtime] kind = "process"` and
//! `entry = ["./tree"]`. What the program provides and what the manifest says must be the same;
//! `purlin plugin test` finds out.

mod call;
mod handles;
mod host;
mod outbox;
mod plugin;
mod server;
mod standard;
#[cfg(test)]
mod tests;
mod wire;

pub use plugin::{Plugin, Start};
pub use purlin_plugin::serde_json::{self, Value as Json, json};
pub use purlin_plugin::transform::{Fragment, Importer, Payload};
pub use purlin_plugin::{Point, contract, literal_glob, message, quoted, rooted, text_field};

/// The version of the protocol that this crate speaks.
pub const PROTOCOL: u32 = 1;
