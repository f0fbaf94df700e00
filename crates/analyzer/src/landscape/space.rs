//! Landscapes in several dimensions: points of rest of a drift, the saddles between them, and the basins.

use std::sync::Arc;

use levyscape_engine::Basin;
use levyscape_integrator::potential::Drift;
use levyscape_integrator::rng::LANES;
use levyscape_integrator::scheme::Flow;
use nalgebra::{DMatrix, DVector};
use serde::{Deserialize, Serialize};

/// A point at which the drift vanishes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RestPoint {
    /// Its coordinates.
    pub x: Vec<f64>,
    /// `U` there; absent for a drift without potential.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub u: Option<f64>,
    /// The eigenvalues of `-Db`, rising: of a potential those of its Hessian, else their real parts. As many as
    /// are negative is the index of the point: 0 of a minimum, 1 of a saddle between two.
    pub eigenvalues: Vec<f64>,
    /// Of a saddle: the numbers (from 1) of the minima to which its two sides flow, null for one that is not in
    /// the list. Empty for other points.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub minima: Vec<Option<usize>>,
}

/// Minima and saddles of a potential (of a drift: its stable points of rest, and those with one unstable
/// direction) in a box.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct SpaceLandscape {
    /// In the order of their coordinates, the first first; minimum `i + 1` is `minima[i]`.
    pub minima: Vec<RestPoint>,
    /// Points of index 1.
    pub saddles: Vec<RestPoint>,
    /// Points of a higher index.
    pub others: Vec<RestPoint>,
    /// The box that was searched, one interval a coordinate.
    pub window: Vec<[f64; 2]>,
    /// Places from which Newton's method started.
    pub starts: usize,
    /// Places from which the flow was followed.
    pub flows: usize,
    /// Those of them from which it came to no listed minimum.
    pub unsettled: usize,
    /// Whether the indices of the points add up to what the drift on the faces of the box asks for (theorem of
    /// Poincaré and Hopf) and the saddles join all the minima. `false`: something is missing. Null where that
    /// cannot be said: degenerate points, or in three and more dimensions a drift that does not point inwards
    /// on all faces.
    pub consistent: Option<bool>,
    /// What a reader must know of it.
    pub remarks: Vec<String>,
    /// Where the ways down from saddles come to rest outside the window.
    #[serde(skip)]
    beyond: Vec<Vec<f64>>,
}

/// The box of a search that cannot be used.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("the window needs {dimension} intervals with finite ends, each lower end below the upper")]
pub struct SpaceWindowError {
    /// Coordinates of the drift.
    pub dimension: usize,
}

/// Starts of the first search, a coordinate; each further search takes four times as many.
const STARTS: usize = 512;
/// Searches, at most; beyond three dimensions there is one.
const SEARCHES: usize = 2;
/// Beyond this dimension the search for all points is hopeless, and is not tried.
const MOST_DIMENSIONS: usize = 6;
const NEWTON_STEPS: usize = 120;
/// Points closer together than this share of the box are one.
const SAME: f64 = 1e-7;
/// Legs of the flow to rest, each twice as long as the last: some 8000 relaxation times.
const LEGS: usize = 14;
/// An eigenvalue below this share of the largest counts as zero.
const DEGENERATE: f64 = 1e-6;
/// Starts of a search from which the flow is followed, too: it is far more costly than Newton's method.
const FLOWS: usize = LANES / 2;
/// How often a box that was not given may grow.
const GROWTHS: usize = 4;
/// Samples of a face of the box.
const FACE: usize = 256;

