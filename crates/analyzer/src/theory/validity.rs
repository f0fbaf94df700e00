//! When the small-noise theory should not be trusted.

use crate::landscape::{CriticalPoint, Landscape, Well};
use crate::theory::NoiseLaw;
use crate::theory::kramers;
use crate::theory::levy::tail_coefficient;

/// A ratio that the theory takes as small is called large from here on.
const LARGE: f64 = 0.2;
/// Below this barrier, in units of `D`, Kramers' formula has no separation of times to stand on.
const LOW_BARRIER: f64 = 3.0;
/// Climbing counts beside jumping when it is this share of it.
const CROSSOVER: f64 = 0.1;

/// Warnings, in words, about using the small-noise theory at this noise: the time to leave a well is
/// not long against the time to relax in it, the noise between jumps is not small against the way to
/// the edge, climbing over the barrier competes with jumping (alpha close to 2), or, for Gaussian
/// noise, a barrier of less than about `3 D`. Empty if nothing speaks against it.
#[must_use]
pub fn validity_remarks(landscape: &Landscape, noise: NoiseLaw) -> Vec<String> {
    let mut remarks = Vec::new();
    for (minimum, well) in landscape.minima.iter().zip(&landscape.wells) {
        remarks.extend(match noise.diffusion() {
            Some(diffusion) => gaussian(minimum, well, diffusion),
            None => jumps(landscape, minimum, well, noise),
        });
    }
    remarks
}

fn gaussian(minimum: &CriticalPoint, well: &Well, diffusion: f64) -> Vec<String> {
    let ratio = well.depth / diffusion;
    if ratio < LOW_BARRIER {
        vec![format!(
            "well {} is {ratio:.2} D deep (x = {:.4}): Kramers' formula needs a barrier of several D",
            well.minimum, minimum.x
        )]
    } else {
        Vec::new()
    }
}

fn jumps(landscape: &Landscape, minimum: &CriticalPoint, well: &Well, noise: NoiseLaw) -> Vec<String> {
    let mut remarks = Vec::new();
    let distance = well.distance_left.min(well.distance_right);
    let (Some(alpha), Some(scale)) = (noise.jump_index(), noise.jump_scale()) else { return remarks };
    if !distance.is_finite() {
        return remarks;
    }
    let tail = |d: f64| if d.is_finite() { libm::pow(d, -alpha) } else { 0.0 };
    let rate = scale * tail_coefficient(alpha) * (tail(well.distance_left) + tail(well.distance_right));
    let slowest = landscape.minima.iter().map(|other| other.curvature).fold(f64::INFINITY, f64::min);
    if slowest <= 0.0 || rate / slowest > LARGE {
        let relaxation = if slowest > 0.0 {
            format!("{:.2} times the relaxation rate", rate / slowest)
        } else {
            "not slow against the relaxation at a degenerate minimum".into()
        };
        remarks.push(format!(
            "well {} is left at the rate {rate:.3e}, {relaxation}: epsilon is too large for the limit to hold",
            well.minimum
        ));
    }
    if minimum.curvature > 0.0 {
        let width = noise.epsilon() * libm::pow(alpha * minimum.curvature, -1.0 / alpha);
        if width / distance > LARGE {
            remarks.push(format!(
                "the noise between jumps spreads paths in well {} over {width:.3}, not small against the distance \
                 {distance:.3} to its edge: exits are not by one big jump alone",
                well.minimum
            ));
        }
    }
    if alpha > 1.5 {
        let diffusion = noise.epsilon() * noise.epsilon();
        let climbing: f64 = [well.left, well.right]
            .iter()
            .filter_map(|&edge| landscape.saddle_at(edge))
            .filter_map(|saddle| kramers::crossing_rate(minimum, saddle, diffusion))
            .sum();
        if climbing > CROSSOVER * rate {
            remarks.push(format!(
                "alpha = {alpha} is close to 2: climbing out of well {} (rate about {climbing:.2e}) competes with \
                 jumping out (rate {rate:.2e}), and the theory counts only the jumps",
                well.minimum
            ));
        }
    }
    remarks
}
