//! `levyscape tail_index`: the tail index of a sample.

use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

use levyscape_analyzer::estimate::tail::{Estimated, Sample, TailEstimate, TailIndex};
use levyscape_analyzer::figure::{self, Figure, Format};
use levyscape_analyzer::gallery;
use rayon::prelude::*;
use serde::Serialize;

use crate::args::TailIndexArguments;
use crate::errors::Failure;
use crate::output::{remove_if_there, write_atomically};
use crate::run::{check_no_run, clear_figures};
use crate::sample::{self, Column};

/// The figure of all values, and how those of coordinates begin.
const FIGURE: &str = "tail_index";
/// Coordinates that get a figure of their own.
const DRAWN: usize = 6;
/// Coordinates that are told of on the terminal.
const SHOWN: usize = 20;

/// `summary.json`.
#[derive(Serialize)]
struct Summary<'a> {
    levyscape: &'static str,
    file: String,
    /// The columns that make up the sample.
    columns: Vec<&'a str>,
    /// Of all values of all columns together.
    #[serde(flatten)]
    pooled: &'a TailIndex,
    /// One entry a column, where there are several.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    coordinates: Vec<Coordinate<'a>>,
}

/// One column of several.
#[derive(Serialize)]
struct Coordinate<'a> {
    column: &'a str,
    #[serde(flatten)]
    index: Option<TailIndex>,
    /// Why there is no estimate.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
}

/// Estimates the tail index of a sample; writes `summary.json` and figures and says what came out.
///
/// # Errors
/// Whatever is wrong with the file; a folder that holds a run; a file that cannot be written.
pub fn tail_index(arguments: &TailIndexArguments) -> Result<String, Failure> {
    let path = &arguments.file;
    let dir = arguments.out.clone().unwrap_or_else(|| default_folder(path));
    check_no_run(&dir)?;
    let columns = sample::read(path, arguments.column.as_deref())?;
    let whole = Sample::new(columns.iter().flat_map(|column| column.values.iter().copied()).collect())
        .map_err(|error| Failure::Input(format!("{}: {error}", path.display())))?;
    let pooled = TailIndex::new(&whole);
    let mut coordinates =
        if columns.len() > 1 { columns.par_iter().map(Coordinate::new).collect() } else { Vec::new() };
    let mut figures = vec![gallery::tail_index(FIGURE, &opening(path, &columns), &pooled)];
    for (number, coordinate) in (1..).zip(&mut coordinates) {
        let Some(index) = &mut coordinate.index else { continue };
        if number <= DRAWN {
            let title = opening(path, &columns[number - 1..number]);
            figures.push(gallery::tail_index(&format!("{FIGURE}_{number}"), &title, index));
        }
        // The numbers of the plots are in the figures' tables; of thousands of columns they would swamp the summary.
        (index.hill_plot, index.ecf, index.tail) = Default::default();
    }
    let text = describe(path, &columns, &pooled, &coordinates);
    let summary = Summary {
        levyscape: env!("CARGO_PKG_VERSION"),
        file: path.display().to_string(),
        columns: columns.iter().map(|column| column.name.as_str()).collect(),
        pooled: &pooled,
        coordinates,
    };
    write(&dir, &summary, &figures)?;
    Ok(format!("{text}\nsummary: {}\n", dir.join("summary.json").display()))
}

fn default_folder(path: &Path) -> PathBuf {
    let stem = path.file_stem().map_or_else(String::new, |stem| stem.to_string_lossy().into_owned());
    Path::new("output").join(format!("tail_index_{stem}"))
}

/// How a caption begins.
fn opening(path: &Path, columns: &[Column]) -> String {
    let file = path.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
    let text = match columns {
        [column] => format!("{file}, column {}.", column.name),
        _ => format!("{file}, {} columns together.", columns.len()),
    };
    figure::text::escape(&text)
}

