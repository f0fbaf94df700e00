//! Formulas in text: parsing, derivatives and fast evaluation.
//!
//! [`Expression`] is the formula, with its exact partial derivatives; [`Tape`] evaluates it on many
//! points at once; [`ExpressionPotential`] makes a potential of a formula in one variable,
//! [`DriftPotential`] of a formula of its drift, and [`ExpressionField`] a drift in any dimension.
//!
//! # The language
//!
//! As in mathematics: `+ - * / ^`, brackets, decimal numbers (`2`, `.5`, `1e-3`), the constants `pi`
//! and `e`, and the functions
//!
//! - `sin cos tan asin acos atan`, `sinh cosh tanh asinh acosh atanh`, `exp log log10 sqrt abs erf floor`;
//! - `min(a, b)`, `max(a, b)`;
//! - `sign(a)` (0 at 0), `heaviside(a)` (1/2 at 0), and `choose(s, a, b)`, which is `a` where `s > 0`,
//!   `b` where `s < 0` and their mean at `s = 0`;
//! - `if(condition, a, b)`, which is `a` where the condition holds and `b` where it does not, decided at
//!   the boundary by the comparison as written: `if(x < 0, a, b)` is `b` at 0.
//!
//! A condition compares numbers by `<`, `<=`, `>` and `>=`, also in a chain (`0 < x <= 1`); conditions are
//! joined by `and` and `or` and turned round by `not`, which binds the tightest of the three. Conditions
//! stand only in the first argument of `if`.
//!
//! - `-x^2` is `-(x^2)`; `2^3^2` is `2^(3^2)`; `2^-x` needs no brackets; `a/b/c` is `(a/b)/c`.
//! - A product is always written: `2*x`, not `2x`.
//! - `log` is the natural logarithm.
//! - Outside the domain of any part, the value is NaN: `log(x)` and `x^0.5` at negative `x`. A
//!   derivative keeps the domain of what it came from. A condition that compares NaN gives NaN, unless
//!   another one decides: `x > 0 and log(x) > 1` is false at negative `x`.

mod derivative;
mod drift_potential;
mod error;
mod field;
mod graph;
mod interval;
mod lexer;
mod operation;
mod parser;
mod potential;
mod print;
mod simplify;
mod tape;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use graph::{Graph, Id, Node};
use operation::{choose, select};

pub use drift_potential::DriftPotential;
pub use error::ExpressionError;
pub use field::{ExpressionField, FieldError};
pub use interval::{Definedness, Interval};
pub use potential::ExpressionPotential;
pub use tape::Tape;

/// A formula in named variables, its parameters replaced by their values.
///
/// ```
/// # use std::collections::BTreeMap;
/// # use levyscape_integrator::potential::Expression;
/// let parameters = BTreeMap::from([("h".to_owned(), 2.0)]);
/// let well = Expression::parse("h*(x^4/4 - x^2/2)", &["x".to_owned()], &parameters)?;
/// assert_eq!(well.derivative(0).to_string(), "2*(x^3 - x)");
/// assert_eq!(well.derivative(0).evaluate(&[2.0]), 12.0);
/// # Ok::<(), levyscape_integrator::potential::ExpressionError>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Expression {
    /// Every subexpression once, operands first, the whole last.
    nodes: Vec<Node>,
    variables: Arc<[String]>,
}

impl Expression {
    /// Reads a formula in the given variables and parameters. The order of the variables is that of a
    /// point's coordinates in [`Expression::evaluate`].
    ///
    /// # Errors
    ///
    /// An [`ExpressionError`] with the place and the remedy if the text is not a formula, uses a name
    /// that is not given or contains a part without a finite value such as `1/0`; or if a variable or
    /// parameter has an impossible, reserved or repeated name, or a value that is not finite.
    pub fn parse(
        text: &str,
        variables: &[String],
        parameters: &BTreeMap<String, f64>,
    ) -> Result<Self, ExpressionError> {
        let (graph, root) = parser::parse(text, variables, parameters)?;
        Ok(Self::from_graph(&graph, root, variables.into()))
    }

    /// The exact partial derivative by the variable of that index; zero for an index that no variable
    /// has.
    ///
    /// Where the one-sided derivatives differ, as those of `abs`, `min` and `max` do at a tie, it is
    /// their mean. The derivative of a step (`sign`, `heaviside`, `floor`) is zero; that of `if` is the
    /// derivative of the branch that its condition chooses, at the boundary too.
    pub fn derivative(&self, variable: usize) -> Self {
        self.transformed(|graph, root| graph.derivative(root, variable))
    }

    /// The formula with the opposite sign.
    fn negated(&self) -> Self {
        self.transformed(Graph::negate)
    }

    fn transformed(&self, change: impl FnOnce(&mut Graph, Id) -> Id) -> Self {
        let mut graph = Graph::default();
        let places = graph.import(&self.nodes);
        let root = places.last().copied().unwrap_or_default();
        let root = change(&mut graph, root);
        Self::from_graph(&graph, root, self.variables.clone())
    }

    fn from_graph(graph: &Graph, root: Id, variables: Arc<[String]>) -> Self {
        Self { nodes: graph.extract(&[root]).0, variables }
    }

    /// The names of the variables, in the order of the coordinates.
    pub fn variables(&self) -> &[String] {
        &self.variables
    }

    /// The value at one point; a [`Tape`] gives the same bits, faster.
    ///
    /// # Panics
    ///
    /// Panics if the number of coordinates is not the number of variables.
    pub fn evaluate(&self, point: &[f64]) -> f64 {
        assert_eq!(point.len(), self.variables.len(), "one coordinate a variable");
        let mut values: Vec<f64> = Vec::with_capacity(self.nodes.len());
        for &node in &self.nodes {
            values.push(match node {
                Node::Constant(bits) => f64::from_bits(bits),
                Node::Variable(index) => point[index],
                Node::Unary(operation, a) => operation.apply(values[a]),
                Node::Binary(operation, a, b) => operation.apply(values[a], values[b]),
                Node::Choose(sign, a, b) => choose(values[sign], values[a], values[b]),
                Node::Select(condition, a, b) => select(values[condition], values[a], values[b]),
            });
        }
        values.last().copied().unwrap_or_default()
    }

    /// Compiles the formula for repeated evaluation.
    pub fn compile(&self) -> Tape {
        Tape::compile(&self.nodes, &[self.nodes.len() - 1], self.variables.len())
    }
}

/// The formula in the language that [`Expression::parse`] reads, with few brackets, parameters by
/// their values. Texts beyond some thousand characters end in ` ...`.
impl fmt::Display for Expression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        print::print(&self.nodes, &self.variables, f)
    }
}
