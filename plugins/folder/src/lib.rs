//! The repository `folder`: packages in `FOLDER/NAME/VERSION`, each told by its `package.toml`.
//!
//! The file has the fields of a package. Its `root` is where the package is installed, from the file's
//! folder; that folder itself where it says nothing. Where its variants have folders of their own, they are
//! `variant-roots`, from the same place. Folders without the file are passed by.

mod copy;

use std::fs;
use std::io;
use std::path::{Component, Path, PathBuf};

use purlin_plugin::contract::{Host, LogLevel, Repository};
use purlin_plugin::message::{
    ErrorCode, PackageKey, PackageVariant, PackageVersion, PluginError, RepositoryContext,
};
use purlin_plugin::{NativeFeature, NativePlugin, serde_json, text_field};
use serde_json::{Value as Json, json};
use sha2::{Digest as _, Sha256};

/// The plugin.
pub const PLUGIN: NativePlugin = NativePlugin {
    folder: "folder",
    files: &[
        ("plugin.toml", include_str!("../plugin.toml")),
        ("schemas/folder.json", include_str!("../schemas/folder.json")),
    ],
    features: &[("folder", NativeFeature::Repository(&Folder))],
};

/// What tells of a package.
const FILE: &str = "package.toml";

/// The field that says where variants are installed.
const VARIANT_ROOTS: &str = "variant-roots";

struct Folder;

impl Repository for Folder {
    fn families(
        &self,
        config: &Json,
        context: &RepositoryContext,
        _host: &dyn Host,
    ) -> Result<Vec<String>, PluginError> {
        let folder = folder(config, context)?;
        let names = below(&folder).map_err(|error| unreadable(&folder, &error))?;
        let has_one = |name: &String| {
            let versions = below(&folder.join(name)).unwrap_or_default();
            versions.iter().any(|version| folder.join(name).join(version).join(FILE).is_file())
        };
        Ok(names.into_iter().filter(has_one).collect())
    }

    fn versions(
        &self,
        names: &[String],
        config: &Json,
        context: &RepositoryContext,
        host: &dyn Host,
    ) -> Result<Vec<PackageVersion>, PluginError> {
        let folder = folder(config, context)?;
        // One that is not mounted is told, and is not one that has nothing.
        fs::read_dir(&folder).map_err(|error| unreadable(&folder, &error))?;
        let mut found = Vec::new();
        for name in names.iter().filter(|name| is_plain(name)) {
            for version in below(&folder.join(name)).unwrap_or_default() {
                let file = folder.join(name).join(&version).join(FILE);
                let Ok(text) = fs::read_to_string(&file) else { continue };
                let (digest, ignored) = match document(&file, &text, name, &version) {
                    Ok(document) => (digest(&document, &text), None),
                    Err(why) => {
                        let why = format!("{}: {why}", file.display());
                        host.log(LogLevel::Warning, &why);
                        (digest(&Json::Null, &text), Some(why))
                    }
                };
                let name = name.clone();
                found.push(PackageVersion { name, version, digest, timestamp: None, ignored });
            }
        }
        Ok(found)
    }

    fn packages(
        &self,
        versions: &[PackageKey],
        config: &Json,
        context: &RepositoryContext,
        _host: &dyn Host,
    ) -> Result<Vec<Json>, PluginError> {
        let folder = folder(config, context)?;
        versions.iter().map(|key| package(&folder, &key.name, &key.version)).collect()
    }

    fn fetch(
        &self,
        variant: &PackageVariant,
        dir: &Path,
        config: &Json,
        context: &RepositoryContext,
        _host: &dyn Host,
    ) -> Result<(), PluginError> {
        let folder = folder(config, context)?;
        let document = package(&folder, &variant.name, &variant.version)?;
        let own =
            variant.variant.and_then(|variant| document.get(VARIANT_ROOTS)?.get(variant)?.as_str());
        let root = own.map_or_else(|| text_field(&document, "root"), Ok)?;
        copy::tree(Path::new(root), dir).map_err(|error| {
            let message = format!("{root} cannot be copied: {error}");
            PluginError::new(ErrorCode::Internal, message)
        })
    }
}

