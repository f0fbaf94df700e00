//! Comma-separated values.

use std::io::Write;

use super::{Rows, Sink};
use crate::error::EngineError;

/// Writes a CSV table with a header line; NaN is an empty field.
pub struct CsvSink<W> {
    out: W,
}

impl<W: Write> CsvSink<W> {
    /// Starts the table on `out`.
    ///
    /// # Errors
    /// [`EngineError::Table`] when it cannot be written.
    pub fn new(mut out: W) -> Result<Self, EngineError> {
        writeln!(
            out,
            "point,task,path,start,time,status,exit_position,side,last_position,steps,coarse_time,coarse_status,coarse_exit_position,coarse_side"
        )?;
        Ok(Self { out })
    }
}

impl<W: Write> Sink for CsvSink<W> {
    fn append(&mut self, rows: &Rows<'_>) -> Result<(), EngineError> {
        let number = |x: f64| if x.is_nan() { String::new() } else { x.to_string() };
        for (k, pair) in rows.paths.iter().enumerate() {
            let path = rows.number(k);
            let fine = pair.fine;
            write!(
                self.out,
                "{},{},{path},{},{},{},{},{},{},{},",
                rows.point,
                rows.task,
                rows.start,
                fine.time,
                fine.outcome.name(),
                number(fine.position),
                fine.outcome.side(),
                number(fine.previous),
                fine.steps
            )?;
            match pair.coarse {
                None => writeln!(self.out, ",,,")?,
                Some(coarse) => writeln!(
                    self.out,
                    "{},{},{},{}",
                    coarse.time,
                    coarse.outcome.name(),
                    number(coarse.position),
                    coarse.outcome.side()
                )?,
            }
        }
        Ok(())
    }

    fn finish(mut self: Box<Self>) -> Result<(), EngineError> {
        self.out.flush()?;
        Ok(())
    }
}
