//! Random streams: one function from (seed, point, task, path) to a generator. Nothing else seeds.

use rand::SeedableRng;
use rand_xoshiro::Xoshiro256PlusPlus;

use crate::dispatch;

/// Lanes of one batch: paths that are stepped together.
pub const LANES: usize = 64;

/// What decides the random numbers of a group of paths.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StreamKey {
    /// The user's seed.
    pub seed: u64,
    /// Index of the sweep point.
    pub point: u64,
    /// Index of the task in the scenario.
    pub task: u64,
}

impl StreamKey {
    /// The 256-bit seed of one path's generator.
    ///
    /// Each word passes all four key words through the finaliser of SplitMix64 (Steele, Lea and Flood
    /// 2014), so that neighbouring keys share nothing.
    #[must_use]
    pub fn state(&self, path: u64) -> [u64; 4] {
        let mut state = [0; 4];
        for (word, constant) in state.iter_mut().zip([
            0x243f_6a88_85a3_08d3,
            0x1319_8a2e_0370_7344,
            0xa409_3822_299f_31d0,
            0x082e_fa98_ec4e_6c89,
        ]) {
            let mut h: u64 = constant;
            for key in [self.seed, self.point, self.task, path] {
                h = finalise(h.wrapping_add(0x9e37_79b9_7f4a_7c15) ^ finalise(key.wrapping_add(constant)));
            }
            *word = h;
        }
        state
    }

    /// The path's generator as `rand_xoshiro` has it: the batches draw exactly this stream.
    #[must_use]
    pub fn generator(&self, path: u64) -> Xoshiro256PlusPlus {
        let mut seed = [0; 32];
        for (bytes, word) in seed.chunks_exact_mut(8).zip(self.state(path)) {
            bytes.copy_from_slice(&word.to_le_bytes());
        }
        Xoshiro256PlusPlus::from_seed(seed)
    }
}

#[inline(always)]
fn finalise(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// Number `k` of the stream of SplitMix64 that starts at `key`.
#[inline(always)]
pub(crate) fn split_mix(key: u64, k: u64) -> u64 {
    finalise(key.wrapping_add((k + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15)))
}

/// One xoshiro256++ generator a lane (Blackman and Vigna 2021), in structure-of-arrays form.
#[derive(Debug, Clone)]
#[repr(align(64))]
pub struct LaneRng {
    s0: [u64; LANES],
    s1: [u64; LANES],
    s2: [u64; LANES],
    s3: [u64; LANES],
}

impl Default for LaneRng {
    fn default() -> Self {
        Self { s0: [1; LANES], s1: [2; LANES], s2: [3; LANES], s3: [4; LANES] }
    }
}

impl LaneRng {
    /// Starts lane `lane` at the beginning of a path's stream.
    pub fn seed_lane(&mut self, lane: usize, key: &StreamKey, path: u64) {
        [self.s0[lane], self.s1[lane], self.s2[lane], self.s3[lane]] = key.state(path);
    }

    /// Moves the generator of lane `from` to lane `to`.
    pub fn move_lane(&mut self, from: usize, to: usize) {
        self.s0[to] = self.s0[from];
        self.s1[to] = self.s1[from];
        self.s2[to] = self.s2[from];
        self.s3[to] = self.s3[from];
    }

    /// The next 64 bits of one lane.
    #[inline]
    pub fn next_of(&mut self, lane: usize) -> u64 {
        let [s0, s1, s2, s3] = [self.s0[lane], self.s1[lane], self.s2[lane], self.s3[lane]];
        let (s2, s3) = (s2 ^ s0, s3 ^ s1);
        [self.s0[lane], self.s1[lane]] = [s0 ^ s3, s1 ^ s2];
        [self.s2[lane], self.s3[lane]] = [s2 ^ (s1 << 17), s3.rotate_left(45)];
        s0.wrapping_add(s3 ^ s1).rotate_left(23).wrapping_add(s0)
    }

    /// The next 64 bits of the first `lanes` lanes.
    #[inline(always)]
    pub(crate) fn next(&mut self, lanes: usize, out: &mut [u64; LANES]) {
        let (s0, s1) = (&mut self.s0[..lanes], &mut self.s1[..lanes]);
        let (s2, s3) = (&mut self.s2[..lanes], &mut self.s3[..lanes]);
        let out = &mut out[..lanes];
        for k in 0..lanes {
            out[k] = s0[k].wrapping_add(s3[k]).rotate_left(23).wrapping_add(s0[k]);
            let t = s1[k] << 17;
            s2[k] ^= s0[k];
            s3[k] ^= s1[k];
            s1[k] ^= s2[k];
            s0[k] ^= s3[k];
            s2[k] ^= t;
            s3[k] = s3[k].rotate_left(45);
        }
    }
}

dispatch! {
    /// The next 64 bits of the first `lanes` lanes, row by row.
    pub(crate) fn draw[](rng: &mut LaneRng, lanes: usize, rows: &mut [[u64; LANES]]) = draw_kernel
}

#[inline(always)]
fn draw_kernel(rng: &mut LaneRng, lanes: usize, rows: &mut [[u64; LANES]]) {
    for row in rows {
        rng.next(lanes, row);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::Rng;

    #[test]
    fn lanes_draw_the_stream_of_rand_xoshiro() {
        let key = StreamKey { seed: 42, point: 3, task: 1 };
        let mut lanes = LaneRng::default();
        for lane in 0..LANES {
            lanes.seed_lane(lane, &key, lane as u64 + 1000);
        }
        let mut reference: Vec<_> = (0..LANES).map(|lane| key.generator(lane as u64 + 1000)).collect();
        let mut out = [0; LANES];
        for _ in 0..100 {
            lanes.next(LANES, &mut out);
            for (lane, generator) in reference.iter_mut().enumerate() {
                assert_eq!(out[lane], generator.next_u64());
            }
            // One lane alone.
            assert_eq!(lanes.next_of(7), reference[7].next_u64());
        }
    }

    #[test]
    fn neighbouring_keys_give_different_streams() {
        // `seed + path` must not be what decides: (seed 1, path 2) and (seed 2, path 1) differ, and so on.
        let mut states = Vec::new();
        for seed in 0..4 {
            for point in 0..4 {
                for task in 0..4 {
                    for path in 0..64 {
                        states.extend(StreamKey { seed, point, task }.state(path));
                    }
                }
            }
        }
        let count = states.len();
        states.sort_unstable();
        states.dedup();
        assert_eq!(states.len(), count);
    }
}
