//! Tail indices of samples.
//!
//! | file | what |
//! |---|---|
//! | [`hill`] | Hill's estimator with its plot, the number of order statistics chosen by the distance of Kolmogorov and Smirnov |
//! | [`ecf`] | regression of the empirical characteristic function (Koutrouvelis; Kogon and Williams) |
//! | [`mcculloch`] | ratios of quantiles |
//! | [`law`] | distribution functions of stable laws |
//! | [`exceedance`] | the empirical tail against the fitted law, with a simultaneous band |
//!
//! [`TailIndex::new`] applies every [`Estimator`] to a [`Sample`] and says what speaks against the sample being
//! stable at all. The estimators take the values to be independent with one law.

pub mod ecf;
pub mod exceedance;
pub mod hill;
pub mod law;
pub mod mcculloch;

#[cfg(test)]
mod tests;

pub use ecf::EcfPoint;
pub use exceedance::TailPoint;
pub use hill::HillPoint;
pub use law::StableLaw;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::NORMAL_95;

/// The fewest values of a sample.
pub const FEWEST: usize = 100;
/// Share of values that are exactly 0 from which it is remarked upon.
const ZEROS: f64 = 1e-3;
/// Distances of the quartiles whose squares are floating-point numbers, as variances have to be.
const SMALLEST: f64 = 1e-150;
const LARGEST: f64 = 1e150;
/// Standard errors by which two estimators differ before it is remarked upon.
const DISAGREEMENT: f64 = 4.0;

/// Why a tail index cannot be estimated.
#[derive(Debug, Clone, PartialEq, Error)]
#[non_exhaustive]
pub enum TailError {
    /// The sample is too small.
    #[error("the sample has {n} values; a tail index asks for {FEWEST} at least")]
    TooFew {
        /// Values given.
        n: usize,
    },
    /// A value is NaN or infinite.
    #[error("value {number} of the sample is {value}, not a finite number")]
    NotFinite {
        /// Which, from 1.
        number: usize,
        /// What it is.
        value: f64,
    },
    /// Half of the sample, or more, is one and the same value.
    #[error("the lower and the upper quartile of the sample are both {quartile}: it has no scale")]
    NoScale {
        /// The quartile.
        quartile: f64,
    },
    /// Differences of values, or squares of the scale, are beyond the floating-point numbers.
    #[error(
        "the sample reaches {largest:e} from its median and its quartiles are {width:e} apart: too large or too small to \
         be reckoned with; choose another unit"
    )]
    OutOfRange {
        /// The largest distance from the median.
        largest: f64,
        /// The distance of the quartiles.
        width: f64,
    },
    /// No law has these parameters.
    #[error("no stable law has alpha = {alpha}, beta = {beta}, scale = {scale}, location = {location}")]
    Law {
        /// Tail index.
        alpha: f64,
        /// Skewness.
        beta: f64,
        /// Scale.
        scale: f64,
        /// Location.
        location: f64,
    },
    /// The estimator does not apply to this sample.
    #[error("{0}")]
    NotApplicable(String),
}

/// A sample, sorted, with the distances of its values from their median.
#[derive(Debug, Clone)]
pub struct Sample {
    /// Ascending.
    values: Vec<f64>,
    median: f64,
    /// `|x - median|`, descending.
    distances: Vec<f64>,
}

impl Sample {
    /// Sorts a sample.
    ///
    /// # Errors
    /// [`TailError::NotFinite`], [`TailError::TooFew`], [`TailError::NoScale`], [`TailError::OutOfRange`].
    pub fn new(mut values: Vec<f64>) -> Result<Self, TailError> {
        if let Some(index) = values.iter().position(|x| !x.is_finite()) {
            return Err(TailError::NotFinite { number: index + 1, value: values[index] });
        }
        if values.len() < FEWEST {
            return Err(TailError::TooFew { n: values.len() });
        }
        values.sort_unstable_by(f64::total_cmp);
        let mut sample = Self { values, median: 0.0, distances: Vec::new() };
        sample.median = sample.quantile(0.5);
        let [lower, upper] = [sample.quantile(0.25), sample.quantile(0.75)];
        if upper <= lower {
            return Err(TailError::NoScale { quartile: lower });
        }
        sample.distances = sample.values.iter().map(|x| (x - sample.median).abs()).collect();
        sample.distances.sort_unstable_by(|a, b| b.total_cmp(a));
        let [largest, width] = [sample.distances[0], upper - lower];
        if !(largest.is_finite() && (SMALLEST..LARGEST).contains(&width)) {
            return Err(TailError::OutOfRange { largest, width });
        }
        Ok(sample)
    }

