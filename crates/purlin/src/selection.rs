//! Which of the commands of a run are meant: `--since`, `--cache`, `--cache-status`, `--failed`,
//! `--isolated` and `--fail`.

use std::collections::BTreeSet;
use std::path::{Component, Path, PathBuf};

use purlin_commands::{
    CacheStatus, Definitions, Graph, Instance, Request, Session, Told, redefined, statuses,
};
use purlin_model::{Diagnostic, Source, parse_toml};
use purlin_store::{RelativePath, defect};

use crate::arguments::Run;
use crate::context::Context;
use crate::failure::{FAILED, Failure};
use crate::git::Changes;
use crate::run_options;
use crate::workspace::FILE;

/// Narrows a graph to what the flags mean.
pub(crate) fn narrow(
    context: &Context,
    options: &Run,
    request: &Request<'_>,
    session: &Session<'_>,
    graph: &mut Graph,
) -> Result<(), Failure> {
    let mut wanted: Vec<bool> = graph.instances.iter().map(|one| one.selected).collect();
    let mut and = |kept: &dyn Fn(usize) -> bool| {
        for (index, wanted) in wanted.iter_mut().enumerate() {
            *wanted = *wanted && kept(index);
        }
    };
    if let Some(reference) = &options.since {
        let named = run_options::named(options, "since", reference);
        let changes = Changes::since(&session.root, reference).map_err(|mut wrong| {
            let told = std::mem::take(&mut wrong.diagnostics).into_iter();
            wrong.diagnostics =
                told.map(|one| one.label(named.origin.clone(), "named here")).collect();
            wrong
        })?;
        let rewritten = rewritten(context, request, &changes, &session.root);
        let concerned = graph.concerned(&changes.paths, &rewritten, session);
        and(&|index| concerned[index]);
    }
    if !options.cache.is_empty() {
        for name in &options.cache {
            request.check_cache(&run_options::named(options, "cache", name))?;
        }
        and(&|index| options.cache.iter().any(|name| name == graph.instances[index].cache.name()));
    }
    if options.failed {
        let failed = session.failed(graph);
        and(&|index| failed[index]);
    }
    if let Some(status) = options.cache_status {
        let known = statuses(graph, session, Told::Cache);
        and(&|index| known[index].cache == CacheStatus::from(status));
    }
    graph.keep(&wanted);
    graph.isolated = options.isolated;
    Ok(())
}

/// `--fail`: that nothing is selected is what was hoped for.
pub(crate) fn refuse_any(graph: &Graph) -> Result<(), Failure> {
    let selected: Vec<&str> =
        graph.instances.iter().filter(|one| one.selected).map(|one| one.id.as_str()).collect();
    if selected.is_empty() {
        return Ok(());
    }
    let what = match selected.len() {
        1 => "1 command is selected".to_owned(),
        count => format!("{count} commands are selected"),
    };
    let diagnostic = Diagnostic::error("selected", format!("{what}, and `--fail` wants none"))
        .detail(selected.join("\n"))
        .help("run them without `--fail`".to_owned());
    Err(Failure { diagnostics: vec![diagnostic], code: FAILED })
}

/// Which instances are defined otherwise than before by the files that have changed.
///
/// Keys cannot be compared without running what the old definitions depend on, so the definitions
/// are.
fn rewritten<'a>(
    context: &'a Context,
    request: &'a Request<'_>,
    changes: &Changes,
    root: &Path,
) -> impl Fn(&Instance) -> bool + use<'a> {
    let mut all = false;
    let mut names = BTreeSet::new();
    let mut files = BTreeSet::new();
    for file in &changes.paths {
        let is_root = file.to_path() == Path::new(FILE);
        if !is_root && !context.includes.matches(file) {
            files.insert(file.to_path().to_owned());
            continue;
        }
        let now = std::fs::read_to_string(root.join(file)).ok();
        let now = now.map(|text| parse_toml(&Source::new(file.to_path(), text)).0);
        match before(changes, root, file).zip(now).and_then(|(old, new)| redefined(&old, &new)) {
            Some(some) => names.extend(some),
            None => all = true,
        }
    }
    let root = root.to_owned();
    move |instance| {
        let file = definition_file(context, &root, instance);
        let dotenv = request.definitions.dotenv_of(instance.space.as_deref(), request.root);
        all || names.contains(&instance.command.name)
            || file.is_some_and(|file| files.contains(&file))
            || dotenv.iter().any(|file| files.contains(file))
                && !defect::seeded("dotenv-concerns-nobody")
    }
}

/// Tells of a path, from the root, whether what runs was read from it.
pub(crate) fn defining(
    context: &Context,
    graph: &Graph,
    definitions: &Definitions,
    root: &str,
) -> impl Fn(&Path) -> bool + use<> {
    let mut files = definitions.dotenv_files(root);
    let commands = graph.instances.iter();
    files.extend(commands.filter_map(|one| definition_file(context, Path::new(root), one)));
    let includes = context.includes.clone();
    move |path| {
        let is_other = || {
            files.contains(path)
                || RelativePath::parse(path).is_ok_and(|path| includes.matches(&path))
        };
        path.ends_with(FILE) || is_other() && !defect::seeded("included-files-not-watched")
    }
}

/// The file that a command is defined in, from the root; `None` for one that is elsewhere.
pub(crate) fn definition_file(
    context: &Context,
    root: &Path,
    instance: &Instance,
) -> Option<PathBuf> {
    let file = lexical(&context.directory.join(instance.command.origin.path()));
    file.strip_prefix(root).ok().map(Path::to_owned)
}

fn before(changes: &Changes, root: &Path, file: &RelativePath) -> Option<purlin_model::Value> {
    let text = changes.text_before(root, file)?;
    Some(parse_toml(&Source::new(file.to_path(), text)).0)
}

/// A path without `..` and `.`.
fn lexical(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for component in path.components() {
        match component {
            Component::ParentDir => {
                plain.pop();
            }
            Component::CurDir => {}
            other => plain.push(other),
        }
    }
    plain
}
