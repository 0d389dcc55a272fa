//! Output of programs where the view shows it on a terminal: it may have colours, and nothing else
//! that a terminal would follow. What a program writes straight to the user's terminal is its own
//! affair, and what goes anywhere else stays as it is, byte for byte.

/// Takes control sequences out of a text that comes in pieces.
pub(crate) struct Tame {
    terminal: bool,
    colored: bool,
    state: State,
    /// Of the control sequence that has begun.
    pending: Vec<u8>,
    /// A colour may be on.
    tinted: bool,
    /// Nothing has been shown since the last newline.
    fresh: bool,
}

#[derive(Clone, Copy, PartialEq)]
enum State {
    Text,
    Return,
    Escape,
    /// In a sequence such as that of a colour.
    Control,
    /// In a text for the terminal, such as a title or a link.
    Hidden,
    HiddenEscape,
    /// After the first byte of what could be a control character of the second set.
    Second,
}

impl Tame {
    /// For a terminal or not; keeps colours where that is wanted.
    pub(crate) fn new(terminal: bool, colored: bool) -> Self {
        let pending = Vec::new();
        Self { terminal, colored, state: State::Text, pending, tinted: false, fresh: true }
    }

    /// What may be shown of the next piece.
    pub(crate) fn next(&mut self, bytes: &[u8]) -> Vec<u8> {
        let mut shown = Vec::with_capacity(bytes.len());
        if self.terminal {
            for byte in bytes {
                self.step(*byte, &mut shown);
            }
        } else {
            shown.extend_from_slice(bytes);
        }
        if let Some(last) = shown.last() {
            self.fresh = *last == b'\n';
        }
        shown
    }

    /// What ends the text: colours off, and a newline unless there is one.
    pub(crate) fn end(&mut self) -> Vec<u8> {
        let mut shown = if std::mem::take(&mut self.tinted) { b"\x1b[0m".to_vec() } else { vec![] };
        if !std::mem::replace(&mut self.fresh, true) {
            shown.push(b'\n');
        }
        self.state = State::Text;
        shown
    }

    fn step(&mut self, byte: u8, shown: &mut Vec<u8>) {
        match self.state {
            State::Text => self.text(byte, shown),
            State::Return => {
                // A program that goes back to write over its line has said both.
                shown.push(b'\n');
                self.state = State::Text;
                if byte != b'\n' {
                    self.text(byte, shown);
                }
            }
            State::Escape => {
                self.state = match byte {
                    b'[' => State::Control,
                    b']' | b'P' | b'X' | b'^' | b'_' => State::Hidden,
                    b' '..=b'/' => State::Escape,
                    _ => State::Text,
                };
            }
            State::Control => {
                self.pending.push(byte);
                if (0x40..=0x7e).contains(&byte) {
                    self.state = State::Text;
                    let pending = std::mem::take(&mut self.pending);
                    if self.colored && is_color(&pending) {
                        shown.extend_from_slice(b"\x1b[");
                        shown.extend_from_slice(&pending);
                        self.tinted = true;
                    }
                }
            }
            State::Hidden => match byte {
                0x07 => self.state = State::Text,
                0x1b => self.state = State::HiddenEscape,
                _ => {}
            },
            State::HiddenEscape => {
                self.state = if byte == b'\\' { State::Text } else { State::Hidden };
            }
            State::Second => {
                self.state = State::Text;
                if !(0x80..=0x9f).contains(&byte) {
                    shown.push(0xc2);
                    self.text(byte, shown);
                }
            }
        }
    }

    fn text(&mut self, byte: u8, shown: &mut Vec<u8>) {
        match byte {
            b'\n' | b'\t' => shown.push(byte),
            b'\r' => self.state = State::Return,
            0x1b => self.state = State::Escape,
            0xc2 => self.state = State::Second,
            0..=0x1f | 0x7f => {}
            _ => shown.push(byte),
        }
    }
}

fn is_color(sequence: &[u8]) -> bool {
    let Some((b'm', numbers)) = sequence.split_last() else { return false };
    numbers.iter().all(|byte| matches!(byte, b'0'..=b'9' | b';' | b':'))
}

#[cfg(test)]
mod tests {
    use super::Tame;

    fn shown(colored: bool, text: &str) -> String {
        // In one piece and byte by byte it is the same.
        let mut whole = Tame::new(true, colored);
        let mut once = whole.next(text.as_bytes());
        once.extend(whole.end());
        let mut pieces = Tame::new(true, colored);
        let mut by_byte: Vec<u8> =
            text.as_bytes().iter().flat_map(|byte| pieces.next(&[*byte])).collect();
        by_byte.extend(pieces.end());
        assert_eq!(once, by_byte);
        String::from_utf8(once).expect("it was text")
    }

    #[test]
    fn plain_text_stays() {
        assert_eq!(shown(false, "a\tb\né 漢 ü [bold]x[/bold]\n"), "a\tb\né 漢 ü [bold]x[/bold]\n");
        assert_eq!(shown(true, "no newline"), "no newline\n");
    }

    #[test]
    fn what_goes_elsewhere_stays_as_it_is() {
        let mut tame = Tame::new(false, false);
        assert_eq!(tame.next(b"a\x1b[2J\0\r\xff"), b"a\x1b[2J\0\r\xff");
        assert_eq!(tame.end(), b"\n");
    }

    #[test]
    fn colours_stay_where_they_are_wanted_and_end() {
        assert_eq!(shown(true, "\x1b[1;31mred"), "\x1b[1;31mred\x1b[0m\n");
        assert_eq!(shown(false, "\x1b[1;31mred\x1b[0m"), "red\n");
    }

    #[test]
    fn what_a_terminal_would_follow_goes() {
        for text in [
            "a\x1b[2J\x1b[1A\x1b[Kb",
            "a\x1b]0;title\x07b",
            "a\x1b]8;;http://x\x1b\\b",
            "a\x1bPq\x1b\\b",
            "a\x1b(0b",
            "a\x1bcb",
            "a\x07\x08b",
            "a\u{9b}b",
        ] {
            assert_eq!(shown(true, text), "ab\n", "{text:?}");
        }
        assert_eq!(shown(true, "10%\r20%\r\nend\r"), "10%\n20%\nend\n");
    }
}
