//! The flow of the drift, solved for each point.

use super::Scheme;
use super::linear::solve;
use super::tabulated::{LineMap, values};
use crate::dispatch;
use crate::math::{exp, ln};
use crate::potential::Drift;
use crate::rng::LANES;

/// The flow `Phi_t` of `dx/dt = b(x)` in any dimension: `M(x) = Phi_t(x)`.
///
/// Every lane is solved by the embedded pair of Dormand and Prince (1980) with substeps of its own: the
/// lanes of a batch share the calls of the drift and nothing else. A lane that is found stiff (Hairer and
/// Wanner 1996, section IV.2) goes on with a linearly implicit method of order 2 whose every step is
/// damped however large it is (the extrapolated linearly implicit Euler method, relative error about
/// 1e-6 a step there).
///
/// Where the force overflows, the coordinates that overflow are first moved towards the middle of the
/// window, in proportion, to the outermost point with a force that can be computed: an inward force that
/// large covers the distance in no time. NaN where the force is not a number or drives the point out of
/// the finite numbers within the time.
pub struct Flow<'a> {
    drift: &'a dyn Drift,
    time: f64,
    /// The middle of the window.
    anchor: Vec<f64>,
    /// Half the lengths of the window.
    scale: Vec<f64>,
    tolerance: f64,
}

/// Larger forces overflow in the stages of a step.
const LARGEST_FORCE: f64 = 1e290;
/// Beyond this many lengths of the window a force that is not a number is the difference of two
/// overflows, not a hole of the domain.
const OVERFLOW_DISTANCE: f64 = 1e30;
/// A substep with a larger product of its length and the drift's rate is held back by stability, not by accuracy.
const STABILITY_BOUND: f64 = 3.25;
/// As many such substeps in a row make a lane stiff.
const STIFF_AFTER: u32 = 15;
const MOST_SUBSTEPS: usize = 20_000;
/// Substeps rejected too often (each counts four times, an accepted one takes one off) come from a drift that
/// is not continuous: the path slides along a kink of the potential.
const MOST_REJECTED: u32 = 60;
const STIFF_TOLERANCE: f64 = 1e-6;
/// Distances below this share of half a window do not matter.
const LEAST_SHARE: f64 = 1e-3;
/// Outside the window the tolerance grows with the distance, up to this number.
const FAR_TOLERANCE: f64 = 1e-6;

/// A passage outside the window is cut into no more than two to this power pieces: a wall that rises like an exponential
/// needs pieces of a fixed length, however far out.
const HALVINGS: u32 = 12;

/// Stages of the pair: the combination of the slopes so far.
const STAGES: [&[f64]; 6] = [
    &[0.2],
    &[3.0 / 40.0, 9.0 / 40.0],
    &[44.0 / 45.0, -56.0 / 15.0, 32.0 / 9.0],
    &[19372.0 / 6561.0, -25360.0 / 2187.0, 64448.0 / 6561.0, -212.0 / 729.0],
    &[9017.0 / 3168.0, -355.0 / 33.0, 46732.0 / 5247.0, 49.0 / 176.0, -5103.0 / 18656.0],
    &[35.0 / 384.0, 0.0, 500.0 / 1113.0, 125.0 / 192.0, -2187.0 / 6784.0, 11.0 / 84.0],
];
/// The difference between the solutions of order 5 and of order 4.
const ERROR: [f64; 7] =
    [71.0 / 57600.0, 0.0, -71.0 / 16695.0, 71.0 / 1920.0, -17253.0 / 339_200.0, 22.0 / 525.0, -1.0 / 40.0];

/// One running lane.
#[derive(Clone, Copy, Default)]
struct Clock {
    /// Where the result goes.
    lane: usize,
    remaining: f64,
    attempts: usize,
    rejected: u32,
    stiff: u32,
}

