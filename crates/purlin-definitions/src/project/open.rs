//! Finding all projects that a workspace is made of.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::{Path, PathBuf};

use purlin_model::{Diagnostic, Origin, Source, Value, parse_toml};

use super::{Child, Fetch, Fetched, GitProject, Project, Repository};
use crate::catalogue::Catalogue;
use crate::file::{SourceFiles, read_text};
use crate::read::{Place, ProjectEntry, Used, included, read_document};
use crate::{Name, ProjectPlace};

/// More than a workspace sensibly has; who comes here has a mistake in it.
const MOST: usize = 1_000;

/// Reads the workspace and all projects that it is made of, each once however many ways lead to it.
/// The workspace itself is the first.
pub(crate) fn open(
    catalogue: &Catalogue,
    files: &SourceFiles,
    folder: &Path,
    shown: &Path,
    document: &Value,
    fetch: Option<&Fetch>,
) -> (Vec<Project>, Vec<Diagnostic>) {
    let mut diagnostics = Vec::new();
    let mut projects: Vec<Project> = Vec::new();
    let mut known: HashMap<PathBuf, usize> = HashMap::new();
    let root = files.add_root(folder, shown);
    known.insert(root.real.clone(), 0);
    let (document, mistakes) = included(document, folder, shown);
    diagnostics.extend(mistakes);
    let (read, mistakes) = read_document(catalogue, &document, true);
    diagnostics.extend(mistakes);
    projects.push(Project::new(ProjectPlace::root(), root, read));
    let mut next = 0;
    // Breadth first: a project is called by the shortest way to it.
    while next < projects.len() {
        let mut entries = std::mem::take(&mut projects[next].document.projects);
        // Of ways that are equally short, one counts whatever the order in the file.
        entries.sort_by(|one, other| one.name.cmp(&other.name));
        for entry in entries {
            let located = match locate(&projects[next], &entry, fetch) {
                Ok(located) => located,
                Err(diagnostic) => {
                    diagnostics.push(diagnostic);
                    continue;
                }
            };
            let folder = &located.folder;
            let real = folder.canonicalize().unwrap_or_else(|_| folder.clone());
            let index = match known.get(&real) {
                Some(index) => *index,
                None if projects.len() >= MOST => continue,
                None => match read_project(catalogue, files, &located) {
                    Ok((read, root, mistakes)) => {
                        diagnostics.extend(mistakes);
                        let index = projects.len();
                        let chain = &projects[next].place.chain;
                        let chain = chain.iter().cloned().chain([entry.name.clone()]).collect();
                        let place = ProjectPlace { index, chain, uses: BTreeSet::new() };
                        let mut project = Project::new(place, root, read);
                        project.repository = located.repository;
                        projects.push(project);
                        known.insert(real, index);
                        index
                    }
                    Err(mistakes) => {
                        diagnostics.extend(mistakes);
                        continue;
                    }
                },
            };
            let mut children = projects[next].children.iter();
            if let Some(first) = children.find(|child| child.index == index) {
                diagnostics.push(twice(&first.name, &entry.name, &located.origin));
            }
            projects[next].children.push(Child {
                name: entry.name,
                index,
                export: entry.export,
                adopt: entry.adopt,
                accept_override: entry.accept_override,
            });
        }
        next += 1;
    }
    open_circles(&mut projects, &mut diagnostics);
    note_uses(&mut projects);
    for project in &mut projects {
        leave_out_circles(catalogue, project, &mut diagnostics);
    }
    (projects, diagnostics)
}

type ReadProject = (crate::read::Document, crate::file::SourceRoot, Vec<Diagnostic>);

/// Where a project was found.
struct Located {
    folder: PathBuf,
    /// The folder as users are shown it.
    shown: PathBuf,
    repository: Option<Repository>,
    /// Where that is written.
    origin: Origin,
}

impl Located {
    /// Whether it is all that was fetched.
    fn is_whole(&self, repository: &Repository) -> bool {
        self.folder.canonicalize().is_ok_and(|real| real == repository.real)
    }
}

