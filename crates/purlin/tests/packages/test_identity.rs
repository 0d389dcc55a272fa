//! What a package's identity is made of, and what stands for its root.

use std::fs;
use std::os::unix::fs::symlink;

use purlin_fetch::server::Manner;

use super::bench::Bench;

/// Packages of shell text alone, with the definitions `names`.
fn bench(definitions: &str, names: &[&str]) -> Bench {
    let bench = Bench::empty("");
    write(&bench, definitions, names);
    bench
}

fn write(bench: &Bench, definitions: &str, names: &[&str]) {
    let listed: Vec<String> = names.iter().map(|name| format!("\"{name}\": {name}")).collect();
    let text =
        format!("{definitions}\ndefinitions = {{\"packages\": {{{}}}}}\n", listed.join(", "));
    bench.workspace.write("purlin.star", text);
}

fn file(bench: &Bench, package: &str, name: &str) -> String {
    fs::read_to_string(bench.root_of(package).join(name)).unwrap()
}

#[test]
fn what_a_package_sets_for_others_builds_them_again() {
    let text = |mode: &str| {
        format!(
            "def a(mk_package):\n    return mk_package(version = \"1\", install = \"echo a > $out/a\", env = {{\"A_MODE\": \"{mode}\"}})\n\
             def b(mk_package, a):\n    return mk_package(version = \"1\", requires = [a], install = \"echo $A_MODE > $out/mode\")\n"
        )
    };
    let bench = bench(&text("one"), &["a", "b"]);
    assert_eq!(file(&bench, "b", "mode"), "one\n");
    write(&bench, &text("two"), &["a", "b"]);
    assert_eq!(file(&bench, "b", "mode"), "two\n");
}

#[test]
fn what_a_package_says_of_a_list_stands_in_place_of_what_is_usual() {
    let install = |folder: &str, word: &str| {
        format!(
            "mkdir $out/bin $out/{folder}; for d in bin {folder}; do (echo '#!/bin/sh'; echo echo {word} $d) > $out/$d/{word}; chmod +x $out/$d/{word}; done"
        )
    };
    let text = format!(
        "def a(mk_package):\n    return mk_package(version = \"1\", install = \"{}\", env = {{\"PATH\": \"{{root}}/tools\"}})\n\
         def b(mk_package):\n    return mk_package(version = \"1\", install = \"{}\")\n\
         def c(mk_package, a, b):\n    return mk_package(version = \"1\", requires = [a, b], install = \"a > $out/told; b >> $out/told\")\n",
        install("tools", "a"),
        install("other", "b"),
    );
    let bench = bench(&text, &["a", "b", "c"]);
    assert_eq!(file(&bench, "c", "told"), "a tools\nb bin\n");
}

#[test]
fn in_which_way_something_is_needed_counts() {
    let text = |list: &str| {
        format!(
            "def z(mk_package):\n    return mk_package(version = \"1\", install = \"mkdir $out/include; echo z > $out/include/z.h\")\n\
             def a(mk_package, z):\n    return mk_package(version = \"1\", {list} = [z], install = \"echo a > $out/a\")\n\
             def b(mk_package, a):\n    return mk_package(version = \"1\", private_build_requires = [a], install = \"echo path=$CPATH > $out/path\")\n"
        )
    };
    let bench = bench(&text("requires"), &["z", "a", "b"]);
    assert!(file(&bench, "b", "path").contains("-z-1/include"));
    write(&bench, &text("private_build_requires"), &["z", "a", "b"]);
    assert_eq!(file(&bench, "b", "path"), "path=\n");
    let closure = bench.workspace.succeed(&["build", "a", "--closure"]).stdout;
    assert_eq!(closure.lines().count(), 1, "{closure}");
}

/// `codec` has two variants, and `two` goes with the second alone.
const VARIANTS: &str = r#"
def z1(mk_package):
    return mk_package(name = "z", version = "1", install = "echo 1 > $out/v")

def z2(mk_package):
    return mk_package(name = "z", version = "2", install = "echo 2 > $out/v")

def codec(mk_package, z1, z2):
    return mk_package(version = "1", variants = [[z1], [z2]], install = "cat ${CMAKE_PREFIX_PATH%%:*}/v > $out/v")

def two(mk_package, codec, z2):
    return mk_package(
        version = "1",
        requires = [codec, z2],
        install = "echo %s > $out/where" % codec,
        env = {"CODEC": "%s" % codec},
        tests = {"same": "test %s = $(cat $out/where)" % codec},
    )

def user(mk_package, two):
    return mk_package(version = "1", requires = [two], install = "cat $CODEC/v > $out/v")
