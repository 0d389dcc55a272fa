//! What an instance depends on and what it wrote, as it is now.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fs;
use std::os::unix::ffi::OsStringExt;
use std::os::unix::fs::MetadataExt;
use std::sync::Arc;
use std::time::SystemTime;

use purlin_model::{Diagnostic, Digest, Origin, fold};
use purlin_plugin::message::CommandReference;
use purlin_store::{
    FileState, Listing, Node, OutputKind, OutputPath, Patterns, RelativePath, Tree, defect,
};

use super::links::identity;
use super::{Failure, Inputs, Step};
use crate::definition::Named;
use crate::dependency::{Expander, answer_files};
use crate::graph::{Answers, CacheChoice, Instance};
use crate::key::{Contribution, Key};
use crate::record::Record;
use crate::reference::Reference;
use crate::session::Session;

/// When files were last written, and which files they are.
pub(super) type Stamps = BTreeMap<RelativePath, (SystemTime, u64)>;

impl Step<'_> {
    /// The answers of plugins now: those that are read from files are asked again.
    pub(super) fn answers(&self) -> Result<Answers, Failure> {
        let root = self.session.root.to_string_lossy();
        let expander =
            Expander::new(self.session.plugins, &root).with_packages(self.session.packages);
        let instance = self.instance();
        let environment = match &instance.environment {
            Some(environment) => {
                let now = environment.now(&expander)?;
                self.check_producers(&now.after, &environment.origin)?;
                self.check_producers(&now.expansion.commands, &environment.origin)?;
                now
            }
            None => Arc::default(),
        };
        let mut expansions = Vec::with_capacity(instance.dependencies.len());
        for dependency in &instance.dependencies {
            if let Some(known) = &dependency.expansion
                && dependency.input_paths().is_empty()
                && known.inputs.is_empty()
                && !dependency.in_environment()
            {
                expansions.push(known.clone());
                continue;
            }
            let expansion = dependency.ask_in(&expander, &environment)?;
            self.check_producers(&expansion.commands, &dependency.origin)?;
            expansions.push(Arc::new(expansion));
        }
        Ok(Answers::new(expansions, environment))
    }

    /// Refuses commands that came up only during the run.
    fn check_producers(
        &self,
        commands: &[CommandReference],
        place: &Origin,
    ) -> Result<(), Failure> {
        let instance = self.instance();
        for command in commands {
            let named = Named { name: command.name.clone(), origin: place.clone() };
            let reference = Reference::parse(&named).map_err(|wrong| vec![wrong])?;
            let name = fold(&reference.command);
            let there = instance
                .before()
                .any(|position| fold(&self.graph.instances[position].command.name) == name);
            if !there {
                return Err(vec![
                    Diagnostic::error(
                        "undeclared-producer",
                        format!(
                            "the command `{}` is named by a file that was read during the run",
                            command.name
                        ),
                    )
                    .label(place.clone(), "read for this")
                    .help(format!(
                        "name `{}` among the deps of `{}` too",
                        command.name, instance.id
                    )),
                ]);
            }
        }
        Ok(())
    }

    /// The files that the dependencies name.
    pub(super) fn patterns(&self, answers: &Answers) -> Result<Cow<'_, Patterns>, Failure> {
        let instance = self.instance();
        if let Some(known) = &instance.inputs
            && instance.answers().as_ref() == Some(answers)
        {
            return Ok(Cow::Borrowed(known));
        }
        let compiled = instance.compile(&answers.expansions)?;
        Ok(Cow::Owned(compiled))
    }

    /// When the inputs were last written: what is changed and changed back between two looks has
    /// other stamps. Files of producers and files that answers are read from are among them.
    pub(super) fn stamps(
        &self,
        inputs: &Inputs<'_>,
        listing: &[(RelativePath, FileState)],
    ) -> Stamps {
        let own = listing.iter().map(|(path, _)| path.clone());
        let producers = self.instance().producers.iter();
        let produced =
            producers.filter_map(|producer| self.outputs_of(&self.graph.instances[*producer]).ok());
        let outside = self.instance().outside.iter();
        let outside = outside.filter_map(|outside| self.outputs_outside(outside).ok());
        let produced = produced.chain(outside);
        let produced = produced.flat_map(|tree| {
            let paths: Vec<RelativePath> =
                tree.entries().iter().map(|(path, _)| path.clone()).collect();
            paths
        });
        let named = self.instance().dependencies.iter().flat_map(|one| one.input_files());
        let named = named.map(|(path, _)| path);
        let answers = answer_files(&inputs.answers.expansions);
        let paths = own.chain(produced).chain(named).chain(answers);
        paths.filter_map(|path| Some((path.clone(), self.stamp(&path)?))).collect()
    }

    /// When what the instance is recorded to have written was last written. Of one that was killed while it
    /// ran nothing is on record, but all that is there may be its own: then that is `found`.
    pub(super) fn own_stamps(&self, record: Option<&Record>, found: Option<&Tree>) -> Stamps {
        let own = record.into_iter().flat_map(|record| record.written.entries());
        let left = found.into_iter();
        let paths = own.chain(left.flat_map(Tree::entries));
        paths.filter_map(|(path, _)| Some((path.clone(), self.stamp(path)?))).collect()
    }

    fn stamp(&self, path: &RelativePath) -> Option<(SystemTime, u64)> {
        let metadata = fs::metadata(self.session.root.join(path)).ok()?;
        if metadata.is_dir() {
            return None;
        }
        Some((metadata.modified().ok()?, metadata.ino()))
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

    pub(super) fn key(
        &self,
        answers: &Answers,
        producers: &[(String, Contribution)],
        listing: Listing,
    ) -> Key {
        let identity = self.instance().identity(answers, &self.session.variables);
        Key::new(identity, producers, listing)
    }

    pub(super) fn contribution(&self, key: Digest, tree: &Tree) -> Contribution {
        let instance = self.instance();
        if !instance.action.artifacts.is_empty() {
            Contribution::Artifacts(identity(self.session, &instance.action.outputs, tree))
        } else if matches!(instance.cache, CacheChoice::Local { .. }) {
            Contribution::Key(key)
        } else {
            Contribution::Order
        }
    }

    /// Whether anything on disk is not as a tree says.
    pub(super) fn differs(&self, tree: &Tree) -> bool {
        !defect::seeded("tampering-missed")
            && !purlin_store::compare(&self.session.root, tree, &|path| self.known(path)).is_empty()
    }

    pub(super) fn known(&self, path: &RelativePath) -> Option<(Digest, bool)> {
        self.session.files.state(path).map(|state| (state.digest, state.executable))
    }

    /// The artifacts as they are on disk.
    pub(super) fn outputs(&self) -> Result<Tree, Failure> {
        self.outputs_of(self.instance())
    }

    /// A pipe, socket or device among the artifacts, if there is one.
    pub(super) fn special_output(&self) -> Option<RelativePath> {
        let outputs = &self.instance().action.outputs;
        let mut lists = self.session.files.outputs(&[outputs]).ok()?;
        let mut special = lists.pop()?.into_iter().filter(|one| one.kind == OutputKind::Special);
        special.next().map(|one| one.path)
    }

    pub(super) fn outputs_of(&self, instance: &Instance) -> Result<Tree, Failure> {
        on_disk(self.session, instance)
    }
}

