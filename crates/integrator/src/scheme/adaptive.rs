//! Steps that fit the place.

use super::variable::on_the_line;
use super::{ClockedScheme, Clocks, Flow};
use crate::dispatch;
use crate::error::{IntegratorError, positive};
use crate::math::{exp, ln};
use crate::noise::{BLOCK, Noise, Sampler};
use crate::potential::Drift;
use crate::rng::{LANES, LaneRng};

/// How fine the steps of [`Adaptive`] are.
#[derive(Debug, Clone, PartialEq)]
pub struct Resolution {
    /// Largest product of a step and the slope `|b'|` of the drift where the step begins.
    pub drift: f64,
    /// Largest share that the noise of a step has of the distance to the nearest edge.
    pub noise: f64,
    /// The shortest step is the longest one times `2^-levels`; at most 40.
    pub levels: u32,
    /// The edges: ends of the domain, of targets.
    pub edges: Vec<f64>,
}

impl Default for Resolution {
    /// `drift` 0.1, `noise` 0.1, `levels` 10, no edges.
    fn default() -> Self {
        Self { drift: 0.1, noise: 0.1, levels: 10, edges: Vec::new() }
    }
}

/// Drift-flow splitting with steps `2^-j h`: the flow of the drift over the step, then the noise's increment.
///
/// The level j is the smallest one with
///
/// ```text
/// 2^-j h |b'(x)| <= c_drift   and   epsilon (2^-j h)^(1/alpha) <= c_noise (distance of x to the nearest edge)
/// ```
///
/// at the place x where the step begins, so that the step does not look ahead, and the increment over it is
/// exact in law by self-similarity. A step of length `2^-j h` begins at a multiple of its length: every path
/// visits all multiples of h. Weak order 1 in h like [`Splitting`](super::Splitting), and stable with it;
/// exits are seen at distances that the longest step would jump over, at some more steps near the edges (the
/// bias by exits within a step falls as `h^min(1, 1/alpha)` of the shortest step).
pub struct Adaptive<'a> {
    drift: &'a dyn Drift,
    flow: Flow<'a>,
    sampler: Box<dyn Sampler>,
    epsilon: f64,
    step: f64,
    alpha: f64,
    /// Variance of the Gaussian part over a unit of time, amplitude included.
    variance: f64,
    has_jumps: bool,
    resolution: Resolution,
    /// Length of a step of each level, and the noise's scale over it, amplitude included.
    lengths: Vec<f64>,
    scales: Vec<f64>,
}

/// Levels beyond this would leave the clock's integers.
const MOST_LEVELS: u32 = 40;
/// Distance of a central difference, in half lengths of the window.
const DIFFERENCE: f64 = 1e-5;

impl<'a> Adaptive<'a> {
    /// The scheme with longest step `step` for noise of amplitude `epsilon`; `window` says which distances
    /// matter.
    ///
    /// # Errors
    /// More than one dimension; noise that is not self-similar; numbers that must be positive and are not.
    pub fn new(
        drift: &'a dyn Drift,
        noise: &dyn Noise,
        epsilon: f64,
        step: f64,
        window: [f64; 2],
        resolution: Resolution,
    ) -> Result<Self, IntegratorError> {
        on_the_line(drift, noise)?;
        if !noise.is_self_similar() {
            return Err(IntegratorError::Scheme { scheme: "adaptive", noise: "self-similar noise" });
        }
        let (step, epsilon) = (positive("step", step)?, positive("epsilon", epsilon)?);
        positive("resolution of the drift", resolution.drift)?;
        positive("resolution of the noise", resolution.noise)?;
        let levels = resolution.levels.min(MOST_LEVELS);
        let edges = resolution.edges.iter().copied().filter(|edge| edge.is_finite()).collect();
        let alpha = noise.scaling_index();
        let lengths: Vec<f64> = (0..=levels).map(|level| libm::ldexp(step, -(level as i32))).collect();
        Ok(Self {
            drift,
            flow: Flow::new(drift, step, &[window]),
            sampler: noise.sampler(1.0)?,
            epsilon,
            step,
            alpha,
            variance: noise.gaussian_variance() * epsilon * epsilon,
            has_jumps: noise.has_jumps(),
            scales: lengths.iter().map(|length| epsilon * libm::pow(*length, 1.0 / alpha)).collect(),
            lengths,
            resolution: Resolution { levels, edges, ..resolution },
        })
    }

