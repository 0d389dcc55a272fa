//! The names in a folder that may be definitions, in order.

use std::fs;

use super::mapped::MappedFile;

/// The names in a folder that may count, one behind the other.
#[derive(Default)]
pub(super) struct Listing {
    pub(super) names: String,
    pub(super) entries: Vec<Listed>,
}

/// A name in a folder.
pub(super) struct Listed {
    /// How it begins, as a number in the order of names: most are told apart by that.
    begin: u64,
    /// Its place, as if it were a file of definitions; what is none is a stem altogether.
    pub(super) file: MappedFile,
    pub(super) kind: Option<fs::FileType>,
}

impl Listing {
    /// Leaves out files that are nothing to definitions: many may lie between those that are.
    pub(super) fn add(&mut self, name: &str, kind: Option<fs::FileType>) {
        let stem = stem(name);
        if stem.is_none() && kind.is_some_and(|kind| kind.is_file()) {
            return;
        }
        let stem = stem.unwrap_or(name);
        let mut begin = [0; 8];
        let known = stem.len().min(begin.len());
        begin[..known].copy_from_slice(&stem.as_bytes()[..known]);
        let start = u32::try_from(self.names.len());
        let (stem, length) = (u16::try_from(stem.len()), u16::try_from(name.len()));
        // No name is longer than any system allows.
        let (Ok(start), Ok(stem), Ok(length)) = (start, stem, length) else { return };
        self.names.push_str(name);
        let file = MappedFile { start, stem, length };
        self.entries.push(Listed { begin: u64::from_be_bytes(begin), file, kind });
    }

    pub(super) fn name(&self, one: &Listed) -> &str {
        one.file.name(&self.names)
    }

    /// Sorts by what files define, and by name.
    pub(super) fn sort(&mut self) {
        let names = &self.names;
        let stem = |one: &Listed| &one.file.name(names)[..usize::from(one.file.stem)];
        self.entries.sort_unstable_by(|one, other| {
            let whole = || one.file.name(names).cmp(other.file.name(names));
            let rest = || stem(one).cmp(stem(other)).then_with(whole);
            one.begin.cmp(&other.begin).then_with(rest)
        });
    }
}

fn stem(name: &str) -> Option<&str> {
    name.strip_suffix(".star").or_else(|| name.strip_suffix(".toml"))
}
