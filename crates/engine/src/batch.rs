//! The inner loop: up to 64 paths, or pairs of paths, in structure-of-arrays form.

use levyscape_integrator::dispatch;
use levyscape_integrator::noise::{BLOCK, Noise, NoiseBlock};
use levyscape_integrator::rng::{LANES, LaneRng, StreamKey};
use levyscape_integrator::scheme::DriftStep;

use crate::record::{Outcome, PathPair, PathRecord, Stop};
use crate::stopping::StopRegion;

/// What all lanes share.
pub(crate) struct Shared<'a> {
    pub noise: &'a dyn Noise,
    /// Maps of the fine and of the coarse step.
    pub maps: [&'a dyn DriftStep; 2],
    pub region: &'a StopRegion,
    pub start: f64,
    pub step: f64,
    /// `epsilon * step^(1/alpha)`.
    pub scale: f64,
    /// `Some(Var(epsilon Z) * step / 2)` where the paths are continuous.
    pub half_variance: Option<f64>,
    /// A multiple of [`BLOCK`].
    pub max_steps: u64,
    pub max_time: f64,
    pub pair: bool,
    pub key: StreamKey,
}

/// The stop test in the form that the kernels take.
struct Test {
    lower: (f64, Stop),
    upper: (f64, Stop),
    half_variance: Option<f64>,
}

impl Shared<'_> {
    fn test(&self) -> Test {
        let [lower, upper] = match self.half_variance {
            Some(_) => self.region.barriers(self.start),
            None => [(self.region.lower, Stop::Lower), (self.region.upper, Stop::Upper)],
        };
        Test { lower, upper, half_variance: self.half_variance }
    }
}

/// One grid of paths: the fine ones, or the coarse ones.
#[repr(align(64))]
struct Grid {
    x: [f64; LANES],
    moved: [f64; LANES],
    next: [f64; LANES],
    ended: [Option<PathRecord>; LANES],
}

impl Grid {
    fn new() -> Self {
        Self { x: [0.0; LANES], moved: [0.0; LANES], next: [0.0; LANES], ended: [None; LANES] }
    }

    fn place(&mut self, lane: usize, start: f64) {
        self.x[lane] = start;
        self.ended[lane] = None;
    }

    fn move_lane(&mut self, from: usize, to: usize) {
        self.x[to] = self.x[from];
        self.ended[to] = self.ended[from];
    }
}

/// Up to [`LANES`] running paths with their random streams.
pub(crate) struct Batch<'a> {
    shared: &'a Shared<'a>,
    test: Test,
    rng: LaneRng,
    block: Box<NoiseBlock>,
    /// Sums of two increments, for the coarse paths.
    sums: [f64; LANES],
    path: [u64; LANES],
    taken: [u64; LANES],
    running: usize,
    fine: Grid,
    coarse: Grid,
}

impl<'a> Batch<'a> {
    pub fn new(shared: &'a Shared<'a>) -> Self {
        Self {
            shared,
            test: shared.test(),
            rng: LaneRng::default(),
            block: NoiseBlock::new(),
            sums: [0.0; LANES],
            path: [0; LANES],
            taken: [0; LANES],
            running: 0,
            fine: Grid::new(),
            coarse: Grid::new(),
        }
    }

    fn place(&mut self, lane: usize, path: u64) {
        self.rng.seed_lane(lane, &self.shared.key, path);
        self.path[lane] = path;
        self.taken[lane] = 0;
        self.fine.place(lane, self.shared.start);
        self.coarse.place(lane, self.shared.start);
    }

    /// Fills free lanes with the paths that `next` hands out; false once nothing runs.
    pub fn refill(&mut self, mut next: impl FnMut() -> Option<u64>) -> bool {
        while self.running < LANES {
            let Some(path) = next() else { break };
            self.place(self.running, path);
            self.running += 1;
        }
        self.running > 0
    }

    /// Advances every running path by [`BLOCK`] steps and hands out those that ended. Returns the
    /// number of steps taken, both grids together.
    pub fn advance(&mut self, mut done: impl FnMut(u64, PathPair)) -> u64 {
        let n = self.running;
        self.shared.noise.fill(&mut self.rng, n, &mut self.block);
        for row in 0..BLOCK {
            self.step_fine(row);
            if self.shared.pair && row % 2 == 1 {
                self.step_coarse(row);
            }
        }
        let steps = (n * BLOCK) as u64;
        let mut lane = 0;
        while lane < self.running {
            self.taken[lane] += BLOCK as u64;
            let out_of_time = self.taken[lane] >= self.shared.max_steps;
            let ended = |grid: &Grid, step: u64| {
                let record = grid.ended[lane].or_else(|| {
                    out_of_time.then(|| PathRecord {
                        time: self.shared.max_time,
                        position: grid.x[lane],
                        previous: grid.x[lane],
                        steps: self.shared.max_steps / step,
                        outcome: Outcome::Censored,
                    })
                })?;
                Some(self.shared.censor(record))
            };
            let pair = match (ended(&self.fine, 1), self.shared.pair) {
                (Some(fine), false) => Some(PathPair { fine, coarse: None }),
                (Some(fine), true) => {
                    ended(&self.coarse, 2).map(|coarse| PathPair { fine, coarse: Some(coarse) })
                }
                (None, _) => None,
            };
            if let Some(pair) = pair {
                done(self.path[lane], pair);
                self.running -= 1;
                let last = self.running;
                self.rng.move_lane(last, lane);
                self.path[lane] = self.path[last];
                self.taken[lane] = self.taken[last];
                self.fine.move_lane(last, lane);
                self.coarse.move_lane(last, lane);
                // The lane that moved here still has its block to be counted.
            } else {
                lane += 1;
            }
        }
        if self.shared.pair { steps + steps / 2 } else { steps }
    }