    /// Number of values.
    #[must_use]
    pub fn n(&self) -> usize {
        self.values.len()
    }

    /// The values, ascending.
    #[must_use]
    pub fn values(&self) -> &[f64] {
        &self.values
    }

    /// The median.
    #[must_use]
    pub fn median(&self) -> f64 {
        self.median
    }

    /// `|x - median|`, descending.
    #[must_use]
    pub fn distances(&self) -> &[f64] {
        &self.distances
    }

    /// The quantile of `p` in (0, 1): linear between the values at the probabilities `(i - 1/2)/n`.
    #[must_use]
    pub fn quantile(&self, p: f64) -> f64 {
        let place = (p * self.n() as f64 - 0.5).clamp(0.0, (self.n() - 1) as f64);
        let below = place.floor() as usize;
        let above = (below + 1).min(self.n() - 1);
        let share = place - below as f64;
        self.values[below] * (1.0 - share) + self.values[above] * share
    }
}

/// A way to estimate a tail index.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Estimator {
    /// [`ecf`].
    Ecf,
    /// [`mcculloch`].
    Mcculloch,
    /// [`hill`].
    Hill,
}

impl Estimator {
    /// All of them, those for stable laws first.
    pub const ALL: [Self; 3] = [Self::Ecf, Self::Mcculloch, Self::Hill];

    /// The name in results.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Ecf => "ecf",
            Self::Mcculloch => "mcculloch",
            Self::Hill => "hill",
        }
    }

    /// What it is called in a figure.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            Self::Ecf => "characteristic function",
            Self::Mcculloch => "quantiles",
            Self::Hill => "Hill",
        }
    }

    /// The estimate from a sample.
    ///
    /// # Errors
    /// [`TailError::NotApplicable`] where the sample is outside of what the estimator is made for.
    pub fn estimate(self, sample: &Sample) -> Result<TailEstimate, TailError> {
        match self {
            Self::Ecf => ecf::estimate(sample),
            Self::Mcculloch => mcculloch::estimate(sample),
            Self::Hill => hill::estimate(sample),
        }
    }
}

/// An estimated number.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Estimated {
    /// The estimate.
    pub value: f64,
    /// Its standard error.
    pub std_error: f64,
    /// 95 % interval.
    pub ci95: [f64; 2],
}

impl Estimated {
    /// With the interval of the normal law.
    #[must_use]
    pub fn new(value: f64, std_error: f64) -> Self {
        let half = NORMAL_95 * std_error;
        Self { value, std_error, ci95: [value - half, value + half] }
    }

    /// From the variance of the estimate.
    fn with_variance(value: f64, variance: f64) -> Self {
        Self::new(value, variance.max(0.0).sqrt())
    }
}

/// What an estimator makes of a sample.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TailEstimate {
    /// Which estimator.
    pub estimator: Estimator,
    /// The tail index; above 2 where that is what comes out.
    pub alpha: f64,
    /// Its standard error.
    pub std_error: f64,
    /// Its 95 % interval.
    pub ci95: [f64; 2],
    /// Skewness (S0 and S1), of estimators of whole stable laws, where the sample determines it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub beta: Option<Estimated>,
    /// Scale of the stable law, in the units of the sample.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scale: Option<Estimated>,
    /// Location of the stable law in S0, in the units of the sample.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub location: Option<Estimated>,
    /// Order statistics used, of Hill's estimator.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub k: Option<usize>,
    /// What was chosen, in words.
    pub settings: String,
    /// What to know before the number is believed.
    pub remarks: Vec<String>,
}

impl TailEstimate {
    fn new(estimator: Estimator, alpha: Estimated, settings: String) -> Self {
        let Estimated { value, std_error, ci95 } = alpha;
        Self {
            estimator,
            alpha: value,
            std_error,
            ci95,
            beta: None,
            scale: None,
            location: None,
            k: None,
            settings,
            remarks: Vec::new(),
        }
    }

    /// The stable law that was estimated, `None` where the estimator gives none. Parameters outside their
    /// range are taken at its end.
    #[must_use]
    pub fn law(&self) -> Option<StableLaw> {
        let beta = self.beta.map_or(0.0, |beta| beta.value.clamp(-1.0, 1.0));
        StableLaw::new(self.alpha.min(2.0), beta, self.scale?.value, self.location?.value).ok()
    }
}

