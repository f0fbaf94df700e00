//! Where a path stops.

use levyscape_integrator::IntegratorError;
use levyscape_integrator::rng::LANES;

use crate::error::EngineError;
use crate::record::Stop;

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
        let check = |found| {
            let error = IntegratorError::Dimension { what: "region", expected, found };
            if found == expected { Ok(()) } else { Err(error) }
        };
        let Self::Space(region) = self else { return check(1) };
        match &region.domain {
            SpaceDomain::Whole => {}
            SpaceDomain::Box(sides) => check(sides.len())?,
            SpaceDomain::Ball { centre, .. } => check(centre.len())?,
        }
        region.targets.iter().try_for_each(|(centre, _)| check(centre.len()))
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
            (Self::Space(region), x) => region.stop_at(|k| x[k], x.len()).is_some(),
        };
        if stops { Err(EngineError::StartStopped(x.to_vec())) } else { Ok(()) }
    }
}

/// A path on the line stops at the first time with `X <= lower`, `X >= upper`, or X in one of the closed
/// intervals `targets`. Jumping over a target does not stop it.
#[derive(Debug, Clone, PartialEq)]
pub struct StopRegion {
    /// Lower end of the domain; may be minus infinity.
    pub lower: f64,
    /// Upper end of the domain; may be infinity.
    pub upper: f64,
    /// Closed intervals `[lo, hi]`.
    pub targets: Vec<[f64; 2]>,
}

impl StopRegion {
    /// The interval `(lower, upper)` without targets.
    #[must_use]
    pub fn interval(lower: f64, upper: f64) -> Self {
        Self { lower, upper, targets: Vec::new() }
    }

    /// Where a path at the finite point `x` has stopped, if it has.
    #[must_use]
    pub fn stop_at(&self, x: f64) -> Option<Stop> {
        if x <= self.lower {
            Some(Stop::Lower)
        } else if x >= self.upper {
            Some(Stop::Upper)
        } else {
            let target = self.targets.iter().position(|&[lo, hi]| x >= lo && x <= hi)?;
            Some(Stop::Target(target as u32))
        }
    }

    /// The barriers that a continuous path from `x` meets first, below and above, and what each is.
    #[must_use]
    pub fn barriers(&self, x: f64) -> [(f64, Stop); 2] {
        let mut below = (self.lower, Stop::Lower);
        let mut above = (self.upper, Stop::Upper);
        for (k, &[lo, hi]) in self.targets.iter().enumerate() {
            if hi < x && hi > below.0 {
                below = (hi, Stop::Target(k as u32));
            }
            if lo > x && lo < above.0 {
                above = (lo, Stop::Target(k as u32));
            }
        }
        [below, above]
    }
}

/// A path in `d` dimensions stops once it is outside the open `domain`, or in one of the closed balls
/// `targets`. It is looked at on the time grid.
#[derive(Debug, Clone, PartialEq)]
pub struct SpaceRegion {
    /// What the path leaves.
    pub domain: SpaceDomain,
    /// Closed balls: centre and radius.
    pub targets: Vec<(Vec<f64>, f64)>,
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
}

impl SpaceRegion {
    /// The domain without targets.
    #[must_use]
    pub fn exit(domain: SpaceDomain) -> Self {
        Self { domain, targets: Vec::new() }
    }

    /// Where a path at the point with coordinates `x(k)`, `k < dimension`, has stopped, if it has.
    ///
    /// The side of an exit is the coordinate that lies furthest out: for a ball the largest
    /// `|x_k - centre_k|`, for a box the largest excess over its face.
    #[must_use]
    pub fn stop_at(&self, x: impl Fn(usize) -> f64, dimension: usize) -> Option<Stop> {
        let largest = |outwardness: &dyn Fn(usize) -> [f64; 2]| {
            let mut best = (f64::NEG_INFINITY, Stop::Face { axis: 0, upper: true });
            for axis in 0..dimension {
                for (outwardness, upper) in outwardness(axis).into_iter().zip([false, true]) {
                    if outwardness > best.0 {
                        best = (outwardness, Stop::Face { axis: axis as u32, upper });
                    }
                }
            }
            best
        };
        match &self.domain {
            SpaceDomain::Whole => {}
            SpaceDomain::Box(sides) => {
                let (excess, stop) = largest(&|k| {
                    let [lower, upper] = sides[k];
                    [lower - x(k), x(k) - upper]
                });
                if excess >= 0.0 {
                    return Some(stop);
                }
            }
            SpaceDomain::Ball { centre, radius } => {
                let square: f64 = (0..dimension).map(|k| (x(k) - centre[k]) * (x(k) - centre[k])).sum();
                if square >= radius * radius {
                    return Some(largest(&|k| [centre[k] - x(k), x(k) - centre[k]]).1);
                }
            }
        }
        let inside = |(centre, radius): &(Vec<f64>, f64)| {
            let square: f64 = (0..dimension).map(|k| (x(k) - centre[k]) * (x(k) - centre[k])).sum();
            square <= radius * radius
        };
        self.targets.iter().position(inside).map(|target| Stop::Target(target as u32))
    }

    /// Whether some of the first `lanes` lanes may have stopped: never false when one has.
    #[must_use]
    #[inline(always)]
    pub(crate) fn may_stop(&self, x: &[[f64; LANES]], lanes: usize, square: &mut [f64; LANES]) -> bool {
        if !self.targets.is_empty() {
            return true;
        }
        let mut stopped = false;
        match &self.domain {
            SpaceDomain::Whole => {
                for row in x {
                    for &x in &row[..lanes] {
                        stopped |= !x.is_finite();
                    }
                }
            }
            SpaceDomain::Box(sides) => {
                for (row, &[lower, upper]) in x.iter().zip(sides) {
                    for &x in &row[..lanes] {
                        // A NaN fails the test and so counts as stopped.
                        stopped |= !(x > lower && x < upper);
                    }
                }
            }
            SpaceDomain::Ball { centre, radius } => {
                let square = &mut square[..lanes];
                square.fill(0.0);
                for (row, centre) in x.iter().zip(centre) {
                    for (square, x) in square.iter_mut().zip(row) {
                        *square += (x - centre) * (x - centre);
                    }
                }
                for &square in square.iter() {
                    stopped |= square >= radius * radius || square.is_nan();
                }
            }
        }
        stopped
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stop(region: &SpaceRegion, x: [f64; 2]) -> Option<Stop> {
        region.stop_at(|k| x[k], 2)
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
        tall.targets.push((vec![5.0, 0.0], 0.5));
        assert_eq!(stop(&tall, [5.0, 0.5]), Some(Stop::Target(0)));
        assert_eq!(stop(&tall, [5.0, 0.6]), None);
    }
}
