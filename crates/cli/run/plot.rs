//! `levyscape plot`: the figures again, from their saved descriptions.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use levyscape_analyzer::figure::{self, Figure, FigureError, Format, ThemeName};
use rayon::prelude::*;

use super::{SUMMARY, TIMING};
use crate::args::{Drawing, PlotArguments};
use crate::errors::Failure;
use crate::scenario::{any_of, nearest};

/// Draws figures of a finished run again from their saved descriptions, which stay as they are. Returns what
/// to say on the terminal.
///
/// # Errors
/// A folder without a finished run, figures that it does not have, files that cannot be read or written, a width
/// that is too small or too large.
pub fn plot(arguments: &PlotArguments) -> Result<String, Failure> {
    let dir = &arguments.dir;
    if !dir.join(SUMMARY).is_file() {
        return Err(Failure::Input(format!(
            "{} holds no finished run: there is no {SUMMARY}",
            dir.display()
        )));
    }
    let folder = dir.join("figures");
    if !folder.is_dir() && !dir.join(TIMING).is_file() {
        return Err(Failure::Input(format!(
            "{} holds the results of `levyscape exact`, which draws no figures; `levyscape run` does",
            dir.display()
        )));
    }
    let figures = descriptions(&folder)?;
    let wanted = chosen(&figures, &arguments.figures, dir)?;
    let theme = match arguments.theme {
        Some(theme) => theme,
        None => own_theme(dir)?,
    };
    let out = arguments.out.as_ref().unwrap_or(&folder);
    let drawn: Vec<Result<(), Failure>> = wanted
        .par_iter()
        .map(|(path, figure)| {
            let (formats, source) = kinds(&arguments.formats, path);
            let (dressed, theme) = theme.dressed(figure, arguments.width);
            figure::write_drawings(&dressed, out, &formats, source, &theme)
                .map(|_| ())
                .map_err(|error| drawing_failure(&figure.name, &error, arguments.width.is_some()))
        })
        .collect();
    drawn.into_iter().collect::<Result<(), Failure>>()?;
    let figures = if wanted.len() == 1 { "figure" } else { "figures" };
    Ok(format!("drew {} {figures} in {}\n", wanted.len(), out.display()))
}

/// The figures of a folder with the files of their descriptions, by name.
///
/// # Errors
/// Files that cannot be read, or that are no descriptions.
fn descriptions(folder: &Path) -> Result<Vec<(PathBuf, Figure)>, Failure> {
    let entries = fs::read_dir(folder).map_err(|error| Failure::file(folder, &error))?;
    let mut paths: Vec<PathBuf> = entries
        .filter_map(|entry| entry.ok().map(|entry| entry.path()))
        .filter(|path| path.extension().is_some_and(|extension| extension == "json"))
        .collect();
    paths.sort();
    let read = |path: PathBuf| {
        let text = fs::read_to_string(&path).map_err(|error| Failure::file(&path, &error))?;
        match serde_json::from_str(&text) {
            Ok(figure) => Ok((path, figure)),
            Err(error) => Err(Failure::Input(format!("{} is no figure: {error}", path.display()))),
        }
    };
    paths.into_iter().map(read).collect()
}

fn chosen<'a>(
    figures: &'a [(PathBuf, Figure)],
    names: &[String],
    dir: &Path,
) -> Result<Vec<&'a (PathBuf, Figure)>, Failure> {
    let there: Vec<&str> = figures.iter().map(|(_, figure)| figure.name.as_str()).collect();
    if let Some(name) = names.iter().find(|name| !there.contains(&name.as_str())) {
        let near = nearest(name, &there).map(|near| format!("; did you mean \"{near}\"?"));
        return Err(Failure::Input(format!(
            "{} has no figure \"{name}\"; it has {}{}",
            dir.display(),
            if there.is_empty() { "none".to_owned() } else { any_of(&there).replace(" or ", " and ") },
            near.unwrap_or_default()
        )));
    }
    let wanted = |name: &str| names.is_empty() || names.iter().any(|wanted| wanted == name);
    Ok(figures.iter().filter(|(_, figure)| wanted(&figure.name)).collect())
}

/// The formats to draw, and whether the source for pdflatex is written: what is asked for, else what the run has.
fn kinds(asked: &[Drawing], description: &Path) -> (Vec<Format>, bool) {
    if asked.is_empty() {
        let there = |format: &Format| description.with_extension(format.extension()).is_file();
        return (Format::ALL.into_iter().filter(there).collect(), true);
    }
    let formats = asked.iter().filter_map(|drawing| match drawing {
        Drawing::Format(format) => Some(*format),
        Drawing::Tex => None,
    });
    (formats.collect(), asked.contains(&Drawing::Tex))
}

/// The theme of the run: `output.theme` of its scenario.
///
/// # Errors
/// A scenario that cannot be read, or that names no theme.
fn own_theme(dir: &Path) -> Result<ThemeName, Failure> {
    let path = dir.join("scenario.toml");
    let text = match fs::read_to_string(&path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(ThemeName::default()),
        text => text.map_err(|error| Failure::file(&path, &error))?,
    };
    let damaged = |reason: &str| Failure::Input(format!("{}: {reason}", path.display()));
    let table: toml::Table = text.parse().map_err(|error: toml::de::Error| damaged(error.message()))?;
    match table.get("output").and_then(|output| output.get("theme")) {
        None => Ok(ThemeName::default()),
        Some(name) => ThemeName::ALL
            .into_iter()
            .find(|theme| name.as_str() == Some(theme.name()))
            .ok_or_else(|| damaged(&format!("`output.theme` is unknown: {name}"))),
    }
}

fn drawing_failure(name: &str, error: &FigureError, width_given: bool) -> Failure {
    let text = format!("figure {name}: {error}");
    match error {
        FigureError::TooSmall { .. } | FigureError::Size { .. } if width_given => Failure::Input(text),
        _ => Failure::Other(text),
    }
}
