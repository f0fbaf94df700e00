//! Description of a figure: what is drawn, as plain data.
//!
//! A description serialises to JSON and back without loss, except that a number which is not finite
//! is written as `null` and read as NaN. Everywhere in a figure such a number means "missing".

use serde::{Deserialize, Serialize};

use super::theme::ONE_COLUMN_MM;

/// A figure: panels on a grid, filled row by row.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Figure {
    /// Stem of the file names: ASCII letters, digits, `_`, `-` and `.`, not starting with a dot.
    pub name: String,
    /// What a reader is told under the figure. It is not drawn; SVG and PDF carry it as description.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub caption: String,
    /// Width in millimetres; one journal column (85 mm) unless given.
    #[serde(default = "one_column")]
    pub width_mm: f64,
    /// Height in millimetres; without it, each row of panels gets a height that suits its width.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub height_mm: Option<f64>,
    /// Number of panels in a row, at least 1.
    #[serde(default = "one")]
    pub columns: usize,
    /// Heights of the rows of panels relative to each other, from the top; a row without an entry
    /// counts as 1.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub row_heights: Vec<f64>,
    /// Widths of the columns of panels relative to each other, from the left; a column without an
    /// entry counts as 1.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub column_widths: Vec<f64>,
    /// The panels. When more than one stands by itself they are lettered (a), (b), ...; a panel joined
    /// to another belongs to that one.
    pub panels: Vec<Panel>,
    /// One colour scale for the heat maps of all panels that have none of their own, with its bar at
    /// the right of the figure.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub colour_bar: Option<ColourBar>,
}

fn one_column() -> f64 {
    ONE_COLUMN_MM
}

fn one() -> usize {
    1
}

impl Figure {
    /// A figure of one journal column, its panels one under another.
    pub fn new(name: impl Into<String>, panels: Vec<Panel>) -> Self {
        Figure {
            name: name.into(),
            caption: String::new(),
            width_mm: ONE_COLUMN_MM,
            height_mm: None,
            columns: 1,
            row_heights: Vec::new(),
            column_widths: Vec::new(),
            panels,
            colour_bar: None,
        }
    }

    /// The same figure at another width (mm); a height of its own changes in proportion.
    pub fn at_width(mut self, width_mm: f64) -> Self {
        self.height_mm = self.height_mm.map(|height| height * width_mm / self.width_mm);
        self.width_mm = width_mm;
        self
    }
}

/// One pair of axes and what is drawn in it, the first layer lowest.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Panel {
    /// A line above the frame, in the markup of [`super::text`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// The horizontal axis.
    pub x: Axis,
    /// The vertical axis.
    pub y: Axis,
    /// What is drawn.
    #[serde(default)]
    pub layers: Vec<Layer>,
    /// Where the labels of the layers are explained.
    #[serde(default)]
    pub legend: LegendPlace,
    /// The colour scale of this panel's heat maps, with its bar at the right of the panel.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub colour_bar: Option<ColourBar>,
    /// Whether the panel shares an axis with a neighbour, close beside it.
    #[serde(default, skip_serializing_if = "Joined::is_no")]
    pub joined: Joined,
    /// Whether frame, ticks and axis labels are drawn; a diagram has none.
    #[serde(default = "yes", skip_serializing_if = "is_yes")]
    pub axes: bool,
    /// A small panel inside this one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub inset: Option<Box<Inset>>,
}

fn yes() -> bool {
    true
}

// serde hands over a reference.
#[expect(clippy::trivially_copy_pass_by_ref)]
fn is_yes(value: &bool) -> bool {
    *value
}

impl Panel {
    /// A panel without title, its legend placed automatically.
    pub fn new(x: Axis, y: Axis, layers: Vec<Layer>) -> Self {
        Panel {
            title: None,
            x,
            y,
            layers,
            legend: LegendPlace::Auto,
            colour_bar: None,
            joined: Joined::No,
            axes: true,
            inset: None,
        }
    }

    /// The same panel, sharing an axis with a neighbour.
    pub fn joined(mut self, joined: Joined) -> Self {
        self.joined = joined;
        self
    }

