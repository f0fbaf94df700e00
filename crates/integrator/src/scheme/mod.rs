//! Schemes: how a time step treats the deterministic part of the equation.
//!
//! A scheme on a fixed time grid is one file of this folder and one variant of [`SchemeKind`]; all of them
//! take the noise's exact increment over a step, once, between two deterministic maps:
//!
//! ```text
//! X_{k+1} = A(M(X_k) + epsilon factor (Z_{t+h} - Z_t)).
//! ```
//!
//! | scheme | maps | strong order | weak order | cost a step | stability | known bias |
//! |---|---|---|---|---|---|---|
//! | [`Euler`] | `M = x + h b` | 1 | 1 | one drift | `h b' > -2`; superlinear drifts explode, under jumps at a positive rate | false exits by overshooting |
//! | [`TamedEuler`] | `M = x + h b / (1 + h abs(b))` | 1 | 1 | one drift | every h | far paths return too slowly: no stationary tails |
//! | [`ImplicitEuler`] | `A = (1 - h b)^-1` | 1 | 1 | one look-up (d > 1: some `2 (2d + 1)` drifts) | every h; unique for `h max b' < 1` | constant of the stationary tail |
//! | [`Splitting`] | `M = Phi_h` | 1 | 1 | one look-up (d > 1: 7 drifts) | every h | observed with a step's fresh noise |
//! | [`Strang`] | `M = A = Phi_{h/2}` | 1 | 2 | two look-ups (d > 1: 14 drifts) | every h | no place beyond `Phi_{h/2}(inf)` |
//! | [`Exponential`] | linear part exact, the rest explicit near the rest point | 1 | 1, exact for linear drifts | one drift | every h | the clock of other wells, by `theta h` |
//!
//! The orders are for constant amplitude and a smooth drift with bounded derivatives, for the error of a
//! path (in moments that the noise has) and of bounded smooth observables; `tests/orders.rs` measures them.
//! With an amplitude that depends on the place, each is that of the amplitude's rule.
//!
//! The schemes of [`ClockedKind`] give every path a clock of its own; they are another trait,
//! [`ClockedScheme`], on the line and for constant amplitude:
//!
//! | scheme | steps | weak order | cost a move | stability | known bias |
//! |---|---|---|---|---|---|
//! | [`JumpAdapted`] | grid and times of large jumps; flow, Gaussian small jumps | 1 | some 7 drifts | every h | Gaussian small jumps, [`JumpAdapted::gaussian_error`] |
//! | [`Adaptive`] | `2^-j h` by distance to the edges and slope of the drift | 1 | some 9 drifts | every h | as [`Splitting`], of the steps taken |

mod adaptive;
mod auto;
mod euler;
mod exponential;
mod flow;
mod implicit;
mod jump_adapted;
mod linear;
mod splitting;
mod strang;
mod tabulated;
mod tamed;
mod variable;

pub use adaptive::{Adaptive, Resolution};
pub use auto::{Choice, Geometry, choose, euler_blow_up_rate, round_down};
pub use euler::Euler;
pub use exponential::Exponential;
pub use flow::Flow;
pub use implicit::ImplicitEuler;
pub use jump_adapted::JumpAdapted;
pub use splitting::Splitting;
pub use strang::Strang;
pub use tamed::TamedEuler;
pub use variable::{ClockedKind, ClockedScheme, Clocks};

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

/// A scheme on a fixed time grid by name, as scenarios write it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SchemeKind {
    /// Explicit Euler–Maruyama: [`Euler`].
    Euler,
    /// Euler with a bounded drift: [`TamedEuler`].
    TamedEuler,
    /// Backward Euler, solved after the noise: [`ImplicitEuler`].
    ImplicitEuler,
    /// The drift's flow, then the noise: [`Splitting`].
    Splitting,
    /// Half the drift's flow, the noise, half the flow: [`Strang`].
    Strang,
    /// The linear part of the drift at a point of rest exactly: [`Exponential`].
    Exponential,
}

impl SchemeKind {
    /// Every scheme on a fixed grid.
    pub const ALL: [Self; 6] = [
        Self::Euler,
        Self::TamedEuler,
        Self::ImplicitEuler,
        Self::Splitting,
        Self::Strang,
        Self::Exponential,
    ];

    /// Name in scenarios.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Euler => "euler",
            Self::TamedEuler => "tamed_euler",
            Self::ImplicitEuler => "implicit_euler",
            Self::Splitting => "splitting",
            Self::Strang => "strang",
            Self::Exponential => "exponential",
        }
    }

    /// Whether a confining drift keeps every path finite at every step.
    #[must_use]
    pub fn is_stable(self) -> bool {
        self != Self::Euler
    }

    /// Prepares the scheme for a drift, a noise and a time step.
    ///
    /// `window` is where the paths spend their time, one finite interval a coordinate: maps of the line
    /// are tabulated there, and its lengths say which distances matter. Coordinates without one get
    /// (-1, 1).
    #[must_use]
    pub fn build<'a>(
        self,
        drift: &'a dyn Drift,
        noise: &dyn Noise,
        step: f64,
        window: &[[f64; 2]],
    ) -> Box<dyn Scheme + 'a> {
        let mut window = window.to_vec();
        window.resize(drift.dimension(), [-1.0, 1.0]);
        match self {
            Self::Euler => Box::new(Euler::new(drift, step)),
            Self::TamedEuler => Box::new(TamedEuler::new(drift, step)),
            Self::ImplicitEuler => Box::new(ImplicitEuler::new(drift, step, &window)),
            Self::Splitting => Box::new(Splitting::new(drift, step, &window)),
            Self::Strang => Box::new(Strang::new(drift, step, &window)),
            Self::Exponential => Box::new(Exponential::new(drift, noise, step, &window)),
        }
    }
}
