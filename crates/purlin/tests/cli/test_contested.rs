use insta::assert_snapshot;
use purlin_test::Workspace;

use crate::workspace;

const COMMAND: &str = r#"
[commands.fine]
exec = "echo fine > out.txt"
deps = ["in.txt"]
artifacts = ["out.txt"]
"#;

/// A workspace that has two plugins, `alpha` and `beta`, which provide the same, each also a
/// subcommand of its own.
fn rivals(provided: &str, more: &str) -> Workspace {
    let workspace = workspace("").variable("PURLIN_TRUST", "workspace");
    document(&workspace, "", "", more);
    workspace.write("in.txt", "in");
    for plugin in ["alpha", "beta"] {
        workspace.write(
            format!("{plugin}/plugin.toml"),
            format!(
                "[plugin]\nname = \"{plugin}\"\nversion = \"1.0.0\"\napi = \"1\"\n\n\
                 [runtime]\nkind = \"process\"\nentry = [\"{plugin}\"]\n\n\
                 [provides.subcommand.only-{plugin}]\nabout = \"Not contested\"\n\n{provided}"
            ),
        );
        workspace.write(
            format!("{plugin}/schema.json"),
            r#"{ "type": "object", "additionalProperties": true }"#,
        );
    }
    workspace
}

/// Writes `purlin.toml` with more in the entries of both plugins.
fn document(workspace: &Workspace, alpha: &str, beta: &str, more: &str) {
    workspace.write(
        "purlin.toml",
        format!(
            "[workspace]\n[plugins.alpha]\npath = \"alpha\"\n{alpha}\n[plugins.beta]\n\
             path = \"beta\"\n{beta}\n{COMMAND}{more}"
        ),
    );
}

/// What is not contested works, of both plugins too.
#[track_caller]
fn the_rest_works(workspace: &Workspace) {
    workspace.succeed(&["run", "fine"]);
    let again = workspace.succeed(&["run", "fine"]);
    assert!(again.stderr.contains("1 cached"), "{again}");
    for plugin in ["alpha", "beta"] {
        assert_eq!(runs_into(workspace, &[&format!("only-{plugin}")]), plugin);
    }
}

/// The plugin that cannot be started, since its program is not there: the one that was chosen.
#[track_caller]
fn runs_into(workspace: &Workspace, arguments: &[&str]) -> String {
    let failed = workspace.fail(3, arguments);
    assert!(failed.stderr.contains("there is no program"), "{failed}");
    let chosen = ["alpha", "beta"]
        .into_iter()
        .filter(|plugin| failed.stderr.contains(&format!("the plugin `{plugin}` 1.0.0")));
    chosen.collect()
}

