//! The exponential Euler scheme.

use super::linear::around;
use super::{Flow, Scheme, Splitting};
use crate::noise::Noise;
use crate::potential::Drift;
use crate::rng::LANES;

/// The linear part of the drift at a point of rest m is integrated exactly, coordinate by coordinate:
///
/// ```text
/// M_h(x)_k = m_k + e^(-theta_k h) (x_k - m_k) + h phi_1(-theta_k h) N_k(x),
/// N(x) = b(x) + theta (x - m),   theta_k = -d b_k / d x_k (m),   phi_1(z) = (e^z - 1) / z,
/// ```
///
/// and the increment of the noise is multiplied by the scale that a jump keeps on the average,
/// `((1 - e^(-alpha theta_k h)) / (alpha theta_k h))^(1/alpha)` for self-similar noise. For a linear drift
/// without coupling and self-similar noise in each coordinate, the Ornstein–Uhlenbeck process, the scheme
/// is exact in law at any step. (Isotropic noise in several dimensions: exact in each coordinate, and
/// altogether where all theta_k agree.) For other noises the factor is `phi_1(-theta_k h)`, which keeps
/// the mean size of every jump: weak error of order `(theta h)^2`.
///
/// m is the stable point of rest nearest to the middle of the window (in several dimensions: where the
/// drift leads from there); without one, theta is 0 and the scheme is Euler's. The nonlinear rest N is
/// taken explicitly as long as `h |N| < |x - m| / 10`, which cannot throw a path out; further out the drift's
/// flow takes its place ([`Splitting`]), so that large jumps come back as fast as they should.
pub struct Exponential<'a> {
    drift: &'a dyn Drift,
    step: f64,
    /// The drift's flow over the step.
    flow: Splitting<'a>,
    rest: Vec<f64>,
    /// `theta`, and `h phi_1(-theta h)`, the time for which the drift counts.
    theta: Vec<f64>,
    time: Vec<f64>,
    factors: Vec<f64>,
}

/// Largest `h |N| / |x - m|` of the explicit step.
const EXPLICIT_SHARE: f64 = 0.1;
/// Points of the window at which the drift's sign is looked at.
const PIECES: usize = 4096;

impl<'a> Exponential<'a> {
    /// The scheme with time step `step`; `window` has one finite interval a coordinate.
    #[must_use]
    pub fn new(drift: &'a dyn Drift, noise: &dyn Noise, step: f64, window: &[[f64; 2]]) -> Self {
        let flow = Splitting::new(drift, step, window);
        let (rest, theta) = rest(drift, step, window);
        let time = theta.iter().map(|theta| step * phi(theta * step)).collect();
        let factor = |(k, theta): (usize, &f64)| {
            let noise = noise.coordinate(k).unwrap_or(noise);
            if noise.is_self_similar() {
                let alpha = noise.scaling_index();
                libm::pow(phi(alpha * theta * step), 1.0 / alpha)
            } else {
                phi(theta * step)
            }
        };
        let factors = theta.iter().enumerate().map(factor).collect();
        Self { drift, step, flow, rest, theta, time, factors }
    }

    /// The point of rest whose linear part is exact.
    #[must_use]
    pub fn rest(&self) -> &[f64] {
        &self.rest
    }
}

/// `phi_1(-z) = (1 - e^-z) / z`.
fn phi(z: f64) -> f64 {
    if z == 0.0 { 1.0 } else { -libm::expm1(-z) / z }
}

/// The stable point of rest nearest to the middle of the window, and the rates of return to it.
fn rest(drift: &dyn Drift, step: f64, window: &[[f64; 2]]) -> (Vec<f64>, Vec<f64>) {
    let centre: Vec<f64> = window.iter().map(|[lower, upper]| 0.5 * (lower + upper)).collect();
    let found = match window {
        [window] => rest_on_the_line(drift, *window).map(|x| vec![x]),
        _ => rest_in_space(drift, step, &centre, window),
    };
    let Some(rest) = found else { return (centre.clone(), vec![0.0; centre.len()]) };
    let d = rest.len();
    let mut rates = vec![0.0; d * d];
    drift.jacobian_at(&rest, &mut rates);
    let theta = (0..d).map(|k| (-rates[k * d + k]).max(0.0)).collect();
    (rest, theta)
}