impl<'a> Flow<'a> {
    /// The flow over `time`, solved to about 1e-8 of the distance from the middle of the window (outside
    /// the window the error grows with the distance, up to 1e-6 of it). The window, one finite interval a
    /// coordinate, says what distances matter.
    #[must_use]
    pub fn new(drift: &'a dyn Drift, time: f64, window: &[[f64; 2]]) -> Self {
        Self {
            drift,
            time,
            anchor: window.iter().map(|[lower, upper]| 0.5 * (lower + upper)).collect(),
            scale: window.iter().map(|[lower, upper]| 0.5 * (upper - lower)).collect(),
            tolerance: 1e-8,
        }
    }

    /// The same with an error of about `tolerance` a substep.
    #[must_use]
    pub fn with_tolerance(self, tolerance: f64) -> Self {
        Self { tolerance, ..self }
    }

    /// Half the length of the window, in the first coordinate.
    pub(super) fn half_length(&self) -> f64 {
        self.scale.first().copied().unwrap_or(1.0)
    }

    /// The flow of lane `l` over the time `times[l]`, for as many lanes as there are times.
    pub fn advance_by(&self, x: &[[f64; LANES]], times: &[f64], out: &mut [[f64; LANES]]) {
        let d = self.anchor.len();
        let lanes = times.len().min(LANES);
        // The state, seven slopes, and the two last stages, of which the very last is the next state.
        let mut rows = vec![[0.0; LANES]; 10 * d];
        let (y, rest) = rows.split_at_mut(d);
        let (slopes, stages) = rest.split_at_mut(7 * d);
        let mut clocks = [Clock::default(); LANES];
        let mut dt = [0.0; LANES];
        let mut ratio = [0.0; LANES];
        for (y, x) in y.iter_mut().zip(x) {
            y[..lanes].copy_from_slice(&x[..lanes]);
        }
        self.drift.drift(y, lanes, &mut slopes[..d]);
        let mut running = 0;
        for lane in 0..lanes {
            let still = slopes[..d].iter().all(|force| force[lane] == 0.0);
            if times[lane] == 0.0 || still {
                for (out, y) in out.iter_mut().zip(y.iter()) {
                    out[lane] = y[lane];
                }
                continue;
            }
            let usable = slopes[..d].iter().zip(y.iter()).all(|(force, y)| {
                // A force that can be computed with and a place that is a number.
                force[lane].abs() < LARGEST_FORCE && y[lane].abs() < f64::INFINITY
            });
            if !usable && !self.come_down(lane, y, slopes) {
                for out in out.iter_mut() {
                    out[lane] = f64::NAN;
                }
                continue;
            }
            clocks[running] = Clock { lane, remaining: times[lane], ..Clock::default() };
            dt[running] = times[lane];
            for k in 0..d {
                let (start, force) = (y[k][lane], slopes[k][lane]);
                let reach = (start - self.anchor[k]).abs() + self.scale[k];
                dt[running] = dt[running].min(0.2 * reach / force.abs());
                (y[k][running], slopes[k][running]) = (start, force);
            }
            running += 1;
        }
        while running > 0 {
            for (clock, dt) in clocks[..running].iter().zip(&mut dt) {
                *dt = dt.min(clock.remaining);
            }
            for (stage, weights) in STAGES.iter().enumerate() {
                // The last two stages are kept: their distance shows how stiff the drift is.
                let (earlier, last) = stages.split_at_mut(d);
                let place = if stage == 5 { last } else { earlier };
                for k in 0..d {
                    combine(&y[k], &dt[..running], &slopes[k..], d, weights, &mut place[k]);
                }
                self.drift.drift(&place[..d], running, &mut slopes[(stage + 1) * d..(stage + 2) * d]);
            }
            ratio[..running].fill(0.0);
            for k in 0..d {
                let next = &stages[d + k];
                let unit = [self.anchor[k], self.scale[k], self.tolerance];
                assess(&y[k], next, &dt[..running], &slopes[k..], d, unit, &mut ratio);
            }
            let mut at = 0;
            let mut end = running;
            while at < end {
                match self.judge(&mut clocks[at], &mut dt[at], ratio[at], at, [y, slopes, stages]) {
                    Verdict::GoOn => at += 1,
                    verdict => {
                        let lane = clocks[at].lane;
                        if let Verdict::Stiff = verdict {
                            let mut result: Vec<f64> = y.iter().map(|row| row[at]).collect();
                            self.stiff(&mut result, clocks[at].remaining);
                            for (y, result) in y.iter_mut().zip(result) {
                                y[at] = result;
                            }
                        }
                        let lost = matches!(verdict, Verdict::Lost);
                        for (out, y) in out.iter_mut().zip(y.iter()) {
                            out[lane] = if lost { f64::NAN } else { y[at] };
                        }
                        // The last running lane takes the place; it is judged there if it was not yet.
                        end -= 1;
                        (clocks[at], dt[at], ratio[at]) = (clocks[end], dt[end], ratio[end]);
                        for row in y.iter_mut().chain(slopes.iter_mut()).chain(stages.iter_mut()) {
                            row[at] = row[end];
                        }
                    }
                }
            }
            running = end;
        }
    }

