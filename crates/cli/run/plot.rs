//! `levyscape plot`: the figures again, from their saved descriptions.

use std::fs;
use std::path::{Path, PathBuf};

use levyscape_analyzer::figure;

use super::SUMMARY;
use crate::errors::Failure;

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
