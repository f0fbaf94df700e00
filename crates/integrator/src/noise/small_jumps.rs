//! The small jumps of a stable process, skewed, tempered or neither: exponent, tabulated law, and the sampler
//! that adds the large ones.

use core::f64::consts::{FRAC_2_PI, FRAC_PI_2, PI};

use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock};

use super::compound_poisson::Counts;
use super::stable::skewed_tangent;
use super::table::{QuantileTable, Quantiles};
use super::{NoiseBlock, Sampler, Side, tail_constant};
use crate::error::IntegratorError;
use crate::math::{exp, ln, pow, uniform, with_sign};
use crate::rng::LaneRng;

/// The centred process with Lévy measure `(1 +- beta) c_alpha |y|^(-1-alpha) e^(-mu |y|) dy` on
/// `|y| <= radius`, `mu >= 0`; `mu = 0` where `beta` is not.
#[derive(Clone, Copy)]
pub(super) struct SmallJumps {
    alpha: f64,
    beta: f64,
    mu: f64,
    radius: f64,
    /// `2 c_alpha radius^-alpha`.
    size: f64,
    /// `E_{1+alpha}(mu radius)`.
    constant: f64,
}

impl SmallJumps {
    pub fn new(alpha: f64, mu: f64, radius: f64) -> Self {
        let size = 2.0 * tail_constant(alpha) * pow(radius, -alpha);
        Self { alpha, beta: 0.0, mu, radius, size, constant: exponential_integral(alpha, mu * radius) }
    }

    /// The centred small jumps of the stable process with skewness `beta`.
    pub fn skewed(alpha: f64, beta: f64, radius: f64) -> Self {
        Self { beta, ..Self::new(alpha, 0.0, radius) }
    }

    /// Imaginary part of the exponent of the centred process,
    /// `2 beta c_alpha int_0^radius (sin(w y) - w y) y^(-1-alpha) dy`.
    ///
    /// For `x = |w| radius < 4` it is the sum of the odd powers of `i x`; beyond, with `d = 1 - alpha`,
    /// `beta radius^-alpha (x (x^-d cot(pi d/2) - 2 c_alpha/d) - 2 c_alpha Im E_{1+alpha}(-i x))`: the
    /// phase of all jumps less that of the large ones and the drift [`skewed_drift`].
    pub fn phase(&self, w: f64) -> f64 {
        let x = w.abs() * self.radius;
        if self.beta == 0.0 || x == 0.0 {
            return 0.0;
        }
        let signed = self.beta * w.signum();
        if x < 4.0 {
            let (mut power, mut sum) = (x, 0.0);
            for k in 1..30 {
                let n = f64::from(2 * k + 1);
                power *= -x * x / (n * (n - 1.0));
                sum += power / (n - self.alpha);
            }
            return signed * self.size * sum;
        }
        let d = 1.0 - self.alpha;
        // x^-d cot(pi d/2) - cot(pi d/2)
        let growth = if d == 0.0 {
            -FRAC_2_PI * libm::log(x)
        } else {
            libm::expm1(-d * libm::log(x)) * skewed_tangent(self.alpha, 1.0)
        };
        let all = x * pow(self.radius, -self.alpha) * (growth + tangent_less_drift(self.alpha));
        let [_, large] = complex_exponential_integral(self.alpha, [0.0, -x]);
        signed * (all - self.size * large)
    }

    /// `psi(w) = 2 c_alpha int_0^radius (cos(w y) - 1) y^(-1-alpha) e^(-mu y) dy`.
    ///
    /// With `z = radius (mu - i w)` it is, for `|z| < 4`, the series
    /// `2 c_alpha radius^-alpha sum_{k >= 2} Re((-z)^k - (-mu radius)^k)/(k! (k - alpha))`, and beyond, the
    /// exponent of all jumps less that of the large ones, which is an exponential integral.
    pub fn exponent(&self, w: f64) -> f64 {
        let w = w.abs();
        let z = [self.mu * self.radius, -w * self.radius];
        if z[0] * z[0] + z[1] * z[1] < 16.0 {
            return self.size * self.series(z);
        }
        let large = complex_exponential_integral(self.alpha, z)[0] - self.constant;
        tempered_exponent(self.alpha, self.mu, w) - self.size * large
    }

