//! What users are told about definitions.

use std::path::Path;

use purlin_model::{Diagnostic, Origin, suggestion};
use purlin_plugin::language::{Argument, Datum, Evaluated, LeafType};

use crate::board::{Circle, Key, Task};
use crate::catalogue::{FeatureHead, LeafFeature};
use crate::engine::Engine;
use crate::file::DefinitionFile;
use crate::force::DEEPEST;
use crate::read::Used;
use crate::{Contribution, Name, path_text};
use std::sync::Arc;

/// More places than anybody reads.
const PLACES: usize = 12;

/// The code of a path with nothing at it.
pub(crate) const UNKNOWN_PATH: &str = "unknown-path";

/// The code of what needs itself.
pub(crate) const CYCLE: &str = "cycle";

/// The code of what lies too deep in other definitions.
pub(crate) const TOO_DEEP: &str = "too-deep";

/// Values that exclude each other, with the ways out.
pub(crate) fn conflict(path: &[Name], contenders: &[Arc<Contribution>]) -> Diagnostic {
    let shown = path_text(path);
    let mut diagnostic =
        Diagnostic::error("conflict", format!("there are {} of `{shown}`", contenders.len()));
    for one in contenders.iter().take(PLACES) {
        let whose = whose(one);
        let what = one.content.described();
        let text = match one.path.len() == path.len() {
            true => format!("{what} {whose}"),
            false => format!("{what} below it, `{}`, {whose}", path_text(&one.path)),
        };
        diagnostic = diagnostic.label(one.lineage.origin.clone(), text);
    }
    // A choice that does not count here may have raised some of them.
    let priority = contenders.iter().map(|one| one.priority).max().unwrap_or_default();
    let projects: Vec<&[Name]> =
        contenders.iter().map(|one| one.lineage.project.chain.as_slice()).collect();
    let choose = projects
        .iter()
        .find(|chain| !chain.is_empty())
        .filter(|chain| projects.iter().any(|other| other != *chain));
    let mut help = "rename one of them, or give one a smaller `priority`".to_owned();
    if let Some(chain) = choose {
        let choice = format!("\n[choose]\n\"{shown}\" = \"{}\"", path_text(chain));
        help =
            format!("define it in the workspace, rename one of them, or choose a project:{choice}");
    }
    diagnostic
        .detail(format!("They have the same priority, {priority}, so that none counts more."))
        .help(help)
}

/// Where a contribution comes from, for a label.
pub(crate) fn whose(one: &Contribution) -> String {
    let mut text = format!("of {}", one.lineage.project.described());
    if let Some(step) = one.through.as_ref().or(one.lineage.step.as_ref()) {
        text.push_str(&format!(", through `{}`", step.feature));
    }
    text
}

/// A definition's name with its place, as circles show it.
fn task_name(engine: &Engine, task: &Task) -> (String, Option<Origin>) {
    match task {
        Task::Definition(key) => {
            let path = &key.definition.path;
            let is_package = path.len() > 1 && engine.packages.contains(&path[0]);
            let shown = path_text(if is_package { &path[1..] } else { path });
            (shown, Some(key.definition.origin()))
        }
        Task::Extend { project, position } => {
            let used = &engine.projects[*project].document.uses[*position];
            let head = match used.what {
                Used::Transform(position) => &engine.catalogue.transforms[position].head,
                Used::Importer(position) => &engine.catalogue.importers[position].head,
            };
            (format!("{} (extend)", head.name), Some(used.origin.clone()))
        }
        Task::Outputs { transform, .. } | Task::Output { transform, .. } => {
            let head = &engine.catalogue.transforms[*transform].head;
            (format!("{} (outputs)", head.name), Some(head.origin.clone()))
        }
    }
}

