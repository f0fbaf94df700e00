//! House style of the figures: every length, size and colour that is not data.

use serde::{Deserialize, Serialize};

use super::spec::{Colour, Dash, Figure, Marker, Style};

/// Width of a figure that fills one journal column, in millimetres.
pub const ONE_COLUMN_MM: f64 = 85.0;
/// Width of a figure that spans two journal columns, in millimetres.
pub const TWO_COLUMNS_MM: f64 = 175.0;

/// Millimetres in one PostScript point (1/72 inch).
pub(super) const MM_PER_POINT: f64 = 25.4 / 72.0;

/// A red, green and blue triple, 0 to 255 each, in sRGB.
pub type Rgb = [u8; 3];

/// A look for a purpose.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ThemeName {
    /// Journals: 8 pt text at the final size, whatever the width.
    #[default]
    Paper,
    /// Projection: everything larger beside the data, growing with the width of the figure.
    Slides,
    /// As `Paper`, light on a dark ground.
    Dark,
}

impl ThemeName {
    /// All themes.
    pub const ALL: [ThemeName; 3] = [ThemeName::Paper, ThemeName::Slides, ThemeName::Dark];

    /// The name in scenarios and on the command line.
    pub fn name(self) -> &'static str {
        match self {
            ThemeName::Paper => "paper",
            ThemeName::Slides => "slides",
            ThemeName::Dark => "dark",
        }
    }

    /// The theme for a figure, and the figure at the width (mm) asked for or at the one that suits the
    /// theme: its own, on slides 1.9 times as wide.
    pub fn dressed(self, figure: &Figure, width_mm: Option<f64>) -> (Figure, Theme) {
        const WIDENING: f64 = 1.9;
        // 18 pt text on a slide of the usual width.
        const MAGNIFICATION: f64 = 2.25;
        let own = figure.width_mm;
        match self {
            ThemeName::Paper => (figure.clone().at_width(width_mm.unwrap_or(own)), Theme::paper()),
            ThemeName::Dark => (figure.clone().at_width(width_mm.unwrap_or(own)), Theme::dark()),
            ThemeName::Slides => {
                let width = width_mm.unwrap_or(WIDENING * own);
                let magnification = MAGNIFICATION / WIDENING * width / own;
                (figure.clone().at_width(width), Theme { magnification, ..Theme::paper() })
            }
        }
    }
}

/// Sizes and colours of a figure, at its final printed size.
///
/// Lengths are in millimetres, text sizes in points. The default is [`Theme::paper`].
#[derive(Clone, Debug, PartialEq)]
pub struct Theme {
    /// Axis labels, titles, legends and text layers (pt).
    pub text_pt: f64,
    /// Numbers at the ticks (pt).
    pub tick_pt: f64,
    /// Remarks at the foot of the figure (pt).
    pub note_pt: f64,
    /// Frame and ticks (mm).
    pub axis_width: f64,
    /// Outward length of a labelled tick (mm).
    pub tick_length: f64,
    /// Outward length of an unlabelled tick (mm).
    pub minor_tick_length: f64,
    /// Data lines of weight 1 (mm).
    pub line_width: f64,
    /// Diameter of a round marker (mm); other shapes have about the same area.
    pub marker_size: f64,
    /// Error bars and their caps (mm).
    pub error_bar_width: f64,
    /// Whole width of the cap of an error bar (mm).
    pub error_bar_cap: f64,
    /// Opacity of bands, 0 to 1.
    pub band_opacity: f64,
    /// Colours that [`Colour::Series`] counts through, then starts again.
    pub palette: Vec<Rgb>,
    /// Text, axes and [`Colour::Ink`].
    pub ink: Rgb,
    /// [`Colour::Grey`] and remarks.
    pub grey: Rgb,
    /// Cells of a heat map that have no finite value.
    pub missing: Rgb,
    /// The ground, the inside of open markers and the plates under words.
    pub paper: Rgb,
    /// Every length and text size above is multiplied by this.
    pub magnification: f64,
}

impl Default for Theme {
    fn default() -> Self {
        Theme::paper()
    }
}

