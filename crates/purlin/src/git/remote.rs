//! Bringing one commit here from a repository that somebody else writes to. Nothing of what comes is
//! run: no hooks, no filters, no submodules; files are read out of the repository byte for byte.

use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, BufRead as _, BufReader, Read, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use purlin_commands::ProcessVariables;
use purlin_store::RelativePath;

/// How long git may take; long enough for a repository without shallow fetches on a slow line.
const PATIENCE: Duration = Duration::from_secs(600);
/// Between two looks whether git has ended.
const PAUSE: Duration = Duration::from_millis(20);
/// More than a project sensibly has.
const MOST_FILES: usize = 200_000;
const MOST_BYTES: u64 = 2 << 30;
/// How many of git's last lines a message has.
const LAST_WORDS: usize = 4;
/// What is fetched, by this name.
const WANTED: &str = "refs/purlin/wanted";

/// Settings that keep git from doing more than it is asked for, whatever the user's own say.
const SETTINGS: [&str; 9] = [
    "core.hooksPath=/dev/null",
    "core.attributesFile=/dev/null",
    "core.fsmonitor=false",
    "credential.interactive=false",
    "fetch.recurseSubmodules=false",
    "gc.auto=0",
    "maintenance.auto=false",
    "protocol.ext.allow=never",
    "submodule.recurse=false",
];

/// Process variables to the same end. Git asks nobody anything.
const VARIABLES: [(&str, &str); 7] = [
    ("GIT_ALLOW_PROTOCOL", "file:git:http:https:ssh"),
    ("GIT_ASKPASS", ""),
    ("GIT_NO_LAZY_FETCH", "1"),
    ("GIT_NO_REPLACE_OBJECTS", "1"),
    ("GIT_TERMINAL_PROMPT", "0"),
    ("LC_ALL", "C"),
    ("SSH_ASKPASS", ""),
];

/// An empty repository of our own, into which a commit is fetched.
pub(crate) struct Remote<'a> {
    folder: PathBuf,
    variables: &'a ProcessVariables,
}

/// A file of a commit.
pub(crate) struct Entry {
    pub(crate) path: RelativePath,
    pub(crate) kind: EntryKind,
    object: String,
    size: u64,
}

/// See [`Entry`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum EntryKind {
    File { executable: bool },
    Link,
}

impl<'a> Remote<'a> {
    /// Makes the repository in a folder that is there. Git gets the base of the process variables.
    ///
    /// # Errors
    /// There is no git, or it cannot make one.
    pub(crate) fn new(folder: &Path, variables: &'a ProcessVariables) -> Result<Self, String> {
        let made = Self { folder: folder.to_owned(), variables };
        let place = made.repository();
        // Without a template: the user's may bring hooks.
        made.ask(&["init", "--quiet", "--bare", "--template="].map(OsStr::new), Some(&place))?;
        Ok(made)
    }

    /// Fetches what a revision stands for, and tells its commit. `None` means the repository's head.
    ///
    /// # Errors
    /// What git said last.
    pub(crate) fn fetch(&self, url: &OsStr, rev: Option<&str>) -> Result<String, String> {
        let wanted = rev.unwrap_or("HEAD");
        let Err(why) = self.fetch_one(url, wanted) else { return self.commit(WANTED) };
        if may_be_commit(wanted) {
            // Servers give the short names of commits to nobody, and the long ones not always.
            self.fetch_all(url)?;
            return self.commit(wanted).map_err(|_| why);
        }
        if !why.contains("shallow") {
            return Err(why);
        }
        self.fetch_all(url)?;
        let names = [format!("refs/tags/{wanted}"), format!("refs/heads/{wanted}")];
        let names = if rev.is_none() { &["refs/purlin/head".to_owned()][..] } else { &names[..] };
        names.iter().find_map(|name| self.commit(name).ok()).ok_or(why)
    }

    /// Fetches one commit by its whole name.
    ///
    /// # Errors
    /// What git said last.
    pub(crate) fn fetch_commit(&self, url: &OsStr, commit: &str) -> Result<(), String> {
        if self.fetch_one(url, commit).is_err() {
            self.fetch_all(url)?;
        }
        match self.commit(commit) {
            Ok(found) if found == commit => Ok(()),
            _ => Err(format!("the repository has no commit {commit} any more")),
        }
    }

