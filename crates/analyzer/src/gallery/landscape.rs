//! The potential with its wells measured.

use serde_json::Value;

use super::curve;
use super::data;
use super::words;
use crate::figure::text::width_mm;
use crate::figure::{
    Anchor, Axis, Dash, Figure, Heads, Layer, LegendPlace, Marker, Panel, Style, TWO_COLUMNS_MM,
};
use crate::study::{PointData, Study};
use crate::summary::PointSummary;

/// Points of the drawn potential.
const RESOLUTION: usize = 601;
/// Landscapes shown where the sweep changes them.
const MOST: usize = 4;
/// Height of a single landscape that takes two journal columns, because one has no room for all numbers (mm).
const WIDE_MM: f64 = 78.0;
/// Width and height of a frame in one column and over both, in millimetres, as far as words depend on it.
const FRAME_MM: [f64; 2] = [73.0, 52.0];
const WIDE_FRAME_MM: [f64; 2] = [163.0, 63.0];
/// Size of words (pt), their height and the free space beside them (mm).
const TEXT_PT: f64 = 8.0;
const TEXT_MM: f64 = 3.4;
const CLEAR_MM: f64 = 1.2;
/// Over the highest saddle, under the lowest minimum down to the arrows of the widths (mm).
const TOP_MM: f64 = 10.0;
const LEVEL_MM: f64 = 5.6;
/// What an extension line leaves free at the curve, and by how much it goes beyond its arrow (mm).
const GAP_MM: f64 = 0.9;
const BEYOND_MM: f64 = 0.8;
/// Panels whose sizes differ by more than this factor have axes of their own.
const COMPARABLE: f64 = 4.0;

/// One landscape with what is asked of it.
struct Scene<'a> {
    summary: &'a PointSummary,
    data: &'a PointData,
    fingerprint: [u64; 3],
    x: [f64; 2],
    y: [f64; 2],
    /// Height of the lowest minimum and of the highest saddle or other place of interest.
    inner: [f64; 2],
    /// Width and height of the frame (mm).
    frame: [f64; 2],
}

/// A width to be dimensioned.
struct Width {
    minimum: f64,
    edge: [f64; 2],
    text: String,
    symbol: String,
}

/// One panel a landscape, at most four that lie far apart.
pub(super) fn figures(study: &Study) -> Vec<Figure> {
    let mut distinct: Vec<Scene<'_>> = Vec::new();
    for (summary, data) in study.summary.points.iter().zip(&study.points) {
        // In several dimensions there is no landscape on the line.
        if data.landscape.window[0] >= data.landscape.window[1] {
            continue;
        }
        // What tells potentials apart that have no critical points.
        let fingerprint = [-0.7, 0.4, 1.3].map(|x| data.potential.value(x).to_bits());
        let known = |scene: &Scene<'_>| {
            let (a, b) = (&scene.data.landscape, &data.landscape);
            a.minima == b.minima && a.saddles == b.saddles && scene.fingerprint == fingerprint
        };
        if !distinct.iter().any(known) {
            distinct.extend(Scene::new(summary, data, fingerprint));
        }
    }
    let total = distinct.len();
    let chosen = far_apart(&distinct);
    let mut scenes: Vec<Scene<'_>> = distinct
        .into_iter()
        .enumerate()
        .filter(|(index, _)| chosen.contains(index))
        .map(|(_, scene)| scene)
        .collect();
    let Some(first) = scenes.first() else { return Vec::new() };
    let (mut x, mut inner) = (first.x, first.inner);
    let mut sizes = [[f64::INFINITY, 0.0]; 2];
    for scene in &scenes {
        x = [x[0].min(scene.x[0]), x[1].max(scene.x[1])];
        inner = [inner[0].min(scene.inner[0]), inner[1].max(scene.inner[1])];
        for (size, ends) in sizes.iter_mut().zip([scene.x, scene.inner]) {
            *size = [size[0].min(ends[1] - ends[0]), size[1].max(ends[1] - ends[0])];
        }
    }
    let mut differ = false;
    for (size, vertical) in [(sizes[0], false), (sizes[1], true)] {
        let common = size[1] <= COMPARABLE * size[0];
        differ |= !common;
        for scene in scenes.iter_mut().filter(|_| common) {
            if vertical { scene.inner = inner } else { scene.x = x }
        }
    }
    let rows = scenes.iter().map(|scene| scene.written_widths().1).max().unwrap_or(0);
    scenes.iter_mut().for_each(|scene| scene.set_heights(rows));
    let mut wide = false;
    if let [only] = &mut scenes[..]
        && only.lacks_numbers()
    {
        wide = true;
        only.frame = WIDE_FRAME_MM;
        let rows = only.written_widths().1;
        only.set_heights(rows);
    }
    let changing = changing_keys(&scenes);
    let mut panels: Vec<Panel> = scenes
        .iter()
        .map(|scene| {
            let mut panel = scene.panel();
            let title: Vec<String> = changing
                .iter()
                .filter_map(|key| Some(words::setting(key, scene.summary.point.get(*key)?)))
                .collect();
            panel.title = (scenes.len() > 1 && !title.is_empty()).then(|| words::joined(&title));
            panel
        })
        .collect();
    // One explanation is enough where all are the same.
    let labels = |panel: &Panel| -> Vec<String> {
        panel.layers.iter().filter_map(Layer::label).map(str::to_owned).collect()
    };
    if let Some((first, others)) = panels.split_first_mut() {
        for panel in others.iter_mut().filter(|panel| labels(panel) == labels(first)) {
            panel.legend = LegendPlace::None;
        }
    }
    let caption = caption(study, &scenes, total, differ);
    let mut figure = curve::arranged(Figure { caption, ..Figure::new("landscape", panels) });
    if wide {
        (figure.width_mm, figure.height_mm) = (TWO_COLUMNS_MM, Some(WIDE_MM));
    }
    vec![figure]
}

