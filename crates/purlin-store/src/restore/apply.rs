//! Carrying out a plan. Everything that it puts in place lies ready.

use std::ffi::OsStr;
use std::fs;
use std::io;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::symlink;
use std::path::Path;

use super::plan::{Plan, Removal, Step};
use super::{Restored, Staged, io_error};
use crate::{Node, RestoreError, fault, temporary};

pub(super) fn apply(
    root: &Path,
    plan: &Plan<'_>,
    staged: &Staged,
) -> Result<Restored, RestoreError> {
    let mut restored = Restored { kept: plan.kept.clone(), ..Restored::default() };
    for (number, step) in plan.steps.iter().enumerate() {
        for removal in &step.clear {
            clear(root, step, removal)?;
            if removal.is_stale {
                restored.removed.push(removal.path.clone());
            }
        }
        put(root, step, &staged.place(number))?;
        restored.written.push(step.path.clone());
    }
    for removal in &plan.stale {
        let full = root.join(&removal.path);
        match fs::symlink_metadata(&full) {
            Ok(metadata) if removal.is_unchanged(&metadata) => {
                remove_file(&full)?;
                restored.removed.push(removal.path.clone());
            }
            Ok(_) => restored.kept.push(removal.path.clone()),
            Err(_) => {}
        }
    }
    for folder in &plan.folders {
        fault::point("restore.folder-remove");
        // One that is not empty holds what somebody else put there.
        if fs::remove_dir(root.join(folder)).is_ok() {
            fault::point("restore.folder-removed");
            restored.removed.push(folder.clone());
        }
    }
    restored.removed.sort_unstable();
    restored.kept.sort_unstable();
    Ok(restored)
}

fn clear(root: &Path, step: &Step<'_>, removal: &Removal) -> Result<(), RestoreError> {
    let full = root.join(&removal.path);
    if removal.is_folder {
        fault::point("restore.folder-remove");
        fs::remove_dir(&full).map_err(io_error("remove", &full))?;
        fault::point("restore.folder-removed");
        return Ok(());
    }
    let metadata = fs::symlink_metadata(&full).map_err(io_error("read", &full))?;
    if !removal.is_unchanged(&metadata) {
        let reason = "somebody changed it meanwhile";
        let by = removal.path.clone();
        return Err(RestoreError::Blocked { path: step.path.clone(), by, reason });
    }
    remove_file(&full)
}

fn remove_file(path: &Path) -> Result<(), RestoreError> {
    crate::atomic::remove(path, "restore").map_err(io_error("remove", path))?;
    Ok(())
}

fn put(root: &Path, step: &Step<'_>, staged: &Path) -> Result<(), RestoreError> {
    let full = root.join(step.path);
    let folder = if *step.node == Node::Directory { Some(&*full) } else { full.parent() };
    if let Some(folder) = folder.filter(|folder| !folder.is_dir()) {
        fault::point("restore.folder-make");
        fs::create_dir_all(folder).map_err(io_error("make the folder", folder))?;
        fault::point("restore.folder-made");
    }
    match step.node {
        Node::Directory => return Ok(()),
        Node::File { .. } => {}
        Node::Symlink { target } => link(target, staged)?,
    }
    fault::point("restore.replace");
    match fs::rename(staged, &full) {
        Err(error) if error.kind() == io::ErrorKind::CrossesDevices => {
            replace_across(step.node, staged, &full)?;
        }
        renamed => renamed.map_err(io_error("replace", &full))?,
    }
    fault::point("restore.replaced");
    Ok(())
}

fn link(target: &[u8], path: &Path) -> Result<(), RestoreError> {
    fault::point("restore.link-create");
    symlink(OsStr::from_bytes(target), path).map_err(io_error("create", path))?;
    fault::point("restore.link-created");
    Ok(())
}

/// For an output folder that is a mount of its own: the file is copied beside its place first.
fn replace_across(node: &Node, staged: &Path, full: &Path) -> Result<(), RestoreError> {
    let Some(folder) = full.parent() else { return Ok(()) };
    let near = temporary::new_in(folder);
    let copied = match node {
        Node::Symlink { target } => link(target, &near),
        _ => fs::copy(staged, &near).map(drop).map_err(io_error("create", &near)),
    };
    fault::point("restore.copied-near");
    let replaced = copied.and_then(|()| fs::rename(&near, full).map_err(io_error("replace", full)));
    if replaced.is_err() {
        let _ = fs::remove_file(&near);
    }
    replaced
}
