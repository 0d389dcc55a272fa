use purlin_host::{Coverage, GrantedBy, Need, PluginStatus, Trust};
use purlin_plugin::Point;

use crate::support::{HELLO, Place};

/// Nothing is granted, and nothing is recorded yet.
fn nothing(place: &mut Place) {
    place.trust = Some(Trust { folder: Some(place.path("data")), ..Trust::default() });
}

#[test]
fn a_folder_that_is_named_for_a_call_is_granted_and_no_other() {
    let mut place = Place::new();
    place.plugin("user/hello", HELLO);
    place.plugin("user/other", &HELLO.replace("hello", "other"));
    let given = vec![place.path("user/../user/hello")];
    place.trust = Some(Trust { given, ..Trust::default() });
    let plugins = place.open();
    let hello = plugins.find(Point::Subcommand, "hello", Need::Any).unwrap();
    assert_eq!(plugins.consent(&hello).unwrap().by, GrantedBy::Call);
    let other = plugins.find(Point::Subcommand, "other", Need::Any).unwrap();
    assert_eq!(plugins.consent(&other).unwrap_err().code, "plugin-ungranted");
}

#[test]
fn consent_is_to_what_was_shown() {
    let mut place = Place::new();
    place.plugin("own/hello", HELLO);
    "[plugins]\nhello = { path = \"own/hello\" }\n".clone_into(&mut place.table);
    nothing(&mut place);
    let shown = place.open().asking("hello").unwrap();
    assert_eq!(
        (shown.granted, shown.runs.as_slice()),
        (None, &["the Python module `hello`".to_owned()][..])
    );
    assert!(matches!(shown.covers, Some(Coverage::Workspace { .. })));

    // It asks for more while the user still reads.
    place.plugin("own/hello", &format!("{HELLO}[permissions]\nrun = [\"sh\"]\n"));
    let plugins = place.open();
    plugins.trust(&shown).unwrap();
    let again = plugins.asking("hello").unwrap();
    assert_eq!(again.granted, None);
    assert_eq!(again.beyond.unwrap().run, ["sh"]);
}

#[test]
fn a_workspace_that_takes_a_plugin_from_another_folder_asks_again() {
    let mut place = Place::new();
    place.plugin("own/hello", HELLO);
    place.plugin("other/hello", HELLO);
    nothing(&mut place);
    "[plugins]\nhello = { path = \"own/hello\" }\n".clone_into(&mut place.table);
    let plugins = place.open();
    plugins.trust(&plugins.asking("hello").unwrap()).unwrap();
    assert!(place.open().refused("hello").is_none());
    "[plugins]\nhello = { path = \"other/hello\" }\n".clone_into(&mut place.table);
    assert!(place.open().refused("hello").is_some());
}

#[test]
fn a_manifest_that_changes_in_a_run_is_not_the_one_that_was_granted() {
    let mut place = Place::new();
    place.plugin("own/hello", HELLO);
    "[plugins]\nhello = { path = \"own/hello\" }\n".clone_into(&mut place.table);
    nothing(&mut place);
    let plugins = place.open();
    plugins.trust(&plugins.asking("hello").unwrap()).unwrap();
    let hello = plugins.find(Point::Subcommand, "hello", Need::Any).unwrap();
    assert_eq!(plugins.consent(&hello).unwrap().by, GrantedBy::Record);
    place.plugin("own/hello", &HELLO.replace("module = \"hello\"", "module = \"evil\""));
    // Known to be as it was until somebody looks again.
    plugins.refresh();
    let later = place.open();
    assert_eq!(later.consent(&hello).unwrap_err().code, "plugin-changed");
    std::fs::remove_dir_all(place.path("own/hello")).unwrap();
    assert_eq!(place.open().consent(&hello).unwrap_err().code, "plugin-changed");
}

#[test]
fn commands_that_are_shipped_are_not_even_read_without_consent() {
    let mut place = Place::new();
    place.plugin("user/tools", "[ships]\ncommands = \"commands.toml\"\n");
    place.write("user/tools/commands.toml", "check = \"true\"\n");
    "[plugins]\ntools = \"1\"\n".clone_into(&mut place.table);
    nothing(&mut place);
    let plugins = place.open();
    assert_eq!(plugins.shipped_commands("tools").unwrap_err().code, "plugin-ungranted");
    assert_eq!(
        plugins.list().iter().find(|one| one.name == "tools").unwrap().status,
        PluginStatus::Ungranted
    );
    plugins.trust(&plugins.asking("tools").unwrap()).unwrap();
    assert!(place.open().shipped_commands("tools").unwrap().is_some());
    // Where nothing can be recorded nothing was.
    place.trust = Some(Trust::default());
    let plugins = place.open();
    assert_eq!(plugins.shipped_commands("tools").unwrap_err().code, "plugin-ungranted");
    assert_eq!(plugins.trust(&plugins.asking("tools").unwrap()).unwrap_err().code, "consent");
}

#[test]
fn a_plugin_whose_content_cannot_be_told_is_not_granted() {
    let mut place = Place::new();
    place.plugin("user/hello", HELLO);
    nothing(&mut place);
    let plugins = place.open();
    plugins.trust(&plugins.asking("hello").unwrap()).unwrap();
    std::os::unix::fs::symlink("/etc/passwd", place.path("user/hello/link")).unwrap();
    let plugins = place.open();
    let hello = plugins.find(Point::Subcommand, "hello", Need::Any).unwrap();
    let refused = plugins.consent(&hello).unwrap_err();
    assert!(
        refused.detail.contains("`link`: the link leads out of the plugin's folder"),
        "{refused:?}"
    );
    assert_eq!(plugins.asking("hello").unwrap_err().code, "plugin-content");
}
