//! Constructors that fold constants and apply the identities of arithmetic.
//!
//! An identity is used only where both sides are defined at the same real points: `0*f` is 0 only if
//! `f` is defined everywhere, so `0*log(x)` keeps its domain. Numbers that leave the finite range are
//! never folded, hence every constant in a graph is finite.

use super::graph::{Graph, Id, Node};
use super::operation::{Binary, Unary, choose};

/// The largest exponent that merging powers may produce.
const LARGEST_MERGED_EXPONENT: f64 = 64.0;

impl Graph {
    /// `operation(a, b)`.
    pub(super) fn binary(&mut self, operation: Binary, a: Id, b: Id) -> Id {
        match operation {
            Binary::Add => self.add(a, b),
            Binary::Subtract => self.subtract(a, b),
            Binary::Multiply => self.multiply(a, b),
            Binary::Divide => self.divide(a, b),
            Binary::Power => self.power(a, b),
            Binary::Min | Binary::Max => {
                if a == b {
                    return a;
                }
                self.fold(operation, a, b).unwrap_or_else(|| self.intern(Node::Binary(operation, a, b)))
            }
            Binary::Less | Binary::LessEqual | Binary::And | Binary::Or => self.condition(operation, a, b),
        }
    }

    /// `operation(a)`.
    pub(super) fn unary(&mut self, operation: Unary, a: Id) -> Id {
        if let Some(value) = self.number(a).map(|a| operation.apply(a)).filter(|value| value.is_finite()) {
            return self.constant(value);
        }
        match (operation, self.node(a)) {
            (Unary::Negate, _) => self.negate(a),
            (Unary::NonNegative, _) if self.is_nonnegative(a) => a,
            // Both sides are NaN where either operand is.
            (Unary::Not, Node::Binary(Binary::Less, left, right)) => {
                self.condition(Binary::LessEqual, right, left)
            }
            (Unary::Not, Node::Binary(Binary::LessEqual, left, right)) => {
                self.condition(Binary::Less, right, left)
            }
            (Unary::Not, Node::Unary(Unary::Not, inner)) => inner,
            (Unary::Abs | Unary::Cos | Unary::Cosh, Node::Unary(Unary::Negate | Unary::Abs, inner)) => {
                self.unary(operation, inner)
            }
            _ => self.intern(Node::Unary(operation, a)),
        }
    }

    /// `positive` where `sign > 0`, `negative` where `sign < 0`, their mean at 0.
    pub(super) fn choose(&mut self, sign: Id, positive: Id, negative: Id) -> Id {
        if positive == negative && self.is_total(sign) {
            return positive;
        }
        if let (Some(s), Some(p), Some(n)) = (self.number(sign), self.number(positive), self.number(negative))
        {
            return self.constant(choose(s, p, n));
        }
        self.intern(Node::Choose(sign, positive, negative))
    }

    /// A condition on two numbers or on two conditions.
    fn condition(&mut self, operation: Binary, a: Id, b: Id) -> Id {
        if let Some(folded) = self.fold(operation, a, b) {
            return folded;
        }
        // A constant condition either decides alone or says nothing.
        let decides = match operation {
            Binary::And => Some(0.0),
            Binary::Or => Some(1.0),
            _ => None,
        };
        if let Some(decides) = decides {
            for (one, other) in [(a, b), (b, a)] {
                if let Some(value) = self.number(one) {
                    return if value == decides { one } else { other };
                }
            }
            if a == b {
                return a;
            }
        }
        self.intern(Node::Binary(operation, a, b))
    }

    /// `yes` where the condition holds, `no` where it does not.
    pub(super) fn select(&mut self, condition: Id, yes: Id, no: Id) -> Id {
        match self.number(condition) {
            Some(holds) => {
                if holds == 1.0 {
                    yes
                } else {
                    no
                }
            }
            None if yes == no && self.is_total(condition) => yes,
            None => self.intern(Node::Select(condition, yes, no)),
        }
    }

    /// `sign(a)`, which is 0 at 0.
    pub(super) fn sign(&mut self, a: Id) -> Id {
        let (one, minus_one) = (self.constant(1.0), self.constant(-1.0));
        self.choose(a, one, minus_one)
    }

