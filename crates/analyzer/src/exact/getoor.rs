//! Exit of drift-free symmetric stable motion `epsilon L^alpha`, `0 < alpha < 2`, from an interval.
//!
//! Getoor (Trans. AMS 101, 1961) for the mean; Blumenthal, Getoor and Ray (Trans. AMS 99, 1961) for the
//! place. The place of exit does not depend on epsilon.

use std::f64::consts::PI;

use crate::exact::quadrature::Rule;
use crate::exact::special::incomplete_beta;
use crate::theory::levy::half_sine;

/// Terms of the spectral series of the second moment.
const TERMS: usize = 20_000;

/// Mean exit time of `(a, b)` from `x`:
/// `((x-a)(b-x))^(alpha/2) / (Gamma(1+alpha) epsilon^alpha)`. Infinite for an infinite end.
#[must_use]
pub fn mean(alpha: f64, epsilon: f64, x: f64, a: f64, b: f64) -> f64 {
    libm::pow((x - a) * (b - x), 0.5 * alpha) / (libm::tgamma(1.0 + alpha) * libm::pow(epsilon, alpha))
}

/// Second moment of the exit time, from `(-Delta)^(alpha/2) u_2 = 2 u_1` in the Jacobi polynomials
/// `P_n^(alpha/2, -1/2)(2x^2 - 1)` that diagonalise it (Dyda, Kuznetsov and Kwaśnicki 2017).
/// `None` where the series does not reach a relative accuracy of 1e-9 (alpha below about 0.2) or an end is infinite.
#[must_use]
pub fn second_moment(alpha: f64, epsilon: f64, x: f64, a: f64, b: f64) -> Option<f64> {
    let radius = 0.5 * (b - a);
    if !(radius.is_finite() && radius > 0.0) {
        return None;
    }
    let half = 0.5 * alpha;
    let place = (x - (a + radius)) / radius;
    let t = 2.0 * place * place - 1.0;
    // 2 u_1 = 2 K ((1-t)/2)^h, h = alpha/2, is expanded in the polynomials P_n, which are orthogonal
    // for the weight (1-t)^h (1+t)^(-1/2); dividing coefficient n (overlap over norm) by the eigenvalue
    // mu_n solves the equation. All three are ratios of gamma functions that advance by one with n, and
    // powers of 2 cancel.
    let norm_zero = libm::tgamma(half + 1.0) * libm::tgamma(0.5) / libm::tgamma(half + 1.5);
    let overlap_zero = libm::tgamma(alpha + 1.0) * libm::tgamma(0.5) / libm::tgamma(alpha + 1.5);
    let eigenvalue_zero =
        libm::pow(2.0, alpha) * libm::tgamma(1.0 + half) * libm::tgamma(0.5 + half) / libm::tgamma(0.5);
    let mut coefficient = 2.0 / libm::tgamma(1.0 + alpha) * overlap_zero / (norm_zero * eigenvalue_zero);
    let (mut previous, mut current) = (0.0, 1.0);
    let mut sum = 0.0;
    let mut last = 0.0;
    for n in 0..TERMS {
        last = coefficient * current;
        sum += last;
        let k = n as f64;
        // Overlap: (n - h)(n + 1/2) / ((n + 1)(n + 2h + 3/2)); norm:
        // (2n + h + 1/2)/(2n + h + 5/2) (n + h + 1)(n + 1/2) / ((n + 1)(n + h + 1/2)); eigenvalue:
        // (n + h + 1)(n + h + 1/2) / ((n + 1)(n + 1/2)).
        let overlap = (k - half) * (k + 0.5) / ((k + 1.0) * (k + alpha + 1.5));
        let norm = (2.0 * k + half + 0.5) / (2.0 * k + half + 2.5) * (k + half + 1.0) * (k + 0.5)
            / ((k + 1.0) * (k + half + 0.5));
        let eigenvalue = (k + half + 1.0) * (k + half + 0.5) / ((k + 1.0) * (k + 0.5));
        coefficient *= overlap / (norm * eigenvalue);
        let next = jacobi_step(k, half, -0.5, t, previous, current);
        (previous, current) = (current, next);
    }
    // Away from the ends the terms oscillate with a phase of order the angle of t.
    let oscillation = (1.0 - t).max(1e-9).sqrt();
    if !(sum > 0.0 && last.abs() / oscillation < 1e-9 * sum) {
        return None;
    }
    let shape = libm::pow((1.0 - place) * (1.0 + place), half);
    Some(shape * sum * libm::pow(radius / epsilon, 2.0 * alpha))
}

