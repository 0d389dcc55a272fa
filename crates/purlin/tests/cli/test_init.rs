use crate::folder;
use crate::test_plugin_terminal::on_a_terminal;

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

fn studio() -> purlin_test::Workspace {
    let studio = crate::workspace(
        "name = 'studio'\n[templates.show]\npath = 'templates/show'\nwelcome = 'Give it a name.'\n\
         [templates.gone]\npath = 'templates/gone'\n[templates.'a.b']\npath = 'templates/show'\n",
    );
    studio.write("templates/show/purlin.toml", "[workspace]\nname = 'show'\n");
    studio.write("templates/show/src/main.py", "print('show')\n");
    studio.write("new/keep.txt", "mine\n");
    studio
}

#[test]
fn init_copies_a_template_of_the_workspace_around() {
    let studio = studio();
    insta::assert_snapshot!(studio.succeed(&["-C", "new", "init", "--template", "show"]).stdout, @"
    wrote 3 files of the template `show`
    Give it a name.
    ");
    assert_eq!(studio.read("new/src/main.py"), "print('show')\n");
    assert!(studio.read("new/purlin.lock").contains("\nid = \""));
    assert_eq!(studio.read("new/keep.txt"), "mine\n");
    studio.succeed(&["-C", "new", "check"]);
}

#[test]
fn init_writes_over_nothing_of_a_template() {
    let studio = studio();
    studio.write("new/src/main.py", "mine\n");
    let refused = studio.fail(2, &["-C", "new", "init", "--template", "show"]);
    insta::assert_snapshot!(refused.stable_stderr(), @"
    error: files of the template are here already
     |
     = `src/main.py`. Nothing was copied.
     = help: move them away, or run `purlin init` in another folder
    ");
    assert!(!studio.path("new/purlin.toml").exists());
    assert_eq!(studio.read("new/src/main.py"), "mine\n");
}

#[test]
fn init_tells_which_templates_there_are() {
    let studio = studio();
    let refused = studio.fail(2, &["-C", "new", "init", "--template", "shw"]);
    insta::assert_snapshot!(refused.stable_stderr(), @"
    error: there is no template `shw`
     |
     = Templates are those of the workspace around the folder, or of the one that --from names.
     = help: did you mean `show`?
    ");
    // A name with a dot in it is written as everywhere.
    let refused = studio.fail(2, &["-C", "new", "init", "--template", "a.b"]).stable_stderr();
    assert!(refused.contains("did you mean `\"a.b\"`?"), "{refused}");
    let refused = studio.fail(2, &["-C", "new", "init", "--template", "gone"]);
    insta::assert_snapshot!(refused.stable_stderr(), @"
    error: the template `gone` has no folder
     --> ../purlin.toml:6:12
      |
    6 | [templates.gone]
      |            ^^^^ defined here
      |
      = There is no folder `templates/gone` in [TEST]/workspace.
      = help: paths are relative to the workspace's root
    ");
}

#[test]
fn templates_are_folders_of_their_workspace() {
    let workspace = crate::workspace(
        "[workspace]\nname = 'w'\n[templates.gone]\npath = 'gone'\n[templates.out]\npath = '../elsewhere'\n",
    );
    std::fs::create_dir(workspace.base().join("elsewhere")).expect("it can be made");
    std::fs::write(workspace.base().join("elsewhere/secret"), "s").expect("it can be written");
    insta::assert_snapshot!(workspace.fail(2, &["check"]).stable_stderr(), @"
    error: the template `gone` has no folder
     --> purlin.toml:3:12
      |
    3 | [templates.gone]
      |            ^^^^ defined here
      |
      = There is no folder `gone` in [TEST]/workspace.
      = help: paths are relative to the workspace's root

    error: the template `out` lies outside of the workspace
     --> purlin.toml:5:12
      |
    5 | [templates.out]
      |            ^^^ defined here
      |
      = `../elsewhere` leads out of [TEST]/workspace.
      = help: a template is a folder of the workspace that defines it
    ");
    std::fs::create_dir(workspace.path("new")).expect("it can be made");
    let refused = workspace.fail(2, &["-C", "new", "init", "--template", "out"]);
    assert!(refused.stderr.contains("the template `out` lies outside of the workspace"));
    assert!(!workspace.path("new/secret").exists());
}

#[test]
fn init_finds_templates_elsewhere() {
    let studio = studio();
    std::fs::create_dir(studio.base().join("far")).expect("it can be made");
    let far = studio.base().join("far");
    let far = far.to_str().expect("a plain path");
    let root = studio.root();
    let root = root.to_str().expect("a plain path");
    studio.succeed(&["-C", far, "init", "--template", "show", "--from", root, "--json"]);
    assert!(studio.base().join("far/src/main.py").is_file());
}

const LINE: &str = "/.purlin-cache/** binary linguist-generated\n";

#[test]
fn init_offers_to_tell_git_of_kept_results() {
    let made = || {
        let folder = folder();
        std::fs::create_dir(folder.path(".git")).expect("the folder is new");
        folder
    };
    // Nobody can be asked: the line is told.
    let told = made();
    assert!(told.succeed(&["init"]).stdout.ends_with(LINE));
    assert!(!told.path(".gitattributes").exists());
    let silent = made();
    assert_eq!(silent.succeed(&["init", "-q"]).stdout, "");
    for (typed, before, after) in [
        ("y\n", None, Some(LINE.to_owned())),
        ("n\n", None, None),
        ("yes\n", Some("* text"), Some(format!("* text\n{LINE}"))),
    ] {
        let asked = made();
        if let Some(text) = before {
            asked.write(".gitattributes", text);
        }
        let (code, shown) = on_a_terminal(&asked, &["init"], typed);
        assert_eq!(code, Some(0), "{shown}");
        assert!(shown.contains("that they are generated? [y/N]"), "{shown}");
        assert_eq!(std::fs::read_to_string(asked.path(".gitattributes")).ok(), after);
    }
    // Where git is told already there is nothing to ask, nor where there is no git.
    let known = made();
    known.write(".gitattributes", LINE);
    let (_, shown) = on_a_terminal(&known, &["init"], "");
    assert!(!shown.contains("[y/N]"), "{shown}");
    let (_, shown) = on_a_terminal(&folder(), &["init"], "");
    assert!(!shown.contains("[y/N]"), "{shown}");
}
