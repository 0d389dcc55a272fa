//! What a build can see and do.

use std::fs;
use std::os::unix::process::CommandExt as _;
use std::process::Command;
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
fn nothing_can_be_put_in_the_place_of_a_package() {
    let secret = tempfile::tempdir().unwrap();
    fs::write(secret.path().join("key"), "very secret\n").unwrap();
    let path = secret.path().display();
    let script = format!(
        "echo x > $out/x; mv /build/out /build/old || true; ln -s {path} /build/out || true; \
         ! mv $out $out.old; ! rmdir $out; ! umount $out; ! mount -o remount,rw,bind /usr; \
         grep -q \"^CapEff:.0*\\$\" /proc/self/status"
    );
    let bench = bench("strict", &script);
    let root = bench.root_of("it");
    assert!(root.symlink_metadata().unwrap().is_dir());
    assert_eq!(fs::read_to_string(root.join("x")).unwrap(), "x\n");
    assert_eq!(fs::read_dir(&root).unwrap().count(), 1);
    // Where it can be, it is no package.
    for (put, kind) in [(format!("ln -s {path}"), "link"), ("cp a.txt".to_owned(), "file")] {
        let bench = self::bench("off", &format!("rm -r $out; {put} $out"));
        let failed = bench.workspace.fail(1, &["build", "it"]);
        let told = format!("`it-1` has put a {kind} in the place of `$out`");
        assert!(failed.stderr.contains(&told), "{failed}");
        assert_eq!(fs::read_to_string(secret.path().join("key")).unwrap(), "very secret\n");
    }
}

#[test]
fn a_build_may_make_namespaces_of_its_own_whoever_builds() {
    let script = "id -u > $out/user; unshare --user --map-root-user id -u > $out/inside";
    let bench = bench("strict", script);
    let root = bench.root_of("it");
    assert_eq!(fs::read_to_string(root.join("inside")).unwrap(), "0\n");
    assert_ne!(fs::read_to_string(root.join("user")).unwrap(), "0\n");
}

#[test]
fn what_the_caller_has_open_does_not_reach_a_build() {
    for sandbox in ["strict", "off"] {
        let script = "echo x > $out/x; cat <&7 > $out/leak || true; \
                      for one in /proc/self/fd/*; do echo ${one##*/} $(readlink $one); done > $out/open";
        let bench = bench(sandbox, script);
        let secret = bench.workspace.base().join("secret");
        fs::write(&secret, "very secret\n").unwrap();
        let plain = bench.workspace.command(&["build", "it"]);
        let mut command = Command::new("/bin/sh");
        command.args(["-c", "exec 7<\"$1\"; shift; exec \"$@\"", "sh"]).arg(&secret);
        command.arg(plain.get_program()).args(plain.get_args());
        command.current_dir(bench.workspace.root()).env_clear();
        command.envs(plain.get_envs().filter_map(|(name, value)| Some((name, value?))));
        let built = bench.workspace.finish(&mut command);
        assert_eq!(built.code, Some(0), "{built}");
        let root = bench.root_of("it");
        assert_eq!(fs::read_to_string(root.join("leak")).unwrap_or_default(), "", "{sandbox}");
        // Without a sandbox the lock is what tells of leftovers.
        let open = fs::read_to_string(root.join("open")).unwrap();
        assert_eq!(open.contains(".lock"), sandbox == "off", "{sandbox}: {open}");
    }
}

#[test]
fn a_killed_build_is_built_again_at_once() {
    let bench = bench(
        "strict",
        "echo x >> $out/x; cd $out; sleep 2.0625; echo y >> x; setsid sleep 1001.5 &",
    );
    let mut child = bench.workspace.command(&["build", "it"]).spawn().unwrap();
    bench.wait_until_written("x");
    child.kill().unwrap();
    child.wait().unwrap();
    let root = bench.root_of("it");
    assert_eq!(fs::read_to_string(root.join("x")).unwrap(), "x\ny\n");
    // Nobody that could write to it is left when it is there.
    assert!(!running("1001.5") && !running("2.0625"));
}

