//! `levyscape check`: what a scenario asks for and what theory expects of it, without simulating.

use std::fmt::Write;

use levyscape_analyzer::landscape::Landscape;
use levyscape_analyzer::theory::LimitChain;
use levyscape_engine::SpaceDomain;

use crate::args::ScenarioArguments;
use crate::errors::Failure;
use crate::scenario::{DEFAULT_PATHS, EnsembleSpec, Method, ScenarioFile};
use crate::study::chain;
use crate::study::method;
use crate::study::problem::{EnsembleTask, Problem, Task, prepare};
use crate::study::summarise;

/// Steps a second on one core, for the estimate of the cost: an order of magnitude.
const STEPS_PER_SECOND: f64 = 1e8;
/// Points of a sweep that are described one by one.
const MOST_POINTS: usize = 20;

/// The text of `levyscape check`.
///
/// # Errors
/// Whatever is wrong with the scenario.
pub fn check(arguments: &ScenarioArguments) -> Result<String, Failure> {
    let file = ScenarioFile::load(&arguments.file, &arguments.overrides)?;
    let problems =
        (0..file.points().len()).map(|index| prepare(&file, index)).collect::<Result<Vec<_>, _>>()?;
    let mut text = String::new();
    // Writing to a string cannot fail.
    let _ = describe(&file, &problems, &mut text);
    Ok(text)
}

fn describe(file: &ScenarioFile, problems: &[Problem], text: &mut String) -> std::fmt::Result {
    let scenario = file.scenario();
    writeln!(text, "{}: {}", scenario.name, scenario.title)?;
    if let Some(first) = problems.first() {
        let width = first.force.formulas.iter().map(|(name, _)| name.chars().count()).max().unwrap_or(0);
        for (name, formula) in &first.force.formulas {
            writeln!(text, "  {name:<width$} = {formula}")?;
        }
    }
    let mut landscape: Option<&Landscape> = None;
    let mut total = Some(0.0);
    for ((swept, spec), (index, problem)) in file.points().iter().zip(problems.iter().enumerate()) {
        let cost = cost(problem, &spec.ensemble);
        total = total.zip(cost).map(|(total, cost)| total + cost);
        if index == MOST_POINTS {
            writeln!(text, "... and {} more points", problems.len() - MOST_POINTS)?;
        }
        if index >= MOST_POINTS {
            continue;
        }
        let swept: Vec<String> = swept.iter().map(|(key, value)| format!("{key} = {value}")).collect();
        if !swept.is_empty() {
            writeln!(text, "\n[{}] {}", index + 1, swept.join(", "))?;
        }
        if problem.force.field.is_none() && landscape != Some(&problem.landscape) {
            describe_landscape(&problem.landscape, text)?;
            landscape = Some(&problem.landscape);
        }
        describe_point(problem, &spec.ensemble, text)?;
    }
    match total {
        Some(steps) => writeln!(
            text,
            "\ncost: about {steps:.1e} steps, {} on one core",
            duration(steps / STEPS_PER_SECOND)
        ),
        None => writeln!(
            text,
            "\ncost: not known beforehand (no mean time to expect, or a method that does not count paths)"
        ),
    }
}

fn describe_landscape(landscape: &Landscape, text: &mut String) -> std::fmt::Result {
    writeln!(text, "landscape in [{}, {}]:", landscape.window[0], landscape.window[1])?;
    for (well, minimum) in landscape.wells.iter().zip(&landscape.minima) {
        writeln!(
            text,
            "  minimum {} at {:.6}: U = {:.6}, U'' = {:.6}; edges {:.6} and {:.6}, distances {:.6} and {:.6}, depth {:.6}",
            well.minimum,
            minimum.x,
            minimum.u,
            minimum.curvature,
            well.left,
            well.right,
            well.distance_left,
            well.distance_right,
            well.depth
        )?;
    }
    for saddle in &landscape.saddles {
        writeln!(text, "  saddle at {:.6}: U = {:.6}, U'' = {:.6}", saddle.x, saddle.u, saddle.curvature)?;
    }
    if landscape.minima.is_empty() {
        writeln!(text, "  no minima")?;
    }
    Ok(())
}

