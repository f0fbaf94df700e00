//! The tabulated inverse of a distribution function.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock};

use super::law::Law;
use super::{BLOCK, Side};
use crate::cubic::Cubic;
use crate::rng::{LANES, LaneRng};
#[cfg(target_arch = "x86_64")]
use crate::{
    cubic::values_of_four,
    simd::{Level, level},
};

/// Pieces of each octave of the tail probability, a power of two.
const PIECES_LOG2: u32 = 7;
const PIECES: usize = 1 << PIECES_LOG2;
/// Octaves that 64 random bits reach.
const OCTAVES: usize = 64;
/// Pieces of one half of a law; the last one is the median, which rounding can reach.
const HALF: usize = OCTAVES * PIECES + 1;
/// Where a piece's number starts in the bits of a float.
const PIECE_SHIFT: u32 = 52 - PIECES_LOG2;
/// 1 has this exponent and leading mantissa bits; the first piece starts there.
const FIRST: u64 = 1.0_f64.to_bits() >> PIECE_SHIFT;

/// Quantiles that the law is asked for in each octave.
const OCTAVE_NODES: usize = 40;
/// Nodes of a piece: its polynomial is a cubic.
const NODES: usize = 4;

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

/// Quantiles of each half of a law as a function of the tail probability within the half: cubics on
/// 128 pieces of each octave of probability down to 2^-64, so that the tail is resolved as far as 63 random
/// bits reach and keeps its exact power law.
///
/// One 64-bit draw `u` makes one variate: the 63 high bits are the probability, `(u | 1) 2^-64` of the
/// half's own, and the lowest bit is the side. Error in distribution below 1e-10 for symmetric stable laws
/// with `alpha >= 0.5`, 1e-9 for skewed ones (tested). A step costs two table loads whatever the law; a half has 262 kB, of which
/// some 30 kB are touched often.
pub(super) struct QuantileTable {
    /// The upper half, then, unless the law is symmetric, the lower one.
    pieces: Vec<Cubic>,
    is_symmetric: bool,
}

/// The pieces and the places within them that a row of draws picks.
#[repr(align(64))]
struct Row {
    bits: [u64; LANES],
    piece: [u64; LANES],
    offset: [f64; LANES],
}

impl QuantileTable {
    /// The table of the symmetric stable law with `E exp(i w X) = exp(-|w|^alpha)`.
    pub fn stable(alpha: f64) -> Arc<Self> {
        Self::skewed(alpha, 0.0)
    }

    /// The table of the stable law with the S1 exponent, built once for each law in a process (in some ten
    /// milliseconds); [`Law::can_be_tabulated`] says for which there is one.
    pub fn skewed(alpha: f64, beta: f64) -> Arc<Self> {
        type Tables = HashMap<[u64; 2], Arc<QuantileTable>>;
        static TABLES: OnceLock<Mutex<Tables>> = OnceLock::new();
        let tables = TABLES.get_or_init(Mutex::default);
        let build = || Arc::new(Self::new(&Law::new(alpha, beta)));
        match tables.lock() {
            // -0 and 0 are one skewness.
            Ok(mut tables) => {
                Arc::clone(tables.entry([alpha, beta + 0.0].map(f64::to_bits)).or_insert_with(build))
            }
            // Another thread panicked while it held the lock: do without the shared copy.
            Err(_) => build(),
        }
    }

