use std::path::PathBuf;

use insta::assert_snapshot;
use purlin_host::{Need, Plugins};
use purlin_plugin::Point;

use crate::support::{HELLO, Place};

fn has(plugins: &Plugins, verb: &str) -> bool {
    plugins.find(Point::Subcommand, verb, Need::Any).is_ok()
}

fn verb(name: &str) -> String {
    HELLO.replace("subcommand.hello", &format!("subcommand.{name}"))
}

fn index_file(place: &Place) -> PathBuf {
    let mut files = std::fs::read_dir(&place.index_dir).unwrap();
    let file = files.next().unwrap().unwrap().path();
    assert!(files.next().is_none());
    file
}

#[test]
fn a_thousand_plugins_are_not_opened_by_those_who_use_none() {
    let place = Place::new();
    for number in 0..1000 {
        place.plugin(&format!("user/plugin-{number}"), &verb(&format!("verb-{number}")));
    }
    place.rest();
    let first = place.open();
    assert_eq!(first.files_read(), 1000);
    assert!(has(&first, "verb-77"));

    let plugins = place.open();
    assert!(plugins.find(Point::Dependency, "glob", Need::Enabled).is_ok());
    assert!(plugins.default_for(Point::Cache).is_ok());
    assert!(has(&plugins, "verb-77"));
    assert_eq!(plugins.flags("run").len(), 0);
    assert!(!has(&plugins, "verb-1000"));
    assert_eq!(plugins.list().len(), 1001);
    assert_eq!(plugins.files_read(), 0);

    // Not even looked at: without their manifests everything else goes on.
    for number in 0..1000 {
        std::fs::remove_file(place.path(&format!("user/plugin-{number}/plugin.toml"))).unwrap();
    }
    let plugins = place.open();
    assert!(plugins.find(Point::Dependency, "glob", Need::Enabled).is_ok());
    assert_eq!(plugins.files_read(), 0);
    assert!(!has(&plugins, "verb-77"), "a plugin that is used is looked at");
}

#[test]
fn plugins_that_come_change_and_go_are_noticed() {
    let place = Place::new();
    place.rest();
    assert!(!has(&place.open(), "one"));

    place.plugin("user/tools", &verb("one"));
    assert!(has(&place.open(), "one"), "added");
    place.rest();

    place.plugin("user/tools", &verb("two"));
    assert!(!has(&place.open(), "one"), "edited: the old name");
    place.rest();
    place.plugin("user/tools", &verb("three"));
    assert!(has(&place.open(), "three"), "edited: the new name, which no row of the index has");
    place.rest();

    std::fs::remove_dir_all(place.path("user/tools")).unwrap();
    assert!(!has(&place.open(), "three"), "removed");
}

#[test]
fn a_folder_that_becomes_a_plugin_later_is_noticed() {
    let mut place = Place::new();
    place.folders = vec![place.path("self"), place.path("absent")];
    std::fs::create_dir_all(place.path("user/tools")).unwrap();
    std::fs::create_dir_all(place.path("self")).unwrap();
    place.rest();
    assert!(!has(&place.open(), "one"));
    place.rest();
    place.plugin("user/tools", &verb("one"));
    assert!(has(&place.open(), "one"));
    place.plugin("self", &verb("two"));
    assert!(has(&place.open(), "two"));
    place.plugin("absent/tools-too", &verb("three"));
    assert!(has(&place.open(), "three"));
}

#[test]
fn schemas_that_appear_or_break_are_noticed() {
    let mut place = Place::new();
    "[plugins]\ntools = \"1\"\n".clone_into(&mut place.table);
    place.plugin(
        "user/tools",
        &format!("{HELLO}[provides.dependency.tree]\nabout = \"T\"\nschema = \"tree.json\"\n"),
    );
    place.rest();
    let broken = |place: &Place| {
        let found = place.open().find(Point::Dependency, "tree", Need::Enabled);
        found.err().map(|error| error.code)
    };
    assert_eq!(broken(&place).as_deref(), Some("broken-plugin"));
    place.write("user/tools/tree.json", "{\"type\": \"object\"}");
    assert_eq!(broken(&place), None);
    place.rest();
    assert_eq!(broken(&place), None);
    place.write("user/tools/tree.json", "{\"type\": \"objekt\"}");
    assert_eq!(broken(&place).as_deref(), Some("broken-plugin"));
}

#[test]
fn a_need_that_is_lost_is_noticed() {
    let place = Place::new();
    place.plugin("user/tools", &format!("[requires.plugins]\nbase = \"1\"\n{HELLO}"));
    place.plugin("user/base", "");
    place.rest();
    assert!(has(&place.open(), "hello"));
    place.rest();
    place.write("user/base/plugin.toml", "[plugin]\n");
    let plugins = place.open();
    assert!(!has(&plugins, "hello"));
}

#[test]
fn edits_within_one_tick_of_the_clock_are_noticed() {
    let place = Place::new();
    for round in 0..200 {
        let (now, before) = if round % 2 == 0 { ("aaa", "bbb") } else { ("bbb", "aaa") };
        place.plugin("user/tools", &verb(now));
        let plugins = place.open();
        assert!(has(&plugins, now), "round {round}");
        assert!(!has(&plugins, before), "round {round}");
    }
}

