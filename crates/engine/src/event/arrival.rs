//! Arrival in a core set.

use levyscape_integrator::rng::LANES;

use super::bridge::{Bridge, Crossed};
use super::{ball, cuboid};

/// A closed set in several dimensions: the first of several that a path is in wins.
///
/// A path that jumps over it has not arrived. A continuous path is tested within the step against the
/// tangent plane; what passes a corner of a box is judged by the planes through both ends' nearest points.
#[derive(Debug, Clone, PartialEq)]
pub enum CoreSet {
    /// `|x - centre| <= radius`.
    Ball {
        /// Its centre.
        centre: Vec<f64>,
        /// Its radius.
        radius: f64,
    },
    /// The product of the closed intervals; ends may be infinite.
    Box(Vec<[f64; 2]>),
}

impl CoreSet {
    /// The number of coordinates.
    #[must_use]
    pub fn dimension(&self) -> usize {
        match self {
            Self::Ball { centre, .. } => centre.len(),
            Self::Box(sides) => sides.len(),
        }
    }

    /// Whether `x` lies in the set.
    #[must_use]
    pub fn contains(&self, x: &[f64]) -> bool {
        match self {
            Self::Ball { centre, radius } => ball::square(centre, x) <= radius * radius,
            Self::Box(sides) => sides.iter().zip(x).all(|(&[lower, upper], &x)| x >= lower && x <= upper),
        }
    }

    /// How far inside its edge `x` lies.
    pub(super) fn depth(&self, x: &[f64]) -> f64 {
        match self {
            Self::Ball { centre, radius } => -ball::excess(centre, *radius, x),
            Self::Box(sides) => -cuboid::excess(sides, x),
        }
    }

    /// Whether some lane lies in the set.
    pub(super) fn holds_some(&self, x: &[[f64; LANES]], lanes: usize, scratch: &mut [f64; LANES]) -> bool {
        let scratch = &mut scratch[..lanes];
        match self {
            Self::Ball { centre, radius } => {
                ball::squares(centre, x, scratch);
                scratch.iter().any(|&square| square <= radius * radius)
            }
            Self::Box(sides) => {
                scratch.fill(1.0);
                for (row, &[lower, upper]) in x.iter().zip(sides) {
                    for (inside, &x) in scratch.iter_mut().zip(row) {
                        *inside = if x >= lower && x <= upper { *inside } else { 0.0 };
                    }
                }
                scratch.contains(&1.0)
            }
        }
    }

    /// The set and what is within reach of it.
    pub(super) fn enlarged(&self, reach: &[f64]) -> Self {
        match self {
            Self::Ball { centre, radius } => {
                let reach = reach.iter().copied().fold(0.0, f64::max);
                Self::Ball { centre: centre.clone(), radius: radius + reach }
            }
            Self::Box(sides) => {
                let enlarge = |(&[lower, upper], reach): (&[f64; 2], &f64)| [lower - reach, upper + reach];
                Self::Box(sides.iter().zip(reach).map(enlarge).collect())
            }
        }
    }

    /// Where a continuous path arrived that began outside.
    pub(super) fn crossing(&self, bridge: &Bridge<'_>) -> Option<Crossed> {
        match self {
            Self::Ball { centre, radius } => ball::crossing(centre, *radius, -1.0, bridge),
            Self::Box(sides) => {
                // The box lies behind the plane across the way to an end's nearest point: whoever touches
                // the box touches the planes of both ends.
                let nearest = |x: &[f64]| -> Vec<f64> {
                    sides.iter().zip(x).map(|(&[lower, upper], x)| x.max(lower).min(upper)).collect()
                };
                let inside = self.contains(bridge.to);
                let mut share: Option<f64> = None;
                let mut straddles = 0;
                for end in [bridge.from, bridge.to] {
                    let foot = nearest(end);
                    let length = ball::square(&foot, end).sqrt();
                    if length == 0.0 {
                        continue;
                    }
                    let distance = |x: &[f64]| {
                        let along = x.iter().zip(&foot).zip(end);
                        along.map(|((x, foot), end)| (x - foot) * (end - foot)).sum::<f64>() / length
                    };
                    let distances = [distance(bridge.from), distance(bridge.to)];
                    straddles += usize::from(distances.iter().any(|distance| *distance <= 0.0));
                    if distances[0] <= 0.0 {
                        continue;
                    }
                    let half_variance = bridge.along(|k| (end[k] - foot[k]) / length);
                    let crossed = bridge.plane(distances, half_variance, || bridge.shared_exponential())?;
                    share = Some(share.map_or(crossed, |share| share.max(crossed)));
                }
                // Ends on different sides of both planes: the path goes round the corner, as far as is known.
                if !inside && straddles == 2 {
                    return None;
                }
                let share = share?;
                Some(Crossed { share, place: nearest(&bridge.at(share)) })
            }
        }
    }
}
