//! The process runtime: plugins that are programs of their own and speak the protocol of
//! `docs/reference/protocol.md` on stdin and stdout.
//!
//! It starts what it is told to start, in the way it is told to; whether the user has consented, and
//! what was granted, is somebody else's decision. A plugin may do its worst: a call returns, says
//! what happened, and leaves nothing running.
//!
//! ```
//! use std::sync::Arc;
//!
//! use purlin_plugin::contract::QuietHost;
//! use purlin_process::{Launch, Limits, Process, Programs, Sandbox};
//! use semver::Version;
//!
//! let process = Process::new(
//!     Launch {
//!         plugin: "own".into(),
//!         version: Version::new(1, 0, 0),
//!         purlin: Version::new(0, 1, 0),
//!         folder: "/usr".into(),
//!         argv: vec!["/usr/bin/false".into()],
//!         environment: Vec::new(),
//!         config: serde_json::Value::Null,
//!         root: None,
//!         provides: Vec::new(),
//!         exchange: None,
//!         programs: Programs::default(),
//!         limits: Limits::default(),
//!         sandbox: Sandbox::default(),
//!     },
//!     Arc::new(QuietHost),
//! );
//! let error = process.call("hook/event", &serde_json::json!({})).unwrap_err();
//! assert_eq!(
//!     error.to_string(),
//!     "the plugin `own` 1.0.0 failed in `initialize`: it ended with status 1"
//! );
//! ```

mod error;
mod exchange;
mod exit;
mod family;
mod features;
mod introduction;
mod launch;
mod process;
mod programs;
mod reported;
mod sandbox;
mod services;
mod session;
mod tail;
mod wire;
mod writer;

pub use error::{CallError, Cause};
pub use exit::Exit;
pub use features::ProcessFeature;
pub use launch::{Launch, Limits, Sandbox};
pub use process::Process;
pub use programs::{Program, Programs};
pub use sandbox::{BASE, Enforced, SINKS, enforced};
pub use wire::{NEWEST as NEWEST_PROTOCOL, OLDEST as OLDEST_PROTOCOL};
