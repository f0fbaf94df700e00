//! Enclosures of a formula over an interval, rounded outwards.

use std::f64::consts::{FRAC_PI_2, PI};

use super::Expression;
use super::graph::Node;
use super::operation::{Binary, Unary, power, twice_exponent};

/// What a function takes on an interval: every value at a point where it is defined lies in `[lo, hi]`.
///
/// The ends may be infinite and are never NaN. The function meant is the real one that the formula stands
/// for (its constants as the numbers they are stored as), not its floating-point evaluation: every operation
/// is rounded outwards, elementary functions by sixteen units in the last place, several times the error of
/// their evaluation.
///
/// ```
/// # use std::collections::BTreeMap;
/// # use levyscape_integrator::potential::{Expression, Interval};
/// let f = Expression::parse("x^2 - 2", &["x".to_owned()], &BTreeMap::new())?;
/// // No zero between 1.5 and 2: a proof, not a sample.
/// assert!(f.enclose(&[Interval::new(1.5, 2.0)]).lo > 0.0);
/// assert!(f.enclose(&[Interval::new(1.0, 2.0)]).contains(0.0));
/// # Ok::<(), levyscape_integrator::potential::ExpressionError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Interval {
    /// Lower end.
    pub lo: f64,
    /// Upper end.
    pub hi: f64,
    /// Where the function is defined.
    pub domain: Definedness,
    /// Whether the function is certainly defined and continuous on the whole of the interval.
    pub continuous: bool,
}

/// Where on an interval a function is defined.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Definedness {
    /// At every point.
    Everywhere,
    /// At some points, or that cannot be said.
    Unknown,
    /// At no point.
    Nowhere,
}

impl Definedness {
    /// Of something that needs both.
    fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::Nowhere, _) | (_, Self::Nowhere) => Self::Nowhere,
            (Self::Everywhere, Self::Everywhere) => Self::Everywhere,
            _ => Self::Unknown,
        }
    }

    /// Of something that is the one here and the other there.
    fn or(self, other: Self) -> Self {
        if self == other { self } else { Self::Unknown }
    }
}

/// Relative error that is allowed to an elementary function.
const ELEMENTARY: f64 = 16.0 * f64::EPSILON;
/// Beyond this the place of an argument in its period is not followed.
const LARGEST_ANGLE: f64 = 1e12;

impl Interval {
    /// The numbers from `lo` to `hi`, as values of a continuous function. The ends are taken in either
    /// order; a NaN stands for an infinite end.
    #[must_use]
    pub fn new(lo: f64, hi: f64) -> Self {
        let (lo, hi) = if lo > hi { (hi, lo) } else { (lo, hi) };
        let lo = if lo.is_nan() { f64::NEG_INFINITY } else { lo };
        let hi = if hi.is_nan() { f64::INFINITY } else { hi };
        Self { lo, hi, domain: Definedness::Everywhere, continuous: true }
    }

    /// One number.
    #[must_use]
    pub fn point(x: f64) -> Self {
        Self::new(x, x)
    }

    /// Whether `x` may be a value.
    #[must_use]
    pub fn contains(&self, x: f64) -> bool {
        self.domain != Definedness::Nowhere && self.lo <= x && x <= self.hi
    }

    /// Whether zero is certainly not a value, and the function is defined everywhere.
    #[must_use]
    pub fn excludes_zero(&self) -> bool {
        self.domain == Definedness::Everywhere && (self.lo > 0.0 || self.hi < 0.0)
    }

