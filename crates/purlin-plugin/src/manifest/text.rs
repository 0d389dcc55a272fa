//! The small languages inside a manifest's texts: names, paths, sizes, times, pointers, hosts.

use purlin_model::{is_kebab, to_kebab};

use super::OUTSIDE_CONTENT;

/// `^[a-z][a-z0-9-]{0,38}[a-z0-9]$`
pub(super) fn is_plugin_name(name: &str) -> bool {
    is_kebab(name) && (2..=40).contains(&name.len())
}

/// The kebab spelling of a feature's or parameter's name; `None` when it is not a name. `dots`
/// allows several names joined by dots.
pub(super) fn declared_name(name: &str, dots: bool) -> Option<String> {
    let kebab = to_kebab(name);
    let good = if dots { kebab.split('.').all(is_kebab) } else { is_kebab(&kebab) };
    good.then_some(kebab)
}

/// True for a name that Starlark and Python can bind.
pub(super) fn is_identifier(name: &str) -> bool {
    let bytes = name.as_bytes();
    bytes.iter().all(|byte| byte.is_ascii_alphanumeric() || *byte == b'_')
        && bytes.first().is_some_and(|byte| !byte.is_ascii_digit())
}

/// Why a text is no path inside the plugin's folder.
pub(super) fn path_mistake(path: &str) -> Option<&'static str> {
    if path.is_empty() {
        return Some("this names no file");
    }
    if path.starts_with('/') || path.contains(':') {
        return Some("this is not relative to the plugin's folder");
    }
    if path.contains('\\') || path.contains('\0') {
        return Some("paths are written with `/`");
    }
    if climbs(path) {
        return Some("this leaves the plugin's folder");
    }
    is_outside_content(path).then_some("consent leaves this folder out")
}

/// `512MiB` in bytes.
pub(super) fn parse_size(text: &str) -> Option<u64> {
    const UNITS: [(&str, u64); 7] = [
        ("KiB", 1 << 10),
        ("MiB", 1 << 20),
        ("GiB", 1 << 30),
        ("KB", 1_000),
        ("MB", 1_000_000),
        ("GB", 1_000_000_000),
        ("B", 1),
    ];
    parse_quantity(text, &UNITS)
}

/// `10s` in milliseconds.
pub(super) fn parse_time(text: &str) -> Option<u64> {
    parse_quantity(text, &[("ms", 1), ("s", 1_000), ("m", 60_000), ("h", 3_600_000)])
}

/// A positive whole number and a unit; units that end alike stand with the longest first.
fn parse_quantity(text: &str, units: &[(&str, u64)]) -> Option<u64> {
    let (digits, factor) =
        units.iter().find_map(|(unit, factor)| Some((text.strip_suffix(unit)?, factor)))?;
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    digits.parse::<u64>().ok()?.checked_mul(*factor).filter(|amount| *amount > 0)
}

/// True for a JSON Pointer (RFC 6901).
pub(super) fn is_json_pointer(text: &str) -> bool {
    let mut rest = text.split('~');
    let starts = text.is_empty() || text.starts_with('/');
    starts && rest.next().is_some() && rest.all(|tail| tail.starts_with(['0', '1']))
}

/// True for `host:port`, where the host may begin with `*.` or be an address in brackets.
pub(super) fn is_host_and_port(text: &str) -> bool {
    let Some((host, port)) = text.rsplit_once(':') else { return false };
    let good_port = port.bytes().all(|byte| byte.is_ascii_digit())
        && port.parse::<u16>().is_ok_and(|port| port > 0);
    let address = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
    let good_host = match address {
        Some(address) => address.parse::<std::net::Ipv6Addr>().is_ok(),
        None => host.strip_prefix("*.").unwrap_or(host).split('.').all(|label| {
            !label.is_empty()
                && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
        }),
    };
    good_port && good_host
}

/// True for the name of a process variable, with at most one `*`, at its end.
pub(super) fn is_variable_pattern(text: &str) -> bool {
    let stem = text.strip_suffix('*').unwrap_or(text);
    !text.is_empty() && !stem.contains(['*', '=', '\0']) && !stem.contains(char::is_whitespace)
}