    fn fetch_one(&self, url: &OsStr, what: &str) -> Result<(), String> {
        let words = ["fetch", "--quiet", "--no-tags", "--no-recurse-submodules", "--depth=1", "--"];
        let reference = format!("+{what}:{WANTED}");
        let words = words.iter().map(OsStr::new).chain([url, OsStr::new(&reference)]);
        self.ask(&words.collect::<Vec<_>>(), None).map(drop)
    }

    fn fetch_all(&self, url: &OsStr) -> Result<(), String> {
        let words = ["fetch", "--quiet", "--no-tags", "--no-recurse-submodules", "--"];
        let all =
            ["+HEAD:refs/purlin/head", "+refs/heads/*:refs/heads/*", "+refs/tags/*:refs/tags/*"];
        let words = words.iter().map(OsStr::new).chain([url]).chain(all.map(OsStr::new));
        self.ask(&words.collect::<Vec<_>>(), None).map(drop)
    }

    /// The commit that a name leads to here.
    fn commit(&self, name: &str) -> Result<String, String> {
        let name = format!("{name}^{{commit}}");
        let words = ["rev-parse", "--verify", "--quiet", "--end-of-options", &name];
        let found = self.ask(&words.map(OsStr::new), None)?;
        let commit = String::from_utf8_lossy(&found).trim().to_owned();
        match purlin_host::is_commit(&commit) {
            true => Ok(commit),
            false => Err("git tells no commit".to_owned()),
        }
    }

    /// When a commit that was fetched was made, in seconds since 1970.
    ///
    /// # Errors
    /// Git does not tell it.
    pub(crate) fn time(&self, commit: &str) -> Result<i64, String> {
        let words = ["show", "--no-patch", "--no-show-signature", "--format=%ct", commit];
        let told = self.ask(&words.map(OsStr::new), None)?;
        let told = String::from_utf8_lossy(&told);
        told.trim().parse().map_err(|_| "git tells no time of the commit".to_owned())
    }

    /// The files and links of a commit that was fetched. Submodules are left out, and so is what Git or
    /// Purlin would take for its own.
    ///
    /// # Errors
    /// They cannot be listed, or cannot be files of a project.
    pub(crate) fn entries(&self, commit: &str) -> Result<Vec<Entry>, String> {
        let listed =
            self.ask(&["ls-tree", "-r", "-l", "-z", "--full-tree", commit].map(OsStr::new), None)?;
        let mut entries = Vec::new();
        for line in listed.split(|byte| *byte == 0).filter(|line| !line.is_empty()) {
            entries.extend(entry(line)?);
        }
        let bytes = entries.iter().map(|entry| entry.size).fold(0, u64::saturating_add);
        if entries.len() > MOST_FILES || bytes > MOST_BYTES {
            return Err(format!(
                "it has {} files of {} MiB, and {MOST_FILES} of {} MiB are allowed",
                entries.len(),
                bytes >> 20,
                MOST_BYTES >> 20
            ));
        }
        Ok(entries)
    }

    /// Hands the content of each entry to `take`, in their order.
    ///
    /// # Errors
    /// Git ends too early, or `take` fails.
    pub(crate) fn contents<'e>(
        &self,
        entries: &'e [Entry],
        mut take: impl FnMut(&'e Entry, &mut dyn Read) -> io::Result<()>,
    ) -> Result<(), String> {
        let told = |error: io::Error| error.to_string();
        let wanted = self.folder.join("wanted");
        let mut file = io::BufWriter::new(File::create(&wanted).map_err(told)?);
        for entry in entries {
            writeln!(file, "{}", entry.object).map_err(told)?;
        }
        file.flush().map_err(told)?;
        let mut command = self.command(None, false);
        command.args(["cat-file", "--batch"]).stdin(File::open(&wanted).map_err(told)?);
        command.stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().map_err(not_started)?;
        let output = child.stdout.take().ok_or("git has no output")?;
        let mut output = BufReader::new(output);
        let mut read = || {
            for entry in entries {
                let mut head = String::new();
                output.read_line(&mut head)?;
                if head.trim_end() != format!("{} blob {}", entry.object, entry.size) {
                    return Err(io::Error::other(format!("git does not give {}", entry.path)));
                }
                let mut content = (&mut output).take(entry.size);
                take(entry, &mut content)?;
                io::copy(&mut content, &mut io::sink())?;
                output.read_exact(&mut [0])?;
            }
            Ok(())
        };
        let done = read().map_err(told);
        drop(output);
        if done.is_err() {
            let _ = child.kill();
        }
        child.wait().map_err(told)?;
        done
    }

