//! What a file defines, read off its syntax tree.

use std::collections::HashSet;
use std::sync::Arc;

use purlin_model::{Diagnostics, Origin, Source};
use purlin_plugin::language::{FileIndex, Function, Parameter, ParameterKind};
use starlark::codemap::Span;
use starlark::syntax::AstModule;
use starlark::syntax::ast::{AssignTarget, AstParameter, AstStmt, ParameterP, Stmt};

use crate::{error, written};

/// The name whose literal tells definitions.
pub(crate) const DEFINITIONS: &str = "definitions";

/// A `load` statement: which file, and where that stands.
#[derive(Debug, Clone)]
pub(crate) struct Load {
    pub(crate) label: String,
    pub(crate) origin: Origin,
}

/// # Errors
/// Parts of `definitions` that are not literal.
pub(crate) fn index(
    tree: &AstModule,
    source: &Arc<Source>,
) -> Result<(FileIndex, Vec<Load>), Diagnostics> {
    let mut reader = Reader {
        source,
        index: FileIndex { functions: Vec::new(), constants: Vec::new(), definitions: None },
        loads: Vec::new(),
        bound: HashSet::new(),
        mistakes: Vec::new(),
    };
    reader.statement(tree.statement());
    if reader.mistakes.is_empty() { Ok((reader.index, reader.loads)) } else { Err(reader.mistakes) }
}

/// The origin of a part of the tree.
pub(crate) fn at(source: &Arc<Source>, span: Span) -> Origin {
    Origin::new(source, error::place(span.begin())..error::place(span.end()))
}

struct Reader<'s> {
    source: &'s Arc<Source>,
    index: FileIndex,
    loads: Vec<Load>,
    /// The constants so far.
    bound: HashSet<String>,
    mistakes: Diagnostics,
}

impl Reader<'_> {
    fn statement(&mut self, statement: &AstStmt) {
        match &statement.node {
            Stmt::Statements(all) => all.iter().for_each(|one| self.statement(one)),
            Stmt::Def(function) => {
                let parameters = function.params.iter();
                self.index.functions.push(Function {
                    name: function.name.node.ident.clone(),
                    origin: at(self.source, function.name.span),
                    parameters: parameters.filter_map(|one| self.parameter(one)).collect(),
                });
            }
            Stmt::Assign(assignment) => {
                let target = &assignment.lhs.node;
                if matches!(target, AssignTarget::Identifier(name) if name.node.ident == DEFINITIONS)
                {
                    match written::read(&assignment.rhs, self.source) {
                        Ok(read) => self.index.definitions = Some(read),
                        Err(mistakes) => self.mistakes.extend(mistakes),
                    }
                } else {
                    self.target(target);
                }
            }
            Stmt::Load(load) => {
                self.loads.push(Load {
                    label: load.module.node.clone(),
                    origin: at(self.source, load.module.span),
                });
                for argument in &load.args {
                    let name = &argument.local;
                    self.constant(&name.node.ident, name.span);
                }
            }
            _ => {}
        }
    }

    fn target(&mut self, target: &AssignTarget) {
        match target {
            AssignTarget::Identifier(name) => self.constant(&name.node.ident, name.span),
            AssignTarget::Tuple(all) => all.iter().for_each(|one| self.target(&one.node)),
            AssignTarget::Index(_) | AssignTarget::Dot(..) => {}
        }
    }

    fn constant(&mut self, name: &str, span: Span) {
        if self.bound.insert(name.to_owned()) {
            self.index.constants.push((name.to_owned(), at(self.source, span)));
        }
    }

    fn parameter(&self, parameter: &AstParameter) -> Option<Parameter> {
        let (name, kind) = match &parameter.node {
            ParameterP::Normal(name, _, None) => (name, ParameterKind::Required),
            ParameterP::Normal(name, _, Some(_)) => (name, ParameterKind::Optional),
            ParameterP::Args(name, _) | ParameterP::KwArgs(name, _) => (name, ParameterKind::Rest),
            ParameterP::NoArgs | ParameterP::Slash => return None,
        };
        Some(Parameter { name: name.node.ident.clone(), origin: at(self.source, name.span), kind })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parse::parse;
    use purlin_plugin::language::Written;

    fn read(text: &str) -> Result<FileIndex, Diagnostics> {
        let source = Source::new("a.star", text);
        let tree = parse(&source).map_err(|diagnostic| vec![diagnostic])?;
        index(&tree, &source).map(|(index, _)| index)
    }

    #[test]
    fn functions_tell_their_parameters_and_where_they_stand() {
        let read = read("def default(zlib, cmake = None, *, jobs: int, **rest):\n    pass\n")
            .expect("it is correct");
        let told: Vec<String> = read.functions[0]
            .parameters
            .iter()
            .map(|one| format!("{} {:?} {}", one.name, one.kind, one.origin))
            .collect();
        assert_eq!(
            told,
            [
                "zlib Required a.star:1:13",
                "cmake Optional a.star:1:19",
                "jobs Required a.star:1:36",
                "rest Rest a.star:1:49",
            ]
        );
        assert_eq!(read.functions[0].origin.to_string(), "a.star:1:5");
    }

    #[test]
    fn other_names_are_constants() {
        let read = read("load('./b.star', 'b', d = 'c')\nx, y = 1, 2\n_z = 3\n").expect("it is");
        let names: Vec<&str> = read.constants.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["b", "d", "x", "y", "_z"]);
        assert!(read.functions.is_empty());
    }

    #[test]
    fn definitions_are_a_literal() {
        let read = read(
            "def hello(): pass\n\
             definitions = {'packages': {'hello': prioritised(hello, 50), 'n': [1, -2, {'k': None}]}}\n",
        )
        .expect("it is correct");
        let Some(Written::Branch(sections)) = read.definitions else { panic!("a branch") };
        assert_eq!(sections[0].0, "packages");
        assert_eq!(sections[0].1.to_string(), "a.star:2:16");
        let Written::Branch(packages) = &sections[0].2 else { panic!("a branch") };
        assert!(matches!(
            &packages[0].2,
            Written::Name { name, priority: Some(50), .. } if name == "hello"
        ));
        let Written::Data { value, priority: None } = &packages[1].2 else { panic!("data") };
        assert_eq!(value.to_json().to_string(), r#"[1,-2,{"k":null}]"#);
    }

    #[test]
    fn what_is_not_literal_is_told_all_at_once() {
        let told: Vec<String> = read("definitions = {'a': f(1), 'b': [x], c: 1}\n")
            .expect_err("it is not literal")
            .iter()
            .map(ToString::to_string)
            .collect();
        assert_eq!(
            told,
            [
                "this is not literal (a.star:1:21)",
                "this is not literal (a.star:1:33)",
                "a key here must be a text (a.star:1:37)",
            ]
        );
    }
}
