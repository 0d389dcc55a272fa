//! Stopping: process groups that run, and how they are ended.

use std::collections::HashSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process_group};

/// How long a command has between the polite signal and the one that it cannot ignore.
pub(crate) const GRACE: Duration = Duration::from_secs(5);

/// Shared by everything that may be stopped.
#[derive(Clone, Default)]
pub struct Cancel(Arc<Shared>);

#[derive(Default)]
struct Shared {
    requests: AtomicUsize,
    groups: Mutex<HashSet<Pid>>,
    changed: Condvar,
}

impl Cancel {
    /// Asks everything to stop: the first time with TERM, and with KILL what still runs 5 seconds
    /// later; the second time with KILL at once.
    pub fn trigger(&self) {
        let earlier = self.0.requests.fetch_add(1, Ordering::SeqCst);
        self.signal(if earlier == 0 { Signal::TERM } else { Signal::KILL });
        if earlier == 0 {
            let shared = self.clone();
            // A thread that cannot be started leaves the second request as the way out.
            let _ = std::thread::Builder::new().name("grace".into()).spawn(move || {
                if !shared.wait_until_idle(GRACE) {
                    shared.signal(Signal::KILL);
                }
            });
        }
    }

    /// True once somebody asked.
    #[must_use]
    pub fn requested(&self) -> bool {
        self.0.requests.load(Ordering::SeqCst) > 0
    }

    /// Adds a running group, and ends it at once when stopping was asked for meanwhile.
    pub(crate) fn add(&self, group: Pid) {
        self.groups().insert(group);
        if self.requested() {
            let _ = kill_process_group(group, Signal::TERM);
        }
    }

    /// Takes out a group that is about to be reaped.
    pub(crate) fn remove(&self, group: Pid) {
        self.groups().remove(&group);
        self.0.changed.notify_all();
    }

    fn signal(&self, signal: Signal) {
        for group in self.groups().iter() {
            // A group that has ended meanwhile is what was wanted.
            let _ = kill_process_group(*group, signal);
        }
    }

    fn wait_until_idle(&self, limit: Duration) -> bool {
        let end = Instant::now() + limit;
        let mut groups = self.groups();
        while !groups.is_empty() {
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return false;
            }
            groups =
                self.0.changed.wait_timeout(groups, left).unwrap_or_else(PoisonError::into_inner).0;
        }
        true
    }

    fn groups(&self) -> std::sync::MutexGuard<'_, HashSet<Pid>> {
        self.0.groups.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
