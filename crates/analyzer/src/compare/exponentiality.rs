//! Whether times are exponential, their mean being estimated from the same times.
//!
//! With `u_i = 1 - exp(-t_i/m)`, `m` the mean and `u` ascending:
//!
//! * Kolmogorov–Smirnov in Lilliefors' sense: `D = max_i max(i/n - u_i, u_i - (i-1)/n)`, in Stephens' modified form
//!   `(D - 0.2/n)(sqrt n + 0.26 + 0.5/sqrt n)`, whose law hardly depends on n. Kolmogorov's own critical value
//!   1.36 is wrong for an estimated mean; the 10, 5 and 1 % points of the modified form are 0.99, 1.09 and 1.29.
//! * Anderson–Darling: `A2 = -n - (1/n) sum_i (2i - 1)(ln u_i + ln(1 - u_(n+1-i)))`, modified to `A2 (1 + 0.6/n)`; 5 and
//!   1 % points 1.32 and 1.95. It gives the tails more weight and decides: at every alternative that was tried it
//!   found more than Kolmogorov–Smirnov.
//! * The squared coefficient of variation, 1 for an exponential law, below 1 with a fixed delay, above 1 where rates
//!   are mixed. It says which way the law is off.
//!
//! p-values of `A2` by the formulas of D'Agostino and Stephens (1986), table 4.14; those of `D` by interpolation of
//! `ln p` in the square of the modified form, between quantiles of 400 000 samples at n = 20, 100 and 1000 (the largest of the
//! three, which differ by 2 % at the 10 % point and beyond; Stephens' own five points lie 1 % away). The
//! tests below measure both.
//!
//! **Times on a grid.** A path that is looked at every `h` only has its end noted in the middle (or at the end) of a step.
//! If the time behind is exponential, the number of the step is geometric, and the law is taken so: with times moved
//! to the middle of their steps, `P(T > h) = 1 - h/(m + h/2)`, equal times spread evenly over their cell of the law. The
//! p-values are then slightly too large, the more the coarser the grid is against the mean; `step_over_mean` says how
//! coarse.

use serde::{Deserialize, Serialize};

use super::{FAMILY_LEVEL, digits, p_words, percent};

/// Fewer times than this are not tested.
const LEAST: usize = 20;
/// A grid with fewer steps to the mean than this is called coarse.
const FINE: f64 = 20.0;

/// Modified Kolmogorov distances and the probabilities that they are exceeded.
const KOLMOGOROV: [(f64, f64); 14] = [
    (0.0, 1.0),
    (0.399, 0.99),
    (0.463, 0.95),
    (0.505, 0.9),
    (0.587, 0.75),
    (0.701, 0.5),
    (0.841, 0.25),
    (0.928, 0.15),
    (0.991, 0.1),
    (1.09, 0.05),
    (1.183, 0.025),
    (1.294, 0.01),
    (1.549, 1e-3),
    (1.774, 1e-4),
];

/// The fixed delay, as a share of the mean, that is found nine times in ten at the 5 % level: this over the root of n.
const DELAY: f64 = 1.0;
/// Two rates `(1 ± k)` in equal parts are found nine times in ten for `k` this over the fourth root of n.
const MIXTURE: f64 = 2.1;

/// What tests of exponentiality say of a sample of times.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Exponentiality {
    /// Number of times: the first ones, where there are more than are kept.
    pub count: usize,
    /// `sqrt(n) D`.
    pub kolmogorov: f64,
    /// Its p-value, the mean being estimated.
    pub kolmogorov_p: f64,
    /// `A2`.
    pub anderson_darling: f64,
    /// Its p-value, which decides.
    pub p_value: f64,
    /// The same among all starts of the run, by Holm's rule.
    pub p_holm: f64,
    /// Variance over the square of the mean; 1 for an exponential law.
    pub squared_variation: f64,
    /// Its standard error, whatever the law.
    pub squared_variation_error: f64,
    /// The fixed delay, as a share of the mean, that so many times would have shown with 90 % probability.
    pub detectable_delay: f64,
    /// Two rates, `1 ± this` times their middle, in equal parts, would have shown with 90 % probability.
    pub detectable_spread: f64,
    /// The grid of the times over their mean; null where they are on none.
    pub step_over_mean: Option<f64>,
    /// In words.
    pub words: String,
}

