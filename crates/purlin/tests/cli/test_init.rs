use crate::folder;

#[test]
fn init_makes_a_workspace_that_runs() {
    let folder = folder();
    folder.succeed(&["init", "--name", "studio"]);
    assert!(folder.read("purlin.toml").contains("name = \"studio\""));
    assert!(folder.read("purlin.lock").contains("\nid = \""));
    assert_eq!(folder.succeed(&["run"]).stdout, "hello from purlin\n");
    folder.succeed(&["check"]);
}

#[test]
fn init_leaves_a_workspace_alone() {
    let folder = folder();
    folder.write("purlin.toml", "# mine\n");
    let refused = folder.fail(2, &["init"]);
    insta::assert_snapshot!(refused.stable_stderr(), @"
    error: there is a purlin.toml here already
     |
     = It was left as it is.
     = help: edit it, or run `purlin init` in another folder
    ");
    assert_eq!(folder.read("purlin.toml"), "# mine\n");
}
