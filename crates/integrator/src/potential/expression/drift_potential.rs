//! A potential on the line given by a formula of its drift.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use super::{Expression, ExpressionError, Interval, Tape};
use crate::potential::Potential;
use crate::potential::quadrature::integrate;

/// Steps of the table of integrals in one unit of length near the origin, and in one doubling of the
/// distance beyond.
const STEPS: usize = 8;

/// The table's steps grow with the distance beyond this one.
const UNIFORM: f64 = 4.0;

/// The potential `U(x) = -integral of b from the origin to x` of a drift `b` on the line, from a formula
/// of `b`: `U' = -b` and `U''` are exact, `U` is found by quadrature.
///
/// The error of `U` is below 1e-10 of the integral of `|b|` from the origin to `x`, for a drift without
/// features much narrower than a hundredth of a length unit (or of the distance from the origin, beyond
/// four). The origin is 0 if the drift has a value there. Where the drift has no value, or no integral
/// from the origin, `U` is NaN.
///
/// ```
/// # use std::collections::BTreeMap;
/// # use levyscape_integrator::potential::{DriftPotential, Potential};
/// let well = DriftPotential::new("x - x^3", "x", &BTreeMap::new())?;
/// assert_eq!(well.gradient(2.0), 6.0);
/// assert!((well.value(2.0) - 2.0).abs() < 1e-14);
/// # Ok::<(), levyscape_integrator::potential::ExpressionError>(())
/// ```
#[derive(Debug, Clone)]
pub struct DriftPotential {
    /// Of `b`, `U'` and `U''`.
    expressions: [Expression; 3],
    gradient: Tape,
    curvature: Tape,
    origin: f64,
    /// `U` at the steps to the left and to the right of the origin, as far as it was asked for.
    sums: Arc<Mutex<[Vec<f64>; 2]>>,
}

impl DriftPotential {
    /// The potential of the drift with this formula in `variable`, for the given values of its parameters.
    ///
    /// # Errors
    ///
    /// Those of [`Expression::parse`].
    pub fn new(
        text: &str,
        variable: &str,
        parameters: &BTreeMap<String, f64>,
    ) -> Result<Self, ExpressionError> {
        let drift = Expression::parse(text, &[variable.to_owned()], parameters)?;
        let gradient = drift.negated();
        let curvature = gradient.derivative(0);
        let tape = gradient.compile();
        let places = [0.0, 1.0, -1.0, 0.5, -0.5, 2.0, -2.0, 10.0, -10.0, 0.1, -0.1];
        let origin = places.into_iter().find(|&x| tape.evaluate(&[x]).is_finite()).unwrap_or(0.0);
        Ok(Self {
            gradient: tape,
            curvature: curvature.compile(),
            expressions: [drift, gradient, curvature],
            origin,
            sums: Arc::new(Mutex::new([vec![0.0], vec![0.0]])),
        })
    }

    /// The formula of the drift `b`, parameters replaced by their values.
    pub fn expression(&self) -> &Expression {
        &self.expressions[0]
    }

    /// The formula of `U' = -b`.
    pub fn gradient_expression(&self) -> &Expression {
        &self.expressions[1]
    }

    /// The formula of `U''`.
    pub fn curvature_expression(&self) -> &Expression {
        &self.expressions[2]
    }

    /// Where `U` is zero.
    pub fn origin(&self) -> f64 {
        self.origin
    }

    fn integral(&self, from: f64, to: f64) -> f64 {
        integrate(|x, out| self.gradient.evaluate_batch(&[x], out), from, to)
    }
}

/// The distance of a step from the origin.
fn distance(step: usize) -> f64 {
    let uniform = UNIFORM as usize * STEPS;
    if step <= uniform {
        step as f64 / STEPS as f64
    } else {
        UNIFORM * libm::exp2((step - uniform) as f64 / STEPS as f64)
    }
}

/// The last step within a finite distance.
fn step_within(radius: f64) -> usize {
    if radius < UNIFORM {
        return (radius * STEPS as f64) as usize;
    }
    let mut step = (STEPS as f64 * (UNIFORM + libm::log2(radius / UNIFORM))) as usize;
    // The logarithm is rounded.
    while distance(step) > radius {
        step -= 1;
    }
    while distance(step + 1) <= radius {
        step += 1;
    }
    step
}

/// The formula of the drift.
impl fmt::Display for DriftPotential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.expression().fmt(f)
    }
}

impl Potential for DriftPotential {
    fn value(&self, x: f64) -> f64 {
        let radius = (x - self.origin).abs();
        if !radius.is_finite() {
            return f64::NAN;
        }
        let step = step_within(radius);
        let right = x > self.origin;
        let place = |step: usize| self.origin + if right { distance(step) } else { -distance(step) };
        let sum = {
            // Another thread's panic leaves at worst a shorter table.
            let mut sums = self.sums.lock().unwrap_or_else(PoisonError::into_inner);
            let sums = &mut sums[usize::from(right)];
            while let Some(&last) = sums.last()
                && sums.len() <= step
                && last.is_finite()
            {
                let done = sums.len();
                sums.push(last + self.integral(place(done - 1), place(done)));
            }
            match sums.get(step) {
                Some(&sum) => sum,
                // Beyond a step without a value.
                None => return f64::NAN,
            }
        };
        sum + self.integral(place(step), x)
    }