    fn series(&self, [re, im]: [f64; 2]) -> f64 {
        // (-z)^k/k! and (-mu radius)^k/k!
        let (mut power, mut real) = ([1.0, 0.0], 1.0);
        let mut sum = 0.0;
        for k in 1..60 {
            let k = f64::from(k);
            power = [-(power[0] * re - power[1] * im) / k, -(power[0] * im + power[1] * re) / k];
            real *= -re / k;
            if k > 1.0 {
                sum += (power[0] - real) / (k - self.alpha);
            }
        }
        sum
    }

    /// Mean number of jumps of the stable process beyond the radius, per unit time, before tempering.
    pub fn rate_beyond(&self) -> f64 {
        self.size / self.alpha
    }

    /// At least the variance over a unit of time.
    fn variance_bound(&self) -> f64 {
        let cut = self.size * self.radius * self.radius / (2.0 - self.alpha);
        if self.mu == 0.0 {
            return cut;
        }
        let tempered =
            2.0 * tail_constant(self.alpha) * libm::tgamma(2.0 - self.alpha) * pow(self.mu, self.alpha - 2.0);
        cut.min(tempered)
    }

    /// A distance that the process passes within a unit of time with probability below 2e-17, by Bennett's
    /// inequality: `P(Z_1 > x) <= exp(V/R^2 (cosh(u R) - 1) - u x)` for every `u`; with jumps of one sign
    /// `exp(u R) - 1 - u R` takes the place of `cosh(u R) - 1`.
    fn reach(&self) -> f64 {
        let relative = self.variance_bound() / (self.radius * self.radius);
        let steepness = (-1200..400).map(|k| libm::exp(0.025 * f64::from(k)));
        let reach = steepness.map(|u| {
            let growth = if self.beta == 0.0 { libm::cosh(u) - 1.0 } else { libm::expm1(u) - u };
            (relative * growth + 38.5) / u
        });
        self.radius * reach.fold(f64::INFINITY, f64::min)
    }

    /// How far the centred process can go within a unit of time towards the side without jumps: its drift
    /// where `alpha < 1`; without bound where both sides have jumps.
    fn bound(&self, side: Side) -> f64 {
        let without = if side == Side::Upper { -1.0 } else { 1.0 };
        if self.beta == without && self.alpha < 1.0 {
            skewed_drift(self.alpha, 1.0, self.radius)
        } else {
            f64::INFINITY
        }
    }
}

/// The drift per unit of time that makes the stable process (S1) of its centred jumps up to `radius` and its
/// larger ones, uncompensated: `2 beta c_alpha radius^(1-alpha)/(1-alpha)`, and
/// `-(2/pi) beta (1 - gamma - ln radius)` at `alpha = 1`, with Euler's constant `gamma`.
pub(super) fn skewed_drift(alpha: f64, beta: f64, radius: f64) -> f64 {
    if beta == 0.0 {
        0.0
    } else if alpha == 1.0 {
        -FRAC_2_PI * beta * (1.0 - EULER - libm::log(radius))
    } else {
        let d = 1.0 - alpha;
        2.0 * beta * tail_constant(alpha) * pow(radius, d) / d
    }
}

/// Euler's constant.
const EULER: f64 = 0.577_215_664_901_532_9;

/// `cot(pi d/2) - 2 c_alpha/d`, `d = 1 - alpha`; both terms have a pole at `d = 0`, where the difference is
/// `(2/pi) (1 - gamma)`.
fn tangent_less_drift(alpha: f64) -> f64 {
    let d = 1.0 - alpha;
    if d.abs() > 1e-3 {
        return skewed_tangent(alpha, 1.0) - 2.0 * tail_constant(alpha) / d;
    }
    // c_alpha = Gamma(2-d) cos(pi d/2)/pi, and ln Gamma(2-d) = -(1-gamma) d + sum_k (zeta(k) - 1) d^k/k.
    let s = FRAC_PI_2 * d;
    let log = EULER - 1.0
        + d * (0.322_467_033_424_113_2 + d * (0.067_352_301_053_198_1 + d * 0.020_580_808_427_784_5));
    let y = log * d;
    let gamma = log * (1.0 + y * (0.5 + y * (1.0 / 6.0 + y / 24.0)));
    libm::cos(s) * (s * (1.0 / 6.0 + s * s * 7.0 / 360.0) - FRAC_2_PI * gamma)
}

