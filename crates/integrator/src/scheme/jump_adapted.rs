//! Large jumps at their own times.

use core::f64::consts::FRAC_2_PI;

use super::variable::on_the_line;
use super::{ClockedScheme, Clocks, Flow};
use crate::dispatch;
use crate::error::{IntegratorError, positive};
use crate::math::{exp, ln, uniform};
use crate::noise::{BLOCK, Brownian, Noise, Sampler, Side, Stable, tail_constant};
use crate::potential::Drift;
use crate::rng::{LANES, LaneRng};

/// The grid of multiples of h together with the times of all jumps of Z larger than r: between two of these
/// times the path follows the drift's flow and a Brownian motion that stands for the small jumps (Asmussen and
/// Rosiński 2001), and each large jump happens at its exact time, from where the path then is.
///
/// For stable noise with `nu(dy) = c_+- |y|^(-1-alpha) dy` the large jumps have the rate
/// `(c_+ + c_-) r^-alpha / alpha` and sizes `r U^(-1/alpha)`; the small ones have the variance
/// `sigma_r^2 = (c_+ + c_-) r^(2-alpha) / (2 - alpha)` and, for skewed noise in the S1 parameterisation,
/// the drift `b_r = (c_+ - c_-) r^(1-alpha) / (1 - alpha)`, or `-(2 beta/pi)(1 - gamma_E - ln r)` at
/// `alpha = 1`, a unit of time.
///
/// The error in law is that of the Gaussian small jumps: over a time h their distribution function is off by
/// at most
///
/// ```text
/// 0.7975 (2 - alpha)^(3/2) r^(alpha/2) / ((3 - alpha) sqrt((c_+ + c_-) h))
/// ```
///
/// (Berry and Esseen), [`JumpAdapted::gaussian_error`]. The default r makes this 0.1 at the step h (the true
/// error is smaller by far, for a symmetric law of the order of its square), or as much as comes
/// with 16 large jumps a step: below alpha = 1 or so plain increments cost less. Weak order 1 in h beside that,
/// stable for every h. What it gains is time: exits by a large jump have exact times, and exits by diffusion
/// are seen by the bridge.
pub struct JumpAdapted<'a> {
    flow: Flow<'a>,
    normal: Box<dyn Sampler>,
    epsilon: f64,
    step: f64,
    alpha: f64,
    radius: f64,
    /// Large jumps a unit of time, and the share of those to the right.
    rate: f64,
    right: f64,
    /// Drift and variance of the small ones a unit of time.
    drift: f64,
    variance: f64,
    gaussian_error: f64,
}

const GAUSSIAN_ERROR: f64 = 0.1;
const MOST_JUMPS_A_STEP: f64 = 16.0;
const EULER_GAMMA: f64 = 0.577_215_664_901_532_9;

impl<'a> JumpAdapted<'a> {
    /// The scheme with grid step `step` for stable or Brownian noise of amplitude `epsilon`; `window` says
    /// which distances matter.
    ///
    /// # Errors
    /// More than one dimension; noise that is neither stable nor Brownian; numbers that must be positive
    /// and are not.
    pub fn new(
        drift: &'a dyn Drift,
        noise: &dyn Noise,
        epsilon: f64,
        step: f64,
        window: [f64; 2],
    ) -> Result<Self, IntegratorError> {
        on_the_line(drift, noise)?;
        let (step, epsilon) = (positive("step", step)?, positive("epsilon", epsilon)?);
        let brownian = Self {
            flow: Flow::new(drift, step, &[window]),
            normal: Brownian::standard().sampler(1.0)?,
            epsilon,
            step,
            alpha: 2.0,
            radius: f64::INFINITY,
            rate: 0.0,
            right: 0.5,
            drift: 0.0,
            variance: noise.gaussian_variance(),
            gaussian_error: 0.0,
        };
        if !noise.has_jumps() {
            return Ok(brownian);
        }
        let alpha = noise.scaling_index();
        let [left, right] = [Side::Lower, Side::Upper].map(|side| noise.jump_tail(side, 1.0));
        if !is_stable(noise, alpha, (right - left) / (right + left)) {
            let noise = "stable or Brownian noise";
            return Err(IntegratorError::Scheme { scheme: "jump_adapted", noise });
        }
        let constant = tail_constant(alpha);
        let error =
            0.7975 * libm::pow(2.0 - alpha, 1.5) / ((3.0 - alpha) * libm::sqrt(2.0 * constant * step));
        let accurate = libm::pow(GAUSSIAN_ERROR / error, 2.0 / alpha);
        let cheap = libm::pow(2.0 * constant * step / (alpha * MOST_JUMPS_A_STEP), 1.0 / alpha);
        let scheme = Self { alpha, right: right / (left + right), gaussian_error: error, ..brownian };
        Ok(scheme.with_radius(accurate.max(cheap)))
    }

