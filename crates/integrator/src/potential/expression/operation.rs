//! The elementary operations and their floating-point values.
//!
//! Constant folding, scalar evaluation and the tape all take their numbers from here, so that they
//! agree to the last bit. Transcendental functions come from `libm`, whose results do not depend on
//! the machine, and `exp`, the one that potentials are full of, from this crate's own vectorisable
//! version; `sqrt` and `abs` are exactly rounded everywhere.

use crate::math::exp_everywhere;

/// A function of one number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Unary {
    Negate,
    Sin,
    Cos,
    Tan,
    Exp,
    Log,
    Sqrt,
    Abs,
    Tanh,
    Cosh,
    Sinh,
    Atan,
    Log10,
    Asin,
    Acos,
    Asinh,
    Acosh,
    Atanh,
    Erf,
    Floor,
    /// The opposite of a condition.
    Not,
    /// Its argument where that is not negative, NaN elsewhere. The derivative `f'/f` of `log(f)` has a
    /// larger domain than `log(f)`; this keeps it to the right one.
    NonNegative,
}

impl Unary {
    /// The value at `x`.
    #[inline(always)]
    pub(super) fn apply(self, x: f64) -> f64 {
        match self {
            Self::Negate => -x,
            Self::Sin => libm::sin(x),
            Self::Cos => libm::cos(x),
            Self::Tan => libm::tan(x),
            Self::Exp => exp_everywhere(x),
            Self::Log => libm::log(x),
            Self::Sqrt => x.sqrt(),
            Self::Abs => x.abs(),
            Self::Tanh => libm::tanh(x),
            Self::Cosh => libm::cosh(x),
            Self::Sinh => libm::sinh(x),
            Self::Atan => libm::atan(x),
            Self::Log10 => libm::log10(x),
            Self::Asin => libm::asin(x),
            Self::Acos => libm::acos(x),
            Self::Asinh => libm::asinh(x),
            Self::Acosh => libm::acosh(x),
            Self::Atanh => libm::atanh(x),
            Self::Erf => libm::erf(x),
            Self::Floor => x.floor(),
            Self::Not => 1.0 - x,
            Self::NonNegative => non_negative(x),
        }
    }
}

/// A function of two numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Binary {
    Add,
    Subtract,
    Multiply,
    Divide,
    Power,
    Min,
    Max,
    // Conditions: 1 where they hold, 0 where they do not, NaN where that cannot be said.
    Less,
    LessEqual,
    And,
    Or,
}

impl Binary {
    /// Whether exchanging the operands leaves the value as it is, to the last bit.
    pub(super) fn is_commutative(self) -> bool {
        matches!(self, Self::Add | Self::Multiply | Self::And | Self::Or)
    }

    /// The value at `(a, b)`.
    #[inline(always)]
    pub(super) fn apply(self, a: f64, b: f64) -> f64 {
        match self {
            Self::Add => a + b,
            Self::Subtract => a - b,
            Self::Multiply => a * b,
            Self::Divide => a / b,
            Self::Power => power(a, b),
            Self::Min => min(a, b),
            Self::Max => max(a, b),
            Self::Less => less(a, b),
            Self::LessEqual => less_equal(a, b),
            Self::And => and(a, b),
            Self::Or => or(a, b),
        }
    }
}

/// `x` where `x >= 0`, else NaN.
#[inline(always)]
pub(super) fn non_negative(x: f64) -> f64 {
    if x >= 0.0 { x } else { f64::NAN }
}

/// The smaller of two numbers; NaN if either is (unlike [`f64::min`]), so that a point outside the
/// domain stays visible.
#[inline(always)]
pub(super) fn min(a: f64, b: f64) -> f64 {
    if a < b || a.is_nan() { a } else { b }
}

/// The larger of two numbers; NaN if either is.
#[inline(always)]
pub(super) fn max(a: f64, b: f64) -> f64 {
    if a > b || a.is_nan() { a } else { b }
}

/// `positive` where `sign > 0`, `negative` where `sign < 0`, their mean at zero, NaN at NaN.
#[inline(always)]
pub(super) fn choose(sign: f64, positive: f64, negative: f64) -> f64 {
    let mean = 0.5 * positive + 0.5 * negative;
    let unequal = if sign > 0.0 { positive } else { negative };
    let chosen = if sign == 0.0 { mean } else { unequal };
    if sign.is_nan() { f64::NAN } else { chosen }
}

/// Whether `a < b`; NaN if either is NaN.
#[inline(always)]
pub(super) fn less(a: f64, b: f64) -> f64 {
    let not = if a >= b { 0.0 } else { f64::NAN };
    if a < b { 1.0 } else { not }
}

/// Whether `a <= b`; NaN if either is NaN.
#[inline(always)]
pub(super) fn less_equal(a: f64, b: f64) -> f64 {
    let not = if a > b { 0.0 } else { f64::NAN };
    if a <= b { 1.0 } else { not }
}

/// Whether both conditions hold; NaN where one cannot be said and the other does not already decide, so
/// that `x > 0 and log(x) < 1` is false at negative `x`.
#[inline(always)]
pub(super) fn and(a: f64, b: f64) -> f64 {
    let product = a * b;
    let decided = if b == 0.0 { 0.0 } else { product };
    if a == 0.0 { 0.0 } else { decided }
}

