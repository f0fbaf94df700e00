//! The landscape of a potential: minima, saddles, wells, widths and depths.

use levyscape_integrator::potential::Potential;
use serde::{Deserialize, Serialize};

use crate::extended_real;

/// A minimum or a saddle (in one dimension: a maximum between two wells).
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct CriticalPoint {
    /// Place.
    pub x: f64,
    /// `U(x)`.
    pub u: f64,
    /// `U''(x)`; exactly 0 where the point is degenerate (the remarks say so).
    pub curvature: f64,
}

/// The basin of one minimum.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Well {
    /// Number of its minimum, from the left, from 1.
    pub minimum: usize,
    /// Left edge: a saddle or minus infinity.
    #[serde(with = "extended_real")]
    pub left: f64,
    /// Right edge: a saddle or infinity.
    #[serde(with = "extended_real")]
    pub right: f64,
    /// `right - left`.
    #[serde(with = "extended_real")]
    pub width: f64,
    /// Height of the lower finite edge above the minimum; infinite for the only well.
    #[serde(with = "extended_real")]
    pub depth: f64,
    /// Distance from the minimum to the left edge.
    #[serde(with = "extended_real")]
    pub distance_left: f64,
    /// Distance from the minimum to the right edge.
    #[serde(with = "extended_real")]
    pub distance_right: f64,
    /// Height of the left edge above the minimum.
    #[serde(with = "extended_real")]
    pub depth_left: f64,
    /// Height of the right edge above the minimum.
    #[serde(with = "extended_real")]
    pub depth_right: f64,
}

/// Minima, saddles and wells of a potential on the line, from left to right.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Landscape {
    /// Minima from the left.
    pub minima: Vec<CriticalPoint>,
    /// Maxima from the left. Where the potential rises at both ends, saddle `i` lies between minima
    /// `i` and `i + 1`; where it falls at an end, one more maximum stands outside the last minimum.
    pub saddles: Vec<CriticalPoint>,
    /// One well a minimum.
    pub wells: Vec<Well>,
    /// The window that was searched.
    pub window: [f64; 2],
    /// Degenerate points and broken assumptions of the theory, in words.
    pub remarks: Vec<String>,
}

/// Why no landscape could be made.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum LandscapeError {
    /// The window is not an interval of finite numbers.
    #[error("the window [{lo}, {hi}] must have two finite ends, the first below the second")]
    Window {
        /// Left end asked for.
        lo: f64,
        /// Right end asked for.
        hi: f64,
    },
    /// So many critical points that no theory of wells can be meant.
    #[error(
        "the potential has more than {limit} critical points in [{lo}, {hi}]: choose a window with fewer"
    )]
    TooMany {
        /// Left end of the window searched.
        lo: f64,
        /// Right end of the window searched.
        hi: f64,
        /// Largest number that is accepted.
        limit: usize,
    },
    /// The gradient is nowhere a finite number.
    #[error("the gradient of the potential is not a finite number anywhere in [{lo}, {hi}]")]
    NotFinite {
        /// Left end of the window searched.
        lo: f64,
        /// Right end of the window searched.
        hi: f64,
    },
}

/// Cells of the scan between `-1` and `1`, or of a given window.
const CENTRAL_CELLS: usize = 2000;
/// Cells of the scan in each further octave, a side.
const OCTAVE_CELLS: usize = 256;
/// Octaves searched outwards: to about 1e6.
const OCTAVES: i32 = 20;
/// Octaves without anything new after which an inward force ends the search.
const QUIET_OCTAVES: i32 = 8;
/// More critical points than this, and still coming: the search would not end.
const CROWD: usize = 400;
/// More critical points than this are refused.
const LIMIT: usize = 2000;
/// Nodes for each one asked for, on average, after which a scan bisects no further.
const NODES: usize = 16;
/// Depth of the bisection of cells in which the force is not yet resolved.
const REFINEMENTS: u32 = 8;

/// One point of the scan.
#[derive(Debug, Clone, Copy)]
struct Node {
    x: f64,
    gradient: f64,
    curvature: f64,
}

impl Node {
    fn at(potential: &dyn Potential, x: f64) -> Self {
        Self { x, gradient: potential.gradient(x), curvature: curvature(potential, x) }
    }
}

/// `U''(x)`, by differences where the potential does not know it.
fn curvature(potential: &dyn Potential, x: f64) -> f64 {
    let known = potential.curvature(x);
    if known.is_finite() {
        return known;
    }
    let step = 6e-6 * x.abs().max(1e-3);
    (potential.gradient(x + step) - potential.gradient(x - step)) / (2.0 * step)
}

/// What the scan has found at one place.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Feature {
    Minimum(f64),
    Maximum(f64),
    /// The force vanishes without changing its sign.
    Touch(f64),
    /// The potential is not finite; wells end here.
    Wall(f64, f64),
    /// The force is zero all along; the sides say what it is.
    Flat(f64, f64, Side, Side),
    /// The force jumps through zero at a minimum (`true`) or a maximum.
    Kink(f64, bool),
}

/// Which way the force's potential runs beside a flat piece.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Side {
    Rising,
    Falling,
    Unknown,
}

impl Feature {
    fn place(self) -> f64 {
        match self {
            Self::Minimum(x) | Self::Maximum(x) | Self::Touch(x) | Self::Kink(x, _) => x,
            Self::Wall(lo, hi) | Self::Flat(lo, hi, _, _) => lo + 0.5 * (hi - lo),
        }
    }

