//! The packages that needs mean, and their variants.

use std::collections::HashMap;
use std::sync::Arc;

use purlin_environments::Request;
use purlin_model::Diagnostic;
use purlin_plugin::language::Argument;

use super::joint::Obstacle;
use super::maker::{Answer, Chosen, Maker, Part};
use super::{Together, message};
use crate::package::{Need, Package};

/// What is needed beside a package, by name.
type Families<'f> = HashMap<&'f str, &'f Arc<Package>>;

impl Maker<'_> {
    /// The packages that are meant, and of those with variants the first that goes with the others.
    pub(super) fn choose(
        &mut self,
        by: &Arc<Package>,
        needs: Vec<(Part, &Need)>,
    ) -> Result<(Vec<Chosen>, Vec<Request>), Obstacle> {
        let (mut requests, mut conditions) = (Vec::new(), Vec::new());
        for (_, need) in &needs {
            match (need, condition(need)) {
                (_, Some(condition)) => conditions.push(condition),
                (Need::Request(request), None) => requests.push(request),
                (Need::Package(_), None) => {}
            }
        }
        let answer = self.answers(&requests, &conditions, by)?;
        let mut answers = Vec::new();
        if let Some(Answer { asked, found }) = answer {
            self.asked_now.push(asked);
            answers = found;
        }
        let mut answers = answers.into_iter();
        let mut found = Vec::with_capacity(needs.len());
        for (part, need) in needs {
            match need {
                Need::Package(value) => found.push((part, self.package(value, by)?)),
                _ if condition(need).is_some() => {}
                Need::Request(_) => found.extend(answers.next().map(|one| (part, one))),
            }
        }
        let mut families = Families::new();
        for (part, package) in &found {
            // What tests mention is not there when it is built.
            if *part == Part::Test {
                continue;
            }
            let one = families.entry(&package.name).or_insert(package);
            if !one.is_same(package) {
                let packages = [(*one).clone(), package.clone()];
                return Err(Obstacle::Two { by: by.clone(), packages });
            }
        }
        let mut chosen = Vec::with_capacity(found.len());
        for (part, package) in &found {
            let variant = self.variant(package, &families)?;
            chosen.push((*part, package.clone(), variant));
        }
        Ok((chosen, conditions))
    }

    fn variant(
        &mut self,
        package: &Arc<Package>,
        families: &Families<'_>,
    ) -> Result<Option<usize>, Diagnostic> {
        if package.variants.is_empty() {
            return Ok(None);
        }
        let mut clashes = Vec::new();
        for (index, needs) in package.variants.iter().enumerate() {
            let mut clash = None;
            for need in needs {
                clash = clash.or(self.clash(need, package, families)?);
            }
            match clash {
                None => return Ok(Some(index)),
                Some(clash) => clashes.push(format!("variant {index} needs {clash}")),
            }
        }
        Err(message::no_variant(package, &clashes))
    }

    /// What a variant needs, where another one of that name is there.
    fn clash(
        &mut self,
        need: &Need,
        package: &Arc<Package>,
        families: &Families<'_>,
    ) -> Result<Option<String>, Diagnostic> {
        let needed = match need {
            _ if condition(need).is_some() => return Ok(None),
            Need::Request(text) => {
                // A version that is there and in the range will do; another one may be newer.
                let request = text.parse::<Request>().ok();
                let other = request.as_ref().and_then(|request| families.get(&*request.name));
                let fits = other.zip(request.as_ref()).is_some_and(|(other, request)| {
                    other.parsed_version().is_some_and(|one| request.range.contains(&one))
                });
                if fits {
                    return Ok(None);
                }
                self.answers(&[text], &[], package)?
                    .and_then(|answer| answer.found.into_iter().next())
            }
            Need::Package(value) => Some(self.package(value, package)?),
        };
        let clashes = |needed: &Arc<Package>| {
            families.get(&*needed.name).is_some_and(|other| !other.is_same(needed))
        };
        Ok(needed.filter(clashes).map(|needed| needed.shown()))
    }

    /// What requests of one package mean.
    fn answers(
        &mut self,
        requests: &[&String],
        conditions: &[Request],
        by: &Arc<Package>,
    ) -> Result<Option<Answer>, Diagnostic> {
        if requests.is_empty() {
            return Ok(None);
        }
        let asked: Vec<String> = requests.iter().map(|request| self.joint.of(request)).collect();
        let together: Vec<String> =
            asked.iter().cloned().chain(conditions.iter().map(Request::to_string)).collect();
        let answer = match self.answers.get(&together) {
            Some(known) => known.clone(),
            None => {
                let values = self.surroundings.requests(&asked, conditions, by)?;
                let found =
                    values.iter().map(|value| self.package(value, by)).collect::<Result<_, _>>()?;
                let (conditions, by) = (conditions.to_vec(), by.clone());
                let asked = Arc::new(Together { requests: asked, conditions, by });
                let answer = Answer { asked, found };
                self.answers.insert(together, answer.clone());
                answer
            }
        };
        for (request, package) in requests.iter().zip(&answer.found) {
            self.joint.note(request, by, package);
        }
        Ok(Some(answer))
    }

    fn package(&mut self, value: &Argument, by: &Package) -> Result<Arc<Package>, Diagnostic> {
        self.read(value)?.ok_or_else(|| {
            Diagnostic::error(
                "no-package",
                format!("`{}` needs something that is no package", by.shown()),
            )
            .label(by.origin.clone(), "this one")
        })
    }

    /// The package that a value is; one that many need is read once.
    pub(super) fn read(&mut self, value: &Argument) -> Result<Option<Arc<Package>>, Diagnostic> {
        let Argument::Value(handle) = value else {
            let package = Package::of(value)?;
            return Ok(package.map(|package| self.one_of(Arc::new(package))));
        };
        let address = Arc::as_ptr(handle).cast::<()>();
        if let Some((_, known)) = self.seen.get(&address) {
            return Ok(Some(known.clone()));
        }
        let Some(package) = Package::of(value)? else { return Ok(None) };
        let package = self.one_of(Arc::new(package));
        self.seen.insert(address, (handle.clone(), package.clone()));
        Ok(Some(package))
    }

    /// The one that stands for a package and all that say the same in the same file.
    pub(super) fn one_of(&mut self, package: Arc<Package>) -> Arc<Package> {
        let alike = self.read.entry(package.name.clone()).or_default();
        if let Some(known) = alike.iter().find(|one| one.is_same(&package)) {
            return known.clone();
        }
        alike.push(package.clone());
        package
    }
}

/// A request that brings nothing, and only says what may not be there.
fn condition(need: &Need) -> Option<Request> {
    match need {
        Need::Request(text) => text
            .parse::<Request>()
            .ok()
            .filter(|request| !request.is_wanted() || request.is_ephemeral()),
        Need::Package(_) => None,
    }
}