/// Definitions that need each other: `cycle: a (pkgs/a.star:1:13) -> b (pkgs/b.star:1:13) -> a`.
pub(crate) fn circle(engine: &Engine, circle: &Circle) -> Diagnostic {
    // The same circle is told alike wherever one comes upon it.
    let names: Vec<String> = circle.iter().map(|(task, _)| task_name(engine, task).0).collect();
    let first = names.iter().enumerate().min_by_key(|(_, name)| *name).map_or(0, |(one, _)| one);
    let mut parts = Vec::new();
    let mut labels = Vec::new();
    let count = circle.len();
    for step in 0..count {
        let place = (first + step) % count;
        let (task, asked) = &circle[place];
        let (name, origin) = task_name(engine, task);
        let next = &names[(place + 1) % count];
        match asked.clone().or(origin) {
            Some(origin) => {
                parts.push(format!("{name} ({origin})"));
                labels.push((origin, format!("`{name}` needs `{next}`")));
            }
            None => parts.push(name),
        }
    }
    if count > PLACES {
        let more = format!("… {} more …", count - PLACES);
        parts.splice(PLACES - 1..count - 1, [more]);
        labels.truncate(PLACES);
    }
    let summary = format!("cycle: {} -> {}", parts.join(" -> "), names[first]);
    let diagnostic = Diagnostic::error(CYCLE, summary)
        .detail("Each needs the next one before it can be evaluated.")
        .help("take one of them out, or give a parameter a default".to_owned());
    labels.into_iter().fold(diagnostic, |diagnostic, (origin, text)| diagnostic.label(origin, text))
}

/// A definition that looks itself up, with nothing below it.
pub(crate) fn own_name(key: &Key, asked: &Origin) -> Diagnostic {
    let path = &key.definition.path;
    let shown = path_text(&path[path.len().min(1)..]);
    Diagnostic::error(CYCLE, format!("cycle: {shown} ({asked}) -> {shown}"))
        .label(asked.clone(), "it looks itself up")
        .detail("A definition that asks for its own name gets what it stands above, and nothing is there.")
        .help("rename it, or ask for something else".to_owned())
}

pub(crate) fn folds_alike(
    name: &str,
    asked: Option<&Origin>,
    two: [(&str, Option<Origin>); 2],
) -> Diagnostic {
    let [(one, _), (other, _)] = &two;
    let summary = format!("`{name}` may mean `{one}` or `{other}`");
    let mut diagnostic = Diagnostic::error("names-fold-alike", summary)
        .detail("`-` and `_` are the same in the names of parameters.")
        .help("rename one of the two".to_owned());
    if let Some(asked) = asked {
        diagnostic = diagnostic.label(asked.clone(), "asked for here");
    }
    for (name, origin) in two {
        if let Some(origin) = origin {
            diagnostic = diagnostic.label(origin, format!("`{name}`"));
        }
    }
    diagnostic
}

pub(crate) fn no_reference(text: &str, origin: &Origin) -> Diagnostic {
    Diagnostic::error("no-reference", format!("`{text}` stands for no definition"))
        .label(origin.clone(), "injected here")
        .detail("A text in braces is a whole reference, such as `{packages.gcc}` or `{lib.flags}`.")
        .help("`purlin show` lists what there is".to_owned())
}

pub(crate) fn no_prototype(file: &DefinitionFile, names: &[&str]) -> Diagnostic {
    let shown = file.place.path.display();
    let names: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    Diagnostic::error("no-prototype", format!("{shown} defines no {}", names.join(" and no ")))
        .label(Origin::whole(&file.place), "this file")
        .detail("A file is the definition that its function `default` makes, or the one called like it.")
        .help("write `def default():`".to_owned())
}

/// A definition that is not what its section holds.
pub(crate) fn misfit(
    key: &Key,
    wanted: &[&LeafFeature],
    value: &Argument,
    made: Option<&LeafType>,
) -> Diagnostic {
    let shown = path_text(&key.definition.path);
    let names: Vec<&str> = wanted.iter().map(|leaf| leaf.head.name.as_str()).collect();
    let (names, makers) = (names.join(" or "), wanted.iter().map(|leaf| &leaf.constructor));
    let makers: Vec<String> = makers.map(|maker| format!("`{maker}`")).collect();
    let is = match (made, value) {
        (Some(made), _) => format!("of the type `{}`", made.name),
        (None, Argument::Value(handle)) => described(&handle.datum()).to_owned(),
        (None, Argument::Data(data)) => data.described().to_owned(),
        (None, _) => "a namespace".to_owned(),
    };
    Diagnostic::error("wrong-type", format!("`{shown}` is no {names}: it is {is}"))
        .label(key.definition.origin(), "this definition")
        .detail("Its section holds nothing else, but for functions that other definitions use.")
        .help(format!("return what {} makes", makers.join(" or ")))
}

