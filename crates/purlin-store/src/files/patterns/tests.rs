use proptest::prelude::*;

use super::*;

fn patterns(list: &[&str]) -> Patterns {
    Patterns::new(list).unwrap()
}

fn path(text: &str) -> RelativePath {
    RelativePath::parse(text).unwrap()
}

#[test]
fn dialect() {
    // Patterns, what they take, what they do not.
    let table: &[(&[&str], &[&str], &[&str])] = &[
        // No wildcard: one path from the root.
        (&["a"], &["a", "a/b", "a/b/c"], &["b/a", "ab", "a.b"]),
        (&["a/b"], &["a/b", "a/b/c"], &["a", "a/bc", "x/a/b"]),
        (&["/a/b/"], &["a/b", "a/b/c"], &["b"]),
        (&["./a"], &["a"], &["b/a"]),
        (&["./a//./b/"], &["a/b"], &["a"]),
        (&["."], &["a", "a/.b"], &[]),
        (&["/"], &["a", "a/.b"], &[]),
        // Wildcards without a slash match at any depth.
        (&["*.py"], &["a.py", ".py", "a/b/c.py", "x.py/any"], &["a.pyc", "py", "a.py2"]),
        (&["*.py/"], &["x.py/any", "a/x.py/any"], &["a.py", "a/x.py"]),
        (&["*"], &["a", ".a", "a/b"], &[]),
        (&["a?"], &["ab", "x/ab", "ab/c"], &["a", "abc", "a/b"]),
        // With a slash they begin at the root.
        (&["/*.py"], &["a.py"], &["b/a.py"]),
        (&["./*.py"], &["a.py"], &["b/a.py"]),
        (&["a/*.py"], &["a/b.py", "a/d.py/x"], &["b.py", "a/b/c.py", "x/a/b.py"]),
        (&["a/*"], &["a/b", "a/b/c"], &["a", "ab"]),
        (&["a/*/c"], &["a/b/c", "a/b/c/d"], &["a/c", "a/b/b/c"]),
        // Two stars cross folders.
        (&["**"], &["a", "a/b"], &[]),
        (&["a/**"], &["a/b", "a/b/c"], &["a", "ab/c"]),
        (&["a/**/"], &["a/b/c"], &["a/b"]),
        (&["a/**/z"], &["a/z", "a/b/z", "a/b/c/z", "a/z/y"], &["z", "a/b"]),
        (&["**/z"], &["z", "a/z", "a/b/z", "z/a"], &["az", "za"]),
        (&["**/*.py"], &["a.py", "a/b.py"], &["a.pyc"]),
        (&["**/**/z"], &["z", "a/z"], &["az"]),
        (&["a/**/t_*.py"], &["a/t_b.py", "a/c/t_b.py"], &["t_b.py", "a/b.py"]),
        (&["a**b"], &["ab", "axb", "x/ab"], &["a/b"]),
        // Classes and alternates.
        (&["[ab].c"], &["a.c", "x/b.c"], &["c.c", "ab.c"]),
        (&["[!ab].c"], &["c.c"], &["a.c"]),
        (&["x/[a-c]/y"], &["x/b/y"], &["x/d/y"]),
        (&["[]]"], &["]"], &["["]),
        (&["*.{js,ts}"], &["a.js", "a/b.ts"], &["a.rs", "a.jsts"]),
        (&["a{,.txt}"], &["a", "a.txt", "x/a"], &["b"]),
        (&["{a,b}/c"], &["a/c", "b/c"], &["c", "x/a/c"]),
        (&["{a/x,b}"], &["a/x", "b"], &["x/a/x", "a/b"]),
        (&["a/{b/c,d}"], &["a/b/c", "a/d"], &["a/b", "a/b/d"]),
        // Escapes.
        (&["\\*"], &["*", "*/a"], &["a"]),
        (&["a/\\[b\\]"], &["a/[b]"], &["a/b"]),
        (&["\\!a"], &["!a"], &["a"]),
        (&["*\\?"], &["a?"], &["ab"]),
        (&["*.\\{x"], &["a.{x"], &["a.x"]),
        (&["#a"], &["#a"], &[]),
        (&["a b "], &["a b "], &["a b"]),
        (&["a}"], &["a}"], &["a"]),
        // The last match decides.
        (&["a", "!a/b", "a/b/c"], &["a/x", "a/b/c"], &["a/b", "a/b/d"]),
        (&["!a", "a"], &["a"], &[]),
        (&["a", "!a"], &[], &["a", "a/b"]),
        (&["*.py", "!test_*"], &["a.py"], &["test_a.py", "x/test_a.py", "test_x/a.py"]),
        (&["**", "!.git", "!*.pyc"], &["a"], &[".git/x", "a/b.pyc"]),
        (&["**", "!b/"], &["a"], &["b", "b/a"]),
        (&["**", "!b*/"], &["a", "bc"], &["bc/a"]),
        (&["!a"], &[], &["a", "b"]),
        // Names that are not ASCII.
        (&["*.ä"], &["ö.ä"], &["ö.a"]),
        (&["ä/*"], &["ä/ö"], &["a/ö"]),
        (&["{ä,ö}?"], &["äa", "x/öa"], &["ä"]),
    ];
    for (list, taken, left) in table {
        let set = patterns(list);
        for text in *taken {
            assert!(set.matches(&path(text)), "{list:?} must take {text:?}");
        }
        for text in *left {
            assert!(!set.matches(&path(text)), "{list:?} must leave {text:?}");
        }
    }
}

