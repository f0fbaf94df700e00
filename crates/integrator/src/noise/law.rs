//! The stable laws themselves: tails, densities and quantiles, for building samplers.

use core::cell::Cell;
use core::f64::consts::{FRAC_PI_2, PI};

use super::Side;
use super::stable::skewed_tangent;
use super::table::Quantiles;

/// The law with the S1 exponent `-|w|^alpha (1 - i z sgn(w))`, `z = beta tan(pi alpha/2)`.
///
/// For `x >= 0`, `P(X > x)` is the inversion integral
///
/// ```text
/// 1/2 - (1/pi) Im int_0^inf exp(i x t - (1 + i z) t^alpha) dt/t
/// ```
///
/// taken along the ray `t = s e^(i phi)`, on which both terms of the exponent decay, after `s = exp(v - e^-v)`
/// by the trapezoidal rule, which then converges exponentially; the pole at 0 contributes `phi`. For
/// `x < 0` it is the complement for the mirrored law. In the tail it is the series
/// `(1/pi) sum_k (-1)^(k+1) Gamma(alpha k)/k! Im((1 + i z) e^(i pi alpha/2))^k x^(-alpha k)` (Bergström 1952).
/// At `alpha = 2` it is the error function. Absolute error below 1e-13, for symmetric laws 2e-15; relative
/// error of a heavy tail 1e-13. No function of the platform is called: the bits are the same everywhere.
///
/// The light tail of a law whose jumps all have one sign has probabilities below [`LIGHTEST`] by the saddle
/// point instead, `e^-q/sqrt(2 pi alpha q)` with `q = |alpha-1| C l^alpha` where `|x| = alpha C l^(alpha-1)` and
/// `C = 1/|cos(pi alpha/2)|`, times the constant that makes it continuous: some per cent off in probability.
pub(super) struct Law {
    alpha: f64,
    /// The law seen from above and, mirrored, from below; one half where that is the same.
    halves: Vec<Half>,
    /// The expansion that the last quantile was found by.
    expansion: Cell<Expansion>,
}

/// A law for `x >= 0`.
struct Half {
    alpha: f64,
    ray: f64,
    nodes: Vec<Node>,
    /// `Gamma(alpha k)/(k! pi) m^k` and `(-1)^(k+1) Im(c^k)/m^k`, `c = (1 + i z) e^(i pi alpha/2)`, `m = |c|`,
    /// for k = 1, 2, ...
    series: Vec<[f64; 2]>,
    /// Where the series takes over: below this value of `x^-alpha`.
    tail: f64,
    /// The constant factor of the light tail, where this is one.
    light: Option<f64>,
}

/// What a point of the integration path keeps for every `x`.
struct Node {
    s: f64,
    decay: f64,
    turn: f64,
    /// Real and minus the imaginary part of `(1 + i z) t^alpha`.
    damping: f64,
    phase: f64,
    weight: f64,
}

/// `P(X > x)` about a point.
#[derive(Clone, Copy)]
struct Expansion {
    /// The half whose tail this is; a mirrored one is expanded in `-x`.
    side: Side,
    centre: f64,
    radius: f64,
    coefficients: [f64; ORDER],
}

/// Terms of an expansion.
const ORDER: usize = 20;
/// Step of the trapezoidal rule, in units of the cotangent of the ray's angle.
const STEP: f64 = 0.05;
/// `|1 + i z| x^-alpha` below which the series is used, for `alpha < 1`, where it converges, and above.
const TAILS: [f64; 2] = [1.0 / 20.0, 1.0 / 400.0];
/// Light tails are extrapolated below this probability.
const LIGHTEST: f64 = 1e-11;
/// Largest `|z|` of a table: the ray's angle, and with it the step, shrinks as `1/|z|`.
const LARGEST_TANGENT: f64 = 8.0;

impl Law {
    /// Whether a table of the law, as [`QuantileTable`](super::table::QuantileTable) makes them, is right to
    /// 1e-9 in distribution and built in less than a tenth of a second. Measured:
    ///
    /// Below the smallest index, the sharp peak of the density at 0 falls within an octave of the table whose
    /// polynomial misses it: for symmetric laws, which have it at the median, and one-sided ones, which have
    /// none, from `alpha = 0.5` on; for others from 0.6, where hardly any mass is left on one side from 0.8.
    /// (At 0.5 with `beta` 0.99 the error is 3e-7.) Near `alpha = 1` skewed laws, with
    /// `|beta tan(pi alpha/2)| > 8`, would take too long: for `beta = 1` between 0.921 and 1.079, for 0.5 between
    /// 0.960 and 1.040.
    pub fn can_be_tabulated(alpha: f64, beta: f64) -> bool {
        let smallest = match beta.abs() {
            0.0 | 1.0 => 0.5,
            size if size <= 0.9 => 0.6,
            _ => 0.8,
        };
        let near_one = || alpha == 1.0 || skewed_tangent(alpha, beta).abs() > LARGEST_TANGENT;
        alpha >= smallest && (beta == 0.0 || !near_one())
    }

