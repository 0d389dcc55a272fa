//! What requests in texts mean.

use std::sync::Arc;

use purlin_environments::{Asked, Request, Version};
use purlin_model::{Diagnostic, Origin};
use purlin_packages::{Fields, Together, fields_of};
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
        let texts = [text.to_owned()];
        let mut found = self.requested_together(&texts, &[], by, origin)?;
        let names = self.listed("packages");
        let (_, asked) = self.asked((&texts, &[]), &names, by, origin)?;
        self.pin(&[(asked, by, origin)])?;
        found.pop().ok_or_else(|| missing(text, by, origin))
    }

    /// Pins what these requests mean.
    pub(super) fn pinned(&self, asked: &[Arc<Together>]) -> Result<(), Diagnostic> {
        if asked.is_empty() {
            return Ok(());
        }
        let names = self.listed("packages");
        let by: Vec<String> =
            asked.iter().map(|one| format!("the package `{}`", one.by.shown())).collect();
        let group = |(one, by): (&Arc<Together>, &'_ String)| {
            let what = (one.requests.as_slice(), one.conditions.as_slice());
            let (_, asked) = self.asked(what, &names, by, &one.by.origin)?;
            Ok(asked)
        };
        let groups: Vec<Vec<Asked>> =
            asked.iter().zip(&by).map(group).collect::<Result<_, Diagnostic>>()?;
        let named = asked.iter().zip(&by).map(|(one, by)| (by.as_str(), &one.by.origin));
        let groups = groups.into_iter().zip(named).map(|(asked, (by, at))| (asked, by, at));
        self.pin(&groups.collect::<Vec<_>>())
    }

    /// Pins what was asked of repositories, each group with who asks and where.
    fn pin(&self, groups: &[(Vec<Asked>, &str, &Origin)]) -> Result<(), Diagnostic> {
        let asked: Vec<&[Asked]> = groups.iter().map(|(asked, ..)| asked.as_slice()).collect();
        if asked.iter().all(|asked| asked.is_empty()) {
            return Ok(());
        }
        let repositories = self.context.repositories(&self.root);
        repositories.keep(&asked, self.depth).map_err(|(place, trouble)| match groups.get(place) {
            Some((_, by, origin)) => trouble.at((*origin).clone(), format!("{by} needs it")),
            None => trouble,
        })
    }

    /// Which of these requests mean packages of the workspace, and what is asked of repositories.
    #[expect(clippy::type_complexity, reason = "both are taken apart at once")]
    fn asked(
        &self,
        (texts, conditions): (&[String], &[Request]),
        names: &[String],
        by: &str,
        origin: &Origin,
    ) -> Result<(Vec<Result<Argument, Request>>, Vec<Asked>), Diagnostic> {
        let mut asked = Vec::new();
        let mut found = Vec::new();
        let of = |request: &Request| Asked { request: request.clone(), by: by.to_owned() };
        for text in texts {
            let own = self.own(text, names, by, origin)?;
            asked.extend(own.as_ref().err().map(of));
            found.push(own);
        }
        if !asked.is_empty() {
            asked.extend(conditions.iter().map(of));
        }
        Ok((found, asked))
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
        let (found, asked) = self.asked((texts, conditions), &names, by, origin)?;
        let packages = match asked.first() {
            None => None,
            Some(Asked { request: Request { name: first, .. }, .. }) => {
                let resolved = self.context.repositories(&self.root).find(&asked, self.depth);
                Some(resolved.map_err(|trouble| {
                    let mut trouble = trouble.at(origin.clone(), format!("{by} needs it"));
                    let names = names.iter().map(String::as_str);
                    let may_be_slip = asked.len() == 1 && trouble.code != "repository";
                    if let Some(near) = purlin_model::closest(first, names).filter(|_| may_be_slip)
                    {
                        trouble.help =
                            format!("did you mean `{near}`, a package of this workspace?");
                    }
                    trouble
                })?)
            }
        };
        let packages = packages.as_deref().map(|found| &found.packages[..]).unwrap_or_default();
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
        // Another definition may have another version of the package.
        let others = names.iter().filter(|other| *other != name);
        let others = others.filter_map(|other| self.of_workspace(other).ok());
        let version_in = |other: Argument| {
            let is_it = text_of(&other, "name").as_deref() == Some(request.name.as_str());
            let version: Version = version_of(&other).parse().ok()?;
            (is_it && request.range.contains(&version)).then_some((version, other))
        };
        let newest = others.filter_map(version_in).max_by(|one, two| one.0.cmp(&two.0));
        if let Some((_, newest)) = newest {
            return Ok(Ok(newest));
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
    text_of(value, "version").unwrap_or_default()
}

fn text_of(value: &Argument, field: &str) -> Option<String> {
    fields_of(value).and_then(|(_, fields, _)| Fields(&fields).text(field))
}
