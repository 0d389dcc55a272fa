//! What git is told of the results that are kept in the repository: they are bytes that it must not
//! change, and people need not read them. That is said in the user's `.gitattributes`, so by the user.

mod lines;

use std::fs;
use std::path::{Path, PathBuf};

use purlin_model::Diagnostic;

use self::lines::Lines;

/// The file that git reads.
pub const ATTRIBUTES: &str = ".gitattributes";

/// The line for it.
pub const ATTRIBUTES_LINE: &str = "/.purlin-cache/** binary linguist-generated";

/// Files as they are in the store of a workspace, for which git is asked: their names do not matter
/// to anybody who writes patterns for them.
const SAMPLES: [&str; 2] =
    [".purlin-cache/v1/blobs/5e/5e1f3c5e0b1a9d7c", ".purlin-cache/v1/actions/5e/5e1f3c5e0b1a9d7c"];

/// Whether a workspace is in a repository that would change results: what git would do is read from
/// the same files in the same order. What a user has told git of all repositories is not known here.
#[must_use]
pub fn lacks_attributes(root: &Path) -> bool {
    let Some(top) = root.ancestors().find(|folder| folder.join(".git").exists()) else {
        return false;
    };
    !SAMPLES.iter().all(|sample| is_told(top, &root.join(sample)))
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

/// Whether git takes a file's lines as they are. The first that says something of an attribute decides:
/// the repository's own file, then those in the folders from the file's to the top, each from its end.
fn is_told(top: &Path, file: &Path) -> bool {
    let folders = file.ancestors().skip(1).take_while(|folder| folder.starts_with(top));
    let own = info(&top.join(".git")).map(|info| (top, info.join("attributes")));
    let files = own.into_iter().chain(folders.map(|folder| (folder, folder.join(ATTRIBUTES))));
    let all: Vec<(&Path, Lines)> = files
        .filter_map(|(folder, file)| Some((folder, Lines::parse(&fs::read_to_string(file).ok()?))))
        .collect();
    let macros = Lines::macros(all.iter().map(|(_, lines)| lines));
    let (mut text, mut eol) = (None, None);
    for (folder, lines) in &all {
        let Ok(path) = file.strip_prefix(folder) else { continue };
        let Some(path) = path.to_str() else { return false };
        for word in lines.of(path, &macros) {
            match word {
                "-text" | "-crlf" => text.get_or_insert(false),
                "text" | "crlf" | "text=auto" | "!text" => text.get_or_insert(true),
                "eol=lf" | "crlf=input" => eol.get_or_insert(true),
                "eol=crlf" | "!eol" | "-eol" => eol.get_or_insert(false),
                _ => continue,
            };
        }
    }
    text == Some(false) || eol == Some(true)
}

/// The folder of a repository's own files, of which worktrees have none for themselves.
fn info(git: &Path) -> Option<PathBuf> {
    if git.is_dir() {
        return Some(git.join("info"));
    }
    let said = |file: &Path| fs::read_to_string(file).ok();
    let text = said(git)?;
    let folder = git.parent()?.join(text.strip_prefix("gitdir:")?.trim());
    let common = said(&folder.join("commondir")).map(|path| folder.join(path.trim()));
    Some(common.unwrap_or(folder).join("info"))
}
