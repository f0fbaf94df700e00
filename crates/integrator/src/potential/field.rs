//! Drifts in any number of dimensions.

use super::Potential;
use crate::rng::LANES;

/// A drift `b: R^d -> R^d`, in batches of lanes (structure of arrays).
///
/// A point outside the drift's domain gives NaN, never a panic: a path that reaches it is counted as
/// diverged.
pub trait Drift: Send + Sync {
    /// Number of coordinates.
    fn dimension(&self) -> usize;

    /// Writes `b(x)` for the first `lanes` lanes: `x[k][lane]` is coordinate `k` of a path. Both slices
    /// have [`Drift::dimension`] rows.
    fn drift(&self, x: &[[f64; LANES]], lanes: usize, out: &mut [[f64; LANES]]);

    /// `b` at one point, with the bits of the batch method.
    fn drift_at(&self, x: &[f64], out: &mut [f64]) {
        let mut rows = vec![[0.0; LANES]; x.len()];
        for (row, &x) in rows.iter_mut().zip(x) {
            row[0] = x;
        }
        let mut moved = vec![[0.0; LANES]; x.len()];
        self.drift(&rows, 1, &mut moved);
        for (out, row) in out.iter_mut().zip(moved) {
            *out = row[0];
        }
    }

    /// The potential `U` with `b = -grad U`, where there is one.
    fn potential_at(&self, _x: &[f64]) -> Option<f64> {
        None
    }
}

/// The drift `-U'` of a potential on the line.
#[derive(Clone, Copy)]
pub struct PotentialDrift<'a>(pub &'a dyn Potential);

impl Drift for PotentialDrift<'_> {
    fn dimension(&self) -> usize {
        1
    }

    fn drift(&self, x: &[[f64; LANES]], lanes: usize, out: &mut [[f64; LANES]]) {
        if let ([x], [out]) = (x, out) {
            self.0.gradient_batch(&x[..lanes], &mut out[..lanes]);
            for out in &mut out[..lanes] {
                *out = -*out;
            }
        }
    }

    fn drift_at(&self, x: &[f64], out: &mut [f64]) {
        if let ([x], [out]) = (x, out) {
            *out = -self.0.gradient(*x);
        }
    }

    fn potential_at(&self, x: &[f64]) -> Option<f64> {
        x.first().map(|&x| self.0.value(x))
    }
}
