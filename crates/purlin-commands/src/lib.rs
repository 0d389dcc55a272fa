//! Commands: what `purlin.toml` says of them, what the result of each depends on, and the graph
//! that runs them in parallel, each only when its result is not there already.
//!
//! A command becomes an [`Instance`] with an [`Action`], the one thing that is keyed and run. What
//! it depends on is asked of plugins; this crate knows none of their names. It knows no runtime
//! either, prints nothing, and reads no process variable: the command line passes them in and
//! draws the [`Event`]s.

mod action;
mod attributes;
mod cancel;
mod context;
mod definition;
mod dependency;
mod dotenv;
mod environment;
mod event;
mod execute;
mod foreground;
mod graph;
mod jobs;
mod key;
mod links;
mod log;
mod memo;
mod needs;
mod output;
mod platform;
mod record;
mod redefined;
mod reference;
mod remote;
mod run;
mod session;
mod side_by_side;
mod skipped;
mod status;
mod step;
mod template;
mod terminal;
mod variables;
mod watch;

pub use action::Action;
pub use attributes::{ATTRIBUTES, ATTRIBUTES_LINE, lacks_attributes};
pub use cancel::Cancel;
pub use context::{ContextValues, system};
pub use definition::{
    Argument, COMMAND_LINE, CacheDefinition, CacheWhen, Command, ContextType, ContextVariable,
    Defaults, Definitions, DotenvFile, Fence, Module, ModuleFile, Named, Program, Space, Variable,
    from_command_line, from_process_variable, has_errors,
};
pub use dependency::Packages;
pub use environment::{Change as VariableChange, Description, Environment};
pub use event::{Event, Summary};
pub use execute::{Exit, succeeds};
pub use foreground::Foreground;
pub use graph::{
    CacheChoice, Graph, Instance, Outside, Place, Prepared, Refusal, Request, Selection,
};
pub use jobs::{Done, Ended, Job, JobProgram, Reporter, Work, not_started, run_jobs};
pub use key::Change;
pub use needs::{Amount, Amounts};
pub use output::Logs;
pub use platform::Inherits;
pub use record::Header;
pub use redefined::redefined;
pub use remote::Remote;
pub use run::{Defines, Machine, Options, run};
pub use session::{Ids, Session, private_folder, time_text, user_store, workspace_store};
pub use status::{CacheStatus, Status, Told, statuses};
pub use template::Text;
pub use variables::ProcessVariables;
pub use watch::Watch;
