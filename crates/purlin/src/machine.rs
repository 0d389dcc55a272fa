//! What the machine has.

use std::fs;

/// How much memory programs may use, in bytes: what is built in, or what a container leaves of it.
/// Where nothing is known, there is no limit.
pub(crate) fn memory() -> u64 {
    let own = fs::read_to_string("/proc/self/cgroup").unwrap_or_default();
    let limits = fs::read_to_string(format!("/sys/fs/cgroup{}/memory.max", group(&own)));
    // The text is `max` where there is no limit.
    let limit = limits.ok().and_then(|text| text.trim().parse().ok()).unwrap_or(u64::MAX);
    built_in().unwrap_or(u64::MAX).min(limit)
}

/// The path of the one group of the second version; those of the first limit nothing here.
fn group(told: &str) -> &str {
    told.lines().find_map(|line| line.strip_prefix("0::")).unwrap_or_default()
}

fn built_in() -> Option<u64> {
    let ask = |name| {
        // SAFETY: it takes a number and gives a number.
        #[expect(unsafe_code, reason = "the standard library does not tell it")]
        let value = unsafe { libc::sysconf(name) };
        u64::try_from(value).ok()
    };
    ask(libc::_SC_PHYS_PAGES)?.checked_mul(ask(libc::_SC_PAGESIZE)?)
}

/// How many processors there are for this process.
pub(crate) fn processors() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

#[cfg(test)]
mod tests {
    use super::{built_in, group};

    #[test]
    fn there_is_memory() {
        assert!(built_in().is_some_and(|bytes| bytes > 16 << 20));
    }

    #[test]
    fn the_group_is_that_of_the_second_version() {
        assert_eq!(group("1:cpu:/a\n0::/user/b\n"), "/user/b");
        assert_eq!(group(""), "");
    }
}