impl SpaceLandscape {
    /// Finds the points of rest of `drift` in a box.
    ///
    /// Newton's method, its steps shortened until the drift decreases, starts from the points of a Kronecker
    /// sequence, and from some of them the flow of the drift, which ends in a minimum;
    /// duplicates are merged. What is found is no proof of completeness, but the topology of the drift is
    /// compared with it ([`SpaceLandscape::consistent`]), and where something is missing the search is
    /// repeated with more starts. A narrow well and the saddle beside it can be missed together: 512 starts a
    /// coordinate find one in the plane that is a twentieth of the window across.
    ///
    /// # Errors
    /// A box of another dimension, or one with an end that is not finite.
    ///
    /// # Example
    /// ```
    /// # use std::sync::Arc;
    /// # use levyscape_analyzer::landscape::{SpaceBasins, SpaceLandscape};
    /// # use levyscape_integrator::{Drift, potential::ClosureDrift};
    /// // U = (x^2 - 1)^2/4 + y^2/2.
    /// let wells = ClosureDrift::new(2, |x, out| {
    ///     out[0] = x[0] - x[0] * x[0] * x[0];
    ///     out[1] = -x[1];
    /// });
    /// let drift: Arc<dyn Drift> = Arc::new(wells);
    /// let found = SpaceLandscape::find(&drift, &[[-2.0, 2.0], [-2.0, 2.0]])?;
    /// assert_eq!((found.minima.len(), found.saddles.len()), (2, 1));
    /// assert_eq!(found.saddles[0].minima, [Some(1), Some(2)]);
    /// assert_eq!(found.consistent, Some(true));
    /// let basins = SpaceBasins::new(&drift, &found);
    /// assert_eq!(basins.basin_of(&[0.3, 7.0]), Some(1));
    /// # Ok::<(), levyscape_analyzer::landscape::SpaceWindowError>(())
    /// ```
    pub fn find(drift: &Arc<dyn Drift>, window: &[[f64; 2]]) -> Result<Self, SpaceWindowError> {
        let dimension = drift.dimension();
        let good = |[lo, hi]: &[f64; 2]| lo.is_finite() && hi.is_finite() && lo < hi;
        if window.len() != dimension || !window.iter().all(good) {
            return Err(SpaceWindowError { dimension });
        }
        let mut search = Search::new(drift.as_ref(), window);
        let mut landscape = Self { window: window.to_vec(), ..Self::default() };
        if dimension > MOST_DIMENSIONS {
            landscape.remarks.push(format!(
                "in more than {MOST_DIMENSIONS} dimensions minima and saddles are not looked for"
            ));
            return Ok(landscape);
        }
        let mut from = 0;
        let mut to = STARTS * dimension;
        for _ in 0..if dimension > 3 { 1 } else { SEARCHES } {
            search.extend(from, to);
            landscape = search.landscape(to);
            if landscape.consistent != Some(false) {
                break;
            }
            (from, to) = (to, 4 * to);
        }
        landscape.remark(&search);
        Ok(landscape)
    }

    /// The same in a box that starts as `hint` and grows, a few times at most, while the flow from within, or
    /// from one of the saddles, leads to a place outside.
    ///
    /// # Errors
    /// Those of [`SpaceLandscape::find`].
    pub fn find_around(drift: &Arc<dyn Drift>, hint: &[[f64; 2]]) -> Result<Self, SpaceWindowError> {
        let mut window = hint.to_vec();
        let good = |[lo, hi]: &[f64; 2]| lo.is_finite() && hi.is_finite() && lo < hi;
        let searched = drift.dimension() <= MOST_DIMENSIONS && hint.len() == drift.dimension();
        for _ in 0..if searched && hint.iter().all(good) { GROWTHS } else { 0 } {
            let search = Search::new(drift.as_ref(), &window);
            let starts: Vec<Vec<f64>> = (0..FLOWS).map(|number| search.start(number)).collect();
            let ends: Vec<Vec<f64>> = search.settle(&starts).into_iter().flatten().collect();
            match holding(&window, &ends) {
                Some(grown) => window = grown,
                None => break,
            }
        }
        let mut landscape = Self::find(drift, &window)?;
        for _ in 0..GROWTHS {
            let Some(grown) = holding(&window, &landscape.beyond) else { break };
            window = grown;
            landscape = Self::find(drift, &window)?;
        }
        Ok(landscape)
    }

