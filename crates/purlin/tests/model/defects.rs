//! The proof of the model: with each defect that can be seeded, it fails.

use super::find;
use super::shrink::{failure, shrink};

/// How many steps a defect may take to be found.
const PATIENCE: u64 = 3_000;

/// A test for each defect, and a seed from which it is found soon. Where the steps of a seed have
/// become others, those of the next ones find it.
macro_rules! defects {
    ($($name:ident from $seed:literal,)*) => {
        const NAMES: &[&str] = &[$(stringify!($name)),*];

        $(#[test]
        fn $name() {
            is_found(&stringify!($name).replace('_', "-"), $seed);
        })*
    };
}

defects! {
    key_taken_after_the_run from 1,
    changed_back_missed from 1,
    in_place_kept_under_both_keys from 21,
    one_entry_per_command from 1,
    failures_kept from 7,
    unkept_run_taken_for_kept from 4,
    edited_command_missed from 10,
    mode_bits_missed from 1,
    second_edit_of_non_ascii_missed from 2,
    changed_time_ignored from 2,
    racy_stamps_trusted from 1,
    ignored_artifacts_missed from 1,
    tampering_missed from 2,
    truncated_content_restored from 9,
    executable_bit_not_restored from 5,
    extra_outputs_stay from 4,
    own_files_replaced from 12,
    ids_collide from 6,
    second_clone_writes_into_first from 3,
    failure_forgiven_when_another_passed from 7,
    dotenv_of_one_space_leaks from 1,
    unreachable_cache_fails_the_run from 1,
    cached_ones_not_watched from 1,
    install_taken_for_there from 1,
}

/// With the defect the model fails, time and again, and without it the same steps pass.
#[track_caller]
fn is_found(defect: &str, mut seed: u64) {
    let (steps, told) = loop {
        let found = find(seed, PATIENCE, defect);
        let (from, steps, _) = found.unwrap_or_else(|| panic!("{defect} is not found"));
        if let Some((_, told)) = failure(&steps, defect) {
            break (steps, told);
        }
        // What has to do with clocks may be a matter of luck.
        seed = from + 1;
    };
    #[expect(clippy::print_stdout, reason = "what is found is told to whoever asks for it")]
    {
        println!("{} steps: {}", steps.len(), told.lines().next().unwrap_or_default());
    }
    if let Some((_, told)) = failure(&steps, "") {
        panic!("without the defect the same steps fail: {told}");
    }
}

#[test]
fn a_failure_is_shrunk_to_the_steps_that_matter() {
    let defect = "mode-bits-missed";
    let (_, steps, _) = find(1, PATIENCE, defect).expect("it is found");
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
