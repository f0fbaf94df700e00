//! Mean and covariance of rows of numbers in one pass.

/// Count, mean row and co-moments of rows of numbers, in memory that does not grow with their number.
///
/// The update is Welford's (1962) for vectors: with `d = x - m_{n-1}`, `m_n = m_{n-1} + d/n` and
/// `M_n = M_{n-1} + d (x - m_n)^T`. It is exact in the number of rows and loses no digits where the mean is
/// large against the spread. The bits of the result depend on the order in which the rows are pushed.
#[derive(Debug, Clone, PartialEq)]
pub struct Moments {
    count: u64,
    mean: Vec<f64>,
    /// `sum (x_i - m_i)(x_j - m_j)`, row after row.
    co_moment: Vec<f64>,
    deviation: Vec<f64>,
}

/// Step of the difference quotients of [`Moments::delta`], relative to the scale of a column: the
/// truncation error is then of relative order 1e-10, the rounding error 1e-11.
const RELATIVE_STEP: f64 = 1e-5;

impl Moments {
    /// No rows yet; each will have `width` numbers.
    #[must_use]
    pub fn new(width: usize) -> Self {
        Self {
            count: 0,
            mean: vec![0.0; width],
            co_moment: vec![0.0; width * width],
            deviation: vec![0.0; width],
        }
    }

    /// Takes one row; of a row longer than the width, the first numbers.
    #[inline]
    pub fn push(&mut self, row: &[f64]) {
        self.count += 1;
        let share = 1.0 / self.count as f64;
        for ((deviation, mean), x) in self.deviation.iter_mut().zip(&mut self.mean).zip(row) {
            *deviation = x - *mean;
            *mean += *deviation * share;
        }
        // x - m_n = (1 - 1/n) d
        let factor = 1.0 - share;
        match self.mean.len() {
            // The width of the statistics of paths, unrolled.
            8 => add_products::<8>(&mut self.co_moment, &self.deviation, factor),
            width => {
                for (row, d) in self.co_moment.chunks_exact_mut(width.max(1)).zip(&self.deviation) {
                    let d = d * factor;
                    for (co_moment, other) in row.iter_mut().zip(&self.deviation) {
                        *co_moment += d * other;
                    }
                }
            }
        }
    }

    /// Number of rows so far.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.count
    }

    /// The mean row.
    #[must_use]
    pub fn mean(&self) -> &[f64] {
        &self.mean
    }

    /// The unbiased covariance matrix of a row, `M/(n-1)`; entry `(i, j)` is number `i * width + j`. NaN
    /// for fewer than two rows.
    #[must_use]
    pub fn covariance(&self) -> Vec<f64> {
        let divisor = if self.count > 1 { (self.count - 1) as f64 } else { f64::NAN };
        self.co_moment.iter().map(|co_moment| co_moment / divisor).collect()
    }

    /// `g^T M g`: the sum over the rows of `(g . (x - m))^2`, never negative.
    #[must_use]
    pub fn sum_of_squares(&self, gradient: &[f64]) -> f64 {
        let rows = self.co_moment.chunks_exact(self.mean.len().max(1));
        let sum: f64 = rows
            .zip(gradient)
            .map(|(row, g)| g * row.iter().zip(gradient).map(|(co_moment, g)| co_moment * g).sum::<f64>())
            .sum();
        sum.max(0.0)
    }

    /// `f` of the mean row and its standard error by the delta method, `sqrt(g^T C g / n)` with `C` the
    /// covariance matrix and `g` the gradient of `f` by central differences.
    ///
    /// A column's step is 1e-5 of its mean or of the standard error of its mean, whichever is larger.
    /// `None` for fewer than two rows, and where `f` is not finite at the mean or next to it.
    #[must_use]
    pub fn delta(&self, f: impl Fn(&[f64]) -> f64) -> Option<(f64, f64)> {
        if self.count < 2 {
            return None;
        }
        let n = self.count as f64;
        let value = f(&self.mean);
        let mut at = self.mean.clone();
        let mut gradient = vec![0.0; at.len()];
        for k in 0..at.len() {
            let error = (self.co_moment[k * (at.len() + 1)] / (n - 1.0) / n).sqrt();
            if error == 0.0 {
                // A column without variance adds nothing.
                continue;
            }
            let step = RELATIVE_STEP * self.mean[k].abs().max(error);
            let [above, below] = [self.mean[k] + step, self.mean[k] - step].map(|x| {
                at[k] = x;
                f(&at)
            });
            at[k] = self.mean[k];
            gradient[k] = (above - below) / ((self.mean[k] + step) - (self.mean[k] - step));
        }
        let std_error = (self.sum_of_squares(&gradient) / (n - 1.0) / n).sqrt();
        (value.is_finite() && std_error.is_finite()).then_some((value, std_error))
    }
}

#[inline(always)]
fn add_products<const N: usize>(co_moment: &mut [f64], deviation: &[f64], factor: f64) {
    let (rows, deviations) = (co_moment.as_chunks_mut::<N>().0, deviation.as_chunks::<N>().0);
    let Some(deviation) = deviations.first() else { return };
    for (row, d) in rows.iter_mut().zip(deviation) {
        let d = d * factor;
        for (co_moment, other) in row.iter_mut().zip(deviation) {
            *co_moment += d * other;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::estimate::test_numbers::Numbers;

    /// Correlated rows around a large mean.
    fn rows(n: usize) -> Vec<[f64; 3]> {
        let mut numbers = Numbers::new(1);
        (0..n)
            .map(|_| {
                let [a, b, c] = [numbers.exponential(), numbers.exponential(), numbers.uniform()];
                [1e6 + a, 2.0 + 0.5 * a + b, c - 0.3 * b]
            })
            .collect()
    }

    #[test]
    fn mean_and_covariance_are_those_of_two_passes() {
        let rows = rows(1000);
        let mut moments = Moments::new(3);
        rows.iter().for_each(|row| moments.push(row));
        let n = rows.len() as f64;
        let mean: [f64; 3] = core::array::from_fn(|k| {
            rows.iter().map(|row| row[k] - rows[0][k]).sum::<f64>() / n + rows[0][k]
        });
        let covariance = moments.covariance();
        for i in 0..3 {
            assert!((moments.mean()[i] / mean[i] - 1.0).abs() < 1e-13);
            for j in 0..3 {
                let exact =
                    rows.iter().map(|row| (row[i] - mean[i]) * (row[j] - mean[j])).sum::<f64>() / (n - 1.0);
                assert!((covariance[3 * i + j] / exact - 1.0).abs() < 1e-8, "{i} {j}");
            }
        }
    }

    #[test]
    fn the_delta_method_of_a_ratio() {
        let rows = rows(500);
        let mut moments = Moments::new(3);
        rows.iter().for_each(|row| moments.push(row));
        let (n, &[_, a, b]) = (rows.len() as f64, moments.mean()) else { panic!("three columns") };
        let influence = |row: &[f64; 3]| (row[1] - a / b * row[2]) / b;
        let exact = (rows.iter().map(|row| influence(row).powi(2)).sum::<f64>() / (n - 1.0) / n).sqrt();
        let Some((value, error)) = moments.delta(|mean| mean[1] / mean[2]) else { panic!("500 rows") };
        assert_eq!(value, a / b);
        assert!((error / exact - 1.0).abs() < 1e-8, "{error} {exact}");
        assert_eq!(moments.delta(|mean| (mean[1] - 1e9).sqrt()), None);
    }
}
