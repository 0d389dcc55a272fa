//! What records of packages said when they were read last: a run in which nothing is built looks at each of
//! them, and reads none.
//!
//! The file has a line with its version and the checksum of all that follows, then a line for each
//! folder of a package: its name and, if its record is remembered, the marks of that, the digest of the
//! tests that it has passed (`-` for none), whether its build was kept apart (`apart`, `open`), and what
//! has to be there for it to run, by the numbers of lines. It belongs to one workspace, and whoever finds
//! it damaged reads the records.

use std::collections::{BTreeSet, HashMap};
use std::fs;
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use purlin_model::Digest;
use purlin_store::write_atomically;
use rustix::fs::Stat;

use crate::store::{Brief, PackageStore};

/// What the first line begins with.
const HEADER: &str = "purlin-records 3 ";

/// Whether a build was kept apart.
const APART: &str = "apart";
const OPEN: &str = "open";

/// A record that was changed as shortly before it was read might be changed again, and keep its marks:
/// clocks of file systems move in ticks, and those of some in whole seconds.
const TICK: Duration = Duration::from_millis(10);
const COARSE: Duration = Duration::from_secs(2);

/// What changes when a record changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Marks {
    /// Nanoseconds since 1970; of the inode, which nobody can set.
    changed: i64,
    /// The same of the content, which is set when the package is used.
    modified: i64,
    inode: u64,
    size: u64,
}

impl Marks {
    #[expect(
        clippy::unnecessary_cast,
        reason = "the fields of a stat have other types on other systems"
    )]
    pub(crate) fn of(stat: &Stat) -> Self {
        let join = |seconds: i64, nanoseconds: i64| {
            seconds.saturating_mul(1_000_000_000).saturating_add(nanoseconds)
        };
        Self {
            changed: join(stat.st_ctime as i64, stat.st_ctime_nsec as i64),
            modified: join(stat.st_mtime as i64, stat.st_mtime_nsec as i64),
            inode: stat.st_ino as u64,
            size: stat.st_size as u64,
        }
    }

    /// When the package was last used, as far as it was noted.
    pub(crate) fn used(&self) -> SystemTime {
        UNIX_EPOCH + Duration::from_nanos(u64::try_from(self.modified).unwrap_or(0))
    }

    /// How many bytes the record has.
    pub(crate) fn size(&self) -> u64 {
        self.size
    }

    /// Whether the record could be changed after it was read at that moment, and keep its marks.
    fn is_racy(&self, read: SystemTime) -> bool {
        let margin = if self.changed % 1_000_000_000 == 0 { COARSE } else { TICK };
        let read = read.duration_since(UNIX_EPOCH).unwrap_or_default();
        let limit = i64::try_from(read.saturating_sub(margin).as_nanos()).unwrap_or(0);
        self.changed.max(self.modified) >= limit
    }
}

/// A line.
#[derive(Debug)]
pub(crate) struct Line<'t> {
    pub(crate) folder: &'t str,
    pub(crate) known: Option<Known>,
}

/// What is remembered of a record.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Known {
    pub(crate) marks: Marks,
    pub(crate) tests: Option<Digest>,
    /// Nothing kept its build apart.
    pub(crate) is_open: bool,
    /// Numbers of lines.
    pub(crate) needs: Vec<usize>,
}

/// The lines in a text of such a file; none if it is damaged.
pub(crate) fn lines(text: &str) -> Vec<Line<'_>> {
    let whole = || {
        let (head, body) = text.strip_prefix(HEADER)?.split_once('\n')?;
        (head == checksum(body)).then_some(body)
    };
    let lines: Option<Vec<Line<'_>>> = whole().unwrap_or_default().lines().map(line).collect();
    lines.unwrap_or_default()
}

fn line(text: &str) -> Option<Line<'_>> {
    let mut words = text.split(' ');
    let folder = words.next()?;
    let Some(changed) = words.next() else { return Some(Line { folder, known: None }) };
    let marks = Marks {
        changed: changed.parse().ok()?,
        modified: words.next()?.parse().ok()?,
        inode: words.next()?.parse().ok()?,
        size: words.next()?.parse().ok()?,
    };
    let tests = match words.next()? {
        "-" => None,
        digest => Some(digest.parse().ok()?),
    };
    let is_open = words.next()? == OPEN;
    let needs = words.map(|word| word.parse().ok()).collect::<Option<_>>()?;
    Some(Line { folder, known: Some(Known { marks, tests, is_open, needs }) })
}

fn checksum(text: &str) -> String {
    format!("{:08x}", crc32fast::hash(text.as_bytes()))
}

/// What is to be remembered.
#[derive(Default)]
pub(crate) struct Memory<'t> {
    numbers: HashMap<&'t str, usize>,
    lines: Vec<Line<'t>>,
}

