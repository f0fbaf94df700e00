//! How the times of a task are estimated: one file a method, one line in [`estimate`].

pub mod chain;
mod fleming_viot;
mod hazard;
mod multilevel;
mod plain;
mod replicated;
mod splitting;

use std::ops::{ControlFlow, Range};

use levyscape_analyzer::estimate::{Estimate, PathStatistics, Property};
use levyscape_analyzer::summary::LevelSummary;
use levyscape_engine::journal::{Journal, Unit};
use levyscape_engine::{Control, EngineError, Ensemble, Output, PathPair};
use levyscape_integrator::StreamKey;

use super::problem::{EnsembleTask, Problem};
use super::table::ExitTable;
use crate::progress::Progress;
use crate::scenario::{DEFAULT_ERROR, DEFAULT_PATHS, EnsembleSpec, Method};

/// Where the random numbers of a start come from: path `k` of the start has number
/// `k * starts + position` within the task.
#[derive(Clone, Copy)]
pub struct Streams {
    pub key: StreamKey,
    pub position: u64,
    pub starts: u64,
}

/// What a method works with.
pub struct Work<'a> {
    pub journal: &'a mut Journal,
    /// The unit of the start; methods number its stages.
    pub unit: Unit,
    pub streams: Streams,
    pub control: &'a Control,
    pub table: &'a mut ExitTable,
    pub progress: &'a Progress,
}

/// What came out of one start of a task.
pub struct Simulated {
    /// The method that was used, and why where the program chose it.
    pub method: Method,
    pub reason: Option<String>,
    /// The time step.
    pub step: f64,
    /// Paths (or replicas), censored paths, diverged paths, steps.
    pub counts: [u64; 4],
    /// Whether `relative_error` was asked for and reached.
    pub reached: Option<bool>,
    pub answers: Answers,
    /// The levels of a multilevel estimate.
    pub levels: Vec<LevelSummary>,
}

/// The estimates of a method.
pub enum Answers {
    /// Of independent paths until they end.
    Paths(Box<PathStatistics>),
    /// Of another kind: what each number is of.
    Replicas(Vec<(Output, Option<Estimate>)>),
}

impl Simulated {
    /// The paths' statistics, for methods that have paths.
    pub fn paths(&self) -> Option<&PathStatistics> {
        match &self.answers {
            Answers::Paths(statistics) => Some(statistics),
            Answers::Replicas(_) => None,
        }
    }

    fn output(&self, wanted: Output) -> Option<Estimate> {
        let Answers::Replicas(outputs) = &self.answers else { return None };
        outputs.iter().find(|(output, _)| *output == wanted).and_then(|(_, estimate)| estimate.clone())
    }

    /// `E T`.
    pub fn mean_time(&self) -> Option<Estimate> {
        match &self.answers {
            Answers::Paths(statistics) => statistics.mean_time(),
            Answers::Replicas(_) => self.output(Output::MeanTime),
        }
    }

    /// `E T^2`.
    pub fn second_moment(&self) -> Option<Estimate> {
        match &self.answers {
            Answers::Paths(statistics) => statistics.second_moment(),
            Answers::Replicas(_) => self.output(Output::SecondMoment),
        }
    }

    /// The probability of the task's property of this index.
    pub fn exit_probability(&self, task: &EnsembleTask, index: usize) -> Option<Estimate> {
        if let Answers::Paths(statistics) = &self.answers {
            return statistics.exit_probability(index);
        }
        match *task.questions().properties.get(index)? {
            Property::Stop(stop) => self.output(Output::StopProbability(stop)),
            Property::Landing(set) => self.output(Output::Landing(set)),
            Property::Axis(_) => None,
        }
    }

    /// Rates of leaving a well under its quasi-stationary law, for methods that have them: of the well of this
    /// minimum (from 1), or of the domain.
    pub fn exit_rates(&self) -> Vec<(Option<usize>, Option<Estimate>)> {
        let Answers::Replicas(outputs) = &self.answers else { return Vec::new() };
        let rate = |(output, estimate): &(Output, Option<Estimate>)| match *output {
            Output::ExitRate(well) => {
                let well = (self.method == Method::Hazard).then_some(well + 1);
                Some((well, estimate.clone()))
            }
            _ => None,
        };
        outputs.iter().filter_map(rate).collect()
    }

    /// `P(T > t)` for the task's time of this index.
    pub fn survival(&self, task: &EnsembleTask, index: usize) -> Option<Estimate> {
        match &self.answers {
            Answers::Paths(statistics) => statistics.survival(index),
            Answers::Replicas(_) => self.output(Output::Survival(*task.survival_times.get(index)?)),
        }
    }
}

/// Plain paths that would take more steps than this, all together, are not what `auto` takes.
const MOST_PLAIN_STEPS: f64 = 2e10;

/// A method that was chosen for a start, and why where the program chose it.
pub struct Chosen {
    pub method: Method,
    pub reason: Option<String>,
    /// The relative error at which it stops; `None` where the number of paths decides.
    pub target: Option<f64>,
}

