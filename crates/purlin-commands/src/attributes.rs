//! What git is told of the results that are kept in the repository: they are bytes that it must not
//! change, and people need not read them. That is said in the user's `.gitattributes`, so by the user.

use std::fs;
use std::path::Path;

use purlin_model::Diagnostic;

/// The file that git reads.
pub const ATTRIBUTES: &str = ".gitattributes";

/// The line for it.
pub const ATTRIBUTES_LINE: &str = "/.purlin-cache/** binary linguist-generated";

/// Whether a workspace is in a repository that is not told yet.
#[must_use]
pub fn lacks_attributes(root: &Path) -> bool {
    let is_versioned = root.ancestors().any(|folder| folder.join(".git").exists());
    is_versioned && !is_told(&root.join(ATTRIBUTES)) && !is_in_cache(root)
}

/// The note for somebody who keeps results in the repository and has not told git.
pub(crate) fn note() -> Diagnostic {
    Diagnostic::note(
        "unmarked-cache",
        "results are kept in .purlin-cache, which git takes for files like any other",
    )
    .detail("It may change line endings in them, which makes them useless, and people who look at changes see them.")
    .help(format!("add this line to {ATTRIBUTES}: {ATTRIBUTES_LINE}"))
}

fn is_told(file: &Path) -> bool {
    let text = fs::read_to_string(file).unwrap_or_default();
    let mut lines = text.lines().map(str::trim_start).filter(|line| !line.starts_with('#'));
    lines.any(|line| line.contains(".purlin-cache"))
}

/// The folder itself may have such a file.
fn is_in_cache(root: &Path) -> bool {
    root.join(".purlin-cache").join(ATTRIBUTES).exists()
}
