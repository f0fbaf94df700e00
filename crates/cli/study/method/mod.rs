//! How the times of a task are estimated: one file a method, one line in [`estimate`].

mod plain;
mod replicated;

use levyscape_analyzer::estimate::{Estimate, PathStatistics, Property};
use levyscape_engine::journal::{Journal, Unit};
use levyscape_engine::{Control, EngineError, Output};
use levyscape_integrator::StreamKey;

use super::problem::{EnsembleTask, Problem};
use super::table::ExitTable;
use crate::progress::Progress;
use crate::scenario::{EnsembleSpec, Method};

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
}

/// The estimates of a method.
pub enum Answers {
    /// Of independent paths until they end.
    Paths(Box<PathStatistics>),
    /// Of replicas: what each number is of.
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

    /// `P(T > t)` for the task's time of this index.
    pub fn survival(&self, task: &EnsembleTask, index: usize) -> Option<Estimate> {
        match &self.answers {
            Answers::Paths(statistics) => statistics.survival(index),
            Answers::Replicas(_) => self.output(Output::Survival(*task.survival_times.get(index)?)),
        }
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
    match spec.method {
        Method::Auto | Method::Plain => plain::estimate(problem, task, spec, work),
        _ => Err(EngineError::Interrupted),
    }
}