/// True for a folder that does not depend on where somebody stands: absolute, or below a root such
/// as `{workspace}`.
pub(super) fn is_rooted_folder(text: &str) -> bool {
    let rest = ["{workspace}", "{cache}", "{home}"].iter().find_map(|root| text.strip_prefix(root));
    rest.map_or(text.starts_with('/'), |rest| rest.is_empty() || rest.starts_with('/'))
        && !climbs(text)
        && !text.contains('\0')
}

/// True for the name or the path of one program. Patterns are none: each program is consented to.
pub(super) fn is_program(text: &str) -> bool {
    !text.is_empty()
        && !text.contains(['*', '?'])
        && !text.contains(char::is_control)
        && !climbs(text)
}

/// True for a path with `..` in it, which leads elsewhere than it seems.
pub(super) fn climbs(path: &str) -> bool {
    path.split('/').any(|part| part == "..")
}

/// True for what lies in a folder that [`OUTSIDE_CONTENT`] names.
pub(super) fn is_outside_content(path: &str) -> bool {
    path.split('/').any(|part| OUTSIDE_CONTENT.contains(&part))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all_and_none(check: fn(&str) -> bool, good: &[&str], bad: &[&str]) {
        for text in good {
            assert!(check(text), "{text:?} should be right");
        }
        for text in bad {
            assert!(!check(text), "{text:?} should be wrong");
        }
    }

    #[test]
    fn names() {
        let long = "a".repeat(40);
        let too_long = "a".repeat(41);
        all_and_none(
            is_plugin_name,
            &["s3", "team-tools", &long],
            &["", "a", "S3", "3s", "a-", "a_b", "é1", &too_long],
        );
        assert_eq!(declared_name("package_tree", false).as_deref(), Some("package-tree"));
        assert_eq!(declared_name("nfs.export", true).as_deref(), Some("nfs.export"));
        assert_eq!(declared_name("nfs.export", false), None);
        assert_eq!(declared_name("nfs..export", true), None);
        all_and_none(is_identifier, &["mk_package", "_a", "A1"], &["", "1a", "mk-package", "é"]);
    }

    #[test]
    fn paths_stay_in_the_folder() {
        all_and_none(
            |path| path_mistake(path).is_none(),
            &["schemas/a.json", "./a", "a..b/c"],
            &[
                "",
                "/etc/passwd",
                "../a",
                "a/../../b",
                "C:/a",
                "a\\b",
                "a/..",
                ".git/a",
                "a/__pycache__/b",
            ],
        );
    }

    #[test]
    fn quantities() {
        assert_eq!(parse_size("512MiB"), Some(512 << 20));
        assert_eq!(parse_size("2GB"), Some(2_000_000_000));
        assert_eq!(parse_size("7B"), Some(7));
        assert_eq!(parse_time("500ms"), Some(500));
        assert_eq!(parse_time("10s"), Some(10_000));
        assert_eq!(parse_time("2m"), Some(120_000));
        for bad in ["", "MiB", "512", "0B", "-1KiB", "+1KiB", "1.5GiB", "99999999999999GiB", "1mib"]
        {
            assert_eq!(parse_size(bad), None, "{bad:?}");
        }
        for bad in ["10", "s", "0s", "1 s", "1d"] {
            assert_eq!(parse_time(bad), None, "{bad:?}");
        }
    }

    #[test]
    fn pointers_hosts_and_variables() {
        all_and_none(
            is_json_pointer,
            &["", "/", "/resolve/packages", "/a~0b/~1"],
            &["a", "resolve/packages", "/a~", "/a~2"],
        );
        all_and_none(
            is_host_and_port,
            &["example.com:443", "*.example.com:443", "localhost:1", "10.0.0.1:80", "[::1]:80"],
            &["example.com", "*:443", "a.*.b:1", "a:0", "a:65536", ":1", "a b:1", "a:+1", "::1:80"],
        );
        all_and_none(
            is_variable_pattern,
            &["HOME", "LOCALZ_*", "*"],
            &["", "A*B", "**", "A=B", "A B"],
        );
        all_and_none(
            is_rooted_folder,
            &["/srv", "{workspace}", "{cache}/localz", "/{workspace}"],
            &["data", "", "{workspace}/../..", "{workspace}x", "{elsewhere}", "{cache", "/a\0"],
        );
    }
}