    /// Accepts or rejects the substep of one lane.
    #[inline]
    fn judge(
        &self,
        clock: &mut Clock,
        dt: &mut f64,
        ratio: f64,
        at: usize,
        [y, slopes, stages]: [&mut [[f64; LANES]]; 3],
    ) -> Verdict {
        let d = y.len();
        clock.attempts += 1;
        if ratio <= 1.0 {
            let last = *dt >= clock.remaining;
            let (mut rate, mut distance, mut outwards, mut still) = (0.0, 0.0, false, true);
            for k in 0..d {
                let (sixth, next) = (stages[k][at], stages[d + k][at]);
                let (slope, sixth_slope) = (slopes[6 * d + k][at], slopes[5 * d + k][at]);
                rate += (slope - sixth_slope).abs();
                distance += (next - sixth).abs();
                outwards |= self.runs_away(next, slope, k);
                still &= slope == 0.0;
                (y[k][at], slopes[k][at]) = (next, slope);
            }
            if last || still {
                return Verdict::Done;
            }
            // Running away in no time: the solution ends before the time does.
            if outwards && clock.remaining - *dt == clock.remaining {
                return Verdict::Lost;
            }
            clock.remaining -= *dt;
            clock.rejected = clock.rejected.saturating_sub(1);
            clock.stiff = if *dt * rate > STABILITY_BOUND * distance { clock.stiff + 1 } else { 0 };
            *dt *= if ratio < 1e-4 { 5.0 } else { 0.9 * root(ratio, 5.0) };
        } else {
            clock.rejected += 4;
            *dt *= if ratio.is_finite() { (0.9 * root(ratio, 5.0)).max(0.1) } else { 0.1 };
        }
        if clock.stiff >= STIFF_AFTER || clock.rejected >= MOST_REJECTED || clock.attempts >= MOST_SUBSTEPS {
            Verdict::Stiff
        } else if *dt > 0.0 {
            Verdict::GoOn
        } else {
            Verdict::Lost
        }
    }

    /// Whether a coordinate is far out and goes on outwards.
    fn runs_away(&self, x: f64, force: f64, k: usize) -> bool {
        let from = x - self.anchor[k];
        from * force > 0.0 && from.abs() > 1e3 * self.scale[k]
    }

    /// Moves the point of a lane whose force overflows towards the anchor; false if it has no usable force.
    #[cold]
    fn come_down(&self, lane: usize, y: &mut [[f64; LANES]], slopes: &mut [[f64; LANES]]) -> bool {
        let mut x: Vec<f64> = y.iter().map(|row| row[lane]).collect();
        let mut force: Vec<f64> = slopes.iter().take(y.len()).map(|row| row[lane]).collect();
        let found = self.move_inwards(&mut x, &mut force);
        for (k, (x, force)) in x.into_iter().zip(force).enumerate() {
            (y[k][lane], slopes[k][lane]) = (x, force);
        }
        found
    }

