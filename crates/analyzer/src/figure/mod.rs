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
mod placed;
mod plot;
mod png;
mod prepare;
mod scene;
mod spec;
mod svg;
mod table;
mod tex;
pub mod text;
mod theme;
mod ticks;

use std::fs;
use std::path::{Path, PathBuf};

use rayon::prelude::*;
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
    #[error("a figure of {}: sizes must be above 0 and at most 1000 mm", size(*width_mm, *height_mm))]
    Size {
        /// Width asked for.
        width_mm: f64,
        /// Height asked for.
        height_mm: Option<f64>,
    },
    /// Axes and labels leave no room for the data.
    #[error("{} is too small for the panels and labels of the figure `{name}`", size(*width_mm, *height_mm))]
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

/// A size in words; without a height it follows from the panels.
fn size(width_mm: f64, height_mm: Option<f64>) -> String {
    match height_mm {
        Some(height_mm) => format!("{width_mm:.1} mm by {height_mm:.1} mm"),
        None => format!("a width of {width_mm:.1} mm"),
    }
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
    encode(figure, &layout::compose(figure, &theme)?, format)
}

fn encode(figure: &Figure, scene: &scene::Scene, format: Format) -> Result<Vec<u8>, FigureError> {
    match format {
        Format::Svg => svg::write(scene, &figure.name, &text::plain(&figure.caption)?),
        Format::Png => png::write(scene),
        Format::Pdf => pdf::write(scene, &figure.name, &text::plain(&figure.caption)?),
    }
}

/// The figure as a LaTeX document of one page, for pdflatex with pgfplots: what an author restyles.
///
/// Panels, ticks, legends and words stand where [`render`] puts them. Numbers are written with the digits
/// that can be seen, curves with at most 2000 points; [`data_csv`] has them all.
///
/// # Errors
/// As [`render`].
///
/// ```
/// use levyscape_analyzer::figure::{Axis, Figure, Layer, Panel, Style, Theme, latex};
///
/// # fn main() -> Result<(), levyscape_analyzer::figure::FigureError> {
/// let line = Layer::line(vec![0.0, 1.0], vec![2.0, 3.0], Style::series(0));
/// let panel = Panel::new(Axis::linear("time $t$"), Axis::linear("$x$"), vec![line]);
/// let source = latex(&Figure::new("path", vec![panel]), &Theme::paper())?;
/// assert!(source.contains(r"\addplot[series0, forget plot] coordinates {(0,2) (1,3)};"));
/// # Ok(())
/// # }
/// ```
pub fn latex(figure: &Figure, theme: &Theme) -> Result<String, FigureError> {
    tex::write(figure, theme)
}

/// Writes `NAME.svg`, `.png` or `.pdf` as asked, `NAME.tex` ([`latex`]), `NAME.csv` with the numbers
/// ([`data_csv`]) and `NAME.json` with the description, into a folder that is created if needed. Returns
/// the files in this order.
///
/// Everything is drawn before anything is written, and each file is written under another name and
/// then renamed, so that no file is ever half there.
///
/// # Errors
/// Every [`FigureError`].
pub fn write_figure(figure: &Figure, dir: &Path, formats: &[Format]) -> Result<Vec<PathBuf>, FigureError> {
    write_figure_with(figure, dir, formats, ThemeName::Paper)
}

/// As [`write_figure`], drawn with a theme at the width that suits it ([`ThemeName::dressed`]); numbers and
/// description are those of the figure as it is given.
///
/// # Errors
/// Every [`FigureError`].
pub fn write_figure_with(
    figure: &Figure,
    dir: &Path,
    formats: &[Format],
    theme: ThemeName,
) -> Result<Vec<PathBuf>, FigureError> {
    let (dressed, theme) = theme.dressed(figure, None);
    let mut contents = drawings(&dressed, formats, true, &theme)?;
    contents.push(("csv", data_csv(figure).into_bytes()));
    let mut description = serde_json::to_vec_pretty(figure)?;
    description.push(b'\n');
    contents.push(("json", description));
    write_files(&figure.name, dir, contents)
}

/// Writes the drawings alone, `NAME.svg`, `.png` or `.pdf` as asked and `NAME.tex` if `source`, as
/// [`write_figure`] does: a figure is drawn again and its numbers stay.
///
/// # Errors
/// Every [`FigureError`] except `Description`.
pub fn write_drawings(
    figure: &Figure,
    dir: &Path,
    formats: &[Format],
    source: bool,
    theme: &Theme,
) -> Result<Vec<PathBuf>, FigureError> {
    write_files(&figure.name, dir, drawings(figure, formats, source, theme)?)
}

type Content = (&'static str, Vec<u8>);

/// The drawings by the endings of their files. They are made at the same time: the one in pixels takes as
/// long as all others together.
fn drawings(
    figure: &Figure,
    formats: &[Format],
    source: bool,
    theme: &Theme,
) -> Result<Vec<Content>, FigureError> {
    check_name(&figure.name)?;
    let scene = layout::compose(figure, theme)?;
    let kinds: Vec<Option<Format>> = formats
        .iter()
        .enumerate()
        .filter(|(index, format)| !formats[..*index].contains(format))
        .map(|(_, format)| Some(*format))
        .chain(source.then_some(None))
        .collect();
    kinds
        .into_par_iter()
        .map(|kind| match kind {
            Some(format) => Ok((format.extension(), encode(figure, &scene, format)?)),
            None => Ok(("tex", latex(figure, theme)?.into_bytes())),
        })
        .collect()
}

fn write_files(name: &str, dir: &Path, contents: Vec<Content>) -> Result<Vec<PathBuf>, FigureError> {
    fs::create_dir_all(dir).map_err(|source| FigureError::Io { path: dir.to_path_buf(), source })?;
    contents
        .into_iter()
        .map(|(extension, bytes)| {
            let path = dir.join(format!("{name}.{extension}"));
            let part = dir.join(format!(".{name}.{extension}.{}.part", std::process::id()));
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
pub(crate) mod snapshot;
#[cfg(test)]
mod tests;
