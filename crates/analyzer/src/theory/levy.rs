//! Pavlyukevich's jump chain for alpha-stable noise.

use std::f64::consts::PI;

pub use levyscape_integrator::noise::tail_constant;

use crate::landscape::Landscape;
use crate::theory::chain::MarkovChain;

/// `c_alpha / alpha`: the mass that the Lévy measure has beyond 1. Tends to 1/2 as alpha tends to 0.
#[must_use]
pub fn tail_coefficient(alpha: f64) -> f64 {
    if alpha == 0.0 {
        return 0.5;
    }
    tail_constant(alpha) / alpha
}

/// `sin(pi alpha / 2)`, taken from the nearer zero: no digits are lost as alpha tends to 2.
pub(crate) fn half_sine(alpha: f64) -> f64 {
    let nearer = if alpha > 1.0 { 2.0 - alpha } else { alpha };
    libm::sin(0.5 * PI * nearer)
}

/// The Lévy measure `c_+ y^(-1-alpha) dy` on `y > 0`, `c_- |y|^(-1-alpha) dy` on `y < 0` with
/// `c_+- = (1 +- beta) c_alpha`, of the stable process of scale 1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct JumpMeasure {
    /// Tail index in (0, 2].
    pub alpha: f64,
    /// Skewness in [-1, 1].
    pub beta: f64,
}

impl JumpMeasure {
    /// Mass `nu([lo, hi])`, `-inf <= lo <= hi <= inf`, per unit time at `epsilon = 1`. Infinite if the
    /// interval reaches 0, and 0 if it is empty.
    #[must_use]
    pub fn mass(self, lo: f64, hi: f64) -> f64 {
        let Self { alpha, beta } = self;
        if lo >= hi {
            return 0.0;
        }
        if lo <= 0.0 && hi >= 0.0 {
            return if alpha < 2.0 { f64::INFINITY } else { 0.0 };
        }
        let (near, far, share) = if lo > 0.0 { (lo, hi, 1.0 + beta) } else { (-hi, -lo, 1.0 - beta) };
        let beyond = share * tail_coefficient(alpha) * libm::pow(near, -alpha);
        if far.is_infinite() { beyond } else { -beyond * libm::expm1(alpha * libm::log(near / far)) }
    }
}

/// The limit chain on the minima in the time `t epsilon^alpha` (Pavlyukevich 2007, 2008):
///
/// ```text
/// q_ij = (c_alpha/alpha) | |s_{j-1} - m_i|^-alpha - |s_j - m_i|^-alpha |
/// ```
///
/// with the constant `c_alpha` of *this* process, which the papers' own normalisation leaves out.
/// For skewed noise jumps to the right have `(1 + beta) c_alpha`, to the left `(1 - beta) c_alpha`.
/// State `i` is minimum `i + 1`. Jumps to where no well is (beyond an edge over which the potential
/// falls without end) are killing. `None` for alpha outside `(0, 2)` or without a minimum.
#[must_use]
pub fn jump_chain(landscape: &Landscape, jumps: JumpMeasure) -> Option<MarkovChain> {
    let alpha = jumps.alpha;
    if !(alpha > 0.0 && alpha < 2.0) || landscape.minima.is_empty() {
        return None;
    }
    let wells = &landscape.wells;
    let mut rates = Vec::with_capacity(wells.len());
    let mut killing = Vec::with_capacity(wells.len());
    for (i, minimum) in landscape.minima.iter().enumerate() {
        let mass = |lo: f64, hi: f64| jumps.mass(lo - minimum.x, hi - minimum.x);
        rates.push(
            wells
                .iter()
                .enumerate()
                .map(|(j, well)| if i == j { 0.0 } else { mass(well.left, well.right) })
                .collect(),
        );
        let mut lost = 0.0;
        let mut end = f64::NEG_INFINITY;
        for well in wells {
            lost += mass(end, well.left);
            end = well.right;
        }
        killing.push(lost + mass(end, f64::INFINITY));
    }
    MarkovChain::new(rates, killing)
}

#[cfg(test)]
#[allow(clippy::approx_constant, clippy::type_complexity, reason = "tables are compared as printed")]
mod tests {
    use super::*;
    use crate::landscape::{CriticalPoint, Well};

    fn symmetric(alpha: f64) -> JumpMeasure {
        JumpMeasure { alpha, beta: 0.0 }
    }

    pub(crate) fn landscape(minima: &[f64], saddles: &[f64]) -> Landscape {
        let point = |&x: &f64| CriticalPoint::new(x, 0.0, 1.0);
        let mut edges = vec![f64::NEG_INFINITY];
        edges.extend(saddles);
        edges.push(f64::INFINITY);
        let wells = (0..minima.len())
            .map(|i| Well::new(i + 1, minima[i], [edges[i], edges[i + 1]], [1.0, 1.0]))
            .collect();
        Landscape {
            minima: minima.iter().map(point).collect(),
            saddles: saddles.iter().map(point).collect(),
            wells,
            ..Landscape::default()
        }
    }

