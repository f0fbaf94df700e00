//! The symmetric stable law itself: tail and density, for building samplers.

use core::f64::consts::PI;

/// The law with `E exp(i w X) = exp(-|w|^alpha)`, `0.5 <= alpha <= 2`.
///
/// Away from the tail, `P(X > x)` is the inversion integral
///
/// ```text
/// 1/2 - (1/pi) Im int_0^inf exp(i x t - t^alpha) dt/t
/// ```
///
/// taken along the ray `t = s e^(i phi)`, on which both factors decay, after `s = exp(v - e^-v)` by
/// the trapezoidal rule, which then converges exponentially; the pole at 0 contributes `phi`. In the tail
/// (`x^-alpha < 1/400`) it is the series
/// `(1/pi) sum_k (-1)^(k+1) Gamma(alpha k)/k! sin(k pi alpha/2) x^(-alpha k)` (Bergström 1952). At
/// `alpha = 2` it is the error function. Absolute error about 1e-15, relative error in the tail 1e-14.
/// No function of the platform is called: the bits are the same everywhere.
pub(super) struct Law {
    alpha: f64,
    ray: f64,
    nodes: Vec<Node>,
    /// `Gamma(alpha k)/(k! pi)` and `(-1)^(k+1) sin(k pi alpha/2)` for k = 1, 2, ...
    series: Vec<[f64; 2]>,
}

/// What a point of the integration path keeps for every `x`.
struct Node {
    s: f64,
    decay: f64,
    turn: f64,
    /// `s^alpha cos(alpha phi)` and `s^alpha sin(alpha phi)`.
    damping: f64,
    phase: f64,
    weight: f64,
}

const STEP: f64 = 0.02;
const TAIL: f64 = 1.0 / 400.0;

impl Law {
    pub fn new(alpha: f64) -> Self {
        let ray = PI * (0.4 / alpha).min(0.45);
        let first = -5.0;
        let last = libm::log(130.0) / alpha + 1.0;
        let count = ((last - first) / STEP) as usize + 1;
        let nodes = (0..count)
            .map(|k| {
                let v = first + STEP * k as f64;
                let inner = libm::exp(-v);
                let s = libm::exp(v - inner);
                let power = libm::pow(s, alpha);
                Node {
                    s,
                    decay: s * libm::sin(ray),
                    turn: s * libm::cos(ray),
                    damping: power * libm::cos(alpha * ray),
                    phase: power * libm::sin(alpha * ray),
                    weight: STEP * (1.0 + inner) / PI,
                }
            })
            .collect();
        let mut factorial = 1.0;
        let series = (1..=20)
            .map(|k| {
                let k = f64::from(k);
                factorial *= k;
                let sign = if k % 2.0 == 1.0 { 1.0 } else { -1.0 };
                let size = libm::tgamma(alpha * k) / (factorial * PI);
                [size, sign * libm::sin(0.5 * PI * libm::fmod(k * alpha, 4.0))]
            })
            .collect();
        Self { alpha, ray, nodes, series }
    }

    /// `P(|X| > x)` and the density of `|X|` at `x >= 0`.
    pub fn tail(&self, x: f64) -> [f64; 2] {
        if self.alpha == 2.0 {
            return [libm::erfc(0.5 * x), libm::exp(-0.25 * x * x) / PI.sqrt()];
        }
        let power = libm::pow(x, -self.alpha);
        let [tail, density] = if power < TAIL { self.by_series(x, power) } else { self.by_quadrature(x) };
        [2.0 * tail, 2.0 * density]
    }

    fn by_series(&self, x: f64, power: f64) -> [f64; 2] {
        let (mut tail, mut density) = (0.0, 0.0);
        let mut factor = 1.0;
        let mut last = f64::INFINITY;
        for (k, [size, sine]) in (1..).zip(&self.series) {
            factor *= power;
            let size = size * factor;
            // An asymptotic series is cut before its terms grow.
            if size > last {
                break;
            }
            last = size;
            tail += size * sine;
            density += f64::from(k) * size * sine;
        }
        [tail, density * self.alpha / x]
    }

    fn by_quadrature(&self, x: f64) -> [f64; 2] {
        let (mut tail, mut density) = (0.0, 0.0);
        for node in &self.nodes {
            let exponent = x * node.decay + node.damping;
            if exponent > 45.0 {
                break;
            }
            let size = node.weight * libm::exp(-exponent);
            let angle = x * node.turn - node.phase;
            tail += size * libm::sin(angle);
            density += size * node.s * libm::cos(angle + self.ray);
        }
        [0.5 - self.ray / PI - tail, density]
    }

    /// The `x` with `P(|X| > x) = p`, `0 < p <= 1`, by Newton's method from a nearby quantile.
    pub fn quantile(&self, p: f64, near: f64) -> f64 {
        let mut x = near;
        for _ in 0..60 {
            let [tail, density] = self.tail(x);
            let next = if p > 0.5 {
                (x + (tail - p) / density).max(0.0)
            } else {
                // In logarithms a power tail is a straight line; a step is kept within a factor of two.
                let step = libm::log(tail / p) * tail / (density * x);
                x * libm::exp(step.clamp(-0.7, 0.7))
            };
            let moved = (next - x).abs();
            x = next;
            if moved <= 1e-14 * x + 1e-17 {
                break;
            }
        }
        x
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn closed_forms() {
        for x in [1e-6, 0.01, 0.3, 1.0, 3.0, 20.0, 300.0] {
            let cauchy = 2.0 / PI * libm::atan(1.0 / x);
            let [tail, density] = Law::new(1.0).tail(x);
            assert!((tail - cauchy).abs() < 1e-14, "{x}: {tail} {cauchy}");
            assert!((density / (2.0 / (PI * (1.0 + x * x))) - 1.0).abs() < 1e-11, "{x}: {density}");
        }
        // Near 2 the law is nearly that of variance 2.
        for x in [0.1, 1.0, 3.0] {
            let [tail, _] = Law::new(2.0 - 1e-12).tail(x);
            assert!((tail - libm::erfc(0.5 * x)).abs() < 1e-11, "{x}: {tail}");
        }
        // The series and the quadrature must meet.
        for alpha in [0.5, 0.7, 0.9, 1.0, 1.001, 1.3, 1.7, 1.95] {
            let law = Law::new(alpha);
            let x = libm::pow(TAIL, -1.0 / alpha);
            let series = law.by_series(x, TAIL);
            let quadrature = law.by_quadrature(x);
            assert!((series[0] - quadrature[0]).abs() < 2e-15, "{alpha}: {series:?} {quadrature:?}");
        }
    }

    #[test]
    fn known_probabilities() {
        // P(|X| < 1), as in the reference of independent samplers.
        for (alpha, inside) in [(1.5, 0.51268), (1.1, 0.50383), (1.9, 0.51897)] {
            assert!((1.0 - Law::new(alpha).tail(1.0)[0] - inside).abs() < 6e-6);
        }
    }
}
