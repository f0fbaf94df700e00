//! A drift in several dimensions given by formulas.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use super::error::ExpressionError;
use super::graph::{Graph, Id, Node};
use super::{Expression, Tape};
use crate::potential::Drift;
use crate::rng::LANES;

/// A fault in the formulas of a drift.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FieldError {
    /// There is not one formula a variable, or no variable.
    #[error("a drift has one expression a variable: {expressions} expressions for {variables} variables")]
    Count {
        /// Formulas given.
        expressions: usize,
        /// Variables given.
        variables: usize,
    },
    /// One of the formulas is faulty.
    #[error("{error}")]
    Expression {
        /// Which of the formulas, from 0.
        index: usize,
        /// What is wrong with it, and where.
        error: ExpressionError,
    },
}

/// A drift from formulas: `b = -grad U` of a potential, or one formula a coordinate.
///
/// All components are computed together, each subexpression once, with exact derivatives.
///
/// ```
/// # use std::collections::BTreeMap;
/// # use levyscape_integrator::potential::{Drift, ExpressionField};
/// let variables = ["x".to_owned(), "y".to_owned()];
/// let field = ExpressionField::potential("x^2*y + y^2", &variables, &BTreeMap::new())?;
/// let mut b = [0.0; 2];
/// field.drift_at(&[1.0, 2.0], &mut b);
/// assert_eq!(b, [-4.0, -5.0]);
/// assert_eq!(field.potential_at(&[1.0, 2.0]), Some(6.0));
/// assert_eq!(field.component(0).to_string(), "-2*x*y");
/// # Ok::<(), levyscape_integrator::potential::ExpressionError>(())
/// ```
#[derive(Debug, Clone)]
pub struct ExpressionField {
    variables: Arc<[String]>,
    /// The nodes of all components, and the places of the components.
    nodes: Vec<Node>,
    components: Vec<Id>,
    drift: Tape,
    potential: Option<(Expression, Tape)>,
    /// Compiled when it is first asked for: it has the square of the dimension of components.
    jacobian: OnceLock<Tape>,
}

impl ExpressionField {
    /// The drift `-grad U` for a formula of `U`. The order of the variables is that of the coordinates.
    ///
    /// # Errors
    ///
    /// Those of [`Expression::parse`]; and if there is no variable.
    pub fn potential(
        text: &str,
        variables: &[String],
        parameters: &BTreeMap<String, f64>,
    ) -> Result<Self, ExpressionError> {
        let potential = Expression::parse(text, variables, parameters)?;
        if variables.is_empty() {
            return Err(ExpressionError::new(0..0, "a potential needs a variable"));
        }
        let mut graph = Graph::default();
        let places = graph.import(&potential.nodes);
        let root = places.last().copied().unwrap_or_default();
        let components: Vec<Id> = (0..variables.len())
            .map(|variable| {
                let derivative = graph.derivative(root, variable);
                graph.negate(derivative)
            })
            .collect();
        let tape = potential.compile();
        Ok(Self::from_graph(&graph, &components, variables, Some((potential, tape))))
    }

    /// The drift with these formulas, one a variable in the variables' order.
    ///
    /// # Errors
    ///
    /// A [`FieldError`] if the numbers of formulas and variables differ or are zero, or with the fault of
    /// a formula.
    pub fn drift<S: AsRef<str>>(
        texts: &[S],
        variables: &[String],
        parameters: &BTreeMap<String, f64>,
    ) -> Result<Self, FieldError> {
        if texts.len() != variables.len() || variables.is_empty() {
            return Err(FieldError::Count { expressions: texts.len(), variables: variables.len() });
        }
        let mut graph = Graph::default();
        let mut components = Vec::with_capacity(texts.len());
        for (index, text) in texts.iter().enumerate() {
            let component = Expression::parse(text.as_ref(), variables, parameters)
                .map_err(|error| FieldError::Expression { index, error })?;
            components.extend(graph.import(&component.nodes).last());
        }
        Ok(Self::from_graph(&graph, &components, variables, None))
    }

    fn from_graph(
        graph: &Graph,
        components: &[Id],
        variables: &[String],
        potential: Option<(Expression, Tape)>,
    ) -> Self {
        let (nodes, components) = graph.extract(components);
        let drift = Tape::compile(&nodes, &components, variables.len());
        let variables = variables.into();
        Self { variables, nodes, components, drift, potential, jacobian: OnceLock::new() }
    }

    /// The names of the variables, in the order of the coordinates.
    pub fn variables(&self) -> &[String] {
        &self.variables
    }

    /// The formula of one component of the drift.
    ///
    /// # Panics
    ///
    /// Panics if the index is not below the dimension.
    pub fn component(&self, index: usize) -> Expression {
        let mut graph = Graph::default();
        let places = graph.import(&self.nodes);
        Expression::from_graph(&graph, places[self.components[index]], self.variables.clone())
    }

