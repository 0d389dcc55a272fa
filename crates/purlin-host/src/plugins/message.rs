//! What users are told about features: what, where, why, and what to do.

use std::io;
use std::path::Path;

use purlin_model::{Diagnostic, Digest, Origin, suggestion};
use purlin_plugin::Point;
use purlin_plugin::manifest::{Feature, Permissions};

use super::candidate::{Asked, Candidate};
use super::consent::Refusal;
use crate::index::Head;
use crate::workspace_table::TableEntry;
use crate::{FeatureRef, LOCK_FILE, PinChange, PinChangeKind, PluginStatus};

/// What a feature of a point is called.
pub(super) fn noun(point: Point) -> &'static str {
    match point {
        Point::Transform => "transform",
        Point::Importer => "importer",
        Point::Leaf => "leaf type",
        Point::Cache => "cache type",
        Point::Builder => "builder",
        Point::Dependency => "dependency type",
        Point::Environment => "environment type",
        Point::Repository => "repository type",
        Point::Resource => "resource type",
        Point::State => "state type",
        Point::Lease => "lease type",
        Point::Subcommand => "subcommand",
        Point::Argument => "flag",
        Point::Hook => "hook",
    }
}

/// What is asked for, in a sentence: ``the dependency type `x` ``.
pub(super) fn thing(asked: &Asked<'_>) -> String {
    match asked.verb {
        Some(verb) => format!("the flag `--{}` of `{verb}`", asked.name),
        None => format!("the {} `{}`", noun(asked.point), asked.name),
    }
}

pub(super) fn unknown(
    asked: &Asked<'_>,
    names: &[String],
    missing: &[(&str, &TableEntry)],
    unread: &[(&str, String)],
) -> Diagnostic {
    let what = match (asked.verb, asked.plugin) {
        (Some(verb), _) => format!("`{verb}` has no flag `--{}`", asked.name),
        (None, Some(plugin)) => {
            format!("the plugin `{plugin}` has no {} `{}`", noun(asked.point), asked.name)
        }
        (None, None) => format!("there is no {} `{}`", noun(asked.point), asked.name),
    };
    let code = format!("unknown-{}", asked.point);
    let nouns = match asked.others {
        [] => format!("{}s", noun(asked.point)),
        _ => "verbs".to_owned(),
    };
    let unread = unread.iter().map(|(plugin, reason)| {
        format!("What the broken plugin `{plugin}` provides is not known: {reason}.")
    });
    let why = unread.collect::<Vec<_>>().join("\n");
    let mut diagnostic = Diagnostic::error(&code, what).detail(why).help(suggestion(
        asked.name,
        &nouns,
        names.iter().map(String::as_str),
    ));
    for (name, entry) in missing {
        diagnostic = diagnostic.label(
            entry.key.clone(),
            format!("the plugin `{name}` is not on the search path: {}", not_installed(entry)),
        );
    }
    diagnostic
}

/// Why a plugin that the workspace names is not there.
pub(super) fn not_installed(entry: &TableEntry) -> String {
    match &entry.later {
        Some((way, _)) => {
            format!("installing plugins (here with `{way}`) is not built yet")
        }
        None => "no folder of the search path holds it".to_owned(),
    }
}

pub(super) fn unknown_plugin(name: &str, names: &[String]) -> Diagnostic {
    Diagnostic::error("unknown-plugin", format!("there is no plugin `{name}`")).help(suggestion(
        name,
        "plugins",
        names.iter().map(String::as_str),
    ))
}

pub(super) fn no_default(point: Point) -> Diagnostic {
    Diagnostic::error("no-default", format!("no plugin provides the default {}", noun(point)))
        .detail("A plain value needs the one feature that its plugin marks with `default = true`.")
        .help("name the type".to_owned())
}

