//! The factor `epsilon` in front of the noise: a number, one number a coordinate, or a function of the
//! place.

use crate::dispatch;
use crate::error::{IntegratorError, positive};
use crate::potential::Drift;
use crate::rng::LANES;

/// What `epsilon(X) dZ` means where `epsilon` depends on the place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Interpretation {
    /// `epsilon(X_{t-}) dZ_t`: the amplitude before the jump.
    Ito,
    /// Brownian noise as the limit of smooth noise; the midpoint rule.
    Stratonovich,
    /// The same for jumps: a jump `z` carries the path along the solution of `dy/ds = epsilon(y) z` over
    /// `0 <= s <= 1` (Marcus 1978; Applebaum 2009, section 6.10). For Brownian noise it is
    /// Stratonovich's.
    Marcus,
}

/// The amplitude `epsilon`.
pub enum Amplitude<'a> {
    /// One positive number a coordinate.
    Constant(Vec<f64>),
    /// `diag(epsilon_1(x), ..., epsilon_d(x))`.
    Field {
        /// `x -> (epsilon_1(x), ..., epsilon_d(x))`.
        field: Box<dyn Drift + 'a>,
        /// What the product with `dZ` means.
        interpretation: Interpretation,
    },
}

/// Relative change between two solutions, of `n` and `2 n` steps, at which the second one is taken.
const TOLERANCE: f64 = 1e-9;
const MOST_SUBSTEPS: usize = 1 << 14;

impl Amplitude<'_> {
    /// The same amplitude in every coordinate.
    ///
    /// # Errors
    /// An `epsilon` that is not positive and finite.
    pub fn constant(epsilon: f64, dimension: usize) -> Result<Self, IntegratorError> {
        Ok(Self::Constant(vec![positive("epsilon", epsilon)?; dimension]))
    }

    /// The amplitude of each coordinate at the point `x`.
    #[must_use]
    pub fn at(&self, x: &[f64]) -> Vec<f64> {
        match self {
            Self::Constant(epsilon) => epsilon.clone(),
            Self::Field { field, .. } => {
                let mut out = vec![0.0; x.len()];
                field.drift_at(x, &mut out);
                out
            }
        }
    }

    /// Adds the noise of one step: writes to `next` where the paths at `moved` get by the `increments`
    /// of Z, one row a coordinate. `x` is where they were before the deterministic part of the step.
    pub fn kick(
        &self,
        x: &[[f64; LANES]],
        moved: &[[f64; LANES]],
        increments: &[[f64; LANES]],
        lanes: usize,
        next: &mut [[f64; LANES]],
    ) {
        match self {
            Self::Constant(epsilon) => {
                for (((next, moved), increments), epsilon) in
                    next.iter_mut().zip(moved).zip(increments).zip(epsilon)
                {
                    push(*epsilon, &moved[..lanes], &increments[..lanes], &mut next[..lanes]);
                }
            }
            Self::Field { field, interpretation: Interpretation::Ito } => {
                field.drift(x, lanes, next);
                for ((next, moved), increments) in next.iter_mut().zip(moved).zip(increments) {
                    for lane in 0..lanes {
                        next[lane] = moved[lane] + next[lane] * increments[lane];
                    }
                }
            }
            Self::Field { field, .. } => {
                let (mut place, mut jump) = (vec![0.0; moved.len()], vec![0.0; moved.len()]);
                for lane in 0..lanes {
                    for (k, (place, jump)) in place.iter_mut().zip(&mut jump).enumerate() {
                        (*place, *jump) = (moved[k][lane], increments[k][lane]);
                    }
                    carry(field.as_ref(), &mut place, &jump);
                    for (next, place) in next.iter_mut().zip(&place) {
                        next[lane] = *place;
                    }
                }
            }
        }
    }
}

dispatch! {
    /// `next = moved + epsilon increments`.
    fn push[](epsilon: f64, moved: &[f64], increments: &[f64], next: &mut [f64]) = push_kernel
}

#[inline(always)]
fn push_kernel(epsilon: f64, moved: &[f64], increments: &[f64], next: &mut [f64]) {
    for ((next, moved), increment) in next.iter_mut().zip(moved).zip(increments) {
        *next = moved + epsilon * increment;
    }
}

/// Solves `dy/ds = diag(epsilon(y)) z` over `0 <= s <= 1` in place, by the Runge–Kutta method of order 4
/// with as many steps as it takes.
fn carry(field: &dyn Drift, y: &mut [f64], z: &[f64]) {
    let d = y.len();
    let start = y.to_vec();
    let solve = |steps: usize, y: &mut [f64]| {
        y.copy_from_slice(&start);
        let h = 1.0 / steps as f64;
        let mut slope = vec![0.0; d];
        let mut stage = vec![0.0; d];
        let mut sum = vec![0.0; d];
        for _ in 0..steps {
            sum.fill(0.0);
            stage.copy_from_slice(y);
            for (weight, reach) in [(1.0, 0.5), (2.0, 0.5), (2.0, 1.0), (1.0, 0.0)] {
                field.drift_at(&stage, &mut slope);
                for k in 0..d {
                    slope[k] *= z[k];
                    sum[k] += weight * slope[k];
                    stage[k] = y[k] + reach * h * slope[k];
                }
            }
            for k in 0..d {
                y[k] += h / 6.0 * sum[k];
            }
        }
    };
    let mut steps = 1;
    solve(steps, y);
    let mut coarse = y.to_vec();
    while steps < MOST_SUBSTEPS {
        steps *= 2;
        solve(steps, y);
        let close = y.iter().zip(&coarse).all(|(y, coarse)| {
            (y - coarse).abs() <= TOLERANCE * y.abs().max(1e-3) || !y.is_finite() && !coarse.is_finite()
        });
        if close {
            return;
        }
        coarse.copy_from_slice(y);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::potential::{ClosurePotential, PotentialDrift};

    #[test]
    fn a_marcus_jump_follows_the_flow_of_the_amplitude() {
        // epsilon(y) = y: a jump z multiplies by e^z.
        let linear = ClosurePotential::new(|_| f64::NAN, |x: f64| -x);
        let amplitude = Amplitude::Field {
            field: Box::new(PotentialDrift(&linear)),
            interpretation: Interpretation::Marcus,
        };
        for z in [-3.0, -0.1, 1e-3, 0.5, 5.0] {
            let mut next = [[0.0; LANES]];
            amplitude.kick(&[[9.0; LANES]], &[[2.0; LANES]], &[[z; LANES]], 1, &mut next);
            assert!((next[0][0] / (2.0 * libm::exp(z)) - 1.0).abs() < 1e-9, "{z}: {}", next[0][0]);
        }
        assert_eq!(amplitude.at(&[3.0]), [3.0]);
    }
}
