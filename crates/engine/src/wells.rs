//! Which well a path is in, and how it goes from well to well: paths of a fixed length on the line.

use std::sync::atomic::Ordering;

use levyscape_integrator::noise::BLOCK;
use levyscape_integrator::rng::LANES;
use levyscape_integrator::{IntegratorError, SchemeKind, Sde, StreamKey, dispatch};

use crate::batch::Batch;
use crate::ensemble::{Control, Ensemble, Stepping};
use crate::error::EngineError;
use crate::event::StopRegion;
use crate::replicas::Replicated;

/// The wells of a potential on the line: the basins between neighbouring saddles, each with a minimum.
///
/// Well `j` is `[s_{j-1}, s_j)`; the first and the last one reach to infinity. Its core of radius `r` is the closed
/// interval `[m_j - r, m_j + r]` around its minimum.
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use levyscape_engine::Wells;
///
/// let wells = Wells::new(vec![-1.0, 1.5], vec![0.0])?;
/// assert_eq!((wells.well_of(-0.2), wells.well_of(7.0)), (0, 1));
/// assert_eq!(wells.largest_core(), 1.0);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Wells {
    minima: Vec<f64>,
    saddles: Vec<f64>,
}

impl Wells {
    /// Wells with these minima and the saddles between them, both ascending.
    ///
    /// # Errors
    /// [`IntegratorError::Parameter`] unless there is one saddle between each two neighbouring minima.
    pub fn new(minima: Vec<f64>, saddles: Vec<f64>) -> Result<Self, IntegratorError> {
        let apart = saddles.len() + 1 == minima.len()
            && saddles.iter().enumerate().all(|(k, saddle)| minima[k] < *saddle && *saddle < minima[k + 1]);
        if apart {
            return Ok(Self { minima, saddles });
        }
        let (name, range) = ("the number of saddles", "one between each two neighbouring minima");
        Err(IntegratorError::Parameter { name, value: saddles.len() as f64, range })
    }

    /// Number of wells.
    #[must_use]
    pub fn count(&self) -> usize {
        self.minima.len()
    }

    /// The well (from 0) that holds `x`; a saddle belongs to the well on its right.
    #[must_use]
    pub fn well_of(&self, x: f64) -> usize {
        self.saddles.iter().filter(|saddle| x >= **saddle).count()
    }

    /// The distance from a minimum to the nearest saddle, the smallest of all: cores of a smaller radius lie inside
    /// their wells and are apart. Infinite for one well.
    #[must_use]
    pub fn largest_core(&self) -> f64 {
        let distances = self.saddles.iter().zip(self.minima.windows(2));
        distances.map(|(s, m)| (s - m[0]).min(m[1] - s)).fold(f64::INFINITY, f64::min)
    }
}

/// What is noted of a path.
#[derive(Debug, Clone, PartialEq)]
pub enum Watch {
    /// The well at these times.
    Places {
        /// Times, ascending, in pairs of steps.
        pairs: Vec<u64>,
    },
    /// The time in each well, and the passages from core to core.
    Visits {
        /// From here on the time in each well is counted, in pairs of steps.
        burn_in: u64,
        /// Length of the path, in pairs of steps.
        end: u64,
        /// Radii of the cores, each a watch of its own.
        radii: Vec<f64>,
    },
}

impl Watch {
    /// Pairs of steps of a path.
    #[must_use]
    pub fn length(&self) -> u64 {
        match self {
            Self::Places { pairs } => pairs.last().copied().unwrap_or(0),
            Self::Visits { end, .. } => *end,
        }
    }
}

/// Columns of the row of a replica that watches [`Watch::Visits`]; `grid` is 0 for the step `h`, 1 for `2 h`.
///
/// A path that left the finite numbers is counted in [`VisitColumns::diverged`] and adds nothing to the other columns
/// of its grid.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct VisitColumns {
    /// Number of wells.
    pub wells: usize,
    /// Number of radii.
    pub radii: usize,
    /// Whether there is a companion at twice the step.
    pub pair: bool,
}

