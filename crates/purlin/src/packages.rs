//! Packages of a workspace, from what definitions say to what is on disk: for the verbs that build
//! and use them.

mod foreign;
mod identity;
mod install;
mod last;
mod make;
mod plan;
mod profile;
mod request;
mod roots;
mod shared;
mod sources;
mod targets;
mod used;

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use purlin_definitions::Workspace;
use purlin_environments::Request;
use purlin_model::{Diagnostic, Digest, Value};
use purlin_packages::{
    Last, Mode, Package, PackageGraph, PackageStore, Plan, Source, Surroundings, Together,
};
use purlin_plugin::language::Argument;

use crate::context::Context;
use crate::definitions;
use crate::failure::Failure;
use crate::repositories::Depth;

pub(crate) use identity::Identities;
pub(crate) use make::How;
pub(crate) use profile::variables;
pub(crate) use targets::Target;

/// The packages of the workspace that the user stands in, for one system.
pub(crate) struct Packages<'a> {
    pub(crate) context: &'a Context,
    pub(crate) opened: Workspace,
    pub(crate) system: String,
    pub(crate) root: PathBuf,
    pub(crate) store: PackageStore,
    pub(crate) sandbox: Mode,
    depth: Depth,
    sources: sources::Sources,
    /// The folders of workspaces and projects, by the files that packages were written in.
    homes: Mutex<HashMap<PathBuf, PathBuf>>,
}

impl<'a> Packages<'a> {
    /// Opens the workspace. Nothing is evaluated yet.
    pub(crate) fn open(context: &'a Context, system: Option<&str>) -> Result<Self, Failure> {
        let system = system.map_or_else(purlin_commands::system, str::to_owned);
        let opened = definitions::open(context, std::slice::from_ref(&system), Depth::Packages)?;
        Self::of(context, opened, system, Depth::Packages)
    }

    /// The packages of a workspace that was opened to that depth.
    pub(crate) fn of(
        context: &'a Context,
        opened: Workspace,
        system: String,
        depth: Depth,
    ) -> Result<Self, Failure> {
        let table = context.document.get("build");
        let sandbox = table.and_then(|build| build.get("sandbox")).and_then(Value::as_str);
        let sandbox = Mode::NAMES.into_iter().find(|(name, _)| Some(*name) == sandbox);
        let root = context.root()?;
        Ok(Self {
            opened,
            system,
            store: PackageStore::open(PackageStore::folder_in(&context.cache)),
            sources: sources::Sources::new(context, &root),
            sandbox: sandbox.map_or(Mode::default(), |(_, mode)| mode),
            root,
            depth,
            context,
            homes: Mutex::default(),
        })
    }

    /// Why packages of repositories were stood in for, where only what is pinned is looked at.
    pub(crate) fn lacking(&self) -> Vec<Diagnostic> {
        self.context.repositories(&self.root).lacking()
    }

    /// Whether what was evaluated has asked repositories for a package with this name, or for this request.
    pub(crate) fn has_asked_for(&self, name: &str) -> bool {
        self.context.repositories(&self.root).has_found(name)
    }

    /// Ends the use of packages for a process that ends, too: what was computed is not taken to pieces,
    /// which would take as long as a part of it took to make.
    pub(crate) fn leave(self, graph: PackageGraph, targets: Vec<Target>) {
        std::mem::forget((graph, targets));
        self.opened.leave();
    }

    /// What is at an output path, evaluated.
    pub(crate) fn value(&self, path: &[String]) -> Result<Argument, Diagnostic> {
        self.opened.value(path)
    }
}

impl Surroundings for Packages<'_> {
    fn requests(
        &self,
        requests: &[String],
        conditions: &[Request],
        by: &Package,
    ) -> Result<Vec<Argument>, Diagnostic> {
        let shown = format!("the package `{}`", by.shown());
        self.requested_together(requests, conditions, &shown, &by.origin)
    }

    fn settled(&self, asked: &[Arc<Together>]) -> Result<(), Diagnostic> {
        self.pinned(asked)
    }

    fn plan(&self, builder: &str, package: &Package) -> Result<Plan, Diagnostic> {
        self.planned(builder, package)
    }

    fn digest(&self, source: &Source, package: &Package) -> Result<Digest, Diagnostic> {
        self.sources.digest(source, &self.home(package), package)
    }

    fn place(
        &self,
        source: &Source,
        package: &Package,
        into: &Path,
        stops: &(dyn Fn() -> bool + Sync),
    ) -> Result<(), Diagnostic> {
        self.sources.place(source, &self.home(package), package, into, stops)
    }

    fn last(&self, id: &str) -> Option<Last> {
        self.last_here(id)
    }

    /// The folder of the workspace or project that a package was written in.
    fn home(&self, package: &Package) -> PathBuf {
        let mut homes = self.homes.lock().unwrap_or_else(PoisonError::into_inner);
        let path = package.origin.path();
        if let Some(known) = homes.get(path) {
            return known.clone();
        }
        let file = self.context.directory.join(path);
        let home = definitions::home(&file).map_or_else(|| self.root.clone(), Path::to_owned);
        homes.insert(path.to_owned(), home.clone());
        home
    }
}
