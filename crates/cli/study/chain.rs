//! The task `chain`: which well the path is in, on the time scale of the limit chain.

use levyscape_analyzer::estimate::{Estimate, density_edges};
use levyscape_analyzer::exact::nonlocal::{Generator, WellChain};
use levyscape_analyzer::landscape::Landscape;
use levyscape_analyzer::study::ChainData;
use levyscape_analyzer::summary::{BiasResult, OtherDelta, QuantityResult};
use levyscape_analyzer::theory::{self, LimitChain, MarkovChain, StoppedProblem};
use levyscape_engine::{Watch, WellPaths, WellStepping, Wells};
use levyscape_integrator::rng::LANES;
use levyscape_integrator::{Potential, SchemeKind, Sde, StreamKey};

use super::method::chain::SimulatedChain;
use super::problem::{Context, Problem};
use crate::errors::ScenarioError;
use crate::scenario::{self, EnsembleSpec, FromMinima, Method, Scenario, SchemeChoice, TaskSpec};

/// The default burn-in ends when the laws of the chain from any two states are this close in total variation.
const FORGOTTEN: f64 = 0.005;
/// The default burn-in is no longer than so many times the latest time.
const LONGEST_BURN_IN: f64 = 200.0;
/// Times whose ratios have a denominator up to this lie on the time grid exactly.
const LARGEST_DENOMINATOR: u64 = 64;
/// A path does not take more pairs of steps than this.
const MOST_PAIRS: f64 = 1e12;
/// Beyond so many standard errors of their difference, entries of the generator depend on the radius of the cores.
const BEYOND_NOISE: f64 = 4.0;

/// A task `chain`, ready to be simulated. Wells and minima are numbered from 0 here.
pub struct ChainTask {
    /// Where paths start.
    pub starts: Vec<usize>,
    pub wells: Wells,
    pub limit: LimitChain,
    /// The unit of the task's times in units of the equation: `epsilon^-alpha`; for Gaussian noise the shortest of the
    /// chain's mean holding times.
    pub unit: f64,
    /// Times at which the well is looked at, in that unit.
    pub times: Vec<f64>,
    /// Radii of the cores: the task's own, then those that it is checked against.
    pub radii: [f64; 3],
    /// Before and while occupation is counted, in the unit.
    pub burn_in: f64,
    pub observe: f64,
    pub window: [f64; 2],
    /// Edges of the cells in which the long-run density is counted.
    pub cells: Vec<f64>,
    /// The step that puts the times on the grid.
    pub step: f64,
    /// The times in pairs of steps.
    pub pairs: Vec<u64>,
    /// The process itself in place of its limit, where its equation can be solved.
    pub exact: Option<WellChain>,
}

