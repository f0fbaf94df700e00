//! Error against cost, for results that differ in how they were estimated.

use super::curve;
use super::data::{self, Part, Row, Variable};
use super::words;
use crate::estimate::NORMAL_95;
use crate::figure::{Axis, Dash, Figure, Joined, Layer, LegendPlace, Panel, Style, TWO_COLUMNS_MM};
use crate::study::Study;
use crate::summary::QuantityResult;

const MOST: usize = 3;
/// Height of the panel of deviations, that of errors being 1.
const DEVIATION_HEIGHT: f64 = 0.6;
/// The error for which the caption says the cost.
const COMMON_ERROR: f64 = 0.01;

/// One way of estimating, ascending in its cost.
struct Estimator<'a> {
    name: String,
    rows: Vec<Row<'a>>,
}

/// Results that answer one question.
struct Question<'a> {
    parts: Vec<Part>,
    estimators: Vec<Estimator<'a>>,
}

/// Time steps of a result, on both grids where there are two.
///
/// Of plain paths a result counts the steps of the fine grid; a companion takes half as many.
pub(super) fn cost(result: &QuantityResult) -> f64 {
    let companions = result.method == "plain" && result.discretisation_bias.is_some();
    result.steps as f64 * if companions { 1.5 } else { 1.0 }
}

/// Relative error, statistical and of the step together, and by what share it is itself uncertain.
///
/// A standard error from n independent numbers has the relative standard error `sqrt((kurtosis - 1)/4n)`:
/// `1/sqrt(2n)` for normal ones, `sqrt(2/n)` for exponential ones, such as the times of plain paths. Levels of a
/// multilevel estimate have variances of their own kind; of their error nothing is said.
fn error(result: &QuantityResult) -> Option<[f64; 2]> {
    let [low, high] = result.ci95?;
    let relative = (high - low) / (2.0 * NORMAL_95 * result.estimate?.abs());
    let n = result.paths as f64;
    let share = match result.method.as_str() {
        "plain" => (2.0 / n).sqrt(),
        "multilevel" => 0.0,
        _ => (0.5 / n).sqrt(),
    };
    (relative > 0.0 && relative.is_finite() && cost(result) > 0.0).then_some([relative, share])
}

fn name(method: &str) -> String {
    match method {
        "fleming_viot" => "Fleming–Viot".into(),
        "hazard" => "integrated hazard".into(),
        "plain" => "plain paths".into(),
        other => other.replace('_', " "),
    }
}

/// Up to three questions. Drawn where the sweep changes the method, the scheme, or how much is simulated; steps alone
/// are the matter of the figure `convergence`.
pub(super) fn figures(study: &Study) -> Vec<Figure> {
    let points = &study.summary.points;
    let swept = |key: &str| points.iter().any(|point| point.point.get(key) != points[0].point.get(key));
    let changes = ["ensemble.method", "ensemble.paths", "ensemble.relative_error", "scheme.kind"];
    if !changes.into_iter().any(swept) {
        return Vec::new();
    }
    let several_schemes = swept("scheme.kind");
    let mut questions: Vec<Question<'_>> = Vec::new();
    for row in data::mean_times(study).into_iter().filter(|row| error(row.result).is_some()) {
        let mut name = name(&row.result.method);
        if several_schemes {
            name = words::joined(&[name, row.summary.scheme.kind.replace('_', " ")]);
        }
        let parts = row.parts(&Variable::Effort);
        let question = match questions.iter().position(|other| other.parts == parts) {
            Some(index) => &mut questions[index],
            None => {
                questions.push(Question { parts, estimators: Vec::new() });
                let last = questions.len() - 1;
                &mut questions[last]
            }
        };
        match question.estimators.iter_mut().find(|other| other.name == name) {
            Some(estimator) => estimator.rows.push(row),
            None => question.estimators.push(Estimator { name, rows: vec![row] }),
        }
    }
    questions.retain(|question| question.estimators.iter().map(|one| one.rows.len()).sum::<usize>() > 1);
    let total = questions.len();
    let chosen = data::spread(total, MOST);
    let mut questions: Vec<&mut Question<'_>> =
        questions.iter_mut().enumerate().filter_map(|(k, one)| chosen.contains(&k).then_some(one)).collect();
    for estimator in questions.iter_mut().flat_map(|question| &mut question.estimators) {
        estimator.rows.sort_by(|a, b| cost(a.result).total_cmp(&cost(b.result)));
    }
    let Some(first) = questions.first() else { return Vec::new() };
    let varying: Vec<usize> = (0..first.parts.len())
        .filter(|&slot| questions.iter().any(|one| one.parts[slot] != first.parts[slot]))
        .collect();
    let mut panels = Vec::new();
    for question in &questions {
        let mut panel = error_panel(question);
        let title = data::title_of(varying.iter().map(|&slot| &question.parts[slot]));
        panel.title = (!title.is_empty()).then_some(title);
        panels.push(panel);
    }
    let columns = panels.len();
    let has_exact = questions.iter().any(|question| known(question).next().is_some());
    if has_exact {
        panels.extend(questions.iter().map(|question| deviation_panel(question)));
    }
    let caption = format!(
        "{} Cost of the mean time: relative error (statistical and step error together) against the number of time steps, \
         those of companion paths included. Error bars: one standard error of the error itself, where it is known. Grey: \
         steps to the power $-1/2$, the rate of independent samples, through the first estimator.{}{}{}",
        data::title(study),
        prices(&questions),
        if has_exact {
            " Below: estimate less exact value in units of that error; two thirds of honest estimates lie within 1, \
             95 in 100 within 2 (dashed)."
        } else {
            ""
        },
        curve::shown(columns, total),
    );
    let mut figure = Figure { caption, ..Figure::new("cost", panels) };
    figure.columns = columns;
    figure.row_heights = vec![1.0, DEVIATION_HEIGHT];
    if columns > 1 {
        figure.width_mm = TWO_COLUMNS_MM;
    }
    vec![figure]
}