    fn step_fine(&mut self, row: usize) {
        let n = self.running;
        let grid = &mut self.fine;
        self.shared.maps[0].advance(&grid.x[..n], &mut grid.moved[..n]);
        let increments = &self.block.increments[row];
        let stopped = match self.test.half_variance {
            None => jump(
                &grid.moved[..n],
                &increments[..n],
                self.shared.scale,
                [self.test.lower.0, self.test.upper.0],
                &self.shared.region.targets,
                &mut grid.next[..n],
            ),
            Some(half_variance) => diffuse(
                &grid.x[..n],
                &grid.moved[..n],
                &increments[..n],
                &self.block.exponentials[row][..n],
                [self.shared.scale, half_variance],
                [self.test.lower.0, self.test.upper.0],
                &mut grid.next[..n],
            ),
        };
        if stopped {
            for lane in 0..n {
                let (x, next) = (grid.x[lane], grid.next[lane]);
                let exponential = self.block.exponentials[row][lane];
                let Some((outcome, position)) = self.test.classify(x, next, exponential, self.shared.region)
                else {
                    continue;
                };
                let taken = self.taken[lane] + row as u64;
                grid.ended[lane].get_or_insert(PathRecord {
                    time: (taken as f64 + 0.5) * self.shared.step,
                    position,
                    previous: x,
                    steps: taken + 1,
                    outcome,
                });
                grid.next[lane] = self.shared.start;
            }
        }
        core::mem::swap(&mut grid.x, &mut grid.next);
    }

    fn step_coarse(&mut self, row: usize) {
        let n = self.running;
        let grid = &mut self.coarse;
        self.shared.maps[1].advance(&grid.x[..n], &mut grid.moved[..n]);
        for ((sum, first), second) in self.sums[..n]
            .iter_mut()
            .zip(&self.block.increments[row - 1][..n])
            .zip(&self.block.increments[row][..n])
        {
            *sum = first + second;
        }
        let limits = [self.test.lower.0, self.test.upper.0];
        let scale = self.shared.scale;
        let stopped = match self.test.half_variance {
            None => jump(
                &grid.moved[..n],
                &self.sums[..n],
                scale,
                limits,
                &self.shared.region.targets,
                &mut grid.next[..n],
            ),
            // Within a coarse step the path is a Brownian motion with constant drift: testing its two
            // halves with the fine path's own random numbers leaves its law as it is and keeps the two
            // paths together.
            Some(half_variance) => {
                let mut stopped = diffuse_half(
                    &grid.x[..n],
                    &grid.moved[..n],
                    [&self.block.increments[row - 1][..n], &self.block.exponentials[row - 1][..n]],
                    [scale, half_variance],
                    limits,
                    &mut grid.next[..n],
                );
                // `next` holds the middles; the second half starts there.
                let middles = grid.next;
                for (next, (moved, sum)) in
                    grid.next[..n].iter_mut().zip(grid.moved[..n].iter().zip(&self.sums[..n]))
                {
                    *next = moved + scale * sum;
                }
                stopped |= crossed(
                    &middles[..n],
                    &grid.next[..n],
                    &self.block.exponentials[row][..n],
                    half_variance,
                    limits,
                );
                stopped
            }
        };
        if stopped {
            for lane in 0..n {
                let (x, next) = (grid.x[lane], grid.next[lane]);
                let ended = if self.test.half_variance.is_some() {
                    let middle =
                        x + 0.5 * (grid.moved[lane] - x) + scale * self.block.increments[row - 1][lane];
                    let [first, second] = [row - 1, row].map(|row| self.block.exponentials[row][lane]);
                    self.test
                        .classify(x, middle, first, self.shared.region)
                        .or_else(|| self.test.classify(middle, next, second, self.shared.region))
                } else {
                    self.test.classify(x, next, 0.0, self.shared.region)
                };
                let Some((outcome, position)) = ended else { continue };
                let taken = (self.taken[lane] + row as u64) / 2;
                grid.ended[lane].get_or_insert(PathRecord {
                    time: (taken as f64 + 0.5) * (2.0 * self.shared.step),
                    position,
                    previous: x,
                    steps: taken + 1,
                    outcome,
                });
                grid.next[lane] = self.shared.start;
            }
        }
        core::mem::swap(&mut grid.x, &mut grid.next);
    }
}

