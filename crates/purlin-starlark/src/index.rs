//! What a file defines, read off its syntax tree.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use purlin_model::{Diagnostic, Diagnostics, Origin, Source};
use purlin_plugin::language::{FileIndex, Function, Loaded, Parameter, ParameterKind};
use starlark::codemap::Span;
use starlark::syntax::AstModule;
use starlark::syntax::ast::{AssignTarget, AstExpr, AstParameter, AstStmt, Expr, ParameterP, Stmt};

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
/// Parts of `definitions` that are not literal, and what would silently take the place of something else.
pub(crate) fn index<'t>(
    tree: &'t AstModule,
    source: &'t Arc<Source>,
) -> Result<(FileIndex, Vec<Load>), Diagnostics> {
    let mut reader = Reader {
        source,
        index: FileIndex {
            functions: Vec::new(),
            constants: Vec::new(),
            loaded: BTreeMap::new(),
            definitions: None,
        },
        bound: HashMap::new(),
        definitions: None,
        loads: Vec::new(),
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
    /// What is bound so far: where, and whether to a function.
    bound: HashMap<&'s str, (Span, bool)>,
    /// Where `definitions` is written.
    definitions: Option<Span>,
    loads: Vec<Load>,
    mistakes: Diagnostics,
}

impl<'s> Reader<'s> {
    fn statement(&mut self, statement: &'s AstStmt) {
        match &statement.node {
            Stmt::Statements(all) => all.iter().for_each(|one| self.statement(one)),
            Stmt::Def(function) => {
                let name = &function.name;
                self.function(&name.node.ident, name.span, &function.params);
            }
            Stmt::Assign(assignment) => match (&assignment.lhs.node, &assignment.rhs.node) {
                (AssignTarget::Identifier(name), _) if name.node.ident == DEFINITIONS => {
                    self.literal(name.span, &assignment.rhs);
                }
                (AssignTarget::Identifier(name), Expr::Lambda(lambda)) => {
                    self.function(&name.node.ident, name.span, &lambda.params);
                }
                (target, _) => self.target(target, assignment.lhs.span),
            },
            Stmt::AssignModify(target, ..) => {
                if let AssignTarget::Identifier(name) = &target.node
                    && name.node.ident == DEFINITIONS
                {
                    self.changed(target.span);
                } else {
                    self.changes(&target.node, target.span);
                }
            }
            Stmt::Expression(expression) => {
                if let Expr::Call(method, _) = &expression.node
                    && let Expr::Dot(whose, _) = &method.node
                    && is_part_of_definitions(whose)
                {
                    self.changed(expression.span);
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
                    let loaded = Loaded {
                        label: load.module.node.clone(),
                        name: argument.their.node.clone(),
                    };
                    self.index.loaded.insert(name.node.ident.clone(), loaded);
                }
            }
            _ => {}
        }
    }

    fn function(&mut self, name: &'s str, span: Span, parameters: &[AstParameter]) {
        if let Some((earlier, _)) = self.bound.insert(name, (span, true)) {
            return self.bound_twice(name, earlier, span);
        }
        self.index.functions.push(Function {
            name: name.to_owned(),
            origin: at(self.source, span),
            parameters: parameters.iter().filter_map(|one| self.parameter(one)).collect(),
        });
    }

    fn literal(&mut self, span: Span, expression: &AstExpr) {
        if let Some(earlier) = self.definitions.replace(span) {
            return self.bound_twice(DEFINITIONS, earlier, span);
        }
        match written::read(expression, self.source) {
            Ok(read) => self.index.definitions = Some(read),
            Err(mistakes) => self.mistakes.extend(mistakes),
        }
    }

    fn target(&mut self, target: &'s AssignTarget, span: Span) {
        match target {
            AssignTarget::Identifier(name) => self.constant(&name.node.ident, name.span),
            AssignTarget::Tuple(all) => {
                all.iter().for_each(|one| self.target(&one.node, one.span));
            }
            AssignTarget::Index(_) | AssignTarget::Dot(..) => self.changes(target, span),
        }
    }

    fn constant(&mut self, name: &'s str, span: Span) {
        match self.bound.get(name) {
            Some((earlier, true)) => {
                let earlier = *earlier;
                self.bound_twice(name, earlier, span);
            }
            Some(_) => {}
            None if name == DEFINITIONS => self.mistakes.push(
                Diagnostic::error("not-literal", "`definitions` is not a literal here")
                    .label(at(self.source, span), "cannot be known without evaluating it")
                    .help("write `definitions = {\"packages\": {\"hello\": hello}}`".to_owned()),
            ),
            None => {
                self.bound.insert(name, (span, false));
                self.index.constants.push((name.to_owned(), at(self.source, span)));
            }
        }
    }

    fn bound_twice(&mut self, name: &str, earlier: Span, span: Span) {
        self.mistakes.push(
            Diagnostic::error("bound-twice", format!("`{name}` is written twice"))
                .label(at(self.source, earlier), "here")
                .label(at(self.source, span), "and here, where it would take the other's place")
                .help("rename one of them, or take it out".to_owned()),
        );
    }

    /// What changes `definitions` in place.
    fn changes(&mut self, target: &AssignTarget, span: Span) {
        let whose = match target {
            AssignTarget::Index(parts) => &parts.0,
            AssignTarget::Dot(whose, _) => whose,
            AssignTarget::Identifier(_) | AssignTarget::Tuple(_) => return,
        };
        if is_part_of_definitions(whose) {
            self.changed(span);
        }
    }

    fn changed(&mut self, span: Span) {
        let mut mistake =
            Diagnostic::error("not-literal", "`definitions` is changed after it is written")
                .label(at(self.source, span), "this changes nothing that counts")
                .detail("Its names are read from the literal, without evaluating anything.")
                .help("write all of it in the literal".to_owned());
        if let Some(literal) = self.definitions {
            mistake = mistake.label(at(self.source, literal), "the literal");
        }
        self.mistakes.push(mistake);
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

/// `definitions`, `definitions["packages"]` and so on.
fn is_part_of_definitions(expression: &AstExpr) -> bool {
    match &expression.node {
        Expr::Identifier(name) => name.node.ident == DEFINITIONS,
        Expr::Index(parts) => is_part_of_definitions(&parts.0),
        Expr::Dot(whose, _) => is_part_of_definitions(whose),
        _ => false,
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
    fn a_name_for_a_lambda_is_a_function_and_one_that_is_loaded_tells_where_from() {
        let read =
            read("load('./b.star', d = 'c')\nf = lambda zlib, x = 1: zlib\n").expect("it is");
        assert_eq!(read.functions[0].name, "f");
        assert_eq!(read.functions[0].parameters[0].origin.to_string(), "a.star:2:12");
        assert_eq!(read.constants.len(), 1);
        let loaded = Loaded { label: "./b.star".to_owned(), name: "c".to_owned() };
        assert_eq!(read.loaded.get("d"), Some(&loaded));
    }

    #[test]
    fn nothing_takes_the_place_of_something_else() {
        for (text, expected) in [
            ("def f(): pass\ndef f(): pass\n", "`f` is written twice 1:5 2:5"),
            ("def f(): pass\nf = 1\n", "`f` is written twice 1:5 2:1"),
            ("f = 1\ndef f(): pass\n", "`f` is written twice 1:1 2:5"),
            ("f = lambda: 1\nf = lambda: 2\n", "`f` is written twice 1:1 2:1"),
            ("definitions = {}\ndefinitions = {}\n", "`definitions` is written twice 1:1 2:1"),
            (
                "definitions = {}\ndefinitions['a']['b'] = 1\n",
                "`definitions` is changed after it is written 2:1 1:1",
            ),
            (
                "definitions = {}\ndefinitions |= {}\n",
                "`definitions` is changed after it is written 2:1 1:1",
            ),
            (
                "definitions = {}\ndefinitions['a'].update({})\n",
                "`definitions` is changed after it is written 2:1 1:1",
            ),
            ("definitions, x = 1, 2\n", "`definitions` is not a literal here 1:1"),
            ("definitions = {'a': 1, 'a': 2}\n", "`a` is written twice 1:16 1:24"),
            ("definitions = {'a': [{'b': 1, 'b': 2}]}\n", "`b` is written twice 1:23 1:31"),
        ] {
            let mistakes = read(text).expect_err(text);
            let places = mistakes[0].labels.iter();
            let places: String = places
                .map(|label| format!(" {}:{}", label.origin.line, label.origin.column))
                .collect();
            assert_eq!(format!("{}{places}", mistakes[0].summary), expected, "{text}");
        }
        assert!(read("x = 1\nx = 2\ny = [1]\ny[0] = 2\n").is_ok());
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
