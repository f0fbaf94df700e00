//! Survival curves against exponential laws.

use super::curve;
use super::data::{self, Part, Row, Variable};
use super::words;
use crate::estimate::SurvivalCurve;
use crate::exact::{self, nonlocal::Questions};
use crate::figure::{Axis, Dash, Figure, Inset, Layer, LegendPlace, Marker, Panel, Style};
use crate::study::{EnsembleData, Study};

const MOST: usize = 4;
/// Critical value at the 5 % level of `sqrt(n)` times the Kolmogorov distance to an exponential law
/// with estimated mean (Lilliefors 1969).
const CRITICAL: f64 = 1.08;
/// Quantiles in the inset, and its share of the frame.
const QUANTILES: usize = 100;
const INSET: [f64; 2] = [0.4, 0.43];
/// A wider band, of some hundred paths, would reach under the inset.
const WIDEST_WITH_INSET: f64 = 0.13;
/// Relative error of an exact curve: it is drawn to three digits.
const TOLERANCE: f64 = 1e-3;
/// An exact curve is drawn where the mean takes a mesh of at most so many unknowns: a fraction of a second.
const MOST_UNKNOWNS: usize = 500;
/// Where an exact curve is computed, as shares of the time shown; its logarithm is nearly straight between them.
const TIMES: [f64; 15] =
    [0.01, 0.02, 0.035, 0.05, 0.07, 0.09, 0.11, 0.135, 0.165, 0.2, 0.25, 0.35, 0.5, 0.75, 1.0];

/// One ensemble with its row.
struct Curve<'a> {
    row: Row<'a>,
    ensemble: &'a EnsembleData,
    survival: &'a SurvivalCurve,
    /// The mean of the same paths.
    mean: f64,
    /// Everything but the amplitude.
    parts: Vec<Part>,
}

/// Up to four ensembles: of each noise and each problem the one with the smallest amplitude.
pub(super) fn figures(study: &Study) -> Vec<Figure> {
    let mut curves: Vec<Curve<'_>> = Vec::new();
    for row in data::mean_times(study) {
        let Some(ensemble) = row.ensemble else { continue };
        let Some(survival) = ensemble.survival.as_ref().filter(|curve| curve.time.len() > 2) else {
            continue;
        };
        let fine = row.result.discretisation_bias.as_ref().map(|bias| bias.fine).or(row.result.estimate);
        let Some(mean) = fine.filter(|mean| *mean > 0.0 && mean.is_finite()) else { continue };
        let parts = row.parts(&Variable::Epsilon);
        let new = Curve { row, ensemble, survival, mean, parts };
        match curves.iter_mut().find(|other| other.parts == new.parts) {
            Some(other) if other.row.data.noise.epsilon() <= row.data.noise.epsilon() => {}
            Some(other) => *other = new,
            None => curves.push(new),
        }
    }
    let total = curves.len();
    let chosen = data::spread(total, MOST);
    let curves: Vec<&Curve<'_>> = chosen.iter().filter_map(|&index| curves.get(index)).collect();
    if curves.is_empty() {
        return Vec::new();
    }
    let slots = curves[0].parts.len();
    let varying: Vec<usize> = (0..slots)
        .filter(|&slot| curves.iter().any(|curve| curve.parts[slot] != curves[0].parts[slot]))
        .collect();
    let panels: Vec<Panel> = curves.iter().map(|curve| panel(curve, &varying)).collect();
    let labelled =
        |label: &str| panels.iter().flat_map(|panel| &panel.layers).any(|layer| layer.label() == Some(label));
    let caption = format!(
        "{} Share of paths not yet out, with its 95 % band for the whole curve at once; time in units of the mean of \
         the same paths. Dotted: the exponential law of that mean.{}{}{}{}{}",
        data::title(study),
        if labelled(THEORY) { " Dashed: that of the mean by the small-noise theory." } else { "" },
        if labelled(EXACT) { " Thin solid line: the exact law." } else { "" },
        if panels.iter().any(|panel| panel.inset.is_some()) {
            " Inset: quantiles of the times against those of the exponential law, with the same band; on the diagonal \
             they agree."
        } else {
            ""
        },
        distances(&curves),
        curve::shown(curves.len(), total),
    );
    vec![curve::arranged(Figure { caption, ..Figure::new("survival", panels) })]
}

/// What the exact curve and that of the theory are called.
const EXACT: &str = "exact";
const THEORY: &str = "exponential, theory's mean";

/// The exact survival function up to a time in units of the simulated mean, where it is quickly computed.
fn exact_curve(curve: &Curve<'_>, end: f64) -> Option<Layer> {
    let data = curve.row.data;
    let solve = |questions: &Questions| {
        let problem = &curve.ensemble.problem;
        exact::solve(data.potential.as_ref(), &data.landscape, data.noise, problem, questions)
    };
    let rough = Questions { tolerance: TOLERANCE, ..Questions::default() };
    let size = solve(&rough).levels.last().map(|(size, _)| *size);
    if size.is_some_and(|size| size > MOST_UNKNOWNS) {
        return None;
    }
    let times: Vec<f64> = TIMES.iter().map(|share| share * end).collect();
    let questions =
        Questions { survival_times: times.iter().map(|time| time * curve.mean).collect(), ..rough };
    let known = solve(&questions).survival;
    let (mut x, mut y) = (vec![0.0], vec![1.0]);
    for (time, value) in times.into_iter().zip(known) {
        // A relative error of several per cent would be seen.
        let value = value.filter(|value| value.error <= 0.02 * value.value)?;
        x.push(time);
        y.push(value.value);
    }
    (x.len() > 1).then(|| Layer::line(x, y, Style::ink().dash(curve::EXACT).weight(0.8)).labelled(EXACT))
}