impl ChainTask {
    /// Reads the task in the light of its landscape and noise. The step is still to be fitted.
    ///
    /// # Errors
    /// Fewer than two minima, a minimum that there is not, cores that leave their wells, noise without limit chain, a
    /// method or a scheme that the task does not have.
    pub fn new(context: &Context<'_>, number: usize, scenario: &Scenario) -> Result<Self, ScenarioError> {
        let Some(TaskSpec::Chain { from, times, delta, burn_in, observe }) = scenario.tasks.get(number)
        else {
            return Err(context.error(&format!("task.{number}"), "is no chain", None));
        };
        let key = |name: &str| format!("task.{number}.{name}");
        let landscape = context.landscape;
        let minima: Vec<f64> = landscape.minima.iter().map(|minimum| minimum.x).collect();
        context.check_several_minima(number, "a chain")?;
        if !scenario.ensemble.method.counts_paths() {
            let message = format!(
                "the task \"chain\" follows paths of a given length: the method {} does not",
                scenario.ensemble.method.name()
            );
            let help = Some("take `method = \"plain\"`, or another scenario for the chain".to_owned());
            return Err(context.error("ensemble.method", message, help));
        }
        if let SchemeChoice::Clocked(kind) = scenario.scheme.kind {
            let message =
                format!("the task \"chain\" steps on a time grid: the scheme {} does not", kind.name());
            return Err(context.error("scheme.kind", message, None));
        }
        let Some(limit) = LimitChain::new(landscape, context.noise) else {
            let message =
                "there is no limit chain for this noise and landscape, and so no unit of time for a chain";
            let help = "it needs Brownian or stable noise of constant amplitude and a potential that rises at both ends";
            return Err(context.error(&key("kind"), message, Some(help.to_owned())));
        };
        let between = landscape.saddles.iter().map(|saddle| saddle.x);
        let between = between.filter(|x| minima.first() < Some(x) && Some(x) < minima.last()).collect();
        let wells = Wells::new(minima.clone(), between)
            .map_err(|error| context.error(&key("kind"), error.to_string(), None))?;
        let largest = wells.largest_core();
        if *delta >= largest {
            return Err(context.error(
                &key("delta"),
                format!("delta = {delta} is too large: a core reaches the edge of its well"),
                Some(format!("the nearest edge is {largest} from its minimum")),
            ));
        }
        let mut starts = Vec::new();
        for minimum in match from {
            FromMinima::All => (1..=minima.len()).collect(),
            FromMinima::Minima(numbers) => numbers.clone(),
        } {
            if minimum > minima.len() {
                let message = format!("there is no minimum {minimum}: this potential has {}", minima.len());
                return Err(context.error(&key("from"), message, None));
            }
            starts.push(minimum - 1);
        }
        let fastest = (0..limit.chain.len()).map(|state| limit.chain.exit_rate(state)).fold(0.0, f64::max);
        let unit =
            if context.noise.diffusion().is_some() { limit.time_unit / fastest } else { limit.time_unit };
        if !(unit.is_finite() && fastest > 0.0) {
            let message = "no well is ever left: the rates of the limit chain are 0 to all digits";
            return Err(context.error(&key("kind"), message, None));
        }
        let latest = times.iter().copied().fold(0.0, f64::max);
        let burn_in = burn_in.unwrap_or_else(|| {
            let most = LONGEST_BURN_IN * latest;
            // In the chain's own unit, and back.
            let scale = unit / limit.time_unit;
            (forgetting_time(&limit.chain, most * scale) / scale).min(most)
        });
        let whole = StoppedProblem::exit(minima[starts[0]], f64::NEG_INFINITY, f64::INFINITY);
        Ok(Self {
            starts,
            wells,
            limit,
            unit,
            times: times.clone(),
            radii: [*delta, 0.5 * delta, (2.0 * delta).min(0.5 * (delta + largest))],
            burn_in,
            observe: observe.unwrap_or(burn_in.max(latest)),
            window: context.window(&whole),
            cells: density_edges(landscape, context.noise),
            step: 0.0,
            pairs: Vec::new(),
            exact: None,
        })
    }

    /// Problems of the starts, as far as they decide on the step.
    pub fn problems(&self, landscape: &Landscape) -> Vec<StoppedProblem> {
        let minimum = |start: &usize| landscape.minima[*start].x;
        let whole = |start| StoppedProblem::exit(minimum(start), f64::NEG_INFINITY, f64::INFINITY);
        self.starts.iter().map(whole).collect()
    }

    /// Shortens the step so that the times lie on the grid, or, where they have no small common divisor, the last
    /// one does and the others are less than a step away.
    ///
    /// # Errors
    /// What is wrong, where a path would take too many steps.
    pub fn fit(&mut self, step: f64) -> Result<(), String> {
        let latest = self.times.iter().copied().fold(0.0, f64::max);
        let whole = |x: f64| (x - x.round()).abs() <= 1e-9 * x.max(1.0);
        let divisor = (1..=LARGEST_DENOMINATOR)
            .find(|m| self.times.iter().all(|t| whole(t / latest * *m as f64)))
            .unwrap_or(1) as f64;
        let pairs = divisor * (latest * self.unit / (2.0 * step * divisor)).ceil();
        let most = pairs.max((self.burn_in + self.observe) / latest * pairs);
        if most.is_nan() || most > MOST_PAIRS {
            return Err(format!(
                "a path would take {:.0e} steps of length {step}: the unit of the chain is {:.3e}",
                2.0 * most,
                self.unit
            ));
        }
        self.step = latest * self.unit / (2.0 * pairs);
        self.pairs = self.times.iter().map(|t| (t / latest * pairs).round() as u64).collect();
        Ok(())
    }

