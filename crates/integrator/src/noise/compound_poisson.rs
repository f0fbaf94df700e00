//! Compound Poisson processes: finitely many jumps of a named law.

use core::f64::consts::{FRAC_PI_2, PI, SQRT_2};

use serde::{Deserialize, Serialize};

use super::{BLOCK, Noise, NoiseBlock, Sampler, Side};
use crate::dispatch;
use crate::error::{IntegratorError, positive};
use crate::math::{exp, ln, pow, sin_quarter, uniform, with_sign};
use crate::rng::{LANES, LaneRng};

/// The law of a jump `J`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum JumpLaw {
    /// Normal with mean 0 and standard deviation `scale`.
    Gaussian {
        /// Standard deviation.
        scale: f64,
    },
    /// Density `exp(-|y|/scale)/(2 scale)`.
    Laplace {
        /// Mean of `|J|`.
        scale: f64,
    },
    /// Density `exp(-y/scale)/scale` on `y > 0`.
    Exponential {
        /// Mean.
        scale: f64,
    },
    /// Uniform between two bounds.
    Uniform {
        /// Lower bound.
        lower: f64,
        /// Upper bound, above the lower one.
        upper: f64,
    },
    /// Always the same jump, of either sign.
    Fixed {
        /// The jump, not 0.
        size: f64,
    },
    /// `size` or `-size`, each with probability 1/2.
    TwoSidedFixed {
        /// The modulus of the jump.
        size: f64,
    },
    /// `P(|J| > y) = (y/minimum)^-alpha` for `y > minimum`.
    Pareto {
        /// Tail index, above 0.
        alpha: f64,
        /// The smallest jump.
        minimum: f64,
        /// Whether `J` has a fair sign (so unless said otherwise) or is positive.
        #[serde(default = "signed")]
        signed: bool,
    },
    /// Student's law: `scale` times a variable with density proportional to `(1 + y^2/nu)^(-(nu+1)/2)`;
    /// tail index `nu`.
    StudentT {
        /// Degrees of freedom, above 0.
        nu: f64,
        /// Scale.
        scale: f64,
    },
}

fn signed() -> bool {
    true
}

impl JumpLaw {
    fn check(&self) -> Result<(), IntegratorError> {
        match *self {
            Self::Gaussian { scale } | Self::Laplace { scale } | Self::Exponential { scale } => {
                positive("the scale of a jump", scale)?;
            }
            Self::Uniform { lower, upper } => {
                if !(lower.is_finite() && upper.is_finite() && lower < upper) {
                    let (name, range) = ("the upper bound of a jump", "finite and above the lower one");
                    return Err(IntegratorError::Parameter { name, value: upper, range });
                }
            }
            Self::Fixed { size } => {
                if !size.is_finite() || size == 0.0 {
                    let (name, range) = ("the size of a jump", "finite and not 0");
                    return Err(IntegratorError::Parameter { name, value: size, range });
                }
            }
            Self::TwoSidedFixed { size } => {
                positive("the size of a jump", size)?;
            }
            Self::Pareto { alpha, minimum, .. } => {
                positive("the tail index alpha of a jump", alpha)?;
                positive("the smallest jump", minimum)?;
            }
            Self::StudentT { nu, scale } => {
                positive("the degrees of freedom nu of a jump", nu)?;
                positive("the scale of a jump", scale)?;
            }
        }
        Ok(())
    }

    /// `P(J > r)` or `P(J < -r)`, `r >= 0`; relative error below 1e-12.
    fn tail(&self, side: Side, r: f64) -> f64 {
        let upper = side == Side::Upper;
        match *self {
            Self::Gaussian { scale } => 0.5 * libm::erfc(r / (scale * SQRT_2)),
            Self::Laplace { scale } => 0.5 * libm::exp(-r / scale),
            Self::Exponential { scale } => {
                if upper {
                    libm::exp(-r / scale)
                } else {
                    0.0
                }
            }
            Self::Uniform { lower, upper: end } => {
                let (near, far) = if upper { (lower, end) } else { (-end, -lower) };
                (far - r.max(near)).max(0.0) / (end - lower)
            }
            Self::Fixed { size } => f64::from(u8::from(if upper { size > r } else { -size > r })),
            Self::TwoSidedFixed { size } => 0.5 * f64::from(u8::from(size > r)),
            Self::Pareto { alpha, minimum, signed } => {
                let both = if r > minimum { pow(r / minimum, -alpha) } else { 1.0 };
                match (signed, upper) {
                    (true, _) => 0.5 * both,
                    (false, true) => both,
                    (false, false) => 0.0,
                }
            }
            Self::StudentT { nu, scale } => {
                let t = r / scale / nu.sqrt();
                mixture(nu, -2.0 * libm::log(t), |g| 0.5 * libm::erfc(t * g.sqrt()))
            }
        }
    }

