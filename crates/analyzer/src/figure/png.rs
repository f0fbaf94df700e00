//! PNG output: plotters' bitmap backend at three times the resolution, averaged down.
//!
//! The bitmap backend draws filled spans well; its own wide lines, polygons and glyphs are uneven, so
//! a layer over it turns every shape into spans with exact coverage along the row.

use plotters::prelude::BitMapBackend;
use plotters_backend::{
    BackendColor, BackendCoord, BackendStyle, BackendTextStyle, DrawingBackend, DrawingErrorKind,
    FontTransform,
};
use rayon::prelude::*;
use ttf_parser::OutlineBuilder;

use super::FigureError;
use super::font::shape;
use super::paint::{BASELINE, SIZE_PER_EM, cut_of, paint};
use super::scene::{Point, Scene};

/// Resolution of the file, in pixels per inch.
const DOTS_PER_INCH: f64 = 300.0;
/// Drawn pixels in each direction for one pixel of the file.
const OVERSAMPLING: usize = 3;

pub(super) fn write(scene: &Scene) -> Result<Vec<u8>, FigureError> {
    let pixels = |length: f64| (length / 25.4 * DOTS_PER_INCH).round() as usize;
    let (width, height) = (pixels(scene.width), pixels(scene.height));
    let (wide, high) = (width * OVERSAMPLING, height * OVERSAMPLING);
    let mut fine = vec![255u8; wide * high * 3];
    let backend = Spans { inner: BitMapBackend::with_buffer(&mut fine, (wide as u32, high as u32)) };
    paint(backend, scene, OVERSAMPLING as f64 * DOTS_PER_INCH / 25.4)?;
    encode(&averaged(&fine, width, height), width as u32, height as u32)
        .map_err(|error| FigureError::Backend(error.to_string()))
}

fn averaged(fine: &[u8], width: usize, height: usize) -> Vec<u8> {
    let stride = width * OVERSAMPLING * 3;
    let samples = (OVERSAMPLING * OVERSAMPLING) as u32;
    let mut out = vec![0; width * height * 3];
    out.par_chunks_mut(width * 3).zip(fine.par_chunks(stride * OVERSAMPLING)).for_each(|(line, fine)| {
        for (column, pixel) in line.chunks_exact_mut(3).enumerate() {
            for (channel, value) in pixel.iter_mut().enumerate() {
                let corner = column * OVERSAMPLING * 3 + channel;
                let mut sum = samples / 2;
                for down in 0..OVERSAMPLING {
                    for right in 0..OVERSAMPLING {
                        sum += u32::from(fine[corner + down * stride + right * 3]);
                    }
                }
                *value = (sum / samples) as u8;
            }
        }
    });
    out
}

fn encode(pixels: &[u8], width: u32, height: u32) -> Result<Vec<u8>, png::EncodingError> {
    let mut out = Vec::new();
    let mut encoder = png::Encoder::new(&mut out, width, height);
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_depth(png::BitDepth::Eight);
    let per_metre = (DOTS_PER_INCH / 0.0254).round() as u32;
    encoder.set_pixel_dims(Some(png::PixelDimensions {
        xppu: per_metre,
        yppu: per_metre,
        unit: png::Unit::Meter,
    }));
    let mut writer = encoder.write_header()?;
    writer.write_image_data(pixels)?;
    writer.finish()?;
    Ok(out)
}

/// plotters' bitmap backend with every shape filled by rows.
struct Spans<'a> {
    inner: BitMapBackend<'a>,
}

type Drawn<'a> = Result<(), DrawingErrorKind<<BitMapBackend<'a> as DrawingBackend>::ErrorType>>;

