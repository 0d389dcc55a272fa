//! What shells are offered of plugins.

use purlin_test::Workspace;

use crate::{with_plugins, workspace};

/// What a shell is told that completes these words, as lines.
#[track_caller]
fn offered(workspace: &Workspace, shell: &str, words: &[&str]) -> Vec<String> {
    let mut command = workspace.command(&[&["--", "purlin"], words].concat());
    command.env("PURLIN_COMPLETE", shell);
    command.env("_CLAP_COMPLETE_INDEX", words.len().to_string()).env("_CLAP_IFS", "\n");
    command.env("_CLAP_COMPLETE_COMP_TYPE", "9").env("_CLAP_COMPLETE_SPACE", "true");
    let finished = workspace.finish(&mut command);
    assert_eq!((finished.code, finished.stderr.as_str()), (Some(0), ""), "{finished}");
    finished.stdout.lines().map(str::to_owned).collect()
}

#[test]
fn verbs_and_flags_have_their_plugins_names() {
    let workspace = with_plugins("");
    for (shell, between) in [("fish", "\t"), ("zsh", ":")] {
        for (words, offer, about) in [
            (&["demo-h"][..], "demo-hello", "Tell what was said [demo]"),
            (&["demo-hello", "--ti"], "--times", "How often [demo]"),
            (&["demo-hello", "--tw"], "--twice", "Twice as often [demo]"),
            (&["demo-hello", "--la"], "--late", "[demo]"),
            (&["run", "--ti"], "--tint", "Set TINT [demo]"),
            (&["run", "--moo"], "--mood", "Set MOOD [rival]"),
        ] {
            assert_eq!(offered(&workspace, shell, words), [format!("{offer}{between}{about}")]);
        }
    }
    assert_eq!(offered(&workspace, "bash", &["run", "--ti"]), ["--tint"]);
}

#[test]
fn values_of_choices_are_those_of_the_manifest() {
    let workspace = with_plugins("");
    for shell in ["bash", "zsh", "fish"] {
        assert_eq!(offered(&workspace, shell, &["run", "--tint", ""]), ["red", "green"]);
        assert_eq!(offered(&workspace, shell, &["demo-hello", "--speed", "s"]), ["slow"]);
        assert_eq!(offered(&workspace, shell, &["demo-hello", "--polite=f"]), ["--polite=false"]);
    }
}

#[test]
fn plugins_are_asked_for_the_others() {
    let workspace = with_plugins("");
    let asked = |words: &[&str]| offered(&workspace, "fish", words);
    let own = ["xpackages-six\t[demo]", "xpackages-seven\t[demo]"];
    assert_eq!(asked(&["demo-hello", "x"]), own, "only what fits, and fits on a line");
    assert_eq!(asked(&["run", "--only", "x"]), ["xonly-value\t[demo]"]);
    assert_eq!(asked(&["run", "--only=x"]), ["--only=xonly-value\t[demo]"]);
    let times = ["times-six\t[demo]", "times-seven\t[demo]", "elsewhere\t[demo]"];
    assert_eq!(asked(&["demo-hello", "six", "--times", ""]), times);
    assert_eq!(
        offered(&workspace, "bash", &["demo-hello", "x"]),
        ["xpackages-six", "xpackages-seven"]
    );
}

#[test]
fn nothing_is_offered_by_a_plugin_that_fails_or_is_late() {
    let workspace = with_plugins("");
    assert_eq!(offered(&workspace, "fish", &["demo-hello", "--tag", ""]), Vec::<String>::new());
    // Its answer comes after the time limit, and would be here if it were waited for.
    let late = offered(&workspace, "fish", &["demo-slow", "x"]);
    assert_eq!(late, Vec::<String>::new());
}

#[test]
fn paths_are_completed_without_the_plugin() {
    let workspace = with_plugins("");
    workspace.write("some/file.txt", "");
    let offers = offered(&workspace, "fish", &["demo-hello", "--target", "so"]);
    assert_eq!(offers, ["some/"]);
}

#[test]
fn a_plugin_without_consent_is_not_asked() {
    let workspace = workspace("[plugins]\nmarker = { path = 'marker' }\n");
    workspace.write(
        "marker/plugin.toml",
        "[plugin]\nname = 'marker'\nversion = '0.4.0'\napi = '1'\ndescription = 'Leaves a mark'\n\
         license = 'MIT'\n[runtime]\nkind = 'process'\n\
         entry = ['/bin/sh', '-c', 'touch ../mark']\n\
         [provides.subcommand.leave]\nabout = 'Leave a mark'\n\
         args = [{ name = 'where', kind = 'positional' }]\n",
    );
    assert_eq!(offered(&workspace, "fish", &["leav"]), ["leave\tLeave a mark [marker]"]);
    assert_eq!(offered(&workspace, "fish", &["leave", "x"]), Vec::<String>::new());
    assert!(!workspace.path("mark").exists(), "the plugin was run");
}

#[test]
fn the_folder_that_is_meant_counts() {
    let workspace = workspace("");
    workspace.write("below/purlin.toml", "[workspace]\n[commands]\nbelow = 'true'\n");
    for words in [&["-C", "below", "run", "be"][..], &["run", "-Cbelow", "be"]] {
        assert_eq!(offered(&workspace, "fish", words), ["below"], "{words:?}");
    }
}
