//! Systems: which names mean one.

/// What a workspace is for that does not say it.
pub const DEFAULT_SYSTEMS: [&str; 4] =
    ["aarch64-linux", "x86_64-linux", "aarch64-darwin", "x86_64-darwin"];

const MACHINES: [&str; 16] = [
    "aarch64",
    "armv5tel",
    "armv6l",
    "armv7l",
    "i686",
    "loongarch64",
    "m68k",
    "mips64el",
    "mipsel",
    "powerpc64",
    "powerpc64le",
    "riscv32",
    "riscv64",
    "s390x",
    "wasm32",
    "x86_64",
];

const KERNELS: [&str; 8] =
    ["linux", "darwin", "windows", "freebsd", "netbsd", "openbsd", "wasi", "none"];

/// Whether a name at the beginning of a definition's path is that of a system, so that the definition
/// is for that one alone. Anything else is an ordinary name.
///
/// ```
/// use purlin_definitions::is_system;
///
/// assert!(is_system("aarch64-linux"));
/// assert!(!is_system("riscv99-plan9"));
/// ```
#[must_use]
pub fn is_system(name: &str) -> bool {
    name.split_once('-')
        .is_some_and(|(machine, kernel)| MACHINES.contains(&machine) && KERNELS.contains(&kernel))
}
