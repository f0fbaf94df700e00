//! The integrated hazard: jump noise on the line.

use levyscape_engine::{EngineError, Hazard, HazardSettings, Region, Well};
use levyscape_integrator::{Sde, StreamKey};

use super::replicated::{self, About};
use super::{Chosen, Simulated, Work, key_of};
use crate::scenario::EnsembleSpec;
use crate::study::problem::{EnsembleTask, Problem};

/// Rate of relaxation of a flat minimum, in units of that of a parabola with the same rise over the same
/// distance.
const FLAT: f64 = 0.1;

pub(super) fn build<'a>(
    sde: &'a Sde<'a>,
    problem: &Problem,
    task: &EnsembleTask,
    key: StreamKey,
) -> Result<Hazard<'a>, EngineError> {
    let Region::Line(region) = task.region() else {
        return Err(EngineError::Hazard("it is for equations on the line"));
    };
    let wells = wells(problem, task);
    let settings = HazardSettings {
        landing: task.landing.clone(),
        survival: task.survival_times.clone(),
        ..HazardSettings::default()
    };
    let step = if problem.step_is_given {
        // A step that the scenario gives is not exceeded in any well.
        let slowest = wells.iter().map(|well| well.relaxation_rate).fold(f64::INFINITY, f64::min);
        settings.step.min(problem.choice.step * slowest)
    } else if problem.landscape.minima.iter().any(|minimum| minimum.curvature == 0.0) {
        // The slow end of the relaxation at a flat minimum says how long to wait, not how fast paths move.
        FLAT * settings.step
    } else {
        settings.step
    };
    Hazard::new(sde, task.problem.start, &region, &wells, &HazardSettings { step, ..settings }, key)
}

/// The basins of the landscape.
pub(super) fn wells(problem: &Problem, task: &EnsembleTask) -> Vec<Well> {
    let landscape = &problem.landscape;
    let potential = problem.force.potential.as_ref();
    let ends = [task.problem.lower, task.problem.upper];
    let well = |well: &levyscape_analyzer::landscape::Well| {
        let minimum = landscape.minimum(well.minimum)?;
        let reach = well.distance_left.min(well.distance_right);
        let mut rise = well.depth / (reach * reach);
        if !rise.is_finite() {
            // A well without an edge: what counts is how it rises up to where the paths stop.
            let ends = ends.iter().filter(|end| end.is_finite() && **end != minimum.x);
            let rises = ends.map(|end| {
                let distance = end - minimum.x;
                (potential.value(*end) - minimum.u) / (distance * distance)
            });
            rise = rises.filter(|rise| *rise > 0.0).fold(f64::INFINITY, f64::min);
        }
        let flat = if rise.is_finite() { FLAT * 2.0 * rise } else { f64::MIN_POSITIVE };
        let relaxation_rate = minimum.curvature.max(flat);
        Some(Well { minimum: minimum.x, left: well.left, right: well.right, relaxation_rate })
    };
    landscape.wells.iter().filter_map(well).collect()
}

pub(super) fn estimate(
    problem: &Problem,
    task: &EnsembleTask,
    spec: &EnsembleSpec,
    chosen: Chosen,
    work: &mut Work<'_>,
) -> Result<Simulated, EngineError> {
    let sde = problem.sde()?;
    let hazard = build(&sde, problem, task, key_of(work.streams))?;
    let step = hazard.step();
    replicated::estimate(&hazard, About { chosen, step, order: 1.0 }, spec, work)
}