impl Theme {
    /// Thin axes, 8 pt sans-serif text and the colours of Okabe and Ito, which readers with
    /// colour-blindness can tell apart. Yellow comes last because it is weak on white.
    pub fn paper() -> Self {
        Theme {
            text_pt: 8.0,
            tick_pt: 7.0,
            note_pt: 6.0,
            axis_width: 0.25,
            tick_length: 1.0,
            minor_tick_length: 0.6,
            line_width: 0.35,
            marker_size: 1.6,
            error_bar_width: 0.25,
            error_bar_cap: 1.1,
            band_opacity: 0.25,
            palette: vec![
                [0x00, 0x72, 0xB2],
                [0xD5, 0x5E, 0x00],
                [0x00, 0x9E, 0x73],
                [0xCC, 0x79, 0xA7],
                [0xE6, 0x9F, 0x00],
                [0x56, 0xB4, 0xE9],
                [0xF0, 0xE4, 0x42],
            ],
            ink: [0, 0, 0],
            grey: [0x70, 0x70, 0x70],
            missing: [0xD8, 0xD8, 0xD8],
            paper: [0xFF, 0xFF, 0xFF],
            magnification: 1.0,
        }
    }

    /// Light on a dark ground; the darker colours of Okabe and Ito give way to lighter ones.
    pub fn dark() -> Self {
        Theme {
            palette: vec![
                [0x56, 0xB4, 0xE9],
                [0xE6, 0x9F, 0x00],
                [0x2B, 0xC4, 0x98],
                [0xDD, 0x9A, 0xC1],
                [0xF0, 0xE4, 0x42],
                [0xFF, 0x82, 0x3D],
                [0xC8, 0xCC, 0xD0],
            ],
            ink: [0xE8, 0xEA, 0xED],
            grey: [0x9A, 0xA0, 0xA6],
            missing: [0x50, 0x55, 0x5A],
            paper: [0x16, 0x19, 0x1D],
            band_opacity: 0.35,
            ..Theme::paper()
        }
    }

    /// The theme of an inset: smaller text, lines and markers.
    pub(super) fn inset(&self) -> Theme {
        Theme {
            text_pt: 6.5,
            tick_pt: 6.0,
            tick_length: 0.7 * self.tick_length,
            minor_tick_length: 0.7 * self.minor_tick_length,
            line_width: 0.8 * self.line_width,
            marker_size: 0.7 * self.marker_size,
            ..self.clone()
        }
    }

    /// The paper theme without colour: series differ by grey level, dash and marker.
    pub fn greyscale() -> Self {
        Theme {
            palette: [0x00, 0x60, 0x98, 0x30, 0x80, 0xB0].map(|level| [level; 3]).to_vec(),
            ..Theme::paper()
        }
    }

    pub(super) fn colour(&self, colour: Colour) -> Rgb {
        match colour {
            Colour::Ink => self.ink,
            Colour::Grey => self.grey,
            Colour::Series(_) if self.palette.is_empty() => self.ink,
            Colour::Series(index) => self.palette[index % self.palette.len()],
        }
    }

    pub(super) fn dash(&self, style: &Style) -> Dash {
        const CYCLE: [Dash; 5] = [Dash::Solid, Dash::Dashed, Dash::DashDot, Dash::Dotted, Dash::LongDashed];
        match (style.dash, style.colour) {
            (Some(dash), _) => dash,
            (None, Colour::Series(index)) => CYCLE[index % CYCLE.len()],
            (None, _) => Dash::Solid,
        }
    }

    pub(super) fn marker(&self, style: &Style) -> Marker {
        const CYCLE: [Marker; 7] = [
            Marker::Circle,
            Marker::Square,
            Marker::TriangleUp,
            Marker::Diamond,
            Marker::TriangleDown,
            Marker::Cross,
            Marker::Plus,
        ];
        match (style.marker, style.colour) {
            (Some(marker), _) => marker,
            (None, Colour::Series(index)) => CYCLE[index % CYCLE.len()],
            (None, _) => Marker::Circle,
        }
    }

    /// Lengths (mm) of the strokes and gaps of a dash at weight 1, empty for a solid line.
    pub(super) fn dash_pattern(&self, dash: Dash) -> &'static [f64] {
        match dash {
            Dash::Solid => &[],
            Dash::Dashed => &[1.8, 0.9],
            Dash::Dotted => &[0.45, 0.7],
            Dash::DashDot => &[2.4, 0.7, 0.5, 0.7],
            Dash::LongDashed => &[3.6, 0.9],
        }
    }

    pub(super) fn text_mm(&self) -> f64 {
        self.text_pt * MM_PER_POINT
    }

    pub(super) fn tick_mm(&self) -> f64 {
        self.tick_pt * MM_PER_POINT
    }

    pub(super) fn note_mm(&self) -> f64 {
        self.note_pt * MM_PER_POINT
    }
}
