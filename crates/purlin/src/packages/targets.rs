//! Which outputs the user means.

use purlin_definitions::{Names, parse_path, path_text};
use purlin_model::{Diagnostic, suggestion};
use purlin_plugin::language::Argument;

use super::Packages;
use crate::failure::Failure;

/// The output roots of packages.
const ROOTS: [&str; 2] = ["packages", "legacyPackages"];

/// An output that was asked for.
#[derive(Debug)]
pub(crate) struct Target {
    /// What it is called on the command line.
    pub(crate) name: String,
    /// What it is.
    pub(crate) value: Argument,
}

impl Packages<'_> {
    /// The packages with these names; all of them where no name is given. A name is what `show` lists
    /// below `packages.SYSTEM`, or a whole path of outputs.
    pub(crate) fn packages(&self, names: &[String]) -> Result<Vec<Target>, Failure> {
        if !names.is_empty() {
            return names.iter().map(|name| self.package(name)).collect();
        }
        let all = self.listed(ROOTS[0]);
        if all.is_empty() {
            return Err(Diagnostic::error(
                "no-packages",
                format!("the workspace has no packages for {}", self.system),
            )
            .help("`purlin show` lists what it has; a package is a `mk_package(…)` in the section `packages`".to_owned())
            .into());
        }
        let paths: Vec<_> = all.iter().map(|name| self.path(ROOTS[0], name)).collect();
        self.opened.evaluate(&paths);
        let built = |name: String| {
            let path = self.path(ROOTS[0], &name);
            self.value(&path).map(|value| Target { name, value }).map_err(Failure::from)
        };
        all.into_iter().map(built).collect()
    }

    fn package(&self, name: &str) -> Result<Target, Failure> {
        let whole = ROOTS.iter().any(|root| name.starts_with(&format!("{root}.")));
        let path = if whole { parse_path(name)? } else { self.path(ROOTS[0], name) };
        if !whole && !self.listed(ROOTS[0]).iter().any(|one| one == name) {
            return Err(self.unknown("package", ROOTS[0], name).into());
        }
        let value = self.value(&path)?;
        Ok(Target { name: name.to_owned(), value })
    }

    /// The output of a section with a name: nested ones have `/` or `.` between their parts.
    pub(crate) fn output(&self, what: &str, root: &str, name: &str) -> Result<Target, Failure> {
        let is_it = |(one, _): &(String, _)| *one == name || one.replace('/', ".") == name;
        let Some((name, below)) = self.below(root).into_iter().find(is_it) else {
            return Err(self.unknown(what, root, name).into());
        };
        let mut path = vec![root.to_owned(), self.system.clone()];
        path.extend(below);
        Ok(Target { name, value: self.value(&path)? })
    }

    /// The names below an output root for this system; the parts of nested ones are joined with `/`.
    pub(crate) fn listed(&self, root: &str) -> Vec<String> {
        self.below(root).into_iter().map(|(name, _)| name).collect()
    }

    /// The same with their paths: a `/` may stand in a part, too.
    fn below(&self, root: &str) -> Vec<(String, Vec<String>)> {
        let mut found = Vec::new();
        if let Ok(Names::Branch(below)) = self.opened.names(&self.path(root, "")[..2]) {
            collect(&below, &[], &mut found);
        }
        found
    }

    fn path(&self, root: &str, name: &str) -> Vec<String> {
        vec![root.to_owned(), self.system.clone(), name.to_owned()]
    }

    fn unknown(&self, what: &str, root: &str, name: &str) -> Diagnostic {
        let all = self.listed(root);
        let place = path_text(&self.path(root, "")[..2]);
        Diagnostic::error("unknown-output", format!("there is no {what} `{name}`"))
            .detail(match all.len() {
                0 => format!("There is nothing at {place}."),
                count => format!("{count} are at {place}."),
            })
            .help(
                suggestion(name, "names", all.iter().map(String::as_str))
                    .or_else(|| Some(format!("`purlin show {place}` lists them"))),
            )
    }
}

fn collect(names: &[(String, Names)], above: &[String], found: &mut Vec<(String, Vec<String>)>) {
    for (name, names) in names {
        let path = [above, std::slice::from_ref(name)].concat();
        match names {
            Names::Branch(below) => collect(below, &path, found),
            Names::Leaf(_) | Names::Conflict(_) => found.push((path.join("/"), path)),
        }
    }
}
