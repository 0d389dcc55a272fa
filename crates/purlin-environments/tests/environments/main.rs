//! Versions, ranges and requests against recorded answers and against their algebra, and the first resolve.

#![expect(clippy::unwrap_used, reason = "a test that cannot read its cases has failed")]

mod recorded;
mod test_algebra;
mod test_first_fit;
mod test_messages;