    /// Where the repository is.
    fn repository(&self) -> PathBuf {
        self.folder.join("git")
    }

    /// What git prints. Its output goes to files: whoever it has started may keep a pipe open for ever.
    fn ask(&self, words: &[&OsStr], place: Option<&Path>) -> Result<Vec<u8>, String> {
        let told = |error: io::Error| error.to_string();
        let (out, err) = (self.folder.join("out"), self.folder.join("err"));
        let mut command = self.command(place, words.first().is_some_and(|word| *word == "fetch"));
        command.args(words).args(place).stdin(Stdio::null());
        command.stdout(File::create(&out).map_err(told)?);
        command.stderr(File::create(&err).map_err(told)?);
        let mut child = command.spawn().map_err(not_started)?;
        let status = ended(&mut child).map_err(told)?;
        let said = std::fs::read(&err).map_err(told)?;
        match status {
            Some(status) if status.success() => std::fs::read(&out).map_err(told),
            Some(_) => Err(last_words(&said)),
            None => Err(format!("git did not end within {} minutes", PATIENCE.as_secs() / 60)),
        }
    }

    /// Git, with the user's own settings only where it talks to a server: they have the credentials.
    fn command(&self, place: Option<&Path>, with_own: bool) -> Command {
        let mut command = Command::new("git");
        command.env_clear().envs(self.variables.base()).envs(VARIABLES);
        if !with_own {
            command.env("GIT_CONFIG_NOSYSTEM", "1").env("GIT_CONFIG_GLOBAL", "/dev/null");
        }
        if place.is_none() {
            command.env("GIT_DIR", self.repository());
        }
        command.current_dir(&self.folder);
        command.args(SETTINGS.iter().flat_map(|setting| ["-c", setting]));
        command
    }
}

/// Waits for git; `None` if it took too long and was ended.
fn ended(child: &mut Child) -> io::Result<Option<ExitStatus>> {
    let end = Instant::now() + PATIENCE;
    let mut pause = Duration::from_millis(1);
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(Some(status));
        }
        if Instant::now() >= end {
            child.kill()?;
            child.wait()?;
            return Ok(None);
        }
        std::thread::sleep(pause);
        pause = (pause * 2).min(PAUSE);
    }
}

/// One line of `ls-tree -l`: `MODE TYPE OBJECT SIZE<tab>PATH`. `None` for what is left out.
fn entry(line: &[u8]) -> Result<Option<Entry>, String> {
    let odd = || format!("git lists what is not understood: {}", String::from_utf8_lossy(line));
    let tab = line.iter().position(|byte| *byte == b'\t').ok_or_else(odd)?;
    let head = std::str::from_utf8(&line[..tab]).map_err(|_| odd())?;
    let mut parts = head.split_ascii_whitespace();
    let (mode, object) = (parts.next().ok_or_else(odd)?, parts.nth(1).ok_or_else(odd)?);
    let kind = match mode {
        "100755" => EntryKind::File { executable: true },
        "120000" => EntryKind::Link,
        "160000" => return Ok(None),
        _ => EntryKind::File { executable: false },
    };
    let size = parts.next().and_then(|size| size.parse().ok()).ok_or_else(odd)?;
    let path = &line[tab + 1..];
    let own = |name: &[u8]| {
        name.eq_ignore_ascii_case(b".git") || name == b".purlin" || name == b".purlin-cache"
    };
    if path.split(|byte| *byte == b'/').any(own) {
        return Ok(None);
    }
    let path = RelativePath::from_bytes(path).map_err(|_| odd())?;
    Ok(Some(Entry { path, kind, object: object.to_owned(), size }))
}

/// Whether a revision could be the name of a commit, perhaps a short one.
fn may_be_commit(rev: &str) -> bool {
    (4..=64).contains(&rev.len()) && rev.bytes().all(|byte| byte.is_ascii_hexdigit())
}

fn last_words(said: &[u8]) -> String {
    let text = String::from_utf8_lossy(said);
    let lines: Vec<&str> =
        text.lines().map(str::trim_end).filter(|line| !line.is_empty()).collect();
    match lines.as_slice() {
        [] => "git says nothing".to_owned(),
        lines => lines[lines.len().saturating_sub(LAST_WORDS)..].join("\n"),
    }
}

#[expect(clippy::needless_pass_by_value, reason = "it is what `map_err` hands on")]
fn not_started(error: io::Error) -> String {
    format!("git cannot be started: {error}")
}
