//! Estimates beside theory: the rows of `summary.json`.

use levyscape_analyzer::estimate::{Estimate, PathStatistics};
use levyscape_analyzer::study::EnsembleData;
use levyscape_analyzer::summary::{BiasResult, NoiseSummary, QuantityResult, SchemeSummary};
use levyscape_analyzer::theory::{LimitChain, StoppedProblem, validity_remarks};
use levyscape_integrator::NoiseLaw;

use super::method::Simulated;
use super::problem::{EnsembleTask, Problem, Task};
use crate::scenario::Method;

/// Points of a stored survival curve.
const CURVE_POINTS: usize = 400;
/// With fewer exits than this, a mean is hardly worth its interval.
const FEW_EVENTS: u64 = 30;

/// A quantity before its estimate.
struct Row<'a> {
    quantity: &'a str,
    to: Option<usize>,
    set: Option<[f64; 2]>,
    t: Option<f64>,
    axis: Option<usize>,
    target: Option<usize>,
    asymptotic: Option<f64>,
    exact: Option<f64>,
}

impl<'a> Row<'a> {
    fn new(quantity: &'a str, asymptotic: Option<f64>, exact: Option<f64>) -> Self {
        Self { quantity, to: None, set: None, t: None, axis: None, target: None, asymptotic, exact }
    }
}

/// The results of one start of a task.
pub fn results(task_index: usize, task: &EnsembleTask, simulated: &Simulated) -> Vec<QuantityResult> {
    let [paths, censored, diverged, steps] = simulated.counts;
    let kind = if task.from.is_some() { "transition" } else { "exit" };
    let result = |row: Row<'_>, estimate: Option<Estimate>| QuantityResult {
        task: task_index,
        kind: kind.to_owned(),
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
        levels: if row.quantity.starts_with("mean_") { simulated.levels.clone() } else { Vec::new() },
        asymptotic: row.asymptotic,
        exact: row.exact,
    };
    let theory = task.theory.as_ref();
    let exact = &task.exact;
    let mut results = Vec::new();
    if let Some(space) = &task.space {
        let theory = space.theory.as_ref();
        let mean = theory.map(|theory| theory.mean);
        results.push(result(Row::new("mean_exit_time", mean, space.exact_mean), simulated.mean_time()));
        let second = mean.map(|mean| 2.0 * mean * mean);
        results.push(result(Row::new("second_moment", second, None), simulated.second_moment()));
        for axis in 0..space.start.len() {
            let asymptotic = theory.and_then(|theory| theory.axis_probabilities.get(axis).copied());
            let row = Row { axis: Some(axis + 1), ..Row::new("exit_axis_probability", asymptotic, None) };
            results.push(result(row, simulated.exit_probability(task, axis)));
        }
        for target in 0..space.region.targets.len() {
            let row = Row { target: Some(target + 1), ..Row::new("target_probability", None, None) };
            results.push(result(row, simulated.exit_probability(task, space.start.len() + target)));
        }
        for (index, &t) in task.survival_times.iter().enumerate() {
            let asymptotic = mean.map(|mean| levyscape_integrator::math::exp(-t / mean));
            let row = Row { t: Some(t), ..Row::new("survival", asymptotic, None) };
            results.push(result(row, simulated.survival(task, index)));
        }
        return results;
    }
    if task.from.is_some() {
        let asymptotic = task.transition.as_ref();
        let row = Row::new("mean_transition_time", asymptotic.map(|theory| theory.mean), exact.mean);
        results.push(result(row, simulated.mean_time()));
        for (target, &to) in task.target_minima.iter().enumerate() {
            let probability = simulated.exit_probability(task, target);
            let [lo, hi] = task.problem.targets[target];
            let row = Row {
                to: Some(to),
                ..Row::new(
                    "transition_probability",
                    asymptotic.and_then(|theory| theory.probabilities.get(to - 1).copied()),
                    exact.landing(lo, hi),
                )
            };
            results.push(result(row, probability));
        }
    } else {
        let row = Row::new("mean_exit_time", theory.map(|theory| theory.mean), exact.mean);
        results.push(result(row, simulated.mean_time()));
        let row = Row::new("second_moment", theory.map(|theory| theory.second_moment), exact.second_moment);
        results.push(result(row, simulated.second_moment()));
        let right = simulated.exit_probability(task, 0);
        let row = Row::new(
            "exit_right_probability",
            theory.map(|theory| theory.right_probability),
            exact.right_probability,
        );
        results.push(result(row, right));
        for (index, &[lo, hi]) in task.landing.iter().enumerate() {
            let row = Row {
                set: Some([lo, hi]),
                ..Row::new(
                    "landing_probability",
                    theory.map(|theory| theory.landing(lo, hi)),
                    exact.landing(lo, hi),
                )
            };
            results.push(result(row, simulated.exit_probability(task, 1 + index)));
        }
    }
    for (well, rate) in simulated.exit_rates() {
        let mut row = result(Row::new("exit_rate", None, None), rate);
        row.from = well.or(row.from);
        results.push(row);
    }
    for (index, &t) in task.survival_times.iter().enumerate() {
        let row = Row { t: Some(t), ..Row::new("survival", theory.map(|theory| theory.survival(t)), None) };
        results.push(result(row, simulated.survival(task, index)));
    }
    results
}

/// What figures and the report keep of one start of a task.
pub fn ensemble_data(task_index: usize, task: &EnsembleTask, simulated: &Simulated) -> EnsembleData {
    let paths = simulated.paths();
    EnsembleData {
        task: task_index,
        from: task.from,
        problem: task.problem.clone(),
        survival: paths.map(|paths| paths.survival_curve(CURVE_POINTS)),
        exponential_distance: paths.and_then(PathStatistics::exponential_distance),
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
            _ => None,
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
pub fn theory(problem: &Problem) -> Option<levyscape_analyzer::summary::TheorySummary> {
    LimitChain::new(&problem.landscape, problem.theory_noise)?.summary()
}

/// Remarks on the landscape and on how far the theory can be trusted at this point.
pub fn remarks(problem: &Problem) -> Vec<String> {
    let mut remarks = problem.landscape.remarks.clone();
    let starts = problem.tasks.iter().flat_map(Task::starts);
    let about = starts.map(|start| start.from.is_none().then_some(&start.problem));
    let chains = problem.tasks.iter().filter(|task| matches!(task, Task::Chain(_)));
    for about in about.chain(chains.map(|_| None)) {
        for remark in validity_remarks(
            problem.force.potential.as_ref(),
            &problem.landscape,
            problem.theory_noise,
            about,
        ) {
            if !remarks.contains(&remark) {
                remarks.push(remark);
            }
        }
    }
    remarks
}
