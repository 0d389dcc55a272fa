//! The commands of the workspace, and what edits of `purlin.toml` make of them.

use super::files::Pattern::{self, Among, Below, Except, Folder, In, One, Through};
use super::program::Deed;

/// A command's place in [`COMMANDS`]: what is counted, whatever it is called.
pub(crate) type Slot = usize;

/// A command before any edit.
pub(crate) struct Command {
    pub(crate) name: &'static str,
    pub(crate) deeds: &'static [Deed],
    /// Where the result goes after an edit of the artifacts.
    pub(crate) elsewhere: Option<(&'static [Deed], &'static [Pattern])>,
    /// `None`: it has no `deps`.
    pub(crate) files: Option<&'static [Pattern]>,
    pub(crate) producers: &'static [Slot],
    pub(crate) artifacts: &'static [Pattern],
    pub(crate) region: bool,
    /// Named among the dependencies by a cache that keeps nothing.
    pub(crate) uncached: bool,
    /// Running it twice is the same as running it once.
    pub(crate) idempotent: bool,
    /// It is one of the instances of a command with modules; those of one command have one name.
    pub(crate) module: Option<Module>,
    /// Its results are shared by all users.
    pub(crate) shared: bool,
}

/// A module, which is named after the slot of its instance of the first command that has modules.
#[derive(Clone, Copy)]
pub(crate) struct Module {
    pub(crate) slot: Slot,
    pub(crate) space: &'static str,
    pub(crate) folder: &'static str,
    /// The file with the variables of its space.
    pub(crate) dotenv: &'static str,
}

const COMMON: Command = Command {
    name: "",
    deeds: &[],
    elsewhere: None,
    files: Some(&[]),
    producers: &[],
    artifacts: &[],
    region: false,
    uncached: false,
    idempotent: true,
    module: None,
    shared: false,
};

const LEFT: Module = Module { slot: 17, space: "left", folder: "mod/[l]", dotenv: "left.env" };
const RIGHT: Module = Module { slot: 18, space: "right", folder: "mod/r", dotenv: "right.env" };

const SOURCES: Pattern = In("src", ".txt");
const DEEP: Pattern = In("src/deep", ".txt");
const PAGES: Pattern = In("doc", ".md");

