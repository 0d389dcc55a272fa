//! A fresh clone of somebody who means ill: no verb and no flag runs anything of its plugins.
//!
//! The verbs and flags are those of the grammar, so that a new one is tried without being named here.

#![expect(clippy::unwrap_used, reason = "a helper of a test fails as the test does")]

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::sync::atomic::{AtomicUsize, Ordering};

use clap::{Arg, Command};
use purlin_test::{Finished, Workspace};

use crate::workspace;

/// The workspace's file. Its own commands do no harm: they run because the user says `run`.
const DOCUMENT: &str = r#"
[plugins]
evil = { path = "plugins/evil" }
snake = { path = "plugins/snake" }

[commands.plain]
exec = "true"
deps = ["in.txt"]
env = { PURLIN_TRUST = "workspace", PURLIN_PLUGIN_PATH = "{root}/tools" }

[commands.needy]
exec = "true"
deps = ["in.txt", { type = "evil-words" }]
hidden = true

[commands.kept]
exec = "true"
deps = ["in.txt"]
cache = "evil-cache"
hidden = true

[commands.inside]
exec = "true"
environment = { type = "evil-env" }
hidden = true

[spaces.trap]
environment = { type = "snake-env" }
"#;

/// What such a clone commits in the hope that somebody takes it for consent.
const LOCK: &str = r#"version = 1
[workspace]
id = "0123456789abcdef0123456789abcdef"
trusted = true
[plugins.evil]
version = "1.0.0"
source = "path:plugins/evil"
granted = true
consent = "workspace"
permissions = { run = ["*"], read = ["/"], write = ["/"], network = ["*:443"] }
[plugins.snake]
version = "1.0.0"
source = "path:plugins/snake"
granted = true
"#;

/// The verbs of which the folder of a plugin is the argument, and which are consent to it.
const CONSENT_BY_NAME: [[&str; 2]; 2] = [["plugin", "test"], ["plugin", "call"]];

/// A plugin that provides something at every point at which a process can.
fn manifest(name: &str, entry: &str) -> String {
    let events: String = purlin_plugin::manifest::HOOK_EVENTS
        .iter()
        .map(|event| format!("[[provides.hook]]\non = \"{event}\"\n"))
        .collect();
    let verbs: BTreeSet<String> =
        leaves(&grammar()).iter().map(|(path, _)| format!("\"{}\"", path[0])).collect();
    let verbs = verbs.into_iter().collect::<Vec<_>>().join(", ");
    format!(
        r#"[plugin]
name = "{name}"
version = "1.0.0"
api = "1"

[runtime]
kind = "process"
entry = {entry}

[ships]
commands = "commands.toml"

[provides.subcommand.{name}]
about = "Strikes"
args = [{{ name = "whom", kind = "positional", type = "string", required = false, about = "Whom" }}]

[provides.dependency.{name}-words]
about = "Words"
schema = "schema.json"

[provides.cache.{name}-cache]
about = "Keeps"
hot = "none"
schema = "schema.json"

[provides.environment.{name}-env]
about = "Surrounds"
schema = "schema.json"

[[provides.argument]]
on = [{verbs}]
name = "{name}"
type = "string"
stage = "parsed"
about = "Strikes too"
edits = ["/args"]

{events}
[permissions]
run = ["sh"]
read = ["/"]
write = ["/"]
"#
    )
}