    /// Writes the level of the next step of each lane.
    fn levels(&self, clocks: &Clocks, lanes: usize, half: f64, out: &mut [u32; LANES]) {
        let mut around = [[[0.0; LANES]]; 2];
        let mut forces = [[[0.0; LANES]]; 2];
        for ((around, forces), side) in around.iter_mut().zip(&mut forces).zip([-1.0, 1.0]) {
            for (around, x) in around[0][..lanes].iter_mut().zip(&clocks.x) {
                *around = x + side * DIFFERENCE * half;
            }
            self.drift.drift(around, lanes, forces);
        }
        let Resolution { drift, noise, levels, ref edges } = self.resolution;
        let factors = [drift, noise / self.epsilon, self.alpha];
        let mut allowed = [0.0; LANES];
        allow(&clocks.x[..lanes], &around, &forces, edges, factors, &mut allowed);
        for lane in 0..lanes {
            // The least level with 2^-level step <= allowed, from the exponent of the ratio.
            let ratio = (self.step / allowed[lane]).max(1.0).to_bits();
            let above = (ratio >> 52) - 1023 + u64::from(ratio << 12 != 0);
            // A step begins at a multiple of its length.
            let aligned = levels - clocks.ticks[lane].trailing_zeros().min(levels);
            out[lane] = aligned.max(above.min(u64::from(levels)) as u32);
        }
    }
}

dispatch! {
    /// Writes the longest step that the slope of the drift and the distance to the edges allow; 0 where the
    /// slope is not a number.
    fn allow[](x: &[f64], around: &[[[f64; LANES]; 1]; 2], forces: &[[[f64; LANES]; 1]; 2], edges: &[f64], factors: [f64; 3], out: &mut [f64; LANES]) = allow_kernel
}

#[inline(always)]
fn allow_kernel(
    x: &[f64],
    around: &[[[f64; LANES]; 1]; 2],
    forces: &[[[f64; LANES]; 1]; 2],
    edges: &[f64],
    [drift, noise, alpha]: [f64; 3],
    out: &mut [f64; LANES],
) {
    let lanes = x.len().min(LANES);
    let mut distance = [f64::INFINITY; LANES];
    for edge in edges {
        for (distance, x) in distance[..lanes].iter_mut().zip(x) {
            *distance = distance.min((x - edge).abs());
        }
    }
    for lane in 0..lanes {
        let run = around[1][0][lane] - around[0][0][lane];
        let slope = (forces[1][0][lane] - forces[0][0][lane]).abs() / run;
        let by_drift = if slope >= 0.0 { drift / slope } else { 0.0 };
        let by_noise = exp(alpha * ln((noise * distance[lane]).clamp(1e-300, 1e300)));
        out[lane] = by_noise.min(by_drift);
    }
}

impl ClockedScheme for Adaptive<'_> {
    fn step(&self) -> f64 {
        self.step
    }

    fn advance(&self, rng: &mut LaneRng, lanes: usize, clocks: &mut Clocks) {
        if clocks.row == 0 {
            self.sampler.fill(rng, lanes, &mut clocks.blocks);
        }
        clocks.begin(lanes);
        let mut levels = [0; LANES];
        self.levels(clocks, lanes, self.flow.half_length(), &mut levels);
        let (mut times, mut moved) = ([0.0; LANES], [[0.0; LANES]]);
        for (time, level) in times[..lanes].iter_mut().zip(levels) {
            *time = self.lengths[level as usize];
        }
        self.flow.advance_by(&[clocks.x], &times[..lanes], &mut moved);
        let Clocks { x, time, reached, jumped, variance, on_grid, ticks, blocks, row, .. } = clocks;
        let increments = if self.has_jumps { &blocks[0].jumps } else { &blocks[0].diffusion };
        let unit = libm::ldexp(self.step, -(self.resolution.levels as i32));
        for lane in 0..lanes {
            x[lane] = moved[0][lane] + self.scales[levels[lane] as usize] * increments[*row][lane];
            reached[lane] = if self.has_jumps { moved[0][lane] } else { x[lane] };
            jumped[lane] = self.has_jumps;
            variance[lane] = self.variance * times[lane];
            ticks[lane] += 1 << (self.resolution.levels - levels[lane]);
            time[lane] = ticks[lane] as f64 * unit;
            on_grid[lane] = ticks[lane].trailing_zeros() >= self.resolution.levels;
        }
        *row = (*row + 1) % BLOCK;
    }
}
