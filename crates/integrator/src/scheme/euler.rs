//! The Euler–Maruyama scheme.

use super::DriftStep;
use crate::potential::Potential;

/// `M_h(x) = x - h U'(x)`.
///
/// Strong order 1 for additive noise and smooth drift. Where the drift grows faster than linearly a
/// point with `h |U'(x)| > 2 |x|` is thrown further out each step: under jump noise that happens at
/// a positive rate, [`euler_blow_up_rate`](super::euler_blow_up_rate).
pub struct Euler<'a> {
    potential: &'a dyn Potential,
    step: f64,
}

impl<'a> Euler<'a> {
    /// The scheme with time step `step`.
    #[must_use]
    pub fn new(potential: &'a dyn Potential, step: f64) -> Self {
        Self { potential, step }
    }
}

impl DriftStep for Euler<'_> {
    fn advance(&self, x: &[f64], out: &mut [f64]) {
        self.potential.gradient_batch(x, out);
        for (out, &x) in out.iter_mut().zip(x) {
            *out = x - self.step * *out;
        }
    }
}