/// Figures first, the summary last: its presence means that the folder is whole.
fn write(dir: &Path, summary: &Summary<'_>, figures: &[Figure]) -> Result<(), Failure> {
    let folder = dir.join("figures");
    fs::create_dir_all(&folder)
        .map_err(|error| Failure::Other(format!("cannot make the folder {}: {error}", folder.display())))?;
    let path = dir.join("summary.json");
    remove_if_there(&path).map_err(|error| Failure::file(&path, &error))?;
    clear_figures(&folder, |name| name.starts_with(FIGURE))?;
    for drawn in figures {
        figure::write_figure(drawn, &folder, &Format::ALL)
            .map_err(|error| Failure::Other(format!("figure {}: {error}", drawn.name)))?;
    }
    let json = serde_json::to_string_pretty(summary).map_err(|error| Failure::Other(error.to_string()))?;
    write_atomically(&path, format!("{json}\n").as_bytes()).map_err(|error| Failure::file(&path, &error))
}

impl<'a> Coordinate<'a> {
    fn new(column: &'a Column) -> Self {
        let (index, reason) = match Sample::new(column.values.clone()) {
            Ok(sample) => (Some(TailIndex::new(&sample)), None),
            Err(error) => (None, Some(error.to_string())),
        };
        Self { column: &column.name, index, reason }
    }
}

/// What is said on the terminal.
fn describe(path: &Path, columns: &[Column], pooled: &TailIndex, coordinates: &[Coordinate<'_>]) -> String {
    let mut text = String::new();
    let together = if columns.len() > 1 { format!(" in {} columns", columns.len()) } else { String::new() };
    // Writing to a string cannot fail.
    let _ = writeln!(text, "{}: {} values{together}, median {:.6e}", path.display(), pooled.n, pooled.median);
    let _ = writeln!(
        text,
        "  {:<10} {:>8} {:>10} {:>20}  settings",
        "estimator", "alpha", "std. error", "95 % interval"
    );
    for estimate in &pooled.estimators {
        let [low, high] = estimate.ci95;
        let _ = writeln!(
            text,
            "  {:<10} {:>8.4} {:>10.4} {:>20}  {}",
            estimate.estimator.name(),
            estimate.alpha,
            estimate.std_error,
            format!("[{low:.4}, {high:.4}]"),
            estimate.settings
        );
    }
    for none in &pooled.not_estimated {
        let _ = writeln!(text, "  {:<10} none: {}", none.estimator.name(), none.reason);
    }
    if let Some(words) = pooled.fitted().and_then(law) {
        let _ = writeln!(text, "{words}");
    }
    for estimate in &pooled.estimators {
        for remark in &estimate.remarks {
            let _ = writeln!(text, "{}: {remark}", estimate.estimator.name());
        }
    }
    for sentence in &pooled.diagnosis {
        let _ = writeln!(text, "not stable? {sentence}");
    }
    if !coordinates.is_empty() {
        let _ = writeln!(text, "each column:");
    }
    for coordinate in coordinates.iter().take(SHOWN) {
        let found = match (&coordinate.index, &coordinate.reason) {
            (Some(index), _) => {
                let words: Vec<String> = index.estimators.iter().map(short).collect();
                let doubt = if index.diagnosis.is_empty() { "" } else { "; not stable?" };
                format!("{}{doubt}", words.join(", "))
            }
            (None, reason) => reason.clone().unwrap_or_default(),
        };
        let _ = writeln!(text, "  {:<10} {found}", coordinate.column);
    }
    if coordinates.len() > SHOWN {
        let _ = writeln!(text, "  {} more in the summary", coordinates.len() - SHOWN);
    }
    text
}

fn short(estimate: &TailEstimate) -> String {
    format!("{} {:.3} +- {:.3}", estimate.estimator.name(), estimate.alpha, estimate.std_error)
}

/// The law of an estimator that gives one.
fn law(estimate: &TailEstimate) -> Option<String> {
    let words = |value: Estimated| format!("{:.4e} +- {:.1e}", value.value, value.std_error);
    let beta = estimate.beta.map_or_else(String::new, |beta| format!("beta {}, ", words(beta)));
    Some(format!(
        "stable law ({}, S0): {beta}scale {}, location {}",
        estimate.estimator.name(),
        words(estimate.scale?),
        words(estimate.location?)
    ))
}