fn locate(
    parent: &Project,
    entry: &ProjectEntry,
    fetch: Option<&Fetch>,
) -> Result<Located, Diagnostic> {
    match &entry.place {
        Place::Path(path, origin) => {
            let folder = normal(&parent.root.folder.join(path));
            let repository = parent.repository.clone();
            // What was fetched has nothing to do with the rest of the disk.
            if let Some(repository) = &repository
                && !folder.canonicalize().map_or_else(
                    |_| folder.starts_with(&repository.real),
                    |real| real.starts_with(&repository.real),
                )
            {
                let what = format!("the project `{}` is outside of the repository", entry.name);
                return Err(Diagnostic::error("project", what)
                    .label(origin.clone(), "this path leads out of it")
                    .detail(format!("What uses it was fetched from {}.", repository.url)));
            }
            let shown = normal(&parent.root.shown.join(path));
            Ok(Located { folder, shown, repository, origin: origin.clone() })
        }
        Place::Git { url, origin, rev } => {
            let chain: Vec<Name> =
                parent.place.chain.iter().cloned().chain([entry.name.clone()]).collect();
            let Some(fetch) = fetch else { return Err(not_fetched(&entry.name, origin)) };
            let fetched = fetch(&GitProject {
                chain: &chain,
                folder: &parent.root.folder,
                url,
                origin,
                rev: rev.as_ref().map(|(rev, origin)| (rev.as_str(), origin)),
                within: parent.repository.as_ref().map(|repository| repository.url.as_str()),
            })?;
            let folder = fetched.folder.clone();
            let real = folder.canonicalize().unwrap_or_else(|_| folder.clone());
            let Fetched { url, commit, modified, .. } = fetched;
            let repository = Some(Repository { url, commit, modified, real });
            Ok(Located { shown: folder.clone(), folder, repository, origin: origin.clone() })
        }
    }
}

fn read_project(
    catalogue: &Catalogue,
    files: &SourceFiles,
    located: &Located,
) -> Result<ReadProject, Vec<Diagnostic>> {
    let Located { folder, shown, origin, .. } = located;
    let file = folder.join("purlin.toml");
    let shown_file = shown.join("purlin.toml");
    let leads_out = |repository: &Repository| {
        file.canonicalize().is_ok_and(|real| !real.starts_with(&repository.real))
    };
    if !file.is_file() || located.repository.as_ref().is_some_and(leads_out) {
        return Err(vec![no_project(located)]);
    }
    let text = read_text(&file, &shown_file)
        .map_err(|diagnostic| vec![diagnostic.label(origin.clone(), "used here")])?;
    let (document, mistakes) = parse_toml(&Source::new(shown_file, text));
    if !mistakes.is_empty() {
        return Err(mistakes);
    }
    let (document, mut mistakes) = included(&document, folder, shown);
    let (read, more) = read_document(catalogue, &document, false);
    mistakes.extend(more);
    Ok((read, files.add_root(folder, shown), mistakes))
}

/// Takes out the uses that lead in a circle, so that the rest can be worked with.
fn open_circles(projects: &mut [Project], diagnostics: &mut Vec<Diagnostic>) {
    let mut marks = vec![0_u8; projects.len()];
    let mut stack: Vec<(usize, usize)> = vec![(0, 0)];
    marks[0] = 1;
    while let Some((index, place)) = stack.pop() {
        let Some(child) = projects[index].children.get(place) else {
            marks[index] = 2;
            continue;
        };
        let (target, name) = (child.index, child.name.clone());
        match marks[target] {
            0 => {
                stack.push((index, place + 1));
                stack.push((target, 0));
                marks[target] = 1;
            }
            1 => {
                let what = format!("the project `{name}` is made of itself");
                let file = projects[index].root.shown.join("purlin.toml");
                let origin = Origin::whole(&Source::unread(file));
                diagnostics.push(
                    Diagnostic::error("project-circle", what)
                        .label(origin, "it is used here again")
                        .help("a project cannot use one that it is part of".to_owned()),
                );
                projects[index].children.remove(place);
                stack.push((index, place));
            }
            _ => stack.push((index, place + 1)),
        }
    }
}

/// Notes for each project all that it is made of.
fn note_uses(projects: &mut [Project]) {
    let mut uses: Vec<Option<BTreeSet<usize>>> = vec![None; projects.len()];
    let mut stack = vec![0];
    while let Some(index) = stack.pop() {
        if uses[index].is_some() {
            continue;
        }
        let children: Vec<usize> = projects[index].children.iter().map(|one| one.index).collect();
        let open: Vec<usize> =
            children.iter().copied().filter(|child| uses[*child].is_none()).collect();
        if !open.is_empty() {
            stack.push(index);
            stack.extend(open);
            continue;
        }
        let mut all = BTreeSet::new();
        for child in children {
            all.insert(child);
            all.extend(uses[child].iter().flatten().copied());
        }
        uses[index] = Some(all);
    }
    for (project, uses) in projects.iter_mut().zip(uses) {
        let mut place = (*project.place).clone();
        place.uses = uses.unwrap_or_default();
        project.place = place.into();
    }
}

