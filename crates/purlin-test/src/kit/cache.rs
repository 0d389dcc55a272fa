//! Checks of the `cache` point. What is put there is new each time: a remote tier may have kept what
//! an earlier test has put.

use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use purlin_model::Digest;
use purlin_plugin::contract::OpenCache;
use purlin_plugin::message::{CacheItem, CacheItemKind, PluginError};
use tempfile::TempDir;

use super::cases::CacheCase;
use super::code::Started;
use super::trial::{Finding, Problem, Trial, ensure, failed, told};

/// An item and what belongs into its file.
struct Thing {
    item: CacheItem,
    content: Vec<u8>,
}

impl Thing {
    fn new(kind: CacheItemKind, content: Vec<u8>) -> Self {
        let digest = match kind {
            CacheItemKind::Blob => Digest::of(&content),
            CacheItemKind::Action => Digest::of(&unique(0)),
        };
        Self { item: CacheItem { kind, digest, size: content.len() as u64 }, content }
    }

    fn blob(length: usize) -> Self {
        Self::new(CacheItemKind::Blob, unique(length))
    }

    fn name(&self) -> String {
        self.item.file_name()
    }
}

/// Bytes that were never there before: all values, not only text.
fn unique(length: usize) -> Vec<u8> {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_nanos();
    let mut bytes = format!("{now} {} {count}\n", std::process::id()).into_bytes();
    let missing = length.saturating_sub(bytes.len());
    bytes.extend((0..=u8::MAX).cycle().map(|byte| byte.wrapping_mul(31)).take(missing));
    bytes
}

/// One opened cache with a folder to exchange files in.
struct Opened {
    cache: Box<dyn OpenCache>,
    // The process ends when this is dropped.
    _started: Started,
}

pub(super) fn opens(trial: &Trial<'_>) -> Finding {
    for case in trial.cases.cache.of(trial.feature())? {
        open(trial, case).map(drop).map_err(|error| match error {
            Trouble::Call(error) => failed(format!("{}: {}", case.config, told(&error))),
            Trouble::Kit(problem) => problem,
        })?;
    }
    Ok(())
}

pub(super) fn contains(trial: &Trial<'_>) -> Finding {
    each(trial, |opened| {
        let items: Vec<CacheItem> = (0..3).map(|_| Thing::blob(10).item).collect();
        let found = opened.cache.contains(&items).map_err(|error| failed(told(&error)))?;
        ensure(found == [false; 3], || format!("of three unknown items it says {found:?}"))?;
        let found = opened.cache.contains(&[]).map_err(|error| failed(told(&error)))?;
        ensure(found.is_empty(), || format!("of no items it says {found:?}"))
    })
}

pub(super) fn round_trip(trial: &Trial<'_>) -> Finding {
    each(trial, |opened| {
        let things = [
            Thing::blob(10),
            Thing::blob(1 << 20),
            Thing::new(CacheItemKind::Blob, Vec::new()),
            Thing::new(CacheItemKind::Action, unique(300)),
        ];
        put(opened, &things).map_err(|error| failed(format!("put: {}", told(&error))))?;
        let items = items(&things);
        let found = opened.cache.contains(&items).map_err(|error| failed(told(&error)))?;
        let all = found.iter().all(|found| *found);
        ensure(all, || format!("after four items were put, `contains` says {found:?}"))?;
        // How long an action is, only the cache knows.
        let asked = items.into_iter().map(|item| match item.kind {
            CacheItemKind::Action => CacheItem { size: 0, ..item },
            CacheItemKind::Blob => item,
        });
        let asked: Vec<CacheItem> = asked.collect();
        let folder = fetch(opened, &asked).map_err(|error| failed(told(&error)))?;
        for thing in &things {
            whole(folder.path(), thing)?;
        }
        Ok(())
    })
}

pub(super) fn kinds(trial: &Trial<'_>) -> Finding {
    each(trial, |opened| {
        let blob = Thing::blob(10);
        put(opened, std::slice::from_ref(&blob))?;
        let item = CacheItem { kind: CacheItemKind::Action, ..blob.item.clone() };
        let found = opened.cache.contains(std::slice::from_ref(&item))?;
        ensure(found == [false], || "after a blob was put, it has the action, too".to_owned())?;
        let action = Thing { item, content: unique(20) };
        put(opened, std::slice::from_ref(&action))?;
        let folder = fetch(opened, &[blob.item.clone(), action.item.clone()])?;
        whole(folder.path(), &blob)?;
        whole(folder.path(), &action)
    })
}

pub(super) fn absent(trial: &Trial<'_>) -> Finding {
    each(trial, |opened| {
        let there = Thing::blob(10);
        let absent = Thing::blob(10);
        put(opened, std::slice::from_ref(&there))?;
        let wanted = [absent.item.clone(), there.item.clone()];
        let folder = fetch(opened, &wanted).map_err(|error| failed(told(&error)))?;
        let is_left_out = !folder.path().join(absent.name()).exists();
        ensure(is_left_out, || "it made a file for what was never put".to_owned())?;
        whole(folder.path(), &there)
    })
}

pub(super) fn put_twice(trial: &Trial<'_>) -> Finding {
    each(trial, |opened| {
        let old = Thing::blob(10);
        put(opened, std::slice::from_ref(&old))?;
        put(opened, std::slice::from_ref(&old))
            .map_err(|error| failed(format!("put again: {}", told(&error))))?;
        let both = [old, Thing::blob(20)];
        put(opened, &both)
            .map_err(|error| failed(format!("put again with a new one: {}", told(&error))))?;
        let folder = fetch(opened, &items(&both))?;
        both.iter().try_for_each(|thing| whole(folder.path(), thing))
    })
}

