//! How much one evaluation may take.

use std::time::Duration;

/// What ends an evaluation. The numbers hold for one call of a function, or for the top level of one
/// file; calls that it makes into other definitions have their own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Calls of functions and turns of loops.
    pub ticks: u64,
    /// Bytes that it may hold at once.
    pub memory: usize,
    /// Functions that call each other.
    pub calls: usize,
    /// Time on the clock, for what counts no ticks: sorting, big numbers.
    pub time: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self { ticks: 20_000_000, memory: 256 << 20, calls: 300, time: Duration::from_secs(60) }
    }
}
