//! The process variables that Purlin itself reads, each declared once; those of the options of `run` are in
//! [`run_options`](crate::run_options).

use std::ffi::OsString;
use std::path::PathBuf;

use purlin_model::Diagnostic;

/// A process variable that Purlin reads.
pub(crate) struct Variable {
    /// Its name.
    pub(crate) name: &'static str,
    /// What it does, for the reference.
    pub(crate) about: &'static str,
}

/// Folders with plugins.
pub(crate) const PLUGIN_PATH: Variable = Variable {
    name: "PURLIN_PLUGIN_PATH",
    about: "Folders, separated by `:`, that hold plugin folders or are one",
};
/// The user's cache folder.
pub(crate) const CACHE_DIR: Variable = Variable {
    name: "PURLIN_CACHE_DIR",
    about: "Folder for the local cache and indexes (default: `$XDG_CACHE_HOME/purlin`, else `~/.cache/purlin`)",
};
/// The user's data folder.
pub(crate) const DATA_DIR: Variable = Variable {
    name: "PURLIN_DATA_DIR",
    about: "Folder for the user's plugins (default: `$XDG_DATA_HOME/purlin`, else `~/.local/share/purlin`)",
};
/// Consent for one process.
pub(crate) const TRUST: Variable = Variable {
    name: "PURLIN_TRUST",
    about: "`workspace`: this process may run the plugins that the workspace takes from a `path`, as if `purlin plugin trust` had been said; for CI",
};
/// Colour off.
pub(crate) const NO_COLOR: Variable =
    Variable { name: "NO_COLOR", about: "Set to anything but nothing: no colour" };

/// Stands for those that options of `run` name.
pub(crate) const OPTION: Variable = Variable {
    name: "PURLIN__OPTION",
    about: "As `--option` of `purlin run` where the command line does not say it, such as `PURLIN__CACHE_STATUS` for `--cache-status`",
};

/// The active Python environment.
pub(crate) const VIRTUAL_ENV: Variable = Variable {
    name: "VIRTUAL_ENV",
    about: "The active Python environment; its distributions may bring plugins",
};

/// The active environment of conda.
pub(crate) const CONDA_PREFIX: Variable = Variable {
    name: "CONDA_PREFIX",
    about: "The active environment of conda, where `VIRTUAL_ENV` is not set",
};

/// The proxy for `http`.
pub(crate) const HTTP_PROXY: Variable = Variable {
    name: "HTTP_PROXY",
    about: "The proxy through which files at `http://` are fetched; it must allow `CONNECT`. Like the next two, also in lower case",
};
/// The proxy for `https`.
pub(crate) const HTTPS_PROXY: Variable = Variable {
    name: "HTTPS_PROXY",
    about: "The proxy through which files at `https://` are fetched",
};
/// Hosts without a proxy.
pub(crate) const NO_PROXY: Variable = Variable {
    name: "NO_PROXY",
    about: "Hosts, separated by `,`, that are asked without a proxy; `.example.com` means those below it",
};
/// Certificates.
pub(crate) const SSL_CERT_FILE: Variable = Variable {
    name: "SSL_CERT_FILE",
    about: "A file of certificates (PEM) that servers are checked against, in place of the system's",
};

/// All of them, for the reference.
pub(crate) const ALL: [&Variable; 12] = [
    &PLUGIN_PATH,
    &CACHE_DIR,
    &DATA_DIR,
    &TRUST,
    &OPTION,
    &VIRTUAL_ENV,
    &CONDA_PREFIX,
    &HTTP_PROXY,
    &HTTPS_PROXY,
    &NO_PROXY,
    &SSL_CERT_FILE,
    &NO_COLOR,
];

/// The value of a variable; an empty one counts as not set.
pub(crate) fn value(variable: &Variable) -> Option<OsString> {
    value_of(variable.name)
}

/// The same for one that has no declaration of its own: those that options of `run` name.
pub(crate) fn value_of(name: &str) -> Option<OsString> {
    std::env::var_os(name).filter(|value| !value.is_empty())
}

