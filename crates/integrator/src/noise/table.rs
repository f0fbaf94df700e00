//! The tabulated inverse of a distribution function.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock};

use super::{BLOCK, Side};
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

/// A continuous law as far as its table needs it.
pub(super) trait Quantiles {
    /// Whether the law is symmetric about 0: then only [`Side::Upper`] is asked for, with median 0.
    fn is_symmetric(&self) -> bool;

    /// The `x` with `P(X > x) = p` (upper) or `P(X < x) = p` (lower), for `0 < p <= 1/2`.
    ///
    /// Asked for in order of falling `p` on each side, starting from `p = 1/2`; `near` is the quantile
    /// found last (for the first one: 0).
    fn quantile(&self, side: Side, p: f64, near: f64) -> f64;
}

impl Quantiles for Law {
    fn is_symmetric(&self) -> bool {
        true
    }

    fn quantile(&self, _side: Side, p: f64, near: f64) -> f64 {
        self.quantile(2.0 * p, near)
    }
}

/// Quantiles of each half of a law as a function of the tail probability `p` within the half: polynomials
/// of degree 5 on 32 pieces of each octave of p down to 2^-64, so that the tail is resolved as far as 63
/// random bits reach and keeps its exact power law.
///
/// One 64-bit draw makes one variate: 63 bits are `p`, one the side. Error in distribution below 1e-10
/// for `alpha >= 0.5` (tested). A step costs a few table loads whatever
/// the law; a half has 131 kB, of which a few kB are ever touched often.
pub(super) struct QuantileTable {
    /// The upper half, then, unless the law is symmetric, the lower one.
    pieces: Vec<[f64; 8]>,
    is_symmetric: bool,
}

/// Pieces of one half; the last one is the median, which rounding can reach.
const HALF: usize = OCTAVES * PIECES + 1;

/// 0.5 has this exponent and leading mantissa bits; the first piece starts there.
const FIRST: u64 = 0.5_f64.to_bits() >> (52 - PIECES_LOG2);

impl QuantileTable {
    /// The table of the symmetric stable law with `E exp(i w X) = exp(-|w|^alpha)`, built once for each
    /// alpha in a process (in some ten milliseconds).
    pub fn stable(alpha: f64) -> Arc<Self> {
        static TABLES: OnceLock<Mutex<HashMap<u64, Arc<QuantileTable>>>> = OnceLock::new();
        let tables = TABLES.get_or_init(Mutex::default);
        let build = || Arc::new(Self::new(&Law::new(alpha)));
        match tables.lock() {
            Ok(mut tables) => Arc::clone(tables.entry(alpha.to_bits()).or_insert_with(build)),
            // Another thread panicked while it held the lock: do without the shared copy.
            Err(_) => build(),
        }
    }

    /// The table of a law.
    pub fn new(law: &dyn Quantiles) -> Self {
        let mut nodes = [0.0; NODES];
        for (k, node) in nodes.iter_mut().enumerate() {
            *node = 0.5 - 0.5 * libm::cos((2 * k + 1) as f64 * core::f64::consts::PI / (2 * NODES) as f64);
        }
        let is_symmetric = law.is_symmetric();
        let sides: &[Side] = if is_symmetric { &[Side::Upper] } else { &[Side::Upper, Side::Lower] };
        let mut pieces = vec![[0.0; 8]; HALF * sides.len()];
        for (&side, pieces) in sides.iter().zip(pieces.chunks_exact_mut(HALF)) {
            // From the median outwards; each quantile starts the search for the next.
            let mut x = if is_symmetric { 0.0 } else { law.quantile(side, 0.5, 0.0) };
            for (index, piece) in pieces.iter_mut().enumerate().rev() {
                if index == HALF - 1 {
                    piece[0] = x;
                    continue;
                }
                let octave = libm::ldexp(0.5, (index / PIECES) as i32 - OCTAVES as i32);
                let width = octave / PIECES as f64;
                let start = octave + width * (index % PIECES) as f64;
                let mut values = [0.0; NODES];
                for (value, node) in values.iter_mut().zip(nodes).rev() {
                    x = law.quantile(side, start + width * node, x);
                    *value = x;
                }
                piece[..NODES].copy_from_slice(&interpolate(&nodes, values));
            }
        }
        Self { pieces, is_symmetric }
    }

