//! Uncorrected and step-corrected mean times against the time step.

use super::curve;
use super::data::{self, Row, Series, Variable};
use super::words;
use crate::figure::{Axis, Dash, Figure, Layer, Panel, Style};
use crate::study::Study;
use crate::summary::QuantityResult;

/// One panel a combination of everything else that is swept.
pub(super) fn figures(study: &Study) -> Vec<Figure> {
    let rows = data::mean_times(study);
    let series = data::series(&rows, &Variable::Step);
    if series.is_empty() {
        return Vec::new();
    }
    let y_label = data::time_label(&rows);
    let (contents, total) = data::panels(series, 1);
    let all: Vec<&Series<'_>> =
        contents.iter().flat_map(|content| content.series.iter().map(|(_, one)| one)).collect();
    let panels: Vec<Panel> = contents
        .iter()
        .flat_map(|content| content.series.iter().map(move |(_, one)| (content, one)))
        .map(|(content, one)| {
            let mut panel = panel(one, &y_label);
            panel.title = (!content.title.is_empty()).then(|| content.title.clone());
            panel
        })
        .collect();
    let caption = format!(
        "{} Mean time against the time step. Open points: uncorrected; filled points: after the step correction, \
         with 95 % intervals of statistical and step error together; line: the value at step 0 that is known \
         beforehand.{}{}",
        data::title(study),
        removed(&all),
        curve::shown(contents.len(), total),
    );
    vec![curve::arranged(Figure { caption, ..Figure::new("convergence", panels) })]
}

fn panel(one: &Series<'_>, y_label: &str) -> Panel {
    let mut layers = Vec::new();
    if let Some((value, exact)) = reference(one) {
        let (dash, label) = if exact { (Dash::Solid, "exact") } else { (Dash::Dashed, "small-noise theory") };
        layers.push(Layer::HorizontalLine {
            y: value,
            style: Style::ink().dash(dash),
            label: Some(label.into()),
        });
    }
    let fine: Vec<Option<f64>> = one.rows.iter().map(|row| uncorrected(row.result)).collect();
    if fine.iter().any(Option::is_some) {
        let number = |value: Option<f64>| value.unwrap_or(f64::NAN);
        let half: Vec<f64> = one.rows.iter().map(|row| number(uncorrected_half_width(row))).collect();
        let y: Vec<f64> = fine.into_iter().map(number).collect();
        let end = |sign: f64| y.iter().zip(&half).map(|(y, half)| y + sign * half).collect::<Vec<_>>();
        let style = Style::series(1).open();
        let (lo, hi) = (end(-1.0), end(1.0));
        layers.push(Layer::points_with_errors(one.x.clone(), y, lo, hi, style).labelled("uncorrected"));
    }
    layers.push(curve::simulated(one, Style::series(0), "step-corrected"));
    Panel::new(Axis::log(r"time step $h$"), Axis::linear(y_label), layers)
}

fn uncorrected(result: &QuantityResult) -> Option<f64> {
    Some(result.discretisation_bias.as_ref()?.fine)
}

/// 95 % half-width of the uncorrected mean, from the second moment of the same paths where it was
/// reported and every path ended.
fn uncorrected_half_width(row: &Row<'_>) -> Option<f64> {
    let result = row.result;
    if result.censored + result.diverged > 0 || result.paths == 0 {
        return None;
    }
    let second = row.summary.results.iter().find(|other| {
        other.quantity == "second_moment" && other.task == result.task && other.from == result.from
    })?;
    let mean = uncorrected(result)?;
    let variance = uncorrected(second)? - mean * mean;
    (variance >= 0.0).then(|| 1.96 * (variance / result.paths as f64).sqrt())
}

/// The value at step 0, and whether it is exact.
fn reference(one: &Series<'_>) -> Option<(f64, bool)> {
    let result = one.rows.first()?.result;
    result.exact.map(|value| (value, true)).or(result.asymptotic.map(|value| (value, false)))
}

/// A sentence with the step error at the largest step, before and after the correction.
fn removed(series: &[&Series<'_>]) -> String {
    let mut worst: Option<(f64, f64, f64)> = None;
    for one in series {
        let (Some((value, true)), Some(row), Some(step)) = (reference(one), one.rows.last(), one.x.last())
        else {
            continue;
        };
        let (Some(fine), Some(corrected)) = (uncorrected(row.result), row.result.estimate) else { continue };
        let error = 100.0 * (fine / value - 1.0);
        if worst.is_none_or(|(_, other, _)| error.abs() > other.abs()) {
            worst = Some((*step, error, 100.0 * (corrected / value - 1.0)));
        }
    }
    worst.map_or_else(String::new, |(step, before, after)| {
        let percent = |x: f64| format!(r"${}\,\%$", words::bare(x, 2));
        format!(
            " The largest uncorrected error, {} at step {}, becomes {}.",
            percent(before),
            words::number(step),
            percent(after)
        )
    })
}
