//! The scan of `U'`: critical points, walls and flat pieces.

use levyscape_integrator::potential::Potential;

/// Cells of the scan between `-1` and `1`, or of a given window.
const CENTRAL_CELLS: usize = 2000;
/// Cells of the scan in each further octave, a side.
const OCTAVE_CELLS: usize = 1024;
/// Octaves searched outwards: to about 1e6.
pub(super) const OCTAVES: i32 = 20;
/// Octaves without anything new after which an inward force ends the search.
const QUIET_OCTAVES: i32 = 8;
/// More critical points than this, and still coming: the search would not end.
const CROWD: usize = 400;
/// More critical points than this are refused.
pub(super) const LIMIT: usize = 2000;
/// Nodes for each one asked for, on average, after which a scan bisects no further.
const NODES: usize = 16;
/// Depth of the bisection of cells in which the force is not yet resolved.
const REFINEMENTS: u32 = 8;

/// One point of the scan.
#[derive(Debug, Clone, Copy)]
pub(super) struct Node {
    pub(super) x: f64,
    pub(super) gradient: f64,
    curvature: f64,
}

impl Node {
    pub(super) fn at(potential: &dyn Potential, x: f64) -> Self {
        Self { x, gradient: potential.gradient(x), curvature: curvature(potential, x) }
    }
}

/// `U''(x)`, by differences where the potential does not know it.
pub(super) fn curvature(potential: &dyn Potential, x: f64) -> f64 {
    let known = potential.curvature(x);
    if known.is_finite() {
        return known;
    }
    let step = 6e-6 * x.abs().max(1e-3);
    (potential.gradient(x + step) - potential.gradient(x - step)) / (2.0 * step)
}

/// What the scan has found at one place.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Feature {
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
pub(super) enum Side {
    Rising,
    Falling,
    Unknown,
}

impl Feature {
    pub(super) fn place(self) -> f64 {
        match self {
            Self::Minimum(x) | Self::Maximum(x) | Self::Touch(x) | Self::Kink(x, _) => x,
            Self::Wall(lo, hi) | Self::Flat(lo, hi, _, _) => lo + 0.5 * (hi - lo),
        }
    }

    pub(super) fn is_critical(self) -> bool {
        !matches!(self, Self::Wall(..))
    }
}

/// What a scan has found.
#[derive(Debug, Clone, Default)]
pub(super) struct Search {
    /// From the left.
    pub(super) features: Vec<Feature>,
    pub(super) window: [f64; 2],
    /// The widest cell between neighbouring evaluations.
    pub(super) resolution: f64,
    /// Whether the gradient is a finite number anywhere.
    pub(super) has_force: bool,
}

impl Search {
    fn new(potential: &dyn Potential, nodes: &[Node], window: [f64; 2]) -> Self {
        let cells = nodes.iter().zip(nodes.iter().skip(1));
        Self {
            features: features(potential, nodes),
            window,
            resolution: cells.map(|(left, right)| right.x - left.x).fold(0.0, f64::max),
            has_force: end_slopes(nodes).is_some(),
        }
    }
}

/// Scans a given window.
pub(super) fn given(potential: &dyn Potential, [lo, hi]: [f64; 2]) -> Search {
    Search::new(potential, &scan(potential, &uniform(lo, hi, 2 * CENTRAL_CELLS)), [lo, hi])
}

pub(super) fn uniform(lo: f64, hi: f64, cells: usize) -> Vec<f64> {
    (0..=cells)
        .map(|i| {
            let share = i as f64 / cells as f64;
            if i == cells { hi } else { lo * (1.0 - share) + hi * share }
        })
        .collect()
}

/// Evaluates the potential at the sorted `places` and bisects cells until the force is resolved.
pub(super) fn scan(potential: &dyn Potential, places: &[f64]) -> Vec<Node> {
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

/// Grows the window until the search has ended.
pub(super) fn automatic(potential: &dyn Potential, remarks: &mut Vec<String>) -> Search {
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
    Search::new(potential, &nodes, [-reach, reach])
}

/// The window for a potential whose critical points do not end: the smallest dyadic one with three minima.
fn crowd(potential: &dyn Potential, remarks: &mut Vec<String>) -> Search {
    let mut search = Search::default();
    for octave in -10..OCTAVES {
        let reach = libm::ldexp(1.0, octave);
        search = given(potential, [-reach, reach]);
        let minima = search.features.iter().filter(|feature| matches!(feature, Feature::Minimum(_))).count();
        if minima >= 3 {
            break;
        }
    }
    remarks.push(format!(
        "U has ever more critical points farther out (is it periodic?): only those in [{}, {}] are listed; give a \
         window to choose others",
        search.window[0], search.window[1]
    ));
    search
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
pub(super) fn features(potential: &dyn Potential, nodes: &[Node]) -> Vec<Feature> {
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
                (1, _, _) => around(potential, beside, Feature::Touch(node.x), &mut found),
                _ => {
                    let previous = start.checked_sub(1).and_then(|k| nodes.get(k));
                    let end = |zero: f64, beyond: Option<&Node>| {
                        beyond.map_or(zero, |beyond| flat_end(potential, zero, beyond.x))
                    };
                    let (lo, hi) = (end(node.x, previous), end(nodes[i - 1].x, nodes.get(i)));
                    found.push(Feature::Flat(lo, hi, before, after));
                }
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
    let (Some((&left, &right)), Feature::Minimum(x) | Feature::Maximum(x) | Feature::Touch(x)) =
        (beside, feature)
    else {
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

/// The last point without force on the way from `zero`, which is one, to `beyond`, which is none.
fn flat_end(potential: &dyn Potential, mut zero: f64, mut beyond: f64) -> f64 {
    for _ in 0..200 {
        let middle = zero + 0.5 * (beyond - zero);
        if middle == zero || middle == beyond {
            break;
        }
        if potential.gradient(middle) == 0.0 {
            zero = middle;
        } else {
            beyond = middle;
        }
    }
    zero
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
pub(super) fn crossing(potential: &dyn Potential, left: Node, right: Node) -> Feature {
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
pub(super) fn is_degenerate(
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
