//! Maps of the line from a table.

use super::Scheme;
use crate::cubic::{Cubic, replace_by_values};
use crate::dispatch;
use crate::rng::LANES;

/// A map of the line that is tabulated once, for maps that are dear: a step costs a look-up, whatever
/// the formula of the drift costs.
///
/// Piecewise cubics: on the window, in cells that are split where the map needs it (down to 2^-21 of the
/// window), with an error below 1e-9 of the window, at kinks of the map 4e-6; outside as far as 2^16 half lengths from the middle, in
/// cells whose length grows with the distance, with an error below 1e-8 of the distance. Where no cell
/// reaches that (a jump, a hole), and further out, the map itself is called.
pub(super) struct Tabulated<'a> {
    map: Box<dyn LineMap + 'a>,
    lower: f64,
    cells_per_length: f64,
    /// Coefficients of each cell's cubic in the local coordinate on [0, 1); NaN where the map is called.
    cubics: Vec<Cubic>,
    /// First cubic and number of cubics of each of the equal blocks of the window; empty where the
    /// cubics themselves are equally wide.
    blocks: Vec<[f64; 2]>,
    centre: f64,
    half: f64,
    /// The cubics below and above the window.
    wings: [Vec<Cubic>; 2],
}

/// A map of the line that can be tabulated.
pub(super) trait LineMap: Scheme {
    /// Values at many points outside the window, all on one side.
    fn outside(&self, points: &[f64]) -> Vec<f64> {
        values(self, points)
    }
}

/// Values of a map at any number of points.
pub(super) fn values<M: Scheme + ?Sized>(map: &M, points: &[f64]) -> Vec<f64> {
    let mut values = Vec::with_capacity(points.len());
    let (mut x, mut out) = ([[0.0; LANES]], [[0.0; LANES]]);
    for points in points.chunks(LANES) {
        x[0][..points.len()].copy_from_slice(points);
        map.advance(&x, points.len(), &mut out);
        values.extend_from_slice(&out[0][..points.len()]);
    }
    values
}

const BLOCKS: usize = 512;
/// Each level splits a cell into four.
const MOST_LEVELS: u32 = 6;
/// A block where the map is not smooth is split no further than this, and its cells are used if they reach
/// the next number.
const LEVELS_AT_A_KINK: u32 = 4;
const KINK_TOLERANCE: f64 = 4e-6;
/// The noise of a map that slides along a kink of the potential: splitting does not help against it.
const SLIDING_NOISE: f64 = 4e-7;
/// Up to this level all cells are made equally wide, which is quicker to look up.
const MOST_UNIFORM_LEVELS: u32 = 1;
const MOST_CUBICS: usize = 1 << 16;
const TOLERANCE: f64 = 1e-9;

const OCTAVES: usize = 16;
const PIECES_LOG2: u32 = 5;
const PIECES: usize = 1 << PIECES_LOG2;
const WING_TOLERANCE: f64 = 1e-8;
/// 1.0 has these leading bits; the first piece of a wing starts there.
const FIRST: u64 = 1.0_f64.to_bits() >> (52 - PIECES_LOG2);

/// Where a cell is sampled: four nodes, then places between them where the cubic is checked.
const SAMPLES: [f64; 7] = [0.0, 1.0 / 3.0, 2.0 / 3.0, 1.0, 1.0 / 6.0, 0.5, 5.0 / 6.0];

/// Stands where the map is called.
const MISSING: Cubic = Cubic([f64::NAN; 4]);

impl<'a> Tabulated<'a> {
    /// Tabulates a map of the line on a window, which must be finite and not empty.
    pub fn new(map: Box<dyn LineMap + 'a>, [lower, upper]: [f64; 2]) -> Self {
        let length = upper - lower;
        let (mut cubics, mut blocks) = refine(map.as_ref(), lower, length);
        let cells = blocks.iter().map(|block| block[1]);
        let most = cells.fold(1.0, f64::max);
        if most <= f64::from(4_u32.pow(MOST_UNIFORM_LEVELS)) {
            let n = blocks.len() as f64 * most;
            if most > 1.0 {
                let ends = (0..n as usize).map(|k| [k, k + 1].map(|k| lower + length * (k as f64 / n)));
                cubics = fit(|points| values(map.as_ref(), points), ends)
                    .into_iter()
                    .map(|(cubic, _)| cubic)
                    .collect();
            }
            blocks = Vec::new();
        }
        let cells = if blocks.is_empty() { cubics.len() } else { blocks.len() };
        let (centre, half) = (lower + 0.5 * length, 0.5 * length);
        let wings = [-half, half].map(|half| {
            let start = |k: usize| {
                let octave = libm::ldexp(1.0, (k / PIECES) as i32);
                centre + half * octave * (1.0 + (k % PIECES) as f64 / PIECES as f64)
            };
            let ends = (0..OCTAVES * PIECES).map(|k| [start(k), start(k + 1)]);
            fit(|points| map.outside(points), ends)
                .into_iter()
                .map(|(cubic, error)| {
                    let distance = (cubic.0[0] - centre).abs().max(half.abs());
                    if error <= WING_TOLERANCE * distance { cubic } else { MISSING }
                })
                .collect()
        });
        Self { map, lower, cells_per_length: cells as f64 / length, cubics, blocks, centre, half, wings }
    }

