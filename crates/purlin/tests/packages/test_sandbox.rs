//! What a build can see and do.

use std::fs;
use std::time::{Duration, Instant};

use super::bench::Bench;

/// One package, `it`, with this script.
fn bench(sandbox: &str, install: &str) -> Bench {
    let bench = Bench::empty(&format!("[build]\nsandbox = \"{sandbox}\"\n"));
    bench.workspace.write("src/a.txt", "content\n");
    bench.workspace.write(
        "purlin.star",
        format!(
            "def it(mk_package):\n    return mk_package(version = \"1\", source = \"src\", install = '''{install}''')\n\n\
             definitions = {{\"packages\": {{\"it\": it}}}}\n"
        ),
    );
    bench
}

#[test]
fn a_strict_build_writes_to_its_own_folders_alone() {
    let outside = tempfile::tempdir().unwrap();
    let path = outside.path().display();
    let script = format!(
        "echo x > $out/x; \
         ! echo bad > {path}/bad; ! echo bad > /usr/bad; ! echo bad > /etc/bad; ! ls /root /home; \
         echo fine > $build/fine; echo fine > $HOME/fine; echo fine > /tmp/fine; \
         ! cat /etc/shadow"
    );
    let bench = bench("strict", &script);
    bench.workspace.succeed(&["build", "it"]);
    assert_eq!(fs::read_dir(outside.path()).unwrap().count(), 0);
    let explained = bench.workspace.succeed(&["build", "--explain", "it"]).stdout;
    assert!(explained.contains("sandbox: bubblewrap"), "{explained}");
}

#[test]
fn a_strict_build_has_no_network_and_sees_no_secrets() {
    let script =
        "(grep -v lo: /proc/net/dev || true) > $out/net; env | sort > $out/env; ls / > $out/root";
    let bench = bench("strict", script);
    let mut command = bench.workspace.command(&["build", "it"]);
    let built = bench.workspace.finish(command.env("TOKEN", "very secret"));
    assert_eq!(built.code, Some(0), "{built}");
    let root = std::path::PathBuf::from(built.stdout.lines().next().unwrap());
    let net = fs::read_to_string(root.join("net")).unwrap();
    assert!(!net.lines().any(|line| line.contains("eth")), "{net}");
    let env = fs::read_to_string(root.join("env")).unwrap();
    assert!(!env.contains("secret"), "{env}");
    for name in ["src=/build/src", "build=/build/build", "SOURCE_DATE_EPOCH=315532800"] {
        assert!(env.lines().any(|line| line == name), "{name} is not in\n{env}");
    }
    let folders = fs::read_to_string(root.join("root")).unwrap();
    assert!(!folders.lines().any(|line| line == "home" || line == "root"), "{folders}");
}

