//! How far a list of critical points is proved to be complete.

use std::collections::VecDeque;

use levyscape_integrator::potential::{Definedness, Potential};
use serde::{Deserialize, Serialize};

use super::scan::{Feature, Node, OCTAVES, Search, crossing, features, scan, uniform};
use super::{CriticalPoint, FlatPiece};

/// How far it is certain that no critical point is missing from a list.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Certificate {
    /// By what.
    pub certified: Certified,
    /// Where the statement holds.
    pub window: [f64; 2],
    /// A well narrower than this may be missing: of a scan the widest cell, of interval arithmetic the widest
    /// undecided piece, 0 where none is left.
    pub resolution: f64,
    /// Pieces that interval arithmetic could not decide, from the left: around poles, kinks, degenerate points
    /// and where the force is zero up to rounding. Points of the list may lie in them, others may be missing.
    pub undecided: Vec<[f64; 2]>,
}

/// By what a list of critical points is certified.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Certified {
    /// Every point between two places where `U'` was evaluated to opposite signs; nothing is known of what
    /// is narrower than the scan's cells.
    #[default]
    SignChange,
    /// A proof by interval arithmetic: outside the undecided pieces the list is complete.
    Interval,
}

/// What is known of the critical points in a bracket.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PointProof {
    /// Computed values of `U'` have opposite signs at its ends.
    #[default]
    SignChange,
    /// `U'` is proved to have opposite signs at its ends.
    Exists,
    /// The same, and `U'` is proved to be monotone between: there is exactly one, or a piece without force.
    Unique,
}

/// What was proved of all the cells of a window.
#[derive(Debug, Clone)]
pub(super) struct Proofs {
    window: [f64; 2],
    /// Cells with opposite signs at their ends in which `U'` is monotone.
    single: Vec<[f64; 2]>,
    undecided: Vec<[f64; 2]>,
}

impl Certificate {
    pub(super) fn new(search: &Search, proofs: Option<&Proofs>) -> Self {
        match proofs {
            None => Self {
                certified: Certified::SignChange,
                window: search.window,
                resolution: search.resolution,
                undecided: Vec::new(),
            },
            Some(Proofs { window, undecided, .. }) => Self {
                certified: Certified::Interval,
                window: *window,
                resolution: undecided.iter().map(|[lo, hi]| hi - lo).fold(0.0, f64::max),
                undecided: undecided.clone(),
            },
        }
    }

    /// Whether the list is proved to hold every critical point of the window.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.certified == Certified::Interval && self.undecided.is_empty()
    }
}

/// Cells that are looked at before the rest is left undecided.
const BUDGET: usize = 20_000;
/// Cells narrower than this share of their distance from the origin are not divided.
const NARROWEST: f64 = 1e-8;
/// Closer to the origin than this, the distance counts as this.
const NEAREST: f64 = 1e-5;
/// Where a cell is divided, and where the first ones end: at no place where anybody puts a critical point.
const DIVISION: f64 = 0.487_134_6;
const FIRST: f64 = 0.957_312_8;
/// Cells of the scan of an undecided piece.
const CLOSER: usize = 256;

/// What is known of a cell.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Verdict {
    /// No critical point.
    None,
    /// One, or one piece without force.
    One,
    /// No force at all.
    Flat,
    Undecided,
}

