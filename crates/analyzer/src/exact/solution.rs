//! Exact answers by whatever method applies.

use levyscape_integrator::potential::Potential;

use crate::exact::nonlocal::{self, Bounded, ExactError, Generator, Questions};
use crate::exact::{ExactValues, stopped};
use crate::landscape::Landscape;
use crate::theory::{NoiseLaw, StoppedProblem};

/// Relative error of the quadratures and closed forms.
const FORMULA: f64 = 1e-9;
/// Absolute error of the probability of a landing set, from the same.
const DIFFERENCE: f64 = 1e-12;

/// Exact answers to the questions about one stopped problem, each with a bound on its error.
#[derive(Debug, Clone, Default)]
pub struct Solution {
    /// `E T`.
    pub mean: Option<Bounded>,
    /// `E T^2`.
    pub second_moment: Option<Bounded>,
    /// `P(X_T >= upper)`.
    pub right_probability: Option<Bounded>,
    /// `P(lo <= X_T <= hi)` for each set asked for.
    pub landing: Vec<Option<Bounded>>,
    /// `P(T > t)` for each time asked for.
    pub survival: Vec<Option<Bounded>>,
    /// Unknowns and mean on each mesh, the coarsest first, where equations were solved.
    pub levels: Vec<(usize, f64)>,
    /// Why what is missing is missing.
    pub reason: Option<ExactError>,
}

impl Solution {
    /// `E T` without its error.
    #[must_use]
    pub fn mean_value(&self) -> Option<f64> {
        self.mean.map(|mean| mean.value)
    }
}

/// Exact values of a stopped problem on the line: closed forms and quadratures where there are some
/// ([`stopped`]), else the generator's equations ([`nonlocal`]).
///
/// What has no answer (an infinite mean, a noise without such equations) is `None`.
///
/// # Examples
/// ```
/// use levyscape_analyzer::exact::{self, nonlocal::Questions};
/// use levyscape_analyzer::landscape::Landscape;
/// use levyscape_analyzer::theory::{NoiseLaw, StoppedProblem};
/// use levyscape_integrator::potential::ClosurePotential;
///
/// // From one well of a double well to the other (theory: 158.5 at this epsilon).
/// let double = ClosurePotential::new(
///     |x: f64| x.powi(4) / 4.0 - x.powi(3) / 6.0 - 0.75 * x * x,
///     |x: f64| x * (x + 1.0) * (x - 1.5),
/// );
/// let landscape = Landscape::find(&double, None)?;
/// let passage = StoppedProblem::transition(&landscape, 0, 0.1).ok_or("one well")?;
/// let questions = Questions { tolerance: 1e-6, ..Questions::default() };
/// let noise = NoiseLaw::stable(1.5, 0.1);
/// let solution = exact::solve(&double, &landscape, noise, &passage, &questions);
/// let mean = solution.mean.ok_or("no mean")?;
/// assert!((mean.value - 151.890_175).abs() < 1e-4);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use]
pub fn solve(
    potential: &dyn Potential,
    landscape: &Landscape,
    noise: NoiseLaw,
    problem: &StoppedProblem,
    questions: &Questions,
) -> Solution {
    let known = stopped(potential, noise, problem);
    let mut solution = from_formulas(&known, questions);
    if problem.stops_at(problem.start) {
        let survival = Bounded { value: 0.0, error: 0.0 };
        solution.survival = vec![Some(survival); questions.survival_times.len()];
        return solution;
    }
    let complete = solution.mean.is_some()
        && solution.second_moment.is_some()
        && solution.right_probability.is_some()
        && solution.landing.iter().all(Option::is_some)
        && questions.survival_times.is_empty();
    // Without a mean a Gaussian problem has a wall or an end that the quadrature knows to be open.
    if complete {
        return solution;
    }
    if noise.diffusion().is_some() && known.mean.is_none() {
        solution.reason = Some(ExactError::Quadrature);
        return solution;
    }
    let Some(generator) = Generator::new(potential, noise) else {
        solution.reason = Some(ExactError::Noise);
        return solution;
    };
    let mut all = questions.clone();
    all.landing.push([problem.upper, f64::INFINITY]);
    match nonlocal::stopped(&generator, landscape, problem, &all) {
        Ok(mut answers) => {
            let right = answers.landing.pop();
            // The far end of the line is no exit.
            let right = right.filter(|_| problem.upper.is_finite());
            let nothing = Bounded { value: 0.0, error: 0.0 };
            solution.mean = solution.mean.or(Some(answers.mean));
            if solution.second_moment.is_none() && answers.second_moment.is_none() {
                solution.reason = Some(ExactError::SecondMoment);
            }
            solution.second_moment = solution.second_moment.or(answers.second_moment);
            solution.right_probability = solution.right_probability.or(right).or(Some(nothing));
            for (known, answer) in solution.landing.iter_mut().zip(answers.landing) {
                *known = known.or(Some(answer));
            }
            solution.survival = answers.survival.into_iter().map(Some).collect();
            solution.levels = answers.levels.iter().map(|(size, values)| (*size, values[0])).collect();
        }
        Err(reason) => solution.reason = Some(reason),
    }
    solution
}

fn from_formulas(known: &ExactValues, questions: &Questions) -> Solution {
    let bounded = |value: f64| Bounded { value, error: FORMULA * value.abs() };
    // A difference of two probabilities has their rounding.
    let place = |value: f64| Bounded { value, error: FORMULA * value.abs() + DIFFERENCE };
    Solution {
        mean: known.mean.map(bounded),
        second_moment: known.second_moment.map(bounded),
        right_probability: known.right_probability.map(bounded),
        landing: questions.landing.iter().map(|&[lo, hi]| known.landing(lo, hi).map(place)).collect(),
        survival: vec![None; questions.survival_times.len()],
        levels: Vec::new(),
        reason: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_potential::Formula;

    #[test]
    fn differences_of_probabilities_admit_their_rounding() {
        let free = Formula::new(|_| 0.0, |_| 0.0, |_| 0.0);
        let questions = Questions { landing: vec![[2.0, 2.0 + 4.0 * f64::EPSILON]], ..Questions::default() };
        let problem = StoppedProblem::exit(0.0, -1.0, 1.0);
        let noise = NoiseLaw::stable(1.5, 1.0);
        let solution = solve(&free, &Landscape::default(), noise, &problem, &questions);
        // The density at 2: sin(3 pi/4)/pi 3^(-3/4) / 2.
        let truth = 0.049_370_126 * 4.0 * f64::EPSILON;
        let landing = solution.landing[0].unwrap();
        assert!((landing.value - truth).abs() <= landing.error, "{landing:?} {truth}");
    }

    #[test]
    fn what_is_missing_has_a_reason() {
        let free = Formula::new(|_| 0.0, |_| 0.0, |_| 0.0);
        let problem = StoppedProblem::exit(0.0, f64::NEG_INFINITY, 1.0);
        for noise in [NoiseLaw::Brownian { epsilon: 1.0 }, NoiseLaw::stable(1.5, 1.0)] {
            let solution = solve(&free, &Landscape::default(), noise, &problem, &Questions::default());
            assert!(solution.mean.is_none() && solution.reason.is_some(), "{solution:?}");
        }
    }
}
