//! `--help` and `--version`

use crate::{folder, workspace};

#[test]
fn help_groups_the_verbs() {
    let help = folder().succeed(&["--help"]);
    insta::assert_snapshot!(help.stdout, @r"
    A workspace tool in which every feature is a plugin

    Usage: purlin [OPTIONS] <VERB>

    Workspace:
      init           Make this folder a workspace
      show           Show outputs: their names, or one of them evaluated
      explain        Tell who wrote an output, what lost against it, and what came of it
      check          Find everything that is wrong, without running anything
      graph          Show which definitions use which

    Commands:
      run            Run commands, each only when its result is not there already
      exec           Run a program in the environment of a space, which is prepared first
      cache          Look after caches

    Packages:
      build          Build packages, and print where they are
      app            Run an app, whose package is built first
      shell          Enter a shell, whose packages are built first

    Plugins:
      plugin         Look after plugins

    Editor and shell:
      completions    Print the script that completes this command line in a shell

    Everywhere:
      -C, --directory <DIR>    Run as if started in DIR
          --json               Print JSON
          --color <WHEN>       When to use colour
      -q, --quiet              Say less
      -v, --verbose            Say more
          --locked             Fail instead of changing purlin.lock
          --offline            Use nothing from a network
          --no-input           Never ask
      -h, --help               Print help, also of a verb: `purlin run --help`
      -V, --version            Print the version

    Process variables:
      PURLIN_PLUGIN_PATH   Folders, separated by `:`, that hold plugin folders or are one
      PURLIN_CACHE_DIR     Folder for the local cache and indexes (default: `$XDG_CACHE_HOME/purlin`, else `~/.cache/purlin`)
      PURLIN_DATA_DIR      Folder for the user's plugins (default: `$XDG_DATA_HOME/purlin`, else `~/.local/share/purlin`)
      PURLIN_TRUST         `workspace`: this process may run the plugins that the workspace takes from a `path`, as if `purlin plugin trust` had been said; for CI
      PURLIN__OPTION       As `--option` of `purlin run` where the command line does not say it, such as `PURLIN__CACHE_STATUS` for `--cache-status`
      VIRTUAL_ENV          The active Python environment; its distributions may bring plugins
      CONDA_PREFIX         The active environment of conda, where `VIRTUAL_ENV` is not set
      HTTP_PROXY           The proxy through which files at `http://` are fetched; it must allow `CONNECT`. Like the next two, also in lower case
      HTTPS_PROXY          The proxy through which files at `https://` are fetched
      NO_PROXY             Hosts, separated by `,`, that are asked without a proxy; `.example.com` means those below it
      SSL_CERT_FILE        A file of certificates (PEM) that servers are checked against, in place of the system's
      NO_COLOR             Set to anything but nothing: no colour
    ");
    assert_eq!(folder().succeed(&["-h"]).stdout, help.stdout);
    let bare = folder().fail(2, &[]);
    assert_eq!(bare.stdout, help.stdout);
}

#[test]
fn help_shows_the_verbs_of_plugins_under_their_names() {
    let workspace = workspace("[plugins]\nmine = { path = 'mine' }");
    workspace.write(
        "mine/plugin.toml",
        "[plugin]\nname = 'mine'\nversion = '1.2.3'\napi = '1'\ndescription = 'My own'\nlicense = 'MIT'\n[runtime]\nkind = 'process'\nentry = ['./run']\n[provides.subcommand.shout]\nabout = 'Say it aloud'\n",
    );
    let help = workspace.succeed(&["--help"]).stdout;
    assert!(help.contains("\nFrom plugins:\n  shout          Say it aloud [mine]\n"), "{help}");
}

#[test]
fn help_of_a_verb_has_its_flags() {
    let help = folder().succeed(&["run", "--help"]).stdout;
    for flag in ["--force", "--jobs <N>", "--ls", "--why <NAME>", "--json", "--directory <DIR>"] {
        assert!(help.contains(flag), "{flag}: {help}");
    }
}

#[test]
fn the_version_is_one_line() {
    let expected = format!("purlin {}\n", env!("CARGO_PKG_VERSION"));
    for flag in ["--version", "-V"] {
        assert_eq!(folder().succeed(&[flag]).stdout, expected);
    }
}
