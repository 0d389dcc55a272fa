//! Finding a template among the outputs of a workspace, and copying it: all of it or nothing, and never
//! over what is there.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};

use purlin_definitions::{Names, Workspace};
use purlin_model::{Diagnostic, suggestion};
use purlin_plugin::PluginSet;

use crate::arguments::Global;
use crate::context::Context;
use crate::definitions;
use crate::failure::Failure;
use crate::repositories::Depth;
use crate::value_view;

/// Where templates are among the outputs.
const TEMPLATES: &str = "templates";

/// A template that was found.
pub(super) struct Chosen {
    /// Its folder.
    pub(super) folder: PathBuf,
    /// What it says once it was copied.
    pub(super) welcome: Option<String>,
}

/// Finds a template of the workspace around the folder, or of the one in `from`.
pub(super) fn find(
    global: &Global,
    bundled: &PluginSet,
    name: &str,
    from: Option<&Path>,
) -> Result<Chosen, Failure> {
    let mut global = global.clone();
    if let Some(from) = from {
        global.directory = Some(from.to_owned());
    }
    let context = Context::new(&global, bundled)?;
    let opened = definitions::open(&context, &[], Depth::Packages)?;
    let mut path = definitions::path(Some(name))?;
    path.insert(0, TEMPLATES.to_owned());
    let known = match opened.names(&[TEMPLATES.to_owned()]) {
        Ok(Names::Branch(names)) => names,
        _ => Vec::new(),
    };
    let Ok(Names::Leaf(_)) = opened.names(&path) else {
        let names: Vec<String> = known
            .iter()
            .map(|(name, _)| definitions::shown_path(std::slice::from_ref(name)))
            .collect();
        let names = names.iter().map(String::as_str);
        return Err(Diagnostic::error("unknown-template", format!("there is no template `{name}`"))
            .detail("Templates are those of the workspace around the folder, or of the one that --from names.")
            .help(suggestion(name, "templates", names))
            .into());
    };
    located(&context, &opened, &path)
}

/// What is wrong with the folders of templates. What is wrong with the definitions is told elsewhere.
pub(in crate::verb) fn problems(context: &Context, opened: &Workspace) -> Vec<Diagnostic> {
    let mut paths = Vec::new();
    let root = vec![TEMPLATES.to_owned()];
    if let Ok(names) = opened.names(&root) {
        leaves(root, &names, &mut paths);
    }
    let sound = paths.into_iter().filter(|path| opened.value(path).is_ok());
    let found = sound.filter_map(|path| located(context, opened, &path).err());
    found.flat_map(|failure| failure.diagnostics).collect()
}

fn leaves(path: Vec<String>, names: &Names, found: &mut Vec<Vec<String>>) {
    match names {
        Names::Branch(below) => {
            for (name, names) in below {
                leaves([path.as_slice(), std::slice::from_ref(name)].concat(), names, found);
            }
        }
        Names::Leaf(_) => found.push(path),
        Names::Conflict(_) => {}
    }
}

/// The folder of a template, which is in the workspace or project that the template is of.
fn located(context: &Context, opened: &Workspace, path: &[String]) -> Result<Chosen, Failure> {
    let name = definitions::shown_path(&path[1..]);
    let value = value_view::to_json(&opened.value(path)?);
    let text = |key: &str| value[key].as_str().map(str::to_owned);
    let origin = opened.explain(path)?.winner.map(|winner| winner.origin);
    let root = context.root()?;
    // A path is relative to the workspace or project that the template is of.
    let written = origin.as_ref().map(|origin| context.directory.join(origin.path()));
    let home = written.as_deref().and_then(definitions::home).unwrap_or(&root);
    let home = home.canonicalize().unwrap_or_else(|_| home.to_owned());
    let below = text("path").unwrap_or_default();
    let folder = home.join(&below);
    if !folder.is_dir() {
        let mut missing =
            Diagnostic::error("template", format!("the template `{name}` has no folder"));
        if let Some(origin) = origin {
            missing = missing.label(origin, "defined here");
        }
        return Err(missing
            .detail(format!("There is no folder `{below}` in {}.", home.display()))
            .help("paths are relative to the workspace's root".to_owned())
            .into());
    }
    if !folder.canonicalize().is_ok_and(|real| real.starts_with(&home)) {
        let what = format!("the template `{name}` lies outside of the workspace");
        let mut outside = Diagnostic::error("template", what);
        if let Some(origin) = origin {
            outside = outside.label(origin, "defined here");
        }
        return Err(outside
            .detail(format!("`{below}` leads out of {}.", home.display()))
            .help("a template is a folder of the workspace that defines it".to_owned())
            .into());
    }
    Ok(Chosen { folder, welcome: text("welcome") })
}

