//! The inner loop: up to 64 paths, or pairs of paths, in structure-of-arrays form.

use levyscape_integrator::dispatch;
use levyscape_integrator::noise::{BLOCK, LARGEST_EXPONENTIAL, Noise, NoiseBlock};
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
    /// How close each path came to its barriers in the step; see [`diffuse`].
    margin: [f64; LANES],
    ended: [Option<PathRecord>; LANES],
}

impl Grid {
    fn new() -> Self {
        Self {
            x: [0.0; LANES],
            moved: [0.0; LANES],
            next: [0.0; LANES],
            margin: [0.0; LANES],
            ended: [None; LANES],
        }
    }

    fn place(&mut self, lane: usize, start: f64) {
        self.x[lane] = start;
        self.ended[lane] = None;
    }

    /// Notes the first end of a lane's path and parks the lane at the start until it is refilled.
    #[cold]
    fn end(&mut self, lane: usize, time: f64, steps: u64, position: f64, outcome: Outcome, park: f64) {
        let previous = self.x[lane];
        self.ended[lane].get_or_insert(PathRecord { time, position, previous, steps, outcome });
        self.next[lane] = park;
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
    /// Middles of coarse steps.
    middles: Grid,
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
            middles: Grid::new(),
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
                        steps: self.shared.steps_to_horizon(step),
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
        let Self { shared, test, block, fine: grid, taken, .. } = self;
        shared.maps[0].advance(&grid.x[..n], &mut grid.moved[..n]);
        let increments = &block.increments[row][..n];
        let stopped = match test.half_variance {
            None => test.jump(grid, increments, shared, n),
            Some(half_variance) => diffuse(
                &grid.x[..n],
                &grid.moved[..n],
                increments,
                [1.0, shared.scale, LARGEST_EXPONENTIAL * half_variance],
                test.limits(),
                &mut grid.next[..n],
                &mut grid.margin[..n],
            ),
        };
        if stopped {
            for lane in 0..n {
                let (x, next) = (grid.x[lane], grid.next[lane]);
                let ended = match test.half_variance {
                    None => landed(next, shared.region),
                    Some(_) => test.crossed(x, next, grid.margin[lane], || block.exponential(row, lane)),
                };
                if let Some((outcome, position)) = ended {
                    let taken = taken[lane] + row as u64;
                    grid.end(
                        lane,
                        (taken as f64 + 0.5) * shared.step,
                        taken + 1,
                        position,
                        outcome,
                        shared.start,
                    );
                }
            }
        }
        core::mem::swap(&mut grid.x, &mut grid.next);
    }

    fn step_coarse(&mut self, row: usize) {
        let n = self.running;
        let Self { shared, test, block, sums, coarse: grid, taken, middles, .. } = self;
        shared.maps[1].advance(&grid.x[..n], &mut grid.moved[..n]);
        let [first, second] = [row - 1, row].map(|row| &block.increments[row][..n]);
        for ((sum, first), second) in sums[..n].iter_mut().zip(first).zip(second) {
            *sum = first + second;
        }
        let stopped = match test.half_variance {
            None => test.jump(grid, &sums[..n], shared, n),
            // Within a coarse step the path is a Brownian motion with constant drift: testing its two
            // halves with the fine path's own random numbers leaves its law as it is and keeps the two
            // paths together.
            Some(half_variance) => {
                let reach = LARGEST_EXPONENTIAL * half_variance;
                let limits = test.limits();
                let mut stopped = diffuse(
                    &grid.x[..n],
                    &grid.moved[..n],
                    first,
                    [0.5, shared.scale, reach],
                    limits,
                    &mut middles.next[..n],
                    &mut middles.margin[..n],
                );
                for ((next, moved), sum) in grid.next[..n].iter_mut().zip(&grid.moved[..n]).zip(&sums[..n]) {
                    *next = moved + shared.scale * sum;
                }
                let margin = &mut grid.margin[..n];
                stopped |= approach(&middles.next[..n], &grid.next[..n], reach, limits, margin);
                stopped
            }
        };
        if stopped {
            for lane in 0..n {
                let (x, next) = (grid.x[lane], grid.next[lane]);
                let ended = match test.half_variance {
                    None => landed(next, shared.region),
                    Some(_) => {
                        let middle = middles.next[lane];
                        test.crossed(x, middle, middles.margin[lane], || block.exponential(row - 1, lane))
                            .or_else(|| {
                                test.crossed(middle, next, grid.margin[lane], || block.exponential(row, lane))
                            })
                    }
                };
                if let Some((outcome, position)) = ended {
                    let taken = (taken[lane] + row as u64) / 2;
                    let time = (taken as f64 + 0.5) * (2.0 * shared.step);
                    grid.end(lane, time, taken + 1, position, outcome, shared.start);
                }
            }
        }
        core::mem::swap(&mut grid.x, &mut grid.next);
    }
}

