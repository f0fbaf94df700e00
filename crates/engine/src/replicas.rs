//! Estimators made of independent replicas.

use std::ops::{ControlFlow, Range};
use std::sync::atomic::Ordering;
use std::time::Duration;

use crate::ensemble::Control;
use crate::error::EngineError;
use crate::order::{Claim, InOrder};
use crate::record::Stop;

/// What an estimator estimates.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Output {
    /// `E T`, T the time at which a path from the start stops.
    MeanTime,
    /// `E T^2`.
    SecondMoment,
    /// The probability that it stops in this way.
    StopProbability(Stop),
    /// The probability that it stops at a place in `[lo, hi]`.
    Landing([f64; 2]),
    /// `P(T > t)`.
    Survival(f64),
    /// The rate at which the quasi-stationary process leaves the well (the principal eigenvalue); the well
    /// by its index.
    ExitRate(usize),
    /// Probability of this cell of the quasi-stationary law: `[lo, hi)`.
    QuasiStationary([f64; 2]),
}

/// An estimator that is a smooth function of the mean of independent rows of numbers, one row a
/// replica.
///
/// The row of replica `k` depends on (seed, point, task, k) alone. With `m` the expected row, the
/// estimates are `evaluate(m)`; their standard errors follow from the covariance of the rows by the delta
/// method, so that no batching is needed.
pub trait Replicated: Sync {
    /// Length of a row.
    fn width(&self) -> usize;

    /// Replicas that are simulated together.
    fn group(&self) -> u64 {
        1
    }

    /// Simulates the replicas `group * self.group() ..` (as many as [`Replicated::group`] says), appends
    /// their rows to `rows`, one after the other, and returns the time steps taken.
    ///
    /// # Errors
    /// [`EngineError::Interrupted`] once [`Control::cancel`] is set, and what else may go wrong.
    fn simulate(&self, group: u64, rows: &mut Vec<f64>, control: &Control) -> Result<u64, EngineError>;

    /// What is estimated; nothing, where the rows are counts that others make their estimates of.
    fn outputs(&self) -> Vec<Output> {
        Vec::new()
    }

    /// The estimates, in the order of [`Replicated::outputs`], from the mean row; NaN where it gives none.
    fn evaluate(&self, _mean: &[f64]) -> Vec<f64> {
        Vec::new()
    }

    /// The same from the replicas' walks at twice the step, if they have any: what the step error is measured
    /// by.
    fn evaluate_coarse(&self, _mean: &[f64]) -> Option<Vec<f64>> {
        None
    }

    /// Whether a wanted relative error is about this output, too.
    fn is_target(&self, output: &Output) -> bool {
        *output == Output::MeanTime
    }
}

/// Before a thread asks again that has to wait for others.
pub(crate) const WAIT: Duration = Duration::from_micros(50);
/// Groups that may be simulated ahead of the first unfinished one.
const AHEAD: u64 = 64;

/// Simulates groups of replicas on all threads of the current pool and hands out their rows (and the time
/// steps that each group took) in order, until the consumer breaks off.
///
/// # Errors
/// [`EngineError::Interrupted`] once [`Control::cancel`] is set; the first error of a replica.
pub fn replicate(
    replicas: &dyn Replicated,
    groups: Range<u64>,
    control: &Control,
    mut consumer: impl FnMut(u64, Vec<f64>, u64) -> ControlFlow<()> + Send,
) -> Result<(), EngineError> {
    let mut failed = None;
    let order =
        InOrder::new(groups, AHEAD, |group, result: Result<(Vec<f64>, u64), EngineError>| match result {
            Ok((rows, steps)) => consumer(group, rows, steps),
            Err(error) => {
                failed = Some(error);
                ControlFlow::Break(())
            }
        });
    rayon::broadcast(|_| {
        while !control.cancel.load(Ordering::Relaxed) {
            match order.claim() {
                Claim::Number(group) => {
                    let mut rows = Vec::with_capacity(replicas.width() * replicas.group() as usize);
                    let result = replicas.simulate(group, &mut rows, control).map(|steps| {
                        control.steps.fetch_add(steps, Ordering::Relaxed);
                        control.paths.fetch_add(replicas.group(), Ordering::Relaxed);
                        (rows, steps)
                    });
                    order.put(std::iter::once((group, result)));
                }
                Claim::Later => std::thread::sleep(WAIT),
                Claim::Done => break,
            }
        }
    });
    drop(order);
    match failed {
        Some(error) => Err(error),
        None if control.cancel.load(Ordering::Relaxed) => Err(EngineError::Interrupted),
        None => Ok(()),
    }
}
