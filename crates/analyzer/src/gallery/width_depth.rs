//! Heat maps of the mean time over the plane of well width and well depth.

use super::curve;
use super::data;
use super::plane::{Map, Plane};
use super::words;
use crate::figure::{Anchor, Axis, ColourBar, Figure, Layer, LegendPlace, Panel, Scale, Style};
use crate::study::Study;

/// One panel a noise, Brownian first, on a common colour scale.
pub(super) fn figures(study: &Study) -> Vec<Figure> {
    let Some(plane) = Plane::new(study) else { return Vec::new() };
    let scales = [0, 1].map(|k| {
        let log = data::suits_log(plane.axes[k].iter().copied(), [3.0, 10.0][k]);
        if log { Scale::Log } else { Scale::Linear }
    });
    let mut spacings = Vec::new();
    let panels: Vec<Panel> = plane
        .maps
        .iter()
        .map(|map| {
            let (panel, spacing) = panel(&plane, map, scales);
            spacings.push(spacing);
            panel
        })
        .collect();
    let rows: Vec<_> = plane.maps.iter().flat_map(|map| map.cells.iter().copied()).collect();
    let mut figure = curve::arranged(Figure::new("width_depth", panels));
    let what = data::time_words(&rows);
    figure.colour_bar = Some(ColourBar::new(format!(r"{what}, $\log_{{10}}\,\mathbb{{E}}\,\tau$")));
    figure.caption = caption(study, &plane, &spacings);
    vec![figure]
}

fn panel(plane: &Plane<'_>, map: &Map<'_>, scales: [Scale; 2]) -> (Panel, f64) {
    let [columns, rows] = [0, 1].map(|k| plane.axes[k].clone());
    let log = |value: Option<f64>| value.filter(|time| *time > 0.0).map_or(f64::NAN, f64::log10);
    let simulated: Vec<f64> = map.cells.iter().map(|row| log(row.result.estimate)).collect();
    let theory: Vec<f64> = map.cells.iter().map(|row| log(row.result.asymptotic)).collect();
    let (levels, spacing) = levels(&simulated);
    let names = levels.iter().enumerate();
    let names: Vec<Layer> =
        names.filter_map(|(index, &level)| name(plane, scales, &simulated, level, index)).collect();
    let edges = [0, 1].map(|k| edges(&plane.axes[k], scales[k]));
    let style = Style::ink().dash(curve::THEORY);
    let mut layers = vec![
        Layer::Heat {
            x_edges: edges[0].clone(),
            y_edges: edges[1].clone(),
            z: simulated,
            contours: levels.clone(),
        },
        // The contours of a heat map have no entry in the legend of their own.
        Layer::line(Vec::new(), Vec::new(), Style::ink().weight(0.7)).labelled("simulation"),
    ];
    if theory.iter().any(|value| value.is_finite()) {
        layers.push(
            Layer::Contour { x: columns, y: rows, z: theory, levels, style, label: None }
                .labelled("small-noise theory"),
        );
    }
    layers.extend(names);
    let axis = |k: usize| {
        let ends = [edges[k].first(), edges[k].last()].map(|end| end.copied().unwrap_or(f64::NAN));
        Axis { label: plane.labels[k].clone(), scale: scales[k], range: Some(ends), ..Axis::default() }
    };
    let mut panel = Panel::new(axis(0), axis(1), layers).titled(map.label.clone());
    panel.legend = LegendPlace::Top;
    (panel, spacing)
}

/// The number of a level, on its contour of the simulated values: where that crosses the column or row of the grid
/// nearest the middle. Neighbouring levels prefer other columns or rows, to keep clear of each other.
fn name(plane: &Plane<'_>, scales: [Scale; 2], values: &[f64], level: f64, index: usize) -> Option<Layer> {
    let count = [0, 1].map(|k| plane.axes[k].len());
    let value = |along: usize, fixed: usize, k: usize| {
        let [column, row] = if along == 0 { [k, fixed] } else { [fixed, k] };
        values.get(row * count[0] + column).copied().unwrap_or(f64::NAN)
    };
    let aside = [0.0, 1.0, -1.0][index % 3];
    let off = |along: usize, fixed: usize| (fixed as f64 - (count[1 - along] / 2) as f64 - aside).abs();
    // Along the axis in which the value grows faster, so that the contour is crossed and not followed.
    let growth = |along: usize| {
        let middle = count[1 - along] / 2;
        let ends = value(along, middle, count[along] - 1) - value(along, middle, 0);
        if ends.is_finite() { ends.abs() } else { 0.0 }
    };
    let first = if growth(0) > growth(1) { 0 } else { 1 };
    [first, 1 - first].into_iter().find_map(|along| {
        let mut lines: Vec<usize> = (0..count[1 - along]).collect();
        lines.sort_by(|a, b| off(along, *a).total_cmp(&off(along, *b)));
        lines.into_iter().find_map(|fixed| {
            let line: Vec<f64> = (0..count[along]).map(|k| value(along, fixed, k)).collect();
            let at = crossing(&plane.axes[along], &line, scales[along], level)?;
            let across = plane.axes[1 - along][fixed];
            let [x, y] = if along == 0 { [at, across] } else { [across, at] };
            Some(Layer::text(x, y, words::number(level), Anchor::Centre))
        })
    })
}

