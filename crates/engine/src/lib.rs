//! First-exit and transition times of many paths in parallel.
//!
//! An [`Ensemble`] is a problem (equation, start, [`StopRegion`], step, horizon) and a random stream;
//! [`Ensemble::run`] simulates a range of its paths on all threads of the current rayon pool and
//! returns one [`PathPair`] a path, in path order. A path's numbers depend on (seed, point, task,
//! path) alone: not on threads, batches or the order of work.
//!
//! With `pair` set, each path is accompanied by one of twice the step that is driven by the same
//! noise, from which the step error is measured.
//!
//! Instead of following paths to their end, two estimators made of independent replicas ([`Replicated`]) give
//! the same means and probabilities: [`FlemingViot`] through the quasi-stationary law, for any noise, and
//! [`LevelSplitting`] for exits of continuous paths on the line that are too rare to be waited for. [`WellPaths`]
//! are replicas of another kind: paths of a fixed length, of which is noted in which well they are.
//!
//! The engine knows no theory and never drops a path: what did not end is
//! [`Outcome::Censored`], what left the finite numbers is [`Outcome::Diverged`].
#![warn(missing_docs)]

mod batch;
mod clocked;
mod ensemble;
mod error;
mod event;
mod fleming_viot;
pub mod hazard;
pub mod journal;
pub mod multilevel;
mod order;
mod record;
mod replicas;
pub mod sink;
mod splitting;
mod trajectory;
mod wells;

pub use ensemble::{Control, Ensemble, Stepping};
pub use error::EngineError;
pub use event::{Basin, CoreSet, Region, SpaceDomain, SpaceRegion, StopRegion, SubLevel, Union};
pub use fleming_viot::{FlemingViot, Population};
pub use hazard::{Hazard, HazardSettings, Well};
pub use record::{Outcome, PathPair, PathRecord, Stop};
pub use replicas::{Output, Replicated, replicate};
pub use splitting::{LevelSplitting, Levels};
pub use trajectory::{Trajectory, trajectory};
pub use wells::{HISTOGRAM_PATHS, VisitColumns, Watch, WellPaths, WellStepping, Wells};
