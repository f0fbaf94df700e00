//! The long run: the stationary density, simulated and exact, and the theorem's weights of the wells.

use super::curve;
use super::data;
use super::words;
use crate::figure::{Axis, Dash, Figure, Layer, LegendPlace, Marker, Panel, Style, TWO_COLUMNS_MM};
use crate::study::{ChainData, PointData, Study};
use crate::summary::{PointSummary, QuantityResult};

const MOST: usize = 3;
/// Places at which a density is computed by its formula, and how far beyond the outermost minima, in units of the
/// distance between these.
const DENSE: usize = 4001;
const REACH: f64 = 2.0;

/// One task at one point.
struct Run<'a> {
    summary: &'a PointSummary,
    data: &'a PointData,
    chain: &'a ChainData,
}

/// A density panel a point (three at the most), and one of the masses of the wells.
pub(super) fn figures(study: &Study) -> Vec<Figure> {
    let mut runs: Vec<Run<'_>> = Vec::new();
    for (summary, data) in study.summary.points.iter().zip(&study.points) {
        for chain in data.chains.iter().filter(|chain| !chain.density.cells().is_empty()) {
            runs.push(Run { summary, data, chain });
        }
    }
    let total = runs.len();
    let chosen = data::spread(total, MOST);
    let runs: Vec<&Run<'_>> = chosen.iter().filter_map(|&index| runs.get(index)).collect();
    if runs.is_empty() {
        return Vec::new();
    }
    let mut panels: Vec<Panel> = runs.iter().map(|run| density_panel(run)).collect();
    if let Some((first, others)) = panels.split_first_mut()
        && first.layers.iter().any(|layer| layer.label() == Some("exact"))
    {
        others.iter_mut().for_each(|panel| panel.legend = LegendPlace::None);
    }
    panels.push(mass_panel(&runs));
    let caption = format!(
        "{} The law in the long run. Density: simulation (line, with the pointwise 95 % band from the scatter of its paths) \
         after the burn-in, at its own time step, with gaps where no path was seen{}. Last panel: mass of each well over the weight \
         $\\pi_j$ that the small-noise theory gives it; points: simulation with 95 % intervals, open points: exact.{}{}{}",
        data::title(study),
        if runs.iter().any(|run| !exact(run).is_empty()) {
            ", and over it the exact stationary density (thin)"
        } else {
            ""
        },
        outside(&runs),
        agreement(&runs),
        curve::shown(runs.len(), total),
    );
    let mut figure = Figure { caption, ..Figure::new("stationary", panels) };
    if runs.len() > 1 {
        figure.columns = if runs.len() == 2 { 3 } else { 2 };
        figure.width_mm = TWO_COLUMNS_MM;
    }
    vec![figure]
}

impl Run<'_> {
    /// What tells the run from others: its noise, its amplitude, whatever else is swept.
    fn words(&self) -> Vec<String> {
        let noise = self.data.noise;
        let swept = self.summary.point.iter().filter(|(key, _)| !data::is_noise_key(key));
        let settings = swept.map(|(key, value)| words::setting(key, value));
        [words::noise(noise), words::amplitude(noise.epsilon())].into_iter().chain(settings).collect()
    }
}

/// The exact density, where it is known: of a Gaussian noise `exp(-U/D)` over its integral.
fn exact(run: &Run<'_>) -> Vec<[f64; 2]> {
    let minima = &run.data.landscape.minima;
    let (Some(diffusion), Some(first), Some(last)) =
        (run.data.noise.diffusion(), minima.first(), minima.last())
    else {
        return run.chain.exact.clone();
    };
    let lowest = minima.iter().map(|minimum| minimum.u).fold(f64::INFINITY, f64::min);
    let weight = |x: f64| libm::exp((lowest - run.data.potential.value(x)) / diffusion);
    let reach = REACH * (last.x - first.x);
    let x = data::between(first.x - reach, last.x + reach, DENSE, false);
    let y: Vec<f64> = x.iter().map(|&x| weight(x)).collect();
    // Of a function that is flat at both ends the trapezoidal rule is exact to many digits.
    let total = y.iter().sum::<f64>() * (x[1] - x[0]);
    x.into_iter().zip(y).map(|(x, y)| [x, y / total]).collect()
}

