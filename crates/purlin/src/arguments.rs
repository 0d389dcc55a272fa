//! The command line's grammar.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use clap::{ArgAction, Args, CommandFactory, Parser, Subcommand, ValueEnum};
use purlin_host::Reserved;

use crate::quantity;

/// A workspace tool in which every feature is a plugin.
#[derive(Debug, Parser)]
#[command(
    name = "purlin",
    version,
    about,
    disable_help_subcommand = true,
    allow_external_subcommands = true,
    subcommand_required = false,
    arg_required_else_help = false
)]
pub(crate) struct Arguments {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) verb: Option<Verb>,
}

/// Flags that every verb has.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Everywhere")]
pub(crate) struct Global {
    /// Run as if started in DIR
    #[arg(short = 'C', long = "directory", global = true, value_name = "DIR")]
    pub(crate) directory: Option<PathBuf>,
    /// Print JSON
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// When to use colour
    #[arg(long, global = true, value_enum, default_value_t = Color::Auto, value_name = "WHEN")]
    pub(crate) color: Color,
    /// Say less
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub(crate) quiet: bool,
    /// Say more
    #[arg(short, long, global = true, action = ArgAction::Count)]
    pub(crate) verbose: u8,
    /// Fail instead of changing purlin.lock
    #[arg(long, global = true)]
    pub(crate) locked: bool,
    /// Use nothing from a network
    #[arg(long, global = true)]
    pub(crate) offline: bool,
    /// Never ask
    #[arg(long, global = true)]
    pub(crate) no_input: bool,
    /// What is pinned anew, as `purlin.lock` calls it: said to `build`.
    #[arg(skip)]
    pub(crate) update: Vec<String>,
}

impl Global {
    /// Whether what is pinned by a name is pinned anew.
    pub(crate) fn moves(&self, name: &str) -> bool {
        self.update.iter().any(|one| one == name)
    }
}

/// When colour is used.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Color {
    /// On a terminal
    #[default]
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

/// The built-in verbs.
#[derive(Debug, Subcommand)]
pub(crate) enum Verb {
    /// Make this folder a workspace
    Init(Init),
    /// Show outputs: their names, or one of them evaluated
    Show(Show),
    /// Tell who wrote an output, what lost against it, and what came of it
    Explain(Explain),
    /// Find everything that is wrong, without running anything
    Check(Check),
    /// Show which definitions use which
    Graph(Graph),
    /// Run commands, each only when its result is not there already
    Run(Run),
    /// Run a program in the environment of a space, which is prepared first
    Exec(Exec),
    /// Build packages, and print where they are
    Build(Build),
    /// Run an app, whose package is built first
    App(App),
    /// Enter a shell, whose packages are built first
    Shell(EnterShell),
    /// Look after caches
    #[command(subcommand, arg_required_else_help = true)]
    Cache(Cache),
    /// Look after plugins
    #[command(subcommand, arg_required_else_help = true)]
    Plugin(Plugin),
    /// List plugins (the same as `plugin list`)
    #[command(hide = true)]
    ListPlugins,
    /// Print the script that completes this command line in a shell
    Completions(Completions),
    /// A verb of a plugin
    #[command(external_subcommand)]
    Other(Vec<OsString>),
}

