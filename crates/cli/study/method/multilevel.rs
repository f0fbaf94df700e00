//! Multilevel Monte Carlo: most paths on a coarse time grid, few on the fine ones.

use std::ops::ControlFlow;

use levyscape_analyzer::estimate::{Bias, Estimate};
use levyscape_analyzer::summary::LevelSummary;
use levyscape_engine::journal::Unit;
use levyscape_engine::multilevel::{MOST_LEVELS, Multilevel, State, Target, Telescoped, next};
use levyscape_engine::{EngineError, Ensemble, Output, Stepping};
use levyscape_integrator::{SchemeKind, Sde, StreamKey};

use super::{Answers, Chosen, Simulated, Work, path_records, plain};
use crate::scenario::{DEFAULT_ERROR, Method};
use crate::study::problem::{EnsembleTask, Problem};

/// Steps of the coarsest grid, in steps that the program would choose for plain paths.
const COARSEST: f64 = 4.0;

fn stepping(problem: &Problem, task: &EnsembleTask) -> Stepping {
    let mut stepping = task.stepping(&problem.choice, None, true);
    // Explicit Euler was chosen for its step, not for longer ones.
    if !problem.step_is_given && stepping.scheme != SchemeKind::Euler {
        stepping.step *= COARSEST;
    }
    stepping
}

pub(super) fn check(
    sde: &Sde<'_>,
    problem: &Problem,
    task: &EnsembleTask,
    key: StreamKey,
) -> Result<(), EngineError> {
    Ensemble::new(sde, &task.start(), task.region(), &stepping(problem, task), key).map(|_| ())
}

pub(super) fn estimate(
    problem: &Problem,
    task: &EnsembleTask,
    chosen: Chosen,
    work: &mut Work<'_>,
) -> Result<Simulated, EngineError> {
    let sde = problem.sde()?;
    let coarsest = stepping(problem, task);
    let error = chosen.target.unwrap_or(DEFAULT_ERROR);
    let target = Target::new(error, plain::order(problem, task));
    let dimension = task.start().len();
    let mut state = State::default();
    let starts = work.streams.starts;
    let Work { journal, control, progress, unit, streams, .. } = work;
    while let Some(plan) = next(&state, &target) {
        state.plan(&plan);
        for (level, additional) in plan {
            let pair = level > 0;
            let stepping =
                Stepping { step: coarsest.step / (1_u64 << level.min(60)) as f64, pair, ..coarsest.clone() };
            let first = level as u64 * starts + streams.position;
            let ensemble = Ensemble::new(&sde, &task.start(), task.region(), &stepping, streams.key)?
                .with_numbers(first, starts * MOST_LEVELS as u64);
            let had = state.levels.get(level).map_or(0, |level| level.paths);
            progress.begin(Some(additional), None);
            let unit = Unit { stage: level as u32, ..*unit };
            let grids = [dimension, if pair { 2 } else { 1 }];
            path_records(journal, unit, had..had + additional, &ensemble, grids, control, |number, pair| {
                progress.note(number + 1 - had, 0);
                state.push(level, &pair)?;
                Ok(ControlFlow::Continue(()))
            })?;
        }
    }
    let result = Multilevel::new(&state, coarsest.step, &target);
    let mut answers = Vec::new();
    if let Some(time) = &result.time {
        let fine_less_coarse = result.levels.last().map_or(f64::NAN, |level| level.mean);
        answers.push((Output::MeanTime, Some(estimate_of(time, fine_less_coarse, target.order))));
    }
    for (stop, probability) in &result.stops {
        let estimate = estimate_of(probability, f64::NAN, target.order);
        answers.push((Output::StopProbability(*stop), Some(estimate)));
    }
    let total = |of: fn(&levyscape_engine::multilevel::LevelSums) -> u64| state.levels.iter().map(of).sum();
    Ok(Simulated {
        method: Method::Multilevel,
        reason: chosen.reason,
        step: result.levels.last().map_or(coarsest.step, |level| level.step),
        counts: [
            total(|level| level.paths),
            total(|level| level.censored),
            total(|level| level.diverged),
            total(|level| level.steps),
        ],
        reached: Some(result.is_good),
        answers: Answers::Replicas(answers),
        levels: result
            .levels
            .iter()
            .map(|level| LevelSummary {
                step: level.step,
                paths: level.paths,
                mean: level.mean,
                variance: level.variance,
                fine_mean: level.fine_mean,
                steps_per_path: level.cost,
            })
            .collect(),
    })
}

/// The telescoping sum as an estimate. `last` is the mean difference of the last level.
fn estimate_of(sum: &Telescoped, last: f64, order: f64) -> Estimate {
    let statistical = 1.959_963_984_540_054 * sum.std_error;
    // What the last level leaves has a sign: it is added, not averaged.
    let half = statistical + if sum.bias.is_finite() { sum.bias.abs() } else { 0.0 };
    // What Richardson's rule has taken off on the last level.
    let correction = last / (levyscape_integrator::math::pow(2.0, order) - 1.0);
    let fine = sum.estimate - correction;
    let bias = correction.is_finite().then(|| Bias {
        estimate: -correction,
        std_error: sum.bias_std_error,
        fine,
        coarse: fine - last,
        order,
    });
    Estimate {
        value: sum.estimate,
        std_error: sum.std_error,
        ci95: [sum.estimate - half, sum.estimate + half],
        bias,
    }
}
