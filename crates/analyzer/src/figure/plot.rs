//! Draws the layers of one panel inside its frame.

use super::FigureError;
use super::colour::{ColourScale, luminance};
use super::contour::contour;
use super::prepare::{Prepared, Span};
use super::scene::{Area, Item, Point, Scene, dashes, thin};
use super::spec::{Anchor, Heads, Layer, Marker, Style};
use super::text::set_within;
use super::theme::{Rgb, Theme};

const WHITE: Rgb = [255, 255, 255];
/// Neighbouring cells overlap by this (mm): viewers would show a hairline between exact edges.
const OVERLAP: f64 = 0.03;
/// Length and half width (mm) of the head of an arrow.
const HEAD: (f64, f64) = (1.7, 0.5);
/// Distance (mm) between an arrow and its words.
const ARROW_GAP: f64 = 0.7;

/// Something that a legend must not cover.
#[derive(Clone, Copy, Debug)]
pub(super) enum Obstacle {
    Segment(Point, Point),
    Block(Area),
}

impl Obstacle {
    pub(super) fn meets(&self, area: &Area) -> bool {
        match self {
            Obstacle::Segment(from, to) => area.clip(*from, *to).is_some(),
            Obstacle::Block(block) => area.overlaps(block),
        }
    }
}

/// A panel being drawn.
pub(super) struct Plot<'a> {
    pub theme: &'a Theme,
    pub frame: Area,
    pub x: Span,
    pub y: Span,
    pub scene: &'a mut Scene,
    pub obstacles: Vec<Obstacle>,
    words: Vec<Area>,
}

impl<'a> Plot<'a> {
    pub(super) fn new(theme: &'a Theme, frame: Area, prepared: &Prepared<'_>, scene: &'a mut Scene) -> Self {
        Plot { theme, frame, x: prepared.x, y: prepared.y, scene, obstacles: Vec::new(), words: Vec::new() }
    }

    fn across(&self, x: f64) -> Option<f64> {
        self.x.share(x).map(|share| self.frame.left + share * self.frame.width())
    }

    fn down(&self, y: f64) -> Option<f64> {
        self.y.share(y).map(|share| self.frame.bottom - share * self.frame.height())
    }

    fn place(&self, x: f64, y: f64) -> Option<Point> {
        Some((self.across(x)?, self.down(y)?))
    }

    pub(super) fn layer(&mut self, layer: &Layer, colours: Option<&ColourScale>) -> Result<(), FigureError> {
        match layer {
            Layer::Line { x, y, style, .. } => {
                for chain in self.chains(x, y) {
                    self.curve(&chain, style);
                }
            }
            Layer::Points { x, y, lo, hi, style, .. } => self.points(x, y, lo, hi, style),
            Layer::Band { x, lo, hi, style, .. } => self.band(x, lo, hi, style),
            Layer::HorizontalLine { y, style, .. } => {
                if let Some(y) = self.down(*y) {
                    self.curve(&[(self.frame.left, y), (self.frame.right, y)], style);
                }
            }
            Layer::VerticalLine { x, style, .. } => {
                if let Some(x) = self.across(*x) {
                    self.curve(&[(x, self.frame.bottom), (x, self.frame.top)], style);
                }
            }
            Layer::Text { x, y, text, anchor, style } => {
                if let Some(place) = self.place(*x, *y)
                    && self.frame.grown(1e-6).contains(place)
                {
                    self.words(text, place, *anchor, style)?;
                }
            }
            Layer::Arrow { from, to, heads, text, style } => {
                if let (Some(from), Some(to)) = (self.place(from[0], from[1]), self.place(to[0], to[1])) {
                    self.arrow(from, to, *heads, text.as_deref(), style)?;
                }
            }
            Layer::Heat { x_edges, y_edges, z, contours } => {
                if let Some(colours) = colours {
                    self.heat(x_edges, y_edges, z, contours, colours);
                }
            }
            Layer::Contour { x, y, z, levels, style, .. } => {
                for &level in levels {
                    self.level_lines(x, y, z, level, style, self.theme.colour(style.colour));
                }
            }
        }
        Ok(())
    }

