//! The files of a call to a cache: they lie in a folder of the user's, which the plugin may not use.

use std::path::{Path, PathBuf};

use purlin_model::Diagnostic;
use purlin_plugin::message::CacheItem;
use serde_json::{Map, Value as Json};

use crate::failure::Failure;

/// What changes hands.
pub(super) struct Files {
    pub(super) items: Vec<CacheItem>,
    /// Where the user has or wants the files.
    pub(super) folder: PathBuf,
}

impl Files {
    /// Those of a call, where there are any. `directory` is where the user stands.
    pub(super) fn of(
        method: &str,
        params: &Map<String, Json>,
        directory: &Path,
    ) -> Result<Option<Self>, Failure> {
        if !matches!(method, "cache/put" | "cache/fetch") {
            return Ok(None);
        }
        let items = params.get("items").cloned().unwrap_or(Json::Null);
        let items: Vec<CacheItem> = serde_json::from_value(items).map_err(|error| {
            bad(format!("`items` of `{method}` are none: {error}")).help(
                "an item is {\"kind\": \"action\" or \"blob\", \"digest\": hex SHA-256, \"size\": bytes}"
                    .to_owned(),
            )
        })?;
        let folder = params.get("dir").and_then(Json::as_str).ok_or_else(|| {
            bad(format!("`{method}` needs `dir`")).help(
                "name the folder in which the files are, or into which they are to come".to_owned(),
            )
        })?;
        let folder = directory.join(folder);
        if !folder.is_dir() {
            return Err(bad(format!("`dir` is no folder: {}", folder.display())).into());
        }
        let absent = |item: &&CacheItem| !folder.join(item.file_name()).is_file();
        if method == "cache/put"
            && let Some(item) = items.iter().find(absent)
        {
            let summary = format!("there is no file `{}` in `dir`", item.file_name());
            return Err(bad(summary)
                .detail("What is put lies there under the name of its item.")
                .into());
        }
        Ok(Some(Self { items, folder }))
    }
}

fn bad(summary: String) -> Diagnostic {
    Diagnostic::error("bad-parameters", summary)
}
