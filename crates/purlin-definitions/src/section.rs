//! The definitions of a section, in the phases that they go through: as they were written, as plugins
//! extended them, and together with those of the projects.

use std::collections::{BTreeSet, HashMap};
use std::path::Path;
use std::sync::Arc;

use purlin_model::{Diagnostic, Origin, Source};

use crate::board::{Frame, lock};
use crate::engine::Engine;
use crate::file::{DefinitionFile, SourceRoot};
use crate::folder::LEADS_OUT;
use crate::merge::{Rule, Rules, Tree};
use crate::message::CYCLE;
use crate::priority::{AUTHOR, CHILD, CHOSEN};
use crate::project::JoinedTree;
use crate::read::{SectionReader, read_literal};
use crate::{Contribution, Layer, Lineage, Name, message};

impl Engine {
    /// What a project's own files define, by section.
    pub(crate) fn original(&self, project: usize) -> &HashMap<Name, Arc<Tree>> {
        self.projects[project].original.get_or_init(|| self.read_original(project))
    }

    fn read_original(&self, index: usize) -> HashMap<Name, Arc<Tree>> {
        let project = &self.projects[index];
        let mut trees: HashMap<Name, Tree> = HashMap::new();
        for (section, key, value) in &project.document.sections {
            let lineage = self.lineage(index, key);
            let mut reader = SectionReader::new(&self.catalogue, section, lineage, AUTHOR);
            reader.read(std::slice::from_ref(section), value, key);
            self.add_read(&mut trees, section, reader);
        }
        let file = project.star_file();
        if file.symlink_metadata().is_err() {
            // There is none.
        } else if let Err(why) = own_file(&file, &project.root) {
            self.report([why]);
        } else {
            let file = DefinitionFile::new(file, &project.root);
            match file.index(&self.files, &*self.language) {
                Ok(found) => {
                    let lineage = self.lineage(index, &Origin::whole(&file.place));
                    let (readers, mistakes) =
                        read_literal(&self.catalogue, &file, &found, &lineage, AUTHOR);
                    self.report(mistakes);
                    for (section, reader) in readers {
                        self.add_read(&mut trees, &section, reader);
                    }
                }
                Err(mistakes) => self.report(mistakes),
            }
        }
        trees.into_iter().map(|(section, tree)| (section, Arc::new(tree))).collect()
    }

    fn add_read(&self, trees: &mut HashMap<Name, Tree>, section: &Name, reader: SectionReader<'_>) {
        self.report(reader.diagnostics);
        let tree = trees.entry(section.clone()).or_insert_with(|| Tree::new(self.rules(section)));
        tree.extend(reader.found);
    }

    /// How several values of a section, or of the output of that name, become one.
    pub(crate) fn rules(&self, section: &Name) -> Arc<Rules> {
        if let Some(rules) = lock(&self.rules).get(section) {
            return rules.clone();
        }
        let mut rules = Rules::default();
        let transforms = self.catalogue.transforms.iter();
        let told = transforms.filter_map(|one| Some((one, one.section.as_ref()?)));
        let told: Vec<_> = told.filter(|(_, told)| *told.name == **section).collect();
        if let [(one, _), (other, _), ..] = told.as_slice() {
            self.report([message::two_schemas(section, [&one.head, &other.head])]);
        }
        for (_, told) in told.into_iter().take(1) {
            match (told.schema)() {
                Ok(schema) => {
                    for (path, merge) in schema.iter().flat_map(|schema| schema.merges()) {
                        let path = path.into_iter().map(|name| name.map(Name::from));
                        rules.add(path.collect(), Rule::of(merge));
                    }
                }
                Err(mistakes) => self.report(mistakes),
            }
        }
        lock(&self.rules).entry(section.clone()).or_insert_with(|| Arc::new(rules)).clone()
    }

    fn lineage(&self, project: usize, origin: &Origin) -> Lineage {
        Lineage {
            project: self.projects[project].place.clone(),
            layer: Layer::Author,
            origin: origin.clone(),
            step: None,
        }
    }

    /// A section as its author and all plugins have it.
    pub(crate) fn extended(
        &self,
        project: usize,
        section: &Name,
        frame: Option<&Arc<Frame>>,
    ) -> Result<Arc<Tree>, Arc<Diagnostic>> {
        if let Some(tree) = lock(&self.projects[project].extended).get(section) {
            return Ok(tree.clone());
        }
        let tree = self.extended_without(project, section, None, frame)?;
        let mut known = lock(&self.projects[project].extended);
        Ok(known.entry(section.clone()).or_insert(tree).clone())
    }

