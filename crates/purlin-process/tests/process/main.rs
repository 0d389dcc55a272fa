//! Processes that behave, and processes that do not.

#![expect(clippy::unwrap_used, reason = "a helper of a test fails as the test does")]
#![expect(clippy::print_stderr, reason = "a test that is skipped says so")]

mod bad;
mod life;
mod programs;
mod protocol;
mod sandbox;
mod support;
