//! Quantiles (McCulloch 1986): `(q_95 - q_5)/(q_75 - q_25)` says alpha, `(q_95 + q_5 - 2 q_50)/(q_95 - q_5)` beta, then
//! `q_75 - q_25` the scale and `q_50` the location. Robust, as nothing beyond the quantiles at 5 % and 95 % is looked at.
//!
//! The quantiles of the laws are tabulated (S0, scale 1) for alpha from 0.5 to 2 in steps of 0.1 and beta from 0 to 1
//! in steps of 0.25, and interpolated by cubic polynomials. Beyond 2 they are continued linearly, so that the estimate of
//! a sample with alpha near 2 errs to both sides.
//!
//! Standard errors are by the delta method from the asymptotic law of the sample quantiles,
//! `cov(q_a, q_b) = a (1 - b)/(n f(q_a) f(q_b))`, the densities from the spacing of quantiles nearby (Siddiqui 1960, with
//! the distance of Hall and Sheather 1988).

use nalgebra::{SMatrix, SVector};

use super::{Estimated, Estimator, Sample, TailError, TailEstimate};

/// Rows: alpha = 0.5, 0.6, ..., 2. Columns: beta = 0, 0.25, ..., 1.
type Table = [[f64; 5]; 16];

const SMALLEST: f64 = 0.5;
const ALPHA_STEP: f64 = 0.1;
const BETA_STEP: f64 = 0.25;
/// End of the continuation beyond 2.
const LARGEST: f64 = 3.0;
const PROBABILITIES: [f64; 5] = [0.05, 0.25, 0.5, 0.75, 0.95];
/// Quantiles of the standard normal law at the first three.
const NORMAL: [f64; 3] = [1.644_853_626_951_472_7, 0.674_489_750_196_081_7, 0.0];
/// Largest distance of the quantiles nearby, as a share of the probability of the tail.
const NEARBY: f64 = 0.25;