impl<'a> Spans<'a> {
    /// Fills closed outlines by the non-zero winding rule. Pixel (i, j) covers [i, i + 1) x [j, j + 1).
    fn fill(&mut self, outlines: &[Vec<Point>], colour: BackendColor) -> Drawn<'a> {
        let (width, height) = self.inner.get_size();
        let mut edges: Vec<(Point, Point, i32)> = Vec::new();
        for outline in outlines {
            let following = outline.iter().cycle().skip(1);
            for (&from, &to) in outline.iter().zip(following) {
                if from.1 < to.1 {
                    edges.push((from, to, 1));
                } else if from.1 > to.1 {
                    edges.push((to, from, -1));
                }
            }
        }
        edges.sort_by(|one, other| one.0.1.total_cmp(&other.0.1));
        let Some(first) = edges.first() else { return Ok(()) };
        let top = (first.0.1.floor().max(0.0)) as i32;
        let lowest = edges.iter().fold(f64::NEG_INFINITY, |most, edge| most.max(edge.1.1));
        let bottom = lowest.ceil().min(f64::from(height)) as i32;
        let mut waiting = edges.into_iter().peekable();
        let mut active: Vec<(Point, Point, i32)> = Vec::new();
        let mut crossings: Vec<(f64, i32)> = Vec::new();
        for row in top..bottom {
            let middle = f64::from(row) + 0.5;
            while let Some(edge) = waiting.next_if(|edge| edge.0.1 <= middle) {
                active.push(edge);
            }
            active.retain(|edge| edge.1.1 > middle);
            crossings.clear();
            crossings.extend(active.iter().map(|(from, to, winding)| {
                let share = (middle - from.1) / (to.1 - from.1);
                (from.0 + share * (to.0 - from.0), *winding)
            }));
            crossings.sort_by(|one, other| one.0.total_cmp(&other.0));
            let mut winding = 0;
            let mut start = 0.0;
            for &(x, turn) in &crossings {
                if winding == 0 {
                    start = x;
                }
                winding += turn;
                if winding == 0 {
                    self.span(row, start.max(0.0), x.min(f64::from(width)), colour)?;
                }
            }
        }
        Ok(())
    }

    fn span(&mut self, row: i32, from: f64, to: f64, colour: BackendColor) -> Drawn<'a> {
        if to <= from {
            return Ok(());
        }
        let (first, last) = (from.floor(), to.floor());
        if first == last {
            return self.inner.draw_pixel((first as i32, row), colour.mix(to - from));
        }
        let mut solid = first as i32;
        if from > first {
            self.inner.draw_pixel((solid, row), colour.mix(first + 1.0 - from))?;
            solid += 1;
        }
        if to > last {
            self.inner.draw_pixel((last as i32, row), colour.mix(to - last))?;
        }
        if solid < last as i32 {
            self.inner.draw_line((solid, row), (last as i32 - 1, row), &colour)?;
        }
        Ok(())
    }

    /// Outlines whose union is the stroke: a box for each segment and a disc at each bend.
    fn stroke(&mut self, points: &[BackendCoord], style: &impl BackendStyle) -> Drawn<'a> {
        let half = f64::from(style.stroke_width()) / 2.0;
        let points: Vec<Point> = points.iter().map(|&(x, y)| (f64::from(x), f64::from(y))).collect();
        let mut outlines = Vec::new();
        for pair in points.windows(2) {
            let (from, to) = (pair[0], pair[1]);
            let length = (to.0 - from.0).hypot(to.1 - from.1);
            if length > 0.0 {
                let (nx, ny) = ((to.1 - from.1) / length * half, (from.0 - to.0) / length * half);
                outlines.push(vec![
                    (from.0 + nx, from.1 + ny),
                    (from.0 - nx, from.1 - ny),
                    (to.0 - nx, to.1 - ny),
                    (to.0 + nx, to.1 + ny),
                ]);
            }
        }
        let closed = points.len() > 2 && points.first() == points.last();
        let bends = points.get(1..points.len().saturating_sub(1)).unwrap_or(&[]);
        let joint = if closed { points.last() } else { None };
        outlines.extend(bends.iter().chain(joint).map(|&centre| disc(centre, half)));
        self.fill(&outlines, style.color())
    }
}

/// A regular polygon close to a disc, turning the same way as the boxes of a stroke.
fn disc(centre: Point, radius: f64) -> Vec<Point> {
    let corners = (4.0 * radius.sqrt()).ceil().clamp(12.0, 96.0) as usize;
    (0..corners)
        .map(|corner| {
            let angle = -std::f64::consts::TAU * corner as f64 / corners as f64;
            (centre.0 + radius * angle.cos(), centre.1 + radius * angle.sin())
        })
        .collect()
}

