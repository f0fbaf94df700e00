//! Where the nodes lie, and which of them stop the path.

use crate::exact::grid::GridError;
use crate::theory::StoppedProblem;

/// Alternatives tried for the spacing when the nodes cannot fit every stop point exactly.
const TRIES: i64 = 200;
/// A grid has at least so many cells.
const MINIMUM: usize = 8;
/// Places, in cells, are whole numbers up to this where nodes and stop points fit.
const SLACK: f64 = 1e-7;

/// The stop set in normal form: outside `(lower, upper)`, and disjoint targets inside it.
#[derive(Debug, Clone)]
pub(super) struct StopSet {
    pub(super) ends: [f64; 2],
    pub(super) targets: Vec<[f64; 2]>,
    /// The part of the line that the nodes cover: `ends` where finite, else the window's.
    pub(super) span: [f64; 2],
}

impl StopSet {
    pub(super) fn new(problem: &StoppedProblem, window: [f64; 2]) -> Result<Self, GridError> {
        let mut ends = [problem.lower, problem.upper];
        let mut sorted: Vec<[f64; 2]> =
            problem.targets.iter().copied().filter(|target| target[0] <= target[1]).collect();
        sorted.sort_by(|a, b| a[0].total_cmp(&b[0]));
        let mut targets: Vec<[f64; 2]> = Vec::new();
        for target in sorted {
            if target[0] <= ends[0] {
                ends[0] = ends[0].max(target[1]);
            } else if target[1] >= ends[1] {
                ends[1] = ends[1].min(target[0]);
            } else {
                match targets.last_mut().filter(|last| target[0] <= last[1]) {
                    Some(last) => last[1] = last[1].max(target[1]),
                    None => targets.push(target),
                }
            }
        }
        targets.retain(|target| target[0] > ends[0] && target[1] < ends[1]);
        let pick = |end: f64, window: f64| if end.is_finite() { end } else { window };
        let span = [pick(ends[0], window[0]), pick(ends[1], window[1])];
        if targets.is_empty() && ends[0].is_infinite() && ends[1].is_infinite() {
            return Err(GridError::Problem { what: "has no stop set" });
        }
        let holds = |x: f64| x.is_finite() && (span[0] < x || ends[0] == x) && (x < span[1] || ends[1] == x);
        let inside = holds(problem.start) && targets.iter().flatten().all(|&x| holds(x));
        if !(span[0].is_finite() && span[1].is_finite() && inside) {
            return Err(GridError::Problem { what: "is not inside the window" });
        }
        if problem.stops_at(problem.start) {
            return Err(GridError::Problem { what: "starts in its stop set" });
        }
        Ok(Self { ends, targets, span })
    }

    /// Width of the narrowest target.
    pub(super) fn narrowest(&self) -> f64 {
        self.targets.iter().map(|target| target[1] - target[0]).fold(f64::INFINITY, f64::min)
    }
}

/// How a stop point lies between the nodes: the solution behaves as `s^left` at the distance `s` from a
/// left end, and as `s^right` from a right end. The solution of the walk on the half-line of nodes
/// `1, 2, ...` vanishes there as `(m - offset)^exponent` with `offset = (1 - exponent)/2`: node `m = 0`,
/// the first that stops, is put `offset` cells beyond the stop point.
#[derive(Debug, Clone, Copy)]
pub(super) struct Edges {
    pub(super) left: f64,
    pub(super) right: f64,
}

impl Edges {
    fn offsets(self) -> [f64; 2] {
        [0.5 * (1.0 - self.left), 0.5 * (1.0 - self.right)]
    }
}

/// A node just inside a target that stops only in part, because the target's end cannot lie where the
/// nodes would have it: it takes the value `share` times that of its free neighbour. The share
/// `t/(1 + exponent t)` moves the effective end of the half-line by exactly the fraction `t` of a cell.
#[derive(Debug, Clone, Copy)]
pub(super) struct Partial {
    pub(super) node: usize,
    pub(super) neighbour: usize,
    pub(super) share: f64,
}

/// A uniform grid of nodes from the first free one to the last.
#[derive(Debug, Clone)]
pub(super) struct Layout {
    pub(super) first: f64,
    pub(super) spacing: f64,
    pub(super) free: Vec<bool>,
    pub(super) partial: Vec<Partial>,
    /// Whether jumps beyond the first and the last node are brought back to it.
    pub(super) clamped: [bool; 2],
    /// Whether each target holds two nodes or more.
    pub(super) resolved: bool,
}

