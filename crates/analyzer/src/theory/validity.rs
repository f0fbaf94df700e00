//! When the small-noise theory should not be trusted.

use levyscape_integrator::potential::Potential;
use serde::{Deserialize, Serialize};

use crate::extended_real;
use crate::landscape::{CriticalPoint, Landscape};
use crate::theory::kramers;
use crate::theory::{NoiseLaw, StoppedProblem};

/// A ratio that the theory takes as small is called large from here on.
const LARGE: f64 = 0.2;
/// Below this barrier, in units of `D`, Kramers' formula has no separation of times to stand on.
const LOW_BARRIER: f64 = 3.0;
/// Climbing counts beside jumping when it is this share of it.
const CROSSOVER: f64 = 0.1;
/// Only from this tail index on are the small jumps so much like Brownian motion that they climb.
const CLIMBING_INDEX: f64 = 1.5;

/// The ratios that the small-noise limit takes as small, for one well. Each is dimensionless; the theory
/// becomes exact as all of them tend to 0 (and the barrier to infinity).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Validity {
    /// Number of the well, from the left, from 1.
    pub well: usize,
    /// Its minimum.
    pub minimum: f64,
    /// Left end of what is left: the well's, or before it that of the domain or a target.
    #[serde(with = "extended_real")]
    pub left: f64,
    /// Its right end.
    #[serde(with = "extended_real")]
    pub right: f64,
    /// The theory's rate of leaving, per unit of the equation's time: jumps beyond the ends, or for Gaussian
    /// noise climbing to them.
    pub rate: f64,
    /// Leaving against relaxing: `rate / min U''`, the smallest curvature of all minima. None at a
    /// degenerate minimum.
    pub separation: Option<f64>,
    /// What the noise between large jumps spreads paths over, `epsilon w (alpha U'')^(-1/alpha)` for jumps of
    /// amplitude `epsilon w` plus `sqrt(D/U'')` for a Gaussian part, over the distance to the nearer end. None
    /// at a degenerate minimum and without an end.
    pub background: Option<f64>,
    /// Climbing against jumping: Kramers' rate over `rate`, for jumps. `D` is that of the Gaussian part, and
    /// from `alpha = 1.5` on `(epsilon w)^2` beside, to which jumps tend as alpha tends to 2. None where there
    /// is nothing that climbs.
    pub crossover: Option<f64>,
    /// Height of the lower end over `D`, for Gaussian noise.
    pub barrier: Option<f64>,
}

/// The ratios of every well that paths can stay in, from left to right; none for a noise without theory.
///
/// With a stopped problem the ends are those of its domain and targets where they come before the
/// well's own, and wells that paths cannot stay in are left out.
///
/// ```
/// use levyscape_analyzer::landscape::Landscape;
/// use levyscape_analyzer::theory::{NoiseLaw, StoppedProblem, validity};
/// use levyscape_integrator::potential::ClosurePotential;
///
/// let parabola = ClosurePotential::new(|x: f64| 0.5 * x * x, |x: f64| x);
/// let landscape = Landscape::find(&parabola, None)?;
/// let exit = StoppedProblem::exit(0.0, -1.0, 1.0);
/// let at = |epsilon: f64| validity(&parabola, &landscape, NoiseLaw::stable(1.0, epsilon), Some(&exit));
/// // The rate is 2 epsilon / pi, the curvature and the distance are 1.
/// let one = &at(0.01)[0];
/// assert!(one.separation.is_some_and(|ratio| (ratio - 0.02 / std::f64::consts::PI).abs() < 1e-9));
/// assert!(one.background.is_some_and(|ratio| (ratio - 0.01).abs() < 1e-9));
/// assert!(one.remarks(NoiseLaw::stable(1.0, 0.01)).is_empty());
/// assert_eq!(at(0.5)[0].remarks(NoiseLaw::stable(1.0, 0.5)).len(), 2);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use]
pub fn validity(
    potential: &dyn Potential,
    landscape: &Landscape,
    noise: NoiseLaw,
    problem: Option<&StoppedProblem>,
) -> Vec<Validity> {
    if !noise.is_valid() {
        return Vec::new();
    }
    let slowest = landscape.minima.iter().map(|other| other.curvature).fold(f64::INFINITY, f64::min);
    let mut all = Vec::new();
    for (minimum, well) in landscape.minima.iter().zip(&landscape.wells) {
        let mut ends = [well.left, well.right];
        if let Some(problem) = problem {
            let reachable = noise.diffusion().is_none() || {
                let [left, right] = problem.component(problem.start);
                left < minimum.x && minimum.x < right
            };
            if problem.stops_at(minimum.x) || !reachable {
                continue;
            }
            let [left, right] = problem.component(minimum.x);
            ends = [left.max(ends[0]), right.min(ends[1])];
        }
        let climbing = |diffusion: f64| {
            ends.iter().filter_map(|&end| climb(potential, landscape, minimum, end, diffusion)).sum()
        };
        let distance = (minimum.x - ends[0]).min(ends[1] - minimum.x);
        let diffusion = noise.gaussian_diffusion();
        let (rate, crossover) = match (noise.jump_measure(), noise.jump_scale()) {
            (Some(jumps), Some(scale)) => {
                let rate = scale
                    * (jumps.mass(f64::NEG_INFINITY, ends[0] - minimum.x)
                        + jumps.mass(ends[1] - minimum.x, f64::INFINITY));
                let diffusion = diffusion + small_jumps(noise);
                let climbing: f64 = if diffusion > 0.0 { climbing(diffusion) } else { 0.0 };
                (rate, (climbing > 0.0).then_some(climbing / rate))
            }
            _ => (climbing(diffusion), None),
        };
        let width = (minimum.curvature > 0.0).then(|| {
            let jumps = noise.jump_index().zip(noise.jump_amplitude()).map_or(0.0, |(alpha, amplitude)| {
                amplitude * libm::pow(alpha * minimum.curvature, -1.0 / alpha)
            });
            jumps + (diffusion / minimum.curvature).sqrt()
        });
        let height = ends
            .iter()
            .filter(|end| end.is_finite())
            .map(|&end| potential.value(end) - minimum.u)
            .fold(f64::INFINITY, f64::min);
        let finite = |x: &f64| x.is_finite();
        all.push(Validity {
            well: well.minimum,
            minimum: minimum.x,
            left: ends[0],
            right: ends[1],
            rate,
            separation: (slowest > 0.0).then_some(rate / slowest).filter(finite),
            background: width.filter(|_| distance.is_finite()).map(|width| width / distance).filter(finite),
            crossover: crossover.filter(finite),
            barrier: noise.diffusion().map(|diffusion| height / diffusion).filter(finite),
        });
    }
    all
}

