//! `purlin cache verify`

use std::process::ExitCode;

use purlin_packages::DamagedPackage;
use purlin_store::Damage;
use serde_json::json;

use super::{Also, contents, packages, results, size, stores, trouble};
use crate::context::Context;
use crate::draw;
use crate::failure::{FAILED, Outcome};

/// Reads all that is kept again: damage is told and, unless it is to be kept, dropped.
pub(crate) fn verify(context: &Context, keep: bool) -> Outcome {
    let (mut results_read, mut contents_read, mut bytes) = (0, 0, 0);
    let mut damage = Vec::new();
    for (place, store) in stores(context) {
        let verified = store.verify(!keep).map_err(|error| trouble(&error))?;
        results_read += verified.results;
        contents_read += verified.blobs;
        bytes += verified.bytes;
        damage.extend(verified.damage.into_iter().map(|one| (place, one)));
    }
    let (packages_read, packages) =
        packages(context).verify(!keep).map_err(|error| trouble(&error))?;
    let found = damage.len() + packages.len();
    if context.global.json {
        let mut damage: Vec<_> = damage.iter().map(|(place, one)| document(place, one)).collect();
        damage.extend(packages.iter().map(of_package));
        draw::json(&json!({
            "results": results_read,
            "contents": contents_read,
            "packages": packages_read,
            "bytes": bytes,
            "damaged": damage,
        }));
    } else {
        for (place, one) in &damage {
            draw::out(format_args!("{}\n", line(place, one)));
        }
        for DamagedPackage { record, reason, dropped } in &packages {
            let done = if *dropped { "dropped" } else { "kept" };
            let (id, reason) = (draw::harmless_line(&record.id), draw::harmless_line(reason));
            draw::out(format_args!("package {id}: {reason}; {done}\n"));
        }
        if !context.global.quiet {
            draw::out(format_args!(
                "read {} and {}, {}{}: {}\n",
                results(results_read),
                contents(contents_read),
                size(bytes),
                Also { packages: packages_read, ..Also::default() },
                if found == 0 { "no damage".to_owned() } else { format!("{found} damaged") },
            ));
        }
    }
    Ok(if found == 0 { ExitCode::SUCCESS } else { ExitCode::from(FAILED) })
}

fn document(place: &str, damage: &Damage) -> serde_json::Value {
    json!({
        "place": place,
        "kind": if damage.is_result { "result" } else { "content" },
        "digest": damage.digest,
        "instance": damage.instance,
        "reason": damage.reason,
        "dropped": damage.dropped,
    })
}

fn of_package(damaged: &DamagedPackage) -> serde_json::Value {
    json!({
        "place": "user",
        "kind": "package",
        "digest": damaged.record.key,
        "instance": damaged.record.id,
        "reason": damaged.reason,
        "dropped": damaged.dropped,
    })
}

fn line(place: &str, damage: &Damage) -> String {
    let kind = if damage.is_result { "result" } else { "content" };
    let of = damage.instance.as_deref().map(|id| format!(" of {}", draw::harmless_line(id)));
    let done = if damage.dropped { "dropped" } else { "kept" };
    let (of, digest, reason) = (of.unwrap_or_default(), damage.digest.short(), &damage.reason);
    format!("{kind} {digest}{of} ({place}): {reason}; {done}")
}
