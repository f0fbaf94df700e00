//! Paths of the one-dimensional stochastic differential equation
//!
//! ```text
//! dX_t = -U'(X_t) dt + epsilon dZ_t
//! ```
//!
//! with `Z` a standard Brownian motion or a symmetric alpha-stable Lévy motion.
#![warn(missing_docs)]

pub mod potential;
