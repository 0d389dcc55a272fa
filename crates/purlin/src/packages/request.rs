//! What requests in texts mean.

use purlin_environments::{Asked, Request, Version};
use purlin_model::{Diagnostic, Origin};
use purlin_packages::{Fields, fields_of};
use purlin_plugin::language::Argument;

use super::Packages;

impl Packages<'_> {
    /// The package that a request means: one of the workspace, or of a repository.
    pub(crate) fn requested(
        &self,
        text: &str,
        by: &str,
        origin: &Origin,
    ) -> Result<Argument, Diagnostic> {
        let names = self.listed("packages");
        // A name may look like a request: `python-3` is one if somebody has called a package so.
        if let Some(name) = names.iter().find(|name| *name == text) {
            return self.of_workspace(name);
        }
        let request: Request = text.parse().map_err(|error: purlin_environments::Error| {
            Diagnostic::error("bad-request", format!("`{text}` is not a request for a package"))
                .label(origin.clone(), format!("{by} needs it"))
                .detail(error.to_string())
                .help("a request is a name and a range of versions: `zlib`, `zlib-1.2+`, `zlib-1.2+<2`".to_owned())
        })?;
        let same = |name: &&String| purlin_model::fold(name) == purlin_model::fold(&request.name);
        if let Some(name) = names.iter().find(same) {
            let value = self.of_workspace(name)?;
            let version = version_of(&value);
            let version: Version = version.parse().unwrap_or_default();
            if request.range.contains(&version) {
                return Ok(value);
            }
            return Err(Diagnostic::error("no-version", format!("`{text}` is not there"))
                .label(origin.clone(), format!("{by} needs it"))
                .detail(match version.as_str() {
                    "" => format!("The workspace's `{name}` says no version."),
                    version => format!("The workspace's `{name}` has the version {version}."),
                }));
        }
        let asked = Asked { request: request.clone(), by: by.to_owned() };
        let found = self.context.repositories(&self.root).resolve(&[asked], self.depth);
        let found = found.map_err(|trouble| {
            let mut trouble = trouble.at(origin.clone(), format!("{by} needs it"));
            if let Some(near) =
                purlin_model::closest(&request.name, names.iter().map(String::as_str))
            {
                trouble.help = format!("did you mean `{near}`, a package of this workspace?");
            }
            trouble
        })?;
        let chosen = found.iter().find(|package| package.name == request.name);
        chosen.map(|package| package.argument()).ok_or_else(|| {
            Diagnostic::error("no-such-package", format!("there is no package `{text}`"))
                .label(origin.clone(), format!("{by} needs it"))
        })
    }

    fn of_workspace(&self, name: &str) -> Result<Argument, Diagnostic> {
        self.value(&["packages".to_owned(), self.system.clone(), name.to_owned()])
    }
}

fn version_of(value: &Argument) -> String {
    fields_of(value).and_then(|(_, fields, _)| Fields(&fields).text("version")).unwrap_or_default()
}
