//! Small-noise theory: which formula holds for which noise, and what it predicts.
//!
//! [`LimitChain`] is the Markov chain on the minima to which the process converges; [`stopped`] gives
//! the leading-order value of a stopped problem and [`transition`] that of the passage from one minimum
//! to the others; [`validity`] says in numbers, and [`validity_remarks`] in words, when not to trust them.
//!
//! Which chain holds for which noise:
//!
//! | noise `Z` | chain | unit of time |
//! |---|---|---|
//! | `L^{alpha,beta}`, `alpha < 2` | jumps over any number of wells, Pavlyukevich 2007, 2008 | `epsilon^-alpha` |
//! | `w L^{alpha,beta} + g B` | the same, `w^alpha` times as fast; `g B` adds nothing at this order | `epsilon^-alpha` |
//! | `B`, `L^2 = sqrt(2) B` | nearest neighbours, Eyring and Kramers | 1 |
//!
//! ```
//! use levyscape_analyzer::landscape::Landscape;
//! use levyscape_analyzer::theory::{LimitChain, NoiseLaw};
//! use levyscape_integrator::potential::ClosurePotential;
//!
//! // U' = x (x + 1)(x - 1.5): minima at -1 and 1.5, the saddle at 0.
//! let well = ClosurePotential::new(
//!     |x: f64| x * x * (x * x / 4.0 - x / 6.0 - 0.75),
//!     |x: f64| x * (x + 1.0) * (x - 1.5),
//! );
//! let landscape = Landscape::find(&well, None)?;
//! let limit = LimitChain::new(&landscape, NoiseLaw::stable(1.5, 0.01)).ok_or("no chain")?;
//! // The mean stay in the left well: epsilon^-alpha alpha / c_alpha.
//! let stay = limit.time_unit / limit.chain.exit_rate(0);
//! assert!((stay - 5013.257).abs() < 1e-3);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

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
pub use validity::{Validity, validity, validity_remarks};

use levyscape_integrator::potential::Potential;

