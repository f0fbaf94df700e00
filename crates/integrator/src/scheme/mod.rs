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

use crate::noise::Noise;
use crate::potential::Drift;
use crate::rng::LANES;

/// One time step of a scheme: a deterministic map before the noise, the increment times
/// [`Scheme::noise_factor`], and perhaps a deterministic map after it,
///
/// ```text
/// X_{k+1} = A(M(X_k) + epsilon factor (Z_{t+h} - Z_t)).
/// ```
///
/// Exits are looked for right after the noise, before `A`.
pub trait Scheme: Send + Sync {
    /// Writes `M(x)` for the first `lanes` lanes; `x` and `out` have one row a coordinate.
    fn advance(&self, x: &[[f64; LANES]], lanes: usize, out: &mut [[f64; LANES]]);

    /// The map `A` after the noise, for schemes that have one.
    fn after_noise(&self) -> Option<&dyn Scheme> {
        None
    }

    /// What the increment of coordinate `k` is multiplied by.
    fn noise_factor(&self, _k: usize) -> f64 {
        1.0
    }
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

    /// Prepares the scheme for a drift, a noise and a time step.
    ///
    /// `window` is where the paths spend their time, one finite interval a coordinate: the splitting
    /// scheme tabulates its flow there and solves the flow's equation at each point outside.
    #[must_use]
    pub fn build<'a>(
        self,
        drift: &'a dyn Drift,
        _noise: &dyn Noise,
        step: f64,
        window: &[[f64; 2]],
    ) -> Box<dyn Scheme + 'a> {
        match self {
            Self::Euler => Box::new(Euler::new(drift, step)),
            Self::Splitting => {
                let window = window.first().copied().unwrap_or([-1.0, 1.0]);
                Box::new(Splitting::new(drift, step, window))
            }
        }
    }
}
