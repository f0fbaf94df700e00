//! The main job: from a scenario to a finished study.
//!
//! `problem` turns a point of the scenario into equations and stop regions, with `force`, `noise` and, for
//! several dimensions, `space`, for the wells of a path `chain`; `method` estimates their times, with every path in a `table`, `simulate` draws sample
//! paths, `summarise` sets estimates beside theory.

pub mod chain;
pub mod force;
pub mod method;
pub mod noise;
pub mod problem;
pub mod simulate;
pub mod space;
pub mod summarise;
pub mod table;
