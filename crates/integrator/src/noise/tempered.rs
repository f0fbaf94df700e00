//! Tempered stable noise.

use super::small_jumps::{Rule, exponential_integral, sampler, tempered_exponent};
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
pub struct TemperedStable {
    alpha: f64,
    mu: f64,
}

impl TemperedStable {
    /// The process with index `alpha` and tempering rate `mu`, per unit of `Z`.
    ///
    /// # Errors
    /// [`IntegratorError::Parameter`] unless `0.2 <= alpha < 2`, [`IntegratorError::NotPositive`] for `mu`.
    pub fn new(alpha: f64, mu: f64) -> Result<Self, IntegratorError> {
        Ok(Self { alpha: stable_index(alpha)?, mu: positive("the tempering rate mu", mu)? })
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

    /// `c_alpha r^-alpha E_{1+alpha}(mu r)` with the exponential integral.
    fn jump_tail(&self, _side: Side, r: f64) -> f64 {
        tail_constant(self.alpha) * pow(r, -self.alpha) * exponential_integral(self.alpha, self.mu * r)
    }

    fn exponent(&self, w: f64) -> [f64; 2] {
        [tempered_exponent(self.alpha, self.mu, w), 0.0]
    }

    fn sampler(&self, step: f64) -> Result<Box<dyn Sampler>, IntegratorError> {
        sampler(self.alpha, Rule::Temper(self.mu), step)
    }
}
