//! The simplest choice that is right where it answers.

use std::collections::{BTreeMap, HashSet};
use std::rc::Rc;

use serde_json::Value as Json;

use crate::{
    Asked, Chosen, Error, Offer, Offers, Package, Question, Range, Request, Requests, Resolution,
    Resolve, Version,
};

/// Takes the newest version that is in all ranges that are asked of a package, and follows what it needs,
/// until nothing changes. A version that asks for what cannot be had beside the rest is set aside for good,
/// and an older one taken; where nothing is left, the first thing that could not be had is told. That is
/// no search of all choices: a version that was set aside is not tried again with others.
#[derive(Debug, Clone, Copy, Default)]
pub struct FirstFit;

impl Resolve for FirstFit {
    fn resolve(&self, question: &Question, offers: &dyn Offers) -> Result<Resolution, Error> {
        let mut search = Search {
            offers,
            preferred: &question.preferred,
            known: BTreeMap::new(),
            set_aside: BTreeMap::new(),
        };
        let mut first = None;
        loop {
            let stuck = match search.settle(&question.asked) {
                Ok(resolution) => return Ok(resolution),
                Err(stuck) => stuck,
            };
            let error = first.get_or_insert(stuck.error);
            let Some((name, version)) = stuck.culprit else { return Err(error.clone()) };
            search.set_aside.entry(name).or_default().push(version);
        }
    }
}

type Choice = BTreeMap<String, Rc<Chosen>>;

struct Search<'a> {
    offers: &'a dyn Offers,
    preferred: &'a BTreeMap<String, Version>,
    known: BTreeMap<String, Known>,
    /// Versions that ask for what cannot be had.
    set_aside: BTreeMap<String, Vec<Version>>,
}

/// What was asked of repositories about one package.
struct Known {
    /// Newest first.
    offers: Vec<Offer>,
    documents: BTreeMap<Version, (Json, Package)>,
}

/// Why nothing could be chosen, and the version without which something might.
struct Stuck {
    error: Error,
    culprit: Option<(String, Version)>,
}

impl From<Error> for Stuck {
    fn from(error: Error) -> Self {
        Self { error, culprit: None }
    }
}

impl Search<'_> {
    /// Chooses until nothing changes.
    fn settle(&mut self, asked: &[Asked]) -> Result<Resolution, Stuck> {
        let mut choice: Choice = BTreeMap::new();
        let mut seen = HashSet::new();
        loop {
            let (asked, askers) = follow(asked, &choice);
            let next = match self.choose(&asked) {
                Ok(next) => next,
                Err(error) => {
                    let culprit = self.culprit(&error, &asked, &askers, &choice);
                    return Err(Stuck { error, culprit });
                }
            };
            if same(&next, &choice) {
                return Ok(ordered(&next, &asked));
            }
            let state: Vec<String> = next.values().map(described).collect();
            if !seen.insert(state) {
                let names = next.keys().chain(choice.keys());
                let changing = |name: &&String| {
                    next.get(*name).map(described) != choice.get(*name).map(described)
                };
                let mut names: Vec<String> = names.filter(changing).cloned().collect();
                names.sort();
                names.dedup();
                return Err(Error::Unsettled(names).into());
            }
            choice = next;
        }
    }

    /// Of the chosen packages that ask for what cannot be had: the one that was reached last and has
    /// another version, or else the one that was reached last. That nobody has a package is no reason
    /// to go back: more likely a repository is missing.
    fn culprit(
        &self,
        error: &Error,
        asked: &[Asked],
        askers: &[Option<String>],
        choice: &Choice,
    ) -> Option<(String, Version)> {
        let (Error::Incompatible { name, .. } | Error::NoVersion { name, .. }) = error else {
            return None;
        };
        let about_it = asked.iter().zip(askers).rev().filter(|(one, _)| one.request.name == *name);
        let chosen = about_it.filter_map(|(_, by)| choice.get(by.as_ref()?));
        let mut last = None;
        for chosen in chosen {
            let offers = self.known.get(&chosen.offer.name).map(|known| known.offers.as_slice());
            let others = offers.unwrap_or_default().iter().filter(|offer| {
                chosen.request.range.contains(&offer.version) && **offer != chosen.offer
            });
            let found = (chosen.offer.name.clone(), chosen.offer.version.clone());
            if others.count() > 0 {
                return Some(found);
            }
            last.get_or_insert(found);
        }
        last
    }

    /// One version for each package that somebody wants.
    fn choose(&mut self, asked: &[Asked]) -> Result<Choice, Error> {
        let mut requests = Requests::default();
        for one in asked {
            if requests.add(&one.request).is_err() {
                return Err(incompatible(one, asked));
            }
        }
        let mut choice = Choice::new();
        for request in requests.iter().filter(|one| one.is_wanted() && !one.is_ephemeral()) {
            let Some(request) = self.without_set_aside(request) else {
                return Err(self.no_version(&request.name, asked));
            };
            let chosen = self.best(&request, asked, &requests)?;
            choice.insert(request.name.clone(), Rc::new(chosen));
        }
        Ok(choice)
    }

    /// What is asked of a package but for the versions that were set aside: it is what it comes to, and
    /// has a pin of its own. `None` where nothing is left.
    fn without_set_aside(&self, request: &Request) -> Option<Request> {
        let mut request = request.clone();
        for version in self.set_aside.get(&request.name).into_iter().flatten() {
            request.range = request.range.difference(&Range::exactly(version.clone()))?;
        }
        Some(request)
    }

    fn no_version(&self, name: &str, asked: &[Asked]) -> Error {
        let known = self.known.get(name).into_iter().flat_map(|known| &known.offers);
        Error::NoVersion {
            name: name.to_owned(),
            asked: asked.iter().filter(|one| one.request.name == name).cloned().collect(),
            there: known.map(|offer| offer.version.clone()).collect(),
        }
    }

    fn best(
        &mut self,
        request: &Request,
        asked: &[Asked],
        requests: &Requests,
    ) -> Result<Chosen, Error> {
        let name = &request.name;
        let who = || asked.iter().filter(|one| one.request.name == *name).cloned();
        let offers = self.offers;
        if !self.known.contains_key(name) {
            let mut found = offers.versions(name)?;
            found.sort_by(|one, two| two.version.cmp(&one.version));
            self.known.insert(name.clone(), Known { offers: found, documents: BTreeMap::new() });
        }
        let known = self.known.get_mut(name).expect("it was put there above");
        let Some(first) = who().next().filter(|_| known.offers.is_empty()) else {
            let mut fitting =
                known.offers.iter().filter(|offer| request.range.contains(&offer.version));
            let preferred = self.preferred.get(&request.to_string());
            let kept = fitting.clone().find(|offer| preferred == Some(&offer.version));
            let Some(offer) = kept.or_else(|| fitting.next()).cloned() else {
                return Err(self.no_version(name, asked));
            };
            if !known.documents.contains_key(&offer.version) {
                let document = offers.package(&offer)?;
                let package = Package::of_document(&document, &offer)?;
                known.documents.insert(offer.version.clone(), (document, package));
            }
            let (document, package) = &known.documents[&offer.version];
            return Ok(with_variant(request, offer, document, package, requests));
        };
        Err(Error::Unknown { name: name.clone(), asked: Box::new(first) })
    }
}

