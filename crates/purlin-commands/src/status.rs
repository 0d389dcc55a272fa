//! What a run would do, without doing it: `run --ls` and `run --why`.

use std::cell::LazyCell;
use std::collections::BTreeMap;

use purlin_store::{FileState, Listing, RelativePath};
use purlin_store::{Node, Tree};

use crate::graph::{CacheChoice, Graph, Instance};
use crate::key::{Change, Contribution, Key};
use crate::record::{Header, Record};
use crate::run::{Seen, Snapshot};
use crate::session::Session;
use crate::side_by_side;
use crate::step::{self, Step};

/// What a run would find for one instance.
#[derive(Debug, Clone)]
pub struct Status {
    /// Whether there is a result.
    pub cache: CacheStatus,
    /// Why it would run, or why it would not, in words.
    pub reason: String,
    /// What differs from the last run here.
    pub changes: Vec<Change>,
    /// The last run here.
    pub last: Option<Header>,
}

/// Whether there is a result.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CacheStatus {
    /// There is one, and it would be used.
    Warm,
    /// There is none.
    Cold,
    /// None is ever kept.
    Uncached,
}

impl CacheStatus {
    /// Its name in `--json`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Warm => "warm",
            Self::Cold => "cold",
            Self::Uncached => "uncached",
        }
    }
}

/// What is known of an instance before those who depend on it are looked at.
struct Predicted {
    contribution: Contribution,
    tree: Option<Tree>,
}

/// How much is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Told {
    /// Whether there is a result, and nothing else.
    Cache,
    /// Everything: what differs from the last run takes longer to find out than all the rest.
    All,
}

/// Looks at all instances of a graph, in order. Nothing is run or restored; what was hashed on the
/// way is remembered in the private folder.
#[must_use]
pub fn statuses(graph: &Graph, session: &Session<'_>, told: Told) -> Vec<Status> {
    let mut snapshot = Snapshot::take(graph, session);
    let needed = needed(graph);
    if let Some(snapshot) = &mut snapshot {
        // What cannot be read does not count.
        snapshot.add_outputs(graph, session, |index| needed[index]);
    }
    // Those that nobody has to go before are looked at side by side.
    let free = |index: &usize| graph.instances[*index].before().next().is_none();
    let mut seen = |index| snapshot.as_mut().and_then(|snapshot| snapshot.seen(index));
    let alone: Vec<_> =
        (0..graph.instances.len()).filter(free).map(|index| (index, seen(index))).collect();
    let alone = side_by_side::map(alone, |(index, seen)| {
        (index, look(graph, session, index, seen, &[], told, needed[index]))
    });
    let mut alone = alone.into_iter().peekable();
    let mut predicted: Vec<Option<Predicted>> = Vec::with_capacity(graph.instances.len());
    let mut statuses = Vec::with_capacity(graph.instances.len());
    for (index, &is_needed) in needed.iter().enumerate() {
        let (status, outcome) = match alone.next_if(|(known, _)| *known == index) {
            Some((_, looked)) => looked,
            None => look(graph, session, index, seen(index), &predicted, told, is_needed),
        };
        statuses.push(status);
        let made =
            is_needed && !graph.runs(index) && !graph.instances[index].action.artifacts.is_empty();
        predicted.push(if made { stood_by(session, &graph.instances[index]) } else { outcome });
    }
    // That it cannot be kept changes nothing.
    if session.prepare().is_ok() {
        let _ = session.files.save();
    }
    statuses
}

/// Whose artifacts somebody depends on: what there is of those of others tells nothing.
fn needed(graph: &Graph) -> Vec<bool> {
    let mut needed = vec![false; graph.instances.len()];
    for instance in &graph.instances {
        let outside = instance.outside.iter().filter_map(|outside| outside.position);
        instance.producers.iter().copied().chain(outside).for_each(|index| needed[index] = true);
    }
    needed
}

