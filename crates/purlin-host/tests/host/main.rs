//! Finding plugins, on folders that each test makes for itself.

#![expect(clippy::unwrap_used, reason = "a helper of a test fails as the test does")]

mod conflicts;
mod consent;
mod find;
mod index;
mod list;
mod processes;
mod python;
mod support;
mod table;
