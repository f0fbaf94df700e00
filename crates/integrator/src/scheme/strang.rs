//! Symmetric drift-flow splitting.

use super::{Scheme, Splitting};
use crate::potential::Drift;
use crate::rng::LANES;

/// `A = M = Phi_{h/2}`: half a step of the drift's flow, the noise, half a step of the flow (Strang 1968).
///
/// Weak order 2, at twice the look-ups of [`Splitting`] and with its stability. A path's place after a step
/// has come down the flow for a time `h/2`: in a quartic well it never exceeds `h^(-1/2)`, so that moments
/// that live on the largest jumps are missed; the place before `A` has the jump's tails.
pub struct Strang<'a>(Splitting<'a>);

impl<'a> Strang<'a> {
    /// Prepares the flow over `step / 2`; `window` has one finite interval a coordinate.
    #[must_use]
    pub fn new(drift: &'a dyn Drift, step: f64, window: &[[f64; 2]]) -> Self {
        Self(Splitting::new(drift, 0.5 * step, window))
    }
}

impl Scheme for Strang<'_> {
    fn advance(&self, x: &[[f64; LANES]], lanes: usize, out: &mut [[f64; LANES]]) {
        self.0.advance(x, lanes, out);
    }

    fn after_noise(&self) -> Option<&dyn Scheme> {
        Some(&self.0)
    }
}
