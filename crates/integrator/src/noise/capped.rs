//! Stable noise with clipped jumps.

use super::small_jumps::{Rule, SmallJumps, sampler};
use super::{Noise, Sampler, Side, TruncatedStable, stable_index, tail_constant};
use crate::error::{IntegratorError, positive};
use crate::math::pow;

/// Symmetric stable motion whose jumps beyond `cap` become jumps of exactly `cap` or `-cap` (Wang and
/// Rhee's clipping): Lévy measure `c_alpha |y|^(-1-alpha) dy` on `|y| < cap` and an atom of
/// `(c_alpha/alpha) cap^-alpha` on either side at the cap, `0 < alpha < 2`.
///
/// `psi(w) = 2 c_alpha (int_0^cap (cos(w y) - 1) y^(-1-alpha) dy + cap^-alpha (cos(w cap) - 1)/alpha)`.
/// All moments are finite, `Var Z_t = 2 c_alpha cap^(2-alpha) (1/(2-alpha) + 1/alpha) t`.
pub struct CappedStable {
    cap: f64,
    jumps: SmallJumps,
    alpha: f64,
}

impl CappedStable {
    /// The process with index `alpha` and jumps up to `cap`, in units of `Z`.
    ///
    /// # Errors
    /// [`IntegratorError::Parameter`] unless `0.2 <= alpha < 2`, [`IntegratorError::NotPositive`] for `cap`.
    pub fn new(alpha: f64, cap: f64) -> Result<Self, IntegratorError> {
        let (alpha, cap) = (stable_index(alpha)?, positive("the cap of a jump", cap)?);
        Ok(Self { cap, jumps: SmallJumps::new(alpha, 0.0, cap), alpha })
    }
}

impl Noise for CappedStable {
    fn scaling_index(&self) -> f64 {
        self.alpha
    }

    fn gaussian_variance(&self) -> f64 {
        0.0
    }

    fn has_jumps(&self) -> bool {
        true
    }

    /// That of the stable process below the cap, 0 from it on.
    fn jump_tail(&self, _side: Side, r: f64) -> f64 {
        if r < self.cap { tail_constant(self.alpha) / self.alpha * pow(r, -self.alpha) } else { 0.0 }
    }

    fn exponent(&self, w: f64) -> [f64; 2] {
        let half = libm::sin(0.5 * w * self.cap);
        [self.jumps.exponent(w) - 2.0 * self.jumps.rate_beyond() * half * half, 0.0]
    }

    fn sampler(&self, step: f64) -> Result<Box<dyn Sampler>, IntegratorError> {
        sampler(self.alpha, 0.0, Rule::Cap(self.cap), step)
    }

    /// The process itself from the cap on, below it the truncated one.
    fn small_jumps(&self, radius: f64) -> Result<Box<dyn Noise>, IntegratorError> {
        Ok(if radius >= self.cap {
            Box::new(Self { cap: self.cap, jumps: self.jumps, alpha: self.alpha })
        } else {
            Box::new(TruncatedStable::new(self.alpha, radius)?)
        })
    }
}
