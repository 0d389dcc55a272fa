//! What files load, followed before anything is evaluated: a cycle is told with its files, and nobody
//! ever waits for somebody who waits for them.

use std::collections::HashSet;
use std::sync::Arc;

use purlin_model::Diagnostic;

use crate::file::File;
use crate::language::Inner;

/// The files that must be evaluated for this one, each after those that it loads, this one last.
/// Those that have been evaluated are left out.
pub(crate) fn in_order(inner: &Arc<Inner>, file: &Arc<File>) -> Result<Vec<Arc<File>>, Diagnostic> {
    if file.loads.is_empty() || file.module().is_some() {
        return Ok(vec![file.clone()]);
    }
    let mut order = Vec::new();
    let mut seen = HashSet::from([key(file)]);
    // Each with the number of its loads that have been followed.
    let mut path = vec![(file.clone(), 0)];
    while let Some((file, next)) = path.last_mut() {
        let loaded = loaded(inner, file)?;
        let Some(other) = loaded.get(*next).cloned() else {
            order.extend(path.pop().map(|(file, _)| file));
            continue;
        };
        *next += 1;
        if let Some(start) = path.iter().position(|(file, _)| Arc::ptr_eq(file, &other)) {
            return Err(cycle(&path[start..]));
        }
        if other.module().is_none() && seen.insert(key(&other)) {
            path.push((other, 0));
        }
    }
    Ok(order)
}

/// The files that a file loads, in the order of its statements.
pub(crate) fn loaded<'f>(
    inner: &Arc<Inner>,
    file: &'f Arc<File>,
) -> Result<&'f [Arc<File>], Diagnostic> {
    let loaded = file.loaded.get_or_init(|| {
        let loads = file.loads.iter();
        loads
            .map(|load| {
                let source = inner
                    .sources
                    .load(&load.label, &file.source)
                    .map_err(|diagnostic| diagnostic.label(load.origin.clone(), "loaded here"))?;
                inner.file(&source).map_err(|mistakes| {
                    let first = mistakes.into_iter().next();
                    first
                        .unwrap_or_else(|| Diagnostic::error("load", "the file cannot be read"))
                        .label(load.origin.clone(), "loaded here")
                })
            })
            .collect()
    });
    match loaded {
        Ok(files) => {
            // Before anybody looks whether it was evaluated.
            files.iter().for_each(|file| file.note_loaded());
            Ok(files)
        }
        Err(diagnostic) => Err(diagnostic.clone()),
    }
}

/// The path ends with a file that loads its first one.
fn cycle(path: &[(Arc<File>, usize)]) -> Diagnostic {
    let names: Vec<String> = path
        .iter()
        .chain(path.first())
        .map(|(file, _)| file.source.path.display().to_string())
        .collect();
    let mut diagnostic =
        Diagnostic::error("load-cycle", format!("files load each other: {}", names.join(" -> ")));
    for (file, next) in path {
        if let Some(load) = file.loads.get(next.saturating_sub(1)) {
            diagnostic = diagnostic.label(load.origin.clone(), "loads the next one");
        }
    }
    diagnostic.help("move what they share into a file that loads none of them".to_owned())
}

fn key(file: &Arc<File>) -> usize {
    Arc::as_ptr(file).addr()
}
