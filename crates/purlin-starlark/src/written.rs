//! The literal `definitions = {…}`: names that are known without evaluating anything.

use std::collections::HashMap;
use std::sync::Arc;

use purlin_model::{Diagnostic, Diagnostics, Kind, Source, Table, Value};
use purlin_plugin::language::Written;
use starlark::syntax::ast::{ArgumentP, AstExpr, AstLiteral, CallArgsP, Expr};
use starlark_syntax::lexer::TokenInt;

use crate::index::at;

/// What gives a definition a priority of its own.
pub(crate) const PRIORITISED: &str = "prioritised";

/// # Errors
/// All parts that are not literal.
pub(crate) fn read(expression: &AstExpr, source: &Arc<Source>) -> Result<Written, Diagnostics> {
    let mut reader = Reader { source, mistakes: Vec::new() };
    let read = reader.part(expression);
    if reader.mistakes.is_empty() { Ok(read) } else { Err(reader.mistakes) }
}

struct Reader<'s> {
    source: &'s Arc<Source>,
    mistakes: Diagnostics,
}

impl Reader<'_> {
    fn part(&mut self, expression: &AstExpr) -> Written {
        match &expression.node {
            Expr::Dict(entries) => {
                self.check_keys(entries);
                let entries = entries.iter();
                Written::Branch(
                    entries
                        .map(|(key, value)| {
                            (self.key(key), at(self.source, key.span), self.part(value))
                        })
                        .collect(),
                )
            }
            Expr::Call(function, arguments) if is_prioritised(function) => {
                self.prioritised(expression, arguments)
            }
            _ => self.named_or_data(expression, None),
        }
    }

    /// `prioritised(NAME, PRIORITY)` or `prioritised(DATA, PRIORITY)`.
    fn prioritised(
        &mut self,
        call: &AstExpr,
        arguments: &CallArgsP<starlark::syntax::ast::AstNoPayload>,
    ) -> Written {
        if let [what, ArgumentP::Positional(priority) | ArgumentP::Named(_, priority)] =
            arguments.args.iter().map(|one| &one.node).collect::<Vec<_>>()[..]
            && let ArgumentP::Positional(what) = what
            && let Kind::Int(priority) = self.data(priority).kind
        {
            return self.named_or_data(what, Some(priority));
        }
        self.mistakes.push(
            Diagnostic::error(
                "not-literal",
                format!("`{PRIORITISED}` takes a definition and a number"),
            )
            .label(at(self.source, call.span), "here")
            .help(format!("write `{PRIORITISED}(hello, 50)`")),
        );
        Written::Data { value: self.null(call), priority: None }
    }

    fn named_or_data(&mut self, expression: &AstExpr, priority: Option<i64>) -> Written {
        match &expression.node {
            Expr::Identifier(name) if constant(&name.node.ident).is_none() => Written::Name {
                name: name.node.ident.clone(),
                origin: at(self.source, expression.span),
                priority,
            },
            _ => Written::Data { value: self.data(expression), priority },
        }
    }

    fn data(&mut self, expression: &AstExpr) -> Value {
        let kind = match &expression.node {
            Expr::Identifier(name) => constant(&name.node.ident),
            Expr::Literal(AstLiteral::Int(number)) => match &number.node {
                TokenInt::I32(small) => Some(Kind::Int((*small).into())),
                TokenInt::BigInt(big) => big.to_string().parse().ok().map(Kind::Int),
            },
            Expr::Literal(AstLiteral::Float(number)) => Some(Kind::Float(number.node)),
            Expr::Literal(AstLiteral::String(text)) => Some(Kind::String(text.node.clone())),
            Expr::Minus(inner) => match self.data(inner).kind {
                Kind::Int(number) => Some(Kind::Int(-number)),
                Kind::Float(number) => Some(Kind::Float(-number)),
                _ => None,
            },
            Expr::List(items) | Expr::Tuple(items) => {
                Some(Kind::List(items.iter().map(|item| self.data(item)).collect()))
            }
            Expr::Dict(entries) => {
                self.check_keys(entries);
                let mut table = Table::default();
                for (key, value) in entries {
                    table.insert(self.key(key), at(self.source, key.span), self.data(value));
                }
                Some(Kind::Table(table))
            }
            _ => None,
        };
        let Some(kind) = kind else {
            self.mistakes.push(
                Diagnostic::error("not-literal", "this is not literal")
                    .label(
                        at(self.source, expression.span),
                        "cannot be known without evaluating it",
                    )
                    .help("give it a name in this file, and write the name here".to_owned()),
            );
            return self.null(expression);
        };
        Value::new(kind, at(self.source, expression.span))
    }

    /// A key that is there twice would lose one of its values.
    fn check_keys(&mut self, entries: &[(AstExpr, AstExpr)]) {
        let mut seen = HashMap::with_capacity(entries.len());
        for (key, _) in entries {
            let Expr::Literal(AstLiteral::String(text)) = &key.node else { continue };
            if let Some(earlier) = seen.insert(text.node.as_str(), key.span) {
                self.mistakes.push(
                    Diagnostic::error("bound-twice", format!("`{}` is written twice", text.node))
                        .label(at(self.source, earlier), "here")
                        .label(at(self.source, key.span), "and here")
                        .help("rename one of them, or take it out".to_owned()),
                );
            }
        }
    }

    fn key(&mut self, key: &AstExpr) -> String {
        if let Expr::Literal(AstLiteral::String(text)) = &key.node {
            return text.node.clone();
        }
        self.mistakes.push(
            Diagnostic::error("not-literal", "a key here must be a text")
                .label(at(self.source, key.span), "cannot be known without evaluating it"),
        );
        String::new()
    }

    fn null(&self, expression: &AstExpr) -> Value {
        Value::new(Kind::Null, at(self.source, expression.span))
    }
}

fn is_prioritised(function: &AstExpr) -> bool {
    matches!(&function.node, Expr::Identifier(name) if name.node.ident == PRIORITISED)
}

fn constant(name: &str) -> Option<Kind> {
    match name {
        "None" => Some(Kind::Null),
        "True" => Some(Kind::Bool(true)),
        "False" => Some(Kind::Bool(false)),
        _ => None,
    }
}
