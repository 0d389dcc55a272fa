//! Texts that lie too deep in themselves are refused before they are parsed: parser, compiler and
//! everything else that walks a syntax tree does so by recursion.

mod shallow;

use std::sync::Arc;

use purlin_model::{Diagnostic, Origin, Source};
use starlark_syntax::codemap::CodeMap;
use starlark_syntax::lexer::{Lexer, Token};

use crate::parse::dialect;

/// How many brackets and blocks may be open at once.
const MAX_OPEN: usize = 150;

/// How many tokens may stand between two commas, with all that is open around them: the longest chain
/// of operators, calls and attributes.
const MAX_CHAIN: usize = 3_000;

/// How many `elif` a file may have. Each lies in the one before.
const MAX_ELIF: usize = 500;

/// What is a part of that is deep already: an ordinary stack may be too small for it.
const DEEP: usize = 10;

/// Texts shorter than this cannot be deep.
const SHORT: usize = 100;

/// How much may be open at once, stand between two commas, and be an alternative.
struct Bound {
    open: usize,
    chain: usize,
    elifs: usize,
}

const MAX: Bound = Bound { open: MAX_OPEN, chain: MAX_CHAIN, elifs: MAX_ELIF };

const WELL_WITHIN: Bound =
    Bound { open: MAX_OPEN / DEEP, chain: MAX_CHAIN / DEEP, elifs: MAX_ELIF / DEEP };

/// True for a text that is better parsed, evaluated and dropped with a large stack.
///
/// # Errors
/// It is too deep, and where that is.
pub(crate) fn check(source: &Arc<Source>) -> Result<bool, Diagnostic> {
    let text = source.text.as_deref().unwrap_or_default();
    let (mut depth, mut is_deep) = (Depth::default(), false);
    if text.len() < SHORT || shallow::is_shallow(text, &WELL_WITHIN) {
        return Ok(false);
    }
    for lexeme in tokens(text) {
        // What is no token is told by the parser.
        let Ok((start, token, end)) = lexeme else { return Ok(is_deep) };
        depth.add(&token);
        is_deep |= depth.exceeds(&WELL_WITHIN);
        if is_deep && depth.exceeds(&MAX) {
            return Err(Diagnostic::error("too-deep", "this lies too deep in itself")
                .label(Origin::new(source, start..end), "more than the language takes")
                .detail(format!(
                    "At most {MAX_OPEN} brackets and blocks may be open at once, with {MAX_CHAIN} \
                     operators and names between two commas."
                ))
                .help("give parts of it names of their own".to_owned()));
        }
    }
    Ok(is_deep)
}

/// The tokens of a text. A line that is nothing but a comment is read off the map of the file.
fn tokens(text: &str) -> Lexer<'_> {
    Lexer::new(text, &dialect(), CodeMap::new(String::new(), text.to_owned()))
}

#[derive(Default)]
struct Depth {
    /// For each open bracket: the tokens since the last comma in the one around it.
    open: Vec<usize>,
    /// Their sum.
    around: usize,
    /// Tokens since the last comma.
    chain: usize,
    blocks: usize,
    elifs: usize,
}

impl Depth {
    fn exceeds(&self, bound: &Bound) -> bool {
        self.open.len() + self.blocks > bound.open
            || self.around + self.chain > bound.chain
            || self.elifs > bound.elifs
    }

