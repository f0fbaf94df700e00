//! The tabulated inverse of a symmetric law's distribution function.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock};

use super::BLOCK;
use super::law::Law;
use crate::dispatch;
use crate::rng::{LANES, LaneRng};

/// Pieces of each octave of the tail probability, a power of two.
const PIECES_LOG2: u32 = 5;
const PIECES: usize = 1 << PIECES_LOG2;
/// The smallest tail probability is 2^-64.
const OCTAVES: usize = 64;
/// Nodes of a piece: its polynomial has degree 5.
const NODES: usize = 6;

/// `|X|` as a function of `p = P(|X| > x)`: polynomials of degree 5 on 32 pieces of each octave of p
/// down to 2^-64, so that the tail is resolved as far as 63 random bits reach and keeps its exact power law.
///
/// One 64-bit draw makes one variate: 63 bits are `p`, one the sign. Error in distribution below 1e-10
/// for `alpha >= 0.5` (tested). A step costs a few table loads whatever
/// the law; a table has 131 kB, of which a few kB are ever touched often.
pub(super) struct QuantileTable {
    pieces: Vec<[f64; 8]>,
}

/// 0.5 has this exponent and leading mantissa bits; the first piece starts there.
const FIRST: u64 = 0.5_f64.to_bits() >> (52 - PIECES_LOG2);

impl QuantileTable {
    /// The table of the symmetric stable law with `E exp(i w X) = exp(-|w|^alpha)`, built once for each
    /// alpha in a process (in some ten milliseconds).
    pub fn stable(alpha: f64) -> Arc<Self> {
        static TABLES: OnceLock<Mutex<HashMap<u64, Arc<QuantileTable>>>> = OnceLock::new();
        let tables = TABLES.get_or_init(Mutex::default);
        let build = || Arc::new(Self::build(&Law::new(alpha)));
        match tables.lock() {
            Ok(mut tables) => Arc::clone(tables.entry(alpha.to_bits()).or_insert_with(build)),
            // Another thread panicked while it held the lock: do without the shared copy.
            Err(_) => build(),
        }
    }

    fn build(law: &Law) -> Self {
        let mut nodes = [0.0; NODES];
        for (k, node) in nodes.iter_mut().enumerate() {
            *node = 0.5 - 0.5 * libm::cos((2 * k + 1) as f64 * core::f64::consts::PI / (2 * NODES) as f64);
        }
        let mut pieces = vec![[0.0; 8]; OCTAVES * PIECES + 1];
        // From p = 1, where x = 0, outwards; each quantile starts the search for the next.
        let mut x = 0.0;
        for (index, piece) in pieces.iter_mut().enumerate().rev().skip(1) {
            let octave = libm::ldexp(1.0, (index / PIECES) as i32 - OCTAVES as i32);
            let width = octave / PIECES as f64;
            let start = octave + width * (index % PIECES) as f64;
            let mut values = [0.0; NODES];
            for (value, node) in values.iter_mut().zip(nodes).rev() {
                x = law.quantile(start + width * node, x);
                *value = x;
            }
            piece[..NODES].copy_from_slice(&interpolate(&nodes, values));
        }
        // The last entry is p = 1, which rounding can reach: x = 0.
        Self { pieces }
    }

    /// The variate of one draw.
    #[inline(always)]
    fn value(&self, bits: u64) -> f64 {
        // (k + 1/2) 2^-63, up to the scale; exact for small k, rounded for large.
        let p = (bits >> 1) as i64 as f64 + 0.5;
        let p = p.to_bits();
        let piece = (p >> (52 - PIECES_LOG2)).wrapping_sub(FIRST) as usize;
        let mantissa = (p << (12 + PIECES_LOG2)) >> 12;
        let t = f64::from_bits(mantissa | 0x3ff0_0000_0000_0000) - 1.0;
        let Some([c0, c1, c2, c3, c4, c5, ..]) = self.pieces.get(piece) else { return 0.0 };
        let t2 = t * t;
        let x = (c0 + c1 * t) + t2 * ((c2 + c3 * t) + t2 * (c4 + c5 * t));
        f64::from_bits(x.to_bits() ^ (bits << 63))
    }

    /// Writes one variate a lane and step, times `scale`.
    pub fn fill(&self, scale: f64, rng: &mut LaneRng, lanes: usize, rows: &mut [[f64; LANES]; BLOCK]) {
        fill(self, scale, rng, lanes, rows);
    }
}

dispatch! {
    fn fill[](table: &QuantileTable, scale: f64, rng: &mut LaneRng, lanes: usize, rows: &mut [[f64; LANES]; BLOCK]) = fill_kernel
}

#[inline(always)]
fn fill_kernel(
    table: &QuantileTable,
    scale: f64,
    rng: &mut LaneRng,
    lanes: usize,
    rows: &mut [[f64; LANES]; BLOCK],
) {
    let lanes = lanes.min(LANES);
    let mut bits = [0; LANES];
    for row in rows {
        rng.next(lanes, &mut bits);
        for (out, &bits) in row[..lanes].iter_mut().zip(&bits) {
            *out = scale * table.value(bits);
        }
    }
}

/// Coefficients of the polynomial through the points, by Newton's divided differences.
fn interpolate(nodes: &[f64; NODES], mut values: [f64; NODES]) -> [f64; NODES] {
    for order in 1..NODES {
        for k in (order..NODES).rev() {
            values[k] = (values[k] - values[k - 1]) / (nodes[k] - nodes[k - order]);
        }
    }
    let mut coefficients = [0.0; NODES];
    for k in (0..NODES).rev() {
        // coefficients <- coefficients * (t - node_k) + value_k
        for j in (1..NODES).rev() {
            coefficients[j] = coefficients[j - 1] - nodes[k] * coefficients[j];
        }
        coefficients[0] = values[k] - nodes[k] * coefficients[0];
    }
    coefficients
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::{Rng, SeedableRng};

    #[test]
    fn the_table_inverts_the_law() {
        let mut rng = rand_xoshiro::Xoshiro256PlusPlus::seed_from_u64(1);
        for (alpha, tolerance) in [
            (0.5, 1e-10),
            (0.8, 1e-10),
            (1.0, 1e-10),
            (1.0 + 1e-9, 1e-10),
            (1.3, 1e-10),
            (1.7, 1e-10),
            (1.95, 1e-10),
            (1.999, 1e-10),
            (2.0, 1e-10),
        ] {
            let law = Law::new(alpha);
            let table = QuantileTable::stable(alpha);
            let mut worst: f64 = 0.0;
            for _ in 0..3000 {
                // Every depth alike: a random number of leading zeros.
                let bits = (rng.next_u64() | 1 << 63) >> (rng.next_u64() % 40);
                let p = ((bits >> 1) as f64 + 0.5) / 9_223_372_036_854_775_808.0;
                let x = table.value(bits & !1);
                assert!(x >= 0.0);
                // Absolute error in distribution, and relative error of the tail.
                let seen = law.tail(x)[0];
                worst = worst.max((seen - p).abs());
                assert!((seen / p - 1.0).abs() < 1e-5, "alpha {alpha}: p = {p:e}, x = {x:e}, tail {seen:e}");
            }
            assert!(worst < tolerance, "alpha {alpha}: {worst:e}");
        }
    }

    #[test]
    fn the_ends_of_the_draw() {
        let table = QuantileTable::stable(1.5);
        assert!(table.value(0).is_finite() && table.value(0) > 1e11);
        assert_eq!(table.value(1), -table.value(0));
        assert_eq!(table.value(u64::MAX), 0.0);
    }
}
