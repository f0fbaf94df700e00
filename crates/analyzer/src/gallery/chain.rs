//! The process as a Markov chain on its minima: where it is after a while, and its rates.

use super::curve;
use super::data::{self, Part, Row, Variable};
use super::words;
use crate::figure::{Anchor, Axis, Figure, Layer, LegendPlace, Marker, Panel, Style, TWO_COLUMNS_MM};
use crate::study::{PointData, Study};
use crate::theory::LimitChain;

/// Points of a computed curve.
const DENSE: usize = 81;
/// Noises in one figure of probabilities, and graphs in one figure.
const MOST_NOISES: usize = 2;
const MOST_GRAPHS: usize = 4;
/// Room for the names at the ends of the curves, as a share of the time shown.
const NAMES: f64 = 0.14;
/// Distance of the points of two amplitudes at the same time, as a share of the time shown.
const ASIDE: f64 = 0.035;
/// Diameter of the node of the heaviest minimum, in markers and in millimetres, and of a node that still holds
/// its name.
const LARGEST_NODE: f64 = 6.0;
const MARKER_MM: f64 = 1.6;
const NAMED_NODE: f64 = 3.6;
/// Weight of the arrow of the largest rate, and of the thinnest one that is drawn, in lines and in millimetres.
const WIDEST_ARROW: f64 = 5.0;
const THINNEST_ARROW: f64 = 0.3;
const LINE_MM: f64 = 0.35;
/// Between an arrow and the node that it points at, in millimetres.
const ARROW_GAP_MM: f64 = 0.5;
/// Bow of an arrow over its chord.
const BEND: f64 = 0.36;
/// Half the height of the drawn part of a graph, where the distance of the outermost nodes is 1 and so is the
/// scale upwards: frames have the shape that figures give them.
const HALF_HEIGHT: f64 = 0.475;
const SIDE: f64 = 0.16;
/// A millimetre in the same unit, roughly.
const GRAPH_MM: f64 = 1.0 / 57.0;
/// Between a bow and the words inside it, in the same unit.
const INNER: f64 = 0.035;

/// The measured side of one noise and landscape.
struct Measured<'a> {
    /// Everything but start and amplitude.
    parts: Vec<Part>,
    task: usize,
    rows: Vec<Row<'a>>,
}

/// The chain of a point and the unit of time of its results.
struct Limit {
    limit: LimitChain,
    unit: f64,
}

impl Limit {
    fn new(point: &PointData) -> Option<Self> {
        let limit = LimitChain::new(&point.landscape, point.noise)?;
        let fastest = (0..limit.chain.len()).map(|state| limit.chain.exit_rate(state)).fold(0.0, f64::max);
        // As the task `chain` counts time.
        let unit =
            if point.noise.diffusion().is_some() { limit.time_unit / fastest } else { limit.time_unit };
        (limit.chain.len() > 1 && unit.is_finite() && fastest > 0.0).then_some(Self { limit, unit })
    }

    /// `P_ij(t)`, `t` in the unit of the results.
    fn probability(&self, from: usize, t: f64) -> Vec<f64> {
        let matrix = self.limit.chain.transition_matrix(t * self.unit / self.limit.time_unit);
        matrix.into_iter().nth(from).unwrap_or_default()
    }

    /// The same chain but for the unit of time.
    fn agrees(&self, other: &Self) -> bool {
        let size = self.limit.chain.len();
        let scale = |one: &Self| one.unit / one.limit.time_unit;
        let close = |i: usize, j: usize| {
            let [a, b] = [self, other].map(|one| one.limit.chain.rate(i, j) * scale(one));
            (a - b).abs() <= 1e-9 * a.max(b)
        };
        size == other.limit.chain.len() && (0..size).all(|i| (0..size).all(|j| close(i, j)))
    }
}

/// Rows of a quantity, by noise, landscape and task.
fn groups<'a>(study: &'a Study, wanted: &[&str]) -> Vec<Measured<'a>> {
    let mut groups: Vec<Measured<'a>> = Vec::new();
    for row in data::rows(study, |result| wanted.contains(&result.quantity.as_str())) {
        let mut parts = row.parts(&Variable::Epsilon);
        // What is asked comes before the noise: the start, which is told apart inside a group.
        parts.remove(parts.len().saturating_sub(2));
        let task = row.result.task;
        match groups.iter_mut().find(|group| group.task == task && group.parts == parts) {
            Some(group) => group.rows.push(row),
            None => groups.push(Measured { parts, task, rows: vec![row] }),
        }
    }
    groups
}

