//! Estimates beside theory: the rows of `summary.json`.

use levyscape_analyzer::compare::{
    Cell, Destinations, StartTests, destinations, exponentiality, multinomial,
};
use levyscape_analyzer::estimate::Estimate;
use levyscape_analyzer::exact::nonlocal::Bounded;
use levyscape_analyzer::study::EnsembleData;
use levyscape_analyzer::summary::{BiasResult, NoiseSummary, QuantityResult, SchemeSummary, TheorySummary};
use levyscape_analyzer::theory::{self, LimitChain, StoppedProblem, Validity};
use levyscape_integrator::NoiseLaw;

use super::method::Simulated;
use super::problem::{EnsembleTask, Problem, Task};
use super::space::SpaceTask;
use crate::scenario::Method;

/// Points of a stored survival curve.
const CURVE_POINTS: usize = 400;
/// With fewer exits than this, a mean is hardly worth its interval.
const FEW_EVENTS: u64 = 30;

/// What the paths are asked for a quantity.
#[derive(Debug, Clone, Copy)]
enum Read {
    MeanTime,
    SecondMoment,
    /// Of a property, see [`EnsembleTask::questions`].
    Probability(usize),
    /// At a time of the task.
    Survival(usize),
}

/// A quantity before its estimate.
struct Row {
    quantity: &'static str,
    read: Read,
    to: Option<usize>,
    set: Option<[f64; 2]>,
    t: Option<f64>,
    axis: Option<usize>,
    target: Option<usize>,
    asymptotic: Option<f64>,
    exact: Option<Bounded>,
}

impl Row {
    fn new(quantity: &'static str, read: Read, asymptotic: Option<f64>, exact: Option<Bounded>) -> Self {
        Self { quantity, read, to: None, set: None, t: None, axis: None, target: None, asymptotic, exact }
    }
}

/// The results of one start of a task.
pub fn results(task_index: usize, task: &EnsembleTask, simulated: &Simulated) -> Vec<QuantityResult> {
    let [paths, censored, diverged, steps] = simulated.counts;
    let fill = |result: QuantityResult, estimate: Option<Estimate>| QuantityResult {
        estimate: estimate.as_ref().map(|estimate| estimate.value),
        std_error: estimate.as_ref().map(|estimate| estimate.std_error),
        ci95: estimate.as_ref().map(|estimate| estimate.ci95),
        method: simulated.method.name().to_owned(),
        step: simulated.step,
        paths,
        censored,
        diverged,
        steps,
        discretisation_bias: estimate
            .as_ref()
            .and_then(|estimate| estimate.bias.as_ref())
            .map(BiasResult::from),
        levels: if result.quantity.starts_with("mean_") { simulated.levels.clone() } else { Vec::new() },
        ..result
    };
    let mut results = Vec::new();
    for row in rows(task) {
        let estimate = match row.read {
            Read::MeanTime => simulated.mean_time(),
            Read::SecondMoment => simulated.second_moment(),
            Read::Probability(index) => simulated.exit_probability(task, index),
            Read::Survival(index) => simulated.survival(task, index),
        };
        results.push(fill(expected(task_index, task, row), estimate));
    }
    // Before the survival function, where a task has one.
    let rates = simulated.exit_rates().into_iter().map(|(well, rate)| {
        // The rate belongs to no property of the paths.
        let mut row =
            fill(expected(task_index, task, Row::new("exit_rate", Read::MeanTime, None, None)), rate);
        row.from = well.or(row.from);
        row
    });
    let at = results.iter().position(|result| result.quantity == "survival").unwrap_or(results.len());
    results.splice(at..at, rates);
    results
}

/// What theory and the exact equation say of one start of a task, without an estimate.
pub fn expectations(task_index: usize, task: &EnsembleTask) -> Vec<QuantityResult> {
    rows(task).into_iter().map(|row| expected(task_index, task, row)).collect()
}

/// The rate at which paths of a start stop in the long run, from its equation.
pub fn exact_exit_rate(task_index: usize, task: &EnsembleTask, rate: Bounded) -> QuantityResult {
    expected(task_index, task, Row::new("exit_rate", Read::MeanTime, None, Some(rate)))
}

