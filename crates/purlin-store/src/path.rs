//! Paths inside a workspace, as bytes.

use std::ffi::OsStr;
use std::fmt;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A path relative to the workspace's root: `/`-separated, never empty, without `.`, `..`, empty
/// or absolute components. Any other bytes may be in it, so names that are not UTF-8 work.
/// Ordered by its bytes, so a folder comes before what is in it.
///
/// In JSON it is a string, or `{"bytes": "<hex>"}` where it is not UTF-8.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RelativePath(Box<[u8]>);

/// A text that is not a path inside a workspace.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{path}` is not a path inside the workspace: {reason}.")]
pub struct ParsePathError {
    /// The text, with a mark for each byte that is not UTF-8.
    pub path: String,
    /// Why not, without a capital letter and full stop.
    pub reason: &'static str,
}

impl RelativePath {
    /// Checks a path; nothing is normalised.
    ///
    /// # Errors
    /// If it is empty, absolute, or has an empty, `.` or `..` component or a zero byte.
    pub fn parse(path: impl AsRef<OsStr>) -> Result<Self, ParsePathError> {
        let bytes = path.as_ref().as_bytes();
        let fault = |reason| {
            Err(ParsePathError { path: String::from_utf8_lossy(bytes).into_owned(), reason })
        };
        if bytes.is_empty() {
            return fault("it is empty");
        }
        if bytes[0] == b'/' {
            return fault("it is absolute");
        }
        if bytes.contains(&0) {
            return fault("it has a zero byte");
        }
        for component in bytes.split(|byte| *byte == b'/') {
            match component {
                b"" => return fault("it has an empty component"),
                b"." | b".." => return fault("it has a `.` or `..` component"),
                _ => {}
            }
        }
        Ok(Self(bytes.into()))
    }

    /// As [`RelativePath::parse`], from bytes.
    ///
    /// # Errors
    /// As [`RelativePath::parse`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, ParsePathError> {
        Self::parse(OsStr::from_bytes(bytes))
    }

    /// The bytes of the path.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The path as the system knows it, still relative.
    #[must_use]
    pub fn to_path(&self) -> &Path {
        Path::new(OsStr::from_bytes(&self.0))
    }

    /// The folder that it is in; `None` where that is the root.
    #[must_use]
    pub fn parent(&self) -> Option<Self> {
        let end = self.0.iter().rposition(|byte| *byte == b'/')?;
        Some(Self(self.0[..end].into()))
    }

    /// The path of what has the name `name` in this folder; `name` is one component.
    #[must_use]
    pub(crate) fn join(&self, name: &OsStr) -> Self {
        Self([&self.0, b"/".as_slice(), name.as_bytes()].concat().into())
    }

    /// Every folder above it inside the root, the outermost first.
    pub fn ancestors(&self) -> impl Iterator<Item = Self> + '_ {
        let ends = self.0.iter().enumerate().filter(|(_, byte)| **byte == b'/');
        ends.map(|(end, _)| Self(self.0[..end].into()))
    }

    /// Whether it is `folder` or something in it; whole components count.
    #[must_use]
    pub fn starts_with(&self, folder: &Self) -> bool {
        self.0.strip_prefix(&*folder.0).is_some_and(|rest| rest.is_empty() || rest[0] == b'/')
    }
}

impl AsRef<Path> for RelativePath {
    fn as_ref(&self) -> &Path {
        self.to_path()
    }
}

impl fmt::Display for RelativePath {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&String::from_utf8_lossy(&self.0))
    }
}

impl fmt::Debug for RelativePath {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "\"{}\"", self.0.escape_ascii())
    }
}

impl Serialize for RelativePath {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        crate::text::serialize(&self.0, serializer)
    }
}

impl<'de> Deserialize<'de> for RelativePath {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let bytes = crate::text::deserialize(deserializer)?;
        Self::from_bytes(&bytes).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_paths_inside_the_workspace_are_accepted() {
        for good in ["a", "a/b", ".hidden", "a/..b", "ä/ö", "a b\n"] {
            assert_eq!(RelativePath::parse(good).unwrap().to_path(), Path::new(good));
        }
        for bad in ["", "/", "/a", ".", "..", "a/", "a//b", "a/./b", "a/../b", "a\0"] {
            assert!(RelativePath::parse(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn names_that_are_not_utf_8_survive_json() {
        let plain = RelativePath::parse("ä/b").unwrap();
        assert_eq!(serde_json::to_string(&plain).unwrap(), "\"ä/b\"");
        let odd = RelativePath::from_bytes(b"a/\xff").unwrap();
        let json = serde_json::to_string(&odd).unwrap();
        assert_eq!(json, "{\"bytes\":\"612fff\"}");
        assert_eq!(serde_json::from_str::<RelativePath>(&json).unwrap(), odd);
        for bad in ["\"../a\"", "{\"bytes\":\"2f\"}", "{\"bytes\":\"6\"}", "{\"bytes\":\"zz\"}"] {
            assert!(serde_json::from_str::<RelativePath>(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn relations_are_by_whole_components() {
        let path = |text| RelativePath::parse(text).unwrap();
        assert_eq!(path("a/b/c").parent(), Some(path("a/b")));
        assert_eq!(path("a").parent(), None);
        assert_eq!(path("a/b/c").ancestors().collect::<Vec<_>>(), [path("a"), path("a/b")]);
        assert!(path("a/b").starts_with(&path("a")) && path("a").starts_with(&path("a")));
        assert!(!path("ab").starts_with(&path("a")));
    }
}
