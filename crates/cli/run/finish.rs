//! Writing the results of a run: each file whole, the summary last.

use std::fs;
use std::path::Path;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use levyscape_analyzer::figure;
use levyscape_analyzer::gallery;
use levyscape_analyzer::summary::Summary;
use levyscape_engine::Control;
use rayon::prelude::*;

use super::folder::Checkpoint;
use super::study::Simulated;
use super::{Finished, SUMMARY, TIMING};
use crate::errors::Failure;
use crate::output::{persist, remove_if_there, write_atomically};
use crate::report;
use crate::scenario::Scenario;

/// What `timing.json` says: the one file that differs from run to run.
pub struct Timing {
    /// Time spent simulating, since the run was begun or resumed.
    pub simulation: Duration,
    pub begun: Instant,
    pub steps: u64,
    pub threads: usize,
}

/// Writes everything and clears the checkpoint.
///
/// # Errors
/// A file that cannot be written, a figure that cannot be drawn, an interruption.
pub fn write(
    simulated: Simulated,
    scenario: &Scenario,
    checkpoint: &Checkpoint,
    dir: &Path,
    timing: &Timing,
    control: &Control,
) -> Result<Finished, Failure> {
    let Simulated { study, tables } = simulated;
    let figures = dir.join("figures");
    fs::create_dir_all(&figures)
        .map_err(|error| Failure::Other(format!("cannot make the folder {}: {error}", figures.display())))?;
    // From here on files appear under their names: an older run's summary must not vouch for them.
    let summary_path = dir.join(SUMMARY);
    remove_if_there(&summary_path).map_err(|error| Failure::file(&summary_path, &error))?;
    clear_figures(&figures, |_| true)?;
    let csv_path = dir.join("exits.csv");
    remove_if_there(&csv_path).map_err(|error| Failure::file(&csv_path, &error))?;
    for (table, name) in tables {
        let path = dir.join(name);
        persist(table, &path).map_err(|error| Failure::file(&path, &error))?;
    }
    let formats: Vec<figure::Format> = scenario.output.formats.iter().map(|&format| format.into()).collect();
    let drawn = gallery::figures(&study);
    let written: Vec<Result<(), Failure>> = drawn
        .par_iter()
        .map(|figure| {
            if control.cancel.load(Ordering::Relaxed) {
                return Err(Failure::Interrupted(None));
            }
            figure::write_figure_with(figure, &figures, &formats, scenario.output.theme)
                .map(|_| ())
                .map_err(|error| Failure::Other(format!("figure {}: {error}", figure.name)))
        })
        .collect();
    written.into_iter().collect::<Result<(), Failure>>()?;
    let write = |name: &str, contents: &[u8]| {
        let path = dir.join(name);
        write_atomically(&path, contents).map_err(|error| Failure::file(&path, &error))
    };
    checkpoint.keep_tables(scenario, dir)?;
    let resolved = scenario.to_toml().map_err(|error| Failure::Other(error.to_string()))?;
    write("scenario.toml", resolved.as_bytes())?;
    let origin = report::Origin { scenario: &resolved, command: checkpoint.manifest.command.as_deref() };
    let page = report::html(&study, &drawn, &origin).map_err(Failure::Other)?;
    write("report.html", page.as_bytes())?;
    let timing = serde_json::json!({
        "simulation_seconds": timing.simulation.as_secs_f64(),
        "total_seconds": timing.begun.elapsed().as_secs_f64(),
        "steps": timing.steps,
        "threads": timing.threads,
    });
    write(TIMING, format!("{timing:#}\n").as_bytes())?;
    write(SUMMARY, &to_json(&study.summary)?)?;
    Checkpoint::clear(dir)?;
    Ok(Finished {
        table: report::terminal_summary(&study),
        pointer: format!("report: {}", dir.join("report.html").display()),
        verdict: study.summary.verdict.clone(),
        warnings: study.summary.warnings.len(),
    })
}

/// Removes the figures of these names, which would pass for those that are to be written. Files that belong to no
/// description are the user's own, and stay.
///
/// # Errors
/// A folder that cannot be read, files that cannot be removed.
pub fn clear_figures(figures: &Path, named: impl Fn(&str) -> bool) -> Result<(), Failure> {
    let entries = fs::read_dir(figures).map_err(|error| Failure::file(figures, &error))?;
    for path in entries.filter_map(|entry| entry.ok().map(|entry| entry.path())) {
        let is_description = path.extension().is_some_and(|extension| extension == "json")
            && fs::read_to_string(&path).is_ok_and(|text| {
                serde_json::from_str::<figure::Figure>(&text).is_ok_and(|one| named(&one.name))
            });
        if !is_description {
            continue;
        }
        // The description last: it is what tells that the others are ours.
        for extension in ["svg", "pdf", "png", "tex", "csv", "json"] {
            let path = path.with_extension(extension);
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
