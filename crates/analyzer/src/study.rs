//! A finished run in memory: what `summary.json` says, and what figures and the report need beside it.

use std::sync::Arc;

use levyscape_engine::Trajectory;
use levyscape_integrator::Potential;

use crate::estimate::{ExitPlaces, PlaceDensity, SurvivalCurve};
use crate::landscape::Landscape;
use crate::summary::Summary;
use crate::theory::{NoiseLaw, StoppedProblem};

/// A finished run.
#[derive(Clone)]
pub struct Study {
    /// The contents of `summary.json`.
    pub summary: Summary,
    /// One entry a point of the sweep, in the order of `summary.points`.
    pub points: Vec<PointData>,
}

/// One point of the sweep.
#[derive(Clone)]
pub struct PointData {
    /// The potential.
    pub potential: Arc<dyn Potential>,
    /// Its landscape.
    pub landscape: Landscape,
    /// The noise.
    pub noise: NoiseLaw,
    /// First-exit and transition problems, one entry a starting point.
    pub ensembles: Vec<EnsembleData>,
    /// Sample paths, one entry a task.
    pub paths: Vec<PathData>,
    /// Long runs over several wells, one entry a task.
    pub chains: Vec<ChainData>,
}

/// One simulated first-exit or transition problem.
#[derive(Debug, Clone)]
pub struct EnsembleData {
    /// Index of the task in the scenario.
    pub task: usize,
    /// Starting minimum (from 1) of a transition task; `None` for an exit task.
    pub from: Option<usize>,
    /// The problem.
    pub problem: StoppedProblem,
    /// The empirical survival function, where there were paths until they ended.
    pub survival: Option<SurvivalCurve>,
    /// `sqrt(n)` times the Kolmogorov distance to the exponential law of the same mean; see
    /// [`exponentiality`](crate::compare::exponentiality()).
    pub exponential_distance: Option<f64>,
    /// Where paths left the domain, for exits on the line under a noise with jumps, where paths were simulated until
    /// they ended.
    pub places: Option<ExitPlaces>,
}

/// Sample paths of one task.
#[derive(Debug, Clone)]
pub struct PathData {
    /// Index of the task in the scenario.
    pub task: usize,
    /// End of the paths.
    pub end_time: f64,
    /// The paths, thinned for drawing.
    pub trajectories: Vec<Trajectory>,
}

/// Where paths of one task are in the long run.
#[derive(Debug, Clone)]
pub struct ChainData {
    /// Index of the task in the scenario.
    pub task: usize,
    /// The density of the simulated paths after their burn-in.
    pub density: PlaceDensity,
    /// The exact stationary density, (x, p(x)), ascending in x; empty where it is not known.
    pub exact: Vec<[f64; 2]>,
}
