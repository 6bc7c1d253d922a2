//! Randomness by number: record g has a random stream of its own, found in constant time, so that
//! any task can make any record and resuming needs no state.

use rand_chacha::ChaCha8Rng;
use rand_core::{Rng, SeedableRng};

/// The random streams of one data set under one seed.
#[derive(Debug, Clone)]
pub(super) struct Streams {
    base: ChaCha8Rng,
}

/// The random numbers of one record, drawn in a fixed order.
#[derive(Debug)]
pub(super) struct Draws {
    stream: ChaCha8Rng,
}

impl Streams {
    /// The streams of `seed` for `data`, a name of at most 24 bytes. Two names share nothing, so
    /// data sets with one seed are independent unless one asks for the other's streams.
    pub(super) fn new(seed: u64, data: &str) -> Self {
        debug_assert!(data.len() <= 24, "the name of a data set fits into the key");
        let mut key = [0; 32];
        key[..8].copy_from_slice(&seed.to_le_bytes());
        for (slot, byte) in key[8..].iter_mut().zip(data.bytes()) {
            *slot = byte;
        }
        Self {
            base: ChaCha8Rng::from_seed(key),
        }
    }

    /// The random numbers of record `g`.
    pub(super) fn at(&self, g: u64) -> Draws {
        let mut stream = self.base.clone();
        stream.set_stream(g);
        Draws { stream }
    }
}

impl Draws {
    /// Uniform in `[0, 1)` with 53 bits.
    #[expect(clippy::cast_precision_loss, reason = "53 bits fit a double exactly")]
    pub(super) fn unit(&mut self) -> f64 {
        const STEP: f64 = 1.0 / (1_u64 << 53) as f64;
        (self.stream.next_u64() >> 11) as f64 * STEP
    }

    /// Uniform among the whole numbers below `bound`, which is above 0. The bias of the
    /// multiplication is below `bound`/2⁶⁴.
    pub(super) fn below(&mut self, bound: u64) -> u64 {
        ((u128::from(self.stream.next_u64()) * u128::from(bound)) >> 64) as u64
    }

    /// Uniform among the whole numbers from `least` up to, and without, `end`.
    pub(super) fn integer(&mut self, least: i64, end: i64) -> i64 {
        least.wrapping_add_unsigned(self.below(end.abs_diff(least)))
    }

    /// Uniform in `[least, end)`.
    pub(super) fn double(&mut self, least: f64, end: f64) -> f64 {
        // Rounding may reach the end, which does not belong to the range.
        (least + self.unit() * (end - least)).min(end.next_down())
    }

    /// True with probability `share`.
    pub(super) fn chance(&mut self, share: f64) -> bool {
        self.unit() < share
    }

    /// Standard normal, by Box and Muller.
    pub(super) fn normal(&mut self) -> f64 {
        // 1 − u is never 0.
        let radius = (-2.0 * (1.0 - self.unit()).ln()).sqrt();
        radius * (std::f64::consts::TAU * self.unit()).cos()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_depends_on_seed_data_and_number_only() {
        let draw = |seed, data, g| Streams::new(seed, data).at(g).below(u64::MAX);
        assert_eq!(draw(1, "a", 7), draw(1, "a", 7));
        let others = [
            draw(2, "a", 7),
            draw(1, "b", 7),
            draw(1, "a", 8),
            draw(1, "a", u64::MAX),
        ];
        assert!(!others.contains(&draw(1, "a", 7)));
    }

    #[test]
    fn ranges_keep_their_ends() {
        let mut draws = Streams::new(3, "ranges").at(0);
        let mut seen = [0_u32; 4];
        for _ in 0..4000 {
            seen[usize::try_from(draws.integer(-1, 3) + 1).unwrap()] += 1;
            let double = draws.double(0.1, 10.0);
            assert!((0.1..10.0).contains(&double));
        }
        assert!(
            seen.iter().all(|count| (850..1150).contains(count)),
            "{seen:?}"
        );
        assert_eq!(draws.integer(5, 6), 5);
    }

    #[test]
    fn normals_have_their_moments() {
        let mut draws = Streams::new(3, "normal").at(0);
        let (mut sum, mut squares) = (0.0, 0.0);
        for _ in 0..100_000 {
            let z = draws.normal();
            sum += z;
            squares += z * z;
        }
        assert!((sum / 1e5).abs() < 0.01);
        assert!((squares / 1e5 - 1.0).abs() < 0.02);
    }
}