/// The exponent of the process with Lévy measure `c_alpha |y|^(-1-alpha) e^(-mu |y|) dy`:
/// `2 c_alpha Gamma(-alpha) Re((mu - i w)^alpha - mu^alpha)`, and its limit
/// `(1/pi) (mu ln(1 + w^2/mu^2) - 2 w atan(w/mu))` at `alpha = 1`; `-|w|^alpha` for `mu = 0`.
pub(super) fn tempered_exponent(alpha: f64, mu: f64, w: f64) -> f64 {
    let w = w.abs();
    if mu == 0.0 {
        return -pow(w, alpha);
    }
    // Everything in d = alpha - 1, so that no digits are lost at alpha = 1: with mu - i w = r e^(-i theta),
    // Re (mu - i w)^alpha = r^d (mu cos(d theta) - w sin(d theta)), and Gamma(-alpha) = Gamma(2-alpha)/(alpha d).
    let d = alpha - 1.0;
    let ratio = w / mu;
    let theta = libm::atan(ratio);
    let log = if ratio < 1.0 {
        0.5 * libm::log1p(ratio * ratio)
    } else {
        libm::log(ratio) + 0.5 * libm::log1p(1.0 / (ratio * ratio))
    };
    let [growth, sine] = if d == 0.0 {
        [log, theta]
    } else {
        let half = libm::sin(0.5 * d * theta);
        let growth = libm::expm1(d * log) * libm::cos(d * theta) - 2.0 * half * half;
        [growth / d, libm::sin(d * theta) / d]
    };
    let bracket = growth - libm::exp(d * log) * ratio * sine;
    2.0 * tail_constant(alpha) * libm::tgamma(2.0 - alpha) / alpha * pow(mu, alpha) * bracket
}

/// `E_{1+alpha}(x) = int_1^inf e^(-x t) t^(-1-alpha) dt`, `x >= 0`, relative error 1e-14:
/// `e^-x int_0^inf e^-s (x + s)^(-1-alpha) x^alpha ds` by the trapezoidal rule in `ln s`, which
/// converges exponentially.
pub(super) fn exponential_integral(alpha: f64, x: f64) -> f64 {
    if x == 0.0 {
        return 1.0 / alpha;
    }
    let step = 0.1;
    let first = libm::log(x.min(1.0)) - 40.0;
    let mut sum = 0.0;
    for k in 0..=((libm::log(45.0) - first) / step) as usize {
        let s = libm::exp(first + step * k as f64);
        // The factor s is that of ds = s d(ln s).
        sum += libm::exp(-s - (1.0 + alpha) * libm::log1p(s / x)) * (s / x);
    }
    libm::exp(-x) * step * sum
}

/// Real and imaginary part of `E_{1+alpha}(z)` for `Re z >= 0`, `|z| >= 4`, by its continued fraction
/// `e^-z/(z+p - p/(z+p+2 - 2(p+1)/(z+p+4 - ...)))`, `p = 1 + alpha`.
fn complex_exponential_integral(alpha: f64, z: [f64; 2]) -> [f64; 2] {
    let invert = |[re, im]: [f64; 2]| {
        let square = re * re + im * im;
        [re / square, -im / square]
    };
    let times = |a: [f64; 2], b: [f64; 2]| [a[0] * b[0] - a[1] * b[1], a[0] * b[1] + a[1] * b[0]];
    let p = 1.0 + alpha;
    let mut b = [z[0] + p, z[1]];
    // Lentz' method.
    let mut d = invert(b);
    let (mut fraction, mut inverse_c) = (d, [0.0; 2]);
    for k in 1..500 {
        let k = f64::from(k);
        let a = -k * (p + k - 1.0);
        b[0] += 2.0;
        d = invert([a * d[0] + b[0], a * d[1] + b[1]]);
        let c = [b[0] + a * inverse_c[0], b[1] + a * inverse_c[1]];
        inverse_c = invert(c);
        let factor = times(c, d);
        fraction = times(fraction, factor);
        if (factor[0] - 1.0).abs() + factor[1].abs() < 1e-15 {
            break;
        }
    }
    let (sine, cosine) = libm::sincos(-z[1]);
    let size = libm::exp(-z[0]);
    times(fraction, [cosine, sine]).map(|part| size * part)
}

/// The law of [`SmallJumps`] at time 1.
///
/// Its distribution function is the Fourier series
/// `P(X > x) = 1/2 - x/(2 T) + (1/pi) sum_k Im(e^psi(k pi/T) (e^(-i k pi x/T) - (-1)^k))/k`, exact up to
/// `P(|X| > T)`, which is below 4e-17, and up to the terms with `|e^psi| < 1e-17`. The series is summed on a
/// grid by the fast Fourier transform, together with the density and its derivative; between grid
/// points the quintic through these values holds. Absolute error about 1e-15. Below a tail probability of 1e-12 the
/// logarithm of the tail goes on along its tangent (the true tail falls faster).
struct SmallJumpsLaw {
    /// The law from its median upwards and, mirrored, downwards; one half where that is the same.
    halves: Vec<Half>,
}