/// A row of `summary.json` before its estimate.
fn expected(task_index: usize, task: &EnsembleTask, row: Row) -> QuantityResult {
    QuantityResult {
        task: task_index,
        kind: if task.from.is_some() { "transition" } else { "exit" }.to_owned(),
        quantity: row.quantity.to_owned(),
        from: task.from,
        to: row.to,
        set: row.set,
        t: row.t,
        axis: row.axis,
        target: row.target,
        well: None,
        delta: None,
        other_deltas: Vec::new(),
        estimate: None,
        std_error: None,
        ci95: None,
        method: "exact".to_owned(),
        step: 0.0,
        paths: 0,
        censored: 0,
        diverged: 0,
        steps: 0,
        discretisation_bias: None,
        levels: Vec::new(),
        asymptotic: row.asymptotic,
        exact: row.exact.map(|exact| exact.value),
        exact_error: row.exact.map(|exact| exact.error),
        verdict: None,
    }
}

/// The quantities of one start of a task.
fn rows(task: &EnsembleTask) -> Vec<Row> {
    if let Some(space) = &task.space {
        return rows_in_space(task, space);
    }
    let theory = task.theory.as_ref();
    let exact = &task.exact;
    let mut rows = Vec::new();
    if task.from.is_some() {
        let asymptotic = task.transition.as_ref();
        let mean = asymptotic.map(|theory| theory.mean);
        rows.push(Row::new("mean_transition_time", Read::MeanTime, mean, exact.mean));
        for (target, &to) in task.target_minima.iter().enumerate() {
            let probability = asymptotic.and_then(|theory| theory.probabilities.get(to - 1).copied());
            let exact = exact.landing.get(target).copied().flatten();
            let row = Row::new("transition_probability", Read::Probability(target), probability, exact);
            rows.push(Row { to: Some(to), ..row });
        }
    } else {
        let mean = theory.map(|theory| theory.mean);
        rows.push(Row::new("mean_exit_time", Read::MeanTime, mean, exact.mean));
        let second = theory.map(|theory| theory.second_moment);
        rows.push(Row::new("second_moment", Read::SecondMoment, second, exact.second_moment));
        let right = theory.map(|theory| theory.right_probability);
        let read = Read::Probability(0);
        rows.push(Row::new("exit_right_probability", read, right, exact.right_probability));
        for (index, &set) in task.landing.iter().enumerate() {
            let landing = theory.map(|theory| theory.landing(set[0], set[1]));
            let exact = exact.landing.get(index).copied().flatten();
            let row = Row::new("landing_probability", Read::Probability(1 + index), landing, exact);
            rows.push(Row { set: Some(set), ..row });
        }
    }
    for (index, &t) in task.survival_times.iter().enumerate() {
        let survival = theory.map(|theory| theory.survival(t));
        let exact = exact.survival.get(index).copied().flatten();
        let row = Row::new("survival", Read::Survival(index), survival, exact);
        rows.push(Row { t: Some(t), ..row });
    }
    rows
}

fn rows_in_space(task: &EnsembleTask, space: &SpaceTask) -> Vec<Row> {
    let theory = space.theory.as_ref();
    let mean = theory.map(|theory| theory.mean);
    // A closed form: exact to rounding.
    let exact = space.exact_mean.map(|value| Bounded { value, error: 1e-12 * value });
    let mut rows = vec![
        Row::new("mean_exit_time", Read::MeanTime, mean, exact),
        Row::new("second_moment", Read::SecondMoment, mean.map(|mean| 2.0 * mean * mean), None),
    ];
    for axis in 0..space.start.len() {
        let asymptotic = theory.and_then(|theory| theory.axis_probabilities.get(axis).copied());
        let row = Row::new("exit_axis_probability", Read::Probability(axis), asymptotic, None);
        rows.push(Row { axis: Some(axis + 1), ..row });
    }
    for target in 0..space.region.targets.len() {
        let read = Read::Probability(space.start.len() + target);
        rows.push(Row { target: Some(target + 1), ..Row::new("target_probability", read, None, None) });
    }
    for (index, &t) in task.survival_times.iter().enumerate() {
        let asymptotic = mean.map(|mean| levyscape_integrator::math::exp(-t / mean));
        rows.push(Row { t: Some(t), ..Row::new("survival", Read::Survival(index), asymptotic, None) });
    }
    rows
}

/// The tests of the law of the times and of the destinations of one start of a task, given its results.
pub fn tests(
    task_index: usize,
    task: &EnsembleTask,
    simulated: &Simulated,
    results: &[QuantityResult],
) -> StartTests {
    let times = simulated.paths().map(|paths| paths.whole_times());
    StartTests {
        task: task_index,
        from: task.from,
        exponentiality: times.and_then(|times| exponentiality(&times, Some(simulated.step))),
        destinations: tested_destinations(simulated, results),
    }
}