/// Copies the files of a template into a folder, and gives their paths there, sorted.
///
/// Nothing that is there is touched: if one of the files is, none is copied. Links are copied as what
/// they lead to, if that is in the template.
pub(super) fn copy(template: &Path, folder: &Path) -> Result<Vec<String>, Failure> {
    let unreadable = |path: &Path, error: &io::Error| {
        let what = format!("the template cannot be read: {}", path.display());
        Failure::failed(Diagnostic::error("template", what).detail(format!("{error}.")))
    };
    let real = template.canonicalize().map_err(|error| unreadable(template, &error))?;
    let mut files = Vec::new();
    list(&real, Path::new(""), &mut files).map_err(|(path, error)| unreadable(&path, &error))?;
    files.sort();
    let outside = files.iter().find(|(_, real_file)| !real_file.starts_with(&real));
    if let Some((path, target)) = outside {
        let what = format!("`{}` of the template leads out of it", path.display());
        return Err(Diagnostic::error("template", what)
            .detail(format!("It leads to {}.", target.display()))
            .into());
    }
    if files.is_empty() {
        let what = format!("there are no files in the template {}", template.display());
        return Err(Diagnostic::error("template", what).into());
    }
    let there: Vec<String> = files
        .iter()
        .filter(|(path, _)| is_taken(folder, path))
        .map(|(path, _)| format!("`{}`", path.display()))
        .collect();
    if !there.is_empty() {
        return Err(Diagnostic::error("exists", "files of the template are here already")
            .detail(format!("{}. Nothing was copied.", there.join(", ")))
            .help("move them away, or run `purlin init` in another folder".to_owned())
            .into());
    }
    let mut made = Made::default();
    for (path, source) in &files {
        made.copy(source, &folder.join(path)).map_err(|error| {
            let what = format!("{} cannot be written", path.display());
            let detail = format!("{error}. Nothing was copied.");
            Failure::failed(Diagnostic::error("unwritable", what).detail(detail))
        })?;
    }
    made.keep();
    Ok(files.iter().map(|(path, _)| path.to_string_lossy().into_owned()).collect())
}

/// All files below a folder, with what they really are. What Purlin keeps there is none.
fn list(
    folder: &Path,
    below: &Path,
    files: &mut Vec<(PathBuf, PathBuf)>,
) -> Result<(), (PathBuf, io::Error)> {
    let path = folder.join(below);
    let failed = |error| (path.clone(), error);
    for entry in fs::read_dir(&path).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        let name = entry.file_name();
        if name == ".purlin" || name == ".git" {
            continue;
        }
        let below = below.join(name);
        let kind = entry.file_type().map_err(failed)?;
        if kind.is_dir() {
            list(folder, &below, files)?;
        } else {
            let real = entry.path().canonicalize().map_err(|error| (entry.path(), error))?;
            if !real.is_file() {
                let why = io::Error::other("it is not a file");
                return Err((entry.path(), why));
            }
            files.push((below, real));
        }
    }
    Ok(())
}