impl VisitColumns {
    /// Number of columns.
    #[must_use]
    pub fn width(self) -> usize {
        self.grid() * if self.pair { 2 } else { 1 }
    }

    fn grid(self) -> usize {
        1 + self.wells + self.radii * self.wells * self.wells
    }

    /// Paths of the replica that left the finite numbers.
    #[must_use]
    pub fn diverged(self, grid: usize) -> usize {
        grid * self.grid()
    }

    /// The share of the time after the burn-in in which the path was in this well, mean over the starts.
    #[must_use]
    pub fn occupation(self, grid: usize, well: usize) -> usize {
        self.diverged(grid) + 1 + well
    }

    /// For `from != to` the number of passages between the two cores, for `from == to` the time in which `from` was
    /// the core visited last; over all starts and their whole paths.
    #[must_use]
    pub fn passage(self, grid: usize, radius: usize, from: usize, to: usize) -> usize {
        self.diverged(grid) + 1 + self.wells + (radius * self.wells + from) * self.wells + to
    }
}

/// How many paths share one histogram of the places; see [`WellPaths::with_histogram`].
pub const HISTOGRAM_PATHS: usize = 16;
/// The places are counted every so many steps: neighbouring ones say the same.
const HISTOGRAM_EVERY: u64 = 16;

/// How the paths are stepped.
#[derive(Debug, Clone, PartialEq)]
pub struct WellStepping {
    /// The scheme, on a time grid.
    pub scheme: SchemeKind,
    /// The time step `h`.
    pub step: f64,
    /// Whether each path has a companion at step `2 h`, driven by the same noise.
    pub pair: bool,
    /// Where the paths spend their time; see [`SchemeKind::build`].
    pub window: [f64; 2],
}

/// Paths on the line of one fixed length that are never stopped, one from each of some minima a replica.
///
/// A replica's row holds, for [`Watch::Places`], start by start, time by time, the well (from 0) at that time on the
/// grid of step `h` and, with companions, on that of `2 h`; -1 where the path has left the finite numbers. For
/// [`Watch::Visits`] it has the [`VisitColumns`].
///
/// A path belongs to the core that it visited last, from the start on, which lies at a minimum: what it does between
/// two cores counts for the one that it comes from, and a return to that core is no passage. A passage is noted at the
/// first point of the time grid in the other core. Holding times defined so are those of the chain plus the way to the
/// next core, and the way from the saddle counts neither twice nor not at all.
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use std::ops::ControlFlow;
///
/// use levyscape_engine::{Control, Replicated, Watch, WellPaths, WellStepping, Wells, replicate};
/// use levyscape_integrator::noise::SamplerKind;
/// use levyscape_integrator::{ClosurePotential, NoiseLaw, SchemeKind, Sde, StreamKey};
///
/// let potential = ClosurePotential::new(|x| 0.25 * (x * x - 1.0) * (x * x - 1.0), |x| x * (x * x - 1.0));
/// let noise = NoiseLaw::Stable { alpha: 1.5, beta: 0.0, sampler: SamplerKind::Auto };
/// let sde = Sde::builder().potential(&potential).noise(&noise).epsilon(0.3).build()?;
/// let wells = Wells::new(vec![-1.0, 1.0], vec![0.0])?;
/// let stepping =
///     WellStepping { scheme: SchemeKind::Splitting, step: 0.02, pair: true, window: [-4.0, 4.0] };
/// let watch = Watch::Places { pairs: vec![100, 500] };
/// let key = StreamKey { seed: 1, point: 0, task: 0 };
/// let paths = WellPaths::new(&sde, wells, vec![0], watch, &stepping, key)?;
/// let mut right = 0;
/// replicate(&paths, 0..1, &Control::default(), |_, rows, _| {
///     // At the later time, t = 20, at the step h.
///     right = rows.chunks_exact(paths.width()).filter(|row| row[2] == 1.0).count();
///     ControlFlow::Continue(())
/// })?;
/// assert!((10..54).contains(&right), "about half of 64 paths, not {right}");
/// # Ok(())
/// # }
/// ```
pub struct WellPaths<'a> {
    ensemble: Ensemble<'a>,
    wells: Wells,
    /// Wells in whose minima the paths start.
    starts: Vec<usize>,
    watch: Watch,
    step: f64,
    pair: bool,
    /// Edges of the cells of the histogram of places, ascending; none without one.
    edges: Vec<f64>,
}

