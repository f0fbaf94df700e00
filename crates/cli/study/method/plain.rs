//! Independent paths, all alike, each until it ends.

use std::ops::ControlFlow;

use levyscape_analyzer::estimate::{PathStatistics, weak_order};
use levyscape_engine::sink::Rows;
use levyscape_engine::{EngineError, Ensemble, PathPair};
use levyscape_integrator::Sde;

use super::{Answers, Simulated, Work};
use crate::scenario::{DEFAULT_PATHS, EnsembleSpec, Method};
use crate::study::problem::{EnsembleTask, Problem};

/// The weak order of the step error of a task.
pub(super) fn order(problem: &Problem, task: &EnsembleTask) -> f64 {
    let noise = problem.noise.as_ref();
    if task.space.is_some() {
        // In several dimensions there is no test of crossings within a step: Brownian exits are late by
        // sqrt(h).
        weak_order(noise.scaling_index(), false)
    } else {
        weak_order(noise.jump_index(), !noise.has_jumps())
    }
}

/// The paths of one start.
pub(super) fn ensemble<'a>(
    sde: &'a Sde<'a>,
    problem: &Problem,
    task: &EnsembleTask,
    spec: &EnsembleSpec,
    work: &Work<'_>,
) -> Result<Ensemble<'a>, EngineError> {
    let stepping = task.stepping(&problem.choice, problem.clocked, spec.step_bias);
    let ensemble = Ensemble::new(sde, &task.start(), task.region(), &stepping, work.streams.key)?;
    Ok(ensemble.with_numbers(work.streams.position, work.streams.starts))
}

pub(super) fn estimate(
    problem: &Problem,
    task: &EnsembleTask,
    spec: &EnsembleSpec,
    work: &mut Work<'_>,
) -> Result<Simulated, EngineError> {
    let sde = problem.sde()?;
    let ensemble = ensemble(&sde, problem, task, spec, work)?;
    let mut statistics = PathStatistics::new(task.questions(), order(problem, task));
    let most = spec.paths.unwrap_or(DEFAULT_PATHS);
    let dimension = task.start().len();
    let pair = spec.step_bias && problem.clocked.is_none();
    let width = PathPair::width(dimension, pair);
    let rows = Rows {
        point: work.streams.key.point,
        task: work.streams.key.task,
        first_path: work.streams.position,
        stride: work.streams.starts,
        start: task.start(),
        paths: &[],
    };
    let mut failed = None;
    let mut seen = 0;
    let Work { journal, table, control, progress, .. } = work;
    table.begin(&task.region());
    progress.begin(Some(most), None);
    let consume = |number: u64, words: &[u64]| {
        let Some(pair) = PathPair::from_words(words, dimension, pair) else {
            failed = Some(EngineError::Table("a record of the journal is no path".to_owned()));
            return ControlFlow::Break(());
        };
        statistics.push(&pair);
        seen = number + 1;
        let [paths, censored, diverged, _] = statistics.counts();
        progress.note(paths, paths - censored - diverged);
        if let Err(error) = table.append(&rows, number, pair) {
            failed = Some(error);
            return ControlFlow::Break(());
        }
        ControlFlow::Continue(())
    };
    journal.records(work.unit, 0..most, width, consume, |range, emit| {
        let mut words = Vec::with_capacity(width);
        ensemble.stream(range, control, |number, pair| {
            pair.to_words(dimension, &mut words);
            emit(number, &words)
        })
    })?;
    if let Some(error) = failed {
        return Err(error);
    }
    table.flush(&rows, seen)?;
    Ok(Simulated {
        method: Method::Plain,
        reason: None,
        step: problem.choice.step,
        counts: statistics.counts(),
        reached: None,
        answers: Answers::Paths(Box::new(statistics)),
    })
}
