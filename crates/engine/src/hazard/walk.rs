//! Paths: within one well, kept there and weighted; and free, from a landing until they stop or settle.

use std::sync::atomic::Ordering;

use levyscape_integrator::Scheme;
use levyscape_integrator::math::{exp, exp_m1};
use levyscape_integrator::noise::{BLOCK, NoiseBlock, Sampler};
use levyscape_integrator::rng::{LANES, LaneRng};

use crate::batch::Barriers;
use crate::ensemble::Control;
use crate::error::EngineError;
use crate::record::{Outcome, Stop};

use super::Hazard;
use super::geometry::{Place, Rates};

/// How paths walk while they are in one well, or between the wells.
pub(super) struct Class<'a> {
    /// The time step of the fine grid.
    pub step: f64,
    /// Steps of the fine grid after which a path that has stayed is in equilibrium; even.
    pub window: usize,
    /// Its steps: the first is for most places, the others for places close to an edge where paths stop.
    pub levels: Vec<Level<'a>>,
    pub rates: Rates<'a>,
    /// The heart of the well, an interval of nothing but places of this class; NaN where paths do not settle.
    pub heart: [f64; 2],
    /// Closer than this to an edge a step of the second level is taken.
    pub reach: f64,
    /// The part of the landings from which the noise may still carry a path over the edge.
    pub near: f64,
    /// The minimum.
    pub home: f64,
    /// Whether paths can come to equilibrium here.
    pub settles: bool,
}

/// How a step of one length is taken.
pub(super) struct Level<'a> {
    /// The flows of the drift over half the step of the fine and of the coarse grid.
    pub flows: [Box<dyn Scheme + 'a>; 2],
    /// The noise without its large jumps.
    pub sampler: Box<dyn Sampler>,
}

/// Each level's step is this part of the one before.
pub(super) const FINER: f64 = 0.25;

/// The paths of one replica a lane, kept within the heart of a well.
pub(super) struct Track {
    /// For each step: the probability, given the path, that the true process is still there: since the
    /// beginning (steps of the first window), or since a window ago (later steps).
    pub weight: Vec<[f64; LANES]>,
    /// The weight times the time at risk of a large jump in the step.
    pub gain: Vec<[f64; LANES]>,
    /// The place from which it would be made.
    pub place: Vec<[f64; LANES]>,
    /// Small jumps or diffusion that left the heart.
    pub slips: Vec<Slip>,
}

/// A path left the heart of its well without a large jump.
pub(super) struct Slip {
    pub step: usize,
    pub lane: usize,
    pub place: f64,
    pub weight: f64,
}

/// A free path that is to be followed.
pub(super) struct Job {
    /// Its replica.
    pub lane: usize,
    /// What it counts for.
    pub owner: Owner,
    pub weight: f64,
    pub place: f64,
    /// Time that has passed since it left the equilibrium, or since the start.
    pub time: f64,
    /// Which of the replica's random streams it takes.
    pub slot: u64,
}

/// A free path that comes into a class, or changes its level there.
#[derive(Clone, Copy)]
struct Visit {
    /// Which job it is.
    index: usize,
    place: f64,
    /// Its time.
    since: f64,
    /// How long it has been in the heart.
    stayed: f64,
    /// How often it has changed class or level.
    change: u64,
}

/// The first class and level at which a path waits.
fn next_group(waiting: &[Vec<Vec<Visit>>]) -> Option<(usize, usize)> {
    let groups = waiting.iter().enumerate();
    let mut groups = groups
        .flat_map(|(i, levels)| levels.iter().enumerate().map(move |(level, visits)| (i, level, visits)));
    groups.find(|(.., visits)| !visits.is_empty()).map(|(i, level, _)| (i, level))
}

/// The law that a path continues.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Owner {
    Start,
    Well(usize),
}

/// How a free path ended, and when.
#[derive(Clone, Copy)]
pub(super) struct Fate {
    pub time: f64,
    pub end: End,
}

#[derive(Clone, Copy)]
pub(super) enum End {
    Stopped(Stop, f64),
    Settled(usize),
}

