//! What the workspace's files say of commands, checked and typed.

mod command;
mod context;
mod file;
mod files;
mod named;
mod parse;
mod settings;
mod sound;
mod space;
mod unbuilt;

use indexmap::IndexMap;
use purlin_model::Value;

pub(crate) use context::BUILT_IN;
pub(crate) use file::shipped;
pub(crate) use sound::Broken;
pub(crate) use space::unknown_space;

pub use command::{Argument, CacheWhen, Command, Program, Variable};
pub use context::{ContextType, ContextVariable};
pub use file::ModuleFile;
pub(crate) use named::process_variable;
pub use named::{COMMAND_LINE, Named, from_command_line, from_process_variable, has_errors};
pub use settings::{CacheDefinition, Defaults};
pub(crate) use space::other_space;
pub use space::{DotenvFile, Fence, Module, Space};

use crate::needs::Amounts;

/// Everything about commands that the workspace's files say.
#[derive(Debug, Default)]
pub struct Definitions {
    /// Name of the workspace, where it has one.
    pub name: Option<String>,
    /// Commands by kebab-case name, in the order in which they are written.
    pub commands: IndexMap<String, std::sync::Arc<Command>>,
    /// Dependencies in front of every command's own.
    pub base: Vec<Value>,
    /// True where commands see all process variables of the user.
    pub loose: bool,
    /// What commands have that say nothing else.
    pub defaults: Defaults,
    /// Configured caches by name.
    pub caches: IndexMap<String, CacheDefinition>,
    /// What programs share while they run, and how much of it there is.
    pub pools: Amounts,
    /// Variables of the context by kebab-case name.
    pub context: IndexMap<String, ContextVariable>,
    /// Spaces by kebab-case name, in the order in which they are written.
    pub spaces: IndexMap<String, Space>,
    /// Top-level tables that plugins read, by name.
    pub sections: IndexMap<String, Value>,
    /// What else is there, with mistakes.
    pub(crate) broken: Broken,
}
