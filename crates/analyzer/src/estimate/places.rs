//! Where paths are: the places of exits, and the long-run density, counted in cells.

use levyscape_engine::{HISTOGRAM_PATHS, Outcome, PathRecord, Stop};
use statrs::distribution::{ContinuousCDF, StudentsT};

use super::invert;
use crate::landscape::Landscape;
use crate::theory::NoiseLaw;

/// Cells of the distances of exits: so many a decade, for so many decades; the last one is open.
const PER_DECADE: u32 = 20;
const DECADES: u32 = 4;

/// How far from a centre, such as the minimum that they come from, paths leave a domain: counts in cells whose edges
/// grow in even ratios from the end of the domain on, for each side.
///
/// Only exits through the ends have a cell; paths that stop in targets are counted without their place, since a law of
/// the place of the stop has their share, too. What is counted is the place at the step `h`.
///
/// ```
/// use levyscape_analyzer::estimate::ExitPlaces;
/// use levyscape_engine::{Outcome, PathRecord, Stop};
///
/// let mut places = ExitPlaces::new(0.0, [f64::NEG_INFINITY, 2.0]);
/// let outcome = Outcome::Exited(Stop::Upper);
/// places.push(&PathRecord { time: 1.0, position: 30.0, previous: 0.0, steps: 1, outcome });
/// let [_, right] = places.sides();
/// let cell = right.iter().position(|count| *count == 1).ok_or("not counted")?;
/// let [low, high] = [cell, cell + 1].map(|k| places.edge(1, k));
/// assert!(low <= 30.0 && 30.0 < high && high / low < 1.13);
/// # Ok::<(), &str>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct ExitPlaces {
    centre: f64,
    /// Distances of the lower and the upper end.
    distances: [f64; 2],
    /// Edges of the cells in units of the distance of the end.
    ratios: Vec<f64>,
    counts: [Vec<u64>; 2],
    /// Paths that stopped in targets.
    elsewhere: u64,
}

impl ExitPlaces {
    /// No exits yet from the domain with these ends, seen from a centre inside it.
    #[must_use]
    pub fn new(centre: f64, [lower, upper]: [f64; 2]) -> Self {
        let cells = DECADES * PER_DECADE;
        let ratio = |k| levyscape_integrator::math::pow(10.0, f64::from(k) / f64::from(PER_DECADE));
        Self {
            centre,
            distances: [centre - lower, upper - centre],
            ratios: (0..cells).map(ratio).collect(),
            counts: [vec![0; cells as usize], vec![0; cells as usize]],
            elsewhere: 0,
        }
    }

    /// Takes the record of one path.
    pub fn push(&mut self, record: &PathRecord) {
        let side = match record.outcome {
            Outcome::Exited(Stop::Lower) => 0,
            Outcome::Exited(Stop::Upper) => 1,
            Outcome::Exited(_) => {
                self.elsewhere += 1;
                return;
            }
            _ => return,
        };
        let ratio = (record.position - self.centre).abs() / self.distances[side];
        let cell = self.ratios.partition_point(|edge| *edge <= ratio).max(1) - 1;
        self.counts[side][cell] += 1;
    }

    /// The centre from which distances are measured.
    #[must_use]
    pub fn centre(&self) -> f64 {
        self.centre
    }

    /// Exits in each cell, from the end of the domain outwards: to the left and to the right.
    #[must_use]
    pub fn sides(&self) -> [&[u64]; 2] {
        [&self.counts[0], &self.counts[1]]
    }

    /// Distance of the lower edge of a cell from the centre, on the left (side 0) or the right (1); infinite beyond the
    /// last cell, and where the domain has no end on that side.
    #[must_use]
    pub fn edge(&self, side: usize, cell: usize) -> f64 {
        self.ratios.get(cell).map_or(f64::INFINITY, |ratio| ratio * self.distances[side])
    }

    /// Exits through the ends.
    #[must_use]
    pub fn exits(&self) -> u64 {
        self.counts.iter().flatten().sum()
    }

    /// Paths that stopped, through the ends or in targets: what shares of a law of the place are shares of.
    #[must_use]
    pub fn stopped(&self) -> u64 {
        self.exits() + self.elsewhere
    }
}

/// Number of cells of a long-run density, the two open ones at the ends among them.
const CELLS: usize = 160;
/// The cells reach so far beyond the outermost minima, in units of the distance between these.
const BEYOND: f64 = 0.5;
/// Share of the cells that lie around the minima, and over how many widths of the law there.
const AROUND: f64 = 0.6;
const WIDTHS: f64 = 2.0;

