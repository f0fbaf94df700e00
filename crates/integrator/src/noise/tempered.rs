//! Tempered stable noise.

use super::small_jumps::{Rule, SmallJumps, exponential_integral, sampler, tempered_exponent};
use super::{Noise, Sampler, Side, stable_index, tail_constant};
use crate::error::{IntegratorError, positive};
use crate::math::pow;

/// Symmetric stable motion whose large jumps are exponentially rare: Lévy measure
/// `c_alpha |y|^(-1-alpha) e^(-mu |y|) dy`, `0 < alpha < 2`.
///
/// ```text
/// psi(w) = 2 c_alpha Gamma(-alpha) Re((mu - i w)^alpha - mu^alpha)         alpha != 1
/// psi(w) = (1/pi) (mu ln(1 + w^2/mu^2) - 2 w atan(w/mu))                   alpha  = 1
/// ```
///
/// (Koponen 1995; Rosiński 2007). By symmetry nothing needs centring. All moments are finite,
/// `Var Z_t = 2 c_alpha Gamma(2-alpha) mu^(alpha-2) t`. As `mu` tends to 0 it becomes stable motion; over
/// times well above `mu^-alpha` it looks Gaussian.
///
/// [`Noise::small_jumps`] leaves out the jumps beyond a radius: then
/// `psi(w) = 2 c_alpha int_0^radius (cos(w y) - 1) y^(-1-alpha) e^(-mu y) dy`.
pub struct TemperedStable {
    alpha: f64,
    mu: f64,
    /// The largest jump; infinite unless the process was truncated.
    radius: f64,
}

impl TemperedStable {
    /// The process with index `alpha` and tempering rate `mu`, per unit of `Z`.
    ///
    /// # Errors
    /// [`IntegratorError::Parameter`] unless `0.2 <= alpha < 2`, [`IntegratorError::NotPositive`] for `mu`.
    pub fn new(alpha: f64, mu: f64) -> Result<Self, IntegratorError> {
        let (alpha, mu) = (stable_index(alpha)?, positive("the tempering rate mu", mu)?);
        Ok(Self { alpha, mu, radius: f64::INFINITY })
    }

    /// Mass of the measure beyond `r` on one side, without truncation.
    fn mass_beyond(&self, r: f64) -> f64 {
        tail_constant(self.alpha) * pow(r, -self.alpha) * exponential_integral(self.alpha, self.mu * r)
    }
}

impl Noise for TemperedStable {
    fn scaling_index(&self) -> f64 {
        self.alpha
    }

    fn gaussian_variance(&self) -> f64 {
        0.0
    }

    fn has_jumps(&self) -> bool {
        true
    }

    /// `c_alpha r^-alpha E_{1+alpha}(mu r)` with the exponential integral, less the same at the radius of
    /// truncation.
    fn jump_tail(&self, _side: Side, r: f64) -> f64 {
        if r >= self.radius {
            0.0
        } else if self.radius.is_finite() {
            self.mass_beyond(r) - self.mass_beyond(self.radius)
        } else {
            self.mass_beyond(r)
        }
    }

    fn exponent(&self, w: f64) -> [f64; 2] {
        let re = if self.radius.is_finite() {
            SmallJumps::new(self.alpha, self.mu, self.radius).exponent(w)
        } else {
            tempered_exponent(self.alpha, self.mu, w)
        };
        [re, 0.0]
    }

    fn sampler(&self, step: f64) -> Result<Box<dyn Sampler>, IntegratorError> {
        sampler(self.alpha, 0.0, Rule::Temper { mu: self.mu, end: self.radius }, step)
    }

    /// Tempered and truncated.
    fn small_jumps(&self, radius: f64) -> Result<Box<dyn Noise>, IntegratorError> {
        let radius = positive("the radius of truncation", radius)?.min(self.radius);
        Ok(Box::new(Self { alpha: self.alpha, mu: self.mu, radius }))
    }
}