/// `ln((q_95 - q_5)/(q_75 - q_25))`.
const LOG_SPREAD: Table = [
    [3.798521, 3.699512, 3.502400, 3.377737, 3.329985],
    [3.161763, 3.085585, 2.912734, 2.789886, 2.750010],
    [2.700943, 2.639717, 2.491506, 2.375155, 2.341812],
    [2.349381, 2.299109, 2.174966, 2.069169, 2.041823],
    [2.070463, 2.029306, 1.927801, 1.835868, 1.813992],
    [1.842730, 1.809846, 1.729028, 1.653634, 1.636240],
    [1.653047, 1.627776, 1.565617, 1.508014, 1.494264],
    [1.493095, 1.474641, 1.429324, 1.388839, 1.378379],
    [1.357501, 1.344984, 1.314802, 1.289070, 1.281812],
    [1.242893, 1.235429, 1.218118, 1.203856, 1.199711],
    [1.147337, 1.143852, 1.136100, 1.129924, 1.128587],
    [1.069537, 1.068557, 1.066516, 1.065274, 1.066051],
    [1.007732, 1.007791, 1.008115, 1.009028, 1.010794],
    [0.959317, 0.959525, 0.960152, 0.961209, 0.962698],
    [0.921405, 0.921482, 0.921713, 0.922097, 0.922628],
    [0.891450, 0.891450, 0.891450, 0.891450, 0.891450],
];
/// `(q_95 + q_5 - 2 q_50)/(q_95 - q_5)`.
const LEAN: Table = [
    [0.0, 0.509586, 0.838143, 0.970060, 0.984745],
    [0.0, 0.440892, 0.767731, 0.936158, 0.962011],
    [0.0, 0.386527, 0.699387, 0.890017, 0.926906],
    [0.0, 0.341476, 0.634347, 0.833970, 0.880466],
    [0.0, 0.302639, 0.572566, 0.769905, 0.824670],
    [0.0, 0.268033, 0.513429, 0.699185, 0.761653],
    [0.0, 0.236280, 0.456018, 0.624141, 0.693285],
    [0.0, 0.206288, 0.399237, 0.547287, 0.621021],
    [0.0, 0.177093, 0.342164, 0.470342, 0.545892],
    [0.0, 0.147892, 0.284798, 0.394341, 0.468577],
    [0.0, 0.118444, 0.228152, 0.319927, 0.389523],
    [0.0, 0.089525, 0.173629, 0.247655, 0.309138],
    [0.0, 0.062561, 0.122688, 0.178327, 0.228118],
    [0.0, 0.038632, 0.076566, 0.113168, 0.147915],
    [0.0, 0.017940, 0.035799, 0.053499, 0.070965],
    [0.0, 0.0, 0.0, 0.0, 0.0],
];
/// `q_75 - q_25`.
const WIDTH: Table = [
    [2.567666, 3.051464, 4.507601, 6.600270, 9.093520],
    [2.324208, 2.621975, 3.527840, 4.789851, 6.222852],
    [2.180128, 2.382507, 2.994907, 3.832951, 4.761422],
    [2.091069, 2.237293, 2.669868, 3.257615, 3.903464],
    [2.035167, 2.143917, 2.456015, 2.881128, 3.349932],
    [2.000000, 2.081036, 2.307843, 2.620058, 2.968580],
    [1.977705, 2.037127, 2.201459, 2.431559, 2.693246],
    [1.963074, 2.005556, 2.123201, 2.291603, 2.487683],
    [1.952758, 1.982222, 2.064681, 2.185765, 2.330636],
    [1.944735, 1.964446, 2.020433, 2.104896, 2.208984],
    [1.937866, 1.950446, 1.986724, 2.042924, 2.114325],
    [1.931547, 1.939037, 1.960933, 1.995681, 2.041151],
    [1.925476, 1.929453, 1.941207, 1.960244, 1.985825],
    [1.919513, 1.921209, 1.926262, 1.934574, 1.945985],
    [1.913606, 1.914020, 1.915261, 1.917321, 1.920191],
    [1.907745, 1.907745, 1.907745, 1.907745, 1.907745],
];
/// `q_50`.
const MEDIAN: Table = [
    [0.0, 0.060877, 0.279429, 0.658716, 1.198109],
    [0.0, 0.077627, 0.271981, 0.580997, 0.996638],
    [0.0, 0.088873, 0.262060, 0.519743, 0.853269],
    [0.0, 0.095509, 0.250487, 0.468534, 0.742705],
    [0.0, 0.098311, 0.237596, 0.423838, 0.652470],
    [0.0, 0.097957, 0.223492, 0.383478, 0.575630],
    [0.0, 0.095035, 0.208179, 0.345981, 0.507961],
    [0.0, 0.090031, 0.191620, 0.310271, 0.446671],
    [0.0, 0.083321, 0.173764, 0.275502, 0.389775],
    [0.0, 0.075179, 0.154540, 0.240960, 0.335742],
    [0.0, 0.065780, 0.133853, 0.206001, 0.283289],
    [0.0, 0.055212, 0.111556, 0.169997, 0.231236],
    [0.0, 0.043481, 0.087431, 0.132278, 0.178381],
    [0.0, 0.030507, 0.061154, 0.092072, 0.123387],
    [0.0, 0.016114, 0.032245, 0.048412, 0.064632],
    [0.0, 0.0, 0.0, 0.0, 0.0],
];

/// The cubic through the four nodes about `place`, which counts in steps from the first node.
fn cubic(place: f64, count: usize, value: impl Fn(usize) -> f64) -> f64 {
    let first = (place.floor().max(1.0) as usize - 1).min(count - 4);
    let x = place - first as f64;
    let mut sum = 0.0;
    for i in 0..4 {
        let mut weight = 1.0;
        for j in (0..4).filter(|j| *j != i) {
            weight *= (x - j as f64) / (i as f64 - j as f64);
        }
        sum += weight * value(first + i);
    }
    sum
}