fn look(
    graph: &Graph,
    session: &Session<'_>,
    index: usize,
    seen: Option<Seen>,
    predicted: &[Option<Predicted>],
    told: Told,
    is_needed: bool,
) -> (Status, Option<Predicted>) {
    let instance = &graph.instances[index];
    let last = Record::header(&session.records(), &instance.id);
    let record = LazyCell::new(|| Record::read(&session.records(), &instance.id));
    let status =
        |cache, reason: String, changes| Status { cache, reason, changes, last: last.clone() };
    let store = match (&instance.cache, session.store(&instance.cache)) {
        (CacheChoice::NoDependencies, _) => {
            return (
                status(
                    CacheStatus::Uncached,
                    "it has no deps, so it is never cached".into(),
                    Vec::new(),
                ),
                uncached(graph, session, index, predicted),
            );
        }
        (cache, None) => {
            let reason = format!("its cache `{}` keeps nothing", cache.name());
            let known = uncached(graph, session, index, predicted);
            return (status(CacheStatus::Uncached, reason, Vec::new()), known);
        }
        (_, Some(store)) => store,
    };
    let cold = |reason: String, changes| (status(CacheStatus::Cold, reason, changes), None);
    let mut producers = Vec::new();
    let mut trees = Vec::new();
    for producer in &instance.producers {
        let id = &graph.instances[*producer].id;
        let Some(Some(known)) = predicted.get(*producer) else {
            return cold(
                format!("`{id}` runs before it, and what that gives is not known yet"),
                Vec::new(),
            );
        };
        producers.push((id.clone(), known.contribution));
        trees.extend(&known.tree);
    }
    for outside in instance.outside.iter().filter(|outside| !outside.artifacts.is_empty()) {
        let id = &outside.id;
        let tree = match outside.position.map(|place| predicted.get(place)) {
            Some(Some(Some(Predicted { tree: Some(tree), .. }))) => Ok(tree.clone()),
            Some(_) => {
                let reason = format!("`{id}` runs before it, and what that gives is not known yet");
                return cold(reason, Vec::new());
            }
            None => step::found(session, &outside.outputs, id, &instance.command.origin),
        };
        match tree {
            Ok(tree) => {
                let digest = step::identity(session, &outside.outputs, &tree);
                producers.push((id.clone(), Contribution::Artifacts(digest)));
            }
            Err(_) => return cold(format!("the artifacts of `{id}` cannot be read"), Vec::new()),
        }
    }
    let looked = match seen {
        Some(seen) => instance.answers().map(|answers| (answers, seen)),
        None => contributed(graph, session, index, predicted)
            .and_then(|producers| Step::silent(session, graph, index, producers).seen_now()),
    };
    let Some((answers, Seen { listing, outputs })) = looked else {
        let read = instance.dependencies.iter().any(|one| one.expansion.is_none());
        let what = match read {
            true => "its dependencies are read from files that another command writes",
            false => "what it runs in is not known yet",
        };
        return cold(what.to_owned(), Vec::new());
    };
    let listing = with_outputs(listing, graph, index, &trees);
    let key = Key::new(instance.identity(&answers, &session.variables), &producers, listing);
    let changes = || match told {
        Told::Cache => Vec::new(),
        Told::All => record.as_ref().map(|record| key.changes_since(record)).unwrap_or_default(),
    };
    let header = last.as_ref();
    let why_cold = || match told {
        Told::Cache => cold(String::new(), Vec::new()),
        Told::All => match &*record {
            None => cold(step::FIRST.to_owned(), Vec::new()),
            Some(record) => {
                let gone = step::gone(&session.root, instance, header);
                cold(step::explain(&key, record, gone), changes())
            }
        },
    };
    match store.result(key.digest) {
        Ok(Some(result)) => {
            let outcome = is_needed.then(|| {
                let origin = &instance.command.origin;
                let patterns = &instance.action.outputs;
                let now = step::tree_of(session, patterns, &instance.id, origin, outputs);
                let tree = restored(&now.unwrap_or_default(), &record, &result.tree);
                let contribution = match instance.action.artifacts[..] {
                    [] => Contribution::Key(key.digest),
                    _ => Contribution::Artifacts(step::identity(session, patterns, &tree)),
                };
                Predicted { contribution, tree: Some(tree) }
            });
            let reason = match result.exit_code {
                Some(0) => "its result is in the cache".to_owned(),
                _ => "its failure is in the cache".to_owned(),
            };
            if !step::counts(instance, &key, header) {
                // It runs for what it installs; what it gives others is kept all the same.
                return (why_cold().0, outcome);
            }
            (status(CacheStatus::Warm, reason, changes()), outcome)
        }
        Ok(None) => why_cold(),
        Err(error) => cold(format!("the cache has a problem: {error}"), changes()),
    }
}

