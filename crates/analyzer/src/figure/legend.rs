//! The legend: which entries, how large, and where.

use super::FigureError;
use super::plot::{Obstacle, draw_marker};
use super::scene::{Area, Item, Scene, dashes};
use super::spec::{Layer, LegendPlace, Panel, Style};
use super::text::{Line, set_within};
use super::theme::Theme;

/// Width of the sample beside an entry (mm), with lines and with markers alone.
const SAMPLE: f64 = 6.0;
const MARKER_SAMPLE: f64 = 2.4;
/// Between sample and words (mm).
const GAP: f64 = 1.2;
/// Between columns of a legend above or below the panel (mm).
const COLUMN_GAP: f64 = 3.0;
/// Between a legend inside the frame and the frame (mm).
const INSET: f64 = 1.5;
/// Between a legend and the nearest data (mm).
const CLEARANCE: f64 = 0.8;

struct Entry<'a> {
    words: Line,
    layers: Vec<&'a Layer>,
}

/// A measured legend.
pub(super) struct Legend<'a> {
    entries: Vec<Entry<'a>>,
    sample: f64,
    row_height: f64,
    column_width: f64,
    columns: usize,
}

impl<'a> Legend<'a> {
    /// The legend of a panel, in one column for `inside`, else in as many as fit into `room` (mm).
    /// None without labels.
    pub(super) fn new(
        panel: &'a Panel,
        theme: &Theme,
        room: f64,
        inside: bool,
    ) -> Result<Option<Legend<'a>>, FigureError> {
        let mut named: Vec<(&str, Vec<&Layer>)> = Vec::new();
        for layer in &panel.layers {
            let Some(label) = layer.label().filter(|label| !label.is_empty()) else { continue };
            match named.iter_mut().find(|(known, _)| *known == label) {
                Some((_, layers)) => layers.push(layer),
                None => named.push((label, vec![layer])),
            }
        }
        if named.is_empty() {
            return Ok(None);
        }
        let only_markers =
            named.iter().flat_map(|(_, layers)| layers).all(|layer| matches!(layer, Layer::Points { .. }));
        let sample = if only_markers { MARKER_SAMPLE } else { SAMPLE };
        let words_room = room - sample - GAP;
        let entries = named
            .into_iter()
            .map(|(label, layers)| {
                Ok(Entry { words: set_within(label, theme.text_mm(), words_room)?, layers })
            })
            .collect::<Result<Vec<_>, FigureError>>()?;
        let widest = entries.iter().fold(0.0f64, |most, entry| most.max(entry.words.width));
        let highest = entries.iter().fold(0.0f64, |most, entry| most.max(entry.words.height()));
        let column_width = sample + GAP + widest;
        let fitting = ((room + COLUMN_GAP) / (column_width + COLUMN_GAP)).floor().max(1.0) as usize;
        let columns = if inside { 1 } else { fitting.min(entries.len()) };
        Ok(Some(Legend { entries, sample, row_height: highest + 0.5, column_width, columns }))
    }

    pub(super) fn width(&self) -> f64 {
        self.columns as f64 * (self.column_width + COLUMN_GAP) - COLUMN_GAP
    }

    pub(super) fn height(&self) -> f64 {
        self.entries.len().div_ceil(self.columns) as f64 * self.row_height
    }

    /// The place inside the frame that was asked for, or for `Auto` the first free one; None when data
    /// is everywhere.
    pub(super) fn find_place(&self, place: LegendPlace, frame: Area, obstacles: &[Obstacle]) -> Option<Area> {
        let (width, height) = (self.width(), self.height());
        let right = frame.right - INSET - width;
        let bottom = frame.bottom - INSET - height;
        let (left, top) = (frame.left + INSET, frame.top + INSET);
        let at = |left, top| Area::new(left, top, width, height);
        match place {
            LegendPlace::TopLeft => Some(at(left, top)),
            LegendPlace::TopRight => Some(at(right, top)),
            LegendPlace::BottomLeft => Some(at(left, bottom)),
            LegendPlace::BottomRight => Some(at(right, bottom)),
            LegendPlace::None | LegendPlace::Top | LegendPlace::Below => None,
            LegendPlace::Auto => {
                if right < left || bottom < top {
                    return None;
                }
                let (centre, middle) = ((left + right) / 2.0, (top + bottom) / 2.0);
                [
                    (right, top),
                    (left, top),
                    (right, bottom),
                    (left, bottom),
                    (right, middle),
                    (left, middle),
                    (centre, top),
                    (centre, bottom),
                ]
                .into_iter()
                .map(|(left, top)| at(left, top))
                .find(|area| !obstacles.iter().any(|obstacle| obstacle.meets(&area.grown(CLEARANCE))))
            }
        }
    }

    /// Draws the legend with its upper left corner at `corner`.
    pub(super) fn draw(&self, scene: &mut Scene, theme: &Theme, (left, top): (f64, f64)) {
        for (index, entry) in self.entries.iter().enumerate() {
            let column = (index % self.columns) as f64;
            let row = (index / self.columns) as f64;
            let x = left + column * (self.column_width + COLUMN_GAP);
            let baseline = top + row * self.row_height + entry.words.ascent + 0.25;
            // The middle of a lowercase letter of the words.
            let middle = baseline - 0.3 * theme.text_mm();
            for layer in &entry.layers {
                draw_sample(scene, theme, layer, (x, x + self.sample), middle);
            }
            scene.text(&entry.words, (x + self.sample + GAP, baseline), theme.ink);
        }
    }
}

fn draw_sample(scene: &mut Scene, theme: &Theme, layer: &Layer, (left, right): (f64, f64), middle: f64) {
    let centre = (left + right) / 2.0;
    let stroke = |scene: &mut Scene, style: &Style| {
        let pattern: Vec<f64> =
            theme.dash_pattern(theme.dash(style)).iter().map(|length| length * style.weight).collect();
        for piece in dashes(&[(left, middle), (right, middle)], &pattern) {
            scene.stroke(piece, theme.line_width * style.weight, theme.colour(style.colour));
        }
    };
    match layer {
        Layer::Line { style, .. }
        | Layer::HorizontalLine { style, .. }
        | Layer::VerticalLine { style, .. }
        | Layer::Contour { style, .. } => stroke(scene, style),
        Layer::Points { lo, style, .. } => {
            if !lo.is_empty() {
                let reach = 0.45 * theme.text_mm();
                let ends = vec![(centre, middle - reach), (centre, middle + reach)];
                scene.stroke(ends, theme.error_bar_width, theme.colour(style.colour));
            }
            draw_marker(scene, theme, (centre, middle), style);
        }
        Layer::Band { style, .. } => scene.items.push(Item::Fill {
            points: vec![
                (left, middle - 0.9),
                (right, middle - 0.9),
                (right, middle + 0.9),
                (left, middle + 0.9),
            ],
            colour: theme.colour(style.colour),
            opacity: theme.band_opacity,
        }),
        Layer::Text { .. } | Layer::Arrow { .. } | Layer::Arc { .. } | Layer::Heat { .. } => {}
    }
}
