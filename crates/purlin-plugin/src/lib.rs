//! The plugin contract: what a manifest says, the extension points with their traits and payloads,
//! and the schema subset that configuration is checked with.
//!
//! No I/O: parsing takes texts that somebody else has read. Bundled plugins use this crate and no
//! other of Purlin's.

mod arguments;
mod config;
pub mod contract;
mod edit;
pub mod language;
pub mod manifest;
pub mod message;
mod native;
mod point;
mod schema;
pub mod transform;

pub use arguments::request_schema;
pub use config::{literal_glob, quoted, rooted, text_field};
pub use edit::{EditError, escaped};
pub use manifest::{ParsedManifest, parse_manifest};
pub use native::{NativeFeature, NativePlugin, PluginSet};
pub use point::{Point, RuntimeKind};
pub use schema::{JsonType, Merge, PathRole, Property, Schema, TemplateText, Validated};
pub use serde_json;