impl<'a> DrawingBackend for Spans<'a> {
    type ErrorType = <BitMapBackend<'a> as DrawingBackend>::ErrorType;

    fn get_size(&self) -> (u32, u32) {
        self.inner.get_size()
    }

    fn ensure_prepared(&mut self) -> Drawn<'a> {
        self.inner.ensure_prepared()
    }

    fn present(&mut self) -> Drawn<'a> {
        self.inner.present()
    }

    fn draw_pixel(&mut self, point: BackendCoord, colour: BackendColor) -> Drawn<'a> {
        self.inner.draw_pixel(point, colour)
    }

    fn draw_line<S: BackendStyle>(&mut self, from: BackendCoord, to: BackendCoord, style: &S) -> Drawn<'a> {
        self.stroke(&[from, to], style)
    }

    fn draw_path<S: BackendStyle, I: IntoIterator<Item = BackendCoord>>(
        &mut self,
        path: I,
        style: &S,
    ) -> Drawn<'a> {
        let points: Vec<BackendCoord> = path.into_iter().collect();
        self.stroke(&points, style)
    }

    fn draw_rect<S: BackendStyle>(
        &mut self,
        (left, top): BackendCoord,
        (right, bottom): BackendCoord,
        style: &S,
        fill: bool,
    ) -> Drawn<'a> {
        let corners = [(left, top), (right, top), (right, bottom), (left, bottom)];
        if fill {
            self.fill_polygon(corners, style)
        } else {
            self.stroke(&[corners[0], corners[1], corners[2], corners[3], corners[0]], style)
        }
    }

    fn draw_circle<S: BackendStyle>(
        &mut self,
        centre: BackendCoord,
        radius: u32,
        style: &S,
        fill: bool,
    ) -> Drawn<'a> {
        let outline = disc((f64::from(centre.0), f64::from(centre.1)), f64::from(radius));
        if fill {
            self.fill(&[outline], style.color())
        } else {
            let mut points: Vec<BackendCoord> =
                outline.iter().map(|(x, y)| (x.round() as i32, y.round() as i32)).collect();
            points.extend(points.first().copied());
            self.stroke(&points, style)
        }
    }

    fn fill_polygon<S: BackendStyle, I: IntoIterator<Item = BackendCoord>>(
        &mut self,
        corners: I,
        style: &S,
    ) -> Drawn<'a> {
        let outline = corners.into_iter().map(|(x, y)| (f64::from(x), f64::from(y))).collect();
        self.fill(&[outline], style.color())
    }

    fn draw_text<S: BackendTextStyle>(&mut self, text: &str, style: &S, at: BackendCoord) -> Drawn<'a> {
        let font_error = |error| DrawingErrorKind::FontError(Box::new(error));
        let cut = cut_of(style);
        let face = cut.face().map_err(font_error)?;
        let (glyphs, _) = shape(cut, text).map_err(font_error)?;
        let em = style.size() / SIZE_PER_EM;
        let upwards = matches!(style.transform(), FontTransform::Rotate270);
        let mut outline = Outline {
            scale: em / f64::from(face.units_per_em()),
            start: (0.0, BASELINE * em),
            origin: (f64::from(at.0), f64::from(at.1)),
            upwards,
            contours: Vec::new(),
        };
        for glyph in glyphs {
            outline.start.0 = glyph.x * em;
            // A glyph without outline is a blank.
            let _ = face.outline_glyph(glyph.glyph, &mut outline);
        }
        self.fill(&outline.contours, style.color())
    }
}

/// Collects glyph outlines as polygons in pixels.
struct Outline {
    scale: f64,
    start: Point,
    origin: Point,
    upwards: bool,
    contours: Vec<Vec<Point>>,
}

/// Straight pieces of one curve of a glyph: at 8 pt it spans a few pixels.
const CURVE_PIECES: usize = 6;

