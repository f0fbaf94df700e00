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
}

impl Binary {
    /// Whether exchanging the operands leaves the value as it is, to the last bit.
    pub(super) fn is_commutative(self) -> bool {
        matches!(self, Self::Add | Self::Multiply)
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
    Choose,
}

/// Every callable name, in the order in which an error message lists them.
pub(super) const FUNCTIONS: [(&str, Function); 15] = [
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
    ("min", Function::Min),
    ("max", Function::Max),
    ("sign", Function::Sign),
    ("choose", Function::Choose),
];

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
            Self::Unary(_) | Self::Sign => 1,
            Self::Min | Self::Max => 2,
            Self::Choose => 3,
        }
    }
}
