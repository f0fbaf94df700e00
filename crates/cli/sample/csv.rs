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
    while reader.read_record(&mut record).map_err(|error| fault(&error))? {
        let line = record.position().map_or(0, csv::Position::line);
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
            return Err(format!(":{line}: {} field{plural} where {width} are expected", record.len()));
        }
        for (column, &field) in columns.iter_mut().zip(&fields) {
            let text = record.get(field).unwrap_or_default();
            let value = text.parse::<f64>().ok().filter(|value| value.is_finite());
            let Some(value) = value else {
                let name = &column.name;
                let number = field + 1;
                let named = if *name == number.to_string() { String::new() } else { format!(" (`{name}`)") };
                let what = if text.is_empty() { "an empty field".to_owned() } else { format!("`{text}`") };
                return Err(format!(":{line}: column {number}{named}: {what} is no finite number"));
            };
            column.values.push(value);
        }
    }
    if columns.iter().all(|column| column.values.is_empty()) {
        return Err(": there are no numbers in the file".to_owned());
    }
    Ok(columns)
}

/// What the reader says, which is about the text's encoding or the file.
fn fault(error: &csv::Error) -> String {
    match (error.position(), error.kind()) {
        (Some(position), csv::ErrorKind::Utf8 { .. }) => format!(":{}: no UTF-8 text", position.line()),
        _ => format!(": {error}"),
    }
}
