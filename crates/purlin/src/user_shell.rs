//! Starting the user's shell so that what it is entered for wins over the user's own start-up files.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::io;
use std::path::Path;

/// What a shell is entered for.
pub(crate) struct Entered<'a> {
    /// Stands in front of the prompt.
    pub(crate) name: &'a str,
    /// Process variables that start-up files must not change.
    pub(crate) changed: &'a BTreeMap<String, String>,
    /// Shell text of the usual kind that runs when it is entered.
    pub(crate) hook: Option<&'a str>,
}

/// How a shell is started.
pub(crate) struct Started {
    pub(crate) argv: Vec<OsString>,
    pub(crate) variables: BTreeMap<OsString, OsString>,
    /// Its start-up files, as long as it runs.
    _folder: tempfile::TempDir,
}

impl Entered<'_> {
    /// The start of a shell: a program's name or path. Without a terminal it reads its commands from
    /// standard input, and no start-up files of the user's.
    pub(crate) fn start(
        &self,
        shell: &OsStr,
        terminal: bool,
        variables: &BTreeMap<OsString, OsString>,
    ) -> io::Result<Started> {
        let folder = tempfile::Builder::new().prefix("purlin-shell-").tempdir()?;
        let mut variables = variables.clone();
        let kind = Path::new(shell).file_name().unwrap_or_default().to_string_lossy().into_owned();
        let words: Vec<OsString> = match (kind.as_str(), terminal) {
            ("bash", true) => {
                let text = format!("[ -f ~/.bashrc ] && . ~/.bashrc\n{}", self.script(true));
                vec!["--rcfile".into(), write(&folder, "bashrc", &text)?]
            }
            ("zsh", true) => {
                self.zsh(&folder, &mut variables)?;
                Vec::new()
            }
            ("fish", _) => {
                let file = write(&folder, "init.fish", &self.fish(terminal, &folder)?)?;
                let mut source = OsString::from("source ");
                source.push(file);
                vec!["-C".into(), source]
            }
            (_, true) => {
                let file = write(&folder, "shrc", &self.script(true))?;
                variables.insert("ENV".into(), file);
                Vec::new()
            }
            (_, false) => match self.hook {
                None => vec!["-s".into()],
                Some(_) => {
                    let file = write(&folder, "hook", &self.script(false))?;
                    let text = "shell=$1; . \"$2\"; exec \"$shell\" -s";
                    let argv = ["/bin/sh", "-c", text, "sh"].map(OsString::from);
                    let argv = argv.into_iter().chain([shell.to_owned(), file]).collect();
                    return Ok(Started { argv, variables, _folder: folder });
                }
            },
        };
        let argv = std::iter::once(shell.to_owned()).chain(words).collect();
        Ok(Started { argv, variables, _folder: folder })
    }

    /// For shells of the usual kind.
    fn script(&self, prompt: bool) -> String {
        let mut text = String::new();
        for (name, value) in self.changed {
            text.push_str(&format!("export {name}={}\n", quoted(value)));
        }
        if prompt {
            let mark = quoted(&format!("({}) ", self.name));
            text.push_str(&format!("PS1={mark}\"${{PS1:-\\$ }}\"\n"));
        }
        if let Some(hook) = self.hook {
            text.push_str(hook);
            text.push('\n');
        }
        text
    }

    /// zsh reads its files from a folder, which is the user's again afterwards.
    fn zsh(
        &self,
        folder: &tempfile::TempDir,
        variables: &mut BTreeMap<OsString, OsString>,
    ) -> io::Result<()> {
        let own = OsStr::new("ZDOTDIR");
        let home = variables.get(own).or_else(|| variables.get(OsStr::new("HOME"))).cloned();
        let home = quoted(&home.unwrap_or_default().to_string_lossy());
        let temporary = quoted(&folder.path().to_string_lossy());
        let read =
            |file: &str| format!("ZDOTDIR={home}\n[ -f {home}/{file} ] && . {home}/{file}\n");
        write(folder, ".zshenv", &format!("{}ZDOTDIR={temporary}\n", read(".zshenv")))?;
        write(folder, ".zshrc", &format!("{}{}", read(".zshrc"), self.script(true)))?;
        variables.insert(own.to_owned(), folder.path().into());
        Ok(())
    }

    /// fish has another language.
    fn fish(&self, prompt: bool, folder: &tempfile::TempDir) -> io::Result<String> {
        let quoted = |text: &str| format!("'{}'", text.replace('\\', "\\\\").replace('\'', "\\'"));
        let mut text = String::new();
        for (name, value) in self.changed {
            text.push_str(&format!("set -gx {name} {}\n", quoted(value)));
        }
        if prompt {
            text.push_str(&format!(
                "functions -c fish_prompt __purlin_prompt 2>/dev/null\n\
                 function fish_prompt; echo -n {}; __purlin_prompt; end\n",
                quoted(&format!("({}) ", self.name))
            ));
        }
        if let Some(hook) = self.hook {
            // What the hook sets is taken over; its aliases and functions are no fish's.
            let script = format!("{hook}\nenv -0 >\"$1\"\n");
            let file = write(folder, "hook", &script)?;
            let set = folder.path().join("set");
            let (file, set) = (quoted(&file.to_string_lossy()), quoted(&set.to_string_lossy()));
            text.push_str(&format!(
                "/bin/sh {file} {set}\n\
                 for one in (string split0 <{set})\n\
                 set -l pair (string split -m 1 = -- $one)\n\
                 contains -- $pair[1] PWD OLDPWD SHLVL _; or set -gx $pair[1] $pair[2]\n\
                 end\n"
            ));
        }
        Ok(text)
    }
}

fn write(folder: &tempfile::TempDir, name: &str, text: &str) -> io::Result<OsString> {
    let file = folder.path().join(name);
    fs::write(&file, text)?;
    Ok(file.into_os_string())
}

/// A text as one word of a shell of the usual kind.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "'\\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_quoted() {
        assert_eq!(quoted("it's $HOME"), "'it'\\''s $HOME'");
    }
}
