//! Texts that lie too deep in themselves are refused before they are parsed: parser, compiler and
//! everything else that walks a syntax tree does so by recursion.

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

/// True for a text that is better parsed, evaluated and dropped with a large stack.
///
/// # Errors
/// It is too deep, and where that is.
pub(crate) fn check(source: &Arc<Source>) -> Result<bool, Diagnostic> {
    let text = source.text.as_deref().unwrap_or_default();
    let (mut depth, mut is_deep) = (Depth::default(), false);
    if text.len() < SHORT {
        return Ok(false);
    }
    // Lines that are only a comment are read out of the map.
    let map = CodeMap::new(String::new(), text.to_owned());
    for lexeme in Lexer::new(text, &dialect(), map) {
        // What is no token is told by the parser.
        let Ok((start, token, end)) = lexeme else { return Ok(is_deep) };
        depth.add(&token);
        is_deep |= depth.exceeds(MAX_OPEN / DEEP, MAX_CHAIN / DEEP, MAX_ELIF / DEEP);
        if is_deep && depth.exceeds(MAX_OPEN, MAX_CHAIN, MAX_ELIF) {
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
    fn exceeds(&self, open: usize, chain: usize, elifs: usize) -> bool {
        self.open.len() + self.blocks > open
            || self.around + self.chain > chain
            || self.elifs > elifs
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
    fn what_is_long_is_not_deep() {
        assert_eq!(told(&format!("x = [{}]\n", "1 + 2, ".repeat(50_000))), None);
        assert_eq!(told(&"x = 1\n".repeat(50_000)), None);
        assert_eq!(told(&format!("x = '''{}'''\n", "[".repeat(50_000))), None);
    }
}
