//! Mean times along one axis, with theory and exact values: the common part of several figures.

use super::data::{self, PanelData, Row, Series, Variable};
use super::words;
use crate::figure::{Axis, Dash, Figure, Layer, LegendPlace, Panel, Scale, Style, TWO_COLUMNS_MM};
use crate::theory::NoiseLaw;

/// Points of a computed curve.
const DENSE: usize = 61;
/// Points of an exact curve, each a quadrature.
const DENSE_EXACT: usize = 25;

/// Marker of a simulated series, with error bars.
pub(super) fn simulated(one: &Series<'_>, style: Style, label: &str) -> Layer {
    let measured: Vec<[f64; 3]> = one.rows.iter().map(Row::measured).collect();
    let column = |k: usize| measured.iter().map(|triple| triple[k]).collect::<Vec<_>>();
    Layer::points_with_errors(one.x.clone(), column(0), column(1), column(2), style).labelled(label)
}

/// A curve of the small-noise theory and one of the exact values, where there are any.
fn predicted(one: &Series<'_>, variable: &Variable, style: Style) -> [Option<Layer>; 2] {
    let Some(first) = one.rows.first() else { return [None, None] };
    let given = |value: fn(&Row<'_>) -> Option<f64>| {
        let y: Vec<f64> = one.rows.iter().map(|row| value(row).unwrap_or(f64::NAN)).collect();
        (one.x.clone(), y)
    };
    let has_exact = one.rows.iter().any(|row| row.result.exact.is_some());
    let (theory, exact) = match variable {
        Variable::Epsilon | Variable::Alpha => {
            let law = |x: f64| match (variable, first.data.noise) {
                (Variable::Epsilon, noise) => noise.with_epsilon(x),
                (_, NoiseLaw::Stable { beta, epsilon, .. }) => NoiseLaw::Stable { alpha: x, beta, epsilon },
                (_, noise) => noise,
            };
            // At alpha = 2 the jumps are gone and the curve has another formula: it ends before.
            let inside = one.x.iter().copied().filter(|&x| *variable == Variable::Epsilon || x < 2.0);
            let (low, high) =
                inside.fold((f64::INFINITY, 0.0_f64), |(low, high), x| (low.min(x), high.max(x)));
            if low >= high {
                return [None, None];
            }
            let curve = |count: usize, value: &dyn Fn(NoiseLaw) -> Option<f64>| {
                let x = data::between(low, high, count, *variable == Variable::Epsilon);
                let y = x.iter().map(|&x| value(law(x)).unwrap_or(f64::NAN)).collect();
                (x, y)
            };
            let exact = has_exact.then(|| curve(DENSE_EXACT, &|noise| first.exact_mean(noise)));
            (curve(DENSE, &|noise| first.theory_mean(noise)), exact)
        }
        Variable::Step | Variable::Effort | Variable::Key(_) => {
            (given(|row| row.result.asymptotic), has_exact.then(|| given(|row| row.result.exact)))
        }
    };
    let line = |(x, y): (Vec<f64>, Vec<f64>), dash| {
        let some = y.iter().any(|y| y.is_finite());
        some.then(|| Layer::line(x, y, style.dash(dash)))
    };
    [line(theory, Dash::Solid), exact.and_then(|curve| line(curve, Dash::Dotted))]
}

/// Entries of the legend for curves drawn in the colours of their series.
pub(super) fn keys(theory: bool, exact: bool) -> Vec<Layer> {
    let key =
        |dash, label: &str| Layer::line(Vec::new(), Vec::new(), Style::ink().dash(dash)).labelled(label);
    let mut keys = Vec::new();
    if theory {
        keys.push(key(Dash::Solid, "small-noise theory"));
    }
    if exact {
        keys.push(key(Dash::Dotted, "exact"));
    }
    keys
}

/// One panel: points with error bars, theory solid, exact dotted.
fn panel(content: &PanelData<'_>, variable: &Variable, x: Axis, y: Axis) -> Panel {
    let (mut lines, mut points) = (Vec::new(), Vec::new());
    let mut seen = [false; 2];
    for (index, (name, one)) in content.series.iter().enumerate() {
        let style = Style::series(index);
        for (kind, layer) in predicted(one, variable, style).into_iter().enumerate() {
            seen[kind] |= layer.is_some();
            lines.extend(layer);
        }
        points.push(simulated(one, style, name));
    }
    lines.extend(points);
    lines.extend(keys(seen[0], seen[1]));
    let mut panel = Panel::new(x, y, lines);
    if !content.title.is_empty() {
        panel.title = Some(content.title.clone());
    }
    panel
}