    /// `E exp(i w J) - 1`, real and imaginary part.
    fn characteristic(&self, w: f64) -> [f64; 2] {
        match *self {
            Self::Gaussian { scale } => [libm::expm1(-0.5 * scale * scale * w * w), 0.0],
            Self::Laplace { scale } => {
                let square = scale * scale * w * w;
                [-square / (1.0 + square), 0.0]
            }
            Self::Exponential { scale } => {
                let x = scale * w;
                [-x * x / (1.0 + x * x), x / (1.0 + x * x)]
            }
            Self::Uniform { lower, upper } => {
                let half = 0.5 * w * (upper - lower);
                let centre = 0.5 * w * (upper + lower);
                let sinc = if half == 0.0 { 1.0 } else { libm::sin(half) / half };
                [sinc * libm::cos(centre) - 1.0, sinc * libm::sin(centre)]
            }
            Self::Fixed { size } => {
                let half = libm::sin(0.5 * w * size);
                [-2.0 * half * half, libm::sin(w * size)]
            }
            Self::TwoSidedFixed { size } => {
                let half = libm::sin(0.5 * w * size);
                [-2.0 * half * half, 0.0]
            }
            Self::Pareto { alpha, minimum, signed } => {
                let [re, im] = pareto(alpha, (w * minimum).abs());
                [re, if signed { 0.0 } else { im * 1.0_f64.copysign(w) }]
            }
            Self::StudentT { nu, scale } => {
                let z = 0.25 * nu * scale * scale * w * w;
                if z == 0.0 {
                    return [0.0; 2];
                }
                [mixture(nu, libm::log(z), |g| libm::expm1(-z / g)), 0.0]
            }
        }
    }

    /// `E (exp(i w J) - 1; |J| <= radius)`, real and imaginary part; absolute error below 1e-12.
    fn small_characteristic(&self, w: f64, radius: f64) -> [f64; 2] {
        let less = |share: f64, [re, im]: [f64; 2]| {
            let whole = self.characteristic(w);
            [whole[0] - share * re, whole[1] - share * im]
        };
        // A jump beyond the radius is the radius and another jump: exp(i w radius) (c + 1) - 1.
        let beyond = |[re, im]: [f64; 2]| {
            let (sine, cosine) = libm::sincos(w * radius);
            [cosine * (re + 1.0) - sine * im - 1.0, sine * (re + 1.0) + cosine * im]
        };
        match *self {
            Self::Exponential { scale } => less(libm::exp(-radius / scale), beyond(self.characteristic(w))),
            Self::Laplace { scale } => {
                let one_side = Self::Exponential { scale }.characteristic(w);
                less(libm::exp(-radius / scale), [beyond(one_side)[0], 0.0])
            }
            Self::Uniform { lower, upper } => {
                let (low, high) = (lower.max(-radius), upper.min(radius));
                if low >= high {
                    return [0.0; 2];
                }
                let share = (high - low) / (upper - lower);
                Self::Uniform { lower: low, upper: high }.characteristic(w).map(|part| share * part)
            }
            Self::Fixed { size } | Self::TwoSidedFixed { size } => {
                if size.abs() <= radius {
                    self.characteristic(w)
                } else {
                    [0.0; 2]
                }
            }
            Self::Pareto { alpha, minimum, signed } => {
                if radius <= minimum {
                    return [0.0; 2];
                }
                let large = Self::Pareto { alpha, minimum: radius, signed }.characteristic(w);
                less(pow(radius / minimum, -alpha), large)
            }
            Self::Gaussian { scale } => {
                let factor = 2.0 / (scale * (2.0 * PI).sqrt());
                // Beyond, nothing is left.
                let end = radius.min(40.0 * scale);
                let density = |y: f64| factor * libm::exp(-0.5 * (y / scale) * (y / scale));
                [cosine_integral(w, scale, end, density), 0.0]
            }
            Self::StudentT { nu, scale } => {
                let half = 0.5 * (nu + 1.0);
                let log = libm::lgamma(half) - libm::lgamma(0.5 * nu) - 0.5 * libm::log(PI * nu);
                let factor = 2.0 * libm::exp(log) / scale;
                let density =
                    |y: f64| factor * libm::exp(-half * libm::log1p((y / scale) * (y / scale) / nu));
                [cosine_integral(w, scale, radius, density), 0.0]
            }
        }
    }

