//! What users are told about repositories.

use purlin_environments::{Error, Version};
use purlin_host::{FeatureRef, LOCK_FILE, PackagePin};
use purlin_model::{Diagnostic, Origin, suggestion};
use purlin_plugin::message::PluginError;

use super::{Ignored, Repositories};

/// Requests that nothing meets.
pub(super) fn unresolved(all: &Repositories, error: &Error) -> Diagnostic {
    let diagnostic =
        Diagnostic::error("unresolved", "the packages that are asked for cannot be had");
    let mut lines = vec![capital(&error.to_string())];
    if let Error::Unknown { name, .. } | Error::NoVersion { name, .. } = error {
        let ignored = super::lock(&all.ignored);
        lines.extend(ignored.iter().filter(|one| one.name == *name).map(|one| {
            let Ignored { name, version, repository, why } = one;
            format!("`{name}-{version}` in `{repository}` cannot be used: {why}")
        }));
    }
    if let Error::NoVersion { .. } | Error::Incompatible { .. } = error {
        // It may have one.
        lines.extend(all.absent().map(|trouble| capital(&trouble.summary)));
    }
    let is_whole = lines.len() == 1;
    let diagnostic = diagnostic.detail(lines.join("\n"));
    match error {
        Error::Unknown { name, .. } if is_whole => {
            let families = all.families().unwrap_or_default();
            let families = families.iter().map(String::as_str);
            diagnostic.help(suggestion(name, "packages", families))
        }
        Error::NoVersion { .. } | Error::Incompatible { .. } => diagnostic.help(
            "ask for less, or add a repository that has another version to `[repositories]`"
                .to_owned(),
        ),
        _ => diagnostic,
    }
}

fn capital(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters.next().map(|first| first.to_uppercase().to_string()).unwrap_or_default();
    first + letters.as_str()
}

/// A package that is pinned to a repository that is not there: `trouble` says so.
pub(super) fn pinned_to_absent(
    pin: &PackagePin,
    origin: &Origin,
    trouble: &Diagnostic,
) -> Diagnostic {
    let PackagePin { name, repository, .. } = pin;
    let what = format!("`{name}` is pinned to the repository `{repository}`, which is not there");
    Diagnostic::error("repository", what)
        .label(origin.clone(), "pinned here")
        .detail(format!("{}.", capital(&trouble.summary)))
        .help(format!(
            "give access to it, or take what others have: `purlin build --update {name}`"
        ))
}

/// A repository that fails.
pub(super) fn no_answer(
    name: &str,
    feature: &FeatureRef,
    call: &str,
    error: &PluginError,
) -> Diagnostic {
    let what = format!("the repository `{name}` cannot answer: {}", error.message);
    let mut detail =
        format!("plugin `{}` {}, call `repository/{call}`", feature.plugin, feature.version);
    if !error.detail.is_empty() {
        detail = format!("{detail}\n{}", error.detail);
    }
    Diagnostic::error("repository", what).detail(detail)
}

/// A document that no package can be.
pub(super) fn no_package(
    name: &str,
    version: &Version,
    repository: &str,
    mistakes: &[Diagnostic],
) -> Diagnostic {
    let what = format!("what the repository `{repository}` says of {name} {version} is no package");
    let lines: Vec<String> = mistakes.iter().map(|one| format!("{}.", one.summary)).collect();
    Diagnostic::error("repository", what).detail(lines.join("\n"))
}

/// No plugin says what a package is.
pub(super) fn no_leaf() -> Diagnostic {
    Diagnostic::error("no-package-type", "no plugin provides a type of packages")
        .help("take `packages` out of what `[plugins]` disables".to_owned())
}

/// The lock file would have to change.
pub(super) fn locked(
    request: &str,
    new: &PackagePin,
    old: Option<&(PackagePin, Origin)>,
) -> Diagnostic {
    let what = format!("{LOCK_FILE} would have to change, which `--locked` forbids");
    let diagnostic = Diagnostic::error("locked", what)
        .help("run the verb without `--locked`, and commit the file".to_owned());
    match old {
        None => diagnostic.detail(format!("The request `{request}` has no pin.")),
        Some((old, origin)) => diagnostic
            .detail(format!("{}.", difference(request, old, new)))
            .label(origin.clone(), "pinned here"),
    }
}

/// A package that nobody has pinned, for who only looks.
pub(super) fn unpinned(request: &str) -> Diagnostic {
    Diagnostic::error("unpinned", format!("`{request}` comes from a repository and is not pinned"))
        .help("`purlin build` pins what it needs".to_owned())
}

/// A package that is another than the pinned one, for who only looks.
pub(super) fn moved(request: &str, old: &PackagePin, new: &PackagePin) -> Diagnostic {
    let what = format!("`{request}` comes from a repository and is not the one that is pinned");
    Diagnostic::error("unpinned", what).detail(format!("{}.", difference(request, old, new)))
}

/// What is another package than before.
pub(super) fn difference(request: &str, old: &PackagePin, new: &PackagePin) -> String {
    let short = |digest: &str| digest.chars().take(12).collect::<String>();
    let mut what = Vec::new();
    if old.version != new.version {
        what.push(format!("{} → {}", old.version, new.version));
    }
    if old.repository != new.repository {
        what.push(format!("repository {} → {}", old.repository, new.repository));
    }
    if old.digest != new.digest {
        what.push(format!("digest {} → {}", short(&old.digest), short(&new.digest)));
    }
    format!("package `{request}`: {}", what.join(", "))
}

/// The lock file has changed.
pub(super) fn changed(differences: &[String]) -> Diagnostic {
    Diagnostic::note("lock-changed", format!("{LOCK_FILE} was changed"))
        .detail(differences.join("\n"))
        .help("commit it with the change that it belongs to".to_owned())
}
