//! Small-noise theory, exact results, comparison and figures for exit times.
#![warn(missing_docs)]

pub mod compare;
pub mod estimate;
pub mod exact;
pub mod extended_real;
pub mod figure;
pub mod gallery;
pub mod landscape;
pub mod limit;
pub mod study;
pub mod summary;
pub mod theory;

#[cfg(test)]
mod test_potential;