#[derive(Debug, Args)]
pub(crate) struct Init {
    /// Name of the workspace (default: the folder's)
    #[arg(long, conflicts_with = "template")]
    pub(crate) name: Option<String>,
    /// Begin with a copy of a template of the workspace around this folder
    #[arg(long, value_name = "TEMPLATE")]
    pub(crate) template: Option<String>,
    /// The folder of the workspace that has the template
    #[arg(long, value_name = "DIR", requires = "template")]
    pub(crate) from: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct Show {
    /// An output or a branch of outputs, such as `packages.x86_64-linux` (default: all)
    #[arg(value_name = "PATH")]
    pub(crate) path: Option<String>,
    /// Only for this system; may be given several times
    #[arg(long = "system", value_name = "SYSTEM")]
    pub(crate) systems: Vec<String>,
    /// Tell with each name who wrote it
    #[arg(long)]
    pub(crate) origin: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Explain {
    /// An output, such as `packages.x86_64-linux.hello`
    #[arg(value_name = "PATH", required_unless_present = "missing", conflicts_with = "missing")]
    pub(crate) path: Option<String>,
    /// A name that a definition asks for and does not find
    #[arg(long, value_name = "NAME")]
    pub(crate) missing: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct Check {
    /// Then run the checks of the workspace: those with these names, or all
    #[arg(long, value_name = "NAME", num_args = 0..)]
    pub(crate) run: Option<Vec<String>>,
}

#[derive(Debug, Args)]
pub(crate) struct Graph {
    /// Only what is needed for this output (default: all)
    #[arg(value_name = "PATH")]
    pub(crate) path: Option<String>,
    /// For this system (default: the first of the workspace)
    #[arg(long, value_name = "SYSTEM")]
    pub(crate) system: Option<String>,
    /// Print it for Graphviz
    #[arg(long, conflicts_with = "json")]
    pub(crate) dot: bool,
}

#[derive(Debug, Clone, Default, Args)]
pub(crate) struct Run {
    /// Commands to run with all that they depend on (default: all that are not hidden)
    #[arg(value_name = "NAME")]
    pub(crate) names: Vec<String>,
    /// Only for this module; may be given several times
    #[arg(short, long = "module", value_name = "MODULE")]
    pub(crate) modules: Vec<String>,
    /// Only in this space; may be given several times
    #[arg(short, long = "space", value_name = "SPACE")]
    pub(crate) spaces: Vec<String>,
    /// Only with this tag; may be given several times
    #[arg(short, long = "tag", value_name = "TAG")]
    pub(crate) tags: Vec<String>,
    /// Run even what has its result already
    #[arg(short, long)]
    pub(crate) force: bool,
    /// How many programs run at once (default: the number of processors)
    #[arg(short = 'n', long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    pub(crate) jobs: Option<u16>,
    /// End the run with the first failure, and what still runs with it
    #[arg(long)]
    pub(crate) fail_fast: bool,
    /// Only what files concern that changed since this branch left the one of REF
    #[arg(long, value_name = "REF")]
    pub(crate) since: Option<String>,
    /// Only what keeps its results in the cache NAME
    #[arg(long, value_name = "NAME")]
    pub(crate) cache: Vec<String>,
    /// Only what has its result already, or only what has not
    #[arg(long, value_enum, value_name = "STATUS")]
    pub(crate) cache_status: Option<CacheStatus>,
    /// Only what did not succeed the last time
    #[arg(long)]
    pub(crate) failed: bool,
    /// Leave out what the commands depend on, unless it is asked for itself
    #[arg(long)]
    pub(crate) isolated: bool,
    /// Fail if any command is selected, and run nothing
    #[arg(long, conflicts_with = "ls")]
    pub(crate) fail: bool,
    /// Go on: run again what files concern as they change
    #[arg(long, conflicts_with_all = ["ls", "fail", "fail_fast"])]
    pub(crate) watch: bool,
    /// How output is shown (default: stream for one command or -n 1, else progress)
    #[arg(long, value_enum, value_name = "HOW")]
    pub(crate) output: Option<Output>,
    /// List what would run, without running it
    #[arg(long)]
    pub(crate) ls: bool,
    /// Tell why NAME ran or would run, without running it
    #[arg(long, value_name = "NAME", conflicts_with_all = ["ls", "names", "force", "since", "cache", "cache_status", "failed", "isolated", "fail"])]
    pub(crate) why: Option<String>,
    /// Give a variable of the context a value
    #[arg(long, value_name = "NAME=VALUE")]
    pub(crate) ctx: Vec<String>,
    /// The options that process variables have set
    #[arg(skip)]
    pub(crate) from_variables: Vec<&'static str>,
}

#[derive(Debug, Args)]
pub(crate) struct Exec {
    /// The space (default: the one that you stand in; else the environment of commands without one)
    #[arg(short, long, value_name = "SPACE", conflicts_with = "install")]
    pub(crate) space: Option<String>,
    /// Prepare all environments, and run nothing in them
    #[arg(long)]
    pub(crate) install: bool,
    /// Give a variable of the context a value
    #[arg(long, value_name = "NAME=VALUE")]
    pub(crate) ctx: Vec<String>,
    /// The program and its arguments, behind `--`
    #[arg(
        last = true,
        value_name = "CMD",
        required_unless_present = "install",
        conflicts_with = "install"
    )]
    pub(crate) command: Vec<OsString>,
}

#[derive(Debug, Default, Args)]
pub(crate) struct Build {
    /// Packages, as `show` lists them (default: all)
    #[arg(value_name = "NAME")]
    pub(crate) names: Vec<String>,
    /// For this system (default: the one of this machine)
    #[arg(long, value_name = "SYSTEM")]
    pub(crate) system: Option<String>,
    /// Build again, whatever there is
    #[arg(short, long)]
    pub(crate) force: bool,
    /// How many builds run at once (default: the number of processors)
    #[arg(short = 'n', long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    pub(crate) jobs: Option<u16>,
    /// Tell whether they would be built and why, and build nothing
    #[arg(long)]
    pub(crate) explain: bool,
    /// Print all that they need to run, too
    #[arg(long, conflicts_with = "explain")]
    pub(crate) closure: bool,
    /// Write them into a folder of packages, too
    #[arg(long, value_name = "DIR", conflicts_with = "explain")]
    pub(crate) install: Option<PathBuf>,
    /// Pin anew what `purlin.lock` has of this: a project from git, an input, a package or request of a repository
    #[arg(long, value_name = "NAME", conflicts_with = "explain")]
    pub(crate) update: Vec<String>,
    /// How output is shown (default: progress)
    #[arg(long, value_enum, value_name = "HOW")]
    pub(crate) output: Option<Output>,
}

#[derive(Debug, Args)]
pub(crate) struct App {
    /// An app, or a package that has a main program
    #[arg(value_name = "NAME")]
    pub(crate) name: String,
    /// Its arguments, behind `--`
    #[arg(last = true, value_name = "ARGS")]
    pub(crate) arguments: Vec<OsString>,
}

#[derive(Debug, Args)]
pub(crate) struct EnterShell {
    /// A shell, or a package whose build it is for (default: `default`)
    #[arg(value_name = "NAME")]
    pub(crate) name: Option<String>,
    /// The shell to start: a name or a path (default: the user's)
    #[arg(long, value_name = "PROGRAM", conflicts_with = "command")]
    pub(crate) with: Option<String>,
    /// A program to run in its place, behind `--`
    #[arg(last = true, value_name = "CMD")]
    pub(crate) command: Vec<OsString>,
}

/// How the output of commands is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Output {
    /// Progress, and at the end the output of what failed
    Progress,
    /// The output of each command that runs, when it ends
    Grouped,
    /// As it comes; of several at once line by line, with the command in front
    Stream,
    /// Groups and annotations of GitHub Actions
    Github,
}

