//! `levyscape run`: simulate, compare, draw, report.

use std::fs;
use std::io::BufWriter;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Instant;

use levyscape_analyzer::figure;
use levyscape_analyzer::gallery;
use levyscape_analyzer::study::{PathData, PointData, Study};
use levyscape_analyzer::summary::{PointSummary, Summary, Verdict};
use levyscape_engine::sink::{CsvSink, ParquetSink, Rows, Sink};
use levyscape_engine::{Control, EngineError};
use levyscape_integrator::StreamKey;

use tempfile::NamedTempFile;

use crate::args::RunArguments;
use crate::errors::Failure;
use crate::output::{persist, remove_if_there, temporary_beside, write_atomically};
use crate::progress::Progress;
use crate::report;
use crate::scenario::{DEFAULT_PATHS, PotentialSource, Scenario, ScenarioFile};
use crate::study::problem::{Problem, Task, prepare};
use crate::study::simulate::{self, Streams};
use crate::study::summarise;

/// The file that is written last: where it is, the run is whole.
pub const SUMMARY: &str = "summary.json";

/// How a run ended.
pub struct Finished {
    /// The main numbers as text for the terminal.
    pub table: String,
    pub report: PathBuf,
    pub verdict: Verdict,
    pub warnings: usize,
}

/// Runs a scenario and writes its results.
///
/// # Errors
/// Bad input, an interruption, or a file that cannot be written.
pub fn run(arguments: &RunArguments) -> Result<Finished, Failure> {
    let file = ScenarioFile::load(&arguments.scenario.file, &arguments.scenario.overrides)?;
    let problems =
        (0..file.points().len()).map(|index| prepare(&file, index)).collect::<Result<Vec<_>, _>>()?;
    let dir = arguments.out.clone().unwrap_or_else(|| file.scenario().output.dir.clone());
    let mut pool = rayon::ThreadPoolBuilder::new();
    if let Some(threads) = arguments.threads {
        pool = pool.num_threads(threads.get());
    }
    let pool = pool.build().map_err(|error| Failure::Other(format!("cannot start the threads: {error}")))?;
    let control = Arc::new(Control::default());
    let on_interrupt = Arc::clone(&control);
    // A second handler cannot be set; the first one serves as well.
    let _ = ctrlc::set_handler(move || on_interrupt.cancel.store(true, Ordering::Relaxed));
    let figures = dir.join("figures");
    fs::create_dir_all(&figures)
        .map_err(|error| Failure::Other(format!("cannot make the folder {}: {error}", figures.display())))?;
    let begun = Instant::now();
    let simulated = {
        let progress =
            Progress::start(Arc::clone(&control), expected_paths(&file, &problems), arguments.quiet);
        pool.install(|| simulate(&file, problems, &dir, &control, &progress))
    };
    let (study, exits) = simulated.inspect_err(|_| {
        // Folders that hold nothing are not left behind; one that holds something cannot be removed.
        let _ = fs::remove_dir(&figures).and_then(|()| fs::remove_dir(&dir));
    })?;
    let seconds = begun.elapsed().as_secs_f64();
    // From here on files appear under their names: an older run's summary must not vouch for them.
    let summary_path = dir.join(SUMMARY);
    remove_if_there(&summary_path).map_err(|error| Failure::file(&summary_path, &error))?;
    clear_figures(&figures)?;
    let csv_path = dir.join("exits.csv");
    remove_if_there(&csv_path).map_err(|error| Failure::file(&csv_path, &error))?;
    for (table, name) in exits {
        let path = dir.join(name);
        persist(table, &path).map_err(|error| Failure::file(&path, &error))?;
    }
    let formats: Vec<figure::Format> =
        file.scenario().output.formats.iter().map(|&format| format.into()).collect();
    let drawn = gallery::figures(&study);
    for figure in &drawn {
        figure::write_figure(figure, &figures, &formats)
            .map_err(|error| Failure::Other(format!("figure {}: {error}", figure.name)))?;
    }
    let write = |name: &str, contents: &[u8]| {
        let path = dir.join(name);
        write_atomically(&path, contents).map_err(|error| Failure::file(&path, &error))
    };
    let mut as_run = file.scenario().clone();
    keep_tables(&file, &dir, &mut as_run)?;
    let resolved = as_run.to_toml().map_err(|error| Failure::Other(error.to_string()))?;
    write("scenario.toml", resolved.as_bytes())?;
    let page = report::html(&study, &drawn).map_err(Failure::Other)?;
    write("report.html", page.as_bytes())?;
    let timing = serde_json::json!({
        "simulation_seconds": seconds,
        "total_seconds": begun.elapsed().as_secs_f64(),
        "steps": control.steps.load(Ordering::Relaxed),
        "threads": pool.current_num_threads(),
    });
    write("timing.json", format!("{timing:#}\n").as_bytes())?;
    write(SUMMARY, &to_json(&study.summary)?)?;
    Ok(Finished {
        table: report::terminal_summary(&study),
        report: dir.join("report.html"),
        verdict: study.summary.verdict.clone(),
        warnings: study.summary.warnings.len(),
    })
}

