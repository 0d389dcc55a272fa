//! `purlin.lock`: written here and nowhere else.

use std::path::Path;

use purlin_model::Diagnostic;

/// Name of the lock file.
pub(crate) const LOCK_FILE: &str = "purlin.lock";

/// Writes a lock file with a new workspace id, unless there is a lock file.
pub(crate) fn create(root: &Path) -> Result<(), Diagnostic> {
    let path = root.join(LOCK_FILE);
    if path.exists() {
        return Ok(());
    }
    let failed = |detail: String| {
        Diagnostic::error("lock-file", format!("{LOCK_FILE} cannot be written")).detail(detail)
    };
    let mut id = [0; 16];
    getrandom::fill(&mut id).map_err(|error| failed(error.to_string()))?;
    let id: String = id.iter().map(|byte| format!("{byte:02x}")).collect();
    let text = format!(
        "# Written by Purlin. Commit this file; do not edit it.\nversion = 1\n\n[workspace]\nid = \"{id}\"\n"
    );
    purlin_store::write_atomically(&path, text.as_bytes(), "lock-file")
        .map_err(|error| failed(error.to_string()))
}
