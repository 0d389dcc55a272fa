//! `completions`: each script in its own shell.

use std::process::Command;

use purlin_test::Workspace;

use crate::workspace;

/// A workspace with commands whose names are offered.
fn offering() -> Workspace {
    workspace(
        "[commands]\nbuild-it = 'touch ran'\nbuild-docs = 'touch ran'\n[commands.other]\nexec = 'touch ran'\nhidden = true\n",
    )
}

/// What a shell prints that runs a script with `purlin` on its path. `None`, loudly, where it is
/// not installed; in CI that is a failure.
#[expect(clippy::print_stdout, reason = "what is left out is said")]
fn printed(workspace: &Workspace, shell: &[&str], script: &str) -> Option<Vec<String>> {
    let (program, arguments) = shell.split_first().expect("there is a program");
    let found = Command::new("sh").args(["-c", &format!("command -v {program}")]).output();
    if !found.expect("there is a sh").status.success() {
        assert!(std::env::var("CI").as_deref() != Ok("true"), "{program} is not installed");
        println!("SKIPPED: {program} is not installed");
        return None;
    }
    let binary = std::path::Path::new(env!("CARGO_BIN_EXE_purlin"));
    let folder = binary.parent().expect("it is in a folder").to_string_lossy().into_owned();
    let path = format!("{folder}:{}", std::env::var("PATH").unwrap_or_default());
    let template = workspace.command(&[]);
    let mut command = Command::new(program);
    command.args(arguments).arg(script).current_dir(workspace.root()).env_clear();
    command.envs(template.get_envs().filter_map(|(name, value)| Some((name, value?))));
    let output = command.env("PATH", path).output().expect("it is installed");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
    Some(String::from_utf8_lossy(&output.stdout).lines().map(str::to_owned).collect())
}

#[track_caller]
fn assert_offers(workspace: &Workspace, printed: &[String]) {
    let has = |name: &str| {
        printed.iter().any(|line| {
            line == name
                || line.starts_with(&format!("{name}\t"))
                || line.starts_with(&format!("{name}:"))
        })
    };
    for name in ["build-it", "build-docs", "other"] {
        assert!(has(name), "{name}: {printed:?}");
    }
    assert!(!workspace.path("ran").exists());
}

#[test]
fn bash_is_told_the_commands() {
    let workspace = offering();
    // What the shell does when the tabulator is pressed, by hand.
    let script = r#"
source <(purlin completions bash)
read -ra registered <<< "$(complete -p purlin)"
for ((i = 0; i < ${#registered[@]}; i++)); do
    [ "${registered[i]}" = -F ] && function=${registered[i + 1]}
done
ask() { COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); COMP_LINE="$*"; COMP_POINT=${#COMP_LINE}; COMP_TYPE=9; COMPREPLY=(); "$function" purlin "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}"; printf '%s\n' "${COMPREPLY[@]}"; }
ask purlin run ""
echo ----
ask purlin run build-i
"#;
    let shell = ["bash", "--norc", "--noprofile", "-c"];
    let Some(printed) = printed(&workspace, &shell, script) else { return };
    assert_offers(&workspace, &printed);
    let second = printed.iter().position(|line| line == "----").expect("it was printed");
    let narrowed: Vec<_> = printed[second + 1..].iter().map(|line| line.trim()).collect();
    assert_eq!(narrowed, ["build-it"]);
}

#[test]
fn zsh_is_told_the_commands() {
    let workspace = offering();
    // The functions of zsh's completion can only be called inside the line editor: the one that
    // shows candidates is replaced by one that prints them.
    let script = r#"
autoload -U compinit && compinit -D -u
source <(purlin completions zsh)
[[ -n ${_comps[purlin]} ]] || { echo "nothing is registered" >&2; exit 1 }
_describe() { while [[ $1 == -* ]]; do shift; done; print -l -- "${(@P)2}" }
compadd() { while [[ $1 != -- && $# -gt 0 ]]; do shift; done; shift; print -l -- "$@" }
words=(purlin run "") CURRENT=3
${_comps[purlin]}
exit 0
"#;
    let Some(printed) = printed(&workspace, &["zsh", "-f", "-c"], script) else { return };
    assert_offers(&workspace, &printed);
}

#[test]
fn fish_is_told_the_commands() {
    let workspace = offering();
    let script = r#"
purlin completions fish | source
complete --do-complete "purlin run "
echo ----
complete --do-complete "purlin run build-i"
"#;
    let Some(printed) = printed(&workspace, &["fish", "--no-config", "-c"], script) else { return };
    assert_offers(&workspace, &printed);
    assert_eq!(printed.last().map(|line| line.split('\t').next()), Some(Some("build-it")));
}

#[test]
fn other_shells_are_refused() {
    offering().fail(2, &["completions", "tcsh"]);
}
