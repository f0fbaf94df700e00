//! The drift-implicit Euler scheme.

use super::linear::{around, solve};
use super::tabulated::{LineMap, Tabulated};
use super::{Flow, Scheme};
use crate::potential::Drift;
use crate::rng::LANES;

/// `M` is the identity and `A = (1 - h b)^-1`: `X_{k+1} = X_k + h b(X_{k+1}) + epsilon (Z_{t+h} - Z_t)`, the
/// backward Euler scheme, whose equation is solved after the noise.
///
/// A path's place after a step lies on the resolvent `y - h b(y) = z` of the noisy place `z`; for a
/// confining drift there is such a y whatever z is, so that no path explodes. It is unique where
/// `h max b' < 1` (`b' = -U''`), as for any step that resolves the barriers. For larger steps, in one
/// dimension, the root that is continuous in h is taken: the first one from z in the direction of the drift,
/// before the first point of rest on that side; the map then jumps where that root disappears. In several
/// dimensions it is the root that Newton's method finds from z.
///
/// The far tail of a superlinear drift is bent: in a quartic well `y` is about `(z/h)^(1/3)`, which gives
/// the stationary density its right power and three times the right constant (the limit of rare jumps).
pub struct ImplicitEuler<'a>(Box<dyn Scheme + 'a>);

impl<'a> ImplicitEuler<'a> {
    /// Prepares the resolvent for `step`; `window` has one finite interval a coordinate.
    #[must_use]
    pub fn new(drift: &'a dyn Drift, step: f64, window: &[[f64; 2]]) -> Self {
        Self(match window {
            [window] => Box::new(Tabulated::new(Box::new(LineResolvent::new(drift, step, *window)), *window)),
            _ => Box::new(Resolvent {
                drift,
                step,
                scale: window.iter().map(|[lower, upper]| 0.5 * (upper - lower)).collect(),
                flow: Flow::new(drift, step, window),
            }),
        })
    }
}

impl Scheme for ImplicitEuler<'_> {
    fn advance(&self, x: &[[f64; LANES]], lanes: usize, out: &mut [[f64; LANES]]) {
        for (out, x) in out.iter_mut().zip(x) {
            out[..lanes].copy_from_slice(&x[..lanes]);
        }
    }

    fn after_noise(&self) -> Option<&dyn Scheme> {
        Some(self.0.as_ref())
    }
}

/// `y - h b(y) = z` on the line.
struct LineResolvent<'a> {
    drift: &'a dyn Drift,
    step: f64,
    centre: f64,
    half: f64,
    /// Whether `h b' < 1` throughout the window.
    unique: bool,
}

/// Beyond this many half lengths of the window a force that is not a number is the difference of two
/// overflows, not a hole of the domain.
const OVERFLOW_DISTANCE: f64 = 1e30;
const MOST_ITERATIONS: usize = 200;
/// Points of the window at which the slope of the drift is looked at, and pieces of a half length in which
/// the first of several roots is looked for.
const PIECES: usize = 4096;

impl<'a> LineResolvent<'a> {
    fn new(drift: &'a dyn Drift, step: f64, [lower, upper]: [f64; 2]) -> Self {
        let (centre, half) = (0.5 * (lower + upper), 0.5 * (upper - lower));
        let points = (0..=PIECES).map(|k| lower + 2.0 * half * (k as f64 / PIECES as f64));
        let unique = points.into_iter().all(|x| {
            let [low, high] = around(x, half);
            let slope = (force(drift, high) - force(drift, low)) / (high - low);
            step * slope < 0.999 || slope.is_nan()
        });
        Self { drift, step, centre, half, unique }
    }

