//! What is particular to the `dependency` point.

use std::path::Path;
use std::sync::Arc;

use purlin_plugin::message::{ExpandContext, Expansion, PluginError};
use purlin_store::Patterns;

use super::cases::{Cases, QuestionCase, Told};
use super::code::Started;
use super::question::Question;
use super::trial::Trial;

/// `expand`
pub(super) struct Expand;

impl Question for Expand {
    type Answer = Expansion;

    fn cases(cases: &Cases) -> &Told<QuestionCase> {
        &cases.dependency
    }

    fn ask(
        trial: &Trial<'_>,
        started: &Started,
        case: &QuestionCase,
        root: &Path,
    ) -> Result<Expansion, PluginError> {
        let context = context(case, root);
        started.dependency(trial.feature()).expand(&case.config, &context, &started.host)
    }

    fn inputs(answer: &Expansion) -> &[String] {
        &answer.inputs
    }

    fn flaw(answer: &Expansion) -> Option<String> {
        flaw(answer)
    }
}

/// What of an expansion no host could use.
pub(super) fn flaw(answer: &Expansion) -> Option<String> {
    for (field, globs) in [("inputs", &answer.inputs), ("globs", &answer.globs)] {
        if let Err(error) = Patterns::new(globs) {
            return Some(format!("`{field}` has {:?}: {error}", globs[error.index]));
        }
    }
    if answer.commands.iter().any(|command| command.name.is_empty()) {
        return Some("`commands` has one without a name".to_owned());
    }
    let bad = answer.variables.iter().find(|name| !is_variable(name))?;
    Some(format!("`variables` has {bad:?}, which cannot be one's name"))
}

/// Whether a text can name a process variable.
pub(super) fn is_variable(name: &str) -> bool {
    !name.is_empty() && !name.contains(['=', '\0'])
}

/// What the plugin is told besides the configuration. The folder of distributions is relative to
/// the root in cases.
pub(super) fn context(case: &QuestionCase, root: &Path) -> ExpandContext {
    let site_packages = case.site_packages.as_ref();
    ExpandContext {
        space: case.space.clone(),
        module: case.module.clone(),
        context: case.context.clone(),
        section: case.section.clone(),
        fence: case.fence.clone().map(Arc::new),
        site_packages: site_packages.map(|path| root.join(path).to_string_lossy().into_owned()),
        ..ExpandContext::new(root.to_string_lossy())
    }
}