    /// The formula of the potential, if the drift was made from one.
    pub fn potential_expression(&self) -> Option<&Expression> {
        self.potential.as_ref().map(|potential| &potential.0)
    }

    fn jacobian_tape(&self) -> &Tape {
        self.jacobian.get_or_init(|| {
            let mut graph = Graph::default();
            let places = graph.import(&self.nodes);
            let d = self.variables.len();
            let mut entries = Vec::with_capacity(d * d);
            for &component in &self.components {
                for variable in 0..d {
                    entries.push(graph.derivative(places[component], variable));
                }
            }
            let (nodes, entries) = graph.extract(&entries);
            Tape::compile(&nodes, &entries, d)
        })
    }
}

impl Drift for ExpressionField {
    fn dimension(&self) -> usize {
        self.variables.len()
    }

    fn drift(&self, x: &[[f64; LANES]], lanes: usize, out: &mut [[f64; LANES]]) {
        self.drift.evaluate_rows(x, lanes, out);
    }

    fn drift_at(&self, x: &[f64], out: &mut [f64]) {
        self.drift.evaluate_all(x, out);
    }

    fn potential_at(&self, x: &[f64]) -> Option<f64> {
        self.potential.as_ref().map(|potential| potential.1.evaluate(x))
    }

    /// Exact derivatives.
    fn jacobian_at(&self, x: &[f64], out: &mut [f64]) {
        self.jacobian_tape().evaluate_all(x, out);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::potential::{ExpressionPotential, Potential};

    fn names(names: &[&str]) -> Vec<String> {
        names.iter().map(|&name| name.to_owned()).collect()
    }

    fn same(a: f64, b: f64) -> bool {
        a == b || (a.is_nan() && b.is_nan())
    }

    /// Rows of points in a box around 0, some of them special.
    fn rows(d: usize) -> Vec<[f64; LANES]> {
        let value = |k: usize, lane: usize| match (lane + 5 * k) % 29 {
            0 => 0.0,
            1 => f64::NAN,
            2 => f64::INFINITY,
            3 => -1e300,
            _ => 0.05 * ((17 * lane + 31 * k) % 97) as f64 - 2.4,
        };
        (0..d).map(|k| std::array::from_fn(|lane| value(k, lane))).collect()
    }

    #[test]
    fn batches_have_the_bits_of_the_single_formulas() {
        let parameters = BTreeMap::from([("c".to_owned(), 0.7)]);
        let ten: Vec<String> = (0..10).map(|k| format!("x{k}")).collect();
        let chain = (0..10)
            .map(|k| format!("(x{k}^2 - 1)^2 + c*x{k}*x{} + exp(-x{k}*x{})", (k + 1) % 10, (k + 3) % 10))
            .collect::<Vec<_>>()
            .join(" + ");
        for (text, variables) in [
            ("x^4/4 - x^2/2", names(&["x"])),
            ("3", names(&["x", "y"])),
            ("x^2*y + log(x*y) + if(x < y, c, x*y)", names(&["x", "y", "z"])),
            (chain.as_str(), ten),
        ] {
            let field = ExpressionField::potential(text, &variables, &parameters).unwrap();
            let potential = Expression::parse(text, &variables, &parameters).unwrap();
            let d = variables.len();
            assert_eq!((field.dimension(), field.variables()), (d, variables.as_slice()));
            let x = rows(d);
            for lanes in [0, 1, 3, 8, 9, 63, 64] {
                let mut out = vec![[7.0; LANES]; d];
                Drift::drift(&field, &x, lanes, &mut out);
                for lane in 0..LANES {
                    let point: Vec<f64> = x.iter().map(|row| row[lane]).collect();
                    let mut single = vec![0.0; d];
                    field.drift_at(&point, &mut single);
                    for k in 0..d {
                        let expected = if lane < lanes { single[k] } else { 7.0 };
                        assert!(same(out[k][lane], expected), "{text}, {lanes} lanes, lane {lane}");
                        // The sign comes without a rounding.
                        let gradient = potential.derivative(k).evaluate(&point);
                        assert!(same(single[k], -gradient), "{text}: {} {gradient}", single[k]);
                        assert!(same(single[k], field.component(k).evaluate(&point)));
                    }
                    assert!(same(field.potential_at(&point).unwrap(), potential.evaluate(&point)));
                }
            }
        }
    }

    #[test]
    fn common_subexpressions_are_computed_once() {
        let variables: Vec<String> = (0..10).map(|k| format!("x{k}")).collect();
        let sum = variables.join("^2 + ") + "^2";
        let field =
            ExpressionField::potential(&format!("exp(-({sum}))"), &variables, &BTreeMap::new()).unwrap();
        // Ten squares, nine sums, a sign and an exponential, and two products a component.
        assert!(field.drift.instructions() <= 10 + 9 + 2 + 20, "{}", field.drift.instructions());
        // Drift and Jacobian share the exponential too.
        assert!(field.jacobian_tape().instructions() <= 10 + 2 + 9 + 3 * 100);
    }

    #[test]
    fn drifts_need_no_potential() {
        let parameters = BTreeMap::from([("a".to_owned(), 10.0)]);
        let texts = ["x - x^3 - a*x*y^2", "-(1 + x^2)*y"];
        let field = ExpressionField::drift(&texts, &names(&["x", "y"]), &parameters).unwrap();
        let mut b = [0.0; 2];
        field.drift_at(&[0.5, 2.0], &mut b);
        assert_eq!(b, [0.5 - 0.125 - 20.0, -2.5]);
        assert_eq!(field.potential_at(&[0.5, 2.0]), None);
        assert!(field.potential_expression().is_none());
        assert_eq!(field.component(1).to_string(), "-(1 + x^2)*y");
        let mut jacobian = [0.0; 4];
        field.jacobian_at(&[0.5, 2.0], &mut jacobian);
        assert_eq!(jacobian, [1.0 - 0.75 - 40.0, -20.0, -2.0, -1.25]);
        // A component that the others use is still there at the end.
        let texts = ["x*y + 1", "2*(x*y + 1)^2 + y^2", "x*y + 1"];
        let field = ExpressionField::drift(&texts, &names(&["x", "y", "z"]), &parameters).unwrap();
        let mut b = [0.0; 3];
        field.drift_at(&[2.0, 3.0, 1.0], &mut b);
        assert_eq!(b, [7.0, 107.0, 7.0]);
    }

    #[test]
    fn the_exact_jacobian_agrees_with_differences() {
        let text = "sin(x)*y^2 + exp(-z*x) + if(x < 0, x^2, x^3)*z + log(1 + y^2)";
        let field = ExpressionField::potential(text, &names(&["x", "y", "z"]), &BTreeMap::new()).unwrap();
        let by_differences = ByDifferences(&field);
        for point in [[0.3, -1.2, 0.8], [-0.7, 0.4, 1.5], [2.0, 0.0, -1.0]] {
            let (mut exact, mut difference) = ([0.0; 9], [0.0; 9]);
            field.jacobian_at(&point, &mut exact);
            by_differences.jacobian_at(&point, &mut difference);
            for (exact, difference) in exact.iter().zip(difference) {
                assert!((exact - difference).abs() < 1e-8, "{exact} {difference}");
            }
            // A gradient field has a symmetric Jacobian.
            assert!((exact[1] - exact[3]).abs() < 1e-14 && (exact[2] - exact[6]).abs() < 1e-14);
        }

        /// The field with the trait's own Jacobian.
        struct ByDifferences<'a>(&'a ExpressionField);
        impl Drift for ByDifferences<'_> {
            fn dimension(&self) -> usize {
                self.0.dimension()
            }
            fn drift(&self, x: &[[f64; LANES]], lanes: usize, out: &mut [[f64; LANES]]) {
                Drift::drift(self.0, x, lanes, out);
            }
        }
    }

    #[test]
    fn faults_name_the_formula() {
        let variables = names(&["x", "y"]);
        let error = ExpressionField::drift(&["x", "y +"], &variables, &BTreeMap::new()).unwrap_err();
        let FieldError::Expression { index: 1, error } = error else { panic!("{error:?}") };
        assert_eq!((error.span.clone(), error.to_string().as_str()), (2..3, "nothing to the right of `+`"));
        let error = ExpressionField::drift(&["x"], &variables, &BTreeMap::new()).unwrap_err();
        assert_eq!(error, FieldError::Count { expressions: 1, variables: 2 });
        assert!(error.to_string().contains("1 expressions for 2 variables"));
        assert!(ExpressionField::drift::<&str>(&[], &[], &BTreeMap::new()).is_err());
        assert!(ExpressionField::potential("1", &[], &BTreeMap::new()).is_err());
        assert!(ExpressionField::potential("x + z", &variables, &BTreeMap::new()).is_err());
    }

    #[test]
    fn one_dimension_is_the_potential_s_gradient() {
        let field = ExpressionField::potential("x^4/4 - cos(x)", &names(&["x"]), &BTreeMap::new()).unwrap();
        let well = ExpressionPotential::new("x^4/4 - cos(x)", "x", &BTreeMap::new()).unwrap();
        let x = rows(1);
        let (mut drift, mut gradient) = ([[0.0; LANES]], [0.0; LANES]);
        Drift::drift(&field, &x, LANES, &mut drift);
        well.gradient_batch(&x[0], &mut gradient);
        assert!(drift[0].iter().zip(gradient).all(|(&drift, gradient)| same(drift, -gradient)));
    }
}