    fn solve(&self, z: f64) -> f64 {
        let Self { drift, step, centre, half, unique } = *self;
        let overflows = |x: f64| (x - centre).abs() > OVERFLOW_DISTANCE * half;
        let inward = force(drift, z);
        // Far out a force that is not a number is the difference of two overflows.
        let inward = if inward.is_nan() && overflows(z) { centre - z } else { inward };
        if inward == 0.0 || inward.is_nan() || !z.is_finite() {
            return if inward == 0.0 { z } else { f64::NAN };
        }
        let forward = inward.signum();
        // Positive as long as the root lies further on.
        let excess = |y: f64| {
            let excess = forward * (step * force(drift, y) - (y - z));
            if excess.is_nan() && overflows(y) { f64::INFINITY } else { excess }
        };
        let piece = |y: f64| {
            let far = (y - centre).abs();
            if unique {
                1e-3 * (far + half)
            } else if far > half && forward * (y - centre) < 0.0 {
                // Outside the window the root is unique.
                far - 0.999 * half
            } else {
                (far + half) / PIECES as f64
            }
        };
        let mut inside = z;
        let mut stride = piece(z);
        let mut outside = loop {
            let y = inside + forward * stride;
            let now = excess(y);
            if now <= 0.0 {
                break y;
            }
            if now.is_nan() && y.is_finite() {
                // A hole in the domain: the root lies before it.
                stride *= 0.25;
            } else {
                inside = y;
                stride = if unique { 2.0 * stride } else { piece(y) };
            }
            if !y.is_finite() || inside + forward * stride == inside {
                return f64::NAN;
            }
        };
        // Newton's method, and bisection where it leaves the bracket or is slow.
        let bisected = |inside: f64, outside: f64| {
            centre + half * middle((inside - centre) / half, (outside - centre) / half)
        };
        let mut y = bisected(inside, outside);
        let mut change = f64::INFINITY;
        for _ in 0..MOST_ITERATIONS {
            let now = excess(y);
            if now > 0.0 {
                inside = y
            } else {
                outside = y
            }
            let unit = (y - centre).abs().max(1e-3 * half);
            if now == 0.0 || (outside - inside).abs() <= 1e-15 * unit {
                return y;
            }
            let [low, high] = around(y, half);
            let newton = y - now * (high - low) / (excess(high) - excess(low));
            let between = (newton - inside) * (newton - outside) < 0.0;
            if between && (newton - y).abs() <= 1e-13 * unit {
                return newton;
            }
            let quick = between && (newton - y).abs() < 0.5 * change;
            let next = if quick { newton } else { bisected(inside, outside) };
            change = if quick { (next - y).abs() } else { (outside - inside).abs() };
            y = next;
        }
        y
    }
}

/// The number half way between two numbers in the order of all floating-point numbers: 64 bisections leave
/// nothing to bisect, whatever the orders of magnitude.
fn middle(a: f64, b: f64) -> f64 {
    // The bits of a negative number count downwards.
    let turn = |bits: i64| bits ^ ((bits >> 63) & i64::MAX);
    let [a, b] = [a, b].map(|x| turn(x.to_bits() as i64));
    f64::from_bits(turn((a >> 1) + (b >> 1) + (a & b & 1)) as u64)
}

impl Scheme for LineResolvent<'_> {
    fn advance(&self, x: &[[f64; LANES]], lanes: usize, out: &mut [[f64; LANES]]) {
        let ([x], [out]) = (x, out) else { return };
        for (out, x) in out[..lanes].iter_mut().zip(x) {
            *out = self.solve(*x);
        }
    }
}

impl LineMap for LineResolvent<'_> {}

/// The drift at one point of the line.
fn force(drift: &dyn Drift, x: f64) -> f64 {
    let mut out = [f64::NAN];
    drift.drift_at(&[x], &mut out);
    out[0]
}

/// `y - h b(y) = z` in several dimensions: damped Newton steps for each lane, with derivatives by central
/// differences. Where they do not come to an end in [`MOST_ITERATIONS`] evaluations, the flow of the drift
/// over the step, which is next to the resolvent, takes its place.
struct Resolvent<'a> {
    drift: &'a dyn Drift,
    step: f64,
    /// Half the lengths of the window.
    scale: Vec<f64>,
    flow: Flow<'a>,
}

const TOLERANCE: f64 = 1e-11;
const LEAST_SHARE: f64 = 1e-4;

/// The search of one lane.
#[derive(Clone, Copy, Default)]
struct Search {
    lane: usize,
    /// The smallest residual so far.
    residual: f64,
    /// The share of the Newton step that is tried.
    share: f64,
    improved: bool,
}

/// Rows by lane, one a coordinate.
type Rows = Vec<[f64; LANES]>;

impl Resolvent<'_> {
    fn unit(&self, x: f64, k: usize) -> f64 {
        x.abs().max(1e-3 * self.scale[k])
    }

    /// Takes the trial point of a search as its best one if its residual is small enough.
    fn judge(
        &self,
        search: &mut Search,
        place: usize,
        z: &[[f64; LANES]],
        [trial, excess, best]: [&mut Rows; 3],
    ) {
        let mut residual: f64 = 0.0;
        for (k, excess) in excess.iter().enumerate() {
            let part = excess[place].abs() / self.unit(z[k][search.lane], k);
            // A NaN wins.
            residual = if part <= residual { residual } else { part };
        }
        search.improved = residual.is_finite() && residual <= (1.0 - 0.1 * search.share) * search.residual;
        if search.improved {
            (search.residual, search.share) = (residual, 1.0);
            for (best, trial) in best.iter_mut().zip(trial) {
                best[search.lane] = trial[place];
            }
        } else {
            search.share *= 0.5;
        }
    }

    /// The derivatives of `y - h b(y)` at the trial points, one row an entry.
    fn derivatives(&self, trial: &Rows, running: usize) -> Rows {
        let d = trial.len();
        let mut entries = vec![[0.0; LANES]; d * d];
        let mut slopes = [vec![[0.0; LANES]; d], vec![[0.0; LANES]; d]];
        let mut shifted = trial.clone();
        for k in 0..d {
            let mut ends = [[0.0; LANES]; 2];
            for lane in 0..running {
                [ends[0][lane], ends[1][lane]] = around(trial[k][lane], self.scale[k]);
            }
            for (end, slope) in ends.iter().zip(&mut slopes) {
                shifted[k] = *end;
                self.drift.drift(&shifted, running, slope);
            }
            shifted[k] = trial[k];
            for i in 0..d {
                let unit = f64::from(u8::from(i == k));
                for lane in 0..running {
                    let slope = (slopes[1][i][lane] - slopes[0][i][lane]) / (ends[1][lane] - ends[0][lane]);
                    entries[i * d + k][lane] = unit - self.step * slope;
                }
            }
        }
        entries
    }
}

