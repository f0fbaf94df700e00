//! When the small-noise theory should not be trusted.

use levyscape_integrator::potential::Potential;

use crate::landscape::{CriticalPoint, Landscape, Well};
use crate::theory::kramers;
use crate::theory::{NoiseLaw, StoppedProblem};

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
///
/// With a stopped problem the edges are those of its domain and targets where they come before the
/// well's own, and wells that paths cannot stay in are left out.
#[must_use]
pub fn validity_remarks(
    potential: &dyn Potential,
    landscape: &Landscape,
    noise: NoiseLaw,
    problem: Option<&StoppedProblem>,
) -> Vec<String> {
    let mut remarks = Vec::new();
    for (minimum, well) in landscape.minima.iter().zip(&landscape.wells) {
        let mut edges = [well.left, well.right];
        if let Some(problem) = problem {
            let reachable = noise.diffusion().is_none() || {
                let [left, right] = problem.component(problem.start);
                left < minimum.x && minimum.x < right
            };
            if problem.stops_at(minimum.x) || !reachable {
                continue;
            }
            let [left, right] = problem.component(minimum.x);
            edges = [left.max(edges[0]), right.min(edges[1])];
        }
        let ways = edges.map(|edge| Way {
            distance: (edge - minimum.x).abs(),
            height: if edge.is_finite() { potential.value(edge) - minimum.u } else { f64::INFINITY },
            edge,
        });
        remarks.extend(match noise.diffusion() {
            Some(diffusion) => gaussian(minimum, well, &ways, diffusion),
            None => jumps(potential, landscape, minimum, well, &ways, noise),
        });
    }
    remarks
}

/// The way from a minimum to one edge.
struct Way {
    edge: f64,
    distance: f64,
    height: f64,
}

fn gaussian(minimum: &CriticalPoint, well: &Well, ways: &[Way; 2], diffusion: f64) -> Vec<String> {
    let ratio = ways[0].height.min(ways[1].height) / diffusion;
    if ratio < LOW_BARRIER {
        vec![format!(
            "the barrier around the minimum of well {} (x = {:.4}) is {ratio:.2} D high: Kramers' formula needs \
             several D",
            well.minimum, minimum.x
        )]
    } else {
        Vec::new()
    }
}

fn jumps(
    potential: &dyn Potential,
    landscape: &Landscape,
    minimum: &CriticalPoint,
    well: &Well,
    ways: &[Way; 2],
    noise: NoiseLaw,
) -> Vec<String> {
    let mut remarks = Vec::new();
    let distance = ways[0].distance.min(ways[1].distance);
    let (Some(jumps), Some(scale)) = (noise.jump_measure(), noise.jump_scale()) else { return remarks };
    let alpha = jumps.alpha;
    if !distance.is_finite() {
        return remarks;
    }
    let rate: f64 =
        [jumps.mass(f64::NEG_INFINITY, -ways[0].distance), jumps.mass(ways[1].distance, f64::INFINITY)]
            .into_iter()
            .map(|mass| scale * mass)
            .sum();
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
        let climbing: f64 = ways
            .iter()
            .filter(|way| way.edge.is_finite())
            .filter_map(|way| match landscape.saddle_at(way.edge) {
                Some(saddle) => kramers::crossing_rate(minimum, saddle, diffusion),
                None => {
                    let (value, slope) = (potential.value(way.edge), potential.gradient(way.edge));
                    kramers::boundary_rate(minimum, value, slope, diffusion)
                }
            })
            .filter(|rate| rate.is_finite())
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
