//! The basin of attraction of a point of rest.

use core::fmt;
use std::sync::Arc;

use levyscape_integrator::Drift;
use levyscape_integrator::rng::LANES;
use levyscape_integrator::scheme::Flow;

/// The points from which `dx/dt = b(x)` leads to one stable point of rest `m`.
///
/// Near `m` lies a trust set `{y^T P y <= r^2}`, `y = x - m`, that the flow enters and does not leave: `P` is
/// the identity where that will do and else solves `J^T P + P J = -1` with the Jacobian `J` at `m`, and `r` is
/// eight tenths of the largest radius up to which the drift points inwards at sampled points of every shell.
/// A point in it is in the basin, at the price of a few products. From any other point the flow is followed,
/// in legs of doubling length, until it enters the trust set, comes to rest elsewhere or runs out of time; in
/// the last two cases the point is outside.
///
/// Limits: what is sampled is not proved, so a trap thinner than the distance of the samples (64 directions a
/// coordinate, shells a factor 1.1 apart) can be missed; a point that needs more than some 2000 relaxation
/// times to come back counts as outside; the flow is followed to a relative accuracy of about 1e-6, and so
/// the edge is known. There is no test of crossings within a step: a continuous path is seen to leave at the
/// points of the time grid alone, late by order `h^(1/2)`.
#[derive(Clone)]
pub struct Basin {
    drift: Arc<dyn Drift>,
    centre: Vec<f64>,
    /// `P`, row-major, of mean diagonal 1.
    shape: Vec<f64>,
    /// `r^2`.
    trust: f64,
    /// Length of the first leg.
    leg: f64,
    /// The squared speed from which on a point outside the trust set is at rest.
    rest: f64,
    /// What the accuracy of the flow is relative to.
    window: Vec<[f64; 2]>,
}

const DIRECTIONS: usize = 64;
const SHELL: f64 = 1.1;
const MARGIN: f64 = 0.8;
/// They double in length: together 2047 relaxation times.
const LEGS: usize = 12;
const TOLERANCE: f64 = 1e-6;

impl fmt::Debug for Basin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { centre, shape, trust, .. } = self;
        let mut text = f.debug_struct("Basin");
        text.field("centre", centre).field("shape", shape).field("trust", trust).finish_non_exhaustive()
    }
}

impl PartialEq for Basin {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.drift, &other.drift) && self.centre == other.centre
    }
}

impl Basin {
    /// The basin that `start` lies in. The side of an exit is the coordinate that lies furthest from the
    /// point of rest.
    ///
    /// `None` where the flow from `start` does not come to rest, or comes to rest at a point that does not
    /// draw in all its neighbourhood, and for a start of another dimension.
    #[must_use]
    pub fn of(drift: Arc<dyn Drift>, start: &[f64]) -> Option<Self> {
        if start.len() != drift.dimension() {
            return None;
        }
        let centre = point_of_rest(drift.as_ref(), start)?;
        let d = centre.len();
        let mut jacobian = vec![0.0; d * d];
        drift.jacobian_at(&centre, &mut jacobian);
        let identity = (0..d * d).map(|k| if k % (d + 1) == 0 { 1.0 } else { 0.0 }).collect();
        let size = centre.iter().zip(start).fold(0.0, |size: f64, (m, x)| size.max(m.abs()).max(x.abs()));
        let size = if size > 0.0 { size } else { 1.0 };
        let directions = directions(d);
        let (shape, radius, rate) = [Some(identity), lyapunov(&jacobian, d)]
            .into_iter()
            .flatten()
            .find_map(|shape| trust(drift.as_ref(), &centre, shape, size, &directions))?;
        let rest = 1e-7 * rate * radius;
        let window = centre.iter().map(|m| [m - radius, m + radius]).collect();
        Some(Self {
            drift,
            centre,
            shape,
            trust: radius * radius,
            leg: 0.5 / rate,
            rest: rest * rest,
            window,
        })
    }

