//! Events: what stops a path.
//!
//! On the line a path leaves an interval or arrives in smaller ones, [`StopRegion`]. In several dimensions it
//! leaves an open set, [`SpaceDomain`] (a box, a ball, a set below a level of the potential, a basin of
//! attraction, or a union of such), or arrives in one of several core sets, [`CoreSet`]; the first event wins
//! and is recorded as [`Stop`].
//!
//! | set | crossings within a step of a continuous path |
//! |---|---|
//! | interval, box | tested, each coordinate by its own Brownian bridge |
//! | ball, sub-level set, core set | tested against the tangent plane |
//! | union | tested by the members that hold both ends of the step |
//! | basin | not tested: seen at the points of the time grid |
//!
//! A jump is not interpolated: the path stops where it lands, or goes on.

mod arrival;
mod ball;
mod basin;
mod bridge;
mod cuboid;
mod interval;
mod sublevel;
mod union;

pub use arrival::CoreSet;
pub use basin::Basin;
pub(crate) use bridge::{Bridge, Crossed};
pub use interval::StopRegion;
pub use sublevel::SubLevel;
pub use union::Union;

use levyscape_integrator::IntegratorError;
use levyscape_integrator::rng::LANES;

use crate::error::EngineError;
use crate::record::{Outcome, PathRecord, Stop};

/// Where a path stops, on the line or in several dimensions.
#[derive(Debug, Clone, PartialEq)]
pub enum Region {
    /// On the line.
    Line(StopRegion),
    /// In `d` dimensions.
    Space(SpaceRegion),
}

impl From<StopRegion> for Region {
    fn from(region: StopRegion) -> Self {
        Self::Line(region)
    }
}

impl From<SpaceRegion> for Region {
    fn from(region: SpaceRegion) -> Self {
        Self::Space(region)
    }
}

impl Region {
    /// Checks that the region lies in a space of this dimension.
    ///
    /// # Errors
    /// [`IntegratorError::Dimension`] where it does not.
    pub fn check_dimension(&self, expected: usize) -> Result<(), IntegratorError> {
        match self {
            Self::Line(_) => check_dimension(expected, 1),
            Self::Space(region) => {
                region.domain.check_dimension(expected)?;
                region.targets.iter().try_for_each(|target| check_dimension(expected, target.dimension()))
            }
        }
    }

    /// Checks that a path may start at `x`.
    ///
    /// # Errors
    /// [`EngineError::StartStopped`] where it would stop at once.
    pub fn check_start(&self, x: &[f64]) -> Result<(), EngineError> {
        let stops = match (self, x) {
            (Self::Line(region), &[x]) => {
                !(x > region.lower && x < region.upper) || region.stop_at(x).is_some()
            }
            (Self::Line(_), _) => true,
            (Self::Space(region), x) => region.stop_at(x).is_some(),
        };
        if stops { Err(EngineError::StartStopped(x.to_vec())) } else { Ok(()) }
    }

    /// How far beyond the edge a path ended, in units of X: the distance from the end of the interval or
    /// from the ball, the excess over the face of the box, the least of them for a union, and the depth in
    /// the target that it arrived in. 0 for a path that crossed the edge continuously. `place` holds all
    /// coordinates of the end in several dimensions ([`PathPair::place`](crate::PathPair)).
    ///
    /// `None` for a path that did not exit, and for exits from sub-level sets and basins, whose edge has no
    /// known distance.
    #[must_use]
    pub fn overshoot(&self, record: &PathRecord, place: &[f64]) -> Option<f64> {
        let Outcome::Exited(stop) = record.outcome else { return None };
        let overshoot = match self {
            Self::Line(region) => region.overshoot(record, stop)?,
            Self::Space(region) => {
                let place = if place.is_empty() { core::slice::from_ref(&record.position) } else { place };
                match stop {
                    Stop::Target(target) => region.targets.get(target as usize)?.depth(place),
                    _ => region.domain.overshoot(place)?,
                }
            }
        };
        // Rounding, or a scheme's map after the noise, may have left it on the near side.
        Some(overshoot.max(0.0))
    }
}

fn check_dimension(expected: usize, found: usize) -> Result<(), IntegratorError> {
    let error = IntegratorError::Dimension { what: "region", expected, found };
    if found == expected { Ok(()) } else { Err(error) }
}

/// A path in `d` dimensions stops once it is outside the open `domain`, or in one of the closed sets
/// `targets`. Jumping over a target does not stop it.
#[derive(Debug, Clone, PartialEq)]
pub struct SpaceRegion {
    /// What the path leaves.
    pub domain: SpaceDomain,
    /// Where it may arrive.
    pub targets: Vec<CoreSet>,
}

/// An open set in `d` dimensions.
#[derive(Debug, Clone, PartialEq)]
pub enum SpaceDomain {
    /// Everything.
    Whole,
    /// The product of the open intervals; ends may be infinite.
    Box(Vec<[f64; 2]>),
    /// `|x - centre| < radius`.
    Ball {
        /// Its centre.
        centre: Vec<f64>,
        /// Its radius.
        radius: f64,
    },
    /// `U(x) < level`.
    SubLevel(SubLevel),
    /// The basin of attraction of a point of rest.
    Basin(Basin),
    /// All points of several sets.
    Union(Union),
}