/// What the random streams of a replica are for.
#[derive(Clone, Copy)]
pub(super) enum Purpose {
    /// The increments within a well; the large jumps; the choices made from the whole path.
    Well(usize, u64),
    /// The increments (0) or large jumps (1) of a free path, after so many changes of the well.
    Free { slot: u64, change: u64, part: u64 },
}

/// Streams of a replica. Those of the free paths begin at [`FREE`].
const STREAMS: u64 = 1 << 32;
const FREE: u64 = 1 << 16;
/// A free path changes the well less often than this.
const MOST_CHANGES: u64 = 1 << 14;
/// A free path that is in no well ends within so many steps.
const MOST_STEPS: u64 = 1 << 22;

/// The number of a random stream: apart from those of ordinary paths, which count from 0.
pub(super) fn stream(replica: u64, purpose: Purpose) -> u64 {
    let own = match purpose {
        Purpose::Well(well, part) => 4 * well as u64 + part,
        Purpose::Free { slot, change, part } => FREE + 2 * (slot * MOST_CHANGES + change) + part,
    };
    (1 << 63) | (replica * STREAMS + own)
}

/// The noise of up to [`LANES`] paths in one class.
struct Source<'c, 'a> {
    class: &'c Class<'a>,
    level: &'c Level<'a>,
    increments: LaneRng,
    jumps: LaneRng,
    blocks: Vec<NoiseBlock>,
    /// When the next large jump comes.
    next: [f64; LANES],
    factor: usize,
    epsilon: f64,
    /// Whether there is a Gaussian part; its variance in X over a step of the fine grid.
    diffuses: bool,
    variance: f64,
}

impl<'c, 'a> Source<'c, 'a> {
    fn new(class: &'c Class<'a>, level: usize, factor: usize, problem: &Hazard<'_>) -> Self {
        let epsilon = problem.epsilon;
        Self {
            class,
            level: &class.levels[level],
            increments: LaneRng::default(),
            jumps: LaneRng::default(),
            blocks: NoiseBlock::zeros(1),
            next: [f64::INFINITY; LANES],
            factor,
            epsilon,
            diffuses: problem.gaussian_variance > 0.0,
            variance: problem.gaussian_variance * class.step_at(level) * epsilon * epsilon,
        }
    }

    fn seed(&mut self, lane: usize, problem: &Hazard<'_>, streams: [u64; 2]) {
        self.increments.seed_lane(lane, &problem.key, streams[0]);
        self.jumps.seed_lane(lane, &problem.key, streams[1]);
        self.next[lane] = 0.0;
        self.wait(lane);
    }

    fn move_lane(&mut self, from: usize, to: usize) {
        self.increments.move_lane(from, to);
        self.jumps.move_lane(from, to);
        self.next[to] = self.next[from];
    }

    fn wait(&mut self, lane: usize) {
        let rate = self.class.rates.jumps.rate();
        if rate > 0.0 {
            self.next[lane] += self.class.rates.jumps.wait(self.jumps.next_of(lane));
        } else {
            self.next[lane] = f64::INFINITY;
        }
    }

    /// The next large jump, if it comes before `end`.
    fn jump(&mut self, lane: usize, end: f64) -> Option<f64> {
        (self.next[lane] < end).then(|| {
            let jump = self.class.rates.jumps.draw(self.jumps.next_of(lane));
            self.wait(lane);
            self.epsilon * jump
        })
    }

    fn fill(&mut self, lanes: usize) {
        self.level.sampler.fill(&mut self.increments, lanes, &mut self.blocks);
    }

    /// The places after a flow and the small increment of the step that ends with this row; `moved` is the
    /// place in between.
    fn advance(
        &self,
        flow: &dyn Scheme,
        row: usize,
        x: &[f64; LANES],
        lanes: usize,
        moved: &mut [[f64; LANES]; 1],
        out: &mut [f64; LANES],
    ) {
        flow.advance(core::slice::from_ref(x), lanes, moved);
        out[..lanes].copy_from_slice(&moved[0][..lanes]);
        let block = &self.blocks[0];
        for row in row + 1 - self.factor..=row {
            for (out, jump) in out.iter_mut().zip(&block.jumps[row]).take(lanes) {
                *out += self.epsilon * jump;
            }
            if self.diffuses {
                for (out, increment) in out.iter_mut().zip(&block.diffusion[row]).take(lanes) {
                    *out += self.epsilon * increment;
                }
            }
        }
    }

