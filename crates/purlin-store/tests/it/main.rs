//! The store as other processes meet it: killed, read-only, full, and shared.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod faults;
mod places;
mod prune;
