//! The driving noise `Z`: increments over intervals, in batches of paths.
//!
//! A noise is one file of this folder and one variant of [`NoiseLaw`].

mod brownian;
mod law;
mod stable;
mod table;

pub use brownian::Brownian;
pub use stable::{Stable, tail_constant};

use serde::{Deserialize, Serialize};

use crate::error::IntegratorError;
use crate::math::{ln, uniform_from_half};
use crate::rng::{LANES, LaneRng};

/// Time steps that are drawn at once for every lane; even, so that pairs of steps stay together.
pub const BLOCK: usize = 16;

/// Random numbers for [`BLOCK`] steps of [`LANES`] paths; row `k` belongs to step `k`.
#[derive(Debug, Clone)]
#[repr(align(64))]
pub struct NoiseBlock {
    /// Increments of `Z` over a unit of time.
    pub increments: [[f64; LANES]; BLOCK],
    /// Random bits for the crossing test within a step; filled by noises with continuous paths only. Row
    /// `k` serves the steps `2k` (low half) and `2k + 1` (high half).
    pub crossings: [[u64; LANES]; BLOCK / 2],
}

/// No exponential variable of [`NoiseBlock::exponential`] exceeds this: `-ln 2^-33`.
pub const LARGEST_EXPONENTIAL: f64 = 22.873_856_958_478_4;

impl NoiseBlock {
    /// The standard exponential variable of a step and lane, for the crossing test.
    #[must_use]
    #[inline(always)]
    pub fn exponential(&self, step: usize, lane: usize) -> f64 {
        -ln(uniform_from_half(self.crossings[step / 2][lane] >> (32 * (step % 2))))
    }

    /// A block of zeros, on the heap.
    #[must_use]
    pub fn new() -> Box<Self> {
        Box::new(Self { increments: [[0.0; LANES]; BLOCK], crossings: [[0; LANES]; BLOCK / 2] })
    }
}

/// A self-similar driving process with independent stationary increments:
/// `Z_{t+h} - Z_t` has the law of `h^(1/alpha) Z_1`.
pub trait Noise: Send + Sync {
    /// The index `alpha` of self-similarity: 2 for Brownian motion.
    fn stability_index(&self) -> f64;

    /// `Var Z_1` where the paths are continuous, `None` where the process jumps.
    fn continuous_variance(&self) -> Option<f64>;

    /// Mass `nu((r, infinity))` of the Lévy measure beyond a jump of size `r > 0` to one side.
    fn jump_tail(&self, r: f64) -> f64;

    /// Draws the next [`BLOCK`] unit-time increments of the first `lanes` paths.
    ///
    /// Lane by lane the draws depend on that lane's generator alone.
    fn fill(&self, rng: &mut LaneRng, lanes: usize, block: &mut NoiseBlock);
}

/// A noise by name, as scenarios write it.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum NoiseLaw {
    /// Standard Brownian motion, `Var B_t = t`.
    Brownian,
    /// Symmetric stable motion, `E exp(i w L_t) = exp(-t |w|^alpha)`; at `alpha = 2` this is
    /// `sqrt(2) B`, not `B`.
    Stable {
        /// Tail index in (0, 2].
        alpha: f64,
    },
}

impl NoiseLaw {
    /// Checks the parameters and builds the sampler.
    ///
    /// # Errors
    /// [`IntegratorError::TailIndex`] for `alpha` outside (0, 2].
    pub fn build(self) -> Result<Box<dyn Noise>, IntegratorError> {
        Ok(match self {
            Self::Brownian => Box::new(Brownian::standard()),
            // sqrt(2) B has continuous paths: the Gaussian sampler and its crossing test are exact.
            Self::Stable { alpha: 2.0 } => Box::new(Brownian::with_variance(2.0)),
            Self::Stable { alpha } => Box::new(Stable::new(alpha)?),
        })
    }

    /// Name of the kind of noise in scenarios.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Brownian => "brownian",
            Self::Stable { .. } => "stable",
        }
    }
}
