//! `[repositories]`: where packages come from that no definition supplies. Requests against them are
//! resolved, and what met them is pinned in `purlin.lock`.
//!
//! Nothing is opened, looked for or started before somebody asks for a package.

mod absent;
mod base;
mod message;
mod open;
mod pin;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use purlin_definitions::Catalogue;
use purlin_environments::{
    Asked, Error, FirstFit, Offer, Offers, Question, Request, Resolve, Version,
};
use purlin_host::{LockFile, PackagePin, Plugins};
use purlin_model::{Diagnostic, Diagnostics, Origin, Source, Value};
use purlin_plugin::language::{Argument, LeafType, WrittenLeaf};
use purlin_plugin::message::{PackageKey, PackageVersion};
use serde_json::{Value as Json, json};

use crate::arguments::Global;
use crate::context::Context;

pub(crate) use base::{Base, Depth};
use open::Opened;
pub(crate) use open::check;

/// The version of a package that nobody has asked for its version.
const NO_VERSION: &str = "0";

/// The repositories of one workspace, in the order in which they are asked.
pub(crate) struct Repositories {
    plugins: Arc<Plugins>,
    /// The table `[repositories]`; without one the default repository is asked.
    table: Option<Value>,
    root: PathBuf,
    /// The folder of indexes, where writers of the lock file take turns.
    index: PathBuf,
    global: Global,
    opened: OnceLock<Result<Vec<Opened>, Diagnostics>>,
    leaf: OnceLock<Result<Arc<LeafType>, Diagnostic>>,
    versions: Mutex<HashMap<String, Result<Vec<Offer>, Error>>>,
    /// Versions that count as absent, and why.
    ignored: Mutex<Vec<Ignored>>,
    answers: Mutex<HashMap<String, Answer>>,
    /// The questions whose answers are pinned.
    kept: Mutex<HashSet<String>>,
    /// Why packages were stood in for that should have been resolved.
    lacking: Mutex<Vec<Diagnostic>>,
}

/// What meets some requests.
type Answer = Result<Arc<Found>, Diagnostic>;

/// Packages that meet requests.
pub(crate) struct Found {
    /// Each stands behind what it needs.
    pub(crate) packages: Vec<Package>,
    /// What is to be pinned of them, by request.
    pins: Vec<(String, PackagePin)>,
}

/// A version of a package that cannot be used.
#[derive(Clone)]
struct Ignored {
    name: String,
    version: String,
    repository: String,
    why: String,
}

/// A package from a repository.
#[derive(Clone)]
pub(crate) struct Package {
    /// Its name.
    pub(crate) name: String,
    /// What it says, as its leaf type takes it.
    written: Arc<WrittenLeaf>,
}

impl Package {
    /// The package as definitions see it.
    pub(crate) fn argument(&self) -> Argument {
        Argument::Leaf(self.written.clone())
    }
}

impl Repositories {
    pub(crate) fn new(context: &Context, root: PathBuf) -> Self {
        Self {
            plugins: context.plugins.clone(),
            table: context.document.get("repositories").cloned(),
            root,
            index: context.cache.join("index"),
            global: context.global.clone(),
            opened: OnceLock::new(),
            leaf: OnceLock::new(),
            versions: Mutex::default(),
            ignored: Mutex::default(),
            answers: Mutex::default(),
            kept: Mutex::default(),
            lacking: Mutex::default(),
        }
    }

    /// Resolves requests together, and pins what meets them.
    ///
    /// # Errors
    /// Nothing meets them, a repository cannot be used, or the lock file would have to change and must
    /// not: with [`Depth::Pinned`], too.
    pub(crate) fn resolve(&self, asked: &[Asked], depth: Depth) -> Answer {
        let found = self.find(asked, depth)?;
        self.keep(&[asked], depth).map_err(|(_, trouble)| trouble)?;
        Ok(found)
    }