    /// The same with large jumps from the size `radius` of Z on; nothing changes for Brownian noise.
    #[must_use]
    pub fn with_radius(self, radius: f64) -> Self {
        let alpha = self.alpha;
        if alpha == 2.0 {
            return self;
        }
        let (constant, beta) = (tail_constant(alpha), 2.0 * self.right - 1.0);
        let drift = if beta == 0.0 {
            0.0
        } else if alpha == 1.0 {
            -FRAC_2_PI * beta * (1.0 - EULER_GAMMA - libm::log(radius))
        } else {
            2.0 * beta * constant * libm::pow(radius, 1.0 - alpha) / (1.0 - alpha)
        };
        Self {
            radius,
            rate: 2.0 * constant / alpha * libm::pow(radius, -alpha),
            drift,
            variance: 2.0 * constant / (2.0 - alpha) * libm::pow(radius, 2.0 - alpha),
            ..self
        }
    }

    /// The size of `Z`'s jumps from which on they count as large.
    #[must_use]
    pub fn radius(&self) -> f64 {
        self.radius
    }

    /// Large jumps a unit of time.
    #[must_use]
    pub fn rate(&self) -> f64 {
        self.rate
    }

    /// The bound of Berry and Esseen on the error of the small jumps' distribution function over a grid step.
    #[must_use]
    pub fn gaussian_error(&self) -> f64 {
        if self.rate == 0.0 { 0.0 } else { self.gaussian_error * libm::pow(self.radius, 0.5 * self.alpha) }
    }

    fn jump(&self, rng: &mut LaneRng, lane: usize) -> f64 {
        let size = self.radius * exp(-ln(uniform(rng.next_of(lane))) / self.alpha);
        if uniform(rng.next_of(lane)) < self.right { size } else { -size }
    }
}

/// Whether the noise is stable motion of scale 1.
fn is_stable(noise: &dyn Noise, alpha: f64, beta: f64) -> bool {
    let Ok(stable) = Stable::by_formula(alpha, beta.clamp(-1.0, 1.0)) else { return false };
    noise.gaussian_variance() == 0.0
        && [0.03, 1.0, 70.0].into_iter().all(|w| {
            let [seen, known] = [noise.exponent(w), stable.exponent(w)];
            seen.iter().zip(known).all(|(seen, known)| (seen - known).abs() <= 1e-9 * (1.0 + known.abs()))
        })
}

dispatch! {
    /// Times of the moves: until the next large jump or the next multiple of the step. The wait for a jump has
    /// no memory, so that it is drawn anew for every move.
    fn move_times[](bits: &[u64], within: &[f64; LANES], factors: [f64; 2], out: &mut [f64; LANES]) = move_times_kernel
}

#[inline(always)]
fn move_times_kernel(bits: &[u64], within: &[f64; LANES], [step, rate]: [f64; 2], out: &mut [f64; LANES]) {
    for ((out, bits), within) in out.iter_mut().zip(bits).zip(within) {
        // Without jumps the wait is infinite.
        *out = (-ln(uniform(*bits)) / rate).min(step - within);
    }
}

impl ClockedScheme for JumpAdapted<'_> {
    fn step(&self) -> f64 {
        self.step
    }

    fn advance(&self, rng: &mut LaneRng, lanes: usize, clocks: &mut Clocks) {
        if clocks.row == 0 {
            self.normal.fill(rng, lanes, &mut clocks.blocks);
        }
        clocks.begin(lanes);
        let Clocks { x, time, reached, jumped, variance, on_grid, ticks, within, blocks, row, .. } = clocks;
        let (mut waits, mut times) = ([0; LANES], [0.0; LANES]);
        rng.next(lanes, &mut waits);
        move_times(&waits[..lanes], within, [self.step, self.rate], &mut times);
        for lane in 0..lanes {
            let left = self.step - within[lane];
            jumped[lane] = times[lane] < left;
            on_grid[lane] = !jumped[lane];
            if jumped[lane] {
                within[lane] += times[lane];
            } else {
                (ticks[lane], within[lane]) = (ticks[lane] + 1, 0.0);
            }
            time[lane] = ticks[lane] as f64 * self.step + within[lane];
        }
        let mut moved = [[0.0; LANES]];
        self.flow.advance_by(&[*x], &times[..lanes], &mut moved);
        for lane in 0..lanes {
            variance[lane] = self.epsilon * self.epsilon * self.variance * times[lane];
            reached[lane] = moved[0][lane]
                + self.epsilon * self.drift * times[lane]
                + variance[lane].sqrt() * blocks[0].diffusion[*row][lane];
            x[lane] = if jumped[lane] {
                reached[lane] + self.epsilon * self.jump(rng, lane)
            } else {
                reached[lane]
            };
        }
        *row = (*row + 1) % BLOCK;
    }
}