    /// The point of rest.
    #[must_use]
    pub fn centre(&self) -> &[f64] {
        &self.centre
    }

    /// Whether `x` lies in the basin.
    #[must_use]
    pub fn contains(&self, x: &[f64]) -> bool {
        if form(&self.shape, &self.centre, |k| x[k]) <= self.trust {
            return true;
        }
        let rows = x.iter().map(|&x| {
            let mut row = [0.0; LANES];
            row[0] = x;
            row
        });
        self.all_come_back(rows.collect(), 1)
    }

    /// Whether some lane lies outside; the others decide nothing about it.
    pub(super) fn some_outside(&self, x: &[[f64; LANES]], lanes: usize) -> bool {
        let mut rows: Vec<[f64; LANES]> = Vec::new();
        let mut far = 0;
        for lane in 0..lanes {
            // A NaN fails the test.
            if form(&self.shape, &self.centre, |k| x[k][lane]) <= self.trust {
                continue;
            }
            rows.resize(x.len(), [0.0; LANES]);
            for (row, x) in rows.iter_mut().zip(x) {
                row[far] = x[lane];
            }
            far += 1;
        }
        far > 0 && !self.all_come_back(rows, far)
    }

    /// Whether the flow leads from all these points into the trust set.
    fn all_come_back(&self, mut x: Vec<[f64; LANES]>, mut lanes: usize) -> bool {
        let mut next = x.clone();
        let mut leg = self.leg;
        for _ in 0..LEGS {
            let flow = Flow::new(self.drift.as_ref(), leg, &self.window).with_tolerance(TOLERANCE);
            flow.advance_by(&x, &[leg; LANES][..lanes], &mut next);
            core::mem::swap(&mut x, &mut next);
            self.drift.drift(&x, lanes, &mut next);
            let mut lane = 0;
            while lane < lanes {
                if form(&self.shape, &self.centre, |k| x[k][lane]) <= self.trust {
                    lanes -= 1;
                    for row in x.iter_mut().chain(next.iter_mut()) {
                        row[lane] = row[lanes];
                    }
                    continue;
                }
                let speed: f64 = next.iter().map(|force| force[lane] * force[lane]).sum();
                // At rest elsewhere, or no number any more.
                if speed <= self.rest || speed.is_nan() {
                    return false;
                }
                lane += 1;
            }
            if lanes == 0 {
                return true;
            }
            leg *= 2.0;
        }
        false
    }
}

/// `y^T P y` for `y = x - centre`.
#[inline]
fn form(shape: &[f64], centre: &[f64], x: impl Fn(usize) -> f64) -> f64 {
    let rows = shape.chunks_exact(centre.len()).enumerate();
    rows.fold(0.0, |sum, (k, row)| {
        let along = row.iter().zip(centre).enumerate();
        sum + (x(k) - centre[k]) * along.fold(0.0, |sum, (j, (p, m))| sum + p * (x(j) - m))
    })
}

fn norm(x: &[f64]) -> f64 {
    x.iter().map(|x| x * x).sum::<f64>().sqrt()
}

/// Where the flow from `start` comes to rest.
fn point_of_rest(drift: &dyn Drift, start: &[f64]) -> Option<Vec<f64>> {
    let d = start.len();
    let mut x = vec![[0.0; LANES]; d];
    for (row, &start) in x.iter_mut().zip(start) {
        row[0] = start;
    }
    let mut next = x.clone();
    let (mut slope, mut jacobian) = (vec![0.0; d], vec![0.0; d * d]);
    for _ in 0..2000 {
        let place: Vec<f64> = x.iter().map(|row| row[0]).collect();
        drift.drift_at(&place, &mut slope);
        drift.jacobian_at(&place, &mut jacobian);
        let (speed, stiffness) = (norm(&slope), norm(&jacobian));
        if !speed.is_finite() || !stiffness.is_finite() || stiffness == 0.0 {
            return None;
        }
        let size =
            place.iter().zip(start).fold(0.0, |size: f64, (x, start)| size.max(x.abs()).max(start.abs()));
        let size = if size > 0.0 { size } else { 1.0 };
        if speed <= 1e-10 * stiffness * size || speed == 0.0 {
            return Some(place);
        }
        let window: Vec<[f64; 2]> = place.iter().map(|x| [x - size, x + size]).collect();
        let leg = 2.0 / stiffness;
        Flow::new(drift, leg, &window).advance_by(&x, &[leg], &mut next);
        core::mem::swap(&mut x, &mut next);
    }
    None
}