/// Producers come before those who depend on them.
pub(crate) const COMMANDS: [Command; 30] = [
    Command {
        name: "list",
        deeds: &[Deed::Collect(&[SOURCES], "list.txt")],
        files: Some(&[SOURCES]),
        artifacts: &[One("list.txt")],
        ..COMMON
    },
    Command {
        name: "each",
        deeds: &[Deed::CopyEach(SOURCES, "each"), Deed::Link("../src/a.txt", "each/link")],
        files: Some(&[SOURCES]),
        artifacts: &[Folder("each")],
        ..COMMON
    },
    Command {
        name: "sum",
        deeds: &[
            Deed::Collect(&[One("list.txt"), In("each", ".out")], "sum.txt"),
            Deed::Show("sum.txt"),
        ],
        producers: &[0, 1],
        artifacts: &[One("sum.txt")],
        ..COMMON
    },
    // Two folders and files that git ignores, one after the other.
    Command {
        name: "generate",
        deeds: &[Deed::Collect(&[DEEP], "gen/g.txt")],
        files: Some(&[DEEP]),
        artifacts: &[Below("gen")],
        ..COMMON
    },
    Command {
        name: "use",
        deeds: &[Deed::Collect(&[Below("gen")], "use.tmp")],
        producers: &[3],
        artifacts: &[One("use.tmp")],
        ..COMMON
    },
    Command {
        name: "end",
        deeds: &[Deed::Collect(&[One("use.tmp")], "end.txt"), Deed::Show("end.txt")],
        elsewhere: Some((&[Deed::Collect(&[One("use.tmp")], "ends.txt")], &[One("ends.txt")])),
        producers: &[4],
        artifacts: &[One("end.txt")],
        ..COMMON
    },
    Command {
        name: "format",
        deeds: &[Deed::Trim(PAGES)],
        files: Some(&[PAGES]),
        artifacts: &[PAGES],
        ..COMMON
    },
    Command {
        name: "publish",
        deeds: &[Deed::Collect(&[PAGES], "publish.txt")],
        files: Some(&[PAGES]),
        producers: &[6],
        artifacts: &[One("publish.txt")],
        ..COMMON
    },
    Command {
        name: "grow",
        deeds: &[Deed::Grow(In("log", ".log"))],
        files: Some(&[In("log", ".log")]),
        artifacts: &[In("log", ".log")],
        idempotent: false,
        ..COMMON
    },
    Command {
        name: "always",
        deeds: &[Deed::Collect(&[One("src/a.txt")], "always.txt")],
        files: None,
        artifacts: &[One("always.txt")],
        ..COMMON
    },
    Command {
        name: "after",
        deeds: &[Deed::Collect(&[One("always.txt")], "after.txt")],
        producers: &[9],
        artifacts: &[One("after.txt")],
        ..COMMON
    },
    Command {
        name: "check",
        deeds: &[
            Deed::Show("src/b.txt"),
            Deed::FailIf("src/b.txt", "v3", 3),
            Deed::DieIf("src/b.txt", "v4"),
            Deed::Say("passed"),
        ],
        files: Some(&[One("src/b.txt")]),
        ..COMMON
    },
    Command {
        name: "deploy",
        deeds: &[Deed::Collect(&[One("src/b.txt")], "deploy.txt")],
        producers: &[11],
        artifacts: &[One("deploy.txt")],
        ..COMMON
    },
    Command {
        name: "region",
        deeds: &[Deed::Region("region.txt"), Deed::Braces("home.txt")],
        files: Some(&[One("src/a.txt")]),
        artifacts: &[One("region.txt"), One("home.txt")],
        region: true,
        ..COMMON
    },
    // Long names that begin alike.
    Command {
        name: "twin-with-a-name-that-is-longer-than-forty-letters-left",
        deeds: &[Deed::CopyEach(SOURCES, "left"), Deed::Say("left")],
        files: Some(&[SOURCES]),
        artifacts: &[Folder("left")],
        ..COMMON
    },
    Command {
        name: "twin-with-a-name-that-is-longer-than-forty-letters-right",
        deeds: &[Deed::CopyEach(DEEP, "right"), Deed::Say("right")],
        files: Some(&[DEEP]),
        artifacts: &[Folder("right")],
        ..COMMON
    },
    Command {
        name: "never",
        deeds: &[Deed::Collect(&[One("src/a.txt")], "never.txt")],
        files: Some(&[One("src/a.txt")]),
        artifacts: &[One("never.txt")],
        uncached: true,
        ..COMMON
    },
    Command {
        name: "tell",
        deeds: &[
            Deed::Collect(&[In("mod/[l]", ".txt")], "mod/[l]/out/all.txt"),
            Deed::Word("left.env", "mod/[l]/out/word.txt"),
        ],
        files: Some(&[In("mod/[l]", ".txt")]),
        artifacts: &[Folder("mod/[l]/out")],
        module: Some(LEFT),
        ..COMMON
    },
    Command {
        name: "tell",
        deeds: &[
            Deed::Collect(&[In("mod/r", ".txt")], "mod/r/out/all.txt"),
            Deed::Word("right.env", "mod/r/out/word.txt"),
        ],
        files: Some(&[In("mod/r", ".txt")]),
        artifacts: &[Folder("mod/r/out")],
        module: Some(RIGHT),
        ..COMMON
    },
    Command {
        name: "both",
        deeds: &[
            Deed::Collect(&[Below("mod/[l]/out"), Below("mod/r/out")], "both.txt"),
            Deed::Show("both.txt"),
        ],
        producers: &[17, 18],
        artifacts: &[One("both.txt")],
        ..COMMON
    },
    // Kept by everybody's cache.
    Command {
        name: "share",
        deeds: &[Deed::Collect(&[SOURCES], "share.txt"), Deed::Show("src/a.txt")],
        files: Some(&[SOURCES]),
        artifacts: &[One("share.txt")],
        shared: true,
        ..COMMON
    },
    Command {
        name: "take",
        deeds: &[Deed::CopyEach(DEEP, "take"), Deed::Collect(&[One("share.txt")], "take/all")],
        files: Some(&[DEEP]),
        producers: &[20],
        artifacts: &[Folder("take")],
        shared: true,
        ..COMMON
    },
    // Installs what the environment of the next one needs; it has no artifacts.
    Command {
        name: "install",
        deeds: &[Deed::Collect(&[One("src/a.txt")], INSTALLED)],
        files: Some(&[One("src/a.txt")]),
        ..COMMON
    },
    Command {
        name: "inside",
        deeds: &[Deed::Collect(&[One(INSTALLED)], "inside.txt"), Deed::Show("inside.txt")],
        producers: &[22],
        artifacts: &[One("inside.txt")],
        ..COMMON
    },
    // Beyond a link to a folder.
    Command {
        name: "behind",
        deeds: &[Deed::Collect(&[SOURCES], "real/all.txt")],
        files: Some(&[SOURCES]),
        artifacts: &[Through("linked/all.txt", "real/all.txt")],
        ..COMMON
    },
    Command {
        name: "reads",
        deeds: &[Deed::Collect(&[One("real/all.txt")], "reads.txt")],
        producers: &[24],
        artifacts: &[One("reads.txt")],
        ..COMMON
    },
    // What it leaves out depends on the order of its artifacts.
    Command {
        name: "order",
        deeds: ORDER,
        elsewhere: Some((ORDER, &[Except("order/extra.txt"), In("order", ".txt")])),
        files: Some(&[SOURCES]),
        artifacts: &[In("order", ".txt"), Except("order/extra.txt")],
        ..COMMON
    },
    // All instances share a folder by a wildcard, and each writes one file there.
    Command {
        name: "part",
        deeds: &[Deed::Collect(&[In("mod/[l]", ".txt")], "parts/17.txt")],
        files: Some(&[In("mod/[l]", ".txt")]),
        artifacts: &[Among("parts", ".txt", "parts/17.txt")],
        module: Some(LEFT),
        ..COMMON
    },
    Command {
        name: "part",
        deeds: &[Deed::Collect(&[In("mod/r", ".txt")], "parts/18.txt")],
        files: Some(&[In("mod/r", ".txt")]),
        artifacts: &[Among("parts", ".txt", "parts/18.txt")],
        module: Some(RIGHT),
        ..COMMON
    },
    Command {
        name: "gather",
        deeds: &[Deed::Collect(&[In("parts", ".txt")], "gather.txt"), Deed::Show("gather.txt")],
        producers: &[27, 28],
        artifacts: &[One("gather.txt")],
        ..COMMON
    },
];

