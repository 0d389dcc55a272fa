//! Templates: `{root}`, `{env.NAME}`, `{ctx.name}` inside texts that mean something else by braces.
//!
//! Only `{` followed by a declared root and then `.` or `}` is a reference. Everything else stays
//! as it is, so that `${HOME}`, `awk '{print $1}'` and a glob's `{a,b}` need no escape. `{{` in
//! front of a declared root is an escape for one brace.

/// A text taken apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template {
    /// Its parts in order; no two texts stand side by side.
    pub parts: Vec<Part>,
    /// References that look like misspelt ones.
    pub near_misses: Vec<NearMiss>,
}

/// A part of a template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Part {
    /// Text that stands for itself.
    Text(String),
    /// `{root}` or `{root.path}`: the root, and the path without the dot.
    Reference {
        /// The declared root.
        root: String,
        /// What follows the dot; `None` when nothing does.
        path: Option<String>,
    },
}

/// Something that is no reference but looks like a misspelt one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NearMiss {
    /// As written, with its braces.
    pub written: String,
    /// The declared root that it resembles.
    pub root: String,
}

impl Template {
    /// Takes a text apart; `roots` are the roots that its field declares.
    #[must_use]
    pub fn parse(text: &str, roots: &[&str]) -> Self {
        let mut template = Self { parts: Vec::new(), near_misses: Vec::new() };
        let mut rest = text;
        let mut plain = String::new();
        while let Some(open) = rest.find('{') {
            plain.push_str(&rest[..open]);
            let tail = &rest[open..];
            let shell = plain.ends_with('$');
            if let Some(inner) =
                tail.strip_prefix("{{").filter(|inner| reference(inner, roots).is_some())
            {
                plain.push('{');
                let length = reference(inner, roots).map_or(0, |found| found.2);
                plain.push_str(&inner[..length]);
                rest = &inner[length..];
            } else if let Some((root, path, length)) =
                reference(&tail[1..], roots).filter(|_| !shell)
            {
                if !plain.is_empty() {
                    template.parts.push(Part::Text(std::mem::take(&mut plain)));
                }
                template
                    .parts
                    .push(Part::Reference { root: root.to_owned(), path: path.map(str::to_owned) });
                rest = &tail[1 + length..];
            } else {
                if !shell && let Some(miss) = near_miss(&tail[1..], roots) {
                    template.near_misses.push(miss);
                }
                plain.push('{');
                rest = &tail[1..];
            }
        }
        plain.push_str(rest);
        if !plain.is_empty() {
            template.parts.push(Part::Text(plain));
        }
        template
    }

    /// Puts the text together again, with `look_up(root, path)` in place of each reference.
    ///
    /// # Errors
    /// The first error of `look_up`.
    pub fn expand<E>(
        &self,
        mut look_up: impl FnMut(&str, Option<&str>) -> Result<String, E>,
    ) -> Result<String, E> {
        let mut text = String::new();
        for part in &self.parts {
            match part {
                Part::Text(plain) => text.push_str(plain),
                Part::Reference { root, path } => text.push_str(&look_up(root, path.as_deref())?),
            }
        }
        Ok(text)
    }
}

/// The reference that stands right behind an opening brace: root, path, and length with the
/// closing brace.
fn reference<'a>(text: &'a str, roots: &[&str]) -> Option<(&'a str, Option<&'a str>, usize)> {
    let (root, path, length) = shape(text)?;
    roots.contains(&root).then_some((root, path, length))
}

fn near_miss(text: &str, roots: &[&str]) -> Option<NearMiss> {
    let (root, path, length) = shape(text)?;
    // A bare word in braces is far more often somebody else's syntax than a slip.
    path?;
    let near = crate::closest(root, roots.iter().copied())?;
    Some(NearMiss { written: format!("{{{}", &text[..length]), root: near.to_owned() })
}

/// `word}` or `word.path}`, where the path has no white space, quotes or braces.
fn shape(text: &str) -> Option<(&str, Option<&str>, usize)> {
    let close = text.find('}')?;
    let inner = &text[..close];
    let (root, path) = match inner.split_once('.') {
        Some((root, path)) => (root, Some(path)),
        None => (inner, None),
    };
    let word = !root.is_empty()
        && root.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-');
    let plain = path.is_none_or(|path| {
        !path.is_empty() && !path.contains(|c: char| c.is_whitespace() || "{'\"$".contains(c))
    });
    (word && plain).then_some((root, path, close + 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn expanded(text: &str) -> String {
        Template::parse(text, &["root", "env", "module"])
            .expand(|root, path| Ok::<_, ()>(format!("<{root}:{}>", path.unwrap_or(""))))
            .expect("the look-up cannot fail")
    }

    #[test]
    fn only_declared_roots_are_references() {
        for same in [
            "${HOME}",
            "awk '{print $1}'",
            "src/**/*.{a,b}",
            "{}",
            "{",
            "}{",
            "{ root }",
            "{rooted}",
            "find . -exec rm {} +",
            "${root}",
            "{root.}",
            "{\"a\": 1}",
        ] {
            assert_eq!(expanded(same), same);
        }
        assert_eq!(expanded("{root}/bin"), "<root:>/bin");
        assert_eq!(expanded("{env.PATH}:{root}"), "<env:PATH>:<root:>");
        assert_eq!(expanded("{module.dir}"), "<module:dir>");
    }

    #[test]
    fn two_braces_escape_only_a_declared_root() {
        assert_eq!(expanded("{{root}"), "{root}");
        assert_eq!(expanded("{{env.PATH} {root}"), "{env.PATH} <root:>");
        assert_eq!(expanded("{{other}}"), "{{other}}");
        assert_eq!(expanded("{{ x }}"), "{{ x }}");
    }

    #[test]
    fn near_misses_are_named() {
        let template = Template::parse("{modul.dir} {print.x} {roo}", &["module", "root"]);
        assert_eq!(
            template.near_misses,
            [NearMiss { written: "{modul.dir}".into(), root: "module".into() }]
        );
    }
}
