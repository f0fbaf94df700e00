//! Estimates from path records: values, standard errors, intervals and the step correction.
//!
//! Every quantity here is a ratio `sum a_i / sum b_i` over the paths, with `(a, b)` a function of the
//! path's record: the mean exit time has `a` the time at risk and `b` the exit indicator (so censored
//! paths count with the time that they were watched), a probability of sides has `b` the exit
//! indicator too, a survival probability has `b = 1`. The same ratio at the fine and at the coarse step
//! gives the step error by Richardson's rule, path by path, so that its statistical error is known.

use levyscape_engine::{Outcome, PathPair, PathRecord};
use serde::{Deserialize, Serialize};
use statrs::function::beta::checked_beta_reg;
use statrs::function::gamma::checked_gamma_lr;

use crate::summary::BiasResult;

/// Share of the step correction that is added to the interval for what the correction leaves: the terms
/// of higher order in the step. Measured on the exact values of stable exits it is at most 0.25.
pub const CORRECTION_UNCERTAINTY: f64 = 0.25;

/// Two-sided 95 % quantile of the standard normal law.
const NORMAL_95: f64 = 1.959_963_984_540_054;

/// An estimate of one number.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Estimate {
    /// The estimate, step correction included.
    pub value: f64,
    /// Its standard error.
    pub std_error: f64,
    /// 95 % interval: statistical error and what the step correction may leave.
    pub ci95: [f64; 2],
    /// The step error of the uncorrected estimate.
    pub bias: Option<Bias>,
}

/// The measured step error of an estimate.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Bias {
    /// Uncorrected estimate minus the limit of step to 0.
    pub estimate: f64,
    /// Standard error of `estimate`.
    pub std_error: f64,
    /// Uncorrected estimate at step `h`.
    pub fine: f64,
    /// Uncorrected estimate at step `2 h`.
    pub coarse: f64,
    /// The order `p` that was used: bias ~ `h^p`.
    pub order: f64,
}

impl From<&Bias> for BiasResult {
    fn from(bias: &Bias) -> Self {
        Self {
            estimate: bias.estimate,
            std_error: bias.std_error,
            method: format!("same noise at step h and 2h, Richardson with order {:.4}", bias.order),
            fine: bias.fine,
            coarse: bias.coarse,
        }
    }
}

/// The weak order of a grid-monitored exit: 1 for continuous noise (whose crossings within a step are
/// tested), `min(1, 1/alpha)` for jumps, where what happens within a step is not seen.
#[must_use]
pub fn weak_order(alpha: f64, continuous: bool) -> f64 {
    if continuous { 1.0 } else { (1.0 / alpha).min(1.0) }
}

/// The paths of one task and the order of their step error.
#[derive(Debug, Clone, Copy)]
pub struct Sample<'a> {
    /// The paths.
    pub pairs: &'a [PathPair],
    /// The weak order, see [`weak_order`].
    pub order: f64,
}

/// A ratio at one step and each path's influence on it.
struct Ratio {
    value: f64,
    influence: Vec<f64>,
}

fn ratio(
    records: impl Iterator<Item = PathRecord>,
    ab: &impl Fn(&PathRecord) -> (f64, f64),
) -> Option<Ratio> {
    let terms: Vec<(f64, f64)> = records.map(|record| ab(&record)).collect();
    let (a, b) = terms.iter().fold((0.0, 0.0), |(a, b), term| (a + term.0, b + term.1));
    if b <= 0.0 || !a.is_finite() {
        return None;
    }
    let value = a / b;
    let n = terms.len() as f64;
    let influence = terms.iter().map(|(a, b_i)| (a - value * b_i) * n / b).collect();
    Some(Ratio { value, influence })
}

/// `sqrt(sum x^2) / n`: the standard error of a mean with these influences.
fn standard_error(influence: impl ExactSizeIterator<Item = f64>) -> f64 {
    let n = influence.len() as f64;
    influence.map(|x| x * x).sum::<f64>().sqrt() / n
}

