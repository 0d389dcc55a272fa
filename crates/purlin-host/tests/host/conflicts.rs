use insta::assert_snapshot;
use purlin_host::{Need, Plugins};
use purlin_plugin::Point;

use crate::support::{HELLO, Place};

fn two_greeters() -> Place {
    let place = Place::new();
    place.plugin("user/alpha", HELLO);
    place.plugin("user/beta", &format!("{HELLO}[provides.subcommand.bye]\nabout = \"Leaves\"\n"));
    place
}

fn hello(plugins: &Plugins, name: &str) -> Result<String, String> {
    let found = plugins.find(Point::Subcommand, name, Need::Any);
    found.map(|one| one.plugin).map_err(|error| error.code)
}

#[test]
fn two_plugins_with_one_subcommand() {
    let mut place = two_greeters();
    let plugins = place.open();
    let error = plugins.find(Point::Subcommand, "hello", Need::Any).unwrap_err();
    assert_snapshot!(place.told(&error), @r#"
    error[contested-feature]: the subcommand `hello` is provided by `alpha` and `beta`
      at [dir]/user/alpha/plugin.toml:9:22 (alpha): `alpha` provides it here
      at [dir]/user/beta/plugin.toml:9:22 (beta): `beta` provides it here
      why: Purlin does not choose between plugins.
      help: remove one of the plugins, write `disable = ["subcommand/hello"]` under `[plugins.beta]`, write `rename = { "subcommand/hello" = "…" }` under `[plugins.beta]`, or say `beta:hello`
    "#);
    // The rest of both works, and saying which one is a way out.
    assert_eq!(hello(&plugins, "bye").as_deref(), Ok("beta"));
    assert_eq!(hello(&plugins, "alpha:hello").as_deref(), Ok("alpha"));
    assert_eq!(hello(&plugins, "beta:hello").as_deref(), Ok("beta"));

    "[plugins.beta]\ndisable = [\"subcommand/hello\"]\n".clone_into(&mut place.table);
    let plugins = place.open();
    assert_eq!(hello(&plugins, "hello").as_deref(), Ok("alpha"));
    assert_eq!(hello(&plugins, "bye").as_deref(), Ok("beta"));
    let error = plugins.find(Point::Subcommand, "beta:hello", Need::Any).unwrap_err();
    assert_snapshot!(place.told(&error), @r"
    error[disabled-feature]: the subcommand `hello` of the plugin `beta` is switched off in this workspace
      at [dir]/purlin.toml:2:12: it is switched off here
      help: remove it from `disable` of `[plugins.beta]`
    ");

    "[plugins.beta]\nrename = { \"subcommand/hello\" = \"hi\" }\n".clone_into(&mut place.table);
    let plugins = place.open();
    assert_eq!(hello(&plugins, "hello").as_deref(), Ok("alpha"));
    let renamed = plugins.find(Point::Subcommand, "hi", Need::Any).unwrap();
    assert_eq!((renamed.plugin.as_str(), renamed.name.as_str()), ("beta", "hi"));
    assert_eq!(renamed.feature.name, "hello");
    let words: Vec<_> = plugins.subcommands().into_iter().map(|one| one.name).collect();
    assert_eq!(words, ["bye", "hello", "hi"]);
}

#[test]
fn renaming_onto_another_name_is_a_conflict_too() {
    let mut place = two_greeters();
    "[plugins.alpha]\nrename = { \"subcommand/hello\" = \"bye\" }\n".clone_into(&mut place.table);
    let plugins = place.open();
    assert_eq!(hello(&plugins, "hello").as_deref(), Ok("beta"));
    assert_eq!(hello(&plugins, "bye").unwrap_err(), "contested-feature");
}

#[test]
fn two_plugins_with_one_flag() {
    let mut place = Place::new();
    let flag = |on: &str| {
        format!(
            "[runtime]\nkind = \"process\"\nentry = [\"x\"]\n[[provides.argument]]\non = {on}\n\
             name = \"near\"\ntype = \"bool\"\nabout = \"Nearby\"\nstage = \"parsed\"\nedits = [\"/args\"]\n"
        )
    };
    place.plugin("user/alpha", &flag("[\"env\", \"run\"]"));
    place.plugin("user/beta", &flag("[\"env\"]"));
    let plugins = place.open();
    let flags = plugins.flags("env");
    assert_eq!(flags.len(), 1);
    assert_snapshot!(place.told(flags[0].usable.as_ref().unwrap_err()), @r#"
    error[contested-feature]: the flag `--near` of `env` is provided by `alpha` and `beta`
      at [dir]/user/alpha/plugin.toml:11:8 (alpha): `alpha` provides it here
      at [dir]/user/beta/plugin.toml:11:8 (beta): `beta` provides it here
      why: Purlin does not choose between plugins.
      help: remove one of the plugins, write `disable = ["argument/near"]` under `[plugins.beta]`, or write `rename = { "argument/near" = "…" }` under `[plugins.beta]`
    "#);
    let flags = plugins.flags("run");
    assert_eq!(flags[0].usable.as_ref().unwrap().plugin, "alpha");

    "[plugins.beta]\nrename = { \"argument/near\" = \"close\" }\n".clone_into(&mut place.table);
    let plugins = place.open();
    let flags: Vec<_> = plugins
        .flags("env")
        .into_iter()
        .map(|flag| (flag.name, flag.plugin, flag.usable.is_ok()))
        .collect();
    let owned = |name: &str, plugin: &str| (name.to_owned(), plugin.to_owned(), true);
    assert_eq!(flags, [owned("close", "beta"), owned("near", "alpha")]);

    "[plugins.alpha]\ndisable = [\"argument/near\"]\n".clone_into(&mut place.table);
    let plugins = place.open();
    assert_eq!(plugins.flags("env")[0].plugin, "beta");
    assert_eq!(plugins.flags("run").len(), 0);
}

#[test]
fn two_enabled_plugins_with_one_type() {
    let mut place = Place::new();
    let glob = "[runtime]\nkind = \"process\"\nentry = [\"x\"]\n[provides.dependency.glob]\nabout = \"Mine\"\nkey = \"p\"\ndefault = true\nschema = \"s.json\"\n";
    place.plugin("user/mine", glob);
    let schema = "{\"type\": \"object\", \"properties\": {\"p\": {\"type\": \"string\"}}}";
    place.write("user/mine/s.json", schema);
    // What is not enabled contests nothing.
    let plugins = place.open();
    assert_eq!(plugins.find(Point::Dependency, "glob", Need::Enabled).unwrap().plugin, "files");
    assert_eq!(plugins.default_for(Point::Dependency).unwrap().plugin, "files");

    "[plugins]\nmine = \"*\"\n".clone_into(&mut place.table);
    let plugins = place.open();
    let error = plugins.find(Point::Dependency, "glob", Need::Enabled).unwrap_err();
    assert_snapshot!(place.told(&error), @r#"
    error[contested-feature]: the dependency type `glob` is provided by `files` and `mine`
      at <bundled>/files/plugin.toml:13:22 (files): `files` provides it here
      at [dir]/user/mine/plugin.toml:9:22 (mine): `mine` provides it here
      why: Purlin does not choose between plugins.
      help: remove one of the plugins, write `disable = ["dependency/glob"]` under `[plugins.mine]`, write `rename = { "dependency/glob" = "…" }` under `[plugins.mine]`, or say `mine:glob`
    "#);
    let error = plugins.default_for(Point::Dependency).unwrap_err();
    assert_snapshot!(place.told(&error), @r#"
    error[contested-feature]: the default dependency type is provided by `files` and `mine`
      at <bundled>/files/plugin.toml:13:22 (files): `files` provides it here
      at [dir]/user/mine/plugin.toml:9:22 (mine): `mine` provides it here
      why: Purlin does not choose between plugins.
      help: remove one of the plugins, write `disable = ["dependency/glob"]` under `[plugins.mine]`, write `rename = { "dependency/glob" = "…" }` under `[plugins.mine]`, or say `mine:glob`
    "#);
    let found = plugins.find(Point::Dependency, "files:glob", Need::Enabled).unwrap();
    assert_eq!(found.plugin, "files");

    "[plugins]\nmine = \"*\"\nfiles = { disable = [\"dependency/glob\"] }\n"
        .clone_into(&mut place.table);
    let plugins = place.open();
    assert_eq!(plugins.find(Point::Dependency, "glob", Need::Enabled).unwrap().plugin, "mine");
    assert_eq!(plugins.default_for(Point::Dependency).unwrap().plugin, "mine");
}

#[test]
fn built_in_verbs_and_flags_win() {
    let place = Place::new();
    place.plugin(
        "user/greedy",
        "[runtime]\nkind = \"process\"\nentry = [\"x\"]\n\
         [provides.subcommand.run]\nabout = \"Mine\"\n\
         [provides.subcommand.tell]\nabout = \"Tells\"\nargs = [{ name = \"json\", kind = \"option\", type = \"bool\", about = \"J\" }]\n\
         [provides.subcommand.show-it]\nabout = \"Shows\"\nargs = [{ name = \"wide\", kind = \"option\", type = \"bool\", about = \"W\" }]\n\
         [[provides.argument]]\non = [\"run\", \"env\"]\nname = \"force\"\ntype = \"bool\"\nabout = \"F\"\nstage = \"parsed\"\nedits = [\"/args\"]\n\
         [[provides.argument]]\non = [\"env\"]\nname = \"json\"\ntype = \"bool\"\nabout = \"J\"\nstage = \"parsed\"\nedits = [\"/args\"]\n\
         [[provides.argument]]\non = [\"show-it\"]\nname = \"wide\"\ntype = \"bool\"\nabout = \"W\"\nstage = \"parsed\"\nedits = [\"/args\"]\n",
    );
    let plugins = place.open();
    let words: Vec<_> = plugins.subcommands().into_iter().map(|one| one.name).collect();
    assert_eq!(words, ["show-it", "tell"]);
    assert_eq!(plugins.flags("run").len(), 0);
    assert_eq!(plugins.flags("env").len(), 1, "`env` has no flag `--force` itself");
    let error = plugins.find(Point::Subcommand, "run", Need::Any).unwrap_err();
    assert_snapshot!(place.told(&error), @r#"
    error[contested-feature]: the subcommand `run` of the plugin `greedy` cannot be used: `run` is a verb of Purlin itself
      at [dir]/user/greedy/plugin.toml:9:22 (greedy): it is declared here
      why: Built-in verbs and flags always win.
      help: write `rename = { "subcommand/run" = "…" }` under `[plugins.greedy]`
    "#);
    let error = plugins.find(Point::Subcommand, "tell", Need::Any).unwrap_err();
    assert_snapshot!(place.told(&error), @r"
    error[contested-feature]: the subcommand `tell` of the plugin `greedy` cannot be used: its option `--json` is a flag of every verb
      at [dir]/user/greedy/plugin.toml:11:22 (greedy): it is declared here
      why: Built-in verbs and flags always win.
      help: only the plugin's author can mend this, with another name for the option
    ");
    let wide = plugins.flags("show-it").remove(0);
    assert_snapshot!(place.told(&wide.usable.unwrap_err()), @r#"
    error[contested-feature]: the flag `--wide` of `show-it` of the plugin `greedy` cannot be used: the subcommand `show-it` of `greedy` has a flag `--wide` itself
      at [dir]/user/greedy/plugin.toml:33:8 (greedy): it is declared here
      why: A subcommand's own options win over flags that are added.
      help: write `rename = { "argument/wide" = "…" }` under `[plugins.greedy]`
    "#);
    let greedy = plugins.info("greedy").unwrap();
    let features: Vec<String> = greedy
        .entry
        .features
        .iter()
        .map(|one| format!("{} {}: {} {}", one.point, one.name, one.status.as_str(), one.reason))
        .collect();
    assert_snapshot!(features.join("\n"), @r"
    subcommand run: contested the subcommand `run` of the plugin `greedy` cannot be used: `run` is a verb of Purlin itself
    subcommand tell: contested the subcommand `tell` of the plugin `greedy` cannot be used: its option `--json` is a flag of every verb
    subcommand show-it: ok 
    argument force: contested the flag `--force` of `run` of the plugin `greedy` cannot be used: `run` has a flag `--force` itself
    argument json: contested the flag `--json` of `env` of the plugin `greedy` cannot be used: `env` has a flag `--json` itself
    argument wide: contested the flag `--wide` of `show-it` of the plugin `greedy` cannot be used: the subcommand `show-it` of `greedy` has a flag `--wide` itself
    ");
}

#[test]
fn the_workspace_cannot_name_features_that_do_not_exist() {
    let mut place = two_greeters();
    "[plugins.beta]\ndisable = [\"subcommand/helo\"]\nrename = { \"cache/x\" = \"y\" }\n"
        .clone_into(&mut place.table);
    let plugins = place.open();
    assert_snapshot!(place.all_told(&plugins.problems()), @r"
    error[unknown-feature]: the plugin `beta` has no feature `subcommand/helo`
      at [dir]/purlin.toml:2:12: this feature
      help: did you mean `subcommand/hello`?
    error[unknown-feature]: the plugin `beta` has no feature `cache/x`
      at [dir]/purlin.toml:3:12: this feature
      help: features: `subcommand/bye`, `subcommand/hello`
    ");
    assert_eq!(hello(&plugins, "bye").unwrap_err(), "unknown-feature");
    assert_eq!(hello(&plugins, "alpha:hello").as_deref(), Ok("alpha"));
}
