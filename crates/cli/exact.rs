//! `levyscape exact`: the deterministic solvers alone.

use std::fmt::Write;
use std::fs;

use levyscape_analyzer::exact::nonlocal::{Bounded, Generator, WellChain, quasi_stationary};
use levyscape_analyzer::limit;
use levyscape_analyzer::study::{EnsembleData, PointData};
use levyscape_analyzer::summary::{PointSummary, QuantityResult, Verdict};
use rayon::prelude::*;

use crate::args::ExactArguments;
use crate::errors::Failure;
use crate::output::write_atomically;
use crate::report;
use crate::run::check_no_run;
use crate::run::study::assemble;
use crate::scenario::ScenarioFile;
use crate::study::chain;
use crate::study::problem::{EnsembleTask, Problem, Task, prepare};
use crate::study::summarise;

/// Solves every point of a scenario, writes `summary.json` and says what came out.
///
/// # Errors
/// Whatever is wrong with the scenario; a folder that holds a run; a file that cannot be written.
pub fn exact(arguments: &ExactArguments) -> Result<String, Failure> {
    let file = ScenarioFile::load(&arguments.scenario.file, &arguments.scenario.overrides)?;
    let dir = arguments.out.clone().unwrap_or_else(|| file.scenario().output.dir.join("exact"));
    check_no_run(&dir)?;
    let solved: Vec<Solved> = (0..file.points().len())
        .into_par_iter()
        .map(|index| prepare(&file, index).map(|problem| Solved::new(problem, arguments.tolerance)))
        .collect::<Result<_, _>>()?;
    let scenario = file.scenario();
    let mut text = format!("{}: {}\n", scenario.name, scenario.title);
    let mut summaries = Vec::new();
    let mut remarks = Vec::new();
    let mut data = Vec::new();
    for (index, ((swept, _), point)) in file.points().iter().zip(solved).enumerate() {
        let swept_words: Vec<String> = swept.iter().map(|(key, value)| format!("{key} = {value}")).collect();
        if !swept_words.is_empty() {
            text += &format!("\n[{}] {}\n", index + 1, swept_words.join(", "));
        }
        // Writing to a string cannot fail.
        let _ = point.describe(&mut text);
        let problem = &point.problem;
        remarks.extend(summarise::remarks(problem).into_iter().map(|remark| (index, remark)));
        data.push(point.data());
        summaries.push(PointSummary {
            point: swept.clone(),
            landscape: Some(problem.landscape.clone()),
            noise: summarise::noise(problem),
            scheme: summarise::scheme(problem),
            theory: summarise::theory(problem),
            results: point.results,
            tests: Vec::new(),
        });
    }
    let verdict = Verdict { status: "ok".to_owned(), reasons: Vec::new() };
    let sweep = limit::of_sweep(&summaries, &data);
    let summary = assemble(&file, scenario, summaries, sweep, verdict, Vec::new(), &remarks)?;
    for sentence in report::limit::lines(&summary) {
        let _ = writeln!(text, "{sentence}");
    }
    fs::create_dir_all(&dir)
        .map_err(|error| Failure::Other(format!("cannot make the folder {}: {error}", dir.display())))?;
    let path = dir.join("summary.json");
    let json = serde_json::to_string_pretty(&summary).map_err(|error| Failure::Other(error.to_string()))?;
    write_atomically(&path, format!("{json}\n").as_bytes()).map_err(|error| Failure::file(&path, &error))?;
    let _ = writeln!(text, "\nsummary: {}", path.display());
    Ok(text)
}

/// A point with its answers.
struct Solved {
    problem: Problem,
    results: Vec<QuantityResult>,
    /// Where each start's rows begin, in the order of tasks and starts.
    blocks: Vec<Block>,
    /// Mass of each well, where there are several.
    masses: Vec<Bounded>,
}

/// The rows of one start of a task.
struct Block {
    title: String,
    rows: std::ops::Range<usize>,
    levels: Vec<(usize, f64)>,
    reason: Option<String>,
}

impl Solved {
    fn new(mut problem: Problem, tolerance: f64) -> Self {
        problem.solve_exactly(tolerance);
        let mut results = Vec::new();
        let mut blocks = Vec::new();
        for (number, task) in problem.tasks.iter().enumerate() {
            if let Task::Chain(chain) = task {
                let first = results.len();
                results.extend(chain::results(number, chain, None));
                blocks.push(Block {
                    title: format!("task {number}, {}", chain.describe()),
                    rows: first..results.len(),
                    levels: Vec::new(),
                    reason: None,
                });
            }
            for start in task.starts() {
                let first = results.len();
                results.extend(summarise::expectations(number, start));
                if let Some(rate) = exit_rate(&problem, start, tolerance) {
                    results.push(summarise::exact_exit_rate(number, start, rate));
                }
                let from = start.from.map(|from| format!(", from minimum {from}")).unwrap_or_default();
                blocks.push(Block {
                    title: format!("task {number}{from}"),
                    rows: first..results.len(),
                    levels: start.exact.levels.clone(),
                    reason: start.exact.reason.as_ref().map(ToString::to_string),
                });
            }
        }
        let masses = masses(&problem, tolerance);
        Self { problem, results, blocks, masses }
    }