    /// The same panel with a title.
    pub fn titled(mut self, title: impl Into<String>) -> Self {
        self.title = Some(title.into());
        self
    }
}

/// The axis that a panel shares with a neighbour. Both panels then show the same range of it, the axis is
/// labelled once (below or at the left of the pair), and the two stand close together without a letter
/// for the second.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Joined {
    /// None.
    #[default]
    No,
    /// The horizontal axis, with the panel one row above.
    Above,
    /// The vertical axis, with the panel to the left.
    Left,
}

impl Joined {
    // serde hands over a reference.
    #[expect(clippy::trivially_copy_pass_by_ref)]
    fn is_no(&self) -> bool {
        *self == Joined::No
    }
}

/// A small panel inside another one, its legend never drawn.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Inset {
    /// What it shows; its joints, insets and colour bars are not looked at.
    pub panel: Panel,
    /// In which corner it stands; [`LegendPlace::Auto`] takes the one that hides the least.
    #[serde(default)]
    pub place: LegendPlace,
    /// Width and height with its numbers and labels, as shares of the frame around it.
    #[serde(default = "inset_size")]
    pub size: [f64; 2],
}

fn inset_size() -> [f64; 2] {
    [0.45, 0.5]
}

impl Inset {
    /// An inset in the corner that hides the least.
    pub fn new(panel: Panel) -> Self {
        Inset { panel, place: LegendPlace::Auto, size: inset_size() }
    }
}

/// An axis.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Axis {
    /// What is measured and its unit, in the markup of [`super::text`]; may be empty.
    #[serde(default)]
    pub label: String,
    /// Linear or logarithmic.
    #[serde(default)]
    pub scale: Scale,
    /// Lower and upper end; without it, the data and a margin of 4 per cent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub range: Option<[f64; 2]>,
    /// Ticks with their words, instead of round numbers.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ticks: Vec<Tick>,
}

/// A place on an axis with its words.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tick {
    /// Where.
    pub at: f64,
    /// The words, in the markup of [`super::text`].
    pub label: String,
}

impl Axis {
    /// A linear axis that fits its data.
    pub fn linear(label: impl Into<String>) -> Self {
        Axis { label: label.into(), scale: Scale::Linear, ..Axis::default() }
    }

    /// A logarithmic axis that fits its data.
    pub fn log(label: impl Into<String>) -> Self {
        Axis { label: label.into(), scale: Scale::Log, ..Axis::default() }
    }

    /// The same axis with ticks at these places only.
    pub fn with_ticks(mut self, ticks: impl IntoIterator<Item = (f64, String)>) -> Self {
        self.ticks = ticks.into_iter().map(|(at, label)| Tick { at, label }).collect();
        self
    }

    /// The same axis from `low` to `high`.
    pub fn from_to(mut self, low: f64, high: f64) -> Self {
        self.range = Some([low, high]);
        self
    }
}

/// How a number becomes a position or a colour.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scale {
    /// Proportional to the number.
    #[default]
    Linear,
    /// Proportional to its logarithm: only numbers above 0 can be shown.
    Log,
}

/// Where a panel explains the labels of its layers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LegendPlace {
    /// An empty place along the sides of the frame, or above the panel when data is everywhere.
    #[default]
    Auto,
    /// No legend.
    None,
    /// Above the frame.
    Top,
    /// Below the axis label.
    Below,
    /// Inside, in the upper left corner, data or not.
    TopLeft,
    /// Inside, in the upper right corner, data or not.
    TopRight,
    /// Inside, in the lower left corner, data or not.
    BottomLeft,
    /// Inside, in the lower right corner, data or not.
    BottomRight,
}

/// How numbers become colours, and the bar that says so.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ColourBar {
    /// What the colour shows, in the markup of [`super::text`].
    #[serde(default)]
    pub label: String,
    /// The colours.
    #[serde(default)]
    pub map: ColourMap,
    /// Linear or logarithmic.
    #[serde(default)]
    pub scale: Scale,
    /// Values of the two end colours; values beyond take the end colour. Without it, the extremes of
    /// all heat maps that use the scale.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub range: Option<[f64; 2]>,
}

