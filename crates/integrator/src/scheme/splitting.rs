//! Drift-flow splitting.

use super::Scheme;
use crate::dispatch;
use crate::potential::Drift;
use crate::rng::LANES;

/// `M_h = Phi_h`, the flow of `dx/dt = -U'(x)` over a time `h` (Lie splitting: flow, then noise).
///
/// The flow of a confining potential maps the whole line into itself however large `h U''` is, so
/// no path explodes, and because the noise comes last a path's place after a step has the jump's
/// own tails. In one dimension the flow over a fixed time is one function of one variable: it is
/// tabulated once (piecewise cubics, error below 1e-9 of the window for smooth potentials) and a
/// step costs a look-up, whatever the formula of the potential costs. Outside the window of the
/// table the flow's equation is solved for each point.
pub struct Splitting<'a> {
    drift: &'a dyn Drift,
    step: f64,
    lower: f64,
    cells_per_length: f64,
    /// Coefficients of each cell's cubic in the local coordinate on [0, 1).
    cubics: Vec<[f64; 4]>,
}

const FEWEST_CELLS: usize = 512;
const MOST_CELLS: usize = 8192;
const TABLE_TOLERANCE: f64 = 1e-9;

impl<'a> Splitting<'a> {
    /// Tabulates the flow over `step` on `window`, which must be finite and not empty.
    #[must_use]
    pub fn new(drift: &'a dyn Drift, step: f64, window: [f64; 2]) -> Self {
        let [lower, upper] = window;
        let length = upper - lower;
        let mut cells = FEWEST_CELLS;
        loop {
            let (cubics, error) = tabulate(drift, step, lower, length, cells);
            // A kink of the potential cannot be resolved to the tolerance: stop at the largest table.
            if error <= TABLE_TOLERANCE * length || cells >= MOST_CELLS {
                return Self { drift, step, lower, cells_per_length: cells as f64 / length, cubics };
            }
            cells *= 4;
        }
    }

    #[cold]
    fn solve_outside(&self, x: &[f64], out: &mut [f64]) {
        let cells = self.cubics.len() as f64;
        let anchor = self.lower + 0.5 * cells / self.cells_per_length;
        for (out, &x) in out.iter_mut().zip(x) {
            let u = (x - self.lower) * self.cells_per_length;
            if !(u >= 0.0 && u < cells) {
                *out = flow(&scalar(self.drift), x, self.step, anchor);
            }
        }
    }
}

/// The cubics through four equidistant points of each cell, and the largest error seen in between.
fn tabulate(drift: &dyn Drift, step: f64, lower: f64, length: f64, cells: usize) -> (Vec<[f64; 4]>, f64) {
    let force = scalar(drift);
    let anchor = lower + 0.5 * length;
    let points = 3 * cells + 1;
    let values: Vec<f64> = (0..points)
        .map(|k| flow(&force, lower + length * k as f64 / (points - 1) as f64, step, anchor))
        .collect();
    let mut error: f64 = 0.0;
    let cubics: Vec<[f64; 4]> = (0..cells)
        .map(|cell| {
            let [y0, y1, y2, y3] = core::array::from_fn(|k| values[3 * cell + k]);
            let c1 = -5.5 * y0 + 9.0 * y1 - 4.5 * y2 + y3;
            let c2 = 9.0 * y0 - 22.5 * y1 + 18.0 * y2 - 4.5 * y3;
            let c3 = -4.5 * y0 + 13.5 * y1 - 13.5 * y2 + 4.5 * y3;
            // One cell in eight is enough to see whether the table is fine enough.
            if cell % 8 == 0 {
                let middle = lower + length * (cell as f64 + 0.5) / cells as f64;
                let exact = flow(&force, middle, step, anchor);
                let seen = (y0 + 0.5 * (c1 + 0.5 * (c2 + 0.5 * c3)) - exact).abs();
                // A NaN belongs to a hole in the potential's domain, not to the table.
                if seen > error {
                    error = seen;
                }
            }
            [y0, c1, c2, c3]
        })
        .collect();
    (cubics, error)
}

