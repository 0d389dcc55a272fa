//! The process runtime: what is started for a plugin, with which rights, and what the host does for
//! it meanwhile.

mod exec;
mod grants;
mod installed;
mod launch;
mod memo;
mod program;
mod python;
mod requirements;
mod scratch;
mod sdk;
mod services;

pub(crate) use grants::variables;
pub(crate) use launch::{Cause, Starter, entry_of};
pub(crate) use memo::{Code, MemoFolder};
pub(crate) use services::{FeatureList, Given, Log, Services};