pub(super) fn contested(thing: &str, claims: &[(&Candidate<'_>, Origin)]) -> Diagnostic {
    let plugins: Vec<String> =
        claims.iter().map(|(one, _)| format!("`{}`", one.plugin.name)).collect();
    let mut diagnostic = Diagnostic::error(
        "contested-feature",
        format!("{thing} is provided by {}", joined(&plugins)),
    )
    .detail("Purlin does not choose between plugins.");
    // The last one is what was added, most likely, so the ways out are written for it.
    if let Some((last, _)) = claims.last() {
        let (name, id, feature) = (last.plugin.name, last.id(), &last.record.feature.name);
        let mut ways = vec!["remove one of the plugins".to_owned()];
        if last.head.bundled.is_none() {
            ways.push(format!("write `disable = [\"{id}\"]` under `[plugins.{name}]`"));
        }
        ways.push(format!("write `rename = {{ \"{id}\" = \"…\" }}` under `[plugins.{name}]`"));
        if last.record.feature.point != Point::Argument {
            ways.push(format!("say `{name}:{feature}`"));
        }
        diagnostic = diagnostic.help(alternatives(&ways));
    }
    for (one, origin) in claims {
        diagnostic =
            diagnostic.label(origin.clone(), format!("`{}` provides it here", one.plugin.name));
    }
    diagnostic
}

/// Why a claim is in vain, and what can be done about it.
#[derive(Clone, Copy)]
pub(super) struct Taken {
    why: &'static str,
    /// True when another name would do.
    renaming_helps: bool,
}

pub(super) const BUILT_IN: Taken =
    Taken { why: "Built-in verbs and flags always win.", renaming_helps: true };
pub(super) const OWN: Taken =
    Taken { why: "Built-in verbs and flags always win.", renaming_helps: false };
pub(super) const OPTION: Taken = Taken {
    why: "A subcommand's own options win over flags that are added.",
    renaming_helps: true,
};

pub(super) fn taken(
    thing: &str,
    reason: &str,
    taken: Taken,
    claim: &Candidate<'_>,
    origin: Origin,
) -> Diagnostic {
    let (name, id) = (claim.plugin.name, claim.id());
    let summary = format!("{thing} of the plugin `{name}` cannot be used: {reason}");
    Diagnostic::error("contested-feature", summary)
        .detail(taken.why)
        .help(if taken.renaming_helps {
            format!("write `rename = {{ \"{id}\" = \"…\" }}` under `[plugins.{name}]`")
        } else {
            "only the plugin's author can mend this, with another name for the option".to_owned()
        })
        .label(origin, "it is declared here")
}

pub(super) fn disabled(thing: &str, claim: &Candidate<'_>, origin: Origin) -> Diagnostic {
    let name = claim.plugin.name;
    Diagnostic::error(
        "disabled-feature",
        format!("{thing} of the plugin `{name}` is switched off in this workspace"),
    )
    .help(format!("remove it from `disable` of `[plugins.{name}]`"))
    .label(origin, "it is switched off here")
}

pub(super) fn not_enabled(thing: &str, name: &str, head: &Head, origin: Origin) -> Diagnostic {
    let version = head.version.as_ref().map_or_else(|| "*".to_owned(), ToString::to_string);
    Diagnostic::error(
        "plugin-not-enabled",
        format!("{thing} cannot be used: the plugin `{name}` is not enabled"),
    )
    .detail("A plugin that is only on the search path adds subcommands and flags, nothing else.")
    .help(format!("write `{name} = \"{version}\"` under `[plugins]`"))
    .label(origin, "it is declared here")
}

pub(super) fn failed(
    thing: &str,
    plugin: &str,
    head: &Head,
    diagnostics: &[Diagnostic],
    entry: Option<&TableEntry>,
) -> Diagnostic {
    let (code, how) = match head.status {
        PluginStatus::Incompatible => ("incompatible-plugin", "incompatible with this Purlin"),
        _ => ("broken-plugin", "broken"),
    };
    let summary = format!("{thing} cannot be used: the plugin `{plugin}` is {how}");
    let mut diagnostic = Diagnostic::error(code, summary)
        .help(format!("`purlin plugin info {plugin}` shows everything that is wrong with it"));
    let mut unplaced = Vec::new();
    for mistake in diagnostics.iter().filter(|one| one.severity == purlin_model::Severity::Error) {
        match mistake.labels.first() {
            Some(label) => {
                diagnostic = diagnostic.label(label.origin.clone(), mistake.summary.clone());
            }
            None => unplaced.push(format!("{}.", mistake.summary)),
        }
    }
    if let Some((_, origin)) = entry.and_then(|entry| entry.path.as_ref()) {
        diagnostic = diagnostic.label(origin.clone(), "the plugin is taken from here");
    }
    diagnostic.detail(unplaced.join("\n"))
}

pub(super) fn wrong_version(plugin: &str, head: &Head, wanted: &str, origin: Origin) -> Diagnostic {
    let version = head.version.as_ref().map_or_else(|| "none".to_owned(), ToString::to_string);
    Diagnostic::error(
        "plugin-version",
        format!("the workspace wants `{plugin}` {wanted}, and {version} is there"),
    )
    .label(origin, "it is wanted here")
}

pub(super) fn later(plugin: &str, way: &str, origin: Origin) -> Diagnostic {
    Diagnostic::error(
        "not-built",
        format!("the plugin `{plugin}` cannot be taken from `{way}`: installing plugins is not built yet"),
    )
    .help(format!("put its folder on the disk and write `{plugin} = {{ path = \"…\" }}`"))
    .label(origin, "it is wanted here")
}

pub(super) fn missing_plugin(plugin: &str, entry: &TableEntry, names: &[String]) -> Diagnostic {
    Diagnostic::error("unknown-plugin", format!("there is no plugin `{plugin}`"))
        .detail(format!("It is not on the search path: {}.", not_installed(entry)))
        .help(suggestion(plugin, "plugins", names.iter().map(String::as_str)))
        .label(entry.key.clone(), "this plugin")
}

pub(super) fn unknown_feature(
    plugin: &str,
    id: &str,
    ids: &[String],
    origin: Origin,
) -> Diagnostic {
    Diagnostic::error("unknown-feature", format!("the plugin `{plugin}` has no feature `{id}`"))
        .help(suggestion(id, "features", ids.iter().map(String::as_str)))
        .label(origin, "this feature")
}

pub(super) fn cannot_run(feature: &FeatureRef, kind: &str) -> Diagnostic {
    let FeatureRef { plugin, feature: Feature { point, .. }, name, origin, .. } = feature;
    Diagnostic::error(
        "runtime-not-built",
        format!("this version of Purlin cannot run `{kind}` plugins yet"),
    )
    .detail(format!("The {} `{name}` of the plugin `{plugin}` needs that.", noun(*point)))
    .label(origin.clone(), "it is declared here")
}

pub(super) fn ungranted(
    plugin: &str,
    permissions: &Permissions,
    refusal: &Refusal,
    folder: Option<&Path>,
    entry: Option<&TableEntry>,
    origin: Origin,
) -> Diagnostic {
    let mut why = vec![format!("It runs code with your rights, and {}.", because(refusal))];
    why.push(match asked_for(permissions) {
        Some(list) => format!("It asks for: {list}."),
        None => "It asks for no permissions.".to_owned(),
    });
    let covered = match folder {
        Some(folder) => format!(" (that covers all plugins of `{}`)", folder.display()),
        None => String::new(),
    };
    let mut diagnostic = Diagnostic::error(
        "plugin-ungranted",
        format!("the plugin `{plugin}` may not run without your consent"),
    )
    .detail(why.join("\n"))
    .help(format!("look at it, then run `purlin plugin trust {plugin}`{covered}"))
    .label(origin, "this plugin");
    if let Some(entry) = entry {
        diagnostic = diagnostic.label(entry.key.clone(), "the workspace names it here");
    }
    diagnostic
}

/// Why a plugin is listed as ungranted.
pub(super) fn refused(plugin: &str, refusal: &Refusal) -> String {
    format!("{} (`purlin plugin trust {plugin}`)", because(refusal))
}

fn because(refusal: &Refusal) -> String {
    match refusal {
        Refusal::Never => "you have not consented to it".to_owned(),
        Refusal::Other => "it is not the one that you have consented to".to_owned(),
        Refusal::Wider(more) => format!(
            "it asks for more than you have consented to ({})",
            asked_for(more).unwrap_or_default()
        ),
        Refusal::Unknown(why) => format!("what it is cannot be told ({why})"),
    }
}

/// ``network `a`, `b`; run `c` ``; `None` when nothing is asked for.
pub(super) fn asked_for(permissions: &Permissions) -> Option<String> {
    let kinds = permissions.lists().into_iter().filter(|(_, list)| !list.is_empty());
    let kinds = kinds.map(|(kind, list)| {
        let list: Vec<String> = list.iter().map(|entry| format!("`{entry}`")).collect();
        format!("{kind} {}", list.join(", "))
    });
    let text = kinds.collect::<Vec<_>>().join("; ");
    (!text.is_empty()).then_some(text)
}

pub(super) fn unpinnable(plugin: &str, why: &str) -> Diagnostic {
    Diagnostic::error(
        "plugin-content",
        format!("what is in the folder of the plugin `{plugin}` cannot be told"),
    )
    .detail(format!("{why}."))
}

pub(super) fn mispinned(
    plugin: &str,
    pinned: Digest,
    found: Digest,
    what: &[String],
    folder: &Path,
    origin: Origin,
) -> Diagnostic {
    let mut why =
        vec![format!("pinned: {pinned}"), format!("found:  {found}, in `{}`", folder.display())];
    if pinned == found {
        why = vec!["The content is the pinned one; the pin says other things about it.".to_owned()];
    }
    let what = what.iter().filter(|one| *one != "content").cloned().collect::<Vec<_>>();
    if !what.is_empty() {
        why.push(format!("what is different: {}", what.join(", ")));
    }
    Diagnostic::error(
        "lock-mismatch",
        format!("the plugin `{plugin}` is not the one that {LOCK_FILE} pins"),
    )
    .detail(why.join("\n"))
    .help(format!(
        "put the pinned one in its place, or run `purlin plugin lock {plugin}` to pin this one"
    ))
    .label(origin, "pinned here")
}

pub(super) fn locked(changes: &[PinChange]) -> Diagnostic {
    let lines = changes.iter().map(|change| match change.kind {
        PinChangeKind::Added => format!("`{}` has no pin.", change.plugin),
        PinChangeKind::Removed => format!("`{}` has a pin too many.", change.plugin),
        PinChangeKind::Changed => format!("`{}`: {}.", change.plugin, change.what.join(", ")),
    });
    Diagnostic::error(
        "locked",
        format!("{LOCK_FILE} would have to change, which `--locked` forbids"),
    )
    .detail(lines.collect::<Vec<_>>().join("\n"))
    .help("run the verb without `--locked`, and commit the file".to_owned())
}

pub(super) fn not_named(plugin: &str, names: &[String]) -> Diagnostic {
    Diagnostic::error(
        "unknown-plugin",
        format!("the workspace does not name the plugin `{plugin}`"),
    )
    .detail("Only plugins of `[plugins]` are pinned.")
    .help(suggestion(plugin, "plugins of the workspace", names.iter().map(String::as_str)))
}

pub(super) fn unrecorded(plugin: &str, why: &str) -> Diagnostic {
    Diagnostic::error("consent", format!("consent to the plugin `{plugin}` cannot be recorded"))
        .detail(why)
}

pub(super) fn changed_meanwhile(plugin: &str) -> Diagnostic {
    Diagnostic::error("plugin-changed", format!("the plugin `{plugin}` has changed meanwhile"))
        .detail("Its manifest is not the one that this run began with.")
        .help("run it again".to_owned())
}

pub(super) fn not_startable(feature: &FeatureRef, why: &str) -> Diagnostic {
    let FeatureRef { plugin, version, origin, .. } = feature;
    Diagnostic::error("plugin-start", format!("the plugin `{plugin}` {version} cannot be started"))
        .detail(format!("It cannot run, because {why}."))
        .label(origin.clone(), "this needs it")
}

pub(super) fn no_code(feature: &FeatureRef) -> Diagnostic {
    let FeatureRef { plugin, feature: Feature { point, .. }, name, origin, .. } = feature;
    Diagnostic::error(
        "no-code",
        format!("the {} `{name}` of the plugin `{plugin}` has no code", noun(*point)),
    )
    .help("its manifest needs a `[runtime]`".to_owned())
    .label(origin.clone(), "it is declared here")
}

pub(super) fn unreadable_file(
    plugin: &str,
    file: &str,
    error: &io::Error,
    origin: Origin,
) -> Diagnostic {
    Diagnostic::error(
        "missing-file",
        format!("the file `{file}` of the plugin `{plugin}` cannot be read"),
    )
    .detail(format!("{error}."))
    .label(origin, "it is named here")
}

pub(super) fn unwritten_index(folder: &Path, error: &io::Error) -> Diagnostic {
    Diagnostic::warning("plugin-index", "the index of plugins cannot be kept")
        .detail(format!(
            "Every run reads all manifests anew, because `{}` cannot be written: {error}.",
            folder.display()
        ))
        .help("make the folder writable".to_owned())
}

fn joined(items: &[String]) -> String {
    match items {
        [] => String::new(),
        [one] => one.clone(),
        [head @ .., last] => format!("{} and {last}", head.join(", ")),
    }
}

fn alternatives(ways: &[String]) -> String {
    match ways {
        [] => String::new(),
        [one] => one.clone(),
        [head @ .., last] => format!("{}, or {last}", head.join(", ")),
    }
}
