//! A study's results as rows and series: what varies along an axis, what tells curves apart, what
//! divides a figure into panels.

use serde_json::Value;

use super::words;
use crate::exact::{self, nonlocal::Questions};
use crate::figure::text::escape;
use crate::study::{EnsembleData, PointData, Study};
use crate::summary::{PointSummary, QuantityResult};
use crate::theory::{self, NoiseLaw, way_out};

/// Most curves in one panel, and most panels in one figure.
const MOST_SERIES: usize = 4;
const MOST_PANELS: usize = 8;

/// One result with the point and the ensemble that it comes from.
#[derive(Clone, Copy)]
pub(super) struct Row<'a> {
    pub summary: &'a PointSummary,
    pub data: &'a PointData,
    pub ensemble: Option<&'a EnsembleData>,
    pub result: &'a QuantityResult,
}

/// What runs along an axis.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Variable {
    Epsilon,
    Alpha,
    Step,
    /// How much is simulated, and how: the method, the scheme, their sizes.
    Effort,
    Key(String),
}

/// One thing that tells results apart: what it is exactly, and in words.
#[derive(Clone, Debug)]
pub(super) struct Part {
    pub identity: String,
    pub label: String,
}

impl PartialEq for Part {
    fn eq(&self, other: &Self) -> bool {
        self.identity == other.identity
    }
}

/// Results that differ in the variable alone, ascending in it.
#[derive(Clone)]
pub(super) struct Series<'a> {
    /// What tells it from the other series; the same number of parts in every series.
    pub parts: Vec<Part>,
    pub x: Vec<f64>,
    pub rows: Vec<Row<'a>>,
}

/// The series of one panel.
pub(super) struct PanelData<'a> {
    /// What is common to the panel and different in others.
    pub title: String,
    /// With the name of each series in the legend.
    pub series: Vec<(String, Series<'a>)>,
}

/// The rows of the quantities that `wanted` picks.
pub(super) fn rows(study: &Study, wanted: impl Fn(&QuantityResult) -> bool) -> Vec<Row<'_>> {
    let mut rows = Vec::new();
    for (summary, data) in study.summary.points.iter().zip(&study.points) {
        for result in summary.results.iter().filter(|result| wanted(result)) {
            let ensemble =
                data.ensembles.iter().find(|one| one.task == result.task && one.from == result.from);
            rows.push(Row { summary, data, ensemble, result });
        }
    }
    rows
}

/// The rows of mean exit and transition times.
pub(super) fn mean_times(study: &Study) -> Vec<Row<'_>> {
    rows(study, |result| is_mean_time(&result.quantity))
}

pub(super) fn is_mean_time(quantity: &str) -> bool {
    matches!(quantity, "mean_exit_time" | "mean_transition_time")
}

impl<'a> Row<'a> {
    /// The place of the row along an axis.
    pub fn at(&self, variable: &Variable) -> Option<f64> {
        match (variable, self.data.noise) {
            (Variable::Epsilon, noise) => Some(noise.epsilon()),
            (Variable::Alpha, NoiseLaw::Stable { alpha, .. }) => Some(alpha),
            (Variable::Alpha, _) => None,
            (Variable::Step, _) => Some(self.summary.scheme.step),
            (Variable::Effort, _) => Some(super::cost::cost(self.result)),
            (Variable::Key(key), _) => self.summary.point.get(key).and_then(Value::as_f64),
        }
    }

    /// Everything but the variable that sets the row apart: the swept keys other than the noise's,
    /// what is asked, the amplitude, the noise.
    pub fn parts(&self, variable: &Variable) -> Vec<Part> {
        let mut parts = Vec::new();
        for (key, value) in &self.summary.point {
            let is_variable = match variable {
                Variable::Step => key == "scheme.step",
                Variable::Effort => key.starts_with("ensemble.") || key.starts_with("scheme."),
                Variable::Key(other) => key == other,
                Variable::Epsilon | Variable::Alpha => false,
            };
            if !is_variable && !is_noise_key(key) {
                parts.push(Part { identity: value.to_string(), label: words::setting(key, value) });
            }
            // A noise that is known by its name alone is told apart by all that the scenario says of it.
            if let (true, NoiseLaw::Other { .. }) = (is_noise_key(key), self.data.noise)
                && !matches!(key.as_str(), "noise.kind" | "noise.epsilon")
            {
                parts.push(words::described(key, value));
            }
        }
        parts.push(self.question());
        let noise = self.data.noise;
        if *variable != Variable::Epsilon {
            let epsilon = noise.epsilon();
            parts.push(Part { identity: format!("{epsilon:e}"), label: words::amplitude(epsilon) });
        }
        parts.push(match (variable, noise) {
            (Variable::Alpha, NoiseLaw::Stable { beta, .. }) => {
                Part { identity: format!("stable {beta:e}"), label: words::skewness(beta) }
            }
            (_, NoiseLaw::Stable { alpha, beta, .. }) => {
                Part { identity: format!("{alpha:e} {beta:e}"), label: words::noise(noise) }
            }
            (_, NoiseLaw::StableAndGaussian { .. }) => {
                Part { identity: format!("{:?}", noise.with_epsilon(1.0)), label: words::noise(noise) }
            }
            (_, noise) => Part { identity: words::noise(noise), label: words::noise(noise) },
        });
        parts
    }