"#;

#[test]
fn a_text_means_the_variant_that_its_package_is_built_with() {
    let bench = bench(VARIANTS, &["z1", "z2", "codec", "two", "user"]);
    assert_eq!(file(&bench, "user", "v"), "2\n");
    bench.workspace.succeed(&["build"]);
    assert_eq!(bench.built_by(&["build"]), [""; 0]);
    assert_eq!(file(&bench, "user", "v"), "2\n");
    let built = bench.built_by(&["build", "-f", "user", "codec"]);
    assert_eq!(built, ["codec-1#0", "codec-1#1", "user-1"]);
    assert_eq!(file(&bench, "user", "v"), "2\n");
}

#[test]
fn two_versions_at_once_are_an_error() {
    let text = "\
def z1(mk_package):\n    return mk_package(name = \"z\", version = \"1\", install = \"echo 1 > $out/v\")\n\
def z2(mk_package):\n    return mk_package(name = \"z\", version = \"2\", install = \"echo 2 > $out/v\")\n\
def a(mk_package, z1):\n    return mk_package(version = \"1\", requires = [z1], install = \"echo > $out/a\")\n\
def b(mk_package, z2):\n    return mk_package(version = \"1\", requires = [z2], install = \"echo > $out/a\")\n\
def c(mk_package, a, b):\n    return mk_package(version = \"1\", requires = [a, b], install = \"echo > $out/a\")\n\
def d(mk_package, a):\n    return mk_package(version = \"1\", requires = [a, \"!z\"], install = \"echo > $out/a\")\n";
    let bench = bench(text, &["z1", "z2", "a", "b", "c", "d"]);
    bench.workspace.succeed(&["build", "a", "b"]);
    let failed = bench.workspace.fail(2, &["build", "c"]);
    for told in ["`c-1` needs two different packages `z`", "---- z-1", "---- z-2"] {
        assert!(failed.stderr.contains(told), "{told} is not in {failed}");
    }
    let failed = bench.workspace.fail(2, &["build", "d"]);
    assert!(failed.stderr.contains("`d-1` does not go with z-1"), "{failed}");
}

#[test]
fn what_describes_a_package_is_not_what_it_is_made_of() {
    let text = |more: &str| {
        format!(
            "def z(mk_package):\n    return mk_package(version = \"1\", install = \"echo z > $out/z\")\n\
             def a(mk_package, z):\n    return mk_package(version = \"1\", install = \"echo a > $out/a\"{more})\n"
        )
    };
    let bench = bench(&text(""), &["z", "a"]);
    assert_eq!(bench.built_by(&["build", "a"]), ["a-1"]);
    write(&bench, &text(", description = \"like %s\" % z"), &["z", "a"]);
    assert_eq!(bench.built_by(&["build", "a"]), [""; 0]);
    // A test is run, with what it mentions; the package is not built for it.
    let root = bench.root_of("a");
    write(&bench, &text(", tests = {\"z\": \"test -f %s/z\" % z}"), &["z", "a"]);
    assert_eq!(bench.built_by(&["build", "a"]), ["a-1", "z-1"]);
    assert_eq!(bench.root_of("a"), root);
    write(&bench, &text(", tests = {\"z\": \"test -f %s/y\" % z}"), &["z", "a"]);
    let failed = bench.workspace.fail(1, &["build", "a"]);
    assert!(failed.stderr.contains("Its folder is kept: "), "{failed}");
}

#[test]
fn an_installed_package_remembers_what_it_was_built_with() {
    let text = "\
def z(mk_package):\n    return mk_package(version = \"1\", install = \"echo one > $out/one\")\n\
def uses(mk_package, z):\n    return mk_package(version = \"1\", requires = [z], env = {\"ZDIR\": \"%s\" % z}, \
install = \"mkdir $out/bin; (echo '#!/bin/sh'; echo cat %s/one) > $out/bin/uses; chmod +x $out/bin/uses\" % z)\n";
    let bench = bench(text, &["z", "uses"]);
    bench.workspace.succeed(&["build", "uses", "--install", "shared"]);
    let document = bench.workspace.read("shared/uses/1/package.toml");
    assert!(!document.contains("@purlin"), "{document}");
    assert!(bench.workspace.path("shared/z/1/package.toml").is_file());
    let other = Bench::empty("[repositories]\nshared = { type = \"folder\", path = \"shared\" }\n");
    fs::rename(bench.workspace.path("shared"), other.workspace.path("shared")).unwrap();
    let text = "\
def w(mk_package, uses):\n    return mk_package(version = \"1\", requires = [uses], install = \"uses > $out/o; cat $ZDIR/one >> $out/o\")\n";
    write(&other, text, &["w"]);
    assert_eq!(file(&other, "w", "o"), "one\none\n");
}