impl Shared<'_> {
    /// An end after `max_time` was not observed: the path is censored there.
    fn censor(&self, record: PathRecord) -> PathRecord {
        if record.time > self.max_time {
            PathRecord {
                time: self.max_time,
                outcome: Outcome::Censored,
                position: record.previous,
                ..record
            }
        } else {
            record
        }
    }
}

impl Test {
    /// How a path ends that went from `x` to `next` in one step, if it does, and where.
    fn classify(&self, x: f64, next: f64, exponential: f64, region: &StopRegion) -> Option<(Outcome, f64)> {
        if !next.is_finite() {
            return Some((Outcome::Diverged, f64::NAN));
        }
        let Some(half_variance) = self.half_variance else {
            return region.stop_at(next).map(|stop| (Outcome::Exited(stop), next));
        };
        let below = (x - self.lower.0) * (next - self.lower.0);
        let above = (self.upper.0 - x) * (self.upper.0 - next);
        let threshold = exponential * half_variance;
        let barrier = if below < above { self.lower } else { self.upper };
        (below.min(above) < threshold).then_some((Outcome::Exited(barrier.1), barrier.0))
    }
}

dispatch! {
    /// `next = moved + scale * increment` and whether some path may have stopped.
    fn jump[](moved: &[f64], increments: &[f64], scale: f64, limits: [f64; 2], targets: &[[f64; 2]], next: &mut [f64]) -> bool = jump_kernel
}

#[inline(always)]
fn jump_kernel(
    moved: &[f64],
    increments: &[f64],
    scale: f64,
    limits: [f64; 2],
    targets: &[[f64; 2]],
    next: &mut [f64],
) -> bool {
    let mut stopped = false;
    for ((next, moved), increment) in next.iter_mut().zip(moved).zip(increments) {
        *next = moved + scale * increment;
        // A NaN fails the test and so counts as stopped.
        stopped |= !(*next > limits[0] && *next < limits[1]);
    }
    for &[lo, hi] in targets {
        for &next in next.iter() {
            stopped |= next >= lo && next <= hi;
        }
    }
    stopped
}

dispatch! {
    /// The same for continuous paths, with the crossing test within the step.
    ///
    /// Given its ends `x`, `y` on one side of the barrier `b`, a Brownian path of variance `v` over
    /// the step has crossed it with probability `exp(-2 (b-x)(b-y)/v)`, so exactly if a standard
    /// exponential variable exceeds `2 (b-x)(b-y)/v`. One variable serves both barriers: the nearer one
    /// decides, the other's share is exponentially small in the step.
    fn diffuse[](x: &[f64], moved: &[f64], increments: &[f64], exponentials: &[f64], scales: [f64; 2], limits: [f64; 2], next: &mut [f64]) -> bool = diffuse_kernel
}

#[inline(always)]
fn diffuse_kernel(
    x: &[f64],
    moved: &[f64],
    increments: &[f64],
    exponentials: &[f64],
    scales: [f64; 2],
    limits: [f64; 2],
    next: &mut [f64],
) -> bool {
    for ((next, moved), increment) in next.iter_mut().zip(moved).zip(increments) {
        *next = moved + scales[0] * increment;
    }
    crossed_kernel(x, next, exponentials, scales[1], limits)
}

dispatch! {
    /// Middles of coarse steps: half the drift step, the first half's noise.
    fn diffuse_half[](x: &[f64], moved: &[f64], noise: [&[f64]; 2], scales: [f64; 2], limits: [f64; 2], next: &mut [f64]) -> bool = diffuse_half_kernel
}

#[inline(always)]
fn diffuse_half_kernel(
    x: &[f64],
    moved: &[f64],
    noise: [&[f64]; 2],
    scales: [f64; 2],
    limits: [f64; 2],
    next: &mut [f64],
) -> bool {
    let [increments, exponentials] = noise;
    for (((next, x), moved), increment) in next.iter_mut().zip(x).zip(moved).zip(increments) {
        *next = x + 0.5 * (moved - x) + scales[0] * increment;
    }
    crossed_kernel(x, next, exponentials, scales[1], limits)
}

dispatch! {
    /// Whether some path from `x` to `next` may have crossed a barrier.
    fn crossed[](x: &[f64], next: &[f64], exponentials: &[f64], half_variance: f64, limits: [f64; 2]) -> bool = crossed_kernel
}

#[inline(always)]
fn crossed_kernel(
    x: &[f64],
    next: &[f64],
    exponentials: &[f64],
    half_variance: f64,
    limits: [f64; 2],
) -> bool {
    let mut stopped = false;
    for ((x, next), exponential) in x.iter().zip(next).zip(exponentials) {
        let below = (x - limits[0]) * (next - limits[0]);
        let above = (limits[1] - x) * (limits[1] - next);
        let threshold = exponential * half_variance;
        // A NaN fails the test and so counts as stopped.
        stopped |= !(below >= threshold && above >= threshold);
    }
    stopped
}
