//! From a point of the scenario to equations, starts, stop regions and steps.

use std::sync::Arc;

use levyscape_analyzer::estimate::{ExitPlaces, Property, Questions};
use levyscape_analyzer::exact;
use levyscape_analyzer::landscape::Landscape;
use levyscape_analyzer::theory::{self, StoppedProblem};
use levyscape_engine::{Region, Stepping, Stop, StopRegion};
use levyscape_integrator::math::pow;
use levyscape_integrator::noise::Noise;
use levyscape_integrator::potential::{ExpressionField, FieldError};
use levyscape_integrator::scheme::{Choice, ClockedKind, Geometry, choose, euler_blow_up_rate};
use levyscape_integrator::{
    Drift, IntegratorError, Interpretation, NoiseLaw, Potential, PotentialDrift, SchemeKind, Sde,
};

use crate::errors::ScenarioError;
use crate::scenario::{
    self, Domain, EnsembleSpec, Epsilon, FromMinima, NoiseKind, Normalisation, Scenario, ScenarioFile,
    SchemeChoice, Start, Target, TaskSpec,
};

use super::chain::ChainTask;
use super::force::Force;
use super::method;
use super::noise;
use super::space::{self, SpaceTask};

/// A path that takes more steps than this before it ends is censored unless the scenario says otherwise.
const MOST_STEPS: f64 = 1e9;
/// All paths of a task together take no more steps than this unless the scenario says otherwise.
const MOST_STEPS_TOGETHER: f64 = 1e12;
/// Relative error to which exact values are computed.
const EXACT_TOLERANCE: f64 = 1e-5;
/// The horizon in units of the mean time that theory expects, unless the scenario gives one.
const HORIZON_IN_MEANS: f64 = 100.0;

/// One point of the sweep, ready to be simulated.
pub struct Problem {
    pub force: Force,
    pub landscape: Landscape,
    pub law: NoiseLaw,
    pub noise: Box<dyn Noise>,
    pub theory_noise: theory::NoiseLaw,
    /// The amplitude of each coordinate; where it depends on the place, that at the first start.
    pub epsilon: Vec<f64>,
    /// The amplitude as a function of the place.
    pub multiplicative: Option<(Arc<ExpressionField>, Interpretation)>,
    /// Scheme and step of the point, the finest that any of its tasks asks for.
    pub choice: Choice,
    /// Whether the scenario gives the step.
    pub step_is_given: bool,
    /// Instead of the choice's scheme: one that gives every path a clock of its own.
    pub clocked: Option<ClockedKind>,
    /// Whether the limit chain is wanted in the papers' normalisation, too.
    pub papers_normalisation: bool,
    pub tasks: Vec<Task>,
}

impl Problem {
    /// The scheme's name.
    pub fn scheme_name(&self) -> &'static str {
        self.clocked.map_or(self.choice.kind.name(), ClockedKind::name)
    }

    /// The equation.
    ///
    /// # Errors
    /// Parameters that the scenario's checks let pass and the equation does not.
    pub fn sde(&self) -> Result<Sde<'_>, IntegratorError> {
        let builder = match &self.force.field {
            Some(field) => Sde::builder().drift(Arc::clone(field)),
            None => Sde::builder().potential(self.force.potential.as_ref()),
        };
        let builder = builder.noise(&self.law);
        match &self.multiplicative {
            Some((field, interpretation)) => builder.multiplicative(Arc::clone(field), *interpretation),
            None => builder.epsilons(&self.epsilon),
        }
        .build()
    }

    /// Solves the exact equations of all starts again, to this relative error.
    pub fn solve_exactly(&mut self, tolerance: f64) {
        let potential = self.force.potential.as_ref();
        for task in &mut self.tasks {
            match task {
                Task::Ensembles(starts) => {
                    for start in starts.iter_mut().filter(|start| start.space.is_none()) {
                        start.solve(potential, &self.landscape, self.theory_noise, tolerance);
                    }
                }
                Task::Chain(chain) => {
                    chain.solve(potential, &self.landscape, self.theory_noise, tolerance);
                }
                Task::Paths { .. } => {}
            }
        }
    }

    /// The amplitude as one number: that of the first coordinate.
    pub fn one_epsilon(&self) -> f64 {
        self.epsilon.first().copied().unwrap_or(f64::NAN)
    }
}

/// What a task of the scenario asks for.
pub enum Task {
    Ensembles(Vec<EnsembleTask>),
    Chain(Box<ChainTask>),
    Paths { start: f64, end_time: f64, count: u64, window: [f64; 2] },
}

