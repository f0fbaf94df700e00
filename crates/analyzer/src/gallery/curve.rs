//! Mean times along one axis, with theory and exact values: the common part of several figures.
//!
//! Each panel of times has panels joined below it: the ratio of everything to the best value known, and where
//! the amplitude is swept the local exponent `d ln E tau / d ln epsilon` between neighbours.

use super::data::{self, PanelData, Row, Series, Variable};
use super::words;
use crate::estimate::NORMAL_95;
use crate::figure::{Axis, Dash, Figure, Joined, Layer, LegendPlace, Panel, Scale, Style, TWO_COLUMNS_MM};
use crate::limit::{self, Measured, Slope, slopes};
use crate::theory::NoiseLaw;

/// Points of a computed curve.
const DENSE: usize = 61;
/// Points of an exact curve, each a quadrature.
const DENSE_EXACT: usize = 25;
/// How lines of either kind are drawn in every figure.
pub(super) const THEORY: Dash = Dash::Dashed;
pub(super) const EXACT: Dash = Dash::Solid;
/// Height of a panel of ratios or exponents beside that of the times above it.
pub(super) const JOINED_HEIGHT: f64 = 0.4;
/// Lines of a ratio are followed this far from 1 (as a factor), points as far as they go.
const FOLLOWED: f64 = 2.0;
/// Estimates whose ratios spread by more than this factor have a logarithmic axis.
const WIDE: f64 = 4.0;
/// More panels of times than this leave no room for exponents.
const MOST_WITH_EXPONENTS: usize = 4;
/// About the height of a frame of height 1; titles and labels of a group take some 12 mm more.
const FRAME_MM: f64 = 51.0;
/// No figure of stacked panels is higher (mm).
const HIGHEST_MM: f64 = 235.0;

/// Distance of points that are drawn side by side, as a share of the axis.
const ASIDE: f64 = 0.016;

/// What the panel of ratios is, for a caption.
pub(super) const BELOW: &str = " Below: the same divided by the exact value, or by the theory's where none is known; \
     a prediction that is off by more than a factor of 2 leaves the frame. Points that would cover each other \
     stand side by side.";

/// A curve as lists of x and y.
pub(super) type Curve = (Vec<f64>, Vec<f64>);

/// One series with what theory says of it.
pub(super) struct Compared<'a> {
    pub name: String,
    pub series: Series<'a>,
    pub style: Style,
    pub theory: Option<Curve>,
    pub exact: Option<Curve>,
    /// The theory's value over the exact one.
    pub quotient: Option<Curve>,
}

/// What simulated times are divided by.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Reference {
    Exact,
    Theory,
}

impl Reference {
    fn of(self, row: &Row<'_>) -> Option<f64> {
        let value = if self == Self::Exact { row.result.exact } else { row.result.asymptotic };
        value.filter(|value| *value > 0.0 && value.is_finite())
    }
}

impl<'a> Compared<'a> {
    /// The series with the values that are saved with its rows.
    pub(super) fn at_points(name: String, series: Series<'a>, style: Style) -> Self {
        let given = |value: &dyn Fn(&Row<'_>) -> Option<f64>| {
            let y: Vec<f64> = series.rows.iter().map(|row| value(row).unwrap_or(f64::NAN)).collect();
            shown_curve((series.x.clone(), y))
        };
        let theory = given(&|row| row.result.asymptotic);
        let exact = given(&|row| row.result.exact);
        let quotient = given(&|row| Some(row.result.asymptotic? / row.result.exact?));
        Compared { name, series, style, theory, exact, quotient }
    }

