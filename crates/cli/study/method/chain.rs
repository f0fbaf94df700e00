//! Paths of a fixed length, of which the wells are noted.

use std::ops::ControlFlow;

use levyscape_analyzer::estimate::{Estimate, PlaceDensity, PlaceStatistics, VisitStatistics};
use levyscape_engine::journal::Unit;
use levyscape_engine::{EngineError, Replicated};
use levyscape_integrator::SchemeKind;

use super::{Work, replicated};
use crate::scenario::{DEFAULT_PATHS, EnsembleSpec};
use crate::study::chain::ChainTask;
use crate::study::problem::Problem;

/// Replicas that a search for the error takes at the most.
const MOST_REPLICAS: u64 = 1 << 24;
/// Replicas before the first look at the error of the probabilities, and of the occupations.
const FIRST_LOOKS: [u64; 2] = [1024, 128];
/// Each look is at so many times the replicas of the last.
const NEXT_LOOK: f64 = 1.1;

/// What came out of a task `chain`: of paths looked at at some times, and of long ones whose visits were counted.
pub struct SimulatedChain {
    pub places: PlaceStatistics,
    pub visits: VisitStatistics,
    /// Where the long paths were after their burn-in.
    pub density: PlaceDensity,
    /// Paths a start.
    pub replicas: [u64; 2],
    /// Whether `relative_error` was asked for and reached.
    pub reached: Option<bool>,
}

impl SimulatedChain {
    /// Replicas of a stage with a path that left the finite numbers, at the step and at twice the step.
    pub fn lost(&self, stage: usize) -> [u64; 2] {
        if stage == 0 { self.places.lost() } else { self.visits.lost() }
    }
}

/// Estimates what a task `chain` asks.
///
/// # Errors
/// An impossible problem, an interruption, a file that cannot be written.
pub fn estimate(
    problem: &Problem,
    task: &ChainTask,
    spec: &EnsembleSpec,
    work: &mut Work<'_>,
) -> Result<SimulatedChain, EngineError> {
    let sde = problem.sde()?;
    let pair = spec.step_bias;
    // The weak order of the scheme itself: nothing is stopped on the grid.
    let order = if problem.choice.kind == SchemeKind::Strang { 2.0 } else { 1.0 };
    let [short, long] = task.paths(&sde, problem.choice.kind, pair, work.streams.key)?;
    let wells = task.wells.count();
    let count = task.starts.len() * task.times.len();
    let mut places = PlaceStatistics::new(count, wells, pair, order);
    let error = |places: &PlaceStatistics| {
        let all = (0..count).flat_map(|place| (0..wells).map(move |well| (place, well)));
        worst(all.map(|(place, well)| places.probability(place, well)))
    };
    let paths = spec.paths.unwrap_or(DEFAULT_PATHS);
    let first = stage(&short, 0, paths, spec, work, &mut places, PlaceStatistics::push, error)?;
    let columns = long.visit_columns().ok_or(EngineError::Endless)?;
    let mut seen = (VisitStatistics::new(columns, order), PlaceDensity::new(task.cells.clone()));
    let push = |(visits, density): &mut (VisitStatistics, PlaceDensity), row: &[f64]| {
        visits.push(row);
        density.push(&row[columns.width()..], row[columns.diverged(0)] == 0.0);
    };
    let error =
        |seen: &(VisitStatistics, PlaceDensity)| worst((0..wells).map(|well| seen.0.occupation(well)));
    let paths = task.long_paths(paths);
    let second = stage(&long, 1, paths, spec, work, &mut seen, push, error)?;
    let (visits, density) = seen;
    let reached = first.zip(second).map(|(first, second)| first && second);
    Ok(SimulatedChain { replicas: [places.rows(), visits.rows()], places, visits, density, reached })
}

/// The largest error of shares of the whole, and of the same the part that more paths take away.
fn worst(estimates: impl Iterator<Item = Option<Estimate>>) -> [f64; 2] {
    let errors = estimates.map(|estimate| {
        let [low, high] = estimate.as_ref().map_or([f64::NEG_INFINITY, f64::INFINITY], |of| of.ci95);
        [(high - low) / (2.0 * 1.96), estimate.map_or(f64::INFINITY, |of| of.std_error)]
    });
    errors.fold([0.0; 2], |[a, b], [error, chance]| [a.max(error), b.max(chance)])
}

/// Simulates one kind of paths until their number or their error is what was asked for; whether the error was
/// reached.
#[expect(clippy::too_many_arguments, reason = "two kinds of statistics share the loop")]
fn stage<S: Send>(
    replicas: &dyn Replicated,
    number: u32,
    paths: u64,
    spec: &EnsembleSpec,
    work: &mut Work<'_>,
    statistics: &mut S,
    push: impl Fn(&mut S, &[f64]) + Sync,
    error: impl Fn(&S) -> [f64; 2] + Sync,
) -> Result<Option<bool>, EngineError> {
    let target = spec.relative_error;
    let most = if target.is_some() { MOST_REPLICAS } else { paths };
    let mut look = FIRST_LOOKS[number as usize];
    let mut reached = target.map(|_| false);
    let Work { journal, control, progress, unit, .. } = work;
    progress.begin(target.is_none().then_some(most), target);
    let unit = Unit { stage: number, ..*unit };
    replicated::rows(replicas, unit, most, journal, control, |index, row, _| {
        push(statistics, row);
        progress.note(index + 1, 0);
        let Some(target) = target.filter(|_| index + 1 == look) else { return ControlFlow::Continue(()) };
        look = (look + 1).max((NEXT_LOOK * look as f64) as u64);
        let [error, chance] = error(statistics);
        progress.note_error(error);
        if error <= target {
            reached = Some(true);
            return ControlFlow::Break(());
        }
        // Where the step error alone is what is left, more paths will not do.
        if chance <= 0.5 * target { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    })?;
    Ok(reached)
}