/// A clone whose plugins leave a mark wherever they run, with all that a user may have set.
fn clone() -> Workspace {
    let made = workspace(DOCUMENT);
    let mark = made.base().join("struck");
    let strike = format!("#!/bin/sh\ntouch '{}'\n", mark.display());
    let python = format!("open({:?}, 'w')\n", mark.display().to_string());
    let program = |path: &str| {
        made.write(path, &strike);
        fs::set_permissions(made.path(path), fs::Permissions::from_mode(0o755)).unwrap();
    };
    made.write("in.txt", "in");
    made.write("purlin.lock", LOCK);
    let lurker = "tools/lurker";
    for (folder, entry) in [
        ("plugins/evil", "[\"./strike\"]"),
        ("plugins/snake", "{ module = \"snake\" }"),
        (lurker, "[\"./strike\"]"),
        (".venv/lib/python3.13/site-packages/viper", "{ module = \"viper\" }"),
    ] {
        let name = folder.rsplit('/').next().unwrap();
        made.write(format!("{folder}/plugin.toml"), manifest(name, entry));
        made.write(format!("{folder}/schema.json"), r#"{ "type": "object" }"#);
        made.write(
            format!("{folder}/commands.toml"),
            format!("strike = \"touch {}\"", mark.display()),
        );
        program(&format!("{folder}/strike"));
        for module in
            ["__init__.py", "snake.py", "viper.py", "sitecustomize.py", "usercustomize.py"]
        {
            made.write(format!("{folder}/{module}"), &python);
        }
    }
    // An active Python environment that came with the clone.
    program(".venv/bin/python");
    program(".venv/bin/python3");
    made.write(".venv/pyvenv.cfg", "version = 3.13.0\n");
    let site = ".venv/lib/python3.13/site-packages";
    made.write(
        format!("{site}/viper-1.0.dist-info/entry_points.txt"),
        "[purlin.plugins]\nviper = viper\n",
    );
    made.write(format!("{site}/sitecustomize.py"), &python);
    made.write(format!("{site}/evil.pth"), format!("import os; {python}"));
    // Records of consent, in the wrong place.
    for place in ["consent", ".purlin/consent", ".purlin/data/consent"] {
        let record = "version = 1\nplugin = \"evil\"\nworkspace = \".\"\n";
        made.write(format!("{place}/workspace/x/evil.toml"), record);
    }
    let (tools, venv) = (made.path("tools"), made.path(".venv"));
    made.variable("PURLIN_PLUGIN_PATH", tools).variable("VIRTUAL_ENV", venv)
}

fn struck(clone: &Workspace) -> bool {
    clone.base().join("struck").exists()
}

fn grammar() -> Command {
    let mut grammar = purlin::command_line();
    grammar.build();
    grammar
}

/// Every verb and group of verbs with the words that lead to it.
fn leaves(grammar: &Command) -> Vec<(Vec<String>, Command)> {
    let mut found = Vec::new();
    let mut open: Vec<(Vec<String>, &Command)> =
        grammar.get_subcommands().map(|verb| (vec![verb.get_name().to_owned()], verb)).collect();
    while let Some((path, verb)) = open.pop() {
        for inner in verb.get_subcommands() {
            open.push(([path.clone(), vec![inner.get_name().to_owned()]].concat(), inner));
        }
        found.push((path, verb.clone()));
    }
    found.sort_by(|(one, _), (other, _)| one.cmp(other));
    found
}

/// Values for a positional argument: all that it can take, or such as hit what is in the clone.
fn values(argument: &Arg) -> Vec<String> {
    let possible: Vec<String> =
        argument.get_possible_values().iter().map(|value| value.get_name().to_owned()).collect();
    if !possible.is_empty() {
        return possible;
    }
    ["evil", "plain", "needy", "kept", "evil.strike", "plugins/evil", "1"].map(str::to_owned).into()
}

/// The words of all invocations of a verb: each value of its positional arguments by itself, and
/// each flag with some of those.
fn invocations(path: &[String], verb: &Command) -> Vec<Vec<String>> {
    let positionals: Vec<&Arg> = verb.get_positionals().collect();
    let mut bases = vec![path.to_vec()];
    if let Some(first) = positionals.first() {
        for value in values(first) {
            let mut base = path.to_vec();
            base.push(value);
            // The others take what stands for any text.
            base.extend(positionals[1..].iter().map(|other| values(other)[0].clone()));
            bases.push(base);
        }
    }
    let mut all = bases.clone();
    for flag in verb.get_arguments().filter(|argument| !argument.is_positional()) {
        let names = flag.get_long().map(|long| format!("--{long}"));
        let names = names.into_iter().chain(flag.get_short().map(|short| format!("-{short}")));
        for name in names {
            let mut given = vec![vec![name.clone()]];
            if flag.get_action().takes_values() {
                given = values(flag).into_iter().map(|value| vec![name.clone(), value]).collect();
                if flag.get_possible_values().is_empty() {
                    given.retain(|words| ["plain", "needy", "plugins/evil"].contains(&&*words[1]));
                }
            }
            // Nothing, and where there is room a plugin's name and a command's.
            for base in bases.iter().take(3) {
                all.extend(given.iter().map(|given| [base.clone(), given.clone()].concat()));
            }
        }
    }
    all
}

/// Every invocation of the grammar, and what plugins add to it.
fn all_invocations() -> Vec<Vec<String>> {
    let words = |text: &str| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
    let mut all = vec![Vec::new(), words("--help"), words("-h"), words("--version")];
    for (path, verb) in leaves(&grammar()) {
        if CONSENT_BY_NAME.iter().any(|one| path == *one) {
            continue;
        }
        all.extend(invocations(&path, &verb));
        for plugin in ["evil", "snake", "lurker", "viper"] {
            all.push([path.clone(), words(&format!("--{plugin} x"))].concat());
        }
    }
    for plugin in ["evil", "snake", "lurker", "viper"] {
        for rest in ["", "x", "--help", "--json", "--evil x", "--locked", "--no-input", "-C ."] {
            all.push(words(&format!("{plugin} {rest}")));
        }
        all.push(words(&format!("{plugin}:{plugin}")));
    }
    all.extend(
        ["run inside", "run -s trap", "exec -s trap true", "exec -s trap --install"].map(words),
    );
    all
}

/// Whoever watches never ends: Ctrl-C after a while, in which all that it would run has run.
fn watch(clone: &Workspace, words: &[&str]) -> Finished {
    let plain = clone.command(words);
    let variables = plain.get_envs().filter_map(|(name, value)| Some((name, value?)));
    let mut command = std::process::Command::new("timeout");
    command
        .args(["--preserve-status", "--signal=INT", "3"])
        .arg(plain.get_program())
        .args(plain.get_args())
        .current_dir(clone.root())
        .env_clear()
        .envs(variables);
    clone.finish(&mut command)
}

#[test]
fn no_verb_and_no_flag_runs_anything_of_a_fresh_clone() {
    let all = all_invocations();
    assert!(all.len() > 300, "{}", all.len());
    let (next, said) = (AtomicUsize::new(0), AtomicUsize::new(0));
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                while let Some(invocation) = all.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let clone = clone();
                    let words: Vec<&str> = invocation.iter().map(String::as_str).collect();
                    let watches = words.contains(&"--watch");
                    let finished = if watches { watch(&clone, &words) } else { clone.run(&words) };
                    assert!(!struck(&clone), "{invocation:?}\n{finished}");
                    assert!(
                        finished.code.is_some_and(|code| code < 70 || watches && code == 130),
                        "{invocation:?}\n{finished}"
                    );
                    said.fetch_add(usize::from(refused(&finished)), Ordering::Relaxed);
                }
            });
        }
    });
    // Not for want of trying: many came as far as being refused.
    assert!(said.into_inner() > 30);
}