    #[cold]
    fn outside(&self, x: &[f64], out: &mut [f64]) {
        let cells = if self.blocks.is_empty() { self.cubics.len() } else { self.blocks.len() } as f64;
        let mut place = [[0.0; LANES]];
        let mut lanes = [0; LANES];
        let mut n = 0;
        for (lane, (out, &x)) in out.iter_mut().zip(x).enumerate() {
            let u = (x - self.lower) * self.cells_per_length;
            if !(u >= 0.0 && u < cells) {
                *out = self.wing(x);
            }
            if out.is_nan() {
                place[0][n] = x;
                lanes[n] = lane;
                n += 1;
            }
        }
        if n > 0 {
            let mut moved = [[0.0; LANES]];
            self.map.advance(&place, n, &mut moved);
            for (lane, moved) in lanes[..n].iter().zip(&moved[0]) {
                out[*lane] = *moved;
            }
        }
    }

    fn wing(&self, x: f64) -> f64 {
        let s = (x - self.centre).abs() / self.half;
        // A NaN stays one and has no piece.
        let s = if s < 1.0 { 1.0 } else { s };
        let bits = s.to_bits();
        let piece = ((bits >> (52 - PIECES_LOG2)) - FIRST) as usize;
        let v = f64::from_bits((bits << (12 + PIECES_LOG2)) >> 12 | 0x3ff0_0000_0000_0000) - 1.0;
        let wing = &self.wings[usize::from(x > self.centre)];
        wing.get(piece).map_or(f64::NAN, |cubic| cubic.value(v))
    }
}

/// The cubics of cells that are split until each is good, and the first and the number of each block.
fn refine(map: &dyn LineMap, lower: f64, length: f64) -> (Vec<Cubic>, Vec<[f64; 2]>) {
    let edge = |block: usize, part: f64| lower + length * ((block as f64 + part) / BLOCKS as f64);
    let mut fitted: Vec<Vec<(Cubic, f64)>> = Vec::new();
    let ends = (0..BLOCKS).map(|block| [edge(block, 0.0), edge(block, 1.0)]);
    fitted.extend(fit(|points| values(map, points), ends).into_iter().map(|fit| vec![fit]));
    let within = |tolerance: f64| move |(_, error): &(Cubic, f64)| *error <= tolerance * length;
    let good = within(TOLERANCE);
    let mut total = BLOCKS;
    // In a hole of the drift's domain nothing is gained by splitting.
    let hole = |fitted: &Vec<(Cubic, f64)>| fitted.iter().all(|(cubic, _)| cubic.0[0].is_nan());
    let mut split_on: Vec<bool> = fitted.iter().map(|fitted| !hole(fitted)).collect();
    for level in 1..=MOST_LEVELS {
        let parts = 4_usize.pow(level);
        let poor: Vec<usize> =
            (0..BLOCKS).filter(|&block| split_on[block] && !fitted[block].iter().all(good)).collect();
        total += poor.len() * parts;
        if poor.is_empty() || total > MOST_CUBICS {
            break;
        }
        let ends = poor.iter().flat_map(|&block| {
            (0..parts).map(move |k| [k, k + 1].map(|k| edge(block, k as f64 / parts as f64)))
        });
        let finer = fit(|points| values(map, points), ends);
        let worst = |cells: &[(Cubic, f64)]| cells.iter().map(|cell| cell.1).fold(0.0, f64::max);
        for (block, finer) in poor.into_iter().zip(finer.chunks_exact(parts)) {
            // At a kink, a jump or a hole of the domain splitting gains little.
            let smooth = worst(finer) < worst(&fitted[block]) / 8.0;
            split_on[block] = smooth || level < LEVELS_AT_A_KINK && worst(finer) > SLIDING_NOISE * length;
            fitted[block] = finer.to_vec();
        }
    }
    let mut cubics = Vec::new();
    let mut blocks = Vec::new();
    let usable = within(KINK_TOLERANCE);
    for fitted in &fitted {
        blocks.push([cubics.len() as f64, fitted.len() as f64]);
        cubics.extend(fitted.iter().map(|fit| if usable(fit) { fit.0 } else { MISSING }));
    }
    (cubics, blocks)
}