impl<'a> WellPaths<'a> {
    /// Paths from the minima of the wells `starts` (from 0). Path `k` from the start at `position` has the number
    /// `64 g + k` times the number of starts plus `position` within the key's task, `g` the group.
    ///
    /// # Errors
    /// As for [`Ensemble::new`]; [`IntegratorError::Parameter`] for a start that is no well, without starts, for a
    /// radius of a core that does not lie inside its well, for times that do not ascend or a path without steps.
    pub fn new(
        sde: &'a Sde<'a>,
        wells: Wells,
        starts: Vec<usize>,
        watch: Watch,
        stepping: &WellStepping,
        key: StreamKey,
    ) -> Result<Self, EngineError> {
        let fault =
            |name, value, range| Err(EngineError::from(IntegratorError::Parameter { name, value, range }));
        let Some(&first) = starts.first() else {
            return fault("the number of starts", 0.0, "at least 1");
        };
        if let Some(&start) = starts.iter().find(|start| **start >= wells.count()) {
            return fault("the start", start as f64, "a well, numbered from 0");
        }
        match &watch {
            Watch::Places { pairs } => {
                if let Some(pair) = pairs.windows(2).find(|pair| pair[0] > pair[1]) {
                    return fault("a time, in pairs of steps,", pair[1] as f64, "not below the one before");
                }
            }
            Watch::Visits { burn_in, end, radii } => {
                if burn_in >= end {
                    return fault("the burn-in, in pairs of steps,", *burn_in as f64, "below the length");
                }
                let outside = |radius: &&f64| !(**radius > 0.0 && **radius < wells.largest_core());
                if let Some(radius) = radii.iter().find(outside) {
                    return fault(
                        "the radius of a core",
                        *radius,
                        "above 0, and the cores inside their wells",
                    );
                }
            }
        }
        if watch.length() == 0 {
            return fault("the length of a path in pairs of steps", 0.0, "at least 1");
        }
        let WellStepping { scheme, step, pair, window } = *stepping;
        let region = StopRegion { lower: f64::NEG_INFINITY, upper: f64::INFINITY, targets: Vec::new() };
        let max_time = 2.0 * watch.length() as f64 * step;
        let stepping = Stepping { scheme, clocked: None, step, max_time, pair, window: vec![window] };
        let ensemble = Ensemble::new(sde, &[wells.minima[first]], region, &stepping, key)?;
        Ok(Self { ensemble, wells, starts, watch, step, pair, edges: Vec::new() })
    }

    /// Where visits are watched, also counts the places of the paths on the grid of step `h`, after the burn-in and
    /// every 16 steps, in the cells below, between and above these ascending edges.
    ///
    /// One histogram is of [`HISTOGRAM_PATHS`] consecutive replicas, all starts together: the counts of its cells
    /// follow the other columns of their rows, [`histogram_width`](Self::histogram_width) cells a row, the last row
    /// filled up with zeros.
    #[must_use]
    pub fn with_histogram(self, edges: Vec<f64>) -> Self {
        let watched = matches!(self.watch, Watch::Visits { .. }) && !edges.is_empty();
        Self { edges: if watched { edges } else { Vec::new() }, ..self }
    }

