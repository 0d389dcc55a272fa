//! What runs between fork and exec, and in the supervisor, which never calls exec. Both are copies
//! of one thread of a process with many: they may make system calls and nothing else. In particular
//! they must not allocate, because another thread may have held the allocator's lock.

use std::io;
use std::os::fd::RawFd;
use std::ptr;

use libc::{c_int, pid_t};

use super::inherited::close_on_exec;

/// How often it is looked whether what was killed has ended, a millisecond apart.
const SWEEPS: u32 = 3000;
/// Where the supervisor keeps its end of the control socket.
const CONTROL: RawFd = 3;

/// What the new process has to do to itself.
#[derive(Clone, Copy)]
pub(super) struct Plan {
    /// The supervisor's end of the control socket.
    pub(super) control: RawFd,
    /// False for what has the user's rights.
    pub(super) confined: bool,
    /// A Landlock ruleset.
    pub(super) ruleset: Option<RawFd>,
    /// Bytes of writable memory for each process.
    pub(super) memory: Option<u64>,
}

/// Turns the new process into the supervisor, and returns in a child of it that is to become the
/// plugin or the program.
pub(super) fn split(plan: &Plan) -> io::Result<()> {
    // SAFETY: system calls with valid arguments; the signal sets are initialised by the calls.
    unsafe {
        let supervisor = libc::getpid();
        check(libc::prctl(libc::PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0))?;
        libc::signal(libc::SIGCHLD, libc::SIG_DFL);
        let mut children = std::mem::zeroed();
        let mut before = std::mem::zeroed();
        libc::sigemptyset(&raw mut children);
        libc::sigaddset(&raw mut children, libc::SIGCHLD);
        check(libc::sigprocmask(libc::SIG_BLOCK, &raw const children, &raw mut before))?;
        match check(libc::fork())? {
            0 => {
                check(libc::sigprocmask(libc::SIG_SETMASK, &raw const before, ptr::null_mut()))?;
                confine(plan, supervisor)
            }
            leader => supervise(plan.control, leader, &children),
        }
    }
}

/// # Safety
/// Only for a process that has just been forked, as it ends up confined.
unsafe fn confine(plan: &Plan, supervisor: pid_t) -> io::Result<()> {
    // SAFETY: system calls with valid arguments.
    unsafe {
        check(libc::setpgid(0, 0))?;
        check(libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL, 0, 0, 0))?;
        if libc::getppid() != supervisor {
            return Err(io::ErrorKind::BrokenPipe.into());
        }
        if let Some(bytes) = plan.memory {
            let limit = libc::rlimit { rlim_cur: bytes, rlim_max: bytes };
            check(libc::setrlimit(libc::RLIMIT_DATA, &raw const limit))?;
        }
        close_on_exec();
        if !plan.confined {
            return Ok(());
        }
        check(libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))?;
        if let Some(ruleset) = plan.ruleset {
            add_own_proc(ruleset)?;
            if libc::syscall(libc::SYS_landlock_restrict_self, ruleset, 0) != 0 {
                return Err(io::Error::last_os_error());
            }
        }
    }
    Ok(())
}

/// Lets the plugin read what `/proc` says about itself. What it says about others may be more than
/// they want to tell.
unsafe fn add_own_proc(ruleset: RawFd) -> io::Result<()> {
    const PATH_BENEATH: c_int = 1;
    const READ: u64 = (1 << 2) | (1 << 3);
    #[repr(C, packed)]
    struct PathBeneath {
        allowed: u64,
        parent: RawFd,
    }
    // SAFETY: system calls with valid arguments; the rule is laid out as the kernel defines it.
    unsafe {
        let parent = libc::open(c"/proc/self".as_ptr(), libc::O_PATH | libc::O_CLOEXEC);
        if parent < 0 {
            // There is no such folder to be read.
            return Ok(());
        }
        let rule = PathBeneath { allowed: READ, parent };
        let added =
            libc::syscall(libc::SYS_landlock_add_rule, ruleset, PATH_BENEATH, &raw const rule, 0);
        let error = io::Error::last_os_error();
        libc::close(parent);
        if added == 0 { Ok(()) } else { Err(error) }
    }
}

