//! What keeps a plugin to its permissions.

/// What of a plugin's permissions the system enforces here. The rest is declared only.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Enforced {
    /// `read` and `write`: other files cannot be opened, by whatever the plugin starts either.
    /// What was granted, the base of the system and the plugin's own folder stay readable.
    pub files: bool,
    /// The ports of `network`, for TCP. Hosts are not told apart, and neither UDP nor sockets in the
    /// file system are filtered.
    pub ports: bool,
    /// `memory`: the writable memory that each single process of the plugin may have. Not the sum,
    /// and not what is shared between processes.
    pub memory: bool,
    /// Why something is not enforced.
    pub reason: Option<String>,
}

/// Files and folders that any program needs, to be read and executed: libraries, certificates, names
/// of hosts, what the machine is, and devices without a memory. To these comes what `/proc` says about
/// the process itself.
pub const BASE: [&str; 36] = [
    "/usr",
    "/bin",
    "/sbin",
    "/lib",
    "/lib32",
    "/lib64",
    "/proc/cpuinfo",
    "/proc/filesystems",
    "/proc/loadavg",
    "/proc/meminfo",
    "/proc/stat",
    "/proc/sys",
    "/proc/uptime",
    "/proc/version",
    "/sys/devices/system/cpu",
    "/sys/fs/cgroup",
    "/etc/alternatives",
    "/etc/ca-certificates",
    "/etc/group",
    "/etc/host.conf",
    "/etc/hosts",
    "/etc/ld.so.cache",
    "/etc/ld.so.conf",
    "/etc/ld.so.conf.d",
    "/etc/localtime",
    "/etc/mime.types",
    "/etc/nsswitch.conf",
    "/etc/passwd",
    "/etc/pki",
    "/etc/protocols",
    "/etc/resolv.conf",
    "/etc/services",
    "/etc/ssl",
    "/dev/urandom",
    "/dev/random",
    "/dev/zero",
];

/// Devices that any program may write to.
pub const SINKS: [&str; 2] = ["/dev/null", "/dev/full"];

#[cfg(target_os = "linux")]
mod landlock;
#[cfg(target_os = "linux")]
pub(crate) use landlock::ruleset;

/// What of permissions is enforced on this system.
#[must_use]
pub fn enforced() -> Enforced {
    #[cfg(target_os = "linux")]
    return landlock::enforced();
    #[cfg(not(target_os = "linux"))]
    Enforced {
        files: false,
        ports: false,
        memory: false,
        reason: Some("this system has no Landlock".to_owned()),
    }
}
