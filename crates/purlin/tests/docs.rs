//! What the documentation shows is what happens: commands in guides are run, examples are parsed,
//! and the shapes of JSON are compared with what the binary prints.

#![expect(clippy::unwrap_used, reason = "a test that cannot read the pages has failed")]

#[path = "docs/guides.rs"]
mod guides;
#[path = "docs/json.rs"]
mod json;
#[path = "docs/manifest.rs"]
mod manifest;
#[path = "docs/markdown.rs"]
mod markdown;

use std::path::{Path, PathBuf};

use purlin_test::Workspace;

/// A page, by its path below `docs`.
fn page(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs").join(path)
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// An empty folder and the binary under test.
fn folder() -> Workspace {
    Workspace::new(env!("CARGO_BIN_EXE_purlin"))
}
