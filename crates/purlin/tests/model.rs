//! Random steps of users against a naive model: never a stale result, never a needless run.
//!
//! `PURLIN_MODEL_STEPS` says how many steps are done, `PURLIN_MODEL_SEED` which. The seed counts for
//! the defects, too, that the model has to find.

#[path = "model/death.rs"]
mod death;
#[path = "model/defects.rs"]
mod defects;
#[path = "model/definition.rs"]
mod definition;
#[path = "model/files.rs"]
mod files;
#[path = "model/oracle.rs"]
mod oracle;
#[path = "model/profile.rs"]
mod profile;
#[path = "model/program.rs"]
mod program;
#[path = "model/random.rs"]
mod random;
#[path = "model/runs.rs"]
mod runs;
#[path = "model/shrink.rs"]
mod shrink;
#[path = "model/since.rs"]
mod since;
#[path = "model/step.rs"]
mod step;
#[path = "model/watching.rs"]
mod watching;
#[path = "model/world.rs"]
mod world;

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use profile::{Profile, WIDE};
use random::Random;
use shrink::{failure, shrink};
use step::Step;

/// A failure of the first `count` steps from a seed: the seed and the steps that show it, and what it is.
fn find(
    profile: &'static Profile,
    seed: u64,
    count: u64,
    defect: &str,
) -> Option<(u64, Vec<Step>, String)> {
    let length = u64::try_from(profile.length).expect("it is small");
    let next = AtomicU64::new(0);
    let found = Mutex::new(None);
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                while found.lock().expect("nobody panics with it").is_none() {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    if number * length >= count {
                        return;
                    }
                    let seed = seed + number;
                    let mut steps = Random::new(seed, profile).steps();
                    if let Some((place, told)) = failure(&steps, defect) {
                        steps.truncate(place + 1);
                        *found.lock().expect("nobody panics with it") = Some((seed, steps, told));
                    }
                }
            });
        }
    });
    found.into_inner().expect("nobody panics with it")
}

fn number(variable: &str, default: u64) -> u64 {
    std::env::var(variable).map_or(default, |text| text.parse().expect("it is a number"))
}

#[test]
fn never_a_stale_result_and_never_a_needless_run() {
    let (seed, count) = (number("PURLIN_MODEL_SEED", 1), number("PURLIN_MODEL_STEPS", 500));
    println!("{count} steps from seed {seed}");
    if let Some((seed, steps, first)) = find(&WIDE, seed, count, "") {
        let steps = shrink(steps, "");
        // What is a matter of luck may not come back.
        let told = failure(&steps, "").map_or_else(
            || format!("they do not fail each time; at first it was\n{first}"),
            |(_, told)| told,
        );
        let steps: Vec<String> = steps.iter().map(|step| format!("{step:?}")).collect();
        panic!("seed {seed}, {} steps are enough:\n{}\n{told}", steps.len(), steps.join("\n"));
    }
}