const ORDER: &[Deed] =
    &[Deed::Collect(&[SOURCES], "order/kept.txt"), Deed::Collect(&[SOURCES], "order/extra.txt")];

/// The command that is defined in a file of its own.
pub(crate) const INCLUDED: Slot = 0;
/// That file.
pub(crate) const INCLUDED_FILE: &str = "more/list.toml";

/// The command that installs an environment, the one that runs in it, and what has to be there.
pub(crate) const INSTALL: Slot = 22;
pub(crate) const INSIDE: Slot = 23;
pub(crate) const INSTALLED: &str = ".place/tool";

/// The first of the instances of one command, by which the command is told apart.
pub(crate) fn head(slot: Slot) -> Slot {
    COMMANDS.iter().position(|one| one.name == COMMANDS[slot].name).unwrap_or(slot)
}

fn called(slot: Slot, renamed: bool) -> String {
    format!("{}{}", COMMANDS[slot].name, if renamed { "-new" } else { "" })
}

/// What an edit of `purlin.toml` changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Change {
    /// The text of `exec`, in a way that does nothing.
    Exec,
    /// A dependency on a value.
    Constant,
    /// A dependency on more files, which the command does not read.
    MoreFiles,
    /// Its name.
    Name,
    /// Its artifacts, and with them what it writes.
    Artifacts,
    /// Which results are kept.
    CacheWhen,
    /// Whether results are kept.
    Cache,
}

