//! The tail index of a sample: tail, tail P-P plot, Hill plot and empirical characteristic function.

use super::words;
use crate::estimate::tail::{Estimator, HillPoint, TailEstimate, TailIndex, hill};
use crate::figure::{Axis, Dash, Figure, Layer, LegendPlace, Marker, Panel, Style, TWO_COLUMNS_MM};

const HEIGHT_MM: f64 = 132.0;
/// The part of the tail that is drawn: exceedances up to this share.
const BODY: f64 = 0.9;
/// The lowest fitted exceedance that is drawn, in units of 1/n.
const LOWEST: f64 = 1e-3;
/// Height of the Hill plot, in units of the largest estimate.
const HEADROOM: f64 = 1.6;

/// The figure `name` of a sample, in four panels: (a) its tail with that of the fitted stable law and Hill's power,
/// (b) the exceedances of the fitted law against the empirical ones with a 95 % band for all at once, (c) Hill's
/// estimate over the number of order statistics with the other estimates, (d) the empirical characteristic function with
/// the fitted power. `title` opens the caption.
#[must_use]
pub fn tail_index(name: &str, title: &str, index: &TailIndex) -> Figure {
    let chosen = index
        .estimate(Estimator::Hill)
        .and_then(|estimate| index.hill_plot.iter().find(|point| Some(point.k) == estimate.k));
    let mut panels = vec![tail(index, chosen)];
    if index.fitted().is_some() {
        panels.push(probabilities(index));
    }
    panels.push(hill_plot(index, chosen));
    if !index.ecf.is_empty() {
        panels.push(characteristic_function(index));
    }
    let mut figure = Figure::new(name, panels);
    figure.width_mm = TWO_COLUMNS_MM;
    figure.height_mm = Some(HEIGHT_MM);
    figure.columns = 2;
    figure.caption = caption(title, index);
    figure
}

fn tail(index: &TailIndex, chosen: Option<&HillPoint>) -> Panel {
    let shown = || index.tail.iter().filter(|point| point.empirical <= BODY && point.distance > 0.0);
    let x: Vec<f64> = shown().map(|point| point.distance).collect();
    let mut layers = Vec::new();
    if index.fitted().is_some() {
        let y = shown().map(|point| point.fitted.unwrap_or(f64::NAN)).collect();
        let style = Style::series(1).dash(Dash::Solid).weight(1.3);
        layers.push(Layer::line(x.clone(), y, style).labelled("fitted stable law"));
    }
    if let Some(point) = chosen {
        let largest = x.iter().copied().fold(point.threshold, f64::max);
        let share = point.k as f64 / index.n as f64;
        let ends = vec![point.threshold, largest];
        let y = ends.iter().map(|x| share * libm::pow(x / point.threshold, -point.alpha)).collect();
        let style = Style::series(2).dash(Dash::Dashed).weight(1.3);
        layers.push(Layer::line(ends, y, style).labelled("Hill's power law"));
    }
    let y = shown().map(|point| point.empirical).collect();
    let sample = Style::series(0).marker(Marker::Circle).open().size(0.6);
    layers.insert(0, Layer::points(x, y, sample).labelled("sample"));
    Panel::new(
        Axis::log(r"distance $x$ from the median (unit of the sample)"),
        Axis::log(r"$\mathbb{P}(|X - m| > x)$"),
        layers,
    )
}

fn probabilities(index: &TailIndex) -> Panel {
    let x: Vec<f64> = index.tail.iter().map(|point| point.empirical).collect();
    let column = |k: usize| index.tail.iter().map(|point| point.band95[k]).collect::<Vec<_>>();
    let fitted: Vec<f64> = index.tail.iter().map(|point| point.fitted.unwrap_or(f64::NAN)).collect();
    let first = 1.0 / index.n as f64;
    let low = fitted.iter().copied().filter(|y| *y > 0.0).fold(0.5 * first, f64::min).max(LOWEST * first);
    let style = Style::series(0);
    let layers = vec![
        Layer::band(x.clone(), column(0), column(1), Style::grey()).labelled("95 % band"),
        Layer::line(vec![low, 1.0], vec![low, 1.0], Style::ink().weight(0.6)),
        Layer::points(x, fitted, style.marker(Marker::Circle).open().size(0.6)).labelled("sample"),
    ];
    Panel::new(
        Axis::log("empirical exceedance").from_to(0.6 * first, 1.3),
        Axis::log("exceedance of the fitted law").from_to(0.6 * low, 1.3),
        layers,
    )
}

