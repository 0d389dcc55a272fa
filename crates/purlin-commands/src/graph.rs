//! From definitions to instances: which commands run, what each depends on, and in which order.

mod assemble;
mod builder;
mod cache;
mod catalogue;
mod dotenv;
mod edit;
mod environment;
mod instance;
mod narrow;
mod odd;
mod order;
mod prepare;
mod reach;
mod reads;
mod request;
mod select;
mod shared;
mod unmatched;
mod unnamed;
mod writers;

use std::collections::HashSet;
use std::path::Path;
use std::sync::{Arc, OnceLock};

use purlin_model::{Diagnostic, distinct};
use purlin_plugin::manifest::Hot;

use crate::needs::Amounts;
use crate::remote::Remote;

use builder::Builder;
pub use edit::Refusal;
pub(crate) use instance::Answers;
pub use instance::{Instance, Outside};
pub use prepare::{Place, Prepared};
pub(crate) use reads::two_writers;
pub use request::{Request, Selection};
use shared::Folders;
use writers::Writers;

/// The instances of a run. Producers come before those who depend on them.
#[derive(Debug)]
pub struct Graph {
    /// Instances, in an order in which they could run one by one.
    pub instances: Vec<Instance>,
    /// What programs share while they run, and how much of it there is.
    pub pools: Amounts,
    /// Runs only those that were asked for, not what they depend on.
    pub isolated: bool,
    /// What is odd but no error.
    pub warnings: Vec<Diagnostic>,
    /// Who may write where, once that was asked.
    writers: OnceLock<Writers>,
    file_names: OnceLock<HashSet<String>>,
    folders: OnceLock<Folders>,
}

/// Where the results of an instance are kept.
#[derive(Debug, Clone)]
pub enum CacheChoice {
    /// Nowhere: it has no dependencies.
    NoDependencies,
    /// Nowhere: its cache keeps nothing.
    Nothing {
        /// Name of the cache.
        name: String,
    },
    /// In a store of this machine, and maybe elsewhere too.
    Local {
        /// Name of the cache.
        name: String,
        /// In the user's folder or the workspace's, or for the length of a run.
        hot: Hot,
        /// What else keeps them.
        remote: Option<Arc<Remote>>,
        /// Outputs are put back as links to what is kept.
        links: bool,
    },
}

impl CacheChoice {
    /// The cache's name as users know it.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::NoDependencies => "none",
            Self::Nothing { name } | Self::Local { name, .. } => name,
        }
    }
}

impl CacheChoice {
    /// True where the copy that is kept is in the workspace.
    #[must_use]
    pub(crate) fn is_in_workspace(&self) -> bool {
        matches!(self, Self::Local { hot: Hot::Workspace, .. })
    }
}

impl Graph {
    /// Builds the graph of a request.
    ///
    /// # Errors
    /// Every mistake of every command that the request reaches.
    pub fn build(request: &Request<'_>) -> Result<Self, Vec<Diagnostic>> {
        let mut builder = Builder::new(request);
        builder.select()?;
        Self::of(builder)
    }

    /// The graph of what a builder has selected.
    fn of(mut builder: Builder<'_>) -> Result<Self, Vec<Diagnostic>> {
        let request = builder.request;
        builder.reach();
        let mut diagnostics = std::mem::take(&mut builder.diagnostics);
        let is_whole = diagnostics.is_empty();
        let (order, mut circles) = order::sort(&mut builder.found);
        diagnostics.append(&mut circles);
        if !is_whole {
            diagnostics.extend(builder.warnings());
            return Err(told_once(diagnostics));
        }
        let warnings = distinct(builder.warnings());
        let mut graph = Self {
            instances: assemble::assemble(builder, &order),
            pools: request.definitions.pools.clone(),
            isolated: false,
            warnings,
            writers: OnceLock::new(),
            file_names: OnceLock::new(),
            folders: OnceLock::new(),
        };
        graph.expand(request, &mut diagnostics);
        let writers = Writers::new(&graph);
        reads::check_reads(&graph, &writers, &mut diagnostics);
        reads::check_writes(&graph, &writers, &mut diagnostics);
        if diagnostics.is_empty() { Ok(graph) } else { Err(told_once(diagnostics)) }
    }

    /// Asks for the answers that are read from files, but for those that a producer writes.
    fn expand(&mut self, request: &Request<'_>, diagnostics: &mut Vec<Diagnostic>) {
        let reads_files = |one: &Instance| {
            one.dependencies.iter().any(|dependency| !dependency.input_paths().is_empty())
        };
        let writers = self.instances.iter().any(reads_files).then(|| Writers::new(self));
        let expander = request.expander();
        for index in 0..self.instances.len() {
            let defers = writers.as_ref().map(|all| reads::defer(self, all, index, diagnostics));
            let defers = defers.unwrap_or_default();
            let instance = &mut self.instances[index];
            let environment = instance.environment.as_deref();
            for (place, dependency) in instance.dependencies.iter_mut().enumerate() {
                let deferred = defers.get(place).copied().unwrap_or_default();
                if !deferred
                    && let Err(mut errors) = environment::expand(dependency, environment, &expander)
                {
                    diagnostics.append(&mut errors);
                }
            }
            if let Err(mut errors) = instance.compile_inputs() {
                diagnostics.append(&mut errors);
            }
        }
    }

    /// Dependencies that name nothing, as warnings: a file or folder that is not there and that no
    /// command writes, a pattern that no file matches, a `!` with nothing to take out; and artifacts
    /// that are not where they seem to be. Looks at the disk.
    #[must_use]
    pub fn missing_inputs(&self, root: &Path) -> Vec<Diagnostic> {
        let mut warnings = reads::missing_inputs(self, root);
        warnings.extend(unmatched::unmatched(self, root));
        warnings.extend(odd::odd_artifacts(self, root));
        distinct(warnings)
    }

    /// Whether `index` runs after `producer`.
    #[must_use]
    pub fn depends_on(&self, index: usize, producer: usize) -> bool {
        reach::Reach::new(self).depends_on(index, producer)
    }
}

/// Each mistake once, and what is wrong with a variable of the context at its first use alone.
fn told_once(diagnostics: Vec<Diagnostic>) -> Vec<Diagnostic> {
    let mut seen = HashSet::new();
    let mut told = distinct(diagnostics);
    told.retain(|one| {
        let of_context = matches!(one.code.as_str(), "missing-context" | "context-type");
        !of_context || seen.insert(one.summary.clone())
    });
    told
}
