//! Adaptive multilevel splitting: noise without jumps on the line.

use levyscape_engine::{EngineError, LevelSplitting, Levels, Region};
use levyscape_integrator::{Sde, StreamKey};

use super::replicated::{self, About};
use super::{Chosen, Simulated, Work, key_of};
use crate::scenario::EnsembleSpec;
use crate::study::problem::{EnsembleTask, Problem};

/// Particles of a replica, unless the scenario says otherwise.
const PARTICLES: u64 = 64;
/// Weak order of the scheme of Strang.
const ORDER: f64 = 2.0;
/// The step, in units of the fastest relaxation and of the time in which the noise bridges the narrowest stretch,
/// unless the scenario gives one.
const STEP: f64 = 0.05;

pub(super) fn build<'a>(
    sde: &'a Sde<'a>,
    problem: &Problem,
    task: &EnsembleTask,
    spec: &EnsembleSpec,
    key: StreamKey,
) -> Result<LevelSplitting<'a>, EngineError> {
    let Region::Line(region) = task.region() else { return Err(EngineError::Continuous) };
    let start = task.problem.start;
    let basin = problem.landscape.basin_of(start);
    let minimum = basin.map(|well| problem.landscape.minima[well].x);
    // A start in a basin whose minimum does not count is its own anchor.
    let anchor = minimum.filter(|x| !task.problem.stops_at(*x)).unwrap_or(start);
    let levels = |step| Levels {
        anchor,
        around: None,
        particles: spec.particles.unwrap_or(PARTICLES) as usize,
        step,
        window: task.window,
    };
    let relaxing = step(problem);
    let splitting = LevelSplitting::new(sde, start, &region, &levels(relaxing), super::outputs(task), key)?;
    // The same step in a parabola, where the level is at the root of its variance over a relaxation time.
    let deviation = splitting.narrowest() / problem.one_epsilon();
    let narrow = STEP * deviation * deviation / problem.noise.gaussian_variance();
    if problem.step_is_given || narrow >= relaxing {
        return Ok(splitting);
    }
    LevelSplitting::new(sde, start, &region, &levels(narrow), super::outputs(task), key)
}

fn step(problem: &Problem) -> f64 {
    if problem.step_is_given {
        return problem.choice.step;
    }
    let landscape = &problem.landscape;
    let fastest = landscape.minima.iter().chain(&landscape.saddles).map(|point| point.curvature.abs());
    let fastest = fastest.fold(0.0, f64::max);
    if fastest > 0.0 { STEP / fastest } else { problem.choice.step }
}

pub(super) fn estimate(
    problem: &Problem,
    task: &EnsembleTask,
    spec: &EnsembleSpec,
    chosen: Chosen,
    work: &mut Work<'_>,
) -> Result<Simulated, EngineError> {
    let sde = problem.sde()?;
    let splitting = build(&sde, problem, task, spec, key_of(work.streams))?;
    let about = About { chosen, step: splitting.step(), order: ORDER };
    replicated::estimate(&splitting, about, spec, work)
}
