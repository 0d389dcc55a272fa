//! Each check is proved by a plugin that violates it and nothing else.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::OnceLock;
use std::time::Duration;

use purlin_process::{Launch, Limits, Programs, Sandbox};
use semver::Version;

use super::*;

mod evaluated;
mod model;

/// The checks that a report says have failed.
fn failures(report: &[Verdict]) -> BTreeSet<&'static str> {
    let failed = report.iter().filter(|one| matches!(one.outcome, Outcome::Failed(_)));
    failed.map(|verdict| verdict.check.id).collect()
}

fn shown(report: &[Verdict]) -> String {
    let line = |verdict: &Verdict| {
        format!("{} {:?}: {:?}\n", verdict.check.id, verdict.feature, verdict.outcome)
    };
    report.iter().map(line).collect()
}

fn passes_all(subject: &Subject<'_>) {
    let report = test(subject);
    let all = report.iter().all(|verdict| verdict.outcome == Outcome::Passed);
    assert!(all && !report.is_empty(), "{}", shown(&report));
}

/// The real interpreter: a shim takes as long to start as the checks of time allow.
fn python() -> PathBuf {
    static PYTHON: OnceLock<PathBuf> = OnceLock::new();
    let found = PYTHON.get_or_init(|| {
        let output = std::process::Command::new("python3")
            .args(["-I", "-c", "import os, sys; print(os.path.realpath(sys.executable))"])
            .output()
            .expect("the tests need python3");
        String::from_utf8(output.stdout).expect("a path").trim().into()
    });
    found.clone()
}

/// A process whose only fault is the one that is named.
fn violator(fault: &str) -> Subject<'static> {
    let launch = Launch {
        plugin: "violator".to_owned(),
        version: Version::new(1, 0, 0),
        purlin: Version::new(0, 1, 0),
        folder: std::env::temp_dir(),
        argv: vec![
            python().into(),
            "-IS".into(),
            "-c".into(),
            model::VIOLATOR.into(),
            fault.into(),
        ],
        environment: Vec::new(),
        config: serde_json::Value::Null,
        root: None,
        provides: vec![(purlin_plugin::Point::Hook, "run.finished".to_owned())],
        programs: Programs::default(),
        limits: Limits { grace: Duration::from_millis(500), ..Limits::default() },
        exchange: None,
        sandbox: Sandbox { read: vec![Path::new("/").to_owned()], ..Sandbox::default() },
    };
    Subject {
        manifest: Source::new("violator/plugin.toml", model::VIOLATOR_MANIFEST),
        text_of: Box::new(|_| None),
        folder: None,
        places: None,
        code: Some(Code::Process(Arc::new(move |_, _| Running::new(launch.clone(), &[])))),
        variables: BTreeMap::new(),
    }
}

fn is_native(check: &Check) -> bool {
    check.about != About::Process
}

#[test]
fn a_plugin_that_holds_to_everything_passes_everything() {
    let subject = model::subject("");
    passes_all(&subject);
    let checks: BTreeSet<&str> = test(&subject).iter().map(|verdict| verdict.check.id).collect();
    let all = CHECKS.iter().filter(|check| is_native(check)).map(|check| check.id);
    assert_eq!(checks, all.collect(), "the model has something of every point");
}

#[test]
fn a_process_that_holds_to_everything_passes_everything() {
    passes_all(&violator(""));
}

#[test]
fn each_check_is_failed_by_the_plugin_that_violates_it_and_by_no_other() {
    std::thread::scope(|scope| {
        for check in CHECKS.iter().filter(|check| is_native(check)) {
            scope.spawn(move || {
                let report = test(&model::subject(check.id));
                assert_eq!(failures(&report), BTreeSet::from([check.id]), "{}", shown(&report));
            });
        }
    });
}

#[test]
fn each_check_of_processes_is_failed_by_the_one_that_violates_it_and_by_no_other() {
    std::thread::scope(|scope| {
        for check in CHECKS.iter().filter(|check| !is_native(check)) {
            scope.spawn(move || {
                let report = test(&violator(check.id));
                assert_eq!(failures(&report), BTreeSet::from([check.id]), "{}", shown(&report));
            });
        }
    });
}

#[test]
fn ids_are_unique_and_begin_with_what_they_are_about() {
    let ids: BTreeSet<&str> = CHECKS.iter().map(|check| check.id).collect();
    assert_eq!(ids.len(), CHECKS.len());
    for check in CHECKS {
        let start = match check.about {
            About::Plugin => String::new(),
            About::Process => "process.".to_owned(),
            About::Point(point) => format!("{point}."),
        };
        assert!(check.id.starts_with(&start), "{}", check.id);
        assert!(check.sentence.ends_with('.'), "{}", check.sentence);
    }
}

#[test]
fn what_cannot_be_asked_is_skipped_with_the_reason() {
    let mut subject = model::subject("");
    subject.text_of = Box::new(|path| match path {
        CASES_FILE => Some("[[cache.shelf]]\nconfig = { url = '{env.SHELF}' }\n".to_owned()),
        path => model::text_of(path),
    });
    let skipped = |subject: &Subject<'_>| {
        let report = test(subject);
        assert_eq!(failures(&report), BTreeSet::new(), "{}", shown(&report));
        let why = |id: &str| {
            let verdict = report.iter().find(|one| one.check.id == id).unwrap();
            verdict.outcome.clone()
        };
        (why("cache.opens"), why("argument.answers"))
    };
    assert_eq!(
        skipped(&subject),
        (
            Outcome::Skipped("the process variable SHELF is not set".to_owned()),
            Outcome::Skipped("`tests/cases.toml` has no case for it".to_owned()),
        )
    );
    subject.variables.insert("SHELF".to_owned(), "memory".to_owned());
    assert_eq!(skipped(&subject).0, Outcome::Passed);
}

#[test]
fn a_manifest_that_cannot_be_read_is_one_failure() {
    let mut subject = model::subject("");
    subject.manifest = Source::new("p/plugin.toml", "[plugin\n");
    assert_eq!(failures(&test(&subject)), BTreeSet::from(["manifest"]));
}
