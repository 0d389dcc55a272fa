//! `inputs`: files from elsewhere, fetched when a definition asks for one, and the workspace itself.

use std::path::PathBuf;
use std::sync::{Arc, Weak};

use purlin_model::{Diagnostic, Digest, Origin, Table, Value};
use purlin_plugin::language::{Argument, Namespace};

use crate::engine::Engine;
use crate::entry::gone;
use crate::names::as_names;
use crate::project::Project;
use crate::read::meant;
use crate::{Name, message, path_text};

/// What a definition may know of an input.
const FIELDS: [&str; 3] = ["path", "sha256", "url"];

/// An entry of `[inputs]`.
#[derive(Debug)]
pub struct Input<'a> {
    /// Its name, behind those of the projects that lead to it.
    pub chain: String,
    /// Where it is.
    pub url: &'a str,
    /// What it is, where the entry says so.
    pub sha256: Option<Digest>,
    /// Where the entry is written.
    pub origin: &'a Origin,
    /// The repository that the project with the entry came from; `None` for one on the user's disk.
    pub within: Option<&'a str>,
}

/// Gets inputs here. This crate knows no network. What was asked once is remembered by whoever
/// answers: many definitions ask for the same.
pub trait Inputs: Send + Sync {
    /// The digest of an input, fetched and pinned if nobody knows it yet.
    ///
    /// # Errors
    /// It cannot be fetched, or the lock file would have to change and must not.
    fn digest(&self, input: &Input<'_>) -> Result<Digest, Diagnostic>;

    /// Where an input is, absolute: the folder that it was unpacked to if it is an archive.
    ///
    /// # Errors
    /// Those of [`Inputs::digest`], and it cannot be unpacked.
    fn path(&self, input: &Input<'_>) -> Result<PathBuf, Diagnostic>;
}

impl Engine {
    /// `[inputs]` of a project, and `self`. Each is looked up when it is used.
    pub(crate) fn inputs(&self, project: usize) -> Arc<dyn Namespace> {
        Arc::new(InputNames { engine: self.me.clone(), project })
    }

    /// Does something with an entry of `[inputs]`.
    fn with_input<T>(
        &self,
        project: usize,
        name: &str,
        work: impl FnOnce(&Input<'_>) -> Result<T, Diagnostic>,
    ) -> Option<Result<T, Diagnostic>> {
        let Project { place, document, repository, .. } = &self.projects[project];
        let entry = document.inputs.as_ref()?.as_table()?.entry(name)?;
        let text = |key: &str| entry.value.get(key).and_then(Value::as_str);
        let chain: Vec<&str> = place.chain.iter().map(|name| &**name).chain([name]).collect();
        let input = Input {
            chain: path_text(&chain),
            url: text("url").unwrap_or_default(),
            sha256: text("sha256").and_then(|text| text.parse().ok()),
            origin: &entry.key,
            within: repository.as_ref().map(|repository| repository.url.as_str()),
        };
        Some(work(&input))
    }
}

struct InputNames {
    engine: Weak<Engine>,
    project: usize,
}

impl Namespace for InputNames {
    fn described(&self) -> String {
        "inputs".to_owned()
    }

    fn names(&self) -> Vec<String> {
        let Some(engine) = self.engine.upgrade() else { return Vec::new() };
        let inputs = engine.projects[self.project].document.inputs.as_ref();
        let table = inputs.and_then(Value::as_table);
        let written = table.into_iter().flat_map(Table::keys).map(str::to_owned);
        ["self".to_owned()].into_iter().chain(written).collect()
    }

    fn get(&self, name: &str) -> Option<Result<Argument, Diagnostic>> {
        let Some(engine) = self.engine.upgrade() else { return Some(Err(gone())) };
        if name == "self" {
            let Some(revision) = &engine.revision else { return Some(Err(message::no_revision())) };
            let project = &engine.projects[self.project];
            let fetched = project.repository.as_ref();
            let fetched = fetched.map(|found| (found.commit.as_str(), found.modified));
            let told = revision(&project.root.folder, fetched);
            return Some(told.map(|told| as_names("inputs.self", told)));
        }
        let inputs = engine.projects[self.project].document.inputs.as_ref()?.as_table()?;
        let name = match meant(inputs.keys(), name) {
            Ok(name) => name?.into(),
            Err(two) => {
                let two = two.map(|one| (one, inputs.entry(one).map(|entry| entry.key.clone())));
                return Some(Err(message::folds_alike(name, None, two)));
            }
        };
        let (engine, project) = (self.engine.clone(), self.project);
        Some(Ok(Argument::Namespace(Arc::new(InputFields { engine, project, name }))))
    }
}

/// One of them. Its address needs no network.
struct InputFields {
    engine: Weak<Engine>,
    project: usize,
    name: Name,
}

impl Namespace for InputFields {
    fn described(&self) -> String {
        path_text(&["inputs", &self.name])
    }

    fn names(&self) -> Vec<String> {
        FIELDS.map(str::to_owned).to_vec()
    }

    fn get(&self, name: &str) -> Option<Result<Argument, Diagnostic>> {
        let field = FIELDS.into_iter().find(|field| *field == name)?;
        let Some(engine) = self.engine.upgrade() else { return Some(Err(gone())) };
        engine.with_input(self.project, &self.name, |input| {
            let all = || engine.inputs.as_deref().ok_or_else(|| message::no_inputs(input.origin));
            let text = match field {
                "url" => input.url.to_owned(),
                "sha256" => match input.sha256 {
                    Some(digest) => digest.to_hex(),
                    None => all()?.digest(input)?.to_hex(),
                },
                _ => all()?.path(input)?.to_string_lossy().into_owned(),
            };
            Ok(Argument::Data(Value::string(text, input.origin.clone())))
        })
    }
}