/// The targets of a transition against their exact probabilities; against the theorem's where those are not known.
fn tested_destinations(simulated: &Simulated, results: &[QuantityResult]) -> Option<Destinations> {
    let rows: Vec<&QuantityResult> =
        results.iter().filter(|result| result.quantity == "transition_probability").collect();
    let known = |value: fn(&QuantityResult) -> Option<f64>| -> Option<Vec<f64>> {
        rows.iter().map(|row| value(row)).collect()
    };
    let exact = known(|row| row.exact);
    let probabilities = exact.clone().or_else(|| known(|row| row.asymptotic))?;
    let counts: Option<Vec<u64>> = simulated
        .paths()
        .and_then(|paths| (0..rows.len()).map(|k| paths.exit_counts(k).map(|[count, _]| count)).collect());
    let test = match counts {
        Some(counts) => multinomial(&counts, &probabilities),
        None => {
            let cells = rows.iter().zip(&probabilities).map(|(row, &probability)| Cell::of(row, probability));
            let cells: Option<Vec<Cell>> = cells.collect();
            destinations(&cells?)
        }
    };
    test.map(|test| if exact.is_some() { test } else { test.against_theorem() })
}

/// What figures and the report keep of one start of a task.
pub fn ensemble_data(
    task_index: usize,
    task: &EnsembleTask,
    simulated: &Simulated,
    tests: &StartTests,
) -> EnsembleData {
    EnsembleData {
        task: task_index,
        from: task.from,
        problem: task.problem.clone(),
        survival: simulated.paths().map(|paths| paths.survival_curve(CURVE_POINTS)),
        exponential_distance: tests.exponentiality.as_ref().map(|test| test.kolmogorov),
        places: simulated.paths().and_then(|paths| paths.places().cloned()),
    }
}

/// What a reader must know of one start of a task before using its numbers.
pub fn warnings(place: &str, problem: &Problem, task: &EnsembleTask, simulated: &Simulated) -> Vec<String> {
    let [paths, censored, diverged, _] = simulated.counts;
    let events = paths - censored - diverged;
    let mut warnings = Vec::new();
    if censored > 0 && simulated.paths().is_none() {
        warnings.push(format!(
            "{place}: {censored} paths were still running at max_time = {}: the method {} has no estimate then",
            task.max_time,
            simulated.method.name()
        ));
    } else if censored > 0 {
        let horizon = if task.default_horizon { " (chosen by the program)" } else { "" };
        warnings.push(format!(
            "{place}: {censored} of {paths} paths were still running at max_time = {}{horizon}; the mean is \
             time at risk over exits, which takes the exit time as exponential beyond the horizon",
            task.max_time
        ));
    }
    if let (0, Some(statistics)) = (events, simulated.paths()) {
        warnings.push(format!(
            "{place}: no path ended; with 95 % confidence the mean exceeds {:.4e} if the time is exponential",
            statistics.mean_time_lower_limit()
        ));
    } else if events < FEW_EVENTS && simulated.paths().is_some() {
        warnings.push(format!("{place}: only {events} exits were seen"));
    }
    if task.space.as_ref().is_some_and(|space| space.euler_overshoots) {
        warnings.push(format!(
            "{place}: explicit Euler at step {} throws far points further out, to the other side: exits of this \
             task may be explosions; take scheme.kind = \"auto\"",
            problem.choice.step
        ));
    }
    if let Some(kind) = problem.clocked {
        warnings.push(format!(
            "{place}: the step error of scheme {} is not measured: compare with another step",
            kind.name()
        ));
    }
    let held = problem.landscape.minima.iter().map(|minimum| minimum.x);
    let held = held.filter(|x| task.space.is_none() && !task.problem.stops_at(*x)).count();
    if simulated.method == Method::FlemingViot && held > 1 {
        warnings.push(format!(
            "{place}: the domain holds {held} wells; the method fleming_viot takes paths to change between them \
             within 8 relaxation times, and is wrong where they do not: compare with another method"
        ));
    }
    let without_horizon = [Method::Hazard, Method::FlemingViot, Method::Splitting];
    if !task.default_horizon && without_horizon.contains(&simulated.method) {
        warnings.push(format!(
            "{place}: the method {} knows no max_time: its times are of paths until they end",
            simulated.method.name()
        ));
    }
    if let Some(reason) = &simulated.reason {
        warnings.push(format!("{place}: the method {} was taken: {reason}", simulated.method.name()));
    }
    if simulated.reached == Some(false) {
        warnings.push(format!(
            "{place}: the relative error that was asked for was not reached after {paths} paths; take more paths \
             or, where the step error is what is left, a smaller step"
        ));
    }
    warnings
}

