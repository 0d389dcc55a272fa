//! `purlin cache prune`

use std::process::ExitCode;
use std::time::{Duration, SystemTime};

use purlin_commands::user_store;
use purlin_fetch::ShelfLimits;
use purlin_packages::PackageLimits;
use purlin_store::{Limits, Store};
use serde_json::json;

use super::in_use::packages_in_use;
use super::{Also, PATIENCE, busy, contents, fetched, packages, results, size, trouble};
use crate::context::Context;
use crate::failure::Outcome;
use crate::{draw, inputs, kept, projects};

/// What goes where nothing is said.
const MONTH: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// Drops results, packages and fetched files of the user's cache that were not used for long, and
/// contents that no result needs. What a workspace has used last stays, results excepted.
/// What a workspace commits is git's to keep.
pub(crate) fn prune(
    context: &Context,
    older_than: Option<Duration>,
    max_size: Option<u64>,
) -> Outcome {
    let age = older_than.or(max_size.is_none().then_some(MONTH));
    let limits = Limits {
        unused_since: age.and_then(|age| SystemTime::now().checked_sub(age)),
        most_bytes: max_size,
    };
    let store = Store::open(user_store(&context.cache));
    let pruned = store.prune(&limits, PATIENCE).map_err(|error| trouble(&error))?;
    let limits = PackageLimits { unused_since: limits.unused_since, most_bytes: max_size };
    let of_packages =
        packages(context).prune(&limits, PATIENCE).map_err(|error| trouble(&error))?;
    draw::diagnostics(&context.global, packages_in_use(of_packages.in_use).as_slice());
    let PackageLimits { unused_since, most_bytes } = limits;
    let inputs = inputs::kept(&context.cache);
    let prune_trees = |kept: &kept::Kept| {
        kept.prune(&kept::Limits { unused_since, most_bytes }, PATIENCE)
            .map_err(|error| trouble(&error))
    };
    let of_inputs = prune_trees(&inputs)?;
    let of_projects = prune_trees(&projects::kept(&context.cache))?;
    let of_files = fetched(context)
        .prune(&ShelfLimits { unused_since, most_bytes }, &inputs.used_last(), PATIENCE)
        .map_err(|error| trouble(&error))?;
    let is_busy = pruned.busy || of_packages.busy || of_files.busy;
    let is_busy = is_busy || of_inputs.busy || of_projects.busy;
    if is_busy {
        draw::diagnostics(&context.global, &[busy()]);
    }
    let bytes = pruned.bytes + of_inputs.bytes + of_projects.bytes + of_files.bytes;
    let also = Also {
        packages: of_packages.packages,
        fetched: of_files.files,
        inputs: of_inputs.trees,
        projects: of_projects.trees,
    };
    if context.global.json {
        draw::json(&json!({
            "results": pruned.results,
            "contents": pruned.blobs,
            "bytes": bytes,
            "left": { "results": pruned.left_results, "bytes": pruned.left_bytes },
            "packages": also.packages,
            "fetched": also.fetched,
            "inputs": also.inputs,
            "projects": also.projects,
            "busy": is_busy,
        }));
    } else if !context.global.quiet {
        draw::out(format_args!(
            "dropped {} and {}, {}{}; {} left, {}\n",
            results(pruned.results),
            contents(pruned.blobs),
            size(bytes),
            also,
            results(pruned.left_results),
            size(pruned.left_bytes),
        ));
    }
    Ok(ExitCode::SUCCESS)
}
