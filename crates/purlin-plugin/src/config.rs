//! What code of many plugins needs: fields of a configuration, globs and values from paths.

use serde_json::Value as Json;

use crate::message::{ErrorCode, PluginError};

/// A text in a feature's configuration.
///
/// # Errors
/// `INVALID_CONFIG` at the field where it is no text. A configuration that the feature's schema has
/// checked is never wrong here; the schema and the code may be.
pub fn text_field<'c>(config: &'c Json, field: &str) -> Result<&'c str, PluginError> {
    config.get(field).and_then(Json::as_str).ok_or_else(|| {
        PluginError::new(ErrorCode::InvalidConfig, format!("`{field}` must be a string"))
            .at(format!("/{field}"))
    })
}

/// The glob that matches one path and nothing else: characters that mean something in globs are
/// escaped with `\`.
///
/// ```
/// assert_eq!(purlin_plugin::literal_glob("app/[id]/page.js"), r"app/\[id\]/page.js");
/// assert_eq!(purlin_plugin::literal_glob("!important"), r"\!important");
/// ```
#[must_use]
pub fn literal_glob(path: &str) -> String {
    let mut glob = String::with_capacity(path.len());
    for (place, character) in path.char_indices() {
        let leading = place == 0 && matches!(character, '!' | '#');
        if leading || matches!(character, '*' | '?' | '[' | ']' | '{' | '}' | '\\') {
            glob.push('\\');
        }
        glob.push(character);
    }
    glob
}

/// A text as one word of a POSIX shell, whatever is in it.
///
/// ```
/// assert_eq!(purlin_plugin::quoted("it's $HOME"), r"'it'\''s $HOME'");
/// ```
#[must_use]
pub fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

/// The value of a process variable for a [`crate::message::VariableChange`]: paths below the root,
/// alone or in a list separated by `:`, begin with `{root}`, so that checkouts share results.
///
/// ```
/// assert_eq!(purlin_plugin::rooted("/w", "/w/src:/wide:/w"), "{root}/src:/wide:{root}");
/// ```
#[must_use]
pub fn rooted(root: &str, value: &str) -> String {
    let element = |text: &str| match text.strip_prefix(root) {
        Some(rest) if rest.is_empty() || rest.starts_with('/') => {
            format!("{{root}}{}", escaped(rest))
        }
        _ => escaped(text),
    };
    value.split(':').map(element).collect::<Vec<_>>().join(":")
}

/// A text in which `{root}` stands for itself.
fn escaped(text: &str) -> String {
    text.replace("{root}", "{{root}")
}