/// The artifacts of an instance as they are on disk.
pub(crate) fn on_disk(session: &Session<'_>, instance: &Instance) -> Result<Tree, Failure> {
    if instance.action.artifacts.is_empty() {
        return Ok(Tree::default());
    }
    found(session, &instance.action.outputs, &instance.id, &instance.command.origin)
}

/// What the patterns of an instance's artifacts match on disk.
pub(crate) fn found(
    session: &Session<'_>,
    outputs: &Patterns,
    id: &str,
    origin: &Origin,
) -> Result<Tree, Failure> {
    let mut lists = session
        .files
        .outputs(&[outputs])
        .map_err(|error| unreadable(id, origin, error.to_string()))?;
    tree_of(session, outputs, id, origin, lists.pop().unwrap_or_default())
}

/// The same, for what is nobody's artifact; `None` where it cannot be read.
pub(super) fn listed(session: &Session<'_>, patterns: &Patterns) -> Option<Tree> {
    let seen = session.files.outputs(&[patterns]).ok()?.pop()?;
    tree(session, seen).ok()
}

/// What was seen of the artifacts of an instance, as a tree.
pub(crate) fn tree_of(
    session: &Session<'_>,
    patterns: &Patterns,
    id: &str,
    origin: &Origin,
    mut outputs: Vec<OutputPath>,
) -> Result<Tree, Failure> {
    if defect::seeded("ignored-artifacts-missed")
        && let Ok(mut listings) = session.files.inputs(&[patterns])
    {
        let listed = listings.pop().unwrap_or_default();
        outputs.retain(|one| listed.files.iter().any(|(path, _)| *path == one.path));
    }
    without_beyond(patterns, &mut outputs);
    tree(session, outputs).map_err(|why| unreadable(id, origin, why))
}

/// Leaves out what a pattern names beyond a link that another pattern of the same set names: of such
/// a set the link is the artifact.
fn without_beyond(patterns: &Patterns, outputs: &mut Vec<OutputPath>) {
    let links: Vec<&RelativePath> = outputs
        .iter()
        .filter(|one| one.kind == OutputKind::Symlink)
        .map(|one| &one.path)
        .filter(|link| patterns.literals().any(|named| named == *link))
        .collect();
    if links.is_empty() {
        return;
    }
    let links: Vec<RelativePath> = links.into_iter().cloned().collect();
    outputs.retain(|one| !links.iter().any(|link| one.path != *link && one.path.starts_with(link)));
}

fn tree(session: &Session<'_>, outputs: Vec<OutputPath>) -> Result<Tree, String> {
    let mut entries = Vec::new();
    for output in outputs {
        let node = match output.kind {
            OutputKind::File(state) => {
                Node::File { digest: state.digest, size: state.size, executable: state.executable }
            }
            OutputKind::Directory => Node::Directory,
            // Nothing of it can be kept; a result that has one is not, see `special_output`.
            OutputKind::Special => continue,
            OutputKind::Symlink => {
                let link = fs::read_link(session.root.join(output.path.to_path()))
                    .map_err(|error| format!("{}: {error}", output.path))?;
                Node::Symlink { target: link.into_os_string().into_vec().into() }
            }
        };
        entries.push((output.path, node));
    }
    Tree::new(entries).map_err(|error| error.to_string())
}

fn unreadable(id: &str, origin: &Origin, why: String) -> Failure {
    vec![
        Diagnostic::error("unreadable", format!("the artifacts of `{id}` cannot be read"))
            .label(origin.clone(), "this command")
            .detail(why),
    ]
}