pub(super) fn only_its_files(trial: &Trial<'_>) -> Finding {
    each(trial, |opened| {
        let things = [Thing::blob(10), Thing::blob(20)];
        let folder = folder_with(&things)?;
        let before = names(folder.path())?;
        opened.cache.put(&items(&things), folder.path())?;
        let after = names(folder.path())?;
        ensure(before == after, || format!("`put` made {before:?} into {after:?}"))?;
        things.iter().try_for_each(|thing| whole(folder.path(), thing))?;
        let fetched = fetch(opened, &items(&things[..1]))?;
        let mut found = names(fetched.path())?;
        found.retain(|name| *name != things[0].name());
        ensure(found.is_empty(), || format!("`fetch` wrote {found:?}, too"))
    })
}

pub(super) fn at_once(trial: &Trial<'_>) -> Finding {
    const THREADS: usize = 6;
    each(trial, |opened| {
        let shared = Thing::blob(5000);
        let work = || -> Finding {
            for _ in 0..3 {
                let own = Thing::blob(3000);
                let both =
                    [Thing { item: shared.item.clone(), content: shared.content.clone() }, own];
                put(opened, &both).map_err(|error| failed(told(&error)))?;
                let folder = fetch(opened, &items(&both)).map_err(|error| failed(told(&error)))?;
                both.iter().try_for_each(|thing| whole(folder.path(), thing))?;
            }
            Ok(())
        };
        // Alone it must work; if not, another check tells.
        work().map_err(|_| Problem::Skipped("it does not work alone".to_owned()))?;
        std::thread::scope(|scope| {
            let threads: Vec<_> = (0..THREADS).map(|_| scope.spawn(work)).collect();
            let findings: Vec<_> =
                threads.into_iter().map(std::thread::ScopedJoinHandle::join).collect();
            findings
                .into_iter()
                .try_for_each(|finding| finding.unwrap_or_else(|_| Err(failed("it has panicked"))))
        })
    })
}

pub(super) fn stays(trial: &Trial<'_>) -> Finding {
    for case in trial.cases.cache.of(trial.feature())? {
        let thing = Thing::blob(10);
        put(&open(trial, case)?, std::slice::from_ref(&thing))?;
        let opened = open(trial, case)?;
        let found = opened.cache.contains(std::slice::from_ref(&thing.item))?;
        ensure(found == [true], || "a new start does not know what was put before".to_owned())?;
    }
    Ok(())
}

/// Opens the cache of each case anew.
fn each(trial: &Trial<'_>, check: impl Fn(&Opened) -> Finding) -> Finding {
    for case in trial.cases.cache.of(trial.feature())? {
        check(&open(trial, case)?)?;
    }
    Ok(())
}

/// Why a cache cannot be opened.
enum Trouble {
    Call(PluginError),
    Kit(Problem),
}

impl From<Trouble> for Problem {
    fn from(trouble: Trouble) -> Self {
        match trouble {
            Trouble::Call(error) => error.into(),
            Trouble::Kit(problem) => problem,
        }
    }
}

fn open(trial: &Trial<'_>, case: &CacheCase) -> Result<Opened, Trouble> {
    let started = trial.start().map_err(Trouble::Kit)?;
    let code = started.cache(trial.feature());
    let cache = code.open("kit", &case.config, &started.host).map_err(Trouble::Call)?;
    Ok(Opened { cache, _started: started })
}

fn put(opened: &Opened, things: &[Thing]) -> Result<(), PluginError> {
    let folder = folder_with(things).map_err(|error| kit_error(&error))?;
    opened.cache.put(&items(things), folder.path())
}

fn fetch(opened: &Opened, items: &[CacheItem]) -> Result<TempDir, PluginError> {
    let folder = folder_with(&[]).map_err(|error| kit_error(&error))?;
    opened.cache.fetch(items, folder.path())?;
    Ok(folder)
}

fn items(things: &[Thing]) -> Vec<CacheItem> {
    things.iter().map(|thing| thing.item.clone()).collect()
}

fn folder_with(things: &[Thing]) -> std::io::Result<TempDir> {
    let folder = tempfile::Builder::new().prefix("purlin-kit-").tempdir()?;
    for thing in things {
        fs::write(folder.path().join(thing.name()), &thing.content)?;
    }
    Ok(folder)
}

fn names(folder: &Path) -> std::io::Result<Vec<String>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder)? {
        found.push(entry?.file_name().to_string_lossy().into_owned());
    }
    found.sort();
    Ok(found)
}

fn whole(folder: &Path, thing: &Thing) -> Finding {
    let what = || format!("{:?} of {} bytes", thing.item.kind, thing.content.len()).to_lowercase();
    match fs::read(folder.join(thing.name())) {
        Ok(content) if content == thing.content => Ok(()),
        Ok(content) => Err(failed(format!("{} came back as {} others", what(), content.len()))),
        Err(error) => Err(failed(format!("{} did not come: {error}", what()))),
    }
}

fn kit_error(error: &std::io::Error) -> PluginError {
    PluginError::new(purlin_plugin::message::ErrorCode::Internal, format!("the kit: {error}"))
}