/// The method for one start of a task.
///
/// `auto` is `plain`, but for exits so rare that plain paths would take hours: then the method made for the
/// noise, at the error that the paths would have had.
pub fn choose(problem: &Problem, task: &EnsembleTask, spec: &EnsembleSpec) -> Chosen {
    // Methods that do not count paths stop at an error.
    let by_error = spec.method == Method::Multilevel || (spec.paths.is_none() && !spec.method.counts_paths());
    let default = || by_error.then_some(DEFAULT_ERROR);
    let target = spec.relative_error.or_else(default);
    if spec.method != Method::Auto {
        return Chosen { method: spec.method, reason: None, target };
    }
    let plain = Chosen { method: Method::Plain, reason: None, target };
    let paths = match spec.relative_error {
        Some(error) => 1.0 / (error * error),
        None => spec.paths.unwrap_or(DEFAULT_PATHS) as f64,
    };
    let Some(mean) = task.exact_mean().or(task.asymptotic_mean()) else { return plain };
    let steps = paths * mean.min(task.max_time) / problem.choice.step;
    if steps < MOST_PLAIN_STEPS || problem.clocked.is_some() || spec.max_time_is_given() {
        return plain;
    }
    let target = Some(spec.relative_error.unwrap_or(1.0 / paths.sqrt()));
    for method in [Method::Hazard, Method::Splitting] {
        if check(problem, task, spec, method).is_ok() {
            let reason = format!("plain paths would take about {steps:.0e} steps");
            return Chosen { method, reason: Some(reason), target };
        }
    }
    plain
}

/// Whether a method is for this start of a task.
///
/// # Errors
/// Why not.
pub fn check(
    problem: &Problem,
    task: &EnsembleTask,
    spec: &EnsembleSpec,
    method: Method,
) -> Result<(), EngineError> {
    let sde = problem.sde()?;
    let key = StreamKey { seed: 0, point: 0, task: 0 };
    match method {
        Method::Auto | Method::Plain => Ok(()),
        Method::Hazard => hazard::build(&sde, problem, task, key).map(|_| ()),
        Method::FlemingViot => fleming_viot::build(&sde, problem, task, spec, key).map(|_| ()),
        Method::Multilevel => multilevel::check(&sde, problem, task, key),
        Method::Splitting => splitting::build(&sde, problem, task, spec, key).map(|_| ()),
    }
}

/// Estimates what one start of a task asks.
///
/// # Errors
/// An impossible problem, an interruption, a file that cannot be written.
pub fn estimate(
    problem: &Problem,
    task: &EnsembleTask,
    spec: &EnsembleSpec,
    work: &mut Work<'_>,
) -> Result<Simulated, EngineError> {
    let chosen = choose(problem, task, spec);
    match chosen.method {
        Method::Auto | Method::Plain => plain::estimate(problem, task, spec, chosen, work),
        Method::Hazard => hazard::estimate(problem, task, spec, chosen, work),
        Method::FlemingViot => fleming_viot::estimate(problem, task, spec, chosen, work),
        Method::Multilevel => multilevel::estimate(problem, task, chosen, work),
        Method::Splitting => splitting::estimate(problem, task, spec, chosen, work),
    }
}

/// The paths of a unit with numbers in `range`, in order, from the journal and then from the ensemble, until
/// `consume` breaks off.
fn path_records(
    journal: &mut Journal,
    unit: Unit,
    range: Range<u64>,
    ensemble: &Ensemble<'_>,
    [dimension, grids]: [usize; 2],
    control: &Control,
    mut consume: impl FnMut(u64, PathPair) -> Result<ControlFlow<()>, EngineError> + Send,
) -> Result<(), EngineError> {
    let pair = grids == 2;
    let width = PathPair::width(dimension, pair);
    let mut failed = None;
    let read = |number: u64, words: &[u64]| {
        let path = PathPair::from_words(words, dimension, pair)
            .ok_or_else(|| EngineError::Table("a record of the journal is no path".to_owned()));
        path.and_then(|path| consume(number, path)).unwrap_or_else(|error| {
            failed = Some(error);
            ControlFlow::Break(())
        })
    };
    journal.records(unit, range, width, read, |range, emit| {
        let mut words = Vec::with_capacity(width);
        ensemble.stream(range, control, |number, path| {
            path.to_words(dimension, &mut words);
            emit(number, &words)
        })
    })?;
    failed.map_or(Ok(()), Err)
}

/// The numbers that the methods of replicas give, times of survival apart.
fn outputs(task: &EnsembleTask) -> Vec<Output> {
    let mut outputs = vec![Output::MeanTime, Output::SecondMoment, Output::ExitRate(0)];
    outputs.extend(task.questions().properties.iter().filter_map(|property| match *property {
        Property::Stop(stop) => Some(Output::StopProbability(stop)),
        Property::Landing(set) => Some(Output::Landing(set)),
        Property::Axis(_) => None,
    }));
    outputs
}

/// The stream of replicas of a start: starts of one task must not meet.
fn key_of(streams: Streams) -> StreamKey {
    let Streams { key, position, .. } = streams;
    StreamKey { task: key.task + ((1 + position) << 32), ..key }
}
