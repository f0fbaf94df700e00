//! Right-censored times: product limit, a simultaneous band, restricted means, competing risks.

use super::invert;

/// The product-limit estimate of `S(t) = P(T > t)` (Kaplan and Meier 1958) and what goes with it, for times
/// that were watched for different lengths, independently of what would have happened later.
///
/// With `Y_i` of the `n` at risk just before the event time `t_i`, and `d_i` events at it,
/// `S(t) = prod_{t_i <= t} (1 - d_i/Y_i)`, and Greenwood's sum `s(t) = sum d_i / (Y_i (Y_i - d_i))` gives the
/// standard error `S sqrt(s)`. A time censored at an event time counts as at risk there.
///
/// The band is that of Hall and Wellner (1980): with probability 0.95, at all times up to the last event at
/// once, `|S(t) - true| <= k_a (1 + n s(t)) S(t) / sqrt(n)`, where `a = n s / (1 + n s)` at the last event and
/// `k_a` is [`band_critical_value`]. Without censoring `(1 + n s) S = 1` and `a = 1`: it is the Kolmogorov
/// band. It is asymptotic: good from some tens of events on, and not wider than 0 where no event was seen.
/// [`KOLMOGOROV_95`] in place of `k_a` is wider.
#[derive(Debug, Clone, PartialEq)]
pub struct ProductLimit {
    /// Number of times, censored ones included.
    pub count: usize,
    /// The distinct times of events, ascending.
    pub time: Vec<f64>,
    /// `S` at and after each of them.
    pub survival: Vec<f64>,
    /// Greenwood's standard error of `S`.
    pub std_error: Vec<f64>,
    /// Half-width of the simultaneous 95 % band.
    pub half_width: Vec<f64>,
    /// The longest time for which anything was watched.
    pub horizon: f64,
    /// The cumulative incidence of each kind of event.
    pub incidence: Vec<Incidence>,
    /// `(1 + n s) S` at the event times.
    pub(super) spread: Vec<f64>,
    /// `d_i / (Y_i (Y_i - d_i))`, infinite where nothing is left at risk.
    greenwood: Vec<f64>,
}

/// `P(T <= t, kind)` at the event times (Aalen and Johansen 1978): `sum_{t_i <= t} S(t_i-) d_ki / Y_i`.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Incidence {
    /// The probability.
    pub probability: Vec<f64>,
    /// Its standard error by the delta method (Marubini and Valsecchi 1995, section 10.3): the root of
    /// `sum (F - F_i)^2 d_i/(Y_i (Y_i - d_i)) + sum S(t_i-)^2 (Y_i - d_ki) d_ki / Y_i^3
    /// - 2 sum (F - F_i) S(t_i-) d_ki / Y_i^2`.
    pub std_error: Vec<f64>,
}

/// [`band_critical_value`] of the whole line at level 0.95: the 95 % quantile of Kolmogorov's law.
pub const KOLMOGOROV_95: f64 = 1.358_098_639_322_55;

/// Sums that the variance of a cumulative incidence is made of.
#[derive(Clone, Copy, Default)]
struct IncidenceSums {
    probability: f64,
    /// `sum w_i`, `sum w_i F_i`, `sum w_i F_i^2` with Greenwood's weights.
    weights: [f64; 3],
    own: f64,
    /// `sum v_i`, `sum v_i F_i` with the weights of the mixed term.
    mixed: [f64; 2],
}

impl IncidenceSums {
    fn variance(&self) -> f64 {
        let f = self.probability;
        let [w, wf, wff] = self.weights;
        let [v, vf] = self.mixed;
        (f * f * w - 2.0 * f * wf + wff + self.own - 2.0 * (f * v - vf)).max(0.0)
    }
}

