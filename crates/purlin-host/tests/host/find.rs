use insta::assert_snapshot;
use purlin_host::{Need, PluginSource, PluginStatus};
use purlin_model::{Kind, Source, parse_toml};
use purlin_plugin::contract::{Host, LogLevel};
use purlin_plugin::manifest::Hot;
use purlin_plugin::message::{ExpandContext, FeatureSummary};
use purlin_plugin::{Point, RuntimeKind};

use crate::support::{HELLO, Place};

struct Silent;

impl Host for Silent {
    fn log(&self, _: LogLevel, _: &str) {}

    fn features(&self) -> Vec<FeatureSummary> {
        Vec::new()
    }
}

#[test]
fn a_bundled_feature_is_found_loaded_and_called() {
    let place = Place::new();
    let plugins = place.open();
    let glob = plugins.find(Point::Dependency, "glob", Need::Enabled).unwrap();
    assert_eq!((glob.plugin.as_str(), glob.name.as_str()), ("files", "glob"));
    assert_eq!(glob.version, semver::Version::new(0, 1, 0));
    assert_eq!((glob.source, glob.runtime), (PluginSource::Bundled, Some(RuntimeKind::Native)));
    assert_eq!(glob.folder, None);
    assert_eq!(glob.about(), "Files by pattern");
    assert_eq!(glob.origin.to_string(), "<bundled>/files/plugin.toml:13:22");
    assert!(glob.origin.source.text.is_some(), "nobody could read it from the disk");

    let schema = plugins.schema(&glob).unwrap().unwrap();
    let (config, _) = parse_toml(&Source::new("purlin.toml", "pattern = 'src/**'\n"));
    let config = schema.validate(&config).value.unwrap().to_json();
    let context = ExpandContext::new("/");
    let expansion = plugins.dependency(&glob).unwrap().expand(&config, &context, &Silent).unwrap();
    assert_eq!(expansion.values, [serde_json::json!({"pattern": "src/**"})]);
    assert_eq!(plugins.files_read(), 0);
}

#[test]
fn a_cache_may_be_told_by_its_manifest_alone() {
    let place = Place::new();
    let plugins = place.open();
    let local = plugins.default_for(Point::Cache).unwrap();
    assert_eq!((local.name.as_str(), local.hot()), ("local", Hot::User));
    assert!(plugins.cache(&local).unwrap().is_none());
    assert!(plugins.schema(&local).unwrap().is_none());
}

#[test]
fn names_fold_and_may_name_the_plugin() {
    let place = Place::new();
    place.plugin("user/tools", "[runtime]\nkind = \"process\"\nentry = [\"tools\"]\n[provides.subcommand.say-hello]\nabout = \"Greets\"\n");
    let plugins = place.open();
    for name in ["say-hello", "say_hello", "tools:say-hello"] {
        assert_eq!(plugins.find(Point::Subcommand, name, Need::Any).unwrap().name, "say-hello");
    }
}

