//! What packages of fetched projects may read: nothing of this machine that its user has not named.

use std::fs;
use std::path::{Path, PathBuf};

use purlin_model::Diagnostic;
use purlin_packages::{Mode, Node, PackageGraph, is_of_system};

use super::Packages;

impl Packages<'_> {
    /// Refuses folders of this machine as roots of packages that fetched projects describe, where builds
    /// are to be kept apart: they would see them.
    pub(super) fn check_roots(&self, graph: &PackageGraph) -> Result<(), Diagnostic> {
        if self.sandbox != Mode::Strict {
            return Ok(());
        }
        for node in graph.nodes.iter().filter(|node| node.action.is_none()) {
            let Some(root) = &node.prefix else { continue };
            // What is fetched lies in the cache.
            let home = purlin_packages::Surroundings::home(self, &node.package);
            if is_within(&home, &self.context.cache) && !is_within(root, &home) && !is_shown(root) {
                return Err(names_host(node, root));
            }
        }
        Ok(())
    }
}

/// Whether a path leads to something in a folder, through whatever links. What is not there is nowhere.
fn is_within(path: &Path, folder: &Path) -> bool {
    real(path).zip(real(folder)).is_some_and(|(path, folder)| path.starts_with(folder))
}

/// Whether every build sees it anyhow, or there is nothing to be seen.
fn is_shown(root: &Path) -> bool {
    real(root).is_none_or(|root| root != Path::new("/") && is_of_system(&root))
}

fn real(path: &Path) -> Option<PathBuf> {
    fs::canonicalize(path).ok()
}

fn names_host(node: &Node, root: &Path) -> Diagnostic {
    let summary = format!("`{}` may not show this machine to builds", node.id);
    Diagnostic::error("foreign-root", summary)
        .label(node.package.origin.clone(), "a package of a project that was fetched")
        .detail(format!(
            "Its `root` is {}, outside of its project, and `[build] sandbox` is \"strict\".",
            root.display()
        ))
        .help(
            "describe the package in the workspace itself, if builds may read that folder"
                .to_owned(),
        )
}
