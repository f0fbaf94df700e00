//! Many paths on all cores.

use core::ops::Range;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use levyscape_integrator::noise::{BLOCK, Noise};
use levyscape_integrator::scheme::DriftStep;
use levyscape_integrator::{Potential, SchemeKind, StreamKey};

use crate::batch::{Batch, Shared};
use crate::error::EngineError;
use crate::record::PathPair;
use crate::stopping::StopRegion;

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

/// A first-exit problem, discretised and seeded.
pub struct Ensemble<'a> {
    noise: &'a dyn Noise,
    maps: [Box<dyn DriftStep + 'a>; 2],
    region: StopRegion,
    epsilon: f64,
    start: f64,
    step: f64,
    max_time: f64,
    pair: bool,
    key: StreamKey,
    /// Path `k` of this ensemble has number `first + k * stride` within its task.
    first: u64,
    stride: u64,
}

/// How an [`Ensemble`] steps and when it gives up.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Stepping {
    /// The scheme.
    pub scheme: SchemeKind,
    /// Time step `h`.
    pub step: f64,
    /// Paths still running at this time are censored.
    pub max_time: f64,
    /// Whether each path has a companion at step `2 h`, driven by the same noise.
    pub pair: bool,
    /// Where the paths spend their time, finite; see [`SchemeKind::build`].
    pub window: [f64; 2],
}

impl<'a> Ensemble<'a> {
    /// Paths of `dX = -U'(X) dt + epsilon dZ` from `start` until they stop in `region`.
    ///
    /// # Errors
    /// [`EngineError::StartStopped`] for a start outside the region.
    pub fn new(
        potential: &'a dyn Potential,
        noise: &'a dyn Noise,
        epsilon: f64,
        start: f64,
        region: StopRegion,
        stepping: &Stepping,
        key: StreamKey,
    ) -> Result<Self, EngineError> {
        region.check_start(start)?;
        let Stepping { scheme, step, max_time, pair, window } = *stepping;
        let maps = [step, 2.0 * step].map(|step| scheme.build(potential, step, window));
        Ok(Self { noise, maps, region, epsilon, start, step, max_time, pair, key, first: 0, stride: 1 })
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
        let blocks = (self.max_time / self.step / BLOCK as f64).ceil();
        let shared = Shared {
            noise: self.noise,
            maps: [self.maps[0].as_ref(), self.maps[1].as_ref()],
            region: &self.region,
            start: self.start,
            step: self.step,
            scale: self.epsilon * self.step_scale(),
            half_variance: self
                .noise
                .continuous_variance()
                .map(|variance| 0.5 * variance * self.epsilon * self.epsilon * self.step),
            max_steps: (blocks.min(1e17) as u64).max(1) * BLOCK as u64,
            max_time: self.max_time,
            pair: self.pair,
            key: self.key,
        };
        let next = AtomicU64::new(paths.start);
        let ended = Mutex::new(Vec::new());
        rayon::broadcast(|_| {
            let mut mine = Vec::new();
            let mut batch = Batch::new(&shared);
            let claim = || {
                let path = next.fetch_add(1, Ordering::Relaxed);
                (path < paths.end).then(|| self.first + path * self.stride)
            };
            while batch.refill(claim) && !control.cancel.load(Ordering::Relaxed) {
                let before = mine.len();
                let steps = batch.advance(|path, pair| mine.push((path, pair)));
                control.steps.fetch_add(steps, Ordering::Relaxed);
                if mine.len() > before {
                    control.paths.fetch_add((mine.len() - before) as u64, Ordering::Relaxed);
                }
            }
            // A poisoned lock means that another worker panicked: that panic is already on its way up.
            if let Ok(mut ended) = ended.lock() {
                ended.append(&mut mine);
            }
        });
        if control.cancel.load(Ordering::Relaxed) {
            return Err(EngineError::Interrupted);
        }
        let mut ended = ended.into_inner().unwrap_or_default();
        ended.sort_unstable_by_key(|&(path, _)| path);
        Ok(ended.into_iter().map(|(_, pair)| pair).collect())
    }

    fn step_scale(&self) -> f64 {
        libm::pow(self.step, 1.0 / self.noise.stability_index())
    }
}