    /// The table of a law: 2560 quantiles a side, through which each octave has one polynomial; the pieces'
    /// cubics interpolate that.
    pub fn new(law: &dyn Quantiles) -> Self {
        let octave_nodes: [f64; OCTAVE_NODES] = chebyshev_nodes();
        let nodes: [f64; NODES] = chebyshev_nodes();
        // What the quantiles of an octave add to the values at the nodes of its pieces.
        let shares: Vec<[[f64; OCTAVE_NODES]; NODES]> = (0..PIECES)
            .map(|piece| nodes.map(|node| shares(&octave_nodes, (piece as f64 + node) / PIECES as f64)))
            .collect();
        let is_symmetric = law.is_symmetric();
        let sides: &[Side] = if is_symmetric { &[Side::Upper] } else { &[Side::Upper, Side::Lower] };
        let mut pieces = vec![Cubic([0.0; NODES]); HALF * sides.len()];
        for (&side, pieces) in sides.iter().zip(pieces.chunks_exact_mut(HALF)) {
            // From the median outwards; each quantile starts the search for the next.
            let mut x = if is_symmetric { 0.0 } else { law.quantile(side, 0.5, 0.0) };
            let Some((last, pieces)) = pieces.split_last_mut() else { continue };
            last.0[0] = x;
            for (octave, pieces) in pieces.chunks_exact_mut(PIECES).enumerate().rev() {
                let mut quantiles = [0.0; OCTAVE_NODES];
                for (quantile, node) in quantiles.iter_mut().zip(octave_nodes).rev() {
                    // The draw 2^64 stands for the median.
                    x = law.quantile(side, libm::ldexp(1.0 + node, octave as i32 - OCTAVES as i32 - 1), x);
                    *quantile = x;
                }
                let width = libm::ldexp(1.0, octave as i32 - PIECES_LOG2 as i32);
                for (piece, shares) in pieces.iter_mut().zip(&shares) {
                    let values = shares.map(|shares| shares.iter().zip(&quantiles).map(|(s, q)| s * q).sum());
                    let mut scale = 1.0;
                    for (c, by_width) in piece.0.iter_mut().zip(interpolate(&nodes, values)) {
                        *c = by_width / scale;
                        scale *= width;
                    }
                }
            }
        }
        Self { pieces, is_symmetric }
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
        #[cfg(target_arch = "x86_64")]
        match level() {
            Level::Baseline => {}
            // SAFETY: `level` returns a level only where the processor has its features.
            Level::Avx2 => return unsafe { fill_avx2(self, [scale, shift], rng, lanes, rows) },
            // SAFETY: as above.
            Level::Avx512 => return unsafe { fill_avx512(self, [scale, shift], rng, lanes, rows) },
        }
        fill_kernel(self, [scale, shift], rng, lanes, rows, look_up);
    }

    /// The piece of a draw and the distance from the piece's start.
    #[inline(always)]
    fn locate(bits: u64, is_symmetric: bool) -> (u64, f64) {
        // In [1, 2^64]: exact for small draws, rounded for large ones.
        let draw = (bits | 1) as f64;
        let start = draw.to_bits() >> PIECE_SHIFT;
        let lower = if is_symmetric { 0 } else { (bits & 1).wrapping_neg() & HALF as u64 };
        (start - FIRST + lower, draw - f64::from_bits(start << PIECE_SHIFT))
    }

    /// The sign bit where the lowest bit of a draw is the sign, 0 where it chose the half.
    #[inline(always)]
    fn sign(&self) -> u64 {
        u64::from(self.is_symmetric) << 63
    }
}

/// Draws, locates and looks up row by row: separate loops, because the chain from a draw's bits to its
/// variate is so long that a processor has too few of them under way at once.
#[inline(always)]
fn fill_kernel(
    table: &QuantileTable,
    affine: [f64; 2],
    rng: &mut LaneRng,
    lanes: usize,
    rows: &mut [[f64; LANES]; BLOCK],
    look_up: impl Fn(&QuantileTable, [f64; 2], &Row, &mut [f64]),
) {
    let lanes = lanes.min(LANES);
    let mut row = Row { bits: [0; LANES], piece: [0; LANES], offset: [0.0; LANES] };
    for out in rows {
        rng.next(lanes, &mut row.bits);
        let places = row.piece[..lanes].iter_mut().zip(&mut row.offset[..lanes]);
        if table.is_symmetric {
            for ((piece, offset), &bits) in places.zip(&row.bits) {
                (*piece, *offset) = QuantileTable::locate(bits, true);
            }
        } else {
            for ((piece, offset), &bits) in places.zip(&row.bits) {
                (*piece, *offset) = QuantileTable::locate(bits, false);
            }
        }
        look_up(table, affine, &row, &mut out[..lanes]);
    }
}

/// The variates of a row.
#[inline(always)]
fn look_up(table: &QuantileTable, affine: [f64; 2], row: &Row, out: &mut [f64]) {
    look_up_from(0, table, affine, row, out);
}

