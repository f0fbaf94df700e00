//! Comma-separated numbers.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;

use csv::{ReaderBuilder, StringRecord, Trim};

use super::{Column, find};

/// Reads columns: fields separated by commas, semicolons or tabs (what the first line has), lines that begin with `#`
/// skipped. A first line without a number names the columns. Messages begin with `:LINE: ` or `: `.
pub fn read(path: &Path, column: Option<&str>) -> Result<Vec<Column>, String> {
    let file = File::open(path).map_err(|error| format!(": {error}"))?;
    let mut file = BufReader::new(file);
    let head = file.fill_buf().map_err(|error| format!(": {error}"))?;
    let line = head
        .split(|byte| *byte == b'\n')
        .find(|line| !line.starts_with(b"#") && !line.trim_ascii().is_empty())
        .unwrap_or_default();
    let delimiter = [b';', b'\t'].into_iter().find(|delimiter| line.contains(delimiter)).unwrap_or(b',');
    let mut reader = ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .trim(Trim::All)
        .comment(Some(b'#'))
        .delimiter(delimiter)
        .from_reader(file);
    let mut columns: Vec<Column> = Vec::new();
    // Which fields of a row are the columns, and how many fields it has.
    let mut fields: Vec<usize> = Vec::new();
    let mut width = 0;
    let mut record = StringRecord::new();
    let mut row = 0;
    loop {
        row += 1;
        // Skipped lines are not in the reader's count: the line is looked for where it is asked for.
        let at = |message: &str| match line_of(path, row) {
            Some(line) => format!(":{line}: {message}"),
            None => format!(": {message}"),
        };
        match reader.read_record(&mut record) {
            Ok(true) => {}
            Ok(false) => break,
            Err(error) if matches!(error.kind(), csv::ErrorKind::Utf8 { .. }) => {
                return Err(at("no UTF-8 text"));
            }
            Err(error) => return Err(format!(": {error}")),
        }
        if width == 0 {
            width = record.len();
            let named = record.iter().all(|field| field.parse::<f64>().is_err());
            let names: Vec<String> = record
                .iter()
                .enumerate()
                .map(|(index, field)| if named { field.to_owned() } else { (index + 1).to_string() })
                .collect();
            fields = match column {
                Some(wanted) => vec![find(wanted, &names).map_err(|message| format!(": {message}"))?],
                None => (0..width).collect(),
            };
            columns = fields
                .iter()
                .map(|&field| Column { name: names[field].clone(), values: Vec::new() })
                .collect();
            if named {
                continue;
            }
        }
        if record.len() != width {
            let plural = if record.len() == 1 { "" } else { "s" };
            return Err(at(&format!("{} field{plural} where {width} are expected", record.len())));
        }
        for (column, &field) in columns.iter_mut().zip(&fields) {
            let text = record.get(field).unwrap_or_default();
            let value = text.parse::<f64>().ok().filter(|value| value.is_finite());
            let Some(value) = value else {
                let name = &column.name;
                let number = field + 1;
                let named = if *name == number.to_string() { String::new() } else { format!(" (`{name}`)") };
                let what = if text.is_empty() { "an empty field".to_owned() } else { format!("`{text}`") };
                return Err(at(&format!("column {number}{named}: {what} is no finite number")));
            };
            column.values.push(value);
        }
    }
    if columns.iter().all(|column| column.values.is_empty()) {
        return Err(": there are no numbers in the file".to_owned());
    }
    Ok(columns)
}

/// The line, from 1, of a row of a file, counted from 1 without empty lines and comments.
fn line_of(path: &Path, row: usize) -> Option<usize> {
    let file = BufReader::new(File::open(path).ok()?);
    let is_row = |line: &[u8]| !matches!(line, [] | [b'\r'] | [b'#', ..]);
    let lines = file.split(b'\n').enumerate();
    let mut rows = lines.filter(|(_, line)| line.as_ref().is_ok_and(|line| is_row(line)));
    rows.nth(row.checked_sub(1)?).map(|(index, _)| index + 1)
}