/// Quantiles of the times over their mean against those of the exponential law, with the band of the survival
/// function turned on its side.
fn quantiles(curve: &Curve<'_>) -> Panel {
    let survival = curve.survival;
    // The first time at which no more than this share is left.
    let quantile = |share: f64| {
        let at = survival.survival.partition_point(|left| *left > share);
        survival.time.get(at).map_or(f64::NAN, |time| time / curve.mean)
    };
    let shares: Vec<f64> = (0..QUANTILES).map(|k| 1.0 - (k as f64 + 0.5) / QUANTILES as f64).collect();
    let x: Vec<f64> = shares.iter().map(|share| -libm::log(*share)).collect();
    let moved = |by: f64| -> Vec<f64> {
        shares
            .iter()
            .map(|share| match share + by {
                left if left >= 1.0 => 0.0,
                // Nothing bounds the slowest times from above.
                left if left <= 0.0 => f64::NAN,
                left => quantile(left),
            })
            .collect()
    };
    let (lower, upper) = (moved(survival.half_width), moved(-survival.half_width));
    let y = moved(0.0);
    let end = 1.04 * x.iter().chain(&y).filter(|x| x.is_finite()).fold(1.0_f64, |most, x| most.max(*x));
    let style = Style::series(0);
    let layers = vec![
        Layer::band(x.clone(), lower, upper, style),
        Layer::line(vec![0.0, end], vec![0.0, end], Style::ink().weight(0.6)),
        Layer::points(x, y, style.marker(Marker::Circle).size(0.45)),
    ];
    let axis = |label: &str| Axis::linear(label).from_to(0.0, end);
    Panel::new(axis("exponential"), axis("measured"), layers)
}

fn panel(curve: &Curve<'_>, varying: &[usize]) -> Panel {
    let survival = curve.survival;
    let bottom = (0.5 * survival.half_width).clamp(1e-3, 0.05);
    let end = -1.02 * libm::log(bottom);
    let time: Vec<f64> = survival.time.iter().map(|time| time / curve.mean).collect();
    let shifted = |by: f64| survival.survival.iter().map(|share| (share + by).min(1.0)).collect::<Vec<_>>();
    let law = |rate: f64| {
        let x = data::between(0.0, end, 41, false);
        let y = x.iter().map(|x| libm::exp(-rate * x)).collect::<Vec<_>>();
        (x, y)
    };
    let style = Style::series(0);
    let (x, y) = law(1.0);
    // After the last exit nothing survives: the curve ends there, it does not fall off a logarithmic axis.
    let shown = survival.survival.iter().take_while(|share| **share > 0.0).count();
    let simulation = Layer::line(
        time[..shown].to_vec(),
        survival.survival[..shown].to_vec(),
        style.dash(Dash::Solid).weight(2.0),
    );
    let mut layers = vec![
        Layer::band(time, shifted(-survival.half_width), shifted(survival.half_width), style),
        simulation.labelled("simulation"),
        Layer::line(x, y, Style::grey().dash(Dash::Dotted).weight(1.2)).labelled("exponential, same mean"),
    ];
    if let Some(theory) = curve.row.result.asymptotic.filter(|mean| *mean > 0.0) {
        let (x, y) = law(curve.mean / theory);
        let style = Style::series(1).dash(curve::THEORY);
        layers.push(Layer::line(x, y, style).labelled(THEORY));
    }
    layers.extend(exact_curve(curve, end));
    let x = Axis::linear(r"time $t\,/\,\mathbb{E}\,\tau$").from_to(0.0, end);
    let y = Axis::log(r"probability $\mathbb{P}(\tau > t)$").from_to(bottom, 1.25);
    let noise = curve.row.data.noise;
    let last = curve.parts.len().saturating_sub(1);
    let mut words: Vec<String> = vec![words::noise(noise), words::amplitude(noise.epsilon())];
    words.extend(varying.iter().filter(|&&slot| slot != last).map(|&slot| curve.parts[slot].label.clone()));
    let mut panel = Panel::new(x, y, layers).titled(words::joined(&words));
    panel.legend = LegendPlace::Auto;
    if survival.half_width <= WIDEST_WITH_INSET {
        let inset = Inset::new(quantiles(curve));
        panel.inset = Some(Box::new(Inset { place: LegendPlace::TopRight, size: INSET, ..inset }));
    }
    panel
}

fn distances(curves: &[&Curve<'_>]) -> String {
    let letters = (b'a'..).map(char::from);
    let found: Vec<String> = curves
        .iter()
        .zip(letters)
        .filter_map(|(curve, letter)| {
            let distance = words::number(curve.ensemble.exponential_distance?);
            Some(if curves.len() > 1 { format!("{distance} in ({letter})") } else { distance })
        })
        .collect();
    if found.is_empty() {
        return String::new();
    }
    format!(
        r" $\sqrt{{n}}$ times the largest distance to it: {}; above {} an exponential law is rejected at the 5 % level.",
        found.join(", "),
        words::number(CRITICAL)
    )
}
