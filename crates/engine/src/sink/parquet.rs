//! Parquet.

use std::io::Write;
use std::sync::Arc;

use parquet::basic::{LogicalType, Repetition, Type as PhysicalType};
use parquet::data_type::{ByteArray, ByteArrayType, DoubleType, Int64Type};
use parquet::errors::ParquetError;
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::types::{ColumnPath, Type};

use super::{Rows, Sink, overshoot};
use crate::error::EngineError;
use crate::event::Region;
use crate::record::{PathPair, PathRecord};

/// Rows a row group holds at the most, so that a reader need not take a whole table at once.
const GROUP: usize = 1 << 17;

/// Writes a Parquet table; a NaN or a missing companion is a null.
pub struct ParquetSink<W: Write + Send> {
    columns: Vec<Column>,
    region: Option<Region>,
    writer: SerializedFileWriter<W>,
}

impl From<ParquetError> for EngineError {
    fn from(error: ParquetError) -> Self {
        Self::Table(error.to_string())
    }
}

type Get<T> = Box<dyn Fn(&Rows<'_>, usize) -> T + Send>;

/// One column: its name and how to take it from a row.
enum Column {
    Integer(String, Get<i64>),
    Real(String, Get<Option<f64>>),
    Text(String, Get<Option<String>>),
    /// The overshoot, which depends on where the paths stop as well.
    Overshoot,
}

fn pair<'a>(rows: &Rows<'a>, k: usize) -> &'a PathPair {
    &rows.paths[k]
}

fn coarse(rows: &Rows<'_>, k: usize) -> Option<PathRecord> {
    pair(rows, k).coarse
}

fn finite(x: f64) -> Option<f64> {
    (!x.is_nan()).then_some(x)
}

fn text(text: String) -> Option<String> {
    (!text.is_empty()).then_some(text)
}