    /// Stretches of a curve without a missing point.
    fn chains(&self, x: &[f64], y: &[f64]) -> Vec<Vec<Point>> {
        let places: Vec<Option<Point>> = x.iter().zip(y).map(|(x, y)| self.place(*x, *y)).collect();
        places
            .split(Option::is_none)
            .map(|chain| chain.iter().flatten().copied().collect::<Vec<_>>())
            .filter(|chain| chain.len() > 1)
            .collect()
    }

    fn curve(&mut self, points: &[Point], style: &Style) {
        let colour = self.theme.colour(style.colour);
        self.coloured_curve(points, style, colour);
    }

    fn coloured_curve(&mut self, points: &[Point], style: &Style, colour: Rgb) {
        let width = self.theme.line_width * style.weight;
        let pattern: Vec<f64> = self
            .theme
            .dash_pattern(self.theme.dash(style))
            .iter()
            .map(|length| length * style.weight)
            .collect();
        for piece in self.frame.clip_chain(points) {
            let piece = thin(&piece);
            self.obstacles.extend(piece.windows(2).map(|pair| Obstacle::Segment(pair[0], pair[1])));
            for stroke in dashes(&piece, &pattern) {
                self.scene.stroke(stroke, width, colour);
            }
        }
    }

    fn points(&mut self, x: &[f64], y: &[f64], lo: &[f64], hi: &[f64], style: &Style) {
        let colour = self.theme.colour(style.colour);
        let inside = self.frame.grown(1e-6);
        let half = self.theme.marker_size / 2.0;
        // Bars first: an open marker must not show its own bar inside.
        for (index, (&x, &y)) in x.iter().zip(y).enumerate() {
            let Some(centre) = self.place(x, y).filter(|place| inside.contains(*place)) else { continue };
            for (end, edge) in [(lo.get(index), self.frame.bottom), (hi.get(index), self.frame.top)] {
                let Some(&end) = end.filter(|end| end.is_finite()) else { continue };
                // On a logarithmic axis a bar down to 0 or below has no end: it runs to the frame.
                let reached = self.down(end).unwrap_or(edge);
                let tip = reached.clamp(self.frame.top, self.frame.bottom);
                self.scene.stroke(vec![centre, (centre.0, tip)], self.theme.error_bar_width, colour);
                self.obstacles.push(Obstacle::Segment(centre, (centre.0, tip)));
                if tip == reached && self.down(end).is_some() {
                    let cap = self.theme.error_bar_cap / 2.0;
                    let ends = [centre.0 - cap, centre.0 + cap];
                    self.scene.stroke(
                        vec![(ends[0], tip), (ends[1], tip)],
                        self.theme.error_bar_width,
                        colour,
                    );
                }
            }
        }
        for (&x, &y) in x.iter().zip(y) {
            let Some(centre) = self.place(x, y).filter(|place| inside.contains(*place)) else { continue };
            draw_marker(self.scene, self.theme, centre, style);
            self.obstacles.push(Obstacle::Block(Area {
                left: centre.0 - half,
                right: centre.0 + half,
                top: centre.1 - half,
                bottom: centre.1 + half,
            }));
        }
    }

    fn band(&mut self, x: &[f64], lo: &[f64], hi: &[f64], style: &Style) {
        let colour = self.theme.colour(style.colour);
        let columns: Vec<Option<(f64, f64, f64)>> = x
            .iter()
            .zip(lo)
            .zip(hi)
            .map(|((x, lo), hi)| {
                let low = match self.down(*lo) {
                    Some(low) => low,
                    None if lo.is_finite() => self.frame.bottom,
                    None => return None,
                };
                Some((self.across(*x)?, low, self.down(*hi)?))
            })
            .collect();
        for run in columns.split(Option::is_none) {
            let run: Vec<(f64, f64, f64)> = run.iter().flatten().copied().collect();
            let corners: Vec<Point> = run
                .iter()
                .map(|&(x, _, high)| (x, high))
                .chain(run.iter().rev().map(|&(x, low, _)| (x, low)))
                .collect();
            let points = clip_polygon(&corners, &self.frame);
            if run.len() < 2 || points.len() < 3 {
                continue;
            }
            self.scene.items.push(Item::Fill { points, colour, opacity: self.theme.band_opacity });
            for pair in run.windows(2) {
                let block = Area {
                    left: pair[0].0.min(pair[1].0),
                    right: pair[0].0.max(pair[1].0),
                    top: pair[0].2.min(pair[1].2),
                    bottom: pair[0].1.max(pair[1].1),
                };
                self.obstacles.push(Obstacle::Block(block));
            }
        }
    }

