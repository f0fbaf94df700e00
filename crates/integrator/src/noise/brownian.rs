//! Brownian motion.

use core::f64::consts::FRAC_PI_2;

use super::{BLOCK, Noise, NoiseBlock};
use crate::dispatch;
use crate::math::{ln, sin_quarter, uniform, uniform_from_half, with_sign};
use crate::rng::{LANES, LaneRng};

/// Brownian motion with `Var Z_t = variance * t`.
///
/// Increments come from the polar form of Box and Muller (1958): with `W` exponential and `theta`
/// uniform on (0, pi/2), `sqrt(2W) sin(theta)` and `sqrt(2W) cos(theta)` with independent random signs
/// are two independent standard normal variables.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Brownian {
    variance: f64,
}

impl Brownian {
    /// Standard Brownian motion, `Var Z_t = t`.
    #[must_use]
    pub fn standard() -> Self {
        Self { variance: 1.0 }
    }

    pub(super) fn with_variance(variance: f64) -> Self {
        Self { variance }
    }
}

impl Noise for Brownian {
    fn stability_index(&self) -> f64 {
        2.0
    }

    fn continuous_variance(&self) -> Option<f64> {
        Some(self.variance)
    }

    fn jump_tail(&self, _r: f64) -> f64 {
        0.0
    }

    fn fill(&self, rng: &mut LaneRng, lanes: usize, block: &mut NoiseBlock) {
        fill(self.variance, rng, lanes, block);
    }
}

dispatch! {
    fn fill[](variance: f64, rng: &mut LaneRng, lanes: usize, block: &mut NoiseBlock) = fill_kernel
}

#[inline(always)]
fn fill_kernel(variance: f64, rng: &mut LaneRng, lanes: usize, block: &mut NoiseBlock) {
    let lanes = lanes.min(LANES);
    let (mut radius, mut angle, mut crossing) = ([0; LANES], [0; LANES], [0; LANES]);
    for step in (0..BLOCK).step_by(2) {
        rng.next(lanes, &mut radius);
        rng.next(lanes, &mut angle);
        rng.next(lanes, &mut crossing);
        let (first, second) = block.increments[step..].split_at_mut(1);
        let (first, second) = (&mut first[0][..lanes], &mut second[0][..lanes]);
        for k in 0..lanes {
            let r = (-2.0 * variance * ln(uniform(radius[k]))).sqrt();
            let u = uniform(angle[k]);
            first[k] = with_sign(r * sin_quarter(FRAC_PI_2 * u), angle[k]);
            second[k] = with_sign(r * sin_quarter(FRAC_PI_2 * (1.0 - u)), angle[k] >> 1);
        }
        let (first, second) = block.exponentials[step..].split_at_mut(1);
        let (first, second) = (&mut first[0][..lanes], &mut second[0][..lanes]);
        for k in 0..lanes {
            first[k] = -ln(uniform_from_half(crossing[k]));
            second[k] = -ln(uniform_from_half(crossing[k] >> 32));
        }
    }
}
