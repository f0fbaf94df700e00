//! Sample paths under each noise.

use levyscape_engine::Trajectory;

use super::data;
use super::words;
use crate::figure::{Axis, Dash, Figure, Joined, Layer, LegendPlace, Panel, Style, TWO_COLUMNS_MM};
use crate::landscape::{CriticalPoint, Landscape};
use crate::study::{PathData, PointData, Study};
use crate::theory::{NoiseLaw, StoppedProblem};

/// Paths in a panel, and panels.
const MOST_PATHS: usize = 2;
const MOST_PANELS: usize = 4;
/// Changes of the well, a path, that make a picture lively but readable.
const LIVELY: f64 = 5.0;
/// Height of a panel with what belongs to it, and of what belongs to the figure, in millimetres.
const ROW_MM: f64 = 42.0;
const REST_MM: f64 = 14.0;
/// Names on an axis need this much of its length, in millimetres.
const NAME_MM: f64 = 3.6;
/// Bins of the occupation density.
const BINS: usize = 75;

struct Shown<'a> {
    point: &'a PointData,
    paths: &'a PathData,
}

/// One panel a noise, all on the same axes, with the density of the places at its side; of several points with
/// the same noise the one whose paths change wells neither never nor all the time.
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
    let occupations: Vec<Occupation> = shown.iter().map(|one| one.occupation([low, high])).collect();
    let filled = || occupations.iter().flat_map(|one| &one.density).copied().filter(|density| *density > 0.0);
    let densities = filled().reduce(f64::min).zip(filled().reduce(f64::max));
    let mut panels: Vec<Panel> = Vec::new();
    for (number, (one, occupation)) in shown.iter().zip(&occupations).enumerate() {
        let last = number + 1 == shown.len();
        let x = Axis::linear(if last { "time $t$" } else { "" }).from_to(0.0, end);
        let y = Axis::linear("position $X_t$").from_to(low, high).with_ticks(one.names([low, high]));
        let mut panel = Panel::new(x, y, one.layers());
        let noise = one.point.noise;
        panel.title = Some(words::joined(&[words::noise(noise), words::amplitude(noise.epsilon())]));
        panel.legend = if number == 0 { LegendPlace::Top } else { LegendPlace::None };
        panel.joined = if number == 0 { Joined::No } else { Joined::Above };
        panels.push(panel);
        let mut x = Axis::log(if last { "density $p(x)$" } else { "" });
        if let Some((least, most)) = densities {
            x = x.from_to(0.8 * least, 1.5 * most);
            if !last {
                // The numbers stand under the lowest panel alone.
                let powers = (-300..300).map(|power| libm::pow(10.0, f64::from(power)));
                let shown = powers.filter(|x| 0.8 * least <= *x && *x <= 1.5 * most);
                x = x.with_ticks(shown.map(|x| (x, String::new())).collect::<Vec<_>>());
            }
        }
        let y = Axis::linear("").with_ticks(one.names([low, high]));
        let mut side = Panel::new(x, y, occupation.layers(&one.point.landscape));
        side.legend = LegendPlace::None;
        panels.push(side.joined(Joined::Left));
    }
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
    let outside: Vec<String> = shown
        .iter()
        .zip(&occupations)
        .map(|(one, occupation)| {
            format!("{} ({})", words::number(occupation.outside), words::noise(one.point.noise))
        })
        .collect();
    let gaussian = shown.iter().filter(|one| one.point.noise.diffusion().is_some()).count();
    let both = if 0 < gaussian && gaussian < shown.len() {
        " Brownian paths climb from well to well, Lévy paths jump."
    } else {
        ""
    };
    let mut figure = Figure::new("paths", panels);
    figure.width_mm = TWO_COLUMNS_MM;
    figure.height_mm = Some(REST_MM + ROW_MM * shown.len() as f64);
    figure.columns = 2;
    figure.column_widths = vec![1.0, 0.2];
    figure.caption = format!(
        "{} Sample paths on common axes.{both} Grey lines: minima $m_i$; dotted lines: saddles $s_i$. At the side \
         the share of the time spent at each height, per unit of length, from evenly spaced times of all paths; on a \
         logarithmic axis, so that rare places show. \
         Excursions beyond the frame: {}; share of the time there: {}.{diverged}",
        data::title(study),
        leaving.join(", "),
        outside.join(", "),
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
    let mut panel = Panel::new(x, Axis::linear("position $X_t$").from_to(low, high), layers);
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

    /// Minima and saddles by name, or the minima alone, where there is room for the names; else none.
    fn names(&self, [low, high]: [f64; 2]) -> Vec<(f64, String)> {
        let landscape = &self.point.landscape;
        let named = |letter: char, points: &[CriticalPoint]| -> Vec<(f64, String)> {
            let inside = points.iter().enumerate().filter(|(_, point)| low <= point.x && point.x <= high);
            inside
                .map(|(k, point)| {
                    (point.x, format!("${letter}_{{{}}} = {}$", k + 1, words::bare(point.x, 3)))
                })
                .collect()
        };
        let minima = named('m', &landscape.minima);
        let mut all = minima.clone();
        all.extend(named('s', &landscape.saddles));
        all.sort_by(|a, b| a.0.total_cmp(&b.0));
        let least = NAME_MM / (ROW_MM - 8.0) * (high - low);
        let roomy = |names: &Vec<(f64, String)>| {
            names.len() > 1 && names.windows(2).all(|pair| pair[1].0 - pair[0].0 >= least)
        };
        [all, minima].into_iter().find(roomy).unwrap_or_default()
    }

    /// Where the paths were, all together.
    fn occupation(&self, range: [f64; 2]) -> Occupation {
        let places = self.paths.trajectories.iter().flat_map(|path| path.evenly.iter().copied());
        Occupation::new(places, range)
    }

    fn layers(&self) -> Vec<Layer> {
        let mut layers = guides(&self.point.landscape);
        for (number, path) in self.drawn().enumerate() {
            let style = Style::series(number).dash(Dash::Solid).weight(0.7);
            layers.push(Layer::line(path.time.clone(), path.position.clone(), style));
        }
        layers
    }
}