    /// The law of `alpha` in [0.5, 2], `beta` in [-1, 1]; not next to `alpha = 1` unless `beta` is 0.
    pub fn new(alpha: f64, beta: f64) -> Self {
        let halves = match beta {
            _ if alpha == 2.0 => Vec::new(),
            0.0 => vec![Half::new(alpha, 0.0)],
            _ => vec![Half::new(alpha, beta), Half::new(alpha, -beta)],
        };
        let nowhere = Expansion { side: Side::Upper, centre: 0.0, radius: -1.0, coefficients: [0.0; ORDER] };
        let mut law = Self { alpha, halves, expansion: Cell::new(nowhere) };
        for (side, index) in [(Side::Upper, 0), (Side::Lower, 1)] {
            let one_sided = if side == Side::Upper { beta == -1.0 } else { beta == 1.0 };
            if one_sided && index < law.halves.len() {
                let x = law.search(side, LIGHTEST, 0.0);
                let depth = law.depth(x.abs());
                law.halves[index].light = Some(libm::log(LIGHTEST) + depth + 0.5 * libm::log(depth));
            }
        }
        law
    }

    /// The half whose tail is above, or below, 0.
    fn half(&self, side: Side) -> &Half {
        match side {
            Side::Upper => &self.halves[0],
            Side::Lower => &self.halves[self.halves.len() - 1],
        }
    }

    /// `q` of the light tail at `|x|`.
    fn depth(&self, x: f64) -> f64 {
        let constant = 1.0 / libm::cos(FRAC_PI_2 * self.alpha).abs();
        let l = libm::pow(x / (self.alpha * constant), 1.0 / (self.alpha - 1.0));
        (self.alpha - 1.0).abs() * constant * libm::pow(l, self.alpha)
    }

    /// The `|x|` with `q = depth`.
    fn at_depth(&self, depth: f64) -> f64 {
        let constant = 1.0 / libm::cos(FRAC_PI_2 * self.alpha).abs();
        let l = libm::pow(depth / ((self.alpha - 1.0).abs() * constant), 1.0 / self.alpha);
        self.alpha * constant * libm::pow(l, self.alpha - 1.0)
    }

    /// `P(X > x)` or `P(X < -x)`, and the density there.
    pub fn tail(&self, side: Side, x: f64) -> [f64; 2] {
        if self.alpha == 2.0 {
            return [0.5 * libm::erfc(0.5 * x), 0.5 * libm::exp(-0.25 * x * x) / PI.sqrt()];
        }
        if x >= 0.0 {
            return self.half(side).tail(x);
        }
        let [tail, density] = self.half(side.opposite()).tail(-x);
        [1.0 - tail, density]
    }

    /// The same, from an expansion where one covers `x`; a new one is made where none does.
    fn tail_nearby(&self, side: Side, x: f64) -> [f64; 2] {
        let place = if x >= 0.0 { side } else { side.opposite() };
        if self.alpha == 2.0 || self.half(place).is_tail(x.abs()) {
            return self.tail(side, x);
        }
        let mut expansion = self.expansion.get();
        let along = |expansion: &Expansion| if expansion.side == side { x } else { -x };
        if (along(&expansion) - expansion.centre).abs() > expansion.radius {
            expansion = self.half(place).expand(x.abs(), place);
            self.expansion.set(expansion);
        }
        let [tail, density] = expansion.at(along(&expansion));
        if expansion.side == side { [tail, density] } else { [1.0 - tail, density] }
    }