    fn remark(&mut self, search: &Search<'_>) {
        let all = || self.minima.iter().chain(&self.saddles).chain(&self.others);
        for point in all().filter(|point| is_degenerate(&point.eigenvalues)) {
            self.remarks.push(format!(
                "the point of rest at {:?} is degenerate: its index is not certain",
                rounded(&point.x)
            ));
        }
        if self.consistent == Some(false) {
            self.remarks.push(
                "the points of rest do not add up to the drift on the faces of the window, or no saddle joins some \
                 of the minima: at least one point is missing"
                    .to_owned(),
            );
        }
        if self.unsettled > 0 && search.still < self.starts {
            self.remarks.push(format!(
                "from {} of {} starts in the window the flow came to no minimum in it within {} relaxation times",
                self.unsettled,
                self.flows,
                1 << (LEGS - 1)
            ));
        }
        if search.still > 0 && search.still < self.starts {
            self.remarks
                .push(format!("no force acts at {} of {} starts in the window", search.still, self.starts));
        }
        if self.saddles.iter().flat_map(|saddle| &saddle.minima).any(Option::is_none) {
            self.remarks
                .push("the way down from some saddle leads out of the window, or to no rest".to_owned());
        }
    }
}

/// The box, grown so that it holds all of some places with room to spare; `None` where it does already.
fn holding(window: &[[f64; 2]], places: &[Vec<f64>]) -> Option<Vec<[f64; 2]>> {
    let mut grown = window.to_vec();
    for place in places {
        for (side, x) in grown.iter_mut().zip(place) {
            let margin = 0.25 * (side[1] - side[0]);
            if !(x - side[0] > 0.1 * margin && side[1] - x > 0.1 * margin) {
                *side = [side[0].min(x - margin), side[1].max(x + margin)];
            }
        }
    }
    (grown != window).then_some(grown)
}

/// Coordinates for a remark.
fn rounded(x: &[f64]) -> Vec<f64> {
    x.iter().map(|x| libm::round(x * 1e6) / 1e6 + 0.0).collect()
}

fn is_degenerate(eigenvalues: &[f64]) -> bool {
    let largest = eigenvalues.iter().fold(0.0, |largest: f64, value| largest.max(value.abs()));
    eigenvalues.iter().any(|value| value.abs() <= DEGENERATE * largest)
}

fn norm(x: &[f64]) -> f64 {
    x.iter().map(|x| x * x).sum::<f64>().sqrt()
}

fn distance(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| (a - b) * (a - b)).sum::<f64>().sqrt()
}

/// What is found in a box.
struct Search<'a> {
    drift: &'a dyn Drift,
    window: &'a [[f64; 2]],
    /// The length of its diagonal.
    size: f64,
    found: Vec<RestPoint>,
    flows: usize,
    unsettled: usize,
    /// Starts without force.
    still: usize,
}

impl<'a> Search<'a> {
    fn new(drift: &'a dyn Drift, window: &'a [[f64; 2]]) -> Self {
        let size = norm(&window.iter().map(|[lo, hi]| hi - lo).collect::<Vec<_>>());
        Self { drift, window, size, found: Vec::new(), flows: 0, unsettled: 0, still: 0 }
    }

    fn force(&self, x: &[f64]) -> Vec<f64> {
        let mut force = vec![0.0; x.len()];
        self.drift.drift_at(x, &mut force);
        force
    }

    fn jacobian(&self, x: &[f64]) -> DMatrix<f64> {
        let mut jacobian = vec![0.0; x.len() * x.len()];
        self.drift.jacobian_at(x, &mut jacobian);
        DMatrix::from_row_slice(x.len(), x.len(), &jacobian)
    }

    fn is_inside(&self, x: &[f64]) -> bool {
        let room = SAME * self.size;
        x.iter().zip(self.window).all(|(x, [lo, hi])| *x >= lo - room && *x <= hi + room)
    }

    /// Point `number` of a Kronecker sequence in the box.
    fn start(&self, number: usize) -> Vec<f64> {
        kronecker(self.window, number)
    }

    /// Starts `from` to `to`: what Newton's method and the flow find from there.
    fn extend(&mut self, from: usize, to: usize) {
        let starts: Vec<Vec<f64>> = (from..to).map(|number| self.start(number)).collect();
        for start in &starts {
            if self.force(start).iter().all(|force| *force == 0.0) {
                self.still += 1;
            } else if let Some(x) = self.newton(start) {
                self.add(x);
            }
        }
        for batch in starts.chunks(FLOWS).take(1) {
            self.flows += batch.len();
            for end in self.settle(batch) {
                match end.filter(|end| self.is_inside(end)) {
                    Some(end) => self.add(end),
                    None => self.unsettled += 1,
                }
            }
        }
    }