impl Shared<'_> {
    /// Steps that reach `max_time` on the grid of `factor` times the step.
    fn steps_to_horizon(&self, factor: u64) -> u64 {
        let steps = (self.max_time / (factor as f64 * self.step)).ceil();
        (steps as u64).min(self.max_steps / factor)
    }

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
    fn limits(&self) -> [f64; 2] {
        [self.lower.0, self.upper.0]
    }

    fn jump(&self, grid: &mut Grid, increments: &[f64], shared: &Shared<'_>, n: usize) -> bool {
        let targets = &shared.region.targets;
        jump(&grid.moved[..n], increments, shared.scale, self.limits(), targets, &mut grid.next[..n])
    }

    /// How a continuous path ends that went from `x` to `next` in one step, if it does, and where.
    ///
    /// `margin` is `min((x-a)(next-a), (b-x)(b-next))` for the barriers `a < b`. One exponential variable
    /// serves both: the nearer barrier decides, the other's share is exponentially small in the step.
    #[inline(always)]
    fn crossed(
        &self,
        x: f64,
        next: f64,
        margin: f64,
        exponential: impl Fn() -> f64,
    ) -> Option<(Outcome, f64)> {
        let half_variance = self.half_variance?;
        if margin >= LARGEST_EXPONENTIAL * half_variance {
            return None;
        }
        if !next.is_finite() {
            return Some((Outcome::Diverged, f64::NAN));
        }
        if margin >= exponential() * half_variance {
            return None;
        }
        let below = (x - self.lower.0) * (next - self.lower.0);
        let (place, stop) = if below <= margin { self.lower } else { self.upper };
        Some((Outcome::Exited(stop), place))
    }
}

/// How a jumping path ends that landed at `next`, if it does, and where.
fn landed(next: f64, region: &StopRegion) -> Option<(Outcome, f64)> {
    if !next.is_finite() {
        return Some((Outcome::Diverged, f64::NAN));
    }
    region.stop_at(next).map(|stop| (Outcome::Exited(stop), next))
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
    /// One step of continuous paths: `next = x + share (moved - x) + scale * increment`, each path's margin
    /// to the barriers, and whether some margin is within reach of a crossing.
    ///
    /// Given its ends `x`, `y` on one side of the barrier `b`, a Brownian path of variance `v` over
    /// the step has crossed it with probability `exp(-2 (b-x)(b-y)/v)`, so exactly if a standard
    /// exponential variable exceeds `2 (b-x)(b-y)/v`. The margin is the smaller of the products
    /// `(b-x)(b-y)` of the two barriers; the reach is `v/2` times the largest exponential variable.
    fn diffuse[](x: &[f64], moved: &[f64], increments: &[f64], factors: [f64; 3], limits: [f64; 2], next: &mut [f64], margin: &mut [f64]) -> bool = diffuse_kernel
}

#[inline(always)]
fn diffuse_kernel(
    x: &[f64],
    moved: &[f64],
    increments: &[f64],
    [share, scale, reach]: [f64; 3],
    limits: [f64; 2],
    next: &mut [f64],
    margin: &mut [f64],
) -> bool {
    for (((next, x), moved), increment) in next.iter_mut().zip(x).zip(moved).zip(increments) {
        // Written for share = 1 to give the same bits as `moved` itself.
        *next = (moved - (1.0 - share) * (moved - x)) + scale * increment;
    }
    approach_kernel(x, next, reach, limits, margin)
}

dispatch! {
    /// Each path's margin to the barriers on its way from `x` to `next`, and whether some is within reach.
    fn approach[](x: &[f64], next: &[f64], reach: f64, limits: [f64; 2], margin: &mut [f64]) -> bool = approach_kernel
}

#[inline(always)]
fn approach_kernel(x: &[f64], next: &[f64], reach: f64, limits: [f64; 2], margin: &mut [f64]) -> bool {
    let mut stopped = false;
    for ((margin, x), next) in margin.iter_mut().zip(x).zip(next) {
        let below = (x - limits[0]) * (next - limits[0]);
        let above = (limits[1] - x) * (limits[1] - next);
        *margin = if below < above { below } else { above };
        // A NaN fails the test and so counts as stopped.
        stopped |= !(below >= reach && above >= reach);
    }
    stopped
}