impl Sample<'_> {
    /// Paths, censored paths, diverged paths, steps of the fine paths.
    #[must_use]
    pub fn counts(&self) -> [u64; 4] {
        let mut counts = [self.pairs.len() as u64, 0, 0, 0];
        for pair in self.pairs {
            match pair.fine.outcome {
                Outcome::Exited(_) => {}
                Outcome::Censored => counts[1] += 1,
                Outcome::Diverged => counts[2] += 1,
            }
            counts[3] += pair.fine.steps;
        }
        counts
    }

    fn coarse(&self) -> Option<impl Iterator<Item = PathRecord>> {
        self.pairs
            .iter()
            .all(|pair| pair.coarse.is_some())
            .then(|| self.pairs.iter().filter_map(|pair| pair.coarse))
    }

    /// Estimates `E a / E b`; `None` where no path has `b > 0`.
    fn estimate(&self, ab: impl Fn(&PathRecord) -> (f64, f64)) -> Option<Estimate> {
        let fine = ratio(self.pairs.iter().map(|pair| pair.fine), &ab)?;
        let coarse = self.coarse().and_then(|coarse| ratio(coarse, &ab));
        Some(self.combine(fine, coarse))
    }

    fn combine(&self, fine: Ratio, coarse: Option<Ratio>) -> Estimate {
        let (value, std_error, bias) = match coarse {
            None => (fine.value, standard_error(fine.influence.into_iter()), None),
            Some(coarse) => {
                // bias(h) = C h^p: fine - coarse = C h^p (1 - 2^p).
                let weight = 1.0 / (libm::exp2(self.order) - 1.0);
                let difference = fine.value - coarse.value;
                let pairs = || fine.influence.iter().zip(&coarse.influence);
                let bias = Bias {
                    estimate: -weight * difference,
                    std_error: weight * standard_error(pairs().map(|(f, c)| f - c)),
                    fine: fine.value,
                    coarse: coarse.value,
                    order: self.order,
                };
                let std_error = standard_error(pairs().map(|(f, c)| f + weight * (f - c)));
                (fine.value + weight * difference, std_error, Some(bias))
            }
        };
        let remainder = bias.as_ref().map_or(0.0, |bias| CORRECTION_UNCERTAINTY * bias.estimate.abs());
        let half = libm::hypot(NORMAL_95 * std_error, remainder);
        Estimate { value, std_error, ci95: [value - half, value + half], bias }
    }

    /// `E T`: total time at risk over number of exits.
    ///
    /// Without censored paths this is the plain mean. With them it is the maximum-likelihood estimate for
    /// exponential times, and equal to the restricted mean completed by an exponential tail; the
    /// interval is then the exact chi-square one. `None` without any exit.
    #[must_use]
    pub fn mean_time(&self) -> Option<Estimate> {
        let mut estimate = self.estimate(|record| (record.time, exited(record)))?;
        let [paths, censored, diverged, _] = self.counts();
        if censored + diverged > 0 {
            let events = (paths - censored - diverged) as f64;
            let [low, high] = exponential_mean_interval(events);
            let half = |side: f64| {
                let statistical = estimate.value * (side - 1.0);
                let other = estimate.bias.as_ref().map_or(0.0, |bias| {
                    libm::hypot(NORMAL_95 * bias.std_error, CORRECTION_UNCERTAINTY * bias.estimate)
                });
                libm::hypot(statistical, other)
            };
            estimate.ci95 = [estimate.value - half(low), estimate.value + half(high)];
        }
        Some(estimate)
    }

    /// Lower 95 % limit of `E T` when no path exited: `total time at risk / chi^2_{2; 0.95} * 2`.
    #[must_use]
    pub fn mean_time_lower_limit(&self) -> f64 {
        let at_risk: f64 = self.pairs.iter().map(|pair| pair.fine.time).sum();
        // The 95 % quantile of half a chi-square with two degrees of freedom is -ln 0.05.
        at_risk / -libm::log(0.05)
    }

    /// `E T^2`; with censored paths completed by an exponential tail of the estimated mean `m`:
    /// `mean(T^2) + P(T > c) (2 c m + 2 m^2)` for the horizon `c`.
    #[must_use]
    pub fn second_moment(&self) -> Option<Estimate> {
        let second = |records: Vec<PathRecord>| {
            let mean = ratio(records.iter().copied(), &|record| (record.time, exited(record)))?;
            let n = records.len() as f64;
            // What an unfinished path adds beyond its horizon, and its derivative by the mean.
            let tail = |c: f64| 2.0 * mean.value * (c + mean.value);
            let slope: f64 = records
                .iter()
                .filter(|record| exited(record) == 0.0)
                .map(|record| 2.0 * record.time + 4.0 * mean.value)
                .sum::<f64>()
                / n;
            let terms: Vec<f64> = records
                .iter()
                .map(|record| {
                    let t = record.time;
                    t * t + if exited(record) == 0.0 { tail(t) } else { 0.0 }
                })
                .collect();
            let value = terms.iter().sum::<f64>() / n;
            let influence =
                terms.iter().zip(&mean.influence).map(|(term, mean)| term - value + slope * mean).collect();
            Some(Ratio { value, influence })
        };
        let fine = second(self.pairs.iter().map(|pair| pair.fine).collect())?;
        let coarse = self.coarse().and_then(|coarse| second(coarse.collect()));
        Some(self.combine(fine, coarse))
    }

    /// Probability that an exit has the property, among all exits. `None` without any exit.
    #[must_use]
    pub fn exit_probability(&self, property: impl Fn(&PathRecord) -> bool) -> Option<Estimate> {
        let estimate = self.estimate(|record| {
            let exited = exited(record);
            (if exited > 0.0 && property(record) { 1.0 } else { 0.0 }, exited)
        })?;
        let exits = self.pairs.iter().map(|pair| exited(&pair.fine)).sum();
        Some(self.with_binomial_interval(estimate, exits))
    }

    /// `P(T > t)`. Paths that diverged before `t` are left out (the run's verdict has failed then);
    /// `None` for `t` beyond the horizon of some censored path.
    #[must_use]
    pub fn survival(&self, t: f64) -> Option<Estimate> {
        let unknown = |record: &PathRecord| record.outcome == Outcome::Censored && record.time < t;
        if self.pairs.iter().any(|pair| unknown(&pair.fine)) {
            return None;
        }
        let watched = |record: &PathRecord| !(record.outcome == Outcome::Diverged && record.time <= t);
        let estimate = self.estimate(|record| {
            let watched = watched(record);
            (f64::from(u8::from(watched && record.time > t)), f64::from(u8::from(watched)))
        })?;
        let count = self.pairs.iter().filter(|pair| watched(&pair.fine)).count();
        Some(self.with_binomial_interval(estimate, count as f64))
    }

    /// Replaces the normal interval of a probability by the exact binomial one (Clopper and Pearson 1934),
    /// moved by the step correction and widened by its errors. A count of 0 or n still has a width.
    fn with_binomial_interval(&self, mut estimate: Estimate, n: f64) -> Estimate {
        let uncorrected = estimate.bias.as_ref().map_or(estimate.value, |bias| bias.fine);
        let count = (uncorrected * n).round();
        let low = if count <= 0.0 { 0.0 } else { beta_quantile(0.025, count, n - count + 1.0) };
        let high = if count >= n { 1.0 } else { beta_quantile(0.975, count + 1.0, n - count) };
        if count <= 0.0 || count >= n {
            // No variance was seen: that of the posterior mean under a uniform prior stands in.
            let p = (count + 1.0) / (n + 2.0);
            estimate.std_error = estimate.std_error.max((p * (1.0 - p) / n).sqrt());
        }
        let other = estimate.bias.as_ref().map_or(0.0, |bias| {
            libm::hypot(NORMAL_95 * bias.std_error, CORRECTION_UNCERTAINTY * bias.estimate)
        });
        estimate.ci95 = [
            estimate.value - libm::hypot(uncorrected - low, other),
            estimate.value + libm::hypot(high - uncorrected, other),
        ];
        estimate
    }
}

