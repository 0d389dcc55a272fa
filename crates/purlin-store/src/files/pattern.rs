//! One pattern of gitignore's dialect, relative to the workspace's root.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::sync::OnceLock;

use globset::{Glob, GlobBuilder, GlobMatcher};

use crate::RelativePath;

/// The folders that are never looked into, whatever the patterns say; below an artifact `.git` is.
pub(super) const NEVER: [&[u8]; 3] = [b".git", b".purlin", b".purlin-cache"];

/// A pattern, taken apart into the folder that it names literally and what is matched below.
#[derive(Debug, Clone)]
pub(super) struct Pattern {
    /// Written with a `!`: takes files out again.
    pub(super) negated: bool,
    pub(super) shape: Shape,
}

#[derive(Debug, Clone)]
pub(super) enum Shape {
    /// No wildcard: one file, or a folder and everything below it.
    Literal(RelativePath),
    /// Matches below `base`; `None` is the root.
    Wild { base: Option<RelativePath>, rest: Rest },
}

/// The part of a pattern from its first wildcard on, matched against a path relative to its base.
#[derive(Debug, Clone)]
pub(super) struct Rest {
    /// Tells two different rests apart; equal texts match the same paths.
    pub(super) text: String,
    /// Written with a `/` at its end: a file of the name is not meant.
    pub(super) folders_only: bool,
    /// How many components a match has at most; `None` where `**` leaves that open.
    pub(super) depth: Option<usize>,
    matcher: Matcher,
}

/// The shapes that nearly every pattern has are compared without a regular expression, whose
/// compilation would cost more than a whole run over a small workspace.
#[derive(Debug, Clone)]
enum Matcher {
    /// `**`
    Everything,
    /// `*.py`, at any depth or directly in the base.
    Suffix { suffix: String, any_depth: bool },
    /// `**/name`
    Name(String),
    /// Anything else, compiled when it is first needed.
    Glob(Box<(Glob, OnceLock<GlobMatcher>)>),
}

impl Pattern {
    /// Takes a pattern apart; the error is a sentence for the user.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let (negated, body) = match text.strip_prefix('!') {
            Some(body) => (true, body),
            None => (false, text),
        };
        if body.is_empty() {
            return Err("The pattern is empty.".to_owned());
        }
        if body.contains('\0') {
            return Err("A path has no zero byte.".to_owned());
        }
        let components = split(body)?;
        if components.iter().any(|component| component.raw == "..") {
            return Err(format!(
                "`{text}` leads out of the workspace; paths are relative to the workspace root."
            ));
        }
        let mut base = Vec::new();
        let mut rest = components.as_slice();
        while let [first, others @ ..] = rest {
            let Some(name) = &first.literal else { break };
            if !base.is_empty() {
                base.push(b'/');
            }
            base.extend_from_slice(name.as_bytes());
            if !negated && NEVER.contains(&name.as_bytes()) {
                return Err(format!(
                    "`{name}` is never looked into, so no file in it can be named."
                ));
            }
            rest = others;
        }
        let base = if base.is_empty() {
            None
        } else {
            Some(RelativePath::from_bytes(&base).map_err(|error| error.to_string())?)
        };
        let shape = match (base, rest) {
            (Some(path), []) => Shape::Literal(path),
            // `.` and `/`: all of the workspace.
            (None, []) => Shape::Wild { base: None, rest: Rest::everything() },
            (base, rest) => {
                let whole = body.trim_end_matches('/');
                let floating = base.is_none() && matches!(rest, [one] if one.raw == whole);
                let rest = Rest::parse(rest, floating, body.ends_with('/'))?;
                Shape::Wild { base, rest }
            }
        };
        Ok(Self { negated, shape })
    }

    /// The path that everything it matches is, or is below; empty for the root.
    pub(super) fn base(&self) -> &[u8] {
        match &self.shape {
            Shape::Literal(path) => path.as_bytes(),
            Shape::Wild { base, .. } => base.as_ref().map_or(b"", RelativePath::as_bytes),
        }
    }

    /// Whether it matches the path or a folder above it.
    pub(super) fn takes(&self, path: &[u8], is_folder: bool) -> bool {
        let Some(below) = below(path, self.base()) else { return false };
        match &self.shape {
            Shape::Literal(_) => true,
            Shape::Wild { rest, .. } => {
                let slashes = (0..below.len()).filter(|place| below[*place] == b'/');
                slashes.into_iter().any(|end| rest.matches(&below[..end]))
                    || !below.is_empty() && (is_folder || !rest.folders_only) && rest.matches(below)
            }
        }
    }
}

