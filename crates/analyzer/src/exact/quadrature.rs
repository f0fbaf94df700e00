//! Gauss–Legendre nodes with the matrix that integrates up to each node.

use std::num::NonZeroUsize;

use gauss_quad::legendre::GaussLegendre;

/// Nodes a panel.
pub(crate) const NODES: usize = 16;
const DEGREE: NonZeroUsize = NonZeroUsize::new(NODES).unwrap();

/// The rule on `[-1, 1]`.
pub(crate) struct Rule {
    pub nodes: [f64; NODES],
    pub weights: [f64; NODES],
    /// Entry `[i][j]`: weight of the value at node `j` in the integral from `-1` to node `i`.
    pub cumulative: [[f64; NODES]; NODES],
    /// Entry `[m][j]`: weight of the value at node `j` in Legendre coefficient `m`.
    pub coefficients: [[f64; NODES]; NODES],
}

impl Rule {
    pub(crate) fn new() -> Self {
        let mut nodes = [0.0; NODES];
        let mut weights = [0.0; NODES];
        for (k, &(node, weight)) in GaussLegendre::new(DEGREE).as_node_weight_pairs().iter().enumerate() {
            nodes[k] = node;
            weights[k] = weight;
        }
        let legendre = nodes.map(polynomials);
        let mut cumulative = [[0.0; NODES]; NODES];
        let mut coefficients = [[0.0; NODES]; NODES];
        for i in 0..NODES {
            for j in 0..NODES {
                // The Lagrange polynomial of node j is (w_j/2) sum_m (2m+1) P_m(x_j) P_m(x), and
                // (2m+1) times the integral of P_m from -1 is P_{m+1} - P_{m-1}.
                let mut sum = nodes[i] + 1.0;
                for m in 1..NODES {
                    sum += legendre[j][m] * (legendre[i][m + 1] - legendre[i][m - 1]);
                }
                cumulative[i][j] = 0.5 * weights[j] * sum;
                coefficients[i][j] = 0.5 * (2 * i + 1) as f64 * weights[j] * legendre[j][i];
            }
        }
        Self { nodes, weights, cumulative, coefficients }
    }
}

/// Legendre polynomials of degree 0 to `NODES` at `x`.
fn polynomials(x: f64) -> [f64; NODES + 1] {
    let mut values = [1.0; NODES + 1];
    values[1] = x;
    for m in 1..NODES {
        let degree = m as f64;
        values[m + 1] = ((2.0 * degree + 1.0) * x * values[m] - degree * values[m - 1]) / (degree + 1.0);
    }
    values
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cumulative_integrals_are_exact_for_polynomials() {
        let rule = Rule::new();
        for (i, &x) in rule.nodes.iter().enumerate() {
            let integral: f64 = (0..NODES).map(|j| rule.cumulative[i][j] * rule.nodes[j].powi(6)).sum();
            assert!((integral - (x.powi(7) + 1.0) / 7.0).abs() < 1e-15);
        }
        assert!((rule.weights.iter().sum::<f64>() - 2.0).abs() < 1e-15);
    }
}