    fn move_inwards(&self, x: &mut [f64], force: &mut [f64]) -> bool {
        let usable = |force: &[f64]| force.iter().all(|force| force.abs() < LARGEST_FORCE);
        if x.iter().any(|x| !x.is_finite()) {
            return false;
        }
        let far = x.iter().zip(&self.anchor).zip(&self.scale);
        let far = far.map(|((x, anchor), scale)| (x - anchor).abs() / scale).fold(0.0, f64::max);
        if force.iter().any(|force| force.is_nan()) && far < OVERFLOW_DISTANCE {
            return false;
        }
        let moving: Vec<bool> = force.iter().map(|force| !usable(&[*force])).collect();
        let start = x.to_vec();
        let mut attempt = |share: f64, force: &mut [f64]| {
            for k in 0..x.len() {
                if moving[k] {
                    x[k] = self.anchor[k] + share * (start[k] - self.anchor[k]);
                }
            }
            self.drift.drift_at(x, force);
            usable(force)
        };
        let mut outside = 1.0;
        let mut inside = 0.5;
        while !attempt(inside, force) {
            (outside, inside) = (inside, 0.5 * inside);
            if inside == 0.0 {
                return false;
            }
        }
        for _ in 0..60 {
            let middle = 0.5 * (inside + outside);
            if attempt(middle, force) { inside = middle } else { outside = middle }
        }
        attempt(inside, force) && (0..x.len()).any(|k| moving[k] && force[k] * (x[k] - self.anchor[k]) < 0.0)
    }

    /// Goes on for `remaining` by the extrapolated linearly implicit Euler method.
    #[cold]
    fn stiff(&self, y: &mut [f64], mut remaining: f64) {
        let d = y.len();
        let (mut force, mut rates) = (vec![0.0; d], vec![0.0; d * d]);
        let mut dt = remaining;
        // One step of length `dt` from `from` with the derivatives `rates`.
        let implicit = |from: &[f64], force: &[f64], rates: &[f64], dt: f64| {
            let mut matrix: Vec<f64> = rates.iter().map(|rate| -dt * rate).collect();
            let mut step: Vec<f64> = force.iter().map(|force| dt * force).collect();
            for k in 0..d {
                matrix[k * d + k] += 1.0;
            }
            let regular = solve(&mut matrix, &mut step);
            for (step, from) in step.iter_mut().zip(from) {
                *step = if regular { *step + from } else { f64::NAN };
            }
            step
        };
        let mut rejected = 0_u32;
        for attempt in 0.. {
            self.drift.drift_at(y, &mut force);
            self.drift.jacobian_at(y, &mut rates);
            dt = dt.min(remaining);
            let whole = implicit(y, &force, &rates, dt);
            if attempt >= MOST_SUBSTEPS || rejected >= MOST_REJECTED {
                // Not resolved; a single damped step ends where the drift is at rest, if it leads there.
                if (0..d).any(|k| self.runs_away(y[k], force[k], k)) {
                    y.fill(f64::NAN);
                } else {
                    y.copy_from_slice(&implicit(y, &force, &rates, remaining));
                }
                return;
            }
            let half = implicit(y, &force, &rates, 0.5 * dt);
            self.drift.drift_at(&half, &mut force);
            let halves = implicit(&half, &force, &rates, 0.5 * dt);
            let mut ratio: f64 = 0.0;
            for k in 0..d {
                let unit = (y[k] - self.anchor[k]).abs().max(LEAST_SHARE * self.scale[k]);
                let error = (halves[k] - whole[k]).abs() / (STIFF_TOLERANCE * unit);
                ratio = if error <= ratio { ratio } else { error };
            }
            if ratio <= 1.0 {
                for k in 0..d {
                    y[k] = 2.0 * halves[k] - whole[k];
                }
                rejected = rejected.saturating_sub(1);
                remaining -= dt;
                if remaining <= 0.0 {
                    return;
                }
                dt *= (0.9 * root(ratio.max(1e-4), 2.0)).min(5.0);
            } else {
                rejected += 4;
                dt *= if ratio.is_finite() { (0.9 * root(ratio, 2.0)).max(0.1) } else { 0.1 };
                if dt == 0.0 {
                    y.fill(f64::NAN);
                    return;
                }
            }
        }
    }
}

enum Verdict {
    GoOn,
    Done,
    Stiff,
    Lost,
}

impl Scheme for Flow<'_> {
    fn advance(&self, x: &[[f64; LANES]], lanes: usize, out: &mut [[f64; LANES]]) {
        self.advance_by(x, &[self.time; LANES][..lanes], out);
    }
}

