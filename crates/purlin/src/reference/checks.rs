//! What plugins are tested for, from the conformance kit.

use purlin_test::kit::{About, CASES_FILE, CHECKS};

use crate::markdown::{head, row};

const CASES: &str = r#"
```toml
[config]                                 # the workspace's `[plugins.NAME.config]` in all cases
region = "north"

[[dependency.requirements]]              # a configuration that works
config = { path = "requirements.txt" }
files  = { "requirements.txt" = "six==1.17.0\n" }   # the workspace; or folder = "tests/workspace"
expect = { values = ["six==1.17.0"] }    # parts of the answer; space, module and context can be said, too

[[dependency.requirements]]              # one that is refused
config = { path = "gone.txt" }
error  = { code = "INVALID_CONFIG", path = "/path" }

[[cache.webdav]]                         # {env.NAME} is a process variable; where it is not set, the
config = { url = "{env.WEBDAV_URL}" }    # checks are skipped

[[subcommand.greet]]
args   = { name = "you" }
status = 0

[[argument.only-changed]]
command = "run"                          # default: the first verb of its `on`
value   = true
request = { names = ["test", "docs"] }
edits   = [{ path = "/names", value = ["test"] }]

[[hook."run.finished"]]
payload = { failed = 0 }
```
"#;

pub(super) fn page() -> String {
    let mut text = format!(
        "# What plugins are tested for\n\n`purlin plugin test` puts a plugin through these checks, and so can a test in \
         Rust (`purlin_test::kit`). The bundled plugins pass them, too. What a plugin is asked stands in \
         `{CASES_FILE}` below its folder; without it, dependencies are asked with the examples of their schema, hooks \
         with an empty payload, and the other checks are skipped:\n{CASES}"
    );
    let mut last = None;
    for check in CHECKS {
        if last != Some(check.about) {
            let title = match check.about {
                About::Plugin => "Every plugin".to_owned(),
                About::Process => "Plugins that are processes".to_owned(),
                About::Point(point) => format!("Features at the point `{point}`"),
            };
            text.push_str(&format!("\n## {title}\n\n{}", head(&["check", "a plugin that passes"])));
            last = Some(check.about);
        }
        text.push_str(&row(&[&format!("`{}`", check.id), check.sentence]));
    }
    text
}