    fn add(&mut self, mut x: Vec<f64>) {
        for x in &mut x {
            // Zero but for rounding.
            *x = if x.abs() <= 1e-11 * self.size { 0.0 } else { *x };
        }
        let known = |point: &RestPoint| distance(&point.x, &x) <= SAME * self.size;
        if !self.is_inside(&x) || self.found.iter().any(known) {
            return;
        }
        let u = self.drift.potential_at(&x).filter(|u| u.is_finite());
        if let Some(eigenvalues) = self.eigenvalues(&x) {
            self.found.push(RestPoint { x, u, eigenvalues, minima: Vec::new() });
        }
    }

    /// Of `-Db`, rising; `None` where it is not finite, or zero.
    fn eigenvalues(&self, x: &[f64]) -> Option<Vec<f64>> {
        let matrix = -self.jacobian(x);
        if matrix.iter().any(|entry| !entry.is_finite()) || matrix.iter().all(|entry| *entry == 0.0) {
            return None;
        }
        let mut values: Vec<f64> = if self.drift.potential_at(x).is_some() {
            symmetric(&matrix).symmetric_eigenvalues().iter().copied().collect()
        } else {
            matrix.complex_eigenvalues().iter().map(|value| value.re).collect()
        };
        values.sort_by(f64::total_cmp);
        Some(values)
    }

    /// A zero of the drift by Newton's method from `start`.
    fn newton(&self, start: &[f64]) -> Option<Vec<f64>> {
        let mut x = start.to_vec();
        let mut force = self.force(&x);
        for _ in 0..NEWTON_STEPS {
            let speed = norm(&force);
            if speed == 0.0 {
                return Some(x);
            }
            if !speed.is_finite() {
                return None;
            }
            let step = self.jacobian(&x).lu().solve(&-DVector::from_column_slice(&force))?;
            let length = step.norm();
            if !length.is_finite() {
                return None;
            }
            let move_by = |share: f64| x.iter().zip(step.iter()).map(|(x, step)| x + share * step).collect();
            if length <= 1e-13 * self.size {
                return Some(move_by(1.0));
            }
            let longest = (0.25 * self.size / length).min(1.0);
            let shares = (0..12).map(|halving| longest * libm::ldexp(1.0, -halving));
            let next = shares
                .map(|share| (share, move_by(share)))
                .map(|(share, place): (f64, Vec<f64>)| (share, self.force(&place), place))
                .find(|(share, force, _)| norm(force) <= (1.0 - 0.1 * share) * speed);
            match next {
                Some((_, there, place)) => (force, x) = (there, place),
                // Rounding is what is left.
                None if length <= 1e-9 * self.size => return Some(x),
                None => return None,
            }
        }
        None
    }

    /// Where the flow from each of at most [`LANES`] points comes to rest, if it does: at a stable point.
    fn settle(&self, starts: &[Vec<f64>]) -> Vec<Option<Vec<f64>>> {
        let mut ends = vec![None; starts.len()];
        let mut x = vec![[0.0; LANES]; self.window.len()];
        let mut running: Vec<usize> = (0..starts.len().min(LANES)).collect();
        for (lane, start) in starts.iter().take(LANES).enumerate() {
            for (row, x) in x.iter_mut().zip(start) {
                row[lane] = *x;
            }
        }
        let mut next = x.clone();
        let mut legs: Vec<f64> = starts.iter().map(|start| 1.0 / self.jacobian(start).norm()).collect();
        for leg in &mut legs {
            *leg = if leg.is_finite() && *leg > 0.0 { *leg } else { 1.0 };
        }
        for _ in 0..LEGS {
            let times: Vec<f64> = running.iter().map(|&number| legs[number]).collect();
            Flow::new(self.drift, 1.0, self.window).with_tolerance(1e-6).advance_by(&x, &times, &mut next);
            std::mem::swap(&mut x, &mut next);
            let mut lane = 0;
            while lane < running.len() {
                let number = running[lane];
                let place: Vec<f64> = x.iter().map(|row| row[lane]).collect();
                let end = self.stable_beside(&place);
                if end.is_none() && place.iter().all(|x| x.is_finite()) {
                    legs[number] *= 2.0;
                    lane += 1;
                    continue;
                }
                ends[number] = end;
                running.swap_remove(lane);
                for row in &mut x {
                    row[lane] = row[running.len()];
                }
            }
            if running.is_empty() {
                break;
            }
        }
        ends
    }

