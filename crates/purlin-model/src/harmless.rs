//! Text that nobody vouches for, such as a manifest's or a file's name, made fit for a terminal.

/// True for a character that can hide, reorder or rewrite other text on a terminal: controls, of
/// which newline and tab may be wanted, and what has no width or turns the direction.
#[must_use]
pub fn hides(character: char) -> bool {
    character.is_control()
        || matches!(character,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}'
            | '\u{e0000}'..='\u{e007f}')
}

/// The text with everything that [`hides`] spelt out, but for newlines and tabs.
///
/// ```
/// assert_eq!(purlin_model::harmless("a\u{1b}[2K\tb\n"), "a\\u{1b}[2K\tb\n");
/// ```
#[must_use]
pub fn harmless(text: &str) -> String {
    spelt(text, |character| hides(character) && !matches!(character, '\n' | '\t'))
}

/// The same for text that has to stay on its line.
///
/// ```
/// assert_eq!(purlin_model::harmless_line("a\u{202e}\nb"), "a\\u{202e}\\nb");
/// ```
#[must_use]
pub fn harmless_line(text: &str) -> String {
    spelt(text, hides)
}

fn spelt(text: &str, hides: impl Fn(char) -> bool) -> String {
    // Nearly all text is like this, and a list may have a thousand lines of it.
    if text.bytes().all(|byte| matches!(byte, b' '..=b'~')) {
        return text.to_owned();
    }
    let mut shown = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '\n' if hides('\n') => shown.push_str("\\n"),
            '\t' if hides('\t') => shown.push_str("\\t"),
            character if hides(character) => shown.extend(character.escape_unicode()),
            character => shown.push(character),
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_seen() {
        let plain = "plain é 漢\t and more";
        assert_eq!(harmless(plain), plain);
        assert_eq!(harmless("one\ntwo"), "one\ntwo");
        assert_eq!(harmless_line("plain é 漢\nand more"), "plain é 漢\\nand more");
        for hidden in
            ['\u{1b}', '\r', '\u{9b}', '\u{7f}', '\u{202e}', '\u{2066}', '\u{200b}', '\u{e0041}']
        {
            assert!(!harmless(&format!("a{hidden}b")).contains(hidden), "{hidden:?}");
            assert!(!harmless_line(&format!("a{hidden}b")).contains(hidden), "{hidden:?}");
        }
    }
}
