//! Which well paths are in, and the rates of passages between wells, from the rows of
//! [`WellPaths`](levyscape_engine::WellPaths).

use levyscape_engine::VisitColumns;

use super::paths::Indicators;
use super::rate::rate_interval;
use super::replicated::replicated_estimate;
use super::{Estimate, Moments};

/// The state of an [`Indicators`] that counts for nothing: the path left the finite numbers.
const LOST: usize = 0;

/// `P(X_t in well j | X_0 = m_i)` from rows of [`Watch::Places`](levyscape_engine::Watch::Places).
#[derive(Debug, Clone)]
pub struct PlaceStatistics {
    wells: usize,
    pair: bool,
    order: f64,
    rows: u64,
    lost: [u64; 2],
    /// Start by start, time by time, well by well.
    indicators: Vec<Indicators>,
}

impl PlaceStatistics {
    /// No rows yet, each with the well (of `wells`) at `places` starts and times, with a companion if `pair`. `order`
    /// is the weak order of the step error.
    #[must_use]
    pub fn new(places: usize, wells: usize, pair: bool, order: f64) -> Self {
        let indicators = vec![Indicators::default(); places * wells];
        Self { wells, pair, order, rows: 0, lost: [0; 2], indicators }
    }

    /// Takes the row of one replica.
    pub fn push(&mut self, row: &[f64]) {
        self.rows += 1;
        let grids = if self.pair { 2 } else { 1 };
        let mut lost = [0; 2];
        for (place, indicators) in row.chunks_exact(grids).zip(self.indicators.chunks_exact_mut(self.wells)) {
            for (lost, well) in lost.iter_mut().zip(place) {
                *lost |= u64::from(*well < 0.0);
            }
            for (well, indicators) in indicators.iter_mut().enumerate() {
                let state = |place: Option<&f64>| match place {
                    Some(place) if *place >= 0.0 => 1 + usize::from(*place == well as f64),
                    _ => LOST,
                };
                indicators.push(state(place.first()), state(place.get(1)));
            }
        }
        for (total, lost) in self.lost.iter_mut().zip(lost) {
            *total += lost;
        }
    }

    /// Rows so far.
    #[must_use]
    pub fn rows(&self) -> u64 {
        self.rows
    }

    /// Rows with a path that left the finite numbers, at the step `h` and at `2 h`.
    #[must_use]
    pub fn lost(&self) -> [u64; 2] {
        self.lost
    }

    /// The probability of this well at the place (`start * times + time`), with the exact binomial interval, moved
    /// and widened by the step correction.
    #[must_use]
    pub fn probability(&self, place: usize, well: usize) -> Option<Estimate> {
        self.indicators.get(place * self.wells + well)?.probability(self.order, self.pair)
    }
}

/// By how much an entry of the generator differs between two radii of the cores.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Deviation {
    /// The entry at the other radius, without step correction.
    pub estimate: f64,
    /// The entry at the other radius minus that at the first.
    pub difference: f64,
    /// Standard error of the difference, of the same paths at both radii.
    pub std_error: f64,
}

/// Occupation of wells and generator of the chain from rows of [`Watch::Visits`](levyscape_engine::Watch::Visits).
#[derive(Debug, Clone)]
pub struct VisitStatistics {
    columns: VisitColumns,
    order: f64,
    lost: [u64; 2],
    moments: Moments,
}

impl VisitStatistics {
    /// No rows yet. `order` is the weak order of the step error.
    #[must_use]
    pub fn new(columns: VisitColumns, order: f64) -> Self {
        Self { columns, order, lost: [0; 2], moments: Moments::new(columns.width()) }
    }

    /// Takes the row of one replica. One with a path that left the finite numbers has no complete numbers: it is
    /// counted and left out.
    pub fn push(&mut self, row: &[f64]) {
        let grids = if self.columns.pair { 2 } else { 1 };
        let lost =
            |grid: usize| grid < grids && row.get(self.columns.diverged(grid)).is_some_and(|n| *n > 0.0);
        let lost = [lost(0), lost(1)];
        for (total, lost) in self.lost.iter_mut().zip(lost) {
            *total += u64::from(lost);
        }
        if lost == [false; 2] {
            self.moments.push(row);
        }
    }

    /// Rows so far, those left out among them.
    #[must_use]
    pub fn rows(&self) -> u64 {
        self.moments.count() + self.lost[0].max(self.lost[1])
    }

    /// Rows with a path that left the finite numbers, at the step `h` and at `2 h`.
    #[must_use]
    pub fn lost(&self) -> [u64; 2] {
        self.lost
    }