/// Edges of cells for the long-run density over a landscape with two or more minima: half of the distance between the
/// outermost minima beyond them, and narrow where the law is narrow, around each minimum.
///
/// The law around a minimum of curvature `c` has the width `epsilon (alpha c)^(-1/alpha)` under stable noise and
/// `epsilon (2 c)^(-1/2)` under Gaussian. Empty for fewer minima.
#[must_use]
pub fn density_edges(landscape: &Landscape, noise: NoiseLaw) -> Vec<f64> {
    let (Some(first), Some(last)) = (landscape.minima.first(), landscape.minima.last()) else {
        return Vec::new();
    };
    let span = last.x - first.x;
    if !(span > 0.0 && span.is_finite()) {
        return Vec::new();
    }
    let [low, high] = [first.x - BEYOND * span, last.x + BEYOND * span];
    let index = match noise {
        NoiseLaw::Stable { alpha, .. } | NoiseLaw::StableAndGaussian { alpha, .. } => alpha,
        _ => 2.0,
    };
    let width = |curvature: f64| {
        let law = noise.epsilon() * libm::pow(index * curvature, -1.0 / index);
        (WIDTHS * law).clamp(1e-3 * span, 0.1 * span)
    };
    let share = AROUND / landscape.minima.len() as f64;
    let mass = |x: f64| {
        let near = landscape.minima.iter().map(|minimum| {
            let angle = |x: f64| libm::atan((x - minimum.x) / width(minimum.curvature));
            share * (angle(x) - angle(low)) / (angle(high) - angle(low))
        });
        (1.0 - AROUND) * (x - low) / (high - low) + near.sum::<f64>()
    };
    let inner = CELLS - 2;
    (0..=inner).map(|k| invert(mass, k as f64 / inner as f64, [low, high])).collect()
}

/// The long-run density of paths, from the histograms of [`WellPaths`](levyscape_engine::WellPaths).
#[derive(Debug, Clone)]
pub struct PlaceDensity {
    edges: Vec<f64>,
    /// What the histogram under way has, how many rows of it, and whether all of them are whole.
    cells: Vec<f64>,
    rows: usize,
    whole: bool,
    /// Shares of the cells, one row a histogram: means, and sums of squared deviations.
    count: u64,
    mean: Vec<f64>,
    squares: Vec<f64>,
}

/// The density in one cell.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct DensityCell {
    /// Lower and upper edge.
    pub edges: [f64; 2],
    /// The mean density between them.
    pub value: f64,
    /// Its standard error.
    pub std_error: f64,
}

impl PlaceDensity {
    /// Nothing yet, in the cells between these ascending edges and beyond.
    #[must_use]
    pub fn new(edges: Vec<f64>) -> Self {
        let cells = edges.len() + 1;
        Self {
            edges,
            cells: Vec::with_capacity(cells),
            rows: 0,
            whole: true,
            count: 0,
            mean: vec![0.0; cells],
            squares: vec![0.0; cells],
        }
    }

    /// Takes the columns of the histogram of the next replica; `whole` unless one of its paths left the finite numbers.
    /// A histogram with such a path is left out.
    pub fn push(&mut self, columns: &[f64], whole: bool) {
        self.cells.extend(columns);
        self.rows += 1;
        self.whole &= whole;
        if self.rows < HISTOGRAM_PATHS {
            return;
        }
        let total: f64 = self.cells.iter().sum();
        if self.whole && total > 0.0 {
            self.count += 1;
            for ((mean, squares), cell) in self.mean.iter_mut().zip(&mut self.squares).zip(&self.cells) {
                let deviation = cell / total - *mean;
                *mean += deviation / self.count as f64;
                *squares += deviation * (cell / total - *mean);
            }
        }
        (self.rows, self.whole) = (0, true);
        self.cells.clear();
    }

    /// Histograms so far, each of [`HISTOGRAM_PATHS`] paths from every start.
    #[must_use]
    pub fn histograms(&self) -> u64 {
        self.count
    }

    /// The density between neighbouring edges, and the standard error from the scatter of the histograms; empty for
    /// fewer than two of them.
    #[must_use]
    pub fn cells(&self) -> Vec<DensityCell> {
        let n = self.count as f64;
        if n < 2.0 {
            return Vec::new();
        }
        let inner = self.edges.windows(2).zip(self.mean.iter().zip(&self.squares).skip(1));
        inner
            .map(|(edges, (mean, squares))| {
                let width = edges[1] - edges[0];
                let std_error = (squares / (n * (n - 1.0))).sqrt();
                DensityCell { edges: [edges[0], edges[1]], value: mean / width, std_error: std_error / width }
            })
            .collect()
    }

    /// Share of the time spent below the first and above the last edge.
    #[must_use]
    pub fn beyond(&self) -> [f64; 2] {
        [self.mean.first(), self.mean.last()].map(|share| share.copied().unwrap_or(0.0))
    }