/// The first variant that nothing speaks against; where something speaks against all, the first, whose
/// requests are then named.
fn with_variant(
    request: &Request,
    offer: Offer,
    document: &Json,
    package: &Package,
    asked: &Requests,
) -> Chosen {
    let fits = |requests: &[Request]| {
        requests.iter().all(|one| !asked.get(&one.name).is_some_and(|two| two.conflicts_with(one)))
    };
    let variant = match package.variants.iter().position(|variant| fits(&variant.requires)) {
        None if package.variants.is_empty() => None,
        found => Some(found.unwrap_or(0)),
    };
    let more = variant.map_or(&[][..], |index| &package.variants[index].requires);
    let requires = package.requires.iter().chain(more).cloned().collect();
    Chosen { request: request.clone(), offer, document: document.clone(), variant, requires }
}

/// What is asked, and what the chosen packages ask in turn, in the order in which they are reached, and
/// which of these packages asks it.
fn follow(asked: &[Asked], choice: &Choice) -> (Vec<Asked>, Vec<Option<String>>) {
    let mut all = asked.to_vec();
    let mut askers = vec![None; all.len()];
    let mut followed = HashSet::new();
    let mut at = 0;
    while at < all.len() {
        let request = &all[at].request;
        at += 1;
        if !request.is_wanted() || !followed.insert(request.name.clone()) {
            continue;
        }
        if let Some(chosen) = choice.get(&request.name) {
            let by = format!("`{}-{}`", chosen.offer.name, chosen.offer.version);
            let more = chosen.requires.iter().cloned();
            all.extend(more.map(|request| Asked { request, by: by.clone() }));
            askers.resize(all.len(), Some(chosen.offer.name.clone()));
        }
    }
    (all, askers)
}

fn same(one: &Choice, two: &Choice) -> bool {
    one.len() == two.len()
        && one.iter().zip(two).all(|((_, one), (_, two))| {
            one.request == two.request && one.offer == two.offer && one.variant == two.variant
        })
}

fn described(chosen: &Rc<Chosen>) -> String {
    format!("{} {}[{:?}]", chosen.request, chosen.offer.version, chosen.variant)
}

/// Names the two that speak against each other, or all where it takes more than two.
fn incompatible(late: &Asked, asked: &[Asked]) -> Error {
    let name = late.request.name.clone();
    let others = asked.iter().filter(|one| one.request.name == name);
    let early = others.clone().find(|one| one.request.conflicts_with(&late.request));
    let asked = match early {
        Some(early) => vec![early.clone(), late.clone()],
        None => others.cloned().collect(),
    };
    Error::Incompatible { name, asked }
}

/// Each behind what it needs, and otherwise in the order of the requests.
fn ordered(choice: &Choice, asked: &[Asked]) -> Resolution {
    let mut resolution = Resolution::default();
    let mut placed = HashSet::new();
    // A package is on the stack twice: to have what it needs placed, and then to be placed itself.
    let wanted = asked.iter().rev().filter(|one| one.request.is_wanted());
    let mut stack: Vec<(&str, bool)> =
        wanted.map(|one| (one.request.name.as_str(), false)).collect();
    let mut opened = HashSet::new();
    while let Some((name, ready)) = stack.pop() {
        let Some(chosen) = choice.get(name) else { continue };
        if ready {
            if placed.insert(name) {
                resolution.packages.push(Chosen::clone(chosen));
            }
        } else if opened.insert(name) {
            stack.push((name, true));
            let needs = chosen.requires.iter().rev().filter(|one| one.is_wanted());
            stack.extend(needs.map(|one| (one.name.as_str(), false)));
        }
    }
    let ephemerals: Vec<Request> = asked.iter().map(|one| one.request.clone()).collect();
    if let Ok(ephemerals) = Requests::of(&ephemerals) {
        resolution.ephemerals =
            ephemerals.iter().filter(|one| one.is_ephemeral()).cloned().collect();
    }
    resolution
}