/// What extends the definitions is ordered by what it reads and extends; a circle has no order.
fn leave_out_circles(
    catalogue: &Catalogue,
    project: &mut Project,
    diagnostics: &mut Vec<Diagnostic>,
) {
    let uses = &project.document.uses;
    let mut extended_by: BTreeMap<&Name, Vec<usize>> = BTreeMap::new();
    for (position, one) in uses.iter().enumerate() {
        for section in &one.extends {
            extended_by.entry(section).or_default().push(position);
        }
    }
    let before = |position: usize| {
        let sections = uses[position].reads.iter().filter_map(|section| extended_by.get(section));
        sections.flatten().copied().filter(move |other| *other != position)
    };
    // Those that wait for nobody any more are taken out, again and again; a circle stays.
    let mut waits: Vec<BTreeSet<usize>> =
        (0..uses.len()).map(|one| before(one).collect()).collect();
    let mut ready: Vec<usize> = (0..uses.len()).filter(|one| waits[*one].is_empty()).collect();
    let mut done = vec![false; uses.len()];
    while let Some(one) = ready.pop() {
        done[one] = true;
        for (other, wait) in waits.iter_mut().enumerate() {
            if wait.remove(&one) && wait.is_empty() && !done[other] {
                ready.push(other);
            }
        }
    }
    let Some(mut one) = done.iter().position(|done| !done) else { return };
    let mut way = Vec::new();
    while !way.contains(&one) {
        way.push(one);
        one = waits[one].iter().copied().find(|next| !done[*next]).unwrap_or(one);
    }
    let circle = &way[way.iter().position(|start| *start == one).unwrap_or(0)..];
    let names: Vec<String> =
        circle.iter().map(|one| used_name(catalogue, uses[*one].what)).collect();
    let mut diagnostic = Diagnostic::error(
        "transform-circle",
        format!("each of these transforms reads what the next one extends: {}", names.join(", ")),
    )
    .detail("Transforms that extend definitions run one after the other, and these have no order.")
    .help("take one of them out of `[[use]]`".to_owned());
    for position in circle {
        diagnostic = diagnostic.label(uses[*position].origin.clone(), "used here");
    }
    diagnostics.push(diagnostic);
    project.sound = done;
}

fn used_name(catalogue: &Catalogue, what: Used) -> String {
    let head = match what {
        Used::Transform(position) => &catalogue.transforms[position].head,
        Used::Importer(position) => &catalogue.importers[position].head,
    };
    format!("`{}:{}`", head.plugin, head.name)
}

fn no_project(located: &Located) -> Diagnostic {
    let Located { shown, repository, .. } = located;
    let (place, help) = match repository {
        // A path in a repository is shown as any other.
        Some(repository) if located.is_whole(repository) => (
            format!("the repository {}", repository.url),
            "`rev` names the branch, tag or commit that has the file",
        ),
        _ => {
            (shown.display().to_string(), "paths of projects are relative to the workspace's root")
        }
    };
    Diagnostic::error("no-project", format!("there is no project in {place}"))
        .label(located.origin.clone(), "looked for here")
        .detail("A project is a folder with a `purlin.toml`.")
        .help(help.to_owned())
}

/// One project under two names. What it puts out is there under one of them.
fn twice(first: &Name, second: &Name, origin: &Origin) -> Diagnostic {
    let what = format!("the project `{second}` is the same as `{first}`");
    Diagnostic::warning("project-twice", what)
        .label(origin.clone(), "it is found here again")
        .detail(format!("What it puts out is there as `{first}`, as that entry says."))
        .help("take one of the two out".to_owned())
}

fn not_fetched(name: &str, origin: &Origin) -> Diagnostic {
    let what = format!("the project `{name}` cannot be fetched here");
    Diagnostic::error("not-fetched", what).label(origin.clone(), "from this repository")
}

/// The path without `.`, and without `..` where that can be told without looking.
fn normal(path: &Path) -> PathBuf {
    use std::path::Component;
    let mut normal = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir
                if matches!(normal.components().next_back(), Some(Component::Normal(_))) =>
            {
                normal.pop();
            }
            part => normal.push(part),
        }
    }
    normal
}
