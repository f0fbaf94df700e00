//! Running the tasks of a point.

use levyscape_analyzer::estimate::{PathStatistics, weak_order};
use levyscape_engine::{Control, EngineError, Ensemble, PathPair, Trajectory, trajectory};
use levyscape_integrator::StreamKey;

use super::problem::{EnsembleTask, Problem};
use crate::scenario::{DEFAULT_PATHS, EnsembleSpec};

/// Points of a drawn trajectory.
const DRAWN_POINTS: usize = 4000;
/// Paths of the first round when the number of paths is to be found out.
const FIRST_ROUND: u64 = 1000;
/// Paths that a search for the relative error takes at the most.
const MOST_PATHS: u64 = 100_000_000;

/// The paths of one start of a task.
pub struct Simulated {
    pub pairs: Vec<PathPair>,
    pub statistics: PathStatistics,
    /// Whether `relative_error` was asked for and reached.
    pub reached: Option<bool>,
}

impl Simulated {
    fn extend(&mut self, pairs: Vec<PathPair>) {
        pairs.iter().for_each(|pair| self.statistics.push(pair));
        self.pairs.extend(pairs);
    }
}

/// Where the random numbers of a start come from: path `k` of the start has number
/// `k * starts + position` within the task.
#[derive(Clone, Copy)]
pub struct Streams {
    pub key: StreamKey,
    pub position: u64,
    pub starts: u64,
}

/// Simulates one start of a task.
///
/// # Errors
/// An impossible problem, or an interruption.
pub fn ensemble(
    problem: &Problem,
    task: &EnsembleTask,
    spec: &EnsembleSpec,
    streams: Streams,
    control: &Control,
) -> Result<Simulated, EngineError> {
    let sde = problem.sde()?;
    let ensemble = Ensemble::new(
        &sde,
        &task.start(),
        task.region(),
        &task.stepping(&problem.choice, problem.clocked, spec.step_bias),
        streams.key,
    )?
    .with_numbers(streams.position, streams.starts);
    // In several dimensions there is no test of crossings within a step: Brownian exits are late by
    // sqrt(h).
    let noise = problem.noise.as_ref();
    let order = if task.space.is_some() {
        weak_order(noise.scaling_index(), false)
    } else {
        weak_order(noise.jump_index(), !noise.has_jumps())
    };
    let statistics = PathStatistics::new(task.questions(), order);
    let mut simulated = Simulated { pairs: Vec::new(), statistics, reached: None };
    let Some(target) = spec.relative_error else {
        simulated.extend(ensemble.run(0..spec.paths.unwrap_or(DEFAULT_PATHS), control)?);
        return Ok(simulated);
    };
    // Rounds of growing size; the sizes follow from the results alone, so they are the same on every
    // machine.
    let most = MOST_PATHS;
    simulated.reached = Some(false);
    let mut wanted = FIRST_ROUND.min(most);
    loop {
        let done = simulated.pairs.len() as u64;
        simulated.extend(ensemble.run(done..wanted, control)?);
        let Some(mean) = simulated.statistics.mean_time() else {
            if wanted >= most || simulated.pairs.len() as u64 >= 16 * FIRST_ROUND {
                return Ok(simulated);
            }
            wanted = (4 * wanted).min(most);
            continue;
        };
        // The half-width of a 68 % interval: statistical and step error together.
        let error = (mean.ci95[1] - mean.ci95[0]) / (2.0 * 1.96) / mean.value;
        if error <= target {
            simulated.reached = Some(true);
            return Ok(simulated);
        }
        // What more paths cannot lessen decides whether to go on.
        let statistical = mean.std_error / mean.value;
        let fixed = (error * error - statistical * statistical).max(0.0);
        let left = target * target - fixed;
        let needed = if left > 0.0 {
            1.1 * wanted as f64 * statistical * statistical / left
        } else if statistical > 0.5 * target {
            1.1 * wanted as f64 * (2.0 * statistical / target).powi(2)
        } else {
            return Ok(simulated);
        };
        if wanted >= most {
            return Ok(simulated);
        }
        wanted = (needed.min(4.0 * wanted as f64) as u64).clamp(wanted + 1, most);
    }
}

/// Simulates the sample paths of a `path` task.
///
/// # Errors
/// An impossible problem, or an interruption.
pub fn paths(
    problem: &Problem,
    start: f64,
    end_time: f64,
    count: u64,
    window: [f64; 2],
    key: StreamKey,
    control: &Control,
) -> Result<Vec<Trajectory>, EngineError> {
    let sde = problem.sde()?;
    (0..count)
        .map(|path| {
            let walk = sde.walk(start).step(problem.choice.step).scheme(problem.choice.kind);
            let walk = walk.window(&[window]).stream(key, path).start()?;
            let drawn = trajectory(walk, problem.choice.step, end_time, DRAWN_POINTS, &control.cancel)?;
            control.paths.fetch_add(1, core::sync::atomic::Ordering::Relaxed);
            Ok(drawn)
        })
        .collect()
}
