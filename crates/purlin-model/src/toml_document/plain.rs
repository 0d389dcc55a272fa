//! The plain part of TOML, in which most files are written, read in a third of the time.
//!
//! What is read here means what the full parser takes it for, and a test compares the two. Whatever is
//! not plain, and every mistake, is left to it: this one has no opinion about them.

use std::collections::HashSet;
use std::sync::Arc;

use crate::{Kind, Origin, Source, Table, Value};

/// How deeply values may lie in each other before the full parser has to look.
const DEEPEST: usize = 16;

/// Which bytes are nothing but themselves in any text.
const PLAIN: [bool; 256] = {
    let mut plain = [false; 256];
    let mut byte = 0;
    while byte < 256 {
        plain[byte] = byte >= 0x80
            || byte >= 0x20 && byte < 0x7f && byte != 0x22 && byte != 0x27 && byte != 0x5c;
        byte += 1;
    }
    plain
};

/// The document, if it is plain.
pub(super) fn parse(source: &Arc<Source>) -> Option<Table> {
    let text = source.text.as_deref().unwrap_or("");
    let mut reader = Reader {
        source,
        text,
        bytes: text.as_bytes(),
        place: 0,
        line: Line { number: 1, start: 0, counted: 0, columns: 0 },
    };
    reader.document()
}

struct Reader<'a> {
    source: &'a Arc<Source>,
    text: &'a str,
    bytes: &'a [u8],
    place: usize,
    line: Line,
}

/// The line that is being read.
struct Line {
    /// From 1.
    number: u32,
    start: usize,
    /// Up to where its characters have been counted, and how many there are.
    counted: usize,
    columns: u32,
}

/// The table that keys are being added to.
#[derive(Default)]
struct Open {
    path: Vec<(String, Origin)>,
    origin: Option<Origin>,
    is_element: bool,
    table: Table,
}