/// Warnings, in words, about using the small-noise theory at this noise: [`Validity::remarks`] of every
/// well. Empty if nothing speaks against it.
#[must_use]
pub fn validity_remarks(
    potential: &dyn Potential,
    landscape: &Landscape,
    noise: NoiseLaw,
    problem: Option<&StoppedProblem>,
) -> Vec<String> {
    let wells = validity(potential, landscape, noise, problem);
    wells.iter().flat_map(|well| well.remarks(noise)).collect()
}

/// The diffusion constant that the jumps of a noise have in common with the Brownian motion to which they
/// tend, `L^2 = sqrt(2) B`; 0 where they are unlike it.
fn small_jumps(noise: NoiseLaw) -> f64 {
    match (noise.jump_index(), noise.jump_amplitude()) {
        (Some(alpha), Some(amplitude)) if alpha > CLIMBING_INDEX => amplitude * amplitude,
        _ => 0.0,
    }
}

/// Kramers' rate of reaching one end: over a saddle, or up a slope.
fn climb(
    potential: &dyn Potential,
    landscape: &Landscape,
    minimum: &CriticalPoint,
    end: f64,
    diffusion: f64,
) -> Option<f64> {
    if !end.is_finite() {
        return None;
    }
    let rate = match landscape.saddle_at(end) {
        Some(saddle) => kramers::crossing_rate(minimum, saddle, diffusion),
        None => kramers::boundary_rate(minimum, potential.value(end), potential.gradient(end), diffusion),
    };
    rate.filter(|rate| rate.is_finite())
}

impl Validity {
    /// What speaks against the theory in this well, in words: the time to leave it is not long against the
    /// time to relax, the noise between jumps is not small against the way to the edge, climbing over
    /// the barrier competes with jumping (alpha close to 2, or a Gaussian part), or, for Gaussian noise, a
    /// barrier of less than about `3 D`.
    #[must_use]
    pub fn remarks(&self, noise: NoiseLaw) -> Vec<String> {
        let well = self.well;
        if noise.diffusion().is_some() {
            let low = self.barrier.filter(|ratio| *ratio < LOW_BARRIER);
            let remark = low.map(|ratio| {
                format!(
                    "the barrier around the minimum of well {well} (x = {:.4}) is {ratio:.2} D high: Kramers' formula \
                     needs several D",
                    self.minimum
                )
            });
            return remark.into_iter().collect();
        }
        let mut remarks = Vec::new();
        let rate = self.rate;
        let distance = (self.minimum - self.left).min(self.right - self.minimum);
        if !distance.is_finite() {
            return remarks;
        }
        if self.separation.is_none_or(|ratio| ratio > LARGE) {
            let relaxation = match self.separation {
                Some(ratio) => format!("{ratio:.2} times the relaxation rate"),
                None => "not slow against the relaxation at a degenerate minimum".into(),
            };
            remarks.push(format!(
                "well {well} is left at the rate {rate:.3e}, {relaxation}: epsilon is too large for the limit to hold"
            ));
        }
        if let Some(ratio) = self.background.filter(|ratio| *ratio > LARGE) {
            remarks.push(format!(
                "the noise between jumps spreads paths in well {well} over {:.3}, not small against the distance \
                 {distance:.3} to its edge: exits are not by one big jump alone",
                ratio * distance
            ));
        }
        if let Some(ratio) = self.crossover.filter(|ratio| *ratio > CROSSOVER) {
            let climbing = ratio * rate;
            remarks.push(if noise.gaussian_diffusion() > small_jumps(noise) {
                format!(
                    "the Gaussian part of the noise climbs out of well {well} (rate about {climbing:.2e}) beside the \
                     jumps (rate {rate:.2e}), and the theory counts only the jumps"
                )
            } else {
                format!(
                    "alpha = {} is close to 2: climbing out of well {well} (rate about {climbing:.2e}) competes with \
                     jumping out (rate {rate:.2e}), and the theory counts only the jumps",
                    noise.jump_index().unwrap_or(f64::NAN)
                )
            });
        }
        remarks
    }
}