    /// Asks the exact equation what is asked of the paths.
    pub fn solve(
        &mut self,
        potential: &dyn Potential,
        landscape: &Landscape,
        noise: theory::NoiseLaw,
        tolerance: f64,
    ) {
        let Some(generator) = Generator::new(potential, noise) else { return };
        let starts: Vec<f64> = self.starts.iter().map(|start| landscape.minima[*start].x).collect();
        let times: Vec<f64> = self.pairs.iter().map(|pairs| 2.0 * *pairs as f64 * self.step).collect();
        self.exact = WellChain::new(&generator, landscape, &starts, &times, tolerance).ok();
    }

    fn in_pairs(&self, time: f64) -> u64 {
        (time * self.unit / (2.0 * self.step)).round() as u64
    }

    fn watches(&self) -> [Watch; 2] {
        let burn_in = self.in_pairs(self.burn_in);
        let end = burn_in + self.in_pairs(self.observe).max(1);
        [
            Watch::Places { pairs: self.pairs.clone() },
            Watch::Visits { burn_in, end, radii: self.radii.to_vec() },
        ]
    }

    /// Steps `h` of one path that is looked at at the times, and of one whose visits are counted.
    pub fn steps(&self) -> [u64; 2] {
        self.watches().map(|watch| 2 * watch.length())
    }

    /// The number of paths from a start whose visits are counted, where the other number is given: together they take
    /// as many steps, but there are no fewer than are simulated together.
    pub fn long_paths(&self, paths: u64) -> u64 {
        let [short, long] = self.steps().map(|steps| steps as f64);
        ((paths as f64 * short / long).ceil() as u64).max(LANES as u64)
    }

    /// The paths that are looked at at the times, and those whose visits are counted; the latter have random streams
    /// of their own.
    ///
    /// # Errors
    /// An equation that cannot be stepped so.
    pub fn paths<'a>(
        &self,
        sde: &'a Sde<'a>,
        scheme: SchemeKind,
        pair: bool,
        key: StreamKey,
    ) -> Result<[WellPaths<'a>; 2], levyscape_engine::EngineError> {
        let stepping = WellStepping { scheme, step: self.step, pair, window: self.window };
        let [places, visits] = self.watches();
        let build =
            |watch, key| WellPaths::new(sde, self.wells.clone(), self.starts.clone(), watch, &stepping, key);
        let long = StreamKey { task: key.task + (1 << 32), ..key };
        Ok([build(places, key)?, build(visits, long)?.with_histogram(self.cells.clone())])
    }

    /// `exp(Qt)` at each time of the grid: by time, start and well.
    fn transition_matrices(&self) -> Vec<Vec<Vec<f64>>> {
        let at = |pairs: &u64| 2.0 * *pairs as f64 * self.step / self.limit.time_unit;
        self.pairs.iter().map(|pairs| self.limit.chain.transition_matrix(at(pairs))).collect()
    }

    /// What a `check` says of it.
    pub fn describe(&self) -> String {
        let starts: Vec<String> = self.starts.iter().map(|start| (start + 1).to_string()).collect();
        format!(
            "chain from minima {}, up to {} units of {:.6e}; occupation and generator over {:.4} units after a burn-in \
             of {:.4}, step {:.4e}",
            starts.join(", "),
            self.times.last().copied().unwrap_or(0.0),
            self.unit,
            self.observe,
            self.burn_in,
            self.step
        )
    }
}

