//! Means of correlated series.

/// The mean of a stationary series and how well it is known.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SeriesMean {
    /// The mean.
    pub value: f64,
    /// Its standard error, correlation included.
    pub std_error: f64,
    /// How many independent numbers of the same variance would give this standard error.
    pub effective_size: f64,
}

/// The mean of a stationary series with a standard error that needs no batches: the asymptotic variance is
/// the sum of the autocovariances, cut off by Geyer's initial monotone sequence (1992).
///
/// `n Var(mean) = -g_0 + 2 sum_m G_m` with `G_m = g_{2m} + g_{2m+1}`; for a reversible chain the true `G_m`
/// are positive and decreasing, so the sum ends before the first that is not positive, and none counts more
/// than the one before. For other series it errs on the side of a larger error. It costs `n` times the
/// number of lags that count. `None` for fewer than four numbers or numbers that are not finite; a series
/// without variance has error 0 and effective size `n`.
#[must_use]
pub fn series_mean(series: &[f64]) -> Option<SeriesMean> {
    if series.len() < 4 {
        return None;
    }
    let n = series.len() as f64;
    let value = series.iter().sum::<f64>() / n;
    let centred: Vec<f64> = series.iter().map(|x| x - value).collect();
    let autocovariance = |lag: usize| {
        let pairs = centred.iter().zip(centred.get(lag..).unwrap_or(&[]));
        pairs.map(|(x, y)| x * y).sum::<f64>() / n
    };
    let variance = autocovariance(0);
    if !variance.is_finite() {
        return None;
    }
    if variance == 0.0 {
        return Some(SeriesMean { value, std_error: 0.0, effective_size: n });
    }
    let (mut sum, mut last) = (-variance, f64::INFINITY);
    for m in 0..series.len() / 2 {
        let pair = autocovariance(2 * m) + autocovariance(2 * m + 1);
        if pair <= 0.0 {
            break;
        }
        last = pair.min(last);
        sum += 2.0 * last;
    }
    // A series that alternates: its first pair may be next to nothing. One that is worth more than n^2
    // numbers cannot be told from that.
    let asymptotic = sum.max(variance / n);
    Some(SeriesMean { value, std_error: (asymptotic / n).sqrt(), effective_size: n * variance / asymptotic })
}

/// Number of independent numbers that are worth as much as the series for its mean; see [`series_mean`].
/// NaN where that gives none.
#[must_use]
pub fn effective_sample_size(series: &[f64]) -> f64 {
    series_mean(series).map_or(f64::NAN, |mean| mean.effective_size)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::estimate::test_numbers::Numbers;

    fn autoregression(rho: f64, n: usize, seed: u64) -> Vec<f64> {
        let mut numbers = Numbers::new(seed);
        let mut x = numbers.normal() / (1.0 - rho * rho).sqrt();
        (0..n)
            .map(|_| {
                x = rho * x + numbers.normal();
                x
            })
            .collect()
    }

    /// For an autoregression of order 1 with coefficient rho, n_eff = n (1 - rho)/(1 + rho).
    ///
    /// The relative error of the estimated asymptotic variance is about `sqrt(4 M/n)`, M the lags that count;
    /// six of these are allowed (false alarms below 1e-6), and M is about `10/(1 - rho)`.
    #[test]
    fn autoregressions_have_the_known_effective_size() {
        for (rho, seed) in [(0.0, 1), (0.5, 2), (0.9, 3), (0.98, 4)] {
            let n = 200_000;
            let known = n as f64 * (1.0 - rho) / (1.0 + rho);
            let size = effective_sample_size(&autoregression(rho, n, seed));
            let tolerance = 6.0 * (4.0 * 4.0 / (1.0 - rho) / n as f64).sqrt();
            assert!((size / known - 1.0).abs() < tolerance, "rho {rho}: {size} {known} ({tolerance})");
        }
    }

    /// The interval of two standard errors covers the mean (0) as often as it should: 400 series, binomial
    /// with p = 0.954 within six standard deviations.
    #[test]
    fn the_standard_error_is_that_of_the_mean() {
        let covered = (0..400)
            .filter(|&seed| {
                let Some(mean) = series_mean(&autoregression(0.8, 2000, 100 + seed)) else { panic!("2000") };
                mean.value.abs() < 2.0 * mean.std_error
            })
            .count() as f64;
        let p: f64 = 0.954;
        assert!((covered - 400.0 * p).abs() < 6.0 * (400.0 * p * (1.0 - p)).sqrt(), "{covered}");
    }

    #[test]
    fn series_that_cannot_be_judged() {
        assert_eq!(series_mean(&[1.0, 2.0, 3.0]), None);
        assert_eq!(series_mean(&[1.0, f64::NAN, 3.0, 2.0]), None);
        let constant = SeriesMean { value: 2.0, std_error: 0.0, effective_size: 5.0 };
        assert_eq!(series_mean(&[2.0; 5]), Some(constant));
        assert!(effective_sample_size(&[1.0]).is_nan());
    }
}
