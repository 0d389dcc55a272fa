//! Artifacts that lie behind links to folders.

use std::fs;
use std::os::unix::fs::symlink;

use crate::workspace;

fn document(artifacts: &str) -> String {
    format!(
        r#"
[commands.a]
exec = "cp in out/f"
deps = ["in"]
artifacts = [{artifacts}]
[commands.b]
exec = "cat out/f >result"
deps = ["command:a"]
artifacts = ["result"]
"#
    )
}

#[test]
fn what_is_named_behind_a_link_is_an_artifact() {
    for artifacts in ["'out/f'", "'out/**'", "'out/*'"] {
        let workspace = workspace(&document(artifacts));
        fs::create_dir(workspace.path("real")).unwrap();
        symlink("real", workspace.path("out")).unwrap();
        workspace.write("in", "one");
        let run = || {
            let finished = workspace.succeed(&["run", "--json"]);
            (finished.settled("a").unwrap(), finished.settled("b").unwrap())
        };
        let both = |how: &str| (how.to_owned(), how.to_owned());
        assert_eq!(run(), both("finished"), "{artifacts}");
        assert_eq!(run(), both("cached"), "{artifacts}");
        workspace.write("in", "two");
        assert_eq!(run(), both("finished"), "{artifacts}");
        assert_eq!(workspace.read("result"), "two");
        workspace.write("in", "one");
        assert_eq!(run(), both("cached"), "{artifacts}");
        assert_eq!(workspace.read("real/f"), "one");
        assert_eq!(workspace.read("result"), "one");
        workspace.write("real/f", "by hand");
        assert_eq!(run(), both("cached"), "{artifacts}");
        assert_eq!(workspace.read("real/f"), "one");
        assert!(workspace.path("out").symlink_metadata().unwrap().is_symlink());
    }
}

#[test]
fn a_link_that_was_there_is_not_kept_as_a_result_and_those_behind_it_are_not_stale() {
    for artifacts in ["'out/'", "'out'", "'out', 'out/f'"] {
        let workspace = workspace(&document(artifacts));
        fs::create_dir(workspace.path("real")).unwrap();
        symlink("real", workspace.path("out")).unwrap();
        for text in ["one", "two", "one"] {
            workspace.write("in", text);
            let finished = workspace.succeed(&["run"]);
            assert_eq!(workspace.read("out/f"), text);
            assert_eq!(workspace.read("result"), text, "{artifacts} {finished}");
            let told =
                "out among its artifacts is a link to a folder: name what is in it, `out/**`";
            assert!(finished.stderr.contains(told), "{finished}");
        }
    }
}

#[test]
fn a_link_that_a_command_makes_is_its_result() {
    let workspace = workspace(
        r#"
[commands.a]
exec = "mkdir -p build && cp in build/f && ln -sfn build latest && ln -sfn src other"
deps = ["in"]
artifacts = ["build/", "latest", "other"]
"#,
    );
    workspace.write("src/x", "");
    workspace.write("in", "one");
    workspace.succeed(&["run"]);
    for path in ["latest", "other"] {
        fs::remove_file(workspace.path(path)).unwrap();
    }
    let finished = workspace.succeed(&["run", "--json"]);
    assert_eq!(finished.settled("a").as_deref(), Some("cached"));
    assert_eq!(fs::read_link(workspace.path("latest")).unwrap().as_os_str(), "build");
    assert_eq!(fs::read_link(workspace.path("other")).unwrap().as_os_str(), "src");
    workspace.succeed(&["run", "-f"]);
    let finished = workspace.succeed(&["run", "--json"]);
    assert_eq!(finished.settled("a").as_deref(), Some("cached"));
}

#[test]
fn a_link_to_the_folder_that_it_is_in_is_not_followed() {
    let workspace = workspace(
        "[commands.a]\nexec = 'true'\ndeps = ['in']\nartifacts = ['up/**', 'in/up/**']\n",
    );
    workspace.write("in/x", "");
    symlink(".", workspace.path("up")).unwrap();
    symlink("..", workspace.path("in/up")).unwrap();
    workspace.succeed(&["run"]);
    let finished = workspace.succeed(&["run", "--json"]);
    assert_eq!(finished.settled("a").as_deref(), Some("cached"));
}
