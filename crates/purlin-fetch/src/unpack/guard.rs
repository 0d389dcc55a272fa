//! The limits of one archive.

use std::cell::Cell;
use std::io::{self, Read};

use super::{FREE, Limits, UnpackError};
use crate::Watch;

/// Counts what comes out of an archive, and ends it.
pub(super) struct Guard<'a> {
    pub(super) name: &'a str,
    limits: &'a Limits,
    /// What the archive's own size allows.
    by_ratio: u64,
    watch: &'a Watch<'a>,
    bytes: Cell<u64>,
    entries: Cell<u64>,
}

impl<'a> Guard<'a> {
    pub(super) fn new(
        name: &'a str,
        limits: &'a Limits,
        length: u64,
        watch: &'a Watch<'a>,
    ) -> Self {
        let by_ratio = length.saturating_mul(limits.ratio).max(FREE);
        let (bytes, entries) = (Cell::new(0), Cell::new(0));
        Self { name, limits, by_ratio, watch, bytes, entries }
    }

    /// One entry more, of whatever kind.
    pub(super) fn entry(&self) -> Result<(), UnpackError> {
        self.entries.set(self.entries.get() + 1);
        if self.entries.get() > self.limits.entries {
            return Err(self.too_much(format!("{} entries", self.limits.entries)));
        }
        self.go_on()
    }

    /// So many bytes more.
    pub(super) fn bytes(&self, count: u64) -> Result<(), UnpackError> {
        let bytes = self.bytes.get().saturating_add(count);
        self.bytes.set(bytes);
        if bytes > self.limits.bytes {
            return Err(self.too_much(format!("{} bytes", self.limits.bytes)));
        }
        if bytes > self.by_ratio {
            let limit = format!("{} times its size", self.limits.ratio);
            return Err(self.too_much(limit));
        }
        self.go_on()
    }

    pub(super) fn refused(&self, entry: &[u8], reason: impl Into<String>) -> UnpackError {
        UnpackError::refused(self.name, entry, reason)
    }

    pub(super) fn damaged(&self, reason: &impl ToString) -> UnpackError {
        let reason = reason.to_string().trim_end_matches('.').to_owned();
        UnpackError::Damaged { name: self.name.to_owned(), reason }
    }

    fn go_on(&self) -> Result<(), UnpackError> {
        match (self.watch.cancelled)() {
            true => Err(UnpackError::Cancelled { name: self.name.to_owned() }),
            false => Ok(()),
        }
    }

    fn too_much(&self, limit: String) -> UnpackError {
        UnpackError::TooMuch { name: self.name.to_owned(), limit }
    }
}

/// A stream whose bytes count, also those that no entry shows.
pub(super) struct Counted<'a, R> {
    pub(super) input: R,
    pub(super) guard: &'a Guard<'a>,
}

impl<R: Read> Read for Counted<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.input.read(buffer)?;
        self.guard.bytes(count as u64).map_err(io::Error::other)?;
        Ok(count)
    }
}

/// The guard's own error in one of a reader, or damage.
pub(super) fn reading(guard: &Guard<'_>) -> impl Fn(io::Error) -> UnpackError {
    move |error| {
        let text = error.to_string();
        match error.into_inner().map(|inner| inner.downcast::<UnpackError>()) {
            Some(Ok(ours)) => *ours,
            _ => guard.damaged(&text),
        }
    }
}
