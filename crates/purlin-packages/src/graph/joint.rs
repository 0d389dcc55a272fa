//! Requests for one package that meet where something is built or run.
//!
//! Each request is resolved by itself at first: who needs an old compiler holds nobody back. Where two
//! packages of one name would be there at once, what asks for them has to be one request for that graph: the
//! versions that are in all of their ranges. Then everything that led there is made once more.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use purlin_environments::Request;
use purlin_model::Diagnostic;

use super::message;
use crate::package::Package;

/// Why a part of a graph cannot be made as it is.
#[derive(Debug)]
pub(super) enum Obstacle {
    /// For good.
    Told(Diagnostic),
    /// Two packages of one name where one is needed.
    Two { by: Arc<Package>, packages: [Arc<Package>; 2] },
    /// A package that something says may not be there.
    Excluded { by: Arc<Package>, condition: Request, package: Arc<Package> },
}

impl From<Diagnostic> for Obstacle {
    fn from(diagnostic: Diagnostic) -> Self {
        Self::Told(diagnostic)
    }
}

/// Requests that have to be one.
#[derive(Debug, Default)]
pub(super) struct Joint {
    groups: Vec<BTreeSet<String>>,
    /// The packages that requests have led to, by their places, and who has asked first.
    asked: BTreeMap<String, Vec<(String, Arc<Package>)>>,
}

impl Joint {
    /// What is asked in place of a request.
    pub(super) fn of(&self, request: &str) -> String {
        if self.groups.is_empty() {
            return request.to_owned();
        }
        let group = self.groups.iter().find(|group| group.contains(request));
        let merged = group.and_then(merged);
        merged.map_or_else(|| request.to_owned(), |merged| merged.to_string())
    }

    /// Notes what a request has led to.
    pub(super) fn note(&mut self, request: &str, by: &Arc<Package>, package: &Package) {
        let asked = self.asked.entry(package.place()).or_default();
        if asked.iter().all(|(known, _)| known != request) {
            asked.push((request.to_owned(), by.clone()));
        }
    }

    /// What is known without what has met; what has met stays here, and what requests have led to is
    /// forgotten.
    pub(super) fn apart(&mut self) -> Self {
        Self { groups: Vec::new(), asked: std::mem::take(&mut self.asked) }
    }

    /// Forgets what requests have led to, before they are resolved once more.
    pub(super) fn begin(&mut self) {
        self.asked.clear();
    }

    /// Takes an obstacle out of the way, by what has led there being one request. Returns what is to be told
    /// if that is no way.
    ///
    /// # Errors
    /// That is no way.
    pub(super) fn meet(&mut self, obstacle: Obstacle) -> Result<Diagnostic, Diagnostic> {
        match obstacle {
            Obstacle::Told(diagnostic) => Err(diagnostic),
            Obstacle::Excluded { by, condition, package } => {
                let mut requests = self.requests_of(&package);
                let refused = || message::excluded(&by, &condition, &package);
                if requests.is_empty() {
                    return Err(refused());
                }
                requests.push(condition.to_string());
                if self.join(&requests) { Ok(refused()) } else { Err(refused()) }
            }
            Obstacle::Two { by, packages: [one, two] } => {
                let mut requests = self.requests_of(&one);
                requests.extend(self.requests_of(&two));
                let refused = || message::two_of_one(&by, &[&one, &two]);
                if requests.is_empty() {
                    return Err(refused());
                }
                // What is no answer to a request stays as it is, and an older version goes before a newer
                // one where they are answers to the same.
                let fixed = [&one, &two].into_iter().find(|one| self.requests_of(one).is_empty());
                let is_one =
                    self.groups.iter().any(|group| requests.iter().all(|one| group.contains(one)));
                let settled =
                    fixed.or_else(|| (is_one || all_same(&requests)).then(|| older(&one, &two)));
                if let Some(settled) = settled {
                    let Some(version) = settled.version.as_ref() else { return Err(refused()) };
                    requests.push(format!("{}=={version}", settled.name));
                }
                requests.sort();
                requests.dedup();
                if self.join(&requests) {
                    return Ok(refused());
                }
                let asked = self.askers(&requests);
                if asked.len() < 2 {
                    return Err(refused());
                }
                let asked: Vec<(String, &Package)> =
                    asked.iter().map(|(request, by)| (request.clone(), &**by)).collect();
                Err(message::no_common(&by, &one.name, &asked))
            }
        }
    }

    fn requests_of(&self, package: &Package) -> Vec<String> {
        let asked = self.asked.get(&package.place()).into_iter().flatten();
        asked.map(|(request, _)| request.clone()).collect()
    }

    /// The requests with who asks, those that somebody asks.
    fn askers(&self, requests: &[String]) -> Vec<(String, Arc<Package>)> {
        let all = || self.asked.values().flatten();
        let by = |request: &String| all().find(|(known, _)| known == request).cloned();
        requests.iter().filter_map(by).collect()
    }

    /// Makes one of these requests and of all that they have met before. False where nothing changes, or
    /// where no version is in all of them.
    fn join(&mut self, requests: &[String]) -> bool {
        let mut group: BTreeSet<String> = requests.iter().cloned().collect();
        let (met, apart): (Vec<_>, Vec<_>) = std::mem::take(&mut self.groups)
            .into_iter()
            .partition(|one| one.intersection(&group).next().is_some());
        let is_new = met.len() != 1 || !met[0].is_superset(&group);
        group.extend(met.into_iter().flatten());
        let is_possible = merged(&group).is_some();
        self.groups = apart;
        self.groups.push(group);
        is_new && is_possible
    }
}

fn merged(group: &BTreeSet<String>) -> Option<Request> {
    let mut requests = group.iter().map(|text| text.parse::<Request>());
    let first = requests.next()?.ok()?;
    // Names of the workspace may be written in several ways, and are not merged then.
    requests.try_fold(first, |all, one| {
        one.ok().filter(|one| one.name == all.name).and_then(|one| all.merged(&one))
    })
}

fn all_same(requests: &[String]) -> bool {
    requests.iter().all(|one| *one == requests[0])
}

fn older<'p>(one: &'p Arc<Package>, two: &'p Arc<Package>) -> &'p Arc<Package> {
    if two.parsed_version() < one.parsed_version() { two } else { one }
}