/// Tests whether `times` are exponential. `step` is the grid that they may lie on; it counts where all of them do.
///
/// `None` for fewer than 20 times, or times that are not all finite and above 0. Censored times do not belong here.
///
/// ```
/// use levyscape_analyzer::compare::exponentiality;
///
/// // Quantiles of the exponential law: nothing could fit better.
/// let times: Vec<f64> = (0..500).map(|k| -libm::log1p(-(f64::from(k) + 0.5) / 500.0)).collect();
/// assert!(exponentiality(&times, None).is_some_and(|test| test.p_value > 0.9));
/// // A delay of half a mean.
/// let late: Vec<f64> = times.iter().map(|t| t + 0.5).collect();
/// assert!(exponentiality(&late, None).is_some_and(|test| test.p_value < 1e-6));
/// ```
#[must_use]
pub fn exponentiality(times: &[f64], step: Option<f64>) -> Option<Exponentiality> {
    if times.len() < LEAST || !times.iter().all(|t| t.is_finite() && *t > 0.0) {
        return None;
    }
    let mut times = times.to_vec();
    times.sort_unstable_by(f64::total_cmp);
    let n = times.len() as f64;
    // Where in its step an end is noted: in the middle or at the end; from here on in the middle.
    let late = |step: f64| {
        let at = |offset: f64| {
            let cells = |t: &f64| t / step + offset;
            times
                .iter()
                .map(cells)
                .all(|k| (k - k.round()).abs() <= 1e-9 * k.max(1.0))
                .then_some(0.5 - offset)
        };
        at(0.5).or_else(|| at(0.0))
    };
    let grid = step.filter(|step| *step > 0.0).and_then(|step| Some((step, late(step)?)));
    if let Some((step, late)) = grid {
        times.iter_mut().for_each(|t| *t -= late * step);
    }
    let mean = times.iter().sum::<f64>() / n;
    // All times in the first cell would have no rate.
    let step = grid.map(|(step, _)| step).filter(|step| mean > 0.5001 * step);
    let spread = spread(&times, mean, step);
    let (mut distance, mut sum) = (0.0_f64, 0.0);
    for (k, &(_, log_left)) in spread.iter().enumerate() {
        let i = k as f64;
        let u = -libm::expm1(log_left);
        distance = distance.max((i + 1.0) / n - u).max(u - i / n);
        let log_left_of_other = spread[spread.len() - 1 - k].1;
        sum += (2.0 * i + 1.0) * (libm::log(u) + log_left_of_other);
    }
    // No number of JSON is infinite.
    let anderson_darling = (-n - sum / n).min(f64::MAX);
    let root = n.sqrt();
    let [variation, error] = squared_variation(&times, mean);
    let p_value = anderson_darling_p(anderson_darling * (1.0 + 0.6 / n));
    let mut test = Exponentiality {
        count: times.len(),
        kolmogorov: root * distance,
        kolmogorov_p: kolmogorov_p((distance - 0.2 / n) * (root + 0.26 + 0.5 / root)),
        anderson_darling,
        p_value,
        p_holm: p_value,
        squared_variation: variation,
        squared_variation_error: error,
        detectable_delay: (DELAY / root).min(1.0),
        detectable_spread: (MIXTURE / root.sqrt()).min(1.0),
        step_over_mean: step.map(|step| step / mean),
        words: String::new(),
    };
    test.settle(p_value);
    Some(test)
}

/// The times with `ln P(T > t)` under the law of their mean. Equal times on a grid are spread evenly over the
/// probability of their cell.
fn spread(times: &[f64], mean: f64, step: Option<f64>) -> Vec<(f64, f64)> {
    let Some(step) = step else { return times.iter().map(|&t| (t, -t / mean)).collect() };
    // ln P(T > h), the mean end of a step being half a step later.
    let cell = libm::log1p(-step / (mean + 0.5 * step));
    times
        .chunk_by(|a, b| ((b - a) / step).round() == 0.0)
        .flat_map(|equal| {
            let passed = (equal[0] / step - 0.5).round();
            let share = |k: usize| (k as f64 + 0.5) / equal.len() as f64;
            equal.iter().enumerate().map(move |(k, &t)| {
                // P(T > t) falls from q^passed to q^(passed + 1) over the cell.
                (t, passed * cell + libm::log1p(share(k) * libm::expm1(cell)))
            })
        })
        .collect()
}

