//! Projects from git repositories: fetched once, pinned, and never moved without somebody's doing.

#![expect(clippy::unwrap_used, reason = "a helper of a test fails as the test does")]

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use purlin_test::{Finished, Workspace};

use crate::workspace;

/// A repository of somebody else's.
struct Repository {
    folder: PathBuf,
}

impl Repository {
    /// One beside the workspace, with a project that has a package of version 1.
    fn new(workspace: &Workspace, name: &str) -> Self {
        let made = Self { folder: workspace.base().join("repositories").join(name) };
        fs::create_dir_all(&made.folder).unwrap();
        made.git(&["init", "--quiet", "--initial-branch=main"]);
        made.commit_version(name, "1");
        made
    }

    fn git(&self, arguments: &[&str]) -> String {
        let mut command = Command::new("git");
        command.arg("-C").arg(&self.folder).args(arguments).env_clear();
        command.env("PATH", std::env::var_os("PATH").unwrap()).env("HOME", &self.folder);
        for role in ["AUTHOR", "COMMITTER"] {
            command.env(format!("GIT_{role}_NAME"), "someone");
            command.env(format!("GIT_{role}_EMAIL"), "someone@example.com");
        }
        let output = command.output().unwrap();
        let told = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{arguments:?}: {told}");
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }

