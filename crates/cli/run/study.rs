//! Simulating every point of a scenario, and summing it up.

use std::io::BufWriter;
use std::path::Path;

use levyscape_analyzer::compare;
use levyscape_analyzer::limit::{self, SweepLimits};
use levyscape_analyzer::study::{PathData, PointData, Study};
use levyscape_analyzer::summary::{PointSummary, Summary, Verdict};
use levyscape_engine::Control;
use levyscape_engine::journal::{Journal, Unit};
use levyscape_engine::sink::{CsvSink, ParquetSink, Sink};
use levyscape_integrator::StreamKey;
use tempfile::NamedTempFile;

use crate::errors::Failure;
use crate::output::temporary_beside;
use crate::progress::Progress;
use crate::scenario::{Scenario, ScenarioFile};
use crate::study::method::{self, Streams, Work};
use crate::study::problem::{Problem, Task};
use crate::study::table::ExitTable;
use crate::study::{chain, simulate, summarise};

/// A complete table that still has its temporary name, and the name that it shall have.
type Table = (NamedTempFile, &'static str);

/// A run of which everything is known but nothing is written.
pub struct Simulated {
    pub study: Study,
    /// Tables of exits.
    pub tables: Vec<Table>,
}

/// Simulates every point, as far as the journal does not have it yet. `dir` is where the tables of exits grow under
/// temporary names; a shard has none.
///
/// # Errors
/// An interruption; an equation that cannot be integrated; a file that cannot be written.
pub fn simulate(
    file: &ScenarioFile,
    scenario: &Scenario,
    problems: Vec<Problem>,
    dir: Option<&Path>,
    journal: &mut Journal,
    control: &Control,
    progress: &Progress,
) -> Result<Simulated, Failure> {
    let (mut table, tables) = open_tables(scenario, dir)?;
    let whole = dir.is_some();
    let count = problems.len();
    let mut summaries = Vec::new();
    let mut points = Vec::new();
    let mut warnings: Vec<String> = Vec::new();
    let mut remarks: Vec<(usize, String)> = Vec::new();
    let mut reasons = Vec::new();
    for (index, problem) in problems.into_iter().enumerate() {
        let (swept, scenario) = &file.points()[index];
        let place = place(swept);
        let mut data = PointData {
            potential: problem.force.potential.clone(),
            landscape: problem.landscape.clone(),
            noise: problem.theory_noise,
            ensembles: Vec::new(),
            paths: Vec::new(),
            chains: Vec::new(),
        };
        let mut results = Vec::new();
        let mut tests = Vec::new();
        for (number, task) in problem.tasks.iter().enumerate() {
            let key = StreamKey { seed: scenario.ensemble.seed, point: index as u64, task: number as u64 };
            match task {
                // They are for looking: whoever joins the shards draws them.
                Task::Paths { .. } if !whole => {}
                Task::Paths { start, end_time, count, window } => {
                    let trajectories =
                        simulate::paths(&problem, *start, *end_time, *count, *window, key, control)?;
                    data.paths.push(PathData { task: number, end_time: *end_time, trajectories });
                }
                Task::Chain(chain) => {
                    let streams = Streams { key, position: 0, starts: 1 };
                    let unit = Unit { point: index as u32, task: number as u32, start: 0, stage: 0 };
                    progress.say(&format!("point {}/{count}, task {number}", index + 1));
                    let mut work = Work { journal, unit, streams, control, table: &mut table, progress };
                    let simulated = method::chain::estimate(&problem, chain, &scenario.ensemble, &mut work)?;
                    let place = format!("{place}task {number}");
                    warnings.extend(chain::warnings(&place, chain, &scenario.ensemble, &simulated));
                    reasons.extend(chain::failure(&place, &problem, &simulated));
                    results.extend(chain::results(number, chain, Some(&simulated)));
                    data.chains.push(chain::data(number, chain, simulated));
                }
                Task::Ensembles(starts) => {
                    for (position, start) in starts.iter().enumerate() {
                        let streams = Streams { key, position: position as u64, starts: starts.len() as u64 };
                        let unit = Unit {
                            point: index as u32,
                            task: number as u32,
                            start: position as u32,
                            stage: 0,
                        };
                        progress.say(&format!("point {}/{count}, task {number}", index + 1));
                        let mut work = Work { journal, unit, streams, control, table: &mut table, progress };
                        let simulated = method::estimate(&problem, start, &scenario.ensemble, &mut work)?;
                        let place = match start.from {
                            Some(from) => format!("{place}task {number}, from minimum {from}"),
                            None => format!("{place}task {number}"),
                        };
                        warnings.extend(summarise::warnings(&place, &problem, start, &simulated));
                        reasons.extend(summarise::failure(&place, &problem, start, &simulated));
                        let of_start = summarise::results(number, start, &simulated);
                        let test = summarise::tests(number, start, &simulated, &of_start);
                        data.ensembles.push(summarise::ensemble_data(number, start, &simulated, &test));
                        results.extend(of_start);
                        tests.push(test);
                    }
                }
            }
        }
        remarks.extend(summarise::remarks(&problem).into_iter().map(|remark| (index, remark)));
        summaries.push(PointSummary {
            point: swept.clone(),
            landscape: Some(problem.landscape.clone()),
            noise: summarise::noise(&problem),
            scheme: summarise::scheme(&problem),
            theory: summarise::theory(&problem),
            results,
            tests,
        });
        points.push(data);
    }
    table.finish()?;
    let sweep = limit::of_sweep(&summaries, &points);
    let status = if reasons.is_empty() { "ok" } else { "failed" };
    let verdict = Verdict { status: status.to_owned(), reasons };
    let mut summary = assemble(file, scenario, summaries, sweep, verdict, warnings, &remarks)?;
    compare::assess(&mut summary);
    Ok(Simulated { study: Study { summary, points }, tables })
}

/// `summary.json` from its points; the remarks, each with the index of its point, become warnings.
///
/// # Errors
/// A scenario that cannot be written as JSON.
pub fn assemble(
    file: &ScenarioFile,
    scenario: &Scenario,
    mut points: Vec<PointSummary>,
    SweepLimits { limits, exponents }: SweepLimits,
    verdict: Verdict,
    mut warnings: Vec<String>,
    remarks: &[(usize, String)],
) -> Result<Summary, Failure> {
    warnings.extend(gather(file, remarks));
    // A landscape that the sweep does not change is said once.
    let same = points.windows(2).all(|pair| pair[0].landscape == pair[1].landscape);
    let landscape = if same { points.first().and_then(|point| point.landscape.clone()) } else { None };
    if same {
        points.iter_mut().for_each(|point| point.landscape = None);
    }
    Ok(Summary {
        levyscape: env!("CARGO_PKG_VERSION").to_owned(),
        name: scenario.name.clone(),
        title: scenario.title.clone(),
        scenario: scenario.to_json().map_err(|error| Failure::Other(error.to_string()))?,
        landscape,
        points,
        limits,
        exponents,
        verdict,
        comparison: None,
        warnings,
    })
}

/// The tables of exits, under temporary names in the folder.
fn open_tables(scenario: &Scenario, dir: Option<&Path>) -> Result<(ExitTable, Vec<Table>), Failure> {
    let Some(dir) = dir else { return Ok((ExitTable::new(Vec::new()), Vec::new())) };
    let mut tables = Vec::new();
    let mut open = |name: &'static str| {
        let file = temporary_beside(&dir.join(name)).map_err(|error| Failure::file(dir, &error))?;
        let out = file.reopen().map(BufWriter::new).map_err(|error| Failure::file(dir, &error));
        tables.push((file, name));
        out
    };
    let dimension = scenario.potential.variables.len();
    let mut sinks: Vec<Box<dyn Sink>> = vec![Box::new(ParquetSink::new(open("exits.parquet")?, dimension)?)];
    if scenario.output.exits_csv {
        sinks.push(Box::new(CsvSink::new(open("exits.csv")?, dimension)?));
    }
    Ok((ExitTable::new(sinks), tables))
}

/// Remarks on points, each said once: bare where it holds at every point, else with the points named.
fn gather(file: &ScenarioFile, remarks: &[(usize, String)]) -> Vec<String> {
    let points = file.points();
    let mut gathered: Vec<(String, Vec<usize>)> = Vec::new();
    for (index, remark) in remarks {
        match gathered.iter_mut().find(|(known, _)| known == remark) {
            Some((_, at)) => at.push(*index),
            None => gathered.push((remark.clone(), vec![*index])),
        }
    }
    gathered
        .into_iter()
        .flat_map(|(remark, at)| {
            if at.len() == points.len() {
                vec![remark]
            } else {
                at.into_iter().map(|index| format!("{}{remark}", place(&points[index].0))).collect()
            }
        })
        .collect()
}

/// The swept values of a point, to begin a warning with.
fn place(swept: &serde_json::Map<String, serde_json::Value>) -> String {
    if swept.is_empty() {
        return String::new();
    }
    let values: Vec<String> = swept.iter().map(|(key, value)| format!("{key} = {value}")).collect();
    format!("{}: ", values.join(", "))
}
