//! The rules of differentiation.

use super::graph::{Graph, Id, Node};
use super::operation::{Binary, Unary};

impl Graph {
    /// The partial derivative of `root` by a variable.
    ///
    /// Each node is differentiated once, so that the derivative has a number of nodes that grows in
    /// proportion to the expression's.
    pub(super) fn derivative(&mut self, root: Id, variable: usize) -> Id {
        let needed = self.needed(root);
        // `None` stands for a derivative that is zero because the node does not contain the variable.
        let mut derivatives: Vec<Option<Id>> = vec![None; root + 1];
        for id in (0..=root).filter(|&id| needed[id]) {
            derivatives[id] = match self.node(id) {
                Node::Constant(_) => None,
                Node::Variable(index) => (index == variable).then(|| self.constant(1.0)),
                Node::Unary(operation, a) => derivatives[a].map(|da| self.unary_rule(operation, id, a, da)),
                Node::Binary(operation, a, b) => {
                    self.binary_rule(operation, id, (a, derivatives[a]), (b, derivatives[b]))
                }
                Node::Choose(sign, a, b) => self.piecewise_rule(sign, derivatives[a], derivatives[b]),
                Node::Select(condition, a, b) => {
                    self.branch_rule(condition, derivatives[a], derivatives[b], Self::select)
                }
            };
        }
        match derivatives[root] {
            Some(derivative) => derivative,
            None => self.constant(0.0),
        }
    }

    /// The derivative of `value = operation(a)`.
    fn unary_rule(&mut self, operation: Unary, value: Id, a: Id, da: Id) -> Id {
        match operation {
            Unary::Negate => self.negate(da),
            Unary::NonNegative => da,
            Unary::Sin => {
                let cos = self.unary(Unary::Cos, a);
                self.multiply(da, cos)
            }
            Unary::Cos => {
                let sin = self.unary(Unary::Sin, a);
                let product = self.multiply(da, sin);
                self.negate(product)
            }
            Unary::Tan => {
                let (one, square) = (self.constant(1.0), self.power_number(value, 2.0));
                let factor = self.add(one, square);
                self.multiply(da, factor)
            }
            Unary::Exp => self.multiply(da, value),
            Unary::Log => {
                let argument = self.unary(Unary::NonNegative, a);
                self.divide(da, argument)
            }
            Unary::Sqrt => {
                let twice = self.multiply_number(2.0, value);
                self.divide(da, twice)
            }
            Unary::Abs => {
                let sign = self.sign(a);
                self.multiply(da, sign)
            }
            Unary::Tanh => {
                let (one, square) = (self.constant(1.0), self.power_number(value, 2.0));
                let factor = self.subtract(one, square);
                self.multiply(da, factor)
            }
            Unary::Cosh => {
                let sinh = self.unary(Unary::Sinh, a);
                self.multiply(da, sinh)
            }
            Unary::Sinh => {
                let cosh = self.unary(Unary::Cosh, a);
                self.multiply(da, cosh)
            }
            Unary::Atan => {
                let (one, square) = (self.constant(1.0), self.power_number(a, 2.0));
                let denominator = self.add(one, square);
                self.divide(da, denominator)
            }
            Unary::Log10 => {
                let argument = self.unary(Unary::NonNegative, a);
                let denominator = self.multiply_number(std::f64::consts::LN_10, argument);
                self.divide(da, denominator)
            }
            Unary::Asin => {
                let root = self.root_of_one_minus_square(a);
                self.divide(da, root)
            }
            Unary::Acos => {
                let root = self.root_of_one_minus_square(a);
                let quotient = self.divide(da, root);
                self.negate(quotient)
            }
            Unary::Asinh => {
                let (one, square) = (self.constant(1.0), self.power_number(a, 2.0));
                let sum = self.add(square, one);
                let root = self.unary(Unary::Sqrt, sum);
                self.divide(da, root)
            }
            Unary::Acosh => {
                // Two roots, not one of a^2 - 1, so that it is NaN below -1 too.
                let one = self.constant(1.0);
                let (less, more) = (self.subtract(a, one), self.add(a, one));
                let (less, more) = (self.unary(Unary::Sqrt, less), self.unary(Unary::Sqrt, more));
                let product = self.multiply(less, more);
                self.divide(da, product)
            }
            Unary::Atanh => {
                let (one, square) = (self.constant(1.0), self.power_number(a, 2.0));
                let difference = self.subtract(one, square);
                let denominator = self.unary(Unary::NonNegative, difference);
                self.divide(da, denominator)
            }
            Unary::Erf => {
                let square = self.power_number(a, 2.0);
                let exponent = self.negate(square);
                let bell = self.unary(Unary::Exp, exponent);
                let density = self.multiply_number(std::f64::consts::FRAC_2_SQRT_PI, bell);
                self.multiply(da, density)
            }
            // Zero, with the domain of the argument's derivative.
            Unary::Floor | Unary::Not => self.multiply_number(0.0, da),
        }
    }