#[test]
fn names_that_are_not_utf_8_match() {
    let odd = RelativePath::from_bytes(b"a/\xff\xfe.py").unwrap();
    for list in [["*.py"], ["a"], ["a/*"], ["a/**/*.p?"], ["a/??.py"]] {
        assert!(patterns(&list).matches(&odd), "{list:?}");
    }
    assert!(!patterns(&["*.pyc"]).matches(&odd));
}

#[test]
fn mistakes_are_told_with_their_place() {
    let message = |text| {
        let error = Patterns::new(&["a", text]).unwrap_err();
        assert_eq!(error.index, 1);
        error.to_string()
    };
    assert_eq!(
        message("../x"),
        "`../x` leads out of the workspace; paths are relative to the workspace root."
    );
    assert_eq!(
        message("!*/../x"),
        "`!*/../x` leads out of the workspace; paths are relative to the workspace root."
    );
    assert_eq!(message(""), "The pattern is empty.");
    assert_eq!(message("!"), "The pattern is empty.");
    assert_eq!(message("a\\"), "The `\\` at the end escapes nothing.");
    assert_eq!(message("a\0"), "A path has no zero byte.");
    assert_eq!(message(".git/HEAD"), "`.git` is never looked into, so no file in it can be named.");
    assert_eq!(
        message("a/.purlin/*"),
        "`.purlin` is never looked into, so no file in it can be named."
    );
    for text in ["a[", "*{a", "a?}"] {
        assert!(message(text).contains("is not a pattern"), "{text}: {}", message(text));
    }
}

#[test]
fn overlap_is_denied_only_where_it_is_certain() {
    let overlap = |one: &[&str], other: &[&str]| {
        let (one, other) = (patterns(one), patterns(other));
        assert_eq!(one.may_overlap(&other), other.may_overlap(&one));
        one.may_overlap(&other)
    };
    assert!(overlap(&["a"], &["a"]));
    assert!(overlap(&["a"], &["a/b/*.py"]));
    assert!(overlap(&["*.py"], &["a/b.txt"]), "b.txt may be a folder");
    assert!(overlap(&["x", "a/*"], &["a/b"]));
    assert!(!overlap(&["a"], &["ab"]));
    assert!(!overlap(&["a/*"], &["b/**"]));
    assert!(!overlap(&["**", "!b"], &["b/**"]));
    assert!(!overlap(&["**", "!b/**"], &["b/c"]));
    assert!(overlap(&["!b", "**"], &["b/**"]));
    assert!(overlap(&["**", "!*.py/"], &["a.py"]), "a.py may be a file");
    assert!(!overlap(&[], &["**"]));
    assert!(!overlap(&["!a"], &["a"]));
}

