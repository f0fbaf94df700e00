//! Regression of the empirical characteristic function (Koutrouvelis 1980, on the fixed grid of Kogon and Williams
//! 1998).
//!
//! For a stable law in S0, `-ln|phi(u)| = (scale u)^alpha` and
//! `arg phi(u) = location u + beta tan(pi alpha/2) ((scale u)^alpha - scale u)`. The sample is brought to median 0 and
//! half an interquartile range 1, then to the location and scale that this gives. There
//! `ln(-ln|phi(t)|)` is regressed on `ln t` and `arg phi(t)` on its two functions at `t = 0.1, 0.2, ..., 1`, by
//! ordinary least squares.
//!
//! Standard errors are by the delta method from the covariance of the cosine and sine means, which follows
//! from the empirical characteristic function at the sums and differences of the grid's points. To first order the
//! standardisation does not enter: under a stable law the regression is exact for each.

use core::f64::consts::FRAC_PI_2;

use nalgebra::{DMatrix, DVector, Matrix2};
use serde::{Deserialize, Serialize};

use super::{Estimated, Estimator, Sample, TailError, TailEstimate};
use crate::estimate::NORMAL_95;

/// Points of the regression, and their spacing after standardisation.
const POINTS: usize = 10;
const SPACING: f64 = 0.1;
/// Multiples of the spacing at which the function is drawn.
const DRAWN: usize = 20;
/// Multiples whose means are taken: sums of two that are drawn.
const MULTIPLES: usize = 2 * DRAWN;
/// Standard errors that `|phi|` must be above 0 to be drawn: below, its logarithm is noise.
const SEEN: f64 = 3.0;

/// The modulus of the empirical characteristic function at a point.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct EcfPoint {
    /// The argument, in units of 1 over those of the sample.
    pub u: f64,
    /// `-ln|phi(u)|`.
    pub minus_log: f64,
    /// Its 95 % interval.
    pub ci95: [f64; 2],
    /// Whether it is one of the points of the regression.
    pub fitted: bool,
}

/// Means of `cos(k s y)` and `sin(k s y)` for `k = 0, 1, ...`, with `y = (x - location)/scale` and `s` the spacing.
struct Means {
    cosine: [f64; MULTIPLES + 1],
    sine: [f64; MULTIPLES + 1],
    n: f64,
}

impl Means {
    fn new(values: &[f64], location: f64, scale: f64) -> Self {
        let mut cosine = [0.0; MULTIPLES + 1];
        let mut sine = [0.0; MULTIPLES + 1];
        for x in values {
            let (s, c) = libm::sincos(SPACING * ((x - location) / scale));
            let (mut real, mut imaginary) = (1.0, 0.0);
            for (cosine, sine) in cosine.iter_mut().zip(&mut sine) {
                *cosine += real;
                *sine += imaginary;
                (real, imaginary) = (real * c - imaginary * s, real * s + imaginary * c);
            }
        }
        let n = values.len() as f64;
        Self { cosine: cosine.map(|sum| sum / n), sine: sine.map(|sum| sum / n), n }
    }

    /// Mean of `sin(k s y)`, `k` of either sign.
    fn odd(&self, k: isize) -> f64 {
        let value = self.sine[k.unsigned_abs()];
        if k < 0 { -value } else { value }
    }

    /// Covariances of `cos(j s y)` and `sin(j s y)` with `cos(k s y)` and `sin(k s y)`.
    fn covariance(&self, j: usize, k: usize) -> [[f64; 2]; 2] {
        let (c, s) = (&self.cosine, &self.sine);
        let (difference, sum) = (j.abs_diff(k), j + k);
        let signed = k as isize - j as isize;
        [
            [0.5 * (c[difference] + c[sum]) - c[j] * c[k], 0.5 * (s[sum] + self.odd(signed)) - c[j] * s[k]],
            [0.5 * (s[sum] - self.odd(signed)) - s[j] * c[k], 0.5 * (c[difference] - c[sum]) - s[j] * s[k]],
        ]
    }

    fn modulus_squared(&self, k: usize) -> f64 {
        self.cosine[k] * self.cosine[k] + self.sine[k] * self.sine[k]
    }

    /// Variance of `ln|phi(k s)|`.
    fn log_variance(&self, k: usize) -> f64 {
        let [[cc, cs], [_, ss]] = self.covariance(k, k);
        let (c, s) = (self.cosine[k], self.sine[k]);
        let square = self.modulus_squared(k);
        (c * c * cc + 2.0 * c * s * cs + s * s * ss).max(0.0) / (square * square * self.n)
    }
}

