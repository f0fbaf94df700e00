//! Drifts: vector fields `b` on `R^d`, gradient or not.

use std::fmt;

use super::Potential;
use crate::dispatch;
use crate::rng::LANES;

/// A drift `b: R^d -> R^d`.
///
/// The batch method serves the inner loop of a simulation, in structure-of-arrays form: row `k` holds
/// coordinate `k` of up to [`LANES`] paths. A point outside the domain gives NaN (never a panic): a path
/// that reaches it is counted as diverged.
pub trait Drift: Send + Sync {
    /// The dimension `d`.
    fn dimension(&self) -> usize;

    /// Writes `b(x)` for the first `lanes` lanes: `x[k][lane]` is coordinate `k` of a path, and
    /// `out[k][lane]` component `k` of its drift. `x` and `out` have [`Drift::dimension`] rows; `lanes` is
    /// at most [`LANES`]. What a lane gets depends on that lane alone.
    fn drift(&self, x: &[[f64; LANES]], lanes: usize, out: &mut [[f64; LANES]]);

    /// Writes `x + h b(x)`, an explicit Euler step, for the first `lanes` lanes.
    fn euler_step(&self, h: f64, x: &[[f64; LANES]], lanes: usize, out: &mut [[f64; LANES]]) {
        self.drift(x, lanes, out);
        for (x, out) in x.iter().zip(out) {
            follow(h, &x[..lanes], &mut out[..lanes]);
        }
    }

    /// Writes `b(x)` at one point to `out`, with the bits of the batch. Both slices have
    /// [`Drift::dimension`] numbers.
    fn drift_at(&self, x: &[f64], out: &mut [f64]) {
        let mut rows = vec![[0.0; LANES]; x.len()];
        for (row, &x) in rows.iter_mut().zip(x) {
            row[0] = x;
        }
        let mut drift = vec![[0.0; LANES]; out.len()];
        self.drift(&rows, 1, &mut drift);
        for (out, row) in out.iter_mut().zip(&drift) {
            *out = row[0];
        }
    }

    /// `U(x)`, if the drift has a potential: `b = -grad U`.
    fn potential_at(&self, _x: &[f64]) -> Option<f64> {
        None
    }

    /// Writes the Jacobian at a point, row-major: `out[k*d + j]` is the derivative of component `k` by
    /// coordinate `j`. By default central differences of [`Drift::drift_at`], good to about ten digits.
    fn jacobian_at(&self, x: &[f64], out: &mut [f64]) {
        let d = x.len();
        let mut point = x.to_vec();
        let (mut above, mut below) = (vec![0.0; d], vec![0.0; d]);
        for j in 0..d {
            let step = 6e-6 * x[j].abs().max(1.0);
            point[j] = x[j] + step;
            self.drift_at(&point, &mut above);
            point[j] = x[j] - step;
            self.drift_at(&point, &mut below);
            point[j] = x[j];
            for k in 0..d {
                out[k * d + j] = (above[k] - below[k]) / (2.0 * step);
            }
        }
    }
}

impl<D: Drift + ?Sized> Drift for std::sync::Arc<D> {
    fn dimension(&self) -> usize {
        (**self).dimension()
    }

    fn drift(&self, x: &[[f64; LANES]], lanes: usize, out: &mut [[f64; LANES]]) {
        (**self).drift(x, lanes, out);
    }

    fn drift_at(&self, x: &[f64], out: &mut [f64]) {
        (**self).drift_at(x, out);
    }

    fn euler_step(&self, h: f64, x: &[[f64; LANES]], lanes: usize, out: &mut [[f64; LANES]]) {
        (**self).euler_step(h, x, lanes, out);
    }

    fn potential_at(&self, x: &[f64]) -> Option<f64> {
        (**self).potential_at(x)
    }

    fn jacobian_at(&self, x: &[f64], out: &mut [f64]) {
        (**self).jacobian_at(x, out);
    }
}

dispatch! {
    /// `out = x + h out`.
    fn follow[](h: f64, x: &[f64], out: &mut [f64]) = follow_kernel
}

#[inline(always)]
fn follow_kernel(h: f64, x: &[f64], out: &mut [f64]) {
    for (out, &x) in out.iter_mut().zip(x) {
        *out = x + h * *out;
    }
}

/// The drift `-U'` of a potential on the line.
#[derive(Clone, Copy)]
pub struct PotentialDrift<'a>(pub &'a dyn Potential);

impl fmt::Debug for PotentialDrift<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PotentialDrift").finish_non_exhaustive()
    }
}

impl Drift for PotentialDrift<'_> {
    fn dimension(&self) -> usize {
        1
    }

    fn drift(&self, x: &[[f64; LANES]], lanes: usize, out: &mut [[f64; LANES]]) {
        let out = &mut out[0][..lanes];
        self.0.gradient_batch(&x[0][..lanes], out);
        for out in out {
            *out = -*out;
        }
    }

    fn euler_step(&self, h: f64, x: &[[f64; LANES]], lanes: usize, out: &mut [[f64; LANES]]) {
        let (x, out) = (&x[0][..lanes], &mut out[0][..lanes]);
        self.0.gradient_batch(x, out);
        follow(-h, x, out);
    }

    fn drift_at(&self, x: &[f64], out: &mut [f64]) {
        out[0] = -self.0.gradient(x[0]);
    }

    fn potential_at(&self, x: &[f64]) -> Option<f64> {
        Some(self.0.value(x[0]))
    }

    fn jacobian_at(&self, x: &[f64], out: &mut [f64]) {
        out[0] = -self.0.curvature(x[0]);
    }
}

