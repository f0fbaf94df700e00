//! The empirical tail of the distances from the median against that of a fitted law.

use serde::{Deserialize, Serialize};

use super::{Sample, StableLaw};
use crate::estimate::invert;
use crate::estimate::paths::beta_quantile;

/// Order statistics that are kept, at most.
const KEPT: usize = 160;
/// Level of the band.
const LEVEL: f64 = 0.95;

/// An order statistic of the distances `|x - median|`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct TailPoint {
    /// Its rank from above, `i`.
    pub rank: usize,
    /// The distance.
    pub distance: f64,
    /// Share of the sample beyond it, `i/(n + 1)`: the mean of the probability beyond it.
    pub empirical: f64,
    /// The probability beyond it under the fitted law.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fitted: Option<f64>,
    /// 95 % band, for all order statistics at once, in which the probabilities beyond them lie: quantiles of the
    /// beta laws with parameters `i`, `n + 1 - i`, all at the same level. For a law that was fitted to the sample it
    /// is too wide, and so errs to the cautious side.
    pub band95: [f64; 2],
}

impl TailPoint {
    /// Whether the fitted law leaves the band here; `None` without one.
    #[must_use]
    pub fn is_outside(&self) -> Option<bool> {
        let [low, high] = self.band95;
        self.fitted.map(|fitted| !(low..=high).contains(&fitted))
    }
}

/// Up to 160 order statistics, evenly in the logarithm of their rank.
#[must_use]
pub fn points(sample: &Sample, law: Option<&StableLaw>) -> Vec<TailPoint> {
    let n = sample.n();
    let half = 0.5 * local_level(n);
    let reach = libm::log(n as f64);
    let mut ranks: Vec<usize> = (0..KEPT)
        .map(|step| libm::round(libm::exp(reach * step as f64 / (KEPT - 1) as f64)) as usize)
        .collect();
    ranks.dedup();
    ranks
        .into_iter()
        .map(|rank| {
            let distance = sample.distances()[rank.clamp(1, n) - 1];
            let (a, b) = (rank as f64, (n + 1 - rank) as f64);
            TailPoint {
                rank,
                distance,
                empirical: a / (n + 1) as f64,
                fitted: law.map(|law| beyond(law, sample.median(), distance)),
                band95: [half, 1.0 - half].map(|p| beta_quantile(p, a, b)),
            }
        })
        .collect()
}

/// `P(|X - centre| > distance)`.
#[must_use]
pub fn beyond(law: &StableLaw, centre: f64, distance: f64) -> f64 {
    law.above(centre + distance) + law.below(centre - distance)
}

/// The probability outside of the interval of each order statistic, so that all of `n` are inside with probability
/// 95 %. The order statistics are near a Brownian bridge, and `c` in
/// `P(sup |B(t)|/sqrt(t (1 - t)) > c) ~ 4 phi(c)/c + phi(c) (c - 1/c) ln(t_2 (1 - t_1)/(t_1 (1 - t_2)))` (Miller and
/// Siegmund 1982), `t` from `t_1 = 1/n` to `t_2 = 1 - 1/n`, is its two-sided normal quantile.
fn local_level(n: usize) -> f64 {
    let first = 1.0 / n as f64;
    let reach = 2.0 * libm::log((1.0 - first) / first);
    let inside = |c: f64| {
        let density = libm::exp(-0.5 * c * c) / (2.0 * core::f64::consts::PI).sqrt();
        1.0 - density * (4.0 / c + (c - 1.0 / c) * reach)
    };
    let c = invert(inside, LEVEL, [2.0, 8.0]);
    libm::erfc(c * core::f64::consts::FRAC_1_SQRT_2)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::estimate::test_numbers::Numbers;

    /// Of 1000 uniform samples of 500, those wholly inside the band: 950 expected with a deviation of 7.
    #[test]
    fn the_band_holds_at_once() {
        let n = 500;
        let half = 0.5 * local_level(n);
        let bands: Vec<[f64; 2]> = (1..=n)
            .map(|rank| [half, 1.0 - half].map(|p| beta_quantile(p, rank as f64, (n + 1 - rank) as f64)))
            .collect();
        let inside = (0..1000)
            .filter(|seed| {
                let mut numbers = Numbers::new(*seed);
                let mut sample: Vec<f64> = (0..n).map(|_| numbers.uniform()).collect();
                sample.sort_unstable_by(f64::total_cmp);
                sample.iter().zip(&bands).all(|(u, band)| *u >= band[0] && *u <= band[1])
            })
            .count();
        assert!((908..=992).contains(&inside), "{inside}");
    }

    /// The quantiles of a beta law with large parameters, against the normal law.
    #[test]
    fn bands_of_large_samples() {
        let n = 1_000_000_usize;
        for rank in [1000, 300_000, 500_000] {
            let (a, b) = (rank as f64, (n + 1 - rank) as f64);
            let mean = a / (a + b);
            let deviation = (mean * (1.0 - mean) / (a + b + 1.0)).sqrt();
            let quantile = beta_quantile(0.975, a, b);
            let normal = mean + super::super::NORMAL_95 * deviation;
            assert!(((quantile - normal) / deviation).abs() < 0.05, "{rank}: {quantile} {normal}");
        }
    }
}
