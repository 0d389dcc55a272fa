//! Names and versions that become parts of paths.

use purlin_environments::Version;
use purlin_model::Diagnostic;

use super::Package;

/// Whether a text can be the name of a folder that is seen, and leads nowhere else.
#[must_use]
pub fn is_folder_name(text: &str) -> bool {
    let wrong = |character: char| character == '/' || character.is_control();
    !text.is_empty() && !text.starts_with('.') && !text.contains(wrong)
}

impl Package {
    pub(super) fn check_name(&self) -> Result<(), Diagnostic> {
        if is_folder_name(&self.name) && !self.name.starts_with('-') {
            return Ok(());
        }
        Err(Diagnostic::error(
            "package-name",
            format!("`{}` is not a name of a package", self.name),
        )
        .label(self.origin.clone(), "this package")
        .help("it becomes part of a path: letters, digits and `-`, `_`, `.`, `+`".to_owned()))
    }

    pub(super) fn check_version(&self) -> Result<(), Diagnostic> {
        let Some(version) = self.version.as_deref().filter(|version| !version.is_empty()) else {
            return Ok(());
        };
        let wrong = |why: &str| {
            Diagnostic::error("package-version", format!("`{version}` is not a version"))
                .label(self.origin.clone(), format!("of the package `{}`", self.name))
                .detail(why.to_owned())
                .help(
                    "write letters and digits, with `.` or `-` between them: `1.2-rc1`".to_owned(),
                )
        };
        if !is_folder_name(version) {
            return Err(wrong("It becomes the name of a folder, and this leads elsewhere."));
        }
        version.parse::<Version>().map(drop).map_err(|error| wrong(&error.to_string()))
    }
}
