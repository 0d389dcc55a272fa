//! Commands that are called otherwise than when they last ran.

use crate::workspace;

/// A command that writes a file named after the content of `in`.
fn document(head: &str) -> String {
    format!(
        "[workspace]\n[spaces.web]\n{head}\nexec = \"rm -f gen/*; mkdir -p gen; touch gen/$(cat in); echo ran >>ran\"\ndeps = ['in']\nartifacts = ['gen/*']\n"
    )
}

fn listed(workspace: &purlin_test::Workspace) -> Vec<String> {
    let entries = std::fs::read_dir(workspace.path("gen")).into_iter().flatten().flatten();
    let names = entries.map(|entry| entry.file_name().to_string_lossy().into_owned());
    let mut names: Vec<String> = names.collect();
    names.sort();
    names
}

#[test]
fn a_renamed_command_knows_its_own_outputs() {
    for head in ["[commands.new]", "[commands.old]\nspace = 'web'"] {
        let workspace = workspace(&document("[commands.old]"));
        workspace.write("in", "a");
        workspace.succeed(&["run"]);
        workspace.write("in", "b");
        workspace.succeed(&["run"]);
        assert_eq!((listed(&workspace), workspace.lines("ran")), (vec!["b".to_owned()], 2));
        workspace.write("purlin.toml", document(head));
        workspace.write("in", "a");
        workspace.succeed(&["run"]);
        assert_eq!(listed(&workspace), ["a"], "{head}: what it wrote before is gone");
        assert_eq!(workspace.lines("ran"), 2, "{head}: nothing runs for a name");
        workspace.write("in", "b");
        workspace.succeed(&["run"]);
        assert_eq!((listed(&workspace), workspace.lines("ran")), (vec!["b".to_owned()], 2));
    }
}

#[test]
fn a_renamed_command_with_an_edit_runs_once_and_is_told_why() {
    let workspace = workspace(&document("[commands.old]"));
    workspace.write("in", "a");
    workspace.succeed(&["run"]);
    workspace.write("purlin.toml", document("[commands.new]").replace("echo ran", "echo run"));
    let told = workspace.succeed(&["run", "--json"]);
    let started = told.json_lines().into_iter().find(|event| event["event"] == "started").unwrap();
    assert_eq!(started["why"], "the program changed");
    let finished = workspace.succeed(&["run", "--json"]);
    assert_eq!(finished.settled("new").as_deref(), Some("cached"));
}

#[test]
fn what_was_edited_by_hand_is_not_removed_under_another_name_either() {
    let workspace = workspace(&document("[commands.old]"));
    for text in ["a", "b", "a"] {
        workspace.write("in", text);
        workspace.succeed(&["run"]);
    }
    workspace.write("purlin.toml", document("[commands.new]"));
    workspace.write("gen/a", "by hand");
    workspace.write("in", "b");
    let finished = workspace.succeed(&["run"]);
    assert_eq!(listed(&workspace), ["a", "b"]);
    assert!(finished.stderr.contains("gen/a was left alone"), "{finished}");
}

#[test]
fn what_commands_wrote_that_go_on_is_theirs() {
    let document = |second: &str| {
        format!(
            "[workspace]\n[commands.a]\nexec = 'mkdir -p gen; touch gen/a'\ndeps = ['in']\nartifacts = ['gen/a']\n{second}"
        )
    };
    let second = |text: &str| {
        document(&format!(
            "[commands.{text}]\nexec = 'rm -f gen/[0-9]; touch gen/$(cat in)'\ndeps = ['in', 'command:a']\nartifacts = ['gen/*']\n"
        ))
    };
    let workspace = workspace("");
    workspace.write("purlin.toml", second("b"));
    for text in ["1", "2", "1"] {
        workspace.write("in", text);
        workspace.succeed(&["run"]);
    }
    workspace.write("purlin.toml", second("c"));
    workspace.write("in", "2");
    workspace.succeed(&["run"]);
    assert_eq!(listed(&workspace), ["2", "a"]);
}

#[test]
fn each_instance_of_a_renamed_command_comes_into_what_is_its_own() {
    let document = |name: &str| {
        format!(
            "[workspace]\n[spaces.s]\nmodules = ['m1', 'm2']\n[commands.{name}]\nexec = 'mkdir -p gen; cp {{module.path}}/text gen/{{module.name}}'\ndeps = ['{{module.path}}/text']\nartifacts = ['gen/*']\n"
        )
    };
    let workspace = workspace(&document("old"));
    for module in ["m1", "m2"] {
        workspace.write(format!("{module}/text"), "one");
    }
    workspace.succeed(&["run"]);
    for (text, alone) in [("one", "m2"), ("two", "m1")] {
        workspace.write("purlin.toml", document(&format!("new-{text}")));
        workspace.write(format!("{alone}/text"), text);
        workspace.succeed(&["run", "-m", alone]);
        assert_eq!(listed(&workspace), ["m1", "m2"], "{alone}");
        let finished = workspace.succeed(&["run"]);
        assert!(finished.stderr.contains("2 cached"), "{finished}");
        assert!(!finished.stderr.contains("restored"), "{finished}");
    }
}