fn density_panel(run: &Run<'_>) -> Panel {
    let cells = run.chain.density.cells();
    let quantile = run.chain.density.quantile();
    let corners =
        |value: &dyn Fn(usize) -> f64| -> Vec<f64> { (0..cells.len()).flat_map(|k| [value(k); 2]).collect() };
    let x: Vec<f64> = cells.iter().flat_map(|cell| cell.edges).collect();
    let style = Style::series(0);
    // Cells in which no path was seen are gaps.
    let seen = |value: f64, k: usize| if cells[k].value > 0.0 { value } else { f64::NAN };
    let end = |sign: f64| corners(&|k| seen(cells[k].value + sign * quantile * cells[k].std_error, k));
    let mut layers = vec![Layer::band(x.clone(), end(-1.0), end(1.0), style)];
    let simulation =
        Layer::line(x, corners(&|k| seen(cells[k].value, k)), style.dash(Dash::Solid).weight(1.7));
    layers.push(simulation.labelled("simulation"));
    let range = [cells[0].edges[0], cells[cells.len() - 1].edges[1]];
    let exact = exact(run);
    if !exact.is_empty() {
        let (x, y) = exact.iter().map(|[x, p]| (*x, *p)).unzip();
        let line = Layer::line(x, y, Style::ink().dash(curve::EXACT).weight(0.7));
        layers.push(line.labelled("exact"));
    }
    let positive = cells.iter().map(|cell| cell.value).filter(|value| *value > 0.0);
    let (low, high) = positive.fold((f64::INFINITY, 0.0_f64), |(low, high), p| (low.min(p), high.max(p)));
    let mut y = Axis::log("stationary density $p(x)$");
    if low <= high {
        y = y.from_to(0.5 * low, 4.0 * high);
    }
    let title = words::joined(&run.words());
    Panel::new(Axis::linear("position $x$").from_to(range[0], range[1]), y, layers).titled(title)
}

fn occupations<'a>(run: &'a Run<'_>) -> impl Iterator<Item = &'a QuantityResult> {
    let task = run.chain.task;
    run.summary.results.iter().filter(move |row| row.quantity == "occupation" && row.task == task)
}