/// Variance over squared mean, and the standard error by the delta method.
fn squared_variation(times: &[f64], mean: f64) -> [f64; 2] {
    let n = times.len() as f64;
    let variation = times.iter().map(|t| (t / mean - 1.0) * (t / mean - 1.0)).sum::<f64>() / n;
    let second = 1.0 + variation;
    let influence = |t: &f64| {
        let t = t / mean;
        t * t - second - 2.0 * second * (t - 1.0)
    };
    let squares = times.iter().map(|t| influence(t) * influence(t)).sum::<f64>();
    [variation, squares.sqrt() / n]
}

fn kolmogorov_p(modified: f64) -> f64 {
    let square = modified.max(0.0) * modified.max(0.0);
    let above = KOLMOGOROV.partition_point(|(distance, _)| distance * distance <= square);
    // Beyond the table the last slope goes on.
    let at = above.clamp(1, KOLMOGOROV.len() - 1);
    let [(a, p), (b, q)] = [KOLMOGOROV[at - 1], KOLMOGOROV[at]];
    let share = (square - a * a) / (b * b - a * a);
    libm::exp(libm::log(p) + share * (libm::log(q) - libm::log(p))).min(1.0)
}

/// D'Agostino and Stephens, table 4.14.
fn anderson_darling_p(modified: f64) -> f64 {
    // From here on the parabola would rise again; the p-value is below 1e-6 long before.
    let a = modified.min(9.5);
    if a < 0.26 {
        -libm::expm1(-12.2204 + 67.459 * a - 110.3 * a * a)
    } else if a < 0.51 {
        -libm::expm1(-6.1327 + 20.218 * a - 18.663 * a * a)
    } else if a < 0.95 {
        libm::exp(0.9209 - 3.353 * a + 0.3 * a * a)
    } else {
        libm::exp(0.731 - 3.009 * a + 0.15 * a * a)
    }
}

impl Exponentiality {
    /// Whether the law is taken for exponential: no rejection at the 5 % level among all starts of the run.
    #[must_use]
    pub fn agrees(&self) -> bool {
        self.p_holm >= FAMILY_LEVEL
    }

