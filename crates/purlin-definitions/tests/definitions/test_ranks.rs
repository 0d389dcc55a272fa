//! Which of several projects counts, and what is told of those that do not.

use crate::test_composition::document;
use crate::world::world;

/// What is put out is checked, even where something stands above it.
#[test]
fn what_an_adopted_project_puts_out_is_checked() {
    let adopting =
        "[projects]\nkid = { path = \"kid\", adopt = true, accept-override = [\"steel\"] }\n";
    let world = world(&[
        ("purlin.toml", &document(adopting)),
        ("pkg/steel.star", "def default():"),
        ("kid/purlin.toml", &document("")),
        ("kid/pkg/steel.star", "def default(nothing_has_this):"),
    ]);
    assert_eq!(world.codes(), ["missing-argument"]);
    assert_eq!(world.error("pkg.x86_64-linux.kid/steel").code, "missing-argument");
}

/// A choice is between projects, and changes nothing in what each of them is made of.
#[test]
fn who_is_not_chosen_stands_above_what_it_is_made_of() {
    let uses = "[projects]\nc = { path = \"../c\", accept-override = [\"ssl\"] }\n";
    for choice in ["a", "b"] {
        let projects = format!(
            "[projects]\na = {{ path = \"a\", adopt = true }}\nb = {{ path = \"b\", adopt = true }}\n\
             [choose]\n\"pkg.ssl\" = \"{choice}\"\n"
        );
        let world = world(&[
            ("purlin.toml", &document(&projects)),
            ("pkg/user.star", "def default(ssl):"),
            ("a/purlin.toml", &document(uses)),
            ("a/pkg/ssl.star", "def default(ssl): # a"),
            ("b/purlin.toml", &document(uses)),
            ("b/pkg/ssl.star", "def default(ssl): # b"),
            ("c/purlin.toml", &document("")),
            ("c/pkg/ssl.star", "def default():"),
        ]);
        assert_eq!(world.workspace.check(), []);
        for one in ["a/ssl", "b/ssl"] {
            assert_eq!(world.value(&format!("pkg.x86_64-linux.{one}")), "ssl(ssl())", "{choice}");
        }
        assert_eq!(world.value("pkg.x86_64-linux.user"), "user(ssl(ssl()))");
    }
}

/// Between a value and names below it, a project's word counts above those of what it is made of, too.
#[test]
fn what_a_project_decides_about_a_folder_is_decided_for_who_uses_it() {
    let leaf = "def default():";
    for (mid, deep, expected) in [
        ("pkg/a.star", "pkg/a/b.star", "user(a())"),
        ("pkg/a/b.star", "pkg/a.star", "user(<pkg.a>)"),
    ] {
        let (mid, deep) = (format!("mid/{mid}"), format!("mid/deep/{deep}"));
        let world = world(&[
            ("purlin.toml", &document("[projects]\nmid = { path = \"mid\" }\n")),
            ("pkg/user.star", "def default(a):"),
            ("mid/purlin.toml", &document("[projects]\ndeep = { path = \"deep\" }\n")),
            (&mid, leaf),
            ("mid/deep/purlin.toml", &document("")),
            (&deep, leaf),
        ]);
        assert_eq!(world.value("pkg.x86_64-linux.user"), expected);
    }
}

/// What a definition stands above follows from what its project is made of, as anything does there.
#[test]
fn what_an_override_stands_above_is_decided_as_everything_else() {
    let project = |projects: &str, files: &[(&'static str, &'static str)]| {
        let mut all = vec![("purlin.toml".to_owned(), document(projects))];
        all.extend(files.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned())));
        all
    };
    let value = |all: Vec<(String, String)>| {
        let files: Vec<(&str, &str)> =
            all.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
        world(&files).value("pkg.x86_64-linux.a")
    };
    // The names of the middle project count above the value of the one that it is made of.
    let mut all = project(
        "[projects]\nmid = { path = \"mid\" }\n",
        &[
            ("pkg/a.star", "def default(a):"),
            ("mid/pkg/a/x.star", "def default():"),
            ("mid/deep/pkg/a.star", "def default():"),
        ],
    );
    all.push(("mid/purlin.toml".to_owned(), document("[projects]\ndeep = { path = \"deep\" }\n")));
    all.push(("mid/deep/purlin.toml".to_owned(), document("")));
    assert_eq!(value(all), "a(<pkg.a>)");
    // Two that do not know each other exclude each other.
    let mut all = project(
        "[projects]\none = { path = \"one\" }\ntwo = { path = \"two\" }\n",
        &[
            ("pkg/a.star", "def default(a):"),
            ("one/pkg/a.star", "def default():"),
            ("two/pkg/a/x.star", "def default():"),
        ],
    );
    all.push(("one/purlin.toml".to_owned(), document("")));
    all.push(("two/purlin.toml".to_owned(), document("")));
    assert_eq!(value(all.clone()), "[there are 2 of `pkg.a`]");
    // The workspace may choose the one or the other, with all that is below its name.
    for (choice, expected) in [("one", "a(a())"), ("two", "a(<pkg.a>)")] {
        let mut all = all.clone();
        all[0].1.push_str(&format!("[choose]\n\"pkg.a\" = \"{choice}\"\n"));
        assert_eq!(value(all), expected);
    }
}

