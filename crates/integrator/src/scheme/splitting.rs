//! Drift-flow splitting.

use super::tabulated::Tabulated;
use super::{Flow, Scheme};
use crate::potential::Drift;
use crate::rng::LANES;

/// `M_h = Phi_h`, the flow of `dx/dt = b(x)` over a time `h` (Lie splitting: flow, then noise).
///
/// The flow of a confining drift maps the whole space into itself however large `h |b'|` is, so no path
/// explodes, and because the noise comes last a path's place after a step has the jump's own tails. In
/// one dimension the flow over a fixed time is one function of one variable and is tabulated: a step
/// costs a look-up. In several dimensions [`Flow`] solves the equation for every point.
pub struct Splitting<'a>(Box<dyn Scheme + 'a>);

/// Error of a substep of the solver that makes the table.
const TOLERANCE: f64 = 1e-11;

impl<'a> Splitting<'a> {
    /// Prepares the flow over `step`; `window` has one finite interval a coordinate.
    #[must_use]
    pub fn new(drift: &'a dyn Drift, step: f64, window: &[[f64; 2]]) -> Self {
        let flow = Flow::new(drift, step, window);
        Self(match window {
            [window] => Box::new(Tabulated::new(Box::new(flow.with_tolerance(TOLERANCE)), *window)),
            _ => Box::new(flow),
        })
    }
}

impl Scheme for Splitting<'_> {
    fn advance(&self, x: &[[f64; LANES]], lanes: usize, out: &mut [[f64; LANES]]) {
        self.0.advance(x, lanes, out);
    }
}
