//! A set below a level of the potential.

use core::fmt;
use std::sync::Arc;

use levyscape_integrator::Drift;
use levyscape_integrator::noise::LARGEST_EXPONENTIAL;

use super::bridge::{Bridge, Crossed};

/// The open set `{x : U(x) < level}`, all of it: where it has several components, a path that jumps from one
/// into another goes on.
///
/// For continuous paths a crossing within the step is tested against the tangent plane. A point where `U` is not a number lies outside.
#[derive(Clone)]
pub struct SubLevel {
    potential: Arc<dyn Drift>,
    level: f64,
    centre: Vec<f64>,
}

impl fmt::Debug for SubLevel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { level, centre, .. } = self;
        f.debug_struct("SubLevel").field("level", level).field("centre", centre).finish_non_exhaustive()
    }
}

impl PartialEq for SubLevel {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.potential, &other.potential)
            && self.level == other.level
            && self.centre == other.centre
    }
}

impl SubLevel {
    /// The set of a drift `-grad U`. The side of an exit is the coordinate that lies furthest from `centre`.
    ///
    /// `None` for a drift without potential ([`Drift::potential_at`]) and for a level that is not finite.
    #[must_use]
    pub fn new(potential: Arc<dyn Drift>, level: f64, centre: &[f64]) -> Option<Self> {
        let there_is = centre.len() == potential.dimension() && potential.potential_at(centre).is_some();
        (there_is && level.is_finite()).then(|| Self { potential, level, centre: centre.to_vec() })
    }

    /// The level.
    #[must_use]
    pub fn level(&self) -> f64 {
        self.level
    }

    pub(super) fn centre(&self) -> &[f64] {
        &self.centre
    }

    /// `level - U(x)`: above 0 inside.
    fn below(&self, x: &[f64]) -> f64 {
        self.potential.potential_at(x).map_or(f64::NAN, |u| self.level - u)
    }

    pub(super) fn contains(&self, x: &[f64]) -> bool {
        self.below(x) > 0.0
    }

    /// The distance of a point inside from the edge, up to the third order in it, and the unit vector
    /// towards the edge; `None` for points further than `far` or so.
    fn distance(&self, x: &[f64], far: f64, normal: &mut [f64]) -> Option<f64> {
        let below = self.below(x);
        self.potential.drift_at(x, normal);
        let square: f64 = normal.iter().map(|force| force * force).sum();
        // A flat place is far from everything; and a NaN fails the test.
        let near = below * below < far * far * square;
        if !near {
            return None;
        }
        let slope = square.sqrt();
        for normal in normal.iter_mut() {
            *normal /= -slope;
        }
        // Along the normal `U` is taken as the parabola with the slopes here and half-way to where a straight
        // line meets the level.
        let half = 0.5 * below / slope;
        let half_way: Vec<f64> = x.iter().zip(&*normal).map(|(x, normal)| x + half * normal).collect();
        let mut force = vec![0.0; x.len()];
        self.potential.drift_at(&half_way, &mut force);
        let slope_there = -force.iter().zip(&*normal).map(|(force, normal)| force * normal).sum::<f64>();
        let root = (square + 2.0 * (slope_there - slope) / half * below).max(0.0).sqrt();
        Some(2.0 * below / (slope + if root.is_finite() { root } else { slope }))
    }

    pub(super) fn crossing(&self, bridge: &Bridge<'_>) -> Option<Crossed> {
        if !self.contains(bridge.to) {
            return Some(bridge.leave(|x| self.contains(x)));
        }
        let largest = bridge.half_variance.iter().copied().fold(0.0, f64::max);
        let far = 4.0 * (LARGEST_EXPONENTIAL * largest).sqrt();
        let mut normal = vec![0.0; bridge.to.len()];
        let to = self.distance(bridge.to, far, &mut normal)?;
        let from = self.distance(bridge.from, far, &mut normal)?;
        let half_variance = bridge.along(|k| normal[k]);
        let share = bridge.plane([from, to], half_variance, || bridge.shared_exponential())?;
        let mut force = vec![0.0; bridge.to.len()];
        let mut place = bridge.at(share);
        // The chord stays inside: from its point to the edge by Newton's method, downhill against the force.
        for _ in 0..8 {
            self.potential.drift_at(&place, &mut force);
            let square: f64 = force.iter().map(|force| force * force).sum();
            let factor = -self.below(&place) / square;
            if !factor.is_finite() {
                break;
            }
            for (place, force) in place.iter_mut().zip(&force) {
                *place += factor * force;
            }
        }
        Some(Crossed { share, place })
    }
}
