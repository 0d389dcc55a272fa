//! Plugins that come as Python distributions: what the entry point group `purlin.plugins` of an
//! environment names. Only files are read, Python is not started.
//!
//! An entry point is `name = package`, where the folder of the package holds the manifest.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};

use purlin_plugin::manifest::MANIFEST_FILE;

const GROUP: &str = "purlin.plugins";

/// One entry point.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct EntryPoint {
    /// `name-version` of its distribution.
    pub(super) distribution: String,
    pub(super) name: String,
    /// The package that should hold the manifest.
    pub(super) package: String,
    /// The folder of the package; or, where no manifest is there, the folders looked at.
    pub(super) folder: Result<PathBuf, Vec<PathBuf>>,
}

/// A line of an `entry_points.txt` that names no package.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Unread {
    /// `name-version` of its distribution.
    pub(super) distribution: String,
    pub(super) line: String,
}

/// What is looked at of an environment.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Sites {
    /// Files and folders that tell when there are other folders.
    pub(super) watched: Vec<PathBuf>,
    /// The folders that hold distributions, in the order in which Python looks into them.
    pub(super) folders: Vec<PathBuf>,
}

/// The folders with the distributions of an environment; those of the interpreter that it was made
/// from among them when it was made with `--system-site-packages`.
pub(super) fn sites(environment: &Path) -> Sites {
    let lib = environment.join("lib");
    let config = environment.join("pyvenv.cfg");
    let folders = distributions(&lib, |name| name.starts_with("python"));
    let mut sites = Sites { watched: vec![lib, config.clone()], folders };
    let config = read(&config).unwrap_or_default();
    let said = |wanted: &str| {
        let pairs = config.lines().filter_map(|line| line.split_once('='));
        let mut pairs = pairs.map(|(key, value)| (key.trim(), value.trim()));
        pairs.find(|(key, _)| *key == wanted).map(|(_, value)| value)
    };
    let is_open = said("include-system-site-packages").is_some_and(|value| value == "true");
    let Some(base) = said("home").and_then(|home| Path::new(home).parent()).filter(|_| is_open)
    else {
        return sites;
    };
    let version = said("version").or_else(|| said("version_info")).unwrap_or_default();
    let version: Vec<&str> = version.split('.').take(2).collect();
    let of_base = of_installation(base, &format!("python{}", version.join(".")));
    sites.folders.extend(of_base.folders);
    sites.watched.extend(of_base.watched);
    sites
}

/// The folders with the distributions that an interpreter finds, whether it is that of an
/// environment or not.
pub(crate) fn sites_of(interpreter: &Path) -> Vec<PathBuf> {
    let above = |path: &Path| Some(path.parent()?.parent()?.to_owned());
    let environment = above(interpreter).filter(|one| one.join("pyvenv.cfg").is_file());
    if let Some(environment) = environment {
        return sites(&environment).folders;
    }
    let Ok(real) = interpreter.canonicalize() else { return Vec::new() };
    let name = real.file_name().unwrap_or_default().to_string_lossy().into_owned();
    above(&real).map_or_else(Vec::new, |base| of_installation(&base, &name).folders)
}

/// The same of what an interpreter is installed in, for a version such as `python3.13`.
fn of_installation(base: &Path, version: &str) -> Sites {
    let mut sites = Sites::default();
    // Debian has `python3` for all of them, and in `/usr/local` what pip has installed.
    for lib in [base.join("local/lib"), base.join("lib")] {
        sites.folders.extend(distributions(&lib, |name| name == version || name == "python3"));
        sites.watched.push(lib);
    }
    sites
}

/// The folders with distributions below a `lib` folder, for some versions of Python.
fn distributions(lib: &Path, is_wanted: impl Fn(&str) -> bool) -> Vec<PathBuf> {
    let versions = names(lib).into_iter().filter(|name| is_wanted(name));
    let folders = versions.flat_map(|name| {
        ["site-packages", "dist-packages"].map(|folder| lib.join(&name).join(folder))
    });
    folders.filter(|folder| folder.is_dir()).collect()
}