impl LineMap for Flow<'_> {
    /// Far out the time from one point to the next one inwards is an integral over a short way: every
    /// point starts from the innermost one that it reaches within the time.
    fn outside(&self, points: &[f64]) -> Vec<f64> {
        let [anchor] = self.anchor[..] else { return values(self, points) };
        let mut order: Vec<usize> = (0..points.len()).collect();
        order.sort_by(|a, b| (points[*a] - anchor).abs().total_cmp(&(points[*b] - anchor).abs()));
        // How much time each point has lost to come to the innermost one of its stretch, and where the
        // stretch begins.
        let (mut times, mut starts) = (vec![0.0; points.len()], vec![0; points.len()]);
        for at in 1..points.len() {
            match self.passage(points[order[at]], points[order[at - 1]], HALVINGS) {
                Some(time) => (times[at], starts[at]) = (times[at - 1] + time, starts[at - 1]),
                None => starts[at] = at,
            }
        }
        let mut innermost = Vec::with_capacity(points.len());
        let mut from = 0;
        for at in 0..points.len() {
            from = from.max(starts[at]);
            while times[at] - times[from] > self.time {
                from += 1;
            }
            innermost.push(from);
        }
        // From the outermost point on the time left grows: one solution serves all that start alike.
        let mut values = vec![0.0; points.len()];
        let (mut x, mut out) = ([[0.0; LANES]], [[0.0; LANES]]);
        let (mut begun, mut elapsed) = (usize::MAX, 0.0);
        for (at, from) in innermost.into_iter().enumerate().rev() {
            if begun != from {
                (begun, elapsed) = (from, 0.0);
                x[0][0] = points[order[from]];
            }
            let left = self.time - (times[at] - times[from]);
            self.advance_by(&x, &[left - elapsed], &mut out);
            (x[0][0], elapsed) = (out[0][0], left);
            values[order[at]] = x[0][0];
        }
        values
    }
}

impl Flow<'_> {
    /// The time from `x` to `end` on the line by two Gauss formulas, on halves of the way where they disagree, and so on for
    /// `halvings` times; `None` where the drift does not lead there, or where they still disagree.
    fn passage(&self, x: f64, end: f64, halvings: u32) -> Option<f64> {
        const NODES: [[f64; 2]; 2] = [
            [0.339_981_043_584_856_26, 0.652_145_154_862_546_1],
            [0.861_136_311_594_052_6, 0.347_854_845_137_453_85],
        ];
        let time = |x: f64, end: f64| {
            let (middle, half) = (0.5 * (x + end), 0.5 * (end - x));
            let mut sum = 0.0;
            for [node, weight] in NODES {
                for node in [-node, node] {
                    let mut force = [f64::NAN];
                    self.drift.drift_at(&[middle + half * node], &mut force);
                    // The wrong sign or no number spoils the sum.
                    let slowness = half / force[0];
                    sum += if slowness >= 0.0 { weight * slowness } else { f64::NAN };
                }
            }
            sum
        };
        let middle = 0.5 * (x + end);
        let (whole, halves) = (time(x, end), time(x, middle) + time(middle, end));
        if (whole - halves).abs() <= 1e-10 * halves {
            Some(halves)
        } else if halvings == 0 || halves.is_nan() {
            None
        } else {
            Some(self.passage(x, middle, halvings - 1)? + self.passage(middle, end, halvings - 1)?)
        }
    }
}

/// `ratio^(-1/order)` for a normal number.
fn root(ratio: f64, order: f64) -> f64 {
    exp(-ln(ratio) / order)
}

dispatch! {
    /// `out = y + dt (weights . slopes)`; slope `j` is row `j stride`.
    fn combine[](y: &[f64; LANES], dt: &[f64], slopes: &[[f64; LANES]], stride: usize, weights: &[f64], out: &mut [f64; LANES]) = combine_kernel
}

#[inline(always)]
fn combine_kernel(
    y: &[f64; LANES],
    dt: &[f64],
    slopes: &[[f64; LANES]],
    stride: usize,
    weights: &[f64],
    out: &mut [f64; LANES],
) {
    let n = dt.len().min(LANES);
    let sum = weighted(slopes, stride, weights, n);
    for lane in 0..n {
        out[lane] = y[lane] + dt[lane] * sum[lane];
    }
}