/// One command as it is defined now.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Edits {
    exec: u8,
    constant: u8,
    more_files: bool,
    renamed: bool,
    elsewhere: bool,
    when: u8,
    uncached: bool,
}

/// `purlin.toml`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Definition {
    commands: Vec<Edits>,
}

impl Definition {
    pub(crate) fn new() -> Self {
        Self { commands: vec![Edits::default(); COMMANDS.len()] }
    }

    pub(crate) fn change(&mut self, slot: Slot, change: Change, value: u8) {
        // What is not written of a command cannot be written otherwise.
        let has_deps = self.has_deps(slot);
        let command = &mut self.commands[head(slot)];
        match change {
            Change::Exec => command.exec = value % 3,
            Change::Constant => command.constant = if has_deps { value % 3 } else { 0 },
            Change::MoreFiles => command.more_files ^= has_deps,
            // Its name is known to a plugin.
            Change::Name => command.renamed ^= slot != INSTALL,
            Change::Artifacts => command.elsewhere ^= COMMANDS[slot].elsewhere.is_some(),
            Change::CacheWhen => command.when = value % 3,
            Change::Cache => command.uncached ^= !COMMANDS[slot].uncached,
        }
    }

    /// The edits of the command that it is an instance of.
    fn edits(&self, slot: Slot) -> &Edits {
        &self.commands[head(slot)]
    }

    fn command(&self, slot: Slot) -> String {
        called(slot, self.edits(slot).renamed)
    }

    /// What it is called where only it is meant.
    pub(crate) fn name(&self, slot: Slot) -> String {
        Self::name_of(slot, self.command(slot))
    }

    /// What it is called where it is called otherwise.
    pub(crate) fn other_name(&self, slot: Slot) -> String {
        Self::name_of(slot, called(slot, !self.edits(slot).renamed))
    }

    /// Whether a command is defined otherwise.
    pub(crate) fn differs(&self, other: &Self, slot: Slot) -> bool {
        self.edits(slot) != other.edits(slot)
    }

    fn name_of(slot: Slot, command: String) -> String {
        match COMMANDS[slot].module {
            Some(module) => format!("{command}@{}#{}", module.space, module.slot),
            None => command,
        }
    }

