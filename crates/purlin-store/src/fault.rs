//! Points at which a test can end the process, to see what a sudden death leaves behind.
//!
//! Every durable step of this crate has a point before and after it, named `<what>.<step>`. Unless
//! the feature `fault-injection` is on, a point is nothing at all.

/// Passes the point `name`.
#[inline]
pub fn point(name: &'static str) {
    #[cfg(feature = "fault-injection")]
    armed::pass(name);
    #[cfg(not(feature = "fault-injection"))]
    let _ = name;
}

/// Passes the point `<what>.<step>`.
#[inline]
pub fn step(what: &'static str, step: &'static str) {
    #[cfg(feature = "fault-injection")]
    armed::pass(&format!("{what}.{step}"));
    #[cfg(not(feature = "fault-injection"))]
    let _ = (what, step);
}

#[cfg(feature = "fault-injection")]
pub use armed::arm;

#[cfg(feature = "fault-injection")]
mod armed {
    use std::io::Write as _;
    use std::path::PathBuf;
    use std::sync::Mutex;
    use std::sync::atomic::{AtomicBool, Ordering};

    static ARMED: AtomicBool = AtomicBool::new(false);
    static PLAN: Mutex<Option<Plan>> = Mutex::new(None);

    struct Plan {
        passed: u64,
        kill_at: Option<u64>,
        log: Option<PathBuf>,
    }

    /// From now on counts every point that this process passes: kills the process (SIGKILL, so
    /// that nothing is tidied up) at the `kill_at`-th, counted from one, and appends the name of
    /// each point to `log`, a line each, before that.
    pub fn arm(kill_at: Option<u64>, log: Option<PathBuf>) {
        *PLAN.lock().expect("no holder of this lock panics") =
            Some(Plan { passed: 0, kill_at, log });
        ARMED.store(true, Ordering::SeqCst);
    }

    pub(super) fn pass(name: &str) {
        if !ARMED.load(Ordering::SeqCst) {
            return;
        }
        let mut plan = PLAN.lock().expect("no holder of this lock panics");
        let Some(plan) = plan.as_mut() else { return };
        plan.passed += 1;
        if let Some(log) = &plan.log {
            // A test that misses lines fails by itself.
            let _ = std::fs::OpenOptions::new()
                .create(true)
                .append(true)
                .open(log)
                .and_then(|mut file| file.write_all(format!("{name}\n").as_bytes()));
        }
        if plan.kill_at == Some(plan.passed) {
            let own = rustix::process::getpid();
            let _ = rustix::process::kill_process(own, rustix::process::Signal::KILL);
            // The signal may take a moment to arrive.
            loop {
                std::thread::park();
            }
        }
    }
}