/// A drift given by a closure that writes `b(x)` of one point.
///
/// ```
/// # use levyscape_integrator::potential::{ClosureDrift, Drift};
/// let rotation = ClosureDrift::new(2, |x, out| {
///     out[0] = -x[0] - x[1];
///     out[1] = x[0] - x[1];
/// });
/// let mut b = [0.0; 2];
/// rotation.drift_at(&[1.0, 2.0], &mut b);
/// assert_eq!(b, [-3.0, -1.0]);
/// ```
#[derive(Clone, Copy)]
pub struct ClosureDrift<F> {
    dimension: usize,
    function: F,
}

impl<F: Fn(&[f64], &mut [f64]) + Send + Sync> ClosureDrift<F> {
    /// The drift whose value at a point the closure writes to its second argument; both have `dimension`
    /// numbers.
    pub fn new(dimension: usize, function: F) -> Self {
        Self { dimension, function }
    }
}

impl<F> fmt::Debug for ClosureDrift<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClosureDrift").field("dimension", &self.dimension).finish_non_exhaustive()
    }
}

impl<F: Fn(&[f64], &mut [f64]) + Send + Sync> Drift for ClosureDrift<F> {
    fn dimension(&self) -> usize {
        self.dimension
    }

    fn drift(&self, x: &[[f64; LANES]], lanes: usize, out: &mut [[f64; LANES]]) {
        /// Dimensions that need no allocation.
        const SMALL: usize = 16;
        let d = self.dimension;
        let mut small = [0.0; 2 * SMALL];
        let mut large = Vec::new();
        let scratch = if d <= SMALL {
            &mut small[..2 * d]
        } else {
            large.resize(2 * d, 0.0);
            large.as_mut_slice()
        };
        let (point, value) = scratch.split_at_mut(d);
        for lane in 0..lanes {
            for (point, row) in point.iter_mut().zip(x) {
                *point = row[lane];
            }
            (self.function)(point, value);
            for (value, row) in value.iter().zip(out.iter_mut()) {
                row[lane] = *value;
            }
        }
    }

    fn drift_at(&self, x: &[f64], out: &mut [f64]) {
        (self.function)(x, out);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::potential::ClosurePotential;

    #[test]
    fn a_closure_has_the_bits_of_its_points_in_any_dimension() {
        for d in [1, 2, 3, 16, 17, 40] {
            let drift = ClosureDrift::new(d, |x: &[f64], out: &mut [f64]| {
                for (k, out) in out.iter_mut().enumerate() {
                    *out = x[(k + 1) % x.len()] - 0.1 * x[k] * x[k] * x[k];
                }
            });
            let x: Vec<[f64; LANES]> =
                (0..d).map(|k| std::array::from_fn(|lane| 0.3 * lane as f64 - 0.7 * k as f64)).collect();
            for lanes in [0, 1, 7, 64] {
                let mut out = vec![[7.0; LANES]; d];
                drift.drift(&x, lanes, &mut out);
                for lane in 0..LANES {
                    let point: Vec<f64> = x.iter().map(|row| row[lane]).collect();
                    let mut single = vec![7.0; d];
                    if lane < lanes {
                        drift.drift_at(&point, &mut single);
                    }
                    assert!(out.iter().zip(&single).all(|(row, value)| row[lane] == *value));
                }
            }
            let point: Vec<f64> = (0..d).map(|k| 0.1 * k as f64 - 0.5).collect();
            let mut jacobian = vec![0.0; d * d];
            drift.jacobian_at(&point, &mut jacobian);
            for k in 0..d {
                for j in 0..d {
                    let neighbour = f64::from(u8::from((k + 1) % d == j));
                    let own = if k == j { -0.3 * point[k] * point[k] } else { 0.0 };
                    assert!((jacobian[k * d + j] - neighbour - own).abs() < 1e-9);
                }
            }
            assert_eq!(drift.potential_at(&point), None);
        }
    }

    #[test]
    fn a_potential_is_a_drift() {
        let well = ClosurePotential::new(|x: f64| x * x * x * x / 4.0 - x * x / 2.0, |x: f64| x * x * x - x);
        let drift = PotentialDrift(&well);
        let x = [std::array::from_fn(|lane| 0.1 * lane as f64 - 3.0)];
        let mut out = [[0.0; LANES]];
        drift.drift(&x, 50, &mut out);
        for lane in 0..50 {
            let mut single = [0.0];
            drift.drift_at(&[x[0][lane]], &mut single);
            assert_eq!((out[0][lane], single[0]), (-well.gradient(x[0][lane]), -well.gradient(x[0][lane])));
        }
        assert!(out[0][50..].iter().all(|&untouched| untouched == 0.0));
        let mut jacobian = [0.0];
        drift.jacobian_at(&[2.0], &mut jacobian);
        assert_eq!((drift.dimension(), jacobian[0]), (1, -well.curvature(2.0)));
        assert_eq!(drift.potential_at(&[2.0]), Some(2.0));
    }
}
