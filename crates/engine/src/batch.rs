//! The inner loop: up to 64 paths, or pairs of paths, in structure-of-arrays form.

use core::cell::Cell;

use levyscape_integrator::noise::{BLOCK, LARGEST_EXPONENTIAL, NoiseBlock, Sampler};
use levyscape_integrator::rng::{LANES, LaneRng, StreamKey};
use levyscape_integrator::{Amplitude, Scheme, dispatch};

use crate::event::{Bridge, Region, SpaceRegion, StopRegion};
use crate::record::{Outcome, PathPair, PathRecord, Stop};

/// What all lanes share.
pub(crate) struct Shared<'a> {
    pub sampler: &'a dyn Sampler,
    /// The schemes of the fine and of the coarse step.
    pub schemes: [&'a dyn Scheme; 2],
    pub amplitude: &'a Amplitude<'a>,
    pub has_jumps: bool,
    /// Variance of the Gaussian part of Z over a unit of time.
    pub gaussian_variance: f64,
    /// The same of each coordinate.
    pub variances: &'a [f64],
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
    /// In several dimensions. With a Gaussian part of constant amplitude, for the scheme of each grid: the
    /// region of which a path must be clear at both ends of a step for a crossing to be out of reach.
    Space { region: &'a SpaceRegion, clear: [Option<SpaceRegion>; 2] },
}

impl<'a> Motion<'a> {
    fn of(shared: &Shared<'a>) -> Self {
        let (region, start) = match (shared.region, shared.start) {
            (Region::Line(region), &[start, ..]) => (region, start),
            (Region::Line(region), []) => return Self::Line { region },
            (Region::Space(region), _) => {
                let clear = shared.schemes.map(|scheme| {
                    let Amplitude::Constant(epsilon) = shared.amplitude else { return None };
                    let reach: Vec<f64> = (0..epsilon.len())
                        .map(|k| {
                            let half_variance = shared.half_variance(k, epsilon[k] * scheme.noise_factor(k));
                            // Wider than the root of the reach by far more than rounding takes away.
                            1.001 * (LARGEST_EXPONENTIAL * half_variance).sqrt()
                        })
                        .collect();
                    region.out_of_reach(&reach)
                });
                return Self::Space { region, clear };
            }
        };
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
pub(crate) struct Grid {
    x: Vec<[f64; LANES]>,
    moved: Vec<[f64; LANES]>,
    next: Vec<[f64; LANES]>,
    /// Middles of coarse steps.
    middle: Vec<[f64; LANES]>,
    /// Amplitudes of the noise.
    epsilon: Vec<[f64; LANES]>,
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
            middle: rows.clone(),
            epsilon: rows,
            margins: [[0.0; LANES]; 2],
            ended: [None; LANES],
            places: vec![Box::default(); LANES],
        }
    }

    /// Puts a lane's path at a place, from where it goes on.
    pub fn place(&mut self, lane: usize, start: &[f64]) {
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

    /// How a lane's path ended, if it has.
    pub fn end_of(&self, lane: usize) -> Option<PathRecord> {
        self.ended[lane]
    }

    /// Where the paths are, one row a coordinate.
    pub fn places(&self) -> &[[f64; LANES]] {
        &self.x
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

    /// Paths that are running.
    pub fn running(&self) -> usize {
        self.running
    }

    /// The paths of the fine step, or of the coarse one.
    pub fn grid(&mut self, coarse: bool) -> &mut Grid {
        if coarse { &mut self.coarse } else { &mut self.fine }
    }

    /// Draws the noise of the next [`BLOCK`] steps.
    pub fn draw(&mut self) {
        self.shared.sampler.fill(&mut self.rng, self.running, &mut self.blocks);
    }

    /// Takes step `row` of the block that was drawn, for every running path, and at odd rows the step of the
    /// companions that ends there. Whether a path ended.
    pub fn step(&mut self, row: usize) -> bool {
        let ended = Cell::new(false);
        let Self { shared, motion, blocks, increments, fine, coarse, taken, running, .. } = self;
        let step = Step { shared, motion, blocks, taken, n: *running, row, ended: &ended };
        step.take(fine, increments, 1);
        if shared.pair && row % 2 == 1 {
            step.take(coarse, increments, 2);
        }
        ended.get()
    }

    /// Advances every running path by [`BLOCK`] steps and hands out those that ended. Returns the
    /// number of steps taken, both grids together.
    pub fn advance(&mut self, mut done: impl FnMut(u64, PathPair)) -> u64 {
        let n = self.running;
        self.draw();
        let mut ended = false;
        for row in 0..BLOCK {
            ended |= self.step(row);
        }
        let steps = (n * BLOCK) as u64;
        let mut longest = 0;
        for taken in &mut self.taken[..n] {
            *taken += BLOCK as u64;
            longest = longest.max(*taken);
        }
        // Nearly every block leaves every path running.
        let mut lane = if ended || longest >= self.shared.max_steps { 0 } else { n };
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
            Motion::Space { region, clear } => {
                self.move_in_space(grid, increments, scheme, region, clear[factor - 1].as_ref(), factor);
            }
        }
        if let Some(after) = scheme.after_noise() {
            after.advance(&grid.next, n, &mut grid.moved);
            core::mem::swap(&mut grid.next, &mut grid.moved);
            // The drift may have carried a path out of its domain.
            match self.shared.region {
                Region::Line(region) => {
                    if (0..n).any(|lane| landed(grid.next[0][lane], region).is_some()) {
                        self.end(grid, factor, |grid, lane| landed(grid.next[0][lane], region));
                    }
                }
                Region::Space(region) => {
                    if region.some_stopped(&grid.next, n, &mut grid.margins[0]) {
                        self.end(grid, factor, |grid, lane| landed_in_space(&grid.next, lane, region));
                    }
                }
            }
        }
        core::mem::swap(&mut grid.x, &mut grid.next);
    }

    /// Ends the paths for which `end` says so.
    #[cold]
    fn end(&self, grid: &mut Grid, factor: usize, mut end: impl FnMut(&mut Grid, usize) -> Option<End>) {
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

    /// Diffusion with its crossing test first, then the jump, as on the line.
    fn move_in_space(
        &self,
        grid: &mut Grid,
        increments: &mut [Vec<[f64; LANES]>; 2],
        scheme: &dyn Scheme,
        region: &SpaceRegion,
        clear: Option<&SpaceRegion>,
        factor: usize,
    ) {
        let n = self.n;
        let Shared { amplitude, gaussian_variance, has_jumps, .. } = *self.shared;
        let [diffusion, jumps] = increments;
        self.gather(diffusion, jumps, scheme, factor);
        if gaussian_variance == 0.0 {
            amplitude.kick(&grid.x, &grid.moved, jumps, n, &mut grid.next);
            if region.some_stopped(&grid.next, n, &mut grid.margins[0]) {
                self.end(grid, factor, |grid, lane| landed_in_space(&grid.next, lane, region));
            }
            return;
        }
        amplitude.kick(&grid.x, &grid.moved, diffusion, n, &mut grid.next);
        match amplitude {
            Amplitude::Constant(constant) => {
                for (row, epsilon) in grid.epsilon.iter_mut().zip(constant) {
                    row[..n].fill(*epsilon);
                }
            }
            Amplitude::Field { field, .. } => field.drift(&grid.x, n, &mut grid.epsilon),
        }
        if factor == 2 {
            self.halve(grid, scheme);
        }
        let Grid { x, middle, next, margins, .. } = &mut *grid;
        let near = clear.is_none_or(|clear| {
            let mut some = |x: &[[f64; LANES]]| clear.some_stopped(x, n, &mut margins[0]);
            some(x) || some(next) || (factor == 2 && some(middle))
        });
        if has_jumps {
            grid.moved.clone_from(&grid.next);
            amplitude.kick(&grid.x, &grid.moved, jumps, n, &mut grid.next);
        }
        if near || (has_jumps && region.some_stopped(&grid.next, n, &mut grid.margins[0])) {
            let mut points = [const { Vec::new() }; 3];
            self.end(grid, factor, |grid, lane| {
                self.crossed_in_space(grid, lane, &mut points, scheme, region, clear, factor)
                    .or_else(|| landed_in_space(&grid.next, lane, region))
            });
        }
    }

    /// The middles of coarse steps without jumps: within a step the path is a Brownian motion with constant
    /// drift.
    fn halve(&self, grid: &mut Grid, scheme: &dyn Scheme) {
        let Grid { x, moved, middle, epsilon, .. } = grid;
        for (k, block) in self.blocks.iter().enumerate() {
            let scale = scheme.noise_factor(k);
            let first = &block.diffusion[self.row - 1];
            for lane in 0..self.n {
                let (x, moved) = (x[k][lane], moved[k][lane]);
                middle[k][lane] = moved - 0.5 * (moved - x) + scale * epsilon[k][lane] * first[lane];
            }
        }
    }

    /// How a path ends within the continuous part of the step, if it does; the place is noted in `next`.
    /// Lanes that are clear of the edges are not looked at, whatever their company.
    #[expect(clippy::too_many_arguments, reason = "the parts of one step")]
    fn crossed_in_space(
        &self,
        grid: &mut Grid,
        lane: usize,
        points: &mut [Vec<f64>; 3],
        scheme: &dyn Scheme,
        region: &SpaceRegion,
        clear: Option<&SpaceRegion>,
        factor: usize,
    ) -> Option<End> {
        let read = |rows: &[[f64; LANES]], point: &mut Vec<f64>| {
            point.clear();
            point.extend(rows.iter().map(|row| row[lane]));
        };
        // Where the diffusion alone has led.
        let diffused = if self.shared.has_jumps { &grid.moved } else { &grid.next };
        let [ends @ .., half_variance] = points;
        read(&grid.x, &mut ends[0]);
        read(diffused, &mut ends[1]);
        if !ends[1].iter().all(|x| x.is_finite()) {
            return Some(End { outcome: Outcome::Diverged, position: f64::NAN });
        }
        let is_clear = |clear: &SpaceRegion, x: &[f64]| clear.stop_at(x).is_none();
        let mut middle = Vec::new();
        if factor == 2 {
            read(&grid.middle, &mut middle);
        }
        if clear.is_some_and(|clear| {
            is_clear(clear, &ends[0])
                && is_clear(clear, &ends[1])
                && (factor == 1 || is_clear(clear, &middle))
        }) {
            return None;
        }
        half_variance.clear();
        let dimension = self.blocks.len();
        half_variance.extend((0..dimension).map(|k| {
            let scale = scheme.noise_factor(k) * grid.epsilon[k][lane];
            self.shared.half_variance(k, scale)
        }));
        let cross = |from: &[f64], to: &[f64], row: usize| {
            let exponential = |k: usize| self.blocks[k].exponential(row, lane);
            region.crossing(&Bridge { from, to, half_variance, exponential: &exponential })
        };
        let (stop, place) = if factor == 1 {
            cross(&ends[0], &ends[1], self.row)?
        } else {
            cross(&ends[0], &middle, self.row - 1).or_else(|| cross(&middle, &ends[1], self.row))?
        };
        for (row, place) in grid.next.iter_mut().zip(&place) {
            row[lane] = *place;
        }
        Some(End { outcome: Outcome::Exited(stop), position: place[0] })
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
    /// Half the variance of coordinate `k` over a step of the fine grid, for noise times `scale`.
    fn half_variance(&self, k: usize, scale: f64) -> f64 {
        0.5 * self.variances[k] * self.step * scale * scale
    }

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

/// How a path in several dimensions ends that landed at lane `lane` of `x`, if it does.
fn landed_in_space(x: &[[f64; LANES]], lane: usize, region: &SpaceRegion) -> Option<End> {
    let place: Vec<f64> = x.iter().map(|row| row[lane]).collect();
    if !place.iter().all(|x| x.is_finite()) {
        return Some(End { outcome: Outcome::Diverged, position: f64::NAN });
    }
    let stop = region.stop_at(&place)?;
    Some(End { outcome: Outcome::Exited(stop), position: place[0] })
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
