//! Reading what a workspace or project says, without evaluating anything.

mod document;
mod include;
mod literal;
mod section;

pub(crate) use document::{Choice, Document, Place, ProjectEntry, Use, Used, read_document};
pub use include::{include_patterns, included};
pub(crate) use literal::read_literal;
pub(crate) use section::{
    Common, SectionReader, folds_alike, leaf_of, meant, read_toml_file, stated_priority, validated,
};