    fn is_critical(self) -> bool {
        !matches!(self, Self::Wall(..))
    }
}

impl Landscape {
    /// Finds every critical point of `potential` in `window`, by default in a window that grows until
    /// nothing new comes and the force points inwards (at most to about 1e6).
    ///
    /// A dense scan of `U'`, refined where it is not yet resolved and where the curvature changes its
    /// sign, then bisection to the last bit. Whatever breaks an assumption of the theory (a degenerate
    /// minimum, a flat piece, a kink, a potential that falls without end, one that grows too slowly,
    /// non-finite values) is named in `remarks`. A structure narrower than a cell (`width / 2000` for a
    /// given window; 1e-3 near the origin and 1/256 of the distance farther out by default) can be missed.
    ///
    /// # Errors
    /// A window that is not a finite interval; a gradient that is nowhere finite; more than 2000 critical
    /// points.
    pub fn find(potential: &dyn Potential, window: Option<[f64; 2]>) -> Result<Self, LandscapeError> {
        let mut remarks = Vec::new();
        let (features, window, ends) = match window {
            Some([lo, hi]) => {
                if !(lo.is_finite() && hi.is_finite() && lo < hi) {
                    return Err(LandscapeError::Window { lo, hi });
                }
                let nodes = scan(potential, &uniform(lo, hi, 2 * CENTRAL_CELLS));
                let ends = end_slopes(&nodes);
                (features(potential, &nodes), [lo, hi], ends)
            }
            None => automatic(potential, &mut remarks),
        };
        if ends.is_none() {
            return Err(LandscapeError::NotFinite { lo: window[0], hi: window[1] });
        }
        if features.len() > LIMIT {
            return Err(LandscapeError::TooMany { lo: window[0], hi: window[1], limit: LIMIT });
        }
        let endless = !remarks.is_empty();
        let mut landscape = Self { window, remarks, ..Self::default() };
        landscape.assemble(potential, &features);
        // The growth of something that oscillates without end says nothing.
        if !endless {
            landscape.examine_growth(potential);
        }
        Ok(landscape)
    }

    /// Index (from 0) of the well whose basin contains `x`: where the noise-free motion goes. `None` on
    /// an edge, outside every well and for NaN.
    #[must_use]
    pub fn basin_of(&self, x: f64) -> Option<usize> {
        let tolerance = 1e-12 * x.abs().max(1.0);
        self.wells.iter().position(|well| x > well.left + tolerance && x < well.right - tolerance)
    }

    /// The well of minimum `number`, counted from 1 from the left.
    #[must_use]
    pub fn well(&self, number: usize) -> Option<&Well> {
        self.wells.get(number.checked_sub(1)?)
    }

    /// Minimum `number`, counted from 1 from the left.
    #[must_use]
    pub fn minimum(&self, number: usize) -> Option<&CriticalPoint> {
        self.minima.get(number.checked_sub(1)?)
    }

    /// The saddle at a well's edge, if that edge is a saddle.
    #[must_use]
    pub fn saddle_at(&self, edge: f64) -> Option<&CriticalPoint> {
        self.saddles.iter().find(|saddle| saddle.x == edge)
    }

    fn assemble(&mut self, potential: &dyn Potential, features: &[Feature]) {
        // The edges of wells in order: finite maxima, and walls with both their ends.
        let mut edges: Vec<[f64; 2]> = Vec::new();
        for (index, &feature) in features.iter().enumerate() {
            let x = feature.place();
            match feature {
                Feature::Touch(_) => self.remarks.push(format!(
                    "U' vanishes at x = {} without changing its sign: a shelf, not an edge",
                    show(x)
                )),
                Feature::Wall(lo, hi) => {
                    // A pole has one place, which the two sides may have found a few units apart.
                    let is_pole = hi - lo <= 1e-9 * x.abs().max(1.0);
                    edges.push(if is_pole { [x, x] } else { [lo, hi] });
                    self.remarks.push(if is_pole {
                        format!(
                            "U is not finite at x = {}: wells end there, a path that meets it diverges",
                            show(x)
                        )
                    } else {
                        format!(
                            "U is not finite on [{}, {}]: wells end there, a path that lands there diverges",
                            show(lo),
                            show(hi)
                        )
                    });
                }
                Feature::Flat(lo, hi, before, after) => {
                    let bottom = before == Side::Falling && after == Side::Rising;
                    let top = before == Side::Rising && after == Side::Falling;
                    let kind = if bottom { "minimum" } else { "maximum" };
                    if bottom || top {
                        let point = CriticalPoint { x, u: potential.value(x), curvature: 0.0 };
                        self.remarks.push(format!(
                            "U is flat on [{}, {}]: a {kind} without curvature, taken at its middle; Kramers' formula \
                             does not apply there",
                            show(lo),
                            show(hi)
                        ));
                        if bottom {
                            self.minima.push(point);
                        } else {
                            edges.push([x, x]);
                            self.saddles.push(point);
                        }
                    } else {
                        self.remarks.push(format!(
                            "U is flat on [{}, {}]: no force acts there",
                            show(lo),
                            show(hi)
                        ));
                    }
                }
                Feature::Minimum(_) | Feature::Maximum(_) | Feature::Kink(..) => {
                    let is_minimum = matches!(feature, Feature::Minimum(_) | Feature::Kink(_, true));
                    let kind = if is_minimum { "minimum" } else { "maximum" };
                    let mut curvature = curvature(potential, x);
                    if matches!(feature, Feature::Kink(..)) {
                        curvature = 0.0;
                        self.remarks.push(format!(
                            "U' jumps at the {kind} at x = {}: it has no curvature, Kramers' formula does not apply",
                            show(x)
                        ));
                    } else if is_degenerate(potential, x, curvature, is_minimum, features, index) {
                        curvature = 0.0;
                        self.remarks.push(format!(
                            "the {kind} at x = {} is degenerate (U'' = 0): Kramers' formula does not apply there",
                            show(x)
                        ));
                    }
                    let point = CriticalPoint { x, u: potential.value(x), curvature };
                    if is_minimum {
                        self.minima.push(point);
                    } else {
                        edges.push([x, x]);
                        self.saddles.push(point);
                    }
                }
            }
        }
        for (index, minimum) in self.minima.iter().enumerate() {
            let left =
                edges.iter().rev().find(|edge| edge[1] < minimum.x).map_or(f64::NEG_INFINITY, |edge| edge[1]);
            let right = edges.iter().find(|edge| edge[0] > minimum.x).map_or(f64::INFINITY, |edge| edge[0]);
            let height = |edge: f64| {
                self.saddles
                    .iter()
                    .find(|saddle| saddle.x == edge)
                    .map_or(f64::INFINITY, |saddle| saddle.u - minimum.u)
            };
            let (depth_left, depth_right) = (height(left), height(right));
            self.wells.push(Well {
                minimum: index + 1,
                left,
                right,
                width: right - left,
                depth: depth_left.min(depth_right),
                distance_left: minimum.x - left,
                distance_right: right - minimum.x,
                depth_left,
                depth_right,
            });
        }
        if self.minima.is_empty() {
            self.remarks.push(
                "U has no minimum in the window: there is no well to leave, and the small-noise theory says nothing"
                    .into(),
            );
        }
    }