    #[test]
    fn constants_are_those_of_the_table() {
        for (alpha, c, ratio) in [
            (0.5, 0.199_471_140_2, 0.398_942_280_4),
            (0.8, 0.281_958_453_0, 0.352_448_066_2),
            (1.0, 0.318_309_886_2, 0.318_309_886_2),
            (1.2, 0.333_549_429_9, 0.277_957_858_3),
            (1.5, 0.299_206_710_3, 0.199_471_140_2),
            (1.8, 0.164_904_938_8, 0.091_613_854_9),
            (1.9, 0.090_992_482_5, 0.047_890_780_3),
        ] {
            assert!((tail_constant(alpha) - c).abs() < 6e-11, "alpha = {alpha}");
            assert!((tail_coefficient(alpha) - ratio).abs() < 6e-11, "alpha = {alpha}");
            // The second closed form, 2^alpha Gamma((1+alpha)/2) / (sqrt(pi) |Gamma(-alpha/2)|).
            let other = libm::pow(2.0, alpha) * libm::tgamma(0.5 * (1.0 + alpha))
                / (PI.sqrt() * libm::tgamma(-0.5 * alpha).abs());
            assert!((tail_constant(alpha) / other - 1.0).abs() < 1e-13, "alpha = {alpha}");
        }
        assert_eq!(tail_constant(2.0), 0.0);
        assert!((tail_constant(2.0 - 1e-12) / 1e-12 - 1.0).abs() < 1e-4);
        assert!((tail_coefficient(1e-300) - 0.5).abs() < 1e-15);
        assert!((tail_constant(1.0 + 1e-15) - 1.0 / PI).abs() < 1e-14);
        assert!(tail_constant(2.1).is_nan() && tail_constant(f64::NAN).is_nan());
    }

    #[test]
    fn masses_add_up() {
        let alpha = 1.3;
        let whole = symmetric(alpha).mass(0.5, f64::INFINITY);
        let parts = symmetric(alpha).mass(0.5, 2.0) + symmetric(alpha).mass(2.0, f64::INFINITY);
        assert!((whole / parts - 1.0).abs() < 1e-14);
        assert_eq!(symmetric(alpha).mass(-2.0, -0.5), symmetric(alpha).mass(0.5, 2.0));
        assert_eq!(symmetric(alpha).mass(-1.0, 1.0), f64::INFINITY);
        assert_eq!(symmetric(alpha).mass(1.0, 1.0), 0.0);
        // A thin slice: density times width.
        let slice = symmetric(alpha).mass(1.0, 1.0 + 1e-9);
        assert!((slice / (tail_constant(alpha) * 1e-9) - 1.0).abs() < 1e-6);
    }

    #[test]
    fn two_wells_follow_the_closed_form() {
        let landscape = landscape(&[-1.0, 1.5], &[0.0]);
        for alpha in [0.3, 1.0, 1.7] {
            let chain = jump_chain(&landscape, symmetric(alpha)).unwrap();
            let kappa = tail_coefficient(alpha);
            assert!((chain.rate(0, 1) - kappa).abs() < 1e-15);
            assert!((chain.rate(1, 0) / (kappa * libm::pow(1.5, -alpha)) - 1.0).abs() < 1e-14);
            let law = chain.stationary().unwrap();
            assert!((law[0] - 1.0 / (1.0 + libm::pow(1.5, alpha))).abs() < 1e-14);
        }
    }

    #[test]
    fn three_wells_have_the_tabulated_generator() {
        let landscape = landscape(&[-2.0, 0.0, 2.5], &[-0.8, 1.0]);
        let cases: [(f64, [[f64; 3]; 3], [f64; 3], f64); 2] = [
            (
                1.5,
                [[-0.15174, 0.11335, 0.03839], [0.27877, -0.47824, 0.19947], [0.03327, 0.07530, -0.10858]],
                [0.39652, 0.16330, 0.44019],
                6e-6,
            ),
            (
                1.0,
                [[-0.26526, 0.15915, 0.10610], [0.39789, -0.71620, 0.31831], [0.09646, 0.11575, -0.21221]],
                [0.40, 0.16, 0.44],
                6e-6,
            ),
        ];
        for (alpha, generator, stationary, tolerance) in cases {
            let chain = jump_chain(&landscape, symmetric(alpha)).unwrap();
            for (row, expected) in chain.generator().iter().zip(&generator) {
                for (entry, expected) in row.iter().zip(expected) {
                    assert!((entry - expected).abs() < tolerance, "{entry} {expected}");
                }
                assert!(row.iter().sum::<f64>().abs() < 1e-15);
            }
            for (mass, expected) in chain.stationary().unwrap().iter().zip(&stationary) {
                assert!((mass - expected).abs() < if alpha == 1.0 { 1e-14 } else { tolerance });
            }
        }
        // Destinations from the first minimum (theory, 2.5 d).
        for (alpha, to_second) in [(0.8, 0.520), (1.0, 0.600), (1.5, 0.747), (1.8, 0.808)] {
            let chain = jump_chain(&landscape, symmetric(alpha)).unwrap();
            assert!((chain.jump_probability(0, 1).unwrap() - to_second).abs() < 6e-4);
        }
        assert!(jump_chain(&landscape, symmetric(2.0)).is_none());
    }
}
