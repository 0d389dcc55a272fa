//! Files from elsewhere, verified and kept by their digest, and archives that are unpacked within limits.
//!
//! A [`Fetcher`] is a folder that users of one machine share: what is there under a digest has that
//! digest. It reads no process variable, so proxies, certificates and mirrors are handed to it; it
//! prints nothing, and says how far it is to whoever asks. [`unpack`] trusts nothing that an archive
//! says. A [`snapshot`] is what counts of a folder in a workspace. Nothing here knows what packages and inputs are.
//!
//! ```
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use purlin_fetch::{Fetcher, Settings, Watch};
//! use purlin_model::Digest;
//!
//! # let folder = tempfile::tempdir()?;
//! # let (published, kept) = (folder.path().join("notes"), folder.path().join("kept"));
//! std::fs::write(&published, "all is well")?;
//! let address = format!("file://{}", published.display());
//!
//! let fetcher = Fetcher::new(kept, Settings::default());
//! let path = fetcher.fetch(&address, Digest::of(b"all is well"), &Watch::silent())?;
//! assert_eq!(std::fs::read_to_string(path)?, "all is well");
//!
//! let error = fetcher.fetch(&address, Digest::of(b"all is lost"), &Watch::silent());
//! assert!(error.unwrap_err().to_string().contains("is not what was asked for"));
//! # Ok(())
//! # }
//! ```

mod address;
mod attempt;
mod client;
mod error;
mod fetcher;
mod partial;
#[cfg(feature = "server")]
pub mod server;
mod settings;
mod shelf;
mod source;
mod time;
mod unpack;

pub use address::{is_archive, last_name, without_password};
pub use error::{Failure, FetchError};
pub use fetcher::Fetcher;
pub use settings::{Progress, Proxies, Settings, Watch};
pub use shelf::{FetchedFile, PrunedFiles, Shelf, ShelfLimits};
pub use source::{Snapshot, SourceError, snapshot};
pub use unpack::{Limits, UnpackError, unpack};
