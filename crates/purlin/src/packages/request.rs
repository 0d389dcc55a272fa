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
        let mut found = self.requested_together(&[text.to_owned()], &[], by, origin)?;
        found.pop().ok_or_else(|| missing(text, by, origin))
    }

    /// The packages that requests mean, in their order. What is asked of repositories is asked together,
    /// and with what must not be there: a version that does not go with the others is not taken.
    pub(super) fn requested_together(
        &self,
        texts: &[String],
        conditions: &[Request],
        by: &str,
        origin: &Origin,
    ) -> Result<Vec<Argument>, Diagnostic> {
        let names = self.listed("packages");
        let mut asked = Vec::new();
        let mut found = Vec::new();
        for text in texts {
            let own = self.own(text, &names, by, origin)?;
            if let Err(request) = &own {
                asked.push(Asked { request: request.clone(), by: by.to_owned() });
            }
            found.push(own);
        }
        let packages = match asked.len() {
            0 => None,
            _ => {
                let condition =
                    |request: &Request| Asked { request: request.clone(), by: by.to_owned() };
                let first = asked[0].request.name.clone();
                asked.extend(conditions.iter().map(condition));
                let resolved = self.context.repositories(&self.root).resolve(&asked, self.depth);
                Some(resolved.map_err(|trouble| {
                    let mut trouble = trouble.at(origin.clone(), format!("{by} needs it"));
                    let names = names.iter().map(String::as_str);
                    if let Some(near) =
                        purlin_model::closest(&first, names).filter(|_| asked.len() == 1)
                    {
                        trouble.help =
                            format!("did you mean `{near}`, a package of this workspace?");
                    }
                    trouble
                })?)
            }
        };
        let packages = packages.as_deref().map(Vec::as_slice).unwrap_or_default();
        let answer = |(text, own): (&String, Result<Argument, Request>)| {
            own.or_else(|request| {
                let chosen = packages.iter().find(|package| package.name == request.name);
                chosen.map(|package| package.argument()).ok_or_else(|| missing(text, by, origin))
            })
        };
        texts.iter().zip(found).map(answer).collect()
    }

    /// The package of the workspace that a request means, or else the request for repositories.
    fn own(
        &self,
        text: &str,
        names: &[String],
        by: &str,
        origin: &Origin,
    ) -> Result<Result<Argument, Request>, Diagnostic> {
        // A name may look like a request: `python-3` is one if somebody has called a package so.
        if let Some(name) = names.iter().find(|name| *name == text) {
            return self.of_workspace(name).map(Ok);
        }
        let request: Request = text.parse().map_err(|error: purlin_environments::Error| {
            Diagnostic::error("bad-request", format!("`{text}` is not a request for a package"))
                .label(origin.clone(), format!("{by} needs it"))
                .detail(error.to_string())
                .help("a request is a name and a range of versions: `zlib`, `zlib-1.2+`, `zlib-1.2+<2`".to_owned())
        })?;
        let same = |name: &&String| purlin_model::fold(name) == purlin_model::fold(&request.name);
        let Some(name) = names.iter().find(same) else { return Ok(Err(request)) };
        let value = self.of_workspace(name)?;
        let version = version_of(&value);
        let version: Version = version.parse().unwrap_or_default();
        if request.range.contains(&version) {
            return Ok(Ok(value));
        }
        Err(Diagnostic::error("no-version", format!("`{text}` is not there"))
            .label(origin.clone(), format!("{by} needs it"))
            .detail(match version.as_str() {
                "" => format!("The workspace's `{name}` says no version."),
                version => format!("The workspace's `{name}` has the version {version}."),
            }))
    }

    fn of_workspace(&self, name: &str) -> Result<Argument, Diagnostic> {
        self.value(&["packages".to_owned(), self.system.clone(), name.to_owned()])
    }
}

fn missing(text: &str, by: &str, origin: &Origin) -> Diagnostic {
    Diagnostic::error("no-such-package", format!("there is no package `{text}`"))
        .label(origin.clone(), format!("{by} needs it"))
}

fn version_of(value: &Argument) -> String {
    fields_of(value).and_then(|(_, fields, _)| Fields(&fields).text("version")).unwrap_or_default()
}
