//! Mean times against the time step, and the step error with the order at which it vanishes.

use super::curve;
use super::data::{self, Row, Series, Variable};
use super::words;
use crate::estimate::{NORMAL_95, weak_order};
use crate::figure::{Anchor, Axis, Dash, Figure, Joined, Layer, LegendPlace, Marker, Panel, Scale, Style};
use crate::study::Study;
use crate::summary::QuantityResult;
use crate::theory::NoiseLaw;

/// Height of the panel of errors beside that of the times above it.
const ERROR_HEIGHT: f64 = 0.8;
/// An order is fitted between these.
const ORDERS: [f64; 2] = [-1.0, 4.0];
/// An order with a larger standard error says nothing.
const LEAST_SURE: f64 = 0.5;

/// One pair of panels a combination of everything else that is swept: times above, step errors below.
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
    let mut groups: Vec<[Option<Panel>; 2]> = contents
        .iter()
        .flat_map(|content| content.series.iter().map(move |(_, one)| (content, one)))
        .map(|(content, one)| {
            let mut main = times(one, &y_label);
            main.title = (!content.title.is_empty()).then(|| content.title.clone());
            [Some(main), errors(one)]
        })
        .collect();
    explain_once(&mut groups);
    let below = if groups.iter().any(|group| group[1].is_some()) {
        " Below: size of the step error $b(h)$ of the uncorrected mean, from paths at steps $h$ and $2h$ on the same noise, and \
         against the exact value where one is known; triangles point up where the mean is too large and down where it is \
         too small, open ones have a 95 % interval that contains 0. Line: the fitted power $C h^p$, signs and standard \
         errors counted; dotted: the order that the correction takes for granted."
    } else {
        ""
    };
    let caption = format!(
        "{} Mean time against the time step.{} Open points: uncorrected; filled points: after the step correction, \
         side by side, with 95 % intervals of statistical and step error together; level line: the value at step 0 that is known \
         beforehand.{below}{}",
        data::title(study),
        removed(&all),
        curve::shown(contents.len(), total),
    );
    let figure = Figure { caption, ..Figure::new("convergence", Vec::new()) };
    vec![curve::stacked(figure, groups, ERROR_HEIGHT)]
}

/// Leaves what a marker means to the legend of the first panel of a row's kind that says it; the orders are every
/// panel's own.
fn explain_once(groups: &mut [[Option<Panel>; 2]]) {
    for row in [0, 1] {
        let mut said: Vec<String> = Vec::new();
        for panel in groups.iter_mut().filter_map(|group| group[row].as_mut()) {
            let mut new: Vec<String> = Vec::new();
            for layer in &mut panel.layers {
                let Layer::Points { label, .. } = layer else { continue };
                if label.as_ref().is_some_and(|label| said.contains(label)) {
                    *label = None;
                }
                new.extend(label.clone());
            }
            said.extend(new);
            let lines = panel.layers.iter().any(|layer| matches!(layer, Layer::Line { label: Some(_), .. }));
            let points =
                panel.layers.iter().any(|layer| matches!(layer, Layer::Points { label: Some(_), .. }));
            if !lines && !points {
                panel.legend = LegendPlace::None;
            }
        }
    }
}

fn step_axis() -> Axis {
    Axis::log(r"time step $h$")
}