    /// Which problem the row answers.
    fn question(&self) -> Part {
        let identity = format!("{} {:?}", self.result.task, self.result.from);
        let label = match (self.result.from, self.ensemble) {
            (Some(from), _) => format!("from $m_{{{from}}}$"),
            (None, Some(ensemble)) => {
                let problem = &ensemble.problem;
                format!(
                    r"exit from $({},\,{})$, $x_0 = {}$",
                    words::bare(problem.lower, 3),
                    words::bare(problem.upper, 3),
                    words::bare(problem.start, 3)
                )
            }
            (None, None) => format!("task {}", self.result.task),
        };
        Part { identity, label }
    }

    /// The small-noise mean of the row's problem under a noise.
    pub fn theory_mean(&self, noise: NoiseLaw) -> Option<f64> {
        let landscape = &self.data.landscape;
        match self.result.from {
            Some(from) => Some(theory::transition(landscape, noise, from.checked_sub(1)?)?.mean),
            None => {
                let problem = &self.ensemble?.problem;
                Some(theory::stopped(self.data.potential.as_ref(), landscape, noise, problem)?.mean)
            }
        }
    }

    /// The exact mean of the row's problem under a noise.
    pub fn exact_mean(&self, noise: NoiseLaw) -> Option<f64> {
        // A curve is drawn to three digits.
        let questions = Questions { tolerance: 1e-3, ..Questions::default() };
        let potential = self.data.potential.as_ref();
        let problem = &self.ensemble?.problem;
        exact::solve(potential, &self.data.landscape, noise, problem, &questions).mean_value()
    }

    /// Estimate and interval; NaN where there is none.
    pub fn measured(&self) -> [f64; 3] {
        let value = self.result.estimate.unwrap_or(f64::NAN);
        let [lo, hi] = self.result.ci95.unwrap_or([f64::NAN; 2]);
        [value, lo, hi]
    }

    /// Width and depth of what the path must leave.
    pub fn width_and_depth(&self) -> Option<[f64; 2]> {
        way_out(self.data.potential.as_ref(), &self.data.landscape, &self.ensemble?.problem)
    }
}

pub(super) fn is_noise_key(key: &str) -> bool {
    key == "noise" || key.starts_with("noise.")
}

/// The rows as series of at least two values of the variable.
pub(super) fn series<'a>(rows: &[Row<'a>], variable: &Variable) -> Vec<Series<'a>> {
    let mut all: Vec<Series<'a>> = Vec::new();
    for &row in rows {
        let Some(x) = row.at(variable).filter(|x| x.is_finite()) else { continue };
        let parts = row.parts(variable);
        let index = match all.iter().position(|one| one.parts == parts) {
            Some(index) => index,
            None => {
                all.push(Series { parts, x: Vec::new(), rows: Vec::new() });
                all.len() - 1
            }
        };
        let one = &mut all[index];
        // Brownian points of a sweep over alpha repeat each other.
        if let Err(place) = one.x.binary_search_by(|other| other.total_cmp(&x)) {
            one.x.insert(place, x);
            one.rows.insert(place, row);
        }
    }
    all.retain(|one| one.x.len() > 1);
    all
}

