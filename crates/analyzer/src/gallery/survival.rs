//! Survival curves against exponential laws.

use super::curve;
use super::data::{self, Part, Row, Variable};
use super::words;
use crate::estimate::SurvivalCurve;
use crate::figure::{Axis, Dash, Figure, Layer, LegendPlace, Panel, Style};
use crate::study::{EnsembleData, Study};

const MOST: usize = 4;
/// Critical value at the 5 % level of `sqrt(n)` times the Kolmogorov distance to an exponential law
/// with estimated mean (Lilliefors 1969).
const CRITICAL: f64 = 1.08;

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
    let caption = format!(
        "{} Share of paths not yet out, with its 95 % band for the whole curve at once; time in units of the mean of \
         the same paths. The exponential law of that mean is the straight line.{}{}",
        data::title(study),
        distances(&curves),
        curve::shown(curves.len(), total),
    );
    vec![curve::arranged(Figure { caption, ..Figure::new("survival", panels) })]
}

fn panel(curve: &Curve<'_>, varying: &[usize]) -> Panel {
    let survival = curve.survival;
    let bottom = (0.5 * survival.half_width).clamp(1e-3, 0.05);
    let end = 1.02 * -bottom.ln();
    let time: Vec<f64> = survival.time.iter().map(|time| time / curve.mean).collect();
    let shifted = |by: f64| survival.survival.iter().map(|share| (share + by).min(1.0)).collect::<Vec<_>>();
    let law = |rate: f64| {
        let x = data::between(0.0, end, 41, false);
        let y = x.iter().map(|x| (-rate * x).exp()).collect::<Vec<_>>();
        (x, y)
    };
    let style = Style::series(0);
    let (x, y) = law(1.0);
    // After the last exit nothing survives: the curve ends there, it does not fall off a logarithmic axis.
    let shown = survival.survival.iter().take_while(|share| **share > 0.0).count();
    let simulation = Layer::line(
        time[..shown].to_vec(),
        survival.survival[..shown].to_vec(),
        style.dash(Dash::Solid).weight(1.5),
    );
    let mut layers = vec![
        Layer::band(time, shifted(-survival.half_width), shifted(survival.half_width), style),
        simulation.labelled("simulation"),
        Layer::line(x, y, Style::ink().weight(0.6)).labelled("exponential law, same mean"),
    ];
    if let Some(theory) = curve.row.result.asymptotic.filter(|mean| *mean > 0.0) {
        let (x, y) = law(curve.mean / theory);
        let style = Style::series(1).dash(Dash::Dashed);
        layers.push(Layer::line(x, y, style).labelled("exponential law, theory's mean"));
    }
    let x = Axis::linear(r"time $t\,/\,\mathbb{E}\,\tau$").from_to(0.0, end);
    let y = Axis::log(r"$\mathbb{P}(\tau > t)$").from_to(bottom, 1.25);
    let noise = curve.row.data.noise;
    let last = curve.parts.len().saturating_sub(1);
    let mut words: Vec<String> = vec![words::noise(noise), words::amplitude(noise.epsilon())];
    words.extend(varying.iter().filter(|&&slot| slot != last).map(|&slot| curve.parts[slot].label.clone()));
    let mut panel = Panel::new(x, y, layers).titled(words::joined(&words));
    panel.legend = LegendPlace::Auto;
    panel
}

fn distances(curves: &[&Curve<'_>]) -> String {
    let found: Vec<String> = curves
        .iter()
        .filter_map(|curve| {
            let distance = curve.ensemble.exponential_distance?;
            Some(format!("{} ({})", words::number(distance), words::noise(curve.row.data.noise)))
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
