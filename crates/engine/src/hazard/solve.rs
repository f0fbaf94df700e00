//! The rows of a replica, and the linear system over the wells.

use super::Hazard;

/// Where the numbers of a row are: a block for the start, then one for each well, then the survival
/// probabilities; all this once for each grid.
///
/// A block says what becomes of the mass that leaves a law: in stops, in landing sets, in wells.
pub(super) struct Layout {
    stops: usize,
    sets: usize,
    wells: usize,
    times: usize,
}

impl Layout {
    pub fn new(stops: usize, sets: usize, wells: usize, times: usize) -> Self {
        Self { stops, sets, wells, times }
    }

    fn block(&self) -> usize {
        3 + self.stops + self.sets + 2 * self.wells
    }

    /// Length of the part of one grid.
    pub fn width(&self) -> usize {
        self.block() * (1 + self.wells) + 2 + self.times
    }

    pub fn start(&self) -> usize {
        0
    }

    pub fn well(&self, i: usize) -> usize {
        self.block() * (1 + i)
    }

    /// The mass that has stopped within the first window since the start, and its times.
    pub fn early(&self) -> usize {
        self.block() * (1 + self.wells)
    }

    /// The mass that has stopped by a time asked for.
    pub fn survival(&self, k: usize) -> usize {
        self.early() + 2 + k
    }

    /// Within a block: the steps spent in the law, in weight.
    pub fn occupation(&self) -> usize {
        0
    }

    /// The mass that stops in this way.
    pub fn stop(&self, index: usize) -> usize {
        1 + index
    }

    /// The mass that stops in this set.
    pub fn set(&self, index: usize) -> usize {
        1 + self.stops + index
    }

    /// The mass that comes to equilibrium in this well.
    pub fn settled(&self, well: usize) -> usize {
        1 + self.stops + self.sets + well
    }

    /// The time until then, times the mass.
    pub fn time_to_settle(&self, well: usize) -> usize {
        1 + self.stops + self.sets + self.wells + well
    }

    /// The time until it stops, times the mass that does.
    pub fn time_to_stop(&self) -> usize {
        self.block() - 2
    }

    /// All mass in a block.
    pub fn mass(&self, block: &[f64]) -> f64 {
        let stops = (0..self.stops).map(|index| block[self.stop(index)]);
        stops.chain((0..self.wells).map(|j| block[self.settled(j)])).sum()
    }

    /// The square of the time until either, times the mass.
    pub fn square_time(&self) -> usize {
        self.block() - 1
    }
}

