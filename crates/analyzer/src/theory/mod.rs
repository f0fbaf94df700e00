//! Small-noise theory: which formula holds for which noise, and what it predicts.
//!
//! [`LimitChain`] is the Markov chain on the minima to which the process converges; [`stopped`] gives
//! the leading-order value of a stopped problem and [`transition`] that of the passage from one minimum
//! to the others; [`validity_remarks`] says when not to trust them.

mod chain;
pub mod kramers;
pub mod levy;
mod reach;
pub mod space;
mod stopped;
mod validity;

pub use chain::MarkovChain;
pub use reach::Reach;
pub use stopped::{StoppedTheory, stopped};
pub use validity::validity_remarks;

use crate::landscape::Landscape;
use crate::summary::TheorySummary;

/// The noise `epsilon dZ` of `dX = -U'(X) dt + epsilon dZ`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum NoiseLaw {
    /// `Z` is standard Brownian motion: `D = epsilon^2 / 2`.
    Brownian {
        /// Amplitude.
        epsilon: f64,
    },
    /// `Z` is the stable process of scale 1 and skewness `beta` (S1), `0 < alpha <= 2`; for `beta = 0`,
    /// `E exp(i w Z_t) = exp(-t |w|^alpha)`. At `alpha = 2` it is `sqrt(2)` times Brownian motion:
    /// `D = epsilon^2`.
    Stable {
        /// Tail index.
        alpha: f64,
        /// Skewness in [-1, 1].
        beta: f64,
        /// Amplitude.
        epsilon: f64,
    },
    /// A noise for which no small-noise formula is known here.
    Other {
        /// Its name.
        name: &'static str,
        /// Amplitude.
        epsilon: f64,
    },
}

impl NoiseLaw {
    /// The amplitude epsilon.
    #[must_use]
    pub fn epsilon(self) -> f64 {
        match self {
            Self::Brownian { epsilon } | Self::Stable { epsilon, .. } | Self::Other { epsilon, .. } => {
                epsilon
            }
        }
    }

    /// Its kind in the words of a scenario.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Brownian { .. } => "brownian",
            Self::Stable { .. } => "stable",
            Self::Other { name, .. } => name,
        }
    }

    /// The same noise with another amplitude.
    #[must_use]
    pub fn with_epsilon(self, epsilon: f64) -> Self {
        match self {
            Self::Brownian { .. } => Self::Brownian { epsilon },
            Self::Stable { alpha, beta, .. } => Self::Stable { alpha, beta, epsilon },
            Self::Other { name, .. } => Self::Other { name, epsilon },
        }
    }

    /// Symmetric stable noise.
    #[must_use]
    pub fn stable(alpha: f64, epsilon: f64) -> Self {
        Self::Stable { alpha, beta: 0.0, epsilon }
    }

    /// Whether the law of the noise is that of its negative.
    #[must_use]
    pub fn is_symmetric(self) -> bool {
        match self {
            Self::Brownian { .. } => true,
            Self::Stable { alpha, beta, .. } => beta == 0.0 || alpha == 2.0,
            Self::Other { .. } => false,
        }
    }

    /// The diffusion constant `D` of the generator `D f'' - U' f'` of Gaussian noise; `None` for jumps.
    #[must_use]
    pub fn diffusion(self) -> Option<f64> {
        match self {
            Self::Brownian { epsilon } => Some(0.5 * epsilon * epsilon),
            Self::Stable { alpha: 2.0, epsilon, .. } => Some(epsilon * epsilon),
            Self::Stable { .. } | Self::Other { .. } => None,
        }
    }

    /// `epsilon^alpha`, by which rates of jumps scale; `None` for Gaussian noise.
    #[must_use]
    pub fn jump_scale(self) -> Option<f64> {
        match self {
            Self::Stable { alpha, epsilon, .. } if alpha < 2.0 => Some(libm::pow(epsilon, alpha)),
            _ => None,
        }
    }

    /// The tail index of jumps; `None` for Gaussian noise.
    #[must_use]
    pub fn jump_index(self) -> Option<f64> {
        match self {
            Self::Stable { alpha, .. } if alpha < 2.0 => Some(alpha),
            _ => None,
        }
    }

    /// The Lévy measure of the jumps at `epsilon = 1`; `None` for Gaussian noise and where no formula
    /// is known.
    #[must_use]
    pub fn jump_measure(self) -> Option<levy::JumpMeasure> {
        match self {
            Self::Stable { alpha, beta, .. } if alpha < 2.0 => Some(levy::JumpMeasure { alpha, beta }),
            _ => None,
        }
    }

    fn is_valid(self) -> bool {
        let index = match self {
            Self::Brownian { .. } => 2.0,
            Self::Stable { alpha, beta, .. } if (-1.0..=1.0).contains(&beta) => alpha,
            _ => return false,
        };
        self.epsilon() > 0.0 && self.epsilon().is_finite() && index > 0.0 && index <= 2.0
    }
}

/// A path from `start`, stopped at the first time `T >= 0` at which `X <= lower`, `X >= upper`, or `X`
/// lies in one of the closed intervals `targets`. Jumping over a target does not stop it.
#[derive(Debug, Clone, PartialEq)]
pub struct StoppedProblem {
    /// Place at time 0.
    pub start: f64,
    /// Left end of the domain; may be minus infinity.
    pub lower: f64,
    /// Right end of the domain; may be infinity.
    pub upper: f64,
    /// Closed intervals that stop the path too.
    pub targets: Vec<[f64; 2]>,
}

