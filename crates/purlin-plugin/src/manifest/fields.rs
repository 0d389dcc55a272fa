//! Reading a table of the manifest: each key is asked for once with its type, and what nobody asked
//! for is unknown. Mistakes are collected, so that one does not hide the next.

use std::cell::RefCell;

use purlin_model::{
    Diagnostic, Entry, Kind, Origin, Table, Value, fold, harmless_line, hides, suggestion,
};

/// The mistakes found so far.
#[derive(Default)]
pub(super) struct Report(RefCell<Vec<Diagnostic>>);

impl Report {
    pub(super) fn add(&self, diagnostic: Diagnostic) {
        self.0.borrow_mut().push(diagnostic);
    }

    /// An error with one place and what to do about it.
    pub(super) fn error(
        &self,
        code: &str,
        summary: impl Into<String>,
        (origin, label): (&Origin, impl Into<String>),
        help: impl Into<Option<String>>,
    ) {
        self.add(Diagnostic::error(code, summary).label(origin.clone(), label).help(help));
    }

    pub(super) fn into_diagnostics(self) -> Vec<Diagnostic> {
        self.0.into_inner()
    }
}

/// A text of the manifest and where it stands.
#[derive(Clone, Copy)]
pub(super) struct Text<'a> {
    pub(super) text: &'a str,
    pub(super) origin: &'a Origin,
}

/// A table that is being read.
pub(super) struct Fields<'a> {
    report: &'a Report,
    /// As messages call it: `[plugin]`, `[provides.cache.mirror]`.
    pub(super) title: String,
    /// Where it stands: its key if it has one.
    pub(super) origin: &'a Origin,
    table: &'a Table,
    known: Vec<&'static str>,
}

impl<'a> Fields<'a> {
    /// Starts to read; a value that is no table is reported.
    pub(super) fn new(
        report: &'a Report,
        title: impl Into<String>,
        origin: &'a Origin,
        value: &'a Value,
    ) -> Option<Self> {
        let title = title.into();
        let Kind::Table(table) = &value.kind else {
            wrong_type(report, &title, "a table", value);
            return None;
        };
        Some(Self { report, title, origin, table, known: Vec::new() })
    }

