//! Exit of drift-free skewed stable motion `epsilon L`, `alpha != 1`, from a bounded interval.
//!
//! Rogozin's solution in the form of Profeta and Simon (arXiv 1501.03926), rescaled to the process with
//! `E exp(i w L_t) = exp(-t |w|^alpha (1 - i beta sgn(w) tan(pi alpha/2)))`. At `alpha = 1` a skewed
//! process is not self-similar and no formula is known.

use std::f64::consts::{FRAC_PI_2, PI};

use crate::exact::special::incomplete_beta;

/// Zolotarev's positivity parameter `rho = P(L_t > 0)`; `None` at `alpha = 1`, where it depends on t.
#[must_use]
pub fn positivity(alpha: f64, beta: f64) -> Option<f64> {
    if alpha == 1.0 || !(alpha > 0.0 && alpha <= 2.0) || !(-1.0..=1.0).contains(&beta) {
        return None;
    }
    // A totally skewed process of index below 1 moves one way only: the formula in exact arithmetic.
    if alpha < 1.0 && beta.abs() == 1.0 {
        return Some(0.5 * (1.0 + beta));
    }
    Some(0.5 + libm::atan(beta * libm::tan(FRAC_PI_2 * alpha)) / (PI * alpha))
}

/// Mean exit time of `(a, b)` from `x`:
/// `cos(pi alpha (rho - 1/2)) / (Gamma(1 + alpha) epsilon^alpha) (b-x)^(alpha rho) (x-a)^(alpha (1-rho))`.
#[must_use]
pub fn mean(alpha: f64, beta: f64, epsilon: f64, x: f64, a: f64, b: f64) -> Option<f64> {
    let rho = positivity(alpha, beta)?;
    let constant = libm::cos(PI * alpha * (rho - 0.5)) / libm::tgamma(1.0 + alpha);
    let shape = libm::pow(b - x, alpha * rho) * libm::pow(x - a, alpha * (1.0 - rho));
    Some(constant * shape * libm::pow(epsilon, -alpha)).filter(|mean| mean.is_finite())
}

/// Probability of leaving `(a, b)` on the right: `I_{(x-a)/(b-a)}(alpha (1-rho), alpha rho)`.
#[must_use]
pub fn right_probability(alpha: f64, beta: f64, x: f64, a: f64, b: f64) -> Option<f64> {
    let rho = positivity(alpha, beta)?;
    Some(match rho {
        1.0 => 1.0,
        0.0 => 0.0,
        _ => incomplete_beta(alpha * (1.0 - rho), alpha * rho, (x - a) / (b - a), (b - x) / (b - a)),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn published_values() {
        // E tau and P(right) of (-1, 1), from the formulas as evaluated elsewhere.
        for (alpha, beta, x, time, right) in [
            (1.5, 0.5, 0.0, 0.672_84, 0.375_51),
            (0.8, 0.5, 0.0, 0.585_04, 0.913_19),
            (1.5, 1.0, 0.0, 0.531_92, 0.292_89),
        ] {
            let mean = mean(alpha, beta, 1.0, x, -1.0, 1.0);
            assert!(mean.is_some_and(|mean| (mean - time).abs() < 6e-6), "{alpha} {beta}: {mean:?}");
            let side = right_probability(alpha, beta, x, -1.0, 1.0);
            assert!(side.is_some_and(|side| (side - right).abs() < 6e-6), "{alpha} {beta}: {side:?}");
        }
        let half = right_probability(1.5, 1.0, 0.5, -1.0, 1.0);
        assert!(half.is_some_and(|half| (half - 0.5).abs() < 1e-12), "{half:?}");
    }

    #[test]
    fn without_skewness_it_is_getoors_formula() {
        for alpha in [0.5, 1.3, 1.9] {
            let skewed = mean(alpha, 0.0, 0.7, 0.3, -1.0, 2.0);
            let symmetric = crate::exact::getoor::mean(alpha, 0.7, 0.3, -1.0, 2.0);
            assert!(skewed.is_some_and(|skewed| (skewed / symmetric - 1.0).abs() < 1e-13));
        }
    }
}