    /// Condition (2.1) of the theorem, roughly: `U'` points outwards and grows faster than `|x|`.
    fn examine_growth(&mut self, potential: &dyn Potential) {
        let reach = self.window[0].abs().max(self.window[1].abs()).max(1.0);
        for (side, name) in [(-1.0, "left"), (1.0, "right")] {
            // Far out, but where the potential still is a number.
            let pair = (0..8).rev().find_map(|octave| {
                let x = side * reach * f64::from(1 << octave);
                let (near, far) = (side * potential.gradient(0.5 * x), side * potential.gradient(x));
                (near.is_finite() && far.is_finite()).then_some((near, far))
            });
            let Some((near, far)) = pair else { continue };
            if far < 0.0 || near < 0.0 {
                self.remarks.push(format!(
                    "U falls at the far {name}: a path that gets there does not come back by itself, wells there are \
                     open"
                ));
            } else if far == 0.0 || near == 0.0 {
                self.remarks
                    .push(format!("no force acts at the far {name}: nothing brings a path back from there"));
            } else {
                let exponent = libm::log2(far / near);
                if exponent < 1.05 {
                    self.remarks.push(format!(
                        "U' grows only like |x|^{exponent:.2} at the far {name}, not faster than |x| as the theorem \
                         asks: returns from far away are slow, exit rates of a well are not affected"
                    ));
                }
            }
        }
    }
}

/// A coordinate for a remark: short, and the same on every machine.
fn show(x: f64) -> String {
    let rounded = libm::round(x * 1e6) / 1e6;
    if rounded.is_finite() && x.abs() < 1e9 && (x == 0.0 || x.abs() > 1e-3) {
        format!("{}", rounded + 0.0)
    } else {
        format!("{x:.6e}")
    }
}

fn uniform(lo: f64, hi: f64, cells: usize) -> Vec<f64> {
    (0..=cells)
        .map(|i| {
            let share = i as f64 / cells as f64;
            if i == cells { hi } else { lo * (1.0 - share) + hi * share }
        })
        .collect()
}

/// Evaluates the potential at the sorted `places` and bisects cells until the force is resolved.
fn scan(potential: &dyn Potential, places: &[f64]) -> Vec<Node> {
    let mut nodes = Vec::new();
    let limit = NODES * places.len();
    let Some((&first, rest)) = places.split_first() else { return nodes };
    let mut left = Node::at(potential, first);
    nodes.push(left);
    for &x in rest {
        let right = Node::at(potential, x);
        refine(potential, left, right, REFINEMENTS, limit, &mut nodes);
        nodes.push(right);
        left = right;
    }
    nodes
}

/// Adds nodes between two neighbours while a cubic through their values and slopes misses the middle.
fn refine(
    potential: &dyn Potential,
    left: Node,
    right: Node,
    depth: u32,
    limit: usize,
    nodes: &mut Vec<Node>,
) {
    let width = right.x - left.x;
    let x = left.x + 0.5 * width;
    if depth == 0 || nodes.len() >= limit || !(x > left.x && x < right.x) {
        return;
    }
    let middle = Node::at(potential, x);
    let cubic = 0.5 * (left.gradient + right.gradient) + width / 8.0 * (left.curvature - right.curvature);
    let scale = left.gradient.abs().max(right.gradient.abs()).max(middle.gradient.abs());
    let all_finite = cubic.is_finite() && middle.gradient.is_finite();
    let none_finite =
        !left.gradient.is_finite() && !middle.gradient.is_finite() && !right.gradient.is_finite();
    if none_finite || (all_finite && (middle.gradient - cubic).abs() <= 0.02 * scale) {
        return;
    }
    refine(potential, left, middle, depth - 1, limit, nodes);
    nodes.push(middle);
    refine(potential, middle, right, depth - 1, limit, nodes);
}

