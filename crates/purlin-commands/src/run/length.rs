//! How urgent instances are: how long everything that waits for them will take.

use crate::graph::Graph;
use crate::record::Record;
use crate::session::Session;

/// For each instance that is still `open`, how long the longest way from its start to the end of
/// the run is, in milliseconds. What has not run here before is taken to last as long as the median
/// of what has.
pub(super) fn longest_ways(
    graph: &Graph,
    session: &Session<'_>,
    open: &dyn Fn(usize) -> bool,
) -> Vec<u64> {
    let folder = session.records();
    let known: Vec<Option<u64>> = graph
        .instances
        .iter()
        .enumerate()
        .map(|(index, instance)| {
            let header = open(index).then(|| Record::header(&folder, &instance.id)).flatten()?;
            Some(header.duration_ms).filter(|duration| *duration > 0)
        })
        .collect();
    ways(&known, &|index| graph.instances[index].before().collect())
}

/// The longest ways, for durations that are known or not. Producers come before their dependants.
fn ways(known: &[Option<u64>], producers: &dyn Fn(usize) -> Vec<usize>) -> Vec<u64> {
    let mut sorted: Vec<u64> = known.iter().copied().flatten().collect();
    sorted.sort_unstable();
    let median = sorted.get(sorted.len() / 2).copied().unwrap_or(1);
    let mut ways = vec![0; known.len()];
    for index in (0..known.len()).rev() {
        // So far it holds the longest of those behind.
        ways[index] += known[index].unwrap_or(median);
        for producer in producers(index) {
            ways[producer] = ways[producer].max(ways[index]);
        }
    }
    ways
}

#[cfg(test)]
mod tests {
    use super::ways;

    fn of<const N: usize>(known: [Option<u64>; N], producers: [&[usize]; N]) -> Vec<u64> {
        ways(&known, &|index| producers[index].to_vec())
    }

    #[test]
    fn what_waits_for_an_instance_makes_it_urgent() {
        // A short one with a long one behind it is more urgent than one of middle length.
        let lengths = [Some(1), Some(50), Some(100)];
        assert_eq!(of(lengths, [&[], &[], &[0]]), [101, 50, 100]);
        // The longer of two ways counts.
        let lengths = [Some(1), Some(5), Some(7), Some(2)];
        assert_eq!(of(lengths, [&[], &[0], &[0], &[1, 2]]), [10, 7, 9, 2]);
    }

    #[test]
    fn what_is_not_known_lasts_as_long_as_the_median() {
        assert_eq!(of([Some(2), None, Some(4), Some(100)], [&[]; 4]), [2, 4, 4, 100]);
        assert_eq!(of([None, None], [&[], &[0]]), [2, 1]);
    }
}