/// Whether a path is there, or a file stands where one of its folders would have to.
fn is_taken(folder: &Path, path: &Path) -> bool {
    let whole = folder.join(path);
    if whole.symlink_metadata().is_ok() {
        return true;
    }
    let folders = path.ancestors().skip(1).map(|one| folder.join(one));
    folders.into_iter().any(|one| one.metadata().is_ok_and(|metadata| !metadata.is_dir()))
}

/// What was made so far. It goes again unless it is kept.
#[derive(Default)]
struct Made {
    files: Vec<PathBuf>,
    folders: Vec<PathBuf>,
}

impl Made {
    fn copy(&mut self, source: &Path, target: &Path) -> io::Result<()> {
        let missing: Vec<&Path> =
            target.ancestors().skip(1).take_while(|folder| !folder.exists()).collect();
        for folder in missing.into_iter().rev() {
            fs::create_dir(folder)?;
            self.folders.push(folder.to_owned());
        }
        let mut read = File::open(source)?;
        let mut written = OpenOptions::new().write(true).create_new(true).open(target)?;
        self.files.push(target.to_owned());
        io::copy(&mut read, &mut written)?;
        written.set_permissions(read.metadata()?.permissions())
    }

    fn keep(mut self) {
        self.files.clear();
        self.folders.clear();
    }
}

impl Drop for Made {
    fn drop(&mut self) {
        for file in self.files.iter().rev() {
            let _ = fs::remove_file(file);
        }
        for folder in self.folders.iter().rev() {
            let _ = fs::remove_dir(folder);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_is_copied_with_its_folders() {
        let base = tempfile::tempdir().unwrap();
        let (template, folder) = (base.path().join("template"), base.path().join("new"));
        fs::create_dir_all(template.join("a/b")).unwrap();
        fs::create_dir_all(template.join(".purlin")).unwrap();
        fs::create_dir(&folder).unwrap();
        fs::write(template.join("a/b/c.txt"), "c").unwrap();
        fs::write(template.join(".purlin/private"), "x").unwrap();
        std::os::unix::fs::symlink("a/b/c.txt", template.join("link")).unwrap();
        assert_eq!(copy(&template, &folder).unwrap(), ["a/b/c.txt", "link"]);
        assert_eq!(fs::read_to_string(folder.join("link")).unwrap(), "c");
    }

    #[test]
    fn nothing_is_copied_over_what_is_there() {
        let base = tempfile::tempdir().unwrap();
        let (template, folder) = (base.path().join("template"), base.path().join("new"));
        fs::create_dir_all(template.join("sub")).unwrap();
        fs::create_dir(&folder).unwrap();
        fs::write(template.join("one"), "new").unwrap();
        fs::write(template.join("sub/two"), "new").unwrap();
        fs::write(folder.join("sub"), "old").unwrap();
        let failure = copy(&template, &folder).unwrap_err();
        assert_eq!(failure.diagnostics[0].detail, "`sub/two`. Nothing was copied.");
        assert!(!folder.join("one").exists());
        assert_eq!(fs::read_to_string(folder.join("sub")).unwrap(), "old");
    }

    #[test]
    fn a_link_out_of_the_template_is_refused() {
        let base = tempfile::tempdir().unwrap();
        let (template, folder) = (base.path().join("template"), base.path().join("new"));
        fs::create_dir(&template).unwrap();
        fs::create_dir(&folder).unwrap();
        fs::write(base.path().join("secret"), "x").unwrap();
        std::os::unix::fs::symlink("../secret", template.join("link")).unwrap();
        let failure = copy(&template, &folder).unwrap_err();
        assert_eq!(failure.diagnostics[0].summary, "`link` of the template leads out of it");
    }

    #[test]
    fn what_was_made_goes_when_the_rest_fails() {
        let base = tempfile::tempdir().unwrap();
        let mut made = Made::default();
        fs::write(base.path().join("source"), "x").unwrap();
        made.copy(&base.path().join("source"), &base.path().join("new/a")).unwrap();
        assert!(made.copy(&base.path().join("gone"), &base.path().join("new/deep/b")).is_err());
        drop(made);
        assert!(!base.path().join("new").exists());
    }
}