/// Draws again the figures of a finished run from their saved descriptions. Returns their number.
///
/// # Errors
/// A folder without a finished run, or files that cannot be read or written.
pub fn plot(dir: &Path) -> Result<usize, Failure> {
    if !dir.join(SUMMARY).is_file() {
        return Err(Failure::Input(format!(
            "{} holds no finished run: there is no {SUMMARY}",
            dir.display()
        )));
    }
    let figures = dir.join("figures");
    let entries = fs::read_dir(&figures).map_err(|error| Failure::file(&figures, &error))?;
    let mut specs: Vec<PathBuf> = entries
        .filter_map(|entry| entry.ok().map(|entry| entry.path()))
        .filter(|path| path.extension().is_some_and(|extension| extension == "json"))
        .collect();
    specs.sort();
    for path in &specs {
        let text = fs::read_to_string(path).map_err(|error| Failure::file(path, &error))?;
        let figure: figure::Figure = serde_json::from_str(&text)
            .map_err(|error| Failure::Input(format!("{} is no figure: {error}", path.display())))?;
        // The formats that are there are the ones that were asked for.
        let formats: Vec<figure::Format> = figure::Format::ALL
            .into_iter()
            .filter(|format| path.with_extension(format.extension()).is_file())
            .collect();
        figure::write_figure(&figure, &figures, &formats)
            .map_err(|error| Failure::Other(format!("figure {}: {error}", figure.name)))?;
    }
    Ok(specs.len())
}

/// Copies the potential's tables beside the scenario as run, and names them there.
fn keep_tables(file: &ScenarioFile, dir: &Path, as_run: &mut Scenario) -> Result<(), Failure> {
    let keep = |path: &Path| {
        let name = PathBuf::from(path.file_name().unwrap_or(path.as_os_str()));
        let (from, to) = (file.folder().join(path), dir.join(&name));
        // A run of its own `scenario.toml` finds the table in place.
        if from.canonicalize().ok() != to.canonicalize().ok() {
            let contents = fs::read(&from).map_err(|error| Failure::file(&from, &error))?;
            write_atomically(&to, &contents).map_err(|error| Failure::file(&to, &error))?;
        }
        Ok::<_, Failure>(name)
    };
    if let PotentialSource::Table(path) = &mut as_run.potential.source {
        *path = keep(path)?;
    }
    for axis in as_run.sweep.iter_mut().filter(|axis| axis.key == "potential.table") {
        for value in &mut axis.values {
            if let Some(path) = value.as_str() {
                let name = keep(Path::new(path))?;
                *value = name.to_string_lossy().into_owned().into();
            }
        }
    }
    Ok(())
}

/// Figures of an earlier run in the same folder would pass for this one's.
fn clear_figures(figures: &Path) -> Result<(), Failure> {
    let entries = fs::read_dir(figures).map_err(|error| Failure::file(figures, &error))?;
    for path in entries.filter_map(|entry| entry.ok().map(|entry| entry.path())) {
        let ours = ["svg", "pdf", "png", "csv", "json"];
        if path.extension().is_some_and(|extension| ours.iter().any(|ours| extension == *ours)) {
            remove_if_there(&path).map_err(|error| Failure::file(&path, &error))?;
        }
    }
    Ok(())
}

fn to_json(summary: &Summary) -> Result<Vec<u8>, Failure> {
    let mut text = serde_json::to_vec_pretty(summary).map_err(|error| Failure::Other(error.to_string()))?;
    text.push(b'\n');
    Ok(text)
}

/// The number of paths of the whole run, where it is known beforehand.
fn expected_paths(file: &ScenarioFile, problems: &[Problem]) -> Option<u64> {
    let mut paths = 0;
    for ((_, scenario), problem) in file.points().iter().zip(problems) {
        for task in &problem.tasks {
            paths += match task {
                Task::Paths { count, .. } => *count,
                Task::Ensembles(_) if scenario.ensemble.relative_error.is_some() => return None,
                Task::Ensembles(starts) => {
                    starts.len() as u64 * scenario.ensemble.paths.unwrap_or(DEFAULT_PATHS)
                }
            };
        }
    }
    Some(paths)
}