    /// The series with curves computed anew along the amplitude or the tail index.
    fn new(name: String, series: Series<'a>, style: Style, variable: &Variable) -> Self {
        let saved = Compared::at_points(name, series, style);
        let Some(first) = saved.series.rows.first() else { return saved };
        let law = |x: f64| match (variable, first.data.noise) {
            (Variable::Epsilon, noise) => noise.with_epsilon(x),
            (_, NoiseLaw::Stable { beta, epsilon, .. }) => NoiseLaw::Stable { alpha: x, beta, epsilon },
            (_, noise) => noise,
        };
        if !matches!(variable, Variable::Epsilon | Variable::Alpha) {
            return saved;
        }
        // At alpha = 2 the jumps are gone and the curve has another formula: it ends before.
        let inside = saved.series.x.iter().filter(|x| *variable == Variable::Epsilon || **x < 2.0);
        let (low, high) = inside.fold((f64::INFINITY, 0.0_f64), |(low, high), &x| (low.min(x), high.max(x)));
        if low >= high {
            return Compared { theory: None, exact: None, quotient: None, ..saved };
        }
        let curve = |count: usize, value: &dyn Fn(NoiseLaw) -> Option<f64>| -> Curve {
            let x = data::between(low, high, count, *variable == Variable::Epsilon);
            let y = x.iter().map(|&x| value(law(x)).unwrap_or(f64::NAN)).collect();
            (x, y)
        };
        let theory = shown_curve(curve(DENSE, &|noise| first.theory_mean(noise)));
        let exact = match saved.exact {
            Some(_) => shown_curve(curve(DENSE_EXACT, &|noise| first.exact_mean(noise))),
            None => None,
        };
        let quotient = exact.as_ref().and_then(|(x, exact)| {
            let over = |(&x, exact): (&f64, &f64)| first.theory_mean(law(x)).map_or(f64::NAN, |y| y / exact);
            shown_curve((x.clone(), x.iter().zip(exact).map(over).collect()))
        });
        Compared { theory, exact, quotient, ..saved }
    }

    /// The exact value, unless fewer of the estimates have one than have the theory's.
    fn reference(&self) -> Option<Reference> {
        let count = |reference: Reference| {
            let rows = self.series.rows.iter().filter(|row| row.result.estimate.is_some());
            rows.filter(|row| reference.of(row).is_some()).count()
        };
        match [count(Reference::Exact), count(Reference::Theory)] {
            [0, 0] => None,
            [exact, theory] if exact >= theory => Some(Reference::Exact),
            _ => Some(Reference::Theory),
        }
    }

    /// Estimates and their intervals over the reference.
    fn ratios(&self, reference: Reference) -> [Vec<f64>; 3] {
        let of = |k: usize| {
            let rows = self.series.rows.iter();
            rows.map(|row| row.measured()[k] / reference.of(row).unwrap_or(f64::NAN)).collect()
        };
        [0, 1, 2].map(of)
    }

    /// The other prediction over the reference.
    fn prediction_ratio(&self, reference: Reference) -> Option<Layer> {
        let (x, y) = self.quotient.clone()?;
        Some(match reference {
            Reference::Exact => Layer::line(x, y, self.style.dash(THEORY)),
            Reference::Theory => {
                let inverse = y.iter().map(|y| 1.0 / y).collect();
                Layer::line(x, inverse, self.style.dash(EXACT))
            }
        })
    }

    /// Slopes between neighbours of the estimates, of the exact values, of the theory's.
    fn slopes(&self) -> [Vec<Slope>; 3] {
        let along = |of: &dyn Fn(&Row<'_>) -> Option<[f64; 2]>| -> Vec<Slope> {
            let points = self.series.x.iter().zip(&self.series.rows);
            let measured = points.filter_map(|(&x, row)| {
                let [value, std_error] = of(row)?;
                Some(Measured { x, value, std_error })
            });
            slopes(&measured.collect::<Vec<_>>(), limit::Scale::Logarithmic)
        };
        [
            along(&|row| {
                let [lo, hi] = row.result.ci95?;
                Some([row.result.estimate?, (hi - lo) / (2.0 * NORMAL_95)])
            }),
            along(&|row| Some([row.result.exact?, row.result.exact_error.unwrap_or(0.0)])),
            along(&|row| Some([row.result.asymptotic?, 0.0])),
        ]
    }
}

/// A curve of which something can be seen.
fn shown_curve(curve: Curve) -> Option<Curve> {
    curve.1.iter().any(|y| y.is_finite()).then_some(curve)
}

