//! An open workspace, and what can be asked of it.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::atomic::AtomicUsize;
use std::sync::{Arc, Mutex, OnceLock};

use purlin_model::{Diagnostic, Value, distinct};
use purlin_plugin::language::{Argument, Language, Namespace};

use crate::board::{Board, Key, lock};
use crate::catalogue::Catalogue;
use crate::contribution::Content;
use crate::engine::{Engine, PACKAGE_ROLE, Revision};
use crate::entry::{Entry, Target};
use crate::explain::Explanation;
use crate::file::SourceFiles;
use crate::graph::Graph;
use crate::inputs::Inputs;
use crate::merge::Standing;
use crate::project::Fetch;
use crate::show::{Names, Shown};
use crate::system::DEFAULT_SYSTEMS;
use crate::{Name, project};

/// As many outputs as are looked for each by itself.
const FEW: usize = 8;

/// What a workspace is opened with.
pub struct Setup {
    /// Its folder, absolute.
    pub root: PathBuf,
    /// The folder as users are shown it; empty where they stand.
    pub shown: PathBuf,
    /// Its `purlin.toml`.
    pub document: Value,
    /// Only these systems, whatever the document says.
    pub systems: Option<Vec<String>>,
    /// What plugins provide.
    pub catalogue: Catalogue,
    /// The language of definitions. It loads files from `files`.
    pub language: Arc<dyn Language>,
    /// The files of the workspace.
    pub files: Arc<SourceFiles>,
    /// What is there before anybody defines anything, besides the constructors of leaves.
    pub base: Option<Arc<dyn Namespace>>,
    /// What `inputs.self` is.
    pub revision: Option<Revision>,
    /// Who gets inputs here.
    pub inputs: Option<Arc<dyn Inputs>>,
    /// Who fetches projects that are in repositories.
    pub fetch: Option<Fetch>,
}

/// An open workspace: definitions, and the outputs that they become. What is asked for is computed
/// once, and nothing else is.
pub struct Workspace {
    pub(crate) engine: Arc<Engine>,
}

impl Workspace {
    /// Opens a workspace and finds the projects that it is made of. Nothing is evaluated, and no
    /// plugin is loaded. What is wrong is told by [`Workspace::problems`].
    #[must_use]
    pub fn open(setup: Setup) -> Self {
        let Setup { root, shown, document, systems, mut catalogue, language, files, base, .. } =
            setup;
        let (revision, inputs, fetch) = (setup.revision, setup.inputs, setup.fetch);
        let (projects, problems) =
            project::open(&catalogue, &files, &root, &shown, &document, fetch.as_ref());
        let configured = projects.iter().flat_map(|one| one.document.systems.iter().flatten());
        catalogue.systems = configured.cloned().collect();
        catalogue.systems.sort_unstable();
        catalogue.systems.dedup();
        let is_restricted = systems.is_some();
        let systems = systems.map(|all| all.iter().map(|one| Name::from(one.as_str())).collect());
        let systems = systems
            .or_else(|| projects[0].document.systems.clone())
            .unwrap_or_else(|| DEFAULT_SYSTEMS.map(Name::from).to_vec());
        let packages = catalogue.sections_with_role(PACKAGE_ROLE);
        let shared = catalogue.shared_sections();
        let engine = Arc::new_cyclic(|me| Engine {
            me: me.clone(),
            language,
            files,
            catalogue,
            base,
            revision,
            inputs,
            systems,
            is_restricted,
            projects,
            packages,
            shipped: OnceLock::new(),
            shared,
            board: Board::default(),
            points: Mutex::default(),
            rules: Mutex::default(),
            outputs: Mutex::default(),
            failed: Mutex::default(),
            composed: Mutex::default(),
            questions: AtomicUsize::new(0),
            suggested: AtomicUsize::new(0),
            problems: Mutex::new(problems),
        });
        Self { engine }
    }

    /// Ends the use of a workspace for a process that ends, too: what was computed is not taken to
    /// pieces, which would take as long as a part of it took to make. Plugins are let go of.
    pub fn leave(self) {
        let Some(engine) = Arc::into_inner(self.engine) else { return };
        let Engine { language, files, projects, board, outputs, .. } = engine;
        std::mem::forget((language, files, projects, board, outputs));
    }

