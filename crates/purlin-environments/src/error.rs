//! What can be wrong with texts, and why packages cannot be had.

use crate::{Request, Version};

/// A request and who asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// What is asked for.
    pub request: Request,
    /// Who asks, as messages are to call it: ``the package `hello` ``.
    pub by: String,
}

impl std::fmt::Display for Asked {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "`{}` is asked for by {}", self.request, self.by)
    }
}

/// Why something is no version, range or request, or cannot be resolved.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// Not a version.
    #[error(
        "`{0}` is not a version: tokens of letters, digits and `_` with one `.` or `-` between two."
    )]
    Version(String),
    /// Not a range.
    #[error(
        "`{range}` is not a range of versions, such as `3`, `3+`, `<5`, `1+<5`, `1..5`, `==3` or `1|3`."
    )]
    Range {
        /// As written.
        range: String,
    },
    /// A range that no version is in.
    #[error("no version is in `{range}`.")]
    EmptyRange {
        /// As written.
        range: String,
    },
    /// A request without a name.
    #[error("`{0}` names no package.")]
    Nameless(String),
    /// A request whose range is wrong.
    #[error("`{request}` is not a request: {why}")]
    Request {
        /// As written.
        request: String,
        /// What is wrong with it.
        why: Box<Error>,
    },
    /// A document that is no package.
    #[error("what is said of {package} cannot be used: {why}")]
    Document {
        /// The package and its repository.
        package: String,
        /// What is wrong with it.
        why: String,
    },
    /// No repository has a package of this name.
    #[error("no repository has a package `{name}`: {asked}.")]
    Unknown {
        /// The name.
        name: String,
        /// Who asked first.
        asked: Box<Asked>,
    },
    /// Repositories have the package, but in no version that meets the request.
    #[error(
        "no version of `{name}` meets what is asked: {}; there is {}.",
        list(asked),
        versions(there)
    )]
    NoVersion {
        /// The package.
        name: String,
        /// Who asks.
        asked: Vec<Asked>,
        /// What there is, newest first.
        there: Vec<Version>,
    },
    /// Two requests that cannot be met together; more where it takes more.
    #[error("`{name}` cannot be had as everybody asks: {}.", list(asked))]
    Incompatible {
        /// The package.
        name: String,
        /// Who asks.
        asked: Vec<Asked>,
    },
    /// The choice goes round in circles: each makes the other one unwanted.
    #[error("no choice settles for {}: each changes what is asked of the others.", names(.0))]
    Unsettled(Vec<String>),
    /// A repository could not answer.
    #[error("{0}")]
    Repository(String),
}

fn list(asked: &[Asked]) -> String {
    asked.iter().map(Asked::to_string).collect::<Vec<_>>().join(", ")
}

fn names(names: &[String]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

fn versions(there: &[Version]) -> String {
    match there {
        [] => "none".to_owned(),
        _ => {
            let shown = there.iter().take(5).map(|version| format!("`{version}`"));
            let more = if there.len() > 5 { " and older ones" } else { "" };
            format!("{}{more}", shown.collect::<Vec<_>>().join(", "))
        }
    }
}
