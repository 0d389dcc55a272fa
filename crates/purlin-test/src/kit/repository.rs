//! Checks of the `repository` point.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Barrier;

use purlin_environments::{Request, Version};
use purlin_plugin::message::{
    ErrorCode, PackageKey, PackageVariant, PackageVersion, PluginError, RepositoryContext,
};
use serde_json::{Value as Json, json};

use super::cases::RepositoryCase;
use super::code::Started;
use super::place::Place;
use super::trial::{Finding, Problem, Trial, ensure, failed, told};

/// The name of a package that nobody has.
const NOTHING: &str = "purlin-kit-no-such-package";

/// How many versions the kit asks more about: a repository may have thousands.
const LOOKED_AT: usize = 50;

/// One case with what it is asked about.
struct Asked<'a> {
    trial: &'a Trial<'a>,
    case: &'a RepositoryCase,
    place: Place,
}

pub(super) fn answers(trial: &Trial<'_>) -> Finding {
    for asked in all(trial)? {
        let started = trial.start()?;
        let failed =
            |error: PluginError| failed(format!("{}: {}", asked.case.config, told(&error)));
        let mut families = asked.families(&started).map_err(failed)?;
        families.sort();
        let versions = asked.versions(&started, &families).map_err(failed)?;
        if let Some(expected) = &asked.case.families {
            let mut expected = expected.clone();
            expected.sort();
            ensure(families == expected, || format!("it has {families:?}, not {expected:?}"))?;
        }
        let documents = asked.packages(&started, &keys(&versions)).map_err(failed)?;
        let Some(expected) = &asked.case.packages else { continue };
        ensure(documents.len() == expected.len(), || {
            format!("it has {} versions, not {}", documents.len(), expected.len())
        })?;
        for (document, expected) in documents.iter().zip(expected) {
            for (field, value) in expected {
                let given = document.get(field).unwrap_or(&Json::Null);
                ensure(given == value, || format!("`{field}` is {given}, not {value}"))?;
            }
        }
    }
    Ok(())
}

pub(super) fn well_formed(trial: &Trial<'_>) -> Finding {
    for asked in all(trial)? {
        let started = trial.start()?;
        let families = asked.families(&started)?;
        for name in &families {
            let request = name.parse::<Request>().ok();
            let is_name = request.is_some_and(|one| one.is_wanted() && one.name == *name);
            ensure(
                is_name && !name.starts_with('.') && !name.contains(char::is_whitespace),
                || format!("{name:?} cannot be asked for"),
            )?;
        }
        let mut seen = BTreeSet::new();
        for one in asked.versions(&started, &families)? {
            let version: Version =
                one.version.parse().map_err(|error| failed(format!("{error}")))?;
            ensure(!one.digest.is_empty(), || format!("{}-{version} has no digest", one.name))?;
            ensure(seen.insert((one.name.clone(), version)), || {
                format!("{}-{} is there twice", one.name, one.version)
            })?;
        }
    }
    Ok(())
}

pub(super) fn documents(trial: &Trial<'_>) -> Finding {
    for asked in all(trial)? {
        let started = trial.start()?;
        let families = asked.families(&started)?;
        let keys = keys(&asked.versions(&started, &families)?);
        let found = asked.packages(&started, &keys);
        let found = found.map_err(|error| failed(told(&error)))?;
        ensure(found.len() == keys.len(), || {
            format!("{} documents for {} versions", found.len(), keys.len())
        })?;
        for (key, document) in keys.iter().zip(&found) {
            let of = |field: &str| document.get(field).and_then(Json::as_str);
            let names_itself = of("name") == Some(&key.name) && of("version") == Some(&key.version);
            ensure(names_itself, || {
                format!("the document of {}-{} is {document}", key.name, key.version)
            })?;
            let needs = document.get("requires").and_then(Json::as_array);
            for text in needs.into_iter().flatten() {
                let request = text.as_str().unwrap_or_default().parse::<Request>();
                request
                    .map_err(|error| failed(format!("{}-{}: {error}", key.name, key.version)))?;
            }
        }
    }
    Ok(())
}

pub(super) fn unknown(trial: &Trial<'_>) -> Finding {
    for asked in all(trial)? {
        let started = trial.start()?;
        let versions = asked.versions(&started, &[NOTHING.to_owned()])?;
        ensure(versions.is_empty(), || format!("it has {versions:?}"))?;
        let key = PackageKey { name: NOTHING.to_owned(), version: "1".to_owned() };
        let refused = asked.packages(&started, &[key]).err().map(|error| error.code);
        ensure(refused == Some(ErrorCode::NotFound), || {
            format!("a document that it does not have is refused as {refused:?}")
        })?;
    }
    Ok(())
}

pub(super) fn asked(trial: &Trial<'_>) -> Finding {
    for asked in all(trial)? {
        let started = trial.start()?;
        let families = asked.families(&started)?;
        let each = families.iter().take(LOOKED_AT).map(std::slice::from_ref);
        for names in each.chain([&[][..]]) {
            let versions = asked.versions(&started, names)?;
            let other = versions.iter().find(|one| !names.contains(&one.name));
            ensure(other.is_none(), || format!("asked for {names:?}, it answers {other:?}"))?;
            ensure(names.is_empty() || !versions.is_empty(), || {
                format!("{} is one of its packages and has no versions", names[0])
            })?;
        }
    }
    Ok(())
}

