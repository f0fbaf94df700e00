//! What a run reports: the contents of `summary.json`.
//!
//! Field names are the ones users read from the file; they do not change meaning between versions.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::compare::{FamilyVerdict, QuantityVerdict, StartTests};
use crate::extended_real;
use crate::landscape::{self, Landscape};
use crate::theory::Validity;

/// The whole of `summary.json`.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Summary {
    /// Version of the program that wrote the file.
    pub levyscape: String,
    /// Name of the scenario.
    pub name: String,
    /// Title of the scenario, for people.
    pub title: String,
    /// The scenario as run, all defaults filled in.
    pub scenario: Value,
    /// The landscape, where the sweep does not change it.
    #[serde(skip_serializing_if = "Option::is_none", default, with = "landscape::written")]
    pub landscape: Option<Landscape>,
    /// One entry a point of the sweep.
    pub points: Vec<PointSummary>,
    /// Mean times extrapolated to `epsilon = 0`, where the sweep has three amplitudes or more.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub limits: Vec<LimitSummary>,
    /// Slopes of mean times between neighbouring points of the sweep.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub exponents: Vec<ExponentSummary>,
    /// Whether the numbers may be used, and if not, why.
    pub verdict: Verdict,
    /// How many estimates agree with the exact equation, all of them together.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub comparison: Option<FamilyVerdict>,
    /// Remarks that a reader must see before using the numbers.
    pub warnings: Vec<String>,
}

/// Results at one point of the sweep.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct PointSummary {
    /// Values of the swept keys, by dotted key; empty without a sweep.
    pub point: Map<String, Value>,
    /// The landscape, where the sweep changes it.
    #[serde(skip_serializing_if = "Option::is_none", default, with = "landscape::written")]
    pub landscape: Option<Landscape>,
    /// The noise at this point.
    pub noise: NoiseSummary,
    /// The scheme that was used, and why.
    pub scheme: SchemeSummary,
    /// The small-noise theory, where it applies.
    pub theory: Option<TheorySummary>,
    /// One entry a reported quantity.
    pub results: Vec<QuantityResult>,
    /// Tests of the law of the times and of the destinations, one entry a start of a task.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub tests: Vec<StartTests>,
}

/// The noise of one point.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct NoiseSummary {
    /// `brownian` or `stable`.
    pub kind: String,
    /// Tail index; absent for Brownian noise.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub alpha: Option<f64>,
    /// Skewness, where there is one.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub beta: Option<f64>,
    /// Amplitude epsilon.
    pub epsilon: f64,
}

/// The integration scheme of one point.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct SchemeSummary {
    /// Name of the scheme that ran.
    pub kind: String,
    /// Time step.
    pub step: f64,
    /// Why this scheme and this step, in words.
    pub reason: String,
    /// Rate per unit time at which explicit Euler would explode at this step.
    pub euler_blow_up_rate: f64,
}

/// The limit Markov chain of one point.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct TheorySummary {
    /// `pavlyukevich` (jumps) or `eyring_kramers` (Brownian).
    pub kind: String,
    /// Entry `[i][j]` is the rate from minimum `i+1` to `j+1`, per `time_unit`.
    pub generator: Vec<Vec<f64>>,
    /// Stationary law of the chain, `Q^T pi = 0`.
    pub stationary: Vec<f64>,
    /// The chain's unit of time in units of the equation: `epsilon^-alpha`, or 1 for Brownian noise.
    pub time_unit: f64,
    /// Constant `c_alpha` of the Lévy measure, where there is one.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub tail_constant: Option<f64>,
    /// Relaxation times of the chain in units of the equation's time, the longest first: one over the real
    /// parts of the nonzero eigenvalues of `-Q`. Empty where they cannot be resolved.
    #[serde(default)]
    pub relaxation_times: Vec<f64>,
    /// Entry `[i][j]` is the chain's mean time from minimum `i+1` to `j+1` in units of the equation's time,
    /// however many minima come between; null where it may never arrive.
    #[serde(default)]
    pub hitting_times: Vec<Vec<Option<f64>>>,
    /// How far the small-noise limit can be trusted: one entry a well, for each set of edges that the tasks
    /// give it.
    #[serde(default)]
    pub validity: Vec<Validity>,
    /// The generator in the papers' normalisation, where `theory.normalisation = "pavlyukevich"`.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub pavlyukevich: Option<PavlyukevichSummary>,
}

