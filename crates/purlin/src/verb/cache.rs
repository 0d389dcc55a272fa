//! `purlin cache`

mod in_use;
mod prune;
mod verify;

use std::fmt;
use std::process::ExitCode;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use purlin_commands::{time_text, user_store, workspace_store};
use purlin_fetch::Shelf;
use purlin_model::Diagnostic;
use purlin_packages::PackageStore;
use purlin_store::{Kept, Store, StoreError};
use serde_json::json;

use crate::context::Context;
use crate::failure::{Failure, Outcome};
use crate::kept::{self, KeptTree};
use crate::{draw, fetching, inputs, projects};

pub(crate) use prune::prune;
pub(crate) use verify::verify;

/// Lists the results that are kept, the newest first.
pub(crate) fn list(context: &Context) -> Outcome {
    let mut rows = Vec::new();
    for (place, store) in stores(context) {
        for row in store.results().map_err(|error| trouble(&error))? {
            match row {
                Ok(kept) => rows.push((place, kept)),
                Err(error) => {
                    let damaged = Diagnostic::warning("cache-damaged", "a kept result is damaged")
                        .detail(error.to_string());
                    draw::diagnostics(&context.global, &[damaged]);
                }
            }
        }
    }
    rows.sort_by_key(|(_, kept)| (std::cmp::Reverse(kept.result.created), kept.key));
    let files = fetched(context).files();
    let built = packages(context).records();
    let trees = [inputs::kept(&context.cache).trees(), projects::kept(&context.cache).trees()];
    if context.global.json {
        let list: Vec<_> = rows.iter().map(|(place, kept)| document(place, kept)).collect();
        let files: Vec<_> = files
            .iter()
            .map(|file| {
                json!({ "digest": file.digest, "bytes": file.bytes, "used": seconds(file.used) })
            })
            .collect();
        let [inputs, projects] = trees.map(|trees| -> Vec<_> {
            let tree = |tree: &KeptTree| {
                let (name, used) = (&tree.name, seconds(tree.used));
                json!({ "name": name, "called": tree.called, "bytes": tree.bytes, "used": used })
            };
            trees.iter().map(tree).collect()
        });
        let built: Vec<_> = built
            .iter()
            .map(|(record, used)| {
                let (folder, built) = (&record.folder, record.built);
                json!({ "id": record.id, "folder": folder, "built": built, "used": seconds(*used) })
            })
            .collect();
        draw::json(&json!({
            "results": list,
            "packages": built,
            "fetched": files,
            "inputs": inputs,
            "projects": projects,
        }));
        return Ok(ExitCode::SUCCESS);
    }
    for (_, Kept { key, result, bytes, used }) in &rows {
        let created = match result.created {
            // Results that are committed tell no time.
            0 => "in the repository".to_owned(),
            created => time_text(created),
        };
        draw::out(format_args!(
            "{}  {created:20}  {:>9}  used {:>8}  {}{}\n",
            key.short(),
            size(*bytes),
            age(*used),
            draw::harmless_line(&result.instance),
            if result.exit_code == Some(0) { "" } else { "  (failed)" },
        ));
    }
    for (record, used) in &built {
        draw::out(format_args!(
            "{:.12}  {:20}  {:>9}  used {:>8}  the package {}\n",
            record.folder,
            time_text(record.built),
            "",
            age(*used),
            draw::harmless_line(&record.id),
        ));
    }
    for file in &files {
        fetched_line(&file.digest.short(), file.bytes, file.used, "a fetched file");
    }
    let [inputs, projects] = &trees;
    for (trees, of_nobody, kind) in
        [(inputs, "an unpacked input", "input"), (projects, "a project from git", "project")]
    {
        for tree in trees {
            let what = match tree.called.as_slice() {
                [] => of_nobody.to_owned(),
                names => format!("the {kind} `{}`", names.join("`, `")),
            };
            let name: String = tree.name.chars().take(12).collect();
            fetched_line(&name, tree.bytes, tree.used, &what);
        }
    }
    let is_empty = rows.is_empty() && built.is_empty() && files.is_empty();
    let is_empty = is_empty && trees.iter().all(Vec::is_empty);
    if is_empty && !context.global.quiet {
        draw::out(format_args!("nothing is kept\n"));
    }
    Ok(ExitCode::SUCCESS)
}

/// A line of something that was fetched.
fn fetched_line(name: &str, bytes: u64, used: SystemTime, what: &str) {
    draw::out(format_args!(
        "{name}  {:20}  {:>9}  used {:>8}  {}\n",
        "",
        size(bytes),
        age(used),
        draw::harmless_line(what),
    ));
}

