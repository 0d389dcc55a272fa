//! Two small programs of Debian's, from its source packages.

use std::fs;
use std::process::Command;

use super::bench::Bench;

const DEFINITIONS: &str = r#"
def figlet(mk_package, source):
    return mk_package(
        version = "2.2.5",
        source = source("debian/figlet", exclude = ["debian/"]),
        build = "make prefix=$out figlet chkfont",
        install = "mkdir -p $out/share/man/man6; make prefix=$out install",
        tests = {"draws": "test $(figlet hi | wc -l) -gt 3"},
        main = "figlet",
    )

def tree(mk_package, source):
    return mk_package(
        version = "2.1.0",
        source = source("debian/tree", exclude = ["debian/"]),
        build = "make -j$PURLIN_JOBS",
        install = "make PREFIX=$out install",
        main = "tree",
    )

definitions = {"packages": {"figlet": figlet, "tree": tree}}
"#;

#[test]
fn source_packages_of_a_distribution_are_built() {
    let bench = Bench::empty("");
    let folder = bench.workspace.path("debian");
    fs::create_dir(&folder).unwrap();
    let fetched = Command::new("apt-get")
        .args(["--quiet", "source", "--download-only", "figlet", "tree"])
        .current_dir(&folder)
        .output();
    if !fetched.as_ref().is_ok_and(|output| output.status.success()) {
        assert!(std::env::var_os("CI").is_none(), "no source packages: {fetched:?}");
        eprintln!("skipped: `apt-get source` needs lines of `deb-src`, and a network");
        return;
    }
    for name in ["figlet", "tree"] {
        let described = fs::read_dir(&folder).unwrap().flatten().map(|entry| entry.path());
        let described = described.into_iter().find(|path| {
            let file = path.file_name().unwrap().to_string_lossy().into_owned();
            file.starts_with(&format!("{name}_")) && file.ends_with(".dsc")
        });
        let unpacked = Command::new("dpkg-source")
            .args([
                "--extract".as_ref(),
                described.unwrap().as_os_str(),
                folder.join(name).as_os_str(),
            ])
            .output()
            .unwrap();
        assert!(unpacked.status.success(), "{unpacked:?}");
    }
    bench.workspace.write("purlin.star", DEFINITIONS);
    assert_eq!(bench.built_by(&["build"]), ["figlet-2.2.5", "tree-2.1.0"]);
    let drawn = bench.workspace.succeed(&["app", "figlet", "--", "-f", "banner", "hi"]).stdout;
    assert!(drawn.lines().count() > 5 && drawn.contains('#'), "{drawn}");
    bench.workspace.write("shown/leaf", "");
    let shown = bench.workspace.succeed(&["app", "tree", "--", "--noreport", "shown"]).stdout;
    assert!(shown.contains("leaf"), "{shown}");
    assert_eq!(bench.built_by(&["build"]), [""; 0]);
}
