//! The limit of small noise itself: extrapolation to `epsilon = 0`, and exponents of scaling.
//!
//! | file | what |
//! |---|---|
//! | [`extrapolate()`] | the limit of a mean time over its small-noise value, from several amplitudes |
//! | [`exponent`] | slopes between neighbouring values of a swept variable |
//! | [`sweep`] | both, for all mean times of a finished sweep |
//!
//! Only leading orders of the small-noise theory are known, not its corrections; but their *powers* are, and
//! an extrapolation needs no more.
//!
//! ```
//! use levyscape_analyzer::exact;
//! use levyscape_analyzer::landscape::Landscape;
//! use levyscape_analyzer::limit::{Observation, Series, extrapolate};
//! use levyscape_analyzer::theory::{self, NoiseLaw, StoppedProblem};
//! use levyscape_integrator::potential::ClosurePotential;
//!
//! // Over the barrier H = 1/4 of a double well: E T / Kramers tends to 1, from 1.09 at the largest epsilon.
//! let well = ClosurePotential::new(|x: f64| x * x * x * x / 4.0 - x * x / 2.0, |x: f64| x * x * x - x);
//! let landscape = Landscape::find(&well, None)?;
//! let passage = StoppedProblem::exit(-1.0, f64::NEG_INFINITY, 1.0);
//! let mut ratios = Vec::new();
//! for epsilon in [0.3, 0.25, 0.2, 0.15] {
//!     let noise = NoiseLaw::Brownian { epsilon };
//!     let exact = exact::stopped(&well, noise, &passage).mean.ok_or("no exact value")?;
//!     let kramers = theory::stopped(&well, &landscape, noise, &passage).ok_or("no theory")?.mean;
//!     ratios.push(Observation { epsilon, value: exact / kramers, std_error: 0.0 });
//! }
//! let limit = extrapolate(&ratios, &Series::gaussian((2.0_f64 * 0.25).sqrt()))?;
//! assert!((limit.value - 1.0).abs() < 0.01 && limit.std_error < 0.01);
//! assert!(limit.ci95[0] < 1.0 && 1.0 < limit.ci95[1]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

pub mod exponent;
pub mod extrapolate;
pub mod sweep;

pub use exponent::{Measured, Scale, Slope, slopes};
pub use extrapolate::{Limit, LimitError, Observation, Series, extrapolate};
pub use sweep::{SweepLimits, of_sweep};

/// Two-sided 95 % quantile of the standard normal law.
const NORMAL_95: f64 = 1.959_963_984_540_054;