    /// The sum, rounded outwards.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        self.with(other, sum(self.lo, other.lo)[0], sum(self.hi, other.hi)[1])
    }

    /// The difference, rounded outwards.
    #[must_use]
    pub fn minus(self, other: Self) -> Self {
        self.plus(other.negated())
    }

    /// The product, rounded outwards.
    #[must_use]
    pub fn times(self, other: Self) -> Self {
        let corners = [
            product(self.lo, other.lo),
            product(self.lo, other.hi),
            product(self.hi, other.lo),
            product(self.hi, other.hi),
        ];
        let lo = corners.iter().map(|corner| corner[0]).fold(f64::INFINITY, f64::min);
        let hi = corners.iter().map(|corner| corner[1]).fold(f64::NEG_INFINITY, f64::max);
        self.with(other, lo, hi)
    }

    fn negated(self) -> Self {
        Self { lo: -self.hi, hi: -self.lo, ..self }
    }

    /// The domain and the continuity of both operands, with these ends.
    fn with(self, other: Self, lo: f64, hi: f64) -> Self {
        let domain = self.domain.and(other.domain);
        Self { domain, continuous: self.continuous && other.continuous, ..Self::ends(lo, hi) }
    }

    /// Ends of which an upper one below infinity, and a lower one above minus infinity, is a number.
    fn ends(lo: f64, hi: f64) -> Self {
        let interval = Self::new(lo, hi);
        Self { lo: interval.lo.min(f64::MAX), hi: interval.hi.max(f64::MIN), ..interval }
    }

    fn unknown(self) -> Self {
        let domain = if self.domain == Definedness::Nowhere { self.domain } else { Definedness::Unknown };
        Self { domain, continuous: false, ..Self::new(f64::NEG_INFINITY, f64::INFINITY) }
    }

    fn nowhere() -> Self {
        Self { domain: Definedness::Nowhere, ..Self::new(f64::NEG_INFINITY, f64::INFINITY).unknown() }
    }

    /// A function that rises, evaluated at the ends.
    fn rising(self, function: impl Fn(f64) -> f64) -> Self {
        Self { lo: low(function(self.lo)), hi: high(function(self.hi)), ..self }.mended()
    }

    fn mended(self) -> Self {
        let Self { lo, hi, .. } = Self::ends(self.lo, self.hi);
        Self { lo, hi, ..self }
    }

    fn clamped(self, least: f64, greatest: f64) -> Self {
        Self { lo: self.lo.max(least), hi: self.hi.min(greatest), ..self }
    }

    /// The part of it in `[least, greatest]`, the domain of a function; continuous at its ends, too.
    fn restricted(self, least: f64, greatest: f64) -> Self {
        if self.domain == Definedness::Nowhere || self.hi < least || self.lo > greatest {
            return Self::nowhere();
        }
        if self.lo >= least && self.hi <= greatest {
            return self;
        }
        Self { domain: Definedness::Unknown, continuous: false, ..self.clamped(least, greatest) }
    }

    fn hull(self, other: Self) -> Self {
        // Where only one of them is defined, the other has no values.
        match (self.domain, other.domain) {
            (Definedness::Nowhere, Definedness::Nowhere) => Self::nowhere(),
            (Definedness::Nowhere, _) => Self { domain: Definedness::Unknown, continuous: false, ..other },
            (_, Definedness::Nowhere) => Self { domain: Definedness::Unknown, continuous: false, ..self },
            (a, b) => Self {
                domain: a.or(b),
                continuous: false,
                ..Self::new(self.lo.min(other.lo), self.hi.max(other.hi))
            },
        }
    }

    /// Of a condition: `Some` where it is decided on the whole interval.
    fn decided(self) -> Option<bool> {
        match self.domain {
            Definedness::Everywhere if self.lo == 1.0 => Some(true),
            Definedness::Everywhere if self.hi == 0.0 => Some(false),
            _ => None,
        }
    }

    fn condition(operands: Definedness, value: Option<bool>) -> Self {
        match value {
            Some(value) => Self { domain: operands, ..Self::point(f64::from(u8::from(value))) },
            None => Self { domain: operands, continuous: false, ..Self::new(0.0, 1.0) },
        }
    }
}

/// Bounds of a sum: itself where it is exact, as the two halves of its error (Knuth) tell.
fn sum(a: f64, b: f64) -> [f64; 2] {
    let total = a + b;
    let second = total - a;
    let error = (a - (total - second)) + (b - second);
    if error == 0.0 { [total, total] } else { [down(total), up(total)] }
}

