//! The automatic choice of scheme and time step.

use super::SchemeKind;
use crate::noise::{Noise, Side};
use crate::potential::Potential;

/// What the choice needs to know of a problem.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Geometry {
    /// A place where the paths rest: the start, or the minimum next to it.
    pub centre: f64,
    /// Largest `|U''|` over the rest points and barriers that matter.
    pub stiffness: f64,
    /// The smallest distance that noise must resolve: from the centre to the nearest edge of its domain.
    pub length: f64,
    /// The path stops on leaving `(lower, upper)`; either may be infinite.
    pub lower: f64,
    /// See `lower`.
    pub upper: f64,
}

/// A scheme, its time step, and why.
#[derive(Debug, Clone, PartialEq)]
pub struct Choice {
    /// The scheme.
    pub kind: SchemeKind,
    /// The time step.
    pub step: f64,
    /// Rate per unit time at which explicit Euler would explode at this step.
    pub euler_blow_up_rate: f64,
    /// The reasons, in words.
    pub reason: String,
}

/// Expected blow-ups a path above which Euler is not taken.
const TOLERATED_BLOW_UPS: f64 = 1e-6;

/// Chooses the scheme and the step; what the user fixed is kept.
///
/// The step is the smallest of `0.05 / stiffness` (the drift is resolved) and
/// `(length/epsilon)^alpha * min(0.01, 0.02^alpha)` (the noise of one step is small against the
/// domain). The scheme is Euler unless a path is expected to explode more than 1e-6 times before it
/// leaves (see [`euler_blow_up_rate`]).
#[must_use]
pub fn choose(
    potential: &dyn Potential,
    noise: &dyn Noise,
    epsilon: f64,
    geometry: &Geometry,
    kind: Option<SchemeKind>,
    step: Option<f64>,
) -> Choice {
    let alpha = noise.scaling_index();
    let mut reasons = Vec::new();
    let step = step.unwrap_or_else(|| {
        let time_scale = libm::pow(geometry.length / epsilon, alpha);
        let by_noise = time_scale * if !noise.has_jumps() { 0.005 } else { libm::pow(0.02, alpha).min(0.01) };
        let by_drift = 0.05 / geometry.stiffness;
        let (step, why) = if by_drift < by_noise {
            (by_drift, "resolves the drift: step times the largest curvature is 0.05")
        } else {
            (
                by_noise,
                "resolves the noise: one step's noise is small against the distance to the nearest edge",
            )
        };
        let step = round_down(step);
        reasons.push(format!("step {step}: {why}"));
        step
    });
    let rate = euler_blow_up_rate(potential, noise, epsilon, geometry, step);
    let kind = kind.unwrap_or_else(|| {
        let per_path = rate * mean_stay(noise, epsilon, geometry);
        let unstable = step * geometry.stiffness > 0.5;
        let kind =
            if per_path > TOLERATED_BLOW_UPS || unstable { SchemeKind::Splitting } else { SchemeKind::Euler };
        reasons.push(match kind {
            SchemeKind::Splitting if unstable => {
                format!(
                    "splitting: the step times the largest curvature is {:.3}, too much for Euler",
                    step * geometry.stiffness
                )
            }
            SchemeKind::Splitting => {
                format!("splitting: explicit Euler would explode {per_path:.2e} times a path at this step")
            }
            SchemeKind::Euler if rate > 0.0 => {
                format!("euler: its drift step explodes only {per_path:.1e} times a path at this step")
            }
            SchemeKind::Euler => "euler: its drift step cannot explode here".to_owned(),
        });
        kind
    });
    if reasons.is_empty() {
        reasons.push("scheme and step as the scenario says".to_owned());
    }
    Choice { kind, step, euler_blow_up_rate: rate, reason: reasons.join("; ") }
}

/// Two significant digits downwards: a step that can be read and typed.
fn round_down(step: f64) -> f64 {
    let mut unit = 1.0;
    while unit > step {
        unit /= 10.0;
    }
    while unit * 10.0 <= step {
        unit *= 10.0;
    }
    let digits = libm::floor(step / unit * 10.0 * (1.0 + 1e-12));
    // Through decimal text, so that 0.0028 is the number that the text "0.0028" gives.
    let rounded = format!("{:.1e}", digits / 10.0 * unit).parse().unwrap_or(step);
    if rounded > 0.0 { rounded } else { step }
}

