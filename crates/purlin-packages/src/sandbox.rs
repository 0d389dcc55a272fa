//! Keeping a build apart: no network, and nothing to be seen but what it is built from.

use std::fs;
use std::path::{Path, PathBuf};

use purlin_commands::ProcessVariables;
use purlin_model::Diagnostic;

/// How builds are kept apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Mode {
    /// Where this machine can.
    #[default]
    Auto,
    /// Always; where it cannot, nothing is built.
    Strict,
    /// Never.
    Off,
}

impl Mode {
    /// Every mode by its name.
    pub const NAMES: [(&'static str, Self); 3] =
        [("auto", Self::Auto), ("strict", Self::Strict), ("off", Self::Off)];
}

/// What keeps builds apart on this machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sandbox {
    /// Bubblewrap, with its program.
    Bubblewrap(PathBuf),
    /// Nothing, and why.
    Nothing(String),
}

/// Folders of the system that programs of the system need, whatever they are.
const SYSTEM: [&str; 7] = ["/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32"];

/// Files of the system's configuration without which its programs do not start, or cannot tell whose
/// files are whose.
const CONFIGURATION: [&str; 8] = [
    "/etc/alternatives",
    "/etc/group",
    "/etc/ld.so.cache",
    "/etc/ld.so.conf",
    "/etc/ld.so.conf.d",
    "/etc/nsswitch.conf",
    "/etc/passwd",
    "/etc/mime.types",
];

/// What records say of a build that nothing kept apart.
const NONE: &str = "none";

/// What they say of one that was kept apart, and of nothing else.
pub(crate) const APART: &str = "bubblewrap";

/// Whom programs see themselves as where root builds. Root without its rights may do less than a user: a
/// user may make namespaces. A name that every system knows belongs to it.
const NOBODY: &str = "65534";

/// Where a build finds its own folder.
pub(crate) const INSIDE: &str = "/build";

impl Sandbox {
    /// What this machine has, as far as the mode asks for it. `works` tells whether a program with
    /// these arguments succeeds.
    ///
    /// # Errors
    /// The mode is strict, and there is nothing.
    pub fn find(
        mode: Mode,
        variables: &ProcessVariables,
        works: &dyn Fn(&[&str]) -> bool,
    ) -> Result<Self, Diagnostic> {
        if mode == Mode::Off {
            return Ok(Self::Nothing("the workspace has switched it off".to_owned()));
        }
        let path = variables.user("PATH").map(std::env::split_paths).into_iter().flatten();
        let program = path.map(|folder| folder.join("bwrap")).find(|program| program.is_file());
        let why = match program {
            None => "there is no `bwrap` on PATH",
            Some(program) => {
                let text = program.to_string_lossy();
                if works(&[
                    &*text,
                    "--unshare-all",
                    "--ro-bind",
                    "/",
                    "/",
                    "--proc",
                    "/proc",
                    "--dev",
                    "/dev",
                    "/bin/sh",
                    "-c",
                    ":",
                ]) {
                    return Ok(Self::Bubblewrap(program));
                }
                "`bwrap` is there, but this system does not let it make namespaces"
            }
        };
        if mode == Mode::Strict {
            return Err(Diagnostic::error("no-sandbox", "builds cannot be kept apart here")
                .detail(format!("`[build] sandbox` is \"strict\", and {why}."))
                .help(
                    "install bubblewrap (`apt install bubblewrap`, and the same name with `dnf`, \
                     `pacman` or `apk`), or set `sandbox = \"auto\"`"
                        .to_owned(),
                ));
        }
        Ok(Self::Nothing(why.to_owned()))
    }

    /// As records and messages call it.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Bubblewrap(_) => APART,
            Self::Nothing(_) => NONE,
        }
    }
}

/// What a program in the sandbox sees.
#[derive(Debug)]
pub(crate) struct View<'a> {
    /// The folder of the build, which it sees as [`INSIDE`].
    pub(crate) folder: &'a Path,
    /// The folder of the package.
    pub(crate) out: Shown<'a>,
    /// Folders that it may read, where they are.
    pub(crate) reads: &'a [PathBuf],
}

/// The folder of a package, as its own programs see it. It is a mount of its own, so that nothing
/// else can be put in its place.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Shown<'a> {
    /// Where it is.
    pub(crate) from: &'a Path,
    /// Where they see it.
    pub(crate) to: &'a Path,
    /// Whether they may write to it.
    pub(crate) writable: bool,
}

/// Runs a program, and ends what it leaves running before its own end: nobody writes into what is kept
/// then. The first process of the namespace is bubblewrap's, this shell is another, and no third is left.
/// Where it is in no namespace, whatever has called itself bubblewrap, it ends nobody.
const TO_THE_END: &str = "\
    \"$@\"; status=$?\n\
    [ \"$PPID\" = 1 ] || exit $status\n\
    kill -KILL -1 2>/dev/null\n\
    while set -- /proc/[0-9]*; [ $# -gt 2 ]; do /bin/sleep 0.01 2>/dev/null; done\n\
    exit $status";

impl View<'_> {
    /// The arguments in front of the program.
    pub(crate) fn arguments(&self, bubblewrap: &Path) -> Vec<String> {
        let text = |path: &Path| path.to_string_lossy().into_owned();
        let mut arguments = vec![text(bubblewrap)];
        let mut add = |words: &[&str]| arguments.extend(words.iter().map(|one| (*one).to_owned()));
        // To root it would leave the right to mount, with which all could be written to.
        add(&["--unshare-all", "--die-with-parent", "--cap-drop", "ALL", "--hostname", "build"]);
        if is_root() && has_user_namespaces() {
            add(&["--uid", NOBODY, "--gid", NOBODY]);
        }
        for folder in SYSTEM {
            match Path::new(folder).read_link() {
                Ok(target) => add(&["--symlink", &text(&target), folder]),
                Err(_) => add(&["--ro-bind-try", folder, folder]),
            }
        }
        for file in CONFIGURATION {
            add(&["--ro-bind-try", file, file]);
        }
        add(&["--proc", "/proc", "--dev", "/dev", "--tmpfs", "/tmp"]);
        for path in self.reads.iter().filter(|path| !is_of_system(path)) {
            let path = text(path);
            add(&["--ro-bind", &path, &path]);
        }
        add(&["--bind", &text(self.folder), INSIDE]);
        let bind = if self.out.writable { "--bind" } else { "--ro-bind" };
        add(&[bind, &text(self.out.from), &text(self.out.to)]);
        add(&["--chdir", &format!("{INSIDE}/src"), "--", "/bin/sh", "-c", TO_THE_END, "sh"]);
        arguments
    }
}

fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

/// What bubblewrap itself looks at: where there are none, it goes without one for root, and takes no other
/// user.
fn has_user_namespaces() -> bool {
    let most = fs::read_to_string("/proc/sys/user/max_user_namespaces");
    Path::new("/proc/self/ns/user").exists() && most.map_or(true, |most| most.trim() != "0")
}

/// True for what every build sees.
#[must_use]
pub fn is_of_system(path: &Path) -> bool {
    path == Path::new("/") || SYSTEM.iter().any(|folder| path.starts_with(folder))
}