/// Completes a scan by a search with interval arithmetic; `None` for a potential that gives no enclosures.
/// Unless a window was `given`, critical points are looked for far beyond the scan's.
pub(super) fn search(potential: &dyn Potential, scanned: &Search, given: bool) -> Option<(Search, Proofs)> {
    let far = libm::ldexp(1.0, OCTAVES);
    let window = if given { scanned.window } else { [-far, far] };
    let (mut proofs, flat) = prove(potential, window)?;
    let mut search = scanned.clone();
    let inside = |feature: &Feature, [lo, hi]: [f64; 2]| match *feature {
        Feature::Flat(left, right, _, _) | Feature::Wall(left, right) => left <= hi && right >= lo,
        _ => (lo..=hi).contains(&feature.place()),
    };
    for &cell in &proofs.single {
        let [left, right] = cell.map(|x| Node::at(potential, x));
        let rising = right.gradient > 0.0;
        let fits = |feature: &Feature| match feature {
            Feature::Minimum(_) | Feature::Kink(_, true) => rising,
            Feature::Maximum(_) | Feature::Kink(_, false) => !rising,
            Feature::Flat(..) => true,
            Feature::Touch(_) | Feature::Wall(..) => false,
        };
        let mut known =
            search.features.iter().filter(|feature| feature.is_critical() && inside(feature, cell));
        if !(known.next().is_some_and(fits) && known.next().is_none()) {
            // Missed, or taken for another or for several by rounding or together with its neighbours.
            search.features.retain(|feature| !(feature.is_critical() && inside(feature, cell)));
            search.features.push(crossing(potential, left, right));
        }
    }
    for &[lo, hi] in proofs.undecided.iter().chain(&flat) {
        let (lo, hi) = (lo - 0.5 * (hi - lo), hi + 0.5 * (hi - lo));
        if !search.features.iter().any(|feature| inside(feature, [lo, hi])) {
            let nodes = scan(potential, &uniform(lo, hi, CLOSER));
            search.features.extend(features(potential, &nodes));
        }
    }
    search.features.sort_by(|a, b| a.place().total_cmp(&b.place()));
    // The window of a search that found something farther out.
    let outermost = search.features.iter().filter(|feature| feature.is_critical());
    let outermost = outermost.map(|feature| feature.place().abs()).fold(0.0, f64::max);
    let reach = search.window[1];
    if !given && outermost > reach {
        let reach = (2.0 * libm::exp2(libm::ceil(libm::log2(outermost)))).min(far);
        search.window = [-reach, reach];
    }
    proofs.window = window;
    Some((search, proofs))
}

/// Looks at every cell of a window; also gives the pieces that are proved to be without force.
fn prove(potential: &dyn Potential, [lo, hi]: [f64; 2]) -> Option<(Proofs, Vec<[f64; 2]>)> {
    let mut cuts = vec![lo, hi];
    for octave in -4..=OCTAVES {
        let x = FIRST * libm::ldexp(1.0, octave);
        cuts.extend([-x, x].into_iter().filter(|x| *x > lo && *x < hi));
    }
    cuts.sort_by(f64::total_cmp);
    let mut cells: VecDeque<[f64; 2]> = cuts.windows(2).map(|pair| [pair[0], pair[1]]).collect();
    let (mut single, mut flat, mut undecided) = (Vec::new(), Vec::new(), Vec::new());
    let mut seen = 0;
    // The widest first, so that what cannot be decided takes nothing from the rest.
    while let Some(cell) = cells.pop_front() {
        seen += 1;
        if seen > BUDGET {
            undecided.push(cell);
            continue;
        }
        let [lo, hi] = cell;
        match decide(potential, cell)? {
            Verdict::None => {}
            Verdict::One => single.push(cell),
            Verdict::Flat => flat.push(cell),
            Verdict::Undecided => {
                let middle = lo + DIVISION * (hi - lo);
                let narrow = hi - lo <= NARROWEST * lo.abs().max(hi.abs()).max(NEAREST);
                if narrow || middle <= lo || middle >= hi {
                    undecided.push(cell);
                } else {
                    cells.extend([[lo, middle], [middle, hi]]);
                }
            }
        }
    }
    let mut left = Vec::new();
    for [lo, hi] in joined(undecided) {
        // A critical point on a cut is in the middle of a cell here.
        let wider = [lo - (hi - lo), hi + (hi - lo)];
        let apart = |[a, b]: &[f64; 2]| *b < wider[0] || *a > wider[1];
        let alone = single.iter().chain(&flat).all(apart);
        match if alone { decide(potential, wider)? } else { Verdict::Undecided } {
            Verdict::None => {}
            Verdict::One => single.push(wider),
            Verdict::Flat => flat.push(wider),
            Verdict::Undecided => left.push([lo, hi]),
        }
    }
    single.sort_by(|a, b| a[0].total_cmp(&b[0]));
    Some((Proofs { window: [lo, hi], single, undecided: left }, joined(flat)))
}

