//! Shells, apps and checks.

use std::io::Write as _;
use std::process::Stdio;

use super::bench::Bench;

/// A program against the library, as somebody writes it in the shell.
const PROGRAM: &str = "#include <packbits.h>\n#include <stdio.h>\nint main(void) { puts(packbits_version()); return 0; }\n";

/// What is typed in each shell.
const TYPED: &str = "cc -o mine mine.c -lpackbits && ./mine && crunch zzz && echo $PACKBITS\n";

fn typed(bench: &Bench, shell: &str) -> String {
    let mut command = bench.workspace.command(&["shell", "--with", shell]);
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(TYPED.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{shell}: {output:?}");
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn a_shell_has_tools_and_headers() {
    let bench = Bench::new("");
    bench.workspace.write("mine.c", PROGRAM);
    let root = bench.root_of("packbits");
    for shell in ["bash", "zsh", "fish", "sh"] {
        let expected = format!("entered\n1.0\n3 -> 2 -> 3 with 1.0\n{}/include\n", root.display());
        assert_eq!(typed(&bench, shell), expected, "{shell}");
    }
    let workspace = &bench.workspace;
    let arguments =
        ["shell", "on-crunch", "--", "sh", "-c", "cc -E mine.c >/dev/null && echo fits"];
    assert_eq!(workspace.succeed(&arguments).stdout, "fits\n");
    // The build of a package, by its name.
    let arguments = ["shell", "crunch", "--", "sh", "-c", "cc -E mine.c >/dev/null && echo fits"];
    assert_eq!(workspace.succeed(&arguments).stdout, "fits\n");
    assert_eq!(workspace.run(&["shell", "--", "sh", "-c", "exit 7"]).code, Some(7));
    let wrong = workspace.fail(2, &["shell", "defualt"]);
    assert!(wrong.stderr.contains("there is no shell `defualt`"), "{wrong:?}");
    assert!(wrong.stderr.contains("did you mean `default`?"), "{wrong:?}");
}

#[test]
fn checks_run_once() {
    let bench = Bench::new("");
    let ran = bench.built_by(&["check", "--run"]);
    assert_eq!(ran, ["check-packs", "crunch-0.2", "packbits-1.0"]);
    assert_eq!(bench.built_by(&["check", "--run"]), [""; 0]);
    let text = bench.workspace.read("purlin.star").replace("^3 -> 2", "^3 -> 9");
    bench.workspace.write("purlin.star", text);
    let failed = bench.workspace.fail(1, &["check", "--run", "packs"]);
    assert!(failed.stderr.contains("`check-packs` could not be built"), "{failed:?}");
}

#[test]
fn a_check_looks_at_what_it_says() {
    let bench = Bench::empty("");
    bench.workspace.write("src/a.txt", "a\n");
    bench.workspace.write("src/b.log", "b\n");
    bench.workspace.write(
        "purlin.star",
        "def it(mk_check, source):\n    return mk_check(source = source(\"src\", exclude = [\"*.log\"]), run = \"test \\\"$(ls)\\\" = a.txt\")\n\
         definitions = {\"checks\": {\"it/too\": it}}\n",
    );
    bench.workspace.succeed(&["check", "--run"]);
    bench.workspace.succeed(&["check", "--run", "it/too"]);
}

#[test]
fn an_installed_package_stands_alone() {
    let bench = Bench::new("");
    bench.workspace.succeed(&["build", "report", "--install", "shared"]);
    let folder = bench.workspace.path("shared/report/1.0");
    assert!(folder.join("root/bin/report").is_file());
    let document = std::fs::read_to_string(folder.join("package.toml")).unwrap();
    for line in [
        "name = \"report\"",
        "version = \"1.0\"",
        "requires = [\"greeter-1.1\"]",
        "root = \"root\"",
    ] {
        assert!(document.lines().any(|one| one == line), "{line} is not in\n{document}");
    }
}

#[test]
fn commands_depend_on_packages() {
    let bench = Bench::new(
        "[commands.a]\nexec = \"echo ran >> runs\"\ndeps = [\"package:crunch\"]\n\
         [commands.b]\nexec = \"true\"\ndeps = [{ type = \"package\", request = \"crunch-9+\" }]\n\
         [commands.c]\nexec = \"true\"\ndeps = [\"package:cc\"]\n",
    );
    let workspace = &bench.workspace;
    workspace.succeed(&["run", "a"]);
    workspace.succeed(&["run", "a"]);
    assert_eq!(workspace.lines("runs"), 1);
    // The package is not built for it; what it is is known without.
    assert!(!bench.workspace.cache().join("packages/records").exists());
    let source = bench.source("packbits/packbits.h");
    std::fs::write(&source, format!("{}\n", std::fs::read_to_string(&source).unwrap())).unwrap();
    bench.publish();
    workspace.succeed(&["run", "a"]);
    assert_eq!(workspace.lines("runs"), 2);
    let refused = workspace.fail(2, &["run", "b"]);
    assert!(refused.stderr.contains("The workspace's `crunch` has the version 0.2"), "{refused}");
    workspace.succeed(&["run", "c"]);
    let cached = workspace.succeed(&["run", "c"]);
    assert!(cached.stderr.contains("1 cached"), "{cached}");
}

#[test]
fn a_program_that_is_missing_is_told_with_those_that_are_there() {
    let bench = Bench::empty("");
    let shell = |more: &str| {
        format!(
            "def p(mk_package):\n    return mk_package(version = \"1\", install = \"mkdir $out/bin; for n in sing dance; do ln -s /bin/true $out/bin/$n; done\")\n\
             def work(mk_shell, p):\n    return mk_shell(packages = [p]{more})\n\
             def sings(mk_app, p, get_exe):\n    return mk_app(program = get_exe(p, \"signs\"))\n\
             definitions = {{\"packages\": {{\"p\": p}}, \"devShells\": {{\"work\": work}}, \"apps\": {{\"sings\": sings}}}}\n"
        )
    };
    for hook in ["", ", hook = \"MOOD=good\""] {
        bench.workspace.write("purlin.star", shell(hook));
        let missing = bench.workspace.fail(127, &["shell", "work", "--", "signs"]);
        for told in [
            "there is no program `signs` in the shell `work`",
            "purlin.star:4",
            "`p-1` has dance, sing.",
            "did you mean `sing`?",
        ] {
            assert!(missing.stderr.contains(told), "{told} is not in {missing}");
        }
        bench.workspace.succeed(&["shell", "work", "--", "sing"]);
        let own = bench.workspace.fail(127, &["shell", "work", "--", "sh", "-c", "exit 127"]);
        assert_eq!(own.stderr, "");
    }
    let missing = bench.workspace.fail(2, &["app", "sings"]);
    for told in ["`p-1` has no program `signs`", "In its `bin` there are: dance, sing.", "this app"]
    {
        assert!(missing.stderr.contains(told), "{told} is not in {missing}");
    }
}