/// A choice of the workspace between two of its projects is not one between those that they use.
#[test]
fn a_choice_does_not_settle_what_a_project_left_open() {
    let projects = "[projects]\na = { path = \"a\", adopt = true }\nb = { path = \"b\", adopt = true }\n\
                    [choose]\n\"pkg.ssl\" = \"b\"\n";
    let uses = |names: &[&str]| {
        let line = |name: &&str| {
            format!("{name} = {{ path = \"../{name}\", accept-override = [\"ssl\"] }}\n")
        };
        document(&format!("[projects]\n{}", names.iter().map(line).collect::<String>()))
    };
    let world = world(&[
        ("purlin.toml", &document(projects)),
        ("a/purlin.toml", &uses(&["c", "d"])),
        ("a/pkg/ssl.star", "def default(ssl):"),
        ("b/purlin.toml", &uses(&["c"])),
        ("b/pkg/ssl.star", "def default():"),
        ("c/purlin.toml", &document("")),
        ("c/pkg/ssl.star", "def default():"),
        ("d/purlin.toml", &document("")),
        ("d/pkg/ssl.star", "def default():"),
    ]);
    let error = world.error("pkg.x86_64-linux.a/ssl");
    assert_eq!(error.summary, "there are 2 of `pkg.ssl`");
    assert!(error.detail.contains("the same priority, 300"), "{}", error.detail);
}

/// Whoever ranks what it says below what it is made of does so for those who use it, too.
#[test]
fn a_rank_at_home_counts_everywhere() {
    let world = world(&[
        ("purlin.toml", &document("[projects]\nmid = { path = \"mid\" }\n")),
        ("pkg/user.star", "def default(a):"),
        ("mid/purlin.toml", &document("[projects]\ndeep = { path = \"deep\" }\n")),
        ("mid/pkg/a.toml", "priority = 400\nversion = \"1\"\n"),
        ("mid/pkg/miduser.star", "def default(a):"),
        ("mid/deep/purlin.toml", &document("")),
        ("mid/deep/pkg/a/b.star", "def default():"),
    ]);
    assert_eq!(world.value("pkg.x86_64-linux.user"), "user(<pkg.a>)");
    assert_eq!(world.value("pkg.x86_64-linux.mid/miduser"), "miduser(<pkg.a>)");
}

/// An override takes the place of names below it, too, and that is told.
#[test]
fn a_value_over_the_names_of_a_project_is_an_override() {
    let files = |accepted: &str| {
        world(&[
            (
                "purlin.toml",
                &document(&format!("[projects]\nkid = {{ path = \"kid\"{accepted} }}\n")),
            ),
            ("pkg/a.star", "def default():"),
            ("kid/purlin.toml", &document("")),
            ("kid/pkg/a/b.star", "def default():"),
        ])
    };
    assert_eq!(files("").codes(), ["override"]);
    // What is for different systems never meets.
    let apart = world(&[
        (
            "purlin.toml",
            "[workspace]\nsystems = [\"x86_64-linux\", \"aarch64-linux\"]\n[[use]]\nname = \"folder\"\n\
             type = \"pkg\"\n[projects]\nkid = { path = \"kid\" }\n",
        ),
        ("pkg/x86_64-linux/a.star", "def default():"),
        ("kid/purlin.toml", &document("")),
        ("kid/pkg/aarch64-linux/a/b.star", "def default():"),
    ]);
    assert!(!apart.codes().contains(&"override".to_owned()), "{:?}", apart.codes());
    assert_eq!(files(", accept-override = [\"a\"]").codes(), Vec::<String>::new());
}

/// A conflict of a project's own is told even where the workspace defines the name itself.
#[test]
fn what_excludes_each_other_in_a_project_is_told_behind_an_override() {
    let projects =
        "[projects]\nkid = { path = \"kid\", adopt = true, accept-override = [\"a\"] }\n";
    let world = world(&[
        ("purlin.toml", &document(projects)),
        ("pkg/a.star", "def default():"),
        ("kid/purlin.toml", &document("")),
        ("kid/pkg/a.star", "def default():"),
        ("kid/pkg/a.toml", "version = \"1\"\n"),
    ]);
    assert_eq!(world.codes(), ["conflict"]);
    assert_eq!(world.error("pkg.x86_64-linux.kid/a").code, "conflict");
}

/// Of choices of a folder and of something in it, the narrower one decides.
#[test]
fn the_choice_of_a_definition_counts_above_that_of_its_folder() {
    let projects = "[projects]\none = { path = \"one\" }\ntwo = { path = \"two\" }\n\
                    [choose]\n\"pkg.n\" = \"one\"\n\"pkg.n.a\" = \"two\"\n";
    let world = world(&[
        ("purlin.toml", &document(projects)),
        ("pkg/user.star", "def default(n):\n    use n.a\n    use n.b\n"),
        ("one/purlin.toml", &document("")),
        ("one/pkg/n/a.star", "def default():"),
        ("one/pkg/n/b.star", "def default():"),
        ("two/purlin.toml", &document("")),
        ("two/pkg/n/a.star", "def default():"),
        ("two/pkg/n/b.star", "def default():"),
    ]);
    assert_eq!(world.workspace.check(), []);
    let place = |name: &str| {
        let path = ["pkg", "n", name].map(str::to_owned);
        world.workspace.explain(&path).unwrap().winner.unwrap().origin.to_string()
    };
    assert_eq!([place("a"), place("b")], ["two/pkg/n/a.star:1:5", "one/pkg/n/b.star:1:5"]);
}
