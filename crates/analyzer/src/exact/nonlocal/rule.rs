//! Quadrature on `[-1, 1]` and on `[0, 1]` with the kernel's singularity built in.

use std::num::NonZeroUsize;

use gauss_quad::legendre::GaussLegendre;

/// Gauss–Legendre nodes in increasing order and their weights.
#[derive(Debug, Clone)]
pub(super) struct Gauss {
    pub nodes: Vec<f64>,
    pub weights: Vec<f64>,
}

impl Gauss {
    pub(super) fn new(count: usize) -> Self {
        let count = NonZeroUsize::new(count).unwrap_or(NonZeroUsize::MIN);
        let rule = GaussLegendre::new(count);
        let mut pairs: Vec<(f64, f64)> = rule.as_node_weight_pairs().to_vec();
        pairs.sort_by(|a, b| a.0.total_cmp(&b.0));
        Self {
            nodes: pairs.iter().map(|pair| pair.0).collect(),
            weights: pairs.iter().map(|p| p.1).collect(),
        }
    }
}

/// Rules of every size that an assembly needs, and the singular ones for its exponent.
#[derive(Debug, Clone)]
pub(super) struct Rules {
    gauss: Vec<Gauss>,
    /// Weights of `int_0^1 f(v) q(v) dv` at the Gauss nodes moved to `[0, 1]`.
    singular: Vec<Vec<f64>>,
}

impl Rules {
    /// Rules of up to `most` nodes for the kernel `q(v) = (v^a - 1)/a` (`ln v` for `a = 0`), `a > -1`.
    pub(super) fn new(most: usize, a: f64) -> Self {
        let gauss: Vec<Gauss> = (1..=most).map(Gauss::new).collect();
        let singular = gauss.iter().map(|rule| singular_weights(rule, a)).collect();
        Self { gauss, singular }
    }

    pub(super) fn gauss(&self, count: usize) -> &Gauss {
        &self.gauss[count.clamp(1, self.gauss.len()) - 1]
    }

    pub(super) fn singular(&self, count: usize) -> &[f64] {
        &self.singular[count.clamp(1, self.singular.len()) - 1]
    }
}

/// Product integration: the weights for which the rule is exact for every polynomial of lower degree
/// than it has nodes. The moments of the shifted Legendre polynomials are
/// `int_0^1 P_k(2v-1) v^a dv = prod_{j<k} (a-j) / prod_{j<=k} (a+1+j)`; for `k > 0` the factor `a` that
/// the kernel divides by is in the first product, so nothing is lost as `a` tends to 0.
fn singular_weights(rule: &Gauss, a: f64) -> Vec<f64> {
    let count = rule.nodes.len();
    let mut moments = vec![-1.0 / (a + 1.0); count];
    if count > 1 {
        moments[1] = 1.0 / ((a + 1.0) * (a + 2.0));
    }
    for k in 2..count {
        let degree = k as f64;
        moments[k] = moments[k - 1] * (a - (degree - 1.0)) / (a + 1.0 + degree);
    }
    let mut values = vec![0.0; count];
    rule.nodes
        .iter()
        .zip(&rule.weights)
        .map(|(&node, &weight)| {
            legendre(node, &mut values);
            let sum: f64 =
                values.iter().zip(&moments).enumerate().map(|(k, (p, m))| (2 * k + 1) as f64 * p * m).sum();
            0.5 * weight * sum
        })
        .collect()
}

/// Legendre polynomials of degree 0, 1, ... at `x`, which may lie outside `[-1, 1]`.
pub(super) fn legendre(x: f64, out: &mut [f64]) {
    let (mut before, mut value) = (0.0, 1.0);
    for (k, out) in out.iter_mut().enumerate() {
        *out = value;
        let degree = k as f64;
        let next = ((2.0 * degree + 1.0) * x * value - degree * before) / (degree + 1.0);
        (before, value) = (value, next);
    }
}

/// `int_{-1}^x P_k` for k = 0, 1, ...: `(P_{k+1} - P_{k-1}) / (2k+1)`.
pub(super) fn integrated_legendre(x: f64, out: &mut [f64]) {
    let (mut before, mut value) = (-1.0, 1.0);
    for (k, out) in out.iter_mut().enumerate() {
        let degree = k as f64;
        let next =
            if k == 0 { x } else { ((2.0 * degree + 1.0) * x * value - degree * before) / (degree + 1.0) };
        *out = (next - before) / (2.0 * degree + 1.0);
        (before, value) = (value, next);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn singular_rules_integrate_powers_against_the_kernel() {
        for a in [-0.95, -0.5, -1e-9, 0.0, 1e-9, 0.3, 0.9] {
            let rules = Rules::new(12, a);
            for count in [3usize, 8, 12] {
                for power in 0..count {
                    let value: f64 = rules
                        .gauss(count)
                        .nodes
                        .iter()
                        .zip(rules.singular(count))
                        .map(|(node, weight)| weight * (0.5 * (1.0 + node)).powi(power as i32))
                        .sum();
                    let m = power as f64;
                    // (1/(m+a+1) - 1/(m+1)) / a
                    let truth = -1.0 / ((m + a + 1.0) * (m + 1.0));
                    assert!(
                        (value - truth).abs() < 1e-13 / (1.0 + a),
                        "{a} {count} {power}: {value} {truth}"
                    );
                }
            }
        }
    }

    #[test]
    fn legendre_integrals() {
        let mut values = [0.0; 5];
        integrated_legendre(0.3, &mut values);
        let p3 = |x: f64| (5.0 * x.powi(4) / 4.0 - 3.0 * x * x / 2.0) / 2.0;
        assert!((values[3] - (p3(0.3) - p3(-1.0))).abs() < 1e-15);
        assert!((values[0] - 1.3).abs() < 1e-15);
    }
}
