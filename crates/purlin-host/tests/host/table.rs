use std::path::Path;

use insta::assert_snapshot;
use purlin_host::{Need, PluginsTable};
use purlin_model::{Source, parse_toml};
use purlin_plugin::Point;

use crate::support::{HELLO, Place};

#[test]
fn every_mistake_in_the_table_is_reported() {
    let place = Place::new();
    let source = Source::new(
        "purlin.toml",
        r#"[plugins]
aa = "one"
bb = 3
cc = { path = 1, config = [], disable = "x", rename = ["y"] }
dd = { pth = "x" }
ee = { disable = [1], rename = { "cache/x" = "A B", "cache/y" = 2 } }
f_f = "1"
f-f = "1"
Gg = "1"
hh = { git = "https://example.com/x", rev = "main" }
"#,
    );
    let (document, _) = parse_toml(&source);
    let (table, mistakes) = PluginsTable::parse(document.get("plugins"), Path::new("/w"));
    assert_snapshot!(place.all_told(&mistakes), @r"
    error[version-requirement]: the version requirement of `aa` cannot be read
      at purlin.toml:2:6: this requirement
      why: unexpected character 'o' while parsing major version number.
      help: write it as in `1`, `^1.2` or `>=1.2, <2`
    error[wrong-type]: `bb` must be a version requirement or a table
      at purlin.toml:3:6: this is an integer
    error[wrong-type]: `path` must be a string
      at purlin.toml:4:15: this is an integer
    error[wrong-type]: `config` must be a table
      at purlin.toml:4:27: this is a list
    error[wrong-type]: `disable` must be a list of features
      at purlin.toml:4:41: this is a string
    error[wrong-type]: `rename` must be a table
      at purlin.toml:4:55: this is a list
    error[unknown-field]: `pth` is not a field of a plugin's entry
      at purlin.toml:5:8: this field
      help: did you mean `path`?
    error[wrong-type]: `disable` must be a list of strings
      at purlin.toml:6:19: this is an integer
    error[feature-name]: `A B` cannot be a feature's name
      at purlin.toml:6:46: this name
      help: a name has lower-case letters, digits and `-`
    error[wrong-type]: `rename` must be a table of names
      at purlin.toml:6:65: this is an integer
    error[duplicate-plugin]: the plugin `f-f` is named twice
      at purlin.toml:8:1: again here
      at purlin.toml:7:1: first here
      why: `-` and `_` are one character in declared names.
    error[plugin-name]: `Gg` cannot be a plugin's name
      at purlin.toml:9:1: this name
      help: a name has lower-case letters, digits and `-`
    ");
    let named: Vec<&str> =
        ["aa", "dd", "f-f", "hh"].into_iter().filter(|name| table.names(name)).collect();
    assert_eq!(named, ["f-f", "hh"]);
    let (document, _) = parse_toml(&Source::new("purlin.toml", "plugins = 1\n"));
    let (_, mistakes) = PluginsTable::parse(document.get("plugins"), Path::new("/w"));
    assert_snapshot!(place.all_told(&mistakes), @r"
    error[wrong-type]: `plugins` must be a table of plugin names
      at purlin.toml:1:11: this is an integer
    ");
}

#[test]
fn what_is_not_built_is_refused_when_it_is_used() {
    let mut place = Place::new();
    place.plugin("user/hello", HELLO);
    "[plugins]\nhello = { pypi = \"hello\" }\nglobs = { git = \"https://example.com/g\" }\n"
        .clone_into(&mut place.table);
    let plugins = place.open();
    assert!(plugins.find(Point::Dependency, "glob", Need::Enabled).is_ok());
    let error = plugins.find(Point::Subcommand, "hello", Need::Any).unwrap_err();
    assert_snapshot!(place.told(&error), @r#"
    error[not-built]: the plugin `hello` cannot be taken from `pypi`: installing plugins is not built yet
      at [dir]/purlin.toml:2:11: it is wanted here
      help: put its folder on the disk and write `hello = { path = "…" }`
    "#);
    let error = plugins.find(Point::Dependency, "globs", Need::Enabled).unwrap_err();
    assert_snapshot!(place.told(&error), @r"
    error[unknown-dependency]: there is no dependency type `globs`
      at [dir]/purlin.toml:3:1: the plugin `globs` is not on the search path: installing plugins (here with `git`) is not built yet
      help: did you mean `glob`?
    ");
    assert_eq!(plugins.problems().len(), 2);
}

#[test]
fn versions_are_compared_when_the_plugin_is_used() {
    let mut place = Place::new();
    place.plugin("user/hello", HELLO);
    "[plugins]\nhello = \"^2\"\nhallo = \"1\"\n".clone_into(&mut place.table);
    let plugins = place.open();
    let error = plugins.find(Point::Subcommand, "hello", Need::Any).unwrap_err();
    assert_snapshot!(place.told(&error), @r"
    error[plugin-version]: the workspace wants `hello` ^2, and 1.2.0 is there
      at [dir]/purlin.toml:2:9: it is wanted here
    ");
    assert_snapshot!(place.all_told(&plugins.problems()), @r"
    error[unknown-plugin]: there is no plugin `hallo`
      at [dir]/purlin.toml:3:1: this plugin
      why: It is not on the search path: no folder of the search path holds it.
      help: did you mean `hello`?
    error[plugin-version]: the workspace wants `hello` ^2, and 1.2.0 is there
      at [dir]/purlin.toml:2:9: it is wanted here
    ");
}
