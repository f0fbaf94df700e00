//! The numbers of a figure as one long table.

use super::spec::{Figure, Layer};

const HEADER: &str = "panel,layer,kind,label,x,y,lo,hi,x_end,y_end,value\n";

/// Exactly the numbers that a figure draws, as comma-separated values with a header line: one line
/// for a point of a curve, a marker, a column of a band, a cell of a heat map or a node of a grid.
///
/// | column | meaning |
/// | --- | --- |
/// | `panel`, `layer` | numbers from 1; the layers of an inset count on after those around it |
/// | `kind` | as in the description: `line`, `points`, `band`, ..., and `contour_level` for a level of a contour; with `inset_` before it in an inset |
/// | `label` | of the layer, or the words of a text or arrow, in their markup |
/// | `x`, `y` | position; the lower edges of a cell; the start of an arrow |
/// | `lo`, `hi` | ends of an error bar or band |
/// | `x_end`, `y_end` | the upper edges of a cell; the end of an arrow |
/// | `value` | of a cell, grid node or contour level |
///
/// A number is written with as many digits as identify it; missing ones are empty. A column that the
/// layer does not have is empty too.
pub fn data_csv(figure: &Figure) -> String {
    let mut out = String::from(HEADER);
    for (panel, content) in figure.panels.iter().enumerate() {
        let outer = content.layers.iter().map(|layer| (layer, ""));
        let inner = content.inset.iter().flat_map(|inset| &inset.panel.layers).map(|layer| (layer, "inset_"));
        for (layer, (drawn, prefix)) in outer.chain(inner).enumerate() {
            let mut rows = Rows { out: &mut out, panel: panel + 1, layer: layer + 1, prefix };
            rows.layer(drawn);
        }
    }
    out
}

struct Rows<'a> {
    out: &'a mut String,
    panel: usize,
    layer: usize,
    /// Put before the kinds of the layers of an inset.
    prefix: &'static str,
}

/// The seven numeric columns from `x` to `value`.
#[derive(Clone, Copy, Default)]
struct Row {
    x: Option<f64>,
    y: Option<f64>,
    lo: Option<f64>,
    hi: Option<f64>,
    x_end: Option<f64>,
    y_end: Option<f64>,
    value: Option<f64>,
}

impl Rows<'_> {
    fn push(&mut self, kind: &str, label: &str, row: Row) {
        let numbers = [row.x, row.y, row.lo, row.hi, row.x_end, row.y_end, row.value].map(number);
        self.out.push_str(&format!(
            "{},{},{}{kind},{},{}\n",
            self.panel,
            self.layer,
            self.prefix,
            quoted(label),
            numbers.join(",")
        ));
    }

    fn layer(&mut self, layer: &Layer) {
        let label = layer.label().unwrap_or("");
        match layer {
            Layer::Line { x, y, .. } => {
                for (x, y) in x.iter().zip(y) {
                    self.push("line", label, Row { x: Some(*x), y: Some(*y), ..Row::default() });
                }
            }
            Layer::Points { x, y, lo, hi, .. } => {
                for (index, (x, y)) in x.iter().zip(y).enumerate() {
                    let (lo, hi) = (lo.get(index).copied(), hi.get(index).copied());
                    self.push("points", label, Row { x: Some(*x), y: Some(*y), lo, hi, ..Row::default() });
                }
            }
            Layer::Band { x, lo, hi, .. } => {
                for ((x, lo), hi) in x.iter().zip(lo).zip(hi) {
                    let row = Row { x: Some(*x), lo: Some(*lo), hi: Some(*hi), ..Row::default() };
                    self.push("band", label, row);
                }
            }
            Layer::HorizontalLine { y, .. } => {
                self.push("horizontal_line", label, Row { y: Some(*y), ..Row::default() });
            }
            Layer::VerticalLine { x, .. } => {
                self.push("vertical_line", label, Row { x: Some(*x), ..Row::default() });
            }
            Layer::Text { x, y, text, .. } => {
                self.push("text", text, Row { x: Some(*x), y: Some(*y), ..Row::default() });
            }
            Layer::Arrow { from, to, text, .. } | Layer::Arc { from, to, text, .. } => {
                let row = Row {
                    x: Some(from[0]),
                    y: Some(from[1]),
                    x_end: Some(to[0]),
                    y_end: Some(to[1]),
                    ..Row::default()
                };
                self.push(layer.kind(), text.as_deref().unwrap_or(""), row);
            }
            Layer::Heat { x_edges, y_edges, z, contours } => {
                let cells = y_edges
                    .windows(2)
                    .flat_map(|rows| x_edges.windows(2).map(move |columns| (columns, rows)))
                    .zip(z);
                for ((columns, rows), value) in cells {
                    let row = Row {
                        x: Some(columns[0]),
                        y: Some(rows[0]),
                        x_end: Some(columns[1]),
                        y_end: Some(rows[1]),
                        value: Some(*value),
                        ..Row::default()
                    };
                    self.push("heat", label, row);
                }
                self.levels(label, contours);
            }
            Layer::Contour { x, y, z, levels, .. } => {
                let nodes = y.iter().flat_map(|y| x.iter().map(move |x| (*x, *y))).zip(z);
                for ((x, y), value) in nodes {
                    let row = Row { x: Some(x), y: Some(y), value: Some(*value), ..Row::default() };
                    self.push("contour", label, row);
                }
                self.levels(label, levels);
            }
        }
    }

    fn levels(&mut self, label: &str, levels: &[f64]) {
        for level in levels {
            self.push("contour_level", label, Row { value: Some(*level), ..Row::default() });
        }
    }
}

fn number(value: Option<f64>) -> String {
    match value {
        // Debug writes the shortest digits that read back as the same number, with an exponent where
        // that is shorter.
        Some(value) if value.is_finite() => format!("{value:?}"),
        _ => String::new(),
    }
}

fn quoted(text: &str) -> String {
    if text.contains(['"', ',', '\n', '\r']) {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text.to_string()
    }
}