/// The four parameters for the standardised sample, with their covariance.
struct Fit {
    /// `alpha`, `scale`, `location`, `beta`.
    value: [f64; 4],
    covariance: DMatrix<f64>,
}

/// `tan(pi alpha/2) ((scale t)^alpha - scale t)`, which goes on through `alpha = 1`.
fn skew(alpha: f64, scale: f64, t: f64) -> f64 {
    let u = scale * t;
    let excess = alpha - 1.0;
    // tan(pi alpha/2) = -1/tan(pi excess/2), and u^alpha - u = u expm1(excess ln u).
    let ratio = if excess == 0.0 {
        libm::log(u) / FRAC_PI_2
    } else {
        libm::expm1(excess * libm::log(u)) / libm::tan(FRAC_PI_2 * excess)
    };
    -u * ratio
}

impl Fit {
    /// The regressions; without skewness if that is not asked for.
    fn new(means: &Means, skewed: bool) -> Option<Self> {
        let t: Vec<f64> = (1..=POINTS).map(|j| SPACING * j as f64).collect();
        let w: Vec<f64> = t.iter().map(|t| libm::log(*t)).collect();
        let count = POINTS as f64;
        let middle = w.iter().sum::<f64>() / count;
        let spread: f64 = w.iter().map(|w| (w - middle) * (w - middle)).sum();
        let decay: Vec<f64> = (1..=POINTS).map(|j| -0.5 * libm::log(means.modulus_squared(j))).collect();
        if decay.iter().any(|decay| !(decay.is_finite() && *decay > 0.0)) {
            return None;
        }
        let y: Vec<f64> = decay.iter().map(|decay| libm::log(*decay)).collect();
        let alpha: f64 = w.iter().zip(&y).map(|(w, y)| (w - middle) * y).sum::<f64>() / spread;
        let intercept = y.iter().sum::<f64>() / count - alpha * middle;
        let scale = libm::exp(intercept / alpha);
        if !(alpha > 0.0 && scale > 0.0 && scale.is_finite()) {
            return None;
        }
        // Rows of the gradient: by the means of cos and sin at each point.
        let mut gradient = DMatrix::<f64>::zeros(4, 2 * POINTS);
        let mut turn = DMatrix::<f64>::zeros(POINTS, 2 * POINTS);
        let mut angle = DVector::<f64>::zeros(POINTS);
        let mut last = 0.0;
        for (j, (w, decay)) in w.iter().zip(&decay).enumerate() {
            let (c, s) = (means.cosine[j + 1], means.sine[j + 1]);
            let square = means.modulus_squared(j + 1);
            let slope = (w - middle) / spread;
            let level = 1.0 / count - middle * slope;
            for (part, derivative) in [c, s].into_iter().enumerate() {
                let dy = -derivative / (square * decay);
                gradient[(0, 2 * j + part)] = slope * dy;
                gradient[(1, 2 * j + part)] = scale * (level - intercept * slope / alpha) / alpha * dy;
            }
            turn[(j, 2 * j)] = -s / square;
            turn[(j, 2 * j + 1)] = c / square;
            // The angle goes on from that of the point before.
            let raw = libm::atan2(s, c);
            let turns = libm::round((last - raw) / core::f64::consts::TAU);
            last = raw + turns * core::f64::consts::TAU;
            angle[j] = last;
        }
        let functions = DMatrix::from_fn(POINTS, 2, |j, k| match k {
            0 => t[j],
            _ if skewed => skew(alpha, scale, t[j]),
            _ => 0.0,
        });
        let solve = if skewed {
            let square: Matrix2<f64> = Matrix2::from_fn(|a, b| functions.column(a).dot(&functions.column(b)));
            square.try_inverse()? * functions.transpose()
        } else {
            let squares: f64 = t.iter().map(|t| t * t).sum();
            let inverse = Matrix2::new(1.0 / squares, 0.0, 0.0, 0.0);
            inverse * functions.transpose()
        };
        let fitted = &solve * &angle;
        let beta = fitted[1];
        // The functions of the second regression depend on what the first one found.
        let difference = |shift: f64, by_alpha: bool| {
            DVector::from_fn(POINTS, |j, _| {
                let at = |sign: f64| {
                    let step = sign * shift;
                    let (alpha, scale) = if by_alpha { (alpha + step, scale) } else { (alpha, scale + step) };
                    skew(alpha, scale, t[j])
                };
                (at(1.0) - at(-1.0)) / (2.0 * shift)
            })
        };
        let mut moved = turn;
        if skewed {
            let (by_alpha, by_scale) = (difference(1e-5, true), difference(1e-5 * scale, false));
            for j in 0..POINTS {
                for column in 0..2 * POINTS {
                    moved[(j, column)] -=
                        beta * (by_alpha[j] * gradient[(0, column)] + by_scale[j] * gradient[(1, column)]);
                }
            }
        }
        let second = &solve * &moved;
        for row in 0..2 {
            for column in 0..2 * POINTS {
                gradient[(2 + row, column)] = second[(row, column)];
            }
        }
        let sampled = DMatrix::from_fn(2 * POINTS, 2 * POINTS, |a, b| {
            means.covariance(a / 2 + 1, b / 2 + 1)[a % 2][b % 2]
        });
        let covariance = &gradient * sampled * gradient.transpose() / means.n;
        Some(Self { value: [alpha, scale, fitted[0], beta], covariance })
    }