    /// The step from 0 to 1 at `a = 0`, where it is 1/2.
    pub(super) fn heaviside(&mut self, a: Id) -> Id {
        let (one, zero) = (self.constant(1.0), self.constant(0.0));
        self.choose(a, one, zero)
    }

    /// `a + b`.
    pub(super) fn add(&mut self, a: Id, b: Id) -> Id {
        if let Some(folded) = self.fold(Binary::Add, a, b) {
            return folded;
        }
        if self.number(b) == Some(0.0) {
            return a;
        }
        if self.number(a) == Some(0.0) {
            return b;
        }
        if let Some(merged) = self.merge_like_terms(a, b, 1.0) {
            return merged;
        }
        if self.is_negative(b) {
            let opposite = self.negate(b);
            return self.subtract(a, opposite);
        }
        if let Node::Unary(Unary::Negate, opposite) = self.node(a) {
            return self.subtract(b, opposite);
        }
        self.intern(Node::Binary(Binary::Add, a, b))
    }

    /// `a - b`.
    pub(super) fn subtract(&mut self, a: Id, b: Id) -> Id {
        if let Some(folded) = self.fold(Binary::Subtract, a, b) {
            return folded;
        }
        if self.number(b) == Some(0.0) {
            return a;
        }
        if self.number(a) == Some(0.0) {
            return self.negate(b);
        }
        if let Some(merged) = self.merge_like_terms(a, b, -1.0) {
            return merged;
        }
        if self.is_negative(b) {
            let opposite = self.negate(b);
            return self.add(a, opposite);
        }
        self.intern(Node::Binary(Binary::Subtract, a, b))
    }

    /// `-a`.
    pub(super) fn negate(&mut self, a: Id) -> Id {
        if let (factor, Some(rest)) = self.coefficient(a)
            && factor != 1.0
        {
            return self.scale(-factor, rest);
        }
        match self.node(a) {
            Node::Constant(bits) => self.constant(-f64::from_bits(bits)),
            Node::Binary(Binary::Subtract, left, right) => self.subtract(right, left),
            Node::Binary(Binary::Divide, left, right) if self.number(left).is_some() => {
                let opposite = self.negate(left);
                self.divide(opposite, right)
            }
            _ => self.intern(Node::Unary(Unary::Negate, a)),
        }
    }

    /// `a * b`, numerical factors gathered in front.
    pub(super) fn multiply(&mut self, a: Id, b: Id) -> Id {
        if let Some(folded) = self.fold(Binary::Multiply, a, b) {
            return folded;
        }
        let ((factor_a, rest_a), (factor_b, rest_b)) = (self.coefficient(a), self.coefficient(b));
        let factor = factor_a * factor_b;
        let exact_zero = factor_a == 0.0 || factor_b == 0.0;
        match (rest_a, rest_b) {
            _ if !(factor.is_normal() || exact_zero) => self.intern(Node::Binary(Binary::Multiply, a, b)),
            (Some(rest_a), Some(rest_b)) => {
                let product = self.multiply_powers(rest_a, rest_b);
                self.scale(factor, product)
            }
            (Some(rest), None) | (None, Some(rest)) => self.scale(factor, rest),
            (None, None) => self.intern(Node::Binary(Binary::Multiply, a, b)),
        }
    }

    /// `a / b`.
    pub(super) fn divide(&mut self, a: Id, b: Id) -> Id {
        if let Some(folded) = self.fold(Binary::Divide, a, b) {
            return folded;
        }
        if let Some(quotient) = self.hyperbolic_quotient(a, b) {
            return quotient;
        }
        if let Some(divisor) = self.number(b) {
            if divisor < 0.0 {
                let (opposite_a, opposite_b) = (self.negate(a), self.negate(b));
                return self.divide(opposite_a, opposite_b);
            }
            if let (factor, Some(rest)) = self.coefficient(a)
                && let Some(quotient) = exact_quotient(factor, divisor)
            {
                return self.scale(quotient, rest);
            }
        }
        for (negative, other_is_numerator) in [(a, false), (b, true)] {
            if let Node::Unary(Unary::Negate, opposite) = self.node(negative) {
                let (a, b) = if other_is_numerator { (a, opposite) } else { (opposite, b) };
                let quotient = self.divide(a, b);
                return self.negate(quotient);
            }
        }
        self.intern(Node::Binary(Binary::Divide, a, b))
    }

