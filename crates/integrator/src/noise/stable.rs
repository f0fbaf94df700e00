//! Alpha-stable Lévy motion.

use core::f64::consts::{FRAC_2_PI, FRAC_PI_2, PI};

use std::sync::Arc;

use super::formula::Formula;
use super::law::Law;
use super::table::QuantileTable;
use super::{Noise, NoiseBlock, Sampler, SamplerKind, Side, TruncatedStable};
use crate::error::IntegratorError;
use crate::math::pow;
use crate::rng::LaneRng;

/// Stable motion `L` with tail index `0 < alpha < 2` and skewness `-1 <= beta <= 1`:
/// `E exp(i w L_t) = exp(t psi(w))` with the exponent of the parameterisation S1,
///
/// ```text
/// psi(w) = -|w|^alpha (1 - i beta sgn(w) tan(pi alpha/2)),
/// psi(w) = -|w| (1 + i beta (2/pi) sgn(w) ln|w|)              for alpha = 1.
/// ```
///
/// Lévy measure `(1 +- beta) c_alpha |y|^(-1-alpha) dy` on `+-y > 0` with [`tail_constant`] `c_alpha`.
/// For `alpha > 1` the process is centred, for `alpha < 1` it is the sum of its jumps. As `alpha` tends to 1
/// for fixed `beta` other than 0, its drift grows without bound: S1 does not connect to `alpha = 1`.
///
/// An increment over a time `h` has the law of `h^(1/alpha) L_1`, at `alpha = 1` of
/// `h L_1 + (2/pi) beta h ln h`. It comes from the tabulated inverse of the distribution function, one draw
/// each, or, where there is no table and where asked for, from the formula of Chambers, Mallows and Stuck.
pub struct Stable {
    alpha: f64,
    beta: f64,
    /// `None`: by the formula.
    table: Option<Arc<QuantileTable>>,
}

impl Stable {
    /// The process with tail index `alpha` and skewness `beta`, drawn by table where there is one.
    ///
    /// # Errors
    /// [`IntegratorError::TailIndex`] unless `0 < alpha < 2` (at 2 the process is Brownian motion),
    /// [`IntegratorError::Skewness`] unless `-1 <= beta <= 1`.
    pub fn new(alpha: f64, beta: f64) -> Result<Self, IntegratorError> {
        Self::with_sampler(alpha, beta, SamplerKind::Auto)
    }

    /// The same process, drawn by the formula: exact to some 1e-15, and the reference for the table.
    ///
    /// # Errors
    /// As for [`Stable::new`].
    pub fn by_formula(alpha: f64, beta: f64) -> Result<Self, IntegratorError> {
        Self::with_sampler(alpha, beta, SamplerKind::Formula)
    }

    /// The same process, drawn as `sampler` says.
    ///
    /// # Errors
    /// As for [`Stable::new`]; [`IntegratorError::NoTable`] where the table is asked for and there is none.
    pub fn with_sampler(alpha: f64, beta: f64, sampler: SamplerKind) -> Result<Self, IntegratorError> {
        if !(alpha > 0.0 && alpha < 2.0) {
            return Err(IntegratorError::TailIndex(alpha));
        }
        check_skewness(beta)?;
        let tabulated = Law::can_be_tabulated(alpha, beta);
        let table = match sampler {
            SamplerKind::Formula => None,
            SamplerKind::Table if !tabulated => return Err(IntegratorError::NoTable { alpha, beta }),
            SamplerKind::Table | SamplerKind::Auto => tabulated.then(|| QuantileTable::skewed(alpha, beta)),
        };
        Ok(Self { alpha, beta, table })
    }
}

/// Checks that a skewness is one.
pub(super) fn check_skewness(beta: f64) -> Result<(), IntegratorError> {
    if (-1.0..=1.0).contains(&beta) { Ok(()) } else { Err(IntegratorError::Skewness(beta)) }
}

impl Noise for Stable {
    fn scaling_index(&self) -> f64 {
        self.alpha
    }

    fn is_self_similar(&self) -> bool {
        self.alpha != 1.0 || self.beta == 0.0
    }

    fn gaussian_variance(&self) -> f64 {
        0.0
    }

    fn has_jumps(&self) -> bool {
        true
    }

    fn jump_tail(&self, side: Side, r: f64) -> f64 {
        let weight = match side {
            Side::Lower => 1.0 - self.beta,
            Side::Upper => 1.0 + self.beta,
        };
        weight * tail_constant(self.alpha) / self.alpha * pow(r, -self.alpha)
    }

    fn exponent(&self, w: f64) -> [f64; 2] {
        let size = pow(w.abs(), self.alpha);
        let skew = if self.beta == 0.0 || w == 0.0 {
            0.0
        } else if self.alpha == 1.0 {
            -self.beta * FRAC_2_PI * libm::log(w.abs())
        } else {
            skewed_tangent(self.alpha, self.beta)
        };
        [-size, size * skew * w.signum()]
    }

