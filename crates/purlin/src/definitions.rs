//! Opening the definitions of a workspace: for verbs that ask about them, and for no others. What runs
//! commands pays nothing for it.

use std::path::Path;
use std::sync::Arc;

use purlin_commands::has_errors;
use purlin_definitions::{Catalogue, Setup, SourceFiles, Workspace, path_text};
use purlin_model::{Diagnostic, Severity, suggestion};
use purlin_starlark::Starlark;

use crate::context::Context;
use crate::failure::Failure;
use crate::inputs::FetchedInputs;
use crate::projects::Projects;
use crate::repositories::{Base, Depth};
use crate::{draw, git, workspace};

/// The definitions of the workspace that the user stands in, for its own systems or for these alone.
/// Nothing is evaluated yet.
pub(crate) fn open(
    context: &Context,
    systems: &[String],
    depth: Depth,
) -> Result<Workspace, Failure> {
    if has_errors(&context.diagnostics) {
        context.root()?;
        return Err(context.diagnostics.clone().into());
    }
    let (opened, told) = look(context, systems, depth)?;
    draw::diagnostics(&context.global, &told);
    let problems = opened.problems();
    if has_errors(&problems) {
        return Err(problems.into());
    }
    if context.global.locked {
        context.pin()?;
    }
    known_systems(&opened, systems)?;
    Ok(opened)
}

/// The same, whatever is wrong with it, and what was noticed while projects were fetched: for who
/// tells all of that.
pub(crate) fn look(
    context: &Context,
    systems: &[String],
    depth: Depth,
) -> Result<(Workspace, Vec<Diagnostic>), Failure> {
    let root = context.root()?;
    let projects = Arc::new(Projects::new(context, root.clone()));
    let fetching = projects.clone();
    let inputs = Arc::new(FetchedInputs::new(context, root.clone(), depth == Depth::Pinned));
    let files = SourceFiles::new();
    let repositories = context.repositories(&root);
    let opened = Workspace::open(Setup {
        shown: workspace::shown(&context.directory, &root),
        document: context.document.clone(),
        systems: (!systems.is_empty()).then(|| systems.to_vec()),
        catalogue: Catalogue::of(&context.plugins),
        language: Arc::new(Starlark::new(files.clone())),
        files,
        base: Some(Arc::new(Base { repositories, depth })),
        revision: Some(Box::new(git::revision)),
        inputs: Some(inputs),
        fetch: Some(Box::new(move |project| fetching.folder(project))),
        root,
    });
    Ok((opened, projects.take_told()))
}

/// A system that is none is a slip of the fingers. Another one than the workspace's is not.
pub(crate) fn known_systems(opened: &Workspace, systems: &[String]) -> Result<(), Failure> {
    let Some(wrong) = systems.iter().find(|system| !opened.is_system(system)) else {
        return Ok(());
    };
    let known = purlin_definitions::DEFAULT_SYSTEMS;
    let own = opened.systems();
    let names = own.iter().map(String::as_str).filter(|one| *one != wrong).chain(known);
    Err(Diagnostic::error("unknown-system", format!("`{wrong}` is not a system"))
        .help(suggestion(wrong, "systems", names))
        .into())
}

/// Draws what was found to be wrong while a question was answered. True when there is an error among
/// it, so that the answer may lack something.
pub(crate) fn draw_problems(context: &Context, opened: &Workspace) -> bool {
    let mut problems = opened.problems();
    problems.retain(|one| one.severity == Severity::Error);
    draw::diagnostics(&context.global, &problems);
    !problems.is_empty()
}

/// Why a question has no answer, behind what was found to be wrong on the way to it.
pub(crate) fn failed(opened: &Workspace, why: Diagnostic) -> Failure {
    let mut all = opened.problems();
    all.retain(|one| one.severity == Severity::Error);
    all.push(why);
    purlin_model::distinct(all).into()
}

/// A path of outputs as the user has typed it.
pub(crate) fn path(text: Option<&str>) -> Result<Vec<String>, Failure> {
    Ok(purlin_definitions::parse_path(text.unwrap_or_default())?)
}

/// The workspace or project that a file belongs to: the nearest folder above with a `purlin.toml`.
pub(crate) fn home(file: &Path) -> Option<&Path> {
    file.ancestors().skip(1).find(|folder| folder.join(workspace::FILE).is_file())
}

/// As messages show a path.
pub(crate) fn shown_path(path: &[String]) -> String {
    path_text(path)
}
