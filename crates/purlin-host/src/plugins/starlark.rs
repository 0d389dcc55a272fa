//! Plugins in Starlark: their files are read from their folder, and from nowhere else.

use std::collections::HashMap;
use std::path::{Component, Path, PathBuf};
use std::sync::{Arc, Mutex};

use purlin_model::{Diagnostic, Source};
use purlin_plugin::RuntimeKind;
use purlin_plugin::language::{Language, Sources};
use purlin_plugin::manifest::RuntimeEntry;
use purlin_starlark::Starlark;
use purlin_starlark::plugin::{Feature, Plugin};

use super::check::{folder_of, winner};
use super::{Plugins, lock, message};
use crate::FeatureRef;
use crate::scan::{Files, Folder};

/// The language that definitions are written in. Its files load others from `sources`.
#[must_use]
pub fn language(sources: Arc<dyn Sources>) -> Arc<dyn Language> {
    Arc::new(Starlark::new(sources))
}

/// A plugin in Starlark that lies in a folder, for tools that call it themselves. Nothing is
/// evaluated yet.
///
/// # Errors
/// Why its entry cannot be read.
pub fn starlark_plugin(name: &str, folder: &Path, entry: &str) -> Result<Plugin, std::io::Error> {
    let shown = folder.join(entry);
    let text = Folder::Disk(folder).read(entry, &Files::default())?;
    let source = Source::of_plugin(name, shown, Some(text.into_owned()));
    let sources = Contents {
        plugin: name.to_owned(),
        place: Place::Disk(folder.to_owned()),
        known: Mutex::default(),
    };
    Ok(Plugin::new(source, Arc::new(sources)))
}

/// Those that were used so far, by plugin and entry.
#[derive(Default)]
pub(super) struct StarlarkPlugins(Mutex<HashMap<(String, String), Plugin>>);

impl Plugins {
    /// The code of a feature that is written in Starlark. It needs no consent: all that it can do is
    /// to answer.
    pub(super) fn starlark_feature(&self, feature: &FeatureRef) -> Result<Feature, Diagnostic> {
        let entry = self.starlark_entry(feature).ok_or_else(|| message::no_code(feature))?;
        let folder = folder_of(self, feature).ok_or_else(|| message::no_code(feature))?;
        let key = (feature.plugin.clone(), entry.clone());
        if let Some(plugin) = lock(&self.starlark.0).get(&key) {
            return Ok(plugin.feature(&feature.feature.name));
        }
        let text = folder.read(&entry, &self.files).map_err(|error| {
            message::unreadable_file(&feature.plugin, &entry, &error, feature.origin.clone())
        })?;
        let source =
            Source::of_plugin(&feature.plugin, folder.shown().join(&entry), Some(text.into()));
        let sources = Contents {
            plugin: feature.plugin.clone(),
            place: Place::of(folder),
            known: Mutex::default(),
        };
        let mut known = lock(&self.starlark.0);
        let plugin = known.entry(key).or_insert_with(|| Plugin::new(source, Arc::new(sources)));
        Ok(plugin.feature(&feature.feature.name))
    }

    fn starlark_entry(&self, feature: &FeatureRef) -> Option<String> {
        if let Some(RuntimeEntry::File(file)) = &feature.feature.entry {
            return Some(file.clone());
        }
        self.with(|state| {
            let Some(row) = winner(state, &feature.plugin)? else { return Ok(None) };
            let Some(runtime) = row.manifest()?.and_then(|manifest| manifest.runtime) else {
                return Ok(None);
            };
            Ok(match (runtime.kind, runtime.entry) {
                (RuntimeKind::Starlark, Some(RuntimeEntry::File(file))) => Some(file),
                _ => None,
            })
        })
    }
}

/// The files of one plugin, each read once.
struct Contents {
    plugin: String,
    place: Place,
    known: Mutex<HashMap<String, Arc<Source>>>,
}

/// Where they are.
enum Place {
    Disk(PathBuf),
    Bundled(usize, purlin_plugin::NativePlugin),
}

impl Place {
    fn of(folder: Folder<'_>) -> Self {
        match folder {
            Folder::Disk(path) => Self::Disk(path.to_owned()),
            Folder::Bundled(position, plugin) => Self::Bundled(position, *plugin),
        }
    }

    fn folder(&self) -> Folder<'_> {
        match self {
            Self::Disk(path) => Folder::Disk(path),
            Self::Bundled(position, plugin) => Folder::Bundled(*position, plugin),
        }
    }
}

impl Sources for Contents {
    fn load(&self, label: &str, from: &Arc<Source>) -> Result<Arc<Source>, Diagnostic> {
        let folder = self.place.folder();
        let refused = |why: String| {
            Diagnostic::error("load-failed", format!("`{label}` cannot be loaded"))
                .detail(why)
                .help(
                    "a plugin loads its own files: `./NAME.star`, or a path from its folder"
                        .to_owned(),
                )
        };
        let below = from.path.strip_prefix(folder.shown()).unwrap_or(Path::new(""));
        let file = inside(label, below)
            .ok_or_else(|| refused("It does not lie in the plugin's folder.".to_owned()))?;
        if let Some(known) = lock(&self.known).get(&file) {
            return Ok(known.clone());
        }
        if let Place::Disk(path) = &self.place
            && !is_below(path, &file)
        {
            return Err(refused("A link leads out of the plugin's folder.".to_owned()));
        }
        let text = folder
            .read(&file, &Files::default())
            .map_err(|error| refused(format!("`{file}`: {error}.")))?;
        let source =
            Source::of_plugin(&self.plugin, folder.shown().join(&file), Some(text.into_owned()));
        Ok(lock(&self.known).entry(file).or_insert(source).clone())
    }
}

/// The path that a label means, from the plugin's folder; `None` when it leads out of it.
fn inside(label: &str, from: &Path) -> Option<String> {
    let relative = label.starts_with("./") || label.starts_with("../");
    let base = if relative { from.parent().unwrap_or(Path::new("")) } else { Path::new("") };
    let mut parts: Vec<&str> = base.iter().map(|part| part.to_str()).collect::<Option<_>>()?;
    for component in Path::new(label).components() {
        match component {
            Component::Normal(part) => parts.push(part.to_str()?),
            Component::CurDir => {}
            Component::ParentDir => {
                parts.pop()?;
            }
            Component::RootDir | Component::Prefix(_) => return None,
        }
    }
    Some(parts.join("/")).filter(|path| !path.is_empty())
}

fn is_below(folder: &Path, file: &str) -> bool {
    match (folder.canonicalize(), folder.join(file).canonicalize()) {
        (Ok(folder), Ok(file)) => file.starts_with(folder),
        // Reading it tells what is wrong.
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_lie_in_the_plugin() {
        let of = |label, from| inside(label, Path::new(from));
        assert_eq!(of("a.star", "x/b.star").as_deref(), Some("a.star"));
        assert_eq!(of("./a.star", "x/b.star").as_deref(), Some("x/a.star"));
        assert_eq!(of("../a.star", "x/b.star").as_deref(), Some("a.star"));
        for outside in ["../a.star", "/etc/passwd", "x/../../a.star", ""] {
            assert_eq!(of(outside, "b.star"), None, "{outside}");
        }
    }
}