/// Divides series among panels, so that no panel holds too many: first by the landscape and whatever
/// else is swept, then by what is asked, then by the noise. At most [`MOST_PANELS`] panels, spread evenly
/// over all that there are; their number comes second.
pub(super) fn panels(series: Vec<Series<'_>>, most_series: usize) -> (Vec<PanelData<'_>>, usize) {
    let slots = series.first().map_or(0, |one| one.parts.len());
    let varies = |slot: &usize| series.iter().any(|one| one.parts.get(*slot) != series[0].parts.get(*slot));
    let varying: Vec<usize> = (0..slots).filter(varies).collect();
    let mut split = 0;
    let groups = loop {
        let by = &varying[..split];
        let mut groups: Vec<(Vec<Part>, Vec<Series<'_>>)> = Vec::new();
        for one in &series {
            let key: Vec<Part> = by.iter().map(|&slot| one.parts[slot].clone()).collect();
            match groups.iter_mut().find(|(other, _)| *other == key) {
                Some((_, members)) => members.push(one.clone()),
                None => groups.push((key, vec![one.clone()])),
            }
        }
        let largest = groups.iter().map(|(_, members)| members.len()).max().unwrap_or(0);
        if largest <= most_series || split == varying.len() {
            break groups;
        }
        split += 1;
    };
    let total = groups.len();
    let chosen = spread(total, MOST_PANELS);
    let panels = groups
        .into_iter()
        .enumerate()
        .filter(|(index, _)| chosen.contains(index))
        .map(|(_, (key, members))| PanelData {
            title: title_of(key.iter()),
            series: named(members, &varying[split..]),
        })
        .collect();
    (panels, total)
}

/// Parts in words: the noise first, then what is less general.
pub(super) fn title_of<'p>(parts: impl DoubleEndedIterator<Item = &'p Part>) -> String {
    words::joined(&parts.rev().map(|part| part.label.as_str()).collect::<Vec<_>>())
}

/// As [`panels`], with the usual number of curves.
pub(super) fn usual_panels(series: Vec<Series<'_>>) -> (Vec<PanelData<'_>>, usize) {
    panels(series, MOST_SERIES)
}

/// Names series by the slots in which they differ.
fn named<'a>(members: Vec<Series<'a>>, slots: &[usize]) -> Vec<(String, Series<'a>)> {
    let varying: Vec<usize> = slots
        .iter()
        .copied()
        .filter(|&slot| members.iter().any(|one| one.parts[slot] != members[0].parts[slot]))
        .collect();
    let name = |one: &Series<'a>| title_of(varying.iter().map(|&slot| &one.parts[slot]));
    let names: Vec<String> = members.iter().map(name).collect();
    members
        .into_iter()
        .enumerate()
        .map(|(index, one)| {
            // Two tasks may read the same, such as passages to balls of different radius.
            let repeated = names.iter().filter(|other| **other == names[index]).count() > 1;
            let name = if repeated {
                words::joined(&[names[index].clone(), format!("task {}", one.rows[0].result.task)])
            } else if names[index].is_empty() {
                "simulation".into()
            } else {
                names[index].clone()
            };
            (name, one)
        })
        .collect()
}

/// At most `most` of the indices below `count`, spread evenly, the first and the last among them.
pub(super) fn spread(count: usize, most: usize) -> Vec<usize> {
    if count <= most || most < 2 {
        return (0..count.min(most)).collect();
    }
    (0..most).map(|k| (k * (count - 1) + (most - 1) / 2) / (most - 1)).collect()
}

/// The label of an axis of times.
pub(super) fn time_label(rows: &[Row<'_>]) -> String {
    format!(r"{} $\mathbb{{E}}\,\tau$", time_words(rows))
}

/// What the rows are the mean times of: an exit, a transition, or both.
pub(super) fn time_words(rows: &[Row<'_>]) -> &'static str {
    if rows.iter().all(|row| row.result.from.is_none()) {
        "mean exit time"
    } else if rows.iter().all(|row| row.result.from.is_some()) {
        "mean transition time"
    } else {
        "mean time"
    }
}

/// The study's title with a full stop, for the start of a caption.
pub(super) fn title(study: &Study) -> String {
    let title = if study.summary.title.is_empty() { &study.summary.name } else { &study.summary.title };
    let stop = if title.ends_with(['.', '!', '?']) || title.is_empty() { "" } else { "." };
    format!("{}{stop}", escape(title))
}

/// `count` numbers from `low` to `high`, evenly or in even ratios.
pub(super) fn between(low: f64, high: f64, count: usize, ratios: bool) -> Vec<f64> {
    let share = |k: usize| k as f64 / count.saturating_sub(1).max(1) as f64;
    (0..count)
        .map(|k| match k {
            _ if k + 1 == count => high,
            _ if ratios => low * (share(k) * (high / low).ln()).exp(),
            _ => low + share(k) * (high - low),
        })
        .collect()
}

/// Whether positive numbers spread so widely, or so evenly in ratio, that a logarithmic axis suits them.
pub(super) fn suits_log(values: impl Iterator<Item = f64>, from_ratio: f64) -> bool {
    let (mut low, mut high) = (f64::INFINITY, 0.0_f64);
    for value in values.filter(|value| value.is_finite()) {
        if value <= 0.0 {
            return false;
        }
        (low, high) = (low.min(value), high.max(value));
    }
    high >= from_ratio * low
}
