//! Stable noise in several dimensions without a preferred direction.

use core::f64::consts::{FRAC_PI_2, PI};

use std::sync::Arc;

use super::table::QuantileTable;
use super::{BLOCK, Brownian, Noise, NoiseBlock, Sampler, Side, Stable, TruncatedIsotropic};
use crate::dispatch;
use crate::error::{IntegratorError, positive};
use crate::math::{exp, ln, pow, sin_quarter, uniform};
use crate::rng::{LANES, LaneRng};

/// Rotation-invariant stable motion in `d` dimensions, `E exp(i w.Z_t) = exp(-t |w|^alpha)`.
///
/// At `alpha = 2` this is `sqrt(2) B`. Below, the Lévy measure is `C_{d,alpha} |z|^(-d-alpha) dz` (see
/// [`isotropic_constant`]); each coordinate alone, and each projection on a direction, is the symmetric
/// stable motion on the line.
///
/// Increments are `sqrt(2 A) G` with `G` standard normal in `d` dimensions and `A` positive stable,
/// `E exp(-s A) = exp(-s^rho)`, `rho = alpha/2`, by the formula of Kanter (1975),
///
/// ```text
/// A = sin(rho U) / sin(U)^(1/rho) * (sin((1-rho) U) / W)^((1-rho)/rho),
/// ```
///
/// `U` uniform on (0, pi), `W` standard exponential, evaluated in the distance of `U` to the nearer end so
/// that no sine loses digits. One `A` serves all coordinates of a step.
pub struct Isotropic {
    alpha: f64,
    dimension: usize,
    coordinate: Box<dyn Noise>,
}

impl Isotropic {
    /// The process with tail index `alpha` in `dimension` dimensions.
    ///
    /// # Errors
    /// [`IntegratorError::TailIndex`] unless `0 < alpha <= 2`, [`IntegratorError::NotPositive`] for
    /// dimension 0.
    pub fn new(alpha: f64, dimension: usize) -> Result<Self, IntegratorError> {
        positive("dimension", dimension as f64)?;
        let coordinate: Box<dyn Noise> = if alpha == 2.0 {
            Box::new(Brownian::with_variance(2.0))
        } else {
            Box::new(Stable::new(alpha, 0.0)?)
        };
        Ok(Self { alpha, dimension, coordinate })
    }
}

impl Noise for Isotropic {
    fn dimension(&self) -> usize {
        self.dimension
    }

    fn coordinate(&self, k: usize) -> Option<&dyn Noise> {
        (k < self.dimension).then_some(self.coordinate.as_ref())
    }

    fn scaling_index(&self) -> f64 {
        self.alpha
    }

    fn is_self_similar(&self) -> bool {
        true
    }

    fn gaussian_variance(&self) -> f64 {
        self.coordinate.gaussian_variance()
    }

    fn has_jumps(&self) -> bool {
        self.coordinate.has_jumps()
    }

    fn jump_tail(&self, side: Side, r: f64) -> f64 {
        self.coordinate.jump_tail(side, r)
    }

    /// `C_{d,alpha}/alpha * 2 pi^(d/2)/Gamma(d/2) * r^-alpha`, see [`isotropic_constant`].
    fn radial_tail(&self, r: f64) -> Option<f64> {
        Some(radial_constant(self.alpha, self.dimension) / self.alpha * pow(r, -self.alpha))
    }

    fn exponent(&self, w: f64) -> [f64; 2] {
        self.coordinate.exponent(w)
    }

    fn sampler(&self, step: f64) -> Result<Box<dyn Sampler>, IntegratorError> {
        if !self.has_jumps() {
            // The Gaussian sampler serves any number of independent coordinates.
            return self.coordinate.sampler(step);
        }
        let log_scale = libm::log(step) / self.alpha;
        Ok(Box::new(Increments { alpha: self.alpha, log_scale, normal: QuantileTable::stable(2.0) }))
    }

    /// [`TruncatedIsotropic`]; the process itself at `alpha = 2`.
    fn small_jumps(&self, radius: f64) -> Result<Box<dyn Noise>, IntegratorError> {
        if self.has_jumps() {
            return Ok(Box::new(TruncatedIsotropic::new(self.alpha, self.dimension, radius)?));
        }
        positive("the radius of small jumps", radius)?;
        Ok(Box::new(Self::new(self.alpha, self.dimension)?))
    }
}

/// The constant `C_{d,alpha} = alpha 2^(alpha-1) Gamma((d+alpha)/2) / (pi^(d/2) Gamma(1-alpha/2))` of the
/// Lévy measure `C_{d,alpha} |z|^(-d-alpha) dz` of the process with `E exp(i w.Z_t) = exp(-t |w|^alpha)`;
/// `C_{1,alpha}` is [`tail_constant`](super::tail_constant). The measure of `|z| > r` is
/// `C_{d,alpha}/alpha * 2 pi^(d/2)/Gamma(d/2) * r^-alpha`.
///
/// Zero at `alpha = 2`; NaN outside `[0, 2]`.
#[must_use]
pub fn isotropic_constant(alpha: f64, dimension: usize) -> f64 {
    if !(0.0..=2.0).contains(&alpha) {
        return f64::NAN;
    }
    let d = dimension as f64;
    // 1/Gamma(1 - alpha/2) = (1 - alpha/2)/Gamma(2 - alpha/2): nothing overflows at alpha = 2. Logarithms,
    // as the gamma function of a large dimension overflows.
    let gammas = libm::lgamma(0.5 * (d + alpha)) - libm::lgamma(2.0 - 0.5 * alpha);
    let size = libm::exp((alpha - 1.0) * core::f64::consts::LN_2 + gammas - 0.5 * d * libm::log(PI));
    alpha * (1.0 - 0.5 * alpha) * size
}

