//! Rare exits of continuous paths on the line: adaptive multilevel splitting.

use std::sync::atomic::Ordering;

use levyscape_integrator::noise::{BLOCK, NoiseBlock, Sampler};
use levyscape_integrator::rng::{LANES, LaneRng};
use levyscape_integrator::{Amplitude, Drift, IntegratorError, Scheme, SchemeKind, Sde, StreamKey, dispatch};

use crate::ensemble::Control;
use crate::error::EngineError;
use crate::event::{Region, StopRegion};
use crate::record::Stop;
use crate::replicas::{Output, Replicated};

/// How a replica of [`LevelSplitting`] is made.
#[derive(Debug, Clone, PartialEq)]
pub struct Levels {
    /// The minimum of the well in which the path starts.
    pub anchor: f64,
    /// The levels below and above the anchor that end a cycle; by default where the potential has risen by
    /// `eps^2 Var(Z_1)/2`, at most half way to the stop.
    pub around: Option<[f64; 2]>,
    /// Particles of a replica, at least 2.
    pub particles: usize,
    /// The time step `h` of the scheme of Strang; the same numbers are estimated at `2 h`.
    pub step: f64,
    /// Where the paths spend their time; see [`SchemeKind::build`].
    pub window: [f64; 2],
}

/// Mean exit and transition times and splitting probabilities for noise without jumps on the line, however
/// rare the exit is; a [`Replicated`] estimator.
///
/// A continuous path passes every point on its way, and starts anew there. With the anchor `a` and levels
/// `z- < a < z+` next to it, the path from `a` runs in independent cycles: until it meets `z-` or `z+` (after
/// a time `T1`, with probabilities `pi-`, `pi+`), and from there until it is back in `a` or meets the
/// stop on that side (after a time `T2`; the latter with probability `p-`, `p+`). With the cycle's length
/// `C = T1 + T2` and the event `F` that it ends in `a`, and `P = 1 - P(F) = pi- p- + pi+ p+`,
///
/// ```text
/// E T   = E C / P
/// E T^2 = (E C^2 + 2 E[C; F] E T) / P
/// P(stop at +) = pi+ p+ / P
/// kappa: the root of E[exp(kappa C); F] = 1.
/// ```
///
/// The first three are exact; for `kappa` the exponential is expanded to the second order, an error of the
/// order `(kappa E C)^2` relative to it. On a side without a stop there is no level. From a start other than
/// `a` there is a first stretch until `a` or the stop on the start's side, treated as the stretches from `z-`
/// and `z+` are.
///
/// All but `p-` and `p+` are averages over plain paths. `p` comes from adaptive multilevel splitting (Cérou
/// and Guyader 2007): of `n` paths from `z`, followed until `a` or the stop, the one that came least far is
/// dropped, and a new one starts at the very place that it had reached, which is where a continuous path first
/// gets that far; this is repeated until all have reached the stop, after `k` times. Then `(1 - 1/n)^k` has the
/// mean `p` (Bréhier, Lelièvre and Rousset 2015) and the relative variance `p^(-1/n) - 1`, about `-ln(p)/n`. The
/// furthest place within a time step is drawn from the Brownian bridge.
///
/// The estimate of one replica is nearly log-normal: the mean of `r` replicas may be given a normal interval
/// once `-ln(p)/(n r)` is below some 0.01 (skewness of the mean below a third), as with `n = 128`, `p = 1e-12`
/// and 22 replicas.
///
/// A well on the way from the anchor to a stop that is deep itself makes the paths long, though not wrong; it
/// is not waited for cleverly. The start should be in the well of the anchor, so that to reach it is not rare.
pub struct LevelSplitting<'a> {
    sde: &'a Sde<'a>,
    epsilon: f64,
    anchor: f64,
    stops: [(f64, Stop); 2],
    levels: [f64; 2],
    climbs: Vec<Climb>,
    /// Whether the last of the climbs begins at the start.
    from_start: bool,
    particles: usize,
    grids: [Grid<'a>; 2],
    outputs: Vec<Output>,
    key: StreamKey,
}

/// A step with what takes it.
struct Grid<'a> {
    step: f64,
    sampler: Box<dyn Sampler>,
    scheme: Box<dyn Scheme + 'a>,
}