/// Whether there is a result.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum CacheStatus {
    /// There is one
    Warm,
    /// There is none
    Cold,
}

impl From<CacheStatus> for purlin_commands::CacheStatus {
    fn from(status: CacheStatus) -> Self {
        match status {
            CacheStatus::Warm => Self::Warm,
            CacheStatus::Cold => Self::Cold,
        }
    }
}

#[derive(Debug, Subcommand)]
pub(crate) enum Cache {
    /// List the results that are kept
    List,
    /// Read everything that is kept again, and drop what is damaged
    Verify {
        /// Drop nothing
        #[arg(long)]
        keep: bool,
    },
    /// Drop what was not used for long, of other workspaces too
    Prune {
        /// Results that were not used for this long: `12h`, `30d` (the default), `8w`
        #[arg(long, value_name = "AGE", value_parser = quantity::age)]
        older_than: Option<Duration>,
        /// What may stay in all: `500MB`, `5GB`, `2GiB`
        #[arg(long, value_name = "SIZE", value_parser = quantity::size)]
        max_size: Option<u64>,
    },
    /// Drop all results, those of other workspaces too
    Clear,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Plugin {
    /// List plugins and what they provide
    List,
    /// Tell everything about one plugin
    Info {
        /// Its name
        #[arg(value_name = "PLUGIN")]
        name: String,
    },
    /// Find mistakes in a plugin, without running it
    Check {
        /// Its folder, or its Python project (default: this folder)
        #[arg(value_name = "DIR")]
        folder: Option<PathBuf>,
    },
    /// Put a plugin through the conformance kit. This runs it
    Test {
        /// Its folder, or its Python project (default: this folder)
        #[arg(value_name = "DIR")]
        folder: Option<PathBuf>,
    },
    /// Call one function of a plugin and print what comes back. This runs it
    Call {
        /// Its folder, or its Python project
        #[arg(value_name = "DIR")]
        folder: PathBuf,
        /// The function, such as `dependency/expand`
        #[arg(value_name = "POINT/FUNCTION")]
        function: String,
        /// Its parameters; what is left out is made up
        #[arg(value_name = "PARAMETERS")]
        params: Option<String>,
    },
    /// Print what a plugin is and takes, as Markdown
    Docs {
        /// A folder or a name (default: this folder)
        #[arg(value_name = "DIR|PLUGIN")]
        plugin: Option<String>,
    },
    /// Show what plugins ask for, and consent to it
    Trust {
        /// Plugins (default: those of this workspace that may not run yet)
        #[arg(value_name = "PLUGIN")]
        names: Vec<String>,
        /// Consent without being asked
        #[arg(short, long)]
        yes: bool,
    },
    /// Pin plugins in purlin.lock as they are now
    Lock {
        /// Plugins (default: all that this workspace names)
        #[arg(value_name = "PLUGIN")]
        names: Vec<String>,
    },
}

#[derive(Debug, Args)]
pub(crate) struct Completions {
    /// The shell
    #[arg(value_enum)]
    pub(crate) shell: Shell,
}

/// Shells that completion is written for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Shell {
    Bash,
    Fish,
    Zsh,
}

