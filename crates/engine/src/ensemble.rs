//! Many paths on all cores.

use core::ops::Range;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use levyscape_integrator::noise::{BLOCK, Sampler};
use levyscape_integrator::rng::LANES;
use levyscape_integrator::{Scheme, SchemeKind, Sde, StreamKey};

use crate::batch::{Batch, Shared};
use crate::error::EngineError;
use crate::record::PathPair;
use crate::stopping::Region;

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
    sde: &'a Sde<'a>,
    sampler: Box<dyn Sampler>,
    schemes: [Box<dyn Scheme + 'a>; 2],
    region: Region,
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

/// How an [`Ensemble`] steps and when it gives up.
#[derive(Debug, Clone, PartialEq)]
pub struct Stepping {
    /// The scheme.
    pub scheme: SchemeKind,
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
        let Stepping { scheme, step, max_time, pair, ref window } = *stepping;
        let schemes = [step, 2.0 * step].map(|step| scheme.build(sde.drift(), sde.noise(), step, window));
        let sampler = sde.noise().sampler(step)?;
        let start = start.to_vec();
        let batch = LANES;
        Ok(Self {
            sde,
            sampler,
            schemes,
            region,
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
        let blocks = (self.max_time / self.step / BLOCK as f64).ceil();
        let shared = Shared {
            sampler: self.sampler.as_ref(),
            schemes: [self.schemes[0].as_ref(), self.schemes[1].as_ref()],
            amplitude: self.sde.amplitude(),
            has_jumps: self.sde.noise().has_jumps(),
            gaussian_variance: self.sde.noise().gaussian_variance(),
            region: &self.region,
            start: &self.start,
            step: self.step,
            max_steps: (blocks.min(1e17) as u64).max(1) * BLOCK as u64,
            max_time: self.max_time,
            pair: self.pair,
            key: self.key,
        };
        // A batch of more paths than a group of lanes holds is several groups.
        let groups = self.batch.div_ceil(LANES);
        let lanes = self.batch.div_ceil(groups);
        let next = AtomicU64::new(paths.start);
        let ended = Mutex::new(Vec::new());
        rayon::broadcast(|_| {
            let mut mine = Vec::new();
            let mut batches: Vec<_> = (0..groups).map(|_| Batch::new(&shared, lanes)).collect();
            let claim = || {
                let path = next.fetch_add(1, Ordering::Relaxed);
                (path < paths.end).then(|| self.first + path * self.stride)
            };
            let mut running = true;
            while running && !control.cancel.load(Ordering::Relaxed) {
                running = false;
                for batch in &mut batches {
                    if !batch.refill(claim) {
                        continue;
                    }
                    running = true;
                    let before = mine.len();
                    let steps = batch.advance(|path, pair| mine.push((path, pair)));
                    control.steps.fetch_add(steps, Ordering::Relaxed);
                    if mine.len() > before {
                        control.paths.fetch_add((mine.len() - before) as u64, Ordering::Relaxed);
                    }
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
        ended.sort_unstable_by_key(|(path, _)| *path);
        Ok(ended.into_iter().map(|(_, pair)| pair).collect())
    }
}