fn down(x: f64) -> f64 {
    if x == f64::INFINITY { f64::MAX } else { x.next_down() }
}

fn up(x: f64) -> f64 {
    if x == f64::NEG_INFINITY { f64::MIN } else { x.next_up() }
}

/// Below the value of which an elementary function gave `x`.
fn low(x: f64) -> f64 {
    if x == 0.0 || x.is_infinite() { x } else { down(x - ELEMENTARY * x.abs()) }
}

fn high(x: f64) -> f64 {
    if x == 0.0 || x.is_infinite() { x } else { up(x + ELEMENTARY * x.abs()) }
}

/// Bounds of a product; zero times infinity, an end that is never reached, is zero.
fn product(a: f64, b: f64) -> [f64; 2] {
    if a == 0.0 || b == 0.0 { [0.0, 0.0] } else { [down(a * b), up(a * b)] }
}

fn reciprocal(x: Interval) -> Interval {
    if x.lo == 0.0 && x.hi == 0.0 {
        return Interval::nowhere();
    }
    if x.lo > 0.0 || x.hi < 0.0 {
        let end = |x: f64| if x.is_infinite() { 0.0 } else { 1.0 / x };
        let (lo, hi) = (end(x.hi), end(x.lo));
        let lo = if lo == 0.0 { 0.0 } else { down(lo) };
        let hi = if hi == 0.0 { 0.0 } else { up(hi) };
        return Interval { lo, hi, ..x }.mended();
    }
    // Of one sign where it is defined.
    let unknown = x.unknown();
    if x.lo == 0.0 {
        return Interval { lo: down(1.0 / x.hi).max(0.0), ..unknown };
    }
    if x.hi == 0.0 {
        return Interval { hi: up(1.0 / x.lo).min(0.0), ..unknown };
    }
    unknown
}

/// `x^n` for a whole `n >= 0`.
fn whole_power(x: Interval, n: u32) -> Interval {
    let at = |x: f64| power(x, f64::from(n));
    let Interval { lo, hi, .. } = x;
    let [at_lo, at_hi] = [at(lo), at(hi)];
    let (least, greatest) = match (n, n % 2) {
        (0, _) => (1.0, 1.0),
        (_, 1) => (at_lo, at_hi),
        _ if lo > 0.0 => (at_lo, at_hi),
        _ if hi < 0.0 => (at_hi, at_lo),
        _ => (0.0, at_lo.max(at_hi)),
    };
    if n < 2 {
        return Interval { lo: least, hi: greatest, ..x };
    }
    // One rounding a factor, and what underflows.
    let error = |value: f64| 2.0 * f64::from(n) * f64::EPSILON * value.abs() + f64::MIN_POSITIVE;
    let even = n.is_multiple_of(2);
    let touches_zero = if even { lo <= 0.0 && hi >= 0.0 } else { lo == 0.0 };
    let lower = if touches_zero { 0.0 } else { least - error(least) };
    let lower = if even { lower.max(0.0) } else { lower };
    let zero = if even { lo == 0.0 && hi == 0.0 } else { hi == 0.0 };
    let upper = if zero { 0.0 } else { greatest + error(greatest) };
    Interval { lo: lower, hi: upper, ..x }.mended()
}

