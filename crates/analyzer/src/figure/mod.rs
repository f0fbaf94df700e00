//! Figures for papers: a serialisable description, drawn as SVG, PNG or PDF.
//!
//! [`Figure`] says what is drawn and knows nothing of what it means; [`Theme`] says what it looks
//! like; [`render`] draws it and [`write_figure`] writes the files. All three formats come from the
//! same drawing code on top of plotters, with embedded fonts, so they agree with each other and do
//! not depend on the machine. The same description gives the same bytes.
//!
//! ```
//! use levyscape_analyzer::figure::{Axis, Figure, Format, Layer, Panel, Style, Theme, render};
//!
//! # fn main() -> Result<(), levyscape_analyzer::figure::FigureError> {
//! let epsilon = vec![0.05, 0.1, 0.2];
//! let time = vec![812.0, 289.0, 101.0];
//! let panel = Panel::new(
//!     Axis::log(r"noise intensity $\varepsilon$"),
//!     Axis::log(r"mean exit time $\mathrm{E}\,\tau$"),
//!     vec![Layer::points(epsilon, time, Style::series(0)).labelled("simulation")],
//! );
//! let figure = Figure::new("exit_time", vec![panel]);
//! let svg = render(&figure, Format::Svg, Theme::paper())?;
//! assert!(svg.starts_with(b"<svg"));
//! # Ok(())
//! # }
//! ```
//!
//! What it does not do: broken or secondary axes, dates, labels on contour lines, horizontal error
//! bars.

mod colour;
mod contour;
mod font;
mod layout;
mod legend;
mod paint;
mod pdf;
mod plot;
mod png;
mod prepare;
mod scene;
mod spec;
mod svg;
mod table;
pub mod text;
mod theme;
mod ticks;

use std::fs;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use thiserror::Error;

pub use spec::{
    Anchor, Axis, Colour, ColourBar, ColourMap, Dash, Figure, Heads, Inset, Joined, Layer, LegendPlace,
    Marker, Panel, Scale, Style, Tick,
};
pub use table::data_csv;
pub use theme::{ONE_COLUMN_MM, Rgb, TWO_COLUMNS_MM, Theme, ThemeName};

/// File format of a figure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Format {
    /// Scalable, with text as text; sized in millimetres.
    Svg,
    /// 300 pixels per inch, so that the pixel size follows from the size in millimetres.
    Png,
    /// Scalable, with the glyphs it uses embedded.
    Pdf,
}

impl Format {
    /// All formats.
    pub const ALL: [Format; 3] = [Format::Svg, Format::Png, Format::Pdf];

    /// Ending of the file name, without the dot.
    pub fn extension(self) -> &'static str {
        match self {
            Format::Svg => "svg",
            Format::Png => "png",
            Format::Pdf => "pdf",
        }
    }
}

/// Why a figure was not drawn or not written.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum FigureError {
    /// There is nothing to draw on.
    #[error("the figure has no panel")]
    NoPanels,
    /// The page has no usable size.
    #[error("a figure of {width_mm} mm by {height_mm:?} mm: both must be above 0 and at most 1000")]
    Size {
        /// Width asked for.
        width_mm: f64,
        /// Height asked for.
        height_mm: Option<f64>,
    },
    /// Axes and labels leave no room for the data.
    #[error("figure `{name}`: {width_mm} mm by {height_mm:?} mm is too small for its panels and labels")]
    TooSmall {
        /// The figure.
        name: String,
        /// Its width.
        width_mm: f64,
        /// Its height.
        height_mm: Option<f64>,
    },
    /// A layer whose lists do not fit together.
    #[error("panel {panel}, layer {layer}: {reason}")]
    Layer {
        /// Number of the panel, from 1.
        panel: usize,
        /// Number of the layer, from 1.
        layer: usize,
        /// What is wrong.
        reason: String,
    },
    /// A panel that shares an axis with a neighbour that is not there, or is of another scale.
    #[error("panel {panel} is joined to a neighbour that it does not have, or whose scale differs")]
    Joined {
        /// Number of the panel, from 1.
        panel: usize,
    },
    /// An inset of no usable size.
    #[error("panel {panel}: the inset's size must be shares of the frame between 0.1 and 1")]
    Inset {
        /// Number of the panel, from 1.
        panel: usize,
    },
    /// Relative heights or widths that cannot be had.
    #[error("{what}: relative sizes must be between 0.05 and 20")]
    Shares {
        /// Which list.
        what: &'static str,
    },
    /// A range that no axis can have.
    #[error("{what}: a {scale:?} scale cannot run from {low} to {high}")]
    Range {
        /// Which axis.
        what: String,
        /// Lower end asked for.
        low: f64,
        /// Upper end asked for.
        high: f64,
        /// Its scale.
        scale: Scale,
    },
    /// Text that cannot be read.
    #[error("the text `{text}`: {reason}")]
    Markup {
        /// The text.
        text: String,
        /// What is wrong.
        reason: String,
    },
    /// A name that cannot be the stem of a file name.
    #[error("`{0}` cannot name a figure: use ASCII letters, digits, `_`, `-` and `.`, no dot first")]
    Name(String),
    /// An embedded font cannot be read.
    #[error("the embedded font {0} is damaged")]
    Font(&'static str),
    /// The drawing library failed.
    #[error("drawing failed: {0}")]
    Backend(String),
    /// The description cannot be written as JSON.
    #[error("the description cannot be written: {0}")]
    Description(#[from] serde_json::Error),
    /// A file cannot be written.
    #[error("cannot write {path}: {source}", path = path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// The cause.
        source: std::io::Error,
    },
}

