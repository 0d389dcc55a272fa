//! `host/exec`: which programs may be run for a plugin, and how.

use std::ffi::OsString;
use std::path::Path;

use purlin_plugin::manifest::Permissions;
use purlin_plugin::message::{ErrorCode, ExecRequest, PluginError};
use purlin_process::Program;

use super::{grants, program};
use crate::Surroundings;

/// What a plugin was granted, and its programs have, too.
pub(super) struct Grants<'a> {
    pub(super) permissions: &'a Permissions,
    pub(super) folder: &'a Path,
    /// The plugin's own variables.
    pub(super) variables: &'a [(OsString, OsString)],
    pub(super) surroundings: &'a Surroundings,
}

impl Grants<'_> {
    /// The program that a request means, if it may be run.
    pub(super) fn program(&self, request: &ExecRequest) -> Result<Program, PluginError> {
        let refused = |reason: String| PluginError::new(ErrorCode::Refused, reason);
        let name = request.argv.first().map_or("", String::as_str);
        if !self.permissions.run.iter().any(|one| one == name) {
            return Err(refused(format!(
                "`{name}` is none of the programs that its manifest asks for (`run`)"
            )));
        }
        let mut environment = self.variables.to_vec();
        for (variable, value) in &request.env {
            let same = |(name, own): &(OsString, OsString)| name == &**variable && own == &**value;
            let granted = || grants::covers(self.permissions, variable);
            if decides_code(variable) && !environment.iter().any(same) && !granted() {
                return Err(refused(format!(
                    "`{variable}` decides which code `{name}` runs, and its manifest does not ask \
                     for it (`environment`)"
                )));
            }
            environment.retain(|(name, _)| name != &**variable);
            environment.push((variable.into(), value.into()));
        }
        let path = program::find(name, self.folder, self.surroundings).ok_or_else(|| {
            PluginError::new(ErrorCode::NotFound, format!("there is no `{name}` on PATH"))
        })?;
        let mut argv = vec![path.into_os_string()];
        argv.extend(request.argv.iter().skip(1).map(Into::into));
        let folder = self.folder;
        Ok(Program {
            argv,
            folder: request.cwd.as_ref().map_or_else(|| folder.to_owned(), |cwd| folder.join(cwd)),
            environment,
            stdin: request.stdin.clone().unwrap_or_default(),
        })
    }
}

/// True for variables that put other code into a program, or in its place.
fn decides_code(variable: &str) -> bool {
    variable == "PATH" || ["LD_", "DYLD_"].iter().any(|prefix| variable.starts_with(prefix))
}
