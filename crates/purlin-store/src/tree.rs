//! What a command's artifacts are: paths and what stands at each.

use serde::{Deserialize, Serialize, Serializer};

use purlin_model::{Digest, Hasher};

use crate::RelativePath;

/// What stands at a path.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Node {
    /// A regular file.
    File {
        /// The digest of its content, which is also the name of its blob.
        digest: Digest,
        /// Its length in bytes.
        size: u64,
        /// Whether its owner may execute it: the only permission that is kept.
        executable: bool,
    },
    /// A symbolic link, never followed.
    Symlink {
        /// Where it points, byte for byte.
        #[serde(with = "crate::text")]
        target: Box<[u8]>,
    },
    /// A directory that belongs to the artifact, so that an empty one comes back too.
    Directory,
}

/// The artifacts of one result: sorted by path, each path once, nothing beneath a file or a
/// symbolic link. Directories that were not named are implied by what is in them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(try_from = "Vec<(RelativePath, Node)>")]
pub struct Tree {
    entries: Vec<(RelativePath, Node)>,
}

/// Entries that cannot stand together on a disk.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TreeError {
    /// One path has two nodes.
    #[error("`{0}` is in the tree twice.")]
    Twice(RelativePath),
    /// Something lies beneath a path that is no directory.
    #[error("`{path}` lies beneath `{above}`, which is a file or a symbolic link.")]
    Beneath {
        /// The path that cannot be.
        path: RelativePath,
        /// The file or symbolic link above it.
        above: RelativePath,
    },
}

impl Tree {
    /// Sorts and checks entries.
    ///
    /// # Errors
    /// If a path is there twice, or lies beneath a file or a symbolic link.
    pub fn new(mut entries: Vec<(RelativePath, Node)>) -> Result<Self, TreeError> {
        entries.sort_unstable_by(|left, right| left.0.cmp(&right.0));
        if let Some(pair) = entries.windows(2).find(|pair| pair[0].0 == pair[1].0) {
            return Err(TreeError::Twice(pair[0].0.clone()));
        }
        let tree = Self { entries };
        for (path, _) in &tree.entries {
            for above in path.ancestors() {
                if tree.get(&above).is_some_and(|node| *node != Node::Directory) {
                    return Err(TreeError::Beneath { path: path.clone(), above });
                }
            }
        }
        Ok(tree)
    }

    /// All entries, sorted by path.
    #[must_use]
    pub fn entries(&self) -> &[(RelativePath, Node)] {
        &self.entries
    }

    /// What stands at `path`; `None` where the tree does not name it.
    #[must_use]
    pub fn get(&self, path: &RelativePath) -> Option<&Node> {
        let place = self.entries.binary_search_by(|entry| entry.0.cmp(path)).ok()?;
        Some(&self.entries[place].1)
    }

    /// Whether there is nothing in it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The identity of the whole tree: equal for equal trees, on every machine.
    #[must_use]
    pub fn digest(&self) -> Digest {
        let mut hasher = Hasher::new("purlin tree 1");
        for (path, node) in &self.entries {
            hasher.field(path.as_bytes());
            match node {
                Node::File { digest, executable, .. } => {
                    hasher.field(if *executable { b"executable" } else { b"file" });
                    hasher.field(&digest.0)
                }
                Node::Symlink { target } => hasher.field(b"symlink").field(target),
                Node::Directory => hasher.field(b"directory").field(b""),
            };
        }
        hasher.finish()
    }
}

impl TryFrom<Vec<(RelativePath, Node)>> for Tree {
    type Error = TreeError;

    fn try_from(entries: Vec<(RelativePath, Node)>) -> Result<Self, TreeError> {
        Self::new(entries)
    }
}

impl Serialize for Tree {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.entries.serialize(serializer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(text: &str) -> RelativePath {
        RelativePath::parse(text).unwrap()
    }

    fn file(content: &str, executable: bool) -> Node {
        let size = content.len() as u64;
        Node::File { digest: Digest::of(content.as_bytes()), size, executable }
    }

    #[test]
    fn order_of_the_entries_does_not_matter() {
        let left = vec![(path("a"), Node::Directory), (path("a/b"), file("b", false))];
        let right = left.iter().rev().cloned().collect();
        assert_eq!(Tree::new(left).unwrap().digest(), Tree::new(right).unwrap().digest());
    }

    #[test]
    fn everything_that_matters_is_in_the_digest() {
        let link = |target: &str| Node::Symlink { target: target.as_bytes().into() };
        let trees = [
            vec![],
            vec![(path("a"), file("x", false))],
            vec![(path("a"), file("x", true))],
            vec![(path("a"), file("y", false))],
            vec![(path("b"), file("x", false))],
            vec![(path("a"), link("x"))],
            vec![(path("a"), link("y"))],
            vec![(path("a"), Node::Directory)],
        ];
        let digests: std::collections::BTreeSet<_> =
            trees.iter().map(|entries| Tree::new(entries.clone()).unwrap().digest()).collect();
        assert_eq!(digests.len(), trees.len());
    }

    #[test]
    fn impossible_trees_are_refused_also_when_read() {
        let twice = vec![(path("a"), Node::Directory), (path("a"), file("x", false))];
        assert_eq!(Tree::new(twice), Err(TreeError::Twice(path("a"))));
        // `a.b` sorts between `a` and `a/b`.
        let beneath = vec![
            (path("a"), file("x", false)),
            (path("a.b"), file("x", false)),
            (path("a/c/b"), file("x", false)),
        ];
        let json = serde_json::to_string(&beneath).unwrap();
        let error = TreeError::Beneath { path: path("a/c/b"), above: path("a") };
        assert_eq!(Tree::new(beneath), Err(error));
        assert!(serde_json::from_str::<Tree>(&json).is_err());
    }

    #[test]
    fn a_tree_survives_json() {
        let tree = Tree::new(vec![
            (path("bin"), Node::Directory),
            (path("bin/x"), file("x", true)),
            (path("link"), Node::Symlink { target: b"to/\xff".as_slice().into() }),
            (RelativePath::from_bytes(b"\xfe").unwrap(), file("y", false)),
        ])
        .unwrap();
        let json = serde_json::to_string(&tree).unwrap();
        assert_eq!(serde_json::from_str::<Tree>(&json).unwrap(), tree);
    }
}
