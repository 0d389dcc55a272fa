//! Files that change hands with a plugin which may not write where the host wants them.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use purlin_plugin::message::{CacheItem, ErrorCode, PluginError};

/// The folder of one call, removed with all that is left in it.
pub(crate) struct Exchange<'a> {
    /// Where the host has or wants the files.
    ours: &'a Path,
    /// A folder of its own, if that is needed.
    made: Option<PathBuf>,
}

impl<'a> Exchange<'a> {
    /// Makes the folder.
    pub(crate) fn new(above: Option<&Path>, ours: &'a Path) -> Result<Self, PluginError> {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let made = above.map(|above| above.join(format!("exchange-{number}")));
        made.as_ref().map_or(Ok(()), fs::create_dir_all).map_err(|error| failed(&error))?;
        Ok(Self { ours, made })
    }

    /// The folder that the plugin is told.
    pub(crate) fn dir(&self) -> &Path {
        self.made.as_deref().unwrap_or(self.ours)
    }

    /// Puts an item there for the plugin.
    pub(crate) fn give(&self, item: &CacheItem) -> Result<(), PluginError> {
        let Some(made) = &self.made else { return Ok(()) };
        let (from, to) = (self.ours.join(item.file_name()), made.join(item.file_name()));
        // A copy and not a link: what the plugin does to its file is its own business.
        fs::copy(from, to).map(drop).map_err(|error| failed(&error))
    }

    /// Takes an item that the plugin has put there. False when there is none.
    pub(crate) fn take(&self, item: &CacheItem) -> Result<bool, PluginError> {
        let from = self.dir().join(item.file_name());
        if !from.symlink_metadata().is_ok_and(|data| data.is_file()) {
            return Ok(false);
        }
        if self.made.is_some() {
            let to = self.ours.join(item.file_name());
            fs::rename(&from, &to)
                .or_else(|_| fs::copy(&from, &to).map(drop))
                .map_err(|error| failed(&error))?;
        }
        Ok(true)
    }
}

impl Drop for Exchange<'_> {
    fn drop(&mut self) {
        if let Some(made) = &self.made {
            // It lies in a folder that is removed at the end of the run.
            let _ = fs::remove_dir_all(made);
        }
    }
}

fn failed(error: &io::Error) -> PluginError {
    PluginError::new(ErrorCode::Internal, format!("files cannot change hands with it: {error}"))
}