impl Layout {
    pub(super) fn new(stops: &StopSet, edges: Edges, cells: usize) -> Result<Self, GridError> {
        if cells < MINIMUM {
            return Err(GridError::TooFewCells);
        }
        let offsets = edges.offsets();
        // Stop points with the place, in cells beyond the point, of the first node that stops there.
        let mut points: Vec<(f64, f64)> = Vec::new();
        if stops.ends[0].is_finite() {
            points.push((stops.ends[0], -offsets[0]));
        }
        if stops.ends[1].is_finite() {
            points.push((stops.ends[1], offsets[1]));
        }
        for target in &stops.targets {
            points.push((target[0], offsets[1]));
            points.push((target[1], -offsets[0]));
        }
        let coarse = (stops.span[1] - stops.span[0]) / cells as f64;
        let spacing = spacing(&points, coarse);
        let node = |k: f64| points[0].0 + (points[0].1 + k) * spacing;
        let place = |x: f64| (x - points[0].0) / spacing - points[0].1;
        let clamped = [stops.ends[0].is_infinite(), stops.ends[1].is_infinite()];
        let first_right_of = |x: f64| (place(x) + 1.0 - offsets[0] - SLACK).ceil();
        let last_left_of = |x: f64| (place(x) - 1.0 + offsets[1] + SLACK).floor();
        let first = if clamped[0] { place(stops.span[0]).ceil() } else { first_right_of(stops.ends[0]) };
        let last = if clamped[1] { place(stops.span[1]).floor() } else { last_left_of(stops.ends[1]) };
        if last - first < 3.0 {
            return Err(GridError::TooFewCells);
        }
        let nodes = (last - first) as usize + 1;
        let mut free = vec![true; nodes];
        let mut partial = Vec::new();
        let mut resolved = true;
        for target in &stops.targets {
            let from = last_left_of(target[0]) + 1.0 - first;
            let to = first_right_of(target[1]) - 1.0 - first;
            if from >= to {
                // Too coarse to see the target: one node stands for it.
                resolved = false;
                let middle = (place(0.5 * (target[0] + target[1])) - first).round();
                free[middle.clamp(0.0, (nodes - 1) as f64) as usize] = false;
                continue;
            }
            let (from, to) = (from.max(0.0) as usize, (to as usize).min(nodes - 1));
            free[from..=to].fill(false);
            let mut cut = |node: usize, neighbour: usize, part: f64, exponent: f64| {
                if part > 1e-6 {
                    partial.push(Partial { node, neighbour, share: part / (1.0 + exponent * part) });
                }
            };
            if from > 0 {
                let part = offsets[1] + place(target[0]) - first - from as f64;
                cut(from, from - 1, part, edges.right);
            }
            if to + 1 < nodes {
                let part = offsets[0] + to as f64 + first - place(target[1]);
                cut(to, to + 1, part, edges.left);
            }
        }
        partial.retain(|cut| free[cut.neighbour]);
        Ok(Self { first: node(first), spacing, free, partial, clamped, resolved })
    }

    pub(super) fn len(&self) -> usize {
        self.free.len()
    }

    pub(super) fn place(&self, node: usize) -> f64 {
        self.first + node as f64 * self.spacing
    }

    /// The free nodes without a gap around a free place.
    pub(super) fn component(&self, x: f64) -> Result<std::ops::Range<usize>, GridError> {
        let near = ((x - self.first) / self.spacing).round().clamp(0.0, (self.len() - 1) as f64) as usize;
        // The nearest node may stop although its neighbour on the path's side does not.
        let candidates = [near, (near + 1).min(self.len() - 1), near.saturating_sub(1)];
        let inside = candidates.into_iter().find(|&k| self.free[k]).ok_or(GridError::TooFewCells)?;
        let start = (0..inside).rev().find(|&k| !self.free[k]).map_or(0, |k| k + 1);
        let end = (inside..self.len()).find(|&k| !self.free[k]).unwrap_or(self.len());
        Ok(start..end)
    }
}

