//! Parquet.

use std::io::Write;
use std::sync::Arc;

use parquet::basic::{LogicalType, Repetition, Type as PhysicalType};
use parquet::data_type::{ByteArray, ByteArrayType, DoubleType, Int64Type};
use parquet::errors::ParquetError;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::types::Type;

use super::{Rows, Sink};
use crate::error::EngineError;
use crate::record::{PathPair, PathRecord};

/// Rows a row group holds at the most, so that a reader need not take a whole table at once.
const GROUP: usize = 1 << 17;

/// Writes a Parquet table; a NaN or a missing companion is a null.
pub struct ParquetSink<W: Write + Send> {
    writer: SerializedFileWriter<W>,
}

impl From<ParquetError> for EngineError {
    fn from(error: ParquetError) -> Self {
        Self::Table(error.to_string())
    }
}

/// One column: its name and how to take it from a row.
enum Column {
    Integer(&'static str, fn(&Rows<'_>, usize) -> i64),
    Real(&'static str, fn(&Rows<'_>, usize) -> Option<f64>),
    Text(&'static str, fn(&Rows<'_>, usize) -> Option<String>),
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

const COLUMNS: [Column; 14] = [
    Column::Integer("point", |rows, _| rows.point as i64),
    Column::Integer("task", |rows, _| rows.task as i64),
    Column::Integer("path", |rows, k| rows.number(k) as i64),
    Column::Real("start", |rows, _| Some(rows.start)),
    Column::Real("time", |rows, k| Some(pair(rows, k).fine.time)),
    Column::Text("status", |rows, k| Some(pair(rows, k).fine.outcome.name().into())),
    Column::Real("exit_position", |rows, k| finite(pair(rows, k).fine.position)),
    Column::Text("side", |rows, k| text(pair(rows, k).fine.outcome.side())),
    Column::Real("last_position", |rows, k| finite(pair(rows, k).fine.previous)),
    Column::Integer("steps", |rows, k| pair(rows, k).fine.steps as i64),
    Column::Real("coarse_time", |rows, k| coarse(rows, k).map(|coarse| coarse.time)),
    Column::Text("coarse_status", |rows, k| coarse(rows, k).map(|coarse| coarse.outcome.name().into())),
    Column::Real("coarse_exit_position", |rows, k| {
        coarse(rows, k).and_then(|coarse| finite(coarse.position))
    }),
    Column::Text("coarse_side", |rows, k| coarse(rows, k).and_then(|coarse| text(coarse.outcome.side()))),
];

impl Column {
    fn schema(&self) -> Result<Arc<Type>, ParquetError> {
        let (name, physical, repetition) = match self {
            Self::Integer(name, _) => (name, PhysicalType::INT64, Repetition::REQUIRED),
            Self::Real(name, _) => (name, PhysicalType::DOUBLE, Repetition::OPTIONAL),
            Self::Text(name, _) => (name, PhysicalType::BYTE_ARRAY, Repetition::OPTIONAL),
        };
        let logical = matches!(self, Self::Text(..)).then_some(LogicalType::String);
        let builder = Type::primitive_type_builder(name, physical);
        Ok(Arc::new(builder.with_repetition(repetition).with_logical_type(logical).build()?))
    }
}

impl<W: Write + Send> ParquetSink<W> {
    /// Starts the table on `out`.
    ///
    /// # Errors
    /// [`EngineError::Table`] when it cannot be written.
    pub fn new(out: W) -> Result<Self, EngineError> {
        let fields = COLUMNS.iter().map(Column::schema).collect::<Result<_, _>>()?;
        let schema = Type::group_type_builder("exits").with_fields(fields).build()?;
        let properties = WriterProperties::builder().set_created_by("levyscape".into()).build();
        Ok(Self { writer: SerializedFileWriter::new(out, Arc::new(schema), Arc::new(properties))? })
    }
}

/// Splits optional values into those present and their definition levels.
fn present<T>(values: impl Iterator<Item = Option<T>>) -> (Vec<T>, Vec<i16>) {
    let mut levels = Vec::new();
    let values = values.inspect(|value| levels.push(i16::from(value.is_some()))).flatten().collect();
    (values, levels)
}

impl<W: Write + Send> Sink for ParquetSink<W> {
    fn append(&mut self, rows: &Rows<'_>) -> Result<(), EngineError> {
        for (group, paths) in rows.paths.chunks(GROUP).enumerate() {
            let rows = Rows { paths, first_path: rows.number(group * GROUP), ..*rows };
            let indices = 0..paths.len();
            let mut group = self.writer.next_row_group()?;
            for column in &COLUMNS {
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
