//! Names of entries.

use purlin_store::RelativePath;

/// Where an entry belongs; `None` is the folder itself.
///
/// # Errors
/// The rest of a sentence that begins with the name.
pub(super) fn clean(name: &[u8]) -> Result<Option<RelativePath>, &'static str> {
    if name.first() == Some(&b'/') {
        return Err("is an absolute path");
    }
    let parts = name.split(|byte| *byte == b'/').filter(|part| !part.is_empty() && *part != b".");
    let parts: Vec<&[u8]> = parts.collect();
    if parts.iter().any(|part| *part == b"..") {
        return Err("leads out through `..`");
    }
    if parts.is_empty() {
        return Ok(None);
    }
    let path = RelativePath::from_bytes(&parts.join(&b'/'));
    path.map(Some).map_err(|_| "is no name that a file can have")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_stay_inside_or_are_refused() {
        let path = |name: &str| clean(name.as_bytes()).map(|path| path.map(|it| it.to_string()));
        assert_eq!(path("./a//b/"), Ok(Some("a/b".to_owned())));
        assert_eq!(path("./"), Ok(None));
        assert_eq!(path("a/..b/..."), Ok(Some("a/..b/...".to_owned())));
        for bad in ["/a", "..", "a/../b", "a/..", "a\0b"] {
            assert!(path(bad).is_err(), "{bad:?}");
        }
    }
}