#[test]
fn what_was_installed_anew_is_another_package() {
    let installed = |word: &str| {
        format!(
            "def z(mk_package):\n    return mk_package(version = \"1\", install = \"echo {word} > $out/v\")\n\
             def a(mk_package):\n    return mk_package(version = \"1\", install = \"echo {word} > $out/v\")\n"
        )
    };
    let bench = bench(&installed("one"), &["z", "a"]);
    let other = Bench::empty(&format!(
        "[repositories]\nshared = {{ type = \"folder\", path = \"{}\" }}\n",
        bench.workspace.path("shared").display()
    ));
    let text = "\
def w(mk_package):\n    return mk_package(version = \"1\", requires = [\"a\"], install = \"cat ${CMAKE_PREFIX_PATH%%:*}/v > $out/v\")\n\
";
    write(&other, text, &["w"]);
    for word in ["one", "two"] {
        write(&bench, &installed(word), &["z", "a"]);
        bench.workspace.succeed(&["build", "a", "--install", "shared"]);
        if word == "two" {
            let locked = other.workspace.fail(2, &["--locked", "build", "w"]);
            assert!(locked.stderr.contains("package `a`: digest"), "{locked}");
        }
        assert_eq!(file(&other, "w", "v"), format!("{word}\n"));
    }
}

#[test]
fn tests_use_a_package_as_others_do() {
    let text = "\
def a(mk_package):\n    return mk_package(version = \"1\", env = {\"A_HOME\": \"{root}\"}, \
install = \"mkdir $out/python $out/bin; echo x > $out/python/a.py\", \
tests = {\"t\": 'test \"$A_HOME\" = \"$out\" && test \"$PYTHONPATH\" = \"$out/python\"'})\n";
    bench(text, &["a"]).workspace.succeed(&["build", "a"]);
}

#[test]
fn a_file_that_is_fetched_is_another_under_another_name() {
    let bench = Bench::empty("");
    let digest = purlin_model::Digest::of(b"the same");
    for name in ["a.bin", "b.bin"] {
        let url = bench.server.serve(&format!("/{name}"), b"the same", Manner::Well);
        let text = format!(
            "def a(mk_package, fetch):\n    return mk_package(version = \"1\", source = fetch(\"{url}\", sha256 = \"{digest}\"), install = \"ls > $out/names\")\n"
        );
        write(&bench, &text, &["a"]);
        assert_eq!(file(&bench, "a", "names"), format!("{name}\n"));
    }
}

#[test]
fn variants_are_installed_side_by_side() {
    let bench = bench(VARIANTS, &["z1", "z2", "codec", "two", "user"]);
    // What needs one of them brings that one.
    bench.workspace.succeed(&["build", "two", "--install", "shared"]);
    assert!(bench.workspace.path("shared/codec/1/z-2/root/v").is_file());
    assert!(!bench.workspace.path("shared/codec/1/z-1").exists());
    bench.workspace.succeed(&["build", "codec", "--install", "shared"]);
    bench.workspace.succeed(&["build", "two", "--install", "shared"]);
    assert_eq!(bench.workspace.read("shared/codec/1/z-1/root/v"), "1\n");
    let document = bench.workspace.read("shared/codec/1/package.toml");
    for told in [
        "variants = [[\"z-2\"], [\"z-1\"]]",
        "variant-roots = [\"z-2/root\", \"z-1/root\"]",
        "root = \".\"",
    ] {
        assert!(document.contains(told), "{told} is not in {document}");
    }
    let other = Bench::empty("[repositories]\nshared = { type = \"folder\", path = \"shared\" }\n");
    fs::rename(bench.workspace.path("shared"), other.workspace.path("shared")).unwrap();
    let text = "\
def old(mk_package):\n    return mk_package(version = \"1\", requires = [\"codec\", \"z-1\"], install = \"cat ${CMAKE_PREFIX_PATH%%:*}/v > $out/v\")\n\
def new(mk_package):\n    return mk_package(version = \"1\", requires = [\"codec\", \"z-2\"], install = \"cat ${CMAKE_PREFIX_PATH%%:*}/v > $out/v\")\n\
def first(mk_package):\n    return mk_package(version = \"1\", requires = [\"codec\"], install = \"cat ${CMAKE_PREFIX_PATH%%:*}/v > $out/v\")\n\
def all(mk_package):\n    return mk_package(version = \"1\", requires = [\"two\"], install = \"cat $CODEC/v > $out/v\")\n";
    write(&other, text, &["old", "new", "first", "all"]);
    assert_eq!(file(&other, "old", "v"), "1\n");
    assert_eq!(file(&other, "new", "v"), "2\n");
    assert_eq!(file(&other, "first", "v"), "2\n");
    assert_eq!(file(&other, "all", "v"), "2\n");
}

