//! The plain data that every other crate of Purlin speaks of: names, values that know who wrote
//! them, digests, and diagnostics.
//!
//! This crate does no I/O and draws nothing: it reads no file, no clock and no process variable,
//! and a [`Diagnostic`] is data until the command line renders it.
//!
//! ```
//! use purlin_model::{Source, parse_toml};
//!
//! let source = Source::new("purlin.toml", "[workspace]\nname = \"studio\"\n");
//! let (document, diagnostics) = parse_toml(&source);
//! assert!(diagnostics.is_empty());
//! let name = document.get("workspace").and_then(|table| table.get("name")).expect("it is there");
//! assert_eq!(name.as_str(), Some("studio"));
//! assert_eq!((name.origin.line, name.origin.column), (2, 8));
//! ```

mod diagnostic;
mod digest;
mod harmless;
mod json;
mod name;
mod source;
mod template;
mod toml_document;
mod value;

pub use diagnostic::{Diagnostic, Diagnostics, Label, Severity, distinct};
pub use digest::{Digest, Hasher, ParseDigestError};
pub use harmless::{harmless, harmless_line, hides};
pub use json::parse_json;
pub use name::{closest, fold, folds_alike, is_kebab, suggestion, to_kebab, to_snake};
pub use source::{Origin, Source};
pub use template::{NearMiss, Part, Template};
pub use toml_document::parse_toml;
pub use value::{Entry, Kind, Table, Value};
