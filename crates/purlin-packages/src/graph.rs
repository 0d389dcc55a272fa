//! Packages with all that they need, each once, those that others need first.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use purlin_commands::Action;
use purlin_environments::{Request, Version};
use purlin_model::{Diagnostic, Digest};
use purlin_plugin::language::Argument;

use crate::key::{self, KeyedNeed};
use crate::package::{Need, Package, Source};
use crate::store::PackageStore;
use crate::text::Roots;

/// What the graph asks of whoever has it made.
pub trait Surroundings: Sync {
    /// The package that a request means: one of the workspace, or of a repository.
    ///
    /// # Errors
    /// There is none.
    fn request(&self, request: &str, by: &Package) -> Result<Argument, Diagnostic>;

    /// What a plugin's builder makes of a package.
    ///
    /// # Errors
    /// There is no such builder, or it failed.
    fn plan(&self, builder: &str, package: &Package) -> Result<Plan, Diagnostic>;

    /// The digest of a source, without making it.
    ///
    /// # Errors
    /// It cannot be read.
    fn digest(&self, source: &Source, package: &Package) -> Result<Digest, Diagnostic>;

    /// Puts a source into a folder, which is not there yet; what is built may change it. A single file
    /// stands in the folder under its name.
    ///
    /// # Errors
    /// It cannot be fetched, is another than it should be, or cannot be written.
    fn place(
        &self,
        source: &Source,
        package: &Package,
        into: &Path,
        stops: &(dyn Fn() -> bool + Sync),
    ) -> Result<(), Diagnostic>;

    /// The folder that relative paths of a package start from.
    fn home(&self, package: &Package) -> PathBuf;
}

/// How a package is built.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Plan {
    /// The shell text that builds.
    pub build: Option<String>,
    /// The shell text that installs.
    pub install: Option<String>,
    /// Process variables of both.
    pub env: BTreeMap<String, String>,
    /// Requests for what else it is built with.
    pub packages: Vec<String>,
}

/// A package in a graph.
#[derive(Debug)]
pub struct Node {
    /// What it says.
    pub package: Arc<Package>,
    /// Which of its variants this is.
    pub variant: Option<usize>,
    /// What users are shown; each is there once in a graph.
    pub id: String,
    /// What it needs to run.
    pub runs_with: Vec<usize>,
    /// What is passed on to what is built with it.
    pub passes_on: Vec<usize>,
    /// What it is built with, in the order in which it says so.
    pub built_with: Vec<usize>,
    /// What its tests mention besides.
    pub tested_with: Vec<usize>,
    /// What may not be there when it runs or is built.
    conditions: Vec<Request>,
    /// The roots of packages that its texts mention.
    pub roots: Roots,
    /// What is run to build it; `None` for what is installed elsewhere.
    pub action: Option<Action>,
    /// The identity of what comes of it.
    pub key: Digest,
    /// What the key is made of, by label.
    pub parts: BTreeMap<String, String>,
    /// Where it is, or will be; `None` for one that has only needs.
    pub prefix: Option<PathBuf>,
}

/// Packages with all that they need.
#[derive(Debug, Default)]
pub struct PackageGraph {
    /// Each behind what it needs.
    pub nodes: Vec<Node>,
    by_identity: HashMap<(String, Option<usize>), usize>,
}

/// One package under way.
struct Frame {
    package: Arc<Package>,
    variant: Option<usize>,
    plan: Plan,
    needs: Vec<Chosen>,
    conditions: Vec<Request>,
    next: usize,
}

/// A package that is needed, which of its variants, and in which way.
type Chosen = (Part, Arc<Package>, Option<usize>);

/// In which way something is needed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Run,
    PassOn,
    Build,
    Test,
}

/// What makes a graph.
pub struct Maker<'a> {
    system: &'a str,
    store: &'a PackageStore,
    surroundings: &'a dyn Surroundings,
    graph: PackageGraph,
    requested: HashMap<String, Arc<Package>>,
    /// Packages that were read, by the texts that stand for them.
    read: HashMap<String, Arc<Package>>,
    by_key: HashMap<Digest, usize>,
    ids: HashSet<String>,
}

