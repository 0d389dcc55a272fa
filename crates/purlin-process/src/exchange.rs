//! Files that change hands with a plugin which may not write where the host wants them.
//!
//! The plugin may do anything to the folder at any time: the host writes to no file that it has not
//! made itself, follows no link, and takes copies, because the plugin may still write to what was its own.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read};
use std::os::fd::OwnedFd;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use purlin_plugin::message::{CacheItem, CacheItemKind, ErrorCode, PluginError};
use rustix::fs::{Mode, OFlags, open, openat};

mod tree;

/// Bytes of what is kept of an action, which is small but of no known size.
const ACTION: u64 = 64 << 20;

/// The folder of one call, removed with all that is left in it.
pub(crate) struct Exchange<'a> {
    /// Where the host has or wants the files.
    ours: &'a Path,
    /// A folder of its own, if that is needed.
    made: Option<Made>,
}

struct Made {
    path: PathBuf,
    /// The folder itself, whatever its name has come to mean.
    folder: OwnedFd,
}

impl<'a> Exchange<'a> {
    /// Makes the folder.
    pub(crate) fn new(above: Option<&Path>, ours: &'a Path) -> Result<Self, PluginError> {
        let made = above.map(Made::new).transpose().map_err(|error| failed(&error))?;
        Ok(Self { ours, made })
    }

    /// The folder that the plugin is told.
    pub(crate) fn dir(&self) -> &Path {
        self.made.as_ref().map_or(self.ours, |made| &made.path)
    }

    /// Puts an item there for the plugin.
    pub(crate) fn give(&self, item: &CacheItem) -> Result<(), PluginError> {
        let Some(made) = &self.made else { return Ok(()) };
        made.give(item, self.ours).map_err(|error| failed(&error))
    }

    /// Takes everything that the plugin has put there: files, folders, and links as they are.
    pub(crate) fn take_all(&self) -> Result<(), PluginError> {
        let Some(made) = &self.made else { return Ok(()) };
        tree::copy(&made.folder, self.ours).map_err(|error| failed(&error))
    }

    /// Takes an item that the plugin has put there. False when there is none.
    pub(crate) fn take(&self, item: &CacheItem) -> Result<bool, PluginError> {
        match &self.made {
            Some(made) => made.take(item, self.ours).map_err(|error| failed(&error)),
            None => {
                let file = self.ours.join(item.file_name());
                Ok(file.symlink_metadata().is_ok_and(|data| data.is_file()))
            }
        }
    }
}

impl Made {
    fn new(above: &Path) -> io::Result<Self> {
        // No name that somebody can have prepared.
        let folder = tempfile::Builder::new().prefix("exchange-").tempdir_in(above)?;
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let opened = open(folder.path(), flags, Mode::empty())?;
        Ok(Self { path: folder.keep(), folder: opened })
    }

    fn give(&self, item: &CacheItem, ours: &Path) -> io::Result<()> {
        let mut from = File::open(ours.join(item.file_name()))?;
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW;
        let to = openat(
            &self.folder,
            item.file_name(),
            flags | OFlags::CLOEXEC,
            Mode::from_raw_mode(0o600),
        )?;
        io::copy(&mut from, &mut File::from(to)).map(drop)
    }

    fn take(&self, item: &CacheItem, ours: &Path) -> io::Result<bool> {
        // A pipe would block for ever.
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let Ok(from) = openat(&self.folder, item.file_name(), flags, Mode::empty()) else {
            return Ok(false);
        };
        let from = File::from(from);
        if !from.metadata()?.is_file() {
            return Ok(false);
        }
        let mut to = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(ours.join(item.file_name()))?;
        // A file without an end must not fill the disk. Whoever compares the digest sees that it is cut.
        let most = match item.kind {
            CacheItemKind::Blob => item.size.saturating_add(1),
            CacheItemKind::Action => ACTION,
        };
        io::copy(&mut from.take(most), &mut to)?;
        Ok(true)
    }
}

impl Drop for Made {
    fn drop(&mut self) {
        // It lies in a folder that is removed at the end of the run.
        let _ = fs::remove_dir_all(&self.path);
    }
}