    /// What the extrapolation asks of a point.
    fn data(&self) -> PointData {
        let starts = self.problem.tasks.iter().enumerate().flat_map(|(number, task)| {
            task.starts().iter().map(move |start| EnsembleData {
                task: number,
                from: start.from,
                problem: start.problem.clone(),
                survival: None,
                exponential_distance: None,
                places: None,
            })
        });
        PointData {
            potential: self.problem.force.potential.clone(),
            landscape: self.problem.landscape.clone(),
            noise: self.problem.theory_noise,
            ensembles: starts.collect(),
            paths: Vec::new(),
            chains: Vec::new(),
        }
    }

    fn describe(&self, text: &mut String) -> std::fmt::Result {
        for block in &self.blocks {
            writeln!(text, "{}:", block.title)?;
            writeln!(
                text,
                "  {:<32} {:>20} {:>9} {:>16} {:>13}",
                "quantity", "exact", "error", "theory", "theory/exact"
            )?;
            for row in &self.results[block.rows.clone()] {
                let number = |value: Option<f64>, digits: usize| {
                    value.map_or_else(|| "-".to_owned(), |value| significant(value, digits))
                };
                let ratio = row.asymptotic.zip(row.exact).map(|(theory, exact)| theory / exact);
                let ratio = ratio.filter(|ratio| ratio.is_finite());
                writeln!(
                    text,
                    "  {:<32} {:>20} {:>9} {:>16} {:>13}",
                    label(row),
                    row.exact.map_or_else(|| "-".to_owned(), |value| known(value, row.exact_error)),
                    row.exact_error.map_or_else(|| "-".to_owned(), |error| format!("{error:.0e}")),
                    number(row.asymptotic, 8),
                    ratio.map_or_else(|| "-".to_owned(), |ratio| format!("{ratio:.6}")),
                )?;
            }
            if !block.levels.is_empty() {
                let levels: Vec<String> = block
                    .levels
                    .iter()
                    .map(|(unknowns, mean)| format!("{} ({unknowns} unknowns)", significant(*mean, 12)))
                    .collect();
                writeln!(text, "  mean on each mesh: {}", levels.join(", "))?;
            }
            if let Some(reason) = &block.reason {
                writeln!(text, "  no exact value beyond these: {reason}")?;
            }
        }
        if !self.masses.is_empty() {
            let masses: Vec<String> = self.masses.iter().map(|mass| significant(mass.value, 8)).collect();
            write!(text, "stationary mass of the wells: {}", masses.join(", "))?;
            match summarise::theory(&self.problem) {
                Some(theory) => {
                    let pi: Vec<String> =
                        theory.stationary.iter().map(|mass| significant(*mass, 8)).collect();
                    writeln!(text, "; theory: {}", pi.join(", "))?;
                }
                None => writeln!(text)?,
            }
        }
        Ok(())
    }
}

/// The quasi-stationary rate of a start's domain, where its equation can be solved.
fn exit_rate(problem: &Problem, start: &EnsembleTask, tolerance: f64) -> Option<Bounded> {
    if start.space.is_some() {
        return None;
    }
    let generator = Generator::new(problem.force.potential.as_ref(), problem.theory_noise)?;
    let law = quasi_stationary(&generator, &problem.landscape, &start.problem, tolerance);
    law.ok().map(|law| law.rate)
}

/// The stationary mass of each well, where there are two or more.
fn masses(problem: &Problem, tolerance: f64) -> Vec<Bounded> {
    if problem.force.field.is_some() || problem.landscape.wells.len() < 2 {
        return Vec::new();
    }
    let Some(generator) = Generator::new(problem.force.potential.as_ref(), problem.theory_noise) else {
        return Vec::new();
    };
    WellChain::new(&generator, &problem.landscape, &[], &[], tolerance)
        .map(|chain| chain.stationary)
        .unwrap_or_default()
}

/// A quantity with what tells it from its like.
fn label(row: &QuantityResult) -> String {
    let mut label = row.quantity.clone();
    if let (Some(from), "chain") = (row.from, row.kind.as_str()) {
        let _ = write!(label, " {from}");
    }
    if let Some(well) = row.well {
        let _ = write!(label, " of {well}");
    }
    if let Some(to) = row.to {
        let _ = write!(label, " to {to}");
    }
    if let Some([lo, hi]) = row.set {
        let _ = write!(label, " [{lo}, {hi}]");
    }
    if let Some(t) = row.t {
        let _ = write!(label, " t = {t}");
    }
    label
}

/// A number to the digits that its error leaves.
fn known(value: f64, error: Option<f64>) -> String {
    let digits = match error {
        Some(error) if error > 0.0 && value != 0.0 => {
            (decimal_exponent(value) - decimal_exponent(error) + 1).clamp(2, 12)
        }
        _ => 12,
    };
    significant(value, digits as usize)
}

/// A number with so many significant digits.
fn significant(value: f64, digits: usize) -> String {
    let exponent = if value == 0.0 { 0 } else { decimal_exponent(value) };
    if (-4..=9).contains(&exponent) {
        let decimals = (digits as i64 - 1 - i64::from(exponent)).max(0) as usize;
        format!("{value:.decimals$}")
    } else {
        format!("{value:.*e}", digits - 1)
    }
}

/// The decimal exponent.
fn decimal_exponent(value: f64) -> i32 {
    // The formatter rounds as it will print.
    let text = format!("{value:e}");
    text.split_once('e').and_then(|(_, exponent)| exponent.parse().ok()).unwrap_or(0)
}