#[test]
fn unknown_names_get_a_suggestion() {
    let place = Place::new();
    place.plugin("user/hello", HELLO);
    let plugins = place.open();
    let find = |point, name| place.told(&plugins.find(point, name, Need::Any).unwrap_err());
    assert_snapshot!(find(Point::Dependency, "glbo"), @r"
    error[unknown-dependency]: there is no dependency type `glbo`
      help: did you mean `glob`?
    ");
    assert_snapshot!(find(Point::Cache, "s3"), @r"
    error[unknown-cache]: there is no cache type `s3`
      help: cache types: `local`
    ");
    assert_snapshot!(find(Point::Subcommand, "helo"), @r"
    error[unknown-subcommand]: there is no subcommand `helo`
      help: did you mean `hello`?
    ");
    assert_snapshot!(find(Point::Subcommand, "hallo:hello"), @r"
    error[unknown-plugin]: there is no plugin `hallo`
      help: did you mean `hello`?
    ");
    assert_snapshot!(find(Point::Subcommand, "files:hello"), @r"
    error[unknown-subcommand]: the plugin `files` has no subcommand `hello`
      help: did you mean `hello`?
    ");
    assert_snapshot!(place.told(&plugins.default_for(Point::Resource).unwrap_err()), @r"
    error[no-default]: no plugin provides the default resource type
      why: A plain value needs the one feature that its plugin marks with `default = true`.
      help: name the type
    ");
    assert_snapshot!(place.told(&plugins.info("file").unwrap_err()), @r"
    error[unknown-plugin]: there is no plugin `file`
      help: did you mean `files`?
    ");
}

#[test]
fn a_plugin_that_is_not_enabled_gives_subcommands_and_nothing_else() {
    let mut place = Place::new();
    place.plugin(
        "user/tree",
        &format!("{HELLO}[provides.dependency.tree]\nabout = \"A tree\"\n[[provides.hook]]\non = \"run.finished\"\n"),
    );
    let plugins = place.open();
    assert!(plugins.find(Point::Subcommand, "hello", Need::Any).is_ok());
    assert_eq!(plugins.names(Point::Dependency), ["glob"]);
    assert_eq!(plugins.hooks("run.finished").len(), 0);
    let error = plugins.find(Point::Dependency, "tree", Need::Enabled).unwrap_err();
    assert_snapshot!(place.told(&error), @r#"
    error[plugin-not-enabled]: the dependency type `tree` cannot be used: the plugin `tree` is not enabled
      at [dir]/user/tree/plugin.toml:11:22 (tree): it is declared here
      why: A plugin that is only on the search path adds subcommands and flags, nothing else.
      help: write `tree = "1.2.0"` under `[plugins]`
    "#);

    "[plugins]\ntree = \"1\"\n".clone_into(&mut place.table);
    let plugins = place.open();
    let tree = plugins.find(Point::Dependency, "tree", Need::Enabled).unwrap();
    assert_eq!(plugins.names(Point::Dependency), ["glob", "tree"]);
    assert_eq!(plugins.hooks("run.finished").len(), 1);
    assert_eq!(plugins.hooks("run.started").len(), 0);
    assert_snapshot!(place.told(&plugins.dependency(&tree).err().unwrap()), @r"
    error[plugin-start]: the plugin `tree` 1.2.0 cannot be started
      at [dir]/user/tree/plugin.toml:11:22 (tree): this needs it
      why: It cannot run, because this program does not start plugins.
    ");
    let seen: Vec<String> = plugins
        .features()
        .iter()
        .map(|one| format!("{} {} {}", one.plugin, one.point, one.name))
        .collect();
    assert_eq!(
        seen,
        [
            "files cache local",
            "files dependency glob",
            "tree dependency tree",
            "tree subcommand hello",
            "tree hook run.finished"
        ]
    );
}

#[test]
fn a_broken_plugin_breaks_only_its_own_use() {
    let place = Place::new();
    place.plugin("user/hello", HELLO);
    place.write(
        "user/bad/plugin.toml",
        "[plugin]\nname = \"bad\"\nversion = \"one\"\napi = \"1\"\ncolour = 3\n\n\
         [provides.subcommand.worse]\nabout = 7\n\n\
         [[provides.argument]]\nname = \"fast\"\non = [\"run\"]\ntype = \"bool\"\n",
    );
    place.write("user/worst/plugin.toml", "[plugin\n");
    let plugins = place.open();
    assert!(plugins.find(Point::Subcommand, "hello", Need::Any).is_ok());
    assert!(plugins.find(Point::Dependency, "glob", Need::Enabled).is_ok());
    let error = plugins.find(Point::Subcommand, "worse", Need::Any).unwrap_err();
    assert_snapshot!(place.told(&error), @r"
    error[broken-plugin]: the subcommand `worse` cannot be used: the plugin `bad` is broken
      at [dir]/user/bad/plugin.toml:3:11 (bad): `one` is not a version
      at [dir]/user/bad/plugin.toml:5:1 (bad): unknown key `colour` in [plugin]
      at [dir]/user/bad/plugin.toml:7:22 (bad): [provides.subcommand.worse] needs code, but the plugin has no runtime
      at [dir]/user/bad/plugin.toml:8:9 (bad): `about` in [provides.subcommand.worse] must be a string
      at [dir]/user/bad/plugin.toml:10:1 (bad): [[provides.argument]] needs code, but the plugin has no runtime
      help: `purlin plugin info bad` shows everything that is wrong with it
    ");
    let flags = plugins.flags("run");
    assert_eq!((flags.len(), flags[0].name.as_str()), (1, "fast"));
    assert_snapshot!(place.told(flags[0].usable.as_ref().unwrap_err()), @r"
    error[broken-plugin]: the flag `--fast` of `run` cannot be used: the plugin `bad` is broken
      at [dir]/user/bad/plugin.toml:3:11 (bad): `one` is not a version
      at [dir]/user/bad/plugin.toml:5:1 (bad): unknown key `colour` in [plugin]
      at [dir]/user/bad/plugin.toml:7:22 (bad): [provides.subcommand.worse] needs code, but the plugin has no runtime
      at [dir]/user/bad/plugin.toml:8:9 (bad): `about` in [provides.subcommand.worse] must be a string
      at [dir]/user/bad/plugin.toml:10:1 (bad): [[provides.argument]] needs code, but the plugin has no runtime
      help: `purlin plugin info bad` shows everything that is wrong with it
    ");
    let subcommands: Vec<_> =
        plugins.subcommands().iter().map(|one| (one.name.clone(), one.usable.is_ok())).collect();
    assert_eq!(subcommands, [("hello".to_owned(), true), ("worse".to_owned(), false)]);
}

#[test]
fn an_incompatible_plugin_says_so_when_it_is_used() {
    let place = Place::new();
    place.write(
        "user/future/plugin.toml",
        "[plugin]\nname = \"future\"\nversion = \"1.0.0\"\napi = \"9\"\n[new]\nthing = 1\n\
         [provides.subcommand.fly]\nabout = \"Flies\"\n",
    );
    place.plugin("user/later", &format!("[requires]\npurlin = \">=7\"\n{HELLO}"));
    let plugins = place.open();
    let find = |name| place.told(&plugins.find(Point::Subcommand, name, Need::Any).unwrap_err());
    assert_snapshot!(find("fly"), @r"
    error[incompatible-plugin]: the subcommand `fly` cannot be used: the plugin `future` is incompatible with this Purlin
      at [dir]/user/future/plugin.toml:4:7 (future): the plugin is written for version 9 of the contract
      help: `purlin plugin info future` shows everything that is wrong with it
    ");
    assert_snapshot!(find("hello"), @r"
    error[incompatible-plugin]: the subcommand `hello` cannot be used: the plugin `later` is incompatible with this Purlin
      at [dir]/user/later/plugin.toml:2:8 (later): it needs Purlin >=7, and this is 0.1.0
      help: `purlin plugin info later` shows everything that is wrong with it
    ");
    let statuses: Vec<_> = plugins.list().iter().map(|one| one.status).collect();
    assert_eq!(
        statuses,
        [PluginStatus::Ok, PluginStatus::Incompatible, PluginStatus::Incompatible]
    );
}

#[test]
fn a_plugin_with_missing_files_is_broken() {
    let place = Place::new();
    place.plugin(
        "user/holes",
        &format!(
            "{HELLO}[provides.dependency.a]\nabout = \"A\"\nschema = \"no.json\"\n\
             [provides.dependency.b]\nabout = \"B\"\nschema = \"odd.json\"\n\
             [ships]\ncommands = \"commands.toml\"\n"
        ),
    );
    place
        .write("user/holes/odd.json", "{\n  \"type\": \"object\",\n  \"patternProperties\": {}\n}");
    let plugins = place.open();
    let error = plugins.find(Point::Subcommand, "hello", Need::Any).unwrap_err();
    assert_snapshot!(place.told(&error), @r"
    error[broken-plugin]: the subcommand `hello` cannot be used: the plugin `holes` is broken
      at [dir]/user/holes/plugin.toml:13:10 (holes): the schema `no.json` cannot be read
      at [dir]/user/holes/odd.json:3:3 (holes): the keyword `patternProperties` cannot be used here
      at [dir]/user/holes/plugin.toml:18:12 (holes): the file `commands.toml` is missing
      help: `purlin plugin info holes` shows everything that is wrong with it
    ");
}

#[test]
fn a_plugin_whose_needs_are_not_met_is_broken() {
    let place = Place::new();
    let needs = |name: &str, wanted: &str| {
        let rest = format!(
            "[requires.plugins]\n{wanted}\n[provides.leaf.{name}]\nabout = \"A leaf\"\nschema = \"s.json\"\nconstructor = \"mk\"\nsections = [\"x\"]\nmarks = [\"m\"]\n"
        );
        place.plugin(&format!("user/{name}"), &rest);
        place.write(&format!("user/{name}/s.json"), "{\"type\": \"object\"}");
    };
    needs("aa", "files = \"0.1\"");
    needs("bb", "none-such = \"1\"");
    needs("cc", "files = \"^3\"");
    needs("dd", "bb = \"1\"\naa = \"1\"");
    needs("ee", "ff = \"1\"");
    needs("ff", "ee = \"1\"");
    let lines: Vec<String> = place
        .open()
        .list()
        .iter()
        .map(|one| format!("{} {}: {}", one.name, one.status.as_str(), one.reason))
        .collect();
    assert_snapshot!(lines.join("\n"), @r"
    aa ok: 
    bb broken: it needs the plugin `none-such`, which is not there
    cc broken: it needs the plugin `files` ^3, and 0.1.0 is there
    dd broken: it needs the plugin `bb`, whose own needs are not met
    ee broken: it needs the plugin `ff`, which needs it in turn
    ff broken: it needs the plugin `ee`, which needs it in turn
    files ok:
    ");
}

#[test]
fn only_what_is_compiled_in_can_be_native() {
    let place = Place::new();
    place.plugin(
        "user/fake",
        "[runtime]\nkind = \"native\"\n[provides.dependency.fake]\nabout = \"Fake\"\n",
    );
    let plugins = place.open();
    let error = plugins.find(Point::Dependency, "fake", Need::Any).unwrap_err();
    assert_snapshot!(place.told(&error), @r"
    error[broken-plugin]: the dependency type `fake` cannot be used: the plugin `fake` is broken
      at [dir]/user/fake/plugin.toml:8:22 (fake): only bundled plugins can be native
      help: `purlin plugin info fake` shows everything that is wrong with it
    ");
}

#[test]
fn what_an_unreadable_plugin_may_have_is_mentioned() {
    let place = Place::new();
    place.write("user/worst/plugin.toml", "[plugin\n");
    let error = place.open().find(Point::Subcommand, "fly", Need::Any).unwrap_err();
    assert_snapshot!(place.told(&error), @r"
    error[unknown-subcommand]: there is no subcommand `fly`
      why: What the broken plugin `worst` provides is not known: the file is not valid TOML (plugin.toml:1).
    ");
}

#[test]
fn commands_that_are_shipped_are_read_when_they_are_asked_for() {
    let mut place = Place::new();
    place.plugin("user/tools", "[ships]\ncommands = \"commands.toml\"\n");
    place.write("user/tools/commands.toml", "check = \"true\"\n");
    place.plugin("user/other", HELLO);
    let plugins = place.open();
    assert!(plugins.command_plugins().is_empty());
    let told = |name| place.told(&place.open().shipped_commands(name).unwrap_err());
    assert_snapshot!(told("tools"), @r#"
    error[plugin-not-enabled]: the commands of `tools` cannot be used: the plugin `tools` is not enabled
      at [dir]/user/tools/plugin.toml:2:8 (tools): it is declared here
      why: A plugin that is only on the search path adds subcommands and flags, nothing else.
      help: write `tools = "1.2.0"` under `[plugins]`
    "#);
    assert_snapshot!(told("tolos"), @r"
    error[unknown-plugin]: there is no plugin `tolos`
      help: did you mean `tools`?
    ");

    "[plugins]\ntools = \"1\"\nother = \"1\"\n".clone_into(&mut place.table);
    place.rest();
    drop(place.open());
    let plugins = place.open();
    assert_eq!(plugins.command_plugins(), ["tools"]);
    assert_eq!(plugins.files_read(), 0);
    let source = plugins.shipped_commands("tools").unwrap().unwrap();
    assert_eq!(source.text.as_deref(), Some("check = \"true\"\n"));
    assert_eq!(source.plugin.as_deref(), Some("tools"));
    assert_eq!(plugins.shipped_commands("other").unwrap(), None);
    std::fs::remove_file(place.path("user/tools/commands.toml")).unwrap();
    let error = place.open().shipped_commands("tools").unwrap_err();
    assert_snapshot!(place.told(&error), @r"
    error[broken-plugin]: the commands of `tools` cannot be used: the plugin `tools` is broken
      at [dir]/user/tools/plugin.toml:7:12 (tools): the file `commands.toml` is missing
      help: `purlin plugin info tools` shows everything that is wrong with it
    ");
}

#[test]
fn sections_are_what_enabled_plugins_read() {
    let mut place = Place::new();
    place.plugin(
        "user/tools",
        "[runtime]\nkind = \"process\"\nentry = [\"x\"]\n[ships]\ncommands = \"commands.toml\"\n\
         [provides.leaf.app]\nabout = \"A\"\nschema = \"s.json\"\nconstructor = \"mk_app\"\nsections = [\"apps\"]\nmarks = [\"m\"]\n\
         [provides.resource.disk]\nabout = \"D\"\nschema = \"s.json\"\n\
         [provides.importer.files]\nabout = \"F\"\nschema = \"s.json\"\ninputs = [\"*\"]\ninto = \"packages\"\n\
         [provides.importer.any]\nabout = \"F\"\nschema = \"s.json\"\ninputs = [\"*\"]\ninto = \"{options.type}\"\n",
    );
    place.write("user/tools/s.json", "{\"type\": \"object\"}");
    place.write("user/tools/commands.toml", "");
    assert!(place.open().sections().is_empty());
    "[plugins]\ntools = \"1\"\n".clone_into(&mut place.table);
    assert_eq!(place.open().problems(), []);
    assert_eq!(place.open().sections(), ["apps", "packages", "resources"]);
}

#[test]
fn the_workspace_configures_plugins() {
    let mut place = Place::new();
    "[plugins.files.config]\ndeep = true\n".clone_into(&mut place.table);
    let plugins = place.open();
    let config = plugins.config("files").unwrap().unwrap();
    assert_eq!(config.to_json(), serde_json::json!({"deep": true}));
    assert_eq!(plugins.problems(), []);

    "[plugins.files.config]\ndeep = 3\nwide = true\n".clone_into(&mut place.table);
    let plugins = place.open();
    assert_snapshot!(place.all_told(&plugins.config("files").unwrap_err()), @r"
    error[schema]: `/deep` must be a boolean
      at [dir]/purlin.toml:2:8: this is an integer
    error[schema]: unknown field `/wide`
      at [dir]/purlin.toml:3:1: not a field of this table
      help: fields: `deep`
    ");
    assert_eq!(plugins.problems().len(), 2);

    place.table.clear();
    let config = place.open().config("files").unwrap().unwrap();
    assert!(matches!(config.kind, Kind::Table(_)));
}
