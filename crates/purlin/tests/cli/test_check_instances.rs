//! `check` over modules, spaces and arguments

use insta::assert_snapshot;
use purlin_test::Workspace;

use crate::workspace;

fn with_modules(document: &str) -> Workspace {
    let workspace = workspace(&format!("[spaces.main]\nmodules = ['a', 'b']\n{document}"));
    for module in ["a", "b"] {
        workspace.write(format!("{module}/in.txt"), module);
    }
    workspace
}

#[test]
fn everything_is_told_at_once_and_nothing_is_started() {
    let workspace = with_modules(
        r#"
[commands.build]
exec = "touch ran {modul.dir}"
artifacts = ["{module.dir}/out"]
deps = ["{module.dir}/in.txt", { type = "command", name = "test", module = "c" }]
[commands.lost]
exec = "touch ran"
space = "mian"
[commands.test]
exec = "touch ran"
deps = [{ type = "command", name = "build", space = "other" }, "command:build#b?x=1"]
[commands.one]
exec = "touch ran {module.name}"
deps = ["command:two"]
[commands.two]
exec = "touch ran {module.name}"
deps = ["command:one#a"]
[commands.same]
exec = "touch ran {module.name}"
artifacts = ["out.txt"]
[commands.needs]
exec = "touch ran {args.file}"
args = { file = { required = true } }
deps = ["{args.file}", "command:nothing"]
"#,
    );
    let told = workspace.fail(2, &["check"]).stable_stderr();
    let errors: Vec<&str> =
        told.lines().filter(|line| !line.contains("|") || line.contains("help")).collect();
    assert_snapshot!(errors.join("\n"), @"
    error: there is no space `mian`
      --> purlin.toml:11:9
       = help: did you mean `main`?

    error: there is no instance `test#c`
     --> purlin.toml:8:32
      = help: did you mean `test`?

    error: there is no instance `build@other`
      --> purlin.toml:14:9
       = help: instances: `build@main#a`, `build@main#b`

    error: `build` has no argument `x`
      --> purlin.toml:14:64
       = help: it has none

    error: there is no command `nothing`
      --> purlin.toml:27:24
       = help: commands: `build`, `lost`, `needs`, `one`, `same`, `test`, `two`

    error: commands depend on each other in a circle: one@main#a -> two@main#a -> one@main#a
      --> purlin.toml:17:9
    ...
       = help: take one of these dependencies out

    warning: `{modul.dir}` is no reference and stays as it is
     --> purlin.toml:6:8
      = help: did you mean `{module…}`?
    ");
    assert!(!workspace.path("ran").exists());
}

#[test]
fn instances_that_write_the_same_are_told_once_each() {
    let workspace = with_modules(
        "[commands.same]\nexec = 'true {module.name}'\nartifacts = ['out.txt']\n\
         [commands.reads]\nexec = 'true'\ndeps = ['a/made.txt']\n\
         [commands.makes]\nexec = 'true'\nartifacts = ['{module.dir}/made.txt']\n",
    );
    assert_snapshot!(workspace.fail(2, &["check"]).stable_stderr(), @r#"
    error: `reads` reads what `makes@main#a` writes, and does not depend on it
      --> purlin.toml:9:9
       |
     9 | deps = ['a/made.txt']
       |         ^^^^^^^^^^^^ read by `reads`
    ...
    12 | artifacts = ['{module.dir}/made.txt']
       |              ----------------------- written by `makes@main#a`
       |
       = Whether the one sees the other's files would depend on which runs first.
       = help: add `{ type = "command", name = "makes" }` to the deps of `reads`

    error: `same@main#a` and `same@main#b` both write out.txt
     --> purlin.toml:6:14
      |
    6 | artifacts = ['out.txt']
      |              ^^^^^^^^^
      |              |
      |              written by `same@main#b`
      |              written by `same@main#a`
      |
      = What is there afterwards would depend on which of them runs last.
      = help: give them artifacts of their own, or make one depend on the other
    "#);
}

#[test]
fn a_mistake_in_a_command_is_told_once_for_all_its_instances() {
    let workspace = with_modules("[commands.a]\nexec = 'true {module.name} {ctx.gone} {root.x}'\n");
    let told = workspace.fail(2, &["check"]).stderr;
    assert_eq!(told.matches("error:").count(), 1, "{told}");
}
