//! The inner loop: up to 64 paths, or pairs of paths, in structure-of-arrays form.

use core::cell::Cell;

use levyscape_integrator::noise::{BLOCK, LARGEST_EXPONENTIAL, NoiseBlock, Sampler};
use levyscape_integrator::rng::{LANES, LaneRng, StreamKey};
use levyscape_integrator::{Amplitude, Scheme, dispatch};

use crate::record::{Outcome, PathPair, PathRecord, Stop};
use crate::stopping::{Region, StopRegion};

/// What all lanes share.
pub(crate) struct Shared<'a> {
    pub sampler: &'a dyn Sampler,
    /// The schemes of the fine and of the coarse step.
    pub schemes: [&'a dyn Scheme; 2],
    pub amplitude: &'a Amplitude<'a>,
    pub has_jumps: bool,
    /// Variance of the Gaussian part of Z over a unit of time.
    pub gaussian_variance: f64,
    pub region: &'a Region,
    pub start: &'a [f64],
    pub step: f64,
    /// A multiple of [`BLOCK`].
    pub max_steps: u64,
    pub max_time: f64,
    pub pair: bool,
    pub key: StreamKey,
}

/// How a step is taken and its end is seen.
enum Motion<'a> {
    /// On the line, by jumps, with a constant amplitude: the path stops where it lands.
    Jump { region: &'a StopRegion, epsilon: f64 },
    /// On the line, by diffusion, with a constant amplitude: crossings within the step are seen.
    Diffuse { barriers: Barriers, crossings: [Crossing; 2] },
    /// On the line, by whatever noise and amplitude there may be.
    Line { region: &'a StopRegion },
    /// In several dimensions, looked at on the grid.
    Space,
}

impl<'a> Motion<'a> {
    fn of(shared: &Shared<'a>) -> Self {
        let (Region::Line(region), &[start]) = (shared.region, shared.start) else { return Self::Space };
        let barriers = Barriers::around(region, start);
        match shared.amplitude {
            Amplitude::Constant(epsilon) if !(shared.has_jumps && shared.gaussian_variance > 0.0) => {
                let epsilon = epsilon.first().copied().unwrap_or(f64::NAN);
                if shared.has_jumps {
                    Self::Jump { region, epsilon }
                } else {
                    let crossings = shared
                        .schemes
                        .map(|scheme| Crossing::new(shared, &barriers, epsilon * scheme.noise_factor(0)));
                    Self::Diffuse { barriers, crossings }
                }
            }
            _ => Self::Line { region },
        }
    }
}

/// The barriers that a continuous path meets first.
#[derive(Clone, Copy)]
pub(crate) struct Barriers {
    lower: (f64, Stop),
    upper: (f64, Stop),
}

/// What decides, within one step of the fine grid, whether a continuous path has crossed a barrier; for the
/// scheme of each grid.
struct Crossing {
    /// Factor of the noise.
    scale: f64,
    /// Half the variance of the bridge.
    half_variance: f64,
    /// Margins from here on are out of reach of a crossing.
    reach: f64,
    /// A path that is in this interval at both ends of a step has its margin out of reach.
    safe: [f64; 2],
}

impl Crossing {
    fn new(shared: &Shared<'_>, barriers: &Barriers, scale: f64) -> Self {
        let half_variance = 0.5 * shared.gaussian_variance * shared.step * scale * scale;
        let reach = LARGEST_EXPONENTIAL * half_variance;
        // Wider than the root of the reach by far more than rounding takes away.
        let near = 1.001 * reach.sqrt();
        Self { scale, half_variance, reach, safe: [barriers.lower.0 + near, barriers.upper.0 - near] }
    }
}

/// One grid of paths: the fine ones, or the coarse ones. One row a coordinate.
struct Grid {
    x: Vec<[f64; LANES]>,
    moved: Vec<[f64; LANES]>,
    next: Vec<[f64; LANES]>,
    /// Middles of coarse steps.
    middle: Vec<[f64; LANES]>,
    /// How close each path came to its barriers in each half of the step; see [`diffuse`].
    margins: [[f64; LANES]; 2],
    ended: [Option<PathRecord>; LANES],
    /// In several dimensions: where each path ended.
    places: Vec<Box<[f64]>>,
}

impl Grid {
    fn new(dimension: usize) -> Self {
        let rows = vec![[0.0; LANES]; dimension];
        Self {
            x: rows.clone(),
            moved: rows.clone(),
            next: rows.clone(),
            middle: rows,
            margins: [[0.0; LANES]; 2],
            ended: [None; LANES],
            places: vec![Box::default(); LANES],
        }
    }

    fn place(&mut self, lane: usize, start: &[f64]) {
        for (row, &start) in self.x.iter_mut().zip(start) {
            row[lane] = start;
        }
        self.ended[lane] = None;
    }

    /// Notes the first end of a lane's path and parks the lane at the start until it is refilled.
    #[cold]
    fn end(&mut self, lane: usize, time: f64, steps: u64, end: End, park: &[f64]) {
        if self.ended[lane].is_none() {
            let End { position, outcome } = end;
            let previous = self.x[0][lane];
            self.ended[lane] = Some(PathRecord { time, position, previous, steps, outcome });
            if self.next.len() > 1 {
                self.places[lane] = self.next.iter().map(|row| row[lane]).collect();
            }
        }
        for (row, &park) in self.next.iter_mut().zip(park) {
            row[lane] = park;
        }
    }

    fn move_lane(&mut self, from: usize, to: usize) {
        for row in &mut self.x {
            row[to] = row[from];
        }
        self.ended[to] = self.ended[from];
        self.places.swap(to, from);
    }

    /// The place of a path that has not ended.
    fn current(&self, lane: usize) -> Box<[f64]> {
        if self.x.len() > 1 { self.x.iter().map(|row| row[lane]).collect() } else { Box::default() }
    }
}

/// How a path ended, and where.
pub(crate) struct End {
    pub outcome: Outcome,
    pub position: f64,
}

/// Up to [`LANES`] running paths with their random streams.
pub(crate) struct Batch<'a> {
    shared: &'a Shared<'a>,
    motion: Motion<'a>,
    rng: LaneRng,
    blocks: Vec<NoiseBlock>,
    /// What moves the paths in a step: diffusion and jumps, one row a coordinate.
    increments: [Vec<[f64; LANES]>; 2],
    path: [u64; LANES],
    taken: [u64; LANES],
    running: usize,
    /// No more lanes than this are used.
    lanes: usize,
    fine: Grid,
    coarse: Grid,
}

