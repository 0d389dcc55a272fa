//! Hashes of addresses and small numbers, which nobody from outside chooses.

use std::hash::{BuildHasher, Hasher};

/// Makes hashes by multiplying. What is hashed must be ours: keys that somebody writes could be chosen
/// so that they collide.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Mixing;

pub(crate) struct Mixer(u64);

impl BuildHasher for Mixing {
    type Hasher = Mixer;

    fn build_hasher(&self) -> Mixer {
        Mixer(0)
    }
}

impl Hasher for Mixer {
    fn write(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|byte| self.write_u64(u64::from(*byte)));
    }

    fn write_u64(&mut self, number: u64) {
        const ODD: u64 = 0x9e37_79b9_7f4a_7c15;
        let mixed = (self.0.rotate_left(23) ^ number).wrapping_mul(ODD);
        self.0 = mixed ^ (mixed >> 29);
    }

    fn write_usize(&mut self, number: usize) {
        self.write_u64(number as u64);
    }

    fn finish(&self) -> u64 {
        self.0.wrapping_mul(0xd6e8_feb8_6659_fd93)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_neighbours_fill_all_places() {
        let hashes: Vec<u64> =
            (0..4096_usize).map(|at| Mixing.hash_one(0x7f00_0000 + at * 64)).collect();
        for shift in [0, 32, 57] {
            let mut counts = [0; 16];
            hashes.iter().for_each(|hash| counts[(hash >> shift) as usize % 16] += 1);
            assert!(counts.iter().all(|count| (128..512).contains(count)), "{counts:?}");
        }
    }
}