    fn gradient(&self, x: f64) -> f64 {
        self.gradient.evaluate(&[x])
    }

    fn curvature(&self, x: f64) -> f64 {
        self.curvature.evaluate(&[x])
    }

    fn enclose(&self, lo: f64, hi: f64) -> Option<[Interval; 2]> {
        let x = [Interval::new(lo, hi)];
        Some([self.gradient_expression().enclose(&x), self.curvature_expression().enclose(&x)])
    }

    fn gradient_batch(&self, x: &[f64], out: &mut [f64]) {
        self.gradient.evaluate_batch(&[x], out);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> DriftPotential {
        DriftPotential::new(text, "x", &BTreeMap::from([("a".to_owned(), 0.3)])).unwrap()
    }

    #[test]
    fn the_value_is_the_integral() {
        type Case = (&'static str, f64, fn(f64) -> f64);
        let cases: [Case; 8] = [
            ("x - x^3", 0.0, |x| x.powi(4) / 4.0 - x * x / 2.0),
            ("-x", 0.0, |x| x * x / 2.0),
            ("-sin(3*x)", 0.0, |x| (1.5 * x).sin().powi(2) / 1.5),
            ("-exp(x)", 0.0, f64::exp_m1),
            ("-sign(x)", 0.0, f64::abs),
            // A jump where no step of the table is, and a force that is not continuous.
            ("if(x < a, 1, -2)", 0.0, |x| if x < 0.3 { -x } else { 2.0 * (x - 0.3) - 0.3 }),
            ("-abs(x)^1.5*sign(x)", 0.0, |x| x.abs().powf(2.5) / 2.5),
            ("0", 0.0, |_| 0.0),
        ];
        for (text, origin, potential) in cases {
            let well = of(text);
            assert_eq!((well.origin(), well.value(origin)), (origin, 0.0), "{text}");
            for x in [-20.0, -3.7, -1.0, -0.01, 1e-9, 0.25, 0.3, 0.301, 1.0, 3.999, 4.0, 4.1, 17.0, 1e3] {
                let (value, expected) = (well.value(x), potential(x));
                // The integral of |b| is at most some ten times the greatest |U| for all of these.
                let scale = expected.abs().max(x.abs());
                if expected.is_finite() {
                    assert!(
                        (value - expected).abs() <= 1e-10 * scale,
                        "{text} at {x}: {value}, not {expected}"
                    );
                }
                assert_eq!(value.to_bits(), well.value(x).to_bits());
            }
        }
    }

    #[test]
    fn the_order_of_questions_does_not_matter() {
        let (near_first, far_first) = (of("x - x^3 + cos(5*x)"), of("x - x^3 + cos(5*x)"));
        let points: Vec<f64> = (-60..60).map(|k| 0.37 * f64::from(k)).collect();
        let forward: Vec<u64> = points.iter().map(|&x| near_first.value(x).to_bits()).collect();
        let mut backward: Vec<u64> = points.iter().rev().map(|&x| far_first.value(x).to_bits()).collect();
        backward.reverse();
        assert_eq!(forward, backward);
    }

    #[test]
    fn outside_the_domain_is_nan() {
        let well = of("1/x - x");
        assert_eq!(well.origin(), 1.0);
        for x in [0.001, 0.3, 1.0, 2.0, 50.0f64] {
            let expected = x * x / 2.0 - 0.5 - x.ln();
            assert!((well.value(x) - expected).abs() < 1e-10 * expected.abs().max(1.0), "{x}");
        }
        for x in [0.0, -0.5, -1.0, -30.0, f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            assert!(well.value(x).is_nan(), "{x}");
        }
        let well = of("-log(x)");
        assert!((well.value(0.5) - (0.5 * 0.5f64.ln() + 0.5)).abs() < 1e-12);
        assert!(well.value(-0.5).is_nan() && well.gradient(-0.5).is_nan());
        assert!(of("log(-1 - x^2)").value(0.5).is_nan());
        // Far out the integral overflows, and stays without a value.
        assert!(!of("-exp(x)").value(1e6).is_finite());
    }

    #[test]
    fn derivatives_are_exact() {
        let well = of("x - x^3");
        assert_eq!(well.to_string(), "x - x^3");
        assert_eq!(well.gradient_expression().to_string(), "x^3 - x");
        assert_eq!(well.curvature_expression().to_string(), "3*x^2 - 1");
        let x: Vec<f64> = (0..100).map(|k| 0.05 * f64::from(k) - 2.5).collect();
        let mut out = vec![0.0; x.len()];
        well.gradient_batch(&x, &mut out);
        for (&x, gradient) in x.iter().zip(out) {
            assert_eq!(gradient.to_bits(), well.gradient(x).to_bits());
            assert_eq!(well.curvature(x), 3.0 * (x * x) - 1.0);
            let h = 1e-4;
            let difference = (well.value(x + h) - well.value(x - h)) / (2.0 * h);
            assert!((difference - gradient).abs() < 1e-7);
        }
    }
}
