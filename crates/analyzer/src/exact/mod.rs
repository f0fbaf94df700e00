//! Exact values, where a formula or a quadrature gives them.
//!
//! Gaussian noise over any potential is a matter of quadrature ([`brownian`]), stable noise without drift
//! of closed forms ([`getoor`], [`skewed`]); for stable noise over any potential, with a Gaussian part or
//! without, the equations of the generator are solved ([`nonlocal`]). [`solve`] takes what applies. A
//! second solver of the same equations, by a Markov chain on a uniform grid, is [`grid`].

pub mod brownian;
pub mod getoor;
pub mod grid;
pub mod nonlocal;
mod quadrature;
pub mod skewed;
mod solution;
mod special;

use levyscape_integrator::potential::Potential;

pub use solution::{Solution, solve};

use crate::theory::{NoiseLaw, StoppedProblem};

/// Exact values of one stopped problem; `None` where there is no formula, or the value is infinite or
/// beyond the range of numbers.
#[derive(Debug, Clone, Default)]
pub struct ExactValues {
    /// `E T`.
    pub mean: Option<f64>,
    /// `E T^2`.
    pub second_moment: Option<f64>,
    /// `P(X_T >= upper)`: exit through the right end of the domain.
    pub right_probability: Option<f64>,
    place: Place,
}

/// The law of `X_T`.
#[derive(Debug, Clone, Copy, Default)]
enum Place {
    #[default]
    Unknown,
    /// On one of two points, the second with this probability.
    Ends { points: [f64; 2], right: f64 },
    /// Where a drift-free jump out of the interval lands.
    Jump { alpha: f64, start: f64, interval: [f64; 2] },
}

impl ExactValues {
    /// `P(lo <= X_T <= hi)`; either end may be infinite.
    #[must_use]
    pub fn landing(&self, lo: f64, hi: f64) -> Option<f64> {
        match self.place {
            Place::Unknown => None,
            Place::Ends { points, right } => {
                let inside = |x: f64| lo <= x && x <= hi;
                let left = if inside(points[0]) { 1.0 - right } else { 0.0 };
                Some(left + if inside(points[1]) { right } else { 0.0 })
            }
            Place::Jump { alpha, start, interval: [a, b] } => {
                Some(getoor::landing_probability(alpha, start, a, b, lo, hi))
            }
        }
    }
}

/// The exact values of a stopped problem, as far as they are known.
///
/// Gaussian noise: a continuous path leaves the component between the nearest stop points around the
/// start, any potential. Jumps: only without drift in the domain, and without targets inside it. A
/// start in the stop set has `T = 0`.
#[must_use]
pub fn stopped(potential: &dyn Potential, noise: NoiseLaw, problem: &StoppedProblem) -> ExactValues {
    let start = problem.start;
    if start.is_nan() {
        return ExactValues::default();
    }
    if problem.stops_at(start) {
        let right = if start >= problem.upper { 1.0 } else { 0.0 };
        return ExactValues {
            mean: Some(0.0),
            second_moment: Some(0.0),
            right_probability: Some(right),
            place: Place::Ends { points: [start, start], right },
        };
    }
    if let Some(diffusion) = noise.diffusion() {
        let points = problem.component(start);
        let Some(exit) = brownian::exit(potential, diffusion, start, points[0], points[1]) else {
            return ExactValues::default();
        };
        let right = exit.right_probability;
        return ExactValues {
            mean: exit.mean,
            second_moment: exit.second_moment,
            right_probability: Some(if points[1] == problem.upper { right } else { 0.0 }),
            place: Place::Ends { points, right },
        };
    }
    let (NoiseLaw::Stable { alpha, beta, epsilon }, [a, b]) = (noise, [problem.lower, problem.upper]) else {
        return ExactValues::default();
    };
    let target_inside =
        problem.targets.iter().any(|target| target[0] <= target[1] && target[0] < b && target[1] > a);
    let valid = alpha > 0.0 && alpha < 2.0 && epsilon > 0.0 && epsilon.is_finite();
    if !valid
        || target_inside
        || (a.is_infinite() && b.is_infinite())
        || !is_drift_free(potential, start, a, b)
    {
        return ExactValues::default();
    }
    let bounded = a.is_finite() && b.is_finite();
    if beta != 0.0 {
        return ExactValues {
            mean: skewed::mean(alpha, beta, epsilon, start, a, b).filter(|_| bounded),
            right_probability: skewed::right_probability(alpha, beta, start, a, b).filter(|_| bounded),
            ..ExactValues::default()
        };
    }
    ExactValues {
        mean: bounded.then(|| getoor::mean(alpha, epsilon, start, a, b)).filter(|mean| mean.is_finite()),
        second_moment: getoor::second_moment(alpha, epsilon, start, a, b),
        right_probability: Some(getoor::right_probability(alpha, start, a, b)),
        place: Place::Jump { alpha, start, interval: [a, b] },
    }
}