fn times(one: &Series<'_>, y_label: &str) -> Panel {
    let mut layers = Vec::new();
    if let Some((value, exact)) = reference(one) {
        let (dash, label) =
            if exact { (curve::EXACT, "exact") } else { (curve::THEORY, "small-noise theory") };
        layers.push(Layer::HorizontalLine {
            y: value,
            style: Style::ink().dash(dash),
            label: Some(label.into()),
        });
    }
    let fine: Vec<Option<f64>> = one.rows.iter().map(|row| uncorrected(row.result)).collect();
    if fine.iter().any(Option::is_some) {
        let mut places = curve::side_by_side(&[&one.x, &one.x], Scale::Log).into_iter();
        let [left, right] = [(); 2].map(|()| places.next().unwrap_or_default());
        let number = |value: Option<f64>| value.unwrap_or(f64::NAN);
        let half: Vec<f64> = one.rows.iter().map(|row| number(uncorrected_half_width(row))).collect();
        let y: Vec<f64> = fine.into_iter().map(number).collect();
        let end = |sign: f64| y.iter().zip(&half).map(|(y, half)| y + sign * half).collect::<Vec<_>>();
        let style = Style::series(1).open();
        let (lo, hi) = (end(-1.0), end(1.0));
        layers.push(Layer::points_with_errors(left, y, lo, hi, style).labelled("uncorrected"));
        let corrected = Series { parts: Vec::new(), x: right, rows: one.rows.clone() };
        layers.push(curve::simulated(&corrected, Style::series(0), "step-corrected"));
    } else {
        layers.push(curve::simulated(one, Style::series(0), "step-corrected"));
    }
    Panel::new(step_axis(), Axis::linear(y_label), layers)
}

/// A step error with its standard error.
#[derive(Clone, Copy, Debug, PartialEq)]
struct StepError {
    step: f64,
    value: f64,
    std_error: f64,
}

/// Errors from pairs of paths, and against the exact value.
fn step_errors(one: &Series<'_>) -> [Vec<StepError>; 2] {
    let rows = || one.x.iter().zip(&one.rows);
    let usable = |error: &StepError| {
        error.value != 0.0 && error.value.is_finite() && error.std_error > 0.0 && error.std_error.is_finite()
    };
    let paired = rows().filter_map(|(&step, row)| {
        let bias = row.result.discretisation_bias.as_ref()?;
        Some(StepError { step, value: bias.estimate, std_error: bias.std_error })
    });
    let against = rows().filter_map(|(&step, row)| {
        let value = uncorrected(row.result)? - row.result.exact?;
        Some(StepError { step, value, std_error: uncorrected_half_width(row)? / NORMAL_95 })
    });
    [paired.filter(usable).collect(), against.filter(usable).collect()]
}

/// Step errors on axes of logarithms, with the fitted order. `None` without any.
fn errors(one: &Series<'_>) -> Option<Panel> {
    let [paired, against] = step_errors(one);
    let fitted = if paired.is_empty() { &against } else { &paired };
    if fitted.is_empty() {
        return None;
    }
    let ends = [one.x.first().copied()?, one.x.last().copied()?];
    let power = |coefficient: f64, order: f64| ends.map(|h| coefficient.abs() * libm::pow(h, order)).to_vec();
    let mut layers = Vec::new();
    let fit = Fit::of(fitted);
    if let Some(fit) = fit {
        let line = Layer::line(ends.to_vec(), power(fit.coefficient, fit.order), Style::ink().weight(0.8));
        layers.push(line.labelled(format!("fit: order ${} \\pm {}$", two(fit.order), two(fit.std_error))));
        let expected = one.rows.first().and_then(|row| expected_order(row.data.noise));
        if let Some((order, words)) = expected {
            // Through the fit where its value is known best: in the middle of the steps, by their logarithms.
            let middle = (ends[0] * ends[1]).sqrt();
            let coefficient = fit.coefficient * libm::pow(middle, fit.order - order);
            let style = Style::grey().dash(Dash::Dotted).weight(1.2);
            layers.push(Layer::line(ends.to_vec(), power(coefficient, order), style).labelled(words));
        }
    }
    let kinds =
        [(&against, "against exact", Style::series(2)), (&paired, "from $h$ and $2h$", Style::series(1))];
    for (list, label, style) in kinds {
        // One layer a direction and fill; the legend shows each label once with its first look.
        let mut named = false;
        for positive in [true, false] {
            for clear in [true, false] {
                let chosen: Vec<&StepError> = list
                    .iter()
                    .filter(|error| (error.value > 0.0) == positive && error.is_clear() == clear)
                    .collect();
                if chosen.is_empty() {
                    continue;
                }
                let marker = if positive { Marker::TriangleUp } else { Marker::TriangleDown };
                let style = Style { open: !clear, ..style.marker(marker) };
                let end = |sign: f64| {
                    let half = |error: &&StepError| error.value.abs() + sign * NORMAL_95 * error.std_error;
                    chosen.iter().map(half).collect::<Vec<_>>()
                };
                let layer = Layer::points_with_errors(
                    chosen.iter().map(|error| error.step).collect(),
                    chosen.iter().map(|error| error.value.abs()).collect(),
                    end(-1.0),
                    end(1.0),
                    style,
                );
                layers.push(if named { layer } else { layer.labelled(label) });
                named = true;
            }
        }
    }
    let y = error_axis(&paired, &against);
    if fit.is_none() {
        let (Some([_, high]), Some(first)) = (y.range, one.x.first()) else { return None };
        layers.push(Layer::text(*first, high, "no order resolved", Anchor::TopLeft));
    }
    let mut panel = Panel::new(step_axis(), y, layers).joined(Joined::Above);
    panel.title = None;
    Some(panel)
}

