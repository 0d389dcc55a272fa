//! The key of an instance: what its result depends on, and nothing else.

use std::collections::BTreeMap;

use purlin_model::{Digest, Hasher};
use purlin_store::{FileState, Listing};
use purlin_store::{RelativePath, defect};

use crate::dependency::Identity;
use crate::record::Record;

/// Changes whenever the meaning of a key does.
const FORMAT: &str = "purlin-action-1";

/// A key together with what it was made of.
#[derive(Debug, Clone)]
pub(crate) struct Key {
    /// The key.
    pub digest: Digest,
    /// Everything but files, by label.
    pub parts: BTreeMap<String, String>,
    /// The inputs, by path.
    pub files: Vec<(RelativePath, FileState)>,
}

/// What an instance contributes to the keys of those who depend on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Contribution {
    /// It has artifacts: their content.
    Artifacts(Digest),
    /// It has none, and is cached: its own key.
    Key(Digest),
    /// It has none and is not cached: only the order.
    Order,
}

impl Key {
    /// Computes a key. The labels of parts are for people; of a producer only what it contributes
    /// is in the key, so that renaming a command changes nothing.
    #[must_use]
    pub(crate) fn new(
        identity: Identity,
        producers: &[(String, Contribution)],
        listing: Listing,
    ) -> Self {
        let mut parts = identity.parts;
        let mut hasher = Hasher::new(FORMAT);
        for (label, digest) in &parts {
            hasher.field(label.as_bytes()).field(digest.as_bytes());
        }
        let mut contributions = Vec::new();
        for (id, contribution) in producers {
            let (kind, digest) = match contribution {
                Contribution::Artifacts(digest) => ("artifacts", digest.to_hex()),
                Contribution::Key(digest) => ("key", digest.to_hex()),
                Contribution::Order => continue,
            };
            contributions.push(format!("{kind} {digest}"));
            parts.insert(format!("command {id}"), digest);
        }
        contributions.sort_unstable();
        contributions.dedup();
        hasher.field(b"producers");
        for contribution in &contributions {
            hasher.field(contribution.as_bytes());
        }
        hasher.field(b"files");
        for (path, state) in &listing.files {
            hasher.field(path.as_bytes()).field(&state.digest.0).field(&[flags(state)]);
        }
        Self { digest: hasher.finish(), parts, files: listing.files }
    }

    /// What a record keeps of the files.
    #[must_use]
    pub(crate) fn file_digests(&self) -> Vec<(RelativePath, Digest)> {
        self.files
            .iter()
            .map(|(path, state)| {
                let mut hasher = Hasher::new("purlin-file");
                hasher.field(&state.digest.0).field(&[flags(state)]);
                (path.clone(), hasher.finish())
            })
            .collect()
    }

    /// What differs from what a record remembers, in words, files first.
    #[must_use]
    pub(crate) fn changes_since(&self, record: &Record) -> Vec<Change> {
        let mut changes = Vec::new();
        let now: BTreeMap<_, _> = self.file_digests().into_iter().collect();
        let then: BTreeMap<_, _> = record.files.iter().cloned().collect();
        let mut compare = |what: String, now: Option<String>, then: Option<String>| {
            let how = match (&now, &then) {
                (Some(now), Some(then)) if now == then => return,
                (Some(_), Some(_)) => "changed",
                (Some(_), None) => "added",
                (None, _) => "removed",
            };
            changes.push(Change { what, how });
        };
        let paths: std::collections::BTreeSet<_> = now.keys().chain(then.keys()).collect();
        for path in paths {
            let hex = |digest: &Digest| digest.to_hex();
            compare(path.to_string(), now.get(path).map(hex), then.get(path).map(hex));
        }
        let labels: std::collections::BTreeSet<_> =
            self.parts.keys().chain(record.parts.keys()).collect();
        for label in labels {
            compare(
                label.clone(),
                self.parts.get(label).cloned(),
                record.parts.get(label).cloned(),
            );
        }
        changes
    }
}

/// Something that differs from the last run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// A path, or the label of a part.
    pub what: String,
    /// `changed`, `added` or `removed`.
    pub how: &'static str,
}

/// A few changes in words: `src/a.py changed, src/b.py added and 3 more`.
#[must_use]
pub(crate) fn describe(changes: &[Change]) -> String {
    let shown = 3;
    let mut text = changes
        .iter()
        .take(shown)
        .map(|change| format!("{} {}", change.what, change.how))
        .collect::<Vec<_>>()
        .join(", ");
    if changes.len() > shown {
        text.push_str(&format!(" and {} more", changes.len() - shown));
    }
    text
}

fn flags(state: &FileState) -> u8 {
    let executable = state.executable && !defect::seeded("mode-bits-missed");
    u8::from(executable) | u8::from(state.symlink) << 1
}
