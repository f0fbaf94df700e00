//! Stable noise without its large jumps.

use super::small_jumps::{Rule, SmallJumps, sampler};
use super::{Noise, Sampler, Side, stable_index, tail_constant};
use crate::error::{IntegratorError, positive};
use crate::math::pow;

/// Symmetric stable motion with the jumps beyond `radius` left out: Lévy measure
/// `c_alpha |y|^(-1-alpha) dy` on `|y| <= radius`, `0 < alpha < 2`.
///
/// `psi(w) = 2 c_alpha int_0^radius (cos(w y) - 1) y^(-1-alpha) dy`. All moments are finite,
/// `Var Z_t = 2 c_alpha radius^(2-alpha)/(2-alpha) t`.
pub struct TruncatedStable {
    radius: f64,
    jumps: SmallJumps,
    alpha: f64,
}

impl TruncatedStable {
    /// The process with index `alpha` and jumps up to `radius`, in units of `Z`.
    ///
    /// # Errors
    /// [`IntegratorError::Parameter`] unless `0.2 <= alpha < 2`, [`IntegratorError::NotPositive`] for `radius`.
    pub fn new(alpha: f64, radius: f64) -> Result<Self, IntegratorError> {
        let (alpha, radius) = (stable_index(alpha)?, positive("the radius of truncation", radius)?);
        Ok(Self { radius, jumps: SmallJumps::new(alpha, 0.0, radius), alpha })
    }
}

impl Noise for TruncatedStable {
    fn scaling_index(&self) -> f64 {
        self.alpha
    }

    fn gaussian_variance(&self) -> f64 {
        0.0
    }

    fn has_jumps(&self) -> bool {
        true
    }

    /// `(c_alpha/alpha) (r^-alpha - radius^-alpha)`.
    fn jump_tail(&self, _side: Side, r: f64) -> f64 {
        if r >= self.radius {
            return 0.0;
        }
        // The difference from the quotient, so that it is right close to the radius.
        let log = libm::log1p((self.radius - r) / r);
        tail_constant(self.alpha) / self.alpha * pow(r, -self.alpha) * -libm::expm1(-self.alpha * log)
    }

    fn exponent(&self, w: f64) -> [f64; 2] {
        [self.jumps.exponent(w), 0.0]
    }

    fn sampler(&self, step: f64) -> Result<Box<dyn Sampler>, IntegratorError> {
        sampler(self.alpha, Rule::Truncate(self.radius), step)
    }
}