#[test]
fn completion_runs_nothing_of_a_fresh_clone() {
    let clone = clone();
    for words in [
        &["purlin", ""][..],
        &["purlin", "evil", ""],
        &["purlin", "evil", "--"],
        &["purlin", "run", ""],
        &["purlin", "run", "--evil", ""],
        &["purlin", "run", "--evil="],
        &["purlin", "lurker", ""],
        &["purlin", "viper", ""],
        &["purlin", "plugin", "info", ""],
    ] {
        for shell in ["bash", "zsh", "fish"] {
            let mut command = clone.command(&["--"]);
            command.args(words).env("PURLIN_COMPLETE", shell);
            command.env("_CLAP_COMPLETE_INDEX", (words.len() - 1).to_string());
            command.env("_CLAP_COMPLETE_COMP_TYPE", "9").env("_CLAP_COMPLETE_SPACE", "true");
            let finished = clone.finish(&mut command);
            assert!(!struck(&clone), "{words:?}\n{finished}");
        }
    }
}

#[test]
fn only_what_was_consented_to_runs() {
    let clone = clone();
    // A script in an environment is never run: let the consent be to an interpreter.
    fs::remove_file(clone.path(".venv/bin/python")).unwrap();
    std::os::unix::fs::symlink(real_python(), clone.path(".venv/bin/python")).unwrap();
    for (word, name) in
        [("evil", "evil"), ("lurker", "lurker"), ("snake", "snake"), ("viper", "viper")]
    {
        let before = clone.run(&[word]);
        assert!(refused(&before), "{before}");
        assert!(!struck(&clone));
        clone.succeed(&["plugin", "trust", name, "--yes"]);
        assert!(!struck(&clone), "to consent is not to run");
        let after = clone.run(&[word]);
        assert!(!refused(&after), "{after}");
        assert!(struck(&clone), "the test could not fail otherwise: {after}");
        fs::remove_file(clone.base().join("struck")).unwrap();
    }
}

/// The interpreter itself, where `python3` may be a shim.
fn real_python() -> String {
    let told = std::process::Command::new("python3")
        .args(["-I", "-c", "import sys; print(sys.executable)"])
        .output()
        .unwrap();
    String::from_utf8(told.stdout).unwrap().trim().to_owned()
}

fn refused(finished: &Finished) -> bool {
    finished.stderr.contains("may not run without your consent")
}
