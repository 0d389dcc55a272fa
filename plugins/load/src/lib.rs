//! The dependency type `load`: what a file says that another command has written.
//!
//! Two formats are read. `json` is a list of globs, or an object with `globs` and `values`;
//! `depfile` is what compilers write for Make (see [`depfile`]). A file that lies outside the
//! workspace or is larger than 16 MiB is an error.

use std::fs::File;
use std::io::{ErrorKind, Read as _};
use std::path::{Component, Path};

use purlin_plugin::contract::{Dependency, Host};
use purlin_plugin::message::{ErrorCode, ExpandContext, Expansion, PluginError};
use purlin_plugin::{
    NativeFeature, NativePlugin, literal_glob, serde_json::Value as Json, text_field,
};

pub mod depfile;
mod json;

/// The plugin.
pub const PLUGIN: NativePlugin = NativePlugin {
    folder: "load",
    files: &[
        ("plugin.toml", include_str!("../plugin.toml")),
        ("schemas/load.json", include_str!("../schemas/load.json")),
    ],
    features: &[("load", NativeFeature::Dependency(&Load))],
};

/// Bytes that a file may have.
const MAX_SIZE: u64 = 16 << 20;

struct Load;

impl Dependency for Load {
    fn expand(
        &self,
        config: &Json,
        context: &ExpandContext,
        _host: &dyn Host,
    ) -> Result<Expansion, PluginError> {
        let path = text_field(config, "path")?;
        let root = Path::new(&context.root);
        let content = read(root, path)?;
        let expansion = match text_field(config, "format")? {
            "json" => json::parse(&content),
            "depfile" => depfile::globs(&content, root)
                .map(|globs| Expansion { globs, ..Expansion::default() }),
            other => {
                let message = format!("`{other}` is not a format that can be read");
                return Err(PluginError::new(ErrorCode::InvalidConfig, message).at("/format"));
            }
        };
        let mut expansion = expansion.map_err(|mistake| wrong(path, &mistake))?;
        expansion.inputs = vec![literal_glob(path)];
        Ok(expansion)
    }
}

fn wrong(path: &str, mistake: &str) -> PluginError {
    PluginError::new(ErrorCode::InvalidConfig, format!("`{path}`: {mistake}")).at("/path")
}

fn read(root: &Path, path: &str) -> Result<String, PluginError> {
    let stays = Path::new(path)
        .components()
        .all(|component| matches!(component, Component::Normal(_) | Component::CurDir));
    if !stays {
        return Err(wrong(path, "the path must lie in the workspace, relative to its root"));
    }
    let failed = |error: std::io::Error| match error.kind() {
        ErrorKind::NotFound => {
            let message = format!("`{path}` does not exist; depend on the command that writes it");
            PluginError::new(ErrorCode::NotFound, message).at("/path")
        }
        _ => wrong(path, &format!("it cannot be read: {error}")),
    };
    let file = root.join(path);
    // A pipe would be waited for without end, so what it is comes before opening it.
    if !file.metadata().map_err(failed)?.is_file() {
        return Err(wrong(path, "it is not a file"));
    }
    let mut bytes = Vec::new();
    File::open(file)
        .and_then(|file| file.take(MAX_SIZE + 1).read_to_end(&mut bytes))
        .map_err(failed)?;
    if bytes.len() as u64 > MAX_SIZE {
        return Err(wrong(path, "it is larger than 16 MiB"));
    }
    String::from_utf8(bytes).map_err(|_| wrong(path, "it is not UTF-8"))
}

#[cfg(test)]
mod tests;
