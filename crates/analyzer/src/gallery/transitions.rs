//! Which minimum is reached first: measured and predicted.

use super::curve;
use super::data::{self, Part, Row, Variable};
use super::words;
use crate::figure::{Axis, Figure, Layer, Panel, Style};
use crate::study::Study;
use crate::theory::{self, NoiseLaw};

const DENSE: usize = 41;
const MOST_PANELS: usize = 12;

/// Rows that share a panel.
struct Group<'a> {
    parts: Vec<Part>,
    rows: Vec<Row<'a>>,
}

/// Against the amplitude where that is swept, else one mark a destination. Left out where every start has
/// a single destination.
pub(super) fn figures(study: &Study) -> Vec<Figure> {
    let mut rows = data::rows(study, |result| result.quantity == "transition_probability");
    rows.retain(|row| row.data.landscape.minima.len() > 2);
    if rows.is_empty() {
        return Vec::new();
    }
    let swept = data::series(
        &rows.iter().copied().filter(|row| row.result.to == rows[0].result.to).collect::<Vec<_>>(),
        &Variable::Epsilon,
    );
    let by_epsilon = !swept.is_empty();
    let mut groups: Vec<Group<'_>> = Vec::new();
    for row in rows {
        let mut parts = row.parts(&Variable::Epsilon);
        if !by_epsilon {
            // Every noise has its marks in the same panel; it is the last part.
            parts.pop();
        }
        match groups.iter_mut().find(|group| group.parts == parts) {
            Some(group) => group.rows.push(row),
            None => groups.push(Group { parts, rows: vec![row] }),
        }
    }
    let total = groups.len();
    let chosen = data::spread(total, MOST_PANELS);
    let groups: Vec<&Group<'_>> = chosen.iter().filter_map(|&index| groups.get(index)).collect();
    let slots = groups[0].parts.len();
    let varying: Vec<usize> = (0..slots)
        .filter(|&slot| groups.iter().any(|group| group.parts[slot] != groups[0].parts[slot]))
        .collect();
    let panels: Vec<Panel> = groups
        .iter()
        .map(|group| {
            let mut panel = if by_epsilon { against_epsilon(group) } else { per_destination(group) };
            let title = data::title_of(varying.iter().map(|&slot| &group.parts[slot]));
            panel.title = (!title.is_empty()).then_some(title);
            panel
        })
        .collect();
    let caption = format!(
        "{} Probability that a path from minimum $m_i$ reaches minimum $m_j$ before any other. Points: simulation with \
         95 % intervals; dashed lines: the prediction $q_{{ij}}/q_i$ of the small-noise theory.{}{}",
        data::title(study),
        worst(&groups),
        curve::shown(groups.len(), total),
    );
    let mut figure = curve::arranged(Figure { caption, ..Figure::new("transitions", panels) });
    // Three starts are the usual number, and narrow panels keep the numbers of minima apart.
    figure.columns = figure.panels.len().min(3);
    vec![figure]
}

