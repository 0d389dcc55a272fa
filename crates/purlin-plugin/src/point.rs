//! The closed list of extension points, and which runtime may provide which.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A place where a plugin can add something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Point {
    /// Extends definitions or turns them into outputs; pure.
    Transform,
    /// Reads files that become definitions.
    Importer,
    /// A typed leaf with its constructor; static.
    Leaf,
    /// Keeps results of commands.
    Cache,
    /// Plans how a package is built.
    Builder,
    /// Tells what a command depends on.
    Dependency,
    /// Describes what a command runs in.
    Environment,
    /// Lists and fetches packages.
    Repository,
    /// A resource type: plan, apply, destroy.
    Resource,
    /// Where deployment state lives.
    State,
    /// Mutual exclusion between deployments.
    Lease,
    /// A verb of its own.
    Subcommand,
    /// A flag on an existing verb.
    Argument,
    /// Is told that something happened.
    Hook,
}

/// How a plugin runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RuntimeKind {
    /// Compiled into the binary.
    Native,
    /// Evaluated in the process, without I/O.
    Starlark,
    /// A process that speaks JSON-RPC.
    Process,
    /// Reserved.
    Wasm,
}

impl Point {
    /// All of them, in the order of the documentation.
    pub const ALL: [Self; 14] = [
        Self::Transform,
        Self::Importer,
        Self::Leaf,
        Self::Cache,
        Self::Builder,
        Self::Dependency,
        Self::Environment,
        Self::Repository,
        Self::Resource,
        Self::State,
        Self::Lease,
        Self::Subcommand,
        Self::Argument,
        Self::Hook,
    ];

    /// Its name in manifests.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Transform => "transform",
            Self::Importer => "importer",
            Self::Leaf => "leaf",
            Self::Cache => "cache",
            Self::Builder => "builder",
            Self::Dependency => "dependency",
            Self::Environment => "environment",
            Self::Repository => "repository",
            Self::Resource => "resource",
            Self::State => "state",
            Self::Lease => "lease",
            Self::Subcommand => "subcommand",
            Self::Argument => "argument",
            Self::Hook => "hook",
        }
    }

    /// True when a plugin of this runtime may provide it.
    #[must_use]
    pub fn allows(self, runtime: RuntimeKind) -> bool {
        match runtime {
            RuntimeKind::Native => true,
            RuntimeKind::Process => self != Self::Transform,
            RuntimeKind::Starlark => matches!(
                self,
                Self::Transform
                    | Self::Leaf
                    | Self::Environment
                    | Self::Dependency
                    | Self::Argument
                    | Self::Importer
                    | Self::Builder
            ),
            RuntimeKind::Wasm => false,
        }
    }

    /// True when a feature of this point can do without code: it is described by the manifest alone.
    #[must_use]
    pub fn may_be_static(self) -> bool {
        matches!(self, Self::Leaf | Self::Cache)
    }
}

impl RuntimeKind {
    /// Its name in manifests.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Native => "native",
            Self::Starlark => "starlark",
            Self::Process => "process",
            Self::Wasm => "wasm",
        }
    }
}

impl fmt::Display for Point {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

impl FromStr for Point {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        Self::ALL.into_iter().find(|point| point.as_str() == text).ok_or(())
    }
}

impl fmt::Display for RuntimeKind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}