/// A law from its median upwards.
struct Half {
    start: f64,
    spacing: f64,
    /// `P(X > x)`, the density, and its derivative at `start, start + spacing, ...`; the median is in the
    /// first cell.
    grid: Vec<[f64; 3]>,
    last: f64,
    /// `-(d/dx) ln P(X > x)` where the tangent starts.
    steepness: f64,
    /// The largest value.
    bound: f64,
}

const SMALLEST: f64 = 1e-12;

impl SmallJumpsLaw {
    fn new(jumps: &SmallJumps) -> Self {
        let reach = jumps.reach();
        // Where the characteristic function has come down to 1e-17.
        let mut bandwidth = 1.0 / reach;
        while jumps.exponent(bandwidth) > -39.0 {
            bandwidth *= 1.1;
        }
        let terms = (bandwidth * reach / PI) as usize + 1;
        // Grid points a half wave of the highest frequency; for small alpha little weight is at high frequencies.
        let density = if jumps.alpha < 0.9 { 4 } else { 16 };
        let points = (density * terms).next_power_of_two();
        let spacing = reach / points as f64;
        let mut tail = vec![[0.0; 2]; 2 * points];
        let mut density = tail.clone();
        let mut offset = 0.0;
        for k in 1..=terms.min(points) {
            let frequency = PI * k as f64 / reach;
            let size = libm::exp(jumps.exponent(frequency));
            let (sine, cosine) = libm::sincos(jumps.phase(frequency));
            let (re, im) = (size * cosine, size * sine);
            tail[k] = [im, re].map(|part| part / (PI * k as f64));
            density[k] = [re / reach, -im / reach];
            offset += if k % 2 == 0 { -tail[k][0] } else { tail[k][0] };
        }
        let mut slope: Vec<[f64; 2]> = density
            .iter()
            .enumerate()
            .map(|(k, [re, im])| [-im * PI * k as f64 / reach, re * PI * k as f64 / reach])
            .collect();
        for transform in [&mut tail, &mut density, &mut slope] {
            fourier(transform);
        }
        let value = |j: isize| {
            let place = j.rem_euclid(2 * points as isize) as usize;
            let above = 0.5 - 0.5 * j as f64 / points as f64 + tail[place][0] + offset;
            [above, 0.5 / reach + density[place][0], slope[place][0]]
        };
        let mirrored = |j: isize| {
            let [above, density, slope] = value(-j);
            [1.0 - above, density, -slope]
        };
        let end = points as isize;
        let mut halves = vec![Half::new(value, spacing, end, jumps.bound(Side::Upper))];
        if jumps.beta != 0.0 {
            halves.push(Half::new(mirrored, spacing, end, jumps.bound(Side::Lower)));
        }
        Self { halves }
    }
}

impl Half {
    /// The half of the law with `value(j)` at `j * spacing`, `|j| < end`.
    fn new(value: impl Fn(isize) -> [f64; 3], spacing: f64, end: isize, bound: f64) -> Self {
        let mut first = 0;
        while first > 1 - end && value(first)[0] < 0.5 {
            first -= 1;
        }
        while first < end - 2 && value(first + 1)[0] >= 0.5 {
            first += 1;
        }
        let mut grid = Vec::new();
        for j in first..end {
            let point = value(j);
            // A light tail can fall to the rounding errors within a cell.
            if point[0] < 0.01 * SMALLEST && grid.len() > 1 {
                break;
            }
            grid.push(point);
            if point[0] < SMALLEST && grid.len() > 1 {
                break;
            }
        }
        // The grid ends about where the smallest probability is.
        let mut half =
            Self { start: spacing * first as f64, spacing, last: 0.0, steepness: 0.0, grid, bound };
        half.last = half.place(half.grid.len() - 1);
        if let Some([above, density, _]) = half.grid.last() {
            half.steepness = density / above;
        }
        half
    }

    fn place(&self, cell: usize) -> f64 {
        self.start + self.spacing * cell as f64
    }

