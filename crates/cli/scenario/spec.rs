//! What a scenario says, checked and with all defaults filled in.

use std::collections::BTreeMap;
use std::path::PathBuf;

use levyscape_analyzer::figure::ThemeName;
use levyscape_integrator::noise::{JumpLaw, SamplerKind};
use levyscape_integrator::scheme::ClockedKind;
use levyscape_integrator::{Interpretation, SchemeKind};
use serde::ser::{SerializeMap, SerializeStruct};
use serde::{Serialize, Serializer};

/// Default of `ensemble.paths`.
pub const DEFAULT_PATHS: u64 = 10_000;
/// Default of `ensemble.seed`.
pub const DEFAULT_SEED: u64 = 1;
/// Default of `ensemble.checkpoint_every`, in seconds.
pub const DEFAULT_CHECKPOINT: f64 = 10.0;
/// The relative error that methods which do not count paths stop at, unless the scenario says otherwise.
pub const DEFAULT_ERROR: f64 = 0.01;
/// Default of `delta` of transition and chain tasks, in units of x.
pub const DEFAULT_DELTA: f64 = 0.1;
/// Default of a path task's `count`.
pub const DEFAULT_COUNT: u64 = 5;

/// One study: `dX = -U'(X) dt + epsilon dZ`, what to ask of it and over which values.
///
/// Serialised, it is the scenario file again, with every default written out and infinite ends as
/// `"inf"` and `"-inf"`.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Scenario {
    /// Short name, used for folders and files; by default the stem of the file's name.
    pub name: String,
    /// Title for people; by default the name.
    pub title: String,
    /// The potential `U`.
    pub potential: PotentialSpec,
    /// The noise `Z` and its amplitude.
    pub noise: NoiseSpec,
    /// How a path is stepped.
    pub scheme: SchemeSpec,
    /// How many paths, for how long.
    pub ensemble: EnsembleSpec,
    /// What is asked, at least one task.
    #[serde(rename = "task")]
    pub tasks: Vec<TaskSpec>,
    /// Axes of the sweep, in the order of the file; empty at a single point.
    #[serde(skip_serializing_if = "Vec::is_empty", serialize_with = "sweep_table")]
    pub sweep: Vec<SweepAxis>,
    /// Where results go.
    pub output: OutputSpec,
    /// Where minima are looked for.
    #[serde(skip_serializing_if = "LandscapeSpec::is_default")]
    pub landscape: LandscapeSpec,
    /// How the theory is written down.
    #[serde(skip_serializing_if = "TheorySpec::is_default")]
    pub theory: TheorySpec,
}

impl Scenario {
    /// The text of a scenario file that says the same.
    ///
    /// # Errors
    /// Those of the serialiser; there are none for a scenario that was loaded.
    pub fn to_toml(&self) -> Result<String, toml::ser::Error> {
        // TOML puts tables behind plain values: an axis of tables would change its place among the axes, and with it
        // the order of the points. So the axes are written line by line.
        let mut text = toml::to_string(&Self { sweep: Vec::new(), ..self.clone() })?;
        if !self.sweep.is_empty() {
            text.push_str("\n[sweep]\n");
        }
        for axis in &self.sweep {
            let key = toml::Value::String(axis.key.clone());
            text.push_str(&format!("{key} = {}\n", toml::Value::Array(axis.values.clone())));
        }
        Ok(text)
    }

    /// The scenario as the value of `scenario` in `summary.json`.
    ///
    /// # Errors
    /// Those of the serialiser; there are none for a scenario that was loaded.
    pub fn to_json(&self) -> Result<serde_json::Value, serde_json::Error> {
        serde_json::to_value(self)
    }
}

/// `[potential]`: the potential or drift.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PotentialSpec {
    /// What gives the force, exactly one of `expression`, `drift`, `table` and `name`.
    #[serde(flatten)]
    pub source: PotentialSource,
    /// `variables`: the names of the coordinates; default `["x"]`, for a named potential its own.
    pub variables: Vec<String>,
    /// `parameters`: finite values of the other names in the expressions; default none, for a named
    /// potential its own.
    pub parameters: BTreeMap<String, f64>,
}

