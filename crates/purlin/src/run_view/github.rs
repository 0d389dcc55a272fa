//! The view that GitHub Actions understands: the output of each command in a group of its own, and
//! failures as annotations.

use std::path::{Component, Path, PathBuf};

use purlin_commands::Instance;

/// At most so many annotations come of one command's output: more are not shown anyway.
const MOST: usize = 10;

/// Where things are, seen from the repository.
pub(super) struct Repository {
    root: PathBuf,
    /// The workspace's folder in the repository.
    below: PathBuf,
}

impl Repository {
    pub(super) fn of(root: &Path) -> Self {
        let top = root.ancestors().find(|folder| folder.join(".git").exists());
        let below = top.and_then(|top| root.strip_prefix(top).ok()).unwrap_or(Path::new(""));
        Self { root: root.to_owned(), below: below.to_owned() }
    }

    /// The annotation of a command that failed: at its definition.
    pub(super) fn failed(&self, instance: Option<&Instance>, id: &str, how: &str) -> String {
        let place = instance.map(|instance| {
            let origin = &instance.command.origin;
            // It is shown from where the user stands.
            let parts = origin.path().components();
            let file: PathBuf = parts.filter(|part| *part != Component::ParentDir).collect();
            format!(
                "file={},line={},",
                property(&self.below.join(file).to_string_lossy()),
                origin.line
            )
        });
        let place = place.unwrap_or_default();
        format!("::error {place}title={}::{}", property(id), data(&format!("{id} {how}")))
    }

    /// Annotations for lines of output that name a place, such as `src/a.py:3:7: undefined name`.
    pub(super) fn places(&self, instance: &Instance, output: &str) -> Vec<String> {
        let folders = [PathBuf::from(&instance.action.cwd), PathBuf::new()];
        let annotation = |line: &str| {
            let (place, message) = line.split_once(": ")?;
            let mut parts = place.trim_start().splitn(3, ':');
            let (path, number) = (parts.next()?, parts.next()?.parse::<u32>().ok()?);
            let column: Option<u32> = parts.next().and_then(|column| column.parse().ok());
            let there = |folder: &&PathBuf| self.root.join(folder).join(path).is_file();
            let folder = folders.iter().find(there).filter(|_| !path.is_empty())?;
            let file = self.below.join(folder).join(path);
            let column = column.map(|column| format!(",col={column}")).unwrap_or_default();
            let file = property(&file.to_string_lossy());
            let title = property(&instance.id);
            let message = data(message);
            Some(format!("::error file={file},line={number}{column},title={title}::{message}"))
        };
        output.lines().filter_map(annotation).take(MOST).collect()
    }
}

/// The text that opens a group.
pub(super) fn group(title: &str) -> String {
    format!("::group::{}", data(title))
}

/// What closes it.
pub(super) const END: &str = "::endgroup::";

fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}