#[test]
fn literals_are_what_is_named() {
    let set = patterns(&["b/", "*.py", "!c", "a\\*", "d/*"]);
    assert_eq!(set.literals().collect::<Vec<_>>(), [&path("b"), &path("a*")]);
    assert!(!set.is_empty());
    assert!(patterns(&["!a"]).is_empty() && Patterns::default().is_empty());
}

/// What a pattern means, said as simply as possible, for the part of the dialect that the
/// property tests make: components of letters, `*`, `?` and `**`.
mod model {
    pub(super) fn takes(list: &[String], path: &str) -> bool {
        let decisive = list.iter().rev().find(|pattern| {
            let body = pattern.strip_prefix('!').unwrap_or(pattern);
            let whole: Vec<_> = path.split('/').collect();
            (1..=whole.len()).any(|count| {
                let is_folder = count < whole.len();
                one(body, &whole[..count], is_folder)
            })
        });
        decisive.is_some_and(|pattern| !pattern.starts_with('!'))
    }

    fn one(body: &str, path: &[&str], is_folder: bool) -> bool {
        let wild = body.contains(['*', '?']);
        let trimmed = body.trim_end_matches('/');
        if wild && body.ends_with('/') && !is_folder {
            return false;
        }
        let mut components: Vec<_> = trimmed.trim_start_matches('/').split('/').collect();
        if wild && !trimmed.contains('/') {
            components.insert(0, "**");
        }
        folders(&components, path)
    }

    fn folders(pattern: &[&str], path: &[&str]) -> bool {
        match pattern {
            [] => path.is_empty(),
            // At the end it needs something to match.
            ["**"] => !path.is_empty(),
            ["**", rest @ ..] => (0..=path.len()).any(|skipped| folders(rest, &path[skipped..])),
            [first, rest @ ..] => path.split_first().is_some_and(|(name, path)| {
                text(first.as_bytes(), name.as_bytes()) && folders(rest, path)
            }),
        }
    }

    fn text(pattern: &[u8], name: &[u8]) -> bool {
        match pattern {
            [] => name.is_empty(),
            [b'*', rest @ ..] => (0..=name.len()).any(|skipped| text(rest, &name[skipped..])),
            [b'?', rest @ ..] => !name.is_empty() && text(rest, &name[1..]),
            [first, rest @ ..] => name.first() == Some(first) && text(rest, &name[1..]),
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(1_000) })]

    #[test]
    fn matching_agrees_with_the_model(
        list in proptest::collection::vec(
            "!?/?(\\*\\*|[ab*?]{1,3})(/(\\*\\*|[ab*?]{1,3})){0,3}/?", 1..4),
        text in "[ab]{1,3}(/[ab]{1,3}){0,4}",
    ) {
        let set = Patterns::new(&list).unwrap();
        prop_assert_eq!(set.matches(&path(&text)), model::takes(&list, &text));
    }

    #[test]
    fn no_text_makes_the_parser_panic(text in "[a/.*?\\[\\]{},!\\\\ä^-]{0,12}") {
        if let Ok(set) = Patterns::new(&[text]) {
            prop_assert_eq!(set.matches(&path("a/b.ä")), set.matches(&path("a/b.ä")));
        }
    }

    #[test]
    fn what_overlaps_is_never_denied(
        one in proptest::collection::vec("!?[ab*]{1,2}(/[ab*]{1,2}){0,2}", 1..4),
        other in proptest::collection::vec("!?[ab*]{1,2}(/[ab*]{1,2}){0,2}", 1..4),
        text in "[ab]{1,2}(/[ab]{1,2}){0,3}",
    ) {
        let (one, other) = (Patterns::new(&one).unwrap(), Patterns::new(&other).unwrap());
        let path = path(&text);
        prop_assert!(!(one.matches(&path) && other.matches(&path)) || one.may_overlap(&other));
    }
}
