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

/// Largest step times curvature for Euler.
const MOST_STIFF: f64 = 0.5;

/// Chooses the scheme and the step; what the user fixed is kept.
///
/// The step is the smallest of `0.05 / stiffness` (the drift is resolved) and
/// `(length/epsilon)^alpha * min(0.01, 0.02^alpha)` (the noise of one step is small against the
/// domain). The scheme is Euler where it cannot explode at this step, whatever the noise does: where
/// `h |U'(x)| <= 2 |x - centre|` for every x that a path can be at before it stops. Everywhere else it
/// is the splitting scheme, which cannot explode and costs as much.
#[must_use]
pub fn choose(
    potential: &dyn Potential,
    noise: &dyn Noise,
    epsilon: f64,
    geometry: &Geometry,
    kind: Option<SchemeKind>,
    step: Option<f64>,
) -> Choice {
    let mut reasons = Vec::new();
    let step = step.unwrap_or_else(|| {
        let time_scale = |alpha| libm::pow(geometry.length / epsilon, alpha);
        let variance = noise.gaussian_variance();
        let by_diffusion = if variance > 0.0 { 0.005 / variance * time_scale(2.0) } else { f64::INFINITY };
        let by_jumps = if noise.has_jumps() {
            let alpha = noise.jump_index();
            libm::pow(0.02, alpha).min(0.01) * time_scale(alpha)
        } else {
            f64::INFINITY
        };
        // However the jumps scale: less than one of them that matters in two steps.
        let rate: f64 = [Side::Lower, Side::Upper]
            .into_iter()
            .map(|side| noise.jump_tail(side, 0.05 * geometry.length / epsilon))
            .sum();
        let by_noise = by_diffusion.min(by_jumps).min(0.5 / rate);
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
        let stiff = step * geometry.stiffness;
        let overshoots =
            [-1.0, 1.0].into_iter().any(|side| overshoot_distance(potential, geometry, step, side).is_some());
        let (kind, why) = if stiff > MOST_STIFF {
            (
                SchemeKind::Splitting,
                format!("splitting: the step times the largest curvature is {stiff:.3}, too much for Euler"),
            )
        } else if overshoots && rate > 0.0 {
            let per_path = rate * mean_stay(noise, epsilon, geometry);
            (
                SchemeKind::Splitting,
                format!("splitting: explicit Euler would explode {per_path:.2e} times a path at this step"),
            )
        } else if overshoots {
            let why = "splitting: there are places in reach from where explicit Euler would explode";
            (SchemeKind::Splitting, why.to_owned())
        } else {
            (SchemeKind::Euler, "euler: its drift step cannot explode here".to_owned())
        };
        reasons.push(why);
        kind
    });
    if reasons.is_empty() {
        reasons.push("scheme and step as the scenario says".to_owned());
    }
    Choice { kind, step, euler_blow_up_rate: rate, reason: reasons.join("; ") }
}

/// Two significant digits downwards: a step that can be read and typed.
#[must_use]
pub fn round_down(step: f64) -> f64 {
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

    struct Linear;
    impl Potential for Linear {
        fn value(&self, x: f64) -> f64 {
            0.5 * x * x
        }
        fn gradient(&self, x: f64) -> f64 {
            x
        }
    }

    #[test]
    fn a_scheme_that_can_explode_is_never_chosen() {
        let whole = Geometry {
            centre: 0.0,
            stiffness: 1.0,
            length: 1.0,
            lower: f64::NEG_INFINITY,
            upper: f64::INFINITY,
        };
        let bounded = Geometry { lower: -2.0, upper: 2.0, ..whole };
        let half = Geometry { lower: -2.0, ..whole };
        for law in [NoiseLaw::stable(0.7), NoiseLaw::stable(1.9), NoiseLaw::Brownian] {
            let Ok(noise) = law.build() else { panic!("valid laws") };
            let kind = |potential: &dyn Potential, geometry: &Geometry, step| {
                choose(potential, noise.as_ref(), 0.1, geometry, None, step).kind
            };
            assert_eq!(kind(&Quartic, &whole, None), SchemeKind::Splitting);
            assert_eq!(kind(&Quartic, &half, Some(1e-6)), SchemeKind::Splitting);
            assert_eq!(kind(&Quartic, &bounded, None), SchemeKind::Euler);
            assert_eq!(kind(&Linear, &whole, None), SchemeKind::Euler);
            assert_eq!(kind(&Linear, &whole, Some(0.6)), SchemeKind::Splitting);
            assert_eq!(kind(&Quartic, &bounded, Some(0.6)), SchemeKind::Splitting);
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
