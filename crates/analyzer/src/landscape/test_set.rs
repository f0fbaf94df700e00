//! Potentials with known minima, none of which may be missed.

use std::collections::BTreeMap;
use std::f64::consts::PI;

use levyscape_integrator::potential::{CATALOGUE, DriftPotential, ExpressionPotential, Formula, Potential};

use super::*;

struct Case {
    /// `U`, or `U' =` and a formula of `U'`.
    formula: &'static str,
    window: Option<[f64; 2]>,
    minima: Vec<f64>,
    /// How well the places above are known.
    tolerance: f64,
    /// Whether a scan without enclosures has to find them too: no well is narrower than its cells.
    by_scan: bool,
}

impl Case {
    fn potential(&self) -> Box<dyn Potential> {
        let none = BTreeMap::new();
        match self.formula.strip_prefix("U' = ") {
            Some(slope) => Box::new(DriftPotential::new(&format!("-({slope})"), "x", &none).unwrap()),
            None => Box::new(ExpressionPotential::new(self.formula, "x", &none).unwrap()),
        }
    }
}

fn case(formula: &'static str, minima: &[f64]) -> Case {
    Case { formula, window: None, minima: minima.to_vec(), tolerance: 1e-9, by_scan: true }
}

fn within(formula: &'static str, window: [f64; 2], minima: &[f64]) -> Case {
    Case { window: Some(window), ..case(formula, minima) }
}

/// Wells narrower than the cells of a scan.
fn narrow(formula: &'static str, tolerance: f64, minima: &[f64]) -> Case {
    Case { tolerance, by_scan: false, ..case(formula, minima) }
}

