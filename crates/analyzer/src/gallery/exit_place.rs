//! Where jumps out of a domain land, against the Pareto law of the small-noise theory.

use super::curve;
use super::data::{self, Part, Row, Variable};
use super::words;
use crate::estimate::{ExitPlaces, rate_interval};
use crate::exact::{self, nonlocal::Questions};
use crate::figure::{Axis, Dash, Figure, Joined, Layer, LegendPlace, Marker, Panel, Style, TWO_COLUMNS_MM};
use crate::study::Study;
use crate::theory;

const MOST: usize = 3;
/// With fewer exits there is no density to speak of.
const FEW: u64 = 200;
/// Cells are joined until the reference expects so many exits: cells chosen by what was seen would be biased.
const EXPECTED: f64 = 10.0;
/// Height of the panel of ratios, that of densities being 1.
const RATIO_HEIGHT: f64 = 0.6;
/// Where both sides have exits, the density of the left ones is drawn by this factor lower.
const APART: f64 = 0.1;
/// Ratios of both sides are drawn by this factor to either side of the middles of their cells.
const ASIDE: f64 = 1.015;
/// Points of a curve.
const DENSE: usize = 81;
/// An interval so much longer than short, relatively, over which the density is taken for a curve.
const SLICE: f64 = 0.01;
const SIDES: [&str; 2] = ["left", "right"];

/// The probability that a path lands in `[lo, hi]`.
type Law<'a> = Box<dyn Fn(f64, f64) -> f64 + 'a>;

/// The exits of one start of a task, beside the law that they are compared with.
struct Exits<'a> {
    row: Row<'a>,
    places: &'a ExitPlaces,
    law: Law<'a>,
    /// Whether the law is that of the small-noise theory; else it is the exact one.
    is_theory: bool,
    parts: Vec<Part>,
}

/// Exits between two distances from the centre on one side.
struct Cell {
    edges: [f64; 2],
    count: u64,
    /// By the law.
    probability: f64,
    /// By the exact equation.
    exact: Option<f64>,
}

impl<'a> Exits<'a> {
    fn new(row: Row<'a>) -> Option<Self> {
        let ensemble = row.ensemble?;
        let places = ensemble.places.as_ref().filter(|places| places.exits() >= FEW)?;
        let data = row.data;
        let (potential, noise, problem) = (data.potential.as_ref(), data.noise, &ensemble.problem);
        let theory = theory::stopped(potential, &data.landscape, noise, problem);
        let is_theory = theory.is_some();
        let law: Law<'a> = if let Some(theory) = theory {
            Box::new(move |lo, hi| theory.landing(lo, hi))
        } else {
            let exact = exact::stopped(potential, noise, problem);
            exact.landing(problem.upper, f64::INFINITY)?;
            Box::new(move |lo, hi| exact.landing(lo, hi).unwrap_or(f64::NAN))
        };
        let parts = row.parts(&Variable::Epsilon);
        Some(Self { row, places, law, is_theory, parts })
    }

    /// The places between two distances from the centre.
    fn interval(&self, side: usize, [near, far]: [f64; 2]) -> [f64; 2] {
        let centre = self.places.centre();
        if side == 0 { [centre - far, centre - near] } else { [centre + near, centre + far] }
    }

    fn probability(&self, side: usize, edges: [f64; 2]) -> f64 {
        let [lo, hi] = self.interval(side, edges);
        (self.law)(lo, hi)
    }

    /// The cells of both sides, and how many exits lie beyond them.
    fn cells(&self) -> ([Vec<Cell>; 2], u64) {
        let total = self.places.stopped() as f64;
        let mut beyond = 0;
        let mut sides = [0, 1].map(|side| {
            let (mut cells, mut first, mut count) = (Vec::new(), 0, 0);
            for (last, seen) in self.places.sides()[side].iter().enumerate() {
                count += seen;
                let edges = [first, last + 1].map(|k| self.places.edge(side, k));
                let probability = self.probability(side, edges);
                if edges[1].is_finite() && probability * total >= EXPECTED {
                    cells.push(Cell { edges, count, probability, exact: None });
                    (first, count) = (last + 1, 0);
                }
            }
            beyond += count;
            cells
        });
        self.solve(&mut sides);
        (sides, beyond)
    }

    /// Asks the exact equation for the probabilities of the cells.
    fn solve(&self, sides: &mut [Vec<Cell>; 2]) {
        let Some(ensemble) = self.row.ensemble.filter(|_| self.is_theory) else { return };
        let landing = sides
            .iter()
            .enumerate()
            .flat_map(|(side, cells)| cells.iter().map(move |cell| self.interval(side, cell.edges)))
            .collect();
        // A curve is drawn to three digits.
        let questions = Questions { landing, survival_times: Vec::new(), tolerance: 1e-3 };
        let data = self.row.data;
        let (potential, problem) = (data.potential.as_ref(), &ensemble.problem);
        let solution = exact::solve(potential, &data.landscape, data.noise, problem, &questions);
        for (cell, answer) in sides.iter_mut().flatten().zip(solution.landing) {
            cell.exact = answer.map(|answer| answer.value);
        }
    }
}

