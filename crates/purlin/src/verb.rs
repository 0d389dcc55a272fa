//! The verbs, one module each.

pub(crate) mod app;
pub(crate) mod build;
pub(crate) mod cache;
pub(crate) mod check;
pub(crate) mod completions;
pub(crate) mod exec;
pub(crate) mod explain;
pub(crate) mod graph;
pub(crate) mod init;
pub(crate) mod other;
pub(crate) mod plugin;
pub(crate) mod run;
pub(crate) mod shell;
pub(crate) mod show;
