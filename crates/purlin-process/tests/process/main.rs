//! Processes that behave, and processes that do not.

mod bad;
mod life;
mod protocol;
mod sandbox;
mod support;