    /// Standard errors to each side of an estimate that make a 95 % interval: Student's quantile for so many
    /// histograms.
    #[must_use]
    pub fn quantile(&self) -> f64 {
        let freedom = self.count.saturating_sub(1).max(1) as f64;
        StudentsT::new(0.0, 1.0, freedom).map_or(f64::NAN, |law| law.inverse_cdf(0.975))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::estimate::test_numbers::Numbers;
    use crate::test_potential::Formula;

    fn exit(stop: Stop, position: f64) -> PathRecord {
        PathRecord { time: 1.0, position, previous: 0.0, steps: 1, outcome: Outcome::Exited(stop) }
    }

    #[test]
    fn exits_are_counted_by_side_and_distance() {
        let mut places = ExitPlaces::new(-1.0, [-3.0, 0.0]);
        // On the edge of the domain, within the first cell, far out, beyond all cells.
        for x in [0.0, 0.1, 9.0, 1e9] {
            places.push(&exit(Stop::Upper, x));
        }
        places.push(&exit(Stop::Lower, -3.0 - 1e-3));
        places.push(&exit(Stop::Target(0), -0.5));
        places.push(&PathRecord { outcome: Outcome::Censored, ..exit(Stop::Upper, -1.0) });
        let [left, right] = places.sides();
        assert_eq!((left[0], left.iter().sum::<u64>(), places.exits()), (1, 1, 5));
        assert_eq!(places.stopped(), 6);
        // 10 = 10^(20/20) times the distance 1 of the upper end.
        assert_eq!((right[0], right[20], right[79]), (2, 1, 1));
        assert!((places.edge(1, 20) - 10.0).abs() < 1e-12 && (places.edge(0, 20) - 20.0).abs() < 1e-12);
        assert_eq!(places.edge(1, 80), f64::INFINITY);
    }

    /// 40 histograms of 2000 normal places each. |z| < 8 in 40 cells, with the standard error of the scatter itself: by
    /// Student's law of 39 degrees of freedom the false-alarm rate is 4e-8.
    #[test]
    fn the_density_of_normal_places_is_theirs() {
        let edges: Vec<f64> = (0..=40).map(|k| 0.1 * f64::from(k) - 2.0).collect();
        let mut density = PlaceDensity::new(edges.clone());
        let mut numbers = Numbers::new(7);
        let columns = (edges.len() + 1).div_ceil(HISTOGRAM_PATHS);
        assert!(density.cells().is_empty());
        for _ in 0..40 {
            let mut cells = vec![0.0; columns * HISTOGRAM_PATHS];
            for _ in 0..2000 {
                let x = numbers.normal();
                cells[edges.partition_point(|edge| *edge <= x)] += 1.0;
            }
            cells.chunks(columns).for_each(|row| density.push(row, true));
            // One that is not whole does not count.
            vec![9.0; columns * 16]
                .chunks(columns)
                .enumerate()
                .for_each(|(k, row)| density.push(row, k != 3));
        }
        assert_eq!(density.histograms(), 40);
        for cell in density.cells() {
            let middle = 0.5 * (cell.edges[0] + cell.edges[1]);
            let expected = (-0.5 * middle * middle).exp() / std::f64::consts::TAU.sqrt();
            let z = (cell.value - expected) / cell.std_error;
            assert!(z.abs() < 8.0, "{middle}: {} {expected} {z}", cell.value);
            let binomial = (expected / (0.1 * 80_000.0)).sqrt();
            assert!((0.4..2.0).contains(&(cell.std_error / binomial)), "{}", cell.std_error / binomial);
        }
        let [below, above] = density.beyond();
        assert!((below - 0.022_75).abs() < 0.004 && (above - 0.022_75).abs() < 0.004);
        assert!((density.quantile() - 2.0227).abs() < 1e-3);
    }

    #[test]
    fn cells_are_narrow_where_the_law_is() {
        let double =
            Formula::new(|x| 0.25 * x.powi(4) - 0.5 * x * x, |x| x * x * x - x, |x| 3.0 * x * x - 1.0);
        let landscape = Landscape::find(&double, None).unwrap();
        let edges = density_edges(&landscape, NoiseLaw::stable(1.5, 0.05));
        assert_eq!(edges.len(), CELLS - 1);
        assert!((edges[0] + 2.0).abs() < 1e-9 && (edges[CELLS - 2] - 2.0).abs() < 1e-9);
        assert!(edges.windows(2).all(|pair| pair[0] < pair[1]));
        let width = |x: f64| {
            let k = edges.partition_point(|edge| *edge <= x);
            edges[k] - edges[k - 1]
        };
        assert!(width(1.01) < 0.01 && width(0.3) > 0.03, "{} {}", width(1.01), width(0.3));
        let single = Formula::new(|x| 0.5 * x * x, |x| x, |_| 1.0);
        let landscape = Landscape::find(&single, None).unwrap();
        assert!(density_edges(&landscape, NoiseLaw::stable(1.5, 0.05)).is_empty());
    }
}