fn document(place: &str, kept: &Kept) -> serde_json::Value {
    let Kept { key, result, bytes, used } = kept;
    json!({
        "key": key,
        "instance": result.instance,
        "place": place,
        "created": Some(result.created).filter(|created| *created > 0),
        "used": seconds(*used),
        "exit_code": result.exit_code,
        "duration_ms": result.duration_ms,
        "artifacts": result.tree.entries().len(),
        "bytes": bytes,
    })
}

/// Drops all results, those of other workspaces too.
pub(crate) fn clear(context: &Context) -> Outcome {
    let (mut results, mut bytes) = (0, 0);
    for (_, store) in stores(context) {
        let cleared = store.clear().map_err(|error| trouble(&error))?;
        results += cleared.results;
        bytes += cleared.bytes;
    }
    let store = packages(context);
    let packages = store.clear(PATIENCE).map_err(|error| trouble(&error))?;
    if packages.is_some() {
        draw::diagnostics(
            &context.global,
            in_use::packages_in_use(store.count_in_use()).as_slice(),
        );
    }
    let files = fetched(context).clear(PATIENCE).map_err(|error| trouble(&error))?;
    let cleared = |kept: kept::Kept| kept.clear(PATIENCE).map_err(|error| trouble(&error));
    let inputs = cleared(inputs::kept(&context.cache))?;
    let projects = cleared(projects::kept(&context.cache))?;
    if packages.is_none() || files.is_none() || inputs.busy || projects.busy {
        draw::diagnostics(&context.global, &[busy()]);
    }
    let (packages, files) = (packages.unwrap_or(0), files.unwrap_or_default());
    bytes += files.bytes + inputs.bytes + projects.bytes;
    let (inputs, projects) = (inputs.trees, projects.trees);
    let also = Also { packages, fetched: files.files, inputs, projects };
    if context.global.json {
        draw::json(&json!({
            "results": results,
            "bytes": bytes,
            "packages": packages,
            "fetched": also.fetched,
            "inputs": also.inputs,
            "projects": also.projects,
        }));
    } else if !context.global.quiet {
        let (results, size) = (self::results(results), size(bytes));
        draw::out(format_args!("dropped {results} of all workspaces, {size}{also}\n"));
    }
    Ok(ExitCode::SUCCESS)
}

/// The user's store and, where there is one, the workspace's.
fn stores(context: &Context) -> Vec<(&'static str, Store)> {
    let mut stores = vec![("user", Store::open(user_store(&context.cache)))];
    if let Some(folder) =
        context.root.as_deref().map(workspace_store).filter(|folder| folder.is_dir())
    {
        stores.push(("workspace", Store::open(folder)));
    }
    stores
}

/// The packages that are there.
fn packages(context: &Context) -> PackageStore {
    PackageStore::open(PackageStore::folder_in(&context.cache))
}

/// The fetched files that are there.
fn fetched(context: &Context) -> Shelf {
    Shelf::open(fetching::folder(&context.cache))
}

/// How long somebody who uses the cache is waited for.
const PATIENCE: Duration = Duration::from_secs(60);

fn busy() -> Diagnostic {
    Diagnostic::warning("cache-busy", "not everything that should go could be dropped")
        .detail("A run has been using the cache all the time.")
        .help("try again when it has ended".to_owned())
}

/// What was dropped or read besides results and contents.
#[derive(Default)]
struct Also {
    packages: u64,
    fetched: u64,
    inputs: u64,
    projects: u64,
}

impl fmt::Display for Also {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let all = [
            (self.packages, "package"),
            (self.fetched, "fetched file"),
            (self.inputs, "input"),
            (self.projects, "project"),
        ];
        for (count, what) in all.into_iter().filter(|(count, _)| *count > 0) {
            let ending = if count == 1 { "" } else { "s" };
            write!(formatter, "; {count} {what}{ending}")?;
        }
        Ok(())
    }
}

fn trouble(error: &StoreError) -> Failure {
    Failure::failed(
        Diagnostic::error("cache", "the cache cannot be used").detail(error.to_string()),
    )
}

fn seconds(time: SystemTime) -> u64 {
    time.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

/// How long ago, in the unit that fits.
fn age(time: SystemTime) -> String {
    let seconds = time.elapsed().map_or(0, |age| age.as_secs());
    match seconds {
        0..3600 => "just now".to_owned(),
        3600..172_800 => format!("{} h ago", seconds / 3600),
        _ => format!("{} d ago", seconds / 86_400),
    }
}

fn results(count: u64) -> String {
    if count == 1 { "1 result".to_owned() } else { format!("{count} results") }
}

fn contents(count: u64) -> String {
    if count == 1 { "1 content".to_owned() } else { format!("{count} contents") }
}

/// Bytes as people read them.
fn size(bytes: u64) -> String {
    indicatif::HumanBytes(bytes).to_string()
}