/// A spacing near `wanted` that fits the first two stop points exactly and the others as well as can be.
fn spacing(points: &[(f64, f64)], wanted: f64) -> f64 {
    let &[(x0, c0), (x1, c1), ref others @ ..] = points else { return wanted };
    let nearest = ((x1 - x0) / wanted + c1 - c0).round();
    let candidate = |count: f64| (x1 - x0) / (count - (c1 - c0));
    let misfit = |h: f64| {
        others
            .iter()
            .map(|&(x, c)| {
                let place = (x - x0) / h + c - c0;
                (place - place.round()).abs()
            })
            .fold(0.0, f64::max)
    };
    let tries = if others.is_empty() { 0 } else { TRIES.min((nearest.abs() / 20.0) as i64) };
    let mut best: Option<(f64, f64)> = None;
    // The nearest count first: another one must fit better.
    for step in (0..=2 * tries).map(|k| if k % 2 == 0 { -(k / 2) } else { k / 2 + 1 }) {
        let h = candidate(nearest + step as f64);
        if !(h > 0.5 * wanted && h < 2.0 * wanted) {
            continue;
        }
        let misfit = misfit(h);
        if best.is_none_or(|(_, least)| misfit < least - 1e-9) {
            best = Some((h, misfit));
        }
    }
    best.map_or(wanted, |(h, _)| h)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problem(lower: f64, upper: f64, targets: &[[f64; 2]]) -> StoppedProblem {
        StoppedProblem { start: 0.0, lower, upper, targets: targets.to_vec() }
    }

    #[test]
    fn nodes_fit_both_ends_of_an_interval() {
        let stops = StopSet::new(&problem(-1.0, 2.0, &[]), [0.0, 0.0]).unwrap();
        let layout = Layout::new(&stops, Edges { left: 0.75, right: 0.5 }, 100).unwrap();
        let last = layout.place(layout.len() - 1);
        assert!(((layout.first + 1.0) / layout.spacing - 0.875).abs() < 1e-9);
        assert!(((2.0 - last) / layout.spacing - 0.75).abs() < 1e-9);
        assert!(layout.free.iter().all(|&free| free) && layout.partial.is_empty());
    }

    #[test]
    fn overlapping_targets_are_joined_and_join_the_ends() {
        let targets = [[1.0, 2.0], [-9.0, -3.0], [1.5, 3.0], [7.0, 9.0], [5.0, 4.0]];
        let stops = StopSet::new(&problem(-5.0, 8.0, &targets), [0.0, 0.0]).unwrap();
        assert_eq!(stops.ends, [-3.0, 7.0]);
        assert_eq!(stops.targets, [[1.0, 3.0]]);
        assert!(StopSet::new(&problem(f64::NEG_INFINITY, f64::INFINITY, &[]), [-9.0, 9.0]).is_err());
        assert!(StopSet::new(&problem(f64::NEG_INFINITY, 1.0, &[]), [1.0, 9.0]).is_err());
        assert!(StopSet::new(&problem(-1.0, 1.0, &[[-0.1, 0.1]]), [0.0, 0.0]).is_err());
    }

    #[test]
    fn the_ends_of_one_target_fit_and_more_fit_nearly() {
        let inf = f64::INFINITY;
        let edges = Edges { left: 0.75, right: 0.75 };
        let stops = StopSet::new(&problem(-inf, inf, &[[1.4, 1.6]]), [-5.0, 5.0]).unwrap();
        let layout = Layout::new(&stops, edges, 1000).unwrap();
        assert!(layout.partial.is_empty() && layout.clamped == [true, true]);
        let stopped: Vec<usize> = (0..layout.len()).filter(|&k| !layout.free[k]).collect();
        let (from, to) = (layout.place(stopped[0]), layout.place(stopped[stopped.len() - 1]));
        assert!(((from - 1.4) / layout.spacing - 0.125).abs() < 1e-6);
        assert!(((1.6 - to) / layout.spacing - 0.125).abs() < 1e-6);
        let targets = [[1.4, 1.6], [-2.137, -1.93]];
        let stops = StopSet::new(&problem(-inf, inf, &targets), [-5.0, 5.0]).unwrap();
        let layout = Layout::new(&stops, edges, 4000).unwrap();
        assert!(layout.resolved);
        for cut in &layout.partial {
            assert!(cut.share > 0.0 && cut.share < 1.0 && layout.free[cut.neighbour]);
        }
        // Far coarser than the target: a node stands for it.
        let layout = Layout::new(&stops, edges, 20).unwrap();
        let stopped = layout.free.iter().filter(|&&free| !free).count();
        assert!(!layout.resolved && (2..=3).contains(&stopped), "{stopped}");
    }
}