impl<'a> Maker<'a> {
    /// One that has nothing yet.
    #[must_use]
    pub fn new(
        system: &'a str,
        store: &'a PackageStore,
        surroundings: &'a dyn Surroundings,
    ) -> Self {
        Self {
            system,
            store,
            surroundings,
            graph: PackageGraph::default(),
            requested: HashMap::new(),
            read: HashMap::new(),
            by_key: HashMap::new(),
            ids: HashSet::new(),
        }
    }

    /// Adds a package, all of its variants, with all that it needs.
    ///
    /// # Errors
    /// What stands in the way, at its place.
    pub fn add(&mut self, value: &Argument) -> Result<Vec<usize>, Diagnostic> {
        let Some(package) = self.read(value)? else {
            return Err(Diagnostic::error("no-package", "this is not a package"));
        };
        self.add_package(&package)
    }

    /// Adds a package that is known already.
    ///
    /// # Errors
    /// What stands in the way.
    pub fn add_package(&mut self, package: &Arc<Package>) -> Result<Vec<usize>, Diagnostic> {
        let variants: Vec<Option<usize>> = match package.variants.len() {
            0 => vec![None],
            count => (0..count).map(Some).collect(),
        };
        variants.into_iter().map(|variant| self.enter(package, variant)).collect()
    }

    /// Adds what something needs, as if a package with that name needed it to run; with the roots that
    /// stand for them in texts.
    ///
    /// # Errors
    /// What stands in the way.
    pub fn add_needs(
        &mut self,
        needs: &[Need],
        by: &Package,
    ) -> Result<(Vec<usize>, Roots), Diagnostic> {
        let (found, _) = self.choose(by, needs.iter().map(|need| (Part::Run, need)))?;
        let (mut indexes, mut roots) = (Vec::new(), Roots::default());
        for (_, package, variant) in found {
            let index = self.enter(&package, variant)?;
            let node = &self.graph.nodes[index];
            if let Some(prefix) = &node.prefix {
                roots.add(&package.identity, prefix, node.key);
            }
            indexes.push(index);
        }
        Ok((indexes, roots))
    }

    /// The graph.
    ///
    /// # Errors
    /// Two packages of one name would be there at once, or one that may not be there.
    pub fn finish(self) -> Result<PackageGraph, Diagnostic> {
        self.graph.check()?;
        Ok(self.graph)
    }

    /// The graph so far.
    #[must_use]
    pub fn graph(&self) -> &PackageGraph {
        &self.graph
    }

    /// Adds one variant, without recursion: chains may be long.
    fn enter(
        &mut self,
        package: &Arc<Package>,
        variant: Option<usize>,
    ) -> Result<usize, Diagnostic> {
        let known = |graph: &PackageGraph, package: &Package, variant| {
            graph.by_identity.get(&(package.place.clone(), variant)).copied()
        };
        let mut stack = Vec::new();
        if known(&self.graph, package, variant).is_none() {
            stack.push(self.frame(package, variant)?);
        }
        while let Some(frame) = stack.last_mut() {
            if let Some((_, needed, which)) = frame.needs.get(frame.next) {
                let (needed, which) = (needed.clone(), *which);
                frame.next += 1;
                if known(&self.graph, &needed, which).is_some() {
                    continue;
                }
                if let Some(start) = stack
                    .iter()
                    .position(|one| one.package.place == needed.place && one.variant == which)
                {
                    return Err(cycle(&stack[start..]));
                }
                let frame = self.frame(&needed, which)?;
                stack.push(frame);
            } else if let Some(frame) = stack.pop() {
                let index = self.settle(&frame)?;
                let key = (frame.package.place.clone(), frame.variant);
                self.graph.by_identity.insert(key, index);
            }
        }
        known(&self.graph, package, variant).ok_or_else(|| {
            Diagnostic::error("no-package", format!("`{}` could not be added", package.shown()))
        })
    }

