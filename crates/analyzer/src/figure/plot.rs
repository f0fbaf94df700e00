//! Draws the layers of one panel inside its frame.

use super::FigureError;
use super::colour::{ColourScale, luminance};
use super::contour::contour;
use super::placed::PlacedWords;
use super::prepare::{Prepared, Span};
use super::scene::{Area, Group, Item, Point, Scene, dashes, thin};
use super::spec::{Anchor, Dash, Heads, Layer, Marker, Panel, Scale, Style};
use super::text::{self, set_within};
use super::theme::{Rgb, Theme};

const BLACK: Rgb = [0, 0, 0];
const WHITE: Rgb = [255, 255, 255];
/// A heat map of more cells than this does not tell the values of each.
const MOST_TOLD: usize = 2500;
/// A cell reaches this far (mm) under the next one to its right and above: between edges that only
/// touch, viewers show a pale line. It must exceed a pixel of a screen.
pub(super) const OVERLAP: f64 = 0.3;
/// Length and half width (mm) of the head of an arrow.
pub(super) const HEAD: (f64, f64) = (1.7, 0.5);
/// Both sides of the rim of a line on a map together, in units of the theme's line width.
const RIM: f64 = 0.9;
/// Distance (mm) between an arrow and its words.
const ARROW_GAP: f64 = 0.7;

/// Something that a legend must not cover.
#[derive(Clone, Copy, Debug)]
pub(super) enum Obstacle {
    Segment(Point, Point),
    Block(Area),
    /// Part of a band: pale enough to be written on.
    Shade(Area),
}

impl Obstacle {
    pub(super) fn meets(&self, area: &Area) -> bool {
        match self {
            Obstacle::Segment(from, to) => area.clip(*from, *to).is_some(),
            Obstacle::Block(block) | Obstacle::Shade(block) => area.overlaps(block),
        }
    }

    /// How much of it an area hides: a length (mm), a marker counting as much as 2 mm of a line.
    pub(super) fn hidden_by(&self, area: &Area) -> f64 {
        match self {
            Obstacle::Segment(from, to) => {
                area.clip(*from, *to).map_or(0.0, |(from, to)| (to.0 - from.0).hypot(to.1 - from.1))
            }
            Obstacle::Block(block) | Obstacle::Shade(block) if area.overlaps(block) => 2.0,
            Obstacle::Block(_) | Obstacle::Shade(_) => 0.0,
        }
    }
}

/// A panel being drawn.
pub(super) struct Plot<'a> {
    pub theme: &'a Theme,
    panel: &'a Panel,
    pub frame: Area,
    pub x: Span,
    pub y: Span,
    pub scene: &'a mut Scene,
    pub obstacles: Vec<Obstacle>,
    waiting: Vec<Words<'a>>,
    /// The words as they stand, once [`Plot::finish`] has placed them.
    pub words: Vec<PlacedWords>,
}

/// Words that wait until everything else is drawn, so that they can keep clear of it.
struct Words<'a> {
    text: &'a str,
    /// Where they may stand, the best first.
    places: Vec<(Point, Anchor)>,
    style: &'a Style,
}