    /// Columns of a row that belong to the histogram of places; 0 without one.
    #[must_use]
    pub fn histogram_width(&self) -> usize {
        if self.edges.is_empty() { 0 } else { (self.edges.len() + 1).div_ceil(HISTOGRAM_PATHS) }
    }

    /// The columns of a row, where visits are watched.
    #[must_use]
    pub fn visit_columns(&self) -> Option<VisitColumns> {
        match &self.watch {
            Watch::Visits { radii, .. } => {
                Some(VisitColumns { wells: self.wells.count(), radii: radii.len(), pair: self.pair })
            }
            Watch::Places { .. } => None,
        }
    }

    fn grids(&self) -> usize {
        if self.pair { 2 } else { 1 }
    }

    /// Advances a batch to the end of its paths; `look` is called after every step with the number of steps taken
    /// and whether a path left the finite numbers in this one.
    fn walk(
        &self,
        batch: &mut Batch<'_>,
        control: &Control,
        mut look: impl FnMut(&mut Batch<'_>, u64, bool),
    ) -> Result<(), EngineError> {
        let steps = 2 * self.watch.length();
        let mut taken = 0;
        while taken < steps {
            if control.cancel.load(Ordering::Relaxed) {
                return Err(EngineError::Interrupted);
            }
            batch.draw();
            for row in 0..BLOCK.min((steps - taken) as usize) {
                let ended = batch.step(row);
                taken += 1;
                look(batch, taken, ended);
            }
        }
        Ok(())
    }

    fn note_places(
        &self,
        batch: &mut Batch<'_>,
        pairs: &[u64],
        position: usize,
        rows: &mut [f64],
        control: &Control,
    ) -> Result<(), EngineError> {
        let width = self.width();
        let mut next = 0;
        self.walk(batch, control, |batch, taken, _| {
            while pairs.get(next).is_some_and(|pair| 2 * pair == taken) {
                for grid in 0..self.grids() {
                    let column = (position * pairs.len() + next) * self.grids() + grid;
                    let grid = batch.grid(grid == 1);
                    for (lane, row) in rows.chunks_exact_mut(width).enumerate() {
                        row[column] = match grid.end_of(lane) {
                            Some(_) => -1.0,
                            None => self.wells.well_of(grid.places()[0][lane]) as f64,
                        };
                    }
                }
                next += 1;
            }
        })
    }

    fn note_visits(
        &self,
        batch: &mut Batch<'_>,
        [burn_in, end]: [u64; 2],
        radii: &[f64],
        start: usize,
        rows: &mut [f64],
        control: &Control,
    ) -> Result<(), EngineError> {
        let Some(columns) = self.visit_columns() else { return Ok(()) };
        let width = self.width();
        let mut histogram = Histogram::new(&self.edges, self.histogram_width());
        let mut tallies: Vec<Tally<'_>> =
            (0..self.grids()).map(|_| Tally::new(&self.wells, radii, start)).collect();
        let mut diverged = false;
        self.walk(batch, control, |batch, taken, ended| {
            diverged |= ended;
            if taken > 2 * burn_in && taken % HISTOGRAM_EVERY == 0 {
                histogram.look(&batch.grid(false).places()[0]);
            }
            for (grid, tally) in tallies.iter_mut().enumerate() {
                if grid == 0 || taken % 2 == 0 {
                    tally.look(&batch.grid(grid == 1).places()[0], taken, taken > 2 * burn_in);
                }
            }
        })?;
        for (row, counts) in rows.chunks_exact_mut(width).zip(histogram.rows()) {
            for (total, count) in row[columns.width()..].iter_mut().zip(counts) {
                *total += *count as f64;
            }
        }
        for (grid, tally) in tallies.iter_mut().enumerate() {
            tally.finish(2 * end);
            // Looks after the burn-in: one a step.
            let looks = (2 * (end - burn_in)) as f64 / (grid + 1) as f64;
            let share = 1.0 / (looks * self.starts.len() as f64);
            for (lane, row) in rows.chunks_exact_mut(width).enumerate() {
                if diverged && batch.grid(grid == 1).end_of(lane).is_some() {
                    row[columns.diverged(grid)] += 1.0;
                    continue;
                }
                for well in 0..columns.wells {
                    let below = if well == 0 { looks } else { tally.above[well - 1][lane] };
                    let above = tally.above.get(well).map_or(0.0, |above| above[lane]);
                    row[columns.occupation(grid, well)] += (below - above) * share;
                }
                for radius in 0..radii.len() {
                    for from in 0..columns.wells {
                        for to in 0..columns.wells {
                            let counted = tally.passages[radius][from * columns.wells + to][lane] as f64;
                            let unit = if from == to { self.step } else { 1.0 };
                            row[columns.passage(grid, radius, from, to)] += counted * unit;
                        }
                    }
                }
            }
        }
        Ok(())
    }
}

impl Replicated for WellPaths<'_> {
    fn width(&self) -> usize {
        match (&self.watch, self.visit_columns()) {
            (_, Some(columns)) => columns.width() + self.histogram_width(),
            (Watch::Places { pairs }, None) => self.starts.len() * pairs.len() * self.grids(),
            (Watch::Visits { .. }, None) => 0,
        }
    }