impl<'a> Measured<'a> {
    /// The points with the smallest and, where the chain is the same up to its unit of time, the largest amplitude.
    fn shown(&self) -> Vec<(&'a PointData, Limit)> {
        let by_amplitude =
            |a: &&Row<'a>, b: &&Row<'a>| a.data.noise.epsilon().total_cmp(&b.data.noise.epsilon());
        let ends = [self.rows.iter().min_by(by_amplitude), self.rows.iter().max_by(by_amplitude)];
        let mut shown: Vec<(&'a PointData, Limit)> = Vec::new();
        for row in ends.into_iter().flatten() {
            let Some(limit) = Limit::new(row.data) else { continue };
            let known = shown.iter().any(|(point, _)| std::ptr::eq(*point, row.data));
            if !known && shown.iter().all(|(_, other)| other.agrees(&limit)) {
                shown.push((row.data, limit));
            }
        }
        shown
    }

    fn of<'g>(&'g self, point: &'g PointData) -> impl Iterator<Item = &'g Row<'a>> {
        self.rows.iter().filter(move |row| std::ptr::eq(row.data, point))
    }
}

/// The slots of the parts in which groups differ.
fn varying(groups: &[&Measured<'_>]) -> Vec<usize> {
    let slots = groups.first().map_or(0, |group| group.parts.len());
    (0..slots).filter(|&slot| groups.iter().any(|group| group.parts[slot] != groups[0].parts[slot])).collect()
}

fn name(group: &Measured<'_>, slots: &[usize]) -> String {
    data::title_of(slots.iter().map(|&slot| &group.parts[slot]))
}

/// `P_ij(t)`, a panel a start, and the graph of the minima.
pub(super) fn probabilities(study: &Study) -> Vec<Figure> {
    let mut all = groups(study, &["chain_probability"]);
    all.retain(|group| !group.shown().is_empty());
    let total = all.len();
    let chosen = data::spread(total, MOST_NOISES);
    let groups: Vec<&Measured<'_>> = chosen.iter().filter_map(|&index| all.get(index)).collect();
    if groups.is_empty() {
        return Vec::new();
    }
    let slots = varying(&groups);
    let mut panels = Vec::new();
    let mut notes: Vec<String> = Vec::new();
    let mut per_noise = 0;
    for group in &groups {
        let shown = group.shown();
        let Some((point, limit)) = shown.first() else { continue };
        let label = name(group, &slots);
        let mut starts: Vec<usize> = group.rows.iter().filter_map(|row| row.result.from).collect();
        starts.sort_unstable();
        starts.dedup();
        per_noise = per_noise.max(starts.len() + 1);
        for from in starts {
            let mut panel = against_time(group, &shown, from);
            panel.title = Some(words::joined(&[label.clone(), format!("from $m_{{{from}}}$")]));
            if !panels.is_empty() {
                panel.legend = LegendPlace::None;
            }
            panels.push(panel);
        }
        let graph = Graph::new(point, limit, measured_rates(study, point));
        let mut panel = graph.panel();
        panel.title = Some(words::joined(&[label, "rates $q_{ij}$".to_owned()]));
        panels.push(panel);
        if let Some(off) = largest_difference(group, point) {
            let noise = point.noise;
            let at = words::joined(&[words::noise(noise), words::amplitude(noise.epsilon())]);
            notes.push(format!("{} ({at})", words::number(off)));
        }
    }
    let differences = if notes.is_empty() {
        String::new()
    } else {
        format!(" The largest difference from $\\exp(Qt)$: {}.", notes.join("; "))
    };
    let graphs: Vec<(&PointData, Limit)> =
        groups.iter().filter_map(|group| group.shown().into_iter().next()).collect();
    let exact = groups.iter().flat_map(|group| &group.rows).any(|row| row.result.exact.is_some());
    let caption = format!(
        "{} Probability $P_{{ij}}(t)$ of being in the well of $m_j$ after the time $t$ from $m_i$: the small-noise chain \
         $\\exp(Qt)$ (dashed, named by $j$) against simulation with 95 % intervals (discs: the smallest amplitude; open: \
         the largest, both a little aside of their time){}.{differences} {} {}{}",
        data::title(study),
        if exact { "; short level lines: exact values" } else { "" },
        time_in_words(&graphs),
        graph_in_words(study, &graphs),
        curve::shown(groups.len(), total),
    );
    let mut figure = Figure { caption, ..Figure::new("chain", panels) };
    figure.width_mm = TWO_COLUMNS_MM;
    figure.columns = if per_noise.is_multiple_of(2) { 2 } else { 3 };
    vec![figure]
}

/// The graph of the minima alone, for a study of transitions.
pub(super) fn generators(study: &Study) -> Vec<Figure> {
    if study.summary.points.iter().flat_map(|point| &point.results).any(|result| result.kind == "chain") {
        return Vec::new();
    }
    let mut all = groups(study, &["mean_transition_time"]);
    all.retain(|group| !group.shown().is_empty());
    let total = all.len();
    let chosen = data::spread(total, MOST_GRAPHS);
    let groups: Vec<&Measured<'_>> = chosen.iter().filter_map(|&index| all.get(index)).collect();
    let graphs: Vec<(&PointData, Limit)> =
        groups.iter().filter_map(|group| group.shown().into_iter().next()).collect();
    if graphs.is_empty() {
        return Vec::new();
    }
    let panels: Vec<Panel> = graphs
        .iter()
        .map(|(point, limit)| {
            let mut panel = Graph::new(point, limit, measured_rates(study, point)).panel();
            let noise = point.noise;
            panel.title = Some(words::joined(&[words::noise(noise), words::amplitude(noise.epsilon())]));
            panel
        })
        .collect();
    let caption = format!(
        "{} {}{}",
        data::title(study),
        graph_in_words(study, &graphs),
        curve::shown(graphs.len(), total)
    );
    vec![curve::arranged(Figure { caption, ..Figure::new("generator", panels) })]
}

/// One start: a curve a well, and what was measured at the times.
fn against_time(group: &Measured<'_>, shown: &[(&PointData, Limit)], from: usize) -> Panel {
    let rows = |point: &PointData, to: usize| -> Vec<(f64, Row<'_>)> {
        let mut rows: Vec<(f64, Row<'_>)> = group
            .of(point)
            .filter(|row| row.result.from == Some(from) && row.result.to == Some(to))
            .filter_map(|row| Some((row.result.t?, *row)))
            .collect();
        rows.sort_by(|a, b| a.0.total_cmp(&b.0));
        rows
    };
    let latest = group.rows.iter().filter_map(|row| row.result.t).fold(0.0, f64::max);
    let (mut lines, mut points, mut levels, mut names) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    let mut labels = Vec::new();
    let Some((_, limit)) = shown.first() else {
        return Panel::new(Axis::linear(""), Axis::linear(""), Vec::new());
    };
    let t = data::between(0.0, 1.03 * latest, DENSE, false);
    let law: Vec<Vec<f64>> = t.iter().map(|&t| limit.probability(from.saturating_sub(1), t)).collect();
    let mut exact = false;
    for to in 1..=limit.limit.chain.len() {
        let y: Vec<f64> = law.iter().map(|row| row.get(to - 1).copied().unwrap_or(f64::NAN)).collect();
        let style = Style::series(to - 1);
        let end = y.last().copied().unwrap_or(f64::NAN);
        lines.push(Layer::line(t.clone(), y, style.dash(curve::THEORY)));
        let text = format!("$j = {to}$");
        names.push(Layer::Text { x: 1.045 * latest, y: end, text, anchor: Anchor::Left, style });
        for (index, (point, _)) in shown.iter().enumerate() {
            let rows = rows(point, to);
            let column = |k: usize| rows.iter().map(|(_, row)| row.measured()[k]).collect::<Vec<_>>();
            let aside = (index as f64 - 0.5 * (shown.len() as f64 - 1.0)) * ASIDE * latest;
            let x: Vec<f64> = rows.iter().map(|(t, _)| t + aside).collect();
            let style = if index == 0 { style } else { style.open() };
            points.push(Layer::points_with_errors(
                x.clone(),
                column(0),
                column(1),
                column(2),
                style.marker(Marker::Circle),
            ));
            let known: Vec<f64> = rows.iter().map(|(_, row)| row.result.exact.unwrap_or(f64::NAN)).collect();
            if known.iter().any(|value| value.is_finite()) {
                exact = true;
                let half = 0.45 * ASIDE * latest;
                let ends = x.iter().flat_map(|x| [x - half, x + half, f64::NAN]).collect();
                let level = known.iter().flat_map(|y| [*y, *y, f64::NAN]).collect();
                levels.push(Layer::line(ends, level, Style::ink().dash(curve::EXACT)));
            }
        }
    }
    for (index, (point, _)) in shown.iter().enumerate() {
        let style = Style::ink().marker(Marker::Circle);
        let style = if index == 0 { style } else { style.open() };
        labels.push(
            Layer::points(Vec::new(), Vec::new(), style).labelled(words::amplitude(point.noise.epsilon())),
        );
    }
    labels.extend(curve::keys(true, exact));
    for layers in [points, levels, names, labels] {
        lines.extend(layers);
    }
    let x = Axis::linear(time_label(shown)).from_to(0.0, (1.0 + NAMES) * latest);
    let y = Axis::linear(format!("$P_{{{from}j}}(t)$")).from_to(-0.03, 1.03);
    Panel::new(x, y, lines)
}

/// The unit of time on an axis.
fn time_label(shown: &[(&PointData, Limit)]) -> &'static str {
    match shown.first() {
        Some((point, _)) if point.noise.diffusion().is_none() => r"time $\varepsilon^{\alpha}\,t$",
        _ => r"time $t\,\max_i q_i$",
    }
}

/// The unit of time in a caption.
fn time_in_words(graphs: &[(&PointData, Limit)]) -> String {
    let units: Vec<String> = graphs
        .iter()
        .map(|(point, limit)| format!("{} ({})", words::number(limit.unit), words::noise(point.noise)))
        .collect();
    format!("The unit of time at the smallest amplitude is {}.", units.join(", "))
}

/// The largest distance of an estimate from the chain.
fn largest_difference(group: &Measured<'_>, point: &PointData) -> Option<f64> {
    group
        .of(point)
        .filter_map(|row| Some((row.result.estimate? - row.result.asymptotic?).abs()))
        .reduce(f64::max)
}

/// A measured rate between two minima (from 0), in the chain's unit, with its standard error.
struct Rate {
    between: [usize; 2],
    value: f64,
    std_error: f64,
}

/// The rates that a point's results hold: entries of the generator, or those that follow from the times and the
/// destinations of transitions.
fn measured_rates(study: &Study, point: &PointData) -> Vec<Rate> {
    let Some(index) = study.points.iter().position(|other| std::ptr::eq(other, point)) else {
        return Vec::new();
    };
    let Some(summary) = study.summary.points.get(index) else { return Vec::new() };
    let Some(limit) = LimitChain::new(&point.landscape, point.noise) else { return Vec::new() };
    let of = |quantity: &'static str| {
        summary.results.iter().filter(move |result| result.quantity == quantity).filter_map(|result| {
            Some((result.task, result.from?, result.to, result.estimate?, result.std_error?))
        })
    };
    let counted: Vec<Rate> = of("generator_entry")
        .filter_map(|(_, from, to, value, std_error)| {
            Some(Rate { between: [from.checked_sub(1)?, to?.checked_sub(1)?], value, std_error })
        })
        .collect();
    if !counted.is_empty() {
        return counted;
    }
    let mut rates = Vec::new();
    for (task, from, _, time, time_error) in of("mean_transition_time").filter(|row| row.3 > 0.0) {
        let rate = limit.time_unit / time;
        let relative = time_error / time;
        let shares: Vec<(usize, f64, f64)> = of("transition_probability")
            .filter(|row| row.0 == task && row.1 == from)
            .filter_map(|(_, _, to, share, error)| Some((to?, share, error)))
            .collect();
        // Of two minima the other one is where every path goes.
        let shares = match (shares.is_empty(), limit.chain.len()) {
            (true, 2) => vec![(3_usize.saturating_sub(from), 1.0, 0.0)],
            _ => shares,
        };
        for (to, share, error) in shares {
            let (Some(i), Some(j)) = (from.checked_sub(1), to.checked_sub(1)) else { continue };
            let spread = (error * error + share * share * relative * relative).sqrt();
            rates.push(Rate { between: [i, j], value: rate * share, std_error: rate * spread });
        }
    }
    rates
}