/// The limit chain in the normalisation `nu(dy) = |y|^(-1-alpha) dy` of Pavlyukevich's papers. It holds for
/// the process `c_alpha^(-1/alpha) L`, not for the `L` of the equation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PavlyukevichSummary {
    /// Entry `[i][j]` is the rate from minimum `i+1` to `j+1`, per `time_unit`: ours over `constant`.
    pub generator: Vec<Vec<f64>>,
    /// The unit of time, `epsilon^-alpha`.
    pub time_unit: f64,
    /// `c_alpha`, by which the two differ.
    pub constant: f64,
}

/// A mean time extrapolated to `epsilon = 0` along a sweep of `noise.epsilon`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LimitSummary {
    /// Index of the task in the scenario, from 0.
    pub task: usize,
    /// Kind of the task: `exit`, `transition`.
    pub kind: String,
    /// Name of the quantity, `mean_exit_time` or `mean_transition_time`.
    pub quantity: String,
    /// Starting minimum (from 1), for transitions.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub from: Option<usize>,
    /// Values of the other swept keys.
    pub point: Map<String, Value>,
    /// What was extrapolated: the run's `estimate`s or the `exact` values.
    pub basis: String,
    /// What the mean time is multiplied by to have a limit: `epsilon^alpha` for jumps, `1/kramers` (over the
    /// Eyring–Kramers value) for Gaussian noise.
    pub scaling: String,
    /// The limit.
    pub value: f64,
    /// Its standard error: statistical and of the model together.
    pub std_error: f64,
    /// What the errors of the points do.
    pub statistical_error: f64,
    /// What the unknown orders of the correction may do.
    pub model_error: f64,
    /// 95 % interval.
    pub ci95: [f64; 2],
    /// The theorem's value of the same.
    pub theorem: f64,
    /// Distance of the points from the model; about `degrees_of_freedom` where it fits.
    pub chi_square: f64,
    /// Points less one.
    pub degrees_of_freedom: usize,
    /// The amplitudes, the largest first.
    pub epsilons: Vec<f64>,
}

/// A slope of the logarithm of a mean time between two neighbouring points of the sweep.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ExponentSummary {
    /// Index of the task in the scenario, from 0.
    pub task: usize,
    /// Kind of the task: `exit`, `transition`.
    pub kind: String,
    /// Name of the quantity, `mean_exit_time` or `mean_transition_time`.
    pub quantity: String,
    /// Starting minimum (from 1), for transitions.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub from: Option<usize>,
    /// Values of the other swept keys.
    pub point: Map<String, Value>,
    /// Whose slope: of the run's `estimate`s or of the `exact` values.
    pub basis: String,
    /// In what: `epsilon`, `width` or `depth` (in its logarithm), `inverse_diffusion` (`1/D`) or
    /// `depth_over_diffusion` (in the number itself).
    pub variable: String,
    /// The two values of the variable.
    pub between: [f64; 2],
    /// The slope.
    pub value: f64,
    /// Its standard error.
    pub std_error: f64,
    /// 95 % interval.
    pub ci95: [f64; 2],
    /// The slope of the small-noise theory between the same two.
    pub theorem: Option<f64>,
}

