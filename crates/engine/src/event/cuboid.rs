//! A product of intervals.

use levyscape_integrator::rng::LANES;

use super::bridge::{Bridge, Crossed};

/// By how much `x` exceeds a face, over all faces the most: below 0 inside.
pub(super) fn excess(sides: &[[f64; 2]], x: &[f64]) -> f64 {
    let excess = |(&[lower, upper], x): (&[f64; 2], &f64)| (lower - x).max(x - upper);
    sides.iter().zip(x).map(excess).fold(f64::NEG_INFINITY, f64::max)
}

/// Whether `x` lies in the open box; a NaN lies outside.
pub(super) fn contains(sides: &[[f64; 2]], x: &[f64]) -> bool {
    sides.iter().zip(x).all(|(&[lower, upper], &x)| x > lower && x < upper)
}

/// Whether some lane lies outside the open box.
#[inline(always)]
pub(super) fn some_outside(sides: &[[f64; 2]], x: &[[f64; LANES]], lanes: usize) -> bool {
    let mut outside = false;
    for (row, &[lower, upper]) in x.iter().zip(sides) {
        for &x in &row[..lanes] {
            // A NaN fails the test and so counts as outside.
            outside |= !(x > lower && x < upper);
        }
    }
    outside
}

/// Each coordinate has its own two barriers and its own exponential variable, as on the line.
pub(super) fn crossing(sides: &[[f64; 2]], bridge: &Bridge<'_>) -> Option<Crossed> {
    let mut first: Option<(f64, usize, f64)> = None;
    for (k, &[lower, upper]) in sides.iter().enumerate() {
        let (from, to) = (bridge.from[k], bridge.to[k]);
        let (below, above) = ((from - lower) * (to - lower), (upper - from) * (upper - to));
        let (face, distances) = if below < above {
            (lower, [from - lower, to - lower])
        } else {
            (upper, [upper - from, upper - to])
        };
        if face.is_infinite() {
            continue;
        }
        let share = bridge.plane(distances, bridge.half_variance[k], || (bridge.exponential)(k));
        if let Some(share) = share
            && first.is_none_or(|(earlier, ..)| share < earlier)
        {
            first = Some((share, k, face));
        }
    }
    first.map(|(share, k, face)| {
        let mut place = bridge.at(share);
        place[k] = face;
        Crossed { share, place }
    })
}