fn exited(record: &PathRecord) -> f64 {
    match record.outcome {
        Outcome::Exited(_) => 1.0,
        Outcome::Censored | Outcome::Diverged => 0.0,
    }
}

/// The 95 % interval of an exponential mean after `events` events, as multiples of the estimate
/// `time at risk / events`: `2k / chi^2_{2k+2; 0.975}` and `2k / chi^2_{2k; 0.025}`.
fn exponential_mean_interval(events: f64) -> [f64; 2] {
    // Half a chi-square with 2k degrees of freedom has the gamma law of shape k.
    let quantile = |p: f64, shape: f64| {
        let most = shape + 10.0 * shape.sqrt() + 10.0;
        invert(|x| checked_gamma_lr(shape, x).unwrap_or(f64::NAN), p, [0.0, most])
    };
    [events / quantile(0.975, events + 1.0), events / quantile(0.025, events)]
}

/// The quantile of the beta law with parameters `a`, `b`.
fn beta_quantile(p: f64, a: f64, b: f64) -> f64 {
    invert(|x| checked_beta_reg(a, b, x).unwrap_or(f64::NAN), p, [0.0, 1.0])
}

/// The point of `[lo, hi]` at which an increasing function takes the value `p`, by bisection.
fn invert(f: impl Fn(f64) -> f64, p: f64, [mut lo, mut hi]: [f64; 2]) -> f64 {
    for _ in 0..100 {
        let middle = 0.5 * (lo + hi);
        if f(middle) < p { lo = middle } else { hi = middle }
    }
    0.5 * (lo + hi)
}

