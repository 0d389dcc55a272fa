//! Seeing to it that packages are there.

use purlin_commands::{
    Event, ProcessVariables, Session, Summary, private_folder, run_jobs, succeeds,
};
use purlin_model::{Diagnostic, Digest};
use purlin_packages::{Builder, Mode, PackageGraph, Sandbox, select};

use super::Packages;
use super::used::folders;
use crate::arguments::Output;
use crate::failure::Failure;
use crate::hooks::Hooks;
use crate::run_view::View;
use crate::{draw, environment, machine, signals};

/// How packages are made.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct How {
    /// How many builds run at once; `None` for as many as there are processors.
    pub(crate) jobs: Option<u16>,
    /// Builds again what was asked for.
    pub(crate) force: bool,
    /// How output is shown.
    pub(crate) output: Option<Output>,
    /// What is there already is not worth a word.
    pub(crate) silent: bool,
    /// Standard output is somebody else's.
    pub(crate) keeps_stdout: bool,
}

/// What came of it.
#[derive(Debug)]
pub(crate) struct Made {
    /// The counts.
    pub(crate) summary: Summary,
    /// As long as it lives, nothing is pruned.
    pub(crate) _in_use: purlin_packages::InUse,
    /// What is built, and what it is built with, is used.
    pub(crate) _user: Option<purlin_packages::User>,
}

impl Made {
    /// True when everything is there.
    pub(crate) fn is_whole(&self) -> bool {
        self.summary.failed == 0 && self.summary.skipped == 0 && !self.summary.cancelled
    }
}

impl Packages<'_> {
    /// Sees to it that these packages of a graph are there, and what they need to run.
    pub(crate) fn make(
        &self,
        graph: &PackageGraph,
        roots: &[usize],
        how: How,
    ) -> Result<Made, Failure> {
        let context = self.context;
        let in_use = self.store.begin();
        let forced = |index: usize| how.force && roots.contains(&index);
        let strict = self.sandbox == Mode::Strict;
        let sound = |index: usize, tests: Option<Digest>, is_open: bool| {
            let is_refused = forced(index) || strict && is_open;
            !is_refused && tests == graph.nodes[index].tests_digest()
        };
        let memory = private_folder(&self.root).join("package-records");
        let selected = select(graph, &self.store, &memory, roots, &sound);
        let variables = ProcessVariables::new(environment::all());
        let jobs = how.jobs.map_or_else(machine::processors, usize::from);
        let shared = match selected.jobs.is_empty() {
            true => None,
            false => self.shared(&variables)?,
        };
        let session = Session::new(
            &self.root,
            &context.cache,
            &context.plugins,
            variables.clone(),
            signals::cancel(),
        );
        let mut session = session.offline(context.global.offline).sharing(shared);
        session.keeps_stdout = how.keeps_stdout || context.global.json;
        let mut global = context.global.clone();
        global.json &= !how.keeps_stdout;
        let there: Vec<&str> =
            selected.there.iter().map(|(index, _)| graph.nodes[*index].id.as_str()).collect();
        let missing = selected.jobs.iter().map(|job| job.id.as_str());
        let ids: Vec<&str> = there.iter().copied().chain(missing).collect();
        let alone = selected.jobs.len() == 1;
        let output = how.output.unwrap_or(Output::Progress);
        let silent = how.silent && selected.jobs.is_empty();
        let mut view = (!silent).then(|| View::of(&global, &ids, &self.root, output, alone));
        let mut show = |event: Event| {
            let cached =
                matches!(event, Event::Queued { .. } | Event::Cached { restored: false, .. });
            if let Some(view) = view.as_mut().filter(|_| !(how.silent && cached)) {
                view.show(&event);
            }
        };
        let mut summary = Summary { cached: selected.there.len(), ..Summary::default() };
        let mut warnings = Vec::new();
        for (index, used) in &selected.there {
            let node = &graph.nodes[*index];
            if let Some(prefix) = &node.prefix {
                self.store.touch(prefix, *used);
            }
            show(Event::Cached { id: node.id.clone(), key: node.key, restored: false });
        }
        let mut user = None;
        if !selected.jobs.is_empty() {
            context.pin()?;
            self.check_roots(graph)?;
            let present = folders(graph, selected.present.iter().copied());
            let user = user.insert(self.store.building_with(&present));
            let builds = selected.missing.iter().any(|index| graph.nodes[*index].action.is_some());
            let sandbox = match builds {
                true => Sandbox::find(self.sandbox, &variables, &succeeds)?,
                false => Sandbox::Nothing("nothing is built".to_owned()),
            };
            if let (Sandbox::Nothing(why), Mode::Auto, true) = (&sandbox, self.sandbox, builds) {
                show(Event::Notice(apart_from_nothing(why)));
            }
            signals::watch();
            let own = purlin_commands::system();
            let builder = Builder {
                graph,
                store: &self.store,
                cache: session.user_store(),
                user,
                surroundings: self,
                sandbox,
                jobs,
                force: roots.iter().copied().filter(|index| forced(*index)).collect(),
                strict,
                foreign: (self.system != own).then(|| self.system.clone()),
            };
            let work = |place: usize, reporter: &purlin_commands::Reporter<'_>| {
                builder.work(selected.missing[place], reporter)
            };
            let stream = output == Output::Stream || global.json;
            let ran;
            (ran, warnings) = std::thread::scope(|scope| {
                let mut hooks = Hooks::of_builds(&context.plugins, scope);
                let mut sink = |event: Event| {
                    hooks.tell(&event);
                    show(event);
                };
                let ran = run_jobs(&selected.jobs, &work, &session, (jobs, stream), &mut sink);
                (ran, hooks.finish_builds())
            });
            summary = Summary { cached: summary.cached + ran.cached, ..ran };
            self.note_last(graph, &selected.missing);
        }
        self.sources.save();
        if let Some(view) = view {
            view.finish(&summary);
        }
        draw::diagnostics(&global, &warnings);
        if let Some(lost) = session.lost() {
            return Err(Failure::failed(lost));
        }
        Ok(Made { summary, _in_use: in_use, _user: user })
    }
}

/// That builds see the whole machine, where the workspace has not said that they may.
fn apart_from_nothing(why: &str) -> Diagnostic {
    Diagnostic::note("no-sandbox", "builds are not kept apart from this machine")
        .detail(format!("The reason: {why}."))
        .help(
            "install bubblewrap; with `[build] sandbox` \"strict\" nothing is built without, with \"off\" \
             this is not told"
                .to_owned(),
        )
}