#[test]
fn a_link_in_place_of_a_package_is_none() {
    let text = "def a(mk_package):\n    return mk_package(version = \"1\", install = \"echo a > $out/a\")\n";
    let bench = bench(text, &["a"]);
    let root = bench.root_of("a");
    let made = std::process::Command::new("rm").arg("-rf").arg(&root).status();
    assert!(made.unwrap().success());
    symlink(bench.workspace.root(), &root).unwrap();
    let verified = bench.workspace.fail(1, &["cache", "verify"]);
    assert!(verified.stdout.contains("package a-1: it is no folder; dropped"), "{verified}");
    assert!(bench.workspace.path("purlin.star").is_file(), "what it led to is there");
    symlink(bench.workspace.root(), &root).unwrap();
    assert_eq!(file(&bench, "a", "a"), "a\n");
    assert!(bench.workspace.path("purlin.star").is_file(), "what it led to is there");
}

#[test]
fn shells_in_a_circle_are_told() {
    let bench = Bench::empty("");
    let shell = |name: &str, of: &str| {
        format!("def {name}(mk_shell):\n    return mk_shell(inputs_from = [\"{of}\"])\n")
    };
    bench.workspace.write(
        "purlin.star",
        format!(
            "{}{}{}definitions = {{\"devShells\": {{\"one\": one, \"two\": two, \"entry\": entry}}}}\n",
            shell("one", "two"),
            shell("two", "one"),
            shell("entry", "one")
        ),
    );
    let failed = bench.workspace.fail(2, &["shell", "entry", "--", "true"]);
    assert!(failed.stderr.contains("cycle: entry -> one -> two -> one"), "{failed}");
}

#[test]
fn packages_that_say_the_same_in_two_projects_have_their_own_sources() {
    let bench = Bench::empty("[projects]\nchild = { path = \"child\" }\n");
    let text = "def it(mk_package):\n    return mk_package(name = \"it\", version = \"1\", source = \"src\", install = \"cp a $out/a\")\n\
                definitions = {\"packages\": {\"it\": it}}\n";
    for (folder, content) in [("", "parent\n"), ("child/", "child\n")] {
        bench.workspace.write(format!("{folder}purlin.star"), text);
        bench.workspace.write(format!("{folder}src/a"), content);
    }
    bench.workspace.write("child/purlin.toml", "[workspace]\nname = \"child\"\n");
    bench.workspace.succeed(&["build"]);
    assert_eq!(file(&bench, "it", "a"), "parent\n");
    assert_eq!(file(&bench, "child/it", "a"), "child\n");
}

#[test]
fn two_packages_that_say_the_same_are_not_mixed_up() {
    let bench = Bench::empty("[projects]\nchild = { path = \"child\" }\n");
    let it = "def it(mk_package):\n    return mk_package(name = \"it\", version = \"1\", source = \"src\", install = \"cp a $out/a\")\n";
    let both = |field: &str| {
        format!(
            "{it}def both(mk_package, it, other):\n    return mk_package(version = \"1\", install = \"echo > $out/x\", {field})\n\
             definitions = {{\"packages\": {{\"it\": it, \"both\": both}}}}\n"
        )
    };
    let fields = [
        "env = {\"ONE\": \"%s\" % it, \"TWO\": \"%s\" % other}",
        "tests = {\"differ\": \"! cmp -s %s/a %s/a\" % (it, other)}",
    ];
    for (folder, content) in [("", "parent\n"), ("child/", "child\n")] {
        bench.workspace.write(format!("{folder}src/a"), content);
    }
    let text = format!("{it}definitions = {{\"packages\": {{\"other\": it}}}}\n");
    bench.workspace.write("child/purlin.star", text);
    bench.workspace.write("child/purlin.toml", "[workspace]\nname = \"child\"\n");
    // Two of one name cannot be there at once, and a test knows which is which.
    bench.workspace.write("purlin.star", both(fields[0]));
    let failed = bench.workspace.fail(2, &["build", "both"]);
    assert!(failed.stderr.contains("`both-1` needs two different packages `it`"), "{failed}");
    bench.workspace.write("purlin.star", both(fields[1]));
    assert_eq!(bench.built_by(&["build", "both"]), ["both-1", "it-1", "it-1 (2)"]);
}