    pub(super) fn report(&self) -> &'a Report {
        self.report
    }

    /// The entry of a key, in either spelling.
    pub(super) fn entry(&mut self, key: &'static str) -> Option<&'a Entry> {
        let asked_before = self.known.contains(&key);
        if !asked_before {
            self.known.push(key);
        }
        let mut spellings = self.table.iter().filter(|(written, _)| fold(written) == key);
        let (_, first) = spellings.next()?;
        for (written, again) in spellings.filter(|_| !asked_before) {
            self.report.add(
                Diagnostic::error(
                    "duplicate-key",
                    format!("`{key}` is written twice in {}", self.title),
                )
                .label(again.key.clone(), format!("`{written}` is the same key"))
                .label(first.key.clone(), "first here")
                .help("`-` and `_` are one character in keys; remove one of the two".to_owned()),
            );
        }
        Some(first)
    }

    pub(super) fn value(&mut self, key: &'static str) -> Option<&'a Value> {
        self.entry(key).map(|entry| &entry.value)
    }

    pub(super) fn text(&mut self, key: &'static str) -> Option<Text<'a>> {
        let value = self.value(key)?;
        let text = value.as_str();
        if text.is_none() {
            self.wrong_type(key, "a string", value);
        }
        let text = text.map(|text| Text { text, origin: &value.origin });
        text.inspect(|text| self.require_plain(key, *text))
    }

    /// Reports a text that is not one line of what terminals show. What manifests say stands in lists,
    /// help and completions, and must not look like something else there.
    pub(super) fn require_plain(&self, key: &str, text: Text<'_>) {
        if text.text.chars().any(hides) {
            self.report.error(
                "bad-value",
                format!("`{key}` in {} is not one line of plain text", self.title),
                (text.origin, format!("it says `{}`", harmless_line(text.text))),
                "leave out line breaks and what terminals do not show".to_owned(),
            );
        }
    }

    /// A text that must be there.
    pub(super) fn required_text(&mut self, key: &'static str) -> Option<Text<'a>> {
        if self.value(key).is_none() {
            self.missing(key, "a string");
        }
        self.text(key)
    }

    pub(super) fn owned_text(&mut self, key: &'static str) -> Option<String> {
        self.text(key).map(|text| text.text.to_owned())
    }

    pub(super) fn bool(&mut self, key: &'static str) -> Option<bool> {
        let value = self.value(key)?;
        let found = value.as_bool();
        if found.is_none() {
            self.wrong_type(key, "a boolean", value);
        }
        found
    }

    /// A whole number from 1 that fits into 32 bits.
    pub(super) fn count(&mut self, key: &'static str) -> Option<u32> {
        let value = self.value(key)?;
        let Some(whole) = value.as_int() else {
            self.wrong_type(key, "an integer", value);
            return None;
        };
        let count = u32::try_from(whole).ok().filter(|count| *count > 0);
        if count.is_none() {
            self.report.error(
                "bad-value",
                format!("`{key}` in {} is out of range", self.title),
                (&value.origin, "a number from 1 to 4294967295 is expected"),
                None,
            );
        }
        count
    }

    /// A list of texts; absent is empty. Elements that are no texts or empty are reported.
    pub(super) fn texts(&mut self, key: &'static str) -> Vec<Text<'a>> {
        let Some(value) = self.value(key) else { return Vec::new() };
        let Some(items) = value.as_list() else {
            self.wrong_type(key, "a list of strings", value);
            return Vec::new();
        };
        let mut texts = Vec::with_capacity(items.len());
        for item in items {
            match item.as_str() {
                Some("") => self.report.error(
                    "bad-value",
                    format!("`{key}` in {} has an empty string", self.title),
                    (&item.origin, "this says nothing"),
                    None,
                ),
                Some(text) => texts.push(Text { text, origin: &item.origin }),
                None => self.wrong_type(key, "a list of strings", item),
            }
        }
        texts
    }

    pub(super) fn owned_texts(&mut self, key: &'static str) -> Vec<String> {
        self.texts(key).into_iter().map(|text| text.text.to_owned()).collect()
    }

    /// A list of texts that must be there and hold something.
    pub(super) fn required_texts(&mut self, key: &'static str) -> Vec<Text<'a>> {
        match self.value(key) {
            None => self.missing(key, "a list of strings"),
            Some(value) if value.as_list().is_some_and(<[Value]>::is_empty) => self.report.error(
                "bad-value",
                format!("`{key}` in {} is empty", self.title),
                (&value.origin, "at least one element is needed"),
                None,
            ),
            Some(_) => {}
        }
        self.texts(key)
    }

    /// A text out of a closed list.
    pub(super) fn choice<T: Copy>(
        &mut self,
        key: &'static str,
        code: &str,
        choices: &[(&str, T)],
    ) -> Option<T> {
        let text = self.text(key)?;
        let found = choices.iter().find(|(name, _)| *name == fold(text.text));
        if found.is_none() {
            self.report.error(
                code,
                format!("`{key}` in {} cannot be `{}`", self.title, text.text),
                (text.origin, "this version of Purlin does not know it"),
                suggestion(text.text, "values", choices.iter().map(|(name, _)| *name)),
            );
        }
        found.map(|(_, value)| *value)
    }

    /// A table inside this one.
    pub(super) fn table(&mut self, key: &'static str) -> Option<Fields<'a>> {
        let entry = self.entry(key)?;
        let title = match self.title.strip_suffix(']') {
            Some(outer) => format!("{outer}.{key}]"),
            None => format!("[{key}]"),
        };
        Fields::new(self.report, title, &entry.key, &entry.value)
    }

    /// The table's entries, for tables whose keys are names.
    pub(super) fn entries(&self) -> impl Iterator<Item = (&'a str, &'a Entry)> + use<'a> {
        self.table.iter()
    }

    pub(super) fn wrong_type(&self, key: &str, expected: &str, value: &Value) {
        wrong_type(self.report, &format!("`{key}` in {}", self.title), expected, value);
    }

    pub(super) fn missing(&self, key: &str, expected: &str) {
        self.report.error(
            "missing-key",
            format!("`{key}` is missing in {}", self.title),
            (self.origin, format!("this table needs `{key}`: {expected}")),
            None,
        );
    }

    /// Reports every key that nobody asked for.
    pub(super) fn finish(self) {
        for (key, entry) in self.table.iter() {
            if !self.known.contains(&fold(key).as_str()) {
                self.report.error(
                    "unknown-key",
                    format!("unknown key `{key}` in {}", self.title),
                    (&entry.key, "not a key of this table"),
                    suggestion(key, "keys", self.known.iter().copied()),
                );
            }
        }
    }
}

fn wrong_type(report: &Report, what: &str, expected: &str, value: &Value) {
    report.error(
        "wrong-type",
        format!("{what} must be {expected}"),
        (&value.origin, format!("this is {}", value.described())),
        None,
    );
}