#[test]
fn what_a_build_leaves_running_ends_with_it() {
    for sandbox in ["strict", "off"] {
        let script =
            "echo x > $out/x; (setsid sleep 1000.125 >/dev/null 2>&1 &) ; setsid sleep 1000.25 &";
        let bench = bench(sandbox, script);
        let begun = Instant::now();
        bench.workspace.succeed(&["build", "it"]);
        assert!(begun.elapsed() < Duration::from_secs(60));
        let end = Instant::now() + Duration::from_secs(10);
        while running("1000.25") || running("1000.125") {
            assert!(Instant::now() < end, "with `{sandbox}` something still runs");
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}

/// Whether a process has this argument.
fn running(argument: &str) -> bool {
    fs::read_dir("/proc").unwrap().flatten().any(|entry| {
        let words = fs::read(entry.path().join("cmdline")).unwrap_or_default();
        words.split(|byte| *byte == 0).any(|word| word == argument.as_bytes())
    })
}

#[test]
fn a_package_is_read_only_and_has_no_special_bits() {
    let bench =
        bench("auto", "echo x > $out/x; chmod 4777 $out/x; echo y > $out/y; chmod 666 $out/y");
    let root = bench.root_of("it");
    use std::os::unix::fs::PermissionsExt as _;
    let mode = |name: &str| fs::metadata(root.join(name)).unwrap().permissions().mode() & 0o7777;
    assert_eq!((mode("x"), mode("y"), mode(".")), (0o555, 0o444, 0o555));
}

#[test]
fn a_device_or_pipe_is_no_part_of_a_package() {
    let bench = bench("auto", "mkfifo $out/pipe");
    let failed = bench.workspace.fail(1, &["build", "it"]);
    assert!(failed.stderr.contains("`it-1` has put a named pipe into `$out`"), "{failed}");
}

#[test]
fn a_build_that_fills_the_disk_fails_and_leaves_room() {
    let bench = bench("auto", "head -c 20000000 /dev/zero > $out/x");
    let script = r#"
        mkdir -p "$CACHE/packages"
        mount -t tmpfs -o size=8m none "$CACHE/packages"
        ! "$PURLIN" build it
        ! ls "$CACHE"/packages/records/* 2>/dev/null
        rm -rf "$CACHE"/packages/failed
        sed -i 's/20000000/2000/' purlin.star
        "$PURLIN" build it
        test "$(cat "$CACHE"/packages/*-it-1/x | wc -c)" = 2000
    "#;
    let Some(finished) = bench.workspace.with_mounts(script) else { return };
    assert!(finished.stderr.contains("No space left on device"), "{finished}");
}

#[test]
fn strict_means_that_nothing_is_built_without() {
    let bench = bench("strict", "echo x > $out/x");
    let mut command = bench.workspace.command(&["build", "it"]);
    let failed = bench.workspace.finish(command.env("PATH", "/nowhere"));
    assert_eq!(failed.code, Some(2), "{failed}");
    for told in
        ["builds cannot be kept apart here", "there is no `bwrap` on PATH", "install bubblewrap"]
    {
        assert!(failed.stderr.contains(told), "{told} is not in {failed}");
    }
    assert!(!bench.workspace.cache().join("packages/records").exists());
    // Where it need not be, it is told afterwards how it was.
    let text = bench.workspace.read("purlin.toml").replace("strict", "auto");
    bench.workspace.write("purlin.toml", text);
    let mut command = bench.workspace.command(&["build", "it"]);
    assert_eq!(bench.workspace.finish(command.env("PATH", "/nowhere")).code, Some(0));
    let explained = bench.workspace.succeed(&["build", "--explain", "it"]).stdout;
    assert!(explained.contains("sandbox: none"), "{explained}");
    // What nothing kept apart is no answer to who wants it so.
    assert_eq!(bench.built_by(&["build", "it"]), [""; 0]);
    let text = bench.workspace.read("purlin.toml").replace("auto", "strict");
    bench.workspace.write("purlin.toml", text);
    assert_eq!(bench.built_by(&["build", "it"]), ["it-1"]);
    let explained = bench.workspace.succeed(&["build", "--explain", "it"]).stdout;
    assert!(explained.contains("sandbox: bubblewrap"), "{explained}");
    assert_eq!(bench.built_by(&["build", "it"]), [""; 0]);
}

#[test]
fn that_builds_are_not_kept_apart_is_told_unless_somebody_wants_it_so() {
    for (mode, notes) in [("auto", 1), ("off", 0)] {
        let bench = bench(mode, "echo x > $out/x");
        let mut command = bench.workspace.command(&["build", "it"]);
        let built = bench.workspace.finish(command.env("PATH", "/nowhere"));
        assert_eq!(built.code, Some(0), "{built}");
        let told = built.stderr.matches("builds are not kept apart from this machine").count();
        assert_eq!(told, notes, "{mode}: {built}");
    }
}

#[test]
fn what_is_for_another_system_is_not_built_here() {
    let bench = bench("auto", "echo x > $out/x");
    let other = if cfg!(target_arch = "x86_64") { "aarch64-linux" } else { "x86_64-linux" };
    let failed = bench.workspace.fail(1, &["build", "it", "--system", other]);
    assert!(failed.stderr.contains(&format!("`it-1` is for {other}")), "{failed}");
    assert!(!bench.workspace.cache().join("packages/records").exists());
    bench.workspace.succeed(&["build", "it", "--system", other, "--explain"]);
    bench.workspace.succeed(&["build", "it"]);
}
