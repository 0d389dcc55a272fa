//! Texts in which packages stand for their roots.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use purlin_commands::Text;
use purlin_model::Digest;

use crate::package::Package;

/// What a placeholder begins with.
const PLACEHOLDER: &str = "@purlin:";

/// The roots of packages. The texts that stand for them are made when there is one to be filled.
#[derive(Debug, Clone, Default)]
pub struct Roots(Vec<Root>);

#[derive(Debug, Clone)]
struct Root {
    package: Arc<Package>,
    prefix: PathBuf,
    key: Digest,
}

impl Roots {
    /// Adds one, in place of what stood for that package before.
    pub fn add(&mut self, package: &Arc<Package>, prefix: &Path, key: Digest) {
        self.0.push(Root { package: package.clone(), prefix: prefix.to_owned(), key });
    }

    /// A text with roots in place of what stands for them. What is in the key does not depend on
    /// where the store is.
    #[must_use]
    pub fn fill(&self, text: &str) -> Text {
        if !text.contains(PLACEHOLDER) {
            return Text { value: text.to_owned(), keyed: text.to_owned() };
        }
        let (mut value, mut keyed) = (String::new(), String::new());
        let mut rest = text;
        while let Some(start) = rest.find(PLACEHOLDER) {
            let from = &rest[start..];
            let length = from[1..].find('@').map_or(from.len(), |place| place + 2);
            let placeholder = &from[..length];
            for text in [&mut value, &mut keyed] {
                text.push_str(&rest[..start]);
            }
            match self.0.iter().rev().find(|root| root.package.identity() == placeholder) {
                Some(Root { prefix, key, .. }) => {
                    value.push_str(&prefix.to_string_lossy());
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
    use purlin_model::{Origin, Source};

    use super::*;

    #[test]
    fn roots_take_the_place_of_placeholders() {
        let mut roots = Roots::default();
        let key = Digest::of(b"zlib");
        let origin = Origin::whole(&Source::new("purlin.star", String::new()));
        let zlib = Package::bare("zlib".to_owned(), "@purlin:package:aa@".to_owned(), origin);
        let zlib = Arc::new(zlib);
        roots.add(&zlib, Path::new("/store/old"), Digest::of(b"old"));
        roots.add(&zlib, Path::new("/store/zlib"), key);
        let text = roots.fill("-DZ=@purlin:package:aa@/lib -DY=@purlin:package:bb@ a@b");
        assert_eq!(text.value, "-DZ=/store/zlib/lib -DY=@purlin:package:bb@ a@b");
        assert_eq!(text.keyed, format!("-DZ=@{}@/lib -DY=@purlin:package:bb@ a@b", key.to_hex()));
        assert_eq!(roots.fill("@purlin:open").value, "@purlin:open");
    }
}