/// The entry points of all distributions in a folder, in the order of their names, and lines that
/// are none.
pub(super) fn entry_points(site: &Path) -> (Vec<EntryPoint>, Vec<Unread>) {
    let mut elsewhere = None;
    let names = names(site);
    let (mut found, mut unread) = (Vec::new(), Vec::new());
    for Info { info, root } in infos(site, &names) {
        let Some(text) = read(&info.join("entry_points.txt")) else { continue };
        let distribution = info.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        for declared in declared(&text) {
            let (name, package) = match declared {
                Ok(pair) => pair,
                Err(line) => {
                    unread.push(Unread { distribution: distribution.clone(), line });
                    continue;
                }
            };
            let relative = relative(&package);
            let mut looked_at = vec![site.join(&relative)];
            if !has_manifest(&looked_at[0]) {
                let elsewhere = elsewhere.get_or_insert_with(|| Elsewhere::read(site, &names));
                looked_at.extend(elsewhere.folders(&package));
                let project = root.clone().or_else(|| editable_project(&info));
                looked_at.extend(project.iter().flat_map(|project| {
                    [project.join("src").join(&relative), project.join(&relative)]
                }));
            }
            let folder = looked_at.iter().find(|folder| has_manifest(folder)).cloned();
            found.push(EntryPoint {
                distribution: distribution.clone(),
                name,
                package,
                folder: folder.ok_or(looked_at),
            });
        }
    }
    (found, unread)
}

/// What is known of a distribution.
struct Info {
    /// The folder of its `entry_points.txt`.
    info: PathBuf,
    /// Its project, where that is told.
    root: Option<PathBuf>,
}

/// The distributions of a folder: installed ones, and those that older versions of setuptools have
/// linked to their projects.
fn infos(site: &Path, names: &[String]) -> Vec<Info> {
    let mut found = Vec::new();
    for name in names {
        if has_extension(name, "dist-info") || has_extension(name, "egg-info") {
            found.push(Info { info: site.join(name), root: None });
        } else if has_extension(name, "egg-link") {
            let Some(text) = read(&site.join(name)) else { continue };
            let Some(root) = text.lines().next().map(|line| site.join(line.trim())) else {
                continue;
            };
            let inside = self::names(&root).into_iter();
            found.extend(
                inside
                    .filter(|name| has_extension(name, "egg-info"))
                    .map(|name| Info { info: root.join(name), root: Some(root.clone()) }),
            );
        }
    }
    found
}

/// Where packages are that are installed for editing.
struct Elsewhere {
    /// Folders that `.pth` files put on the path of modules.
    roots: Vec<PathBuf>,
    /// Packages and their folders, as the import hooks of setuptools write them down.
    packages: BTreeMap<String, PathBuf>,
}

impl Elsewhere {
    fn read(site: &Path, names: &[String]) -> Self {
        let mut roots = Vec::new();
        let mut packages = BTreeMap::new();
        for name in names {
            if has_extension(name, "pth") {
                let text = read(&site.join(name)).unwrap_or_default();
                let lines = text.lines().map(str::trim).filter(|line| {
                    !line.is_empty() && !line.starts_with('#') && !line.starts_with("import")
                });
                roots.extend(lines.map(|line| site.join(line)));
            } else if name.starts_with("__editable__") && name.ends_with("_finder.py") {
                packages.extend(mapping(&read(&site.join(name)).unwrap_or_default()));
            }
        }
        Self { roots, packages }
    }

    fn folders(&self, package: &str) -> Vec<PathBuf> {
        let mapped = self.packages.iter().filter_map(|(outer, folder)| {
            let inner = package.strip_prefix(outer.as_str())?;
            (inner.is_empty() || inner.starts_with('.')).then(|| {
                let inner = inner.trim_start_matches('.');
                if inner.is_empty() { folder.clone() } else { folder.join(relative(inner)) }
            })
        });
        let relative = relative(package);
        mapped.chain(self.roots.iter().map(|root| root.join(&relative))).collect()
    }
}

/// The entry points of the group in the text of an `entry_points.txt`: names and packages, or lines
/// that say neither.
fn declared(text: &str) -> Vec<Result<(String, String), String>> {
    let mut inside = false;
    let mut found = Vec::new();
    for line in text.lines().map(str::trim) {
        if let Some(group) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            inside = group.trim() == GROUP;
        } else if line.starts_with('[') && line.contains(GROUP) {
            inside = false;
            found.push(Err(line.to_owned()));
        } else if inside && !line.is_empty() && !line.starts_with(['#', ';']) {
            let (name, value) = line.split_once('=').unwrap_or((line, ""));
            let package = value.split([':', '[']).next().unwrap_or_default().trim();
            let is_package = package.split('.').all(|part| {
                !part.is_empty() && part.chars().all(|one| one.is_alphanumeric() || one == '_')
            });
            found.push(match is_package {
                true => Ok((name.trim().to_owned(), package.to_owned())),
                false => Err(line.to_owned()),
            });
        }
    }
    found
}

