//! Where paths end, against given probabilities: all targets of a start in one test.
//!
//! Plain counts `N_j` of n paths have the multinomial law: Pearson's `X2 = sum (N_j - n p_j)^2/(n p_j)` with `k - 1`
//! degrees of freedom, or, where an expected count is below 5 and the outcomes can be listed, the exact test: the
//! probability of all outcomes that are no more probable than the one seen.
//!
//! Estimates that carry a step correction, or come from replicas, are no counts. With their standard errors `s_j`,
//! `(k - 1) sum (P_j - p_j)^2/p_j / sum s_j^2/p_j` has the mean of a chi-square with `k - 1` degrees of freedom, and is
//! compared with it: the first-order correction of Rao and Scott (1981), which for plain counts is Pearson's test.
//!
//! Targets with an expected count below 5 are put together with the next rare one first.

use serde::{Deserialize, Serialize};
use statrs::function::gamma::{checked_gamma_lr, checked_gamma_ur};

use super::normal::six_digits;
use super::power::POWER;
use super::{FAMILY_LEVEL, digits, p_words};
use crate::estimate::{CORRECTION_UNCERTAINTY, NORMAL_95, invert};
use crate::summary::QuantityResult;

/// Expected counts below this are too few for the chi-square law.
const FEW: f64 = 5.0;
/// Outcomes that an exact test goes through at the most.
const OUTCOMES: f64 = 2e5;

/// A target: what is expected and what was estimated.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Cell {
    /// The probability under test.
    pub probability: f64,
    /// The estimate.
    pub estimate: f64,
    /// Its standard error, what a step correction may leave included.
    pub std_error: f64,
}

impl Cell {
    /// A result with the probability that it is tested against; `None` without an estimate.
    #[must_use]
    pub fn of(result: &QuantityResult, probability: f64) -> Option<Self> {
        let bias = result.discretisation_bias.as_ref().map_or(0.0, |bias| bias.estimate);
        let left = CORRECTION_UNCERTAINTY * bias / NORMAL_95;
        let std_error = libm::hypot(result.std_error?, left);
        Some(Self { probability, estimate: result.estimate?, std_error })
    }
}

/// What a test of destinations says.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Destinations {
    /// What the probabilities are of: `exact`, or `theorem`, whose distance from the exact ones is no error.
    pub against: String,
    /// `pearson`, `multinomial` (exact) or `rao_scott`.
    pub method: String,
    /// The chi-square statistic.
    pub statistic: f64,
    /// Its degrees of freedom, after putting rare targets together.
    pub degrees: usize,
    /// The p-value.
    pub p_value: f64,
    /// The same among all starts of the run, by Holm's rule.
    pub p_holm: f64,
    /// The probability that, moved between the two likeliest targets, would have shown nine times in ten; null where
    /// nothing is left to chance.
    pub detectable: Option<f64>,
    /// In words.
    pub words: String,
}

/// Tests estimated probabilities with known errors.
///
/// `None` with fewer than two targets, or numbers that are no probabilities adding up to 1 (to 1e-3: some may be lost
/// to numerical error).
///
/// ```
/// use levyscape_analyzer::compare::{Cell, destinations};
///
/// let cell = |probability, estimate| Cell { probability, estimate, std_error: 0.01 };
/// let near = destinations(&[cell(0.5, 0.505), cell(0.3, 0.298), cell(0.2, 0.197)]);
/// assert!(near.is_some_and(|test| test.p_value > 0.5));
/// let far = destinations(&[cell(0.5, 0.56), cell(0.3, 0.27), cell(0.2, 0.17)]);
/// assert!(far.is_some_and(|test| test.p_value < 1e-4));
/// ```
#[must_use]
pub fn destinations(cells: &[Cell]) -> Option<Destinations> {
    let fine = |cell: &Cell| {
        (0.0..=1.0).contains(&cell.probability) && cell.estimate.is_finite() && cell.std_error >= 0.0
    };
    let total: f64 = cells.iter().map(|cell| cell.probability).sum();
    if cells.len() < 2 || !cells.iter().all(fine) || (total - 1.0).abs() > 1e-3 {
        return None;
    }
    // The number of paths that would have such an error, times the probability.
    let expected = |cell: &Cell| {
        let p = cell.probability;
        if p * (1.0 - p) > 0.0 { p * p * (1.0 - p) / (cell.std_error * cell.std_error) } else { 0.0 }
    };
    let join = |a: Cell, b: Cell| Cell {
        probability: a.probability + b.probability,
        estimate: a.estimate + b.estimate,
        // Shares of one whole are negatively correlated: this is the most.
        std_error: libm::hypot(a.std_error, b.std_error),
    };
    let cells = pooled(cells.to_vec(), expected, join, |cell| cell.probability);
    let chi = |of: &dyn Fn(&Cell) -> f64| {
        cells.iter().map(|cell| of(cell) * of(cell) / cell.probability).sum::<f64>()
    };
    let degrees = cells.len() - 1;
    if degrees == 0 {
        return None;
    }
    let unit = chi(&|cell| cell.std_error) / degrees as f64;
    let off = chi(&|cell| cell.estimate - cell.probability);
    let statistic = if off > 0.0 { off / unit } else { 0.0 };
    let probabilities: Vec<f64> = cells.iter().map(|cell| cell.probability).collect();
    Some(found("rao_scott", statistic, degrees, tail(statistic, degrees), unit, &probabilities))
}

