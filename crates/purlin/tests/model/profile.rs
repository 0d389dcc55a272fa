//! What is made up: the kinds of steps, how often they come, and what they are done to.
//!
//! The wide profile has everything. A narrow one has what a defect of one sort takes and little
//! else, so that it is found within some steps whatever the seed is.

use super::definition::{COMMANDS, Change, INCLUDED_FILE, Slot};
use super::files::Saving;
use super::step::{Moment, Narrow, OUTPUTS, SOURCES, Shelf, Tampering};

/// A kind of step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Edit,
    Delete,
    Rename,
    Mode,
    Tamper,
    Clean,
    Uninstall,
    Own,
    Define,
    Branch,
    Since,
    Clone,
    DropPrivate,
    DropIndex,
    DropCache,
    DamageShelf,
    TruncateCache,
    /// A run that watches, or one that is killed in workspaces where that happens.
    Watch,
    Meanwhile,
    Run,
}

/// Of all lists one is taken at random; what is to come more often stands there more often.
pub(crate) struct Profile {
    /// How many steps one workspace sees.
    pub(crate) length: usize,
    /// Kinds of steps, each with its weight.
    pub(crate) kinds: &'static [(Kind, usize)],
    pub(crate) places: &'static [usize],
    /// Sources that are changed, in groups.
    pub(crate) sources: &'static [&'static [&'static str]],
    pub(crate) values: &'static [u8],
    pub(crate) savings: &'static [Saving],
    pub(crate) outputs: &'static [&'static str],
    pub(crate) tamperings: &'static [Tampering],
    pub(crate) changes: &'static [Change],
    /// Commands that are run and edited.
    pub(crate) slots: &'static [Slot],
    /// How many commands a run names; all are run where it names none.
    pub(crate) named: &'static [usize],
    /// How a run is narrowed to instances of a module.
    pub(crate) narrows: &'static [Option<Narrow>],
    pub(crate) users: &'static [usize],
    pub(crate) shelves: &'static [Shelf],
    /// Whether a run is forced, and whether its clock stands still.
    pub(crate) forced: &'static [bool],
    pub(crate) frozen: &'static [bool],
    /// Commands during which files are changed, mostly some that they read, and when.
    pub(crate) disturbed: &'static [(Slot, &'static [&'static str])],
    pub(crate) moments: &'static [Moment],
    /// Whether there is a run before that, and one after it.
    pub(crate) surrounded: &'static [bool],
    /// Commands that are watched, and the sources that are changed meanwhile.
    pub(crate) watched: &'static [(Slot, &'static [&'static str])],
    /// Runs are killed in one of so many workspaces, or in none.
    pub(crate) kills: Option<usize>,
}

const ALL: [Slot; COMMANDS.len()] = {
    let mut all = [0; COMMANDS.len()];
    let mut slot = 0;
    while slot < all.len() {
        all[slot] = slot;
        slot += 1;
    }
    all
};

/// The file of definitions that is edited, and a source, while somebody watches.
const INCLUDED: &[&str] = &[INCLUDED_FILE, "src/a.txt"];

const MOMENTS: &[Moment] = &[Moment::Before, Moment::After, Moment::Meanwhile];

/// Everything.
pub(crate) const WIDE: Profile = Profile {
    length: 50,
    kinds: &[
        (Kind::Edit, 112),
        (Kind::Delete, 12),
        (Kind::Rename, 12),
        (Kind::Mode, 16),
        (Kind::Tamper, 28),
        (Kind::Clean, 4),
        (Kind::Uninstall, 2),
        (Kind::Own, 2),
        (Kind::Define, 24),
        (Kind::Branch, 12),
        (Kind::Since, 10),
        (Kind::Clone, 8),
        (Kind::DropPrivate, 4),
        (Kind::DropIndex, 4),
        (Kind::DropCache, 1),
        (Kind::DamageShelf, 1),
        (Kind::TruncateCache, 2),
        (Kind::Watch, 8),
        (Kind::Meanwhile, 16),
        (Kind::Run, 132),
    ],
    places: &[0, 0, 0, 0, 0, 1],
    sources: &[
        SOURCES[0], SOURCES[0], SOURCES[0], SOURCES[1], SOURCES[1], SOURCES[2], SOURCES[2],
        SOURCES[3], SOURCES[4], SOURCES[4], SOURCES[5],
    ],
    values: &[0, 1, 2, 3, 4, 5],
    savings: &[Saving::InPlace, Saving::InPlace, Saving::Renamed, Saving::KeepingTime],
    outputs: &OUTPUTS,
    tamperings: &[
        Tampering::Edit,
        Tampering::Delete,
        Tampering::Delete,
        Tampering::Mode,
        Tampering::Link,
    ],
    changes: &[
        Change::Exec,
        Change::Constant,
        Change::MoreFiles,
        Change::Name,
        Change::Artifacts,
        Change::CacheWhen,
        Change::CacheWhen,
        Change::Cache,
    ],
    slots: &ALL,
    named: &[0, 0, 0, 1, 1, 2, 2, 3, 3],
    narrows: &[
        Some(("-s", "left", &[17, 27])),
        Some(("-m", "18", &[18, 28])),
        None,
        None,
        None,
        None,
        None,
        None,
        None,
        None,
        None,
        None,
    ],
    users: &[0, 0, 0, 0, 0, 0, 0, 1],
    shelves: &[Shelf::There, Shelf::There, Shelf::There, Shelf::Away, Shelf::Offline],
    forced: &[true, false, false, false, false, false, false, false, false, false, false, false],
    frozen: &[true, false, false],
    // Commands that change nothing in place.
    disturbed: &[
        (0, SOURCES[0]),
        (1, SOURCES[0]),
        (1, SOURCES[0]),
        (3, SOURCES[1]),
        (11, SOURCES[0]),
        (13, SOURCES[0]),
        (14, SOURCES[0]),
        (15, SOURCES[1]),
        (15, SOURCES[1]),
    ],
    moments: MOMENTS,
    surrounded: &[true, false],
    // Commands that never fail.
    watched: &[
        (0, SOURCES[0]),
        (2, SOURCES[0]),
        (5, SOURCES[1]),
        (14, SOURCES[0]),
        (15, SOURCES[1]),
        (17, SOURCES[4]),
        (17, &["left.env"]),
        (29, SOURCES[4]),
        (19, SOURCES[4]),
        (19, SOURCES[5]),
        (25, SOURCES[0]),
        (20, SOURCES[0]),
        (21, SOURCES[1]),
        (0, INCLUDED),
        (2, INCLUDED),
        (14, INCLUDED),
    ],
    kills: Some(5),
};

/// Edits of some files that one command reads.
pub(crate) const EDITS: Profile = Profile {
    length: 20,
    kinds: &[(Kind::Edit, 1), (Kind::Run, 1)],
    places: &[0],
    sources: &[&["src/a.txt", "src/é.txt"]],
    values: &[1, 2],
    savings: &[Saving::InPlace],
    outputs: &["list.txt"],
    tamperings: &[Tampering::Edit, Tampering::Delete],
    changes: &[Change::Exec],
    slots: &[0],
    named: &[1],
    narrows: &[None],
    users: &[0],
    shelves: &[Shelf::There],
    forced: &[false],
    frozen: &[false],
    disturbed: &[(0, &["src/a.txt"])],
    moments: MOMENTS,
    surrounded: &[true, false],
    watched: &[(0, &["src/a.txt"])],
    kills: None,
};

/// One file that goes back to what it was.
pub(crate) const HISTORY: Profile = Profile { sources: &[&["src/a.txt"]], ..EDITS };

/// Editors that set the time of writing back.
pub(crate) const TIMES: Profile = Profile { savings: &[Saving::KeepingTime], ..EDITS };

/// A clock that stands still.
pub(crate) const FROZEN: Profile = Profile { frozen: &[true], ..EDITS };

/// Executable bits, of sources and of the outputs that are copies.
pub(crate) const MODES: Profile = Profile {
    kinds: &[(Kind::Mode, 2), (Kind::Run, 3), (Kind::Clean, 1)],
    sources: &[&["src/a.txt", "src/c.txt"]],
    slots: &[0, 14],
    ..EDITS
};

/// Files that change while they are read, with results before and after it.
pub(crate) const MEANWHILE: Profile = Profile {
    kinds: &[(Kind::Meanwhile, 2), (Kind::Edit, 1), (Kind::Run, 1)],
    sources: &[&["src/a.txt", "src/b.txt"]],
    slots: &[1],
    forced: &[false, true],
    disturbed: &[(1, &["src/a.txt", "src/b.txt"]), (14, &["src/a.txt", "src/b.txt"])],
    ..EDITS
};

/// Files that change and change back while they are read.
pub(crate) const CHANGED_BACK: Profile =
    Profile { moments: &[Moment::Meanwhile], surrounded: &[true], ..MEANWHILE };

/// Files that come while they are read, and go again.
pub(crate) const COME_AND_GONE: Profile =
    Profile { moments: &[Moment::Before], surrounded: &[true], ..MEANWHILE };

/// A command that changes its inputs, and copies of what they were before.
pub(crate) const IN_PLACE: Profile = Profile {
    kinds: &[(Kind::Run, 6), (Kind::Clone, 2), (Kind::Branch, 1), (Kind::Edit, 1)],
    places: &[0, 1],
    sources: &[&["log/a.log"]],
    slots: &[8],
    forced: &[false, true],
    ..EDITS
};

/// A command that fails where a file says so, beside one that does not.
pub(crate) const FAILURES: Profile = Profile {
    sources: &[&["src/b.txt"]],
    values: &[2, 3, 4, 5],
    slots: &[0, 11],
    named: &[1, 2, 3],
    ..EDITS
};

/// Edits of the commands themselves.
pub(crate) const DEFINITIONS: Profile =
    Profile { kinds: &[(Kind::Define, 1), (Kind::Run, 1), (Kind::Edit, 1)], ..EDITS };

/// Outputs that are edited and removed.
pub(crate) const OUTPUT: Profile =
    Profile { kinds: &[(Kind::Tamper, 1), (Kind::Run, 1), (Kind::Edit, 1)], ..EDITS };

/// A chain of commands through files that git ignores.
pub(crate) const CHAIN: Profile = Profile {
    kinds: &[(Kind::Edit, 2), (Kind::Tamper, 1), (Kind::Run, 3)],
    sources: &[SOURCES[1]],
    outputs: &["gen/g.txt", "use.tmp"],
    slots: &[3, 4, 5],
    ..EDITS
};

/// Outputs of which no run is recorded to have written them.
pub(crate) const UNRECORDED: Profile = Profile {
    kinds: &[(Kind::Tamper, 2), (Kind::DropPrivate, 2), (Kind::Run, 3)],
    tamperings: &[Tampering::Edit],
    ..EDITS
};

/// A cache of which the contents get shorter.
pub(crate) const TRUNCATED: Profile =
    Profile { kinds: &[(Kind::Tamper, 2), (Kind::TruncateCache, 1), (Kind::Run, 3)], ..EDITS };

/// Outputs of two commands with names that begin alike, which go back to what they were.
pub(crate) const TWINS: Profile = Profile {
    sources: &[&["src/a.txt"], &["src/deep/x.txt"]],
    slots: &[14, 15],
    named: &[2, 3],
    ..EDITS
};

/// Files that come and go, and with them outputs.
pub(crate) const FOLDERS: Profile = Profile {
    kinds: &[(Kind::Edit, 2), (Kind::Delete, 2), (Kind::Run, 4)],
    sources: &[&["src/a.txt", "src/b.txt"], &["src/deep/x.txt"]],
    values: &[0],
    slots: &[14, 15],
    named: &[1, 2, 3],
    ..EDITS
};

/// Two places with one cache.
pub(crate) const CLONES: Profile = Profile {
    kinds: &[(Kind::Edit, 1), (Kind::Clone, 1), (Kind::Clean, 1), (Kind::Run, 3)],
    places: &[0, 1],
    ..EDITS
};

/// Variables that files set for the modules of a space.
pub(crate) const SPACES: Profile =
    Profile { sources: &[SOURCES[5]], slots: &[17, 18], named: &[1, 2], ..EDITS };

/// What all users share, and cannot reach at times.
pub(crate) const SHARED: Profile =
    Profile { slots: &[20], shelves: &[Shelf::There, Shelf::Away], users: &[0, 1], ..EDITS };

/// Runs that watch what other runs have done already.
pub(crate) const WATCHING: Profile =
    Profile { kinds: &[(Kind::Watch, 1), (Kind::Run, 1)], length: 10, ..EDITS };

/// An included file of definitions that is edited while somebody watches.
pub(crate) const INCLUDING: Profile =
    Profile { kinds: &[(Kind::Watch, 1)], watched: &[(0, &[INCLUDED_FILE])], length: 4, ..EDITS };

/// An environment that is installed, and removed by somebody.
pub(crate) const INSTALLS: Profile = Profile {
    kinds: &[(Kind::Uninstall, 1), (Kind::Run, 2), (Kind::Edit, 1)],
    sources: &[&["src/a.txt"]],
    slots: &[22, 23],
    ..EDITS
};

/// Exceptions among artifacts that change their place, and outputs that are removed.
pub(crate) const ORDER: Profile = Profile {
    kinds: &[(Kind::Define, 2), (Kind::Clean, 1), (Kind::Run, 3)],
    changes: &[Change::Artifacts],
    slots: &[26],
    ..EDITS
};

/// A module in a folder whose name means something in patterns.
pub(crate) const ODD_MODULES: Profile =
    Profile { sources: &[&["mod/[l]/a.txt", "mod/[l]/é.txt"]], slots: &[17, 19], ..EDITS };

/// Commands that share a folder, each of which writes one file there.
pub(crate) const SHARING: Profile = Profile {
    kinds: &[(Kind::Edit, 2), (Kind::Clean, 1), (Kind::Run, 3)],
    sources: &[&["mod/[l]/a.txt"], &["mod/r/a.txt"]],
    slots: &[27, 28],
    named: &[1, 2],
    ..EDITS
};

/// A command that writes beyond a link, and one that reads there.
pub(crate) const LINKED: Profile = Profile { slots: &[24, 25], ..EDITS };

/// A command that leaves nothing of what it wrote before, and is renamed.
pub(crate) const RENAMED: Profile = Profile {
    kinds: &[(Kind::Define, 1), (Kind::Edit, 1), (Kind::Run, 2)],
    changes: &[Change::Name],
    slots: &[0],
    ..EDITS
};

/// Files that are no inputs and still concern commands.
pub(crate) const CONCERNED: Profile = Profile {
    kinds: &[(Kind::Branch, 1), (Kind::Edit, 1), (Kind::Since, 2)],
    sources: &[&["left.env", "right.env"]],
    slots: &[17, 18],
    ..EDITS
};