    fn group(&self) -> u64 {
        LANES as u64
    }

    fn simulate(&self, group: u64, rows: &mut Vec<f64>, control: &Control) -> Result<u64, EngineError> {
        let Some(shared) = self.ensemble.shared() else { return Ok(0) };
        let begin = rows.len();
        rows.resize(begin + LANES * self.width(), 0.0);
        let rows = &mut rows[begin..];
        for (position, &start) in self.starts.iter().enumerate() {
            let mut batch = Batch::new(&shared, LANES);
            let mut paths = (0..LANES as u64).map(|lane| {
                let replica = group.wrapping_mul(LANES as u64).wrapping_add(lane);
                replica.wrapping_mul(self.starts.len() as u64).wrapping_add(position as u64)
            });
            batch.refill(|| paths.next());
            for lane in 0..LANES {
                for coarse in [false, true] {
                    batch.grid(coarse).place(lane, &[self.wells.minima[start]]);
                }
            }
            match &self.watch {
                Watch::Places { pairs } => self.note_places(&mut batch, pairs, position, rows, control)?,
                Watch::Visits { burn_in, end, radii } => {
                    self.note_visits(&mut batch, [*burn_in, *end], radii, start, rows, control)?;
                }
            }
        }
        let pairs = self.watch.length() * (LANES * self.starts.len()) as u64;
        Ok(pairs * if self.pair { 3 } else { 2 })
    }
}

/// How often the paths were seen in each cell, [`HISTOGRAM_PATHS`] lanes together.
struct Histogram<'a> {
    edges: &'a [f64],
    /// Cells that go with one lane.
    width: usize,
    /// Lane by lane, so that the cells of one histogram lie side by side.
    counts: Vec<u64>,
}

impl<'a> Histogram<'a> {
    fn new(edges: &'a [f64], width: usize) -> Self {
        Self { edges, width, counts: vec![0; LANES * width] }
    }

    fn look(&mut self, x: &[f64; LANES]) {
        if self.width == 0 {
            return;
        }
        let histograms = self.counts.chunks_exact_mut(HISTOGRAM_PATHS * self.width);
        for (counts, x) in histograms.zip(x.chunks(HISTOGRAM_PATHS)) {
            for x in x {
                counts[self.edges.partition_point(|edge| edge <= x)] += 1;
            }
        }
    }

    /// The cells that go with each lane.
    fn rows(&self) -> impl Iterator<Item = &[u64]> {
        self.counts.chunks_exact(self.width.max(1))
    }
}