fn interval_power(base: Interval, exponent: Interval) -> Interval {
    if base.domain == Definedness::Nowhere || exponent.domain == Definedness::Nowhere {
        return Interval::nowhere();
    }
    if exponent.lo == exponent.hi {
        let n = exponent.lo;
        if let Some(twice) = twice_exponent(n)
            && twice % 2 == 0
        {
            let power = whole_power(base, twice.unsigned_abs() / 2);
            return if twice < 0 { reciprocal(power) } else { power };
        }
        // A whole exponent that is too large for products has a negative base too.
        if n == n.floor() && base.lo < 0.0 {
            return base.with(exponent, f64::NEG_INFINITY, f64::INFINITY).unknown();
        }
        let base = base.restricted(0.0, f64::INFINITY);
        if base.domain == Definedness::Nowhere {
            return base;
        }
        let at = |x: f64| if x == 0.0 { 0.0 } else { libm::pow(x, n.abs()) };
        let least = low(at(base.lo)).max(0.0);
        let greatest = if base.hi == 0.0 { 0.0 } else { high(at(base.hi)).max(f64::MIN_POSITIVE) };
        let magnitude = Interval { lo: least, hi: greatest, ..base }.mended();
        return if n < 0.0 { reciprocal(magnitude) } else { magnitude };
    }
    if base.lo <= 0.0 {
        return base.with(exponent, f64::NEG_INFINITY, f64::INFINITY).unknown();
    }
    // `exponent log(base)` is linear in each, so that the extremes are at the corners.
    let corners = [base.lo, base.hi].map(|b| [exponent.lo, exponent.hi].map(|e| libm::pow(b, e)));
    let corners = corners.as_flattened();
    if corners.iter().any(|corner| corner.is_nan()) {
        return base.with(exponent, 0.0, f64::INFINITY);
    }
    let least = corners.iter().copied().fold(f64::INFINITY, f64::min);
    let greatest = corners.iter().copied().fold(0.0, f64::max);
    base.with(exponent, low(least).max(0.0), high(greatest).max(f64::MIN_POSITIVE))
}

/// The sine where `shift` is 0, the cosine where it is a quarter.
fn wave(x: Interval, shift: f64, function: impl Fn(f64) -> f64) -> Interval {
    let bounded = Interval { lo: -1.0, hi: 1.0, ..x };
    if !(x.lo.abs() < LARGEST_ANGLE && x.hi.abs() < LARGEST_ANGLE && x.hi - x.lo < 2.0 * PI) {
        return bounded;
    }
    // Whether a crest (0.25) or a trough (0.75) may lie inside, with room for rounding.
    let turns = |x: f64| x / (2.0 * PI) + shift;
    let room = 1e-15 * (1.0 + x.lo.abs().max(x.hi.abs()));
    let meets = |phase: f64| (turns(x.hi) - phase + room).floor() > (turns(x.lo) - phase - room).floor();
    let (at_lo, at_hi) = (function(x.lo), function(x.hi));
    let lo = if meets(0.75) { -1.0 } else { low(at_lo.min(at_hi)) };
    let hi = if meets(0.25) { 1.0 } else { high(at_lo.max(at_hi)) };
    Interval { lo, hi, ..x }.clamped(-1.0, 1.0)
}