/// Tests counts of independent paths.
///
/// `None` with fewer than two targets, no paths, or numbers that are no probabilities adding up to 1 (to 1e-3).
///
/// ```
/// use levyscape_analyzer::compare::multinomial;
///
/// // Eight heads of eight: too few for a chi-square, 2/256 by the binomial law.
/// let coin = multinomial(&[8, 0], &[0.5, 0.5]);
/// assert!(coin.is_some_and(|test| test.method == "multinomial" && (test.p_value - 2.0 / 256.0).abs() < 1e-6));
/// ```
#[must_use]
pub fn multinomial(counts: &[u64], probabilities: &[f64]) -> Option<Destinations> {
    let n: u64 = counts.iter().sum();
    let total: f64 = probabilities.iter().sum();
    let fine = probabilities.iter().all(|p| (0.0..=1.0).contains(p)) && (total - 1.0).abs() <= 1e-3;
    if counts.len() != probabilities.len() || counts.len() < 2 || n == 0 || !fine {
        return None;
    }
    let n = n as f64;
    let cells: Vec<(u64, f64)> = counts.iter().copied().zip(probabilities.iter().copied()).collect();
    let pearson = |cells: &[(u64, f64)]| {
        let term = |&(count, p): &(u64, f64)| {
            let off = count as f64 - n * p;
            if off == 0.0 { 0.0 } else { off * off / (n * p) }
        };
        cells.iter().map(term).sum::<f64>()
    };
    let possible: Vec<f64> = probabilities.iter().copied().filter(|p| *p > 0.0).collect();
    let few = possible.iter().any(|p| n * p < FEW);
    if few && outcomes(n, counts.len()) <= OUTCOMES {
        let p = exact_p(counts, probabilities);
        return Some(found("multinomial", pearson(&cells), counts.len() - 1, p, 1.0 / n, probabilities));
    }
    let join = |a: (u64, f64), b: (u64, f64)| (a.0 + b.0, a.1 + b.1);
    let cells = pooled(cells, |cell| n * cell.1, join, |cell| cell.1);
    let degrees = cells.len() - 1;
    if degrees == 0 {
        return None;
    }
    let statistic = pearson(&cells);
    let probabilities: Vec<f64> = cells.iter().map(|cell| cell.1).collect();
    Some(found("pearson", statistic, degrees, tail(statistic, degrees), 1.0 / n, &probabilities))
}

/// Puts the rarest cell and the next together until each is expected often enough.
fn pooled<C: Copy>(
    mut cells: Vec<C>,
    expected: impl Fn(&C) -> f64,
    join: impl Fn(C, C) -> C,
    probability: impl Fn(&C) -> f64,
) -> Vec<C> {
    // The likeliest first.
    cells.sort_by(|a, b| probability(b).total_cmp(&probability(a)));
    while let [.., before, last] = cells.as_slice() {
        if expected(last) >= FEW {
            break;
        }
        let joined = join(*before, *last);
        cells.truncate(cells.len() - 2);
        let place = cells.partition_point(|cell| probability(cell) >= probability(&joined));
        cells.insert(place, joined);
    }
    cells
}

fn found(
    method: &str,
    statistic: f64,
    degrees: usize,
    p: f64,
    unit: f64,
    probabilities: &[f64],
) -> Destinations {
    let mut likely = probabilities.to_vec();
    likely.sort_by(|a, b| b.total_cmp(a));
    let shift = match likely.as_slice() {
        [a, b, ..] => (noncentrality(degrees) * unit / (1.0 / a + 1.0 / b)).sqrt(),
        _ => 0.0,
    };
    let p_value = six_digits(p.clamp(0.0, 1.0));
    let mut test = Destinations {
        against: "exact".to_owned(),
        method: method.to_owned(),
        // No number of JSON is infinite.
        statistic: statistic.min(f64::MAX),
        degrees,
        p_value,
        p_holm: p_value,
        detectable: (shift > 0.0 && shift.is_finite()).then(|| six_digits(shift)),
        words: String::new(),
    };
    test.settle(p_value);
    test
}