/// Nodes on a line, arrows between them.
struct Graph<'a> {
    limit: &'a LimitChain,
    place: Vec<f64>,
    weight: Option<Vec<f64>>,
    measured: Vec<Rate>,
}

impl<'a> Graph<'a> {
    fn new(point: &PointData, limit: &'a Limit, measured: Vec<Rate>) -> Self {
        let minima: Vec<f64> = point.landscape.minima.iter().map(|minimum| minimum.x).collect();
        let (low, high) = minima
            .iter()
            .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), x| (low.min(*x), high.max(*x)));
        let even: Vec<f64> = data::between(0.0, 1.0, minima.len(), false);
        // Where they are, if that leaves room for every one.
        let place: Vec<f64> = minima.iter().map(|x| (x - low) / (high - low)).collect();
        let roomy = place.windows(2).all(|pair| pair[1] - pair[0] >= 0.6 / (minima.len().max(2) - 1) as f64);
        let place = if roomy { place } else { even };
        Self { limit: &limit.limit, place, weight: limit.limit.chain.stationary(), measured }
    }

    /// Diameter of a node, in markers: its area is the stationary weight.
    fn size(&self, node: usize) -> f64 {
        let Some(weight) = &self.weight else { return NAMED_NODE };
        let most = weight.iter().copied().fold(0.0, f64::max);
        let share = weight.get(node).copied().unwrap_or(0.0) / most;
        // A node of no weight is still a place.
        (LARGEST_NODE * share.sqrt()).max(0.4)
    }

    fn panel(&self) -> Panel {
        let chain = &self.limit.chain;
        let size = chain.len();
        let fastest = fastest_rate(self.limit);
        let (mut arrows, mut nodes, mut texts) = (Vec::new(), Vec::new(), Vec::new());
        for (i, j) in (0..size).flat_map(|i| (0..size).map(move |j| (i, j))) {
            let rate = chain.rate(i, j);
            if i == j || rate <= 0.0 {
                continue;
            }
            let weight = (WIDEST_ARROW * rate / fastest).max(THINNEST_ARROW);
            let chord = self.place[j] - self.place[i];
            let radius = |node| 0.5 * MARKER_MM * self.size(node);
            // The same gap holds at both ends: where the node that it comes from is the larger one it covers the
            // beginning, where it is the smaller one the end is moved.
            let more = (radius(j) - radius(i)).max(0.0);
            arrows.push(Layer::Arc {
                from: [self.place[i], 0.0],
                to: [self.place[j] - chord.signum() * more * GRAPH_MM, 0.0],
                bend: BEND,
                gap: radius(j) - more + ARROW_GAP_MM,
                text: Some(words::number(rate)),
                style: Style::grey().weight(weight),
            });
            let Some(measured) = self.measured.iter().find(|one| one.between == [i, j]) else { continue };
            // On the inner side of the bow; forwards it runs above the line, backwards below.
            let apex = BEND * chord;
            let inwards = if chord > 0.0 { -INNER } else { INNER };
            texts.push(Layer::Text {
                x: 0.5 * (self.place[i] + self.place[j]),
                y: apex + inwards,
                text: with_error(measured.value, measured.std_error),
                anchor: if chord > 0.0 { Anchor::Top } else { Anchor::Bottom },
                style: Style::series(0),
            });
        }
        for (node, &x) in self.place.iter().enumerate() {
            let diameter = self.size(node);
            let style = Style::ink().marker(Marker::Circle).open().size(diameter);
            nodes.push(Layer::points(vec![x], vec![0.0], style));
            let text = format!("$m_{{{}}}$", node + 1);
            // Too small for its name: the name stands beside it, where no arrow begins or ends.
            let aside = (0.5 * MARKER_MM * diameter + ARROW_GAP_MM) * GRAPH_MM;
            let (x, y, anchor) = match node {
                _ if diameter >= NAMED_NODE => (x, 0.0, Anchor::Centre),
                0 => (x - aside, 0.0, Anchor::Right),
                _ if node + 1 == size => (x + aside, 0.0, Anchor::Left),
                _ => (x, -aside, Anchor::Top),
            };
            texts.push(Layer::text(x, y, text, anchor));
        }
        arrows.extend(nodes);
        arrows.extend(texts);
        let across = Axis::linear("").from_to(-SIDE, 1.0 + SIDE);
        let mut panel = Panel::new(across, Axis::linear("").from_to(-HALF_HEIGHT, HALF_HEIGHT), arrows);
        panel.axes = false;
        panel.legend = LegendPlace::None;
        panel
    }
}