    /// Pins what meets requests that were found before, all at once.
    ///
    /// # Errors
    /// The lock file would have to change and must not. The number is that of the requests.
    pub(crate) fn keep(&self, all: &[&[Asked]], depth: Depth) -> Result<(), (usize, Diagnostic)> {
        let mut new = Vec::new();
        let mut pins = Vec::new();
        for (place, asked) in all.iter().enumerate().filter(|(_, asked)| !asked.is_empty()) {
            let key = question(asked);
            if !lock(&self.kept).contains(&key) {
                let found = self.find(asked, depth).map_err(|trouble| (place, trouble))?;
                pins.extend(
                    found.pins.iter().map(|(request, pin)| (place, request.clone(), pin.clone())),
                );
                new.push(key);
            }
        }
        if !pins.is_empty() {
            self.pin(&pins, depth == Depth::Pinned)?;
        }
        lock(&self.kept).extend(new);
        Ok(())
    }

    /// Resolves requests together. Whoever uses what is found has it kept, or finds another the next time.
    ///
    /// # Errors
    /// Nothing meets them, a repository cannot be used, or with [`Depth::Pinned`] nothing is pinned.
    pub(crate) fn find(&self, asked: &[Asked], depth: Depth) -> Answer {
        let key = question(asked);
        // Held while it is resolved: several threads ask for one compiler, and none asks it twice.
        let mut answers = lock(&self.answers);
        if let Some(answer) = answers.get(&key) {
            return answer.clone();
        }
        let answer = self.answer(asked, depth).map(Arc::new);
        answers.insert(key, answer.clone());
        answer
    }

    fn answer(&self, asked: &[Asked], depth: Depth) -> Result<Found, Diagnostic> {
        let pins = LockFile::read(&self.root)?.packages();
        // What requests come to is pinned, which is looked for when it is known.
        if let [one] = asked
            && depth == Depth::Pinned
            && pins.values().all(|(pin, _)| pin.name != one.request.name)
        {
            return Err(message::unpinned(&one.request.to_string()));
        }
        self.opened()?;
        let version = |(request, (pin, _)): (&String, &(PackagePin, Origin))| {
            Some((request.clone(), pin.version.parse().ok()?))
        };
        let stays = |(request, (pin, _)): &(&String, &(PackagePin, Origin))| {
            !self.global.moves(request) && !self.global.moves(&pin.name)
        };
        let preferred: BTreeMap<String, Version> =
            pins.iter().filter(stays).filter_map(version).collect();
        let question = Question { asked: asked.to_vec(), preferred };
        let resolution = FirstFit.resolve(&question, self);
        let resolution = resolution.map_err(|error| message::unresolved(self, &error))?;
        self.without_absent(&resolution.packages, &pins)?;
        let pins = resolution.packages.iter().map(pin::of).collect();
        let packages = resolution.packages.into_iter().map(|chosen| self.package(chosen));
        Ok(Found { packages: packages.collect::<Result<_, _>>()?, pins })
    }

    /// A package that was chosen, as its leaf type takes it.
    fn package(&self, chosen: purlin_environments::Chosen) -> Result<Package, Diagnostic> {
        let Offer { name, version, repository, digest } = chosen.offer;
        let leaf = self.leaf()?;
        let mut document = chosen.document;
        if let Json::Object(fields) = &mut document {
            fields.entry("digest").or_insert_with(|| Json::from(digest.as_str()));
        }
        let source = Source::new(format!("<{name}-{version} in {repository}>"), String::new());
        let checked = leaf.schema.validate(&Value::from_json(&document, &Origin::whole(&source)));
        let Some(fields) = checked.value else {
            return Err(message::no_package(&name, &version, &repository, &checked.diagnostics));
        };
        Ok(Package { name, written: WrittenLeaf::new(leaf, fields) })
    }

    /// Why packages were stood in for, one after the other.
    pub(crate) fn lacking(&self) -> Vec<Diagnostic> {
        purlin_model::distinct(lock(&self.lacking).clone())
    }

    fn note_lacking(&self, why: Diagnostic) {
        lock(&self.lacking).push(why);
    }

    /// Whether a package with this name, or for this request, was among those that were found.
    pub(crate) fn has_found(&self, name: &str) -> bool {
        let is_it = |(request, pin): &(String, PackagePin)| request == name || pin.name == name;
        let answers = lock(&self.answers);
        answers.values().flatten().any(|found| found.pins.iter().any(is_it))
    }