use crate::landscape::Landscape;
use crate::summary::{PavlyukevichSummary, TheorySummary};

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
    /// Jumps and a Gaussian part side by side: `Z = weight L + gaussian B` with the stable process `L` of
    /// scale 1, `0 < alpha < 2`, and a standard Brownian motion `B` independent of it. Without jumps,
    /// `weight = 0`, it is Gaussian noise of `D = (epsilon gaussian)^2 / 2`.
    StableAndGaussian {
        /// Tail index of the jumps.
        alpha: f64,
        /// Skewness of the jumps, in [-1, 1].
        beta: f64,
        /// Factor of the stable process, at least 0.
        weight: f64,
        /// Factor of the Brownian motion, at least 0.
        gaussian: f64,
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
            Self::Brownian { epsilon }
            | Self::Stable { epsilon, .. }
            | Self::StableAndGaussian { epsilon, .. }
            | Self::Other { epsilon, .. } => epsilon,
        }
    }

    /// Its kind in the words of a scenario.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Brownian { .. } => "brownian",
            Self::Stable { .. } => "stable",
            Self::StableAndGaussian { .. } => "sum",
            Self::Other { name, .. } => name,
        }
    }

    /// The same noise with another amplitude.
    #[must_use]
    pub fn with_epsilon(self, epsilon: f64) -> Self {
        match self {
            Self::Brownian { .. } => Self::Brownian { epsilon },
            Self::Stable { alpha, beta, .. } => Self::Stable { alpha, beta, epsilon },
            Self::StableAndGaussian { alpha, beta, weight, gaussian, .. } => {
                Self::StableAndGaussian { alpha, beta, weight, gaussian, epsilon }
            }
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
            Self::StableAndGaussian { beta, weight, .. } => beta == 0.0 || weight == 0.0,
            Self::Other { .. } => false,
        }
    }

    /// The diffusion constant `D` of the generator `D f'' - U' f'` of purely Gaussian noise; `None` for
    /// jumps, also beside a Gaussian part.
    #[must_use]
    pub fn diffusion(self) -> Option<f64> {
        match self {
            Self::Brownian { epsilon } => Some(0.5 * epsilon * epsilon),
            Self::Stable { alpha: 2.0, epsilon, .. } => Some(epsilon * epsilon),
            Self::StableAndGaussian { weight: 0.0, .. } => Some(self.gaussian_diffusion()),
            Self::Stable { .. } | Self::StableAndGaussian { .. } | Self::Other { .. } => None,
        }
    }

    /// The diffusion constant of the Gaussian part; 0 where there is none.
    #[must_use]
    pub fn gaussian_diffusion(self) -> f64 {
        match self {
            Self::StableAndGaussian { gaussian, epsilon, .. } => {
                0.5 * (epsilon * gaussian) * (epsilon * gaussian)
            }
            Self::Brownian { .. } | Self::Stable { alpha: 2.0, .. } => self.diffusion().unwrap_or(0.0),
            Self::Stable { .. } | Self::Other { .. } => 0.0,
        }
    }

    /// Tail index, skewness and amplitude `epsilon weight` of the jumps.
    fn jumps(self) -> Option<(levy::JumpMeasure, f64)> {
        let (alpha, beta, amplitude) = match self {
            Self::Stable { alpha, beta, epsilon } => (alpha, beta, epsilon),
            Self::StableAndGaussian { alpha, beta, weight, epsilon, .. } => (alpha, beta, epsilon * weight),
            Self::Brownian { .. } | Self::Other { .. } => return None,
        };
        (alpha < 2.0 && amplitude != 0.0).then_some((levy::JumpMeasure { alpha, beta }, amplitude))
    }

    /// The amplitude of the jumps, `epsilon` times the weight of the stable part; `None` for Gaussian
    /// noise and where no formula is known.
    #[must_use]
    pub fn jump_amplitude(self) -> Option<f64> {
        self.jumps().map(|(_, amplitude)| amplitude)
    }

    /// `(epsilon weight)^alpha`, by which rates of jumps scale; `None` for Gaussian noise.
    #[must_use]
    pub fn jump_scale(self) -> Option<f64> {
        self.jumps().map(|(jumps, amplitude)| libm::pow(amplitude, jumps.alpha))
    }

    /// The tail index of jumps; `None` for Gaussian noise.
    #[must_use]
    pub fn jump_index(self) -> Option<f64> {
        self.jumps().map(|(jumps, _)| jumps.alpha)
    }

    /// The Lévy measure of the stable process of scale 1 that makes the jumps; `None` for Gaussian noise
    /// and where no formula is known.
    #[must_use]
    pub fn jump_measure(self) -> Option<levy::JumpMeasure> {
        self.jumps().map(|(jumps, _)| jumps)
    }

    fn is_valid(self) -> bool {
        let (index, skewness, factors) = match self {
            Self::Brownian { .. } => (2.0, 0.0, [1.0, 0.0]),
            Self::Stable { alpha, beta, .. } => (alpha, beta, [1.0, 0.0]),
            Self::StableAndGaussian { alpha, beta, weight, gaussian, .. } => {
                (alpha, beta, [weight, gaussian])
            }
            Self::Other { .. } => return false,
        };
        let epsilon = self.epsilon();
        epsilon > 0.0
            && epsilon.is_finite()
            && index > 0.0
            && index <= 2.0
            && (-1.0..=1.0).contains(&skewness)
            && factors.iter().all(|factor| *factor >= 0.0 && factor.is_finite())
            && factors.iter().any(|factor| *factor > 0.0)
            // A stable part of index 2 beside another belongs into the Gaussian factor.
            && (index < 2.0 || factors[1] == 0.0 || factors[0] == 0.0)
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

/// Width and depth of what a path must leave: from the minimum of the starting well to the nearest
/// edge, and up to the lowest one. An edge is an end of the well or, before it, of the domain. `None` without
/// an edge, and for a start in no well.
#[must_use]
pub fn way_out(
    potential: &dyn Potential,
    landscape: &Landscape,
    problem: &StoppedProblem,
) -> Option<[f64; 2]> {
    let index = landscape.basin_of(problem.start)?;
    let (minimum, well) = (landscape.minima.get(index)?, landscape.wells.get(index)?);
    let edges = [well.left.max(problem.lower), well.right.min(problem.upper)];
    let (mut width, mut depth) = (f64::INFINITY, f64::INFINITY);
    for edge in edges.into_iter().filter(|edge| edge.is_finite()) {
        width = width.min((edge - minimum.x).abs());
        depth = depth.min(potential.value(edge) - minimum.u);
    }
    (width > 0.0 && depth > 0.0 && width.is_finite() && depth.is_finite()).then_some([width, depth])
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
        let limit = if let Some(diffusion) = noise.diffusion() {
            Self {
                kind: "eyring_kramers",
                chain: kramers::nearest_neighbour_chain(landscape, diffusion)?,
                time_unit: 1.0,
                tail_constant: None,
            }
        } else {
            let (jumps, amplitude) = noise.jumps()?;
            let chain = levy::jump_chain(landscape, jumps)?;
            let speed = libm::pow(amplitude / noise.epsilon(), jumps.alpha);
            Self {
                kind: "pavlyukevich",
                chain: if speed == 1.0 { chain } else { chain.scaled(speed)? },
                time_unit: libm::pow(noise.epsilon(), -jumps.alpha),
                tail_constant: Some(levy::tail_constant(jumps.alpha)),
            }
        };
        (!limit.chain.has_killing()).then_some(limit)
    }

    /// The chain as `summary.json` shows it, without the [`validity`]; `None` where its stationary law is
    /// not unique.
    #[must_use]
    pub fn summary(&self) -> Option<TheorySummary> {
        let in_time = |times: &[f64]| -> Vec<Option<f64>> {
            times.iter().map(|time| Some(time * self.time_unit).filter(|time| time.is_finite())).collect()
        };
        let size = self.chain.len();
        // Column by column: the mean times to reach each minimum.
        let hitting: Vec<Vec<Option<f64>>> =
            (0..size).map(|to| in_time(&self.chain.mean_hitting_times(&[to]))).collect();
        Some(TheorySummary {
            kind: self.kind.into(),
            generator: self.chain.generator(),
            stationary: self.chain.stationary()?,
            time_unit: self.time_unit,
            tail_constant: self.tail_constant,
            relaxation_times: self
                .chain
                .relaxation_times()
                .map(|times| times.iter().map(|time| nine_digits(time * self.time_unit)).collect())
                .unwrap_or_default(),
            hitting_times: (0..size)
                .map(|from| hitting.iter().map(|column| column[from]).collect())
                .collect(),
            validity: Vec::new(),
            pavlyukevich: None,
        })
    }

    /// The same chain in the normalisation of Pavlyukevich's papers, `nu(dy) = |y|^(-1-alpha) dy` instead of
    /// `c_alpha |y|^(-1-alpha) dy`: the generator over `c_alpha`, which holds for the process
    /// `c_alpha^(-1/alpha) L` in place of `L`. `None` for Gaussian noise, where nothing differs.
    ///
    /// ```
    /// use levyscape_analyzer::landscape::Landscape;
    /// use levyscape_analyzer::theory::{LimitChain, NoiseLaw};
    /// use levyscape_integrator::potential::ClosurePotential;
    ///
    /// let well = ClosurePotential::new(|x: f64| (x * x - 1.0).powi(2), |x: f64| 4.0 * x * (x * x - 1.0));
    /// let landscape = Landscape::find(&well, None)?;
    /// let limit = LimitChain::new(&landscape, NoiseLaw::stable(1.5, 0.1)).ok_or("no chain")?;
    /// let papers = limit.pavlyukevich().ok_or("no jumps")?;
    /// // The papers' q_12 = 1/alpha; ours is c_alpha/alpha.
    /// assert!((papers.generator[0][1] - 1.0 / 1.5).abs() < 1e-12);
    /// assert!((limit.chain.rate(0, 1) - papers.constant / 1.5).abs() < 1e-12);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn pavlyukevich(&self) -> Option<PavlyukevichSummary> {
        let constant = self.tail_constant.filter(|constant| *constant > 0.0)?;
        let generator = self.chain.generator();
        Some(PavlyukevichSummary {
            generator: generator.iter().map(|row| row.iter().map(|rate| rate / constant).collect()).collect(),
            time_unit: self.time_unit,
            constant,
        })
    }
}

/// Eigenvalues come from a general library, whose last digits may differ from machine to machine: nine are
/// the same everywhere.
fn nine_digits(x: f64) -> f64 {
    if x == 0.0 || !x.is_finite() {
        return x;
    }
    format!("{x:.8e}").parse().unwrap_or(x)
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
