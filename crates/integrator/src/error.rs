//! What can be wrong with an integration problem.

/// An impossible request to the integrator.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum IntegratorError {
    /// The tail index is outside its range.
    #[error("the tail index alpha = {0} is outside (0, 2]")]
    TailIndex(f64),
    /// A number that must be positive and finite is not.
    #[error("{name} = {value} must be positive and finite")]
    NotPositive {
        /// What the number is.
        name: &'static str,
        /// What was given.
        value: f64,
    },
    /// The path cannot start where it should.
    #[error("the start {0} is not a finite number, or the force is not finite there")]
    Start(f64),
}

/// Checks that a number is positive and finite.
pub(crate) fn positive(name: &'static str, value: f64) -> Result<f64, IntegratorError> {
    if value > 0.0 && value.is_finite() {
        Ok(value)
    } else {
        Err(IntegratorError::NotPositive { name, value })
    }
}