    /// The sum of `count >= 1` jumps; draws from one lane alone.
    fn sum(&self, count: usize, rng: &mut LaneRng, lane: usize) -> f64 {
        match *self {
            // The sum of n is one of scale sqrt(n).
            Self::Gaussian { scale } => scale * (count as f64).sqrt() * normal(rng, lane),
            Self::Fixed { size } => size * count as f64,
            Self::TwoSidedFixed { size } => {
                let (mut rest, mut up) = (count, 0);
                while rest > 0 {
                    let signs = rest.min(64);
                    up += (rng.next_of(lane) >> (64 - signs)).count_ones() as usize;
                    rest -= signs;
                }
                size * (2.0 * up as f64 - count as f64)
            }
            Self::Laplace { scale } => repeat(count, || {
                let bits = rng.next_of(lane);
                with_sign(-scale * ln(uniform(bits)), bits)
            }),
            Self::Exponential { scale } => repeat(count, || -scale * ln(uniform(rng.next_of(lane)))),
            Self::Uniform { lower, upper } => {
                repeat(count, || lower + (upper - lower) * uniform(rng.next_of(lane)))
            }
            Self::Pareto { alpha, minimum, signed } => repeat(count, || {
                let bits = rng.next_of(lane);
                let size = minimum * exp(-ln(uniform(bits)) / alpha);
                if signed { with_sign(size, bits) } else { size }
            }),
            // Bailey (1994): sqrt(nu (U^(-2/nu) - 1)) cos(2 pi V).
            Self::StudentT { nu, scale } => repeat(count, || {
                let square = nu * libm::expm1(-2.0 / nu * ln(uniform(rng.next_of(lane))));
                scale * square.sqrt() * cosine(rng, lane)
            }),
        }
    }
}

fn repeat(count: usize, mut jump: impl FnMut() -> f64) -> f64 {
    (0..count).map(|_| jump()).sum()
}

/// `cos(2 pi V)`, V uniform.
fn cosine(rng: &mut LaneRng, lane: usize) -> f64 {
    let bits = rng.next_of(lane);
    with_sign(sin_quarter(FRAC_PI_2 * uniform(bits)), bits)
}

/// Standard normal (Box and Muller 1958).
pub(super) fn normal(rng: &mut LaneRng, lane: usize) -> f64 {
    let radius = (-2.0 * ln(uniform(rng.next_of(lane)))).sqrt();
    radius * cosine(rng, lane)
}

/// `E exp(i x J) - 1` for the positive Pareto law with minimum 1, `x >= 0`; absolute error 1e-14.
///
/// Integrated by parts and along the ray `y = 1 + i s/x` it is
/// `exp(i x) - 1 - exp(i x) int_0^inf (1 + i s/x)^-alpha e^-s ds`; in `ln s` the trapezoidal rule
/// converges exponentially.
fn pareto(alpha: f64, x: f64) -> [f64; 2] {
    if x == 0.0 {
        return [0.0; 2];
    }
    let first = libm::log(x.min(1.0)) - 40.0;
    let count = ((libm::log(45.0) - first) / STEP) as usize + 2;
    let [mut re, mut im] = [0.0; 2];
    for k in 0..count {
        let s = libm::exp(first + STEP * k as f64);
        let ratio = s / x;
        let size = STEP * s * libm::exp(-s - 0.5 * alpha * libm::log1p(ratio * ratio));
        let (sine, cosine) = libm::sincos(-alpha * libm::atan(ratio));
        re += size * cosine;
        im += size * sine;
    }
    let (sine, cosine) = libm::sincos(x);
    let half = libm::sin(0.5 * x);
    [-2.0 * half * half - (cosine * re - sine * im), sine - (sine * re + cosine * im)]
}