fn integer(name: &str, get: impl Fn(&Rows<'_>, usize) -> i64 + Send + 'static) -> Column {
    Column::Integer(name.to_owned(), Box::new(get))
}

fn real(name: &str, get: impl Fn(&Rows<'_>, usize) -> Option<f64> + Send + 'static) -> Column {
    Column::Real(name.to_owned(), Box::new(get))
}

fn words(name: &str, get: impl Fn(&Rows<'_>, usize) -> Option<String> + Send + 'static) -> Column {
    Column::Text(name.to_owned(), Box::new(get))
}

/// The columns for paths in `dimension` coordinates; further coordinates have a column each.
fn columns(dimension: usize) -> Vec<Column> {
    let mut columns = vec![
        integer("point", |rows, _| rows.point as i64),
        integer("task", |rows, _| rows.task as i64),
        integer("path", |rows, k| rows.number(k) as i64),
        real("start", |rows, _| rows.start.first().copied()),
        real("time", |rows, k| Some(pair(rows, k).fine.time)),
        words("status", |rows, k| Some(pair(rows, k).fine.outcome.name().into())),
        real("exit_position", |rows, k| finite(pair(rows, k).fine.position)),
        words("side", |rows, k| text(pair(rows, k).fine.outcome.side())),
        real("last_position", |rows, k| finite(pair(rows, k).fine.previous)),
        Column::Overshoot,
        integer("steps", |rows, k| pair(rows, k).fine.steps as i64),
        real("coarse_time", |rows, k| coarse(rows, k).map(|coarse| coarse.time)),
        words("coarse_status", |rows, k| coarse(rows, k).map(|coarse| coarse.outcome.name().into())),
        real("coarse_exit_position", |rows, k| coarse(rows, k).and_then(|coarse| finite(coarse.position))),
        words("coarse_side", |rows, k| coarse(rows, k).and_then(|coarse| text(coarse.outcome.side()))),
    ];
    for axis in 1..dimension {
        columns.push(real(&format!("start_{}", axis + 1), move |rows, _| rows.start.get(axis).copied()));
        columns.push(real(&format!("exit_position_{}", axis + 1), move |rows, k| {
            pair(rows, k).place.get(axis).copied().and_then(finite)
        }));
    }
    columns
}

impl Column {
    fn schema(&self) -> Result<Arc<Type>, ParquetError> {
        let (name, physical, repetition) = match self {
            Self::Integer(name, _) => (name.as_str(), PhysicalType::INT64, Repetition::REQUIRED),
            Self::Real(name, _) => (name.as_str(), PhysicalType::DOUBLE, Repetition::OPTIONAL),
            Self::Text(name, _) => (name.as_str(), PhysicalType::BYTE_ARRAY, Repetition::OPTIONAL),
            Self::Overshoot => ("overshoot", PhysicalType::DOUBLE, Repetition::OPTIONAL),
        };
        let logical = matches!(self, Self::Text(..)).then_some(LogicalType::String);
        let builder = Type::primitive_type_builder(name, physical);
        Ok(Arc::new(builder.with_repetition(repetition).with_logical_type(logical).build()?))
    }
}

impl<W: Write + Send> ParquetSink<W> {
    /// Starts the table of paths in `dimension` coordinates on `out`.
    ///
    /// # Errors
    /// [`EngineError::Table`] when it cannot be written.
    pub fn new(out: W, dimension: usize) -> Result<Self, EngineError> {
        let columns = columns(dimension);
        let fields = columns.iter().map(Column::schema).collect::<Result<_, _>>()?;
        let schema = Type::group_type_builder("exits").with_fields(fields).build()?;
        // Numbers hardly repeat, words always do. Indices and statistics would grow in memory with the table.
        let mut properties = WriterProperties::builder()
            .set_created_by("levyscape".into())
            .set_statistics_enabled(EnabledStatistics::None)
            .set_offset_index_disabled(true)
            .set_dictionary_enabled(false);
        for column in &columns {
            if let Column::Text(name, _) = column {
                properties = properties.set_column_dictionary_enabled(ColumnPath::from(name.as_str()), true);
            }
        }
        let properties = properties.build();
        let writer = SerializedFileWriter::new(out, Arc::new(schema), Arc::new(properties))?;
        Ok(Self { columns, region: None, writer })
    }
}

/// Splits optional values into those present and their definition levels.
fn present<T>(values: impl Iterator<Item = Option<T>>) -> (Vec<T>, Vec<i16>) {
    let mut levels = Vec::new();
    let values = values.inspect(|value| levels.push(i16::from(value.is_some()))).flatten().collect();
    (values, levels)
}

impl<W: Write + Send> Sink for ParquetSink<W> {
    fn set_region(&mut self, region: &Region) {
        self.region = Some(region.clone());
    }

    fn append(&mut self, rows: &Rows<'_>) -> Result<(), EngineError> {
        for (group, paths) in rows.paths.chunks(GROUP).enumerate() {
            let rows = Rows { paths, first_path: rows.number(group * GROUP), ..rows.clone() };
            let indices = 0..paths.len();
            let mut group = self.writer.next_row_group()?;
            for column in &self.columns {
                let Some(mut writer) = group.next_column()? else { break };
                match column {
                    Column::Integer(_, get) => {
                        let values: Vec<i64> = indices.clone().map(|k| get(&rows, k)).collect();
                        writer.typed::<Int64Type>().write_batch(&values, None, None)?;
                    }
                    Column::Real(_, get) => {
                        let (values, levels) = present(indices.clone().map(|k| get(&rows, k)));
                        writer.typed::<DoubleType>().write_batch(&values, Some(&levels), None)?;
                    }
                    Column::Overshoot => {
                        let region = self.region.as_ref();
                        let values = indices.clone().map(|k| finite(overshoot(region, pair(&rows, k))));
                        let (values, levels) = present(values);
                        writer.typed::<DoubleType>().write_batch(&values, Some(&levels), None)?;
                    }
                    Column::Text(_, get) => {
                        let values = indices
                            .clone()
                            .map(|k| get(&rows, k).map(|text| ByteArray::from(text.into_bytes())));
                        let (values, levels) = present(values);
                        writer.typed::<ByteArrayType>().write_batch(&values, Some(&levels), None)?;
                    }
                }
                writer.close()?;
            }
            group.close()?;
        }
        Ok(())
    }

    fn finish(self: Box<Self>) -> Result<(), EngineError> {
        self.writer.close()?;
        Ok(())
    }
}
