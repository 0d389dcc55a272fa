//! Which of the commands of a run are meant: `--since`, `--cache`, `--cache-status`, `--failed`,
//! `--isolated` and `--fail`.

use std::collections::BTreeSet;
use std::path::{Component, Path, PathBuf};

use purlin_commands::{
    CacheStatus, Graph, Header, Instance, Request, Session, Told, from_command_line, redefined,
    statuses,
};
use purlin_model::{Diagnostic, Source, parse_toml};
use purlin_store::RelativePath;

use crate::arguments::Run;
use crate::context::Context;
use crate::failure::{FAILED, Failure};
use crate::git::Changes;
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
        let changes = Changes::since(&session.root, reference)?;
        let rewritten = rewritten(context, &changes, &session.root);
        let concerned = graph.concerned(&changes.paths, &rewritten, session);
        and(&|index| concerned[index]);
    }
    if !options.cache.is_empty() {
        for name in &options.cache {
            request.check_cache(&from_command_line(name))?;
        }
        and(&|index| options.cache.iter().any(|name| name == graph.instances[index].cache.name()));
    }
    if options.failed {
        let failed = |index: usize| {
            let last = Header::read(&session.records(), &graph.instances[index].id);
            last.is_some_and(|last| !last.succeeded)
        };
        and(&failed);
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
fn rewritten(context: &Context, changes: &Changes, root: &Path) -> impl Fn(&Instance) -> bool {
    let files = changes.paths.iter().filter(|path| path.to_path().ends_with(FILE));
    let mut all = false;
    let mut names = BTreeSet::new();
    let mut modules: Vec<PathBuf> = Vec::new();
    for file in files {
        if file.to_path() != Path::new(FILE) {
            modules.push(root.join(file));
            continue;
        }
        match before(changes, root, file).and_then(|before| redefined(&before, &context.document)) {
            Some(some) => names.extend(some),
            None => all = true,
        }
    }
    let directory = context.directory.clone();
    move |instance| {
        let file = lexical(&directory.join(instance.command.origin.path()));
        all || names.contains(&instance.command.name) || modules.contains(&file)
    }
}

fn before(changes: &Changes, root: &Path, file: &RelativePath) -> Option<purlin_model::Value> {
    let text = changes.text_before(root, file)?;
    Some(parse_toml(&Source::new(FILE, text)).0)
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