fn hill_plot(index: &TailIndex, chosen: Option<&HillPoint>) -> Panel {
    let plot = &index.hill_plot;
    let x: Vec<f64> = plot.iter().map(|point| point.k as f64).collect();
    let end = |k: usize| plot.iter().map(|point| point.ci95[k]).collect::<Vec<_>>();
    let style = Style::series(2).dash(Dash::Solid);
    let mut layers = vec![
        Layer::band(x.clone(), end(0), end(1), style),
        Layer::line(x, plot.iter().map(|point| point.alpha).collect(), style.weight(1.3))
            .labelled("Hill, 95 % intervals"),
    ];
    let mut top = 2.0_f64;
    for (number, estimate) in index.estimators.iter().filter(|one| one.scale.is_some()).enumerate() {
        let dash = if number == 0 { Dash::Dashed } else { Dash::Dotted };
        top = top.max(estimate.alpha);
        layers.push(Layer::HorizontalLine {
            y: estimate.alpha,
            style: Style::series(if number == 0 { 1 } else { 3 }).dash(dash).weight(1.3),
            label: Some(estimate.estimator.title().into()),
        });
    }
    if let Some(point) = chosen {
        top = top.max(point.alpha);
        layers.push(Layer::VerticalLine {
            x: point.k as f64,
            style: Style::ink().dash(Dash::DashDot).weight(0.8),
            label: Some(format!("$k = {}$", point.k)),
        });
    }
    // The estimates from a few order statistics are anywhere: the frame is that of the others.
    let y = Axis::linear(r"tail index $\alpha$").from_to(0.0, HEADROOM * top);
    Panel::new(Axis::log("order statistics $k$"), y, layers)
}

fn characteristic_function(index: &TailIndex) -> Panel {
    let mut layers = Vec::new();
    if let Some((fit, scale)) = index.estimate(Estimator::Ecf).and_then(|fit| Some((fit, fit.scale?.value))) {
        let x: Vec<f64> = index.ecf.iter().map(|point| point.u).collect();
        let y = x.iter().map(|u| libm::pow(scale * u, fit.alpha)).collect();
        let label = format!(r"slope $\alpha = {}$", words::bare(fit.alpha, 4));
        layers.push(Layer::line(x, y, Style::series(1).weight(1.3).dash(Dash::Solid)).labelled(label));
    }
    for (fitted, label) in [(true, "in the regression"), (false, "beyond it")] {
        let points: Vec<_> = index.ecf.iter().filter(|point| point.fitted == fitted).collect();
        if points.is_empty() {
            continue;
        }
        let column = |value: fn(&crate::estimate::tail::EcfPoint) -> f64| {
            points.iter().map(|point| value(point)).collect::<Vec<_>>()
        };
        let style = Style::series(0).marker(Marker::Circle).size(0.8);
        let style = if fitted { style } else { style.open() };
        let layer = Layer::points_with_errors(
            column(|point| point.u),
            column(|point| point.minus_log),
            column(|point| point.ci95[0]),
            column(|point| point.ci95[1]),
            style,
        );
        layers.push(layer.labelled(label));
    }
    let mut panel =
        Panel::new(Axis::log("$u$ (1/unit of the sample)"), Axis::log(r"$-\ln\,|\hat{\varphi}(u)|$"), layers);
    panel.legend = LegendPlace::Auto;
    panel
}