/// `MAPPING = {'package': '/folder'}` in the text of an import hook.
fn mapping(text: &str) -> Vec<(String, PathBuf)> {
    let Some(line) = text.lines().find(|line| line.starts_with("MAPPING")) else {
        return Vec::new();
    };
    let Some((_, rest)) = line.split_once('{') else { return Vec::new() };
    let mut texts = Vec::new();
    let mut characters = rest.chars();
    while let Some(quote) = characters.find(|one| matches!(one, '\'' | '"' | '}')) {
        if quote == '}' {
            break;
        }
        let mut text = String::new();
        while let Some(one) = characters.next().filter(|one| *one != quote) {
            text.extend(if one == '\\' { characters.next() } else { Some(one) });
        }
        texts.push(text);
    }
    texts.chunks_exact(2).map(|pair| (pair[0].clone(), PathBuf::from(&pair[1]))).collect()
}

/// The project of a distribution that is installed for editing, as `direct_url.json` tells it.
fn editable_project(info: &Path) -> Option<PathBuf> {
    let told: serde_json::Value =
        serde_json::from_str(&read(&info.join("direct_url.json"))?).ok()?;
    let is_editable = told["dir_info"]["editable"].as_bool() == Some(true);
    let path = told["url"].as_str()?.strip_prefix("file://").filter(|_| is_editable)?;
    Some(PathBuf::from(unescaped(path)))
}

