//! What can go wrong in a simulation.

use levyscape_integrator::IntegratorError;

/// An impossible or unfinished simulation.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EngineError {
    /// The equation cannot be integrated as asked.
    #[error(transparent)]
    Integrator(#[from] IntegratorError),
    /// The start already lies where the path stops.
    #[error("the start {0:?} is outside the domain, or in a target")]
    StartStopped(Vec<f64>),
    /// A scheme with a clock for every path was asked for where there is none.
    #[error("the scheme {0} is for equations on the line with a constant amplitude")]
    Clocked(&'static str),
    /// The method of the integrated hazard is not for this problem.
    #[error("the integrated hazard: {0}")]
    Hazard(&'static str),
    /// A path of a method that cannot count it apart left the finite numbers.
    #[error("a path left the finite numbers")]
    Diverged,
    /// A multilevel estimate was asked for with paths that have no companion on a coarser grid.
    #[error("a multilevel estimate needs pairs of paths: take a scheme on a time grid")]
    NoCompanion,
    /// The user asked to stop.
    #[error("interrupted")]
    Interrupted,
    /// A table could not be written.
    #[error("cannot write the table of exits: {0}")]
    Table(String),
}