/// `P_{n+1}^(a,b)(t)` from the two before it.
fn jacobi_step(n: f64, a: f64, b: f64, t: f64, previous: f64, current: f64) -> f64 {
    if n == 0.0 {
        return 0.5 * (a - b + (a + b + 2.0) * t);
    }
    let m = n + 1.0;
    let c = 2.0 * m + a + b;
    let first = (c - 1.0) * (c * (c - 2.0) * t + (a - b) * (a + b));
    let second = 2.0 * (m + a - 1.0) * (m + b - 1.0) * c;
    (first * current - second * previous) / (2.0 * m * (m + a + b) * (c - 2.0))
}

/// Probability of leaving `(a, b)` on the right, `I_{(x-a)/(b-a)}(alpha/2, alpha/2)`; 1 or 0 with one
/// infinite end.
#[must_use]
pub fn right_probability(alpha: f64, x: f64, a: f64, b: f64) -> f64 {
    match (a.is_finite(), b.is_finite()) {
        (true, true) => {
            let half = 0.5 * alpha;
            incomplete_beta(half, half, (x - a) / (b - a), (b - x) / (b - a))
        }
        (false, true) => 1.0,
        (true, false) => 0.0,
        (false, false) => f64::NAN,
    }
}

/// Probability that the landing point `X_T` lies in `[lo, hi]`; absolute error below 1e-12.
#[must_use]
pub fn landing_probability(alpha: f64, x: f64, a: f64, b: f64, lo: f64, hi: f64) -> f64 {
    if lo > hi {
        return 0.0;
    }
    // The left side is the right side of the mirrored problem.
    let right = beyond(alpha, x, a, b, lo.max(b)) - beyond(alpha, x, a, b, hi.max(b));
    let left = beyond(alpha, -x, -b, -a, (-hi).max(-a)) - beyond(alpha, -x, -b, -a, (-lo).max(-a));
    (right + left).clamp(0.0, 1.0)
}

/// `P(X_T >= y)` for `y >= b`, from the density
/// `sin(pi alpha/2)/pi ((x-a)(b-x))^(alpha/2) ((y-a)(y-b))^(-alpha/2) / (y-x)`.
fn beyond(alpha: f64, x: f64, a: f64, b: f64, y: f64) -> f64 {
    if y == f64::INFINITY || b == f64::INFINITY {
        return 0.0;
    }
    let half = 0.5 * alpha;
    let distance = b - x;
    if y <= b {
        return right_probability(alpha, x, a, b);
    }
    if a == f64::NEG_INFINITY {
        // Half-line: leapover/(distance + leapover) has the law Beta(1 - alpha/2, alpha/2).
        let share = distance / (y - x);
        return incomplete_beta(half, 1.0 - half, share, (y - b) / (y - x));
    }
    // In s = log((y - b)/(b - a)) the integrand is analytic in the strip |Im s| < pi, whatever alpha
    // and x: panels of width one need few nodes. Beyond the last panel it is a pure power.
    const FAR: f64 = 40.0;
    let width = b - a;
    let gap = distance / width;
    let constant = half_sine(alpha) / PI * libm::pow((x - a) / width * gap, half);
    let first = libm::log((y - b) / width);
    let mut total = libm::exp(-alpha * first.max(FAR)) / alpha;
    if first < FAR {
        let rule = Rule::new();
        let panels = libm::ceil(FAR - first);
        let step = (FAR - first) / panels;
        for panel in 0..panels as usize {
            let middle = first + step * (panel as f64 + 0.5);
            for (node, weight) in rule.nodes.iter().zip(&rule.weights) {
                let u = libm::exp(middle + 0.5 * step * node);
                total += 0.5 * step * weight * u * libm::pow(u * (1.0 + u), -half) / (gap + u);
            }
        }
    }
    constant * total
}

#[cfg(test)]
#[allow(clippy::approx_constant, reason = "tables are compared as printed")]
mod tests {
    use super::*;

