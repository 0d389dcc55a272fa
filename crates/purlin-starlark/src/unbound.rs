//! Names that nothing binds, found without evaluating anything: the interpreter tells them of a file as
//! a whole, and of a part of it only what is in the part.

use std::collections::HashSet;

use starlark::syntax::ast::{AssignTarget, AstExpr, AstStmt, Clause, Expr, ParameterP, Stmt};
use starlark_syntax::syntax::uniplate::Visit;

/// Whether something in a function, or in what is evaluated for it, is bound nowhere: not in the function,
/// and not outside of it, as `is_known` says.
///
/// What one part of a function binds counts for its others; functions and comprehensions in it have names
/// of their own.
pub(crate) fn is_in(function: &AstStmt, is_known: impl Fn(&str) -> bool) -> bool {
    let mut names = Names::default();
    names.statement(function);
    names.free().any(|name| !is_known(name))
}

/// Whether a name like this is used anywhere, bound or not.
pub(crate) fn uses(statement: &AstStmt, is_like: &impl Fn(&str) -> bool) -> bool {
    let mut found = false;
    statement.node.visit_children(|part| {
        found = found
            || match part {
                Visit::Stmt(below) => uses(below, is_like),
                Visit::Expr(below) => uses_in(below, is_like),
            };
    });
    found
}

fn uses_in(expression: &AstExpr, is_like: &impl Fn(&str) -> bool) -> bool {
    if let Expr::Identifier(name) = &expression.node {
        return is_like(&name.node.ident);
    }
    let mut found = false;
    expression.node.visit_expr(|below| found = found || uses_in(below, is_like));
    found
}

/// Whether a function evaluates more than literals when it is made: its defaults and annotations.
pub(crate) fn does_something(function: &AstStmt) -> bool {
    let Stmt::Def(function) = &function.node else { return true };
    let is_plain = |default: &AstExpr| match &default.node {
        Expr::Literal(_) => true,
        Expr::Identifier(name) => ["None", "True", "False"].contains(&name.node.ident.as_str()),
        Expr::List(all) | Expr::Tuple(all) => all.is_empty(),
        Expr::Dict(all) => all.is_empty(),
        _ => false,
    };
    let may_fail = |parameter: &_| match parameter {
        ParameterP::Normal(_, annotation, default) => {
            annotation.is_some() || default.as_ref().is_some_and(|default| !is_plain(default))
        }
        ParameterP::Args(_, annotation) | ParameterP::KwArgs(_, annotation) => annotation.is_some(),
        ParameterP::Slash | ParameterP::NoArgs => false,
    };
    function.return_type.is_some() || function.params.iter().any(|one| may_fail(&one.node))
}

#[derive(Default)]
struct Names<'t> {
    used: Vec<&'t str>,
    bound: HashSet<&'t str>,
}

impl<'t> Names<'t> {
    /// What is used and not bound here.
    fn free(self) -> impl Iterator<Item = &'t str> {
        let Self { used, bound } = self;
        used.into_iter().filter(move |name| !bound.contains(name))
    }

    fn statement(&mut self, statement: &'t AstStmt) {
        match &statement.node {
            Stmt::Assign(assignment) => self.target(&assignment.lhs.node),
            Stmt::AssignModify(target, ..) => self.target(&target.node),
            Stmt::For(each) => self.target(&each.var.node),
            Stmt::Load(load) => {
                self.bound.extend(load.args.iter().map(|one| one.local.node.ident.as_str()));
            }
            Stmt::Def(function) => {
                self.bound.insert(&function.name.node.ident);
                let mut within = Self::default();
                within.parameters(function.params.iter().map(|one| &one.node));
                within.children(statement);
                return self.used.extend(within.free());
            }
            _ => {}
        }
        self.children(statement);
    }

    fn children(&mut self, statement: &'t AstStmt) {
        statement.node.visit_children(|part| match part {
            Visit::Stmt(below) => self.statement(below),
            Visit::Expr(below) => self.expression(below),
        });
    }

    fn expression(&mut self, expression: &'t AstExpr) {
        let mut within = Self::default();
        match &expression.node {
            Expr::Identifier(name) => return self.used.push(&name.node.ident),
            Expr::Lambda(lambda) => within.parameters(lambda.params.iter().map(|one| &one.node)),
            Expr::ListComprehension(_, first, rest) | Expr::DictComprehension(_, first, rest) => {
                within.target(&first.var.node);
                for clause in rest {
                    if let Clause::For(each) = clause {
                        within.target(&each.var.node);
                    }
                }
            }
            _ => return expression.node.visit_expr(|below| self.expression(below)),
        }
        expression.node.visit_expr(|below| within.expression(below));
        self.used.extend(within.free());
    }

    fn target(&mut self, target: &'t AssignTarget) {
        target.visit_lvalue(|name| {
            self.bound.insert(&name.node.ident);
        });
    }

    fn parameters<P: starlark_syntax::syntax::ast::AstPayload + 't>(
        &mut self,
        all: impl Iterator<Item = &'t ParameterP<P>>,
    ) {
        let names = all.filter_map(ParameterP::ident).map(|name| name.node.ident.as_str());
        self.bound.extend(names);
    }
}
