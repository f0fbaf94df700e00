//! What a run reports: the contents of `summary.json`.
//!
//! Field names are the ones users read from the file; they do not change meaning between versions.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::extended_real;
use crate::landscape::Landscape;

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
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub landscape: Option<Landscape>,
    /// One entry a point of the sweep.
    pub points: Vec<PointSummary>,
    /// Whether the numbers may be used, and if not, why.
    pub verdict: Verdict,
    /// Remarks that a reader must see before using the numbers.
    pub warnings: Vec<String>,
}

/// Results at one point of the sweep.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct PointSummary {
    /// Values of the swept keys, by dotted key; empty without a sweep.
    pub point: Map<String, Value>,
    /// The landscape, where the sweep changes it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub landscape: Option<Landscape>,
    /// The noise at this point.
    pub noise: NoiseSummary,
    /// The scheme that was used, and why.
    pub scheme: SchemeSummary,
    /// The small-noise theory, where it applies.
    pub theory: Option<TheorySummary>,
    /// One entry a reported quantity.
    pub results: Vec<QuantityResult>,
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
