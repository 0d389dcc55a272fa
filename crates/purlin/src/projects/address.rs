//! Where a repository is, and what is refused before git sees it.

use std::ffi::OsString;
use std::path::Path;

/// Ways to a repository that are understood; git knows more, some of which run programs.
const SCHEMES: [&str; 5] = ["https", "http", "ssh", "git", "file"];

/// The repository as git is told it. A path is one from `folder`, that of the project which names it; a
/// project that was itself fetched, `within` some repository, can use none.
///
/// # Errors
/// Why it is refused.
pub(super) fn address(url: &str, folder: &Path, within: Option<&str>) -> Result<OsString, String> {
    if url.is_empty() || url.starts_with('-') || url.chars().any(char::is_control) {
        return Err("This is no address of a repository.".to_owned());
    }
    if let Some((scheme, rest)) = url.split_once("://") {
        if !SCHEMES.contains(&scheme) {
            return Err(format!("Repositories are fetched by {}.", SCHEMES.join(", ")));
        }
        let host = rest.split('/').next().unwrap_or_default();
        if host.split('@').any(|part| part.starts_with('-')) {
            return Err("This is no address of a repository.".to_owned());
        }
    } else if url.split('/').next().is_some_and(|first| first.contains("::")) {
        return Err("Programs that bring repositories are not run.".to_owned());
    }
    if is_local(url) && within.is_some_and(|within| !is_local(within)) {
        return Err("A project from elsewhere can name no repository on this machine.".to_owned());
    }
    if is_remote(url) {
        return Ok(url.into());
    }
    if within.is_some() && Path::new(url).is_relative() {
        return Err("A project that was fetched lies beside no other repository.".to_owned());
    }
    Ok(folder.join(url).into())
}

/// Why git should not see a revision; `None` for what may be a branch, a tag or a commit.
pub(super) fn refused_revision(rev: &str) -> Option<&'static str> {
    let strange = |letter: char| letter.is_control() || " ~^:?*[\\".contains(letter);
    let wrong = rev.is_empty()
        || rev.starts_with(['-', '+', '/'])
        || rev.contains("..")
        || rev.contains("@{")
        || rev.contains(strange);
    wrong.then_some("It is the name of no branch, tag or commit.")
}

/// Whether a repository is on this machine.
fn is_local(url: &str) -> bool {
    url.starts_with("file:") || !is_remote(url)
}

/// As git sees it: with a scheme, or `HOST:PATH`.
fn is_remote(url: &str) -> bool {
    url.contains("://") || url.split('/').next().is_some_and(|first| first.contains(':'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(url: &str, within: Option<&str>) -> Result<String, String> {
        let told = address(url, Path::new("/work"), within);
        told.map(|address| address.to_string_lossy().into_owned())
    }

    #[test]
    fn addresses_go_to_git_as_they_are_and_paths_from_the_workspace() {
        for url in [
            "https://example.com/a",
            "git@example.com:a/b",
            "ssh://me@example.com/a",
            "file:///srv/a",
        ] {
            assert_eq!(told(url, None).as_deref(), Ok(url));
        }
        assert_eq!(told("../a", None).as_deref(), Ok("/work/../a"));
        assert_eq!(told("/srv/a", None).as_deref(), Ok("/srv/a"));
        assert_eq!(told("/srv/a", Some("file:///srv/b")).as_deref(), Ok("/srv/a"));
    }

    #[test]
    fn what_runs_programs_or_is_an_option_is_refused() {
        for url in [
            "",
            "-u",
            "--upload-pack=touch x",
            "ext::sh -c x",
            "fd::7",
            "ext::ssh://x",
            "ftp://example.com/a",
            "ssh://-oProxyCommand=x/a",
            "ssh://me@-oProxyCommand=x/a",
            "https://a\nb",
        ] {
            assert!(told(url, None).is_err(), "{url}");
        }
        for (url, within) in
            [("/srv/a", "https://b"), ("file:///srv/a", "git@b:c"), ("../a", "/srv/b")]
        {
            assert!(told(url, Some(within)).is_err(), "{url}");
        }
    }

    #[test]
    fn revisions_are_names() {
        for rev in ["main", "v1.2", "feature/x", "0123abcd", "größe", "a@b"] {
            assert_eq!(refused_revision(rev), None, "{rev}");
        }
        for rev in
            ["", "-x", "+main", "main:refs/heads/x", "a..b", "a b", "HEAD~1", "a^", "*", "a@{1}"]
        {
            assert!(refused_revision(rev).is_some(), "{rev}");
        }
    }
}