#[test]
fn two_plugins_with_one_subcommand() {
    let workspace = rivals("[provides.subcommand.greet]\nabout = \"Greets\"\n", "");
    assert_snapshot!(workspace.fail(2, &["greet"]).stable_stderr(), @r#"
    error: the subcommand `greet` is provided by `alpha` and `beta`
      --> [TEST]/workspace/alpha/plugin.toml:13:22
       |
    13 | [provides.subcommand.greet]
       |                      ^^^^^ `alpha` provides it here
       |
      ::: [TEST]/workspace/beta/plugin.toml:13:22
       |
    13 | [provides.subcommand.greet]
       |                      ----- `beta` provides it here
       |
       = Purlin does not choose between plugins.
       = help: remove one of the plugins, write `disable = ["subcommand/greet"]` under `[plugins.beta]`, write `rename = { "subcommand/greet" = "…" }` under `[plugins.beta]`, or say `beta:greet`
    "#);
    assert!(workspace.succeed(&["--help"]).stdout.contains("(contested)"));
    assert_snapshot!(workspace.succeed(&["plugin", "list"]).stable_stdout(), @r"
    active    0.1.0  native    bundled    environment/active, environment/base
    alpha     1.0.0  process   workspace  subcommand/only-alpha, subcommand/greet (contested)
    beta      1.0.0  process   workspace  subcommand/only-beta, subcommand/greet (contested)
    cargo     0.1.0  native    bundled    builder/cargo
    cmake     0.1.0  native    bundled    builder/cmake
    command   0.1.0  native    bundled    dependency/command
    const     0.1.0  native    bundled    dependency/const
    folder    0.1.0  native    bundled    repository/folder
    folders   0.1.0  native    bundled    importer/local-resources, importer/all-local-resources
    glob      0.1.0  native    bundled    dependency/glob
    host      0.1.0  native    bundled    repository/host
    load      0.1.0  native    bundled    dependency/load
    local     0.1.0  -         bundled    cache/local
    none      0.1.0  -         bundled    cache/none
    packages  0.1.0  native    bundled    leaf/package, dependency/package, transform/packages, transform/legacy-packages
    pydist    0.1.0  native    bundled    dependency/pydist
    repo      0.1.0  -         bundled    cache/repo
    sections  0.1.0  native    bundled    leaf/app, leaf/shell, leaf/check, leaf/template, transform/apps, transform/dev-shells, transform/checks, transform/lib, transform/templates
    variable  0.1.0  native    bundled    dependency/variable
    ");
    assert_snapshot!(workspace.succeed(&["plugin", "info", "beta"]).stable_stdout(), @"
    beta 1.0.0
    status       ok
    source       workspace
    path         [TEST]/workspace/beta
    runtime      process
    permissions  none
    enforced [SYSTEM]
      subcommand/only-beta  Not contested
      subcommand/greet  Greets  contested: the subcommand `greet` is provided by `alpha` and `beta`
    ");
    assert_eq!(workspace.succeed(&["check"]).stdout, "1 command, no errors\n");
    the_rest_works(&workspace);
    assert_eq!(runs_into(&workspace, &["alpha:greet"]), "alpha");
    assert_eq!(runs_into(&workspace, &["beta:greet"]), "beta");
    document(&workspace, "", "disable = [\"subcommand/greet\"]", "");
    assert_eq!(runs_into(&workspace, &["greet"]), "alpha");
    assert_snapshot!(workspace.fail(2, &["beta:greet"]).stable_stderr(), @r#"
    error: the subcommand `greet` of the plugin `beta` is switched off in this workspace
     --> purlin.toml:7:12
      |
    7 | disable = ["subcommand/greet"]
      |            ^^^^^^^^^^^^^^^^^^ it is switched off here
      |
      = help: remove it from `disable` of `[plugins.beta]`
    "#);
    document(&workspace, "rename = { \"subcommand/greet\" = \"hail\" }", "", "");
    assert_eq!(runs_into(&workspace, &["hail"]), "alpha");
    assert_eq!(runs_into(&workspace, &["greet"]), "beta");
}

#[test]
fn two_plugins_with_one_flag() {
    let workspace = rivals(
        "[[provides.argument]]\non = [\"run\"]\nname = \"near\"\ntype = \"bool\"\nedits = [\"/args\"]\n",
        "",
    );
    assert_snapshot!(workspace.fail(2, &["run", "--near"]).stable_stderr(), @r#"
    error: the flag `--near` of `run` is provided by `alpha` and `beta`
      --> [TEST]/workspace/alpha/plugin.toml:15:8
       |
    15 | name = "near"
       |        ^^^^^^ `alpha` provides it here
       |
      ::: [TEST]/workspace/beta/plugin.toml:15:8
       |
    15 | name = "near"
       |        ------ `beta` provides it here
       |
       = Purlin does not choose between plugins.
       = help: remove one of the plugins, write `disable = ["argument/near"]` under `[plugins.beta]`, or write `rename = { "argument/near" = "…" }` under `[plugins.beta]`
    "#);
    the_rest_works(&workspace);
    document(&workspace, "", "disable = [\"argument/near\"]", "");
    assert_eq!(runs_into(&workspace, &["run", "--near"]), "alpha");
    document(&workspace, "", "rename = { \"argument/near\" = \"close\" }", "");
    assert_eq!(runs_into(&workspace, &["run", "--near"]), "alpha");
    assert_eq!(runs_into(&workspace, &["run", "--close"]), "beta");
}

#[test]
fn two_plugins_with_one_dependency_type() {
    let needy = |kind: &str| {
        format!(
            "[commands.needy]\nexec = \"true\"\nhidden = true\ndeps = [{{ type = \"{kind}\", x = 1 }}]\n"
        )
    };
    let provided =
        "[provides.dependency.words]\nabout = \"Words\"\nkey = \"x\"\nschema = \"schema.json\"\n";
    let workspace = rivals(provided, &needy("words"));
    assert_snapshot!(workspace.fail(2, &["run", "needy"]).stable_stderr(), @r#"
    error: the dependency type `words` is provided by `alpha` and `beta`
      --> purlin.toml:16:18
       |
    16 | deps = [{ type = "words", x = 1 }]
       |                  ^^^^^^^ named here
       |
      ::: [TEST]/workspace/alpha/plugin.toml:13:22
       |
    13 | [provides.dependency.words]
       |                      ----- `alpha` provides it here
       |
      ::: [TEST]/workspace/beta/plugin.toml:13:22
       |
    13 | [provides.dependency.words]
       |                      ----- `beta` provides it here
       |
       = Purlin does not choose between plugins.
       = help: remove one of the plugins, write `disable = ["dependency/words"]` under `[plugins.beta]`, write `rename = { "dependency/words" = "…" }` under `[plugins.beta]`, or say `beta:words`
    "#);
    workspace.fail(2, &["check"]);
    the_rest_works(&workspace);
    document(&workspace, "", "", &needy("beta:words"));
    assert_eq!(runs_into(&workspace, &["run", "needy"]), "beta");
    document(&workspace, "disable = [\"dependency/words\"]", "", &needy("words"));
    assert_eq!(runs_into(&workspace, &["run", "needy"]), "beta");
    document(&workspace, "rename = { \"dependency/words\" = \"terms\" }", "", &needy("terms"));
    assert_eq!(runs_into(&workspace, &["run", "needy"]), "alpha");
}

#[test]
fn two_plugins_with_one_cache_type() {
    let needy = |kind: &str| {
        format!(
            "[commands.needy]\nexec = \"true\"\nhidden = true\ndeps = [\"in.txt\"]\ncache = \"{kind}\"\n"
        )
    };
    let workspace =
        rivals("[provides.cache.mirror]\nabout = \"M\"\nhot = \"user\"\n", &needy("mirror"));
    assert_snapshot!(workspace.fail(2, &["run", "needy"]).stable_stderr(), @r#"
    error: the cache type `mirror` is provided by `alpha` and `beta`
      --> purlin.toml:17:9
       |
    17 | cache = "mirror"
       |         ^^^^^^^^ named here
       |
      ::: [TEST]/workspace/alpha/plugin.toml:13:17
       |
    13 | [provides.cache.mirror]
       |                 ------ `alpha` provides it here
       |
      ::: [TEST]/workspace/beta/plugin.toml:13:17
       |
    13 | [provides.cache.mirror]
       |                 ------ `beta` provides it here
       |
       = Purlin does not choose between plugins.
       = help: remove one of the plugins, write `disable = ["cache/mirror"]` under `[plugins.beta]`, write `rename = { "cache/mirror" = "…" }` under `[plugins.beta]`, or say `beta:mirror`
    "#);
    the_rest_works(&workspace);
    let named = format!("{}[caches.near]\ntype = \"mirror\"\n", needy("near"));
    document(&workspace, "", "", &named);
    let failed = workspace.fail(2, &["run", "needy"]);
    assert!(failed.stderr.contains("the cache type `mirror` is provided by"), "{failed}");
    document(&workspace, "", "disable = [\"cache/mirror\"]", &named);
    assert_eq!(runs_into(&workspace, &["run", "needy"]), "alpha");
    document(&workspace, "", "", &needy("beta:mirror"));
    assert_eq!(runs_into(&workspace, &["run", "needy"]), "beta");
}

#[test]
fn a_rival_of_the_bundled_types_contests_only_what_names_none() {
    let workspace = rivals(
        "[provides.dependency.glob]\nabout = \"Mine\"\nkey = \"x\"\nschema = \"schema.json\"\n",
        "[commands.named]\nexec = \"true\"\ndeps = [{ type = \"glob\", pattern = \"in.txt\" }]\nhidden = true\n",
    );
    // Plain texts mean the default type; that one is not contested.
    the_rest_works(&workspace);
    assert_snapshot!(workspace.fail(2, &["run", "named"]).stable_stderr(), @r#"
    error: the dependency type `glob` is provided by `alpha`, `beta` and `glob`
      --> purlin.toml:15:18
       |
    15 | deps = [{ type = "glob", pattern = "in.txt" }]
       |                  ^^^^^^ named here
       |
      ::: [TEST]/workspace/alpha/plugin.toml:13:22
       |
    13 | [provides.dependency.glob]
       |                      ---- `alpha` provides it here
       |
      ::: [TEST]/workspace/beta/plugin.toml:13:22
       |
    13 | [provides.dependency.glob]
       |                      ---- `beta` provides it here
       |
      ::: <bundled>/glob/plugin.toml:11:22
       |
    11 | [provides.dependency.glob]
       |                      ---- `glob` provides it here
       |
       = Purlin does not choose between plugins.
       = help: remove one of the plugins, write `rename = { "dependency/glob" = "…" }` under `[plugins.glob]`, or say `glob:glob`
    "#);
}

#[test]
fn built_in_verbs_and_flags_win() {
    let workspace = rivals(
        "[provides.subcommand.run]\nabout = \"Mine\"\n[[provides.argument]]\non = [\"run\"]\n\
         name = \"force\"\ntype = \"bool\"\nedits = [\"/args\"]\n",
        "",
    );
    the_rest_works(&workspace);
    let forced = workspace.succeed(&["run", "--force"]);
    assert!(forced.stderr.contains("1 done"), "{forced}");
    assert_snapshot!(workspace.succeed(&["plugin", "info", "alpha"]).stable_stdout(), @"
    alpha 1.0.0
    status       ok
    source       workspace
    path         [TEST]/workspace/alpha
    runtime      process
    permissions  none
    enforced [SYSTEM]
      subcommand/only-alpha  Not contested
      subcommand/run  Mine  contested: the subcommand `run` of the plugin `alpha` cannot be used: `run` is a verb of Purlin itself
      argument/force    contested: the flag `--force` of `run` of the plugin `alpha` cannot be used: `run` has a flag `--force` itself
    ");
    assert_snapshot!(workspace.fail(2, &["alpha:run"]).stable_stderr(), @r#"
    error: the subcommand `run` of the plugin `alpha` cannot be used: `run` is a verb of Purlin itself
      --> [TEST]/workspace/alpha/plugin.toml:13:22
       |
    13 | [provides.subcommand.run]
       |                      ^^^ it is declared here
       |
       = Built-in verbs and flags always win.
       = help: write `rename = { "subcommand/run" = "…" }` under `[plugins.alpha]`
    "#);
}

#[test]
fn an_entry_that_names_what_a_plugin_does_not_have() {
    let workspace = rivals("", "");
    document(&workspace, "disable = [\"subcommand/only-alfa\"]", "renam = {}", "");
    assert_snapshot!(workspace.fail(2, &["check"]).stable_stderr(), @r#"
    error: `renam` is not a field of a plugin's entry
     --> purlin.toml:7:1
      |
    7 | renam = {}
      | ^^^^^ this field
      |
      = help: did you mean `rename`?

    error: the plugin `alpha` has no feature `subcommand/only-alfa`
     --> purlin.toml:4:12
      |
    4 | disable = ["subcommand/only-alfa"]
      |            ^^^^^^^^^^^^^^^^^^^^^^ this feature
      |
      = help: did you mean `subcommand/only-alpha`?
    "#);
    workspace.fail(2, &["run", "fine"]);
}