/// The time from which on the laws from any two states are at most [`FORGOTTEN`] apart in total variation, or `most`
/// where that is later. Their distance never grows.
fn forgetting_time(chain: &MarkovChain, most: f64) -> f64 {
    let forgotten = |t: f64| {
        let laws = chain.transition_matrix(t);
        let apart = |a: &[f64], b: &[f64]| 0.5 * a.iter().zip(b).map(|(a, b)| (a - b).abs()).sum::<f64>();
        laws.iter().all(|a| laws.iter().all(|b| apart(a, b) <= FORGOTTEN))
    };
    let (mut low, mut high) = (0.0, most);
    if !forgotten(high) {
        return most;
    }
    for _ in 0..40 {
        let middle = 0.5 * (low + high);
        if forgotten(middle) { high = middle } else { low = middle }
    }
    high
}

/// The rows of `summary.json`; without a simulation those of theory and the exact equation alone.
pub fn results(number: usize, task: &ChainTask, simulated: Option<&SimulatedChain>) -> Vec<QuantityResult> {
    let replicas = |stage: usize| simulated.map_or(0, |simulated| simulated.replicas[stage]);
    let probability = |index: usize, well: usize| simulated?.places.probability(index, well);
    let result = |quantity: &str, estimate: Option<Estimate>, stage: usize| QuantityResult {
        task: number,
        kind: "chain".to_owned(),
        quantity: quantity.to_owned(),
        from: None,
        to: None,
        set: None,
        t: None,
        axis: None,
        target: None,
        well: None,
        delta: None,
        other_deltas: Vec::new(),
        estimate: estimate.as_ref().map(|estimate| estimate.value),
        std_error: estimate.as_ref().map(|estimate| estimate.std_error),
        ci95: estimate.as_ref().map(|estimate| estimate.ci95),
        method: simulated.map_or("exact", |_| Method::Plain.name()).to_owned(),
        step: task.step,
        paths: replicas(stage) * task.starts.len() as u64,
        censored: 0,
        diverged: simulated.map_or(0, |simulated| simulated.lost(stage)[0]),
        steps: replicas(stage) * task.starts.len() as u64 * task.steps()[stage],
        discretisation_bias: estimate
            .as_ref()
            .and_then(|estimate| estimate.bias.as_ref())
            .map(BiasResult::from),
        levels: Vec::new(),
        asymptotic: None,
        exact: None,
        exact_error: None,
        verdict: None,
    };
    let mut results = Vec::new();
    let matrices = task.transition_matrices();
    let (wells, times) = (task.wells.count(), task.times.len());
    for (position, start) in task.starts.iter().enumerate() {
        for (time, t) in task.times.iter().enumerate() {
            for (well, &limit) in matrices[time][*start].iter().enumerate() {
                let row = result("chain_probability", probability(position * times + time, well), 0);
                let exact = task.exact.as_ref().map(|exact| exact.transition[time][position][well]);
                results.push(QuantityResult {
                    from: Some(start + 1),
                    to: Some(well + 1),
                    t: Some(*t),
                    // Of this start alone.
                    paths: replicas(0),
                    steps: replicas(0) * task.steps()[0],
                    asymptotic: Some(limit),
                    exact: exact.map(|exact| exact.value),
                    exact_error: exact.map(|exact| exact.error),
                    ..row
                });
            }
        }
    }
    for (time, t) in task.times.iter().enumerate() {
        // Of all entries the one that is furthest off, with the errors of that entry. Where the exact law is known, it
        // says which: the largest of several estimates is too large on average.
        let entries = task.starts.iter().enumerate().flat_map(|(position, start)| {
            let limit = &matrices[time][*start];
            (0..wells).map(move |well| {
                let exact = task.exact.as_ref().map(|exact| exact.transition[time][position][well]);
                let estimate = probability(position * times + time, well);
                let off = exact.map(|exact| exact.value).or(estimate.as_ref().map(|of| of.value));
                let off = off.map_or(0.0, |value| value - limit[well]);
                (off, exact.map(|exact| exact.error), estimate.map(|of| distance(of, limit[well], off < 0.0)))
            })
        });
        let Some((off, exact_error, estimate)) = entries.max_by(|a, b| a.0.abs().total_cmp(&b.0.abs()))
        else {
            continue;
        };
        let exact = exact_error.map(|_| off.abs());
        results.push(QuantityResult {
            t: Some(*t),
            exact,
            exact_error,
            ..result("chain_deviation", estimate, 0)
        });
    }
    let stationary = task.limit.chain.stationary();
    for well in 0..wells {
        let exact = task.exact.as_ref().map(|exact| exact.stationary[well]);
        results.push(QuantityResult {
            well: Some(well + 1),
            asymptotic: stationary.as_ref().map(|law| law[well]),
            exact: exact.map(|exact| exact.value),
            exact_error: exact.map(|exact| exact.error),
            ..result("occupation", simulated.and_then(|simulated| simulated.visits.occupation(well)), 1)
        });
    }
    let unit = task.limit.time_unit;
    for (from, to) in entries(wells) {
        let estimate = simulated.and_then(|simulated| simulated.visits.generator_entry(0, from, to));
        let estimate = estimate.map(|estimate| scaled(estimate, unit));
        let other_deltas = task.radii.iter().enumerate().skip(1).filter_map(|(radius, &delta)| {
            let other = simulated?.visits.against_first_radius(radius, from, to)?;
            let [estimate, difference, std_error] =
                [other.estimate, other.difference, other.std_error].map(|rate| rate * unit);
            Some(OtherDelta { delta, estimate, difference, std_error })
        });
        results.push(QuantityResult {
            from: Some(from + 1),
            to: Some(to + 1),
            delta: Some(task.radii[0]),
            other_deltas: other_deltas.collect(),
            asymptotic: Some(task.limit.chain.rate(from, to)),
            ..result("generator_entry", estimate, 1)
        });
    }
    results
}

