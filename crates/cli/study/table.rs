//! The tables of exits, filled path by path.

use levyscape_engine::sink::{Rows, Sink};
use levyscape_engine::{EngineError, PathPair, Region};

/// Rows that are written together: one row group. Memory does not grow with the number of paths.
const GROUP: usize = 1 << 13;

/// Buffers rows and hands them to every table.
pub struct ExitTable {
    sinks: Vec<Box<dyn Sink>>,
    buffer: Vec<PathPair>,
}

impl ExitTable {
    /// Fills these tables.
    pub fn new(sinks: Vec<Box<dyn Sink>>) -> Self {
        Self { sinks, buffer: Vec::new() }
    }

    /// Says where the paths from here on stop.
    pub fn begin(&mut self, region: &Region) {
        self.sinks.iter_mut().for_each(|sink| sink.set_region(region));
    }

    /// Appends path number `number` of the start that `rows` describes (the number within the start; `rows`
    /// has the first path's within the task, and no paths).
    ///
    /// # Errors
    /// A table that cannot be written.
    pub fn append(&mut self, rows: &Rows<'_>, number: u64, pair: PathPair) -> Result<(), EngineError> {
        if self.sinks.is_empty() {
            return Ok(());
        }
        self.buffer.push(pair);
        if self.buffer.len() == GROUP { self.flush(rows, number + 1) } else { Ok(()) }
    }

    /// Writes what is in the buffer, the paths of a start up to number `end`.
    ///
    /// # Errors
    /// A table that cannot be written.
    pub fn flush(&mut self, rows: &Rows<'_>, end: u64) -> Result<(), EngineError> {
        let first_path = rows.first_path + (end - self.buffer.len() as u64) * rows.stride;
        let rows = Rows { first_path, paths: &self.buffer, ..rows.clone() };
        if !self.buffer.is_empty() {
            self.sinks.iter_mut().try_for_each(|sink| sink.append(&rows))?;
        }
        self.buffer.clear();
        Ok(())
    }

    /// Completes the tables.
    ///
    /// # Errors
    /// A table that cannot be written.
    pub fn finish(self) -> Result<(), EngineError> {
        self.sinks.into_iter().try_for_each(|sink| sink.finish())
    }
}