    fn std_error(&self, parameter: usize) -> f64 {
        self.covariance[(parameter, parameter)].max(0.0).sqrt()
    }
}

/// The standardisation of the final regression.
fn standards(sample: &Sample) -> Option<[f64; 2]> {
    let location = sample.median();
    let scale = 0.5 * (sample.quantile(0.75) - sample.quantile(0.25));
    let first = Fit::new(&Means::new(sample.values(), location, scale), true)?;
    let [_, width, shift, _] = first.value;
    let [location, scale] = [location + scale * shift, scale * width];
    (location.is_finite() && scale > 0.0 && scale.is_finite()).then_some([location, scale])
}

/// The estimate.
///
/// # Errors
/// [`TailError::NotApplicable`] where the modulus of the empirical characteristic function is no function like that
/// of a stable law.
pub fn estimate(sample: &Sample) -> Result<TailEstimate, TailError> {
    let none = || {
        TailError::NotApplicable(
            "the modulus of the empirical characteristic function does not fall like that of a stable law"
                .to_owned(),
        )
    };
    let [location, scale] = standards(sample).ok_or_else(none)?;
    let means = Means::new(sample.values(), location, scale);
    let fit = Fit::new(&means, true).filter(|fit| fit.value[0] < 2.0 && fit.std_error(3) < 1.0);
    let skewed = fit.is_some();
    let fit = match fit {
        Some(fit) => fit,
        None => Fit::new(&means, false).ok_or_else(none)?,
    };
    let parameter = |k: usize| Estimated::new(fit.value[k], fit.std_error(k));
    let in_units =
        |k: usize, shift: f64| Estimated::new(shift + scale * fit.value[k], scale * fit.std_error(k));
    let settings =
        format!("regression at {POINTS} points u = {:.4e} to {:.4e}", SPACING / scale, 1.0 / scale);
    let mut estimate = TailEstimate::new(Estimator::Ecf, parameter(0), settings);
    estimate.scale = Some(in_units(1, 0.0));
    estimate.location = Some(in_units(2, location));
    estimate.beta = skewed.then(|| parameter(3));
    if !skewed {
        estimate.remarks.push("so near to alpha = 2 the sample does not determine the skewness".to_owned());
    }
    if estimate.alpha > 2.0 {
        estimate.remarks.push("the estimate is above 2: no stable law has such an index".to_owned());
    }
    if let Some(beta) = estimate.beta.filter(|beta| beta.value.abs() > 1.0) {
        estimate.remarks.push(format!(
            "the skewness {:.3} is beyond 1: the fitted law is drawn with {}",
            beta.value,
            beta.value.signum()
        ));
    }
    Ok(estimate)
}

/// The empirical characteristic function at the points of the regression and as many beyond, as far as it stands out
/// of the noise. Empty where there is no estimate.
#[must_use]
pub fn points(sample: &Sample) -> Vec<EcfPoint> {
    let Some([location, scale]) = standards(sample) else { return Vec::new() };
    let means = Means::new(sample.values(), location, scale);
    (1..=DRAWN)
        .map_while(|k| {
            let minus_log = -0.5 * libm::log(means.modulus_squared(k));
            let error = means.log_variance(k).sqrt();
            // The relative error of |phi| is that of its logarithm.
            let seen = minus_log.is_finite() && SEEN * error < 1.0;
            seen.then(|| EcfPoint {
                u: SPACING * k as f64 / scale,
                minus_log,
                ci95: [minus_log - NORMAL_95 * error, minus_log + NORMAL_95 * error],
                fitted: k <= POINTS,
            })
        })
        .collect()
}