/// Verbs of the product that this version does not have. They are refused by name, and plugins
/// cannot claim them.
pub(crate) const UNBUILT: [&str; 4] = ["view", "env", "deploy", "schema"];

/// What to do in place of them, where there is something.
pub(crate) const INSTEAD: [(&str, &str); 1] = [(
    "env",
    "`purlin shell` enters a shell with packages, and `purlin exec` runs a program in the environment of a space",
)];

/// Groups of verbs as `--help` shows them.
pub(crate) const GROUPS: [(&str, &[&str]); 5] = [
    ("Workspace", &["init", "show", "explain", "check", "graph"]),
    ("Commands", &["run", "exec", "cache"]),
    ("Packages", &["build", "app", "shell"]),
    ("Plugins", &["plugin"]),
    ("Editor and shell", &["completions"]),
];

/// What plugins cannot claim.
pub(crate) fn reserved() -> Reserved {
    let mut reserved = Reserved::default();
    let command = Arguments::command();
    let flags = |command: &clap::Command| -> Vec<String> {
        command
            .get_arguments()
            .filter_map(|argument| argument.get_long())
            .map(str::to_owned)
            .collect()
    };
    reserved.everywhere = flags(&command);
    reserved.everywhere.extend(["help".to_owned(), "version".to_owned()]);
    for verb in command.get_subcommands() {
        reserved.verbs.insert(verb.get_name().to_owned(), flags(verb));
    }
    for verb in UNBUILT {
        reserved.verbs.insert(verb.to_owned(), Vec::new());
    }
    reserved
}