    /// Takes the p-value among all starts of a run, and finds the words.
    pub(super) fn settle(&mut self, p_holm: f64) {
        self.p_holm = p_holm;
        let off = self.squared_variation - 1.0;
        let variation =
            format!("CV² = {:.3} ± {}", self.squared_variation, digits(self.squared_variation_error, 2));
        let p = p_words(self.p_value);
        self.words = if self.agrees() {
            let chance = if self.p_value < FAMILY_LEVEL { " (by chance among so many starts)" } else { "" };
            format!(
                "no sign against an exponential law, {p}{chance}; a delay of {} of the mean, or rates spread by ±{}, would have \
                 shown",
                percent(self.detectable_delay, 2),
                percent(self.detectable_spread, 2)
            )
        } else if off.abs() < 2.0 * self.squared_variation_error {
            format!("not exponential, {p}; {variation}, which alone does not show it")
        } else if off < 0.0 {
            format!("not exponential, {p}; {variation}: more regular, as with a delay before the exit")
        } else {
            format!("not exponential, {p}; {variation}: more spread, as with mixed rates")
        };
        if let Some(ratio) = self.step_over_mean.filter(|ratio| *ratio > 1.0 / FINE) {
            self.words += &format!("; the grid is coarse, {} of the mean", percent(ratio, 2));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::estimate::test_numbers::Numbers;

    fn sample(numbers: &mut Numbers, n: usize) -> Vec<f64> {
        (0..n).map(|_| numbers.exponential()).collect()
    }

    fn test(times: &[f64], step: Option<f64>) -> Exponentiality {
        exponentiality(times, step).unwrap_or_else(|| panic!("{} times", times.len()))
    }

    /// Shares of p-values below each level, of samples made by `draw`.
    fn shares(runs: usize, levels: &[f64], mut draw: impl FnMut() -> Exponentiality) -> [Vec<f64>; 2] {
        let mut below = [vec![0.0; levels.len()], vec![0.0; levels.len()]];
        for _ in 0..runs {
            let test = draw();
            for (k, level) in levels.iter().enumerate() {
                for (below, p) in below.iter_mut().zip([test.p_value, test.kolmogorov_p]) {
                    below[k] += f64::from(u8::from(p < *level)) / runs as f64;
                }
            }
        }
        below
    }

    #[test]
    fn statistics_by_hand() {
        // Compared with numpy: sqrt(n) D and A2 of t = 1, ..., 20.
        let times: Vec<f64> = (1..=20).map(f64::from).collect();
        let found = test(&times, None);
        assert!((found.kolmogorov - 0.834424010562).abs() < 1e-9, "{}", found.kolmogorov);
        assert!((found.anderson_darling - 1.43769964861).abs() < 1e-9, "{}", found.anderson_darling);
        assert!((found.squared_variation - 33.25 / 110.25).abs() < 1e-12);
        assert_eq!(found.step_over_mean, None);
        assert!(found.words.contains("more regular"), "{}", found.words);
    }

    #[test]
    fn p_values_at_the_tabulated_points() {
        // Stephens' points of both modified forms; ours may be 15 % off in the p-value.
        for (p, ks, ad) in [
            (0.15, 0.926, 0.922),
            (0.1, 0.995, 1.078),
            (0.05, 1.094, 1.341),
            (0.025, 1.190, 1.606),
            (0.01, 1.308, 1.957),
        ] {
            assert!((kolmogorov_p(ks) / p - 1.0).abs() < 0.15, "{ks}: {}", kolmogorov_p(ks));
            assert!((anderson_darling_p(ad) / p - 1.0).abs() < 0.05, "{ad}: {}", anderson_darling_p(ad));
        }
        let grid: Vec<f64> = (0..400).map(|k| 0.01 * f64::from(k)).collect();
        assert!(grid.windows(2).all(|x| kolmogorov_p(x[0]) >= kolmogorov_p(x[1])));
        assert!(grid.windows(2).all(|x| anderson_darling_p(x[0]) >= anderson_darling_p(x[1]) - 2e-3));
        assert!(anderson_darling_p(1e9) < 1e-6 && kolmogorov_p(10.0) < 1e-6);
    }

    #[test]
    fn what_is_no_sample_is_not_tested() {
        assert!(exponentiality(&[1.0; 19], None).is_none());
        assert!(exponentiality(&[0.0; 50], None).is_none());
        assert!(exponentiality(&[f64::INFINITY; 50], None).is_none());
        // All in one cell: no rate on the grid; off the grid surely not exponential.
        assert!(test(&[1.0; 50], Some(1.0)).p_value < 1e-6);
    }

    #[test]
    fn ends_noted_in_the_middle_or_at_the_end_of_a_step_are_the_same() {
        let mut numbers = Numbers::new(14);
        let steps: Vec<f64> = sample(&mut numbers, 300).iter().map(|t| (t / 0.05).ceil()).collect();
        let end: Vec<f64> = steps.iter().map(|k| 0.05 * k).collect();
        let middle: Vec<f64> = steps.iter().map(|k| 0.05 * (k - 0.5)).collect();
        let [end, middle] = [end, middle].map(|times| test(&times, Some(0.05)));
        assert!((end.p_value / middle.p_value - 1.0).abs() < 1e-9);
        assert!(end.step_over_mean.is_some_and(|ratio| (ratio / 0.05 - 1.0).abs() < 0.4));
        // Off the grid it is continuous, and sees the ties.
        let off = test(&steps.iter().map(|k| 0.05 * (k - 0.3)).collect::<Vec<f64>>(), Some(0.05));
        assert!(off.step_over_mean.is_none() && off.kolmogorov > middle.kolmogorov);
    }

    /// False alarms of both tests at three levels, samples of 200, also on a grid of 1/50 of the mean. 4000
    /// samples each: binomial, six standard deviations (1e-9 a side) and a tenth of the level for the
    /// approximations of the p-values; on the grid they may only be fewer.
    #[test]
    fn exponential_times_are_rarely_called_otherwise() {
        let (runs, levels) = (4000, [0.25, 0.05, 0.01]);
        let mut numbers = Numbers::new(11);
        let continuous = shares(runs, &levels, || test(&sample(&mut numbers, 200), None));
        let gridded = shares(runs, &levels, || {
            let times: Vec<f64> =
                sample(&mut numbers, 200).iter().map(|t| 0.02 * (t / 0.02).ceil()).collect();
            test(&times, Some(0.02))
        });
        println!("false alarms: {continuous:?}, on a grid {gridded:?}");
        for shares in [&continuous, &gridded] {
            for share in shares {
                for (share, level) in share.iter().zip(levels) {
                    let margin = 6.0 * (level * (1.0 - level) / runs as f64).sqrt() + 0.1 * level;
                    assert!((share - level).abs() < margin, "{share} at {level}");
                }
            }
        }
    }

    /// Nine of ten samples with the stated delay or spread are found, at n = 500. 1000 samples: six standard
    /// deviations, 1e-9 a side, one-sided, as the stated power is a lower one.
    #[test]
    fn the_stated_power_is_there() {
        let (runs, n) = (1000, 500);
        let mut numbers = Numbers::new(12);
        let stated = test(&sample(&mut numbers, n), None);
        let [delay, spread] = [stated.detectable_delay, stated.detectable_spread];
        let late = shares(runs, &[0.05], || {
            let times: Vec<f64> = sample(&mut numbers, n).iter().map(|t| delay + (1.0 - delay) * t).collect();
            test(&times, None)
        });
        let mixed = shares(runs, &[0.05], || {
            let times: Vec<f64> = (0..n)
                .map(|_| {
                    let side = if numbers.uniform() < 0.5 { spread } else { -spread };
                    numbers.exponential() / (1.0 + side)
                })
                .collect();
            test(&times, None)
        });
        println!("found: delay {late:?}, mixture {mixed:?}");
        let least = 0.9 - 6.0 * (0.9 * 0.1 / runs as f64).sqrt();
        assert!(late[0][0] > least && mixed[0][0] > least, "{late:?} {mixed:?}");
    }

    /// Measured shares of p-values below 0.1, 0.05 and 0.01:
    ///
    /// | n, step over mean | A2 | D |
    /// |---|---|---|
    /// | 20 | 0.102, 0.0508, 0.0104 | 0.096, 0.0492, 0.0099 |
    /// | 20, 0.1 | 0.081, 0.041, 0.008 | 0.073, 0.035, 0.007 |
    /// | 1000 | 0.0999, 0.0506, 0.0102 | 0.100, 0.0497, 0.0099 |
    /// | 1000, 0.01 | 0.082, 0.042, 0.005 | 0.077, 0.036, 0.007 |
    /// | 1000, 0.1 | 0.065, 0.032, 0.006 | 0.043, 0.018, 0.004 |
    /// | 1000, 0.3 | 0.049, 0.023, 0.004 | 0.022, 0.008, 0.002 |
    #[test]
    #[ignore = "minutes"]
    fn calibration() {
        let levels = [0.5, 0.1, 0.05, 0.01, 0.001];
        for (n, runs) in [(20, 200_000), (1000, 20_000), (16_384, 2000)] {
            let mut numbers = Numbers::new(13 + n as u64);
            let continuous = shares(runs, &levels, || test(&sample(&mut numbers, n), None));
            println!("n = {n}: A2 {:?}, D {:?}", continuous[0], continuous[1]);
            for step in [0.001, 0.01, 0.1, 0.3] {
                let gridded = shares(runs / 10, &levels, || {
                    let times: Vec<f64> =
                        sample(&mut numbers, n).iter().map(|t| step * (t / step).ceil()).collect();
                    test(&times, Some(step))
                });
                println!("n = {n}, step {step}: A2 {:?}, D {:?}", gridded[0], gridded[1]);
            }
            let margin = |level: f64| 6.0 * (level * (1.0 - level) / runs as f64).sqrt() + 0.15 * level;
            for (k, level) in levels.iter().enumerate().take(4) {
                assert!((continuous[0][k] - level).abs() < margin(*level), "A2 at {level}, n = {n}");
                assert!((continuous[1][k] - level).abs() < margin(*level), "D at {level}, n = {n}");
            }
        }
    }
}
