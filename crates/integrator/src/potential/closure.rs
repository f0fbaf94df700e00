//! A potential given by two closures.

use std::fmt;

use super::Potential;

/// A potential from `U` and `U'` as closures. The gradient is a type parameter, so that loops over
/// points inline it; `U''` is a central difference of it.
///
/// ```
/// # use levyscape_integrator::potential::{ClosurePotential, Potential};
/// let well = ClosurePotential::new(|x| x * x * x * x / 4.0 - x * x / 2.0, |x| x * x * x - x);
/// assert_eq!(well.gradient(2.0), 6.0);
/// ```
#[derive(Clone, Copy)]
pub struct ClosurePotential<F, G> {
    value: F,
    gradient: G,
}

impl<F, G> ClosurePotential<F, G>
where
    F: Fn(f64) -> f64 + Send + Sync,
    G: Fn(f64) -> f64 + Send + Sync,
{
    /// The potential with this `U` and this `U'`. That the one is the derivative of the other is not
    /// checked.
    pub fn new(value: F, gradient: G) -> Self {
        Self { value, gradient }
    }
}

impl<F, G> fmt::Debug for ClosurePotential<F, G> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClosurePotential").finish_non_exhaustive()
    }
}

impl<F, G> Potential for ClosurePotential<F, G>
where
    F: Fn(f64) -> f64 + Send + Sync,
    G: Fn(f64) -> f64 + Send + Sync,
{
    #[inline]
    fn value(&self, x: f64) -> f64 {
        (self.value)(x)
    }

    #[inline]
    fn gradient(&self, x: f64) -> f64 {
        (self.gradient)(x)
    }

    #[inline]
    fn gradient_batch(&self, x: &[f64], out: &mut [f64]) {
        for (out, &x) in out.iter_mut().zip(x) {
            *out = (self.gradient)(x);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn batch_is_scalar_and_curvature_is_a_difference() {
        let well = ClosurePotential::new(|x: f64| x.powi(4) / 4.0 - x * x / 2.0, |x: f64| x * x * x - x);
        let x: Vec<f64> = (-20..=20).map(|k| 0.1 * f64::from(k)).collect();
        let mut out = vec![0.0; x.len()];
        well.gradient_batch(&x, &mut out);
        for (&x, &gradient) in x.iter().zip(&out) {
            assert_eq!(gradient, well.gradient(x));
            assert!((well.curvature(x) - (3.0 * x * x - 1.0)).abs() < 1e-8);
        }
        assert_eq!(well.value(2.0), 2.0);
    }
}