impl Scheme for Splitting<'_> {
    fn advance(&self, x: &[[f64; LANES]], lanes: usize, out: &mut [[f64; LANES]]) {
        let ([x], [out]) = (x, out) else { return };
        let (x, out) = (&x[..lanes], &mut out[..lanes]);
        if !look_up(&self.cubics, self.lower, self.cells_per_length, x, out) {
            self.solve_outside(x, out);
        }
    }
}

/// A drift on the line as a function of one number.
fn scalar(drift: &dyn Drift) -> impl Fn(f64) -> f64 + '_ {
    |x| {
        let mut out = [f64::NAN];
        drift.drift_at(&[x], &mut out);
        out[0]
    }
}

dispatch! {
    fn look_up[](cubics: &[[f64; 4]], lower: f64, scale: f64, x: &[f64], out: &mut [f64]) -> bool = look_up_kernel
}

/// Evaluates the table; false where some point lies outside it (its result is then meaningless).
#[inline(always)]
fn look_up_kernel(cubics: &[[f64; 4]], lower: f64, scale: f64, x: &[f64], out: &mut [f64]) -> bool {
    let cells = cubics.len() as f64;
    let mut inside = true;
    for (out, &x) in out.iter_mut().zip(x) {
        let u = (x - lower) * scale;
        inside &= u >= 0.0 && u < cells;
        let cell = u.clamp(0.0, cells - 1.0) as i32;
        let v = u - f64::from(cell);
        if let Some(&[c0, c1, c2, c3]) = cubics.get(cell as usize) {
            *out = c0 + v * (c1 + v * (c2 + v * c3));
        }
    }
    inside
}

/// The flow `Phi_h(x)` of `dx/dt = force(x)`: relative error about 1e-11.
///
/// Solved by the embedded pair of Dormand and Prince (1980) with step control. Where the force
/// overflows, the start is moved towards `anchor` to the outermost point with a finite force: an
/// inward force that large covers the distance in no time. NaN where the force is not a number or
/// drives the point out of the finite numbers within `h`.
#[must_use]
pub fn flow(force: &dyn Fn(f64) -> f64, x: f64, h: f64, anchor: f64) -> f64 {
    const TOLERANCE: f64 = 1e-12;
    const MOST_STEPS: usize = 100_000;
    let mut x = x;
    let mut k1 = force(x);
    // Larger forces overflow in the stages of a step.
    let representable = |force: f64| force.abs() < 1e290;
    if !representable(k1) && !k1.is_nan() && x.is_finite() && (k1 > 0.0) == (x < anchor) {
        let side = if x < anchor { -1.0 } else { 1.0 };
        let reachable = |distance: f64| representable(force(anchor + side * distance));
        let mut outside = 1.0;
        while reachable(outside) {
            outside *= 2.0;
        }
        let mut inside = 0.0;
        for _ in 0..60 {
            let middle = 0.5 * (inside + outside);
            if reachable(middle) { inside = middle } else { outside = middle }
        }
        x = anchor + side * inside;
        k1 = force(x);
    }
    if k1 == 0.0 {
        return x;
    }
    if !k1.is_finite() || !x.is_finite() {
        return f64::NAN;
    }
    let mut remaining = h;
    let mut dt = (0.01 * (x.abs().max(1e-3)) / k1.abs()).min(h);
    for _ in 0..MOST_STEPS {
        let last = dt >= remaining;
        if last {
            dt = remaining;
        }
        let k2 = force(x + dt * (0.2 * k1));
        let k3 = force(x + dt * (3.0 / 40.0 * k1 + 9.0 / 40.0 * k2));
        let k4 = force(x + dt * (44.0 / 45.0 * k1 - 56.0 / 15.0 * k2 + 32.0 / 9.0 * k3));
        let k5 = force(
            x + dt
                * (19372.0 / 6561.0 * k1 - 25360.0 / 2187.0 * k2 + 64448.0 / 6561.0 * k3
                    - 212.0 / 729.0 * k4),
        );
        let k6 = force(
            x + dt
                * (9017.0 / 3168.0 * k1 - 355.0 / 33.0 * k2 + 46732.0 / 5247.0 * k3 + 49.0 / 176.0 * k4
                    - 5103.0 / 18656.0 * k5),
        );
        let next = x + dt
            * (35.0 / 384.0 * k1 + 500.0 / 1113.0 * k3 + 125.0 / 192.0 * k4 - 2187.0 / 6784.0 * k5
                + 11.0 / 84.0 * k6);
        let k7 = force(next);
        let error = dt
            * (71.0 / 57600.0 * k1 - 71.0 / 16695.0 * k3 + 71.0 / 1920.0 * k4 - 17253.0 / 339_200.0 * k5
                + 22.0 / 525.0 * k6
                - 1.0 / 40.0 * k7);
        let ratio = error.abs() / (TOLERANCE * x.abs().max(next.abs()).max(1e-3));
        if ratio <= 1.0 {
            if last {
                return next;
            }
            remaining -= dt;
            x = next;
            k1 = k7;
            if k1 == 0.0 {
                return x;
            }
            dt *= if ratio < 1e-4 { 5.0 } else { 0.9 * fifth_root(ratio) };
        } else if ratio.is_finite() {
            dt *= (0.9 * fifth_root(ratio)).max(0.1);
        } else {
            dt *= 0.1;
        }
        if dt == 0.0 {
            return f64::NAN;
        }
    }
    f64::NAN
}

