//! Estimates beside exact values and theory, with a verdict in words.
//!
//! Two questions are kept apart. *Simulation against the exact equation* tests the simulation and its step: a
//! gap there is an error, or chance. *The theorem against the exact equation* tests nothing: it measures how
//! far ε is from zero. Where no exact value is known, simulation and theorem can only be compared with each
//! other, and a gap may be either.
//!
//! | file | what |
//! |---|---|
//! | [`normal`] | tails and quantiles of the normal law, with the same bits everywhere |
//! | [`holm()`] | many tests at once: adjusted p-values, simultaneous critical values |
//! | [`power`] | how large a deviation a sample could have shown |
//! | [`verdict`] | one quantity, and the family of all quantities of a run |
//! | [`exponentiality()`] | whether times are exponential, their mean being estimated |
//! | [`destinations()`] | where paths end, against given probabilities |
//!
//! Sources: S. Holm, *Scand. J. Statist.* 6 (1979) 65. M. A. Stephens, *JASA* 69 (1974) 730, and in R. B. D'Agostino
//! and M. A. Stephens (eds), *Goodness-of-Fit Techniques* (1986), section 4.9. J. N. K. Rao and A. J. Scott,
//! *JASA* 76 (1981) 221.

pub mod destinations;
pub mod exponentiality;
pub mod holm;
pub mod normal;
pub mod power;
pub mod verdict;

pub use destinations::{Cell, Destinations, destinations, multinomial};
pub use exponentiality::{Exponentiality, exponentiality};
pub use holm::{holm, simultaneous_critical_value};
pub use power::detectable;
pub use verdict::{Compared, FamilyVerdict, Kind, QuantityVerdict, verdicts};

use serde::{Deserialize, Serialize};

use crate::summary::Summary;

/// Probability of a false alarm anywhere in a family of comparisons.
pub const FAMILY_LEVEL: f64 = 0.05;

/// Tests of the law of the times and of the destinations of one start of a task.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct StartTests {
    /// Index of the task in the scenario, from 0.
    pub task: usize,
    /// Starting minimum (from 1) of a transition; absent for an exit.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub from: Option<usize>,
    /// Whether the times are exponential; null where that was not tested.
    pub exponentiality: Option<Exponentiality>,
    /// Whether the targets are reached as often as they should be; null with fewer than two.
    pub destinations: Option<Destinations>,
}

/// Fills in the verdicts of a run: of every quantity, of all of them together, and the p-values of the tests of
/// each start among all starts.
pub fn assess(summary: &mut Summary) {
    let results = || summary.points.iter().flat_map(|point| &point.results);
    let family: Vec<Compared> = results().map(Compared::from).collect();
    let (each, all) = verdicts(&family);
    let places = summary.points.iter_mut().flat_map(|point| &mut point.results);
    for (result, verdict) in places.zip(each) {
        result.verdict = Some(verdict);
    }
    summary.comparison = Some(all);
    let mut tests: Vec<&mut StartTests> =
        summary.points.iter_mut().flat_map(|point| &mut point.tests).collect();
    let times: Vec<&mut Exponentiality> =
        tests.iter_mut().filter_map(|test| test.exponentiality.as_mut()).collect();
    let adjusted = holm(&times.iter().map(|test| test.p_value).collect::<Vec<f64>>());
    for (test, p_holm) in times.into_iter().zip(adjusted) {
        test.settle(p_holm);
    }
    let ends: Vec<&mut Destinations> =
        tests.iter_mut().filter_map(|test| test.destinations.as_mut()).collect();
    let adjusted = holm(&ends.iter().map(|test| test.p_value).collect::<Vec<f64>>());
    for (test, p_holm) in ends.into_iter().zip(adjusted) {
        test.settle(p_holm);
    }
}

/// `x` to so many significant digits, in plain characters: for words.
fn digits(x: f64, significant: usize) -> String {
    let text = format!("{:.*e}", significant.saturating_sub(1), x);
    let exponent = text.split_once('e').and_then(|(_, exponent)| exponent.parse::<i32>().ok());
    match exponent {
        Some(exponent @ -3..6) => {
            let decimals = (significant as i32 - 1 - exponent).max(0) as usize;
            format!("{x:.decimals$}")
        }
        _ => text,
    }
}

/// A share as a percentage.
fn percent(share: f64, significant: usize) -> String {
    digits(100.0 * share, significant) + "\u{a0}%"
}

/// A p-value: two digits, and no more zeros than a reader counts.
fn p_words(p: f64) -> String {
    if p < 1e-6 { "p < 1e-6".to_owned() } else { format!("p = {}", digits(p, 2)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_in_words() {
        for (x, significant, text) in [
            (0.021_4, 2, "0.021"),
            (4.096, 2, "4.1"),
            (12.3, 2, "12"),
            (123.4, 2, "123"),
            (0.000_012_3, 2, "1.2e-5"),
            (9.96, 2, "10"),
            (0.0, 2, "0.0"),
        ] {
            assert_eq!(digits(x, significant), text);
        }
        assert_eq!(percent(0.0414, 2), "4.1\u{a0}%");
        assert_eq!([p_words(0.0213), p_words(1e-9)], ["p = 0.021", "p < 1e-6"]);
    }
}