/// `P(X > x)` for a chi-square.
fn tail(x: f64, degrees: usize) -> f64 {
    if x <= 0.0 {
        1.0
    } else if x.is_finite() {
        checked_gamma_ur(0.5 * degrees as f64, 0.5 * x).unwrap_or(0.0)
    } else {
        0.0
    }
}

/// The noncentrality at which the chi-square test at 5 % finds something nine times in ten. A noncentral chi-square
/// is a chi-square with a Poisson number of further pairs of degrees of freedom.
fn noncentrality(degrees: usize) -> f64 {
    let shape = 0.5 * degrees as f64;
    let below = |x: f64| checked_gamma_lr(shape, 0.5 * x).unwrap_or(f64::NAN);
    let critical = invert(below, 1.0 - FAMILY_LEVEL, [0.0, 10.0 * degrees as f64 + 50.0]);
    let tail = |pairs: u32| checked_gamma_ur(shape + f64::from(pairs), 0.5 * critical).unwrap_or(0.0);
    let tails: Vec<f64> = (0..200).map(tail).collect();
    let power = |noncentrality: f64| {
        let mean = 0.5 * noncentrality;
        let mut weight = libm::exp(-mean);
        let mut sum = 0.0;
        for (pairs, tail) in tails.iter().enumerate() {
            sum += weight * tail;
            weight *= mean / (pairs + 1) as f64;
        }
        sum
    };
    invert(power, POWER, [0.0, 100.0])
}

/// How many ways there are for n paths to end in k targets.
fn outcomes(n: f64, k: usize) -> f64 {
    (1..k).map(|j| (n + j as f64) / j as f64).product()
}

/// The probability of all outcomes that are no more probable than `counts`.
fn exact_p(counts: &[u64], probabilities: &[f64]) -> f64 {
    let n: u64 = counts.iter().sum();
    let factorials: Vec<f64> = (0..=n).map(|k| libm::lgamma(k as f64 + 1.0)).collect();
    let factorial = |k: u64| factorials[k as usize];
    let logs: Vec<f64> = probabilities.iter().map(|p| libm::log(*p)).collect();
    // The logarithm of p^k/k!.
    let term = |cell: usize, k: u64| if k == 0 { 0.0 } else { k as f64 * logs[cell] - factorial(k) };
    let seen = factorial(n) + counts.iter().enumerate().map(|(cell, k)| term(cell, *k)).sum::<f64>();
    if seen == f64::NEG_INFINITY {
        return 0.0;
    }
    // Outcomes as probable as the one seen count although their last digits differ.
    let bound = seen + 1e-9;
    let mut p = 0.0;
    // Cells still to be filled, paths left, logarithm so far.
    let mut open = vec![(0, n, factorial(n))];
    while let Some((cell, left, log)) = open.pop() {
        if cell + 1 == counts.len() {
            let log = log + term(cell, left);
            if log <= bound {
                p += libm::exp(log);
            }
        } else {
            open.extend((0..=left).map(|k| (cell + 1, left - k, log + term(cell, k))));
        }
    }
    p.min(1.0)
}

impl Destinations {
    /// Whether the probabilities are taken for right: no rejection at the 5 % level among all starts of the run.
    #[must_use]
    pub fn agrees(&self) -> bool {
        self.p_holm >= FAMILY_LEVEL
    }

    /// The same test, its probabilities being the theorem's.
    #[must_use]
    pub fn against_theorem(self) -> Self {
        let p_holm = self.p_holm;
        let mut test = Self { against: "theorem".to_owned(), ..self };
        test.settle(p_holm);
        test
    }