/// The figure of mean times against a variable; `None` where no series has two values of it.
pub(super) fn figure(
    name: &str,
    rows: &[Row<'_>],
    variable: &Variable,
    x_label: &str,
    scales: [Option<Scale>; 2],
    opening: &str,
) -> Option<Figure> {
    let series = data::series(rows, variable);
    if series.is_empty() {
        return None;
    }
    let used: Vec<Row<'_>> = series.iter().flat_map(|one| one.rows.iter().copied()).collect();
    let scale = |asked: Option<Scale>, values: &mut dyn Iterator<Item = f64>, ratio: f64| {
        asked.unwrap_or(if data::suits_log(values, ratio) { Scale::Log } else { Scale::Linear })
    };
    let x_scale = scale(scales[0], &mut series.iter().flat_map(|one| one.x.iter().copied()), 8.0);
    let times = |row: &Row<'_>| [row.result.estimate, row.result.asymptotic].into_iter().flatten();
    let y_scale = scale(scales[1], &mut used.iter().flat_map(times), 4.0);
    let axis = |label: &str, scale| Axis { label: label.into(), scale, ..Axis::default() };
    let (contents, total) = data::usual_panels(series);
    let panels: Vec<Panel> = contents
        .iter()
        .map(|content| {
            let shown: Vec<Row<'_>> =
                content.series.iter().flat_map(|(_, one)| one.rows.iter().copied()).collect();
            panel(content, variable, axis(x_label, x_scale), axis(&data::time_label(&shown), y_scale))
        })
        .collect();
    let caption = format!(
        "{opening} Points: simulation with 95 % intervals; solid lines: small-noise theory{}.{}{}",
        if used.iter().any(|row| row.result.exact.is_some()) { "; dotted lines: exact values" } else { "" },
        agreement(&contents),
        shown(contents.len(), total),
    );
    Some(arranged(Figure { caption, ..Figure::new(name, panels) }))
}

/// One column for one panel, else two panels in a row over the whole width. Where every panel would have
/// the same legend inside, only the first keeps it.
pub(super) fn arranged(mut figure: Figure) -> Figure {
    let labels = |panel: &Panel| -> Vec<String> {
        let mut labels: Vec<String> =
            panel.layers.iter().filter_map(Layer::label).map(str::to_owned).collect();
        labels.sort();
        labels.dedup();
        labels
    };
    if let Some((first, others)) = figure.panels.split_first_mut()
        && first.legend == LegendPlace::Auto
        && others.iter().all(|panel| labels(panel) == labels(first))
    {
        others.iter_mut().for_each(|panel| panel.legend = LegendPlace::None);
    }
    if figure.panels.len() > 1 {
        figure.columns = 2;
        figure.width_mm = TWO_COLUMNS_MM;
    }
    figure
}

/// A sentence on what was left out.
pub(super) fn shown(drawn: usize, total: usize) -> String {
    if drawn < total { format!(" {drawn} of {total} combinations are shown.") } else { String::new() }
}

/// A sentence on how far simulation and prediction agree: the range of the ratio over all points. Where an
/// exact value is known it is the reference.
fn agreement(contents: &[PanelData<'_>]) -> String {
    let rows = || contents.iter().flat_map(|content| &content.series).flat_map(|(_, one)| &one.rows);
    let compared = || {
        rows().filter_map(|row| {
            let reference = row.result.exact.or(row.result.asymptotic)?;
            let ratio = row.result.estimate? / reference;
            ratio.is_finite().then_some((ratio, row.result.exact.is_some()))
        })
    };
    let ratios = || compared().map(|(ratio, _)| ratio);
    let (Some(low), Some(high)) = (ratios().reduce(f64::min), ratios().reduce(f64::max)) else {
        return String::new();
    };
    let exact = compared().filter(|(_, exact)| *exact).count();
    let to = match exact {
        0 => "theory",
        _ if exact == compared().count() => "exact value",
        _ => "exact value, or theory where none is known,",
    };
    format!(
        " The ratio of simulation to {to} lies between {} and {}.",
        words::number(low),
        words::number(high)
    )
}
