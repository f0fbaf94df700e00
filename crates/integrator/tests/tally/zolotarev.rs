//! Distribution functions of stable laws by Zolotarev's integral in Nolan's form (Nolan 1997), independent of
//! how the samplers are made.

use core::f64::consts::{FRAC_2_PI, FRAC_PI_2, PI};

/// This close to `alpha = 1`, in S0, laws differ from that of `alpha = 1` by no more than the distance.
const ONE: f64 = 1e-6;

/// The stable law with the S1 exponent.
#[derive(Clone, Copy, Debug)]
pub struct Law {
    pub alpha: f64,
    pub beta: f64,
}

impl Law {
    /// The point that S0 takes for its origin, in S1: `beta tan(pi alpha/2)`, or 0 at `alpha = 1`.
    pub fn centre(&self) -> f64 {
        match self.alpha {
            1.0 => 0.0,
            alpha if (alpha - 1.0).abs() < 0.5 => self.beta / libm::tan(FRAC_PI_2 * (1.0 - alpha)),
            alpha => self.beta * libm::tan(FRAC_PI_2 * alpha),
        }
    }

    /// What is added to `step^(1/alpha) X` in an increment.
    pub fn drift(&self, step: f64) -> f64 {
        if self.alpha == 1.0 { FRAC_2_PI * self.beta * step * libm::log(step) } else { 0.0 }
    }

    /// `P(X > 0)` of a strictly stable law.
    pub fn positivity(&self) -> Option<f64> {
        let angle = match self.alpha {
            2.0 => 0.0,
            1.0 if self.beta != 0.0 => return None,
            1.0 => 0.0,
            _ => libm::atan(self.centre()),
        };
        Some(0.5 + angle / (PI * self.alpha))
    }

    /// `P(X < centre + x)`.
    pub fn lower(&self, x: f64) -> f64 {
        Self { beta: -self.beta, ..*self }.upper(-x)
    }

    /// `P(X > centre + x)`.
    pub fn upper(&self, x: f64) -> f64 {
        let Self { alpha, beta } = *self;
        if alpha == 2.0 {
            return 0.5 * libm::erfc(0.5 * x);
        }
        if (alpha - 1.0).abs() < ONE {
            return cauchy(beta, x);
        }
        let x = self.centre() + x;
        let theta = libm::atan(self.centre()) / alpha;
        if x == 0.0 {
            return 0.5 + theta / PI;
        }
        if x < 0.0 {
            return 1.0 - Self { beta: -beta, ..*self }.beyond(-x, -theta);
        }
        self.beyond(x, theta)
    }

    /// `P(X > x)` for `x > 0`; `theta = arctan(beta tan(pi alpha/2))/alpha`.
    fn beyond(&self, x: f64, theta: f64) -> f64 {
        let alpha = self.alpha;
        let power = alpha / (alpha - 1.0);
        let constant = libm::log(libm::cos(alpha * theta)) / (alpha - 1.0) + power * libm::log(x);
        // `angle` runs from -theta to pi/2.
        let exponent = |angle: f64| {
            let (cosine, sine) = (libm::cos(angle), libm::sin(alpha * (theta + angle)));
            let tilted = libm::cos(alpha * theta + (alpha - 1.0) * angle);
            constant + power * libm::log(cosine / sine) + libm::log(tilted / cosine)
        };
        if alpha > 1.0 {
            integral(-theta, FRAC_PI_2, exponent, |g| libm::exp(-g)) / PI
        } else {
            integral(-theta, FRAC_PI_2, exponent, |g| -libm::expm1(-g)) / PI
        }
    }
}

/// `P(X > x)` at `alpha = 1`.
fn cauchy(beta: f64, x: f64) -> f64 {
    if beta == 0.0 {
        return if x > 0.0 { libm::atan(1.0 / x) / PI } else { 0.5 - libm::atan(x) / PI };
    }
    let exponent = |angle: f64| {
        let width = FRAC_PI_2 + beta.abs() * angle;
        let tangent = libm::tan(angle);
        let scaled = if beta > 0.0 { x } else { -x };
        libm::log(FRAC_2_PI * width / libm::cos(angle)) + (width * tangent - FRAC_PI_2 * scaled) / beta.abs()
    };
    let outcome = if beta > 0.0 { |g: f64| -libm::expm1(-g) } else { |g: f64| libm::exp(-g) };
    integral(-FRAC_PI_2, FRAC_PI_2, exponent, outcome) / PI
}