impl<'a> Plot<'a> {
    pub(super) fn new(theme: &'a Theme, frame: Area, prepared: &Prepared<'a>, scene: &'a mut Scene) -> Self {
        let (panel, x, y) = (prepared.panel, prepared.x, prepared.y);
        let (obstacles, waiting, words) = (Vec::new(), Vec::new(), Vec::new());
        Plot { theme, panel, frame, x, y, scene, obstacles, waiting, words }
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

    /// Draws a layer, as a group of its own.
    pub(super) fn layer(&mut self, layer: &'a Layer, colours: Option<&ColourScale>) {
        // Words are drawn last, all together.
        if matches!(layer, Layer::Text { .. }) {
            self.shapes(layer, colours);
            return;
        }
        // Markup that cannot be read has failed when the legend was measured.
        let name = layer.label().map(|label| text::plain(label).unwrap_or_default());
        self.scene.begin(Group::new(layer.kind(), name.unwrap_or_default()));
        self.shapes(layer, colours);
        self.scene.end();
    }

    /// What a data point says of itself.
    fn told(&self, series: Option<&str>, x: &str, y: &str) -> Group {
        let plain = |text: &str| text::plain(text).unwrap_or_default();
        let of = |label: &str, value: &str| match plain(label) {
            label if label.is_empty() => value.to_string(),
            label => format!("{label}: {value}"),
        };
        let mut lines: Vec<String> = series.map(plain).into_iter().filter(|name| !name.is_empty()).collect();
        lines.push(of(&self.panel.x.label, x));
        lines.push(of(&self.panel.y.label, y));
        Group::mark(lines.join("\n"))
    }

    fn shapes(&mut self, layer: &'a Layer, colours: Option<&ColourScale>) {
        match layer {
            Layer::Line { x, y, style, .. } => {
                for chain in self.chains(x, y) {
                    self.curve(&chain, style);
                }
            }
            Layer::Points { x, y, lo, hi, style, label } => {
                self.points(x, y, [lo, hi], style, label.as_deref());
            }
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
                    self.words(text, place, *anchor, style);
                }
            }
            Layer::Arrow { from, to, heads, text, style } => {
                if let (Some(from), Some(to)) = (self.place(from[0], from[1]), self.place(to[0], to[1])) {
                    self.arrow(from, to, *heads, text.as_deref(), style);
                }
            }
            Layer::Arc { from, to, bend, gap, text, style } => {
                if let (Some(from), Some(to)) = (self.place(from[0], from[1]), self.place(to[0], to[1])) {
                    self.arc([from, to], *bend, *gap, text.as_deref(), style);
                }
            }
            Layer::Heat { x_edges, y_edges, z, contours } => {
                if let Some(colours) = colours {
                    self.heat(x_edges, y_edges, z, contours, colours);
                }
            }
            Layer::Contour { x, y, z, levels, style, .. } => {
                // On a map of dark and light colours a line is seen by its rim.
                if self.on_map() {
                    let rim = Style { dash: Some(Dash::Solid), weight: style.weight + RIM, ..*style };
                    for &level in levels {
                        self.level_lines(x, y, z, level, &rim, self.theme.paper);
                    }
                }
                for &level in levels {
                    self.level_lines(x, y, z, level, style, self.theme.colour(style.colour));
                }
            }
        }
    }

    fn on_map(&self) -> bool {
        self.panel.layers.iter().any(|layer| matches!(layer, Layer::Heat { .. }))
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

    fn points(&mut self, x: &[f64], y: &[f64], [lo, hi]: [&[f64]; 2], style: &Style, series: Option<&str>) {
        let colour = self.theme.colour(style.colour);
        let inside = self.frame.grown(1e-6);
        let half = style.size * self.theme.marker_size / 2.0;
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
        for (index, (&x, &y)) in x.iter().zip(y).enumerate() {
            let Some(centre) = self.place(x, y).filter(|place| inside.contains(*place)) else { continue };
            let value = match (lo.get(index), hi.get(index)) {
                (Some(lo), Some(hi)) => format!("{} ({} to {})", short(y), short(*lo), short(*hi)),
                _ => short(y),
            };
            let told = self.told(series, &short(x), &value);
            self.scene.begin(told);
            draw_marker(self.scene, self.theme, centre, style);
            self.scene.end();
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
                self.obstacles.push(Obstacle::Shade(block));
            }
        }
    }

    /// Words at a place, or a little above or below it; on a map, where they name a line, at the place.
    fn words(&mut self, text: &'a str, at: Point, anchor: Anchor, style: &'a Style) {
        if self.on_map() {
            self.waiting.push(Words { text, places: vec![(at, anchor)], style });
            return;
        }
        let step = 0.45 * self.theme.text_mm();
        // Away from the place first: downwards for words that hang below it.
        let (_, above) = anchor.shares();
        let first = if above > 0.6 { -1.0 } else { 1.0 };
        let shifts = [0.0, 1.0, 2.0, 3.0, -1.0, -2.0];
        let places = shifts.map(|shift| ((at.0, at.1 + first * shift * step), anchor)).to_vec();
        self.waiting.push(Words { text, places, style });
    }

    /// Draws the words of texts and arrows, each where it meets the least of what is drawn already.
    ///
    /// # Errors
    /// [`FigureError::Markup`] and [`FigureError::Font`].
    pub(super) fn finish(&mut self) -> Result<(), FigureError> {
        let room = self.frame.grown(-0.5);
        let mut taken: Vec<Area> = Vec::new();
        for words in std::mem::take(&mut self.waiting) {
            let line = set_within(words.text, self.theme.text_mm(), room.width())?;
            let (width, height) = (line.width, line.height());
            let area_at = |((x, y), anchor): (Point, Anchor)| {
                let (before, above) = anchor.shares();
                let left = (x - before * width).min(room.right - width).max(room.left);
                let top = (y - above * height).min(room.bottom - height).max(room.top);
                Area::new(left, top, width, height)
            };
            let cost = |area: &Area| -> f64 {
                let clear = area.grown(0.3);
                let hidden: f64 = self.obstacles.iter().map(|obstacle| obstacle.hidden_by(&clear)).sum();
                let mixed = taken.iter().filter(|other| other.overlaps(area)).count();
                hidden + 1000.0 * mixed as f64
            };
            let areas = words.places.iter().map(|place| (area_at(*place), place.1));
            let weighed = areas.map(|(area, anchor)| (cost(&area), area, anchor));
            let Some((_, area, anchor)) = weighed.min_by(|one, other| one.0.total_cmp(&other.0)) else {
                continue;
            };
            // A pale plate keeps the words legible where they cross a curve all the same.
            let clear = area.grown(0.3);
            let crossed = |obstacle: &Obstacle| {
                !matches!(obstacle, Obstacle::Shade(_)) && obstacle.hidden_by(&clear) > 0.0
            };
            let plate = self.obstacles.iter().any(crossed) || taken.iter().any(|other| other.overlaps(&area));
            if plate {
                let ground = area.grown(0.1);
                self.scene.items.push(Item::Fill {
                    points: vec![
                        (ground.left, ground.top),
                        (ground.right, ground.top),
                        (ground.right, ground.bottom),
                        (ground.left, ground.bottom),
                    ],
                    colour: self.theme.paper,
                    opacity: 0.8,
                });
            }
            let colour = self.theme.colour(words.style.colour);
            self.scene.text(&line, (area.left, area.top + line.ascent), colour);
            taken.push(area);
            let (before, above) = anchor.shares();
            let at = (area.left + before * width, area.top + above * height);
            self.words.push(PlacedWords { line, at, anchor, colour, plate });
        }
        self.obstacles.extend(taken.into_iter().map(Obstacle::Block));
        Ok(())
    }

    fn arrow(&mut self, from: Point, to: Point, heads: Heads, text: Option<&'a str>, style: &'a Style) {
        let Some((start, end)) = self.frame.clip(from, to) else { return };
        let length = (end.0 - start.0).hypot(end.1 - start.1);
        if length == 0.0 {
            return;
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
        let Some(text) = text else { return };
        let at = |share: f64| (start.0 + share * (end.0 - start.0), start.1 + share * (end.1 - start.1));
        let beside = |(x, y): Point, level: bool| {
            if level {
                [((x, y - ARROW_GAP), Anchor::Bottom), ((x, y + ARROW_GAP), Anchor::Top)]
            } else {
                [((x + ARROW_GAP, y), Anchor::Left), ((x - ARROW_GAP, y), Anchor::Right)]
            }
        };
        let level = along.1.abs() < 0.2;
        let mut places: Vec<(Point, Anchor)> =
            [0.5, 0.35, 0.65, 0.2, 0.8].into_iter().flat_map(|share| beside(at(share), level)).collect();
        // Where there is no room beside it, beyond one of its ends.
        places.extend([start, end].into_iter().flat_map(|tip| beside(tip, !level)));
        self.waiting.push(Words { text, places, style });
    }

    /// A bow over the chord, as a cubic curve cut into short pieces, with a head where it ends.
    fn arc(&mut self, [from, to]: [Point; 2], bend: f64, gap: f64, text: Option<&'a str>, style: &'a Style) {
        let chord = (to.0 - from.0, to.1 - from.1);
        let length = chord.0.hypot(chord.1);
        if length == 0.0 {
            return;
        }
        let bow = Bow::new(from, to, bend);
        let normal = bow.normal;
        let at = |t: f64| bow.at(t);
        let distance = |one: Point, other: Point| (one.0 - other.0).hypot(one.1 - other.1);
        let curve: Vec<Point> = (0..=Bow::PIECES).map(|k| at(k as f64 / Bow::PIECES as f64)).collect();
        let (reach, half) = arc_head(style.weight);
        let shown: Vec<Point> = curve
            .iter()
            .copied()
            .filter(|place| distance(*place, from) >= gap && distance(*place, to) >= gap)
            .collect();
        let Some(&tip) = shown.last() else { return };
        // The shaft ends inside the head, which would otherwise be blunt.
        let shaft: Vec<Point> =
            shown.iter().copied().filter(|place| distance(*place, tip) >= 0.7 * reach).collect();
        let Some(&neck) = shaft.last() else { return };
        let colour = self.theme.colour(style.colour);
        let span = distance(neck, tip);
        let along = ((tip.0 - neck.0) / span, (tip.1 - neck.1) / span);
        let back = (tip.0 - along.0 * reach, tip.1 - along.1 * reach);
        self.obstacles.extend(shown.windows(2).map(|pair| Obstacle::Segment(pair[0], pair[1])));
        self.scene.stroke(shaft, self.theme.line_width * style.weight, colour);
        self.scene.items.push(Item::Fill {
            points: vec![
                tip,
                (back.0 - along.1 * half, back.1 + along.0 * half),
                (back.0 + along.1 * half, back.1 - along.0 * half),
            ],
            colour,
            opacity: 1.0,
        });
        let Some(text) = text else { return };
        let outwards = |share: f64, by: f64| {
            let place = at(share);
            let side = if bend < 0.0 { -by } else { by };
            (place.0 + side * normal.0, place.1 + side * normal.1)
        };
        let anchor = match normal {
            (across, down) if across.abs() > down.abs() => {
                if (across > 0.0) == (bend >= 0.0) {
                    Anchor::Left
                } else {
                    Anchor::Right
                }
            }
            (_, down) if (down > 0.0) == (bend >= 0.0) => Anchor::Top,
            _ => Anchor::Bottom,
        };
        let room = ARROW_GAP + 0.5 * self.theme.line_width * style.weight;
        let places = [0.5, 0.42, 0.58, 0.35, 0.65, 0.28, 0.72];
        let places = places.map(|share| (outwards(share, room), anchor)).to_vec();
        self.waiting.push(Words { text, places, style });
    }

    fn heat(&mut self, x_edges: &[f64], y_edges: &[f64], z: &[f64], contours: &[f64], colours: &ColourScale) {
        let edges_x: Vec<Option<f64>> = x_edges.iter().map(|x| self.across(*x)).collect();
        let edges_y: Vec<Option<f64>> = y_edges.iter().map(|y| self.down(*y)).collect();
        let frame = self.frame;
        // Nothing reaches beyond the outer edges of the map or of the frame.
        let most_right = edges_x.iter().flatten().fold(frame.left, |most, x| most.max(*x)).min(frame.right);
        let most_up = edges_y.iter().flatten().fold(frame.bottom, |least, y| least.min(*y)).max(frame.top);
        for (row, cells) in z.chunks(x_edges.len() - 1).enumerate() {
            let (Some(bottom), Some(top)) = (edges_y[row], edges_y[row + 1]) else { continue };
            let shades: Vec<Rgb> =
                cells.iter().map(|value| colours.colour(*value).unwrap_or(self.theme.missing)).collect();
            let mut start = 0;
            // A map of few cells tells the value of each; in a large one equal neighbours are one shape.
            let telling = z.len() <= MOST_TOLD;
            for group in shades.chunk_by(|one, other| !telling && one == other) {
                let end = start + group.len();
                // Edges that a logarithmic axis cannot show cut the run short.
                let place = edges_x[start..=end].iter().flatten().copied();
                if let Some((left, right)) = place.clone().next().zip(place.last()) {
                    let area = Area {
                        left: left.max(frame.left),
                        right: (right + OVERLAP).min(most_right),
                        top: (top - OVERLAP).max(most_up),
                        bottom: bottom.min(frame.bottom),
                    };
                    let visible =
                        right > frame.left && left < frame.right && top < frame.bottom && bottom > frame.top;
                    if visible {
                        if telling {
                            let range = |edges: &[f64], k: usize| {
                                format!("{} to {}", short(edges[k]), short(edges[k + 1]))
                            };
                            let mut told = self.told(None, &range(x_edges, start), &range(y_edges, row));
                            told.title.push_str(&format!("\n{}: {}", colours.name, short(cells[start])));
                            self.scene.begin(told);
                        }
                        self.scene.items.push(Item::Box { area, colour: group[0] });
                        // In print without colour the grey of a missing cell is the shade of a large value.
                        if telling && colours.colour(cells[start]).is_none() {
                            let diagonal = vec![(area.left, area.bottom), (area.right, area.top)];
                            self.scene.stroke(diagonal, self.theme.axis_width, self.theme.grey);
                        }
                        if telling {
                            self.scene.end();
                        }
                    }
                }
                start = end;
            }
        }
        self.obstacles.push(Obstacle::Block(frame));
        let (x, y) = (middles(x_edges, &self.x), middles(y_edges, &self.y));
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

/// Length and half width (mm) of the head of an arc of this weight.
pub(super) fn arc_head(weight: f64) -> (f64, f64) {
    (HEAD.0 * weight.sqrt(), HEAD.1 * weight.sqrt() * 1.4)
}

/// A cubic curve over a chord that is not a point.
pub(super) struct Bow {
    /// The ends and the two control points between them.
    pub points: [Point; 4],
    /// The left of the way from start to end, on a page whose y runs downwards.
    normal: Point,
}

impl Bow {
    /// Into so many pieces an arc is cut.
    pub(super) const PIECES: usize = 192;

    pub(super) fn new(from: Point, to: Point, bend: f64) -> Self {
        let chord = (to.0 - from.0, to.1 - from.1);
        let length = chord.0.hypot(chord.1);
        let normal = (chord.1 / length, -chord.0 / length);
        let rise = 4.0 / 3.0 * bend * length;
        let control = |share: f64| {
            (from.0 + share * chord.0 + rise * normal.0, from.1 + share * chord.1 + rise * normal.1)
        };
        Bow { points: [from, control(0.25), control(0.75), to], normal }
    }

    pub(super) fn at(&self, t: f64) -> Point {
        let s = 1.0 - t;
        let weights = [s * s * s, 3.0 * s * s * t, 3.0 * s * t * t, t * t * t];
        let sum = |of: fn(Point) -> f64| {
            let [from, first, second, to] = self.points.map(of);
            weights[0] * from + weights[1] * first + weights[2] * second + weights[3] * to
        };
        (sum(|point| point.0), sum(|point| point.1))
    }

    /// The part of the curve between two of its parameters, by de Casteljau's method.
    pub(super) fn part(&self, from: f64, to: f64) -> [Point; 4] {
        let blend = |a: Point, b: Point, t: f64| (a.0 + t * (b.0 - a.0), a.1 + t * (b.1 - a.1));
        let first_part = |[a, b, c, d]: [Point; 4], t: f64| {
            let (ab, bc, cd) = (blend(a, b, t), blend(b, c, t), blend(c, d, t));
            let (abc, bcd) = (blend(ab, bc, t), blend(bc, cd, t));
            [a, ab, abc, blend(abc, bcd, t)]
        };
        let mut points = first_part(self.points, to);
        points.reverse();
        points = first_part(points, if to > 0.0 { 1.0 - from / to } else { 0.0 });
        points.reverse();
        points
    }
}

/// A number as a reader wants to see it: five significant digits, no zeros at the end.
fn short(value: f64) -> String {
    if !value.is_finite() {
        return "none".into();
    }
    // Reading the rounded number back leaves the shortest digits that tell it.
    let rounded: f64 = format!("{value:.4e}").parse().unwrap_or(value);
    let plain = rounded == 0.0 || (1e-3..1e6).contains(&rounded.abs());
    let text = if plain { format!("{rounded}") } else { format!("{rounded:e}") };
    text.replace('-', "\u{2212}")
}

/// A contour line is black on light colours and white on dark ones.
pub(super) fn level_colour(theme: &Theme, colours: &ColourScale, level: f64) -> Rgb {
    match colours.colour(level) {
        Some(colour) if luminance(colour) < 0.5 => WHITE,
        Some(_) => BLACK,
        None => theme.ink,
    }
}

/// The middles between edges of cells, as the axis shows them.
pub(super) fn middles(edges: &[f64], span: &Span) -> Vec<f64> {
    edges
        .windows(2)
        .map(|pair| match span.scale {
            Scale::Linear => pair[0] / 2.0 + pair[1] / 2.0,
            Scale::Log => pair[0].max(0.0).sqrt() * pair[1].max(0.0).sqrt(),
        })
        .collect()
}

/// Sutherland and Hodgman's clipping of a polygon by the four sides of an area.
pub(super) fn clip_polygon(corners: &[Point], area: &Area) -> Vec<Point> {
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
    let radius = style.size * theme.marker_size / 2.0;
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
            scene.items.push(Item::Fill { points: ring(inner), colour: theme.paper, opacity: 1.0 });
        }
    };
    let eighth = std::f64::consts::FRAC_PI_4;
    match marker {
        Marker::Circle => {
            scene.items.push(Item::Disc { centre, radius, colour });
            if style.open {
                scene.items.push(Item::Disc { centre, radius: radius - line, colour: theme.paper });
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
    fn numbers_are_told_in_few_digits() {
        let told = [75.123_456, -0.012_345_67, 1.0, 1.5e-7, 2e9, 0.0, f64::NAN].map(short);
        assert_eq!(told, ["75.123", "\u{2212}0.012346", "1", "1.5e\u{2212}7", "2e9", "0", "none"]);
    }

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