/// Where the force comes from.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum PotentialSource {
    /// `expression`: `U` as the user wrote it. Not parsed here.
    Expression(String),
    /// `drift`: `b`, one expression a coordinate.
    Drift(Vec<String>),
    /// `table`: a file with the columns x and u, splined; seen from the scenario's folder.
    Table(PathBuf),
    /// `name`: an entry of the catalogue.
    Name(String),
}

/// `noise.kind` with the parameters that the kind needs.
#[derive(Debug, Clone, PartialEq)]
pub enum NoiseKind {
    /// Standard Brownian motion, `Var B_t = t` in each coordinate.
    Brownian,
    /// The stable process of scale 1, S1; for `beta = 0`, `E exp(iwL_t) = exp(-t|w|^alpha)`.
    Stable {
        /// `alpha`: the tail index, in (0, 2].
        alpha: f64,
        /// `beta`: the skewness, in [-1, 1].
        beta: f64,
    },
    /// Stable processes, one tail index a coordinate.
    StableCoordinates {
        /// `alpha`: a list.
        alpha: Vec<f64>,
        /// `beta`: the skewness of each, in [-1, 1].
        beta: f64,
    },
    /// Exponentially tempered stable process, Lévy measure `c_alpha |y|^(-1-alpha) e^(-mu|y|) dy`.
    TemperedStable {
        /// `alpha`, from 0.2 to below 2.
        alpha: f64,
        /// `mu`: rate of the tempering, above 0.
        mu: f64,
    },
    /// Stable process without its jumps beyond a radius.
    TruncatedStable {
        /// `alpha`, from 0.2 to below 2.
        alpha: f64,
        /// `radius`: largest jump of Z, above 0.
        radius: f64,
    },
    /// Stable process whose larger jumps of X are cut to a cap.
    CappedStable {
        /// `alpha`, from 0.2 to below 2.
        alpha: f64,
        /// `cap`: largest jump of X (not of Z), above 0.
        cap: f64,
    },
    /// Jumps at the times of a Poisson process.
    CompoundPoisson {
        /// `rate`: jumps a unit of time, above 0.
        rate: f64,
        /// `jump`: the law of a jump.
        jump: JumpLaw,
    },
    /// Independent noises added up.
    Sum {
        /// `parts`: each a noise with a `weight`.
        parts: Vec<NoisePart>,
    },
}

/// One of the noises of a sum.
#[derive(Debug, Clone, PartialEq)]
pub struct NoisePart {
    /// Its kind and parameters.
    pub kind: NoiseKind,
    /// `weight`: what it is multiplied by, beside epsilon; default 1.
    pub weight: f64,
}

impl NoiseKind {
    /// The word in the scenario.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Brownian => "brownian",
            Self::Stable { .. } | Self::StableCoordinates { .. } => "stable",
            Self::TemperedStable { .. } => "tempered_stable",
            Self::TruncatedStable { .. } => "truncated_stable",
            Self::CappedStable { .. } => "capped_stable",
            Self::CompoundPoisson { .. } => "compound_poisson",
            Self::Sum { .. } => "sum",
        }
    }

    fn entries<M: SerializeMap>(&self, table: &mut M) -> Result<(), M::Error> {
        table.serialize_entry("kind", self.name())?;
        match self {
            Self::Brownian => {}
            Self::Stable { alpha, beta } => {
                table.serialize_entry("alpha", alpha)?;
                table.serialize_entry("beta", beta)?;
            }
            Self::StableCoordinates { alpha, beta } => {
                table.serialize_entry("alpha", alpha)?;
                table.serialize_entry("beta", beta)?;
            }
            Self::TemperedStable { alpha, mu } => {
                table.serialize_entry("alpha", alpha)?;
                table.serialize_entry("mu", mu)?;
            }
            Self::TruncatedStable { alpha, radius } => {
                table.serialize_entry("alpha", alpha)?;
                table.serialize_entry("radius", radius)?;
            }
            Self::CappedStable { alpha, cap } => {
                table.serialize_entry("alpha", alpha)?;
                table.serialize_entry("cap", cap)?;
            }
            Self::CompoundPoisson { rate, jump } => {
                table.serialize_entry("rate", rate)?;
                table.serialize_entry("jump", jump)?;
            }
            Self::Sum { parts } => table.serialize_entry("parts", parts)?,
        }
        Ok(())
    }
}