    /// Words at a place, moved inside the frame and away from earlier words.
    fn words(&mut self, text: &str, at: Point, anchor: Anchor, style: &Style) -> Result<(), FigureError> {
        let line = set_within(text, self.theme.text_mm(), self.frame.width() - 1.0)?;
        let (left_share, above_share) = anchor.shares();
        let (width, height) = (line.width, line.height());
        let room = self.frame.grown(-0.5);
        let area_at = |shift: f64| {
            let left = at.0 - left_share * width;
            let top = at.1 - above_share * height + shift * height;
            Area::new(
                left.min(room.right - width).max(room.left),
                top.min(room.bottom - height).max(room.top),
                width,
                height,
            )
        };
        let area = [0.0, -1.0, 1.0, -2.0, 2.0, -3.0, 3.0]
            .into_iter()
            .map(area_at)
            .find(|area| self.words.iter().all(|other| !other.overlaps(area)))
            .unwrap_or_else(|| area_at(0.0));
        // A pale plate keeps the words legible where they cross a curve.
        let plate = area.grown(0.15);
        self.scene.items.push(Item::Fill {
            points: vec![
                (plate.left, plate.top),
                (plate.right, plate.top),
                (plate.right, plate.bottom),
                (plate.left, plate.bottom),
            ],
            colour: WHITE,
            opacity: 0.8,
        });
        self.scene.text(&line, (area.left, area.top + line.ascent), self.theme.colour(style.colour));
        self.words.push(area);
        self.obstacles.push(Obstacle::Block(area));
        Ok(())
    }

    fn arrow(
        &mut self,
        from: Point,
        to: Point,
        heads: Heads,
        text: Option<&str>,
        style: &Style,
    ) -> Result<(), FigureError> {
        let Some((start, end)) = self.frame.clip(from, to) else { return Ok(()) };
        let length = (end.0 - start.0).hypot(end.1 - start.1);
        if length == 0.0 {
            return Ok(());
        }
        let colour = self.theme.colour(style.colour);
        let along = ((end.0 - start.0) / length, (end.1 - start.1) / length);
        let size = (0.4 * length / HEAD.0).min(1.0);
        let (reach, half) = (HEAD.0 * size, HEAD.1 * size);
        // An end that was cut off at the frame has no head.
        let head_at_start = heads == Heads::Both && start == from;
        let head_at_end = heads != Heads::None && end == to;
        let inset = |wanted: bool| if wanted { 0.8 * reach } else { 0.0 };
        let shaft = [
            (start.0 + along.0 * inset(head_at_start), start.1 + along.1 * inset(head_at_start)),
            (end.0 - along.0 * inset(head_at_end), end.1 - along.1 * inset(head_at_end)),
        ];
        self.scene.stroke(shaft.to_vec(), self.theme.axis_width * style.weight, colour);
        for (tip, direction, wanted) in [(start, -1.0, head_at_start), (end, 1.0, head_at_end)] {
            if wanted {
                let (dx, dy) = (along.0 * direction, along.1 * direction);
                let back = (tip.0 - dx * reach, tip.1 - dy * reach);
                self.scene.items.push(Item::Fill {
                    points: vec![
                        tip,
                        (back.0 - dy * half, back.1 + dx * half),
                        (back.0 + dy * half, back.1 - dx * half),
                    ],
                    colour,
                    opacity: 1.0,
                });
            }
        }
        self.obstacles.push(Obstacle::Segment(start, end));
        let middle = ((start.0 + end.0) / 2.0, (start.1 + end.1) / 2.0);
        match text {
            Some(text) if along.1.abs() < 0.2 => {
                self.words(text, (middle.0, middle.1 - ARROW_GAP), Anchor::Bottom, style)
            }
            Some(text) => {
                // To the right, unless the frame ends there.
                let line = set_within(text, self.theme.text_mm(), self.frame.width())?;
                let fits = middle.0 + ARROW_GAP + line.width + 0.5 <= self.frame.right;
                let (x, anchor) = if fits {
                    (middle.0 + ARROW_GAP, Anchor::Left)
                } else {
                    (middle.0 - ARROW_GAP, Anchor::Right)
                };
                self.words(text, (x, middle.1), anchor, style)
            }
            None => Ok(()),
        }
    }