    fn frame(
        &mut self,
        package: &Arc<Package>,
        variant: Option<usize>,
    ) -> Result<Frame, Diagnostic> {
        if !package.systems.is_empty() && !package.systems.iter().any(|one| one == self.system) {
            return Err(Diagnostic::error(
                "package-system",
                format!("`{}` is not for {}", package.shown(), self.system),
            )
            .label(package.origin.clone(), format!("it is for {}", package.systems.join(", "))));
        }
        let plan = match &package.builder {
            Some((builder, _)) if package.root.is_none() => {
                let mut plan = self.surroundings.plan(builder, package)?;
                plan.build = package.build.clone().or(plan.build);
                plan.install = package.install.clone().or(plan.install);
                plan
            }
            _ => Plan {
                build: package.build.clone(),
                install: package.install.clone(),
                ..Plan::default()
            },
        };
        let own = variant.and_then(|variant| package.variants.get(variant));
        let extra: Vec<Need> = plan.packages.iter().cloned().map(Need::Request).collect();
        let (mentions, of_tests) = package.mentioned(&plan);
        let needs = package
            .build_requires
            .iter()
            .map(|need| (Part::PassOn, need))
            .chain(package.private_build_requires.iter().map(|need| (Part::Build, need)))
            .chain(own.into_iter().flatten().map(|need| (Part::Run, need)))
            .chain(package.requires.iter().map(|need| (Part::Run, need)))
            .chain(mentions.iter().map(|need| (Part::Build, need)))
            .chain(extra.iter().map(|need| (Part::Build, need)))
            .chain(of_tests.iter().map(|need| (Part::Test, need)));
        let (needs, conditions) = self.choose(package, needs)?;
        Ok(Frame { package: package.clone(), variant, plan, needs, conditions, next: 0 })
    }

    /// The packages that are meant, and of those with variants the first that goes with the others.
    fn choose<'n>(
        &mut self,
        by: &Package,
        needs: impl Iterator<Item = (Part, &'n Need)>,
    ) -> Result<(Vec<Chosen>, Vec<Request>), Diagnostic> {
        let (mut found, mut conditions) = (Vec::new(), Vec::new());
        for (part, need) in needs {
            match condition(need) {
                Some(condition) => conditions.push(condition),
                None => found.push((part, self.package(need, by)?)),
            }
        }
        let mut families: BTreeMap<String, String> = BTreeMap::new();
        for (_, package) in found.iter().filter(|(part, _)| *part != Part::Test) {
            let one = families.entry(package.name.clone()).or_insert(package.place.clone());
            if *one != package.place {
                let others =
                    found.iter().map(|(_, one)| one).filter(|one| one.name == package.name);
                let all: Vec<&Arc<Package>> = others.collect();
                return Err(two_of_one(by, &all));
            }
        }
        let mut chosen = Vec::new();
        for (part, package) in found {
            let variant = self.variant(&package, &families)?;
            chosen.push((part, package, variant));
        }
        Ok((chosen, conditions))
    }

    fn variant(
        &mut self,
        package: &Arc<Package>,
        families: &BTreeMap<String, String>,
    ) -> Result<Option<usize>, Diagnostic> {
        if package.variants.is_empty() {
            return Ok(None);
        }
        let mut clashes = Vec::new();
        for (index, needs) in package.variants.iter().enumerate() {
            let mut clash = None;
            for need in needs {
                if condition(need).is_some() {
                    continue;
                }
                let needed = self.package(need, package)?;
                let other = families.get(&needed.name).filter(|other| **other != needed.place);
                if other.is_some() {
                    clash = Some(needed.shown());
                }
            }
            match clash {
                None => return Ok(Some(index)),
                Some(clash) => clashes.push(format!("variant {index} needs {clash}")),
            }
        }
        Err(Diagnostic::error(
            "no-variant",
            format!("no variant of `{}` goes with what else is needed", package.shown()),
        )
        .label(package.origin.clone(), "this package")
        .detail(clashes.join("\n")))
    }

    /// The package that a value is; one that many need is read once.
    fn read(&mut self, value: &Argument) -> Result<Option<Arc<Package>>, Diagnostic> {
        let placeholder = match value {
            Argument::Value(handle) => handle.placeholder().zip(handle.origin()),
            _ => None,
        };
        let placeholder =
            placeholder.map(|(one, origin)| format!("{one}\n{}", origin.path().display()));
        if let Some(known) = placeholder.as_ref().and_then(|one| self.read.get(one)) {
            return Ok(Some(known.clone()));
        }
        let package = Package::of(value)?.map(Arc::new);
        if let (Some(placeholder), Some(package)) = (placeholder, &package) {
            self.read.insert(placeholder, package.clone());
        }
        Ok(package)
    }

