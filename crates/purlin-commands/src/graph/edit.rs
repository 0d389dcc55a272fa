//! A graph as flags of plugins see it, and what their edits make of it.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use purlin_model::suggestion;
use purlin_plugin::escaped;
use serde::Deserialize;
use serde_json::{Map, Value as Json, json};

use super::cache::cache_choice;
use super::{CacheChoice, Graph, Instance, Request};
use crate::definition::from_command_line;
use crate::template::Text;

/// Why an edit of a graph cannot be followed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// JSON Pointer to what is to blame.
    pub pointer: String,
    /// One sentence without a full stop.
    pub reason: String,
    /// What to do; may be empty.
    pub help: String,
}

/// What can be edited: the shape of the published schema.
#[derive(Deserialize)]
struct Edited {
    selected: Vec<String>,
    env: BTreeMap<String, BTreeMap<String, Option<String>>>,
    timeout: BTreeMap<String, Option<f64>>,
    cache: BTreeMap<String, String>,
    instances: Json,
}

impl Graph {
    /// The request of `run` at the stage `resolved`: what may be edited (`selected`, and by id
    /// `env`, `timeout` in seconds and `cache`), and under `instances` what is only told.
    ///
    /// `env` begins empty: a flag adds to what a command sets, and is not told the user's variables.
    #[must_use]
    pub fn to_request(&self) -> Json {
        let by_id = |value: &dyn Fn(&Instance) -> Json| -> Map<String, Json> {
            self.instances.iter().map(|one| (one.id.clone(), value(one))).collect()
        };
        let selected: Vec<&str> = self.selected().collect();
        json!({
            "selected": selected,
            "env": by_id(&|_| json!({})),
            "timeout": by_id(&|one| json!(one.action.timeout.map(|time| time.as_secs_f64()))),
            "cache": by_id(&|one| json!(one.cache.name())),
            "instances": by_id(&|one| self.told(one)),
        })
    }

    fn told(&self, instance: &Instance) -> Json {
        let action = &instance.action;
        let argv: Vec<&str> = action.argv.iter().map(|text| text.value.as_str()).collect();
        let after: Vec<&str> =
            instance.before().map(|index| self.instances[index].id.as_str()).collect();
        json!({
            "command": instance.command.name,
            "space": instance.space,
            "module": instance.module,
            "args": instance.args,
            "argv": argv,
            "cwd": action.cwd,
            "artifacts": action.artifacts,
            "after": after,
        })
    }

    fn selected(&self) -> impl Iterator<Item = &str> {
        self.instances.iter().filter(|one| one.selected).map(|one| one.id.as_str())
    }

    /// The graph that an edited request asks for. `edited` has the shape of the published schema;
    /// `request` is what the graph was built from. Keys follow: what changes an action changes its
    /// key.
    ///
    /// # Errors
    /// Everything in `edited` that the graph has no place for.
    pub fn edit(mut self, request: &Request<'_>, edited: Json) -> Result<Self, Vec<Refusal>> {
        let before = self.to_request();
        let edited: Edited = serde_json::from_value(edited)
            .map_err(|error| vec![refusal(String::new(), error.to_string())])?;
        let mut refusals = Vec::new();
        if edited.instances != before["instances"] {
            let reason = "what an instance is cannot be edited".to_owned();
            refusals.push(Refusal {
                help: "edit `/selected`, `/env`, `/timeout` or `/cache`".to_owned(),
                ..refusal("/instances".to_owned(), reason)
            });
        }
        self.check_ids(&edited, &mut refusals);
        for instance in &mut self.instances {
            if let Some(env) = edited.env.get(&instance.id) {
                instance.set_variables(env, &mut refusals);
            }
            let timeout = edited.timeout.get(&instance.id).copied().flatten();
            if json!(timeout) != before["timeout"][&instance.id] {
                instance.set_timeout(timeout, &mut refusals);
            }
            if let Some(cache) = edited.cache.get(&instance.id)
                && cache != instance.cache.name()
            {
                instance.set_cache(cache, request, &mut refusals);
            }
        }
        if !refusals.is_empty() {
            return Err(refusals);
        }
        if !edited.selected.iter().map(String::as_str).eq(self.selected()) {
            let ids: BTreeSet<String> = edited.selected.into_iter().collect();
            let wanted: Vec<bool> =
                self.instances.iter().map(|instance| ids.contains(&instance.id)).collect();
            self.keep(&wanted);
        }
        Ok(self)
    }

    fn check_ids(&self, edited: &Edited, refusals: &mut Vec<Refusal>) {
        let known: BTreeSet<&str> = self.instances.iter().map(|one| one.id.as_str()).collect();
        let selected = edited.selected.iter().map(|id| ("/selected".to_owned(), id));
        let env = edited.env.keys().map(|id| (format!("/env/{}", escaped(id)), id));
        let timeout = edited.timeout.keys().map(|id| (format!("/timeout/{}", escaped(id)), id));
        let cache = edited.cache.keys().map(|id| (format!("/cache/{}", escaped(id)), id));
        for (pointer, id) in selected.chain(env).chain(timeout).chain(cache) {
            if !known.contains(id.as_str()) {
                refusals.push(Refusal {
                    help: suggestion(id, "instances", known.iter().copied()).unwrap_or_default(),
                    ..refusal(pointer, format!("the run has no instance `{id}`"))
                });
            }
        }
    }
}

impl Instance {
    fn set_variables(
        &mut self,
        env: &BTreeMap<String, Option<String>>,
        refusals: &mut Vec<Refusal>,
    ) {
        for (name, value) in env {
            let pointer = || format!("/env/{}/{}", escaped(&self.id), escaped(name));
            if name.is_empty() || name.contains(['=', '\0']) {
                let reason = format!("`{name}` cannot name a process variable");
                refusals.push(refusal(pointer(), reason));
            } else if value.as_ref().is_some_and(|value| value.contains('\0')) {
                let reason = "a process variable cannot hold a NUL".to_owned();
                refusals.push(refusal(pointer(), reason));
            }
            let text = value.clone().map(|value| Text { keyed: value.clone(), value });
            self.action.variables.insert(name.clone(), text);
        }
    }

    fn set_timeout(&mut self, seconds: Option<f64>, refusals: &mut Vec<Refusal>) {
        match seconds.map(Duration::try_from_secs_f64).transpose() {
            Ok(timeout) => self.action.timeout = timeout,
            Err(error) => {
                refusals
                    .push(refusal(format!("/timeout/{}", escaped(&self.id)), error.to_string()));
            }
        }
    }

    fn set_cache(&mut self, name: &str, request: &Request<'_>, refusals: &mut Vec<Refusal>) {
        let pointer = format!("/cache/{}", escaped(&self.id));
        if matches!(self.cache, CacheChoice::NoDependencies) {
            let reason = format!(
                "`{}` has no dependencies, so nothing tells whether a kept result is right",
                self.id
            );
            refusals.push(refusal(pointer, reason));
            return;
        }
        match cache_choice(request, Some(&from_command_line(name))) {
            Ok(cache) => self.cache = cache,
            Err(diagnostics) => refusals.extend(
                diagnostics
                    .into_iter()
                    .map(|one| Refusal { help: one.help, ..refusal(pointer.clone(), one.summary) }),
            ),
        }
    }
}

fn refusal(pointer: String, reason: String) -> Refusal {
    Refusal { pointer, reason, help: String::new() }
}