    /// `P(X > x)` and the density.
    fn tail(&self, x: f64) -> [f64; 2] {
        let place = (x - self.start) / self.spacing;
        let cell = (place as usize).min(self.grid.len() - 2);
        let t = place - cell as f64;
        let (h, [a, b]) = (self.spacing, [self.grid[cell], self.grid[cell + 1]]);
        // The quintic of Hermite: value, derivative and second derivative at both ends.
        let (f0, d0, s0) = (a[0], -h * a[1], -h * h * a[2]);
        let (f1, d1, s1) = (b[0], -h * b[1], -h * h * b[2]);
        let rise = f1 - f0;
        let c3 = 10.0 * rise - 6.0 * d0 - 4.0 * d1 - 1.5 * s0 + 0.5 * s1;
        let c4 = -15.0 * rise + 8.0 * d0 + 7.0 * d1 + 1.5 * s0 - s1;
        let c5 = 6.0 * rise - 3.0 * (d0 + d1) - 0.5 * (s0 - s1);
        let above = f0 + t * (d0 + t * (0.5 * s0 + t * (c3 + t * (c4 + t * c5))));
        let slope = d0 + t * (s0 + t * (3.0 * c3 + t * (4.0 * c4 + t * 5.0 * c5)));
        [above, -slope / h]
    }

    fn quantile(&self, p: f64, near: f64) -> f64 {
        let end = self.grid[self.grid.len() - 1][0];
        if p <= end {
            return (self.last + libm::log(end / p) / self.steepness).min(self.bound);
        }
        // The cell of the quantile, then Newton's method kept within it.
        let cell = self.grid.partition_point(|[above, ..]| *above >= p).max(1) - 1;
        let (mut lower, mut upper) = (self.place(cell), self.place(cell + 1));
        let mut x = near.clamp(lower, upper);
        for _ in 0..60 {
            let [above, density] = self.tail(x);
            if above > p {
                lower = x;
            } else {
                upper = x;
            }
            let newton = x + (above - p) / density;
            let next = if newton > lower && newton < upper { newton } else { 0.5 * (lower + upper) };
            let moved = (next - x).abs();
            x = next;
            if moved <= 1e-15 * x.abs() {
                break;
            }
        }
        x
    }
}

impl Quantiles for SmallJumpsLaw {
    fn is_symmetric(&self) -> bool {
        self.halves.len() == 1
    }

    fn quantile(&self, side: Side, p: f64, near: f64) -> f64 {
        match side {
            Side::Upper => self.halves[0].quantile(p, near),
            Side::Lower => -self.halves[self.halves.len() - 1].quantile(p, -near),
        }
    }
}

/// `a_j <- sum_k a_k e^(2 pi i j k/n)`, n a power of two (Cooley and Tukey 1965).
fn fourier(a: &mut [[f64; 2]]) {
    let n = a.len();
    let mut reversed = 0;
    for k in 1..n {
        let mut bit = n >> 1;
        while reversed & bit != 0 {
            reversed ^= bit;
            bit >>= 1;
        }
        reversed |= bit;
        if k < reversed {
            a.swap(k, reversed);
        }
    }
    let turns: Vec<[f64; 2]> = (0..n / 2)
        .map(|k| {
            let (sine, cosine) = libm::sincos(2.0 * PI * k as f64 / n as f64);
            [cosine, sine]
        })
        .collect();
    let mut length = 2;
    while length <= n {
        let (half, stride) = (length / 2, n / length);
        for block in a.chunks_exact_mut(length) {
            let (low, high) = block.split_at_mut(half);
            for ((u, v), turn) in low.iter_mut().zip(high).zip(turns.iter().step_by(stride)) {
                let turned = [v[0] * turn[0] - v[1] * turn[1], v[0] * turn[1] + v[1] * turn[0]];
                *v = [u[0] - turned[0], u[1] - turned[1]];
                *u = [u[0] + turned[0], u[1] + turned[1]];
            }
        }
        length *= 2;
    }
}

/// What becomes of a large jump of the stable process.
#[derive(Clone, Copy)]
pub(super) enum Rule {
    /// It stays with probability `e^(-mu |y|)` if its modulus is at most `end`, which may be infinite.
    Temper {
        /// Rate of the tempering.
        mu: f64,
        /// The largest jump.
        end: f64,
    },
    /// It stays if its modulus is at most this.
    Truncate(f64),
    /// Its modulus is brought down to this.
    Cap(f64),
}

/// Mean number of large jumps in a step: rare, and for small alpha so many that the small ones alone have a
/// law without a sharp peak; for a skewed process more of them, as that peak is not at the median.
fn large_jumps(alpha: f64, beta: f64) -> f64 {
    let peaked = if beta == 0.0 { 32.0 } else { 48.0 };
    (peaked * pow(4000.0, -alpha)).max(0.1)
}