    fn package(&mut self, need: &Need, by: &Package) -> Result<Arc<Package>, Diagnostic> {
        let value = match need {
            Need::Package(value) => value.clone(),
            Need::Request(request) => {
                if let Some(known) = self.requested.get(request) {
                    return Ok(known.clone());
                }
                self.surroundings.request(request, by)?
            }
        };
        let Some(package) = self.read(&value)? else {
            return Err(Diagnostic::error(
                "no-package",
                format!("`{}` needs something that is no package", by.shown()),
            )
            .label(by.origin.clone(), "this one"));
        };
        if let Need::Request(request) = need {
            self.requested.insert(request.clone(), package.clone());
        }
        Ok(package)
    }

    /// Adds a package whose needs are all there.
    fn settle(&mut self, frame: &Frame) -> Result<usize, Diagnostic> {
        let package = &frame.package;
        let (mut runs_with, mut passes_on, mut built_with) = (Vec::new(), Vec::new(), Vec::new());
        let (mut tested_with, mut roots) = (Vec::new(), Roots::default());
        for (part, needed, variant) in &frame.needs {
            let place = (needed.place.clone(), *variant);
            let Some(index) = self.graph.by_identity.get(&place).copied() else { continue };
            let list = match part {
                Part::Run => Some(&mut runs_with),
                Part::PassOn => Some(&mut passes_on),
                Part::Build | Part::Test => None,
            };
            let others = match part {
                Part::Test => &mut tested_with,
                _ => &mut built_with,
            };
            for list in list.into_iter().chain([others]) {
                if !list.contains(&index) {
                    list.push(index);
                }
            }
            let node = &self.graph.nodes[index];
            if let Some(prefix) = &node.prefix {
                roots.add(&needed.identity, prefix, node.key);
            }
        }
        let home = self.surroundings.home(package);
        let needs: Vec<KeyedNeed> = built_with
            .iter()
            .map(|index| {
                let node = &self.graph.nodes[*index];
                let runs = runs_with.contains(index);
                KeyedNeed { id: &node.id, key: node.key, runs, passes: passes_on.contains(index) }
            })
            .collect();
        let env: Vec<(String, String)> = package
            .env
            .iter()
            .map(|(name, value)| (name.clone(), roots.fill(value).keyed))
            .collect();
        let keyed = key::Keyed { package, variant: frame.variant, system: self.system, env };
        let (action, (key, parts), prefix) = if package.is_built() {
            let action = key::action(&frame.plan, &roots);
            let digest = |source| self.surroundings.digest(source, package);
            let source = package.source.as_ref().map(digest).transpose()?;
            let prefix = (!package.relocatable).then(|| self.store.folder());
            let (key, parts) = keyed.built(&action, source, &needs, prefix);
            let prefix = self.store.prefix(key, &package.file_name());
            (Some(action), (key, parts), Some(prefix))
        } else {
            let root = package.root.as_ref().map(|root| home.join(root));
            (None, keyed.described(root.as_deref(), &needs), root)
        };
        // Two that differ in what does not matter are one.
        if let Some(same) = self.by_key.get(&key) {
            return Ok(*same);
        }
        let id = self.id(package, frame.variant);
        let index = self.graph.nodes.len();
        let package = package.clone();
        let variant = frame.variant;
        self.graph.nodes.push(Node {
            package,
            variant,
            id,
            runs_with,
            passes_on,
            built_with,
            tested_with,
            conditions: frame.conditions.clone(),
            roots,
            action,
            key,
            parts,
            prefix,
        });
        self.by_key.insert(key, index);
        Ok(index)
    }

    fn id(&mut self, package: &Package, variant: Option<usize>) -> String {
        let id = match variant {
            Some(variant) => format!("{}#{variant}", package.shown()),
            None => package.shown(),
        };
        let more = (2_usize..).map(|number| format!("{id} ({number})"));
        let mut names = std::iter::once(id.clone()).chain(more);
        names.find(|name| self.ids.insert(name.clone())).unwrap_or(id)
    }
}

impl PackageGraph {
    /// These with all that is needed to run them, each once, nearest first.
    #[must_use]
    pub fn to_run(&self, roots: &[usize]) -> Vec<usize> {
        self.closure(roots, |node| node.runs_with.clone())
    }

