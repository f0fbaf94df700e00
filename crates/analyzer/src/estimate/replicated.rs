//! Estimates from replicas: rows of numbers, of whose mean they are functions.

use super::{Estimate, Moments, NORMAL_95};

/// The estimate `fine(mean row)` with its standard error by the delta method; where there is a function `coarse`
/// for twice the step, with the step correction of order `order`. The 95 % interval is Student's with one degree of
/// freedom less than there are rows. `None` for fewer than two rows, or where a function is not finite.
#[must_use]
pub fn replicated_estimate(
    moments: &Moments,
    order: f64,
    fine: impl Fn(&[f64]) -> f64,
    coarse: Option<impl Fn(&[f64]) -> f64>,
) -> Option<Estimate> {
    let (value, error) = moments.delta(&fine)?;
    let factor = student_95((moments.count() - 1) as f64) / NORMAL_95;
    let mut estimate = match &coarse {
        None => Estimate::combine(order, value, None, |_, _| error),
        Some(coarse) => {
            let (of_coarse, _) = moments.delta(coarse)?;
            // Where the two walks are nearly the same, so are the functions: their difference has the error.
            let error = |u: f64, v: f64| {
                moments.delta(|mean| u * fine(mean) + v * coarse(mean)).map_or(f64::NAN, |(_, error)| error)
            };
            Estimate::combine(order, value, Some(of_coarse), error)
        }
    };
    let remainder = estimate.bias.as_ref().map_or(0.0, |bias| super::CORRECTION_UNCERTAINTY * bias.estimate);
    let half = libm::hypot(factor * NORMAL_95 * estimate.std_error, remainder);
    estimate.ci95 = [estimate.value - half, estimate.value + half];
    estimate.std_error.is_finite().then_some(estimate)
}

/// The two-sided 95 % quantile of Student's law, by the expansion of Fisher and Cornish (1960) in one over the
/// degrees of freedom: right to 1e-3 from 5 on, to 1e-5 from 20 on.
fn student_95(freedom: f64) -> f64 {
    let z = NORMAL_95;
    let square = z * z;
    let terms = [
        (square + 1.0) / 4.0,
        ((5.0 * square + 16.0) * square + 3.0) / 96.0,
        (((3.0 * square + 19.0) * square + 17.0) * square - 15.0) / 384.0,
        ((((79.0 * square + 776.0) * square + 1482.0) * square - 1920.0) * square - 945.0) / 92_160.0,
    ];
    z + z * terms.iter().rev().fold(0.0, |sum, term| (sum + term) / freedom)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_of_students_law() {
        // Tables of Student's law.
        for (freedom, quantile) in
            [(5.0, 2.570_582), (10.0, 2.228_139), (23.0, 2.068_658), (100.0, 1.983_972)]
        {
            assert!((student_95(freedom) - quantile).abs() < if freedom < 20.0 { 2e-3 } else { 1e-5 });
        }
    }

    #[test]
    fn the_step_correction_is_that_of_the_means() {
        let mut moments = Moments::new(3);
        for k in 0..100 {
            let noise = f64::from(k % 7) - 3.0;
            // Fine 10.5, coarse 11 (and the same noise), over a number that is 1 on average.
            moments.push(&[10.5 + noise, 11.0 + noise, 1.0]);
        }
        let of = |k: usize| move |mean: &[f64]| mean[k] / mean[2];
        let Some(estimate) = replicated_estimate(&moments, 1.0, of(0), Some(of(1))) else {
            panic!("100 rows")
        };
        let mean = moments.mean()[0] - 10.5;
        assert!((estimate.value - 10.0 - mean).abs() < 1e-12);
        let Some(bias) = &estimate.bias else { panic!("two steps") };
        assert!((bias.estimate - 0.5).abs() < 1e-12 && bias.std_error < 1e-6);
        assert!(replicated_estimate(&moments, 1.0, |_: &[f64]| f64::NAN, Some(of(1))).is_none());
    }
}