    /// The variate of one draw.
    #[inline(always)]
    fn value(&self, bits: u64) -> f64 {
        // (k + 1/2) 2^-63, up to the scale; exact for small k, rounded for large.
        let p = (bits >> 1) as i64 as f64 + 0.5;
        let p = p.to_bits();
        let lower = bits & 1;
        let half = if self.is_symmetric { 0 } else { lower as usize * HALF };
        let piece = half + (p >> (52 - PIECES_LOG2)).wrapping_sub(FIRST) as usize;
        let mantissa = (p << (12 + PIECES_LOG2)) >> 12;
        let t = f64::from_bits(mantissa | 0x3ff0_0000_0000_0000) - 1.0;
        let Some([c0, c1, c2, c3, c4, c5, ..]) = self.pieces.get(piece) else { return 0.0 };
        let t2 = t * t;
        let x = (c0 + c1 * t) + t2 * ((c2 + c3 * t) + t2 * (c4 + c5 * t));
        if self.is_symmetric { f64::from_bits(x.to_bits() ^ (lower << 63)) } else { x }
    }

    /// Writes one variate a lane and step: `rows[step][lane] = scale * x + shift`.
    pub fn fill(
        &self,
        scale: f64,
        shift: f64,
        rng: &mut LaneRng,
        lanes: usize,
        rows: &mut [[f64; LANES]; BLOCK],
    ) {
        fill(self, [scale, shift], rng, lanes, rows);
    }
}

dispatch! {
    fn fill[](table: &QuantileTable, affine: [f64; 2], rng: &mut LaneRng, lanes: usize, rows: &mut [[f64; LANES]; BLOCK]) = fill_kernel
}

#[inline(always)]
fn fill_kernel(
    table: &QuantileTable,
    [scale, shift]: [f64; 2],
    rng: &mut LaneRng,
    lanes: usize,
    rows: &mut [[f64; LANES]; BLOCK],
) {
    let lanes = lanes.min(LANES);
    let mut bits = [0; LANES];
    for row in rows {
        rng.next(lanes, &mut bits);
        for (out, &bits) in row[..lanes].iter_mut().zip(&bits) {
            *out = scale * table.value(bits) + shift;
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

    /// The law of `-ln U`, U uniform: nothing about it is symmetric.
    struct Exponential;
    impl Quantiles for Exponential {
        fn is_symmetric(&self) -> bool {
            false
        }
        fn quantile(&self, side: Side, p: f64, _near: f64) -> f64 {
            match side {
                Side::Upper => -libm::log(p),
                Side::Lower => -libm::log1p(-p),
            }
        }
    }

    #[test]
    fn the_halves_of_a_skewed_law() {
        let table = QuantileTable::new(&Exponential);
        let mut rng = rand_xoshiro::Xoshiro256PlusPlus::seed_from_u64(2);
        for _ in 0..3000 {
            let bits = (rng.next_u64() | 1 << 63) >> (rng.next_u64() % 40);
            let p = ((bits >> 1) as f64 + 0.5) / 18_446_744_073_709_551_616.0;
            for (bit, side) in [(0, Side::Upper), (1, Side::Lower)] {
                let (seen, exact) = (table.value(bits & !1 | bit), Exponential.quantile(side, p, 0.0));
                assert!((seen - exact).abs() < 1e-9 * exact.min(1.0), "{side:?} {p:e}: {seen} {exact}");
            }
        }
        // The halves meet at the median.
        for bits in [u64::MAX, u64::MAX - 1] {
            assert_eq!(table.value(bits), core::f64::consts::LN_2);
        }
        let mut lanes = LaneRng::default();
        let mut rows = [[f64::NAN; LANES]; BLOCK];
        let draws =
            |lanes: &mut LaneRng, scale, shift, rows: &mut _| table.fill(scale, shift, lanes, 5, rows);
        draws(&mut lanes.clone(), 1.0, 0.0, &mut rows);
        let plain = rows;
        draws(&mut lanes, 3.0, -0.7, &mut rows);
        for (row, plain) in rows.iter().zip(&plain) {
            for (lane, (x, plain)) in row.iter().zip(plain).enumerate() {
                assert_eq!(x.is_nan(), lane >= 5);
                assert!(x.is_nan() || *x == 3.0 * plain - 0.7);
            }
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
