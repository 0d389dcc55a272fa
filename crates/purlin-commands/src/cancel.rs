//! Stopping: process groups that run, and how they are ended.

use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
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
    by_user: AtomicBool,
    /// What runs, and the instances that it is of.
    groups: Mutex<HashMap<Pid, String>>,
    /// Instances that are to be ended, and begin anew.
    again: Mutex<HashSet<String>>,
    changed: Condvar,
}

impl Cancel {
    /// Stops everything because the user wants that: the first time with TERM, and with KILL what
    /// still runs 5 seconds later; the second time with KILL at once.
    pub fn trigger(&self) {
        self.0.by_user.store(true, Ordering::SeqCst);
        self.end();
    }

    /// Stops everything in the same way, of the run's own accord.
    pub(crate) fn end(&self) {
        let earlier = self.0.requests.fetch_add(1, Ordering::SeqCst);
        self.signal(if earlier == 0 { Signal::TERM } else { Signal::KILL });
        if earlier == 0 {
            let shared = self.clone();
            // A thread that cannot be started leaves the second request as the way out.
            let _ = std::thread::Builder::new().name("grace".into()).spawn(move || {
                if !shared.wait_until(GRACE, &HashMap::is_empty) {
                    shared.signal(Signal::KILL);
                }
            });
        }
    }

    /// After a stop of the run's own accord, lets another begin, unless the user wants none.
    pub(crate) fn go_on(&self) {
        if !self.by_user() {
            self.0.requests.store(0, Ordering::SeqCst);
        }
    }

    /// True once somebody asked.
    #[must_use]
    pub fn requested(&self) -> bool {
        self.0.requests.load(Ordering::SeqCst) > 0
    }

    /// True once the user asked.
    pub(crate) fn by_user(&self) -> bool {
        self.0.by_user.load(Ordering::SeqCst)
    }

    /// Ends one instance, in the same way, until [`Cancel::resume`].
    pub(crate) fn end_one(&self, id: &str) {
        self.again().insert(id.to_owned());
        self.signal_one(id, Signal::TERM);
        let (shared, id) = (self.clone(), id.to_owned());
        // Without a thread the polite signal is all that it gets.
        let _ = std::thread::Builder::new().name("grace".into()).spawn(move || {
            if !shared.wait_until(GRACE, &|groups| !groups.values().any(|one| *one == id)) {
                shared.signal_one(&id, Signal::KILL);
            }
        });
    }

    /// Lets an instance begin anew.
    pub(crate) fn resume(&self, id: &str) {
        self.again().remove(id);
    }

    /// True when an instance is to end.
    pub(crate) fn ends(&self, id: &str) -> bool {
        self.requested() || self.again().contains(id)
    }

    /// How one instance is ended.
    pub(crate) fn of<'a>(&'a self, id: &'a str) -> Stop<'a> {
        Stop { cancel: self, id }
    }

    /// Adds a running group, and ends it at once when stopping was asked for meanwhile.
    fn add(&self, group: Pid, id: &str) {
        self.groups().insert(group, id.to_owned());
        if self.ends(id) {
            let _ = kill_process_group(group, Signal::TERM);
        }
    }

    /// Takes out a group that is about to be reaped.
    fn remove(&self, group: Pid) {
        self.groups().remove(&group);
        self.0.changed.notify_all();
    }

    fn signal(&self, signal: Signal) {
        for group in self.groups().keys() {
            // A group that has ended meanwhile is what was wanted.
            let _ = kill_process_group(*group, signal);
        }
    }

    fn signal_one(&self, id: &str, signal: Signal) {
        for (group, _) in self.groups().iter().filter(|(_, one)| *one == id) {
            let _ = kill_process_group(*group, signal);
        }
    }

    fn wait_until(&self, limit: Duration, idle: &dyn Fn(&HashMap<Pid, String>) -> bool) -> bool {
        let end = Instant::now() + limit;
        let mut groups = self.groups();
        while !idle(&groups) {
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return false;
            }
            groups =
                self.0.changed.wait_timeout(groups, left).unwrap_or_else(PoisonError::into_inner).0;
        }
        true
    }

    fn groups(&self) -> MutexGuard<'_, HashMap<Pid, String>> {
        self.0.groups.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn again(&self) -> MutexGuard<'_, HashSet<String>> {
        self.0.again.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How one instance is ended.
pub(crate) struct Stop<'a> {
    cancel: &'a Cancel,
    id: &'a str,
}

impl Stop<'_> {
    /// Adds a running group of it.
    pub(crate) fn add(&self, group: Pid) {
        self.cancel.add(group, self.id);
    }

    /// Takes out a group that is about to be reaped.
    pub(crate) fn remove(&self, group: Pid) {
        self.cancel.remove(group);
    }
}