impl ColourBar {
    /// A linear scale from dark blue to yellow that fits its data.
    pub fn new(label: impl Into<String>) -> Self {
        ColourBar { label: label.into(), map: ColourMap::Viridis, scale: Scale::Linear, range: None }
    }
}

/// A sequence of colours. Lightness of the first two grows evenly, so they survive greyscale print.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ColourMap {
    /// Dark violet, green, yellow.
    #[default]
    Viridis,
    /// Dark blue, grey, yellow; made for readers with red-green blindness.
    Cividis,
    /// Blue, white, red, for differences: give a range that is symmetric about the neutral value.
    Diverging,
}

/// One thing drawn in a panel. Labels appear in the legend; layers with the same label share one entry.
///
/// Where x or y is missing (not finite), lines and bands are broken and a point is left out; left-out
/// points are counted in a remark at the foot of the figure. The same holds for numbers that are not
/// above 0 on a logarithmic axis. Everything is cut at the frame; points beyond a given range are
/// counted too.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Layer {
    /// Straight segments from point to point. `x` and `y` have the same length.
    Line {
        /// Horizontal positions.
        #[serde(with = "numbers")]
        x: Vec<f64>,
        /// Vertical positions.
        #[serde(with = "numbers")]
        y: Vec<f64>,
        /// Colour, dash and weight.
        #[serde(default)]
        style: Style,
        /// Entry in the legend.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        label: Option<String>,
    },
    /// Markers, with vertical error bars where `lo` and `hi` are given. All lists have the same
    /// length, or are empty for `lo` and `hi`.
    Points {
        /// Horizontal positions.
        #[serde(with = "numbers")]
        x: Vec<f64>,
        /// Vertical positions.
        #[serde(with = "numbers")]
        y: Vec<f64>,
        /// Lower ends of the error bars, as values on the axis (not as distances from `y`). A bar
        /// that reaches 0 or less on a logarithmic axis runs to the frame without a cap.
        #[serde(default, skip_serializing_if = "Vec::is_empty", with = "numbers")]
        lo: Vec<f64>,
        /// Upper ends of the error bars, as values on the axis.
        #[serde(default, skip_serializing_if = "Vec::is_empty", with = "numbers")]
        hi: Vec<f64>,
        /// Colour and marker.
        #[serde(default)]
        style: Style,
        /// Entry in the legend.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        label: Option<String>,
    },
    /// The area between two curves. All lists have the same length.
    Band {
        /// Horizontal positions.
        #[serde(with = "numbers")]
        x: Vec<f64>,
        /// Lower curve; on a logarithmic axis 0 or less means the lower end of the frame.
        #[serde(with = "numbers")]
        lo: Vec<f64>,
        /// Upper curve.
        #[serde(with = "numbers")]
        hi: Vec<f64>,
        /// Colour.
        #[serde(default)]
        style: Style,
        /// Entry in the legend.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        label: Option<String>,
    },
    /// A line across the whole panel at one height.
    HorizontalLine {
        /// Its height.
        #[serde(with = "number")]
        y: f64,
        /// Colour, dash and weight.
        #[serde(default)]
        style: Style,
        /// Entry in the legend.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        label: Option<String>,
    },
    /// A line from bottom to top at one place.
    VerticalLine {
        /// Its place.
        #[serde(with = "number")]
        x: f64,
        /// Colour, dash and weight.
        #[serde(default)]
        style: Style,
        /// Entry in the legend.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        label: Option<String>,
    },
    /// A word at a place; it is moved as far as needed to stay inside the frame.
    Text {
        /// Horizontal position of the anchor.
        #[serde(with = "number")]
        x: f64,
        /// Vertical position of the anchor.
        #[serde(with = "number")]
        y: f64,
        /// The words, in the markup of [`super::text`].
        text: String,
        /// Which point of the text is at (x, y).
        #[serde(default)]
        anchor: Anchor,
        /// Colour.
        #[serde(default = "Style::ink")]
        style: Style,
    },
    /// A straight arrow, by default with a head at both ends, as on a dimensioned drawing.
    Arrow {
        /// Start, (x, y).
        #[serde(with = "point")]
        from: [f64; 2],
        /// End, (x, y).
        #[serde(with = "point")]
        to: [f64; 2],
        /// Which ends carry a head.
        #[serde(default)]
        heads: Heads,
        /// Words beside its middle: above a level arrow, to the right of any other.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        text: Option<String>,
        /// Colour and weight.
        #[serde(default = "Style::ink")]
        style: Style,
    },
    /// A bent arrow with one head, as between the nodes of a graph. It ends short of its points by
    /// `gap`, so that it touches the nodes and does not cover them.
    Arc {
        /// Start, (x, y).
        #[serde(with = "point")]
        from: [f64; 2],
        /// End, (x, y).
        #[serde(with = "point")]
        to: [f64; 2],
        /// Height of the bow over the chord, as a share of the chord's length on paper; above 0 it
        /// bends to the left of the way from start to end.
        bend: f64,
        /// Left free at either end (mm at the size of the paper theme).
        #[serde(default)]
        gap: f64,
        /// Words beside the middle of the bow, on its outer side.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        text: Option<String>,
        /// Colour and weight.
        #[serde(default = "Style::ink")]
        style: Style,
    },
    /// A grid of coloured cells.
    Heat {
        /// Edges of the cells, strictly increasing, one more than there are columns.
        #[serde(with = "numbers")]
        x_edges: Vec<f64>,
        /// Edges of the cells, strictly increasing, one more than there are rows.
        #[serde(with = "numbers")]
        y_edges: Vec<f64>,
        /// Values, row by row from the lowest y: `z[row * columns + column]`. Missing cells are grey.
        #[serde(with = "numbers")]
        z: Vec<f64>,
        /// Values at which contour lines are drawn through the centres of the cells.
        #[serde(default, skip_serializing_if = "Vec::is_empty", with = "numbers")]
        contours: Vec<f64>,
    },
    /// Contour lines of values given at the points of a grid.
    Contour {
        /// Grid columns, strictly increasing.
        #[serde(with = "numbers")]
        x: Vec<f64>,
        /// Grid rows, strictly increasing.
        #[serde(with = "numbers")]
        y: Vec<f64>,
        /// Values, row by row from the lowest y: `z[row * x.len() + column]`.
        #[serde(with = "numbers")]
        z: Vec<f64>,
        /// Values at which a line is drawn.
        #[serde(with = "numbers")]
        levels: Vec<f64>,
        /// Colour, dash and weight.
        #[serde(default = "Style::ink")]
        style: Style,
        /// Entry in the legend.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        label: Option<String>,
    },
}