/// Rate per unit time at which a path of the explicit Euler scheme is thrown to where its next steps
/// run away to infinity:
/// `epsilon^alpha (c_alpha/alpha) (d_-^-alpha + d_+^-alpha)` with `d` the distances from the centre to
/// the nearest points with `h |U'(x)| > 2 |x - centre|` on either side.
///
/// A side on which the path stops before it gets there adds nothing. For noise with continuous paths
/// the rate is that of the Gaussian weight `exp(-(U(x) - U(centre))/D)`, `D = epsilon^2 Var(Z_1)/2`,
/// per time step.
#[must_use]
pub fn euler_blow_up_rate(
    potential: &dyn Potential,
    noise: &dyn Noise,
    epsilon: f64,
    geometry: &Geometry,
    step: f64,
) -> f64 {
    [(-1.0, Side::Lower), (1.0, Side::Upper)]
        .into_iter()
        .map(|(sign, side)| {
            let Some(distance) = overshoot_distance(potential, geometry, step, sign) else { return 0.0 };
            let mut rate = 0.0;
            if noise.has_jumps() {
                rate += noise.jump_tail(side, distance / epsilon);
            }
            let variance = noise.gaussian_variance();
            if variance > 0.0 {
                let diffusivity = 0.5 * variance * epsilon * epsilon;
                let x = geometry.centre + sign * distance;
                let climb = potential.value(x) - potential.value(geometry.centre);
                rate += if climb.is_nan() {
                    1.0 / step
                } else {
                    libm::exp((-climb / diffusivity).min(0.0)) / step
                };
            }
            rate
        })
        .sum()
}

/// Distance to the nearest point on one side whose Euler step is thrown further out on the other.
fn overshoot_distance(potential: &dyn Potential, geometry: &Geometry, step: f64, side: f64) -> Option<f64> {
    let overshoots = |distance: f64| {
        let inward = side * step * potential.gradient(geometry.centre + side * distance);
        // An overflowing force counts; a hole in the domain (NaN) is no overshoot.
        inward > 2.0 * distance
    };
    let end = if side < 0.0 { geometry.centre - geometry.lower } else { geometry.upper - geometry.centre };
    let mut outside = 1e-3 * geometry.length;
    while !overshoots(outside) {
        if outside >= end || outside > 1e30 {
            return None;
        }
        outside *= 1.25;
    }
    let mut inside = outside / 1.25;
    for _ in 0..50 {
        let middle = 0.5 * (inside + outside);
        if overshoots(middle) { outside = middle } else { inside = middle }
    }
    (outside < end).then_some(outside)
}

/// How long a path stays, roughly: the mean time of a jump beyond `length`.
fn mean_stay(noise: &dyn Noise, epsilon: f64, geometry: &Geometry) -> f64 {
    let jumps: f64 = [Side::Lower, Side::Upper]
        .into_iter()
        .map(|side| noise.jump_tail(side, geometry.length / epsilon))
        .sum();
    // The Gaussian weight is either negligible beside any stay or not small at all.
    let diffusive = 1e6 * libm::pow(geometry.length / epsilon, 2.0);
    if noise.gaussian_variance() > 0.0 || jumps == 0.0 { diffusive } else { 2.0 / jumps }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::noise::NoiseLaw;

    struct Quartic;
    impl Potential for Quartic {
        fn value(&self, x: f64) -> f64 {
            0.25 * x * x * x * x
        }
        fn gradient(&self, x: f64) -> f64 {
            x * x * x
        }
    }

    #[test]
    fn blow_up_rate_is_the_closed_form_for_the_quartic() {
        let geometry = Geometry {
            centre: 0.0,
            stiffness: 1.0,
            length: 1.0,
            lower: f64::NEG_INFINITY,
            upper: f64::INFINITY,
        };
        for (alpha, epsilon, h) in [(1.0, 1.0, 0.01), (1.5, 1.0, 0.01), (1.8, 0.1, 0.02)] {
            let Ok(noise) = NoiseLaw::stable(alpha).build() else { panic!("a valid tail index") };
            let seen = euler_blow_up_rate(&Quartic, noise.as_ref(), epsilon, &geometry, h);
            let exact = 2.0 * crate::noise::tail_constant(alpha) / alpha
                * libm::pow(epsilon, alpha)
                * libm::pow(h / 2.0, alpha / 2.0);
            assert!((seen / exact - 1.0).abs() < 1e-9, "{seen} {exact}");
        }
    }

    #[test]
    fn step_is_rounded_to_two_digits() {
        assert_eq!(round_down(0.002_884), 0.0028);
        assert_eq!(round_down(0.02), 0.02);
        assert_eq!(round_down(0.01), 0.01);
        assert_eq!(round_down(123.0), 120.0);
    }
}
