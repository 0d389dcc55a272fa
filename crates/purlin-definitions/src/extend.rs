//! The extend phase: what importers and transforms add to the definitions.

use std::path::Path;
use std::sync::Arc;

use purlin_model::{Diagnostic, Origin, Value};
use purlin_plugin::transform::{Fragment, Payload};
use purlin_store::Patterns;

use crate::board::{Added, Asker, Frame, Outcome, Task, current, planned};
use crate::catalogue::FeatureHead;
use crate::compose::Context;
use crate::engine::Engine;
use crate::file::{DefinitionFile, inside, matching};
use crate::folder::MappedFile;
use crate::force::first;
use crate::fragment::{checked, of_system, says_system};
use crate::listed::ListedFiles;
use crate::priority::EXTENSION;
use crate::read::{SectionReader, Use, Used, stated_priority};
use crate::{Content, Injected, Layer, Lineage, Name, Phase, Step, folder, message};

impl Engine {
    /// What one `[[use]]` adds; it is called once.
    pub(crate) fn extension(
        &self,
        project: usize,
        position: usize,
        frame: Option<&Arc<Frame>>,
    ) -> Result<Arc<Added>, Arc<Diagnostic>> {
        let task = Task::Extend { project, position };
        let asker = Asker { frame: current(frame), asked: None, between: planned() };
        let outcome = self.board.run(&task, &asker, |frame| {
            Outcome::Fragments(
                self.extend(project, position, frame).map(Arc::new).map_err(Arc::new),
            )
        });
        match outcome {
            Ok(Outcome::Fragments(fragments)) => fragments,
            Ok(Outcome::Value(value)) => Err(value.err().unwrap_or_else(|| {
                Arc::new(Diagnostic::error("internal", "an extension gave a value"))
            })),
            Err(circle) => Err(Arc::new(message::circle(self, &circle))),
        }
    }

    fn extend(
        &self,
        project: usize,
        position: usize,
        frame: &Arc<Frame>,
    ) -> Result<Added, Diagnostic> {
        let used = &self.projects[project].document.uses[position];
        let host = &*self.catalogue.host;
        let (head, call, fragments) = match used.what {
            Used::Importer(number) => {
                let importer = &self.catalogue.importers[number];
                let code = (importer.load)().map_err(first)?;
                let sources = self.sources(project, &importer.inputs, &importer.head)?;
                (&importer.head, "importer/load", code.load(&used.options, &sources, host))
            }
            Used::Transform(number) => {
                let transform = &self.catalogue.transforms[number];
                let code = (transform.load)().map_err(first)?;
                let context = Context::extending(self, project, number, position, frame);
                (&transform.head, "extend", code.extend(&context, &used.options, host))
            }
        };
        let fragments = fragments.map_err(|error| {
            message::plugin_failed(&head.plugin, &head.name, call, &error, &used.origin)
        })?;
        let step = Arc::new(Step {
            phase: Phase::Extend,
            plugin: Name::from(head.plugin.as_str()),
            feature: Name::from(head.name.as_str()),
            origin: used.origin.clone(),
        });
        let mut adding = Adding { engine: self, project, used, step, added: Added::default() };
        for mut fragment in fragments {
            checked(&fragment, head, Phase::Extend, |root| used.extends.contains(root))?;
            of_system(&self.catalogue, &fragment, head)?;
            // Its path says it as well.
            if says_system(&self.catalogue, &fragment, head)? {
                fragment.system = None;
            }
            adding.add(fragment)?;
        }
        Ok(adding.added)
    }

    /// The files that an importer reads.
    fn sources(
        &self,
        project: usize,
        inputs: &[String],
        head: &FeatureHead,
    ) -> Result<Vec<String>, Diagnostic> {
        if inputs.is_empty() {
            return Ok(Vec::new());
        }
        let patterns = Patterns::new(inputs).map_err(|error| {
            let what = format!("the inputs of `{}` are not patterns of files", head.name);
            Diagnostic::error("bad-pattern", what)
                .detail(format!("{error}."))
                .label(head.origin.clone(), "declared here")
        })?;
        Ok(matching(&self.projects[project].root.folder, &patterns))
    }
}

/// Fragments on their way into the definitions.
struct Adding<'a> {
    engine: &'a Engine,
    project: usize,
    used: &'a Use,
    step: Arc<Step>,
    added: Added,
}