    fn heat(&mut self, x_edges: &[f64], y_edges: &[f64], z: &[f64], contours: &[f64], colours: &ColourScale) {
        let edges_x: Vec<Option<f64>> = x_edges.iter().map(|x| self.across(*x)).collect();
        let edges_y: Vec<Option<f64>> = y_edges.iter().map(|y| self.down(*y)).collect();
        let frame = self.frame;
        for (row, cells) in z.chunks(x_edges.len() - 1).enumerate() {
            let (Some(bottom), Some(top)) = (edges_y[row], edges_y[row + 1]) else { continue };
            let shades: Vec<Rgb> =
                cells.iter().map(|value| colours.colour(*value).unwrap_or(self.theme.missing)).collect();
            let mut start = 0;
            for group in shades.chunk_by(|one, other| one == other) {
                let end = start + group.len();
                // Edges that a logarithmic axis cannot show cut the run short.
                let place = edges_x[start..=end].iter().flatten().copied();
                if let Some((left, right)) = place.clone().next().zip(place.last()) {
                    let area = Area {
                        left: left.max(frame.left),
                        right: (right + OVERLAP).min(frame.right),
                        top: (top - OVERLAP).max(frame.top),
                        bottom: bottom.min(frame.bottom),
                    };
                    if area.width() > OVERLAP && area.height() > OVERLAP {
                        self.scene.items.push(Item::Box { area, colour: group[0] });
                    }
                }
                start = end;
            }
        }
        self.obstacles.push(Obstacle::Block(frame));
        let centres = |edges: &[f64], span: &Span| -> Vec<f64> {
            edges
                .windows(2)
                .map(|pair| match span.scale {
                    super::spec::Scale::Linear => pair[0] / 2.0 + pair[1] / 2.0,
                    super::spec::Scale::Log => pair[0].max(0.0).sqrt() * pair[1].max(0.0).sqrt(),
                })
                .collect()
        };
        let (x, y) = (centres(x_edges, &self.x), centres(y_edges, &self.y));
        for &level in contours {
            let colour = level_colour(self.theme, colours, level);
            self.level_lines(&x, &y, z, level, &Style::ink().weight(0.7), colour);
        }
    }

    fn level_lines(&mut self, x: &[f64], y: &[f64], z: &[f64], level: f64, style: &Style, colour: Rgb) {
        // A grid line that the axis cannot show has no finite place, and its cells no contour.
        let xs: Vec<f64> = x.iter().map(|x| self.across(*x).unwrap_or(f64::NAN)).collect();
        let ys: Vec<f64> = y.iter().map(|y| self.down(*y).unwrap_or(f64::NAN)).collect();
        for chain in contour(&xs, &ys, z, level) {
            for piece in chain.split(|(x, y)| !(x.is_finite() && y.is_finite())) {
                self.coloured_curve(piece, style, colour);
            }
        }
    }
}

/// A contour line is black on light colours and white on dark ones.
pub(super) fn level_colour(theme: &Theme, colours: &ColourScale, level: f64) -> Rgb {
    match colours.colour(level) {
        Some(colour) if luminance(colour) < 0.5 => WHITE,
        _ => theme.ink,
    }
}

