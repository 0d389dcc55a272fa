//! Environments for their own sake: what must run before a program of the user's own can run there.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::sync::Arc;

use purlin_host::Plugins;
use purlin_model::{Diagnostic, fold};

use super::builder::Builder;
use super::catalogue::Slot;
use super::dotenv::Variables;
use super::environment::{of_command, of_space};
use super::{Graph, Request, told_once};
use crate::definition::{Named, unknown_space};
use crate::dependency::{Expander, Packages};
use crate::environment::{Environment, Written};
use crate::template::{Scope, Text};
use crate::variables::ProcessVariables;

/// Where a program of the user's own runs.
#[derive(Debug)]
pub struct Place {
    /// The environment; `None` for the base alone.
    pub environment: Option<Arc<Environment>>,
    dotenv: Variables,
}

/// A place and the graph of what must run before.
#[derive(Debug)]
pub struct Prepared {
    /// What must run; it may be empty.
    pub graph: Graph,
    /// The places that are there then.
    pub places: Vec<Place>,
}

impl Prepared {
    /// The place of a space, or of commands without one. What the request selects does not matter.
    ///
    /// # Errors
    /// There is no such space, or something of its environment is wrong.
    pub fn place(request: &Request<'_>, space: Option<&Named>) -> Result<Self, Vec<Diagnostic>> {
        let spaces = &request.definitions.spaces;
        if let Some(named) = space.filter(|named| !spaces.contains_key(&fold(&named.name))) {
            return Err(vec![unknown_space(spaces.keys().map(String::as_str), named)]);
        }
        let space = space.map(|named| fold(&named.name));
        let written = of_space(request.definitions, space.clone());
        Self::build(request, vec![(space, written)])
    }

    /// The places of all spaces and of all commands.
    ///
    /// # Errors
    /// Everything that is wrong with their environments.
    pub fn all(request: &Request<'_>) -> Result<Self, Vec<Diagnostic>> {
        let definitions = request.definitions;
        let mut found = vec![(None, of_space(definitions, None))];
        for space in definitions.spaces.keys() {
            found.push((Some(space.clone()), of_space(definitions, Some(space.clone()))));
        }
        for command in definitions.commands.values().filter(|one| one.environment.is_some()) {
            let space = command.space.as_ref().map(|space| fold(&space.name));
            let key = space.as_deref().and_then(|space| definitions.spaces.get_key_value(space));
            let written = of_command(definitions, command, key.map(|(space, _)| space.as_str()));
            found.push((space, written));
        }
        // Those that take one over from another are that one.
        let mut seen = BTreeSet::new();
        found.retain(|(_, written)| written.is_some_and(|one| seen.insert((one.name, one.space))));
        Self::build(request, found)
    }

    fn build(
        request: &Request<'_>,
        wanted: Vec<(Option<String>, Option<Written<'_>>)>,
    ) -> Result<Self, Vec<Diagnostic>> {
        let mut builder = Builder::new(request);
        let mut places = Vec::new();
        for (space, written) in wanted {
            places.extend(builder.place(space, written));
        }
        if !builder.diagnostics.is_empty() {
            return Err(told_once(builder.diagnostics));
        }
        Ok(Self { graph: Graph::of(builder)?, places })
    }
}

impl Builder<'_> {
    /// A place, with all that it needs among what is selected. `None` where what is wrong is told.
    fn place(&mut self, space: Option<String>, written: Option<Written<'_>>) -> Option<Place> {
        let dotenv = self.dotenv.of(space.as_deref());
        let dotenv = dotenv.map_err(|mut errors| self.diagnostics.append(&mut errors)).ok()?;
        let Some(written) = written else { return Some(Place { environment: None, dotenv }) };
        let request = self.request;
        let nothing = BTreeMap::new();
        let scope = Scope {
            root: request.root,
            variables: request.variables,
            context: request.context,
            command: None,
            module: None,
            args: &nothing,
        };
        let read = self.expander.environment(written, scope, &self.declared);
        let environment = read.map_err(|mut errors| self.diagnostics.append(&mut errors)).ok()?;
        let slot = Slot { space, module: None };
        for edge in self.needed(&environment, &slot) {
            self.selected.insert(edge.target);
        }
        Some(Place { environment: Some(environment), dotenv })
    }
}

impl Place {
    /// What tells it from others; `None` for the base alone.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        self.environment.as_ref().map(|environment| environment.name.as_str())
    }

    /// The process variables of programs there, once all that must run has run.
    ///
    /// # Errors
    /// Something of it is not there, or its plugin has no answer any more.
    pub fn variables(
        &self,
        plugins: &Plugins,
        packages: Option<&dyn Packages>,
        root: &str,
        user: &ProcessVariables,
    ) -> Result<BTreeMap<OsString, OsString>, Vec<Diagnostic>> {
        let plain = |(name, value): (&String, &String)| {
            (name.clone(), Some(Text { value: value.clone(), keyed: value.clone() }))
        };
        let own = self.dotenv.iter().map(plain).collect();
        let Some(environment) = &self.environment else { return Ok(user.of_program(&[], &own)) };
        let now = environment.now(&Expander::new(plugins, root).with_packages(packages))?;
        if let Some(diagnostic) = now.not_installed(environment, root, true) {
            return Err(vec![diagnostic]);
        }
        Ok(user.of_program(&now.changes, &own))
    }
}
