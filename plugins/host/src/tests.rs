//! The repository with programs of its own, and a host that runs none.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Mutex;

use purlin_plugin::message::{ExecResult, FeatureSummary};

use super::*;

/// Answers for programs, and notes what was asked.
#[derive(Default)]
struct Fake {
    answers: BTreeMap<&'static str, &'static str>,
    asked: Mutex<Vec<String>>,
    memo: Mutex<BTreeMap<String, Json>>,
}

impl Host for Fake {
    fn log(&self, _level: LogLevel, _message: &str) {}

    fn features(&self) -> Vec<FeatureSummary> {
        Vec::new()
    }

    fn exec(&self, request: &ExecRequest) -> Result<ExecResult, PluginError> {
        self.asked.lock().unwrap().push(request.argv.join(" "));
        let stdout = self.answers[&*request.argv[0]].to_owned();
        Ok(ExecResult { status: Some(0), stdout, ..ExecResult::default() })
    }

    fn recall(&self, key: &Json) -> Result<Option<Json>, PluginError> {
        Ok(self.memo.lock().unwrap().get(&key.to_string()).cloned())
    }

    fn remember(&self, key: &Json, value: &Json) -> Result<(), PluginError> {
        self.memo.lock().unwrap().insert(key.to_string(), value.clone());
        Ok(())
    }
}

fn program(folder: &Path, name: &str) {
    let path = folder.join(name);
    fs::write(&path, "#!/bin/sh\n").unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
}

fn context(bin: &Path) -> RepositoryContext {
    RepositoryContext {
        name: "host".to_owned(),
        root: None,
        variables: [("PATH".to_owned(), bin.to_str().unwrap().to_owned())].into(),
    }
}

#[test]
fn the_folder_is_a_plugin() {
    assert_eq!(PLUGIN.check(), []);
}

#[test]
fn versions_are_told_in_many_ways() {
    for (name, told, version) in [
        ("cmake", "cmake version 3.27.1\n\nCMake suite maintained by", "3.27.1"),
        ("cc", "cc (Debian 12.2.0-14+deb12u1) 12.2.0\nCopyright (C) 2022", "12.2.0"),
        ("cc", "Debian clang version 14.0.6\nTarget: x86_64-pc-linux-gnu", "14.0.6"),
        ("cc", "Apple clang version 15.0.0 (clang-1500.3.9.4)", "15.0.0"),
        ("make", "GNU Make 4.3\nBuilt for x86_64-pc-linux-gnu", "4.3"),
        ("perl", "\nThis is perl 5, version 36, subversion 0 (v5.36.0) built for", "5.36.0"),
        ("bash", "GNU bash, version 5.2.15(1)-release (x86_64-pc-linux-gnu)", "5.2.15"),
        ("tar", "tar (GNU tar) 1.34\n", "1.34"),
        ("tar", "bsdtar 3.5.3 - libarchive 3.5.3", "3.5.3"),
        ("rustc", "rustc 1.95.0 (0000000 2026-01-01)", "1.95.0"),
        ("go", "go version go1.22.1 linux/amd64", "1.22.1"),
        ("python", "Python 3.12.1", "3.12.1"),
        ("node", "v20.11.0", "20.11.0"),
        ("unzip", "UnZip 6.00 of 20 April 2009, by Debian.", "6.00"),
        ("git", "git version 2.39.5 (Apple Git-154)", "2.39.5"),
    ] {
        let dir = tempfile::tempdir().unwrap();
        let recipe = RECIPES.iter().find(|recipe| recipe.name == name).unwrap();
        program(dir.path(), recipe.programs[0]);
        let host = Fake { answers: [(recipe.programs[0], told)].into(), ..Fake::default() };
        let found =
            Machine.versions(&[name.to_owned()], &json!({}), &context(dir.path()), &host).unwrap();
        assert_eq!(found[0].version, version, "{told}");
    }
}

#[test]
fn a_program_is_asked_once_and_again_when_it_has_changed() {
    let dir = tempfile::tempdir().unwrap();
    let bin = dir.path().join("bin");
    fs::create_dir(&bin).unwrap();
    program(&bin, "python3");
    let host = Fake { answers: [("python3", "Python 3.12.1")].into(), ..Fake::default() };
    let names = ["python".to_owned(), "cmake".to_owned()];
    let versions = || Machine.versions(&names, &json!({}), &context(&bin), &host).unwrap();
    let first = versions();
    assert_eq!(first.len(), 1, "it has no cmake");
    assert_eq!(versions(), first);
    assert_eq!(*host.asked.lock().unwrap(), ["python3 --version"]);
    let key = PackageKey { name: "python".to_owned(), version: "3.12.1".to_owned() };
    let document = &Machine.packages(&[key], &json!({}), &context(&bin), &host).unwrap()[0];
    assert_eq!(document["root"], dir.path().to_str().unwrap());
    assert_eq!(document["impure"], true);
    assert_eq!(document["digest"], first[0].digest);
    let program_path = bin.join("python3");
    let expected = program_path.to_str().unwrap();
    assert_eq!(document["programs"], json!({ "python3": expected, "python": expected }));
    fs::write(&program_path, "#!/bin/sh\n# another\n").unwrap();
    assert_ne!(versions()[0].digest, first[0].digest);
    assert_eq!(host.asked.lock().unwrap().len(), 2);
}

#[test]
fn a_program_that_tells_no_version_is_there_and_ignored() {
    let dir = tempfile::tempdir().unwrap();
    program(dir.path(), "cmake");
    let host = Fake { answers: [("cmake", "Segmentation fault")].into(), ..Fake::default() };
    let names = ["cmake".to_owned()];
    let found = Machine.versions(&names, &json!({}), &context(dir.path()), &host).unwrap();
    assert_eq!(found[0].version, UNKNOWN);
    let why = found[0].ignored.as_deref().unwrap();
    assert!(why.contains("does not tell its version: it says \"Segmentation fault\""), "{why}");
}