fn describe_point(problem: &Problem, spec: &EnsembleSpec, text: &mut String) -> std::fmt::Result {
    let choice = &problem.choice;
    writeln!(text, "scheme: {} with step {} ({})", problem.scheme_name(), choice.step, choice.reason)?;
    if let Some(limit) = LimitChain::new(&problem.landscape, problem.theory_noise) {
        writeln!(text, "limit chain ({}), time unit {:.6e}:", limit.kind, limit.time_unit)?;
        for row in limit.chain.generator() {
            let row: Vec<String> = row.iter().map(|rate| format!("{rate:12.6e}")).collect();
            writeln!(text, "  Q  [{}]", row.join(", "))?;
        }
        if let Some(stationary) = limit.chain.stationary() {
            let stationary: Vec<String> = stationary.iter().map(|weight| format!("{weight:.6}")).collect();
            writeln!(text, "  pi [{}]", stationary.join(", "))?;
        }
    }
    for (number, task) in problem.tasks.iter().enumerate() {
        match task {
            Task::Paths { start, end_time, count, .. } => {
                writeln!(text, "task {number}: {count} paths from {start} until {end_time}")?;
            }
            Task::Chain(task) => {
                writeln!(text, "task {number}: {}", task.describe())?;
                match chain::cost(task, spec) {
                    Some(_) => {
                        let paths = spec.paths.unwrap_or(DEFAULT_PATHS);
                        let long = task.long_paths(paths);
                        writeln!(
                            text,
                            "  method: plain, {paths} paths and {long} long ones from each minimum"
                        )?;
                    }
                    None => writeln!(text, "  method: plain, until every share is known to the error")?,
                }
            }
            Task::Ensembles(starts) => {
                for start in starts {
                    writeln!(text, "task {number}: {}", expectation(start))?;
                    let chosen = method::choose(problem, start, spec);
                    let why = chosen.reason.map(|reason| format!(" ({reason})")).unwrap_or_default();
                    let until = match chosen.target {
                        Some(error) => format!("until the error is {} %", 100.0 * error),
                        None => format!("{} paths", spec.paths.unwrap_or(DEFAULT_PATHS)),
                    };
                    writeln!(text, "  method: {}{why}, {until}", chosen.method.name())?;
                }
            }
        }
    }
    for remark in summarise::remarks(problem) {
        writeln!(text, "note: {remark}")?;
    }
    Ok(())
}

fn expectation(task: &EnsembleTask) -> String {
    let what = match (task.from, &task.space) {
        (_, Some(space)) => {
            let arrivals = match space.region.targets.len() {
                0 => String::new(),
                count => format!(", or arrival in one of {count} targets,"),
            };
            format!("exit from {}{arrivals} starting at {:?}", domain(&space.region.domain), space.start)
        }
        (Some(from), None) => format!("transition from minimum {from}"),
        (None, None) => format!(
            "exit from ({}, {}) starting at {}",
            task.problem.lower, task.problem.upper, task.problem.start
        ),
    };
    let exact = task.exact_mean().map(|mean| format!(", exact mean {mean:.6e}")).unwrap_or_default();
    let theory = task.asymptotic_mean().map(|mean| format!(", theory {mean:.6e}")).unwrap_or_default();
    format!("{what}{exact}{theory}, censored at {:.3e}", task.max_time)
}

/// A domain in words.
fn domain(domain: &SpaceDomain) -> String {
    match domain {
        SpaceDomain::Whole => "everything".to_owned(),
        SpaceDomain::Box(sides) => format!("the box {sides:?}"),
        SpaceDomain::Ball { centre, radius } => format!("the ball of radius {radius} around {centre:?}"),
        SpaceDomain::SubLevel(set) => format!("the set U < {}", set.level()),
        SpaceDomain::Basin(basin) => format!("the basin of {:?}", basin.centre()),
        SpaceDomain::Union(union) => {
            let members: Vec<String> = union.members().iter().map(self::domain).collect();
            format!("the union of {}", members.join(" and "))
        }
    }
}

/// Expected steps of a point; `None` where the number of paths or the mean time is not known.
fn cost(problem: &Problem, spec: &EnsembleSpec) -> Option<f64> {
    let per_step = if spec.step_bias && problem.clocked.is_none() { 1.5 } else { 1.0 };
    let mut steps = 0.0;
    for task in &problem.tasks {
        if let Task::Paths { end_time, count, .. } = task {
            steps += *count as f64 * end_time / problem.choice.step;
        }
        if let Task::Chain(task) = task {
            steps += chain::cost(task, spec)?;
        }
        for start in task.starts() {
            let chosen = method::choose(problem, start, spec);
            if chosen.method != Method::Plain {
                return None;
            }
            let mean = start.exact_mean().or(start.asymptotic_mean())?.min(start.max_time);
            // An exponential time needs 1/r^2 paths for a relative error r.
            let paths = match chosen.target {
                Some(error) => 1.0 / (error * error),
                None => spec.paths.unwrap_or(DEFAULT_PATHS) as f64,
            };
            steps += per_step * paths * mean / problem.choice.step;
        }
    }
    Some(steps)
}

fn duration(seconds: f64) -> String {
    match seconds {
        s if s < 1.0 => "less than a second".to_owned(),
        s if s < 120.0 => format!("about {s:.0} s"),
        s if s < 7200.0 => format!("about {:.0} min", s / 60.0),
        s if s < 2e5 => format!("about {:.1} h", s / 3600.0),
        s => format!("about {:.1e} days", s / 86400.0),
    }
}