    /// Share of the time in this well; `None` for fewer than two rows.
    #[must_use]
    pub fn occupation(&self, well: usize) -> Option<Estimate> {
        let of = |grid: usize| {
            let column = self.columns.occupation(grid, well);
            move |mean: &[f64]| mean[column]
        };
        replicated_estimate(&self.moments, self.order, of(0), self.columns.pair.then(|| of(1)))
    }

    /// Passages from one core to another at the step `h`, all rows together, and the time in which the first was the
    /// core visited last.
    #[must_use]
    pub fn counts(&self, radius: usize, from: usize, to: usize) -> [f64; 2] {
        let total = |to: usize| {
            self.moments.mean()[self.columns.passage(0, radius, from, to)] * self.moments.count() as f64
        };
        [total(to).round(), total(from)]
    }

    /// The rate `q_ij = N_ij / H_i` of passages, per unit of time: `N_ij` passages from core `i` to core `j` while `i`
    /// was the core visited last for the time `H_i`.
    ///
    /// The interval is the exact one of a Poisson count over a given time, from `chi^2_{2N; 0.025} / 2H` to
    /// `chi^2_{2N+2; 0.975} / 2H`, moved and widened by the step correction; the standard error is that of the
    /// scatter of the rows, and of one event where none was seen. `None` where core `i` was never the last one, and
    /// for fewer than two rows.
    #[must_use]
    pub fn generator_entry(&self, radius: usize, from: usize, to: usize) -> Option<Estimate> {
        let pair = self.columns.pair;
        let of = |grid: usize| self.rate(grid, radius, from, to);
        let mut estimate = replicated_estimate(&self.moments, self.order, of(0), pair.then(|| of(1)))?;
        let [passages, time] = self.counts(radius, from, to);
        let uncorrected = passages / time;
        let [low, high] = rate_interval(passages as u64, time, 0.95);
        if passages == 0.0 {
            estimate.std_error = estimate.std_error.max(1.0 / time);
        }
        let other = estimate.correction_half_width();
        estimate.ci95 = [
            estimate.value - libm::hypot(uncorrected - low, other),
            estimate.value + libm::hypot(high - uncorrected, other),
        ];
        Some(estimate)
    }

    /// The same entry at another radius against that at the first, on the same paths.
    #[must_use]
    pub fn against_first_radius(&self, radius: usize, from: usize, to: usize) -> Option<Deviation> {
        let (other, first) = (self.rate(0, radius, from, to), self.rate(0, 0, from, to));
        let (difference, std_error) = self.moments.delta(|mean| other(mean) - first(mean))?;
        Some(Deviation { estimate: other(self.moments.mean()), difference, std_error })
    }