    pub(crate) fn deeds(&self, slot: Slot) -> &'static [Deed] {
        match COMMANDS[slot].elsewhere {
            Some((deeds, _)) if self.edits(slot).elsewhere => deeds,
            _ => COMMANDS[slot].deeds,
        }
    }

    pub(crate) fn artifacts(&self, slot: Slot) -> &'static [Pattern] {
        match COMMANDS[slot].elsewhere {
            Some((_, artifacts)) if self.edits(slot).elsewhere => artifacts,
            _ => COMMANDS[slot].artifacts,
        }
    }

    /// The files that it depends on.
    pub(crate) fn inputs(&self, slot: Slot) -> Vec<Pattern> {
        let mut inputs = COMMANDS[slot].files.unwrap_or_default().to_vec();
        if self.edits(slot).more_files && self.has_deps(slot) {
            inputs.push(In("extra", ".txt"));
        }
        inputs
    }

    fn has_deps(&self, slot: Slot) -> bool {
        COMMANDS[slot].files.is_some()
    }

    /// Whether results are kept at all.
    pub(crate) fn is_cached(&self, slot: Slot) -> bool {
        self.has_deps(slot) && !COMMANDS[slot].uncached && !self.edits(slot).uncached
    }

    /// Whether a result is kept.
    pub(crate) fn keeps(&self, slot: Slot, succeeded: bool) -> bool {
        match self.edits(slot).when {
            0 => succeeded,
            1 => !succeeded,
            _ => true,
        }
    }

    /// All that a key is made of besides files, producers and the region.
    pub(crate) fn identity(&self, slot: Slot) -> String {
        let Edits { exec, constant, elsewhere, when, .. } = *self.edits(slot);
        format!("{slot} {exec} {constant} {elsewhere} {when}")
    }

    /// The files, by path; `shelf` is the folder of the cache that everybody uses. One command is in a
    /// file that is included.
    pub(crate) fn documents(&self, shelf: &str) -> [(&'static str, String); 2] {
        let mut included = String::new();
        let mut document = format!(
            "[workspace]\n\n[include]\nfiles = [\"more/*.toml\"]\n\n[plugins.shelf]\npath = \"shelf\"\n\n[caches.team]\ntype = \"shelf\"\n\
             folder = \"{shelf}\"\n"
        );
        for (slot, command) in COMMANDS.iter().enumerate() {
            if let Some(Module { slot: name, space, folder, dotenv }) = command.module
                && name == slot
            {
                document.push_str(&format!(
                    "\n[spaces.{space}]\nmodules = [{{ name = \"{name}\", path = \"{folder}\" }}]\n\
                     dotenv = [{{ path = \"{dotenv}\", optional = true }}]\n"
                ));
            }
            if head(slot) != slot {
                continue;
            }
            let edits = self.edits(slot);
            // What is written once for all modules.
            let general = |text: String| match command.module {
                Some(module) => text
                    .replace(module.folder, "{module.dir}")
                    .replace(&format!("/{}.", module.slot), "/{module.name}."),
                None => text,
            };
            let mut lines = vec![
                format!("[commands.{}]", self.command(slot)),
                format!("exec = '''{}'''", general(self.exec(slot))),
            ];
            if self.has_deps(slot) {
                let mut deps: Vec<String> =
                    self.inputs(slot).iter().map(|one| general(one.written())).collect();
                let named = |one: &&Slot| head(**one) == **one && **one != INSTALL;
                let producers = command.producers.iter().filter(named);
                deps.extend(producers.map(|one| format!("command:{}", self.command(*one))));
                deps.push(format!("const:{}", edits.constant));
                deps.extend(command.region.then(|| "variable:REGION".to_owned()));
                lines.push(format!("deps = {deps:?}"));
            }
            let artifacts: Vec<String> =
                self.artifacts(slot).iter().map(|one| general(one.written())).collect();
            lines.push(format!("artifacts = {artifacts:?}"));
            lines.push(format!(
                "cache-when = \"{}\"",
                ["success", "failed", "finished"][usize::from(edits.when)]
            ));
            if command.uncached || edits.uncached {
                lines.push("cache = \"none\"".to_owned());
            } else if command.shared {
                lines.push("cache = \"team\"".to_owned());
            }
            if slot == INSIDE {
                lines.push("environment = \"place\"".to_owned());
            }
            if command.region {
                lines.push("env = { REGION = true }".to_owned());
            }
            let part = if slot == INCLUDED { &mut included } else { &mut document };
            part.push_str(&format!("\n{}\n", lines.join("\n")));
        }
        [("purlin.toml", document), (INCLUDED_FILE, included)]
    }

    /// Counts its run, and does what somebody is to do to the files meanwhile.
    fn exec(&self, slot: Slot) -> String {
        let outside = "{root}/..";
        let number = match COMMANDS[slot].module {
            Some(module) => format!("$(({{module.name}} + {}))", slot - module.slot),
            None => slot.to_string(),
        };
        let meanwhile = |when: &str| {
            format!(r#"[ ! -e "{outside}/{when}-{number}" ] || . "{outside}/{when}-{number}""#)
        };
        let mut text = format!("echo {number} >> \"{outside}/runs\"\n{}\n", meanwhile("before"));
        for deed in self.deeds(slot) {
            // Between them, because one that fails ends the command.
            text.push_str(&format!("{}\n", deed.shell()));
        }
        let version = self.edits(slot).exec;
        format!("{text}{}\n: version {version}\n", meanwhile("after"))
    }
}
