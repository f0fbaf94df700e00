//! Paths of the one-dimensional stochastic differential equation
//!
//! ```text
//! dX_t = -U'(X_t) dt + epsilon dZ_t
//! ```
//!
//! with `Z` a standard Brownian motion or a symmetric alpha-stable Lévy motion,
//! `E exp(i w Z_t) = exp(-t |w|^alpha)`.
//!
//! The principal type is [`Sde`]: a [`potential::Potential`], a [`noise::Noise`] and an amplitude. It
//! gives single paths. Many paths at once are stepped by the engine crate from the same parts:
//! [`noise::Noise::fill`] draws the increments of up to [`rng::LANES`] paths,
//! [`scheme::DriftStep::advance`] moves them, and [`rng::StreamKey`] decides which random stream
//! belongs to which path.
//!
//! Limits of this version: one dimension, additive noise, symmetric stable laws.
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