/// The cubics through four points of each cell, and the largest errors seen in between (infinite for
/// values that are not finite).
fn fit(map: impl Fn(&[f64]) -> Vec<f64>, cells: impl Iterator<Item = [f64; 2]>) -> Vec<(Cubic, f64)> {
    let points: Vec<f64> =
        cells.flat_map(|[start, end]| SAMPLES.map(|part| start + part * (end - start))).collect();
    map(&points)
        .chunks_exact(SAMPLES.len())
        .map(|values| {
            let [y0, y1, y2, y3] = core::array::from_fn(|k| values[k]);
            let cubic = Cubic([
                y0,
                -5.5 * y0 + 9.0 * y1 - 4.5 * y2 + y3,
                9.0 * y0 - 22.5 * y1 + 18.0 * y2 - 4.5 * y3,
                -4.5 * y0 + 13.5 * y1 - 13.5 * y2 + 4.5 * y3,
            ]);
            let errors = SAMPLES[4..].iter().zip(&values[4..]).map(|(v, y)| (cubic.value(*v) - y).abs());
            let worst = errors.fold(0.0, |worst, error| if error <= worst { worst } else { error });
            (cubic, if worst.is_finite() { worst } else { f64::INFINITY })
        })
        .collect()
}

impl Scheme for Tabulated<'_> {
    fn advance(&self, x: &[[f64; LANES]], lanes: usize, out: &mut [[f64; LANES]]) {
        let ([x], [out]) = (x, out) else { return };
        let (x, out) = (&x[..lanes], &mut out[..lanes]);
        let Self { cubics, blocks, lower, cells_per_length: scale, .. } = self;
        let mut cell = [0; LANES];
        let cell = &mut cell[..lanes];
        let cells = if blocks.is_empty() { cubics.len() } else { blocks.len() } as f64;
        let mut inside = locate(cells, *lower, *scale, x, cell, out);
        if !blocks.is_empty() {
            let mut picked = [[0.0; 2]; LANES];
            for (picked, &block) in picked.iter_mut().zip(&*cell) {
                *picked = blocks[block as usize];
            }
            locate_in_blocks(&picked[..lanes], cell, out);
        }
        // SAFETY: `locate` numbers the cells from 0 to one less than it is told, the number of cubics or of
        // blocks, neither of them 0; `locate_in_blocks` does so among the cubics of a block, all of them in
        // the table.
        inside &= unsafe { replace_by_values(cubics, cell, out) };
        if !inside {
            self.outside(x, out);
        }
    }
}

const TWO_52: f64 = 4_503_599_627_370_496.0;

/// The whole part of a number in `[0, most]`, `most` below 2^51; for other numbers 0 or `most`, whichever is
/// nearer, and 0 for NaN. Quicker than the conversion to an integer and back.
#[inline(always)]
fn whole(u: f64, most: f64) -> f64 {
    let u = if u > 0.0 { u } else { 0.0 };
    let u = if u < most { u } else { most };
    let nearest = (u + TWO_52) - TWO_52;
    nearest - if nearest > u { 1.0 } else { 0.0 }
}

/// A whole number from 0 to 2^52 - 1 as an integer.
#[inline(always)]
fn integer(whole: f64) -> u64 {
    // The float 2^52 + n has the integer n in its lowest bits.
    (whole + TWO_52).to_bits() - TWO_52.to_bits()
}

dispatch! {
    /// The number of each point's cell among `cells` equal ones and the place within it, in [0, 1). A point
    /// outside the table gets some cell and a place without meaning, and the answer is false.
    fn locate[](cells: f64, lower: f64, scale: f64, x: &[f64], cell: &mut [u64], place: &mut [f64]) -> bool = locate_kernel
}

#[inline(always)]
fn locate_kernel(cells: f64, lower: f64, scale: f64, x: &[f64], cell: &mut [u64], place: &mut [f64]) -> bool {
    let mut inside = true;
    for ((cell, place), &x) in cell.iter_mut().zip(place).zip(x) {
        let u = (x - lower) * scale;
        inside &= u >= 0.0 && u < cells;
        let start = whole(u, cells - 1.0);
        *cell = integer(start);
        *place = u - start;
    }
    inside
}

dispatch! {
    /// Replaces each point's place in its block by the number of its cell and the place within that, for
    /// blocks given by their first cell and the number of their cells.
    fn locate_in_blocks[](blocks: &[[f64; 2]], cell: &mut [u64], place: &mut [f64]) = locate_in_blocks_kernel
}