fn unary(operation: Unary, x: Interval) -> Interval {
    if x.domain == Definedness::Nowhere {
        return Interval::nowhere();
    }
    let at = |y: f64| operation.apply(y);
    match operation {
        Unary::Negate => x.negated(),
        Unary::Not => Interval::point(1.0).minus(x).clamped(0.0, 1.0),
        Unary::Abs if x.lo >= 0.0 => x,
        Unary::Abs if x.hi <= 0.0 => x.negated(),
        Unary::Abs => Interval { lo: 0.0, hi: x.hi.max(-x.lo), ..x },
        Unary::Sin => wave(x, 0.0, at),
        Unary::Cos => wave(x, 0.25, at),
        Unary::Tan => {
            let quarter = |x: f64| (x + FRAC_PI_2) / PI;
            let room = 1e-15 * (1.0 + x.lo.abs().max(x.hi.abs()));
            let inside = x.lo.abs() < LARGEST_ANGLE && x.hi.abs() < LARGEST_ANGLE;
            if inside && (quarter(x.lo) - room).floor() == (quarter(x.hi) + room).floor() {
                x.rising(at)
            } else {
                x.unknown()
            }
        }
        Unary::Exp => x.rising(at).clamped(0.0, f64::INFINITY).not_zero_above(),
        Unary::Cosh => {
            let (near, far) = if x.lo <= 0.0 && x.hi >= 0.0 {
                (0.0, x.hi.max(-x.lo))
            } else {
                (x.lo.abs().min(x.hi.abs()), x.lo.abs().max(x.hi.abs()))
            };
            Interval { lo: low(at(near)).max(1.0), hi: high(at(far)), ..x }.mended()
        }
        Unary::Tanh | Unary::Erf => x.rising(at).clamped(-1.0, 1.0),
        Unary::Sinh | Unary::Atan | Unary::Asinh => x.rising(at),
        Unary::Floor => {
            let (lo, hi) = (x.lo.floor(), x.hi.floor());
            Interval { lo, hi, continuous: x.continuous && lo == hi, ..x }
        }
        Unary::Sqrt => {
            let x = x.restricted(0.0, f64::INFINITY);
            let root = |x: f64| x.max(0.0).sqrt();
            Interval { lo: low(root(x.lo)), hi: high(root(x.hi)), ..x }.mended()
        }
        Unary::NonNegative => x.restricted(0.0, f64::INFINITY),
        Unary::Log | Unary::Log10 => {
            if x.hi <= 0.0 {
                return Interval::nowhere();
            }
            let x = if x.lo <= 0.0 { Interval { lo: 0.0, ..x.unknown_domain() } } else { x };
            Interval { lo: low(at(x.lo)), hi: high(at(x.hi)), ..x }.mended()
        }
        Unary::Asin => x.restricted(-1.0, 1.0).rising_or_nowhere(at),
        Unary::Acos => {
            let x = x.restricted(-1.0, 1.0);
            if x.domain == Definedness::Nowhere {
                return x;
            }
            Interval { lo: low(at(x.hi)), hi: high(at(x.lo)), ..x }
        }
        Unary::Acosh => x.restricted(1.0, f64::INFINITY).rising_or_nowhere(at),
        Unary::Atanh => {
            let open = x.restricted(-1.0, 1.0);
            let open = if open.lo <= -1.0 || open.hi >= 1.0 { open.unknown_domain() } else { open };
            open.rising_or_nowhere(at)
        }
    }
}

impl Interval {
    /// The same values, perhaps not everywhere defined.
    fn unknown_domain(self) -> Self {
        let Self { lo, hi, .. } = self;
        Self { lo, hi, ..self.unknown() }
    }

    fn rising_or_nowhere(self, function: impl Fn(f64) -> f64) -> Self {
        if self.domain == Definedness::Nowhere { self } else { self.rising(function) }
    }

    /// An underflow at the upper end is not zero.
    fn not_zero_above(self) -> Self {
        Self { hi: self.hi.max(f64::MIN_POSITIVE), ..self }
    }
}

fn binary(operation: Binary, a: Interval, b: Interval) -> Interval {
    let domain = a.domain.and(b.domain);
    match operation {
        Binary::And => match (a.decided(), b.decided()) {
            (Some(false), _) | (_, Some(false)) => Interval::point(0.0),
            (Some(true), Some(true)) => Interval::point(1.0),
            _ => Interval::condition(domain.or(Definedness::Unknown), None),
        },
        Binary::Or => match (a.decided(), b.decided()) {
            (Some(true), _) | (_, Some(true)) => Interval::point(1.0),
            (Some(false), Some(false)) => Interval::point(0.0),
            _ => Interval::condition(domain.or(Definedness::Unknown), None),
        },
        _ if domain == Definedness::Nowhere => Interval::nowhere(),
        Binary::Less => {
            let value = if a.hi < b.lo { Some(true) } else { (a.lo >= b.hi).then_some(false) };
            Interval::condition(domain, value)
        }
        Binary::LessEqual => {
            let value = if a.hi <= b.lo { Some(true) } else { (a.lo > b.hi).then_some(false) };
            Interval::condition(domain, value)
        }
        Binary::Add => a.plus(b),
        Binary::Subtract => a.minus(b),
        Binary::Multiply => a.times(b),
        Binary::Divide => a.times(reciprocal(b)),
        Binary::Power => interval_power(a, b),
        Binary::Min => a.with(b, a.lo.min(b.lo), a.hi.min(b.hi)),
        Binary::Max => a.with(b, a.lo.max(b.lo), a.hi.max(b.hi)),
    }
}