    fn sampler(&self, step: f64) -> Result<Box<dyn Sampler>, IntegratorError> {
        Ok(match &self.table {
            Some(table) => {
                Box::new(Tabulated { table: Arc::clone(table), scale: pow(step, 1.0 / self.alpha) })
            }
            None => Box::new(Formula::new(self.alpha, self.beta, step)),
        })
    }

    /// [`TruncatedStable`] with the same index and skewness.
    fn small_jumps(&self, radius: f64) -> Result<Box<dyn Noise>, IntegratorError> {
        Ok(Box::new(TruncatedStable::skewed(self.alpha, self.beta, radius)?))
    }
}

struct Tabulated {
    table: Arc<QuantileTable>,
    scale: f64,
}

impl Sampler for Tabulated {
    fn fill(&self, rng: &mut LaneRng, lanes: usize, blocks: &mut [NoiseBlock]) {
        for block in blocks {
            self.table.fill(self.scale, 0.0, rng, lanes, &mut block.jumps);
        }
    }
}

impl Sampler for Formula {
    fn fill(&self, rng: &mut LaneRng, lanes: usize, blocks: &mut [NoiseBlock]) {
        for block in blocks {
            self.rows(rng, lanes, &mut block.jumps);
        }
    }
}

/// `z = beta tan(pi alpha/2)`, `alpha` in (0, 2) but not 1: the exponent is `-|w|^alpha (1 - i sgn(w) z)`,
/// and an S1 variate lies `z` above the S0 variate of the same law.
pub(super) fn skewed_tangent(alpha: f64, beta: f64) -> f64 {
    // From the nearest zero or pole, so that no digits are lost.
    beta * if alpha < 0.5 {
        libm::tan(FRAC_PI_2 * alpha)
    } else if alpha < 1.5 {
        1.0 / libm::tan(FRAC_PI_2 * (1.0 - alpha))
    } else {
        -libm::tan(FRAC_PI_2 * (2.0 - alpha))
    }
}

/// What makes an increment over a time `step` of `step^(1/alpha) L_1` when added:
/// `(2/pi) beta step ln(step)` at `alpha = 1`, else 0.
pub(super) fn logarithmic_drift(alpha: f64, beta: f64, step: f64) -> f64 {
    if alpha == 1.0 { FRAC_2_PI * beta * step * libm::log(step) } else { 0.0 }
}

/// The constant `c_alpha = alpha Gamma(alpha) sin(pi alpha / 2) / pi` of the Lévy measure
/// `c_alpha |y|^(-1-alpha) dy` of the process with `E exp(i w L_t) = exp(-t |w|^alpha)`.
///
/// Papers that take the measure `|y|^(-1-alpha) dy` speak of another process,
/// `c_alpha^(-1/alpha) L`: their rates are ours divided by `c_alpha`.
/// One-sided tail: `P(L_1 > x) ~ (c_alpha / alpha) x^-alpha`. Zero at `alpha = 2`,
/// about `2 - alpha` close to it; NaN outside `[0, 2]`.
#[must_use]
pub fn tail_constant(alpha: f64) -> f64 {
    if !(0.0..=2.0).contains(&alpha) {
        return f64::NAN;
    }
    // The sine is taken from its nearer zero: no digits are lost as alpha tends to 2.
    let nearer = if alpha > 1.0 { 2.0 - alpha } else { alpha };
    libm::tgamma(1.0 + alpha) * libm::sin(FRAC_PI_2 * nearer) / PI
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tangent_near_its_zeros_and_poles() {
        let tiny = libm::ldexp(1.0, -33);
        for (alpha, exact) in [
            (0.5, 1.0),
            (1.5, -1.0),
            (tiny, FRAC_PI_2 * tiny),
            (2.0 - tiny, -FRAC_PI_2 * tiny),
            (1.0 - tiny, FRAC_2_PI / tiny),
            (1.0 + tiny, -FRAC_2_PI / tiny),
        ] {
            assert!((skewed_tangent(alpha, 1.0) / exact - 1.0).abs() < 1e-15, "{alpha}");
            assert_eq!(skewed_tangent(alpha, -0.5), -0.5 * skewed_tangent(alpha, 1.0));
        }
    }

    #[test]
    fn what_is_refused() {
        for alpha in [0.0, -1.0, 2.0, 2.1, f64::NAN] {
            assert!(matches!(Stable::new(alpha, 0.0), Err(IntegratorError::TailIndex(_))));
        }
        for beta in [-1.01, 1.01, f64::NAN, f64::INFINITY] {
            assert!(matches!(Stable::new(1.5, beta), Err(IntegratorError::Skewness(_))));
            let law = super::super::NoiseLaw::Stable { alpha: 2.0, beta, sampler: SamplerKind::Auto };
            assert!(matches!(law.build(), Err(IntegratorError::Skewness(_))));
        }
        for (alpha, beta) in [(0.3, 0.0), (1.0, 0.5), (1.001, 1.0)] {
            let table = Stable::with_sampler(alpha, beta, SamplerKind::Table);
            assert!(matches!(table, Err(IntegratorError::NoTable { .. })));
        }
        assert!(Stable::with_sampler(1.5, -0.5, SamplerKind::Table).is_ok());
    }
}
