//! Definitions that need themselves.

use crate::world::{told, world};

/// Recorded case 43.
#[test]
fn a_circle_is_told_with_its_names_before_anything_runs() {
    let world = world(&[
        ("pkgs/a.star", "def default(b):"),
        ("pkgs/b.star", "def default(c, a):"),
        ("pkgs/c.star", "def default():"),
        ("pkgs/user.star", "def default(c, b):"),
        ("pkgs/fine.star", "def default(c):"),
    ]);
    let error = world.error("pkg.x86_64-linux.b");
    insta::assert_snapshot!(told(&error), @r#"
    error: cycle: a (pkgs/a.star:1:13) -> b (pkgs/b.star:1:16) -> a
      pkgs/a.star:1:13 `a` needs `b`
      pkgs/b.star:1:16 `b` needs `a`
      = Each needs the next one before it can be evaluated.
      = take one of them out, or give a parameter a default
    "#);
    assert!(!world.language.calls.lock().unwrap().contains_key("a"));
    assert_eq!(world.error("pkg.x86_64-linux.a"), error);
    assert_eq!(world.error("pkg.x86_64-linux.user"), error);
    assert_eq!(world.value("pkg.x86_64-linux.fine"), "fine(c())");
    assert_eq!(world.codes(), ["cycle"]);
}

#[test]
fn circles_that_close_while_something_runs_are_told_alike() {
    let world = world(&[
        ("pkgs/a.star", "def default(pkgs):\n    use pkgs.b\n"),
        ("pkgs/b.star", "def default(c):"),
        ("pkgs/c.star", "def default(pkgs):\n    use pkgs.a\n"),
    ]);
    let cycle =
        "[cycle: a (pkgs/a.star:1:13) -> b (pkgs/b.star:1:13) -> c (pkgs/c.star:1:13) -> a]";
    assert_eq!(world.value("pkg.x86_64-linux.a"), cycle);
    assert_eq!(world.value("pkg.x86_64-linux.c"), cycle);
}

/// Threads that evaluate parts of one circle must not wait for each other.
#[test]
fn circles_over_threads_end() {
    let count = 200;
    let texts: Vec<(String, String)> = (0..count)
        .map(|number| {
            let next = (number + 1) % count;
            let text = format!("def default(pkgs):\n    use pkgs.p{next}\n");
            (format!("pkgs/p{number}.star"), text)
        })
        .collect();
    let files: Vec<(&str, &str)> =
        texts.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
    for _ in 0..5 {
        let world = world(&files);
        let found = world.workspace.check();
        assert!(!found.is_empty());
        for one in found {
            assert!(one.code == "cycle" || one.code == "too-deep", "{one}");
        }
    }
}

#[test]
fn outputs_that_need_themselves_are_a_circle() {
    let world = world(&[
        ("pkgs/a.star", "def default(self):\n    use self.pkg.x86_64-linux.b\n"),
        ("pkgs/b.star", "def default(self):\n    use self.pkg.x86_64-linux.a\n"),
        ("pkgs/c.star", "def default(self):\n    use self.pkg.x86_64-linux.d\n"),
        ("pkgs/d.star", "def default():"),
    ]);
    assert_eq!(
        world.value("pkg.x86_64-linux.a"),
        "[cycle: a (pkgs/a.star:1:13) -> b (pkgs/b.star:1:13) -> a]"
    );
    assert_eq!(world.value("pkg.x86_64-linux.c"), "c(<self>, d())");
}

/// What a circle is made of does not depend on the thread that comes upon it first.
#[test]
fn circles_that_threads_close_are_told_alike() {
    let mut texts = vec![
        ("pkgs/a.star".to_owned(), "def default(pkgs):\n    use pkgs.b\n".to_owned()),
        (
            "pkgs/b.star".to_owned(),
            "def default(self):\n    use self.pkg.x86_64-linux.c\n".to_owned(),
        ),
        ("pkgs/c.star".to_owned(), "def default(a):".to_owned()),
    ];
    texts.extend((0..100).map(|number| {
        let text = "def default(pkgs):\n    use pkgs.b\n".to_owned();
        (format!("pkgs/x{number}.star"), text)
    }));
    let files: Vec<(&str, &str)> =
        texts.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
    for _ in 0..40 {
        let found = world(&files).workspace.check();
        let found: Vec<&str> = found.iter().map(|one| one.summary.as_str()).collect();
        assert_eq!(
            found,
            ["cycle: a (pkgs/a.star:1:13) -> b (pkgs/b.star:1:13) -> c (pkgs/c.star:1:13) -> a"]
        );
    }
}

/// Of circles that go through each other some are told, and the same ones each time.
#[test]
fn circles_that_share_definitions_are_the_same_ones_each_time() {
    let texts: Vec<(String, String)> = (0_usize..120)
        .map(|number| {
            let (one, other) = ((number * 7 + 3) % 120, (number * 31 + 11) % 120);
            let text = match number % 4 {
                0 => format!("def default(pkgs):\n    use pkgs.p{one}\n    use pkgs.p{other}\n"),
                1 => format!("def default(p{one}):"),
                2 => format!("def default(self):\n    use self.pkg.x86_64-linux.p{other}\n"),
                _ => "def default():".to_owned(),
            };
            (format!("pkgs/p{number}.star"), text)
        })
        .collect();
    let files: Vec<(&str, &str)> =
        texts.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
    let all = || world(&files).workspace.check().iter().map(told).collect::<String>();
    let first = all();
    assert!(first.contains("cycle: "), "{first}");
    for _ in 0..10 {
        assert_eq!(all(), first);
    }
}
