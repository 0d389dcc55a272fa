//! The process variables of commands: one strict base, and what the command says on top.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};

use purlin_model::{Diagnostic, Digest};

use crate::environment::Change;
use crate::template::Text;

/// Names of the base: passed from the user to every command, and not in any key.
const BASE: [&str; 25] = [
    "PATH",
    "HOME",
    "USER",
    "LOGNAME",
    "TERM",
    "TMPDIR",
    "http_proxy",
    "https_proxy",
    "ftp_proxy",
    "all_proxy",
    "no_proxy",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "FTP_PROXY",
    "ALL_PROXY",
    "NO_PROXY",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "REQUESTS_CA_BUNDLE",
    "CURL_CA_BUNDLE",
    "NODE_EXTRA_CA_CERTS",
    "SSH_AUTH_SOCK",
    "DISPLAY",
    "WAYLAND_DISPLAY",
    "XAUTHORITY",
];

/// Stands in the key in front of a digest of what is passed on and is not UTF-8. No text that a
/// program can get holds a NUL.
const BYTES: &str = "\0bytes\0";

/// Set in every command, whatever the user has: programs sort and print alike everywhere.
const LOCALE: [(&str, &str); 2] = [("LANG", "C.UTF-8"), ("LC_ALL", "C.UTF-8")];

/// The user's process variables, of which commands see only what they should.
#[derive(Debug, Clone, Default)]
pub struct ProcessVariables {
    user: BTreeMap<OsString, OsString>,
    loose: bool,
}

impl ProcessVariables {
    /// All variables that the user has.
    pub fn new(variables: impl IntoIterator<Item = (OsString, OsString)>) -> Self {
        Self { user: variables.into_iter().collect(), loose: false }
    }

    /// The same, or those of a workspace in which commands see all of them.
    #[must_use]
    pub fn loose(mut self, loose: bool) -> Self {
        self.loose = loose;
        self
    }

    /// Whether commands see all of them.
    pub(crate) fn is_loose(&self) -> bool {
        self.loose
    }

    /// True for names of the base.
    #[must_use]
    pub fn is_base(name: &str) -> bool {
        BASE.contains(&name) || LOCALE.iter().any(|(locale, _)| *locale == name)
    }

    /// The names of the base, for the reference, with the values of those that are the same for
    /// everybody.
    pub fn base_names() -> impl Iterator<Item = (&'static str, Option<&'static str>)> {
        let passed = BASE.iter().map(|name| (*name, None));
        passed.chain(LOCALE.iter().map(|(name, value)| (*name, Some(*value))))
    }

    /// The base as commands get it.
    pub fn base(&self) -> impl Iterator<Item = (&OsStr, &OsStr)> {
        let passed = BASE
            .iter()
            .filter_map(|name| self.user.get_key_value(OsStr::new(name)))
            .map(|(name, value)| (name.as_os_str(), value.as_os_str()));
        passed.chain(LOCALE.iter().map(|(name, value)| (OsStr::new(name), OsStr::new(value))))
    }

    /// What a program gets: the base, what an environment changes, and the program's own on top;
    /// `None` takes one out.
    pub(crate) fn of_program(
        &self,
        changes: &[Change],
        own: &BTreeMap<String, Option<Text>>,
    ) -> BTreeMap<OsString, OsString> {
        let base = self.base().map(|(name, value)| (name.to_owned(), value.to_owned()));
        let mut variables: BTreeMap<OsString, OsString> =
            if self.loose { self.user.clone() } else { base.collect() };
        for change in changes {
            change.apply(&mut variables);
        }
        for (name, text) in own {
            match text {
                Some(text) if text.keyed.starts_with(BYTES) => {
                    variables.insert(name.into(), self.user(name).unwrap_or_default().to_owned())
                }
                Some(text) => variables.insert(name.into(), text.value.clone().into()),
                None => variables.remove(OsStr::new(name)),
            };
        }
        variables
    }

    /// A variable of the user's, if it is set.
    #[must_use]
    pub fn user(&self, name: &str) -> Option<&OsStr> {
        self.user.get(OsStr::new(name)).map(OsString::as_os_str)
    }

    /// The same as text.
    ///
    /// # Errors
    /// It is not UTF-8: what would stand in its place is another value.
    pub(crate) fn user_text(&self, name: &str) -> Result<Option<String>, Diagnostic> {
        let Some(value) = self.user(name) else { return Ok(None) };
        value.to_str().map(|text| Some(text.to_owned())).ok_or_else(|| {
            Diagnostic::error("not-text", format!("the process variable `{name}` is not UTF-8"))
                .detail(format!("Its value is {}.", value.display()))
                .help(format!("set `{name}` to text; a command may pass it on with `env`"))
        })
    }

    /// A variable of the user's as it is passed on, whatever bytes it is.
    pub(crate) fn passed(&self, name: &str) -> Option<Text> {
        let value = self.user(name)?;
        let value_text = value.to_string_lossy().into_owned();
        let keyed = match value.to_str() {
            Some(text) => text.to_owned(),
            None => format!("{BYTES}{}", Digest::of(value.as_encoded_bytes()).to_hex()),
        };
        Some(Text { value: value_text, keyed })
    }
}