#[test]
fn who_is_not_root_may_leave_folders_that_cannot_be_written_to() {
    let bench = bench("strict", "mkdir -p $out/in/ner; echo x > $out/in/ner/x; chmod -R a-w $out");
    let is_root = rustix::process::geteuid().is_root();
    let nobody = |command: &mut Command| {
        if is_root {
            command.gid(65534).uid(65534);
        }
    };
    let mut probe = Command::new("bwrap");
    probe.args(["--unshare-all", "--ro-bind", "/", "/", env!("CARGO_BIN_EXE_purlin"), "--version"]);
    nobody(&mut probe);
    if !probe.output().is_ok_and(|output| output.status.success()) {
        assert!(std::env::var_os("CI").is_none(), "in CI everybody has to be able to build");
        println!("SKIPPED: who is not root cannot reach the binary here, or has no sandbox");
        return;
    }
    let as_user = |arguments: &[&str]| {
        let mut command = bench.workspace.command(arguments);
        nobody(&mut command);
        bench.workspace.finish(&mut command)
    };
    if is_root {
        let mut give = Command::new("chown");
        give.args(["-R", "65534:65534"]).arg(bench.workspace.base());
        assert!(give.status().unwrap().success());
    }
    for arguments in [&["build", "it"][..], &["build", "-f", "it"]] {
        let built = as_user(arguments);
        assert_eq!(built.code, Some(0), "{built}");
        let root = std::path::PathBuf::from(built.stdout.lines().next().unwrap());
        assert_eq!(fs::read_to_string(root.join("in/ner/x")).unwrap(), "x\n");
        use std::os::unix::fs::PermissionsExt as _;
        for folder in ["", "in", "in/ner"] {
            let mode = fs::metadata(root.join(folder)).unwrap().permissions().mode();
            assert_eq!(mode & 0o7777, 0o555, "{folder}");
        }
    }
    // What failed is kept, whatever it has left.
    let text = bench.workspace.read("purlin.star").replace("a-w $out", "a-w $out /build; false");
    bench.workspace.write("purlin.star", text);
    let failed = as_user(&["build", "it"]);
    assert!(failed.stderr.contains("Its folder is kept"), "{failed}");
    // What the store refuses is told with the package.
    let packages = bench.workspace.cache().join("packages");
    let mode =
        |mode| fs::set_permissions(&packages, std::os::unix::fs::PermissionsExt::from_mode(mode));
    let text = bench.workspace.read("purlin.star").replace(" /build; false", "; :");
    bench.workspace.write("purlin.star", text);
    mode(0o555).unwrap();
    let refused = as_user(&["build", "it"]);
    mode(0o755).unwrap();
    for told in ["the store of packages cannot be used", "purlin.star:2", "for this package"] {
        assert!(refused.stderr.contains(told), "{told} is not in {refused}");
    }
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

#[test]
fn nobody_writes_into_a_package_that_counts() {
    let script = "(setsid sh -c 'while :; do echo more >> $out/x; done' &); \
                  while test ! -s $out/x; do :; done";
    let script = script.replace('\'', "\"");
    for _ in 0..5 {
        let bench = bench("strict", &script);
        let size = || fs::metadata(bench.root_of("it").join("x")).unwrap().len();
        let before = size();
        bench.workspace.succeed(&["cache", "verify"]);
        assert!(before > 0 && size() == before);
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
fn strict_takes_nothing_out_of_the_cache_that_was_built_without() {
    let bench = Bench::empty("[build]\nsandbox = \"off\"\n");
    bench.workspace.write(
        "purlin.star",
        "def b(mk_package):\n    return mk_package(version = \"1\", install = \"ls / > $out/b\")\n\
         def a(mk_package, b):\n    return mk_package(version = \"1\", build_requires = [b], install = \"cp %s/b $out/a\" % b)\n\n\
         definitions = {\"packages\": {\"a\": a, \"b\": b}}\n",
    );
    let switch = |mode: &str| {
        let text = bench.workspace.read("purlin.toml");
        let line = text.lines().find(|line| line.starts_with("sandbox")).unwrap();
        let text = text.replace(line, &format!("sandbox = \"{mode}\""));
        bench.workspace.write("purlin.toml", text);
    };
    let stores = std::cell::Cell::new(0);
    let forget = || {
        let packages = bench.workspace.cache().join("packages");
        stores.set(stores.get() + 1);
        let away = bench.workspace.base().join(format!("away-{}", stores.get()));
        fs::rename(packages, away).unwrap();
    };
    let nothing: [&str; 0] = [];
    assert_eq!(bench.built_by(&["build", "b"]), ["b-1"]);
    // Built in a sandbox, from what was not.
    switch("auto");
    assert_eq!(bench.built_by(&["build", "a"]), ["a-1"]);
    let explained = bench.workspace.succeed(&["build", "--explain", "a"]).stdout;
    assert!(explained.contains("sandbox: bubblewrap, with what was built without"), "{explained}");
    forget();
    assert_eq!(bench.built_by(&["build", "a", "b"]), nothing);
    switch("strict");
    assert_eq!(bench.built_by(&["build", "a", "b"]), ["a-1", "b-1"], "they are there, and open");
    forget();
    // What was built so is there for all.
    for mode in ["strict", "auto", "off"] {
        switch(mode);
        assert_eq!(bench.built_by(&["build", "a", "b"]), nothing, "{mode}");
        let explained = bench.workspace.succeed(&["build", "--explain", "a"]).stdout;
        assert!(explained.contains("sandbox: bubblewrap\n"), "{explained}");
        forget();
    }
}

#[test]
fn only_open_results_in_the_cache_are_no_results_for_strict() {
    let bench = bench("off", "ls / > $out/x");
    assert_eq!(bench.built_by(&["build", "it"]), ["it-1"]);
    let packages = bench.workspace.cache().join("packages");
    fs::rename(packages, bench.workspace.base().join("away")).unwrap();
    let text = bench.workspace.read("purlin.toml").replace("off", "strict");
    bench.workspace.write("purlin.toml", text);
    assert_eq!(bench.built_by(&["build", "it"]), ["it-1"]);
    let seen = fs::read_to_string(bench.root_of("it").join("x")).unwrap();
    assert!(!seen.lines().any(|line| line == "home"), "{seen}");
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