impl<'t> Memory<'t> {
    pub(crate) fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    /// Takes over what is still true of a folder.
    pub(crate) fn keep(&mut self, folder: &'t str, known: &Known, old: &[Line<'t>]) {
        let needs = known.needs.iter().filter_map(|need| old.get(*need)).map(|line| line.folder);
        let needs = needs.map(|need| self.number(need)).collect();
        self.set(folder, Known { needs, ..known.clone() });
    }

    /// Adds what was read of a record at that moment.
    pub(crate) fn add(&mut self, folder: &'t str, brief: &'t Brief, read: SystemTime) {
        if brief.marks.is_racy(read) {
            return;
        }
        let needs: BTreeSet<&str> = brief.needs().collect();
        let needs = needs.into_iter().map(|need| self.number(need)).collect();
        let (marks, tests, is_open) = (brief.marks, brief.tests, brief.is_open);
        self.set(folder, Known { marks, tests, is_open, needs });
    }

    /// Takes over what is remembered of packages that nobody has asked for this time and that are there.
    pub(crate) fn keep_others(&mut self, old: &[Line<'t>], store: &PackageStore) {
        for Line { folder, known } in old {
            let is_new =
                self.numbers.get(folder).is_none_or(|one| self.lines[*one].known.is_none());
            if let Some(known) = known.as_ref().filter(|_| is_new)
                && store.folder().join(folder).is_dir()
            {
                self.keep(folder, known, old);
            }
        }
    }

    /// Writes it. What cannot be written is read again the next time.
    pub(crate) fn save(&self, file: &Path) {
        let mut body = String::new();
        for Line { folder, known } in &self.lines {
            body.push_str(folder);
            if let Some(Known { marks, tests, is_open, needs }) = known {
                let Marks { changed, modified, inode, size } = marks;
                let tests = tests.map_or_else(|| "-".to_owned(), Digest::to_hex);
                let apart = if *is_open { OPEN } else { APART };
                body.push_str(&format!(" {changed} {modified} {inode} {size} {tests} {apart}"));
                for need in needs {
                    body.push_str(&format!(" {need}"));
                }
            }
            body.push('\n');
        }
        let text = format!("{HEADER}{}\n{body}", checksum(&body));
        let _ = write_atomically(file, text.as_bytes(), "package-memory");
    }

    fn set(&mut self, folder: &'t str, known: Known) {
        let number = self.number(folder);
        self.lines[number].known = Some(known);
    }

    fn number(&mut self, folder: &'t str) -> usize {
        *self.numbers.entry(folder).or_insert_with(|| {
            self.lines.push(Line { folder, known: None });
            self.lines.len() - 1
        })
    }
}

/// The text of such a file; empty where there is none.
pub(crate) fn read(file: &Path) -> String {
    fs::read_to_string(file).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known(inode: u64, needs: Vec<usize>) -> Known {
        let marks = Marks { changed: 1_700_000_000_000_000_001, modified: -5, inode, size: 12 };
        let (tests, is_open) = ((inode == 2).then(|| Digest::of(b"tests")), inode == 2);
        Known { marks, tests, is_open, needs }
    }

    fn saved(memory: &Memory<'_>) -> String {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("new/records");
        memory.save(&file);
        read(&file)
    }

    #[test]
    fn what_is_written_is_read_and_what_is_damaged_is_not() {
        let old = [Line { folder: "a-zlib", known: None }, Line { folder: "b-tool", known: None }];
        let mut memory = Memory::default();
        memory.keep("b-tool", &known(1, vec![0]), &old);
        memory.keep("c-lone", &known(2, vec![]), &old);
        let text = saved(&memory);
        let read = lines(&text);
        let all: Vec<_> = read.iter().map(|line| (line.folder, line.known.clone())).collect();
        assert_eq!(
            all,
            [
                ("a-zlib", None),
                ("b-tool", Some(known(1, vec![0]))),
                ("c-lone", Some(known(2, vec![]))),
            ]
        );
        for damaged in [
            text.replace(" 12 ", " 13 "),
            text.replacen("records 3", "records 2", 1),
            text[..text.len() - 1].to_owned(),
            "\n".to_owned(),
        ] {
            assert_ne!(damaged, text);
            assert!(lines(&damaged).is_empty(), "{damaged}");
        }
    }

    #[test]
    fn what_changed_a_moment_ago_is_not_remembered() {
        let at = |nanoseconds| UNIX_EPOCH + Duration::from_nanos(nanoseconds);
        let Known { marks, .. } = known(1, vec![]);
        assert!(marks.is_racy(at(1_700_000_000_000_000_001)));
        assert!(marks.is_racy(at(1_700_000_000_005_000_000)));
        assert!(!marks.is_racy(at(1_700_000_000_020_000_000)));
        let whole = Marks { changed: 1_700_000_000_000_000_000, ..marks };
        assert!(whole.is_racy(at(1_700_000_000_020_000_000)));
        assert!(!whole.is_racy(at(1_700_000_003_000_000_000)));
    }
}
