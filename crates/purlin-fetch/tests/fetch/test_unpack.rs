//! Archives as they are, and as nobody should make them.

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use purlin_fetch::{Limits, UnpackError, Watch, unpack};
use tar::{EntryType, Header};
use zip::write::SimpleFileOptions;

use crate::support::files;

/// Makes one archive.
pub(crate) struct Tar(Vec<u8>);

impl Tar {
    pub(crate) fn new() -> Self {
        Self(Vec::new())
    }

    /// Adds an entry by its header's bytes: no library would write these names.
    pub(crate) fn add(
        mut self,
        kind: EntryType,
        name: &[u8],
        target: &[u8],
        content: &[u8],
    ) -> Self {
        let mut header = Header::new_gnu();
        header.as_old_mut().name[..name.len()].copy_from_slice(name);
        header.as_old_mut().linkname[..target.len()].copy_from_slice(target);
        header.set_entry_type(kind);
        header.set_mode(0o6755);
        header.set_mtime(1_700_000_000);
        header.set_size(content.len() as u64);
        header.set_cksum();
        self.0.extend_from_slice(header.as_bytes());
        self.0.extend_from_slice(content);
        self.0.resize(self.0.len().next_multiple_of(512), 0);
        self
    }

    pub(crate) fn file(self, name: &str, content: &str) -> Self {
        self.add(EntryType::Regular, name.as_bytes(), b"", content.as_bytes())
    }

    pub(crate) fn link(self, name: &str, target: &str) -> Self {
        self.add(EntryType::Symlink, name.as_bytes(), target.as_bytes(), b"")
    }

    pub(crate) fn bytes(mut self) -> Vec<u8> {
        self.0.resize(self.0.len() + 1024, 0);
        self.0
    }
}

struct Case {
    folder: tempfile::TempDir,
    limits: Limits,
}

impl Case {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap(), limits: Limits::default() }
    }

    fn tree(&self) -> PathBuf {
        self.folder.path().join("tree")
    }

    fn unpack(&self, name: &str, bytes: &[u8]) -> Result<(), UnpackError> {
        let archives = tempfile::tempdir().unwrap();
        let archive = archives.path().join("archive");
        fs::write(&archive, bytes).unwrap();
        let _ = fs::remove_dir_all(self.tree());
        unpack(&archive, name, &self.tree(), &self.limits, &Watch::silent())
    }

    /// What is said of an archive that is refused; nothing of it is left.
    fn refused(&self, bytes: &[u8]) -> String {
        let error = self.unpack("a.tar", bytes).unwrap_err();
        assert_eq!(fs::read_dir(&self.folder).unwrap().count(), 0, "{error}");
        error.to_string()
    }

    fn read(&self, path: &str) -> String {
        fs::read_to_string(self.tree().join(path)).unwrap()
    }
}

fn sample() -> Vec<u8> {
    Tar::new()
        .add(EntryType::Directory, b"top-1.0/", b"", b"")
        .file("top-1.0/a/file", "content")
        .link("top-1.0/a/link", "../a/../a/file")
        .add(EntryType::Link, b"top-1.0/same", b"top-1.0/a/file", b"")
        .add(EntryType::Directory, b"top-1.0/empty", b"", b"")
        .bytes()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

#[test]
fn every_format_gives_the_same_tree() {
    let tar = sample();
    let mut bzip2 = bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::fast());
    bzip2.write_all(&tar).unwrap();
    let mut xz = lzma_rust2::XzWriter::new(Vec::new(), lzma_rust2::XzOptions::default()).unwrap();
    xz.write_all(&tar).unwrap();
    for (name, bytes) in [
        ("a.tar", tar.clone()),
        ("a.tar.gz", gzip(&tar)),
        ("a.tar.bz2", bzip2.finish().unwrap()),
        ("a.tar.xz", xz.finish().unwrap()),
        ("a.tar.zst", zstd::encode_all(&*tar, 3).unwrap()),
        ("a.zip", zipped()),
        ("what.its-name-does-not-tell", gzip(&tar)),
    ] {
        let case = Case::new();
        case.unpack(name, &bytes).unwrap();
        assert_eq!(case.read("a/file"), "content", "{name}");
        assert_eq!(case.read("a/link"), "content", "{name}");
        assert_eq!(case.read("same"), "content", "{name}");
        assert!(case.tree().join("empty").is_dir(), "{name}");
        for path in files(&case.tree()).into_iter().chain([case.tree(), case.tree().join("a")]) {
            let metadata = fs::symlink_metadata(&path).unwrap();
            assert_eq!(metadata.mtime(), 315_619_200, "{name} {}", path.display());
            assert!(path.is_symlink() || metadata.permissions().mode() & 0o7777 == 0o755);
        }
        assert_eq!(fs::read_dir(&case.folder).unwrap().count(), 1, "{name}");
    }
}

