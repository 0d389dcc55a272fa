//! The identity of what comes of a package: all that it is made of, and nothing else.

use std::collections::BTreeMap;
use std::path::Path;

use purlin_commands::{Action, Text};
use purlin_model::{Digest, Hasher};

use crate::graph::Plan;
use crate::package::Package;
use crate::text::Roots;

/// Changes whenever the meaning of a key does.
const FORMAT: &str = "purlin-package-1";

/// What is keyed.
pub(crate) struct Keyed<'a> {
    pub(crate) package: &'a Package,
    pub(crate) variant: Option<usize>,
    pub(crate) system: &'a str,
    /// Process variables of what uses it: who is built with it sees them.
    pub(crate) env: Vec<(String, String)>,
}

/// A package that another is built with.
pub(crate) struct KeyedNeed {
    pub(crate) key: Digest,
    /// It is needed to run, too.
    pub(crate) runs: bool,
    /// It is passed on to who is built with that one.
    pub(crate) passes: bool,
}

/// A key, and what of the package itself it is made of, by label.
type Key = (Digest, BTreeMap<String, String>);

impl Keyed<'_> {
    /// Of a package that is built. Descriptions, tests and tools change nothing. `store` is the digest
    /// of the store's place.
    pub(crate) fn built(
        &self,
        action: &Action,
        source: Option<Digest>,
        needs: &[KeyedNeed],
        store: Option<&str>,
    ) -> Key {
        // The rest is the same for all packages.
        let own = action.program_parts().into_iter().map(|(label, digest)| match label.as_str() {
            "the program" => ("the script".to_owned(), digest),
            _ => (label, digest),
        });
        let mut parts: BTreeMap<String, String> = own.collect();
        if let Some(source) = source {
            parts.insert("the source".to_owned(), source.to_hex());
        }
        if let Some(store) = store {
            parts.insert("the place of the store".to_owned(), store.to_owned());
        }
        self.finish(parts, needs)
    }

    /// Of one that is installed elsewhere.
    pub(crate) fn described(&self, root: Option<&Path>, needs: &[KeyedNeed]) -> Key {
        let mut parts = BTreeMap::new();
        if let Some(root) = root {
            let place = Digest::of(root.as_os_str().as_encoded_bytes());
            parts.insert("its root".to_owned(), place.to_hex());
        }
        if let Some(digest) = &self.package.digest {
            parts.insert("what is installed".to_owned(), digest.clone());
        }
        self.finish(parts, needs)
    }

    fn finish(&self, mut parts: BTreeMap<String, String>, needs: &[KeyedNeed]) -> Key {
        for (name, value) in &self.env {
            parts.insert(format!("its variable {name}"), Digest::of(value.as_bytes()).to_hex());
        }
        parts.insert("its name".to_owned(), self.package.shown());
        parts.insert("the system".to_owned(), self.system.to_owned());
        if let Some(variant) = self.variant {
            parts.insert("the variant".to_owned(), variant.to_string());
        }
        let mut hasher = Hasher::new(FORMAT);
        for (label, digest) in &parts {
            hasher.field(label.as_bytes()).field(digest.as_bytes());
        }
        hasher.field(b"needs");
        for KeyedNeed { key, runs, passes } in needs {
            hasher.field(&key.0).field(&[u8::from(*runs), u8::from(*passes)]);
        }
        (hasher.finish(), parts)
    }
}

/// What is run to build: the shell texts, and the variables that the package sets itself.
pub(crate) fn action(plan: &Plan, roots: &Roots) -> Action {
    let plain = |text: &str| Text { value: text.to_owned(), keyed: text.to_owned() };
    let mut script = plain("set -e\n");
    for text in [&plan.build, &plan.install].into_iter().flatten() {
        let text = roots.fill(text);
        script.value.push_str(&text.value);
        script.keyed.push_str(&text.keyed);
        script.value.push('\n');
        script.keyed.push('\n');
    }
    let argv = vec![plain("/bin/sh"), plain("-c"), script];
    let variables = plan.env.iter().map(|(name, value)| (name.clone(), roots.fill(value)));
    Action::of_program(argv, variables.collect())
}