impl SpaceDomain {
    /// Whether `x` lies in the set; a NaN lies in none but the whole space.
    #[must_use]
    pub fn contains(&self, x: &[f64]) -> bool {
        match self {
            Self::Whole => true,
            Self::Box(sides) => cuboid::contains(sides, x),
            Self::Ball { centre, radius } => ball::contains(centre, *radius, x),
            Self::SubLevel(set) => set.contains(x),
            Self::Basin(basin) => basin.contains(x),
            Self::Union(union) => union.contains(x),
        }
    }

    /// Whether crossings of the edge within a step are tested for continuous paths: then exit times have
    /// weak order 1 in the step, else 1/2.
    #[must_use]
    pub fn sees_crossings(&self) -> bool {
        match self {
            Self::Basin(_) => false,
            Self::Union(union) => union.members().iter().all(Self::sees_crossings),
            _ => true,
        }
    }

    fn check_dimension(&self, expected: usize) -> Result<(), IntegratorError> {
        match self {
            Self::Whole => Ok(()),
            Self::Box(sides) => check_dimension(expected, sides.len()),
            Self::Ball { centre, .. } => check_dimension(expected, centre.len()),
            Self::SubLevel(set) => check_dimension(expected, set.centre().len()),
            Self::Basin(basin) => check_dimension(expected, basin.centre().len()),
            Self::Union(union) => {
                check_dimension(expected, union.centre().len())?;
                union.members().iter().try_for_each(|member| member.check_dimension(expected))
            }
        }
    }

    /// The face by which a path left that is at `x` or crossed there: the coordinate that lies furthest out;
    /// of a box the one with the largest excess over its face, of other sets the one with the largest
    /// distance from the centre.
    fn face(&self, x: &[f64]) -> Stop {
        let from = |centre: &[f64], k: usize| [centre[k] - x[k], x[k] - centre[k]];
        let mut best = (f64::NEG_INFINITY, Stop::Face { axis: 0, upper: true });
        for axis in 0..x.len() {
            let outwardness = match self {
                Self::Whole => [-x[axis], x[axis]],
                Self::Box(sides) => [sides[axis][0] - x[axis], x[axis] - sides[axis][1]],
                Self::Ball { centre, .. } => from(centre, axis),
                Self::SubLevel(set) => from(set.centre(), axis),
                Self::Basin(basin) => from(basin.centre(), axis),
                Self::Union(union) => from(union.centre(), axis),
            };
            for (outwardness, upper) in outwardness.into_iter().zip([false, true]) {
                if outwardness > best.0 {
                    best = (outwardness, Stop::Face { axis: axis as u32, upper });
                }
            }
        }
        best.1
    }

    /// How far beyond the edge `x` lies, where that is known.
    fn overshoot(&self, x: &[f64]) -> Option<f64> {
        match self {
            Self::Box(sides) => Some(cuboid::excess(sides, x)),
            Self::Ball { centre, radius } => Some(ball::excess(centre, *radius, x)),
            Self::Union(union) => union.overshoot(x),
            Self::Whole | Self::SubLevel(_) | Self::Basin(_) => None,
        }
    }

    /// Where a continuous path left the set within a step that began in it.
    fn crossing(&self, bridge: &Bridge<'_>) -> Option<Crossed> {
        match self {
            Self::Whole => None,
            Self::Box(sides) => cuboid::crossing(sides, bridge),
            Self::Ball { centre, radius } => ball::crossing(centre, *radius, 1.0, bridge),
            Self::SubLevel(set) => set.crossing(bridge),
            Self::Basin(basin) => {
                (!basin.contains(bridge.to)).then(|| Crossed { share: 1.0, place: bridge.to.to_vec() })
            }
            Self::Union(union) => union.crossing(bridge),
        }
    }

    /// The part of the set whose points are further than `reach` from the edge; `None` where it is not known.
    fn shrunk(&self, reach: &[f64]) -> Option<Self> {
        match self {
            Self::Whole => Some(Self::Whole),
            Self::Box(sides) => {
                let shrink = |(&[lower, upper], reach): (&[f64; 2], &f64)| [lower + reach, upper - reach];
                Some(Self::Box(sides.iter().zip(reach).map(shrink).collect()))
            }
            Self::Ball { centre, radius } => {
                let radius = radius - reach.iter().copied().fold(0.0, f64::max);
                (radius > 0.0).then(|| Self::Ball { centre: centre.clone(), radius })
            }
            Self::Union(union) => {
                let members: Option<Vec<_>> =
                    union.members().iter().map(|member| member.shrunk(reach)).collect();
                Some(Self::Union(Union::new(members?, union.centre())))
            }
            Self::SubLevel(_) | Self::Basin(_) => None,
        }
    }