dispatch! {
    /// Raises `ratio` to the error of one coordinate over what is allowed; `unit` is the anchor, half
    /// the length of the window, and the tolerance.
    fn assess[](y: &[f64; LANES], next: &[f64; LANES], dt: &[f64], slopes: &[[f64; LANES]], stride: usize, unit: [f64; 3], ratio: &mut [f64; LANES]) = assess_kernel
}

#[inline(always)]
fn assess_kernel(
    y: &[f64; LANES],
    next: &[f64; LANES],
    dt: &[f64],
    slopes: &[[f64; LANES]],
    stride: usize,
    [anchor, scale, tolerance]: [f64; 3],
    ratio: &mut [f64; LANES],
) {
    let n = dt.len().min(LANES);
    let sum = weighted(slopes, stride, &ERROR, n);
    for lane in 0..n {
        let (from, to) = ((y[lane] - anchor).abs(), (next[lane] - anchor).abs());
        let reach = if from > to { from } else { to };
        let reach = if reach > LEAST_SHARE * scale { reach } else { LEAST_SHARE * scale };
        // Relative errors made far out are forgotten on the way in.
        let share = reach / scale;
        let slack = if share > 1.0 { tolerance * share } else { tolerance };
        let slack = if slack > FAR_TOLERANCE { FAR_TOLERANCE } else { slack };
        let error = (dt[lane] * sum[lane]).abs() / (slack * reach);
        // A NaN wins.
        ratio[lane] = if error <= ratio[lane] { ratio[lane] } else { error };
    }
}