/// What is counted of the paths of one grid, lane by lane.
struct Tally<'a> {
    wells: &'a Wells,
    radii: &'a [f64],
    largest: f64,
    /// Looks at which the path was at or beyond each saddle.
    above: Vec<[f64; LANES]>,
    /// The minimum of the core visited last, where it is the same one for all radii; else not a number.
    home: [f64; LANES],
    /// For each radius: the core visited last, and the step at which the path first came to it.
    last: Vec<[usize; LANES]>,
    since: Vec<[u64; LANES]>,
    /// For each radius and pair of wells: passages; on the diagonal steps.
    passages: Vec<Vec<[u64; LANES]>>,
}

impl<'a> Tally<'a> {
    fn new(wells: &'a Wells, radii: &'a [f64], start: usize) -> Self {
        let count = wells.count();
        Self {
            wells,
            radii,
            largest: radii.iter().copied().fold(0.0, f64::max),
            above: vec![[0.0; LANES]; count - 1],
            home: [wells.minima[start]; LANES],
            last: vec![[start; LANES]; radii.len()],
            since: vec![[0; LANES]; radii.len()],
            passages: vec![vec![[0; LANES]; count * count]; radii.len()],
        }
    }

    /// Looks where the paths are after so many steps; `counted` once the burn-in is over.
    fn look(&mut self, x: &[f64; LANES], taken: u64, counted: bool) {
        if counted {
            count_above(x, &self.wells.saddles, &mut self.above);
        }
        if arrived(x, &self.wells.minima, self.largest, &self.home) {
            self.pass(x, taken);
        }
    }

    #[cold]
    fn pass(&mut self, x: &[f64; LANES], taken: u64) {
        let count = self.wells.count();
        for (lane, x) in x.iter().enumerate() {
            let well = self.wells.well_of(*x);
            let minimum = self.wells.minima[well];
            let distance = (x - minimum).abs();
            for (radius, core) in self.radii.iter().enumerate() {
                let last = self.last[radius][lane];
                if distance <= *core && last != well {
                    self.passages[radius][last * count + well][lane] += 1;
                    self.passages[radius][last * count + last][lane] += taken - self.since[radius][lane];
                    self.last[radius][lane] = well;
                    self.since[radius][lane] = taken;
                }
            }
            let agreed = self.last.windows(2).all(|pair| pair[0][lane] == pair[1][lane]);
            let last = self.last.first().map_or(0, |last| last[lane]);
            self.home[lane] = if agreed { self.wells.minima[last] } else { f64::NAN };
        }
    }

    /// Counts the time since the last passages.
    fn finish(&mut self, end: u64) {
        let count = self.wells.count();
        for (passages, (last, since)) in self.passages.iter_mut().zip(self.last.iter().zip(&self.since)) {
            for lane in 0..LANES {
                passages[last[lane] * (count + 1)][lane] += end - since[lane];
            }
        }
    }
}

dispatch! {
    /// Adds 1 where a path is at or beyond a saddle.
    fn count_above[](x: &[f64; LANES], saddles: &[f64], above: &mut [[f64; LANES]]) = count_above_kernel
}

#[inline(always)]
fn count_above_kernel(x: &[f64; LANES], saddles: &[f64], above: &mut [[f64; LANES]]) {
    for (above, saddle) in above.iter_mut().zip(saddles) {
        for (above, x) in above.iter_mut().zip(x) {
            *above += if *x >= *saddle { 1.0 } else { 0.0 };
        }
    }
}

dispatch! {
    /// Whether some path is within the radius of a minimum that is not its home.
    fn arrived[](x: &[f64; LANES], minima: &[f64], radius: f64, home: &[f64; LANES]) -> bool = arrived_kernel
}

#[inline(always)]
fn arrived_kernel(x: &[f64; LANES], minima: &[f64], radius: f64, home: &[f64; LANES]) -> bool {
    let mut arrived = false;
    for minimum in minima {
        for (x, home) in x.iter().zip(home) {
            arrived |= ((x - minimum).abs() <= radius) & (home != minimum);
        }
    }
    arrived
}
