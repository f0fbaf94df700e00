//! Draws the shapes of a page with plotters, the same way for every output format.

use plotters::coord::Shift;
use plotters::drawing::{DrawingArea, DrawingAreaErrorKind};
use plotters::element::{Circle, PathElement, Polygon, Rectangle, Text};
use plotters::prelude::{Color, DrawingBackend, IntoDrawingArea, RGBAColor, RGBColor, ShapeStyle};
use plotters::style::text_anchor::{HPos, Pos, VPos};
use plotters::style::{FontDesc, FontFamily, FontStyle, FontTransform, IntoFont, TextStyle};

use super::FigureError;
use super::font::{Cut, FAMILY};
use super::scene::{Item, Point, Scene};
use super::theme::Rgb;

/// plotters' SVG backend divides the font size by this to get the em; our other backends do the same.
pub(super) const SIZE_PER_EM: f64 = 1.24;
/// The same backend puts the baseline this far (in ems) below the upper end of top-anchored text.
pub(super) const BASELINE: f64 = 0.76;

/// Draws the page on a backend whose unit is `1 / units_per_mm` of a millimetre.
pub(super) fn paint<B: DrawingBackend>(
    backend: B,
    scene: &Scene,
    units_per_mm: f64,
) -> Result<(), FigureError> {
    let area = backend.into_drawing_area();
    let [red, green, blue] = scene.paper;
    area.fill(&RGBColor(red, green, blue)).map_err(backend_error)?;
    paint_on(area, &scene.items, units_per_mm)
}

/// Draws shapes on a page that has its ground already.
pub(super) fn paint_on<B: DrawingBackend>(
    area: DrawingArea<B, Shift>,
    items: &[Item],
    units_per_mm: f64,
) -> Result<(), FigureError> {
    let painter = Painter { area, units_per_mm };
    items.iter().try_for_each(|item| painter.item(item))?;
    painter.area.present().map_err(backend_error)
}

fn backend_error<E: std::error::Error + Send + Sync>(error: DrawingAreaErrorKind<E>) -> FigureError {
    FigureError::Backend(error.to_string())
}

struct Painter<B: DrawingBackend> {
    area: DrawingArea<B, Shift>,
    units_per_mm: f64,
}

impl<B: DrawingBackend> Painter<B> {
    fn item(&self, item: &Item) -> Result<(), FigureError> {
        match item {
            Item::Stroke { points, width, colour } => {
                let style = ShapeStyle {
                    color: opaque(*colour, 1.0),
                    filled: false,
                    stroke_width: self.length(*width).max(1),
                };
                let mut places: Vec<(i32, i32)> = points.iter().map(|point| self.place(*point)).collect();
                places.dedup();
                self.area.draw(&PathElement::new(places, style))
            }
            Item::Fill { points, colour, opacity } => {
                let places: Vec<(i32, i32)> = points.iter().map(|point| self.place(*point)).collect();
                self.area.draw(&Polygon::new(places, opaque(*colour, *opacity).filled()))
            }
            Item::Disc { centre, radius, colour } => {
                let style = opaque(*colour, 1.0).filled();
                self.area.draw(&Circle::new(self.place(*centre), self.length(*radius), style))
            }
            Item::Box { area, colour } => {
                let corners = [self.place((area.left, area.top)), self.place((area.right, area.bottom))];
                self.area.draw(&Rectangle::new(corners, opaque(*colour, 1.0).filled()))
            }
            Item::Run { text, origin, upright, colour } => {
                let em = (text.size * self.units_per_mm).round();
                let font = FontDesc::new(FontFamily::Name(FAMILY), em * SIZE_PER_EM, font_style(text.cut));
                let font = if *upright { font.transform(FontTransform::Rotate270) } else { font };
                let colour = RGBColor(colour[0], colour[1], colour[2]);
                let style =
                    TextStyle::from(font.into_font()).color(&colour).pos(Pos::new(HPos::Left, VPos::Top));
                let lift = BASELINE * em / self.units_per_mm;
                let corner = if *upright { (origin.0 - lift, origin.1) } else { (origin.0, origin.1 - lift) };
                self.area.draw(&Text::new(text.text.clone(), self.place(corner), style))
            }
            Item::Begin(_) | Item::End => Ok(()),
        }
        .map_err(backend_error)
    }

    fn place(&self, (x, y): Point) -> (i32, i32) {
        ((x * self.units_per_mm).round() as i32, (y * self.units_per_mm).round() as i32)
    }

    fn length(&self, length: f64) -> u32 {
        (length * self.units_per_mm).round() as u32
    }
}

fn opaque(colour: Rgb, opacity: f64) -> RGBAColor {
    RGBAColor(colour[0], colour[1], colour[2], opacity)
}

fn font_style(cut: Cut) -> FontStyle {
    match cut {
        Cut::Regular => FontStyle::Normal,
        Cut::Italic => FontStyle::Italic,
        Cut::Bold => FontStyle::Bold,
    }
}

/// The cut that a plotters font style was made from.
pub(super) fn cut_of(style: FontStyle) -> Cut {
    match style {
        FontStyle::Normal => Cut::Regular,
        FontStyle::Italic | FontStyle::Oblique => Cut::Italic,
        FontStyle::Bold => Cut::Bold,
    }
}
