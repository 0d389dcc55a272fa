//! A part of a large file: what one of its functions needs, for who asks for that alone.
//!
//! Other functions are blanked out, so that everything that stays has its place. What is not a function
//! stays, since it may do something, and what a word that stays could mean stays with it. The literal
//! `definitions` says what is called what, which is known, and goes. Where something that would go is wrong
//! as it stands, nothing goes: whoever asks for anything in the file is told.

use std::collections::{HashMap, HashSet};

use starlark::syntax::AstModule;
use starlark::syntax::ast::{AssignTarget, AstStmt, Stmt};
use starlark_syntax::syntax::uniplate::Visit;

use crate::error::place;
use crate::index::DEFINITIONS;
use crate::unbound;

/// A file of fewer functions is evaluated as fast as it is taken apart.
const MANY: usize = 200;

/// The text with what `wanted` needs, and blanks for the rest; `None` where that is most of it, or where
/// the rest has a mistake. `is_global` tells names that are there without a file.
pub(crate) fn part(
    tree: &AstModule,
    text: &str,
    wanted: &str,
    is_global: impl Fn(&str) -> bool,
) -> Option<String> {
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
        if matches!(statement.node, Stmt::Def(_)) && unbound::does_something(statement) {
            waiting.push(number);
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
    let mut bound: HashSet<&str> = named.keys().copied().collect();
    for statement in &statements {
        top_level(statement, &mut bound);
    }
    let gone = statements.iter().zip(&kept).filter(|(_, kept)| !**kept);
    // Who reads the literal tells what is wrong in it.
    let mut gone = gone.filter(|(one, _)| matches!(one.node, Stmt::Def(_)));
    if gone.any(|(one, _)| unbound::is_in(one, |name| bound.contains(name) || is_global(name))) {
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

/// Names that a statement at the top level binds.
fn top_level<'t>(statement: &'t AstStmt, bound: &mut HashSet<&'t str>) {
    let mut target = |target: &'t AssignTarget| {
        target.visit_lvalue(|name| {
            bound.insert(&name.node.ident);
        });
    };
    match &statement.node {
        Stmt::Assign(assignment) => target(&assignment.lhs.node),
        Stmt::For(each) => target(&each.var.node),
        Stmt::Load(load) => {
            bound.extend(load.args.iter().map(|one| one.local.node.ident.as_str()));
        }
        _ => {}
    }
    statement.node.visit_children(|part| {
        if let (Visit::Stmt(below), false) = (part, matches!(statement.node, Stmt::Def(_))) {
            top_level(below, bound);
        }
    });
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
        part(&tree, text, wanted, |name| ["None", "fail"].contains(&name))
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
    fn a_mistake_in_what_would_go_keeps_everything() {
        for (more, is_sound) in [
            (
                "def f(a, *b):\n    c = [d for d in a if d]\n    return lambda e: (b, c, e, None, fail)\n",
                true,
            ),
            ("def f(a = 1, b = None, c = []):\n    for d, e in a: pass\n    return {d: e}\n", true),
            ("def f():\n    return nowhere\n", false),
            (
                "def f():\n    def g():\n        return [nowhere(a) for a in []]\n    return g\n",
                false,
            ),
            ("x, (y, z) = 1, (2, 3)\ndef f():\n    return [x, y, z, f, one1]\n", true),
        ] {
            let text = format!("{}{more}", many());
            assert_eq!(part_of(&text, "one9").is_some(), is_sound, "{more}");
        }
        // What a default does is done with whatever is asked for.
        let part = part_of(&format!("{}def f(a = one3(1)):\n    pass\n", many()), "one9");
        let part = part.expect("it is large");
        assert!(part.contains("def f(a = one3(1))") && part.contains("def one3"), "{part}");
    }

    #[test]
    fn small_files_and_what_needs_most_of_one_are_left_whole() {
        assert_eq!(part_of("def f(): pass\ndef g(): pass\n", "f"), None);
        let all: String = (0..MANY).map(|number| format!("one{number}, ")).collect();
        assert_eq!(part_of(&format!("{}def all(): return [{all}]\n", many()), "all"), None);
        assert_eq!(part_of(&many(), "nobody"), None);
    }
}
