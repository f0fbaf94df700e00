//! Heat maps of the mean time over the plane of well width and well depth.

use super::curve;
use super::data;
use super::plane::{Map, Plane};
use super::words;
use crate::figure::{Axis, ColourBar, Dash, Figure, Layer, LegendPlace, Panel, Scale, Style};
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
    figure.colour_bar = Some(ColourBar::new(format!(r"$\log_{{10}}$ of the {}", data::time_label(&rows))));
    figure.caption = caption(study, &plane, &spacings);
    vec![figure]
}

fn panel(plane: &Plane<'_>, map: &Map<'_>, scales: [Scale; 2]) -> (Panel, f64) {
    let [columns, rows] = [0, 1].map(|k| plane.axes[k].clone());
    let log = |value: Option<f64>| value.filter(|time| *time > 0.0).map_or(f64::NAN, f64::log10);
    let simulated: Vec<f64> = map.cells.iter().map(|row| log(row.result.estimate)).collect();
    let theory: Vec<f64> = map.cells.iter().map(|row| log(row.result.asymptotic)).collect();
    let (levels, spacing) = levels(&simulated);
    let edges = [0, 1].map(|k| edges(&plane.axes[k], scales[k]));
    let style = Style::series(1).dash(Dash::Dashed).weight(1.2);
    let mut layers = vec![
        Layer::Heat {
            x_edges: edges[0].clone(),
            y_edges: edges[1].clone(),
            z: simulated,
            contours: levels.clone(),
        },
        // The contours of a heat map have no entry in the legend of their own.
        Layer::line(Vec::new(), Vec::new(), Style::ink()).labelled("simulation"),
    ];
    if theory.iter().any(|value| value.is_finite()) {
        layers.push(
            Layer::Contour { x: columns, y: rows, z: theory, levels, style, label: None }
                .labelled("small-noise theory"),
        );
    }
    let axis = |k: usize| {
        let ends = [edges[k].first(), edges[k].last()].map(|end| end.copied().unwrap_or(f64::NAN));
        Axis { label: plane.labels[k].clone(), scale: scales[k], range: Some(ends), ..Axis::default() }
    };
    let mut panel = Panel::new(axis(0), axis(1), layers).titled(map.label.clone());
    panel.legend = LegendPlace::Top;
    (panel, spacing)
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
                plane.names[0],
                words::number(along_depth?),
                plane.names[1]
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
        1 => " One point without a single exit is grey.".into(),
        _ => format!(" {gaps} points without a single exit are grey."),
    };
    let same = spacings.windows(2).all(|pair| pair[0] == pair[1]);
    let apart: Vec<String> = spacings.iter().map(|step| words::number(*step)).collect();
    let apart = if same { apart.first().cloned().unwrap_or_default() } else { apart.join(" and ") };
    format!(
        "{} Mean escape time over {}. Lines of equal time, {apart} decades apart: \
         simulation solid, small-noise theory dashed.{}{grey}",
        data::title(study),
        plane.place,
        growth(plane),
    )
}
