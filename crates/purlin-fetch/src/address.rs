//! Addresses of files.

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt as _;
use std::path::PathBuf;

use purlin_model::Digest;
use ureq::http::Uri;

use crate::FetchError;

/// Where a file is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Address {
    /// As it is asked for.
    pub(crate) text: String,
    /// As it is shown: without a password.
    pub(crate) shown: String,
    pub(crate) place: Place,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Place {
    Web { encrypted: bool },
    File(PathBuf),
}

impl Address {
    /// # Errors
    /// It is none, or of a kind that cannot be fetched.
    pub(crate) fn parse(text: &str) -> Result<Self, FetchError> {
        let bad =
            |reason: &str| FetchError::Address { url: text.to_owned(), reason: reason.to_owned() };
        if text.bytes().any(|byte| !byte.is_ascii_graphic()) {
            return Err(bad(
                "Blanks and characters beyond ASCII are written as `%20` and the like.",
            ));
        }
        let Some((scheme, rest)) = text.split_once("://") else {
            return Err(bad("An address begins with `https://`, `http://` or `file:///`."));
        };
        let place = match scheme {
            "http" | "https" => {
                let uri: Uri = text.parse().map_err(|error| bad(&format!("{error}.")))?;
                if uri.host().is_none_or(str::is_empty) {
                    return Err(bad("It names no host."));
                }
                Place::Web { encrypted: scheme == "https" }
            }
            "file" if rest.starts_with('/') => {
                Place::File(PathBuf::from(OsString::from_vec(decoded(rest))))
            }
            "file" => return Err(bad("The path of a file is absolute: `file:///…`.")),
            _ => return Err(bad("Only `https`, `http` and `file` can be fetched.")),
        };
        Ok(Self { text: text.to_owned(), shown: without_password(text), place })
    }

    /// Where a mirror has the file of this address and digest.
    pub(crate) fn in_mirror(&self, mirror: &str, digest: Digest) -> Result<Self, FetchError> {
        let mut text = mirror.to_owned();
        if !text.contains("{sha256}") && !text.contains("{name}") {
            text = format!("{}/{{name}}", text.trim_end_matches('/'));
        }
        let text = text.replace("{sha256}", &digest.to_hex());
        Self::parse(&text.replace("{name}", last_name(&self.text)))
    }
}

/// The last name in the path of an address: what the file is called.
#[must_use]
pub fn last_name(url: &str) -> &str {
    let path = url.split(['?', '#']).next().unwrap_or(url);
    let path = path.split_once("://").map_or(path, |(_, rest)| rest);
    let path = path.split_once('/').map_or("", |(_, path)| path);
    path.trim_end_matches('/').rsplit('/').next().unwrap_or_default()
}

/// Whether a file of this name is an archive that [`crate::unpack`] knows.
#[must_use]
pub fn is_archive(name: &str) -> bool {
    const ENDINGS: [&str; 13] = [
        ".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tbz", ".tbz2", ".tar.xz", ".txz", ".tar.zst",
        ".tzst", ".zip", ".whl", ".crate",
    ];
    let name = name.to_ascii_lowercase();
    ENDINGS.iter().any(|ending| name.ends_with(ending))
}

/// `%41` is `A`; what is no such pair stays.
fn decoded(text: &str) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        let pair = after.get(..2).filter(|_| first == b'%');
        let pair = pair.and_then(|pair| std::str::from_utf8(pair).ok());
        match pair.and_then(|pair| u8::from_str_radix(pair, 16).ok()) {
            Some(byte) => {
                bytes.push(byte);
                rest = &after[2..];
            }
            None => {
                bytes.push(first);
                rest = after;
            }
        }
    }
    bytes
}

/// An address as it may be shown.
#[must_use]
pub fn without_password(text: &str) -> String {
    let Some((scheme, rest)) = text.split_once("://") else { return text.to_owned() };
    let (host, path) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
    match host.rsplit_once('@') {
        Some((user, host)) if user.contains(':') => {
            let user = user.split(':').next().unwrap_or_default();
            format!("{scheme}://{user}:…@{host}{path}")
        }
        _ => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reason(text: &str) -> String {
        Address::parse(text).unwrap_err().to_string()
    }

    #[test]
    fn what_cannot_be_fetched_is_told_why() {
        assert!(reason("zlib.tar.gz").contains("begins with `https://`"));
        assert!(reason("ftp://example.com/a").contains("Only `https`"));
        assert!(reason("https:///a").contains("`https:///a`"));
        assert!(reason("file://a").contains("absolute"));
        assert!(reason("https://example.com/a b").contains("%20"));
    }

    #[test]
    fn files_are_named_with_percent_signs() {
        let address = Address::parse("file:///a%20b/%C3%A4%zz").unwrap();
        assert_eq!(address.place, Place::File("/a b/ä%zz".into()));
    }

    #[test]
    fn the_last_name_leaves_out_what_is_asked() {
        for (url, name) in [
            ("https://example.com/a/b.tar.gz?c=d/e#f", "b.tar.gz"),
            ("https://example.com", ""),
            ("https://example.com/", ""),
            ("file:///a/b", "b"),
        ] {
            assert_eq!(last_name(url), name, "{url}");
        }
        assert!(is_archive("A.TAR.GZ") && !is_archive("a.gz") && !is_archive("targz"));
    }

    #[test]
    fn no_password_is_shown() {
        let address = Address::parse("https://me:secret@example.com/a@b:c").unwrap();
        assert_eq!(address.shown, "https://me:…@example.com/a@b:c");
        assert_eq!(Address::parse("https://me@h/a").unwrap().shown, "https://me@h/a");
    }

    #[test]
    fn mirrors_have_files_by_name_or_digest() {
        let address = Address::parse("https://example.com/a/b.zip?x").unwrap();
        let digest = Digest::of(b"");
        let text = |mirror| address.in_mirror(mirror, digest).unwrap().text;
        assert_eq!(text("https://mirror.example/m/"), "https://mirror.example/m/b.zip");
        assert_eq!(text("file:///m/{sha256}"), format!("file:///m/{digest}"));
    }
}