/// The constant `s = 2 pi^(d/2)/Gamma(d/2) C_{d,alpha}` of the measure `s r^(-1-alpha) dr` of the norm of a
/// jump.
pub(super) fn radial_constant(alpha: f64, dimension: usize) -> f64 {
    let d = dimension as f64;
    let sphere = 2.0 * libm::exp(0.5 * d * libm::log(PI) - libm::lgamma(0.5 * d));
    isotropic_constant(alpha, dimension) * sphere
}

struct Increments {
    alpha: f64,
    /// `ln h^(1/alpha)`
    log_scale: f64,
    /// Variance 2: the factor `sqrt(2)` of `sqrt(2 A)` is in the table.
    normal: Arc<QuantileTable>,
}

impl Sampler for Increments {
    fn fill(&self, rng: &mut LaneRng, lanes: usize, blocks: &mut [NoiseBlock]) {
        let mut roots = [[0.0; LANES]; BLOCK];
        subordinator_roots(self.alpha, self.log_scale, rng, lanes, &mut roots);
        for block in blocks {
            self.normal.fill(1.0, 0.0, rng, lanes, &mut block.jumps);
            scale_rows(&roots, lanes, &mut block.jumps);
        }
    }
}

dispatch! {
    fn subordinator_roots[](alpha: f64, log_scale: f64, rng: &mut LaneRng, lanes: usize, rows: &mut [[f64; LANES]; BLOCK]) = subordinator_roots_kernel
}

/// No root exceeds `e^690`, so that a product with a normal variable stays finite.
const LARGEST: f64 = 690.0;

/// `sqrt(A) h^(1/alpha)` for each step and lane.
#[inline(always)]
fn subordinator_roots_kernel(
    alpha: f64,
    log_scale: f64,
    rng: &mut LaneRng,
    lanes: usize,
    rows: &mut [[f64; LANES]; BLOCK],
) {
    let lanes = lanes.min(LANES);
    let (mut angle, mut waiting) = ([0; LANES], [0; LANES]);
    let rho = 0.5 * alpha;
    let rest = 0.5 * (2.0 - alpha);
    let inverse = 1.0 / alpha;
    let power = rest / alpha;
    for row in rows {
        rng.next(lanes, &mut angle);
        rng.next(lanes, &mut waiting);
        let out = &mut row[..lanes];
        for k in 0..lanes {
            // U = t or pi - t, by the lowest bit.
            let t = FRAC_PI_2 * uniform(angle[k]);
            let far = angle[k] & 1 == 1;
            let w = -ln(uniform(waiting[k]));
            let reflected = |part: f64, other: f64| {
                // sin(part U) from the nearer zero of the sine.
                let (below, above) = (part * (PI - t), other * PI + part * t);
                let nearer = if below < above { below } else { above };
                sin_quarter(if far { nearer } else { part * t })
            };
            let (first, second) = (reflected(rho, rest), reflected(rest, rho));
            let exponent = power * ln(second / w) - inverse * ln(sin_quarter(t)) + log_scale;
            out[k] = first.sqrt() * exp(if exponent < LARGEST { exponent } else { LARGEST });
        }
    }
}

dispatch! {
    pub(super) fn scale_rows[](factors: &[[f64; LANES]; BLOCK], lanes: usize, rows: &mut [[f64; LANES]; BLOCK]) = scale_rows_kernel
}

#[inline(always)]
fn scale_rows_kernel(factors: &[[f64; LANES]; BLOCK], lanes: usize, rows: &mut [[f64; LANES]; BLOCK]) {
    let lanes = lanes.min(LANES);
    for (row, factors) in rows.iter_mut().zip(factors) {
        for (x, factor) in row[..lanes].iter_mut().zip(factors) {
            *x *= factor;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tail_constant;
    use super::*;

    #[test]
    fn constants_of_the_levy_measure() {
        for alpha in [0.1, 0.5, 1.0, 1.5, 1.9, 2.0 - 1e-9] {
            let line = isotropic_constant(alpha, 1);
            assert!((line / tail_constant(alpha) - 1.0).abs() < 1e-13, "{alpha}: {line}");
            // The marginal of the measure on the first axis: the mass of z_1 > r in the plane is
            // C/alpha r^-alpha int_{-pi/2}^{pi/2} cos^alpha = c_alpha/alpha r^-alpha.
            let wallis = PI.sqrt() * libm::tgamma(0.5 * (1.0 + alpha)) / libm::tgamma(1.0 + 0.5 * alpha);
            let plane = isotropic_constant(alpha, 2) * wallis;
            assert!((plane / tail_constant(alpha) - 1.0).abs() < 1e-13, "{alpha}: {plane}");
        }
        assert_eq!(isotropic_constant(2.0, 3), 0.0);
        assert!(isotropic_constant(2.1, 3).is_nan());
        // 1/(2 pi) is the constant of the Cauchy process in the plane; 1/pi^2 in space.
        assert!((isotropic_constant(1.0, 3) * PI * PI - 1.0).abs() < 1e-14);
        assert!((isotropic_constant(1.0, 2) * 2.0 * PI - 1.0).abs() < 1e-14);
    }
}