/// What figures keep of it.
pub fn data(number: usize, task: &ChainTask, simulated: SimulatedChain) -> ChainData {
    let exact = task.exact.as_ref().map_or_else(Vec::new, |exact| exact.density.clone());
    ChainData { task: number, density: simulated.density, exact }
}

/// Pairs of different wells.
fn entries(wells: usize) -> impl Iterator<Item = (usize, usize)> {
    (0..wells).flat_map(move |from| (0..wells).filter(move |to| *to != from).map(move |to| (from, to)))
}

/// How far an estimate is above a value, or below it, with the same errors.
fn distance(estimate: Estimate, value: f64, below: bool) -> Estimate {
    let [low, high] = estimate.ci95.map(|end| end - value);
    let off = estimate.value - value;
    let (off, ci95) = if below { (-off, [-high, -low]) } else { (off, [low, high]) };
    Estimate { value: off, ci95, bias: None, ..estimate }
}

/// The estimate in other units.
fn scaled(estimate: Estimate, unit: f64) -> Estimate {
    let mut bias = estimate.bias;
    if let Some(bias) = &mut bias {
        for value in [&mut bias.estimate, &mut bias.std_error, &mut bias.fine, &mut bias.coarse] {
            *value *= unit;
        }
    }
    Estimate {
        value: estimate.value * unit,
        std_error: estimate.std_error * unit,
        ci95: estimate.ci95.map(|end| end * unit),
        bias,
    }
}

/// What a reader must know before using the numbers.
pub fn warnings(
    place: &str,
    task: &ChainTask,
    spec: &EnsembleSpec,
    simulated: &SimulatedChain,
) -> Vec<String> {
    let mut warnings = Vec::new();
    if simulated.reached == Some(false) {
        warnings.push(format!(
            "{place}: the relative error that was asked for was not reached after {} paths and {} long ones; take more \
             paths or, where the step error is what is left, a smaller step",
            simulated.replicas[0], simulated.replicas[1]
        ));
    }
    if !spec.step_bias {
        warnings.push(format!("{place}: the step error is not measured: compare with another step"));
    }
    warnings.extend(memory_of_the_start(task, simulated).map(|words| format!("{place}: {words}")));
    warnings.extend(dependence_on_delta(task, simulated).map(|words| format!("{place}: {words}")));
    warnings
}