/// Keys of the potential whose values differ between the scenes.
fn changing_keys<'a>(scenes: &[Scene<'a>]) -> Vec<&'a String> {
    let Some(first) = scenes.first() else { return Vec::new() };
    let differs = |key: &&String| {
        scenes.iter().any(|scene| scene.summary.point.get(*key) != first.summary.point.get(*key))
    };
    first.summary.point.keys().filter(|key| key.starts_with("potential")).filter(differs).collect()
}

/// At most [`MOST`] scenes: the first, then again and again the one farthest from all chosen.
fn far_apart(scenes: &[Scene<'_>]) -> Vec<usize> {
    let numbers: Vec<Vec<f64>> = scenes
        .iter()
        .map(|scene| {
            let swept = scene.summary.point.iter().filter(|(key, _)| key.starts_with("potential"));
            swept.filter_map(|(_, value)| Value::as_f64(value)).collect()
        })
        .collect();
    let width = numbers.iter().map(Vec::len).min().unwrap_or(0);
    let ends: Vec<[f64; 2]> = (0..width)
        .map(|k| {
            let column = || numbers.iter().map(move |row| row[k]);
            [column().fold(f64::INFINITY, f64::min), column().fold(f64::NEG_INFINITY, f64::max)]
        })
        .collect();
    if width == 0 {
        return data::spread(scenes.len(), MOST);
    }
    let distance = |a: usize, b: usize| -> f64 {
        let along = |k: usize| {
            let span = ends[k][1] - ends[k][0];
            if span > 0.0 { ((numbers[a][k] - numbers[b][k]) / span).powi(2) } else { 0.0 }
        };
        (0..width).map(along).sum()
    };
    let mut chosen: Vec<usize> = Vec::new();
    while chosen.len() < MOST.min(scenes.len()) {
        let apart =
            |index: &usize| chosen.iter().map(|&other| distance(*index, other)).fold(f64::INFINITY, f64::min);
        let next = if chosen.is_empty() {
            Some(0)
        } else {
            (0..scenes.len())
                .filter(|index| !chosen.contains(index))
                .max_by(|a, b| apart(a).total_cmp(&apart(b)))
        };
        match next {
            Some(next) => chosen.push(next),
            None => break,
        }
    }
    chosen
}

impl<'a> Scene<'a> {
    /// Chooses what part of the plane is shown; `None` where the potential is nowhere finite.
    fn new(summary: &'a PointSummary, data: &'a PointData, fingerprint: [u64; 3]) -> Option<Self> {
        let landscape = &data.landscape;
        let potential = data.potential.as_ref();
        let mut places: Vec<f64> =
            landscape.minima.iter().chain(&landscape.saddles).map(|point| point.x).collect();
        for ensemble in &data.ensembles {
            let problem = &ensemble.problem;
            places.extend([problem.start, problem.lower, problem.upper]);
            places.extend(problem.targets.iter().flatten());
        }
        places.extend(
            data.paths.iter().filter_map(|paths| paths.trajectories.first()?.position.first().copied()),
        );
        places.retain(|x| x.is_finite());
        let (mut low, mut high) = places
            .iter()
            .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), x| (low.min(*x), high.max(*x)));
        if low > high {
            (low, high) = (landscape.window[0], landscape.window[1]);
        }
        if high - low < 1e-9 * low.abs().max(1.0) {
            (low, high) = (low - 1.0, high + 1.0);
        }
        let span = high - low;
        // Domain ends and starts far up a wall would flatten the wells: critical points decide the
        // height where there are saddles.
        let critical: Vec<f64> =
            landscape.minima.iter().chain(&landscape.saddles).map(|point| point.u).collect();
        let heights: Vec<f64> = if landscape.saddles.is_empty() {
            places.iter().map(|x| potential.value(*x)).chain(critical).filter(|u| u.is_finite()).collect()
        } else {
            critical
        };
        let mut bottom = heights.iter().copied().reduce(f64::min)?;
        let mut top = heights.iter().copied().reduce(f64::max)?;
        if top - bottom <= 1e-12 * top.abs().max(1e-300) {
            let ends = [low - 0.3 * span, high + 0.3 * span].map(|x| potential.value(x));
            top = ends.into_iter().filter(|u| u.is_finite()).fold(top, f64::max);
        }
        if top <= bottom {
            (bottom, top) = (bottom - 0.5, top + 0.5);
        }
        let height = top - bottom;
        let ceiling = top + 0.4 * height;
        // Outwards until the potential leaves the frame.
        let outwards = |from: f64, sign: f64| {
            let step = 0.01 * span;
            (5..40)
                .map(|k| from + sign * f64::from(k) * step)
                .find(|x| {
                    let u = potential.value(*x);
                    u.is_nan() || u >= ceiling
                })
                .unwrap_or(from + sign * 0.25 * span)
        };
        let x = [outwards(low, -1.0), outwards(high, 1.0)];
        let inner = [bottom, top];
        Some(Scene { summary, data, fingerprint, x, y: inner, inner, frame: FRAME_MM })
    }

    /// The heights shown: what is of interest, and over and under it room for words, with so many rows of them under
    /// the arrows of the widths.
    fn set_heights(&mut self, rows: usize) {
        let measured = (0..self.data.landscape.wells.len()).any(|well| !self.edges(well).is_empty());
        let below = if measured { LEVEL_MM + 2.1 + rows as f64 * TEXT_MM } else { 4.0 };
        let scale = (self.inner[1] - self.inner[0]).max(f64::MIN_POSITIVE) / (self.frame[1] - below - TOP_MM);
        self.y = [self.inner[0] - below * scale, self.inner[1] + TOP_MM * scale];
    }

    /// What a millimetre is on either axis.
    fn millimetre(&self) -> [f64; 2] {
        [(self.x[1] - self.x[0]) / self.frame[0], (self.y[1] - self.y[0]) / self.frame[1]]
    }

    fn panel(&self) -> Panel {
        let landscape = &self.data.landscape;
        let mut layers = self.shading();
        let x = data::between(self.x[0], self.x[1], RESOLUTION, false);
        let y = x.iter().map(|x| self.data.potential.value(*x)).collect();
        layers.push(Layer::line(x, y, Style::series(0).dash(Dash::Solid).weight(1.6)));
        self.dimension_widths(&mut layers);
        for index in 0..landscape.wells.len() {
            self.dimension_depth(index, &mut layers);
        }
        for (points, letter, marker) in
            [(&landscape.minima, "m", Marker::Circle), (&landscape.saddles, "s", Marker::Diamond)]
        {
            let shown = || points.iter().enumerate().filter(|(_, point)| self.shows(point.x, point.u));
            let (x, y) = shown().map(|(_, point)| (point.x, point.u)).unzip();
            let style = Style::ink().marker(marker);
            layers.push(Layer::points(x, y, if letter == "s" { style.open() } else { style }));
            let [across, up] = self.millimetre();
            for (index, point) in shown() {
                let text = format!("${letter}_{{{}}}$", index + 1);
                // A minimum's name stands beside the extension line that goes down from it.
                let (x, y, anchor) = if letter == "s" {
                    (point.x, point.u + GAP_MM * up, Anchor::Bottom)
                } else {
                    (point.x - GAP_MM * across, point.u - GAP_MM * up, Anchor::TopRight)
                };
                layers.push(Layer::text(x, y, text, anchor));
            }
        }
        let starts: Vec<f64> = self
            .data
            .ensembles
            .iter()
            .map(|ensemble| ensemble.problem.start)
            .filter(|start| landscape.minima.iter().all(|minimum| (minimum.x - start).abs() > 1e-9))
            .collect();
        if !starts.is_empty() {
            let y = starts.iter().map(|x| self.data.potential.value(*x)).collect();
            let style = Style::series(1).marker(Marker::TriangleDown);
            layers.push(Layer::points(starts, y, style).labelled("start"));
        }
        let mut panel = Panel::new(
            Axis::linear("position $x$").from_to(self.x[0], self.x[1]),
            Axis::linear("potential $U(x)$").from_to(self.y[0], self.y[1]),
            layers,
        );
        panel.legend = LegendPlace::Top;
        panel
    }

    fn shows(&self, x: f64, u: f64) -> bool {
        self.x[0] <= x && x <= self.x[1] && self.y[0] <= u && u <= self.y[1]
    }

    /// Domains and targets of the exit tasks.
    fn shading(&self) -> Vec<Layer> {
        let mut domains: Vec<[f64; 2]> = Vec::new();
        let mut targets: Vec<[f64; 2]> = Vec::new();
        for ensemble in self.data.ensembles.iter().filter(|ensemble| ensemble.from.is_none()) {
            let problem = &ensemble.problem;
            let domain = [problem.lower, problem.upper];
            if !domains.contains(&domain) && domain.iter().any(|end| end.is_finite()) {
                domains.push(domain);
            }
            targets.extend(problem.targets.iter().filter(|target| target[0] <= target[1]));
        }
        targets.dedup();
        let block = |[lo, hi]: [f64; 2], style| {
            let ends = vec![lo.max(self.x[0]), hi.min(self.x[1])];
            Layer::band(ends, vec![self.y[0]; 2], vec![self.y[1]; 2], style)
        };
        let mut layers = Vec::new();
        // Domains that together cover the frame, or more than two, would only colour the ground.
        let covered = domains.iter().fold(self.x, |[lo, hi], domain| {
            [
                if domain[0] <= lo { lo.max(domain[1]) } else { lo },
                if domain[1] >= hi { hi.min(domain[0]) } else { hi },
            ]
        });
        let all = covered[0] >= covered[1];
        for domain in domains.into_iter().take(if all { 0 } else { 2 }) {
            layers.push(block(domain, Style::series(5)).labelled("domain"));
        }
        for target in targets {
            layers.push(block(target, Style::series(4)).labelled("target"));
        }
        layers
    }

    /// The edges of a well that have a place, with their heights: saddles, or the ends of the domain of an
    /// exit from a well that has none.
    fn edges(&self, index: usize) -> Vec<[f64; 2]> {
        let landscape = &self.data.landscape;
        let Some(well) = landscape.wells.get(index) else { return Vec::new() };
        let ends = [well.left, well.right];
        let saddles =
            ends.iter().filter_map(|end| landscape.saddle_at(*end)).map(|saddle| [saddle.x, saddle.u]);
        let saddles: Vec<[f64; 2]> = saddles.collect();
        if ends.iter().any(|end| end.is_finite()) {
            return saddles;
        }
        let exits = || self.data.ensembles.iter().filter(|ensemble| ensemble.from.is_none());
        let Some(exit) = exits().next() else { return Vec::new() };
        [exit.problem.lower, exit.problem.upper]
            .into_iter()
            .filter(|end| end.is_finite() && *end != landscape.minima[index].x)
            .map(|end| [end, self.data.potential.value(end)])
            .collect()
    }

    /// The widths of all wells, from the left.
    fn widths(&self) -> Vec<Width> {
        let mut widths = Vec::new();
        for (index, minimum) in self.data.landscape.minima.iter().enumerate() {
            let edges = self.edges(index);
            for &edge in edges.iter().filter(|_| self.x[0] <= minimum.x && minimum.x <= self.x[1]) {
                let side = match edges.len() {
                    1 => "",
                    _ if edge[0] < minimum.x => "^-",
                    _ => "^+",
                };
                let symbol = format!("w_{{{}}}{side}", index + 1);
                let width = words::bare((edge[0] - minimum.x).abs(), 3);
                let text = format!("${symbol} = {width}$");
                widths.push(Width { minimum: minimum.x, edge, text, symbol: format!("${symbol}$") });
            }
        }
        widths.sort_by(|a, b| (a.minimum + a.edge[0]).total_cmp(&(b.minimum + b.edge[0])));
        widths
    }

    /// The words of the widths with their middles and rows (from 0), and the number of rows. Where two rows do not
    /// hold them, the symbol stands without its value.
    fn written_widths(&self) -> (Vec<(f64, usize, String)>, usize) {
        let across = self.millimetre()[0];
        let mut ends = [f64::NEG_INFINITY; 2];
        let mut written = Vec::new();
        for width in self.widths() {
            let middle = 0.5 * (width.minimum + width.edge[0]);
            let fitting = [&width.text, &width.symbol].into_iter().find_map(|text| {
                let half = 0.5 * width_mm(text, TEXT_PT)? * across;
                // The frame moves words inwards.
                let middle = middle.max(self.x[0] + half).min(self.x[1] - half);
                let row = ends.iter().position(|end| middle - half >= end + CLEAR_MM * across)?;
                Some((middle, half, row, text.clone()))
            });
            if let Some((middle, half, row, text)) = fitting {
                ends[row] = middle + half;
                written.push((middle, row, text));
            }
        }
        let rows = written.iter().map(|(_, row, _)| row + 1).max().unwrap_or(0);
        (written, rows)
    }

    /// Whether a width or a depth stands without its number for want of room.
    fn lacks_numbers(&self) -> bool {
        let written = self.written_widths().0;
        let mut words = Vec::new();
        (0..self.data.landscape.wells.len()).for_each(|index| self.dimension_depth(index, &mut words));
        let depths = words.iter().filter_map(|layer| match layer {
            Layer::Text { text, .. } => Some(text),
            _ => None,
        });
        written.len() < self.widths().len()
            || written.iter().map(|(.., text)| text).chain(depths).any(|text| !text.contains('='))
    }

    /// A level arrow from each minimum to each edge of its well, all on one line under the potential.
    fn dimension_widths(&self, layers: &mut Vec<Layer>) {
        let [_, up] = self.millimetre();
        let level = self.inner[0] - LEVEL_MM * up;
        let widths = self.widths();
        let mut extended: Vec<f64> = Vec::new();
        for width in &widths {
            for [x, u] in [[width.minimum, self.data.potential.value(width.minimum)], width.edge] {
                if !extended.contains(&x) {
                    extended.push(x);
                    layers.push(extension([x, u - GAP_MM * up], [x, level - BEYOND_MM * up]));
                }
            }
        }
        for width in &widths {
            layers.push(dimension([width.minimum, level], [width.edge[0], level]));
        }
        for (middle, row, text) in self.written_widths().0 {
            // Clear of the ends of the extension lines. Their feet are level; a sign over an index makes some words higher.
            let y = level - (BEYOND_MM + 0.4 + (row + 1) as f64 * TEXT_MM) * up;
            layers.push(Layer::text(middle, y, text, Anchor::Bottom));
        }
    }

    /// An upright arrow over a minimum, up to its lower edge.
    fn dimension_depth(&self, index: usize, layers: &mut Vec<Layer>) {
        let Some(minimum) = self.data.landscape.minima.get(index) else { return };
        let lower = self.edges(index).into_iter().min_by(|a, b| a[1].total_cmp(&b[1]));
        let (Some([edge, u]), true) = (lower, self.shows(minimum.x, minimum.u)) else { return };
        let [across, up] = self.millimetre();
        let away = if edge > minimum.x { -1.0 } else { 1.0 };
        layers.push(extension([minimum.x + away * BEYOND_MM * across, u], [edge, u]));
        layers.push(dimension([minimum.x, minimum.u], [minimum.x, u]));
        // How far (mm) it is from the minimum to the potential at a height, on the side of a sign.
        let free = |sign: f64, height: f64| {
            let steps = (1..800).map(|k| 0.1 * f64::from(k));
            let mut blocked = steps.filter(|mm| {
                let u = self.data.potential.value(minimum.x + sign * mm * across);
                u.is_nan() || u >= height
            });
            blocked.next().unwrap_or(80.0)
        };
        let symbol = format!("h_{{{}}}", index + 1);
        let full = format!("${symbol} = {}$", words::bare(u - minimum.u, 3));
        let symbol = format!("${symbol}$");
        let middle = minimum.u + 0.55 * (u - minimum.u);
        let inside = |text: &str| -> Option<Layer> {
            let wide = width_mm(text, TEXT_PT)? + GAP_MM + CLEAR_MM;
            // The well is narrowest at the foot of the words.
            let foot = middle - 0.5 * TEXT_MM * up;
            let side = [-away, away].into_iter().find(|&side| free(side, foot) >= wide)?;
            let high_enough = u - minimum.u >= 2.2 * TEXT_MM * up;
            let anchor = if side > 0.0 { Anchor::Left } else { Anchor::Right };
            let x = minimum.x + side * GAP_MM * across;
            high_enough.then(|| Layer::text(x, middle, text, anchor))
        };
        // Over the extension line, clear of the saddle's name and of the wall on the other side.
        let above = |text: &str| -> Option<Layer> {
            let half = 0.5 * width_mm(text, TEXT_PT)?;
            let distance = (edge - minimum.x).abs() / across;
            let outwards = (half + 2.0 + CLEAR_MM - distance).max(0.0);
            let fits = outwards + half + CLEAR_MM <= free(away, u);
            let x = minimum.x + away * outwards * across;
            fits.then(|| Layer::text(x, u + 0.4 * GAP_MM * up, text, Anchor::Bottom))
        };
        let place = inside(&full).or_else(|| above(&full)).or_else(|| inside(&symbol));
        let place = place.or_else(|| above(&symbol));
        // Where nothing else is free, over the arrow.
        let over = || Layer::text(minimum.x, u + 0.4 * GAP_MM * up, symbol.clone(), Anchor::Bottom);
        layers.push(place.unwrap_or_else(over));
    }
}

