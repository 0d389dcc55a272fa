//! Definitions from files to outputs, in a language that is just large enough.

#![expect(clippy::unwrap_used, reason = "a test that cannot read its workspace has failed")]

mod tiny;
mod world;

mod test_composition;
mod test_cycles;
mod test_failing;
mod test_folders;
mod test_forcing;
mod test_lost;
mod test_phases;
mod test_questions;
mod test_ranks;
mod test_reading;
mod test_scoping;
mod test_selves;
mod test_starlark;