/// What a graph shows, in words.
fn graph_in_words(study: &Study, graphs: &[(&PointData, Limit)]) -> String {
    let units: Vec<String> = graphs
        .iter()
        .map(|(point, limit)| {
            let fastest = fastest_rate(&limit.limit);
            let unit = match point.noise {
                noise if noise.diffusion().is_some() => "per unit of time".to_owned(),
                _ => format!(
                    r"times $\varepsilon^{{\alpha}}$, $\varepsilon = {}$",
                    words::bare(point.noise.epsilon(), 4)
                ),
            };
            format!("{} {unit} ({})", words::number(fastest), words::noise(point.noise))
        })
        .collect();
    let all: Vec<Rate> = graphs.iter().flat_map(|(point, _)| measured_rates(study, point)).collect();
    let measured = if all.is_empty() {
        ""
    } else {
        " Inside a bow the measured rate, with the standard error of its last digits in brackets."
    };
    let thin = graphs.iter().any(|(_, limit)| {
        let thin = THINNEST_ARROW / WIDEST_ARROW * fastest_rate(&limit.limit);
        rates(&limit.limit).any(|rate| rate > 0.0 && rate < thin)
    });
    let thin = if thin {
        format!(
            " Arrows of less than {} of that are all drawn {} mm wide.",
            words::number(THINNEST_ARROW / WIDEST_ARROW),
            words::number(THINNEST_ARROW * LINE_MM)
        )
    } else {
        String::new()
    };
    format!(
        "Graph of the minima: the area of a node is its stationary weight $\\pi_i$; the width of an arrow is its rate \
         $q_{{ij}}$, {} mm standing for {}; the number outside a bow is the rate that the theory predicts.{measured}{thin}",
        words::number(WIDEST_ARROW * LINE_MM),
        words::joined(&units),
    )
}