/// Sutherland and Hodgman's clipping of a polygon by the four sides of an area.
fn clip_polygon(corners: &[Point], area: &Area) -> Vec<Point> {
    let mut points = corners.to_vec();
    // Each side as (value of the coordinate, which coordinate, which side is inside).
    for (limit, horizontal, below) in [
        (area.left, true, false),
        (area.right, true, true),
        (area.top, false, false),
        (area.bottom, false, true),
    ] {
        let depth = |(x, y): Point| {
            let value = if horizontal { x } else { y };
            if below { limit - value } else { value - limit }
        };
        let mut kept = Vec::with_capacity(points.len() + 4);
        for (index, &point) in points.iter().enumerate() {
            let previous = points[if index == 0 { points.len() - 1 } else { index - 1 }];
            let (before, here) = (depth(previous), depth(point));
            if (before >= 0.0) != (here >= 0.0) {
                let share = before / (before - here);
                kept.push((
                    previous.0 + share * (point.0 - previous.0),
                    previous.1 + share * (point.1 - previous.1),
                ));
            }
            if here >= 0.0 {
                kept.push(point);
            }
        }
        points = kept;
    }
    points
}

/// A marker. Open ones are a smaller white copy on top: no outline is needed, so all formats agree.
pub(super) fn draw_marker(scene: &mut Scene, theme: &Theme, centre: Point, style: &Style) {
    let colour = theme.colour(style.colour);
    let radius = theme.marker_size / 2.0;
    let line = 0.8 * theme.line_width;
    let marker = theme.marker(style);
    let around = |offsets: &[Point]| -> Vec<Point> {
        offsets.iter().map(|(dx, dy)| (centre.0 + dx, centre.1 + dy)).collect()
    };
    let mut polygon = |corners: usize, size: f64, turn: f64, shift: f64| {
        let ring = |size: f64| -> Vec<Point> {
            (0..corners)
                .map(|corner| {
                    let angle = turn + std::f64::consts::TAU * corner as f64 / corners as f64;
                    (centre.0 + size * angle.sin(), centre.1 + shift - size * angle.cos())
                })
                .collect()
        };
        scene.items.push(Item::Fill { points: ring(size), colour, opacity: 1.0 });
        if style.open {
            // Moving the sides in by the line width moves the corners by more.
            let inner = size - line / (std::f64::consts::PI / corners as f64).cos();
            scene.items.push(Item::Fill { points: ring(inner), colour: WHITE, opacity: 1.0 });
        }
    };
    let eighth = std::f64::consts::FRAC_PI_4;
    match marker {
        Marker::Circle => {
            scene.items.push(Item::Disc { centre, radius, colour });
            if style.open {
                scene.items.push(Item::Disc { centre, radius: radius - line, colour: WHITE });
            }
        }
        Marker::Square => polygon(4, 1.25 * radius, eighth, 0.0),
        Marker::Diamond => polygon(4, 1.3 * radius, 0.0, 0.0),
        Marker::TriangleUp => polygon(3, 1.35 * radius, 0.0, 0.18 * radius),
        Marker::TriangleDown => polygon(3, 1.35 * radius, 4.0 * eighth, -0.18 * radius),
        Marker::Cross | Marker::Plus => {
            let arms: [Point; 2] = match marker {
                Marker::Cross => [(0.85 * radius, 0.85 * radius), (0.85 * radius, -0.85 * radius)],
                _ => [(1.15 * radius, 0.0), (0.0, 1.15 * radius)],
            };
            for (dx, dy) in arms {
                scene.stroke(around(&[(-dx, -dy), (dx, dy)]), theme.line_width, colour);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_polygon_is_cut_at_the_frame() {
        let area = Area::new(0.0, 0.0, 10.0, 10.0);
        let cut = clip_polygon(&[(-5.0, 2.0), (15.0, 2.0), (15.0, 4.0), (-5.0, 4.0)], &area);
        let left = cut.iter().fold(f64::INFINITY, |least, point| least.min(point.0));
        let right = cut.iter().fold(f64::NEG_INFINITY, |most, point| most.max(point.0));
        assert_eq!((cut.len(), left, right), (4, 0.0, 10.0));
        assert!(clip_polygon(&[(20.0, 2.0), (25.0, 2.0), (25.0, 4.0)], &area).is_empty());
    }
}
