//! Copies a folder that somebody else may change meanwhile: no link is followed, and nothing is written
//! over.

use std::ffi::OsStr;
use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt, symlink};
use std::path::Path;

use rustix::fs::{Dir, Mode, OFlags, openat, readlinkat};
use rustix::io::Errno;

/// Folders in folders, before it counts as an attack.
const DEEPEST: usize = 64;

/// Copies what is in `from` into the folder `to`. Files keep whether they can be run, and nothing else
/// of their modes.
pub(super) fn copy(from: &OwnedFd, to: &Path) -> io::Result<()> {
    below(from, to, DEEPEST)
}

fn below(from: &OwnedFd, to: &Path, depth: usize) -> io::Result<()> {
    if depth == 0 {
        return Err(io::Error::other("folders lie too deep in each other"));
    }
    for entry in Dir::read_from(from)? {
        let entry = entry?;
        let name = entry.file_name();
        if matches!(name.to_bytes(), b"." | b"..") {
            continue;
        }
        let to = to.join(OsStr::from_bytes(name.to_bytes()));
        // A pipe would block for ever.
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let opened = match openat(from, name, flags, Mode::empty()) {
            Err(Errno::LOOP) => {
                let target = readlinkat(from, name, Vec::new())?;
                symlink(OsStr::from_bytes(target.to_bytes()), &to)?;
                continue;
            }
            opened => File::from(opened?),
        };
        let data = opened.metadata()?;
        if data.is_dir() {
            fs::create_dir(&to)?;
            below(&opened.into(), &to, depth - 1)?;
        } else if data.is_file() {
            let mode = if data.permissions().mode() & 0o100 == 0 { 0o644 } else { 0o755 };
            let mut written =
                OpenOptions::new().write(true).create_new(true).mode(mode).open(&to)?;
            io::copy(&mut &opened, &mut written)?;
        } else {
            return Err(io::Error::other(format!("{} is no file", to.display())));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_folders_and_links_come_as_they_are_and_a_pipe_does_not() {
        let dir = tempfile::tempdir().unwrap();
        let (from, to) = (dir.path().join("from"), dir.path().join("to"));
        fs::create_dir_all(from.join("bin")).unwrap();
        fs::create_dir(&to).unwrap();
        fs::write(from.join("bin/tool"), "#!/bin/sh\n").unwrap();
        fs::set_permissions(from.join("bin/tool"), fs::Permissions::from_mode(0o700)).unwrap();
        fs::write(from.join("README"), "text").unwrap();
        symlink("/etc/passwd", from.join("link")).unwrap();
        copy(&File::open(&from).unwrap().into(), &to).unwrap();
        let mode = |path: &str| to.join(path).symlink_metadata().unwrap().permissions().mode();
        assert_eq!(mode("bin/tool") & 0o111, 0o111 & mode("bin/tool"));
        assert_ne!(mode("bin/tool") & 0o100, 0);
        assert_eq!(mode("README") & 0o111, 0);
        assert_eq!(fs::read_to_string(to.join("README")).unwrap(), "text");
        assert_eq!(fs::read_link(to.join("link")).unwrap(), Path::new("/etc/passwd"));
        rustix::fs::mknodat(
            rustix::fs::CWD,
            from.join("pipe"),
            rustix::fs::FileType::Fifo,
            Mode::from_raw_mode(0o600),
            0,
        )
        .unwrap();
        let other = dir.path().join("other");
        fs::create_dir(&other).unwrap();
        assert!(copy(&File::open(&from).unwrap().into(), &other).is_err());
    }
}
