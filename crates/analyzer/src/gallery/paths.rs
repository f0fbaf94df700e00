//! Sample paths under each noise.

use levyscape_engine::Trajectory;

use super::data;
use super::words;
use crate::figure::{Axis, Dash, Figure, Layer, LegendPlace, Panel, Style, TWO_COLUMNS_MM};
use crate::landscape::Landscape;
use crate::study::{PathData, PointData, Study};
use crate::theory::{NoiseLaw, StoppedProblem};

/// Paths in a panel, and panels.
const MOST_PATHS: usize = 2;
const MOST_PANELS: usize = 4;
/// Changes of the well, a path, that make a picture lively but readable.
const LIVELY: f64 = 5.0;

struct Shown<'a> {
    point: &'a PointData,
    paths: &'a PathData,
}

/// One panel a noise, all on the same axes; of several points with the same noise the one whose paths
/// change wells neither never nor all the time.
pub(super) fn figures(study: &Study) -> Vec<Figure> {
    let mut shown: Vec<Shown<'_>> = Vec::new();
    for point in &study.points {
        let Some(paths) = point.paths.iter().find(|paths| !paths.trajectories.is_empty()) else { continue };
        let new = Shown { point, paths };
        match shown.iter_mut().find(|other| index(other.point.noise) == index(point.noise)) {
            Some(other) if new.dullness() < other.dullness() => *other = new,
            Some(_) => {}
            None => shown.push(new),
        }
    }
    shown.sort_by(|a, b| index(a.point.noise).total_cmp(&index(b.point.noise)));
    let chosen = data::spread(shown.len(), MOST_PANELS);
    let shown: Vec<&Shown<'_>> = chosen.iter().filter_map(|&index| shown.get(index)).collect();
    if shown.is_empty() {
        return Vec::new();
    }
    let end = shown.iter().map(|one| one.paths.end_time).fold(0.0, f64::max);
    let frames: Vec<[f64; 2]> = shown.iter().map(|one| one.frame()).collect();
    let low = frames.iter().map(|frame| frame[0]).fold(f64::INFINITY, f64::min);
    let high = frames.iter().map(|frame| frame[1]).fold(f64::NEG_INFINITY, f64::max);
    let panels: Vec<Panel> = shown
        .iter()
        .enumerate()
        .map(|(number, one)| {
            let last = number + 1 == shown.len();
            let x = Axis::linear(if last { "time $t$" } else { "" }).from_to(0.0, end);
            let mut panel = Panel::new(x, Axis::linear("$X_t$").from_to(low, high), one.layers());
            let noise = one.point.noise;
            panel.title = Some(words::joined(&[words::noise(noise), words::amplitude(noise.epsilon())]));
            panel.legend = if number == 0 { LegendPlace::Top } else { LegendPlace::None };
            panel
        })
        .collect();
    let leaving: Vec<String> = shown
        .iter()
        .map(|one| {
            let count: usize = one.drawn().map(|path| excursions(&path.position, [low, high])).sum();
            format!("{count} ({})", words::noise(one.point.noise))
        })
        .collect();
    let diverged =
        shown.iter().flat_map(|one| one.drawn()).filter(|path| path.position.iter().any(|x| x.is_nan()));
    let diverged = match diverged.count() {
        0 => String::new(),
        count => format!(" {count} of the paths left the finite numbers and end there."),
    };
    let mut figure = Figure::new("paths", panels);
    figure.width_mm = TWO_COLUMNS_MM;
    figure.height_mm = Some(14.0 + 40.0 * shown.len() as f64);
    figure.caption = format!(
        "{} Sample paths on common axes, with the minima (grey) and the saddles (dotted). Excursions beyond the \
         frame: {}.{diverged}",
        data::title(study),
        leaving.join(", "),
    );
    vec![figure]
}

