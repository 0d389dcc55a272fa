//! The binary as its users meet it: one module for each verb or theme.

#[path = "cli/test_arguments.rs"]
mod test_arguments;
#[path = "cli/test_at_once.rs"]
mod test_at_once;
#[path = "cli/test_attributes.rs"]
mod test_attributes;
#[path = "cli/test_bad_cache.rs"]
mod test_bad_cache;
#[path = "cli/test_bad_configuration.rs"]
mod test_bad_configuration;
#[path = "cli/test_bad_document.rs"]
mod test_bad_document;
#[path = "cli/test_bad_files.rs"]
mod test_bad_files;
#[path = "cli/test_bad_manifest.rs"]
mod test_bad_manifest;
#[path = "cli/test_bad_names.rs"]
mod test_bad_names;
#[path = "cli/test_bad_plugins.rs"]
mod test_bad_plugins;
#[path = "cli/test_bad_programs.rs"]
mod test_bad_programs;
#[path = "cli/test_base_set.rs"]
mod test_base_set;
#[path = "cli/test_builders.rs"]
mod test_builders;
#[path = "cli/test_cache.rs"]
mod test_cache;
#[path = "cli/test_check.rs"]
mod test_check;
#[path = "cli/test_check_instances.rs"]
mod test_check_instances;
#[path = "cli/test_command_deps.rs"]
mod test_command_deps;
#[path = "cli/test_completions.rs"]
mod test_completions;
#[path = "cli/test_consent.rs"]
mod test_consent;
#[path = "cli/test_contested.rs"]
mod test_contested;
#[path = "cli/test_ctx.rs"]
mod test_ctx;
#[path = "cli/test_environments.rs"]
mod test_environments;
#[path = "cli/test_examples.rs"]
mod test_examples;
#[path = "cli/test_exec.rs"]
mod test_exec;
#[path = "cli/test_explain.rs"]
mod test_explain;
#[path = "cli/test_fault_points.rs"]
mod test_fault_points;
#[path = "cli/test_faults.rs"]
mod test_faults;
#[path = "cli/test_fence.rs"]
mod test_fence;
#[path = "cli/test_full_disk.rs"]
mod test_full_disk;
#[path = "cli/test_graph.rs"]
mod test_graph;
#[path = "cli/test_help.rs"]
mod test_help;
#[path = "cli/test_hostile.rs"]
mod test_hostile;
#[path = "cli/test_init.rs"]
mod test_init;
#[path = "cli/test_inputs.rs"]
mod test_inputs;
#[path = "cli/test_joined.rs"]
mod test_joined;
#[path = "cli/test_leftovers.rs"]
mod test_leftovers;
#[path = "cli/test_linked_outputs.rs"]
mod test_linked_outputs;
#[path = "cli/test_lock.rs"]
mod test_lock;
#[path = "cli/test_modules.rs"]
mod test_modules;
#[path = "cli/test_moving.rs"]
mod test_moving;
#[path = "cli/test_narrow.rs"]
mod test_narrow;
#[path = "cli/test_never.rs"]
mod test_never;
#[path = "cli/test_odd_paths.rs"]
mod test_odd_paths;
#[path = "cli/test_overlapping.rs"]
mod test_overlapping;
#[path = "cli/test_plugin.rs"]
mod test_plugin;
#[path = "cli/test_plugin_author.rs"]
mod test_plugin_author;
#[path = "cli/test_plugin_completions.rs"]
mod test_plugin_completions;
#[path = "cli/test_plugin_flags.rs"]
mod test_plugin_flags;
#[path = "cli/test_plugin_hooks.rs"]
mod test_plugin_hooks;
#[path = "cli/test_plugin_importers.rs"]
mod test_plugin_importers;
#[path = "cli/test_plugin_kit.rs"]
mod test_plugin_kit;
#[path = "cli/test_plugin_mistakes.rs"]
mod test_plugin_mistakes;
#[path = "cli/test_plugin_signals.rs"]
mod test_plugin_signals;
#[path = "cli/test_plugin_terminal.rs"]
mod test_plugin_terminal;
#[path = "cli/test_plugin_text.rs"]
mod test_plugin_text;
#[path = "cli/test_plugin_verbs.rs"]
mod test_plugin_verbs;
#[path = "cli/test_predecessor.rs"]
mod test_predecessor;
#[path = "cli/test_process_plugins.rs"]
mod test_process_plugins;
#[path = "cli/test_projects_from_git.rs"]
mod test_projects_from_git;
#[path = "cli/test_pydist.rs"]
mod test_pydist;
#[path = "cli/test_recorded_cases.rs"]
mod test_recorded_cases;
#[path = "cli/test_remote_cache.rs"]
mod test_remote_cache;
#[path = "cli/test_renamed.rs"]
mod test_renamed;
#[path = "cli/test_repo_cache.rs"]
mod test_repo_cache;
#[path = "cli/test_review.rs"]
mod test_review;
#[path = "cli/test_run.rs"]
mod test_run;
#[path = "cli/test_run_files.rs"]
mod test_run_files;
#[path = "cli/test_run_graph.rs"]
mod test_run_graph;
#[path = "cli/test_run_in_place.rs"]
mod test_run_in_place;
#[path = "cli/test_run_json.rs"]
mod test_run_json;
#[path = "cli/test_run_keys.rs"]
mod test_run_keys;
#[path = "cli/test_run_load.rs"]
mod test_run_load;
#[path = "cli/test_run_options.rs"]
mod test_run_options;
#[path = "cli/test_run_outputs.rs"]
mod test_run_outputs;
#[path = "cli/test_run_process.rs"]
mod test_run_process;
#[path = "cli/test_run_replay.rs"]
mod test_run_replay;
#[path = "cli/test_run_signals.rs"]
mod test_run_signals;
#[path = "cli/test_run_terminal.rs"]
mod test_run_terminal;
#[path = "cli/test_run_view.rs"]
mod test_run_view;
#[path = "cli/test_sandbox.rs"]
mod test_sandbox;
#[path = "cli/test_scenarios.rs"]
mod test_scenarios;
#[path = "cli/test_schedule.rs"]
mod test_schedule;
#[path = "cli/test_select.rs"]
mod test_select;
#[path = "cli/test_shared_folders.rs"]
mod test_shared_folders;
#[path = "cli/test_shipped.rs"]
mod test_shipped;
#[path = "cli/test_show.rs"]
mod test_show;
#[path = "cli/test_sources.rs"]
mod test_sources;
#[path = "cli/test_spaces.rs"]
mod test_spaces;
#[path = "cli/test_strict.rs"]
mod test_strict;
#[path = "cli/test_studio.rs"]
mod test_studio;
#[path = "cli/test_unfit_plugins.rs"]
mod test_unfit_plugins;
#[path = "cli/test_watch.rs"]
mod test_watch;
#[path = "cli/test_why.rs"]
mod test_why;

use purlin_test::Workspace;

/// A workspace with this `purlin.toml` and the binary under test.
fn workspace(document: &str) -> Workspace {
    Workspace::with(env!("CARGO_BIN_EXE_purlin"), document)
}

/// A workspace with this `purlin.toml` and the binary that has the plugins of
/// `tests/with_plugins` compiled in.
fn with_plugins(document: &str) -> Workspace {
    Workspace::with(env!("CARGO_BIN_EXE_purlin-with-plugins"), document)
}

/// An empty folder and the binary under test.
fn folder() -> Workspace {
    Workspace::new(env!("CARGO_BIN_EXE_purlin"))
}

/// Waits for the end of a process that was told to end.
#[track_caller]
fn assert_ends(process: &str) {
    let end = std::time::Instant::now() + std::time::Duration::from_secs(30);
    while is_alive(process) {
        assert!(std::time::Instant::now() < end, "{process} still runs");
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
}

/// True while a process runs. One that has ended and that nobody has asked about yet does not.
fn is_alive(process: &str) -> bool {
    let told = std::fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
    told.rsplit_once(") ").is_some_and(|(_, state)| !state.starts_with('Z'))
}