    /// The systems that it is for.
    #[must_use]
    pub fn systems(&self) -> Vec<String> {
        self.engine.systems.iter().map(ToString::to_string).collect()
    }

    /// Whether a name is that of a system: a known one, or one that the workspace or a project is for.
    #[must_use]
    pub fn is_system(&self, name: &str) -> bool {
        self.engine.catalogue.is_system(name)
    }

    /// What was found to be wrong so far, besides what questions were answered with: mistakes in
    /// files, folders that cannot be mapped, warnings.
    #[must_use]
    pub fn problems(&self) -> Vec<Diagnostic> {
        distinct(lock(&self.engine.problems).clone())
    }

    /// The names at and below an output path, without evaluating anything. An empty path means all
    /// outputs.
    ///
    /// # Errors
    /// There is nothing at the path, or a plugin that makes it failed.
    pub fn names(&self, path: &[String]) -> Result<Names, Diagnostic> {
        self.engine.names_at(path)
    }

    /// Whether other names are below an output path, and no value is there.
    ///
    /// # Errors
    /// Those of [`Workspace::names`].
    pub fn is_branch(&self, path: &[String]) -> Result<bool, Diagnostic> {
        if path.is_empty() {
            return Ok(true);
        }
        let place = self.engine.place(path)?;
        let standing = place.node().map(|node| place.tree.standing(node, None));
        Ok(!matches!(standing, Some(Standing::Leaf(..) | Standing::Conflict(_))))
    }

    /// The document of `show PATH`: the value at the path, or a branch whose leaves are not evaluated
    /// and told by their types.
    ///
    /// # Errors
    /// There is nothing at the path, its values exclude each other, or it cannot be evaluated.
    pub fn show(&self, path: &[String]) -> Result<Shown<'_>, Diagnostic> {
        self.engine.shown(path)
    }

    /// The value at an output path, evaluated.
    ///
    /// # Errors
    /// Those of [`Workspace::show`]; a branch has no value.
    pub fn value(&self, path: &[String]) -> Result<Argument, Diagnostic> {
        self.engine.value(path)
    }

    /// Evaluates what is at many output paths at once, on all processors. What came of each is told by
    /// [`Workspace::value`], which has nothing left to do then.
    pub fn evaluate(&self, paths: &[Vec<String>]) {
        // Many are found in the list of all, which is made once.
        if paths.len() > FEW {
            let roots: BTreeSet<&String> = paths.iter().filter_map(|path| path.first()).collect();
            for root in roots {
                let _ = self.engine.output_tree(0, &root.as_str().into(), None);
            }
        }
        let key = |path: &Vec<String>| -> Option<Key> {
            let place = self.engine.place(path).ok()?;
            let Standing::Leaf(output, _) = place.tree.standing(place.node()?, None) else {
                return None;
            };
            let Content::Lazy(lazy) = &output.content else { return None };
            match &lazy.as_any()?.downcast_ref::<Entry>()?.target {
                Target::Definition(key) => Some(key.clone()),
                Target::Conflict(..) => None,
            }
        };
        let keys: Vec<Key> = paths.iter().filter_map(key).collect();
        self.engine.force_all(&keys);
    }

    /// Who wrote what is at an output path, and what became of everything else there. A path of
    /// definitions, without a system, will do as well.
    ///
    /// # Errors
    /// There is nothing at the path.
    pub fn explain(&self, path: &[String]) -> Result<Explanation, Diagnostic> {
        self.engine.explanation(path)
    }

    /// The value that [`Workspace::explain`] tells of, evaluated.
    ///
    /// # Errors
    /// Those of [`Workspace::value`].
    pub fn explained(&self, path: &[String]) -> Result<Argument, Diagnostic> {
        self.engine.explained(path)
    }

    /// Why a name or path is not there: a note that says where it was looked for and what is near.
    #[must_use]
    pub fn explain_missing(&self, name: &str) -> Diagnostic {
        self.engine.why_missing(name)
    }

    /// Everything that is wrong: conflicts, circles, names that nobody supplies, leaves that do not
    /// fit, sections that nobody reads. All definitions are evaluated for all systems.
    #[must_use]
    pub fn check(&self) -> Vec<Diagnostic> {
        self.engine.check()
    }

    /// Which definitions ask for which, for one system.
    #[must_use]
    pub fn graph(&self, system: &str) -> Graph {
        self.engine.graph(system)
    }
}