/// One estimated quantity.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct QuantityResult {
    /// Index of the task in the scenario, from 0.
    pub task: usize,
    /// Kind of the task: `exit`, `transition`, `chain`.
    pub kind: String,
    /// Name of the quantity, e.g. `mean_exit_time`.
    pub quantity: String,
    /// Starting minimum (from 1), for transitions and chains.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub from: Option<usize>,
    /// Minimum or well arrived at (from 1), for transition probabilities and chains.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub to: Option<usize>,
    /// The set `[lo, hi]`, for landing probabilities.
    #[serde(skip_serializing_if = "Option::is_none", default, with = "extended_real::option_pair")]
    pub set: Option<[f64; 2]>,
    /// The time, for survival probabilities; for chains in the chain's unit.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub t: Option<f64>,
    /// The coordinate (from 1), for the side of an exit in several dimensions.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub axis: Option<usize>,
    /// The target (from 1) that is arrived at, in several dimensions.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub target: Option<usize>,
    /// The well (from 1), for occupations.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub well: Option<usize>,
    /// Radius of the cores, for generator entries.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub delta: Option<f64>,
    /// The same entry with cores of other radii; empty for other quantities.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub other_deltas: Vec<OtherDelta>,
    /// The estimate after the step correction; null where the data cannot give one.
    pub estimate: Option<f64>,
    /// Standard error of `estimate`.
    pub std_error: Option<f64>,
    /// 95 % interval for the exact value: statistical and step error together.
    pub ci95: Option<[f64; 2]>,
    /// How it was estimated: `plain`, `multilevel`, `hazard`, `fleming_viot` or `splitting`.
    pub method: String,
    /// The time step of the estimate.
    pub step: f64,
    /// Paths simulated; replicas of the method, where it has no single paths.
    pub paths: u64,
    /// Paths that were still running at `max_time`.
    pub censored: u64,
    /// Paths that left the finite numbers.
    pub diverged: u64,
    /// Time steps of the fine paths, all together.
    pub steps: u64,
    /// The step error of the uncorrected estimate.
    pub discretisation_bias: Option<BiasResult>,
    /// The levels of a multilevel estimate, the coarsest first; empty for other methods.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub levels: Vec<LevelSummary>,
    /// The small-noise theory's value of the same quantity.
    pub asymptotic: Option<f64>,
    /// The exact value of the same quantity, where one is known.
    pub exact: Option<f64>,
    /// A bound of the error of `exact`, where the solver gives one.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub exact_error: Option<f64>,
    /// How the estimate compares with both, filled in by [`assess`](crate::compare::assess).
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub verdict: Option<QuantityVerdict>,
}

/// A generator entry with cores of another radius, from the same paths.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct OtherDelta {
    /// The radius.
    pub delta: f64,
    /// The entry, without step correction.
    pub estimate: f64,
    /// The entry at this radius minus that at the task's own.
    pub difference: f64,
    /// Standard error of the difference.
    pub std_error: f64,
}

/// A level of a multilevel estimate (Giles 2008).
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct LevelSummary {
    /// Step of the fine grid; that of the coarse one is twice as long.
    pub step: f64,
    /// Paths, or pairs of paths.
    pub paths: u64,
    /// Mean difference of the times on both grids; on the coarsest level, of the time.
    pub mean: f64,
    /// Variance of the same.
    pub variance: f64,
    /// Mean time on the fine grid.
    pub fine_mean: f64,
    /// Time steps of a path, both grids together.
    pub steps_per_path: f64,
}

/// A measured step error: expected value of the uncorrected estimate minus the limit of step to 0.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct BiasResult {
    /// Estimated bias of the uncorrected mean at the scenario's step.
    pub estimate: f64,
    /// Standard error of the bias.
    pub std_error: f64,
    /// How it was measured.
    pub method: String,
    /// Uncorrected estimate at the step.
    pub fine: f64,
    /// Uncorrected estimate at twice the step, from the same noise.
    pub coarse: f64,
}

/// Whether a run's numbers may be used.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Verdict {
    /// `ok` or `failed`.
    pub status: String,
    /// One sentence a reason; empty for `ok`.
    pub reasons: Vec<String>,
}