#[inline(always)]
fn look_up_from(lane: usize, table: &QuantileTable, affine: [f64; 2], row: &Row, out: &mut [f64]) {
    let [scale, shift] = affine;
    let sign = table.sign();
    let places = row.piece[lane..].iter().zip(&row.offset[lane..]).zip(&row.bits[lane..]);
    for (out, ((&piece, offset), bits)) in out.iter_mut().zip(places) {
        // There is always one.
        if let Some(cubic) = table.pieces.get(piece as usize) {
            let x = cubic.value(*offset);
            *out = scale * f64::from_bits(x.to_bits() ^ (bits << 63 & sign)) + shift;
        }
    }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn fill_avx2(
    table: &QuantileTable,
    affine: [f64; 2],
    rng: &mut LaneRng,
    lanes: usize,
    rows: &mut [[f64; LANES]; BLOCK],
) {
    fill_kernel(table, affine, rng, lanes, rows, |table, affine, row, out| {
        // SAFETY: this function has the features.
        unsafe { look_up_avx2(table, affine, row, out) };
    });
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512dq,avx512vl")]
fn fill_avx512(
    table: &QuantileTable,
    affine: [f64; 2],
    rng: &mut LaneRng,
    lanes: usize,
    rows: &mut [[f64; LANES]; BLOCK],
) {
    fill_kernel(table, affine, rng, lanes, rows, |table, affine, row, out| {
        // SAFETY: this function has the features.
        unsafe { look_up_avx2(table, affine, row, out) };
    });
}

/// [`look_up`] for four lanes at a time.
///
/// # Safety
/// The processor must have AVX2, and the first places of the row must be those that `locate` gave for
/// this table.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
#[inline]
unsafe fn look_up_avx2(table: &QuantileTable, affine: [f64; 2], row: &Row, out: &mut [f64]) {
    use core::arch::x86_64::*;

    let (quads, rest) = out.as_chunks_mut::<4>();
    let lanes = 4 * quads.len();
    let places = row.piece.as_chunks::<4>().0.iter().zip(row.offset.as_chunks::<4>().0);
    // SAFETY: AVX2 is there. The number of a piece is at most `HALF - 1`, as `locate` has its draw in
    // [1, 2^64], and `HALF` more in the lower half of a table that has one: it is in the table. The loads
    // and stores are of arrays of four.
    unsafe {
        let [scale, shift] = affine.map(|factor| _mm256_set1_pd(factor));
        let sign = _mm256_set1_pd(f64::from_bits(table.sign()));
        for ((out, (piece, offset)), bits) in quads.iter_mut().zip(places).zip(row.bits.as_chunks::<4>().0) {
            let x = values_of_four(&table.pieces, piece, offset);
            let side = _mm256_slli_epi64::<63>(_mm256_loadu_si256(bits.as_ptr().cast()));
            let x = _mm256_xor_pd(x, _mm256_and_pd(_mm256_castsi256_pd(side), sign));
            _mm256_storeu_pd(out.as_mut_ptr(), _mm256_add_pd(_mm256_mul_pd(scale, x), shift));
        }
    }
    look_up_from(lanes, table, affine, row, rest);
}

/// The zeros of the Chebyshev polynomial of degree `N` on [0, 1], ascending.
fn chebyshev_nodes<const N: usize>() -> [f64; N] {
    core::array::from_fn(|k| {
        0.5 - 0.5 * libm::cos((2 * k + 1) as f64 * core::f64::consts::PI / (2 * N) as f64)
    })
}

/// The shares of the values at the [`chebyshev_nodes`] in their interpolating polynomial's value at `t`, no
/// node itself, by the barycentric formula (Berrut and Trefethen 2004).
fn shares<const N: usize>(nodes: &[f64; N], t: f64) -> [f64; N] {
    let shares: [f64; N] = core::array::from_fn(|k| {
        let weight = libm::sin((2 * k + 1) as f64 * core::f64::consts::PI / (2 * N) as f64);
        (if k % 2 == 0 { weight } else { -weight }) / (t - nodes[k])
    });
    let sum: f64 = shares.iter().sum();
    shares.map(|share| share / sum)
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
    use crate::rng::StreamKey;
    use crate::simd::{force, supported};
    use rand::{Rng, SeedableRng};

    /// The variate of one draw.
    fn variate(table: &QuantileTable, bits: u64) -> f64 {
        let (piece, offset) = QuantileTable::locate(bits, table.is_symmetric);
        let row = Row { bits: [bits; LANES], piece: [piece; LANES], offset: [offset; LANES] };
        let mut x = [f64::NAN];
        look_up(table, [1.0, 0.0], &row, &mut x);
        x[0]
    }

    #[test]
    fn the_table_inverts_the_law() {
        let symmetric = [0.5, 0.8, 1.0, 1.0 + 1e-9, 1.3, 1.7, 1.95, 1.999, 2.0].map(|alpha| (alpha, 0.0));
        // The corners of what can be tabulated, and some inside.
        let skewed = [
            (0.5, 1.0),
            (0.6, 0.2),
            (0.6, -0.9),
            (0.8, 0.91),
            (0.8, -0.9999),
            (0.8, 1.0),
            (0.92, 1.0),
            (0.96, -0.5),
            (1.001, 0.012),
            (1.04, 0.5),
            (1.08, -1.0),
            (1.3, 0.999_999),
            (1.5, 0.3),
            (1.7, -1.0),
            (1.95, 0.5),
            (1.999, 1.0),
        ];
        let mut rng = rand_xoshiro::Xoshiro256PlusPlus::seed_from_u64(1);
        for (alpha, beta) in symmetric.into_iter().chain(skewed) {
            assert!(Law::can_be_tabulated(alpha, beta), "{alpha} {beta}");
            let law = Law::new(alpha, beta);
            let table = QuantileTable::skewed(alpha, beta);
            let mut worst: f64 = 0.0;
            for (draw, (lower, side, sign)) in
                (0..6000).zip([(0, Side::Upper, 1.0), (1, Side::Lower, -1.0)].into_iter().cycle())
            {
                // Every depth alike: a random number of leading zeros.
                let bits = (rng.next_u64() | 1 << 63) >> (rng.next_u64() % 40);
                let p = (bits | 1) as f64 / 36_893_488_147_419_103_232.0;
                let x = variate(&table, bits & !1 | lower);
                // Absolute error in distribution, and relative error of a heavy tail.
                let seen = law.tail(side, sign * x)[0];
                worst = worst.max((seen - p).abs());
                let weight = 1.0 + sign * beta;
                let error = (seen / p - 1.0).abs();
                assert!(
                    weight < 1e-3 || error < 1e-5,
                    "{alpha} {beta}: draw {draw}, p {p:e}, x {x:e}, {seen:e}"
                );
            }
            let bound = if beta == 0.0 { 1e-10 } else { 1e-9 };
            assert!(worst < bound, "alpha {alpha}, beta {beta}: {worst:e}");
        }
    }

    #[test]
    fn what_cannot_be_tabulated() {
        for (alpha, beta) in
            [(0.49, 0.0), (0.59, 0.5), (0.79, 0.95), (1.0, 0.5), (1.0, 1e-9), (0.93, 1.0), (1.03, -0.5)]
        {
            assert!(!Law::can_be_tabulated(alpha, beta), "{alpha} {beta}");
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
                let (seen, exact) = (variate(&table, bits & !1 | bit), Exponential.quantile(side, p, 0.0));
                assert!((seen - exact).abs() < 1e-9 * exact.min(1.0), "{side:?} {p:e}: {seen} {exact}");
            }
        }
        // The halves meet at the median.
        for bits in [u64::MAX, u64::MAX - 1] {
            assert_eq!(variate(&table, bits), core::f64::consts::LN_2);
        }
    }

    #[test]
    fn every_level_draws_the_same_bits() {
        let key = StreamKey { seed: 3, point: 0, task: 0 };
        let mut start = LaneRng::default();
        (0..LANES).for_each(|lane| start.seed_lane(lane, &key, lane as u64));
        for table in [&*QuantileTable::stable(1.5), &QuantileTable::new(&Exponential)] {
            for (level, lanes) in supported().into_iter().flat_map(|level| [(level, 5), (level, LANES)]) {
                force(level);
                let (mut rng, mut rows) = (start.clone(), [[f64::NAN; LANES]; BLOCK]);
                table.fill(3.0, -0.7, &mut rng, lanes, &mut rows);
                let (mut rng, mut bits) = (start.clone(), [0; LANES]);
                for row in &rows {
                    rng.next(LANES, &mut bits);
                    for (lane, x) in row.iter().enumerate() {
                        let expected =
                            if lane < lanes { 3.0 * variate(table, bits[lane]) - 0.7 } else { f64::NAN };
                        assert_eq!(x.to_bits(), expected.to_bits(), "{level:?}, lane {lane} of {lanes}");
                    }
                }
            }
        }
    }

    #[test]
    fn the_ends_of_the_draw() {
        let table = QuantileTable::stable(1.5);
        assert!(variate(&table, 0).is_finite() && variate(&table, 0) > 1e11);
        assert_eq!(variate(&table, 1), -variate(&table, 0));
        assert_eq!(variate(&table, u64::MAX), 0.0);
    }
}