/// Signs of the force at the two ends of a scan, over its finite nodes.
fn end_slopes(nodes: &[Node]) -> Option<[f64; 2]> {
    let mut finite = nodes.iter().filter(|node| node.gradient.is_finite());
    let first = finite.next()?.gradient;
    let last = finite.next_back().map_or(first, |node| node.gradient);
    Some([first, last])
}

/// Grows the window until the search has ended; also returns the signs of the force at its ends.
fn automatic(
    potential: &dyn Potential,
    remarks: &mut Vec<String>,
) -> (Vec<Feature>, [f64; 2], Option<[f64; 2]>) {
    let mut nodes = scan(potential, &inner_places());
    let mut found = features(potential, &nodes);
    let mut last_new = 0;
    let mut crowded = 0;
    let mut octave = 0;
    while octave < OCTAVES {
        let (near, far) = (libm::ldexp(1.0, octave), libm::ldexp(1.0, octave + 1));
        octave += 1;
        let before = found.iter().filter(|feature| feature.is_critical()).count();
        let mut wider = scan(potential, &uniform(-far, -near, OCTAVE_CELLS));
        wider.pop();
        wider.append(&mut nodes);
        wider.extend(scan(potential, &uniform(near, far, OCTAVE_CELLS)).into_iter().skip(1));
        nodes = wider;
        found = features(potential, &nodes);
        let now = found.iter().filter(|feature| feature.is_critical()).count();
        if now > LIMIT {
            return crowd(potential, remarks);
        }
        let flat_end = found
            .iter()
            .any(|feature| matches!(feature, Feature::Flat(lo, hi, _, _) if *lo <= -far || *hi >= far));
        if now > before {
            last_new = octave;
            crowded += 1;
        } else {
            crowded = 0;
        }
        if now > CROWD && crowded >= 3 {
            return crowd(potential, remarks);
        }
        let inward = end_slopes(&nodes).is_some_and(|[left, right]| left < 0.0 && right > 0.0);
        if now > 0 && (inward || flat_end) && octave - last_new >= QUIET_OCTAVES {
            break;
        }
    }
    let reach = libm::ldexp(1.0, octave);
    let ends = end_slopes(&nodes);
    (found, [-reach, reach], ends)
}

/// The window for a potential whose critical points do not end: the smallest dyadic one with three minima.
fn crowd(potential: &dyn Potential, remarks: &mut Vec<String>) -> (Vec<Feature>, [f64; 2], Option<[f64; 2]>) {
    let mut result = None;
    for octave in -10..OCTAVES {
        let reach = libm::ldexp(1.0, octave);
        let nodes = scan(potential, &uniform(-reach, reach, 2 * CENTRAL_CELLS));
        let found = features(potential, &nodes);
        let minima = found.iter().filter(|feature| matches!(feature, Feature::Minimum(_))).count();
        let ends = end_slopes(&nodes);
        result = Some((found, [-reach, reach], ends));
        if minima >= 3 {
            break;
        }
    }
    let (found, window, ends) = result.unwrap_or_default();
    remarks.push(format!(
        "U has ever more critical points farther out (is it periodic?): only those in [{}, {}] are listed; give a \
         window to choose others",
        window[0], window[1]
    ));
    (found, window, ends)
}

/// Places in `[-1, 1]`: a uniform grid and a finer one towards the origin.
fn inner_places() -> Vec<f64> {
    let mut places = uniform(-1.0, 1.0, CENTRAL_CELLS);
    for octave in 1..=20 {
        let (near, far) = (libm::ldexp(1.0, -octave - 1), libm::ldexp(1.0, -octave));
        for x in uniform(near, far, 64) {
            places.push(x);
            places.push(-x);
        }
    }
    places.push(0.0);
    places.sort_by(f64::total_cmp);
    places.dedup_by(|a, b| a == b);
    places
}

/// Critical points, shelves, walls and flat pieces of a scan, from left to right.
fn features(potential: &dyn Potential, nodes: &[Node]) -> Vec<Feature> {
    let mut found = Vec::new();
    let side = |node: Option<&Node>| match node {
        Some(node) if node.gradient > 0.0 => Side::Rising,
        Some(node) if node.gradient < 0.0 => Side::Falling,
        _ => Side::Unknown,
    };
    let mut i = 0;
    while i < nodes.len() {
        let node = nodes[i];
        if !node.gradient.is_finite() {
            let start = i;
            while i < nodes.len() && !nodes[i].gradient.is_finite() {
                i += 1;
            }
            // Overflow at the far ends of a window is no wall, merely a steep slope.
            let overflow = (start == 0 || i == nodes.len())
                && nodes[start..i].iter().all(|node| potential.value(node.x) == f64::INFINITY);
            if !overflow {
                let lo =
                    if start == 0 { nodes[0].x } else { edge(potential, nodes[start - 1].x, nodes[start].x) };
                let hi = if i == nodes.len() {
                    nodes[i - 1].x
                } else {
                    edge(potential, nodes[i].x, nodes[i - 1].x)
                };
                found.push(Feature::Wall(lo, hi));
            }
            continue;
        }
        if node.gradient == 0.0 {
            let start = i;
            while i < nodes.len() && nodes[i].gradient == 0.0 {
                i += 1;
            }
            let before = side(start.checked_sub(1).and_then(|k| nodes.get(k)));
            let after = side(nodes.get(i));
            let beside = start.checked_sub(1).and_then(|k| nodes.get(k)).zip(nodes.get(i));
            match (i - start, before, after) {
                (1, Side::Falling, Side::Rising) => {
                    around(potential, beside, Feature::Minimum(node.x), &mut found)
                }
                (1, Side::Rising, Side::Falling) => {
                    around(potential, beside, Feature::Maximum(node.x), &mut found)
                }
                (1, _, _) => found.push(Feature::Touch(node.x)),
                _ => found.push(Feature::Flat(node.x, nodes[i - 1].x, before, after)),
            }
            continue;
        }
        if let Some(next) = nodes.get(i + 1).filter(|next| next.gradient.is_finite() && next.gradient != 0.0)
        {
            if (node.gradient > 0.0) == (next.gradient > 0.0) {
                hidden(potential, node, *next, &mut found);
            } else {
                around(potential, Some((&node, next)), crossing(potential, node, *next), &mut found);
            }
        }
        i += 1;
    }
    found
}