/// Places of several series, moved apart where two of them have a place in common.
pub(super) fn side_by_side(places: &[&[f64]], scale: Scale) -> Vec<Vec<f64>> {
    let all = || places.iter().flat_map(|x| x.iter().copied());
    let (low, high) =
        all().fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), x| (low.min(x), high.max(x)));
    let common = places
        .iter()
        .enumerate()
        .any(|(index, x)| places[..index].iter().any(|other| x.iter().any(|x| other.contains(x))));
    if !common || low >= high {
        return places.iter().map(|x| x.to_vec()).collect();
    }
    let moved = |index: usize, x: f64| {
        let by = ASIDE * (index as f64 - 0.5 * (places.len() as f64 - 1.0));
        match scale {
            Scale::Linear => x + by * (high - low),
            Scale::Log => x * libm::pow(high / low, by),
        }
    };
    places.iter().enumerate().map(|(index, x)| x.iter().map(|&x| moved(index, x)).collect()).collect()
}

/// Marker of a simulated series, with error bars.
pub(super) fn simulated(one: &Series<'_>, style: Style, label: &str) -> Layer {
    let measured: Vec<[f64; 3]> = one.rows.iter().map(Row::measured).collect();
    let column = |k: usize| measured.iter().map(|triple| triple[k]).collect::<Vec<_>>();
    Layer::points_with_errors(one.x.clone(), column(0), column(1), column(2), style).labelled(label)
}

/// Entries of the legend for curves drawn in the colours of their series.
pub(super) fn keys(theory: bool, exact: bool) -> Vec<Layer> {
    let key =
        |dash, label: &str| Layer::line(Vec::new(), Vec::new(), Style::ink().dash(dash)).labelled(label);
    let mut keys = Vec::new();
    if theory {
        keys.push(key(THEORY, "small-noise theory"));
    }
    if exact {
        keys.push(key(EXACT, "exact"));
    }
    keys
}

/// What the lines are, for a caption.
pub(super) fn key_words(exact: bool) -> &'static str {
    if exact {
        "dashed lines: small-noise theory; solid lines: exact values"
    } else {
        "dashed lines: small-noise theory"
    }
}