    /// The `x` with `P(X > x) = p` or `P(X < -x) = p`, by Newton's method from a nearby quantile.
    fn search(&self, side: Side, p: f64, near: f64) -> f64 {
        let mut x = near;
        let (mut low, mut high) = (f64::NEG_INFINITY, f64::INFINITY);
        for _ in 0..100 {
            let [tail, density] = self.tail_nearby(side, x);
            if tail > p {
                low = x;
            } else {
                high = x;
            }
            // The direction is known even where the density is lost in rounding.
            let density = density.abs();
            let mut next = if x > 0.0 && p < 0.25 && tail > 0.0 {
                // In logarithms a power tail is a straight line; a step is kept within a factor of two.
                let step = libm::log(tail / p) * tail / (density * x);
                x * libm::exp(step.clamp(-0.7, 0.7))
            } else {
                let reach = 0.5 + 0.5 * x.abs();
                x + ((tail - p) / density).clamp(-reach, reach)
            };
            if next != x && !(next > low && next < high) {
                next = 0.5 * (low + high);
            }
            let moved = (next - x).abs();
            x = next;
            if moved <= 1e-14 * x.abs() + 1e-17 {
                break;
            }
        }
        x
    }
}

impl Quantiles for Law {
    fn is_symmetric(&self) -> bool {
        self.halves.len() < 2
    }

    fn quantile(&self, side: Side, p: f64, near: f64) -> f64 {
        let sign = if side == Side::Upper { 1.0 } else { -1.0 };
        let x = match self.halves.get(usize::from(side == Side::Lower)).and_then(|half| half.light) {
            Some(constant) if p < LIGHTEST => {
                // q + ln(q)/2 = ln(constant/p)
                let level = constant - libm::log(p);
                let mut depth = level;
                for _ in 0..20 {
                    depth = level - 0.5 * libm::log(depth);
                }
                let x = self.at_depth(depth);
                if self.alpha < 1.0 { -x } else { x }
            }
            _ => self.search(side, p, sign * near),
        };
        sign * x
    }
}

impl Half {
    fn new(alpha: f64, beta: f64) -> Self {
        let z = if beta == 0.0 { 0.0 } else { skewed_tangent(alpha, beta) };
        let size = libm::hypot(1.0, z);
        let tilt = libm::atan(z);
        // Both terms of the exponent decay alike, and as fast as the skewness lets them.
        let ray = ((FRAC_PI_2 - tilt) / (1.0 + alpha)).min(0.45 * PI);
        let conditioning = libm::tan(FRAC_PI_2 - ray).max(libm::tan(alpha * ray + tilt)).max(1.0);
        let step = STEP / conditioning;
        let first = -5.0;
        let last = libm::log(40.0 / (size * libm::cos(alpha * ray + tilt))) / alpha + 1.0;
        let count = ((last - first) / step) as usize + 1;
        let nodes = (0..count)
            .map(|k| {
                let v = first + step * k as f64;
                let inner = libm::exp(-v);
                let s = libm::exp(v - inner);
                let power = size * libm::pow(s, alpha);
                Node {
                    s,
                    decay: s * libm::sin(ray),
                    turn: s * libm::cos(ray),
                    damping: power * libm::cos(alpha * ray + tilt),
                    phase: power * libm::sin(alpha * ray + tilt),
                    weight: step * (1.0 + inner) / PI,
                }
            })
            .collect();
        // c/m = (cos - z sin, (1 + beta) sin)/m of pi alpha/2; the sine from its nearer zero.
        let sine = libm::sin(FRAC_PI_2 * if alpha > 1.0 { 2.0 - alpha } else { alpha });
        let [c, d] = [libm::cos(FRAC_PI_2 * alpha) - z * sine, (1.0 + beta) * sine].map(|part| part / size);
        let (mut real, mut imaginary) = (1.0, 0.0);
        let (mut factorial, mut power) = (1.0, 1.0);
        let series = (1..=24)
            .map(|k| {
                let k = f64::from(k);
                factorial *= k;
                power *= size;
                (real, imaginary) = (real * c - imaginary * d, real * d + imaginary * c);
                let sign = if k % 2.0 == 1.0 { 1.0 } else { -1.0 };
                [libm::tgamma(alpha * k) / (factorial * PI) * power, sign * imaginary]
            })
            .collect();
        let tail = TAILS[usize::from(alpha >= 1.0)] / size;
        Self { alpha, ray, nodes, series, tail, light: None }
    }

    fn is_tail(&self, x: f64) -> bool {
        libm::pow(x, -self.alpha) < self.tail
    }

    fn tail(&self, x: f64) -> [f64; 2] {
        if self.is_tail(x) { self.by_series(x) } else { self.by_quadrature(x) }
    }

    fn by_series(&self, x: f64) -> [f64; 2] {
        let power = libm::pow(x, -self.alpha);
        let (mut tail, mut density) = (0.0, 0.0);
        let mut factor = 1.0;
        let mut last = f64::INFINITY;
        for (k, [size, sine]) in (1..).zip(&self.series) {
            factor *= power;
            let size = size * factor;
            // An asymptotic series is cut before its terms grow.
            if size > last {
                break;
            }
            last = size;
            tail += size * sine;
            density += f64::from(k) * size * sine;
        }
        [tail, density * self.alpha / x]
    }