/// Adds a zero of the gradient found between two nodes, or the several that lie so close together that
/// the nodes saw only one: the sign is followed towards it from both sides, halving the distance.
fn around(
    potential: &dyn Potential,
    beside: Option<(&Node, &Node)>,
    feature: Feature,
    found: &mut Vec<Feature>,
) {
    let (Some((&left, &right)), Feature::Minimum(x) | Feature::Maximum(x)) = (beside, feature) else {
        found.push(feature);
        return;
    };
    // Below this a change of sign may be rounding, which shows between neighbouring numbers.
    let at_root = potential.gradient(x);
    let rounding = (-4..=4)
        .map(|k| (potential.gradient(x + f64::from(k) * f64::EPSILON * x.abs()) - at_root).abs())
        .fold(0.0, f64::max);
    let noise = (1e-12 * left.gradient.abs().max(right.gradient.abs())).max(32.0 * rounding);
    let ladder = |end: f64| (0..64).map(move |rung| x + (end - x) * libm::exp2(-0.25 * f64::from(rung)));
    let mut places: Vec<f64> = ladder(left.x).collect();
    let mut back: Vec<f64> = ladder(right.x).collect();
    back.reverse();
    places.append(&mut back);
    let nodes: Vec<Node> = places.iter().map(|&x| Node::at(potential, x)).collect();
    let clear: Vec<Node> = nodes.into_iter().filter(|node| node.gradient.abs() > noise).collect();
    let changes: Vec<(Node, Node)> = clear
        .iter()
        .zip(clear.iter().skip(1))
        .filter(|(a, b)| (a.gradient > 0.0) != (b.gradient > 0.0))
        .map(|(&a, &b)| (a, b))
        .collect();
    if changes.len() < 2 {
        found.push(feature);
    } else {
        found.extend(changes.into_iter().map(|(a, b)| crossing(potential, a, b)));
    }
}

/// The last point of finite gradient on the way from `inside` (finite) to `outside` (not).
fn edge(potential: &dyn Potential, mut inside: f64, mut outside: f64) -> f64 {
    for _ in 0..200 {
        let middle = inside + 0.5 * (outside - inside);
        if middle == inside || middle == outside {
            break;
        }
        if potential.gradient(middle).is_finite() {
            inside = middle;
        } else {
            outside = middle;
        }
    }
    // An isolated pole: its own place, not the number next to it.
    if inside.abs() < 1e-12 && !potential.gradient(0.0).is_finite() {
        return 0.0;
    }
    if (inside - outside).abs() <= 4.0 * f64::EPSILON * inside.abs() + f64::MIN_POSITIVE {
        outside
    } else {
        inside
    }
}

/// The zero of the gradient between two nodes of opposite sign, by bisection to neighbouring numbers.
fn crossing(potential: &dyn Potential, left: Node, right: Node) -> Feature {
    let rising = right.gradient > 0.0;
    let (mut lo, mut hi) = (left.x, right.x);
    let (mut at_lo, mut at_hi) = (left.gradient, right.gradient);
    for _ in 0..200 {
        let middle = lo + 0.5 * (hi - lo);
        if middle <= lo || middle >= hi {
            break;
        }
        let gradient = potential.gradient(middle);
        if gradient == 0.0 {
            (lo, hi, at_lo, at_hi) = (middle, middle, 0.0, 0.0);
            break;
        }
        if !gradient.is_finite() {
            return Feature::Wall(middle, middle);
        }
        if (gradient > 0.0) == rising {
            (hi, at_hi) = (middle, gradient);
        } else {
            (lo, at_lo) = (middle, gradient);
        }
    }
    let mut x = if at_lo.abs() <= at_hi.abs() { lo } else { hi };
    if x.abs() < 1e-12 && potential.gradient(0.0).abs() <= at_lo.abs().min(at_hi.abs()) {
        x = 0.0;
    }
    let scale = left.gradient.abs().max(right.gradient.abs());
    let jump = at_lo.abs().max(at_hi.abs());
    if jump > 1e3 * scale || !potential.value(x).is_finite() {
        Feature::Wall(x, x)
    } else if jump > 1e-3 * scale {
        Feature::Kink(x, rising)
    } else if rising {
        Feature::Minimum(x)
    } else {
        Feature::Maximum(x)
    }
}