impl Serialize for NoisePart {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut table = serializer.serialize_map(None)?;
        self.kind.entries(&mut table)?;
        table.serialize_entry("weight", &self.weight)?;
        table.end()
    }
}

/// `noise.epsilon`: the amplitude in front of `dZ`.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Epsilon {
    /// The same number in every coordinate, finite and above 0.
    Constant(f64),
    /// One number a coordinate.
    Coordinates(Vec<f64>),
    /// An expression in the variables and parameters of the potential. Not parsed here.
    Expression(String),
}

/// `noise.dependence`: how the coordinates of the noise hang together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Dependence {
    /// Coordinates jump independently, along the axes.
    Independent,
    /// No direction is preferred.
    Isotropic,
}

/// `[noise]`: the noise and its amplitude.
#[derive(Debug, Clone, PartialEq)]
pub struct NoiseSpec {
    /// `kind` and its parameters.
    pub kind: NoiseKind,
    /// `epsilon`.
    pub epsilon: Epsilon,
    /// `interpretation` of the noise where `epsilon` is an expression; default `ito`.
    pub interpretation: Interpretation,
    /// `dependence` of the coordinates; default `independent`.
    pub dependence: Dependence,
    /// `sampler` of stable increments; default `auto`.
    pub sampler: SamplerKind,
    /// `alpha` as given beside `kind = "brownian"`, which ignores it: kept so that the scenario can be
    /// written back whole when a sweep changes the kind.
    pub ignored_alpha: Option<f64>,
    /// The same for `beta`.
    pub ignored_beta: Option<f64>,
}

impl NoiseSpec {
    /// The amplitude where it is one number.
    pub fn constant_epsilon(&self) -> Option<f64> {
        match self.epsilon {
            Epsilon::Constant(epsilon) => Some(epsilon),
            _ => None,
        }
    }
}

impl Serialize for NoiseSpec {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut table = serializer.serialize_map(None)?;
        self.kind.entries(&mut table)?;
        if let Some(alpha) = self.ignored_alpha {
            table.serialize_entry("alpha", &alpha)?;
        }
        if let Some(beta) = self.ignored_beta {
            table.serialize_entry("beta", &beta)?;
        }
        table.serialize_entry("epsilon", &self.epsilon)?;
        if matches!(self.epsilon, Epsilon::Expression(_)) {
            table.serialize_entry("interpretation", &self.interpretation)?;
        }
        if self.dependence != Dependence::Independent {
            table.serialize_entry("dependence", &self.dependence)?;
        }
        if self.sampler != SamplerKind::Auto {
            table.serialize_entry("sampler", &self.sampler)?;
        }
        table.end()
    }
}

/// `scheme.kind`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum SchemeChoice {
    /// The program chooses, and says what it took.
    Auto,
    /// This one, on a time grid.
    #[serde(untagged)]
    Given(SchemeKind),
    /// This one, which gives every path a clock of its own.
    #[serde(untagged)]
    Clocked(ClockedKind),
}

/// `[scheme]`: how a path is stepped.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct SchemeSpec {
    /// `kind`; default `auto`.
    pub kind: SchemeChoice,
    /// `step`: the time step in units of t, finite and above 0; by default the program chooses.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub step: Option<f64>,
}

/// `ensemble.method`: how the times of a task are estimated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Method {
    /// The program chooses, and says what it took.
    Auto,
    /// Independent paths, all alike, each until it ends.
    Plain,
    /// Paths on several time grids, most of them on the coarsest (multilevel Monte Carlo).
    Multilevel,
    /// The rate of leaving jumps along paths far shorter than one exit (jump noise).
    Hazard,
    /// Particles under the quasi-stationary law (Fleming and Viot).
    FlemingViot,
    /// Adaptive multilevel splitting (Brownian noise).
    Splitting,
}

impl Method {
    /// Every method, `auto` first.
    pub const ALL: [Self; 6] =
        [Self::Auto, Self::Plain, Self::Multilevel, Self::Hazard, Self::FlemingViot, Self::Splitting];

