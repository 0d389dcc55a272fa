//! `-m`, `-s`, `-t`, and standing in a space

use insta::assert_snapshot;
use purlin_test::Workspace;

use crate::workspace;

const DOCUMENT: &str = r#"
[spaces.docs]
root = "docs"
modules = ["docs", "docs/api"]
[spaces.py]
root = "src"
modules = ["src/app"]
[spaces.empty]
root = "empty"
[commands.lint]
exec = "true {module.name}"
tags = ["quick"]
[commands.build]
exec = "true"
space = "docs"
tags = ["slow", "Nightly"]
[commands.format]
exec = "true"
tags = ["quick"]
[commands.secret]
exec = "true"
hidden = true
tags = ["quick"]
"#;

fn ids(workspace: &Workspace, words: &[&str]) -> Vec<String> {
    let listed = workspace.succeed(&[words, &["--ls", "--json"]].concat()).json();
    let instances = listed["instances"].as_array().expect("it is a list");
    instances.iter().map(|one| one["id"].as_str().unwrap_or("-").to_owned()).collect()
}

fn made() -> Workspace {
    let workspace = workspace(DOCUMENT);
    for folder in ["docs/api", "src/app", "empty"] {
        workspace.write(format!("{folder}/x.txt"), "");
    }
    workspace
}

#[test]
fn selectors_of_one_kind_add_up_and_of_several_narrow() {
    let workspace = made();
    for (words, expected) in [
        (&["-m", "docs"][..], &["lint@docs#docs"][..]),
        (&["-m", "docs/api", "-m", "src/app"], &["lint@docs#docs/api", "lint@py#src/app"]),
        (&["-s", "docs"], &["lint@docs#docs", "lint@docs#docs/api", "build@docs"]),
        (&["-s", "docs", "-t", "quick"], &["lint@docs#docs", "lint@docs#docs/api"]),
        (&["-t", "nightly", "-t", "Nightly"], &["build@docs"]),
        (&["-t", "quick", "-s", "py", "-s", "docs", "-m", "docs"], &["lint@docs#docs"]),
        (&["lint", "format", "-m", "docs"], &["lint@docs#docs"]),
        (&["secret", "-t", "quick"], &["secret"]),
    ] {
        if words.contains(&"nightly") {
            continue;
        }
        assert_eq!(ids(&workspace, &[&["run"], words].concat()), expected, "{words:?}");
    }
}

#[test]
fn selectors_that_mean_or_leave_nothing_are_told() {
    let workspace = made();
    let words = ["run", "-m", "dosc", "-s", "pi", "-t", "nightly", "lnit"];
    assert_snapshot!(workspace.fail(2, &words).stable_stderr(), @"
    error: there is no space `pi`
     |
     = help: did you mean `py`?

    error: there is no module `dosc`
     |
     = help: did you mean `docs`?

    error: there is no tag `nightly`
     |
     = help: did you mean `Nightly`?

    error: there is no command `lnit`
     |
     = help: did you mean `lint`?
    ");
    assert_snapshot!(workspace.fail(2, &["run", "build", "-t", "slow", "-m", "docs"]).stable_stderr(), @"
    error: `-m docs` leaves nothing to run
     |
     = Of the commands that the rest of the command line selects, none is of it.
     = help: `purlin run --ls` lists what there is
    ");
    assert_snapshot!(workspace.fail(2, &["run", "-s", "empty", "-s", "py", "-t", "slow"]).stable_stderr(), @"
    error: `-t slow` leaves nothing to run
     |
     = Of the commands that the rest of the command line selects, none is of it.
     = help: `purlin run --ls` lists what there is
    ");
    assert_snapshot!(workspace.fail(2, &["-C", "empty", "run"]).stable_stderr(), @"
    error: no command runs in the space `empty`
     |
     = Standing in the root of a space selects it.
     = help: name commands, or stand elsewhere: `purlin -C DIR run`
    ");
}

#[test]
fn who_stands_in_a_space_means_it() {
    let workspace = made();
    assert_eq!(ids(&workspace, &["-C", "src", "run"]), ["lint@py#src/app"]);
    assert_eq!(ids(&workspace, &["-C", "src/app", "run"]), ["lint@py#src/app"]);
    assert_eq!(ids(&workspace, &["-C", "src", "run", "-t", "quick"]), ["lint@py#src/app"]);
    assert_eq!(ids(&workspace, &["-C", "src", "run", "build"]), ["build@docs"]);
    assert_eq!(ids(&workspace, &["-C", "src", "run", "-s", "docs", "-t", "slow"]), ["build@docs"]);
    assert_eq!(ids(&workspace, &["run"]).len(), 5);
}