/// What one that takes no part in the run has made before.
fn stood_by(session: &Session<'_>, instance: &Instance) -> Option<Predicted> {
    let tree = step::on_disk(session, instance).ok()?;
    let digest = step::identity(session, &instance.action.outputs, &tree);
    let contribution = Contribution::Artifacts(digest);
    Some(Predicted { contribution, tree: Some(tree) })
}

/// What an uncached instance gives is known beforehand only when it is nothing but the order, or when
/// it will find again what it found when it made what is there.
fn uncached(
    graph: &Graph,
    session: &Session<'_>,
    index: usize,
    predicted: &[Option<Predicted>],
) -> Option<Predicted> {
    let instance = &graph.instances[index];
    if instance.action.artifacts.is_empty() {
        return Some(Predicted { contribution: Contribution::Order, tree: None });
    }
    let last = Record::header(&session.records(), &instance.id)?;
    let producers = contributed(graph, session, index, predicted)?;
    let step = Step::silent(session, graph, index, producers);
    (last.succeeded && step.is_current(false)).then(|| stood_by(session, instance))?
}

/// What the producers of an instance contribute, if what they give is what is there now.
fn contributed(
    graph: &Graph,
    session: &Session<'_>,
    index: usize,
    predicted: &[Option<Predicted>],
) -> Option<Vec<(String, Contribution)>> {
    let producers = graph.instances[index].producers.iter().map(|producer| {
        let known = predicted.get(*producer)?.as_ref()?;
        let instance = &graph.instances[*producer];
        if let Some(tree) = &known.tree
            && !instance.action.artifacts.is_empty()
            && step::on_disk(session, instance).ok()? != *tree
        {
            return None;
        }
        Some((instance.id.clone(), known.contribution))
    });
    producers.collect()
}

/// The artifacts as they will be once a result is in place: what others have put there stays.
fn restored<F: FnOnce() -> Option<Record>>(
    now: &Tree,
    record: &LazyCell<Option<Record>, F>,
    tree: &Tree,
) -> Tree {
    if now.entries().iter().all(|(path, _)| tree.get(path).is_some()) {
        return tree.clone();
    }
    let own = |path: &RelativePath| {
        record.as_ref().is_some_and(|record| record.written.get(path).is_some())
    };
    step::united(step::filtered(now, |path| !own(path)), tree)
}

/// The inputs as they will be once the producers' outputs are in place.
fn with_outputs(listing: Listing, graph: &Graph, index: usize, trees: &[&Tree]) -> Listing {
    let Some(patterns) = graph.instances[index].inputs.as_ref().filter(|_| !trees.is_empty())
    else {
        return listing;
    };
    let mut files: BTreeMap<_, FileState> = listing.files.into_iter().collect();
    for (path, node) in trees.iter().flat_map(|tree| tree.entries()) {
        // A file that is listed, or named without wildcards, counts; one that git ignores and a
        // wildcard meets does not, and whether it is ignored only the walk knows.
        let counts = files.contains_key(path)
            || patterns.literals().any(|literal| path.starts_with(literal) || path == literal);
        if let Node::File { digest, size, executable } = node
            && counts
            && patterns.matches(path)
        {
            let state =
                FileState { digest: *digest, size: *size, executable: *executable, symlink: false };
            files.insert(path.clone(), state);
        }
    }
    Listing { files: files.into_iter().collect() }
}