/// The folder of the repository.
fn folder(config: &Json, context: &RepositoryContext) -> Result<PathBuf, PluginError> {
    let path = text_field(config, "path")?;
    let folder = Path::new(context.root.as_deref().unwrap_or("/")).join(path);
    // The way there is no part of what is there, nor of what is built with it.
    let goes_up = folder.components().any(|part| part == Component::ParentDir);
    Ok(if goes_up { without_detours(&folder) } else { folder })
}

/// A path without `..`, whether there is something or not.
fn without_detours(path: &Path) -> PathBuf {
    let mut found = PathBuf::new();
    for part in path.components() {
        if part == Component::ParentDir {
            found.pop();
        } else {
            found.push(part);
            // Above a link is what is above its target.
            found = found.canonicalize().unwrap_or(found);
        }
    }
    found
}

/// One that is not there is no mistake where others have what is asked for; one that may not be read is.
fn unreadable(folder: &Path, error: &io::Error) -> PluginError {
    let code = match error.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => ErrorCode::NotFound,
        _ => ErrorCode::Internal,
    };
    let message = format!("{} cannot be read: {error}", folder.display());
    PluginError::new(code, message).at("/path")
}

fn package(folder: &Path, name: &str, version: &str) -> Result<Json, PluginError> {
    let failed = |why: String| {
        PluginError::new(ErrorCode::NotFound, format!("there is no {name} {version}: {why}"))
    };
    if !is_plain(name) || !is_plain(version) {
        return Err(failed("this is no name of a folder".to_owned()));
    }
    let file = folder.join(name).join(version).join(FILE);
    let text = fs::read_to_string(&file)
        .map_err(|error| failed(format!("{}: {error}", file.display())))?;
    let mut found = document(&file, &text, name, version)
        .map_err(|why| failed(format!("{}: {why}", file.display())))?;
    found["digest"] = digest(&found, &text).into();
    Ok(found)
}

/// The file as a document. The error is a sentence.
fn document(file: &Path, text: &str, name: &str, version: &str) -> Result<Json, String> {
    let mut document: Json = toml::from_str(text).map_err(|error| error.message().to_owned())?;
    for (field, folder) in [("name", name), ("version", version)] {
        match document.get(field).and_then(Json::as_str) {
            None if document.get(field).is_none() => document[field] = folder.into(),
            Some(told) if told == folder => {}
            told => {
                return Err(format!("`{field}` is {}, and its folder says {folder}", json!(told)));
            }
        }
    }
    let here = file.parent().unwrap_or(Path::new("/"));
    let root = here.join(document.get("root").and_then(Json::as_str).unwrap_or(""));
    // Without the `/` that an empty part leaves.
    let root: PathBuf = root.components().collect();
    let text = |path: PathBuf| {
        path.to_str().map(str::to_owned).ok_or("its folder has a name that is no text")
    };
    document["root"] = text(root)?.into();
    for root in document.get_mut(VARIANT_ROOTS).and_then(Json::as_array_mut).into_iter().flatten() {
        let path = here.join(root.as_str().ok_or("`variant-roots` holds what is no text")?);
        *root = text(path.components().collect())?.into();
    }
    Ok(document)
}

/// What the file says, or that of the file.
fn digest(document: &Json, text: &str) -> String {
    if let Some(digest) = document.get("digest").and_then(Json::as_str) {
        return digest.to_owned();
    }
    Sha256::digest(text.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The names of the folders in a folder, sorted.
fn below(folder: &Path) -> io::Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name().into_string();
        names.extend(name.ok().filter(|name| is_plain(name) && entry.path().is_dir()));
    }
    names.sort();
    Ok(names)
}

/// True for a name that neither hides nor leads elsewhere.
fn is_plain(name: &str) -> bool {
    !name.is_empty() && !name.starts_with('.') && !name.contains('/')
}

#[cfg(test)]
mod tests {
    use purlin_plugin::contract::QuietHost;

    use super::*;