/// Draws a figure.
///
/// The bytes depend on nothing but the description, the format, the theme and the version of this
/// crate.
///
/// # Errors
/// Every [`FigureError`] except `Name`, `Description` and `Io`. Data never fails for its values alone:
/// what an axis cannot show is counted in a remark at the foot of the figure (see [`Layer`]).
pub fn render(figure: &Figure, format: Format, theme: Theme) -> Result<Vec<u8>, FigureError> {
    let scene = layout::compose(figure, &theme)?;
    match format {
        Format::Svg => svg::write(&scene, &figure.name, &text::plain(&figure.caption)?),
        Format::Png => png::write(&scene),
        Format::Pdf => pdf::write(&scene, &figure.name, &text::plain(&figure.caption)?),
    }
}

/// Writes `NAME.svg`, `.png` or `.pdf` as asked, `NAME.csv` with the numbers ([`data_csv`]) and
/// `NAME.json` with the description, into a folder that is created if needed. Returns the files in
/// this order.
///
/// Everything is drawn before anything is written, and each file is written under another name and
/// then renamed, so that no file is ever half there.
///
/// # Errors
/// Every [`FigureError`].
pub fn write_figure(figure: &Figure, dir: &Path, formats: &[Format]) -> Result<Vec<PathBuf>, FigureError> {
    write_figure_with(figure, dir, formats, &Theme::paper())
}

/// As [`write_figure`], with a theme.
///
/// # Errors
/// Every [`FigureError`].
pub fn write_figure_with(
    figure: &Figure,
    dir: &Path,
    formats: &[Format],
    theme: &Theme,
) -> Result<Vec<PathBuf>, FigureError> {
    check_name(&figure.name)?;
    let mut contents = Vec::new();
    for (index, format) in formats.iter().enumerate() {
        if !formats[..index].contains(format) {
            contents.push((format.extension(), render(figure, *format, theme.clone())?));
        }
    }
    contents.push(("csv", data_csv(figure).into_bytes()));
    let mut description = serde_json::to_vec_pretty(figure)?;
    description.push(b'\n');
    contents.push(("json", description));
    fs::create_dir_all(dir).map_err(|source| FigureError::Io { path: dir.to_path_buf(), source })?;
    contents
        .into_iter()
        .map(|(extension, bytes)| {
            let path = dir.join(format!("{}.{extension}", figure.name));
            let part = dir.join(format!(".{}.{extension}.{}.part", figure.name, std::process::id()));
            let written = fs::write(&part, bytes).and_then(|()| fs::rename(&part, &path));
            match written {
                Ok(()) => Ok(path),
                Err(source) => {
                    // The first error is the one to report, whether or not the remains can go.
                    let _ = fs::remove_file(&part);
                    Err(FigureError::Io { path, source })
                }
            }
        })
        .collect()
}

fn check_name(name: &str) -> Result<(), FigureError> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
    if name.is_empty() || name.len() > 200 || name.starts_with('.') || !name.chars().all(allowed) {
        return Err(FigureError::Name(name.to_string()));
    }
    Ok(())
}

#[cfg(test)]
mod tests;