    /// Takes the p-value among all starts of a run, and finds the words.
    pub(super) fn settle(&mut self, p_holm: f64) {
        self.p_holm = p_holm;
        let theorem = self.against == "theorem";
        let what = if theorem { "the theorem’s destinations" } else { "the exact destinations" };
        let p = p_words(self.p_value);
        self.words = if self.agrees() {
            let chance = if self.p_value < FAMILY_LEVEL { " (by chance among so many starts)" } else { "" };
            let power = self.detectable.map_or(String::new(), |shift| {
                format!("; {} moved between the two likeliest targets would have shown", digits(shift, 2))
            });
            format!("agree with {what}, {p}{chance}{power}")
        } else if theorem {
            format!("differ from {what}, {p}: ε may be too large for them, or the simulation off")
        } else {
            format!("DISAGREE with {what}, {p}")
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::estimate::test_numbers::Numbers;

    fn drawn(numbers: &mut Numbers, n: usize, probabilities: &[f64]) -> Vec<u64> {
        let mut counts = vec![0; probabilities.len()];
        for _ in 0..n {
            let mut u = numbers.uniform();
            let mut cell = 0;
            while cell + 1 < probabilities.len() && u > probabilities[cell] {
                u -= probabilities[cell];
                cell += 1;
            }
            counts[cell] += 1;
        }
        counts
    }

    fn test(counts: &[u64], probabilities: &[f64]) -> Destinations {
        multinomial(counts, probabilities).unwrap_or_else(|| panic!("{counts:?}"))
    }

    fn cells(counts: &[u64], probabilities: &[f64]) -> Vec<Cell> {
        let n = counts.iter().sum::<u64>() as f64;
        let cell = |(count, probability): (&u64, &f64)| {
            let estimate = *count as f64 / n;
            Cell {
                probability: *probability,
                estimate,
                std_error: (probability * (1.0 - probability) / n).sqrt(),
            }
        };
        counts.iter().zip(probabilities).map(cell).collect()
    }

    #[test]
    fn pearson_and_rao_scott_are_one_for_counts() {
        // scipy.stats.chisquare([280, 190, 30], [250, 200, 50]).
        let (counts, probabilities) = ([280, 190, 30], [0.5, 0.4, 0.1]);
        let pearson = test(&counts, &probabilities);
        assert!((pearson.statistic - 12.1).abs() < 1e-9 && pearson.degrees == 2);
        assert!((pearson.p_value - 0.002_357_86).abs() < 1e-7, "{}", pearson.p_value);
        let rao_scott = destinations(&cells(&counts, &probabilities)).unwrap();
        assert!((rao_scott.statistic / 12.1 - 1.0).abs() < 1e-9, "{}", rao_scott.statistic);
        assert!(rao_scott.detectable.is_some_and(|shift| {
            pearson.detectable.is_some_and(|other| (shift / other - 1.0).abs() < 1e-4)
        }));
        assert!(pearson.words.starts_with("DISAGREE") && !pearson.agrees());
        assert!(pearson.against_theorem().words.contains("ε may be too large"));
    }

    #[test]
    fn small_counts_are_tested_exactly() {
        // Binomial: P(X <= 0 or X >= 6) with n = 6, p = 1/2.
        let coin = test(&[6, 0], &[0.5, 0.5]);
        assert!((coin.p_value - 2.0 / 64.0).abs() < 1e-6 && coin.method == "multinomial");
        // Of the 15 outcomes those of probability 1/32 at most, added up by hand.
        let three = test(&[3, 0, 1], &[0.25, 0.25, 0.5]);
        assert!((three.p_value - 0.125).abs() < 1e-6, "{}", three.p_value);
        // What cannot be was seen; what cannot be was not seen.
        assert_eq!(test(&[3, 1], &[1.0, 0.0]).p_value, 0.0);
        assert_eq!(test(&[4, 0], &[1.0, 0.0]).p_value, 1.0);
    }

    #[test]
    fn rare_targets_are_put_together() {
        let pooled = test(&[600_000, 399_990, 6, 4], &[0.6, 0.399_994, 4e-6, 2e-6]);
        assert_eq!((pooled.degrees, pooled.method.as_str()), (2, "pearson"));
        assert_eq!(multinomial(&[1_000_000, 1], &[1.0 - 1e-6, 1e-6]), None);
    }

    #[test]
    fn what_is_no_distribution_is_not_tested() {
        assert!(multinomial(&[5], &[1.0]).is_none());
        assert!(multinomial(&[5, 5], &[0.5, 0.2]).is_none());
        assert!(multinomial(&[0, 0], &[0.5, 0.5]).is_none());
        assert!(destinations(&cells(&[5, 5], &[0.5, 0.6])).is_none());
        let nan = Cell { probability: 0.5, estimate: f64::NAN, std_error: 0.1 };
        assert!(destinations(&[nan, nan]).is_none());
    }

    #[test]
    fn the_noncentrality_is_that_of_the_tables() {
        // 90 % power at 5 %: Haynam, Govindarajulu and Leone (1970).
        for (degrees, known) in [(1, 10.507), (2, 12.654), (3, 14.171), (4, 15.405), (7, 18.284)] {
            assert!((noncentrality(degrees) - known).abs() < 2e-3, "{degrees}: {}", noncentrality(degrees));
        }
    }

    /// False alarms at 5 % of 4000 samples of each test (the exact one may have fewer), and the stated power. Counts
    /// are binomial; six standard deviations, 1e-9 a side.
    #[test]
    fn false_alarms_and_power() {
        let runs = 4000;
        let mut numbers = Numbers::new(21);
        let probabilities = [0.55, 0.3, 0.1, 0.05];
        let [mut pearson, mut exact, mut rao_scott, mut found] = [0.0; 4];
        let stated = test(&[550, 300, 100, 50], &probabilities).detectable.unwrap_or(0.0);
        let moved = [0.55 - stated, 0.3 + stated, 0.1, 0.05];
        let alarm = |p: f64| f64::from(u8::from(p < 0.05));
        for _ in 0..runs {
            let counts = drawn(&mut numbers, 1000, &probabilities);
            pearson += alarm(test(&counts, &probabilities).p_value);
            rao_scott += alarm(destinations(&cells(&counts, &probabilities)).unwrap().p_value);
            exact += alarm(test(&drawn(&mut numbers, 15, &probabilities), &probabilities).p_value);
            found += alarm(test(&drawn(&mut numbers, 1000, &moved), &probabilities).p_value);
        }
        let runs = f64::from(runs);
        println!("{} {} {} {}", pearson / runs, rao_scott / runs, exact / runs, found / runs);
        let six = 6.0 * (0.05 * 0.95 / runs).sqrt();
        assert!((pearson / runs - 0.05).abs() < six && (rao_scott / runs - 0.05).abs() < six);
        assert!(exact / runs < 0.05 + six);
        assert!((found / runs - 0.9).abs() < 0.01 + 6.0 * (0.9 * 0.1 / runs).sqrt());
    }

    /// The same with a step correction: 3000 samples of 600 pairs that end alike nine times in ten, the rarest target
    /// more seldom. Corrected shares spread more than counts: as counts they raise many alarms. Six standard
    /// deviations, 1e-9 a side, and 0.01 for the first-order correction.
    #[test]
    fn corrected_shares_are_tested_with_their_own_errors() {
        let (runs, n, weight) = (3000, 600, 1.7);
        let mut numbers = Numbers::new(22);
        let probabilities = [0.5, 0.35, 0.15];
        let [mut alarms, mut as_counts] = [0.0; 2];
        for _ in 0..runs {
            let mut sums = [[0.0; 2]; 3];
            for _ in 0..n {
                let mut draw = || {
                    let u = numbers.uniform();
                    usize::from(u > 0.5) + usize::from(u > 0.85)
                };
                let [fine, other] = [draw(), draw()];
                let alike = numbers.uniform() < if fine == 2 { 0.7 } else { 0.95 };
                let coarse = if alike { fine } else { other };
                for (cell, [sum, squares]) in sums.iter_mut().enumerate() {
                    let [fine, coarse] = [fine, coarse].map(|end| f64::from(u8::from(end == cell)));
                    let corrected = fine + weight * (fine - coarse);
                    *sum += corrected;
                    *squares += corrected * corrected;
                }
            }
            // The coarse law differs from the fine one: the limit is known from both.
            let limit = |cell: usize| {
                let stay = [0.95, 0.95, 0.7];
                let moved: f64 = (0..3).map(|from| probabilities[from] * (1.0 - stay[from])).sum();
                let coarse = probabilities[cell] * (stay[cell] + moved);
                probabilities[cell] + weight * (probabilities[cell] - coarse)
            };
            let n = f64::from(n);
            let cell = |k: usize, own: bool| {
                let [sum, squares] = sums[k];
                let (estimate, probability) = (sum / n, limit(k));
                let variance =
                    if own { squares / n - estimate * estimate } else { probability * (1.0 - probability) };
                Cell { probability, estimate, std_error: (variance / n).sqrt() }
            };
            let alarm = |own: bool| {
                let test = destinations(&[cell(0, own), cell(1, own), cell(2, own)]).unwrap();
                f64::from(u8::from(test.p_value < 0.05))
            };
            alarms += alarm(true);
            as_counts += alarm(false);
        }
        let runs = f64::from(runs);
        println!("{} with their own errors, {} as counts", alarms / runs, as_counts / runs);
        assert!((alarms / runs - 0.05).abs() < 0.01 + 6.0 * (0.05 * 0.95 / runs).sqrt(), "{}", alarms / runs);
        assert!(as_counts > 2.0 * alarms);
    }
}