/// Why the numbers of one start of a task must not be used, if so.
pub fn failure(place: &str, problem: &Problem, task: &EnsembleTask, simulated: &Simulated) -> Option<String> {
    let [paths, censored, diverged, _] = simulated.counts;
    if diverged > 0 {
        return Some(format!(
            "{place}: {diverged} of {paths} paths left the finite numbers under scheme {}; they are no exits, \
             and the estimates lack them",
            problem.scheme_name()
        ));
    }
    let statistics = simulated.paths()?;
    let lost = statistics.companions_lost();
    if lost > 0 {
        return Some(format!(
            "{place}: {lost} of {paths} companions at twice the step left the finite numbers under scheme {}: the \
             step correction cannot be trusted",
            problem.scheme_name()
        ));
    }
    // Where the domain ends, a path that explodes leaves it while its numbers are still finite, and looks
    // like any other exit. A tenth of what chance does to the number of exits goes unnoticed.
    let StoppedProblem { lower, upper, .. } = task.problem;
    let expected = task.blow_up_rate * statistics.time_at_risk();
    let exits = (paths - censored) as f64;
    if !(lower.is_finite() || upper.is_finite()) || expected <= 0.1 * exits.max(1.0).sqrt() {
        return None;
    }
    Some(format!(
        "{place}: about {:.0} of {exits} exits are expected to be explosions of scheme {} at step {}, which \
         carry a path out of a wide domain; take scheme.kind = \"auto\" or a smaller step",
        expected.min(exits),
        problem.scheme_name(),
        problem.choice.step
    ))
}

/// The noise of a point as `summary.json` shows it.
pub fn noise(problem: &Problem) -> NoiseSummary {
    NoiseSummary {
        kind: problem.theory_noise.name().to_owned(),
        alpha: match problem.law {
            NoiseLaw::Stable { alpha, .. }
            | NoiseLaw::Isotropic { alpha, .. }
            | NoiseLaw::TemperedStable { alpha, .. }
            | NoiseLaw::TruncatedStable { alpha, .. }
            | NoiseLaw::CappedStable { alpha, .. } => Some(alpha),
            _ => problem.theory_noise.jump_index(),
        },
        beta: match problem.law {
            NoiseLaw::Stable { beta, .. } if beta != 0.0 => Some(beta),
            _ => None,
        },
        epsilon: problem.one_epsilon(),
    }
}

/// The scheme of a point as `summary.json` shows it.
pub fn scheme(problem: &Problem) -> SchemeSummary {
    SchemeSummary {
        kind: problem.scheme_name().to_owned(),
        step: problem.choice.step,
        reason: problem.choice.reason.clone(),
        euler_blow_up_rate: problem.choice.euler_blow_up_rate,
    }
}

/// The limit chain of a point.
pub fn theory(problem: &Problem) -> Option<TheorySummary> {
    let limit = LimitChain::new(&problem.landscape, problem.theory_noise)?;
    Some(TheorySummary {
        validity: validity(problem),
        pavlyukevich: limit.pavlyukevich().filter(|_| problem.papers_normalisation),
        ..limit.summary()?
    })
}

/// How far the theory can be trusted in each well, with the edges that each task gives it; each said once.
pub fn validity(problem: &Problem) -> Vec<Validity> {
    let about = |task: Option<&StoppedProblem>| {
        let potential = problem.force.potential.as_ref();
        theory::validity(potential, &problem.landscape, problem.theory_noise, task)
    };
    let mut wells: Vec<Validity> = Vec::new();
    let starts = problem.tasks.iter().flat_map(Task::starts);
    // A transition and a chain take the whole landscape, as does a point that asks for nothing.
    let mut tasks: Vec<Option<&StoppedProblem>> =
        starts.map(|start| start.from.is_none().then_some(&start.problem)).collect();
    if tasks.is_empty() || problem.tasks.iter().any(|task| matches!(task, Task::Chain(_))) {
        tasks.push(None);
    }
    for well in tasks.into_iter().flat_map(about) {
        if !wells.contains(&well) {
            wells.push(well);
        }
    }
    wells
}

/// Remarks on the landscape and on how far the theory can be trusted at this point.
pub fn remarks(problem: &Problem) -> Vec<String> {
    let mut remarks = problem.landscape.remarks.clone();
    for remark in validity(problem).iter().flat_map(|well| well.remarks(problem.theory_noise)) {
        if !remarks.contains(&remark) {
            remarks.push(remark);
        }
    }
    remarks
}