/// Two critical points, or one touch, hidden in a cell whose ends agree in sign: there `|U'|` has a
/// minimum inside, so the curvature changes its sign.
fn hidden(potential: &dyn Potential, left: Node, right: Node, found: &mut Vec<Feature>) {
    let sign = if left.gradient > 0.0 { 1.0 } else { -1.0 };
    if !(sign * left.curvature < 0.0 && sign * right.curvature > 0.0) {
        return;
    }
    let (mut lo, mut hi) = (left.x, right.x);
    for _ in 0..200 {
        let middle = lo + 0.5 * (hi - lo);
        if middle <= lo || middle >= hi {
            break;
        }
        if sign * potential.curvature(middle) < 0.0 {
            lo = middle;
        } else {
            hi = middle;
        }
        let node = Node::at(potential, middle);
        if sign * node.gradient < 0.0 {
            found.push(crossing(potential, left, node));
            found.push(crossing(potential, node, right));
            return;
        }
    }
    let smallest = potential.gradient(lo).abs().min(potential.gradient(hi).abs());
    // Seen as a touch when it is zero up to what a parabola loses by rounding in its place.
    if smallest <= 1e-11 * left.gradient.abs().max(right.gradient.abs()).max(1e-300) {
        found.push(Feature::Touch(lo));
    }
}