impl<'a> Batch<'a> {
    pub fn new(shared: &'a Shared<'a>, lanes: usize) -> Self {
        let dimension = shared.start.len();
        let rows = vec![[0.0; LANES]; dimension];
        Self {
            shared,
            motion: Motion::of(shared),
            rng: LaneRng::default(),
            blocks: NoiseBlock::zeros(dimension),
            increments: [rows.clone(), rows],
            path: [0; LANES],
            taken: [0; LANES],
            running: 0,
            lanes: lanes.clamp(1, LANES),
            fine: Grid::new(dimension),
            coarse: Grid::new(dimension),
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
        while self.running < self.lanes {
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
        self.shared.sampler.fill(&mut self.rng, n, &mut self.blocks);
        let ended = Cell::new(false);
        for row in 0..BLOCK {
            let Self { shared, motion, blocks, increments, fine, coarse, taken, .. } = self;
            let step = Step { shared, motion, blocks, taken, n, row, ended: &ended };
            step.take(fine, increments, 1);
            if shared.pair && row % 2 == 1 {
                step.take(coarse, increments, 2);
            }
        }
        let steps = (n * BLOCK) as u64;
        let mut longest = 0;
        for taken in &mut self.taken[..n] {
            *taken += BLOCK as u64;
            longest = longest.max(*taken);
        }
        // Nearly every block leaves every path running.
        let mut lane = if ended.get() || longest >= self.shared.max_steps { 0 } else { n };
        while lane < self.running {
            let out_of_time = self.taken[lane] >= self.shared.max_steps;
            let ended = |grid: &Grid, step: u64| {
                let record = grid.ended[lane].or_else(|| {
                    out_of_time.then(|| PathRecord {
                        time: self.shared.max_time,
                        position: grid.x[0][lane],
                        previous: grid.x[0][lane],
                        steps: self.shared.steps_to_horizon(step),
                        outcome: Outcome::Censored,
                    })
                })?;
                Some(self.shared.censor(record))
            };
            let fine = ended(&self.fine, 1);
            let coarse = if self.shared.pair { ended(&self.coarse, 2) } else { None };
            if let Some(fine) = fine
                && (coarse.is_some() || !self.shared.pair)
            {
                let place = match self.fine.ended[lane] {
                    // What happened after the horizon was not observed.
                    Some(_) if fine.outcome == Outcome::Censored => Box::default(),
                    Some(_) => core::mem::take(&mut self.fine.places[lane]),
                    None => self.fine.current(lane),
                };
                done(self.path[lane], PathPair { fine, coarse, place });
                self.running -= 1;
                let last = self.running;
                self.rng.move_lane(last, lane);
                self.path[lane] = self.path[last];
                self.taken[lane] = self.taken[last];
                self.fine.move_lane(last, lane);
                self.coarse.move_lane(last, lane);
            } else {
                lane += 1;
            }
        }
        if self.shared.pair { steps + steps / 2 } else { steps }
    }
}

/// One row of a block for all running paths.
struct Step<'a, 'b> {
    shared: &'b Shared<'a>,
    motion: &'b Motion<'a>,
    blocks: &'b [NoiseBlock],
    taken: &'b [u64; LANES],
    n: usize,
    row: usize,
    /// Set once a path ends.
    ended: &'b Cell<bool>,
}

impl Step<'_, '_> {
    /// Takes the step of `factor` rows that ends with this one.
    fn take(&self, grid: &mut Grid, increments: &mut [Vec<[f64; LANES]>; 2], factor: usize) {
        let n = self.n;
        let scheme = self.shared.schemes[factor - 1];
        scheme.advance(&grid.x, n, &mut grid.moved);
        match self.motion {
            Motion::Jump { region, epsilon } => self.jump(grid, increments, scheme, region, *epsilon, factor),
            Motion::Diffuse { barriers, crossings } => {
                self.diffuse(grid, increments, barriers, &crossings[factor - 1], factor);
            }
            Motion::Line { region } => self.move_on_the_line(grid, increments, scheme, region, factor),
            Motion::Space => self.move_in_space(grid, increments, scheme, factor),
        }
        if let Some(after) = scheme.after_noise() {
            after.advance(&grid.next, n, &mut grid.moved);
            core::mem::swap(&mut grid.next, &mut grid.moved);
            // The drift may have carried a path out of its domain.
            let region = self.shared.region;
            if (0..n).any(|lane| stopped(&grid.next, lane, region).is_some()) {
                self.end(grid, factor, |grid, lane| stopped(&grid.next, lane, region));
            }
        }
        core::mem::swap(&mut grid.x, &mut grid.next);
    }

    /// Ends the paths for which `end` says so.
    #[cold]
    fn end(&self, grid: &mut Grid, factor: usize, end: impl Fn(&Grid, usize) -> Option<End>) {
        for lane in 0..self.n {
            if let Some(end) = end(grid, lane) {
                self.ended.set(true);
                let taken = (self.taken[lane] + self.row as u64) / factor as u64;
                let time = (taken as f64 + 0.5) * (factor as f64 * self.shared.step);
                grid.end(lane, time, taken + 1, end, self.shared.start);
            }
        }
    }

    fn jump(
        &self,
        grid: &mut Grid,
        increments: &mut [Vec<[f64; LANES]>; 2],
        scheme: &dyn Scheme,
        region: &StopRegion,
        epsilon: f64,
        factor: usize,
    ) {
        let n = self.n;
        let scale = epsilon * scheme.noise_factor(0);
        let limits = [region.lower, region.upper];
        let jumps = &self.blocks[0].jumps;
        let row = if factor == 1 {
            &jumps[self.row][..n]
        } else {
            add(&jumps[self.row - 1][..n], &jumps[self.row][..n], &mut increments[1][0][..n]);
            &increments[1][0][..n]
        };
        if jump(&grid.moved[0][..n], row, scale, limits, &region.targets, &mut grid.next[0][..n]) {
            self.end(grid, factor, |grid, lane| landed(grid.next[0][lane], region));
        }
    }

    fn diffuse(
        &self,
        grid: &mut Grid,
        increments: &mut [Vec<[f64; LANES]>; 2],
        barriers: &Barriers,
        crossing: &Crossing,
        factor: usize,
    ) {
        let n = self.n;
        let &Crossing { scale, half_variance, reach, safe } = crossing;
        let limits = [barriers.lower.0, barriers.upper.0];
        let block = &self.blocks[0];
        let (x, moved) = (&grid.x[0][..n], &grid.moved[0][..n]);
        let next = &mut grid.next[0][..n];
        let suspect = |x: &[f64], next: &[f64], margin: &mut [f64], row: usize| {
            approach(x, next, limits, margin);
            suspect(margin, reach, half_variance, |lane| block.crossing_uniform(row, lane))
        };
        if factor == 1 {
            if diffuse(x, moved, &block.diffusion[self.row][..n], scale, safe, next)
                && suspect(x, next, &mut grid.margins[0][..n], self.row)
            {
                self.end(grid, factor, |grid, lane| {
                    let exponential = || block.exponential(self.row, lane);
                    let (x, next) = (grid.x[0][lane], grid.next[0][lane]);
                    barriers.crossed(x, next, grid.margins[0][lane], half_variance, exponential)
                });
            }
            return;
        }
        // Within a coarse step the path is a Brownian motion with constant drift: testing its two
        // halves with the fine path's own random numbers leaves its law as it is and keeps the two
        // paths together.
        let [first, second] = [self.row - 1, self.row].map(|row| &block.diffusion[row][..n]);
        let [sum, half_moved] = increments.each_mut().map(|rows| &mut rows[0][..n]);
        add(first, second, sum);
        for ((half, x), moved) in half_moved.iter_mut().zip(x).zip(moved) {
            *half = moved - 0.5 * (moved - x);
        }
        let middle = &mut grid.middle[0][..n];
        let mut near = diffuse(x, half_moved, first, scale, safe, middle);
        near |= diffuse(middle, moved, sum, scale, safe, next);
        if near {
            let [early, late] = &mut grid.margins;
            let early = suspect(x, middle, &mut early[..n], self.row - 1);
            let late = suspect(middle, next, &mut late[..n], self.row);
            if early || late {
                self.end(grid, factor, |grid, lane| {
                    let (x, middle, next) = (grid.x[0][lane], grid.middle[0][lane], grid.next[0][lane]);
                    let [early, late] = grid.margins.map(|margin| margin[lane]);
                    let exponential = |row| move || block.exponential(row, lane);
                    barriers.crossed(x, middle, early, half_variance, exponential(self.row - 1)).or_else(
                        || barriers.crossed(middle, next, late, half_variance, exponential(self.row)),
                    )
                });
            }
        }
    }

    /// Diffusion with its crossing test first, then the jump. The Gaussian part has the amplitude of the
    /// step's beginning throughout, and so has the bridge.
    fn move_on_the_line(
        &self,
        grid: &mut Grid,
        increments: &mut [Vec<[f64; LANES]>; 2],
        scheme: &dyn Scheme,
        region: &StopRegion,
        factor: usize,
    ) {
        let (n, row) = (self.n, self.row);
        // A path that jumped over a target has other barriers around it.
        let barriers = |x: f64| Barriers::around(region, x);
        let Shared { amplitude, gaussian_variance, has_jumps, step, .. } = *self.shared;
        let [diffusion, jumps] = increments;
        self.gather(diffusion, jumps, scheme, factor);
        let block = &self.blocks[0];
        let mut epsilon = [[0.0; LANES]];
        match amplitude {
            Amplitude::Constant(constant) => epsilon[0].fill(constant[0]),
            Amplitude::Field { field, .. } => field.drift(&grid.x, n, &mut epsilon),
        }
        let scale = scheme.noise_factor(0);
        let half_variance = |lane: usize| {
            let scale = scale * epsilon[0][lane];
            0.5 * gaussian_variance * step * scale * scale
        };
        let mut stopped = [false; LANES];
        if gaussian_variance > 0.0 {
            amplitude.kick(&grid.x, &grid.moved, diffusion, n, &mut grid.next);
            for lane in 0..n {
                let (x, moved, next) = (grid.x[0][lane], grid.moved[0][lane], grid.next[0][lane]);
                let barriers = barriers(x);
                let reach = LARGEST_EXPONENTIAL * half_variance(lane);
                if factor == 1 {
                    grid.margins[0][lane] = barriers.margin(x, next);
                    stopped[lane] = within(grid.margins[0][lane], reach);
                } else {
                    let first = scale * epsilon[0][lane] * block.diffusion[row - 1][lane];
                    let middle = moved - 0.5 * (moved - x) + first;
                    grid.middle[0][lane] = middle;
                    grid.margins[0][lane] = barriers.margin(x, middle);
                    grid.margins[1][lane] = barriers.margin(middle, next);
                    stopped[lane] =
                        within(grid.margins[0][lane], reach) || within(grid.margins[1][lane], reach);
                }
            }
        } else {
            grid.next.clone_from(&grid.moved);
        }
        let mut some = stopped.iter().any(|&stopped| stopped);
        if has_jumps {
            grid.moved.clone_from(&grid.next);
            amplitude.kick(&grid.x, &grid.moved, jumps, n, &mut grid.next);
        }
        for lane in 0..n {
            some |= landed(grid.next[0][lane], region).is_some();
        }
        if some {
            self.end(grid, factor, |grid, lane| {
                // Where the diffusion alone has led.
                let diffused = if has_jumps { grid.moved[0][lane] } else { grid.next[0][lane] };
                let x = grid.x[0][lane];
                let barriers = barriers(x);
                let exponential = |row| move || block.exponential(row, lane);
                let half_variance = half_variance(lane);
                let margin = |half: usize| grid.margins[half][lane];
                let crossed = if !stopped[lane] {
                    None
                } else if factor == 1 {
                    barriers.crossed(x, diffused, margin(0), half_variance, exponential(row))
                } else {
                    let middle = grid.middle[0][lane];
                    barriers.crossed(x, middle, margin(0), half_variance, exponential(row - 1)).or_else(
                        || barriers.crossed(middle, diffused, margin(1), half_variance, exponential(row)),
                    )
                };
                crossed.or_else(|| landed(grid.next[0][lane], region))
            });
        }
    }

    fn move_in_space(
        &self,
        grid: &mut Grid,
        increments: &mut [Vec<[f64; LANES]>; 2],
        scheme: &dyn Scheme,
        factor: usize,
    ) {
        let n = self.n;
        let Region::Space(region) = self.shared.region else { return };
        let [diffusion, jumps] = increments;
        self.gather(diffusion, jumps, scheme, factor);
        let total = if self.shared.has_jumps && self.shared.gaussian_variance > 0.0 {
            for (jumps, diffusion) in jumps.iter_mut().zip(diffusion) {
                for (jump, diffusion) in jumps[..n].iter_mut().zip(diffusion) {
                    *jump += *diffusion;
                }
            }
            jumps
        } else if self.shared.has_jumps {
            jumps
        } else {
            diffusion
        };
        self.shared.amplitude.kick(&grid.x, &grid.moved, total, n, &mut grid.next);
        if region.may_stop(&grid.next, n, &mut grid.margins[0]) {
            self.end(grid, factor, |grid, lane| stopped(&grid.next, lane, self.shared.region));
        }
    }

    /// The diffusion and the jumps of the step, times the scheme's factor.
    fn gather(
        &self,
        diffusion: &mut [[f64; LANES]],
        jumps: &mut [[f64; LANES]],
        scheme: &dyn Scheme,
        factor: usize,
    ) {
        let sum = |rows: &[[f64; LANES]; BLOCK], out: &mut [f64; LANES], scale: f64| {
            let n = self.n;
            if factor == 1 {
                out[..n].copy_from_slice(&rows[self.row][..n]);
            } else {
                add(&rows[self.row - 1][..n], &rows[self.row][..n], &mut out[..n]);
            }
            if scale != 1.0 {
                for out in &mut out[..n] {
                    *out *= scale;
                }
            }
        };
        for (k, block) in self.blocks.iter().enumerate() {
            let scale = scheme.noise_factor(k);
            if self.shared.gaussian_variance > 0.0 {
                sum(&block.diffusion, &mut diffusion[k], scale);
            }
            if self.shared.has_jumps {
                sum(&block.jumps, &mut jumps[k], scale);
            }
        }
    }
}

/// Whether a margin is so small that a crossing is possible, or not a number.
fn within(margin: f64, reach: f64) -> bool {
    margin < reach || margin.is_nan()
}

fn add(a: &[f64], b: &[f64], out: &mut [f64]) {
    for ((out, a), b) in out.iter_mut().zip(a).zip(b) {
        *out = a + b;
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

impl Barriers {
    pub fn around(region: &StopRegion, x: f64) -> Self {
        let [lower, upper] = region.barriers(x);
        Self { lower, upper }
    }

    /// `min((x-a)(next-a), (b-x)(b-next))` for the barriers `a < b`; NaN for a NaN.
    #[inline(always)]
    pub fn margin(&self, x: f64, next: f64) -> f64 {
        let below = (x - self.lower.0) * (next - self.lower.0);
        let above = (self.upper.0 - x) * (self.upper.0 - next);
        if below < above || below.is_nan() { below } else { above }
    }

    /// How a continuous path ends that went from `x` to `next` in one step, if it does, and where.
    ///
    /// `margin` is that of [`Barriers::margin`]. One exponential variable
    /// serves both: the nearer barrier decides, the other's share is exponentially small in the step.
    #[inline(always)]
    pub fn crossed(
        &self,
        x: f64,
        next: f64,
        margin: f64,
        half_variance: f64,
        exponential: impl Fn() -> f64,
    ) -> Option<End> {
        if margin >= LARGEST_EXPONENTIAL * half_variance {
            return None;
        }
        if !next.is_finite() {
            return Some(End { outcome: Outcome::Diverged, position: f64::NAN });
        }
        if margin >= exponential() * half_variance {
            return None;
        }
        let below = (x - self.lower.0) * (next - self.lower.0);
        let (position, stop) = if below <= margin { self.lower } else { self.upper };
        Some(End { outcome: Outcome::Exited(stop), position })
    }
}

/// How a path ends that is now at lane `lane` of `x`, if it does.
fn stopped(x: &[[f64; LANES]], lane: usize, region: &Region) -> Option<End> {
    match region {
        Region::Line(region) => landed(x[0][lane], region),
        Region::Space(region) => {
            if !x.iter().all(|row| row[lane].is_finite()) {
                return Some(End { outcome: Outcome::Diverged, position: f64::NAN });
            }
            let stop = region.stop_at(|k| x[k][lane], x.len())?;
            Some(End { outcome: Outcome::Exited(stop), position: x[0][lane] })
        }
    }
}

/// How a jumping path ends that landed at `next`, if it does, and where.
fn landed(next: f64, region: &StopRegion) -> Option<End> {
    if !next.is_finite() {
        return Some(End { outcome: Outcome::Diverged, position: f64::NAN });
    }
    region.stop_at(next).map(|stop| End { outcome: Outcome::Exited(stop), position: next })
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
    /// One step of continuous paths, `next = moved + scale * increment`, and whether some path is outside the
    /// interval `safe` at either end of the step, or not a number.
    fn diffuse[](x: &[f64], moved: &[f64], increments: &[f64], scale: f64, safe: [f64; 2], next: &mut [f64]) -> bool = diffuse_kernel
}

#[inline(always)]
fn diffuse_kernel(
    x: &[f64],
    moved: &[f64],
    increments: &[f64],
    scale: f64,
    safe: [f64; 2],
    next: &mut [f64],
) -> bool {
    let mut near = false;
    for (((next, x), moved), increment) in next.iter_mut().zip(x).zip(moved).zip(increments) {
        *next = moved + scale * increment;
        let lowest = if *x < *next { *x } else { *next };
        let highest = if *x > *next { *x } else { *next };
        // A NaN at the end fails the test.
        near |= !(lowest >= safe[0] && highest <= safe[1]);
    }
    near
}

dispatch! {
    /// Each path's margin to the barriers on its way from `x` to `next`: the smaller of the products
    /// `(b-x)(b-next)` of the two barriers `b`, NaN for a NaN.
    ///
    /// Given its ends `x`, `y` on one side of the barrier `b`, a Brownian path of variance `v` over
    /// the step has crossed it with probability `exp(-2 (b-x)(b-y)/v)`, so exactly if a standard
    /// exponential variable exceeds `2 (b-x)(b-y)/v`. The reach is `v/2` times the largest exponential
    /// variable.
    fn approach[](x: &[f64], next: &[f64], limits: [f64; 2], margin: &mut [f64]) = approach_kernel
}

#[inline(always)]
fn approach_kernel(x: &[f64], next: &[f64], limits: [f64; 2], margin: &mut [f64]) {
    for ((margin, x), next) in margin.iter_mut().zip(x).zip(next) {
        let below = (x - limits[0]) * (next - limits[0]);
        let above = (limits[1] - x) * (limits[1] - next);
        *margin = if below < above { below } else { above };
    }
}

/// Whether some path may have crossed a barrier, by a test without logarithm: the uniform number `u`
/// stays above `exp(-m)`, `m` the margin over half the variance, if it stays above `(1 + m/8)^-8`.
///
/// Only lanes with their margin within reach are asked for their number.
fn suspect(margin: &[f64], reach: f64, half_variance: f64, uniform: impl Fn(usize) -> f64) -> bool {
    let scale = 0.125 / half_variance;
    margin.iter().enumerate().any(|(lane, &margin)| {
        within(margin, reach) && {
            let t = 1.0 + scale * margin;
            let t2 = t * t;
            let t4 = t2 * t2;
            // A NaN fails the test.
            !(t >= 1.0 && uniform(lane) * (t4 * t4) >= 1.0)
        }
    })
}
