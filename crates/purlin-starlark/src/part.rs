//! A part of a large file: what one of its functions needs, for who asks for that alone.
//!
//! Other functions are blanked out, so that everything that stays has its place. What is not a function
//! stays, since it may do something, and what a word that stays could mean stays with it. The literal
//! `definitions` says what is called what, which is known, and goes.

use std::collections::HashMap;

use starlark::syntax::AstModule;
use starlark::syntax::ast::{AssignTarget, AstStmt, Stmt};

use crate::error::place;
use crate::index::DEFINITIONS;

/// A file of fewer functions is evaluated as fast as it is taken apart.
const MANY: usize = 200;

/// The text with what `wanted` needs, and blanks for the rest; `None` where that is most of it.
pub(crate) fn part(tree: &AstModule, text: &str, wanted: &str) -> Option<String> {
    let mut statements = Vec::new();
    flatten(tree.statement(), &mut statements);
    let mut named: HashMap<&str, Vec<usize>> = HashMap::new();
    let mut kept = vec![false; statements.len()];
    let mut waiting = Vec::new();
    for (number, statement) in statements.iter().enumerate() {
        match name_of(statement) {
            Some(name) => named.entry(name).or_default().push(number),
            None => waiting.push(number),
        }
    }
    if named.len() < MANY {
        return None;
    }
    waiting.extend(named.get(wanted)?);
    let mut count = 0;
    while let Some(number) = waiting.pop() {
        if std::mem::replace(&mut kept[number], true) {
            continue;
        }
        count += 1;
        let words = words(text.get(range(statements[number]))?);
        waiting.extend(words.filter_map(|word| named.get(word)).flatten());
    }
    if count * 2 > statements.len() {
        return None;
    }
    let mut bytes = text.as_bytes().to_vec();
    for (statement, _) in statements.iter().zip(kept).filter(|(_, kept)| !kept) {
        let gone = bytes.get_mut(range(statement))?;
        gone.iter_mut().filter(|byte| **byte != b'\n').for_each(|byte| *byte = b' ');
    }
    String::from_utf8(bytes).ok()
}

fn flatten<'t>(statement: &'t AstStmt, found: &mut Vec<&'t AstStmt>) {
    match &statement.node {
        Stmt::Statements(all) => all.iter().for_each(|one| flatten(one, found)),
        _ => found.push(statement),
    }
}

/// The name of what may be left out.
fn name_of(statement: &AstStmt) -> Option<&str> {
    match &statement.node {
        Stmt::Def(function) => Some(&function.name.node.ident),
        Stmt::Assign(assignment) => match &assignment.lhs.node {
            AssignTarget::Identifier(name) if name.node.ident == DEFINITIONS => Some(DEFINITIONS),
            _ => None,
        },
        _ => None,
    }
}

fn range(statement: &AstStmt) -> std::ops::Range<usize> {
    place(statement.span.begin())..place(statement.span.end())
}

/// Everything that could be a name, in comments and texts too.
fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|character: char| !character.is_alphanumeric() && character != '_')
        .filter(|word| !word.is_empty())
}

#[cfg(test)]
mod tests {
    use purlin_model::Source;

    use super::*;
    use crate::parse::parse;

    fn part_of(text: &str, wanted: &str) -> Option<String> {
        let tree = parse(&Source::new("a.star", text)).expect("it is correct");
        part(&tree, text, wanted)
    }

    /// Enough functions to make a file large, `one0` and so on.
    fn many() -> String {
        (0..MANY).map(|number| format!("def one{number}(x):\n    return [x, 'é']\n")).collect()
    }

    #[test]
    fn what_a_function_needs_stays_in_its_place() {
        let text = format!(
            "load('b.star', 'b')\nx = later\ndef later(): return f'{{deep}}'\n{}\
             def deep(n = one3(1)):\n    def inner(): return one5\n    return inner\n\
             definitions = {{'a': {{'one7': one7}}}}\n",
            many()
        );
        let part = part_of(&text, "one9").expect("it is large");
        assert_eq!(part.len(), text.len());
        assert!(!part.contains("definitions"), "{part}");
        let lines = part.lines().zip(text.lines()).filter(|(part, _)| !part.trim().is_empty());
        let mut names = Vec::new();
        for (part, whole) in lines {
            assert_eq!(part, whole);
            names.extend(part.strip_prefix("def ").and_then(|rest| rest.split('(').next()));
        }
        assert_eq!(names, ["later", "one3", "one5", "one9", "deep"]);
        parse(&Source::new("a.star", part)).expect("it is still correct");
    }

    #[test]
    fn small_files_and_what_needs_most_of_one_are_left_whole() {
        assert_eq!(part_of("def f(): pass\ndef g(): pass\n", "f"), None);
        let all: String = (0..MANY).map(|number| format!("one{number}, ")).collect();
        assert_eq!(part_of(&format!("{}def all(): return [{all}]\n", many()), "all"), None);
        assert_eq!(part_of(&many(), "nobody"), None);
    }
}
