//! What goes wrong with a plugin's process, each kind with its own sentence.

use std::path::PathBuf;
use std::time::Duration;

use purlin_model::Diagnostic;
use purlin_plugin::message::{ErrorCode, PluginError};
use semver::Version;

use crate::exit::Exit;

/// A call that has no answer, and why.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the plugin `{plugin}` {version} failed in `{call}`: {cause}")]
pub struct CallError {
    /// The plugin.
    pub plugin: String,
    /// The plugin's version.
    pub version: Version,
    /// The method that was called; `initialize` when it did not come that far.
    pub call: String,
    /// What happened.
    pub cause: Cause,
    /// The last lines that the plugin wrote to stderr, cut to a readable length.
    pub stderr: Vec<String>,
}

/// What happened to a call.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Cause {
    /// The plugin has answered with an error of its own.
    #[error("{0}")]
    Reported(PluginError),
    /// The program could not be started.
    #[error("`{program}` cannot be started: {reason}")]
    NotStarted {
        /// The program.
        program: String,
        /// Why, as the system says it.
        reason: String,
    },
    /// The folder that it starts in is not there.
    #[error("its folder {} is not there", .0.display())]
    NoFolder(PathBuf),
    /// `initialize` was not answered in time.
    #[error("it is not ready {} after it was started", seconds(.0))]
    SlowStart(Duration),
    /// The plugin does not want to begin.
    #[error("it cannot begin: {0}")]
    NotReady(String),
    /// A call was not answered in time.
    #[error("it has not answered within {}", seconds(.0))]
    SlowAnswer(Duration),
    /// It does not read what it is sent.
    #[error("it has not read what it was sent within {}", seconds(.0))]
    Deaf(Duration),
    /// The process ended.
    #[error("it {0}")]
    Died(Exit),
    /// The process was ended because of another call.
    #[error("it was ended, because of another call: {0}")]
    Ended(String),
    /// Nothing can be heard from it any more.
    #[error("it closed its stdout")]
    Silent,
    /// The process ended twice, and there is no third time.
    #[error("it has failed twice in this run and is not started again; the last time, {0}")]
    GaveUp(String),
    /// A line on stdout is no message.
    #[error("it wrote to stdout what is not a message: {0}")]
    NotAMessage(String),
    /// A message, but not one of the protocol.
    #[error("it sent a message that is against the protocol, because {reason}: {line}")]
    Malformed {
        /// What is wrong with it.
        reason: String,
        /// The beginning of the message.
        line: String,
    },
    /// A line beyond the limit.
    #[error("it sent a message of more than {0} bytes")]
    TooLong(usize),
    /// An answer to nothing.
    #[error("it answered a request that was never sent, with the id {0}")]
    UnknownId(String),
    /// Two answers to one request.
    #[error("it answered the request {0} twice")]
    AnsweredTwice(u64),
    /// A result of the wrong shape.
    #[error("its result is not what `{method}` returns: {reason}")]
    BadResult {
        /// The method.
        method: String,
        /// What is wrong.
        reason: String,
    },
    /// What it provides is not what its manifest says.
    #[error("{}", differs(.missing, .surplus))]
    Provides {
        /// What the manifest has and the process has not.
        missing: Vec<String>,
        /// What the process has and the manifest has not.
        surplus: Vec<String>,
    },
    /// No version of the protocol that both speak.
    #[error("it speaks no version of the protocol that this Purlin speaks ({ours}): {theirs}")]
    Protocol {
        /// The versions of the host.
        ours: String,
        /// What the plugin says.
        theirs: String,
    },
    /// The host asked it to stop.
    #[error("{}", if *.ended { "it was cancelled, did not stop and was ended" } else { "it was cancelled" })]
    Cancelled {
        /// True when the process did not stop by itself.
        ended: bool,
    },
    /// The process is not used any more.
    #[error("the run is over")]
    Closed,
}

