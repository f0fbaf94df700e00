//! Estimates from paths: values, standard errors, intervals and the step correction, in one pass over the
//! paths and in memory that does not grow with their number.
//!
//! | file | what |
//! |---|---|
//! | [`moments`] | mean and covariance of rows of numbers, and functions of the mean by the delta method |
//! | [`paths`] | what a task asks of its paths: means, moments, probabilities, with the step correction |
//! | [`places`] | where paths are: the places of exits, the long-run density |
//! | [`rate`] | events over time at risk, with the exact interval |
//! | [`replicated`] | estimates from replicas of a method |
//! | [`sequential`] | how small a step and how many paths a relative error asks for |
//! | [`series`] | means of correlated series |
//! | [`survival`] | product limit, simultaneous bands and competing risks for right-censored times |
//! | [`tail`] | tail indices of samples: Hill, quantiles, characteristic function |
//! | [`wells`] | which well paths are in, and the rates of passages between wells |

pub mod moments;
pub mod paths;
pub mod places;
pub mod rate;
pub mod replicated;
pub mod sequential;
pub mod series;
pub mod survival;
pub mod tail;
pub mod wells;

#[cfg(test)]
pub(crate) mod test_numbers;

pub use moments::Moments;
pub use paths::{KEPT, PathStatistics, Property, Questions, SurvivalCurve};
pub use places::{DensityCell, ExitPlaces, PlaceDensity, density_edges};
pub use rate::{exponential_mean_interval, rate_interval};
pub use replicated::replicated_estimate;
pub use sequential::{Decision, Look, StepSearch, StoppingRule};
pub use series::{SeriesMean, effective_sample_size, series_mean};
pub use survival::{ProductLimit, band_critical_value};
pub use wells::{Deviation, PlaceStatistics, VisitStatistics};

use serde::{Deserialize, Serialize};

use crate::summary::BiasResult;

/// Share of the step correction that is added to the interval for what the correction leaves: the terms
/// of higher order in the step. Measured on the exact values of stable exits it is at most 0.25.
pub const CORRECTION_UNCERTAINTY: f64 = 0.25;

/// Two-sided 95 % quantile of the standard normal law.
pub(crate) const NORMAL_95: f64 = 1.959_963_984_540_054;

/// An estimate of one number.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Estimate {
    /// The estimate, step correction included.
    pub value: f64,
    /// Its standard error.
    pub std_error: f64,
    /// 95 % interval: statistical error and what the step correction may leave.
    pub ci95: [f64; 2],
    /// The step error of the uncorrected estimate.
    pub bias: Option<Bias>,
}

/// The measured step error of an estimate.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Bias {
    /// Uncorrected estimate minus the limit of step to 0.
    pub estimate: f64,
    /// Standard error of `estimate`.
    pub std_error: f64,
    /// Uncorrected estimate at step `h`.
    pub fine: f64,
    /// Uncorrected estimate at step `2 h`.
    pub coarse: f64,
    /// The order `p` that was used: bias ~ `h^p`.
    pub order: f64,
}

impl From<&Bias> for BiasResult {
    fn from(bias: &Bias) -> Self {
        Self {
            estimate: bias.estimate,
            std_error: bias.std_error,
            method: format!("same noise at step h and 2h, Richardson with order {:.4}", bias.order),
            fine: bias.fine,
            coarse: bias.coarse,
        }
    }
}

impl Estimate {
    /// Puts the values at the fine and at the coarse step together by Richardson's rule:
    /// `bias(h) = C h^p` gives `fine - coarse = C h^p (1 - 2^p)`. `error(u, v)` is the standard error of
    /// `u fine + v coarse`.
    fn combine(order: f64, fine: f64, coarse: Option<f64>, error: impl Fn(f64, f64) -> f64) -> Self {
        let (value, std_error, bias) = match coarse {
            None => (fine, error(1.0, 0.0), None),
            Some(coarse) => {
                let weight = 1.0 / (libm::exp2(order) - 1.0);
                let difference = fine - coarse;
                let bias = Bias {
                    estimate: -weight * difference,
                    std_error: weight * error(1.0, -1.0),
                    fine,
                    coarse,
                    order,
                };
                (fine + weight * difference, error(1.0 + weight, -weight), Some(bias))
            }
        };
        let remainder = bias.as_ref().map_or(0.0, |bias| CORRECTION_UNCERTAINTY * bias.estimate.abs());
        let half = libm::hypot(NORMAL_95 * std_error, remainder);
        Self { value, std_error, ci95: [value - half, value + half], bias }
    }

    /// The error that the interval stands for, as a share of the value: the root of the squares of the
    /// standard error and of what the step correction may leave (at two standard errors).
    #[must_use]
    pub fn relative_error(&self) -> f64 {
        libm::hypot(self.std_error, self.remainder()) / self.value.abs()
    }

    /// What the step correction may leave, as a standard error.
    fn remainder(&self) -> f64 {
        self.bias.as_ref().map_or(0.0, |bias| CORRECTION_UNCERTAINTY * bias.estimate.abs() / NORMAL_95)
    }

    /// What the step correction adds to the half-width of an interval of the uncorrected estimate: its own
    /// statistical error and what it may leave.
    fn correction_half_width(&self) -> f64 {
        self.bias.as_ref().map_or(0.0, |bias| {
            libm::hypot(NORMAL_95 * bias.std_error, CORRECTION_UNCERTAINTY * bias.estimate)
        })
    }
}

/// The weak order of a grid-monitored exit: 1 for continuous noise (whose crossings within a step are
/// tested), `min(1, 1/alpha)` for jumps, where what happens within a step is not seen.
#[must_use]
pub fn weak_order(alpha: f64, continuous: bool) -> f64 {
    if continuous { 1.0 } else { (1.0 / alpha).min(1.0) }
}

/// The point of `[lo, hi]` at which an increasing function takes the value `p`, by bisection.
pub(crate) fn invert(f: impl Fn(f64) -> f64, p: f64, [mut lo, mut hi]: [f64; 2]) -> f64 {
    for _ in 0..100 {
        let middle = 0.5 * (lo + hi);
        if f(middle) < p { lo = middle } else { hi = middle }
    }
    0.5 * (lo + hi)
}
