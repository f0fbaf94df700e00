//! The normal law, by the error function of `libm`: the same bits everywhere.

use core::f64::consts::FRAC_1_SQRT_2;

use crate::estimate::invert;

/// `P(|Z| >= |z|)` for a standard normal `Z`: `erfc(|z|/sqrt 2)`.
///
/// ```
/// use levyscape_analyzer::compare::normal::two_sided;
///
/// assert!((two_sided(1.959_963_984_540_054) - 0.05).abs() < 1e-12);
/// assert_eq!(two_sided(f64::NEG_INFINITY), 0.0);
/// ```
#[must_use]
pub fn two_sided(z: f64) -> f64 {
    libm::erfc(z.abs() * FRAC_1_SQRT_2)
}

/// The `z` with `P(Z > z) = p` for a standard normal `Z`; `p` in (0, 1/2], and 38 for smaller ones than there
/// are.
///
/// ```
/// use levyscape_analyzer::compare::normal::upper_quantile;
///
/// assert!((upper_quantile(0.1) - 1.281_551_565_544_6).abs() < 1e-12);
/// ```
#[must_use]
pub fn upper_quantile(p: f64) -> f64 {
    // The tail falls: its negative rises.
    invert(|z| -0.5 * libm::erfc(z * FRAC_1_SQRT_2), -p, [0.0, 38.0])
}

/// `x` to six significant digits. Functions that are not the same to the last bit on every machine give the
/// same six digits.
pub(super) fn six_digits(x: f64) -> f64 {
    format!("{x:.5e}").parse().unwrap_or(x)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_those_of_the_tables() {
        // scipy.stats.norm.isf
        for (p, z) in [
            (0.5, 0.0),
            (0.025, 1.959_963_984_540_054),
            (0.025 / 20.0, 3.023_341_439_739_161),
            (1e-12, 7.034_483_825_301_132),
        ] {
            assert!((upper_quantile(p) - z).abs() < 1e-9, "{p}: {}", upper_quantile(p));
            assert!((two_sided(z) - 2.0 * p).abs() < 1e-9 * p, "{p}");
        }
        assert_eq!(six_digits(0.123_456_789), 0.123_457);
    }
}
