//! Patterns that are relative to a folder, as patterns of the workspace.

use purlin_store::RelativePath;

use super::SourceError;

/// The patterns of what counts in `folder`; `None` is the root.
pub(super) fn all(
    folder: Option<&RelativePath>,
    include: &[String],
    exclude: &[String],
) -> Result<Vec<String>, SourceError> {
    let prefix = folder.map_or(String::new(), |folder| format!("{}/", escaped(folder)));
    let mut patterns: Vec<String> = include.iter().map(|one| joined(&prefix, one)).collect();
    if patterns.is_empty() {
        patterns.push(format!("{prefix}**"));
    }
    for one in exclude {
        if one.starts_with('!') {
            let message = format!("`{one}` in `exclude` would take something in again.");
            return Err(SourceError::Pattern { message });
        }
        patterns.push(format!("!{}", joined(&prefix, one)));
    }
    Ok(patterns)
}

/// A pattern for a path and nothing else.
pub(super) fn escaped(path: &RelativePath) -> String {
    let mut text = String::new();
    for character in path.to_string().chars() {
        if matches!(character, '*' | '?' | '[' | ']' | '{' | '}' | '\\' | '!') {
            text.push('\\');
        }
        text.push(character);
    }
    text
}

/// A pattern in a folder. One with wildcards and without a slash matches at any depth there, too.
fn joined(prefix: &str, pattern: &str) -> String {
    let (not, body) = match pattern.strip_prefix('!') {
        Some(body) => ("!", body),
        None => ("", pattern),
    };
    let floats = !body.trim_end_matches('/').contains('/') && body.contains(['*', '?', '[', '{']);
    let body = body.strip_prefix("./").unwrap_or(body).trim_start_matches('/');
    let deeper = if floats && !prefix.is_empty() { "**/" } else { "" };
    match body {
        "" | "." => format!("{not}{prefix}**"),
        body => format!("{not}{prefix}{deeper}{body}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_mean_in_a_folder_what_they_mean_at_the_root() {
        for (pattern, expected) in [
            ("*.c", "a/**/*.c"),
            ("/*.c", "a/*.c"),
            ("./x/*.c", "a/x/*.c"),
            ("x", "a/x"),
            ("x/", "a/x/"),
            ("*.d/", "a/**/*.d/"),
            ("!*.c", "!a/**/*.c"),
            ("**", "a/**/**"),
            (".", "a/**"),
        ] {
            assert_eq!(joined("a/", pattern), expected);
        }
        assert_eq!(joined("", "*.c"), "*.c");
        assert_eq!(escaped(&RelativePath::parse("a[1]/!b").unwrap()), r"a\[1\]/\!b");
    }
}
