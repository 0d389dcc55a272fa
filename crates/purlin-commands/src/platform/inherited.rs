//! Files that this process has open and a program is not to have. Those that it opened itself are closed
//! on exec as it is; those that it has inherited are not.

/// The first that is neither stdin nor stdout nor stderr.
const FIRST: libc::c_int = 3;
/// Where the system cannot do it at once, no more are looked at.
const MOST: libc::c_int = 1 << 16;

/// Has all files but the first three closed on exec. Makes system calls only, so that it can be used
/// between fork and exec.
pub(super) fn close_on_exec() {
    #[cfg(target_os = "linux")]
    if all_at_once() {
        return;
    }
    // SAFETY: system calls that change nothing but flags of files; a number of no open file is refused.
    #[expect(unsafe_code, reason = "the standard library cannot name what others opened")]
    unsafe {
        let end = libc::sysconf(libc::_SC_OPEN_MAX);
        let end = libc::c_int::try_from(end).ok().filter(|end| *end > FIRST).unwrap_or(MOST);
        let end = end.min(MOST);
        for file in FIRST..end {
            libc::fcntl(file, libc::F_SETFD, libc::FD_CLOEXEC);
        }
    }
}

#[cfg(target_os = "linux")]
fn all_at_once() -> bool {
    let (first, last) = (FIRST.unsigned_abs(), libc::c_uint::MAX);
    // SAFETY: a system call that changes nothing but flags of files.
    #[expect(unsafe_code, reason = "there is no safe call for it after a fork")]
    unsafe {
        libc::syscall(libc::SYS_close_range, first, last, libc::CLOSE_RANGE_CLOEXEC) == 0
    }
}