/// Increments over a time `step` of the process whose jumps are those of the stable process with this index
/// and skewness under a rule; the skewness must be 0 for any rule but to truncate.
///
/// Jumps up to a radius `r ~ step^(1/alpha)`, whose law has a single scale, are drawn together, centred, by the
/// tabulated inverse of their distribution function, to which [`skewed_drift`] is added; larger ones are a
/// compound Poisson process of Pareto jumps under the rule, drawn one by one. Nothing is approximated but the
/// table (in distribution 5e-12 for `alpha >= 0.8`, 5e-10 down to 0.2, 3e-9 at 0.1).
///
/// # Errors
/// Too many jumps of the cap's size in a step.
pub(super) fn sampler(
    alpha: f64,
    beta: f64,
    rule: Rule,
    step: f64,
) -> Result<Box<dyn Sampler>, IntegratorError> {
    let scale = pow(step, 1.0 / alpha);
    // In units of `scale`, in which the stable process has rate 1.
    let usual = pow(2.0 * tail_constant(alpha) / (alpha * large_jumps(alpha, beta)), 1.0 / alpha);
    let (mu, radius) = match rule {
        // Beyond 45/mu one jump in e^45 stays.
        Rule::Temper { mu, end } => (mu * scale, usual.min(45.0 / (mu * scale)).min(end / scale)),
        Rule::Truncate(radius) | Rule::Cap(radius) => (0.0, usual.min(radius / scale)),
    };
    let mut jumps = SmallJumps::new(alpha, mu, radius);
    jumps.beta = beta;
    let table = if mu == 0.0 && radius == usual { shared(&jumps) } else { table(&jumps) };
    let none = match rule {
        Rule::Temper { end, .. } => mu * radius >= 44.0 || radius * scale >= end * (1.0 - 1e-15),
        Rule::Truncate(end) => radius * scale >= end * (1.0 - 1e-15),
        Rule::Cap(_) => false,
    };
    let counts = if none { None } else { Some(Counts::new(jumps.rate_beyond())?) };
    let radius = radius * scale;
    let shift = skewed_drift(alpha, beta, radius) * step;
    Ok(Box::new(Increments { scale, shift, table, counts, radius, inverse: 1.0 / alpha, beta, rule }))
}

fn table(jumps: &SmallJumps) -> Arc<QuantileTable> {
    Arc::new(QuantileTable::new(&SmallJumpsLaw::new(jumps)))
}

/// The table for the usual radius, which no step changes: built once for each law in a process.
fn shared(jumps: &SmallJumps) -> Arc<QuantileTable> {
    type Tables = HashMap<[u64; 2], Arc<QuantileTable>>;
    static TABLES: OnceLock<Mutex<Tables>> = OnceLock::new();
    // -0 and 0 are one skewness.
    let law = [jumps.alpha, jumps.beta + 0.0].map(f64::to_bits);
    match TABLES.get_or_init(Mutex::default).lock() {
        Ok(mut tables) => Arc::clone(tables.entry(law).or_insert_with(|| table(jumps))),
        // Another thread panicked while it held the lock: do without the shared copy.
        Err(_) => table(jumps),
    }
}

struct Increments {
    scale: f64,
    /// The drift over a step.
    shift: f64,
    table: Arc<QuantileTable>,
    /// Numbers of large jumps; `None` where none stays.
    counts: Option<Counts>,
    radius: f64,
    inverse: f64,
    beta: f64,
    rule: Rule,
}

impl Increments {
    /// The sum of `count` large jumps after the rule.
    fn large(&self, count: usize, rng: &mut LaneRng, lane: usize) -> f64 {
        let mut sum = 0.0;
        for _ in 0..count {
            let bits = rng.next_of(lane);
            let size = match self.rule {
                Rule::Cap(cap) if cap <= self.radius => cap,
                _ => self.radius * exp(-self.inverse * ln(uniform(bits))),
            };
            let size =
                match self.rule {
                    Rule::Temper { mu, end } => {
                        if uniform(rng.next_of(lane)) < exp(-mu * size) && size <= end { size } else { 0.0 }
                    }
                    Rule::Truncate(radius) => {
                        if size <= radius {
                            size
                        } else {
                            0.0
                        }
                    }
                    Rule::Cap(cap) => size.min(cap),
                };
            sum += if self.beta == 0.0 {
                with_sign(size, bits)
            } else if 2.0 * uniform(rng.next_of(lane)) < 1.0 + self.beta {
                size
            } else {
                -size
            };
        }
        sum
    }
}

