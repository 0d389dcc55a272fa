//! Artifacts that are links to folders: what is behind one is no artifact, and yet it is what others
//! read.

use purlin_model::{Digest, Hasher};
use purlin_store::{Node, Patterns, RelativePath, Tree};

use super::Step;
use super::view::listed;
use crate::record::Record;
use crate::session::Session;

/// A link that is named among artifacts, and what is in the folder that it leads to.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Linked {
    link: RelativePath,
    behind: Tree,
}

/// The identity of artifacts for those who read them: of what is there, and of what is behind links
/// to folders.
pub(crate) fn identity(session: &Session<'_>, outputs: &Patterns, tree: &Tree) -> Digest {
    let linked = linked(session, outputs, tree);
    if linked.is_empty() {
        return tree.digest();
    }
    let mut hasher = Hasher::new("purlin-linked");
    hasher.field(tree.digest().to_hex().as_bytes());
    for Linked { link, behind } in &linked {
        hasher.field(link.as_bytes()).field(behind.digest().to_hex().as_bytes());
    }
    hasher.finish()
}

/// The links to folders of the workspace that are named among artifacts, but for folders that are
/// artifacts themselves. Links that are in an artifact, unnamed, are what they are.
pub(super) fn linked(session: &Session<'_>, outputs: &Patterns, tree: &Tree) -> Vec<Linked> {
    let named = outputs.literals();
    let links = named.filter(|path| matches!(tree.get(path), Some(Node::Symlink { .. })));
    let behind = |link: &RelativePath| {
        let real = session.root.join(link).canonicalize().ok()?;
        let real = real.strip_prefix(session.root.canonicalize().ok()?).ok()?.to_owned();
        let folder = RelativePath::parse(&real).ok()?;
        let is_other = session.root.join(&folder).is_dir()
            && !link.starts_with(&folder)
            && !outputs.could_be_output(&folder, true);
        let everything = is_other.then(|| Patterns::of_paths([&folder]))?;
        // What cannot be read is told by whoever reads it.
        let behind = listed(session, &everything).unwrap_or_default();
        Some(Linked { link: link.clone(), behind })
    };
    links.filter_map(behind).collect()
}

impl Step<'_> {
    /// A link behind which a result would have to be put back, of those that there are after a run:
    /// one that the program has found, or has written through.
    pub(super) fn written_through(
        &self,
        before: &Tree,
        linked_before: &[Linked],
        after: &Tree,
        record: Option<&Record>,
    ) -> Option<RelativePath> {
        let outputs = &self.instance().action.outputs;
        let through = |one: &Linked| {
            let was = linked_before.iter().find(|before| before.link == one.link);
            let found = before.get(&one.link) == after.get(&one.link)
                && record.is_none_or(|record| !record.names(&one.link));
            found || was.is_some_and(|was| was.behind != one.behind)
        };
        linked(self.session, outputs, after).into_iter().find(through).map(|one| one.link)
    }
}