/// `%20` and its like as what they stand for.
fn unescaped(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        let escaped = tail
            .get(..2)
            .filter(|_| *first == b'%')
            .and_then(|digits| std::str::from_utf8(digits).ok())
            .and_then(|digits| u8::from_str_radix(digits, 16).ok());
        bytes.push(escaped.unwrap_or(*first));
        rest = if escaped.is_some() { &tail[2..] } else { tail };
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn relative(package: &str) -> PathBuf {
    package.split('.').collect()
}

fn has_manifest(folder: &Path) -> bool {
    folder.join(MANIFEST_FILE).symlink_metadata().is_ok()
}

fn has_extension(name: &str, extension: &str) -> bool {
    Path::new(name).extension() == Some(OsStr::new(extension))
}

fn read(file: &Path) -> Option<String> {
    fs::read(file).ok().map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
}

/// The names in a folder in their order; none where it cannot be listed.
fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).into_iter().flatten().filter_map(Result::ok);
    let mut names: Vec<String> =
        entries.filter_map(|entry| entry.file_name().into_string().ok()).collect();
    names.sort();
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Environment(tempfile::TempDir);

    impl Environment {
        fn new() -> Self {
            Self(tempfile::tempdir().unwrap())
        }

        fn path(&self, inside: &str) -> PathBuf {
            self.0.path().join(inside)
        }

        fn write(&self, file: &str, text: &str) {
            let path = self.path(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }

        /// What the only entry point leads to.
        fn folder(&self) -> Result<PathBuf, Vec<PathBuf>> {
            let (mut found, unread) = entry_points(&self.path("site"));
            assert_eq!((found.len(), unread), (1, Vec::new()), "{found:?}");
            found.remove(0).folder
        }
    }

    const ENTRY: &str = "[purlin.plugins]\ntree = purlin_tree\n";

    #[test]
    fn a_package_in_the_folder_is_found() {
        let place = Environment::new();
        place.write("site/tree-1.2.dist-info/entry_points.txt", ENTRY);
        place.write("site/purlin_tree/plugin.toml", "");
        place.write("site/other-1.dist-info/entry_points.txt", "[console_scripts]\na = b:c\n");
        place.write("site/third-1.dist-info/METADATA", "");
        assert_eq!(
            entry_points(&place.path("site")).0,
            [EntryPoint {
                distribution: "tree-1.2".to_owned(),
                name: "tree".to_owned(),
                package: "purlin_tree".to_owned(),
                folder: Ok(place.path("site/purlin_tree")),
            }]
        );
    }

    #[test]
    fn a_package_behind_a_path_file_is_found() {
        let place = Environment::new();
        place.write("site/tree-1.2.dist-info/entry_points.txt", ENTRY);
        let source = place.path("project/src");
        let lines = format!("# editable\nimport os\n{}\n", source.display());
        place.write("site/__editable__.tree-1.2.pth", &lines);
        place.write("project/src/purlin_tree/plugin.toml", "");
        assert_eq!(place.folder(), Ok(source.join("purlin_tree")));
    }

    #[test]
    fn a_package_that_an_import_hook_maps_is_found() {
        let place = Environment::new();
        let entry = "[purlin.plugins]\ntree = studio.tree.plugin:anything\n";
        place.write("site/tree-1.2.dist-info/entry_points.txt", entry);
        let folder = place.path("it's here/tree");
        let mapping = format!(
            "import sys\nMAPPING: dict[str, str] = {{'other': '/nowhere', 'studio.tree': \"{}\"}}\n",
            folder.display()
        );
        place.write("site/__editable___tree_1_2_finder.py", &mapping);
        place.write("it's here/tree/plugin/plugin.toml", "");
        assert_eq!(place.folder(), Ok(folder.join("plugin")));
    }

    #[test]
    fn a_project_that_is_edited_in_place_is_found() {
        let place = Environment::new();
        place.write("site/tree-1.2.dist-info/entry_points.txt", ENTRY);
        let url = format!("file://{}/my%20project", place.0.path().display());
        let told = format!(r#"{{"url": "{url}", "dir_info": {{"editable": true}}}}"#);
        place.write("site/tree-1.2.dist-info/direct_url.json", &told);
        place.write("my project/src/purlin_tree/plugin.toml", "");
        assert_eq!(place.folder(), Ok(place.path("my project/src/purlin_tree")));

        place.write("site/tree-1.2.dist-info/direct_url.json", &told.replace("true", "false"));
        assert_eq!(place.folder(), Err(vec![place.path("site/purlin_tree")]));
    }

    #[test]
    fn entry_points_are_read_as_pip_writes_them() {
        let text = "[gui]\na = b\n\n[ purlin.plugins ]\n# c\n; d\none=two\n x = y.z [extra]\nbad = ../up\n\
                    no\n[other]\ne = f\n[purlin.plugins\ng = h\n";
        let pair = |name: &str, package: &str| Ok((name.to_owned(), package.to_owned()));
        let bad = |line: &str| Err(line.to_owned());
        assert_eq!(
            declared(text),
            [
                pair("one", "two"),
                pair("x", "y.z"),
                bad("bad = ../up"),
                bad("no"),
                bad("[purlin.plugins")
            ]
        );
    }

    #[test]
    fn every_version_of_python_in_an_environment_is_looked_at() {
        let place = Environment::new();
        for folder in ["lib/python3.9/site-packages", "lib/python3.11/site-packages", "lib/x"] {
            fs::create_dir_all(place.path(folder)).unwrap();
        }
        assert_eq!(
            sites(&place.path("")).folders,
            [place.path("lib/python3.11/site-packages"), place.path("lib/python3.9/site-packages")]
        );
        assert_eq!(sites(&place.path("gone")).folders, Vec::<PathBuf>::new());
    }

    #[test]
    fn an_environment_may_have_the_packages_of_its_interpreter() {
        let place = Environment::new();
        for folder in [
            "venv/lib/python3.11/site-packages",
            "usr/lib/python3/dist-packages",
            "usr/lib/python3.11/site-packages",
            "usr/lib/python3.9/site-packages",
            "usr/local/lib/python3.11/dist-packages",
        ] {
            fs::create_dir_all(place.path(folder)).unwrap();
        }
        let own = place.path("venv/lib/python3.11/site-packages");
        for (is_open, expected) in [
            ("false", vec![own.clone()]),
            (
                "true",
                vec![
                    own,
                    place.path("usr/local/lib/python3.11/dist-packages"),
                    place.path("usr/lib/python3/dist-packages"),
                    place.path("usr/lib/python3.11/site-packages"),
                ],
            ),
        ] {
            let home = place.path("usr/bin");
            let text = format!(
                "home = {}\ninclude-system-site-packages = {is_open}\nversion = 3.11.7\n",
                home.display()
            );
            place.write("venv/pyvenv.cfg", &text);
            assert_eq!(sites(&place.path("venv")).folders, expected);
        }
    }

    #[test]
    fn a_project_that_is_linked_is_found() {
        let place = Environment::new();
        let project = place.path("project/src");
        place.write("site/tree.egg-link", &format!("{}\n../\n", project.display()));
        place.write("project/src/tree.egg-info/entry_points.txt", ENTRY);
        place.write("project/src/purlin_tree/plugin.toml", "");
        assert_eq!(place.folder(), Ok(project.join("purlin_tree")));
    }
}