    /// A stable point of rest so close to `x` that Newton's method goes there at once.
    fn stable_beside(&self, x: &[f64]) -> Option<Vec<f64>> {
        let near = 1e-3 * self.size;
        let force = DVector::from_vec(self.force(x));
        let step = self.jacobian(x).lu().solve(&force)?;
        if step.norm() >= near {
            return None;
        }
        let rest = self.newton(x).filter(|rest| distance(rest, x) < 2.0 * near)?;
        self.eigenvalues(&rest)?.iter().all(|value| *value > 0.0).then_some(rest)
    }

    /// The unstable direction of a saddle.
    fn unstable(&self, saddle: &RestPoint) -> Option<Vec<f64>> {
        let matrix = -self.jacobian(&saddle.x);
        if saddle.u.is_some() {
            let eigen = symmetric(&matrix).symmetric_eigen();
            let least = eigen.eigenvalues.imin();
            return Some(eigen.eigenvectors.column(least).iter().copied().collect());
        }
        // Inverse iteration, a little beside the eigenvalue.
        let value = *saddle.eigenvalues.first()?;
        let d = saddle.x.len();
        let shifted = (matrix - DMatrix::identity(d, d) * (value * (1.0 + 1e-9))).lu();
        let mut vector = DVector::from_fn(d, |k, _| 1.0 + 0.1 * k as f64);
        for _ in 0..4 {
            vector = shifted.solve(&vector)?.normalize();
        }
        vector.iter().all(|x| x.is_finite()).then(|| vector.iter().copied().collect())
    }

    /// What has been found, in order.
    fn landscape(&self, starts: usize) -> SpaceLandscape {
        let mut landscape = SpaceLandscape {
            window: self.window.to_vec(),
            starts,
            flows: self.flows,
            unsettled: self.unsettled,
            ..SpaceLandscape::default()
        };
        let mut found = self.found.clone();
        found.sort_by(|a, b| {
            let order = a.x.iter().zip(&b.x).map(|(a, b)| {
                // Equal but for rounding.
                if (a - b).abs() <= SAME * self.size { std::cmp::Ordering::Equal } else { a.total_cmp(b) }
            });
            order.fold(std::cmp::Ordering::Equal, std::cmp::Ordering::then)
        });
        let mut degree = 0;
        let mut degenerate = false;
        for point in found {
            let index = point.eigenvalues.iter().filter(|value| **value < 0.0).count();
            degree += if index % 2 == 0 { 1 } else { -1 };
            degenerate |= is_degenerate(&point.eigenvalues);
            match index {
                0 => landscape.minima.push(point),
                1 => landscape.saddles.push(point),
                _ => landscape.others.push(point),
            }
        }
        let (minima, beyond) = (&landscape.minima, &mut landscape.beyond);
        for saddle in &mut landscape.saddles {
            let Some(direction) = self.unstable(saddle) else { continue };
            // Always from the same side first: that of the larger coordinate.
            let leading = direction.iter().copied().max_by(|a, b| a.abs().total_cmp(&b.abs()));
            let sign = if leading.is_some_and(|leading| leading < 0.0) { -1.0 } else { 1.0 };
            let sides: Vec<Vec<f64>> = [-sign, sign]
                .into_iter()
                .map(|side| {
                    let room = side * 1e-5 * self.size;
                    saddle.x.iter().zip(&direction).map(|(x, u)| x + room * u).collect()
                })
                .collect();
            let number = |end: Option<Vec<f64>>| {
                let end = end?;
                minima
                    .iter()
                    .position(|minimum| distance(&minimum.x, &end) <= SAME * self.size)
                    .map(|k| k + 1)
            };
            let ends = self.settle(&sides);
            beyond.extend(ends.iter().flatten().filter(|end| !self.is_inside(end)).cloned());
            saddle.minima = ends.into_iter().map(number).collect();
        }
        let inward = self.points_inwards();
        let asked = if inward { Some(1) } else { winding(self.drift, self.window) };
        landscape.consistent = asked.filter(|_| !degenerate && self.still == 0).map(|asked| {
            // Below a mountain pass theorem: minima of a potential that confines are joined.
            let joined = !inward
                || landscape.minima.iter().all(|minimum| minimum.u.is_none())
                || landscape.is_joined();
            asked == degree && joined
        });
        landscape
    }