impl Task {
    /// Its starts, where it has paths that end.
    pub fn starts(&self) -> &[EnsembleTask] {
        match self {
            Self::Ensembles(starts) => starts,
            Self::Paths { .. } | Self::Chain(_) => &[],
        }
    }
}

/// One start of an `exit` or `transition` task.
pub struct EnsembleTask {
    pub from: Option<usize>,
    /// In several dimensions: what takes the place of `problem`.
    pub space: Option<SpaceTask>,
    pub problem: StoppedProblem,
    /// The minimum (from 1) that each target belongs to, for transitions.
    pub target_minima: Vec<usize>,
    pub survival_times: Vec<f64>,
    pub landing: Vec<[f64; 2]>,
    pub max_time: f64,
    /// Whether `max_time` was chosen by the program.
    pub default_horizon: bool,
    pub window: [f64; 2],
    /// Rate per unit time at which the scheme that runs throws a path out by exploding.
    pub blow_up_rate: f64,
    pub theory: Option<theory::StoppedTheory>,
    pub transition: Option<theory::TransitionTheory>,
    pub exact: exact::Solution,
}

impl EnsembleTask {
    pub fn region(&self) -> Region {
        if let Some(space) = &self.space {
            return space.region.clone().into();
        }
        let StoppedProblem { lower, upper, targets, .. } = &self.problem;
        StopRegion { lower: *lower, upper: *upper, targets: targets.clone() }.into()
    }

    /// What is asked of the paths, in the order in which the results are reported: in several dimensions the
    /// coordinate of the exit, for transitions the target, else the right end and the landing sets.
    pub fn questions(&self) -> Questions {
        let properties = if let Some(space) = &self.space {
            let targets = (0..space.region.targets.len()).map(|k| Property::Stop(Stop::Target(k as u32)));
            (0..space.start.len()).map(|axis| Property::Axis(axis as u32)).chain(targets).collect()
        } else if self.from.is_some() {
            let targets = 0..self.target_minima.len();
            targets.map(|target| Property::Stop(Stop::Target(target as u32))).collect()
        } else {
            let landing = self.landing.iter().map(|&set| Property::Landing(set));
            core::iter::once(Property::Stop(Stop::Upper)).chain(landing).collect()
        };
        Questions { properties, survival_times: self.survival_times.clone() }
    }

    /// Where paths leave, seen from the minimum below their start or, without one, from the start: for exits on the line
    /// by jumps.
    pub fn exit_places(&self, problem: &Problem) -> Option<ExitPlaces> {
        if self.from.is_some() || self.space.is_some() || !problem.noise.has_jumps() {
            return None;
        }
        let StoppedProblem { start, lower, upper, .. } = self.problem;
        let minimum = problem.landscape.basin_of(start).map(|well| problem.landscape.minima[well].x);
        let centre = minimum.filter(|x| !self.problem.stops_at(*x)).unwrap_or(start);
        (lower < centre && centre < upper).then(|| ExitPlaces::new(centre, [lower, upper]))
    }

    /// Asks the exact equation what is asked of the paths.
    fn solve(
        &mut self,
        potential: &dyn Potential,
        landscape: &Landscape,
        noise: theory::NoiseLaw,
        tolerance: f64,
    ) {
        let landing = if self.from.is_some() { &self.problem.targets } else { &self.landing };
        let questions = exact::nonlocal::Questions {
            landing: landing.clone(),
            survival_times: self.survival_times.clone(),
            tolerance,
        };
        self.exact = exact::solve(potential, landscape, noise, &self.problem, &questions);
    }

    pub fn start(&self) -> Vec<f64> {
        match &self.space {
            Some(space) => space.start.clone(),
            None => vec![self.problem.start],
        }
    }

    /// The exact mean of the task's time, where one is known.
    pub fn exact_mean(&self) -> Option<f64> {
        match &self.space {
            Some(space) => space.exact_mean,
            None => self.exact.mean_value(),
        }
    }

    /// The small-noise mean of the task's time.
    pub fn asymptotic_mean(&self) -> Option<f64> {
        if let Some(space) = &self.space {
            return space.theory.as_ref().map(|theory| theory.mean);
        }
        match (&self.transition, &self.theory) {
            (Some(transition), _) => Some(transition.mean),
            (None, Some(theory)) if self.from.is_none() => Some(theory.mean),
            _ => None,
        }
    }