    /// `p*sinh(x)/cosh(x)` as `p*tanh(x)`, which is finite where the quotient would be infinity over
    /// infinity. It is what the derivative of `log(cosh(x))` comes to.
    fn hyperbolic_quotient(&mut self, a: Id, b: Id) -> Option<Id> {
        let Node::Unary(Unary::Cosh, x) = self.node(b) else { return None };
        let (factor, rest) = self.coefficient(a);
        let tanh = match self.node(rest?) {
            Node::Unary(Unary::Sinh, y) if x == y => self.unary(Unary::Tanh, x),
            Node::Binary(Binary::Multiply, p, q) if self.node(q) == Node::Unary(Unary::Sinh, x) => {
                let tanh = self.unary(Unary::Tanh, x);
                self.multiply(p, tanh)
            }
            _ => return None,
        };
        Some(self.multiply_number(factor, tanh))
    }

    /// `base ^ exponent`.
    pub(super) fn power(&mut self, base: Id, exponent: Id) -> Id {
        if let Some(folded) = self.fold(Binary::Power, base, exponent) {
            return folded;
        }
        if self.number(base) == Some(std::f64::consts::E) {
            return self.unary(Unary::Exp, exponent);
        }
        let Some(n) = self.number(exponent) else {
            return self.intern(Node::Binary(Binary::Power, base, exponent));
        };
        if n == 0.0 && self.is_total(base) {
            return self.constant(1.0);
        }
        if n == 1.0 {
            return base;
        }
        if n == -1.0 {
            let one = self.constant(1.0);
            return self.divide(one, base);
        }
        let whole = n.fract() == 0.0;
        let even = whole && (0.5 * n).fract() == 0.0;
        let (inner, m) = self.whole_power(base);
        if m > 1.0 && whole && n > 0.0 && m * n <= LARGEST_MERGED_EXPONENT {
            return self.power_number(inner, m * n);
        }
        match self.node(base) {
            Node::Unary(Unary::Negate | Unary::Abs, inner) if even => self.power(inner, exponent),
            Node::Unary(Unary::Negate, inner) if whole => {
                let power = self.power(inner, exponent);
                self.negate(power)
            }
            _ => self.intern(Node::Binary(Binary::Power, base, exponent)),
        }
    }

    /// `base ^ exponent` for a number as the exponent.
    pub(super) fn power_number(&mut self, base: Id, exponent: f64) -> Id {
        let exponent = self.constant(exponent);
        self.power(base, exponent)
    }

    /// `factor * a` for a finite factor.
    pub(super) fn multiply_number(&mut self, factor: f64, a: Id) -> Id {
        let factor = self.constant(factor);
        self.multiply(factor, a)
    }

    /// The value of an operation on two numbers, if it is finite.
    fn fold(&mut self, operation: Binary, a: Id, b: Id) -> Option<Id> {
        let value = operation.apply(self.number(a)?, self.number(b)?);
        value.is_finite().then(|| self.constant(value))
    }

    /// The node as a number times a rest that has no number in front; no rest for a number.
    fn coefficient(&self, id: Id) -> (f64, Option<Id>) {
        match self.node(id) {
            Node::Constant(bits) => (f64::from_bits(bits), None),
            Node::Unary(Unary::Negate, rest) => (-1.0, Some(rest)),
            Node::Binary(Binary::Multiply, factor, rest) => match self.number(factor) {
                Some(factor) => (factor, Some(rest)),
                None => (1.0, Some(id)),
            },
            _ => (1.0, Some(id)),
        }
    }

    /// Whether the node is written with a minus in front.
    fn is_negative(&self, id: Id) -> bool {
        self.coefficient(id).0 < 0.0
    }