    /// Where the Gaussian part alone stops a path on its way from `x` (to `moved` by the flow) in the step
    /// that ends with this row.
    fn crossing(
        &self,
        barriers: &Barriers,
        row: usize,
        lane: usize,
        x: f64,
        moved: f64,
    ) -> Option<(Stop, f64)> {
        let block = &self.blocks[0];
        let half_variance = 0.5 * self.variance;
        let exponential = |row| move || block.exponential(row, lane);
        let test = |from, to, row| {
            barriers.crossed(from, to, barriers.margin(from, to), half_variance, exponential(row))
        };
        let increment = |row: usize| self.epsilon * block.diffusion[row][lane];
        let end = if self.factor == 1 {
            test(x, moved + increment(row), row)
        } else {
            let middle = x + 0.5 * (moved - x) + increment(row - 1);
            let last = moved + increment(row - 1) + increment(row);
            test(x, middle, row - 1).or_else(|| test(middle, last, row))
        };
        match end.map(|end| (end.outcome, end.position)) {
            Some((Outcome::Exited(stop), position)) => Some((stop, position)),
            _ => None,
        }
    }
}

impl Hazard<'_> {
    /// Walks in the heart of well `i` for `steps` steps of the fine grid.
    ///
    /// A step is half the flow, the small increment (which may leave: the path goes back to the minimum),
    /// half the flow, half the large jumps, the loss of weight at the place now reached, and then the large
    /// jumps, of which those that would leave are not made.
    pub(super) fn track(
        &self,
        i: usize,
        start: f64,
        steps: usize,
        factor: usize,
        first: u64,
        control: &Control,
    ) -> Result<Track, EngineError> {
        let class = &self.classes[i];
        let (h, window) = (class.step * factor as f64, class.window / factor);
        let count = steps / factor;
        let mut source = Source::new(class, 0, factor, self);
        for lane in 0..LANES {
            let streams = [0, 1].map(|part| stream(first + lane as u64, Purpose::Well(i, part)));
            source.seed(lane, self, streams);
        }
        let mut track = Track {
            weight: vec![[0.0; LANES]; count + 1],
            gain: vec![[0.0; LANES]; count],
            place: vec![[0.0; LANES]; count],
            slips: Vec::new(),
        };
        // The integral of the rate out of the well at the beginning of each step.
        let mut risk = vec![[0.0; LANES]; count + 1];
        let mut restart = [0_usize; LANES];
        let mut x = [start; LANES];
        let (mut y, mut z) = ([0.0; LANES], [[0.0; LANES]]);
        let half = &class.levels[0].flows[factor - 1];
        for n in 0..count {
            let row = (n * factor) % BLOCK + factor - 1;
            if row + 1 == factor {
                check(control)?;
                source.fill(LANES);
            }
            weigh(&risk, n, window, &restart, &mut track.weight[n]);
            source.advance(half.as_ref(), row, &x, LANES, &mut z, &mut y);
            for lane in 0..LANES {
                if !class.holds(y[lane]) {
                    finite(y[lane])?;
                    if track.weight[n][lane] > 0.0 {
                        let weight = track.weight[n][lane];
                        track.slips.push(Slip { step: n, lane, place: y[lane], weight });
                    }
                    y[lane] = class.home;
                    restart[lane] = n + 1;
                }
            }
            half.advance(core::slice::from_ref(&y), LANES, &mut z);
            let z = &mut z[0];
            let [middle, end] = [0.5, 1.0].map(|part| (n as f64 + part) * h);
            for (lane, z) in z.iter_mut().enumerate() {
                while let Some(jump) = source.jump(lane, middle) {
                    if class.holds(*z + jump) {
                        *z += jump;
                    }
                }
                x[lane] = *z;
                while let Some(jump) = source.jump(lane, end) {
                    if class.holds(x[lane] + jump) {
                        x[lane] += jump;
                    }
                }
            }
            let (weight, gain, before) = (&track.weight[n], &mut track.gain[n], risk[n]);
            let after = &mut risk[n + 1];
            for lane in 0..LANES {
                // A path that begins again in this step is not at risk in it.
                let at_risk = if restart[lane] == n + 1 { 0.0 } else { h };
                let loss = class.rates.total(z[lane]) * at_risk;
                after[lane] = before[lane] + loss;
                gain[lane] = weight[lane] * at_risk * if loss > 0.0 { -exp_m1(-loss) / loss } else { 1.0 };
            }
            track.place[n] = *z;
        }
        weigh(&risk, count, window, &restart, &mut track.weight[count]);
        Ok(track)
    }

    /// The level of the steps at a place of a class: the noise of a step must not reach an edge at which
    /// the path would stop, or an exit within the step goes unseen.
    fn level(&self, i: usize, x: f64) -> usize {
        let class = &self.classes[i];
        if class.levels.len() == 1 {
            return 0;
        }
        let distance = self.edges.iter().map(|edge| (x - edge).abs()).fold(f64::INFINITY, f64::min);
        let (mut level, mut reach) = (0, class.reach);
        while level + 1 < class.levels.len() && distance < reach {
            level += 1;
            reach *= self.finer;
        }
        level
    }

    /// Follows free paths until they stop or have been in the heart of one well for a window; adds the time
    /// steps taken.
    ///
    /// A step is half the flow, the small increment, the large jumps, and half the flow; stops are looked
    /// for in the middle of it. The fate of a path depends on its replica, place and slot alone.
    pub(super) fn follow(
        &self,
        jobs: &[Job],
        factor: usize,
        first: u64,
        steps: &mut u64,
        control: &Control,
    ) -> Result<Vec<Fate>, EngineError> {
        let mut fates: Vec<Option<Fate>> = vec![None; jobs.len()];
        // For each class and level.
        let mut waiting: Vec<Vec<Vec<Visit>>> =
            self.classes.iter().map(|class| class.levels.iter().map(|_| Vec::new()).collect()).collect();
        for (index, job) in jobs.iter().enumerate() {
            match self.map.place(job.place) {
                Place::Stop(stop) => {
                    let end = End::Stopped(stop, job.place);
                    fates[index] = Some(Fate { time: job.time, end });
                }
                Place::Class(class) => {
                    let visit = Visit { index, place: job.place, since: job.time, stayed: 0.0, change: 0 };
                    waiting[class][self.level(class, job.place)].push(visit);
                }
            }
        }
        while let Some((i, level)) = next_group(&waiting) {
            let group: Vec<_> = {
                let rest = waiting[i][level].len().saturating_sub(LANES);
                waiting[i][level].split_off(rest)
            };
            let class = &self.classes[i];
            let h = class.step_at(level) * factor as f64;
            // A little less, for rounding.
            let window = (class.window as f64 - 0.25) * class.step;
            let mut source = Source::new(class, level, factor, self);
            let (mut x, mut y, mut moved) = ([0.0; LANES], [0.0; LANES], [[0.0; LANES]]);
            // When each path was last outside the heart.
            let mut outside = [0.0; LANES];
            for (lane, visit) in group.iter().enumerate() {
                if visit.change >= MOST_CHANGES {
                    return Err(EngineError::Hazard("a path goes from well to well and settles in none"));
                }
                let Job { slot, lane: replica, .. } = jobs[visit.index];
                let purpose = |part| Purpose::Free { slot, change: visit.change, part };
                let streams = [0, 1].map(|part| stream(first + replica as u64, purpose(part)));
                source.seed(lane, self, streams);
                x[lane] = visit.place;
                outside[lane] = -visit.stayed;
            }
            let mut group: Vec<Option<_>> = group.into_iter().map(Some).collect();
            let mut taken = 0;
            while !group.is_empty() {
                check(control)?;
                let n = group.len();
                source.fill(n);
                let flow = class.levels[level].flows[factor - 1].as_ref();
                for row in (factor - 1..BLOCK).step_by(factor) {
                    if group.iter().all(Option::is_none) {
                        break;
                    }
                    source.advance(flow, row, &x, n, &mut moved, &mut y);
                    taken += 1;
                    *steps += n as u64;
                    let end = taken as f64 * h;
                    for lane in 0..n {
                        let Some(Visit { index, since, .. }) = group[lane] else { continue };
                        if source.diffuses {
                            let barriers = Barriers::around(&self.map.region, x[lane]);
                            let crossing = source.crossing(&barriers, row, lane, x[lane], moved[0][lane]);
                            if let Some((stop, place)) = crossing {
                                let time = since + end - 0.5 * h;
                                fates[index] = Some(Fate { time, end: End::Stopped(stop, place) });
                                group[lane] = None;
                                continue;
                            }
                        }
                        let quiet = class.holds(y[lane]);
                        if !(quiet && source.next[lane] >= end) {
                            let mut stop = self.map.region.stop_at(y[lane]);
                            // A stop that the flow has come to was reached about the step's beginning.
                            let flowed = stop.is_some() && stop == self.map.region.stop_at(moved[0][lane]);
                            while stop.is_none()
                                && let Some(jump) = source.jump(lane, end)
                            {
                                y[lane] += jump;
                                stop = self.map.region.stop_at(y[lane]);
                            }
                            finite(y[lane])?;
                            if let Some(stop) = stop {
                                let time = since + end - if flowed { h } else { 0.5 * h };
                                fates[index] = Some(Fate { time, end: End::Stopped(stop, y[lane]) });
                                group[lane] = None;
                            }
                        }
                    }
                    flow.advance(core::slice::from_ref(&y), n, &mut moved);
                    x = moved[0];
                    for lane in 0..n {
                        let Some(Visit { index, since, change, .. }) = group[lane] else { continue };
                        let held = class.holds(x[lane]);
                        if !held {
                            outside[lane] = end;
                        }
                        let stayed = end - outside[lane];
                        if class.settles && stayed >= window {
                            fates[index] = Some(Fate { time: since + end, end: End::Settled(i) });
                            group[lane] = None;
                            continue;
                        }
                        if held && level == 0 {
                            continue;
                        }
                        let place = x[lane];
                        let (to, needs) = match self.map.class(place) {
                            to if to == i && held => (i, 0),
                            to => (to, self.level(to, place)),
                        };
                        // A longer step is taken up at the end of a block only.
                        if to != i || needs > level || (needs < level && row + 1 == BLOCK) {
                            let stayed = if to == i { stayed } else { 0.0 };
                            let since = since + end;
                            waiting[to][needs].push(Visit {
                                index,
                                place,
                                since,
                                stayed,
                                change: change + 1,
                            });
                            group[lane] = None;
                        }
                    }
                }
                if taken > MOST_STEPS {
                    return Err(EngineError::Hazard("a path neither stops nor comes to any of the wells"));
                }
                let mut lane = 0;
                while lane < group.len() {
                    if group[lane].is_some() {
                        lane += 1;
                        continue;
                    }
                    let last = group.len() - 1;
                    group.swap_remove(lane);
                    x[lane] = x[last];
                    outside[lane] = outside[last];
                    source.move_lane(last, lane);
                }
            }
        }
        Ok(fates.into_iter().flatten().collect())
    }
}

impl Class<'_> {
    /// The step of the fine grid at a level.
    fn step_at(&self, level: usize) -> f64 {
        (0..level).fold(self.step, |step, _| FINER * step)
    }

    /// Whether a place is in the heart; false for NaN.
    #[inline(always)]
    pub fn holds(&self, x: f64) -> bool {
        x > self.heart[0] && x < self.heart[1]
    }
}

fn finite(x: f64) -> Result<(), EngineError> {
    if x.is_finite() { Ok(()) } else { Err(EngineError::Diverged) }
}

/// The weight of each lane at the beginning of step `n`.
fn weigh(
    risk: &[[f64; LANES]],
    n: usize,
    window: usize,
    restart: &[usize; LANES],
    weight: &mut [f64; LANES],
) {
    let since = n.saturating_sub(window);
    let (now, then) = (&risk[n], &risk[since]);
    for lane in 0..LANES {
        weight[lane] = if restart[lane] <= since { exp(then[lane] - now[lane]) } else { 0.0 };
    }
}

fn check(control: &Control) -> Result<(), EngineError> {
    if control.cancel.load(Ordering::Relaxed) { Err(EngineError::Interrupted) } else { Ok(()) }
}