/// Whether the limit chain, from the same starts and over the same time, is off its stationary law by more than half a
/// standard error of the occupation.
fn memory_of_the_start(task: &ChainTask, simulated: &SimulatedChain) -> Option<String> {
    const NODES: u32 = 64;
    let law = task.limit.chain.stationary()?;
    let scale = task.unit / task.limit.time_unit;
    let mut mean = vec![0.0; law.len()];
    for node in 0..NODES {
        let t = task.burn_in + task.observe * (f64::from(node) + 0.5) / f64::from(NODES);
        let matrix = task.limit.chain.transition_matrix(t * scale);
        for start in &task.starts {
            for (mean, p) in mean.iter_mut().zip(&matrix[*start]) {
                *mean += p / f64::from(NODES) / task.starts.len() as f64;
            }
        }
    }
    let off = law.iter().zip(&mean).enumerate().filter_map(|(well, (law, mean))| {
        let error = simulated.visits.occupation(well)?.std_error;
        ((mean - law).abs() > 0.5 * error).then_some((well, mean - law))
    });
    let (well, off) = off.max_by(|a, b| a.1.abs().total_cmp(&b.1.abs()))?;
    Some(format!(
        "the occupation still remembers the start: after the burn-in of {:.4} units the limit chain is in well {} {:+.2e} more \
         of the time than its stationary law; take a longer burn_in or observe",
        task.burn_in,
        well + 1,
        off
    ))
}

/// Which entry of the generator depends most on the radius of the cores, if any does by more than chance.
fn dependence_on_delta(task: &ChainTask, simulated: &SimulatedChain) -> Option<String> {
    let visits = &simulated.visits;
    let mut differing = Vec::new();
    for (from, to) in entries(task.wells.count()) {
        for (radius, &delta) in task.radii.iter().enumerate().skip(1) {
            if let Some(other) = visits.against_first_radius(radius, from, to)
                && other.difference.abs() > BEYOND_NOISE * other.std_error
                && other.std_error > 0.0
            {
                let first = other.estimate - other.difference;
                differing.push((other.difference / first, other.std_error / first, from, to, delta));
            }
        }
    }
    let &(share, error, from, to, delta) = differing.iter().max_by(|a, b| a.0.abs().total_cmp(&b.0.abs()))?;
    Some(format!(
        "generator entries depend on the radius of the cores by more than chance ({} of {} comparisons), most of all \
         {} -> {}: {:+.2} % (standard error {:.2} %) at delta = {delta} against {}; the way between cores is not short \
         against the time in them",
        differing.len(),
        2 * entries(task.wells.count()).count(),
        from + 1,
        to + 1,
        100.0 * share,
        100.0 * error,
        task.radii[0]
    ))
}

/// Why the numbers must not be used, if so.
pub fn failure(place: &str, problem: &Problem, simulated: &SimulatedChain) -> Option<String> {
    let lost = |grid: usize| simulated.lost(0)[grid] + simulated.lost(1)[grid];
    let scheme = problem.scheme_name();
    if lost(0) > 0 {
        return Some(format!(
            "{place}: {} paths left the finite numbers under scheme {scheme}, and the estimates lack them",
            lost(0)
        ));
    }
    (lost(1) > 0).then(|| {
        format!(
            "{place}: {} companions at twice the step left the finite numbers under scheme {scheme}: the step correction \
             cannot be trusted",
            lost(1)
        )
    })
}

/// Expected steps, both grids together; `None` where the number of paths is not known.
pub fn cost(task: &ChainTask, spec: &EnsembleSpec) -> Option<f64> {
    let paths = match spec.relative_error {
        Some(_) => return None,
        None => spec.paths.unwrap_or(scenario::DEFAULT_PATHS),
    };
    let [short, long] = task.steps().map(|steps| steps as f64);
    let steps = (paths as f64 * short + task.long_paths(paths) as f64 * long) * task.starts.len() as f64;
    Some(if spec.step_bias { 1.5 * steps } else { steps })
}
