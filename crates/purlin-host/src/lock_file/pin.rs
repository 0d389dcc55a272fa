//! One plugin's block of `purlin.lock`.

use purlin_model::{Digest, Value};
use purlin_plugin::manifest::Permissions;
use serde_json::{Map, json};

use crate::consent::{permissions_json, read_permissions};

/// The platform of content that is the same on all of them.
const ANY: &str = "any";

/// What a plugin was, and what it asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Pin {
    pub(crate) version: String,
    /// `path:` and the path as the workspace writes it, or `installed`.
    pub(crate) source: String,
    /// The digest of its content; `None` for one that may be edited.
    pub(crate) content: Option<Digest>,
    /// In their one spelling.
    pub(crate) permissions: Permissions,
}

impl Pin {
    /// `None` for a block that is not one of this version.
    pub(super) fn read(block: &Value) -> Option<Self> {
        let text = |key: &str| block.get(key).and_then(Value::as_str).map(str::to_owned);
        let content = block.get("content").and_then(|content| content.get(ANY));
        Some(Self {
            version: text("version")?,
            source: text("source")?,
            content: match content {
                Some(written) => Some(written.as_str()?.parse().ok()?),
                None => None,
            },
            permissions: read_permissions(block.get("permissions")),
        })
    }

    pub(super) fn to_json(&self) -> serde_json::Value {
        let mut block = Map::new();
        block.insert("version".to_owned(), json!(self.version));
        block.insert("source".to_owned(), json!(self.source));
        if let Some(content) = self.content {
            block.insert("content".to_owned(), json!({ ANY: content }));
        }
        if !self.permissions.is_empty() {
            block.insert("permissions".to_owned(), permissions_json(&self.permissions));
        }
        block.into()
    }
}
