//! Jump rates of a stable walk on the integers.

use crate::exact::grid::GridError;
use crate::exact::skewed::positivity;
use crate::theory::levy::tail_constant;

/// The walk with the symbol `-(1 - z)^p (1 - 1/z)^q / cos(pi (p - q)/2)`, `z = exp(i w)`, of the strictly
/// stable law: `p = alpha rho`, `q = alpha (1 - rho)` with the positivity `rho`.
///
/// At `p = q` it is `-|2 sin(w/2)|^alpha`. All rates are at least 0 because `p, q <= 1`. Both factors of
/// the symbol have explicit inverses, so the harmonic functions of the half-line are known: those next to
/// a left end grow as `Gamma(m + q)/Gamma(m)`, `m = 1, 2, ...`, which is `(m - (1-q)/2)^q` up to a
/// relative `O(m^-2)`, and those next to a right end likewise with `p`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Weights {
    alpha: f64,
    /// Exponent of jumps to the right.
    pub(super) p: f64,
    /// Exponent of jumps to the left.
    pub(super) q: f64,
    constant: f64,
    /// `c_+` and `c_-` of the Lévy measure at scale 1.
    pub(super) tails: [f64; 2],
}

impl Weights {
    pub(super) fn new(alpha: f64, beta: f64) -> Result<Self, GridError> {
        if !(alpha > 0.0 && alpha <= 2.0 && (-1.0..=1.0).contains(&beta)) {
            return Err(GridError::Operator { what: "needs 0 < alpha <= 2 and -1 <= beta <= 1" });
        }
        let rho = if beta == 0.0 || alpha == 2.0 {
            0.5
        } else {
            let what = "skewed jumps of index 1 are not strictly stable";
            positivity(alpha, beta).ok_or(GridError::Operator { what })?
        };
        let (p, q) = (alpha * rho, alpha * (1.0 - rho));
        let constant = libm::tgamma(1.0 + alpha)
            / (libm::tgamma(1.0 + p)
                * libm::tgamma(1.0 + q)
                * libm::cos(0.5 * std::f64::consts::PI * (p - q)));
        let tail = tail_constant(alpha);
        Ok(Self { alpha, p, q, constant, tails: [(1.0 + beta) * tail, (1.0 - beta) * tail] })
    }

    /// The total rate `w_0` of all jumps and the rates `w_1, ..., w_n` of jumps by that many cells to the
    /// right and to the left, at cell size 1.
    pub(super) fn rates(&self, n: usize) -> Rates {
        let side = |ahead: f64, behind: f64| {
            let mut rates = Vec::with_capacity(n + 1);
            rates.push(self.constant);
            let mut last = self.constant * ahead / (1.0 + behind);
            for k in 1..=n {
                rates.push(last);
                let k = k as f64;
                last *= (k - ahead) / (k + 1.0 + behind);
            }
            rates
        };
        Rates { right: side(self.p, self.q), left: side(self.q, self.p) }
    }

    /// The rate of jumps by `k` cells or more to the right, from the rate `w_k`:
    /// `sum_{j >= k} w_j = w_k (k + q)/alpha`.
    pub(super) fn right_tail(&self, k: usize, rate: f64) -> f64 {
        rate * (k as f64 + self.q) / self.alpha
    }

    /// Likewise to the left: `w_{-k} (k + p)/alpha`.
    pub(super) fn left_tail(&self, k: usize, rate: f64) -> f64 {
        rate * (k as f64 + self.p) / self.alpha
    }

    /// Row `j` of the walk approximates the generator at `x_j + shift h` to second order.
    pub(super) fn shift(&self) -> f64 {
        0.5 * (self.p - self.q)
    }
}

/// Rates by distance; entry 0 is the total rate.
#[derive(Debug, Clone)]
pub(super) struct Rates {
    pub(super) right: Vec<f64>,
    pub(super) left: Vec<f64>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_are_positive_and_add_up() {
        for (alpha, beta) in [(0.3, 0.0), (0.7, 1.0), (1.0, 0.0), (1.2, -0.6), (1.5, 1.0), (1.9, 0.2)] {
            let weights = Weights::new(alpha, beta).unwrap();
            let n = 1000;
            let rates = weights.rates(n);
            assert!(rates.right.iter().chain(&rates.left).all(|&rate| rate >= 0.0));
            let sum: f64 = rates.right[1..n].iter().chain(&rates.left[1..n]).sum();
            let far = weights.right_tail(n, rates.right[n]) + weights.left_tail(n, rates.left[n]);
            assert!((sum + far - rates.right[0]).abs() < 1e-12 * rates.right[0], "{alpha} {beta}");
            // Far away they are the Lévy measure of the cell.
            let measure = [weights.tails[0], weights.tails[1]].map(|c| c * libm::pow(n as f64, -1.0 - alpha));
            for (rate, measure) in [rates.right[n], rates.left[n]].iter().zip(measure) {
                assert!((rate - measure).abs() <= 5e-3 * measure, "{alpha} {beta}: {rate} {measure}");
            }
        }
        let gaussian = Weights::new(2.0, 0.0).unwrap().rates(3);
        assert!((gaussian.right[1] - 1.0).abs() < 1e-15 && gaussian.right[2] == 0.0);
        assert!(Weights::new(1.0, 0.5).is_err() && Weights::new(2.5, 0.0).is_err());
    }
}
