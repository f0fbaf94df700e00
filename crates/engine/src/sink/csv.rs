//! Comma-separated values.

use std::io::Write;

use super::{Rows, Sink, overshoot};
use crate::error::EngineError;
use crate::event::Region;

/// Writes a CSV table with a header line; NaN is an empty field.
pub struct CsvSink<W> {
    out: W,
    region: Option<Region>,
}

impl<W: Write> CsvSink<W> {
    /// Starts the table of paths in `dimension` coordinates on `out`.
    ///
    /// # Errors
    /// [`EngineError::Table`] when it cannot be written.
    pub fn new(mut out: W, dimension: usize) -> Result<Self, EngineError> {
        write!(
            out,
            "point,task,path,start,time,status,exit_position,side,last_position,overshoot,steps,coarse_time,coarse_status,coarse_exit_position,coarse_side"
        )?;
        for axis in 2..=dimension {
            write!(out, ",start_{axis},exit_position_{axis}")?;
        }
        writeln!(out)?;
        Ok(Self { out, region: None })
    }
}

impl<W: Write + Send> Sink for CsvSink<W> {
    fn set_region(&mut self, region: &Region) {
        self.region = Some(region.clone());
    }

    fn append(&mut self, rows: &Rows<'_>) -> Result<(), EngineError> {
        let number = |x: f64| if x.is_nan() { String::new() } else { x.to_string() };
        for (k, pair) in rows.paths.iter().enumerate() {
            let path = rows.number(k);
            let fine = pair.fine;
            write!(
                self.out,
                "{},{},{path},{},{},{},{},{},{},{},{},",
                rows.point,
                rows.task,
                number(rows.start.first().copied().unwrap_or(f64::NAN)),
                fine.time,
                fine.outcome.name(),
                number(fine.position),
                fine.outcome.side(),
                number(fine.previous),
                number(overshoot(self.region.as_ref(), pair)),
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::StopRegion;
    use crate::record::{Outcome, PathPair, PathRecord, Stop};

    #[test]
    fn the_overshoot_needs_a_region() {
        let record = |position, outcome| PathPair {
            fine: PathRecord { time: 1.5, position, previous: 0.25, steps: 3, outcome },
            coarse: None,
            place: Box::default(),
        };
        let paths = [
            record(1.75, Outcome::Exited(Stop::Upper)),
            record(-1.0, Outcome::Exited(Stop::Lower)),
            record(0.5, Outcome::Censored),
        ];
        let rows = Rows { point: 0, task: 0, first_path: 0, stride: 1, start: vec![0.0], paths: &paths };
        let mut text = Vec::new();
        let mut sink = CsvSink::new(&mut text, 1).expect("a table");
        sink.append(&rows).expect("rows");
        sink.set_region(&StopRegion::interval(-1.0, 1.0).into());
        sink.append(&rows).expect("rows");
        Box::new(sink).finish().expect("a table");
        let text = String::from_utf8(text).expect("text");
        let column = |line: &str| line.split(',').nth(9).map(str::to_owned);
        let seen: Vec<_> = text.lines().filter_map(column).collect();
        assert_eq!(seen, ["overshoot", "", "", "", "0.75", "0", ""]);
    }
}
