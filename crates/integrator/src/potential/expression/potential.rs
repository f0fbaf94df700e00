//! A potential given by a formula.

use std::collections::BTreeMap;
use std::fmt;

use super::{Expression, ExpressionError, Interval, Tape};
use crate::potential::Potential;

/// A potential `U(x)` from a formula in one variable, with exact `U'` and `U''`.
#[derive(Debug, Clone)]
pub struct ExpressionPotential {
    expressions: [Expression; 3],
    value: Tape,
    gradient: Tape,
    curvature: Tape,
}

impl ExpressionPotential {
    /// The potential with this formula in `variable`, for the given values of its parameters.
    ///
    /// # Errors
    ///
    /// Those of [`Expression::parse`].
    pub fn new(
        text: &str,
        variable: &str,
        parameters: &BTreeMap<String, f64>,
    ) -> Result<Self, ExpressionError> {
        let value = Expression::parse(text, &[variable.to_owned()], parameters)?;
        let gradient = value.derivative(0);
        let curvature = gradient.derivative(0);
        Ok(Self {
            value: value.compile(),
            gradient: gradient.compile(),
            curvature: curvature.compile(),
            expressions: [value, gradient, curvature],
        })
    }

    /// The formula of `U`, parameters replaced by their values.
    pub fn expression(&self) -> &Expression {
        &self.expressions[0]
    }

    /// The formula of `U'`.
    pub fn gradient_expression(&self) -> &Expression {
        &self.expressions[1]
    }

    /// The formula of `U''`.
    pub fn curvature_expression(&self) -> &Expression {
        &self.expressions[2]
    }
}

/// The formula of `U`.
impl fmt::Display for ExpressionPotential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.expression().fmt(f)
    }
}

impl Potential for ExpressionPotential {
    fn value(&self, x: f64) -> f64 {
        self.value.evaluate(&[x])
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