impl Layer {
    /// A line.
    pub fn line(x: Vec<f64>, y: Vec<f64>, style: Style) -> Self {
        Layer::Line { x, y, style, label: None }
    }

    /// Markers without error bars.
    pub fn points(x: Vec<f64>, y: Vec<f64>, style: Style) -> Self {
        Layer::Points { x, y, lo: Vec::new(), hi: Vec::new(), style, label: None }
    }

    /// Markers with error bars from `lo` to `hi`.
    pub fn points_with_errors(x: Vec<f64>, y: Vec<f64>, lo: Vec<f64>, hi: Vec<f64>, style: Style) -> Self {
        Layer::Points { x, y, lo, hi, style, label: None }
    }

    /// The area between two curves.
    pub fn band(x: Vec<f64>, lo: Vec<f64>, hi: Vec<f64>, style: Style) -> Self {
        Layer::Band { x, lo, hi, style, label: None }
    }

    /// Words at a place.
    pub fn text(x: f64, y: f64, text: impl Into<String>, anchor: Anchor) -> Self {
        Layer::Text { x, y, text: text.into(), anchor, style: Style::ink() }
    }

    /// A double-headed arrow with words beside it.
    pub fn dimension(from: [f64; 2], to: [f64; 2], text: impl Into<String>) -> Self {
        Layer::Arrow { from, to, heads: Heads::Both, text: Some(text.into()), style: Style::ink() }
    }

