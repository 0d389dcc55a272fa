//! The proof of the model: with each defect that can be seeded, it fails.

use std::time::Instant;

use super::profile::{self, Profile};
use super::shrink::{failure, shrink};
use super::{find, number};

/// How many steps a defect may take to be found. Most take fewer than forty.
const PATIENCE: u64 = 600;

/// A test for each defect, and the profile in which it is found soon, whatever the seed is.
macro_rules! defects {
    ($($name:ident in $profile:ident,)*) => {
        const NAMES: &[&str] = &[$(stringify!($name)),*];

        $(#[test]
        fn $name() {
            is_found(&stringify!($name).replace('_', "-"), &profile::$profile);
        })*
    };
}

defects! {
    key_taken_after_the_run in MEANWHILE,
    changed_back_missed in CHANGED_BACK,
    in_place_kept_under_both_keys in IN_PLACE,
    one_entry_per_command in HISTORY,
    failures_kept in FAILURES,
    unkept_run_taken_for_kept in COME_AND_GONE,
    edited_command_missed in DEFINITIONS,
    mode_bits_missed in MODES,
    second_edit_of_non_ascii_missed in EDITS,
    changed_time_ignored in TIMES,
    racy_stamps_trusted in FROZEN,
    ignored_artifacts_missed in CHAIN,
    tampering_missed in OUTPUT,
    truncated_content_restored in TRUNCATED,
    executable_bit_not_restored in MODES,
    extra_outputs_stay in FOLDERS,
    own_files_replaced in UNRECORDED,
    ids_collide in TWINS,
    second_clone_writes_into_first in CLONES,
    failure_forgiven_when_another_passed in FAILURES,
    dotenv_of_one_space_leaks in SPACES,
    unreachable_cache_fails_the_run in SHARED,
    cached_ones_not_watched in WATCHING,
    included_files_not_watched in INCLUDING,
    install_taken_for_there in INSTALLS,
    order_of_artifacts_missed in ORDER,
    module_taken_for_a_pattern in ODD_MODULES,
    outputs_beyond_links_missed in LINKED,
    renamed_ones_forget in RENAMED,
    dotenv_concerns_nobody in CONCERNED,
    files_of_neighbours_kept in SHARING,
}

/// With the defect the model fails, time and again, and without it the same steps pass.
#[track_caller]
fn is_found(defect: &str, profile: &'static Profile) {
    let began = Instant::now();
    let length = u64::try_from(profile.length).expect("it is small");
    let first = number("PURLIN_MODEL_SEED", 1);
    let mut seed = first;
    let (before, steps, told) = loop {
        let rest = PATIENCE.saturating_sub((seed - first) * length);
        let found = find(profile, seed, rest, defect);
        let (from, steps, _) = found.unwrap_or_else(|| panic!("{defect} is not found"));
        if let Some((_, told)) = failure(&steps, defect) {
            break ((from - first) * length, steps, told);
        }
        // What has to do with clocks may be a matter of luck.
        seed = from + 1;
    };
    #[expect(clippy::print_stdout, reason = "what is found is told to whoever asks for it")]
    {
        let told = told.lines().next().unwrap_or_default();
        let (last, took) = (steps.len(), began.elapsed());
        println!("{defect}: {before} + {last} steps, {took:.1?}: {told}");
    }
    if let Some((_, told)) = failure(&steps, "") {
        panic!("without the defect the same steps fail: {told}");
    }
}

#[test]
fn a_failure_is_shrunk_to_the_steps_that_matter() {
    let defect = "mode-bits-missed";
    let seed = number("PURLIN_MODEL_SEED", 1);
    let (_, steps, _) = find(&profile::MODES, seed, PATIENCE, defect).expect("it is found");
    let fewer = shrink(steps, defect);
    assert!((2..=4).contains(&fewer.len()), "{fewer:#?}");
    assert!(failure(&fewer, defect).is_some());
}

#[test]
fn every_defect_of_the_sources_is_tried() {
    let mut sources = Vec::new();
    for krate in ["purlin", "purlin-commands", "purlin-store"] {
        let folder = format!("{}/../{krate}/src", env!("CARGO_MANIFEST_DIR"));
        sources.extend(super::files::read(folder.as_ref()).into_values());
    }
    let mut count = 0;
    for source in &sources {
        for rest in source.text().split("seeded(\"").skip(1) {
            let name = rest.split('"').next().expect("it is closed").replace('-', "_");
            assert!(NAMES.contains(&name.as_str()), "no test seeds {name}");
            count += 1;
        }
    }
    assert!(count >= NAMES.len());
}
