//! The driving noise `Z`: Lévy processes and their increments, in batches of paths.
//!
//! A noise is one file of this folder and one variant of [`NoiseLaw`].

mod brownian;
mod capped;
mod compound_poisson;
mod formula;
mod independent;
mod isotropic;
mod large;
mod law;
mod small_jumps;
mod stable;
mod sum;
mod table;
mod tempered;
mod truncated;
mod truncated_isotropic;

pub use brownian::Brownian;
pub use capped::CappedStable;
pub use compound_poisson::{CompoundPoisson, JumpLaw};
pub use independent::Independent;
pub use isotropic::{Isotropic, isotropic_constant};
pub use large::LargeJumps;
pub use stable::{Stable, tail_constant};
pub use sum::Sum;
pub use tempered::TemperedStable;
pub use truncated::TruncatedStable;
pub use truncated_isotropic::TruncatedIsotropic;

use serde::{Deserialize, Serialize};

use crate::error::IntegratorError;
use crate::math::{ln, uniform_from_half};
use crate::rng::{LANES, LaneRng, split_mix};

/// Time steps that are drawn at once for every lane; even, so that pairs of steps stay together.
pub const BLOCK: usize = 16;

/// Random numbers for [`BLOCK`] steps of [`LANES`] paths in one coordinate; row `k` belongs to step `k`.
#[derive(Debug, Clone)]
#[repr(align(64))]
pub struct NoiseBlock {
    /// Increments of the jump part of `Z` (its drift included) over the sampler's time step; filled by
    /// noises with [`Noise::has_jumps`] only.
    pub jumps: [[f64; LANES]; BLOCK],
    /// Increments of the Gaussian part of `Z` over the sampler's time step; filled by noises with
    /// [`Noise::gaussian_variance`] above 0 only.
    pub diffusion: [[f64; LANES]; BLOCK],
    /// A random key a lane for the crossing tests within the steps; filled together with `diffusion`.
    /// [`NoiseBlock::crossing_uniform`] makes the number of each step from it.
    pub crossings: [u64; LANES],
}

/// No exponential variable of [`NoiseBlock::exponential`] exceeds this: `-ln 2^-33`.
pub const LARGEST_EXPONENTIAL: f64 = 22.873_856_958_478_4;

impl NoiseBlock {
    /// The standard exponential variable of a step and lane, for the crossing test.
    #[must_use]
    #[inline(always)]
    pub fn exponential(&self, step: usize, lane: usize) -> f64 {
        -ln(self.crossing_uniform(step, lane))
    }

    /// The uniform number in (0, 1), a multiple of 2^-33, of which [`NoiseBlock::exponential`] is the
    /// logarithm.
    ///
    /// Few steps come so near to a barrier that it is asked for, so a lane draws one key a block and not one
    /// number a step: the numbers of the steps are the high halves of the stream of SplitMix64 (Steele, Lea
    /// and Flood 2014) that starts at the key.
    #[must_use]
    #[inline(always)]
    pub fn crossing_uniform(&self, step: usize, lane: usize) -> f64 {
        uniform_from_half(split_mix(self.crossings[lane], step as u64) >> 32)
    }

    /// Blocks of zeros for `dimension` coordinates.
    #[must_use]
    pub fn zeros(dimension: usize) -> Vec<Self> {
        let zeros =
            Self { jumps: [[0.0; LANES]; BLOCK], diffusion: [[0.0; LANES]; BLOCK], crossings: [0; LANES] };
        vec![zeros; dimension]
    }
}

/// A side of the origin, of a median or of a jump.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// Towards minus infinity.
    Lower,
    /// Towards infinity.
    Upper,
}

impl Side {
    /// The other side.
    #[must_use]
    pub fn opposite(self) -> Self {
        match self {
            Self::Lower => Self::Upper,
            Self::Upper => Self::Lower,
        }
    }
}

/// A Lévy process: a driving process with independent stationary increments.
pub trait Noise: Send + Sync {
    /// Number of coordinates.
    fn dimension(&self) -> usize {
        1
    }

    /// The process that coordinate `k` of a noise in several dimensions is; `None` for a noise in one
    /// dimension, which is its own only coordinate.
    fn coordinate(&self, _k: usize) -> Option<&dyn Noise> {
        None
    }