/// Whether the curvature at a critical point is far below the force's slope a little way off.
fn is_degenerate(
    potential: &dyn Potential,
    x: f64,
    curvature: f64,
    is_minimum: bool,
    features: &[Feature],
    index: usize,
) -> bool {
    let gap = |other: Option<&Feature>| other.map_or(f64::INFINITY, |other| (other.place() - x).abs());
    let nearest = gap(index.checked_sub(1).and_then(|k| features.get(k))).min(gap(features.get(index + 1)));
    let step = 0.01 * nearest.min(x.abs().max(1.0));
    let secant = (potential.gradient(x + step) - potential.gradient(x - step)) / (2.0 * step);
    let wrong_sign = if is_minimum { curvature <= 0.0 } else { curvature >= 0.0 };
    !curvature.is_finite() || wrong_sign || (secant.is_finite() && curvature.abs() < 1e-4 * secant.abs())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_potential::Formula;

    fn find(
        value: impl Fn(f64) -> f64 + Send + Sync + 'static,
        gradient: impl Fn(f64) -> f64 + Send + Sync + 'static,
        curvature: impl Fn(f64) -> f64 + Send + Sync + 'static,
    ) -> Landscape {
        Landscape::find(&Formula::new(value, gradient, curvature), None).unwrap()
    }

    fn places(points: &[CriticalPoint]) -> Vec<f64> {
        points.iter().map(|point| point.x).collect()
    }

    fn remarked(landscape: &Landscape, words: &str) -> bool {
        landscape.remarks.iter().any(|remark| remark.contains(words))
    }

    #[test]
    fn symmetric_double_well() {
        let found = find(|x| 0.25 * x * x * x * x - 0.5 * x * x, |x| x * x * x - x, |x| 3.0 * x * x - 1.0);
        assert_eq!(places(&found.minima), [-1.0, 1.0]);
        assert_eq!(places(&found.saddles), [0.0]);
        assert_eq!(found.minima[0].curvature, 2.0);
        assert_eq!((found.wells[0].left, found.wells[0].right), (f64::NEG_INFINITY, 0.0));
        assert_eq!((found.wells[0].depth, found.wells[0].depth_left), (0.25, f64::INFINITY));
        assert_eq!(found.wells[1].distance_left, 1.0);
        assert!(found.remarks.is_empty(), "{:?}", found.remarks);
        assert_eq!(
            (found.basin_of(-3.0), found.basin_of(0.2), found.basin_of(0.0)),
            (Some(0), Some(1), None)
        );
        assert_eq!((found.basin_of(f64::NAN), found.well(0), found.well(3)), (None, None, None));
        assert_eq!(found.well(2).unwrap().minimum, 2);
    }

    #[test]
    fn tilted_and_three_wells() {
        let found = find(
            |x| 0.25 * x * x * x * x - 0.5 * x * x + 0.1 * x,
            |x| x * x * x - x + 0.1,
            |x| 3.0 * x * x - 1.0,
        );
        assert!(
            (found.minima[0].x + 1.046_680_53).abs() < 1e-8
                && (found.minima[1].x - 0.945_649_27).abs() < 1e-8
        );
        let three = find(
            |x| 0.2 * (x * x * x * x * x * x / 6.0 - 1.25 * x * x * x * x + 2.0 * x * x),
            |x| 0.2 * (x * x * x * x * x - 5.0 * x * x * x + 4.0 * x),
            |x| 0.2 * (5.0 * x * x * x * x - 15.0 * x * x + 4.0),
        );
        assert_eq!(places(&three.minima), [-2.0, 0.0, 2.0]);
        assert_eq!(places(&three.saddles), [-1.0, 1.0]);
    }

    #[test]
    fn far_apart_close_together_and_off_centre() {
        // Minima at +-300; at 5 +- 1e-3; steep and shallow.
        let far = find(
            |x| (x * x / 9e4 - 1.0) * (x * x / 9e4 - 1.0),
            |x| 4.0 * x / 9e4 * (x * x / 9e4 - 1.0),
            |x| 4.0 / 9e4 * (3.0 * x * x / 9e4 - 1.0),
        );
        assert_eq!(places(&far.minima), [-300.0, 300.0]);
        let close = find(
            |x| {
                let y = x - 5.0;
                0.25 * y * y * y * y - 0.5e-6 * y * y
            },
            |x| {
                let y = x - 5.0;
                y * y * y - 1e-6 * y
            },
            |x| {
                let y = x - 5.0;
                3.0 * y * y - 1e-6
            },
        );
        assert_eq!(close.minima.len(), 2, "{close:?}");
        assert!((close.minima[0].x - 4.999).abs() < 1e-9 && (close.saddles[0].x - 5.0).abs() < 1e-9);
        let tiny =
            find(|x| 0.25 * x * x * x * x - 0.5e-6 * x * x, |x| x * x * x - 1e-6 * x, |x| 3.0 * x * x - 1e-6);
        assert_eq!(tiny.minima.len(), 2);
    }

    #[test]
    fn degenerate_minimum_is_kept_and_named() {
        let quartic = find(|x| x * x * x * x, |x| 4.0 * x * x * x, |x| 12.0 * x * x);
        assert_eq!((quartic.minima.len(), quartic.minima[0].curvature), (1, 0.0));
        assert!(remarked(&quartic, "degenerate"));
        // The same with the default curvature, a difference.
        struct Quartic;
        impl Potential for Quartic {
            fn value(&self, x: f64) -> f64 {
                x * x * x * x
            }
            fn gradient(&self, x: f64) -> f64 {
                4.0 * x * x * x
            }
        }
        let quartic = Landscape::find(&Quartic, None).unwrap();
        assert_eq!((quartic.minima.len(), quartic.minima[0].curvature), (1, 0.0));
        // A weak but honest curvature is none of this.
        let weak =
            find(|x| 1e-3 * x * x + x * x * x * x, |x| 2e-3 * x + 4.0 * x * x * x, |x| 2e-3 + 12.0 * x * x);
        assert!((weak.minima[0].curvature - 2e-3).abs() < 1e-15);
    }

    #[test]
    fn shelf_is_no_edge() {
        // U' = (x-1)^2 (x+1).
        let shelf = find(
            |x| 0.25 * x * x * x * x - x * x * x / 3.0 - 0.5 * x * x + x,
            |x| (x - 1.0) * (x - 1.0) * (x + 1.0),
            |x| 2.0 * (x - 1.0) * (x + 1.0) + (x - 1.0) * (x - 1.0),
        );
        assert_eq!(places(&shelf.minima), [-1.0]);
        assert!(shelf.saddles.is_empty() && remarked(&shelf, "shelf"));
        // The same shelf between grid points, up to rounding.
        let c = 0.123_456_789;
        let off = find(
            |_| 0.0,
            move |x| (x - c) * (x - c) * (x + 1.0),
            move |x| 2.0 * (x - c) * (x + 1.0) + (x - c) * (x - c),
        );
        assert_eq!(off.minima.len(), 1);
        assert!(off.saddles.is_empty() && remarked(&off, "shelf"));
        // Just below zero: two critical points in a cell.
        let pair = find(
            |_| 0.0,
            move |x| ((x - c) * (x - c) - 1e-10) * (x + 1.0),
            move |x| 2.0 * (x - c) * (x + 1.0) + (x - c) * (x - c) - 1e-10,
        );
        assert_eq!((pair.minima.len(), pair.saddles.len()), (2, 1));
    }

    #[test]
    fn potentials_that_fall_without_end() {
        let hill = find(|x| -x * x, |x| -2.0 * x, |_| -2.0);
        assert!(hill.minima.is_empty() && hill.saddles.len() == 1);
        assert!(remarked(&hill, "no minimum") && remarked(&hill, "falls"));
        let cubic = find(|x| x * x * x - 3.0 * x, |x| 3.0 * x * x - 3.0, |x| 6.0 * x);
        assert_eq!((places(&cubic.minima), places(&cubic.saddles)), (vec![1.0], vec![-1.0]));
        assert_eq!(
            (cubic.wells[0].left, cubic.wells[0].right, cubic.wells[0].depth),
            (-1.0, f64::INFINITY, 4.0)
        );
        assert!(remarked(&cubic, "falls at the far left"));
        let inflection = find(|x| x * x * x, |x| 3.0 * x * x, |x| 6.0 * x);
        assert!(
            inflection.minima.is_empty() && inflection.saddles.is_empty() && remarked(&inflection, "shelf")
        );
    }

    #[test]
    fn flat_potentials() {
        for constant in [0.0, 3.0] {
            let flat = find(move |_| constant, |_| 0.0, |_| 0.0);
            assert!(flat.minima.is_empty() && flat.saddles.is_empty());
            assert!(remarked(&flat, "no minimum") && remarked(&flat, "flat"));
        }
        let bottom = find(
            |x| (x.abs() - 1.0).max(0.0) * (x.abs() - 1.0).max(0.0),
            |x| 2.0 * (x.abs() - 1.0).max(0.0) * x.signum(),
            |x| if x.abs() > 1.0 { 2.0 } else { 0.0 },
        );
        assert_eq!((bottom.minima.len(), bottom.minima[0].curvature), (1, 0.0));
        assert!(bottom.minima[0].x.abs() < 1e-2 && remarked(&bottom, "flat"));
        let dent =
            find(|x| -(-x * x).exp(), |x| 2.0 * x * (-x * x).exp(), |x| (2.0 - 4.0 * x * x) * (-x * x).exp());
        assert_eq!(places(&dent.minima), [0.0]);
        assert!(remarked(&dent, "no force"), "{:?}", dent.remarks);
    }

    #[test]
    fn periodic_potential_gets_a_window() {
        let periodic = find(f64::cos, |x| -x.sin(), |x| -x.cos());
        assert!(periodic.minima.len() >= 3 && remarked(&periodic, "periodic"));
        let pi = std::f64::consts::PI;
        assert!(periodic.minima.iter().any(|point| (point.x - pi).abs() < 1e-12));
        let washboard = Formula::new(|x| x.cos(), |x| -x.sin(), |x| -x.cos());
        let found = Landscape::find(&washboard, Some([0.0, 10.0])).unwrap();
        assert_eq!(found.minima.len(), 2);
        assert_eq!(found.window, [0.0, 10.0]);
    }

    #[test]
    fn kinks_holes_and_poles() {
        let kink = find(f64::abs, f64::signum, |_| 0.0);
        assert_eq!((places(&kink.minima), kink.minima[0].curvature), (vec![0.0], 0.0));
        assert!(remarked(&kink, "jumps"));
        let hole = find(
            |x| x - x.ln(),
            |x| if x > 0.0 { 1.0 - 1.0 / x } else { f64::NAN },
            |x| if x > 0.0 { 1.0 / (x * x) } else { f64::NAN },
        );
        assert_eq!(places(&hole.minima), [1.0]);
        assert!(hole.wells[0].left.abs() < 1e-9 && remarked(&hole, "not finite"), "{hole:?}");
        let pole =
            find(|x| x * x + 1.0 / (x * x), |x| 2.0 * x - 2.0 / (x * x * x), |x| 2.0 + 6.0 / (x * x * x * x));
        assert_eq!(places(&pole.minima), [-1.0, 1.0]);
        assert!(pole.saddles.is_empty());
        assert_eq!((pole.wells[0].right, pole.wells[1].left), (0.0, 0.0));
        assert!(pole.wells[0].depth.is_infinite());
        let y = |x: f64| x - 0.3;
        let shifted = find(
            move |x| y(x) * y(x) + 1.0 / (y(x) * y(x)),
            move |x| 2.0 * y(x) - 2.0 / (y(x) * y(x) * y(x)),
            move |x| 2.0 + 6.0 / (y(x) * y(x) * y(x) * y(x)),
        );
        assert_eq!(shifted.wells[0].right, shifted.wells[1].left);
        assert!((shifted.wells[0].right - 0.3).abs() < 1e-12);
        let steep = find(|x| x.cosh(), |x| x.sinh(), |x| x.cosh());
        assert_eq!(places(&steep.minima), [0.0]);
        assert!(steep.remarks.is_empty(), "{:?}", steep.remarks);
    }

    #[test]
    fn growth_is_examined() {
        let harmonic = find(|x| 0.5 * x * x, |x| x, |_| 1.0);
        assert!(remarked(&harmonic, "|x|^1.00"));
        let soft = find(|x| (1.0 + x * x).sqrt(), |x| x / (1.0 + x * x).sqrt(), |x| (1.0 + x * x).powf(-1.5));
        assert!(remarked(&soft, "grows only"));
    }

    #[test]
    fn many_critical_points() {
        // Some three hundred, but no more: all listed.
        let rough = find(
            |x| x * x + 0.4 * (50.0 * x).sin(),
            |x| 2.0 * x + 20.0 * (50.0 * x).cos(),
            |x| 2.0 - 1000.0 * (50.0 * x).sin(),
        );
        assert!(rough.minima.len() > 150 && !remarked(&rough, "periodic"));
        assert_eq!(rough.saddles.len() + 1, rough.minima.len());
        let endless = Formula::new(
            |x| (1.0 / x).sin(),
            |x| -(1.0 / x).cos() / (x * x),
            |x| 2.0 * (1.0 / x).cos() / (x * x * x) - (1.0 / x).sin() / (x * x * x * x),
        );
        assert!(matches!(Landscape::find(&endless, None), Err(LandscapeError::TooMany { .. })));
    }

    #[test]
    fn rounding_makes_no_wells() {
        // (x - c)^3 multiplied out: its sign near c is noise over some 1e-5.
        let c = 1.234;
        let found = find(
            |_| 0.0,
            move |x| x * x * x - 3.0 * x * x * c + 3.0 * x * c * c - c * c * c,
            move |x| 3.0 * x * x - 6.0 * c * x + 3.0 * c * c,
        );
        assert_eq!((found.minima.len(), found.minima[0].curvature), (1, 0.0), "{found:?}");
        assert!(
            (found.minima[0].x - c).abs() < 2e-5 && remarked(&found, "degenerate"),
            "{:?}",
            found.remarks
        );
    }

    #[test]
    fn errors_and_no_panics() {
        let nothing = Formula::new(|_| f64::NAN, |_| f64::NAN, |_| f64::NAN);
        assert!(matches!(Landscape::find(&nothing, None), Err(LandscapeError::NotFinite { .. })));
        let fine = Formula::new(|x| x * x, |x| 2.0 * x, |_| 2.0);
        for window in [[1.0, 1.0], [2.0, -2.0], [f64::NAN, 1.0], [f64::NEG_INFINITY, 1.0]] {
            assert!(matches!(Landscape::find(&fine, Some(window)), Err(LandscapeError::Window { .. })));
        }
    }

    #[test]
    fn serialised_landscape_reads_back() {
        let found = find(|x| 0.25 * x * x * x * x - 0.5 * x * x, |x| x * x * x - x, |x| 3.0 * x * x - 1.0);
        let text = serde_json::to_string(&found).unwrap();
        assert_eq!(serde_json::from_str::<Landscape>(&text).unwrap(), found);
    }
}