/// Up to three problems, of each the run with the smallest amplitude and the most exits: densities, and under them
/// their ratio to the law.
pub(super) fn figures(study: &Study) -> Vec<Figure> {
    let mut largest: Vec<(Vec<Part>, Exits<'_>)> = Vec::new();
    for row in data::mean_times(study) {
        let Some(new) = Exits::new(row) else { continue };
        let (parts, rank) = (row.parts(&Variable::Effort), |one: &Exits<'_>| one.places.exits());
        match largest.iter_mut().find(|(other, _)| *other == parts) {
            Some((_, other)) if rank(other) > rank(&new) => {}
            // Of as many exits those of the later point, where steps are shorter.
            Some((_, other)) => *other = new,
            None => largest.push((parts, new)),
        }
    }
    let mut all: Vec<Exits<'_>> = Vec::new();
    for (_, new) in largest {
        match all.iter_mut().find(|other| other.parts == new.parts) {
            Some(other) if other.row.data.noise.epsilon() <= new.row.data.noise.epsilon() => {}
            Some(other) => *other = new,
            None => all.push(new),
        }
    }
    let total = all.len();
    let chosen = data::spread(total, MOST);
    let all: Vec<&Exits<'_>> = chosen.iter().filter_map(|&index| all.get(index)).collect();
    let Some(first) = all.first() else { return Vec::new() };
    let varying: Vec<usize> = (0..first.parts.len())
        .filter(|&slot| all.iter().any(|one| one.parts[slot] != first.parts[slot]))
        .collect();
    let (mut densities, mut ratios, mut beyond) = (Vec::new(), Vec::new(), 0);
    for exits in &all {
        let (cells, more) = exits.cells();
        beyond += more;
        densities.push(density_panel(exits, &cells, &varying));
        ratios.push(ratio_panel(exits, &cells));
    }
    let columns = densities.len();
    densities.extend(ratios);
    let caption = caption(study, &all, beyond) + &curve::shown(all.len(), total);
    let mut figure = Figure { caption, ..Figure::new("exit_place", densities) };
    figure.columns = columns;
    figure.row_heights = vec![1.0, RATIO_HEIGHT];
    if columns > 1 {
        figure.width_mm = TWO_COLUMNS_MM;
    }
    vec![figure]
}

fn caption(study: &Study, all: &[&Exits<'_>], beyond: u64) -> String {
    let theory = all.iter().any(|exits| exits.is_theory);
    let exits: u64 = all.iter().map(|exits| exits.places.exits()).sum();
    let solved = if theory { "; dotted lines: the exact law" } else { "" };
    let law = if theory {
        "solid lines: the small-noise theory, a Pareto law beyond each end of the domain with the jumps' own tail index"
    } else {
        "solid lines: the exact law"
    };
    let edge = if theory {
        " Close to the ends exits are more frequent than that, the more so the larger the noise: there a small jump is \
         enough for a path that the noise has carried towards the end."
    } else {
        ""
    };
    format!(
        "{} Where paths leave: density of the distance $y = |X_\\tau - m|$ from the minimum $m$ (or, without one, the start), \
         by the side of the exit. Points: simulation at its own time step, with exact (Poisson) 95 % intervals; {law}{solved}. \
         Below: the ratio to the solid lines.{edge} Of {exits} exits {beyond} lie further out than is drawn.",
        data::title(study)
    )
}

fn style(side: usize) -> Style {
    Style::series(side).marker([Marker::Circle, Marker::Square][side])
}

/// Both panels of a problem have this axis.
fn distance_axis(cells: &[Vec<Cell>; 2]) -> Axis {
    let edges = || cells.iter().flatten().flat_map(|cell| cell.edges);
    let (low, high) = edges().fold((f64::INFINITY, 0.0_f64), |(low, high), x| (low.min(x), high.max(x)));
    let axis = Axis::log(r"distance $y = |X_\tau - m|$");
    if low < high { axis.from_to(0.95 * low, 1.05 * high) } else { axis }
}

/// The middle of a cell on a logarithmic axis.
fn middle(cell: &Cell) -> f64 {
    (cell.edges[0] * cell.edges[1]).sqrt()
}

fn density_panel(exits: &Exits<'_>, cells: &[Vec<Cell>; 2], varying: &[usize]) -> Panel {
    let total = exits.places.stopped() as f64;
    let (mut lines, mut points) = (Vec::new(), Vec::new());
    let mut has_exact = false;
    let both = cells.iter().all(|cells| !cells.is_empty());
    for (side, cells) in cells.iter().enumerate() {
        // Under symmetric noise both sides have the same density.
        let apart = both && side == 0;
        let factor = if apart { APART } else { 1.0 };
        let (Some(first), Some(last)) = (cells.first(), cells.last()) else { continue };
        let x = data::between(first.edges[0], last.edges[1], DENSE, true);
        let y = x.iter().map(|&x| {
            let slice = [x, x * (1.0 + SLICE)];
            factor * exits.probability(side, slice) / (slice[1] - slice[0])
        });
        let y = y.collect();
        lines.push(Layer::line(x, y, style(side).dash(Dash::Solid)));
        let per_length = |cell: &Cell, value: f64| factor * value / (cell.edges[1] - cell.edges[0]);
        if cells.iter().any(|cell| cell.exact.is_some()) {
            has_exact = true;
            let y = cells.iter().map(|cell| per_length(cell, cell.exact.unwrap_or(f64::NAN))).collect();
            lines.push(Layer::line(cells.iter().map(middle).collect(), y, style(side).dash(Dash::Dotted)));
        }
        let name = if apart { format!("{} (over 10)", SIDES[side]) } else { SIDES[side].to_owned() };
        let markers = measured(side, cells, 1.0, |cell, exits| per_length(cell, exits / total));
        points.push(markers.labelled(name));
    }
    lines.extend(points);
    let key =
        |dash, label: &str| Layer::line(Vec::new(), Vec::new(), Style::ink().dash(dash)).labelled(label);
    lines.push(key(Dash::Solid, if exits.is_theory { "Pareto law" } else { "exact" }));
    if has_exact {
        lines.push(key(Dash::Dotted, "exact"));
    }
    let noise = exits.row.data.noise;
    let last = exits.parts.len().saturating_sub(1);
    let mut title = vec![words::noise(noise), words::amplitude(noise.epsilon())];
    title.extend(varying.iter().filter(|&&slot| slot != last).map(|&slot| exits.parts[slot].label.clone()));
    Panel::new(distance_axis(cells), Axis::log("density of the exit place"), lines)
        .titled(words::joined(&title))
}

fn ratio_panel(exits: &Exits<'_>, cells: &[Vec<Cell>; 2]) -> Panel {
    let total = exits.places.stopped() as f64;
    let both = cells.iter().all(|cells| !cells.is_empty());
    let mut highest: f64 = 1.8;
    let mut layers = vec![Layer::HorizontalLine { y: 1.0, style: Style::ink().weight(0.6), label: None }];
    for (side, cells) in cells.iter().enumerate() {
        if cells.iter().any(|cell| cell.exact.is_some()) {
            let ratio = |cell: &Cell| cell.exact.unwrap_or(f64::NAN) / cell.probability;
            let (x, y) = (cells.iter().map(middle).collect(), cells.iter().map(ratio).collect());
            layers.push(Layer::line(x, y, style(side).dash(Dash::Dotted)));
        }
    }
    for (side, cells) in cells.iter().enumerate().filter(|(_, cells)| !cells.is_empty()) {
        let aside = if both { [1.0 / ASIDE, ASIDE][side] } else { 1.0 };
        let ratios = cells.iter().map(|cell| cell.count as f64 / total / cell.probability);
        highest = ratios.fold(highest, f64::max);
        layers.push(measured(side, cells, aside, |cell, exits| exits / total / cell.probability));
    }
    let law = if exits.is_theory { "Pareto law" } else { "exact" };
    let y = Axis::linear(format!("ratio to {law}")).from_to(0.0, highest / 0.9);
    let mut panel = Panel::new(distance_axis(cells), y, layers);
    panel.legend = LegendPlace::None;
    panel.joined(Joined::Above)
}

/// Markers of one side with exact intervals, in the unit that `of` makes of a number of exits, at so many times the
/// middles of the cells.
fn measured(side: usize, cells: &[Cell], aside: f64, of: impl Fn(&Cell, f64) -> f64) -> Layer {
    let column = |number: &dyn Fn(&Cell) -> f64| cells.iter().map(|cell| of(cell, number(cell))).collect();
    let x = cells.iter().map(|cell| aside * middle(cell)).collect();
    let [lo, hi] = [0, 1].map(|end| column(&|cell| rate_interval(cell.count, 1.0, 0.95)[end]));
    Layer::points_with_errors(x, column(&|cell| cell.count as f64), lo, hi, style(side))
}