    pub fn stepping(&self, choice: &Choice, clocked: Option<ClockedKind>, pair: bool) -> Stepping {
        Stepping {
            scheme: choice.kind,
            clocked,
            step: choice.step,
            max_time: self.max_time,
            pair,
            window: vec![self.window; self.start().len()],
        }
    }
}

/// Prepares one point of the sweep.
///
/// # Errors
/// What is wrong with the scenario in the light of its potential: an expression that does not parse or
/// is not finite at a start, a minimum that does not exist, a start where the path stops at once.
pub fn prepare(file: &ScenarioFile, index: usize) -> Result<Problem, ScenarioError> {
    let (_, scenario) = &file.points()[index];
    let force = Force::new(file, index, scenario)?;
    let dimension = force.field.as_ref().map_or(1, |field| field.dimension());
    let window_error = |message: String| file.error_at(index, "landscape.window", message, None);
    let landscape = match (&force.field, scenario.landscape.window.as_deref()) {
        (Some(drift), window) => space::landscape(drift, window, &scenario.tasks)
            .map_err(|error| window_error(error.to_string()))?,
        (None, None) => Landscape::find(force.potential.as_ref(), None)
            .map_err(|error| window_error(error.to_string()))?,
        (None, Some([window])) => Landscape::find(force.potential.as_ref(), Some(*window))
            .map_err(|error| window_error(error.to_string()))?,
        (None, Some(window)) => {
            return Err(window_error(format!(
                "the window has {} intervals, the equation one coordinate",
                window.len()
            )));
        }
    };
    let (epsilon, multiplicative) = amplitude(file, index, scenario, &landscape)?;
    let law = noise::law(&scenario.noise, &epsilon)
        .map_err(|message| file.error_at(index, "noise.alpha", message, None))?;
    let noise = law.build().map_err(|error| file.error_at(index, "noise", error.to_string(), None))?;
    let theory_noise = if dimension == 1 {
        noise::for_theory(&scenario.noise, epsilon[0])
    } else {
        theory::NoiseLaw::Other { name: scenario.noise.kind.name(), epsilon: epsilon[0] }
    };
    let mut problem = Problem {
        force,
        landscape,
        law,
        noise,
        theory_noise,
        epsilon,
        multiplicative,
        choice: Choice {
            kind: SchemeKind::Splitting,
            step: scenario.scheme.step.unwrap_or(0.01),
            euler_blow_up_rate: 0.0,
            reason: "the scenario has no task".to_owned(),
        },
        step_is_given: scenario.scheme.step.is_some(),
        clocked: match scenario.scheme.kind {
            SchemeChoice::Clocked(kind) => Some(kind),
            _ => None,
        },
        papers_normalisation: scenario.theory.normalisation == Normalisation::Pavlyukevich,
        tasks: Vec::new(),
    };
    check_clocked(file, index, scenario, &problem)?;
    if dimension > 1 {
        space::prepare(file, index, &mut problem)?;
    } else {
        prepare_on_the_line(file, index, &mut problem)?;
    }
    // The samplers of some noises exist for some steps only.
    let place = if scenario.scheme.step.is_some() { "scheme.step" } else { "noise" };
    let sampler = problem.noise.sampler(problem.choice.step);
    sampler.map_err(|error| file.error_at(index, place, error.to_string(), None))?;
    check_method(file, index, scenario, &problem)?;
    Ok(problem)
}

/// Checks that the method fits every start of every task.
fn check_method(
    file: &ScenarioFile,
    index: usize,
    scenario: &Scenario,
    problem: &Problem,
) -> Result<(), ScenarioError> {
    let spec = &scenario.ensemble;
    if spec.method.counts_paths() {
        return Ok(());
    }
    let name = spec.method.name();
    if let Some(kind) = problem.clocked {
        let message = format!("the method {name} steps on a time grid: the scheme {} does not", kind.name());
        return Err(file.error_at(index, "ensemble.method", message, None));
    }
    for start in problem.tasks.iter().flat_map(Task::starts) {
        method::check(problem, start, spec, spec.method).map_err(|error| {
            let message = format!("the method {name} is not for this problem: {error}");
            file.error_at(index, "ensemble.method", message, None)
        })?;
    }
    Ok(())
}

