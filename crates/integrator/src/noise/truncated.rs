//! Stable noise without its large jumps.

use super::small_jumps::{Rule, SmallJumps, sampler, skewed_drift};
use super::stable::check_skewness;
use super::{Noise, Sampler, Side, stable_index, tail_constant};
use crate::error::{IntegratorError, positive};
use crate::math::pow;

/// Stable motion with the jumps beyond `radius` left out: Lévy measure
/// `(1 +- beta) c_alpha |y|^(-1-alpha) dy` on `0 < +-y <= radius`, `0 < alpha < 2`, `-1 <= beta <= 1`.
///
/// ```text
/// psi(w) = 2 c_alpha int_0^radius (cos(w y) - 1 + i beta (sin(w y) - w y)) y^(-1-alpha) dy + i w b,
/// b = 2 beta c_alpha radius^(1-alpha)/(1-alpha),
/// b = -(2/pi) beta (1 - gamma - ln radius)        for alpha = 1, with Euler's constant gamma.
/// ```
///
/// The drift `b` is that of stable motion in the parameterisation S1 (see [`Stable`](super::Stable)): the
/// jumps beyond the radius, added without compensation, give that process. All moments are finite,
/// `E Z_t = b t` and `Var Z_t = 2 c_alpha radius^(2-alpha)/(2-alpha) t`.
pub struct TruncatedStable {
    radius: f64,
    jumps: SmallJumps,
    alpha: f64,
    beta: f64,
}

impl TruncatedStable {
    /// The symmetric process with index `alpha` and jumps up to `radius`, in units of `Z`.
    ///
    /// # Errors
    /// [`IntegratorError::Parameter`] unless `0.2 <= alpha < 2`, [`IntegratorError::NotPositive`] for `radius`.
    pub fn new(alpha: f64, radius: f64) -> Result<Self, IntegratorError> {
        Self::skewed(alpha, 0.0, radius)
    }

    /// The process with index `alpha`, skewness `beta` and jumps up to `radius`, in units of `Z`.
    ///
    /// # Errors
    /// As for [`TruncatedStable::new`]; [`IntegratorError::Skewness`] unless `-1 <= beta <= 1`.
    pub fn skewed(alpha: f64, beta: f64, radius: f64) -> Result<Self, IntegratorError> {
        let (alpha, radius) = (stable_index(alpha)?, positive("the radius of truncation", radius)?);
        check_skewness(beta)?;
        Ok(Self { radius, jumps: SmallJumps::skewed(alpha, beta, radius), alpha, beta })
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

    /// `(1 +- beta) (c_alpha/alpha) (r^-alpha - radius^-alpha)`.
    fn jump_tail(&self, side: Side, r: f64) -> f64 {
        if r >= self.radius {
            return 0.0;
        }
        let weight = match side {
            Side::Lower => 1.0 - self.beta,
            Side::Upper => 1.0 + self.beta,
        };
        // The difference from the quotient, so that it is right close to the radius.
        let log = libm::log1p((self.radius - r) / r);
        weight
            * (tail_constant(self.alpha) / self.alpha * pow(r, -self.alpha) * -libm::expm1(-self.alpha * log))
    }

    fn exponent(&self, w: f64) -> [f64; 2] {
        let drift = skewed_drift(self.alpha, self.beta, self.radius);
        [self.jumps.exponent(w), self.jumps.phase(w) + w * drift]
    }

    fn sampler(&self, step: f64) -> Result<Box<dyn Sampler>, IntegratorError> {
        sampler(self.alpha, self.beta, Rule::Truncate(self.radius), step)
    }

    /// The process truncated at the smaller radius.
    fn small_jumps(&self, radius: f64) -> Result<Box<dyn Noise>, IntegratorError> {
        let radius = positive("the radius of truncation", radius)?.min(self.radius);
        Ok(Box::new(Self::skewed(self.alpha, self.beta, radius)?))
    }
}
