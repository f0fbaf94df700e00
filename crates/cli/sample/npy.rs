//! NumPy's array files: format versions 1 to 3, floating-point numbers of 4 or 8 bytes, one or two dimensions.

use std::fs::File;
use std::io::{BufReader, Read};
use std::path::Path;

use super::{Column, find};

/// Longest header that is read; NumPy's own limit is far below.
const LONGEST_HEADER: usize = 1 << 20;

/// Shape and number format of an array.
struct Header {
    bytes: usize,
    big_endian: bool,
    fortran_order: bool,
    shape: Vec<usize>,
}

/// Reads columns: a vector is one column, a matrix one a column.
pub fn read(path: &Path, column: Option<&str>) -> Result<Vec<Column>, String> {
    let file = File::open(path).map_err(|error| error.to_string())?;
    let size = file.metadata().map_err(|error| error.to_string())?.len();
    let mut file = BufReader::new(file);
    let (header, length) = header(&mut file)?;
    let (rows, width) = match header.shape[..] {
        [rows] => (rows, 1),
        [rows, width] => (rows, width),
        _ => {
            return Err(format!(
                "the array has {} dimensions; a sample has one, or two with a column a coordinate",
                header.shape.len()
            ));
        }
    };
    // Checked before anything is allocated: a damaged header may ask for any amount.
    let expected = rows.checked_mul(width).and_then(|count| count.checked_mul(header.bytes));
    let found = size.saturating_sub(length);
    if expected.and_then(|expected| u64::try_from(expected).ok()) != Some(found) {
        return Err(format!(
            "an array of {rows} x {width} numbers of {} bytes does not have {found} bytes of data",
            header.bytes
        ));
    }
    if rows == 0 || width == 0 {
        return Err("there are no numbers in the file".to_owned());
    }
    let names: Vec<String> = (1..=width).map(|number| number.to_string()).collect();
    let kept = match column {
        Some(wanted) => vec![find(wanted, &names)?],
        None => (0..width).collect(),
    };
    let mut columns: Vec<Column> = kept
        .iter()
        .map(|&column| Column { name: names[column].clone(), values: Vec::with_capacity(rows) })
        .collect();
    // Where a column of the array goes.
    let mut places = vec![None; width];
    for (place, &column) in kept.iter().enumerate() {
        places[column] = Some(place);
    }
    let mut bytes = [0; 8];
    for number in 0..rows * width {
        file.read_exact(&mut bytes[..header.bytes]).map_err(|error| error.to_string())?;
        let (row, column) = if header.fortran_order {
            (number % rows, number / rows)
        } else {
            (number / width, number % width)
        };
        let Some(place) = places[column] else { continue };
        let value = header.number(bytes);
        if !value.is_finite() {
            return Err(format!("row {}, column {}: {value} is no finite number", row + 1, column + 1));
        }
        columns[place].values.push(value);
    }
    Ok(columns)
}

impl Header {
    fn number(&self, bytes: [u8; 8]) -> f64 {
        let [a, b, c, d, ..] = bytes;
        match (self.bytes, self.big_endian) {
            (8, false) => f64::from_le_bytes(bytes),
            (8, true) => f64::from_be_bytes(bytes),
            (_, false) => f32::from_le_bytes([a, b, c, d]).into(),
            (_, true) => f32::from_be_bytes([a, b, c, d]).into(),
        }
    }
}

/// The header, and how many bytes lie before the data.
fn header(file: &mut impl Read) -> Result<(Header, u64), String> {
    let ended = |_| "the file ends within its header".to_owned();
    let mut start = [0; 8];
    file.read_exact(&mut start).map_err(ended)?;
    if &start[..6] != b"\x93NUMPY" {
        return Err("this is no NumPy array file".to_owned());
    }
    let (length, before) = match start[6] {
        1 => {
            let mut length = [0; 2];
            file.read_exact(&mut length).map_err(ended)?;
            (usize::from(u16::from_le_bytes(length)), 10)
        }
        2 | 3 => {
            let mut length = [0; 4];
            file.read_exact(&mut length).map_err(ended)?;
            (u32::from_le_bytes(length) as usize, 12)
        }
        version => return Err(format!("version {version} of NumPy's format is not known")),
    };
    if length > LONGEST_HEADER {
        return Err(format!("a header of {length} bytes is no NumPy header"));
    }
    let mut text = vec![0; length];
    file.read_exact(&mut text).map_err(ended)?;
    let text = String::from_utf8(text).map_err(|_| "the header is no text".to_owned())?;
    Ok((parse(&text)?, (before + length) as u64))
}

/// Reads the header's dictionary, as in `{'descr': '<f8', 'fortran_order': False, 'shape': (3, 2), }`.
fn parse(text: &str) -> Result<Header, String> {
    let after = |key: &str| {
        let position = text.find(&format!("'{key}'")).or_else(|| text.find(&format!("\"{key}\"")));
        let rest = position.map(|position| &text[position + key.len() + 2..]);
        rest.and_then(|rest| rest.trim_start().strip_prefix(':'))
            .map(str::trim_start)
            .ok_or_else(|| format!("the header has no `{key}`"))
    };
    let descr = after("descr")?;
    let kind = descr.trim_start_matches(['\'', '"']).split(['\'', '"']).next().unwrap_or_default();
    let (bytes, big_endian) = match kind {
        "<f4" => (4, false),
        "<f8" => (8, false),
        ">f4" => (4, true),
        ">f8" => (8, true),
        _ => {
            let kind: String = kind.chars().take(40).collect();
            return Err(format!("numbers of the type `{kind}`; f4 and f8 are read"));
        }
    };
    let fortran_order = match after("fortran_order")? {
        text if text.starts_with("True") => true,
        text if text.starts_with("False") => false,
        _ => return Err("`fortran_order` is neither True nor False".to_owned()),
    };
    let shape = after("shape")?;
    let inside = shape.strip_prefix('(').and_then(|shape| shape.split_once(')'));
    let Some((inside, _)) = inside else { return Err("`shape` is no tuple".to_owned()) };
    let shape = inside
        .split(',')
        .map(str::trim)
        .filter(|length| !length.is_empty())
        .map(|length| length.parse().map_err(|_| format!("`{length}` is no length of an array")))
        .collect::<Result<_, _>>()?;
    Ok(Header { bytes, big_endian, fortran_order, shape })
}