/// # Safety
/// Only for a process that has just been forked: it closes all files and never returns.
unsafe fn supervise(control: RawFd, leader: pid_t, children: &libc::sigset_t) -> ! {
    // SAFETY: system calls with valid arguments on files and processes of its own.
    unsafe {
        libc::setpgid(leader, leader);
        libc::prctl(libc::PR_SET_NAME, c"purlin-plugin".as_ptr(), 0, 0, 0);
        // To set that of SIGCHLD would drop one that has come already.
        for signal in (1..32).filter(|signal| *signal != libc::SIGCHLD) {
            libc::signal(signal, libc::SIG_DFL);
        }
        // Whoever signals the whole session means the host, whose end is seen on the socket.
        for signal in [libc::SIGHUP, libc::SIGINT, libc::SIGQUIT, libc::SIGTERM, libc::SIGPIPE] {
            libc::signal(signal, libc::SIG_IGN);
        }
        if control != CONTROL {
            libc::dup2(control, CONTROL);
        }
        libc::close_range(0, 2, 0);
        libc::close_range(4, libc::c_uint::MAX, 0);
        let ended = libc::signalfd(-1, children, libc::SFD_NONBLOCK);
        let mut files =
            [CONTROL, ended].map(|fd| libc::pollfd { fd, events: libc::POLLIN, revents: 0 });
        loop {
            libc::poll(files.as_mut_ptr(), 2, -1);
            if files[0].revents != 0 {
                let mut signal = 0u8;
                match libc::read(CONTROL, (&raw mut signal).cast(), 1) {
                    1 => send(leader, c_int::from(signal)),
                    -1 if *libc::__errno_location() == libc::EINTR => {}
                    _ => finish(leader),
                }
            }
            if files[1].revents != 0 {
                let mut buffer = [0u8; 128];
                while libc::read(ended, buffer.as_mut_ptr().cast(), buffer.len()) > 0 {}
                loop {
                    let mut info: libc::siginfo_t = std::mem::zeroed();
                    let options = libc::WEXITED | libc::WNOHANG | libc::WNOWAIT;
                    if libc::waitid(libc::P_ALL, 0, &raw mut info, options) != 0 {
                        break;
                    }
                    match info.si_pid() {
                        0 => break,
                        pid if pid == leader => finish(leader),
                        pid => libc::waitpid(pid, ptr::null_mut(), 0),
                    };
                }
            }
        }
    }
}

/// Sends a signal to the plugin's group and to what was adopted. The plugin is not reaped yet, so
/// its number means nobody else.
unsafe fn send(leader: pid_t, signal: c_int) {
    // SAFETY: system calls on own children.
    unsafe {
        libc::kill(-leader, signal);
        signal_children(signal, leader);
    }
}

/// Ends all that is left, tells how the plugin ended, and ends itself.
unsafe fn finish(leader: pid_t) -> ! {
    // SAFETY: system calls on own children.
    unsafe {
        libc::kill(-leader, libc::SIGKILL);
        libc::kill(leader, libc::SIGKILL);
        let mut status: c_int = 0;
        while libc::waitpid(leader, &raw mut status, 0) == -1
            && *libc::__errno_location() == libc::EINTR
        {}
        sweep();
        let bytes = status.to_ne_bytes();
        libc::send(CONTROL, bytes.as_ptr().cast(), bytes.len(), libc::MSG_NOSIGNAL);
        libc::_exit(0)
    }
}

/// Kills children until there are none. Those of a child that ends become children, too.
unsafe fn sweep() {
    for _ in 0..SWEEPS {
        // SAFETY: system calls on own children.
        unsafe {
            loop {
                match libc::waitpid(-1, ptr::null_mut(), libc::WNOHANG) {
                    -1 if *libc::__errno_location() == libc::ECHILD => return,
                    0 | -1 => break,
                    _ => {}
                }
            }
            if !signal_children(libc::SIGKILL, 0) {
                return;
            }
            libc::usleep(1000);
        }
    }
}

/// Signals the children but one. False where the system does not tell them.
unsafe fn signal_children(signal: c_int, but: pid_t) -> bool {
    // SAFETY: system calls with buffers of the lengths that are told.
    unsafe {
        let file = libc::open(c"/proc/thread-self/children".as_ptr(), libc::O_RDONLY);
        if file < 0 {
            return false;
        }
        let mut buffer = [0u8; 4096];
        let mut pid: pid_t = 0;
        loop {
            let length = libc::read(file, buffer.as_mut_ptr().cast(), buffer.len());
            let Some(bytes) = usize::try_from(length).ok().and_then(|end| buffer.get(..end)) else {
                break;
            };
            if bytes.is_empty() {
                break;
            }
            for byte in bytes {
                if byte.is_ascii_digit() {
                    pid = pid.wrapping_mul(10).wrapping_add(pid_t::from(byte - b'0'));
                } else {
                    if pid > 0 && pid != but {
                        libc::kill(pid, signal);
                    }
                    pid = 0;
                }
            }
        }
        libc::close(file);
        true
    }
}

fn check(result: c_int) -> io::Result<c_int> {
    if result == -1 { Err(io::Error::last_os_error()) } else { Ok(result) }
}
