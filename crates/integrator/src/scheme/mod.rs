//! Schemes: what one time step does to the deterministic part of the equation.
//!
//! Every scheme here advances `X_{k+1} = M_h(X_k) + epsilon h^(1/alpha) S_k` with its own map `M_h`;
//! the noise is exact in law for any step. A scheme is one file of this folder and one variant of
//! [`SchemeKind`].
//!
//! | scheme | `M_h(x)` | weak order | superlinear drift | cost a step |
//! |---|---|---|---|---|
//! | [`Euler`] | `x - h U'(x)` | 1 | explodes at a positive rate under jumps | one gradient |
//! | [`Splitting`] | exact flow of `dx/dt = -U'(x)` over `h` | 1 | stable for every `h` | one table look-up |

mod auto;
mod euler;
mod splitting;

pub use auto::{Choice, Geometry, choose, euler_blow_up_rate};
pub use euler::Euler;
pub use splitting::{Splitting, flow};

use serde::{Deserialize, Serialize};

use crate::potential::Potential;

/// The deterministic part of a scheme over one time step.
pub trait DriftStep: Send + Sync {
    /// Writes `M_h(x[k])` to `out[k]`; the slices have equal length, at most
    /// [`LANES`](crate::rng::LANES).
    fn advance(&self, x: &[f64], out: &mut [f64]);
}

/// A scheme by name, as scenarios write it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SchemeKind {
    /// Explicit Euler–Maruyama.
    Euler,
    /// The drift's flow, then the noise.
    Splitting,
}

impl SchemeKind {
    /// Every scheme.
    pub const ALL: [Self; 2] = [Self::Euler, Self::Splitting];

    /// Name in scenarios.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Euler => "euler",
            Self::Splitting => "splitting",
        }
    }

    /// Prepares the scheme for a potential and a time step.
    ///
    /// `window` is where the paths spend their time: the splitting scheme tabulates its flow there
    /// and solves the flow's equation at each point outside.
    #[must_use]
    pub fn build<'a>(
        self,
        potential: &'a dyn Potential,
        step: f64,
        window: [f64; 2],
    ) -> Box<dyn DriftStep + 'a> {
        match self {
            Self::Euler => Box::new(Euler::new(potential, step)),
            Self::Splitting => Box::new(Splitting::new(potential, step, window)),
        }
    }
}