    fn by_quadrature(&self, x: f64) -> [f64; 2] {
        let (mut tail, mut density) = (0.0, 0.0);
        for node in &self.nodes {
            let Some((size, angle)) = node.integrand(x) else { break };
            tail += size * libm::sin(angle);
            density += size * node.s * libm::cos(angle + self.ray);
        }
        [0.5 - self.ray / PI - tail, density]
    }

    /// The tail about `x`: each derivative brings a factor `i t` into the integral.
    fn expand(&self, x: f64, side: Side) -> Expansion {
        let mut coefficients = [0.0; ORDER];
        for node in &self.nodes {
            let Some((size, angle)) = node.integrand(x) else { break };
            let (sine, cosine) = libm::sincos(angle);
            let (mut real, mut imaginary) = (size * cosine, size * sine);
            for c in &mut coefficients {
                *c -= imaginary;
                (real, imaginary) =
                    (-real * node.decay - imaginary * node.turn, real * node.turn - imaginary * node.decay);
            }
        }
        coefficients[0] += 0.5 - self.ray / PI;
        let mut factorial = 1.0;
        let mut radius = f64::INFINITY;
        for (k, c) in (1..).zip(&mut coefficients[1..]) {
            factorial *= f64::from(k);
            *c /= factorial;
            // The last four terms decide how far the expansion reaches.
            if k + 4 >= ORDER as i32 && *c != 0.0 {
                radius = radius.min(libm::pow(1e-15 / c.abs(), 1.0 / f64::from(k)));
            }
        }
        Expansion { side, centre: x, radius, coefficients }
    }
}

impl Node {
    /// Size and angle of the integrand; `None` where it is over.
    #[inline]
    fn integrand(&self, x: f64) -> Option<(f64, f64)> {
        let exponent = x * self.decay + self.damping;
        (exponent < 40.0).then(|| (self.weight * libm::exp(-exponent), x * self.turn - self.phase))
    }
}