fn rest_on_the_line(drift: &dyn Drift, [lower, upper]: [f64; 2]) -> Option<f64> {
    let force = |x: f64| {
        let mut out = [f64::NAN];
        drift.drift_at(&[x], &mut out);
        out[0]
    };
    let centre = 0.5 * (lower + upper);
    let place = |k: usize| lower + (upper - lower) * (k as f64 / PIECES as f64);
    let forces: Vec<f64> = (0..=PIECES).map(|k| force(place(k))).collect();
    let inward = (0..PIECES).filter(|&k| forces[k] >= 0.0 && forces[k + 1] < 0.0);
    let distance = |k: &usize| (place(*k) - centre).abs();
    let nearest = inward.min_by(|a, b| distance(a).total_cmp(&distance(b)))?;
    let (mut below, mut above) = (place(nearest), place(nearest + 1));
    for _ in 0..100 {
        let middle = 0.5 * (below + above);
        if force(middle) >= 0.0 { below = middle } else { above = middle }
    }
    // A jump of the drift has no linear part.
    let [low, high] = around(below, 0.5 * (upper - lower));
    (force(low) - force(high)).is_finite().then_some(below)
}

/// Follows the drift from next to the middle of the window until it is at rest.
fn rest_in_space(drift: &dyn Drift, step: f64, centre: &[f64], window: &[[f64; 2]]) -> Option<Vec<f64>> {
    const DOUBLINGS: i32 = 48;
    let flow = Flow::new(drift, step, window);
    let mut x = vec![[0.0; LANES]; centre.len()];
    // Off every axis of symmetry, so as not to rest on a saddle.
    let mut off = 0.01;
    for ((x, centre), [lower, upper]) in x.iter_mut().zip(centre).zip(window) {
        x[0] = centre + off * 0.5 * (upper - lower);
        off *= -0.618;
    }
    let mut next = x.clone();
    for doubling in 0..DOUBLINGS {
        flow.advance_by(&x, &[libm::ldexp(step, doubling)], &mut next);
        let still = x
            .iter()
            .zip(&next)
            .zip(window)
            .all(|((x, next), [lower, upper])| (x[0] - next[0]).abs() <= 1e-9 * (upper - lower));
        if x.iter().chain(&next).any(|x| !x[0].is_finite()) {
            return None;
        }
        if still && doubling > 10 {
            return Some(next.iter().map(|row| row[0]).collect());
        }
        core::mem::swap(&mut x, &mut next);
    }
    None
}

impl Scheme for Exponential<'_> {
    fn advance(&self, x: &[[f64; LANES]], lanes: usize, out: &mut [[f64; LANES]]) {
        self.drift.drift(x, lanes, out);
        // Sizes of the nonlinear rest and of the distance, each the largest of the coordinates.
        let (mut nonlinear, mut distance) = ([0.0; LANES], [0.0; LANES]);
        for (k, (out, x)) in out.iter_mut().zip(x).enumerate() {
            let (rest, theta, time) = (self.rest[k], self.theta[k], self.time[k]);
            for lane in 0..lanes {
                let from = x[lane] - rest;
                let remainder = (out[lane] + theta * from).abs();
                // A NaN wins, so that its lane goes to the flow.
                nonlinear[lane] = if remainder <= nonlinear[lane] { nonlinear[lane] } else { remainder };
                distance[lane] = if from.abs() > distance[lane] { from.abs() } else { distance[lane] };
                // The same as m + e^(-theta h) (x - m) + h phi_1 N.
                out[lane] = x[lane] + time * out[lane];
            }
        }
        let (mut far, mut n) = ([0; LANES], 0);
        for lane in 0..lanes {
            let explicit = self.step * nonlinear[lane] <= EXPLICIT_SHARE * distance[lane];
            if !explicit {
                far[n] = lane;
                n += 1;
            }
        }
        if n > 0 {
            self.follow(x, &far[..n], out);
        }
    }

    fn noise_factor(&self, k: usize) -> f64 {
        self.factors.get(k).copied().unwrap_or(1.0)
    }
}

