use std::collections::BTreeMap;

use proptest::test_runner::{Config, TestRng, TestRunner};
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
    ] {
        let expression = in_x(&format!("{name}(x)"));
        for x in [0.1, 0.7, 2.3, 5.0] {
            let (value, expected) = (expression.evaluate(&[x]), function(x));
            assert!((value - expected).abs() <= 4e-16 * expected.abs(), "{name}({x}) = {value}");
        }
    }
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
    match rng.random_range(0..20) {
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
        _ => {
            let name = ["sin", "cos", "tan", "exp", "sqrt", "abs", "tanh", "cosh", "sinh", "atan"];
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
    for (open, close) in [("(", ")"), ("-", ""), ("2^", ""), ("sin(", ")"), ("2^-", ""), ("min(1, ", ")")] {
        let nested = |depth: usize| format!("{}x{}", open.repeat(depth), close.repeat(depth));
        assert!(parse(&nested(95)).is_ok(), "{open}");
        let error = parse(&nested(1000)).expect_err(open);
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

#[test]
fn no_text_panics() {
    let mut runner = TestRunner::new_with_rng(
        Config { cases: 4000, failure_persistence: None, ..Config::default() },
        TestRng::deterministic_rng(Config::default().rng_algorithm),
    );
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