/// What remains of `path` below `base`, without the slash; empty where they are equal; `None`
/// where the path is elsewhere.
pub(super) fn below<'a>(path: &'a [u8], base: &[u8]) -> Option<&'a [u8]> {
    if base.is_empty() {
        return Some(path);
    }
    match path.strip_prefix(base)? {
        [] => Some(b""),
        [b'/', below @ ..] => Some(below),
        _ => None,
    }
}

impl Rest {
    fn everything() -> Self {
        Self {
            text: "**".to_owned(),
            folders_only: false,
            depth: None,
            matcher: Matcher::Everything,
        }
    }

    fn parse(
        components: &[Component<'_>],
        floating: bool,
        folders_only: bool,
    ) -> Result<Self, String> {
        let mut names = Vec::with_capacity(components.len() + 1);
        if floating && !components[0].raw.contains('/') {
            names.push("**");
        }
        for component in components {
            if component.raw != "**" || names.last() != Some(&"**") {
                names.push(component.raw);
            }
        }
        let open = names.iter().any(|name| *name == "**" || name.contains('/'));
        let glob = names.join("/");
        let last = components.last();
        let matcher = match names.as_slice() {
            ["**"] => Matcher::Everything,
            ["**", name] | [name]
                if let Some(suffix) = name.strip_prefix('*').and_then(plain_text) =>
            {
                Matcher::Suffix { suffix, any_depth: names.len() == 2 }
            }
            ["**", _] if let Some(name) = last.and_then(|last| last.literal.clone()) => {
                Matcher::Name(name)
            }
            _ => {
                let glob = GlobBuilder::new(&glob)
                    .literal_separator(true)
                    .backslash_escape(true)
                    .empty_alternates(true)
                    .build()
                    .map_err(|error| format!("`{glob}` is not a pattern: {}.", error.kind()))?;
                Matcher::Glob(Box::new((glob, OnceLock::new())))
            }
        };
        Ok(Self {
            text: if folders_only { glob + "/" } else { glob },
            folders_only,
            depth: (!open).then_some(names.len()),
            matcher,
        })
    }

    /// Whether it matches exactly this path, relative to its base and not empty.
    pub(super) fn matches(&self, path: &[u8]) -> bool {
        match &self.matcher {
            Matcher::Everything => true,
            Matcher::Suffix { suffix, any_depth } => {
                path.ends_with(suffix.as_bytes()) && (*any_depth || !path.contains(&b'/'))
            }
            Matcher::Name(name) => path
                .strip_suffix(name.as_bytes())
                .is_some_and(|above| above.is_empty() || above.ends_with(b"/")),
            Matcher::Glob(glob) => {
                let (glob, compiled) = &**glob;
                let matcher = compiled.get_or_init(|| glob.compile_matcher());
                matcher.is_match(OsStr::from_bytes(path))
            }
        }
    }
}

/// A component of a pattern, as written, and its text where it has no wildcard.
struct Component<'a> {
    raw: &'a str,
    literal: Option<String>,
}

/// Splits at the slashes that are in no class and no alternates; empty components and `.` are
/// dropped.
fn split(body: &str) -> Result<Vec<Component<'_>>, String> {
    let mut components = Vec::new();
    let (mut start, mut braces) = (0, 0_usize);
    let mut characters = body.char_indices().peekable();
    while let Some((place, character)) = characters.next() {
        match character {
            '\\' => {
                characters.next().ok_or("The `\\` at the end escapes nothing.")?;
            }
            '{' => braces += 1,
            '}' => braces = braces.saturating_sub(1),
            '[' => {
                // A `]` right after the opening, or its `!`, belongs to the class.
                characters.next_if(|(_, next)| matches!(next, '!' | '^'));
                characters.next_if(|(_, next)| *next == ']');
                while characters.next().is_some_and(|(_, next)| next != ']') {}
            }
            '/' if braces == 0 => {
                components.push(&body[start..place]);
                start = place + 1;
            }
            _ => {}
        }
    }
    components.push(&body[start..]);
    components.retain(|component| !matches!(*component, "" | "."));
    Ok(components.into_iter().map(|raw| Component { raw, literal: plain_text(raw) }).collect())
}

/// The text without its escapes, if it has no wildcard.
fn plain_text(raw: &str) -> Option<String> {
    let mut text = String::with_capacity(raw.len());
    let mut characters = raw.chars();
    while let Some(character) = characters.next() {
        match character {
            '*' | '?' | '[' | '{' => return None,
            '\\' => text.push(characters.next()?),
            other => text.push(other),
        }
    }
    Some(text)
}