/// The same for one that other programs know in lower case, too; that counts less.
pub(crate) fn value_in_either_case(variable: &Variable) -> Option<OsString> {
    let lower = || std::env::var_os(variable.name.to_ascii_lowercase());
    value(variable).or_else(|| lower().filter(|value| !value.is_empty()))
}

/// Whether the workspace's own plugins are granted to this process.
///
/// # Errors
/// The variable has a value without a meaning.
pub(crate) fn trusts_workspace() -> Result<bool, Diagnostic> {
    match value(&TRUST) {
        None => Ok(false),
        Some(value) if value == "workspace" => Ok(true),
        Some(value) => Err(Diagnostic::error(
            "variable",
            format!("PURLIN_TRUST has no meaning with the value `{}`", value.display()),
        )
        .help("set it to `workspace`, or remove it".to_owned())),
    }
}

/// The folders of the plugin path, absolute.
pub(crate) fn plugin_folders() -> Vec<PathBuf> {
    let path = value(&PLUGIN_PATH).unwrap_or_default();
    std::env::split_paths(&path)
        .filter(|folder| !folder.as_os_str().is_empty())
        .map(|folder| std::path::absolute(&folder).unwrap_or(folder))
        .collect()
}

/// The user's cache folder.
pub(crate) fn cache_folder() -> PathBuf {
    user_folder(&CACHE_DIR, "XDG_CACHE_HOME", ".cache")
}

/// The active Python environment.
pub(crate) fn python_environment() -> Option<PathBuf> {
    let set = value(&VIRTUAL_ENV).or_else(|| value(&CONDA_PREFIX));
    set.map(PathBuf::from).filter(|folder| folder.is_absolute())
}

/// The user's data folder.
pub(crate) fn data_folder() -> PathBuf {
    user_folder(&DATA_DIR, "XDG_DATA_HOME", ".local/share")
}

fn user_folder(own: &Variable, standard: &str, below_home: &str) -> PathBuf {
    let set =
        |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let folder = set(own.name)
        .or_else(|| {
            set(standard).filter(|folder| folder.is_absolute()).map(|folder| folder.join("purlin"))
        })
        .or_else(|| std::env::home_dir().map(|home| home.join(below_home).join("purlin")))
        .unwrap_or_else(|| std::env::temp_dir().join("purlin"));
    std::path::absolute(&folder).unwrap_or(folder)
}

/// All process variables, for commands to choose from.
pub(crate) fn all() -> impl Iterator<Item = (OsString, OsString)> {
    std::env::vars_os()
}

/// Arms the fault points, clocks and defects of the store as the test that started this process asks.
#[cfg(feature = "fault-injection")]
pub(crate) fn arm_faults() {
    let text = |name: &str| std::env::var(name).ok();
    text("PURLIN_DEFECT").into_iter().for_each(purlin_store::defect::seed);
    if let Some(clock) = text("PURLIN_CLOCK") {
        purlin_store::set_clocks(&clock);
    }
    let kill_at = text("PURLIN_FAULT").and_then(|number| number.parse().ok());
    purlin_store::fault::arm(kill_at, text("PURLIN_FAULT_LOG").map(PathBuf::from));
}

/// The interpreter of definitions takes a backtrace of each error where `RUST_BACKTRACE` is set, at every
/// level of look-ups that lie in each other, and nobody ever sees one. Those of panics are another matter.
pub(crate) fn no_backtraces_of_errors() {
    const OF_ERRORS: &str = "RUST_LIB_BACKTRACE";
    if std::env::var_os(OF_ERRORS).is_some() {
        return;
    }
    // SAFETY: no other thread has been started yet. The standard library looks once, and what the programs
    // that are started later see is as the user has it.
    unsafe {
        std::env::set_var(OF_ERRORS, "0");
        let _ = std::backtrace::Backtrace::capture();
        std::env::remove_var(OF_ERRORS);
    }
}