impl CallError {
    /// The code of its diagnostic.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self.cause {
            Cause::Reported(_) => "plugin-call",
            Cause::NotStarted { .. }
            | Cause::NoFolder(_)
            | Cause::NotReady(_)
            | Cause::SlowStart(_) => "plugin-start",
            Cause::Died(_) | Cause::Ended(_) | Cause::GaveUp(_) => "plugin-died",
            Cause::SlowAnswer(_) | Cause::Deaf(_) => "plugin-time",
            Cause::Cancelled { .. } | Cause::Closed => "plugin-cancelled",
            Cause::NotAMessage(_)
            | Cause::Malformed { .. }
            | Cause::TooLong(_)
            | Cause::Silent
            | Cause::UnknownId(_)
            | Cause::AnsweredTwice(_)
            | Cause::BadResult { .. }
            | Cause::Provides { .. }
            | Cause::Protocol { .. } => "plugin-protocol",
        }
    }

    /// The failure as a message for the user: what, why, what the plugin wrote last, what to do.
    #[must_use]
    pub fn diagnostic(&self) -> Diagnostic {
        let Self { plugin, version, call, cause, .. } = self;
        Diagnostic::error(
            self.code(),
            format!("the plugin `{plugin}` {version} failed in `{call}`"),
        )
        .detail(self.detail(format!("{}.", capital(&cause.to_string()))))
        .help(self.help())
    }

    /// What to do, where that is known.
    fn help(&self) -> Option<String> {
        let text = match &self.cause {
            Cause::NotAMessage(_) => {
                "stdout belongs to the protocol: what is meant for people goes to stderr"
            }
            Cause::Provides { .. } => "make its `plugin.toml` and its code tell of the same",
            Cause::Protocol { .. } => "install a version of the plugin or of Purlin that fits",
            Cause::SlowStart(_) => "`startup-timeout` in its `[runtime]` gives it more time",
            Cause::SlowAnswer(_) => "`call-timeout` in its `[runtime]` gives it more time",
            Cause::Died(_) if self.stderr.iter().any(|line| tells_of_memory(line)) => {
                "`memory` in its `[runtime]` gives it more"
            }
            Cause::Deaf(_) => {
                "a plugin reads its stdin at all times, also while it works or waits for an answer"
            }
            _ => return None,
        };
        Some(text.to_owned())
    }

    fn detail(&self, mut text: String) -> String {
        if !self.stderr.is_empty() {
            text.push_str("\nThe last that it wrote to stderr:");
            for line in &self.stderr {
                text.push_str("\n  ");
                text.push_str(line);
            }
        }
        text
    }
}

impl From<CallError> for PluginError {
    fn from(error: CallError) -> Self {
        let call = (error.call == "initialize").then(|| error.call.clone());
        if let Cause::Reported(reported) = error.cause {
            return reported;
        }
        let code = match error.cause {
            Cause::Cancelled { .. } | Cause::Closed => ErrorCode::Cancelled,
            Cause::SlowAnswer(_) | Cause::Deaf(_) | Cause::Died(_) => ErrorCode::Transient,
            _ => ErrorCode::Internal,
        };
        let mut detail = error.detail(String::new()).trim_start().to_owned();
        if let Some(help) = error.help() {
            detail = format!("{detail}\n{help}").trim_start().to_owned();
        }
        Self { detail, call, ..Self::new(code, error.cause.to_string()) }
    }
}

fn seconds(time: &Duration) -> String {
    match (time.as_millis(), time.subsec_millis()) {
        (_, 0) => format!("{} s", time.as_secs()),
        (milliseconds, _) => format!("{milliseconds} ms"),
    }
}

/// True for what programs write when they get no more memory.
fn tells_of_memory(line: &str) -> bool {
    let line = line.to_ascii_lowercase();
    ["memoryerror", "out of memory", "cannot allocate memory", "memory allocation of", "bad_alloc"]
        .iter()
        .any(|words| line.contains(words))
}

fn differs(missing: &[String], surplus: &[String]) -> String {
    let mut parts = Vec::new();
    if !missing.is_empty() {
        parts.push(format!("it does not provide {}, which its manifest names", missing.join(", ")));
    }
    if !surplus.is_empty() {
        parts.push(format!("it provides {}, which its manifest lacks", surplus.join(", ")));
    }
    parts.join("; ")
}

fn capital(text: &str) -> String {
    let mut characters = text.chars();
    characters
        .next()
        .map_or_else(String::new, |first| first.to_uppercase().chain(characters).collect())
}