    #[test]
    fn the_folder_is_a_plugin() {
        assert_eq!(PLUGIN.check(), []);
    }

    #[test]
    fn one_that_is_not_there_is_told_without_detours() {
        let dir = tempfile::tempdir().expect("there is a place for temporary files");
        let root = dir.path().canonicalize().expect("it is there");
        fs::create_dir(root.join("in")).expect("it is new");
        fs::create_dir(root.join("other")).expect("it is new");
        std::os::unix::fs::symlink("../other", root.join("in/link")).expect("it is new");
        let context = RepositoryContext {
            name: "studio".to_owned(),
            root: root.join("in").to_str().map(str::to_owned),
            variables: Default::default(),
        };
        for (path, shown) in
            [("../gone/./here", "gone/here"), ("link/../x", "x"), ("gone/../../y", "y")]
        {
            let told = Folder.families(&json!({ "path": path }), &context, &QuietHost);
            let told = told.expect_err("it is not there");
            assert_eq!(told.code, ErrorCode::NotFound);
            let shown = format!("{} cannot be read: ", root.join(shown).display());
            assert!(told.message.starts_with(&shown), "{}", told.message);
        }
    }

    #[test]
    fn a_file_that_is_wrong_hides_its_version_only_and_a_root_is_beside_its_file() {
        let dir = tempfile::tempdir().expect("there is a place for temporary files");
        let write = |path: &str, text: &str| {
            let file = dir.path().join(path);
            fs::create_dir_all(file.parent().expect("it has one")).expect("it can be made");
            fs::write(file, text).expect("it can be written");
        };
        write("six/1.16/package.toml", "requires = ['python-2.7+']\nroot = 'files'\n");
        write("six/1.16/files/six.py", "VERSION = 116\n");
        write("six/1.17/package.toml", "version = '1.18'\n");
        write("empty/notes/README", "");
        let context = RepositoryContext {
            name: "studio".to_owned(),
            root: dir.path().to_str().map(str::to_owned),
            variables: Default::default(),
        };
        let config = json!({ "path": "." });
        assert_eq!(Folder.families(&config, &context, &QuietHost).expect("it is there"), ["six"]);
        let names = ["six".to_owned(), "..".to_owned()];
        let versions = Folder.versions(&names, &config, &context, &QuietHost).expect("it answers");
        let told: Vec<(&str, bool)> =
            versions.iter().map(|one| (&*one.version, one.ignored.is_some())).collect();
        assert_eq!(told, [("1.16", false), ("1.17", true)]);
        let target = dir.path().join("target");
        fs::create_dir(&target).expect("it is new");
        let variant =
            PackageVariant { name: "six".to_owned(), version: "1.16".to_owned(), variant: None };
        Folder.fetch(&variant, &target, &config, &context, &QuietHost).expect("it is there");
        assert_eq!(fs::read_to_string(target.join("six.py")).expect("it came"), "VERSION = 116\n");
        write(
            "usd/23/package.toml",
            "variants = [['python-2'], ['python-3']]\nvariant-roots = ['python-2/root', 'python-3/root']\n",
        );
        write("usd/23/python-3/root/usd.py", "VERSION = 3\n");
        let key = PackageKey { name: "usd".to_owned(), version: "23".to_owned() };
        let document =
            &Folder.packages(&[key], &config, &context, &QuietHost).expect("it is there")[0];
        assert_eq!(document["variant-roots"][1], json!(dir.path().join("usd/23/python-3/root")));
        let variant =
            PackageVariant { name: "usd".to_owned(), version: "23".to_owned(), variant: Some(1) };
        Folder.fetch(&variant, &target, &config, &context, &QuietHost).expect("it is there");
        assert_eq!(fs::read_to_string(target.join("usd.py")).expect("it came"), "VERSION = 3\n");
        let outside = PackageKey { name: "..".to_owned(), version: "x".to_owned() };
        let refused = Folder.packages(&[outside], &config, &context, &QuietHost);
        assert_eq!(refused.expect_err("it leads out").code, ErrorCode::NotFound);
    }
}
