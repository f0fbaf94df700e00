//! Many paths on all cores.

use core::ops::{ControlFlow, Range};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use levyscape_integrator::noise::{BLOCK, Sampler};
use levyscape_integrator::rng::LANES;
use levyscape_integrator::scheme::{ClockedKind, ClockedScheme};
use levyscape_integrator::{Amplitude, Scheme, SchemeKind, Sde, StreamKey};

use crate::batch::{Batch, Shared};
use crate::clocked;
use crate::error::EngineError;
use crate::event::Region;
use crate::order::{Claim, InOrder};
use crate::record::PathPair;
use crate::replicas::WAIT;

/// Paths that may be simulated ahead of the first unfinished one, in those that all threads run at once: the longest of
/// so many paths lasts about as long as that, so that hardly a thread waits for it.
const AHEAD: u64 = 16;

/// What a run shares with the thread that watches it.
#[derive(Debug, Default)]
pub struct Control {
    /// Set it, and the run ends with [`EngineError::Interrupted`] within a few microseconds.
    pub cancel: AtomicBool,
    /// Paths that have ended so far.
    pub paths: AtomicU64,
    /// Time steps taken so far, both grids together.
    pub steps: AtomicU64,
}

/// Paths that are stepped together.
trait Paths {
    fn refill(&mut self, next: impl FnMut() -> Option<u64>) -> bool;
    fn advance(&mut self, done: impl FnMut(u64, PathPair)) -> u64;
}

impl Paths for Batch<'_> {
    fn refill(&mut self, next: impl FnMut() -> Option<u64>) -> bool {
        self.refill(next)
    }

    fn advance(&mut self, done: impl FnMut(u64, PathPair)) -> u64 {
        self.advance(done)
    }
}

impl Paths for clocked::Batch<'_> {
    fn refill(&mut self, next: impl FnMut() -> Option<u64>) -> bool {
        self.refill(next)
    }

    fn advance(&mut self, done: impl FnMut(u64, PathPair)) -> u64 {
        self.advance(done)
    }
}

/// Who takes the paths, in order.
type Consumer<'a> = dyn FnMut(u64, PathPair) -> ControlFlow<()> + Send + 'a;

/// A first-exit problem, discretised and seeded.
pub struct Ensemble<'a> {
    sde: &'a Sde<'a>,
    stepper: Stepper<'a>,
    region: Region,
    /// Variance of the Gaussian part of each coordinate of Z over a unit of time.
    variances: Vec<f64>,
    start: Vec<f64>,
    step: f64,
    max_time: f64,
    pair: bool,
    key: StreamKey,
    /// Path `k` of this ensemble has number `first + k * stride` within its task.
    first: u64,
    stride: u64,
    batch: usize,
}