impl StoppedProblem {
    /// First exit of `(lower, upper)` from `start`.
    #[must_use]
    pub fn exit(start: f64, lower: f64, upper: f64) -> Self {
        Self { start, lower, upper, targets: Vec::new() }
    }

    /// The passage `T^i` from minimum `from` (index from 0) to the closed `delta`-ball of another
    /// minimum; `None` if there is no such minimum.
    #[must_use]
    pub fn transition(landscape: &Landscape, from: usize, delta: f64) -> Option<Self> {
        let start = landscape.minima.get(from)?.x;
        let others = landscape.minima.iter().enumerate().filter(|&(j, _)| j != from);
        let targets = others.map(|(_, minimum)| [minimum.x - delta, minimum.x + delta]).collect();
        Some(Self { start, lower: f64::NEG_INFINITY, upper: f64::INFINITY, targets })
    }

    /// Whether a path at `x` is stopped.
    #[must_use]
    pub fn stops_at(&self, x: f64) -> bool {
        x <= self.lower
            || x >= self.upper
            || self.targets.iter().any(|target| target[0] <= x && x <= target[1])
    }

    /// The nearest places that stop a *continuous* path from `x`, to the left and to the right of it;
    /// infinite where there is none.
    #[must_use]
    pub fn component(&self, x: f64) -> [f64; 2] {
        let mut left = if self.lower <= x { self.lower } else { f64::NEG_INFINITY };
        let mut right = if self.upper >= x { self.upper } else { f64::INFINITY };
        for &[lo, hi] in &self.targets {
            if lo <= hi && hi <= x {
                left = left.max(hi);
            }
            if lo <= hi && lo >= x {
                right = right.min(lo);
            }
        }
        [left, right]
    }
}

/// The Markov chain on the minima to which the process converges as epsilon tends to 0.
#[derive(Debug, Clone, PartialEq)]
pub struct LimitChain {
    /// `pavlyukevich` (jumps) or `eyring_kramers` (Gaussian noise).
    pub kind: &'static str,
    /// State `i` is minimum `i + 1`; rates are per [`Self::time_unit`].
    pub chain: MarkovChain,
    /// The chain's unit of time in units of the equation: `epsilon^-alpha`, or 1 for Gaussian noise.
    pub time_unit: f64,
    /// `c_alpha` of the Lévy measure; `None` for Gaussian noise.
    pub tail_constant: Option<f64>,
}

impl LimitChain {
    /// The chain of a landscape under a noise; `None` without minima, where the potential falls to
    /// minus infinity so that no chain holds the path, and for Gaussian noise over degenerate points.
    #[must_use]
    pub fn new(landscape: &Landscape, noise: NoiseLaw) -> Option<Self> {
        if !noise.is_valid() {
            return None;
        }
        let limit = match (noise.diffusion(), noise) {
            (Some(diffusion), _) => Self {
                kind: "eyring_kramers",
                chain: kramers::nearest_neighbour_chain(landscape, diffusion)?,
                time_unit: 1.0,
                tail_constant: None,
            },
            (None, NoiseLaw::Stable { alpha, beta, epsilon }) => Self {
                kind: "pavlyukevich",
                chain: levy::jump_chain(landscape, levy::JumpMeasure { alpha, beta })?,
                time_unit: libm::pow(epsilon, -alpha),
                tail_constant: Some(levy::tail_constant(alpha)),
            },
            (None, _) => return None,
        };
        (!limit.chain.has_killing()).then_some(limit)
    }

    /// The chain as `summary.json` shows it; `None` where its stationary law is not unique.
    #[must_use]
    pub fn summary(&self) -> Option<TheorySummary> {
        Some(TheorySummary {
            kind: self.kind.into(),
            generator: self.chain.generator(),
            stationary: self.chain.stationary()?,
            time_unit: self.time_unit,
            tail_constant: self.tail_constant,
        })
    }
}

/// Leading-order law of the passage from one minimum to the others.
#[derive(Debug, Clone, PartialEq)]
pub struct TransitionTheory {
    /// Mean of `T^i`, in the equation's own time.
    pub mean: f64,
    /// Probability that minimum `j + 1` is reached first; 0 for the starting one.
    pub probabilities: Vec<f64>,
}

/// Mean of the passage time `T^i` from minimum `from` (index from 0) to a small ball of another
/// minimum, and which one it is: `E T^i = epsilon^-alpha / q_i` and `q_ij / q_i` for jumps, the sum of
/// the two Eyring–Kramers rates for Gaussian noise. Independent of the balls' radius. `None` where
/// there is no chain or no other minimum.
#[must_use]
pub fn transition(landscape: &Landscape, noise: NoiseLaw, from: usize) -> Option<TransitionTheory> {
    let limit = LimitChain::new(landscape, noise)?;
    let probabilities = (0..limit.chain.len())
        .map(|to| limit.chain.jump_probability(from, to))
        .collect::<Option<Vec<f64>>>()?;
    let mean = limit.time_unit / limit.chain.exit_rate(from);
    mean.is_finite().then_some(TransitionTheory { mean, probabilities })
}
