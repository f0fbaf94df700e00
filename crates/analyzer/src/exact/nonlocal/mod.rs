//! The generator's own equations, solved to many digits.
//!
//! For `dX = b(X) dt + eps dZ`, `b = -U'`, with Z stable (symmetric or skewed), Gaussian or both, the
//! generator is
//!
//! ```text
//! A u(x) = b u' + D u'' + int [u(x+y) - u(x) - compensator] nu(dy),   nu(dy) = s c_+- |y|^(-1-alpha) dy
//! ```
//!
//! with `s = eps^alpha`. The mean time to the stop set solves `A u = -1` with `u = 0` on the whole stop
//! set, the second moment `A v = -2u`, the probability of stopping in a set `A p = 0` with `p` its
//! indicator on the stop set.
//!
//! # Method
//!
//! With `q(z) = (z^(1-alpha) - 1)/(1-alpha)` (`ln z` at `alpha = 1`) the jump part is the derivative of a
//! flux, `F(x) = -(s c_+/alpha) int_{y>x} u'(y) q(y-x) dy - (s c_-/alpha) int_{y<x} u'(y) q(x-y) dy`, up to
//! a drift. The unknown is `u'`, a polynomial on each element of a mesh graded geometrically towards the
//! edges of the domain and the critical points of U; the equation is integrated over control volumes
//! whose edges are the Gauss points of the elements, moved downstream where transport rules (a finite
//! volume element method of high order). The integrals of Legendre polynomials against the kernel are
//! exact to rounding. Working with `u'` keeps small rates apart from rounding: a rate is never the
//! difference of two large sums.
//!
//! A problem is solved on meshes of increasing fineness (*levels*); the error that is given is twice the
//! change from the last level but one to the last, which is larger than the error of the value by a factor
//! of about the convergence ratio, typically a hundred, but not less than what smooth problems have on the
//! level.
//!
//! Measured against closed forms, an independent Galerkin solver and each other in the tests; see
//! `docs/methods.md` for the table of orders.

mod chain;
mod evolution;
mod mesh;
mod problem;
mod quasi;
mod rule;
mod system;
#[cfg(test)]
mod tests;

use levyscape_integrator::potential::Potential;

use crate::theory::NoiseLaw;
use crate::theory::levy::tail_coefficient;

pub use chain::WellChain;
pub use problem::{Answers, Questions, stopped};
pub use quasi::{QuasiStationary, quasi_stationary};

/// A number and a bound on its error.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bounded {
    /// The value.
    pub value: f64,
    /// At most this far from the truth: twice the change of the value at the last refinement, or
    /// what a closed form loses to rounding.
    pub error: f64,
}

/// Why an equation was not solved.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ExactError {
    /// The noise has no generator of the form that is solved here.
    #[error("the noise is not stable, Gaussian or a sum of both")]
    Noise,
    /// The start is not inside the domain.
    #[error("the start {start} is not inside the domain")]
    Start {
        /// The start.
        start: f64,
    },
    /// At an open end the drift does not bring paths back.
    #[error("the drift does not bring paths back from beyond {x}")]
    NotConfined {
        /// Where the drift was looked at.
        x: f64,
    },
    /// Paths that are thrown far out at an open end come back too late.
    #[error("paths thrown far out come back so late that the mean is infinite or out of reach")]
    LateReturn,
    /// As [`LateReturn`](Self::LateReturn), of the second moment only.
    #[error("paths thrown far out come back so late that the second moment is infinite or out of reach")]
    SecondMoment,
    /// The time has no exponential tail.
    #[error("the survival function does not fall exponentially")]
    NoRate,
    /// A Gaussian problem without a quadrature.
    #[error("an open end that the drift does not close, or a number beyond the range of floating point")]
    Quadrature,
    /// There is nothing that stops a path.
    #[error("nothing stops the path")]
    Endless,
    /// The drift is not finite in the domain, or the numbers left the range of floating point.
    #[error("the drift or the solution is not finite in the domain")]
    NotFinite,
    /// The mesh would have more unknowns than allowed.
    #[error("the mesh would need {unknowns} unknowns, more than {most}")]
    TooLarge {
        /// Unknowns of the mesh.
        unknowns: usize,
        /// The limit.
        most: usize,
    },
}

/// The generator of `dX = -U'(X) dt + eps dZ`.
#[derive(Clone, Copy)]
pub struct Generator<'a> {
    potential: &'a dyn Potential,
    alpha: f64,
    /// `s c_-/alpha`, `s c_+/alpha`.
    jumps: [f64; 2],
    diffusion: f64,
    /// Drift that the flux form leaves over.
    excess: f64,
}

impl<'a> Generator<'a> {
    /// The generator of a noise over a potential; `None` for noises that are neither stable nor Gaussian.
    #[must_use]
    pub fn new(potential: &'a dyn Potential, noise: NoiseLaw) -> Option<Self> {
        if let Some(diffusion) = noise.diffusion() {
            return Some(Self { potential, alpha: 2.0, jumps: [0.0; 2], diffusion, excess: 0.0 });
        }
        match noise {
            NoiseLaw::Stable { alpha, beta, epsilon } => Self::of_parts(potential, alpha, beta, epsilon, 0.0),
            NoiseLaw::StableAndGaussian { alpha, beta, weight, gaussian, epsilon } => {
                let gaussian = epsilon * gaussian;
                Self::of_parts(potential, alpha, beta, epsilon * weight, 0.5 * gaussian * gaussian)
            }
            NoiseLaw::Brownian { .. } | NoiseLaw::Other { .. } => None,
        }
    }

    /// `Z` stable with amplitude `epsilon` (S1, `0 < alpha < 2`) beside a Brownian part `sqrt(2D) B`.
    /// `None` for parameters out of range.
    #[must_use]
    pub fn of_parts(
        potential: &'a dyn Potential,
        alpha: f64,
        beta: f64,
        epsilon: f64,
        diffusion: f64,
    ) -> Option<Self> {
        let valid = alpha > 0.0
            && alpha < 2.0
            && (-1.0..=1.0).contains(&beta)
            && epsilon > 0.0
            && epsilon.is_finite()
            && diffusion >= 0.0
            && diffusion.is_finite();
        if !valid {
            return None;
        }
        let rate = libm::pow(epsilon, alpha) * tail_coefficient(alpha);
        let jumps = [(1.0 - beta) * rate, (1.0 + beta) * rate];
        // S1 has no compensator for alpha < 1 and a full one for alpha > 1. At alpha = 1 the jumps above
        // the amplitude are not compensated and the drift b_1 of that convention comes with it.
        let excess = if beta == 0.0 {
            0.0
        } else if alpha == 1.0 {
            epsilon * std::f64::consts::FRAC_2_PI * beta * (EULER_GAMMA - libm::log(epsilon))
        } else {
            (jumps[1] - jumps[0]) / (1.0 - alpha)
        };
        Some(Self { potential, alpha, jumps, diffusion, excess })
    }

    fn drift(&self, x: f64) -> f64 {
        self.excess - self.potential.gradient(x)
    }

    /// The length over which the noise smooths where the force has this slope.
    fn width(&self, curvature: f64) -> f64 {
        let curvature = curvature.abs();
        let jumps = self.jumps[0] + self.jumps[1];
        let of_jumps = if jumps > 0.0 { libm::pow(jumps / curvature, 1.0 / self.alpha) } else { 0.0 };
        of_jumps.max((self.diffusion / curvature).sqrt())
    }
}

/// Euler's constant.
const EULER_GAMMA: f64 = 0.577_215_664_901_532_9;