/// `int_0^end (cos(w y) - 1) f(y) dy` for a density that varies on the scale `scale` near 0 and more slowly
/// far out: Gauss' rule with ten nodes on pieces that grow with the distance, but of a quarter of a wave
/// at most.
fn cosine_integral(w: f64, scale: f64, end: f64, f: impl Fn(f64) -> f64) -> f64 {
    const NODES: [[f64; 2]; 5] = [
        [0.148_874_338_981_631_2, 0.295_524_224_714_752_87],
        [0.433_395_394_129_247_2, 0.269_266_719_309_996_35],
        [0.679_409_568_299_024_4, 0.219_086_362_515_982_04],
        [0.865_063_366_688_984_5, 0.149_451_349_150_580_6],
        [0.973_906_528_517_171_7, 0.066_671_344_308_688_14],
    ];
    let integrand = |y: f64| {
        let half = libm::sin(0.5 * w * y);
        -2.0 * half * half * f(y)
    };
    let (mut start, mut sum) = (0.0, 0.0);
    while start < end {
        let width = (0.25 * (scale + start)).min(FRAC_PI_2 / w.abs()).min(end - start);
        let (centre, half) = (start + 0.5 * width, 0.5 * width);
        for [node, weight] in NODES {
            sum += half * weight * (integrand(centre - half * node) + integrand(centre + half * node));
        }
        start = if width < end - start { start + width } else { end };
    }
    sum
}

/// Step of the trapezoidal rules in the logarithm: their integrands are analytic within `pi/2` of the real
/// axis.
const STEP: f64 = 0.1;

/// `E f(G)` for a gamma variable with shape `nu/2` and scale 1, by the trapezoidal rule in `ln G`, which
/// converges exponentially; `f` may vary on the scale `exp(lowest)`.
fn mixture(nu: f64, lowest: f64, f: impl Fn(f64) -> f64) -> f64 {
    let shape = 0.5 * nu;
    let centre = libm::log(shape);
    let step = STEP.min(0.5 / shape.sqrt());
    let first = centre.min(lowest) - 45.0 / shape;
    let last = libm::log(shape + 45.0 + 10.0 * shape.sqrt());
    let [mut sum, mut total] = [0.0; 2];
    for k in 0..=((last - first) / step) as usize {
        let v = first + step * k as f64;
        let g = libm::exp(v);
        let weight = libm::exp(shape * (v - centre) - (g - shape));
        total += weight;
        sum += weight * f(g);
    }
    sum / total
}

/// `Z_t = J_1 + ... + J_{N_t}`: jumps of one law at the times of a Poisson process.
///
/// Exponent `psi(w) = rate (E exp(i w J) - 1)`, Lévy measure `rate P(J in dy)`; no drift: the jumps are
/// not compensated. Increments are exact: the number of jumps in a step by inversion of its distribution
/// function, one draw, then the jumps themselves, if any, from the path's own stream.
///
/// [`Noise::small_jumps`] leaves out the jumps beyond a radius: the same process, thinned.
pub struct CompoundPoisson {
    rate: f64,
    jump: JumpLaw,
    /// Larger jumps are left out; infinite unless the process was truncated.
    radius: f64,
}

/// A step with more jumps than this on average is refused.
const MOST_JUMPS: f64 = 1e5;

impl CompoundPoisson {
    /// The process with `rate` jumps a unit of time.
    ///
    /// # Errors
    /// [`IntegratorError::NotPositive`] and [`IntegratorError::Parameter`] for a rate or a parameter of the
    /// jumps out of its range.
    pub fn new(rate: f64, jump: JumpLaw) -> Result<Self, IntegratorError> {
        jump.check()?;
        Ok(Self { rate: positive("the rate of jumps", rate)?, jump, radius: f64::INFINITY })
    }
}

impl Noise for CompoundPoisson {
    fn scaling_index(&self) -> f64 {
        1.0
    }

    fn gaussian_variance(&self) -> f64 {
        0.0
    }

    fn has_jumps(&self) -> bool {
        true
    }

    fn jump_tail(&self, side: Side, r: f64) -> f64 {
        if r >= self.radius {
            0.0
        } else if self.radius.is_finite() {
            self.rate * (self.jump.tail(side, r) - self.jump.tail(side, self.radius))
        } else {
            self.rate * self.jump.tail(side, r)
        }
    }

    fn exponent(&self, w: f64) -> [f64; 2] {
        let characteristic = if self.radius.is_finite() {
            self.jump.small_characteristic(w, self.radius)
        } else {
            self.jump.characteristic(w)
        };
        characteristic.map(|x| self.rate * x)
    }

