//! What a program may read that is held to its declared inputs.

use std::path::{Path, PathBuf};

use purlin_model::Diagnostic;
use purlin_store::{Patterns, RelativePath};

use super::{Failure, Inputs, Step};
use crate::dependency::answer_files;
use crate::key::Key;
use crate::platform::{Confinement, confine};

impl Step<'_> {
    /// The rules for a command with `inputs-strict`; `None` for others.
    pub(super) fn confinement(
        &self,
        inputs: &Inputs<'_>,
        key: &Key,
    ) -> Result<Option<Confinement>, Failure> {
        let instance = self.instance();
        if !instance.action.inputs_strict {
            return Ok(None);
        }
        let root = &self.session.root;
        let mut allowed = outside(root);
        allowed.extend(key.files.iter().map(|(path, _)| root.join(path)));
        for producer in &instance.producers {
            let written = self.outputs_of(&self.graph.instances[*producer])?;
            allowed.extend(written.entries().iter().map(|(path, _)| root.join(path)));
        }
        let answers = answer_files(&inputs.answers.expansions);
        allowed.extend(answers.into_iter().map(|path| root.join(path)));
        allowed.retain(|path| !path.starts_with(root) || !is_linked_folder(path));
        allowed.extend(inputs.answers.environment.root.clone());
        for pattern in &instance.action.artifacts {
            allowed.extend(own_place(root, pattern));
        }
        let confined = confine(&allowed).map_err(|why| {
            vec![
                Diagnostic::error(
                    "inputs-strict",
                    format!("`{}` cannot be held to its inputs on this machine", instance.id),
                )
                .label(instance.command.origin.clone(), "it has `inputs-strict`")
                .detail(why)
                .help("run it where Linux has Landlock, or take `inputs-strict` out".to_owned()),
            ]
        })?;
        Ok(Some(confined))
    }

    /// Reminds whoever sees a failure that the program could not read everything.
    pub(super) fn of_confinement(&self) -> Vec<Diagnostic> {
        let instance = self.instance();
        let reminder = || {
            let what =
                format!("`{}` can read only what it declares in this workspace", instance.id);
            Diagnostic::note("inputs-strict", what)
                .label(instance.command.origin.clone(), "it has `inputs-strict`")
                .help("name what else it reads in `deps`".to_owned())
        };
        instance.action.inputs_strict.then(reminder).into_iter().collect()
    }
}

/// Everything that is not in the workspace. Rules can only allow, so what stands beside the
/// workspace and beside each folder above it is allowed one by one.
fn outside(root: &Path) -> Vec<PathBuf> {
    let mut allowed = Vec::new();
    for (folder, on_the_way) in root.ancestors().skip(1).zip(root.ancestors()) {
        let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
        allowed.extend(entries.map(|entry| entry.path()).filter(|path| path != on_the_way));
    }
    allowed
}

/// The folder that a pattern of artifacts names, which is made, or a file that is there. What a
/// program writes elsewhere it cannot read again.
fn own_place(root: &Path, pattern: &str) -> Option<PathBuf> {
    let one = Patterns::new(&[pattern]).ok()?;
    let path = root.join(RelativePath::from_bytes(one.bases().next()?).ok()?);
    if one.literals().next().is_none() || pattern.ends_with('/') {
        // Where it cannot be made, the program will tell.
        let _ = std::fs::create_dir_all(&path);
    }
    (!is_linked_folder(&path)).then_some(path)
}

/// Whether a path is a link to a folder. A rule for it would allow all that is in the folder, which
/// may be the workspace itself; what is declared beyond the link has rules of its own.
fn is_linked_folder(path: &Path) -> bool {
    path.symlink_metadata().is_ok_and(|metadata| metadata.is_symlink()) && path.is_dir()
}
