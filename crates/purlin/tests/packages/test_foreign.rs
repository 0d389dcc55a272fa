//! What packages of fetched projects may show of this machine.

use std::fs;
use std::path::Path;
use std::process::Command;

use super::bench::Bench;

/// A workspace with a project from git, whose definitions these are, and a folder with a secret.
fn bench(sandbox: &str, definitions: impl Fn(&Path) -> String) -> Bench {
    let bench = Bench::empty("");
    let (folder, secret) =
        (bench.workspace.base().join("far"), bench.workspace.base().join("secret"));
    fs::create_dir_all(folder.join("tools/bin")).unwrap();
    fs::create_dir(&secret).unwrap();
    fs::write(secret.join("key"), "very secret\n").unwrap();
    fs::write(folder.join("tools/bin/own"), "own\n").unwrap();
    fs::write(folder.join("purlin.toml"), "[workspace]\nname = \"far\"\n").unwrap();
    fs::write(folder.join("purlin.star"), definitions(&secret)).unwrap();
    for arguments in [
        &["init", "--quiet", "--initial-branch=main"][..],
        &["add", "--all"],
        &[
            "-c",
            "user.name=one",
            "-c",
            "user.email=one@example.com",
            "commit",
            "--quiet",
            "-m",
            "it",
        ],
    ] {
        let mut git = Command::new("git");
        git.arg("-C").arg(&folder).args(arguments).env("HOME", &folder);
        assert!(git.status().unwrap().success(), "{arguments:?}");
    }
    bench.workspace.write(
        "purlin.toml",
        format!(
            "[workspace]\nname = \"near\"\n[build]\nsandbox = \"{sandbox}\"\n\
             [projects]\nfar = {{ git = \"file://{}\", rev = \"main\" }}\n",
            folder.display()
        ),
    );
    bench
}

/// `it` reads what `there` is said to be installed in.
fn reading(root: &str, file: &str) -> String {
    format!(
        "def there(mk_package):\n    return mk_package(version = \"1\", root = \"{root}\")\n\n\
         def it(mk_package, there):\n    return mk_package(version = \"1\", build_requires = [there], install = \"cp {file} $out/x\" )\n\n\
         definitions = {{\"packages\": {{\"it\": it, \"there\": there}}}}\n"
    )
}

#[test]
fn a_root_of_a_fetched_project_is_in_it() {
    let root_of_secret = |secret: &Path| {
        let secret = secret.display();
        reading(&secret.to_string(), &format!("{secret}/key"))
    };
    let refused = bench("strict", root_of_secret).workspace.fail(2, &["build", "far/it"]);
    for told in ["`there-1` may not show this machine to builds", "outside of its project"] {
        assert!(refused.stderr.contains(told), "{told} is not in {refused}");
    }
    // In the workspace itself the user has said so.
    let near = bench("strict", |_| String::new());
    near.workspace.write("purlin.star", root_of_secret(&near.workspace.base().join("secret")));
    let root = near.root_of("it");
    assert_eq!(fs::read_to_string(root.join("x")).unwrap(), "very secret\n");
    // What the project has itself, and what every build sees, may be named.
    for (root, file) in [("tools", "%s/bin/own"), ("/usr", "%s/bin/env")] {
        let text = reading(root, file).replace("$out/x\" )", "$out/x\" % there)");
        bench("strict", |_| text.clone()).workspace.succeed(&["build", "far/it"]);
    }
}
