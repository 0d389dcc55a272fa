//! What can be said of a plugin's folder without running anything of it.
//!
//! ```no_run
//! for diagnostic in purlin_test::lint::lint("plugins/tree".as_ref()).diagnostics {
//!     println!("{diagnostic}");
//! }
//! ```

mod files;
mod project;
mod schemas;
mod starlark;
#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use purlin_model::{Diagnostic, Source};
use purlin_plugin::manifest::{MANIFEST_FILE, Manifest, check_files, parse_manifest};
use purlin_store::read_regular_text;

/// What is known of a plugin's folder.
#[derive(Debug)]
pub struct Linted {
    /// The folder with `plugin.toml`: the one that was named, or the package of its Python project.
    pub folder: PathBuf,
    /// What the manifest says, where it could be read.
    pub manifest: Option<Manifest>,
    /// The manifest's text.
    pub source: Arc<Source>,
    /// All mistakes, and warnings about what will trouble those who install it.
    pub diagnostics: Vec<Diagnostic>,
}

/// Looks at a plugin's folder, or at a Python project that is one plugin.
#[must_use]
pub fn lint(folder: &Path) -> Linted {
    let (folder, project) = project::find(folder);
    let path = folder.join(MANIFEST_FILE);
    let text = match read_regular_text(&path) {
        Ok(text) => text,
        Err(error) => {
            let source = Source::new(path.clone(), String::new());
            let missing = Diagnostic::error(
                "no-plugin",
                format!("there is no plugin in {}", folder.display()),
            )
            .detail(format!("{}: {error}", path.display()))
            .help("a plugin is a folder with `plugin.toml`".to_owned());
            return Linted { folder, manifest: None, source, diagnostics: vec![missing] };
        }
    };
    let source = Source::new(path, text);
    let parsed = parse_manifest(&source);
    let mut diagnostics = parsed.diagnostics;
    if let Some(manifest) = &parsed.manifest {
        let text_of = |path: &str| read_regular_text(&folder.join(path)).ok();
        diagnostics.extend(check_files(manifest, &source, &text_of));
        diagnostics.extend(files::check(manifest, &source, &folder));
        diagnostics.extend(schemas::check(manifest, &source, &text_of));
        diagnostics.extend(starlark::check(manifest, &source, &folder));
        if let Some(project) = &project {
            diagnostics.extend(project::check(manifest, &source, &folder, project));
        }
    }
    Linted { folder, manifest: parsed.manifest, source, diagnostics }
}
