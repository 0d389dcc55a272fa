//! What is particular to the `environment` point.

use std::path::Path;

use purlin_plugin::message::{EnvironmentContext, EnvironmentDescription, PluginError};

use super::cases::{Cases, QuestionCase, Told};
use super::code::Started;
use super::dependency::{flaw, is_variable};
use super::question::Question;
use super::trial::Trial;

/// `describe`
pub(super) struct Describe;

impl Question for Describe {
    type Answer = EnvironmentDescription;

    fn cases(cases: &Cases) -> &Told<QuestionCase> {
        &cases.environment
    }

    fn ask(
        trial: &Trial<'_>,
        started: &Started,
        case: &QuestionCase,
        root: &Path,
    ) -> Result<EnvironmentDescription, PluginError> {
        let context = EnvironmentContext {
            space: case.space.clone(),
            context: case.context.clone(),
            variables: case.variables.clone(),
            ..EnvironmentContext::new(root.to_string_lossy())
        };
        let name = case.name.as_deref().unwrap_or("default");
        let code = started.environment(trial.feature());
        code.describe(name, &case.config, &context, &started.host)
    }

    fn inputs(answer: &EnvironmentDescription) -> &[String] {
        &answer.expansion.inputs
    }

    fn flaw(answer: &EnvironmentDescription) -> Option<String> {
        if let Some(flaw) = flaw(&answer.expansion) {
            return Some(format!("`expansion`: {flaw}"));
        }
        for change in &answer.changes {
            if !is_variable(change.name()) {
                let name = change.name();
                return Some(format!("`changes` has {name:?}, which cannot be a variable's name"));
            }
            if change.value().is_some_and(|value| value.contains('\0')) {
                return Some(format!("the value for {} holds a NUL", change.name()));
            }
        }
        if answer.after.iter().any(|command| command.name.is_empty()) {
            return Some("`after` has a command without a name".to_owned());
        }
        if !answer.installed_when.is_empty() && answer.after.is_empty() {
            return Some("`installed_when` has paths, and no command in `after` makes them".into());
        }
        let own = [("root", &answer.root), ("site_packages", &answer.site_packages)];
        let own = own.into_iter().filter_map(|(field, path)| Some((field, path.as_ref()?)));
        let paths = own.chain(answer.installed_when.iter().map(|path| ("installed_when", path)));
        paths
            .filter(|(_, path)| path.is_empty() || path.contains('\0') || path.contains("{root}"))
            .map(|(field, path)| format!("`{field}` has {path:?}, which is no path"))
            .next()
    }
}