/// An extension line of a dimension.
fn extension(from: [f64; 2], to: [f64; 2]) -> Layer {
    Layer::line(vec![from[0], to[0]], vec![from[1], to[1]], Style::grey().dash(Dash::Solid).weight(0.5))
}

/// A dimension's arrow; its words stand where there is room.
fn dimension(from: [f64; 2], to: [f64; 2]) -> Layer {
    Layer::Arrow { from, to, heads: Heads::Both, text: None, style: Style::ink() }
}

fn caption(study: &Study, scenes: &[Scene<'_>], total: usize, differ: bool) -> String {
    let mut sentences = vec![format!(
        "{} The potential with its minima (filled) and saddles (open), numbered from the left.",
        data::title(study)
    )];
    let any_edge =
        |scene: &Scene<'_>| (0..scene.data.landscape.wells.len()).any(|well| !scene.edges(well).is_empty());
    if scenes.iter().any(any_edge) {
        sentences.push(
            "Width $w_i$: from a minimum to the edge of its well, or of the domain where the well has none; depth \
             $h_i$: up to the lower edge."
                .into(),
        );
    }
    if let [only] = scenes {
        // In full also where the drawing has no room for the numbers.
        let sizes: Vec<String> = only
            .data
            .landscape
            .wells
            .iter()
            .filter(|well| well.depth.is_finite())
            .map(|well| {
                let width = well.distance_left.min(well.distance_right);
                let (width, depth) = (words::number(width), words::number(well.depth));
                format!("well {} is {width} wide and {depth} deep", well.minimum)
            })
            .collect();
        if !sizes.is_empty() {
            sentences.push(format!("To the nearest edge, {}.", words::joined(&sizes)));
        }
    }
    if differ {
        sentences.push("The axes differ between the panels.".into());
    }
    if scenes.len() < total {
        sentences.push(format!("{} of {total} landscapes are shown.", scenes.len()));
    }
    sentences.join(" ")
}
