//! Content-addressed files, the action table, and the outputs that are restored from them.
//!
//! A [`Store`] is one cache folder. It knows nothing of commands, keys and plugins: a key is a
//! digest that somebody else made, and where the folder lies is somebody else's choice. It never
//! prints; damage and full disks come back as errors that say whether work can go on.
//!
//! ```
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use purlin_store::{RelativePath, Store, capture, restore};
//!
//! # let folder = tempfile::tempdir()?;
//! # let (cache, root) = (folder.path().join("cache"), folder.path().join("workspace"));
//! std::fs::create_dir_all(root.join("out"))?;
//! std::fs::write(root.join("out/report"), "all is well")?;
//!
//! let store = Store::open(cache);
//! let tree = capture(&store, &root, &[RelativePath::parse("out/report")?])?;
//!
//! std::fs::write(root.join("out/report"), "edited")?;
//! let restored = restore(&store, &root, &root.join("tmp"), &tree, Some(&tree), &|_| None)?;
//! assert_eq!(restored.written, [RelativePath::parse("out/report")?]);
//! assert_eq!(std::fs::read_to_string(root.join("out/report"))?, "all is well");
//! # Ok(())
//! # }
//! ```

mod actions;
mod atomic;
mod blobs;
mod capture;
mod compare;
mod copy;
pub mod defect;
mod entries;
mod error;
pub mod fault;
mod files;
mod hold;
mod lock;
mod parallel;
mod path;
mod prune;
mod regular;
mod restore;
mod result;
mod scratch;
mod store;
mod swap;
mod temporary;
mod text;
mod tree;
mod verify;

pub use actions::DecodeError;
pub use atomic::write_atomically;
pub use capture::capture;
pub use compare::{Known, compare};
pub use error::{Outside, RestoreError, StoreError};
#[cfg(feature = "fault-injection")]
pub use files::set_clocks;
pub use files::{
    FileState, Files, FilesError, Listing, OutputKind, OutputPath, PatternError, Patterns,
};
pub use hold::Hold;
pub use lock::{FolderLocks, FolderWait, InstanceLock, Obstacle, file_name, folders_above};
pub use path::{ParsePathError, RelativePath};
pub use prune::{Limits, Pruned};
pub use regular::{read_regular, read_regular_text};
pub use restore::{Restored, restore};
pub use result::{ActionResult, Chunk, Stream};
pub use scratch::{Scratch, TemporaryStore};
pub use store::{Cleared, Kept, Store};
pub use swap::put_in_place;
pub use tree::{Node, Tree, TreeError};
pub use verify::{Damage, Verified};
