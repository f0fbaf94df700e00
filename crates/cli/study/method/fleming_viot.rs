//! Fleming–Viot particles: any noise.

use levyscape_engine::{EngineError, FlemingViot, Output, Population};
use levyscape_integrator::{Sde, StreamKey};

use super::replicated::{self, About};
use super::{Chosen, Simulated, Work, key_of, plain};
use crate::scenario::EnsembleSpec;
use crate::study::problem::{EnsembleTask, Problem};

/// Particles of a system, unless the scenario says otherwise.
const PARTICLES: u64 = 128;
/// After so many relaxation times the law of a path that has not stopped counts as quasi-stationary.
const RELAXATIONS: f64 = 8.0;
/// The time that is counted, in units of the one before.
const MEASURING: f64 = 4.0;

pub(super) fn build<'a>(
    sde: &'a Sde<'a>,
    problem: &Problem,
    task: &EnsembleTask,
    spec: &EnsembleSpec,
    key: StreamKey,
) -> Result<FlemingViot<'a>, EngineError> {
    let rate = match &task.space {
        Some(space) => space.relaxation_rate.ok_or(EngineError::NoRelaxation)?,
        None => relaxation_rate(problem, task),
    };
    let relaxation = RELAXATIONS / rate;
    let population = Population {
        scheme: problem.choice.kind,
        step: problem.choice.step,
        window: vec![task.window; task.start().len()],
        relaxation,
        burn_in: relaxation,
        measuring: MEASURING * relaxation,
        particles: spec.particles.unwrap_or(PARTICLES) as usize,
    };
    let mut outputs = super::outputs(task);
    outputs.extend(task.survival_times.iter().map(|&t| Output::Survival(t)));
    FlemingViot::new(sde, &task.start(), task.region(), &population, outputs, key)
}

/// The rate at which the law of a path within the domain comes to rest: of the slowest of the wells that the
/// domain holds; without any, that of the diffusion or the jumps across it.
fn relaxation_rate(problem: &Problem, task: &EnsembleTask) -> f64 {
    let inside = |x: f64| x > task.problem.lower && x < task.problem.upper;
    let wells = super::hazard::wells(problem, task);
    let slowest = wells
        .iter()
        .filter(|well| inside(well.minimum))
        .map(|well| well.relaxation_rate)
        .fold(f64::INFINITY, f64::min);
    if slowest.is_finite() {
        return slowest;
    }
    let length = task.problem.upper - task.problem.lower;
    let length = if length.is_finite() { length } else { 1.0 };
    let index = problem.noise.scaling_index();
    levyscape_integrator::math::pow(problem.one_epsilon() / (0.5 * length), index)
}

pub(super) fn estimate(
    problem: &Problem,
    task: &EnsembleTask,
    spec: &EnsembleSpec,
    chosen: Chosen,
    work: &mut Work<'_>,
) -> Result<Simulated, EngineError> {
    let sde = problem.sde()?;
    let system = build(&sde, problem, task, spec, key_of(work.streams))?;
    let about = About { chosen, step: problem.choice.step, order: plain::order(problem, task) };
    replicated::estimate(&system, about, spec, work)
}