/// Checks that a scheme with a clock for every path fits the problem.
fn check_clocked(
    file: &ScenarioFile,
    index: usize,
    scenario: &Scenario,
    problem: &Problem,
) -> Result<(), ScenarioError> {
    let Some(kind) = problem.clocked else { return Ok(()) };
    let fault = |message: String| file.error_at(index, "scheme.kind", message, None);
    if problem.force.field.is_some() || problem.multiplicative.is_some() {
        let message = "is for equations on the line with a constant amplitude";
        return Err(fault(format!("the scheme {} {message}", kind.name())));
    }
    if scenario.tasks.iter().any(|task| matches!(task, TaskSpec::Path { .. })) {
        return Err(fault(format!(
            "the scheme {} draws no sample paths: leave out the task \"path\"",
            kind.name()
        )));
    }
    let drift = PotentialDrift(problem.force.potential.as_ref());
    let (noise, epsilon) = (problem.noise.as_ref(), problem.one_epsilon());
    match kind.build(&drift, noise, epsilon, 1.0, [-1.0, 1.0], &[]) {
        Ok(_) => Ok(()),
        Err(error) => Err(fault(error.to_string())),
    }
}

/// The amplitude of each coordinate and, where it is one, the function of the place.
#[expect(clippy::type_complexity, reason = "two parts of one answer")]
fn amplitude(
    file: &ScenarioFile,
    index: usize,
    scenario: &Scenario,
    landscape: &Landscape,
) -> Result<(Vec<f64>, Option<(Arc<ExpressionField>, Interpretation)>), ScenarioError> {
    let variables = &scenario.potential.variables;
    let dimension = variables.len();
    match &scenario.noise.epsilon {
        Epsilon::Constant(epsilon) => Ok((vec![*epsilon; dimension], None)),
        Epsilon::Coordinates(epsilon) if epsilon.len() == dimension => Ok((epsilon.clone(), None)),
        Epsilon::Coordinates(epsilon) => Err(file.error_at(
            index,
            "noise.epsilon",
            format!("`noise.epsilon` has {} amplitudes, the equation {dimension} coordinates", epsilon.len()),
            None,
        )),
        Epsilon::Expression(text) => {
            let texts = vec![text.clone(); dimension];
            let field = ExpressionField::drift(&texts, variables, &scenario.potential.parameters);
            let field = field.map_err(|error| match error {
                FieldError::Expression { error, .. } => {
                    file.formula_error(index, "noise.epsilon", error.span, error.message, error.help)
                }
                other => file.error_at(index, "noise.epsilon", other.to_string(), None),
            })?;
            let mut place = vec![0.0; dimension];
            match scenario.tasks.iter().find_map(TaskSpec::start) {
                Some(Start::Point(x)) => place = vec![*x],
                Some(Start::Place(x)) => place.clone_from(x),
                start => {
                    let number = if let Some(Start::Minimum(number)) = start { *number } else { 1 };
                    if let (Some(minimum), [x]) = (landscape.minimum(number), &mut place[..]) {
                        *x = minimum.x;
                    }
                }
            }
            let mut epsilon = vec![f64::NAN; dimension];
            if place.len() == dimension {
                field.drift_at(&place, &mut epsilon);
            }
            if epsilon.iter().any(|epsilon| !epsilon.is_finite() || *epsilon == 0.0) {
                return Err(file.error_at(
                    index,
                    "noise.epsilon",
                    format!(
                        "the amplitude is {} at {place:?}: it must be finite and not 0 there",
                        epsilon[0]
                    ),
                    None,
                ));
            }
            let capped = |kind: &NoiseKind| matches!(kind, NoiseKind::CappedStable { .. });
            let some_capped = match &scenario.noise.kind {
                NoiseKind::Sum { parts } => parts.iter().any(|part| capped(&part.kind)),
                kind => capped(kind),
            };
            if some_capped {
                return Err(file.error_at(
                    index,
                    "noise.epsilon",
                    "jumps of X can be capped for a constant amplitude only",
                    Some("take `truncated_stable`, which limits the jumps of Z".to_owned()),
                ));
            }
            let epsilon = epsilon.iter().map(|epsilon| epsilon.abs()).collect();
            Ok((epsilon, Some((Arc::new(field), scenario.noise.interpretation))))
        }
    }
}

