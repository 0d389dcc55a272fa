//! What the builders of plugins make of packages.

use purlin_host::Need;
use purlin_model::{Diagnostic, Value};
use purlin_packages::{Package, Plan};
use purlin_plugin::message::BuildContext;
use purlin_plugin::{Point, RuntimeKind};

use super::Packages;
use crate::repositories::Depth;

impl Packages<'_> {
    /// Asks a builder how a package is built.
    pub(super) fn planned(&self, builder: &str, package: &Package) -> Result<Plan, Diagnostic> {
        let plugins = &self.context.plugins;
        let wanted = || format!("`{}` is built with it", package.shown());
        let feature = plugins
            .find(Point::Builder, builder, Need::Enabled)
            .map_err(|trouble| trouble.at(package.origin.clone(), wanted()))?;
        if self.depth == Depth::Pinned && feature.runtime == Some(RuntimeKind::Process) {
            let what = format!("the builder `{builder}` is a program, which is not started here");
            return Err(
                Diagnostic::error("not-started", what).label(package.origin.clone(), wanted())
            );
        }
        let mut leaf = package.fields();
        let options = package.builder.as_ref().and_then(|(_, options)| options.as_object());
        let mut options = options.cloned().unwrap_or_default();
        options.remove("type");
        if let Some(schema) = plugins.schema(&feature).map_err(first)? {
            let written = Value::from_json(&options.into(), &package.origin);
            let checked = schema.validate(&written);
            let wrong = |mistakes| {
                let mut told: Diagnostic = first(mistakes);
                told.detail =
                    format!("It is in the `builder` of `{}`. {}", package.shown(), told.detail);
                told
            };
            let value = checked.value.ok_or(checked.diagnostics).map_err(wrong)?;
            leaf["builder"] = value.to_json();
        } else {
            leaf["builder"] = options.into();
        }
        let code = plugins
            .builder(&feature)
            .map_err(|trouble| trouble.at(package.origin.clone(), wanted()))?;
        let context = BuildContext { name: package.name.clone(), system: self.system.clone() };
        let plan = code.plan(&leaf, &context, &**plugins).map_err(|error| {
            Diagnostic::error("plugin-call", format!("the builder `{builder}` has no plan"))
                .label(package.origin.clone(), error.message.clone())
                .detail(match &error.path {
                    Some(path) => format!("It is about {path} of `{}`.", package.shown()),
                    None => error.detail.clone(),
                })
        })?;
        Ok(Plan {
            build: plan.build,
            install: plan.install,
            env: plan.env,
            packages: plan.packages,
        })
    }
}

fn first(mut mistakes: Vec<Diagnostic>) -> Diagnostic {
    mistakes.drain(..).next().unwrap_or_else(|| Diagnostic::error("schema", "it does not fit"))
}
