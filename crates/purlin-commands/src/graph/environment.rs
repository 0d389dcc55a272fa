//! What commands run in, and who installs it.

use std::sync::Arc;

use purlin_model::{Diagnostic, fold};

use super::builder::Builder;
use super::request::NO_ARGUMENTS;
use crate::definition::{Command, Definitions, other_space};
use crate::dependency::{Dependency, Expander};
use crate::environment::{Environment, Written};
use crate::template::Scope;

/// The name of the environment of commands that have no other.
const DEFAULT: &str = "default";

impl Builder<'_> {
    /// The environment of a command, if it runs in one.
    pub(super) fn environment(
        &mut self,
        command: &Command,
        space: Option<&str>,
        scope: Scope<'_>,
    ) -> Option<Arc<Environment>> {
        let definitions = self.request.definitions;
        let written = of_command(definitions, command, space)?;
        // It is the same for all modules, and for all who run in it.
        let scope = Scope { module: None, args: &NO_ARGUMENTS, ..scope };
        let read = self.expander.environment(written, scope, &self.declared);
        let environment = read.map_err(|mut errors| self.diagnostics.append(&mut errors)).ok()?;
        let is_it = |name: &str| fold(name.split(['@', '#', '?']).next().unwrap_or(name));
        let is_needed = environment.commands().any(|one| is_it(&one.name) == fold(&command.name));
        // What an environment needs cannot run in it.
        (command.environment.is_some() || !is_needed).then_some(environment)
    }
}

/// The environment of a command as it is written: its own, its space's, or the default one.
pub(super) fn of_command<'a>(
    definitions: &'a Definitions,
    command: &'a Command,
    space: Option<&'a str>,
) -> Option<Written<'a>> {
    match &command.environment {
        Some(value) => match other_space(value) {
            Some(other) => of_space(definitions, Some(fold(&other.name))),
            None => Some(Written { value, name: &command.name, space }),
        },
        None => of_space(definitions, space.map(str::to_owned)),
    }
}

/// The environment of a space, or of commands without one.
pub(super) fn of_space(definitions: &Definitions, space: Option<String>) -> Option<Written<'_>> {
    let own = space.and_then(|space| definitions.environment_of(&space));
    if let Some((space, value)) = own {
        return Some(Written { value, name: space, space: Some(space) });
    }
    let value = definitions.defaults.environment.as_ref()?;
    if let Some(other) = other_space(value) {
        let (space, value) = definitions.environment_of(&fold(&other.name))?;
        return Some(Written { value, name: space, space: Some(space) });
    }
    Some(Written { value, name: DEFAULT, space: None })
}

/// Asks what a dependency stands for. What its environment must be there for stays open while it is
/// not installed, and what is wrong before may be right once it is.
pub(super) fn expand(
    dependency: &mut Dependency,
    environment: Option<&Environment>,
    expander: &Expander<'_>,
) -> Result<(), Vec<Diagnostic>> {
    let description = environment.map(|environment| &environment.description);
    let Some(description) = description.filter(|_| dependency.in_environment()) else {
        return dependency.expand_now(expander);
    };
    if description.open || description.missing().is_some() {
        return Ok(());
    }
    match dependency.expand_now(expander) {
        Err(_) if !description.after.is_empty() => Ok(()),
        asked => asked,
    }
}
