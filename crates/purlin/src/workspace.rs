//! Finding the workspace and reading its `purlin.toml`.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use purlin_commands::ModuleFile;
use purlin_host::PluginsTable;
use purlin_model::{Diagnostic, Source, Value, parse_toml};
use purlin_store::Patterns;

/// Name of the file that makes a folder a workspace or a module.
pub(crate) const FILE: &str = "purlin.toml";

/// The workspace, read but not yet understood.
pub(crate) struct Workspace {
    /// Its root, absolute.
    pub(crate) root: PathBuf,
    /// The document.
    pub(crate) document: Value,
    /// Its `[plugins]`.
    pub(crate) plugins: PluginsTable,
    /// The files that it includes.
    pub(crate) includes: Patterns,
    /// What is wrong so far.
    pub(crate) diagnostics: Vec<Diagnostic>,
}

/// The nearest folder, from `start` upwards, whose `purlin.toml` has `[workspace]`.
///
/// `None` when there is none, or with an error when a file on the way cannot be read.
pub(crate) fn find(start: &Path) -> Result<Option<Workspace>, Diagnostic> {
    for folder in start.ancestors() {
        let file = folder.join(FILE);
        let text = match purlin_store::read_regular(&file) {
            Ok(bytes) => bytes,
            Err(error) if is_absent(&error) => continue,
            Err(error) => {
                let what = format!("{} cannot be read", file.display());
                return Err(Diagnostic::error("unreadable", what).detail(format!("{error}.")));
            }
        };
        let source = source(start, folder, text)?;
        let (document, diagnostics) = parse_toml(&source);
        // A file with syntax errors may have lost its `[workspace]`: it is taken for one, so that
        // its errors are shown rather than passed by.
        let is_workspace = document.get("workspace").is_some() || !diagnostics.is_empty();
        if !is_workspace {
            continue;
        }
        let includes = purlin_definitions::include_patterns(&document);
        let (document, wrong) = if document.get("include").is_some() && diagnostics.is_empty() {
            let shown = source.path.parent().unwrap_or(Path::new(""));
            purlin_definitions::included(&document, folder, shown)
        } else {
            (document, Vec::new())
        };
        let (plugins, more) = PluginsTable::parse(document.get("plugins"), folder);
        let diagnostics = diagnostics.into_iter().chain(wrong).chain(more).collect();
        return Ok(Some(Workspace {
            root: folder.to_owned(),
            document,
            plugins,
            includes,
            diagnostics,
        }));
    }
    Ok(None)
}

fn is_absent(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}

/// What there is at the path of a module, for a user who stands in `start`. A command file is read;
/// that of the root is the workspace's.
pub(crate) fn module_file(
    root: &Path,
    start: &Path,
    module: &str,
) -> Result<ModuleFile, Diagnostic> {
    if module.is_empty() {
        return Ok(ModuleFile::Folder);
    }
    let folder = root.join(module);
    let file = folder.join(FILE);
    match purlin_store::read_regular(&file) {
        Ok(bytes) => source(start, &folder, bytes).map(ModuleFile::Commands),
        Err(error) if is_absent(&error) => Ok(match folder.metadata() {
            Ok(metadata) if metadata.is_dir() => ModuleFile::Folder,
            Ok(_) => ModuleFile::File,
            Err(_) => ModuleFile::Missing,
        }),
        Err(error) => {
            let what = format!("{} cannot be read", file.display());
            Err(Diagnostic::error("unreadable", what).detail(format!("{error}.")))
        }
    }
}

/// A folder as it is shown to a user who stands in `start`; empty where that is.
pub(crate) fn shown(start: &Path, folder: &Path) -> PathBuf {
    let common = start.components().zip(folder.components()).take_while(|(a, b)| a == b).count();
    let above = start.components().count() - common;
    let below: PathBuf = folder.components().skip(common).collect();
    std::iter::repeat_n("..", above).collect::<PathBuf>().join(below)
}

/// The file as a source; its path is shown from where the user stands.
fn source(start: &Path, folder: &Path, text: Vec<u8>) -> Result<Arc<Source>, Diagnostic> {
    let shown = shown(start, folder).join(FILE);
    match String::from_utf8(text) {
        Ok(text) => Ok(Source::new(shown, text)),
        Err(error) => {
            let line = error.as_bytes()[..error.utf8_error().valid_up_to()]
                .iter()
                .filter(|byte| **byte == b'\n')
                .count()
                + 1;
            Err(Diagnostic::error("toml-syntax", format!("{} is not UTF-8", shown.display()))
                .detail(format!("There is a byte on line {line} that is no character."))
                .help("save the file as UTF-8".to_owned()))
        }
    }
}

/// The diagnostic for verbs that need a workspace.
pub(crate) fn missing(start: &Path) -> Diagnostic {
    Diagnostic::error("no-workspace", "there is no workspace here")
        .detail(format!(
            "Neither {} nor a folder above it has a {FILE} with `[workspace]`.",
            start.display()
        ))
        .help("`purlin init` makes this folder one".to_owned())
}