    /// Whether the drift points into the box at sampled points of all faces.
    fn points_inwards(&self) -> bool {
        let d = self.window.len();
        (0..d).all(|k| {
            [0, 1].into_iter().all(|end| {
                (0..FACE).all(|number| {
                    let mut place = self.start(number);
                    place[k] = self.window[k][end];
                    let force = self.force(&place)[k];
                    if end == 0 { force > 0.0 } else { force < 0.0 }
                })
            })
        })
    }
}

impl SpaceLandscape {
    /// Whether the saddles join all the minima.
    fn is_joined(&self) -> bool {
        let mut reached = vec![false; self.minima.len()];
        let mut pending = vec![0];
        while let Some(minimum) = pending.pop() {
            if reached.get(minimum).copied().unwrap_or(true) {
                continue;
            }
            reached[minimum] = true;
            let beside = self.saddles.iter().filter(|saddle| saddle.minima.contains(&Some(minimum + 1)));
            pending.extend(beside.flat_map(|saddle| &saddle.minima).flatten().map(|number| number - 1));
        }
        reached.into_iter().all(|reached| reached)
    }
}

fn symmetric(matrix: &DMatrix<f64>) -> DMatrix<f64> {
    (matrix + matrix.transpose()) * 0.5
}

/// Point `number` of the sequence with the powers of the root of `x^(d+1) = x + 1`, whose multiples are spread
/// evenly in the box.
fn kronecker(window: &[[f64; 2]], number: usize) -> Vec<f64> {
    let d = window.len() as f64;
    let root = (0..64).fold(1.5, |root, _| libm::pow(1.0 + root, 1.0 / (d + 1.0)));
    let mut share = 1.0;
    window
        .iter()
        .map(|[lo, hi]| {
            share /= root;
            let position = 0.5 + (number as f64 + 1.0) * share;
            lo + (position - position.floor()) * (hi - lo)
        })
        .collect()
}

/// How often the drift turns round on the way round a box in the plane; `None` where it vanishes or has no value
/// on an edge, and in other dimensions.
fn winding(drift: &dyn Drift, window: &[[f64; 2]]) -> Option<i32> {
    let &[[left, right], [bottom, top]] = window else { return None };
    let corners = [[left, bottom], [right, bottom], [right, top], [left, top], [left, bottom]];
    let force = |x: [f64; 2]| {
        let mut force = [0.0; 2];
        drift.drift_at(&x, &mut force);
        (norm(&force) > 0.0 && norm(&force).is_finite()).then_some(force)
    };
    let between = |a: [f64; 2], b: [f64; 2], share: f64| [0, 1].map(|k| a[k] + share * (b[k] - a[k]));
    let mut turned = 0.0;
    for side in corners.windows(2) {
        let mut pieces: Vec<(f64, f64, u32)> =
            (0..FACE).map(|k| (k as f64 / FACE as f64, (k + 1) as f64 / FACE as f64, 0)).collect();
        while let Some((from, to, depth)) = pieces.pop() {
            let (a, b) = (force(between(side[0], side[1], from))?, force(between(side[0], side[1], to))?);
            let angle = libm::atan2(a[0] * b[1] - a[1] * b[0], a[0] * b[0] + a[1] * b[1]);
            if angle.abs() < 0.5 {
                turned += angle;
            } else if depth > 30 {
                return None;
            } else {
                let middle = 0.5 * (from + to);
                pieces.extend([(from, middle, depth + 1), (middle, to, depth + 1)]);
            }
        }
    }
    Some(libm::round(turned / (2.0 * std::f64::consts::PI)) as i32)
}