fn described(datum: &Datum) -> &'static str {
    match datum {
        Datum::Null => "`None`",
        Datum::Bool(_) => "a boolean",
        Datum::Int(_) => "an integer",
        Datum::Float(_) => "a number",
        Datum::String(_) => "a string",
        Datum::List(_) => "a list",
        Datum::Table(_) => "a dictionary",
        Datum::Leaf(_) => "a leaf",
        Datum::Function(_) => "a function",
    }
}

/// A function whose parameters are not known before it is evaluated.
pub(crate) fn no_def(key: &Key, name: &str, value: &dyn Evaluated) -> Diagnostic {
    let shown = path_text(&key.definition.path);
    let origin = value.origin().unwrap_or_else(|| key.definition.lineage.origin.clone());
    Diagnostic::error("no-def", format!("`{shown}` is a function that is not written as a `def`"))
        .label(origin, "it is made here")
        .detail("What a function asks for is read from the syntax, and this one has none.")
        .help(format!("write `def {name}(…):`, which may call or return it"))
}

pub(crate) fn too_deep(key: &Key) -> Diagnostic {
    let shown = path_text(&key.definition.path);
    Diagnostic::error(TOO_DEEP, format!("`{shown}` is looked up too deep in other definitions"))
        .label(key.definition.lineage.origin.clone(), "this definition")
        .detail(format!(
            "What is looked up in `pkgs` or `self` while a definition runs is evaluated inside of it, \
             and {DEEPEST} lie in each other already."
        ))
        .help("ask for it as a parameter, which may form chains of any length".to_owned())
}

pub(crate) fn nothing_came_of(key: &Key) -> Diagnostic {
    let shown = path_text(&key.definition.path);
    Diagnostic::error("internal", format!("`{shown}` was not evaluated"))
        .label(key.definition.lineage.origin.clone(), "this definition")
}

pub(crate) fn no_output(path: &[Name]) -> Diagnostic {
    let shown = path_text(path);
    Diagnostic::error("no-output", format!("`{shown}` is a definition, and not an output"))
}

/// A branch, or nothing, where a value was asked for.
pub(crate) fn no_value(path: &[String]) -> Diagnostic {
    let what = match path {
        [] => "a path is needed".to_owned(),
        path => format!("`{}` has names below it, and is no value", path_text(path)),
    };
    Diagnostic::error("no-value", what).help("`purlin show` lists the names".to_owned())
}

pub(crate) fn no_inputs(origin: &Origin) -> Diagnostic {
    Diagnostic::error("no-inputs", "inputs are not fetched here").label(origin.clone(), "this one")
}

pub(crate) fn no_revision() -> Diagnostic {
    Diagnostic::error("no-revision", "`inputs.self` is not known here")
        .help("run it in a workspace".to_owned())
}

/// Nothing is at a path; `names` are those that the last name could have been.
pub(crate) fn no_such_path<'a>(
    path: &[String],
    known: usize,
    names: impl IntoIterator<Item = &'a str>,
) -> Diagnostic {
    let missing = &path[known];
    let place = match known {
        0 => "there is no output".to_owned(),
        _ => format!("`{}` has no", path_text(&path[..known])),
    };
    Diagnostic::error(UNKNOWN_PATH, format!("{place} `{missing}`"))
        .help(suggestion(missing, "names", names))
}

/// Two plugins say how values of a section become one.
pub(crate) fn two_schemas(section: &str, two: [&FeatureHead; 2]) -> Diagnostic {
    let summary = format!("two plugins tell the schema of the section `{section}`");
    let diagnostic = Diagnostic::error("two-schemas", summary)
        .detail(format!("The one of `{}` counts.", two[0].plugin))
        .help("disable the feature of one of them in `[plugins]`".to_owned());
    two.into_iter().fold(diagnostic, |diagnostic, head| {
        diagnostic.label(head.origin.clone(), format!("by `{}` of `{}`", head.name, head.plugin))
    })
}

/// A plugin's code failed.
pub(crate) fn plugin_failed(
    plugin: &str,
    feature: &str,
    call: &str,
    error: &purlin_plugin::message::PluginError,
    origin: &Origin,
) -> Diagnostic {
    let mut diagnostic =
        Diagnostic::error("plugin", format!("`{plugin}` failed in `{feature}`: {}", error.message))
            .label(origin.clone(), format!("`{call}` was called for this"));
    diagnostic.detail.clone_from(&error.detail);
    diagnostic
}

