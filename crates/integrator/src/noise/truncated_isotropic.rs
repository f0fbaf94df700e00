//! Isotropic stable noise without its large jumps.

use std::sync::Arc;

use super::compound_poisson::{Counts, normal};
use super::isotropic::{radial_constant, scale_rows};
use super::table::QuantileTable;
use super::{BLOCK, Noise, NoiseBlock, Sampler, Side, Stable, TruncatedStable, stable_index};
use crate::error::{IntegratorError, positive};
use crate::math::{exp, ln, pow, uniform};
use crate::rng::{LANES, LaneRng};

/// Rotation-invariant stable motion in `d` dimensions with the jumps `|z| > radius` left out: Lévy measure
/// `C_{d,alpha} |z|^(-d-alpha) dz` on `|z| <= radius`, `0.4 <= alpha < 2`.
///
/// Isotropic stable motion is `sqrt(2) B` at the time `A_t` of a stable subordinator with index
/// `rho = alpha/2` and measure `rho/Gamma(1-rho) a^(-1-rho) da`. Its jumps up to `a_0` and the larger ones are
/// independent: an increment is `sqrt(2 A) G` with the increment `A` of the subordinator truncated at `a_0`
/// (see [`TruncatedStable`]), and each of the larger jumps `a`, a compound Poisson process of Pareto jumps, is a
/// jump `sqrt(2 a) G` of its own, with its own standard normal `G`, that stays if its norm is at most the
/// radius. The bound `a_0` is so small that a jump of `A` below it gives one beyond the radius with probability
/// below `e^-40` only; nothing else is approximated but the tables.
pub struct TruncatedIsotropic {
    law: Projection,
}

impl TruncatedIsotropic {
    /// The process with index `alpha` in `dimension` dimensions and jumps of norm up to `radius`, in units
    /// of `Z`.
    ///
    /// # Errors
    /// [`IntegratorError::Parameter`] unless `0.4 <= alpha < 2`, [`IntegratorError::NotPositive`] for the radius
    /// and for dimension 0.
    pub fn new(alpha: f64, dimension: usize, radius: f64) -> Result<Self, IntegratorError> {
        positive("dimension", dimension as f64)?;
        if !(0.4..2.0).contains(&alpha) {
            let (name, range) = ("the tail index alpha of truncated isotropic noise", "from 0.4 to below 2");
            return Err(IntegratorError::Parameter { name, value: alpha, range });
        }
        let radius = positive("the radius of truncation", radius)?;
        let coordinate = Stable::new(stable_index(alpha)?, 0.0)?;
        Ok(Self { law: Projection { alpha, dimension, radius, coordinate } })
    }
}

impl Noise for TruncatedIsotropic {
    fn dimension(&self) -> usize {
        self.law.dimension
    }

    fn coordinate(&self, k: usize) -> Option<&dyn Noise> {
        (k < self.law.dimension).then_some(&self.law as &dyn Noise)
    }

    fn scaling_index(&self) -> f64 {
        self.law.alpha
    }

    fn gaussian_variance(&self) -> f64 {
        0.0
    }

    fn has_jumps(&self) -> bool {
        true
    }

    fn jump_tail(&self, side: Side, r: f64) -> f64 {
        self.law.jump_tail(side, r)
    }

    /// That of isotropic stable motion less that beyond the radius of truncation.
    fn radial_tail(&self, r: f64) -> Option<f64> {
        let Projection { alpha, dimension, radius, .. } = self.law;
        let less = (pow(r, -alpha) - pow(radius, -alpha)).max(0.0);
        Some(radial_constant(alpha, dimension) / alpha * less)
    }

    fn exponent(&self, w: f64) -> [f64; 2] {
        self.law.exponent(w)
    }

    fn sampler(&self, step: f64) -> Result<Box<dyn Sampler>, IntegratorError> {
        Ok(Box::new(self.law.increments(step)?))
    }

    /// The process truncated at the smaller radius.
    fn small_jumps(&self, radius: f64) -> Result<Box<dyn Noise>, IntegratorError> {
        let radius = positive("the radius of truncation", radius)?.min(self.law.radius);
        Ok(Box::new(Self::new(self.law.alpha, self.law.dimension, radius)?))
    }
}

/// One coordinate of the process.
struct Projection {
    alpha: f64,
    dimension: usize,
    radius: f64,
    /// The coordinate without truncation.
    coordinate: Stable,
}