impl Outline {
    fn place(&self, x: f32, y: f32) -> Point {
        let (x, y) = (self.start.0 + f64::from(x) * self.scale, self.start.1 - f64::from(y) * self.scale);
        if self.upwards {
            (self.origin.0 + y, self.origin.1 - x)
        } else {
            (self.origin.0 + x, self.origin.1 + y)
        }
    }

    fn curve(&mut self, point_at: impl Fn(Point, f64) -> Point) {
        let Some(contour) = self.contours.last_mut() else { return };
        let Some(&from) = contour.last() else { return };
        contour.extend((1..=CURVE_PIECES).map(|piece| point_at(from, piece as f64 / CURVE_PIECES as f64)));
    }
}

impl OutlineBuilder for Outline {
    fn move_to(&mut self, x: f32, y: f32) {
        let place = self.place(x, y);
        self.contours.push(vec![place]);
    }

    fn line_to(&mut self, x: f32, y: f32) {
        let place = self.place(x, y);
        self.curve_end(place);
    }

    fn quad_to(&mut self, x1: f32, y1: f32, x: f32, y: f32) {
        let (control, end) = (self.place(x1, y1), self.place(x, y));
        self.curve(|from, t| blend(blend(from, control, t), blend(control, end, t), t));
    }

    fn curve_to(&mut self, x1: f32, y1: f32, x2: f32, y2: f32, x: f32, y: f32) {
        let (first, second, end) = (self.place(x1, y1), self.place(x2, y2), self.place(x, y));
        self.curve(|from, t| {
            let (a, b, c) = (blend(from, first, t), blend(first, second, t), blend(second, end, t));
            blend(blend(a, b, t), blend(b, c, t), t)
        });
    }

    fn close(&mut self) {}
}

impl Outline {
    fn curve_end(&mut self, place: Point) {
        if let Some(contour) = self.contours.last_mut() {
            contour.push(place);
        }
    }
}

fn blend(from: Point, to: Point, t: f64) -> Point {
    (from.0 + t * (to.0 - from.0), from.1 + t * (to.1 - from.1))
}

#[cfg(test)]
mod tests {
    use super::*;

    const BLACK: BackendColor = BackendColor { alpha: 1.0, rgb: (0, 0, 0) };

    fn ink(draw: impl FnOnce(&mut Spans<'_>)) -> f64 {
        let mut buffer = vec![255u8; 40 * 40 * 3];
        let mut spans = Spans { inner: BitMapBackend::with_buffer(&mut buffer, (40, 40)) };
        draw(&mut spans);
        drop(spans);
        buffer.iter().step_by(3).map(|value| 1.0 - f64::from(*value) / 255.0).sum()
    }

    #[test]
    fn a_box_and_a_disc_have_their_area() {
        let square = ink(|spans| {
            spans.fill(&[vec![(5.25, 5.0), (15.75, 5.0), (15.75, 9.0), (5.25, 9.0)]], BLACK).unwrap();
        });
        assert!((square - 42.0).abs() < 0.1, "{square}");
        let round = ink(|spans| spans.fill(&[disc((20.0, 20.0), 12.0)], BLACK).unwrap());
        assert!((round / (std::f64::consts::PI * 144.0) - 1.0).abs() < 0.03, "{round}");
    }

    #[test]
    fn a_bent_translucent_stroke_is_nowhere_darker() {
        struct Half;
        impl BackendStyle for Half {
            fn color(&self) -> BackendColor {
                BackendColor { alpha: 0.5, rgb: (0, 0, 0) }
            }
            fn stroke_width(&self) -> u32 {
                6
            }
        }
        let mut buffer = vec![255u8; 40 * 40 * 3];
        let mut spans = Spans { inner: BitMapBackend::with_buffer(&mut buffer, (40, 40)) };
        spans.draw_path([(5, 5), (30, 8), (10, 30), (5, 5)], &Half).unwrap();
        drop(spans);
        assert_eq!(*buffer.iter().min().unwrap(), 127);
    }

    #[test]
    fn averaging_is_exact() {
        let mut fine = vec![0u8; 27];
        fine[0] = 255;
        assert_eq!(averaged(&fine, 1, 1), [28, 0, 0]);
        assert_eq!(averaged(&[255; 27], 1, 1), [255, 255, 255]);
    }
}