impl ProductLimit {
    /// The estimate from `(time, event)`: the kind of the event (below `kinds`) that ended the watch at this
    /// time, or `None` where it ended without one. Kinds from `kinds` on count as events of no kind.
    ///
    /// Times that are not numbers are left out.
    #[must_use]
    pub fn new(times: &[(f64, Option<usize>)], kinds: usize) -> Self {
        let mut times: Vec<_> = times.iter().copied().filter(|(time, _)| !time.is_nan()).collect();
        times.sort_by(|a, b| a.0.total_cmp(&b.0));
        let n = times.len() as f64;
        let mut limit = Self {
            count: times.len(),
            time: Vec::new(),
            survival: Vec::new(),
            std_error: Vec::new(),
            half_width: Vec::new(),
            horizon: times.last().map_or(0.0, |last| last.0),
            incidence: vec![Incidence::default(); kinds],
            spread: Vec::new(),
            greenwood: Vec::new(),
        };
        let (mut survival, mut spread, mut sum) = (1.0, 1.0, 0.0);
        let mut sums = vec![IncidenceSums::default(); kinds];
        let mut at = 0;
        for group in times.chunk_by(|a, b| a.0 == b.0) {
            let at_risk = n - at as f64;
            at += group.len();
            let events = group.iter().filter(|(_, event)| event.is_some()).count() as f64;
            if events == 0.0 {
                continue;
            }
            let greenwood = events / (at_risk * (at_risk - events));
            for (kind, sums) in sums.iter_mut().enumerate() {
                let own = group.iter().filter(|(_, event)| *event == Some(kind)).count() as f64;
                sums.probability += survival * own / at_risk;
                let f = sums.probability;
                // Where nothing is left at risk, F stays what it is: the weight's factor is 0 for ever.
                if greenwood.is_finite() {
                    let weights = [greenwood, greenwood * f, greenwood * f * f];
                    sums.weights.iter_mut().zip(weights).for_each(|(sum, weight)| *sum += weight);
                }
                sums.own += survival * survival * (at_risk - own) * own / (at_risk * at_risk * at_risk);
                let mixed = survival * own / (at_risk * at_risk);
                sums.mixed[0] += mixed;
                sums.mixed[1] += mixed * f;
            }
            // (1 + n s) S, put so that it is exact where S vanishes.
            spread = spread * (1.0 - events / at_risk) + survival * n * events / (at_risk * at_risk);
            survival *= 1.0 - events / at_risk;
            if at_risk <= events {
                survival = 0.0;
            }
            sum += greenwood;
            limit.time.push(group[0].0);
            limit.survival.push(survival);
            limit.std_error.push(if survival > 0.0 { survival * sum.sqrt() } else { 0.0 });
            limit.spread.push(spread);
            limit.greenwood.push(greenwood);
            for (incidence, sums) in limit.incidence.iter_mut().zip(&sums) {
                incidence.probability.push(sums.probability);
                incidence.std_error.push(sums.variance().sqrt());
            }
        }
        // 1 - a = 1/(1 + n s) = S / ((1 + n s) S)
        let critical = band_critical_value(1.0 - survival / spread, 0.95);
        limit.half_width = limit.spread.iter().map(|spread| critical * spread / n.sqrt()).collect();
        limit
    }

    /// `S(t)`; for `t` beyond the horizon the last value.
    #[must_use]
    pub fn survival_at(&self, t: f64) -> f64 {
        let passed = self.time.partition_point(|&time| time <= t);
        passed.checked_sub(1).map_or(1.0, |last| self.survival[last])
    }

    /// The restricted mean `E min(T, c) = int_0^c S(t) dt` and its standard error
    /// `sqrt(sum_i (int_{t_i}^c S)^2 d_i / (Y_i (Y_i - d_i)))`, for `c` up to the horizon; a later `c` is
    /// taken for the horizon.
    #[must_use]
    pub fn restricted_mean(&self, c: f64) -> (f64, f64) {
        let c = c.min(self.horizon);
        let passed = self.time.partition_point(|&time| time <= c);
        let (mut area, mut variance, mut end) = (0.0, 0.0, c);
        for k in (0..passed).rev() {
            area += self.survival[k] * (end - self.time[k]);
            end = self.time[k];
            if self.greenwood[k].is_finite() {
                variance += area * area * self.greenwood[k];
            }
        }
        (area + end.max(0.0), variance.sqrt())
    }
}

