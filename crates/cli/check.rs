//! `levyscape check`: what a scenario asks for and what theory expects of it, without simulating.

use std::fmt::Write;

use levyscape_analyzer::landscape::{Certified, Landscape, RestPoint, SpaceLandscape};
use levyscape_analyzer::summary::TheorySummary;
use levyscape_analyzer::theory::Reach;
use levyscape_engine::SpaceDomain;
use rayon::prelude::*;

use crate::args::ScenarioArguments;
use crate::errors::Failure;
use crate::report;
use crate::scenario::{DEFAULT_PATHS, EnsembleSpec, Method, ScenarioFile};
use crate::study::chain;
use crate::study::method;
use crate::study::problem::{EnsembleTask, Problem, Task, prepare};
use crate::study::space;
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
    let problems = (0..file.points().len())
        .into_par_iter()
        .map(|index| prepare(&file, index))
        .collect::<Result<Vec<_>, _>>()?;
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
        if landscape != Some(&problem.landscape) {
            match &problem.landscape.space {
                Some(space) => describe_space(space, text)?,
                None => describe_landscape(&problem.landscape, text)?,
            }
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
            "  minimum {} at {:.6}: U = {:.6}, U'' = {:.6}; edges {:.6} and {:.6}, distances {:.6} and {:.6}, depth {:.6} \
             (left {:.6}, right {:.6})",
            well.minimum,
            minimum.x,
            minimum.u,
            minimum.curvature,
            well.left,
            well.right,
            well.distance_left,
            well.distance_right,
            well.depth,
            well.depth_left,
            well.depth_right
        )?;
    }
    for saddle in &landscape.saddles {
        writeln!(text, "  saddle at {:.6}: U = {:.6}, U'' = {:.6}", saddle.x, saddle.u, saddle.curvature)?;
    }
    if landscape.minima.is_empty() {
        writeln!(text, "  no minima")?;
    }
    for piece in &landscape.flat {
        writeln!(text, "  no force on [{:.6}, {:.6}]", piece.lo, piece.hi)?;
    }
    let certificate = &landscape.certificate;
    let [lo, hi] = certificate.window;
    match certificate.certified {
        Certified::Interval if certificate.is_complete() => {
            writeln!(
                text,
                "  proved by interval arithmetic: there is no other critical point in [{lo}, {hi}]"
            )
        }
        Certified::Interval => {
            let pieces = certificate.undecided.iter().take(5);
            let pieces: Vec<String> = pieces.map(|[lo, hi]| format!("[{lo:.9}, {hi:.9}]")).collect();
            let more = if certificate.undecided.len() > 5 { " ..." } else { "" };
            writeln!(
                text,
                "  proved by interval arithmetic: there is no other critical point in [{lo}, {hi}], except perhaps in \
                 {}{more}",
                pieces.join(", ")
            )
        }
        Certified::SignChange => writeln!(
            text,
            "  sampled in [{lo}, {hi}], not proved: a well narrower than {} may be missing",
            certificate.resolution
        ),
    }
}

fn describe_space(landscape: &SpaceLandscape, text: &mut String) -> std::fmt::Result {
    let sides: Vec<String> = landscape.window.iter().map(|[lo, hi]| format!("[{lo:.6}, {hi:.6}]")).collect();
    writeln!(text, "landscape in {}:", sides.join(" x "))?;
    let list = |numbers: &[f64]| {
        let numbers: Vec<String> = numbers.iter().map(|x| format!("{:.6}", x + 0.0)).collect();
        format!("({})", numbers.join(", "))
    };
    let point = |point: &RestPoint| {
        let u = point.u.map(|u| format!("U = {u:.6}, ")).unwrap_or_default();
        format!("at {}: {u}eigenvalues {}", list(&point.x), list(&point.eigenvalues))
    };
    for (number, minimum) in landscape.minima.iter().enumerate() {
        writeln!(text, "  minimum {} {}", number + 1, point(minimum))?;
    }
    for saddle in &landscape.saddles {
        let side =
            |number: &Option<usize>| number.map_or("elsewhere".to_owned(), |number| number.to_string());
        let sides: Vec<String> = saddle.minima.iter().map(side).collect();
        writeln!(text, "  saddle {}; down to {}", point(saddle), sides.join(" and "))?;
    }
    for other in &landscape.others {
        writeln!(text, "  higher {}", point(other))?;
    }
    if landscape.minima.is_empty() {
        writeln!(text, "  no minima")?;
    }
    if landscape.consistent == Some(true) {
        writeln!(
            text,
            "  the numbers of these points are those that the drift on the faces of the window asks for"
        )?;
    }
    Ok(())
}

fn describe_point(problem: &Problem, spec: &EnsembleSpec, text: &mut String) -> std::fmt::Result {
    let choice = &problem.choice;
    writeln!(text, "scheme: {} with step {} ({})", problem.scheme_name(), choice.step, choice.reason)?;
    let several = problem.landscape.wells.len() > 1;
    if let Some(reach) = Reach::new(&problem.landscape, problem.theory_noise).filter(|_| several) {
        writeln!(text, "wells that the noise leads to: {}", reach.describe())?;
    }
    if let Some(theory) = summarise::theory(problem) {
        describe_theory(&theory, text)?;
    }
    if let Some(chain) = space::chain(problem) {
        writeln!(text, "limit chain (one jump from basin to basin), rates per unit of time:")?;
        for row in chain.generator() {
            let row: Vec<String> = row.iter().map(|rate| format!("{rate:12.6e}")).collect();
            writeln!(text, "  Q  [{}]", row.join(", "))?;
        }
        if chain.has_killing() {
            writeln!(
                text,
                "  (the rows lack jumps into basins outside the window: widen `landscape.window`)"
            )?;
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

fn describe_theory(theory: &TheorySummary, text: &mut String) -> std::fmt::Result {
    let numbers = |row: &[f64]| row.iter().map(|x| format!("{x:12.6e}")).collect::<Vec<_>>().join(", ");
    writeln!(text, "limit chain ({}), time unit {:.6e}:", theory.kind, theory.time_unit)?;
    for row in &theory.generator {
        writeln!(text, "  Q  [{}]", numbers(row))?;
    }
    let stationary: Vec<String> = theory.stationary.iter().map(|weight| format!("{weight:.6}")).collect();
    writeln!(text, "  pi [{}]", stationary.join(", "))?;
    if !theory.relaxation_times.is_empty() {
        writeln!(text, "  relaxation times [{}]", numbers(&theory.relaxation_times))?;
    }
    for (from, row) in theory.hitting_times.iter().enumerate().filter(|_| theory.hitting_times.len() > 1) {
        let times = row.iter().map(|time| time.map_or("never".to_owned(), |time| format!("{time:12.6e}")));
        writeln!(text, "  mean times from {} [{}]", from + 1, times.collect::<Vec<_>>().join(", "))?;
    }
    for well in &theory.validity {
        let ratios: Vec<String> = [
            ("leaving/relaxing", well.separation),
            ("spread/distance", well.background),
            ("climbing/jumping", well.crossover),
            ("barrier/D", well.barrier),
        ]
        .into_iter()
        .filter_map(|(name, ratio)| Some(format!("{name} {:.2e}", ratio?)))
        .collect();
        if !ratios.is_empty() {
            writeln!(text, "  validity in well {}: {}", well.well, ratios.join(", "))?;
        }
    }
    if let Some(papers) = &theory.pavlyukevich {
        for row in &papers.generator {
            writeln!(text, "  Q/c_alpha  [{}]", numbers(row))?;
        }
        writeln!(text, "  {}", report::normalisation(papers))?;
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
