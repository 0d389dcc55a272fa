//! Finding plugins, on folders that each test makes for itself.

mod conflicts;
mod find;
mod index;
mod list;
mod support;
mod table;