/// The integral of `outcome(exp(exponent(angle)))`, the exponent being monotone: by Gauss and Legendre between
/// angles at which it has round values.
fn integral(from: f64, to: f64, exponent: impl Fn(f64) -> f64, outcome: impl Fn(f64) -> f64) -> f64 {
    let inside = (to - from) * 1e-14;
    let (from, to) = (from + inside, to - inside);
    let rising = exponent(to) > exponent(from);
    let mut edges = vec![from];
    for k in 0..=LEVELS {
        // By twos from e^-60, where a heavy tail begins, then by halves to e^4, where exp(-g) is over.
        let k = if rising { k } else { LEVELS - k };
        let level = if k < 28 { -60.0 + 2.0 * k as f64 } else { -4.0 + 0.5 * (k - 28) as f64 };
        let (mut near, mut far) = (edges[edges.len() - 1], to);
        for _ in 0..48 {
            let middle = 0.5 * (near + far);
            if (exponent(middle) < level) == rising { near = middle } else { far = middle }
        }
        edges.push(0.5 * (near + far));
    }
    edges.push(to);
    let piece = |from: f64, to: f64| {
        let (middle, half) = (0.5 * (from + to), 0.5 * (to - from));
        let value = |x: f64| outcome(libm::exp(exponent(middle + half * x).min(700.0)));
        half * NODES.iter().map(|[x, weight]| weight * (value(*x) + value(-x))).sum::<f64>()
    };
    edges.windows(2).filter(|edge| edge[0] < edge[1]).map(|edge| piece(edge[0], edge[1])).sum()
}

const LEVELS: usize = 44;

/// Half of the nodes and weights of Gauss and Legendre with twelve points on [-1, 1].
const NODES: [[f64; 2]; 6] = [
    [0.125_233_408_511_468_9, 0.249_147_045_813_402_8],
    [0.367_831_498_998_180_2, 0.233_492_536_538_354_8],
    [0.587_317_954_286_617_4, 0.203_167_426_723_065_9],
    [0.769_902_674_194_304_7, 0.160_078_328_543_346_2],
    [0.904_117_256_370_474_9, 0.106_939_325_995_318_4],
    [0.981_560_634_246_719_3, 0.047_175_336_386_511_8],
];

#[test]
fn closed_forms() {
    // Lévy: P(X > x) = erf(1/sqrt(2x)).
    let levy = Law { alpha: 0.5, beta: 1.0 };
    for x in [0.02_f64, 0.1, 0.5, 2.0, 30.0, 1e4, 1e8] {
        let exact = libm::erf((0.5 / x).sqrt());
        let seen = levy.upper(x - levy.centre());
        assert!((seen / exact - 1.0).abs() < 1e-7, "{x}: {seen} {exact}");
        let below = levy.lower(x - levy.centre());
        let exact = libm::erfc((0.5 / x).sqrt());
        assert!((below - exact).abs() < 1e-9, "{x}: {below} {exact}");
    }
    // Nearly Cauchy and nearly normal.
    for x in [-30.0, -1.0, 0.0, 0.3, 5.0] {
        let seen = Law { alpha: 1.0 + 2e-6, beta: 0.0 }.upper(x);
        assert!((seen - cauchy(0.0, x)).abs() < 2e-6, "{x}: {seen}");
        let seen = Law { alpha: 2.0 - 1e-7, beta: 1.0 }.upper(x);
        assert!((seen - 0.5 * libm::erfc(0.5 * x)).abs() < 1e-6, "{x}: {seen}");
        // Continuous at alpha = 1 in S0.
        let (one, near) = (Law { alpha: 1.0, beta: 0.7 }, Law { alpha: 1.0001, beta: 0.7 });
        assert!((one.upper(x) - near.upper(x)).abs() < 1e-4, "{x}");
        assert!((one.upper(x) + one.lower(x) - 1.0).abs() < 1e-8, "{x}");
    }
    // Tails: (1 + beta) c/alpha x^-alpha, theory.md 1.4 with the Lévy measure.
    for (alpha, beta) in [(0.3, 0.5), (0.8, -0.5), (1.0, 0.5), (1.01, 0.5), (1.5, 0.5), (1.8, -0.9)] {
        let x = libm::pow(1e7, 1.0 / alpha);
        let tail = (1.0 + beta) * libm::tgamma(alpha) * libm::sin(FRAC_PI_2 * alpha) / PI * 1e-7;
        let law = Law { alpha, beta };
        let seen = law.upper(x - law.centre());
        assert!((seen / tail - 1.0).abs() < 2e-5, "alpha {alpha}: {seen:e} {tail:e}");
    }
}
