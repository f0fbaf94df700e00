//! The tamed Euler scheme.

use super::Scheme;
use crate::dispatch;
use crate::potential::Drift;
use crate::rng::LANES;

/// `M_h(x) = x + h b / (1 + h |b|)`, `b = b(x)`, with the Euclidean norm (Hutzenthaler, Jentzen and Kloeden
/// 2012).
///
/// The drift moves a path by less than 1 a step, so it cannot be thrown out; a path at `x` takes some `|x|`
/// steps to return where the true drift needs less than one. Exit times do not suffer as long as `h |b|` is
/// small on the domain; stationary tails and moments beyond the noise's own do: for `alpha < 1` the jumps
/// outrun the tamed drift, and there is no stationary law at all. The bound 1 has the unit of x: rescale
/// where the wells are narrower than that.
pub struct TamedEuler<'a> {
    drift: &'a dyn Drift,
    step: f64,
}

impl<'a> TamedEuler<'a> {
    /// The scheme with time step `step`.
    #[must_use]
    pub fn new(drift: &'a dyn Drift, step: f64) -> Self {
        Self { drift, step }
    }
}

impl Scheme for TamedEuler<'_> {
    fn advance(&self, x: &[[f64; LANES]], lanes: usize, out: &mut [[f64; LANES]]) {
        self.drift.drift(x, lanes, out);
        let mut largest = [0.0; LANES];
        let mut squares = [0.0; LANES];
        for row in &mut *out {
            bound(&mut row[..lanes], &mut largest);
        }
        for row in &*out {
            square(&row[..lanes], &largest, &mut squares);
        }
        for (x, out) in x.iter().zip(out) {
            tame(self.step, &x[..lanes], [&largest, &squares], &mut out[..lanes]);
        }
    }
}

/// A force that overflows counts as this one.
const LARGEST_FORCE: f64 = 1e300;

dispatch! {
    fn bound[](force: &mut [f64], largest: &mut [f64; LANES]) = bound_kernel
}

#[inline(always)]
fn bound_kernel(force: &mut [f64], largest: &mut [f64; LANES]) {
    for (force, largest) in force.iter_mut().zip(largest) {
        *force = force.clamp(-LARGEST_FORCE, LARGEST_FORCE);
        let size = force.abs();
        *largest = if size > *largest { size } else { *largest };
    }
}

dispatch! {
    fn square[](force: &[f64], largest: &[f64; LANES], squares: &mut [f64; LANES]) = square_kernel
}

#[inline(always)]
fn square_kernel(force: &[f64], largest: &[f64; LANES], squares: &mut [f64; LANES]) {
    for ((force, largest), squares) in force.iter().zip(largest).zip(squares) {
        let share = if *largest > 0.0 { force / largest } else { *force };
        *squares += share * share;
    }
}

dispatch! {
    fn tame[](step: f64, x: &[f64], norm: [&[f64; LANES]; 2], out: &mut [f64]) = tame_kernel
}

#[inline(always)]
fn tame_kernel(step: f64, x: &[f64], [largest, squares]: [&[f64; LANES]; 2], out: &mut [f64]) {
    for (((out, x), largest), squares) in out.iter_mut().zip(x).zip(largest).zip(squares) {
        *out = x + step * *out / (1.0 + step * (largest * squares.sqrt()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::potential::{ClosurePotential, PotentialDrift};

    #[test]
    fn an_overflowing_force_moves_by_one() {
        let potential = ClosurePotential::new(|_| f64::NAN, |x: f64| x * x * x);
        let drift = PotentialDrift(&potential);
        let scheme = TamedEuler::new(&drift, 0.01);
        let x = [core::array::from_fn(|k| [0.0, 0.5, 1e3, -1e200][k % 4])];
        let mut out = [[0.0; LANES]];
        scheme.advance(&x, LANES, &mut out);
        let tamed = |b: f64| 0.01 * b / (1.0 + 0.01 * b.abs());
        for (lane, exact) in
            [0.0, 0.5 + tamed(-0.125), 1e3 + tamed(-1e9), 1.0 - 1e200].into_iter().enumerate()
        {
            assert_eq!(out[0][lane], exact);
            assert_eq!(out[0][lane + 60], exact);
        }
    }
}