/// Where values along an axis pass a level, between linear neighbours.
fn crossing(axis: &[f64], values: &[f64], scale: Scale, level: f64) -> Option<f64> {
    let pair = (1..values.len()).find(|&k| {
        let [a, b] = [values[k - 1] - level, values[k] - level];
        a.is_finite() && b.is_finite() && (a <= 0.0) != (b <= 0.0)
    })?;
    let share = (level - values[pair - 1]) / (values[pair] - values[pair - 1]);
    let [a, b] = [axis[pair - 1], axis[pair]];
    Some(match scale {
        Scale::Linear => a + share * (b - a),
        Scale::Log => a * libm::pow(b / a, share),
    })
}

/// Edges of cells around their centres.
fn edges(centres: &[f64], scale: Scale) -> Vec<f64> {
    let to = |x: f64| if scale == Scale::Log { x.ln() } else { x };
    let from = |x: f64| if scale == Scale::Log { x.exp() } else { x };
    let places: Vec<f64> = centres.iter().map(|&x| to(x)).collect();
    let mut edges: Vec<f64> = places.windows(2).map(|pair| 0.5 * (pair[0] + pair[1])).collect();
    if let [first, second, ..] = places[..] {
        edges.insert(0, first - 0.5 * (second - first));
    }
    if let [.., previous, last] = places[..] {
        edges.push(last + 0.5 * (last - previous));
    }
    edges.into_iter().map(from).collect()
}

/// Round levels between the extremes, at most six, and their distance.
fn levels(values: &[f64]) -> (Vec<f64>, f64) {
    let finite = || values.iter().copied().filter(|value| value.is_finite());
    let (Some(low), Some(high)) = (finite().reduce(f64::min), finite().reduce(f64::max)) else {
        return (Vec::new(), 1.0);
    };
    let steps = [0.05, 0.1, 0.2, 0.25, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 50.0];
    let step = steps.into_iter().find(|step| (high - low) / step <= 6.0).unwrap_or(100.0);
    let count = ((high - low) / step) as usize + 2;
    let first = (low / step).ceil();
    let levels = (0..count).map(|k| (first + k as f64) * step).filter(|level| *level > low && *level < high);
    (levels.collect(), step)
}

/// The factors by which the mean time grows along each axis, the other one in the middle.
pub(super) fn factors(plane: &Plane<'_>, map: &Map<'_>) -> [Option<f64>; 2] {
    let (columns, rows) = (plane.axes[0].len(), plane.axes[1].len());
    let time = |column: usize, row: usize| map.cells.get(row * columns + column)?.result.estimate;
    let ratio = |from: Option<f64>, to: Option<f64>| Some(to? / from?);
    [
        ratio(time(0, rows / 2), time(columns - 1, rows / 2)),
        ratio(time(columns / 2, 0), time(columns / 2, rows - 1)),
    ]
}

/// A clause on each noise: by how much the time grows along either axis.
pub(super) fn growth(plane: &Plane<'_>) -> String {
    let clauses: Vec<String> = plane
        .maps
        .iter()
        .filter_map(|map| {
            let [along_width, along_depth] = factors(plane, map);
            Some(format!(
                "{}: by {} with {} and by {} with {}",
                map.label,
                words::number(along_width?),
                plane.named(0),
                words::number(along_depth?),
                plane.named(1)
            ))
        })
        .collect();
    if clauses.is_empty() {
        return String::new();
    }
    format!(
        " Factor by which the time grows over the range shown, the other axis in the middle: {}.",
        clauses.join("; ")
    )
}

fn caption(study: &Study, plane: &Plane<'_>, spacings: &[f64]) -> String {
    let gaps =
        plane.maps.iter().flat_map(|map| &map.cells).filter(|row| row.result.estimate.is_none()).count();
    let grey = match gaps {
        0 => String::new(),
        1 => " One point without a single exit is crossed out.".into(),
        _ => format!(" {gaps} points without a single exit are crossed out."),
    };
    let same = spacings.windows(2).all(|pair| pair[0] == pair[1]);
    let apart: Vec<String> = spacings.iter().map(|step| words::number(*step)).collect();
    let apart = if same { apart.first().cloned().unwrap_or_default() } else { apart.join(" and ") };
    format!(
        "{} Mean escape time over {}.{} Lines of equal time, {apart} decades apart, with \
         $\\log_{{10}}\\,\\mathbb{{E}}\\,\\tau$: simulation solid, small-noise theory dashed.{grey}",
        data::title(study),
        plane.place,
        growth(plane),
    )
}
