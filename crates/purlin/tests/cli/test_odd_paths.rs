//! Modules and arguments whose names mean something in patterns.

use crate::workspace;

/// Names that are in use in frameworks, and all other characters that patterns know.
const ODD: [&str; 6] = ["app/[id]", "app/{a,b}", "!app", "app/*", "app/a?b", "app/back\\slash"];

fn quoted(text: &str) -> String {
    format!("{text:?}")
}

#[test]
fn a_module_is_no_pattern() {
    for odd in ODD {
        let workspace = workspace(&format!(
            r#"
[spaces.web]
modules = [{{ name = "odd", path = {} }}]
[commands.test]
exec = "cat '{{module.dir}}/page.txt' | tee '{{module.dir}}/out.txt'"
deps = ["{{module.dir}}/page.txt"]
artifacts = ["{{module.dir}}/out.txt"]
"#,
            quoted(odd)
        ));
        let (page, out) = (format!("{odd}/page.txt"), format!("{odd}/out.txt"));
        workspace.write(&page, "one");
        // What the name would mean as a pattern is no input.
        workspace.write("app/i/page.txt", "other");
        let run = || workspace.succeed(&["run", "--json"]).settled("test@web#odd");
        assert_eq!(run().as_deref(), Some("finished"), "{odd}");
        workspace.write("app/i/page.txt", "others");
        assert_eq!(run().as_deref(), Some("cached"), "{odd}");
        workspace.write(&page, "two");
        assert_eq!(run().as_deref(), Some("finished"), "{odd}");
        assert_eq!(workspace.read(&out), "two");
        workspace.write(&page, "one");
        std::fs::remove_file(workspace.path(&out)).unwrap();
        assert_eq!(run().as_deref(), Some("cached"), "{odd}");
        assert_eq!(workspace.read(&out), "one", "{odd}");
    }
}

#[test]
fn an_argument_and_a_part_from_the_context_are_no_patterns() {
    let workspace = workspace(
        r#"
[ctx]
folder = { default = "app/[id]" }
sources = { default = "src/*.txt" }
[commands.one]
exec = "cat '{args.file}' >>seen"
args = { file = { required = true } }
deps = ["{args.file}"]
[commands.two]
exec = "cat '{ctx.folder}'/page.txt src/*.txt"
deps = ["{ctx.folder}/*.txt", "{ctx.sources}"]
"#,
    );
    workspace.write("app/[id]/page.txt", "one\n");
    workspace.write("src/a.txt", "a");
    let one = || workspace.succeed(&["run", "--json", "one?file=app/[id]/page.txt"]);
    let two = || workspace.succeed(&["run", "--json", "two"]).settled("two");
    one();
    two();
    workspace.write("app/[id]/page.txt", "two\n");
    one();
    assert_eq!(workspace.read("seen"), "one\ntwo\n");
    assert_eq!(two().as_deref(), Some("finished"));
    // A variable that is the whole text may hold a pattern.
    workspace.write("src/b.txt", "b");
    assert_eq!(two().as_deref(), Some("finished"));
    assert_eq!(two().as_deref(), Some("cached"));
}

#[test]
fn a_workspace_may_lie_in_a_folder_with_any_name() {
    let workspace = workspace("");
    workspace.write(
        "in [x]/purlin.toml",
        "[workspace]\n[commands.a]\nexec = 'cat src/a >out'\ndeps = ['{root}/src/a']\nartifacts = ['{root}/out']\n",
    );
    workspace.write("in [x]/src/a", "one");
    let run = || {
        let mut command = workspace.command(&["-C", "in [x]", "run", "--json"]);
        workspace.finish(&mut command).settled("a")
    };
    assert_eq!(run().as_deref(), Some("finished"));
    workspace.write("in [x]/src/a", "two");
    assert_eq!(run().as_deref(), Some("finished"));
    std::fs::remove_file(workspace.path("in [x]/out")).unwrap();
    assert_eq!(run().as_deref(), Some("cached"));
    assert_eq!(workspace.read("in [x]/out"), "two");
}

#[test]
fn strict_inputs_of_an_odd_module_are_its_own() {
    let workspace = workspace(
        r#"
[spaces.web]
modules = [{ name = "odd", path = "app/[id]" }]
[commands.test]
exec = "mkdir -p '{module.dir}/out' && cat '{module.dir}/page.txt' >'{module.dir}/out/x' && cat '{module.dir}/out/x' && ! cat app/secret"
deps = ["{module.dir}/page.txt"]
artifacts = ["{module.dir}/out/"]
inputs-strict = true
"#,
    );
    workspace.write("app/[id]/page.txt", "one");
    workspace.write("app/secret", "secret");
    let finished = workspace.run(&["run"]);
    if finished.stderr.contains("Landlock") {
        eprintln!("skipped: there is no Landlock here");
        return;
    }
    assert_eq!(finished.code, Some(0), "{finished}");
}
