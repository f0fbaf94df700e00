//! Distribution functions of stable laws.

use core::f64::consts::{FRAC_2_PI, FRAC_PI_2, PI};
use core::num::NonZeroUsize;

use gauss_quad::legendre::GaussLegendre;

use super::TailError;

/// This close to `alpha = 1`, in S0, laws differ from that of `alpha = 1` by no more than the distance.
const ONE: f64 = 1e-6;
/// Values of the exponent between which the rule of Gauss and Legendre is used: by twos from -60, where a
/// heavy tail begins, to -4, then by halves to 4, where `exp(-e^g)` is over.
const LEVELS: usize = 44;
const COARSE: usize = 28;
const DEGREE: NonZeroUsize = NonZeroUsize::new(12).unwrap();

/// The stable law `location + scale X` with
///
/// ```text
/// E exp(i w X) = exp(-|w|^alpha (1 + i beta tan(pi alpha/2) sgn(w) (|w|^(1-alpha) - 1))),
/// E exp(i w X) = exp(-|w| (1 + i beta (2/pi) sgn(w) ln|w|))                               for alpha = 1:
/// ```
///
/// the parameterisation S0 (Nolan 1997), continuous in all its parameters. In S1, the one of the scenarios'
/// noise, the location lies `beta scale tan(pi alpha/2)` below (for `alpha` other than 1).
///
/// Tails are Zolotarev's integrals in Nolan's form; relative error 1e-7 of a heavy tail.
///
/// ```
/// use levyscape_analyzer::estimate::tail::StableLaw;
///
/// let cauchy = StableLaw::new(1.0, 0.0, 2.0, 1.0)?;
/// assert!((cauchy.above(3.0) - 0.25).abs() < 1e-12);
/// # Ok::<(), levyscape_analyzer::estimate::tail::TailError>(())
/// ```
#[derive(Debug, Clone)]
pub struct StableLaw {
    shape: Shape,
    scale: f64,
    location: f64,
    /// Nodes and weights on [-1, 1].
    rule: Vec<(f64, f64)>,
}

#[derive(Debug, Clone, Copy)]
struct Shape {
    alpha: f64,
    beta: f64,
}

impl StableLaw {
    /// The law with these parameters, in S0.
    ///
    /// # Errors
    /// [`TailError::Law`] unless `0 < alpha <= 2`, `-1 <= beta <= 1`, `0 < scale < inf` and the location is
    /// finite.
    pub fn new(alpha: f64, beta: f64, scale: f64, location: f64) -> Result<Self, TailError> {
        let valid = alpha > 0.0 && alpha <= 2.0 && beta.abs() <= 1.0 && scale > 0.0;
        if !(valid && scale.is_finite() && location.is_finite()) {
            return Err(TailError::Law { alpha, beta, scale, location });
        }
        let rule = GaussLegendre::new(DEGREE).as_node_weight_pairs().to_vec();
        Ok(Self { shape: Shape { alpha, beta }, scale, location, rule })
    }

    /// `P(X > x)`.
    #[must_use]
    pub fn above(&self, x: f64) -> f64 {
        self.upper(self.shape, (x - self.location) / self.scale)
    }

    /// `P(X < x)`.
    #[must_use]
    pub fn below(&self, x: f64) -> f64 {
        self.upper(self.shape.mirrored(), (self.location - x) / self.scale)
    }

    /// `P(X > x)` of the standard law.
    fn upper(&self, shape: Shape, x: f64) -> f64 {
        let Shape { alpha, beta } = shape;
        if alpha == 2.0 {
            return 0.5 * libm::erfc(0.5 * x);
        }
        if (alpha - 1.0).abs() < ONE {
            return self.upper_at_one(beta, x);
        }
        let centre = shape.centre();
        let x = centre + x;
        let theta = libm::atan(centre) / alpha;
        if x == 0.0 {
            0.5 + theta / PI
        } else if x < 0.0 {
            1.0 - self.beyond(shape.alpha, -x, -theta)
        } else {
            self.beyond(shape.alpha, x, theta)
        }
    }

    /// `P(X > x)` in S1 for `x > 0`; `theta = arctan(beta tan(pi alpha/2))/alpha`.
    fn beyond(&self, alpha: f64, x: f64, theta: f64) -> f64 {
        let power = alpha / (alpha - 1.0);
        let constant = libm::log(libm::cos(alpha * theta)) / (alpha - 1.0) + power * libm::log(x);
        let exponent = |angle: f64| {
            let (cosine, sine) = (libm::cos(angle), libm::sin(alpha * (theta + angle)));
            let tilted = libm::cos(alpha * theta + (alpha - 1.0) * angle);
            constant + power * libm::log(cosine / sine) + libm::log(tilted / cosine)
        };
        if alpha > 1.0 {
            self.integral([-theta, FRAC_PI_2], exponent, |g| libm::exp(-g)) / PI
        } else {
            self.integral([-theta, FRAC_PI_2], exponent, |g| -libm::expm1(-g)) / PI
        }
    }