    /// What stands for a package that nobody has looked at.
    pub(crate) fn stand_in(&self, request: &Request) -> Result<Argument, Diagnostic> {
        let leaf = self.leaf()?;
        let pins = LockFile::read(&self.root).map(|lock| lock.packages()).unwrap_or_default();
        let pinned = pins.get(&request.to_string()).map(|(pin, _)| pin.version.as_str());
        let fields = json!({
            "name": request.name, "version": pinned.unwrap_or(NO_VERSION), "impure": true,
        });
        let origin = Origin::whole(&Source::new("<repositories>", String::new()));
        Ok(Argument::Leaf(WrittenLeaf::new(leaf, Value::from_json(&fields, &origin))))
    }

    /// The names of all packages that are there, in repositories that are.
    ///
    /// # Errors
    /// A repository cannot be used or does not answer.
    pub(crate) fn families(&self) -> Result<Vec<String>, Diagnostic> {
        let mut names = Vec::new();
        for one in self.opened()? {
            names.extend(one.families()?);
        }
        Ok(names)
    }

    fn opened(&self) -> Result<&[Opened], Diagnostic> {
        let opened = self.opened.get_or_init(|| open::open(self));
        opened.as_deref().map_err(|mistakes| {
            mistakes.first().cloned().unwrap_or_else(|| {
                Diagnostic::error("repository", "the repositories cannot be opened")
            })
        })
    }

    /// The leaf type of packages.
    fn leaf(&self) -> Result<Arc<LeafType>, Diagnostic> {
        let load = || {
            let catalogue = Catalogue::of(&self.plugins);
            let leaf = catalogue.package_leaf().ok_or_else(message::no_leaf)?;
            leaf.leaf_type().map_err(|mut mistakes| mistakes.remove(0))
        };
        self.leaf.get_or_init(load).clone()
    }
}

impl Offers for Repositories {
    fn versions(&self, name: &str) -> Result<Vec<Offer>, Error> {
        if let Some(known) = lock(&self.versions).get(name) {
            return known.clone();
        }
        let found = self.look(name);
        lock(&self.versions).insert(name.to_owned(), found.clone());
        found
    }

    fn package(&self, offer: &Offer) -> Result<Json, Error> {
        let opened = self.opened().map_err(|trouble| Error::Repository(trouble.summary))?;
        let of = opened.iter().find(|one| one.name == offer.repository);
        let key = PackageKey { name: offer.name.clone(), version: offer.version.to_string() };
        let document = of.and_then(|one| one.document(&key).transpose()).transpose();
        let document = document.map_err(|trouble| Error::Repository(trouble.summary))?;
        document.ok_or_else(|| {
            let (name, version) = (&offer.name, &offer.version);
            let why =
                format!("the repository `{}` has no {name} {version} any more", offer.repository);
            Error::Repository(why)
        })
    }
}

impl Repositories {
    /// All versions of a package, each from the first repository that has it.
    fn look(&self, name: &str) -> Result<Vec<Offer>, Error> {
        let opened = self.opened().map_err(|trouble| Error::Repository(trouble.summary))?;
        let mut offers: Vec<Offer> = Vec::new();
        for one in opened {
            let versions =
                one.versions(name).map_err(|trouble| Error::Repository(trouble.summary))?;
            for PackageVersion { name, version, digest, ignored, .. } in versions {
                if let Some(why) = &ignored {
                    let (name, version) = (name.clone(), version.clone());
                    let (repository, why) = (one.name.clone(), why.clone());
                    lock(&self.ignored).push(Ignored { name, version, repository, why });
                }
                let Ok(version) = version.parse::<Version>() else { continue };
                let is_new = offers.iter().all(|offer| offer.version != version);
                if is_new && ignored.is_none() {
                    let repository = one.name.clone();
                    offers.push(Offer { name, version, repository, digest });
                }
            }
        }
        match self.absent() {
            Some(trouble) if offers.is_empty() => Err(Error::Repository(trouble.summary)),
            _ => Ok(offers),
        }
    }
}

/// What is asked, as one text.
fn question(asked: &[Asked]) -> String {
    let texts: Vec<String> = asked.iter().map(|one| one.request.to_string()).collect();
    texts.join(" ")
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