/// The panel of times: points with error bars, theory dashed, exact solid.
pub(super) fn times(items: &[Compared<'_>], x: Axis, y: Axis) -> Panel {
    let line = |curve: &Option<Curve>, style: Style| {
        curve.as_ref().map(|(x, y)| Layer::line(x.clone(), y.clone(), style))
    };
    let exact = common(items.iter().filter_map(|one| line(&one.exact, one.style.dash(EXACT))).collect());
    let theory = common(items.iter().filter_map(|one| line(&one.theory, one.style.dash(THEORY))).collect());
    let mut layers = exact;
    layers.extend(theory);
    // Beside steep lines a point that is moved sideways would seem to miss its own.
    let places: Vec<&[f64]> = items.iter().map(|one| &one.series.x[..]).collect();
    let level = y.scale == Scale::Linear;
    let places = level.then(|| side_by_side(&places, x.scale));
    layers.extend(items.iter().enumerate().map(|(index, one)| match &places {
        Some(places) => {
            let moved = Series { x: places[index].clone(), ..one.series.clone() };
            simulated(&moved, one.style, &one.name)
        }
        None => simulated(&one.series, one.style, &one.name),
    }));
    layers.extend(keys(
        items.iter().any(|one| one.theory.is_some()),
        items.iter().any(|one| one.exact.is_some()),
    ));
    Panel::new(x, y, layers)
}

/// Lines that are all the same become one in the colour of none.
fn common(mut lines: Vec<Layer>) -> Vec<Layer> {
    let bits = |layer: &Layer| match layer {
        Layer::Line { x, y, .. } => x.iter().chain(y).map(|value| value.to_bits()).collect::<Vec<_>>(),
        _ => Vec::new(),
    };
    if lines.len() > 1 && lines.iter().all(|line| bits(line) == bits(&lines[0])) {
        lines.truncate(1);
        if let Layer::Line { style, .. } = &mut lines[0] {
            *style = Style { dash: style.dash, ..Style::ink() };
        }
    }
    lines
}

/// The panel of ratios: simulation over the exact value (the theory's, where a series has no exact ones), the
/// other prediction as a line. `None` where there is nothing to divide by.
pub(super) fn ratio(items: &[Compared<'_>], x: Axis) -> Option<Panel> {
    let divided: Vec<(&Compared<'_>, Reference)> =
        items.iter().filter_map(|one| Some((one, one.reference()?))).collect();
    let (_, first) = divided.first()?;
    let label = match first {
        _ if divided.iter().any(|(_, reference)| reference != first) => "ratio",
        Reference::Exact => "ratio to exact",
        Reference::Theory => "ratio to theory",
    };
    let mut layers =
        vec![Layer::HorizontalLine { y: 1.0, style: Style::grey().dash(Dash::Solid), label: None }];
    layers.extend(common(
        divided.iter().filter_map(|(one, reference)| one.prediction_ratio(*reference)).collect(),
    ));
    let mut y = Axis::linear(label);
    (y.scale, y.range) = ratio_range(&divided);
    let places: Vec<&[f64]> = divided.iter().map(|(one, _)| &one.series.x[..]).collect();
    let places = side_by_side(&places, x.scale);
    layers.extend(divided.iter().zip(places).map(|((one, reference), place)| {
        let [value, lo, hi] = one.ratios(*reference);
        Layer::points_with_errors(place, value, lo, hi, one.style)
    }));
    Some(below(Panel::new(x, y, layers)))
}

/// Scale and ends of an axis of ratios: all intervals, and 1; of lines what is near 1, since one that goes far off
/// would leave nothing to see of the rest.
fn ratio_range(divided: &[(&Compared<'_>, Reference)]) -> (Scale, Option<[f64; 2]>) {
    let mut estimates = Vec::new();
    let mut ends = vec![1.0];
    let mut lines = Vec::new();
    for (one, reference) in divided {
        let [value, lo, hi] = one.ratios(*reference);
        ends.extend([&value, &lo, &hi].into_iter().flatten().copied().filter(|y| y.is_finite()));
        estimates.extend(value.into_iter().filter(|y| y.is_finite()));
        if let Some(Layer::Line { y, .. }) = one.prediction_ratio(*reference) {
            lines.extend(y.into_iter().filter(|y| y.is_finite()));
        }
    }
    let scale = if data::suits_log(estimates.iter().copied(), WIDE) { Scale::Log } else { Scale::Linear };
    // An interval down to 0 has no end on a logarithmic axis.
    ends.retain(|y| scale == Scale::Linear || *y > 0.0);
    let extremes = |values: &[f64]| {
        let first = values.first().copied().unwrap_or(1.0);
        values.iter().fold((first, first), |(low, high), &y| (low.min(y), high.max(y)))
    };
    let (low, high) = extremes(&ends);
    let allowed = [low.min(1.0 / FOLLOWED), high.max(FOLLOWED)];
    ends.extend(lines.into_iter().filter(|y| (allowed[0]..=allowed[1]).contains(y)));
    let (low, high) = extremes(&ends);
    let range = match scale {
        Scale::Linear => {
            let room = (0.1 * (high - low)).max(1e-3);
            [low - room, high + room]
        }
        Scale::Log => {
            let room = libm::pow(high / low, 0.1).max(1.001);
            [low / room, high * room]
        }
    };
    (scale, Some(range))
}

/// The panel of local exponents: slopes between neighbours at their geometric mean, of the estimates, of exact
/// values, of the theory's; `None` where no series has two.
pub(super) fn exponents(items: &[Compared<'_>], x: Axis) -> Option<Panel> {
    let middles = |found: &[Slope]| -> Vec<f64> {
        found.iter().map(|slope| (slope.between[0] * slope.between[1]).sqrt()).collect()
    };
    let (mut lines, mut predictions, mut points) = (Vec::new(), Vec::new(), Vec::new());
    for one in items {
        let [measured, exact, theory] = one.slopes();
        if measured.len() < 2 {
            continue;
        }
        let curve = |found: &[Slope], dash: Dash| {
            let y = found.iter().map(|slope| slope.value).collect();
            (found.len() > 1).then(|| Layer::line(middles(found), y, one.style.dash(dash)))
        };
        lines.extend(curve(&exact, EXACT));
        let law = one.series.rows.first().map(|row| row.data.noise);
        match (law, one.series.x.first(), one.series.x.last()) {
            // A power law has the same slope everywhere.
            (Some(NoiseLaw::Stable { alpha, .. }), Some(&low), Some(&high)) if !theory.is_empty() => {
                predictions.push(Layer::line(vec![low, high], vec![-alpha; 2], one.style.dash(THEORY)));
            }
            _ => predictions.extend(curve(&theory, THEORY)),
        }
        points.push((middles(&measured), measured, one.style));
    }
    if points.is_empty() {
        return None;
    }
    let places: Vec<&[f64]> = points.iter().map(|(middles, ..)| &middles[..]).collect();
    let places = side_by_side(&places, x.scale);
    lines.extend(common(predictions));
    lines.extend(points.iter().zip(places).map(|((_, measured, style), place)| {
        let column = |of: fn(&Slope) -> f64| measured.iter().map(of).collect::<Vec<_>>();
        Layer::points_with_errors(
            place,
            column(|slope| slope.value),
            column(|slope| slope.ci95[0]),
            column(|slope| slope.ci95[1]),
            *style,
        )
    }));
    Some(below(Panel::new(x, Axis::linear(r"exponent $\mu$"), lines)))
}

/// A panel joined to the one above, whose legend serves both.
fn below(mut panel: Panel) -> Panel {
    panel.legend = LegendPlace::None;
    panel.joined(Joined::Above)
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
    let values = |row: &Row<'_>| [row.result.estimate, row.result.asymptotic].into_iter().flatten();
    let y_scale = scale(scales[1], &mut used.iter().flat_map(values), 4.0);
    let axis = |label: &str, scale| Axis { label: label.into(), scale, ..Axis::default() };
    let (contents, total) = data::usual_panels(series);
    let agreement = agreement(&contents);
    let count = contents.len();
    let with_exponents = *variable == Variable::Epsilon && count <= MOST_WITH_EXPONENTS;
    let groups: Vec<[Option<Panel>; 3]> = contents
        .into_iter()
        .map(|content| {
            let title = content.title;
            let items: Vec<Compared<'_>> = content
                .series
                .into_iter()
                .enumerate()
                .map(|(index, (name, one))| Compared::new(name, one, Style::series(index), variable))
                .collect();
            let shown: Vec<Row<'_>> = items.iter().flat_map(|one| one.series.rows.iter().copied()).collect();
            let mut main = times(&items, axis(x_label, x_scale), axis(&data::time_label(&shown), y_scale));
            main.title = (!title.is_empty()).then_some(title);
            let exponents = if with_exponents { exponents(&items, axis(x_label, x_scale)) } else { None };
            [Some(main), ratio(&items, axis(x_label, x_scale)), exponents]
        })
        .collect();
    let below = |k: usize| groups.iter().any(|group| group[k].is_some());
    let mut reading = format!(
        "Points: simulation with 95 % intervals; {}.",
        key_words(used.iter().any(|row| row.result.exact.is_some()))
    );
    if below(1) {
        reading.push_str(BELOW);
    }
    if below(2) {
        reading.push_str(
            concat!(
                r" At the foot: the exponent $\mu = \mathrm{d}\ln\mathbb{E}\,\tau/\mathrm{d}\ln\varepsilon$ between ",
                r"neighbouring amplitudes, which is $-\alpha$ for the theory of Lévy noise.",
            ),
        );
    }
    let caption = format!("{opening}{agreement} {reading}{}", shown(count, total));
    Some(stacked(Figure { caption, ..Figure::new(name, Vec::new()) }, groups, JOINED_HEIGHT))
}

/// Puts groups of panels, one under another within a group, into a figure: one group a column. A row that only
/// some groups have is empty in the others, one that none has is left out. Panels below the first of a group
/// have `height` times its height.
pub(super) fn stacked<const N: usize>(
    mut figure: Figure,
    groups: Vec<[Option<Panel>; N]>,
    height: f64,
) -> Figure {
    let kept: Vec<usize> = (0..N).filter(|&row| groups.iter().any(|group| group[row].is_some())).collect();
    let model: Vec<Option<Panel>> =
        (0..N).map(|row| groups.iter().find_map(|group| group[row].clone())).collect();
    if groups.len() > 1 {
        figure.columns = 2;
        figure.width_mm = TWO_COLUMNS_MM;
    }
    let empty = |row: usize| {
        // The axes of another group without anything on them.
        let mut panel =
            model[row].clone().unwrap_or_else(|| Panel::new(Axis::default(), Axis::default(), Vec::new()));
        panel.layers.clear();
        panel.y.range = None;
        panel
    };
    let mut lines = Vec::new();
    for chunk in groups.chunks(figure.columns) {
        for &row in &kept {
            for column in 0..figure.columns {
                figure.panels.push(match chunk.get(column) {
                    Some(group) => group[row].clone().unwrap_or_else(|| empty(row)),
                    None => blank(),
                });
            }
            lines.push(row);
        }
    }
    one_legend(&mut figure.panels);
    figure.row_heights = lines.iter().map(|&row| if row == 0 { 1.0 } else { height }).collect();
    let total = figure.row_heights.iter().map(|share| share * FRAME_MM + 2.0).sum::<f64>()
        + 12.0 * groups.len().div_ceil(figure.columns) as f64;
    figure.height_mm = (total > HIGHEST_MM).then_some(HIGHEST_MM);
    figure
}

/// A place in the grid that stays white.
fn blank() -> Panel {
    let mut panel = Panel::new(Axis::default(), Axis::default(), Vec::new());
    panel.axes = false;
    panel.legend = LegendPlace::None;
    panel
}

/// One column for one panel, else two panels in a row over the whole width.
pub(super) fn arranged(mut figure: Figure) -> Figure {
    one_legend(&mut figure.panels);
    if figure.panels.len() > 1 {
        figure.columns = 2;
        figure.width_mm = TWO_COLUMNS_MM;
    }
    figure
}

/// Where every panel would have the same legend inside, only the first keeps it.
fn one_legend(panels: &mut [Panel]) {
    let labels = |panel: &Panel| -> Vec<String> {
        let mut labels: Vec<String> =
            panel.layers.iter().filter_map(Layer::label).map(str::to_owned).collect();
        labels.sort();
        labels.dedup();
        labels
    };
    let mut own: Vec<&mut Panel> =
        panels.iter_mut().filter(|panel| panel.legend != LegendPlace::None).collect();
    if let Some((first, others)) = own.split_first_mut()
        && first.legend == LegendPlace::Auto
        && others.iter().all(|panel| labels(panel) == labels(first))
    {
        others.iter_mut().for_each(|panel| panel.legend = LegendPlace::None);
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn points_at_one_place_stand_side_by_side() {
        let (a, b) = ([1.0, 10.0], [1.0, 100.0]);
        let moved = side_by_side(&[&a, &b], Scale::Log);
        assert!(moved[0][0] < 1.0 && 1.0 < moved[1][0]);
        let apart = libm::log(moved[1][0] / moved[0][0]) / libm::log(100.0);
        assert!((apart - ASIDE).abs() < 1e-12, "{apart}");
        // Without a place in common nothing moves.
        assert_eq!(side_by_side(&[&a, &[2.0, 20.0]], Scale::Linear), [a.to_vec(), vec![2.0, 20.0]]);
    }

    #[test]
    fn equal_lines_become_one() {
        let line = |y: f64, index| Layer::line(vec![0.0, 1.0], vec![y; 2], Style::series(index).dash(THEORY));
        let one = common(vec![line(2.0, 0), line(2.0, 1)]);
        assert_eq!(one, [Layer::line(vec![0.0, 1.0], vec![2.0; 2], Style::ink().dash(THEORY))]);
        assert_eq!(common(vec![line(2.0, 0), line(3.0, 1)]).len(), 2);
    }
}