/// The empirical survival function of the observed times with its simultaneous band.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SurvivalCurve {
    /// Times, ascending from 0.
    pub time: Vec<f64>,
    /// `P(T > time)`.
    pub survival: Vec<f64>,
    /// Half-width of the 95 % band of Dvoretzky, Kiefer and Wolfowitz with Massart's constant (1990):
    /// `sqrt(ln(2/0.05) / (2n))`, for the whole curve at once.
    pub half_width: f64,
    /// Horizon: beyond it nothing was observed.
    pub horizon: f64,
}

/// The survival curve at `points` times spread evenly in probability; paths that diverged are left out.
#[must_use]
pub fn survival_curve(pairs: &[PathPair], points: usize) -> SurvivalCurve {
    let mut times = Vec::with_capacity(pairs.len());
    let mut horizon: f64 = 0.0;
    let mut watched = 0_usize;
    for pair in pairs {
        match pair.fine.outcome {
            Outcome::Exited(_) => times.push(pair.fine.time),
            Outcome::Censored => {}
            Outcome::Diverged => continue,
        }
        watched += 1;
        horizon = horizon.max(pair.fine.time);
    }
    times.sort_unstable_by(f64::total_cmp);
    let n = watched.max(1) as f64;
    let mut curve = SurvivalCurve {
        time: vec![0.0],
        survival: vec![1.0],
        half_width: (libm::log(40.0) / (2.0 * n)).sqrt(),
        horizon,
    };
    let stride = (times.len() / points.max(1)).max(1);
    for (k, &time) in times.iter().enumerate() {
        if (k + 1) % stride == 0 || k + 1 == times.len() {
            curve.time.push(time);
            curve.survival.push(1.0 - (k + 1) as f64 / n);
        }
    }
    curve
}

/// `sqrt(n) sup |F_n(t) - (1 - exp(-t/mean))|` over the uncensored times, with the sample's own mean.
///
/// Critical values for an estimated mean: 0.99 (10 %), 1.08 (5 %), 1.28 (1 %). `None` with censored or
/// diverged paths or fewer than 20 times.
#[must_use]
pub fn exponential_distance(pairs: &[PathPair]) -> Option<f64> {
    let mut times: Vec<f64> = pairs
        .iter()
        .map(|pair| matches!(pair.fine.outcome, Outcome::Exited(_)).then_some(pair.fine.time))
        .collect::<Option<_>>()?;
    if times.len() < 20 {
        return None;
    }
    times.sort_unstable_by(f64::total_cmp);
    let n = times.len() as f64;
    let mean = times.iter().sum::<f64>() / n;
    let distance = times
        .iter()
        .enumerate()
        .map(|(k, t)| {
            let law = -libm::expm1(-t / mean);
            (law - k as f64 / n).abs().max(((k + 1) as f64 / n - law).abs())
        })
        .fold(0.0, f64::max);
    Some(n.sqrt() * distance)
}