impl Reader<'_> {
    fn document(&mut self) -> Option<Table> {
        let mut root = Table::default();
        let mut open = Open::default();
        // Lists that headers in double brackets have made.
        let mut lists = HashSet::new();
        loop {
            self.skip_blank_lines()?;
            match self.peek() {
                None => {
                    close(&mut root, open, &mut lists)?;
                    return Some(root);
                }
                Some(b'[') => {
                    let next = self.header()?;
                    close(&mut root, std::mem::replace(&mut open, next), &mut lists)?;
                    if !open.is_element && self.is_there(&root, &open.path) {
                        return None;
                    }
                }
                Some(_) => {
                    let (key, origin) = self.key()?;
                    let value = self.assigned(0)?;
                    if open.table.get(&key).is_some() {
                        return None;
                    }
                    open.table.insert(key, origin, value);
                }
            }
            self.end_line()?;
        }
    }

    /// `[a.b]` or `[[a.b]]`
    fn header(&mut self) -> Option<Open> {
        let start = self.place;
        let mark = self.mark(start);
        self.place += 1;
        let is_element = self.peek() == Some(b'[');
        self.place += usize::from(is_element);
        let mut path = Vec::new();
        loop {
            self.skip_spaces();
            path.push(self.key()?);
            self.skip_spaces();
            match self.next()? {
                b'.' => {}
                b']' if is_element => {
                    self.expect(b']')?;
                    break;
                }
                b']' => break,
                _ => return None,
            }
        }
        let origin = Some(self.origin(mark, start));
        Some(Open { path, origin, is_element, table: Table::default() })
    }

    /// A bare key, or one in quotes.
    fn key(&mut self) -> Option<(String, Origin)> {
        let start = self.place;
        let mark = self.mark(start);
        let key = match self.peek()? {
            b'"' | b'\'' => self.text(false)?,
            _ => {
                let rest = &self.bytes[start..];
                let is_bare =
                    |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
                let length = rest.iter().take_while(|byte| is_bare(byte)).count();
                if length == 0 {
                    return None;
                }
                self.place += length;
                self.text[start..self.place].to_owned()
            }
        };
        Some((key, self.origin(mark, start)))
    }

    /// ` = value`
    fn assigned(&mut self, depth: usize) -> Option<Value> {
        self.skip_spaces();
        self.expect(b'=')?;
        self.skip_spaces();
        self.value(depth)
    }

    fn value(&mut self, depth: usize) -> Option<Value> {
        if depth > DEEPEST {
            return None;
        }
        let start = self.place;
        let mark = self.mark(start);
        let kind = match self.peek()? {
            b'"' | b'\'' => Kind::String(self.text(true)?),
            b'[' => Kind::List(self.list(depth + 1)?),
            b'{' => Kind::Table(self.inline_table(depth + 1)?),
            b't' | b'f' => self.truth()?,
            _ => self.integer()?,
        };
        Some(Value::new(kind, self.origin(mark, start)))
    }

    fn list(&mut self, depth: usize) -> Option<Vec<Value>> {
        self.place += 1;
        let mut items = Vec::new();
        loop {
            self.skip_blank_lines()?;
            if self.peek()? == b']' {
                break;
            }
            items.push(self.value(depth)?);
            self.skip_blank_lines()?;
            match self.peek()? {
                b',' => self.place += 1,
                b']' => break,
                _ => return None,
            }
        }
        self.place += 1;
        Some(items)
    }

    fn inline_table(&mut self, depth: usize) -> Option<Table> {
        self.place += 1;
        self.skip_spaces();
        let mut table = Table::default();
        if self.peek()? == b'}' {
            self.place += 1;
            return Some(table);
        }
        loop {
            self.skip_spaces();
            let (key, origin) = self.key()?;
            let value = self.assigned(depth)?;
            if table.get(&key).is_some() {
                return None;
            }
            table.insert(key, origin, value);
            self.skip_spaces();
            match self.next()? {
                b',' => {}
                b'}' => return Some(table),
                _ => return None,
            }
        }
    }

    fn truth(&mut self) -> Option<Kind> {
        let rest = &self.bytes[self.place..];
        let value = rest.starts_with(b"true");
        if !value && !rest.starts_with(b"false") {
            return None;
        }
        self.place += if value { 4 } else { 5 };
        self.ends_word().then_some(Kind::Bool(value))
    }

    /// A number in decimal digits alone.
    fn integer(&mut self) -> Option<Kind> {
        let start = self.place;
        self.place += usize::from(self.peek() == Some(b'-'));
        let digits = self.place;
        while self.peek().is_some_and(|byte| byte.is_ascii_digit()) {
            self.place += 1;
        }
        if self.bytes[digits..self.place].starts_with(b"0") && self.place - digits > 1 {
            return None;
        }
        let number = self.text[start..self.place].parse().ok()?;
        self.ends_word().then_some(Kind::Int(number))
    }

    fn ends_word(&self) -> bool {
        self.peek().is_none_or(|byte| b" \t\n,]}#".contains(&byte))
    }

    /// A text in quotes. Values may have three of them, and then several lines.
    fn text(&mut self, may_be_long: bool) -> Option<String> {
        let quote = self.next()?;
        let is_literal = quote == b'\'';
        let triple = [quote; 2];
        let is_long = self.bytes[self.place..].starts_with(&triple);
        if is_long {
            self.place += 2;
            if !may_be_long {
                return None;
            }
            if self.peek() == Some(b'\n') {
                self.place += 1;
                self.begin_line();
            }
        }
        let mut text = String::new();
        let mut plain = self.place;
        loop {
            let rest = &self.bytes[self.place..];
            self.place += rest.iter().take_while(|byte| PLAIN[usize::from(**byte)]).count();
            let byte = self.peek()?;
            if byte == quote && (!is_long || self.bytes[self.place + 1..].starts_with(&triple)) {
                text.push_str(&self.text[plain..self.place]);
                self.place += if is_long { 3 } else { 1 };
                // Up to two more of them would belong to the text.
                return (!is_long || self.peek() != Some(quote)).then_some(text);
            }
            match byte {
                b'\\' if !is_literal => {
                    text.push_str(&self.text[plain..self.place]);
                    self.place += 1;
                    text.push(match self.next()? {
                        b'"' => '"',
                        b'\\' => '\\',
                        b'n' => '\n',
                        b't' => '\t',
                        _ => return None,
                    });
                    plain = self.place;
                    continue;
                }
                b'\n' if is_long => {
                    self.place += 1;
                    self.begin_line();
                    continue;
                }
                b'\t' | b' '..=b'~' | 0x80.. => {}
                _ => return None,
            }
            self.place += 1;
        }
    }

    /// Skips white space, comments and line ends.
    fn skip_blank_lines(&mut self) -> Option<()> {
        loop {
            self.skip_spaces();
            match self.peek() {
                Some(b'\n') => {
                    self.place += 1;
                    self.begin_line();
                }
                Some(b'#') => self.skip_comment()?,
                _ => return Some(()),
            }
        }
    }

    /// Nothing but a comment may follow in the line.
    fn end_line(&mut self) -> Option<()> {
        self.skip_spaces();
        if self.peek() == Some(b'#') {
            self.skip_comment()?;
        }
        matches!(self.peek(), None | Some(b'\n')).then_some(())
    }

    fn skip_comment(&mut self) -> Option<()> {
        while let Some(byte) = self.peek().filter(|byte| *byte != b'\n') {
            if byte < b' ' && byte != b'\t' || byte == 0x7f {
                return None;
            }
            self.place += 1;
        }
        Some(())
    }

    fn skip_spaces(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t')) {
            self.place += 1;
        }
    }

    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.place).copied()
    }

    fn next(&mut self) -> Option<u8> {
        let byte = self.peek()?;
        self.place += 1;
        Some(byte)
    }

    fn expect(&mut self, byte: u8) -> Option<()> {
        (self.next()? == byte).then_some(())
    }

    fn begin_line(&mut self) {
        let number = self.line.number + 1;
        self.line = Line { number, start: self.place, counted: self.place, columns: 0 };
    }

    /// Line and column, in characters, of a place in the line that is being read.
    fn mark(&mut self, place: usize) -> (u32, u32) {
        debug_assert!(self.line.start <= place && self.line.counted <= place);
        let begins = |byte: &&u8| (**byte & 0xc0) != 0x80;
        let more = self.bytes[self.line.counted..place].iter().filter(begins).count();
        self.line.columns += u32::try_from(more).unwrap_or(u32::MAX);
        self.line.counted = place;
        (self.line.number, self.line.columns + 1)
    }

    /// Whether there is anything at the path of a header, or something on the way to it that no header
    /// adds to.
    fn is_there(&self, root: &Table, path: &[(String, Origin)]) -> bool {
        let mut table = root;
        for (name, _) in path {
            let Some(value) = table.get(name) else { return false };
            let is_inline = self.bytes.get(value.origin.start as usize) == Some(&b'{');
            table = match &value.kind {
                Kind::Table(inner) if !is_inline => inner,
                _ => return true,
            };
        }
        true
    }

    /// What stands between `start`, whose line and column these are, and here.
    fn origin(&self, (line, column): (u32, u32), start: usize) -> Origin {
        let clamp = |offset: usize| u32::try_from(offset).unwrap_or(u32::MAX);
        let (start, end) = (clamp(start), clamp(self.place));
        Origin { source: self.source.clone(), start, end, line, column }
    }
}

/// Puts a table in the place that its header names. `None` where that is not plain.
fn close(root: &mut Table, open: Open, lists: &mut HashSet<String>) -> Option<()> {
    let Open { mut path, origin, is_element, table } = open;
    let Some((key, key_origin)) = path.pop() else {
        *root = table;
        return Some(());
    };
    let origin = origin?;
    let is_nested = !path.is_empty();
    let mut parent = root;
    for (name, place) in path {
        if parent.get(&name).is_none() {
            let made = Value::new(Kind::Table(Table::default()), place.clone());
            parent.insert(name.as_str(), place, made);
        }
        parent = match parent.get_mut(&name).map(|value| &mut value.kind) {
            Some(Kind::Table(inner)) => inner,
            _ => return None,
        };
    }
    let value = Value::new(Kind::Table(table), origin.clone());
    if !is_element {
        parent.insert(key, key_origin, value);
        return Some(());
    }
    match parent.get_mut(&key).map(|there| &mut there.kind) {
        None if !is_nested => {
            lists.insert(key.clone());
            parent.insert(key, key_origin, Value::new(Kind::List(vec![value]), origin));
        }
        Some(Kind::List(items)) if !is_nested && lists.contains(&key) => items.push(value),
        _ => return None,
    }
    Some(())
}