/// Unit vectors all over the sphere: the axes, and points of a Kronecker sequence in the cube.
fn directions(d: usize) -> Vec<Vec<f64>> {
    let mut all = Vec::new();
    for k in 0..d {
        for sign in [-1.0, 1.0] {
            let mut axis = vec![0.0; d];
            axis[k] = sign;
            all.push(axis);
        }
    }
    // The root of x^(d+1) = x + 1 has the powers whose multiples are spread most evenly.
    let mut root: f64 = 1.5;
    for _ in 0..64 {
        root = libm::pow(1.0 + root, 1.0 / (d as f64 + 1.0));
    }
    for number in 1..=DIRECTIONS * d {
        let (mut share, mut point) = (1.0, Vec::with_capacity(d));
        for _ in 0..d {
            share /= root;
            let position = 0.5 + number as f64 * share;
            point.push(2.0 * (position - position.floor()) - 1.0);
        }
        let length = norm(&point);
        if length > 1e-3 {
            all.push(point.iter().map(|x| x / length).collect());
        }
    }
    all
}

/// The radius of the trust set with this shape, and the rate at which the flow crosses the shell of half of
/// it. `None` where the drift does not point inwards even close to the centre.
fn trust(
    drift: &dyn Drift,
    centre: &[f64],
    shape: Vec<f64>,
    size: f64,
    directions: &[Vec<f64>],
) -> Option<(Vec<f64>, f64, f64)> {
    let d = centre.len();
    let shell = |radius: f64| {
        // The least rate `-b^T P y / y^T P y` on the shell.
        let mut least = f64::INFINITY;
        let mut slope = vec![0.0; d];
        for direction in directions {
            let stretch = radius / form(&shape, &vec![0.0; d], |k| direction[k]).sqrt();
            let place: Vec<f64> = centre.iter().zip(direction).map(|(m, u)| m + stretch * u).collect();
            drift.drift_at(&place, &mut slope);
            let inward = |(k, row): (usize, &[f64])| {
                slope[k] * row.iter().zip(direction).map(|(p, u)| p * u).sum::<f64>() * stretch
            };
            let rate = -shape.chunks_exact(d).enumerate().map(inward).sum::<f64>() / (radius * radius);
            // A NaN is not inwards.
            least = if rate >= least { least } else { rate };
        }
        least
    };
    let mut radius = [1e-4, 1e-6, 1e-8].map(|share| share * size).into_iter().find(|&r| shell(r) > 0.0)?;
    while radius < 1e8 * size && shell(SHELL * radius) > 0.0 {
        radius *= SHELL;
    }
    let radius = MARGIN * radius;
    let rate = shell(0.5 * radius);
    (rate > 0.0 && rate.is_finite()).then_some((shape, radius, rate))
}