/// An estimator that a sample is not for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct NotEstimated {
    /// Which estimator.
    pub estimator: Estimator,
    /// Why not.
    pub reason: String,
}

/// Everything about the tail index of a sample.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TailIndex {
    /// Number of values.
    pub n: usize,
    /// Their median.
    pub median: f64,
    /// How many are exactly 0.
    pub zeros: usize,
    /// One entry an estimator that applies.
    pub estimators: Vec<TailEstimate>,
    /// The others.
    pub not_estimated: Vec<NotEstimated>,
    /// What speaks against the sample being stable, in sentences; empty where nothing does.
    pub diagnosis: Vec<String>,
    /// Hill's estimate over the number of order statistics.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub hill_plot: Vec<HillPoint>,
    /// The empirical characteristic function.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ecf: Vec<EcfPoint>,
    /// The empirical tail beside that of the fitted stable law.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tail: Vec<TailPoint>,
}

impl TailIndex {
    /// Applies every estimator.
    ///
    /// ```
    /// use levyscape_analyzer::estimate::tail::{Estimator, Sample, TailIndex};
    ///
    /// // The quantiles of a Cauchy law in place of a sample.
    /// let quantile = |i: u32| (std::f64::consts::PI * ((f64::from(i) + 0.5) / 2000.0 - 0.5)).tan();
    /// let index = TailIndex::new(&Sample::new((0..2000).map(quantile).collect())?);
    /// let ecf = index.estimate(Estimator::Ecf).ok_or("no estimate")?;
    /// assert!((ecf.alpha - 1.0).abs() < 0.01);
    /// assert!(ecf.std_error < 0.05);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn new(sample: &Sample) -> Self {
        let mut index = Self {
            n: sample.n(),
            median: sample.median(),
            zeros: sample.values().iter().filter(|x| **x == 0.0).count(),
            estimators: Vec::new(),
            not_estimated: Vec::new(),
            diagnosis: Vec::new(),
            hill_plot: hill::plot(sample),
            ecf: ecf::points(sample),
            tail: Vec::new(),
        };
        for estimator in Estimator::ALL {
            match estimator.estimate(sample) {
                Ok(estimate) => index.estimators.push(estimate),
                Err(error) => {
                    index.not_estimated.push(NotEstimated { estimator, reason: error.to_string() });
                }
            }
        }
        index.tail = exceedance::points(sample, index.fitted().and_then(TailEstimate::law).as_ref());
        index.diagnosis = diagnosis(&index);
        index
    }

    /// The estimate of one estimator.
    #[must_use]
    pub fn estimate(&self, estimator: Estimator) -> Option<&TailEstimate> {
        self.estimators.iter().find(|estimate| estimate.estimator == estimator)
    }

    /// The estimate whose stable law the tail is compared with: the first that gives a law.
    #[must_use]
    pub fn fitted(&self) -> Option<&TailEstimate> {
        self.estimators.iter().find(|estimate| estimate.scale.is_some())
    }
}

/// What speaks against a stable law.
fn diagnosis(index: &TailIndex) -> Vec<String> {
    let mut found = Vec::new();
    let share = index.zeros as f64 / index.n as f64;
    if share > ZEROS {
        found.push(format!(
            "{:.2} % of the values are exactly 0: a stable law has none of them",
            100.0 * share
        ));
    }
    let outside = index.tail.iter().filter(|point| point.is_outside() == Some(true)).count();
    if outside > 0 {
        let words = index.fitted().map_or("", |fit| fit.estimator.name());
        found.push(format!(
            "the tail of |x - median| leaves the 95 % band of the fitted stable law ({words}) at {outside} of {} \
             order statistics: the sample is not from a stable law, or is not independent",
            index.tail.len()
        ));
    }
    // Of whole stable laws: Hill's standard error does not know its bias.
    let laws: Vec<&TailEstimate> = index.estimators.iter().filter(|one| one.scale.is_some()).collect();
    for (k, one) in laws.iter().enumerate() {
        for other in &laws[k + 1..] {
            let apart = (one.alpha - other.alpha).abs() / libm::hypot(one.std_error, other.std_error);
            if apart > DISAGREEMENT {
                found.push(format!(
                    "the estimators {} and {} are {apart:.1} standard errors apart: no stable law agrees with both",
                    one.estimator.name(),
                    other.estimator.name()
                ));
            }
        }
    }
    found
}
