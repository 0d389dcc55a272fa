//! Runs a command again and again and writes one line for each: nanoseconds from start to end, peak
//! resident kilobytes of the largest process in it, exit status.
//!
//! Usage: `measure RUNS PROGRAM ARGUMENT…`. A small program of its own, because the kernel counts
//! the memory of whoever starts a process as part of that process's peak, and an interpreter's is
//! larger than what is measured here.

use std::process::{Command, Stdio};
use std::time::Instant;

/// `struct rusage` of 64-bit Linux.
#[repr(C)]
#[derive(Default)]
struct Usage {
    user: [i64; 2],
    system: [i64; 2],
    peak_kilobytes: i64,
    rest: [i64; 13],
}

unsafe extern "C" {
    fn wait4(pid: i32, status: *mut i32, options: i32, usage: *mut Usage) -> i32;
}

fn main() {
    let mut arguments = std::env::args().skip(1);
    let runs: u32 = arguments.next().and_then(|runs| runs.parse().ok()).expect("RUNS is a number");
    let program = arguments.next().expect("PROGRAM is given");
    let rest: Vec<String> = arguments.collect();
    for _ in 0..runs {
        let start = Instant::now();
        let child = Command::new(&program)
            .args(&rest)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("PROGRAM can be started");
        let mut status = 0;
        let mut usage = Usage::default();
        // SAFETY: the child is ours and nobody else waits for it; both pointers are valid.
        let waited = unsafe { wait4(child.id() as i32, &raw mut status, 0, &raw mut usage) };
        let nanoseconds = start.elapsed().as_nanos();
        assert_eq!(waited, child.id() as i32, "the child was waited for");
        let code = if status & 0x7f == 0 { (status >> 8) & 0xff } else { 128 + (status & 0x7f) };
        println!("{nanoseconds} {} {code}", usage.peak_kilobytes);
    }
}