impl Projection {
    fn increments(&self, step: f64) -> Result<Increments, IntegratorError> {
        let (d, rho) = (self.dimension as f64, 0.5 * self.alpha);
        // P(chi^2_d > q) < e^-40 (Laurent and Massart 2000).
        let q = d + 2.0 * (40.0 * d).sqrt() + 80.0;
        let bound = self.radius * self.radius / (2.0 * q);
        // The subordinator is `unit` times the stable one, whose measure has the constant 2 c_rho.
        let unit = pow(libm::cos(core::f64::consts::FRAC_PI_2 * rho), 1.0 / rho);
        let rate = pow(bound, -rho) / libm::tgamma(1.0 - rho);
        Ok(Increments {
            dimension: self.dimension,
            subordinator: TruncatedStable::skewed(rho, 1.0, bound / unit)?.sampler(step)?,
            unit,
            normal: QuantileTable::stable(2.0),
            counts: Counts::new(rate * step)?,
            bound,
            inverse: 1.0 / rho,
            radius: self.radius,
        })
    }
}

impl Noise for Projection {
    fn scaling_index(&self) -> f64 {
        self.alpha
    }

    fn gaussian_variance(&self) -> f64 {
        0.0
    }

    fn has_jumps(&self) -> bool {
        true
    }

    /// Mass of `z_1 > r`, `|z| <= radius`: that of the coordinate without truncation less that of the jumps
    /// beyond the radius, `s radius^-alpha/alpha E P(theta_1 > (r/radius) U^(1/alpha))` with `U` uniform and
    /// `theta` uniform on the sphere.
    fn jump_tail(&self, side: Side, r: f64) -> f64 {
        if r >= self.radius {
            return 0.0;
        }
        let share = |u: f64| cap_share(self.dimension, r / self.radius * pow(u, 1.0 / self.alpha));
        let pieces = 64;
        let mut sum = 0.0;
        for k in 0..pieces {
            sum += gauss(f64::from(k) / f64::from(pieces), f64::from(k + 1) / f64::from(pieces), share);
        }
        let beyond = radial_constant(self.alpha, self.dimension) / self.alpha * pow(self.radius, -self.alpha);
        (self.coordinate.jump_tail(side, r) - beyond * sum).max(0.0)
    }

    /// `s int_0^radius (omega(w r) - 1) r^(-1-alpha) dr` with the mean `omega` of `cos(x theta_1)` over the
    /// sphere: its power series near 0, Gauss' rule further out.
    fn exponent(&self, w: f64) -> [f64; 2] {
        let (alpha, end) = (self.alpha, w.abs() * self.radius);
        if end == 0.0 {
            return [0.0; 2];
        }
        let near = end.min(near_zero(self.dimension));
        let (mut term, mut sum) = (1.0, 0.0);
        for k in 1..100 {
            let k = f64::from(k);
            term *= -0.25 * near * near / (k * (0.5 * self.dimension as f64 + k - 1.0));
            sum += term / (2.0 * k - alpha);
        }
        sum *= pow(near, -alpha);
        let pieces = (end - near).ceil();
        for k in 0..pieces as u64 {
            let place = |k: u64| near + (end - near) * (k as f64 / pieces);
            sum += gauss(place(k), place(k + 1), |x| (omega(self.dimension, x) - 1.0) * pow(x, -1.0 - alpha));
        }
        [radial_constant(alpha, self.dimension) * pow(w.abs(), alpha) * sum, 0.0]
    }

    fn sampler(&self, step: f64) -> Result<Box<dyn Sampler>, IntegratorError> {
        Ok(Box::new(First(self.increments(step)?)))
    }

    /// Not the projection of a process truncated in its norm, but this one without its own jumps beyond the
    /// radius, which has no sampler.
    fn small_jumps(&self, _radius: f64) -> Result<Box<dyn Noise>, IntegratorError> {
        Err(IntegratorError::NoSplit("one coordinate of truncated isotropic noise"))
    }
}

/// `P(theta_1 > c)` for `0 <= c <= 1` and `theta` uniform on the sphere in `d` dimensions.
fn cap_share(dimension: usize, c: f64) -> f64 {
    if dimension == 1 {
        return 0.5;
    }
    // int_0^acos(c) sin^(d-2), by parts from that of sin^0 or sin^1, over the same up to pi.
    let sine = ((1.0 - c) * (1.0 + c)).max(0.0).sqrt();
    let odd = dimension % 2 == 1;
    let (mut part, mut whole) = if odd { (1.0 - c, 2.0) } else { (libm::acos(c), core::f64::consts::PI) };
    let mut power = if odd { sine * sine } else { sine };
    for n in (if odd { 3 } else { 2 }..=dimension - 2).step_by(2) {
        let n = n as f64;
        part = (-c * power + (n - 1.0) * part) / n;
        whole *= (n - 1.0) / n;
        power *= sine * sine;
    }
    part / whole
}

