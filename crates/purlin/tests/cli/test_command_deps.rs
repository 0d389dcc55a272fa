//! Dependencies on commands: isolated and strict ones, and what of names is in keys

use serde_json::Value as Json;

use crate::workspace;

const ISOLATED: &str = r#"
[commands.generate]
exec = "cat in.txt >gen.txt; echo >>generated"
deps = ["in.txt"]
artifacts = ["gen.txt"]
[commands.use]
exec = "cat gen.txt >>used"
deps = [{ type = "command", name = "generate", isolated = true }]
"#;

#[test]
fn an_isolated_dependency_is_not_run_and_counts_as_it_is_found() {
    let workspace = workspace(ISOLATED);
    workspace.write("in.txt", "one\n");
    workspace.write("gen.txt", "by hand\n");
    workspace.succeed(&["run", "use"]);
    workspace.succeed(&["run", "use"]);
    assert_eq!((workspace.lines("generated"), workspace.lines("used")), (0, 1));
    workspace.write("gen.txt", "other\n");
    assert!(workspace.succeed(&["run", "--why", "use"]).stdout.contains("command generate"));
    workspace.succeed(&["run", "use"]);
    assert_eq!(workspace.lines("used"), 2);
}

#[test]
fn an_isolated_dependency_that_runs_anyway_runs_first_and_gives_the_same_key() {
    let workspace = workspace(ISOLATED);
    workspace.write("in.txt", "one\n");
    workspace.succeed(&["run", "-n", "8"]);
    assert_eq!(workspace.read("used"), "one\n");
    workspace.succeed(&["run", "use"]);
    workspace.write("in.txt", "two\n");
    workspace.succeed(&["run", "use"]);
    assert_eq!(workspace.read("used"), "one\n", "what it needs is as it was");
    assert!(workspace.succeed(&["run", "--ls", "use"]).stdout.contains("warm"));
    let listed = workspace.succeed(&["run", "--ls", "--json"]).json();
    assert_eq!(listed["instances"][1]["cache_status"], "cold", "{listed}");
    workspace.succeed(&["run"]);
    assert_eq!(workspace.read("used"), "one\ntwo\n");
    assert!(workspace.succeed(&["run", "--ls"]).stdout.matches("warm").count() == 2);
}

#[test]
fn an_isolated_circle_is_a_circle_only_where_both_run() {
    let workspace = workspace(
        "[commands.a]\nexec = 'true'\ndeps = [{ type = 'command', name = 'b', isolated = true }]\n\
         [commands.b]\nexec = 'true'\ndeps = [{ type = 'command', name = 'a', isolated = true }]\n",
    );
    workspace.succeed(&["run", "a"]);
    assert!(workspace.fail(2, &["run"]).stderr.contains("in a circle"));
}

fn keys(events: &str) -> Vec<(String, String)> {
    let events = events.lines().map(|line| serde_json::from_str::<Json>(line).expect("it is JSON"));
    let keyed = events.filter(|event| event["key"].is_string());
    let mut keys: Vec<_> = keyed
        .map(|event| {
            let text = |field: &str| event[field].as_str().unwrap_or_default().to_owned();
            (text("key"), text("event"))
        })
        .collect();
    keys.sort_unstable();
    keys
}

#[test]
fn names_spaces_and_order_are_in_no_key() {
    let first = r#"
[ctx]
size = { default = 1 }
[spaces.main]
modules = ["a", "b"]
dotenv = "main.env"
[commands.generate]
exec = "cp {module.dir}/in.txt {module.dir}/out.txt"
deps = ["{module.dir}/in.txt"]
artifacts = ["{module.dir}/out.txt"]
[commands.pack]
exec = "cat {module.dir}/out.txt"
deps = ["command:generate"]
[commands.all]
exec = "true {ctx.size}"
deps = ["command:pack"]
space = "main"
tags = ["x"]
"#;
    let second = r#"
[workspace]
[commands.everything]
deps = ["command:bundle"]
exec = "true {ctx.amount}"
space = "renamed"
[commands.bundle]
exec = "cat {module.dir}/out.txt"
deps = ["command:make_it"]
[commands.make_it]
artifacts = ["{module.dir}/out.txt"]
deps = ["{module.dir}/in.txt"]
exec = "cp {module.dir}/in.txt {module.dir}/out.txt"
hidden = true
[spaces.other]
modules = ["c"]
dotenv = "other.env"
[spaces.renamed]
dotenv = ["none.env", "main.env"]
modules = [{ name = "second", path = "b" }, { name = "first", path = "a" }]
[ctx]
other = { default = "x" }
amount = { default = 1 }
"#;
    let workspace = workspace(first);
    for module in ["a", "b", "c"] {
        workspace.write(format!("{module}/in.txt"), module);
    }
    workspace.write("main.env", "A=1\n");
    workspace.write("other.env", "B=1\n");
    workspace.write("none.env", "# nothing\n");
    workspace.succeed(&["run"]);
    let before = keys(&workspace.succeed(&["run", "--json"]).stdout);
    assert_eq!(before.len(), 5);
    workspace.write("purlin.toml", second);
    let renamed = ["run", "--json", "everything", "-s", "renamed"];
    workspace.succeed(&renamed);
    // One of the bundles is of the other space, and so is not among those of before.
    let after = keys(&workspace.succeed(&["run", "--json", "bundle@renamed"]).stdout);
    assert_eq!(after.len(), 4);
    for key in &after {
        assert!(before.contains(key), "{key:?} is not among {before:?}");
    }
    let all = keys(&workspace.succeed(&["run", "--json", "everything"]).stdout);
    assert_eq!(all.len(), 7);
}

#[test]
fn ids_that_look_alike_are_different_instances() {
    let workspace = workspace(
        r#"
[spaces.main]
modules = ["a/b", "a-b", { name = "a.b", path = "a/b" }]
[commands.x]
exec = "echo {module.name} {args.v} >>out"
deps = [{ type = "const", value = 1 }]
args = { v = { default = "" } }
"#,
    );
    workspace.write("a/b/x", "");
    workspace.write("a-b/x", "");
    let names = ["x#a/b", "x#a-b", "x#a.b", "x#a-b?v=a/b", "x#a-b?v=a-b", "x#a-b?v=a_b"];
    workspace.succeed(&[&["run", "-n", "1"][..], &names].concat());
    assert_eq!(workspace.lines("out"), 6);
    for folder in ["instances", "log/latest"] {
        let entries =
            std::fs::read_dir(workspace.path(".purlin").join(folder)).expect("it is there");
        let files: std::collections::BTreeSet<_> = entries
            .map(|entry| entry.expect("it can be read").file_name().to_string_lossy().into_owned())
            .map(|name| name.trim_end_matches(".stdout").trim_end_matches(".stderr").to_owned())
            .collect();
        assert_eq!(files.len(), names.len(), "{files:?}");
    }
    workspace.succeed(&[&["run"][..], &names].concat());
    assert_eq!(workspace.lines("out"), 6);
}