pub(super) fn same_answer(trial: &Trial<'_>) -> Finding {
    for asked in all(trial)? {
        let first = trial.start()?;
        let one = asked.everything(&first)?;
        for other in [asked.everything(&first)?, asked.everything(&trial.start()?)?] {
            ensure(one == other, || format!("{one} and then {other}"))?;
        }
    }
    Ok(())
}

pub(super) fn at_once(trial: &Trial<'_>) -> Finding {
    const CALLS: usize = 8;
    for asked in all(trial)? {
        let started = trial.start()?;
        let alone = asked.everything(&started)?;
        if asked.everything(&started)? != alone {
            // The check of that tells.
            continue;
        }
        let together = Barrier::new(CALLS);
        let call = || {
            together.wait();
            asked.everything(&started)
        };
        let answers: Vec<_> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..CALLS).map(|_| scope.spawn(call)).collect();
            threads.into_iter().map(std::thread::ScopedJoinHandle::join).collect()
        });
        for answer in answers {
            let answer = answer.map_err(|_| failed("a call has panicked"))?;
            let answer = answer.map_err(|error| failed(told(&error)))?;
            ensure(answer == alone, || format!("{alone} and then {answer}"))?;
        }
    }
    Ok(())
}

pub(super) fn fetch(trial: &Trial<'_>) -> Finding {
    for asked in all(trial)? {
        let started = trial.start()?;
        let families = asked.families(&started)?;
        let versions = asked.versions(&started, &families)?;
        for key in keys(&versions).into_iter().take(3) {
            let bring = || -> Result<Option<BTreeMap<String, Vec<u8>>>, Problem> {
                let place = Place::new(None, None, &BTreeMap::new())?;
                match asked.fetch(&started, &key, &place.root()) {
                    Ok(()) => {}
                    Err(error) if error.code == ErrorCode::Unsupported => return Ok(None),
                    Err(error) => return Err(failed(told(&error))),
                }
                let files = place.files()?.into_iter();
                let read = |path: String| {
                    let bytes = std::fs::read(place.root().join(&path))?;
                    Ok((path, bytes))
                };
                Ok(Some(files.map(read).collect::<Result<_, std::io::Error>>()?))
            };
            let (one, other) = (bring()?, bring()?);
            ensure(one == other, || {
                format!("{}-{} has other files the second time", key.name, key.version)
            })?;
        }
    }
    Ok(())
}

fn all<'a>(trial: &'a Trial<'a>) -> Result<Vec<Asked<'a>>, Problem> {
    let cases = trial.cases.repository.of(trial.feature())?.iter();
    let asked = |case: &'a RepositoryCase| {
        let place = trial.place(case.folder.as_deref(), &case.files)?;
        Ok(Asked { trial, case, place })
    };
    cases.map(asked).collect()
}

/// The first of them in the order of names and versions.
fn keys(versions: &[PackageVersion]) -> Vec<PackageKey> {
    let key =
        |one: &PackageVersion| PackageKey { name: one.name.clone(), version: one.version.clone() };
    let mut keys: Vec<PackageKey> = versions.iter().map(key).collect();
    keys.sort_by(|one, two| (&one.name, &one.version).cmp(&(&two.name, &two.version)));
    keys.truncate(LOOKED_AT);
    keys
}

/// What a repository is told in a case.
pub(super) fn context(case: &RepositoryCase, root: &Path) -> RepositoryContext {
    RepositoryContext {
        name: "kit".to_owned(),
        root: Some(root.to_string_lossy().into_owned()),
        variables: case.variables.clone(),
    }
}

impl Asked<'_> {
    fn context(&self) -> RepositoryContext {
        context(self.case, &self.place.root())
    }

    fn families(&self, started: &Started) -> Result<Vec<String>, PluginError> {
        let code = started.repository(self.trial.feature());
        code.families(&self.case.config, &self.context(), &started.host)
    }

    fn versions(
        &self,
        started: &Started,
        names: &[String],
    ) -> Result<Vec<PackageVersion>, PluginError> {
        let code = started.repository(self.trial.feature());
        code.versions(names, &self.case.config, &self.context(), &started.host)
    }

    fn packages(&self, started: &Started, keys: &[PackageKey]) -> Result<Vec<Json>, PluginError> {
        let code = started.repository(self.trial.feature());
        code.packages(keys, &self.case.config, &self.context(), &started.host)
    }

    fn fetch(&self, started: &Started, key: &PackageKey, dir: &Path) -> Result<(), PluginError> {
        let (name, version) = (key.name.clone(), key.version.clone());
        let variant = PackageVariant { name, version, variant: None };
        let code = started.repository(self.trial.feature());
        code.fetch(&variant, dir, &self.case.config, &self.context(), &started.host)
    }

    /// All that it has, in one order.
    fn everything(&self, started: &Started) -> Result<Json, PluginError> {
        let mut families = self.families(started)?;
        families.sort();
        let mut versions = self.versions(started, &families)?;
        versions.sort_by(|one, two| (&one.name, &one.version).cmp(&(&two.name, &two.version)));
        let documents = self.packages(started, &keys(&versions))?;
        Ok(json!([families, versions, documents]))
    }
}