    /// The same layer with an entry in the legend; kinds without legend entry are unchanged.
    pub fn labelled(mut self, text: impl Into<String>) -> Self {
        match &mut self {
            Layer::Line { label, .. }
            | Layer::Points { label, .. }
            | Layer::Band { label, .. }
            | Layer::HorizontalLine { label, .. }
            | Layer::VerticalLine { label, .. }
            | Layer::Contour { label, .. } => *label = Some(text.into()),
            Layer::Text { .. } | Layer::Arrow { .. } | Layer::Arc { .. } | Layer::Heat { .. } => {}
        }
        self
    }

    /// The kind of the layer as in the description: `line`, `points`, ...
    pub fn kind(&self) -> &'static str {
        match self {
            Layer::Line { .. } => "line",
            Layer::Points { .. } => "points",
            Layer::Band { .. } => "band",
            Layer::HorizontalLine { .. } => "horizontal_line",
            Layer::VerticalLine { .. } => "vertical_line",
            Layer::Text { .. } => "text",
            Layer::Arrow { .. } => "arrow",
            Layer::Arc { .. } => "arc",
            Layer::Heat { .. } => "heat",
            Layer::Contour { .. } => "contour",
        }
    }

    /// The entry in the legend.
    pub fn label(&self) -> Option<&str> {
        match self {
            Layer::Line { label, .. }
            | Layer::Points { label, .. }
            | Layer::Band { label, .. }
            | Layer::HorizontalLine { label, .. }
            | Layer::VerticalLine { label, .. }
            | Layer::Contour { label, .. } => label.as_deref(),
            Layer::Text { .. } | Layer::Arrow { .. } | Layer::Arc { .. } | Layer::Heat { .. } => None,
        }
    }

    /// The look of the layer; a heat map takes its colours from a colour bar instead.
    pub fn style(&self) -> Option<&Style> {
        match self {
            Layer::Line { style, .. }
            | Layer::Points { style, .. }
            | Layer::Band { style, .. }
            | Layer::HorizontalLine { style, .. }
            | Layer::VerticalLine { style, .. }
            | Layer::Text { style, .. }
            | Layer::Arrow { style, .. }
            | Layer::Arc { style, .. }
            | Layer::Contour { style, .. } => Some(style),
            Layer::Heat { .. } => None,
        }
    }
}

/// Colour, dash, marker and weight of a layer. What is left out the theme chooses from the series
/// number, so that series stay distinct without colour.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Style {
    /// Which colour.
    #[serde(default)]
    pub colour: Colour,
    /// Dash of lines.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dash: Option<Dash>,
    /// Shape of points.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub marker: Option<Marker>,
    /// Whether markers are outlines, white inside.
    #[serde(default)]
    pub open: bool,
    /// Line width in units of the theme's line width.
    #[serde(default = "unit_weight")]
    pub weight: f64,
    /// Diameter of markers in units of the theme's.
    #[serde(default = "unit_weight", skip_serializing_if = "is_unit")]
    pub size: f64,
}

fn unit_weight() -> f64 {
    1.0
}

// serde hands over a reference.
#[expect(clippy::trivially_copy_pass_by_ref)]
fn is_unit(value: &f64) -> bool {
    *value == 1.0
}

impl Default for Style {
    fn default() -> Self {
        Style::series(0)
    }
}

impl Style {
    /// The look of the series with this number, from 0.
    pub fn series(index: usize) -> Self {
        Style::of(Colour::Series(index))
    }

    /// The colour of text and axes, solid.
    pub fn ink() -> Self {
        Style::of(Colour::Ink)
    }

    /// Grey, solid, for guides to the eye.
    pub fn grey() -> Self {
        Style::of(Colour::Grey)
    }

    fn of(colour: Colour) -> Self {
        Style { colour, dash: None, marker: None, open: false, weight: 1.0, size: 1.0 }
    }

    /// The same style with this dash.
    pub fn dash(self, dash: Dash) -> Self {
        Style { dash: Some(dash), ..self }
    }

    /// The same style with this marker.
    pub fn marker(self, marker: Marker) -> Self {
        Style { marker: Some(marker), ..self }
    }

    /// The same style with open markers.
    pub fn open(self) -> Self {
        Style { open: true, ..self }
    }