fn prepare_on_the_line(
    file: &ScenarioFile,
    index: usize,
    problem: &mut Problem,
) -> Result<(), ScenarioError> {
    let (_, scenario) = &file.points()[index];
    let potential = problem.force.potential.as_ref();
    let noise = problem.noise.as_ref();
    let epsilon = problem.one_epsilon();
    let context =
        Context { file, index, potential, landscape: &problem.landscape, noise: problem.theory_noise };
    let mut tasks = Vec::new();
    for (number, spec) in scenario.tasks.iter().enumerate() {
        tasks.push(context.task(number, spec, scenario)?);
    }
    let geometries: Vec<Geometry> = tasks
        .iter()
        .flat_map(|task| match task {
            Task::Ensembles(ensembles) => {
                ensembles.iter().map(|task| context.geometry(&task.problem, noise)).collect::<Vec<_>>()
            }
            Task::Chain(chain) => {
                let problems = chain.problems(context.landscape);
                problems.iter().map(|problem| context.geometry(problem, noise)).collect()
            }
            Task::Paths { start, .. } => {
                let whole = StoppedProblem::exit(*start, f64::NEG_INFINITY, f64::INFINITY);
                vec![context.geometry(&whole, noise)]
            }
        })
        .collect();
    let choice = choose_for_all(potential, noise, epsilon, &geometries, scenario);
    for (number, task) in tasks.iter_mut().enumerate() {
        if let Task::Chain(chain) = task {
            let fault = |message| context.error(&format!("task.{number}"), message, None);
            chain.fit(choice.step).map_err(fault)?;
            noise.sampler(chain.step).map_err(|error| fault(error.to_string()))?;
            chain.solve(potential, &problem.landscape, problem.theory_noise, 10.0 * EXACT_TOLERANCE);
        }
        if let Task::Ensembles(ensembles) = task {
            for ensemble in ensembles {
                ensemble.solve(potential, &problem.landscape, problem.theory_noise, EXACT_TOLERANCE);
                ensemble.set_horizon(&scenario.ensemble, choice.step);
                if choice.kind == SchemeKind::Euler {
                    let geometry = context.geometry(&ensemble.problem, noise);
                    ensemble.blow_up_rate =
                        euler_blow_up_rate(potential, noise, epsilon, &geometry, choice.step);
                }
            }
        }
    }
    problem.choice = choice;
    problem.tasks = tasks;
    Ok(())
}

/// The choice for the point: the finest step of its tasks, and the stable scheme if any of them needs it.
fn choose_for_all(
    potential: &dyn Potential,
    noise: &dyn Noise,
    epsilon: f64,
    geometries: &[Geometry],
    scenario: &Scenario,
) -> Choice {
    let kind = match scenario.scheme.kind {
        SchemeChoice::Auto => None,
        SchemeChoice::Given(kind) => Some(kind),
        // Its step is chosen as for the scheme that it refines.
        SchemeChoice::Clocked(_) => Some(SchemeKind::Splitting),
    };
    let choices =
        |step| geometries.iter().map(move |geometry| choose(potential, noise, epsilon, geometry, kind, step));
    let finest = choices(scenario.scheme.step).min_by(|a, b| a.step.total_cmp(&b.step));
    let Some(finest) = finest else {
        return Choice {
            kind: kind.unwrap_or(SchemeKind::Splitting),
            step: scenario.scheme.step.unwrap_or(0.01),
            euler_blow_up_rate: 0.0,
            reason: "the scenario has no task".to_owned(),
        };
    };
    // At the common step, the task that is worst for Euler decides the scheme.
    let worst = choices(Some(finest.step)).max_by(|a, b| {
        let key = |choice: &Choice| (choice.kind == SchemeKind::Splitting, choice.euler_blow_up_rate);
        let (a, b) = (key(a), key(b));
        a.0.cmp(&b.0).then(a.1.total_cmp(&b.1))
    });
    match worst {
        None => finest,
        Some(worst) if scenario.scheme.step.is_none() => {
            let why_step = finest.reason.split("; ").next().unwrap_or_default();
            let reason =
                if kind.is_some() { why_step.to_owned() } else { format!("{why_step}; {}", worst.reason) };
            Choice { reason, ..worst }
        }
        Some(worst) => worst,
    }
}

pub struct Context<'a> {
    file: &'a ScenarioFile,
    index: usize,
    potential: &'a dyn Potential,
    pub landscape: &'a Landscape,
    pub noise: theory::NoiseLaw,
}