/// Cells that touch, as one.
fn joined(mut cells: Vec<[f64; 2]>) -> Vec<[f64; 2]> {
    cells.sort_by(|a, b| a[0].total_cmp(&b[0]));
    let mut pieces: Vec<[f64; 2]> = Vec::new();
    for cell in cells {
        match pieces.last_mut() {
            Some(last) if last[1] >= cell[0] => last[1] = last[1].max(cell[1]),
            _ => pieces.push(cell),
        }
    }
    pieces
}

fn decide(potential: &dyn Potential, [lo, hi]: [f64; 2]) -> Option<Verdict> {
    let [slope, curvature] = potential.enclose(lo, hi)?;
    if slope.domain == Definedness::Nowhere || slope.excludes_zero() {
        return Some(Verdict::None);
    }
    if slope.domain == Definedness::Everywhere && slope.lo == 0.0 && slope.hi == 0.0 {
        return Some(Verdict::Flat);
    }
    // Only then is U' the integral of U''.
    if !(slope.continuous && curvature.domain == Definedness::Everywhere) {
        return Some(Verdict::Undecided);
    }
    if curvature.lo >= 0.0 || curvature.hi <= 0.0 {
        match (sign(potential, lo)?, sign(potential, hi)?) {
            (Some(left), Some(right)) if left == right => return Some(Verdict::None),
            (Some(_), Some(_)) => return Some(Verdict::One),
            _ => {}
        }
    }
    let middle = lo + 0.5 * (hi - lo);
    let [at_middle, _] = potential.enclose(middle, middle)?;
    let way = curvature.times(levyscape_integrator::potential::Interval::new(
        (lo - middle).next_down(),
        (hi - middle).next_up(),
    ));
    Some(if at_middle.plus(way).excludes_zero() { Verdict::None } else { Verdict::Undecided })
}

/// The proved sign of `U'` at a point: whether it is positive.
fn sign(potential: &dyn Potential, x: f64) -> Option<Option<bool>> {
    let [slope, _] = potential.enclose(x, x)?;
    Some(slope.excludes_zero().then_some(slope.lo > 0.0))
}

/// Finds the bracket of a point, and what is known of it.
pub(super) fn certify(
    potential: &dyn Potential,
    point: &mut CriticalPoint,
    flat: Option<&FlatPiece>,
    proofs: Option<&Proofs>,
) {
    let [left, right] = flat.map_or([point.x; 2], |piece| [piece.lo, piece.hi]);
    let proved = |x: f64| sign(potential, x).flatten();
    let computed = |x: f64| {
        let gradient = potential.gradient(x);
        (gradient != 0.0 && gradient.is_finite()).then_some(gradient > 0.0)
    };
    let around = |sign: &dyn Fn(f64) -> Option<bool>| {
        // From neighbouring numbers outwards, to a thousandth of the distance from the origin.
        let unit = f64::EPSILON * point.x.abs().max(1e-9);
        (0..42).map(|k| unit * libm::ldexp(1.0, k)).find_map(|room| {
            let bracket = [left - room, right + room];
            let signs = bracket.map(sign);
            (signs[0].is_some() && signs[1].is_some() && signs[0] != signs[1]).then_some(bracket)
        })
    };
    if proofs.is_some()
        && let Some([lo, hi]) = around(&proved)
    {
        point.bracket = [lo, hi];
        let single = proofs.iter().flat_map(|proofs| &proofs.single);
        let unique = single.clone().any(|cell| cell[0] <= lo && hi <= cell[1]);
        point.proof = if unique { PointProof::Unique } else { PointProof::Exists };
        return;
    }
    point.bracket =
        flat.map(|piece| [piece.lo, piece.hi]).or_else(|| around(&computed)).unwrap_or([point.x; 2]);
    point.proof = PointProof::SignChange;
}
