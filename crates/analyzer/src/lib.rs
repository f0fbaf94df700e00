//! Small-noise theory, exact results, comparison and figures for exit times.
#![warn(missing_docs)]

pub mod extended_real;
pub mod figure;
pub mod landscape;
pub mod summary;