    fn add(&mut self, token: &Token) {
        match token {
            Token::OpeningRound | Token::OpeningSquare | Token::OpeningCurly => {
                self.open.push(self.chain);
                self.around += self.chain;
                self.chain = 0;
            }
            Token::ClosingRound | Token::ClosingSquare | Token::ClosingCurly => {
                self.chain = self.open.pop().unwrap_or_default();
                self.around -= self.chain;
                self.chain += 1;
            }
            Token::Comma | Token::Newline | Token::Semicolon => self.chain = 0,
            Token::Indent => self.blocks += 1,
            Token::Dedent => self.blocks = self.blocks.saturating_sub(1),
            Token::Elif => self.elifs += 1,
            Token::Comment(_) => {}
            _ => self.chain += 1,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the tokens say, whatever its bytes look like.
    fn is_deep_in_tokens(text: &str) -> bool {
        let mut depth = Depth::default();
        for lexeme in tokens(text) {
            let Ok((_, token, _)) = lexeme else { return false };
            depth.add(&token);
            if depth.exceeds(&WELL_WITHIN) {
                return true;
            }
        }
        false
    }

    /// Texts of pieces that are read in different ways, from a row of numbers that repeats.
    #[test]
    fn what_bytes_call_shallow_is_so_in_tokens() {
        const PIECES: [&str; 40] = [
            "(",
            "(",
            "[",
            "[",
            "{",
            ")",
            "]",
            "}",
            "'",
            "\"",
            "'''",
            "\"\"\"",
            "\\",
            "#",
            "\n",
            "\n",
            "\n",
            "\n    ",
            "\n  ",
            "\n        ",
            " ",
            ",",
            ";",
            ":",
            "a",
            "r'",
            "f\"",
            "b'",
            "elif",
            "elif",
            "not ",
            "1",
            "1.5",
            "a.b",
            "é",
            "\t",
            "\r\n",
            "-",
            "'a' ",
            "if x:",
        ];
        let (mut state, mut shallow, mut deep) = (1_u64, 0, 0);
        let mut draw = |below: usize| {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            usize::try_from(state >> 33).unwrap_or(0) % below
        };
        for _ in 0..20_000 {
            let length = draw(120);
            // A few pieces again and again make depth likely.
            let few = [draw(40), draw(40), draw(40), draw(40), draw(40)];
            let text: String = (0..length).map(|_| PIECES[few[draw(5)]]).collect();
            let is_deep = is_deep_in_tokens(&text);
            let says = shallow::is_shallow(&text, &WELL_WITHIN);
            assert!(!(says && is_deep), "{text:?}");
            shallow += usize::from(says);
            deep += usize::from(is_deep);
        }
        assert!(shallow > 1_000 && deep > 1_000, "{shallow} shallow, {deep} deep");
    }

    #[test]
    fn ordinary_files_need_no_tokens() {
        let text = "load('a.star', 'b')\n\ndef default(mk_package, zlib = None, *rest):\n    \
                    \"\"\"A package ([{.\"\"\"\n    if zlib:  # it's (there\n        x = [1, 2]\n    \
                    return mk_package(name = 'a\\'b', env = {'A': \"'(\"}, requires = [zlib])\n"
            .repeat(40);
        assert!(shallow::is_shallow(&text, &WELL_WITHIN));
    }

    fn told(text: &str) -> Option<String> {
        check(&Source::new("a.star", text)).err().map(|error| error.to_string())
    }

    #[test]
    fn what_is_deep_is_refused_with_its_place() {
        let deep = |open: &str, close: &str, times: usize| {
            format!("x = {}1{}\n", open.repeat(times), close.repeat(times))
        };
        assert_eq!(told(&deep("[", "]", 140)), None);
        let expected = "this lies too deep in itself (a.star:1:";
        for text in [
            deep("[", "]", 100_000),
            deep("f(", ")", 100_000),
            deep("-", "", 100_000),
            deep("not ", "", 100_000),
            deep("lambda: ", "", 100_000),
            deep("1 + ", "", 100_000),
            deep("1 if 2 else ", "", 100_000),
            deep("", ".a", 100_000),
        ] {
            let told = told(&text).unwrap_or_default();
            assert!(told.starts_with(expected), "{told}: {}", &text[..20]);
        }
    }

    #[test]
    fn blocks_and_alternatives_are_counted_too() {
        let blocks: String =
            (0..200).map(|depth| format!("{}if x:\n", " ".repeat(depth))).collect();
        assert!(told(&blocks).is_some());
        let chain = format!(
            "def f(x):\n    if x:\n        pass\n{}",
            "    elif x:\n        pass\n".repeat(600)
        );
        assert!(told(&chain).is_some());
    }

    #[test]
    fn lines_may_be_comments() {
        let text = "def f():\n    # one\n    pass\n\n# another\n".repeat(10);
        assert_eq!(told(&text), None);
        assert!(told(&format!("{text}x = {}", "[".repeat(1_000))).is_some());
    }

    #[test]
    fn lines_of_comments_are_no_tokens() {
        let text = format!(
            "# One [[[.\ndef f(x):\n    # Another.\n    return {}\n",
            "-".repeat(400) + "x"
        );
        assert!(!shallow::is_shallow(&text, &WELL_WITHIN));
        assert_eq!(check(&Source::new("a.star", text)), Ok(true));
    }

    #[test]
    fn what_is_long_is_not_deep() {
        assert_eq!(told(&format!("x = [{}]\n", "1 + 2, ".repeat(50_000))), None);
        assert_eq!(told(&"x = 1\n".repeat(50_000)), None);
        assert_eq!(told(&format!("x = '''{}'''\n", "[".repeat(50_000))), None);
    }
}
