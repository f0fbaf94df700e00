//! Eyring–Kramers rates for Gaussian noise of diffusion constant `D` (generator `D f'' - U' f'`).

use std::f64::consts::PI;

use crate::landscape::{CriticalPoint, Landscape};
use crate::theory::chain::MarkovChain;

/// Rate of crossing from a minimum over a saddle into the next well,
///
/// ```text
/// k = sqrt(U''(m) |U''(s)|) / (2 pi) exp(-(U(s) - U(m)) / D) ,
/// ```
///
/// relative error `O(D)`. The rate of merely touching the saddle is twice that. `None` where either
/// point is degenerate.
#[must_use]
pub fn crossing_rate(minimum: &CriticalPoint, saddle: &CriticalPoint, diffusion: f64) -> Option<f64> {
    let product = minimum.curvature * -saddle.curvature;
    if !(minimum.curvature > 0.0 && product > 0.0 && diffusion > 0.0) {
        return None;
    }
    Some(product.sqrt() / (2.0 * PI) * libm::exp(-(saddle.u - minimum.u) / diffusion))
}

/// Rate of touching a point `b` on the slope that rises from a minimum, before any saddle,
///
/// ```text
/// k = |U'(b)| sqrt(U''(m) / (2 pi D)) exp(-(U(b) - U(m)) / D) .
/// ```
///
/// `value` and `gradient` are `U(b)` and `U'(b)`. `None` at a degenerate minimum or where `U'(b) = 0`.
#[must_use]
pub fn boundary_rate(minimum: &CriticalPoint, value: f64, gradient: f64, diffusion: f64) -> Option<f64> {
    if !(minimum.curvature > 0.0 && gradient != 0.0 && gradient.is_finite() && diffusion > 0.0) {
        return None;
    }
    let prefactor = gradient.abs() * (minimum.curvature / (2.0 * PI * diffusion)).sqrt();
    Some(prefactor * libm::exp(-(value - minimum.u) / diffusion))
}

/// The chain on the minima whose jumps go to neighbours only, at the rates [`crossing_rate`], in the
/// equation's own time. An outer maximum, beyond which the potential falls without end, kills. `None`
/// without minima and where a minimum or a saddle is degenerate.
#[must_use]
pub fn nearest_neighbour_chain(landscape: &Landscape, diffusion: f64) -> Option<MarkovChain> {
    let size = landscape.minima.len();
    if size == 0 {
        return None;
    }
    let mut rates = vec![vec![0.0; size]; size];
    let mut killing = vec![0.0; size];
    for (i, (minimum, well)) in landscape.minima.iter().zip(&landscape.wells).enumerate() {
        // An edge without a saddle is infinite or a wall: a continuous path does not pass it.
        if let Some(saddle) = landscape.saddle_at(well.left) {
            let rate = crossing_rate(minimum, saddle, diffusion)?;
            if let Some(neighbour) = i.checked_sub(1) {
                rates[i][neighbour] = rate;
            } else {
                killing[i] += rate;
            }
        }
        if let Some(saddle) = landscape.saddle_at(well.right) {
            let rate = crossing_rate(minimum, saddle, diffusion)?;
            if i + 1 < size {
                rates[i][i + 1] = rate;
            } else {
                killing[i] += rate;
            }
        }
    }
    MarkovChain::new(rates, killing)
}