/// An axis that holds all sizes and the upper ends of their intervals; lower ends that come close to 0 are cut.
fn error_axis(paired: &[StepError], against: &[StepError]) -> Axis {
    let axis = Axis::log(r"step error $|b(h)|$");
    let all = || paired.iter().chain(against);
    let high = all().map(|error| error.value.abs() + NORMAL_95 * error.std_error).reduce(f64::max);
    let low = all()
        .map(|error| {
            let size = error.value.abs();
            (size - NORMAL_95 * error.std_error).max(if error.is_clear() { 0.3 * size } else { 0.7 * size })
        })
        .reduce(f64::min);
    match (low, high) {
        (Some(low), Some(high)) => axis.from_to(low / 1.3, high * 1.3),
        _ => axis,
    }
}

impl StepError {
    /// Whether its 95 % interval lies on one side of 0.
    fn is_clear(&self) -> bool {
        self.value.abs() > NORMAL_95 * self.std_error
    }
}

/// The order that the correction takes for granted, and its name.
fn expected_order(noise: NoiseLaw) -> Option<(f64, String)> {
    match (noise.diffusion(), noise.jump_index()) {
        (Some(_), _) => Some((weak_order(2.0, true), "order $1$".into())),
        (None, Some(alpha)) if alpha > 1.0 => {
            Some((weak_order(alpha, false), format!(r"order $1/\alpha = {}$", two(1.0 / alpha))))
        }
        (None, Some(alpha)) => Some((weak_order(alpha, false), "order $1$".into())),
        (None, None) => None,
    }
}

fn two(x: f64) -> String {
    format!("{x:.2}")
}

/// A fitted power `C h^p`.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Fit {
    coefficient: f64,
    order: f64,
    /// Standard error of the order.
    std_error: f64,
}

impl Fit {
    /// The least sum of `((b - C h^p)/s)^2`. Signs count and nothing is left out: a logarithm would lose errors that
    /// came out with the other sign, and the order with them. The standard error is that of the problem made linear
    /// at its solution. `None` unless the order is found inside [`ORDERS`] to within [`LEAST_SURE`].
    fn of(errors: &[StepError]) -> Option<Fit> {
        if errors.len() < 2 {
            return None;
        }
        // Logarithms about the middle, so that C and p are nearly independent.
        let centre = errors.iter().map(|error| libm::log(error.step)).sum::<f64>() / errors.len() as f64;
        let log = |error: &StepError| libm::log(error.step) - centre;
        let weight = |error: &StepError| 1.0 / (error.std_error * error.std_error);
        let sum = |of: &dyn Fn(&StepError) -> f64| errors.iter().map(of).sum::<f64>();
        let coefficient = |p: f64| {
            let shape = |error: &StepError| libm::exp(p * log(error));
            sum(&|error| weight(error) * error.value * shape(error))
                / sum(&|error| weight(error) * shape(error) * shape(error))
        };
        let distance = |p: f64| {
            let c = coefficient(p);
            sum(&|error| {
                let off = error.value - c * libm::exp(p * log(error));
                weight(error) * off * off
            })
        };
        const GRID: usize = 100;
        let at = |k: usize| ORDERS[0] + (ORDERS[1] - ORDERS[0]) * k as f64 / GRID as f64;
        let best = (0..=GRID).min_by(|&a, &b| distance(at(a)).total_cmp(&distance(at(b))))?;
        if best == 0 || best == GRID {
            return None;
        }
        let order = least(&distance, [at(best - 1), at(best + 1)]);
        let c = coefficient(order);
        // Derivatives by C and by p of the model, weighted.
        let shape = |error: &StepError| libm::exp(order * log(error));
        let by_c = sum(&|error| weight(error) * shape(error) * shape(error));
        let mixed = sum(&|error| weight(error) * shape(error) * shape(error) * c * log(error));
        let by_p = sum(&|error| {
            let slope = shape(error) * c * log(error);
            weight(error) * slope * slope
        });
        let std_error = (by_c / (by_c * by_p - mixed * mixed)).sqrt();
        let sure = std_error <= LEAST_SURE;
        sure.then(|| Fit { coefficient: c * libm::exp(-order * centre), order, std_error })
    }
}