impl Exponential<'_> {
    #[cold]
    fn follow(&self, x: &[[f64; LANES]], far: &[usize], out: &mut [[f64; LANES]]) {
        let mut places = vec![[0.0; LANES]; x.len()];
        let mut moved = places.clone();
        for (place, x) in places.iter_mut().zip(x) {
            for (place, lane) in place.iter_mut().zip(far) {
                *place = x[*lane];
            }
        }
        self.flow.advance(&places, far.len(), &mut moved);
        for (out, moved) in out.iter_mut().zip(&moved) {
            for (moved, lane) in moved.iter().zip(far) {
                out[*lane] = *moved;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::noise::NoiseLaw;
    use crate::potential::{ClosurePotential, PotentialDrift};

    #[test]
    fn a_linear_drift_is_exact() {
        let potential = ClosurePotential::new(|_| f64::NAN, |x: f64| 3.0 * (x - 0.5));
        let drift = PotentialDrift(&potential);
        for (alpha, h) in [(0.7, 0.2), (1.5, 2.0), (2.0, 0.01)] {
            let Ok(noise) = NoiseLaw::stable(alpha).build() else { panic!("a valid tail index") };
            let scheme = Exponential::new(&drift, noise.as_ref(), h, &[[-2.0, 2.0]]);
            let mut out = [[0.0; LANES]];
            let x = [core::array::from_fn(|k| libm::sinh(0.5 * (k as f64 - 31.5)))];
            scheme.advance(&x, LANES, &mut out);
            for (x, out) in x[0].iter().zip(&out[0]) {
                let exact = 0.5 + libm::exp(-3.0 * h) * (x - 0.5);
                assert!((out - exact).abs() < 1e-9 * (x.abs() + 1.0), "{x}: {out} {exact}");
            }
            let factor = libm::pow(-libm::expm1(-3.0 * alpha * h) / (3.0 * alpha * h), 1.0 / alpha);
            assert!((scheme.noise_factor(0) / factor - 1.0).abs() < 1e-8);
        }
    }

    /// A well at (1, 2) with curvatures 1 and 5, and a weak coupling.
    struct Plane;
    impl Drift for Plane {
        fn dimension(&self) -> usize {
            2
        }
        fn drift(&self, x: &[[f64; LANES]], lanes: usize, out: &mut [[f64; LANES]]) {
            for lane in 0..lanes {
                let (x, y) = (x[0][lane] - 1.0, x[1][lane] - 2.0);
                out[0][lane] = -x - 4.0 * x * x * x + y * y;
                out[1][lane] = -5.0 * y + 2.0 * x * y;
            }
        }
    }

    #[test]
    fn the_point_of_rest_is_found_and_far_points_come_down() {
        let Ok(noise) = NoiseLaw::Brownian.build() else { panic!("a valid law") };
        let scheme = Exponential::new(&Plane, noise.as_ref(), 0.01, &[[-3.0, 3.0], [-3.0, 3.0]]);
        assert!((scheme.rest()[0] - 1.0).abs() < 1e-7 && (scheme.rest()[1] - 2.0).abs() < 1e-7);
        for (theta, exact) in scheme.theta.iter().zip([1.0, 5.0]) {
            assert!((theta - exact).abs() < 1e-5, "{theta}");
        }
        let mut out = [[0.0; LANES]; 2];
        scheme.advance(&[[1e6; LANES], [2.0; LANES]], 1, &mut out);
        // 1/(8 h) is where the square of the distance comes down to from infinity, but for the linear part.
        assert!((out[0][0] - 1.0 - libm::sqrt(12.5)).abs() < 0.05, "{}", out[0][0]);
    }

    #[test]
    fn without_a_stable_point_of_rest_it_is_the_flow_or_euler() {
        let potential = ClosurePotential::new(|_| f64::NAN, |_| 1.0);
        let drift = PotentialDrift(&potential);
        let Ok(noise) = NoiseLaw::stable(1.3).build() else { panic!("a valid tail index") };
        let scheme = Exponential::new(&drift, noise.as_ref(), 0.25, &[[-2.0, 2.0]]);
        assert_eq!(scheme.noise_factor(0), 1.0);
        let mut out = [[0.0; LANES]];
        scheme.advance(&[core::array::from_fn(|k| k as f64)], LANES, &mut out);
        for (k, out) in out[0].iter().enumerate() {
            assert!((out - (k as f64 - 0.25)).abs() < 1e-9);
        }
    }
}
