//! Samples from files: columns of numbers.

mod csv;
mod npy;

use std::path::Path;

use crate::errors::Failure;

/// A column of a sample.
#[derive(Debug, Clone, PartialEq)]
pub struct Column {
    /// Its name in the file, or its number from 1.
    pub name: String,
    /// Its values, all finite.
    pub values: Vec<f64>,
}

/// Reads the columns of a .csv or .npy file, or the one that is asked for by name or by number from 1. The file is
/// read once, piece by piece; only the numbers asked for are kept.
///
/// # Errors
/// [`Failure::Input`] with the file, line (row) and column: a file that cannot be read, another ending, a text that is no
/// number, a number that is not finite, rows of different lengths, a column that there is not.
pub fn read(path: &Path, column: Option<&str>) -> Result<Vec<Column>, Failure> {
    let ending = path.extension().and_then(|ending| ending.to_str()).unwrap_or_default().to_ascii_lowercase();
    let columns = match ending.as_str() {
        "csv" => csv::read(path, column),
        "npy" => npy::read(path, column),
        _ => Err("a sample is read from a .csv or a .npy file".to_owned()),
    };
    columns.map_err(|message| Failure::Input(format!("{}{message}", place(path, &ending))))
}

/// The file in front of a message; a line number follows that of a text directly.
fn place(path: &Path, ending: &str) -> String {
    if ending == "csv" { path.display().to_string() } else { format!("{}: ", path.display()) }
}

/// The column, from 0, that is meant by a name or a number from 1.
///
/// # Errors
/// What there is instead.
fn find(wanted: &str, names: &[String]) -> Result<usize, String> {
    let by_number = || wanted.parse::<usize>().ok()?.checked_sub(1).filter(|index| *index < names.len());
    names.iter().position(|name| name == wanted).or_else(by_number).ok_or_else(|| {
        let shown: Vec<&str> = names.iter().take(10).map(String::as_str).collect();
        let more = if names.len() > shown.len() { ", ..." } else { "" };
        format!("there is no column `{wanted}`; there are {}: {}{more}", names.len(), shown.join(", "))
    })
}