/// Where the power series of `omega` ends.
fn near_zero(dimension: usize) -> f64 {
    (dimension as f64).max(8.0)
}

/// The mean of `cos(x theta_1)` over the sphere in `d` dimensions, `x` beyond [`near_zero`]:
/// `Gamma(d/2) (2/x)^(d/2-1) J_(d/2-1)(x)`, by the recurrence
/// `omega_(d+2) = d (d-2)/x^2 (omega_d - omega_(d-2))`.
fn omega(dimension: usize, x: f64) -> f64 {
    let (first, mut before, mut value) = if dimension % 2 == 1 {
        (3, libm::cos(x), libm::sin(x) / x)
    } else {
        (4, libm::j0(x), 2.0 * libm::j1(x) / x)
    };
    if dimension < first {
        return before;
    }
    for d in (first..dimension).step_by(2) {
        let d = d as f64;
        (before, value) = (value, d * (d - 2.0) / (x * x) * (value - before));
    }
    value
}

/// Gauss' rule with ten nodes.
fn gauss(start: f64, end: f64, f: impl Fn(f64) -> f64) -> f64 {
    const NODES: [[f64; 2]; 5] = [
        [0.148_874_338_981_631_2, 0.295_524_224_714_752_87],
        [0.433_395_394_129_247_2, 0.269_266_719_309_996_35],
        [0.679_409_568_299_024_4, 0.219_086_362_515_982_04],
        [0.865_063_366_688_984_5, 0.149_451_349_150_580_6],
        [0.973_906_528_517_171_7, 0.066_671_344_308_688_14],
    ];
    let (centre, half) = (0.5 * (start + end), 0.5 * (end - start));
    NODES.iter().map(|[x, weight]| half * weight * (f(centre - half * x) + f(centre + half * x))).sum()
}

struct Increments {
    dimension: usize,
    /// The jumps of the subordinator up to the bound.
    subordinator: Box<dyn Sampler>,
    unit: f64,
    /// Variance 2: the factor `sqrt(2)` of `sqrt(2 A)` is in the table.
    normal: Arc<QuantileTable>,
    /// The jumps of the subordinator beyond the bound.
    counts: Counts,
    bound: f64,
    inverse: f64,
    radius: f64,
}

impl Sampler for Increments {
    fn fill(&self, rng: &mut LaneRng, lanes: usize, blocks: &mut [NoiseBlock]) {
        let mut times = NoiseBlock::zeros(1);
        self.subordinator.fill(rng, lanes, &mut times);
        let mut roots = [[0.0; LANES]; BLOCK];
        for (root, time) in roots.as_flattened_mut().iter_mut().zip(times[0].jumps.as_flattened()) {
            *root = (self.unit * time.max(0.0)).sqrt();
        }
        for block in blocks.iter_mut() {
            self.normal.fill(1.0, 0.0, rng, lanes, &mut block.jumps);
            scale_rows(&roots, lanes, &mut block.jumps);
        }
        let mut jump = vec![0.0; self.dimension];
        self.counts.each(rng, lanes, |count, rng, step, lane| {
            for _ in 0..count {
                let time = self.bound * exp(-self.inverse * ln(uniform(rng.next_of(lane))));
                let root = (2.0 * time).sqrt();
                jump.fill_with(|| root * normal(rng, lane));
                if jump.iter().map(|x| x * x).sum::<f64>() <= self.radius * self.radius {
                    for (block, x) in blocks.iter_mut().zip(&jump) {
                        block.jumps[step][lane] += x;
                    }
                }
            }
        });
    }
}

/// The first coordinate of the increments.
struct First(Increments);

impl Sampler for First {
    fn fill(&self, rng: &mut LaneRng, lanes: usize, blocks: &mut [NoiseBlock]) {
        let mut all = NoiseBlock::zeros(self.0.dimension);
        self.0.fill(rng, lanes, &mut all);
        for (block, drawn) in blocks.iter_mut().zip(all) {
            block.jumps = drawn.jumps;
        }
    }
}
