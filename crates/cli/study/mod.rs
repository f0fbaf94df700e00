//! The main job: from a scenario to a finished study.
//!
//! `problem` turns a point of the scenario into equations and stop regions, `simulate` runs them,
//! `summarise` sets estimates beside theory.

pub mod problem;
pub mod simulate;
pub mod summarise;
