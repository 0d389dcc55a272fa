//! `fence` of a space: what plugins are told of it.

use purlin_test::Workspace;

use crate::workspace;

const MANIFEST: &str = r#"[plugin]
name = "imports"
version = "1.0.0"
api = "1"

[runtime]
kind = "process"
entry = ["python3", "-S", "imports.py"]

[provides.dependency.imports]

[permissions]
write = ["{workspace}/told"]
"#;

/// Writes down what it is told, and answers with it.
const CODE: &str = r#"
import json, sys

for line in sys.stdin:
    message = json.loads(line)
    params = message["params"]
    if message["method"] == "initialize":
        root = params["root"]
        result = {"protocol": 1, "provides": [{"point": "dependency", "name": "imports"}]}
    else:
        context = params["context"]
        with open(f"{root}/told/{context['space']}", "w") as file:
            json.dump(context.get("fence", "none"), file)
        result = {"values": [context.get("fence")]}
    print(json.dumps({"jsonrpc": "2.0", "id": message["id"], "result": result}), flush=True)
"#;

fn fenced(fence: &str) -> Workspace {
    let workspace = workspace("").variable("PURLIN_TRUST", "workspace");
    write(&workspace, fence);
    workspace.write("plugin/plugin.toml", MANIFEST);
    workspace.write("plugin/imports.py", CODE);
    workspace.write("told/.gitignore", "*");
    workspace
}

fn write(workspace: &Workspace, fence: &str) {
    workspace.write(
        "purlin.toml",
        format!(
            r#"[workspace]
[plugins.imports]
path = "plugin"
[spaces.shop]
modules = ["src/cart", {{ name = "mail", path = "./src/mail.py" }}]
{fence}
[spaces.base]
modules = ["src/log"]
[commands.check]
exec = "true"
deps = [{{ type = "imports" }}]
space = "shop"
[commands.other]
exec = "true"
deps = [{{ type = "imports" }}]
space = "base"
"#
        ),
    );
}

#[test]
fn dependency_types_are_told_what_a_fence_encloses_and_what_it_lets_in() {
    for (fence, told) in [
        ("", r#""none""#),
        ("fence = false", r#""none""#),
        ("fence = true", r#"{"modules": ["src/cart", "src/mail.py"], "open": []}"#),
        (
            r#"fence = ["./src/lib/", { type = "space", name = "base" }]"#,
            r#"{"modules": ["src/cart", "src/mail.py"], "open": ["src/lib", "src/log"]}"#,
        ),
    ] {
        let workspace = fenced(fence);
        workspace.succeed(&["run"]);
        assert_eq!(workspace.read("told/shop"), told, "{fence}");
        assert_eq!(workspace.read("told/base"), r#""none""#, "it is of its own space alone");
    }
}

#[test]
fn a_fence_that_changes_asks_again_and_one_that_does_not_asks_nobody() {
    let workspace = fenced("fence = true");
    workspace.succeed(&["run"]);
    std::fs::remove_file(workspace.path("told/shop")).expect("it was told");
    let again = workspace.succeed(&["run", "--json"]);
    assert_eq!(again.settled("check@shop").as_deref(), Some("cached"), "{again}");
    assert!(!workspace.path("told/shop").exists(), "the answer is remembered");
    write(&workspace, "fence = ['src/lib']");
    let other = workspace.succeed(&["run", "--json"]);
    assert_eq!(other.settled("check@shop").as_deref(), Some("finished"), "{other}");
    assert_eq!(other.settled("other@base").as_deref(), Some("cached"), "{other}");
}

#[test]
fn a_fence_names_paths_in_the_workspace() {
    let workspace = fenced("fence = ['../elsewhere']");
    let told = workspace.fail(2, &["check"]);
    assert!(told.stderr.contains("the path leads out of the workspace"), "{told}");
}