/// The `k` with `P(sup_{0 <= t <= a} |B(t)| <= k) = level` for a Brownian bridge `B` on [0, 1].
///
/// By the reflection principle, integrated over the place at time `a`,
/// `P = sum_j (-1)^j e^{-2 j^2 k^2} (Phi((k - m_j)/s) - Phi((-k - m_j)/s))` with `m_j = 2 j k (1 - a)` and
/// `s^2 = a (1 - a)`; for `a = 1` it is Kolmogorov's series (Hall and Wellner 1980). 0 for `a = 0`.
#[must_use]
pub fn band_critical_value(a: f64, level: f64) -> f64 {
    if a.is_nan() || a <= 0.0 {
        return 0.0;
    }
    let s = (a * (1.0 - a)).max(0.0).sqrt();
    let normal = |x: f64| 0.5 * libm::erfc(-x * core::f64::consts::FRAC_1_SQRT_2);
    let probability = |k: f64| {
        (-40_i32..=40)
            .map(|j| {
                let j_k = f64::from(j) * k;
                let sign = if j % 2 == 0 { 1.0 } else { -1.0 };
                let m = 2.0 * j_k * (1.0 - a);
                // At a = 1 the bridge is back at 0.
                let inside = if s > 0.0 { normal((k - m) / s) - normal((-k - m) / s) } else { 1.0 };
                sign * libm::exp(-2.0 * j_k * j_k) * inside
            })
            .sum::<f64>()
    };
    // Below 0.1 of the standard deviation at the most variable time the series would need more terms.
    let largest = if a < 0.5 { s } else { 0.5 };
    invert(probability, level, [0.1 * largest, 10.0 * largest])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::estimate::test_numbers::Numbers;

    fn uncensored(n: usize, seed: u64) -> Vec<(f64, Option<usize>)> {
        let mut numbers = Numbers::new(seed);
        (0..n).map(|_| (numbers.exponential(), Some(usize::from(numbers.uniform() < 0.3)))).collect()
    }

    #[test]
    fn critical_values() {
        // Kolmogorov's, and the table of Hall and Wellner (1980).
        let table = [(1.0, 1.358), (0.9, 1.358), (0.75, 1.354), (0.6, 1.321), (0.5, 1.273), (0.4, 1.198)];
        for (a, known) in table.into_iter().chain([(0.25, 1.014), (0.1, 0.682)]) {
            let k = band_critical_value(a, 0.95);
            assert!((k - known).abs() < 6e-4, "a = {a}: {k}, {known}");
        }
    }

    #[test]
    fn without_censoring_it_is_the_empirical_law_with_the_kolmogorov_band() {
        let times = uncensored(50, 1);
        let limit = ProductLimit::new(&times, 2);
        for (k, survival) in limit.survival.iter().enumerate() {
            assert!((survival - (49 - k) as f64 / 50.0).abs() < 1e-12);
            assert!((limit.half_width[k] - 1.358_099 / 50.0_f64.sqrt()).abs() < 1e-6, "{k}");
            assert!((limit.std_error[k] - (survival * (1.0 - survival) / 50.0).sqrt()).abs() < 1e-12);
        }
        // Incidence: the plain shares, with binomial errors; restricted mean up to the last time: the mean.
        for kind in 0..2 {
            let share = times.iter().filter(|time| time.1 == Some(kind)).count() as f64 / 50.0;
            let incidence = &limit.incidence[kind];
            assert!((incidence.probability[49] - share).abs() < 1e-12);
            assert!((incidence.std_error[49] - (share * (1.0 - share) / 50.0).sqrt()).abs() < 1e-10);
        }
        let mean = times.iter().map(|time| time.0).sum::<f64>() / 50.0;
        let variance = times.iter().map(|time| (time.0 - mean).powi(2)).sum::<f64>() / 50.0;
        let (restricted, error) = limit.restricted_mean(f64::INFINITY);
        assert!((restricted - mean).abs() < 1e-12);
        assert!((error - (variance / 50.0).sqrt()).abs() < 1e-12);
    }

    #[test]
    fn a_table_by_hand() {
        // Events at 1 (kind 0), 3 (kind 1), 3 (kind 0); censored at 2, at 3 and at 5.
        let times = [
            (3.0, None),
            (1.0, Some(0)),
            (3.0, Some(1)),
            (2.0, None),
            (5.0, None),
            (3.0, Some(0)),
            (f64::NAN, None),
        ];
        let limit = ProductLimit::new(&times, 2);
        assert_eq!(limit.time, [1.0, 3.0]);
        let second = 5.0 / 6.0 * (1.0 - 2.0 / 4.0);
        assert!((limit.survival[0] - 5.0 / 6.0).abs() < 1e-15 && (limit.survival[1] - second).abs() < 1e-15);
        let greenwood = second * (1.0 / 30.0 + 2.0 / 8.0_f64).sqrt();
        assert!((limit.std_error[1] - greenwood).abs() < 1e-15);
        assert!((limit.incidence[0].probability[1] - (1.0 / 6.0 + 5.0 / 24.0)).abs() < 1e-15);
        assert!((limit.incidence[1].probability[1] - 5.0 / 24.0).abs() < 1e-15);
        let everything: f64 = limit.incidence.iter().map(|incidence| incidence.probability[1]).sum();
        assert!((everything - (1.0 - second)).abs() < 1e-15);
        let (mean, _) = limit.restricted_mean(4.0);
        assert!((mean - (1.0 + 2.0 * 5.0 / 6.0 + second)).abs() < 1e-15);
        assert_eq!(
            [0.5, 1.0, 9.0].map(|t| limit.survival_at(t)),
            [1.0, limit.survival[0], limit.survival[1]]
        );
        assert_eq!(limit.horizon, 5.0);
    }

    /// 400 samples of 200 exponential times under exponential censoring (one in three censored), two kinds.
    ///
    /// Covered: the whole band by the true curve; the interval of 1.96 standard errors by the incidence at
    /// t = 1 and by the restricted mean up to 1. Counts are binomial; six standard deviations, 1e-9 a side, for
    /// the asymptotic intervals, whose true coverage may be 2 % off at this size; a band may be conservative.
    #[test]
    fn bands_and_intervals_cover() {
        let (samples, n) = (400, 200);
        let mut covered = [0.0; 3];
        for sample in 0..samples {
            let mut numbers = Numbers::new(1000 + sample);
            let times: Vec<(f64, Option<usize>)> = (0..n)
                .map(|_| {
                    let (time, censoring) = (numbers.exponential(), 2.0 * numbers.exponential());
                    let kind = usize::from(numbers.uniform() < 0.3);
                    if time <= censoring { (time, Some(kind)) } else { (censoring, None) }
                })
                .collect();
            let limit = ProductLimit::new(&times, 2);
            let mut before = 1.0;
            let band = (0..limit.time.len()).all(|k| {
                let exact = libm::exp(-limit.time[k]);
                let inside = (limit.survival[k] - exact).abs() <= limit.half_width[k]
                    && (before - exact).abs()
                        <= if k > 0 { limit.half_width[k - 1] } else { limit.half_width[0] };
                before = limit.survival[k];
                inside
            });
            covered[0] += f64::from(u8::from(band));
            let at = limit.time.partition_point(|&time| time <= 1.0) - 1;
            let incidence = &limit.incidence[1];
            let exact = 0.3 * (1.0 - libm::exp(-1.0));
            let off = (incidence.probability[at] - exact).abs();
            covered[1] += f64::from(u8::from(off <= 1.96 * incidence.std_error[at]));
            let (mean, error) = limit.restricted_mean(1.0);
            covered[2] += f64::from(u8::from((mean - 1.0 + libm::exp(-1.0)).abs() <= 1.96 * error));
        }
        let samples = samples as f64;
        println!("covered of {samples}: {covered:?}");
        let p: f64 = 0.95;
        let six = 6.0 * (samples * p * (1.0 - p)).sqrt();
        for (covered, tolerance) in covered.iter().zip([six, six + 0.02 * samples, six + 0.02 * samples]) {
            assert!((covered - samples * p).abs() < tolerance, "{covered}");
        }
    }
}
