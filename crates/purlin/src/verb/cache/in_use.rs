//! That packages stay because somebody uses them.

use purlin_model::Diagnostic;

/// Tells of packages that would have gone.
pub(super) fn packages_in_use(count: u64) -> Option<Diagnostic> {
    let summary = match count {
        0 => return None,
        1 => "1 package is in use, and stays".to_owned(),
        count => format!("{count} packages are in use, and stay"),
    };
    Some(
        Diagnostic::note("packages-in-use", summary)
            .detail("Programs, shells or builds have them before them now.".to_owned())
            .help("run it again when those have ended".to_owned()),
    )
}