/// A stretch that ends in the anchor or at a stop.
#[derive(Clone, Copy)]
struct Climb {
    from: f64,
    /// 0: downwards, 1: upwards.
    side: usize,
}

/// Numbers of the cycles in a row: for each side its share, and `E[T1; side]`, `E[T1^2; side]`.
const CYCLES: usize = 6;
/// Numbers of a climb: `p`, `E T2`, `E T2^2`, and the last two over the paths that meet the stop.
const CLIMB: usize = 5;

impl<'a> LevelSplitting<'a> {
    /// Paths of the equation from `start` until they stop in `region`. Of the region's ends and targets only
    /// those count that lie next to the anchor.
    ///
    /// [`Output::MeanTime`], [`Output::SecondMoment`], [`Output::StopProbability`], [`Output::Landing`] and
    /// [`Output::ExitRate`] are estimated, the others are NaN.
    ///
    /// # Errors
    /// [`EngineError::Continuous`] for anything but a noise without jumps on the line with a constant
    /// amplitude; [`EngineError::StartStopped`] for a start (or an anchor) outside the region, or a start that
    /// has a stop between itself and the anchor; a region without any stop; a step that is not positive;
    /// levels on the wrong side.
    pub fn new(
        sde: &'a Sde<'a>,
        start: f64,
        region: &StopRegion,
        levels: &Levels,
        outputs: Vec<Output>,
        key: StreamKey,
    ) -> Result<Self, EngineError> {
        let &Levels { anchor, around, particles, step, window } = levels;
        let (drift, noise) = (sde.drift(), sde.noise());
        let (Amplitude::Constant(epsilon), 1) = (sde.amplitude(), sde.dimension()) else {
            return Err(EngineError::Continuous);
        };
        if noise.has_jumps() {
            return Err(EngineError::Continuous);
        }
        for x in [start, anchor] {
            sde.check_start(&[x])?;
            Region::from(region.clone()).check_start(&[x])?;
        }
        let stops = region.barriers(anchor);
        if stops != region.barriers(start) {
            return Err(EngineError::StartStopped(vec![start]));
        }
        if !stops.iter().any(|stop| stop.0.is_finite()) {
            return Err(EngineError::Endless);
        }
        if !(step > 0.0 && step.is_finite()) {
            return Err(IntegratorError::NotPositive { name: "step", value: step }.into());
        }
        if particles < 2 {
            let (name, value, range) = ("the number of particles", particles as f64, "at least 2");
            return Err(IntegratorError::Parameter { name, value, range }.into());
        }
        let epsilon = epsilon[0];
        let thermal = 0.5 * epsilon * epsilon * noise.gaussian_variance();
        let levels = around.unwrap_or_else(|| stops.map(|(stop, _)| level(drift, anchor, stop, thermal)));
        let mut climbs = Vec::new();
        let mut ends = levels;
        for (side, &(stop, _)) in stops.iter().enumerate() {
            if !stop.is_finite() {
                ends[side] = stop;
                continue;
            }
            let (value, outward) = (levels[side], if side == 0 { -1.0 } else { 1.0 });
            if !(outward * (value - anchor) > 0.0 && outward * (stop - value) > 0.0) {
                let (name, range) = ("a level around the anchor", "between the anchor and the stop");
                return Err(IntegratorError::Parameter { name, value, range }.into());
            }
            climbs.push(Climb { from: value, side });
        }
        let from_start = start != anchor;
        if from_start {
            climbs.push(Climb { from: start, side: usize::from(start > anchor) });
        }
        let grid = |step| {
            let scheme = SchemeKind::Strang.build(drift, noise, step, &[window]);
            noise.sampler(step).map(|sampler| Grid { step, sampler, scheme })
        };
        let grids = [grid(step)?, grid(2.0 * step)?];
        let levels = ends;
        Ok(Self { sde, epsilon, anchor, stops, levels, climbs, from_start, particles, grids, outputs, key })
    }

    /// The levels below and above the anchor; infinite on a side without a stop.
    #[must_use]
    pub fn levels(&self) -> [f64; 2] {
        self.levels
    }

    /// The time step `h`.
    #[must_use]
    pub fn step(&self) -> f64 {
        self.grids[0].step
    }

