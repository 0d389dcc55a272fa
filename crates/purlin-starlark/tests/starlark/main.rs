//! The language as those who compose definitions use it.

#![expect(clippy::unwrap_used, reason = "a test that finds nothing has failed")]

mod calls;
mod errors;
mod leaves;
mod limits;
mod loads;
mod namespaces;
mod support;