fn mass_panel(runs: &[&Run<'_>]) -> Panel {
    let width = 0.5 / runs.len() as f64;
    let relative = runs.iter().flat_map(|run| occupations(run)).all(|row| row.asymptotic > Some(0.0));
    let mut layers = Vec::new();
    if relative {
        layers.push(Layer::HorizontalLine { y: 1.0, style: Style::ink().weight(0.6), label: None });
    }
    let mut has_exact = false;
    let (mut low, mut high, mut wells) = (f64::INFINITY, f64::NEG_INFINITY, 0);
    for (index, run) in runs.iter().enumerate() {
        let aside = (index as f64 - 0.5 * (runs.len() as f64 - 1.0)) * width;
        let rows: Vec<&QuantityResult> = occupations(run).collect();
        wells = wells.max(rows.len());
        let unit = |row: &QuantityResult| row.asymptotic.filter(|_| relative).unwrap_or(1.0);
        let x: Vec<f64> = rows.iter().map(|row| row.well.unwrap_or(0) as f64 + aside).collect();
        let column = |of: fn(&QuantityResult) -> Option<f64>| -> Vec<f64> {
            rows.iter().map(|row| of(row).unwrap_or(f64::NAN) / unit(row)).collect()
        };
        let estimate = column(|row| row.estimate);
        let [lo, hi] = [column(|row| Some(row.ci95?[0])), column(|row| Some(row.ci95?[1]))];
        let exact = column(|row| row.exact);
        for value in estimate.iter().chain(&lo).chain(&hi).chain(&exact).filter(|value| value.is_finite()) {
            (low, high) = (low.min(*value), high.max(*value));
        }
        let style = Style::series(index);
        let differs = |words: &String| runs.iter().any(|other| !other.words().contains(words));
        let words: Vec<String> = run.words().into_iter().filter(differs).collect();
        let label = if words.is_empty() { "simulation".into() } else { words::joined(&words) };
        layers.push(Layer::points_with_errors(x.clone(), estimate, lo, hi, style).labelled(label));
        if exact.iter().any(|value| value.is_finite()) {
            let x = x.iter().map(|x| x + 0.4 * width.min(0.25)).collect();
            layers.push(Layer::points(x, exact, style.open()));
            has_exact = true;
        }
    }
    if has_exact {
        let style = Style::ink().marker(Marker::Circle).open();
        layers.push(Layer::points(Vec::new(), Vec::new(), style).labelled("exact"));
    }
    // A jump's weights are the same at every amplitude; a Brownian path's are not.
    let weight = |well: usize| {
        let mut weights = runs.iter().flat_map(|run| occupations(run));
        let first = weights.find(|row| row.well == Some(well))?.asymptotic?;
        let same = |row: &QuantityResult| (row.asymptotic.unwrap_or(f64::NAN) / first - 1.0).abs() < 1e-6;
        weights.filter(|row| row.well == Some(well)).all(same).then_some(first)
    };
    let all: Option<Vec<f64>> = (1..=wells).map(weight).collect();
    let all = all.filter(|_| relative);
    let name = if all.is_some() { r"well $j$ (its weight $\pi_j$)" } else { "well $j$" };
    let ticks = (1..=wells).map(|well| match &all {
        Some(all) => (well as f64, format!(r"{well} (${}$)", words::bare(all[well - 1], 3))),
        None => (well as f64, well.to_string()),
    });
    let x = Axis::linear(name).from_to(0.5, wells as f64 + 0.5).with_ticks(ticks.collect::<Vec<_>>());
    let label = if relative { r"mass of well $j$ / $\pi_j$" } else { "mass of well $j$" };
    let mut y = Axis::linear(label);
    if low <= high {
        let (bottom, top) = if relative { (low.min(1.0), high.max(1.0)) } else { (low, high) };
        let room = (top - bottom).max(1e-3);
        y = y.from_to(bottom - 0.1 * room, top + 0.1 * room);
    }
    Panel::new(x, y, layers)
}

/// A sentence on what the density panels leave out.
fn outside(runs: &[&Run<'_>]) -> String {
    let most = runs.iter().map(|run| run.chain.density.beyond().iter().sum::<f64>()).fold(0.0, f64::max);
    if most > 0.0 {
        format!(
            r" Up to ${}\,\%$ of the time paths are further out than is drawn.",
            words::bare(100.0 * most, 2)
        )
    } else {
        String::new()
    }
}

/// A sentence on the masses.
fn agreement(runs: &[&Run<'_>]) -> String {
    let off = |to: fn(&QuantityResult) -> Option<f64>| {
        let rows = runs.iter().flat_map(|run| occupations(run));
        rows.filter_map(|row| Some((row.estimate? / to(row)? - 1.0).abs())).reduce(f64::max)
    };
    let percent = |x: f64| format!(r"${}\,\%$", words::bare(100.0 * x, 2));
    match (off(|row| row.exact), off(|row| row.asymptotic)) {
        (Some(exact), Some(theory)) => format!(
            " Simulated masses are within {} of the exact ones and within {} of the weights.",
            percent(exact),
            percent(theory)
        ),
        (Some(off), None) => format!(" Simulated masses are within {} of the exact ones.", percent(off)),
        (None, Some(off)) => format!(" Simulated masses are within {} of the weights.", percent(off)),
        (None, None) => String::new(),
    }
}
