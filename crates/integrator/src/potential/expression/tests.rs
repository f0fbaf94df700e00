use std::collections::BTreeMap;

use proptest::prelude::*;
use proptest::test_runner::{TestRng, TestRunner};
use rand::{RngExt, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;

use super::{Expression, ExpressionError, ExpressionPotential};
use crate::potential::Potential;

fn in_x(text: &str) -> Expression {
    parse(text).unwrap_or_else(|error| panic!("{text}: {error:?}"))
}

fn parse(text: &str) -> Result<Expression, ExpressionError> {
    let parameters = BTreeMap::from([("height".to_owned(), 2.5), ("w".to_owned(), 0.5)]);
    Expression::parse(text, &["x".to_owned()], &parameters)
}

/// Equal bits, or both NaN (whose sign and payload carry nothing).
fn same(a: f64, b: f64) -> bool {
    a.to_bits() == b.to_bits() || (a.is_nan() && b.is_nan())
}

#[test]
fn precedence_is_that_of_mathematics() {
    for (text, x, value) in [
        ("-x^2", 3.0, -9.0),
        ("(-x)^2", 3.0, 9.0),
        ("2^3^2", 0.0, 512.0),
        ("(2^3)^2", 0.0, 64.0),
        ("2^-1", 0.0, 0.5),
        ("2^-x", 3.0, 0.125),
        ("2^-x^2", 2.0, 0.0625),
        ("-2^2", 0.0, -4.0),
        ("1-2-3", 0.0, -4.0),
        ("1-(2-3)", 0.0, 2.0),
        ("8/4/2", 0.0, 1.0),
        ("8/(4/2)", 0.0, 4.0),
        ("8/4*2", 0.0, 4.0),
        ("x^-2", -2.0, 0.25),
        ("2*-x", 3.0, -6.0),
        ("1--x", 3.0, 4.0),
        ("+x", 3.0, 3.0),
        ("1+2*3^2", 0.0, 19.0),
        ("-x^2*2+1", 3.0, -17.0),
        (" height * x \t/ w\n", 3.0, 15.0),
        (".5e1 + 1. + 1E-1 + 2e+0", 0.0, 8.1),
        ("pi - e", 0.0, std::f64::consts::PI - std::f64::consts::E),
        ("min(x, 2) + max(x, 2)", 3.0, 5.0),
        ("sign(-x) + abs(-x)", 3.0, 2.0),
        ("choose(x, 10, 20)", -1.0, 20.0),
        ("choose(x, 10, 20)", 0.0, 15.0),
        ("x^0", 0.0, 1.0),
        ("x^1.5", 4.0, 8.0),
        ("x^-0.5", 4.0, 0.5),
        ("x^3", -2.0, -8.0),
        ("x^(1/3)", 8.0, 2.0),
    ] {
        assert_eq!(in_x(text).evaluate(&[x]), value, "{text} at {x}");
    }
}

#[test]
fn functions_have_their_values() {
    for (name, function) in [
        ("sin", f64::sin as fn(f64) -> f64),
        ("cos", f64::cos),
        ("tan", f64::tan),
        ("exp", f64::exp),
        ("log", f64::ln),
        ("sqrt", f64::sqrt),
        ("abs", f64::abs),
        ("tanh", f64::tanh),
        ("cosh", f64::cosh),
        ("sinh", f64::sinh),
        ("atan", f64::atan),
        ("log10", f64::log10),
        ("asin", f64::asin),
        ("acos", f64::acos),
        ("asinh", f64::asinh),
        ("acosh", f64::acosh),
        ("atanh", f64::atanh),
        ("floor", f64::floor),
    ] {
        let expression = in_x(&format!("{name}(x)"));
        for x in [0.1, 0.7, 2.3, 5.0] {
            let (value, expected) = (expression.evaluate(&[x]), function(x));
            let close = (value - expected).abs() <= 6e-16 * expected.abs();
            assert!(close || (value.is_nan() && expected.is_nan()), "{name}({x}) = {value}");
        }
    }
    // DLMF 7.2.1, by its series in 30 digits.
    assert!((in_x("erf(x)").evaluate(&[0.5]) - 0.520_499_877_813_046_5).abs() < 2e-16);
    for (x, step) in [(-2.0, 0.0), (0.0, 0.5), (3.0, 1.0)] {
        assert_eq!(in_x("heaviside(x)").evaluate(&[x]), step);
    }
}

#[test]
fn conditions_decide_exactly() {
    let at = |text: &str, x: f64| in_x(text).evaluate(&[x]);
    let (below, above) = (-f64::from_bits(1), f64::from_bits(1));
    for (text, values) in [
        // At the least number below 0, at 0, and at the least above.
        ("if(x < 0, 1, 2)", [1.0, 2.0, 2.0]),
        ("if(x <= 0, 1, 2)", [1.0, 1.0, 2.0]),
        ("if(x > 0, 1, 2)", [2.0, 2.0, 1.0]),
        ("if(x >= 0, 1, 2)", [2.0, 1.0, 1.0]),
        ("if(not x < 0, 1, 2)", [2.0, 1.0, 1.0]),
        ("if(not (x <= 0), 1, 2)", [2.0, 2.0, 1.0]),
        ("if(not not x <= 0, 1, 2)", [1.0, 1.0, 2.0]),
        ("if(0 <= x <= 0, 1, 2)", [2.0, 1.0, 2.0]),
        ("if(1 > x >= 0, 1, 2)", [2.0, 1.0, 1.0]),
        ("if(x >= 0 and x <= 0, 1, 2)", [2.0, 1.0, 2.0]),
        ("if(x < 0 or x > 0, 1, 2)", [1.0, 2.0, 1.0]),
        ("if(not (x < 0 or x > 0), 1, 2)", [2.0, 1.0, 2.0]),
        // `and` binds tighter than `or`.
        ("if(x < 0 or x > 0 and x > 1, 1, 2)", [1.0, 2.0, 2.0]),
        ("if((x < 0 or x > 0) and x > 1, 1, 2)", [2.0, 2.0, 2.0]),
        ("if(x < 0, 1, if(x > 0, 2, 3))", [1.0, 3.0, 2.0]),
        ("if(1 < 2 and x < 0, 1, 2)", [1.0, 2.0, 2.0]),
        ("if(w < 1, x, log(x))", [below, 0.0, above]),
        ("if(-x < 0, 1, 2) + x", [2.0, 2.0, 1.0]),
    ] {
        for (x, value) in [below, 0.0, above].into_iter().zip(values) {
            assert_eq!(at(text, x), value, "{text} at {x:e}");
        }
        assert_eq!(at(text, -0.0), values[1], "{text} at minus zero");
    }
    // A branch that is not chosen may be anything.
    assert_eq!(at("if(x > 0, log(x), x)", -1.0), -1.0);
    assert_eq!(at("if(x > 0, 1/x, 7)", 0.0), 7.0);
    // A condition that cannot be said, unless another decides.
    assert!(at("if(x < 0, 1, 2)", f64::NAN).is_nan());
    assert!(at("if(not x < 0, 1, 2)", f64::NAN).is_nan());
    assert!(at("if(log(x) < 1, 1, 2)", -1.0).is_nan());
    assert!(at("if(x < 0 and log(x) < 1, 1, 2)", -1.0).is_nan());
    assert!(at("if(x > 0 or log(x) < 1, 1, 2)", -1.0).is_nan());
    assert_eq!(at("if(x > 0 and log(x) < 1, 1, 2)", -1.0), 2.0);
    assert_eq!(at("if(log(x) < 1 and x > 0, 1, 2)", -1.0), 2.0);
    assert_eq!(at("if(x < 0 or log(x) < 1, 1, 2)", -1.0), 1.0);
    assert_eq!(at("if(log(x) < 1 or x < 0, 1, 2)", -1.0), 1.0);
}

#[test]
fn derivatives_of_pieces_are_those_of_the_branches() {
    for (text, first) in [
        ("if(x < 0, -x, x^2)", "if(x < 0, -1, 2*x)"),
        ("if(x > 1 or x < -1, (abs(x) - 1)^2, 0)", "if(x > 1 or x < -1, 2*sign(x)*(abs(x) - 1), 0)"),
        ("if(not (x > 1 and x < 3), x, 2)", "if(not (x > 1 and x < 3), 1, 0)"),
        ("if(0 <= x < 2*w, 1, 2)", "0"),
        ("if(log(x) < 1, 1, 2)", "if(log(x) < 1, 0, 0)"),
        ("heaviside(x)*x", "heaviside(x)"),
        ("floor(x)*x", "floor(x)"),
        ("erf(x)", "1.1283791670955126*exp(-x^2)"),
        ("asin(x)", "1/sqrt(1 - x^2)"),
        ("acos(x)", "-1/sqrt(1 - x^2)"),
        ("asinh(x)", "1/sqrt(x^2 + 1)"),
        ("acosh(x)", "1/(sqrt(x - 1)*sqrt(x + 1))"),
        ("atanh(x)", "1/(1 - x^2)"),
        ("log10(x)", "1/(2.302585092994046*x)"),
    ] {
        assert_eq!(in_x(text).derivative(0).to_string(), first, "{text}");
    }
    let slope = in_x("if(x < 0, -x, x^2)").derivative(0);
    assert_eq!([-1.0, 0.0, 1.0].map(|x| slope.evaluate(&[x])), [-1.0, 0.0, 2.0]);
    // The derivative has no value where the function has none.
    for text in ["asin(x)", "acos(x)", "acosh(x)", "atanh(x)", "log10(x)", "if(log(x) < 1, 1, 2)"] {
        let expression = in_x(text);
        let x = if text.starts_with("acosh") || text.contains("log") { -2.0 } else { 2.0 };
        assert!(expression.evaluate(&[x]).is_nan(), "{text}");
        assert!(expression.derivative(0).evaluate(&[x]).is_nan(), "{text}");
    }
}

/// A piecewise formula whose values at multiples of 1/4 have no rounding error, so that nothing hangs
/// on the order of operations.
#[derive(Debug, Clone)]
enum Piecewise {
    Number(i32),
    X,
    Square,
    /// `0*log(x)`: 0 at positive x, no value elsewhere.
    Domain,
    Sum(Box<[Piecewise; 2]>),
    Difference(Box<[Piecewise; 2]>),
    Multiple(i32, Box<Piecewise>),
    Abs(Box<Piecewise>),
    Max(Box<[Piecewise; 2]>),
    If(Box<(Condition, [Piecewise; 2])>),
}

#[derive(Debug, Clone)]
enum Condition {
    Compare(&'static str, Box<[Piecewise; 2]>),
    Join(&'static str, Box<[Condition; 2]>),
    Not(Box<Condition>),
}

impl Piecewise {
    fn text(&self) -> String {
        match self {
            Self::Number(n) => format!("({n})"),
            Self::X => "x".to_owned(),
            Self::Square => "x^2".to_owned(),
            Self::Domain => "0*log(x)".to_owned(),
            Self::Sum(p) => format!("({} + {})", p[0].text(), p[1].text()),
            Self::Difference(p) => format!("({} - {})", p[0].text(), p[1].text()),
            Self::Multiple(n, p) => format!("({n})*{}", p.text()),
            Self::Abs(p) => format!("abs({})", p.text()),
            Self::Max(p) => format!("max({}, {})", p[0].text(), p[1].text()),
            Self::If(p) => format!("if({}, {}, {})", p.0.text(), p.1[0].text(), p.1[1].text()),
        }
    }

    /// The value and the derivative, `None` outside the domain.
    fn at(&self, x: f64) -> Option<(f64, f64)> {
        let tie = |sign: f64, a: f64, b: f64| {
            if sign == 0.0 {
                0.5 * (a + b)
            } else if sign > 0.0 {
                a
            } else {
                b
            }
        };
        let both = |p: &[Piecewise; 2]| Some((p[0].at(x)?, p[1].at(x)?));
        Some(match self {
            Self::Number(n) => (f64::from(*n), 0.0),
            Self::X => (x, 1.0),
            Self::Square => (x * x, 2.0 * x),
            Self::Domain => (x > 0.0).then_some((0.0, 0.0))?,
            Self::Sum(p) => both(p).map(|(a, b)| (a.0 + b.0, a.1 + b.1))?,
            Self::Difference(p) => both(p).map(|(a, b)| (a.0 - b.0, a.1 - b.1))?,
            Self::Multiple(n, p) => p.at(x).map(|a| (f64::from(*n) * a.0, f64::from(*n) * a.1))?,
            Self::Abs(p) => p.at(x).map(|a| (a.0.abs(), tie(a.0, a.1, -a.1)))?,
            Self::Max(p) => both(p).map(|(a, b)| (a.0.max(b.0), tie(a.0 - b.0, a.1, b.1)))?,
            Self::If(p) => {
                if p.0.holds(x)? {
                    p.1[0].at(x)?
                } else {
                    p.1[1].at(x)?
                }
            }
        })
    }
}

impl Condition {
    fn text(&self) -> String {
        match self {
            Self::Compare(sign, p) => format!("{} {sign} {}", p[0].text(), p[1].text()),
            Self::Join(word, p) => format!("({} {word} {})", p[0].text(), p[1].text()),
            Self::Not(p) => format!("not {}", p.text()),
        }
    }

    fn holds(&self, x: f64) -> Option<bool> {
        match self {
            Self::Compare(sign, p) => {
                let (a, b) = (p[0].at(x)?.0, p[1].at(x)?.0);
                Some(match *sign {
                    "<" => a < b,
                    "<=" => a <= b,
                    ">" => a > b,
                    _ => a >= b,
                })
            }
            Self::Join(word, p) => {
                let decides = *word == "or";
                match (p[0].holds(x), p[1].holds(x)) {
                    (Some(a), _) if a == decides => Some(decides),
                    (_, Some(b)) if b == decides => Some(decides),
                    (Some(_), Some(_)) => Some(!decides),
                    _ => None,
                }
            }
            Self::Not(p) => p.holds(x).map(|holds| !holds),
        }
    }
}

fn piecewise() -> impl Strategy<Value = Piecewise> {
    let leaf = prop_oneof![
        3 => (-3..=3).prop_map(Piecewise::Number),
        5 => Just(Piecewise::X),
        2 => Just(Piecewise::Square),
        1 => Just(Piecewise::Domain),
    ];
    leaf.prop_recursive(5, 60, 4, |inner| {
        let pair = prop::array::uniform2(inner.clone());
        let boxed = inner.clone().prop_map(Box::new);
        let comparison = (prop::sample::select(vec!["<", "<=", ">", ">="]), pair.clone())
            .prop_map(|(sign, p)| Condition::Compare(sign, Box::new(p)));
        let condition = comparison.prop_recursive(2, 6, 2, |condition| {
            prop_oneof![
                (prop::sample::select(vec!["and", "or"]), prop::array::uniform2(condition.clone()))
                    .prop_map(|(word, p)| Condition::Join(word, Box::new(p))),
                condition.prop_map(|p| Condition::Not(Box::new(p))),
            ]
        });
        prop_oneof![
            1 => pair.clone().prop_map(|p| Piecewise::Sum(Box::new(p))),
            1 => pair.clone().prop_map(|p| Piecewise::Difference(Box::new(p))),
            1 => (-3..=3, boxed.clone()).prop_map(|(n, p)| Piecewise::Multiple(n, p)),
            1 => boxed.prop_map(Piecewise::Abs),
            1 => pair.clone().prop_map(|p| Piecewise::Max(Box::new(p))),
            4 => (condition, pair).prop_map(|p| Piecewise::If(Box::new(p))),
        ]
    })
}

#[test]
fn piecewise_formulas_agree_with_a_direct_evaluation() {
    deterministic_runner(1500)
        .run(&piecewise(), |formula| {
            let expression = in_x(&formula.text());
            let derivative = expression.derivative(0);
            let again = in_x(&expression.to_string());
            let points: Vec<f64> = (-12..=12).map(|k| 0.25 * f64::from(k)).collect();
            for (function, which) in [(&expression, 0), (&derivative, 1), (&again, 2)] {
                for tape in function.compile().at_every_level() {
                    let mut batch = vec![0.0; points.len()];
                    tape.evaluate_batch(&[&points], &mut batch);
                    for (&x, batch) in points.iter().zip(batch) {
                        let value = function.evaluate(&[x]);
                        prop_assert!(same(value, batch));
                        let expected = match formula.at(x) {
                            Some((value, derivative)) => {
                                if which == 1 {
                                    derivative
                                } else {
                                    value
                                }
                            }
                            None => f64::NAN,
                        };
                        prop_assert!(
                            value == expected || (value.is_nan() && expected.is_nan()),
                            "{function} at {x}: {value}, not {expected}"
                        );
                    }
                }
            }
            Ok(())
        })
        .unwrap();
}

#[test]
fn outside_the_domain_is_nan() {
    for text in
        ["log(x)", "sqrt(x)", "x^0.5", "x^1.5", "x^pi", "x + 0*log(x)", "min(log(x), x)", "max(x, log(x))"]
    {
        let value = in_x(text);
        let gradient = value.derivative(0);
        let curvature = gradient.derivative(0);
        for expression in [&value, &gradient] {
            assert!(expression.evaluate(&[-1.0]).is_nan(), "{text}");
            assert!(expression.evaluate(&[f64::NAN]).is_nan(), "{text}");
            assert!(expression.evaluate(&[1.0]).is_finite(), "{text}");
        }
        if text == "log(x)" {
            assert!(curvature.evaluate(&[-1.0]).is_nan());
            assert_eq!(curvature.evaluate(&[2.0]), -0.25);
        }
    }
    assert_eq!(in_x("0*x^3").to_string(), "0");
    assert_eq!(in_x("x - x").to_string(), "0");
}

#[test]
fn derivatives_at_zero_and_at_negative_points() {
    for (text, x, first, second) in [
        ("x^2", 0.0, 0.0, 2.0),
        ("x^2", -3.0, -6.0, 2.0),
        ("x^3", -2.0, 12.0, -12.0),
        ("x^1", 0.0, 1.0, 0.0),
        ("x^-2", -2.0, 0.25, 0.375),
        ("x^2.5", 4.0, 20.0, 7.5),
        ("x^2.5", 0.0, 0.0, 0.0),
        ("abs(x)", 0.0, 0.0, 0.0),
        ("abs(x)", -2.0, -1.0, 0.0),
        ("abs(x)^3", 0.0, 0.0, 0.0),
        ("abs(x)^3", -2.0, -12.0, 12.0),
        ("min(x, 2*x)", 0.0, 1.5, 0.0),
        ("min(x^2, 3)", -1.0, -2.0, 2.0),
        ("max(x^2, 3)", -1.0, 0.0, 0.0),
        ("exp(-x^2)", 1.0, -2.0 * (-1f64).exp(), 2.0 * (-1f64).exp()),
        ("1/x", -2.0, -0.25, -0.25),
        ("7", 1.0, 0.0, 0.0),
    ] {
        let gradient = in_x(text).derivative(0);
        assert!((gradient.evaluate(&[x]) - first).abs() < 1e-15, "{text}: {gradient}");
        let curvature = gradient.derivative(0);
        assert!((curvature.evaluate(&[x]) - second).abs() < 1e-15, "{text}: {curvature}");
    }
}

#[test]
fn partial_derivatives_of_several_variables() {
    let variables = ["x", "y", "z"].map(str::to_owned);
    let parameters = BTreeMap::new();
    let potential = Expression::parse("x^2*y + sin(x*y) + x^y", &variables, &parameters).unwrap();
    let (x, y) = (1.3f64, 0.7f64);
    let point = [x, y, 9.0];
    let close = |a: f64, b: f64| assert!((a - b).abs() < 1e-14, "{a} {b}");
    close(potential.derivative(0).evaluate(&point), 2.0 * x * y + y * (x * y).cos() + y * x.powf(y - 1.0));
    close(potential.derivative(1).evaluate(&point), x * x + x * (x * y).cos() + x.powf(y) * x.ln());
    close(
        potential.derivative(0).derivative(1).evaluate(&point),
        potential.derivative(1).derivative(0).evaluate(&point),
    );
    assert_eq!(potential.derivative(2).to_string(), "0");
    assert_eq!(potential.derivative(7).to_string(), "0");
    let tape = potential.compile();
    let mut out = [0.0; 3];
    tape.evaluate_batch(&[&[1.3; 3], &[0.7; 3], &[9.0; 3]], &mut out);
    assert!(out.iter().all(|&value| same(value, potential.evaluate(&point))));
}

#[test]
fn derivatives_read_well() {
    for (text, first, second) in [
        ("x^4/4 - x^2/2", "x^3 - x", "3*x^2 - 1"),
        ("(x^2 - 1)^2 + 0.1*x", "4*x*(x^2 - 1) + 0.1", "4*(3*x^2 - 1)"),
        ("-cos(2*x)", "2*sin(2*x)", "4*cos(2*x)"),
        ("exp(-x^2)", "-2*x*exp(-x^2)", ""),
        ("log(x)", "1/x", "-1/x^2"),
        ("abs(x)", "sign(x)", "0"),
        ("log(cosh(x/w))", "2*tanh(2*x)", ""),
        ("log(1 + x^2)", "2*x/(1 + x^2)", ""),
        ("x^2.3", "2.3*x^1.3", ""),
        ("(x^2 - 1)^3", "6*x*(x^2 - 1)^2", ""),
        ("max(x, x^2)", "choose(x - x^2, 1, 2*x)", "choose(x - x^2, 0, 2)"),
        ("x*height", "2.5", "0"),
        ("1e300*x^2", "2e300*x", "2e300"),
    ] {
        let gradient = in_x(text).derivative(0);
        assert_eq!(gradient.to_string(), first, "{text}");
        if !second.is_empty() {
            assert_eq!(gradient.derivative(0).to_string(), second, "{text}");
        }
    }
    for text in
        ["(-x)^x", "2^(3*x)", "x - (2 - sin(x))", "x/(sin(x)*cos(x))", "(x^x)^x", "x^-2", "1e-7*x", "pi*x"]
    {
        assert_eq!(in_x(text).to_string(), text);
    }
}

/// A random formula in `x`, mostly smooth and of moderate size for |x| < 2.
fn random_expression(rng: &mut Xoshiro256PlusPlus, depth: usize) -> String {
    if depth == 0 || rng.random_range(0..8) == 0 {
        return match rng.random_range(0..4) {
            0 => format!("{:.2}", rng.random_range(0.1..3.0)),
            1 => ["pi", "e", "w", "height"][rng.random_range(0..4)].to_owned(),
            _ => "x".to_owned(),
        };
    }
    let mut part = || random_expression(rng, depth - 1);
    let (a, b) = (part(), part());
    match rng.random_range(0..21) {
        0..=2 => format!("({a} + {b})"),
        3..=5 => format!("({a} - {b})"),
        6..=8 => format!("{a} * {b}"),
        9 => format!("({a}) / (1 + ({b})^2)"),
        10 => format!("({a})^{}", rng.random_range(2..5)),
        11 => format!("(1 + ({a})^2)^-{}", rng.random_range(1..4)),
        12 => format!("(1 + ({a})^2)^sin({b})"),
        13 => format!("-{a}"),
        14 => format!("min({a}, {b})"),
        15 => format!("abs({a})^1.7"),
        16 => format!("({a})/({b})"),
        17 => format!("log({a})"),
        18 => {
            let [yes, no] = [(); 2].map(|()| random_expression(rng, depth - 1));
            let condition = ["A < B", "B >= A", "not A > B", "A < B and x > 0.5", "x < 0.1 or A <= B < 2"];
            let condition = condition[rng.random_range(0..5)].replace('A', &a).replace('B', &b);
            format!("if({condition}, {yes}, {no})")
        }
        _ => {
            let name = [
                "sin",
                "cos",
                "tan",
                "exp",
                "sqrt",
                "abs",
                "tanh",
                "cosh",
                "sinh",
                "atan",
                "asin",
                "acos",
                "asinh",
                "acosh",
                "atanh",
                "log10",
                "erf",
                "floor",
                "heaviside",
            ];
            format!("{}({a})", name[rng.random_range(0..name.len())])
        }
    }
}

fn random_expressions(seed: u64, count: usize) -> Vec<Expression> {
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(seed);
    // A formula that folds to no finite number, such as log(-1), is refused and drawn again.
    std::iter::repeat_with(|| parse(&random_expression(&mut rng, 4)).ok()).flatten().take(count).collect()
}

/// Central differences of steps h, h/2 and h/4, extrapolated twice; and a bound on the error.
fn difference(f: impl Fn(f64) -> f64, x: f64) -> (f64, f64) {
    let central = |h: f64| (f(x + h) - f(x - h)) / (2.0 * h);
    let h = 2e-3;
    let [coarse, middle, fine] = [h, h / 2.0, h / 4.0].map(central);
    let once = [(4.0 * middle - coarse) / 3.0, (4.0 * fine - middle) / 3.0];
    let twice = (16.0 * once[1] - once[0]) / 15.0;
    (twice, (once[1] - once[0]).abs() + 1e-12 * f(x).abs() / h)
}

#[test]
fn derivatives_agree_with_differences() {
    let mut compared = 0;
    for expression in random_expressions(1, 60) {
        let gradient = expression.derivative(0);
        let curvature = gradient.derivative(0);
        for (function, derivative) in [(&expression, &gradient), (&gradient, &curvature)] {
            for x in [-1.7, -0.83, -0.31, 0.27, 0.64, 1.19, 1.93] {
                let exact = derivative.evaluate(&[x]);
                let (estimate, error) = difference(|x| function.evaluate(&[x]), x);
                // Near a pole or a kink the difference is no measure of the derivative.
                let measurable = exact.is_finite() && error <= 1e-5 * (1.0 + exact.abs().min(estimate.abs()));
                if !measurable {
                    continue;
                }
                compared += 1;
                let allowed = 10.0 * error + 1e-8 * (1.0 + exact.abs());
                assert!(
                    (exact - estimate).abs() <= allowed,
                    "{function} at {x}: {exact}, difference {estimate}"
                );
            }
        }
    }
    assert!(compared > 500, "{compared} comparisons");
}

#[test]
fn printed_text_reads_back_as_the_same_function() {
    for expression in random_expressions(2, 300) {
        let gradient = expression.derivative(0);
        for expression in [expression, gradient] {
            let text = expression.to_string();
            if text.ends_with("...") {
                continue;
            }
            let again = in_x(&text);
            for x in [-1.7, -0.31, 0.0, 0.64, 1.93] {
                let (value, reread) = (expression.evaluate(&[x]), again.evaluate(&[x]));
                // The text does not say that the derivative of a logarithm keeps its domain, and the sign
                // of an infinity may depend on the sign of a zero.
                assert!(!value.is_finite() || value == reread, "{text}\n{again}\nat {x}: {value} {reread}");
            }
        }
    }
}

#[test]
fn batches_have_the_bits_of_single_points() {
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(3);
    let mut expressions = random_expressions(3, 80);
    for text in [
        "x^3 - x",
        "x",
        "2",
        "x^64",
        "x^-7.5",
        "x^65",
        "x^2.25",
        "min(x, -x)",
        "max(1/x, x)",
        "sign(x)*log(x)",
        "if(x < 0, 1, 2)",
        "if(0 < x <= 1 and not log(x) > -1, x^2, floor(x))",
        "if(1/x > 3 or x < -2, erf(x), heaviside(x - 1))",
    ] {
        expressions.push(in_x(text));
    }
    let mut points: Vec<f64> = (0..130).map(|_| rng.random_range(-3.0..3.0)).collect();
    for (point, special) in
        points.iter_mut().step_by(9).zip([0.0, -0.0, 1.0, -1.0, f64::INFINITY, f64::NAN, 1e300, -1e-320, 1e5])
    {
        *point = special;
    }
    for (index, expression) in expressions.iter().enumerate() {
        let expressions = [expression.clone(), expression.derivative(0)];
        for expression in expressions {
            let tape = expression.compile();
            let single: Vec<f64> = points.iter().map(|&x| tape.evaluate(&[x])).collect();
            for (&x, &value) in points.iter().zip(&single) {
                assert!(same(value, expression.evaluate(&[x])), "{expression} at {x}");
            }
            for tape in tape.at_every_level() {
                // Every length for some, the edges of groups and blocks for all.
                let lengths = (1..=130).filter(|n| index % 8 == 0 || index >= 80 || n % 8 <= 1);
                for length in lengths {
                    let mut out = vec![0.0; length];
                    tape.evaluate_batch(&[&points[..length]], &mut out);
                    for ((&value, &batch), x) in single.iter().zip(&out).zip(&points) {
                        assert!(same(value, batch), "{expression} at {x}, {length} points: {value} {batch}");
                    }
                }
            }
        }
    }
    let mut empty = [];
    expressions[0].compile().evaluate_batch(&[&[]], &mut empty);
}

#[test]
fn errors_point_at_the_fault() {
    for (text, span, message, help) in [
        ("", 0..0, "the expression is empty", ""),
        ("  ", 0..2, "the expression is empty", ""),
        ("2x", 0..2, "a product needs its sign `*`", "write `2*x`"),
        ("3 + 2 x^2", 4..7, "a product needs its sign `*`", "write `2*x`"),
        ("2(x + 1)", 0..2, "a product needs its sign `*`", "write `2*(`"),
        ("(x)(x)", 2..4, "a product needs its sign `*`", "write `)*(`"),
        ("x^2 sin(x)", 2..7, "a product needs its sign `*`", "write `2*sin`"),
        ("2e", 0..2, "a product needs its sign `*`", "write `2*e`"),
        ("x(2)", 0..1, "`x` is not a function", "`x*(...)`"),
        ("(x + 1", 0..1, "this bracket is never closed", ""),
        ("sin(x", 3..4, "this bracket is never closed", ""),
        ("1 + (", 4..5, "this bracket is never closed", ""),
        ("x + 1)", 5..6, "this bracket was never opened", ""),
        (")", 0..1, "this bracket was never opened", ""),
        ("()", 0..2, "there is nothing between the brackets", ""),
        ("x +", 2..3, "nothing to the right of `+`", ""),
        ("x + * 2", 2..3, "nothing to the right of `+`", ""),
        ("*x", 0..1, "nothing to the left of `*`", ""),
        ("-", 0..1, "nothing to the right of `-`", ""),
        ("0,5*x", 1..2, "a comma outside a function's arguments", "0.5"),
        ("x**2", 1..3, "there is no operator `**`", "^"),
        ("x − 1", 2..5, "unexpected character `−`", "`-`"),
        ("x² + 1", 1..3, "unexpected character `²`", "`^2`"),
        ("|x|", 0..1, "unexpected character `|`", "abs"),
        ("1.2.3", 0..5, "`1.2.3` is not a number", ""),
        ("1..2", 0..4, "`1..2` is not a number", ""),
        (".", 0..1, "`.` is not a number", ""),
        ("1e999", 0..5, "`1e999` is too large a number", ""),
        (
            "heigt*x",
            0..5,
            "unknown name `heigt`",
            "did you mean `height`? variables: x; parameters: height, w",
        ),
        (
            "y",
            0..1,
            "unknown name `y`",
            "variables: x; parameters: height, w; constants: pi, e; functions: sin",
        ),
        ("1 + X", 4..5, "unknown name `X`", "did you mean `x`?"),
        ("ln(x)", 0..2, "unknown function `ln`", "did you mean `log`?"),
        ("sqr(x)", 0..3, "unknown function `sqr`", "did you mean `sqrt`?"),
        ("sin", 0..3, "`sin` is a function without its argument", "`sin(...)`"),
        ("sin x", 0..3, "`sin` is a function without its argument", "`sin(...)`"),
        ("min(x)", 0..6, "`min` takes 2 arguments, not 1", ""),
        ("1 + sin(x, 2)", 4..13, "`sin` takes 1 argument, not 2", ""),
        ("exp()", 0..5, "`exp` takes 1 argument, not 0", ""),
        ("x + (-8)^(1/3)", 4..14, "`(-8)^(1/3)` is not a finite real number", "negative number"),
        ("1 + x/(w-0.5)", 4..13, "division by `(w-0.5)`, which is zero", ""),
        ("x + 0^-1", 4..8, "`0^-1` is not a finite real number", "negative power of zero"),
        ("log(w - 0.5)", 0..12, "`log(w - 0.5)` is not a finite real number", ""),
        ("sqrt(-1)*x", 0..8, "`sqrt(-1)` is not a finite real number", ""),
        ("é + x", 0..2, "unknown name `é`", ""),
        ("if(x, 1, 2)", 3..4, "`x` is a number, not a condition", "as in `x < 0`"),
        ("if(x < 0, x > 1, 2)", 10..15, "`x > 1` is a condition, not a number", "first argument of `if`"),
        ("x < 0", 0..5, "`x < 0` is a condition, not a number", "first argument of `if`"),
        ("2*(x < 0)", 2..9, "`(x < 0)` is a condition, not a number", ""),
        ("sin(x < 0)", 4..9, "`x < 0` is a condition, not a number", ""),
        ("if((x < 0) < 1, 1, 2)", 3..10, "`(x < 0)` is a condition, not a number", ""),
        ("if(-(x < 0), 1, 2)", 4..11, "`(x < 0)` is a condition, not a number", ""),
        ("if(x < 0 and x, 1, 2)", 13..14, "`x` is a number, not a condition", ""),
        ("if(not x, 1, 2)", 7..8, "`x` is a number, not a condition", ""),
        ("if(x < 0, 1)", 0..12, "`if` takes 3 arguments, not 2", ""),
        ("if x < 0", 0..2, "`if` is a function without its argument", "`if(condition, ..., ...)`"),
        ("if(x == 0, 1, 2)", 5..7, "there is no operator `==`", "`<=`"),
        ("if(x != 0, 1, 2)", 5..7, "there is no operator `!=`", "`<=`"),
        ("if(x => 0, 1, 2)", 5..7, "there is no operator `=>`", "`>=`"),
        ("if(x < 0 && x > 1, 1, 2)", 9..11, "there is no operator `&&`", "`and`"),
        ("if(x < 0 || x > 1, 1, 2)", 9..11, "there is no operator `||`", "`or`"),
        ("if(!x < 0, 1, 2)", 3..4, "unexpected character `!`", "`not`"),
        ("if(x ≤ 0, 1, 2)", 5..8, "unexpected character `≤`", "`<=`"),
        ("x > 0 ? 1 : 2", 6..7, "unexpected character `?`", "if(condition, a, b)"),
        ("x = 1", 2..3, "unexpected character `=`", "compare"),
        ("if(x <, 1, 2)", 5..6, "nothing to the right of `<`", ""),
        ("if(< x, 1, 2)", 3..4, "nothing to the left of `<`", ""),
        ("if(x < 0 and, 1, 2)", 9..12, "nothing to the right of `and`", ""),
        ("if(x < 0 or, 1, 2)", 9..11, "nothing to the right of `or`", ""),
        ("if(x < 0 not x > 1, 1, 2)", 9..12, "unexpected `not`", ""),
        ("arcsin(x)", 0..6, "unknown function `arcsin`", "did you mean `asin`?"),
        ("If(x < 0, 1, 2)", 0..2, "unknown function `If`", "did you mean `if`?"),
    ] {
        let error = parse(text).expect_err(text);
        assert_eq!((error.span.clone(), error.message.as_str()), (span, message), "{text}");
        assert_eq!(error.to_string(), message);
        let given = error.help.clone().unwrap_or_default();
        assert!(given.contains(help), "{text}: {given}");
    }
}

#[test]
fn names_and_values_beside_the_text_are_checked() {
    let given = |variables: &[&str], parameters: &[(&str, f64)]| {
        let variables: Vec<String> = variables.iter().map(|&name| name.to_owned()).collect();
        let parameters = parameters.iter().map(|&(name, value)| (name.to_owned(), value)).collect();
        Expression::parse("1 + x^2", &variables, &parameters)
    };
    for (variables, parameters, span, message) in [
        (&["x", "e"][..], &[][..], 0..0, "the variable `e` has the name of a constant"),
        (&["x"], &[("tanh", 1.0)], 0..0, "the parameter `tanh` has the name of a function"),
        (&["x"], &[("and", 1.0)], 0..0, "the parameter `and` has the name of a word of conditions"),
        (&["x", "if"], &[], 0..0, "the variable `if` has the name of a function"),
        (&["x"], &[("x", 1.0)], 4..5, "`x` is both a variable and a parameter"),
        (&["x", "x"], &[], 4..5, "the variable `x` is given twice"),
        (&["x", "2x"], &[], 0..0, "`2x` cannot be the name of a variable"),
        (&["x", ""], &[], 0..0, "`` cannot be the name of a variable"),
        (&["y"], &[("x", f64::NAN)], 4..5, "the parameter `x` is NaN, not a finite number"),
    ] {
        let error = given(variables, parameters).expect_err(message);
        assert_eq!((error.span, error.message.as_str()), (span, message));
    }
    assert!(given(&["x", "α_1"], &[("beta", 1.0)]).is_ok());
}

#[test]
fn depth_and_length_are_limited() {
    for (before, open, inner, close) in [
        ("", "(", "x", ")"),
        ("", "-", "x", ""),
        ("", "2^", "x", ""),
        ("", "sin(", "x", ")"),
        ("", "2^-", "x", ""),
        ("", "min(1, ", "x", ")"),
        ("if(", "not ", "x < 1, 2, 3)", ""),
        ("", "if(x<", "1", ",x,3)"),
        ("if(", "(", "x < 1", ")"),
    ] {
        let after = if inner == "x < 1" { ", 2, 3)" } else { "" };
        let nested =
            |depth: usize| format!("{before}{}{inner}{}{after}", open.repeat(depth), close.repeat(depth));
        assert!(parse(&nested(95)).is_ok(), "{open}");
        let error = parse(&nested(900)).expect_err(open);
        assert!(error.message.contains("nested more than"), "{error}");
    }
    let sum = |terms: usize| vec!["x^2"; terms].join("*x-");
    let long = in_x(&sum(1500));
    assert_eq!(long.evaluate(&[1.0]), -1498.0);
    assert!(long.derivative(0).derivative(0).evaluate(&[1.0]).is_finite());
    let error = parse(&sum(5000)).expect_err("too long");
    assert!(error.message.contains("bytes"), "{error}");
    let product = in_x(&vec!["sin(x)*x"; 1000].join("*"));
    let curvature = product.derivative(0).derivative(0);
    assert!(curvature.to_string().len() < 20_010);
    assert!(curvature.evaluate(&[1.0]).is_finite());
}

fn deterministic_runner(cases: u32) -> TestRunner {
    TestRunner::new_with_rng(
        ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() },
        TestRng::deterministic_rng(ProptestConfig::default().rng_algorithm),
    )
}

#[test]
fn no_text_panics() {
    let mut runner = deterministic_runner(4000);
    let check = |text: String| {
        match parse(&text) {
            Ok(expression) => {
                let curvature = expression.derivative(0).derivative(0);
                let value = curvature.evaluate(&[0.7]);
                assert!(same(value, curvature.compile().evaluate(&[0.7])));
                assert!(!curvature.to_string().is_empty());
            }
            Err(error) => {
                // The span can be cut out of the text, and the message has something to say.
                assert!(text.get(error.span.clone()).is_some(), "{text:?}: {error:?}");
                assert!(!error.message.is_empty());
            }
        }
        Ok(())
    };
    runner.run(&"\\PC{0,30}", check).unwrap();
    runner.run(&"[-x+*/^(),.0-9e ]{0,24}", check).unwrap();
    runner.run(&"(x|2|<|>=|not |\\(|\\)| and | or |if\\(|if\\(x<1,|,|\\+|-){0,14}", check).unwrap();
    runner
        .run(&"((x|2|0|0.5|1e300|sin\\(|min\\(|log\\(|choose\\(|\\(|\\)|,|\\+|-|\\*|/|\\^){1,3}){0,8}", check)
        .unwrap();
}

#[test]
fn potential_gives_value_gradient_and_curvature() {
    let parameters = BTreeMap::from([("h".to_owned(), 1.0), ("w".to_owned(), 2.0), ("k".to_owned(), 0.1)]);
    let well = ExpressionPotential::new("h*((q/w)^2 - 1)^2 + k*q", "q", &parameters).unwrap();
    let q = 1.5;
    let u = q / 2.0;
    assert!((well.value(q) - ((u * u - 1.0).powi(2) + 0.1 * q)).abs() < 1e-15);
    assert!((well.gradient(q) - (2.0 * (u * u - 1.0) * u + 0.1)).abs() < 1e-15);
    assert!((well.curvature(q) - (3.0 * u * u - 1.0)).abs() < 1e-15);
    let points: Vec<f64> = (0..100).map(|k| 0.05 * f64::from(k) - 2.0).collect();
    let mut out = vec![0.0; 100];
    well.gradient_batch(&points, &mut out);
    assert!(points.iter().zip(&out).all(|(&x, &gradient)| same(gradient, well.gradient(x))));
    assert_eq!(well.to_string(), well.expression().to_string());
    assert_eq!(well.gradient_expression().derivative(0), *well.curvature_expression());

    fn shareable<T: Send + Sync + Clone + std::fmt::Debug>() {}
    shareable::<ExpressionPotential>();
}