    /// The smallest distance between neighbours among the anchor, the levels and the stops: the noise of a step
    /// must be small against it, for of two bounds that a path comes near to in one step only the nearer one is
    /// looked at, and a passage counts as in the middle of its step.
    #[must_use]
    pub fn narrowest(&self) -> f64 {
        let sides = self.levels.iter().zip(self.stops).filter(|(_, (stop, _))| stop.is_finite());
        sides
            .map(|(level, (stop, _))| (level - self.anchor).abs().min((stop - level).abs()))
            .fold(f64::INFINITY, f64::min)
    }

    /// The estimates at the steps `h` and `2 h` from the mean row. The two are independent.
    #[must_use]
    pub fn fine_and_coarse(&self, mean: &[f64]) -> (Vec<f64>, Vec<f64>) {
        let (fine, coarse) = mean.split_at(self.half());
        (self.estimates(fine), self.estimates(coarse))
    }

    /// Numbers a row has of one grid.
    fn half(&self) -> usize {
        CYCLES + CLIMB * self.climbs.len()
    }

    fn estimates(&self, mean: &[f64]) -> Vec<f64> {
        let (cycles, climbs) = mean.split_at(CYCLES);
        let climb = |k: usize| -> [f64; CLIMB] { core::array::from_fn(|j| climbs[CLIMB * k + j]) };
        // Moments of the cycle, with the parts of the cycles that end at a stop.
        let (mut length, mut square) = ([0.0; 2], [0.0; 2]);
        let mut probability = [0.0; 2];
        for (k, part) in self.climbs.iter().enumerate() {
            if self.from_start && k + 1 == self.climbs.len() {
                break;
            }
            let [p, time, time_square, time_stopped, square_stopped] = climb(k);
            let [share, first, first_square] = core::array::from_fn(|j| cycles[3 * part.side + j]);
            probability[part.side] = share * p;
            length[0] += first + share * time;
            length[1] += first * p + share * time_stopped;
            square[0] += first_square + 2.0 * first * time + share * time_square;
            square[1] += first_square * p + 2.0 * first * time_stopped + share * square_stopped;
        }
        let success = probability[0] + probability[1];
        let (back, back_square) = (length[0] - length[1], square[0] - square[1]);
        let mut mean_time = length[0] / success;
        let mut second_moment = (square[0] + 2.0 * back * mean_time) / success;
        let rate = 2.0 * success / (back + (back * back + 2.0 * back_square * success).sqrt());
        probability = probability.map(|probability| probability / success);
        if let Some(part) = self.climbs.last().filter(|_| self.from_start) {
            let [p, time, time_square, time_stopped, _] = climb(self.climbs.len() - 1);
            second_moment = time_square + 2.0 * (time - time_stopped) * mean_time + (1.0 - p) * second_moment;
            mean_time = time + (1.0 - p) * mean_time;
            probability = probability.map(|probability| (1.0 - p) * probability);
            probability[part.side] += p;
        }
        let sum_where = |asked: &dyn Fn(f64, Stop) -> bool| {
            let ends = self.stops.iter().zip(probability);
            ends.map(|(&(place, stop), p)| if asked(place, stop) { p } else { 0.0 }).sum()
        };
        self.outputs
            .iter()
            .map(|output| match *output {
                Output::MeanTime => mean_time,
                Output::SecondMoment => second_moment,
                Output::StopProbability(asked) => sum_where(&|_, stop| stop == asked),
                Output::Landing([lo, hi]) => {
                    sum_where(&|place, _| place.is_finite() && place >= lo && place <= hi)
                }
                Output::ExitRate(0) => rate,
                _ => f64::NAN,
            })
            .collect()
    }
}

