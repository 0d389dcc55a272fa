//! What users do.

use super::definition::{Change, Slot};
use super::files::Saving;

/// Names that files have and may get, in groups within which they are renamed.
pub(crate) const SOURCES: [&[&str]; 6] = [
    &["src/a.txt", "src/b.txt", "src/c.txt", "src/é.txt", "src/日 本.txt"],
    &["src/deep/x.txt", "src/deep/ü.txt", "src/deep/y.txt"],
    &["doc/a.md", "doc/ø.md"],
    &["log/a.log", "extra/e.txt"],
    &["mod/[l]/a.txt", "mod/[l]/é.txt", "mod/r/a.txt", "mod/r/b.txt"],
    &["left.env", "right.env"],
];

/// Outputs, and places for a user's own files beside them.
pub(crate) const OUTPUTS: [&str; 21] = [
    "list.txt",
    "each/a.txt.out",
    "each/é.txt.out",
    "each/link",
    "sum.txt",
    "gen/g.txt",
    "use.tmp",
    "end.txt",
    "ends.txt",
    "publish.txt",
    "always.txt",
    "deploy.txt",
    "left/b.txt.out",
    "right/x.txt.out",
    "mod/[l]/out/word.txt",
    "mod/r/out/all.txt",
    "share.txt",
    "take/all",
    "real/all.txt",
    "order/kept.txt",
    "parts/17.txt",
];

/// A user's own files, where commands write.
pub(crate) const OWN: [&str; 4] = ["each/own.out", "gen/own", "left/own", "mod/r/out/own"];

/// What is done to an output.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tampering {
    Edit,
    Delete,
    Mode,
    Link,
}

/// When a file is changed while a command runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Moment {
    /// Before the command reads anything.
    Before,
    /// After it has read everything.
    After,
    /// Before, and changed back after.
    Meanwhile,
}

/// How a run dies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Death {
    /// At a step after which something may be left half-done, counted from the beginning.
    Point(u8),
    /// In the middle of a command, which goes on.
    Within(Slot),
    /// After some milliseconds.
    After(u8),
}

/// What all users share, as a run finds it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shelf {
    There,
    /// It answers with an error.
    Away,
    /// It is not to be asked.
    Offline,
}

/// A flag and its value that leave the instances of a module, and which.
pub(crate) type Narrow = (&'static str, &'static str, &'static [Slot]);

/// How a run is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Run {
    /// Which commands; all where none is named.
    pub(crate) slots: Vec<Slot>,
    /// Only the instances of a module.
    pub(crate) narrow: Option<Narrow>,
    pub(crate) user: usize,
    pub(crate) shelf: Shelf,
    pub(crate) force: bool,
    pub(crate) json: bool,
    pub(crate) alone: bool,
    /// The value of the process variable `REGION`.
    pub(crate) region: u8,
    /// All that was ever written was written in this very moment, as far as clocks can tell.
    pub(crate) frozen: bool,
}

impl Run {
    /// An ordinary run of some commands.
    pub(crate) fn of(slots: Vec<Slot>) -> Self {
        Self {
            slots,
            narrow: None,
            user: 0,
            shelf: Shelf::There,
            force: false,
            json: true,
            alone: true,
            region: 0,
            frozen: false,
        }
    }

    /// Which commands are asked for; all where it is none.
    pub(crate) fn wanted(&self) -> Vec<Slot> {
        self.narrow.map_or_else(|| self.slots.clone(), |(_, _, slots)| slots.to_vec())
    }
}

/// One thing that users do. Every step means something in every state, or nothing, so that steps
/// can be left out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Step {
    /// A source gets a content, as long as the one that it has mostly.
    Edit {
        place: usize,
        path: &'static str,
        value: u8,
        saving: Saving,
    },
    Delete {
        place: usize,
        path: &'static str,
    },
    Rename {
        place: usize,
        from: &'static str,
        to: &'static str,
    },
    Mode {
        place: usize,
        path: &'static str,
    },
    Tamper {
        place: usize,
        path: &'static str,
        how: Tampering,
    },
    /// All outputs are removed.
    Clean(usize),
    /// What the environment needs is removed.
    Uninstall(usize),
    /// A user's own file where outputs are.
    Own {
        place: usize,
        path: &'static str,
        value: u8,
    },
    Define {
        place: usize,
        slot: Slot,
        change: Change,
        value: u8,
    },
    /// All is committed, and another branch is checked out.
    Branch(usize),
    /// The second place becomes a copy of the first's sources.
    Clone,
    DropPrivate(usize),
    DropIndex(usize),
    DropCache(usize),
    TruncateCache(usize),
    /// What all users share is damaged.
    DamageShelf,
    Run {
        place: usize,
        run: Run,
    },
    /// A source gets a content while one command runs.
    RunMeanwhile {
        place: usize,
        slot: Slot,
        path: &'static str,
        value: u8,
        moment: Moment,
        force: bool,
    },
    /// Commands are run and watched, while sources get contents.
    Watch {
        place: usize,
        slots: Vec<Slot>,
        edits: Vec<(&'static str, u8)>,
    },
    /// It is asked what concerns that changed since the last commit.
    Since,
    /// A run is killed, and done again. From here on, what is on record is not known any more.
    Kill {
        place: usize,
        run: Run,
        death: Death,
    },
}