/// The basins of the minima of a landscape: where the flow of the drift leads.
#[derive(Debug, Clone)]
pub struct SpaceBasins {
    /// By minimum; `None` where a minimum draws in no neighbourhood that could be found.
    basins: Vec<Option<Basin>>,
}

impl SpaceBasins {
    /// Prepares the basins: around each minimum a set that the flow enters and does not leave (see [`Basin`]).
    #[must_use]
    pub fn new(drift: &Arc<dyn Drift>, landscape: &SpaceLandscape) -> Self {
        let basin = |minimum: &RestPoint| Basin::of(Arc::clone(drift), &minimum.x);
        Self { basins: landscape.minima.iter().map(basin).collect() }
    }

    /// The index (from 0) of the minimum to which the flow from `x` leads: until the flow is within the set of
    /// a minimum that it does not leave. `None` where it comes to none of them.
    #[must_use]
    pub fn basin_of(&self, x: &[f64]) -> Option<usize> {
        self.basins.iter().position(|basin| basin.as_ref().is_some_and(|basin| basin.contains(x)))
    }

    /// Whether every minimum has a basin.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.basins.iter().all(Option::is_some)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use levyscape_integrator::potential::{CATALOGUE, ClosureDrift, ExpressionField};

    use super::*;

    fn potential(text: &str, variables: &[&str]) -> Arc<dyn Drift> {
        let variables: Vec<String> = variables.iter().map(|&name| name.to_owned()).collect();
        Arc::new(ExpressionField::potential(text, &variables, &BTreeMap::new()).unwrap())
    }

    fn counts(found: &SpaceLandscape) -> [usize; 3] {
        [found.minima.len(), found.saddles.len(), found.others.len()]
    }

    #[test]
    fn the_plane_of_the_catalogue() {
        // Windows of the papers; the numbers of saddles and maxima are theirs.
        for (name, window, expected) in [
            ("muller_brown", [[-1.6, 1.2], [-0.5, 2.1]], [3, 2, 0]),
            ("three_hole", [[-2.2, 2.2], [-1.8, 2.6]], [3, 3, 1]),
            ("maier_stein", [[-1.5, 1.5], [-1.0, 1.0]], [2, 1, 0]),
        ] {
            let entry = CATALOGUE.iter().find(|entry| entry.name == name).unwrap();
            let drift: Arc<dyn Drift> = Arc::new(entry.field(&entry.defaults()).unwrap());
            let found = SpaceLandscape::find(&drift, &window).unwrap();
            assert_eq!(counts(&found), expected, "{name}: {found:?}");
            assert_ne!(found.consistent, Some(false), "{name}: {found:?}");
            for minimum in entry.minima {
                let near = found.minima.iter().any(|point| distance(&point.x, minimum) < 1e-6);
                assert!(near, "{name} at {minimum:?}: {found:?}");
            }
            for saddle in &found.saddles {
                assert!(
                    saddle.minima.len() == 2 && saddle.minima[0] != saddle.minima[1],
                    "{name}: {saddle:?}"
                );
            }
        }
    }

    #[test]
    fn all_the_corners_of_a_cube() {
        // A sum of double wells has 2^d minima, d 2^(d-1) saddles, and 3^d points of rest.
        let text = "(x^2 - 1)^2/4 + (y^2 - 1)^2/4 + (z^2 - 1)^2/4 + 0.05*x*y";
        let found = SpaceLandscape::find(&potential(text, &["x", "y", "z"]), &[[-2.0, 2.0]; 3]).unwrap();
        assert_eq!(counts(&found), [8, 12, 7], "{found:?}");
        assert_eq!(found.consistent, Some(true));
        // In the order of the first coordinate.
        assert!(found.minima.windows(2).all(|pair| pair[0].x[0] <= pair[1].x[0] + 1e-6), "{found:?}");
        assert!(found.saddles.iter().all(|saddle| saddle.minima.iter().all(Option::is_some)));
    }