    /// The derivative of `value = operation(a, b)`, each operand given with its own derivative.
    fn binary_rule(
        &mut self,
        operation: Binary,
        value: Id,
        (a, da): (Id, Option<Id>),
        (b, db): (Id, Option<Id>),
    ) -> Option<Id> {
        if da.is_none() && db.is_none() {
            return None;
        }
        match operation {
            // The jumps at the edge of a condition are not seen by a derivative.
            Binary::Less | Binary::LessEqual | Binary::And | Binary::Or => None,
            Binary::Add => self.sum(da, db),
            Binary::Subtract => {
                let minus_db = db.map(|db| self.negate(db));
                self.sum(da, minus_db)
            }
            Binary::Multiply => {
                let left = da.map(|da| self.multiply(da, b));
                let right = db.map(|db| self.multiply(a, db));
                self.sum(left, right)
            }
            Binary::Divide => match (da, db) {
                (Some(da), None) => Some(self.divide(da, b)),
                (da, Some(db)) => {
                    let left = da.map(|da| self.multiply(da, b));
                    let right = self.multiply(a, db);
                    let minus_right = self.negate(right);
                    let numerator = self.sum(left, Some(minus_right))?;
                    let denominator = self.power_number(b, 2.0);
                    Some(self.divide(numerator, denominator))
                }
                (None, None) => None,
            },
            Binary::Power => Some(self.power_rule(value, (a, da), (b, db))),
            Binary::Min => {
                let difference = self.subtract(b, a);
                self.piecewise_rule(difference, da, db)
            }
            Binary::Max => {
                let difference = self.subtract(a, b);
                self.piecewise_rule(difference, da, db)
            }
        }
    }

    /// The derivative of `value = base^exponent`, at least one of which depends on the variable.
    fn power_rule(
        &mut self,
        value: Id,
        (base, dbase): (Id, Option<Id>),
        (exponent, dexponent): (Id, Option<Id>),
    ) -> Id {
        // c f^(c-1) f', which is right at f = 0 and at negative f, where the logarithm is not.
        let by_base = dbase.map(|dbase| {
            let lower = match self.number(exponent) {
                Some(exponent) => self.constant(one_less(exponent)),
                None => {
                    let one = self.constant(1.0);
                    self.subtract(exponent, one)
                }
            };
            let power = self.power(base, lower);
            let inner = self.multiply(dbase, power);
            self.multiply(exponent, inner)
        });
        // f^g log(f) g'
        let by_exponent = dexponent.map(|dexponent| {
            let logarithm = self.unary(Unary::Log, base);
            let inner = self.multiply(dexponent, value);
            self.multiply(logarithm, inner)
        });
        match (by_base, by_exponent) {
            (Some(a), Some(b)) => self.add(a, b),
            (Some(one), None) | (None, Some(one)) => one,
            (None, None) => self.constant(0.0),
        }
    }

    /// The derivative of a choice between two branches by the sign of a node. At a tie it is the mean
    /// of the two one-sided derivatives, as `sign(0) = 0` is for `abs`.
    fn piecewise_rule(&mut self, sign: Id, da: Option<Id>, db: Option<Id>) -> Option<Id> {
        self.branch_rule(sign, da, db, Self::choose)
    }

    /// The derivative of a choice between two branches: the same choice between their derivatives.
    fn branch_rule(
        &mut self,
        condition: Id,
        da: Option<Id>,
        db: Option<Id>,
        choice: impl FnOnce(&mut Self, Id, Id, Id) -> Id,
    ) -> Option<Id> {
        // Where the condition has no value, neither has the derivative.
        if da.is_none() && db.is_none() && self.is_total(condition) {
            return None;
        }
        let zero = self.constant(0.0);
        Some(choice(self, condition, da.unwrap_or(zero), db.unwrap_or(zero)))
    }

    /// `sqrt(1 - a^2)`.
    fn root_of_one_minus_square(&mut self, a: Id) -> Id {
        let (one, square) = (self.constant(1.0), self.power_number(a, 2.0));
        let difference = self.subtract(one, square);
        self.unary(Unary::Sqrt, difference)
    }

    /// The sum of two terms of which either may be absent.
    fn sum(&mut self, a: Option<Id>, b: Option<Id>) -> Option<Id> {
        match (a, b) {
            (Some(a), Some(b)) => Some(self.add(a, b)),
            (one, other) => one.or(other),
        }
    }
}

/// `exponent - 1`; where a shorter decimal lies within the rounding error of the exponent, that: the
/// derivative of `x^2.3` is `2.3*x^1.3`, not `2.3*x^1.2999999999999998`.
fn one_less(exponent: f64) -> f64 {
    let difference = exponent - 1.0;
    match format!("{difference:.14}").parse::<f64>() {
        Ok(short) if (short - difference).abs() <= f64::EPSILON * exponent.abs() => short,
        _ => difference,
    }
}
