//! How large a deviation a sample could have shown.

use super::normal::upper_quantile;

/// The power at which deviations are stated.
pub const POWER: f64 = 0.9;

/// The smallest deviation of the expected value that a two-sided test at `level` shows with probability `power`,
/// for an estimate of normal law with this standard error: `(z_{level/2} + z_{1-power}) std_error`.
///
/// A true deviation of that size is overlooked with probability `1 - power`. That no deviation was found says
/// nothing of smaller ones.
///
/// ```
/// use levyscape_analyzer::compare::detectable;
///
/// // (1.960 + 1.282) times the standard error
/// assert!((detectable(1.0, 0.05, 0.9) - 3.2415).abs() < 1e-4);
/// ```
#[must_use]
pub fn detectable(std_error: f64, level: f64, power: f64) -> f64 {
    (upper_quantile(0.5 * level) + upper_quantile(1.0 - power)) * std_error
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compare::normal::two_sided;
    use crate::estimate::test_numbers::Numbers;

    /// 20 000 estimates that are off by just so much: nine in ten are found. The count is binomial; six standard
    /// deviations, 1e-9 a side.
    #[test]
    fn so_large_a_deviation_is_found_nine_times_in_ten() {
        let (runs, level) = (20_000, 0.05 / 12.0);
        let off = detectable(0.3, level, POWER);
        let mut numbers = Numbers::new(5);
        let found =
            (0..runs).filter(|_| two_sided((off + 0.3 * numbers.normal()) / 0.3) < level).count() as f64;
        let expected = f64::from(runs) * POWER;
        assert!((found - expected).abs() < 6.0 * (expected * (1.0 - POWER)).sqrt(), "{found}");
    }
}