fn caption(title: &str, index: &TailIndex) -> String {
    let estimates: Vec<String> = index
        .estimators
        .iter()
        .map(|one| {
            let k = one.k.map_or_else(String::new, |k| format!(" with $k = {k}$"));
            format!("{} {}{k}", one.estimator.title(), plus_minus(one))
        })
        .collect();
    let outside = index.tail.iter().filter(|point| point.is_outside() == Some(true)).count();
    let band = match (index.fitted(), outside) {
        (None, _) => String::new(),
        (Some(_), 0) => " The fitted law stays inside the band.".to_owned(),
        (Some(_), outside) => {
            format!(
                " The fitted law leaves the band at {outside} of {} order statistics shown.",
                index.tail.len()
            )
        }
    };
    let chosen = hill::chosen(&index.hill_plot).map_or(
        "",
        |_| " the vertical line marks the number of order statistics whose tail is nearest to a power law.",
    );
    let separator = if chosen.is_empty() { "." } else { ";" };
    format!(
        "{title} Tail index (with standard error): {}. {} values; tail of the distances from the median, exceedances of \
         the fitted stable law with a 95 % band for all order statistics at once, Hill's estimate against the number of \
         order statistics{separator}{chosen} Empirical characteristic function with 95 % intervals.{band}",
        words::joined(&estimates),
        index.n,
    )
}

/// An estimate with its standard error, to the digits that it leaves.
fn plus_minus(estimate: &TailEstimate) -> String {
    let decimals = if estimate.std_error >= 0.1 { 2 } else { 3 };
    format!(r"${:.decimals$}\pm{:.decimals$}$", estimate.alpha, estimate.std_error)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::estimate::tail::{Sample, StableLaw};
    use crate::figure::{Format, Theme, render};

    /// Quantiles of a stable law in place of a sample.
    fn quantiles(alpha: f64, n: usize) -> Sample {
        let law = StableLaw::new(alpha, 0.0, 2.0, 1.0).unwrap();
        let quantile = |k: usize| {
            let p = (k as f64 + 0.5) / n as f64;
            crate::estimate::invert(|x| law.below(libm::sinh(x)), p, [-20.0, 20.0])
        };
        Sample::new((0..n).map(|k| libm::sinh(quantile(k))).collect()).unwrap()
    }

    #[test]
    fn four_panels_of_a_stable_sample() {
        let index = TailIndex::new(&quantiles(1.5, 300));
        let figure = tail_index("tail_index", "A sample.", &index);
        assert_eq!((figure.panels.len(), figure.columns), (4, 2));
        for panel in &figure.panels {
            assert!(!panel.x.label.is_empty() && !panel.y.label.is_empty());
        }
        let labels: Vec<Vec<&str>> = figure
            .panels
            .iter()
            .map(|panel| panel.layers.iter().filter_map(Layer::label).collect())
            .collect();
        assert_eq!(labels[0], ["sample", "fitted stable law", "Hill's power law"]);
        assert_eq!(labels[1], ["95 % band", "sample"]);
        assert_eq!(labels[2][..3], ["Hill, 95 % intervals", "characteristic function", "quantiles"]);
        assert!(labels[2][3].starts_with("$k = "));
        assert_eq!(labels[3][1..], ["in the regression", "beyond it"]);
        // The slope of the line is the estimate, and nothing is out of the frame.
        let Layer::Line { x, y, .. } = &figure.panels[3].layers[0] else { panic!() };
        let slope = (y[1] / y[0]).ln() / (x[1] / x[0]).ln();
        assert!((slope - index.estimators[0].alpha).abs() < 1e-9);
        assert!(figure.caption.contains("stays inside the band"), "{}", figure.caption);
        for format in Format::ALL {
            let drawn = render(&figure, format, Theme::paper()).unwrap();
            assert!(!drawn.is_empty());
        }
        let svg = String::from_utf8(render(&figure, Format::Svg, Theme::paper()).unwrap()).unwrap();
        assert!(!svg.contains("not shown"), "a remark on what cannot be shown");
    }

    #[test]
    fn a_sample_that_no_stable_law_fits() {
        let two = (0..1000).map(|k| f64::from(k % 2) + 1e-3 * f64::from(k % 7)).collect();
        let index = TailIndex::new(&Sample::new(two).unwrap());
        let figure = tail_index("tail_index_2", "Two values.", &index);
        assert!(figure.panels.len() >= 2);
        assert!(render(&figure, Format::Svg, Theme::paper()).is_ok());
    }
}