fn failed(error: &io::Error) -> PluginError {
    PluginError::new(ErrorCode::Internal, format!("files cannot change hands with it: {error}"))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use purlin_model::Digest;

    use super::*;

    /// The plugin's folder, the host's, and somebody else's file.
    struct Place {
        dir: tempfile::TempDir,
        item: CacheItem,
    }

    impl Place {
        fn new() -> Self {
            let dir = tempfile::tempdir().unwrap();
            for folder in ["plugin", "host"] {
                fs::create_dir(dir.path().join(folder)).unwrap();
            }
            fs::write(dir.path().join("victim"), "untouched").unwrap();
            let item = CacheItem { kind: CacheItemKind::Blob, digest: Digest::of(b"a"), size: 4 };
            Self { dir, item }
        }

        fn path(&self, inside: &str) -> PathBuf {
            self.dir.path().join(inside)
        }

        fn exchange<'a>(&self, host: &'a Path) -> Exchange<'a> {
            Exchange::new(Some(&self.path("plugin")), host).unwrap()
        }

        fn is_untouched(&self) -> bool {
            fs::read(self.path("victim")).unwrap() == b"untouched"
        }
    }

    #[test]
    fn files_change_hands_and_the_folder_goes() {
        let (place, name) = (Place::new(), Place::new().item.file_name());
        let host = place.path("host");
        fs::write(host.join(&name), "four").unwrap();
        let exchange = place.exchange(&host);
        exchange.give(&place.item).unwrap();
        assert_eq!(fs::read(exchange.dir().join(&name)).unwrap(), b"four");
        fs::remove_file(host.join(&name)).unwrap();
        // It may have kept the file open, and write to it when it was looked at.
        let mut kept = OpenOptions::new().write(true).open(exchange.dir().join(&name)).unwrap();
        assert!(exchange.take(&place.item).unwrap());
        io::Write::write_all(&mut kept, b"evil").unwrap();
        assert_eq!(fs::read(host.join(&name)).unwrap(), b"four");
        drop(exchange);
        assert_eq!(fs::read_dir(place.path("plugin")).unwrap().count(), 0);
    }

    #[test]
    fn no_folder_can_be_prepared() {
        let place = Place::new();
        for number in 0..100 {
            symlink(place.path("host"), place.path(&format!("plugin/exchange-{number}"))).unwrap();
        }
        let host = place.path("host");
        assert!(place.exchange(&host).dir().symlink_metadata().unwrap().is_dir());
    }

    #[test]
    fn no_link_is_followed() {
        let (place, name) = (Place::new(), Place::new().item.file_name());
        let host = place.path("host");
        fs::write(host.join(&name), "four").unwrap();
        let exchange = place.exchange(&host);
        symlink(place.path("victim"), exchange.dir().join(&name)).unwrap();
        assert!(exchange.give(&place.item).is_err());
        fs::remove_file(host.join(&name)).unwrap();
        assert!(!exchange.take(&place.item).unwrap());
        assert!(place.is_untouched() && !host.join(&name).exists());

        // Nor a folder that stands in the place of ours.
        let path = exchange.dir().to_owned();
        fs::rename(&path, place.path("plugin/away")).unwrap();
        symlink(place.path("host"), &path).unwrap();
        fs::write(host.join(&name), "four").unwrap();
        assert!(exchange.give(&place.item).is_err(), "its own file is in the way, as before");
        drop(exchange);
        assert!(host.join(&name).exists() && place.is_untouched());
    }

    #[test]
    fn what_has_no_end_is_cut() {
        let (place, name) = (Place::new(), Place::new().item.file_name());
        let host = place.path("host");
        let exchange = place.exchange(&host);
        File::create(exchange.dir().join(&name)).unwrap().set_len(1 << 40).unwrap();
        assert!(exchange.take(&place.item).unwrap());
        assert_eq!(fs::metadata(host.join(&name)).unwrap().len(), 5);
        fs::remove_file(host.join(&name)).unwrap();
        fs::remove_file(exchange.dir().join(&name)).unwrap();
        fs::create_dir(exchange.dir().join(&name)).unwrap();
        assert!(!exchange.take(&place.item).unwrap());
    }
}