/// The place of the least value of a function with one minimum, by the golden section.
fn least(f: &dyn Fn(f64) -> f64, [mut low, mut high]: [f64; 2]) -> f64 {
    let golden = 0.5 * (5.0_f64.sqrt() - 1.0);
    for _ in 0..60 {
        let step = golden * (high - low);
        if f(high - step) <= f(low + step) { high = low + step } else { low = high - step }
    }
    0.5 * (low + high)
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
    (variance >= 0.0).then(|| NORMAL_95 * (variance / result.paths as f64).sqrt())
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::estimate::test_numbers::Numbers;

    /// Errors `0.3 h^p` with relative standard errors, disturbed by them.
    fn made(order: f64, share: f64, numbers: &mut Numbers) -> Vec<StepError> {
        [0.04, 0.02, 0.01, 0.005, 0.0025]
            .into_iter()
            .map(|step| {
                let truth = 0.3 * libm::pow(step, order);
                let std_error = share * truth;
                StepError { step, value: truth + std_error * numbers.normal(), std_error }
            })
            .collect()
    }

    #[test]
    fn orders_are_found_within_their_errors() {
        let mut numbers = Numbers::new(5);
        for order in [0.5, 2.0 / 3.0, 1.0] {
            let (mut inside, mut sum) = (0, 0.0);
            for _ in 0..400 {
                let fit = Fit::of(&made(order, 0.1, &mut numbers)).unwrap();
                inside += u32::from((fit.order - order).abs() < NORMAL_95 * fit.std_error);
                sum += (fit.order - order) / fit.std_error;
            }
            // 95 % of 400 within six standard deviations (1.1 % each); the mean of 400 within six of 0.05, and 0.1
            // for the curvature of the problem.
            assert!((f64::from(inside) / 400.0 - 0.95).abs() < 6.0 * 0.011, "{order} {inside}");
            assert!((sum / 400.0).abs() < 6.0 * 0.05 + 0.1, "{order} {sum}");
        }
        let exact = Fit::of(&made(0.5, 1e-9, &mut numbers)).unwrap();
        assert!((exact.order - 0.5).abs() < 1e-6 && (exact.coefficient - 0.3).abs() < 1e-6);
    }

    #[test]
    fn signs_count() {
        // One error with the other sign, within its own standard error of 0.
        let mut errors = made(1.0, 1e-9, &mut Numbers::new(1));
        errors.iter_mut().for_each(|error| error.std_error = 2e-4);
        errors[4].value = -1e-4;
        let fit = Fit::of(&errors).unwrap();
        assert!(fit.coefficient > 0.0 && fit.order > 1.0 && fit.std_error < 0.2, "{fit:?}");
        assert!(!errors[4].is_clear() && errors[0].is_clear());
        // Nothing but noise has no order.
        for (k, error) in errors.iter_mut().enumerate() {
            error.value = if k % 2 == 0 { 1e-4 } else { -1e-4 };
        }
        assert_eq!(Fit::of(&errors), None);
        assert_eq!(Fit::of(&errors[..1]), None);
    }
}
