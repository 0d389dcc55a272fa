//! Definitions become outputs: what the workspace's files, its plugins and its projects define is
//! merged, evaluated as far as somebody asks for it, and handed to the transforms that make outputs
//! of it. Every value knows who wrote it.
//!
//! This crate knows no language and no runtime: whoever opens a [`Workspace`] brings a
//! [`purlin_plugin::language::Language`]. It knows no plugin either; what a table means is said by
//! manifests.
//!
//! ```
//! use purlin_definitions::{path_text, parse_path};
//!
//! let path = parse_path("packages.x86_64-linux.games/ants")?;
//! assert_eq!(path_text(&path), "packages.x86_64-linux.\"games/ants\"");
//! # Ok::<(), purlin_model::Diagnostic>(())
//! ```

mod board;
mod catalogue;
mod check;
mod compose;
mod contribution;
mod engine;
mod entry;
mod explain;
mod extend;
mod file;
mod folder;
mod force;
mod fragment;
mod graph;
mod inputs;
mod lineage;
mod listed;
pub mod merge;
mod message;
mod missing;
mod mix;
mod names;
mod outputs;
mod path;
pub mod priority;
mod project;
mod read;
mod scope;
mod section;
mod shipped;
mod show;
mod system;
mod workspace;

pub use catalogue::{
    Catalogue, FeatureHead, ImporterFeature, LeafFeature, Load, SectionFeature, ShippedDefinitions,
    TransformFeature,
};
pub use contribution::{Content, Contribution, Injected};
pub use engine::Revision;
pub use explain::{Explanation, Told};
pub use file::{DefinitionFile, SourceFiles};
pub use folder::{Mapped, map_folder};
pub use graph::{Edge, Graph};
pub use inputs::{Input, Inputs};
pub use lineage::{Layer, Lineage, Name, Phase, ProjectPlace, Step};
pub use path::{parse_path, path_text};
pub use project::{Fetch, Fetched, GitProject};
pub use read::{include_patterns, included};
pub use scope::{Level, RESERVED, search};
pub use show::{Names, Shown, as_data, leaf_type, to_json};
pub use system::{DEFAULT_SYSTEMS, is_system};
pub use workspace::{Setup, Workspace};