impl Scheme for Resolvent<'_> {
    fn advance(&self, x: &[[f64; LANES]], lanes: usize, out: &mut [[f64; LANES]]) {
        let d = x.len();
        // By place among the running searches: the points that are tried and their residuals; by lane: the
        // best points and the Newton steps from there.
        let (mut trial, mut excess) = (x.to_vec(), vec![[0.0; LANES]; d]);
        let (mut best, mut direction) = (x.to_vec(), vec![[0.0; LANES]; d]);
        let (mut matrix, mut vector) = (vec![0.0; d * d], vec![0.0; d]);
        let mut failed = Vec::new();
        let fresh = Search { residual: f64::INFINITY, share: 1.0, ..Search::default() };
        let mut searches: Vec<Search> = (0..lanes).map(|lane| Search { lane, ..fresh }).collect();
        for _ in 0..MOST_ITERATIONS {
            let running = searches.len();
            if running == 0 {
                break;
            }
            self.drift.drift(&trial, running, &mut excess);
            for (place, search) in searches.iter_mut().enumerate() {
                for k in 0..d {
                    excess[k][place] = x[k][search.lane] + self.step * excess[k][place] - trial[k][place];
                }
                self.judge(search, place, x, [&mut trial, &mut excess, &mut best]);
            }
            let moves = searches.iter().any(|search| search.improved);
            let entries = if moves { self.derivatives(&trial, running) } else { Vec::new() };
            let mut place = 0;
            searches.retain(|search| {
                let (at, lane) = (place, search.lane);
                place += 1;
                if !search.improved {
                    let hopeless = search.share < LEAST_SHARE || search.residual == f64::INFINITY;
                    if hopeless {
                        failed.push(lane);
                    }
                    return !hopeless;
                }
                for (matrix, entry) in matrix.iter_mut().zip(&entries) {
                    *matrix = entry[at];
                }
                for (vector, excess) in vector.iter_mut().zip(&excess) {
                    *vector = excess[at];
                }
                if !solve(&mut matrix, &mut vector) {
                    failed.push(lane);
                    return false;
                }
                let mut found = true;
                for k in 0..d {
                    direction[k][lane] = vector[k];
                    found &= vector[k].abs() <= TOLERANCE * self.unit(best[k][lane], k);
                }
                if found {
                    for k in 0..d {
                        out[k][lane] = best[k][lane] + direction[k][lane];
                    }
                }
                !found
            });
            for (place, search) in searches.iter().enumerate() {
                for ((trial, best), direction) in trial.iter_mut().zip(&best).zip(&direction) {
                    trial[place] = best[search.lane] + search.share * direction[search.lane];
                }
            }
        }
        failed.extend(searches.iter().map(|search| search.lane));
        if failed.is_empty() {
            return;
        }
        for (trial, x) in trial.iter_mut().zip(x) {
            for (trial, lane) in trial.iter_mut().zip(&failed) {
                *trial = x[*lane];
            }
        }
        self.flow.advance(&trial, failed.len(), &mut excess);
        for (out, moved) in out.iter_mut().zip(&excess) {
            for (moved, lane) in moved.iter().zip(&failed) {
                out[*lane] = *moved;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::potential::{ClosurePotential, PotentialDrift};

    fn resolvent(
        gradient: impl Fn(f64) -> f64 + Send + Sync,
        step: f64,
        window: [f64; 2],
        z: &[f64],
    ) -> Vec<f64> {
        let potential = ClosurePotential::new(|_| f64::NAN, gradient);
        let drift = PotentialDrift(&potential);
        let scheme = ImplicitEuler::new(&drift, step, &[window]);
        let Some(after) = scheme.after_noise() else { panic!("it solves after the noise") };
        let (mut rows, mut out) = ([[0.0; LANES]], [[0.0; LANES]]);
        rows[0][..z.len()].copy_from_slice(z);
        after.advance(&rows, z.len(), &mut out);
        out[0][..z.len()].to_vec()
    }

    #[test]
    fn the_equation_holds_as_far_as_numbers_reach() {
        let z = [-1e100, -1e20, -1e4, -50.0, -3.0, -1e-3, 0.0, 0.7, 1.0, 9.0, 1e6, 1e90];
        for h in [1e-3, 0.1, 0.9] {
            for (z, y) in z.iter().zip(resolvent(|x| x * x * x - x, h, [-4.0, 4.0], &z)) {
                let slope = 1.0 - h + 3.0 * h * y * y;
                let error = (y + h * (y * y * y - y) - z) / slope;
                assert!(error.abs() < 1e-8 * y.abs().max(1.0), "h {h}, z {z}: {y}");
            }
        }
        // An exponential wall: h sinh(y) = z - y.
        for (z, y) in [1e3, 1e200].iter().zip(resolvent(libm::sinh, 0.1, [-4.0, 4.0], &[1e3, 1e200])) {
            assert!((0.1 * libm::sinh(y) + y - z).abs() < 1e-8 * z, "{z}: {y}");
        }
    }

    #[test]
    fn of_several_roots_the_first_along_the_drift() {
        // h = 4: three roots for z near 0; those of z = +-0.01 lie in the wells of their own sides.
        let z = [-2.0, -0.01, 0.01, 2.0];
        let seen = resolvent(|x| x * x * x - x, 4.0, [-4.0, 4.0], &z);
        for (z, y) in z.iter().zip(seen) {
            assert!(y * z > 0.0 && (y + 4.0 * (y * y * y - y) - z).abs() < 1e-7, "{z}: {y}");
            // Continuous in h: the same root as by small increases of h.
            let (mut place, mut root) = (*z, *z);
            for k in 1..=4000 {
                let h = 1e-3 * f64::from(k);
                for _ in 0..20 {
                    root -=
                        (root + h * (root * root * root - root) - z) / (1.0 + h * (3.0 * root * root - 1.0));
                }
                assert!((root - place).abs() < 0.1);
                place = root;
            }
            assert!((root - y).abs() < 1e-7, "{z}: {y} {root}");
        }
    }

    /// `b = -grad U` of `U = (x^2 - 1)^2 / 4 + (x y)^2 + y^4 / 4`.
    struct Plane;
    impl Drift for Plane {
        fn dimension(&self) -> usize {
            2
        }
        fn drift(&self, x: &[[f64; LANES]], lanes: usize, out: &mut [[f64; LANES]]) {
            for lane in 0..lanes {
                let (x, y) = (x[0][lane], x[1][lane]);
                out[0][lane] = x - x * x * x - 2.0 * x * y * y;
                out[1][lane] = -2.0 * x * x * y - y * y * y;
            }
        }
    }

    #[test]
    fn the_equation_holds_in_the_plane_lane_by_lane() {
        let scheme = ImplicitEuler::new(&Plane, 0.1, &[[-3.0, 3.0], [-3.0, 3.0]]);
        let Some(after) = scheme.after_noise() else { panic!("it solves after the noise") };
        let z: [[f64; LANES]; 2] = [
            core::array::from_fn(|k| libm::sinh(0.4 * (k as f64 - 31.5))),
            core::array::from_fn(|k| libm::sinh(0.9 * ((17 * k % 64) as f64 - 31.5))),
        ];
        let (mut y, mut b) = ([[0.0; LANES]; 2], [[0.0; LANES]; 2]);
        after.advance(&z, LANES, &mut y);
        Plane.drift(&y, LANES, &mut b);
        for lane in 0..LANES {
            for k in 0..2 {
                let unit = z[0][lane].abs().max(z[1][lane].abs()).max(1.0);
                let residual = y[k][lane] - z[k][lane] - 0.1 * b[k][lane];
                assert!(residual.abs() < 1e-8 * unit, "{lane} {k}: {residual} {unit}");
            }
            let mut alone = [[0.0; LANES]; 2];
            after.advance(&[[z[0][lane]; LANES], [z[1][lane]; LANES]], 1, &mut alone);
            assert_eq!([alone[0][0], alone[1][0]], [y[0][lane], y[1][lane]]);
        }
        // The derivatives overflow before the force of a well does.
        let far = [[1e160; LANES], [-1e150; LANES]];
        after.advance(&far, 1, &mut y);
        assert!(y[0][0].is_finite() && y[1][0].is_finite(), "{} {}", y[0][0], y[1][0]);
    }
}