impl Expansion {
    /// The tail and the density.
    fn at(&self, x: f64) -> [f64; 2] {
        let t = x - self.centre;
        let (mut tail, mut slope) = (0.0, 0.0);
        for c in self.coefficients.iter().rev() {
            slope = slope * t + tail;
            tail = tail * t + c;
        }
        [tail, -slope]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LAWS: [(f64, f64); 26] = [
        (0.5, 0.0),
        (0.5, 0.5),
        (0.5, 1.0),
        (0.6, -0.999),
        (0.7, 0.0),
        (0.8, 1.0),
        (0.8, -0.5),
        (0.9, 0.0),
        (0.92, 1.0),
        (0.92, -1.0),
        (0.99, 0.1),
        (1.0, 0.0),
        (1.001, 0.0),
        (1.0001, 1e-3),
        (1.02, -0.4),
        (1.08, -1.0),
        (1.1, 0.7),
        (1.2, 1.0),
        (1.3, 0.0),
        (1.5, -1.0),
        (1.5, 0.3),
        (1.7, 0.0),
        (1.8, -0.99),
        (1.95, 0.0),
        (1.95, 1.0),
        (1.999, -0.5),
    ];

    #[test]
    fn closed_forms() {
        for x in [1e-6, 0.01, 0.3, 1.0, 3.0, 20.0, 300.0] {
            let cauchy = libm::atan(1.0 / x) / PI;
            let [tail, density] = Law::new(1.0, 0.0).tail(Side::Upper, x);
            assert!((tail - cauchy).abs() < 5e-15, "{x}: {tail} {cauchy}");
            assert!((density * PI * (1.0 + x * x) - 1.0).abs() < 1e-11, "{x}: {density}");
            // Lévy: P(X > x) = erf(1/sqrt(2x)).
            let levy = Law::new(0.5, 1.0);
            let exact = libm::erf(libm::sqrt(0.5 / x));
            assert!((levy.tail(Side::Upper, x)[0] - exact).abs() < 2e-14, "{x}");
            assert!((levy.tail(Side::Lower, -x)[0] - 1.0 + exact).abs() < 2e-14, "{x}");
            assert!(levy.tail(Side::Lower, x)[0].abs() < 1e-14, "{x}");
            let exact = libm::exp(-0.5 / x) / libm::sqrt(2.0 * PI * x * x * x);
            assert!((levy.tail(Side::Upper, x)[1] - exact).abs() < 1e-11, "{x}");
        }
        // Near 2 the law is nearly that of variance 2.
        for x in [0.1, 1.0, 3.0] {
            let [tail, _] = Law::new(2.0 - 1e-12, 0.7).tail(Side::Upper, x);
            assert!((tail - 0.5 * libm::erfc(0.5 * x)).abs() < 1e-11, "{x}: {tail}");
        }
    }

    #[test]
    fn the_ways_to_a_tail_meet() {
        for (alpha, beta) in LAWS {
            let law = Law::new(alpha, beta);
            for (index, half) in law.halves.iter().enumerate() {
                // Above and below 0.
                let zero = half.tail(0.0)[0] + law.halves[law.halves.len() - 1 - index].tail(0.0)[0];
                assert!((zero - 1.0).abs() < 1e-13, "{alpha} {beta}: {zero}");
                // The series and the quadrature.
                let x = libm::pow(half.tail, -1.0 / alpha);
                let [series, quadrature] = [half.by_series(x), half.by_quadrature(x)];
                let error = (series[0] - quadrature[0]).abs();
                assert!(
                    error < if beta == 0.0 { 2e-15 } else { 1e-13 },
                    "{alpha} {beta}: {series:?} {quadrature:?}"
                );
                // The expansions and the quadrature.
                for centre in [0.0, 0.01, 0.3, 2.0, 9.0, 0.2 * x] {
                    let expansion = half.expand(centre, Side::Upper);
                    for x in [-1.0, 0.6, 1.0].map(|step| centre + step * expansion.radius) {
                        let [tail, density] = expansion.at(x);
                        let exact = half.by_quadrature(x.max(0.0));
                        let error = (tail - exact[0]).abs();
                        assert!(
                            x < 0.0 || error < 1e-13,
                            "{alpha} {beta}, {x} by {centre}: {tail} {exact:?}"
                        );
                        let error = (density - exact[1]).abs();
                        assert!(
                            x < 0.0 || error < 1e-11 * (1.0 + exact[1]),
                            "{alpha} {beta}: {density} {exact:?}"
                        );
                    }
                }
            }
        }
    }

    #[test]
    fn known_probabilities() {
        // P(|X| < 1), as in the reference of independent samplers.
        for (alpha, inside) in [(1.5, 0.51268), (1.1, 0.50383), (1.9, 0.51897)] {
            assert!((1.0 - 2.0 * Law::new(alpha, 0.0).tail(Side::Upper, 1.0)[0] - inside).abs() < 6e-6);
        }
        // P(X > 0)
        for (alpha, beta) in LAWS {
            let rho = 0.5 + libm::atan(beta * libm::tan(FRAC_PI_2 * alpha)) / (PI * alpha);
            let rho = if beta == 0.0 { 0.5 } else { rho };
            assert!((Law::new(alpha, beta).tail(Side::Upper, 0.0)[0] - rho).abs() < 1e-13, "{alpha} {beta}");
        }
    }

    #[test]
    fn quantiles_have_their_probabilities() {
        for (alpha, beta) in LAWS {
            let law = Law::new(alpha, beta);
            for (side, sign) in [(Side::Upper, 1.0), (Side::Lower, -1.0)] {
                let mut x = 0.0;
                for k in 2..120 {
                    let p = libm::exp2(-0.5 * f64::from(k));
                    let next = law.quantile(side, p, x);
                    assert!(sign * (next - x) > 0.0 || k == 2, "{alpha} {beta}: {p:e} at {next}, after {x}");
                    x = next;
                    let seen = law.tail(side, sign * x)[0];
                    assert!((seen - p).abs() < 2e-13, "{alpha} {beta} {side:?}: {p} at {x}, {seen}");
                    // A heavy tail is right in itself too.
                    let weight = 1.0 + sign * beta;
                    let error = seen / p - 1.0;
                    assert!(
                        weight < 0.1 || p > 1e-4 || error.abs() < 1e-8,
                        "{alpha} {beta} {p:e}: {error:e}"
                    );
                }
            }
        }
    }

    #[test]
    fn light_tails() {
        // Lévy: P(X < x) = erfc(1/sqrt(2x)), far below what an inversion integral can see.
        let levy = Law::new(0.5, 1.0);
        for x in [0.03, 0.02, 0.013] {
            let p = libm::erfc(libm::sqrt(0.5 / x));
            let seen = levy.quantile(Side::Lower, p, 0.1);
            assert!(p > 1e-20 && (seen / x - 1.0).abs() < 3e-3, "{x}: {seen}, {p:e}");
        }
    }
}