/// An entry, `beta` in [0, 1].
fn entry(table: &Table, alpha: f64, beta: f64) -> f64 {
    if alpha > 2.0 {
        const NEAR: f64 = 0.02;
        let [at, before] = [2.0, 2.0 - NEAR].map(|alpha| entry(table, alpha, beta));
        return at + (alpha - 2.0) * (at - before) / NEAR;
    }
    let place = (alpha - SMALLEST) / ALPHA_STEP;
    cubic(place, 16, |row| cubic(beta / BETA_STEP, 5, |column| table[row][column]))
}

/// The root of a function that decreases on an interval, its nearer end where there is none inside.
fn decreasing_root(f: impl Fn(f64) -> f64, [mut low, mut high]: [f64; 2]) -> f64 {
    for _ in 0..60 {
        let middle = 0.5 * (low + high);
        if f(middle) > 0.0 { low = middle } else { high = middle }
    }
    0.5 * (low + high)
}

/// `|beta|` of a law with this `lean`; 1 where it leans more than any.
fn skewness(alpha: f64, lean: f64) -> f64 {
    decreasing_root(|beta| lean - entry(&LEAN, alpha, beta), [0.0, 1.0])
}

/// `alpha`, `beta`, scale and location of the law with these quantiles at 5, 25, 50, 75 and 95 %, and whether `beta`
/// was found.
fn solve(q: &[f64; 5]) -> Option<([f64; 4], bool)> {
    let spread = libm::log((q[4] - q[0]) / (q[3] - q[1]));
    let lean = (q[4] + q[0] - 2.0 * q[2]) / (q[4] - q[0]);
    let size = lean.abs();
    let excess = |alpha: f64| entry(&LOG_SPREAD, alpha, skewness(alpha, size)) - spread;
    if !(excess(SMALLEST) >= 0.0 && excess(LARGEST) <= 0.0) {
        return None;
    }
    let alpha = decreasing_root(excess, [SMALLEST, LARGEST]);
    // Beyond 2 no skewness is left; near it none that could be told.
    let found = alpha < 2.0 && size < entry(&LEAN, alpha, 1.0);
    let beta = if found { skewness(alpha, size) } else { 0.0 };
    let sign = lean.signum();
    let inside = alpha.min(2.0);
    let scale = (q[3] - q[1]) / entry(&WIDTH, inside, beta);
    let location = q[2] - sign * scale * entry(&MEDIAN, inside, beta);
    Some(([alpha, sign * beta, scale, location], found))
}

/// Covariance matrix of the sample quantiles.
fn covariance(sample: &Sample) -> SMatrix<f64, 5, 5> {
    let n = sample.n() as f64;
    let sparsity: [f64; 5] = core::array::from_fn(|i| {
        let p = PROBABILITIES[i];
        let z = NORMAL[i.min(4 - i)];
        let density = libm::exp(-0.5 * z * z) / (2.0 * core::f64::consts::PI).sqrt();
        let flat = 1.5 * density * density / (2.0 * z * z + 1.0);
        let reach = libm::cbrt(flat * super::NORMAL_95 * super::NORMAL_95 / n);
        let h = reach.min(NEARBY * p.min(1.0 - p));
        (sample.quantile(p + h) - sample.quantile(p - h)) / (2.0 * h)
    });
    SMatrix::from_fn(|i, j| {
        let (low, high) = (PROBABILITIES[i.min(j)], PROBABILITIES[i.max(j)]);
        low * (1.0 - high) * sparsity[i] * sparsity[j] / n
    })
}