#[test]
fn an_index_that_cannot_be_kept_is_a_warning() {
    let mut place = Place::new();
    place.plugin("user/tools", &verb("one"));
    place.write("file", "");
    place.index_dir = place.path("file/index");
    let mut warnings = String::new();
    for _ in 0..2 {
        let plugins = place.open();
        assert!(has(&plugins, "one"));
        assert_eq!(plugins.files_read(), 1);
        warnings = place.all_told(&plugins.warnings());
    }
    assert_snapshot!(warnings, @r"
    warning[plugin-index]: the index of plugins cannot be kept
      why: Every run reads all manifests anew, because `[dir]/file/index` cannot be written: Not a directory (os error 20).
      help: make the folder writable
    ");
    place.index_dir = place.path("index");
    assert_eq!(place.open().warnings(), []);
}

#[test]
fn a_damaged_index_is_made_anew_wherever_it_is_damaged() {
    let mut place = Place::new();
    "[plugins]\ntools = \"1\"\n".clone_into(&mut place.table);
    place.plugin(
        "user/tools",
        &format!("{}[provides.dependency.tree]\nabout = \"T\"\n", verb("one")),
    );
    place.plugin(
        "user/words",
        &format!(
            "{}args = [{{ name = \"deep\", kind = \"option\", type = \"bool\" }}]\n\
             [[provides.argument]]\non = [\"run\"]\nname = \"tint\"\ntype = \"choice\"\n\
             values = [\"red\"]\nabout = \"A tint\"\nedits = [\"/force\"]\n",
            verb("two")
        ),
    );
    place.write("user/bad/plugin.toml", "[plugin]\nname = 3\n");
    std::fs::create_dir(place.path("user/none")).unwrap();
    place.rest();
    let answers = |place: &Place| {
        let plugins = place.open();
        let mut answers =
            vec![format!("{:?}", plugins.find(Point::Dependency, "tree", Need::Enabled))];
        answers.push(format!("{:?}", plugins.find(Point::Subcommand, "other", Need::Any)));
        answers.push(format!("{:?}", plugins.default_for(Point::Dependency)));
        answers.push(format!("{:?}", plugins.list()));
        answers.push(format!("{:?}", (plugins.subcommand_lines(), plugins.flag_lines("run"))));
        answers
    };
    let expected = answers(&place);
    let file = index_file(&place);
    let whole = std::fs::read(&file).unwrap();
    let sampled = (0..whole.len()).filter(|at| *at < 100 || at % 37 == 0);
    for at in sampled {
        let mut damaged = whole.clone();
        damaged[at] ^= 0x55;
        std::fs::write(&file, &damaged).unwrap();
        assert_eq!(answers(&place), expected, "byte {at}");
        assert_eq!(std::fs::read(&file).unwrap(), whole, "byte {at} was repaired");
    }
    for length in (0..whole.len()).step_by(331) {
        std::fs::write(&file, &whole[..length]).unwrap();
        assert_eq!(answers(&place), expected, "length {length}");
        assert_eq!(std::fs::read(&file).unwrap(), whole, "length {length} was repaired");
    }
}

#[test]
fn each_search_path_has_an_index_of_its_own() {
    let mut place = Place::new();
    place.plugin("user/tools", &verb("one"));
    place.plugin("more/others", &verb("two"));
    place.rest();
    drop(place.open());
    place.folders = vec![place.path("more")];
    drop(place.open());
    assert_eq!(std::fs::read_dir(&place.index_dir).unwrap().count(), 2);
    let plugins = place.open();
    assert!(has(&plugins, "two"));
    place.folders.clear();
    let plugins = place.open();
    assert!(!has(&plugins, "two") && has(&plugins, "one"));
    assert_eq!(plugins.files_read(), 0);
}

#[test]
fn old_indexes_do_not_pile_up() {
    let mut place = Place::new();
    for number in 0..70 {
        place.folders = vec![place.path(&format!("folder-{number}"))];
        drop(place.open());
    }
    place.write("index/notes.txt", "not ours");
    let newest = place.open();
    assert_eq!(newest.files_read(), 0);
    let names = std::fs::read_dir(&place.index_dir).unwrap();
    let names: Vec<PathBuf> = names.map(|entry| entry.unwrap().path()).collect();
    assert_eq!(names.len(), 65);
    assert!(names.contains(&place.path("index/notes.txt")));
}

#[test]
fn many_may_make_the_index_at_once() {
    let place = Place::new();
    for number in 0..20 {
        place.plugin(&format!("user/plugin-{number}"), &verb(&format!("verb-{number}")));
    }
    for _ in 0..10 {
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    let plugins = place.open();
                    assert!(has(&plugins, "verb-3"));
                    assert_eq!(plugins.warnings(), []);
                });
            }
        });
        std::fs::remove_file(index_file(&place)).unwrap();
    }
}

#[test]
fn one_handle_serves_many_threads() {
    let place = Place::new();
    for number in 0..20 {
        place.plugin(&format!("user/plugin-{number}"), &verb(&format!("verb-{number}")));
    }
    place.rest();
    drop(place.open());
    place.plugin("user/plugin-3", &verb("changed"));
    let plugins = place.open();
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| assert!(has(&plugins, "changed") && !has(&plugins, "verb-3")));
        }
    });
    assert_eq!(plugins.files_read(), 20, "it was made anew once");
}
