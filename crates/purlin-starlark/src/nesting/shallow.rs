//! A look at the bytes of a text that can tell of most that they are not deep: it costs a tenth of
//! taking them apart into tokens.
//!
//! It may only err on one side. Brackets, blocks and `elif` are counted as they are, and of tokens at
//! least as many; whatever is read in another way than that of a token for each word or sign is left
//! to the one who reads tokens.

use super::Bound;

/// What may be open before a text counts as deep, so that there is always room for it.
const ROOM: usize = 16;

/// True for a text that nothing in it makes deep. False says nothing.
pub(super) fn is_shallow(text: &str, bound: &Bound) -> bool {
    debug_assert!(bound.open < ROOM, "what is open is kept in as many places");
    let mut scan = Scan {
        bytes: text.as_bytes(),
        next: 0,
        open: [0; ROOM],
        brackets: 0,
        blocks: [0; ROOM],
        depth: 0,
        around: 0,
        chain: 0,
        elifs: 0,
    };
    scan.run(bound).is_some()
}

struct Scan<'t> {
    bytes: &'t [u8],
    next: usize,
    /// For each open bracket: the tokens since the last comma in the one around it.
    open: [usize; ROOM],
    brackets: usize,
    /// For each open block: how far it is indented.
    blocks: [usize; ROOM],
    depth: usize,
    /// The sum of `open`.
    around: usize,
    chain: usize,
    elifs: usize,
}

impl Scan<'_> {
    /// `None` as soon as it is not known that the text is shallow.
    fn run(&mut self, bound: &Bound) -> Option<()> {
        self.begin_line()?;
        while let Some(byte) = self.byte() {
            match byte {
                b' ' | b'\r' => self.next += 1,
                b'\n' => {
                    self.next += 1;
                    if self.brackets == 0 {
                        self.chain = 0;
                        self.begin_line()?;
                    }
                }
                b'#' => self.skip_comment(),
                b'\'' | b'"' => {
                    self.string(byte)?;
                    self.chain += 1;
                }
                b'(' | b'[' | b'{' => {
                    self.next += 1;
                    self.open[self.brackets] = self.chain;
                    self.brackets += 1;
                    self.around += self.chain;
                    self.chain = 0;
                }
                b')' | b']' | b'}' => {
                    self.next += 1;
                    self.brackets = self.brackets.checked_sub(1)?;
                    self.chain = self.open[self.brackets];
                    self.around -= self.chain;
                    self.chain += 1;
                }
                b',' | b';' => {
                    self.next += 1;
                    self.chain = 0;
                }
                b'\\' | b'\t' => return None,
                byte if is_word(byte) => self.word()?,
                _ => {
                    self.next += 1;
                    self.chain += 1;
                }
            }
            let is_deep = self.brackets + self.depth > bound.open
                || self.around + self.chain > bound.chain
                || self.elifs > bound.elifs;
            if is_deep {
                return None;
            }
        }
        Some(())
    }

    fn byte(&self) -> Option<u8> {
        self.bytes.get(self.next).copied()
    }

    fn skip_comment(&mut self) {
        while self.byte().is_some_and(|byte| byte != b'\n') {
            self.next += 1;
        }
    }

    /// Reads how far a line is indented. Lines without code have no say in that.
    fn begin_line(&mut self) -> Option<()> {
        let mut indent = 0;
        loop {
            match self.byte() {
                None => return Some(()),
                Some(b' ') => indent += 1,
                Some(b'\r') => {}
                Some(b'\n') => indent = 0,
                Some(b'#') => {
                    self.skip_comment();
                    continue;
                }
                Some(b'\t') => return None,
                Some(_) => break,
            }
            self.next += 1;
        }
        while self.depth > 0 && self.blocks[self.depth - 1] > indent {
            self.depth -= 1;
        }
        if indent > self.depth.checked_sub(1).map_or(0, |last| self.blocks[last]) {
            // More than there is room for is deep.
            *self.blocks.get_mut(self.depth)? = indent;
            self.depth += 1;
        }
        Some(())
    }

    /// Strings end at their quote. A letter in front gives them another meaning, and so does a
    /// backslash in one of several lines: those are left to others.
    fn string(&mut self, quote: u8) -> Option<()> {
        let before = self.next.checked_sub(1).map(|place| self.bytes[place]);
        if before.is_some_and(is_word) {
            return None;
        }
        let rest = &self.bytes[self.next..];
        if rest.starts_with(&[quote; 3]) {
            let inside = &rest[3..];
            let end = inside.windows(3).position(|three| three == [quote; 3])?;
            self.next += 6 + end;
            return (!inside[..end].contains(&b'\\')).then_some(());
        }
        self.next += 1;
        loop {
            match self.byte()? {
                b'\\' => self.next += 2,
                b'\n' | b'\r' => return None,
                byte => {
                    self.next += 1;
                    if byte == quote {
                        return Some(());
                    }
                }
            }
        }
    }

    fn word(&mut self) -> Option<()> {
        let start = self.next;
        while self.byte().is_some_and(is_word) {
            self.next += 1;
        }
        self.elifs += usize::from(&self.bytes[start..self.next] == b"elif");
        self.chain += 1;
        Some(())
    }
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}
