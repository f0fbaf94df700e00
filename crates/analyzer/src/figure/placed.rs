//! Where the layout has put the parts of a figure, for output that is made of axes, not of shapes.

use super::layout::AxisTicks;
use super::scene::{Area, Point};
use super::spec::Anchor;
use super::text::Line;
use super::theme::Rgb;

/// Where everything of a figure stands (mm from its upper left corner, y downwards).
#[derive(Default)]
pub(super) struct Placed {
    pub width: f64,
    pub height: f64,
    pub panels: Vec<PlacedPanel>,
    /// The colour bar of the whole figure.
    pub bar: Option<PlacedBar>,
    /// Remarks at the foot, each with the start of its baseline.
    pub notes: Vec<(String, Point)>,
}

/// Where everything of a panel stands.
#[derive(Default)]
pub(super) struct PlacedPanel {
    pub frame: Area,
    pub x_ticks: PlacedTicks,
    pub y_ticks: PlacedTicks,
    /// Labels of the axes, as they are drawn: none where a neighbour has them.
    pub x_label: Line,
    pub y_label: Line,
    pub letter: Line,
    pub title: Line,
    /// Baseline of letter and title.
    pub title_at: f64,
    /// The legend and its number of columns.
    pub legend: Option<(Area, usize)>,
    pub words: Vec<PlacedWords>,
    pub bar: Option<PlacedBar>,
    /// The area of the inset and what is in it.
    pub inset: Option<(Area, Box<PlacedPanel>)>,
}

/// Ticks with their words.
#[derive(Clone, Default)]
pub(super) struct PlacedTicks {
    pub major: Vec<(f64, String)>,
    pub minor: Vec<f64>,
    /// The greatest height of their words over the baseline (mm).
    pub ascent: f64,
}

impl PlacedTicks {
    pub(super) fn of(ticks: &AxisTicks) -> Self {
        PlacedTicks {
            major: ticks.major.iter().map(|(value, line)| (*value, line.source.clone())).collect(),
            minor: ticks.minor.clone(),
            ascent: ticks.major.iter().fold(0.0, |most, (_, line)| most.max(line.ascent)),
        }
    }
}

/// Words in a panel.
pub(super) struct PlacedWords {
    pub line: Line,
    /// Where the anchor stands.
    pub at: Point,
    pub anchor: Anchor,
    pub colour: Rgb,
    /// Whether they stand on a pale plate.
    pub plate: bool,
}

/// A colour bar.
pub(super) struct PlacedBar {
    pub area: Area,
    pub ticks: PlacedTicks,
    pub label: Line,
    /// Marked contour levels: height and colour.
    pub levels: Vec<(f64, Rgb)>,
}
