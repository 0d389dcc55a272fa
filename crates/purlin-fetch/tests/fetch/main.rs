//! Fetching from a server on this machine that does what servers do, and unpacking what nobody should.

#![expect(clippy::unwrap_used, reason = "a test that cannot prepare its files has failed")]

mod support;
mod test_at_once;
mod test_errors;
mod test_fetch;
mod test_places;
mod test_property;
mod test_resume;
mod test_shelf;
mod test_source;
mod test_unpack;
