//! The workspace and the projects that it is made of, read without evaluating anything.

mod git;
mod open;

use std::collections::{HashMap, HashSet};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, OnceLock};

use purlin_model::Origin;

use crate::engine::Engine;
use crate::file::SourceRoot;
use crate::merge::Tree;
use crate::read::{Choice, Document};
use crate::{Contribution, Name, ProjectPlace};

pub use git::{Fetch, Fetched, GitProject};
pub(crate) use open::open;

/// A workspace or one of its projects.
pub(crate) struct Project {
    pub(crate) place: Arc<ProjectPlace>,
    pub(crate) root: SourceRoot,
    /// The repository that it was fetched from, by itself or with the project that it is part of.
    pub(crate) repository: Option<Repository>,
    pub(crate) document: Document,
    /// What it is made of itself, directly.
    pub(crate) children: Vec<Child>,
    /// For each `[[use]]`, whether it takes part: those that form a circle do not.
    pub(crate) sound: Vec<bool>,
    /// What its own files define, by section.
    pub(crate) original: OnceLock<HashMap<Name, Arc<Tree>>>,
    /// The same as plugins extended it.
    pub(crate) extended: Mutex<HashMap<Name, Arc<Tree>>>,
    /// The same together with what its projects define.
    pub(crate) joined: Mutex<HashMap<Name, Arc<JoinedTree>>>,
}

/// What a project was fetched from.
#[derive(Debug, Clone)]
pub(crate) struct Repository {
    /// Its address.
    pub(crate) url: String,
    pub(crate) commit: String,
    /// When that was made, in seconds since 1970.
    pub(crate) modified: Option<i64>,
    /// The folder with everything of it, without symbolic links.
    pub(crate) real: PathBuf,
}

/// A project as another one uses it.
pub(crate) struct Child {
    pub(crate) name: Name,
    pub(crate) index: usize,
    pub(crate) export: bool,
    /// Whether what it puts out here is evaluated with the packages of who uses it.
    pub(crate) adopt: bool,
    pub(crate) accept_override: Vec<(String, Origin)>,
}

/// A project whose definitions become outputs of another one.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Exported {
    /// The names that lead to it from there.
    pub(crate) chain: Vec<Name>,
    pub(crate) index: usize,
    /// The workspace or project whose packages its definitions get there: itself, unless somebody on the
    /// way adopts it.
    pub(crate) world: usize,
}

/// A section of a project together with what its projects define: where names are looked up.
pub(crate) struct JoinedTree {
    pub(crate) tree: Arc<Tree>,
    /// For each definition of a child's, what stands for it here; by address.
    pub(crate) standing_for: HashMap<usize, Arc<Contribution>>,
}

impl Engine {
    /// The projects below one that it exports, each once, by the shortest way.
    pub(crate) fn exported(&self, project: usize) -> Vec<Exported> {
        let mut seen = HashSet::from([project]);
        let mut found = vec![Exported { chain: Vec::new(), index: project, world: project }];
        let mut next = 0;
        while let Some(Exported { chain, index, world }) = found.get(next) {
            let (chain, world) = (chain.clone(), *world);
            for child in self.projects[*index].children.iter().filter(|child| child.export) {
                if seen.insert(child.index) {
                    let chain = chain.iter().cloned().chain([child.name.clone()]).collect();
                    let world = if child.adopt { world } else { child.index };
                    found.push(Exported { chain, index: child.index, world });
                }
            }
            next += 1;
        }
        found.split_off(1)
    }
}

impl Project {
    pub(crate) fn new(place: ProjectPlace, root: SourceRoot, document: Document) -> Self {
        let sound = vec![true; document.uses.len()];
        Self {
            place: Arc::new(place),
            root,
            repository: None,
            document,
            children: Vec::new(),
            sound,
            original: OnceLock::new(),
            extended: Mutex::default(),
            joined: Mutex::default(),
        }
    }

    /// The file with the workspace's functions.
    pub(crate) fn star_file(&self) -> PathBuf {
        self.root.folder.join("purlin.star")
    }

    /// The project that an entry of `[choose]` means, by names that lead to it from here.
    pub(crate) fn chosen<'a>(&self, projects: &'a [Self], choice: &Choice) -> Option<&'a Self> {
        let mut children = &self.children;
        let mut found = None;
        for name in &choice.project {
            let child = children.iter().find(|child| child.name == *name)?;
            let project = &projects[child.index];
            children = &project.children;
            found = Some(project);
        }
        found
    }
}

impl JoinedTree {
    /// What stands for a definition here; itself where nothing does.
    pub(crate) fn of(&self, definition: &Arc<Contribution>) -> Arc<Contribution> {
        let address = Arc::as_ptr(definition) as usize;
        self.standing_for.get(&address).unwrap_or(definition).clone()
    }
}