/// One path that was run again, until it ended; `name` is that of the figure.
#[must_use]
pub fn replayed(name: &str, path: &Trajectory, problem: &StoppedProblem, landscape: &Landscape) -> Figure {
    let finite = || path.position.iter().copied().filter(|x| x.is_finite());
    let low = finite().reduce(f64::min).unwrap_or(-1.0);
    let high = finite().reduce(f64::max).unwrap_or(1.0);
    let margin = if high > low { 0.06 * (high - low) } else { 1.0 };
    let [low, high] = [low - margin, high + margin];
    let shown = |x: f64| x > low && x < high;
    let mut layers = Vec::new();
    for minimum in landscape.minima.iter().filter(|minimum| shown(minimum.x)) {
        let style = Style::grey().weight(0.5);
        layers.push(Layer::HorizontalLine { y: minimum.x, style, label: Some("minimum".into()) });
    }
    let targets = problem.targets.iter().flatten();
    for &y in [problem.lower, problem.upper].iter().chain(targets).filter(|x| shown(**x)) {
        let style = Style::grey().dash(Dash::Dashed).weight(0.9);
        layers.push(Layer::HorizontalLine { y, style, label: Some("the path stops here".into()) });
    }
    layers.push(Layer::line(path.time.clone(), path.position.clone(), Style::series(0).weight(0.7)));
    let end = path.time.last().copied().unwrap_or(1.0);
    let x = Axis::linear("time $t$").from_to(0.0, 1.02 * end);
    let mut panel = Panel::new(x, Axis::linear("$X_t$").from_to(low, high), layers);
    panel.legend = LegendPlace::Top;
    let mut figure = Figure::new(name, vec![panel]);
    figure.width_mm = TWO_COLUMNS_MM;
    figure.height_mm = Some(62.0);
    figure.caption = format!(
        "One path until it ended, at $t = {end}$; of each group of steps the lowest and the highest point."
    );
    figure
}

/// Tells noises apart but for their amplitude; Brownian comes first.
fn index(noise: NoiseLaw) -> f64 {
    match noise {
        NoiseLaw::Stable { alpha, .. } | NoiseLaw::StableAndGaussian { alpha, .. } => alpha,
        NoiseLaw::Brownian { .. } | NoiseLaw::Other { .. } => 0.0,
    }
}

impl Shown<'_> {
    fn drawn(&self) -> impl Iterator<Item = &Trajectory> {
        self.paths.trajectories.iter().take(MOST_PATHS)
    }

    /// How far the number of changes of the well is from a lively one.
    fn dullness(&self) -> f64 {
        let landscape = &self.point.landscape;
        let changes: usize = self
            .drawn()
            .map(|path| {
                let wells: Vec<usize> = path.position.iter().filter_map(|x| landscape.basin_of(*x)).collect();
                wells.windows(2).filter(|pair| pair[0] != pair[1]).count()
            })
            .sum();
        let each = changes as f64 / self.drawn().count().max(1) as f64;
        ((1.0 + each) / LIVELY).ln().abs()
    }

    /// The hull of the wells and a margin; without edges, the middle 99 % of the places.
    fn frame(&self) -> [f64; 2] {
        let landscape = &self.point.landscape;
        let mut places: Vec<f64> =
            landscape.minima.iter().chain(&landscape.saddles).map(|point| point.x).collect();
        let mut positions: Vec<f64> =
            self.drawn().flat_map(|path| path.position.iter().copied()).filter(|x| x.is_finite()).collect();
        positions.sort_by(f64::total_cmp);
        let share = |p: f64| positions.get((p * positions.len() as f64) as usize).copied();
        if landscape.saddles.is_empty() {
            places.extend([share(0.005), share(0.995)].into_iter().flatten());
        }
        places
            .extend(self.drawn().filter_map(|path| path.position.first().copied()).filter(|x| x.is_finite()));
        let low = places.iter().copied().reduce(f64::min).unwrap_or(-1.0);
        let high = places.iter().copied().reduce(f64::max).unwrap_or(1.0);
        let margin = if high > low { 0.5 * (high - low) } else { low.abs().max(1.0) };
        [low - margin, high + margin]
    }

    fn layers(&self) -> Vec<Layer> {
        let landscape = &self.point.landscape;
        let mut layers = Vec::new();
        for minimum in &landscape.minima {
            let style = Style::grey().weight(0.5);
            layers.push(Layer::HorizontalLine { y: minimum.x, style, label: Some("minimum".into()) });
        }
        for saddle in &landscape.saddles {
            let style = Style::grey().dash(Dash::Dotted).weight(0.9);
            layers.push(Layer::HorizontalLine { y: saddle.x, style, label: Some("saddle".into()) });
        }
        for (number, path) in self.drawn().enumerate() {
            let style = Style::series(number).dash(Dash::Solid).weight(0.7);
            layers.push(Layer::line(path.time.clone(), path.position.clone(), style));
        }
        layers
    }
}

/// Stretches of consecutive points outside a range.
fn excursions(positions: &[f64], [low, high]: [f64; 2]) -> usize {
    let outside = |x: &f64| *x < low || *x > high;
    let mut count = 0;
    let mut was = false;
    for x in positions {
        let is = outside(x);
        count += usize::from(is && !was);
        was = is;
    }
    count
}
