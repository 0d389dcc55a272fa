//! Texts in which packages stand for their roots.

use std::collections::BTreeMap;
use std::path::Path;

use purlin_commands::Text;
use purlin_model::Digest;

/// What a placeholder begins with.
const PLACEHOLDER: &str = "@purlin:";

/// The roots of packages, by the texts that stand for them.
#[derive(Debug, Clone, Default)]
pub struct Roots {
    roots: BTreeMap<String, (String, Digest)>,
}

impl Roots {
    /// Adds one.
    pub fn add(&mut self, placeholder: &str, prefix: &Path, key: Digest) {
        let prefix = prefix.to_string_lossy().into_owned();
        self.roots.insert(placeholder.to_owned(), (prefix, key));
    }

    /// Adds those of others.
    pub fn extend(&mut self, others: Self) {
        self.roots.extend(others.roots);
    }

    /// A text with roots in place of what stands for them. What is in the key does not depend on
    /// where the store is.
    #[must_use]
    pub fn fill(&self, text: &str) -> Text {
        let (mut value, mut keyed) = (String::new(), String::new());
        let mut rest = text;
        while let Some(start) = rest.find(PLACEHOLDER) {
            let from = &rest[start..];
            let length = from[1..].find('@').map_or(from.len(), |place| place + 2);
            let placeholder = &from[..length];
            for text in [&mut value, &mut keyed] {
                text.push_str(&rest[..start]);
            }
            match self.roots.get(placeholder) {
                Some((prefix, key)) => {
                    value.push_str(prefix);
                    keyed.push_str(&format!("@{}@", key.to_hex()));
                }
                None => {
                    value.push_str(placeholder);
                    keyed.push_str(placeholder);
                }
            }
            rest = &from[length..];
        }
        value.push_str(rest);
        keyed.push_str(rest);
        Text { value, keyed }
    }
}

/// Variables of a package in which `{root}` stands for its own root.
#[must_use]
pub fn with_own_root(value: &str, prefix: Option<&Path>) -> String {
    match prefix {
        Some(prefix) => value.replace("{root}", &prefix.to_string_lossy()),
        None => value.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roots_take_the_place_of_placeholders() {
        let mut roots = Roots::default();
        let key = Digest::of(b"zlib");
        roots.add("@purlin:package:aa@", Path::new("/store/zlib"), key);
        let text = roots.fill("-DZ=@purlin:package:aa@/lib -DY=@purlin:package:bb@ a@b");
        assert_eq!(text.value, "-DZ=/store/zlib/lib -DY=@purlin:package:bb@ a@b");
        assert_eq!(text.keyed, format!("-DZ=@{}@/lib -DY=@purlin:package:bb@ a@b", key.to_hex()));
        assert_eq!(roots.fill("@purlin:open").value, "@purlin:open");
    }
}