/// Level lines at minima and saddles.
fn guides(landscape: &Landscape) -> Vec<Layer> {
    let line = |point: &CriticalPoint, style, label: &str| Layer::HorizontalLine {
        y: point.x,
        style,
        label: Some(label.into()),
    };
    let grey = Style::grey();
    let minima = landscape.minima.iter().map(|point| line(point, grey.weight(0.5), "minimum"));
    let dotted = grey.dash(Dash::Dotted).weight(0.9);
    minima.chain(landscape.saddles.iter().map(|point| line(point, dotted, "saddle"))).collect()
}

/// A histogram of places, each of the same share of the time.
struct Occupation {
    /// Edges of the bins, evenly spaced.
    edges: Vec<f64>,
    /// Share of the time per unit of length, bin by bin.
    density: Vec<f64>,
    /// Share of the time outside all bins.
    outside: f64,
}

impl Occupation {
    /// Places that are not numbers count as no time at all.
    fn new(places: impl Iterator<Item = f64>, [low, high]: [f64; 2]) -> Self {
        let width = (high - low) / BINS as f64;
        let mut counts = vec![0_u64; BINS];
        let (mut total, mut outside) = (0_u64, 0_u64);
        for x in places.filter(|x| !x.is_nan()) {
            total += 1;
            let bin = (x - low) / width;
            if (0.0..BINS as f64).contains(&bin) {
                counts[bin as usize] += 1;
            } else {
                outside += 1;
            }
        }
        let all = total.max(1) as f64;
        Self {
            edges: data::between(low, high, BINS + 1, false),
            density: counts.iter().map(|count| *count as f64 / (all * width)).collect(),
            outside: outside as f64 / all,
        }
    }

    /// The outline, heights upwards and density to the right; an empty bin has no place on a logarithmic axis.
    fn layers(&self, landscape: &Landscape) -> Vec<Layer> {
        let mut layers = guides(landscape);
        if self.density.iter().any(|density| *density > 0.0) {
            let shown = |density: f64| if density > 0.0 { density } else { f64::NAN };
            let x = self.density.iter().flat_map(|density| [shown(*density); 2]).collect();
            let y = self.edges.windows(2).flatten().copied().collect();
            layers.push(Layer::line(x, y, Style::ink().weight(0.8)));
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
