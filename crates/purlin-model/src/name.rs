//! Declared names and the one normaliser.
//!
//! Declared names (keys of schemas, features, commands, plugins) are written in kebab-case in TOML
//! and on the command line, in snake_case in Starlark, Python and JSON. Users' own data is never
//! folded: do not pass it through here.

/// Folds a declared name to the form in which two names are compared: `-` and `_` are one
/// character, nothing else changes.
#[must_use]
pub fn fold(name: &str) -> String {
    name.replace('_', "-")
}

/// Whether two declared names are the same once they are folded.
#[must_use]
pub fn folds_alike(one: &str, other: &str) -> bool {
    let folded = |byte: u8| if byte == b'_' { b'-' } else { byte };
    one.len() == other.len()
        && one.bytes().zip(other.bytes()).all(|(one, other)| folded(one) == folded(other))
}

/// The spelling of a declared name in TOML and on the command line.
#[must_use]
pub fn to_kebab(name: &str) -> String {
    name.replace('_', "-")
}

/// The spelling of a declared name in Starlark, Python and JSON.
#[must_use]
pub fn to_snake(name: &str) -> String {
    name.replace('-', "_")
}

/// True when `name` is a lower-case kebab name: `^[a-z][a-z0-9-]*[a-z0-9]$`, or one letter.
#[must_use]
pub fn is_kebab(name: &str) -> bool {
    let bytes = name.as_bytes();
    let body = bytes.iter().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-'));
    body && bytes.first().is_some_and(u8::is_ascii_lowercase) && bytes.last() != Some(&b'-')
}

/// The candidate that looks most like `name`, if any is near enough to be a slip of the fingers.
pub fn closest<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let folded = fold(name).to_lowercase();
    let allowed = match folded.chars().count() {
        0..=2 => 1,
        3..=5 => 2,
        _ => 3,
    };
    candidates
        .into_iter()
        .map(|candidate| {
            let other = fold(candidate).to_lowercase();
            let prefix = other.starts_with(&folded) && folded.len() >= 3;
            let distance = if prefix { 1 } else { strsim::damerau_levenshtein(&folded, &other) };
            (distance, candidate)
        })
        .filter(|(distance, candidate)| {
            *distance <= allowed && *distance < candidate.chars().count().max(2)
        })
        .min()
        .map(|(_, candidate)| candidate)
}

/// The help line for an unknown name: ``did you mean `x`?``, or else what there is.
///
/// `noun` names the kind of thing in the plural, as in `commands`. `None` when there are no
/// candidates at all.
pub fn suggestion<'a>(
    name: &str,
    noun: &str,
    candidates: impl IntoIterator<Item = &'a str>,
) -> Option<String> {
    let mut all: Vec<&str> = candidates.into_iter().collect();
    if let Some(near) = closest(name, all.iter().copied()) {
        return Some(format!("did you mean `{near}`?"));
    }
    all.sort_unstable();
    all.dedup();
    if all.is_empty() {
        return None;
    }
    let shown = 12;
    let mut list =
        all.iter().take(shown).map(|one| format!("`{one}`")).collect::<Vec<_>>().join(", ");
    if all.len() > shown {
        list.push_str(&format!(" and {} more", all.len() - shown));
    }
    Some(format!("{noun}: {list}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folding_joins_dash_and_underscore_and_nothing_else() {
        assert_eq!(fold("cache_when"), fold("cache-when"));
        assert_ne!(fold("cachewhen"), fold("cache-when"));
        assert_ne!(fold("Cache"), fold("cache"));
    }

    #[test]
    fn kebab_names() {
        for good in ["a", "localz", "team-tools", "s3"] {
            assert!(is_kebab(good), "{good}");
        }
        for bad in ["", "-a", "a-", "A", "3d", "a_b", "é"] {
            assert!(!is_kebab(bad), "{bad}");
        }
    }

    #[test]
    fn suggestions_are_near_or_absent() {
        assert_eq!(closest("lnit", ["lint", "test", "docs"]), Some("lint"));
        assert_eq!(closest("comands", ["commands", "caches"]), Some("commands"));
        assert_eq!(closest("zebra", ["lint", "test"]), None);
        assert_eq!(closest("x", ["yz"]), None);
        assert_eq!(
            suggestion("zebra", "commands", ["test", "lint"]).as_deref(),
            Some("commands: `lint`, `test`")
        );
        assert_eq!(suggestion("zebra", "commands", []), None);
    }
}
