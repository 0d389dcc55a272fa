//! Where a value was written.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

/// A text that values come from: a file, or something that stands for one (`<command line>`).
pub struct Source {
    /// The path as users are shown it. Names in angle brackets are not files.
    pub path: PathBuf,
    /// The text, where it was read in this process. An origin that comes from the plugin index has
    /// none, and whoever renders it may read the file again.
    pub text: Option<String>,
    /// The plugin whose file this is.
    pub plugin: Option<String>,
    /// Where lines begin, once somebody asked: a file has as many origins as values, and each asks.
    lines: OnceLock<Vec<usize>>,
}

impl PartialEq for Source {
    fn eq(&self, other: &Self) -> bool {
        (&self.path, &self.text, &self.plugin) == (&other.path, &other.text, &other.plugin)
    }
}

impl Eq for Source {}

impl Source {
    /// A source with its text.
    pub fn new(path: impl Into<PathBuf>, text: impl Into<String>) -> Arc<Self> {
        let (path, text) = (path.into(), Some(text.into()));
        Arc::new(Self { path, text, plugin: None, lines: OnceLock::new() })
    }

    /// A file that nobody has read yet: whoever renders a place in it may.
    pub fn unread(path: impl Into<PathBuf>) -> Arc<Self> {
        let path = path.into();
        Arc::new(Self { path, text: None, plugin: None, lines: OnceLock::new() })
    }

    /// A source that belongs to a plugin; `text` is absent where only the index was read.
    pub fn of_plugin(
        plugin: impl Into<String>,
        path: impl Into<PathBuf>,
        text: Option<String>,
    ) -> Arc<Self> {
        let (path, plugin) = (path.into(), Some(plugin.into()));
        Arc::new(Self { path, text, plugin, lines: OnceLock::new() })
    }

    /// The line and column of a byte offset, both from 1; columns count characters.
    #[must_use]
    pub fn position(&self, offset: usize) -> (u32, u32) {
        let text = self.text.as_deref().unwrap_or("");
        let mut end = offset.min(text.len());
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        let lines = self.lines.get_or_init(|| {
            let newlines = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n');
            std::iter::once(0).chain(newlines.map(|(place, _)| place + 1)).collect()
        });
        let line = lines.partition_point(|start| *start <= end);
        let column = text[lines[line - 1]..end].chars().count() + 1;
        (u32::try_from(line).unwrap_or(u32::MAX), u32::try_from(column).unwrap_or(u32::MAX))
    }
}

impl fmt::Debug for Source {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}", self.path.display())
    }
}

/// Who wrote a value: file, line, column and, where it is a plugin's file, the plugin.
///
/// It is kept from the first parse to the last error message and never dropped before rendering.
#[derive(Clone, PartialEq, Eq)]
pub struct Origin {
    /// The text that it stands in.
    pub source: Arc<Source>,
    /// Byte offset of its first character in the text.
    pub start: u32,
    /// Byte offset behind its last character.
    pub end: u32,
    /// Line, from 1.
    pub line: u32,
    /// Column in characters, from 1.
    pub column: u32,
}

impl Origin {
    /// The origin of a span of a source that has its text.
    #[must_use]
    pub fn new(source: &Arc<Source>, span: std::ops::Range<usize>) -> Self {
        let (line, column) = source.position(span.start);
        let clamp = |offset: usize| u32::try_from(offset).unwrap_or(u32::MAX);
        Self {
            source: source.clone(),
            start: clamp(span.start),
            end: clamp(span.end),
            line,
            column,
        }
    }

    /// An origin without a place inside its source: the whole file, or the command line.
    #[must_use]
    pub fn whole(source: &Arc<Source>) -> Self {
        Self { source: source.clone(), start: 0, end: 0, line: 1, column: 1 }
    }

    /// The path as users are shown it.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.source.path
    }

    /// The plugin whose file it stands in.
    #[must_use]
    pub fn plugin(&self) -> Option<&str> {
        self.source.plugin.as_deref()
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}:{}:{}", self.source.path.display(), self.line, self.column)
    }
}

impl fmt::Debug for Origin {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, formatter)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_count_lines_and_characters() {
        let source = Source::new("a.toml", "é = 1\nbc = 2\n");
        assert_eq!(source.position(0), (1, 1));
        assert_eq!(source.position(3), (1, 3));
        assert_eq!(source.position(7), (2, 1));
        assert_eq!(source.position(9_999), (3, 1));
        assert_eq!(Origin::new(&source, 7..9).to_string(), "a.toml:2:1");
    }
}