/// `ratio^(-1/5)`.
fn fifth_root(ratio: f64) -> f64 {
    libm::exp(-0.2 * libm::log(ratio))
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

    #[test]
    fn solver_matches_the_closed_form() {
        let force = |x: f64| x - x * x * x;
        for x in [-1e6, -30.0, -1.0, -0.999, -1e-9, 0.0, 1e-3, 0.5, 2.0, 1e3, 1e8] {
            for h in [1e-4, 1e-2, 1.0, 10.0] {
                let (seen, exact) = (flow(&force, x, h, 0.0), double_well_flow(x, h));
                assert!(
                    (seen - exact).abs() <= 1e-11 * libm::exp(h) * exact.abs().max(1e-3),
                    "{x} {h}: {seen} {exact}"
                );
            }
        }
    }

    #[test]
    fn an_overflowing_force_comes_down_from_infinity() {
        let force = |x: f64| -libm::sinh(x);
        // tanh(x/2) decays by e^-h: from infinity it starts at 1.
        let exact = 2.0 * libm::atanh(libm::exp(-0.1));
        for x in [300.0, 1e4, 1e300] {
            let seen = flow(&force, x, 0.1, 0.0);
            assert!((seen - exact).abs() < 1e-9, "{x}: {seen} {exact}");
        }
        assert!(flow(&|x: f64| x * x * x, 1.0, 1.0, 0.0).is_nan(), "explodes at time 1/2");
    }

    #[test]
    fn table_and_solver_agree() {
        let potential = ClosurePotential::new(|_| f64::NAN, |x: f64| x * x * x - x);
        let drift = PotentialDrift(&potential);
        let splitting = Splitting::new(&drift, 0.01, [-4.0, 4.0]);
        let x: [[f64; LANES]; 1] = [core::array::from_fn(|k| -5.0 + 0.1567 * k as f64)];
        let mut out = [[0.0; LANES]];
        splitting.advance(&x, LANES, &mut out);
        for (x, out) in x[0].iter().zip(&out[0]) {
            assert!((out - double_well_flow(*x, 0.01)).abs() < 1e-8, "{x}");
        }
    }
}
