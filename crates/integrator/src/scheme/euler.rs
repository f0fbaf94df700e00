//! The Euler–Maruyama scheme.

use super::Scheme;
use crate::potential::Drift;
use crate::rng::LANES;

/// `M_h(x) = x + h b(x)`.
///
/// Strong order 1 for additive noise and smooth drift. Where the drift grows faster than linearly a
/// point with `h |b(x)| > 2 |x|` is thrown further out each step: under jump noise that happens at
/// a positive rate, [`euler_blow_up_rate`](super::euler_blow_up_rate).
pub struct Euler<'a> {
    drift: &'a dyn Drift,
    step: f64,
}

impl<'a> Euler<'a> {
    /// The scheme with time step `step`.
    #[must_use]
    pub fn new(drift: &'a dyn Drift, step: f64) -> Self {
        Self { drift, step }
    }
}

impl Scheme for Euler<'_> {
    fn advance(&self, x: &[[f64; LANES]], lanes: usize, out: &mut [[f64; LANES]]) {
        self.drift.euler_step(self.step, x, lanes, out);
    }
}
