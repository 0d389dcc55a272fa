//! Files that this process has open and a plugin is not to have: not all are opened to be closed on
//! exec, in particular not those that this process has inherited itself.

use std::os::fd::{BorrowedFd, RawFd};

use rustix::io::{FdFlags, fcntl_setfd};
use rustix::process::{Resource, getrlimit};

/// The first that is neither stdin nor stdout nor stderr.
const FIRST: RawFd = 3;
/// Where the system cannot do it at once, no more are looked at.
const MOST: u64 = 1 << 16;

/// Has all files but the first three closed on exec. Makes system calls only, so that it can be
/// used between fork and exec.
pub(super) fn close_on_exec() {
    #[cfg(target_os = "linux")]
    if all_at_once() {
        return;
    }
    let end = getrlimit(Resource::Nofile).maximum.unwrap_or(MOST).min(MOST);
    for file in FIRST..RawFd::try_from(end).unwrap_or(RawFd::MAX) {
        // SAFETY: nothing is done with it but to set a flag, and a number of no open file is refused.
        let file = unsafe { BorrowedFd::borrow_raw(file) };
        let _ = fcntl_setfd(file, FdFlags::CLOEXEC);
    }
}

#[cfg(target_os = "linux")]
fn all_at_once() -> bool {
    let (first, flags) = (FIRST.unsigned_abs(), libc::CLOSE_RANGE_CLOEXEC);
    // SAFETY: a system call that changes nothing but flags of files.
    unsafe { libc::syscall(libc::SYS_close_range, first, libc::c_uint::MAX, flags) == 0 }
}

#[cfg(test)]
mod tests {
    use std::fs::File;
    use std::os::fd::AsFd;

    use rustix::io::fcntl_getfd;

    use super::*;

    #[test]
    fn open_files_are_closed_on_exec() {
        let file = File::open("/dev/null").unwrap();
        fcntl_setfd(file.as_fd(), FdFlags::empty()).unwrap();
        close_on_exec();
        assert_eq!(fcntl_getfd(file.as_fd()).unwrap(), FdFlags::CLOEXEC);
    }
}