    /// The index `alpha` with which small steps scale, `Z_h ~ h^(1/alpha)`: the tail index of a stable
    /// process, 2 wherever there is a Gaussian part, 1 for finitely many jumps with a drift.
    fn scaling_index(&self) -> f64;

    /// The same index of the jump part alone; 0 without jumps.
    fn jump_index(&self) -> f64 {
        if self.has_jumps() { self.scaling_index() } else { 0.0 }
    }

    /// Whether the process is self-similar: `Z_h` has the law of `h^(1/alpha) Z_1` for every h.
    fn is_self_similar(&self) -> bool {
        false
    }

    /// Variance of the Gaussian part (of each coordinate, the largest where they differ) over a unit of
    /// time; 0 without one.
    fn gaussian_variance(&self) -> f64;

    /// Whether there is a jump part.
    fn has_jumps(&self) -> bool;

    /// Mass of the Lévy measure beyond a jump of size `r > 0`: `nu((r, inf))` or `nu((-inf, -r))`. In
    /// several dimensions: along the first coordinate.
    fn jump_tail(&self, side: Side, r: f64) -> f64;

    /// The characteristic exponent `psi(w) = ln E exp(i w Z_1)`, real and imaginary part. In several
    /// dimensions: that of the first coordinate.
    fn exponent(&self, w: f64) -> [f64; 2];

    /// Mass of the Lévy measure on `|z| > r`, `r > 0`, of a rotation-invariant noise in several dimensions;
    /// `None` for any other.
    fn radial_tail(&self, _r: f64) -> Option<f64> {
        None
    }

    /// Prepares the increments over a time `step`.
    ///
    /// # Errors
    /// A step for which the law cannot be sampled.
    fn sampler(&self, step: f64) -> Result<Box<dyn Sampler>, IntegratorError>;

    /// The process without its jumps beyond `radius`, in units of `Z`: they are left out without
    /// compensation, so that the Gaussian part and the drift stay, and the Lévy measure is `nu` on
    /// `|y| <= radius`.
    ///
    /// `Z` is the sum of this process and an independent compound Poisson process of the jumps beyond the
    /// radius (see [`LargeJumps`]): `psi(w) = psi_small(w) + int_{|y| > radius} (e^(i w y) - 1) nu(dy)`.
    /// Independent coordinates lose their jumps beyond the radius each for itself, rotation-invariant noise
    /// those with `|z| > radius`, of which [`Noise::radial_tail`] is the rate.
    ///
    /// # Errors
    /// [`IntegratorError::NotPositive`] for the radius, [`IntegratorError::Parameter`] for a stable noise
    /// with `alpha < 0.2`, an isotropic one with `alpha < 0.4`.
    fn small_jumps(&self, radius: f64) -> Result<Box<dyn Noise>, IntegratorError>;
}

/// Draws the increments of a noise over one fixed time step.
pub trait Sampler: Send + Sync {
    /// Draws the next [`BLOCK`] increments of the first `lanes` paths; `blocks` has one entry a
    /// coordinate.
    ///
    /// Lane by lane the draws depend on that lane's generator alone.
    fn fill(&self, rng: &mut LaneRng, lanes: usize, blocks: &mut [NoiseBlock]);
}