/// Whether the gradient is exactly zero at some thousand places of the domain.
fn is_drift_free(potential: &dyn Potential, start: f64, a: f64, b: f64) -> bool {
    const PLACES: u32 = 4096;
    let reach =
        |end: f64| if end.is_finite() { end } else { start + end.signum() * 1e6 * start.abs().max(1.0) };
    let (lo, hi) = (reach(a), reach(b));
    (0..PLACES).all(|k| potential.gradient(lo + (hi - lo) * (f64::from(k) + 0.5) / f64::from(PLACES)) == 0.0)
        && (0..200).all(|k| {
            // Also close to the start, where a long domain is sampled thinly.
            let offset = libm::ldexp(1.0, k / 4 - 25);
            [start - offset, start + offset]
                .iter()
                .all(|&x| x <= lo || x >= hi || potential.gradient(x) == 0.0)
        })
}

#[cfg(test)]
#[allow(clippy::approx_constant, reason = "tables are compared as printed")]
mod tests {
    use super::*;
    use crate::test_potential::Formula;

    const INF: f64 = f64::INFINITY;

    fn free() -> Formula {
        Formula::new(|_| 0.0, |_| 0.0, |_| 0.0)
    }

    fn stable(alpha: f64, epsilon: f64) -> NoiseLaw {
        NoiseLaw::stable(alpha, epsilon)
    }

    #[test]
    fn free_stable_reference() {
        for (alpha, epsilon, x, a, b, mean) in [
            (0.5, 1.0, 0.0, -1.0, 1.0, 1.128_379_167),
            (1.0, 0.5, 0.5, -1.0, 2.0, 3.0),
            (1.5, 0.8, -0.4, -1.0, 1.0, 0.922_440_333_9),
            (1.9, 0.3, 0.1, -0.5, 0.7, 2.042_368_232),
        ] {
            let exact = stopped(&free(), stable(alpha, epsilon), &StoppedProblem::exit(x, a, b));
            let value = exact.mean.unwrap();
            assert!((value - mean).abs() < 1e-9, "{value} {mean}");
        }
        let s02 = stopped(&free(), stable(1.0, 0.5), &StoppedProblem::exit(0.5, -1.0, 2.0));
        assert!((s02.landing(2.0, INF).unwrap() - 0.5).abs() < 1e-10);
        assert!((s02.right_probability.unwrap() - 0.5).abs() < 1e-13);
        let s03 = stopped(&free(), stable(1.5, 0.8), &StoppedProblem::exit(-0.4, -1.0, 1.0));
        assert!((s03.landing(1.5, 3.0).unwrap() - 0.049_137_143_56).abs() < 1e-11);
    }

    #[test]
    fn targets_bound_continuous_paths_and_exclude_the_jump_formulas() {
        let problem =
            StoppedProblem { start: 0.0, lower: -INF, upper: 5.0, targets: vec![[-2.0, -1.0], [3.0, 4.0]] };
        let gaussian = stopped(&free(), NoiseLaw::Brownian { epsilon: 1.0 }, &problem);
        assert!((gaussian.mean.unwrap() - 3.0).abs() < 1e-10);
        assert_eq!(gaussian.right_probability, Some(0.0));
        assert!((gaussian.landing(3.0, 3.5).unwrap() - 0.25).abs() < 1e-12);
        assert!((gaussian.landing(-1.0, 3.0).unwrap() - 1.0).abs() < 1e-12);
        assert!(stopped(&free(), stable(1.5, 1.0), &problem).mean.is_none());
        // alpha = 2 is sqrt(2) B.
        let double = stopped(&free(), stable(2.0, 1.0), &problem);
        assert!((double.mean.unwrap() - 1.5).abs() < 1e-10);
    }

    #[test]
    fn a_drift_a_stopped_start_and_open_domains() {
        let slope = Formula::new(|x| x, |_| 1.0, |_| 0.0);
        let problem = StoppedProblem::exit(0.0, -1.0, 1.0);
        assert!(stopped(&slope, stable(1.5, 1.0), &problem).mean.is_none());
        let at_end = stopped(&slope, stable(1.5, 1.0), &StoppedProblem::exit(1.0, -1.0, 1.0));
        assert_eq!((at_end.mean, at_end.right_probability), (Some(0.0), Some(1.0)));
        let open = stopped(&free(), stable(1.5, 1.0), &StoppedProblem::exit(0.0, -INF, INF));
        assert!(open.mean.is_none() && open.landing(0.0, 1.0).is_none());
        let half = stopped(&free(), stable(1.5, 1.0), &StoppedProblem::exit(0.0, -INF, 1.0));
        assert_eq!((half.mean, half.right_probability), (None, Some(1.0)));
    }
}