fn axis() -> Axis {
    Axis::log("time steps")
}

fn error_panel(question: &Question<'_>) -> Panel {
    let mut layers: Vec<Layer> = guide(question).into_iter().collect();
    for (index, estimator) in question.estimators.iter().enumerate() {
        let errors: Vec<[f64; 2]> = estimator.rows.iter().filter_map(|row| error(row.result)).collect();
        let x: Vec<f64> = estimator.rows.iter().map(|row| cost(row.result)).collect();
        let end = |sign: f64| errors.iter().map(|[error, share]| error * (1.0 + sign * share)).collect();
        let y: Vec<f64> = errors.iter().map(|[error, _]| *error).collect();
        let style = Style::series(index);
        layers.push(Layer::line(x.clone(), y.clone(), style.dash(Dash::Solid).weight(0.6)));
        layers.push(
            Layer::points_with_errors(x, y, end(-1.0), end(1.0), style).labelled(estimator.name.clone()),
        );
    }
    Panel::new(axis(), Axis::log("relative error"), layers)
}

/// A line of slope -1/2 over the whole range of the cost, at the height of the first estimator.
fn guide(question: &Question<'_>) -> Option<Layer> {
    let costs = || question.estimators.iter().flat_map(|one| &one.rows).map(|row| cost(row.result));
    let (low, high) = (costs().reduce(f64::min)?, costs().reduce(f64::max)?);
    let price = price(question.estimators.first()?);
    let x = vec![low, high];
    let y = x.iter().map(|steps| COMMON_ERROR * (price / steps).sqrt()).collect();
    (low < high).then(|| Layer::line(x, y, Style::grey().weight(0.6)))
}

/// Steps for the common error, at the rate of independent samples: the geometric mean over the estimator's points.
fn price(estimator: &Estimator<'_>) -> f64 {
    let logs = estimator.rows.iter().filter_map(|row| {
        let relative = error(row.result)?[0] / COMMON_ERROR;
        Some(libm::log(cost(row.result) * relative * relative))
    });
    libm::exp(logs.sum::<f64>() / estimator.rows.len() as f64)
}

/// Rows with an exact value: cost, distance of the estimate from it in units of its error, and the estimator's place.
fn known<'a>(question: &'a Question<'_>) -> impl Iterator<Item = (f64, f64, usize)> + 'a {
    question.estimators.iter().enumerate().flat_map(|(index, estimator)| {
        estimator.rows.iter().filter_map(move |row| {
            let (estimate, exact) = (row.result.estimate?, row.result.exact?);
            let unit = error(row.result)?[0] * estimate.abs();
            Some((cost(row.result), (estimate - exact) / unit, index))
        })
    })
}

fn deviation_panel(question: &Question<'_>) -> Panel {
    let line = |y: f64, style: Style| Layer::HorizontalLine { y, style: style.weight(0.6), label: None };
    let mut layers = vec![
        line(0.0, Style::ink()),
        line(-2.0, Style::grey().dash(Dash::Dashed)),
        line(2.0, Style::grey().dash(Dash::Dashed)),
    ];
    let mut most = 3.0_f64;
    for index in 0..question.estimators.len() {
        let (x, y): (Vec<f64>, Vec<f64>) =
            known(question).filter(|(.., of)| *of == index).map(|(x, y, _)| (x, y)).unzip();
        most = y.iter().fold(most, |most, y| most.max(1.15 * y.abs()));
        layers.push(Layer::points(x, y, Style::series(index)));
    }
    let mut panel = Panel::new(axis(), Axis::linear("deviation / error").from_to(-most, most), layers);
    panel.legend = LegendPlace::None;
    panel.joined(Joined::Above)
}

/// A sentence with the steps that each estimator needs for one common error, from the mean of its points. Where there
/// are several questions it is of the first.
fn prices(questions: &[&mut Question<'_>]) -> String {
    let Some(question) = questions.first() else { return String::new() };
    let prices: Vec<String> = question
        .estimators
        .iter()
        .map(|estimator| format!("{} (${}$)", estimator.name, words::bare(price(estimator), 2)))
        .collect();
    let of = if questions.len() > 1 { " in the first panel" } else { "" };
    format!(r" Steps for an error of $1\,\%$ at that rate{of}: {}.", prices.join(", "))
}
