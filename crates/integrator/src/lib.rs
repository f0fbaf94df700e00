//! Paths of stochastic differential equations with Lévy noise,
//!
//! ```text
//! dX_t = b(X_t) dt + epsilon(X_{t-}) dZ_t,        b = -grad U unless a drift is given,
//! ```
//!
//! in one or several dimensions.
//!
//! | part | module | choices |
//! |---|---|---|
//! | drift `b` | [`potential`] | formulas of a potential or of a drift, closures, splined tables, a catalogue of named potentials |
//! | noise `Z` | [`noise`] | Brownian; stable with any tail index and skewness; tempered, truncated, capped stable; compound Poisson; sums of these; independent or isotropic in `d` dimensions |
//! | amplitude | [`amplitude`] | a number, one a coordinate, a function of the place (Itô, Stratonovich, Marcus) |
//! | scheme | [`scheme`] | six on a time grid, two with a clock for every path |
//!
//! [`Sde::builder`] puts an equation together and [`Sde::walk`] gives single paths, as iterators. Many
//! paths at once are stepped by the engine crate from the same parts: [`noise::Sampler::fill`] draws the
//! increments of up to [`rng::LANES`] paths, [`Scheme::advance`] moves them, and
//! [`rng::StreamKey`] decides which random stream belongs to which path. Every loop is compiled for several
//! instruction sets ([`simd`]); all give the same bits.
#![warn(missing_docs)]

pub mod amplitude;
mod cubic;
pub mod error;
pub mod math;
pub mod noise;
pub mod path;
pub mod potential;
pub mod rng;
pub mod scheme;
pub mod simd;

pub use amplitude::{Amplitude, Interpretation};
pub use error::IntegratorError;
pub use noise::NoiseLaw;
pub use path::{Path, Sde};
pub use potential::{ClosurePotential, Drift, ExpressionField, Potential, PotentialDrift, TablePotential};
pub use rng::StreamKey;
pub use scheme::{Scheme, SchemeKind};