fn zipped() -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default()
        .compression_method(zip::CompressionMethod::Stored)
        .unix_permissions(0o6755);
    writer.start_file("top/a/file", options).unwrap();
    writer.write_all(b"content").unwrap();
    writer.add_symlink("top/a/link", "../a/file", options).unwrap();
    writer.start_file("top/same", options).unwrap();
    writer.write_all(b"content").unwrap();
    writer.add_directory("top/empty", options).unwrap();
    writer.finish().unwrap().into_inner()
}

#[test]
fn only_one_folder_at_the_top_is_left_out() {
    let case = Case::new();
    case.unpack("a.tar", &Tar::new().file("a/b", "1").file("c/d", "2").bytes()).unwrap();
    assert_eq!(case.read("a/b") + &case.read("c/d"), "12");
    case.unpack("a.tar", &Tar::new().file("./b", "1").bytes()).unwrap();
    assert_eq!(case.read("b"), "1");
    case.unpack("a.tar", &Tar::new().file("a/b/c", "1").bytes()).unwrap();
    assert_eq!(case.read("b/c"), "1");
    case.unpack("a.tar", &Tar::new().file("a/b", "1").link("c", "a").bytes()).unwrap();
    assert_eq!(case.read("c/b"), "1");
}

#[test]
fn executable_is_all_that_is_kept_of_a_mode() {
    let case = Case::new();
    let mut bytes = Tar::new().file("a", "").bytes();
    let mut header = Header::new_old();
    header.as_mut_bytes().copy_from_slice(&bytes[..512]);
    header.set_mode(0o4666);
    header.set_cksum();
    bytes[..512].copy_from_slice(header.as_bytes());
    case.unpack("a.tar", &bytes).unwrap();
    let mode = fs::metadata(case.tree().join("a")).unwrap().permissions().mode();
    assert_eq!(mode & 0o7777, 0o644);
}

#[test]
fn long_names_are_read_from_what_stands_before_an_entry() {
    let case = Case::new();
    let long = "n".repeat(180);
    let pax = format!("{} path={long}/pax\n", long.len() + 14);
    let pax = pax.replacen(&(long.len() + 14).to_string(), &pax.len().to_string(), 1);
    let bytes = Tar::new()
        .add(EntryType::XGlobalHeader, b"pax_global_header", b"", b"19 comment=a commit\n")
        .add(EntryType::GNULongName, b"././@LongLink", b"", format!("{long}/gnu\0").as_bytes())
        .file("short", "1")
        .add(EntryType::XHeader, b"pax", b"", pax.as_bytes())
        .file("short", "2")
        .bytes();
    case.unpack("a.tar", &bytes).unwrap();
    assert_eq!(case.read("gnu") + &case.read("pax"), "12");
}

#[test]
fn what_leads_out_is_refused() {
    let case = Case::new();
    let refused = |tar: Tar| case.refused(&tar.bytes());
    let start = "The archive `a.tar` is refused: ";
    for (tar, rest) in [
        (Tar::new().file("../a", ""), "`../a` leads out through `..`."),
        (Tar::new().file("a/../../b", ""), "`a/../../b` leads out through `..`."),
        (Tar::new().file("/a", ""), "`/a` is an absolute path."),
        (Tar::new().link("a", "/etc"), "`a` is a link that leads out, to `/etc`."),
        (Tar::new().file("b", "").link("a", ".."), "`a` is a link that leads out, to `..`."),
        (
            Tar::new().link("a", "b").file("a/c", ""),
            "`a/c` lies below something that is no folder.",
        ),
        // Inside the archive, and outside of what is left of it without its top folder.
        (Tar::new().link("top/a", "../b"), "`a` is a link that leads out, to `../b`."),
        (
            Tar::new().link("x/y/z", "../..").link("a", "x/y/z/..").file("b", ""),
            "`a` is a link that leads out, to `x/y/z/..`.",
        ),
        (
            Tar::new().add(EntryType::Link, b"a", b"../b", b""),
            "`a` is a link to a file that is not in the archive.",
        ),
        (Tar::new().add(EntryType::Char, b"a", b"", b""), "`a` is a device."),
        (Tar::new().add(EntryType::Fifo, b"a", b"", b""), "`a` is a pipe."),
        (Tar::new().file("a", "").file("a/b", ""), "`a/b` lies below something that is no folder."),
        (Tar::new().file("a/b", "").file("a", ""), "`a` is a folder and something else as well."),
    ] {
        assert_eq!(refused(tar), format!("{start}{rest}"));
    }
}

