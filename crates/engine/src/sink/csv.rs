//! Comma-separated values.

use std::io::Write;

use super::{Rows, Sink};
use crate::error::EngineError;

/// Writes a CSV table with a header line; NaN is an empty field.
pub struct CsvSink<W> {
    out: W,
}

impl<W: Write> CsvSink<W> {
    /// Starts the table of paths in `dimension` coordinates on `out`.
    ///
    /// # Errors
    /// [`EngineError::Table`] when it cannot be written.
    pub fn new(mut out: W, dimension: usize) -> Result<Self, EngineError> {
        write!(
            out,
            "point,task,path,start,time,status,exit_position,side,last_position,steps,coarse_time,coarse_status,coarse_exit_position,coarse_side"
        )?;
        for axis in 2..=dimension {
            write!(out, ",start_{axis},exit_position_{axis}")?;
        }
        writeln!(out)?;
        Ok(Self { out })
    }
}

impl<W: Write + Send> Sink for CsvSink<W> {
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
                number(rows.start.first().copied().unwrap_or(f64::NAN)),
                fine.time,
                fine.outcome.name(),
                number(fine.position),
                fine.outcome.side(),
                number(fine.previous),
                fine.steps
            )?;
            match pair.coarse {
                None => write!(self.out, ",,,")?,
                Some(coarse) => write!(
                    self.out,
                    "{},{},{},{}",
                    coarse.time,
                    coarse.outcome.name(),
                    number(coarse.position),
                    coarse.outcome.side()
                )?,
            }
            for (start, place) in rows.start.iter().zip(&pair.place).skip(1) {
                write!(self.out, ",{start},{}", number(*place))?;
            }
            writeln!(self.out)?;
        }
        Ok(())
    }

    fn finish(mut self: Box<Self>) -> Result<(), EngineError> {
        self.out.flush()?;
        Ok(())
    }
}
