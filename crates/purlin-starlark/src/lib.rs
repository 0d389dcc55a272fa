//! The definition language: Starlark behind the trait [`Language`](purlin_plugin::language::Language).
//!
//! Evaluation is deterministic and does no I/O: what a file may see is handed in, and other files
//! come from [`Sources`](purlin_plugin::language::Sources). It happens within [`Limits`], so that an
//! endless loop or an allocation without bound is an error that names its definition. What the
//! crate is not: aware of what definitions are for, of scopes, or of plugins' folders.
//!
//! The interpreter's own types do not leave this crate, because they change with each of its versions.
//!
//! ```
//! use std::sync::Arc;
//!
//! use purlin_model::Source;
//! use purlin_plugin::language::{Datum, FunctionRef, Language};
//! use purlin_starlark::{NoSources, Starlark};
//!
//! let source = Source::new("greeting.star", "def default(name = 'world'):\n    return 'Hello ' + name\n");
//! let starlark = Starlark::new(Arc::new(NoSources));
//! let index = starlark.index(&source).expect("it is correct");
//! assert_eq!(index.functions[0].parameters[0].name, "name");
//!
//! let default = FunctionRef { source, name: "default".to_owned() };
//! let value = starlark.call(&default, &[]).expect("it returns");
//! assert!(matches!(value.datum(), Datum::String(text) if text == "Hello world"));
//! ```

#![expect(unused_qualifications, reason = "the interpreter's derives write paths in full")]

mod allocator;
mod argument;
mod call;
mod constructor;
mod convert;
mod error;
mod evaluated;
mod few;
mod file;
mod globals;
mod guard;
mod index;
mod language;
mod leaf;
mod limits;
mod loads;
mod module;
mod namespace;
mod nesting;
mod parse;
mod part;
pub mod plugin;
mod session;
mod unbound;
mod worker;
mod written;

pub use language::{NoSources, Starlark};
pub use limits::Limits;
