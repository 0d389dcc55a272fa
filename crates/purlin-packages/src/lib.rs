//! Packages: what is built of a leaf, how that is keyed, and the store that it comes to.
//!
//! A [`PackageGraph`] is made of leaves; what it cannot know is asked of [`Surroundings`]. Each of its
//! nodes has an identity before anything is built, and the identity is part of its path. What is not
//! in the [`PackageStore`] is taken from the ordinary cache, or built by a [`Builder`] whose programs
//! are actions as those of commands are. This crate knows no language, no plugin and no network, and
//! prints nothing.

mod aside;
mod build;
mod graph;
mod key;
mod package;
mod profile;
mod prune;
mod references;
mod remembered;
mod sandbox;
mod select;
mod store;
mod text;
mod tree;
mod users;
mod verify;

pub use build::{Builder, CLOSURE, changes, name_of};
pub use graph::{Maker, Node, PackageGraph, Plan, Surroundings, Together};
pub use package::{
    Fields, Need, Package, ROLE, Source, fields_of, is_folder_name, json, needs, scalar, source,
};
pub use profile::{Profile, SYSTEM_PATH};
pub use prune::{PackageLimits, PrunedPackages, Used};
pub use sandbox::{Mode, Sandbox, is_of_system};
pub use select::{Selected, select};
pub use store::{InUse, Last, PackageStore, Record, remove_tree};
pub use text::{Roots, with_own_root};
pub use tree::copy_tree;
pub use users::{User, token};
pub use verify::DamagedPackage;
