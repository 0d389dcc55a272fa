//! What is done between the start of a process and the start of its program.

mod inherited;

use std::os::fd::{AsFd, AsRawFd, BorrowedFd, RawFd};
use std::os::unix::process::CommandExt;
use std::process::Command;

use purlin_store::{FolderLocks, InstanceLock};

/// What a program gets of the files that this process has open, beside its standard streams.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Inherits {
    /// Whatever this process was given, and its locks: a command is the user's own program.
    All,
    /// Its locks alone, so that whoever comes next finds what it leaves running.
    Locks,
    /// Nothing: it cannot let a lock go, and what it leaves running is ended by its sandbox.
    Nothing,
}

/// Puts a program into a session of its own, where no terminal can stop it, unless it is to own the
/// terminal, and lets everything
/// that it starts hold the locks. On Linux the system ends it when the process that starts it dies
/// without a word.
pub(crate) fn prepare(
    command: &mut Command,
    lock: &InstanceLock,
    folders: &FolderLocks,
    interactive: bool,
    inherits: Inherits,
) {
    let all = std::iter::once(lock.as_fd()).chain(folders.heirlooms());
    let all = all.filter(|_| inherits != Inherits::Nothing);
    let locks: Vec<RawFd> = all.map(|lock| lock.as_raw_fd()).collect();
    let parent = rustix::process::getpid();
    let prepare = move || {
        if !interactive {
            rustix::process::setsid()?;
        }
        end_with(parent)?;
        if inherits != Inherits::All {
            inherited::close_on_exec();
        }
        // With fewer descriptors than that it can only do without.
        let _ = locks.iter().try_for_each(|lock| hand_on(*lock));
        Ok(())
    };
    // SAFETY: between fork and exec only system calls are made, and nothing is allocated.
    #[expect(unsafe_code, reason = "the standard library has no other way to do this")]
    unsafe {
        command.pre_exec(prepare);
    }
}

fn hand_on(lock: RawFd) -> rustix::io::Result<()> {
    // SAFETY: the caller of `prepare` keeps the locks until the program has ended.
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

/// Rules about what a program may read, which it cannot take back.
pub(crate) struct Confinement(#[cfg(target_os = "linux")] std::os::fd::OwnedFd);

/// Lets a program read and execute what stands at and below these paths, and nothing else.
///
/// # Errors
/// Why this system cannot do that, in words.
#[cfg(target_os = "linux")]
pub(crate) fn confine(allowed: &[std::path::PathBuf]) -> Result<Confinement, String> {
    use landlock::{
        AccessFs, CompatLevel, Compatible, Ruleset, RulesetAttr, RulesetCreatedAttr,
        path_beneath_rules,
    };
    let access = AccessFs::ReadFile | AccessFs::Execute;
    let made = Ruleset::default()
        .set_compatibility(CompatLevel::HardRequirement)
        .handle_access(access)
        .and_then(Ruleset::create)
        .map_err(|_| "This kernel has no Landlock, or it is switched off.".to_owned())?
        .add_rules(path_beneath_rules(allowed, access))
        .map_err(|error| error.to_string())?;
    let descriptor: Option<std::os::fd::OwnedFd> = made.into();
    descriptor.map(Confinement).ok_or_else(|| "This kernel has no Landlock.".to_owned())
}

#[cfg(not(target_os = "linux"))]
pub(crate) fn confine(_: &[std::path::PathBuf]) -> Result<Confinement, String> {
    Err("Only Linux can hold a program to the files that it may read.".to_owned())
}

/// Puts a program under its rules, before it begins.
#[cfg(target_os = "linux")]
pub(crate) fn enforce(command: &mut Command, confinement: &Confinement) {
    let rules = confinement.0.as_raw_fd();
    let enforce = move || {
        // SAFETY: both calls take numbers; the caller keeps the rules until the program has begun.
        #[expect(unsafe_code, reason = "there is no safe call for it after a fork")]
        let done = unsafe {
            libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0
                && libc::syscall(libc::SYS_landlock_restrict_self, rules, 0) == 0
        };
        if done { Ok(()) } else { Err(std::io::Error::last_os_error()) }
    };
    // SAFETY: between fork and exec only system calls are made, and nothing is allocated.
    #[expect(unsafe_code, reason = "the standard library has no other way to do this")]
    unsafe {
        command.pre_exec(enforce);
    }
}

#[cfg(not(target_os = "linux"))]
pub(crate) fn enforce(_: &mut Command, _: &Confinement) {}