/// Whether one of the conditions holds; NaN where one cannot be said and the other does not hold.
#[inline(always)]
pub(super) fn or(a: f64, b: f64) -> f64 {
    let sum = a + b;
    let decided = if b == 1.0 { 1.0 } else { sum };
    if a == 1.0 { 1.0 } else { decided }
}

/// `yes` where the condition holds, `no` where it does not, NaN where that cannot be said.
#[inline(always)]
pub(super) fn select(condition: f64, yes: f64, no: f64) -> f64 {
    let chosen = if condition == 1.0 { yes } else { no };
    if condition.is_nan() { f64::NAN } else { chosen }
}

/// The largest whole exponent that is multiplied out. Beyond it the rounding errors of the products
/// would exceed those of `libm::pow`.
const LARGEST_MULTIPLIED: f64 = 64.0;

/// Twice the exponent, if the power is computed by products and at most one root and one division.
#[inline(always)]
pub(super) fn twice_exponent(exponent: f64) -> Option<i32> {
    let twice = 2.0 * exponent;
    let small = exponent.abs() <= LARGEST_MULTIPLIED;
    // Within the bound the conversion is exact for whole numbers.
    (small && f64::from(twice as i32) == twice).then_some(twice as i32)
}

/// `base^(twice / 2)` lane by lane: repeated squaring, a square root for a half, one division for a
/// minus.
#[inline(always)]
pub(super) fn half_integer_power<const W: usize>(base: [f64; W], twice: i32) -> [f64; W] {
    let magnitude = twice.unsigned_abs();
    let mut remaining = magnitude >> 1;
    let mut square = base;
    let mut result = [1.0; W];
    while remaining > 0 {
        if remaining & 1 == 1 {
            for (result, square) in result.iter_mut().zip(&square) {
                *result *= square;
            }
        }
        remaining >>= 1;
        if remaining > 0 {
            for square in &mut square {
                *square *= *square;
            }
        }
    }
    if magnitude & 1 == 1 {
        for (result, base) in result.iter_mut().zip(&base) {
            *result *= base.sqrt();
        }
    }
    if twice < 0 {
        for result in &mut result {
            *result = 1.0 / *result;
        }
    }
    result
}

/// `base^exponent`; NaN for a negative base and an exponent that is not whole.
#[inline]
pub(super) fn power(base: f64, exponent: f64) -> f64 {
    match twice_exponent(exponent) {
        Some(twice) => half_integer_power([base], twice)[0],
        None => libm::pow(base, exponent),
    }
}

/// A function that a text may call by name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Function {
    Unary(Unary),
    Min,
    Max,
    Sign,
    Heaviside,
    Choose,
    If,
}

/// Every callable name, in the order in which an error message lists them.
pub(super) const FUNCTIONS: [(&str, Function); 25] = [
    ("sin", Function::Unary(Unary::Sin)),
    ("cos", Function::Unary(Unary::Cos)),
    ("tan", Function::Unary(Unary::Tan)),
    ("exp", Function::Unary(Unary::Exp)),
    ("log", Function::Unary(Unary::Log)),
    ("sqrt", Function::Unary(Unary::Sqrt)),
    ("abs", Function::Unary(Unary::Abs)),
    ("tanh", Function::Unary(Unary::Tanh)),
    ("cosh", Function::Unary(Unary::Cosh)),
    ("sinh", Function::Unary(Unary::Sinh)),
    ("atan", Function::Unary(Unary::Atan)),
    ("log10", Function::Unary(Unary::Log10)),
    ("asin", Function::Unary(Unary::Asin)),
    ("acos", Function::Unary(Unary::Acos)),
    ("asinh", Function::Unary(Unary::Asinh)),
    ("acosh", Function::Unary(Unary::Acosh)),
    ("atanh", Function::Unary(Unary::Atanh)),
    ("erf", Function::Unary(Unary::Erf)),
    ("floor", Function::Unary(Unary::Floor)),
    ("min", Function::Min),
    ("max", Function::Max),
    ("sign", Function::Sign),
    ("heaviside", Function::Heaviside),
    ("choose", Function::Choose),
    ("if", Function::If),
];

/// The words that join conditions.
pub(super) const WORDS: [(&str, Word); 3] = [("and", Word::And), ("or", Word::Or), ("not", Word::Not)];

/// A word that joins or turns round conditions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Word {
    And,
    Or,
    Not,
}

/// Every named constant.
pub(super) const CONSTANTS: [(&str, f64); 2] = [("pi", std::f64::consts::PI), ("e", std::f64::consts::E)];

impl Function {
    /// The function of that name.
    pub(super) fn named(name: &str) -> Option<Self> {
        FUNCTIONS.iter().find(|entry| entry.0 == name).map(|entry| entry.1)
    }

    /// How many arguments it takes.
    pub(super) fn arity(self) -> usize {
        match self {
            Self::Unary(_) | Self::Sign | Self::Heaviside => 1,
            Self::Min | Self::Max => 2,
            Self::Choose | Self::If => 3,
        }
    }

    /// What stands between its brackets, for a message.
    pub(super) fn arguments(self) -> &'static str {
        match (self, self.arity()) {
            (Self::If, _) => "condition, ..., ...",
            (_, 1) => "...",
            (_, 2) => "..., ...",
            _ => "..., ..., ...",
        }
    }
}