impl Replicated for LevelSplitting<'_> {
    fn width(&self) -> usize {
        2 * self.half()
    }

    fn group(&self) -> u64 {
        LANES as u64
    }

    fn simulate(&self, group: u64, rows: &mut Vec<f64>, control: &Control) -> Result<u64, EngineError> {
        let first = group.wrapping_mul(LANES as u64);
        let begin = rows.len();
        rows.resize(begin + LANES * self.width(), 0.0);
        let mut steps = 0;
        for coarse in 0..2 {
            let mut runner = Runner::new(self, coarse, first);
            while runner.running > 0 {
                if control.cancel.load(Ordering::Relaxed) {
                    return Err(EngineError::Interrupted);
                }
                steps += (runner.running * BLOCK) as u64;
                runner.advance(&mut rows[begin..])?;
            }
        }
        Ok(steps)
    }

    fn outputs(&self) -> Vec<Output> {
        self.outputs.clone()
    }

    fn evaluate(&self, mean: &[f64]) -> Vec<f64> {
        self.estimates(&mean[..self.half()])
    }

    fn evaluate_coarse(&self, mean: &[f64]) -> Option<Vec<f64>> {
        Some(self.fine_and_coarse(mean).1)
    }

    /// Probabilities of rare sides, too: they are what it is for.
    fn is_target(&self, output: &Output) -> bool {
        matches!(output, Output::MeanTime | Output::StopProbability(_))
    }
}

/// Where the potential of the drift has risen by `rise` on the way from `anchor` to `stop`, at most half way;
/// the stop itself where that is infinite.
fn level(drift: &dyn Drift, anchor: f64, stop: f64, rise: f64) -> f64 {
    if !stop.is_finite() {
        return stop;
    }
    let half = 0.5 * (stop - anchor);
    let force = |x: f64| {
        let mut out = [0.0];
        drift.drift_at(&[x], &mut out);
        out[0]
    };
    let (mut share, mut place, mut risen) = (1e-6, anchor, 0.0);
    let mut at_place = force(anchor);
    while share < 1.0 {
        let next = anchor + share * half;
        let at_next = force(next);
        risen -= 0.5 * (at_place + at_next) * (next - place);
        (place, at_place) = (next, at_next);
        if risen >= rise || risen.is_nan() {
            return place;
        }
        share *= 1.05;
    }
    anchor + half
}

/// The replicas of a group at one step, one a lane: each follows one path after the other.
struct Runner<'a, 'b> {
    problem: &'b LevelSplitting<'a>,
    grid: &'b Grid<'a>,
    /// Where the numbers of this grid begin in a row.
    offset: usize,
    half_variance: f64,
    rng: LaneRng,
    blocks: Vec<NoiseBlock>,
    x: [[f64; LANES]; 1],
    moved: [[f64; LANES]; 1],
    next: [[f64; LANES]; 1],
    margins: [f64; LANES],
    doubts: [bool; LANES],
    /// A path is looked at when it crosses one of these.
    bounds: [[f64; LANES]; 2],
    replicas: Vec<Replica>,
    running: usize,
    /// Steps that each running lane has taken, the present one included.
    taken: u64,
}

/// What one lane has done so far.
struct Replica {
    /// Its number within the group.
    number: usize,
    /// 0: cycles; then the climbs; one more: done.
    stage: usize,
    /// Paths of this stage so far; in a climb the first ones, before any is dropped.
    paths: usize,
    /// How far each path of the climb came, counted in its direction; infinite at the stop.
    records: Vec<f64>,
    /// The path that is followed.
    current: usize,
    dropped: u64,
    /// The step of the run at which the path began.
    begun: u64,
}

impl<'a, 'b> Runner<'a, 'b> {
    fn new(problem: &'b LevelSplitting<'a>, coarse: usize, first: u64) -> Self {
        let grid = &problem.grids[coarse];
        let scale = problem.epsilon * grid.scheme.noise_factor(0);
        let variance = problem.sde.noise().gaussian_variance();
        let replicas = (0..LANES).map(|number| Replica {
            number,
            stage: 0,
            paths: 0,
            records: vec![0.0; problem.particles],
            current: 0,
            dropped: 0,
            begun: 0,
        });
        let mut runner = Self {
            problem,
            grid,
            offset: coarse * problem.half(),
            half_variance: 0.5 * variance * grid.step * scale * scale,
            rng: LaneRng::default(),
            blocks: NoiseBlock::zeros(1),
            x: [[problem.anchor; LANES]],
            moved: [[0.0; LANES]],
            next: [[0.0; LANES]],
            margins: [0.0; LANES],
            doubts: [false; LANES],
            bounds: problem.levels.map(|level| [level; LANES]),
            replicas: replicas.collect(),
            running: LANES,
            taken: 0,
        };
        for lane in 0..LANES {
            let number = first.wrapping_add(lane as u64).wrapping_mul(2).wrapping_add(coarse as u64);
            runner.rng.seed_lane(lane, &problem.key, number);
        }
        runner
    }