#[cfg(test)]
mod tests {
    use super::*;
    use levyscape_engine::Stop;

    fn record(time: f64, outcome: Outcome) -> PathRecord {
        PathRecord { time, position: 1.0, previous: 0.0, steps: 1, outcome }
    }

    fn pair(fine: PathRecord, coarse: Option<PathRecord>) -> PathPair {
        PathPair { fine, coarse, place: Box::default() }
    }

    fn exits(times: &[f64]) -> Vec<PathPair> {
        times.iter().map(|&t| pair(record(t, Outcome::Exited(Stop::Upper)), None)).collect()
    }

    #[test]
    fn plain_mean_and_its_error() {
        let pairs = exits(&[1.0, 2.0, 3.0, 6.0]);
        let sample = Sample { pairs: &pairs, order: 1.0 };
        let Some(mean) = sample.mean_time() else { panic!("four exits") };
        assert_eq!(mean.value, 3.0);
        assert!((mean.std_error - (14.0_f64 / 16.0).sqrt()).abs() < 1e-12);
        assert_eq!(sample.second_moment().map(|m| m.value), Some(12.5));
    }

    #[test]
    fn censored_paths_count_with_their_time_at_risk() {
        let mut pairs = exits(&[1.0, 3.0]);
        pairs.extend([5.0, 5.0].map(|t| pair(record(t, Outcome::Censored), None)));
        let sample = Sample { pairs: &pairs, order: 1.0 };
        let Some(mean) = sample.mean_time() else { panic!("two exits") };
        assert_eq!(mean.value, 7.0);
        // 2 S / chi^2: chi^2_{6; 0.975} = 14.4494, chi^2_{4; 0.025} = 0.484419.
        assert!((mean.ci95[0] - 28.0 / 14.449_375).abs() < 1e-4, "{:?}", mean.ci95);
        assert!((mean.ci95[1] - 28.0 / 0.484_418_6).abs() < 1e-3, "{:?}", mean.ci95);
        assert_eq!(sample.survival(4.0).map(|p| p.value), Some(0.5));
        assert!(sample.survival(6.0).is_none(), "beyond the horizon");
        assert_eq!(sample.exit_probability(|_| true).map(|p| p.value), Some(1.0));
        assert!(exponential_distance(&pairs).is_none());
    }

    #[test]
    fn richardson_removes_the_leading_bias() {
        // Exact time 10 for every path; bias h^p with p = 1/2 and h^p = 1 at the fine step.
        let pairs: Vec<PathPair> = (0..10)
            .map(|_| PathPair {
                fine: record(11.0, Outcome::Exited(Stop::Upper)),
                coarse: Some(record(10.0 + core::f64::consts::SQRT_2, Outcome::Exited(Stop::Upper))),
                place: Box::default(),
            })
            .collect();
        let Some(mean) = (Sample { pairs: &pairs, order: 0.5 }).mean_time() else { panic!("ten exits") };
        assert!((mean.value - 10.0).abs() < 1e-12);
        let Some(bias) = mean.bias else { panic!("pairs") };
        assert!((bias.estimate - 1.0).abs() < 1e-12);
    }

    #[test]
    fn a_count_of_zero_has_an_interval() {
        let pairs = exits(&[1.0; 100]);
        let sample = Sample { pairs: &pairs, order: 1.0 };
        let Some(p) = sample.exit_probability(|_| false) else { panic!("100 exits") };
        assert_eq!(p.value, 0.0);
        // 1 - 0.025^(1/100)
        assert!((p.ci95[1] - 0.036_217).abs() < 1e-5, "{:?}", p.ci95);
        assert!(p.std_error > 0.0);
    }
}