fn set() -> Vec<Case> {
    let odd = |k: i32| f64::from(2 * k + 1) * PI;
    let root = |k: i32| (1.5 * PI + 2.0 * PI * f64::from(k)).sqrt();
    let reciprocals: Vec<f64> = (0..8).rev().map(|k| 1.0 / (1.5 * PI + 2.0 * PI * f64::from(k))).collect();
    let chebyshev: Vec<f64> = (0..6).rev().map(|k| (odd(k) / 12.0).cos()).collect();
    let mut waves: Vec<f64> = (0..4).flat_map(|k| [-root(k), root(k)]).collect();
    waves.push(0.0);
    waves.sort_by(f64::total_cmp);
    vec![
        // Polynomials, by their own formula and by the roots of U'.
        case("x^2/2", &[0.0]),
        case("x^4/4 - x^2/2", &[-1.0, 1.0]),
        case("x^4/4 - x^2/2 + 0.1*x", &[-1.046_680_531_804_602_3, 0.945_649_273_923_591_4]),
        case("(x^2 - 1)^2 + 1e-6*x", &[-1.000_000_124_999_977, 0.999_999_874_999_977]),
        case("x^3 - 3*x", &[1.0]),
        case("x^6/30 - 7*x^5/250 - 57*x^4/200 + 7*x^3/75 + 2*x^2/5", &[-2.0, 0.0, 2.5]),
        case("U' = (x + 3)*(x + 1)*x*(x - 1)*(x - 2)", &[-3.0, 0.0, 2.0]),
        case("U' = (x + 5)*(x + 3)*(x + 1)*x*(x - 1.5)*(x - 2)*(x - 4)", &[-5.0, -1.0, 1.5, 4.0]),
        case(
            "U' = x*(x^2 - 1)*(x^2 - 4)*(x^2 - 9)*(x^2 - 16)*(x^2 - 25)",
            &[-5.0, -3.0, -1.0, 1.0, 3.0, 5.0],
        ),
        case(
            "U' = x*(x^2 - 0.01)*(x^2 - 0.04)*(x^2 - 0.09)*(x^2 - 0.16)*(x^2 - 0.25)*(x^2 - 0.36)*(x^2 - 0.49)",
            &[-0.7, -0.5, -0.3, -0.1, 0.1, 0.3, 0.5, 0.7],
        ),
        within("cos(12*acos(x))", [-0.99, 0.99], &chebyshev),
        // All scales.
        case("(x/300)^4/4 - (x/300)^2/2", &[-300.0, 300.0]),
        case("(x^2/1e6 - 1)^2", &[-1000.0, 1000.0]),
        case("(x - 1000)^4/4 - (x - 1000)^2/2", &[999.0, 1001.0]),
        case("x^4/4 - 0.5e-6*x^2", &[-1e-3, 1e-3]),
        case("x^4/4 - 0.5e-12*x^2", &[-1e-6, 1e-6]),
        narrow("U' = (x + 1)*x*(x - 1)*(x - 1e4)*(x - 1.0001e4)", 1e-6, &[-1.0, 1.0, 1.0001e4]),
        // Pairs that lie close together.
        case("U' = x*(x^2 - 0.25e-8)", &[-5e-5, 5e-5]),
        case("U' = (x - 1)*((x - 1)^2 - 0.25e-8)", &[0.99995, 1.00005]),
        case("U' = (x + 1)*((x - 1)^2 - 0.25e-8)", &[-1.0, 1.00005]),
        case("U' = (x + 1)*((x - 1)^2 + 0.25e-8)", &[-1.0]),
        case("U' = (x - 0.3)*(x - 0.3001)*(x - 0.7)*(x - 0.7001)*(x + 2)", &[-2.0, 0.3001, 0.7001]),
        narrow("U' = (x - 1000)*((x - 1000)^2 - 0.25e-8)", 1e-8, &[999.999_95, 1_000.000_05]),
        // Narrow wells beside wide ones, on a slope and far out.
        case("x^2/2 - 0.001*exp(-(x - 0.5)^2/2e-6)", &[0.0, 0.499_403_276_916_802_2]),
        narrow("x^2/2 - 0.01*exp(-(x - 3)^2/2e-6)", 1e-9, &[0.0, 2.999_684_749_057_734]),
        narrow("x^2/2 - 0.01*exp(-(x - 7)^2/2e-8)", 1e-9, &[0.0, 6.999_992_982_751_177]),
        narrow("x^4/4 - x^2/2 - 1e-4*exp(-(x - 1.7)^2/2e-10)", 1e-9, &[-1.0, 1.0, 1.699_996_595_299_873]),
        narrow("x^2/2 - 5000*exp(-(x - 1000)^2/2)", 1e-9, &[0.0, 999.795_829_384_411_5]),
        narrow(
            "(x/1000)^4/4 - (x/1000)^2/2 - 0.1*exp(-(x - 500)^2/2e-6)",
            1e-6,
            &[-1000.0, 500.000_000_003_749_96, 1000.0],
        ),
        case(
            "-exp(-(x - 3)^2) - exp(-(x + 3)^2) + 0.001*x^2",
            &[-2.997_002_970_110_123, 2.997_002_970_110_123],
        ),
        // Oscillations.
        within("sin(x^2)", [-5.0, 5.0], &waves),
        within("cos(x)", [0.0, 10.0], &[PI, 3.0 * PI]),
        within("sin(1/x)", [0.02, 1.0], &reciprocals),
        within("cos(50*x)", [0.0, 1.0], &(0..8).map(|k| odd(k) / 50.0).collect::<Vec<_>>()),
        case("x^2/2 + 0.2*cos(5*x)", &[-0.519_147_815_929_959_8, 0.519_147_815_929_959_8]),
        // Kinks, pieces and plateaus.
        case("abs(x)", &[0.0]),
        case("abs(x - 0.123) + abs(x)^3", &[0.123]),
        case("abs(x^2 - 1)", &[-1.0, 1.0]),
        case("min(x^2, (x - 3)^2 + 0.5)", &[0.0, 3.0]),
        case("if(x < 1, x^2, (x - 3)^2 + 2)", &[0.0, 3.0]),
        case("if(x < 0, (x + 1)^2, 2*(x - 0.5)^2 + 0.5)", &[-1.0, 0.5]),
        case("max(abs(x), 1)", &[0.0]),
        case("max(x^2 - 1, 0)", &[0.0]),
        case("max(abs(x - 0.2) - 1e-4, 0)", &[0.2]).roughly(1e-4),
        case("choose(x - 2, 3*(x - 2), (x - 2)^2)", &[2.0]),
        case("x^2/(1 + x^2)", &[0.0]),
        // Degenerate minima, holes, poles and other functions.
        case("x^4", &[0.0]),
        case("x^6/6", &[0.0]),
        case("(x - 1.1)^4", &[1.1]).roughly(1e-6),
        case("(x^2 - 1)^4", &[-1.0, 1.0]),
        case("x - log(x)", &[1.0]),
        case("x*log(x)", &[(-1.0_f64).exp()]),
        case("x^2 + 1/x^2", &[-1.0, 1.0]),
        case("exp(x) + exp(-2*x)", &[2.0_f64.ln() / 3.0]),
        case("-exp(-x^2)", &[0.0]),
        case("log(cosh(x - 2))", &[2.0]),
        case("sqrt(1 + x^2)", &[0.0]),
        case("abs(x)^1.5 - x", &[4.0 / 9.0]),
        case("atan(x - 0.4)^2", &[0.4]),
        case("x^2 - erf(20*(x - 2))", &[0.0, 2.065_156_757_049_695]),
    ]
}