    fn sampler(&self, step: f64) -> Result<Box<dyn Sampler>, IntegratorError> {
        let counts = Counts::new(self.rate * step)?;
        Ok(Box::new(Increments { counts, jump: self.jump, radius: self.radius }))
    }

    /// The same jumps without those beyond the radius.
    fn small_jumps(&self, radius: f64) -> Result<Box<dyn Noise>, IntegratorError> {
        let radius = positive("the radius of truncation", radius)?.min(self.radius);
        Ok(Box::new(Self { rate: self.rate, jump: self.jump, radius }))
    }
}

/// The number of jumps in a step, by the inverse of its distribution function.
pub(super) struct Counts {
    /// `2^64 P(N >= n)` for n = 1, 2, ..., falling.
    thresholds: Vec<u64>,
}

impl Counts {
    /// Poisson numbers with this mean; the probabilities are multiples of `2^-64`.
    ///
    /// # Errors
    /// A mean above 1e5.
    pub fn new(mean: f64) -> Result<Self, IntegratorError> {
        if !(0.0..=MOST_JUMPS).contains(&mean) {
            let (name, range) = ("the mean number of jumps in a step", "at most 1e5: take a shorter step");
            return Err(IntegratorError::Parameter { name, value: mean, range });
        }
        // Weights relative to the mode, as far as 2^-70 of it.
        let mode = mean as usize;
        let mut below = Vec::new();
        let mut weight = 1.0;
        for n in (1..=mode).rev() {
            weight *= n as f64 / mean;
            below.push(weight);
        }
        let mut weights: Vec<f64> = below.into_iter().rev().collect();
        weights.push(1.0);
        weight = 1.0;
        for n in mode + 1.. {
            weight *= mean / n as f64;
            if weight < 1e-22 {
                break;
            }
            weights.push(weight);
        }
        // Summed from the small end.
        let mut sum = 0.0;
        for weight in weights.iter_mut().rev() {
            sum += *weight;
            *weight = sum;
        }
        let unit = 18_446_744_073_709_551_616.0 / sum;
        Ok(Self { thresholds: weights[1..].iter().map(|tail| (tail * unit) as u64).collect() })
    }

    /// Draws the number of jumps of each lane and step, and adds what `jumps` gives for a lane with at least
    /// one (and its generators) to the row.
    #[inline]
    pub fn add(
        &self,
        rng: &mut LaneRng,
        lanes: usize,
        rows: &mut [[f64; LANES]; BLOCK],
        mut jumps: impl FnMut(usize, &mut LaneRng, usize) -> f64,
    ) {
        self.each(rng, lanes, |count, rng, step, lane| rows[step][lane] += jumps(count, rng, lane));
    }

    /// Draws the number of jumps of each lane and step, and calls `visit` with it, the generators, the step
    /// and the lane where there is at least one.
    #[inline]
    pub fn each(
        &self,
        rng: &mut LaneRng,
        lanes: usize,
        mut visit: impl FnMut(usize, &mut LaneRng, usize, usize),
    ) {
        let lanes = lanes.min(LANES);
        let Some(&first) = self.thresholds.first() else { return };
        let mut bits = [0; LANES];
        for step in 0..BLOCK {
            let mut jumping = draw(first, rng, lanes, &mut bits);
            while jumping != 0 {
                let lane = jumping.trailing_zeros() as usize;
                jumping &= jumping - 1;
                let count = self.thresholds.partition_point(|&threshold| bits[lane] < threshold);
                visit(count, rng, step, lane);
            }
        }
    }
}

dispatch! {
    fn draw[](threshold: u64, rng: &mut LaneRng, lanes: usize, bits: &mut [u64; LANES]) -> u64 = draw_kernel
}

/// Draws for each lane, and which lanes, as bits, are below the threshold.
#[inline(always)]
fn draw_kernel(threshold: u64, rng: &mut LaneRng, lanes: usize, bits: &mut [u64; LANES]) -> u64 {
    rng.next(lanes, bits);
    let mut below = 0;
    for (lane, &bits) in bits[..lanes].iter().enumerate() {
        below |= u64::from(bits < threshold) << lane;
    }
    below
}

struct Increments {
    counts: Counts,
    jump: JumpLaw,
    /// Larger jumps are dropped as they are drawn.
    radius: f64,
}