    /// `P(X > x)` at `alpha = 1`.
    fn upper_at_one(&self, beta: f64, x: f64) -> f64 {
        if beta == 0.0 {
            return if x > 0.0 { libm::atan(1.0 / x) / PI } else { 0.5 - libm::atan(x) / PI };
        }
        let size = beta.abs();
        let scaled = if beta > 0.0 { x } else { -x };
        let exponent = |angle: f64| {
            let width = FRAC_PI_2 + size * angle;
            libm::log(FRAC_2_PI * width / libm::cos(angle))
                + (width * libm::tan(angle) - FRAC_PI_2 * scaled) / size
        };
        let outcome = if beta > 0.0 { |g: f64| -libm::expm1(-g) } else { |g: f64| libm::exp(-g) };
        self.integral([-FRAC_PI_2, FRAC_PI_2], exponent, outcome) / PI
    }

    /// The integral of `outcome(exp(exponent(angle)))`, the exponent being monotone: piece by piece between
    /// angles at which it has round values.
    fn integral(
        &self,
        [from, to]: [f64; 2],
        exponent: impl Fn(f64) -> f64,
        outcome: impl Fn(f64) -> f64,
    ) -> f64 {
        let inside = (to - from) * 1e-14;
        let (from, to) = (from + inside, to - inside);
        let rising = exponent(to) > exponent(from);
        let piece = |from: f64, to: f64| {
            let (middle, half) = (0.5 * (from + to), 0.5 * (to - from));
            let value = |x: f64| outcome(libm::exp(exponent(middle + half * x).min(700.0)));
            half * self.rule.iter().map(|&(x, weight)| weight * value(x)).sum::<f64>()
        };
        let mut edge = from;
        let mut sum = 0.0;
        for k in 0..=LEVELS {
            let k = if rising { k } else { LEVELS - k };
            let level = if k < COARSE { -60.0 + 2.0 * k as f64 } else { -4.0 + 0.5 * (k - COARSE) as f64 };
            let (mut near, mut far) = (edge, to);
            for _ in 0..48 {
                let middle = 0.5 * (near + far);
                if (exponent(middle) < level) == rising { near = middle } else { far = middle }
            }
            let next = 0.5 * (near + far);
            if next > edge {
                sum += piece(edge, next);
                edge = next;
            }
        }
        sum + piece(edge, to)
    }
}

impl Shape {
    fn mirrored(self) -> Self {
        Self { beta: -self.beta, ..self }
    }

    /// The origin of S0, in S1: `beta tan(pi alpha/2)`.
    fn centre(self) -> f64 {
        let Self { alpha, beta } = self;
        if (alpha - 1.0).abs() < 0.5 {
            beta / libm::tan(FRAC_PI_2 * (1.0 - alpha))
        } else {
            beta * libm::tan(FRAC_PI_2 * alpha)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn law(alpha: f64, beta: f64) -> StableLaw {
        StableLaw::new(alpha, beta, 1.0, 0.0).unwrap()
    }

    #[test]
    fn closed_forms() {
        // Lévy: P(X > x) = erf(1/sqrt(2x)) in S1, which lies 1 above S0.
        let levy = law(0.5, 1.0);
        for x in [0.02_f64, 0.1, 0.5, 2.0, 30.0, 1e4, 1e8] {
            let exact = libm::erf((0.5 / x).sqrt());
            assert!((levy.above(x - 1.0) / exact - 1.0).abs() < 1e-7, "{x}");
            assert!((levy.below(x - 1.0) - libm::erfc((0.5 / x).sqrt())).abs() < 1e-9, "{x}");
        }
        for x in [-30.0, -1.0, 0.0, 0.3, 5.0] {
            let cauchy = 0.5 - libm::atan(x) / PI;
            assert!((law(1.0 + 2e-6, 0.0).above(x) - cauchy).abs() < 2e-6, "{x}");
            assert!((law(2.0 - 1e-7, 1.0).above(x) - 0.5 * libm::erfc(0.5 * x)).abs() < 1e-6, "{x}");
            assert!((law(1.0, 0.7).above(x) - law(1.0001, 0.7).above(x)).abs() < 1e-4, "{x}");
        }
    }

    /// Quantiles of symmetric laws, from the normative table: `P(X > q_95) = 0.05`, `P(X > q_75) = 0.25`.
    #[test]
    fn symmetric_quantiles() {
        for (alpha, q95, q75) in
            [(1.9, 2.4043, 0.9568), (1.5, 3.0519, 0.9689), (1.1, 5.1646, 0.9889), (0.7, 16.235, 1.0901)]
        {
            let law = law(alpha, 0.0);
            // The quantiles have four or five digits.
            assert!((law.above(q95) / 0.05 - 1.0).abs() < 1e-4, "{alpha}");
            assert!((law.above(q75) / 0.25 - 1.0).abs() < 1e-4, "{alpha}");
        }
    }

    #[test]
    fn what_is_refused() {
        for [alpha, beta, scale, location] in
            [[0.0, 0.0, 1.0, 0.0], [2.1, 0.0, 1.0, 0.0], [1.5, 1.1, 1.0, 0.0], [1.5, 0.0, 0.0, 0.0]]
        {
            assert!(matches!(StableLaw::new(alpha, beta, scale, location), Err(TailError::Law { .. })));
        }
        assert!(StableLaw::new(1.5, f64::NAN, 1.0, 0.0).is_err());
        assert!(StableLaw::new(1.5, 0.0, 1.0, f64::INFINITY).is_err());
    }
}
