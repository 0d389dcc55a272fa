//! `purlin cache prune`

use std::process::ExitCode;
use std::time::{Duration, SystemTime};

use purlin_commands::user_store;
use purlin_packages::PackageLimits;
use purlin_store::{Limits, Store};
use serde_json::json;

use super::{PATIENCE, also, busy, contents, packages, results, size, trouble};
use crate::context::Context;
use crate::draw;
use crate::failure::Outcome;

/// What goes where nothing is said.
const MONTH: Duration = Duration::from_secs(30 * 24 * 60 * 60);
/// Drops results of the user's cache that were not used for long, and contents that no result needs.
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
    if pruned.busy || of_packages.busy {
        draw::diagnostics(&context.global, &[busy()]);
    }
    if context.global.json {
        draw::json(&json!({
            "results": pruned.results,
            "contents": pruned.blobs,
            "bytes": pruned.bytes,
            "left": { "results": pruned.left_results, "bytes": pruned.left_bytes },
            "packages": of_packages.packages,
            "busy": pruned.busy || of_packages.busy,
        }));
    } else if !context.global.quiet {
        draw::out(format_args!(
            "dropped {} and {}, {}{}; {} left, {}\n",
            results(pruned.results),
            contents(pruned.blobs),
            size(pruned.bytes),
            also(of_packages.packages),
            results(pruned.left_results),
            size(pruned.left_bytes),
        ));
    }
    Ok(ExitCode::SUCCESS)
}