impl Increments {
    fn sum(&self, count: usize, rng: &mut LaneRng, lane: usize) -> f64 {
        if !self.radius.is_finite() {
            return self.jump.sum(count, rng, lane);
        }
        repeat(count, || {
            let size = self.jump.sum(1, rng, lane);
            if size.abs() <= self.radius { size } else { 0.0 }
        })
    }
}

impl Sampler for Increments {
    fn fill(&self, rng: &mut LaneRng, lanes: usize, blocks: &mut [NoiseBlock]) {
        for block in blocks {
            block.jumps.as_flattened_mut().fill(0.0);
            self.counts.add(rng, lanes, &mut block.jumps, |count, rng, lane| self.sum(count, rng, lane));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn poisson_thresholds() {
        for mean in [1e-12, 1e-3, 0.5, 1.0, 7.3, 1000.0] {
            let Ok(counts) = Counts::new(mean) else { panic!("{mean}") };
            let first = counts.thresholds[0] as f64 / 18_446_744_073_709_551_616.0;
            let exact = -libm::expm1(-mean);
            assert!((first - exact).abs() < 1e-15 * exact + 1e-19, "{mean}: {first} {exact}");
            // The mean is the sum of the tails.
            let sum: f64 = counts.thresholds.iter().map(|&t| t as f64 / 18_446_744_073_709_551_616.0).sum();
            assert!((sum / mean - 1.0).abs() < 1e-13 + 1e-19 / mean, "{mean}: {sum}");
            assert!(counts.thresholds.is_sorted_by(|a, b| a >= b));
        }
        assert!(Counts::new(2e5).is_err() && Counts::new(f64::NAN).is_err());
    }

    /// Reference values: mpmath with 50 digits.
    #[test]
    fn tails_and_transforms() {
        for (nu, t, exact) in [
            (2.5, 0.0, 0.5),
            (2.5, 0.7, 0.271_702_471_594_774),
            (2.5, 30.0, 0.000_145_532_354_578_697_7),
            (2.5, 1e8, 7.193_397_190_831_72e-21),
            (0.3, 5.0, 0.215_435_530_576_818_33),
            (0.3, 1e6, 0.005_539_213_172_512_939),
            (60.0, 3.0, 0.001_963_848_666_486_309_4),
            (60.0, 20.0, 1.589_028_851_169_86e-28),
        ] {
            let seen = JumpLaw::StudentT { nu, scale: 0.5 }.tail(Side::Lower, 0.5 * t);
            assert!((seen / exact - 1.0).abs() < 1e-12, "t {nu} {t}: {seen:e}");
        }
        for (nu, w, exact) in [
            (2.5, 1e-4, -2.475_958_446_630_964_6e-8),
            (2.5, 1.0, -0.533_526_131_424_230_9),
            (2.5, 30.0, -1.0),
            (0.3, 0.01, -0.203_065_491_341_806_64),
            (0.3, 3.0, -0.944_162_741_026_576_7),
            (60.0, 0.5, -0.121_038_025_207_345_85),
        ] {
            let [seen, zero] = JumpLaw::StudentT { nu, scale: 0.5 }.characteristic(2.0 * w);
            assert!((seen / exact - 1.0).abs() < 1e-12 && zero == 0.0, "t {nu} {w}: {seen:e}");
        }
        for (alpha, x, exact) in [
            (1.2, 1e-3, [-0.000_451_096_630_156_680_2, 0.004_609_359_176_204_738]),
            (1.2, 1.0, [-1.066_348_094_525_344_4, 0.572_278_883_644_990_6]),
            (1.2, 50.0, [-0.992_706_988_632_278_2, 0.022_818_931_169_619_19]),
            (0.3, 0.01, [-0.290_509_874_908_739_6, 0.143_740_974_623_772_85]),
            (3.5, 2.0, [-1.651_208_909_082_631_4, 0.431_436_632_128_321_5]),
            (2.000_000_1, 1.0, [-0.963_764_742_339_940_9, 0.757_060_050_201_672_3]),
        ] {
            let jump = JumpLaw::Pareto { alpha, minimum: 0.2, signed: false };
            for sign in [-1.0, 1.0] {
                let [re, im] = jump.characteristic(sign * 5.0 * x);
                assert!((re - exact[0]).abs() < 1e-14, "Pareto {alpha} {x}: {re}");
                assert!((im - sign * exact[1]).abs() < 1e-14, "Pareto {alpha} {x}: {im}");
            }
        }
    }
}