impl Context<'_> {
    pub fn error(&self, key: &str, message: impl Into<String>, help: Option<String>) -> ScenarioError {
        self.file.error_at(self.index, key, message, help)
    }

    fn task(&self, number: usize, spec: &TaskSpec, scenario: &Scenario) -> Result<Task, ScenarioError> {
        match spec {
            TaskSpec::Exit { start, domain, targets, survival_times, landing } => {
                let start = self.start(number, start)?;
                let [lower, upper] = self.domain(&format!("task.{number}.domain"), domain, start)?;
                let targets = targets.iter().enumerate().map(|(k, target)| self.target(number, k, target));
                let targets = targets.collect::<Result<Vec<_>, _>>()?;
                let problem = StoppedProblem { start, lower, upper, targets };
                if problem.stops_at(start) {
                    return Err(self.error(
                        &format!("task.{number}.start"),
                        format!("the start {start} is not inside the domain ({lower}, {upper}), or lies in a target"),
                        Some("a path must start where it does not stop at once".to_owned()),
                    ));
                }
                if lower == f64::NEG_INFINITY && upper == f64::INFINITY && problem.targets.is_empty() {
                    return Err(self.error(
                        &format!("task.{number}.domain"),
                        "the path never stops: the domain is the whole line and there are no targets",
                        Some("give a finite end, or `targets`".to_owned()),
                    ));
                }
                let theory = theory::stopped(self.potential, self.landscape, self.noise, &problem);
                let mut task = self.ensemble(problem, theory, survival_times);
                task.landing.clone_from(landing);
                Ok(Task::Ensembles(vec![task]))
            }
            TaskSpec::Transition { from, delta, survival_times } => {
                self.transitions(number, from, *delta, survival_times)
            }
            TaskSpec::Chain { .. } => Ok(Task::Chain(Box::new(ChainTask::new(self, number, scenario)?))),
            TaskSpec::Path { start, end_time, count } => {
                let start = self.start(number, start)?;
                let whole = StoppedProblem::exit(start, f64::NEG_INFINITY, f64::INFINITY);
                Ok(Task::Paths { start, end_time: *end_time, count: *count, window: self.window(&whole) })
            }
        }
    }

    fn ensemble(
        &self,
        problem: StoppedProblem,
        theory: Option<theory::StoppedTheory>,
        survival_times: &[f64],
    ) -> EnsembleTask {
        EnsembleTask {
            from: None,
            space: None,
            window: self.window(&problem),
            problem,
            target_minima: Vec::new(),
            survival_times: survival_times.to_vec(),
            landing: Vec::new(),
            max_time: f64::INFINITY,
            default_horizon: true,
            blow_up_rate: 0.0,
            theory,
            transition: None,
            exact: exact::Solution::default(),
        }
    }

    /// Checks that there are two minima or more, which `what` needs.
    pub fn check_several_minima(&self, number: usize, what: &str) -> Result<(), ScenarioError> {
        let [lo, hi] = self.landscape.window;
        match self.landscape.minima.len() {
            2.. => Ok(()),
            count => Err(self.error(
                &format!("task.{number}.kind"),
                format!("{what} needs two minima; this potential has {count}"),
                Some(format!(
                    "minima are looked for between {lo} and {hi}; set `landscape.window` to look elsewhere"
                )),
            )),
        }
    }

    fn transitions(
        &self,
        number: usize,
        from: &FromMinima,
        delta: f64,
        survival_times: &[f64],
    ) -> Result<Task, ScenarioError> {
        self.check_several_minima(number, "a transition")?;
        let minima = &self.landscape.minima;
        let numbers = match from {
            FromMinima::All => (1..=minima.len()).collect(),
            FromMinima::Minima(numbers) => numbers.clone(),
        };
        let key = format!("task.{number}.from");
        let mut tasks = Vec::new();
        for from in numbers {
            let Some(problem) = StoppedProblem::transition(self.landscape, from.wrapping_sub(1), delta)
            else {
                return Err(self.error(
                    &key,
                    format!("there is no minimum {from}: this potential has {}", minima.len()),
                    None,
                ));
            };
            if problem.stops_at(problem.start) {
                return Err(self.error(
                    &format!("task.{number}.delta"),
                    format!("delta = {delta} is too large: minimum {from} lies in the ball of another"),
                    None,
                ));
            }
            let theory = theory::stopped(self.potential, self.landscape, self.noise, &problem);
            let mut task = self.ensemble(problem, theory, survival_times);
            task.from = Some(from);
            task.target_minima = (1..=minima.len()).filter(|&minimum| minimum != from).collect();
            task.transition = theory::transition(self.landscape, self.noise, from - 1);
            tasks.push(task);
        }
        Ok(Task::Ensembles(tasks))
    }

    fn start(&self, number: usize, start: &Start) -> Result<f64, ScenarioError> {
        let key = format!("task.{number}.start");
        let x = match start {
            Start::Point(x) => *x,
            Start::Place(x) => match x[..] {
                [x] => x,
                _ => {
                    return Err(self.error(
                        &key,
                        format!("the start has {} coordinates, the equation one", x.len()),
                        None,
                    ));
                }
            },
            Start::Minimum(minimum) => match self.landscape.minimum(*minimum) {
                Some(point) => point.x,
                None => {
                    return Err(self.error(
                        &key,
                        format!(
                            "there is no minimum {minimum}: this potential has {}",
                            self.landscape.minima.len()
                        ),
                        Some("minima are numbered from the left, from 1".to_owned()),
                    ));
                }
            },
        };
        let (value, gradient) = (self.potential.value(x), self.potential.gradient(x));
        if value.is_finite() && gradient.is_finite() {
            Ok(x)
        } else {
            Err(self.error(
                &key,
                format!("the potential is not finite at the start {x}: U = {value}, U' = {gradient}"),
                None,
            ))
        }
    }

    /// The interval that a domain is on the line.
    fn domain(&self, key: &str, domain: &Domain, start: f64) -> Result<[f64; 2], ScenarioError> {
        match domain {
            Domain::Interval(ends) => Ok(*ends),
            Domain::BallAround { centre, radius } if centre.len() == 1 => {
                Ok([centre[0] - radius, centre[0] + radius])
            }
            Domain::Box(sides) if sides.len() == 1 => Ok(sides[0]),
            Domain::Box(_) | Domain::BallAround { .. } => {
                Err(self.error(key, "the domain has several coordinates, the equation one", None))
            }
            Domain::Ball(radius) => Ok([start - radius, start + radius]),
            Domain::Basin => {
                let well = self.landscape.basin_of(start).map(|well| &self.landscape.wells[well]);
                well.map(|well| [well.left, well.right]).ok_or_else(|| {
                    self.error(
                        key,
                        format!("the start {start} lies in no basin of the potential"),
                        Some("give the domain as [lower, upper]".to_owned()),
                    )
                })
            }
            Domain::SubLevel(level) => {
                let u = self.potential.value(start);
                if u < *level {
                    return Ok([-1.0, 1.0].map(|sign| self.level_crossing(*level, start, sign)));
                }
                Err(self.error(
                    &format!("{key}.sublevel"),
                    format!("the potential is {u} at the start {start}, not below the level {level}"),
                    None,
                ))
            }
            Domain::Union(members) => {
                let mut intervals = Vec::new();
                for (k, member) in members.iter().enumerate() {
                    intervals.push(self.domain(&format!("{key}.union.{k}"), member, start)?);
                }
                intervals.sort_by(|a, b| a[0].total_cmp(&b[0]));
                let mut whole = intervals[0];
                for [lower, upper] in intervals {
                    if lower >= whole[1] {
                        return Err(self.error(
                            &format!("{key}.union"),
                            format!(
                                "the union has a gap at {}: on the line it must be one interval",
                                whole[1]
                            ),
                            None,
                        ));
                    }
                    whole[1] = whole[1].max(upper);
                }
                Ok(whole)
            }
        }
    }

    /// Where the potential first reaches the level on the way from `start`, where it is below, to the left
    /// (`sign` -1) or to the right; infinite where it never does.
    fn level_crossing(&self, level: f64, start: f64, sign: f64) -> f64 {
        let critical = self.landscape.minima.iter().chain(&self.landscape.saddles).map(|point| point.x);
        let mut stations: Vec<f64> = critical.filter(|x| sign * (x - start) > 0.0).collect();
        stations.sort_by(|a, b| (sign * a).total_cmp(&(sign * b)));
        // Between critical points the potential is monotone; beyond the last one it is followed as far as
        // numbers go.
        let last = stations.last().copied().unwrap_or(start);
        let length = self.landscape.window[1] - self.landscape.window[0];
        let length = if length > 0.0 { length } else { 1.0 };
        stations.extend((0..1000).map(|k| last + sign * 1e-3 * length * pow(2.0, f64::from(k))));
        let mut inside = start;
        for station in stations {
            // What is not a number lies outside.
            if station.is_finite() && self.potential.value(station) < level {
                inside = station;
                continue;
            }
            if station.is_infinite() {
                break;
            }
            let mut outside = station;
            for _ in 0..200 {
                let middle = 0.5 * (inside + outside);
                if self.potential.value(middle) < level {
                    inside = middle;
                } else {
                    outside = middle;
                }
            }
            return outside;
        }
        sign * f64::INFINITY
    }

    fn target(&self, number: usize, k: usize, target: &Target) -> Result<[f64; 2], ScenarioError> {
        match target {
            Target::Interval(ends) => Ok(*ends),
            Target::Box(sides) if sides.len() == 1 => Ok(sides[0]),
            Target::Ball { centre, radius } if centre.len() == 1 => {
                Ok([centre[0] - radius, centre[0] + radius])
            }
            Target::Box(_) | Target::Ball { .. } => Err(self.error(
                &format!("task.{number}.targets.{k}"),
                "the target has several coordinates, the equation one",
                None,
            )),
        }
    }

    /// Where the paths of a problem spend their time: around the start, the targets and the critical points
    /// of the domain. A far end of the domain does not stretch it, for that would coarsen what is tabulated.
    pub fn window(&self, problem: &StoppedProblem) -> [f64; 2] {
        let [low, high] = self.hull(problem, false);
        let margin = 1.5 * (high - low) + 10.0 * self.noise.epsilon();
        [problem.lower.max(low - margin), problem.upper.min(high + margin)]
    }

    /// The start, the targets, the critical points inside the domain and, if asked for, its finite ends.
    fn hull(&self, problem: &StoppedProblem, with_ends: bool) -> [f64; 2] {
        let inside = |x: &f64| *x > problem.lower && *x < problem.upper;
        let critical = self.landscape.minima.iter().chain(&self.landscape.saddles).map(|point| point.x);
        let targets = problem.targets.iter().flatten().copied();
        let ends = [problem.lower, problem.upper].into_iter().filter(|x| with_ends && x.is_finite());
        critical
            .filter(inside)
            .chain(targets.filter(inside))
            .chain(ends)
            .fold([problem.start; 2], |[low, high], x| [low.min(x), high.max(x)])
    }

    fn geometry(&self, problem: &StoppedProblem, noise: &dyn Noise) -> Geometry {
        let StoppedProblem { start, lower, upper, targets } = problem;
        let basin = self.landscape.basin_of(*start);
        let minimum = basin.map(|well| self.landscape.minima[well].x).filter(|x| !problem.stops_at(*x));
        let [low, high] = self.hull(problem, true);
        let centre = minimum.unwrap_or(*start);
        let critical = self.landscape.minima.iter().chain(&self.landscape.saddles);
        let mut stiffness = critical
            .filter(|point| point.x >= *lower && point.x <= *upper)
            .map(|point| point.curvature.abs())
            .fold(self.potential.curvature(*start).abs(), f64::max);
        if stiffness.is_nan() || stiffness == 0.0 {
            // No well: the largest curvature on the way.
            stiffness = (0..=64)
                .map(|k| self.potential.curvature(low + (high - low) * f64::from(k) / 64.0).abs())
                .filter(|curvature| curvature.is_finite())
                .fold(0.0, f64::max);
        }
        let mut edges = vec![*lower, *upper];
        edges.extend(targets.iter().flatten());
        if let Some(well) = basin.map(|well| &self.landscape.wells[well]) {
            edges.extend([well.left, well.right]);
        }
        let nearest = |x: f64| {
            edges
                .iter()
                .map(|edge| (edge - x).abs())
                .filter(|distance| *distance > 0.0)
                .fold(f64::INFINITY, f64::min)
        };
        let mut length = nearest(centre);
        if centre != *start {
            // A start close to an edge asks for a finer step, but not for an absurd one.
            length = length.min(nearest(*start).max(0.2 * length));
        }
        if noise.has_jumps() {
            // A jumping path must be able to land in a target, not only to pass over it.
            length = targets.iter().map(|[lo, hi]| 2.5 * (hi - lo)).fold(length, f64::min);
        }
        if !length.is_finite() {
            length = (high - low).max(1.0);
        }
        Geometry { centre, stiffness, length, lower: *lower, upper: *upper }
    }
}

impl EnsembleTask {
    pub(super) fn set_horizon(&mut self, ensemble: &EnsembleSpec, step: f64) {
        self.default_horizon = ensemble.max_time.is_none();
        self.max_time = ensemble.max_time.unwrap_or_else(|| {
            let paths = ensemble.paths.unwrap_or(scenario::DEFAULT_PATHS) as f64;
            let affordable = MOST_STEPS.min(MOST_STEPS_TOGETHER / paths) * step;
            let expected = self.exact_mean().or(self.asymptotic_mean());
            let wanted = expected.map_or(f64::INFINITY, |mean| HORIZON_IN_MEANS * mean.max(step));
            let latest = self.survival_times.iter().copied().fold(0.0, f64::max);
            wanted.min(affordable).max(latest)
        });
    }
}