    #[test]
    fn moments_from_the_centre() {
        // Second moments: 2 int G(0, y) u_1(y) dy with the Green function of the interval, in 20 digits.
        for (alpha, first, second) in [
            (0.5, 1.128_379_167_1, 2.432_013_446_849_96),
            (0.8, 1.073_671_274_0, 2.124_064_012_931_94),
            (1.0, 1.0, 1.802_863_388_490_86),
            (1.2, 0.907_603_684_2, 1.456_274_989_566_86),
            (1.5, 0.752_252_778_1, 0.975_274_542_863_81),
            (1.8, 0.596_484_041_1, 0.600_282_736_545_90),
            (1.9, 0.547_239_018_1, 0.502_088_078_680_18),
        ] {
            assert!((mean(alpha, 1.0, 0.0, -1.0, 1.0) - first).abs() < 6e-11, "alpha = {alpha}");
            let computed = second_moment(alpha, 1.0, 0.0, -1.0, 1.0).unwrap();
            assert!((computed - second).abs() < 1e-10, "alpha = {alpha}: {computed}");
        }
    }

    #[test]
    fn second_moment_scales_and_tends_to_the_gaussian_one() {
        let (alpha, epsilon) = (1.3, 0.4);
        let unit = second_moment(alpha, 1.0, 0.2, -1.0, 1.0).unwrap();
        let scaled = second_moment(alpha, epsilon, 3.6, 0.0, 6.0).unwrap();
        assert!((scaled / (unit * libm::pow(3.0 / epsilon, 2.0 * alpha)) - 1.0).abs() < 1e-12);
        // sqrt(2) B from x: u_2 = (1-x^2)(5-x^2)/12.
        let x: f64 = 0.3;
        let gaussian = (1.0 - x * x) * (5.0 - x * x) / 12.0;
        let near = second_moment(2.0 - 1e-9, 1.0, x, -1.0, 1.0).unwrap();
        assert!((near - gaussian).abs() < 1e-8, "{near} {gaussian}");
    }

    #[test]
    fn side_is_that_of_the_table() {
        for (alpha, right) in [(0.5, 0.602_243), (0.8, 0.643_667), (1.5, 0.713_476), (1.8, 0.736_355)] {
            assert!((right_probability(alpha, 0.5, -1.0, 1.0) - right).abs() < 6e-7, "alpha = {alpha}");
        }
        assert!((right_probability(1.0, 0.5, -1.0, 1.0) - 2.0 / 3.0).abs() < 1e-14);
    }

    #[test]
    fn the_density_integrates_to_the_side_probability() {
        // Right to the edge, quadrature and incomplete beta must meet: the missing piece is known.
        for alpha in [0.1, 0.5, 1.0, 1.7, 1.99] {
            for x in [-0.999, -0.4, 0.0, 0.7, 0.999_9] {
                let delta: f64 = 1e-14;
                let half = 0.5 * alpha;
                let edge = half_sine(alpha) / PI
                    * libm::pow((1.0 + x) / 2.0 * (1.0 - x), half)
                    * libm::pow(delta, 1.0 - half)
                    / ((1.0 - half) * (1.0 - x));
                // The landing point that near is not a number beside 1: put the barrier at 0.
                let total = beyond(alpha, x - 1.0, -2.0, 0.0, delta) + edge;
                let expected = right_probability(alpha, x, -1.0, 1.0);
                assert!((total - expected).abs() < 1e-9, "{alpha} {x}: {total} {expected}");
            }
        }
    }

    #[test]
    fn whole_line_and_half_line() {
        let all = landing_probability(1.3, 0.4, -1.0, 2.0, f64::NEG_INFINITY, f64::INFINITY);
        assert!((all - 1.0).abs() < 1e-13);
        // A very distant left end is none.
        let near = landing_probability(1.2, 0.0, f64::NEG_INFINITY, 1.0, 1.5, 3.0);
        let far = landing_probability(1.2, 0.0, -1e14, 1.0, 1.5, 3.0);
        assert!((near - far).abs() < 1e-8, "{near} {far}");
        // alpha = 1: P(leapover > l) = (2/pi) arcsin sqrt(d/(d+l)).
        let leap = landing_probability(1.0, 0.0, f64::NEG_INFINITY, 1.0, 4.0, f64::INFINITY);
        assert!((leap - std::f64::consts::FRAC_2_PI * 0.5f64.asin()).abs() < 1e-13);
    }
}