    #[test]
    fn a_narrow_well_beside_a_wide_one() {
        let text = "(x^2 + y^2)/2 - 0.3*exp(-((x - 1)^2 + (y - 0.5)^2)/(2*0.05^2))";
        let drift = potential(text, &["x", "y"]);
        let found = SpaceLandscape::find(&drift, &[[-2.0, 2.0]; 2]).unwrap();
        assert_eq!(counts(&found), [2, 1, 0], "{found:?}");
        assert!(distance(&found.minima[1].x, &[1.0, 0.5]) < 0.02);
        let basins = SpaceBasins::new(&drift, &found);
        assert!(basins.is_complete());
        assert_eq!(basins.basin_of(&[1.01, 0.5]), Some(1));
        assert_eq!((basins.basin_of(&[1.5, 0.0]), basins.basin_of(&[-100.0, 3.0])), (Some(0), Some(0)));
    }

    #[test]
    fn what_is_missing_is_said() {
        // Of the double well, without one half of its window: a minimum and the saddle on its edge's far side.
        let drift = potential("(x^2 - 1)^2/4 + y^2/2", &["x", "y"]);
        let found = SpaceLandscape::find(&drift, &[[-0.5, 2.0], [-1.0, 1.0]]).unwrap();
        assert_eq!(counts(&found), [1, 1, 0]);
        assert!(found.saddles[0].minima.contains(&None) && found.unsettled > 0, "{found:?}");
        // A box that grows finds the rest.
        let found = SpaceLandscape::find_around(&drift, &[[-0.5, 0.7], [-0.1, 0.1]]).unwrap();
        assert_eq!((counts(&found), found.consistent), ([2, 1, 0], Some(true)), "{found:?}");
        // ... by way of the saddle, too.
        let found = SpaceLandscape::find_around(&drift, &[[-2.0, 0.0], [-0.5, 0.5]]).unwrap();
        assert_eq!((counts(&found), found.consistent), ([2, 1, 0], Some(true)), "{found:?}");
        // No force, no points; a rotation, no rest.
        let free: Arc<dyn Drift> = Arc::new(ClosureDrift::new(2, |_, out: &mut [f64]| out.fill(0.0)));
        let found = SpaceLandscape::find(&free, &[[-1.0, 1.0]; 2]).unwrap();
        assert_eq!((counts(&found), found.consistent), ([0, 0, 0], None));
        assert!(found.remarks.is_empty(), "{found:?}");
        let turning: Arc<dyn Drift> = Arc::new(ClosureDrift::new(2, |x: &[f64], out: &mut [f64]| {
            out.copy_from_slice(&[-x[1] - x[0], x[0] - x[1]]);
        }));
        let found = SpaceLandscape::find(&turning, &[[-1.0, 1.0]; 2]).unwrap();
        assert_eq!((counts(&found), found.consistent), ([1, 0, 0], Some(true)));
        assert!(found.minima[0].eigenvalues.iter().all(|value| (value - 1.0).abs() < 1e-8));
        for window in [vec![[-1.0, 1.0]], vec![[-1.0, 1.0], [1.0, 1.0]], vec![[-1.0, f64::NAN]; 2]] {
            assert!(SpaceLandscape::find(&turning, &window).is_err());
        }
    }

    #[test]
    fn the_winding_counts_the_points_within() {
        let drift = potential("(x^2 - 1)^2/4 + y^2/2", &["x", "y"]);
        for (window, turns) in [
            ([[-2.0, 2.0], [-1.0, 1.0]], 1),
            ([[-0.5, 0.5], [-1.0, 1.0]], -1),
            ([[0.5, 2.0], [-1.0, 1.0]], 1),
            ([[-0.5, 2.0], [-1.0, 1.0]], 0),
            ([[3.0, 4.0], [-1.0, 1.0]], 0),
        ] {
            assert_eq!(winding(drift.as_ref(), &window), Some(turns), "{window:?}");
        }
    }
}