#[inline(always)]
fn locate_in_blocks_kernel(blocks: &[[f64; 2]], cell: &mut [u64], place: &mut [f64]) {
    for ((cell, place), &[first, count]) in cell.iter_mut().zip(place).zip(blocks) {
        let u = *place * count;
        let start = whole(u, count - 1.0);
        *cell = integer(first + start);
        *place = u - start;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::potential::{ClosurePotential, PotentialDrift};
    use crate::scheme::Flow;

    #[test]
    fn narrow_wells_far_apart_are_resolved() {
        // Wells of width 0.05 at 0 and 500 in a window of length 1000.
        let pull = |x: f64| x * libm::exp(-0.5 * x * x / 0.0025);
        let force = move |x: f64| 100.0 * (pull(x) + pull(x - 500.0)) + 1e-3 * (x - 250.0);
        let potential = ClosurePotential::new(|_| f64::NAN, force);
        let drift = PotentialDrift(&potential);
        let window = [-250.0, 750.0];
        let flow = || Flow::new(&drift, 0.01, &[window]).with_tolerance(1e-12);
        let table = Tabulated::new(Box::new(flow()), window);
        assert!(!table.blocks.is_empty() && table.cubics.len() < MOST_CUBICS);
        let x: Vec<f64> = (0..2000)
            .flat_map(|k| [0.0, 500.0].map(|well| well + 1e-4 * (k as f64 - 1000.0)))
            .chain((0..2000).map(|k| -3000.0 + 3.3 * k as f64))
            .collect();
        for ((x, seen), exact) in x.iter().zip(values(&table, &x)).zip(values(&flow(), &x)) {
            assert!((seen - exact).abs() < 1e-6, "{x}: {seen} {exact}");
        }
    }

    #[test]
    fn a_kink_and_a_hole() {
        // |x|: the flow is at rest next to the kink and has a kink itself.
        let potential = ClosurePotential::new(f64::abs, |x: f64| if x < 3.0 { x.signum() } else { f64::NAN });
        let drift = PotentialDrift(&potential);
        let flow = || Flow::new(&drift, 0.125, &[[-2.0, 4.0]]).with_tolerance(1e-12);
        let table = Tabulated::new(Box::new(flow()), [-2.0, 4.0]);
        let x: Vec<f64> = (0..600).map(|k| -1.999 + 0.01 * k as f64).collect();
        for (x, seen) in x.iter().zip(values(&table, &x)) {
            if *x > 3.0 {
                assert!(seen.is_nan(), "{x}: {seen}");
            } else if x.abs() > 0.126 {
                assert!((seen - (x - 0.125 * x.signum())).abs() < 1e-8, "{x}: {seen}");
            } else {
                assert!(seen.abs() < 1e-3, "{x}: {seen}");
            }
        }
    }

    #[test]
    fn the_same_bits_on_every_instruction_set() {
        use crate::simd::{force, supported};
        // Equal cells, and cells that are split at a kink.
        for kink in [0.0, 1.0] {
            let force_at = move |x: f64| x * x * x - x + kink * x.signum();
            let potential = ClosurePotential::new(|_| f64::NAN, force_at);
            let drift = PotentialDrift(&potential);
            let window = [-3.0, 3.0];
            let table = Tabulated::new(Box::new(Flow::new(&drift, 0.01, &[window])), window);
            assert_eq!(table.blocks.is_empty(), kink == 0.0);
            let mut x = [[0.0; LANES]];
            for shift in [0.0, 0.37, -5.0, 1e9, f64::NAN] {
                for (lane, x) in x[0].iter_mut().enumerate() {
                    *x =
                        0.0937 * (lane as f64 - 32.0) + if lane == 50 || shift == -5.0 { shift } else { 0.0 };
                }
                x[0][..2].copy_from_slice(&[-3.0, 3.0]);
                let mut reference = None;
                for level in supported() {
                    force(level);
                    for lanes in [LANES, 63, 51, 5, 1] {
                        let mut out = [[0.0; LANES]];
                        table.advance(&x, lanes, &mut out);
                        let bits = out[0].map(f64::to_bits);
                        let reference = reference.get_or_insert(bits);
                        assert_eq!(reference[..lanes], bits[..lanes], "{level:?} {lanes} {shift}");
                    }
                }
                for (x, seen) in x[0].iter().zip(reference.unwrap()) {
                    let seen = f64::from_bits(seen);
                    let exact = values(table.map.as_ref(), &[*x])[0];
                    let near = (seen - exact).abs() <= 1e-5 * x.abs().max(1.0);
                    assert!(near || seen.is_nan() && exact.is_nan(), "{x}: {seen} {exact}");
                }
            }
        }
    }
}
