//! Independent paths, all alike, each until it ends.

use std::ops::ControlFlow;

use levyscape_analyzer::estimate::{
    Decision, Look, PathStatistics, Questions, StepSearch, StoppingRule, weak_order,
};
use levyscape_engine::sink::Rows;
use levyscape_engine::{EngineError, Ensemble, Stepping};
use levyscape_integrator::{Sde, StreamKey};

use super::{Answers, Chosen, Simulated, Work, path_records};
use crate::scenario::{DEFAULT_PATHS, EnsembleSpec, Method};
use crate::study::problem::{EnsembleTask, Problem};

/// Paths that a search for the relative error takes at the most.
const MOST_PATHS: u64 = 1_000_000_000;
/// What tells the streams of pilots from those of the run.
const PILOTS: u64 = 1 << 63;

/// The weak order of the step error of a task.
pub(super) fn order(problem: &Problem, task: &EnsembleTask) -> f64 {
    let noise = problem.noise.as_ref();
    let sees_crossings = task.space.as_ref().is_none_or(|space| space.region.domain.sees_crossings());
    if sees_crossings {
        weak_order(noise.jump_index(), !noise.has_jumps())
    } else {
        // Looked at on the grid only, Brownian exits are late by sqrt(h).
        weak_order(noise.scaling_index(), false)
    }
}

/// Whether paths have a companion at twice the step.
fn has_pairs(problem: &Problem, spec: &EnsembleSpec) -> bool {
    spec.step_bias && problem.clocked.is_none()
}

pub(super) fn estimate(
    problem: &Problem,
    task: &EnsembleTask,
    spec: &EnsembleSpec,
    chosen: Chosen,
    work: &mut Work<'_>,
) -> Result<Simulated, EngineError> {
    let sde = problem.sde()?;
    let order = order(problem, task);
    let stepping = task.stepping(&problem.choice, problem.clocked, spec.step_bias);
    let step = match chosen.target {
        Some(error) if !problem.step_is_given && has_pairs(problem, spec) => {
            search(&sde, task, &stepping, StepSearch::new(stepping.step, error, order), order, work)?
        }
        _ => stepping.step,
    };
    let stepping = Stepping { step, ..stepping };
    let ensemble = Ensemble::new(&sde, &task.start(), task.region(), &stepping, work.streams.key)?
        .with_numbers(work.streams.position, work.streams.starts);
    let most = if chosen.target.is_some() { MOST_PATHS } else { spec.paths.unwrap_or(DEFAULT_PATHS) };
    let dimension = task.start().len();
    let mut statistics = PathStatistics::new(task.questions(), order).with_places(task.exit_places(problem));
    let rule = chosen.target.map(|relative_error| StoppingRule { relative_error });
    let (mut look, mut reached) = (StoppingRule::FIRST_LOOK, rule.map(|_| false));
    let rows = Rows {
        point: work.streams.key.point,
        task: work.streams.key.task,
        first_path: work.streams.position,
        stride: work.streams.starts,
        start: task.start(),
        paths: &[],
    };
    let mut seen = 0;
    let Work { journal, table, control, progress, unit, .. } = work;
    table.begin(&task.region());
    progress.begin(rule.is_none().then_some(most), chosen.target);
    let grids = [dimension, if has_pairs(problem, spec) { 2 } else { 1 }];
    path_records(journal, *unit, 0..most, &ensemble, grids, control, |number, pair| {
        statistics.push(&pair);
        seen = number + 1;
        let [paths, censored, diverged, _] = statistics.counts();
        progress.note(paths, paths - censored - diverged);
        table.append(&rows, number, pair)?;
        let Some(rule) = rule.filter(|_| seen == look) else { return Ok(ControlFlow::Continue(())) };
        if let Some(mean) = statistics.mean_time() {
            progress.note_error(mean.relative_error());
        }
        Ok(match rule.look(&statistics) {
            Look::GoOn { paths } => {
                look = paths;
                ControlFlow::Continue(())
            }
            Look::Reached => {
                reached = Some(true);
                ControlFlow::Break(())
            }
            Look::Hopeless => ControlFlow::Break(()),
        })
    })?;
    table.flush(&rows, seen)?;
    Ok(Simulated {
        method: Method::Plain,
        reason: chosen.reason,
        step,
        counts: statistics.counts(),
        reached,
        answers: Answers::Paths(Box::new(statistics)),
        levels: Vec::new(),
    })
}

/// The step whose error hardly matters beside the relative error that is asked for, found by pilots on streams
/// of their own.
fn search(
    sde: &Sde<'_>,
    task: &EnsembleTask,
    stepping: &Stepping,
    mut search: StepSearch,
    order: f64,
    work: &mut Work<'_>,
) -> Result<f64, EngineError> {
    let dimension = task.start().len();
    let mut decision = search.first();
    let mut stage = 0;
    loop {
        let (step, paths) = match decision {
            Decision::Take { step } => return Ok(step),
            Decision::Pilot { step, paths } => (step, paths),
        };
        stage += 1;
        let key = StreamKey { task: work.streams.key.task | PILOTS, ..work.streams.key };
        let stepping = Stepping { step, ..stepping.clone() };
        let starts = work.streams.starts;
        // Pilot number p has the streams p * 2^40 on.
        let first = (u64::from(stage) << 40) * starts + work.streams.position;
        let ensemble =
            Ensemble::new(sde, &task.start(), task.region(), &stepping, key)?.with_numbers(first, starts);
        let mut statistics = PathStatistics::new(Questions::default(), order);
        let unit = levyscape_engine::journal::Unit { stage, ..work.unit };
        let Work { journal, control, progress, .. } = work;
        progress.begin(Some(paths), None);
        path_records(journal, unit, 0..paths, &ensemble, [dimension, 2], control, |_, pair| {
            statistics.push(&pair);
            progress.note(statistics.counts()[0], 0);
            Ok(ControlFlow::Continue(()))
        })?;
        decision = search.next(&statistics);
    }
}
