//! Guides and concepts, from top to bottom in one workspace each.
//!
//! - A block with `file=PATH` is written to that file.
//! - `sh`: run, and must succeed.
//! - `console`: after each `$ `, what the command prints, stdout and stderr together. With `fails`
//!   the last command must fail. `UPDATE_DOCS` writes what it does print into the page.
//! - `toml` without a file: a `purlin.toml` without errors.

use std::collections::BTreeSet;
use std::process::{Command, Stdio};

use purlin_test::{Finished, Workspace, stable};

use super::markdown::{Block, blocks};
use super::{folder, page, read};

/// The pages that are run: all of these folders.
const PAGES: [(&str, &[&str]); 2] = [
    (
        "guides",
        &[
            "caching",
            "ci",
            "correct-dependencies",
            "definitions",
            "environments",
            "first-workspace",
            "folders-of-definitions",
            "monorepos",
            "moving-from-make",
            "moving-from-moon",
            "moving-from-qik",
            "moving-from-turborepo",
            "packages",
            "plugins-in-starlark",
            "projects",
            "running",
            "transforms",
            "write-a-plugin",
        ],
    ),
    ("concepts", &["consent", "plugins"]),
];

#[test]
fn first_workspace() {
    follow("guides/first-workspace.md");
}

#[test]
fn packages() {
    follow("guides/packages.md");
}

#[test]
fn running() {
    follow("guides/running.md");
}

#[test]
fn caching() {
    follow("guides/caching.md");
}

#[test]
fn ci() {
    follow("guides/ci.md");
}

#[test]
fn correct_dependencies() {
    follow("guides/correct-dependencies.md");
}

#[test]
fn definitions() {
    follow("guides/definitions.md");
}

#[test]
fn folders_of_definitions() {
    follow("guides/folders-of-definitions.md");
}

#[test]
fn projects() {
    follow("guides/projects.md");
}

#[test]
fn transforms() {
    follow("guides/transforms.md");
}

#[test]
fn environments() {
    follow("guides/environments.md");
}

#[test]
fn moving_from_make() {
    follow("guides/moving-from-make.md");
}

#[test]
fn monorepos() {
    follow("guides/monorepos.md");
}

#[test]
fn write_a_plugin() {
    follow("guides/write-a-plugin.md");
}

#[test]
fn plugins_in_starlark() {
    follow("guides/plugins-in-starlark.md");
}

#[test]
fn moving_from_moon() {
    follow("guides/moving-from-moon.md");
}

#[test]
fn moving_from_qik() {
    follow("guides/moving-from-qik.md");
}

#[test]
fn moving_from_turborepo() {
    follow("guides/moving-from-turborepo.md");
}

#[test]
fn consent() {
    follow("concepts/consent.md");
}

#[test]
fn plugins() {
    follow("concepts/plugins.md");
}

#[test]
fn the_example_of_the_readme_has_no_errors() {
    let text = read(&page("../README.md"));
    let mut count = 0;
    for block in blocks(&text).iter().filter(|block| block.language == "toml") {
        check(block, "README.md");
        count += 1;
    }
    assert_eq!(count, 1);
}

#[test]
fn no_page_is_forgotten() {
    for (folder, known) in PAGES {
        let entries = std::fs::read_dir(page(folder)).unwrap();
        let there: BTreeSet<String> = entries
            .map(|entry| entry.unwrap().path().file_stem().unwrap().to_string_lossy().into_owned())
            .collect();
        assert_eq!(there, known.iter().map(|name| (*name).to_owned()).collect());
    }
}

fn follow(path: &str) {
    let path = page(path);
    let text = read(&path);
    let workspace = folder();
    let mut lines: Vec<String> = text.split_inclusive('\n').map(str::to_owned).collect();
    let mut wrong = Vec::new();
    for block in blocks(&text) {
        let place = format!("{}:{}", path.display(), block.line);
        if let Some(file) = block.option("file") {
            workspace.write(file, &block.text);
            continue;
        }
        match block.language.as_str() {
            "sh" => {
                let finished = run(&workspace, &format!("set -eu\n{}", block.text));
                assert_eq!(finished.code, Some(0), "{place}\n{finished}");
            }
            "console" => {
                let shown = session(&workspace, &block, &place);
                if stable(&shown) != stable(&block.text) {
                    let count = block.text.lines().count();
                    lines[block.line..block.line + count].fill(String::new());
                    lines[block.line] = shown.clone();
                    wrong.push(format!("{place}: what it says is not what it prints:\n{shown}"));
                }
            }
            "toml" => check(&block, &place),
            _ => {}
        }
    }
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(&path, lines.concat()).unwrap();
    } else {
        assert!(wrong.is_empty(), "{}\n`just reference` writes it again", wrong.join("\n"));
    }
}

/// A `purlin.toml` without errors.
fn check(block: &Block, place: &str) {
    let alone = Workspace::with(env!("CARGO_BIN_EXE_purlin"), &block.text);
    let finished = alone.run(&["check"]);
    assert_eq!(finished.code, Some(0), "{place}\n{finished}");
}

/// The commands of a block, each followed by what it prints.
fn session(workspace: &Workspace, block: &Block, place: &str) -> String {
    let commands: Vec<&str> =
        block.text.lines().filter_map(|line| line.strip_prefix("$ ")).collect();
    assert!(!commands.is_empty(), "{place}: no command");
    let mut shown = String::new();
    for (index, command) in commands.iter().enumerate() {
        let finished = run(workspace, &format!("exec 2>&1\n{command}"));
        let fails = block.has("fails") && index + 1 == commands.len();
        assert_eq!(finished.code != Some(0), fails, "{place}: {command}\n{finished}");
        let base = workspace.base().to_string_lossy();
        let output = finished.stdout.replace(&*base, "/home/you");
        // That the kit had to wait tells of the machine, and nothing of the page.
        let lines = output.split_inclusive('\n').filter(|line| !line.starts_with("wait  "));
        let output: String = lines.collect();
        shown.push_str(&format!("$ {command}\n{output}"));
        if !shown.ends_with('\n') {
            shown.push('\n');
        }
        while shown.ends_with("\n\n") {
            shown.pop();
        }
    }
    shown
}

/// Runs a script where a user would, with the binary on `PATH`.
fn run(workspace: &Workspace, script: &str) -> Finished {
    let programs = workspace.base().join("bin");
    if !programs.exists() {
        std::fs::create_dir(&programs).unwrap();
        std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_purlin"), programs.join("purlin")).unwrap();
    }
    let mut path = programs.into_os_string();
    path.push(":");
    path.push(std::env::var_os("PATH").unwrap_or_default());
    let mut command = Command::new("/bin/sh");
    command
        .arg("-c")
        .arg(script)
        .current_dir(workspace.root())
        .env_clear()
        .env("PATH", path)
        .env("HOME", workspace.base().join("home"))
        .env("PURLIN_CACHE_DIR", workspace.cache())
        .env("PURLIN_DATA_DIR", workspace.base().join("data"))
        .stdin(Stdio::null());
    workspace.finish(&mut command)
}
