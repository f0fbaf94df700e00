//! The potential with its wells measured.

use serde_json::Value;

use super::curve;
use super::data;
use super::words;
use crate::figure::{Anchor, Axis, Dash, Figure, Heads, Layer, LegendPlace, Marker, Panel, Style};
use crate::study::{PointData, Study};
use crate::summary::PointSummary;

/// Points of the drawn potential.
const RESOLUTION: usize = 601;
/// Landscapes shown where the sweep changes them.
const MOST: usize = 4;
/// Width and height of a single landscape with more than one well, in millimetres: room for the words.
const SINGLE_MM: [f64; 2] = [120.0, 75.0];
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
    let (mut x, mut y) = (first.x, first.y);
    let mut sizes = [[f64::INFINITY, 0.0]; 2];
    for scene in &scenes {
        x = [x[0].min(scene.x[0]), x[1].max(scene.x[1])];
        y = [y[0].min(scene.y[0]), y[1].max(scene.y[1])];
        for (size, ends) in sizes.iter_mut().zip([scene.x, scene.y]) {
            *size = [size[0].min(ends[1] - ends[0]), size[1].max(ends[1] - ends[0])];
        }
    }
    let mut differ = false;
    for (size, common, vertical) in [(sizes[0], x, false), (sizes[1], y, true)] {
        if size[1] <= COMPARABLE * size[0] {
            for scene in &mut scenes {
                *if vertical { &mut scene.y } else { &mut scene.x } = common;
            }
        } else {
            differ = true;
        }
    }
    let changing = changing_keys(&scenes);
    let panels: Vec<Panel> = scenes
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
    let caption = caption(study, &scenes, total, differ);
    let mut figure = curve::arranged(Figure { caption, ..Figure::new("landscape", panels) });
    if figure.panels.len() == 1 && scenes.iter().any(|scene| scene.data.landscape.wells.len() > 1) {
        (figure.width_mm, figure.height_mm) = (SINGLE_MM[0], Some(SINGLE_MM[1]));
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
        let bottom = heights.iter().copied().reduce(f64::min)?;
        let mut top = heights.iter().copied().reduce(f64::max)?;
        if top - bottom <= 1e-12 * top.abs().max(1e-300) {
            let ends = [low - 0.3 * span, high + 0.3 * span].map(|x| potential.value(x));
            top = ends.into_iter().filter(|u| u.is_finite()).fold(top, f64::max);
        }
        let (bottom, height) = if top > bottom { (bottom, top - bottom) } else { (bottom - 0.35, 1.0) };
        let ceiling = top + 0.45 * height;
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
        let room = if landscape.wells.is_empty() { 0.1 } else { 0.42 };
        Some(Scene {
            summary,
            data,
            fingerprint,
            x,
            y: [bottom - room * height, ceiling],
            inner: [bottom, top],
        })
    }

    fn panel(&self) -> Panel {
        let landscape = &self.data.landscape;
        let mut layers = self.shading();
        let x = data::between(self.x[0], self.x[1], RESOLUTION, false);
        let y = x.iter().map(|x| self.data.potential.value(*x)).collect();
        layers.push(Layer::line(x, y, Style::series(0).dash(Dash::Solid).weight(1.6)));
        for index in 0..landscape.wells.len() {
            self.measure(index, &mut layers);
        }
        for (points, letter, marker) in
            [(&landscape.minima, "m", Marker::Circle), (&landscape.saddles, "s", Marker::Diamond)]
        {
            let shown = || points.iter().enumerate().filter(|(_, point)| self.shows(point.x, point.u));
            let (x, y) = shown().map(|(_, point)| (point.x, point.u)).unzip();
            let style = Style::ink().marker(marker);
            layers.push(Layer::points(x, y, if letter == "s" { style.open() } else { style }));
            let gap = 0.03 * (self.y[1] - self.y[0]);
            for (index, point) in shown() {
                let text = format!("${letter}_{{{}}}$", index + 1);
                let (y, anchor) = if letter == "s" {
                    (point.u + gap, Anchor::Bottom)
                } else {
                    (point.u - gap, Anchor::Top)
                };
                layers.push(Layer::text(point.x, y, text, anchor));
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
            Axis::linear("$x$").from_to(self.x[0], self.x[1]),
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

    /// Width and depth of a well: a level arrow under it to each edge, an upright one over its minimum.
    fn measure(&self, index: usize, layers: &mut Vec<Layer>) {
        let Some(minimum) = self.data.landscape.minima.get(index) else { return };
        if !self.shows(minimum.x, minimum.u) {
            return;
        }
        let height = self.y[1] - self.y[0];
        let number = index + 1;
        let guide = Style::grey().dash(Dash::Dotted).weight(0.8);
        let level = self.inner[0] - 0.8 * (self.inner[0] - self.y[0]);
        let edges = self.edges(index);
        let mut lowest: Option<[f64; 2]> = None;
        for &[edge, u] in &edges {
            let side = match edges.len() {
                1 => "",
                _ if edge < minimum.x => "^-",
                _ => "^+",
            };
            let width = words::bare((edge - minimum.x).abs(), 3);
            layers.push(Layer::line(vec![edge, edge], vec![level, u], guide));
            let text = format!("$w_{{{number}}}{side} = {width}$");
            layers.push(Layer::dimension([minimum.x, level], [edge, level], text));
            if lowest.is_none_or(|[_, other]| u < other) {
                lowest = Some([edge, u]);
            }
        }
        let Some([x, u]) = lowest else { return };
        layers.push(Layer::line(vec![minimum.x, minimum.x], vec![level, minimum.u - 0.11 * height], guide));
        layers.push(Layer::line(vec![minimum.x, x], vec![u, u], guide));
        layers.push(Layer::Arrow {
            from: [minimum.x, minimum.u],
            to: [minimum.x, u],
            heads: Heads::Both,
            text: None,
            style: Style::ink(),
        });
        // Between minimum and saddle the potential stays below the saddle: there is room over the guide.
        let aside = 0.01 * (self.x[1] - self.x[0]);
        let (aside, anchor) =
            if x > minimum.x { (aside, Anchor::BottomLeft) } else { (-aside, Anchor::BottomRight) };
        let text = format!("$h_{{{number}}} = {}$", words::bare(u - minimum.u, 3));
        layers.push(Layer::text(minimum.x + aside, u + 0.015 * height, text, anchor));
    }
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