impl Sampler for Increments {
    fn fill(&self, rng: &mut LaneRng, lanes: usize, blocks: &mut [NoiseBlock]) {
        for block in blocks {
            self.table.fill(self.scale, self.shift, rng, lanes, &mut block.jumps);
            if let Some(counts) = &self.counts {
                counts.add(rng, lanes, &mut block.jumps, |count, rng, lane| self.large(count, rng, lane));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::BLOCK;
    use super::*;
    use crate::StreamKey;
    use crate::rng::LANES;

    /// Reference values: the integrals in mpmath with 40 digits.
    #[test]
    fn exponents_and_tails() {
        for (alpha, mu, radius, w, exact) in [
            (0.3, 0.0, 1.5, 0.1, -0.001_518_620_543_126_987),
            (0.3, 0.0, 1.5, 20.0, -1.698_452_348_269_096_5),
            (1.0, 0.0, 2.0, 3.0, -2.708_274_602_250_314),
            (1.0, 0.7, 2.0, 3.0, -1.882_940_128_420_812),
            (1.5, 0.7, 2.0, 0.5, -0.142_189_361_637_683_1),
            (1.5, 3.0, 2.0, 30.0, -146.391_604_767_506_9),
            (1.9, 0.0, 0.5, 7.9, -50.434_600_948_396_47),
            (1.9, 0.0, 0.5, 8.1, -52.916_944_375_804_63),
            (0.6, 5.0, 4.0, 1.0, -0.021_213_325_973_763_771),
        ] {
            let seen = SmallJumps::new(alpha, mu, radius).exponent(-w);
            assert!((seen / exact - 1.0).abs() < 1e-13, "{alpha} {mu} {radius} {w}: {seen}");
        }
        for (alpha, beta, radius, w, exact) in [
            (0.3, 0.5, 1.5, 0.1, -2.390_935_688_730_419_4e-5),
            (0.3, 1.0, 1.5, 20.0, -8.592_576_798_540_48),
            (0.8, -1.0, 2.0, 3.0, 2.347_718_037_102_318),
            (1.0, 0.5, 2.0, 1.9, -0.517_082_101_161_296_9),
            (1.0, 0.5, 2.0, 30.0, -35.058_268_511_873_83),
            (1.000_1, 1.0, 2.0, 30.0, -70.127_684_337_585_95),
            (1.002, 1.0, 0.3, 30.0, -33.880_373_225_624_27),
            (1.5, 1.0, 0.5, 7.9, -8.500_751_466_446_128),
            (1.5, 1.0, 0.5, 8.1, -9.030_661_557_028_76),
            (1.95, -0.5, 0.5, 70.0, 149.119_882_253_815_35),
        ] {
            let seen = SmallJumps::skewed(alpha, beta, radius).phase(w);
            assert!((seen / exact - 1.0).abs() < 1e-12, "{alpha} {beta} {radius} {w}: {seen}");
        }
        for (alpha, mu, r, exact) in [
            (0.5, 0.8, 1e-3, 11.993_298_262_699_803),
            (1.0, 0.8, 1.0, 0.063_933_082_174_508_09),
            (1.5, 0.8, 30.0, 2.602_722_421_317_426_6e-15),
            (1.000_000_001, 2.0, 0.1, 1.827_737_421_042_809),
            (1.9, 1e-6, 1.0, 0.047_890_679_148_904_45),
        ] {
            let seen = tail_constant(alpha) * pow(r, -alpha) * exponential_integral(alpha, mu * r);
            assert!((seen / exact - 1.0).abs() < 1e-13, "{alpha} {mu} {r}: {seen}");
        }
        for (alpha, mu, w, exact) in [
            (0.4, 0.5, 1e-3, -4.496_462_670_900_857e-7),
            (1.0, 0.5, 2.0, -1.237_163_569_950_057),
            (1.000_000_1, 0.5, 2.0, -1.237_163_719_368_78),
            (1.7, 3.0, 0.01, -4.802_855_808_328_35e-5),
            (1.7, 1e-4, 50.0, -773.122_397_604_369_7),
        ] {
            let seen = tempered_exponent(alpha, mu, w);
            assert!((seen / exact - 1.0).abs() < 1e-13, "{alpha} {mu} {w}: {seen}");
        }
    }

    fn laws() -> Vec<SmallJumps> {
        let mut laws = Vec::new();
        for alpha in [0.2, 0.3, 0.5, 0.8, 1.0, 1.3, 1.7, 1.95, 1.999] {
            let usual =
                |beta| pow(2.0 * tail_constant(alpha) / (alpha * large_jumps(alpha, beta)), 1.0 / alpha);
            let skewed = usual(1.0);
            let usual = usual(0.0);
            for (mu, radius) in [(0.0, usual), (0.0, 0.2 * usual), (0.3, usual), (50.0 / usual, 0.9 * usual)]
            {
                laws.push(SmallJumps::new(alpha, mu, radius));
            }
            for (beta, radius) in [(0.5, skewed), (-0.9, 0.2 * skewed), (1.0, skewed), (-1.0, skewed)] {
                laws.push(SmallJumps::skewed(alpha, beta, radius));
            }
        }
        laws
    }

    #[test]
    fn the_grid_is_the_inversion_integral() {
        for jumps in laws() {
            let law = SmallJumpsLaw::new(&jumps);
            // Another period and no interpolation.
            let period = 1.37 * jumps.reach();
            for (half, sign) in law.halves.iter().zip([1.0, -1.0]) {
                for fraction in [1e-3, 0.037, 0.1234, 0.4, 0.9] {
                    let x = half.start + fraction * (half.last - half.start);
                    let (mut above, mut density) = (0.5 - 0.5 * x / period, 0.5 / period);
                    for k in 1.. {
                        let frequency = PI * f64::from(k) / period;
                        let size = libm::exp(jumps.exponent(frequency));
                        if size < 1e-18 {
                            break;
                        }
                        let phase = sign * jumps.phase(frequency);
                        let other = if k % 2 == 0 { -libm::sin(phase) } else { libm::sin(phase) };
                        above += size * (libm::sin(phase - frequency * x) + other) / (PI * f64::from(k));
                        density += size * libm::cos(phase - frequency * x) / period;
                    }
                    let [a, d] = half.tail(x);
                    let SmallJumps { alpha, beta, mu, radius, .. } = jumps;
                    let name = format!("{alpha} {beta} {mu} {radius}: {sign} {fraction}");
                    assert!((a - above).abs() < 3e-14, "{name}: {a:e} {above:e}");
                    assert!((d - density).abs() < 1e-11 * half.grid[0][1], "{name}: {d:e} {density:e}");
                }
            }
        }
    }

    #[test]
    fn the_table_inverts_the_law() {
        for jumps in laws() {
            let law = SmallJumpsLaw::new(&jumps);
            let table = QuantileTable::new(&law);
            let mut rng = LaneRng::default();
            for lane in 0..LANES {
                rng.seed_lane(lane, &StreamKey { seed: 3, point: 0, task: 0 }, lane as u64);
            }
            let (mut bits, mut x) = ([0; LANES], [[0.0; LANES]; BLOCK]);
            let mut worst: f64 = 0.0;
            for _ in 0..20 {
                let mut replay = rng.clone();
                table.fill(1.0, 0.0, &mut rng, LANES, &mut x);
                for row in &x {
                    replay.next(LANES, &mut bits);
                    for (x, bits) in row.iter().zip(bits) {
                        let p = 0.5 * (bits | 1) as f64 / 18_446_744_073_709_551_616.0;
                        let seen = match law.halves.get(bits as usize & 1) {
                            _ if law.is_symmetric() => law.halves[0].tail(x.abs())[0],
                            Some(half) if bits & 1 == 0 => half.tail(*x)[0],
                            Some(half) => half.tail(-x)[0],
                            None => f64::NAN,
                        };
                        worst = worst.max((seen - p).abs());
                    }
                }
            }
            let SmallJumps { alpha, beta, mu, radius, .. } = jumps;
            assert!(worst < 5e-10, "{alpha} {beta} {mu} {radius}: {worst:e}");
        }
    }

    #[test]
    fn the_transform_is_the_sum() {
        let values: Vec<[f64; 2]> =
            (0..32).map(|k| [libm::cos(f64::from(k * k)), libm::sin(f64::from(3 * k))]).collect();
        let mut transformed = values.clone();
        fourier(&mut transformed);
        for (j, seen) in transformed.iter().enumerate() {
            let (mut re, mut im) = (0.0, 0.0);
            for (k, value) in values.iter().enumerate() {
                let (sine, cosine) = libm::sincos(2.0 * PI * (j * k % 32) as f64 / 32.0);
                re += value[0] * cosine - value[1] * sine;
                im += value[0] * sine + value[1] * cosine;
            }
            assert!((seen[0] - re).abs() + (seen[1] - im).abs() < 1e-13);
        }
    }
}