    fn rate(&self, grid: usize, radius: usize, from: usize, to: usize) -> impl Fn(&[f64]) -> f64 + use<> {
        let [passages, time] = [to, from].map(|to| self.columns.passage(grid, radius, from, to));
        move |mean| mean[passages] / mean[time]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::estimate::test_numbers::Numbers;

    #[test]
    fn places_are_counted_start_by_start_and_time_by_time() {
        let mut places = PlaceStatistics::new(2, 3, true, 1.0);
        for k in 0..100 {
            let early = if k < 30 { 1.0 } else { 0.0 };
            // At the later time the companion of ten paths is elsewhere.
            let late = if k < 60 { 2.0 } else { 1.0 };
            let companion = if (50..60).contains(&k) { 1.0 } else { late };
            places.push(&[early, early, late, companion]);
        }
        let value = |place, well| places.probability(place, well).unwrap();
        assert_eq!([value(0, 0).value, value(0, 1).value, value(0, 2).value], [0.7, 0.3, 0.0]);
        let late = value(1, 2);
        let bias = late.bias.clone().unwrap();
        assert!((bias.fine - 0.6).abs() < 1e-15 && (bias.coarse - 0.5).abs() < 1e-15);
        assert!((late.value - 0.7).abs() < 1e-15 && late.ci95[0] < 0.6 && late.ci95[1] > 0.75);
        assert!(value(0, 2).std_error > 0.0 && value(0, 2).ci95[1] > 0.03);
        assert_eq!((places.rows(), places.lost()), (100, [0, 0]));
        places.push(&[0.0, 0.0, -1.0, 2.0]);
        assert_eq!(places.lost(), [1, 0]);
        let early = places.probability(0, 1).unwrap().value;
        assert!((early - 30.0 / 101.0).abs() < 1e-15, "paths that are lost later count until then");
    }

    /// The chain of three states with rates 1 to 3, seen for the time 8 from each state: counts and holding times.
    fn run(numbers: &mut Numbers, columns: VisitColumns) -> Vec<f64> {
        let mut row = vec![0.0; columns.width()];
        for start in 0..3 {
            let (mut state, mut time) = (start, 0.0);
            loop {
                let rates = [0, 1, 2].map(|to| if to == state { 0.0 } else { RATES[state][to] });
                let total: f64 = rates.iter().sum();
                let hold = numbers.exponential() / total;
                let until = f64::min(time + hold, 8.0);
                row[columns.passage(0, 0, state, state)] += until - time;
                row[columns.occupation(0, state)] += (until - time) / 24.0;
                time = until;
                if time >= 8.0 {
                    break;
                }
                let mut left = numbers.uniform() * total;
                let to = (0..3).find(|to| {
                    left -= rates[*to];
                    left < 0.0
                });
                let to = to.unwrap_or(if state == 2 { 1 } else { 2 });
                row[columns.passage(0, 0, state, to)] += 1.0;
                state = to;
            }
        }
        row
    }

    const RATES: [[f64; 3]; 3] = [[0.0, 0.11, 0.04], [0.28, 0.0, 0.2], [0.03, 0.08, 0.0]];

    /// The exact intervals of the six entries, each run with some 3 to 40 events an entry: of 1000 runs they hold the rate in 95 to
    /// 98 %, the exact interval being the wider the fewer events there are. The standard error of 6000 intervals is
    /// 0.28 %, so that 6 of them around 95 and 98 % are the limits.
    #[test]
    fn generator_intervals_hold_the_rates_of_a_chain() {
        let columns = VisitColumns { wells: 3, radii: 1, pair: false };
        let mut numbers = Numbers::new(3);
        let (mut held, mut all) = (0, 0);
        for _ in 0..1000 {
            let mut statistics = VisitStatistics::new(columns, 1.0);
            for _ in 0..12 {
                statistics.push(&run(&mut numbers, columns));
            }
            for (from, rates) in RATES.iter().enumerate() {
                for (to, rate) in rates.iter().enumerate().filter(|(to, _)| *to != from) {
                    let entry = statistics.generator_entry(0, from, to).unwrap();
                    all += 1;
                    held += u32::from(entry.ci95[0] <= *rate && *rate <= entry.ci95[1]);
                }
            }
        }
        let share = f64::from(held) / f64::from(all);
        println!("{:.2} % of {all} intervals hold the rate", 100.0 * share);
        assert!((0.933..0.997).contains(&share), "{share}");
    }

    #[test]
    fn the_same_passages_at_two_radii_do_not_differ() {
        let columns = VisitColumns { wells: 2, radii: 2, pair: true };
        let mut statistics = VisitStatistics::new(columns, 1.0);
        let mut numbers = Numbers::new(1);
        for _ in 0..50 {
            let mut row = vec![0.0; columns.width()];
            for grid in 0..2 {
                row[columns.occupation(grid, 0)] = 0.25;
                row[columns.occupation(grid, 1)] = 0.75;
                let passages = (numbers.uniform() * 3.0).floor();
                for radius in 0..2 {
                    row[columns.passage(grid, radius, 0, 1)] = passages;
                    row[columns.passage(grid, radius, 0, 0)] = 10.0 + 0.1 * radius as f64;
                }
            }
            statistics.push(&row);
        }
        let [first, second] =
            [0, 1].map(|radius| statistics.generator_entry(radius, 0, 1).unwrap().bias.unwrap());
        assert!((second.fine / first.fine - 10.0 / 10.1).abs() < 1e-12);
        let deviation = statistics.against_first_radius(1, 0, 1).unwrap();
        assert!((deviation.difference - (second.fine - first.fine)).abs() < 1e-12);
        // Counted on the same paths, the difference is known far better than either rate.
        assert!(deviation.std_error < 0.02 * statistics.generator_entry(0, 0, 1).unwrap().std_error);
        assert_eq!(statistics.occupation(1).unwrap().value, 0.75);
        assert!(statistics.generator_entry(0, 1, 0).is_none(), "well 2 was never visited");
        let mut lost = vec![0.0; columns.width()];
        lost[columns.diverged(1)] = 1.0;
        statistics.push(&lost);
        assert_eq!((statistics.rows(), statistics.lost()), (51, [0, 1]));
        assert_eq!(statistics.occupation(1).unwrap().value, 0.75);
    }
}