#[inline(always)]
fn weighted(slopes: &[[f64; LANES]], stride: usize, weights: &[f64], n: usize) -> [f64; LANES] {
    let mut sum = [0.0; LANES];
    for (slope, weight) in slopes.iter().step_by(stride).zip(weights) {
        if *weight != 0.0 {
            for lane in 0..n {
                sum[lane] += weight * slope[lane];
            }
        }
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::potential::{ClosurePotential, PotentialDrift};

    /// Flow of dx/dt = x - x^3 in closed form.
    fn double_well_flow(x: f64, h: f64) -> f64 {
        let e = libm::exp(h);
        x * e / (1.0 + x * x * (e * e - 1.0)).sqrt()
    }

    fn flow_of(gradient: impl Fn(f64) -> f64 + Send + Sync, x: &[f64], h: f64) -> Vec<f64> {
        let potential = ClosurePotential::new(|_| f64::NAN, gradient);
        let drift = PotentialDrift(&potential);
        let flow = Flow::new(&drift, h, &[[-1.0, 1.0]]).with_tolerance(1e-12);
        let (mut rows, mut out) = ([[0.0; LANES]], [[0.0; LANES]]);
        rows[0][..x.len()].copy_from_slice(x);
        flow.advance(&rows, x.len(), &mut out);
        out[0][..x.len()].to_vec()
    }

    #[test]
    fn solver_matches_the_closed_form() {
        let x = [-1e6, -30.0, -1.0, -0.999, -1e-9, 0.0, 1e-3, 0.5, 2.0, 1e3, 1e8, 1e60, 1e200];
        for h in [1e-4, 1e-2, 1.0, 10.0] {
            for (x, seen) in x.iter().zip(flow_of(|x| x * x * x - x, &x, h)) {
                // The square of the start would overflow.
                let exact = double_well_flow(x.clamp(-1e60, 1e60), h);
                let tolerance = 1e-11 * exact.abs().max(1.0);
                assert!(
                    (seen - exact).abs() <= tolerance * libm::exp(h) * exact.abs().max(1e-3),
                    "{x} {h}: {seen} {exact}"
                );
            }
        }
    }

    #[test]
    fn an_overflowing_force_comes_down_from_infinity() {
        // tanh(x/2) decays by e^-h: from infinity it starts at 1.
        let exact = 2.0 * libm::atanh(libm::exp(-0.1));
        for (x, seen) in [300.0, 1e4, 1e300].iter().zip(flow_of(libm::sinh, &[300.0, 1e4, 1e300], 0.1)) {
            assert!((seen - exact).abs() < 1e-9, "{x}: {seen} {exact}");
        }
        let lost = flow_of(|x| -x * x * x, &[1.0, 1e150], 1.0);
        assert!(lost.iter().all(|x| x.is_nan()), "explodes at time 1/2: {lost:?}");
        assert!(flow_of(|x| if x > 2.0 { f64::NAN } else { x }, &[3.0], 0.1)[0].is_nan(), "a hole");
    }

    #[test]
    fn far_points_of_an_exponential_wall_share_one_solution() {
        let calls = std::sync::atomic::AtomicUsize::new(0);
        let gradient = |x: f64| {
            calls.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            libm::sinh(x)
        };
        let potential = ClosurePotential::new(|_| f64::NAN, gradient);
        let drift = PotentialDrift(&potential);
        let flow = Flow::new(&drift, 0.1, &[[-1.0, 1.0]]).with_tolerance(1e-12);
        // Sixteen octaves, as a table has them.
        let points: Vec<f64> =
            (0..512).map(|k| libm::ldexp(1.0 + f64::from(k % 32) / 32.0, k / 32)).collect();
        for (x, seen) in points.iter().zip(flow.outside(&points)) {
            let exact = 2.0 * libm::atanh(libm::tanh(0.5 * x) * libm::exp(-0.1));
            assert!((seen - exact).abs() < 1e-9, "{x}: {seen} {exact}");
        }
        // One by one the points beyond 20 would take some 10^7.
        assert!(calls.into_inner() < 1_000_000);
    }

    #[test]
    fn stiff_drifts_end_at_rest() {
        for rate in [1e4, 1e7, 1e12] {
            let seen = flow_of(move |x| rate * (x - 0.3), &[-5.0, 0.31, 1e5], 0.1);
            assert!(seen.iter().all(|x| (x - 0.3).abs() < 1e-6), "{rate}: {seen:?}");
        }
    }

    /// `b = -A x` with a rotation and two rates: `x(t)` in closed form.
    struct Spiral;
    impl Drift for Spiral {
        fn dimension(&self) -> usize {
            2
        }
        fn drift(&self, x: &[[f64; LANES]], lanes: usize, out: &mut [[f64; LANES]]) {
            for lane in 0..lanes {
                let (x, y) = (x[0][lane], x[1][lane]);
                // The radius follows r' = r - r^3, the angle turns at rate 3.
                let radial = 1.0 - (x * x + y * y);
                out[0][lane] = radial * x - 3.0 * y;
                out[1][lane] = radial * y + 3.0 * x;
            }
        }
    }

    #[test]
    fn a_spiral_in_the_plane_lane_by_lane() {
        let flow = Flow::new(&Spiral, 0.7, &[[-2.0, 2.0], [-2.0, 2.0]]);
        let x: [[f64; LANES]; 2] = [
            core::array::from_fn(|k| libm::exp(0.3 * k as f64 - 9.0)),
            core::array::from_fn(|k| 0.1 * k as f64 - 3.0),
        ];
        let mut out = [[0.0; LANES]; 2];
        flow.advance(&x, LANES, &mut out);
        for lane in 0..LANES {
            let r = libm::hypot(x[0][lane], x[1][lane]);
            let scale = double_well_flow(r, 0.7) / r;
            let (sine, cosine) = (libm::sin(2.1), libm::cos(2.1));
            let exact = [
                scale * (cosine * x[0][lane] - sine * x[1][lane]),
                scale * (sine * x[0][lane] + cosine * x[1][lane]),
            ];
            for k in 0..2 {
                assert!((out[k][lane] - exact[k]).abs() < 1e-7, "{lane}: {} {}", out[k][lane], exact[k]);
            }
            // Alone a lane gives the same bits.
            let mut alone = [[0.0; LANES]; 2];
            flow.advance(&[[x[0][lane]; LANES], [x[1][lane]; LANES]], 1, &mut alone);
            assert_eq!([alone[0][0], alone[1][0]], [out[0][lane], out[1][lane]]);
        }
    }
}