    /// Whether some of the first `lanes` lanes lies outside, or is not finite.
    #[inline(always)]
    fn some_outside(&self, x: &[[f64; LANES]], lanes: usize, scratch: &mut [f64; LANES]) -> bool {
        let mut outside = false;
        match self {
            Self::Whole => {
                for row in x {
                    for &x in &row[..lanes] {
                        outside |= !x.is_finite();
                    }
                }
            }
            Self::Box(sides) => outside = cuboid::some_outside(sides, x, lanes),
            Self::Ball { centre, radius } => {
                let square = &mut scratch[..lanes];
                ball::squares(centre, x, square);
                for &square in square.iter() {
                    outside |= square >= radius * radius || square.is_nan();
                }
            }
            Self::Basin(basin) => outside = basin.some_outside(x, lanes),
            Self::SubLevel(_) | Self::Union(_) => {
                let mut place = vec![0.0; x.len()];
                for lane in 0..lanes {
                    for (place, row) in place.iter_mut().zip(x) {
                        *place = row[lane];
                    }
                    outside |= !self.contains(&place) || place.iter().any(|x| !x.is_finite());
                }
            }
        }
        outside
    }
}

impl SpaceRegion {
    /// The domain without targets.
    #[must_use]
    pub fn exit(domain: SpaceDomain) -> Self {
        Self { domain, targets: Vec::new() }
    }

    /// Where a path at the finite point `x` has stopped, if it has.
    ///
    /// The side of an exit is the coordinate that lies furthest out: for a box the largest excess over its
    /// face, else the largest distance from the centre of the ball or the point given with the set.
    #[must_use]
    pub fn stop_at(&self, x: &[f64]) -> Option<Stop> {
        if !self.domain.contains(x) {
            return Some(self.domain.face(x));
        }
        let target = self.targets.iter().position(|target| target.contains(x))?;
        Some(Stop::Target(target as u32))
    }

    /// How a continuous path stopped within a step, if it did, and where: by what it met first.
    pub(crate) fn crossing(&self, bridge: &Bridge<'_>) -> Option<(Stop, Vec<f64>)> {
        let left = self.domain.crossing(bridge).map(|crossed| (self.domain.face(&crossed.place), crossed));
        let arrived = self.targets.iter().enumerate().filter_map(|(k, target)| {
            target.crossing(bridge).map(|crossed| (Stop::Target(k as u32), crossed))
        });
        let mut first: Option<(Stop, Crossed)> = left;
        for (stop, crossed) in arrived {
            if first.as_ref().is_none_or(|(_, first)| crossed.share < first.share) {
                first = Some((stop, crossed));
            }
        }
        first.map(|(stop, crossed)| (stop, crossed.place))
    }

    /// A region that a path does not stop in at both ends of a step where it is further than `reach` (one
    /// length a coordinate) from every edge; `None` where that is not known.
    pub(crate) fn out_of_reach(&self, reach: &[f64]) -> Option<Self> {
        let targets = self.targets.iter().map(|target| target.enlarged(reach)).collect();
        Some(Self { domain: self.domain.shrunk(reach)?, targets })
    }

    /// Whether some of the first `lanes` lanes have stopped, or are not finite.
    #[must_use]
    #[inline(always)]
    pub(crate) fn some_stopped(&self, x: &[[f64; LANES]], lanes: usize, scratch: &mut [f64; LANES]) -> bool {
        let arrived = |target: &CoreSet, scratch: &mut _| target.holds_some(x, lanes, scratch);
        self.domain.some_outside(x, lanes, scratch)
            || self.targets.iter().any(|target| arrived(target, scratch))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stop(region: &SpaceRegion, x: [f64; 2]) -> Option<Stop> {
        region.stop_at(&x)
    }

    #[test]
    fn sides_in_the_plane() {
        let ball = SpaceRegion::exit(SpaceDomain::Ball { centre: vec![1.0, 0.0], radius: 2.0 });
        assert_eq!(stop(&ball, [2.9, 0.0]), None);
        assert_eq!(stop(&ball, [3.0, 0.0]), Some(Stop::Face { axis: 0, upper: true }));
        assert_eq!(stop(&ball, [0.0, -9.0]), Some(Stop::Face { axis: 1, upper: false }));
        let sides = vec![[-1.0, f64::INFINITY], [-2.0, 2.0]];
        let mut tall = SpaceRegion::exit(SpaceDomain::Box(sides));
        assert_eq!(stop(&tall, [1e9, 1.0]), None);
        assert_eq!(stop(&tall, [-1.0, 1.0]), Some(Stop::Face { axis: 0, upper: false }));
        assert_eq!(stop(&tall, [-1.5, 9.0]), Some(Stop::Face { axis: 1, upper: true }));
        tall.targets.push(CoreSet::Ball { centre: vec![5.0, 0.0], radius: 0.5 });
        assert_eq!(stop(&tall, [5.0, 0.5]), Some(Stop::Target(0)));
        assert_eq!(stop(&tall, [5.0, 0.6]), None);
    }
}
