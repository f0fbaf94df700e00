//! Symmetric alpha-stable Lévy motion.

use core::f64::consts::{FRAC_PI_2, FRAC_PI_4, PI};

use std::sync::Arc;

use super::table::QuantileTable;
use super::{BLOCK, Noise, NoiseBlock, Sampler, Side};
use crate::dispatch;
use crate::error::IntegratorError;
use crate::math::{exp, ln, pow, sin_quarter, uniform, with_sign};
use crate::rng::{LANES, LaneRng};

/// Symmetric stable motion `L` with `E exp(i w L_t) = exp(-t |w|^alpha)`, `0 < alpha < 2`.
///
/// Lévy measure `c_alpha |y|^(-1-alpha) dy` with [`tail_constant`] `c_alpha`.
///
/// Increments come from the tabulated inverse of the distribution function, one draw each, or, below
/// `alpha = 0.5` and where asked for, from the formula of Chambers, Mallows and Stuck (1976),
///
/// ```text
/// X = sin(alpha V) / cos(V)^(1/alpha) * (cos((1-alpha) V) / W)^((1-alpha)/alpha),
/// ```
///
/// with `V` uniform on (-pi/2, pi/2) and `W` standard exponential. It is evaluated in
/// `t = pi/2 - |V|`, in which no factor loses digits for any alpha, alpha = 1 included: every
/// cosine becomes the sine of a sum of positive terms in [0, pi/2].
pub struct Stable {
    alpha: f64,
    /// `None`: by the formula of Chambers, Mallows and Stuck.
    table: Option<Arc<QuantileTable>>,
}

/// Below this index the polynomials of the table lose digits.
const SMALLEST_TABULATED: f64 = 0.5;

impl Stable {
    /// The process with tail index `alpha` and skewness `beta`.
    ///
    /// # Errors
    /// [`IntegratorError::TailIndex`] unless `0 < alpha < 2`. (At 2 the process is Brownian motion.)
    pub fn new(alpha: f64, beta: f64) -> Result<Self, IntegratorError> {
        let by_formula = Self::by_formula(alpha, beta)?;
        let table = (alpha >= SMALLEST_TABULATED).then(|| QuantileTable::stable(alpha));
        Ok(Self { table, ..by_formula })
    }

    /// The same process, sampled by the formula of Chambers, Mallows and Stuck for every alpha: exact to
    /// some 1e-15 and slower; the reference for the table.
    ///
    /// # Errors
    /// As for [`Stable::new`].
    pub fn by_formula(alpha: f64, _beta: f64) -> Result<Self, IntegratorError> {
        if alpha > 0.0 && alpha < 2.0 {
            Ok(Self { alpha, table: None })
        } else {
            Err(IntegratorError::TailIndex(alpha))
        }
    }
}

impl Noise for Stable {
    fn scaling_index(&self) -> f64 {
        self.alpha
    }

    fn is_self_similar(&self) -> bool {
        true
    }

    fn gaussian_variance(&self) -> f64 {
        0.0
    }

    fn has_jumps(&self) -> bool {
        true
    }

    fn jump_tail(&self, _side: Side, r: f64) -> f64 {
        tail_constant(self.alpha) / self.alpha * pow(r, -self.alpha)
    }

    fn exponent(&self, w: f64) -> [f64; 2] {
        [-pow(w.abs(), self.alpha), 0.0]
    }

    fn sampler(&self, step: f64) -> Result<Box<dyn Sampler>, IntegratorError> {
        let scale = pow(step, 1.0 / self.alpha);
        Ok(Box::new(Increments { alpha: self.alpha, scale, table: self.table.clone() }))
    }
}

struct Increments {
    alpha: f64,
    scale: f64,
    table: Option<Arc<QuantileTable>>,
}

impl Sampler for Increments {
    fn fill(&self, rng: &mut LaneRng, lanes: usize, blocks: &mut [NoiseBlock]) {
        for block in blocks {
            match &self.table {
                Some(table) => table.fill(self.scale, 0.0, rng, lanes, &mut block.jumps),
                None => fill(self.alpha, self.scale, rng, lanes, &mut block.jumps),
            }
        }
    }
}

dispatch! {
    fn fill[](alpha: f64, scale: f64, rng: &mut LaneRng, lanes: usize, rows: &mut [[f64; LANES]; BLOCK]) = fill_kernel
}

#[inline(always)]
fn fill_kernel(alpha: f64, scale: f64, rng: &mut LaneRng, lanes: usize, rows: &mut [[f64; LANES]; BLOCK]) {
    let lanes = lanes.min(LANES);
    let (mut angle, mut waiting) = ([0; LANES], [0; LANES]);
    let distance = (1.0 - alpha).abs();
    let inverse = 1.0 / alpha;
    let power = (1.0 - alpha) / alpha;
    for row in rows {
        rng.next(lanes, &mut angle);
        rng.next(lanes, &mut waiting);
        let out = &mut row[..lanes];
        for k in 0..lanes {
            let t = FRAC_PI_2 * uniform(angle[k]);
            let w = -ln(uniform(waiting[k]));
            // sin(alpha V) = 2 sin(alpha V / 2) cos(alpha V / 2)
            let half_sine = sin_quarter(0.5 * alpha * (FRAC_PI_2 - t));
            let half_cosine = sin_quarter((2.0 - alpha) * FRAC_PI_4 + 0.5 * alpha * t);
            let cosine = sin_quarter(t);
            let tilted = sin_quarter((1.0 - distance) * FRAC_PI_2 + distance * t);
            let exponent = power * (ln(tilted) - ln(w)) - inverse * ln(cosine);
            out[k] = scale * with_sign(2.0 * half_sine * half_cosine * exp(exponent), angle[k]);
        }
    }
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
