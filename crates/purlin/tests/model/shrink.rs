//! Fewer steps that still fail.

use super::step::Step;
use super::world::World;

/// The number of the first step that goes wrong, and what goes wrong.
pub(crate) fn failure(steps: &[Step], defect: &str) -> Option<(usize, String)> {
    let mut world = World::new(defect);
    let mut steps = steps.iter().enumerate();
    steps.find_map(|(number, step)| world.perform(step).err().map(|told| (number, told)))
}

/// Leaves out steps as long as the rest still fails: ever smaller pieces, from the end.
pub(crate) fn shrink(mut steps: Vec<Step>, defect: &str) -> Vec<Step> {
    let mut piece = steps.len() / 2;
    while piece > 0 {
        let mut end = steps.len();
        while end > 0 {
            let start = end.saturating_sub(piece);
            let mut fewer = steps.clone();
            fewer.drain(start..end);
            if let Some((place, _)) = failure(&fewer, defect) {
                fewer.truncate(place + 1);
                steps = fewer;
            }
            end = start.min(steps.len());
        }
        piece /= 2;
    }
    steps
}
