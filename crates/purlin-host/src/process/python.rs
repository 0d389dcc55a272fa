//! The Python interpreter that a plugin runs in.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::UNIX_EPOCH;

use purlin_model::Digest;
use serde::{Deserialize, Serialize};

use super::program;
use crate::Surroundings;

/// What an interpreter says about itself.
const QUESTION: &str = "import json, sys; print(json.dumps({'program': sys.executable, \
                        'prefixes': [sys.prefix, sys.base_prefix, sys.exec_prefix]}))";

/// A real interpreter.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Interpreter {
    /// The program that is started.
    pub(super) program: PathBuf,
    /// What a shim says of the folders that it is installed in. Of a program they can be seen.
    pub(super) prefixes: Vec<PathBuf>,
}

/// The interpreter for a plugin in `folder`: that of the environment which it is installed in, else
/// the first `python3` on `PATH`.
pub(super) fn interpreter(
    environment: Option<&Path>,
    folder: &Path,
    root: Option<&Path>,
    surroundings: &Surroundings,
) -> Result<Interpreter, String> {
    let program = match environment.map(|environment| environment.join("bin/python")) {
        Some(program) => program,
        None => program::find("python3", folder, surroundings)
            .ok_or_else(|| "there is no `python3` on PATH".to_owned())?,
    };
    if !program::is_script(&program) {
        return Ok(Interpreter { program, prefixes: Vec::new() });
    }
    let came_along = environment.is_some()
        || is_in_environment(&program)
        || root.is_some_and(|root| is_in_workspace(&program, root, surroundings));
    if came_along {
        return Err(format!(
            "`{}` is a script in a Python environment or in the workspace, and such a one is not \
             run to learn which Python it starts",
            program.display()
        ));
    }
    resolved(&program, folder, surroundings)
}

/// A shim is the user's own, and runs with all their rights; an environment may have come with a
/// clone.
fn is_in_environment(program: &Path) -> bool {
    let above = program.parent().and_then(Path::parent);
    above.is_some_and(|above| above.join("pyvenv.cfg").symlink_metadata().is_ok())
}

/// The same of a workspace, unless all that the user has lies in it.
fn is_in_workspace(program: &Path, root: &Path, surroundings: &Surroundings) -> bool {
    let real = |path: &Path| path.canonicalize().ok();
    let Some(root) = real(root) else { return false };
    let inside = |path: &Path| real(path).is_some_and(|path| path.starts_with(&root));
    let home = surroundings.variable("HOME").and_then(|home| real(Path::new(home)));
    !home.is_some_and(|home| home.starts_with(&root))
        && (inside(program) || program.parent().is_some_and(inside))
}

/// What a shim stands for. It is asked once: to start one takes longer than to start Python.
fn resolved(
    shim: &Path,
    folder: &Path,
    surroundings: &Surroundings,
) -> Result<Interpreter, String> {
    let file = surroundings
        .cache
        .join("interpreters")
        .join(format!("{}.json", Digest::of(state(shim, surroundings).as_bytes())));
    let known = std::fs::read(&file).ok();
    let known = known.and_then(|text| serde_json::from_slice::<Interpreter>(&text).ok());
    if let Some(known) = known.filter(|known| known.program.is_file()) {
        return Ok(known);
    }
    let output = Command::new(shim)
        .args(["-I", "-S", "-c", QUESTION])
        .current_dir(folder)
        .env_clear()
        .envs(surroundings.variables.iter().map(|(name, value)| (name, value)))
        .stdin(Stdio::null())
        .output()
        .map_err(|error| format!("`{}` cannot be started: {error}", shim.display()))?;
    let found: Interpreter = serde_json::from_slice(&output.stdout).map_err(|_| {
        let said = String::from_utf8_lossy(&output.stderr);
        let said = said.lines().last().unwrap_or("nothing");
        format!("`{}` does not tell which Python it starts; it says: {said}", shim.display())
    })?;
    // That it cannot be kept costs time, and nothing else.
    let _ = super::memo::write_whole(&file, &serde_json::to_vec(&found).unwrap_or_default());
    Ok(found)
}

/// Everything that is known to decide what a shim stands for.
fn state(shim: &Path, surroundings: &Surroundings) -> String {
    let stamp = |path: &Path| {
        let time = path.metadata().and_then(|data| data.modified()).ok();
        time.and_then(|time| time.duration_since(UNIX_EPOCH).ok()).map(|time| time.as_nanos())
    };
    let root = shim.parent().and_then(Path::parent).unwrap_or(shim);
    let chosen = ["PYENV_VERSION", "ASDF_PYTHON_VERSION", "MISE_PYTHON_VERSION"]
        .map(|name| surroundings.variable(name));
    format!("{shim:?} {:?} {:?} {chosen:?}", stamp(shim), stamp(&root.join("version")))
}