/// All `q_ij`.
fn rates(limit: &LimitChain) -> impl Iterator<Item = f64> {
    let size = limit.chain.len();
    (0..size).flat_map(move |i| (0..size).map(move |j| limit.chain.rate(i, j)))
}

fn fastest_rate(limit: &LimitChain) -> f64 {
    rates(limit).fold(0.0, f64::max)
}

/// A number with the standard error of its last digits in brackets: `$0.331(4)$`.
fn with_error(value: f64, std_error: f64) -> String {
    if !(value.is_finite() && std_error.is_finite() && std_error > 0.0) {
        return words::number(value);
    }
    // The exponents of the leading digits, as they are after rounding.
    let exponent = |x: f64| -> i32 {
        let text = format!("{x:.1e}");
        text.split_once('e').and_then(|(_, exponent)| exponent.parse().ok()).unwrap_or(0)
    };
    let of_error = exponent(std_error);
    let of_value = if value == 0.0 { of_error } else { exponent(value.abs()).max(of_error) };
    // An error that begins with 1 has two digits.
    let leading = format!("{std_error:.1e}").starts_with('1');
    let last = of_error - i32::from(leading);
    let scale = if (-4..5).contains(&of_value) { 0 } else { of_value };
    let decimals = (scale - last).max(0) as usize;
    let shrink = |x: f64, by: i32| -> f64 {
        format!("{x:e}").split_once('e').map_or(x, |(mantissa, e)| {
            format!("{mantissa}e{}", e.parse::<i32>().unwrap_or(0) - by).parse().unwrap_or(x)
        })
    };
    let digits = shrink(std_error, scale - decimals as i32).round();
    let number = format!("{:.decimals$}({digits})", shrink(value, scale));
    if scale == 0 { format!("${number}$") } else { format!(r"${number}\times10^{{{scale}}}$") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_stand_in_brackets() {
        for (value, std_error, text) in [
            (0.3312, 0.004, "$0.331(4)$"),
            (0.3312, 0.0124, "$0.331(12)$"),
            (0.33, 0.0096, "$0.330(10)$"),
            (12.0, 3.0, "$12(3)$"),
            (4321.0, 20.0, "$4321(20)$"),
            (3.14e-7, 2e-9, r"$3.14(2)\times10^{-7}$"),
            (6.84e-4, 8e-5, "$0.00068(8)$"),
            (2.0, 0.0, "$2$"),
            (0.0, 0.02, "$0.00(2)$"),
        ] {
            assert_eq!(with_error(value, std_error), text, "{value} {std_error}");
        }
    }
}