#[test]
fn a_file_written_through_a_link_stays_inside() {
    let case = Case::new();
    // The later entry replaces the link; it does not follow it.
    let tar = Tar::new().file("b", "kept").link("a", "b").file("a", "new").file("c/d", "");
    case.unpack("a.tar", &tar.bytes()).unwrap();
    assert_eq!((case.read("a"), case.read("b")), ("new".to_owned(), "kept".to_owned()));
    assert!(!case.tree().join("a").is_symlink());
}

#[test]
fn bombs_are_ended_by_limits() {
    let mut case = Case::new();
    let zeros = vec![0; 66 << 20];
    let bomb = gzip(&Tar::new().add(EntryType::Regular, b"a", b"", &zeros).bytes());
    assert!(bomb.len() < 200_000);
    let text = |limit: &str| {
        format!("The archive `a.tar` is refused: it is more than {limit} when unpacked.")
    };
    assert_eq!(case.refused(&bomb), text("400 times its size"));
    case.limits.ratio = u64::MAX;
    case.unpack("a.tar", &bomb).unwrap();
    fs::remove_dir_all(case.tree()).unwrap();
    case.limits.bytes = 1 << 20;
    assert_eq!(case.refused(&bomb), text("1048576 bytes"));

    case.limits.entries = 9;
    let deep = Tar::new().file("a/b/c/d/e/f/g/h/i/j/k", "").bytes();
    assert_eq!(case.refused(&deep), text("9 entries"));

    // Bytes that belong to no file count, too, and a name does not fill the memory.
    case.limits = Limits::default();
    let name = vec![b'n'; 66 << 20];
    let bomb = gzip(&Tar::new().add(EntryType::GNULongName, b"", b"", &name).bytes());
    let damaged = "The archive `a.tar` is damaged: a name in it is longer than any name may be.";
    assert_eq!(case.refused(&bomb), damaged);

    let mut writer = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default();
    for number in 0..4 {
        writer.start_file(number.to_string(), options).unwrap();
        writer.write_all(&zeros[..17 << 20]).unwrap();
    }
    let bomb = writer.finish().unwrap().into_inner();
    assert_eq!(case.refused(&bomb), text("400 times its size"));
}

#[test]
fn damage_is_told() {
    let case = Case::new();
    let whole = gzip(&sample());
    let text = case.refused(&whole[..whole.len() / 2]);
    assert!(text.starts_with("The archive `a.tar` is damaged: "), "{text}");
    let mut tar = sample();
    tar[520] ^= 1;
    assert!(case.refused(&tar).starts_with("The archive `a.tar` is damaged: "));
    assert!(case.refused(&sample()[..700]).starts_with("The archive `a.tar` is damaged: "));
    assert_eq!(case.refused(&[0; 2048]), "The archive `a.tar` is damaged: it is empty.");
    let error = case.unpack("notes.txt", b"all is well").unwrap_err();
    assert_eq!(error.to_string(), "`notes.txt` is no archive that can be unpacked.");
    assert_eq!(
        case.refused(&gzip(b"not a tar")).split(':').next(),
        Some("The archive `a.tar` is damaged")
    );
}

#[test]
fn what_is_there_is_not_touched() {
    let folder = tempfile::tempdir().unwrap();
    let (archive, into) = (folder.path().join("a.tar"), folder.path().join("tree"));
    fs::write(&archive, sample()).unwrap();
    fs::create_dir(&into).unwrap();
    fs::write(into.join("mine"), "").unwrap();
    unpack(&archive, "a.tar", &into, &Limits::default(), &Watch::silent()).unwrap_err();
    assert_eq!(files(&into), [into.join("mine")]);
}

#[test]
fn archives_of_the_systems_tar_are_read() {
    let folder = tempfile::tempdir().unwrap();
    let tree = folder.path().join("tree-1.0");
    fs::create_dir_all(tree.join("src")).unwrap();
    fs::write(tree.join("src").join("x".repeat(200)), "long").unwrap();
    std::os::unix::fs::symlink("src", tree.join("link")).unwrap();
    for format in ["gnu", "pax", "ustar"] {
        let archive = folder.path().join(format!("{format}.tar.gz"));
        let path: &Path = tree.file_name().unwrap().as_ref();
        let mut made = std::process::Command::new("tar");
        made.arg(format!("--format={format}")).arg("-czf").arg(&archive).arg(path);
        if format == "ustar" {
            made.arg("--exclude=x*");
        }
        if !made.current_dir(&folder).status().is_ok_and(|status| status.success()) {
            println!("skipped: this machine has no GNU tar");
            return;
        }
        let into = folder.path().join(format);
        unpack(&archive, "a.tar.gz", &into, &Limits::default(), &Watch::silent()).unwrap();
        assert_eq!(fs::read_link(into.join("link")).unwrap(), Path::new("src"));
        let long = into.join("src").join("x".repeat(200));
        assert_eq!(long.exists(), format != "ustar", "{format}");
    }
}