    /// `factor * rest`, for a rest without a number in front.
    fn scale(&mut self, factor: f64, rest: Id) -> Id {
        if factor == 1.0 {
            rest
        } else if factor == -1.0 {
            self.negate(rest)
        } else if factor == 0.0 && self.is_total(rest) {
            self.constant(0.0)
        } else {
            let factor = self.constant(factor);
            self.intern(Node::Binary(Binary::Multiply, factor, rest))
        }
    }

    /// `a + sign * b` where both are multiples of the same node, or one of them is a sum or difference
    /// of two terms that contains such a multiple.
    fn merge_like_terms(&mut self, a: Id, b: Id, sign: f64) -> Option<Id> {
        if let Some(merged) = self.merge_multiples(a, b, sign) {
            return Some(merged);
        }
        // (p + s q) + sign b
        if let Some((p, q, s)) = self.two_terms(a) {
            if let Some(merged) = self.merge_multiples(p, b, sign) {
                return Some(self.add_signed(merged, q, s));
            }
            if let Some(merged) = self.merge_multiples(q, b, s * sign) {
                return Some(self.add_signed(p, merged, s));
            }
        }
        // a + sign (p + s q)
        if let Some((p, q, s)) = self.two_terms(b) {
            if let Some(merged) = self.merge_multiples(a, p, sign) {
                return Some(self.add_signed(merged, q, sign * s));
            }
            if let Some(merged) = self.merge_multiples(a, q, sign * s) {
                return Some(self.add_signed(merged, p, sign));
            }
        }
        None
    }

    /// `a + sign * b` where both are numbers or multiples of the same node.
    fn merge_multiples(&mut self, a: Id, b: Id, sign: f64) -> Option<Id> {
        let ((factor_a, rest_a), (factor_b, rest_b)) = (self.coefficient(a), self.coefficient(b));
        let factor = factor_a + sign * factor_b;
        if rest_a != rest_b || !(factor.is_normal() || factor == 0.0) {
            return None;
        }
        Some(match rest_a {
            Some(rest) => self.scale(factor, rest),
            None => self.constant(factor),
        })
    }

    /// The node as `p + s q` with `s` 1 or -1.
    fn two_terms(&self, id: Id) -> Option<(Id, Id, f64)> {
        match self.node(id) {
            Node::Binary(Binary::Add, p, q) => Some((p, q, 1.0)),
            Node::Binary(Binary::Subtract, p, q) => Some((p, q, -1.0)),
            _ => None,
        }
    }

    fn add_signed(&mut self, a: Id, b: Id, sign: f64) -> Id {
        if sign < 0.0 { self.subtract(a, b) } else { self.add(a, b) }
    }

    /// `a * b` for factors without numbers in front; powers of the same base are merged.
    fn multiply_powers(&mut self, a: Id, b: Id) -> Id {
        let ((base_a, n), (base_b, m)) = (self.whole_power(a), self.whole_power(b));
        if base_a == base_b && n + m <= LARGEST_MERGED_EXPONENT {
            return self.power_number(base_a, n + m);
        }
        self.intern(Node::Binary(Binary::Multiply, a, b))
    }

    /// The node as a positive whole power of another.
    fn whole_power(&self, id: Id) -> (Id, f64) {
        if let Node::Binary(Binary::Power, base, exponent) = self.node(id)
            && let Some(n) = self.number(exponent)
            && n > 0.0
            && n.fract() == 0.0
        {
            return (base, n);
        }
        (id, 1.0)
    }
}

/// `a / b` where the quotient has no rounding error: for whole numbers without remainder, and for a
/// power of two as the divisor.
fn exact_quotient(a: f64, b: f64) -> Option<f64> {
    const MANTISSA: u64 = (1 << 52) - 1;
    let quotient = a / b;
    let whole = |x: f64| x.fract() == 0.0 && x.abs() < 9e15;
    let power_of_two = b.is_normal() && b.to_bits() & MANTISSA == 0;
    let exact = power_of_two || (whole(a) && whole(b) && a % b == 0.0);
    (quotient.is_normal() && exact).then_some(quotient)
}
