//! Putting a folder in the place of another, so that there is no time without one.

use std::fs;
use std::io;
use std::path::Path;

use rustix::fs::{CWD, RenameFlags, renameat_with};
use rustix::io::Errno;

/// Puts what is at `made` at `place`. What was there is at `made` then, for the caller to remove; on a file
/// system that cannot exchange two names, there is nothing at `place` for a moment. On one that cannot even
/// rename what is there, as overlayfs cannot with folders of an image, `clear` removes it before, or refuses.
///
/// # Errors
/// It cannot be put there; what was there is there still, unless `clear` has removed it.
pub fn put_in_place(
    made: &Path,
    place: &Path,
    clear: impl FnOnce(&Path) -> io::Result<()>,
) -> io::Result<()> {
    match exchange(made, place) {
        Err(error) if error.kind() == io::ErrorKind::CrossesDevices => {
            clear(place)?;
            fs::rename(made, place)
        }
        done => done,
    }
}

fn exchange(made: &Path, place: &Path) -> io::Result<()> {
    match renameat_with(CWD, made, CWD, place, RenameFlags::EXCHANGE) {
        Ok(()) => Ok(()),
        Err(Errno::NOENT) => fs::rename(made, place),
        Err(Errno::INVAL | Errno::NOSYS | Errno::OPNOTSUPP) => by_turns(made, place),
        Err(error) => Err(error.into()),
    }
}

fn by_turns(made: &Path, place: &Path) -> io::Result<()> {
    let mut aside = made.as_os_str().to_owned();
    aside.push(".old");
    match fs::rename(place, &aside) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return fs::rename(made, place),
        done => done?,
    }
    if let Err(error) = fs::rename(made, place) {
        fs::rename(&aside, place)?;
        return Err(error);
    }
    fs::rename(&aside, made)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_old_is_where_the_new_was() {
        for put in [exchange, by_turns] {
            let folder = tempfile::tempdir().unwrap();
            let (made, place) = (folder.path().join("made"), folder.path().join("place"));
            let make = |path: &Path, text: &str| {
                fs::create_dir(path).unwrap();
                fs::write(path.join("x"), text).unwrap();
            };
            let text = |path: &Path| fs::read_to_string(path.join("x")).unwrap();
            make(&made, "one");
            put(&made, &place).unwrap();
            assert!(text(&place) == "one" && !made.exists());
            make(&made, "two");
            put(&made, &place).unwrap();
            assert_eq!((text(&place), text(&made)), ("two".to_owned(), "one".to_owned()));
            assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2);
        }
    }
}