/// A complete table that still has its temporary name, and the name that it shall have.
type Table = (NamedTempFile, &'static str);

/// Simulates every point; the tables of exits are complete but still have their temporary names.
fn simulate(
    file: &ScenarioFile,
    problems: Vec<Problem>,
    dir: &Path,
    control: &Control,
    progress: &Progress,
) -> Result<(Study, Vec<Table>), Failure> {
    let table_error = |error: std::io::Error| Failure::file(dir, &error);
    let mut exits = Vec::new();
    let mut table = |name: &'static str| {
        let file = temporary_beside(&dir.join(name))?;
        let out = file.reopen().map(BufWriter::new);
        exits.push((file, name));
        out
    };
    let dimension = file.scenario().potential.variables.len();
    let mut sinks: Vec<Box<dyn Sink>> =
        vec![Box::new(ParquetSink::new(table("exits.parquet").map_err(table_error)?, dimension)?)];
    if file.scenario().output.exits_csv {
        sinks.push(Box::new(CsvSink::new(table("exits.csv").map_err(table_error)?, dimension)?));
    }
    let count = problems.len();
    let mut summaries = Vec::new();
    let mut points = Vec::new();
    let mut warnings: Vec<String> = Vec::new();
    let mut remarks: Vec<(usize, String)> = Vec::new();
    let mut reasons = Vec::new();
    for (index, problem) in problems.into_iter().enumerate() {
        let (swept, scenario) = &file.points()[index];
        progress.say(if count > 1 { format!("point {}/{count}", index + 1) } else { scenario.name.clone() });
        let place = place(swept);
        let mut data = PointData {
            potential: problem.force.potential.clone(),
            landscape: problem.landscape.clone(),
            noise: problem.theory_noise,
            ensembles: Vec::new(),
            paths: Vec::new(),
        };
        let mut results = Vec::new();
        for (number, task) in problem.tasks.iter().enumerate() {
            let key = StreamKey { seed: scenario.ensemble.seed, point: index as u64, task: number as u64 };
            match task {
                Task::Paths { start, end_time, count, window } => {
                    let trajectories =
                        simulate::paths(&problem, *start, *end_time, *count, *window, key, control)?;
                    data.paths.push(PathData { task: number, end_time: *end_time, trajectories });
                }
                Task::Ensembles(starts) => {
                    for (position, start) in starts.iter().enumerate() {
                        let streams = Streams { key, position: position as u64, starts: starts.len() as u64 };
                        let simulated =
                            simulate::ensemble(&problem, start, &scenario.ensemble, streams, control)?;
                        let rows = Rows {
                            point: index as u64,
                            task: number as u64,
                            first_path: streams.position,
                            stride: streams.starts,
                            start: start.start(),
                            paths: &simulated.pairs,
                        };
                        sinks.iter_mut().try_for_each(|sink| sink.append(&rows))?;
                        let place = match start.from {
                            Some(from) => format!("{place}task {number}, from minimum {from}"),
                            None => format!("{place}task {number}"),
                        };
                        warnings.extend(summarise::warnings(&place, &problem, start, &simulated));
                        reasons.extend(summarise::failure(&place, &problem, start, &simulated));
                        results.extend(summarise::results(number, start, &simulated));
                        data.ensembles.push(summarise::ensemble_data(number, start, &simulated));
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
        });
        points.push(data);
    }
    sinks.into_iter().try_for_each(|sink| sink.finish())?;
    warnings.extend(gather(file, &remarks));
    // A landscape that the sweep does not change is said once.
    let same = summaries.windows(2).all(|pair| pair[0].landscape == pair[1].landscape);
    let landscape = if same { summaries.first().and_then(|point| point.landscape.clone()) } else { None };
    if same {
        summaries.iter_mut().for_each(|point| point.landscape = None);
    }
    let scenario = file.scenario();
    let status = if reasons.is_empty() { "ok" } else { "failed" };
    let summary = Summary {
        levyscape: env!("CARGO_PKG_VERSION").to_owned(),
        name: scenario.name.clone(),
        title: scenario.title.clone(),
        scenario: scenario.to_json().map_err(|error| Failure::Other(error.to_string()))?,
        landscape,
        points: summaries,
        verdict: Verdict { status: status.to_owned(), reasons },
        warnings,
    };
    Ok((Study { summary, points }, exits))
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

impl From<EngineError> for Failure {
    fn from(error: EngineError) -> Self {
        match error {
            EngineError::Interrupted => Self::Interrupted,
            other => Self::Other(other.to_string()),
        }
    }
}
