//! The index: everything about the plugins of one search path in one file that is mapped, not
//! read. Whoever looks something up pays for a binary search and for what was found.
//!
//! Layout, little-endian: a header, rows of fixed size for stamps, plugins (by name) and features
//! (by key), and a heap of texts and JSON that rows refer to. Header, rows and heap pieces carry a
//! checksum each, looked at when they are used: a damaged index is noticed wherever it is damaged,
//! and nothing is checked that is not used.

mod key;
mod layout;
mod map;
mod reader;
mod record;
mod store;
mod writer;

pub(crate) use key::{
    COMMANDS_KEY, DEFINITIONS_KEY, default_key, feature_key, flag_prefix, point_prefix,
};
pub(crate) use reader::{Damaged, FeatureRow, Index, PluginRow};
pub(crate) use record::{FeatureRecord, Head, PluginRecord, StoredDiagnostic};
pub(crate) use store::Store;
pub(crate) use writer::Contents;