fn simulated(rows: &[(f64, Row<'_>)], style: Style, label: String) -> Layer {
    let column = |k: usize| rows.iter().map(|(_, row)| row.measured()[k]).collect::<Vec<_>>();
    let x = rows.iter().map(|(x, _)| *x).collect();
    Layer::points_with_errors(x, column(0), column(1), column(2), style).labelled(label)
}

fn probability_axis() -> Axis {
    Axis::linear(r"probability $q_{ij}/q_i$").from_to(-0.03, 1.03)
}

/// Probability against amplitude. A destination has the same colour in every panel.
fn against_epsilon(group: &Group<'_>) -> Panel {
    let minima = group.rows.iter().map(|row| row.data.landscape.minima.len()).max().unwrap_or(0);
    let (mut lines, mut points) = (Vec::new(), Vec::new());
    for to in 1..=minima {
        let mut rows: Vec<(f64, Row<'_>)> = group
            .rows
            .iter()
            .filter(|row| row.result.to == Some(to))
            .map(|row| (row.data.noise.epsilon(), *row))
            .collect();
        rows.sort_by(|a, b| a.0.total_cmp(&b.0));
        let style = Style::series(to - 1);
        if let (Some((low, row)), Some((high, _))) = (rows.first(), rows.last())
            && low < high
        {
            let x = data::between(*low, *high, DENSE, true);
            let y: Vec<f64> = x.iter().map(|&x| predicted(row, x, to).unwrap_or(f64::NAN)).collect();
            if y.iter().any(|y| y.is_finite()) {
                lines.push(Layer::line(x, y, style.dash(curve::THEORY)));
            }
        }
        points.push(simulated(&rows, style, format!("to $m_{{{to}}}$")));
    }
    let theory = !lines.is_empty();
    lines.extend(points);
    if theory {
        // In three narrow panels a longer name would make a high column of the legend.
        let key = Layer::line(Vec::new(), Vec::new(), Style::ink().dash(curve::THEORY));
        lines.push(key.labelled("theory"));
    }
    Panel::new(Axis::log(r"noise amplitude $\varepsilon$"), probability_axis(), lines)
}

/// The predicted probability at another amplitude.
fn predicted(row: &Row<'_>, epsilon: f64, to: usize) -> Option<f64> {
    let noise = row.data.noise.with_epsilon(epsilon);
    let from = row.result.from?.checked_sub(1)?;
    theory::transition(&row.data.landscape, noise, from)?.probabilities.get(to.checked_sub(1)?).copied()
}

/// One mark a destination, noises side by side, the prediction as a short level line.
fn per_destination(group: &Group<'_>) -> Panel {
    let mut noises: Vec<NoiseLaw> = Vec::new();
    for row in &group.rows {
        if !noises.contains(&row.data.noise) {
            noises.push(row.data.noise);
        }
    }
    let distinct_amplitude = noises.iter().any(|noise| noise.epsilon() != noises[0].epsilon());
    let width = 0.7 / noises.len() as f64;
    let (mut lines, mut points) = (Vec::new(), Vec::new());
    for (index, &noise) in noises.iter().enumerate() {
        let aside = (index as f64 - 0.5 * (noises.len() as f64 - 1.0)) * width;
        let rows: Vec<(f64, Row<'_>)> = group
            .rows
            .iter()
            .filter(|row| row.data.noise == noise)
            .filter_map(|row| Some((row.result.to? as f64 + aside, *row)))
            .collect();
        let (mut x, mut y) = (Vec::new(), Vec::new());
        for (place, row) in &rows {
            if let Some(value) = row.result.asymptotic {
                x.extend([place - 0.4 * width, place + 0.4 * width, f64::NAN]);
                y.extend([value, value, f64::NAN]);
            }
        }
        let style = Style::series(index);
        if !x.is_empty() {
            lines.push(Layer::line(x, y, style.dash(curve::THEORY).weight(1.5)));
        }
        let label = if noises.len() == 1 {
            "simulation".into()
        } else if distinct_amplitude {
            words::joined(&[words::noise(noise), words::amplitude(noise.epsilon())])
        } else {
            words::noise(noise)
        };
        points.push(simulated(&rows, style, label));
    }
    let theory = !lines.is_empty();
    lines.extend(points);
    lines.extend(curve::keys(theory, false));
    let minima = group.rows.iter().map(|row| row.data.landscape.minima.len()).max().unwrap_or(1);
    let x = Axis::linear("number $j$ of the minimum reached").from_to(0.5, minima as f64 + 0.5);
    Panel::new(x, probability_axis(), lines)
}

/// A sentence with the largest difference.
fn worst(groups: &[&Group<'_>]) -> String {
    let difference = groups
        .iter()
        .flat_map(|group| &group.rows)
        .filter_map(|row| Some((row.result.estimate? - row.result.asymptotic?).abs()))
        .reduce(f64::max);
    difference.map_or_else(String::new, |value| {
        format!(" The largest difference between them is {}.", words::number(value))
    })
}
