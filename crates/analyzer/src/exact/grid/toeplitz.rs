//! Products with a Toeplitz matrix by the fast Fourier transform.

use std::sync::Arc;

use rustfft::num_complex::Complex;
use rustfft::{Fft, FftPlannerScalar};

/// The matrix with entries `t_{j-i}`, embedded in a circulant of a power of two.
///
/// The scalar planner keeps the arithmetic the same whatever vector units the machine has.
pub(super) struct Toeplitz {
    spectrum: Vec<Complex<f64>>,
    forward: Arc<dyn Fft<f64>>,
    inverse: Arc<dyn Fft<f64>>,
}

impl Toeplitz {
    /// The matrix of order `n` with `t_0 = diagonal`, `t_k = right[k]` and `t_{-k} = left[k]`,
    /// `1 <= k < n`; entry 0 of the slices is not used.
    pub(super) fn new(diagonal: f64, right: &[f64], left: &[f64], n: usize) -> Self {
        let size = (2 * n).next_power_of_two();
        let mut planner = FftPlannerScalar::new();
        let (forward, inverse) = (planner.plan_fft_forward(size), planner.plan_fft_inverse(size));
        let mut spectrum = vec![Complex::new(0.0, 0.0); size];
        // The inverse transform leaves out its division by the size.
        let scale = 1.0 / size as f64;
        spectrum[0].re = diagonal * scale;
        for k in 1..n {
            spectrum[k].re = left[k] * scale;
            spectrum[size - k].re = right[k] * scale;
        }
        forward.process(&mut spectrum);
        Self { spectrum, forward, inverse }
    }

    /// `out_i = sum_j t_{j-i} u_j`, or `sum_j t_{i-j} u_j` if transposed.
    pub(super) fn apply(&self, u: &[f64], transposed: bool, out: &mut [f64]) {
        let size = self.spectrum.len();
        let mut buffer = vec![Complex::new(0.0, 0.0); size];
        for (entry, &value) in buffer.iter_mut().zip(u) {
            entry.re = value;
        }
        self.forward.process(&mut buffer);
        for (entry, factor) in buffer.iter_mut().zip(&self.spectrum) {
            *entry *= if transposed { factor.conj() } else { *factor };
        }
        self.inverse.process(&mut buffer);
        for (out, entry) in out.iter_mut().zip(&buffer) {
            *out = entry.re;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn products_are_those_of_the_matrix() {
        let n = 37;
        let right: Vec<f64> = (0..n).map(|k| 1.0 / (1.0 + k as f64)).collect();
        let left: Vec<f64> = (0..n).map(|k| -0.5 / (1.0 + (k * k) as f64)).collect();
        let entry = |i: usize, j: usize| match j.cmp(&i) {
            std::cmp::Ordering::Equal => 3.0,
            std::cmp::Ordering::Greater => right[j - i],
            std::cmp::Ordering::Less => left[i - j],
        };
        let matrix = Toeplitz::new(3.0, &right, &left, n);
        let u: Vec<f64> = (0..n).map(|j| (j as f64 * 0.7).sin()).collect();
        let mut out = vec![0.0; n];
        matrix.apply(&u, false, &mut out);
        for (i, out) in out.iter().enumerate() {
            let sum: f64 = (0..n).map(|j| entry(i, j) * u[j]).sum();
            assert!((out - sum).abs() < 1e-13);
        }
        matrix.apply(&u, true, &mut out);
        for (i, out) in out.iter().enumerate() {
            let sum: f64 = (0..n).map(|j| entry(j, i) * u[j]).sum();
            assert!((out - sum).abs() < 1e-13);
        }
    }
}
