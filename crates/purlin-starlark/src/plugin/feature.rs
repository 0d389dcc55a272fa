//! The features of a plugin as the contract's traits.

use purlin_plugin::contract::{Argument, Builder, Dependency, Environment, Host};
use purlin_plugin::message::{
    ArgumentContext, BuildContext, BuildPlan, Edit, EnvironmentContext, EnvironmentDescription,
    ErrorCode, ExpandContext, Expansion, PluginError,
};
use purlin_plugin::transform::{Fragment, Importer, Transform, TransformContext};
use serde_json::Value as Json;
use starlark::values::{Heap, Value};

use super::context::{Context, fields};
use super::services::Caller;
use super::{Plugin, answer, own_name, plain_name};
use crate::call::{Named, run};
use crate::convert::from_json;
use crate::worker::Ask;

/// One feature of a plugin.
#[derive(Clone)]
pub struct Feature {
    plugin: Plugin,
    name: String,
}

impl Feature {
    pub(super) fn new(plugin: Plugin, name: &str) -> Self {
        Self { plugin, name: name.to_owned() }
    }

    /// The function that is to be called; `None` where there is none.
    fn function(&self, function: &str) -> Result<Option<String>, PluginError> {
        let index = self.plugin.index().map_err(|mistakes| answer::mistakes(&mistakes))?;
        let names = [own_name(&self.name, function), plain_name(function).to_owned()];
        let mut all = names.into_iter();
        Ok(all.find(|name| index.functions.iter().any(|one| one.name == *name)))
    }

    /// Calls a function with what `arguments` makes, and reads its answer.
    fn call<R: Send + 'static>(
        &self,
        function: &str,
        caller: &Caller<'_>,
        arguments: impl for<'v> FnOnce(Heap<'v>) -> Named<'v> + Send + 'static,
        read: impl for<'v> FnOnce(Value<'v>, Heap<'v>) -> Result<R, String> + Send + 'static,
    ) -> Result<Option<R>, PluginError> {
        let Some(name) = self.function(function)? else { return Ok(None) };
        let (inner, source) = (self.plugin.inner.clone(), self.plugin.source.clone());
        let job = move |ask: Ask| {
            run(
                &inner,
                &source,
                &name,
                Some(ask),
                |heap| Ok(arguments(heap)),
                |module, value, returned| {
                    read(value, module.heap()).map_err(|problem| {
                        answer::unusable(returned.described, returned.origin, &problem)
                    })
                },
            )
        };
        let called = self.plugin.inner.workers.run_apart(job, caller);
        called.map(Some).map_err(|diagnostic| answer::error(&diagnostic))
    }

    /// [`Feature::call`] for a function that must be there.
    fn needed<R: Send + 'static>(
        &self,
        function: &str,
        host: &dyn Host,
        arguments: impl for<'v> FnOnce(Heap<'v>) -> Named<'v> + Send + 'static,
        read: impl for<'v> FnOnce(Value<'v>, Heap<'v>) -> Result<R, String> + Send + 'static,
    ) -> Result<R, PluginError> {
        let caller = Caller { host, context: None };
        self.call(function, &caller, arguments, read)?.ok_or_else(|| {
            let own = own_name(&self.name, function);
            let plain = plain_name(function);
            let message = format!("the plugin has no function `{own}` and no `{plain}`");
            PluginError::new(ErrorCode::Internal, message)
        })
    }
}

/// A context as the message that other runtimes get.
fn message(context: &impl serde::Serialize) -> Json {
    serde_json::to_value(context).unwrap_or_default()
}

fn named<'v, const N: usize>(all: [(&str, Value<'v>); N]) -> Named<'v> {
    all.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

impl Dependency for Feature {
    fn expand(
        &self,
        config: &Json,
        context: &ExpandContext,
        host: &dyn Host,
    ) -> Result<Expansion, PluginError> {
        let (config, context) = (config.clone(), message(context));
        self.needed(
            "expand",
            host,
            move |heap| named([("config", fields(&config, heap)), ("ctx", fields(&context, heap))]),
            answer::message,
        )
    }
}

impl Environment for Feature {
    fn describe(
        &self,
        name: &str,
        config: &Json,
        context: &EnvironmentContext,
        host: &dyn Host,
    ) -> Result<EnvironmentDescription, PluginError> {
        let (name, config, context) = (name.to_owned(), config.clone(), message(context));
        self.needed(
            "describe",
            host,
            move |heap| {
                named([
                    ("name", heap.alloc(name.as_str())),
                    ("config", fields(&config, heap)),
                    ("ctx", fields(&context, heap)),
                ])
            },
            answer::message,
        )
    }
}

impl Builder for Feature {
    fn plan(
        &self,
        leaf: &Json,
        context: &BuildContext,
        host: &dyn Host,
    ) -> Result<BuildPlan, PluginError> {
        let (leaf, context) = (leaf.clone(), message(context));
        self.needed(
            "plan",
            host,
            move |heap| named([("leaf", fields(&leaf, heap)), ("ctx", fields(&context, heap))]),
            answer::message,
        )
    }
}

impl Argument for Feature {
    fn apply(
        &self,
        _name: &str,
        value: &Json,
        request: &Json,
        context: &ArgumentContext,
        host: &dyn Host,
    ) -> Result<Vec<Edit>, PluginError> {
        let (value, request, context) = (value.clone(), request.clone(), message(context));
        self.needed(
            "apply",
            host,
            move |heap| {
                named([
                    ("value", from_json(&value, heap)),
                    ("request", from_json(&request, heap)),
                    ("ctx", fields(&context, heap)),
                ])
            },
            answer::message,
        )
    }

    fn complete(
        &self,
        _name: &str,
        prefix: &str,
        host: &dyn Host,
    ) -> Result<Vec<String>, PluginError> {
        let prefix = prefix.to_owned();
        let caller = Caller { host, context: None };
        let found = self.call(
            "complete",
            &caller,
            move |heap| named([("prefix", heap.alloc(prefix.as_str()))]),
            answer::message,
        )?;
        Ok(found.unwrap_or_default())
    }
}

impl Transform for Feature {
    fn extend(
        &self,
        context: &dyn TransformContext,
        options: &Json,
        host: &dyn Host,
    ) -> Result<Vec<Fragment>, PluginError> {
        self.transform("extend", context, options, host)
    }

    fn outputs(
        &self,
        context: &dyn TransformContext,
        options: &Json,
        host: &dyn Host,
    ) -> Result<Vec<Fragment>, PluginError> {
        self.transform("outputs", context, options, host)
    }
}

impl Feature {
    /// A transform may have one of its functions and not the other.
    fn transform(
        &self,
        function: &str,
        context: &dyn TransformContext,
        options: &Json,
        host: &dyn Host,
    ) -> Result<Vec<Fragment>, PluginError> {
        let (given, options) = (Context::of(context), options.clone());
        let caller = Caller { host, context: Some(context) };
        let fragments = self.call(
            function,
            &caller,
            move |heap| named([("ctx", given.to_value(heap)), ("options", fields(&options, heap))]),
            answer::fragments,
        )?;
        Ok(fragments.unwrap_or_default())
    }
}

impl Importer for Feature {
    fn load(
        &self,
        options: &Json,
        sources: &[String],
        host: &dyn Host,
    ) -> Result<Vec<Fragment>, PluginError> {
        let (options, sources) = (options.clone(), sources.to_vec());
        self.needed(
            "load",
            host,
            move |heap| {
                named([("options", fields(&options, heap)), ("sources", heap.alloc(sources))])
            },
            answer::fragments,
        )
    }
}
