//! Finds plugins, knows what they provide from their manifests alone, and loads what is used.
//!
//! This is the only crate that knows runtimes. It prints nothing, reads no process variable and
//! starts nothing while it looks: the command line hands it the search path, and what it has to say
//! are [`purlin_model::Diagnostic`]s.
//!
//! ```
//! use purlin_host::{Need, Plugins, PluginsTable, Reserved, Search, Trust};
//! use purlin_plugin::{Point, PluginSet};
//!
//! let folder = tempfile::tempdir()?;
//! let plugins = Plugins::open(Search {
//!     workspace: PluginsTable::default(),
//!     root: None,
//!     trust: Trust::default(),
//!     surroundings: None,
//!     folders: Vec::new(),
//!     user: Some(folder.path().join("plugins")),
//!     python: None,
//!     bundled: &PluginSet::new(),
//!     index_dir: folder.path().join("cache"),
//!     reserved: Reserved::default(),
//!     version: semver::Version::new(0, 1, 0),
//! });
//! let unknown = plugins.find(Point::Subcommand, "localise", Need::Any).unwrap_err();
//! assert_eq!(unknown.summary, "there is no subcommand `localise`");
//! # Ok::<(), std::io::Error>(())
//! ```

mod consent;
mod content;
mod enforced;
mod feature;
mod index;
mod lock_file;
mod native;
mod plugins;
mod process;
mod scan;
mod search;
mod stamp;
mod surroundings;
mod toml_text;
mod workspace_table;

pub use consent::{Asking, Coverage, Granted, GrantedBy, Trust};
pub use enforced::{Held, Hold, enforced};
pub use feature::{
    FeatureEntry, FeatureRef, FeatureStatus, PluginEntry, PluginInfo, PluginStatus, WordLine,
    WordRef,
};
pub use lock_file::{InputPin, LOCK_FILE, LockFile, PackagePin, ProjectPin, is_commit};
pub use native::Loaded;
pub use plugins::{
    Canceller, Memo, PinChange, PinChangeKind, Pinning, Plugins, ShippedFile, language,
    starlark_plugin,
};
pub use purlin_starlark::plugin::Plugin as Evaluated;
pub use search::{Need, PluginSource, Reserved, Search};
pub use surroundings::{Console, Surroundings};
pub use workspace_table::PluginsTable;
