//! The language as those who compose definitions use it.

mod calls;
mod errors;
mod leaves;
mod limits;
mod loads;
mod namespaces;
mod support;