    /// Takes [`BLOCK`] steps in every running lane.
    fn advance(&mut self, rows: &mut [f64]) -> Result<(), EngineError> {
        let n = self.running;
        self.grid.sampler.fill(&mut self.rng, n, &mut self.blocks);
        let scale = 0.125 / self.half_variance;
        for row in 0..BLOCK {
            self.taken += 1;
            let scheme = self.grid.scheme.as_ref();
            scheme.advance(&self.x, n, &mut self.moved);
            let increments = core::slice::from_ref(&self.blocks[0].diffusion[row]);
            self.problem.sde.amplitude().kick(&self.x, &self.moved, increments, n, &mut self.next);
            if let Some(after) = scheme.after_noise() {
                after.advance(&self.next, n, &mut self.moved);
                core::mem::swap(&mut self.next, &mut self.moved);
            }
            approach(
                &self.x[0],
                &self.next[0],
                &self.bounds,
                scale,
                row,
                &self.blocks[0],
                &mut self.margins,
                &mut self.doubts,
            );
            for lane in 0..n {
                if self.doubts[lane] {
                    self.look(lane, row, rows)?;
                }
            }
            core::mem::swap(&mut self.x, &mut self.next);
        }
        let mut lane = 0;
        while lane < self.running {
            if self.replicas[lane].stage <= self.problem.climbs.len() {
                lane += 1;
                continue;
            }
            self.running -= 1;
            let last = self.running;
            self.rng.move_lane(last, lane);
            self.x[0][lane] = self.x[0][last];
            for bounds in &mut self.bounds {
                bounds[lane] = bounds[last];
            }
            self.replicas.swap(last, lane);
        }
        Ok(())
    }

    /// Looks at a path that came near to one of its bounds in this step.
    fn look(&mut self, lane: usize, row: usize, rows: &mut [f64]) -> Result<(), EngineError> {
        let (x, y) = (self.x[0][lane], self.next[0][lane]);
        if !y.is_finite() {
            return Err(EngineError::Diverged);
        }
        let [low, high] = [self.bounds[0][lane], self.bounds[1][lane]];
        let upper = (high - x) * (high - y) < (x - low) * (y - low);
        let exponential = self.blocks[0].exponential(row, lane);
        // The nearer bound decides: the other's share is exponentially small in the step.
        if self.margins[lane] >= exponential * self.half_variance {
            return Ok(());
        }
        let problem = self.problem;
        let replica = &mut self.replicas[lane];
        let width = problem.width();
        let row = &mut rows[replica.number * width..][self.offset..self.offset + problem.half()];
        // It crossed in the middle of the step.
        let time = ((self.taken - replica.begun) as f64 - 0.5) * self.grid.step;
        let share = 1.0 / problem.particles as f64;
        if replica.stage == 0 {
            let cycle = &mut row[3 * usize::from(upper)..][..3];
            for (sum, power) in cycle.iter_mut().zip([1.0, time, time * time]) {
                *sum += share * power;
            }
            replica.paths += 1;
            if replica.paths == problem.particles {
                replica.stage = 1;
                replica.paths = 0;
            }
            self.begin(lane);
            return Ok(());
        }
        let Climb { side, .. } = problem.climbs[replica.stage - 1];
        let outward = if side == 0 { -1.0 } else { 1.0 };
        let mut reached = false;
        if upper == (side == 1) {
            // The furthest place of the Brownian bridge from x to y, given that it is beyond the record.
            let spread = ((y - x) * (y - x) + 4.0 * self.half_variance * exponential).sqrt();
            let furthest = 0.5 * (x + y + outward * spread);
            let stop = problem.stops[side].0;
            reached = outward * (stop - furthest) <= 0.0;
            if !reached {
                self.bounds[side][lane] = furthest;
                return Ok(());
            }
        }
        let column = &mut row[CYCLES + CLIMB * (replica.stage - 1)..][..CLIMB];
        if replica.paths < problem.particles {
            let success = if reached { 1.0 } else { 0.0 };
            for (sum, power) in
                column[1..].iter_mut().zip([time, time * time, success * time, success * time * time])
            {
                *sum += share * power;
            }
            replica.paths += 1;
        }
        let record = if reached { f64::INFINITY } else { outward * self.bounds[side][lane] };
        replica.records[replica.current] = record;
        replica.current = replica.paths;
        if replica.paths == problem.particles {
            replica.current = least(&replica.records);
            let endless = problem.stops[side].0.is_infinite();
            if endless || replica.records[replica.current] == f64::INFINITY {
                let p = libm::exp(replica.dropped as f64 * libm::log(1.0 - share));
                column[0] = if endless { 0.0 } else { p };
                replica.stage += 1;
                (replica.paths, replica.current, replica.dropped) = (0, 0, 0);
            } else {
                replica.dropped += 1;
            }
        }
        self.begin(lane);
        Ok(())
    }