/// What moves the paths.
enum Stepper<'a> {
    /// A scheme on a grid, at the fine and at the coarse step.
    Grid { sampler: Box<dyn Sampler>, schemes: [Box<dyn Scheme + 'a>; 2] },
    /// A scheme with a clock for every path, and whether it knows the times of jumps.
    Clocked { scheme: Box<dyn ClockedScheme + 'a>, exact_times: bool },
}

/// How an [`Ensemble`] steps and when it gives up.
#[derive(Debug, Clone, PartialEq)]
pub struct Stepping {
    /// The scheme on a time grid.
    pub scheme: SchemeKind,
    /// Instead of it, a scheme that gives every path a clock of its own: on the line, with a constant
    /// amplitude. Its paths have no companion.
    pub clocked: Option<ClockedKind>,
    /// Time step `h`.
    pub step: f64,
    /// Paths still running at this time are censored.
    pub max_time: f64,
    /// Whether each path has a companion at step `2 h`, driven by the same noise.
    pub pair: bool,
    /// Where the paths spend their time, one finite interval a coordinate; see [`SchemeKind::build`].
    pub window: Vec<[f64; 2]>,
}

impl<'a> Ensemble<'a> {
    /// Paths of the equation from `start` until they stop in `region`.
    ///
    /// # Errors
    /// [`EngineError::StartStopped`] for a start outside the region, [`EngineError::Integrator`] for a
    /// start or a region of another dimension than the equation, a start where the drift is not finite,
    /// or a step for which the noise cannot be sampled.
    pub fn new(
        sde: &'a Sde<'a>,
        start: &[f64],
        region: impl Into<Region>,
        stepping: &Stepping,
        key: StreamKey,
    ) -> Result<Self, EngineError> {
        let region = region.into();
        sde.check_start(start)?;
        region.check_dimension(start.len())?;
        region.check_start(start)?;
        let Stepping { scheme, clocked, step, max_time, pair, ref window } = *stepping;
        let (drift, noise) = (sde.drift(), sde.noise());
        let stepper = match clocked {
            Some(kind) => {
                let (Region::Line(line), Amplitude::Constant(epsilon), &[window]) =
                    (&region, sde.amplitude(), &window[..])
                else {
                    return Err(EngineError::Clocked(kind.name()));
                };
                let mut edges = vec![line.lower, line.upper];
                edges.extend(line.targets.iter().flatten());
                let scheme = kind.build(drift, noise, epsilon[0], step, window, &edges)?;
                Stepper::Clocked { scheme, exact_times: kind == ClockedKind::JumpAdapted }
            }
            None => Stepper::Grid {
                sampler: noise.sampler(step)?,
                schemes: [step, 2.0 * step].map(|step| scheme.build(drift, noise, step, window)),
            },
        };
        let variance = |k| noise.coordinate(k).unwrap_or(noise).gaussian_variance();
        let variances = (0..start.len()).map(variance).collect();
        let start = start.to_vec();
        let batch = LANES;
        Ok(Self {
            sde,
            stepper,
            region,
            variances,
            start,
            step,
            max_time,
            pair,
            key,
            first: 0,
            stride: 1,
            batch,
        })
    }

    /// Paths that a thread steps together: 64 unless said otherwise. Results do not depend on it.
    #[must_use]
    pub fn with_batch(mut self, paths: usize) -> Self {
        self.batch = paths.max(1);
        self
    }

    /// Gives path `k` the number `first + k * stride` within its task: several ensembles of one task
    /// share its random streams without meeting.
    #[must_use]
    pub fn with_numbers(mut self, first: u64, stride: u64) -> Self {
        self.first = first;
        self.stride = stride;
        self
    }

    /// Simulates the paths with the given indices; the results are in path order.
    ///
    /// # Errors
    /// [`EngineError::Interrupted`] once [`Control::cancel`] is set.
    pub fn run(&self, paths: Range<u64>, control: &Control) -> Result<Vec<PathPair>, EngineError> {
        let mut pairs = Vec::new();
        self.stream(paths, control, |_, pair| {
            pairs.push(pair);
            ControlFlow::Continue(())
        })?;
        Ok(pairs)
    }

    /// Simulates the paths with the given indices and hands each to the consumer, in path order, until it
    /// breaks off. What waits for earlier paths is bounded, whatever the number of paths.
    ///
    /// # Errors
    /// [`EngineError::Interrupted`] once [`Control::cancel`] is set.
    pub fn stream(
        &self,
        paths: Range<u64>,
        control: &Control,
        mut consumer: impl FnMut(u64, PathPair) -> ControlFlow<()> + Send,
    ) -> Result<(), EngineError> {
        self.stream_to(paths, control, &mut consumer)
    }

    /// Compiled here, where the loops are optimised, and not once more for every caller.
    fn stream_to(
        &self,
        paths: Range<u64>,
        control: &Control,
        consumer: &mut Consumer<'_>,
    ) -> Result<(), EngineError> {
        let shared = match &self.stepper {
            Stepper::Grid { sampler, schemes } => self.on_grid(sampler.as_ref(), schemes),
            Stepper::Clocked { scheme, exact_times } => {
                let Region::Line(region) = &self.region else { return Ok(()) };
                let shared = clocked::Shared {
                    scheme: scheme.as_ref(),
                    region,
                    start: self.start[0],
                    exact_times: *exact_times,
                    max_time: self.max_time,
                    key: self.key,
                };
                let batch = |lanes| clocked::Batch::new(&shared, lanes);
                return self.on_all_threads(paths, control, batch, consumer);
            }
        };
        self.on_all_threads(paths, control, |lanes| Batch::new(&shared, lanes), consumer)
    }

    /// What the paths on the time grid share; nothing where every path has a clock of its own.
    pub(crate) fn shared(&self) -> Option<Shared<'_>> {
        match &self.stepper {
            Stepper::Grid { sampler, schemes } => Some(self.on_grid(sampler.as_ref(), schemes)),
            Stepper::Clocked { .. } => None,
        }
    }

    fn on_grid<'b>(&'b self, sampler: &'b dyn Sampler, schemes: &'b [Box<dyn Scheme + 'a>; 2]) -> Shared<'b> {
        let blocks = (self.max_time / self.step / BLOCK as f64).ceil();
        let noise = self.sde.noise();
        Shared {
            sampler,
            schemes: [schemes[0].as_ref(), schemes[1].as_ref()],
            amplitude: self.sde.amplitude(),
            has_jumps: noise.has_jumps(),
            gaussian_variance: noise.gaussian_variance(),
            variances: &self.variances,
            region: &self.region,
            start: &self.start,
            step: self.step,
            max_steps: (blocks.min(1e17) as u64).max(1) * BLOCK as u64,
            max_time: self.max_time,
            pair: self.pair,
            key: self.key,
        }
    }

    fn on_all_threads<B: Paths>(
        &self,
        paths: Range<u64>,
        control: &Control,
        batch: impl Fn(usize) -> B + Sync,
        consumer: &mut Consumer<'_>,
    ) -> Result<(), EngineError> {
        // A batch of more paths than a group of lanes holds is several groups.
        let groups = self.batch.div_ceil(LANES);
        let lanes = self.batch.div_ceil(groups);
        let together = (self.batch * rayon::current_num_threads()) as u64;
        let order = InOrder::new(paths, AHEAD * together, consumer);
        rayon::broadcast(|_| {
            let mut ended = Vec::new();
            let mut batches: Vec<_> = (0..groups).map(|_| batch(lanes)).collect();
            while !control.cancel.load(Ordering::Relaxed) {
                let (mut running, mut later) = (false, false);
                let mut claim = || match order.claim() {
                    Claim::Number(path) => Some(self.first + path * self.stride),
                    Claim::Later => {
                        later = true;
                        None
                    }
                    Claim::Done => None,
                };
                let mut steps = 0;
                for batch in &mut batches {
                    if !batch.refill(&mut claim) {
                        continue;
                    }
                    running = true;
                    steps +=
                        batch.advance(|path, pair| ended.push(((path - self.first) / self.stride, pair)));
                }
                control.steps.fetch_add(steps, Ordering::Relaxed);
                if !ended.is_empty() {
                    control.paths.fetch_add(ended.len() as u64, Ordering::Relaxed);
                    order.put(ended.drain(..));
                }
                if order.is_over() || !(running || later) {
                    break;
                }
                if !running {
                    std::thread::sleep(WAIT);
                }
            }
        });
        if control.cancel.load(Ordering::Relaxed) { Err(EngineError::Interrupted) } else { Ok(()) }
    }
}