pub(crate) fn missing_folder(path: &str, shown: &Path, origin: &Origin) -> Diagnostic {
    Diagnostic::warning("missing-folder", format!("there is no folder {}", shown.display()))
        .label(origin.clone(), format!("`{path}` is named here"))
        .detail("A folder that is missing defines nothing.")
        .help("paths are relative to the workspace's root".to_owned())
}

pub(crate) fn names_fold_alike(two: [(&Name, Option<Origin>); 2]) -> Diagnostic {
    let [(one, _), (other, _)] = &two;
    let summary = format!("`{one}` and `{other}` are the same name to parameters");
    let mut diagnostic = Diagnostic::error("names-fold-alike", summary)
        .detail("`-` and `_` are the same in the names of parameters.")
        .help("rename one of the two".to_owned());
    for (name, origin) in two {
        if let Some(origin) = origin {
            diagnostic = diagnostic.label(origin, format!("`{name}`"));
        }
    }
    diagnostic
}

pub(crate) fn other_system(one: &Contribution, system: &Name) -> Diagnostic {
    let shown = path_text(&one.path);
    let summary = format!("`{shown}` is defined for {system}, which the workspace is not for");
    Diagnostic::warning("other-system", summary)
        .label(one.origin(), "defined here")
        .help("add the system to `systems` in `[workspace]`".to_owned())
}

pub(crate) fn overridden(own: &Contribution, theirs: &Contribution, name: &str) -> Diagnostic {
    let whose = theirs.lineage.project.described();
    Diagnostic::warning("override", format!("`{name}` of {whose} is defined anew"))
        .label(own.origin(), "it is defined here")
        .label(theirs.origin(), format!("and here by {whose}"))
        .detail(
            "Whatever asks for it by name gets the new one. What the project puts out keeps its own, unless it is adopted.",
        )
        .help(format!("where that is meant, say `accept-override = [\"{name}\"]` of the project"))
}

/// A choice between projects that the workspace has taken out of their hands.
pub(crate) fn idle_choice(own: &Contribution, shown: &str, chosen: &Origin) -> Diagnostic {
    let whose = own.lineage.project.described();
    let summary = format!("the choice of `{shown}` has no effect");
    Diagnostic::warning("idle-choice", summary)
        .label(chosen.clone(), "chosen here")
        .label(own.origin(), format!("defined by {whose} itself, which counts more"))
        .help("take one of them out".to_owned())
}

/// An override is accepted that nobody makes.
pub(crate) fn idle_accept(name: &str, project: &Name, origin: &Origin) -> Diagnostic {
    let summary = format!("no `{name}` of the project `{project}` is defined anew");
    Diagnostic::warning("idle-accept-override", summary)
        .label(origin.clone(), "accepted here")
        .detail("A name is that of a package or of something in `lib`, without the section.")
        .help("take it out, or correct it".to_owned())
}

/// An output that another one hides, because one is a value and the other one is below it.
pub(crate) fn hidden(winner: &Contribution, lost: &Contribution) -> Diagnostic {
    let (shown, other) = (path_text(&lost.path), path_text(&winner.path));
    Diagnostic::warning("hidden-output", format!("`{shown}` is hidden by `{other}`"))
        .label(lost.origin(), "this does not count")
        .label(winner.origin(), "because of this")
        .detail(format!(
            "A name is a value or has names below it. The smaller priority counts: {} and {}.",
            winner.priority, lost.priority
        ))
        .help("rename one of them".to_owned())
}

/// A path below a value that counts instead.
pub(crate) fn below_value(path: &[String], known: usize, winner: &Contribution) -> Diagnostic {
    let shown = path_text(&path[..known]);
    Diagnostic::error(UNKNOWN_PATH, format!("`{shown}` is a value and has nothing below it"))
        .label(winner.origin(), "written here")
        .help(format!("`purlin explain {shown}` says what it hides"))
}

pub(crate) fn shadowed_passthru(one: &Contribution) -> Diagnostic {
    let shown = path_text(&one.path);
    Diagnostic::warning("shadowed-passthru", format!("`{shown}` of `[passthru]` does not count"))
        .label(one.origin(), "written here")
        .detail("A plugin makes an output of that path.")
        .help("take it out, or rename it".to_owned())
}