    /// Name in scenarios.
    pub fn name(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Plain => "plain",
            Self::Multilevel => "multilevel",
            Self::Hazard => "hazard",
            Self::FlemingViot => "fleming_viot",
            Self::Splitting => "splitting",
        }
    }

    /// Whether, unless the scenario says otherwise, the number of paths is fixed beforehand.
    pub fn counts_paths(self) -> bool {
        matches!(self, Self::Auto | Self::Plain)
    }
}

/// `[ensemble]`: how many paths, for how long.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct EnsembleSpec {
    /// `paths`: paths (or replicas of the method) a point and task, from 2 to 1e9; default 10000, and absent by
    /// default where `relative_error` is given or the method counts by error, which come first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub paths: Option<u64>,
    /// `seed` of all random numbers, from 0 to 2^63 - 1; default 1.
    pub seed: u64,
    /// `max_time`: time in units of t after which a path is censored, above 0, possibly infinite; by
    /// default the program chooses, not below any survival time.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "optional_extended")]
    pub max_time: Option<f64>,
    /// `relative_error`: stop once every mean's error is below this share of it, in (0, 1); by default
    /// the number of paths decides.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub relative_error: Option<f64>,
    /// `method`; default `auto`.
    pub method: Method,
    /// `particles` of one system of the methods `fleming_viot` and `splitting`, from 2 to 65536; by default the
    /// program chooses.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub particles: Option<u64>,
    /// `checkpoint_every`: what a kill may lose at the most, in seconds; default 10.
    #[serde(serialize_with = "seconds")]
    pub checkpoint_every: f64,
    /// `step_bias`: whether to measure the step error, at the cost of paths with twice the step;
    /// default true.
    pub step_bias: bool,
}

impl EnsembleSpec {
    /// Whether the scenario says when paths are censored.
    pub fn max_time_is_given(&self) -> bool {
        self.max_time.is_some()
    }
}

/// Where a path starts.
#[derive(Debug, Clone, PartialEq)]
pub enum Start {
    /// At this x.
    Point(f64),
    /// At this point, a list of coordinates.
    Place(Vec<f64>),
    /// `"minimum:K"`: at this minimum of the potential, numbered from the left, from 1. Whether there is
    /// such a minimum is not known here.
    Minimum(usize),
}

impl Serialize for Start {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Point(x) => serializer.serialize_f64(*x),
            Self::Place(x) => x.serialize(serializer),
            Self::Minimum(number) => serializer.serialize_str(&format!("minimum:{number}")),
        }
    }
}

/// The set that an exit task leaves.
#[derive(Debug, Clone, PartialEq)]
pub enum Domain {
    /// `[lo, hi]`: the path stops at `X <= lo` or `X >= hi`; either end may be infinite.
    Interval([f64; 2]),
    /// `[[lo, hi], ...]`: an interval a coordinate.
    Box(Vec<[f64; 2]>),
    /// `"basin"`: the basin of attraction of the start.
    Basin,
    /// `{ ball = r }`: the path stops at `|X - start| >= r`; finite and above 0.
    Ball(f64),
    /// `{ ball = r, centre = c }`: the same around another place.
    BallAround {
        /// `centre`: a number or a list of them.
        centre: Vec<f64>,
        /// `ball`.
        radius: f64,
    },
    /// `{ sublevel = c }`: the path stops at `U(X) >= c`; on the line `U < c` around the start.
    SubLevel(f64),
    /// `{ union = [...] }`: the path stops once it is outside every one; not empty.
    Union(Vec<Self>),
}

impl Serialize for Domain {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Interval(ends) => Extended::pair(ends).serialize(serializer),
            Self::Box(sides) => intervals(sides, serializer),
            Self::BallAround { centre, radius } => {
                let mut table = serializer.serialize_struct("Ball", 2)?;
                table.serialize_field("ball", radius)?;
                table.serialize_field("centre", centre)?;
                table.end()
            }
            Self::Basin => serializer.serialize_str("basin"),
            Self::SubLevel(level) => {
                let mut table = serializer.serialize_struct("SubLevel", 1)?;
                table.serialize_field("sublevel", level)?;
                table.end()
            }
            Self::Union(members) => {
                let mut table = serializer.serialize_struct("Union", 1)?;
                table.serialize_field("union", members)?;
                table.end()
            }
            Self::Ball(radius) => {
                let mut table = serializer.serialize_struct("Ball", 1)?;
                table.serialize_field("ball", radius)?;
                table.end()
            }
        }
    }
}

