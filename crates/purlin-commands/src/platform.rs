//! What is done between the start of a process and the start of its program.

use std::os::fd::{AsFd, AsRawFd, BorrowedFd, RawFd};
use std::os::unix::process::CommandExt;
use std::process::Command;

use purlin_store::InstanceLock;

/// Puts a program into a session of its own, where no terminal can stop it, and lets everything
/// that it starts hold the lock. On Linux the system ends it when the process that starts it dies
/// without a word.
pub(crate) fn prepare(command: &mut Command, lock: &InstanceLock) {
    let lock = lock.as_fd().as_raw_fd();
    let parent = rustix::process::getpid();
    let prepare = move || {
        rustix::process::setsid()?;
        end_with(parent)?;
        // With fewer descriptors than that it can only do without.
        let _ = hand_on(lock);
        Ok(())
    };
    // SAFETY: between fork and exec only system calls are made, and nothing is allocated.
    #[expect(unsafe_code, reason = "the standard library has no other way to do this")]
    unsafe {
        command.pre_exec(prepare);
    }
}

fn hand_on(lock: RawFd) -> rustix::io::Result<()> {
    // SAFETY: the caller of `prepare` keeps the lock until the program has ended.
    #[expect(unsafe_code, reason = "what runs before a program cannot borrow")]
    let lock = unsafe { BorrowedFd::borrow_raw(lock) };
    let heirloom = rustix::io::fcntl_dupfd_cloexec(lock, InstanceLock::FIRST_OF_HEIRS)?;
    rustix::io::fcntl_setfd(&heirloom, rustix::io::FdFlags::empty())?;
    std::mem::forget(heirloom);
    Ok(())
}

#[cfg(target_os = "linux")]
fn end_with(parent: rustix::process::Pid) -> std::io::Result<()> {
    rustix::process::set_parent_process_death_signal(Some(rustix::process::Signal::KILL))?;
    // The parent may have died before the request was made.
    if rustix::process::getppid() == Some(parent) {
        Ok(())
    } else {
        Err(std::io::ErrorKind::Interrupted.into())
    }
}

/// Other systems have no such request; the program's group is ended in the ordinary ways.
#[cfg(not(target_os = "linux"))]
fn end_with(_: rustix::process::Pid) -> std::io::Result<()> {
    Ok(())
}
