//! The repository `host`: what this machine has, as packages.
//!
//! A package is a program on `PATH` from a closed list of recipes, in the one version that it tells of
//! itself. Such packages are *impure*: version and digest of the program are known, what lies behind it
//! (headers, libraries) is not. What a program has told is remembered by the file's stamp, so that a program
//! that has not changed is not started again.

mod place;
mod recipe;

use std::fs::File;
use std::io::Read;

use purlin_plugin::contract::{Host, LogLevel, Repository};
use purlin_plugin::message::{
    ErrorCode, ExecRequest, PackageKey, PackageVersion, PluginError, RepositoryContext,
};
use purlin_plugin::{NativeFeature, NativePlugin, serde_json};
use regex_lite::Regex;
use serde_json::{Value as Json, json};
use sha2::{Digest as _, Sha256};

use place::{Place, find};
use recipe::{RECIPES, Recipe};

/// The plugin.
pub const PLUGIN: NativePlugin = NativePlugin {
    folder: "host",
    files: &[
        ("plugin.toml", include_str!("../plugin.toml")),
        ("schemas/host.json", include_str!("../schemas/host.json")),
    ],
    features: &[("host", NativeFeature::Repository(&Machine))],
};

/// The version of a program that does not tell it.
const UNKNOWN: &str = "unknown";

struct Machine;

/// What is known of a program.
struct Known {
    version: String,
    digest: String,
    /// Why its version is not known.
    ignored: Option<String>,
}

impl Repository for Machine {
    fn families(
        &self,
        _config: &Json,
        context: &RepositoryContext,
        _host: &dyn Host,
    ) -> Result<Vec<String>, PluginError> {
        let there = |recipe: &&Recipe| find(recipe.programs, &context.variables).is_some();
        Ok(RECIPES.iter().filter(there).map(|recipe| recipe.name.to_owned()).collect())
    }

    fn versions(
        &self,
        names: &[String],
        _config: &Json,
        context: &RepositoryContext,
        host: &dyn Host,
    ) -> Result<Vec<PackageVersion>, PluginError> {
        let mut versions = Vec::new();
        for name in names {
            let Some((recipe, place)) = located(name, context) else { continue };
            let Known { version, digest, ignored } = known(recipe, &place, host)?;
            let name = name.clone();
            versions.push(PackageVersion { name, version, digest, timestamp: None, ignored });
        }
        Ok(versions)
    }

    fn packages(
        &self,
        versions: &[PackageKey],
        _config: &Json,
        context: &RepositoryContext,
        host: &dyn Host,
    ) -> Result<Vec<Json>, PluginError> {
        versions.iter().map(|key| document(key, context, host)).collect()
    }
}

fn located(name: &str, context: &RepositoryContext) -> Option<(&'static Recipe, Place)> {
    let recipe = RECIPES.iter().find(|recipe| recipe.name == name)?;
    Some((recipe, find(recipe.programs, &context.variables)?))
}

fn document(
    key: &PackageKey,
    context: &RepositoryContext,
    host: &dyn Host,
) -> Result<Json, PluginError> {
    let gone = || {
        let message = format!("this machine has no {} {}", key.name, key.version);
        PluginError::new(ErrorCode::NotFound, message)
    };
    let (recipe, place) = located(&key.name, context).ok_or_else(gone)?;
    let Known { version, digest, .. } = known(recipe, &place, host)?;
    if version != key.version {
        return Err(gone());
    }
    // Paths that are no text could not have been told to anybody.
    let program = place.program.to_str().ok_or_else(gone)?;
    let programs: serde_json::Map<String, Json> = recipe
        .tools
        .iter()
        .map(|tool| {
            // Another name for it lies beside it, or is this one.
            let beside = place.program.with_file_name(tool);
            let there = beside.is_file().then(|| beside.to_str().map(str::to_owned)).flatten();
            ((*tool).to_owned(), Json::from(there.unwrap_or_else(|| program.to_owned())))
        })
        .collect();
    Ok(json!({
        "name": key.name,
        "version": version,
        "description": recipe.about,
        "root": place.root().to_str().ok_or_else(gone)?,
        "tools": recipe.tools,
        "main": recipe.tools[0],
        "programs": programs,
        "digest": digest,
        "impure": true,
    }))
}

/// What a program tells of itself, remembered by its stamp.
fn known(recipe: &Recipe, place: &Place, host: &dyn Host) -> Result<Known, PluginError> {
    let key = place.stamp().map(|stamp| json!([recipe.name, stamp]));
    let remembered = key.as_ref().and_then(|key| host.recall(key).ok().flatten());
    if let Some([Json::String(version), Json::String(digest)]) =
        remembered.as_ref().and_then(Json::as_array).map(Vec::as_slice)
    {
        let (version, digest) = (version.clone(), digest.clone());
        return Ok(Known { version, digest, ignored: None });
    }
    let digest = digest(place)?;
    match version(recipe, place, host) {
        Ok(version) => {
            if let Some(key) = key {
                // A host that keeps nothing is slower, and no less right.
                let _ = host.remember(&key, &json!([version, digest]));
            }
            Ok(Known { version, digest, ignored: None })
        }
        Err(why) => {
            host.log(LogLevel::Info, &why);
            Ok(Known { version: UNKNOWN.to_owned(), digest, ignored: Some(why) })
        }
    }
}

/// Asks the program. The error is a sentence.
fn version(recipe: &Recipe, place: &Place, host: &dyn Host) -> Result<String, String> {
    let words = std::iter::once(&*place.name).chain(recipe.arguments.iter().copied());
    let request =
        ExecRequest { argv: words.map(str::to_owned).collect(), ..ExecRequest::default() };
    let untold =
        |why: &str| format!("{} does not tell its version: {why}", place.program.display());
    let answer = host.exec(&request).map_err(|error| untold(&error.message))?;
    let told = format!("{}\n{}", answer.stdout, answer.stderr);
    let found = recipe.patterns.iter().find_map(|pattern| {
        let pattern = Regex::new(pattern).ok()?;
        Some(pattern.captures(&told)?.get(1)?.as_str().to_owned())
    });
    found.ok_or_else(|| untold(&format!("it says {:?}", told.trim())))
}

fn digest(place: &Place) -> Result<String, PluginError> {
    let unreadable = |error: std::io::Error| {
        let message = format!("{} cannot be read: {error}", place.file.display());
        PluginError::new(ErrorCode::Internal, message)
    };
    let mut file = File::open(&place.file).map_err(unreadable)?;
    let mut hasher = Sha256::new();
    let mut buffer = vec![0; 1 << 16];
    loop {
        match file.read(&mut buffer).map_err(unreadable)? {
            0 => break,
            length => hasher.update(&buffer[..length]),
        }
    }
    Ok(hasher.finalize().iter().map(|byte| format!("{byte:02x}")).collect())
}

#[cfg(test)]
mod tests;