/// A closed set that stops a path.
#[derive(Debug, Clone, PartialEq)]
pub enum Target {
    /// `[lo, hi]`; either end may be infinite.
    Interval([f64; 2]),
    /// `[[lo, hi], ...]`: an interval a coordinate.
    Box(Vec<[f64; 2]>),
    /// `{ ball = r, centre = c }`.
    Ball {
        /// `centre`: a number or a list of them.
        centre: Vec<f64>,
        /// `ball`: the radius, finite and above 0.
        radius: f64,
    },
}

impl Serialize for Target {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let same = match self {
            Self::Interval(ends) => Domain::Interval(*ends),
            Self::Box(sides) => Domain::Box(sides.clone()),
            Self::Ball { centre, radius } => Domain::BallAround { centre: centre.clone(), radius: *radius },
        };
        same.serialize(serializer)
    }
}

/// The minima that a transition or chain task starts from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FromMinima {
    /// `"all"`: each in turn.
    All,
    /// Numbers of minima, from 1, without repetition. Whether there are such minima is not known here.
    Minima(Vec<usize>),
}

impl Serialize for FromMinima {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::All => serializer.serialize_str("all"),
            Self::Minima(numbers) => numbers.serialize(serializer),
        }
    }
}

/// One `[[task]]`.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum TaskSpec {
    /// First exit: time, side and place.
    Exit {
        /// `start`; inside the domain.
        start: Start,
        /// `domain`; required unless there are targets, then by default the whole line.
        domain: Domain,
        /// `targets`: closed sets on landing in which a path stops too; default none. On the line they are
        /// apart from each other; elsewhere the first that holds the path counts.
        #[serde(skip_serializing_if = "Vec::is_empty")]
        targets: Vec<Target>,
        /// `survival_times`: times t of P(T > t), finite, above 0, not above `max_time`; default none.
        #[serde(skip_serializing_if = "Vec::is_empty")]
        survival_times: Vec<f64>,
        /// `landing`: the sets of P(X_T in [lo, hi]); default none. Ends may be infinite.
        #[serde(skip_serializing_if = "Vec::is_empty", serialize_with = "intervals")]
        landing: Vec<[f64; 2]>,
    },
    /// From a minimum until the delta-ball of another minimum.
    Transition {
        /// `from`; default `"all"`.
        from: FromMinima,
        /// `delta`: radius of the balls in units of x, finite and above 0; default 0.1.
        delta: f64,
        /// `survival_times` of the transition time, as for an exit.
        #[serde(skip_serializing_if = "Vec::is_empty")]
        survival_times: Vec<f64>,
    },
    /// In which well the path is at some times, how long it is in each, and how it goes from well to well.
    Chain {
        /// `from`, the minima in which paths start; default `"all"`.
        from: FromMinima,
        /// `times`, in units of the limit chain; finite, above 0, ascending, at least one.
        times: Vec<f64>,
        /// `delta`: radius of the cores in units of x, finite and above 0; default 0.1.
        delta: f64,
        /// `burn_in` before wells' occupation is counted, in units of the limit chain, finite, 0 or more; by default the
        /// program chooses.
        #[serde(skip_serializing_if = "Option::is_none")]
        burn_in: Option<f64>,
        /// `observe`: for how long it is counted, in the same units, finite and above 0; by default the program
        /// chooses.
        #[serde(skip_serializing_if = "Option::is_none")]
        observe: Option<f64>,
    },
    /// Whole trajectories, for looking.
    Path {
        /// `start`.
        start: Start,
        /// `end_time`: their length in units of t, finite and above 0.
        end_time: f64,
        /// `count`: how many, from 1 to 1000; default 5.
        count: u64,
    },
}

impl TaskSpec {
    /// Where its paths start, for tasks that say so.
    pub fn start(&self) -> Option<&Start> {
        match self {
            Self::Exit { start, .. } | Self::Path { start, .. } => Some(start),
            Self::Transition { .. } | Self::Chain { .. } => None,
        }
    }
}