    /// Starts a lane's next path.
    fn begin(&mut self, lane: usize) {
        let problem = self.problem;
        let replica = &mut self.replicas[lane];
        replica.begun = self.taken;
        let (place, low, high) = match (replica.stage, problem.climbs.get(replica.stage.wrapping_sub(1))) {
            (0, _) => (problem.anchor, problem.levels[0], problem.levels[1]),
            (_, Some(&Climb { from, side })) => {
                let outward = if side == 0 { -1.0 } else { 1.0 };
                let again = replica.paths == problem.particles;
                let place = if again { outward * replica.records[replica.current] } else { from };
                let stop = problem.stops[side].0;
                // Without a stop on this side there is no record to keep.
                let record = if stop.is_finite() { place } else { stop };
                if side == 0 { (place, record, problem.anchor) } else { (place, problem.anchor, record) }
            }
            // Done: never looked at again.
            (_, None) => (problem.anchor, f64::NEG_INFINITY, f64::INFINITY),
        };
        self.next[0][lane] = place;
        (self.bounds[0][lane], self.bounds[1][lane]) = (low, high);
    }
}

/// The index of the smallest number.
fn least(numbers: &[f64]) -> usize {
    // Eight at a time, which compiles to vector instructions.
    let mut lowest = [f64::INFINITY; 8];
    let (chunks, rest) = numbers.as_chunks::<8>();
    for chunk in chunks {
        for (lowest, &number) in lowest.iter_mut().zip(chunk) {
            *lowest = if number < *lowest { number } else { *lowest };
        }
    }
    let least = lowest.iter().chain(rest).fold(f64::INFINITY, |a, &b| a.min(b));
    numbers.iter().position(|&number| number == least).unwrap_or(0)
}

dispatch! {
    /// Each path's margin to its bounds `a < b` on its way from `x` to `next`,
    /// `m = min((x-a)(next-a), (b-x)(b-next))`, and whether it may have crossed one of them.
    ///
    /// Given its ends, a Brownian path of variance `v` over the step has crossed a bound exactly if a uniform
    /// number `u` is below `exp(-2 m/v)`, so not if it is above `(1 + t)^-8`, `t` the margin times `scale`,
    /// `1/(4 v)`: most paths are told apart without a logarithm. All lanes are looked at, whether they run or
    /// not.
    fn approach[](x: &[f64; LANES], next: &[f64; LANES], bounds: &[[f64; LANES]; 2], scale: f64, row: usize, block: &NoiseBlock, margins: &mut [f64; LANES], doubts: &mut [bool; LANES]) = approach_kernel
}

#[inline(always)]
#[allow(clippy::too_many_arguments)]
fn approach_kernel(
    x: &[f64; LANES],
    next: &[f64; LANES],
    bounds: &[[f64; LANES]; 2],
    scale: f64,
    row: usize,
    block: &NoiseBlock,
    margins: &mut [f64; LANES],
    doubts: &mut [bool; LANES],
) {
    let [low, high] = bounds;
    for k in 0..LANES {
        let below = (x[k] - low[k]) * (next[k] - low[k]);
        let above = (high[k] - x[k]) * (high[k] - next[k]);
        margins[k] = if above < below { above } else { below };
    }
    for k in 0..LANES {
        let t = 1.0 + scale * margins[k];
        let t2 = t * t;
        let t4 = t2 * t2;
        // A NaN is in doubt.
        doubts[k] = !((t >= 1.0) & (block.crossing_uniform(row, k) * (t4 * t4) >= 1.0));
    }
}
