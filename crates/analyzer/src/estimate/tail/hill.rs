//! Hill's estimator: `1/alpha = (1/k) sum_{i <= k} ln(Y_(i)/Y_(k+1))`, `Y_(1) >= Y_(2) >= ...` being the distances
//! `|x - median|` (Hill 1975).
//!
//! The standard error `alpha/sqrt(k)` is that of an exact power tail beyond `Y_(k+1)` at a fixed `k`. The `k` that is
//! taken is the one whose tail is nearest to its fitted power law in the distance of Kolmogorov and Smirnov
//! (Clauset, Shalizi and Newman 2009). The rule looks at the sample, and beyond `Y_(k+1)` the tail is a power only
//! approximately: neither is in the standard error. On stable samples of 1e4 the estimate is biased by -0.03, -0.02, +0.06,
//! +0.22 and +0.92 at alpha = 0.7, 1, 1.3, 1.5 and 1.8, with standard errors of 0.02 to 0.08: every estimate says so.

use serde::{Deserialize, Serialize};

use super::{Estimated, Estimator, Sample, TailError, TailEstimate};
use crate::estimate::NORMAL_95;

/// From this estimate on, the bias on stable samples is upwards and worth a remark.
const BIASED_FROM: f64 = 1.2;
/// The fewest order statistics that are chosen.
const FEWEST: usize = 25;
/// Numbers of order statistics that are tried, at most.
const TRIED: usize = 120;

/// Hill's estimate with so many order statistics.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct HillPoint {
    /// Order statistics.
    pub k: usize,
    /// The distance from the median beyond which they lie, `Y_(k+1)`.
    pub threshold: f64,
    /// The estimate.
    pub alpha: f64,
    /// Its standard error, `alpha/sqrt(k)`.
    pub std_error: f64,
    /// 95 % interval.
    pub ci95: [f64; 2],
    /// Distance of Kolmogorov and Smirnov between the `k` order statistics and the power law.
    pub distance: f64,
}

/// The estimate for up to 120 values of `k` between 5 and half of the sample, evenly in `ln k`. A `k` whose order
/// statistics are all equal, or reach down to the median, has no estimate and is left out.
#[must_use]
pub fn plot(sample: &Sample) -> Vec<HillPoint> {
    let sizes = sample.distances();
    let last = sizes.len() / 2;
    let first = 5.min(last);
    let reach = libm::log(last as f64 / first as f64);
    let mut grid: Vec<usize> = (0..TRIED)
        .map(|step| libm::round(first as f64 * libm::exp(reach * step as f64 / (TRIED - 1) as f64)) as usize)
        .collect();
    grid.dedup();
    // Running sums of ln Y, so that each k costs no second pass but that of its distance.
    let mut grid = grid.into_iter().peekable();
    let mut points = Vec::new();
    let mut sum = 0.0;
    for k in 1..=last {
        let size = sizes[k - 1];
        if size <= 0.0 {
            break;
        }
        sum += libm::log(size);
        if grid.next_if_eq(&k).is_none() {
            continue;
        }
        let threshold = sizes[k];
        if threshold <= 0.0 {
            break;
        }
        let inverse = sum / k as f64 - libm::log(threshold);
        if inverse <= 0.0 {
            continue;
        }
        let alpha = 1.0 / inverse;
        let Estimated { std_error, ci95, .. } = Estimated::new(alpha, alpha / (k as f64).sqrt());
        let distance = distance(&sizes[..k], threshold, alpha);
        points.push(HillPoint { k, threshold, alpha, std_error, ci95, distance });
    }
    points
}

/// The largest difference between the shares of the order statistics, descending, beyond each of them and the power
/// law.
fn distance(sizes: &[f64], threshold: f64, alpha: f64) -> f64 {
    let k = sizes.len() as f64;
    let mut largest = 0.0_f64;
    for (i, size) in sizes.iter().enumerate() {
        let law = libm::pow(size / threshold, -alpha);
        largest = largest.max((law - i as f64 / k).abs()).max((law - (i + 1) as f64 / k).abs());
    }
    largest
}

/// The point of the plot that is taken.
#[must_use]
pub fn chosen(plot: &[HillPoint]) -> Option<&HillPoint> {
    plot.iter().filter(|point| point.k >= FEWEST).min_by(|a, b| a.distance.total_cmp(&b.distance))
}

/// Hill's estimate with the chosen number of order statistics.
///
/// # Errors
/// [`TailError::NotApplicable`] where no `k` has an estimate.
pub fn estimate(sample: &Sample) -> Result<TailEstimate, TailError> {
    let plot = plot(sample);
    let Some(point) = chosen(&plot) else {
        return Err(TailError::NotApplicable(
            "the largest distances from the median are all equal".to_owned(),
        ));
    };
    let settings = format!(
        "k = {} of {} distances from the median, beyond {:.4e}; smallest distance to a power law: {:.4}",
        point.k,
        sample.n(),
        point.threshold,
        point.distance
    );
    let mut estimate =
        TailEstimate::new(Estimator::Hill, Estimated::new(point.alpha, point.std_error), settings);
    estimate.k = Some(point.k);
    estimate.remarks.push(
        "the interval is that of an exact power tail at a fixed k: of stable samples of 10000 values it held the index \
         in 56 % at alpha = 0.7, 75 % at 1, 42 % at 1.3, 5 % at 1.5, 1 % at 1.8"
            .to_owned(),
    );
    if point.alpha + NORMAL_95 * point.std_error > BIASED_FROM {
        estimate.remarks.push(
            "biased upwards if the law is stable, whose tail becomes a power the later the nearer alpha is to 2: on such \
             samples by 0.06 at alpha = 1.3, 0.22 at 1.5, 0.92 at 1.8"
                .to_owned(),
        );
    }
    Ok(estimate)
}
