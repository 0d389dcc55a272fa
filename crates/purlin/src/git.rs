//! What git knows of changed files, for `run --since`, and of the workspace, for `inputs.self`.

pub(crate) mod remote;

use std::path::Path;
use std::process::{Command, Output, Stdio};

use purlin_model::{Diagnostic, Origin, Source, Value};
use purlin_store::RelativePath;

use crate::failure::Failure;

/// Files that differ from what they were when two lines of history parted.
pub(crate) struct Changes {
    /// Paths from the workspace's root: committed since, staged, not staged and untracked ones;
    /// those that are gone, and both names of what was renamed.
    pub(crate) paths: Vec<RelativePath>,
    /// The commit where they parted.
    base: String,
}

impl Changes {
    /// What has changed since this branch left the one of `reference`.
    ///
    /// # Errors
    /// There is no git or no repository, no such commit, or no common history.
    pub(crate) fn since(root: &Path, reference: &str) -> Result<Self, Failure> {
        let inside = git(root, &["rev-parse", "--is-inside-work-tree"])?;
        if inside.stdout != b"true\n" {
            return Err(no_repository(root, &inside).into());
        }
        let base = merge_base(root, reference, &resolve(root, reference)?)?;
        let difference = ["diff", "--name-only", "--no-renames", "--relative", "-z"];
        let mut paths = Vec::new();
        // What is staged counts although the working tree may have gone back on it.
        for how in [&[base.as_str()][..], &["--cached", base.as_str()]] {
            add(root, &git(root, &[&difference[..], how, &["--"]].concat())?, &mut paths)?;
        }
        let untracked = ["ls-files", "--others", "--exclude-standard", "-z"];
        add(root, &git(root, &untracked)?, &mut paths)?;
        paths.sort();
        paths.dedup();
        Ok(Self { paths, base })
    }

    /// A file as it was then, if it was there and is text.
    pub(crate) fn text_before(&self, root: &Path, path: &RelativePath) -> Option<String> {
        let name = format!("{}:./{}", self.base, path.to_path().to_str()?);
        let shown = git(root, &["cat-file", "blob", &name]).ok()?;
        shown.status.success().then(|| String::from_utf8(shown.stdout).ok()).flatten()
    }
}

/// What `inputs.self` is: the folder, its commit with the time of that, and whether there are changes
/// since. Outside of a repository there is no commit, and the time is that of `purlin.toml`. What was
/// fetched is its commit.
pub(crate) fn revision(
    root: &Path,
    fetched: Option<(&str, Option<i64>)>,
) -> Result<Value, Diagnostic> {
    if let Some((commit, modified)) = fetched {
        return Ok(told(root, Some(commit), modified, false));
    }
    let asked = |arguments: &[&str]| {
        let output = git(root, arguments).ok()?;
        output.status.success().then(|| text(&output.stdout))
    };
    let commit = asked(&["log", "-1", "--format=%H %ct"]);
    let commit = commit.as_deref().and_then(|told| told.split_once(' '));
    let dirty = asked(&["status", "--porcelain", "--untracked-files=normal", "--", "."]);
    let file = root.join(crate::workspace::FILE);
    let modified = match commit {
        Some((_, time)) => time.parse().unwrap_or(0),
        None => file.metadata().and_then(|file| file.modified()).ok().map_or(0, seconds),
    };
    let is_dirty = dirty.is_some_and(|changes| !changes.is_empty());
    Ok(told(root, commit.map(|(revision, _)| revision), Some(modified), is_dirty))
}

fn told(root: &Path, commit: Option<&str>, modified: Option<i64>, is_dirty: bool) -> Value {
    let told = serde_json::json!({
        "path": root.to_string_lossy(),
        "revision": commit,
        "last_modified": modified,
        "dirty": is_dirty,
    });
    Value::from_json(&told, &Origin::whole(&Source::new("<inputs.self>", "")))
}

/// Whole seconds since 1970.
fn seconds(time: std::time::SystemTime) -> i64 {
    let since = time.duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
}

/// Adds the paths that git has listed, each ended by a NUL.
fn add(root: &Path, listed: &Output, paths: &mut Vec<RelativePath>) -> Result<(), Failure> {
    if !listed.status.success() {
        return Err(failed(root, listed));
    }
    // A repository in this one is listed with a `/` at its end.
    let names = listed.stdout.split(|byte| *byte == 0);
    let names = names.map(|name| name.strip_suffix(b"/").unwrap_or(name));
    // What is no path in the workspace cannot be an input.
    paths.extend(names.filter_map(|name| RelativePath::from_bytes(name).ok()));
    Ok(())
}

fn resolve(root: &Path, reference: &str) -> Result<String, Failure> {
    let named = format!("{reference}^{{commit}}");
    let found = git(root, &["rev-parse", "--verify", "--quiet", "--end-of-options", &named])?;
    if found.status.success() {
        return Ok(text(&found.stdout));
    }
    Err(Diagnostic::error("unknown-revision", format!("git knows no commit `{reference}`"))
        .help(
            "--since takes a branch, a tag or a commit; `git fetch` brings those of others"
                .to_owned(),
        )
        .into())
}

fn merge_base(root: &Path, reference: &str, commit: &str) -> Result<String, Failure> {
    if !git(root, &["rev-parse", "--verify", "--quiet", "HEAD^{commit}"])?.status.success() {
        return Err(Diagnostic::error("no-history", "this branch has no commit yet")
            .help("commit something, or run without --since".to_owned())
            .into());
    }
    let found = git(root, &["merge-base", "HEAD", commit])?;
    if found.status.success() {
        return Ok(text(&found.stdout));
    }
    if found.status.code() != Some(1) {
        return Err(failed(root, &found));
    }
    let what = format!("git knows no commit that this branch and `{reference}` have in common");
    let diagnostic = Diagnostic::error("no-merge-base", what);
    let shallow = git(root, &["rev-parse", "--is-shallow-repository"])?.stdout == b"true\n";
    Err(if shallow {
        diagnostic
            .detail("The clone is shallow: the commit where they parted was not fetched.")
            .help("`git fetch --unshallow`; in CI, check out the whole history".to_owned())
    } else {
        diagnostic.help("name a commit that this branch comes from".to_owned())
    }
    .into())
}

fn no_repository(root: &Path, told: &Output) -> Diagnostic {
    Diagnostic::error("no-repository", "the workspace is not in a git repository")
        .detail(format!("{}: {}", root.display(), text(&told.stderr)))
        .help("--since asks git what has changed; run without it".to_owned())
}

fn failed(root: &Path, output: &Output) -> Failure {
    Failure::failed(
        Diagnostic::error("git", "git could not tell what has changed").detail(format!(
            "{}: {}",
            root.display(),
            text(&output.stderr)
        )),
    )
}

/// What git said, without the newline at its end.
fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).trim_end().to_owned()
}

fn git(root: &Path, arguments: &[&str]) -> Result<Output, Failure> {
    let mut command = Command::new("git");
    command
        .arg("-C")
        .arg(root)
        .args(arguments)
        // Looking must not write, nor wait for whoever does.
        .env("GIT_OPTIONAL_LOCKS", "0")
        .env("LC_ALL", "C")
        .stdin(Stdio::null());
    command.output().map_err(|error| {
        Diagnostic::error("no-git", "git cannot be started")
            .detail(format!("{error}."))
            .help("--since asks git what has changed: install it, or run without".to_owned())
            .into()
    })
}
