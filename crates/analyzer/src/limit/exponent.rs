//! Exponents of scaling: slopes between neighbouring values of a swept variable.

use super::NORMAL_95;

/// A measured value at one value of the variable.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Measured {
    /// The variable.
    pub x: f64,
    /// The value, above 0.
    pub value: f64,
    /// Its standard error, independent of those of the other points.
    pub std_error: f64,
}

/// In what the slope of the value's logarithm is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scale {
    /// In the logarithm of the variable: the exponent of a power law.
    Logarithmic,
    /// In the variable itself: the rate of an exponential, such as the height `H` in `exp(H/D)` for the
    /// variable `1/D`.
    Linear,
}

/// The slope between two neighbouring points.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Slope {
    /// The two values of the variable, the smaller first.
    pub between: [f64; 2],
    /// `d ln value / d ln x`, or `/ d x`.
    pub value: f64,
    /// Standard error, by the delta method: that of the two logarithms over the step.
    pub std_error: f64,
    /// 95 % interval.
    pub ci95: [f64; 2],
}

/// The slopes between neighbours, from the smallest value of the variable to the largest. Points that are not
/// positive and finite (for [`Scale::Linear`] the variable: finite), and one of two at the same place, are
/// left out.
///
/// ```
/// use levyscape_analyzer::limit::{Measured, Scale, slopes};
///
/// // E T^1 at epsilon = 0.1 and 0.03, alpha = 1.5, to one per cent: the exponent is about -1.53.
/// let point = |x: f64, value: f64| Measured { x, value, std_error: 0.01 * value };
/// let found = slopes(&[point(0.1, 151.89), point(0.03, 958.20)], Scale::Logarithmic);
/// assert!((found[0].value + 1.530).abs() < 1e-3);
/// assert!((found[0].std_error - 0.01 * 2.0_f64.sqrt() / (10.0_f64 / 3.0).ln()).abs() < 1e-9);
/// ```
#[must_use]
pub fn slopes(points: &[Measured], scale: Scale) -> Vec<Slope> {
    let place = |point: &Measured| match scale {
        Scale::Logarithmic => libm::log(point.x),
        Scale::Linear => point.x,
    };
    let mut points: Vec<Measured> = points
        .iter()
        .copied()
        .filter(|point| point.value > 0.0 && point.value.is_finite() && place(point).is_finite())
        .collect();
    points.sort_by(|a, b| a.x.total_cmp(&b.x));
    points.dedup_by(|later, earlier| later.x == earlier.x);
    points
        .windows(2)
        .map(|pair| {
            let step = place(&pair[1]) - place(&pair[0]);
            let value = libm::log(pair[1].value / pair[0].value) / step;
            let relative = |point: &Measured| point.std_error / point.value;
            let std_error = libm::hypot(relative(&pair[0]), relative(&pair[1])) / step;
            Slope {
                between: [pair[0].x, pair[1].x],
                value,
                std_error,
                ci95: [value - NORMAL_95 * std_error, value + NORMAL_95 * std_error],
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::estimate::test_numbers::Numbers;

    #[test]
    fn local_exponents_of_the_double_well() {
        // mu of E T^1 between 0.1 and 0.03 (theory, 4.8).
        for (times, mu) in [
            ([19.136_439, 48.074_342], 0.957),
            ([32.061_80, 105.264_24], 0.988),
            ([151.890_175, 958.199_2], 1.020),
            ([653.259_95, 5_980.629_2], 1.022),
        ]
        .into_iter()
        .zip([0.8, 1.0, 1.5, 1.8])
        .map(|((times, mu), alpha)| (times, mu * alpha))
        {
            let points = [0.1, 0.03].into_iter().zip(times);
            let points: Vec<Measured> =
                points.map(|(x, value)| Measured { x, value, std_error: 0.0 }).collect();
            let slope = slopes(&points, Scale::Logarithmic)[0];
            assert!((slope.value + mu).abs() < 1e-3, "{slope:?} {mu}");
            assert_eq!((slope.between, slope.std_error), ([0.03, 0.1], 0.0));
        }
    }

    #[test]
    fn intervals_cover() {
        // A power law under noise: 95 % of 2000 intervals, within six standard deviations (0.5 % each).
        let mut numbers = Numbers::new(3);
        let mut held = 0;
        for _ in 0..2000 {
            let mut at = |x: f64| {
                let value = libm::pow(x, -1.5);
                Measured { x, value: value * (1.0 + 0.01 * numbers.normal()), std_error: 0.01 * value }
            };
            let slope = slopes(&[at(0.2), at(0.1)], Scale::Logarithmic)[0];
            held += u32::from(slope.ci95[0] < -1.5 && -1.5 < slope.ci95[1]);
        }
        assert!((f64::from(held) / 2000.0 - 0.95).abs() < 6.0 * 0.0049, "{held}");
    }

    #[test]
    fn points_without_a_logarithm_are_left_out() {
        let point = |x: f64, value: f64| Measured { x, value, std_error: 0.0 };
        let points = [point(2.0, 4.0), point(1.0, 1.0), point(0.0, 1.0), point(3.0, -1.0), point(2.0, 4.0)];
        let found = slopes(&points, Scale::Logarithmic);
        assert_eq!(found.len(), 1);
        assert!((found[0].value - 2.0).abs() < 1e-15);
        assert_eq!(slopes(&points, Scale::Linear).len(), 2);
        assert!(slopes(&points[..1], Scale::Linear).is_empty());
    }
}