    /// What is there when something is built with these.
    #[must_use]
    pub fn to_build(&self, roots: &[usize]) -> Vec<usize> {
        self.closure(roots, |node| node.runs_with.iter().chain(&node.passes_on).copied().collect())
    }

    /// Everything that takes part in making one, itself left out.
    #[must_use]
    pub fn made_of(&self, index: usize) -> Vec<usize> {
        let all = |node: &Node| -> Vec<usize> {
            node.built_with.iter().chain(&node.runs_with).chain(&node.passes_on).copied().collect()
        };
        self.closure(&all(&self.nodes[index]), all)
    }

    fn closure(&self, roots: &[usize], next: impl Fn(&Node) -> Vec<usize>) -> Vec<usize> {
        let mut seen = vec![false; self.nodes.len()];
        let mut found: Vec<usize> = Vec::new();
        let mut place = 0;
        for root in roots {
            if !std::mem::replace(&mut seen[*root], true) {
                found.push(*root);
            }
        }
        while let Some(index) = found.get(place).copied() {
            place += 1;
            for needed in next(&self.nodes[index]) {
                if !std::mem::replace(&mut seen[needed], true) {
                    found.push(needed);
                }
            }
        }
        found
    }

    /// Sees to it that no two packages of one name are there at once, and none that may not be there.
    fn check(&self) -> Result<(), Diagnostic> {
        let mut families: HashMap<&str, usize> = HashMap::new();
        for node in &self.nodes {
            *families.entry(&node.package.name).or_default() += 1;
        }
        let several = families.values().any(|count| *count > 1);
        for (index, node) in self.nodes.iter().enumerate() {
            if !several && node.conditions.is_empty() {
                continue;
            }
            let mut there: BTreeMap<&str, usize> = BTreeMap::new();
            for one in self.to_build(&node.built_with) {
                let package = &self.nodes[one].package;
                if let Some(condition) = node.conditions.iter().find(|one| excludes(one, package)) {
                    return Err(excluded(&node.package, condition, package));
                }
                if let Some(other) = there.insert(&package.name, one)
                    && one != index
                {
                    let both = [&self.nodes[other].package, package];
                    return Err(two_of_one(&node.package, &both));
                }
            }
        }
        Ok(())
    }
}

fn cycle(frames: &[Frame]) -> Diagnostic {
    let mut names: Vec<String> = frames.iter().map(|frame| frame.package.shown()).collect();
    names.extend(names.first().cloned());
    let mut told = Diagnostic::error("package-cycle", "packages need each other in a circle")
        .detail(format!("cycle: {}", names.join(" -> ")));
    for frame in frames {
        told = told.label(frame.package.origin.clone(), "this one");
    }
    told
}

/// A request that brings nothing, and only says what may not be there.
fn condition(need: &Need) -> Option<Request> {
    match need {
        Need::Request(text) => text.parse::<Request>().ok().filter(|request| !request.is_wanted()),
        Need::Package(_) => None,
    }
}

fn excludes(condition: &Request, package: &Package) -> bool {
    let version = package.version.as_deref().unwrap_or_default().parse::<Version>();
    condition.name == package.name
        && condition.excluded().is_some_and(|range| version.is_ok_and(|one| range.contains(&one)))
}

fn excluded(by: &Package, condition: &Request, package: &Package) -> Diagnostic {
    Diagnostic::error(
        "package-conflict",
        format!("`{}` does not go with {}", by.shown(), package.shown()),
    )
    .label(by.origin.clone(), format!("it says `{condition}`"))
    .label(package.origin.clone(), "and needs this one")
}

fn two_of_one(by: &Package, packages: &[&Arc<Package>]) -> Diagnostic {
    let mut told = Diagnostic::error(
        "two-of-one",
        format!("`{}` needs two different packages `{}`", by.shown(), packages[0].name),
    )
    .label(by.origin.clone(), "this one needs both")
    .help("let both be the same one, or give one another name".to_owned());
    let mut seen = Vec::new();
    for package in packages {
        if !seen.contains(&&package.place) {
            seen.push(&package.place);
            told = told.label(package.origin.clone(), package.shown());
        }
    }
    told
}
