//! What an instance depends on and what it wrote, as it is now.

use std::borrow::Cow;
use std::fs;
use std::os::unix::ffi::OsStringExt;
use std::sync::Arc;

use purlin_model::{Diagnostic, Digest};
use purlin_plugin::message::Expansion;
use purlin_store::{Listing, Node, OutputKind, Patterns, RelativePath, Tree};

use super::{Failure, Step};
use crate::dependency::Expander;
use crate::graph::CacheChoice;
use crate::key::{Contribution, Key};

impl Step<'_> {
    /// The answers of all dependencies; those that waited for files are asked now.
    pub(super) fn expansions(&self) -> Result<Vec<Arc<Expansion>>, Failure> {
        let root = self.session.root.to_string_lossy();
        let expander = Expander::new(self.session.plugins, &root);
        let instance = self.instance();
        let mut expansions = Vec::with_capacity(instance.dependencies.len());
        for dependency in &instance.dependencies {
            if let Some(known) = &dependency.expansion {
                expansions.push(known.clone());
                continue;
            }
            let expansion = dependency.ask(&expander)?;
            for command in &expansion.commands {
                let there = instance.producers.iter().any(|producer| {
                    self.graph.instances[*producer].command.name
                        == purlin_model::fold(&command.name)
                });
                if !there {
                    return Err(vec![
                        Diagnostic::error(
                            "undeclared-producer",
                            format!(
                                "the command `{}` is named by a file that was read during the run",
                                command.name
                            ),
                        )
                        .label(dependency.origin.clone(), "read by this dependency")
                        .help(format!(
                            "name `{}` among the deps of `{}` too",
                            command.name, instance.id
                        )),
                    ]);
                }
            }
            expansions.push(Arc::new(expansion));
        }
        Ok(expansions)
    }

    /// The files that the dependencies name.
    pub(super) fn patterns(
        &self,
        expansions: &[Arc<Expansion>],
    ) -> Result<Cow<'_, Patterns>, Failure> {
        let instance = self.instance();
        match &instance.inputs {
            Some(known) => Ok(Cow::Borrowed(known)),
            None => {
                let compiled =
                    instance.compile(expansions).map_err(|diagnostic| vec![diagnostic])?;
                Ok(Cow::Owned(compiled))
            }
        }
    }

    pub(super) fn list(&self, patterns: &Patterns) -> Result<Listing, Failure> {
        let mut listings = self.session.files.inputs(&[patterns]).map_err(|error| {
            vec![
                Diagnostic::error(
                    "unreadable",
                    format!("the inputs of `{}` cannot be read", self.instance().id),
                )
                .label(self.instance().command.origin.clone(), "this command")
                .detail(error.to_string()),
            ]
        })?;
        Ok(listings.pop().unwrap_or_default())
    }

    pub(super) fn key(&self, expansions: &[Arc<Expansion>], listing: Listing) -> Key {
        let identity = self.instance().identity(expansions, &self.session.variables);
        Key::new(identity, &self.producers, listing)
    }

    pub(super) fn contribution(&self, key: Digest, tree: &Tree) -> Contribution {
        let instance = self.instance();
        if !instance.action.artifacts.is_empty() {
            Contribution::Artifacts(tree.digest())
        } else if matches!(instance.cache, CacheChoice::Local { .. }) {
            Contribution::Key(key)
        } else {
            Contribution::Order
        }
    }

    /// Whether anything on disk is not as a tree says.
    pub(super) fn differs(&self, tree: &Tree) -> bool {
        !purlin_store::compare(&self.session.root, tree, &|path| self.known(path)).is_empty()
    }

    pub(super) fn known(&self, path: &RelativePath) -> Option<(Digest, bool)> {
        self.session.files.state(path).map(|state| (state.digest, state.executable))
    }

    /// The artifacts as they are on disk.
    pub(super) fn outputs(&self) -> Result<Tree, Failure> {
        let instance = self.instance();
        if instance.action.artifacts.is_empty() {
            return Ok(Tree::default());
        }
        let failed = |why: String| {
            vec![
                Diagnostic::error(
                    "unreadable",
                    format!("the artifacts of `{}` cannot be read", instance.id),
                )
                .label(instance.command.origin.clone(), "this command")
                .detail(why),
            ]
        };
        let mut lists = self
            .session
            .files
            .outputs(&[&instance.action.outputs])
            .map_err(|error| failed(error.to_string()))?;
        let mut entries = Vec::new();
        for output in lists.pop().unwrap_or_default() {
            let node = match output.kind {
                OutputKind::File(state) => Node::File {
                    digest: state.digest,
                    size: state.size,
                    executable: state.executable,
                },
                OutputKind::Directory => Node::Directory,
                OutputKind::Symlink => {
                    let link = fs::read_link(self.session.root.join(output.path.to_path()))
                        .map_err(|error| failed(format!("{}: {error}", output.path)))?;
                    Node::Symlink { target: link.into_os_string().into_vec().into() }
                }
            };
            entries.push((output.path, node));
        }
        Tree::new(entries).map_err(|error| failed(error.to_string()))
    }
}