impl Adding<'_> {
    fn add(&mut self, fragment: Fragment) -> Result<(), Diagnostic> {
        let path = fragment.path;
        let origin = fragment.origin.clone().unwrap_or_else(|| self.used.origin.clone());
        let priority = fragment.priority.unwrap_or(EXTENSION);
        let lineage = Lineage {
            project: self.engine.projects[self.project].place.clone(),
            layer: Layer::Extension,
            origin: origin.clone(),
            step: Some(self.step.clone()),
        };
        let section = path[0].clone();
        let mut reader = SectionReader::new(&self.engine.catalogue, &section, lineage, priority);
        reader.common.system = fragment.system;
        if !fragment.inject.is_empty() {
            let (arguments, origin) = (fragment.inject, self.used.origin.clone());
            let places = self.used.places_of(&arguments);
            reader.common.inject = Some(Arc::new(Injected { arguments, origin, places }));
        }
        match fragment.payload {
            Payload::Data(data) => {
                reader.read(&path, &Value::from_json(&data, &origin), &origin);
            }
            Payload::File(file) => self.add_file(&mut reader, &path, &file)?,
            Payload::Folder { path: folder, named } => {
                self.add_folder(&mut reader, &path, &folder, named);
            }
            Payload::Lazy(lazy) => reader.add_at(&path, Content::Lazy(lazy), origin),
            Payload::Value(value) => reader.add_at(&path, Content::Value(value), origin),
        }
        self.engine.report(reader.diagnostics);
        self.added.found.extend(reader.found);
        Ok(())
    }

    fn add_file(
        &self,
        reader: &mut SectionReader<'_>,
        path: &[Name],
        file: &str,
    ) -> Result<(), Diagnostic> {
        let root = &self.engine.projects[self.project].root;
        let found = inside(&root.folder, &root.folder, Path::new(file));
        let Some(found) = found.filter(|path| is_definition(path)) else {
            let what = format!("`{file}` is no file of definitions in the workspace");
            return Err(Diagnostic::error("no-definitions", what)
                .label(self.used.origin.clone(), "used here")
                .detail(
                    "Definitions are in `.star` and `.toml` files, by their path from the root.",
                ));
        };
        let file = DefinitionFile::new(found, root);
        add_definition(reader, path, &file);
        Ok(())
    }

    fn add_folder(
        &mut self,
        reader: &mut SectionReader<'_>,
        path: &[Name],
        folder: &str,
        named: bool,
    ) {
        let root = &self.engine.projects[self.project].root;
        let mapped = folder::map(root, folder, path);
        if mapped.is_missing && named {
            let shown = root.show(&root.folder.join(folder));
            let origin = &self.used.origin;
            reader.diagnostics.push(message::missing_folder(folder, &shown, origin));
        }
        reader.diagnostics.extend(mapped.diagnostics);
        for mut folder in mapped.folders {
            let files = std::mem::take(&mut folder.files).into_iter();
            let (listed, others): (Vec<MappedFile>, Vec<MappedFile>) = files.partition(|file| {
                folder.name(*file).ends_with(".star")
                    && reader.is_plain(&folder.above, folder.stem(*file))
            });
            for file in others {
                add_definition(reader, &folder.path(file), &folder.definition(file));
            }
            folder.files = listed;
            if !folder.files.is_empty() {
                self.added.files.push(ListedFiles::new(folder, reader.common.clone()));
            }
        }
    }
}

fn is_definition(path: &Path) -> bool {
    path.extension().is_some_and(|ending| ending == "star" || ending == "toml")
}

fn add_definition(reader: &mut SectionReader<'_>, path: &[Name], file: &Arc<DefinitionFile>) {
    let origin = Origin::whole(&file.place);
    if !file.path.as_os_str().as_encoded_bytes().ends_with(b".toml") {
        let content = Content::Prototype { file: file.clone(), name: None };
        return reader.add_at(path, content, origin);
    }
    let outer = reader.common.priority;
    // Where no leaves are, it is data like other.
    if !reader.leaves.is_empty() {
        reader.common.priority = stated_priority(file).unwrap_or(outer);
    }
    reader.add_at(path, Content::Toml(file.clone()), origin);
    reader.common.priority = outer;
}
