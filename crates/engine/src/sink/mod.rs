//! Where the records of paths go; one file a format.

mod csv;
mod parquet;

pub use csv::CsvSink;
pub use parquet::ParquetSink;

use crate::error::EngineError;
use crate::event::Region;
use crate::record::PathPair;

/// Paths of one task at one point of the sweep, in path order.
#[derive(Debug, Clone)]
pub struct Rows<'a> {
    /// Index of the sweep point.
    pub point: u64,
    /// Index of the task.
    pub task: u64,
    /// Number of the first path within its task.
    pub first_path: u64,
    /// From one path's number to the next one's.
    pub stride: u64,
    /// Where the paths started, one number a coordinate.
    pub start: Vec<f64>,
    /// The paths.
    pub paths: &'a [PathPair],
}

impl Rows<'_> {
    /// Number of row `k`'s path within its task.
    #[must_use]
    pub fn number(&self, k: usize) -> u64 {
        self.first_path + k as u64 * self.stride
    }
}

/// How far beyond the edge a path of a table ended; NaN where that is not known.
fn overshoot(region: Option<&Region>, pair: &PathPair) -> f64 {
    region.and_then(|region| region.overshoot(&pair.fine, &pair.place)).unwrap_or(f64::NAN)
}

/// A table with one row a path.
pub trait Sink: Send {
    /// Says where the paths of the rows from here on stop, from which their overshoot follows
    /// ([`Region::overshoot`]); without it that column is empty.
    fn set_region(&mut self, region: &Region);

    /// Appends rows.
    ///
    /// # Errors
    /// [`EngineError::Table`] when the file cannot be written.
    fn append(&mut self, rows: &Rows<'_>) -> Result<(), EngineError>;

    /// Completes the file.
    ///
    /// # Errors
    /// [`EngineError::Table`] when the file cannot be written.
    fn finish(self: Box<Self>) -> Result<(), EngineError>;
}

impl From<std::io::Error> for EngineError {
    fn from(error: std::io::Error) -> Self {
        Self::Table(error.to_string())
    }
}