    /// The same style with markers this many times as wide.
    pub fn size(self, size: f64) -> Self {
        Style { size, ..self }
    }

    /// The same style with lines this many times as wide.
    pub fn weight(self, weight: f64) -> Self {
        Style { weight, ..self }
    }
}

/// A colour by its role; the theme says which it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Colour {
    /// The colour of the series with this number, from 0.
    Series(usize),
    /// The colour of text and axes.
    Ink,
    /// A quiet grey.
    Grey,
}

impl Default for Colour {
    fn default() -> Self {
        Colour::Series(0)
    }
}

/// Dash of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Dash {
    /// Unbroken.
    Solid,
    /// Even dashes.
    Dashed,
    /// Dots.
    Dotted,
    /// A dash and a dot in turn.
    DashDot,
    /// Long dashes.
    LongDashed,
}

/// Shape of a point.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Marker {
    /// A disc.
    Circle,
    /// A square.
    Square,
    /// A triangle on its base.
    TriangleUp,
    /// A square on its corner.
    Diamond,
    /// A triangle on its tip.
    TriangleDown,
    /// A diagonal cross.
    Cross,
    /// An upright cross.
    Plus,
}

/// The point of a text that sits at the given place.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Anchor {
    /// The middle.
    #[default]
    Centre,
    /// The middle of the left edge: the text is to the right of the place.
    Left,
    /// The middle of the right edge.
    Right,
    /// The middle of the upper edge: the text is below the place.
    Top,
    /// The middle of the lower edge.
    Bottom,
    /// The upper left corner.
    TopLeft,
    /// The upper right corner.
    TopRight,
    /// The lower left corner.
    BottomLeft,
    /// The lower right corner.
    BottomRight,
}

impl Anchor {
    /// Share of the width left of the anchor and share of the height above it.
    pub(super) fn shares(self) -> (f64, f64) {
        match self {
            Anchor::Centre => (0.5, 0.5),
            Anchor::Left => (0.0, 0.5),
            Anchor::Right => (1.0, 0.5),
            Anchor::Top => (0.5, 0.0),
            Anchor::Bottom => (0.5, 1.0),
            Anchor::TopLeft => (0.0, 0.0),
            Anchor::TopRight => (1.0, 0.0),
            Anchor::BottomLeft => (0.0, 1.0),
            Anchor::BottomRight => (1.0, 1.0),
        }
    }
}

/// Which ends of an arrow carry a head.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Heads {
    /// Both ends.
    #[default]
    Both,
    /// Only where it ends.
    End,
    /// Neither: a plain segment.
    None,
}

/// Lists of numbers whose non-finite entries are `null`.
mod numbers {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub fn serialize<S: Serializer>(values: &[f64], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(values.iter().map(|value| value.is_finite().then_some(*value)))
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<f64>, D::Error> {
        let values = Vec::<Option<f64>>::deserialize(deserializer)?;
        Ok(values.into_iter().map(|value| value.unwrap_or(f64::NAN)).collect())
    }

    pub(super) fn write_one<S: Serializer>(value: f64, serializer: S) -> Result<S::Ok, S::Error> {
        value.is_finite().then_some(value).serialize(serializer)
    }
}

/// One number, `null` when not finite.
mod number {
    use serde::{Deserialize, Deserializer, Serializer};

    pub fn serialize<S: Serializer>(value: &f64, serializer: S) -> Result<S::Ok, S::Error> {
        super::numbers::write_one(*value, serializer)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
        Ok(Option::<f64>::deserialize(deserializer)?.unwrap_or(f64::NAN))
    }
}

/// Two numbers, each `null` when not finite.
mod point {
    use serde::{Deserialize, Deserializer, Serializer};

    pub fn serialize<S: Serializer>(value: &[f64; 2], serializer: S) -> Result<S::Ok, S::Error> {
        super::numbers::serialize(value, serializer)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<[f64; 2], D::Error> {
        let value = <[Option<f64>; 2]>::deserialize(deserializer)?;
        Ok(value.map(|entry| entry.unwrap_or(f64::NAN)))
    }
}
