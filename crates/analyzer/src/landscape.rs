//! The landscape of a potential: minima, saddles, wells, widths and depths.

use serde::{Deserialize, Serialize};

use crate::extended_real;

/// A minimum or a saddle (in one dimension: a maximum between two wells).
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct CriticalPoint {
    /// Place.
    pub x: f64,
    /// `U(x)`.
    pub u: f64,
    /// `U''(x)`.
    pub curvature: f64,
}

/// The basin of one minimum.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Well {
    /// Number of its minimum, from the left, from 1.
    pub minimum: usize,
    /// Left edge: a saddle or minus infinity.
    #[serde(with = "extended_real")]
    pub left: f64,
    /// Right edge: a saddle or infinity.
    #[serde(with = "extended_real")]
    pub right: f64,
    /// `right - left`.
    #[serde(with = "extended_real")]
    pub width: f64,
    /// Height of the lower finite edge above the minimum; infinite for the only well.
    #[serde(with = "extended_real")]
    pub depth: f64,
    /// Distance from the minimum to the left edge.
    #[serde(with = "extended_real")]
    pub distance_left: f64,
    /// Distance from the minimum to the right edge.
    #[serde(with = "extended_real")]
    pub distance_right: f64,
    /// Height of the left edge above the minimum.
    #[serde(with = "extended_real")]
    pub depth_left: f64,
    /// Height of the right edge above the minimum.
    #[serde(with = "extended_real")]
    pub depth_right: f64,
}

/// Minima, saddles and wells of a potential on the line, from left to right.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Landscape {
    /// Minima from the left.
    pub minima: Vec<CriticalPoint>,
    /// Saddles from the left; saddle `i` lies between minima `i` and `i + 1`.
    pub saddles: Vec<CriticalPoint>,
    /// One well a minimum.
    pub wells: Vec<Well>,
    /// The window that was searched.
    pub window: [f64; 2],
    /// Degenerate points and broken assumptions of the theory, in words.
    pub remarks: Vec<String>,
}