    /// The same without what one `[[use]]` adds: what that sees itself. What cannot be added is told,
    /// and the rest is there all the same; who extends definitions has to know all of them.
    pub(crate) fn extended_without(
        &self,
        project: usize,
        section: &Name,
        without: Option<usize>,
        frame: Option<&Arc<Frame>>,
    ) -> Result<Arc<Tree>, Arc<Diagnostic>> {
        let original = self.original(project).get(section).cloned();
        let original = original.unwrap_or_else(|| Arc::new(Tree::new(self.rules(section))));
        let here = &self.projects[project];
        let uses = here.document.uses.iter().enumerate().filter(|(position, one)| {
            here.sound[*position] && Some(*position) != without && one.extends.contains(section)
        });
        let positions: Vec<usize> = uses.map(|(position, _)| position).collect();
        if positions.is_empty() {
            return Ok(original);
        }
        let mut tree = (*original).clone();
        for position in positions {
            let added = match self.extension(project, position, frame) {
                Ok(added) => added,
                // What comes of a circle would depend on who asks first.
                Err(why) if without.is_some() || why.code == CYCLE => return Err(why),
                Err(why) => {
                    self.report([(*why).clone()]);
                    continue;
                }
            };
            tree.extend(added.of_root(section));
            for files in added.files.iter().filter(|files| files.above().first() == Some(section)) {
                tree.add_files(files);
            }
        }
        Ok(Arc::new(tree))
    }

    /// A section together with what the projects define there.
    pub(crate) fn joined(
        &self,
        world: usize,
        section: &Name,
        frame: Option<&Arc<Frame>>,
    ) -> Result<Arc<JoinedTree>, Arc<Diagnostic>> {
        if let Some(tree) = lock(&self.projects[world].joined).get(section) {
            return Ok(tree.clone());
        }
        let own = self.extended(world, section, frame)?;
        let place = &self.projects[world].place;
        let mut standing_for = HashMap::new();
        let mut tree = own.clone();
        if !place.uses.is_empty() {
            let mut joined = (*own).clone();
            let chosen = self.chosen(world);
            for index in &place.uses {
                let mut all = Vec::new();
                let theirs = self.extended(*index, section, frame)?;
                theirs.root.each(&mut |one| {
                    // The choice of a definition counts above that of the folder that it is in.
                    let choices = chosen.iter().filter(|(path, _)| one.path.starts_with(path));
                    let nearest = choices.max_by_key(|(path, _)| path.len());
                    let is_chosen = nearest.is_some_and(|(_, all)| all.contains(index));
                    let joining = Arc::new(Contribution {
                        priority: if is_chosen { CHOSEN } else { CHILD },
                        at_home: one.priority,
                        lineage: Arc::new(Lineage {
                            layer: Layer::Child,
                            ..(*one.lineage).clone()
                        }),
                        ..(**one).clone()
                    });
                    standing_for.insert(Arc::as_ptr(one) as usize, joining.clone());
                    all.push(joining);
                });
                joined.extend(all);
            }
            tree = Arc::new(joined);
        }
        let joined = Arc::new(JoinedTree { tree, standing_for });
        let mut known = lock(&self.projects[world].joined);
        Ok(known.entry(section.clone()).or_insert(joined).clone())
    }

    /// The projects that `[choose]` names, by path of the definition or folder. One that is chosen brings those
    /// that it is made of.
    fn chosen(&self, world: usize) -> HashMap<Vec<Name>, BTreeSet<usize>> {
        let project = &self.projects[world];
        let mut chosen: HashMap<Vec<Name>, BTreeSet<usize>> = HashMap::new();
        for choice in &project.document.choices {
            let Some(target) = project.chosen(&self.projects, choice) else { continue };
            let all = chosen.entry(choice.path.clone()).or_default();
            all.insert(target.place.index);
            all.extend(&target.place.uses);
        }
        chosen
    }
}

/// A file of the workspace's own is one, wherever a symbolic link leads.
fn own_file(file: &Path, root: &SourceRoot) -> Result<(), Diagnostic> {
    let (what, help) = match file.canonicalize() {
        Ok(real) if !real.starts_with(&root.real) => LEADS_OUT,
        Ok(real) if real.is_file() => return Ok(()),
        Ok(_) => ("is not a file", "definitions belong into a file of this name"),
        Err(_) => ("is a link to nothing", "take the link away"),
    };
    let shown = root.show(file);
    Err(Diagnostic::error("no-file", format!("{} {what}", shown.display()))
        .label(Origin::whole(&Source::new(shown, "")), "not read")
        .help(help.to_owned()))
}