/// A noise by name, as scenarios write it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum NoiseLaw {
    /// Standard Brownian motion, `Var B_t = t`.
    Brownian,
    /// Stable motion with skewness `beta` in [-1, 1]; for `beta = 0`,
    /// `E exp(i w L_t) = exp(-t |w|^alpha)`; at `alpha = 2`, where skewness has no effect, this is
    /// `sqrt(2) B`, not `B`. [`Stable`] has the exponent for every `beta`.
    Stable {
        /// Tail index in (0, 2].
        alpha: f64,
        /// Skewness in [-1, 1], in the S1 parameterisation: 1 has jumps to the right only.
        #[serde(default)]
        beta: f64,
        /// How increments are drawn.
        #[serde(default)]
        sampler: SamplerKind,
    },
    /// Symmetric stable motion with jumps tempered to `c_alpha |y|^(-1-alpha) e^(-mu |y|) dy`.
    TemperedStable {
        /// Index in (0, 2).
        alpha: f64,
        /// Tempering rate, above 0.
        mu: f64,
    },
    /// Symmetric stable motion without its jumps beyond a radius.
    TruncatedStable {
        /// Index in (0, 2).
        alpha: f64,
        /// The largest jump of `Z`.
        radius: f64,
    },
    /// Symmetric stable motion whose jumps beyond a cap are cut down to it.
    CappedStable {
        /// Index in (0, 2).
        alpha: f64,
        /// The largest jump of `Z`.
        cap: f64,
    },
    /// Jumps of one law at the times of a Poisson process, not compensated.
    CompoundPoisson {
        /// Jumps a unit of time.
        rate: f64,
        /// The law of a jump.
        jump: JumpLaw,
    },
    /// A sum of independent noises, each times its weight.
    Sum {
        /// The noises, all in the same dimension.
        parts: Vec<WeightedNoise>,
    },
    /// A noise in several dimensions with independent coordinates.
    Independent {
        /// One process on the line a coordinate.
        coordinates: Vec<NoiseLaw>,
    },
    /// Rotation-invariant stable motion, `E exp(i w.Z_t) = exp(-t |w|^alpha)`; at `alpha = 2` this is
    /// `sqrt(2) B`.
    Isotropic {
        /// Tail index in (0, 2].
        alpha: f64,
        /// Number of coordinates, at least 1.
        dimension: usize,
    },
}

/// A part of a sum of noises: `weight * Z`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct WeightedNoise {
    /// The factor, of either sign but not 0; 1 unless said otherwise.
    #[serde(default = "one")]
    pub weight: f64,
    /// The noise.
    #[serde(flatten)]
    pub noise: NoiseLaw,
}

fn one() -> f64 {
    1.0
}

/// How the increments of a stable process are drawn: two samplers of the same law, at
/// different speeds and from different random numbers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SamplerKind {
    /// The table where there is one, else the formula.
    #[default]
    Auto,
    /// The tabulated inverse of the distribution function, right to 1e-9 in distribution; an error where
    /// there is none: below `alpha = 0.5` (for `0 < |beta| <= 0.9` below 0.6, for larger `|beta| < 1` below 0.8)
    /// and, unless `beta = 0`, near `alpha = 1` (where `|beta tan(pi alpha/2)| > 8`).
    Table,
    /// The formula of Chambers, Mallows and Stuck, for every law.
    Formula,
}

impl NoiseLaw {
    /// Symmetric stable motion.
    #[must_use]
    pub fn stable(alpha: f64) -> Self {
        Self::Stable { alpha, beta: 0.0, sampler: SamplerKind::Auto }
    }

    /// This process in each of `dimension` independent coordinates.
    #[must_use]
    pub fn independent(self, dimension: usize) -> Self {
        Self::Independent { coordinates: vec![self; dimension] }
    }

    /// Checks the parameters and builds the process.
    ///
    /// # Errors
    /// [`IntegratorError::TailIndex`] for `alpha` outside (0, 2], [`IntegratorError::Skewness`] for `beta`
    /// outside [-1, 1], [`IntegratorError::NoTable`] where the table is asked for and there is none; other
    /// parameters out of their range; a noise without coordinates or parts, or whose coordinates or parts
    /// have the wrong dimension.
    pub fn build(&self) -> Result<Box<dyn Noise>, IntegratorError> {
        Ok(match *self {
            Self::Brownian => Box::new(Brownian::standard()),
            // sqrt(2) B has continuous paths: the Gaussian sampler and its crossing test are exact.
            Self::Stable { alpha: 2.0, beta, .. } => {
                stable::check_skewness(beta)?;
                Box::new(Brownian::with_variance(2.0))
            }
            Self::Stable { alpha, beta, sampler } => Box::new(Stable::with_sampler(alpha, beta, sampler)?),
            Self::TemperedStable { alpha, mu } => Box::new(TemperedStable::new(alpha, mu)?),
            Self::TruncatedStable { alpha, radius } => Box::new(TruncatedStable::new(alpha, radius)?),
            Self::CappedStable { alpha, cap } => Box::new(CappedStable::new(alpha, cap)?),
            Self::CompoundPoisson { rate, jump } => Box::new(CompoundPoisson::new(rate, jump)?),
            Self::Sum { ref parts } => {
                let parts = parts.iter().map(|part| Ok((part.weight, part.noise.build()?)));
                Box::new(Sum::new(parts.collect::<Result<_, IntegratorError>>()?)?)
            }
            Self::Independent { ref coordinates } => {
                let coordinates = coordinates.iter().map(Self::build).collect::<Result<_, _>>()?;
                Box::new(Independent::new(coordinates)?)
            }
            Self::Isotropic { alpha, dimension } => Box::new(Isotropic::new(alpha, dimension)?),
        })
    }