fn choose(sign: Interval, positive: Interval, negative: Interval) -> Interval {
    match sign.domain {
        Definedness::Nowhere => Interval::nowhere(),
        Definedness::Everywhere if sign.lo > 0.0 => positive,
        Definedness::Everywhere if sign.hi < 0.0 => negative,
        domain => {
            // At a sign of zero the mean is between the two, and needs both.
            let hull = positive.hull(negative);
            Interval { domain: hull.domain.or(domain), ..hull }
        }
    }
}

fn select(condition: Interval, yes: Interval, no: Interval) -> Interval {
    match (condition.domain, condition.decided()) {
        (Definedness::Nowhere, _) => Interval::nowhere(),
        (_, Some(true)) => yes,
        (_, Some(false)) => no,
        (domain, None) => {
            let hull = yes.hull(no);
            Interval { domain: hull.domain.or(domain), ..hull }
        }
    }
}

impl Expression {
    /// An enclosure of the values that the formula takes where each variable lies in its interval.
    ///
    /// Narrow intervals give narrow enclosures; a variable that occurs several times makes them wider than
    /// the range of values.
    ///
    /// # Panics
    ///
    /// Panics if the number of intervals is not the number of variables.
    #[must_use]
    pub fn enclose(&self, point: &[Interval]) -> Interval {
        assert_eq!(point.len(), self.variables.len(), "one interval a variable");
        let mut values: Vec<Interval> = Vec::with_capacity(self.nodes.len());
        for &node in &self.nodes {
            values.push(match node {
                Node::Constant(bits) => Interval::point(f64::from_bits(bits)),
                Node::Variable(index) => point[index],
                Node::Unary(operation, a) => unary(operation, values[a]),
                Node::Binary(Binary::Multiply, a, b) if a == b => whole_power(values[a], 2),
                Node::Binary(operation, a, b) => binary(operation, values[a], values[b]),
                Node::Choose(sign, a, b) => choose(values[sign], values[a], values[b]),
                Node::Select(condition, a, b) => select(values[condition], values[a], values[b]),
            });
        }
        values.last().copied().unwrap_or_else(|| Interval::point(0.0))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn of(text: &str) -> Expression {
        Expression::parse(text, &["x".to_owned()], &BTreeMap::new()).unwrap()
    }

    fn enclose(text: &str, lo: f64, hi: f64) -> Interval {
        of(text).enclose(&[Interval::new(lo, hi)])
    }

    #[test]
    fn every_value_lies_in_the_enclosure() {
        let texts = [
            "x^4/4 - x^2/2 + 0.1*x",
            "(x^2 - 1)^3",
            "x^-3 + 1/x^2",
            "sin(x^2) + cos(3*x)",
            "tan(x)",
            "exp(-x^2)*sinh(x)",
            "cosh(x)^0.5 - tanh(x)",
            "log(x) + sqrt(x)",
            "abs(x - 0.3)^1.5",
            "x^0.6",
            "asin(x) + acos(x/2)",
            "atan(x)*asinh(x)",
            "acosh(x) - log10(x)",
            "atanh(x)",
            "erf(2*x)",
            "floor(3*x) + x",
            "min(x, x^2) - max(1, sin(x))",
            "sign(x)*x + heaviside(x - 1)",
            "choose(x - 0.2, x, -2*x)",
            "if(x < 0.5 and x > -0.25, x^2, 1 - x)",
            "if(not(0 < x <= 1) or x > 3, exp(x), x)",
            "(1 + x^2)^x",
            "2^x - x^3",
            "1/(0.01 + 4*(x - 0.5)^2)",
        ];
        // Cells of all sizes, at places of a Kronecker sequence.
        for text in texts {
            let formulas = [of(text), of(text).derivative(0), of(text).derivative(0).derivative(0)];
            for number in 0..400_u32 {
                let share = (f64::from(number) * 0.618_033_988_749_895).fract();
                let lo = [0.01, 1.0, 4.0, 50.0][number as usize % 4] * (2.0 * share - 1.0);
                let width = libm::exp2(-f64::from(number % 23)) * 2.0;
                let cell = Interval::new(lo, lo + width);
                for formula in &formulas {
                    let found = formula.enclose(&[cell]);
                    assert!(found.lo <= found.hi, "{formula} on {cell:?}: {found:?}");
                    for k in 0..=16 {
                        let x = (lo + width * f64::from(k) / 16.0).min(lo + width);
                        let value = formula.evaluate(&[x]);
                        let message = || format!("{formula} = {value} at {x}, not in {found:?} of {cell:?}");
                        match found.domain {
                            Definedness::Everywhere => assert!(!value.is_nan(), "{}", message()),
                            Definedness::Nowhere => assert!(!value.is_finite(), "{}", message()),
                            Definedness::Unknown => {}
                        }
                        // Infinite are poles, and what overflows.
                        if value.is_finite() {
                            assert!(found.lo <= value && value <= found.hi, "{}", message());
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn narrow_cells_have_narrow_enclosures() {
        for (text, x) in [("x^4 - 3*x", 1.3), ("exp(sin(x))", 2.0), ("sqrt(x)/x", 5.0), ("x^2.5*log(x)", 3.0)]
        {
            let found = enclose(text, x, x + 1e-6);
            assert!(found.hi - found.lo < 1e-4 && found.continuous, "{text}: {found:?}");
            let found = enclose(text, x, x);
            let value = of(text).evaluate(&[x]);
            assert!(
                found.hi - found.lo < 1e-13 * value.abs().max(1.0) && found.contains(value),
                "{text}: {found:?}"
            );
        }
    }

    #[test]
    fn signs_are_proved_where_they_are_known() {
        assert!(enclose("x^2 - 2", 1.5, 1e9).excludes_zero());
        assert!(enclose("sinh(x)", 800.0, 1e300).excludes_zero());
        assert!(enclose("1/x", 1e-300, 1.0).excludes_zero());
        assert!(!enclose("1/x", -1.0, 1.0).excludes_zero());
        assert!(enclose("sin(x)", 0.1, 3.1).excludes_zero() && enclose("sin(x)", 3.0, 3.2).contains(0.0));
        // Squares end at zero exactly, so that what touches zero does not cross it.
        assert_eq!(enclose("12*x^2", -1.0, 0.5).lo, 0.0);
        assert_eq!(enclose("max(x, 0)^3", -2.0, -1.0), Interval::point(0.0));
        assert_eq!(enclose("0*x", -1.0, 1.0), Interval::point(0.0));
    }

    #[test]
    fn holes_and_jumps_are_known() {
        let domain = |text: &str, lo, hi| enclose(text, lo, hi).domain;
        assert_eq!(domain("log(x)", -2.0, -1.0), Definedness::Nowhere);
        assert_eq!(domain("log(x)", -2.0, 1.0), Definedness::Unknown);
        assert_eq!(domain("x - log(x)", 0.5, 1.0), Definedness::Everywhere);
        assert_eq!(domain("sqrt(x) + x", -2.0, -1.0), Definedness::Nowhere);
        assert_eq!(domain("if(x < 0, 1, log(x))", -2.0, -1.0), Definedness::Everywhere);
        assert_eq!(domain("acosh(x)", 0.0, 0.5), Definedness::Nowhere);
        let continuous = |text: &str, lo, hi| enclose(text, lo, hi).continuous;
        assert!(!continuous("sign(x)", -1.0, 1.0) && continuous("sign(x)", 0.1, 1.0));
        assert!(!continuous("floor(x)", 0.5, 1.5) && continuous("floor(x)", 0.5, 0.9));
        assert!(!continuous("tan(x)", 1.0, 2.0) && continuous("abs(x)*x", -1.0, 1.0));
    }
}