impl Case {
    fn roughly(self, tolerance: f64) -> Self {
        Self { tolerance, ..self }
    }

    /// What is wrong with a landscape.
    fn faults(&self, certified: Certified, potential: &dyn Potential) -> Option<String> {
        let found = match Landscape::find(potential, self.window) {
            Ok(found) => found,
            Err(error) => return Some(format!("{}: {error}", self.formula)),
        };
        let places: Vec<f64> = found.minima.iter().map(|point| point.x).collect();
        let near =
            |(x, expected): (&f64, &f64)| (x - expected).abs() <= self.tolerance * expected.abs().max(1.0);
        let right = places.len() == self.minima.len() && places.iter().zip(&self.minima).all(near);
        let bracketed = found.minima.iter().chain(&found.saddles).all(|point| {
            let [lo, hi] = point.bracket;
            lo <= point.x && point.x <= hi
        });
        let good = right && bracketed && found.wells.len() == places.len();
        (!good || found.certificate.certified != certified)
            .then(|| format!("{}, {certified:?}: {places:?}, {found:?}", self.formula))
    }
}

/// A potential without its enclosures.
struct Sampled<'a>(&'a dyn Potential);

impl Potential for Sampled<'_> {
    fn value(&self, x: f64) -> f64 {
        self.0.value(x)
    }

    fn gradient(&self, x: f64) -> f64 {
        self.0.gradient(x)
    }

    fn curvature(&self, x: f64) -> f64 {
        self.0.curvature(x)
    }
}

#[test]
fn no_well_of_the_test_set_is_missed() {
    let set = set();
    assert!(set.len() >= 40);
    let mut faults = Vec::new();
    for case in set {
        let potential = case.potential();
        faults.extend(case.faults(Certified::Interval, potential.as_ref()));
        if case.by_scan {
            faults.extend(case.faults(Certified::SignChange, &Sampled(potential.as_ref())));
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn no_minimum_of_the_catalogue_is_missed() {
    for entry in CATALOGUE.iter().filter(|entry| entry.variables.len() == 1) {
        let Formula::Potential(text) = entry.formula else { continue };
        let potential = ExpressionPotential::new(text, entry.variables[0], &entry.defaults()).unwrap();
        let window = match entry.name {
            "wang_oh_rhee" => Some([-1.6, 1.6]),
            "periodic" | "washboard" => Some([-3.0, 3.0]),
            _ => None,
        };
        let found = Landscape::find(&potential, window).unwrap();
        assert!(found.certificate.is_complete(), "{}: {:?}", entry.name, found.certificate);
        assert_eq!(found.minima.len(), entry.minima.len(), "{}", entry.name);
        for (found, minimum) in found.minima.iter().zip(entry.minima) {
            assert!((found.x - minimum[0]).abs() < 1e-9, "{}: {found:?}", entry.name);
        }
    }
}