    /// Name of the kind of noise in scenarios.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Brownian => "brownian",
            Self::Stable { .. } => "stable",
            Self::TemperedStable { .. } => "tempered_stable",
            Self::TruncatedStable { .. } => "truncated_stable",
            Self::CappedStable { .. } => "capped_stable",
            Self::CompoundPoisson { .. } => "compound_poisson",
            Self::Sum { .. } => "sum",
            Self::Independent { .. } => "independent",
            Self::Isotropic { .. } => "isotropic",
        }
    }
}

/// Checks an index in (0, 2).
fn stable_index(alpha: f64) -> Result<f64, IntegratorError> {
    // Below, the tables of small jumps would need more memory than there is.
    let (name, range) = ("the tail index alpha of noise without all of its jumps", "from 0.2 to below 2");
    if (0.2..2.0).contains(&alpha) {
        Ok(alpha)
    } else {
        Err(IntegratorError::Parameter { name, value: alpha, range })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::StreamKey;

    /// 65 536 blocks of one lane: the numbers of each step are uniform, and those of two steps uncorrelated
    /// and not small together. |z| < 6 in 256 tests: false alarms below 1e-6.
    #[test]
    fn the_crossing_numbers_of_the_steps_are_uniform_and_independent() {
        let noise = Brownian::standard();
        let sampler = noise.sampler(1.0).unwrap();
        let mut rng = LaneRng::default();
        let mut blocks = NoiseBlock::zeros(1);
        let n = 65_536;
        let bins = 64_u32;
        let mut counts = vec![[0.0; 64]; BLOCK];
        let (mut products, mut joint) = ([[0.0; BLOCK]; BLOCK], [[0.0; BLOCK]; BLOCK]);
        for batch in 0..n / LANES {
            for lane in 0..LANES {
                let path = (batch * LANES + lane) as u64;
                rng.seed_lane(lane, &StreamKey { seed: 5, point: 0, task: 0 }, path);
            }
            sampler.fill(&mut rng, LANES, &mut blocks);
            for lane in 0..LANES {
                let u: [f64; BLOCK] = core::array::from_fn(|step| blocks[0].crossing_uniform(step, lane));
                for (j, u_j) in u.iter().enumerate() {
                    counts[j][(u_j * f64::from(bins)) as usize] += 1.0;
                    assert_eq!(blocks[0].exponential(j, lane), -ln(*u_j));
                    for (k, u_k) in u.iter().enumerate().skip(j + 1) {
                        products[j][k] += 12.0 * (u_j - 0.5) * (u_k - 0.5);
                        joint[j][k] += if *u_j < 0.15 && *u_k < 0.15 { 1.0 } else { 0.0 };
                    }
                }
            }
        }
        let n = n as f64;
        for (j, counts) in counts.iter().enumerate() {
            let expected = n / f64::from(bins);
            let chi2: f64 = counts.iter().map(|count| (count - expected).powi(2) / expected).sum();
            // Wilson and Hilferty: the cube root is nearly normal.
            let (freedom, root) = (f64::from(bins - 1), (chi2 / f64::from(bins - 1)).cbrt());
            let z = (root - 1.0 + 2.0 / (9.0 * freedom)) / (2.0 / (9.0 * freedom)).sqrt();
            assert!(z.abs() < 6.0, "step {j}: {z}");
            for k in j + 1..BLOCK {
                let z = products[j][k] / n.sqrt();
                assert!(z.abs() < 6.0, "steps {j} and {k}: {z}");
                let p = 0.15 * 0.15;
                let z = (joint[j][k] - n * p) / (n * p * (1.0 - p)).sqrt();
                assert!(z.abs() < 6.0, "small numbers of the steps {j} and {k}: {z}");
            }
        }
    }
}