/// The estimate.
///
/// # Errors
/// [`TailError::NotApplicable`] where no stable law in the table has quantiles in this proportion.
pub fn estimate(sample: &Sample) -> Result<TailEstimate, TailError> {
    let q = PROBABILITIES.map(|p| sample.quantile(p));
    let none = || {
        TailError::NotApplicable(format!(
            "no stable law with alpha from {SMALLEST} to 2 has (q_95 - q_5)/(q_75 - q_25) = {:.4}",
            (q[4] - q[0]) / (q[3] - q[1])
        ))
    };
    let (value, found) = solve(&q).ok_or_else(none)?;
    let covariance = covariance(sample);
    let mut gradient = SMatrix::<f64, 4, 5>::zeros();
    for (i, variance) in covariance.diagonal().iter().enumerate() {
        // A step of the size of the quantile's own error sees the slope that matters.
        let step = 0.5 * variance.sqrt();
        if step == 0.0 {
            // Ties: the quantile does not move.
            continue;
        }
        let moved = |sign: f64| {
            let mut q = q;
            q[i] += sign * step;
            solve(&q).map(|(value, _)| SVector::from(value))
        };
        let (Some(above), Some(below)) = (moved(1.0), moved(-1.0)) else { return Err(none()) };
        gradient.set_column(i, &((above - below) / (2.0 * step)));
    }
    let variance = (gradient * covariance * gradient.transpose()).diagonal();
    let parameter = |row: usize| Estimated::with_variance(value[row], variance[row]);
    let settings =
        format!("quantiles at 5, 25, 50, 75 and 95 %: {}", q.map(|q| format!("{q:.4e}")).join(", "));
    let mut estimate = TailEstimate::new(Estimator::Mcculloch, parameter(0), settings);
    let beta = parameter(1);
    let determined = found && beta.std_error < 1.0;
    estimate.beta = determined.then_some(beta);
    estimate.scale = Some(parameter(2));
    estimate.location = Some(parameter(3));
    if !determined {
        estimate.remarks.push("the quantiles do not determine the skewness".to_owned());
    }
    if estimate.alpha > 2.0 {
        estimate.remarks.push("the estimate is above 2: no stable law has such an index".to_owned());
    }
    Ok(estimate)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::estimate::tail::StableLaw;

    /// The tabulated quantities are those of the laws, at nodes and between them.
    #[test]
    fn the_table_is_that_of_the_laws() {
        for (alpha, beta, tolerance) in [
            (0.7, 0.0, 1e-5),
            (1.3, 0.5, 1e-5),
            (1.7, 1.0, 1e-5),
            (1.45, 0.0, 2e-4),
            (1.15, 0.6, 1e-3),
            (0.75, 0.4, 4e-3),
        ] {
            let law = StableLaw::new(alpha, beta, 1.0, 0.0).unwrap();
            let width = entry(&WIDTH, alpha, beta);
            let median = entry(&MEDIAN, alpha, beta);
            let outer = width * libm::exp(entry(&LOG_SPREAD, alpha, beta));
            // From lean = (q_95 + q_5 - 2 q_50)/(q_95 - q_5).
            let sum = entry(&LEAN, alpha, beta) * outer + 2.0 * median;
            let [q05, q95] = [0.5 * (sum - outer), 0.5 * (sum + outer)];
            for (p, below) in [(0.05, law.below(q05)), (0.5, law.below(median)), (0.95, law.below(q95))] {
                assert!((below - p).abs() < tolerance, "{alpha} {beta}: {below} {p}");
            }
        }
    }

    #[test]
    fn quantiles_of_a_law_give_it_back() {
        let quantile =
            |law: &StableLaw, p: f64| crate::estimate::invert(|x| law.below(x), p, [-100.0, 100.0]);
        for [alpha, beta] in [[0.8, 0.0], [1.5, 0.0], [1.5, -0.5], [1.25, 0.7], [1.85, 0.0]] {
            let law = StableLaw::new(alpha, beta, 2.0, 1.0).unwrap();
            let (found, _) = solve(&PROBABILITIES.map(|p| quantile(&law, p))).unwrap();
            for (found, known) in found.into_iter().zip([alpha, beta, 2.0, 1.0]) {
                assert!((found - known).abs() < 5e-3, "{alpha} {beta}: {found} {known}");
            }
        }
        // The normal law is at 2, and lighter tails beyond it.
        let normal = StableLaw::new(2.0, 0.0, 1.0, 0.0).unwrap();
        let (found, _) = solve(&PROBABILITIES.map(|p| quantile(&normal, p))).unwrap();
        assert!((found[0] - 2.0).abs() < 1e-4, "{}", found[0]);
        assert!(solve(&[-0.9, -0.5, 0.0, 0.5, 0.9]).is_none());
    }
}
