//! What can be wrong with an integration problem.

/// An impossible request to the integrator.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum IntegratorError {
    /// The tail index is outside its range.
    #[error("the tail index alpha = {0} is outside (0, 2]")]
    TailIndex(f64),
    /// The skewness is outside its range.
    #[error("the skewness beta = {0} is outside [-1, 1]")]
    Skewness(f64),
    /// The sampler by table was asked for, for a law that has none.
    #[error("there is no table for alpha = {alpha}, beta = {beta}: take the sampler \"formula\" or \"auto\"")]
    NoTable {
        /// The tail index.
        alpha: f64,
        /// The skewness.
        beta: f64,
    },
    /// A number that must be positive and finite is not.
    #[error("{name} = {value} must be positive and finite")]
    NotPositive {
        /// What the number is.
        name: &'static str,
        /// What was given.
        value: f64,
    },
    /// A parameter of a noise is out of its range.
    #[error("{name} = {value} must be {range}")]
    Parameter {
        /// What the number is.
        name: &'static str,
        /// What was given.
        value: f64,
        /// What it must be.
        range: &'static str,
    },
    /// The path cannot start where it should.
    #[error("the start {0:?} is not finite, or the drift is not finite there")]
    Start(Vec<f64>),
    /// A part that an equation needs was not given.
    #[error("an equation needs {0}")]
    Missing(&'static str),
    /// Parts of an equation live in different dimensions.
    #[error("the {what} has dimension {found}, the equation {expected}")]
    Dimension {
        /// The part.
        what: &'static str,
        /// The dimension of the drift.
        expected: usize,
        /// The dimension of the part.
        found: usize,
    },
    /// The scheme is for another kind of noise.
    #[error("the scheme {scheme} is for {noise}")]
    Scheme {
        /// Name of the scheme.
        scheme: &'static str,
        /// The noise that it is for.
        noise: &'static str,
    },
    /// There is no sampler for the small jumps of a noise alone.
    #[error("there is no split of {0} into small and large jumps")]
    NoSplit(&'static str),
    /// Stratonovich's rule is not defined for jumps.
    #[error("Stratonovich's interpretation is for Brownian noise: for noise with jumps its like is Marcus'")]
    StratonovichWithJumps,
}

/// Checks that a number is positive and finite.
pub(crate) fn positive(name: &'static str, value: f64) -> Result<f64, IntegratorError> {
    if value > 0.0 && value.is_finite() {
        Ok(value)
    } else {
        Err(IntegratorError::NotPositive { name, value })
    }
}