impl Hazard<'_> {
    /// The estimates from the mean row of the grid of `factor` steps.
    ///
    /// With `S ~ Exp(kappa_i)` the time until the exit from equilibrium in the heart of well i, `D` the
    /// time from there to the next equilibrium (in well `j`, with probability `p_ij`) or to the stop, `E_i
    /// T = 1/kappa_i + E D + sum_j p_ij E_j T` and `E_i T^2 = 2/kappa_i^2 + (2/kappa_i) (E D + sum_j p_ij
    /// E_j T) + E D^2 + sum_j (2 E[D; j] E_j T + p_ij E_j T^2)`.
    pub(super) fn solve(&self, mean: &[f64], factor: usize) -> Vec<f64> {
        let layout = &self.layout;
        let wells = layout.wells;
        let block = |i: usize| &mean[layout.well(i)..];
        let start = &mean[layout.start()..];
        let mass = |block: &[f64]| layout.mass(block);
        let rate = |i: usize| {
            leaving_rate(mass(block(i)), block(i)[layout.occupation()], self.classes[i].step * factor as f64)
        };
        // The wells that matter.
        let mut reached: Vec<usize> = (0..wells).filter(|&j| start[layout.settled(j)] > 0.0).collect();
        let mut next = 0;
        while next < reached.len() {
            let from = block(reached[next]);
            for j in 0..wells {
                if from[layout.settled(j)] > 0.0 && !reached.contains(&j) {
                    reached.push(j);
                }
            }
            next += 1;
        }
        // (1 - P) x = right-hand side, over these wells.
        let system = |right: &dyn Fn(usize) -> f64| {
            let rows = reached.iter().map(|&i| {
                let from = block(i);
                let mass = mass(from);
                let own = |j: usize| if i == j { 1.0 } else { 0.0 };
                let entries = reached.iter().map(|&j| own(j) - from[layout.settled(j)] / mass);
                entries.chain([right(i)]).collect::<Vec<f64>>()
            });
            let solution = eliminate(rows.collect());
            let mut all = vec![0.0; wells];
            for (&i, x) in reached.iter().zip(solution) {
                all[i] = x;
            }
            all
        };
        let time = |block: &[f64]| {
            (0..wells).map(|j| block[layout.time_to_settle(j)]).sum::<f64>() + block[layout.time_to_stop()]
        };
        let over = |block: &[f64], entry: &dyn Fn(usize) -> usize, values: &[f64]| {
            (0..wells).map(|j| block[entry(j)] * values[j]).sum::<f64>()
        };
        let settled = |j: usize| layout.settled(j);
        let time_to_settle = |j: usize| layout.time_to_settle(j);
        let first = system(&|i| 1.0 / rate(i) + time(block(i)) / mass(block(i)));
        let second = system(&|i| {
            let (from, mass, wait) = (block(i), mass(block(i)), 1.0 / rate(i));
            let rest = time(from) + over(from, &settled, &first);
            2.0 * wait * wait
                + (2.0 * wait * rest + from[layout.square_time()] + 2.0 * over(from, &time_to_settle, &first))
                    / mass
        });
        let all = mass(start);
        let mut estimates = vec![
            (time(start) + over(start, &settled, &first)) / all,
            (start[layout.square_time()]
                + 2.0 * over(start, &time_to_settle, &first)
                + over(start, &settled, &second))
                / all,
        ];
        let stops = (0..layout.stops).map(|index| layout.stop(index));
        for entry in stops.chain((0..layout.sets).map(|index| layout.set(index))) {
            let from_wells = system(&|i| block(i)[entry] / mass(block(i)));
            estimates.push((start[entry] + over(start, &settled, &from_wells)) / all);
        }
        // Beyond the first window the survival probability is exponential where there is one well.
        let only = self.only_well().map(|i| {
            let window = self.classes[i].window as f64 * self.classes[i].step;
            let early = &mean[layout.early()..];
            let survival = 1.0 - early[0] / all;
            let spent = early[1] / all + survival * window;
            (i, window, survival, survival / (estimates[0] - spent))
        });
        estimates.extend((0..wells).filter(|&i| self.classes[i].settles).map(|i| match only {
            Some((.., rate)) => rate,
            None => {
                let (from, h) = (block(i), self.classes[i].step * factor as f64);
                let wait = 1.0 / leaving_rate(mass(from), from[layout.occupation()], h);
                (1.0 - from[layout.settled(i)] / mass(from)) / (wait + time(from) / mass(from))
            }
        }));
        if let Some((_, window, survival, rate)) = only {
            estimates.extend(self.times.iter().enumerate().map(|(k, &t)| {
                if t > window {
                    survival * libm::exp(-rate * (t - window))
                } else {
                    1.0 - mean[layout.survival(k)] / all
                }
            }));
        }
        estimates
    }
}

/// The rate of an exponential time of which `1/steps` is over in a step.
fn leaving_rate(mass: f64, steps: f64, h: f64) -> f64 {
    -libm::log1p(-mass / steps) / h
}

/// The solution of a linear system, its right-hand side in the last column, by Gauss' elimination with
/// pivots; not finite where there is none.
fn eliminate(mut rows: Vec<Vec<f64>>) -> Vec<f64> {
    let n = rows.len();
    for k in 0..n {
        let pivot = (k..n).max_by(|&a, &b| rows[a][k].abs().total_cmp(&rows[b][k].abs())).unwrap_or(k);
        rows.swap(k, pivot);
        let (done, rest) = rows.split_at_mut(k + 1);
        let row = &done[k];
        for other in rest {
            let factor = other[k] / row[k];
            for (x, y) in other.iter_mut().zip(row).skip(k) {
                *x -= factor * y;
            }
        }
    }
    let mut solution = vec![0.0; n];
    for k in (0..n).rev() {
        let known: f64 = (k + 1..n).map(|j| rows[k][j] * solution[j]).sum();
        solution[k] = (rows[k][n] - known) / rows[k][k];
    }
    solution
}