/// `P` with `J^T P + P J = -1`, scaled to a mean diagonal of 1: by elimination, with its `d^2` entries as
/// unknowns. `None` for a singular system and for a `P` that is not positive on the diagonal.
fn lyapunov(jacobian: &[f64], d: usize) -> Option<Vec<f64>> {
    let n = d * d;
    let mut rows = vec![vec![0.0; n + 1]; n];
    for (number, row) in rows.iter_mut().enumerate() {
        let (k, j) = (number / d, number % d);
        for i in 0..d {
            row[i * d + j] += jacobian[i * d + k];
            row[k * d + i] += jacobian[i * d + j];
        }
        row[n] = if k == j { -1.0 } else { 0.0 };
    }
    for column in 0..n {
        let pivot = (column..n).max_by(|&a, &b| rows[a][column].abs().total_cmp(&rows[b][column].abs()))?;
        rows.swap(column, pivot);
        let (head, tail) = rows.split_at_mut(column + 1);
        let pivot = &head[column];
        if pivot[column] == 0.0 || !pivot[column].is_finite() {
            return None;
        }
        for row in tail {
            let factor = row[column] / pivot[column];
            for (entry, pivot) in row[column..].iter_mut().zip(&pivot[column..]) {
                *entry -= factor * pivot;
            }
        }
    }
    let mut shape = vec![0.0; n];
    for k in (0..n).rev() {
        let known: f64 = (k + 1..n).map(|j| rows[k][j] * shape[j]).sum();
        shape[k] = (rows[k][n] - known) / rows[k][k];
    }
    let diagonal: f64 = (0..d).map(|k| shape[k * (d + 1)]).sum::<f64>() / d as f64;
    if !(diagonal > 0.0 && diagonal.is_finite()) || (0..d).any(|k| shape[k * (d + 1)] <= 0.0) {
        return None;
    }
    Some(shape.iter().map(|entry| entry / diagonal).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use levyscape_integrator::potential::ClosureDrift;

    fn wells() -> Arc<dyn Drift> {
        Arc::new(ClosureDrift::new(2, |x: &[f64], out: &mut [f64]| {
            out[0] = x[0] - x[0] * x[0] * x[0];
            out[1] = -x[1];
        }))
    }

    #[test]
    fn the_separatrix_of_the_double_well_is_the_axis() {
        let basin = Basin::of(wells(), &[-0.3, 2.0]).expect("a basin");
        assert!((basin.centre[0] + 1.0).abs() < 1e-8 && basin.centre[1].abs() < 1e-8, "{basin:?}");
        // The drift points outwards beyond the saddle, at distance 1, and not before.
        assert!((0.6..0.85).contains(&basin.trust.sqrt()), "{basin:?}");
        for (x, inside) in [
            ([-1.0, 0.5], true),
            ([-1e-4, 0.0], true),
            ([1e-4, 0.0], false),
            ([-5.0, 80.0], true),
            ([-1e6, -1e6], true),
            ([0.01, 50.0], false),
            ([2.0, 0.0], false),
            ([f64::NAN, 0.0], false),
        ] {
            assert_eq!(basin.contains(&x), inside, "{x:?}");
        }
        // Company changes nothing.
        let mut rows = vec![[-1.0; LANES], [0.0; LANES]];
        rows[0][..20].fill(-0.05);
        assert!(!basin.some_outside(&rows, LANES));
        rows[0][40] = 0.05;
        assert!(basin.some_outside(&rows, LANES) && !basin.some_outside(&rows, 40));
    }

    #[test]
    fn a_shear_needs_an_ellipse() {
        // Stable, but the distance from the origin grows at first in some directions.
        let shear = ClosureDrift::new(2, |x: &[f64], out: &mut [f64]| {
            out[0] = -x[0] + 10.0 * x[1];
            out[1] = -x[1];
        });
        let basin = Basin::of(Arc::new(shear), &[1.0, 1.0]).expect("a basin");
        assert!(basin.shape[3] > 5.0 * basin.shape[0] && basin.contains(&[1e5, -1e5]), "{basin:?}");
    }

    #[test]
    fn no_rest_no_basin() {
        let of =
            |field: fn(&[f64], &mut [f64])| Basin::of(Arc::new(ClosureDrift::new(2, field)), &[0.5, 0.0]);
        assert!(of(|_, out| out.fill(0.0)).is_none());
        assert!(of(|x, out| out.copy_from_slice(&[-x[1], x[0]])).is_none());
        assert!(Basin::of(wells(), &[0.0, 1.0]).is_none(), "a saddle");
        assert!(Basin::of(wells(), &[1.0]).is_none());
    }
}