    fn write(&self, path: &str, text: &str) {
        let path = self.folder.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn commit(&self) -> String {
        self.git(&["add", "--all"]);
        self.git(&["commit", "--quiet", "--message=more"]);
        self.git(&["rev-parse", "HEAD"])
    }

    fn commit_version(&self, name: &str, version: &str) -> String {
        self.write(
            "purlin.toml",
            &project(name, &format!("[packages.rope]\nversion = '{version}'\n")),
        );
        self.commit()
    }

    /// Its address as git's own protocol has it.
    fn url(&self) -> String {
        format!("file://{}", self.folder.display())
    }
}

fn project(name: &str, rest: &str) -> String {
    format!("[workspace]\nname = '{name}'\nsystems = ['x86_64-linux']\n{rest}")
}

/// A workspace that is made of the project `lib` of a repository, as `entry` says.
fn using(workspace: &Workspace, entry: &str) {
    workspace.write("purlin.toml", project("root", &format!("[projects]\nlib = {{ {entry} }}\n")));
}

fn made() -> (Workspace, Repository) {
    let workspace = workspace("");
    let repository = Repository::new(&workspace, "lib");
    using(&workspace, &format!("git = '{}', rev = 'main'", repository.url()));
    (workspace, repository)
}

const LIB: &[&str] = &["show", "legacyPackages.x86_64-linux.lib.rope", "--json"];

#[track_caller]
fn version(run: &Finished) -> String {
    assert_eq!(run.code, Some(0), "{run}");
    run.json()["version"].as_str().unwrap().to_owned()
}

/// A run that finds no git: whoever starts it fails.
fn without_git(workspace: &Workspace, arguments: &[&str]) -> Finished {
    workspace.finish(workspace.command(arguments).env("PATH", "/nowhere"))
}

/// The lock file without what is different in each workspace.
fn pins(workspace: &Workspace) -> String {
    let text = fs::read_to_string(workspace.path("purlin.lock")).unwrap_or_default();
    let lines = text.lines().filter(|line| !line.starts_with("id = ") && !line.starts_with('#'));
    lines.map(|line| format!("{line}\n")).collect()
}

/// The commits that are kept, and what else lies there but for who uses them.
fn kept(workspace: &Workspace) -> BTreeSet<String> {
    let entries = fs::read_dir(workspace.cache().join("projects")).into_iter().flatten();
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    names.filter(|name| name != "roots").collect()
}

#[test]
fn the_first_verb_fetches_and_pins_and_the_next_starts_no_process() {
    let (workspace, repository) = made();
    let commit = repository.git(&["rev-parse", "HEAD"]);
    assert_eq!(without_git(&workspace, LIB).code, Some(2));
    let first = workspace.succeed(LIB);
    assert_eq!((version(&first), first.stderr.as_str()), ("1".to_owned(), ""));
    let url = repository.url();
    let pinned = format!(
        "version = 1\n\n[projects.lib]\ncommit = \"{commit}\"\ngit = \"{url}\"\nrev = \"main\"\n\n[workspace]\n"
    );
    assert_eq!(pins(&workspace), pinned);
    assert_eq!(kept(&workspace), [commit.clone()].into());

    repository.commit_version("lib", "2");
    for verb in [LIB, &["show"], &["check"], &["explain", "legacyPackages.x86_64-linux.lib.rope"]] {
        let run = without_git(&workspace, verb);
        assert_eq!((run.code, run.stderr.as_str()), (Some(0), ""), "{run}");
    }
    for flag in ["--locked", "--offline"] {
        assert_eq!(version(&without_git(&workspace, &[LIB, &[flag]].concat())), "1");
    }
    assert_eq!(pins(&workspace), pinned, "a branch that moves moves no pin");
    // Somebody else's machine.
    fs::remove_dir_all(workspace.cache().join("projects")).unwrap();
    assert_eq!(version(&workspace.succeed(&[LIB, &["--locked"]].concat())), "1");
    assert_eq!((pins(&workspace), kept(&workspace)), (pinned, [commit].into()));
}

#[test]
fn what_was_fetched_knows_when_its_commit_was_made() {
    let (workspace, repository) = made();
    repository.write(
        "purlin.star",
        "def time(inputs):\n    return inputs.self.last_modified\ndefinitions = {'lib': {'time': time}}\n",
    );
    repository.commit();
    let time = repository.git(&["show", "--no-patch", "--format=%ct"]);
    for _ in 0..2 {
        assert_eq!(workspace.succeed(&["show", "lib.lib.time"]).stdout.trim(), time);
    }
    assert_eq!(without_git(&workspace, &["show", "lib.lib.time"]).stdout.trim(), time);
}

#[test]
fn check_fetches_too_and_who_wrote_it_can_be_opened() {
    let (workspace, _repository) = made();
    workspace.succeed(&["check"]);
    let path = "legacyPackages.x86_64-linux.lib.rope";
    let told = workspace.succeed(&["explain", path, "--json"]).json();
    let file = PathBuf::from(told["winner"]["file"].as_str().unwrap());
    assert!(file.is_absolute() && file.starts_with(workspace.cache()), "{told}");
    let mode = file.metadata().unwrap().permissions().mode();
    assert_eq!(mode & 0o222, 0, "{mode:o}: nobody edits it by mistake");
}

#[test]
fn branches_tags_commits_and_the_head_can_be_named() {
    let (workspace, repository) = made();
    let first = repository.git(&["rev-parse", "HEAD"]);
    repository.git(&["tag", "--annotate", "--message=one", "v1"]);
    repository.commit_version("lib", "2");
    repository.git(&["checkout", "--quiet", "-b", "feature/x"]);
    repository.commit_version("lib", "3");
    repository.git(&["checkout", "--quiet", "main"]);
    let short = &first[..9];
    for address in [
        repository.url(),
        repository.folder.display().to_string(),
        "../repositories/lib".to_owned(),
    ] {
        for (rev, wanted) in
            [("main", "2"), ("v1", "1"), ("feature/x", "3"), (&first, "1"), (short, "1"), ("", "2")]
        {
            let _ = fs::remove_file(workspace.path("purlin.lock"));
            let _ = fs::remove_dir_all(workspace.cache().join("projects"));
            let entry = match rev {
                "" => format!("git = '{address}'"),
                rev => format!("git = '{address}', rev = '{rev}'"),
            };
            using(&workspace, &entry);
            let run = workspace.succeed(LIB);
            assert_eq!(version(&run), wanted, "{entry}: {run}");
        }
    }
}

#[test]
fn another_revision_is_pinned_anew_and_that_is_said() {
    let (workspace, repository) = made();
    workspace.succeed(LIB);
    repository.commit_version("lib", "2");
    repository.git(&["tag", "v2"]);
    using(&workspace, "git = '../repositories/lib', rev = 'v2'");
    let before = pins(&workspace);

    let locked = workspace.fail(2, &[LIB, &["--locked"]].concat());
    insta::assert_snapshot!(locked.stable_stderr(), @r#"{"diagnostics":[{"code":"locked","detail":"The project `lib` is pinned for `main` of file://[TEST]/repositories/lib.","help":"run the verb without `--locked`, and commit the file","labels":[{"column":15,"file":"purlin.toml","line":5,"text":"from this repository"}],"severity":"error","summary":"purlin.lock would have to change, which `--locked` forbids"}]}"#);
    let offline = workspace.fail(2, &[LIB, &["--offline"]].concat());
    insta::assert_snapshot!(offline.stable_stderr(), @r#"{"diagnostics":[{"code":"offline","detail":"Missing: `v2` of ../repositories/lib, which is not pinned.","help":"run the verb once without `--offline`","labels":[{"column":15,"file":"purlin.toml","line":5,"text":"from this repository"}],"severity":"error","summary":"the project `lib` is not here, and `--offline` fetches nothing"}]}"#);
    assert_eq!(pins(&workspace), before);

    let run = workspace.succeed(LIB);
    assert_eq!(version(&run), "2");
    insta::assert_snapshot!(run.stable_stderr(), @r#"{"diagnostics":[{"code":"lock-changed","detail":"project `lib`: `main` of file://[TEST]/repositories/lib → `v2` of ../repositories/lib, commit [HASH] → [HASH]","help":"commit it with the change that it belongs to","labels":[],"severity":"note","summary":"purlin.lock was changed"}]}"#);
    assert_eq!(workspace.succeed(LIB).stderr, "");
}

#[test]
fn a_branch_that_moved_is_followed_when_somebody_says_so() {
    let (workspace, repository) = made();
    let (url, path) = (repository.url(), "legacyPackages.x86_64-linux.lib.rope");
    let two = format!(
        "[projects]\nlib = {{ git = '{url}', rev = 'main' }}\nother = {{ git = '{url}', rev = 'main' }}\n"
    );
    workspace.write("purlin.toml", project("root", &two));
    workspace.succeed(LIB);
    let before = pins(&workspace);
    let commit = repository.commit_version("lib", "2");
    assert_eq!(version(&workspace.succeed(LIB)), "1");
    let run = workspace.succeed(&["build", path, "--update", "lib"]);
    assert!(run.stderr.contains("project `lib`: commit"), "{run}");
    let after = pins(&workspace);
    assert_eq!(after.matches(&commit).count(), 2, "one revision is one commit: {after}");
    assert_ne!(before, after);
    assert_eq!(version(&without_git(&workspace, &[LIB, &["--locked"]].concat())), "2");
    let again = workspace.succeed(&["build", path, "--update", "other"]);
    assert!(!again.stderr.contains("lock"), "nothing has moved: {again}");
    assert_eq!(pins(&workspace), after);
}

#[test]
fn locked_and_offline_fail_where_nothing_is_pinned_or_here() {
    let (workspace, repository) = made();
    using(&workspace, "git = '../repositories/lib', rev = 'main'");
    for verb in [&["show"][..], &["check"]] {
        let failed = workspace.fail(2, &[verb, &["--locked"]].concat());
        assert!(failed.stderr.contains("The project `lib` has no pin."), "{failed}");
        let failed = workspace.fail(2, &[verb, &["--offline"]].concat());
        assert!(failed.stderr.contains("Missing: `main` of ../repositories/lib"), "{failed}");
    }
    assert_eq!((pins(&workspace).as_str(), kept(&workspace).len()), ("", 0));

    workspace.succeed(LIB);
    fs::remove_dir_all(workspace.cache().join("projects")).unwrap();
    let failed = workspace.fail(2, &["show", "--offline"]);
    insta::assert_snapshot!(failed.stable_stderr(), @r"
    error: the project `lib` is not here, and `--offline` fetches nothing
     --> purlin.toml:5:15
      |
    5 | lib = { git = '../repositories/lib', rev = 'main' }
      |               ^^^^^^^^^^^^^^^^^^^^^ from this repository
      |
     ::: purlin.lock:4:11
      |
    4 | [projects.lib]
      |           --- pinned here
      |
      = Missing: commit [HASH] of ../repositories/lib.
      = help: run the verb once without `--offline`
    ");

    fs::remove_dir_all(&repository.folder).unwrap();
    let failed = workspace.fail(2, &["show"]);
    insta::assert_snapshot!(failed.stable_stderr(), @r"
    error: the project `lib` cannot be fetched
     --> purlin.toml:5:15
      |
    5 | lib = { git = '../repositories/lib', rev = 'main' }
      |               ^^^^^^^^^^^^^^^^^^^^^ from this repository
      |
     ::: purlin.lock:4:11
      |
    4 | [projects.lib]
      |           --- pinned here
      |
      = fatal: '[TEST]/workspace/../repositories/lib' does not appear to be a git repository
        fatal: Could not read from remote repository.
        Please make sure you have the correct access rights
        and the repository exists.
      = help: `git ls-remote` with this address shows what is there to fetch
    ");
}

#[test]
fn what_cannot_be_fetched_is_told_in_gits_words() {
    let (workspace, _repository) = made();
    using(&workspace, "git = '../repositories/lib', rev = 'nope'");
    insta::assert_snapshot!(workspace.fail(2, &["show"]).stable_stderr(), @r"
    error: the project `lib` cannot be fetched
     --> purlin.toml:5:15
      |
    5 | lib = { git = '../repositories/lib', rev = 'nope' }
      |               ^^^^^^^^^^^^^^^^^^^^^ from this repository
      |
      = fatal: couldn't find remote ref nope
      = help: `git ls-remote` with this address shows what is there to fetch
    ");
    using(&workspace, "git = '../repositories/none'");
    let failed = workspace.fail(2, &["show"]);
    assert!(failed.stderr.contains("does not appear to be a git repository"), "{failed}");
    assert_eq!((pins(&workspace).as_str(), kept(&workspace).len()), ("", 0));
}

#[test]
fn addresses_that_are_options_or_programs_are_refused() {
    let (workspace, _repository) = made();
    for (entry, why) in [
        ("git = '--upload-pack=touch ran'", "This is no address of a repository."),
        ("git = 'ext::touch ran'", "Programs that bring repositories are not run."),
        ("git = 'ssh://-oProxyCommand=touch ran/x'", "This is no address of a repository."),
        ("git = '../repositories/lib', rev = '--upload-pack=touch ran'", "It is the name of no"),
        ("git = '../repositories/lib', rev = 'main:refs/heads/x'", "It is the name of no"),
        ("git = 'x', path = 'y'", "is in two places"),
        ("path = 'y', rev = 'main'", "has a revision, and no repository"),
    ] {
        using(&workspace, entry);
        let failed = workspace.fail(2, &["show"]);
        assert!(failed.stderr.contains(why) && failed.stderr.contains("purlin.toml:5"), "{failed}");
        assert!(!workspace.path("ran").exists());
    }
    using(&workspace, "git = 'ext::touch ran'");
    insta::assert_snapshot!(workspace.fail(2, &["show"]).stable_stderr(), @r"
    error: the project `lib` cannot be fetched: `ext::touch ran` is refused
     --> purlin.toml:5:15
      |
    5 | lib = { git = 'ext::touch ran' }
      |               ^^^^^^^^^^^^^^^^ written here
      |
      = Programs that bring repositories are not run.
    ");
}

#[test]
fn nothing_of_a_repository_or_of_the_user_is_run() {
    let (workspace, repository) = made();
    let ran = workspace.path("ran");
    let touch = format!("touch {}", ran.display());
    repository.write(".gitattributes", "* filter=evil text eol=crlf export-ignore\n");
    repository.write("bin/tool", "#!/bin/sh\n");
    fs::set_permissions(repository.folder.join("bin/tool"), fs::Permissions::from_mode(0o755))
        .unwrap();
    let commit = repository.commit();
    let template = workspace.base().join("home/template/hooks");
    fs::create_dir_all(&template).unwrap();
    for hook in ["reference-transaction", "post-checkout", "post-merge"] {
        let path = template.join(hook);
        fs::write(&path, format!("#!/bin/sh\n{touch}\n")).unwrap();
        fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
    }
    let hooks = template.display();
    let settings = format!(
        "[init]\ntemplateDir = {}\n[core]\nhooksPath = {hooks}\n[filter \"evil\"]\nsmudge = {touch}\nclean = {touch}\nrequired = true\n",
        template.parent().unwrap().display()
    );
    fs::write(workspace.base().join("home/.gitconfig"), settings).unwrap();
    workspace.succeed(&["show"]);
    assert!(!ran.exists());
    let tree = workspace.cache().join("projects").join(commit).join("tree");
    assert!(fs::read_to_string(tree.join("purlin.toml")).unwrap().contains("'lib'\nsystems"));
    assert_eq!(tree.join("bin/tool").metadata().unwrap().permissions().mode() & 0o777, 0o555);
}

#[test]
fn a_repository_without_a_project_is_told() {
    let (workspace, repository) = made();
    repository.git(&["mv", "purlin.toml", "other.toml"]);
    repository.commit();
    using(&workspace, "git = '../repositories/lib', rev = 'main'");
    insta::assert_snapshot!(workspace.fail(2, &["show"]).stable_stderr(), @r"
    error: there is no project in the repository ../repositories/lib
     --> purlin.toml:5:15
      |
    5 | lib = { git = '../repositories/lib', rev = 'main' }
      |               ^^^^^^^^^^^^^^^^^^^^^ looked for here
      |
      = A project is a folder with a `purlin.toml`.
      = help: `rev` names the branch, tag or commit that has the file
    ");
}

#[test]
fn links_stay_in_the_project_and_submodules_outside() {
    let (workspace, repository) = made();
    let secret = workspace.base().join("secret");
    fs::write(&secret, "x").unwrap();
    repository.write("pkgs/inner.toml", "version = '7'\n");
    for (name, target) in [
        ("inside", "pkgs/inner.toml"),
        ("outside", secret.to_str().unwrap()),
        ("above", "../../../../secret"),
        ("deep/down/root", "../.."),
        ("hop", "deep/down/root/deep/down/root/../../../../secret"),
        ("deep/up", "../pkgs"),
    ] {
        let path = repository.folder.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        symlink(target, path).unwrap();
    }
    repository.git(&["add", "--all"]);
    let own = repository.git(&["rev-parse", "HEAD"]);
    repository.git(&["update-index", "--add", "--cacheinfo", &format!("160000,{own},module")]);
    repository.git(&["commit", "--quiet", "--message=links"]);
    let commit = repository.git(&["rev-parse", "HEAD"]);
    workspace.succeed(LIB);
    let tree = workspace.cache().join("projects").join(commit).join("tree");
    let there = |name: &str| tree.join(name).symlink_metadata().is_ok();
    assert!(there("inside") && there("deep/up") && there("deep/down/root"));
    for name in ["outside", "above", "hop", "module"] {
        assert!(!there(name), "{name}");
    }
}

#[test]
fn a_path_leads_no_fetched_project_out_of_its_repository() {
    let (workspace, repository) = made();
    let inner = "[projects]\nnear = { path = 'near' }\nfar = { path = '../../..' }\n";
    repository.write("purlin.toml", &project("lib", inner));
    repository.write("near/purlin.toml", &project("near", "[packages.rope]\nversion = '5'\n"));
    repository.commit();
    let failed = workspace.fail(2, &["show"]);
    assert!(failed.stderr.contains("the project `far` is outside of the repository"), "{failed}");
    assert!(!failed.stderr.contains("near"), "{failed}");
}

#[test]
fn projects_of_a_project_are_pinned_by_the_names_that_lead_to_them() {
    let (workspace, repository) = made();
    let core = Repository::new(&workspace, "core");
    let entry = format!("[projects]\ncore = {{ git = '{}', rev = 'main' }}\n", core.url());
    repository.write("purlin.toml", &project("lib", &entry));
    repository.commit();
    let path = ["show", "legacyPackages.x86_64-linux.lib.core.rope", "--json"];
    assert_eq!(version(&workspace.succeed(&path)), "1");
    assert!(pins(&workspace).contains("\n[projects.\"lib.core\"]\ncommit"), "{}", pins(&workspace));

    // Called by a shorter name, it is still the same revision, which is the same commit.
    core.commit_version("core", "2");
    let both = format!("{entry}lib = {{ git = '{}', rev = 'main' }}\n", repository.url());
    workspace.write("purlin.toml", project("root", &both));
    let path = ["show", "legacyPackages.x86_64-linux.core.rope", "--json"];
    let run = workspace.succeed(&path);
    assert_eq!(version(&run), "1", "{run}");
    assert_eq!(kept(&workspace).len(), 2);
}

#[test]
fn two_names_for_one_commit_are_one_project() {
    let (workspace, repository) = made();
    repository.git(&["tag", "v1"]);
    let commit = repository.git(&["rev-parse", "HEAD"]);
    let url = repository.url();
    let both = format!(
        "[projects]\none = {{ git = '{url}', rev = 'v1' }}\ntwo = {{ git = '../repositories/lib', rev = '{commit}' }}\n[[use]]\nname = 'all-local-resources'\n"
    );
    workspace.write("purlin.toml", project("root", &both));
    workspace.write(
        "pkgs/bell.star",
        "def default(mk_package, rope):\n    return mk_package(version = rope.version)\n",
    );
    let run = workspace.succeed(&["show", "packages.x86_64-linux.bell", "--json"]);
    assert_eq!(version(&run), "1");
    assert_eq!(kept(&workspace).len(), 1);

    // Two commits that define one package are two projects, and in conflict.
    repository.commit_version("lib", "2");
    workspace.write(
        "purlin.toml",
        project("root", &both.replace(&format!("rev = '{commit}'"), "rev = 'main'")),
    );
    let failed = workspace.fail(2, &["show", "packages.x86_64-linux.bell"]);
    assert!(failed.stderr.contains("[choose]"), "{failed}");
    assert_eq!(failed.stderr.matches("/tree/purlin.toml:").count(), 2, "{failed}");
}

#[test]
fn a_damaged_copy_is_fetched_again_with_a_warning() {
    let (workspace, repository) = made();
    workspace.succeed(LIB);
    let commit = repository.git(&["rev-parse", "HEAD"]);
    let folder = workspace.cache().join("projects").join(&commit);
    let file = folder.join("tree/purlin.toml");
    let damages: [&dyn Fn(); 5] = [
        &|| {
            fs::remove_file(&file).unwrap();
            fs::write(&file, project("lib", "[packages.rope]\nversion = '6'\n")).unwrap();
        },
        &|| fs::remove_file(&file).unwrap(),
        &|| {
            fs::create_dir(folder.join("tree/pkgs")).unwrap();
            fs::write(folder.join("tree/pkgs/more.toml"), "").unwrap();
        },
        &|| fs::remove_file(folder.join("digest")).unwrap(),
        &|| {
            fs::remove_dir_all(&folder).unwrap();
            fs::write(&folder, "").unwrap();
        },
    ];
    for damage in damages {
        damage();
        let run = workspace.succeed(LIB);
        assert_eq!(version(&run), "1");
        assert!(
            run.stderr.contains("the copy of the project `lib` in the cache is damaged"),
            "{run}"
        );
        assert_eq!(workspace.succeed(LIB).stderr, "");
        assert_eq!(kept(&workspace), [commit.clone()].into());
    }
    fs::write(folder.join("stamps"), "damaged").unwrap();
    assert_eq!(workspace.succeed(LIB).stderr, "");
}

#[test]
fn what_no_workspace_has_used_last_is_pruned() {
    let (workspace, repository) = made();
    let prune = ["cache", "prune", "--older-than", "0h"];
    let first = repository.git(&["rev-parse", "HEAD"]);
    workspace.succeed(LIB);
    let second = repository.commit_version("lib", "2");
    repository.git(&["tag", "v2"]);
    using(&workspace, &format!("git = '{}', rev = 'v2'", repository.url()));
    workspace.succeed(LIB);
    assert_eq!(kept(&workspace), [first.clone(), second.clone()].into());
    let listed = workspace.succeed(&["cache", "list", "--json"]).json();
    let called: BTreeSet<String> = listed["projects"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| format!("{} {}", one["name"].as_str().unwrap(), one["called"]))
        .collect();
    assert_eq!(called, [format!("{first} []"), format!("{second} [\"lib\"]")].into());

    assert_eq!(workspace.succeed(&["cache", "prune", "--json"]).json()["projects"], 0, "too new");
    assert_eq!(workspace.succeed(&[&prune[..], &["--json"]].concat()).json()["projects"], 1);
    assert_eq!(kept(&workspace), [second.clone()].into());
    assert_eq!(without_git(&workspace, LIB).code, Some(0), "what is used last stays");

    // A workspace that is gone uses nothing.
    let text = workspace.read("purlin.toml");
    fs::remove_file(workspace.path("purlin.toml")).unwrap();
    let run = workspace.succeed(&prune);
    assert!(run.stdout.contains("; 1 project;"), "{run}");
    assert_eq!(kept(&workspace), BTreeSet::new());
    workspace.write("purlin.toml", text);
    assert_eq!(version(&workspace.succeed(&[LIB, &["--locked"]].concat())), "2");

    assert_eq!(workspace.succeed(&["cache", "clear", "--json"]).json()["projects"], 1);
    assert_eq!(kept(&workspace), BTreeSet::new());
}

#[test]
fn where_the_pin_cannot_be_written_definitions_can_be_looked_at() {
    let (workspace, _repository) = made();
    // Where those who write take turns.
    fs::create_dir_all(workspace.cache().join("index")).unwrap();
    fs::write(workspace.cache().join("index/locks"), "").unwrap();
    let run = workspace.succeed(LIB);
    assert_eq!(version(&run), "1");
    assert!(run.stderr.contains("purlin.lock cannot be written"), "{run}");
    assert_eq!(pins(&workspace), "");
}

#[test]
fn two_at_once_agree() {
    let (workspace, repository) = made();
    for round in 2..6 {
        let _ = fs::remove_file(workspace.path("purlin.lock"));
        repository.commit_version("lib", &round.to_string());
        let start = || {
            let mut command = workspace.command(LIB);
            command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
        };
        let children = [start(), start(), start()];
        for child in children {
            let run = workspace.finished(child);
            assert_eq!((version(&run), run.stderr.as_str()), (round.to_string(), ""));
        }
    }
    assert_eq!(kept(&workspace).len(), 4);
}

/// The points that fetching passes, and those when what is there is damaged.
pub(crate) fn points() -> Vec<String> {
    let (workspace, _repository) = made();
    let log = workspace.base().join("points");
    for _ in 0..2 {
        workspace.finish(workspace.command(LIB).env("PURLIN_FAULT_LOG", &log));
        damage(&workspace.cache().join("projects"));
    }
    fs::read_to_string(&log).unwrap().lines().map(str::to_owned).collect()
}

fn damage(projects: &Path) {
    for entry in fs::read_dir(projects).unwrap() {
        let folder = entry.unwrap().path();
        if !folder.ends_with("roots") {
            fs::remove_file(folder.join("tree/purlin.toml")).unwrap();
        }
    }
}

#[test]
fn a_death_at_any_point_leaves_the_old_state_or_the_new_one() {
    let (workspace, repository) = made();
    let commit = repository.git(&["rev-parse", "HEAD"]);
    let projects = workspace.cache().join("projects");
    for is_damaged in [false, true] {
        let mut number = 0;
        loop {
            number += 1;
            let _ = fs::remove_file(workspace.path("purlin.lock"));
            let _ = fs::remove_dir_all(&projects);
            if is_damaged {
                workspace.succeed(LIB);
                damage(&projects);
            }
            let mut command = workspace.command(LIB);
            let run = workspace.finish(command.env("PURLIN_FAULT", number.to_string()));
            if run.signal != Some(9) {
                assert_eq!(version(&run), "1");
                break;
            }
            if projects.join(&commit).join("tree/purlin.toml").exists() {
                let whole = fs::read_to_string(projects.join(&commit).join("digest")).unwrap();
                assert_eq!(whole.len(), 64, "point {number}");
            }
            assert_eq!(version(&workspace.succeed(LIB)), "1", "point {number}");
            assert_eq!(workspace.succeed(&[LIB, &["--locked"]].concat()).stderr, "");
            // What the dead left goes with the next fetch.
            repository.git(&["tag", "--force", "next"]);
            fs::remove_dir_all(projects.join(&commit)).unwrap();
            workspace.succeed(LIB);
            assert_eq!(kept(&workspace), [commit.clone()].into(), "point {number}");
        }
        assert!(number > 8, "there were {number} points");
    }
}
