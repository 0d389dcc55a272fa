//! `purlin build --install`: packages in a folder repository, laid out as rez does.
//!
//! ```text
//! DIR/name/version/package.toml                 what it says of itself
//! DIR/name/version/root/                        its files, and in `closure` beside it what they refer to
//! DIR/name/version/python-3.9/qt-5/root/        those of one of its variants, by what that needs
//! ```

mod document;
mod layout;
mod making;
mod place;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use purlin_model::Diagnostic;
use purlin_packages::{CLOSURE, Node, PackageGraph, Used, copy_tree, name_of, remove_tree};
use purlin_store::put_in_place;
use serde_json::{Map, Value as Json};

use self::document::{KEY, digest, document, toml_text, variant};
use self::layout::{Variant, folder, installed};
use self::making::Making;
use self::place::{MARK, check, place_in};
use super::Packages;

impl Packages<'_> {
    /// Writes packages into a folder repository, with all that they need to run. What is there is replaced
    /// when the new one is whole; of a package with variants those stay that are not written now.
    pub(crate) fn install(
        &self,
        graph: &PackageGraph,
        roots: &[usize],
        folder: &Path,
    ) -> Result<(), Diagnostic> {
        if let Some(node) =
            roots.iter().map(|one| &graph.nodes[*one]).find(|one| one.prefix.is_none())
        {
            let why = "It has only needs, and nothing that could be written there.";
            return Err(cannot(node).detail(why.to_owned()));
        }
        // What is installed elsewhere stays there.
        let mut all = graph.to_run(roots);
        all.retain(|index| graph.nodes[*index].action.is_some());
        all.sort_unstable();
        let mut places: BTreeMap<PathBuf, Vec<usize>> = BTreeMap::new();
        for index in all {
            let node = &graph.nodes[index];
            let place = place_in(folder, &node.package).map_err(|why| cannot(node).detail(why))?;
            places.entry(place).or_default().push(index);
        }
        // Nothing is written where something would be lost.
        for (place, nodes) in &places {
            check(place).map_err(|why| {
                let told = cannot(&graph.nodes[nodes[0]]).detail(why);
                told.help("name another folder, or move away what is there".to_owned())
            })?;
        }
        places.iter().try_for_each(|(place, nodes)| self.write(graph, nodes, place))
    }

    /// Writes what is to be in one place: a package, or variants of one.
    fn write(
        &self,
        graph: &PackageGraph,
        indexes: &[usize],
        place: &Path,
    ) -> Result<(), Diagnostic> {
        let nodes: Vec<&Node> = indexes.iter().map(|index| &graph.nodes[*index]).collect();
        let first = nodes[0];
        if let Some(other) = nodes.iter().find(|one| {
            one.package.name != first.package.name || one.variant.is_none() && nodes.len() > 1
        }) {
            return Err(cannot(other)
                .label(first.package.origin.clone(), "and this one")
                .detail(format!("Both would be in {}.", place.display())));
        }
        let above = place.parent().unwrap_or(place);
        let written = || -> std::io::Result<Vec<String>> {
            let making = Making::new(above)?;
            let made = making.place();
            fs::create_dir(&made)?;
            let (document, closure) = match first.variant {
                None => (document(graph, first, "root"), self.files(first, &made)?),
                Some(_) => self.variants(graph, &nodes, place, &made)?,
            };
            let file = made.join("package.toml");
            fs::write(&file, format!("{MARK}\n{}", toml_text(&document)))?;
            fs::File::open(file)?.sync_all()?;
            put_in_place(&made, place, |place| remove_tree(place).map_err(std::io::Error::other))?;
            Ok(closure)
        };
        let closure = written().map_err(|error| {
            cannot(first)
                .detail(format!("{}: {error}.", place.display()))
                .help("give access to the folder, or name another".to_owned())
        })?;
        // Its files remember where they were built, so that stays as long as it is installed.
        let kept = Used {
            workspace: place.join("package.toml"),
            what: "install".to_owned(),
            folders: closure,
        };
        self.store.put_profile(&kept).map_err(|error| cannot(first).detail(error.to_string()))
    }

    /// Writes variants of one package into `made`, and takes over those that are in `place` besides.
    fn variants(
        &self,
        graph: &PackageGraph,
        nodes: &[&Node],
        place: &Path,
        made: &Path,
    ) -> std::io::Result<(Map<String, Json>, Vec<String>)> {
        let needs: Vec<Vec<String>> = nodes.iter().map(|node| variant(graph, node)).collect();
        let mut all = installed(place);
        let every: Vec<Vec<String>> =
            all.iter().map(|one| &one.needs).chain(&needs).cloned().collect();
        for one in &mut all {
            let from = place.join(&one.folder);
            one.folder = folder(&one.needs, &every);
            if !needs.contains(&one.needs) {
                fs::create_dir_all(made.join(&one.folder))?;
                copy_all(&from, &made.join(&one.folder))?;
            }
        }
        let mut closure = Vec::new();
        for (node, needs) in nodes.iter().zip(needs) {
            let folder = folder(&needs, &every);
            fs::create_dir_all(made.join(&folder))?;
            closure.extend(self.files(node, &made.join(&folder))?);
            if all.iter().all(|one| one.needs != needs) {
                all.push(Variant { needs, folder });
            }
        }
        // What those that were taken over refer to stays, too.
        for one in &all {
            let text = fs::read_to_string(made.join(&one.folder).join(CLOSURE)).unwrap_or_default();
            closure.extend(text.lines().map(|line| name_of(Path::new(line))));
        }
        closure.sort();
        closure.dedup();
        let mut document = document(graph, nodes[0], ".");
        document.insert("digest".to_owned(), digest(made, &all).into());
        let roots = all.iter().map(|one| Json::from(format!("{}/root", one.folder)));
        document.insert("variant-roots".to_owned(), roots.collect());
        document.insert(
            "variants".to_owned(),
            all.into_iter().map(|one| Json::from(one.needs)).collect(),
        );
        Ok((document, closure))
    }

    /// Writes the files of one package, and beside them what they refer to. The names of those folders.
    fn files(&self, node: &Node, into: &Path) -> std::io::Result<Vec<String>> {
        let prefix = node.prefix.as_deref().unwrap_or(Path::new("/"));
        copy_tree(prefix, &into.join("root"))?;
        let closure = self.store.closure(&[name_of(prefix)]);
        let paths: Vec<String> =
            closure.iter().map(|one| self.store.folder().join(one).display().to_string()).collect();
        fs::write(into.join(CLOSURE), paths.join("\n") + "\n")?;
        if node.variant.is_some() {
            fs::write(into.join(KEY), node.key.to_hex())?;
        }
        Ok(closure)
    }
}

fn cannot(node: &Node) -> Diagnostic {
    Diagnostic::error("install", format!("`{}` cannot be installed", node.id))
        .label(node.package.origin.clone(), "this package")
}

fn copy_all(from: &Path, to: &Path) -> std::io::Result<()> {
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        copy_tree(&entry.path(), &to.join(entry.file_name()))?;
    }
    Ok(())
}
