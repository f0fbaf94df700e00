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
    /// Level splitting was asked for where paths are not continuous.
    #[error("level splitting is for noise without jumps on the line, with a constant amplitude")]
    Continuous,
    /// Nothing ever stops a path.
    #[error("the region stops no path")]
    Endless,
    /// A particle left the finite numbers: it can neither be stopped nor go on.
    #[error("a particle left the finite numbers: take a scheme that does not explode, or a smaller step")]
    Diverged,
    /// All particles of a system stopped in the same step.
    #[error("all particles stopped in the same step: take a smaller step")]
    Extinct,
    /// The method needs the time in which the law within the domain comes to rest, and nothing tells it.
    #[error(
        "nothing tells how fast the law of a path comes to rest: the domain must be drawn to one point of rest, or \
         be bounded and without drift"
    )]
    NoRelaxation,
    /// The method of the integrated hazard is not for this problem.
    #[error("the integrated hazard: {0}")]
    Hazard(&'static str),
    /// A multilevel estimate was asked for with paths that have no companion on a coarser grid.
    #[error("a multilevel estimate needs pairs of paths: take a scheme on a time grid")]
    NoCompanion,
    /// The user asked to stop.
    #[error("interrupted")]
    Interrupted,
    /// The journal of a run cannot be read or written.
    #[error("the journal {}: {reason}", path.display())]
    Journal {
        /// The file.
        path: std::path::PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// A table could not be written.
    #[error("cannot write the table of exits: {0}")]
    Table(String),
}
