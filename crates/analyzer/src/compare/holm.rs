//! Many tests at once (Holm 1979).

use super::normal::upper_quantile;

/// Holm's adjusted p-values, in the order given: `max_{j <= i} min(1, (m - j + 1) p_(j))` over the ascending
/// p-values.
///
/// The tests whose adjusted value is below `a` can all be rejected with a probability of at most `a` that any of
/// them is true, however they depend on each other. A p-value that is not a number counts as 1.
///
/// ```
/// use levyscape_analyzer::compare::holm;
///
/// assert_eq!(holm(&[0.01, 0.5, 0.02]), [0.03, 0.5, 0.04]);
/// ```
#[must_use]
pub fn holm(p_values: &[f64]) -> Vec<f64> {
    let p = |k: usize| if p_values[k].is_nan() { 1.0 } else { p_values[k] };
    let mut order: Vec<usize> = (0..p_values.len()).collect();
    order.sort_by(|&a, &b| p(a).total_cmp(&p(b)));
    let mut adjusted = vec![1.0; p_values.len()];
    let mut largest: f64 = 0.0;
    for (place, &k) in order.iter().enumerate() {
        largest = largest.max((p_values.len() - place) as f64 * p(k)).min(1.0);
        adjusted[k] = largest;
    }
    adjusted
}

/// Half-width, in standard errors, of `family` intervals that all hold with probability `1 - level` (Bonferroni):
/// the upper `level/(2 family)` quantile of the normal law.
///
/// All these intervals hold the exact values just when no Holm-adjusted p-value is below `level`.
///
/// ```
/// use levyscape_analyzer::compare::simultaneous_critical_value;
///
/// assert!((simultaneous_critical_value(1, 0.05) - 1.96).abs() < 1e-4);
/// assert!((simultaneous_critical_value(20, 0.05) - 3.0233).abs() < 1e-4);
/// ```
#[must_use]
pub fn simultaneous_critical_value(family: usize, level: f64) -> f64 {
    upper_quantile(0.5 * level / family.max(1) as f64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compare::normal::two_sided;

    #[test]
    fn adjusted_values_of_an_example() {
        // R: p.adjust(c(0.01, 0.02, 0.03, 0.04, 0.9), "holm")
        let adjusted = holm(&[0.04, 0.01, 0.9, 0.02, 0.03]);
        for (found, known) in adjusted.iter().zip([0.09, 0.05, 0.9, 0.08, 0.09]) {
            assert!((found - known).abs() < 1e-12, "{adjusted:?}");
        }
        assert!(holm(&[]).is_empty());
        assert_eq!(holm(&[f64::NAN, 0.0]), [1.0, 0.0]);
    }

    #[test]
    fn the_first_rejection_is_that_of_the_simultaneous_intervals() {
        let z = simultaneous_critical_value(7, 0.05);
        let smallest = |z: f64| holm(&[0.3, 0.4, two_sided(z), 0.5, 0.6, 0.7, 0.8])[2];
        assert!(smallest(z * (1.0 + 1e-9)) < 0.05 && smallest(z * (1.0 - 1e-9)) > 0.05);
    }
}