/// One axis of `[sweep]`: a dotted key of the scenario and the values that it takes.
#[derive(Debug, Clone, PartialEq)]
pub struct SweepAxis {
    /// The key, such as `noise.epsilon` or `task.0.start` (tasks are numbered from 0).
    pub key: String,
    /// At least one value.
    pub values: Vec<toml::Value>,
}

fn sweep_table<S: Serializer>(axes: &[SweepAxis], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_map(axes.iter().map(|axis| (&axis.key, &axis.values)))
}

/// A file format of the figures.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum FigureFormat {
    /// Scalable, for the web.
    Svg,
    /// Scalable, for papers.
    Pdf,
    /// Pixels.
    Png,
}

impl From<FigureFormat> for levyscape_analyzer::figure::Format {
    fn from(format: FigureFormat) -> Self {
        match format {
            FigureFormat::Svg => Self::Svg,
            FigureFormat::Pdf => Self::Pdf,
            FigureFormat::Png => Self::Png,
        }
    }
}

/// `[output]`: where results go.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct OutputSpec {
    /// `dir`: the folder, seen from the current one; default `output/<name>`.
    pub dir: PathBuf,
    /// `formats` of the figures, at least one, without repetition; default all.
    pub formats: Vec<FigureFormat>,
    /// `theme`, the look of the figures; default `paper`. The report has them as on paper.
    pub theme: ThemeName,
    /// `exits_csv`: whether `exits.csv` is written beside `exits.parquet`; default false.
    pub exits_csv: bool,
}

/// `[landscape]`: where minima and saddles are looked for.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct LandscapeSpec {
    /// `window`: `[lo, hi]` in units of x, finite, and in several dimensions a list of such, one a coordinate;
    /// by default the program finds one.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "window")]
    pub window: Option<Vec<[f64; 2]>>,
}

impl LandscapeSpec {
    fn is_default(&self) -> bool {
        self.window.is_none()
    }
}

/// As it is written: that of the line without a list around it.
fn window<S: Serializer>(window: &Option<Vec<[f64; 2]>>, serializer: S) -> Result<S::Ok, S::Error> {
    match window.as_deref() {
        Some([side]) => side.serialize(serializer),
        sides => sides.serialize(serializer),
    }
}

/// `[theory]`: how the theory is written down.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct TheorySpec {
    /// `normalisation` of the Lévy measure, default `levyscape`.
    pub normalisation: Normalisation,
}

impl TheorySpec {
    fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

/// `theory.normalisation`: the process for which the limit chain is written down beside ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Normalisation {
    /// `E exp(iwL_t) = exp(-t|w|^alpha)`, Lévy measure `c_alpha |y|^(-1-alpha) dy`: that of the equation.
    #[default]
    Levyscape,
    /// Beside it, the papers' Lévy measure `|y|^(-1-alpha) dy`.
    Pavlyukevich,
}

impl Normalisation {
    /// Both, the default first.
    pub const ALL: [Self; 2] = [Self::Levyscape, Self::Pavlyukevich];

    /// Name in scenarios.
    pub fn name(self) -> &'static str {
        match self {
            Self::Levyscape => "levyscape",
            Self::Pavlyukevich => "pavlyukevich",
        }
    }
}

/// A number in the words of a scenario: infinite ones are `"inf"` and `"-inf"`.
struct Extended(f64);

impl Extended {
    fn pair(ends: &[f64; 2]) -> [Self; 2] {
        ends.map(Self)
    }
}

impl Serialize for Extended {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            f64::INFINITY => serializer.serialize_str("inf"),
            f64::NEG_INFINITY => serializer.serialize_str("-inf"),
            x => serializer.serialize_f64(x),
        }
    }
}

fn optional_extended<S: Serializer>(x: &Option<f64>, serializer: S) -> Result<S::Ok, S::Error> {
    x.map(Extended).serialize(serializer)
}

fn seconds<S: Serializer>(seconds: &f64, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&format!("{seconds}s"))
}

fn intervals<S: Serializer>(list: &[[f64; 2]], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(list.iter().map(Extended::pair))
}
