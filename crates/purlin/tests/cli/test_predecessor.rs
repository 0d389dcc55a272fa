//! What was seen to go wrong in the runner before this one, and must not here. Where a test of
//! another theme disproves it already, [`ELSEWHERE`] names that.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::workspace;

/// What went wrong, and the module and the test that disprove it.
const ELSEWHERE: [(&str, &str, &str); 13] = [
    (
        "the key is taken after the run",
        "test_run_in_place",
        "what_ran_while_its_input_changed_is_not_kept",
    ),
    (
        "one entry per command",
        "test_run_files",
        "every_change_of_a_file_counts_and_going_back_hits",
    ),
    ("a crash without git", "test_run_files", "git_is_not_needed"),
    (
        "a crash on directory artifacts",
        "test_run_outputs",
        "outputs_are_made_equal_to_what_was_kept",
    ),
    ("a crash on `${HOME}`", "test_bad_programs", "braces_and_dollars_in_commands_stay"),
    (
        "the second edit of a non-ASCII name is missed",
        "test_run_files",
        "the_second_edit_of_a_file_with_any_name_is_seen",
    ),
    ("mode bits are missed", "test_run_files", "every_change_of_a_file_counts_and_going_back_hits"),
    (
        "exit 0 after a SIGKILL when another passed",
        "test_run_graph",
        "a_command_that_a_signal_ended_has_failed",
    ),
    (
        "a chain through git-ignored outputs is stale",
        "test_run_graph",
        "a_chain_through_ignored_outputs_is_never_stale",
    ),
    (
        "terminal markup in output is interpreted",
        "test_bad_programs",
        "markup_in_output_comes_through_byte_for_byte",
    ),
    (
        "a cache that cannot be reached fails the run",
        "test_bad_cache",
        "a_cache_folder_that_cannot_be_written",
    ),
    (
        "the last of two plugins with one type wins silently",
        "test_contested",
        "two_plugins_with_one_dependency_type",
    ),
    (
        "the dotenv files of one space reach commands of another",
        "test_spaces",
        "the_files_of_one_space_reach_no_other",
    ),
];

#[test]
fn what_is_disproved_elsewhere_is_there() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cli");
    for (what, module, test) in ELSEWHERE {
        let text = fs::read_to_string(folder.join(format!("{module}.rs"))).expect("there is one");
        assert!(text.contains(&format!("#[test]\nfn {test}() {{")), "{what}: {module}::{test}");
    }
}

#[test]
fn a_truncated_artifact_is_not_restored() {
    let workspace = workspace(
        "[commands.make]\nexec = 'cp in.txt out.txt; echo run >> runs'\ndeps = ['in.txt']\nartifacts = ['out.txt']",
    );
    workspace.write("in.txt", "the whole content\n");
    workspace.succeed(&["run"]);
    fs::remove_file(workspace.path("out.txt")).expect("it was made");
    let blobs = workspace.cache().join("store/v1/blobs");
    let truncate = "find \"$1\" -type f -size +0 -exec truncate -s 5 {} +";
    let done = Command::new("sh").args(["-c", truncate, "sh"]).arg(blobs).status();
    assert!(done.expect("there is a shell").success());
    let told = workspace.succeed(&["run"]);
    assert!(told.stderr.contains("is damaged, so it runs again"), "{told}");
    assert_eq!(
        (workspace.read("out.txt").as_str(), workspace.lines("runs")),
        ("the whole content\n", 2)
    );
}

#[test]
fn a_hit_in_a_second_clone_does_not_write_into_the_first() {
    let workspace = workspace(
        "[commands.make]\nexec = '''mkdir -p \"{root}/out\"; cp in.txt \"{root}/out/a\"'''\ndeps = ['in.txt']\nartifacts = ['out']",
    );
    workspace.write("in.txt", "one");
    workspace.succeed(&["run"]);
    let second = workspace.base().join("second");
    fs::create_dir(&second).expect("the folder is the test's own");
    for name in ["purlin.toml", "in.txt"] {
        fs::copy(workspace.path(name), second.join(name)).expect("it is there");
    }
    fs::remove_dir_all(workspace.path("out")).expect("it was made");
    let run = workspace.finish(workspace.command(&["run", "--json"]).current_dir(&second));
    assert_eq!(run.settled("make").as_deref(), Some("cached"), "{run}");
    assert_eq!(fs::read_to_string(second.join("out/a")).expect("it is restored"), "one");
    assert!(!workspace.path("out").exists(), "{run}");
    // The other way round, too, and with the record of the one that ran.
    fs::remove_dir_all(second.join("out")).expect("it was restored");
    workspace.succeed(&["run"]);
    assert_eq!(workspace.read("out/a"), "one");
    assert!(!second.join("out").exists());
}

#[test]
fn ids_that_are_shortened_alike_do_not_collide() {
    let name = |end: &str| format!("a-name-of-which-the-first-forty-characters-are-alike-{end}");
    let command = |end: &str| {
        format!(
            "[commands.{}]\nexec = 'echo {end}; rm -rf {end}; mkdir {end}; cp in.txt {end}/$(cat in.txt)'\ndeps = ['in.txt']\nartifacts = ['{end}']\n",
            name(end)
        )
    };
    let workspace = workspace(&format!("{}{}", command("left"), command("right")));
    for content in ["one", "two", "one", "two"] {
        workspace.write("in.txt", content);
        let run = workspace.succeed(&["run", "--json"]);
        let events = run.json_lines();
        for end in ["left", "right"] {
            let own =
                |event: &&serde_json::Value| event["id"] == name(end) && event["event"] == "output";
            let said: Vec<_> = events.iter().filter(own).map(|event| &event["text"]).collect();
            assert_eq!(said, [&format!("{end}\n")], "{run}");
            let there = fs::read_dir(workspace.path(end)).expect("it is made");
            let there: Vec<_> =
                there.map(|entry| entry.expect("it is there").file_name()).collect();
            assert_eq!(there, [content], "{run}");
        }
    }
}

#[test]
fn an_install_is_not_cached_when_what_it_installed_is_gone() {
    let workspace = workspace(
        "[commands.install]\nexec = 'mkdir -p .venv/bin; echo exit > .venv/bin/python; chmod +x .venv/bin/python'\ndeps = ['requirements.txt']\nartifacts = ['.venv']\n[commands.test]\nexec = '.venv/bin/python'\ndeps = ['command:install']",
    );
    workspace.write("requirements.txt", "");
    workspace.write(".gitignore", ".venv\n");
    workspace.succeed(&["run", "install"]);
    fs::remove_dir_all(workspace.path(".venv")).expect("it was made");
    workspace.succeed(&["run", "install"]);
    assert!(workspace.path(".venv/bin/python").exists());
    fs::remove_file(workspace.path(".venv/bin/python")).expect("it is restored");
    workspace.succeed(&["run", "test"]);
}
